"""A comparison as files to read: tables, figures and one HTML page that needs nothing else.

In goes a Result, out comes a folder with scores.csv (every number), counts.csv (every note, counted by its fate),
summary.csv (means with intervals), the ranked table for spreadsheets and papers, notes.npz (what was played and heard),
figures, a page report.html that shows the ranked detectors first, and run.json (how to get the same numbers again);
protocols.csv and tolerances.csv where further protocols were asked for, degraded.csv and robustness.csv where
recordings were made worse, delay_curve.csv and delay_parts.csv where delays were asked for. The folder is written
beside its place and renamed when it is complete, so that a run is either there or not.
"""

import base64
import errno
import functools
import hashlib
import importlib.util
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import numpy as np
import pandas as pd

from pianolab.compare import kept_notes
from pianolab.compare.anatomy import MOST_BYTES, MOST_MOMENTS, anatomy, label_of
from pianolab.compare.csv_files import write_table
from pianolab.compare.degraded import sentences, wide, wide_crossed
from pianolab.compare.delays import BLOCK, delay_rows, delay_sentences
from pianolab.compare.errors import CompareError
from pianolab.compare.exports import as_csv, as_latex, as_markdown, in_markdown, table
from pianolab.compare.pictures import Picture, draw
from pianolab.compare.result import Result
from pianolab.compare.run_folder import ABOUT, RunFolder, claimed
from pianolab.compare.shareable import all_shareable, shareable
from pianolab.compare.sweeps import Sweep
from pianolab.compare.tables import RANKED_BY, labels
from pianolab.data.recording import SOURCES
from pianolab.errors import printable, reason
from pianolab.scores import EXTRA_REASONS, MISSED_REASONS

FILES = ("scores.csv", "counts.csv", "summary.csv", kept_notes.NAME, ABOUT, "report.html", "figures", "tables")
AGAINST = "against.csv"  # Where an earlier run was named.
OF_PROTOCOLS = ("protocols.csv", "tolerances.csv")  # Where further protocols were asked for.
OF_SWEEPS = ("degraded.csv", "robustness.csv")  # Where recordings were made worse.
OF_DELAYS = ("delay_curve.csv", "delay_parts.csv")  # Where delays were asked for.
OF_PYARROW = ("scores.parquet", "counts.parquet")  # Where it is installed.
_EXPORTS = {"csv": "CSV", "md": "Markdown", "tex": "LaTeX"}
MOST_OF_A_REASON = 20  # Moments of the errors of one reason.
_REASONS = len(MISSED_REASONS) + len(EXTRA_REASONS) + 2  # So many may a page show: these, and ends too early or late.
SHOWN_BELOW = 0.05  # p, corrected: then a difference is called real.
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)  # No other file fares better then.


def write_report(
    result: Result, out: str | Path | RunFolder | None = None, *, moments: int = 1, errors_of: str | None = None
) -> Result:
    """Write a Result into a folder; it appears when everything is in it.

    Parameters
    ----------
    result : Result
        From `pianolab.compare.compare`.
    out : str, Path or RunFolder, optional
        Folder of the run, as for `pianolab.compare.run_folder.claimed`, or one that it gave.
    moments : int
        How many errors of each reason the page shows, 0 to 20; with many data sets fewer, so that it stays small.
    errors_of : str, optional
        Whose errors, by the label that stands in the tables, such as ``"yin:threshold=0.1"``; the best detector's if
        not given.

    Returns
    -------
    Result
        The same, with its ``folder``; ``about["unwritten"]`` names what could not be made and why. The rest is written.

    Raises
    ------
    CompareError
        If the folder holds other files or cannot be written to, or if nobody of that label takes part. Then nothing of
        it is there.
    """
    if isinstance(moments, bool) or not isinstance(moments, int) or not 0 <= moments <= MOST_OF_A_REASON:
        raise CompareError(f"moments {moments!r} is no number of moments: use 0 to {MOST_OF_A_REASON}")
    errors_of = errors_of and label_of(errors_of, result.participants.values())
    with nullcontext(out) if isinstance(out, RunFolder) else claimed(out) as folder:
        unwritten = _write(result, folder, _Shown(moments, errors_of))
        about = {**result.about, "unwritten": [[name, shareable(why)] for name, why in unwritten.items()]}
        try:
            return replace(result, about=about, folder=folder.put(about))
        except OSError as error:
            raise _unwritable(folder, ABOUT, error) from error


class _Shown(NamedTuple):
    """Which errors the page shows."""

    moments: int
    errors_of: str | None


