"""What a search for settings was asked and what it found: all trials, the best one, and its settings as text."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pianolab.compare.search import Trial
from pianolab.compare.statistics import Difference, paired_difference
from pianolab.detector import spec_text
from pianolab.registry import parse_spec

REPORT = "report.html"


@dataclass(frozen=True)
class Question:
    """What is asked; trials of another question are of no use.

    Attributes
    ----------
    detector, data, metric, method : str
    seed, steps : int
    over : tuple of str
        Ranges as text.
    seconds : float or None
        How much of each recording is heard.
    code : str
        Version of pianolab, and checksum of the code of the detector.
    recordings : mapping of str to str
        Checksums of sound and labels by id.
    """

    detector: str
    data: str
    metric: str
    method: str
    seed: int
    steps: int
    over: tuple[str, ...]
    seconds: float | None
    code: str
    recordings: Mapping[str, str]


@dataclass(frozen=True)
class Tuned:
    """What a search found.

    Attributes
    ----------
    question : Question
    trials : list of Trial
        The first one is the detector as it was given.
    pieces : mapping of str to str
        The piece that a recording is of.
    shared : list of str
        What the recordings have in common with those of the test, one line each.
    n_asked : int
        How many trials were asked for, beside the first.
    folder : Path
    """

    question: Question
    trials: Sequence[Trial]
    pieces: Mapping[str, str]
    shared: Sequence[str]
    n_asked: int
    folder: Path

    @property
    def default(self) -> Trial:
        """The detector as it was given."""
        return self.trials[0]

    @property
    def best(self) -> Trial:
        """The highest score, the earliest of equal ones: so the given settings stay unless others are better."""
        return max(self.trials, key=lambda trial: -math.inf if trial.value is None else trial.value)

    @property
    def spec(self) -> str:
        """The best settings as text that every command takes."""
        return with_settings(self.question.detector, self.best.params)

    @property
    def gain(self) -> Difference:
        """Best less given settings on the recordings that chose them, so it is too good."""
        names = sorted(self.best.scores.keys() & self.default.scores.keys())
        best, given = ([trial.scores[name] for name in names] for trial in (self.best, self.default))
        return paired_difference(best, given, pieces=[self.pieces.get(name) or name for name in names])


def with_settings(spec: str, params: Mapping[str, Any]) -> str:
    """Spec text with further settings.

    Parameters
    ----------
    spec : str
    params : mapping of str to object

    Returns
    -------
    str

    Examples
    --------
    >>> with_settings("yin:method=yinfft", {"threshold": 0.12})
    'yin:method=yinfft,threshold=0.12'
    """
    name, given = parse_spec(spec)
    return spec_text(name, {**given, **params})
