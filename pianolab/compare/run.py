"""The comparison: every detector hears every recording, and every answer is scored in the same way.

In go data sets (those that come with pianolab, folders, MAPS) and detectors (by name, with settings, from a file, ready
made, or as note files that another program wrote); out comes a Result with one row for each number. Recordings are
heard in several processes. What was heard is kept, so a second run only scores. What fails, a recording or a detector,
is a row that says why, and the rest goes on.
"""

import datetime
import functools
import numbers
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pianolab import labels
from pianolab.compare.against import read_before
from pianolab.compare.cache import CACHE, Cache, Heard
from pianolab.compare.degraded import score_degraded, tempo_ratio
from pianolab.compare.delays import delay_tables, measure_blocks
from pianolab.compare.errors import CompareError, caught_warnings
from pianolab.compare.fingerprints import code_checksum, fingerprint, source_checksum, versions
from pianolab.compare.hearing import Place, hear_all
from pianolab.compare.participants import LOADING_S, Participant, find_participants
from pianolab.compare.protocols import find_drifts, score_protocols, score_tolerances
from pianolab.compare.provenance import checksums_of, command_line, provenance
from pianolab.compare.result import Result
from pianolab.compare.rows import COUNT_COLUMNS, SCORE_COLUMNS, ScoreRow, score_all
from pianolab.compare.run_folder import MADE_BY
from pianolab.compare.shards import parse_shard, take_shard
from pianolab.compare.shareable import all_shareable, distinct
from pianolab.compare.sweeps import conditions, find_sweeps
from pianolab.data import Dataset, Recording, belonging, default_data, load_dataset
from pianolab.detector import Detector
from pianolab.errors import printable, reason
from pianolab.roll import Notes
from pianolab.scores import Protocol, find_presets
from pianolab.sound import AudioError, checksum
from pianolab.texts.choices import LONGEST_S, MOST_PROCESSES, PEDAL_RULES, SHORTEST_S, PedalRule, Split

PROPOSED = "a proposal that nobody has confirmed, scored as what was played"
_LABEL_LIBRARIES = ("numpy", "partitura")  # They read labels.
_IN_PROTOCOLS = "pass it in protocols, which scores the same answers under it as well"
_ELSEWHERE = {"alignment": _IN_PROTOCOLS, "average": _IN_PROTOCOLS, "excerpt_s": f"use seconds, or {_IN_PROTOCOLS}"}
_NOTE_FIELDS = ("onset", "offset", "midi", "velocity", "confidence")
MAX_JOBS = 8  # A worker takes about 250 MB, so no more are started unless they are asked for.


