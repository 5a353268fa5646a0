"""The asked notes in the sound of a scale: when each was struck, how it is tuned and how loud it is.

What comes in: the sound, and which keys were asked for in which order. What comes out: one stroke for each note that
was heard. The order is known, so that the piano may be a semitone out of tune, a key may be tried twice or left out,
and somebody may cough.

Strokes are where new sound begins. How well a stroke fits a key is the share of its power that lies at the partials of
that key's string. The best way through strokes and keys, for all tunings that can be, is found by dynamic programming.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from pianolab import sound
from pianolab.dsp.peaks import parabola_shift
from pianolab.dsp.piano_profile import TYPICAL_CENTS
from pianolab.dsp.tuning import TYPICAL_B, partial_ratios
from pianolab.my_piano.plan import Asked
from pianolab.units import MIDI_LOW, cents_between, key_hz

Floats = NDArray[np.float64]

SR = 22050  # Hz; C8 and its second partial lie below half of it.
_HOP = 220  # Samples: 10 ms.
_LEVEL_S = 0.046  # A level is taken over so long.
_RISES_DB = 4.0  # A stroke makes some part of the spectrum louder by so much ...
_BEFORE_S = 0.08  # ... than it was so long before.
_APART_S = 0.25  # Of strokes that are nearer to each other the stronger counts.
_ABOVE_NOISE_DB = 6.0  # A stroke is so much louder than the room.
_BANDS_HZ = (30.0, 120.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 9000.0)
_SETTLED_S = 0.03  # The knock of the hammer is left out.
_WINDOW_S = {48: 0.70, 84: 0.35, 128: 0.18}  # Below these keys a stroke is looked at for so long.
_N_FFT = 2**17  # Bins of 0.17 Hz.
_PARTIALS_BELOW_HZ = 9000.0
_MOST_PARTIALS = 24
_NEAR_CENTS = 15.0  # Power this near to a partial is of it.
# How far a whole piano may lie from 440 Hz, and then each of its keys from the others, cents.
_PIANO_CENTS = np.arange(-160.0, 121.0, 10.0)
_KEY_CENTS = np.arange(-60.0, 61.0, 10.0)
_KEY_COST = 0.15  # A key that lies 60 cents off fits so much less well.
_CLEAR_DB, _FAINT_SHARE = 25.0, 0.4  # A stroke that rises by less counts less, down to this share.
_LEAST_FIT = 0.15  # Strokes that fit less well are something else.
_OUT_OF_TUNE_CENTS = 75.0  # A key that lies further from the others was not the one that was asked for.
_TUNED_BY = 3  # So many of the lowest partials tell the pitch; those of stiff strings lie further apart.
_TUNED_BY_BASS, _BASS_BELOW = 8, 48  # The lowest of a bass string are weak.


@dataclass(frozen=True)
class Stroke:
    """An asked note that was heard.

    Attributes
    ----------
    asked : int
        Which of the asked notes, from 0.
    onset_s : float
        Seconds in the sound.
    cents : float
        Where its first partial lies against equal temperament at 440 Hz.
    level_db : float
        Of its loudest 46 ms, dBFS.
    """

    asked: int
    onset_s: float
    cents: float
    level_db: float


@dataclass(frozen=True, eq=False)
class HeardScale:
    """What a scale tells.

    Attributes
    ----------
    strokes : tuple of Stroke
        Of the asked notes that were heard, in time.
    noise_db : float
        Level of the room between the notes, dBFS.
    """

    strokes: tuple[Stroke, ...]
    noise_db: float


def find_strokes(y: NDArray[np.float32], *, sr: float, plan: tuple[Asked, ...]) -> HeardScale:
    """Find the notes of a scale in its sound.

    Parameters
    ----------
    y : (n,) float32
        Samples in [-1, 1].
    sr : float
        Rate in Hz.
    plan : tuple of Asked
        The keys in the order in which they were asked for.

    Returns
    -------
    HeardScale

    Examples
    --------
    >>> from pianolab.my_piano.plan import PLAN, as_notes
    >>> from pianolab.piano import render
    >>> heard = find_strokes(render(as_notes(PLAN[:4]), sr=22050), sr=22050, plan=PLAN[:4])
    >>> [stroke.onset_s.__round__(1) for stroke in heard.strokes]
    [3.0, 4.6, 6.2, 7.8]
    """
    y = sound.resample(sound.check_signal(y, sr=sr), sr=sr, target_sr=SR)
    level_db = levels(y)
    noise_db = float(np.percentile(level_db, 5)) if len(level_db) else -200.0
    onsets, rises_db = onsets_of(y, level_db, noise_db=noise_db)
    spectra = [Spectrum(y, onset, after) for onset, after in itertools.pairwise([*onsets, len(y)])]
    strokes = []
    for i, asked, cents in _best_way(spectra, np.array(rises_db), plan):
        cents = spectra[i].pitch(plan[asked].midi, cents)
        first = onsets[i] // _HOP
        loudest = float(np.max(level_db[first : first + 15]))
        strokes.append(Stroke(asked, onsets[i] / SR, cents, loudest))
    return HeardScale(tuple(_in_tune(strokes, plan)), noise_db)


def levels(y: NDArray[np.float32]) -> Floats:
    """Level of each 10 ms, over the 46 ms around it, dBFS; y at ``SR``.

    Parameters
    ----------
    y : (n,) float32

    Returns
    -------
    (T,) float64
        At least -200.
    """
    length = round(_LEVEL_S * SR)
    if len(y) < length:
        return np.zeros(0)
    power = np.convolve(y.astype(float) ** 2, np.full(length, 1.0 / length), "same")[::_HOP]
    return 10.0 * np.log10(np.maximum(power, 1e-20))


def onsets_of(y: NDArray[np.float32], level_db: Floats, *, noise_db: float) -> tuple[list[int], list[float]]:
    """Where new sound begins.

    Parameters
    ----------
    y : (n,) float32
        At ``SR``.
    level_db : (T,) float64
        From `levels`.
    noise_db : float
        Level of the room, dBFS.

    Returns
    -------
    onsets : list of int
        Samples.
    rises_db : list of float
        By how much the three bands that rise most become louder, dB.
    """
    back = round(_BEFORE_S * SR / _HOP)
    n_fft = 2048
    if len(y) < n_fft or len(level_db) <= back:
        return [], []
    padded = np.pad(y, (n_fft // 2, n_fft // 2))
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::_HOP][: len(level_db)]
    power = np.abs(np.fft.rfft(frames * np.hanning(n_fft).astype(np.float32), axis=1)) ** 2
    edges = np.searchsorted(np.fft.rfftfreq(n_fft, 1.0 / SR), _BANDS_HZ)
    bands = np.stack([power[:, a:b].sum(axis=1) for a, b in itertools.pairwise(edges)], axis=1)
    # What is 50 dB below the loudest moment of its band is silence: no rise from there is counted twice.
    least = np.maximum(bands.max(axis=0) * 1e-5, 1e-12)
    bands_db = 10.0 * np.log10(bands + least)
    before = np.concatenate([np.repeat(bands_db[:1], back, axis=0), bands_db[:-back]])
    # The three bands that rise most tell: a bass string reaches them all, a treble string has no more.
    rise = np.sort(np.maximum(bands_db - before, 0.0), axis=1)[:, -3:].mean(axis=1)
    loud = np.maximum.reduce([np.roll(level_db, -shift) for shift in range(10)]) > noise_db + _ABOVE_NOISE_DB
    peaks, _ = find_peaks(np.where(loud, rise, 0.0), height=_RISES_DB, distance=round(_APART_S * SR / _HOP))
    onsets = [max(0, int(peak) * _HOP - round(0.5 * _BEFORE_S * SR)) for peak in peaks]
    return onsets, rise[peaks].tolist()


class Spectrum:
    """Partials of one stroke, until the next one begins."""

    def __init__(self, y: NDArray[np.float32], onset: int, after: int):
        self._y, self._start, self._after = y, onset + round((_SETTLED_S + 0.5 * _BEFORE_S) * SR), after
        self._known: dict[float, tuple[Floats, Floats]] = {}

    def _power(self, midi: int) -> tuple[Floats, Floats]:
        """Power of each bin and its running sum, for a window that suits the key."""
        length_s = next(length_s for below, length_s in _WINDOW_S.items() if midi < below)
        if length_s not in self._known:
            end = min(self._start + round(length_s * SR), self._after, len(self._y))
            part = self._y[self._start : max(end, self._start)]
            power = np.abs(np.fft.rfft(part * np.hanning(len(part)), _N_FFT)) ** 2
            self._known[length_s] = power, np.cumsum(power)
        return self._known[length_s]

    def fits(self, midi: int, cents: Floats) -> Floats:
        """Which share of the power lies at the partials of a key, for each tuning; what chance gives is taken off."""
        power, total = self._power(midi)
        if not total[-1] > 0.0:
            return np.zeros(len(cents))
        ratios = _ratios(midi)
        hz = key_hz()[midi - MIDI_LOW] * 2.0 ** (cents[:, None] / 1200.0) * ratios
        bin_hz = SR / _N_FFT
        window_bins = _N_FFT / (next(s for below, s in _WINDOW_S.items() if midi < below) * SR)
        near = np.maximum(hz * _NEAR_CENTS * np.log(2) / 1200.0 / bin_hz, window_bins)
        half = np.minimum(near, 0.25 * hz[:, :1] / bin_hz)
        first, last = (np.clip((hz / bin_hz + side * half).astype(int), 1, len(power) - 1) for side in (-1, 1))
        inside = np.where(hz < _PARTIALS_BELOW_HZ, total[last] - total[first], 0.0) / total[-1]
        share, odd = inside.sum(axis=1), inside[:, ::2].sum(axis=1)
        chance = 2.0 * half[:, 0] * bin_hz / hz[:, 0]
        # Of a key an octave higher the partials of even number would have all.
        return np.maximum(share - chance, 0.0) * np.minimum(1.0, 0.5 + 5.0 * odd / np.maximum(share, 1e-9))

    def pitch(self, midi: int, cents: float) -> float:
        """Cents of the first partial, from the lowest partials, near the cents that are known roughly."""
        power, _ = self._power(midi)
        ratios = _ratios(midi)[: _TUNED_BY_BASS if midi < _BASS_BELOW else _TUNED_BY]
        hz = key_hz()[midi - MIDI_LOW] * 2.0 ** (cents / 1200.0) * ratios
        found, weight = [], []
        for expected, ratio in zip(hz[hz < _PARTIALS_BELOW_HZ], ratios, strict=False):
            low, high = (int(expected * 2.0 ** (side * 45.0 / 1200.0) * _N_FFT / SR) for side in (-1, 1))
            at = low + int(np.argmax(power[low : high + 1]))
            if not low < at < high or not power[at] > 0.0:
                continue
            shift = parabola_shift(*np.log(power[at - 1 : at + 2] + 1e-30))
            found.append(cents_between((at + shift) * SR / _N_FFT / ratio, key_hz()[midi - MIDI_LOW]))
            weight.append(np.sqrt(power[at]) / ratio)  # How stiff the string is moves high partials most.
        return _weighted_median(np.array(found), np.array(weight)) if found else cents


def _ratios(midi: int) -> Floats:
    return np.asarray(partial_ratios(np.arange(1, _MOST_PARTIALS + 1), TYPICAL_B[midi - MIDI_LOW]), dtype=float)


def _weighted_median(values: Floats, weight: Floats) -> float:
    order = np.argsort(values)
    total = np.cumsum(weight[order])
    return float(np.interp(0.5 * total[-1], total - 0.5 * weight[order], values[order]))


def _best_way(spectra: list[Spectrum], rises_db: Floats, plan: tuple[Asked, ...]) -> list[tuple[int, int, float]]:
    """(stroke, asked note, cents) of those that belong together, in the tuning in which most of them fit."""
    if not spectra or not plan:
        return []
    grid = np.arange(_PIANO_CENTS[0] + _KEY_CENTS[0], _PIANO_CENTS[-1] + _KEY_CENTS[-1] + 1.0, 10.0)
    keys = list(dict.fromkeys(asked.midi for asked in plan))
    fits = {midi: np.stack([one.fits(midi, grid + TYPICAL_CENTS[midi - MIDI_LOW]) for one in spectra]) for midi in keys}
    # Strings that beat, and keys that are let go, look like faint strokes of the same key.
    clear = _FAINT_SHARE + (1.0 - _FAINT_SHARE) * np.minimum(rises_db / _CLEAR_DB, 1.0)[:, None]
    cost = _KEY_COST * np.abs(_KEY_CENTS) / _KEY_CENTS[-1]
    best: tuple[float, list[tuple[int, int, float]]] = (-1.0, [])
    for number in range(len(_PIANO_CENTS)):
        around = slice(number, number + len(_KEY_CENTS))
        of_key = {midi: fit[:, around] - cost for midi, fit in fits.items()}
        gain = np.stack([of_key[asked.midi].max(axis=1) for asked in plan], axis=1) * clear - _LEAST_FIT
        total, pairs = _aligned(gain)
        # Nearly the same is told of two tunings that lie a few cents apart, and the nearer to 440 Hz is likelier.
        total -= 0.001 * abs(_PIANO_CENTS[number])
        if total > best[0]:
            where = {(i, j): int(np.argmax(of_key[plan[j].midi][i])) for i, j in pairs}
            base = [TYPICAL_CENTS[asked.midi - MIDI_LOW] for asked in plan]
            best = total, [(i, j, float(base[j] + grid[number + k])) for (i, j), k in where.items()]
    return best[1]


def _aligned(gain: Floats) -> tuple[float, list[tuple[int, int]]]:
    """The pairs (stroke, asked note), both in order, that gain most; each may be left out."""
    n_strokes, n_asked = gain.shape
    total = np.zeros((n_strokes + 1, n_asked + 1))
    for i in range(n_strokes):
        for j in range(n_asked):
            # A note that is played again counts the last time: ties go to the later stroke.
            total[i + 1, j + 1] = max(total[i, j + 1], total[i + 1, j], total[i, j] + gain[i, j])
    pairs, i, j = [], n_strokes, n_asked
    while i and j:
        if total[i, j] == total[i, j - 1]:
            j -= 1
        elif total[i, j] == total[i - 1, j]:
            i -= 1
        else:
            i, j = i - 1, j - 1
            pairs.append((i, j))
    return float(total[-1, -1]), pairs[::-1]


def _in_tune(strokes: list[Stroke], plan: tuple[Asked, ...]) -> list[Stroke]:
    """Those whose key lies where the others say that it should."""
    if not strokes:
        return []
    off = np.array([stroke.cents - TYPICAL_CENTS[plan[stroke.asked].midi - MIDI_LOW] for stroke in strokes])
    near = np.abs(off - np.median(off)) <= _OUT_OF_TUNE_CENTS
    return [stroke for stroke, is_near in zip(strokes, near, strict=True) if is_near]
