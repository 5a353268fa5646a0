"""How right an answer is: notes against labels, each number with its protocol."""

from pianolab.scores.error_reasons import (
    EXTRA_REASONS,
    MISSED_REASONS,
    REPEAT_S,
    SOFT_VELOCITY,
    TIME_OFF_S,
    error_counts,
    errors,
)
from pianolab.scores.matching import match
from pianolab.scores.melody import melody_track, score_melody
from pianolab.scores.notes import score_notes, score_onsets
from pianolab.scores.protocol import Protocol
from pianolab.scores.registers import REGISTERS, RegisterScore, by_register, register_of

__all__ = [
    "EXTRA_REASONS",
    "MISSED_REASONS",
    "Protocol",
    "REGISTERS",
    "REPEAT_S",
    "RegisterScore",
    "SOFT_VELOCITY",
    "TIME_OFF_S",
    "by_register",
    "error_counts",
    "errors",
    "match",
    "melody_track",
    "register_of",
    "score_melody",
    "score_notes",
    "score_onsets",
]
