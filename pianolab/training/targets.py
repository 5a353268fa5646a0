"""What the network should answer: labels as numbers between 0 and 1 for moments and keys.

What comes in: notes, and the moments for which frames answer. What comes out, for each moment and each of the 88 keys:
how near a stroke is (1 at the stroke, 0 from 50 ms away: Kong et al., IEEE/ACM TASLP 29, 2021, section III.A), whether
the key is held, how near its release is, and how hard it was struck.
"""

import numpy as np
import numpy.typing as npt

from pianolab.roll import Notes
from pianolab.units import MIDI_LOW, N_KEYS

KINDS = ("onset", "frame", "offset", "velocity")
REACH_S = 0.05  # A stroke or release is felt this long before and after.
UNKNOWN_VELOCITY = 64.0  # The middle of MIDI's range stands for velocities that the labels lack.


def note_targets(notes: Notes, times_s: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """What should be answered for these moments.

    Parameters
    ----------
    notes : Notes
        Those that no piano has, below A0 or above C8, are left out.
    times_s : (T,) array
        Moments in seconds, ascending. A network that answers for the moment 90 ms before each frame's end is asked for
        the ends of its frames less 0.09.

    Returns
    -------
    (4, T, 88) float32
        KINDS: onset and offset fall from 1 to 0 within REACH_S on both sides, frame is 1 while the key is held,
        velocity is 0..1 around onsets and 0 elsewhere.

    Examples
    --------
    A4 is struck at 40 ms and let go at 100 ms; a row answers every 20 ms.

    >>> notes = Notes([0.04], [0.10], [69], [127])
    >>> onset, frame, offset, velocity = note_targets(notes, np.arange(8) * 0.02)[:, :, 69 - 21]
    >>> print(onset.round(1))
    [0.2 0.6 1.  0.6 0.2 0.  0.  0. ]
    >>> print(frame)
    [0. 0. 1. 1. 1. 0. 0. 0.]
    """
    times, notes = np.asarray(times_s, float), notes.on_keyboard()
    targets = np.zeros((len(KINDS), len(times), N_KEYS), np.float32)
    if not len(times):
        return targets
    near = (notes.offset > times[0] - REACH_S) & (notes.onset < times[-1] + REACH_S)
    velocities = np.nan_to_num(notes.velocity, nan=UNKNOWN_VELOCITY) / 127.0
    for onset, offset, key, velocity in zip(
        notes.onset[near], notes.offset[near], notes.midi[near] - MIDI_LOW, velocities[near], strict=True
    ):
        _raise_near(targets[0, :, key], times, onset)
        targets[1, np.searchsorted(times, onset) : np.searchsorted(times, offset), key] = 1.0
        _raise_near(targets[2, :, key], times, offset)
        first, last = np.searchsorted(times, (onset - REACH_S, onset + REACH_S))
        targets[3, first:last, key] = velocity
    return targets


def pedal_targets(pedal: npt.ArrayLike | None, times_s: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Whether the sustain pedal is down at these moments.

    Parameters
    ----------
    pedal : (n, 2) array or None
        Seconds when it goes down and up, in order; None where nobody wrote it down.
    times_s : (T,) array
        Moments in seconds.

    Returns
    -------
    (T,) float32
        1 down, 0 up, NaN unknown.

    Examples
    --------
    >>> pedal_targets([(0.1, 0.3)], [0.0, 0.1, 0.2, 0.3]).tolist()
    [0.0, 1.0, 1.0, 0.0]
    """
    times = np.asarray(times_s, float)
    if pedal is None:
        return np.full(len(times), np.nan, np.float32)
    moments = np.asarray(pedal, float).reshape(-1)
    return (np.searchsorted(moments, times, side="right") % 2).astype(np.float32)


def pedal_ages(pedal: npt.ArrayLike | None, times_s: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """For how long the sustain pedal has been down at these moments.

    Parameters
    ----------
    pedal : (n, 2) array or None
        As in `pedal_targets`.
    times_s : (T,) array
        Moments in seconds.

    Returns
    -------
    (T,) float32
        Seconds; NaN where it is up or unknown.

    Examples
    --------
    >>> [round(float(age), 2) for age in pedal_ages([(0.1, 0.3)], [0.0, 0.1, 0.2, 0.3])]
    [nan, 0.0, 0.1, nan]
    """
    times = np.asarray(times_s, float)
    if pedal is None or not len(downs := np.asarray(pedal, float).reshape(-1, 2)[:, 0]):
        return np.full(len(times), np.nan, np.float32)
    ages = times - downs[np.maximum(np.searchsorted(downs, times, side="right") - 1, 0)]
    return np.where(pedal_targets(pedal, times) > 0, ages, np.nan).astype(np.float32)


def _raise_near(row: npt.NDArray[np.float32], times: npt.NDArray[np.float64], moment_s: float) -> None:
    """Raise a row to a triangle around a moment, in place; where two triangles meet the higher one counts."""
    first, last = np.searchsorted(times, (moment_s - REACH_S, moment_s + REACH_S))
    row[first:last] = np.maximum(row[first:last], 1.0 - np.abs(times[first:last] - moment_s) / REACH_S)
