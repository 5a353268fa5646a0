"""A piano and its room, learnt from a scale that is played once: what is asked, what was heard, what it brings."""

from pianolab.my_piano.guide import GuidedScale, Prompted
from pianolab.my_piano.learn import DETECTORS, LearnError, Learnt, learn
from pianolab.my_piano.plan import PLAN, QUIET_S, Asked, as_notes, plan_for
from pianolab.my_piano.strokes import HeardScale, Stroke, find_strokes

__all__ = [
    "DETECTORS",
    "PLAN",
    "QUIET_S",
    "Asked",
    "GuidedScale",
    "HeardScale",
    "LearnError",
    "Learnt",
    "Prompted",
    "Stroke",
    "as_notes",
    "find_strokes",
    "learn",
    "plan_for",
]
