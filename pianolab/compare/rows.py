"""The numbers of a comparison, row by row: scores, and how many notes were right or wrong and why.

A row of scores is one number of one recording and one detector; what failed is a row without a number that says why.
A row of counts says how many notes of one register were hit, missed or heard too many, for one reason.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np

from pianolab.compare.cache import Heard
from pianolab.compare.hearing import Place
from pianolab.compare.participants import Participant
from pianolab.compare.shareable import shareable
from pianolab.data import Recording
from pianolab.errors import reason
from pianolab.roll import Notes
from pianolab.scores import Protocol, errors, score_melody, score_notes, score_onsets

WIDE_TOLERANCE_S = 0.1  # Onset scores are given at this tolerance as well.


@dataclass(frozen=True)
class ScoreRow:
    """One number, with the columns of scores.csv.

    Attributes
    ----------
    dataset, recording, kind, piano, split : str
        What was heard; the last four are empty for a detector that could not be made.
    detector, params : str
        Who heard it.
    protocol : str
        Stamp: what the number means.
    metric : str
        Name of the number, as from `pianolab.scores`; empty where something failed.
    value : float
        NaN where something failed.
    status : {'ok', 'error'}
    error : str
        Why it failed.
    seconds_audio, seconds_cpu : float
        Length of the sound, and processor time for hearing it; NaN where not known.
    """

    dataset: str
    recording: str
    kind: str
    piano: str
    split: str
    detector: str
    params: str
    protocol: str
    metric: str = ""
    value: float = math.nan
    status: Literal["ok", "error"] = "ok"
    error: str = ""
    seconds_audio: float = math.nan
    seconds_cpu: float = math.nan


@dataclass(frozen=True)
class CountRow:
    """How many notes of a recording had one fate, with the columns of counts.csv.

    Attributes
    ----------
    dataset, recording, detector, params, protocol : str
        As in a `ScoreRow`.
    register : str
        One of `pianolab.scores.REGISTERS`.
    result : {'hit', 'missed', 'extra'}
    reason : str
        Of `pianolab.scores.MISSED_REASONS` or EXTRA_REASONS; empty for a hit.
    count : int
        Notes, at least 1.
    """

    dataset: str
    recording: str
    detector: str
    params: str
    protocol: str
    register: str
    result: Literal["hit", "missed", "extra"]
    reason: str
    count: int


SCORE_COLUMNS = tuple(field.name for field in fields(ScoreRow))
COUNT_COLUMNS = tuple(field.name for field in fields(CountRow))


def score_all(
    recordings: Mapping[Place, Recording],
    participants: Sequence[Participant],
    truths: Mapping[Place, Notes | str],
    outcomes: Mapping[tuple[Place, Participant], Heard | str],
    protocol: Protocol,
) -> tuple[list[ScoreRow], list[CountRow]]:
    """Score what was heard.

    Parameters
    ----------
    recordings : mapping of (data set, id) to Recording
    participants : sequence of Participant
    truths : mapping of (data set, id) to Notes or str
        What was played, or why the labels cannot be used.
    outcomes : mapping of ((data set, id), Participant) to Heard or str
        What was heard, or why nothing was.
    protocol : Protocol
        What the scores mean.

    Returns
    -------
    scores : list of ScoreRow
        By data set in the order given, recording and detector.
    counts : list of CountRow
        In the same order.
    """
    rows, counts = [], []
    in_order = sorted(participants, key=lambda participant: (participant.detector, participant.params))
    for dataset in dict.fromkeys(dataset for dataset, _ in recordings):
        rows += [_failure(dataset, None, who, protocol, who.error) for who in in_order if who.error]
        for place in sorted(place for place in recordings if place[0] == dataset):
            for who in (participant for participant in in_order if not participant.error):
                recording, truth = recordings[place], truths[place]
                outcome = truth if isinstance(truth, str) else outcomes[place, who]
                if isinstance(outcome, Heard) and isinstance(truth, Notes):
                    try:
                        scored = _scores(dataset, recording, who, truth, outcome, protocol)
                        counts += list(_counts(dataset, recording, who, truth, outcome, protocol))
                        rows += scored
                        continue
                    except Exception as error:  # A score that cannot be computed becomes a row, too.
                        outcome = f"scoring: {reason(error)}"
                rows.append(_failure(dataset, recording, who, protocol, str(outcome)))
    telling = {(who.detector, who.params) for (_, who), outcome in outcomes.items() if _tells_velocity(outcome)}
    kept = [row for row in rows if not row.metric.startswith("velocity_") or (row.detector, row.params) in telling]
    return kept, counts


def _tells_velocity(outcome: Heard | str) -> bool:
    """Whether there are notes and all have a velocity: a recording in which nothing was heard does not say."""
    notes = outcome.transcription.notes if isinstance(outcome, Heard) else Notes.empty()
    return len(notes) > 0 and not np.isnan(notes.velocity).any()


def _scores(
    dataset: str, recording: Recording, who: Participant, truth: Notes, heard: Heard, protocol: Protocol
) -> list[ScoreRow]:
    said = heard.transcription
    by_protocol = {protocol: score_notes(truth, said.notes, protocol=protocol)}
    if recording.monophonic and said.f0_times is not None and said.f0_hz is not None:
        by_protocol[protocol] |= score_melody(truth, said.f0_times, said.f0_hz, protocol=protocol)
    wide = replace(protocol, onset_tolerance_s=WIDE_TOLERANCE_S)
    if wide != protocol:
        by_protocol[wide] = score_onsets(truth, said.notes, protocol=wide)
    times = {"seconds_audio": said.seconds_audio, "seconds_cpu": said.seconds_cpu}
    return [
        replace(_row(dataset, recording, who, stamp), metric=metric, value=value, **times)
        for stamp, values in by_protocol.items()
        for metric, value in values.items()
    ]


def _counts(
    dataset: str, recording: Recording, who: Participant, truth: Notes, heard: Heard, protocol: Protocol
) -> Iterator[CountRow]:
    notes = errors(truth, heard.transcription.notes, protocol=protocol)
    counted = Counter(zip(notes["register"], notes["result"], notes["reason"], strict=True))
    for (register, result, why), count in sorted(counted.items()):
        stamp = str(protocol)
        yield CountRow(dataset, recording.id, who.detector, who.params, stamp, register, result, why, count)


def _failure(dataset: str, recording: Recording | None, who: Participant, protocol: Protocol, why: str) -> ScoreRow:
    """One row without a value; a detector that cannot run has one for a data set, without a recording."""
    return replace(_row(dataset, recording, who, protocol), status="error", error=shareable(why))


def _row(dataset: str, recording: Recording | None, who: Participant, protocol: Protocol) -> ScoreRow:
    heard = (recording.id, recording.kind, recording.piano, recording.split) if recording else ("", "", "", "")
    return ScoreRow(dataset, *heard, who.detector, who.params, str(protocol))
