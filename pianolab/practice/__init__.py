"""Learning a piece with a piano that is listened to: what is to be played, where the player is, what was right."""

from pianolab.practice.contents import ContentError, content_of
from pianolab.practice.score import Bar, Score, ScoreError, ScoreNote, read_score, score_of

__all__ = ["Bar", "ContentError", "Score", "ScoreError", "ScoreNote", "content_of", "read_score", "score_of"]
