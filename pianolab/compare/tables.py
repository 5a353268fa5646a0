"""From the rows of a comparison to the tables that people read: means with intervals, ranks, registers, errors.

In go rows as they stand in scores.csv, one number each. Recordings are averaged within one data set only, and a data
set that mixes real and rendered recordings was cut in two before, so that the two never meet in one mean. A
recording that failed has no scores; it is counted beside those that have.
"""

import numpy as np
import pandas as pd

from pianolab.compare.statistics import bootstrap_mean, holm, paired_difference
from pianolab.scores import REGISTERS

COLUMNS = (
    "dataset",
    "recording",
    "kind",
    "piano",
    "split",
    "detector",
    "params",
    "protocol",
    "metric",
    "value",
    "status",
    "error",
    "seconds_audio",
    "seconds_cpu",
)
RANKED_BY = "onset_f1"
_SHOWN = (
    ("onset_precision", "precision"),
    ("onset_recall", "recall"),
    ("note_f1", "note F1"),
    ("frame_f1", "frame F1"),
    ("melody_rpa", "melody RPA"),
    ("onset_bias_ms", "bias ms"),
)
_ENTRY = ["dataset", "detector", "params"]
_RUN = ["recording", *_ENTRY]
COUNT_PREFIXES = ("register:", "error:", "n_")


def summarise(scores, sources):
    """Mean of each score over the recordings of a data set, all together and by kind.

    Parameters
    ----------
    scores : DataFrame
        Rows with `COLUMNS`.
    sources : dict of str to str
        Whether a data set is real or rendered, by its name.

    Returns
    -------
    DataFrame
        dataset, source, kind ('all' first), detector, params, protocol, metric, n (recordings), mean, low, high (95 %
        bootstrap interval), std, min, median, max, and the seconds of sound and of processor time. Counts are left
        out: they are added up by `registers` and `reasons`.
    """
    good = _scored(scores)
    good = good[~good.metric.str.startswith(COUNT_PREFIXES)]
    parts = [good.assign(kind="all")]
    parts += [part for _, part in good.groupby(["dataset", "kind"], sort=False)] if good.kind.nunique() > 1 else []
    rows = []
    for part in parts:
        keys = ["dataset", "kind", "detector", "params", "protocol", "metric"]
        for key, group in part.groupby(keys, sort=False):
            named = dict(zip(keys, key, strict=True))
            values = group.value.to_numpy()
            interval = bootstrap_mean(values)
            rows.append(
                {
                    "dataset": named.pop("dataset"),
                    "source": sources[key[0]],
                    **named,
                    "n": interval.n,
                    "mean": interval.mean,
                    "low": interval.low,
                    "high": interval.high,
                    "std": np.std(values, ddof=1) if len(values) > 1 else np.nan,
                    "min": values.min(),
                    "median": np.median(values),
                    "max": values.max(),
                    "seconds_audio": group.seconds_audio.sum(min_count=1),
                    "seconds_cpu": group.seconds_cpu.sum(min_count=1),
                }
            )
    columns = ["dataset", "source", "kind", "detector", "params", "protocol", "metric", "n", "mean", "low", "high"]
    columns += ["std", "min", "median", "max", "seconds_audio", "seconds_cpu"]
    return pd.DataFrame(rows, columns=columns)


