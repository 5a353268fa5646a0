"""Peaks of a row of numbers: which they are, what stands near them, and where between samples their top lies.

Plain Python on numbers or arrays, so that a tracker can use it without compiling anything; ``pianolab.dsp.compiled``
has the same for compiled code.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value", float, NDArray[np.floating])


def parabola_shift(before: Value, at: Value, after: Value) -> Value:
    """How far from the middle one of three samples the parabola through them has its top or bottom.

    Parameters
    ----------
    before, at, after : float or array
        Values one step apart; they must not lie on a straight line.

    Returns
    -------
    float or array
        Steps, in [-0.5, 0.5] where the middle value is the extreme one.

    References
    ----------
    J. O. Smith, Spectral Audio Signal Processing, "Quadratic Interpolation of Spectral Peaks".

    Examples
    --------
    >>> parabola_shift(0.0, 1.0, 1.0)
    0.5
    """
    return 0.5 * (before - after) / (before - 2.0 * at + after)


def parabola_top(row: Sequence[float] | NDArray[np.floating], at: int) -> tuple[float, float]:
    """Place and value of the top or bottom of the parabola through row[at - 1 .. at + 1].

    Parameters
    ----------
    row : (n,) array
    at : int
        Index of the sample that is highest or lowest.

    Returns
    -------
    place, value : float
        Those of the sample itself at the ends of the row, on a straight line, and where the parabola's top lies farther
        than one step away.

    Examples
    --------
    >>> parabola_top([0.0, 1.0, 1.0, 0.0], 1)
    (1.5, 1.125)
    """
    if at <= 0 or at >= len(row) - 1:
        return float(at), float(row[at])
    before, middle, after = float(row[at - 1]), float(row[at]), float(row[at + 1])
    if before - 2.0 * middle + after == 0.0:
        return float(at), middle
    shift = parabola_shift(before, middle, after)
    if abs(shift) > 1.0:
        return float(at), middle
    return at + shift, middle - 0.25 * (before - after) * shift


def is_local_maximum(row: NDArray[np.floating], *, apart: int = 1, in_a_circle: bool = False) -> NDArray[np.bool_]:
    """Which values are larger than all of their neighbours.

    Parameters
    ----------
    row : (n,) array
    apart : int
        So many neighbours on each side count.
    in_a_circle : bool
        The last value is a neighbour of the first. If not, neither of the two is a maximum.

    Returns
    -------
    (n,) bool array

    Examples
    --------
    >>> is_local_maximum(np.array([3.0, 1.0, 2.0, 0.0, 1.0])).tolist()
    [False, False, True, False, False]
    >>> is_local_maximum(np.array([3.0, 1.0, 2.0, 0.0, 1.0]), in_a_circle=True).tolist()
    [True, False, True, False, False]
    """
    at, mode = np.arange(len(row)), "wrap" if in_a_circle else "clip"
    found = np.ones(len(row), bool)
    for distance in range(1, apart + 1):
        found &= (row > row.take(at - distance, mode=mode)) & (row > row.take(at + distance, mode=mode))
    return found


def widened(row: NDArray[Any], width: int) -> NDArray[Any]:
    """The largest of the values around each value.

    Parameters
    ----------
    row : (n,) array
    width : int
        So many values around each count, an odd number.

    Returns
    -------
    (n,) array

    Examples
    --------
    >>> widened(np.array([0, 0, 5, 0, 0, 1]), 3).tolist()
    [0, 5, 5, 5, 1, 1]
    """
    out = row.copy()
    for distance in range(1, min(width // 2, len(row) - 1) + 1):
        np.maximum(out[distance:], row[:-distance], out=out[distance:])
        np.maximum(out[:-distance], row[distance:], out=out[:-distance])
    return out


def correlated(row: NDArray[np.floating], pattern: NDArray[Any]) -> NDArray[np.float64]:
    """How well a pattern fits a row of the same length, at each place that it can be shifted to.

    Parameters
    ----------
    row, pattern : (n,) array

    Returns
    -------
    (2 n - 1,) float64 array
        Sums of products, from the shift of 1 - n to that of n - 1.

    Examples
    --------
    >>> correlated(np.array([0.0, 0.0, 1.0]), np.array([1, 0, 0])).round(9).tolist()
    [0.0, 0.0, 0.0, 0.0, 1.0]
    """
    n = 2 * len(row) - 1
    size = 1 << n.bit_length()
    return np.fft.irfft(np.fft.rfft(row, size) * np.fft.rfft(pattern[::-1], size), size)[:n]
