"""The figures of a report: who is best, in which register, how fast, and what each detector heard in one recording."""

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pianolab import plots
from pianolab.compare.degraded import sentences
from pianolab.compare.delays import delay_sentences
from pianolab.compare.result import Result
from pianolab.compare.sweeps import Sweep
from pianolab.compare.tables import RANKED_BY, labels
from pianolab.roll import Notes
from pianolab.scores import REGISTERS

_ROLL_SECONDS = 12.0
_ROLL_NOTES = 8  # A recording is shown only if it has so many notes, where there is one.


@dataclass(frozen=True)
class Picture:
    """A figure of the report.

    Attributes
    ----------
    path : Path
        The PNG file.
    alt : str
        What it shows in words, for those who cannot see it.
    sentence : str
        What there is to see.
    """

    path: Path
    alt: str
    sentence: str


Drawing = Callable[[Path], Picture | None]


def draw(result: Result, folder: Path, part: Callable[[str], AbstractContextManager]) -> dict[str, list[Picture]]:
    """Draw the figures of a Result.

    Parameters
    ----------
    result : Result
    folder : Path
        Where the PNG files go.
    part : callable
        Takes the name of a picture, and gives a context in which it is drawn and which may swallow what goes wrong.

    Returns
    -------
    dict of str to list of Picture
        By data set, the main one first. Empty for a data set in which everything failed; without what went wrong.
    """
    pictures: dict[str, list[Picture]] = {}
    stems = set()
    for dataset, ranking in result.ranking.groupby("dataset", sort=False):
        ranking = ranking.loc[ranking.n > 0]
        stem = _file_name(str(dataset))
        while stem in stems:
            stem += "_"
        stems.add(stem)
        pictures[str(dataset)] = drawn = []
        for name, drawing in _drawings(result, ranking, stem) if len(ranking) else ():
            with part(f"{folder.name}/{name}"):
                picture = drawing(folder / name)
                drawn += [picture] if picture else []
    return pictures


def _drawings(result: Result, ranking: pd.DataFrame, stem: str) -> Iterator[tuple[str, Drawing]]:
    """Names of pictures, and what draws them."""
    yield f"{stem}_ranked.png", lambda path: _draw_ranking(result, ranking, path)
    yield f"{stem}_registers.png", lambda path: _draw_registers(result, ranking, path)
    yield f"{stem}_speed.png", lambda path: _draw_speed(ranking, path)
    if result.protocols:
        yield f"{stem}_tolerances.png", lambda path: _draw_tolerances(result, ranking, path)
    for number, sweep in enumerate(result.sweeps, start=1):
        drawing = functools.partial(_draw_sweep, result, ranking.dataset.iloc[0], sweep)
        yield f"{stem}_sweep_{number}_{_file_name(sweep.name)}.png", drawing
    if not result.delay_parts.empty:
        yield f"{stem}_delays.png", lambda path: _draw_delays(result, ranking, path)
    names = labels(ranking)
    chosen = _typical_recording(result, ranking.dataset.iloc[0], names)
    for number, name in enumerate(names, start=1):
        drawing = functools.partial(_draw_roll, result, ranking.dataset.iloc[0], chosen, name)
        yield f"{stem}_roll_{number}_{_file_name(name)}.png", drawing


def _file_name(text: str) -> str:
    """A part of a file's name, of at most 100 bytes: a name has room for two and a little more."""
    plain = re.sub(r"[^\w-]+", "_", text).strip("_")[:60]
    return plain.encode()[:100].decode(errors="ignore") or "unnamed"


def _draw_ranking(result: Result, ranking: pd.DataFrame, path: Path) -> Picture:
    names, dataset = labels(ranking), ranking.dataset.iloc[0]
    each = result.worst(len(result.scores), dataset=dataset)
    each = each.assign(name=labels(each))
    fig, ax = plots.figure(8, 1.2 + 0.45 * len(names))
    spread = [each.loc[each.name == name, RANKED_BY].to_numpy() for name in names]
    plots.ranked_bars(ax, names, ranking[RANKED_BY], low=ranking.low, high=ranking.high, spread=spread)
    plots.save(fig, path)
    values = "; ".join(f"{name} {value:.3f}" for name, value in zip(names, ranking[RANKED_BY], strict=True))
    best = ranking.iloc[0]
    interval = f" (95 % interval {best.low:.3f} to {best.high:.3f})" if np.isfinite(best.low) else ""
    leads = "comes first with" if len(names) > 1 else "has"
    recordings = "recording" if best.n == 1 else "recordings"
    sentence = (
        f"{names[0]} {leads} a mean onset F1 of {best[RANKED_BY]:.3f}{interval} over {best.n} {recordings}; dots are "
        "recordings, black lines intervals of the mean."
    )
    return Picture(path, f"Bar chart of mean onset F1 on {dataset}: {values}.", sentence)


