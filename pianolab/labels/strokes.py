"""From the note-ons and note-offs of one MIDI channel to strokes of its keys: which release belongs to which start.

MIDI does not say it. A key of one channel is taken as one key, whichever tracks its events stand on, by these rules:

1. Starts and releases of a key are counted like brackets, first within each track, then, for what is left, over the
   tracks together. A start to which no release belongs has lost it.
2. Of those that have theirs, the first release ends the first start. So notes that really overlap (on, on, off, off)
   keep their ends.
3. A start that lost its release ends at the next event of its key: a key that is struck again was let go before.
4. All-notes-off and all-sound-off end what sounds then. What still sounds at the end of the file never ends.

At one tick, releases of what sounds come before new starts, in whichever order the file has them; a start and a release
at one tick of a key that was still are a note without length.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
import numpy.typing as npt


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
    pairs: list[tuple[int, float, bool]] = []
    order = np.argsort(key, kind="stable")
    for events in _runs(order, key[order]):
        silences = np.array(silences_s.get(int(key[events[0]]) // 128, []))
        # An event at the moment of a silence comes behind it.
        n_before = np.searchsorted(silences, seconds[events], side="right")
        for part in _runs(events, n_before):
            n = np.searchsorted(silences, seconds[part[0]], side="right")
            at_s, on = seconds[part].tolist(), starts[part].tolist()
            silence_s = float(silences[n]) if n < len(silences) else np.inf
            ended, left = _over_tracks(at_s, on, track[part].tolist())
            pairs += [(int(part[first]), at_s[last], False) for first, last in ended]
            for first in left:
                later = bisect_right(at_s, at_s[first])
                is_lost = later < len(at_s)
                pairs.append((int(part[first]), at_s[later] if is_lost else silence_s, is_lost))
    start, end_s, lost = zip(*pairs, strict=True) if pairs else ((), (), ())
    return Strokes(np.array(start, np.int64), np.array(end_s, np.float64), np.array(lost, bool))


def _runs(values: npt.NDArray[np.int64], label: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """The values cut where the label changes."""
    return np.split(values, np.flatnonzero(np.diff(label)) + 1) if len(values) else []


def _over_tracks(at_s: list[float], on: list[bool], track: list[int]) -> tuple[list[tuple[int, int]], list[int]]:
    """Pairs of start and release of one key, and starts that have no release."""
    by_track: dict[int, list[int]] = {}
    for event, number in enumerate(track):
        by_track.setdefault(number, []).append(event)
    pairs, left, rest = [], [], []
    for events in by_track.values():
        matched, starts, releases = _count_brackets(events, at_s, on)
        pairs += matched
        # A start before one that has its release on this track was struck again. Others may end on another track.
        paired = {start for start, _ in matched}
        order = [event for event in events if on[event]]
        followed = {event for event, after in pairwise(order) if after in paired}
        left += [start for start in starts if start in followed]
        rest += [start for start in starts if start not in followed] + releases
    if len(by_track) > 1:
        matched, rest, _ = _count_brackets(sorted(rest), at_s, on)
        pairs += matched
    return pairs, left + [event for event in rest if on[event]]


def _count_brackets(
    events: Sequence[int], at_s: list[float], on: list[bool]
) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """Pairs of start and release, starts without a release, and releases without a start."""
    sounding, starts, ends, releases = [], [], [], []
    for _, moment in groupby(events, key=at_s.__getitem__):
        together = list(moment)
        if len(together) > 1:  # Releases of what sounded before come first.
            ahead = [event for event in together if not on[event]][: len(sounding)]
            together = ahead + [event for event in together if event not in ahead]
        for event in together:
            if on[event]:
                sounding.append(event)
                starts.append(event)
            elif sounding:
                sounding.pop()
                ends.append(event)
            else:
                releases.append(event)
    lost = set(sounding)
    return list(zip((event for event in starts if event not in lost), ends, strict=True)), sounding, releases
