"""A path, a file object or standard input as an open reader of libsndfile; what cannot be read says what to do."""

import contextlib
import os
import shlex
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import soundfile as sf

from pianolab.errors import printable
from pianolab.sound.checks import MAX_CHANNELS, MAX_SR, MIN_SR, RATES, AudioError
from pianolab.sound.chunked import layout_of_chunks
from pianolab.sound.foreign import ForeignReader, ffmpeg_path, foreign_kind, foreign_name, foreign_remarks
from pianolab.sound.gaps import FilledReader
from pianolab.sound.layout import Layout, Piece, Run, Section
from pianolab.sound.mpeg import NEAR, frame_of, frames_behind, layout_of_frames
from pianolab.sound.ogg import layout_of_pages
from pianolab.sound.pages import layout_of_flac
from pianolab.sound.tags import after_tags, bytes_at, size_of

AudioSource = str | os.PathLike[str] | BinaryIO
Reader = sf.SoundFile | ForeignReader | FilledReader

_STREAM_IN_MEMORY = 64 * 2**20  # Standard input of more bytes than this goes to a temporary file.
_AMIGA = (b"8SVX", b"16SV")  # What stands behind the sound of one can keep libsndfile busy for ever.
_SAMPLE_DUMP = b"\xf0\x7e"  # libsndfile prints its complaints about one to standard output.
_STREAM_LIMIT = 4 * 2**30  # A WAV cannot have more bytes.


@dataclass
class Opened:
    """A sound file that is open for reading.

    Attributes
    ----------
    name : str
        The file in messages.
    parts : list of callable
        Each opens one of the recordings in the file, anew at each call, and returns a reader of it.
    remarks, end_remarks : list of str
        What is odd about the file, as in `Layout`.
    closing : contextlib.ExitStack
        Its ``close()`` lets go of all that was opened here; a file object of the caller stays open.
    """

    name: str
    parts: list[Callable[[], Reader]]
    remarks: list[str]
    end_remarks: list[str]
    closing: contextlib.ExitStack


def open_sound(source: AudioSource) -> Opened:
    """Open a sound file for reading from its beginning.

    Parameters
    ----------
    source : str, Path or binary file object

    Returns
    -------
    Opened

    Raises
    ------
    AudioError
        If it is not there or not audio that can be used.
    """
    closing = contextlib.ExitStack()
    try:
        handle, name = _binary(source, closing)
        try:
            return _opened(handle, name, closing)
        except OSError as error:
            raise AudioError(f"{name} cannot be read ({error.strerror}): check the disk and the file") from error
    except BaseException:
        closing.close()
        raise


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


def _opened(handle: Any, name: str, closing: contextlib.ExitStack) -> Opened:
    """What lies in a file, each recording ready to be opened."""
    size = size_of(handle)
    if not size:
        raise AudioError(f"{name} is empty (0 bytes): get the file again")
    start = after_tags(handle, 0)
    head = bytes_at(handle, start, 16)
    remedy = _conversion(name)
    if head.startswith(_SAMPLE_DUMP):
        raise AudioError(f"{name} is a MIDI sample dump, which is not read here: try {remedy}")
    if head[:4] == b"FORM" and head[8:12] in _AMIGA:
        raise AudioError(f"{name} is a sound file of the Amiga (8SVX), which is not read here: try {remedy}")
    if kind := foreign_kind(head):
        if ffmpeg_path() is None:
            raise AudioError(
                f"{name} is {foreign_name(kind)}, which is read where ffmpeg is installed: install it, or convert the "
                f"file elsewhere with {remedy}"
            )
        return Opened(name, [_decoder(handle, kind, name, remedy, closing)], foreign_remarks(kind), [], closing)
    layout = _layout(handle, head, start, size)
    if layout is None:
        handle.seek(0)
        try:
            reader = closing.enter_context(_reader(handle, name, remedy))
        except AudioError as error:
            if head[:4] == b"caff" and "unsupported encoding" in str(error) and ffmpeg_path():
                return Opened(name, [_decoder(handle, "CAF", name, remedy, closing)], [], [], closing)
            # Chunks that mislead libsndfile are left out of a header of our own.
            layout = layout_of_chunks(handle, start, size, always=True) or _layout_behind(handle, start, size)
            if layout is None:
                raise
        else:
            layout = layout_of_frames(handle, start, size) if reader.format == "MP3" else None
            if layout is None:
                return Opened(name, [_opener(handle, [(0, size)], name, remedy, closing, reader)], [], [], closing)
    parts = [
        _filler(handle, layout.runs[number], name, remedy, closing)
        if number in layout.runs
        else _opener(handle, pieces, name, remedy, closing)
        for number, pieces in enumerate(layout.parts)
    ]
    return Opened(name, parts, layout.remarks, layout.end_remarks, closing)


