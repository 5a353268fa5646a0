"""The comparison: every detector hears every recording, and every answer is scored in the same way.

In go data sets (built-in, folders, MAPS) and detectors (by name, with parameters, from a file, or as note files that
another program wrote); out comes a Result with one row for each number. Recordings are heard in several processes.
What was heard is kept, so a run that was stopped goes on where it was, and a second run only scores. What fails, a
recording or a detector, is a row that says why, and the rest goes on.
"""

import datetime
import os
import warnings
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path

import pandas as pd
from tqdm.auto import tqdm

from pianolab import sound, workers
from pianolab.compare import tables
from pianolab.compare.cache import Estimate, EstimateCache, Job, estimate_key, hear
from pianolab.compare.participants import CompareError, find_entries
from pianolab.compare.provenance import checksums_of, command_line, provenance
from pianolab.data import Dataset, load_dataset
from pianolab.errors import printable, reason
from pianolab.files import refuse_unwritable
from pianolab.labels import read_labels
from pianolab.roll import Notes
from pianolab.scores import Protocol, by_register, error_counts, score_melody, score_notes, score_onsets
from pianolab.session import Transcription

MADE_BY = "pianolab compare"
CACHE = Path("results") / ".cache"
WIDE_TOLERANCE_S = 0.1  # onset scores are also given at this tolerance
_BAR = "{desc}: {percentage:3.0f}%|{bar:24}| {n:.0f} of {total:.0f} s of sound [{elapsed}, {remaining} left{postfix}]"
MAX_JOBS = 8  # by default; a worker takes about 250 MB


@dataclass(frozen=True, eq=False)
class Result:
    """What a comparison found.

    Attributes
    ----------
    scores : DataFrame
        One row for each number, with the columns of scores.csv (`pianolab.compare.tables.COLUMNS`).
    protocol : Protocol
        What the scores mean.
    recordings : dict of (dataset, id) to Recording
    truths : dict of (dataset, id) to Notes
        What was played, as far as it was heard; text where labels cannot be used.
    heard : dict of (dataset, id, detector label) to Notes
        What each detector wrote.
    sources : dict of str to str
        Whether a data set is real or rendered.
    about : dict
        Settings, versions, checksums, remarks: what run.json holds.
    folder : Path or None
        Where the result was written.
    """

    scores: pd.DataFrame
    protocol: Protocol
    recordings: dict = field(repr=False)
    truths: dict = field(repr=False)
    heard: dict = field(repr=False)
    sources: dict
    about: dict = field(repr=False)
    folder: Path | None = None

    @cached_property
    def summary(self):
        """Means with intervals by data set and kind: `pianolab.compare.tables.summarise`."""
        return tables.summarise(self.scores, self.sources)

    @cached_property
    def ranking(self):
        """Detectors, the best first: `pianolab.compare.tables.rank`."""
        return tables.rank(self.scores, self.summary, str(self.protocol), self.sources)

    @cached_property
    def differences(self):
        """Is the best really better? `pianolab.compare.tables.differences`."""
        return tables.differences(self.scores, self.ranking, str(self.protocol))

    @cached_property
    def registers(self):
        """F1 by register: `pianolab.compare.tables.registers`."""
        return tables.registers(self.scores)

    @cached_property
    def reasons(self):
        """Errors by reason: `pianolab.compare.tables.reasons`."""
        return tables.reasons(self.scores)

    @property
    def failures(self):
        """The rows of what failed: dataset, recording, detector, params, error."""
        failed = self.scores[self.scores.status == "error"]
        return failed[["dataset", "recording", "detector", "params", "error"]].reset_index(drop=True)

    def worst(self, n=5, *, dataset=None, detector=None):
        """Recordings with the lowest onset F1: `pianolab.compare.tables.worst`."""
        return tables.worst(self.scores, str(self.protocol), n=n, dataset=dataset, detector=detector)

    def console_table(self):
        """The ranked table as text."""
        return tables.console_table(self.ranking)


