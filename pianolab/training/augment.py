"""Music and sound varied by chance, so that the network does not learn one piano, one room and one player by heart.

What comes in: notes or sound, and a random number generator. What comes out: other notes, another instrument, or the
same sound as it might have been recorded elsewhere. The same generator gives the same.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pianolab.dsp.network_input import SR
from pianolab.piano import PIANOS, Piano, degrade, in_random_room
from pianolab.roll import Notes
from pianolab.training.targets import UNKNOWN_VELOCITY
from pianolab.units import MIDI_HIGH, MIDI_LOW

PIECE_S = 60.0  # Length of a piece that is drawn.
UNISON_S = 0.05  # Strokes of one key that are nearer to each other are one.
TOGETHER_S = 0.08  # Notes of a chord begin within about so long.
COMPANIONS, COMPANION_SHARES = (
    (12, 19, 24, 28),
    (0.55, 0.2, 0.2, 0.05),
)  # Semitones to keys whose partials sound anyway.
HABITS = ("repetition", "bass", "octaves", "chords", "anywhere")
# Chords that people play, in semitones above the lowest key.
SHAPES = ((0,), (0, 12), (0, 7), (0, 3, 7), (0, 4, 7), (0, 5, 9), (0, 3, 8), (0, 5, 8), (0, 4, 9), (0, 4, 7, 10))
SHAPES += ((0, 3, 7, 10), (0, 4, 7, 11), (0, 3, 6), (0, 4, 10), (0, 7, 16), (0, 7, 15), (0, 4, 7, 12), (0, 3, 7, 12))


def augment(
    y: npt.NDArray[np.float32], notes: Notes, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float32], Notes]:
    """The same notes at another pitch and speed, in another room, through another microphone.

    Parameters
    ----------
    y : (n,) float32
        At `pianolab.dsp.network_input.SR`.
    notes : Notes
        What sounds in it.
    rng : numpy.random.Generator
        Draws up to 2.25 semitones up or down, room, distance, tone, noise, compression and level.

    Returns
    -------
    y : (m,) float32
        Shorter where the pitch rises.
    notes : Notes
        Those that are still on the keyboard, at their new times; the delay of a far microphone is not in them.
    """
    semitones = int(rng.integers(-2, 3))
    y, ratio = degrade.detuned(y, sr=SR, ratio=2.0 ** ((semitones + rng.uniform(-0.25, 0.25)) / 12.0))
    midi = notes.midi + semitones
    kept = (midi >= MIDI_LOW) & (midi <= MIDI_HIGH)
    notes = Notes(notes.onset / ratio, notes.offset / ratio, np.clip(midi, 0, 127), notes.velocity)[kept]
    if rng.random() < 0.75:
        y = in_random_room(y, sr=SR, rng=rng)
    if rng.random() < 0.7:
        y = degrade.toned(y, sr=SR, gains_db=rng.uniform(-7.0, 7.0, len(degrade.TONE_POINTS_HZ)))
    if rng.random() < 0.5:
        y = degrade.noisy(y, snr_db=rng.uniform(20.0, 50.0), rng=rng, slope=rng.uniform(0.0, 1.5))
    if rng.random() < 0.15:
        y = degrade.compressed(y, sr=SR, quality=rng.uniform(0.0, 0.6))
    return degrade.levelled(y, peak=10.0 ** (rng.uniform(-24.0, 0.0) / 20.0)), notes


def vary_excerpt(notes: Notes, rng: np.random.Generator) -> Notes:
    """A minute of a piece in another key, tempo and dynamic, with an imprecise player's timing.

    Parameters
    ----------
    notes : Notes
        The whole piece.
    rng : numpy.random.Generator
        Draws where the minute begins, up to 9 semitones up or down, 0.75 to 1.35 times the speed, and the velocities.

    Returns
    -------
    Notes
        On the keyboard, from 0.2 s; an unknown velocity is taken for 64.

    Examples
    --------
    One key struck once a second is another key after it, struck faster or slower.

    >>> onset = np.arange(100.0)
    >>> varied = vary_excerpt(Notes(onset, onset + 0.5, np.full(100, 60)), np.random.default_rng(1))
    >>> len(set(varied.midi)), 0.7 < np.diff(varied.onset).mean().item() < 1.4
    (1, True)
    """
    return _excerpt(notes, np.zeros((0, 2)), rng, (0.6, 1.5))[0]


def draw_excerpt(
    notes: Notes, pedal: npt.NDArray[np.float64], rng: np.random.Generator, *, spread: tuple[float, float]
) -> tuple[Notes, npt.NDArray[np.float64]]:
    """The same of a performance with its pedal; keys that two hands strike at once are one note.

    Parameters
    ----------
    notes : Notes
        The whole performance.
    pedal : (n, 2) array
        Seconds when the sustain pedal goes down and up.
    rng : numpy.random.Generator
    spread : tuple of 2 floats
        By how much velocities are drawn apart, at least and at most.

    Returns
    -------
    notes : Notes
        No key is held longer than to its next stroke.
    pedal : (m, 2) float64

    Examples
    --------
    Two hands strike middle C together, and the pedal goes down with them.

    >>> notes = Notes([1.0, 1.01, 3.0], [2.0, 2.5, 3.5], [60, 60, 62])
    >>> notes, pedal = draw_excerpt(notes, np.array([[1.0, 3.0]]), np.random.default_rng(2), spread=(1.0, 1.0))
    >>> len(notes), bool(abs(pedal[0, 0] - notes.onset[0]) < 0.05)
    (2, True)
    """
    notes, pedal = _excerpt(notes, pedal, rng, spread)
    notes = notes[_first_of_unisons(notes)]
    return Notes(notes.onset, _before_next(notes.onset, notes.offset, notes.midi), notes.midi, notes.velocity), pedal


def _excerpt(
    notes: Notes, pedal: npt.NDArray[np.float64], rng: np.random.Generator, spread: tuple[float, float]
) -> tuple[Notes, npt.NDArray[np.float64]]:
    start_s = rng.uniform(0.0, max(notes.onset.max(initial=0.0) - 0.5 * PIECE_S, 0.01))
    speed = np.exp(rng.uniform(np.log(0.75), np.log(1.35)))
    part = notes[(notes.onset >= start_s) & (notes.onset < start_s + PIECE_S * speed)]
    loose = np.abs(rng.normal(0.0, rng.uniform(0.0, 0.012), len(part)))
    onset = (part.onset - start_s) / speed + 0.2 + loose
    offset = np.maximum((part.offset - start_s) / speed + 0.2, onset + 0.03)
    midi = part.midi + int(rng.integers(-9, 10))
    velocity = np.nan_to_num(part.velocity, nan=UNKNOWN_VELOCITY)
    mean, spread_drawn = rng.uniform(35.0, 90.0), rng.uniform(*spread)
    apart = velocity - velocity.mean() if len(part) else 0.0
    velocity = mean + spread_drawn * apart + rng.normal(0.0, 4.0, len(part))
    kept = (midi >= MIDI_LOW) & (midi <= MIDI_HIGH)
    held = pedal[(pedal[:, 1] > start_s) & (pedal[:, 0] < start_s + PIECE_S * speed)]
    held = np.clip((held - start_s) / speed + 0.2, 0.0, PIECE_S + 1.0)
    return Notes(onset[kept], offset[kept], midi[kept], np.clip(velocity[kept], 5, 127)), held


def _first_of_unisons(notes: Notes) -> npt.NDArray[np.bool_]:
    """Which notes are not a second stroke of their key within `UNISON_S`."""
    first = np.ones(len(notes), bool)
    struck_s: dict[int, float] = {}
    for i in np.argsort(notes.onset, kind="stable"):
        key = int(notes.midi[i])
        first[i] = notes.onset[i] - struck_s.get(key, -np.inf) >= UNISON_S
        if first[i]:
            struck_s[key] = float(notes.onset[i])
    return first


def top_voice(notes: Notes) -> Notes:
    """The highest of the notes that begin together, each until the next one: what a listener sings along with.

    Parameters
    ----------
    notes : Notes

    Returns
    -------
    Notes

    Examples
    --------
    >>> top_voice(Notes([0.0, 0.0, 1.0], [3.0, 3.0, 2.0], [48, 72, 74]))
    <Notes: 2 notes, C5 D5>
    """
    order = np.lexsort((-notes.midi, np.round(notes.onset / TOGETHER_S)))
    slots, first = np.unique(np.round(notes.onset[order] / TOGETHER_S), return_index=True)
    top = notes[np.sort(order[first])] if len(slots) else notes
    until_s = np.append(top.onset[1:], np.inf)
    return Notes(top.onset, np.minimum(top.offset, np.maximum(until_s, top.onset + 0.03)), top.midi, top.velocity)


def draw_drill(rng: np.random.Generator) -> Notes:
    """A minute of random notes, one habit after the other: what music has too little of to learn from.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws which of HABITS, how fast and how loud.

    Returns
    -------
    Notes
        No key is held longer than to its next stroke.

    Examples
    --------
    >>> notes = draw_drill(np.random.default_rng(1))
    >>> len(notes) > 100, notes.onset.max().item() < PIECE_S
    (True, True)
    """
    strokes, now = [], 0.3
    while now < PIECE_S - 4.0:
        habit, low = HABITS[rng.integers(len(HABITS))], int(rng.integers(MIDI_LOW, 97))
        count, step_s = int(rng.integers(4, 12)), float(np.exp(rng.uniform(np.log(0.08), np.log(0.6))))
        loud = rng.uniform(15.0, 115.0)
        if habit == "repetition":
            step_s = max(step_s, 0.1)
        longest = 0.95 if habit == "repetition" else 2.5  # The longest note lasts so many steps.
        for _ in range(count):
            for key in np.unique(np.clip(_draw_keys(habit, low, rng), MIDI_LOW, MIDI_HIGH)):
                onset = now + abs(rng.normal(0.0, 0.008))
                offset = onset + step_s * rng.uniform(0.3, longest)
                strokes.append((onset, offset, key, loud + rng.normal(0.0, 12.0)))
            now += step_s
            loud = np.clip(loud + rng.normal(0.0, 8.0), 8.0, 125.0)
        now += rng.uniform(0.0, 0.6)
    onset, offset, midi, velocity = (np.array(column) for column in zip(*strokes, strict=True))
    return Notes(onset, _before_next(onset, offset, midi), midi, np.clip(velocity, 5, 127))


def draw_chords(rng: np.random.Generator) -> Notes:
    """A minute of chords such as people play, with and without a bass and doubled octaves.

    The octave below a triad holds hardly a partial that the triad does not hold: here it is struck, or it is not.

    Parameters
    ----------
    rng : numpy.random.Generator

    Returns
    -------
    Notes

    Examples
    --------
    >>> notes = draw_chords(np.random.default_rng(1))
    >>> len(notes) > 100, notes.onset.max().item() < PIECE_S
    (True, True)
    """
    strokes, now, loud = [], 0.3, rng.uniform(30.0, 110.0)
    while now < PIECE_S - 3.0:
        step_s = float(np.exp(rng.uniform(np.log(0.25), np.log(1.5))))
        low = int(np.clip(rng.normal(57.0, 10.0), 36, 84))
        keys = [low + above for above in SHAPES[rng.integers(len(SHAPES))]]
        if rng.random() < 0.35:
            keys.append(int(rng.choice(keys)) - int(rng.choice([12, 12, 24])))
        if rng.random() < 0.2:
            keys.append(int(rng.choice(keys)) + 12)
        late_s = rng.choice([0.0, 0.008, 0.03])  # One hand is together, another breaks its chords.
        for key in np.unique(np.clip(keys, MIDI_LOW, MIDI_HIGH)):
            onset = now + abs(rng.normal(0.0, 1.0)) * late_s
            strokes.append((onset, onset + step_s * rng.uniform(0.4, 1.2), key, loud + rng.normal(0.0, 8.0)))
        now += step_s
        loud = np.clip(loud + rng.normal(0.0, 10.0), 15.0, 125.0)
    onset, offset, midi, velocity = (np.array(column) for column in zip(*strokes, strict=True))
    return Notes(onset, _before_next(onset, offset, midi), midi, np.clip(velocity, 5, 127))


def with_octaves(notes: Notes, rng: np.random.Generator) -> Notes:
    """The same music with octaves, twelfths and double octaves struck where none were, and left out where they were.

    Whether the key an octave above a stroke was struck, too, is what is hardest to hear: nearly all its partials sound
    anyway. Here it is as probable as not, softer or louder, and in a place where music has it or might have it.

    Parameters
    ----------
    notes : Notes
        Its keys are on the keyboard.
    rng : numpy.random.Generator

    Returns
    -------
    Notes
        No key is held longer than to its next stroke.

    Examples
    --------
    A scale in one hand gets companions; those of them that lie at an octave are softer or louder by chance.

    >>> scale = Notes(np.arange(40.0), np.arange(40.0) + 0.8, 48 + np.arange(40) % 12, np.full(40, 70.0))
    >>> len(scale) < len(with_octaves(scale, np.random.default_rng(1))) < 2 * len(scale)
    True
    """
    velocity = np.nan_to_num(notes.velocity, nan=UNKNOWN_VELOCITY)
    companion, apart = rng.uniform(0.15, 0.5), rng.uniform(0.0, 25.0)
    together = np.abs(notes.onset[:, None] - notes.onset[None, :]) < TOGETHER_S
    above = np.isin(notes.midi[:, None] - notes.midi[None, :], COMPANIONS)
    doubles = (together & above).any(axis=1)
    kept = ~(doubles & (rng.random(len(notes)) < 0.4))
    added = np.flatnonzero(rng.random(len(notes)) < companion)
    steps = rng.choice(COMPANIONS, len(added), p=COMPANION_SHARES) * np.where(rng.random(len(added)) < 0.8, 1, -1)
    there = (notes.midi[added] + steps >= MIDI_LOW) & (notes.midi[added] + steps <= MIDI_HIGH)
    added, steps = added[there], steps[there]
    onset = notes.onset[added] + np.abs(rng.normal(0.0, 0.006, len(added)))
    softer = np.clip(velocity[added] + rng.uniform(-apart, 0.4 * apart + 1.0, len(added)), 5, 127)
    more = Notes(onset, np.maximum(notes.offset[added], onset + 0.03), notes.midi[added] + steps, softer)
    few = notes[kept]
    both = Notes.concatenate([Notes(few.onset, few.offset, few.midi, velocity[kept]), more])
    both = both[_first_of_unisons(both)]
    return Notes(both.onset, _before_next(both.onset, both.offset, both.midi), both.midi, both.velocity)


def draw_held(rng: np.random.Generator) -> Notes:
    """A minute of keys that are held for seconds, alone, as chords, or below others that move.

    Parameters
    ----------
    rng : numpy.random.Generator

    Returns
    -------
    Notes
        No key is held longer than to its next stroke.

    Examples
    --------
    >>> notes = draw_held(np.random.default_rng(1))
    >>> float(np.max(notes.offset - notes.onset)) > 4.0
    True
    """
    strokes, now, loud = [], 0.3, rng.uniform(25.0, 110.0)
    while now < PIECE_S - 6.0:
        length_s = float(np.exp(rng.uniform(np.log(1.5), np.log(12.0))))
        low = int(np.clip(rng.normal(54.0, 14.0), MIDI_LOW, MIDI_HIGH))
        for above in SHAPES[rng.integers(len(SHAPES))] if rng.random() < 0.6 else (0,):
            if low + above <= MIDI_HIGH:
                onset = now + abs(rng.normal(0.0, 0.008))
                strokes.append((onset, onset + length_s * rng.uniform(0.85, 1.0), low + above, loud))
        if rng.random() < 0.5:  # The other hand goes on playing.
            step_s, key = float(np.exp(rng.uniform(np.log(0.15), np.log(1.0)))), low + int(rng.integers(5, 30))
            for onset in np.arange(now + step_s, now + length_s - step_s, step_s):
                key = int(np.clip(key + rng.integers(-5, 6), MIDI_LOW, MIDI_HIGH))
                strokes.append((onset, onset + step_s * rng.uniform(0.4, 1.1), key, loud + rng.normal(0.0, 8.0)))
        now += length_s + rng.exponential(0.3)
        loud = np.clip(loud + rng.normal(0.0, 15.0), 12.0, 125.0)
    onset, offset, midi, velocity = (np.array(column) for column in zip(*strokes, strict=True))
    notes = Notes(onset, offset, midi, np.clip(velocity, 5, 127))
    notes = notes[_first_of_unisons(notes)]
    return Notes(notes.onset, _before_next(notes.onset, notes.offset, notes.midi), notes.midi, notes.velocity)


def _draw_keys(habit: str, low: int, rng: np.random.Generator) -> npt.ArrayLike:
    """MIDI numbers of the keys of one step of a drill."""
    if habit == "repetition":
        return [low]
    if habit == "bass":
        return rng.integers(MIDI_LOW, 52, int(rng.integers(1, 3)))
    if habit == "octaves":
        return [low, low + 12] if rng.random() < 0.35 else [low]
    if habit == "chords":
        return low // 2 + 20 + rng.choice(36, int(rng.integers(2, 7)), replace=False)
    return rng.integers(MIDI_LOW, MIDI_HIGH + 1, int(rng.integers(1, 4)))


def _before_next(
    onset: npt.NDArray[np.float64], offset: npt.NDArray[np.float64], midi: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Offsets no later than the next stroke of the same key."""
    offset = offset.copy()
    for key in np.unique(midi):
        here = np.flatnonzero(midi == key)
        here = here[np.argsort(onset[here])]
        offset[here[:-1]] = np.maximum(np.minimum(offset[here[:-1]], onset[here[1:]] - 0.01), onset[here[:-1]])
    return offset


