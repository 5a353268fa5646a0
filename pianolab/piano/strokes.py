"""One stroke of one key: strings that ring and die in two stages, and the knock of the hammer on the soundboard."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from pianolab.piano.instruments import DEFAULT_VELOCITY, NEPER, Piano, at_key, velocity_gain

Complex = npt.NDArray[np.complexfloating]

SILENCE = 2.0**-18  # A mode below this amplitude (-108 dBFS, under 16 bits) is over.
BLOCK, FIRST_STRETCH = 256, 4096  # Only speed depends on these numbers of samples.
HIGHEST_PART_OF_NYQUIST = 0.98
RISE_S = 0.0005  # The sound comes in over half a millisecond, less than any hammer's contact.
STROKE_DB = 0.5  # A partial's level differs by this (standard deviation) from one stroke of a key to the next.
KNOCK_MODES = 48
KNOCK_HZ = (70.0, 5000.0)
KNOCK_FLAT_HZ = 1500.0  # The knock has equal energy per octave up to here, fitted to C6..C8.
KNOCK_T60_S = 1.1  # Soundboard modes at 100 Hz last this long, others less by the root of frequency: fitted to C6..C8.


def stroke(
    piano: Piano,
    midi: int,
    velocity: float,
    *,
    held: int | None,
    n_left: int,
    sr: int,
    rng: np.random.Generator,
) -> npt.NDArray[np.float32]:
    """The sound of one note.

    Parameters
    ----------
    piano : Piano
    midi : int
        MIDI number.
    velocity : float
        MIDI velocity.
    held : int or None
        Samples until the damper falls; None for keys without damper.
    n_left : int
        Samples that are wanted at most.
    sr : int
        Hz.
    rng : numpy.random.Generator
        Draws what differs from one stroke to the next.

    Returns
    -------
    (n,) float32
        Ends when the note has died away.
    """
    amplitude, rate = _modes(piano, midi, velocity, sr, rng)
    n = min(n_left, _samples_until_silence(amplitude, rate, sr))
    if held is None or held >= n:
        tone = _ring(amplitude, rate, n, sr)
    else:
        damper = at_key(piano.damper_db_per_s, midi) * NEPER
        later, damped = amplitude * np.exp(rate * (held / sr)), rate - damper
        n_damped = min(n_left - held, _samples_until_silence(later, damped, sr))
        tone = np.concatenate([_ring(amplitude, rate, held, sr), _ring(later, damped, n_damped, sr)])
    rise = min(len(tone), int(RISE_S * sr))
    tone[:rise] *= np.sin(np.pi / 2 * np.arange(1, rise + 1) / (rise + 1)).astype(np.float32)
    return tone


def _modes(piano: Piano, midi: int, velocity: float, sr: int, rng: np.random.Generator) -> tuple[Complex, Complex]:
    """Complex amplitude and complex rate (1/s) of every decaying sine of a note: sum of Re(a exp(r t))."""
    partials = piano.partials(midi, velocity)
    key = _key_character(piano, midi)
    level = 10.0 ** (partials.level_db / 20.0)
    level *= 10.0 ** ((at_key(piano.level_db, midi) + piano.gain_db) / 20.0) / np.sqrt(0.5 * np.sum(level**2))
    level *= velocity_gain(velocity) / velocity_gain(DEFAULT_VELOCITY)
    knock = np.sqrt(np.sum(level**2)) * 10.0 ** (at_key(piano.knock_db, midi) / 20.0) * key.knock_level
    level *= 10.0 ** (rng.normal(0.0, STROKE_DB, len(level)) / 20.0)

    # Weinreich (JASA 62, 1977): the strings first move together and lose energy fast, then against each other.
    detuned = 2.0 ** (key.unison_cents[:, None] / 1200.0)
    share = 10.0 ** (at_key(piano.after_db, midi) / 20.0) / np.sqrt(len(detuned))
    after_level = np.tile(level * share, len(detuned))
    after_hz = (detuned * partials.hz).ravel()
    hz = np.concatenate([partials.hz, after_hz, key.knock_hz])
    amplitude = np.concatenate([level, after_level, knock])
    after_decay = np.tile(partials.after_db_per_s, len(detuned))
    decay = np.concatenate([partials.prompt_db_per_s, after_decay, key.knock_db_per_s])
    phase = np.concatenate([key.phase[:, : len(level)].ravel(), rng.uniform(0.0, 2.0 * np.pi, KNOCK_MODES)])
    rate = 2j * np.pi * hz - decay * NEPER
    heard = hz < HIGHEST_PART_OF_NYQUIST * sr / 2.0
    return (amplitude * np.exp(1j * phase))[heard], rate[heard]


@dataclass(frozen=True)
class _Character:
    """What is particular to one key of one piano."""

    unison_cents: npt.NDArray[np.float64]
    phase: npt.NDArray[np.float64]
    knock_hz: npt.NDArray[np.float64]
    knock_level: npt.NDArray[np.float64]
    knock_db_per_s: npt.NDArray[np.float64]


@lru_cache(maxsize=1024)
def _key_character(piano: Piano, midi: int) -> _Character:
    rng = np.random.default_rng([piano.seed, midi])
    # In the bass (one or two strings) one of them rings on, in its other polarization; above (three strings) two do.
    n_after = 1 if midi < 33 else 2
    unison = rng.normal(0.0, piano.unison_cents, n_after)
    phase = rng.uniform(0.0, 2.0 * np.pi, (1 + n_after, 1024))
    low, high = KNOCK_HZ
    hz = low * (high / low) ** rng.uniform(0.0, 1.0, KNOCK_MODES)
    level = rng.rayleigh(1.0, KNOCK_MODES) / (1.0 + hz / KNOCK_FLAT_HZ)
    level /= np.sqrt(np.sum(level**2))
    return _Character(unison, phase, hz, level, 60.0 / KNOCK_T60_S * np.sqrt(hz / 100.0))


def _ring(amplitude: Complex, rate: Complex, n: int, sr: int) -> npt.NDArray[np.float32]:
    """Sum of n samples of decaying sines, float32.

    exp(r t) at t = (block * BLOCK + k) / sr is a product of two short tables, so that a stretch of sound is one
    matrix product. Stretches double in length; the modes that have died away are left out of the next one.
    """
    y = np.empty(n, np.float32)
    within = _powers(rate / sr, BLOCK)
    start, stretch = 0, FIRST_STRETCH
    while start < n:
        alive = np.abs(amplitude) > SILENCE
        amplitude, rate, within = amplitude[alive], rate[alive], within[alive]
        length = min(stretch, n - start)
        blocks = amplitude[:, None] * _powers(rate * (BLOCK / sr), -(-length // BLOCK))
        left = np.concatenate([blocks.real, -blocks.imag]).astype(np.float32)
        right = np.concatenate([within.real, within.imag]).astype(np.float32)
        y[start : start + length] = (left.T @ right).ravel()[:length]
        amplitude = amplitude * np.exp(rate * (length / sr))
        start, stretch = start + length, 2 * stretch
    return y


def _powers(exponent: Complex, n: int) -> Complex:
    """exp(exponent * k) for k = 0..n - 1, shape (len(exponent), n): sixteen exponentials give 256 by products."""
    fine = np.exp(exponent[:, None] * np.arange(16))
    coarse = np.exp(exponent[:, None] * np.arange(0, n, 16))
    return (coarse[:, :, None] * fine[:, None, :]).reshape(len(exponent), -1)[:, :n]


def _samples_until_silence(amplitude: Complex, rate: Complex, sr: int) -> int:
    seconds = np.log(np.maximum(np.abs(amplitude), SILENCE) / SILENCE) / -rate.real
    return int(np.ceil(np.max(seconds, initial=0.0) * sr))
