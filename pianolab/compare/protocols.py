"""One set of answers under many protocols: how much of a ranking is the choice of how to count.

In go what was played, what each detector wrote, and protocols by name; out come rows with one number each, means with
intervals, the score against the tolerance of onsets, and the pairs of detectors whose order changes. No detector hears
anything again.
"""

import functools
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from pianolab.compare.cache import Cache, Heard
from pianolab.compare.fingerprints import fingerprint, source_checksum, versions
from pianolab.compare.hearing import Place
from pianolab.compare.participants import Participant
from pianolab.compare.rows import checksum_of_notes, means_of
from pianolab.compare.statistics import N_RESAMPLES, paired_difference
from pianolab.compare.tables import label, pieces
from pianolab.data import Recording
from pianolab.errors import reason
from pianolab.roll import Notes
from pianolab.scores import Drift, Protocol, alignment, find_drift, score_notes, score_onsets
from pianolab.sound import AudioError
from pianolab.texts.choices import PedalRule

TOLERANCES_S = tuple(n / 100 for n in range(1, 11))  # Onset F1 is drawn against these.
SHOWN = ("onset_f1", "note_f1", "frame_f1", "velocity_f1")
RANKED = ("onset_f1", "note_f1")  # Orders are compared by these.
_KEPT = (*SHOWN, "shift_ms", "n_reference", "n_estimate")
_POOLED = ("onset_f1", "note_f1", "velocity_f1")  # They can be counted over the notes of all recordings.
_TIE = 1e-9
_WORTH_SAYING_MS = 20  # Less may be the method's: see docs/protocols.md.
_WHO = ["dataset", "detector", "params"]

Truths = Mapping[PedalRule, Mapping[Place, Notes]]


class ProtocolRow(NamedTuple):
    """One number under one protocol, with the columns of protocols.csv.

    Attributes
    ----------
    dataset, recording, piece, detector, params : str
        As in a `pianolab.compare.rows.ScoreRow`.
    name, protocol, average : str
        Its name, its stamp, and over what its mean goes: 'recordings' or 'notes'.
    metric : str
    value : float
    """

    dataset: str
    recording: str
    piece: str
    detector: str
    params: str
    name: str
    protocol: str
    average: str
    metric: str
    value: float


def score_protocols(
    recordings: Mapping[Place, Recording],
    outcomes: Mapping[tuple[Place, Participant], Heard | str],
    truths: Truths,
    drifts: Mapping[Place, Drift],
    protocols: Mapping[str, Protocol],
    cache: Cache,
) -> pd.DataFrame:
    """Score what was heard under each protocol.

    Parameters
    ----------
    recordings : mapping of (data set, id) to Recording
    outcomes : mapping of ((data set, id), Participant) to Heard or str
    truths : mapping of pedal rule to mapping of (data set, id) to Notes
        What was played, as each rule reads the labels.
    drifts : mapping of (data set, id) to Drift
        Where a protocol moves labels to the sound; without it a recording has no row under such a protocol.
    protocols : mapping of str to Protocol
    cache : Cache
        Keeps the numbers.

    Returns
    -------
    DataFrame
        With the columns of `ProtocolRow`.
    """
    rows = []
    for (place, who), outcome in outcomes.items():
        if isinstance(outcome, str):
            continue
        heard = outcome.transcription.notes
        for name, protocol in protocols.items():
            truth = truths[protocol.pedal].get(place)
            if truth is None or (protocol.alignment == "drift" and place not in drifts):
                continue
            if protocol.alignment == "drift":
                truth = drifts[place].applied(truth)
            key = fingerprint(
                means=means_of(protocol), truth=checksum_of_notes(truth), heard=checksum_of_notes(heard), of="protocols"
            )
            scores = cache.kept(key, functools.partial(score_notes, truth, heard, protocol=protocol))
            of = (*place, recordings[place].piece, who.detector, who.params, name, str(protocol), protocol.average)
            rows += [ProtocolRow(*of, metric, scores[metric]) for metric in _KEPT if metric in scores]
    return pd.DataFrame(rows, columns=pd.Index(ProtocolRow._fields))


