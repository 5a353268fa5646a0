"""FFT peaks: which key's partials are the peaks of the spectrum?

What comes in: frames of samples. What comes out: in each frame at most one key, its frequency in Hz and how certain
it is. The textbook takes the highest peak of the spectrum for the note; on a piano that is often the wrong partial
(in the lowest octave always). The piano version asks of every key how well a comb of teeth at its partials, with
gaps between them, fits the spectrum: SWIPE's idea (Camacho & Harris, JASA 124, 2008) with a piano's stiff strings.
"""

import typing
from typing import Literal

import numpy as np
from numba import njit

from pianolab.detector import Detector
from pianolab.dsp import spectrum
from pianolab.roll import Salience
from pianolab.units import key_hz

TOOTH_BINS = 1.9  # half the width of a tooth: a Hann window's main lobe is 2 bins either way


def comb_templates(keys, *, bin_step_hz, n_bins, width_hz, n_partials, negative, detunings, inharmonic, stretched):
    """A comb for every key and detuning: teeth 1 / sqrt(n) high at its partials, gaps halfway between them.

    Parameters
    ----------
    keys : sequence of int
        Key indices.
    bin_step_hz, n_bins : float, int
        The bins; no teeth above the last.
    width_hz : float
        Half the width of a tooth.
    n_partials : int
    negative : float
        Depth of the gaps; 0 leaves them out.
    detunings : sequence of float
        Cents.
    inharmonic, stretched : bool
        Partials of a stiff string, or whole multiples; a piano's stretched tuning, or equal temperament.

    Returns
    -------
    (len(keys) * len(detunings), n_bins) float32, the teeth of each row of unit length
    """
    b, hz = spectrum.typical_piano()
    keys = np.repeat(keys, len(detunings))
    first_hz = (hz if stretched else key_hz())[keys] * 2.0 ** (np.tile(detunings, len(keys) // len(detunings)) / 1200.0)
    n = np.arange(1, n_partials + 1)
    at, below, above = (
        first_hz[:, None]
        / bin_step_hz
        * spectrum.partial_ratios(n + side, (b[keys] if inharmonic else 0.0 * b[keys])[:, None])
        for side in (0.0, -0.5, 0.5)
    )
    half_width = np.minimum(width_hz, first_hz / 2) / bin_step_hz
    return _combs(at, below, above, half_width, negative, n_bins)


@njit(cache=True)
def _combs(at, below, above, half_width, negative, n_bins):
    rows = np.zeros((len(at), n_bins), np.float32)
    for i in range(len(at)):
        for n in range(at.shape[1]):
            if at[i, n] + half_width[i] > n_bins - 1:
                break
            height = 1.0 / np.sqrt(n + 1.0)
            spectrum.add_triangle(rows[i], at[i, n], half_width[i], height)
            spectrum.add_triangle(rows[i], below[i, n], half_width[i], -0.5 * negative * height)
            spectrum.add_triangle(rows[i], above[i, n], half_width[i], -0.5 * negative * height)
        rows[i] /= np.sqrt(np.sum(np.maximum(rows[i], 0.0) ** 2))
    return rows


def strongest_peak(power, bin_step_hz, *, low_hz, high_hz):
    """Frequency of the highest peak of each spectrum between two frequencies, (T,) Hz: the textbook's answer."""
    low, high = int(np.ceil(low_hz / bin_step_hz)), int(high_hz / bin_step_hz)
    at = low + np.argmax(power[:, low:high], axis=1)
    a, b, c = (np.log(np.take_along_axis(power, (at + side)[:, None], 1)[:, 0] + 1e-30) for side in (-1, 0, 1))
    bend = a - 2.0 * b + c
    shift = np.where(bend < 0, 0.5 * (a - c) / np.where(bend < 0, bend, 1.0), 0.0)
    return (at + np.clip(shift, -0.5, 0.5)) * bin_step_hz


CERTAINTY = {"half_at": 0.28, "width": 0.06}  # of a score: fitted on the tune recordings, with and without noise

PRESETS = {
    "piano": {
        "registers": True,
        "n_partials": 20,
        "negative": 1.0,
        "n_detunings": 5,
        "inharmonic": True,
        "stretched": True,
        "emphasis": 1.0,
        "floor": 1.0,
        "compress": True,
        "frame_length": 8192,
    },
    "textbook": {
        "registers": False,
        "n_partials": 1,
        "negative": 0.0,
        "n_detunings": 1,
        "inharmonic": False,
        "stretched": False,
        "emphasis": 0.0,
        "floor": 0.0,
        "compress": False,
        "frame_length": 4096,
    },
}


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
        Teeth of a comb; 1 is the highest peak alone.
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
    """

    name = "fft_peak"
    summary = "FFT peaks matched with each key's inharmonic partials"
    onset_delay_s = spectrum.FLUX_DELAY_S
    tracking: typing.ClassVar[dict] = {"silence_db": -75.0, "release_db": 60.0}

    def __init__(
        self,
        *,
        preset: Literal["piano", "textbook"] = "piano",
        registers: bool | None = None,
        frame_length: int | None = None,
        hop_length: int = 512,
        n_partials: int | None = None,
        negative: float | None = None,
        n_detunings: int | None = None,
        inharmonic: bool | None = None,
        stretched: bool | None = None,
        emphasis: float | None = None,
        floor: float | None = None,
        compress: bool | None = None,
        gate: float = 0.15,
    ):
        given = {key: value for key, value in locals().items() if key in PRESETS[preset] and value is not None}
        use = {**PRESETS[preset], **given}
        if frame_length is not None and registers is None:
            use["registers"] = False
        registers = spectrum.PIANO_REGISTERS
        if not use["registers"]:
            spectrum.refuse_short_frame(use["frame_length"], key_hz()[0], sr=self.sr)
            registers = (spectrum.Register(0, 1, use["frame_length"], 0.5, 8900.0, 0.5, 2.0),)
        spectrum.refuse_odd_hop(hop_length, registers)
        self.hop_length, self._gate, self._compress = hop_length, gate, use["compress"]
        self._textbook = use["n_partials"] == 1
        self._stretched = use["stretched"]
        self._lookahead = spectrum.LEVEL_LENGTH if use["registers"] else use["frame_length"] // 2
        self._detunings = spectrum.detunings(use["n_detunings"])
        self._spectra = spectrum.Registers(registers, sr=self.sr, hop_length=hop_length)
        self.frame_length = self._spectra.frame_length
        self._emphasis = [self._spectra.emphasis(i, use["emphasis"]) for i in range(len(registers))]
        self._floors = [register.floor * use["floor"] for register in registers]
        self._combs = [self._comb(i, use) for i in range(len(registers))]

    def _comb(self, index, use):
        step_hz = self._spectra.bin_step_hz[index]
        return spectrum.Comb(
            comb_templates(
                self._spectra.keys(index),
                bin_step_hz=step_hz,
                n_bins=self._spectra.n_bins[index],
                width_hz=TOOTH_BINS * step_hz,
                detunings=self._detunings,
                **{name: use[name] for name in ("n_partials", "negative", "inharmonic", "stretched")},
            )
        )

    @property
    def lookahead(self):
        return self._lookahead

    def process(self, span):
        near = span.samples[: len(span.samples) - self.lookahead + spectrum.LEVEL_LENGTH]
        level_db = spectrum.level_db(near, span.n_frames, self.hop_length, spectrum.LEVEL_LENGTH)
        onset = spectrum.onset_flux(near, n_frames=span.n_frames, hop_length=self.hop_length)
        powers = self._spectra.powers(span.samples, span.n_frames)
        key, hz, score = self._highest_peak(powers[0]) if self._textbook else self._best_comb(powers)
        key = np.where(np.isfinite(level_db) & (score >= self._gate), key, -1)
        strength, measured_hz = spectrum.one_key_a_row(key, spectrum.certainty(score, **CERTAINTY), hz)
        return Salience(span.times, strength, measured_hz, level_db, onset=onset)

    def _highest_peak(self, power):
        low_hz, high_hz = key_hz()[0] * 2.0 ** (-1 / 24), key_hz()[-1] * 2.0 ** (1 / 24)
        hz = strongest_peak(power, self._spectra.bin_step_hz[0], low_hz=low_hz, high_hz=high_hz)
        return spectrum.nearest_key(hz, stretched=self._stretched), hz, np.ones(len(hz), np.float32)

    def _best_comb(self, powers):
        settings = zip(powers, self._emphasis, self._floors, strict=True)
        made = [spectrum.compressed(power, emphasis, floor, self._compress) for power, emphasis, floor in settings]
        vectors, tonal = zip(*made, strict=True)
        return self._spectra.best_key(powers, vectors, tonal, self._combs, self._detunings, stretched=self._stretched)
