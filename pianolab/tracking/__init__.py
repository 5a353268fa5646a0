"""From evidence to notes: rows of Salience in, note events and pedal events out."""

from pianolab.tracking.pedal import PedalEvent
from pianolab.tracking.settings import Tracking, TrackingError
from pianolab.tracking.struck import TurnedAway
from pianolab.tracking.tracker import Event, NoteEvent, Tracker

__all__ = ["Event", "NoteEvent", "PedalEvent", "Tracker", "Tracking", "TrackingError", "TurnedAway"]
