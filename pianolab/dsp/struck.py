"""Is it a piano? How surely a struck string sounds at each key, and no voice, knock or hum.

What comes in: samples at 16 kHz. What comes out: for each moment a number from 0 to 1 for each of the 88 keys.
A string that is struck starts at once, keeps its pitch, fades, and has partials where stiff strings have them. A voice
glides and swells, a knock has no partials, a hum does not fade. No single limit on any of these parts them, so a small
network has learnt both. It sees each key in the same way: the magnitudes at its partials and between them, now and
within the last 300 ms, beside the coarse shape of the whole spectrum. Its weights are learnt by
`pianolab.training.struck`. Most moments need no answer, so spectra are computed only where somebody asks.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from pianolab.dsp.combs import BINS_PER_KEY, N_BINS, Comb, log_bins
from pianolab.dsp.tuning import TYPICAL_B, partial_ratios
from pianolab.dsp.windowed_sinc import windowed_sinc
from pianolab.dsp.windows import amplitude_window, hann
from pianolab.units import N_KEYS

SR = 16000
HOP_S = 0.02
# Length of each window in seconds, and where in it its peak lies: 24, 39 and 64 ms before the newest sample.
WINDOWS = ((0.048, 0.5), (0.112, 0.65), (0.256, 0.75))
# Magnitudes far below this count as silence; a full-scale sine has 1.
FLOOR = 10.0 ** (-100.0 / 20.0)
# How many hops ago the spectra lie that are looked at together.
LAGS = (0, 1, 2, 3, 4, 5, 7, 10, 14)
# Partials that are looked at, and places between partials where a string is silent.
PARTIALS = (1, 2, 3, 4, 5, 6, 8)
GAPS = (0.5, 1.5, 2.5, 3.5, 4.5)
# Through the longer windows a partial is seen with its neighbours, a third of a semitone apart: does it stand still?
NEIGHBOURS = (-2, -1, 0, 1, 2)
# The shape of the whole spectrum is told in so many bands of each window.
N_BANDS = 14
# Before samples are left out, a filter of so many taps for each takes away what lies too high: 0.2 ms of delay.
TAPS_A_STEP = 8
# The mean of so many seconds is taken off each sample: a stream off centre looks like a bass key in the short windows.
CENTRE_S = 0.1
# So many hops are answered at once at most, which bounds the memory.
MOST_HOPS = 256
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
    hop_length, reach : int
        Samples from frame to frame, and of the longest window.
    """

    shape: tuple[int, int] = (len(WINDOWS), N_BINS)

    def __init__(self, *, sr: int = SR):
        self.sr, self.hop_length = sr, round(HOP_S * sr)
        lengths = [int(scipy.fft.next_fast_len(round(seconds * sr), real=True) or 0) for seconds, _ in WINDOWS]
        self._windows = [
            amplitude_window(hann(length, peak_at=peak_at))
            for length, (_, peak_at) in zip(lengths, WINDOWS, strict=True)
        ]
        self._combs = [Comb(log_bins(((length, 0.0),), sr=sr)) for length in lengths]
        self.reach = max(lengths)

    def __call__(self, samples: NDArray[np.float32], ends: NDArray[np.integer]) -> NDArray[np.float32]:
        """The compressed magnitudes of some frames.

        Parameters
        ----------
        samples : (n,) float32
        ends : (T,) int64
            Where each frame ends: its newest sample is the one before. At least `reach` samples must lie before it.

        Returns
        -------
        (T, 3, 294) float32
            log10(1 + magnitude / FLOOR): 0 for silence, 5 for a full-scale sine.
        """
        out = np.empty((len(ends), *self.shape), np.float32)
        for channel, (window, comb) in enumerate(zip(self._windows, self._combs, strict=True)):
            frames = np.lib.stride_tricks.sliding_window_view(samples, len(window))[ends - len(window)]
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
        y = np.asarray(y, np.float32)
        samples = np.concatenate([np.zeros(self.reach, np.float32), y])
        return self(samples, np.arange(0, len(y), self.hop_length) + self.reach + 1)


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


@lru_cache(maxsize=8)
def _input_at(sr: int) -> StruckInput:
    """The input for a rate. It remembers nothing, so all streams share it, for it takes long to make."""
    return StruckInput(sr=sr)


