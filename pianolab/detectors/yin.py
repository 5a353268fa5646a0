"""YIN: how far must a sound be shifted in time to match itself? That shift is one period of the note.

What comes in: frames of samples. What comes out: in each frame at most one key, its frequency in Hz and how certain
it is: the part of the frame that repeats with that period. The method is de Cheveigné and Kawahara's (JASA 111,
2002). The textbook looks for the first dip of their function below a threshold; the piano version listens to bass,
middle and treble through windows of their own and lets the deepest dip win, an octave lower only if it is deeper by a
margin; ``preset=aubio`` gives the answers of the aubio library.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from pianolab.detector import FRAME_LENGTHS, HOP_LENGTHS, Between, Detector, chosen, refuse_unheard
from pianolab.dsp.aubio_yin import AubioYin, Periods
from pianolab.dsp.compiled import njit, parabola_top
from pianolab.dsp.fitted import certainty_of
from pianolab.dsp.levels import LEVEL_LENGTH
from pianolab.dsp.one_key import STRUCK, certainty, nearest_key, one_key_a_row, one_key_salience
from pianolab.dsp.onsets import FLUX_DELAY_S, Strokes
from pianolab.dsp.periods import cumulative_mean_normalised, difference, tapered_difference
from pianolab.dsp.rates import filtered, halved, length_at_full_rate, refuse_uneven_hop
from pianolab.dsp.windowed_sinc import windowed_sinc
from pianolab.dsp.windows import newest, refuse_short_frame
from pianolab.errors import PianolabError
from pianolab.frames import Span, levels_db
from pianolab.roll import Salience
from pianolab.units import N_KEYS, key_hz


@dataclass(frozen=True)
class Band:
    """Periods from one to another frequency, sought in one window at one rate.

    Attributes
    ----------
    top_hz, bottom_hz : float
    divisor : int
        The rate is divided by it.
    length : int
        Window, samples at the divided rate.
    pass_hz : (float, float), optional
        What is heard lies between these frequencies, or below the second where the first is 0; default: everything.
    """

    top_hz: float
    bottom_hz: float
    divisor: int
    length: int
    pass_hz: tuple[float, float] | None = None


# From A#5, B3 and A0 up, through 46, 46 and 93 ms. The treble is heard between the hammer's knock and the noise. Of the
# bass the lowest partials are heard: stiff strings put the others so far off that the whole sound has no period. Chosen
# on the built-in tune notes, rendered pianos of random character and the single notes of eight real pianos together.

BANDS = (
    Band(4800.0, 950.0, 1, 2048, (900.0, 6000.0)),
    Band(950.0, 250.0, 2, 1024),
    Band(250.0, 26.0, 4, 1024, (0.0, 350.0)),
)
PASS_TAPS = 63
# From each of these frequencies up, a dip must be so much deeper than one an octave above it to win. In the highest
# octave a short note stands on a knock that sounds an octave or more below, and outlasts it.
OCTAVE_COSTS = ((27.5, 0.015), (130.8, 0.06), (523.3, 0.10), (1760.0, 0.35), (2800.0, 0.9))
# A frame of which less than this part of the energy repeats is no note.
LEAST_PERIODIC = 0.5
# The periodic part of an answer that is as often right as wrong, and how much more is needed for e : 1. Fitted on the
# tune recordings, with and without noise.
HALF_AT, CERTAINTY_WIDTH = 0.6, 0.08

# In the first frames of a stroke the note before shares the window, and both look like a third. Such frames are less
# sure. With this threshold they must go on for longer to be a note.
SURE = 0.8

# Strength of an answer in which aubio has no confidence at all: it is still its answer.
LEAST_STRENGTH = 1e-3


@dataclass(frozen=True)
class Preset:
    """The settings of Yin that a preset stands for; a threshold of None is that of aubio's method."""

    registers: bool
    frame_length: int
    threshold: float | None
    newest_first: bool
    stretched: bool


PRESETS = {
    "piano": Preset(registers=True, frame_length=4096, threshold=0.0, newest_first=True, stretched=True),
    "textbook": Preset(registers=False, frame_length=4096, threshold=0.1, newest_first=False, stretched=False),
    "aubio": Preset(registers=False, frame_length=2048, threshold=None, newest_first=False, stretched=False),
}


