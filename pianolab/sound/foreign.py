"""What libsndfile does not read (m4a, webm, wma, aac, amr) comes through ffmpeg, where that is installed.

ffmpeg decodes in a process of its own and gives samples through a pipe; nothing is written. It opens that one file with
the reader of its kind and no other: a play list or an address in a file leads nowhere.
"""

import contextlib
import os
import shutil
import struct
import subprocess
import tempfile
from typing import Any

import numpy as np
import numpy.typing as npt

from pianolab.errors import printable
from pianolab.sound.checks import AudioError
from pianolab.sound.layout import LATE

# Names of sound files that libsndfile reads, and of those that ffmpeg reads for us.
AUDIO_SUFFIXES = (
    ".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".aifc", ".au", ".snd", ".caf", ".w64", ".rf64",
)  # fmt: skip
FOREIGN_SUFFIXES = (".m4a", ".mp4", ".aac", ".webm", ".mka", ".wma", ".amr", ".3gp")

UNKNOWN_LENGTH = 2**62  # libsndfile says more than this of a FLAC that was written to a pipe.
_PATIENCE_S = 5.0
_FLOAT = 6  # Sun's number for 32-bit floating point
_KINDS = {  # what begins so: what it is called, and ffmpeg's reader of it
    "MP4": ("MPEG-4 audio (m4a, mp4)", "mov"),
    "WEBM": ("a WebM or Matroska file", "matroska"),
    "WMA": ("Windows Media audio", "asf"),
    "AAC": ("AAC audio", "aac"),
    "AMR": ("AMR audio", "amr"),
    "CAF": ("an Apple file of another encoding", "caf"),
}


def foreign_kind(head: bytes) -> str:
    """Which container that libsndfile does not read begins so.

    Parameters
    ----------
    head : bytes
        The first 16 bytes behind tags.

    Returns
    -------
    str
        A key of the kinds here; '' for all else.

    Examples
    --------
    >>> foreign_kind(bytes(4) + b"ftypM4A "), foreign_kind(b"RIFF")
    ('MP4', '')
    """
    if head[4:8] == b"ftyp":
        return "MP4"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "WEBM"
    if head.startswith(b"\x30\x26\xb2\x75"):
        return "WMA"
    if head.startswith(b"#!AMR"):
        return "AMR"
    # AAC begins with the sync word of ADTS (ISO 13818-7).
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "AAC"
    return ""


def foreign_name(kind: str) -> str:
    """What a kind is called in messages.

    Parameters
    ----------
    kind : str
        As `foreign_kind` gives it.

    Returns
    -------
    str
    """
    return _KINDS[kind][0]


def foreign_remarks(kind: str) -> list[str]:
    """What is to be said of the times in a file of a kind.

    Parameters
    ----------
    kind : str
        As `foreign_kind` gives it.

    Returns
    -------
    list of str
    """
    return {"AAC": [LATE], "WMA": ["does not state the delay of its encoder: all times may be wrong by 50 ms"]}.get(
        kind, []
    )


def ffmpeg_path() -> str | None:
    """Where ffmpeg is; None where it is not installed.

    Returns
    -------
    str or None
    """
    return shutil.which("ffmpeg")


class ForeignReader:
    """A file that ffmpeg decodes, read forwards; it has the methods of a SoundFile that are used here.

    Parameters
    ----------
    handle : binary file object
        The file; copied to a temporary one where it has no name of its own.
    kind : str
        As `foreign_kind` gives it.
    name : str
        The file in messages.
    remedy : str
        What helps if ffmpeg cannot read it.
    """

    frames = UNKNOWN_LENGTH
    extra_info = ""
    subtype = "FFMPEG"

    def __init__(self, handle: Any, kind: str, name: str, remedy: str):
        self.format, self._name = kind, name
        self._closing = contextlib.ExitStack()
        try:
            self._start(self._path(handle), _KINDS[kind][1])
            self.samplerate, self.channels = self._header()
        except BaseException:
            self.close()
            raise
        if not self.channels:
            why = self.complaint() or "it gave no sound"
            self.close()
            raise AudioError(f"{name} is {_KINDS[kind][0]} that ffmpeg cannot read ({why}): {remedy}")

    def _path(self, handle: Any) -> bytes:
        """A name that ffmpeg can open."""
        path = getattr(handle, "name", None)
        if isinstance(path, str | bytes | os.PathLike) and os.path.isfile(path):
            return os.path.abspath(os.fsencode(path))
        copy = self._closing.enter_context(tempfile.NamedTemporaryFile(prefix="pianolab-"))  # noqa: SIM115
        handle.seek(0)
        shutil.copyfileobj(handle, copy)
        copy.flush()
        return os.fsencode(copy.name)

    def _start(self, path: bytes, reader: str) -> None:
        self._complaints = self._closing.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 (closed by ``close``)
        before = ["-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe", "-f", reader]
        after = ["-map", "0:a:0", "-c:a", "pcm_f32be", "-f", "au", "pipe:1"]
        try:
            self._process = subprocess.Popen(
                [ffmpeg_path() or "ffmpeg", *before, "-i", b"file:" + path, *after],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
            )
        except OSError as error:
            raise AudioError(f"{self._name} needs ffmpeg, which cannot be started ({error.strerror})") from error
        self._closing.callback(self._stop)

    def _stop(self) -> None:
        self._process.kill()
        if self._process.stdout:
            self._process.stdout.close()
        self._process.wait()

    def _header(self) -> tuple[int, int]:
        """Rate and channels from the header that ffmpeg writes first; 0 channels where there is none."""
        head = self._bytes(24)
        if len(head) < 24 or head[:4] != b".snd":
            return 0, 0
        _, lead, _, encoding, sr, channels = struct.unpack(">4sIIIII", head)
        self._bytes(max(0, lead - 24))
        return (sr, channels) if encoding == _FLOAT else (0, 0)

    def _bytes(self, n: int) -> bytes:
        return self._process.stdout.read(n) if self._process.stdout else b""

    def complaint(self) -> str:
        """The last line of what ffmpeg said when it ended; '' if all was well."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=_PATIENCE_S)
        self._complaints.seek(0)
        lines = self._complaints.read()[-4000:].decode(errors="replace").strip().splitlines()
        return printable(lines[-1][:200]) if lines else ""

    def read(self, *, out: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Fill ``out``, (n, channels), and return the part of it that was filled."""
        data = self._bytes(out.size * 4)
        n = len(data) // 4 // self.channels
        out[:n] = np.frombuffer(data, ">f4", n * self.channels).reshape(n, self.channels)
        return out[:n]

    def close(self) -> None:
        """Stop ffmpeg."""
        self._closing.close()

    def __enter__(self) -> "ForeignReader":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def readable_suffixes() -> tuple[str, ...]:
    """The endings of names of sound files that can be read on this machine; ffmpeg adds some.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> ".wav" in readable_suffixes()
    True
    """
    return (*AUDIO_SUFFIXES, *(FOREIGN_SUFFIXES if ffmpeg_path() else ()))
