"""A path, a file object or standard input as an open reader of libsndfile; what cannot be read says what to do."""

import contextlib
import os
import shlex
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

import soundfile as sf

from pianolab.errors import printable
from pianolab.sound.checks import MAX_CHANNELS, MAX_SR, MIN_SR, RATES, AudioError

AudioSource = str | os.PathLike[str] | BinaryIO

# Names of sound files that libsndfile reads, and those that it does not and that are named for it.
AUDIO_SUFFIXES = (
    ".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".aifc", ".au", ".snd", ".caf", ".w64", ".rf64",
)  # fmt: skip
FOREIGN_SUFFIXES = (".m4a", ".mp4", ".aac", ".webm", ".wma")

_STREAM_IN_MEMORY = 64 * 2**20  # Standard input of more bytes than this goes to a temporary file.
_STREAM_LIMIT = 4 * 2**30  # A WAV cannot have more bytes.


def open_sound(source: AudioSource) -> tuple[sf.SoundFile, str, contextlib.ExitStack]:
    """Open a sound file for reading from its beginning.

    Parameters
    ----------
    source : str, Path or binary file object

    Returns
    -------
    reader : soundfile.SoundFile
        Reads forwards without seeking of its own.
    name : str
        The file in messages.
    opened : contextlib.ExitStack
        Its ``close()`` lets go of all that was opened here; a file object of the caller stays open.

    Raises
    ------
    AudioError
        If it is not there or not audio that can be used.
    """
    with contextlib.ExitStack() as opened:
        handle, name = _binary(source, opened)
        reader = opened.enter_context(_reader(handle, name))
        return reader, name, opened.pop_all()


class _Reader(sf.SoundFile):
    """A SoundFile read forwards only.

    soundfile seeks to the new position after each read of a seekable file. In an MP3 that seek is not exact, and block
    reading returned other samples than reading at once (by up to 0.6 of full scale); in a FLAC that is cut short it
    fails and loses what was read. Said to be not seekable, it does not seek, and the samples are right.
    """

    def seekable(self) -> bool:
        return False


class _Handle:
    """What libsndfile asks of a file, without a name (it would guess by the suffix) and without an exception.

    A damaged header can send libsndfile to a place before the beginning; raised in its callback, the error would be
    printed and not caught.
    """

    def __init__(self, file: Any):
        self.read, self.tell, self._file = file.read, file.tell, file
        if hasattr(file, "readinto"):
            self.readinto = file.readinto

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError):
            return -1


def _binary(source: Any, opened: contextlib.ExitStack) -> tuple[Any, str]:
    """A seekable binary handle at its beginning and its name in messages; ``opened`` closes it if it is ours."""
    if hasattr(source, "read"):
        return _seekable(source, opened)
    try:
        path = Path(source)
    except TypeError:
        raise AudioError(f"{type(source).__name__} is no audio source: pass a path or a binary file object") from None
    name = printable(path)
    if path.is_dir():
        raise AudioError(f"{name} is a folder: name a file in it")
    if path.exists() and not path.is_file():
        raise AudioError(f"{name} is not a regular file: save it first, or pass a binary file object")
    try:
        return opened.enter_context(open(path, "rb")), name
    except FileNotFoundError:
        raise AudioError(f"{name} is not there: check the name and the folder") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise AudioError(f"{name} cannot be opened ({why}): check the name and your rights to it") from error


def _seekable(stream: Any, opened: contextlib.ExitStack) -> tuple[Any, str]:
    """A file object as it is; what can be read once only, such as standard input, is copied."""
    name = printable(str(getattr(stream, "name", "") or "the stream"))
    if not isinstance(stream.read(0), bytes):
        raise AudioError(f"{name} is a text stream: open it in binary mode (for standard input, sys.stdin.buffer)")
    if stream.seekable():
        stream.seek(0)
        return stream, name
    copy = tempfile.SpooledTemporaryFile(max_size=_STREAM_IN_MEMORY)  # noqa: SIM115 (closed by ``opened``)
    opened.enter_context(copy)
    n_bytes = 0
    while chunk := stream.read(2**20):
        n_bytes += len(chunk)
        if n_bytes > _STREAM_LIMIT:
            raise AudioError(f"{name} is longer than {_STREAM_LIMIT >> 30} GB: save it as a file and name the file")
        copy.write(chunk)
    copy.seek(0)
    return copy, name


def _reader(handle: Any, name: str) -> sf.SoundFile:
    """A reader of what libsndfile reads and we can use; the rest is refused with the command that converts it."""
    head = handle.read(16)
    handle.seek(0)
    if not head:
        raise AudioError(f"{name} is empty (0 bytes): get the file again")
    remedy = _conversion(name)
    foreign = _foreign_container(head)
    if foreign:
        raise AudioError(f"{name} is {foreign}, which is not read here: convert it first with {remedy}")
    try:
        # soundfile asks for no more than the methods of _Handle; its annotation asks for a whole file.
        virtual: Any = _Handle(handle)
        reader = _Reader(virtual)
    except sf.LibsndfileError as error:
        why = error.error_string.strip().rstrip(".")
        # These are libsndfile's words for an MP3 decoder that found nothing.
        if "possibly a pipe" in why:
            why = "no MP3 frames"
        raise AudioError(f"{name} is not readable audio ({why}): try {remedy}") from error
    if not MIN_SR <= reader.samplerate <= MAX_SR:
        raise AudioError(
            f"{name} has a rate of {reader.samplerate} Hz, which is not {RATES}: resample it to 44100 Hz first; "
            f"{remedy[:-1]} -ar 44100`"
        )
    if reader.channels > MAX_CHANNELS:
        raise AudioError(f"{name} has {reader.channels} channels: use at most {MAX_CHANNELS}; mix it down first")
    return reader


def _conversion(name: str) -> str:
    """The command that makes a WAV of a file."""
    path = Path(name)
    target = path.with_name(f"{path.stem}-converted.wav" if path.suffix.lower() == ".wav" else f"{path.stem}.wav")
    return f"`ffmpeg -i {shlex.quote(path.name)} {shlex.quote(target.name)}`"


def _foreign_container(head: bytes) -> str:
    """Name of a container that libsndfile does not read, from its first bytes; '' for all else."""
    if head[4:8] == b"ftyp":
        return "MPEG-4 audio (m4a, mp4)"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "a WebM or Matroska file"
    if head.startswith(b"\x30\x26\xb2\x75"):
        return "Windows Media audio"
    # AAC begins with the sync word of ADTS (ISO 13818-7).
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "AAC audio"
    return ""
