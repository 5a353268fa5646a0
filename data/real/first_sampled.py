"""The first sampled piano of pianolab, which made the recordings of data/real; today's is `pianolab.piano.sampled`.

It stays here as it was, so that the recordings can be made again: published numbers stand on them.

What comes in: a folder of single notes, named by their keys (as `pianolab.units.key_in_name` reads them) or listed in
an index.json, Notes to play, and when the sustain pedal is down. What comes out: sound with labels as true as the
onsets of the single notes. Rendered partials teach a network the rules of a piano; recorded ones teach it hammers, wood
and strings that obey no rule.

An index.json is a list with one object a file: file, midi, onset_s, and dynamic, the velocity of its strokes from 0 to
1, or null where that is not known.
"""

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from pianolab import sound
from pianolab.errors import printable
from pianolab.labels.pedal import sustain
from pianolab.piano.instruments import DEFAULT_VELOCITY, PIANOS, PianoError, at_key, velocity_gain
from pianolab.piano.rendering import UNDAMPED_MIDI
from pianolab.roll import Notes
from pianolab.sound import first_onset_s
from pianolab.units import key_in_name

BEFORE_S = 0.002  # Each sample begins this long before its onset.
LONGEST_S = 12.0  # No more of a single note is read.
DULL_AT_VELOCITY_1 = 0.75  # Coefficient of the one-pole low-pass of the softest stroke.
BRIGHT_VELOCITY = 90.0  # From here on a stroke is not dulled, unless it is known how softly the sample was struck.
NEAR = 3  # The second nearest sample is used as well where it is this many semitones away at most.
SECOND_SHARE = 0.4  # That sample speaks for so many of the strokes.
LEVEL = 0.3  # Peak of a stroke of velocity 127: a chord of three such strokes stays within full scale.
LOUDNESS_S = 0.2  # The loudness of a sample is measured over so long from its onset.

Samples = npt.NDArray[np.float32]


class Sample(NamedTuple):
    """A recorded note, from just before its onset; the velocity from which on it is not dulled, and at which it stands.

    Attributes
    ----------
    y : (n,) float32
    velocity : float
    """

    y: Samples
    velocity: float


