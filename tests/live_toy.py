"""A small detector for the tests of the live part: the key whose first four partials hold the most energy."""

from dataclasses import replace
from typing import Literal

import numpy as np
from scipy import sparse

from pianolab.detector import Detector
from pianolab.frames import frames_of
from pianolab.roll import Salience
from pianolab.units import N_KEYS, key_hz


class Toy(Detector):
    name = "toy"
    summary = "Energy at the first four partials of each key, for tests"
    tracking = {"threshold": 0.3}  # noqa: RUF012

    def __init__(self, *, floor_db: float = -50.0, window: Literal["hann", "blackman"] = "hann", weigh: bool = True):
        self.sr, self.frame_length, self.hop_length = 22050, 4096, 256
        self.floor_db, self.weigh = floor_db, weigh
        self._window = {"hann": np.hanning, "blackman": np.blackman}[window](self.frame_length).astype(np.float32)
        hz = np.arange(self.frame_length // 2 + 1) * self.sr / self.frame_length
        comb = np.zeros((N_KEYS, len(hz)), np.float32)
        for key, f0 in enumerate(key_hz()):
            for partial, weight in ((1, 1.0), (2, 0.95), (3, 0.7), (4, 0.5)):
                near = np.abs(12 * np.log2(np.maximum(hz, 1) / (partial * f0))) < 0.4
                comb[key, near] += weight if weigh else 1.0
        self._comb = sparse.csr_array(comb)  # a dense product would start a thread for every core

    def process(self, span):
        frames = frames_of(span)
        level_db = 10 * np.log10(np.mean(frames[:, 1536:2560] ** 2, axis=1) + 1e-12)
        spectrum = np.abs(np.fft.rfft(frames * self._window, axis=1)).astype(np.float32)
        comb = (self._comb @ spectrum.T).T / (np.sum(spectrum, axis=1, keepdims=True) + 1e-9)
        best = np.argmax(comb, axis=1)
        rows = np.flatnonzero(level_db > self.floor_db)
        strength, hz = np.zeros((len(frames), N_KEYS)), np.full((len(frames), N_KEYS), np.nan)
        strength[rows, best[rows]] = np.clip(comb[rows, best[rows]], 0, 1)
        hz[rows, best[rows]] = key_hz()[best[rows]]
        return Salience(span.times, strength, hz, level_db)


class Pedalled(Toy):
    """Takes the sustain pedal for down while anything sounds."""

    name = "pedalled"

    def process(self, span):
        salience = super().process(span)
        return replace(salience, pedal=np.where(salience.level_db > self.floor_db, 0.9, 0.1))
