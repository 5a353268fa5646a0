"""Constant-Q: a spectrum with the same number of bins in every semitone, as a keyboard divides pitch.

What comes in: frames of samples. What comes out: in each frame at most one key, its frequency in Hz and how certain
it is. In a constant-Q spectrum the partials of every key make the same pattern (an octave, a twelfth, two octaves
above ...), only shifted along the keyboard; stiff strings stretch it a little. The textbook takes the strongest bin
for the note (Brown, JASA 89, 1991); the piano version weighs the pattern of harmonics at every key.
"""

import typing
from typing import Literal

import numpy as np
import scipy.fft
from numba import njit

from pianolab.detector import Detector
from pianolab.dsp import spectrum
from pianolab.roll import Salience
from pianolab.units import key_hz

BINS_PER_OCTAVE = 36  # three a semitone, as most published front ends for transcription have
SMALLEST_KERNEL = 0.0054  # of its peak: smaller values are left out (Brown & Puckette, JASA 92, 1992)
TEXTBOOK_BINS_PER_OCTAVE = 12
TEXTBOOK_Q = 1.0 / (2.0 ** (1.0 / TEXTBOOK_BINS_PER_OCTAVE) - 1.0)


def bin_frequencies(first_hz, top_hz, *, bins_per_octave):
    """Geometric frequencies from ``first_hz`` up to ``top_hz``, Hz (Brown 1991, eq. 1)."""
    n = int(np.floor(bins_per_octave * np.log2(top_hz / first_hz))) + 1
    return first_hz * 2.0 ** (np.arange(n) / bins_per_octave)


def band_kernel(cq_hz, *, bin_step_hz, n_bins, bins_per_octave):
    """Rows that gather FFT power into constant-Q bins: raised cosines, as wide as Q asks or as the FFT resolves.

    Returns
    -------
    (len(cq_hz), n_bins) float32, rows of unit sum
    """
    half_hz = np.maximum(cq_hz * (2.0 ** (1.0 / bins_per_octave) - 1.0), bin_step_hz)
    distance = np.abs(np.arange(n_bins) * bin_step_hz - cq_hz[:, None]) / half_hz[:, None]
    rows = 0.5 + 0.5 * np.cos(np.pi * np.minimum(distance, 1.0))
    return (rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)


