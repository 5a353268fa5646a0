"""Frames of the newest sound and the windows they are weighed with.

What comes in: samples in [-1, 1]. What comes out: frames as rows, and windows as long as a frame. All windows of a
frame end at its newest sample, so that a long one for the bass and a short one for the treble hear a new note at the
same moment.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pianolab.errors import PianolabError
from pianolab.texts.catalogue import Told


def hann(n: int, *, peak_at: float = 0.5) -> NDArray[np.float32]:
    """Hann window with its peak where it is wanted.

    A peak near the end weighs the newest sound most: the window keeps its length, and so most of its resolution, but
    hears a new note sooner.

    Parameters
    ----------
    n : int
        Samples.
    peak_at : float
        Part of the length at which the peak lies, above 0 and below 1.

    Returns
    -------
    (n,) float32
        From 0 to 1.

    Examples
    --------
    >>> hann(3).tolist()
    [0.25, 1.0, 0.25]
    """
    t = (np.arange(n) + 0.5) / n
    phase = np.where(t < peak_at, 0.5 * t / peak_at, 0.5 + 0.5 * (t - peak_at) / (1.0 - peak_at))
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * phase)).astype(np.float32)


@lru_cache(maxsize=8)
def periodic_hann(n: int) -> NDArray[np.float32]:
    """The Hann window whose n-th sample would be its first again.

    Parameters
    ----------
    n : int
        Samples.

    Returns
    -------
    (n,) float32
        Read-only, for it is kept.

    Examples
    --------
    >>> periodic_hann(4).tolist()
    [0.0, 0.5, 1.0, 0.5]
    """
    window = (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(n) / n)).astype(np.float32)
    window.setflags(write=False)
    return window


def amplitude_window(window: NDArray[np.float32]) -> NDArray[np.float32]:
    """The window scaled so that a full-scale sine has magnitude 1 in its spectrum.

    Parameters
    ----------
    window : (n,) float32

    Returns
    -------
    (n,) float32
    """
    return (window * (2.0 / window.sum())).astype(np.float32)


def newest(samples: NDArray[np.float32], *, n_frames: int, length: int, hop_length: int) -> NDArray[np.float32]:
    """Frames counted from the end: the last one ends with the last sample.

    Parameters
    ----------
    samples : (n,) float32
    n_frames, length, hop_length : int
        How many frames, samples in each, and samples from one to the next.

    Returns
    -------
    (n_frames, length) float32
        A view, read-only.

    Raises
    ------
    PianolabError
        If there are too few samples.

    Examples
    --------
    >>> newest(np.arange(7), n_frames=2, length=3, hop_length=2).tolist()
    [[2, 3, 4], [4, 5, 6]]
    """
    start = len(samples) - length - (n_frames - 1) * hop_length
    if start < 0:
        raise PianolabError(f"{len(samples)} samples do not hold {n_frames} frames of {length} every {hop_length}")
    return np.lib.stride_tricks.sliding_window_view(samples[start:], length)[::hop_length]


def refuse_short_frame(frame_length: int, lowest_hz: float, *, sr: float) -> None:
    """Refuse a window that does not hold two periods of the lowest key.

    Parameters
    ----------
    frame_length : int
        Samples.
    lowest_hz : float
    sr : float
        Hz.

    Raises
    ------
    PianolabError
        With the least length that does.
    """
    needed = int(np.ceil(2.0 * sr / lowest_hz))
    if frame_length < needed:
        told = Told("detectors.short_frame", length=frame_length, hz=lowest_hz, sr=sr, needed=needed)
        raise PianolabError(told)