def score_tolerances(
    outcomes: Mapping[tuple[Place, Participant], Heard | str],
    truths: Mapping[Place, Notes | str],
    protocol: Protocol,
    cache: Cache,
) -> pd.DataFrame:
    """Onset F1 of each recording and detector for tolerances from 10 to 100 ms.

    Parameters
    ----------
    outcomes : mapping of ((data set, id), Participant) to Heard or str
    truths : mapping of (data set, id) to Notes or str
    protocol : Protocol
        All of it but the tolerance holds.
    cache : Cache

    Returns
    -------
    DataFrame
        dataset, recording, detector, params, onset_ms, onset_f1.
    """

    def curve(truth: Notes, heard: Notes) -> list[float]:
        at = (replace(protocol, onset_tolerance_s=tolerance_s) for tolerance_s in TOLERANCES_S)
        return [score_onsets(truth, heard, protocol=each)["onset_f1"] for each in at]

    rows = []
    for (place, who), outcome in outcomes.items():
        truth = truths[place]
        if isinstance(outcome, str) or isinstance(truth, str):
            continue
        heard = outcome.transcription.notes
        sides = {"truth": checksum_of_notes(truth), "heard": checksum_of_notes(heard)}
        key = fingerprint(means=means_of(protocol), tolerances=TOLERANCES_S, **sides)
        values = cache.kept(key, functools.partial(curve, truth, heard))
        of = (*place, who.detector, who.params)
        rows += [(*of, round(1000 * at_s), f1) for at_s, f1 in zip(TOLERANCES_S, values, strict=True)]
    columns = ["dataset", "recording", "detector", "params", "onset_ms", "onset_f1"]
    return pd.DataFrame(rows, columns=pd.Index(columns))


def find_drifts(
    recordings: Mapping[Place, Recording], truths: Mapping[Place, Notes], seconds: float | None, cache: Cache
) -> tuple[dict[Place, Drift], list[list[str]]]:
    """How labels and sound of each recording drift apart.

    Parameters
    ----------
    recordings : mapping of (data set, id) to Recording
    truths : mapping of (data set, id) to Notes
    seconds : float or None
        How much of each recording is heard.
    cache : Cache

    Returns
    -------
    drifts : dict of (data set, id) to Drift
    remarks : list of [data set, id, who, text]
        What was found where it is 20 ms or more, and why there is none.
    """
    drifts, remarks = {}, []
    for place, truth in truths.items():
        recording = recordings[place]

        def found(recording: Recording = recording, truth: Notes = truth) -> list[list[float]]:
            y, sr = recording.load(seconds)
            drift = find_drift(truth, y, sr=sr)
            return [drift.time_s.tolist(), drift.shift_s.tolist()]

        try:
            sides = {"sound": recording.checksum, "truth": checksum_of_notes(truth), "seconds": seconds}
            key = fingerprint(drift=_source_of_drift(), libraries=versions(), **sides)
            drifts[place] = Drift(*map(np.array, cache.kept(key, found)))
        except (AudioError, OSError) as error:
            remarks.append([*place, "drift", f"none is known: {reason(error)}"])
            continue
        low, high = (round(1000 * shift_s) for shift_s in drifts[place].range_s)
        if max(abs(low), abs(high)) < _WORTH_SAYING_MS:
            continue
        remarks.append([*place, "drift", f"the sound is {low:+d} to {high:+d} ms later than its labels"])
    return drifts, remarks


@functools.cache
def _source_of_drift() -> str:
    return source_checksum(alignment.__file__)


def summarise_protocols(rows: pd.DataFrame) -> pd.DataFrame:
    """Means of what was found under each protocol.

    Parameters
    ----------
    rows : DataFrame
        From `score_protocols`.

    Returns
    -------
    DataFrame
        dataset, name, protocol, detector, params, metric, n (recordings), mean, low, high (95 % bootstrap interval over
        pieces). Where a protocol averages over notes, the mean is that of all notes together.
    """
    found = []
    keys = ["dataset", "name", "protocol", "detector", "params"]
    for _, part in rows.groupby(keys, sort=False):
        named = part[keys].iloc[0].to_dict()
        table = _by_recording(part)
        for metric in (*SHOWN, "shift_ms"):
            if metric in table and (values := table[metric].dropna()).size:
                mean, low, high = _mean(table.loc[values.index], metric, part.average.iloc[0])
                found.append({**named, "metric": metric, "n": len(values), "mean": mean, "low": low, "high": high})
    return pd.DataFrame(found, columns=pd.Index([*keys, "metric", "n", "mean", "low", "high"]))