def _draw_registers(result: Result, ranking: pd.DataFrame, path: Path) -> Picture | None:
    names, dataset = labels(ranking), ranking.dataset.iloc[0]
    table = result.registers.loc[result.registers.dataset == dataset]
    values = table.assign(name=labels(table)).pivot_table(index="name", columns="register", values="f1", dropna=False)
    values = values.reindex(index=names, columns=list(REGISTERS))
    if values.isna().all(axis=None):
        return None
    fig, ax = plots.figure(8, 1.4 + 0.45 * len(names))
    plots.heat_map(ax, values, rows=names, columns=list(REGISTERS), xlabel="register (keys)")
    plots.save(fig, path)
    low, high = values.iloc[0].idxmin(), values.iloc[0].idxmax()
    words = "; ".join(
        f"{name}: " + ", ".join(f"{register} {f1:.2f}" for register, f1 in row.items() if np.isfinite(f1))
        for name, row in values.iterrows()
    )
    sentence = (
        f"{names[0]} is strongest in {high} ({values.iloc[0][high]:.2f}) and weakest in {low} "
        f"({values.iloc[0][low]:.2f}); notes of all recordings are counted together."
    )
    return Picture(path, f"Heat map of onset F1 by register on {dataset}: {words}.", sentence)


def _draw_speed(ranking: pd.DataFrame, path: Path) -> Picture | None:
    timed = ranking.loc[np.isfinite(ranking.speed)]
    if not len(timed):
        return None
    names = labels(timed)
    fig, ax = plots.figure(8, 4)
    speeds = timed.speed.to_numpy()
    plots.speed_accuracy(ax, names, speeds, timed[RANKED_BY], low=timed.low.to_numpy(), high=timed.high.to_numpy())
    plots.save(fig, path)
    words = "; ".join(f"{name} {speed:.0f} times" for name, speed in zip(names, speeds, strict=True))
    fastest = int(np.argmax(speeds))
    sentence = f"{names[fastest]} is the fastest: one core hears {speeds[fastest]:.0f} seconds of sound in a second."
    return Picture(path, f"Speed against onset F1; faster than the music by: {words}.", sentence)


def _draw_tolerances(result: Result, ranking: pd.DataFrame, path: Path) -> Picture | None:
    names, dataset = labels(ranking), ranking.dataset.iloc[0]
    each = result.tolerance_scores.loc[result.tolerance_scores.dataset == dataset]
    if each.empty:
        return None
    means = each.assign(name=labels(each)).pivot_table(index="name", columns="onset_ms", values=RANKED_BY)
    means = means.loc[[name for name in names if name in means.index]]
    fig, ax = plots.figure(8, 4)
    plots.lines(
        ax,
        list(means.index),
        means.columns.to_numpy(),
        means.to_numpy(),
        xlabel="onset tolerance (ms)",
        ylabel="onset F1 (0..1)",
    )
    plots.save(fig, path)
    ms = list(means.columns)
    words = "; ".join(
        f"{name}: "
        + ", ".join(f"{value:.2f} at {at} ms" for at, value in zip(ms, row, strict=True) if at in (10, 50, 100))
        for name, row in zip(means.index, means.to_numpy(), strict=True)
    )
    rise = means[100] - means[50]
    most = str(rise.idxmax())
    sentence = (
        f"From 50 to 100 ms of tolerance {most} gains most ({rise[most]:+.3f}); at 10 ms {means[10].idxmax()} comes "
        f"first ({means[10].max():.3f}), at 100 ms {means[100].idxmax()} ({means[100].max():.3f})."
    )
    return Picture(path, f"Onset F1 against the tolerance of onsets on {dataset}: {words}.", sentence)


def _draw_sweep(result: Result, dataset: str, sweep: Sweep, path: Path) -> Picture | None:
    table = result.robustness
    mine = table.loc[
        (table.dataset == dataset) & (table.sweep == sweep.name) & (table.sweep_2 == "") & (table.metric == RANKED_BY)
    ]
    if mine.empty or (mine.condition == "").all():
        return None
    mine = mine.assign(name=labels(mine), strength=_places(mine, sweep))
    x = np.sort(mine.strength.unique())
    sides = {
        side: mine.pivot_table(index="name", columns="strength", values=side, sort=False, dropna=False)
        for side in ("mean", "low", "high")
    }
    names = [str(name) for name in mine.name.unique()]
    mean, low, high = (side.reindex(index=names, columns=x).to_numpy(dtype=float) for side in sides.values())
    fig, ax = plots.figure(8, 4)
    plots.lines(
        ax,
        names,
        x,
        mean,
        low=low,
        high=high,
        xlabel=f"{sweep.name} ({sweep.unit})" if sweep.unit else sweep.name,
        ylabel="onset F1 (0..1)",
    )
    ax.set_xticks(x, ["as it is" if at == _plain_at(mine) else f"{at:g}" for at in x])
    if sweep.neutral is None:
        ax.invert_xaxis()
    plots.save(fig, path)
    words = "; ".join(
        f"{name}: "
        + ", ".join(f"{value:.2f} at {at:g}" for at, value in zip(x, row, strict=True) if np.isfinite(value))
        for name, row in zip(names, mean, strict=True)
    )
    sentence = " ".join(sentences(table, dataset, sweep)) + " Bands are 95 % intervals over pieces."
    return Picture(path, f"Onset F1 against {sweep.name} on {dataset}: {words}.", sentence)


