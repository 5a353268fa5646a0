"""Kernels that several detectors share: halved rates, spectra, bins, combs, YIN's difference function, onset evidence.

What comes in: samples in [-1, 1], cut into frames (rows). What comes out: one row of numbers a frame. Nothing here
knows its neighbours: a row's result has the same bits whether it comes alone or among 255 others, so that what is
heard does not depend on the blocks in which sound arrives. (Matrix products lack that property; FFTs row by row and
compiled loops have it.) All windows of a frame end at its newest sample: a long window for the bass and a short one
for the treble then hear a new note at the same moment.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft
import scipy.signal
from numba import njit

from pianolab.detector import DetectorError
from pianolab.piano import Piano
from pianolab.units import MIDI_HIGH, MIDI_LOW, N_KEYS, key_hz

LANES = 32  # frames that a comb treats side by side
BINS_PER_KEY = 3  # of log_bins; bin 3 k + 1 is key k's equal-tempered frequency
N_BINS = 294  # from A0 to 7.6 kHz
HALVING_TAPS = 31
HALVING_CUTOFF = 0.245  # of the rate: flat to 0.2, -60 dB where 0.3 would fold back to 0.2
FLUX_LENGTH = 1024  # samples at 44.1 kHz: 23 ms, two hops
FLUX_FLOOR = 1e-5  # magnitudes below -100 dBFS are no onset
FLUX_DELAY_S = -0.010  # its peak's frame is that much before the onset, with LEVEL_LENGTH of lookahead (fitted)
FLUX_AT_HALF = 0.14  # the least rise of 99 in 100 onsets in the tune recordings
DETUNED_CENTS = 30.0  # templates reach this far either way; between two keys the nearer one wins
REFINED_PARTIALS = 6  # partials that a frequency is read from: inharmonicity is uncertain above
LOWEST_HZ = 20.0  # below is no sound of a piano
LEVEL_LENGTH = 1024  # samples at 44.1 kHz
DC_ROUNDING = 1e-12  # of the power: what is left of a constant by rounding


# ------------------------------------------------------------------------------------------------------- windows


def hann(n, *, peak_at=0.5):
    """Hann window with its peak moved to ``peak_at`` of its length, (n,) float32.

    A peak near the end weighs the newest sound most: the window keeps its length, and so most of its resolution, but
    hears a new note sooner.
    """
    t = (np.arange(n) + 0.5) / n
    phase = np.where(t < peak_at, 0.5 * t / peak_at, 0.5 + 0.5 * (t - peak_at) / (1.0 - peak_at))
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * phase)).astype(np.float32)


@lru_cache(maxsize=8)
def periodic_hann(n):
    """The Hann window whose n-th sample would be its first again, (n,) float32."""
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(n) / n)).astype(np.float32)


def newest(samples, *, n_frames, length, hop_length):
    """Frames counted from the end: the last row ends with the last sample, (n_frames, length) view."""
    start = len(samples) - length - (n_frames - 1) * hop_length
    if start < 0:
        raise ValueError(f"{len(samples)} samples do not hold {n_frames} frames of {length} every {hop_length}")
    return np.lib.stride_tricks.sliding_window_view(samples[start:], length)[::hop_length]


_HALVING = scipy.signal.firwin(HALVING_TAPS, 2 * HALVING_CUTOFF).astype(np.float32)


def halve(samples):
    """The same sound at half the rate, only where the filter lies wholly inside; the ends coincide.

    Parameters
    ----------
    samples : (n,) float32

    Returns
    -------
    (m,) float32, m = (n - 31) // 2 + 1
    """
    start = (len(samples) - HALVING_TAPS) % 2
    return _halve(samples[start:], _HALVING)


@njit(cache=True)
def _halve(samples, taps):
    n = (len(samples) - len(taps)) // 2 + 1
    even, odd = samples[0::2].copy(), samples[1::2].copy()
    out = np.zeros(n, np.float32)
    for i in range(0, len(taps), 2):
        part, tap = even[i // 2 : i // 2 + n], taps[i]
        for m in range(n):
            out[m] += tap * part[m]
    for i in range(1, len(taps), 2):
        part, tap = odd[i // 2 : i // 2 + n], taps[i]
        for m in range(n):
            out[m] += tap * part[m]
    return out


def length_at_full_rate(n, divisor):
    """Samples at the full rate that give n after halving until the rate is divided by ``divisor``."""
    for _ in range(divisor.bit_length() - 1):
        n = 2 * (n - 1) + HALVING_TAPS
    return n


@njit(cache=True)
def filtered(samples, taps):
    """Samples through a FIR filter, only where it lies wholly inside, (n - len(taps) + 1,) float32."""
    n = len(samples) - len(taps) + 1
    out = np.zeros(n, np.float32)
    for i in range(len(taps)):
        part, tap = samples[i : i + n], taps[i]
        for m in range(n):
            out[m] += tap * part[m]
    return out


@njit(cache=True, fastmath={"reassoc", "nsz", "arcp", "contract"})  # a sum over one row only
def level_db(samples, n_frames, hop_length, length, with_dc=False):
    """RMS level of the newest ``length`` samples of each frame, (n_frames,) float32 dBFS; -inf for digital silence.

    A constant (DC) is no sound and does not count, unless ``with_dc`` says so.
    """
    out = np.empty(n_frames, np.float32)
    start = len(samples) - length - (n_frames - 1) * hop_length
    for t in range(n_frames):
        total, power = 0.0, 0.0
        for j in range(start + t * hop_length, start + t * hop_length + length):
            total += samples[j]
            power += samples[j] * samples[j]
        heard = power if with_dc else power - total * total / length
        out[t] = 10.0 * np.log10(heard / length) if heard > DC_ROUNDING * power else -np.inf
    return out


def refuse_short_frame(frame_length, lowest_hz, *, sr):
    """Raise DetectorError where a window does not hold two periods of the lowest key."""
    needed = int(np.ceil(2.0 * sr / lowest_hz))
    if frame_length < needed:
        raise DetectorError(
            f"frame_length {frame_length} cannot hold two periods of {lowest_hz:g} Hz at {sr} Hz: use at least {needed}"
        )


def refuse_odd_hop(hop_length, registers):
    """Raise DetectorError where the hop is no multiple of the registers' divided rates."""
    step = max(register.divisor for register in registers)
    if hop_length < 1 or hop_length % step:
        raise DetectorError(
            f"hop_length {hop_length} is no multiple of {step}: use {max(step, hop_length // step * step)}"
        )


