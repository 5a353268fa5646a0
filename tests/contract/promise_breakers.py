"""Detectors that break one promise each, and one that hears badly and keeps them all."""

from dataclasses import replace

import numpy as np

from pianolab.detector import Detector
from pianolab.frames import frames_of, levels_db
from pianolab.roll import Salience
from pianolab.units import N_KEYS


class AlwaysMiddleC(Detector):
    """Hears middle C whenever there is sound, and nothing else."""

    summary = "whatever sounds is middle C"
    sr, frame_length, hop_length = 8000, 512, 128

    def process(self, span):
        level_db = levels_db(frames_of(span))
        strength = np.zeros((len(level_db), N_KEYS))
        strength[:, 39] = np.clip(1.0 + level_db / 60.0, 0.0, 1.0)
        return Salience(span.times, strength, np.full_like(strength, np.nan), level_db)


class LooksAtItsBlock(AlwaysMiddleC):
    def process(self, span):
        salience = super().process(span)
        return replace(salience, strength=salience.strength / max(np.max(salience.strength), 1e-9))


class LooksAhead(AlwaysMiddleC):
    """Keeps all and answers at the end, when it knows how loud the loudest frame is."""

    def reset(self):
        self.parts = []

    def process(self, span):
        self.parts.append(super().process(span))
        return Salience.empty()

    def flush(self):
        whole = Salience.concatenate(self.parts)
        return replace(whole, strength=whole.strength / max(np.max(whole.strength, initial=0.0), 1e-9))


class Remembers(AlwaysMiddleC):
    """Fades with all that it ever heard."""

    heard = 0

    def process(self, span):
        salience = super().process(span)
        rows = self.heard + np.arange(len(salience))
        self.heard += len(salience)
        return replace(salience, strength=salience.strength * 0.99 ** rows[:, None])


class SharesItsMemory(Remembers):
    """One memory for all streams, forgotten at each reset."""

    memory = Remembers()

    def reset(self):
        self.memory.heard = 0

    def process(self, span):
        return self.memory.process(span)


class Overshoots(AlwaysMiddleC):
    def process(self, span):
        salience = super().process(span)
        return replace(salience, strength=1.5 * salience.strength)


class CountsWrong(AlwaysMiddleC):
    def process(self, span):
        salience = super().process(span)
        return salience.between(salience.times[0] + 1e-6, np.inf)


class TakesSettingsByPlace(AlwaysMiddleC):
    def __init__(self, scale=1.0):
        self.scale = scale


class TellsPowerForLevel(AlwaysMiddleC):
    def process(self, span):
        salience = super().process(span)
        return replace(salience, level_db=10.0 ** (salience.level_db / 10.0))
