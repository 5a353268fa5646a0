"""The top of a peak between samples: the parabola through three neighbours.

Plain Python on numbers or arrays, so that a tracker can use it without compiling anything; compiled kernels wrap it
with ``numba.njit``.
"""


def parabola_shift(before, at, after):
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
