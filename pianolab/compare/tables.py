"""From the rows of a comparison to the tables that people read: means with intervals, ranks, registers, errors.

In go rows as they stand in scores.csv and counts.csv. Recordings are averaged within one data set only, and a data set
that mixes real and rendered recordings was cut in two before, so that the two never meet in one mean. A recording that
failed has no scores; it is counted beside those that have.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from pianolab.compare.statistics import bootstrap_mean, detectable, holm, paired_difference, pieces_needed
from pianolab.scores import EXTRA_REASONS, MISSED_REASONS, REGISTERS

RANKED_BY = "onset_f1"
SHOWN = {
    "onset_precision": "precision",
    "onset_recall": "recall",
    "note_f1": "note F1",
    "frame_f1": "frame F1",
    "melody_rpa": "melody RPA",
    "onset_bias_ms": "bias ms",
}
_PEDAL = ["pedal_onset_f1", "pedal_offset_f1", "pedal_frame_f1"]
_COUNTS = ["n_reference", "n_estimate", "n_pedal_reference", "n_pedal_estimate"]
_WHO = ["dataset", "detector", "params"]
_REASONS = [("missed", why) for why in MISSED_REASONS] + [("extra", why) for why in EXTRA_REASONS]


def label(detector: str, params: str) -> str:
    """How a detector with its settings is named in tables and figures.

    Parameters
    ----------
    detector, params : str
        As in a row.

    Returns
    -------
    str

    Examples
    --------
    >>> label("yin", "threshold=0.2")
    'yin:threshold=0.2'
    >>> label("yin", "")
    'yin'
    """
    return f"{detector}:{params}" if params else detector


def labels(table: pd.DataFrame) -> list[str]:
    """The label of each row of a table.

    Parameters
    ----------
    table : DataFrame
        With the columns detector and params.

    Returns
    -------
    list of str
    """
    return [label(*pair) for pair in zip(table.detector, table.params, strict=True)]


def pieces(table: pd.DataFrame) -> npt.NDArray[np.str_]:
    """Which piece of music each row is of: recordings of one piece are easy or hard together.

    Parameters
    ----------
    table : DataFrame
        With the columns recording and, where it is known, piece.

    Returns
    -------
    (n,) array of str
        The recording's own id where no piece is named.
    """
    recording = table.recording.to_numpy(dtype=str)
    if "piece" not in table:  # Rows that an earlier version wrote.
        return recording
    named = (table.piece.notna() & (table.piece != "")).to_numpy(dtype=bool)
    return np.where(named, table.piece.to_numpy(dtype=str), recording)


def summarise(scores: pd.DataFrame, sources: Mapping[str, str]) -> pd.DataFrame:
    """Mean of each score over the recordings of a data set, all together and by kind.

    Parameters
    ----------
    scores : DataFrame
        With the columns of `pianolab.compare.rows.ScoreRow`.
    sources : mapping of str to str
        Real, rendered or unknown, by the name of a data set.

    Returns
    -------
    DataFrame
        dataset, source, kind ('all' first), detector, params, protocol, metric, n (recordings), pieces, mean, low, high
        (95 % bootstrap interval over pieces), std, min, median, max, and the seconds of sound and of processor time.
        The numbers of notes and pedals are left out.
    """
    good = scores.loc[(scores.status == "ok") & ~scores.metric.isin(_COUNTS)]
    good = good.assign(piece=pieces(good))
    parts = [good.assign(kind="all")]
    parts += [part for _, part in good.groupby(["dataset", "kind"], sort=False)] if good.kind.nunique() > 1 else []
    keys = ["dataset", "kind", "detector", "params", "protocol", "metric"]
    rows = []
    for part in parts:
        for key, group in part.groupby(keys, sort=False):
            named = dict(zip(keys, key, strict=True))
            values = group.value.to_numpy()
            row = {
                **vars(bootstrap_mean(values, pieces=group.piece.to_numpy())),
                "std": np.std(values, ddof=1) if len(values) > 1 else np.nan,
                "min": values.min(),
                "median": np.median(values),
                "max": values.max(),
                "seconds_audio": group.seconds_audio.sum(min_count=1),
                "seconds_cpu": group.seconds_cpu.sum(min_count=1),
            }
            rows.append({"source": sources[named["dataset"]], **named, **row})
    columns = ["dataset", "source", "kind", "detector", "params", "protocol", "metric", "n", "pieces"]
    columns += ["mean", "low", "high", "std", "min", "median", "max", "seconds_audio", "seconds_cpu"]
    return pd.DataFrame(rows, columns=pd.Index(columns))


def rank(scores: pd.DataFrame, summary: pd.DataFrame, protocol: str, sources: Mapping[str, str]) -> pd.DataFrame:
    """The detectors of each data set, the best first.

    Parameters
    ----------
    scores, summary : DataFrame
        Rows, and what `summarise` made of them.
    protocol : str
        Stamp of the protocol that counts.
    sources : mapping of str to str
        Real, rendered or unknown, by the name of a data set.

    Returns
    -------
    DataFrame
        dataset, source, rank, detector, params, n, failed (recordings), onset_f1, low, high, further means, speed
        (seconds of sound per second of processor time). A detector without any score comes last.
    """
    main = summary.loc[(summary.kind == "all") & (summary.protocol == protocol)]
    rows = []
    for _, group in scores.groupby(_WHO, sort=False):
        who = _who(group)
        mine = main.loc[(main[_WHO] == who).all(axis=1)].set_index("metric")
        ranked = mine.loc[RANKED_BY] if RANKED_BY in mine.index else {"n": 0}
        seconds = group.loc[group.status == "ok"].drop_duplicates("recording")[["seconds_audio", "seconds_cpu"]].sum()
        rows.append(
            {
                "dataset": who["dataset"],
                "source": sources[str(who["dataset"])],
                "detector": who["detector"],
                "params": who["params"],
                "n": int(ranked["n"]),
                "failed": int((group.status == "error").sum()),
                RANKED_BY: ranked.get("mean", np.nan),
                "low": ranked.get("low", np.nan),
                "high": ranked.get("high", np.nan),
                **{metric: mine["mean"].get(metric, np.nan) for metric in SHOWN},
                "speed": seconds.seconds_audio / seconds.seconds_cpu if seconds.seconds_cpu > 0 else np.nan,
            }
        )
    table = pd.DataFrame(rows)
    table["place"] = table.dataset.map({name: i for i, name in enumerate(scores.dataset.unique())})
    best_first = {"place": True, RANKED_BY: False, "detector": True, "params": True}
    table = table.sort_values(list(best_first), ascending=list(best_first.values()), ignore_index=True)
    table = table.drop(columns="place")
    table.insert(2, "rank", table.groupby("dataset").cumcount() + 1)
    return table


def differences(scores: pd.DataFrame, ranking: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """Whether the best detector of a data set is really better than each other one on the recordings both heard.

    Parameters
    ----------
    scores, ranking : DataFrame
        Rows, and what `rank` made of them.
    protocol : str
        Stamp of the protocol that counts.

    Returns
    -------
    DataFrame
        dataset, best, other, n (shared recordings), pieces, difference of onset F1, low, high (95 % interval), p
        (sign-flip permutation test, corrected by Holm for the number of detectors compared in the data set), p_floor
        (the least such p that these pieces can give), rank_biserial, better, worse (pieces), detectable (difference
        that so many pieces show in four of five cases), needed (pieces that show the one found in four of five cases).
    """
    good = _ranked_by(scores, protocol)
    good = good.assign(name=labels(good), piece=pieces(good))
    rows = []
    for dataset, part in ranking.groupby("dataset", sort=False):
        best, *others = labels(part)
        mine = good.loc[good.dataset == dataset]
        table = mine.pivot_table(index="recording", columns="name", values="value", sort=False)
        if best not in table:
            continue
        of = mine.drop_duplicates("recording").set_index("recording").piece.loc[table.index].to_numpy(dtype=str)
        found = {o: paired_difference(table[best], table[o], pieces=of) for o in others if o in table}
        p_values = holm([difference.p for difference in found.values()])
        p_floors = holm([difference.p_floor for difference in found.values()])
        for (other, there), p, p_floor in zip(found.items(), p_values, p_floors, strict=True):
            numbers = {**vars(there), "difference": there.mean, "p": p, "p_floor": p_floor}
            numbers["detectable"] = detectable(there.spread, there.pieces, questions=len(found))
            numbers["needed"] = pieces_needed(there.mean, there.spread, questions=len(found))
            rows.append({"dataset": dataset, "best": best, "other": other, **numbers})
    columns = ["dataset", "best", "other", "n", "pieces", "difference", "low", "high", "p", "p_floor", "rank_biserial"]
    columns += ["better", "worse", "detectable", "needed"]
    return pd.DataFrame(rows, columns=pd.Index(columns))


def registers(counts: pd.DataFrame) -> pd.DataFrame:
    """F1 of each register, from the notes of all recordings of a data set together.

    Parameters
    ----------
    counts : DataFrame
        With the columns of `pianolab.compare.rows.CountRow`.

    Returns
    -------
    DataFrame
        dataset, detector, params, register, hits, missed, extra, f1 (NaN where nothing was played or heard).
    """
    rows = []
    for _, part in counts.groupby(_WHO, sort=False):
        for register in REGISTERS:
            there = part.loc[part.register == register]
            sums = (there.loc[there.result == result, "count"].sum() for result in ("hit", "missed", "extra"))
            hits, missed, extra = map(int, sums)
            notes = 2 * hits + missed + extra
            numbers = {"hits": hits, "missed": missed, "extra": extra, "f1": 2 * hits / notes if notes else np.nan}
            rows.append({**_who(part), "register": register, **numbers})
    return pd.DataFrame(rows, columns=pd.Index([*_WHO, "register", "hits", "missed", "extra", "f1"]))


def pedals(summary: pd.DataFrame) -> pd.DataFrame:
    """How right the sustain pedal was heard, over the recordings whose labels know of one.

    Parameters
    ----------
    summary : DataFrame
        From `summarise`.

    Returns
    -------
    DataFrame
        dataset, detector, params, n (recordings), pedal_onset_f1 (going down), pedal_offset_f1 (going up),
        pedal_frame_f1 and protocol; the best pedal_onset_f1 comes first. Without rows where nobody heard the pedal, or
        no labels know of one.
    """
    rows = []
    of_pedal = summary.loc[(summary.kind == "all") & summary.metric.isin(_PEDAL)]
    for _, part in of_pedal.groupby(_WHO, sort=False):
        means = part.set_index("metric")["mean"]
        rows.append({**_who(part), "n": int(part.n.iloc[0]), **means[_PEDAL], "protocol": part.protocol.iloc[0]})
    table = pd.DataFrame(rows, columns=pd.Index([*_WHO, "n", *_PEDAL, "protocol"]))
    best_first = {"dataset": True, _PEDAL[0]: False, "detector": True, "params": True}
    return table.sort_values(list(best_first), ascending=list(best_first.values()), ignore_index=True)


def reasons(counts: pd.DataFrame) -> pd.DataFrame:
    """How many errors of each kind, added up over the recordings of a data set.

    Parameters
    ----------
    counts : DataFrame
        With the columns of `pianolab.compare.rows.CountRow`.

    Returns
    -------
    DataFrame
        dataset, detector, params, result (missed, extra), reason, count; also those that never happened.
    """
    rows = []
    for _, part in counts.groupby(_WHO, sort=False):
        for result, why in _REASONS:
            n = part.loc[(part.result == result) & (part.reason == why), "count"].sum()
            rows.append({**_who(part), "result": result, "reason": why, "count": int(n)})
    return pd.DataFrame(rows, columns=pd.Index([*_WHO, "result", "reason", "count"]))


def worst(
    scores: pd.DataFrame, protocol: str, *, n: int = 5, dataset: str | None = None, detector: str | None = None
) -> pd.DataFrame:
    """The recordings with the lowest onset F1, one row for each recording and detector.

    Parameters
    ----------
    scores : DataFrame
        With the columns of `pianolab.compare.rows.ScoreRow`.
    protocol : str
        Stamp of the protocol that counts.
    n : int
        How many.
    dataset, detector : str, optional
        Only these.

    Returns
    -------
    DataFrame
        dataset, recording, kind, detector, params, onset_f1.
    """
    good = _ranked_by(scores, protocol)
    good = good.loc[(good.dataset == (dataset or good.dataset)) & (good.detector == (detector or good.detector))]
    good = good.sort_values(["value", "recording", *_WHO], kind="stable", ignore_index=True).head(n)
    return good[["dataset", "recording", "kind", "detector", "params", "value"]].rename(columns={"value": RANKED_BY})


def _who(part: pd.DataFrame) -> pd.Series:
    """Data set, detector and params of rows that have the same."""
    return part[_WHO].iloc[0]


def _ranked_by(scores: pd.DataFrame, protocol: str) -> pd.DataFrame:
    return scores.loc[(scores.status == "ok") & (scores.metric == RANKED_BY) & (scores.protocol == protocol)]


def console_table(
    ranking: pd.DataFrame,
    of_pedal: pd.DataFrame | None = None,
    moved: Mapping[str, Mapping[str, str]] | None = None,
) -> str:
    """The ranked table as text for a terminal, one block a data set, and below it the table of the pedal.

    Parameters
    ----------
    ranking : DataFrame
        From `rank`.
    of_pedal : DataFrame, optional
        From `pedals`.
    moved : mapping of str to mapping of str to str, optional
        How far each detector of a data set moved, from `pianolab.compare.against.marks`.

    Returns
    -------
    str
    """
    blocks = []
    for dataset, part in ranking.groupby("dataset", sort=False):
        shown = {metric: title for metric, title in SHOWN.items() if not bool(part[metric].isna().all())}
        change = None if moved is None else moved.get(str(dataset), {})
        titles = ["onset F1", "95 % interval", *(["change"] if change is not None else [])]
        rows = [["", "detector", *titles, *shown.values(), "speed", "recordings"]]
        for name, row in zip(labels(part), part.to_dict("records"), strict=True):
            low, high = row["low"], row["high"]
            rows.append(
                [
                    str(row["rank"]),
                    name,
                    number_text(row[RANKED_BY]),
                    f"{low:.3f}-{high:.3f}" if np.isfinite(low) else "-",
                    *([change.get(name, "-")] if change is not None else []),
                    *(number_text(row[metric], 1 if metric.endswith("_ms") else 3) for metric in shown),
                    f"{row['speed']:.0f}x" if np.isfinite(row["speed"]) else "-",
                    f"{row['n']}" + (f" ({row['failed']} failed)" if row["failed"] else ""),
                ]
            )
        blocks.append("\n".join([f"{dataset} ({part.source.iloc[0]})", *aligned(rows)]))
        if of_pedal is not None and not (here := of_pedal.loc[of_pedal.dataset == dataset]).empty:
            rows = [["", "detector", "down F1", "up F1", "frame F1", "recordings"]]
            for name, row in zip(labels(here), here.to_dict("records"), strict=True):
                rows.append(["", name, *(number_text(row[metric]) for metric in _PEDAL), str(row["n"])])
            blocks.append("\n".join([f"{dataset}: the sustain pedal, where labels know of one", *aligned(rows)]))
    return "\n\n".join(blocks)


def aligned(rows: list[list[str]]) -> list[str]:
    """The lines of a table whose columns stand below each other.

    Parameters
    ----------
    rows : list of list of str
        All of one length; the second column is set to the left.

    Returns
    -------
    list of str

    Examples
    --------
    >>> aligned([["", "name", "F1"], ["1", "yin", "0.9"]])
    ['   name   F1', '1  yin   0.9']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(_cell, row, range(len(row)), widths)).rstrip() for row in rows]


def _cell(text: str, column: int, width: int) -> str:
    return text.ljust(width) if column == 1 else text.rjust(width)


def number_text(value: float, digits: int = 3) -> str:
    """A number as it stands in a table.

    Parameters
    ----------
    value : float
    digits : int
        Behind the point.

    Returns
    -------
    str
        '-' where there is none.

    Examples
    --------
    >>> number_text(0.25), number_text(np.nan)
    ('0.250', '-')
    """
    return f"{value:.{digits}f}" if np.isfinite(value) else "-"
