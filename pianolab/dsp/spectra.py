"""Power spectra of frames, and what of them stands out.

What comes in: frames of samples as rows. What comes out: a spectrum a row. A row has the same bits whether it comes
alone or among 255 others, so that what is heard does not depend on the blocks in which sound arrives. (Matrix products
lack that property; FFTs row by row and compiled loops have it.)
"""

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from pianolab.dsp.compiled import njit


def power_spectra(
    frames: NDArray[np.float32], window: NDArray[np.float32], *, n_bins: int | None = None
) -> NDArray[np.float32]:
    """Squared magnitudes of the first bins of each windowed frame.

    Parameters
    ----------
    frames : (T, n) float32
    window : (n,) float32
        Such as from ``windows.amplitude_window``.
    n_bins : int, optional
        Default: all n // 2 + 1.

    Returns
    -------
    (T, n_bins) float32
    """
    transformed = np.asarray(scipy.fft.rfft(frames * window, axis=1))
    return _squared(transformed.view(np.float32), transformed.shape[1] if n_bins is None else n_bins)


@njit
def _squared(pairs, n_bins):
    out = np.empty((len(pairs), n_bins), np.float32)
    for t in range(len(pairs)):
        for k in range(n_bins):
            out[t, k] = pairs[t, 2 * k] * pairs[t, 2 * k] + pairs[t, 2 * k + 1] * pairs[t, 2 * k + 1]
    return out


# All sums run over one row only: fastmath gives the same bits for any number of rows.
@njit(fastmath=True)
def compressed(
    power: NDArray[np.float32], emphasis: NDArray[np.float32], floor: float, exponent_is_half: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What of a spectrum stands out, as a vector of length 1: floor taken off, emphasised, compressed.

    Parameters
    ----------
    power : (T, n_bins) float32
        Squared magnitudes.
    emphasis : (n_bins,) float32
        Factor on magnitudes; 0 leaves a bin out.
    floor : float
        Times the typical magnitude (the square of the mean root, which peaks hardly raise) that is taken off.
    exponent_is_half : bool
        Take the root of magnitudes (as SWIPE does: Camacho & Harris, JASA 124, 2008), or leave them.

    Returns
    -------
    vectors : (T, n_bins) float32
    tonal : (T,) float32
        Part of the emphasised power that stands out: near 1 for notes, 0.2 to 0.4 for hiss.
    """
    n_frames, n_bins = power.shape
    out, tonal = np.empty((n_frames, n_bins), np.float32), np.zeros(n_frames, np.float32)
    for t in range(n_frames):
        root, n_used = np.float32(0.0), 0
        for k in range(n_bins):
            if emphasis[k] > 0:
                root += np.sqrt(np.sqrt(power[t, k]))
                n_used += 1
        typical = (root / n_used) ** 2 * floor
        off = np.float32(typical * typical)
        total, above, everything = np.float32(0.0), np.float32(0.0), np.float32(0.0)
        for k in range(n_bins):
            value = emphasis[k] * np.sqrt(max(power[t, k] - off, np.float32(0.0)))
            above += value * value
            everything += emphasis[k] * emphasis[k] * power[t, k]
            if exponent_is_half:
                value = np.sqrt(value)
            out[t, k] = value
            total += value * value
        scale = np.float32(1.0) / np.sqrt(total) if total > 0 else np.float32(0.0)
        for k in range(n_bins):
            out[t, k] *= scale
        tonal[t] = above / everything if everything > 0 else np.float32(0.0)
    return out, tonal
