"""A sampled piano: recorded single notes, played as Notes say, with pedal.

What comes in: a folder of single notes (see `pianolab.piano.samples`), Notes to play, and when the sustain pedal is
down. What comes out: sound with labels as true as the onsets of the single notes. Rendered partials teach a network the
rules of a piano; recorded ones teach it hammers, wood and strings that obey no rule.

A stroke is the recording of its key, or of one a few semitones away at another speed, from the layer that was struck
about as hard. It is made as bright and as loud as its velocity asks: the level has no step where layers meet. It is
damped when the key and the pedal are up, or when the key is struck again. While the pedal is down all strings are free,
and sing along quietly.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.signal import oaconvolve, sosfilt

from pianolab import sound
from pianolab.errors import printable
from pianolab.labels.pedal import merged, struck_again_s, sustain
from pianolab.piano.instruments import DEFAULT_VELOCITY, NEPER, PIANOS, PianoError, at_key
from pianolab.piano.loudness import Levels, level_at, level_curve, tilt
from pianolab.piano.rendering import LONGEST_S, PEAK_LIMIT, UNDAMPED_MIDI, checked_rate, refuse_unplayable
from pianolab.piano.samples import SingleNote, list_single_notes
from pianolab.roll import Notes
from pianolab.units import A4_HZ, MIDI_HIGH, MIDI_LOW, N_KEYS, cents_between, note_name

BEFORE_S = 0.002  # Each sample begins this long before its onset,
RISE_S = 0.001  # and comes in over this much of that time.
BRIGHT_VELOCITY = 90.0  # A sample of which nobody knows how hard it was struck stands here.
FARTHEST = 3  # No recording is moved by more semitones than this. Many sets have every third key.
NEAR = 2  # The second nearest sample is used as well where it is this many semitones away at most.
SECOND_SHARE = 0.4  # That sample speaks for so many of the strokes.
LOUDNESS_S = 0.2  # The loudness of a stroke is measured over so long from its onset.
OVER_DB = 75.0  # A sample is over when it is so far below its loudest part,
ENDING_S = 0.25  # and fades out over this time, so that a cut recording makes no click.
LONGER_S = 0.5  # A sample that is shorter than another layer of its key by this goes on with that layer's sound,
JOINT_S = 0.3  # faded over within this time.
DAMPED_DB = 80.0  # A damped string is silent when the damper took so much.
DAMPER_SPREAD = (0.6, 1.6)  # The dampers of one performance are so much slower or faster than those of the grand.
HAZE_DB = -30.0  # Energy of the strings that sing along under the pedal, against that of the strokes.
HAZE_S = 3.0  # They ring for this long,
HAZE_RISE_S = 0.03  # come in slowly,
HAZE_DAMPED_S = 0.1  # and are damped within this time when the pedal comes up.
HAZE_KEYS = 44  # Not more than so many keys are mixed into the sound of the free strings.
KEPT_TONES = 400  # So many single notes at the pitch of a key are kept for the next stroke: 0.1 GB at 16 kHz.

Samples = npt.NDArray[np.float32]


class Tone(NamedTuple):
    """A recorded note at the pitch of a key.

    Attributes
    ----------
    y : (n,) float32
    lead : float
        Samples before its onset.
    """

    y: Samples
    lead: float


class Stroke(NamedTuple):
    """What is played: a key that is struck, and damped.

    Attributes
    ----------
    onset_s, damped_s : float
    midi : int
    velocity : float
    """

    onset_s: float
    damped_s: float
    midi: int
    velocity: float


class SampledPiano:
    """Plays Notes with recorded ones.

    Parameters
    ----------
    folder : str or Path
        Single notes named by their keys, or any with an index.json.
    sr : int
        Hz.
    levels : {'auto', 'recorded', 'smooth'}
        How loud the keys are against each other: as they were recorded, or along the smooth curve of the rendered
        grand, which is fitted to a real one. 'auto' is 'recorded' where harder layers are louder, else 'smooth'.
    second_share : float
        For so many of the strokes the second nearest sample speaks.
    microphone : str, optional
        Which one, where the index names several; the first by default.
    a4_hz : float
        All keys are moved by as much as this differs from 440 Hz.
    spread_cents : float
        Standard deviation of what each key is moved by on its own.
    haze_db : float or None
        Energy of the strings that sing along under the pedal, against that of the strokes; None for none.
    seed : int
        Draws what is particular to this piano: how each key is moved.

    Attributes
    ----------
    level_db : (128, 88) float64
        How loud each velocity of each key is, dBFS.

    Raises
    ------
    PianoError
        If the folder holds no such notes, its index is wrong, or no piano is rendered at this rate.
    AudioError
        If a file cannot be read.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        sr: int,
        levels: Levels = "auto",
        second_share: float = SECOND_SHARE,
        microphone: str | None = None,
        a4_hz: float = A4_HZ,
        spread_cents: float = 0.0,
        haze_db: float | None = HAZE_DB,
        seed: int = 0,
    ):
        self.sr = checked_rate(sr)
        self._folder, self._second_share, self._haze_db = folder, second_share, haze_db
        spread = np.random.default_rng(seed).normal(0.0, spread_cents, N_KEYS)
        self._moved_semitones = (cents_between(a4_hz, A4_HZ) + spread) / 100.0
        notes = list_single_notes(folder, microphone=microphone)
        self._layers: dict[int, list[tuple[float, SingleNote]]] = {}
        for note in notes:
            self._layers.setdefault(note.midi, []).append((_struck(note), note))
        self.level_db = level_curve(
            np.array([note.midi for note in notes]),
            np.array([_struck(note) for note in notes]),
            np.array([self._loudness_db(note) for note in notes]),
            levels=levels,
        )
        self._sample = lru_cache(maxsize=None)(self._prepared)
        self._tone = lru_cache(maxsize=KEPT_TONES)(self._transposed)
        self._resonance = lru_cache(maxsize=1)(self._free_strings)

    @property
    def keys(self) -> npt.NDArray[np.int_]:
        """MIDI numbers of the keys that can be played: those with a recorded note at most 3 semitones away."""
        every = np.arange(MIDI_LOW, MIDI_HIGH + 1)
        near = np.abs(every[:, None] - np.array(list(self._layers))).min(axis=1) <= FARTHEST
        return every[near]

    def render(
        self,
        notes: Notes,
        *,
        rng: np.random.Generator,
        pedal: npt.ArrayLike | None = None,
        tail_s: float = 1.0,
        watched: Callable[[Iterable], Iterable] = iter,
    ) -> Samples:
        """The notes as sound.

        While the pedal is down a key that was let go rings until the pedal comes up or the key is struck again.

        Parameters
        ----------
        notes : Notes
            Offsets are key releases.
        rng : numpy.random.Generator
            Draws which of two near samples speaks, and how fast the dampers are.
        pedal : (n, 2) array, optional
            Seconds when the sustain pedal goes down and up.
        tail_s : float
            Seconds after the last release.
        watched : callable
            Gets the strokes and gives them back one after the other, as ``tqdm`` does.

        Returns
        -------
        (n,) float32
            Mono, at ``sr``; turned down as a whole only if it would exceed full scale.

        Raises
        ------
        PianoError
            If a key has no recorded note near it, notes cannot be played, or the music lasts longer than an hour.
        LabelError
            If the pedal is no list of times.
        """
        refuse_unplayable(notes, tail_s)
        self._refuse_far(notes)
        down = merged([] if pedal is None else pedal)
        damped_s = np.minimum(sustain(notes, down).offset, struck_again_s(notes.onset, notes.midi))
        seconds = max(notes.offset.max(initial=0.0), damped_s.max(initial=0.0)) + tail_s
        if seconds > LONGEST_S:
            raise PianoError(f"{seconds:g} s are too long to be rendered at once: use at most {LONGEST_S} s")
        y = np.zeros(int(np.ceil(seconds * self.sr)), np.float32)
        damping = float(np.exp(rng.uniform(*np.log(DAMPER_SPREAD))))
        velocities = np.where(np.isnan(notes.velocity), DEFAULT_VELOCITY, notes.velocity)
        strokes = zip(notes.onset.tolist(), damped_s.tolist(), notes.midi.tolist(), velocities.tolist(), strict=True)
        for stroke in watched([Stroke(*values) for values in strokes]):
            self._add(stroke, y, damping, rng)
        if self._haze_db is not None and len(down) and len(notes):
            y += self._haze(y, down, self._haze_db)
        peak = np.max(np.abs(y), initial=0.0)
        return y * np.float32(PEAK_LIMIT / peak) if peak > PEAK_LIMIT else y

    def _refuse_far(self, notes: Notes) -> None:
        far = np.setdiff1d(notes.midi, self.keys)
        if len(far):
            named = ", ".join(note_name(key) for key in far[:5])
            more = f" and {len(far) - 5} more" if len(far) > 5 else ""
            raise PianoError(
                f"{printable(self._folder)} has no recorded note within {FARTHEST} semitones of {named}{more}: leave "
                "these keys out, or use another piano"
            )

    def _add(self, stroke: Stroke, y: Samples, damping: float, rng: np.random.Generator) -> None:
        """Add a stroke to the sound, with its damper."""
        source, layer = self._chosen(stroke, rng)
        whole = self._tone(stroke.midi, source, layer)
        start = round(stroke.onset_s * self.sr - whole.lead)
        held, n = round(stroke.damped_s * self.sr) - start, len(whole.y)
        db_per_s = at_key(PIANOS["grand"].damper_db_per_s, stroke.midi) * damping
        if stroke.midi < UNDAMPED_MIDI:
            n = held + round(DAMPED_DB / db_per_s * self.sr)
        tone = self._at_velocity(whole, stroke, self._layers[source][layer][0], min(n, len(y) - start))
        if stroke.midi < UNDAMPED_MIDI and held < len(tone):
            t = np.arange(len(tone) - held, dtype=np.float32) / np.float32(self.sr)
            tone[held:] *= np.exp(np.float32(-db_per_s * NEPER) * t)
        skipped = max(-start, 0)
        y[start + skipped : start + len(tone)] += tone[skipped:]

    def _at_velocity(self, whole: Tone, stroke: Stroke, recorded: float, n: int) -> Samples:
        """The first n samples of a tone, as bright and as loud as its velocity asks."""
        first = round(whole.lead)
        measured = first + round(LOUDNESS_S * self.sr)
        level_db = level_at(self.level_db, stroke.midi, stroke.velocity)
        tone = whole.y[: max(n, measured)]
        sections = tilt(stroke.midi, level_db - level_at(self.level_db, stroke.midi, recorded), sr=self.sr)
        if sections is not None:
            tone = np.asarray(sosfilt(sections, tone), np.float32)
        rms = float(np.sqrt(np.mean(np.square(tone[first:measured]))))
        return tone[:n] * np.float32(10.0 ** (level_db / 20.0) / max(rms, 1e-6))

    def _chosen(self, stroke: Stroke, rng: np.random.Generator) -> tuple[int, int]:
        """The recorded key that speaks, and which of its layers."""
        nearest = sorted(self._layers, key=lambda key: abs(key - stroke.midi))[:2]
        far = len(nearest) < 2 or abs(nearest[1] - stroke.midi) > NEAR
        source = nearest[0] if far else nearest[int(rng.random() < self._second_share)]
        layers = self._layers[source]
        return source, min(range(len(layers)), key=lambda i: abs(layers[i][0] - stroke.velocity))

    def _loudness_db(self, note: SingleNote) -> float:
        y, onset_s = note.load(sr=self.sr, duration_s=(note.onset_s or 1.0) + LOUDNESS_S)
        start = round(onset_s * self.sr)
        power = np.mean(np.square(y[start : start + round(LOUDNESS_S * self.sr)]))
        return float(10.0 * np.log10(max(power, 1e-12)))

    def _prepared(self, midi: int, layer: int) -> Samples:
        """A sample from just before its onset to where nothing of it is left."""
        y = self._cut(self._layers[midi][layer][1])
        others = [self._cut(note) for i, (_, note) in enumerate(self._layers[midi]) if i != layer]
        longest = max(others, key=len, default=y)
        if len(longest) > len(y) + LONGER_S * self.sr:
            y = _joined(y, longest, round(JOINT_S * self.sr))
        return _ended(y, sr=self.sr)

    def _cut(self, note: SingleNote) -> Samples:
        y, onset_s = note.load(sr=self.sr)
        before = round(onset_s * self.sr) - round(BEFORE_S * self.sr)
        y = np.pad(y, (max(-before, 0), 0))[max(before, 0) :].copy()
        rise = round(RISE_S * self.sr)
        y[:rise] *= np.linspace(0.0, 1.0, rise, dtype=np.float32)
        return y

    def _transposed(self, midi: int, source: int, layer: int) -> Tone:
        semitones = midi - source + self._moved_semitones[midi - MIDI_LOW]
        rate = round(self.sr * 2.0 ** (-semitones / 12.0))
        y = sound.resample(self._sample(source, layer), sr=self.sr, target_sr=rate)
        return Tone(y, round(BEFORE_S * self.sr) * rate / self.sr)

    def _free_strings(self) -> Samples:
        """What all strings together make of a click: the mixed later parts of notes of this piano."""
        rng = np.random.default_rng(0)
        keys = sorted(key for key in self._layers if key < UNDAMPED_MIDI) or sorted(self._layers)
        n = round(HAZE_S * self.sr)
        mixed = np.zeros(n, np.float32)
        for key in keys[:: -(-len(keys) // HAZE_KEYS)]:
            y = self._sample(key, len(self._layers[key]) // 2)[:n]
            mixed[: len(y)] += y * np.float32(rng.choice([-1.0, 1.0]) / max(np.sqrt(np.mean(np.square(y))), 1e-6))
        t = np.arange(n) / self.sr
        mixed *= np.minimum(t / HAZE_RISE_S, 1.0) * np.minimum((HAZE_S - t) / ENDING_S, 1.0)
        return mixed / np.sqrt(np.sum(np.square(mixed)))

    def _haze(self, y: Samples, down: npt.NDArray[np.float64], level_db: float) -> Samples:
        """The strings that sing along while the pedal is down."""
        haze, response = np.zeros_like(y), self._resonance()
        damped = round(HAZE_DAMPED_S * self.sr)
        energy = 1e-12
        for begin, end in np.minimum(np.round(down * self.sr).astype(int), len(y)):
            if end > begin:
                sung = oaconvolve(y[begin:end], response)[: end - begin + damped][: len(y) - begin]
                sung[end - begin :] *= np.linspace(1.0, 0.0, damped, dtype=np.float32)[: len(sung) - (end - begin)]
                haze[begin : begin + len(sung)] += sung
                energy += float(np.sum(np.square(y[begin:end])))
        share = 10.0 ** (level_db / 10.0) * energy / max(float(np.sum(np.square(haze))), 1e-12)
        return haze * np.float32(np.sqrt(share))


def _struck(note: SingleNote) -> float:
    return BRIGHT_VELOCITY if note.dynamic is None else 127.0 * note.dynamic


def _joined(y: Samples, longer: Samples, joint: int) -> Samples:
    """A sample that goes on with a longer one of the same key, at the level that it has at its end."""
    joint = min(joint, len(y) // 2)
    before, after = y[-joint:], longer[len(y) - joint : len(y)]
    gain = np.sqrt(np.mean(np.square(before)) / max(np.mean(np.square(after)), 1e-20))
    over = np.linspace(0.0, 1.0, joint)
    both = before * np.sqrt(1.0 - over) + after * (gain * np.sqrt(over))
    return np.concatenate([y[:-joint], both, longer[len(y) :] * gain]).astype(np.float32)


def _ended(y: Samples, *, sr: int) -> Samples:
    """A sample up to where it is over, with a fade at its end."""
    n = sr // 20
    power = np.square(y[: len(y) // n * n]).reshape(-1, n).mean(axis=1)
    heard = np.flatnonzero(power > power.max(initial=0.0) * 10.0 ** (-OVER_DB / 10.0))
    y = y[: (heard[-1] + 1) * n if len(heard) else len(y)].copy()
    ending = min(round(ENDING_S * sr), len(y) // 2)
    y[len(y) - ending :] *= np.linspace(1.0, 0.0, ending, dtype=np.float32)
    return y