def _write(result: Result, folder: RunFolder, shown: _Shown) -> dict[str, str]:
    """Write all but run.json; gives what could not be made, and why."""
    unwritten: dict[str, str] = {}

    @contextmanager
    def part(name: str) -> Iterator[None]:
        """Go on without a part that cannot be made; a disk that is full ends it all."""
        try:
            yield
        except CompareError:  # One of its own parts met a full disk.
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _DISK:
                raise _unwritable(folder, name, error) from error
            with suppress(OSError):  # There may be none.
                (folder.new / name).unlink()
            unwritten[name] = reason(error)

    try:
        (folder.new / "figures").mkdir(parents=True)
    except OSError as error:
        raise _unwritable(folder, "figures", error) from error
    with part("scores.csv"):
        write_table(result.scores, folder.new / "scores.csv")
    with part("counts.csv"):
        write_table(result.counts, folder.new / "counts.csv")
    if importlib.util.find_spec("pyarrow"):  # Of the extra cluster: large tables are read sooner so.
        for name, found in zip(OF_PYARROW, (result.scores, result.counts), strict=True):
            with part(name):
                found.to_parquet(folder.new / name, index=False, engine="pyarrow")
    with part("summary.csv"):
        write_table(result.summary, folder.new / "summary.csv", float_format="%.6g")
    with part("tables"):
        for name, text in _tables(result).items():
            (folder.new / "tables").mkdir(exist_ok=True)
            with part(f"tables/{name}"):
                (folder.new / "tables" / name).write_text(text, encoding="utf-8", errors="backslashreplace")
    with part(kept_notes.NAME):
        kept_notes.write_notes(folder.new / kept_notes.NAME, result.labels, result.heard)
    if result.before is not None:
        with part(AGAINST):
            write_table(result.changes, folder.new / AGAINST)
    if result.protocols:
        with part(OF_PROTOCOLS[0]):
            write_table(result.protocol_scores, folder.new / OF_PROTOCOLS[0])
        with part(OF_PROTOCOLS[1]):
            write_table(result.tolerance_scores, folder.new / OF_PROTOCOLS[1])
    if result.sweeps:
        with part(OF_SWEEPS[0]):
            write_table(result.degraded, folder.new / OF_SWEEPS[0])
        with part(OF_SWEEPS[1]):
            write_table(result.robustness, folder.new / OF_SWEEPS[1], float_format="%.6g")
    if not result.delay_parts.empty:
        for name, found in zip(OF_DELAYS, (result.delay_curve, result.delay_parts), strict=True):
            with part(name):
                write_table(found, folder.new / name, float_format="%.6g")
    pictures: dict[str, list[Picture]] = {}
    with part("figures"):
        pictures = draw(result, folder.new / "figures", part)
    with part("report.html"):
        page = _page(result, pictures, unwritten, shown)
        (folder.new / "report.html").write_text(page, encoding="utf-8", errors="backslashreplace")
    return unwritten


def _tables(result: Result) -> dict[str, str]:
    """What can go into a spreadsheet or a paper, by file name; each data set has a table of its own."""
    if result.ranking.empty:
        return {}
    by_data = [
        (str(name), table(ranking, result.moved(str(name))))
        for name, ranking in result.ranking.groupby("dataset", sort=False)
    ]
    protocol = " ".join(str(result.protocol).split())
    return {
        "ranked.csv": as_csv(result.ranking),
        "ranked.md": "\n\n".join(f"{in_markdown(name)}\n\n{as_markdown(found)}" for name, found in by_data)
        + f"\n\n{protocol}\n",
        "ranked.tex": "\n\n".join(f"% {name}; {protocol}\n{as_latex(found)}" for name, found in by_data) + "\n",
        "differences.csv": as_csv(result.differences),
    }


def _exports(ranking: pd.DataFrame, moved: Mapping[str, str] | None) -> dict[str, str]:
    """The ranked table of a data set as links that need no file."""
    found = table(ranking, moved)
    texts = {"csv": as_csv(ranking), "md": as_markdown(found) + "\n", "tex": as_latex(found) + "\n"}
    return {
        name: "data:text/plain;base64," + base64.b64encode(text.encode("utf-8", "backslashreplace")).decode("ascii")
        for name, text in texts.items()
    }


def _unwritable(folder: RunFolder, name: str, error: OSError) -> CompareError:
    why = f"{printable(folder.shown / name)} cannot be written ({error.strerror or reason(error)})"
    remedy = "make room or choose another folder with --out, and run it again: what was heard is kept in the cache"
    return CompareError(f"{why}: {remedy}")


@functools.cache
def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    environment.filters |= {"number": _number, "interval": _interval, "p_value": _p_value}
    environment.filters |= {"verdict": _verdict, "embedded": _embedded}
    return environment.get_template("report.html")


@functools.cache
def _script() -> str:
    """The one script that the page may run; its browser refuses any other by the checksum."""
    return (Path(__file__).parent / "report.js").read_text(encoding="utf-8")


