"""How right an answer is: notes against labels, each number with its protocol."""

from pianolab.scores.scoring import (
    EXTRA_REASONS,
    MISSED_REASONS,
    REGISTERS,
    REPEAT_S,
    SOFT_VELOCITY,
    TIME_OFF_S,
    Protocol,
    by_register,
    error_counts,
    errors,
    match,
    melody_track,
    register_of,
    score_melody,
    score_notes,
    score_onsets,
)

__all__ = [
    "EXTRA_REASONS",
    "MISSED_REASONS",
    "Protocol",
    "REGISTERS",
    "REPEAT_S",
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
