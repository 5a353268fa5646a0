"""Kernels that several detectors share: spectra, YIN's difference function, combs, onset evidence, piano tuning.

What comes in: frames, that is rows of samples in [-1, 1]. What comes out: one row of numbers a frame. Nothing here
knows its neighbours: a row's result has the same bits whether it comes alone or among 255 others, so that what is
heard does not depend on the blocks in which sound arrives. (Matrix products lack that property; FFTs row by row and
compiled loops have it.)
"""

import numpy as np
import scipy.fft
from numba import njit

from pianolab.frames import frames_of
from pianolab.units import MIDI_HIGH, MIDI_LOW, N_KEYS

FLOOR_DB = -200.0
FLUX_LENGTH = 512  # samples at 44.1 kHz: 12 ms, shorter than the gap between two fast notes
LANES = 16  # frames that a comb treats side by side


def hann(n):
    """Periodic Hann window, (n,) float32."""
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(n) / n)).astype(np.float32)


def level_db(frames):
    """RMS level of each frame in dBFS, (T,) float32; -inf for digital silence."""
    power = np.mean(np.square(frames, dtype=np.float64), axis=1)
    with np.errstate(divide="ignore"):
        return (10.0 * np.log10(power)).astype(np.float32)


def magnitudes(frames, window, *, n_fft=None):
    """Magnitude spectrum of each windowed frame; a full-scale sine reads 1.

    Parameters
    ----------
    frames : (T, n) float32
    window : (n,) float32
    n_fft : int, optional
        Length of the transform (default n); longer ones interpolate.

    Returns
    -------
    (T, n_fft // 2 + 1) float32
    """
    scaled = window * np.float32(2.0 / window.sum())
    return np.abs(scipy.fft.rfft(frames * scaled, n=n_fft, axis=1))


# ---------------------------------------------------------------------------------------------- tuning of pianos


def inharmonicity(midi):
    """Typical inharmonicity coefficient B of a piano string.

    ``B = exp(-0.0847 m - 5.82) + exp(0.0926 m - 13.64)``: wound bass strings and plain treble strings, means over
    pianos (Rigaud, David & Daudet, JASA 133, 2013, Table II).
    """
    midi = np.asarray(midi, dtype=float)
    return np.exp(-0.0847 * midi - 5.82) + np.exp(0.0926 * midi - 13.64)


def partial_ratios(n, b):
    """Frequency of partial n against partial 1: n sqrt((1 + B n^2) / (1 + B)) (Fletcher 1964)."""
    n = np.asarray(n, dtype=float)
    return n * np.sqrt((1.0 + b * n**2) / (1.0 + b))


# ------------------------------------------------------------------------------------------------ onset evidence


def onset_flux(frames, *, previous, window):
    """How much louder the spectrum has become since one hop ago, high frequencies counting more, (T, 1) in [0, 1].

    The rise of the logarithmic magnitudes, ``mean of f (log(1 + 1000 |X_k|) - log(1 + 1000 |X_k-1|))_+``: a
    spectral flux (Bello et al. 2005, section III.A) with the frequency weight of the high-frequency content.

    Parameters
    ----------
    frames, previous : (T, n) float32
        The newest samples of each frame, and those one hop earlier.
    window : (n,) float32

    Returns
    -------
    (T, 1) float32
    """
    now, before = (np.log1p(1000.0 * magnitudes(part, window)) for part in (frames, previous))
    weight = np.sqrt(np.arange(now.shape[1], dtype=np.float32))
    rise = np.maximum(now - before, 0.0) * weight
    flux = rise.sum(axis=1, keepdims=True) / weight.sum()
    return np.clip(flux, 0.0, 1.0).astype(np.float32)


# ------------------------------------------------------------------------------------------------------------ YIN


