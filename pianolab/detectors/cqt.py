"""Constant-Q: a spectrum with the same number of bins in every semitone, as a keyboard divides pitch.

What comes in: frames of samples. What comes out: in each frame at most one key, its frequency in Hz and how certain
it is. In a constant-Q spectrum the partials of every key make the same pattern (an octave, a twelfth, two octaves
above ...), only shifted along the keyboard; stiff strings stretch it a little. The textbook takes the strongest bin
for the note (Brown, JASA 89, 1991); the piano version weighs the pattern of harmonics at every key.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from pianolab.detector import HOP_LENGTHS, Between, Detector, chosen, parameters, refuse_unheard
from pianolab.dsp.combs import Comb, triangles
from pianolab.dsp.fitted import certainty_of
from pianolab.dsp.harmonics import BestKey, Harmonics, Lookout, partial_heights, partial_places
from pianolab.dsp.levels import LEVEL_LENGTH
from pianolab.dsp.one_key import STRUCK, certainty, one_key_salience
from pianolab.dsp.onsets import FLUX_DELAY_S, Strokes
from pianolab.dsp.rates import refuse_uneven_hop
from pianolab.dsp.registers import PIANO_REGISTERS, Registers
from pianolab.dsp.windows import newest
from pianolab.frames import Span
from pianolab.roll import Salience
from pianolab.units import key_hz

# Three a semitone, as most published front ends for transcription have.
BINS_PER_OCTAVE = 36
# Smaller values of a kernel than this part of its peak are left out (Brown & Puckette, JASA 92, 1992).
SMALLEST_KERNEL = 0.0054
TEXTBOOK_BINS_PER_OCTAVE = 12
TEXTBOOK_Q = 1.0 / (2.0 ** (1.0 / TEXTBOOK_BINS_PER_OCTAVE) - 1.0)
# The score of an answer that is as often right as wrong, and how much more is needed for e : 1. Fitted on the tune
# recordings, with and without noise.
HALF_AT, CERTAINTY_WIDTH = 0.28, 0.05

PRESETS = {
    "piano": Harmonics(
        n_partials=20,
        negative=0.6,
        n_detunings=5,
        inharmonic=True,
        stretched=True,
        emphasis=1.0,
        floor=0.6,
        compress=True,
    ),
    "textbook": Harmonics(),
}


def bin_frequencies(first_hz: float, top_hz: float, *, bins_per_octave: int) -> NDArray[np.float64]:
    """Frequencies of constant-Q bins: each the same interval above the one before (Brown 1991, eq. 1).

    Parameters
    ----------
    first_hz, top_hz : float
        Of the first bin, and the highest that the last may have.
    bins_per_octave : int

    Returns
    -------
    (n,) float64
        Hz.

    Examples
    --------
    >>> bin_frequencies(110.0, 450.0, bins_per_octave=1).tolist()
    [110.0, 220.0, 440.0]
    """
    n = int(np.floor(bins_per_octave * np.log2(top_hz / first_hz))) + 1
    return first_hz * 2.0 ** (np.arange(n) / bins_per_octave)


def band_kernel(
    cq_hz: NDArray[np.float64], *, bin_step_hz: float, n_bins: int, bins_per_octave: int
) -> NDArray[np.float32]:
    """Rows that gather FFT power into constant-Q bins: raised cosines, as wide as Q asks or as the FFT resolves.

    Parameters
    ----------
    cq_hz : (n,) array
        Frequencies of the constant-Q bins, Hz.
    bin_step_hz, n_bins : float, int
        The bins of the FFT.
    bins_per_octave : int
        Of ``cq_hz``.

    Returns
    -------
    (n, n_bins) float32
        Each row sums to 1.
    """
    half_hz = np.maximum(cq_hz * (2.0 ** (1.0 / bins_per_octave) - 1.0), bin_step_hz)
    distance = np.abs(np.arange(n_bins) * bin_step_hz - cq_hz[:, None]) / half_hz[:, None]
    rows = 0.5 + 0.5 * np.cos(np.pi * np.minimum(distance, 1.0))
    return (rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)


def spectral_kernel(cq_hz: NDArray[np.float64], *, q: float, sr: int, frame_length: int) -> NDArray[np.float32]:
    """The constant-Q transform as sparse rows on the FFT of a frame: a Hann window of Q periods on each frequency.

    The kernels sit in the middle of the frame, so that their spectra are real (Brown & Puckette 1992, eq. 5).

    Parameters
    ----------
    cq_hz : (n,) array
        Hz.
    q : float
        Periods a window holds.
    sr, frame_length : int
        Hz and samples.

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
    # The frame starts half its length before its middle, which turns every other bin round.
    rows[:, 1::2] *= -1.0
    return rows


