"""The numbers of a comparison, row by row: scores, and how many notes were right or wrong and why.

A row of scores is one number of one recording and one detector; what failed is a row without a number that says why.
A row of counts says how many notes of one register were hit, missed or heard too many, for one reason. Numbers are kept
as well: the same notes, played and heard, are not scored twice by the same code.
"""

import functools
import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from pianolab.compare.cache import Cache, Heard
from pianolab.compare.fingerprints import code_checksum, fingerprint, versions
from pianolab.compare.hearing import Place
from pianolab.compare.participants import Participant
from pianolab.compare.shareable import shareable
from pianolab.data import Recording
from pianolab.errors import printable, reason
from pianolab.roll import Notes
from pianolab.scores import PedalProtocol, Protocol, error_columns, score_melody, score_notes, score_onsets, score_pedal
from pianolab.units import A4_HZ

WIDE_TOLERANCE_S = 0.1  # Onset scores are given at this tolerance as well.

_LIBRARIES = ("numpy", "scipy", "mir_eval", "pandas")  # They calculate scores.


class ScoreRow(NamedTuple):
    """One number, with the columns of scores.csv.

    Attributes
    ----------
    dataset, recording, piece, kind, piano, split : str
        What was heard; the last five are empty for a detector that could not be made, the piece also where nobody named
        one.
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
    piece: str
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


class CountRow(NamedTuple):
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


SCORE_COLUMNS = ScoreRow._fields
COUNT_COLUMNS = CountRow._fields


def score_all(
    recordings: Mapping[Place, Recording],
    participants: Sequence[Participant],
    truths: Mapping[Place, Notes | str],
    outcomes: Mapping[tuple[Place, Participant], Heard | str],
    protocol: Protocol,
    cache: Cache,
    pedals: Mapping[Place, npt.NDArray[np.float64]],
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
    cache : Cache
        Keeps the numbers.
    pedals : mapping of (data set, id) to (n, 2) array
        When the sustain pedal was down, for recordings whose labels say so. Whoever hears it is scored there.

    Returns
    -------
    scores : list of ScoreRow
        By data set in the order given, recording and detector.
    counts : list of CountRow
        In the same order.
    """
    rows, counts = [], []
    in_order = sorted(participants, key=lambda participant: (participant.detector, participant.params))
    telling = set()  # Whoever wrote a velocity with each note of some recording.
    scorer = _Scorer(protocol, cache)
    for dataset in dict.fromkeys(dataset for dataset, _ in recordings):
        rows += [_failure(dataset, None, who, protocol, who.error) for who in in_order if who.error]
        for place in sorted(place for place in recordings if place[0] == dataset):
            recording, truth = recordings[place], truths[place]
            checksum = "" if isinstance(truth, str) else checksum_of_notes(truth)
            for who in (participant for participant in in_order if not participant.error):
                outcome = truth if isinstance(truth, str) else outcomes[place, who]
                if isinstance(outcome, Heard) and isinstance(truth, Notes):
                    try:
                        found = scorer.numbers(truth, checksum, outcome, monophonic=recording.monophonic)
                        if (per_minute := _revised_per_minute(outcome)) is not None:
                            found["scores"].append((str(protocol), {"revised_per_minute": per_minute}))
                        if place in pedals and outcome.transcription.pedal is not None:
                            found["scores"].append(_pedal_scores(pedals[place], outcome.transcription.pedal))
                    except Exception as error:  # A score that cannot be computed becomes a row, too.
                        outcome = f"scoring: {reason(error)}"
                    else:
                        rows += _score_rows(dataset, recording, who, outcome, found)
                        counts += _count_rows(dataset, recording, who, protocol, found)
                        telling |= {who} if found["tells_velocity"] else set()
                        continue
                rows.append(_failure(dataset, recording, who, protocol, str(outcome)))
    of_telling = {(who.detector, who.params) for who in telling}
    kept = [row for row in rows if not row.metric.startswith("velocity_") or (row.detector, row.params) in of_telling]
    return kept, counts