def compare(
    data: str | Path | Dataset | Iterable[str | Path | Dataset] | None = None,
    detectors: str | Detector | Iterable[str | Detector] | None = None,
    *,
    estimates: Mapping[str, str | Path] | None = None,
    commands: Mapping[str, str] | None = None,
    protocol: Protocol | None = None,
    protocols: str | Iterable[str] | Mapping[str, Protocol] | None = None,
    seconds: float | None = None,
    split: Split = "test",
    jobs: int | None = None,
    timeout_s: float | None = None,
    cache: str | Path = CACHE,
    my_piano: str | Path | None = None,
    unconfirmed: bool = False,
    degrade: str | Iterable[str] | None = None,
    cross: bool = False,
    against: str | Path | None = None,
    dask: str | None = None,
    shard: str | None = None,
    merge: Iterable[str | Path] = (),
    delays: bool = False,
    progress: bool = True,
) -> Result:
    """Let detectors hear recordings and score what they write.

    Parameters
    ----------
    data : str, Path, Dataset, or a list of them, optional
        ``"builtin"``, ``"real"``, folders, or what `load_dataset` gave; the first two if not given.
    detectors : str or Detector, or a list of them, optional
        Such as ``"yin"``, ``"yin:threshold=0.1"``, ``"mine.py:Mine"``, ``Yin(threshold=0.1)``; all of the registry that
        can run here if not given, none if only ``estimates`` or ``commands`` are. All are heard in workers. One of a
        class that was typed into a notebook is sent there as it is; what it notes of itself there does not come back.
    estimates : mapping of str to path, optional
        Folders with the note files of other systems, by the name that they shall have here.
    commands : mapping of str to str, optional
        Command lines of other systems by name, such as ``"transkun {audio} {out}.mid"``; no shell reads them.
    protocol : Protocol, optional
        What the scores mean. One that moves labels, cuts recordings or pools notes belongs into ``protocols``.
    protocols : str, list of str, or mapping of str to Protocol, optional
        Score the same answers under these as well, such as ``"all"`` or ``"mir_eval,transkun_maps"``, names of
        `pianolab.scores.PRESETS`; nobody hears anything again.
    seconds : float, optional
        Hear and score only the beginning of each recording.
    split : {'test', 'tune', 'all'}
        Which recordings of a data set.
    jobs : int, optional
        Worker processes; the number of cores, at most 8, if not given.
    timeout_s : float, optional
        How long a detector may take for one recording, seconds; one that takes longer is stopped, and that is a row.
        Two minutes and twenty times the length of the sound if not given.
    cache : str or Path
        Folder in which is kept what was heard.
    my_piano : path, optional
        What ``pianolab learn-piano`` wrote of the piano that is heard, for all detectors that are given by name.
    unconfirmed : bool
        Score takes of the live page, too, whose labels nobody has confirmed; each is named in the remarks.
    degrade : str or list of str, optional
        Hear each recording also with noise, in rooms, compressed and so on, at several strengths, such as
        ``"noise:snr=0..30:10,room:t60=0.3|1"``: see `pianolab.compare.sweeps.find_sweeps`.
    cross : bool
        Also combine the strengths of two such sweeps.
    against : path, optional
        Folder of an earlier run, with whose scores these are compared: ``result.changes``.
    dask : str, optional
        Hear on the workers of a Dask cluster, at this address of its scheduler; ``"local"`` starts one here.
    shard : str, optional
        Only this part of the recordings, such as ``"1/4"``.
    merge : list of path
        Caches of shards that were heard elsewhere: what they hold is taken over and not heard again.
    delays : bool
        Also say how late each detector tells its notes, part by part, and how right it is if it must be quick.
    progress : bool
        Show a bar with what is running and the time left.

    Returns
    -------
    Result

    Raises
    ------
    CompareError, DatasetError, DetectorError
        If something asked for does not exist or makes no sense. What fails later becomes a row.

    Examples
    --------
    Two detectors hear the first second of the clips that come with the package:

    >>> from tempfile import TemporaryDirectory
    >>> from pianolab.data import data_dir
    >>> from pianolab.detectors.yin import Yin
    >>> clips, detectors = data_dir() / "clips", [Yin(threshold=0.2), "fft_peak"]
    >>> with TemporaryDirectory() as kept:
    ...     result = compare(clips, detectors, seconds=1, jobs=1, cache=kept, progress=False)
    >>> sorted(result.ranking.detector)
    ['fft_peak', 'yin']
    """
    protocol = protocol or Protocol()
    protocols = (
        list(protocols) if isinstance(protocols, Iterable) and not isinstance(protocols, str | Mapping) else protocols
    )
    further = _further(protocols)
    jobs = min(_cores(), MAX_JOBS) if jobs is None else jobs
    _refuse(protocol, seconds, timeout_s, jobs, cache)
    degrade = [degrade] if isinstance(degrade, str) else list(degrade or ())
    sweeps = find_sweeps(degrade, cross=cross)
    before = None if against is None else read_before(against, protocol=str(protocol), seconds=seconds)
    merge = _refuse_far_away(dask, shard, merge)
    data = default_data() if data is None else [data] if isinstance(data, str | Path | Dataset) else list(data)
    detectors = [detectors] if isinstance(detectors, str | Detector) else detectors and list(detectors)
    datasets = _datasets(data, split, progress, unconfirmed)
    loading_s = LOADING_S if timeout_s is None else timeout_s
    participants, left_out = find_participants(
        detectors, estimates or {}, commands=commands, jobs=jobs, timeout_s=loading_s, my_piano=my_piano
    )
    recordings, sources = _recordings(datasets)
    recordings = take_shard(recordings, shard)
    kept = Cache(cache, merge=merge)
    truth = _truths(recordings, protocol, seconds, kept)
    truths, labels_by_rule = truth.notes, truth.by_rule
    able = [participant for participant in participants if not participant.error]
    pairs = [(place, who) for place, notes in truths.items() if isinstance(notes, Notes) for who in able]
    worse = conditions(recordings, truths, sweeps, cross=cross)
    pairs += [(place, who) for place in worse for who in able if who.note_files is None]
    settings = {"seconds": seconds, "jobs": jobs, "timeout_s": timeout_s}
    outcomes = hear_all(
        {**recordings, **{place: recordings[condition.place] for place, condition in worse.items()}},
        pairs,
        **settings,
        cache=kept,
        progress=progress,
        steps={place: condition.steps for place, condition in worse.items()},
        dask=dask,
    )
    kept.warn_of_useless()
    of_worse = {pair: outcomes.pop(pair) for pair in list(outcomes) if pair[0] in worse}
    if seconds is not None:
        last_s = {at: seconds / tempo_ratio(of, recordings[of.place]) for at, of in worse.items()}
        of_worse = {pair: _beginning(outcome, last_s[pair[0]]) for pair, outcome in of_worse.items()}
    whole, outcomes = outcomes, {pair: _beginning(outcome, seconds) for pair, outcome in outcomes.items()}
    heard = {(*place, p.label): outcome for (place, p), outcome in outcomes.items() if isinstance(outcome, Heard)}
    rows, counts = score_all(recordings, participants, truths, outcomes, protocol, kept, truth.pedals)
    degraded = score_degraded(worse, recordings, truths, truth.pedals, of_worse, protocol, kept, rows)
    delay_curve, delay_parts = pd.DataFrame(), pd.DataFrame()
    if delays:
        delay_curve, delay_parts = delay_tables(recordings, truths, whole, protocol, measure_blocks(recordings, whole))
    remarks = truth.remarks + _other_units(whole, recordings, protocol, rows)
    drifts, said = {}, []
    if any(each.alignment == "drift" for each in further.values()):
        drifts, said = find_drifts(recordings, labels_by_rule[protocol.pedal], seconds, kept)
    about = {
        "made_by": MADE_BY,
        "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "command": command_line(
            data,
            detectors,
            estimates or {},
            seconds,
            split,
            protocol,
            cache,
            timeout_s,
            my_piano,
            unconfirmed,
            protocols,
            commands,
            degrade,
            cross,
            shard,
            delays,
            against,
        ),
        "settings": {**settings, "shard": shard, "split": split, "protocol": asdict(protocol)},
        "protocols": {name: str(each) for name, each in further.items()},
        "detectors": [{"name": p.label, "source": p.source, "error": p.error} for p in participants],
        "left_out": left_out,
        "recordings": [checksums_of(place, recording) for place, recording in recordings.items()],
        "taken_for": [[d.name, known] for d in datasets for known in d.taken_for],
        "skipped": [[d.name, os.fspath(path), why] for d in datasets for path, why in d.skipped],
        "duplicates": [[d.name, ids] for d in datasets for ids in d.duplicates],
        "remarks": remarks + said + [[*of, text] for of, outcome in heard.items() for text in outcome.remarks],
        **provenance(),
    }
    return Result(
        scores=pd.DataFrame(rows, columns=pd.Index(SCORE_COLUMNS)),
        counts=pd.DataFrame(counts, columns=pd.Index(COUNT_COLUMNS)),
        protocol=protocol,
        recordings=recordings,
        truths=truths,
        heard={of: outcome.transcription.notes for of, outcome in heard.items()},
        sources=sources,
        about=all_shareable(about),
        labels=labels_by_rule,
        protocols=further,
        protocol_scores=score_protocols(recordings, outcomes, labels_by_rule, drifts, further, kept),
        tolerance_scores=score_tolerances(outcomes if further else {}, truths, protocol, kept),
        participants={participant.label: participant for participant in participants},
        kept=kept,
        sweeps=tuple(sweeps),
        degraded=degraded,
        before=before,
        delay_curve=delay_curve,
        delay_parts=delay_parts,
    )