def harmonic_patterns(
    keys: Sequence[int], harmonics: Harmonics, *, first_hz: float, n_bins: int
) -> NDArray[np.float32]:
    """Weights of the constant-Q bins for every key, stiffness and detuning: 1 / sqrt(n) at harmonic n, gaps between.

    A gap lies halfway between two harmonics as long as they are more than two bins apart.

    Parameters
    ----------
    keys : sequence of int
        Key indices.
    harmonics : Harmonics
    first_hz : float
        Frequency of the first bin.
    n_bins : int
        BINS_PER_OCTAVE to the octave.

    Returns
    -------
    (len(keys) * n_stiffnesses * n_detunings, n_bins) float32
        The positive part of each row is of unit length.
    """
    places = BINS_PER_OCTAVE * np.log2(partial_places(keys, harmonics, unit_hz=first_hz))
    own = places[:, :, :1]
    shown = (own <= n_bins - 1) & ((np.abs(places - own) > 1.0) | (np.arange(3) == 0))
    heights = np.where(shown, partial_heights(keys, harmonics), 0.0)
    n = len(places)
    return triangles(places.reshape(n, -1), heights.reshape(n, -1), np.ones(n), n_bins)


class Cqt(Detector):
    """The harmonic pattern that fits a constant-Q spectrum best.

    Parameters
    ----------
    preset : {'piano', 'textbook'}
        Where the other settings start. The piano's bins are gathered from the windows of four registers, so that the
        bass is heard within 0.2 s; the textbook's windows hold 17 periods (0.6 s of A0), and its strongest bin is
        the note: of the other settings it takes the hop and the gate alone.
    hop_length : int
        Samples at 44.1 kHz, a multiple of 8.
    n_harmonics : int
        Harmonics in the pattern.
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

    Raises
    ------
    PianolabError
        If the hop is no multiple of 8, a number is of no use, or a setting changes nothing of the textbook.

    Examples
    --------
    A second of A4: the key and its frequency in the middle.

    >>> from pianolab.session import analyse
    >>> y = 0.1 * np.sin(2.0 * np.pi * 440.0 * np.arange(44100) / 44100)
    >>> heard = analyse(y, sr=44100, detector="cqt")
    >>> int(heard.best_key[43]), round(float(heard.f0_hz[43]))
    (48, 440)
    """

    name = "cqt"
    summary = "constant-Q spectrum, its bins weighted by each key's pattern of harmonics"
    onset_delay_s = FLUX_DELAY_S
    tracking: Mapping[str, float] = {"silence_db": -75.0, "release_db": 60.0, **certainty_of("cqt")}

    def __init__(
        self,
        *,
        preset: Literal["piano", "textbook"] = "piano",
        hop_length: Annotated[int, HOP_LENGTHS] = 512,
        n_harmonics: Annotated[int, Between(1, 100)] | None = None,
        negative: Annotated[float, Between(0, 100)] | None = None,
        n_detunings: Annotated[int, Between(1, 15)] | None = None,
        inharmonic: bool | None = None,
        stretched: bool | None = None,
        emphasis: Annotated[float, Between(0, 10)] | None = None,
        floor: Annotated[float, Between(0, 1000)] | None = None,
        compress: bool | None = None,
        gate: Annotated[float, Between(0, 1)] = 0.15,
    ):
        use = chosen(
            PRESETS,
            preset,
            n_partials=n_harmonics,
            negative=negative,
            n_detunings=n_detunings,
            inharmonic=inharmonic,
            stretched=stretched,
            emphasis=emphasis,
            floor=floor,
            compress=compress,
        )
        refuse_uneven_hop(hop_length, (register.divisor for register in PIANO_REGISTERS))
        if preset == "piano":  # The textbook hears whistles and sine waves as well.
            self.tracking = {**self.tracking, **STRUCK}
        self.hop_length, self._gate = hop_length, gate
        self._strokes = Strokes(hop_length=hop_length)
        if preset == "textbook":
            refuse_unheard(self, parameters(Cqt).keys() - {"preset", "hop_length", "gate"}, beside=f"preset={preset}")
            self._find = StrongestBin(sr=self.sr, hop_length=hop_length)
            self.frame_length = self._find.frame_length
            self._lookahead = self.frame_length // 2
        else:
            spectra = Registers(PIANO_REGISTERS, sr=self.sr, hop_length=hop_length)
            lookouts = [_lookout(spectra, index, use) for index in range(len(spectra.registers))]
            self._find = BestKey(spectra, lookouts, use)
            self.frame_length, self._lookahead = spectra.frame_length, LEVEL_LENGTH

    @property
    def lookahead(self) -> int:
        return self._lookahead

    def reset(self) -> None:
        self._strokes.reset()

    def process(self, span: Span) -> Salience:
        key, hz, score = self._find(span.samples, span.n_frames)
        key = np.where(score >= self._gate, key, -1)
        strength = certainty(score, half_at=HALF_AT, width=CERTAINTY_WIDTH)
        return one_key_salience(span, key, strength, hz, lookahead=self.lookahead, strokes=self._strokes)