def compare(
    data="builtin",
    detectors=None,
    *,
    estimates=None,
    protocol=None,
    seconds=None,
    split="test",
    jobs=None,
    cache=CACHE,
    progress=True,
):
    """Let detectors hear recordings and score what they write.

    Parameters
    ----------
    data : str, Path, Dataset, or a list of them
        ``"builtin"``, folders, or what `load_dataset` gave.
    detectors : list of str, optional
        Such as ``"yin"``, ``"yin:threshold=0.1"``, ``"mine.py:Mine"``; all of the registry that can run here if not
        given, none if only ``estimates`` are.
    estimates : dict of str to path, optional
        Folders with the note files of other systems, by the name that they shall have here.
    protocol : Protocol, optional
        What the scores mean.
    seconds : float, optional
        Hear and score only the beginning of each recording.
    split : {'test', 'tune', 'all'}
        Which recordings of a data set.
    jobs : int, optional
        Worker processes; the number of cores, at most 8, if not given.
    cache : str or Path
        Folder of the estimates that are kept.
    progress : bool
        Show a bar with what is running and the time left.

    Returns
    -------
    Result

    Raises
    ------
    CompareError, DatasetError, DetectorError
        If something asked for does not exist or makes no sense. What fails later becomes a row.
    """
    protocol = protocol or Protocol()
    if seconds is not None and not 0 < seconds < float("inf"):
        raise CompareError(
            f"seconds {seconds} is no length: use a number above 0, or leave it out for whole recordings"
        )
    jobs = min(_cores(), MAX_JOBS) if jobs is None else jobs
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        raise CompareError(f"jobs {jobs} is no number of processes: use 1 or more")
    found = _datasets(data, split, progress)
    entries, left_out = find_entries(detectors, estimates or {})
    recordings, sources = _recordings(found)
    remarks = {}
    truths = {key: _truth(key, recording, protocol, seconds, remarks) for key, recording in recordings.items()}
    work = [
        (key, entry) for key in recordings for entry in entries if isinstance(truths[key], Notes) and not entry.error
    ]
    outcomes = _hear_all(recordings, work, seconds=seconds, jobs=jobs, cache=EstimateCache(cache), progress=progress)
    scores, heard = _score_all(recordings, entries, truths, outcomes, protocol, seconds)
    remarks |= {
        (*key, entry.label): outcome.remarks
        for (key, entry), outcome in outcomes.items()
        if isinstance(outcome, Estimate) and outcome.remarks
    }
    settings = {"seconds": seconds, "split": split, "jobs": jobs, "protocol": asdict(protocol)}
    about = {
        "made_by": MADE_BY,
        "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "command": command_line(data, detectors, estimates, seconds, split),
        "settings": settings,
        "detectors": [{"name": e.label, "source": e.source, "error": e.error} for e in entries],
        "left_out": left_out,
        "recordings": [checksums_of(key, recording) for key, recording in recordings.items()],
        "skipped": [[d.name, printable(path), why] for d in found for path, why in d.skipped],
        "duplicates": [[d.name, ids] for d in found for ids in d.duplicates],
        "remarks": [[*key, text] for key, texts in remarks.items() for text in texts],
        **provenance(),
    }
    return Result(scores, protocol, recordings, truths, heard, sources, about)


# What takes part


def _datasets(data, split, progress):
    given = [data] if isinstance(data, str | Path | Dataset) else list(data)
    if not given:
        raise CompareError("no data: name 'builtin' or a folder of labelled recordings")
    return [d if isinstance(d, Dataset) else load_dataset(d, split=split, progress=progress) for d in given]


def _recordings(datasets):
    """Recordings by (data set, id), and the source of each data set; real and rendered ones are kept apart by name."""
    recordings, sources = {}, {}
    for dataset in datasets:
        kinds = sorted({recording.source for recording in dataset.recordings})
        for kind in kinds:
            plain = dataset.name if len(kinds) == 1 else f"{dataset.name} ({kind})"
            name, number = plain, 1
            while name in sources:
                number += 1
                name = f"{plain} #{number}"
            sources[name] = kind
            recordings |= {(name, r.id): r for r in dataset.recordings if r.source == kind}
    return recordings, sources


