"""Detectors for tests of the machinery around detectors: quick, and bad in known ways.

They are used as ``toy_detectors.py:Loudest`` and so on, the way a user's own file is.
"""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from pianolab.detector import Detector
from pianolab.frames import frames_of, levels_db
from pianolab.roll import Salience
from pianolab.units import N_KEYS, key_hz


class Loudest(Detector):
    """The key whose fundamental is the loudest bin: right for sines. Writes a line to ``log`` whenever it is used."""

    summary = "loudest bin"
    sr, frame_length, hop_length = 8000, 2048, 128

    def __init__(self, *, log: str = "", scale: float = 1.0):
        self.log, self.scale = log, scale
        hz = np.fft.rfftfreq(self.frame_length, 1 / self.sr)
        self._bins = np.array([np.argmin(np.abs(hz - f0)) for f0 in key_hz()])

    def reset(self):
        if self.log:
            with open(self.log, "a", encoding="utf-8") as file:
                file.write("heard\n")

    def process(self, span):
        frames = frames_of(span)
        spectrum = np.abs(np.fft.rfft(frames * np.hanning(self.frame_length), axis=1))[:, self._bins]
        best = np.argmax(spectrum, axis=1)
        strength = np.zeros((len(frames), N_KEYS))
        level_db = 20 * np.log10(np.sqrt(np.mean(frames**2, axis=1)) + 1e-9)
        strength[np.arange(len(best)), best] = self.scale * (level_db > -50)
        return Salience(span.times, strength, np.full_like(strength, np.nan), level_db)


class Pedalled(Loudest):
    """Takes the sustain pedal for down while anything sounds."""

    def process(self, span):
        middle = frames_of(span)[:, 960:1088]  # 16 ms
        sounds = np.sqrt(np.mean(middle**2, axis=1)) > 0.01
        return replace(super().process(span), pedal=np.where(sounds, 0.9, 0.1))


class Slow(Loudest):
    """Takes ``wait_s`` for each recording."""

    def __init__(self, *, log: str = "", wait_s: float = 0.3):
        super().__init__(log=log)
        self.wait_s = wait_s

    def flush(self):
        time.sleep(self.wait_s)
        return super().flush()


class DiesOnce(Loudest):
    """Kills its own process the first time (when there is no file ``flag`` yet)."""

    def __init__(self, *, flag: str):
        super().__init__()
        self.flag = flag

    def process(self, span):
        if not Path(self.flag).exists():
            Path(self.flag).touch()
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))  # Windows has no SIGKILL
        return super().process(span)


class DiesOnLowNotes(Loudest):
    """Ends its process without a word when it hears something below C2."""

    def process(self, span):
        salience = super().process(span)
        if np.any(salience.strength[:, :15] > 0):
            os._exit(1)
        return salience


class Raises(Loudest):
    """A fault in the detector."""

    def process(self, span):
        raise ZeroDivisionError("no frames today")


class CannotStart(Loudest):
    """Lacks something."""

    def __init__(self, *, size: int = 1):
        raise RuntimeError("the model file is gone")


class OneThread(Loudest):
    """Insists on what the pool promises."""

    def process(self, span):
        if os.environ.get("OMP_NUM_THREADS") != "1" or os.environ.get("NUMBA_NUM_THREADS") != "1":
            raise RuntimeError("more than one thread")
        return super().process(span)


class Chords(Loudest):
    """Says that it can hear several notes."""

    polyphonic = True


class Late(Detector):
    """Answers middle C from exactly ``n_rows`` frames of 10 ms after the sound began, and says that 20 ms are usual."""

    summary = "late by a known time"
    sr, frame_length, hop_length, lookahead = 8000, 80, 80, 80
    onset_delay_s = 0.02

    def __init__(self, *, n_rows: int = 0):
        self.n_rows = n_rows

    def reset(self):
        self._owed = np.zeros(self.n_rows)

    def process(self, span):
        level_db = levels_db(frames_of(span))
        sounds = np.concatenate([self._owed, level_db > -50])
        self._owed = sounds[len(level_db) :]
        strength = np.zeros((len(level_db), N_KEYS))
        strength[:, 39] = sounds[: len(level_db)]
        loud_db = np.full(len(level_db), -6.0)  # the tracker would not believe late rows that are silent
        return Salience(span.times, strength, np.full_like(strength, np.nan), loud_db)
