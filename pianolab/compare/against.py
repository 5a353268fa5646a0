"""What a comparison changed against an earlier one: each number beside the same number of before.

In go the folder of a run (or the part of one that `keep` writes) and the rows of a new comparison; out comes one row
for each data set, detector and score, with the mean of the difference over the recordings that both heard and its
interval. Recordings are paired, so what makes one hard is in neither number. A recording whose sound or labels are
others than before is left out, because its difference would say nothing of the detector.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pianolab.compare.csv_files import read_table, write_table
from pianolab.compare.errors import CompareError
from pianolab.compare.run_folder import checked_about, claimed
from pianolab.compare.statistics import paired_difference
from pianolab.compare.tables import RANKED_BY, SHOWN, labels, pieces
from pianolab.errors import printable

METRICS = (RANKED_BY, "note_f1", "frame_f1", "melody_rpa")
TITLES = {RANKED_BY: "onset F1", **SHOWN}
COLUMNS = ["dataset", "detector", "params", "metric", "n", "pieces", "before", "now", "difference", "low", "high"]
_WHO = ["dataset", "recording", "piece", "detector", "params"]
_EQUAL = 1e-4  # Kept numbers have four decimals.
_ABOUT = ("made_by", "date", "pianolab", "commit", "settings", "recordings")

Place = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Before:
    """The scores of an earlier run.

    Attributes
    ----------
    name : str
        Its folder.
    date, commit : str
        When it was made, and of which source ('' if unknown).
    scores : DataFrame
        dataset, recording, detector, params, metric, value at the protocol of the run.
    sounds : mapping of (data set, recording) to tuple of str
        Checksums of sound and labels.
    """

    name: str
    date: str
    commit: str
    scores: pd.DataFrame
    sounds: Mapping[Place, tuple[str, str]]


def read_before(folder: str | Path, *, protocol: str, seconds: float | None) -> Before:
    """Read the scores of an earlier run.

    Parameters
    ----------
    folder : str or Path
        That `pianolab compare` or `keep` wrote.
    protocol : str
        Stamp of the protocol under which the new comparison scores.
    seconds : float or None
        How much of each recording it hears.

    Returns
    -------
    Before

    Raises
    ------
    CompareError
        If it is no such folder, was cut or changed, or was scored or heard in another way.
    """
    folder, shown = Path(folder), printable(folder)
    about = checked_about(folder)
    try:
        sounds = {(one["dataset"], one["id"]): (one["checksum"], one["labels_checksum"]) for one in about["recordings"]}
        heard_s, date, commit = about["settings"]["seconds"], str(about["date"]), str(about.get("commit", ""))
        table = read_table(folder / "scores.csv")
        is_kept = "metric" not in table
        scores = _long(table, about["stamp"]) if is_kept else table.loc[table.status == "ok"]
        stamps = set(scores.loc[scores.metric == RANKED_BY, "protocol"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CompareError(f"{shown} is of a version whose scores are not known: run its comparison again") from error
    if heard_s != seconds:
        lengths = [f"the first {one:g} s" if one else "all" for one in (heard_s, seconds)]
        raise CompareError(
            f"{shown} heard {lengths[0]} of each recording, this is {lengths[1]}: choose --seconds alike"
        )
    if protocol not in stamps:
        other = printable(min(stamps, default="nothing"))
        raise CompareError(f"{shown} was scored by another protocol ({other}): `pianolab explain` scores both alike")
    scores = scores.loc[(scores.protocol == protocol) & scores.metric.isin(METRICS)]
    return Before(
        shown, date, commit, scores[["dataset", "recording", "detector", "params", "metric", "value"]], sounds
    )


def _long(table: pd.DataFrame, stamp: str) -> pd.DataFrame:
    """The rows of what `keep` wrote, one number each."""
    metrics = [name for name in METRICS if name in table]
    table = table.assign(**{name: pd.to_numeric(table[name], errors="coerce") for name in metrics})
    long = table.melt(id_vars=_WHO, value_vars=metrics, var_name="metric").dropna(subset="value")
    return long.assign(protocol=stamp)


def changes(
    scores: pd.DataFrame, recordings: Iterable[Mapping[str, str]], before: Before, *, protocol: str
) -> pd.DataFrame:
    """What became better and worse.

    Parameters
    ----------
    scores : DataFrame
        Rows of the new comparison, with the columns of `pianolab.compare.rows.ScoreRow`.
    recordings : iterable of mapping
        dataset, id and checksums of its recordings, as in run.json.
    before : Before
    protocol : str
        Stamp of the protocol that counts.

    Returns
    -------
    DataFrame
        dataset, detector, params, metric, n (recordings in both), pieces, before, now (means over them), difference,
        low, high (95 % bootstrap interval of the paired difference over pieces), changed (the interval leaves 0 out).
    """
    alike = {
        (one["dataset"], one["id"])
        for one in recordings
        if before.sounds.get((one["dataset"], one["id"])) == (one["checksum"], one["labels_checksum"])
    }
    now = scores.loc[(scores.status == "ok") & (scores.protocol == protocol) & scores.metric.isin(METRICS)]
    now = now.assign(piece=pieces(now))[[*_WHO, "metric", "value"]]
    both = now.merge(
        before.scores, on=["dataset", "recording", "detector", "params", "metric"], suffixes=("", "_before")
    )
    places = zip(both.dataset, both.recording, strict=True)
    both = both.loc[np.array([place in alike for place in places], dtype=bool)]
    rows = []
    for of, part in both.groupby(["dataset", "detector", "params", "metric"], sort=False):
        moved = (part.value - part.value_before).to_numpy()
        moved = np.where(np.abs(moved) < _EQUAL, 0.0, moved)
        found = paired_difference(moved, np.zeros(len(moved)), pieces=part.piece.to_numpy(dtype=str))
        means = part.value_before.mean(), part.value.mean()
        rows.append((*of, found.n, found.pieces, *means, found.mean, found.low, found.high))
    table = pd.DataFrame(rows, columns=pd.Index(COLUMNS))
    return table.assign(changed=(table.low > 0) | (table.high < 0))


def marks(table: pd.DataFrame, dataset: str) -> dict[str, str]:
    """How far the ranked score of each detector moved, for a column of the ranked table.

    Parameters
    ----------
    table : DataFrame
        From `changes`.
    dataset : str

    Returns
    -------
    dict of str to str
        By label; a star stands where the interval leaves 0 out.
    """
    mine = table.loc[(table.dataset == dataset) & (table.metric == RANKED_BY)]
    moved = zip(labels(mine), mine.difference, mine.changed, strict=True)
    return {name: _signed(difference) + " *" * bool(changed) for name, difference, changed in moved}


def sentences(table: pd.DataFrame, before: Before, n_recordings: int) -> list[str]:
    """What changed beyond the interval, a line each; the first says with what was compared.

    Parameters
    ----------
    table : DataFrame
        From `changes`.
    before : Before
    n_recordings : int
        Of the new comparison.

    Returns
    -------
    list of str
    """
    source = f", {before.commit[:9]}" if before.commit else ""
    there = int(table.n.max()) if len(table) else 0
    equal = int(((table.difference == 0) & (table.low == 0) & (table.high == 0)).sum()) if len(table) else 0
    changed = table.loc[table.changed]
    first = f"against {before.name} ({before.date[:10]}{source}): {len(table)} means are in both, {equal} of them equal"
    if not there:
        return [f"{first}; no recording of these {n_recordings} is in both with the same sound and labels"]
    if changed.empty:
        return [f"{first}; none changed beyond its 95 % interval"]
    lines = [f"{first}; beyond the 95 % interval of the paired difference changed {len(changed)}:"]
    for name, row in zip(labels(changed), changed.to_dict("records"), strict=True):
        moved = f"{_signed(row['difference'])} ({_signed(row['low'])} to {_signed(row['high'])})"
        what = f"{row['dataset']}: {name}: {TITLES[row['metric']]} {row['before']:.3f} -> {row['now']:.3f}"
        lines.append(f"  {what}, {moved}, {row['n']} recordings of {row['pieces']} pieces")
    return lines


def _signed(value: float) -> str:
    return f"{value:+.3f}" if np.isfinite(value) else "-"


def keep(run: str | Path, folder: str | Path) -> None:
    """Write the part of a run that a later one is held against: a few numbers a recording, as small text files.

    Parameters
    ----------
    run : str or Path
        Folder of `pianolab compare`.
    folder : str or Path
        A new folder, or one that was kept before.

    Raises
    ------
    CompareError
        If the run cannot be read or nobody heard anything in it, or the folder holds something else.
    """
    about: dict[str, Any] = checked_about(run)
    try:
        scores = read_table(Path(run) / "scores.csv")
        good = scores.loc[(scores.status == "ok") & scores.metric.isin(METRICS)]
        protocol = good.loc[good.metric == RANKED_BY, "protocol"].iloc[0]
    except (OSError, ValueError, KeyError, AttributeError, IndexError) as error:
        remedy = "name a folder that pianolab compare wrote"
        raise CompareError(f"{printable(run)} holds no scores to keep: {remedy}") from error
    wide = good.loc[good.protocol == protocol].pivot_table(index=_WHO, columns="metric", values="value", sort=False)
    with claimed(folder) as claim:
        claim.new.mkdir()
        write_table(wide.reset_index(), claim.new / "scores.csv", float_format="%.4f")
        claim.put({**{name: about[name] for name in _ABOUT if name in about}, "stamp": protocol})
