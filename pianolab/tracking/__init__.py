"""From evidence to notes: rows of Salience in, note events out."""

from pianolab.tracking.tracker import POLICIES, NoteEvent, Tracker

__all__ = ["NoteEvent", "POLICIES", "Tracker"]
