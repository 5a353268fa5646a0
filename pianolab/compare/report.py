"""A comparison as files to read: tables, figures and one HTML page that needs nothing else.

In goes a Result, out comes a folder with scores.csv (every number), summary.csv (means with intervals), figures, a page
report.html that shows the ranked detectors first, and run.json (how to get the same numbers again). The folder is
written beside its place and renamed when it is complete, so that a run is either there or not.
"""

import base64
import itertools
import json
import re
import secrets
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path

import jinja2
import numpy as np

from pianolab import plots
from pianolab.compare.page import PAGE
from pianolab.compare.participants import CompareError
from pianolab.compare.run import MADE_BY, Result, compare
from pianolab.compare.tables import RANKED_BY, label
from pianolab.errors import printable
from pianolab.files import refuse_unwritable
from pianolab.scores import REGISTERS

RESULTS = Path("results")
FILES = ("scores.csv", "summary.csv", "run.json", "report.html", "figures")
_ROLL_SECONDS = 12.0
_ROLL_NOTES = 8  # a recording that is shown has at least this many notes, if there is one


@dataclass(frozen=True)
class Picture:
    """A figure of the page: its file, what it shows in words for those who cannot see it, and one sentence."""

    name: str
    alt: str
    sentence: str


def run(data="builtin", detectors=None, *, out=None, **settings):
    """Compare and write: `claim`, `pianolab.compare.compare`, `write`.

    Parameters
    ----------
    data, detectors, **settings
        As for `pianolab.compare.compare`.
    out : str or Path, optional
        Folder of the run, as for `claim`.

    Returns
    -------
    Result
        Its ``folder`` holds the files.
    """
    folder = claim(out)
    return write(compare(data, detectors, **settings), folder)


def claim(out=None):
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


def _dated():
    name = time.strftime("%Y-%m-%d_%H-%M-%S")
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    return next(RESULTS / name for name in names if not (RESULTS / name).exists())


def _is_run(folder):
    try:
        ours = json.loads((folder / "run.json").read_text(encoding="utf-8"))["made_by"] == MADE_BY
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return ours and all(path.name in FILES for path in folder.iterdir())


def _beside(folder):
    folder = folder.absolute()
    return folder.with_name(f".{folder.name}-{secrets.token_hex(4)}.tmp")


def write(result, folder):
    """Write a Result into a folder that `claim` gave; it appears when everything is in it.

    Parameters
    ----------
    result : Result
    folder : Path

    Returns
    -------
    Result
        The same, with its ``folder``.
    """
    folder, new, old = Path(folder), _beside(Path(folder)), _beside(Path(folder))
    try:
        (new / "figures").mkdir(parents=True)
        result.scores.to_csv(new / "scores.csv", index=False)
        result.summary.to_csv(new / "summary.csv", index=False, float_format="%.6g")
        pictures = draw(result, new / "figures")
        (new / "report.html").write_text(page(result, pictures, new / "figures"), encoding="utf-8")
        about = json.dumps(result.about, indent=1, ensure_ascii=False)
        (new / "run.json").write_text(about + "\n", encoding="utf-8")
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return replace(result, folder=folder)


# Figures


def draw(result, folder):
    """Draw the figures of a Result.

    Parameters
    ----------
    result : Result
    folder : Path
        Where the PNG files go.

    Returns
    -------
    dict of str to list of Picture
        By data set, the main one first. Empty for a data set in which everything failed.
    """
    pictures, stems = {}, set()
    for dataset, ranking in result.ranking.groupby("dataset", sort=False):
        ranking = ranking[ranking.n > 0]
        stem = _file_name(dataset)
        while stem in stems:
            stem += "_"
        stems.add(stem)
        drawn = []
        if len(ranking):
            drawn = [
                _draw_ranking(result, ranking, folder / f"{stem}_ranked.png"),
                _draw_registers(result, ranking, folder / f"{stem}_registers.png"),
                _draw_speed(ranking, folder / f"{stem}_speed.png"),
                *_draw_rolls(result, ranking, folder, stem),
            ]
        pictures[dataset] = [picture for picture in drawn if picture]
    return pictures


def _file_name(text):
    return re.sub(r"[^\w-]+", "_", text).strip("_")[:60] or "unnamed"


def _labels(ranking):
    return [label(*pair) for pair in zip(ranking.detector, ranking.params, strict=True)]


