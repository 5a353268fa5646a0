"""How loud the newest sound of each frame is, a constant not counted."""

import numpy as np
from numpy.typing import NDArray

from pianolab.dsp.compiled import njit

# Samples at 44.1 kHz that the level of a frame is taken from: 23 ms.
LEVEL_LENGTH = 1024
# Of a constant, rounding leaves up to this part of its power: less than that is silence.
DC_ROUNDING = 1e-12


# A row's sum may be taken in any order: fastmath changes its bits, but by no other row.
@njit(fastmath={"reassoc", "nsz", "arcp", "contract"})
def sound_level_db(samples: NDArray[np.float32], n_frames: int, hop_length: int, length: int) -> NDArray[np.float32]:
    """RMS level of the newest samples of each frame, without what is constant in them (DC): that is no sound.

    ``pianolab.frames.levels_db`` is the level of all that is in a frame.

    Parameters
    ----------
    samples : (n,) float32
        The last frame ends with the last sample.
    n_frames, hop_length : int
    length : int
        Samples of each frame that count.

    Returns
    -------
    (n_frames,) float32
        dBFS; -inf for digital silence.
    """
    out = np.empty(n_frames, np.float32)
    start = len(samples) - length - (n_frames - 1) * hop_length
    for t in range(n_frames):
        total, power = 0.0, 0.0
        for j in range(start + t * hop_length, start + t * hop_length + length):
            total += samples[j]
            power += samples[j] * samples[j]
        heard = power - total * total / length
        out[t] = 10.0 * np.log10(heard / length) if heard > DC_ROUNDING * power else -np.inf
    return out
