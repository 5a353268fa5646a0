"""Sound files in, one mono signal out.

What comes in: a WAV, FLAC, OGG, MP3 or AIFF file (whatever libsndfile reads), or a WAV on standard input. What goes
out: `y`, float32, mono, full scale at -1 and 1, and its sampling rate `sr` in Hz. Long recordings are read in blocks
and are never whole in memory. What is not audio is refused with one line that says what to do; what is merely poor
(cut short, silent, clipped, off centre) is read, with an `AudioWarning`.
"""

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
import soundfile as sf

from pianolab.errors import printable
from pianolab.sound.checks import AudioError, AudioWarning, StreamChecks, mono
from pianolab.sound.opening import AudioSource, open_sound
from pianolab.sound.resampling import Resampler

_READ_LENGTH = 4096  # Samples are read so many at a time: where a damaged file breaks off, at most these are lost.
_UNKNOWN_LENGTH = 2**62  # A FLAC that was written to a pipe has more samples than this, says libsndfile.
_PIPED_LENGTH = 0x7FFF0000  # Programs that write WAV to a pipe claim this many bytes or more.
_LENGTH_LABELS = {"W64": ("riff",), "RF64": ("riff size",)}  # In these lines of its log libsndfile corrects the length.


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
        As libsndfile names them, such as 'WAV' and 'PCM_16'.
    """

    seconds: float
    sr: int
    channels: int
    n_samples: int
    format: str
    subtype: str


def info(source: AudioSource) -> AudioInfo:
    """Rate, length and format of a sound file, read from its header.

    A compressed file that is cut short still reports the length in its header; `load` and `blocks` say so.

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
    with Blocks(source, block_length=_READ_LENGTH) as stream:
        n = sum(len(block) for block in stream) if stream.n_claimed is None else stream.n_claimed
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
        Mean of the channels.
    sr : int
        Hz.

    Raises
    ------
    AudioError
        If this is not audio, holds no samples, or holds samples that are NaN or infinite.

    Warns
    -----
    AudioWarning
        If the file is cut short, silent, clipped, off centre or not scaled to [-1, 1].

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
        Of the file.
    format, subtype : str
        As in `AudioInfo`.
    name : str
        The file in messages.
    n_claimed : int or None
        Samples that the header promises; None where it does not say.
    """

    def __init__(
        self,
        source: AudioSource,
        *,
        block_length: int = 65536,
        start_s: float = 0.0,
        duration_s: float | None = None,
    ):
        if block_length != int(block_length) or block_length < 1:
            raise AudioError(f"block_length {block_length} is not a number of samples: use 1 or more")
        self._reader, self.name, self._opened = open_sound(source)
        self.sr: int = self._reader.samplerate
        self.channels: int = self._reader.channels
        self.format, self.subtype = self._reader.format, self._reader.subtype
        self.n_claimed = None if self._reader.frames >= _UNKNOWN_LENGTH else self._reader.frames
        rest = self._read(int(block_length), start_s, duration_s)
        self._stream = itertools.chain([next(rest)], rest)

    def __next__(self) -> npt.NDArray[np.float32]:
        return next(self._stream)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; a file object that the caller gave stays open."""
        self._opened.close()

    def _read(self, block_length: int, start_s: float, duration_s: float | None) -> Iterator[npt.NDArray[np.float32]]:
        with self._opened:
            n_start, n_wanted = _span(start_s, duration_s, self.sr)
            self._skip(n_start)
            checks, n_read, broken = StreamChecks(self.name, self.sr), 0, False
            while n_read < n_wanted and not broken:
                block, broken = self._read_block(min(block_length, n_wanted - n_read))
                if not len(block):
                    break
                checks.see(block, n_start + n_read)
                n_read += len(block)
                yield mono(block)
            if n_read == 0:
                raise AudioError(f"{self.name} holds no samples: it was cut off or never recorded; get the file again")
            self._warn_if_cut_short(n_start + n_read, n_read < n_wanted, broken)
            checks.warn()

    def _skip(self, n: int) -> None:
        if n == 0:
            return
        if self.n_claimed is not None and n >= self.n_claimed:
            seconds = self.n_claimed / self.sr
            raise AudioError(
                f"start {n / self.sr:g} s lies after the end of {self.name} ({seconds:g} s): start earlier"
            )
        # libsndfile's seek lands elsewhere in an MP3 and near the end of an OGG: there the way to the start is decoded.
        if self.format not in ("MP3", "OGG") and self.n_claimed is not None:
            self._reader.seek(n)
            return
        while n > 0:
            block, broken = self._read_block(min(n, 65536))
            if broken or not len(block):
                raise AudioError(f"{self.name} ends before the start that was asked for: start earlier")
            n -= len(block)

    def _read_block(self, n: int) -> tuple[npt.NDArray[np.float32], bool]:
        """Up to n samples, (k, channels) float32, and whether the decoder broke off after them."""
        block, n_filled = np.empty((n, self.channels), np.float32), 0
        while n_filled < n:
            part = block[n_filled : n_filled + _READ_LENGTH]
            try:
                n_new = len(self._reader.read(out=part))
            except sf.LibsndfileError:
                return block[:n_filled], True
            n_filled += n_new
            if n_new == 0:
                break
        return block[:n_filled], False

    def _warn_if_cut_short(self, n_end: int, reached_end: bool, broken: bool) -> None:
        claimed = self.n_claimed if self.n_claimed and n_end < self.n_claimed else None
        if reached_end and (broken or claimed or _header_claims_more(self._reader.extra_info, self.format)):
            promise = f" of the {claimed / self.sr:.3f} s that its header promises" if claimed else ""
            text = f"{self.name} is cut short: the {n_end / self.sr:.3f} s it holds{promise} are used"
            warnings.warn(text, AudioWarning, stacklevel=4)


def _header_claims_more(log: str, container: str) -> bool:
    """Whether libsndfile corrected the length of the sample data; lengths that only pipes write do not count."""
    labels = _LENGTH_LABELS.get(container, ("data", "data size", "ssnd"))
    for line in log.splitlines():
        label, _, rest = line.partition(":")
        if label.strip().lower() in labels and "(should be" in rest:
            digits = rest.split("(")[0].strip()
            if digits.isdigit() and int(digits) < _PIPED_LENGTH:
                return True
    return False


def _span(start_s: float, duration_s: float | None, sr: int) -> tuple[int, int]:
    """Where to begin and how much to read at most, in samples."""
    if not (math.isfinite(start_s) and start_s >= 0):
        raise AudioError(f"start {start_s} s is not a place in a recording: use 0 or more")
    if duration_s is None:
        return round(start_s * sr), sys.maxsize
    if not (duration_s > 0):
        raise AudioError(f"duration {duration_s} s is not a length: use more than 0, or None for all")
    return round(start_s * sr), sys.maxsize if math.isinf(duration_s) else max(1, round(duration_s * sr))


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