@njit
def first_below(row: NDArray[np.floating], threshold: float, shortest: int) -> int:
    """Lag of the first local minimum of d' below a threshold (step 4 of the paper), else of the deepest one.

    Parameters
    ----------
    row : (n_lags,) array
        d' of one frame.
    threshold : float
    shortest : int
        The first lag that is looked at.

    Returns
    -------
    int

    Examples
    --------
    >>> first_below(np.array([1.0, 0.9, 0.5, 0.09, 0.05, 0.2, 0.01, 0.3]), 0.1, 1)
    4
    """
    for tau in range(shortest, len(row) - 1):
        if row[tau] < threshold and row[tau] < row[tau + 1]:
            return tau
    return int(shortest + np.argmin(row[shortest:]))


@njit
def textbook_periods(dips: NDArray[np.float32], threshold: float, shortest: int) -> Periods:
    """Period and depth of the first dip below a threshold in each frame.

    Parameters
    ----------
    dips : (T, n_lags) float32
        d' of each frame.
    threshold, shortest
        As for ``first_below``.

    Returns
    -------
    period : (T,) float64
        Samples.
    depth : (T,) float64
        0 for a sound that repeats exactly.
    """
    period, depth = np.zeros(len(dips)), np.ones(len(dips))
    for t in range(len(dips)):
        period[t], depth[t] = parabola_top(dips[t], first_below(dips[t], threshold, shortest))
    return period, depth


@njit
def octaves_worth(hz: float, costs_from_hz: NDArray[np.float64], costs: NDArray[np.float64]) -> float:
    """What a frequency gains over the lowest one: the cost of each octave between them, summed.

    Parameters
    ----------
    hz : float
    costs_from_hz : (n,) float64
        Hz, rising: from each of these frequencies up to the next, an octave has a cost of its own.
    costs : (n,) float64
        What an octave costs from each of those frequencies up.

    Returns
    -------
    float
        Depth of a dip.
    """
    worth = 0.0
    for i in range(len(costs)):
        upper = min(hz, costs_from_hz[i + 1]) if i + 1 < len(costs) else hz
        if upper > costs_from_hz[i]:
            worth += costs[i] * np.log2(upper / costs_from_hz[i])
    return worth


@njit
def dip(row: NDArray[np.floating], tau: int) -> tuple[float, float]:
    """Place and depth of a dip of d'. The place is that of d itself: the division by its mean moves it.

    Parameters
    ----------
    row : (n_lags,) array
        d' of one frame.
    tau : int
        Lag of the lowest sample.

    Returns
    -------
    lag, depth : float
    """
    around = np.array([row[tau - 1] * tau / (tau - 1), row[tau], row[tau + 1] * tau / (tau + 1)])
    place, _ = parabola_top(around, 1)
    return tau - 1 + place, parabola_top(row, tau)[1]


@njit
def weigh_dips(
    dips: NDArray[np.float32],
    rate: float,
    band_hz: tuple[float, float],
    octave_costs: tuple[NDArray[np.float64], NDArray[np.float64]],
    won: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
) -> None:
    """Let the dips of one band compete with those of the bands before.

    Depth and place of a dip are those of the parabola through its lowest point: at short lags the samples lie too far
    apart to compare a period with its double.

    Parameters
    ----------
    dips : (T, n_lags) float32
        d' of each frame.
    rate : float
        Hz.
    band_hz : (float, float)
        The highest and the lowest frequency sought.
    octave_costs : (array, array)
        As for ``octaves_worth``.
    won : (array, array, array), each (T,) float64
        Frequency, depth and value of each frame's best dip so far: changed in place.
    """
    (top_hz, bottom_hz), (costs_from_hz, costs), (hz, depth, best) = band_hz, octave_costs, won
    shortest = max(2, int(rate / top_hz))
    longest = min(dips.shape[1] - 1, int(rate / bottom_hz) + 2)
    for t in range(len(dips)):
        row = dips[t]
        for tau in range(shortest, longest):
            if row[tau] <= row[tau - 1] and row[tau] < row[tau + 1]:
                lag, low = dip(row, tau)
                frequency, low = rate / lag, max(low, 0.0)
                if bottom_hz < frequency <= top_hz:
                    value = low - octaves_worth(frequency, costs_from_hz, costs)
                    if value < best[t]:
                        best[t], hz[t], depth[t] = value, frequency, low


