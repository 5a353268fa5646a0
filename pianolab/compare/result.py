"""What a comparison found: its rows, and the tables that are made of them when they are asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from pianolab.compare import against, degraded, delays, protocols, tables
from pianolab.compare.cache import Cache
from pianolab.compare.hearing import Place
from pianolab.compare.participants import Participant
from pianolab.compare.sweeps import Sweep
from pianolab.data import Recording
from pianolab.roll import Notes
from pianolab.scores import Protocol
from pianolab.texts.choices import PedalRule


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
    labels : mapping of pedal rule to mapping of (dataset, id) to Notes
        What was played, as each rule for the sustain pedal reads the labels.
    protocols : mapping of str to Protocol
        Further protocols under which the same answers were scored; empty where none was asked for.
    protocol_scores, tolerance_scores : DataFrame
        Their numbers: `pianolab.compare.protocols.score_protocols` and `score_tolerances`.
    participants : mapping of str to Participant
        Who took part, by label: a report asks again what was said around an error.
    kept : Cache or None
        Where that is kept.
    sweeps : tuple of Sweep
        What made recordings worse; empty where nothing was asked for.
    degraded : DataFrame
        The numbers of recordings that were made worse: `pianolab.compare.degraded.score_degraded`.
    before : Before or None
        The earlier run that this one is held against.
    delay_curve, delay_parts : DataFrame
        How late notes were told, where that was asked for: `pianolab.compare.delays.delay_tables`.
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
    labels: Mapping[PedalRule, Mapping[Place, Notes]] = field(default_factory=dict, repr=False)
    protocols: Mapping[str, Protocol] = field(default_factory=dict)
    protocol_scores: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    tolerance_scores: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    participants: Mapping[str, Participant] = field(default_factory=dict, repr=False)
    kept: Cache | None = field(default=None, repr=False)
    sweeps: tuple[Sweep, ...] = ()
    degraded: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    before: against.Before | None = field(default=None, repr=False)
    delay_curve: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    delay_parts: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)

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

    @cached_property
    def changes(self) -> pd.DataFrame:
        """What changed since an earlier run: `pianolab.compare.against.changes`; empty where none was named."""
        if self.before is None:
            return pd.DataFrame()
        return against.changes(self.scores, self.about["recordings"], self.before, protocol=str(self.protocol))

    @cached_property
    def said_of_changes(self) -> list[str]:
        """What changed beyond its interval, in lines; empty where no earlier run was named."""
        return [] if self.before is None else against.sentences(self.changes, self.before, len(self.recordings))

    def moved(self, dataset: str) -> dict[str, str] | None:
        """How far each detector of a data set moved: `pianolab.compare.against.marks`; None without an earlier run."""
        return None if self.before is None else against.marks(self.changes, dataset)

    @cached_property
    def by_protocol(self) -> pd.DataFrame:
        """Means under each further protocol: `pianolab.compare.protocols.summarise_protocols`."""
        return protocols.summarise_protocols(self.protocol_scores) if self.protocols else pd.DataFrame()

    @cached_property
    def flips(self) -> pd.DataFrame:
        """Pairs of detectors that change places: `pianolab.compare.protocols.flips`."""
        return protocols.flips(self.protocol_scores) if self.protocols else pd.DataFrame()

    @cached_property
    def said_of_protocols(self) -> dict[str, list[str]]:
        """What the further protocols do to each data set, in sentences; empty without them."""
        if not self.protocols:
            return {}
        gains = protocols.alignment_gains(self.by_protocol, self.protocols)
        names = map(str, self.by_protocol.dataset.unique())
        return {name: protocols.sentences(self.by_protocol, self.flips, gains, name) for name in names}

    @cached_property
    def robustness(self) -> pd.DataFrame:
        """Means at each strength of each sweep: `pianolab.compare.degraded.curves`."""
        return degraded.curves(self.degraded, self.sweeps, str(self.protocol)) if self.sweeps else pd.DataFrame()

    @cached_property
    def by_delay(self) -> pd.DataFrame:
        """Mean onset F1 at each delay allowed: `pianolab.compare.delays.summarise_delays`."""
        return pd.DataFrame() if self.delay_curve.empty else delays.summarise_delays(self.delay_curve)

    @property
    def failures(self) -> pd.DataFrame:
        """The rows of what failed: dataset, recording, detector, params, error."""
        columns = ["dataset", "recording", "detector", "params", "error"]
        parts = [self.scores]
        if self.sweeps:
            where = self.degraded.recording + " [" + self.degraded.condition + "]"
            parts.append(self.degraded.assign(recording=where))
        failed = [part.loc[part.status == "error", columns] for part in parts]
        return pd.concat(failed, ignore_index=True)

    def worst(self, n: int = 5, *, dataset: str | None = None, detector: str | None = None) -> pd.DataFrame:
        """Recordings with the lowest onset F1: `pianolab.compare.tables.worst`."""
        return tables.worst(self.scores, str(self.protocol), n=n, dataset=dataset, detector=detector)

    def console_table(self) -> str:
        """The ranked table as text, that of the pedal where there is one, those of sweeps and of further protocols."""
        moved = {name: self.moved(name) or {} for name in self.sources} if self.before is not None else None
        parts = [tables.console_table(self.ranking, self.pedals, moved)]
        parts += ["\n".join(self.said_of_changes)] if self.before is not None else []
        if self.sweeps:
            parts.append(degraded.console_degraded(self.robustness, self.sweeps))
        if not self.delay_parts.empty:
            parts.append(delays.console_delays(self.delay_parts))
        if self.protocols:
            parts.append(protocols.console_protocols(self.by_protocol, self.said_of_protocols))
        return "\n\n".join(parts)
