"""Difference functions: how unlike itself is a frame when it is shifted by a lag? They dip at the periods of a sound.

What comes in: samples in [-1, 1] of several frames. What comes out: a row a frame, a column a lag in samples, with the
same bits whether a row comes alone or among others.
"""

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from pianolab.dsp.compiled import njit
from pianolab.dsp.spectra import power_spectra
from pianolab.dsp.windows import newest, periodic_hann


def difference(
    samples: NDArray[np.float32], *, n_frames: int, length: int, hop_length: int, n_lags: int | None = None
) -> NDArray[np.float32]:
    """YIN's difference function of every frame, d(tau) = sum over j < W of (x_j - x_{j+tau})^2, W = length / 2.

    By FFT, as d(tau) = e(0) + e(tau) - 2 r(tau) (de Cheveigné & Kawahara, JASA 111, 2002, eq. 6 and 7). Where the hop
    divides W, the second half of a frame is the first half of a later one, and one FFT serves both.

    Parameters
    ----------
    samples : (n,) float32
        The last frame ends with the last sample.
    n_frames, length, hop_length : int
        How many frames, samples in each, and samples from one to the next.
    n_lags : int, optional
        Lags 0..n_lags - 1 (default W).

    Returns
    -------
    (n_frames, n_lags) float32
    """
    w = length // 2
    samples, correlation = correlations(samples, n_frames=n_frames, length=length, hop_length=hop_length)
    return _difference(samples, correlation, hop_length, w, w if n_lags is None else n_lags)


def correlations(
    samples: NDArray[np.float32], *, n_frames: int, length: int, hop_length: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """r(tau) = sum over j < W of x_j x_{j+tau} of every frame, W = length / 2.

    Parameters
    ----------
    samples, n_frames, length, hop_length
        As for ``difference``.

    Returns
    -------
    samples : (m,) float32
        Those of the frames, from the first frame's first.
    correlation : (n_frames, length) float32
        Valid at lags below W.
    """
    w = length // 2
    samples = samples[len(samples) - length - (n_frames - 1) * hop_length :]
    if w % hop_length == 0:
        step = w // hop_length
        halves = newest(samples, n_frames=n_frames + step, length=w, hop_length=hop_length)
        first = np.asarray(scipy.fft.rfft(halves, n=length, axis=1))
        second = first[step:]
    else:
        frames = newest(samples, n_frames=n_frames, length=length, hop_length=hop_length)
        first = np.asarray(scipy.fft.rfft(frames[:, :w], n=length, axis=1))
        second = np.asarray(scipy.fft.rfft(frames[:, w:], n=length, axis=1))
    cross = _cross_spectra(first.view(np.float32), second.view(np.float32))
    return samples, np.asarray(scipy.fft.irfft(cross.view(np.complex64), n=length, axis=1))


# Each bin is computed by itself: fastmath gives the same bits for any number of frames.
@njit(fastmath=True)
def _cross_spectra(first, second):
    """conj(A) (A + B e^(-i pi k)) for bins k: the correlation of a frame's first half A with all of it, A then B."""
    n_frames, n = second.shape
    out = np.empty((n_frames, n), np.float32)
    for t in range(n_frames):
        one, two, row = first[t], second[t], out[t]
        # An even and an odd bin at a time: e^(-i pi k) is 1 and -1.
        for i in range(0, n - 2, 4):
            a, b, c, d = one[i], one[i + 1], two[i], two[i + 1]
            row[i], row[i + 1] = a * a + b * b + (a * c + b * d), a * d - b * c
            a, b, c, d = one[i + 2], one[i + 3], two[i + 2], two[i + 3]
            row[i + 2], row[i + 3] = a * a + b * b - (a * c + b * d), b * c - a * d
        a, b, c, d = one[n - 2], one[n - 1], two[n - 2], two[n - 1]
        sign = np.float32(1.0 - (n - 2) % 4)
        row[n - 2], row[n - 1] = a * a + b * b + sign * (a * c + b * d), sign * (a * d - b * c)
    return out


# A sum over one frame only: fastmath gives the same bits for any number of frames.
@njit(fastmath={"reassoc", "nsz", "contract"})
def energy(samples: NDArray[np.float32]) -> np.float32:
    """Sum of squares.

    Parameters
    ----------
    samples : (n,) float32

    Returns
    -------
    float32
    """
    total = np.float32(0.0)
    for x in samples:
        total += x * x
    return total


@njit
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


def tapered_difference(
    samples: NDArray[np.float32],
    *,
    n_frames: int,
    length: int,
    hop_length: int,
    weight: NDArray[np.float32] | None = None,
    n_lags: int | None = None,
) -> NDArray[np.float32]:
    """The difference function of Hann-windowed frames from their power spectrum: aubio's yinfft.

    d(tau) = sum over k of w_k ``|X_k|^2`` (1 - cos(2 pi k tau / N)), twice (Brossier, PhD thesis, 2006, section 3.2.4).

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
    # The power spectrum is even, so a cosine sum inverts its FFT.
    correlation = np.asarray(scipy.fft.dct(power, type=1, axis=1))[:, :n_lags]
    return correlation[:, :1] - correlation


@njit
def cumulative_mean_normalised(d: NDArray[np.float32]) -> NDArray[np.float32]:
    """YIN's d'(tau) = d(tau) / mean of d(1..tau) (eq. 8 of the paper).

    Parameters
    ----------
    d : (T, n_lags) float32
        A difference function.

    Returns
    -------
    (T, n_lags) float32
        1 at lag 0 and for silence.
    """
    out = np.ones(d.shape, np.float32)
    for t in range(d.shape[0]):
        total = 0.0
        for tau in range(1, d.shape[1]):
            total += d[t, tau]
            if total > 0.0:
                out[t, tau] = d[t, tau] * tau / total
    return out