def flips(rows: pd.DataFrame) -> pd.DataFrame:
    """Pairs of detectors of which one leads under one protocol and the other under another.

    Parameters
    ----------
    rows : DataFrame
        From `score_protocols`.

    Returns
    -------
    DataFrame
        dataset, metric, detector, other (labels), leads (under which protocols the first leads), trails (under which
        it trails), most, least (its lead where it is largest and where it is smallest, over recordings that both
        heard), shown (whether both differ from nothing by the 95 % interval of a paired bootstrap). Equal means are no
        lead.
    """
    found = []
    for dataset, metric in itertools.product(rows.dataset.unique(), RANKED):
        part = rows.loc[(rows.dataset == dataset) & rows.metric.isin([metric, "n_reference", "n_estimate"])]
        averages = dict(part[["name", "average"]].drop_duplicates().itertuples(index=False, name=None))
        groups = part.groupby(["name", "detector", "params"], sort=False)
        of = {(name, label(detector, params)): _by_recording(group) for (name, detector, params), group in groups}
        for one, other in itertools.combinations(dict.fromkeys(who for _, who in of), 2):
            both = [name for name in averages if all(metric in of.get((name, who), ()) for who in (one, other))]
            leads = {name: _lead(of[name, one], of[name, other], metric, averages[name]) for name in both}
            ahead = [name for name, (lead, *_) in leads.items() if lead > _TIE]
            behind = [name for name, (lead, *_) in leads.items() if lead < -_TIE]
            if ahead and behind:
                most, least = max(leads.values()), min(leads.values())
                shown = most[1] > 0 and least[2] < 0
                under = (", ".join(ahead), ", ".join(behind))
                found.append((dataset, metric, one, other, *under, most[0], least[0], shown))
    columns = ["dataset", "metric", "detector", "other", "leads", "trails", "most", "least", "shown"]
    return pd.DataFrame(found, columns=pd.Index(columns))


def alignment_gains(table: pd.DataFrame, protocols: Mapping[str, Protocol]) -> pd.DataFrame:
    """What alignment alone gives each detector: onset F1 with it less onset F1 without, all else alike.

    Parameters
    ----------
    table : DataFrame
        From `summarise_protocols`.
    protocols : mapping of str to Protocol

    Returns
    -------
    DataFrame
        dataset, detector, params, alignment ('shift', 'drift'), gain.
    """
    found = []
    onsets = table.loc[table.metric == "onset_f1"]
    for name, protocol in protocols.items():
        base = _unaligned(protocol, protocols)
        if protocol.alignment == "none" or base is None:
            continue
        sides = [onsets.loc[onsets.name == which].set_index(_WHO)["mean"] for which in (name, base)]
        gains = (sides[0] - sides[1]).dropna()
        found += [(*who, protocol.alignment, gain) for who, gain in gains.items()]
    return pd.DataFrame(found, columns=pd.Index([*_WHO, "alignment", "gain"]))


def _unaligned(protocol: Protocol, protocols: Mapping[str, Protocol]) -> str | None:
    """The name of a protocol that asks the same of onsets without moving labels."""
    for name, other in protocols.items():
        if _asked_of_onsets(other) == _asked_of_onsets(replace(protocol, alignment="none")):
            return name
    return None


def _asked_of_onsets(protocol: Protocol) -> tuple[Any, ...]:
    settings = asdict(protocol)
    names = ("onset_tolerance_s", "pitch_tolerance_cents", "alignment", "matching", "excerpt_s", "average")
    return tuple(settings[name] for name in names)


def _by_recording(part: pd.DataFrame) -> pd.DataFrame:
    """A row a recording and its piece, a column a metric."""
    part = part.assign(piece=pieces(part))
    return part.pivot_table(index=["recording", "piece"], columns="metric", values="value", sort=False)


def _weights(table: pd.DataFrame, average: str) -> np.ndarray:
    """How much each recording counts: F1 is twice the hits by all notes, so it is pooled by the number of notes."""
    n_notes = (table.n_reference + table.n_estimate).to_numpy(dtype=float)
    return n_notes if average == "notes" and n_notes.any() else np.ones(len(table))


