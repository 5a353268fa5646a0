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
from pianolab.compare.errors import CompareError
from pianolab.compare.fingerprints import code_checksum, fingerprint, versions
from pianolab.errors import printable
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
        '' without steps. Files have their checksum behind them.

    Raises
    ------
    AudioError, OSError
        If a file of a step cannot be read.

    Examples
    --------
    >>> written([Step("noise", "pink", 10.0)])
    '[["noise", "pink", 10.0, ""]]'
    """
    listed = [[*step, _file_checksum(step.source) if step.is_file else ""] for step in steps]
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
    CompareError
        If a file is not the one that was looked at.
    """
    from pianolab.piano.steps import degraded  # Rooms and voices take time to load.

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # What is odd about the recording is said where it is heard as it is.
        y, sr = sound.load(path, duration_s=seconds)
        y = degraded(y, sr=sr, steps=[_read(*step) for step in json.loads(steps)], seed=seed)
    file = io.BytesIO()
    sf.write(file, y, sr, format="WAV", subtype="FLOAT")
    file.seek(0)
    return file


def _read(kind: str, source: str, strength: float, before: str) -> Step:
    if before and checksum(source) != before:
        raise CompareError(f"{printable(source)} was changed while it was compared: let it be, and run this again")
    return Step(kind, source, strength)


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
    AudioError, OSError
        If a file of a step cannot be read.
    """
    sources = [_file_checksum(step.source) if step.is_file else step.source for step in steps]
    listed = [[step.kind, source, step.strength] for step, source in zip(steps, sources, strict=True)]
    # Where in a noise a recording begins is drawn with the name of its file.
    names = [step.source.replace("\\", "/").rpartition("/")[2] for step in steps]
    return fingerprint(sound=recording_checksum, steps=listed, names=names, code=_code(), libraries=versions())


def _file_checksum(path: str) -> str:
    found = Path(path).stat()
    return _checksum_of(path, found.st_mtime_ns, found.st_size)


@functools.lru_cache(maxsize=1024)
def _checksum_of(path: str, changed_ns: int, size: int) -> str:
    """A noise is asked for with each recording; it is read again only if it was written again."""
    return checksum(path)


@functools.cache
def _code() -> str:
    return code_checksum(_ACTING)