# ------------------------------------------------------------------------------------------------------- spectra


def amplitude_window(window):
    """The window scaled so that a full-scale sine has magnitude 1 in its spectrum."""
    return (window * (2.0 / window.sum())).astype(np.float32)


def power_spectra(frames, window, *, n_bins=None):
    """Squared magnitudes of the first ``n_bins`` bins of each windowed frame, (T, n_bins) float32.

    Parameters
    ----------
    frames : (T, n) float32
    window : (n,) float32, from amplitude_window
    n_bins : int, optional
        Default: all n // 2 + 1.
    """
    transformed = scipy.fft.rfft(frames * window, axis=1)
    return _squared(transformed.view(np.float32), transformed.shape[1] if n_bins is None else n_bins)


@njit(cache=True)
def _squared(pairs, n_bins):
    out = np.empty((len(pairs), n_bins), np.float32)
    for t in range(len(pairs)):
        for k in range(n_bins):
            out[t, k] = pairs[t, 2 * k] * pairs[t, 2 * k] + pairs[t, 2 * k + 1] * pairs[t, 2 * k + 1]
    return out


@njit(cache=True, fastmath=True)  # sums of one row only: the same bits for any number of rows
def compressed(power, emphasis, floor, exponent_is_half):
    """What of a spectrum stands out, as a vector of length 1: floor taken off, emphasised, compressed.

    Parameters
    ----------
    power : (T, n_bins) float32
        Squared magnitudes.
    emphasis : (n_bins,) float32
        Factor on magnitudes; 0 leaves a bin out.
    floor : float
        Times the typical magnitude (the square of the mean root, which peaks hardly raise) that is taken off.
    exponent_is_half : bool
        Take the root of magnitudes (as SWIPE does: Camacho & Harris, JASA 124, 2008), or leave them.

    Returns
    -------
    vectors : (T, n_bins) float32
    tonal : (T,) float32
        Part of the emphasised power that stands out: near 1 for notes, 0.2 to 0.4 for hiss.
    """
    n_frames, n_bins = power.shape
    out, tonal = np.empty((n_frames, n_bins), np.float32), np.zeros(n_frames, np.float32)
    for t in range(n_frames):
        root, n_used = np.float32(0.0), 0
        for k in range(n_bins):
            if emphasis[k] > 0:
                root += np.sqrt(np.sqrt(power[t, k]))
                n_used += 1
        typical = (root / n_used) ** 2 * floor
        off = np.float32(typical * typical)
        total, above, everything = np.float32(0.0), np.float32(0.0), np.float32(0.0)
        for k in range(n_bins):
            value = emphasis[k] * np.sqrt(max(power[t, k] - off, np.float32(0.0)))
            above += value * value
            everything += emphasis[k] * emphasis[k] * power[t, k]
            if exponent_is_half:
                value = np.sqrt(value)
            out[t, k] = value
            total += value * value
        scale = np.float32(1.0) / np.sqrt(total) if total > 0 else np.float32(0.0)
        for k in range(n_bins):
            out[t, k] *= scale
        tonal[t] = above / everything if everything > 0 else np.float32(0.0)
    return out, tonal


