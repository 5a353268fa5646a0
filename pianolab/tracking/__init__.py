"""From evidence to notes: rows of Salience in, note events out."""

from pianolab.tracking.settings import Tracking, TrackingError
from pianolab.tracking.tracker import NoteEvent, Tracker

__all__ = ["NoteEvent", "Tracker", "Tracking", "TrackingError"]
