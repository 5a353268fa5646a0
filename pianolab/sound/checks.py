"""What passes for sound: what is none is refused with the remedy, what is poor is used with a warning.

What comes in: the arrays of a caller, or a file's samples block by block. What goes out: float32, mono, full scale at
-1 and 1.
"""

import math
import shlex
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pianolab.errors import PianolabError, PianolabWarning
from pianolab.sound.channels import mono, share_of_energy

MIN_SR = 4000  # Below this rate (Hz), the upper half of the keyboard has no fundamental left.
MAX_SR = 768_000
RATES = f"a whole number within {MIN_SR} to {MAX_SR}"
MAX_CHANNELS = 64

_PEAK_LIMIT = 2.0**33  # Unscaled 32-bit integers stay below this: what is beyond is no recording.
_SILENT_PEAK = 1e-4  # This is -80 dBFS.
_LOST_PEAK = 0.9e-5  # Below -100 dBFS there is no music to be raised.
QUIET_PEAK = 10 ** (-45 / 20)  # Below this level detectors begin to lose notes that they hear at full level.
_CLIPPED_LEVEL = 0.98
_CLIPPED_SHARE = 0.005  # A0 at full scale in 16 bits rests on its crests for 0.0025 of the time without any clipping.
_DC_SHARE = 0.05  # A mean beyond this share of full scale is off centre.
_DC_SECONDS = 0.1  # The mean of less than a few periods of A0 says nothing.
_CANCEL_SHARE, _CANCEL_SECONDS = 0.01, 0.1  # A second of one note between two microphones falls to 0.05.
_OVER_FULL_SCALE = 2.0  # Lossy codecs overshoot 1 by a little; twice full scale is a matter of units.
_PCM_ZERO_AND_SCALE = {"uint8": (128, 2**7), "int16": (0, 2**15), "int32": (0, 2**31)}


class AudioError(PianolabError):
    """Audio that cannot be used; the message is one line with the remedy."""


class AudioWarning(PianolabWarning):
    """Audio that was used although something about it is poor."""


def check_signal(y: npt.ArrayLike, *, sr: float) -> npt.NDArray[np.float32]:
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

    Examples
    --------
    >>> check_signal([[0.5, 0.0], [0.25, 0.25]], sr=44100)
    array([0.25, 0.25], dtype=float32)
    >>> check_signal(np.array([16384], dtype=np.int16), sr=44100)
    array([0.5], dtype=float32)
    """
    checked_rate(sr)
    channels = columns(y)
    if channels.shape[1] > 1 and len(channels) >= _CANCEL_SECONDS * sr and share_of_energy(channels) < _CANCEL_SHARE:
        text = "the channels of the signal cancel each other, so that little is heard: pass one of them, y[:, 0]"
        warnings.warn(text, AudioWarning, stacklevel=3)
    return mono(channels)


def checked_rate(sr: float) -> int:
    """A sampling rate that can be used, as an int.

    Parameters
    ----------
    sr : int
        Hz.

    Returns
    -------
    int

    Raises
    ------
    AudioError
        If it is not a whole number of Hz within ``MIN_SR`` to ``MAX_SR``.
    """
    try:
        rate = int(sr + 0)  # Text is no number, although int() reads it.
    except (TypeError, ValueError, OverflowError):
        raise AudioError(f"sampling rate {sr!r} is not a number: use Hz, such as 44100") from None
    if rate != sr or not MIN_SR <= rate <= MAX_SR:
        raise AudioError(f"sampling rate {sr} Hz, which is not {RATES}: resample it to 44100 Hz, or pass its true rate")
    return rate


def columns(y: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """A caller's array as finite float32, one column a channel.

    Parameters
    ----------
    y : (n,) or (n, channels) array
        As in `check_signal`.

    Returns
    -------
    (n, channels) float32

    Raises
    ------
    AudioError
        If it is no signal.
    """
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


class StreamChecks:
    """The checks of a file that is read in blocks: refuses what is not finite, counts what is merely poor.

    Parameters
    ----------
    name : str
        The file in messages.
    """

    def __init__(self, name: str):
        self.name = name
        self.n, self.n_flat, self.seconds, self.total, self.peak = 0, 0, 0.0, 0.0, 0.0

    def see(self, block: npt.NDArray[np.float32], start_s: float, sr: int) -> None:
        """Take the next block, (n, channels), at ``sr`` Hz, which begins at ``start_s`` seconds of the file."""
        finite = np.isfinite(block).all(axis=1)
        if not finite.all():
            at = start_s + int(np.argmin(finite)) / sr
            raise AudioError(f"{self.name} holds NaN or infinite samples (first at {at:.3f} s): export it again")
        level = np.abs(block)
        self.peak = max(self.peak, float(level.max()))
        if self.peak > _PEAK_LIMIT:
            raise AudioError(f"{self.name} holds a sample of {self.peak:.3g}: full scale is 1; export it again")
        self.n += block.size
        self.seconds += len(block) / sr
        self.n_flat += int(np.count_nonzero((block[1:] == block[:-1]) & (level[1:] >= _CLIPPED_LEVEL)))
        self.total += float(block.sum(dtype=np.float64))

    def remarks(self) -> list[str]:
        """What is poor about all that was seen, to be put behind the name of the file."""
        share, mean = self.n_flat / self.n, self.total / self.n
        is_off_centre = abs(mean) > _DC_SHARE and self.seconds >= _DC_SECONDS
        texts = {
            self._quiet(): self.peak < QUIET_PEAK,
            f"reaches {self.peak:.3g} where full scale is 1: scale it to [-1, 1]": self.peak > _OVER_FULL_SCALE,
            f"is clipped in {share:.1%} of its samples: false overtones are likely": share > _CLIPPED_SHARE,
            f"is off centre by {mean:.2g} of full scale (DC): a high-pass filter helps": is_off_centre,
        }
        return [text for text, is_so in texts.items() if is_so]

    def _quiet(self) -> str:
        """What to do with a recording that is too quiet."""
        if self.peak == 0:
            return "is silent (all samples are 0): no note can be found"
        peak_db = 20 * math.log10(self.peak)
        what, lost = ("silent", "no note") if self.peak < _SILENT_PEAK else ("very quiet", "not every note")
        text = f"is {what} (peak {peak_db:.0f} dBFS): {lost} can be found"
        if self.peak < _LOST_PEAK:
            return text
        path = Path(self.name)
        here, there = shlex.quote(path.name), shlex.quote(f"{path.stem}-louder.wav")
        gain_db = math.floor(-peak_db)
        command = f"ffmpeg -i {here} -af volume={gain_db}dB -c:a pcm_s24le {there}"
        return f"{text} at this level; raise it first, with `{command}`"