@dataclass(frozen=True)
class Register:
    """A part of the keyboard and the window through which it is heard.

    Attributes
    ----------
    first_key : int
        Key index of its lowest key; it reaches to the next register.
    divisor : int
        1, 2, 4 or 8: the rate is divided by it.
    length : int
        Window, samples at the divided rate.
    peak_at : float
        Where in the window its weight is highest: 0.5 in the middle, 1 at the newest sample.
    top_hz : float
        Highest frequency looked at.
    slope : float
        Emphasis: magnitudes are multiplied by (f / 1 kHz) ** slope.
    floor : float
        How many times the typical magnitude counts as noise.
    """

    first_key: int
    divisor: int
    length: int
    peak_at: float
    top_hz: float
    slope: float
    floor: float


# Chosen on the built-in tune notes, rendered pianos of random character with and without noise, and the isolated notes.
PIANO_REGISTERS = (
    Register(0, 8, 1024, 0.83, 1800.0, 0.1, 1.2),  # A0: 186 ms
    Register(15, 4, 1024, 0.80, 4000.0, 0.5, 1.6),  # C2: 93 ms
    Register(39, 2, 1024, 0.65, 8900.0, 0.75, 1.6),  # C4: 46 ms
    Register(63, 2, 512, 0.65, 8900.0, 0.75, 1.6),  # C6: 23 ms
)


