"""A sampled piano: real single notes, transposed a little, played softer and louder, damped when the key is let go.

What comes in: a folder of single notes named by their keys (see `pianolab.data`) and Notes to play. What comes out:
sound with labels as true as the onsets of the single notes. Rendered partials teach a network the rules of a piano;
recorded ones teach it hammers, wood and strings that obey no rule.
"""

from functools import lru_cache

import numpy as np
from scipy.signal import lfilter

from pianolab import sound
from pianolab.data import DatasetError, load_dataset
from pianolab.errors import printable
from pianolab.piano import DEFAULT_VELOCITY, UNDAMPED_MIDI, velocity_gain
from pianolab.sound import first_onset_s

BEFORE_S = 0.002  # of each sample, before its onset
DULL_AT_VELOCITY_1 = 0.75  # coefficient of the one-pole low-pass of the softest stroke
NEAR = 3  # semitones a sample may be transposed to give a key a second voice


class SampledPiano:
    """Plays Notes with recorded ones.

    Parameters
    ----------
    folder : path
        Single notes named by their keys.
    sr : int
        Hz.

    Raises
    ------
    DatasetError
        If the folder holds no such notes.
    """

    def __init__(self, folder, *, sr):
        self.sr = sr
        self._samples = {}
        for recording in load_dataset(folder):
            if recording.key is None:
                continue
            y, rate = recording.load(duration_s=12.0)
            y = sound.resample(y, sr=rate, target_sr=sr)
            start = max(0, round((first_onset_s(y, sr=sr) - BEFORE_S) * sr))
            self._samples[recording.key] = y[start:] / max(np.max(np.abs(y)), 1e-6)
        if not self._samples:
            raise DatasetError(f"{printable(folder)} holds no single notes: name them by their keys (A0.ogg, C#4.wav)")
        self._tone = lru_cache(maxsize=512)(self._transposed)

    def _transposed(self, midi, source):
        rate = round(self.sr * 2.0 ** ((source - midi) / 12.0))
        return sound.resample(self._samples[source], sr=self.sr, target_sr=rate)

    def render(self, notes, *, rng, tail_s=1.0):
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
            tone = self._tone(midi, nearest[0] if far else nearest[int(rng.random() < 0.4)])
            start = max(0, round((onset - BEFORE_S) * self.sr))
            tone = tone[: n - start] * np.float32(0.3 * velocity_gain(velocity))
            if midi < UNDAMPED_MIDI:
                held = round((offset - onset) * self.sr)
                fade = np.exp(-np.maximum(np.arange(len(tone)) - held, 0) / (release_s * self.sr))
                tone = (tone * fade)[: held + round(8 * release_s * self.sr)]
            dull = DULL_AT_VELOCITY_1 * max(0.0, 1.0 - velocity / 90.0)
            y[start : start + len(tone)] += lfilter([1.0 - dull], [1.0, -dull], tone).astype(np.float32)
        return y