def rank(scores, summary, protocol, sources):
    """The detectors of each data set, the best first.

    Parameters
    ----------
    scores, summary : DataFrame
        Rows, and what `summarise` made of them.
    protocol : str
        Stamp of the protocol that counts.
    sources : dict of str to str
        Whether a data set is real or rendered, by its name.

    Returns
    -------
    DataFrame
        dataset, source, rank, detector, params, n, failed (recordings), onset_f1, low, high, further means, speed
        (seconds of sound per second of processor time). A detector without any score comes last.
    """
    main = summary[(summary.kind == "all") & (summary.protocol == protocol)]
    rows = []
    for key, group in scores.groupby(_ENTRY, sort=False):
        entry = dict(zip(_ENTRY, key, strict=True))
        means = main[(main[_ENTRY] == pd.Series(entry)).all(axis=1)].set_index("metric")
        ranked = means.loc[RANKED_BY] if RANKED_BY in means.index else None
        seconds = group[group.status == "ok"].drop_duplicates("recording")[["seconds_audio", "seconds_cpu"]].sum()
        rows.append(
            {
                "dataset": entry["dataset"],
                "source": sources[entry["dataset"]],
                "detector": entry["detector"],
                "params": entry["params"],
                "n": 0 if ranked is None else int(ranked.n),
                "failed": int((group.status == "error").sum()),
                RANKED_BY: np.nan if ranked is None else ranked["mean"],
                "low": np.nan if ranked is None else ranked.low,
                "high": np.nan if ranked is None else ranked.high,
                **{metric: means["mean"].get(metric, np.nan) for metric, _ in _SHOWN},
                "speed": seconds.seconds_audio / seconds.seconds_cpu if seconds.seconds_cpu > 0 else np.nan,
            }
        )
    table = pd.DataFrame(rows)
    table["order"] = table.dataset.map({name: i for i, name in enumerate(scores.dataset.unique())})
    table = table.sort_values(
        ["order", RANKED_BY, "detector", "params"], ascending=[True, False, True, True], ignore_index=True
    ).drop(columns="order")
    table.insert(2, "rank", table.groupby("dataset").cumcount() + 1)
    return table


def differences(scores, ranking, protocol):
    """Whether the best detector of a data set is really better than each other one on the recordings both heard.

    Returns
    -------
    DataFrame
        dataset, best, other, n (shared recordings), difference of onset F1, low, high (95 % interval), p (sign-flip
        permutation test, corrected by Holm for the number of detectors compared in the data set).
    """
    good = _scored(scores)
    good = good[(good.metric == RANKED_BY) & (good.protocol == protocol)]
    rows = []
    for dataset, part in ranking.groupby("dataset", sort=False):
        labels = [label(*pair) for pair in zip(part.detector, part.params, strict=True)]
        mine = good[good.dataset == dataset]
        names = [label(*pair) for pair in zip(mine.detector, mine.params, strict=True)]
        table = mine.assign(name=names).pivot_table(index="recording", columns="name", values="value", sort=False)
        found = [
            (other, paired_difference(table[labels[0]], table[other]))
            for other in labels[1:]
            if labels[0] in table and other in table
        ]
        p_values = holm([difference.p for _, difference in found])
        rows += [
            {
                "dataset": dataset,
                "best": labels[0],
                "other": other,
                "n": difference.n,
                "difference": difference.mean,
                "low": difference.low,
                "high": difference.high,
                "p": p,
            }
            for (other, difference), p in zip(found, p_values, strict=True)
        ]
    return pd.DataFrame(rows, columns=["dataset", "best", "other", "n", "difference", "low", "high", "p"])


def registers(scores):
    """F1 of each register, from the notes of all recordings of a data set together.

    Returns
    -------
    DataFrame
        dataset, detector, params, register, hits, missed, extra, f1 (NaN where nothing was played or heard).
    """
    table = _counts(scores, "register:", ["register", "count"])
    if table.empty:
        return pd.DataFrame(columns=[*_ENTRY, "register", "hits", "missed", "extra", "f1"])
    table = table.pivot_table(index=[*_ENTRY, "register"], columns="count", values="value", aggfunc="sum", sort=False)
    table = table.reset_index()[[*_ENTRY, "register", "hits", "missed", "extra"]]
    notes = 2 * table.hits + table.missed + table.extra
    return table.assign(f1=(2 * table.hits / notes.where(notes > 0)).astype(float)).rename_axis(columns=None)


