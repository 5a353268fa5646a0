"""Evidence of a stroke: how much of the newest sound is new?"""

import numpy as np
from numpy.typing import NDArray

from pianolab.dsp.compiled import njit
from pianolab.dsp.spectra import power_spectra
from pianolab.dsp.windows import amplitude_window, hann, newest

# Samples at 44.1 kHz: 23 ms, two hops.
FLUX_LENGTH = 1024
# Magnitudes below -100 dBFS are no onset.
FLUX_FLOOR = 1e-5
# The peak's frame lies so much before the onset when the lookahead is FLUX_LENGTH; fitted on the tune recordings.
FLUX_DELAY_S = -0.010
# The rise that gives evidence 0.5: of 100 onsets in the tune recordings, 99 rise by more.
FLUX_AT_HALF = 0.14
_FLUX_WINDOW = amplitude_window(hann(FLUX_LENGTH))


def onset_flux(samples: NDArray[np.float32], *, n_frames: int, hop_length: int) -> NDArray[np.float32]:
    """How much of the newest 23 ms is new since one hop ago, high frequencies counting more.

    From the rise of the root magnitudes as a part of them, ``r = sum g (c_k - c_k')_+ / sum g c_k`` with g the root of
    frequency: a spectral flux (Bello et al., IEEE TSAP 13, 2005, section III.A) weighted between energy and
    high-frequency content. It is given as r / (r + FLUX_AT_HALF): 0.5 for as faint an attack as pianos make while
    another note sounds.

    Parameters
    ----------
    samples : (n,) float32
        The last frame ends with the last sample.
    n_frames, hop_length : int

    Returns
    -------
    (n_frames, 1) float32
        In [0, 1].
    """
    rows = newest(samples, n_frames=n_frames + 1, length=FLUX_LENGTH, hop_length=hop_length)
    return _rise(power_spectra(rows, _FLUX_WINDOW))


# Sums over two neighbouring rows only: fastmath gives the same bits for any number of rows.
@njit(fastmath=True)
def _rise(power):
    n_frames, n_bins = power.shape
    out = np.empty((n_frames - 1, 1), np.float32)
    weight = np.sqrt(np.arange(n_bins, dtype=np.float32))
    floor = np.float32(np.sqrt(FLUX_FLOOR))
    roots = np.sqrt(np.sqrt(power))
    for t in range(1, n_frames):
        rise, total = np.float32(0.0), np.float32(0.01) * n_bins
        for k in range(1, n_bins):
            rise += weight[k] * max(roots[t, k] - max(roots[t - 1, k], floor), np.float32(0.0))
            total += weight[k] * max(roots[t, k] - floor, np.float32(0.0))
        out[t - 1, 0] = rise / (rise + np.float32(FLUX_AT_HALF) * total)
    return out