def draw_piano(rng: np.random.Generator) -> Piano:
    """An instrument near one of ``PIANOS``, but like none of them.

    Parameters
    ----------
    rng : numpy.random.Generator

    Returns
    -------
    Piano

    Examples
    --------
    >>> 436.0 < draw_piano(np.random.default_rng(1)).a4_hz < 445.0
    True
    """
    base = PIANOS[rng.choice(sorted(PIANOS))]

    def times(values: tuple[float, ...], low: float, high: float) -> tuple[float, ...]:
        return tuple(np.array(values) * np.exp(rng.uniform(np.log(low), np.log(high))))

    def plus(values: tuple[float, ...], low: float, high: float) -> tuple[float, ...]:
        return tuple(np.array(values) + rng.uniform(low, high))

    return replace(
        base,
        name="random",
        brightness_hz=times(base.brightness_hz, 0.6, 1.7),
        prompt_db_per_s=times(base.prompt_db_per_s, 0.6, 1.6),
        after_db_per_s=times(base.after_db_per_s, 0.6, 1.6),
        after_db=plus(base.after_db, -6.0, 6.0),
        knock_db=plus(base.knock_db, -6.0, 8.0),
        damper_db_per_s=times(base.damper_db_per_s, 0.4, 1.4),
        ripple_db=float(rng.uniform(2.5, 7.0)),
        tuning_scatter_cents=float(rng.uniform(0.3, 4.0)),
        unison_cents=float(rng.uniform(0.2, 2.5)),
        a4_hz=float(rng.uniform(436.0, 445.0)),
        seed=int(rng.integers(2**31)),
    )