def _decoder(handle: Any, kind: str, name: str, remedy: str, closing: contextlib.ExitStack) -> Callable[[], Reader]:
    """Starts ffmpeg on a file."""

    def opened() -> Reader:
        return closing.enter_context(_usable(ForeignReader(handle, kind, name, f"try {remedy}"), name, remedy))

    return opened


def _layout(handle: Any, head: bytes, start: int, size: int) -> Layout | None:
    """Where the recordings lie in a file; None where it should be read as it is."""
    if head[:4] == b"OggS":
        return layout_of_pages(handle, start, size)
    if head[:4] == b"fLaC":
        return layout_of_flac(handle, start, size)
    if frame_of(head[:4]):
        return layout_of_frames(handle, start, size)
    return layout_of_chunks(handle, start, size)


def _layout_behind(handle: Any, start: int, size: int) -> Layout | None:
    """The sound behind bytes that are none, if it begins near the start; None where there is none."""
    near = bytes_at(handle, start, NEAR)
    for mark, layout_of in ((b"OggS", layout_of_pages), (b"fLaC", layout_of_flac)):
        at = near.find(mark)
        layout = layout_of(handle, start + at, size) if at > 0 else None
        if layout is not None:
            if near[:at].strip(b"\0"):
                layout.end_remarks.append(f"has {at} bytes before its sound that are none: they are not heard")
            return layout
    return frames_behind(handle, start, size)


def _opener(
    handle: Any,
    pieces: list[Piece],
    name: str,
    remedy: str,
    closing: contextlib.ExitStack,
    *ready: Reader,
) -> Callable[[], Reader]:
    """Opens the pieces of a file; the first time it gives the reader that is open already, if there is one."""
    readers = list(ready)

    def opened() -> Reader:
        return readers.pop() if readers else closing.enter_context(_reader(Section(handle, pieces), name, remedy))

    return opened


def _filler(
    handle: Any, runs: list[Run], name: str, remedy: str, closing: contextlib.ExitStack
) -> Callable[[], Reader]:
    """Opens a damaged recording with silence where a piece is missing."""

    def opened() -> Reader:
        openers = [(_run_opener(handle, run.pieces, name, remedy), run.end_s) for run in runs]
        return closing.enter_context(_usable(FilledReader(openers), name, remedy))

    return opened


def _run_opener(handle: Any, pieces: list[Piece], name: str, remedy: str) -> Callable[[], Any]:
    return lambda: _reader(Section(handle, pieces), name, remedy)


def _reader(handle: Any, name: str, remedy: str) -> Reader:
    """A reader of what libsndfile reads and we can use; the rest is refused with the command that converts it."""
    try:
        # soundfile asks for no more than the methods of _Handle; its annotation asks for a whole file.
        virtual: Any = _Handle(handle)
        reader = _Reader(virtual)
    except sf.SoundFileError as error:
        why = getattr(error, "error_string", str(error)).strip().rstrip(".")
        # These are libsndfile's words for an MP3 decoder that found nothing.
        if "possibly a pipe" in why:
            why = "no MP3 frames"
        raise AudioError(f"{name} is not readable audio ({why}): try {remedy}") from error
    return _usable(reader, name, remedy)


def _usable(reader: Reader, name: str, remedy: str) -> Reader:
    """The reader, if its rate and channels can be used."""
    problem = ""
    if not MIN_SR <= reader.samplerate <= MAX_SR:
        problem = (
            f"{name} has a rate of {reader.samplerate} Hz, which is not {RATES}: resample it to 44100 Hz first; "
            f"{remedy[:-1]} -ar 44100`"
        )
    elif reader.channels > MAX_CHANNELS:
        problem = f"{name} has {reader.channels} channels: use at most {MAX_CHANNELS}; mix it down first"
    if problem:
        reader.close()
        raise AudioError(problem)
    return reader


def _conversion(name: str) -> str:
    """The command that makes a WAV of a file."""
    path = Path(name)
    target = path.with_name(f"{path.stem}-converted.wav" if path.suffix.lower() == ".wav" else f"{path.stem}.wav")
    return f"`ffmpeg -i {shlex.quote(path.name)} {shlex.quote(target.name)}`"
