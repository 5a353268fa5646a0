"""The hearing of a comparison: every detector hears every recording, in several processes, and what it heard is kept.

In go recordings and those who take part; out comes for each pair what was heard, or one line that says why nothing
was. What the cache holds is not heard again, so a run that was stopped goes on where it was.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping

from tqdm.auto import tqdm

from pianolab import sound, workers
from pianolab.compare.cache import Cache, Heard
from pianolab.compare.errors import CompareError
from pianolab.compare.note_files import read_note_file
from pianolab.compare.participants import Participant
from pianolab.compare.worker import Job, hear
from pianolab.data import Recording
from pianolab.errors import printable, reason
from pianolab.files import refuse_unwritable

Place = tuple[str, str]  # Where a recording is found: the name of its data set, and its id there.
_BAR = "{desc}: {percentage:3.0f}%|{bar:24}| {n:.0f} of {total:.0f} s of sound [{elapsed}, {remaining} left{postfix}]"


def hear_all(
    recordings: Mapping[Place, Recording],
    pairs: Iterable[tuple[Place, Participant]],
    *,
    seconds: float | None,
    jobs: int,
    cache: Cache,
    progress: bool,
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

    Returns
    -------
    dict of ((data set, id), Participant) to Heard or str
        A text says why nothing was heard.

    Raises
    ------
    CompareError
        If something has to be heard and a file is where the cache should be.
    """
    outcomes: dict[tuple[Place, Participant], Heard | str] = {}
    todo: dict[Job, list[tuple[Place, Participant, str]]] = {}  # Two recordings may share one sound file.
    for place, participant in pairs:
        recording = recordings[place]
        try:
            if participant.note_files is not None:
                outcomes[place, participant] = read_note_file(recording, participant.note_files)
                continue
            key = participant.key(recording.checksum, seconds)
        except (ValueError, OSError) as error:
            outcomes[place, participant] = reason(error)
            continue
        kept = cache.get(key) if key else None
        if kept is not None:
            outcomes[place, participant] = kept
        elif participant.instance is not None:
            job = Job(str(recording.audio), participant.spec or participant.instance, seconds)
            todo.setdefault(job, []).append((place, participant, key))
    if todo:
        _refuse_no_folder(cache)
    shown = {job: f"{them[0][1].label}: {printable(them[0][0][1])}" for job, them in todo.items()}
    for job, outcome in _heard(shown, jobs=jobs, progress=progress):
        for place, participant, key in todo[job]:
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


def _heard(shown: Mapping[Job, str], *, jobs: int, progress: bool) -> Iterator[tuple[Job, Heard | str]]:
    """What comes of each job, as it comes, with a bar over seconds of sound that shows the text of a job at work."""
    if not shown:
        return
    lengths = {job: _seconds(job) for job in shown}
    # The longest come first, so that at the end no worker is left alone with a long one.
    longest_first = sorted(shown, key=lambda job: -lengths[job])
    far = [job for job in longest_first if isinstance(job.detector, str)]
    near = [job for job in longest_first if not isinstance(job.detector, str)]
    at_work = {}
    with tqdm(total=math.ceil(sum(lengths.values())), desc="hearing", disable=not progress, bar_format=_BAR) as bar:

        def show(job: Job) -> None:
            at_work[job] = shown[job]
            bar.set_postfix_str(f"{next(reversed(at_work.values()))[:40]:40}", refresh=False)

        def here() -> Iterator[tuple[Job, Heard | str, None]]:
            for job in near:
                show(job)
                yield job, hear(job), None

        there = workers.run(hear, far, n_workers=max(1, min(jobs, len(far))), on_start=show)
        for job, answer, error in itertools.chain(there, here()):
            del at_work[job]
            bar.update(lengths[job])
            yield job, answer if error is None else reason(error)


def _seconds(job: Job) -> float:
    try:
        seconds = sound.info(job.audio).seconds
    except (ValueError, OSError):  # The worker will say what is wrong with the file.
        return 0.0
    return seconds if job.seconds is None else min(seconds, job.seconds)
