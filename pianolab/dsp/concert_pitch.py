"""How is this piano tuned? Where its A4 lies, in Hz, told from the sound alone.

What comes in: blocks of samples. What comes out: how many cents the strong partials of the sound lie above or below the
keys of a piano at 440 Hz, as most of them say, and whether enough different keys say so. A distance of a whole semitone
cannot be told from another key, so the answer lies within half a semitone: a piano at 415 Hz sounds as one at 439 Hz
on which everything is played a semitone lower.
"""

import math

import numpy as np
import numpy.typing as npt

from pianolab.units import A4_HZ

FAR_CENTS = 40.0  # A piano that is further from 440 Hz is said: some of its keys are heard as their neighbours.
HEARD_S = 60.0  # The first minute is enough, and costs a thousandth of its time.

_WINDOW_S = 0.37  # Partials of neighbouring keys are told apart from 110 Hz up.
_BAND_HZ = (110.0, 1760.0)  # Below partials are too close, above strings are stiff and tuned sharp.
_SILENT_DB = -80.0  # dBFS; frames without a stronger partial are not asked.
_BELOW_DB = 30.0  # Partials that are weaker than the strongest by more are not asked.
_ASKED = 3  # So many partials of a frame: the strongest are the lowest, which stiffness hardly moves.
_SMOOTHED_CENTS = 5.0
_NEAR_CENTS = 15.0  # Partials that agree lie within this.
# The least number of semitones that must agree (as 1 / sum of squared shares), and the least length of the mean
# vector on the circle of 100 cents. 95 of 100 single notes stay below five keys, and the knocks of a treble note, which
# sound like many keys, below eight; phrases of twelve notes reach five, pieces eight.
_LEAST_KEYS, _LEAST_AGREEMENT = 5.0, 0.2
_MANY_KEYS = 8.0


class ConcertPitch:
    """Measures the tuning of a piano from blocks of its sound; what comes after the first minute changes nothing.

    Parameters
    ----------
    sr : int
        Rate of the blocks, Hz.

    Examples
    --------
    Nine notes of a piano that is tuned to 430 Hz.

    >>> from dataclasses import replace
    >>> from pianolab.piano import PIANOS, render
    >>> from pianolab.roll import Notes
    >>> onset = np.arange(9) * 0.5
    >>> tune = Notes(onset, onset + 0.5, [60, 62, 64, 65, 67, 69, 71, 72, 60])
    >>> pitch = ConcertPitch(sr=16000)
    >>> piano = replace(PIANOS["grand"], a4_hz=430.0)
    >>> pitch.push(render(tune, sr=16000, piano=piano))
    >>> round(pitch.a4_hz), pitch.is_sure
    (430, True)
    """

    def __init__(self, *, sr: float):
        self.sr = sr
        self._length = 2 ** round(math.log2(_WINDOW_S * sr))
        self._window = np.hanning(self._length) * 4.0 / self._length
        low, high = (int(hz * self._length / sr) for hz in _BAND_HZ)
        self._bins = np.arange(max(2, low), min(high, self._length // 2 - 1))
        self._waiting = np.zeros(0, np.float32)
        self._n_left = int(HEARD_S * sr)
        self._cents: list[npt.NDArray[np.float64]] = []  # above A4 = 440 Hz
        self._weight: list[npt.NDArray[np.float64]] = []

    def push(self, y: npt.NDArray[np.float32]) -> None:
        """Take the next block, (n,) samples in [-1, 1]."""
        y = y[: self._n_left]
        self._n_left -= len(y)
        samples, hop = np.concatenate([self._waiting, y]), self._length // 2
        starts = range(0, len(samples) - self._length + 1, hop)
        for start in starts:
            self._ask(samples[start : start + self._length])
        self._waiting = samples[len(starts) * hop :]

    def _ask(self, frame: npt.NDArray[np.float32]) -> None:
        """Note where the strongest partials of a frame lie."""
        level_db = 20.0 * np.log10(np.abs(np.fft.rfft(frame * self._window)) + 1e-12)
        here, below, above = level_db[self._bins], level_db[self._bins - 1], level_db[self._bins + 1]
        top = np.max(here, initial=-np.inf)
        if top < max(_SILENT_DB, np.max(level_db) - _BELOW_DB):  # What is left is silence, or a treble string's knock.
            return
        peaks = np.flatnonzero((here > below) & (here >= above) & (here > top - _BELOW_DB))
        peaks = peaks[np.argsort(-here[peaks])[:_ASKED]]
        left, middle, right = below[peaks], here[peaks], above[peaks]
        place = self._bins[peaks] + 0.5 * (left - right) / (left - 2.0 * middle + right)
        self._cents.append(1200.0 * np.log2(place * self.sr / self._length / A4_HZ))
        self._weight.append(10.0 ** ((middle - top) / 40.0))

    def _cluster(self) -> tuple[float, float, float]:
        """Cents above 440 Hz, how many semitones agree, and how well all partials do (0 to 1)."""
        cents, weight = np.concatenate([*self._cents, []]), np.concatenate([*self._weight, []])
        if not np.sum(weight) > 0:
            return 0.0, 0.0, 0.0
        votes = np.bincount(np.mod(cents, 100.0).astype(int) % 100, weights=weight, minlength=100)
        away = np.minimum(np.arange(100), 100 - np.arange(100))
        smooth = np.exp(-0.5 * (away / _SMOOTHED_CENTS) ** 2)
        most = np.argmax(np.fft.irfft(np.fft.rfft(votes) * np.fft.rfft(smooth), 100)) + 0.5
        off = np.mod(cents - most + 50.0, 100.0) - 50.0
        near = np.abs(off) < _NEAR_CENTS
        found = most + np.average(off[near], weights=weight[near])
        found = float(np.mod(found + 50.0, 100.0) - 50.0)
        semitone = np.round((cents[near] - found) / 100.0).astype(int)
        share = np.bincount(semitone - np.min(semitone), weights=weight[near]) / np.sum(weight[near])
        agreement = abs(np.sum(weight * np.exp(2j * np.pi * cents / 100.0))) / np.sum(weight)
        return found, float(1.0 / np.sum(share**2)), float(agreement)

    @property
    def cents(self) -> float:
        """How much the piano sounds above A4 = 440 Hz, within -50 to 50 cents; 0 where nothing was heard."""
        return self._cluster()[0]

    @property
    def a4_hz(self) -> float:
        """The frequency of its A4, Hz."""
        return A4_HZ * 2.0 ** (self.cents / 1200.0)

    @property
    def is_sure(self) -> bool:
        """Whether several keys agree; a single note tells little, because its partials are those of other keys too."""
        _, n_keys, agreement = self._cluster()
        return n_keys >= _LEAST_KEYS and agreement >= _LEAST_AGREEMENT

    @property
    def is_far(self) -> bool:
        """Whether many keys agree that the piano is nearly half a semitone away from A4 = 440 Hz."""
        cents, n_keys, agreement = self._cluster()
        return abs(cents) > FAR_CENTS and n_keys >= _MANY_KEYS and agreement >= _LEAST_AGREEMENT