def _places(table: pd.DataFrame, sweep: Sweep) -> pd.Series:
    """Where on the axis each point stands: recordings as they are beyond the mildest strength."""
    known = np.unique(table.strength.dropna())
    gap = np.diff(known).mean() if len(known) > 1 else max(abs(known[0]), 1.0)
    return table.strength if sweep.neutral is not None else table.strength.fillna(float(known[-1] + gap))


def _plain_at(table: pd.DataFrame) -> float:
    return float(table.loc[table.condition == "", "strength"].iloc[0])


def _draw_delays(result: Result, ranking: pd.DataFrame, path: Path) -> Picture | None:
    names, dataset = labels(ranking), str(ranking.dataset.iloc[0])
    table = result.by_delay.loc[(result.by_delay.dataset == dataset) & np.isfinite(result.by_delay.allowed_ms)]
    table = table.assign(name=labels(table))
    names = [name for name in names if name in set(table.name)]
    if not names:
        return None
    sides = [
        table.pivot_table(index="name", columns="allowed_ms", values=side, dropna=False).reindex(index=names)
        for side in ("mean", "low", "high")
    ]
    x, (mean, low, high) = sides[0].columns.to_numpy(dtype=float), (side.to_numpy(dtype=float) for side in sides)
    fig, ax = plots.figure(8, 4)
    xlabel = "sound after the stroke that may pass until a note is told (ms)"
    plots.lines(ax, names, x, mean, low=low, high=high, xlabel=xlabel, ylabel="onset F1 (0..1)")
    ax.set_xlim(0, 500)
    plots.save(fig, path)
    words = "; ".join(
        f"{name}: " + ", ".join(f"{value:.2f} at {at:.0f}" for at, value in zip(x, row, strict=True) if at % 100 == 0)
        for name, row in zip(names, mean, strict=True)
    )
    sentence = " ".join(delay_sentences(result.by_delay, result.delay_parts, dataset))
    sentence += " Processor time, blocks and the sound card come on top; bands are 95 % intervals over pieces."
    return Picture(path, f"Onset F1 against the delay allowed on {dataset}, ms: {words}.", sentence)


def _draw_roll(result: Result, dataset: str, chosen: str, name: str, path: Path) -> Picture | None:
    """The same seconds of one recording for each detector, as this one heard them."""
    truth = result.truths.get((dataset, chosen))
    if not isinstance(truth, Notes):
        return None
    start_s = max(0.0, np.min(truth.onset, initial=np.inf) - 0.5) if len(truth) else 0.0
    end_s = np.max(truth.offset, initial=start_s) + 0.5
    stop_s = min(start_s + _ROLL_SECONDS, end_s)
    fig, ax = plots.figure(8, 3.2)
    heard = result.heard[dataset, chosen, name]
    plots.piano_roll(ax, truth, heard, protocol=result.protocol, start_s=start_s, stop_s=stop_s)
    counts = ", ".join(text.get_text() for text in ax.get_legend().get_texts())
    plots.save(fig, path)
    where = f"{chosen}, {start_s:.1f} to {stop_s:.1f} s"
    alt = f"Piano roll of {where}: what was played against what {name} heard; {counts} notes."
    return Picture(path, alt, f"{name} on {where}: {counts}.")


def _typical_recording(result: Result, dataset: str, names: list[str]) -> str:
    """The recording of middling difficulty among those that every detector heard; one with enough notes to see.

    '' if there is none.
    """
    each = result.worst(len(result.scores), dataset=dataset)
    f1 = each.groupby("recording")[RANKED_BY].agg(["mean", "size"])
    f1 = f1.loc[f1["size"] == len(names)]
    busy = [name for name in f1.index if len(result.truths[dataset, str(name)]) >= _ROLL_NOTES]
    means = f1.loc[busy or f1.index, "mean"]
    return str((means - means.median()).abs().idxmin()) if len(means) else ""
