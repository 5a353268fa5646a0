"""What a worker process does: one detector hears one recording.

A worker imports this file and what it needs, and no tables: so it is there in a tenth of a second.
"""

import functools
import warnings
from dataclasses import dataclass

import numpy as np

from pianolab.compare.cache import Heard
from pianolab.detector import Detector
from pianolab.errors import reason
from pianolab.session import transcribe, transcribe_file
from pianolab.sound import AudioWarning

_WARM_UP_SR = 44100


@dataclass(frozen=True)
class Job:
    """What `hear` is asked for.

    Attributes
    ----------
    audio : str
        The sound file.
    detector : str or Detector
        Spec text; a detector where only this process has it.
    seconds : float or None
        How much of the beginning; None for all.
    """

    audio: str
    detector: str | Detector
    seconds: float | None = None


def hear(job: Job) -> Heard | str:
    """Transcribe one recording; made to run in a worker process.

    Parameters
    ----------
    job : Job

    Returns
    -------
    Heard or str
        The reason in one line if the recording or the detector failed.
    """
    try:
        _warm_up(job.detector)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", AudioWarning)
            transcription = transcribe_file(job.audio, detector=job.detector, duration_s=job.seconds)
    except Exception as error:  # Whatever a detector does wrong becomes a row in the table.
        return reason(error)
    return Heard(transcription, tuple(dict.fromkeys(str(warning.message) for warning in caught)))


@functools.cache
def _warm_up(detector: str | Detector) -> None:
    """Load and compile what a detector needs before its time is taken, once in a process."""
    tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(_WARM_UP_SR // 2) / _WARM_UP_SR)
    transcribe(tone.astype(np.float32), sr=_WARM_UP_SR, detector=detector)
