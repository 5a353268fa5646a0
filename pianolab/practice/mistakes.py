"""Takes with mistakes whose place and kind are known exactly: a part goes in, notes with their labels come out.

A take is played as people play: the tempo breathes, hands and the keys of a chord are some milliseconds apart, and
loudness rises and falls. Such a take has no mistake. Then mistakes are put into bars of their own, and each is labelled
with what was asked, what was played, and when. Everything is drawn from a seed, so that others can make the same takes.

How far apart hands are is from Goebl (JASA 110, 2001); how tempo breathes is a first-order process, whose spread is
that of the steady bars of Repp (JASA 92, 1992). Both are rounded.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pianolab.errors import nearest
from pianolab.practice.part import Part, PartError
from pianolab.roll import Notes
from pianolab.units import MIDI_HIGH, MIDI_LOW

KINDS = (
    "wrong",
    "octave",
    "extra",
    "doubled",
    "missing",
    "restart",
    "skip",
    "slow-down",
    "pause",
    "uneven",
)

BEGIN_S = 0.5  # Before the first note it is quiet for so long.
RUBATO, RUBATO_KEPT = 0.04, 0.8  # Spread of the logarithm of the tempo, and how much of it the next step keeps.
JITTER_S, FARTHEST_S = 0.012, 0.03  # Spread of one onset, and the most that it is off.
LEAD_S = 0.015  # The right hand comes so much before the left one.
LOUDNESS, SWELL, BY_NOTE = 66.0, 9.0, 4.0  # Velocity: its middle, how far a phrase swells, and what each note adds.
HELD = (0.8, 1.0)  # A key is held for a share of what is written.
FASTEST_AGAIN_S, SLOWEST_AGAIN_S = 0.1, 0.3  # A doubled key is struck again after so long.
PAUSE_S = (1.5, 3.0)
SLOWER = (1.6, 2.2)  # A slow-down makes beats longer by this.
UNEVEN = (0.35, 0.5)  # Every other step of an uneven bar is longer by this share, the others shorter.
GATHERED_BEATS = (0.5, 1.5)  # Whoever starts again or jumps needs so many beats more.
FARTHER_BACK = 0.3  # So many restarts begin a bar earlier,
LONGEST_SKIP = 3  # and so many whole bars are left out at most.
_PHRASE_BARS = 4
_SHORTEST_HELD_S = 0.06
_BETWEEN = 0.5  # An extra key is struck so far between two steps, if not with the first.


@dataclass(frozen=True)
class Mistake:
    """One mistake of a take.

    Attributes
    ----------
    kind : str
        One of KINDS.
    bar : int
        Bar of the part, from 0.
    beat : float
        Beat of the part at which it happens.
    time_s, end_s : float
        Seconds in the take. Of a missing note: when it was due. Of what lasts: from where to where.
    asked : int or None
        Number of the note of the part, where one is concerned.
    played : int or None
        MIDI number of what was played instead or besides.
    to_bar : int or None
        In which bar the player goes on after a restart or a skip.
    """

    kind: str
    bar: int
    beat: float
    time_s: float
    end_s: float
    asked: int | None = None
    played: int | None = None
    to_bar: int | None = None


@dataclass(frozen=True, eq=False)
class Take:
    """What was played, with the truth about it.

    Attributes
    ----------
    part : Part
        What was to be played.
    notes : Notes
        What was played, seconds.
    of : (n,) int64
        Which note of the part each one plays, also if the key is wrong; -1 where none.
    mistakes : tuple of Mistake
        In time.
    """

    part: Part
    notes: Notes
    of: NDArray[np.int64]
    mistakes: tuple[Mistake, ...]


class _Plan(NamedTuple):
    """A mistake before it is played: its kind, and the step at which it happens.

    ``last`` is where a jump goes on, or the first step that is right again.
    """

    kind: str
    step: int
    last: int


def play(part: Part, *, beats_a_minute: float, seed: int | Sequence[int], mistakes: Iterable[str] = ()) -> Take:
    """Play a part as people do, rightly or with mistakes.

    Parameters
    ----------
    part : Part
    beats_a_minute : float
        The tempo about which it breathes.
    seed : int or sequence of int
        Draws all that is free.
    mistakes : iterable of str
        Kinds of mistakes, one each; they come in any order, each in bars of its own.

    Returns
    -------
    Take
        With fewer mistakes than were asked for, where the part has no more bars that can bear them.

    Raises
    ------
    PartError
        If there is no such kind of mistake, or the tempo is none.

    Examples
    --------
    >>> part = Part.of(range(16), [1.0] * 16, [60, 62, 64, 65] * 4, np.arange(16) // 4)
    >>> take = play(part, beats_a_minute=90, seed=1, mistakes=["missing"])
    >>> len(take.notes), [one.kind for one in take.mistakes]
    (15, ['missing'])
    """
    if not 5 <= beats_a_minute <= 600:
        raise PartError(f"{beats_a_minute:g} beats a minute cannot be played: use 5 to 600")
    rng = np.random.default_rng(seed)
    kinds = list(mistakes)
    for kind in kinds:
        if kind not in KINDS:
            raise PartError(f"mistake {kind!r} is unknown{nearest(kind, KINDS)} (all: {', '.join(KINDS)})")
    rng.shuffle(kinds)
    plans = _places(part, kinds, rng)
    route = _route(part, plans, rng)
    times, told = _times(part, route, plans, 60.0 / beats_a_minute, rng)
    return _struck(part, route.step, times, plans, told, rng)


def _places(part: Part, kinds: list[str], rng: np.random.Generator) -> list[_Plan]:
    """Where each mistake goes: in bars of its own with one between, none in the first bar or the last one."""
    bars = np.unique(part.bar)
    begins = part.step[np.searchsorted(part.bar, bars)]  # The first step of each bar.
    free, plans = set(range(1, len(bars) - 1)), []
    for kind in kinds:
        for place in rng.permutation(sorted(free)).tolist():
            plan, touched = _planned(kind, place, begins, rng)
            if plan is not None and touched <= free:
                plans.append(plan)
                free -= {one + by for one in touched for by in (-1, 0, 1)}
                break
    return sorted(plans, key=lambda plan: plan.step)


def _planned(
    kind: str, place: int, begins: NDArray[np.int64], rng: np.random.Generator
) -> tuple[_Plan | None, set[int]]:
    """A mistake in a bar, and the bars that it touches; None where the bar has too few steps."""
    begin, end = int(begins[place]), int(begins[place + 1])
    if kind == "restart":  # A step at least is played before the player starts again.
        back = int(rng.random() < FARTHER_BACK and place > 0)
        step = int(rng.integers(begin + 1, end)) if end - begin >= 2 else None
        return (None if step is None else _Plan(kind, step, int(begins[place - back]))), {place - back, place}
    if kind == "skip":
        to = place + int(rng.integers(2, LONGEST_SKIP + 2))
        step = int(rng.integers(begin, end))
        return (_Plan(kind, step, int(begins[to])) if to < len(begins) else None), set(range(place, to))
    if kind == "uneven":
        return (_Plan(kind, begin, end) if end - begin >= 4 else None), {place}
    if kind == "slow-down":
        last = min(place + 2, len(begins) - 1)
        return _Plan(kind, begin, int(begins[last])), set(range(place, last))
    return _Plan(kind, int(rng.integers(begin, end)), end), {place}


class _Route(NamedTuple):
    """The steps in the order in which they are played."""

    step: NDArray[np.int64]
    beats: NDArray[np.float64]  # How many beats after the one before.
    goes_on: dict[_Plan, int]  # At which place each restart and skip goes on.


def _route(part: Part, plans: list[_Plan], rng: np.random.Generator) -> _Route:
    beat = part.beat[part.first_notes]
    jumps = {plan.step: plan for plan in plans if plan.kind in ("restart", "skip")}
    steps, beats, goes_on = [0], [0.0], {}
    while steps[-1] + 1 < len(beat):
        here = steps[-1]
        to_next = float(beat[here + 1] - beat[here])
        plan = jumps.pop(here, None)
        if plan is not None:
            goes_on[plan] = len(steps)
            to_next += rng.uniform(*GATHERED_BEATS)
        steps.append(here + 1 if plan is None else plan.last)
        beats.append(to_next)
    return _Route(np.array(steps), np.array(beats), goes_on)


def _times(
    part: Part, route: _Route, plans: list[_Plan], beat_s: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], dict[_Plan, Mistake]]:
    """When each step of the route is played, and the labels of what is wrong with time and place."""
    n = len(route.step)
    longer, wait_s, swing = np.ones(n), np.zeros(n), 0.0
    for i in range(1, n):
        swing = RUBATO_KEPT * swing + rng.normal(0, RUBATO * np.sqrt(1 - RUBATO_KEPT**2))
        longer[i] = np.exp(swing)
    spans: dict[_Plan, tuple[int, int]] = {}
    for plan in plans:
        at = route.goes_on.get(plan, -1)
        if plan.kind in ("slow-down", "uneven", "pause"):
            at = int(np.argmax(route.step == plan.step))
        if at < 0:
            continue
        last = min(at + plan.last - plan.step, n - 1) if plan.kind in ("slow-down", "uneven") else at
        stretch = np.arange(at + 1, last + 1)
        if plan.kind == "slow-down":
            longer[stretch] *= np.linspace(1.0, rng.uniform(*SLOWER), len(stretch))
        elif plan.kind == "uneven":
            longer[stretch] *= 1.0 + rng.uniform(*UNEVEN) * np.where(np.arange(len(stretch)) % 2, -1.0, 1.0)
        elif plan.kind == "pause":
            wait_s[at] = rng.uniform(*PAUSE_S)
        spans[plan] = at, last
    times = BEGIN_S + np.cumsum(longer * beat_s * route.beats + wait_s)
    began_s = {plan: times[at if last > at else at - 1] for plan, (at, last) in spans.items()}
    return times, {plan: _lasting(part, plan, route, began_s[plan], times[last]) for plan, (_, last) in spans.items()}


def _lasting(part: Part, plan: _Plan, route: _Route, began_s: float, until_s: float) -> Mistake:
    """The label of a mistake that lasts: from its step to the one at which all goes on."""
    note = part.first_notes[plan.step]
    to_bar = int(part.bar[part.first_notes[plan.last]]) if plan in route.goes_on else None
    return Mistake(
        plan.kind, int(part.bar[note]), float(part.beat[note]), float(began_s), float(until_s), to_bar=to_bar
    )


def _struck(
    part: Part,
    route: NDArray[np.int64],
    times: NDArray[np.float64],
    plans: list[_Plan],
    labels: dict[_Plan, Mistake],
    rng: np.random.Generator,
) -> Take:
    """Strike the keys of each step, with the mistakes that are made at a key."""
    at_key = {plan.step: plan for plan in plans if plan not in labels}
    rows: list[tuple[float, float, int, float, int]] = []  # onset, offset, key, velocity, note of the part
    mistakes = list(labels.values())
    beats = np.diff(part.beat[part.first_notes], append=part.beat[-1] + 1.0)
    beat_s = float(np.median(np.diff(times) / beats[route[:-1]])) if len(times) > 1 else 0.5
    for i, step in enumerate(route.tolist()):
        notes = part.notes_of(step)
        step_s = (times[i + 1] - times[i]) if i + 1 < len(times) else beats[-1] * beat_s
        phrase = SWELL * float(np.sin(np.pi * (part.bar[notes[0]] % _PHRASE_BARS + 0.5) / _PHRASE_BARS))
        here = [_stroke(part, note, times[i], beat_s, phrase, rng) for note in notes]
        plan = at_key.pop(step, None)
        if plan is not None:
            here, told = _spoilt(part, plan, here, step_s, rng)
            mistakes += [] if told is None else [told]
        rows += here
    rows = _released(rows)
    rows.sort(key=lambda row: (row[0], row[2]))
    onset, offset, midi, velocity, of = (np.array(column) for column in zip(*rows, strict=True))
    return Take(
        part,
        Notes(onset, offset, midi.astype(int), velocity),
        of.astype(np.int64),
        tuple(sorted(mistakes, key=lambda one: one.time_s)),
    )


def _stroke(part: Part, note: int, time_s: float, beat_s: float, phrase: float, rng: np.random.Generator):
    """One key as it is struck: onset, offset, key, velocity, note of the part."""
    late_s = float(np.clip(rng.normal(0, JITTER_S), -FARTHEST_S, FARTHEST_S))
    late_s += LEAD_S if part.hand[note] == 2 else 0.0
    top = part.midi[note] == part.midi[part.step == part.step[note]].max()
    velocity = float(np.clip(LOUDNESS + phrase + 6.0 * top + rng.normal(0, BY_NOTE), 20, 120))
    onset = max(time_s + late_s, 0.0)
    held = max(part.length[note] * beat_s * rng.uniform(*HELD), _SHORTEST_HELD_S)
    return onset, onset + held, int(part.midi[note]), velocity, int(note)


def _spoilt(part: Part, plan: _Plan, here: list, step_s: float, rng: np.random.Generator):
    """The strokes of a step with a mistake, and its label; none where no key would be a mistake."""
    chosen = int(rng.integers(len(here)))
    onset, offset, key, velocity, note = here[chosen]
    near = (part.step >= plan.step - 1) & (part.step <= plan.step + 1)
    around = {int(one) for one in part.midi[near]}
    about = {"bar": int(part.bar[note]), "beat": float(part.beat[note]), "time_s": onset, "end_s": onset}
    label = Mistake(plan.kind, asked=note, **about)
    if plan.kind == "missing":
        return here[:chosen] + here[chosen + 1 :], label
    if plan.kind == "doubled":
        later_s = min(rng.uniform(FASTEST_AGAIN_S, SLOWEST_AGAIN_S), 0.6 * step_s)
        follows = set(part.keys_of(plan.step + 1)) if plan.step + 1 < part.n_steps else set()
        if later_s < FASTEST_AGAIN_S or key in follows:
            return here, None
        again = (onset + later_s, max(offset, onset + later_s + _SHORTEST_HELD_S), key, 0.9 * velocity, -1)
        return [*here, again], replace(label, played=key, time_s=again[0], end_s=again[0])
    steps = {"wrong": (-2, -1, 1, 2), "octave": (-12, 12), "extra": (-4, -3, -2, -1, 1, 2, 3, 4)}[plan.kind]
    keys = [key + by for by in steps if key + by not in around and MIDI_LOW <= key + by <= MIDI_HIGH]
    if not keys:
        return here, None
    other = int(rng.choice(keys))
    if plan.kind != "extra":
        return [*here[:chosen], (onset, offset, other, velocity, note), *here[chosen + 1 :]], replace(
            label, played=other
        )
    after_s = _BETWEEN * min(step_s, 1.0) if rng.random() < 0.5 else 0.0
    extra = (onset + after_s, onset + after_s + 0.25, other, velocity, -1)
    return [*here, extra], replace(label, played=other, asked=None, time_s=extra[0], end_s=extra[0])


def _released(rows: list) -> list:
    """The same strokes, each key released before it is struck again."""
    done, next_s = [], {}
    for onset, offset, key, velocity, note in sorted(rows, key=lambda row: -row[0]):
        latest = next_s.get(key, np.inf) - 0.02
        done.append((onset, max(min(offset, latest), onset), key, velocity, note))
        next_s[key] = onset
    return done
