"""A comparison as files to read: tables, figures and one HTML page that needs nothing else.

In goes a Result, out comes a folder with scores.csv (every number), counts.csv (every note, counted by its fate),
summary.csv (means with intervals), figures, a page report.html that shows the ranked detectors first, and run.json (how
to get the same numbers again). The folder is written beside its place and renamed when it is complete, so that a run is
either there or not.
"""

import base64
import itertools
import json
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd

from pianolab.compare.errors import CompareError
from pianolab.compare.pictures import Picture, draw
from pianolab.compare.provenance import MADE_BY
from pianolab.compare.result import Result
from pianolab.compare.tables import RANKED_BY, labels
from pianolab.data.recording import SOURCES
from pianolab.errors import printable
from pianolab.files import refuse_unwritable

RESULTS = Path("results")
FILES = ("scores.csv", "counts.csv", "summary.csv", "run.json", "report.html", "figures")


def write_report(result: Result, out: str | Path | None = None) -> Result:
    """Write a Result into a folder; it appears when everything is in it.

    Parameters
    ----------
    result : Result
        From `pianolab.compare.compare`.
    out : str or Path, optional
        Folder of the run, as for `claim`.

    Returns
    -------
    Result
        The same, with its ``folder``.

    Raises
    ------
    CompareError
        If the folder holds other files or cannot be written to.
    """
    folder = claim(out)
    new, old = _beside(folder), _beside(folder)
    try:
        (new / "figures").mkdir(parents=True)
        result.scores.to_csv(new / "scores.csv", index=False)
        result.counts.to_csv(new / "counts.csv", index=False)
        result.summary.to_csv(new / "summary.csv", index=False, float_format="%.6g")
        (new / "report.html").write_text(_page(result, draw(result, new / "figures")), encoding="utf-8")
        about = json.dumps(result.about, indent=1, ensure_ascii=False)
        (new / "run.json").write_text(about + "\n", encoding="utf-8")
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return replace(result, folder=folder)


def claim(out: str | Path | None = None) -> Path:
    """Choose the folder of a run and make sure, before hours are spent, that it can be written.

    Parameters
    ----------
    out : str or Path, optional
        A new or empty folder, or that of an earlier run, which will be replaced. By default results/ and the date and
        time.

    Returns
    -------
    Path

    Raises
    ------
    CompareError
        If it holds other files or cannot be written to.
    """
    folder = _dated() if out is None else Path(out)
    shown = printable(folder)
    try:
        if folder.is_file():
            raise CompareError(f"{shown} is a file: choose another folder with --out")
        refuse_unwritable(folder)
        refuse_unwritable(folder.absolute().parent)
    except OSError as error:
        raise CompareError(f"{shown} cannot be written ({error.strerror}): choose another folder with --out") from error
    if folder.is_dir() and any(folder.iterdir()) and not _is_run(folder):
        raise CompareError(f"{shown} holds files that are not of an earlier run: choose another folder with --out")
    return folder


def _dated() -> Path:
    name = time.strftime("%Y-%m-%d_%H-%M-%S")
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    return next(RESULTS / name for name in names if not (RESULTS / name).exists())


def _is_run(folder: Path) -> bool:
    try:
        ours = json.loads((folder / "run.json").read_text(encoding="utf-8"))["made_by"] == MADE_BY
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return ours and all(path.name in FILES for path in folder.iterdir())


def _beside(folder: Path) -> Path:
    folder = folder.absolute()
    return folder.with_name(f".{folder.name}-{secrets.token_hex(4)}.tmp")


def _page(result: Result, pictures: Mapping[str, list[Picture]]) -> str:
    """The HTML page of a Result as text: everything is in it, and text from outside is escaped."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    environment.filters |= {"number": _number, "interval": _interval, "embedded": _embedded}
    datasets = [
        {
            "name": name,
            "source": result.sources[str(name)],
            "about": SOURCES.get(result.sources[str(name)], ""),
            "ranking": ranking.assign(label=labels(ranking)).to_dict("records"),
            "pictures": pictures[str(name)],
            "differences": _of(result.differences, name).to_dict("records"),
            "kinds": _by_kind(result, name),
            "reasons": _by_reason(result, name),
            "worst": result.worst(5, dataset=str(name)).to_dict("records"),
        }
        for name, ranking in result.ranking.groupby("dataset", sort=False)
    ]
    return environment.get_template("report.html").render(
        about=result.about,
        protocol=result.protocol,
        datasets=datasets,
        failures=result.failures.to_dict("records"),
    )


def _of(table: pd.DataFrame, dataset: object) -> pd.DataFrame:
    return table.loc[table.dataset == dataset]


def _by_kind(result: Result, dataset: object) -> dict[str, Any] | None:
    """Mean onset F1 of each detector on each kind of recording: rows of (label, values), and the names of the kinds."""
    table = _of(result.summary, dataset)
    table = table.loc[(table.metric == RANKED_BY) & (table.protocol == str(result.protocol)) & (table.kind != "all")]
    if table.empty:
        return None
    n = table.groupby("kind", sort=False).n.max()
    table = table.assign(name=labels(table)).pivot_table(index="name", columns="kind", values="mean", sort=False)
    ordered = [name for name in labels(_of(result.ranking, dataset)) if name in table.index]
    rows = [(name, list(table.loc[name])) for name in ordered]
    return {"kinds": [f"{kind} ({n[kind]})" for kind in table.columns], "rows": rows}


def _by_reason(result: Result, dataset: object) -> dict[str, Any] | None:
    """Errors in words, most frequent first, with a count for each detector."""
    table = _of(result.reasons, dataset)
    if table.empty:
        return None
    table = table.assign(name=labels(table))
    table = table.pivot_table(index=["result", "reason"], columns="name", values="count", aggfunc="sum")
    table = table[[name for name in labels(_of(result.ranking, dataset)) if name in table.columns]]
    rows = [(": ".join(error), list(counts)) for error, counts in zip(table.index, table.to_numpy(), strict=True)]
    rows = sorted((row for row in rows if any(row[1])), key=lambda row: -sum(row[1]))
    return {"labels": list(table.columns), "rows": rows}


def _number(value: float | None, digits: int = 3) -> str:
    return f"{value:.{digits}f}" if value is not None and np.isfinite(value) else "–"


def _interval(row: Mapping[str, float], form: str = ".3f") -> str:
    return f"{row['low']:{form}} to {row['high']:{form}}" if np.isfinite(row["low"]) else "–"


def _embedded(picture: Picture) -> str:
    return "data:image/png;base64," + base64.b64encode(picture.path.read_bytes()).decode("ascii")
