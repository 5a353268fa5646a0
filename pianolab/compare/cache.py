"""What was heard, kept: one small file for each recording and detector, so that nothing is heard twice.

The name of a file is a fingerprint of all that its content depends on (see `pianolab.compare.fingerprints`). Change any
of that and the file is not found, and the recording is heard again. A file is written under another name and renamed,
so it is whole or absent; one that was damaged later is not believed. A folder that cannot be written to (the disk is
full, it is somebody else's) is said once, and the work goes on without keeping.
"""

import hashlib
import json
import warnings
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pianolab.compare.opened import are_unchanged
from pianolab.errors import PianolabWarning, printable
from pianolab.files import replacing
from pianolab.roll import Notes
from pianolab.session import Transcription

CACHE = Path("results") / ".cache"

_NOTE_FIELDS = ("onset", "offset", "midi", "velocity", "confidence")
_TRACK_FIELDS = ("f0_times", "f0_hz", "f0_confidence")
_HEARD = ".notes"
_DIGEST_LENGTH = hashlib.sha256().digest_size  # A file is the checksum of its content, then the content.


class CacheWarning(PianolabWarning):
    """What was heard could not be kept."""


@dataclass(frozen=True, eq=False)
class Heard:
    """What came of one recording and one detector.

    Attributes
    ----------
    transcription : Transcription
        The notes.
    remarks : tuple of str
        What was said about the sound on the way.
    read : mapping of str to str, or None
        The files that the detector opened, from `pianolab.compare.opened.Opened.files`.
    """

    transcription: Transcription
    remarks: tuple[str, ...] = ()
    read: Mapping[str, str] | None = field(default_factory=dict)


class Cache:
    """What was heard and measured, in a folder, by key.

    Parameters
    ----------
    folder : str or Path
        Made when something is kept for the first time.
    merge : iterable of str or Path
        Folders that were caches elsewhere: what is missing here is taken over from there.

    Attributes
    ----------
    trouble : str
        Why something could not be kept, and what to do about it; '' if all was.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     cache = Cache(folder)
    ...     [cache.kept("answer", lambda: 6 * 7), cache.kept("answer", lambda: "never asked")]
    [42, 42]
    """

    def __init__(self, folder: str | Path, *, merge: Iterable[str | Path] = ()):
        self.folder = Path(folder)
        self.trouble = ""
        self._taken_over = dict.fromkeys(map(Path, merge), 0)

    def get(self, key: str) -> Heard | None:
        """What was heard, kept under a key; None if there is nothing, it is damaged, or a file it read has changed."""
        content = self._read(f"{key}{_HEARD}")
        heard = None if content is None else unpack(content)
        return heard if heard and are_unchanged(heard.read or {}) else None

    def put(self, key: str, heard: Heard) -> None:
        """Keep what was heard under a key, unless it cannot be told what that depends on."""
        if heard.read is not None:
            self._write(f"{key}{_HEARD}", pack(heard))

    def kept(self, key: str, make: Callable[[], Any]) -> Any:
        """A small value: the one that is kept under a key, or one that is made now and kept.

        Parameters
        ----------
        key : str
            From `pianolab.compare.fingerprints.fingerprint`, over all that the value depends on.
        make : callable
            Called without arguments if nothing is kept. It returns what JSON can hold; an error in it is the caller's.

        Returns
        -------
        object
            As JSON gives it back, the first time as well: a tuple has become a list.
        """
        content = self._read(f"{key}.json")
        if content is None:
            content = json.dumps(make()).encode()
            self._write(f"{key}.json", content)
        return json.loads(content)

    def known(self, key: str) -> Any:
        """The small value that `kept` keeps under a key; None if there is none."""
        content = self._read(f"{key}.json")
        return None if content is None else json.loads(content)

    def warn(self, error: OSError) -> None:
        """Say once that nothing can be kept, and why.

        Parameters
        ----------
        error : OSError
            What hinders.
        """
        if not self.trouble:
            self.trouble = (
                f"{printable(self.folder)} cannot be written ({error.strerror}), so what is heard is not kept "
                "and a next run hears it again: make room there, or name another folder with --cache"
            )
            warnings.warn(self.trouble, CacheWarning, stacklevel=2)

    def warn_of_useless(self) -> None:
        """Say which merged folders held nothing that was heard for this comparison."""
        for folder in (folder for folder, n in self._taken_over.items() if not n):
            why = "it is of other recordings, detectors or versions, of another kind of processor, or all was here"
            warnings.warn(f"{printable(folder)} gave nothing to merge: {why}", CacheWarning, stacklevel=2)

    def _read(self, name: str) -> bytes | None:
        if (content := _whole(self.folder / name)) is not None:
            return content
        for folder in self._taken_over:
            if (content := _whole(folder / name)) is not None:
                self._taken_over[folder] += name.endswith(_HEARD)
                self._write(name, content)
                return content
        return None

    def _write(self, name: str, content: bytes) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with replacing(self.folder / name) as temporary:
                temporary.write_bytes(hashlib.sha256(content).digest() + content)
        except OSError as error:
            self.warn(error)


