"""Where in a part the player is: note events go in one by one, and the place comes out with how certain it is.

People do not play from the first bar to the last one. They stop, slow down, begin a bar again, and leave some out; and
detectors miss notes and hear some that nobody played. So each step of the part has a probability of being the one that
is played now. Every event moves it: to the next step, over a step whose notes were not heard, nowhere (a key of the
same chord, or a note that does not belong), or, seldom, anywhere else: mostly to the beginning of a bar nearby.

This is the forward algorithm of a hidden Markov model, as in Nakamura, Nakamura & Sagayama (J. New Music Research 45,
2016), who also jump to any place at a cost that does not grow with the length of the part. Times count as well: after a
step of two beats the next one is due two beats later at the tempo that is played. What a step cannot know (which of its
keys were heard, when it began, at which tempo) is taken from the most probable way into it, so that the way itself can
be asked for: `Follower.steps`. Probabilities are chosen by hand, and the tests say what they bring.
"""

from collections import deque
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pianolab.practice.part import Part
from pianolab.tracking import NoteEvent
from pianolab.units import MIDI_HIGH, MIDI_LOW

EXTRA = 0.06  # So many events belong to no step: heard falsely, or struck besides.
LATE_KEY = 0.02  # A key of the step before comes after the next step began.
JUMP = 0.008  # The player goes to another place.
INCOMPLETE = 0.12  # The player, or the detector, goes on before all keys of a step were heard.
MISSED = 0.07  # Each note of a step that is passed over unheard,
FARTHEST = 4  # up to so many steps on.
IN_KEY, OCTAVE, NEAR = 0.93, 0.02, 0.03  # A step is played with its key, an octave off, or up to two semitones off.
_ANY = 1.0 - IN_KEY - OCTAVE - NEAR
GHOSTS = (12, 19, 24, -12)  # Semitones from a key of the step at which detectors hear it falsely,
GHOST = 0.5  # in so many of the events that belong nowhere.
SPREAD, SPREAD_S = (
    0.2,
    0.035,
)  # A step is off its time by this share of the time since the last, and by so many seconds.
STOPPED, STOPPED_S = 0.05, 2.0  # Or it comes any time later: after a stop;
HURRIED = 0.001  # and seldom much too early.
CHORD_S = 0.035  # Keys of a chord come within some of this of each other.
FOLLOW = 0.3  # The tempo follows a step by this share.
STEADY = 0.7  # What is longer or shorter by more (in powers of e) is a stop, and no tempo.
PACES_S = (0.1, 4.0)  # Seconds a beat that anybody plays.
# Where a jump goes: bars from the one that is played, to the beginning of that bar; then any bar, then any step.
JUMPS = {0: 0.33, -1: 0.13, -2: 0.06, -3: 0.02, 1: 0.08, 2: 0.12, 3: 0.06, 4: 0.03}
ANY_BAR, ANY_STEP = 0.1, 0.07
BEGINS = (0.8, 0.15, 0.05)  # A player begins at the beginning, at any bar, or anywhere.
HEARD, LOST = 0.8, 0.4  # Of the newest events so few belong to the part: lost. Each counts by this less than the next.
SURE = 0.35  # Nor is the place known if nothing near it is as probable as this: passages may come twice.
KEPT = 32  # So many events can be asked for, and put right.
_ROLLED = float(np.log(0.02))  # The logarithm of the density of keys that come later than a chord's.
_MOST_KEYS = 63  # Nobody strikes more at once; a bit of a 64-bit number for each.
_ALL = np.uint64(2**64 - 1)

MEMBER, OF_THE_STEP_BEFORE, BESIDE, ONWARDS, JUMPED = range(5)
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Position:
    """Where the player is.

    Attributes
    ----------
    step, bar : int
        The step of the part that began last, and its bar.
    beat : float
        Its beat.
    time_s : float
        When it began, seconds.
    beat_s : float
        Seconds a beat, as played.
    certainty : float
        Probability that it is this step or one beside it.
    lost : bool
        Whether what is played fits nowhere, or in too many places.
    """

    step: int
    bar: int
    beat: float
    time_s: float
    beat_s: float
    certainty: float
    lost: bool

    def beat_at(self, time_s: float) -> float:
        """Where the player would be now, if he went on in his tempo.

        Parameters
        ----------
        time_s : float

        Returns
        -------
        float
            Beats.
        """
        return self.beat + max(0.0, time_s - self.time_s) / self.beat_s


