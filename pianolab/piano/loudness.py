"""How loud and how bright each key of a recorded piano speaks at each velocity.

What comes in: how loud its single notes are and how hard they were struck. What goes out: one level for every velocity
and key, which rises with every step of velocity, and filters that make a recorded stroke as bright as a harder or a
softer one. Where the recordings kept the levels that the piano had, the curve follows them. Where they were all brought
to one level, as in many free sets, it is that of the rendered grand.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from pianolab.piano.instruments import DEFAULT_VELOCITY, PIANOS, at_key, velocity_gain
from pianolab.units import MIDI_HIGH, MIDI_LOW

Levels = Literal["auto", "recorded", "smooth"]

N_VELOCITIES = 128
NEIGHBOURS_SEMITONES = 1.0  # Levels of keys about so near are averaged: single takes of a soft key differ by 2 to 5 dB.
LEAST_DB_PER_STEP = 0.02  # The level rises by this much a step of velocity at least.
TRUE_LAYERS_DB = 3.0  # Layers that differ by less were brought to one level. Those of three free sets differ by 16.
# Both were fitted to the layers of three grands: benchmarks/layers.py, docs/piano.md.
TILT_FROM_HZ = 600.0  # A harder stroke is brighter from here on, or from the key's first partial if that is higher,
TILT_DB_PER_OCTAVE = 0.85  # by so much per octave for every dB that it is louder.
BRIGHTEST_DB = 6.0  # No sample is made brighter than a stroke so much louder: its noise would be heard.
DULLEST_DB = -30.0
UNEVEN_DB = 3.0  # Keys of a recorded piano are unevenly loud: so much lower, the loudest stays within full scale.
TOP_PART_OF_RATE = 0.4  # No section of a filter stands above this part of the sampling rate.


def level_curve(
    midi: npt.NDArray[np.int_],
    velocity: npt.NDArray[np.floating],
    loudness_db: npt.NDArray[np.floating],
    *,
    levels: Levels,
) -> npt.NDArray[np.float64]:
    """The level of every velocity and key.

    Parameters
    ----------
    midi : (n,) int
        Keys of the recorded notes.
    velocity : (n,) float
        How hard they were struck, 0..127.
    loudness_db : (n,) float
        How loud they are, dB.
    levels : {'auto', 'recorded', 'smooth'}
        As `pianolab.piano.sampled.SampledPiano` says.

    Returns
    -------
    (128, 88) float64
        dBFS; strictly rising with velocity.

    Examples
    --------
    >>> keys = np.array([60, 60])
    >>> curve = level_curve(keys, np.array([32.0, 96.0]), np.array([-40.0, -20.0]), levels="auto")
    >>> round(float(curve[96, 39] - curve[32, 39]), 1)
    21.3
    """
    steps = np.arange(N_VELOCITIES)
    keys = np.arange(MIDI_LOW, MIDI_HIGH + 1)
    grand = PIANOS["grand"]
    gain_db = _gain_db(steps) - _gain_db(DEFAULT_VELOCITY)
    rendered = gain_db[:, None] + [at_key(grand.level_db, key) + grand.gain_db for key in keys.tolist()]
    if levels == "smooth" or (levels == "auto" and not _layers_rise(midi, velocity, loudness_db)):
        return rendered
    recorded = np.unique(midi)
    curves = np.array([_of_key(velocity[midi == key], loudness_db[midi == key]) for key in recorded])
    distance = (keys[:, None] - recorded) / NEIGHBOURS_SEMITONES
    nearness = -0.5 * distance**2
    weights = np.exp(nearness - nearness.max(axis=1, keepdims=True))
    curve = (weights / weights.sum(axis=1, keepdims=True) @ curves).T
    return curve + (rendered[-1].mean() - UNEVEN_DB - curve[-1].mean())


def _layers_rise(midi, velocity, loudness_db) -> bool:
    """Whether the harder strokes of a key are louder, as they are if nobody evened them."""
    rises = []
    for key in np.unique(midi):
        here = midi == key
        softest, hardest = np.argmin(velocity[here]), np.argmax(velocity[here])
        if velocity[here][softest] < velocity[here][hardest]:
            rises.append(loudness_db[here][hardest] - loudness_db[here][softest])
    return bool(rises) and float(np.median(rises)) >= TRUE_LAYERS_DB


def _of_key(velocity: npt.NDArray[np.floating], loudness_db: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Levels of one key at all velocities: through its layers, and beyond them in parallel to the rendered piano."""
    steps = np.arange(N_VELOCITIES)
    centres = np.unique(velocity)
    at_centres = np.maximum.accumulate([np.mean(loudness_db[velocity == centre]) for centre in centres])
    within = np.interp(steps, centres, at_centres)
    beyond = _gain_db(steps) - _gain_db(np.clip(steps, centres[0], centres[-1]))
    return within + beyond + LEAST_DB_PER_STEP * steps


def _gain_db(velocity: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return 20.0 * np.log10(np.asarray(velocity_gain(velocity)))


def level_at(curve: npt.NDArray[np.float64], midi: int, velocity: float) -> float:
    """The level of a stroke.

    Parameters
    ----------
    curve : (128, 88) float64
        From `level_curve`.
    midi : int
    velocity : float
        0..127, whole or not.

    Returns
    -------
    float
        dBFS.
    """
    below = min(int(velocity), N_VELOCITIES - 2)
    low, high = curve[below : below + 2, midi - MIDI_LOW].tolist()
    return low + (velocity - below) * (high - low)


def tilt(midi: int, louder_db: float, *, sr: int) -> npt.NDArray[np.float32] | None:
    """A filter that makes a stroke as bright as one that is louder or softer by so much.

    Parameters
    ----------
    midi : int
    louder_db : float
        Against the recorded stroke.
    sr : int
        Hz.

    Returns
    -------
    (n, 6) float32 or None
        Second-order sections for `scipy.signal.sosfilt`; None where nothing is to be changed.
    """
    quarters = round(4.0 * min(max(louder_db, DULLEST_DB), BRIGHTEST_DB))
    return _sections(midi, quarters, sr) if quarters else None


@lru_cache(maxsize=4096)
def _sections(midi: int, quarters: int, sr: int) -> npt.NDArray[np.float32] | None:
    """First-order shelves an octave apart, two of them in a section. Each adds its share to a line of dB per octave."""
    first_hz = max(TILT_FROM_HZ, 440.0 * 2.0 ** ((midi - 69) / 12.0)) * np.sqrt(2.0)
    n = int(np.floor(np.log2(TOP_PART_OF_RATE * sr / first_hz))) + 1
    if n < 1:
        return None
    root = 10.0 ** (TILT_DB_PER_OCTAVE * quarters / 4.0 / 40.0)
    # (s root + 1) / (s / root + 1) is 1 at 0 Hz, root at the middle and root squared far above.
    s = 1.0 / np.tan(np.pi * first_hz * 2.0 ** np.arange(n) / sr)
    above, below = np.stack([1.0 + s * root, 1.0 - s * root]), np.stack([1.0 + s / root, 1.0 - s / root])
    shelves: Sequence[tuple] = [(above[:, i] / below[0, i], below[:, i] / below[0, i]) for i in range(n)]
    if n % 2:
        shelves = [*shelves, (np.array([1.0, 0.0]), np.array([1.0, 0.0]))]
    pairs = zip(shelves[::2], shelves[1::2], strict=True)
    rows = [np.concatenate([np.convolve(b, d), np.convolve(a, c)]) for (b, a), (d, c) in pairs]
    return np.array(rows, np.float32)