class SampledPiano:
    """Plays Notes with recorded ones.

    Parameters
    ----------
    folder : str or Path
        Single notes named by their keys, or any with an index.json.
    sr : int
        Hz.
    levels : {'peak', 'recorded', 'smooth'}
        How loud the keys are against each other: every sample has the same peak, they are as they were recorded, or
        they follow the smooth curve of the rendered grand, which is fitted to a real one.
    second_share : float
        For so many of the strokes the second nearest sample speaks.

    Raises
    ------
    PianoError
        If the folder holds no such notes.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        sr: int,
        levels: Literal["peak", "recorded", "smooth"] = "peak",
        second_share: float = SECOND_SHARE,
    ):
        self.sr = sr
        self._second_share = second_share
        self._samples: dict[int, list[Sample]] = {}
        for key, y, rate, measured_s, velocity in _recorded(Path(folder)):
            y = sound.resample(y, sr=rate, target_sr=sr)
            onset_s = first_onset_s(y, sr=sr) if measured_s is None else measured_s
            y = y[max(0, round((onset_s - BEFORE_S) * sr)) :] / self._reference(y, key, onset_s, levels)
            self._samples.setdefault(key, []).append(Sample(y.astype(np.float32), velocity))
        if not self._samples:
            raise PianoError(f"{printable(folder)} holds no single notes: name them by their keys (A0.ogg, C#4.wav)")
        self._tone = lru_cache(maxsize=512)(self._transposed)

    def _reference(self, y: Samples, key: int, onset_s: float, levels: str) -> float:
        """What a sample is divided by."""
        if levels == "recorded":
            return 1.0
        if levels == "peak":
            return max(np.max(np.abs(y)), 1e-6)
        start = round(onset_s * self.sr)
        rms = np.sqrt(np.mean(y[start : start + round(LOUDNESS_S * self.sr)] ** 2))
        return max(rms, 1e-6) / 10.0 ** (at_key(PIANOS["grand"].level_db, key) / 20.0)

    def _transposed(self, midi: int, source: int, layer: int) -> Samples:
        rate = round(self.sr * 2.0 ** ((source - midi) / 12.0))
        return sound.resample(self._samples[source][layer].y, sr=self.sr, target_sr=rate)

    def render(
        self,
        notes: Notes,
        *,
        rng: np.random.Generator,
        pedal: npt.ArrayLike | None = None,
        tail_s: float = 1.0,
    ) -> Samples:
        """The notes as sound.

        While the pedal is down a key that was let go rings until the pedal comes up or the key is struck again.

        Parameters
        ----------
        notes : Notes
            Offsets are key releases.
        rng : numpy.random.Generator
            Draws which of two near samples speaks, and the damping.
        pedal : (n, 2) array, optional
            Seconds when the sustain pedal goes down and up.
        tail_s : float
            Seconds after the last release.

        Returns
        -------
        (n,) float32
            Mono, at ``sr``.
        """
        damped_s = notes.offset if pedal is None else sustain(notes, pedal).offset
        n = int((damped_s.max(initial=0.0) + tail_s) * self.sr)
        y = np.zeros(n, np.float32)
        release_s = float(rng.uniform(0.03, 0.15))
        velocities = np.where(np.isnan(notes.velocity), DEFAULT_VELOCITY, notes.velocity)
        struck = zip(notes.onset, damped_s, notes.midi.tolist(), velocities, strict=True)
        for onset, damped, midi, velocity in struck:
            tone, dull = self._stroke(midi, velocity, rng)
            start = max(0, round((onset - BEFORE_S) * self.sr))
            tone = tone[: n - start] * np.float32(LEVEL * velocity_gain(velocity))
            if midi < UNDAMPED_MIDI:
                held = round((damped - onset) * self.sr)
                fade = np.exp(-np.maximum(np.arange(len(tone)) - held, 0) / (release_s * self.sr))
                tone = (tone * fade)[: held + round(8 * release_s * self.sr)]
            y[start : start + len(tone)] += np.asarray(lfilter([1.0 - dull], [1.0, -dull], tone), np.float32)
        return y

    def _stroke(self, midi: int, velocity: float, rng: np.random.Generator) -> tuple[Samples, float]:
        """The sample that speaks, at this key's pitch, and how much it is to be dulled."""
        nearest = sorted(self._samples, key=lambda key: abs(key - midi))[:2]
        far = len(nearest) < 2 or abs(nearest[1] - midi) > NEAR
        source = nearest[0] if far else nearest[int(rng.random() < self._second_share)]
        layers = self._samples[source]
        layer = min(range(len(layers)), key=lambda i: abs(layers[i].velocity - velocity))
        dull = DULL_AT_VELOCITY_1 * max(0.0, 1.0 - velocity / layers[layer].velocity)
        return self._tone(midi, source, layer), dull


def _recorded(folder: Path) -> Iterator[tuple[int, Samples, int, float | None, float]]:
    """Key, sound, Hz, onset in s if it is known, and velocity of each single note of a folder."""
    index = folder / "index.json"
    if index.is_file():
        for entry in json.loads(index.read_text(encoding="utf-8")):
            y, rate = sound.load(folder / entry["file"])
            known = entry["dynamic"] is not None
            velocity = min(127.0 * entry["dynamic"], BRIGHT_VELOCITY) if known else BRIGHT_VELOCITY
            yield entry["midi"], y, rate, entry["onset_s"], velocity
        return
    for path in sorted(folder.glob("*")):
        key = key_in_name(path.stem)
        if key is not None and path.suffix.lower() in sound.readable_suffixes():
            y, rate = sound.load(path, duration_s=LONGEST_S)
            yield key, y, rate, None, BRIGHT_VELOCITY
