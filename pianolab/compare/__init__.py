"""The comparison: every detector hears every recording, and every answer is scored in the same way."""

from pianolab.compare.participants import CompareError
from pianolab.compare.run import CACHE, Result, compare

__all__ = ["CACHE", "CompareError", "Result", "compare"]
