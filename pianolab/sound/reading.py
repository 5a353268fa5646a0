"""Sound files in, one mono signal out.

What comes in: a WAV, FLAC, OGG, MP3 or AIFF file (whatever libsndfile reads), m4a or webm where ffmpeg is installed, or
a WAV on standard input. What goes out: `y`, float32, mono, full scale at -1 and 1, and its sampling rate `sr` in Hz.
Long recordings are read in blocks and are never whole in memory. What is not audio is refused with one line that says
what to do; what is merely poor (cut short, very quiet, clipped, off centre) is read, with an `AudioWarning`. Nothing is
left out without a word: files that were joined are heard one after the other, sound behind the end that a header states
is heard, and where the channels cancel each other the loudest is heard alone.
"""

import contextlib
import hashlib
import itertools
import math
import os
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from pianolab.errors import printable
from pianolab.sound.checks import AudioError, AudioWarning, StreamChecks
from pianolab.sound.opening import AudioSource, open_sound
from pianolab.sound.parts import READ_LENGTH, Part
from pianolab.sound.resampling import Resampler

_LONGEST_S = 1e9  # No file holds so many seconds.


@dataclass(frozen=True)
class AudioInfo:
    """What a sound file is.

    Attributes
    ----------
    seconds : float
        Length.
    sr : int
        Sampling rate, Hz.
    channels, n_samples : int
        Channels, and samples in each of them.
    format, subtype : str
        As libsndfile names them, such as 'WAV' and 'PCM_16'; of what ffmpeg reads, such as 'MP4' and 'FFMPEG'.
    """

    seconds: float
    sr: int
    channels: int
    n_samples: int
    format: str
    subtype: str


def info(source: AudioSource) -> AudioInfo:
    """Rate, length and format of a sound file: how long it is when it is read, whatever its header states.

    The header is read where it can be trusted. The samples are counted, which takes as long as reading them, in what
    ffmpeg reads, in MP2, and in a FLAC that is cut short or was written to a pipe. Damage in the middle of a file shows
    only when it is read: `load` then says that it is cut short.

    Parameters
    ----------
    source : str, Path or binary file object

    Returns
    -------
    AudioInfo

    Raises
    ------
    AudioError
        If this is not audio, or holds no samples.

    Examples
    --------
    >>> from pianolab.data import data_dir
    >>> info(data_dir() / "clips" / "C4.flac")
    AudioInfo(seconds=2.0, sr=44100, channels=1, n_samples=88200, format='FLAC', subtype='PCM_16')
    """
    with Blocks(source, block_length=READ_LENGTH) as stream:
        n = stream.n_samples()
    return AudioInfo(n / stream.sr, stream.sr, stream.channels, n, stream.format, stream.subtype)


def load(
    source: AudioSource, *, sr: int | None = None, start_s: float = 0.0, duration_s: float | None = None
) -> tuple[npt.NDArray[np.float32], int]:
    """Read a sound file, or a part of it, as one mono signal.

    Only the part asked for is read and decoded (in an MP3 or OGG also what comes before it, because seeking in them is
    not exact).

    Parameters
    ----------
    source : str, Path or binary file object
        A file object is read from its beginning; one that cannot seek, such as standard input, is copied first.
    sr : int, optional
        Rate to resample to, Hz; None keeps the rate of the file.
    start_s, duration_s : float
        The part to read, in seconds; past the end of the file it is shorter.

    Returns
    -------
    y : (n,) float32
        Mean of the channels; the loudest channel where they cancel each other in the first 20 s.
    sr : int
        Hz.

    Raises
    ------
    AudioError
        If this is not audio, holds no samples, or holds samples that are NaN or infinite.

    Warns
    -----
    AudioWarning
        If the file is cut short, silent or very quiet (peak below -45 dBFS), clipped, off centre or not scaled to
        [-1, 1]; if it is several recordings joined, holds more sound than its header states or something that is no
        sound; if its channels cancel each other; if it is compressed and does not state the delay of its encoder, so
        that all times are late.

    Examples
    --------
    >>> from pianolab.data import data_dir
    >>> y, sr = load(data_dir() / "clips" / "C4.flac", sr=16000, duration_s=0.5)
    >>> len(y), sr
    (8000, 16000)
    """
    with Blocks(source, start_s=start_s, duration_s=duration_s) as stream:
        resampler = Resampler(sr_in=stream.sr, sr_out=stream.sr if sr is None else sr)
        parts = [resampler.push(block) for block in stream]
        parts.append(resampler.flush())
    return np.concatenate(parts), resampler.sr_out