def reasons(scores):
    """How many errors of each kind, added up over the recordings of a data set.

    Returns
    -------
    DataFrame
        dataset, detector, params, result (missed, extra), reason, count.
    """
    table = _counts(scores, "error:", ["result", "reason"])
    table = table.groupby([*_ENTRY, "result", "reason"], sort=False).value.sum().rename("count").reset_index()
    return table.astype({"count": int})


def worst(scores, protocol, *, n=5, dataset=None, detector=None):
    """The recordings with the lowest onset F1, one row for each recording and detector.

    Parameters
    ----------
    scores : DataFrame
    protocol : str
    n : int
        How many.
    dataset, detector : str, optional
        Only these.

    Returns
    -------
    DataFrame
        dataset, recording, kind, detector, params, onset_f1.
    """
    good = _scored(scores)
    good = good[(good.metric == RANKED_BY) & (good.protocol == protocol)]
    for column, wanted in (("dataset", dataset), ("detector", detector)):
        if wanted is not None:
            good = good[good[column] == wanted]
    good = good.sort_values(["value", *_RUN], kind="stable", ignore_index=True).head(n)
    return good[["dataset", "recording", "kind", "detector", "params", "value"]].rename(columns={"value": RANKED_BY})


def label(detector, params):
    """How a detector with its parameters is named in tables and figures."""
    return f"{detector}:{params}" if params else detector


def console_table(ranking):
    """The ranked table as text for a terminal, one block a data set.

    Parameters
    ----------
    ranking : DataFrame
        From `rank`.

    Returns
    -------
    str
    """
    blocks = []
    for dataset, part in ranking.groupby("dataset", sort=False):
        shown = [(metric, title) for metric, title in _SHOWN if part[metric].notna().any()]
        head = ["", "detector", "onset F1", "95 % interval", *(title for _, title in shown), "speed", "recordings"]
        rows = [head]
        for row in part.to_dict("records"):
            rows.append(
                [
                    str(row["rank"]),
                    label(row["detector"], row["params"]),
                    _number(row[RANKED_BY]),
                    f"{row['low']:.3f}-{row['high']:.3f}" if np.isfinite(row["low"]) else "-",
                    *(_number(row[metric], 1 if metric.endswith("_ms") else 3) for metric, _ in shown),
                    f"{row['speed']:.0f}x" if np.isfinite(row["speed"]) else "-",
                    f"{row['n']}" + (f" ({row['failed']} failed)" if row["failed"] else ""),
                ]
            )
        widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
        lines = [
            "  ".join(_cell(text, i, width) for i, (text, width) in enumerate(zip(row, widths, strict=True)))
            for row in rows
        ]
        blocks.append("\n".join([f"{dataset} ({part.source.iloc[0]})", *(line.rstrip() for line in lines)]))
    return "\n\n".join(blocks)


def _cell(text, column, width):
    return text.ljust(width) if column == 1 else text.rjust(width)


def _number(value, digits=3):
    return f"{value:.{digits}f}" if np.isfinite(value) else "-"


def _scored(scores):
    return scores[scores.status == "ok"]


def _counts(scores, prefix, names):
    """Rows of counts, whose metric is prefix, name, colon, name, with the two names as columns."""
    rows = scores[(scores.status == "ok") & scores.metric.str.startswith(prefix)]
    parts = rows.metric.str.removeprefix(prefix).str.split(":", expand=True)
    parts = parts.reindex(columns=[0, 1]).set_axis(names, axis=1)
    return pd.concat([rows[[*_ENTRY, "value"]], parts], axis=1)


def count_rows(by_register, errors):
    """The counts of one recording as metrics: ``register:C4-B5:hits``, ``error:missed:soft``.

    Parameters
    ----------
    by_register, errors : dict
        From `pianolab.scores`.

    Returns
    -------
    dict of str to float
    """
    counts = {
        f"register:{name}:{count}": float(by_register[name][count])
        for name in REGISTERS
        for count in ("hits", "missed", "extra")
    }
    return counts | {f"error:{result}:{why}": float(n) for (result, why), n in errors.items()}
