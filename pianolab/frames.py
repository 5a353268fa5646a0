"""Cut a stream of samples into overlapping frames, the same ones whatever the size of the blocks.

Samples come in blocks of any size; spans of whole frames come out. Frame k belongs to sample k * hop_length of
the stream and covers ``frame_length`` samples around it: up to (excluding) sample k * hop_length + lookahead.
With the default lookahead of half a frame it is centred there. Before the first sample there are zeros, and
``flush`` pads the end, so that every frame whose own sample exists comes out: ceil(n / hop_length) frames.
Only this module converts between frames, samples and seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

# A larger block becomes several spans. This bounds the memory of one call of a detector.
MAX_FRAMES_PER_SPAN = 256
# Longer frames and steps would need hundreds of megabytes before the first sample is heard.
MAX_FRAME_LENGTH = 2**18
MAX_HOP_LENGTH = 2**16
MAX_OVERLAP = 1024  # So many hops fit in a frame at most: with more, a second of sound takes minutes.


@dataclass(frozen=True, eq=False)
class Span:
    """Contiguous samples that hold whole frames.

    Attributes
    ----------
    samples : (frame_length + (n_frames - 1) * hop_length,) float32
        Read-only.
    first_frame : int
        Index of the first frame in the stream.
    frame_length, hop_length : int
        Samples.
    sr : float
        Hz.
    """

    samples: NDArray[np.float32]
    first_frame: int
    frame_length: int
    hop_length: int
    sr: float

    @property
    def n_frames(self) -> int:
        """Number of whole frames in the span."""
        return 1 + (len(self.samples) - self.frame_length) // self.hop_length

    @property
    def times(self) -> NDArray[np.float64]:
        """Time of each frame, (n_frames,) seconds: k * hop_length / sr."""
        return frame_times(self.first_frame, self.n_frames, hop_length=self.hop_length, sr=self.sr)


def frames_of(span: Span, *, length: int | None = None, end: int | None = None) -> NDArray[np.float32]:
    """The frames of a span as rows, without copying.

    Parameters
    ----------
    span : Span
    length : int, optional
        Take only ``length`` samples of each frame (default: all of it).
    end : int, optional
        Where in the frame they end, counted from its first sample (default: so that they are centred).

    Returns
    -------
    (n_frames, length) float32 view, read-only

    Raises
    ------
    ValueError
        If the samples asked for do not lie inside a frame.

    Examples
    --------
    >>> span = Span(np.arange(6, dtype=np.float32), first_frame=0, frame_length=4, hop_length=2, sr=44100)
    >>> frames_of(span).tolist()
    [[0.0, 1.0, 2.0, 3.0], [2.0, 3.0, 4.0, 5.0]]
    >>> frames_of(span, length=1, end=4).tolist()
    [[3.0], [5.0]]
    """
    length = span.frame_length if length is None else length
    end = (span.frame_length - length) // 2 + length if end is None else end
    if not 0 < length <= end <= span.frame_length:
        raise ValueError(f"a window of {length} samples ending at {end} is not inside a frame of {span.frame_length}")
    windows = np.lib.stride_tricks.sliding_window_view(span.samples[end - length :], length)
    return windows[:: span.hop_length][: span.n_frames]


def frame_times(first_frame: int, n_frames: int, *, hop_length: int, sr: float) -> NDArray[np.float64]:
    """Times of consecutive frames: k * hop_length / sr.

    Parameters
    ----------
    first_frame : int
        Index of the first one.
    n_frames : int
        How many.
    hop_length : int
        Samples from frame to frame.
    sr : float
        Rate in Hz.

    Returns
    -------
    (n_frames,) array
        Seconds.

    Examples
    --------
    >>> frame_times(100, 3, hop_length=80, sr=16000).tolist()
    [0.5, 0.505, 0.51]
    """
    return np.arange(first_frame, first_frame + n_frames, dtype=np.float64) * (hop_length / sr)


def frame_count(n_samples: int, *, hop_length: int) -> int:
    """How many frames a stream gives once flushed: ceil(n_samples / hop_length).

    Parameters
    ----------
    n_samples : int
        Length of the stream.
    hop_length : int
        Samples from frame to frame.

    Returns
    -------
    int

    Examples
    --------
    >>> [frame_count(n, hop_length=512) for n in (0, 1, 512, 513)]
    [0, 1, 1, 2]
    """
    return -(-n_samples // hop_length)


def levels_db(frames: ArrayLike) -> NDArray[np.float64]:
    """Level of each frame: 10 log10 of its mean square, in dBFS.

    Parameters
    ----------
    frames : (n_frames, length) array
        Samples in [-1, 1].

    Returns
    -------
    (n_frames,) float64
        0 dBFS is RMS 1.0, a full-scale square wave; -inf for digital silence.

    Examples
    --------
    >>> levels_db(np.array([[0.1, -0.1]])).round(6).tolist()
    [-20.0]
    """
    mean_square: NDArray[np.float64] = np.square(frames, dtype=np.float64).mean(axis=1)
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(mean_square)


class Framer:
    """Blocks in, spans of whole frames out.

    Parameters
    ----------
    frame_length, hop_length : int
        Samples, 1 <= hop_length <= frame_length <= MAX_OVERLAP * hop_length, at most MAX_FRAME_LENGTH and
        MAX_HOP_LENGTH.
    sr : float
        Sample rate in Hz, for the spans' times.
    lookahead : int, optional
        Samples of a frame after its own sample (and including it): default frame_length - frame_length // 2.

    Raises
    ------
    ValueError
        If a length is no positive whole number or above its limit, the hop exceeds the frame or is too short for it,
        the lookahead is outside it, or the rate is not above 0.

    Examples
    --------
    >>> framer = Framer(frame_length=4, hop_length=2, sr=44100)
    >>> [span.n_frames for span in framer.push(np.ones(5, np.float32))]
    [2]
    >>> [frames_of(span).tolist() for span in framer.flush()]
    [[[1.0, 1.0, 1.0, 0.0]]]
    """

    def __init__(self, *, frame_length: int, hop_length: int, sr: float, lookahead: int | None = None):
        if lookahead is None:
            lookahead = frame_length - frame_length // 2
        for name, length in (("frame_length", frame_length), ("hop_length", hop_length), ("lookahead", lookahead)):
            if not isinstance(length, int | np.integer):
                raise ValueError(f"{name} {length!r} is not a number of samples: use a whole number")
        if not 0 < sr < np.inf:
            raise ValueError(f"sr {sr} is not a rate: use Hz above 0")
        if frame_length > MAX_FRAME_LENGTH or hop_length > MAX_HOP_LENGTH:
            longest = f"a frame of at most {MAX_FRAME_LENGTH} samples and a hop of at most {MAX_HOP_LENGTH}"
            raise ValueError(f"frame_length {frame_length} with hop_length {hop_length} is too long: use {longest}")
        if not 1 <= hop_length <= frame_length:
            raise ValueError(f"hop_length {hop_length} must lie in 1..frame_length ({frame_length})")
        if frame_length > MAX_OVERLAP * hop_length:
            least = -(-frame_length // MAX_OVERLAP)
            raise ValueError(
                f"hop_length {hop_length} is too short for frame_length {frame_length}: use at least {least}"
            )
        if not 1 <= lookahead <= frame_length:
            raise ValueError(f"lookahead {lookahead} must lie in 1..frame_length ({frame_length})")
        self.frame_length = frame_length
        self.hop_length = hop_length
        self.lookahead = lookahead
        self.sr = sr
        # The buffer has room for the largest span and no more, so that no whole frame stays behind when it is taken.
        self._buffer = np.zeros(frame_length + (MAX_FRAMES_PER_SPAN - 1) * hop_length, dtype=np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget everything: the next sample is sample 0."""
        self._filled = self.frame_length - self.lookahead  # These are the zeros before the first sample.
        self._buffer[: self._filled] = 0.0
        self._next_frame = 0
        self._n_samples = 0

    def push(self, y: ArrayLike) -> Iterator[Span]:
        """Take a block, yield the spans that it completes.

        Parameters
        ----------
        y : (n,) float32
            Any length, also 0.

        Yields
        ------
        Span
            At most 256 frames each.
        """
        samples = np.asarray(y, dtype=np.float32)
        self._n_samples += len(samples)
        yield from self._fill(samples)

    def flush(self) -> Iterator[Span]:
        """Pad the end with zeros and yield the remaining spans; afterwards the framer is as new."""
        missing = frame_count(self._n_samples, hop_length=self.hop_length) - self._next_frame
        if missing > 0:
            wanted = self.frame_length + (missing - 1) * self.hop_length
            yield from self._fill(np.zeros(wanted - self._filled, dtype=np.float32))
        self.reset()

    def _fill(self, y):
        while len(y):
            take = min(len(y), len(self._buffer) - self._filled)
            self._buffer[self._filled : self._filled + take] = y[:take]
            self._filled += take
            y = y[take:]
            if self._filled >= self.frame_length:
                yield self._take_span()

    def _take_span(self):
        n_frames = 1 + (self._filled - self.frame_length) // self.hop_length
        samples = self._buffer[: self.frame_length + (n_frames - 1) * self.hop_length].copy()
        samples.setflags(write=False)
        span = Span(samples, self._next_frame, self.frame_length, self.hop_length, self.sr)
        used = n_frames * self.hop_length
        self._buffer[: self._filled - used] = self._buffer[used : self._filled].copy()
        self._filled -= used
        self._next_frame += n_frames
        return span
