"""Filters by the window method, as `scipy.signal.firwin` makes them.

That function is not used because its package takes 0.6 s to be imported, half of what a process of pianolab needs to
begin; the tests hold these taps beside its own.
"""

import numpy as np
from numpy.typing import NDArray


def windowed_sinc(n_taps: int, low: float, high: float) -> NDArray[np.float64]:
    """Taps of a linear-phase filter that passes a band (the ideal one under a Hamming window).

    Parameters
    ----------
    n_taps : int
        Odd, so that the delay is a whole number of samples.
    low, high : float
        Edges at half the amplitude, in cycles a sample: 0 <= low < high <= 0.5.

    Returns
    -------
    taps : (n_taps,) float64
        The amplitude is 1 in the middle of the band; at 0 Hz where ``low`` is 0, at half the rate where ``high`` is.

    Notes
    -----
    A. V. Oppenheim and R. W. Schafer, "Discrete-Time Signal Processing", 3rd ed., section 7.5.

    Examples
    --------
    >>> [float(tap) for tap in windowed_sinc(3, 0.0, 0.25).round(3)]
    [0.046, 0.908, 0.046]
    """
    n = np.arange(n_taps) - (n_taps - 1) / 2
    taps = np.hamming(n_taps) * 2.0 * (high * np.sinc(2.0 * high * n) - low * np.sinc(2.0 * low * n))
    middle = 0.0 if low == 0.0 else 0.5 if high == 0.5 else (low + high) / 2
    return taps / np.sum(taps * np.cos(2.0 * np.pi * middle * n))