class Played(NamedTuple):
    """What one event was, by the most probable way.

    Attributes
    ----------
    note : int
        Number of the event's note.
    midi : int
    time_s : float
    step : int
        The step at which it came; of a late key, the step that it belongs to.
    move : int
        MEMBER, OF_THE_STEP_BEFORE, BESIDE, ONWARDS or JUMPED.
    former : int
        The step before it; -1 at the beginning.
    """

    note: int
    midi: int
    time_s: float
    step: int
    move: int
    former: int


class _State(NamedTuple):
    """What is known after an event: for each step."""

    log_p: Array
    began_s: Array
    beat_s: Array
    heard: NDArray[Any]  # A bit for each key of the step that was heard,
    heard_before: NDArray[Any]  # and of the step before it.
    fits: float


class _Event(NamedTuple):
    note: int
    midi: int
    time_s: float
    before: _State
    source: NDArray[np.int64]
    move: NDArray[np.int64]


class Follower:
    """Follows one player through one part.

    Parameters
    ----------
    part : Part
    beats_a_minute : float
        The tempo at which he is expected to begin; what is played soon replaces it.

    Examples
    --------
    >>> part = Part.of([0, 1, 2, 3], [1] * 4, [60, 62, 64, 65], [0] * 4)
    >>> follower = Follower(part, beats_a_minute=60)
    >>> [follower.hear(midi, time_s).beat for midi, time_s in ((60, 0.0), (62, 1.1), (64, 2.0))]
    [0.0, 1.0, 2.0]
    """

    def __init__(self, part: Part, *, beats_a_minute: float = 80.0):
        self.part = part
        self._beat_s = 60.0 / beats_a_minute
        first = part.first_notes
        self._beat, bar = part.beat[first], part.bar[first]
        n = part.n_steps
        self._keys = np.zeros((n, 128), bool)
        self._keys[part.step, part.midi] = True
        self._size = self._keys.sum(axis=1)
        numbered = np.minimum(np.cumsum(self._keys, axis=1) - 1, _MOST_KEYS).astype(np.uint64)
        self._bit = np.where(self._keys, np.uint64(1) << numbered, np.uint64(0))
        self._log_played, self._log_beside = _emissions(self._keys)
        self._bars, self._bar_of = np.unique(bar, return_inverse=True)
        self._first_step = np.searchsorted(self._bar_of, np.arange(len(self._bars)))
        self._skipped = np.log(MISSED) * np.concatenate([[0], np.cumsum(self._size)])
        self.reset()

    def reset(self) -> None:
        """Forget what was played."""
        self._state: _State | None = None
        self._events: deque[_Event] = deque(maxlen=KEPT)
        self._n_events = 0

    def process(self, event: NoteEvent) -> Position | None:
        """Take a note event.

        Parameters
        ----------
        event : NoteEvent
            From a Session; only 'on' and 'revised' count.

        Returns
        -------
        Position or None
            None before the first note.
        """
        if event.kind == "on":
            return self.hear(event.midi, event.time_s, note=event.note)
        if event.kind == "revised":
            self._put_right(event)
        return self.position

    def hear(self, midi: int, time_s: float, *, note: int = -1) -> Position:
        """Take a note that begins.

        Parameters
        ----------
        midi : int
            MIDI number.
        time_s : float
            Seconds.
        note : int
            Its number, by which it can be put right.

        Returns
        -------
        Position
        """
        before = self._state
        if before is None:
            self._state, source, move = self._begin(midi, time_s)
            before = self._state
        else:
            self._state, source, move = self._go_on(before, midi, time_s)
        self._events.append(_Event(note, midi, time_s, before, source, move))
        self._n_events += 1
        return self._position(self._state)

    @property
    def position(self) -> Position | None:
        """Where the player is; None before the first note."""
        return None if self._state is None else self._position(self._state)

    def steps(self) -> list[Played]:
        """What the newest events were, by the way that is the most probable one now: at most KEPT, in order."""
        if self._state is None:
            return []
        at, found = int(np.argmax(self._state.log_p)), []
        for event in reversed(self._events):
            move, former = int(event.move[at]), int(event.source[at])
            step = at - 1 if move == OF_THE_STEP_BEFORE else at
            found.append(Played(event.note, event.midi, event.time_s, step, move, former))
            at = former
            if at < 0:
                break
        return found[::-1]

    def _put_right(self, event: NoteEvent) -> None:
        """Hear anew from a note on that turned out to be another key."""
        events = list(self._events)
        known = [i for i, one in enumerate(events) if one.note == event.note]
        if not known or events[known[-1]].midi == event.midi:
            return
        first = known[-1]
        at_the_beginning = self._n_events - (len(events) - first) == 0
        self._state = None if at_the_beginning else events[first].before
        for _ in events[first:]:
            self._events.pop()
        self._n_events -= len(events) - first
        for one in events[first:]:
            self.hear(event.midi if one.note == event.note else one.midi, one.time_s, note=one.note)

    def _begin(self, midi: int, time_s: float):
        n = len(self._beat)
        weight = np.full(n, BEGINS[2] / n)
        weight[self._first_step] += BEGINS[1] / len(self._first_step)
        weight[0] += BEGINS[0]
        played = self._log_played[:, midi]
        log_p = np.log(weight) + np.logaddexp(played, np.log(EXTRA) + self._log_beside[:, midi])
        heard = self._bit[:, midi].copy()
        fits = _share(log_p, self._keys[:, midi])
        state = _State(
            log_p - _log_sum(log_p), np.full(n, time_s), np.full(n, self._beat_s), heard, np.full(n, _ALL), fits
        )
        return state, np.full(n, -1), np.full(n, JUMPED)

    def _go_on(self, old: _State, midi: int, time_s: float):
        """One step of the forward algorithm; of each step, also from where it was most probably come to, and how."""
        n = len(self._beat)
        passed_s = np.maximum(time_s - old.began_s, 1e-3)
        left = self._size - np.bitwise_count(old.heard)
        complete = left <= 0
        onwards = np.where(complete, 1.0 - EXTRA - LATE_KEY - JUMP, INCOMPLETE)
        wanted = self._keys[:, midi] & (old.heard & self._bit[:, midi] == 0)
        ways = [self._stay(old, midi, passed_s, left, wanted), self._late_key(old, midi, passed_s)]
        ways.append(old.log_p + np.log(EXTRA) + self._log_beside[:, midi] + _log_any_time(passed_s, old.beat_s))
        sources, moves = [np.arange(n)] * 3, [MEMBER, OF_THE_STEP_BEFORE, BESIDE]
        for far in range(1, min(FARTHEST, n - 1) + 1):
            way = np.full(n, -np.inf)
            due_s = old.beat_s[:-far] * (self._beat[far:] - self._beat[:-far])
            skipped = self._skipped[far:n] - self._skipped[1 : n - far + 1]
            way[far:] = old.log_p[:-far] + np.log(onwards[:-far]) + skipped + _log_in_time(passed_s[:-far], due_s)
            ways.append(way + self._log_played[:, midi])
            sources.append(np.maximum(np.arange(n) - far, 0))
            moves.append(ONWARDS)
        jump, source = self._jump(old)
        ways.append(jump + self._log_played[:, midi] + _log_any_time(passed_s[source], old.beat_s[source]))
        sources.append(source)
        moves.append(JUMPED)
        return self._arrive(old, midi, time_s, np.array(ways), np.array(sources), np.array(moves))

    def _stay(self, old, midi, passed_s, left, wanted):
        stays = np.log(1.0 - INCOMPLETE - EXTRA - LATE_KEY - JUMP) - np.log(np.maximum(left, 1))
        together = -passed_s / CHORD_S - np.log(CHORD_S)
        return np.where(wanted, old.log_p + stays + np.maximum(together, _ROLLED), -np.inf)

    def _late_key(self, old, midi, passed_s):
        bit = self._bit_before(midi)
        of_before = (bit != 0) & (old.heard_before & bit == 0)
        together = -passed_s / CHORD_S - np.log(CHORD_S)
        return np.where(of_before, old.log_p + np.log(LATE_KEY) + np.maximum(together, _ROLLED), -np.inf)

    def _bit_before(self, midi: int) -> NDArray[Any]:
        """The bit of a key in the step before each step; 0 where it is not in it."""
        return np.append(np.uint64(0), self._bit[:-1, midi])

    def _jump(self, old: _State) -> tuple[Array, NDArray[np.int64]]:
        """How probable each step is as the aim of a jump, and from where one would most probably come."""
        p = np.exp(old.log_p)
        by_bar = np.bincount(self._bar_of, weights=p, minlength=len(self._bars))
        aims = np.full(len(self._bars), ANY_BAR / len(self._bars))
        for far, weight in JUMPS.items():
            start, stop = max(0, -far), len(by_bar) - max(0, far)
            if start < stop:
                aims[start + far : stop + far] += weight * by_bar[start:stop]
        weight = np.full(len(p), ANY_STEP / len(p))
        weight[self._first_step] += aims
        return np.log(JUMP) + np.log(weight), np.full(len(p), int(np.argmax(old.log_p)))

    def _arrive(self, old: _State, midi: int, time_s: float, ways: Array, sources, moves):
        best = np.argmax(ways, axis=0)
        n = len(self._beat)
        every = np.arange(n)
        log_p = np.logaddexp.reduce(ways, axis=0)
        source, move = sources[best, every], moves[best]
        goes = (move == ONWARDS) | (move == JUMPED)
        # A step that was begun with a false key begins with its first right one.
        first = (move == MEMBER) & (old.heard == 0)
        began_s = np.where(goes | first, time_s, old.began_s)
        late = move == OF_THE_STEP_BEFORE
        heard = np.where(goes, np.uint64(0), old.heard) | np.where(late, np.uint64(0), self._bit[:, midi])
        # After a jump, or a step that was passed over, nothing of the step before is still to come.
        before = np.where(
            goes, np.where((move == ONWARDS) & (source == every - 1), old.heard[source], _ALL), old.heard_before
        )
        before |= np.where(late, self._bit_before(midi), np.uint64(0))
        beat_s = self._paced(old, time_s, source, move, self._keys[:, midi])
        of_part = np.logaddexp.reduce(np.where(self._keys[:, midi] & (moves != BESIDE)[:, None], ways, -np.inf), axis=0)
        of_part = np.logaddexp(of_part, ways[OF_THE_STEP_BEFORE])
        fits = HEARD * old.fits + (1 - HEARD) * float(np.exp(_log_sum(of_part) - _log_sum(log_p)))
        return _State(log_p - _log_sum(log_p), began_s, beat_s, heard, before, fits), source, move

    def _paced(self, old: _State, time_s: float, source, move, in_key):
        """Seconds a beat after the event: the tempo follows the steps that are played in it."""
        beat_s = old.beat_s[source]
        due_s = beat_s * (self._beat - self._beat[source])
        steady = (move == ONWARDS) & in_key & (due_s > 0)
        ratio = np.log(np.maximum(time_s - old.began_s[source], 1e-3) / np.where(steady, due_s, 1.0))
        steady &= np.abs(ratio) < STEADY
        return np.clip(np.where(steady, beat_s * np.exp(FOLLOW * ratio), beat_s), *PACES_S)

    def _position(self, state: _State) -> Position:
        step = int(np.argmax(state.log_p))
        certainty = float(np.exp(state.log_p[max(step - 1, 0) : step + 2]).sum())
        return Position(
            step,
            int(self._bars[self._bar_of[step]]),
            float(self._beat[step]),
            float(state.began_s[step]),
            float(state.beat_s[step]),
            min(certainty, 1.0),
            bool(state.fits < LOST or certainty < SURE),
        )


