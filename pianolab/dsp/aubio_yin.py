"""YIN as the aubio library does it, so that its answers can be compared with ours: yin, yinfast and yinfft.

What comes in: samples in [-1, 1] of several frames. What comes out: the frequency of each frame, and how far from
repeating with its period the frame is.
"""

import numpy as np
from numpy.typing import NDArray

from pianolab.dsp.compiled import njit, parabola_top
from pianolab.dsp.periods import correlations, cumulative_mean_normalised, energy, tapered_difference

# Sound pressure of equal loudness that aubio weighs the spectrum with (dB at Hz, its table for yinfft).
WEIGHT_HZ = np.fromstring(
    "0 20 25 31.5 40 50 63 80 100 125 160 200 250 315 400 500 630 800 1000 1250 1600 2000 2500 3150 4000 5000 6300 "
    "8000 9000 10000 12500 15000 20000 25100",
    sep=" ",
)
WEIGHT_DB = np.fromstring(
    "-75.8 -70.1 -60.8 -52.1 -44.2 -37.5 -31.3 -25.6 -20.9 -16.5 -12.6 -9.6 -7 -4.7 -3 -1.8 -0.8 -0.2 0 0.5 1.6 3.2 "
    "5.4 7.8 8.1 5.3 -2.4 -11.1 -12.8 -12.2 -7.4 -17.8 -17.8 -17.8",
    sep=" ",
)
# aubio's yinfft doubts the period of a frequency above this: half of it may be the period.
SHORT_HZ = 1300.0
# A dip of d' that comes below this is an answer, by method.
TOLERANCE = {"yin": 0.15, "yinfast": 0.15, "yinfft": 0.85}

Periods = tuple[NDArray[np.float64], NDArray[np.float64]]


class AubioYin:
    """One of aubio's three methods.

    Parameters
    ----------
    method : {'yin', 'yinfast', 'yinfft'}
        The difference function of plain frames (yin and yinfast: the same function, here both by FFT), or of
        Hann-windowed ones.
    sr : int
        Hz.
    frame_length, hop_length : int
        Samples.
    tolerance : float, optional
        A dip of d' that comes below this is an answer; default: aubio's.
    """

    def __init__(self, method: str, *, sr: int, frame_length: int, hop_length: int, tolerance: float | None = None):
        self._tapered, self._sr, self._length, self._hop_length = method == "yinfft", sr, frame_length, hop_length
        self._tolerance = TOLERANCE[method] if tolerance is None else tolerance
        self._weight = loudness_weight(frame_length, sr)

    def __call__(self, samples: NDArray[np.float32], n_frames: int) -> Periods:
        """Frequency and depth of each frame.

        Parameters
        ----------
        samples : (n,) float32
            The last frame ends with the last sample.
        n_frames : int

        Returns
        -------
        hz : (n_frames,) float64
            0 where there is no dip.
        depth : (n_frames,) float64
            Of the dip: 0 for a sound that repeats exactly.
        """
        settings = {"n_frames": n_frames, "length": self._length, "hop_length": self._hop_length}
        if self._tapered:
            dips = cumulative_mean_normalised(tapered_difference(samples, weight=self._weight, **settings))
            period, depth = deepest_periods(dips, self._tolerance, round(self._sr / SHORT_HZ))
        else:
            own, correlation = correlations(samples, **settings)
            w = self._length // 2
            period, depth = first_deep_periods(own, correlation, self._hop_length, w, self._tolerance)
        return self._sr / np.where(period > 0.0, period, np.inf), depth


@njit
def last_minimum(row: NDArray[np.floating]) -> int:
    """Position of the smallest value; of equal ones the last, as aubio takes it.

    Parameters
    ----------
    row : (n,) array

    Returns
    -------
    int
    """
    at = 0
    for tau in range(1, len(row)):
        if row[tau] <= row[at]:
            at = tau
    return at


@njit
def first_deep_periods(
    samples: NDArray[np.float32], correlation: NDArray[np.float32], hop_length: int, w: int, tolerance: float
) -> Periods:
    """Period and depth by aubio's yin and yinfast: the first dip of d' below the tolerance, else the deepest.

    d' is computed lag by lag, only as far as the dip: ``periods.difference`` and
    ``periods.cumulative_mean_normalised`` in one pass.

    Parameters
    ----------
    samples, correlation
        From ``periods.correlations``.
    hop_length, w : int
        Samples: from one frame to the next, and half a frame.
    tolerance : float

    Returns
    -------
    period : (T,) float64
        Samples.
    depth : (T,) float64
    """
    n_frames = len(correlation)
    period, depth = np.zeros(n_frames), np.ones(n_frames)
    scaled, totals, row = np.ones(w), np.ones(w), np.ones(w, np.float32)
    for t in range(n_frames):
        first, at, total = t * hop_length, -1, 0.0
        start = float(energy(samples[first : first + w]))
        later = start
        for tau in range(1, w):
            gone, new = samples[first + tau - 1], samples[first + tau + w - 1]
            later += float(new * new) - float(gone * gone)
            d = max(start + later - 2.0 * correlation[t, tau], 0.0)
            total += d
            scaled[tau], totals[tau] = d * tau, total
            # aubio looks three lags on before it is content with a dip.
            past = tau - 3
            below = past > 1 and scaled[past] < tolerance * totals[past]
            if below and scaled[past] * totals[past + 1] < scaled[past + 1] * totals[past]:
                at = past
                break
        last = w if at < 0 else at + 2
        for tau in range(1, last):
            row[tau] = scaled[tau] / totals[tau] if totals[tau] > 0.0 else 1.0
        if at < 0:
            at = last_minimum(row)
        period[t], _ = parabola_top(row, at)
        depth[t] = row[at]
    return period, depth


@njit
def deepest_periods(dips: NDArray[np.float32], tolerance: float, short: int) -> Periods:
    """Period and depth by aubio's yinfft: the deepest dip if below the tolerance; a short one may be halved.

    Parameters
    ----------
    dips : (T, n_lags) float32
        d' of each frame.
    tolerance : float
    short : int
        The longest lag that may be halved, samples.

    Returns
    -------
    period : (T,) float64
        Samples; 0 where no dip is below the tolerance.
    depth : (T,) float64
    """
    period, depth = np.zeros(len(dips)), np.ones(len(dips))
    for t in range(len(dips)):
        row = dips[t]
        at = last_minimum(row)
        depth[t] = row[at]
        if row[at] < tolerance:
            half = int(at / 2 + 0.5)
            if at <= short and row[half] < tolerance:
                at = half
            period[t], _ = parabola_top(row, at)
    return period, depth


def loudness_weight(frame_length: int, sr: float) -> NDArray[np.float32]:
    """Weight of each bin of yinfft's power spectrum.

    Parameters
    ----------
    frame_length : int
        Samples.
    sr : float
        Hz.

    Returns
    -------
    (frame_length // 2 + 1,) float32
    """
    hz = np.arange(frame_length // 2 + 1) * sr / frame_length
    return (10.0 ** (np.interp(hz, WEIGHT_HZ, WEIGHT_DB) / 20.0)).astype(np.float32)
