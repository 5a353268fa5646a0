"""A note as a file has it; what cannot be true is refused with the file, the line and the remedy."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pianolab.errors import PianolabError, PianolabWarning
from pianolab.roll import MIDI_MAX, Notes
from pianolab.units import MIDI_HIGH, MIDI_LOW

MAX_SECONDS = 1e6  # Eleven days: what is longer was written in samples or milliseconds.


class LabelError(PianolabError):
    """Labels that cannot be true or cannot be read; the message is one line with the remedy."""


class LabelWarning(PianolabWarning):
    """Labels that were used although something about them is odd."""


@dataclass(frozen=True)
class Row:
    """One note as a file has it, and where in the file it is ("line 3", "track 0")."""

    onset: float
    offset: float
    midi: float
    velocity: float
    place: str


def notes_of(rows: Sequence[Row], name: str) -> Notes:
    """The rows of a file as Notes.

    Parameters
    ----------
    rows : sequence of Row
    name : str
        The file in messages.

    Returns
    -------
    Notes

    Raises
    ------
    LabelError
        If a value cannot be true.
    """
    for row in rows:
        fault = _fault(row)
        if fault:
            raise LabelError(f"{name}, {row.place}: {fault}")
    columns = ("onset", "offset", "midi", "velocity")
    return Notes(*(np.array([getattr(row, column) for row in rows]) for column in columns))


def _fault(row: Row) -> str:
    """What cannot be true about a row; '' if all can."""
    if not (math.isfinite(row.onset) and math.isfinite(row.offset)):
        return f"a time is NaN or infinite (onset {row.onset}, offset {row.offset}): write seconds"
    if row.onset < 0 or row.offset < 0:
        return f"time {min(row.onset, row.offset):g} s is negative: times start at 0"
    if row.offset < row.onset:
        return f"offset {row.offset:g} s lies before its onset {row.onset:g} s: swap or mend them"
    if row.offset > MAX_SECONDS:
        return f"offset {row.offset:g} s is longer than any recording: write times in seconds"
    if not 0 <= row.midi <= MIDI_MAX:
        return f"MIDI number {row.midi:g} is outside 0..{MIDI_MAX}: A0 is {MIDI_LOW}, C8 is {MIDI_HIGH}; give no Hz"
    if row.midi != round(row.midi):
        return f"MIDI number {row.midi:g} is not whole: give the number of the key, not its tuning"
    if row.velocity < 0 or row.velocity > MIDI_MAX:
        return f"velocity {row.velocity:g} is outside 0..{MIDI_MAX}: leave it empty if it is unknown"
    return ""