def _pieces(table: pd.DataFrame) -> np.ndarray:
    return table.index.get_level_values("piece").to_numpy(dtype=str)


def _mean(table: pd.DataFrame, metric: str, average: str) -> tuple[float, float, float]:
    """A mean with its 95 % bootstrap interval over pieces, NaN where one piece is all; pooled where it can be."""
    if average == "notes" and metric not in _POOLED:
        return math.nan, math.nan, math.nan
    values, weights = table[metric].to_numpy(dtype=float), _weights(table, average)
    names, of = np.unique(_pieces(table), return_inverse=True)
    sums, totals = np.bincount(of, weights=values * weights), np.bincount(of, weights=weights)
    mean = float(sums.sum() / totals.sum())
    if len(names) < 2:
        return mean, math.nan, math.nan
    drawn = np.random.default_rng(0).integers(0, len(names), (N_RESAMPLES, len(names)))
    total = totals[drawn].sum(axis=1)
    means = sums[drawn].sum(axis=1)[total > 0] / total[total > 0]
    low, high = np.quantile(means, [0.025, 0.975])
    return mean, float(low), float(high)


def _lead(one: pd.DataFrame, other: pd.DataFrame, metric: str, average: str) -> tuple[float, float, float]:
    """By how much one leads on the recordings both heard, with the interval of the mean difference of recordings."""
    shared = one.index.intersection(other.index)
    one, other = one.loc[shared], other.loc[shared]
    if not len(shared):
        return 0.0, math.nan, math.nan
    means = [float(np.average(side[metric], weights=_weights(side, average))) for side in (one, other)]
    apart = paired_difference(one[metric], other[metric], pieces=_pieces(one))
    return means[0] - means[1], apart.low, apart.high


def sentences(table: pd.DataFrame, flipped: pd.DataFrame, gains: pd.DataFrame, dataset: str) -> list[str]:
    """What the protocols do to a data set, in words.

    Parameters
    ----------
    table, flipped, gains : DataFrame
        From `summarise_protocols`, `flips` and `alignment_gains`.
    dataset : str

    Returns
    -------
    list of str
    """
    said = []
    here = gains.loc[gains.dataset == dataset]
    for kind, what in (("shift", "One constant shift"), ("drift", "Moving the labels to the sound")):
        gain = here.loc[here.alignment == kind].sort_values("gain", ascending=False)
        if len(gain):
            each = ", ".join(
                f"{label(row.detector, row.params)} {row.gain:+.3f}" for row in gain.itertuples(index=False)
            )
            said.append(f"{what} changes onset F1 by: {each}.")
    mine = flipped.loc[flipped.dataset == dataset]
    for row in mine.itertuples(index=False):
        sure = "both are shown by these recordings" if row.shown else "these recordings do not show both"
        said.append(
            f"By {row.metric.replace('_f1', ' F1')} {row.detector} leads {row.other} under {row.leads} (by up to "
            f"{row.most:.3f}) and trails it under {row.trails} (by up to {-row.least:.3f}): {sure}."
        )
    if mine.empty and table.loc[table.dataset == dataset].groupby(["detector", "params"]).ngroups > 1:
        said.append("No two detectors change places, whichever protocol is chosen.")
    return said


def console_protocols(table: pd.DataFrame, said: Mapping[str, Sequence[str]], metrics: Iterable[str] = RANKED) -> str:
    """Means under each protocol as text for a terminal, with the sentences behind them.

    Parameters
    ----------
    table : DataFrame
        From `summarise_protocols`.
    said : mapping of str to list of str
        Sentences by data set.
    metrics : list of str

    Returns
    -------
    str
    """
    blocks = []
    for dataset, part in table.groupby("dataset", sort=False):
        part = part.assign(who=[label(*pair) for pair in zip(part.detector, part.params, strict=True)])
        for metric in metrics:
            wide = part.loc[part.metric == metric].pivot_table(index="name", columns="who", values="mean", sort=False)
            if wide.empty:
                continue
            head = f"{dataset}: {metric.replace('_f1', ' F1')} under each protocol"
            wide = wide.rename_axis(index=None, columns=None)
            blocks.append(f"{head}\n{wide.to_string(float_format='{:.3f}'.format, na_rep='-')}")
        blocks.append("\n".join(said.get(str(dataset), ())))
    return "\n\n".join(filter(None, blocks))
