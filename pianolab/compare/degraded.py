"""How robust detectors are: scores against the strength of what makes recordings worse, with intervals, in words.

In go the rows of a comparison and what was heard under each condition; out come rows of the same kind with the
condition beside them, and from those a curve a detector: the mean over recordings at each strength, and how far it lies
below that of the same recordings as they are. Recordings as they are stand in the table once and begin every curve.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pianolab import sound
from pianolab.compare.cache import Cache, Heard
from pianolab.compare.hearing import Place
from pianolab.compare.participants import Participant
from pianolab.compare.rows import SCORE_COLUMNS, ScoreRow, score_all
from pianolab.compare.statistics import bootstrap_mean, paired_difference
from pianolab.compare.sweeps import Condition, Sweep
from pianolab.compare.tables import RANKED_BY, aligned, label, labels, number_text, pieces
from pianolab.data import Recording
from pianolab.roll import Notes
from pianolab.scores import Protocol
from pianolab.texts.degradations import detune_ratio

CONDITION_COLUMNS = ("sweep", "strength", "sweep_2", "strength_2", "condition", "point")
METRICS = (RANKED_BY, "note_f1")

_WHO = ["dataset", "detector", "params"]


def score_degraded(
    conditions: Mapping[Place, Condition],
    recordings: Mapping[Place, Recording],
    truths: Mapping[Place, Notes | str],
    pedals: Mapping[Place, npt.NDArray[np.float64]],
    outcomes: Mapping[tuple[Place, Participant], Heard | str],
    protocol: Protocol,
    cache: Cache,
    rows: Iterable[ScoreRow],
) -> pd.DataFrame:
    """Score what was heard under each condition.

    Parameters
    ----------
    conditions : mapping of (data set, id) to Condition
        From `pianolab.compare.sweeps.conditions`.
    recordings, truths, pedals
        As they are, as for `pianolab.compare.rows.score_all`.
    outcomes : mapping of ((data set, id), Participant) to Heard or str
        What was heard under conditions.
    protocol : Protocol
    cache : Cache
    rows : iterable of ScoreRow
        Of the recordings as they are.

    Returns
    -------
    DataFrame
        The columns of ScoreRow and `CONDITION_COLUMNS`; those of a recording as it is are empty, and NaN.
    """
    columns = pd.Index([*SCORE_COLUMNS, *CONDITION_COLUMNS])
    if not conditions:
        return pd.DataFrame(columns=columns)
    participants = list(dict.fromkeys(who for _, who in outcomes))
    taking_part = {(who.detector, who.params) for who in participants}
    found = [
        (*row, "", np.nan, "", np.nan, "", "")
        for row in rows
        if row.recording and (row.detector, row.params) in taking_part and row.status == "ok"
    ]
    changed = {place: tempo_ratio(condition, recordings[condition.place]) for place, condition in conditions.items()}
    worse, _ = score_all(
        {place: replace(recordings[of.place], id=place[1]) for place, of in conditions.items()},
        participants,
        {place: _faster(truths[of.place], changed[place]) for place, of in conditions.items()},
        outcomes,
        protocol,
        cache,
        {place: pedals[of.place] / changed[place] for place, of in conditions.items() if of.place in pedals},
    )
    for row in worse:
        condition = conditions[row.dataset, row.recording]
        said = [(sweep.name, step.strength) for sweep, step in zip(condition.sweeps, condition.steps, strict=True)]
        first, second = (*said, ("", np.nan))[:2]
        found.append((*row._replace(recording=condition.place[1]), *first, *second, condition.text, condition.point))
    return pd.DataFrame(found, columns=columns)


def tempo_ratio(condition: Condition, recording: Recording) -> float:
    """By how much a recording is faster under a condition.

    Parameters
    ----------
    condition : Condition
    recording : Recording

    Returns
    -------
    float
        From `pianolab.texts.degradations.detune_ratio`; 1 for one that is not detuned, or whose sound cannot be read.
    """
    cents = next((step.strength for step in condition.steps if step.kind == "detune"), 0.0)
    try:
        return detune_ratio(cents, sr=sound.info(recording.audio).sr) if cents else 1.0
    except (sound.AudioError, OSError):  # Nobody heard it, and its rows say why.
        return 1.0


def _faster(truth: Notes | str, ratio: float) -> Notes | str:
    if isinstance(truth, str) or ratio == 1.0:
        return truth
    return Notes(truth.onset / ratio, truth.offset / ratio, truth.midi, truth.velocity, truth.confidence)


def curves(degraded: pd.DataFrame, sweeps: Sequence[Sweep], protocol: str) -> pd.DataFrame:
    """Means at each strength of each sweep, and of two that are crossed.

    Parameters
    ----------
    degraded : DataFrame
        From `score_degraded`.
    sweeps : sequence of Sweep
    protocol : str
        Stamp of the protocol that counts.

    Returns
    -------
    DataFrame
        dataset, sweep, strength, unit, sweep_2, strength_2, condition, detector, params, metric, n (recordings),
        pieces, mean, low, high (95 % bootstrap interval over pieces), change, change_low, change_high (against the same
        recordings as they are). Each sweep begins with the recordings as they are: their strength is the neutral one,
        or NaN where none is.
    """
    good = degraded.loc[(degraded.status == "ok") & (degraded.protocol == protocol) & degraded.metric.isin(METRICS)]
    good = good.assign(piece=pieces(good))
    by_name = {sweep.name: sweep for sweep in sweeps}
    rows = []
    for (dataset, detector, params, metric), part in good.groupby([*_WHO, "metric"], sort=False):
        plain = part.loc[part.condition == ""].set_index("recording")
        worse = part.loc[part.condition != ""]
        for sweep in sweeps:
            mine = worse.loc[(worse.sweep == sweep.name) & (worse.sweep_2 == "")]
            neutral = np.nan if sweep.neutral is None else sweep.neutral
            of = {"dataset": dataset, "sweep": sweep.name, "unit": sweep.unit, "sweep_2": "", "strength_2": np.nan}
            who = {"detector": detector, "params": params, "metric": metric}
            rows.append({**of, "strength": neutral, "condition": "", **who, **_numbers(plain, plain)})
            for strength in dict.fromkeys(step.strength for steps in sweep.steps for step in steps):
                for text, group in mine.loc[mine.strength == strength].groupby("point"):
                    rows.append({**of, "strength": strength, "condition": text, **who, **_numbers(group, plain)})
        for group in _crossed(worse.loc[worse.sweep_2 != ""], by_name):
            named = group[["sweep", "strength", "sweep_2", "strength_2"]].iloc[0].to_dict()
            named["condition"] = group.point.iloc[0]
            who = {"dataset": dataset, "unit": by_name[named["sweep"]].unit, "detector": detector, "params": params}
            rows.append({**named, **who, "metric": metric, **_numbers(group, plain)})
    columns = ["dataset", "sweep", "strength", "unit", "sweep_2", "strength_2", "condition", "detector", "params"]
    columns += ["metric", "n", "pieces", "mean", "low", "high", "change", "change_low", "change_high"]
    return pd.DataFrame(rows, columns=pd.Index(columns))


def _crossed(crossed: pd.DataFrame, by_name: Mapping[str, Sweep]) -> list[pd.DataFrame]:
    """The rows of each pair of strengths, the mildest first."""
    pairs = []
    for _, group in crossed.groupby("point", sort=False):
        first = group.iloc[0]
        places = [
            [step.strength for steps in by_name[name].steps for step in steps].index(strength)
            for name, strength in ((first.sweep, first.strength), (first.sweep_2, first.strength_2))
        ]
        pairs.append((places, group))
    return [group for _, group in sorted(pairs, key=lambda pair: pair[0])]


def _numbers(group: pd.DataFrame, plain: pd.DataFrame) -> dict[str, Any]:
    values = group if group.index.name == "recording" else group.set_index("recording")
    interval = bootstrap_mean(values.value.to_numpy(), pieces=values.piece.to_numpy(dtype=str))
    both = values.index.intersection(plain.index)
    change = paired_difference(
        values.value.loc[both], plain.value.loc[both], pieces=values.piece.loc[both].to_numpy(dtype=str)
    )
    return {
        **vars(interval),
        "change": change.mean,
        "change_low": change.low,
        "change_high": change.high,
    }


def sentences(table: pd.DataFrame, dataset: str, sweep: Sweep) -> list[str]:
    """What a sweep does to each detector, in words.

    Parameters
    ----------
    table : DataFrame
        From `curves`.
    dataset : str
    sweep : Sweep

    Returns
    -------
    list of str
    """
    said = []
    here = table.loc[
        (table.dataset == dataset) & (table.sweep == sweep.name) & (table.sweep_2 == "") & (table.metric == RANKED_BY)
    ]
    for (detector, params), part in here.groupby(["detector", "params"], sort=False):
        plain, worse = part.loc[part.condition == ""].iloc[0], part.loc[part.condition != ""]
        if worse.empty:
            continue
        worst = worse.loc[worse["mean"].idxmin()]
        shown = worse.loc[worse.change_high < 0]  # The mildest comes first.
        first = (
            f"a loss is first shown at {strength_text(sweep, shown.iloc[0].strength)} ({shown.iloc[0].change:+.3f}, "
            f"95 % interval {shown.iloc[0].change_low:+.3f} to {shown.iloc[0].change_high:+.3f})"
            if len(shown)
            else "these recordings show no loss"
        )
        interval = f" ({worst.low:.3f} to {worst.high:.3f})" if np.isfinite(worst.low) else ""
        said.append(
            f"{label(str(detector), str(params))} has onset F1 {plain['mean']:.3f} on the recordings as they are and "
            f"{worst['mean']:.3f}{interval} at {strength_text(sweep, worst.strength)}, where it is lowest; {first}."
        )
    return said


def strength_text(sweep: Sweep, strength: float) -> str:
    """A strength with its unit.

    Parameters
    ----------
    sweep : Sweep
    strength : float
        NaN for recordings as they are.

    Returns
    -------
    str
    """
    return "as it is" if np.isnan(strength) else f"{strength:g} {sweep.unit}".rstrip()


def console_degraded(table: pd.DataFrame, sweeps: Sequence[Sweep]) -> str:
    """Onset F1 at each strength as text for a terminal, a block for each data set and sweep.

    Parameters
    ----------
    table : DataFrame
        From `curves`.
    sweeps : sequence of Sweep

    Returns
    -------
    str
    """
    blocks = []
    for dataset in table.dataset.unique():
        for sweep in sweeps:
            blocks.append(_text(f"{dataset}: {sweep.name}", *wide(table, str(dataset), sweep)))
        if (crossed := wide_crossed(table, str(dataset))) is not None:
            blocks.append(_text(f"{dataset}: both at once", *crossed))
    return "\n\n".join(blocks)


def _text(title: str, names: list[str], rows: list[tuple[str, list[float]]]) -> str:
    cells = [["", "onset F1", *names], *(["", text, *map(number_text, means)] for text, means in rows)]
    return "\n".join([title, *aligned(cells)])


def wide(table: pd.DataFrame, dataset: str, sweep: Sweep) -> tuple[list[str], list[tuple[str, list[float]]]]:
    """Onset F1 of one sweep as a table: a row a strength, a column a detector.

    Parameters
    ----------
    table : DataFrame
        From `curves`.
    dataset : str
    sweep : Sweep

    Returns
    -------
    names : list of str
        Labels of the detectors.
    rows : list of (str, list of float)
        Strength as text, and means; recordings as they are come first.
    """
    mine = table.loc[
        (table.dataset == dataset) & (table.sweep == sweep.name) & (table.sweep_2 == "") & (table.metric == RANKED_BY)
    ]
    mine = mine.assign(name=labels(mine))
    strengths = dict(zip(mine.condition, mine.strength, strict=True))
    means = mine.pivot_table(index="condition", columns="name", values="mean", sort=False)
    rows = [
        (strength_text(sweep, strengths[text] if text else np.nan), list(row))
        for text, row in zip(map(str, means.index), means.to_numpy(), strict=True)
    ]
    return list(map(str, means.columns)), rows


def wide_crossed(table: pd.DataFrame, dataset: str) -> tuple[list[str], list[tuple[str, list[float]]]] | None:
    """Onset F1 of two sweeps that are crossed, as `wide`; None where none are.

    Parameters
    ----------
    table : DataFrame
        From `curves`.
    dataset : str

    Returns
    -------
    names, rows
        A row a pair of strengths.
    """
    mine = table.loc[(table.dataset == dataset) & (table.sweep_2 != "") & (table.metric == RANKED_BY)]
    if mine.empty:
        return None
    means = mine.assign(name=labels(mine)).pivot_table(index="condition", columns="name", values="mean", sort=False)
    return list(map(str, means.columns)), [
        (text, list(row)) for text, row in zip(map(str, means.index), means.to_numpy(), strict=True)
    ]
