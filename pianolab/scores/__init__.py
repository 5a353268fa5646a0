"""How right an answer is: notes against labels, each number with its protocol."""

from pianolab.scores.alignment import Drift, as_scored, constant_shift, find_drift
from pianolab.scores.calibration import (
    ReliabilityCurve,
    brier_score,
    expected_calibration_error,
    reliability_curve,
    separation,
    share_interval,
    struck,
)
from pianolab.scores.error_reasons import (
    EXTRA_REASONS,
    MISSED_REASONS,
    REPEAT_S,
    SOFT_VELOCITY,
    TIME_OFF_S,
    error_columns,
    error_counts,
    errors,
)
from pianolab.scores.matching import match
from pianolab.scores.melody import melody_track, score_melody
from pianolab.scores.notes import score_notes, score_onsets
from pianolab.scores.pedal import PedalProtocol, score_pedal
from pianolab.scores.presets import PRESETS, Preset, find_presets
from pianolab.scores.protocol import Protocol
from pianolab.scores.registers import REGISTERS, RegisterScore, by_register, register_of

__all__ = [
    "Drift",
    "EXTRA_REASONS",
    "MISSED_REASONS",
    "PRESETS",
    "PedalProtocol",
    "Preset",
    "Protocol",
    "REGISTERS",
    "REPEAT_S",
    "RegisterScore",
    "ReliabilityCurve",
    "SOFT_VELOCITY",
    "TIME_OFF_S",
    "as_scored",
    "brier_score",
    "by_register",
    "constant_shift",
    "error_columns",
    "error_counts",
    "errors",
    "expected_calibration_error",
    "find_drift",
    "find_presets",
    "match",
    "melody_track",
    "register_of",
    "reliability_curve",
    "score_melody",
    "score_notes",
    "score_onsets",
    "score_pedal",
    "separation",
    "share_interval",
    "struck",
]
