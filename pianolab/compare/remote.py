"""What a worker of a Dask cluster does: it hears one recording in a process of its own, as `--jobs` does at home.

A Dask worker only watches. Each of its threads keeps one process that hears, with a limit of time; so a detector that
crashes, hangs or fills the memory costs its own row and no worker. In comes JSON, out go the bytes that the cache
keeps. A worker hears nothing that is not what was asked for: another file at that path, other code or other libraries
are refused by name.
"""

import functools
import importlib
import json
import os
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

from pianolab import workers
from pianolab.compare.cache import pack
from pianolab.compare.degraded_sound import checksum_of_degraded
from pianolab.compare.errors import CompareError
from pianolab.compare.fingerprints import machine, portable_key
from pianolab.compare.worker import Description, Job, describe, hear
from pianolab.errors import PianolabError, printable, reason
from pianolab.sound import AudioError, checksum
from pianolab.texts.degradations import Step

STANDS_NOWHERE = "a detector that stands in no file cannot be sent to a cluster: name it as FILE.py:Class"

_MINE = threading.local()


@dataclass(frozen=True)
class Asked:
    """A job that was sent to another machine.

    Attributes
    ----------
    job : Job
    portable : str
        What hears it, from `pianolab.compare.fingerprints.portable_key`; '' where that cannot be told.
    worse : str
        What the steps make of the sound, from `pianolab.compare.degraded_sound.checksum_of_degraded`; '' without steps.
    machine : str
        Where it was asked, as JSON of `pianolab.compare.fingerprints.machine`.
    folder : str
        In which the paths of the job begin.
    worker : str
        Who is asked, as messages name it.
    """

    job: Job
    portable: str
    worse: str
    machine: str
    folder: str
    worker: str


def ask(job: Job, *, portable: str, room: str, limit_s: float) -> str:
    """A job as text for `hear_there`.

    Parameters
    ----------
    job : Job
        With the text of its detector; one that has none cannot be sent.
    portable : str
        What hears it, from `pianolab.compare.fingerprints.portable_key`.
    room : str
        Only detectors of the same room are heard in the same process.
    limit_s : float
        How long it may take, seconds.

    Returns
    -------
    str
        JSON.
    """
    here = {"worse": _worse(job), "machine": json.dumps(machine()), "folder": os.getcwd()}
    return json.dumps({"job": asdict(job), "portable": portable, "room": room, "limit_s": limit_s, **here})


def hear_there(text: str, worker: str | None = None) -> bytes | str:
    """Hear what was asked for; made to run in a thread of a Dask worker.

    Parameters
    ----------
    text : str
        From `ask`.
    worker : str, optional
        How messages name this worker; its address if not given.

    Returns
    -------
    bytes or str
        What was heard, as `pianolab.compare.cache.pack` writes it; text says why nothing was.
    """
    asked = json.loads(text)
    given = {name: asked[name] for name in ("portable", "worse", "machine", "folder")}
    job = Asked(Job(**asked["job"]), **given, worker=worker or _address())
    if not hasattr(_MINE, "process"):
        _MINE.process = workers.Standing(hear_as_asked)
    # A process keeps the code that it loaded, so each version of a detector of the user's has a new one.
    room = asked["room"] and (asked["room"], asked["portable"])
    answer, error = _MINE.process.call(job, room=room, limit_s=asked["limit_s"])
    return answer if error is None else f"{reason(error)} (on worker {job.worker})"


def about_here() -> str:
    """The version of pianolab that a worker has."""
    import pianolab

    return pianolab.__version__


def _address() -> str:
    return str(importlib.import_module("distributed").get_worker().address)


def hear_as_asked(asked: Asked) -> bytes | str:
    """Hear a recording if everything here is as it was where it was asked for; made to run in a process of its own.

    Parameters
    ----------
    asked : Asked

    Returns
    -------
    bytes or str
        As `hear_there` gives it.
    """
    with suppress(OSError):  # Where paths are whole nothing depends on it.
        os.chdir(asked.folder)
    job, shown = asked.job, printable(asked.job.audio)
    try:
        there = checksum(job.audio)
    except AudioError:
        return f"worker {asked.worker} has no {shown}: share the folder, so that it has the same path everywhere"
    if there != job.checksum:
        return f"worker {asked.worker} has another file at {shown}: share the folder, or copy it anew"
    if not isinstance(job.detector, str):
        raise CompareError(STANDS_NOWHERE)
    found = _described(job.detector)
    if why := found.refusal or found.error:
        return f"worker {asked.worker}: {why}"
    if portable_key(found.facts, found.source) != asked.portable:
        remedy = "install the same versions there, and share the detector's files"
        return f"worker {asked.worker} would hear with other code, libraries or settings than asked for: {remedy}"
    try:
        is_same = _worse(job) == asked.worse
    except (PianolabError, OSError) as error:
        return f"worker {asked.worker}: {reason(error)}"
    if not is_same:
        return f"worker {asked.worker} would make the sound worse in another way: share the files of --degrade"
    heard = hear(job)
    if isinstance(heard, str):
        return heard
    if json.loads(asked.machine) != machine():
        remark = "heard on another kind of processor than the rest: its last digits may differ"
        heard = replace(heard, remarks=(*heard.remarks, remark))
    return pack(heard)


def _worse(job: Job) -> str:
    steps = [Step(*step[:3]) for step in json.loads(job.steps or "[]")]
    return checksum_of_degraded(job.checksum, steps) if steps else ""


@functools.cache
def _described(detector: str) -> Description:
    return describe(detector)


def unchecked(answer: Any) -> bytes | str:
    """What a worker gave, if it is what workers give.

    Parameters
    ----------
    answer : object

    Returns
    -------
    bytes or str
    """
    return answer if isinstance(answer, bytes | str) else "a worker gave something else than an answer: restart it"
