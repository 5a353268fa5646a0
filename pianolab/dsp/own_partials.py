"""How loud are the partials of each key? A key that is struck again raises its own; a voice beside it hardly does.

What comes in: samples of several frames. What comes out: for each frame and key the mean level of its first partials.
In 23 ms the partials of a bass key run into one another. What a stroke adds shows all the same.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pianolab.dsp.compiled import njit
from pianolab.dsp.spectra import power_spectra
from pianolab.dsp.tuning import TYPICAL_B, partial_ratios, tuned_hz
from pianolab.dsp.windows import amplitude_window, hann, newest

# Samples at 44.1 kHz: 23 ms, as for the evidence of strokes.
LENGTH = 1024
N_PARTIALS = 5
HIGHEST_HZ = 8000.0
# What is fainter than this magnitude (-100 dBFS) is told as this.
FLOOR = 1e-5
_WINDOW = amplitude_window(hann(LENGTH))


def own_partials_db(samples: NDArray[np.float32], *, n_frames: int, hop_length: int, sr: float) -> NDArray[np.float32]:
    """The mean level of the first five partials of each key in the newest 23 ms.

    Parameters
    ----------
    samples : (n,) float32
        The last frame ends with the last sample.
    n_frames, hop_length : int
    sr : float
        Hz.

    Returns
    -------
    (n_frames, 88) float32
        dBFS of a sine, -100 or more. Partials above 8 kHz are left out.

    Examples
    --------
    A tone of 440 Hz is loud at A4 (key 48), and not at C8.

    >>> y = np.sin(2.0 * np.pi * 440.0 * np.arange(2048) / 44100).astype(np.float32)
    >>> level_db = own_partials_db(y, n_frames=1, hop_length=512, sr=44100)[0]
    >>> bool(level_db[48] > level_db[87] + 10.0)
    True
    """
    rows = newest(samples, n_frames=n_frames, length=LENGTH, hop_length=hop_length)
    return _mean_levels(power_spectra(rows, _WINDOW), _bins(sr))


@lru_cache(maxsize=4)
def _bins(sr):
    """The bin of each partial, (88, 5); -1 for those that are left out."""
    hz = tuned_hz(stretched=True)[:, None] * partial_ratios(np.arange(1, N_PARTIALS + 1), TYPICAL_B[:, None])
    return np.where(hz < min(HIGHEST_HZ, sr / 2), np.rint(hz * LENGTH / sr), -1.0).astype(np.int64)


# Each row is computed alone: the same bits for any number of rows.
@njit
def _mean_levels(power, bins):
    n_keys, n_partials = bins.shape
    out = np.empty((len(power), n_keys), np.float32)
    level_db = np.empty(power.shape[1], np.float32)
    for t in range(len(power)):
        for k in range(power.shape[1]):
            level_db[k] = 10.0 * np.log10(max(power[t, k], np.float32(FLOOR * FLOOR)))
        for key in range(n_keys):
            total, n = np.float32(0.0), 0
            for p in range(n_partials):
                if bins[key, p] >= 0:
                    total += level_db[bins[key, p]]
                    n += 1
            out[t, key] = total / max(n, 1)
    return out
