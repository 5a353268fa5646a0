"""The sustain pedal: when it is down, and how it lengthens notes."""

import numpy as np
import numpy.typing as npt

from pianolab.labels.rows import LabelError
from pianolab.roll import Notes


def sustain(notes: Notes, pedal: npt.ArrayLike) -> Notes:
    """Lengthen notes to where they end under the sustain pedal.

    A note that is released while the pedal is down sounds until the pedal goes up or the same key is struck again,
    whichever comes first (the rule of Hawthorne et al., Onsets and Frames, ISMIR 2018, section on data sets).

    Parameters
    ----------
    notes : Notes
        Offsets are key releases.
    pedal : (n, 2) array
        Seconds at which the pedal goes down and up.

    Returns
    -------
    Notes

    Raises
    ------
    LabelError
        If the pedal is no list of times.

    Examples
    --------
    >>> notes = Notes([0.0, 1.0], [0.5, 1.5], [60, 64])
    >>> sustain(notes, [(0.2, 2.0)]).offset.tolist()
    [2.0, 2.0]
    """
    pedal = merged(pedal)
    if not len(notes) or not len(pedal):
        return notes
    until_s = np.minimum(pedal_up_s(notes.offset, pedal), struck_again_s(notes.onset, notes.midi))
    return Notes(notes.onset, np.maximum(notes.offset, until_s), notes.midi, notes.velocity, notes.confidence)


def pedal_up_s(released_s: npt.NDArray[np.float64], pedal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """When the pedal goes up that was down as a key was released.

    Parameters
    ----------
    released_s : (n,) float64
        Releases, seconds.
    pedal : (m, 2) float64
        From `merged`.

    Returns
    -------
    (n,) float64
        Seconds; minus infinity where the pedal was up.
    """
    if not len(pedal):
        return np.full(len(released_s), -np.inf)
    interval = np.searchsorted(pedal[:, 0], released_s, side="right") - 1
    return np.where(interval >= 0, pedal[np.maximum(interval, 0), 1], -np.inf)


def struck_again_s(onset_s: npt.NDArray[np.float64], midi: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """When each note's key is struck the next time.

    Parameters
    ----------
    onset_s : (n,) float64
        Seconds, in order.
    midi : (n,) int64

    Returns
    -------
    (n,) float64
        Seconds; infinity where it is not.
    """
    again_s = np.full(len(onset_s), np.inf)
    for key in np.unique(midi):
        rows = np.flatnonzero(midi == key)
        onsets = onset_s[rows]
        again_s[rows] = np.append(onsets, np.inf)[np.searchsorted(onsets, onsets, side="right")]
    return again_s


def merged(pedal: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Pedal times in order, with those that overlap made one.

    Parameters
    ----------
    pedal : (n, 2) array
        Seconds at which the pedal goes down and up, in any order.

    Returns
    -------
    (m, 2) float64

    Raises
    ------
    LabelError
        If it is no list of times.
    """
    try:
        pedal = np.array(pedal, dtype=float)
    except (TypeError, ValueError) as error:
        raise LabelError(f"the pedal is no list of times ({error}): pass shape (n, 2), seconds down and up") from error
    if not pedal.size:
        return np.zeros((0, 2))
    if pedal.ndim != 2 or pedal.shape[1] != 2:
        raise LabelError(f"the pedal has shape {pedal.shape}: pass shape (n, 2), seconds down and up")
    wrong = ~(np.isfinite(pedal).all(axis=1) & (pedal[:, 0] >= 0) & (pedal[:, 1] >= pedal[:, 0]))
    if np.any(wrong):
        down, up = pedal[wrong][0]
        raise LabelError(f"pedal from {down:g} to {up:g} s cannot be: use finite times from 0 on, down before up")
    joined = []
    for down, up in pedal[np.argsort(pedal[:, 0], kind="stable")]:
        if joined and down <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], up)
        else:
            joined.append([down, up])
    return np.array(joined)
