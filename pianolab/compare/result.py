"""What a comparison found: its rows, and the tables that are made of them when they are asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from pianolab.compare import tables
from pianolab.compare.hearing import Place
from pianolab.data import Recording
from pianolab.roll import Notes
from pianolab.scores import Protocol


@dataclass(frozen=True, eq=False)
class Result:
    """What a comparison found.

    Attributes
    ----------
    scores : DataFrame
        One row for each number, with the columns of `pianolab.compare.rows.ScoreRow`.
    counts : DataFrame
        How many notes were hit, missed and extra, with the columns of `pianolab.compare.rows.CountRow`.
    protocol : Protocol
        What the scores mean.
    recordings : mapping of (dataset, id) to Recording
    truths : mapping of (dataset, id) to Notes or str
        What was played, as far as it was heard; text where labels cannot be used.
    heard : mapping of (dataset, id, detector label) to Notes
        What each detector wrote.
    sources : mapping of str to str
        Whether a data set is real or rendered.
    about : dict
        Settings, versions, checksums, remarks: what run.json holds.
    folder : Path or None
        Where the result was written.
    """

    scores: pd.DataFrame
    counts: pd.DataFrame
    protocol: Protocol
    recordings: Mapping[Place, Recording] = field(repr=False)
    truths: Mapping[Place, Notes | str] = field(repr=False)
    heard: Mapping[tuple[str, str, str], Notes] = field(repr=False)
    sources: Mapping[str, str]
    about: dict[str, Any] = field(repr=False)
    folder: Path | None = None

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Means with intervals by data set and kind: `pianolab.compare.tables.summarise`."""
        return tables.summarise(self.scores, self.sources)

    @cached_property
    def ranking(self) -> pd.DataFrame:
        """Detectors, the best first: `pianolab.compare.tables.rank`."""
        return tables.rank(self.scores, self.summary, str(self.protocol), self.sources)

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Is the best really better? `pianolab.compare.tables.differences`."""
        return tables.differences(self.scores, self.ranking, str(self.protocol))

    @cached_property
    def registers(self) -> pd.DataFrame:
        """F1 by register: `pianolab.compare.tables.registers`."""
        return tables.registers(self.counts)

    @cached_property
    def reasons(self) -> pd.DataFrame:
        """Errors by reason: `pianolab.compare.tables.reasons`."""
        return tables.reasons(self.counts)

    @cached_property
    def pedals(self) -> pd.DataFrame:
        """How right the sustain pedal was heard: `pianolab.compare.tables.pedals`."""
        return tables.pedals(self.summary)

    @property
    def failures(self) -> pd.DataFrame:
        """The rows of what failed: dataset, recording, detector, params, error."""
        columns = ["dataset", "recording", "detector", "params", "error"]
        return self.scores.loc[self.scores.status == "error", columns].reset_index(drop=True)

    def worst(self, n: int = 5, *, dataset: str | None = None, detector: str | None = None) -> pd.DataFrame:
        """Recordings with the lowest onset F1: `pianolab.compare.tables.worst`."""
        return tables.worst(self.scores, str(self.protocol), n=n, dataset=dataset, detector=detector)

    def console_table(self) -> str:
        """The ranked table as text, and that of the pedal where there is one."""
        return tables.console_table(self.ranking, self.pedals)