def difference(frames):
    """YIN's difference function, d(tau) = sum over j < W of (x_j - x_{j+tau})^2, W half a frame.

    Computed from the cross-correlation by FFT: d(tau) = e(0) + e(tau) - 2 r(tau)
    (de Cheveigné & Kawahara, JASA 111, 2002, eq. 6 and 7).

    Parameters
    ----------
    frames : (T, 2 W) float32

    Returns
    -------
    (T, W) float32, lags in samples
    """
    n = frames.shape[1]
    spectra = scipy.fft.rfft(frames, axis=1)
    halves = scipy.fft.rfft(frames[:, : n // 2], n=n, axis=1)
    correlation = scipy.fft.irfft(np.conj(halves) * spectra, n=n, axis=1)
    return _difference_rows(np.ascontiguousarray(frames), correlation)


@njit(cache=True)
def _difference_rows(frames, correlation):
    n_frames, n = frames.shape
    w = n // 2
    d = np.empty((n_frames, w), np.float32)
    for t in range(n_frames):
        energy = 0.0
        for j in range(w):
            energy += frames[t, j] * frames[t, j]
        start = energy
        for tau in range(w):
            d[t, tau] = max(start + energy - 2.0 * correlation[t, tau], 0.0)
            energy += frames[t, tau + w] * frames[t, tau + w] - frames[t, tau] * frames[t, tau]
    return d


@njit(cache=True)
def cumulative_mean_normalised(d):
    """YIN's d'(tau) = d(tau) / mean of d(1..tau), 1 at lag 0 and for silence (eq. 8 of the paper), (T, W) float32."""
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


# ----------------------------------------------------------------------------------------------------------- combs


class Comb:
    """A sparse set of templates that spectra are multiplied with.

    Parameters
    ----------
    templates : (n_templates, n_bins) array
        Mostly zeros.
    """

    def __init__(self, templates):
        templates = np.asarray(templates, dtype=np.float32)
        rows, self._bins = np.nonzero(templates)
        self._weights = templates[rows, self._bins]
        self._starts = np.searchsorted(rows, np.arange(len(templates) + 1))

    def __call__(self, spectra):
        """(T, n_bins) float32 -> (T, n_templates) float32."""
        return _comb(np.ascontiguousarray(spectra), self._starts, self._bins, self._weights)


@njit(cache=True)
def _comb(spectra, starts, bins, weights):
    n_frames, n_bins = spectra.shape
    n_templates = len(starts) - 1
    scores = np.empty((n_frames, n_templates), np.float32)
    columns = np.zeros((n_bins, LANES), np.float32)
    for first in range(0, n_frames, LANES):
        n = min(LANES, n_frames - first)
        for lane in range(n):
            for k in range(n_bins):
                columns[k, lane] = spectra[first + lane, k]
        for row in range(n_templates):
            total = np.zeros(LANES, np.float32)
            for i in range(starts[row], starts[row + 1]):
                for lane in range(LANES):
                    total[lane] += weights[i] * columns[bins[i], lane]
            for lane in range(n):
                scores[first + lane, row] = total[lane]
    return scores


def one_key_a_row(key, strength, hz):
    """Fill (T, 88) strength and hz from one key index a row; key -1 means none."""
    n = len(key)
    strengths = np.zeros((n, N_KEYS), np.float32)
    frequencies = np.full((n, N_KEYS), np.nan, np.float32)
    rows = np.flatnonzero(key >= 0)
    strengths[rows, key[rows]] = strength[rows]
    frequencies[rows, key[rows]] = hz[rows]
    return strengths, frequencies


def nearest_key(hz):
    """Key index nearest to each frequency in equal temperament; -1 off the keyboard, for NaN and for 0."""
    hz = np.asarray(hz, dtype=float)
    key = np.full(hz.shape, -1, dtype=np.int64)
    sounds = hz > 0
    key[sounds] = np.floor(69.5 + 12.0 * np.log2(hz[sounds] / 440.0)).astype(np.int64) - MIDI_LOW
    key[(key < 0) | (key > MIDI_HIGH - MIDI_LOW)] = -1
    return key


def centre_flux(span, window):
    """Onset flux of a span's frames, measured on their centres."""
    now = frames_of(span, length=len(window) + span.hop_length)
    return onset_flux(now[:, span.hop_length :], previous=now[:, : len(window)], window=window)