def _emissions(keys: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Logarithms of how probable each key is: where a step is played, and where an event belongs to no step."""
    n = len(keys)
    share = keys / keys.sum(axis=1, keepdims=True)
    octaves, near, around, ghosts = (np.zeros((n, 128)) for _ in range(4))
    aside = (-4, -3, -2, -1, 1, 2, 3, 4)
    for table, steps in ((octaves, (-24, -12, 12, 24)), (near, aside[2:6]), (around, aside), (ghosts, GHOSTS)):
        for by in steps:
            table += _moved(share, by) / len(steps)
    n_keys = MIDI_HIGH - MIDI_LOW + 1
    played = IN_KEY * share + OCTAVE * octaves + NEAR * near + _ANY / n_keys
    beside = GHOST * ghosts + (1 - GHOST) * (0.4 * around + 0.2 * share + 0.4 / n_keys)
    return np.log(played), np.log(beside)


def _moved(share: Array, by: int) -> Array:
    """Each row so many keys higher."""
    moved = np.zeros_like(share)
    if by > 0:
        moved[:, by:] = share[:, :-by]
    else:
        moved[:, :by] = share[:, -by:]
    return moved


def _log_in_time(passed_s: Array, due_s: Array) -> Array:
    """Density of the time that passed, where a step was due after ``due_s``; or any time, after a stop."""
    spread = SPREAD * due_s + SPREAD_S
    near = np.exp(-0.5 * ((passed_s - due_s) / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
    scale = due_s + STOPPED_S
    after = np.exp(-np.maximum(passed_s - due_s, 0.0) / scale) / scale
    far = np.where(passed_s >= due_s, STOPPED * after, HURRIED / due_s)
    return np.log((1 - STOPPED - HURRIED) * near + far)


def _log_any_time(passed_s: Array, beat_s: Array) -> Array:
    """Density of the time that passed before something that is due at no time."""
    scale = beat_s + STOPPED_S / 2
    return -passed_s / scale - np.log(scale)


def _log_sum(values: Array) -> float:
    return float(np.logaddexp.reduce(values))


def _share(log_p: Array, chosen: NDArray[np.bool_]) -> float:
    """How much of the probability lies at some of the steps."""
    return float(np.exp(_log_sum(np.where(chosen, log_p, -np.inf)) - _log_sum(log_p)))
