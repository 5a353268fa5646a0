"""What a worker process does: it tells what a detector is, or one detector hears one recording.

A worker imports this file and what it needs, and no tables. A detector that is not ours is loaded in workers only: its
file runs whatever it likes when it is imported, and a library that it changes would be changed for all who come after.
"""

import functools
import warnings
from collections.abc import Iterable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pianolab.compare.cache import Heard
from pianolab.compare.commands import CommandJob, hear_by_command
from pianolab.compare.degraded_sound import degraded_file
from pianolab.compare.fingerprints import detector_facts, source_of, users_files
from pianolab.compare.opened import Opened
from pianolab.compare.sending import receive
from pianolab.detector import Detector, DetectorError, spec_text
from pianolab.errors import first_line, one_line, printable, reason
from pianolab.registry import create, is_of_file
from pianolab.session import default_tracker, transcribe, transcribe_file, tuning_taken
from pianolab.sound import AudioWarning, checksum

_WARM_UP_SR = 44100
_REMARKS = 10  # So many different warnings of a detector are kept of a recording; of more their number is told.
_OPENED = Opened()  # A process hears with one detector of the user's only.


@dataclass(frozen=True)
class Description:
    """What can be told of a detector before it hears anything.

    Attributes
    ----------
    params : str
        Its settings, as text.
    source : str
        Checksum of its code, from `pianolab.compare.fingerprints.source_of`.
    facts : mapping of str to object
        What it is besides its code, from `pianolab.compare.fingerprints.detector_facts`.
    files : mapping of str to str
        Those of the user's that it depends on, from `pianolab.compare.fingerprints.users_files`.
    onset_delay_s : float
        What the tracker takes off its onsets, seconds.
    refusal : str
        Why there is no such detector or setting; '' if there is.
    error : str
        Why it cannot run; '' if it can.
    """

    params: str = ""
    source: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    onset_delay_s: float = 0.0
    refusal: str = ""
    error: str = ""


def describe(detector: str | Detector) -> Description:
    """Make a detector and tell what it is; for those that are not ours, made to run in a worker process.

    Parameters
    ----------
    detector : str or Detector

    Returns
    -------
    Description
    """
    try:
        made = create(detector)
        params = spec_text("", made.params)[1:]
        delay_s = default_tracker(made).tracking.onset_delay_s
        files, facts = users_files(made), detector_facts(made)
        # A detector may read what lies beside its code, so where that lies is part of what it is.
        facts |= {"places": sorted(files), "made_with": _made_with(made)}
        source = "" if facts["made_with"] is None else source_of(made)
        return Description(params, source, facts, files, delay_s)
    except DetectorError as error:
        return Description(refusal=first_line(error))
    except (Exception, SystemExit) as error:  # A constructor that fails becomes a row that says so.
        return Description(error=reason(error))


def _made_with(made: Detector) -> Mapping[str, str] | None:
    """The files that are read when a detector is made of which there is no text; of the others a worker sees them."""
    with suppress(DetectorError):
        if made.spec:
            return {}
    opened = Opened()
    with suppress(Exception), opened.watching():
        type(made)(**made.params)
    return opened.files()


@dataclass(frozen=True)
class Job:
    """What `hear` is asked for.

    Attributes
    ----------
    audio : str
        The sound file.
    detector : str or bytes
        Spec text; where there is none, what `pianolab.compare.sending.send` wrote.
    seconds : float or None
        How much of the beginning; None for all.
    checksum : str
        Of the sound file when it was looked at; '' if nobody did.
    steps : str
        What makes it worse before it is heard, as `pianolab.compare.degraded_sound.written` tells; '' for nothing.
    """

    audio: str
    detector: str | bytes
    seconds: float | None = None
    checksum: str = ""
    steps: str = ""


def hear(job: Job | CommandJob) -> Heard | str:
    """Transcribe one recording; made to run in a worker process.

    Parameters
    ----------
    job : Job or CommandJob

    Returns
    -------
    Heard or str
        The reason in one line if the recording or the detector failed.
    """
    if isinstance(job, CommandJob):
        return hear_by_command(job)
    try:
        is_users = not isinstance(job.detector, str) or is_of_file(job.detector)
        audio, seconds = job.audio, job.seconds
        if job.steps:
            audio, seconds = degraded_file(audio, job.steps, seconds=seconds, seed=job.checksum), None
        with _OPENED.watching(but=job.audio) if is_users else nullcontext():
            _warm_up(job.detector)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("ignore")
                warnings.simplefilter("always", AudioWarning)
                detector = receive(job.detector)
                transcription = transcribe_file(audio, detector=detector, duration_s=seconds)
        if job.checksum and checksum(job.audio) != job.checksum:
            return f"{printable(job.audio)} was changed while it was compared: let it be, and run this again"
        taken = tuning_taken(detector, transcription)
        remarks = (*_remarks(caught), *filter(None, [taken]))
        return Heard(transcription, remarks, _OPENED.files() if is_users else {})
    except (Exception, SystemExit) as error:  # Whatever a detector does wrong becomes a row in the table.
        return reason(error)


def _remarks(caught: Iterable[warnings.WarningMessage]) -> tuple[str, ...]:
    """Each warning once, on a line that is not too long."""
    texts = list(dict.fromkeys(one_line(str(warning.message)) for warning in caught))
    more = [f"and {len(texts) - _REMARKS} more warnings"] if len(texts) > _REMARKS else []
    return (*texts[:_REMARKS], *more)


@functools.cache
def _warm_up(detector: str | bytes) -> None:
    """Load and compile what a detector needs before its time is taken, once in a process."""
    tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(_WARM_UP_SR // 2) / _WARM_UP_SR)
    transcribe(tone.astype(np.float32), sr=_WARM_UP_SR, detector=receive(detector))
