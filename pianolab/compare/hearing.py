"""The hearing of a comparison: every detector hears every recording, in several processes, and what it heard is kept.

In go recordings and those who take part; out comes for each pair what was heard, or one line that says why nothing
was. What the cache holds is not heard again, so a run that was stopped goes on where it was. Detectors that are not
ours are heard in processes of their own, and one that takes too long is stopped.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from tempfile import TemporaryDirectory

from tqdm.auto import tqdm

from pianolab import sound
from pianolab.compare.cache import Cache, Heard
from pianolab.compare.commands import CommandJob
from pianolab.compare.degraded_sound import checksum_of_degraded, written
from pianolab.compare.errors import CompareError
from pianolab.compare.executors import executor
from pianolab.compare.note_files import read_note_file
from pianolab.compare.participants import LOADING_S, Participant, why_not
from pianolab.compare.worker import Job
from pianolab.data import Recording
from pianolab.data.pairing import same_name
from pianolab.errors import printable, reason
from pianolab.files import refuse_unwritable, remove_stale
from pianolab.texts.degradations import Step

Place = tuple[str, str]  # Where a recording is found: the name of its data set, and its id there.
_SLOWEST = 20  # No detector that we know needs twenty times the length of the sound.
_BAR = "{desc}: {percentage:3.0f}%|{bar:24}| {n:.0f} of {total:.0f} s of sound [{elapsed}, {remaining} left{postfix}]"


def hear_all(
    recordings: Mapping[Place, Recording],
    pairs: Iterable[tuple[Place, Participant]],
    *,
    seconds: float | None,
    jobs: int,
    cache: Cache,
    progress: bool,
    timeout_s: float | None = None,
    steps: Mapping[Place, Sequence[Step]] | None = None,
    dask: str | None = None,
) -> dict[tuple[Place, Participant], Heard | str]:
    """Let participants hear recordings, as far as the cache does not know it.

    Parameters
    ----------
    recordings : mapping of (data set, id) to Recording
    pairs : iterable of ((data set, id), Participant)
        Who hears what.
    seconds : float or None
        How much of the beginning of each recording; None for all.
    jobs : int
        Worker processes.
    cache : Cache
    progress : bool
        Show a bar.
    timeout_s : float, optional
        How long a detector may take for one recording, seconds; `default_timeout_s` if not given.
    steps : mapping of (data set, id) to sequence of Step, optional
        What makes some recordings worse before they are heard.
    dask : str, optional
        Hear on the Dask cluster at this address; ``"local"`` starts one here.

    Returns
    -------
    dict of ((data set, id), Participant) to Heard or str
        A text says why nothing was heard.

    Raises
    ------
    CompareError
        If something has to be heard and a file is where the cache should be.
    """
    pairs = list(pairs)
    runs_programs = any(participant.command is not None for _, participant in pairs)
    # Of a worker that is stopped the files stay, so they lie in a folder of this process.
    place = TemporaryDirectory(prefix="pianolab-", ignore_cleanup_errors=True) if runs_programs else nullcontext("")
    with place as folder:
        return _hear_all(
            recordings,
            pairs,
            seconds=seconds,
            jobs=jobs,
            cache=cache,
            progress=progress,
            timeout_s=timeout_s,
            folder=folder,
            steps=steps or {},
            dask=dask,
        )


def _hear_all(
    recordings: Mapping[Place, Recording],
    pairs: Iterable[tuple[Place, Participant]],
    *,
    seconds: float | None,
    jobs: int,
    cache: Cache,
    progress: bool,
    timeout_s: float | None,
    folder: str,
    steps: Mapping[Place, Sequence[Step]],
    dask: str | None,
) -> dict[tuple[Place, Participant], Heard | str]:
    outcomes: dict[tuple[Place, Participant], Heard | str] = {}
    names = frozenset(same_name(recording.audio.stem) for recording in recordings.values())
    todo: dict[Job | CommandJob, list[tuple[Place, Participant, str]]] = {}  # Two recordings may share a sound file.
    for place, participant in pairs:
        recording = recordings[place]
        try:
            if participant.note_files is not None:
                outcomes[place, participant] = read_note_file(recording, participant.note_files, others=names)
                continue
            worse = steps.get(place, ())
            checksum = recording.checksum
            key = participant.key(checksum_of_degraded(checksum, worse) if worse else checksum, seconds)
        except Exception as error:  # What a detector says of itself may be no text that a key can hold.
            outcomes[place, participant] = reason(error)
            continue
        kept = cache.get(key) if key else None
        if kept is not None:
            outcomes[place, participant] = kept
        elif participant.command is not None:
            job = CommandJob(str(recording.audio), participant.command.words, seconds, checksum, folder, written(worse))
            todo.setdefault(job, []).append((place, participant, key))
        elif detector := participant.spec or participant.sent:
            job = Job(str(recording.audio), detector, seconds, checksum, written(worse))
            todo.setdefault(job, []).append((place, participant, key))
    if todo:
        _refuse_no_folder(cache)
    tasks = [_Task(job, them[0][1], printable(them[0][0][1]), timeout_s) for job, them in todo.items()]
    for job, outcome in _heard(tasks, jobs=jobs, progress=progress, dask=dask):
        for place, participant, key in todo[job]:
            if isinstance(outcome, Heard) and (
                changed := participant.changed
            ):  # Which of the two was heard cannot be told.
                outcome = f"{printable(changed)} was changed while it was compared: let it be, and run this again"
            outcomes[place, participant] = outcome
            if key and isinstance(outcome, Heard):
                cache.put(key, outcome)
    return outcomes


def _refuse_no_folder(cache: Cache) -> None:
    """Refuse a cache that can never be one; of a folder that cannot be written to now, only warn."""
    try:
        refuse_unwritable(cache.folder)
    except NotADirectoryError as error:
        remedy = "a file is in its place: name another folder with --cache"
        raise CompareError(f"{printable(cache.folder)} cannot be written ({error.strerror}): {remedy}") from error
    except OSError as error:
        cache.warn(error)
    remove_stale(cache.folder)


def default_timeout_s(seconds: float) -> float:
    """How long a detector may take for a recording if nothing else is said: it hangs, if it takes longer.

    Parameters
    ----------
    seconds : float
        Length of the sound.

    Returns
    -------
    float
        Seconds; two minutes to load and compile, and twenty times the length of the sound.

    Examples
    --------
    >>> default_timeout_s(60)
    1320.0
    """
    return LOADING_S + _SLOWEST * seconds


class _Task:
    """A job, with what is shown of it and how long it may take."""

    def __init__(self, job: Job | CommandJob, participant: Participant, recording: str, timeout_s: float | None):
        self.job, self.room, self.portable = job, participant.room, participant.portable
        self.shown = f"{participant.label}: {recording}"
        self.seconds = _seconds(job)
        self.timeout_s = default_timeout_s(self.seconds) if timeout_s is None else timeout_s


def _heard(
    tasks: Iterable[_Task], *, jobs: int, progress: bool, dask: str | None = None
) -> Iterator[tuple[Job | CommandJob, Heard | str]]:
    """What comes of each job, as it comes, with a bar over seconds of sound that shows the job at work."""
    # The longest come first, so that at the end no worker is left alone with a long one. Ours come before others.
    by_job = {task.job: task for task in sorted(tasks, key=lambda task: (task.room, -task.seconds))}
    n_seconds = math.ceil(sum(task.seconds for task in by_job.values()))
    at_work = {}
    if not by_job:
        return
    with (
        closing(executor(dask, jobs=jobs)) as hands,
        tqdm(total=n_seconds, desc="hearing", disable=not progress, bar_format=_BAR) as bar,
    ):

        def show(job: Job | CommandJob) -> None:
            at_work[job] = by_job[job].shown
            bar.set_postfix_str(f"{next(reversed(at_work.values()))[:40]:40}", refresh=False)

        jobs_of = {
            hands.submit(job, portable=task.portable, room=task.room, limit_s=task.timeout_s): job
            for job, task in by_job.items()
        }
        for future in hands.as_completed(show):
            job = jobs_of[future]
            at_work.pop(job, None)  # One that was given up was never at work.
            bar.update(by_job[job].seconds)
            error = future.exception()
            yield job, future.result() if error is None else why_not(error)


def _seconds(job: Job | CommandJob) -> float:
    try:
        seconds = sound.info(job.audio).seconds
    except (ValueError, OSError):  # The worker will say what is wrong with the file.
        return 0.0
    return seconds if job.seconds is None else min(seconds, job.seconds)
