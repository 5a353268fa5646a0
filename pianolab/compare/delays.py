"""How late detectors tell, part by part, and what they are worth to whoever cannot wait.

In go what was heard, with the time at which each note was told, and what was played; out come two tables. One says for
each recording how right a detector is if only notes count that are told soon enough: the delay curve. The other takes
the delay apart: the sound that a row of evidence needs behind its own time (look-ahead), the sound that must pass until
the evidence decides (waiting), the processor time for a block of sound, the length of that block, and the sound card.
The first two are properties of the method and the same on every machine; processor time is measured here; the sound
card is assumed, because no recording knows it.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from pianolab import sound, workers
from pianolab.compare.cache import Heard
from pianolab.compare.hearing import Place, default_timeout_s
from pianolab.compare.participants import Participant
from pianolab.compare.sending import receive
from pianolab.compare.statistics import bootstrap_mean
from pianolab.compare.tables import aligned, label, labels, pieces
from pianolab.data import Recording
from pianolab.roll import Notes
from pianolab.scores import Protocol, match
from pianolab.session import Session

ALLOWED_S = (*np.arange(0.0, 0.301, 0.02).round(3).tolist(), 0.35, 0.4, 0.5, 0.75, 1.0)
BLOCK = 1024  # Samples, as the live page sends them.
BLOCK_SR = 44100  # Hz.
DEVICE_S = 0.0175  # Between the 5 and the 30 ms that a sound card adds.
_LISTENED_S = 4.0  # So much of a recording is heard in blocks.
_LEFT_OUT = 8  # Of these the first still load and compile.

_WHO = ["dataset", "detector", "params"]
DELAY_COLUMNS = [
    "lookahead_ms",
    "waiting_ms",
    "told_ms",
    "told_p95_ms",
    "block_ms",
    "compute_ms",
    "compute_p95_ms",
    "device_ms",
    "all_ms",
]


class Told(NamedTuple):
    """When the notes of one recording were told.

    Attributes
    ----------
    right_s : (n,) float64
        Of each right note, how long after its played onset it was told, seconds.
    wrong_s : (m,) float64
        Of each other note, how long after its own onset.
    n_played : int
    """

    right_s: npt.NDArray[np.float64]
    wrong_s: npt.NDArray[np.float64]
    n_played: int


def told_when(played: Notes, heard: Notes, told_s: npt.NDArray[np.float64], *, protocol: Protocol) -> Told:
    """How late each note was told.

    Parameters
    ----------
    played, heard : Notes
    told_s : (n,) float64
        Up to which second of the sound each heard note needed it.
    protocol : Protocol
        Which notes are right.

    Returns
    -------
    Told
    """
    pairs = match(played, heard, protocol=protocol)
    others = np.setdiff1d(np.arange(len(heard)), pairs[:, 1])
    return Told(told_s[pairs[:, 1]] - played.onset[pairs[:, 0]], told_s[others] - heard.onset[others], len(played))


def f1_within(told: Told, allowed_s: Sequence[float]) -> list[float]:
    """Onset F1 if only notes count that are told in time.

    Parameters
    ----------
    told : Told
    allowed_s : sequence of float
        Delays, seconds.

    Returns
    -------
    list of float
        A right note that is told too late is missed; a wrong one that comes later disturbs nobody yet. Without any
        limit it is the onset F1 of the comparison.

    Examples
    --------
    Four notes were played; two right ones are told after 50 and 150 ms, a wrong one after 100 ms:

    >>> told = Told(np.array([0.05, 0.15]), np.array([0.1]), 4)
    >>> [round(f1, 3) for f1 in f1_within(told, [0.0, 0.06, 0.12, np.inf])]
    [0.0, 0.4, 0.333, 0.571]
    """
    found = []
    for at_s in allowed_s:
        # Times are sums of frames: what is equal but for rounding is in time.
        right, wrong = (int(np.sum(side <= at_s + 1e-9)) for side in (told.right_s, told.wrong_s))
        notes = told.n_played + right + wrong
        found.append(2 * right / notes if notes else 1.0)
    return found


class BlockJob(NamedTuple):
    """What `block_times` is asked for: a sound file, and a detector as spec text or as it was sent."""

    audio: str
    detector: str | bytes


def block_times(job: BlockJob) -> list[float]:
    """Processor time that a detector takes for each block of `BLOCK` samples; made to run in a worker process.

    Parameters
    ----------
    job : BlockJob

    Returns
    -------
    list of float
        Seconds, of all threads together, at `BLOCK_SR` as the live page hears; empty for a sound of a few blocks, and
        for a detector that works only when it has heard the whole recording.
    """
    detector = receive(job.detector)
    if detector.whole_recording:
        return []
    y, sr = sound.load(job.audio, duration_s=_LISTENED_S)
    y = sound.resample(y, sr=sr, target_sr=BLOCK_SR)
    session = Session(detector, sr=BLOCK_SR)
    times = []
    for start in range(0, len(y), BLOCK):
        before = time.process_time()
        session.push(y[start : start + BLOCK])
        times.append(time.process_time() - before)
    return times[_LEFT_OUT:]


def measure_blocks(
    recordings: Mapping[Place, Recording], outcomes: Mapping[tuple[Place, Participant], Heard | str]
) -> dict[Participant, list[float]]:
    """Processor time a block of everybody who takes part, on the first recording of more than a second that they heard.

    Parameters
    ----------
    recordings : mapping of (data set, id) to Recording
    outcomes : mapping of ((data set, id), Participant) to Heard or str

    Returns
    -------
    dict of Participant to list of float
        Seconds a block; without those who hear no blocks (note files, commands, whoever needs the whole recording) or
        fail.
    """
    jobs: dict[BlockJob, Participant] = {}
    for (place, who), outcome in _in_order(outcomes):
        detector = who.spec or who.sent
        if not detector or who in jobs.values() or isinstance(outcome, str):
            continue
        if outcome.transcription.seconds_audio > 1.0:
            jobs[BlockJob(str(recordings[place].audio), detector)] = who
    answers = workers.run(
        block_times,
        jobs,
        n_workers=1,  # Two at once would wait for each other's memory.
        room=lambda job: jobs[job].room,
        limit_s=lambda job: default_timeout_s(_LISTENED_S),
    )
    return {jobs[job]: found for job, found, error in answers if error is None and found}


def delay_tables(
    recordings: Mapping[Place, Recording],
    truths: Mapping[Place, Notes | str],
    outcomes: Mapping[tuple[Place, Participant], Heard | str],
    protocol: Protocol,
    blocks: Mapping[Participant, Sequence[float]],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The delay curve, and the parts of the delay.

    Parameters
    ----------
    recordings : mapping of (data set, id) to Recording
    truths : mapping of (data set, id) to Notes or str
    outcomes : mapping of ((data set, id), Participant) to Heard or str
        Whoever does not say when a note was told, as note files and commands, is left out.
    protocol : Protocol
    blocks : mapping of Participant to sequence of float
        From `measure_blocks`.

    Returns
    -------
    curve : DataFrame
        dataset, recording, piece, detector, params, allowed_ms (inf: any), onset_f1.
    parts : DataFrame
        dataset, detector, params, n (right notes), lookahead_ms, waiting_ms (median), told_ms (median of both
        together), told_p95_ms, block_ms, compute_ms (mean processor time a block), compute_p95_ms, device_ms (assumed),
        all_ms (median in all: told, half a block on average until it is full, compute, device).
    """
    curve, told_of, ahead_of = [], {}, {}
    for (place, who), outcome in _in_order(outcomes):
        truth = truths[place]
        if isinstance(outcome, str) or isinstance(truth, str) or (told_s := outcome.transcription.told_s) is None:
            continue
        told = told_when(truth, outcome.transcription.notes, told_s, protocol=protocol)
        of = (*place, recordings[place].piece, who.detector, who.params)
        allowed_s = (*ALLOWED_S, np.inf)
        curve += [(*of, 1000 * at_s, f1) for at_s, f1 in zip(allowed_s, f1_within(told, allowed_s), strict=True)]
        told_of.setdefault((place[0], who), []).append(told.right_s)
        ahead_of.setdefault((place[0], who), []).append(outcome.transcription.ahead_s)
    parts = []
    for (dataset, who), right in told_of.items():
        told_ms = 1000 * np.concatenate(right)
        ahead_ms = 1000 * float(np.median(ahead_of[dataset, who]))
        middle, late = np.percentile(told_ms, [50, 95]) if len(told_ms) else (np.nan, np.nan)
        compute_ms = 1000 * np.asarray(blocks.get(who, [np.nan]))
        mean_ms, p95_ms = float(np.mean(compute_ms)), float(np.percentile(compute_ms, 95))
        block_ms = 1000 * BLOCK / BLOCK_SR
        whole = middle + block_ms / 2 + mean_ms + 1000 * DEVICE_S
        of = (dataset, who.detector, who.params, len(told_ms))
        delays = (ahead_ms, middle - ahead_ms, middle, late)
        parts.append((*of, *delays, block_ms, mean_ms, p95_ms, 1000 * DEVICE_S, whole))
    columns = [*_WHO, "n", "lookahead_ms", "waiting_ms", "told_ms", "told_p95_ms", "block_ms"]
    columns += ["compute_ms", "compute_p95_ms", "device_ms", "all_ms"]
    return (
        pd.DataFrame(curve, columns=pd.Index(["dataset", "recording", "piece", *_WHO[1:], "allowed_ms", "onset_f1"])),
        pd.DataFrame(parts, columns=pd.Index(columns)),
    )


