"""Sound files and arrays in, one mono signal out.

What comes in: a WAV, FLAC, OGG, MP3 or AIFF file (whatever libsndfile reads), a WAV on standard input, or an array that
a caller already has. What goes out: `y`, float32, mono, full scale at -1 and 1, and its sampling rate `sr` in Hz. Long
recordings are read in blocks and are never whole in memory. What is not audio is refused with one line that says what
to do; what is merely poor (cut short, silent, clipped, off centre) is read, with an `AudioWarning`.
"""

import functools
import hashlib
import math
import shlex
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr

from pianolab.errors import PianolabError, PianolabWarning, printable
from pianolab.files import replacing

MIN_SR = 4000  # below this, the upper half of the keyboard has no fundamental left
MAX_SR = 768_000
MAX_CHANNELS = 64
ONSET_BELOW_PEAK_DB = 30.0  # of first_onset_s
ONSET_WINDOW_S = 0.002
AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".caf", ".w64")

_READ_LENGTH = 4096  # samples a read; where a damaged file breaks off, at most these are lost
_STREAM_IN_MEMORY = 64 * 2**20  # bytes of standard input kept in memory; more goes to a temporary file
_STREAM_LIMIT = 4 * 2**30  # bytes; a WAV cannot be longer
_UNKNOWN_LENGTH = 2**62  # libsndfile's frames when a FLAC was written to a pipe
_PIPED_LENGTH = 0x7FFF0000  # programs that write WAV to a pipe claim this many bytes or more
_PEAK_LIMIT = 2.0**33  # beyond unscaled 32-bit integers: no recording
_SUFFIX_BY_FORMAT = {".wav": "WAV", ".flac": "FLAC"}

_LENGTH_LABELS = {"W64": ("riff",), "RF64": ("riff size",)}  # where libsndfile's log corrects the length

_SILENT_PEAK = 1e-4  # -80 dBFS
_CLIPPED_LEVEL = 0.98
_CLIPPED_SHARE = 0.005  # A0 at full scale in 16 bits rests on its crests for 0.0025 of the time without any clipping
_DC_SHARE = 0.05  # of full scale
_DC_SECONDS = 0.1  # the mean of less than a few periods of A0 says nothing
_OVER_FULL_SCALE = 2.0  # lossy codecs overshoot 1 by a little; twice full scale is a matter of units


class AudioError(PianolabError):
    """Audio that cannot be used; the message is one line with the remedy."""


class AudioWarning(PianolabWarning):
    """Audio that was used although something about it is poor."""


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


def info(source):
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
    """
    with Blocks(source, block_length=1) as stream:
        next(stream)
        n = stream.n_claimed
    if n is None:
        n = sum(len(block) for block in Blocks(source))
    return AudioInfo(n / stream.sr, stream.sr, stream.channels, n, stream.format, stream.subtype)


def load(source, *, sr=None, start_s=0.0, duration_s=None):
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
    """
    with Blocks(source, start_s=start_s, duration_s=duration_s) as stream:
        resampler = Resampler(stream.sr, stream.sr if sr is None else sr)
        parts = [resampler.push(block) for block in stream]
        parts.append(resampler.flush())
    return np.concatenate(parts), resampler.sr_out


