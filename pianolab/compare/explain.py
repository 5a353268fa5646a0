"""Why two runs differ: choices, data, programs, and what is left when both are counted alike.

In go the folders of two runs of `pianolab compare`; out come the points in which they differ, and the means of what
both kept, each under its own protocol and under that of the other. Nothing is heard again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pianolab.compare.errors import CompareError
from pianolab.compare.kept_notes import NAME, KeptNotes, read_notes
from pianolab.compare.run_folder import checked_about
from pianolab.errors import printable
from pianolab.scores import Protocol, score_notes

METRICS = ("onset_f1", "note_f1", "frame_f1")

_IGNORED = ("jobs", "timeout_s")  # They change no number.
_MOST_NAMED = 5
_NONE = "-"
_OF = ["dataset", "detector", "metric"]


@dataclass(frozen=True)
class Difference:
    """One point in which two runs differ.

    Attributes
    ----------
    about : {'choice', 'data', 'detector', 'version'}
    what : str
    first, second : str
        What each run has.
    """

    about: str
    what: str
    first: str
    second: str


@dataclass(frozen=True, eq=False)
class Run:
    """A run as it lies in its folder.

    Attributes
    ----------
    folder : Path
    about : mapping
        What run.json says.
    notes : KeptNotes
    protocol : Protocol
    seconds : float or None
        How much of each recording was heard.
    """

    folder: Path
    about: Mapping[str, Any]
    notes: KeptNotes
    protocol: Protocol
    seconds: float | None


@dataclass(frozen=True, eq=False)
class Explanation:
    """What two runs have apart, and in common.

    Attributes
    ----------
    differences : tuple of Difference
    scores : DataFrame
        dataset, detector, metric, n (recordings that both heard), then the mean of the first and of the second run's
        notes under the first and under the second run's protocol: first_by_first, first_by_second, second_by_first,
        second_by_second.
    """

    differences: tuple[Difference, ...]
    scores: pd.DataFrame


def read_run(folder: str | Path) -> Run:
    """Read the folder of a run.

    Parameters
    ----------
    folder : str or Path

    Returns
    -------
    Run

    Raises
    ------
    CompareError
        If it is no such folder, is cut, was changed, or is of a version that kept no notes.
    """
    folder = Path(folder)
    about = checked_about(folder)
    shown = printable(folder)
    if NAME not in about["files"]:
        made_by = f"pianolab {about.get('pianolab', '(not known)')}"
        again = f"run it again: {printable(str(about.get('command', 'pianolab compare')))}"
        raise CompareError(f"{shown} was written by {made_by}, which kept no notes in it: {again}")
    try:
        settings = about["settings"]
        known = {field.name for field in fields(Protocol)}
        protocol = Protocol(**{name: value for name, value in settings["protocol"].items() if name in known})
        seconds = None if settings["seconds"] is None else float(settings["seconds"])
        if not isinstance(about["recordings"], list) or not isinstance(about["detectors"], list):
            raise TypeError
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CompareError(f"{shown} is of a version whose settings are not known: run its comparison again") from error
    return Run(folder, about, read_notes(folder / NAME), protocol, seconds)


def explain(first: str | Path | Run, second: str | Path | Run) -> Explanation:
    """Compare two runs.

    Parameters
    ----------
    first, second : path or Run
        Folders of `pianolab compare`.

    Returns
    -------
    Explanation

    Raises
    ------
    CompareError
        If one of them cannot be read, or they have no recording and detector in common.
    """
    first, second = (run if isinstance(run, Run) else read_run(run) for run in (first, second))
    shared = [of for of in first.notes.heard if of in second.notes.heard]
    if not shared:
        detectors = ", ".join(sorted({of[2] for of in second.notes.heard})) or "nobody"
        raise CompareError(
            f"{printable(first.folder)} and {printable(second.folder)} have no recording and detector in common: the "
            f"second has {printable(detectors)}"
        )
    return Explanation(tuple(_differences(first, second)), _scores(first, second, shared))


def _differences(first: Run, second: Run) -> Iterator[Difference]:
    sides = (first.about, second.about)
    settings = [_flat(about["settings"]) for about in sides]
    yield from _apart("choice", *({k: v for k, v in s.items() if k not in _IGNORED} for s in settings))
    detectors = [{row["name"]: row.get("source", "") for row in about["detectors"]} for about in sides]
    yield from _apart("detector", *detectors, shown=_short)
    data = [{(row["dataset"], row["id"]): row for row in about["recordings"]} for about in sides]
    yield from _data(*data)
    versions = [
        {**{k: about.get(k, "") for k in ("pianolab", "commit", "python", "platform")}, **about.get("libraries", {})}
        for about in sides
    ]
    yield from _apart("version", *versions, shown=str)


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    flat = {name: value for name, value in settings.items() if name != "protocol"}
    return flat | {f"protocol: {name}": value for name, value in settings["protocol"].items()}


def _apart(
    about: str, first: Mapping[str, Any], second: Mapping[str, Any], shown: Any = lambda value: f"{value}"
) -> Iterator[Difference]:
    for what in dict.fromkeys([*first, *second]):
        sides = [shown(side[what]) if what in side else _NONE for side in (first, second)]
        if first.get(what, _NONE) != second.get(what, _NONE):
            yield Difference(about, printable(str(what)), *map(printable, sides))


def _short(source: str) -> str:
    """A checksum of code in a few letters."""
    return f"there, code {source[:8]}" if source else "there"


def _data(first: Mapping, second: Mapping) -> Iterator[Difference]:
    if alone := [place for place in first if place not in second]:
        yield Difference("data", "recordings only in the first", _named(alone), _NONE)
    if alone := [place for place in second if place not in first]:
        yield Difference("data", "recordings only in the second", _NONE, _named(alone))
    for what, name in (("sound", "checksum"), ("labels", "labels_checksum")):
        changed = [place for place in first if place in second and first[place].get(name) != second[place].get(name)]
        if changed:
            yield Difference("data", f"other {what} under the same name", _named(changed), "the same names")


def _named(places: list[tuple[str, str]]) -> str:
    shown = ", ".join(printable(f"{dataset}/{recording}") for dataset, recording in places[:_MOST_NAMED])
    return f"{len(places)}: {shown}{', ...' if len(places) > _MOST_NAMED else ''}"


def _scores(first: Run, second: Run, shared: list[tuple[str, str, str]]) -> pd.DataFrame:
    rows = []
    for of in shared:
        dataset, recording, who = of
        values = {}
        for run, side in ((first, "first"), (second, "second")):
            for rules, by in ((first, "first"), (second, "second")):
                scores = _score(run, rules, of)
                values |= {(f"{side}_by_{by}", metric): scores.get(metric, np.nan) for metric in METRICS}
        for metric in METRICS:
            each = {side: value for (side, of_metric), value in values.items() if of_metric == metric}
            rows.append({"dataset": dataset, "recording": recording, "detector": who, "metric": metric, **each})
    table = pd.DataFrame(rows)
    sides = [f"{side}_by_{by}" for side in ("first", "second") for by in ("first", "second")]
    found = [
        {**part[_OF].iloc[0].to_dict(), "n": len(part), **{side: part[side].mean() for side in sides}}
        for _, part in table.groupby(_OF, sort=False)
    ]
    return pd.DataFrame(found, columns=pd.Index([*_OF, "n", *sides]))


def _score(run: Run, rules: Run, of: tuple[str, str, str]) -> dict[str, float]:
    """What a run heard, under the protocol of another; {} where it has no labels that can be used."""
    dataset, recording, _ = of
    truth = run.notes.truths.get(rules.protocol.pedal, {}).get((dataset, recording))
    if truth is None:
        return {}
    heard = run.notes.heard[of]
    lengths = [seconds for seconds in (run.seconds, rules.seconds) if seconds is not None]
    if lengths:
        truth, heard = truth.between(0.0, min(lengths)), heard.between(0.0, min(lengths))
    return score_notes(truth, heard, protocol=rules.protocol)