def _anatomy(result: Result, dataset: str, unwritten: dict[str, str], shown: _Shown) -> Mapping[str, Any] | None:
    """The errors of a detector; a report without them is better than none."""
    n_sets = len(result.sources)
    n = min(shown.moments, max(1, MOST_MOMENTS // n_sets // _REASONS))
    try:
        return anatomy(result, dataset, detector=shown.errors_of, n=n, most_bytes=MOST_BYTES // n_sets)
    except Exception as error:
        unwritten[f"errors of {dataset}"] = reason(error)
        return None


def _page(result: Result, pictures: Mapping[str, list[Picture]], unwritten: dict[str, str], shown: _Shown) -> str:
    """The HTML page of a Result as text: everything is in it, and text from outside is escaped."""
    datasets = [
        {
            "name": name,
            "source": result.sources[str(name)],
            "about": SOURCES.get(result.sources[str(name)], ""),
            "table": table(ranking, result.moved(str(name))),
            "exports": _exports(ranking, result.moved(str(name))),
            "stem": re.sub(r"[^\w-]+", "_", str(name))[:60] or "ranked",
            "pictures": pictures.get(str(name), []),
            "differences": _of(result.differences, name).to_dict("records"),
            "kinds": _by_kind(result, name),
            "reasons": _by_reason(result, name),
            "pedals": _of(result.pedals.assign(label=labels(result.pedals)), name).to_dict("records"),
            "anatomy": _anatomy(result, str(name), unwritten, shown),
            "protocols": _by_protocol(result, name),
            "sweeps": [_by_strength(result, str(name), sweep) for sweep in result.sweeps],
            "crossed": _crossed(result, str(name)),
            "delays": _delays(result, str(name)),
            "worst": result.worst(5, dataset=str(name)).to_dict("records"),
        }
        for name, ranking in result.ranking.groupby("dataset", sort=False)
    ]
    script = _script()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return _template().render(
        script=script,
        script_hash=f"sha256-{digest}",
        titles=_EXPORTS,
        about=result.about,
        protocol=result.protocol,
        datasets=datasets,
        changed=all_shareable(result.said_of_changes),
        failures=result.failures.to_dict("records"),
        unwritten=all_shareable(unwritten),
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


def _by_protocol(result: Result, dataset: object) -> dict[str, Any] | None:
    """Means under each further protocol: a table a metric, and what they do in sentences."""
    if not result.protocols or (table := _of(result.by_protocol, dataset)).empty:
        return None
    ordered = [name for name in labels(_of(result.ranking, dataset)) if name in labels(table)]
    table, stamps = table.assign(who=labels(table)), dict(zip(table.name, table.protocol, strict=True))
    shown = []
    for metric, title in (("onset_f1", "Onset F1"), ("note_f1", "Note F1"), ("shift_ms", "Shift found (ms)")):
        means = table.loc[table.metric == metric].pivot_table(index="name", columns="who", values="mean", sort=False)
        if not means.empty:
            means = means.reindex(columns=ordered)
            rows = [(name, stamps[name], list(row)) for name, row in zip(means.index, means.to_numpy(), strict=True)]
            shown.append({"title": title, "rows": rows, "digits": 1 if metric == "shift_ms" else 3})
    return {"labels": ordered, "tables": shown, "sentences": result.said_of_protocols.get(str(dataset), [])}


def _by_strength(result: Result, dataset: str, sweep: Sweep) -> dict[str, Any]:
    """Onset F1 of one sweep as a table, and in sentences."""
    names, rows = wide(result.robustness, dataset, sweep)
    said = sentences(result.robustness, dataset, sweep)
    return {"name": sweep.name, "labels": names, "rows": rows, "sentences": said}


def _crossed(result: Result, dataset: str) -> dict[str, Any] | None:
    """Onset F1 under each pair of strengths."""
    if not result.sweeps or (names_and_rows := wide_crossed(result.robustness, dataset)) is None:
        return None
    names, rows = names_and_rows
    return {"labels": names, "rows": rows}


def _delays(result: Result, dataset: str) -> dict[str, Any] | None:
    """The parts of the delay, and what they mean in sentences."""
    if result.delay_parts.empty:
        return None
    said = delay_sentences(result.by_delay, result.delay_parts, dataset)
    return {"rows": delay_rows(result.delay_parts, dataset), "sentences": said, "block": BLOCK}


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


def _p_value(p: float) -> str:
    return "–" if np.isnan(p) else f"{p:.3f}" if p >= 0.0005 else f"{p:.1e}"


def _verdict(row: Mapping[str, float]) -> str:
    """What a row of the differences says in words."""
    if row["pieces"] < 2:
        return "one piece shows nothing"
    if not row["p_floor"] < SHOWN_BELOW:
        return "too few pieces to show any difference"
    return "a real difference" if row["p"] < SHOWN_BELOW else "not shown by these recordings"


def _embedded(picture: Picture) -> str:
    return "data:image/png;base64," + base64.b64encode(picture.path.read_bytes()).decode("ascii")