def blocks(source, *, block_length=65536, start_s=0.0, duration_s=None):
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
    """
    stream = Blocks(source, block_length=block_length, start_s=start_s, duration_s=duration_s)
    stream.peek()
    return stream


def write(path, y, *, sr, subtype=None):
    """Write a signal as WAV or FLAC; the file appears when it is complete.

    Parameters
    ----------
    path : str or Path
        Ends in .wav or .flac.
    y : (n,) or (n, channels) array
        Samples in [-1, 1]; what is beyond is clipped, with a warning, unless the subtype is floating point.
    sr : int
        Hz.
    subtype : str, optional
        libsndfile's name, such as 'PCM_24' or 'FLOAT' (WAV only, exact); 16 bits by default.

    Raises
    ------
    AudioError
        If the suffix or subtype is unknown, the signal is empty or not finite, or the file cannot be written.
    """
    path = Path(path)
    name = printable(path)
    container = _SUFFIX_BY_FORMAT.get(path.suffix.lower())
    if container is None:
        raise AudioError(f"{name} cannot be written: use a name that ends in {' or '.join(_SUFFIX_BY_FORMAT)}")
    subtype = subtype or "PCM_16"
    if not sf.check_format(container, subtype):
        choices = ", ".join(sf.available_subtypes(container))
        raise AudioError(f"{name} cannot hold subtype {subtype!r}: use one of {choices}")
    samples, sr = _columns(y), _checked_rate(sr)
    if not len(samples):
        raise AudioError(f"{name} cannot be written: the signal has no samples")
    peak = float(np.max(np.abs(samples)))
    if peak > 1.0 and subtype not in ("FLOAT", "DOUBLE"):
        warnings.warn(f"{name}: peak {peak:.3g} is clipped at full scale: divide y by it", AudioWarning, stacklevel=2)
    try:
        with replacing(path) as temporary:
            sf.write(temporary, samples, sr, format=container, subtype=subtype)
    except (OSError, sf.LibsndfileError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise AudioError(f"{name} cannot be written ({reason}): choose a folder that exists and is yours") from error


def check_signal(y, sr):
    """The door for arrays that a caller gives: refuse what is no signal, return the rest as float32 mono.

    Parameters
    ----------
    y : (n,) or (n, channels) array
        Floating point in [-1, 1], or PCM integers (uint8, int16, int32), which are scaled. No samples at all are fine.
    sr : int
        Hz.

    Returns
    -------
    (n,) float32
        Mean of the channels.

    Raises
    ------
    AudioError
        If the array is not numeric, has the wrong shape, or holds NaN or infinite samples, or the rate is not usable.
    """
    _checked_rate(sr)
    return _mono(_columns(y))


def resample(y, *, sr, target_sr):
    """A whole signal at another rate: what `Resampler` gives for the same samples in blocks, bit for bit.

    Parameters
    ----------
    y : (n,) array
    sr, target_sr : int
        Hz.

    Returns
    -------
    (ceil(n * target_sr / sr),) float32
    """
    resampler = Resampler(sr, target_sr)
    return np.concatenate([resampler.push(y), resampler.flush()])


def first_onset_s(y, *, sr):
    """When the first note of a recording begins: where its energy first comes within 30 dB of its loudest moment.

    Energy is the mean square in windows of 2 ms. For a file that holds one note, cut close or with silence before it.

    Parameters
    ----------
    y : (n,) array
    sr : int
        Hz.

    Returns
    -------
    float
        Seconds; the beginning of that window, 0 for silence.
    """
    window = max(1, round(ONSET_WINDOW_S * sr))
    n = len(y) // window * window
    energy = np.mean(np.square(y[:n].reshape(-1, window), dtype=np.float64), axis=1)
    loud = energy >= energy.max(initial=0.0) * 10.0 ** (-ONSET_BELOW_PEAK_DB / 10.0)
    return float(np.argmax(loud) * window / sr) if len(energy) and energy.max() > 0 else 0.0


def checksum(path):
    """SHA-256 of the bytes of a file, 64 hexadecimal digits.

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


