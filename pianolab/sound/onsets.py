"""Where a single note begins in its recording."""

import numpy as np
import numpy.typing as npt

from pianolab.frames import levels_db

ONSET_BELOW_PEAK_DB = 30.0
ONSET_WINDOW_S = 0.002


def first_onset_s(y: npt.ArrayLike, *, sr: float) -> float:
    """When the first note of a recording begins: where its energy first comes within 30 dB of its loudest moment.

    Energy is the mean square in windows of 2 ms. For a file that holds one note, cut close or with silence before it.

    Parameters
    ----------
    y : (n,) array
        Samples in [-1, 1].
    sr : int
        Hz.

    Returns
    -------
    float
        Seconds; the beginning of that window, 0 for silence.

    Examples
    --------
    >>> first_onset_s(np.repeat([0.0, 0.5], 500), sr=1000)
    0.5
    """
    y = np.asarray(y)
    window = max(1, round(ONSET_WINDOW_S * sr))
    level_db = levels_db(y[: len(y) // window * window].reshape(-1, window))
    loudest_db = np.max(level_db, initial=-np.inf)
    if loudest_db == -np.inf:
        return 0.0
    return float(np.argmax(level_db >= loudest_db - ONSET_BELOW_PEAK_DB) * window / sr)
