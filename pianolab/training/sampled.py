"""A sampled piano: real single notes, transposed a little, played softer and louder, damped when the key is let go.

What comes in: a folder of single notes named by their keys (see `pianolab.data`) and Notes to play. What comes out:
sound with labels as true as the onsets of the single notes. Rendered partials teach a network the rules of a piano;
recorded ones teach it hammers, wood and strings that obey no rule.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from pianolab import sound
from pianolab.data import DatasetError, load_dataset
from pianolab.errors import printable
from pianolab.piano import DEFAULT_VELOCITY, UNDAMPED_MIDI, velocity_gain
from pianolab.roll import Notes
from pianolab.sound import first_onset_s

BEFORE_S = 0.002  # Each sample begins this long before its onset.
LONGEST_S = 12.0  # No more of a single note is read.
DULL_AT_VELOCITY_1 = 0.75  # Coefficient of the one-pole low-pass of the softest stroke.
BRIGHT_VELOCITY = 90.0  # From here on a stroke is not dulled.
NEAR = 3  # The second nearest sample is used as well where it is this many semitones away at most.
SECOND_SHARE = 0.4  # That sample speaks for so many of the strokes.
LEVEL = 0.3  # Peak of a stroke of velocity 127: a chord of three such strokes stays within full scale.


class SampledPiano:
    """Plays Notes with recorded ones.

    Parameters
    ----------
    folder : str or Path
        Single notes named by their keys.
    sr : int
        Hz.

    Raises
    ------
    DatasetError
        If the folder holds no such notes.
    """

    def __init__(self, folder: str | Path, *, sr: int):
        self.sr = sr
        self._samples: dict[int, npt.NDArray[np.float32]] = {}
        for recording in load_dataset(folder):
            if recording.key is None:
                continue
            y, rate = recording.load(duration_s=LONGEST_S)
            y = sound.resample(y, sr=rate, target_sr=sr)
            start = max(0, round((first_onset_s(y, sr=sr) - BEFORE_S) * sr))
            self._samples[recording.key] = y[start:] / max(np.max(np.abs(y)), 1e-6)
        if not self._samples:
            raise DatasetError(f"{printable(folder)} holds no single notes: name them by their keys (A0.ogg, C#4.wav)")
        self._tone = lru_cache(maxsize=512)(self._transposed)

    def _transposed(self, midi: int, source: int) -> npt.NDArray[np.float32]:
        rate = round(self.sr * 2.0 ** ((source - midi) / 12.0))
        return sound.resample(self._samples[source], sr=self.sr, target_sr=rate)

    def render(self, notes: Notes, *, rng: np.random.Generator, tail_s: float = 1.0) -> npt.NDArray[np.float32]:
        """The notes as sound.

        Parameters
        ----------
        notes : Notes
        rng : numpy.random.Generator
            Draws which of two near samples speaks, and the damping.
        tail_s : float
            Seconds after the last release.

        Returns
        -------
        (n,) float32
            Mono, at ``sr``.
        """
        n = int((notes.offset.max(initial=0.0) + tail_s) * self.sr)
        y = np.zeros(n, np.float32)
        release_s = float(rng.uniform(0.03, 0.15))
        velocities = np.where(np.isnan(notes.velocity), DEFAULT_VELOCITY, notes.velocity)
        for onset, offset, midi, velocity in zip(
            notes.onset, notes.offset, notes.midi.tolist(), velocities, strict=True
        ):
            nearest = sorted(self._samples, key=lambda key: abs(key - midi))[:2]
            far = len(nearest) < 2 or abs(nearest[1] - midi) > NEAR
            tone = self._tone(midi, nearest[0] if far else nearest[int(rng.random() < SECOND_SHARE)])
            start = max(0, round((onset - BEFORE_S) * self.sr))
            tone = tone[: n - start] * np.float32(LEVEL * velocity_gain(velocity))
            if midi < UNDAMPED_MIDI:
                held = round((offset - onset) * self.sr)
                fade = np.exp(-np.maximum(np.arange(len(tone)) - held, 0) / (release_s * self.sr))
                tone = (tone * fade)[: held + round(8 * release_s * self.sr)]
            dull = DULL_AT_VELOCITY_1 * max(0.0, 1.0 - velocity / BRIGHT_VELOCITY)
            y[start : start + len(tone)] += np.asarray(lfilter([1.0 - dull], [1.0, -dull], tone), np.float32)
        return y