class StrongestBin:
    """The textbook's answer: the key of the strongest bin of a constant-Q transform, one bin a semitone.

    Parameters
    ----------
    sr, hop_length : int
        Hz and samples.

    Attributes
    ----------
    frame_length : int
        Samples: a power of 2 that holds 17 periods of A0.
    """

    def __init__(self, *, sr: int, hop_length: int):
        cq_hz = bin_frequencies(key_hz()[0], key_hz()[-1] * 1.001, bins_per_octave=TEXTBOOK_BINS_PER_OCTAVE)
        self.hop_length, self.frame_length = hop_length, 2 ** int(np.ceil(np.log2(TEXTBOOK_Q * sr / cq_hz[0])))
        self._kernel = Comb(spectral_kernel(cq_hz, q=TEXTBOOK_Q, sr=sr, frame_length=self.frame_length))

    def __call__(
        self, samples: NDArray[np.float32], n_frames: int
    ) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float32]]:
        """The key of each frame, its equal-tempered frequency, and 1 as its score.

        Parameters
        ----------
        samples : (n,) float32
            The last frame ends with the last sample.
        n_frames : int

        Returns
        -------
        key : (n_frames,) int
        hz : (n_frames,) float64
        score : (n_frames,) float32
        """
        frames = newest(samples, n_frames=n_frames, length=self.frame_length, hop_length=self.hop_length)
        transformed = np.asarray(scipy.fft.rfft(frames, axis=1), np.complex64)
        real, imaginary = (self._kernel(np.ascontiguousarray(part)) for part in (transformed.real, transformed.imag))
        key = np.argmax(real**2 + imaginary**2, axis=1)
        return key, key_hz()[key], np.ones(len(key), np.float32)


def _lookout(spectra, index, use):
    register, keys = spectra.registers[index], spectra.keys(index)
    # The bins begin a semitone below the register's lowest key.
    first_hz = key_hz()[keys[0]] * 2.0 ** (-1.0 / 12.0)
    cq_hz = bin_frequencies(first_hz, register.top_hz, bins_per_octave=BINS_PER_OCTAVE)
    kernel = band_kernel(
        cq_hz,
        bin_step_hz=spectra.bin_step_hz[index],
        n_bins=spectra.n_bins[index],
        bins_per_octave=BINS_PER_OCTAVE,
    )
    emphasis = ((cq_hz / 1000.0) ** (register.slope * use.emphasis)).astype(np.float32)
    patterns = harmonic_patterns(keys, use, first_hz=cq_hz[0], n_bins=len(cq_hz))
    return Lookout(emphasis, register.floor * use.floor, Comb(patterns), Comb(kernel))
