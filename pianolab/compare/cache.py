"""What was heard, kept: one small file for each recording and detector, so that nothing is detected twice.

The name of the file is a fingerprint of all that the estimate depends on: the sound, how much of it was heard, the
source code on the way from sound to notes, the detector's settings and weights, and the versions of the libraries
that calculate. Change any of them and the file is not found and the recording is heard again. Labels and tolerances
are not part of it: scores are made anew from the estimate. A file is written under another name and renamed, so it
is whole or absent; one that was damaged later is not believed.
"""

import ast
import functools
import hashlib
import importlib.metadata
import io
import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pianolab.errors import reason
from pianolab.files import replacing
from pianolab.roll import Notes
from pianolab.session import Transcription, transcribe, transcribe_file
from pianolab.sound import AudioWarning, checksum

LIBRARIES = ("numpy", "scipy", "soxr", "librosa", "numba", "soundfile")

_PACKAGE = Path(__file__).parents[1]
_NOTE_FIELDS = ("onset", "offset", "midi", "velocity", "confidence")
_TRACK_FIELDS = ("f0_times", "f0_hz", "f0_confidence")
_WARM_UP_SR = 44100
_FORMAT = 1  # of the files; raise it when `_pack` changes
_DIGEST_LENGTH = hashlib.sha256().digest_size  # a file is the checksum of an npz archive, then the archive


@dataclass(frozen=True, eq=False)
class Estimate:
    """A Transcription and what was said about the sound on the way (a tuple of str)."""

    transcription: Transcription
    remarks: tuple = ()


@dataclass(frozen=True)
class Job:
    """A file, the spec text of a detector, and the seconds to hear (None for all): what `hear` is asked for."""

    audio: str
    detector: str
    seconds: float | None = None


def hear(job):
    """Transcribe one recording; made to run in a worker process.

    Parameters
    ----------
    job : Job

    Returns
    -------
    Estimate or str
        The reason in one line if the recording or the detector failed.
    """
    try:
        _warm_up(job.detector)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", AudioWarning)
            transcription = transcribe_file(job.audio, detector=job.detector, duration_s=job.seconds)
    except Exception as error:  # whatever a detector does wrong is a row in the table
        return reason(error)
    return Estimate(transcription, tuple(dict.fromkeys(str(warning.message) for warning in caught)))


@functools.cache
def _warm_up(detector):
    """Load and compile what a detector needs before its time is taken, once in a process."""
    tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(_WARM_UP_SR // 2) / _WARM_UP_SR)
    transcribe(tone.astype(np.float32), sr=_WARM_UP_SR, detector=detector)


class EstimateCache:
    """Estimates in a folder, by key.

    Parameters
    ----------
    folder : str or Path
        Made when the first estimate is kept.
    """

    def __init__(self, folder):
        self.folder = Path(folder)

    def get(self, key):
        """The Estimate kept under a key; None if there is none or its file is damaged."""
        try:
            content = self._path(key).read_bytes()
        except OSError:
            return None
        digest, archive = content[:_DIGEST_LENGTH], content[_DIGEST_LENGTH:]
        if hashlib.sha256(archive).digest() != digest:
            return None
        with np.load(io.BytesIO(archive), allow_pickle=False) as arrays:
            return _unpack(arrays)

    def put(self, key, estimate):
        """Keep an Estimate under a key."""
        archive = io.BytesIO()
        np.savez_compressed(archive, **_pack(estimate))
        self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(self._path(key)) as temporary:
            temporary.write_bytes(hashlib.sha256(archive.getvalue()).digest() + archive.getvalue())

    def _path(self, key):
        return self.folder / f"{key}.notes"


def _pack(estimate):
    said = estimate.transcription
    arrays = {name: getattr(said.notes, name) for name in _NOTE_FIELDS}
    arrays |= {"seconds": np.array([said.seconds_audio, said.seconds_cpu])}
    arrays |= {"remarks": np.array(estimate.remarks, dtype=str)}
    if said.f0_times is not None:
        arrays |= {name: getattr(said, name) for name in _TRACK_FIELDS}
    return arrays


def _unpack(arrays):
    notes = Notes(**{name: arrays[name] for name in _NOTE_FIELDS})
    seconds_audio, seconds_cpu = (float(value) for value in arrays["seconds"])
    track = {name: arrays[name] for name in _TRACK_FIELDS if name in arrays}
    remarks = tuple(str(text) for text in arrays["remarks"])
    return Estimate(Transcription(notes, seconds_audio, seconds_cpu, **track), remarks)


def estimate_key(*, audio_checksum, seconds, detector, source):
    """Fingerprint of all that an estimate depends on.

    Parameters
    ----------
    audio_checksum : str
        Of the recording's file.
    seconds : float or None
        How much of the beginning is heard; None for all.
    detector : Detector
        With its parameters set.
    source : str
        Of the code, from `source_checksum`.

    Returns
    -------
    str
        Hexadecimal, fit for a file name.
    """
    parts = {
        "format": _FORMAT,
        "audio": audio_checksum,
        "seconds": None if seconds is None else float(seconds),
        "source": source,
        "detector": type(detector).__qualname__,
        "params": {name: repr(value) for name, value in detector.params.items()},
        "tracking": {name: repr(value) for name, value in detector.tracking.items()},
        "onset_delay_s": repr(detector.onset_delay_s),
        "weights": None if detector.weights is None else checksum(detector.weights),
        "libraries": versions(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@functools.cache
def versions():
    """Version of each library that takes part in detecting, by name; '' for one that is not installed."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = ""
    return found


def source_checksum(detector_file):
    """Checksum of the code that turns sound into notes.

    Parameters
    ----------
    detector_file : str or Path
        Where the detector is written.

    Returns
    -------
    str
        Hexadecimal; over the file, session.py, and every module of the package that one of them imports, at any depth.
    """
    files, todo = set(), [Path(detector_file).resolve(), _PACKAGE / "session.py"]
    while todo:
        path = todo.pop()
        if path not in files:
            files.add(path)
            todo += _imported(path)
    digest = hashlib.sha256()
    for content in sorted(hashlib.sha256(path.read_bytes()).digest() for path in files):
        digest.update(content)
    return digest.hexdigest()


def _imported(path):
    """Files of this package that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    files = []
    for parts in (name.split(".")[1:] for name in names if name.startswith("pianolab.")):
        folders = (_PACKAGE.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1))
        files += [_PACKAGE.joinpath(*parts).with_suffix(".py"), *folders]
    return [file for file in files if file.is_file()]