class Registers:
    """Spectra of each frame through the windows of several registers, all ending at the newest sample.

    Parameters
    ----------
    registers : sequence of Register
    sr, hop_length : int
        Hz and samples at the full rate; hop_length a multiple of every divisor.

    Attributes
    ----------
    frame_length : int
        Samples that one frame needs.
    bin_step_hz, n_bins : list, one entry a register
    """

    def __init__(self, registers, *, sr, hop_length):
        self.registers, self.hop_length = tuple(registers), hop_length
        self.bin_step_hz = [sr / r.divisor / r.length for r in registers]
        self.n_bins = [
            int(min(r.top_hz / step, r.length // 2)) + 1 for r, step in zip(registers, self.bin_step_hz, strict=True)
        ]
        self._windows = [amplitude_window(hann(r.length, peak_at=r.peak_at)) for r in registers]
        self.frame_length = LEVEL_LENGTH + 2 * hop_length
        for register in registers:
            self.frame_length = max(self.frame_length, length_at_full_rate(register.length, register.divisor))

    def powers(self, samples, n_frames):
        """Squared magnitudes for each register, a list of (n_frames, n_bins) float32."""
        halved, powers = {1: samples}, []
        while max(halved) < max(r.divisor for r in self.registers):
            halved[2 * max(halved)] = halve(halved[max(halved)])
        for r, window, n_bins in zip(self.registers, self._windows, self.n_bins, strict=True):
            frames = newest(
                halved[r.divisor], n_frames=n_frames, length=r.length, hop_length=self.hop_length // r.divisor
            )
            powers.append(power_spectra(frames, window, n_bins=n_bins))
        return powers

    def best_key(self, powers, vectors, tonal, combs, detunings, *, stretched):
        """The key whose template fits best in any register.

        Parameters
        ----------
        powers : list of (T, n_bins)
            From ``powers``; the frequency is read from them.
        vectors, tonal : list of (T, n), list of (T,)
            What the templates are compared with, and how much of the sound that is: see ``compressed``.
        combs : list of Comb
            Templates of each register's keys, each key in every detuning.
        detunings : (n,) array
            Cents.
        stretched : bool
            Whether the templates follow a piano's stretched tuning.

        Returns
        -------
        key : (T,) int, -1 where nothing fits; hz : (T,) float64, first partial; score : (T,) float32, fit times tonal
        """
        n_frames = len(powers[0])
        key, hz = np.full(n_frames, -1), np.ones(n_frames)
        best, part = np.zeros(n_frames, np.float32), np.zeros(n_frames, np.float32)
        b, tuned_hz = typical_piano()
        tuned_hz = tuned_hz if stretched else key_hz()
        for i, comb in enumerate(combs):
            template, cents, score = best_template(comb(vectors[i]), detunings)
            rows = np.flatnonzero(score > best)
            best[rows], part[rows] = score[rows], tonal[i][rows]
            key[rows] = self.registers[i].first_key + template[rows] // len(detunings)
            rough_hz = tuned_hz[key[rows]] * 2.0 ** (cents[rows] / 1200.0)
            ratios = partial_ratios(np.arange(1, REFINED_PARTIALS + 1), b[key[rows], None])
            hz[rows] = refine(powers[i], rows, rough_hz, ratios, self.bin_step_hz[i])
        return key, hz, best * part

    def keys(self, index):
        """Key indices of a register, a range."""
        first_keys = [register.first_key for register in self.registers] + [N_KEYS]
        return range(first_keys[index], first_keys[index + 1])

    def emphasis(self, index, strength):
        """Factors on the magnitudes of a register's bins, float32; 0 below 20 Hz."""
        hz = np.arange(self.n_bins[index]) * self.bin_step_hz[index]
        slope = self.registers[index].slope * strength
        return np.where(hz >= LOWEST_HZ, (np.maximum(hz, LOWEST_HZ) / 1000.0) ** slope, 0.0).astype(np.float32)


def log_bins(windows, *, sr):
    """Weights that turn the spectra of several windows, side by side, into bins of a third of a semitone.

    A bin is a triangle on the FFT bins of the one window that is used there; where an FFT bin is wider than a third of
    a semitone, so is the triangle.

    Parameters
    ----------
    windows : tuple of (int, float)
        Length in samples and the frequency in Hz from which it is used, rising.
    sr : int
        Hz.

    Returns
    -------
    (N_BINS, sum of n // 2 + 1) float32
    """
    centre = key_hz()[0] * 2.0 ** ((np.arange(N_BINS) - 1) / (12 * BINS_PER_KEY))
    edges = [*(start for _, start in windows), np.inf]
    parts = []
    for (n, low), high in zip(windows, edges[1:], strict=True):
        hz = np.arange(n // 2 + 1) * sr / n
        half = np.maximum(centre * (2.0 ** (1.0 / (12 * BINS_PER_KEY)) - 1.0), sr / n)
        triangles = np.maximum(1.0 - np.abs(hz - centre[:, None]) / half[:, None], 0.0)
        parts.append(np.where(((centre >= low) & (centre < high))[:, None], triangles, 0.0))
    return np.concatenate(parts, axis=1).astype(np.float32)


# --------------------------------------------------------------------------------------------------------- combs


class Comb:
    """A sparse set of templates that spectra are multiplied with, many frames side by side.

    Parameters
    ----------
    templates : (n_templates, n_bins) array
        Mostly zeros.
    """

    def __init__(self, templates):
        templates = np.asarray(templates, dtype=np.float32)
        rows, bins = np.nonzero(templates)
        self._bins = bins.astype(np.uint32)
        self._weights = templates[rows, bins]
        self._starts = np.searchsorted(rows, np.arange(len(templates) + 1))

    def __call__(self, spectra):
        """(T, n_bins) float32 -> (T, n_templates) float32."""
        return _comb(spectra, self._starts, self._bins, self._weights)


@njit(cache=True)
def _comb(spectra, starts, bins, weights):
    n_frames, n_bins = spectra.shape
    n_templates = len(starts) - 1
    scores = np.empty((n_frames, n_templates), np.float32)
    columns = np.zeros((n_bins, LANES), np.float32)
    total = np.empty(LANES, np.float32)
    for first in range(0, n_frames, LANES):
        n = min(LANES, n_frames - first)
        for lane in range(n):
            for k in range(n_bins):
                columns[k, lane] = spectra[first + lane, k]
        for row in range(n_templates):
            for lane in range(LANES):
                total[lane] = 0.0
            i, stop = starts[row], starts[row + 1]
            while i + 4 <= stop:  # four at a time: the lanes' sums stay in registers for longer
                a, b, c, d = columns[bins[i]], columns[bins[i + 1]], columns[bins[i + 2]], columns[bins[i + 3]]
                wa, wb, wc, wd = weights[i], weights[i + 1], weights[i + 2], weights[i + 3]
                for lane in range(LANES):
                    total[lane] += (wa * a[lane] + wb * b[lane]) + (wc * c[lane] + wd * d[lane])
                i += 4
            while i < stop:
                a, wa = columns[bins[i]], weights[i]
                for lane in range(LANES):
                    total[lane] += wa * a[lane]
                i += 1
            for lane in range(n):
                scores[first + lane, row] = total[lane]
    return scores


@njit(cache=True)
def best_template(scores, detunings):
    """Strongest template of each row, its cents after a parabola over its key's detunings, and its score.

    Returns
    -------
    template : (T,) int64; cents : (T,) float64; score : (T,) float32
    """
    n_frames, n = len(scores), len(detunings)
    template, cents, score = np.zeros(n_frames, np.int64), np.zeros(n_frames), np.zeros(n_frames, np.float32)
    for t in range(n_frames):
        best = np.argmax(scores[t])
        template[t], score[t], cents[t] = best, scores[t, best], detunings[best % n]
        if n > 1:
            first = best - best % n
            position, _ = parabola(scores[t, first : first + n], best % n)
            cents[t] += (position - best % n) * (detunings[1] - detunings[0])
    return template, cents, score


@njit(cache=True)
def add_triangle(row, centre, half_width, height):
    """Add a triangle to a row of bins: ``height`` at ``centre``, 0 at ``half_width`` bins from it."""
    for k in range(max(0, int(np.ceil(centre - half_width))), min(len(row), int(centre + half_width) + 1)):
        row[k] += height * max(1.0 - abs(k - centre) / half_width, 0.0)


@njit(cache=True)
def refine(power, rows, first_hz, ratios, bin_step_hz):
    """Frequency of the first partial read from the peaks near where the first partials should be, (len(rows),) Hz.

    Each peak is placed by a parabola over the logarithm of the power; peaks count by their magnitude.
    """
    out = first_hz.copy()
    for i in range(len(rows)):
        spectrum_row = power[rows[i]]
        total, weights = 0.0, 0.0
        for n in range(ratios.shape[1]):
            expected = first_hz[i] * ratios[i, n] / bin_step_hz
            at = round(expected)
            if at < 2 or at + 2 >= len(spectrum_row):
                continue
            if spectrum_row[at + 1] > spectrum_row[at]:
                at += 1
            elif spectrum_row[at - 1] > spectrum_row[at]:
                at -= 1
            left, mid, right = spectrum_row[at - 1], spectrum_row[at], spectrum_row[at + 1]
            if mid <= left or mid <= right or left <= 0.0 or right <= 0.0:
                continue
            a, b, c = np.log(left), np.log(mid), np.log(right)
            bend = a - 2.0 * b + c
            if bend >= 0.0:  # three values so near that their float32 logarithms are one
                continue
            peak = at + 0.5 * (a - c) / bend
            weight = np.sqrt(mid) * (n + 1)  # a higher partial tells the frequency more finely
            total += weight * peak * bin_step_hz / ratios[i, n]
            weights += weight
        if weights > 0.0 and abs(total / weights / first_hz[i] - 1.0) < 0.03:
            out[i] = total / weights
    return out


# ---------------------------------------------------------------------------------------------- tuning of pianos


@lru_cache(maxsize=1)
def typical_piano():
    """The instrument that detectors expect: published inharmonicity and stretched octaves, no scatter.

    Returns
    -------
    b : (88,) float64
        Inharmonicity coefficient of each key.
    hz : (88,) float64
        First partial of each key: A0 about 15 cents flat, C8 about 30 cents sharp of equal temperament.
    """
    piano, midi = (
        Piano("typical", "no instrument in particular", tuning_scatter_cents=0.0),
        np.arange(MIDI_LOW, MIDI_HIGH + 1),
    )
    b = piano.inharmonicity(midi)
    return b, piano.f0_hz(midi) * np.sqrt(1.0 + b)


def partial_ratios(n, b):
    """Frequency of partial n against partial 1: n sqrt((1 + B n^2) / (1 + B)) (Fletcher, JASA 36, 1964)."""
    n = np.asarray(n, dtype=float)
    return n * np.sqrt((1.0 + b * n**2) / (1.0 + b))


def detunings(n):
    """Cents of ``n`` templates a key: from 30 flat to 30 sharp, or in tune alone, (n,) float64."""
    return np.linspace(-DETUNED_CENTS, DETUNED_CENTS, n) if n > 1 else np.zeros(1)


def nearest_key(hz, *, stretched=True):
    """Key index nearest to each frequency, (T,) int; -1 off the keyboard, for NaN and for 0.

    Parameters
    ----------
    hz : (T,) array
    stretched : bool
        Against a piano's stretched tuning, or against equal temperament.
    """
    centres = np.log2(typical_piano()[1] if stretched else key_hz())
    edges = np.concatenate([[centres[0] - 1 / 24], (centres[1:] + centres[:-1]) / 2, [centres[-1] + 1 / 12]])
    with np.errstate(divide="ignore", invalid="ignore"):
        key = np.searchsorted(edges, np.log2(np.asarray(hz, dtype=float)), side="right") - 1
    return np.where(np.isfinite(hz) & (key < N_KEYS), key, -1)


def certainty(score, *, half_at, width):
    """How probably an answer with this score is right, (T,) float32: a logistic curve, 1/2 at ``half_at``."""
    return (1.0 / (1.0 + np.exp((half_at - np.asarray(score, dtype=float)) / width))).astype(np.float32)


def one_key_a_row(key, strength, hz):
    """Fill (T, 88) strength and hz from one key index a row; -1 means none."""
    strengths = np.zeros((len(key), N_KEYS), np.float32)
    frequencies = np.full((len(key), N_KEYS), np.nan, np.float32)
    rows = np.flatnonzero(key >= 0)
    strengths[rows, key[rows]] = strength[rows]
    frequencies[rows, key[rows]] = hz[rows]
    return strengths, frequencies


# ------------------------------------------------------------------------------------------------ onset evidence

_FLUX_WINDOW = amplitude_window(hann(FLUX_LENGTH))


def onset_flux(samples, *, n_frames, hop_length):
    """How much of the newest 23 ms is new since one hop ago, high frequencies counting more, (n_frames, 1) in [0, 1].

    From the rise of the root magnitudes as a part of them, ``r = sum g (c_k - c_k')_+ / sum g c_k`` with g the root of
    frequency: a spectral flux (Bello et al., IEEE TSAP 13, 2005, section III.A) weighted between energy and
    high-frequency content. It is given as r / (r + FLUX_AT_HALF): 0.5 for as faint an attack as pianos make while
    another note sounds.

    Parameters
    ----------
    samples : (n,) float32
        The last frame ends with the last sample.
    """
    rows = newest(samples, n_frames=n_frames + 1, length=FLUX_LENGTH, hop_length=hop_length)
    return _rise(power_spectra(rows, _FLUX_WINDOW))


@njit(cache=True, fastmath=True)  # sums over two rows only
def _rise(power):
    n_frames, n_bins = power.shape
    out = np.empty((n_frames - 1, 1), np.float32)
    weight = np.sqrt(np.arange(n_bins, dtype=np.float32))
    floor = np.float32(np.sqrt(FLUX_FLOOR))
    roots = np.sqrt(np.sqrt(power))
    for t in range(1, n_frames):
        rise, total = np.float32(0.0), np.float32(0.01) * n_bins
        for k in range(1, n_bins):
            rise += weight[k] * max(roots[t, k] - max(roots[t - 1, k], floor), np.float32(0.0))
            total += weight[k] * max(roots[t, k] - floor, np.float32(0.0))
        out[t - 1, 0] = rise / (rise + np.float32(FLUX_AT_HALF) * total)
    return out


# ----------------------------------------------------------------------------------------------------------- YIN


def difference(samples, *, n_frames, length, hop_length, n_lags=None):
    """YIN's difference function of every frame, d(tau) = sum over j < W of (x_j - x_{j+tau})^2, W = length / 2.

    By FFT, as d(tau) = e(0) + e(tau) - 2 r(tau) (de Cheveigné & Kawahara, JASA 111, 2002, eq. 6 and 7). Where the hop
    divides W, the second half of a frame is the first half of a later one, and one FFT serves both.

    Parameters
    ----------
    samples : (n,) float32
        The last frame ends with the last sample.
    n_frames, length, hop_length : int
    n_lags : int, optional
        Lags 0..n_lags - 1 (default W).

    Returns
    -------
    (n_frames, n_lags) float32
    """
    w = length // 2
    samples, correlation = correlations(samples, n_frames=n_frames, length=length, hop_length=hop_length)
    return _difference(samples, correlation, hop_length, w, w if n_lags is None else n_lags)


def correlations(samples, *, n_frames, length, hop_length):
    """r(tau) = sum over j < W of x_j x_{j+tau} of every frame, (n_frames, length) float32, lags below W valid.

    Returns
    -------
    samples : the frames' own samples, from the first frame's first; correlation
    """
    w = length // 2
    samples = samples[len(samples) - length - (n_frames - 1) * hop_length :]
    if w % hop_length == 0:
        step = w // hop_length
        halves = newest(samples, n_frames=n_frames + step, length=w, hop_length=hop_length)
        first = scipy.fft.rfft(halves, n=length, axis=1)
        second = first[step:]
    else:
        frames = newest(samples, n_frames=n_frames, length=length, hop_length=hop_length)
        first = scipy.fft.rfft(frames[:, :w], n=length, axis=1)
        second = scipy.fft.rfft(frames[:, w:], n=length, axis=1)
    cross = _cross_spectra(first.view(np.float32), second.view(np.float32))
    return samples, scipy.fft.irfft(cross.view(np.complex64), n=length, axis=1)


@njit(cache=True, fastmath=True)  # each bin by itself: the same bits for any number of frames
def _cross_spectra(first, second):
    """conj(A) (A + B e^(-i pi k)) for bins k: the correlation of a frame's first half A with all of it, A then B."""
    n_frames, n = second.shape
    out = np.empty((n_frames, n), np.float32)
    for t in range(n_frames):
        one, two, row = first[t], second[t], out[t]
        for i in range(0, n - 2, 4):  # an even and an odd bin at a time
            a, b, c, d = one[i], one[i + 1], two[i], two[i + 1]
            row[i], row[i + 1] = a * a + b * b + (a * c + b * d), a * d - b * c
            a, b, c, d = one[i + 2], one[i + 3], two[i + 2], two[i + 3]
            row[i + 2], row[i + 3] = a * a + b * b - (a * c + b * d), b * c - a * d
        a, b, c, d = one[n - 2], one[n - 1], two[n - 2], two[n - 1]
        sign = np.float32(1.0 - (n - 2) % 4)
        row[n - 2], row[n - 1] = a * a + b * b + sign * (a * c + b * d), sign * (a * d - b * c)
    return out


@njit(cache=True, fastmath={"reassoc", "nsz", "contract"})  # a sum over one frame only
def energy(samples):
    """Sum of squares."""
    total = np.float32(0.0)
    for x in samples:
        total += x * x
    return total


@njit(cache=True)
def _difference(samples, correlation, hop_length, w, n_lags):
    n_frames = len(correlation)
    d = np.empty((n_frames, n_lags), np.float32)
    for t in range(n_frames):
        first = t * hop_length
        start = float(energy(samples[first : first + w]))
        later = start
        for tau in range(n_lags):
            d[t, tau] = max(start + later - 2.0 * correlation[t, tau], 0.0)
            gone, new = samples[first + tau], samples[first + tau + w]
            later += float(new * new) - float(gone * gone)
    return d


def tapered_difference(samples, *, n_frames, length, hop_length, weight=None, n_lags=None):
    """The difference function of Hann-windowed frames from their power spectrum: aubio's yinfft.

    d(tau) = sum over k of w_k |X_k|^2 (1 - cos(2 pi k tau / N)), twice (Brossier, PhD thesis, 2006, section 3.2.4).

    Parameters
    ----------
    samples, n_frames, length, hop_length, n_lags
        As for ``difference``; n_lags at most length // 2 + 1.
    weight : (length // 2 + 1,) float32, optional
        w_k: how much each frequency counts.

    Returns
    -------
    (n_frames, n_lags) float32
    """
    frames = newest(samples, n_frames=n_frames, length=length, hop_length=hop_length)
    power = power_spectra(frames, periodic_hann(length))
    if weight is not None:
        power *= weight
    correlation = scipy.fft.dct(power, type=1, axis=1)[:, :n_lags]  # power is even: a cosine sum inverts its FFT
    return correlation[:, :1] - correlation


@njit(cache=True)
def cumulative_mean_normalised(d):
    """YIN's d'(tau) = d(tau) / mean of d(1..tau), 1 at lag 0 and for silence (eq. 8 of the paper), (T, n_lags)."""
    out = np.ones(d.shape, np.float32)
    for t in range(d.shape[0]):
        total = 0.0
        for tau in range(1, d.shape[1]):
            total += d[t, tau]
            if total > 0.0:
                out[t, tau] = d[t, tau] * tau / total
    return out


@njit(cache=True)
def parabola(row, at):
    """Position and value of the extremum of the parabola through row[at - 1 .. at + 1]."""
    if at <= 0 or at >= len(row) - 1:
        return float(at), float(row[at])
    left, mid, right = float(row[at - 1]), float(row[at]), float(row[at + 1])
    bend = left - 2.0 * mid + right
    if bend == 0.0:
        return float(at), mid
    shift = 0.5 * (left - right) / bend
    if abs(shift) > 1.0:
        return float(at), mid
    return at + shift, mid - 0.25 * (left - right) * shift
