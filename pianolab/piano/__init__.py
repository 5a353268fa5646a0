"""Pianos that can be played: notes in, sound out."""

from pianolab.piano.instruments import ANCHOR_KEYS, DEFAULT_VELOCITY, PIANOS, Partials, Piano, PianoError, velocity_gain
from pianolab.piano.rendering import UNDAMPED_MIDI, render
from pianolab.piano.rooms import (
    ROOMS,
    Room,
    farther,
    impulse_response,
    in_random_room,
    in_room,
    measured_room,
    random_room,
    read_response,
    reverberation_time_s,
)
from pianolab.piano.sampled import SampledPiano

__all__ = [
    "ANCHOR_KEYS",
    "DEFAULT_VELOCITY",
    "PIANOS",
    "Partials",
    "Piano",
    "PianoError",
    "ROOMS",
    "Room",
    "SampledPiano",
    "UNDAMPED_MIDI",
    "farther",
    "impulse_response",
    "in_random_room",
    "in_room",
    "measured_room",
    "random_room",
    "read_response",
    "render",
    "reverberation_time_s",
    "velocity_gain",
]