def _draw_ranking(result, ranking, path):
    labels, dataset = _labels(ranking), ranking.dataset.iloc[0]
    rows = result.scores[(result.scores.dataset == dataset) & (result.scores.metric == RANKED_BY)]
    rows = rows[rows.protocol == str(result.protocol)]
    spread = [
        rows.value[(rows.detector == row.detector) & (rows.params == row.params)].to_numpy()
        for row in ranking.itertuples()
    ]
    fig, ax = plots.figure(8, 1.2 + 0.45 * len(labels))
    plots.ranked_bars(ax, labels, ranking[RANKED_BY], low=ranking.low, high=ranking.high, spread=spread)
    plots.save(fig, path)
    values = "; ".join(f"{name} {value:.3f}" for name, value in zip(labels, ranking[RANKED_BY], strict=True))
    best = ranking.iloc[0]
    interval = f" (95 % interval {best.low:.3f} to {best.high:.3f})" if np.isfinite(best.low) else ""
    leads = "comes first with" if len(labels) > 1 else "has"
    recordings = "recording" if best.n == 1 else "recordings"
    sentence = (
        f"{labels[0]} {leads} a mean onset F1 of {best[RANKED_BY]:.3f}{interval} over {best.n} {recordings}; dots are "
        "recordings, black lines intervals of the mean."
    )
    return Picture(path.name, f"Bar chart of mean onset F1 on {dataset}: {values}.", sentence)


def _draw_registers(result, ranking, path):
    labels, dataset = _labels(ranking), ranking.dataset.iloc[0]
    table = result.registers[result.registers.dataset == dataset]
    names = [label(*pair) for pair in zip(table.detector, table.params, strict=True)]
    values = table.assign(name=names).pivot_table(index="name", columns="register", values="f1", dropna=False)
    values = values.reindex(index=labels, columns=list(REGISTERS))
    if values.isna().all(axis=None):
        return None
    fig, ax = plots.figure(8, 1.4 + 0.45 * len(labels))
    plots.heat_map(ax, values, rows=labels, columns=list(REGISTERS), xlabel="register (keys)")
    plots.save(fig, path)
    low, high = values.iloc[0].idxmin(), values.iloc[0].idxmax()
    words = "; ".join(
        f"{name}: " + ", ".join(f"{register} {f1:.2f}" for register, f1 in row.items() if np.isfinite(f1))
        for name, row in values.iterrows()
    )
    sentence = (
        f"{labels[0]} is strongest in {high} ({values.iloc[0][high]:.2f}) and weakest in {low} "
        f"({values.iloc[0][low]:.2f}); notes of all recordings are counted together."
    )
    return Picture(path.name, f"Heat map of onset F1 by register on {dataset}: {words}.", sentence)


def _draw_speed(ranking, path):
    timed = ranking[np.isfinite(ranking.speed)]
    if not len(timed):
        return None
    labels = _labels(timed)
    fig, ax = plots.figure(8, 4)
    speeds = timed.speed.to_numpy()
    plots.speed_accuracy(ax, labels, speeds, timed[RANKED_BY], low=timed.low.to_numpy(), high=timed.high.to_numpy())
    plots.save(fig, path)
    words = "; ".join(f"{name} {speed:.0f} times" for name, speed in zip(labels, speeds, strict=True))
    fastest = int(np.argmax(speeds))
    sentence = f"{labels[fastest]} is the fastest: one core hears {speeds[fastest]:.0f} seconds of sound in a second."
    return Picture(path.name, f"Speed against onset F1; faster than the music by: {words}.", sentence)


def _draw_rolls(result, ranking, folder, stem):
    """The same seconds of one recording as each detector heard them."""
    dataset, labels = ranking.dataset.iloc[0], _labels(ranking)
    chosen = _typical_recording(result, dataset, labels)
    if chosen is None:
        return
    truth = result.truths[dataset, chosen]
    start_s = max(0.0, np.min(truth.onset, initial=np.inf) - 0.5) if len(truth) else 0.0
    end_s = np.max(truth.offset, initial=start_s) + 0.5
    stop_s = min(start_s + _ROLL_SECONDS, end_s)
    for number, name in enumerate(labels, start=1):
        path = folder / f"{stem}_roll_{number}_{_file_name(name)}.png"
        heard = result.heard[dataset, chosen, name]
        fig, ax = plots.figure(8, 3.2)
        plots.piano_roll(ax, truth, heard, protocol=result.protocol, start_s=start_s, stop_s=stop_s)
        counts = [text.get_text() for text in ax.get_legend().get_texts()]
        plots.save(fig, path)
        where = f"{chosen}, {start_s:.1f} to {stop_s:.1f} s"
        yield Picture(
            path.name,
            f"Piano roll of {where}: what was played against what {name} heard; {', '.join(counts)} notes.",
            f"{name} on {where}: {', '.join(counts)}.",
        )


