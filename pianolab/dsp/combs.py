"""Templates that spectra are multiplied with: how much of each template is in each spectrum?

What comes in: spectra as rows, and templates that are mostly zeros. What comes out: a score for each template in each
row, with the same bits whether a row comes alone or among others.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pianolab.dsp.compiled import njit, parabola_top
from pianolab.units import key_hz

# A comb treats so many frames side by side.
LANES = 32
# Of log_bins: bin 3 k + 1 is key k's equal-tempered frequency, and the bins reach from A0 to 7.6 kHz.
BINS_PER_KEY = 3
N_BINS = 294


class Comb:
    """A sparse set of templates that spectra are multiplied with, many frames side by side.

    Parameters
    ----------
    templates : (n_templates, n_bins) array
        Mostly zeros.

    Examples
    --------
    >>> octaves = Comb([[1.0, 0.0, 0.5], [0.0, 1.0, 0.0]])
    >>> octaves(np.ones((1, 3), np.float32)).tolist()
    [[1.5, 1.0]]
    """

    def __init__(self, templates: ArrayLike):
        templates = np.asarray(templates, dtype=np.float32)
        rows, bins = np.nonzero(templates)
        self._bins = bins.astype(np.uint32)
        self._weights = templates[rows, bins]
        self._starts = np.searchsorted(rows, np.arange(len(templates) + 1))

    def __call__(self, spectra: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score of each template in each spectrum.

        Parameters
        ----------
        spectra : (T, n_bins) float32

        Returns
        -------
        (T, n_templates) float32
        """
        return _comb(spectra, self._starts, self._bins, self._weights)


@njit
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
            # Four weights at a time: the lanes' sums stay in the processor's registers for longer.
            while i + 4 <= stop:
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


@njit
def best_template(
    scores: NDArray[np.float32], detunings: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float32]]:
    """Strongest template of each row, and how far from in tune it is.

    Parameters
    ----------
    scores : (T, m * n) float32
        Each key, in each stiffness, has n templates, one for each detuning.
    detunings : (n,) float64
        Cents, evenly spaced.

    Returns
    -------
    template : (T,) int64
    cents : (T,) float64
        Its detuning, by a parabola over those of its key and stiffness.
    score : (T,) float32
    """
    n_frames, n = len(scores), len(detunings)
    template, cents, score = np.zeros(n_frames, np.int64), np.zeros(n_frames), np.zeros(n_frames, np.float32)
    for t in range(n_frames):
        best = int(np.argmax(scores[t]))
        template[t], score[t], cents[t] = best, scores[t, best], detunings[best % n]
        if n > 1:
            first = best - best % n
            position, _ = parabola_top(scores[t, first : first + n], best % n)
            cents[t] += (position - best % n) * (detunings[1] - detunings[0])
    return template, cents, score


@njit
def add_triangle(row: NDArray[np.floating], centre: float, half_width: float, height: float) -> None:
    """Add a triangle to a row of bins, in place.

    Parameters
    ----------
    row : (n_bins,) array
    centre, half_width : float
        Bins; the triangle is 0 at ``half_width`` bins from its centre.
    height : float
        At the centre.
    """
    for k in range(max(0, int(np.ceil(centre - half_width))), min(len(row), int(centre + half_width) + 1)):
        row[k] += height * max(1.0 - abs(k - centre) / half_width, 0.0)


@njit
def triangles(
    centres: NDArray[np.float64], heights: NDArray[np.float64], half_widths: NDArray[np.float64], n_bins: int
) -> NDArray[np.float32]:
    """Rows of triangles, the positive part of each row of unit length.

    Parameters
    ----------
    centres, heights : (n, m) float64
        Bins, and heights at them.
    half_widths : (n,) float64
        Bins, one for all triangles of a row.
    n_bins : int

    Returns
    -------
    (n, n_bins) float32
    """
    rows = np.zeros((len(centres), n_bins), np.float32)
    for i in range(len(centres)):
        for j in range(centres.shape[1]):
            add_triangle(rows[i], centres[i, j], half_widths[i], heights[i, j])
        rows[i] /= np.sqrt(np.sum(np.maximum(rows[i], 0.0) ** 2))
    return rows


def log_bins(windows: Sequence[tuple[int, float]], *, sr: int) -> NDArray[np.float32]:
    """Weights that turn the spectra of several windows, side by side, into bins of a third of a semitone.

    A bin is a triangle on the FFT bins of the one window that is used there; where an FFT bin is wider than a third of
    a semitone, so is the triangle.

    Parameters
    ----------
    windows : sequence of (int, float)
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
        rows = np.maximum(1.0 - np.abs(hz - centre[:, None]) / half[:, None], 0.0)
        parts.append(np.where(((centre >= low) & (centre < high))[:, None], rows, 0.0))
    return np.concatenate(parts, axis=1).astype(np.float32)
