"""Another sampling rate for a whole signal or for a stream, the same bits either way."""

import functools

import numpy as np
import numpy.typing as npt
import soxr

from pianolab.sound.checks import AudioError, check_signal, checked_rate


def resample(y: npt.ArrayLike, *, sr: float, target_sr: float) -> npt.NDArray[np.float32]:
    """A whole signal at another rate: what `Resampler` gives for the same samples in blocks, bit for bit.

    Parameters
    ----------
    y : (n,) or (n, channels) array
        As in `check_signal`.
    sr, target_sr : int
        Hz.

    Returns
    -------
    (ceil(n * target_sr / sr),) float32

    Raises
    ------
    AudioError
        If this is no signal or a rate cannot be used.

    Examples
    --------
    >>> len(resample(np.zeros(44100), sr=44100, target_sr=16000))
    16000
    """
    resampler = Resampler(sr_in=sr, sr_out=target_sr)
    return np.concatenate([resampler.push(check_signal(y, sr=sr)), resampler.flush()])


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

    Examples
    --------
    >>> resampler = Resampler(sr_in=44100, sr_out=22050)
    >>> parts = [resampler.push(np.zeros(441)) for _ in range(100)]
    >>> len(np.concatenate([*parts, resampler.flush()]))
    22050
    """

    sr_in: int
    sr_out: int

    def __init__(self, *, sr_in: float, sr_out: float):
        self.sr_in, self.sr_out = checked_rate(sr_in), checked_rate(sr_out)
        self._start()

    def _start(self) -> None:
        self._n_in = self._n_out = 0
        self._soxr = None if self.sr_in == self.sr_out else _soxr_stream(self.sr_in, self.sr_out)

    @property
    def latency_s(self) -> float:
        """How far the output may lag behind the input, seconds: what went in before then has come out."""
        return 0.0 if self._soxr is None else _measured_latency(self.sr_in, self.sr_out)

    def push(self, y: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Take the next block, (n,) samples at ``sr_in``; return those that are ready, (m,) float32 at ``sr_out``.

        Blocks are not searched for NaN: pass what `check_signal` returns.
        """
        y = np.ascontiguousarray(y, dtype=np.float32)
        if y.ndim != 1:
            raise AudioError(f"a block of shape {y.shape} is not mono: pass shape (n,)")
        if self._soxr is None:
            return y
        out = self._soxr.resample_chunk(y)
        self._n_in += len(y)
        self._n_out += len(out)
        return out

    def flush(self) -> npt.NDArray[np.float32]:
        """Return what is still on its way, (m,) float32; the next block pushed begins a new stream."""
        if self._soxr is None:
            return np.zeros(0, np.float32)
        # soxr rounds the length: a little silence after the end makes sure that the last, partial sample comes too.
        silence = np.zeros(self.sr_in // self.sr_out + 2, np.float32)
        tail = [self._soxr.resample_chunk(silence), self._soxr.resample_chunk(silence[:0], last=True)]
        n_total = -(-self._n_in * self.sr_out // self.sr_in)
        tail = np.concatenate(tail)[: n_total - self._n_out]
        self._start()
        return tail


def _soxr_stream(sr_in: int, sr_out: int) -> soxr.ResampleStream:
    return soxr.ResampleStream(sr_in, sr_out, 1, dtype="float32", quality="HQ")


@functools.lru_cache(maxsize=64)
def _measured_latency(sr_in: int, sr_out: int) -> float:
    """Longest lag over two seconds fed a millisecond at a time, and that millisecond."""
    stream, step, n_out, worst = _soxr_stream(sr_in, sr_out), max(1, sr_in // 1000), 0, 0.0
    silence = np.zeros(step, np.float32)
    for n_in in range(step, 2 * sr_in, step):
        n_out += len(stream.resample_chunk(silence))
        worst = max(worst, n_in / sr_in - n_out / sr_out)
    return worst + step / sr_in