def _typical_recording(result, dataset, labels):
    """The recording of middling difficulty among those that every detector heard; one with enough notes to see."""
    scores = result.scores
    rows = scores[
        (scores.dataset == dataset) & (scores.metric == RANKED_BY) & (scores.protocol == str(result.protocol))
    ]
    means = rows.groupby("recording").value.agg(["mean", "size"])
    means = means[means["size"] == len(labels)]["mean"]
    busy = [name for name in means.index if len(result.truths[dataset, name]) >= _ROLL_NOTES]
    means = means[busy] if busy else means
    return (means - means.median()).abs().idxmin() if len(means) else None


# The page


def page(result, pictures, folder):
    """The HTML page of a Result as text: everything is in it, and text from outside is escaped.

    Parameters
    ----------
    result : Result
    pictures : dict of str to list of Picture
        From `draw`.
    folder : Path
        Where the PNG files are.

    Returns
    -------
    str
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters["number"] = _number
    environment.filters["interval"] = _interval
    environment.filters["picture"] = lambda picture: _embedded(folder / picture.name)
    datasets = [
        {
            "name": name,
            "source": result.sources[name],
            "ranking": ranking.assign(label=_labels(ranking)).to_dict("records"),
            "pictures": pictures[name],
            "differences": _of(result.differences, name).to_dict("records"),
            "kinds": _by_kind(result, name),
            "reasons": _by_reason(result, name),
            "worst": result.worst(5, dataset=name).to_dict("records"),
        }
        for name, ranking in result.ranking.groupby("dataset", sort=False)
    ]
    return environment.from_string(PAGE).render(
        result=result,
        about=result.about,
        protocol=result.protocol,
        datasets=datasets,
        failures=result.failures.to_dict("records"),
    )


def _of(table, dataset):
    return table[table.dataset == dataset]


def _by_kind(result, dataset):
    """Mean onset F1 of each detector on each kind of recording: rows of (label, values), and the names of the kinds."""
    table = _of(result.summary, dataset)
    table = table[(table.metric == RANKED_BY) & (table.protocol == str(result.protocol)) & (table.kind != "all")]
    if table.empty:
        return None
    n = table.groupby("kind", sort=False).n.max()
    table = table.assign(name=[label(*pair) for pair in zip(table.detector, table.params, strict=True)])
    table = table.pivot_table(index="name", columns="kind", values="mean", sort=False)
    ordered = [name for name in _labels(_of(result.ranking, dataset)) if name in table.index]
    rows = [(name, list(table.loc[name])) for name in ordered]
    return {"kinds": [f"{kind} ({n[kind]})" for kind in table.columns], "rows": rows}


def _by_reason(result, dataset):
    """Errors in words, most frequent first, with a count for each detector."""
    table = _of(result.reasons, dataset)
    if table.empty:
        return None
    table = table.assign(name=[label(*pair) for pair in zip(table.detector, table.params, strict=True)])
    table = table.pivot_table(index=["result", "reason"], columns="name", values="count", aggfunc="sum")
    table = table[[name for name in _labels(_of(result.ranking, dataset)) if name in table.columns]]
    table = table[table.sum(axis=1) > 0]
    table = table.loc[table.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    rows = [
        (f"{what}: {why}", [int(n) for n in counts])
        for (what, why), counts in zip(table.index, table.values, strict=True)
    ]
    return {"labels": list(table.columns), "rows": rows}


def _number(value, digits=3):
    return f"{value:.{digits}f}" if value is not None and np.isfinite(value) else "–"


def _interval(row, form=".3f"):
    return f"{row['low']:{form}} to {row['high']:{form}}" if np.isfinite(row["low"]) else "–"


def _embedded(path):
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


__all__ = ["FILES", "Picture", "Result", "claim", "draw", "page", "run", "write"]
