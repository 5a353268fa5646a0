"""Music in plain text: read it, check that the bars add up, and play it as a person would.

What comes in: a score (see scores/README.md). What comes out: notes in seconds and the times of the sustain pedal. A
person is not a clock: the tempo breathes, hands and fingers do not land together, the first beat is a little louder,
and one note is let go a little before or after the next. All of that is drawn from a seeded generator.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

import numpy as np

from pianolab.roll import Notes
from pianolab.units import parse_note

START_S = 0.3  # So long it is silent before the first note.
TICK_S = 0.0001  # Note lists are exact to this.
REPEAT_GAP_S = 0.03  # A key must have come up this long before it can be struck again.
FIELDS = {"title", "composer", "kind", "split", "piano", "room", "meter", "unit", "tempo"}
OPTIONAL = {"pickup", "pedal", "rubato", "staccato"}


class ScoreError(ValueError):
    """A score that does not make sense; the message names the place."""


@dataclass(frozen=True)
class Event:
    """One note or chord: start and length in units, MIDI numbers from low to high, loudness as MIDI velocity."""

    start: float
    length: float
    midi: tuple
    loudness: int


@dataclass
class Score:
    """A piece: what the lines of its file say, and the events of each voice."""

    name: str
    fields: dict
    bar_units: Fraction
    pickup: Fraction
    voices: dict = field(default_factory=dict)
    n_units: Fraction = Fraction(0)

    @property
    def unit_s(self):
        """Seconds of one unit at the written tempo (quarter notes a minute)."""
        return float(Fraction(self.fields["unit"]) * 4) * 60.0 / float(self.fields["tempo"])


def read_score(path):
    """A score file as a Score; raises ScoreError with the line where a bar does not add up."""
    fields, lines = {}, []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            key, _, value = line.partition(":")
            if key in FIELDS | OPTIONAL:
                fields[key] = value.strip()
            else:
                lines.append((number, key.split(), value))
    if missing := FIELDS - fields.keys():
        raise ScoreError(f"{path.name}: no line for {', '.join(sorted(missing))}")
    bar_units = Fraction(fields["meter"]) / Fraction(fields["unit"])
    score = Score(path.stem, fields, bar_units, Fraction(fields.get("pickup", 0)))
    ends = {}
    for number, (voice, loudness, *shift), text in lines:
        start, events = ends.get(voice, Fraction(0)), score.voices.setdefault(voice, [])
        place = f"{path.name}, line {number}"
        ends[voice] = _read_bars(text, score, start, int(loudness), int(shift[0]) if shift else 0, events, place)
    if len(set(ends.values())) != 1:
        raise ScoreError(f"{path.name}: voices differ in length: " + ", ".join(f"{v} {e}" for v, e in ends.items()))
    score.n_units = ends.popitem()[1]
    return score


def _read_bars(text, score, start, loudness, shift, events, place):
    """Append the events of one line to ``events``; returns where the line ends, in units."""
    before, octave = None, None
    for bar in text.split("|"):
        bar = before if bar.strip() == "%" else bar
        at, want = start, score.pickup if start == 0 and score.pickup else score.bar_units
        for token in bar.split():
            name, _, length = token.partition("*")
            length = Fraction(length or 1)
            if name != ".":
                midi = []
                for pitch in name.split("+"):
                    octave = pitch[-1] if pitch[-1].isdigit() else octave
                    if octave is None:
                        raise ScoreError(f"{place}: '{pitch}' is the first note of the line: give it an octave (C4)")
                    midi.append(parse_note(pitch.rstrip("0123456789") + octave) + shift)
                events.append(Event(float(at), float(length), tuple(sorted(midi)), loudness))
            at += length
        if at - start != want:
            raise ScoreError(f"{place}: the bar '{bar.strip()}' has {at - start} units where {want} belong")
        start, before = at, bar
    return start


def play(score, rng):
    """Play a score as a person would.

    Parameters
    ----------
    score : Score
    rng : numpy.random.Generator

    Returns
    -------
    notes : Notes
        Offsets are key releases. One voice stays strictly one note at a time.
    pedal : (n, 2) array
        Seconds at which the sustain pedal goes down and up.
    """
    clock = _clock(score, rng)
    rows = []
    for number, (voice, events) in enumerate(score.voices.items()):
        # The upper voice leads a little (by about 20 ms in Goebl, JASA 110, 2001).
        lead_s = 0.0 if number == 0 else 0.008
        held = 0.5 if voice == score.fields.get("staccato") else 1.0
        for event in events:
            struck = clock(event.start) + lead_s + rng.normal(0.0, 0.006)
            let_go = clock(event.start + held * event.length) + rng.uniform(-0.030, 0.025)
            loudness = event.loudness + _accent(event.start, score) + rng.normal(0.0, 2.5)
            # The notes of a chord are never quite together.
            spread = np.cumsum(rng.uniform(0.0, 0.006, len(event.midi)))
            for midi, late in zip(event.midi, spread, strict=True):
                velocity = np.clip(round(loudness + rng.normal(0.0, 2.0)), 12, 120)
                rows.append([max(struck + late, 0.0), max(let_go, struck + late + 0.06), midi, velocity])
    monophonic = len(score.voices) == 1 and all(len(event.midi) == 1 for event in score.voices[voice])
    notes = exact(one_at_a_time(rows, rng) if monophonic else playable(rows))
    return notes, _pedal(score, clock, rng)


def one_at_a_time(rows, rng):
    """Release each note a little before the next is struck."""
    rows = sorted(rows)
    for row, following in pairwise(rows):
        row[1] = min(row[1], following[0] - rng.uniform(0.004, 0.02))
    return rows


def playable(rows):
    """Let a key come up before it is struck again; of two voices on one key at once, one plays."""
    by_key = {}
    for row in sorted(rows):
        mine = by_key.setdefault(row[2], [])
        if mine and row[0] - mine[-1][0] < 2 * REPEAT_GAP_S:
            mine[-1][1] = max(mine[-1][1], row[1])
            continue
        if mine:
            mine[-1][1] = min(mine[-1][1], row[0] - REPEAT_GAP_S)
        mine.append(list(row))
    return [row for rows in by_key.values() for row in rows]


def exact(rows):
    """Rows (onset s, offset s, MIDI, velocity) as Notes, times rounded to 0.1 ms."""
    onset, offset, midi, velocity = np.array(sorted(rows), dtype=float).T
    return Notes(np.round(onset / TICK_S) * TICK_S, np.round(offset / TICK_S) * TICK_S, midi, velocity)


def _clock(score, rng):
    """Seconds at a place in the score (units). Tempo swings over four bars, wanders, and slows down at the end."""
    bar, rubato = float(score.bar_units), float(score.fields.get("rubato", 0.01))
    places = np.arange(0.0, float(score.n_units) + bar, 0.25)
    swing = np.sin(2.0 * np.pi * places / (4.0 * bar) + rng.uniform(0.0, 2.0 * np.pi))
    wander = np.interp(places, places[:: int(4 * bar)], rng.normal(0.0, 0.5, len(places[:: int(4 * bar)])))
    slowing = np.clip((places - float(score.n_units) + bar) / bar, 0.0, 1.0) ** 2
    pace = score.unit_s * (1.0 + rubato * (swing + wander + 2.0 * slowing))
    seconds = START_S + np.concatenate([[0.0], np.cumsum(pace[:-1] * 0.25)])
    return lambda place: float(np.interp(place, places, seconds))


def _accent(start, score):
    """Louder on the first beat of a bar (4 steps of velocity) and at the middle of each four-bar phrase (3 steps)."""
    bar = float(score.bar_units)
    in_bar = (start - float(score.pickup)) % bar
    phrase = 3.0 * np.sin(np.pi * (((start - float(score.pickup)) / bar) % 4.0) / 4.0)
    return phrase + (4.0 if in_bar == 0 else 0.0)


def _pedal(score, clock, rng):
    """The pedal comes up with each new harmony and goes down again just after it, as pianists are taught."""
    step = float(score.fields.get("pedal", 0))
    if not step:
        return np.zeros((0, 2))
    changes = np.arange(float(score.pickup), float(score.n_units) + 1e-9, step)
    down = np.array([clock(place) for place in changes[:-1]]) + rng.uniform(0.06, 0.12, len(changes) - 1)
    up = np.array([clock(place) for place in changes[1:]]) + rng.uniform(0.0, 0.03, len(changes) - 1)
    up[-1] += 0.2
    return np.round(np.column_stack([down, up]) / TICK_S) * TICK_S
