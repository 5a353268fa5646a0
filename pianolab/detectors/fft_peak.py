"""FFT peaks: which key's partials are the peaks of the spectrum?

What comes in: frames of samples. What comes out: in each frame at most one key, its frequency in Hz and how certain
it is. The textbook takes the highest peak of the spectrum for the note; on a piano that is often the wrong partial
(in the lowest octave always). The piano version asks of every key how well a comb of teeth at its partials, with
gaps between them, fits the spectrum: SWIPE's idea (Camacho & Harris, JASA 124, 2008) with a piano's stiff strings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from pianolab.detector import FRAME_LENGTHS, HOP_LENGTHS, Between, Detector, DetectorError, chosen, refuse_unheard
from pianolab.dsp.combs import Comb, triangles
from pianolab.dsp.fitted import certainty_of
from pianolab.dsp.harmonics import BestKey, Harmonics, Lookout, first_partials_hz, partial_heights, partial_places
from pianolab.dsp.levels import LEVEL_LENGTH
from pianolab.dsp.one_key import STRUCK, certainty, nearest_key, one_key_salience
from pianolab.dsp.onsets import FLUX_DELAY_S, Strokes
from pianolab.dsp.peaks import parabola_shift
from pianolab.dsp.rates import refuse_uneven_hop
from pianolab.dsp.registers import PIANO_REGISTERS, Register, Registers
from pianolab.dsp.windows import refuse_short_frame
from pianolab.frames import Span
from pianolab.roll import Salience
from pianolab.units import key_hz

# Half the width of a tooth, in bins: the main lobe of a Hann window is 2 bins either way.
TOOTH_BINS = 1.9
# No partial of a piano lies below, Hz.
LOWEST_HZ = 20.0
# The score of an answer that is as often right as wrong, and how much more is needed for e : 1. Fitted on the tune
# recordings, with and without noise.
HALF_AT, CERTAINTY_WIDTH = 0.28, 0.06


@dataclass(frozen=True)
class Preset(Harmonics):
    """The settings of FftPeak that a preset stands for."""

    registers: bool = False
    frame_length: int = 4096


PRESETS = {
    "piano": Preset(
        n_partials=20,
        negative=1.0,
        n_detunings=5,
        inharmonic=True,
        stretched=True,
        emphasis=1.0,
        floor=1.0,
        compress=True,
        registers=True,
        frame_length=8192,
    ),
    "textbook": Preset(),
}


def comb_templates(
    keys: Sequence[int], harmonics: Harmonics, *, bin_step_hz: float, n_bins: int
) -> NDArray[np.float32]:
    """A comb for every key, stiffness and detuning: teeth 1 / sqrt(n) high at its partials, gaps halfway between them.

    Parameters
    ----------
    keys : sequence of int
        Key indices.
    harmonics : Harmonics
    bin_step_hz, n_bins : float, int
        The bins of the spectrum; no teeth above the last.

    Returns
    -------
    (len(keys) * n_stiffnesses * n_detunings, n_bins) float32
        The teeth of each row are of unit length.
    """
    places = partial_places(keys, harmonics, unit_hz=bin_step_hz)
    half_width = np.minimum(TOOTH_BINS * bin_step_hz, first_partials_hz(keys, harmonics) / 2) / bin_step_hz
    inside = places[:, :, :1] + half_width[:, None, None] <= n_bins - 1
    heights = np.where(inside, partial_heights(keys, harmonics), 0.0)
    return triangles(places.reshape(len(places), -1), heights.reshape(len(places), -1), half_width, n_bins)


def strongest_peak(
    power: NDArray[np.float32], bin_step_hz: float, *, low_hz: float, high_hz: float
) -> NDArray[np.float64]:
    """Frequency of the highest peak of each spectrum between two frequencies: the textbook's answer.

    Parameters
    ----------
    power : (T, n_bins) float32
        Squared magnitudes.
    bin_step_hz : float
        Width of a bin.
    low_hz, high_hz : float

    Returns
    -------
    (T,) float64
        Hz, read between the bins by a parabola over the logarithm of the power.
    """
    low, high = int(np.ceil(low_hz / bin_step_hz)), int(high_hz / bin_step_hz)
    at = low + np.argmax(power[:, low:high], axis=1)
    a, b, c = (np.log(np.take_along_axis(power, (at + side)[:, None], 1)[:, 0] + 1e-30) for side in (-1, 0, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(a - 2.0 * b + c < 0, parabola_shift(a, b, c), 0.0)
    return (at + np.clip(shift, -0.5, 0.5)) * bin_step_hz


class FftPeak(Detector):
    """Peaks of the spectrum, matched with each key's partials.

    Parameters
    ----------
    preset : {'piano', 'textbook'}
        Where the other settings start; the textbook is the highest peak of one spectrum.
    registers : bool
        A window for each register (186 ms up to B1, 93 ms up to B3, 46 ms up to B5, 23 ms above), or one for all.
    frame_length : int
        One window for all keys, samples at 44.1 kHz; giving it switches the registers off.
    hop_length : int
        Samples at 44.1 kHz, a multiple of 8.
    n_partials : int
        Teeth of a comb; 1 is the highest peak alone, in one window: it switches the registers off.
    negative : float
        Depth of the gaps between teeth; 0 leaves them out.
    n_detunings : int
        Templates a key, spread over 60 cents.
    inharmonic, stretched : bool
        Combs for stiff strings; keys tuned as on a piano.
    emphasis : float
        Times the register's slope by which high partials are raised.
    floor : float
        Times the register's noise floor that is taken off.
    compress : bool
        Compare roots of magnitudes.
    gate : float
        Combs that fit less well than this are no note.

    Raises
    ------
    PianolabError
        If a window is too short for A0, the hop is no multiple of 8 (of 1 with one window), a number is of no use, or
        the highest peak is to be found in registers; or if a setting changes nothing beside another.

    Examples
    --------
    A second of A4: the key and its frequency in the middle.

    >>> from pianolab.session import analyse
    >>> y = 0.1 * np.sin(2.0 * np.pi * 440.0 * np.arange(44100) / 44100)
    >>> heard = analyse(y, sr=44100, detector="fft_peak")
    >>> int(heard.best_key[43]), round(float(heard.f0_hz[43]))
    (48, 440)
    """

    name = "fft_peak"
    summary = "FFT peaks matched with each key's inharmonic partials"
    onset_delay_s = FLUX_DELAY_S
    tracking: Mapping[str, float] = {"silence_db": -75.0, "release_db": 60.0, **certainty_of("fft_peak")}

    def __init__(
        self,
        *,
        preset: Literal["piano", "textbook"] = "piano",
        registers: bool | None = None,
        frame_length: Annotated[int, FRAME_LENGTHS] | None = None,
        hop_length: Annotated[int, HOP_LENGTHS] = 512,
        n_partials: Annotated[int, Between(1, 100)] | None = None,
        negative: Annotated[float, Between(0, 100)] | None = None,
        n_detunings: Annotated[int, Between(1, 15)] | None = None,
        inharmonic: bool | None = None,
        stretched: bool | None = None,
        emphasis: Annotated[float, Between(0, 10)] | None = None,
        floor: Annotated[float, Between(0, 1000)] | None = None,
        compress: bool | None = None,
        gate: Annotated[float, Between(0, 1)] = 0.15,
    ):
        if registers is None and (frame_length is not None or n_partials == 1):
            registers = False
        use = chosen(
            PRESETS,
            preset,
            registers=registers,
            frame_length=frame_length,
            n_partials=n_partials,
            negative=negative,
            n_detunings=n_detunings,
            inharmonic=inharmonic,
            stretched=stretched,
            emphasis=emphasis,
            floor=floor,
            compress=compress,
        )
        if use.registers and use.n_partials == 1:
            raise DetectorError("n_partials 1 looks for the highest peak in one window: use registers=False")
        if use.registers:
            refuse_unheard(self, ["frame_length"], beside="registers=True")
        if use.n_partials == 1:
            combs = ("negative", "n_detunings", "inharmonic", "emphasis", "floor", "compress")
            refuse_unheard(self, combs, beside="n_partials=1")
        if preset == "piano":  # The textbook hears whistles and sine waves as well.
            self.tracking = {**self.tracking, **STRUCK}
        self.hop_length, self._gate = hop_length, gate
        self._strokes = Strokes(hop_length=hop_length)
        self._lookahead = LEVEL_LENGTH if use.registers else use.frame_length // 2
        self._spectra = _spectra(use, sr=self.sr, hop_length=hop_length)
        self.frame_length = self._spectra.frame_length
        self._textbook, self._stretched = use.n_partials == 1, use.stretched
        lookouts = [_lookout(self._spectra, index, use) for index in range(len(self._spectra.registers))]
        self._best_comb = BestKey(self._spectra, lookouts, use)

    @property
    def lookahead(self) -> int:
        return self._lookahead

    def reset(self) -> None:
        self._strokes.reset()

    def process(self, span: Span) -> Salience:
        find = self._highest_peak if self._textbook else self._best_comb
        key, hz, score = find(span.samples, span.n_frames)
        key = np.where(score >= self._gate, key, -1)
        strength = certainty(score, half_at=HALF_AT, width=CERTAINTY_WIDTH)
        return one_key_salience(span, key, strength, hz, lookahead=self.lookahead, strokes=self._strokes)

    def _highest_peak(self, samples, n_frames):
        power = self._spectra.powers(samples, n_frames)[0]
        low_hz, high_hz = key_hz()[0] * 2.0 ** (-1 / 24), key_hz()[-1] * 2.0 ** (1 / 24)
        hz = strongest_peak(power, self._spectra.bin_step_hz[0], low_hz=low_hz, high_hz=high_hz)
        return nearest_key(hz, stretched=self._stretched), hz, np.ones(len(hz), np.float32)


def _spectra(use, *, sr, hop_length):
    """The windows that are looked through: those of the piano's registers, or one."""
    registers = PIANO_REGISTERS
    if not use.registers:
        refuse_short_frame(use.frame_length, key_hz()[0], sr=sr)
        registers = (Register(0, 1, use.frame_length, 0.5, 8900.0, 0.5, 2.0),)
    refuse_uneven_hop(hop_length, (register.divisor for register in registers))
    return Registers(registers, sr=sr, hop_length=hop_length)


def _lookout(spectra, index, use):
    register, step_hz, n_bins = spectra.registers[index], spectra.bin_step_hz[index], spectra.n_bins[index]
    hz = np.arange(n_bins) * step_hz
    raised = (np.maximum(hz, LOWEST_HZ) / 1000.0) ** (register.slope * use.emphasis)
    emphasis = np.where(hz >= LOWEST_HZ, raised, 0.0).astype(np.float32)
    combs = Comb(comb_templates(spectra.keys(index), use, bin_step_hz=step_hz, n_bins=n_bins))
    return Lookout(emphasis, register.floor * use.floor, combs)
