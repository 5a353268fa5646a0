"""Pianos as numbers: stiffness, tuning, hammers, decay, and from these the partials of every key.

Every number that shapes the sound is a named constant; docs/piano.md says where it comes from and how near it comes to
a real grand piano.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import overload

import numpy as np
import numpy.typing as npt

from pianolab.errors import PianolabError
from pianolab.units import A4_HZ, A4_MIDI, MIDI_HIGH, MIDI_LOW, Number

DEFAULT_VELOCITY = 64  # This stands where a note has no velocity; the constants were fitted at this strength, too.
VELOCITY_RANGE_DB = 45.0  # Velocity 127 is so much louder than 1: a Disklavier has 0.23 dB a step (docs/piano.md).
CONTACT_EXPONENT = 0.25  # C4's hammer stays 4 ms when soft, 2 ms 24 dB louder (Askenfelt & Jansson, JASA 93, 1993).
ANCHOR_KEYS = (21, 40, 60, 84, 108)  # A0 E2 C4 C6 C8: curves along the keyboard are given at these keys.
TOP_HZ = 16000.0  # No partial above this is audible in any measured note.
LEAST_PARTIAL_DB = -80.0  # Partials weaker than this, against the strongest, are left out.
STRIKE_FLOOR = 0.18  # A hammer is wide and a string stiff: partial 8 is weak (-15 dB), not missing (fitted).
NEPER = float(np.log(10.0) / 20.0)  # One dB is this much in the natural logarithm of amplitude.

Pair = tuple[float, float]
AtAnchors = tuple[float, float, float, float, float]


class PianoError(PianolabError):
    """A piano, room, note or setting that cannot be rendered."""


@dataclass(frozen=True)
class Partials:
    """What rings when a key is struck: one entry a partial.

    Attributes
    ----------
    hz : (n,) float64
        Frequency, f_n = n f0 sqrt(1 + B n^2).
    level_db : (n,) float64
        Level at the onset against the strongest partial, dB.
    prompt_db_per_s, after_db_per_s : (n,) float64
        Decay of the first and the second stage, dB/s, positive.
    """

    hz: npt.NDArray[np.floating]
    level_db: npt.NDArray[np.floating]
    prompt_db_per_s: npt.NDArray[np.floating]
    after_db_per_s: npt.NDArray[np.floating]


@dataclass(frozen=True)
class Piano:
    """One instrument. Tuples of five are values at A0 E2 C4 C6 C8, joined by straight lines.

    Attributes
    ----------
    name, summary : str
        What it is called and what it is.
    bass_stiffness, treble_stiffness : tuple of 2
        Slope per key and intercept of ln B on the two bridges (Rigaud, David & Daudet, JASA 133(5), 2013).
    octave_type : tuple of 3
        (kappa, m0, alpha) of the tuner's octaves (the same paper).
    tuning_scatter_cents : float
        Standard deviation of each key around that tuning.
    unison_cents : float
        Standard deviation of the strings of one key around each other.
    strike_ratio : tuple of 5
        Where the hammer hits, as a part of the string's length.
    brightness_hz : tuple of 5
        The hammer's spectrum falls as exp(-sqrt(f / brightness_hz)) at velocity 64.
    radiation_hz, radiation_order : float
        Below this frequency the soundboard hardly radiates, and how steeply.
    ripple_db : float
        Standard deviation of single partials around the smooth curve (soundboard resonances).
    level_db : tuple of 5
        RMS of the strings at the onset, dBFS at velocity 64, before ``gain_db``.
    prompt_db_per_s, after_db_per_s : tuple of 5
        Decay of the first partial, early and late; between the anchors in proportion.
    decay_order : tuple of 2
        How fast either decay grows with partial frequency: (f_n / f_1) ** decay_order.
    after_db : tuple of 5
        Level of the second stage at the onset, against the first.
    knock_db : tuple of 5
        Level of the knock under the strings at the onset.
    damper_db_per_s : tuple of 5
        Extra decay once the damper lies on the string.
    gain_db : float
        Of the whole instrument; a single fortissimo note stays below full scale.
    a4_hz : float
        Frequency of A4's first partial.
    seed : int
        Fixes what is particular to this instrument (scatter of tuning, unisons, ripple).
    """

    name: str
    summary: str
    bass_stiffness: Pair = (-0.110, -6.03)
    treble_stiffness: Pair = (0.0874, -13.42)
    octave_type: tuple[float, float, float] = (3.5, 73.3, 40.0)
    tuning_scatter_cents: float = 0.7
    unison_cents: float = 0.4
    strike_ratio: AtAnchors = (0.119, 0.120, 0.118, 0.08, 0.05)
    brightness_hz: AtAnchors = (65.0, 48.0, 72.0, 43.0, 32.0)
    radiation_hz: float = 76.0
    radiation_order: float = 5.2
    ripple_db: float = 3.7
    level_db: AtAnchors = (-17.5, -17.5, -19.5, -22.0, -25.0)
    prompt_db_per_s: AtAnchors = (2.2, 6.0, 18.0, 40.0, 220.0)
    after_db_per_s: AtAnchors = (1.1, 1.1, 2.4, 5.6, 34.0)
    decay_order: Pair = (0.24, 0.25)
    after_db: AtAnchors = (-18.5, -14.0, -25.5, -24.0, -18.5)
    knock_db: AtAnchors = (-20.0, -20.0, -18.0, -15.0, -8.0)
    damper_db_per_s: AtAnchors = (110.0, 180.0, 300.0, 400.0, 400.0)
    gain_db: float = -8.0
    a4_hz: float = A4_HZ
    seed: int = field(default=0, repr=False)

    @overload
    def inharmonicity(self, midi: Number) -> float: ...
    @overload
    def inharmonicity(self, midi: npt.ArrayLike) -> npt.NDArray[np.float64]: ...
    def inharmonicity(self, midi: npt.ArrayLike) -> npt.NDArray[np.float64] | float:
        """Inharmonicity coefficient B of a key (fractional numbers allowed).

        ``B = exp(s_B m + y_B) + exp(s_T m + y_T)``: wrapped bass strings and plain treble strings
        (Rigaud, David & Daudet 2013).

        Parameters
        ----------
        midi : float or array
            MIDI number.

        Returns
        -------
        float or array

        Raises
        ------
        PianoError
            If a key is off the keyboard.
        """
        return _two_bridges(self, _keys(midi))[()]

    @overload
    def f0_hz(self, midi: Number) -> float: ...
    @overload
    def f0_hz(self, midi: npt.ArrayLike) -> npt.NDArray[np.float64]: ...
    def f0_hz(self, midi: npt.ArrayLike) -> npt.NDArray[np.float64] | float:
        """Frequency f0 of a key's ideal (perfectly flexible) string, Hz; its first partial is f0 sqrt(1 + B).

        The octave m to m + 12 is tuned so that partial 2 rho of the lower meets partial rho of the upper key; A4's
        first partial is ``a4_hz``; each key is off by its own small scatter.

        Parameters
        ----------
        midi : int or array
            MIDI number, 21..108.

        Returns
        -------
        float or array

        Raises
        ------
        PianoError
            If a key is off the keyboard or between two keys.
        """
        return _tuning(self)[_whole_keys(midi) - MIDI_LOW][()]

    def partials(self, midi: int, velocity: float = DEFAULT_VELOCITY) -> Partials:
        """The partials of a key struck at a MIDI velocity, up to 16 kHz and down to -80 dB.

        Parameters
        ----------
        midi : int
            MIDI number, 21..108.
        velocity : float
            MIDI velocity, 0..127: harder is brighter.

        Returns
        -------
        Partials

        Raises
        ------
        PianoError
            If the key is off the keyboard or between two keys, or no key can be struck at this velocity.

        Examples
        --------
        >>> PIANOS["grand"].partials(69).hz[:3].round().tolist()
        [440.0, 881.0, 1323.0]
        """
        midi = int(_whole_keys(midi))
        b, f0 = self.inharmonicity(midi), self.f0_hz(midi)
        n = np.arange(1, int(TOP_HZ / f0) + 1)
        hz = n * f0 * np.sqrt(1.0 + b * n**2)
        n, hz = n[hz < TOP_HZ], hz[hz < TOP_HZ]
        level_db = _partial_levels(self, midi, velocity, n, hz)
        heard = level_db > LEAST_PARTIAL_DB
        prompt = _rate_at_key(self.prompt_db_per_s, midi) * (hz / hz[0]) ** self.decay_order[0]
        after = _rate_at_key(self.after_db_per_s, midi) * (hz / hz[0]) ** self.decay_order[1]
        return Partials(hz[heard], level_db[heard], prompt[heard], after[heard])


@overload
def velocity_gain(velocity: Number) -> float: ...
@overload
def velocity_gain(velocity: npt.ArrayLike) -> npt.NDArray[np.float64]: ...
def velocity_gain(velocity: npt.ArrayLike) -> npt.NDArray[np.float64] | float:
    """Amplitude of a MIDI velocity against velocity 127: (m v + b)^2 (Dannenberg, ICMC 2006, 45 dB from 1 to 127).

    Parameters
    ----------
    velocity : float or array
        0..127.

    Returns
    -------
    float or array
        Linear amplitude, 1 at 127.

    Raises
    ------
    PianoError
        If a velocity is not within 0..127.

    Examples
    --------
    >>> round(20 * np.log10(velocity_gain(1)))
    -45
    """
    velocity = np.asarray(velocity, dtype=float)
    if not np.all((velocity >= 0) & (velocity <= 127)):
        raise PianoError(f"velocity {velocity} cannot be played: use 0 to 127")
    root = 10.0 ** (VELOCITY_RANGE_DB / 40.0)
    b = 127.0 / (126.0 * root) - 1.0 / 126.0
    return ((1.0 - b) / 127.0 * velocity + b)[()] ** 2


def at_key(curve: AtAnchors, midi: float) -> float:
    """The value of a curve along the keyboard at one key.

    Parameters
    ----------
    curve : tuple of 5
        Values at ``ANCHOR_KEYS``.
    midi : float
        MIDI number.

    Returns
    -------
    float
        On the straight lines between the anchors.
    """
    return float(np.interp(midi, ANCHOR_KEYS, curve))


def _rate_at_key(curve: AtAnchors, midi: float) -> float:
    return float(np.exp(np.interp(midi, ANCHOR_KEYS, np.log(curve))))


def _partial_levels(piano: Piano, midi: int, velocity: float, n: npt.NDArray, hz: npt.NDArray) -> npt.NDArray:
    """Level of partials n at their frequencies, dB against the strongest: strike, hammer, soundboard, ripple."""
    strike = np.abs(np.sin(np.pi * n * at_key(piano.strike_ratio, midi)))
    hammer_hz = at_key(piano.brightness_hz, midi)
    hammer_hz *= (velocity_gain(velocity) / velocity_gain(DEFAULT_VELOCITY)) ** CONTACT_EXPONENT
    radiation_db = -10.0 * np.log10(1.0 + (piano.radiation_hz / hz) ** (2.0 * piano.radiation_order))
    ripple_db = np.random.default_rng([piano.seed, midi, 1]).normal(0.0, piano.ripple_db, len(n))
    comb_db = 10.0 * np.log10(strike**2 + STRIKE_FLOOR**2)
    level_db = comb_db - np.sqrt(hz / hammer_hz) / NEPER + radiation_db + ripple_db
    return level_db - level_db.max()


def _two_bridges(piano: Piano, midi: npt.ArrayLike) -> npt.NDArray[np.float64]:
    midi = np.asarray(midi, dtype=float)
    bass, treble = (np.exp(slope * midi + start) for slope, start in (piano.bass_stiffness, piano.treble_stiffness))
    return bass + treble


@lru_cache(maxsize=64)
def _tuning(piano: Piano) -> npt.NDArray[np.float64]:
    """f0 of the 88 keys, Hz. The stretch of an octave is spread evenly over its twelve semitones."""
    middle = np.arange(MIDI_LOW, MIDI_HIGH) + 0.5
    kappa, m0, alpha = piano.octave_type
    rho = 1.0 + kappa / 2.0 * (1.0 - np.tanh((middle - m0) / alpha))
    lower, upper = _two_bridges(piano, middle - 6.0), _two_bridges(piano, middle + 6.0)
    octave = 2.0 * np.sqrt((1.0 + lower * (2.0 * rho) ** 2) / (1.0 + upper * rho**2))
    f0 = np.exp(np.concatenate([[0.0], np.cumsum(np.log(octave) / 12.0)]))
    f0 *= piano.a4_hz / (f0[A4_MIDI - MIDI_LOW] * np.sqrt(1.0 + _two_bridges(piano, float(A4_MIDI))))
    cents = np.random.default_rng([piano.seed, 0]).normal(0.0, piano.tuning_scatter_cents, len(f0))
    cents[A4_MIDI - MIDI_LOW] = 0.0
    f0 *= 2.0 ** (cents / 1200.0)
    f0.setflags(write=False)
    return f0


def _keys(midi: npt.ArrayLike) -> npt.NDArray[np.float64]:
    keys = np.asarray(midi, dtype=float)
    if not np.all((keys >= MIDI_LOW) & (keys <= MIDI_HIGH)):
        raise PianoError(f"MIDI {midi} is off the keyboard: use {MIDI_LOW} (A0) to {MIDI_HIGH} (C8)")
    return keys


def _whole_keys(midi: npt.ArrayLike) -> npt.NDArray[np.int_]:
    keys = _keys(midi)
    if np.any(keys != np.round(keys)):
        raise PianoError(f"MIDI {midi} lies between two keys: use a whole number")
    return keys.astype(int)


PIANOS = {
    piano.name: piano
    for piano in (
        Piano("grand", "a well-kept concert grand, fitted to recordings of a Yamaha C5"),
        Piano(
            "upright",
            "an old upright: stiff short strings, out of tune, short decay, a loud action",
            bass_stiffness=(-0.100, -5.40),
            treble_stiffness=(0.0874, -13.10),
            tuning_scatter_cents=5.0,
            unison_cents=3.0,
            brightness_hz=(95.0, 75.0, 75.0, 46.0, 42.0),
            radiation_hz=105.0,
            ripple_db=6.0,
            prompt_db_per_s=(5.0, 10.0, 26.0, 75.0, 260.0),
            after_db_per_s=(2.5, 3.5, 7.0, 20.0, 50.0),
            after_db=(-4.0, -4.0, -9.0, -8.0, -12.0),
            knock_db=(-15.0, -15.0, -13.0, -7.0, 2.0),
            damper_db_per_s=(70.0, 110.0, 180.0, 250.0, 250.0),
            seed=2,
        ),
        Piano(
            "bright",
            "a hard-hammered stage grand, tuned to 442 Hz",
            strike_ratio=(0.115, 0.115, 0.11, 0.08, 0.05),
            brightness_hz=(150.0, 125.0, 150.0, 95.0, 80.0),
            ripple_db=4.0,
            knock_db=(-19.0, -19.0, -17.0, -10.0, 0.0),
            a4_hz=442.0,
            seed=3,
        ),
        Piano(
            "felt",
            "a grand with a strip of felt before the hammers: soft and dull",
            brightness_hz=(38.0, 30.0, 33.0, 24.0, 24.0),
            knock_db=(-18.0, -18.0, -16.0, -10.0, -1.0),
            seed=4,
        ),
    )
}