def blocks(
    source: AudioSource, *, block_length: int = 65536, start_s: float = 0.0, duration_s: float | None = None
) -> "Blocks":
    """Read a sound file in mono blocks, so that a recording of hours never sits in memory.

    The file is opened and its first block read at once: what is not audio is refused here and not later.

    Parameters
    ----------
    source : str, Path or binary file object
        As in `load`.
    block_length : int
        Samples in a block; the last one may be shorter.
    start_s, duration_s : float
        The part to read, in seconds.

    Returns
    -------
    Blocks
        Iterator of (block_length,) float32 arrays, with attributes `sr` and `channels`.

    Raises
    ------
    AudioError
        Here, or later from the iterator: a file may hold a NaN in its third hour.

    Examples
    --------
    >>> from pianolab.data import data_dir
    >>> [len(block) for block in blocks(data_dir() / "clips" / "C4.flac", block_length=40000)]
    [40000, 40000, 8200]
    """
    return Blocks(source, block_length=block_length, start_s=start_s, duration_s=duration_s)


class Blocks(Iterator[npt.NDArray[np.float32]]):
    """A sound file as an iterator of mono blocks; made by `blocks`, which says what it is given.

    Attributes
    ----------
    sr, channels : int
        Of the file; of its first recording where several are joined, to whose rate the others are brought.
    format, subtype : str
        As in `AudioInfo`.
    name : str
        The file in messages.
    """

    def __init__(
        self,
        source: AudioSource,
        *,
        block_length: int = 65536,
        start_s: float = 0.0,
        duration_s: float | None = None,
    ):
        if not 1 <= block_length < math.inf or block_length != int(block_length):
            raise AudioError(f"block_length {block_length} is not a number of samples: use 1 or more")
        self._opened = open_sound(source)
        self.name = self._opened.name
        with contextlib.ExitStack() as closing:
            closing.callback(self.close)
            self._first = Part(self._opened.parts[0](), self.name)
            self.sr, self.channels = self._first.sr, self._first.channels
            self.format, self.subtype = self._first.format, self._first.subtype
            rest = self._read(int(block_length), start_s, duration_s)
            self._stream = itertools.chain([next(rest)], rest)
            closing.pop_all()

    def __next__(self) -> npt.NDArray[np.float32]:
        return next(self._stream)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; a file object that the caller gave stays open."""
        self._opened.closing.close()

    def _read(self, block_length: int, start_s: float, duration_s: float | None) -> Iterator[npt.NDArray[np.float32]]:
        """Blocks of the length that was asked for, checked; at the end what is to be said of all."""
        n_start, n_wanted = _span(start_s, duration_s, self.sr)
        remarks = list(self._opened.remarks)
        checks = StreamChecks(self.name)
        with self._opened.closing:
            n_read = 0
            for block in _in_blocks(self._mono(n_start, n_wanted, block_length, checks, remarks), block_length):
                n_read += len(block)
                yield block
            if n_read == 0:
                raise AudioError(f"{self.name} holds no samples: it was cut off or never recorded; get the file again")
        for remark in [*remarks, *checks.remarks()]:
            warnings.warn(f"{self.name} {remark}", AudioWarning, stacklevel=4)

    def _mono(
        self, n_start: int, n_wanted: int, block_length: int, checks: StreamChecks, remarks: list[str]
    ) -> Iterator[npt.NDArray[np.float32]]:
        """The samples that were asked for, of any number at a time; what is odd about them is added to the remarks."""
        n_before, n_stop = 0, n_start + n_wanted
        for part in self._parts(remarks):
            resampler = Resampler(sr_in=part.sr, sr_out=self.sr)
            n_skip = max(0, n_start - n_before) if part.sr == self.sr else 0
            n_before += part.skip(n_skip)
            is_whole = True
            for block in part.blocks(block_length):
                checks.see(block, n_before / self.sr, part.sr)
                y = resampler.push(part.mix.mix(block, part.n_read - len(block)))
                if n_before + len(y) >= n_stop:
                    yield y[max(0, n_start - n_before) : n_stop - n_before]
                    is_whole = False
                    break
                yield y[max(0, n_start - n_before) :]
                n_before += len(y)
            remarks += part.remarks(n_before / self.sr if is_whole else None)
            if not is_whole:
                return
            y = resampler.flush()[: max(0, n_stop - n_before)]
            yield y[max(0, n_start - n_before) :]
            n_before += len(y)
        remarks += self._opened.end_remarks
        if n_start and n_before <= n_start:
            seconds = n_before / self.sr
            raise AudioError(
                f"start {n_start / self.sr:g} s lies after the end of {self.name} ({seconds:g} s): start earlier"
            )

    def _parts(self, remarks: list[str]) -> Iterator[Part]:
        """The recordings in the file, one after the other; what cannot be read of the later ones is a remark."""
        yield self._first
        for number, opened in enumerate(self._opened.parts[1:], 2):
            try:
                part = Part(opened(), self.name)
            except AudioError as error:
                remarks.append(f"holds a recording (number {number}) that is passed over: {error}")
                continue
            text = f"holds recordings of {self.sr} and {part.sr} Hz: all are brought to {self.sr} Hz"
            if part.sr != self.sr and text not in remarks:
                remarks.append(text)
            yield part

    def n_samples(self) -> int:
        """How many samples a reading of the whole gives: from the headers, or counted. Nothing can be read after it."""
        n_samples = 0
        for part in self._parts([]):
            n_there = part.n_there()
            if n_there is None:
                return self._n_counted()
            n_samples += -(-n_there * self.sr // part.sr)
        return n_samples

    def _n_counted(self) -> int:
        self._first = Part(self._opened.parts[0](), self.name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AudioWarning)
            return sum(len(block) for block in self._read(READ_LENGTH, 0.0, None))


def _in_blocks(stream: Iterator[npt.NDArray[np.float32]], block_length: int) -> Iterator[npt.NDArray[np.float32]]:
    """The same samples in blocks of one length; the last one may be shorter."""
    kept: list[npt.NDArray[np.float32]] = []
    n_kept = 0
    for y in stream:
        kept.append(y)
        n_kept += len(y)
        if n_kept < block_length:
            continue
        whole = np.concatenate(kept)
        n_full = n_kept // block_length * block_length
        for start in range(0, n_full, block_length):
            yield whole[start : start + block_length]
        kept, n_kept = [whole[n_full:]], n_kept - n_full
    if n_kept:
        yield np.concatenate(kept)


def _span(start_s: float, duration_s: float | None, sr: int) -> tuple[int, int]:
    """Where to begin and how much to read at most, in samples."""
    if not (math.isfinite(start_s) and start_s >= 0):
        raise AudioError(f"start {start_s} s is not a place in a recording: use 0 or more")
    if duration_s is None:
        return round(min(start_s, _LONGEST_S) * sr), sys.maxsize
    if not (duration_s > 0):
        raise AudioError(f"duration {duration_s} s is not a length: use more than 0, or None for all")
    return round(min(start_s, _LONGEST_S) * sr), max(1, round(min(duration_s, _LONGEST_S) * sr))


def checksum(path: str | os.PathLike[str]) -> str:
    """SHA-256 of the bytes of a file.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    AudioError
        If the file is missing or cannot be read.
    """
    try:
        with open(path, "rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise AudioError(f"{printable(path)} cannot be read ({error.strerror}): check the name") from error