class Yin(Detector):
    """The period of the waveform.

    Parameters
    ----------
    preset : {'piano', 'textbook', 'aubio'}
        Where the other settings start. ``aubio`` has aubio's window (2048), hop, tolerance, weighting and silence, and
        takes no registers, octave_cost, newest_first or stretched.
    method : {'yin', 'yinfast', 'yinfft'}
        As in aubio: the difference function of plain frames (yin and yinfast: the same function, here both by FFT), or
        of Hann-windowed ones (yinfft).
    registers : bool
        Bass, middle and treble in windows and at rates of their own, the treble freed of knock and hiss and the bass of
        high partials; or one window.
    frame_length : int
        The one window, samples at 44.1 kHz; giving it switches the registers off.
    hop_length : int
        Samples at 44.1 kHz; a multiple of 4 with registers.
    threshold : float
        From 0 to 1. The first dip below it wins, in one window: giving it switches the registers off. 0: the deepest
        one wins, an octave lower only if it is deeper by ``octave_cost``. With aubio: its tolerance.
    octave_cost : float
        Times the margins 0.015, 0.06, 0.1, 0.35 and 0.9 of bass, middle, treble, the highest octave and its upper half.
    newest_first : bool
        Compare the newest half of a window with earlier sound, not the oldest half with later sound.
    stretched : bool
        Name the key by a piano's stretched tuning, or by equal temperament.
    silence_db : float
        Frames whose newest hop is below are no note (aubio); dBFS.

    Raises
    ------
    PianolabError
        If a window is too short for A0, the hop is no multiple of 4 with registers, a threshold is to be used with
        registers, a number is of no use, or a setting changes nothing beside another.

    Examples
    --------
    A second of A4: the key and its frequency in the middle.

    >>> from pianolab.session import analyse
    >>> y = 0.1 * np.sin(2.0 * np.pi * 440.0 * np.arange(44100) / 44100)
    >>> heard = analyse(y, sr=44100, detector="yin")
    >>> int(heard.best_key[43]), round(float(heard.f0_hz[43]))
    (48, 440)
    """

    name = "yin"
    summary = "YIN: the period of the waveform; preset=aubio answers as aubio does"
    onset_delay_s = FLUX_DELAY_S
    tracking: Mapping[str, float] = {"silence_db": -75.0, "release_db": 60.0, **certainty_of("yin")}

    def __init__(
        self,
        *,
        preset: Literal["piano", "textbook", "aubio"] = "piano",
        method: Literal["yin", "yinfast", "yinfft"] = "yinfast",
        registers: bool | None = None,
        frame_length: Annotated[int, FRAME_LENGTHS] | None = None,
        hop_length: Annotated[int, HOP_LENGTHS] = 512,
        threshold: Annotated[float, Between(0, 1)] | None = None,
        octave_cost: Annotated[float, Between(0, 1000)] = 1.0,
        newest_first: bool | None = None,
        stretched: bool | None = None,
        silence_db: Annotated[float, Between(-200, 0)] = -50.0,
    ):
        if registers is None and (frame_length is not None or threshold):
            registers = False
        use = chosen(
            PRESETS,
            preset,
            registers=registers,
            frame_length=frame_length,
            threshold=threshold,
            newest_first=newest_first,
            stretched=stretched,
        )
        self._strokes = Strokes(hop_length=hop_length)
        if preset == "piano":  # The textbook hears whistles and sine waves as well.
            self.tracking = {**self.tracking, "threshold": SURE, **STRUCK}
        self._aubio, self._method, self._silence_db, self.hop_length = None, method, silence_db, hop_length
        self._newest_first, self._stretched, self._threshold = use.newest_first, use.stretched, use.threshold or 0.0
        if preset == "aubio":
            refuse_unheard(self, ("registers", "octave_cost", "newest_first", "stretched"), beside=f"preset={preset}")
            self.frame_length, self._lookahead = use.frame_length, hop_length
            self._aubio = AubioYin(
                method, sr=self.sr, frame_length=use.frame_length, hop_length=hop_length, tolerance=use.threshold
            )
            return
        if use.registers and self._threshold:
            raise PianolabError(
                f"threshold {self._threshold:g} looks for the first dip in one window: use registers=False"
            )
        if self._threshold:
            refuse_unheard(self, ["octave_cost"], beside=f"threshold={self._threshold:g}")
        if use.registers:
            refuse_unheard(self, ["frame_length"], beside="registers=True")
        self._bands = BANDS
        if not use.registers:
            refuse_short_frame(use.frame_length, key_hz()[0], sr=self.sr)
            self._bands = (Band(BANDS[0].top_hz, BANDS[-1].bottom_hz, 1, use.frame_length),)
        refuse_uneven_hop(hop_length, (band.divisor for band in self._bands))
        self._octave_costs = (
            np.array([hz for hz, _ in OCTAVE_COSTS]),
            np.array([cost for _, cost in OCTAVE_COSTS]) * octave_cost,
        )
        self._lookahead = LEVEL_LENGTH if use.registers else use.frame_length // 2
        windows = [length_at_full_rate(band.length + PASS_TAPS, band.divisor) for band in self._bands]
        self.frame_length = max(LEVEL_LENGTH + 2 * hop_length, *windows)

    @property
    def lookahead(self) -> int:
        return self._lookahead

    def reset(self) -> None:
        self._strokes.reset()

    def process(self, span: Span) -> Salience:
        if self._aubio is not None:
            return self._as_aubio(span, *self._aubio(span.samples, span.n_frames))
        hz, depth = self._deepest_dip(span) if not self._threshold else self._first_dip(span)
        key = np.where(depth < 1.0 - LEAST_PERIODIC, nearest_key(hz, stretched=self._stretched), -1)
        strength = certainty(1.0 - depth, half_at=HALF_AT, width=CERTAINTY_WIDTH)
        return one_key_salience(span, key, strength, hz, lookahead=self.lookahead, strokes=self._strokes)

    def _dips(self, samples, n_frames, band, n_lags):
        """d' of every frame in one band, (n_frames, n_lags)."""
        hop_length = self.hop_length // band.divisor
        if self._newest_first:
            needed = band.length + (n_frames - 1) * hop_length
            samples = np.ascontiguousarray(samples[len(samples) - needed :][::-1])
        function = tapered_difference if self._method == "yinfft" else difference
        d = function(samples, n_frames=n_frames, length=band.length, hop_length=hop_length, n_lags=n_lags)
        return cumulative_mean_normalised(d[::-1] if self._newest_first else d)

    def _first_dip(self, span):
        """Frequency and depth of the first dip below the threshold."""
        band = self._bands[0]
        dips = self._dips(span.samples, span.n_frames, band, band.length // 2)
        period, depth = textbook_periods(dips, self._threshold, int(self.sr / band.top_hz))
        return self.sr / np.maximum(period, 1.0), depth

    def _deepest_dip(self, span):
        """Frequency and depth of the dip that wins among all bands."""
        n_frames = span.n_frames
        hz, depth, best = np.ones(n_frames), np.ones(n_frames), np.full(n_frames, np.inf)
        rates = halved(span.samples, (band.divisor for band in self._bands))
        for band in self._bands:
            samples, rate = rates[band.divisor], self.sr / band.divisor
            if band.pass_hz:
                samples = filtered(samples, _pass_filter(band.pass_hz, rate))
            n_lags = min(band.length // 2, int(rate / band.bottom_hz) + 3)
            dips = self._dips(samples, n_frames, band, n_lags)
            weigh_dips(dips, rate, (band.top_hz, band.bottom_hz), self._octave_costs, (hz, depth, best))
        return hz, depth

    def _as_aubio(self, span, hz, depth):
        """Every frame has an answer, unless its newest hop is silent; what is off the keyboard goes to its ends."""
        hops = newest(span.samples, n_frames=span.n_frames, length=self.hop_length, hop_length=self.hop_length)
        level_db = levels_db(hops)
        low, high = key_hz()[0], key_hz()[-1]
        key = np.where(hz < low, 0, np.where(hz > high, N_KEYS - 1, nearest_key(hz, stretched=False)))
        key = np.where((hz > 0.0) & (level_db >= self._silence_db), key, -1)
        strength, measured_hz = one_key_a_row(key, np.clip(1.0 - depth, LEAST_STRENGTH, 1.0), hz)
        return Salience(span.times, strength, measured_hz, level_db)


def _pass_filter(pass_hz, rate):
    return windowed_sinc(PASS_TAPS, pass_hz[0] / rate, pass_hz[1] / rate).astype(np.float32)