def _further(protocols: str | Iterable[str] | Mapping[str, Protocol] | None) -> dict[str, Protocol]:
    if protocols is None:
        return {}
    if not isinstance(protocols, Mapping):
        return find_presets(protocols)
    if bad := [name for name, each in protocols.items() if not (isinstance(name, str) and isinstance(each, Protocol))]:
        raise CompareError(f"protocols: {bad[0]!r} is no name of a protocol: map names to pianolab.scores.Protocol()")
    return dict(protocols)


def _refuse(protocol: object, seconds: Any, timeout_s: Any, jobs: object, cache: object) -> None:
    if not isinstance(protocol, Protocol):
        raise CompareError(f"protocol {protocol!r} is none: pass pianolab.scores.Protocol()")
    usual = Protocol()
    for name, remedy in _ELSEWHERE.items():
        if getattr(protocol, name) != getattr(usual, name):
            raise CompareError(f"the protocol has {name} {getattr(protocol, name)!r}: {remedy}")
    if not isinstance(cache, str | Path):
        raise CompareError(f"cache {cache!r} is no folder: name one, or leave it out")
    if not _is_length(seconds):
        raise CompareError(f"seconds {seconds!r} is no length: use a number from 0.001 to 1000000, or None for all")
    if not _is_length(timeout_s):
        raise CompareError(f"timeout_s {timeout_s!r} is no time: use 0.001 to 1000000 s, or None for the usual")
    if isinstance(jobs, bool) or not isinstance(jobs, int) or not 1 <= jobs <= MOST_PROCESSES:
        raise CompareError(f"jobs {jobs!r} is no number of processes: use 1 to {MOST_PROCESSES}")


