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
    interval = np.searchsorted(pedal[:, 0], notes.offset, side="right") - 1
    up = np.where(interval >= 0, pedal[np.maximum(interval, 0), 1], -np.inf)
    struck_again = np.full(len(notes), np.inf)
    for midi in np.unique(notes.midi):
        rows = np.flatnonzero(notes.midi == midi)
        onsets = notes.onset[rows]
        after = np.searchsorted(onsets, onsets, side="right")
        struck_again[rows] = np.append(onsets, np.inf)[after]
    offset = np.maximum(notes.offset, np.minimum(up, struck_again))
    return Notes(notes.onset, offset, notes.midi, notes.velocity, notes.confidence)


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