class Struck:
    """Hears one stream beside a detector, and tells for each of its rows where struck strings sound.

    A row is told what was heard up to the newest sample that the detector had for it, so nothing comes later. What is
    asked is computed then, and nothing else.

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
        self._input, self._places = _input_at(round(sr / self._step)), places()
        self._by_place = registers() @ self._weights["register"] + self._weights["second_bias"]
        taps = windowed_sinc(TAPS_A_STEP * self._step + 1, 0.0, 0.5 / self._step) if self._step > 1 else np.ones(1)
        self._taps = np.asarray(taps, np.float32)
        self._n_centre = round(CENTRE_S * sr)
        self.reset()

    def reset(self) -> None:
        """Forget the stream heard so far: before it there was silence."""
        self._tail = np.zeros(len(self._taps) - 1, np.float32)
        self._before = np.zeros(self._n_centre, np.float32)
        self._n_samples = 0
        reach = self._input.reach + LAGS[-1] * self._input.hop_length
        self._parts, self._first_sample, self._n_thinned = [np.zeros(reach, np.float32)], -reach, 0
        # What the first layer made of hops, and what the network said of them, as far as somebody may ask again.
        self._seen: dict[int, NDArray[np.float32]] = {}
        self._said: dict[int, NDArray[np.float32]] = {}
        self._last_hop = 0

    def push(self, y: NDArray[np.float32]) -> None:
        """Hear samples, before the detector answers for them.

        Parameters
        ----------
        y : (n,) float32
            At ``sr``.
        """
        thinned = self._thinned(self._centred(y))
        self._parts.append(thinned)
        self._n_thinned += len(thinned)

    def at(self, newest: NDArray[np.integer]) -> "StruckRows":
        """The evidence for rows of the detector, in order; what lies before the first of them is forgotten.

        Parameters
        ----------
        newest : (T,) int, T > 0
            Up to which sample, excluding it, the detector had heard for each row. A row that reaches farther than the
            sound is told the last evidence.

        Returns
        -------
        StruckRows
            To be asked before the next call.
        """
        hops = (np.asarray(newest) - 1) // (self._step * self._input.hop_length)
        hops = np.clip(hops, 0, max(0, (self._n_thinned - 1) // self._input.hop_length))
        self._forget(int(hops[0]))
        self._last_hop = int(hops[-1])
        return StruckRows(self, hops)

    def of_hop(self, hop: int) -> NDArray[np.float32]:
        """What the network says of one hop: (88,) in [0, 1]."""
        if hop not in self._said:
            hops = np.arange(hop, min(max(self._last_hop, hop) + 1, hop + MOST_HOPS))
            self._said.update(zip(hops.tolist(), self._evidence(hops), strict=True))
        return self._said[hop]

    def _forget(self, hop):
        """Let go what only hops before this one need."""
        first = hop - LAGS[-1]
        self._seen = {at: seen for at, seen in self._seen.items() if at >= first}
        self._said = {at: said for at, said in self._said.items() if at >= hop}
        keep_from = first * self._input.hop_length - self._input.reach
        while len(self._parts) > 1 and self._first_sample + len(self._parts[0]) <= keep_from:
            self._first_sample += len(self._parts.pop(0))

    def _centred(self, y):
        """The sound without the mean of what was heard lately."""
        whole = np.concatenate([self._before, y])
        self._before = whole[len(y) :]
        sums = np.cumsum(whole, dtype=np.float64)
        means = (sums[self._n_centre :] - sums[: len(y)]) / self._n_centre
        return (y - means).astype(np.float32)

    def _thinned(self, y):
        """Each second or third sample of the sound, without what lies too high for that."""
        if self._step == 1:
            return y
        whole = np.concatenate([self._tail, y])
        first = -self._n_samples % self._step
        self._n_samples += len(y)
        self._tail = whole[len(y) :]
        return np.convolve(whole, self._taps, mode="valid")[first :: self._step] if len(y) else y

    def _evidence(self, hops):
        """What the network says of hops: (T, 88)."""
        needed = hops[:, None] - np.array(LAGS)
        self._see([hop for hop in np.unique(needed).tolist() if hop not in self._seen])
        lagged = np.concatenate([[self._seen[hop] for hop in column.tolist()] for column in needed.T], axis=2)
        hidden = np.maximum(lagged @ self._weights["second"] + self._by_place, 0.0)
        told = hidden @ self._weights["third"] + self._weights["third_bias"]
        return 0.5 + 0.5 * np.tanh(0.5 * told[..., 0])

    def _see(self, hops):
        """Compute what the first layer makes of each key in some hops."""
        self._parts = [np.concatenate(self._parts)]
        for first in range(0, len(hops), MOST_HOPS):
            some = hops[first : first + MOST_HOPS]
            ends = np.array(some) * self._input.hop_length + 1 - self._first_sample
            frames = self._input(self._parts[0], np.minimum(ends, len(self._parts[0])))
            flat = np.pad(frames.reshape(len(frames), -1), ((0, 0), (0, 1)))
            at_keys = np.take(flat, self._places, axis=1) @ self._weights["first"]
            around = bands(frames) @ self._weights["around"] + self._weights["first_bias"]
            self._seen.update(zip(some, np.maximum(at_keys + around[:, None], 0.0), strict=True))


class StruckRows(Sequence):
    """Rows of evidence, each computed when it is asked for.

    Parameters
    ----------
    struck : Struck
    hops : (T,) int
        The hop that each row is told.
    """

    def __init__(self, struck: Struck, hops: NDArray[np.integer]):
        self._struck, self._hops = struck, hops.tolist()

    def __len__(self) -> int:
        return len(self._hops)

    def __getitem__(self, row):
        """The evidence of a row, (88,) float32 in [0, 1]."""
        return self._struck.of_hop(self._hops[row])
