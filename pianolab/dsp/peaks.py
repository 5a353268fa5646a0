"""The top of a peak between samples: the parabola through three neighbours.

Plain Python on numbers or arrays, so that a tracker can use it without compiling anything; ``pianolab.dsp.compiled``
has the same for compiled code.
"""

from collections.abc import Sequence
from typing import TypeVar

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