def _refuse_far_away(dask: object, shard: str | None, merge: Iterable[str | Path]) -> list[Path]:
    """Refuse what makes no sense of other machines; gives the folders to merge."""
    if not (dask is None or (isinstance(dask, str) and dask)):
        raise CompareError(
            f"dask {dask!r} is no address: use 'local', or that of a scheduler such as tcp://10.0.0.1:8786"
        )
    if shard is not None:
        parse_shard(shard)
    folders = [Path(folder) for folder in ([merge] if isinstance(merge, str | Path) else merge)]
    for folder in folders:
        if not folder.is_dir():
            raise CompareError(f"merge {printable(folder)} is no folder: name the cache of a shard")
    return folders


def _is_length(seconds: Any) -> bool:
    is_number = isinstance(seconds, numbers.Real) and not isinstance(seconds, bool)
    return seconds is None or (is_number and SHORTEST_S <= float(seconds) <= LONGEST_S)


def _datasets(data: Sequence[str | Path | Dataset], split: Split, progress: bool, unconfirmed: bool) -> list[Dataset]:
    if not data:
        raise CompareError("no data: name 'builtin' or a folder of labelled recordings")
    asked: dict[str, Any] = {"split": split, "progress": progress, "unconfirmed": unconfirmed}
    return [d if isinstance(d, Dataset) else load_dataset(d, **asked) for d in data]


def _recordings(datasets: Iterable[Dataset]) -> tuple[dict[Place, Recording], dict[str, str]]:
    """Recordings by (data set, id), and the source of each data set; real and rendered ones are kept apart by name."""
    recordings, sources = {}, {}
    for dataset in datasets:
        kinds = sorted({recording.source for recording in dataset.recordings})
        for kind in kinds:
            alone = printable(dataset.name if len(kinds) == 1 else f"{dataset.name} ({kind})")
            name, number = alone, 1
            while name in sources:
                number += 1
                name = f"{alone} #{number}"
            sources[name] = kind
            alike = [recording for recording in dataset.recordings if recording.source == kind]
            shown = distinct(recording.id for recording in alike)
            recordings |= {(name, i): r if r.id == i else replace(r, id=i) for r, i in zip(alike, shown, strict=True)}
    return recordings, sources


@dataclass(frozen=True)
class _Labels:
    """What labels say, as each rule for the pedal reads them, and what was remarked then."""

    notes: Mapping[PedalRule, Notes]
    remarks: Mapping[PedalRule, list[str]]
    pedal: npt.NDArray[np.float64]


@dataclass
class _Truths:
    """What was played, or text that says why labels cannot be used; pedals that labels know of; what was remarked."""

    notes: dict[Place, Notes | str] = field(default_factory=dict)
    by_rule: dict[PedalRule, dict[Place, Notes]] = field(default_factory=lambda: {rule: {} for rule in PEDAL_RULES})
    pedals: dict[Place, npt.NDArray[np.float64]] = field(default_factory=dict)
    remarks: list[list[str]] = field(default_factory=list)


def _truths(recordings: Mapping[Place, Recording], protocol: Protocol, seconds: float | None, cache: Cache) -> _Truths:
    found = _Truths()
    for place, recording in recordings.items():
        try:
            # Of the labels as they are now: the report is written hours later.
            _ = recording.labels_checksum
            labels = _labels(recording, cache)
        except (ValueError, OSError) as error:
            found.notes[place] = f"labels: {reason(error)}"
            continue
        for rule, notes in labels.notes.items():
            found.by_rule[rule][place] = notes if seconds is None else notes.between(0, seconds)
        found.notes[place] = found.by_rule[protocol.pedal][place]
        if len(pedal := _until(labels.pedal, seconds)):
            found.pedals[place] = pedal
        misfit = _misfit(recording, labels.notes[protocol.pedal], protocol, cache)
        proposed = PROPOSED if recording.proposed else ""
        said = [*labels.remarks[protocol.pedal], *filter(None, [misfit, proposed])]
        found.remarks += [[*place, "labels", text] for text in said]
    return found