def spectral_kernel(cq_hz, *, q, sr, frame_length):
    """The constant-Q transform as sparse rows on the FFT of a frame: a Hann window of Q periods on each frequency.

    The kernels sit in the middle of the frame, so that their spectra are real (Brown & Puckette 1992, eq. 5).

    Parameters
    ----------
    cq_hz : (n,) array
        Hz.
    q : float
        Periods a window holds.
    sr, frame_length : int

    Returns
    -------
    (n, frame_length // 2 + 1) float32
    """
    offset = np.arange(frame_length) - frame_length // 2
    rows = np.empty((len(cq_hz), frame_length // 2 + 1), np.float32)
    for row, hz in zip(rows, cq_hz, strict=True):
        length = q * sr / hz
        window = np.where(np.abs(offset) < length / 2, 0.5 + 0.5 * np.cos(2.0 * np.pi * offset / length), 0.0)
        atom = window / window.sum() * np.exp(2j * np.pi * hz / sr * offset)
        transformed = np.fft.fft(np.fft.ifftshift(atom))[: len(row)].real * 2.0 / frame_length
        row[:] = np.where(np.abs(transformed) < SMALLEST_KERNEL * transformed.max(), 0.0, transformed)
    rows[:, 1::2] *= -1.0  # the frame starts half its length before its middle
    return rows


def harmonic_patterns(keys, cq_hz, *, n_harmonics, negative, cents, inharmonic, stretched):
    """Weights of the constant-Q bins for every key and detuning: 1 / sqrt(n) at harmonic n, gaps between harmonics.

    A gap lies halfway between two harmonics as long as they are more than two bins apart.

    Parameters
    ----------
    keys : sequence of int
    cq_hz : (n,) array
        Frequencies of the bins, BINS_PER_OCTAVE to the octave.
    n_harmonics : int
    negative : float
        Depth of the gaps; 0 leaves them out.
    cents : (m,) array
        Detunings.
    inharmonic, stretched : bool
        Partials of a stiff string, or whole multiples; a piano's stretched tuning, or equal temperament.

    Returns
    -------
    (len(keys) * m, n) float32, the positive part of each row of unit length
    """
    b, tuned_hz = spectrum.typical_piano()
    keys = np.repeat(keys, len(cents))
    first_hz = (tuned_hz if stretched else key_hz())[keys] * 2.0 ** (np.tile(cents, len(keys) // len(cents)) / 1200.0)
    stiffness = (b[keys] if inharmonic else 0.0 * b[keys])[:, None]
    n = np.arange(1, n_harmonics + 1)
    at, below, above = (
        BINS_PER_OCTAVE * np.log2(first_hz[:, None] / cq_hz[0] * spectrum.partial_ratios(n + side, stiffness))
        for side in (0.0, -0.5, 0.5)
    )
    return _patterns(at, below, above, negative, len(cq_hz))


@njit(cache=True)
def _patterns(at, below, above, negative, n_bins):
    rows = np.zeros((len(at), n_bins), np.float32)
    for i in range(len(at)):
        for n in range(at.shape[1]):
            if at[i, n] > n_bins - 1:
                break
            weight = 1.0 / np.sqrt(n + 1.0)
            spectrum.add_triangle(rows[i], at[i, n], 1.0, weight)
            for gap in (below[i, n], above[i, n]):
                if abs(gap - at[i, n]) > 1.0:
                    spectrum.add_triangle(rows[i], gap, 1.0, -0.5 * negative * weight)
        rows[i] /= np.sqrt(np.sum(np.maximum(rows[i], 0.0) ** 2))
    return rows


CERTAINTY = {"half_at": 0.28, "width": 0.05}  # of a score: fitted on the tune recordings, with and without noise

PRESETS = {
    "piano": {
        "n_harmonics": 20,
        "negative": 0.6,
        "n_detunings": 5,
        "inharmonic": True,
        "stretched": True,
        "emphasis": 1.0,
        "floor": 0.6,
        "compress": True,
    },
    "textbook": {
        "n_harmonics": 1,
        "negative": 0.0,
        "n_detunings": 1,
        "inharmonic": False,
        "stretched": False,
        "emphasis": 0.0,
        "floor": 0.0,
        "compress": False,
    },
}


class Cqt(Detector):
    """The harmonic pattern that fits a constant-Q spectrum best.

    Parameters
    ----------
    preset : {'piano', 'textbook'}
        Where the other settings start. The piano's bins are gathered from the windows of four registers, so that the
        bass is heard within 0.2 s; the textbook's windows hold 17 periods (0.6 s of A0), and its strongest bin is
        the note.
    hop_length : int
        Samples at 44.1 kHz, a multiple of 8.
    n_harmonics : int
        Harmonics in the pattern; 1 is the strongest bin alone.
    negative : float
        Depth of the gaps between harmonics; 0 leaves them out.
    n_detunings : int
        Patterns a key, spread over 60 cents.
    inharmonic, stretched : bool
        Patterns for stiff strings; keys tuned as on a piano.
    emphasis : float
        Times the register's slope by which high harmonics are raised.
    floor : float
        Times the register's noise floor that is taken off.
    compress : bool
        Compare roots of magnitudes.
    gate : float
        Patterns that fit less well than this are no note.
    """

    name = "cqt"
    summary = "constant-Q spectrum, its bins weighted by each key's pattern of harmonics"
    onset_delay_s = spectrum.FLUX_DELAY_S
    tracking: typing.ClassVar[dict] = {"silence_db": -75.0, "release_db": 60.0}

    def __init__(
        self,
        *,
        preset: Literal["piano", "textbook"] = "piano",
        hop_length: int = 512,
        n_harmonics: int | None = None,
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
        registers = spectrum.PIANO_REGISTERS
        spectrum.refuse_odd_hop(hop_length, registers)
        self.hop_length, self._gate = hop_length, gate
        self._textbook = preset == "textbook"
        if self._textbook:
            self._set_up_textbook()
            return
        self._compress, self._stretched = use["compress"], use["stretched"]
        self._detunings = spectrum.detunings(use["n_detunings"])
        self._spectra = spectrum.Registers(registers, sr=self.sr, hop_length=hop_length)
        self.frame_length, self._lookahead = self._spectra.frame_length, spectrum.LEVEL_LENGTH
        self._parts = [self._part(i, use) for i in range(len(registers))]

    def _part(self, index, use):
        """Kernel, emphasis, floor and patterns of one register."""
        register, keys = self._spectra.registers[index], self._spectra.keys(index)
        first_hz = key_hz()[keys[0]] * 2.0 ** (-1.0 / 12.0)
        cq_hz = bin_frequencies(first_hz, register.top_hz, bins_per_octave=BINS_PER_OCTAVE)
        kernel = band_kernel(
            cq_hz,
            bin_step_hz=self._spectra.bin_step_hz[index],
            n_bins=self._spectra.n_bins[index],
            bins_per_octave=BINS_PER_OCTAVE,
        )
        names = ("n_harmonics", "negative", "inharmonic", "stretched")
        patterns = harmonic_patterns(keys, cq_hz, cents=self._detunings, **{name: use[name] for name in names})
        emphasis = ((cq_hz / 1000.0) ** (register.slope * use["emphasis"])).astype(np.float32)
        return spectrum.Comb(kernel), emphasis, register.floor * use["floor"], spectrum.Comb(patterns)

    def _set_up_textbook(self):
        cq_hz = bin_frequencies(key_hz()[0], key_hz()[-1] * 1.001, bins_per_octave=TEXTBOOK_BINS_PER_OCTAVE)
        self.frame_length = 2 ** int(np.ceil(np.log2(TEXTBOOK_Q * self.sr / cq_hz[0])))
        self._lookahead = self.frame_length // 2
        kernel = spectral_kernel(cq_hz, q=TEXTBOOK_Q, sr=self.sr, frame_length=self.frame_length)
        self._kernel = spectrum.Comb(kernel)

    @property
    def lookahead(self):
        return self._lookahead

    def process(self, span):
        near = span.samples[: len(span.samples) - self.lookahead + spectrum.LEVEL_LENGTH]
        level_db = spectrum.level_db(near, span.n_frames, self.hop_length, spectrum.LEVEL_LENGTH)
        onset = spectrum.onset_flux(near, n_frames=span.n_frames, hop_length=self.hop_length)
        key, hz, score = self._strongest_bin(span) if self._textbook else self._best_pattern(span)
        key = np.where(np.isfinite(level_db) & (score >= self._gate), key, -1)
        strength, measured_hz = spectrum.one_key_a_row(key, spectrum.certainty(score, **CERTAINTY), hz)
        return Salience(span.times, strength, measured_hz, level_db, onset=onset)

    def _strongest_bin(self, span):
        frames = spectrum.newest(
            span.samples, n_frames=span.n_frames, length=self.frame_length, hop_length=self.hop_length
        )
        transformed = scipy.fft.rfft(frames, axis=1)
        real, imaginary = (self._kernel(np.ascontiguousarray(part)) for part in (transformed.real, transformed.imag))
        key = np.argmax(real**2 + imaginary**2, axis=1)
        return key, key_hz()[key], np.ones(len(key), np.float32)

    def _best_pattern(self, span):
        powers = self._spectra.powers(span.samples, span.n_frames)
        made = [
            spectrum.compressed(kernel(power), emphasis, floor, self._compress)
            for power, (kernel, emphasis, floor, _) in zip(powers, self._parts, strict=True)
        ]
        vectors, tonal = zip(*made, strict=True)
        patterns = [part[-1] for part in self._parts]
        return self._spectra.best_key(powers, vectors, tonal, patterns, self._detunings, stretched=self._stretched)