class Resampler:
    """Change the sampling rate of a stream, block by block (libsoxr, quality HQ).

    What comes out does not depend on the blocks: pushing 1 sample at a time gives the same bits as pushing all at
    once. It is aligned in time (a click at 0.5 s stays at 0.5 s), and n samples become ceil(n * sr_out / sr_in).

    Parameters
    ----------
    sr_in, sr_out : int
        Hz; when they are equal, the samples pass through unchanged and at once.

    Attributes
    ----------
    sr_in, sr_out : int

    References
    ----------
    R. Sykes, The SoX resampler library, https://sourceforge.net/projects/soxr
    """

    def __init__(self, sr_in, sr_out):
        self.sr_in, self.sr_out = _checked_rate(sr_in), _checked_rate(sr_out)
        self._start()

    def _start(self):
        self._n_in = self._n_out = 0
        self._soxr = None if self.sr_in == self.sr_out else _soxr_stream(self.sr_in, self.sr_out)

    @property
    def latency_s(self):
        """How far the output may lag behind the input, seconds: what went in before then has come out."""
        return 0.0 if self._soxr is None else _measured_latency(self.sr_in, self.sr_out)

    def push(self, y):
        """Take the next block, (n,) samples at ``sr_in``; return those that are ready, (m,) float32 at ``sr_out``."""
        y = np.ascontiguousarray(y, dtype=np.float32)
        if y.ndim != 1:
            raise AudioError(f"a block of shape {y.shape} is not mono: pass shape (n,)")
        if self._soxr is None:
            return y
        out = self._soxr.resample_chunk(y)
        self._n_in += len(y)
        self._n_out += len(out)
        return out

    def flush(self):
        """Return what is still on its way, (m,) float32; the next block pushed begins a new stream."""
        if self._soxr is None:
            return np.zeros(0, np.float32)
        # soxr rounds the length; a little silence after the end makes sure that the last, partial sample comes too
        silence = np.zeros(self.sr_in // self.sr_out + 2, np.float32)
        tail = [self._soxr.resample_chunk(silence), self._soxr.resample_chunk(silence[:0], last=True)]
        n_total = -(-self._n_in * self.sr_out // self.sr_in)
        tail = np.concatenate(tail)[: n_total - self._n_out]
        self._start()
        return tail


def _soxr_stream(sr_in, sr_out):
    return soxr.ResampleStream(sr_in, sr_out, 1, dtype="float32", quality="HQ")


@functools.lru_cache(maxsize=64)
def _measured_latency(sr_in, sr_out):
    """Longest lag over two seconds fed a millisecond at a time, and that millisecond."""
    stream, step, n_out, worst = _soxr_stream(sr_in, sr_out), max(1, sr_in // 1000), 0, 0.0
    silence = np.zeros(step, np.float32)
    for n_in in range(step, 2 * sr_in, step):
        n_out += len(stream.resample_chunk(silence))
        worst = max(worst, n_in / sr_in - n_out / sr_out)
    return worst + step / sr_in


class Blocks:
    """A sound file as an iterator of mono blocks; made by `blocks`.

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

    def __init__(self, source, *, block_length=65536, start_s=0.0, duration_s=None):
        if block_length != int(block_length) or block_length < 1:
            raise AudioError(f"block_length {block_length} is not a number of samples: use 1 or more")
        self._handle, self._is_ours, self.name = _binary(source)
        try:
            self._reader = _reader(self._handle, self.name)
            self.sr, self.channels = self._reader.samplerate, self._reader.channels
            self.format, self.subtype = self._reader.format, self._reader.subtype
            self.n_claimed = None if self._reader.frames >= _UNKNOWN_LENGTH else self._reader.frames
            n_start, n_wanted = _span(start_s, duration_s, self.sr)
            self._stream = self._read(int(block_length), n_start, n_wanted)
        except BaseException:
            self.close()
            raise
        self._first = None

    def __iter__(self):
        return self

    def __next__(self):
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return next(self._stream)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def peek(self):
        """Read the first block now and keep it for the iterator."""
        if self._first is None:
            self._first = next(self._stream)

    def close(self):
        """Let go of the file; a file object that the caller gave stays open."""
        if hasattr(self, "_reader"):
            self._reader.close()
        if self._is_ours:
            self._handle.close()

    def _read(self, block_length, n_start, n_wanted):
        try:
            self._skip(n_start)
            checks, n_read, broken = _Checks(self.name, self.sr), 0, False
            while n_read < n_wanted and not broken:
                block, broken = self._read_block(min(block_length, n_wanted - n_read))
                if not len(block):
                    break
                checks.see(block, n_start + n_read)
                n_read += len(block)
                yield _mono(block)
            if n_read == 0:
                raise AudioError(f"{self.name} holds no samples: it was cut off or never recorded; get the file again")
            self._warn_if_cut_short(n_start + n_read, n_read < n_wanted, broken)
            checks.warn()
        finally:
            self.close()

    def _skip(self, n):
        if n == 0:
            return
        if self.n_claimed is not None and n >= self.n_claimed:
            seconds = self.n_claimed / self.sr
            raise AudioError(
                f"start {n / self.sr:g} s lies after the end of {self.name} ({seconds:g} s): start earlier"
            )
        # libsndfile's seek lands elsewhere in an MP3 and near the end of an OGG: there the way to the start is decoded
        if self.format not in ("MP3", "OGG") and self.n_claimed is not None:
            self._reader.seek(n)
            return
        while n > 0:
            block, broken = self._read_block(min(n, 65536))
            if broken or not len(block):
                raise AudioError(f"{self.name} ends before the start that was asked for: start earlier")
            n -= len(block)

    def _read_block(self, n):
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

    def _warn_if_cut_short(self, n_end, reached_end, broken):
        claimed = self.n_claimed if self.n_claimed and n_end < self.n_claimed else None
        if reached_end and (broken or claimed or _header_claims_more(self._reader.extra_info, self.format)):
            promise = f" of the {claimed / self.sr:.3f} s that its header promises" if claimed else ""
            text = f"{self.name} is cut short: the {n_end / self.sr:.3f} s it holds{promise} are used"
            warnings.warn(text, AudioWarning, stacklevel=4)


class _Reader(sf.SoundFile):
    """A SoundFile read forwards only.

    soundfile seeks to the new position after each read of a seekable file. In an MP3 that seek is not exact, and block
    reading returned other samples than reading at once (by up to 0.6 of full scale); in a FLAC that is cut short it
    fails and loses what was read. Said to be not seekable, it does not seek, and the samples are right.
    """

    def seekable(self):
        return False


class _Handle:
    """What libsndfile asks of a file, without a name (it would guess by the suffix) and without an exception.

    A damaged header can send libsndfile to a place before the beginning; raised in its callback, the error would be
    printed and not caught.
    """

    def __init__(self, file):
        self.read, self.tell, self._file = file.read, file.tell, file
        if hasattr(file, "readinto"):
            self.readinto = file.readinto

    def seek(self, offset, whence=0):
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError):
            return -1


def _binary(source):
    """A seekable binary handle at its beginning, whether it is ours to close, and its name in messages."""
    if hasattr(source, "read"):
        return _seekable(source)
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
        return open(path, "rb"), True, name
    except FileNotFoundError:
        raise AudioError(f"{name} is not there: check the name and the folder") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AudioError(f"{name} cannot be opened ({reason}): check the name and your rights to it") from error


def _seekable(stream):
    name = printable(str(getattr(stream, "name", "") or "the stream"))
    if not isinstance(stream.read(0), bytes):
        raise AudioError(f"{name} is a text stream: open it in binary mode (for standard input, sys.stdin.buffer)")
    if stream.seekable():
        stream.seek(0)
        return stream, False, name
    copy = tempfile.SpooledTemporaryFile(max_size=_STREAM_IN_MEMORY)  # noqa: SIM115 (closed by Blocks)
    n_bytes = 0
    while chunk := stream.read(2**20):
        n_bytes += len(chunk)
        if n_bytes > _STREAM_LIMIT:
            copy.close()
            raise AudioError(f"{name} is longer than {_STREAM_LIMIT >> 30} GB: save it as a file and name the file")
        copy.write(chunk)
    copy.seek(0)
    return copy, True, name


def _reader(handle, name):
    head = handle.read(16)
    handle.seek(0)
    if not head:
        raise AudioError(f"{name} is empty (0 bytes): get the file again")
    remedy = _conversion(name)
    foreign = _foreign_container(head)
    if foreign:
        raise AudioError(f"{name} is {foreign}, which is not read here: convert it first with {remedy}")
    try:
        reader = _Reader(_Handle(handle))
    except sf.LibsndfileError as error:
        reason = error.error_string.strip().rstrip(".")
        if "possibly a pipe" in reason:  # libsndfile's words for an MP3 decoder that found nothing
            reason = "no MP3 frames"
        raise AudioError(f"{name} is not readable audio ({reason}): try {remedy}") from error
    if not MIN_SR <= reader.samplerate <= MAX_SR:
        raise AudioError(_rate_message(f"{name} has a rate of {reader.samplerate} Hz", f"; {remedy[:-1]} -ar 44100`"))
    if reader.channels > MAX_CHANNELS:
        raise AudioError(f"{name} has {reader.channels} channels: use at most {MAX_CHANNELS}; mix it down first")
    return reader


def _conversion(name):
    path = Path(name)
    target = path.with_name(f"{path.stem}-converted.wav" if path.suffix.lower() == ".wav" else f"{path.stem}.wav")
    return f"`ffmpeg -i {shlex.quote(path.name)} {shlex.quote(target.name)}`"


def _foreign_container(head):
    """Name of a container that libsndfile does not read, from its first bytes; '' for all else."""
    if head[4:8] == b"ftyp":
        return "MPEG-4 audio (m4a, mp4)"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "a WebM or Matroska file"
    if head.startswith(b"\x30\x26\xb2\x75"):
        return "Windows Media audio"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:  # ADTS sync word, ISO 13818-7
        return "AAC audio"
    return ""


def _header_claims_more(log, container):
    """Whether libsndfile corrected the length of the sample data; lengths that only pipes write do not count."""
    labels = _LENGTH_LABELS.get(container, ("data", "data size", "ssnd"))
    for line in log.splitlines():
        label, _, rest = line.partition(":")
        if label.strip().lower() in labels and "(should be" in rest:
            digits = rest.split("(")[0].strip()
            if digits.isdigit() and int(digits) < _PIPED_LENGTH:
                return True
    return False


def _span(start_s, duration_s, sr):
    if not (math.isfinite(start_s) and start_s >= 0):
        raise AudioError(f"start {start_s} s is not a place in a recording: use 0 or more")
    if duration_s is None:
        return round(start_s * sr), math.inf
    if not (duration_s > 0):
        raise AudioError(f"duration {duration_s} s is not a length: use more than 0, or None for all")
    return round(start_s * sr), math.inf if math.isinf(duration_s) else max(1, round(duration_s * sr))


class _Checks:
    """Refuses samples that are not finite; counts what is merely poor, over all blocks of a file."""

    def __init__(self, name, sr):
        self.name, self.sr = name, sr
        self.n, self.n_flat, self.seconds, self.total, self.peak = 0, 0, 0.0, 0.0, 0.0

    def see(self, block, n_before):
        finite = np.isfinite(block).all(axis=1)
        if not finite.all():
            at = (n_before + int(np.argmin(finite))) / self.sr
            raise AudioError(f"{self.name} holds NaN or infinite samples (first at {at:.3f} s): export it again")
        level = np.abs(block)
        self.peak = max(self.peak, float(level.max()))
        if self.peak > _PEAK_LIMIT:
            raise AudioError(f"{self.name} holds a sample of {self.peak:.3g}: full scale is 1; export it again")
        self.n += block.size
        self.seconds += len(block) / self.sr
        self.n_flat += int(np.count_nonzero((block[1:] == block[:-1]) & (level[1:] >= _CLIPPED_LEVEL)))
        self.total += float(block.sum(dtype=np.float64))

    def warn(self):
        share, mean = self.n_flat / self.n, self.total / self.n
        is_off_centre = abs(mean) > _DC_SHARE and self.seconds >= _DC_SECONDS
        texts = {
            f"is silent (peak {self.peak:.1g} of full scale): no note can be found": self.peak < _SILENT_PEAK,
            f"reaches {self.peak:.3g} where full scale is 1: scale it to [-1, 1]": self.peak > _OVER_FULL_SCALE,
            f"is clipped in {share:.1%} of its samples: false overtones are likely": share > _CLIPPED_SHARE,
            f"is off centre by {mean:.2g} of full scale (DC): a high-pass filter helps": is_off_centre,
        }
        for text, is_so in texts.items():
            if is_so:
                warnings.warn(f"{self.name} {text}", AudioWarning, stacklevel=5)


_PCM_ZERO_AND_SCALE = {"uint8": (128, 2**7), "int16": (0, 2**15), "int32": (0, 2**31)}


def _columns(y):
    """A caller's array as finite float32 (n, channels)."""
    y = np.asarray(y)
    if y.dtype.name in _PCM_ZERO_AND_SCALE:
        zero, scale = _PCM_ZERO_AND_SCALE[y.dtype.name]
        y = (y.astype(np.float64) - zero) / scale
    if y.dtype.kind != "f":
        raise AudioError(f"an array of {y.dtype} is no signal: pass floating-point samples in [-1, 1]")
    if y.ndim not in (1, 2):
        raise AudioError(f"a signal of shape {y.shape} is not mono or multi-channel: pass (n,) or (n, channels)")
    y = y[:, None] if y.ndim == 1 else y
    if not 1 <= y.shape[1] <= MAX_CHANNELS:
        raise AudioError(
            f"a signal of shape {y.shape} would have {y.shape[1]} channels: pass (n, channels), perhaps y.T"
        )
    finite = np.isfinite(y).all(axis=1)
    if not finite.all():
        raise AudioError(f"sample {int(np.argmin(finite))} of the signal is NaN or infinite: mend it first")
    if len(y) and np.max(np.abs(y)) > _PEAK_LIMIT:
        raise AudioError(f"the signal holds a sample of {np.max(np.abs(y)):.3g}: full scale is 1; scale it")
    return y.astype(np.float32)


def _mono(columns):
    """Mean of the channels, summed in float64 so that many loud channels neither overflow nor lose bits."""
    if columns.shape[1] == 1:
        return np.ascontiguousarray(columns[:, 0])
    return columns.mean(axis=1, dtype=np.float64).astype(np.float32)


def _checked_rate(sr):
    try:
        rate = int(sr)
    except (TypeError, ValueError, OverflowError):
        raise AudioError(f"sampling rate {sr!r} is not a number: use Hz, such as 44100") from None
    if rate != sr or not MIN_SR <= rate <= MAX_SR:
        raise AudioError(_rate_message(f"sampling rate {sr} Hz"))
    return rate


def _rate_message(what, how=""):
    return f"{what}, which is not a whole number within {MIN_SR} to {MAX_SR}: resample it to 44100 Hz first{how}"