def _in_order(
    outcomes: Mapping[tuple[Place, Participant], Heard | str],
) -> list[tuple[tuple[Place, Participant], Heard | str]]:
    """By data set, recording and detector: they come as workers finish."""
    return sorted(outcomes.items(), key=lambda item: (*item[0][0], item[0][1].detector, item[0][1].params))


def summarise_delays(curve: pd.DataFrame) -> pd.DataFrame:
    """Mean onset F1 at each delay allowed.

    Parameters
    ----------
    curve : DataFrame
        From `delay_tables`.

    Returns
    -------
    DataFrame
        dataset, detector, params, allowed_ms, n (recordings), pieces, mean, low, high (95 % bootstrap interval over
        pieces).
    """
    curve = curve.assign(piece=pieces(curve))
    rows = []
    columns = [*_WHO, "allowed_ms"]
    for _, group in curve.groupby(columns, sort=False):
        interval = bootstrap_mean(group.onset_f1.to_numpy(), pieces=group.piece.to_numpy(dtype=str))
        rows.append({**group[columns].iloc[0].to_dict(), **vars(interval)})
    return pd.DataFrame(rows, columns=pd.Index([*columns, "n", "pieces", "mean", "low", "high"]))


def delay_sentences(table: pd.DataFrame, parts: pd.DataFrame, dataset: str) -> list[str]:
    """How late each detector is, in words.

    Parameters
    ----------
    table : DataFrame
        From `summarise_delays`.
    parts : DataFrame
        From `delay_tables`.
    dataset : str

    Returns
    -------
    list of str
    """
    said = []
    for row in parts.loc[parts.dataset == dataset].to_dict("records"):
        mine = table.loc[(table[_WHO] == [row[name] for name in _WHO]).all(axis=1)]
        best = float(mine.loc[np.isinf(mine.allowed_ms), "mean"].iloc[0])
        enough = mine.loc[(mine["mean"] >= 0.95 * best) & np.isfinite(mine.allowed_ms), "allowed_ms"]
        name = label(str(row["detector"]), str(row["params"]))
        if not row["n"]:
            said.append(f"{name} told no right note.")
            continue
        soon = f"reaches 95 % of its onset F1 of {best:.3f} with {enough.min():.0f} ms of sound after the stroke"
        late = f"does not reach 95 % of its onset F1 of {best:.3f} within {1000 * ALLOWED_S[-1]:.0f} ms of sound"
        said.append(
            f"{name} {soon if len(enough) else late}: half of its right notes are told within {row['told_ms']:.0f} ms "
            f"(of which {row['lookahead_ms']:.0f} ms are look-ahead), 95 % within {row['told_p95_ms']:.0f} ms."
        )
    return said


