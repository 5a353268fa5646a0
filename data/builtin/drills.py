"""Single notes, scales and chords: what a teacher asks for and a detector must be able to do.

Every function gives rows (onset s, offset s, MIDI number, velocity). Orders and small unevennesses are drawn from a
seeded generator.
"""

import numpy as np
from score import START_S, one_at_a_time

from pianolab.units import MIDI_HIGH, MIDI_LOW

LOUDNESSES = {"p": 36, "mf": 66, "ff": 104}  # The three loudnesses of the test notes are these MIDI velocities.
NOTE_SPACING_S = 1.02
# Shapes of chords by their number of notes, in semitones above the root.
CHORDS = {
    2: [(0, 3), (0, 4), (0, 5), (0, 7), (0, 8), (0, 9), (0, 12)],
    3: [(0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8), (0, 5, 7)],
    4: [(0, 4, 7, 11), (0, 4, 7, 10), (0, 3, 7, 10), (0, 3, 6, 9), (0, 4, 7, 12)],
    5: [(0, 4, 7, 10, 14), (0, 4, 7, 11, 14), (0, 3, 7, 10, 14), (0, 4, 7, 12, 16)],
    6: [(0, 7, 12, 16, 19, 24), (0, 4, 10, 14, 19, 21), (0, 7, 12, 15, 19, 24), (0, 12, 16, 19, 22, 26)],
}


def key_deal(n_hands, rng):
    """Deal the 88 keys to ``n_hands`` recordings so that each has keys of every register; a list of arrays."""
    keys = np.arange(MIDI_LOW, MIDI_HIGH + 1)
    hands = [[] for _ in range(n_hands)]
    for low in range(0, len(keys), n_hands):
        few = keys[low : low + n_hands]
        for hand, key in zip(rng.permutation(n_hands), few, strict=False):
            hands[hand].append(key)
    return [rng.permutation(hand) for hand in hands]


def single_notes(keys, velocities, rng):
    """One key after the other, each held 0.72 to 0.9 s, 1.02 s from one to the next."""
    rows = []
    for number, (key, velocity) in enumerate(zip(keys, velocities, strict=True)):
        onset = START_S + number * NOTE_SPACING_S + rng.uniform(0.0, 0.05)
        rows.append([onset, onset + rng.uniform(0.72, 0.9), key, velocity])
    return rows


def run(keys, step_s, velocity, rng, *, start_s=START_S, held=0.95):
    """Keys one after the other, evenly, as a person plays evenly: 4 ms, and 4 steps of velocity."""
    onsets = start_s + step_s * np.arange(len(keys)) + rng.normal(0.0, 0.004, len(keys))
    velocities = np.clip(np.round(velocity + rng.normal(0.0, 4.0, len(keys))), 12, 120)
    rows = [[t, t + held * step_s, key, v] for t, key, v in zip(np.maximum(onsets, 0.0), keys, velocities, strict=True)]
    return one_at_a_time(rows, rng)


def passages(parts, rng, *, pause_s=0.25):
    """Several runs (keys, step s, velocity, held) with a pause between them."""
    rows, start_s = [], START_S
    for keys, step_s, velocity, held in parts:
        rows += run(keys, step_s, velocity, rng, start_s=start_s, held=held)
        start_s += step_s * len(keys) + pause_s
    return one_at_a_time(rows, rng)


def there_and_back(low, high, steps):
    """From ``low`` up in the given steps (semitones, repeated) to at most ``high``, and down the same way."""
    keys = [low]
    while keys[-1] + steps[(len(keys) - 1) % len(steps)] <= high:
        keys.append(keys[-1] + steps[(len(keys) - 1) % len(steps)])
    return keys + keys[-2::-1]


def chords(n_chords, rng):
    """Chords of 2 to 6 notes, all registers, inverted, close and wide, 1.1 s from one to the next."""
    rows = []
    registers = rng.permutation(np.linspace(MIDI_LOW + 3, MIDI_HIGH - 14, n_chords))
    for number, register in enumerate(registers):
        n_notes, wide = 2 + number % 5, (number // 5) % 2 == 1
        midi = _chord(n_notes, wide, int(register), rng)
        onset = START_S + 1.1 * number
        loudness = rng.uniform(40, 100)
        for key, late in zip(midi, np.cumsum(rng.uniform(0.0, 0.004, n_notes)), strict=True):
            velocity = np.clip(round(loudness + rng.normal(0.0, 4.0)), 12, 120)
            rows.append([onset + late, onset + rng.uniform(0.75, 0.95), key, velocity])
    return rows


def _chord(n_notes, wide, root, rng):
    """MIDI numbers from low to high. Wide: every other note goes up an octave. Inverted: the lowest go up."""
    shape = list(CHORDS[n_notes][rng.integers(len(CHORDS[n_notes]))])
    if n_notes in (3, 4):
        for _ in range(rng.integers(n_notes)):
            shape = sorted([*shape[1:], shape[0] + 12])
    if wide:
        shape = [semitone + (12 if place % 2 else 0) for place, semitone in enumerate(shape)]
    midi = sorted(root + semitone for semitone in set(shape))
    # Where an octave was doubled by chance, notes are missing: they are added on top.
    while len(midi) < n_notes:
        midi.append(midi[-1] + 12)
    down = 12 * max(0, -(-(midi[-1] - MIDI_HIGH) // 12))
    return [key - down for key in midi]
