"""Constant-Q: a spectrum with a fixed number of bins a semitone, as an ear or a keyboard divides pitch.

What comes in: frames of samples. What comes out: in each frame at most one key, its frequency in Hz and how much of
the constant-Q spectrum its harmonics explain.
"""

from typing import Literal

import numpy as np

from pianolab import spectrum
from pianolab.detector import Detector, DetectorError
from pianolab.frames import frames_of
from pianolab.roll import Salience
from pianolab.units import MIDI_LOW, N_KEYS, key_hz

BINS_PER_KEY = 3
N_BINS = (N_KEYS + 24) * BINS_PER_KEY  # two octaves above C8


def constant_q_kernel(bin_hz, *, fmin, n_bins, bins_per_octave, smallest_hz):
    """Weights that turn a magnitude spectrum into constant-Q bins: raised cosines one bin wide, at least smallest_hz.

    Returns
    -------
    (n_bins, len(bin_hz)) float32, rows of unit sum
    """
    centre = fmin * 2.0 ** (np.arange(n_bins) / bins_per_octave)
    half = np.maximum(centre * (2.0 ** (1.0 / bins_per_octave) - 1.0), smallest_hz)
    distance = np.abs(bin_hz - centre[:, None]) / half[:, None]
    rows = np.where(distance < 1, 0.5 + 0.5 * np.cos(np.pi * np.minimum(distance, 1)), 0.0)
    return (rows / np.maximum(rows.sum(axis=1, keepdims=True), 1e-9)).astype(np.float32)


def harmonic_templates(*, n_harmonics):
    """One row a key and bin within it: 1 / n at harmonic n, in log-frequency bins."""
    rows = np.zeros((N_KEYS * BINS_PER_KEY, N_BINS + 2))
    for row in range(len(rows)):
        b = spectrum.inharmonicity(row / BINS_PER_KEY + MIDI_LOW)
        for n in range(1, n_harmonics + 1):
            at = row + 12 * BINS_PER_KEY * np.log2(spectrum.partial_ratios(n, b))
            low = int(at)
            if low + 1 < N_BINS:
                rows[row, low] += (1 + low - at) * 0.8**n
                rows[row, low + 1] += (at - low) * 0.8**n
            half = row + 12 * BINS_PER_KEY * np.log2(n - 0.5)
            if 0 <= half < N_BINS:
                rows[row, round(half)] -= 0.5 * 0.8**n
    rows = rows[:, :N_BINS]
    return (rows / np.sqrt(np.sum(rows**2, axis=1, keepdims=True))).astype(np.float32)


class Cqt(Detector):
    """Harmonics weighted in a constant-Q spectrum."""

    name = "cqt"
    summary = "constant-Q spectrum with harmonic weighting"

    def __init__(
        self,
        *,
        preset: Literal["piano", "textbook"] = "piano",
        frame_length: int = 8192,
        hop_length: int = 512,
        n_harmonics: int = 12,
    ):
        if frame_length < 4096:
            raise DetectorError(
                f"frame_length {frame_length} cannot tell the partials of A0, 27.5 Hz apart, at {self.sr} Hz: "
                "use at least 4096"
            )
        self.preset = preset
        self.frame_length, self.hop_length = frame_length, hop_length
        self._window = spectrum.hann(frame_length)
        self._short = spectrum.hann(spectrum.FLUX_LENGTH)
        bin_hz = np.arange(frame_length // 2 + 1) * self.sr / frame_length
        kernel = constant_q_kernel(
            bin_hz,
            fmin=key_hz()[0] * 2.0 ** (-1.0 / 36.0),
            n_bins=N_BINS,
            bins_per_octave=12 * BINS_PER_KEY,
            smallest_hz=1.5 * self.sr / frame_length,
        )
        self._kernel = spectrum.Comb(kernel)
        self._comb = spectrum.Comb(harmonic_templates(n_harmonics=n_harmonics))

    def process(self, span):
        frames = frames_of(span)
        x = np.sqrt(self._kernel(spectrum.magnitudes(frames, self._window)))
        scores = self._comb(x) / np.maximum(np.sqrt(np.sum(x**2, axis=1, keepdims=True)), 1e-9)
        best = np.argmax(scores, axis=1)
        strength = np.clip(2.0 * scores[np.arange(len(best)), best], 0.0, 1.0)
        level_db = spectrum.level_db(frames)
        key = np.where((strength > 0) & np.isfinite(level_db), best // BINS_PER_KEY, -1)
        hz = key_hz()[0] * 2.0 ** ((best - 1) / (12 * BINS_PER_KEY))
        strengths, key_hz_ = spectrum.one_key_a_row(key, strength, hz)
        return Salience(span.times, strengths, key_hz_, level_db, onset=spectrum.centre_flux(span, self._short))
