"""From the note-ons and note-offs of one MIDI channel to strokes of its keys: which release belongs to which start.

MIDI does not say it. A key of one channel is taken as one key, whichever tracks its events stand on, by these rules:

1. Starts and releases of a key are counted like brackets, first within each track, then, for what is left, over the
   tracks together. A start to which no release belongs has lost it.
2. Of those that have theirs, the first release ends the first start. So notes that really overlap (on, on, off, off)
   keep their ends.
3. A start that lost its release ends at the next event of its key: a key that is struck again was let go before.
4. A release that comes after its key was struck and let go again is stray, unless those strokes overlap by hand-over:
   they overlap briefly each, or are of about one length. The start that it would have ended has lost its own.
5. All-notes-off and all-sound-off end what sounds then. What still sounds at the end of the file never ends.

At one tick, releases of what sounds come before new starts, in whichever order the file has them; a start and a release
at one tick of a key that was still are a note without length.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

import numpy as np
import numpy.typing as npt

_OVERLAP_S = 0.2  # Strokes that hand over on one key overlap no longer; one that is longer is a stroke of its own.
_ALIKE = 1.5  # Strokes whose lengths differ by no more than this factor are of about one length.
_HELD_S = 20.0  # No stroke is held longer, where one within it takes less than a quarter of that.


@dataclass(frozen=True)
class Strokes:
    """Pairs of starts and ends.

    Attributes
    ----------
    start : (n,) int64
        Which event starts each stroke.
    end_s : (n,) float64
        When it ends, seconds; infinite where it never does.
    lost : (n,) bool
        Whether it lost its release and ends because of what its key does next.
    """

    start: npt.NDArray[np.int64]
    end_s: npt.NDArray[np.float64]
    lost: npt.NDArray[np.bool_]


def pair_strokes(
    seconds: npt.NDArray[np.float64],
    key: npt.NDArray[np.int64],
    track: npt.NDArray[np.int64],
    starts: npt.NDArray[np.bool_],
    silences_s: dict[int, list[float]],
) -> Strokes:
    """Which release belongs to which start.

    Parameters
    ----------
    seconds : (n,) float64
        When each note-on or note-off happens, in order.
    key : (n,) int64
        128 times the channel plus the MIDI number.
    track : (n,) int64
    starts : (n,) bool
        Whether the event starts a note (a note-on of velocity 0 does not).
    silences_s : dict of int to list of float
        When all notes of a channel end, in order, by channel.

    Returns
    -------
    Strokes
        In no particular order.

    Examples
    --------
    Middle C is struck at 0, 1 and 5 s, and the first release is lost:

    >>> at_s, on = np.array([0, 1, 1.5, 5, 5.5]), np.array([True, True, False, True, False])
    >>> strokes = pair_strokes(at_s, np.full(5, 60), np.ones(5, int), on, {})
    >>> sorted(zip(at_s[strokes.start].tolist(), strokes.end_s.tolist()))
    [(0.0, 1.0), (1.0, 1.5), (5.0, 5.5)]
    """
    n_silences, silent_s = np.zeros(len(key), np.int64), np.full(len(key), np.inf)
    for channel, at_s in silences_s.items():
        of_channel = key // 128 == channel
        n_silences[of_channel] = np.searchsorted(at_s, seconds[of_channel], side="right")
        silent_s[of_channel] = np.array([*at_s, np.inf])[n_silences[of_channel]]
    order = np.argsort(key, kind="stable")
    borders = np.flatnonzero(np.diff(key[order]) | np.diff(n_silences[order])) + 1
    events, at_s, on, tracks = (column.tolist() for column in (order, seconds[order], starts[order], track[order]))
    start, end_s, lost = [], [], []
    for begin, stop in pairwise([0, *borders.tolist(), len(events)]):
        pairs, left = _over_tracks(range(begin, stop), at_s, on, tracks)
        start += [events[first] for first, _ in pairs] + [events[first] for first in left]
        later = [bisect_right(at_s, at_s[first], first, stop) for first in left]
        end_s += [at_s[last] for _, last in pairs]
        end_s += [at_s[event] if event < stop else float(silent_s[order[begin]]) for event in later]
        lost += [False] * len(pairs) + [event < stop for event in later]
    return Strokes(np.array(start, np.int64), np.array(end_s, np.float64), np.array(lost, bool))


def _over_tracks(
    events: range, at_s: list[float], on: list[bool], track: list[int]
) -> tuple[list[tuple[int, int]], list[int]]:
    """Pairs of start and release among these events of one key, and starts that have no release."""
    by_track: dict[int, list[int]] = {}
    for event in events:
        by_track.setdefault(track[event], []).append(event)
    pairs, left, rest = [], [], []
    for of_track in by_track.values():
        matched, starts, releases = _count_brackets(of_track, at_s, on)
        pairs += matched
        # A start before one that has its release on this track was struck again. Others may end on another track.
        paired = {start for start, _ in matched}
        order = [event for event in of_track if on[event]]
        followed = {event for event, after in pairwise(order) if after in paired}
        left += [start for start in starts if start in followed]
        rest += [start for start in starts if start not in followed] + releases
    if len(by_track) > 1:
        matched, rest, _ = _count_brackets(sorted(rest), at_s, on)
        pairs += matched
    return pairs, left + [event for event in rest if on[event]]


@dataclass
class _Open:
    """A start that still waits for its release, and the strokes since then.

    Attributes
    ----------
    event : int
    latest_s : float
        When the key was struck last.
    n_inside : int
        How many strokes began and ended since then.
    inside_s : float
        The longest of them.
    lengths_s : list of float
        The shortest and the longest stroke if the first release ends the first start.
    """

    event: int
    latest_s: float
    n_inside: int = 0
    inside_s: float = 0.0
    lengths_s: list[float] = field(default_factory=list)

    def take_in(self, inner: "_Open", end_s: float, start_s: float) -> None:
        """Count a stroke that began and ended since this start."""
        self.n_inside += 1
        self.inside_s = max(self.inside_s, inner.inside_s, end_s - start_s)
        lengths_s = [*self.lengths_s, end_s - self.latest_s]
        self.lengths_s, self.latest_s = [min(lengths_s), max(lengths_s)], start_s

    def take_over(self, lost: "_Open") -> None:
        """Count what a start that lost its release has counted."""
        self.n_inside += lost.n_inside
        self.inside_s = max(self.inside_s, lost.inside_s)
        self.lengths_s, self.latest_s = self.lengths_s + lost.lengths_s, lost.latest_s

    def is_lost(self, end_s: float) -> bool:
        """Whether a release at this time is stray, so that the start has lost its own."""
        if not self.n_inside:
            return False
        lengths_s = [*self.lengths_s, end_s - self.latest_s]
        longest_s = max(lengths_s)
        if longest_s <= _ALIKE * min(lengths_s):
            return False
        if longest_s > _HELD_S and self.inside_s < longest_s / 4:
            return True
        return self.n_inside > 1 and self.inside_s > _OVERLAP_S


def _count_brackets(
    events: Sequence[int], at_s: list[float], on: list[bool]
) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """Pairs of start and release, starts without a release, and releases without a start."""
    sounding: list[_Open] = []
    lost, starts, ends, releases = [], [], [], []
    for _, moment in groupby(events, key=at_s.__getitem__):
        together = list(moment)
        if len(together) > 1:  # Releases of what sounded before come first.
            ahead = [event for event in together if not on[event]][: len(sounding)]
            together = ahead + sorted(set(together).difference(ahead))
        for event in together:
            if on[event]:
                sounding.append(_Open(event, at_s[event]))
                starts.append(event)
            elif not sounding:
                releases.append(event)
            elif (ended := sounding.pop()).is_lost(at_s[event]):
                lost.append(ended.event)
                releases.append(event)
                if sounding:
                    sounding[-1].take_over(ended)
            else:
                ends.append(event)
                if sounding:
                    sounding[-1].take_in(ended, at_s[event], at_s[ended.event])
    lost = sorted([*lost, *(start.event for start in sounding)])
    without = set(lost)
    return list(zip((event for event in starts if event not in without), ends, strict=True)), lost, releases
