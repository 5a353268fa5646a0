"""Correcting what was played: the labels of a take with one change made.

What comes in: notes, and a change as the page asks for it (see Label in pianolab.live.messages). What goes out: the
notes with that change, in time. A change that cannot be made raises TakeError with the remedy.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pianolab.live.takes import TakeError
from pianolab.roll import Notes
from pianolab.texts.catalogue import Told
from pianolab.units import MIDI_HIGH, MIDI_LOW

MAX_SHIFT_S = 10.0  # A label moves by no more seconds at once.
ADDED_S = 0.5  # A label that is added lasts so many seconds.


def edited(notes: Notes, change: Mapping[str, Any], *, length_s: float) -> Notes:
    """Make a change.

    Parameters
    ----------
    notes : Notes
    change : mapping
        Its ``edit`` says what: 'shift' moves note ``index`` by ``seconds``, 'rename' by ``keys``, 'delete' takes it
        away, and 'add' puts key ``midi`` at ``seconds``.
    length_s : float
        Length of the take, seconds.

    Returns
    -------
    Notes

    Raises
    ------
    TakeError
        If there is no such change or note, or it would lie off the keyboard or outside of the take.

    Examples
    --------
    >>> edited(Notes([1.0], [1.5], [60]), {"edit": "rename", "index": 0, "keys": 12}, length_s=3.0).names
    ['C5']
    """
    edit = change.get("edit")
    if edit not in _CHANGES:
        raise TakeError(Told("live.unknown_edit", name=edit))
    return _CHANGES[edit](notes, change, length_s)


def _index(notes: Notes, change: Mapping[str, Any]) -> int:
    index = change.get("index")
    if type(index) is not int or not 0 <= index < len(notes):
        raise TakeError(Told("live.no_such_label", index=index))
    return index


def _shifted(notes: Notes, change: Mapping[str, Any], _length_s: float) -> Notes:
    index, seconds = _index(notes, change), change.get("seconds")
    if not isinstance(seconds, int | float) or not abs(seconds) <= MAX_SHIFT_S:
        raise TakeError(Told("live.shift_too_far", seconds=seconds, most=MAX_SHIFT_S))
    onset, offset = notes.onset.copy(), notes.offset.copy()
    onset[index], offset[index] = max(0.0, onset[index] + seconds), max(0.0, offset[index] + seconds)
    return Notes(onset, offset, notes.midi, notes.velocity, notes.confidence)


def _renamed(notes: Notes, change: Mapping[str, Any], _length_s: float) -> Notes:
    index, keys = _index(notes, change), change.get("keys")
    midi = notes.midi.copy()
    midi[index] = _on_keyboard(midi[index] + keys if type(keys) is int and abs(keys) <= MIDI_HIGH else None)
    return Notes(notes.onset, notes.offset, midi, notes.velocity, notes.confidence)


def _deleted(notes: Notes, change: Mapping[str, Any], _length_s: float) -> Notes:
    return notes[np.arange(len(notes)) != _index(notes, change)]


def _added(notes: Notes, change: Mapping[str, Any], length_s: float) -> Notes:
    seconds = change.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < length_s:
        raise TakeError(Told("live.outside_the_take", seconds=seconds, most=round(length_s, 2)))
    midi = _on_keyboard(change.get("midi"))
    end_s = min(seconds + ADDED_S, length_s)
    return Notes(np.append(notes.onset, seconds), np.append(notes.offset, end_s), np.append(notes.midi, midi))


def _on_keyboard(midi: Any) -> int:
    if isinstance(midi, bool) or not isinstance(midi, int | np.integer) or not MIDI_LOW <= midi <= MIDI_HIGH:
        raise TakeError(Told("live.off_the_keyboard"))
    return int(midi)


_CHANGES: dict[str, Callable[[Notes, Mapping[str, Any], float], Notes]] = {
    "shift": _shifted,
    "rename": _renamed,
    "delete": _deleted,
    "add": _added,
}