# Hearing


def _truth(key, recording, protocol, seconds, remarks):
    """The Notes played; text that says why not if the labels cannot be used. Warnings go to ``remarks``."""
    with _caught_warnings() as caught:
        try:
            notes = recording.notes(pedal=protocol.pedal)
        except (ValueError, OSError) as error:
            return f"labels: {reason(error)}"
    if caught:
        remarks[*key, "labels"] = caught
    return notes if seconds is None else notes.between(0, seconds)


@contextmanager
def _caught_warnings():
    """Collect the texts of warnings instead of showing them in the middle of a progress bar."""
    texts = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield texts
        texts += dict.fromkeys(str(warning.message) for warning in caught)


def _hear_all(recordings, work, *, seconds, jobs, cache, progress):
    """What came of each (recording key, entry) in ``work``: an Estimate, or text that says why there is none."""
    outcomes, todo = {}, {}
    for key, entry in work:
        recording = recordings[key]
        if entry.files is not None:
            outcomes[key, entry] = _read_estimate(recording, entry)
            continue
        try:
            cache_key = estimate_key(
                audio_checksum=recording.checksum, seconds=seconds, detector=entry.instance, source=entry.source
            )
        except (ValueError, OSError) as error:
            outcomes[key, entry] = reason(error)
            continue
        kept = cache.get(cache_key)
        if kept is not None:
            outcomes[key, entry] = kept
        else:
            todo.setdefault(Job(str(recording.audio), entry.spec, seconds), []).append((key, entry, cache_key))
    if todo:
        try:
            refuse_unwritable(cache.folder)
        except OSError as error:
            shown = printable(cache.folder)
            raise CompareError(f"{shown} cannot be written ({error.strerror}): go to a folder of yours") from error
    for job, outcome in _heard_by_workers(todo, jobs=jobs, progress=progress):
        for key, entry, cache_key in todo[job]:
            outcomes[key, entry] = outcome
            if isinstance(outcome, Estimate):
                cache.put(cache_key, outcome)
    return outcomes


def _heard_by_workers(todo, *, jobs, progress):
    """Yield (job, Estimate or text) as they come, with a progress bar over seconds of sound."""
    if not todo:
        return
    lengths = {job: _seconds(job) for job in todo}
    longest_first = sorted(todo, key=lambda job: -lengths[job])  # no worker is left alone with a long one at the end
    running = {}
    with tqdm(total=round(sum(lengths.values())), desc="hearing", disable=not progress, bar_format=_BAR) as bar:

        def show(job):
            (_, recording_id), entry, _ = todo[job][0]
            running[job] = f"{entry.label}: {printable(recording_id)}"
            bar.set_postfix_str(f"{next(reversed(running.values()))[:40]:40}", refresh=False)

        for job, answer, error in workers.run(hear, longest_first, n_workers=min(jobs, len(todo)), on_start=show):
            del running[job]
            bar.update(lengths[job])
            yield job, answer if error is None else reason(error)


def _seconds(job):
    try:
        seconds = sound.info(job.audio).seconds
    except (ValueError, OSError):  # the worker will say why
        return 0.0
    return seconds if job.seconds is None else min(seconds, job.seconds)


def _read_estimate(recording, entry):
    stem = recording.audio.stem
    paths = entry.files.get(stem, [])
    if len(paths) > 1:  # the id tells recordings of the same stem apart by their folders
        paths = [path for path in paths if path.with_suffix("").as_posix().endswith(f"/{recording.id}")] or paths
    if len(paths) != 1:
        return f"{len(paths)} note files called {stem!r}: there must be one"
    with _caught_warnings() as caught:
        try:
            notes = read_labels(paths[0])
        except (ValueError, OSError) as error:
            return reason(error)
    return Estimate(Transcription(notes, float("nan"), float("nan")), tuple(caught))


