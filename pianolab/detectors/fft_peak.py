"""FFT peaks: which key's partials are the peaks of the spectrum?

What comes in: frames of samples. What comes out: in each frame at most one key, its frequency in Hz and how much of
the spectrum its partials explain.
"""

from typing import Literal

import numpy as np

from pianolab import spectrum
from pianolab.detector import Detector, DetectorError
from pianolab.frames import frames_of
from pianolab.roll import Salience
from pianolab.units import MIDI_LOW, key_hz

DETUNINGS = (-30.0, -15.0, 0.0, 15.0, 30.0)  # cents


def comb_templates(bin_hz, *, width_hz, n_partials=16, detunings=DETUNINGS):
    """Templates of every key and detuning: +1 / sqrt(n) at partial n, half of it taken off halfway to its neighbours.

    Returns
    -------
    (88 * len(detunings), len(bin_hz)) float32
    """
    rows = []
    for key, f0 in enumerate(key_hz()):
        b = spectrum.inharmonicity(key + MIDI_LOW)
        for cents in detunings:
            row = np.zeros(len(bin_hz))
            for n in range(1, n_partials + 1):
                at = f0 * 2.0 ** (cents / 1200.0) * spectrum.partial_ratios(n, b)
                if at + width_hz >= bin_hz[-1]:
                    break
                row += np.maximum(1.0 - np.abs(bin_hz - at) / width_hz, 0.0) / np.sqrt(n)
                for side in (-0.5, 0.5):
                    between = f0 * 2.0 ** (cents / 1200.0) * spectrum.partial_ratios(n + side, b)
                    row -= 0.5 * np.maximum(1.0 - np.abs(bin_hz - between) / width_hz, 0.0) / np.sqrt(n)
            rows.append(row / np.sqrt(np.sum(row**2)))
    return np.array(rows, dtype=np.float32)


class FftPeak(Detector):
    """Peaks of the spectrum matched with each key's partials."""

    name = "fft_peak"
    summary = "FFT peaks matched with each key's inharmonic partials"

    def __init__(
        self,
        *,
        preset: Literal["piano", "textbook"] = "piano",
        frame_length: int = 8192,
        hop_length: int = 512,
        n_partials: int = 16,
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
        self._bin_hz = np.arange(frame_length // 2 + 1) * self.sr / frame_length
        templates = comb_templates(self._bin_hz, width_hz=2.0 * self.sr / frame_length, n_partials=n_partials)
        self._comb = spectrum.Comb(templates)

    def process(self, span):
        frames = frames_of(span)
        x = np.sqrt(spectrum.magnitudes(frames, self._window))
        scores = self._comb(x) / np.maximum(np.sqrt(np.sum(x**2, axis=1, keepdims=True)), 1e-9)
        best = np.argmax(scores, axis=1)
        strength = np.clip(2.0 * scores[np.arange(len(best)), best], 0.0, 1.0)
        level_db = spectrum.level_db(frames)
        key = np.where((strength > 0) & np.isfinite(level_db), best // len(DETUNINGS), -1)
        hz = key_hz()[key] * 2.0 ** (np.array(DETUNINGS)[best % len(DETUNINGS)] / 1200.0)
        strengths, key_hz_ = spectrum.one_key_a_row(key, strength, hz)
        return Salience(span.times, strengths, key_hz_, level_db, onset=spectrum.centre_flux(span, self._short))
