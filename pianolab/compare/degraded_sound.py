"""A recording as it sounds after steps that make it worse, for whoever hears it in a worker.

Steps travel as one line of JSON. The sound is made in memory, from the file, and is never written down: steps and seed
say all of it, so that what was heard in it can be kept under a key.
"""

import functools
import io
import json
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import soundfile as sf

from pianolab import sound
from pianolab.compare.fingerprints import code_checksum, fingerprint, versions
from pianolab.sound import checksum
from pianolab.texts.degradations import Step

_ACTING = Path(__file__).parents[1] / "piano" / "steps.py"


def written(steps: Iterable[Step]) -> str:
    """Steps as text for a worker.

    Parameters
    ----------
    steps : iterable of Step

    Returns
    -------
    str
        '' without steps.

    Examples
    --------
    >>> written([Step("noise", "pink", 10.0)])
    '[["noise", "pink", 10.0]]'
    """
    listed = [list(step) for step in steps]
    return json.dumps(listed) if listed else ""


def degraded_file(path: str, steps: str, *, seconds: float | None, seed: str) -> io.BytesIO:
    """A recording after the steps, as a file in memory.

    Parameters
    ----------
    path : str
        The recording.
    steps : str
        From `written`.
    seconds : float or None
        How much of its beginning; None for all.
    seed : str
        Draws the noises.

    Returns
    -------
    BytesIO
        WAV with float32 samples.

    Raises
    ------
    AudioError, PianoError
        If a file cannot be read, or a step cannot be made.
    """
    from pianolab.piano.steps import degraded  # Rooms and voices take time to load.

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # What is odd about the recording is said where it is heard as it is.
        y, sr = sound.load(path, duration_s=seconds)
        y = degraded(y, sr=sr, steps=[Step(*step) for step in json.loads(steps)], seed=seed)
    file = io.BytesIO()
    sf.write(file, y, sr, format="WAV", subtype="FLOAT")
    file.seek(0)
    return file


def checksum_of_degraded(recording_checksum: str, steps: Sequence[Step]) -> str:
    """What stands for the checksum of a degraded recording in the key of what was heard.

    Parameters
    ----------
    recording_checksum : str
    steps : sequence of Step

    Returns
    -------
    str

    Raises
    ------
    AudioError
        If a file of a step cannot be read.
    """
    sources = [_file_checksum(step.source) if step.is_file else step.source for step in steps]
    listed = [[step.kind, source, step.strength] for step, source in zip(steps, sources, strict=True)]
    # Where in a noise a recording begins is drawn with the name of its file.
    names = [step.source.replace("\\", "/").rpartition("/")[2] for step in steps]
    return fingerprint(sound=recording_checksum, steps=listed, names=names, code=_code(), libraries=versions())


@functools.lru_cache(maxsize=1024)
def _file_checksum(path: str) -> str:
    return checksum(path)


@functools.cache
def _code() -> str:
    return code_checksum(_ACTING)
