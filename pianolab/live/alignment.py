"""Which note of a take plays which note of its prompt: found from keys and times together.

What comes in: the notes that were asked for and those that were heard. What goes out: pairs of them, and when each
asked note was due at the tempo that was played, in seconds of the take. Players choose their tempo, slow down, pause
and begin when they like. So the tempo is followed from note to note, and a pause moves everything behind it.

Every way to pair the notes has a price: for each note that is missing, extra, another key, or off its time, and for
each break in time. The cheapest way counts. It is found as in the edit distance of Wagner and Fischer (Journal of the
ACM 21, 1974), once for each of many tempos and places to begin. Each state of that search also knows the last note
that was in time, and the tempo there; of the ways into a state only the cheapest is followed. All prices are chosen by
hand: a gap costs less than a wrong key, two gaps cost more, and one break costs less than two notes off their time.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pianolab.dsp.compiled import njit
from pianolab.live.chords import CHORD_S
from pianolab.roll import Notes

LATE_S = 0.12  # A note so many seconds off the played tempo is late or early; a listener notices about half.
SLACK = 0.2  # Of a slow tempo it may be off by this share of the time since the note before.
PAUSE_S = 0.6  # Who waits longer than so many seconds has paused; nobody is late by so much and in time again.
TEMPOS = np.geomspace(0.25, 4.0, 37)  # A take begins between a quarter of its prompt's pace and four times it.
GAP = 0.75  # A missing or an extra note,
BEFORE = 0.01  # a little more before the first pair: of two strokes of a key the first is the one that was asked for;
WRONG, OCTAVE = 1.1, 0.8  # another key in its place;
OFF, FAR_OFF = 1.0, 1.3  # a note that is late or early while its neighbours are in time, by less than PAUSE_S or more;
SHIFTED, SWAYED = 1.05, 0.6  # a break in time, at most and for each bound by which it exceeds what is in time;
PAUSED = 0.35  # a pause, which needs no other reason.
UNEVEN = 0.3  # The most that a note costs which is in time, but just so.
TEMPO_FAR = 0.02  # For each power of e between the tempo at the beginning and that of the prompt.
FOLLOW_S = 0.35  # The tempo follows a note half of the way if the note before is so long ago, and less if shorter.
ROLL_S = 0.25  # A chord may be rolled over so many seconds.
_STARTS = ((0, 0), (1, 0), (2, 0), (0, 1), (0, 2))  # So many notes may be missing or extra before the first pair.
_BAND = 64  # So many notes may be missing or extra in a row, more if one list is longer than the other.
_MISSING, _EXTRA, _IN_TIME, _OFF, _BREAK = range(5)

Pairs = list[tuple[int | None, int | None]]
Times = npt.NDArray[np.float64]
Steps = list[tuple[int, int | None, int | None]]  # move, index asked, index heard; in reading order


@dataclass(frozen=True)
class Alignment:
    """How a take follows its prompt.

    Attributes
    ----------
    pairs : list of (int or None, int or None)
        Index in the prompt, index in what was heard; None where there is no partner. First those of the prompt, in its
        order, then the extra notes.
    due_s : (n,) float64
        When each note of the prompt was due in the take, seconds.
    pace : (n,) float64
        The tempo there: seconds of the take for one of the prompt.
    off : (n,) bool
        Whether it is late or early there.
    """

    pairs: Pairs
    due_s: Times
    pace: Times
    off: npt.NDArray[np.bool_]


def align(prompt: Notes, heard: Notes, *, late_s: float = LATE_S) -> Alignment:
    """Find who plays what.

    Parameters
    ----------
    prompt, heard : Notes
        What was asked, and what was heard.
    late_s : float
        Seconds from the played tempo at which a note is late or early.

    Returns
    -------
    Alignment

    Examples
    --------
    >>> align(Notes([0, 1, 2], [1, 2, 3], [60, 62, 64]), Notes([0, 2], [1, 3], [60, 64])).pairs
    [(0, 0), (1, None), (2, 1)]
    """
    left, right = _reading_order(prompt), _reading_order(heard)
    asked_s, heard_s = prompt.onset[left].astype(float), heard.onset[right].astype(float)
    asked_key, heard_key = prompt.midi[left].astype(np.int64), heard.midi[right].astype(np.int64)
    tempo, steps, price = 1.0, Steps(), np.inf
    for begun in sorted(TEMPOS.tolist(), key=lambda one: abs(np.log(one))):
        for first, skipped in (*_STARTS, (-1, -1)):
            if first < len(left) and skipped < len(right):
                found = _search(asked_s, asked_key, heard_s, heard_key, begun, late_s, first, skipped, price)
                if (now := found[0] + TEMPO_FAR * abs(np.log(begun))) < price:
                    tempo, steps, price = begun, _steps(found[2], found[1]), now
    due_s, pace, off = np.zeros(len(prompt)), np.ones(len(prompt)), np.zeros(len(prompt), bool)
    due_s[left], pace[left], off[left] = _times(asked_s, heard_s, steps, tempo, late_s)
    pairs = [(None if i is None else int(left[i]), None if j is None else int(right[j])) for _, i, j in steps]
    pairs = _first_strokes(_any_order(prompt, heard, pairs, due_s), heard, due_s, late_s)
    return Alignment(pairs, due_s, pace, off)


def _reading_order(notes: Notes) -> npt.NDArray[np.intp]:
    """Indices by onset, and by pitch among notes struck together."""
    if not len(notes):
        return np.zeros(0, np.intp)
    group = np.concatenate([[0], np.cumsum(np.diff(notes.onset) > CHORD_S)])
    return np.lexsort((notes.midi, group))


@njit
def _offer(price, known, j, layer, cost, asked, heard, pace):
    """Keep a way into a state if it is the cheapest so far."""
    if cost >= price[j, layer]:
        return False
    price[j, layer] = cost
    known[j, layer, 0], known[j, layer, 1], known[j, layer, 2] = asked, heard, pace
    return True


@njit
def _key_price(asked, heard):
    apart = abs(asked - heard)
    return 0.0 if apart == 0 else OCTAVE if apart % 12 == 0 else WRONG


@njit
def _in_time(here, there, asked, heard, pace, late_s):
    """What a pair (seconds asked, seconds heard) is behind the last one in time: move, its price, what is known then.

    The move is -1 where it can neither be in time nor begin anew.
    """
    if np.isnan(asked):
        return _IN_TIME, 0.0, here, there, pace
    step = pace * (here - asked)
    far, bound = there - heard - step, max(late_s, SLACK * step)
    together = here - asked <= CHORD_S
    if abs(far) <= bound:
        uneven = UNEVEN * (far / bound) ** 2
        if together:
            return _IN_TIME, uneven, asked, heard, pace
        follow = step**2 / (step**2 + FOLLOW_S**2)
        return _IN_TIME, uneven, here, there, pace * max((there - heard) / step, 0.25) ** follow
    if together or there <= heard:
        return -1, 0.0, asked, heard, pace
    if far >= PAUSE_S:
        return _BREAK, PAUSED, here, there, pace
    return _BREAK, min(SHIFTED, SWAYED * abs(far) / bound), here, there, pace


@njit
def _search(asked_s, asked_key, heard_s, heard_key, tempo, late_s, first, skipped, bound):
    """Search the cheapest way at one tempo at the beginning.

    A state is how many notes of both lists are behind us, in three layers: the last step was a pair in time (0), a
    pair off its time (1), or a missing or extra note (2). It knows the last pair in time (seconds asked, seconds heard)
    and the tempo there. ``first`` and
    ``skipped`` are missing and extra before the first pair, which is in time; -1 leaves that open. Ways
    that cost ``bound`` or more are left. Returns the price,
    the last layer, and of each state 3 * move + layer before.
    """
    n, m = len(asked_s), len(heard_s)
    band = _BAND + abs(n - m)
    price, after = np.full((m + 1, 3), np.inf), np.full((m + 1, 3), np.inf)
    known, known_after = np.full((m + 1, 3, 3), np.nan), np.full((m + 1, 3, 3), np.nan)
    back = np.zeros((n + 1, m + 1, 3), np.int8)
    price[0, 0] = 0.0
    known[0, 0, 2] = tempo
    if first >= 0:
        back[1 : first + 1, 0], back[first, 1 : skipped + 1] = 3 * _MISSING, 3 * _EXTRA
        back[first + 1, skipped + 1, 0] = 3 * _IN_TIME
        price[0, 0] = np.inf
        price[skipped + 1, 0] = (GAP + BEFORE) * (first + skipped) + _key_price(asked_key[first], heard_key[skipped])
        known[skipped + 1, 0, 0], known[skipped + 1, 0, 1] = asked_s[first], heard_s[skipped]
        known[skipped + 1, 0, 2] = tempo
    for i in range(first + 1, n + 1):
        after[:] = np.inf
        for j in range(max(0, i - band), min(m, i + band) + 1):
            for layer in range(3):
                cost = price[j, layer]
                if cost >= bound:
                    continue
                asked, heard, pace = known[j, layer]
                if j < m and _offer(price, known, j + 1, 2, cost + GAP, asked, heard, pace):
                    back[i, j + 1, 2] = 3 * _EXTRA + layer
                if i < n and _offer(after, known_after, j, 2, cost + GAP, asked, heard, pace):
                    back[i + 1, j, 2] = 3 * _MISSING + layer
                if i == n or j == m:
                    continue
                cost += _key_price(asked_key[i], heard_key[j])
                far = abs(heard_s[j] - heard - pace * (asked_s[i] - asked)) >= PAUSE_S
                off = cost + (FAR_OFF if far else OFF)
                if _offer(after, known_after, j + 1, 1, off, asked, heard, pace):
                    back[i + 1, j + 1, 1] = 3 * _OFF + layer
                move, more, asked, heard, pace = _in_time(asked_s[i], heard_s[j], asked, heard, pace, late_s)
                if move >= 0 and _offer(after, known_after, j + 1, 0, cost + more, asked, heard, pace):
                    back[i + 1, j + 1, 0] = 3 * move + layer
        if i < n:
            price, after, known, known_after = after, price, known_after, known
    last = int(np.argmin(price[m]))
    return price[m, last], last, back


def _steps(back: npt.NDArray[np.int8], layer: int) -> Steps:
    """The way from the beginning to the end."""
    steps: Steps = []
    i, j = back.shape[0] - 1, back.shape[1] - 1
    while i or j:
        move, before = divmod(int(back[i, j, layer]), 3)
        i, j = i - (move != _EXTRA), j - (move != _MISSING)
        steps.append((move, None if move == _EXTRA else i, None if move == _MISSING else j))
        layer = before
    return steps[::-1]


class _Anchor(NamedTuple):
    """A pair that was in time: seconds asked and heard, the tempo there, and in which part between breaks it lies."""

    asked: float
    heard: float
    pace: float
    part: int


def _times(
    asked_s: Times, heard_s: Times, steps: Steps, tempo: float, late_s: float
) -> tuple[Times, Times, npt.NDArray[np.bool_]]:
    """When each asked note was due, the tempo there, and whether it was off its time; all in reading order."""
    n = len(asked_s)
    due_s, paces, off, hurried = np.zeros(n), np.zeros(n), np.zeros(n, bool), np.zeros(n, bool)
    parts = np.zeros(n, int)
    anchors: list[_Anchor] = []
    asked, heard, pace, part = np.nan, np.nan, tempo, 0
    for move, i, j in steps:
        if i is None:
            continue
        here = float(asked_s[i])
        due_s[i] = heard + pace * (here - asked)  # NaN before the first anchor
        off[i] = move == _OFF
        if j is not None and move != _OFF:
            there = float(heard_s[j])
            bound = 2 * max(late_s, SLACK * (due_s[i] - heard))  # Who hurries on is early once; who sways is not,
            hurried[i] = move == _BREAK and due_s[i] - there > bound  # and who pauses is never late.
            part += move == _BREAK
            *_, asked, heard, pace = _in_time(here, there, asked, heard, pace, late_s)
            anchors.append(_Anchor(here, there, pace, part))
        parts[i], paces[i] = part, pace
    start_s = float(heard_s[0]) if len(heard_s) else 0.0
    for i, here in enumerate(asked_s):
        near = None if hurried[i] else _due_beside(float(here), [one for one in anchors if one.part == parts[i]])
        due_s[i] = due_s[i] if near is None else near
        if np.isnan(due_s[i]):
            due_s[i] = start_s + tempo * (here - asked_s[0])
    return due_s, paces, off | hurried


def _due_beside(here: float, anchors: list[_Anchor]) -> float | None:
    """When a note is due among the anchors of its part: between two, with those of its chord, or beside one."""
    before = [one for one in anchors if one.asked < here - CHORD_S]
    after = [one for one in anchors if one.asked > here + CHORD_S]
    together = anchors[len(before) : len(anchors) - len(after)]
    if before and after:
        first, then = before[-1], after[0]
        share = (here - first.asked) / (then.asked - first.asked)
        return first.heard + share * (then.heard - first.heard)
    if together:
        return float(np.mean([one.heard for one in together]))
    for one in (*before[-1:], *after[:1]):
        return one.heard + one.pace * (here - one.asked)
    return None


def _any_order(prompt: Notes, heard: Notes, pairs: Pairs, due_s: Times) -> Pairs:
    """The pairs, with the keys of each chord in whatever order they were struck.

    Where a key of a chord is missing or wrong, it is looked for among all that was heard within ROLL_S of the chord and
    plays nothing else.
    """
    partner = {i: j for i, j in pairs if i is not None}
    extra = {j for i, j in pairs if i is None and j is not None}
    for chord in _chords(prompt):
        mine = {j for i in chord if (j := partner[i]) is not None}
        if len(chord) > 1 and sorted(prompt.midi[chord]) != sorted(heard.midi[list(mine)]):
            times = [*heard.onset[list(mine)], *due_s[chord]]
            near = {j for j in extra if min(times) - ROLL_S <= heard.onset[j] <= max(times) + ROLL_S}
            found = _by_key(prompt, heard, chord, mine | near)
            partner.update(found)
            extra = (extra | mine) - set(found.values())
    return [*partner.items(), *((None, j) for j in sorted(extra))]


def _by_key(prompt: Notes, heard: Notes, chord: list[int], free: set[int]) -> dict[int, int | None]:
    """A partner for each key of a chord: the key itself, or an octave of it, or a key that the chord does not have."""
    partner: dict[int, int | None] = dict.fromkeys(chord)
    for fits in (lambda asked, key: asked == key, lambda asked, key: (asked - key) % 12 == 0, lambda _, __: True):
        for i in chord:
            if partner[i] is None:
                others = [j for j in free if heard.midi[j] == prompt.midi[i] or heard.midi[j] not in prompt.midi[chord]]
                fitting = [j for j in others if fits(prompt.midi[i], heard.midi[j])]
                if fitting:
                    partner[i] = min(fitting, key=lambda j: (abs(heard.midi[j] - prompt.midi[i]), heard.onset[j]))
                    free = free - {partner[i]}
    return partner


def _chords(prompt: Notes) -> list[list[int]]:
    """Indices of notes that are struck together, in reading order."""
    chords: list[list[int]] = []
    for i in _reading_order(prompt):
        if chords and prompt.onset[i] - prompt.onset[chords[-1]].min() <= CHORD_S:
            chords[-1].append(int(i))
        else:
            chords.append([int(i)])
    return chords


def _first_strokes(pairs: Pairs, heard: Notes, due_s: Times, late_s: float) -> Pairs:
    """The pairs, with the first of two strokes of a key in place of the second, if the first was in time, too."""
    partner = {i: j for i, j in pairs if i is not None}
    extra = [j for i, j in pairs if i is None and j is not None]
    others = np.sort(heard.onset[[j for j in partner.values() if j is not None]])
    for i, j in partner.items():
        if j is None:
            continue
        for k, again in enumerate(extra):
            between = np.sum((others > heard.onset[again]) & (others < heard.onset[j]))
            is_before = heard.midi[again] == heard.midi[j] and heard.onset[again] < heard.onset[j] and not between
            if is_before and abs(heard.onset[again] - due_s[i]) <= late_s / 2:
                partner[i], extra[k] = again, j
                break
    return [*partner.items(), *((None, j) for j in sorted(extra))]