# Scoring


def _score_all(recordings, entries, truths, outcomes, protocol, seconds):
    """The table of scores, and the notes that were heard."""
    rows, heard = [], {}
    for entry in entries:
        if entry.error:
            rows += [
                _failure(dataset, None, entry, protocol, entry.error)
                for dataset in dict.fromkeys(d for d, _ in recordings)
            ]
    for key, recording in recordings.items():
        for entry in entries:
            if entry.error:
                continue
            outcome = truths[key] if isinstance(truths[key], str) else outcomes[key, entry]
            if isinstance(outcome, Estimate):
                said = outcome.transcription
                notes = said.notes if seconds is None else said.notes.between(0, seconds)
                try:
                    rows += _rows(key, recording, entry, truths[key], replace(said, notes=notes), protocol)
                    heard[*key, entry.label] = notes
                    continue
                except Exception as error:  # a score that cannot be computed is a row, too
                    outcome = f"scoring: {reason(error)}"
            rows.append(_failure(key[0], recording, entry, protocol, outcome))
    scores = pd.DataFrame(rows, columns=tables.COLUMNS)
    deaf = {entry.label for entry in entries if not _tells_velocity(heard, entry)}
    labels = pd.Series([tables.label(*pair) for pair in zip(scores.detector, scores.params, strict=True)], dtype=str)
    scores = scores[~(labels.isin(deaf) & scores.metric.str.startswith("velocity_"))]
    order = {entry.label: i for i, entry in enumerate(sorted(entries, key=lambda e: (e.detector, e.params)))}
    place = {name: i for i, name in enumerate(dict.fromkeys(d for d, _ in recordings))}
    scores = scores.assign(_place=scores.dataset.map(place), _order=labels.map(order))
    scores = scores.sort_values(["_place", "recording", "_order"], kind="stable", ignore_index=True)
    return scores[list(tables.COLUMNS)], heard


def _tells_velocity(heard, entry):
    """Whether an entry ever gave velocities: an empty estimate alone does not say."""
    return any(
        len(notes) and not pd.isna(notes.velocity).any() for key, notes in heard.items() if key[2] == entry.label
    )


def _rows(key, recording, entry, truth, said, protocol):
    wide = replace(protocol, onset_tolerance_s=WIDE_TOLERANCE_S)
    scores = score_notes(truth, said.notes, protocol=protocol)
    scores |= tables.count_rows(
        by_register(truth, said.notes, protocol=protocol), error_counts(truth, said.notes, protocol=protocol)
    )
    if recording.monophonic and said.f0_times is not None:
        scores |= score_melody(truth, said.f0_times, said.f0_hz, protocol=protocol)
    by_protocol = [(protocol, scores)]
    if wide != protocol:
        by_protocol.append((wide, score_onsets(truth, said.notes, protocol=wide)))
    base = _base(key[0], recording, entry)
    return [
        {
            **base,
            "protocol": str(stamp),
            "metric": metric,
            "value": value,
            "status": "ok",
            "error": "",
            "seconds_audio": said.seconds_audio,
            "seconds_cpu": said.seconds_cpu,
        }
        for stamp, values in by_protocol
        for metric, value in values.items()
    ]


def _base(dataset, recording, entry):
    known = ("kind", "piano", "split")
    return {
        "dataset": dataset,
        "recording": recording.id if recording else "",
        **{name: getattr(recording, name) if recording else "" for name in known},
        "detector": entry.detector,
        "params": entry.params,
    }


def _failure(dataset, recording, entry, protocol, why):
    """One row without a value; a detector that cannot run has one for a data set, without a recording."""
    empty = {"metric": "", "value": float("nan"), "seconds_audio": float("nan"), "seconds_cpu": float("nan")}
    return {
        **_base(dataset, recording, entry),
        "protocol": str(protocol),
        "status": "error",
        "error": why,
        **empty,
    }


def _cores():
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