def _labels(recording: Recording, cache: Cache) -> _Labels:
    """What the labels of a recording say. Those of a file are kept: to read it takes longer."""

    def read() -> dict[str, Any]:
        found = {}
        for rule in PEDAL_RULES:
            with caught_warnings() as caught:
                notes = recording.notes(pedal=rule)
            found[rule] = [getattr(notes, name).tolist() for name in _NOTE_FIELDS], caught
            if recording.labels is None:  # Measured in the sound, where no rule has a say.
                found |= dict.fromkeys(PEDAL_RULES, found[rule])
                break
        with caught_warnings():  # They were remarked with the notes.
            return {"rules": found, "pedal": recording.pedal().tolist()}

    def read_file(path: Path, before: str) -> dict[str, Any]:
        found = read()
        if checksum(path) != before:
            raise CompareError(f"{printable(path)} was changed while it was compared: let it be, and run this again")
        return found

    if (path := recording.labels) is None:
        found = read()
    else:
        # Whoever holds a recording may have mended its labels since it was looked at. What is remarked names the file.
        files = {"file": os.fspath(path), "checksum": (now := checksum(path)), "rules": PEDAL_RULES}
        key = fingerprint(labels=_source_of_labels(), libraries=versions(_LABEL_LIBRARIES), **files)
        found = cache.kept(key, lambda: read_file(path, now))
    rules = found["rules"]
    notes: dict[PedalRule, Notes] = {}
    for rule, (columns, _) in rules.items():  # Most files know of no pedal, and then the rules do not differ.
        alike = next((notes[other] for other in notes if rules[other][0] == columns), None)
        notes[rule] = Notes(*columns) if alike is None else alike
    remarks = {rule: said for rule, (_, said) in rules.items()}
    return _Labels(notes, remarks, np.array(found["pedal"]).reshape(-1, 2))


def _until(pedal: npt.NDArray[np.float64], seconds: float | None) -> npt.NDArray[np.float64]:
    return pedal if seconds is None else np.minimum(pedal[pedal[:, 0] < seconds], seconds)


@functools.cache
def _source_of_labels() -> str:
    return code_checksum(labels.__file__)


def _misfit(recording: Recording, notes: Notes, protocol: Protocol, cache: Cache) -> str:
    """Why labels cannot be those of a sound; '' if nothing speaks against them, or whoever hears the sound will."""
    if recording.labels is None:  # The onset was measured in the sound.
        return ""
    try:
        files = {"sound": recording.checksum, "labels": recording.labels_checksum, "pedal": protocol.pedal}
        key = fingerprint(misfit=_source_of_misfit(), libraries=versions(), **files)
        return cache.kept(key, lambda: belonging.misfit(notes, belonging.read_strokes(recording.audio)))
    except (AudioError, OSError):
        return ""


@functools.cache
def _source_of_misfit() -> str:
    return source_checksum(belonging.__file__)


def _beginning(outcome: Heard | str, seconds: float | None) -> Heard | str:
    """What was heard, without what begins later: the rest of a note file, or a note that ends after the sound."""
    if isinstance(outcome, str) or seconds is None:
        return outcome
    said = outcome.transcription
    pedal = None if said.pedal is None else _until(said.pedal, seconds)
    return replace(outcome, transcription=replace(said, notes=said.notes.between(0, seconds), pedal=pedal))


def _other_units(
    whole: Mapping[tuple[Place, Participant], Heard | str],
    recordings: Mapping[Place, Recording],
    protocol: Protocol,
    rows: Iterable[ScoreRow],
) -> list[list[str]]:
    """Remarks on note files of other systems that seem to be in another unit than the labels."""
    poor = {
        (row.dataset, row.recording, row.detector, row.params)
        for row in rows
        if row.metric == "onset_f1" and row.protocol == str(protocol) and row.value < belonging.POOR_F1
    }
    remarks = []
    for (place, who), outcome in whole.items():
        if who.note_files is None or isinstance(outcome, str) or (*place, who.detector, who.params) not in poor:
            continue
        with caught_warnings():  # They were remarked when the labels were read first.
            try:
                labels = recordings[place].notes(pedal=protocol.pedal)
            except (ValueError, OSError):
                continue
        if text := belonging.other_unit(outcome.transcription.notes, labels):
            remarks.append([*place, who.label, text])
    return remarks


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
