"""Is it a piano? How surely a struck string sounds at each key, and no voice, knock or hum.

What comes in: spans of frames at 16 kHz. What comes out: for each frame a number from 0 to 1 for each of the 88 keys.
A string that is struck starts at once, keeps its pitch, fades, and has partials where stiff strings have them. A voice
glides and swells, a knock has no partials, a hum does not fade. No single limit on any of these parts them, so a small
network has learnt both. It sees each key in the same way: the magnitudes at its partials and between them, now and
within the last 180 ms, beside the coarse shape of the whole spectrum. Its weights are learnt by
`pianolab.training.struck`.
"""

from pathlib import Path

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from pianolab.dsp.combs import BINS_PER_KEY, N_BINS, Comb, log_bins
from pianolab.dsp.tuning import TYPICAL_B, partial_ratios
from pianolab.dsp.windowed_sinc import windowed_sinc
from pianolab.dsp.windows import amplitude_window, hann
from pianolab.frames import Framer, Span, frames_of
from pianolab.units import N_KEYS

SR = 16000
HOP_S = 0.02
# Length of each window in seconds, and where in it its peak lies: 24, 39 and 64 ms before the newest sample.
WINDOWS = ((0.048, 0.5), (0.112, 0.65), (0.256, 0.75))
# Magnitudes far below this count as silence; a full-scale sine has 1.
FLOOR = 10.0 ** (-100.0 / 20.0)
# How many hops ago the spectra lie that are looked at together.
LAGS = (0, 1, 2, 3, 4, 5, 7, 9)
# Partials that are looked at, and places between partials where a string is silent.
PARTIALS = (1, 2, 3, 4, 5, 6, 8)
GAPS = (0.5, 1.5, 2.5, 3.5, 4.5)
# Through the longer windows a partial is seen with its neighbours, a third of a semitone apart: does it stand still?
NEIGHBOURS = (-2, -1, 0, 1, 2)
# The shape of the whole spectrum is told in so many bands of each window.
N_BANDS = 14
# Before samples are left out, a filter of so many taps for each takes away what lies too high: 0.2 ms of delay.
TAPS_A_STEP = 8
WEIGHTS = Path(__file__).with_name("struck.npz")


class StruckInput:
    """Turns spans into what the network looks at.

    Parameters
    ----------
    sr : int
        Hz. The network is learnt at 16000; more brings nothing, and below it the highest bins are empty.

    Attributes
    ----------
    shape : tuple of int
        (3, 294): windows, bins.
    """

    shape: tuple[int, int] = (len(WINDOWS), N_BINS)

    def __init__(self, *, sr: int = SR):
        self.sr = sr
        lengths = [int(scipy.fft.next_fast_len(round(seconds * sr), real=True) or 0) for seconds, _ in WINDOWS]
        self._windows = [
            amplitude_window(hann(length, peak_at=peak_at))
            for length, (_, peak_at) in zip(lengths, WINDOWS, strict=True)
        ]
        self._combs = [Comb(log_bins(((length, 0.0),), sr=sr)) for length in lengths]

    def new_framer(self) -> Framer:
        """Cuts a stream into the frames that are wanted: each ends at its own sample.

        Returns
        -------
        Framer
        """
        frame_length = max(len(window) for window in self._windows)
        return Framer(frame_length=frame_length, hop_length=round(HOP_S * self.sr), sr=self.sr, lookahead=1)

    def __call__(self, span: Span) -> NDArray[np.float32]:
        """The compressed magnitudes of each frame.

        Parameters
        ----------
        span : pianolab.frames.Span
            Of `new_framer`.

        Returns
        -------
        (T, 3, 294) float32
            log10(1 + magnitude / FLOOR): 0 for silence, 5 for a full-scale sine.
        """
        out = np.empty((span.n_frames, *self.shape), np.float32)
        for channel, (window, comb) in enumerate(zip(self._windows, self._combs, strict=True)):
            frames = frames_of(span, length=len(window), end=span.frame_length)
            out[:, channel] = comb(np.abs(np.asarray(scipy.fft.rfft(frames * window, axis=1))))
        return np.log10(1.0 + out * np.float32(1.0 / FLOOR))

    def of(self, y: ArrayLike) -> NDArray[np.float32]:
        """The same for a whole sound.

        Parameters
        ----------
        y : (n,) float32
            At ``sr``.

        Returns
        -------
        (T, 3, 294) float32
            One row each 20 ms.
        """
        framer = self.new_framer()
        spans = [*framer.push(np.asarray(y, np.float32)), *framer.flush()]
        return np.concatenate([self(span) for span in spans]) if spans else np.empty((0, *self.shape), np.float32)


def places() -> NDArray[np.int64]:
    """Which values of a flat frame belong to each key: at its partials and between them.

    Returns
    -------
    (88, n) int64
        Indices into a frame of (3, 294) values; 882, one after the last, for a place above all bins.
    """
    numbers = np.array([*PARTIALS, *GAPS])
    bins = BINS_PER_KEY * np.arange(N_KEYS)[:, None] + 1.0
    bins = bins + 12 * BINS_PER_KEY * np.log2(partial_ratios(numbers, TYPICAL_B[:, None]))
    bins = np.rint(bins).astype(np.int64)
    partials, gaps = bins[:, : len(PARTIALS)], bins[:, len(PARTIALS) :]
    near = (partials[:, :, None] + np.array(NEIGHBOURS)).reshape(N_KEYS, -1)
    long = np.concatenate([near, gaps], axis=1)
    inside = np.concatenate([bins, long, long], axis=1)
    window = np.repeat([0, 1, 2], [bins.shape[1], long.shape[1], long.shape[1]])
    return np.where((inside >= 0) & (inside < N_BINS), window * N_BINS + inside, len(WINDOWS) * N_BINS)