def delay_rows(parts: pd.DataFrame, dataset: str) -> list[tuple[str, list[Any]]]:
    """The parts of the delay as rows of a table.

    Parameters
    ----------
    parts : DataFrame
        From `delay_tables`.
    dataset : str

    Returns
    -------
    list of (str, list of float)
        Label of a detector, and the columns lookahead, waiting, told, told_p95, block, compute, compute_p95, device,
        all, in milliseconds.
    """
    mine = parts.loc[parts.dataset == dataset]
    return list(zip(labels(mine), mine[DELAY_COLUMNS].to_numpy(dtype=float).tolist(), strict=True))


def console_delays(parts: pd.DataFrame) -> str:
    """The parts of the delay as text for a terminal, a block for each data set.

    Parameters
    ----------
    parts : DataFrame
        From `delay_tables`.

    Returns
    -------
    str
    """
    blocks = []
    titles = [column.removesuffix("_ms").replace("_", " ") for column in DELAY_COLUMNS]
    for dataset in parts.dataset.unique():
        rows = [["", "ms from the played onset", *titles]]
        rows += [
            ["", name, *(f"{value:.1f}" if np.isfinite(value) else "-" for value in values)]
            for name, values in delay_rows(parts, str(dataset))
        ]
        blocks.append("\n".join([f"{dataset}: how late (the device is assumed)", *aligned(rows)]))
    return "\n\n".join(blocks)