class _Scorer:
    """Finds the numbers of one recording and one detector: from the cache, or anew."""

    def __init__(self, protocol: Protocol, cache: Cache):
        self._protocol, self._cache = protocol, cache
        self._means = means_of(protocol)

    def numbers(self, truth: Notes, truth_checksum: str, heard: Heard, *, monophonic: bool) -> dict[str, Any]:
        said = heard.transcription
        track = ()
        if monophonic and said.f0_times is not None and said.f0_hz is not None:
            track = said.f0_times, said.f0_hz * (A4_HZ / said.a4_hz)  # Labels are keys: their melody is at 440 Hz.
        key = fingerprint(means=self._means, truth=truth_checksum, heard=checksum_of_notes(said.notes, *track))
        return self._cache.kept(key, lambda: _numbers(truth, said.notes, track, self._protocol))


def means_of(protocol: Protocol) -> str:
    """Fingerprint of what scores under a protocol depend on beside the notes.

    Parameters
    ----------
    protocol : Protocol

    Returns
    -------
    str
    """
    return fingerprint(protocol=asdict(protocol), source=_source(), libraries=versions(_LIBRARIES))


@functools.cache
def _source() -> str:
    """Of the code that scores."""
    here = Path(__file__)
    return code_checksum(here.parents[1] / "scores" / "__init__.py", texts=[here.read_text(encoding="utf-8")])


def checksum_of_notes(notes: Notes, *arrays: np.ndarray) -> str:
    """A checksum of notes and further arrays.

    Parameters
    ----------
    notes : Notes
    *arrays : arrays

    Returns
    -------
    str
    """
    parts = [notes.onset, notes.offset, notes.midi, notes.velocity, notes.confidence, *arrays]
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest() + f"-{len(notes)}"


def _numbers(truth: Notes, heard: Notes, track: Sequence[np.ndarray], protocol: Protocol) -> dict[str, Any]:
    """All that is kept of one recording and one detector, in a form that JSON can hold.

    ``scores`` are [protocol, {metric: value}] in the order of the rows, ``counts`` [register, result, reason, count].
    """
    scores = [(str(protocol), score_notes(truth, heard, protocol=protocol))]
    if track:
        scores[0][1].update(score_melody(truth, *track, protocol=protocol))
    wide = replace(protocol, onset_tolerance_s=WIDE_TOLERANCE_S)
    if wide != protocol:
        scores.append((str(wide), score_onsets(truth, heard, protocol=wide)))
    notes = error_columns(truth, heard, protocol=protocol)
    counted = Counter(zip(notes["register"], notes["result"], notes["reason"], strict=True))
    return {
        "scores": scores,
        "counts": [[*fate, count] for fate, count in sorted(counted.items())],
        # A recording in which nothing was heard does not say whether its detector writes velocities.
        "tells_velocity": len(heard) > 0 and not bool(np.isnan(heard.velocity).any()),
    }


def _revised_per_minute(heard: Heard) -> float | None:
    """How often in a minute a told note got another name; None where it is not known."""
    said = heard.transcription
    return None if said.n_revised is None or not said.seconds_audio > 0 else 60 * said.n_revised / said.seconds_audio


def _pedal_scores(played: npt.NDArray[np.float64], heard: npt.NDArray[np.float64]) -> tuple[str, dict[str, float]]:
    """Protocol, and value by metric. They take no time, so they are not kept."""
    protocol = PedalProtocol()
    return str(protocol), score_pedal(played, heard, protocol=protocol)


def _score_rows(
    dataset: str, recording: Recording, who: Participant, heard: Heard, found: Mapping[str, Any]
) -> list[ScoreRow]:
    said = heard.transcription
    of = (dataset, *_named(recording), who.detector, who.params)
    return [
        ScoreRow(*of, stamp, metric, value, "ok", "", said.seconds_audio, said.seconds_cpu)
        for stamp, values in found["scores"]
        for metric, value in values.items()
    ]


def _named(recording: Recording) -> tuple[str, str, str, str, str]:
    return recording.id, printable(recording.piece), recording.kind, recording.piano, recording.split


def _count_rows(
    dataset: str, recording: Recording, who: Participant, protocol: Protocol, found: Mapping[str, Any]
) -> list[CountRow]:
    of = (dataset, recording.id, who.detector, who.params, str(protocol))
    return [CountRow(*of, *fate) for fate in found["counts"]]


def _failure(dataset: str, recording: Recording | None, who: Participant, protocol: Protocol, why: str) -> ScoreRow:
    """One row without a value; a detector that cannot run has one for a data set, without a recording."""
    of = _named(recording) if recording else ("", "", "", "", "")
    return ScoreRow(dataset, *of, who.detector, who.params, str(protocol), status="error", error=shareable(why))