def bands(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """The coarse shape of each spectrum.

    Parameters
    ----------
    frames : (T, 3, 294) float32

    Returns
    -------
    (T, 42) float32
        Means over bands of seven semitones.
    """
    return frames.reshape(len(frames), len(WINDOWS), N_BANDS, -1).mean(axis=3).reshape(len(frames), -1)


def registers() -> NDArray[np.float32]:
    """Where each key lies, as the network is told it.

    Returns
    -------
    (88, 3) float32
        Powers of the place on the keyboard, which is -1 at A0 and 1 at C8.
    """
    place = np.linspace(-1.0, 1.0, N_KEYS)
    return np.stack([place, place**2, place**3], axis=1).astype(np.float32)


class Struck:
    """Hears one stream beside a detector, and tells for each of its rows where struck strings sound.

    A row is told what was heard up to the newest sample that the detector had for it, so nothing comes later.

    Parameters
    ----------
    sr : int
        Rate of the stream, Hz. From 32 kHz on only each second (third, ...) sample is looked at, without what lies too
        high for that.
    weights : path
        An .npz file of `pianolab.training.struck`.
    """

    def __init__(self, *, sr: int, weights: str | Path = WEIGHTS):
        with np.load(weights, allow_pickle=False) as file:
            self._weights = {name: file[name] for name in file.files}
        self._step = max(1, sr // SR)
        self._input, self._places = StruckInput(sr=round(sr / self._step)), places()
        self._by_place = registers() @ self._weights["register"] + self._weights["second_bias"]
        taps = windowed_sinc(TAPS_A_STEP * self._step + 1, 0.0, 0.5 / self._step) if self._step > 1 else np.ones(1)
        self._taps = np.asarray(taps, np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget the stream heard so far: before it there was silence."""
        self._framer = self._input.new_framer()
        self._tail = np.zeros(len(self._taps) - 1, np.float32)
        self._n_samples = 0
        silence = self._seen(np.zeros((1, *StruckInput.shape), np.float32))
        self._before = np.repeat(silence, LAGS[-1], axis=0)
        self._parts, self._first_row = [np.zeros((0, N_KEYS), np.float32)], 0

    def push(self, y: NDArray[np.float32]) -> None:
        """Hear samples, before the detector answers for them.

        Parameters
        ----------
        y : (n,) float32
            At ``sr``.
        """
        self._hear(self._framer.push(self._thinned(y)))

    def flush(self) -> None:
        """Hear that the stream has ended."""
        self._hear(self._framer.flush())

    def at(self, newest: NDArray[np.integer]) -> NDArray[np.float32]:
        """The evidence for rows of the detector, in order; what lies before the first of them is forgotten.

        Parameters
        ----------
        newest : (T,) int, T > 0
            Up to which sample, excluding it, the detector had heard for each row. A row that reaches farther than the
            sound is told the last evidence.

        Returns
        -------
        (T, 88) float32
            In [0, 1].
        """
        rows = self._parts[0] if len(self._parts) == 1 else np.concatenate(self._parts)
        if not len(rows):
            return np.zeros((len(newest), N_KEYS), np.float32)
        hop = self._step * self._framer.hop_length
        index = np.clip((newest - 1) // hop - self._first_row, 0, len(rows) - 1)
        self._parts, self._first_row = [rows[index[-1] :]], self._first_row + int(index[-1])
        return rows[index]

    def _thinned(self, y):
        """Each second or third sample of the sound, without what lies too high for that."""
        if self._step == 1:
            return y
        whole = np.concatenate([self._tail, y])
        first = -self._n_samples % self._step
        self._n_samples += len(y)
        self._tail = whole[len(y) :]
        return np.convolve(whole, self._taps, mode="valid")[first :: self._step] if len(y) else y

    def _hear(self, spans):
        for span in spans:
            self._parts.append(self._evidence(self._input(span)))

    def _evidence(self, frames):
        """What the network says of frames: (T, 88)."""
        seen = np.concatenate([self._before, self._seen(frames)])
        self._before = seen[-LAGS[-1] :]
        n = len(frames)
        lagged = np.concatenate([seen[LAGS[-1] - lag : LAGS[-1] - lag + n] for lag in LAGS], axis=2)
        hidden = np.maximum(lagged @ self._weights["second"] + self._by_place, 0.0)
        told = hidden @ self._weights["third"] + self._weights["third_bias"]
        return 1.0 / (1.0 + np.exp(-told[..., 0]))

    def _seen(self, frames):
        """What the first layer makes of each key in each frame."""
        flat = np.pad(frames.reshape(len(frames), -1), ((0, 0), (0, 1)))
        at_keys = np.take(flat, self._places, axis=1) @ self._weights["first"]
        around = bands(frames) @ self._weights["around"] + self._weights["first_bias"]
        return np.maximum(at_keys + around[:, None], 0.0)
