"""Keys that are easily heard with another because they lie at its partials."""

import numpy as np
from numpy.typing import NDArray

from pianolab.units import N_KEYS

# Semitones from a key up to the keys at its partials 2, 3 and 4: an octave, a twelfth, two octaves.
GHOST_INTERVALS = (12, 19, 24)


def strongest_below(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """The highest value among the keys that have each key at their partials.

    Parameters
    ----------
    values : (..., 88) array
        Not below 0.

    Returns
    -------
    (..., 88) array
        0 where no such key is on the keyboard.

    Examples
    --------
    A0 alone is struck: the keys that may be heard with it.

    >>> np.flatnonzero(strongest_below(np.eye(88)[0])).tolist()
    [12, 19, 24]
    """
    furthest = max(GHOST_INTERVALS)
    around = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(furthest, 0)])
    starts = [furthest - interval for interval in GHOST_INTERVALS]
    return np.max([around[..., start : start + N_KEYS] for start in starts], axis=0)