def _whole(path: Path) -> bytes | None:
    """The content of a file, if it is as it was written."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, content = content[:_DIGEST_LENGTH], content[_DIGEST_LENGTH:]
    return content if hashlib.sha256(content).digest() == digest else None


def pack(heard: Heard) -> bytes:
    """What was heard as bytes: packed JSON in one line, then the columns of the notes, of the pitch track and pedal.

    Parameters
    ----------
    heard : Heard

    Returns
    -------
    bytes
        Eight for a number, before they are packed.
    """
    said = heard.transcription
    columns = [getattr(said.notes, name) for name in _NOTE_FIELDS]
    if said.told_s is not None:
        columns.append(said.told_s)
    if said.f0_times is not None:
        columns += [getattr(said, name) for name in _TRACK_FIELDS]
    if said.pedal is not None:
        columns.append(said.pedal.ravel())
    about = {
        "n_notes": len(said.notes),
        "has_told": said.told_s is not None,
        "ahead_s": None if np.isnan(said.ahead_s) else said.ahead_s,
        "has_track": said.f0_times is not None,
        "n_pedal": None if said.pedal is None else len(said.pedal),
        "seconds_audio": said.seconds_audio,
        "seconds_cpu": said.seconds_cpu,
        "a4_hz": said.a4_hz,
        "n_revised": said.n_revised,
        "remarks": heard.remarks,
        "read": heard.read,
    }
    return zlib.compress(json.dumps(about).encode() + b"\n" + np.concatenate(columns).astype("<f8").tobytes())


def unpack(content: bytes) -> Heard:
    """What `pack` wrote.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    Heard
    """
    line, _, rest = zlib.decompress(content).partition(b"\n")
    about, numbers = json.loads(line), np.frombuffer(rest, dtype="<f8").astype(np.float64)
    n = len(_NOTE_FIELDS) * about["n_notes"]
    notes = _notes(numbers[:n].reshape(len(_NOTE_FIELDS), -1))
    told_s = None
    if about.get("has_told"):
        told_s, n = numbers[n : n + about["n_notes"]], n + about["n_notes"]
    n_pedal = about.get("n_pedal")
    end = len(numbers) - 2 * (n_pedal or 0)
    pedal = None if n_pedal is None else numbers[end:].reshape(-1, 2)
    track = numbers[n:end].reshape(len(_TRACK_FIELDS), -1) if about["has_track"] else ()
    times = about["seconds_audio"], about["seconds_cpu"]
    said = Transcription(
        notes,
        *times,
        *track,
        a4_hz=about["a4_hz"],
        pedal=pedal,
        n_revised=about.get("n_revised"),
        told_s=told_s,
        ahead_s=np.nan if about.get("ahead_s") is None else about["ahead_s"],
    )
    return Heard(said, tuple(about["remarks"]), about.get("read", {}))


def _notes(columns: np.ndarray) -> Notes:
    """Notes as they were when they were packed: to check them again would take longer than to read the file."""
    notes = object.__new__(Notes)
    columns.flags.writeable = False
    for name, column in zip(_NOTE_FIELDS, columns, strict=True):
        object.__setattr__(notes, name, column.astype(np.int64) if name == "midi" else column)
    notes.midi.flags.writeable = False
    return notes
