"""Two ways to practise: the page waits for the right keys, or a beat that is seen goes on and the player goes with it.

`Waiting` takes note events and says what is to be shown. `Metronome` says where the beat is at any time. Neither knows
of a page or a clock: the same events and times always give the same answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pianolab.practice.checking import CERTAINTY, EVEN, GHOST, GHOSTS
from pianolab.practice.part import Part, PartError
from pianolab.tracking import NoteEvent

AGAIN_S = 0.05  # A key that is heard twice within this was struck once.
SLOWEST, FASTEST = 0.3, 2.0  # Share of the tempo that can be chosen.
FLASH_EVERY_S = 1 / 3  # Nothing flashes more often: faster flashes can cause seizures (WCAG 2.3.1).
FLASH_S = 0.1
_LONGEST_BPM, _FASTEST_BPM = 10.0, 400.0
_SAME = 1e-9
RIGHT, LEFT = 1, 2


def one_hand(part: Part, hand: Literal["right", "left"]) -> tuple[Part, Part | None]:
    """Take the hands of a part apart.

    Parameters
    ----------
    part : Part
    hand : {'right', 'left'}
        The one that is played.

    Returns
    -------
    Part
        Its notes. Beats and bars stay as they were; steps are numbered anew.
    Part or None
        The other notes, which are only shown; None if there are none.

    Raises
    ------
    PartError
        If the hand has nothing to play.

    Examples
    --------
    >>> right, left = one_hand(Part.of([0, 0, 1], [1, 2, 1], [60, 48, 62], [0, 0, 0], [1, 2, 1]), "right")
    >>> right.midi.tolist(), left.midi.tolist()
    ([60, 62], [48])
    """
    played = part.hand == (RIGHT if hand == "right" else LEFT)
    if not np.any(played):
        raise PartError(f"the {hand} hand has no notes here: practise both hands, or the other one")
    return _chosen(part, played), _chosen(part, ~played) if np.any(~played) else None


def _chosen(part: Part, chosen: np.ndarray) -> Part:
    return Part.of(part.beat[chosen], part.length[chosen], part.midi[chosen], part.bar[chosen], part.hand[chosen])


@dataclass(frozen=True)
class WrongKey:
    """A key that was not due: which it was, which due key lies nearest, and how far that is.

    Attributes
    ----------
    midi, asked : int
        MIDI numbers.
    semitones : int
        So many keys to go; above 0 to the right.
    """

    midi: int
    asked: int
    semitones: int


@dataclass(frozen=True)
class Shown:
    """What is to be shown while the page waits.

    Attributes
    ----------
    step, bar : int
        Where the player is in the part. At the end: the last step.
    beat : float
    due : tuple of int
        Keys that are still to be played, as MIDI numbers from low to high; none at the end.
    right : tuple of int
        Keys of this step that were heard.
    wrong : tuple of WrongKey
        Keys that were struck in place of a due one, since this step began; the newest last.
    unsure : tuple of int
        Keys that may have been heard falsely. They blame nobody.
    beside : tuple of int
        Keys of the other hand that begin with this step or before the next one.
    rounds : int
        How often the passage was played to its end.
    ended : bool
    """

    step: int
    bar: int
    beat: float
    due: tuple[int, ...]
    right: tuple[int, ...]
    wrong: tuple[WrongKey, ...]
    unsure: tuple[int, ...]
    beside: tuple[int, ...]
    rounds: int
    ended: bool


class Waiting:
    """Waits at each step until all of its keys were heard.

    A wrong key changes nothing but what is shown. Keys of a chord may come in any order. A key of the step before, or
    one that was heard already, may ring on or be struck again: that is no mistake.

    Parameters
    ----------
    part : Part
        Of both hands, or of one (`one_hand`).
    first_bar : int
        Where the passage begins, in the order of playing, from 0.
    last_bar : int, optional
        Its last bar; to the end if not given.
    loop : bool
        Whether it begins again at its end.
    certainty : float
        A key that is not due and less certain is shown as not sure, and not at all if it is less likely than not.
    other : Part, optional
        What the other hand would play.

    Raises
    ------
    PartError
        If the passage has no notes.

    Examples
    --------
    >>> waiting = Waiting(Part.of([0, 1], [1, 1], [60, 62], [0, 0]))
    >>> event = NoteEvent("on", 0, 0.0, 0.1, 61, 64.0, 0.9, -20.0)
    >>> waiting.process(event).wrong
    (WrongKey(midi=61, asked=60, semitones=-1),)
    """

    def __init__(
        self,
        part: Part,
        *,
        first_bar: int = 0,
        last_bar: int | None = None,
        loop: bool = False,
        certainty: float = CERTAINTY,
        other: Part | None = None,
    ):
        bars = part.bar[part.first_notes]
        inside = np.flatnonzero((bars >= first_bar) & (bars <= (bars[-1] if last_bar is None else last_bar)))
        if not len(inside):
            raise PartError("the passage has no notes: choose other bars")
        self.part, self.loop, self.certainty, self.other = part, loop, certainty, other
        self._first, self._last = int(inside[0]), int(inside[-1])
        self.reset()

    def reset(self) -> None:
        """Begin at the beginning of the passage."""
        self._rounds, self._ended = 0, False
        self._before: frozenset[int] = frozenset()
        self._struck_s: dict[int, float] = {}
        self._counted: set[int] = set()  # Numbers of the notes that were right in steps that are over.
        self._begin(self._first)

    def _begin(self, step: int) -> None:
        self._step = step
        self._keys = frozenset(self.part.keys_of(step))
        self._right: dict[int, int] = {}  # Number of the note by key.
        self._wrong: dict[int, WrongKey] = {}  # By number of the note; so they can be put right.
        self._unsure: dict[int, int] = {}

    @property
    def shown(self) -> Shown:
        """What is to be shown now."""
        note = int(self.part.first_notes[self._step])
        return Shown(
            step=self._step,
            bar=int(self.part.bar[note]),
            beat=float(self.part.beat[note]),
            due=() if self._ended else tuple(sorted(self._keys - self._right.keys())),
            right=tuple(sorted(self._right)),
            wrong=tuple(self._wrong.values()),
            unsure=tuple(self._unsure.values()),
            beside=self._beside(),
            rounds=self._rounds,
            ended=self._ended,
        )

    def process(self, event: NoteEvent) -> Shown:
        """Take a note event.

        Parameters
        ----------
        event : NoteEvent
            From a Session; only 'on' and 'revised' count.

        Returns
        -------
        Shown
        """
        if self._ended or event.kind not in ("on", "revised") or event.note in self._counted:
            return self.shown
        if event.kind == "revised":
            if self._right.get(event.midi) == event.note:
                return self.shown
            self._take_back(event.note)
        self._take(event)
        return self.shown

    def _take_back(self, note: int) -> None:
        self._wrong.pop(note, None)
        self._unsure.pop(note, None)
        self._right = {key: by for key, by in self._right.items() if by != note}

    def _take(self, event: NoteEvent) -> None:
        key = event.midi
        since_s = event.time_s - self._struck_s.get(key, -np.inf)
        self._struck_s[key] = event.time_s
        if key in self._keys and key not in self._right:
            if key not in self._before or since_s > AGAIN_S:
                self._right[key] = event.note
                self._go_on()
        elif key not in self._right and key not in self._before:
            self._amiss(event)

    def _go_on(self) -> None:
        if self._keys - self._right.keys():
            return
        self._counted |= set(self._right.values())
        if self._step == self._last:
            self._rounds += 1
            self._ended = not self.loop
            if self._ended:
                return
        self._before = self._keys
        self._begin(self._first if self._step == self._last else self._step + 1)

    def _amiss(self, event: NoteEvent) -> None:
        sounding = self._before | self._right.keys()
        sure = event.confidence * (GHOST if any(event.midi - key in GHOSTS for key in sounding) else 1.0)
        if sure < EVEN:
            return  # What is less likely than not is not even doubted, as a Checker has it.
        if sure < self.certainty:
            self._unsure[event.note] = event.midi
            return
        due = self._keys - self._right.keys()
        asked = min(due, key=lambda key: (abs(key - event.midi), key))
        self._wrong[event.note] = WrongKey(event.midi, asked, asked - event.midi)

    def _beside(self) -> tuple[int, ...]:
        if self.other is None:
            return ()
        first = self.part.first_notes
        begins = -np.inf if self._step == 0 else self.part.beat[first[self._step]]
        ends = self.part.beat[first[self._step + 1]] if self._step + 1 < len(first) else np.inf
        inside = (self.other.beat >= begins - _SAME) & (self.other.beat < ends - _SAME)
        return tuple(sorted({int(key) for key in self.other.midi[inside]}))


@dataclass(frozen=True)
class Beat:
    """Where the beat is.

    Attributes
    ----------
    beat : float
        In the part, in quarter notes; before its passage while it is counted in.
    bar : int
        The bar; the first one of the passage while it is counted in.
    count, share : int, float
        The beat in its bar, from 0, and how much of it has passed, in [0, 1).
    counting_in : bool
        Whether the bar before the passage is counted.
    flash : bool
        Whether light is on; never more often than three times a second.
    rounds : int
        How often the passage was over.
    ended : bool
    """

    beat: float
    bar: int
    count: int
    share: float
    counting_in: bool
    flash: bool
    rounds: int
    ended: bool


class Metronome:
    """A beat that is seen: one bar is counted in, then the passage, once or again and again.

    Parameters
    ----------
    bars : sequence of float
        Where each bar begins, in quarter notes, in the order of playing (``Score.bars``).
    end : float
        Where the last one ends.
    beats_a_minute : float
        Quarter notes a minute, as written.
    tempo : float
        Share of it, 0.3 to 2.
    beat : float
        What is counted, in quarter notes: 0.5 for eighths.
    first_bar : int
    last_bar : int, optional
        The last one if not given.
    loop : bool

    Raises
    ------
    PartError
        If the bars, the tempo or the passage make no sense.

    Examples
    --------
    >>> metronome = Metronome([0, 4], 8, beats_a_minute=60)
    >>> [metronome.at(time_s).beat for time_s in (0.0, 4.0, 5.5)]
    [-4.0, 0.0, 1.5]
    """

    def __init__(
        self,
        bars: Sequence[float],
        end: float,
        *,
        beats_a_minute: float,
        tempo: float = 1.0,
        beat: float = 1.0,
        first_bar: int = 0,
        last_bar: int | None = None,
        loop: bool = False,
    ):
        edges = np.array([*bars, end], float)
        last = len(bars) - 1 if last_bar is None else last_bar
        if not len(bars) or not np.all(np.isfinite(edges)) or np.any(np.diff(edges) <= 0):
            raise PartError("bars do not follow each other: give where each begins, and the end")
        if not 0 <= first_bar <= last < len(bars):
            raise PartError(f"there is no passage from bar {first_bar} to {last}: choose from 0 to {len(bars) - 1}")
        if not _LONGEST_BPM <= beats_a_minute <= _FASTEST_BPM:
            raise PartError(f"{beats_a_minute} beats a minute is no tempo: use {_LONGEST_BPM:g} to {_FASTEST_BPM:g}")
        if not SLOWEST <= tempo <= FASTEST:
            raise PartError(f"{tempo} is no share of the tempo: use {SLOWEST} to {FASTEST}")
        if not (np.isfinite(beat) and beat > 0):
            raise PartError(f"{beat} quarter notes cannot be counted: use a number above 0, such as 0.5 for eighths")
        self.loop, self._beat = loop, float(beat)
        self._quarter_s = 60.0 / (beats_a_minute * tempo)
        self._first_bar, self._edges = first_bar, edges[first_bar : last + 2]
        self._begin, self._end = float(self._edges[0]), float(self._edges[-1])
        lengths = np.diff(edges)
        first = int(first_bar == 0 and len(lengths) > 1 and lengths[0] < lengths[1])  # A pickup is no whole bar.
        self.count_in_s = float(lengths[first_bar + first]) * self._quarter_s
        self.round_s = (self._end - self._begin) * self._quarter_s
        self._flashes_in = self._flashes([0.0], self.count_in_s)
        begun = ((self._edges[:-1] - self._begin) * self._quarter_s).tolist()
        self._flashes_round = self._flashes(begun, self.round_s)

    def at(self, time_s: float) -> Beat:
        """Where the beat is.

        Parameters
        ----------
        time_s : float
            Seconds since the count-in began; what lies before is taken for 0.

        Returns
        -------
        Beat
        """
        since_s = max(0.0, float(time_s)) - self.count_in_s
        if since_s < 0:
            passed_s = since_s + self.count_in_s
            return self._told(self._begin + since_s / self._quarter_s, passed_s, self._flashes_in, counting_in=True)
        rounds = int(since_s / self.round_s + _SAME)
        if rounds and not self.loop:
            return Beat(self._end, self._first_bar + len(self._edges) - 2, 0, 0.0, False, False, 1, True)
        inside_s = max(0.0, since_s - rounds * self.round_s)
        beat = self._begin + inside_s / self._quarter_s
        return self._told(beat, inside_s, self._flashes_round, rounds=rounds)

    def time_of(self, beat: float) -> float:
        """When a place of the passage is reached first.

        Parameters
        ----------
        beat : float
            In quarter notes.

        Returns
        -------
        float
            Seconds since the count-in began.
        """
        return self.count_in_s + (beat - self._begin) * self._quarter_s

    def _told(
        self, beat: float, passed_s: float, flashes: list[float], *, counting_in: bool = False, rounds: int = 0
    ) -> Beat:
        bar = 0
        into_bar = passed_s / self._quarter_s
        if not counting_in:
            bar = int(np.searchsorted(self._edges[:-1], beat + _SAME, side="right")) - 1
            into_bar = max(0.0, beat - self._edges[bar])
        count, share = divmod(into_bar / self._beat + _SAME, 1.0)
        flash = any(on <= passed_s + _SAME < on + FLASH_S for on in flashes)
        return Beat(beat, self._first_bar + bar, int(count), max(0.0, share - _SAME), counting_in, flash, rounds, False)

    def _flashes(self, begun: list[float], length_s: float) -> list[float]:
        """When light goes on in a piece of time that may begin again: far enough apart, and from its end."""
        beat_s, flashes = self._beat * self._quarter_s, []
        for begin_s, end_s in zip(begun, [*begun[1:], length_s], strict=True):
            for on_s in np.arange(begin_s, end_s - _SAME, beat_s).tolist():
                far = not flashes or on_s - flashes[-1] >= FLASH_EVERY_S - _SAME
                if far and length_s - on_s >= FLASH_EVERY_S - _SAME:
                    flashes.append(on_s)
        return flashes
