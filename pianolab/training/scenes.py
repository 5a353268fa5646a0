"""Scenes: a minute in front of a microphone. Somebody plays the piano, perhaps while others talk; or nobody plays.

What comes in: a shelf of pianos, performances, rooms and noises, and a random number generator. What comes out: the
sound, the notes that were played in it and when the sustain pedal was down. A note begins when its sound does: what a
room or a microphone adds comes later, and nothing here moves it. The same generator gives the same scene.
"""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pianolab import sound
from pianolab.dsp.network_input import SR
from pianolab.labels.midi import Song, read_midi
from pianolab.piano import degrade, in_room, random_room, render
from pianolab.piano.espeak import VARIANTS, espeak
from pianolab.piano.noises import NOISES, mixed
from pianolab.piano.rooms import measured_room, read_response
from pianolab.piano.sampled import SampledPiano
from pianolab.piano.voices import humming, singing, speech
from pianolab.roll import Notes
from pianolab.training.augment import (
    PIECE_S,
    draw_chords,
    draw_drill,
    draw_excerpt,
    draw_held,
    draw_piano,
    top_voice,
    with_octaves,
)
from pianolab.training.sources import Shelf, microphones
from pianolab.units import MIDI_HIGH, MIDI_LOW

Samples = npt.NDArray[np.float32]

# What happens in a scene, and how often. Performances teach what music is; drills teach what music has too little of:
# fast repeats, the bass, very soft strokes. Performances with other octaves than were played teach to tell which sound
# anyway; held keys teach that what rings for seconds is still held.
SHARES = {"performance": 0.34, "octaves": 0.2, "melody": 0.06, "drill": 0.14, "held": 0.08, "nobody": 0.18}
DRILLS = {"drill": draw_drill, "chords": draw_chords, "held": draw_held}
PHYSICAL_SHARE = 0.25  # So many of the scenes are played on a piano made by rule, where the shelf has such.
PEDAL_IN_DRILLS = 0.5
BESIDE_TALK = 0.34  # So many of the scenes with a piano have people who talk or sing beside it.
WITHOUT_PEDAL = 0.15  # So many of the performances are played as if there were no pedal.
TUNING_CENTS = 30.0  # Pianos stand up to so much higher or lower than they were recorded.
SPREAD_CENTS = 2.0  # Standard deviation of the keys of a recorded piano against how they were tuned.
DIRECT_ENDS_S = 0.003  # What comes later than this in a response is the room's.
LOUDEST_DB, SOFTEST_DB = 0.0, -42.0  # Peak of a scene against full scale.
ALPHABET = ("bdfghjklmnprstvwz", "aeiou")  # Words that mean nothing are made of these.


class Scene(NamedTuple):
    """What is heard, and what was played.

    Attributes
    ----------
    y : (n,) float32
        At `pianolab.dsp.network_input.SR`.
    notes : Notes
        Offsets are releases of keys.
    pedal : (n, 2) float64
        Seconds when the sustain pedal goes down and up.
    """

    y: Samples
    notes: Notes
    pedal: npt.NDArray[np.float64]


def draw_scene(shelf: Shelf, rng: np.random.Generator, *, kind: str | None = None) -> Scene:
    """A minute of sound and what was played in it.

    Parameters
    ----------
    shelf : Shelf
        What it is made of.
    rng : numpy.random.Generator
    kind : {'performance', 'octaves', 'melody', 'drill', 'chords', 'held', 'nobody'}, optional
        What happens; drawn by SHARES if not given.

    Returns
    -------
    Scene

    Raises
    ------
    PianoError
        If espeak-ng, which speaks in many of the scenes, is not installed.
    AudioError, LabelError, DatasetError
        If a file cannot be read.
    """
    drawn = str(rng.choice(list(SHARES), p=list(SHARES.values())))
    kind = drawn if kind is None else kind
    if kind == "nobody":
        y, notes, pedal = draw_other_sounds(shelf, PIECE_S, rng), Notes([], [], []), np.zeros((0, 2))
    else:
        y, notes, pedal = _played(kind, shelf, rng)
    y = _in_a_room(y, shelf, rng)
    if kind != "nobody":
        y = _beside_others(y, shelf, rng)
    return Scene(_through_a_microphone(y, rng), notes, pedal)


# --------------------------------------------------------------------------------------------- somebody plays


def _played(kind: str, shelf: Shelf, rng: np.random.Generator) -> Scene:
    """Music on a piano, without a room."""
    notes, pedal = _music(kind, shelf, rng)
    if shelf.physical and (not shelf.pianos or rng.random() < PHYSICAL_SHARE):
        y = render(notes, sr=SR, piano=draw_piano(rng), pedal=pedal, seed=int(rng.integers(2**31)))
    else:
        folder = shelf.pianos[rng.integers(len(shelf.pianos))]
        piano = _sampled_piano(folder, rng.choice(np.array(microphones(folder), object)))
        notes = notes[np.isin(notes.midi, piano.keys)]
        y = piano.render(notes, rng=rng, pedal=pedal)
    y, ratio = degrade.detuned(y, sr=SR, ratio=2.0 ** (rng.uniform(-TUNING_CENTS, TUNING_CENTS) / 1200.0))
    n = round(PIECE_S * SR)
    notes = Notes(notes.onset / ratio, notes.offset / ratio, notes.midi, notes.velocity)
    return Scene(np.pad(y, (0, max(n - len(y), 0)))[:n], notes[notes.onset < PIECE_S], pedal / ratio)


def _music(kind: str, shelf: Shelf, rng: np.random.Generator) -> tuple[Notes, npt.NDArray[np.float64]]:
    """What is played, and the pedal."""
    if kind in DRILLS:
        notes, pedal = DRILLS[kind](rng), np.zeros((0, 2))
        if rng.random() < PEDAL_IN_DRILLS:
            changes = np.cumsum(rng.uniform(0.5, 2.5, 40))
            pedal = np.column_stack([changes[:-1] + 0.08, changes[1:]])
        return notes, pedal
    song = _song(shelf.midi[rng.integers(len(shelf.midi))])
    notes, pedal = draw_excerpt(song.notes.on_keyboard(), song.pedal, rng, spread=(0.8, 2.2))
    if kind == "octaves":
        notes = with_octaves(notes, rng)
    if kind == "melody":
        notes = top_voice(notes)
        # The tune is played anywhere on the keyboard, as a beginner looks for it.
        shift = round(rng.uniform(MIDI_LOW + 14, MIDI_HIGH - 14) - np.median(notes.midi)) if len(notes) else 0
        notes = notes[(notes.midi + shift >= MIDI_LOW) & (notes.midi + shift <= MIDI_HIGH)]
        notes = Notes(notes.onset, notes.offset, notes.midi + shift, notes.velocity)
    if rng.random() < (0.7 if kind == "melody" else WITHOUT_PEDAL):
        pedal = np.zeros((0, 2))
    return notes, pedal


@lru_cache(maxsize=64)
def _song(path: Path) -> Song:
    return read_midi(path.read_bytes(), path.name)


@lru_cache(maxsize=16)  # A worker reads each piano once.
def _sampled_piano(folder: Path, microphone: str | None) -> SampledPiano:
    return SampledPiano(folder, sr=SR, microphone=microphone, spread_cents=SPREAD_CENTS)


# --------------------------------------------------------------------------------------------- nobody plays


def draw_other_sounds(shelf: Shelf, length_s: float, rng: np.random.Generator) -> Samples:
    """Whatever is no piano: people who talk, sing or hum, knocks, steps, machines, other instruments, or silence.

    Parameters
    ----------
    shelf : Shelf
        Its languages and noises.
    length_s : float
        Seconds.
    rng : numpy.random.Generator

    Returns
    -------
    (n,) float32
        Peak 0.5 or less.

    Raises
    ------
    PianoError
        If espeak-ng is not installed.
    """
    y = _one_other_sound(shelf, length_s, rng)
    if rng.random() < 0.25:
        y += np.float32(10.0 ** rng.uniform(-1.0, 0.0)) * _one_other_sound(shelf, length_s, rng)
    return degrade.levelled(y, peak=0.5)


def _one_other_sound(shelf: Shelf, length_s: float, rng: np.random.Generator) -> Samples:
    makers: dict[str, tuple[float, Callable[[], Samples]]] = {
        "espeak": (0.36, lambda: talk(shelf.languages, length_s, rng)),
        "speech": (0.13, lambda: speech(length_s, sr=SR, rng=rng)),
        "singing": (0.05, lambda: singing(length_s, sr=SR, rng=rng)),
        "humming": (0.04, lambda: humming(length_s, sr=SR, rng=rng)),
        "recorded": (0.1, lambda: _recorded_noise(shelf, length_s, rng)),
        "noise": (0.17, lambda: NOISES[str(rng.choice(list(NOISES)))](length_s, sr=SR, rng=rng)),
        "noises": (0.07, lambda: mixed(length_s, sr=SR, rng=rng)),
        "tones": (0.06, lambda: blown_tones(length_s, rng)),
        "silence": (0.02, lambda: np.zeros(round(length_s * SR), np.float32)),
    }
    weights = [weight for weight, _ in makers.values()]
    return makers[str(rng.choice(list(makers), p=weights))][1]()


def talk(languages: tuple[str, ...], length_s: float, rng: np.random.Generator) -> Samples:
    """People who say numbers and words that mean nothing, in languages of espeak-ng.

    Parameters
    ----------
    languages : tuple of str
        To draw from.
    length_s : float
        Seconds.
    rng : numpy.random.Generator
        Draws voices, heights of the voice, sizes of the head, words, and pauses.

    Returns
    -------
    (n,) float32
        Peak 0.5.

    Raises
    ------
    PianoError
        If espeak-ng is not installed.
    """
    n, parts, so_far = round(length_s * SR), [], 0
    while so_far < n:
        voice = f"{languages[rng.integers(len(languages))]}+{VARIANTS[rng.integers(len(VARIANTS))]}"
        pitch, pace = int(rng.integers(0, 100)), int(rng.integers(100, 280))
        # A voice at another speed is that of a smaller or larger head.
        rate = round(SR * rng.uniform(0.85, 1.2))
        for _ in range(int(rng.integers(1, 5))):
            said = espeak(_words(rng), sr=rate, voice=voice, pitch=pitch, words_a_minute=pace)
            said = degrade.levelled(said, peak=0.5)
            pause = np.zeros(round(rng.exponential(0.5) * SR), np.float32)
            parts += [said * np.float32(10.0 ** rng.uniform(-0.4, 0.0)), pause]
            so_far += len(said) + len(pause)
    return degrade.levelled(np.concatenate(parts)[:n], peak=0.5)


def _words(rng: np.random.Generator) -> str:
    """A few numbers, which every language can say, and words that mean nothing."""
    words = []
    for _ in range(int(rng.integers(2, 10))):
        if rng.random() < 0.4:
            words.append(str(rng.integers(10 ** int(rng.integers(1, 5)))))
        else:
            syllables = [rng.choice(list(letters)) for _ in range(int(rng.integers(1, 4))) for letters in ALPHABET]
            words.append("".join(syllables))
    return " ".join(words) + str(rng.choice(list(".?!,")))


def _recorded_noise(shelf: Shelf, length_s: float, rng: np.random.Generator) -> Samples:
    """A recorded noise, from anywhere in it and again and again, a little faster or slower."""
    n = round(length_s * SR)
    if not shelf.noise:
        return NOISES["coloured"](length_s, sr=SR, rng=rng)
    y = _loaded(shelf.noise[rng.integers(len(shelf.noise))])
    y = sound.resample(y, sr=SR, target_sr=round(SR * rng.uniform(0.75, 1.33)))
    y = np.roll(y, int(rng.integers(len(y))))
    return degrade.levelled(np.tile(y, n // len(y) + 1)[:n], peak=0.5)


def blown_tones(length_s: float, rng: np.random.Generator) -> Samples:
    """Somebody plays an instrument that is bowed or blown: tones that swell, with vibrato and a little noise.

    Parameters
    ----------
    length_s : float
        Seconds.
    rng : numpy.random.Generator

    Returns
    -------
    (n,) float32
        Peak 0.5.
    """
    n = round(length_s * SR)
    y, start_s, midi = np.zeros(n, np.float32), float(rng.uniform(0.1, 1.0)), rng.uniform(45.0, 85.0)
    fall, odd, breath = rng.uniform(0.6, 2.5), rng.uniform(0.1, 1.0), 10.0 ** rng.uniform(-3.0, -1.2)
    swell_s, rate_hz, depth = rng.uniform(0.03, 0.2), rng.uniform(4.0, 7.0), rng.uniform(0.03, 0.5)
    while start_s < length_s:
        seconds = float(np.exp(rng.uniform(np.log(0.15), np.log(2.5))))
        t = np.arange(round(seconds * SR)) / SR
        bend = depth * np.clip(t / 0.3, 0.0, 1.0) * np.sin(2 * np.pi * rate_hz * t)
        phase = 2 * np.pi * np.cumsum(440.0 * 2.0 ** ((midi - 69.0 + bend) / 12.0)) / SR
        tone = np.zeros(len(t))
        for k in range(1, int(min(12, 7000.0 / (440.0 * 2.0 ** ((midi - 69.0) / 12.0)))) + 1):
            tone += k**-fall * (1.0 if k % 2 else odd) * np.sin(k * phase)
        tone = (tone + breath * rng.standard_normal(len(t))) * np.clip(t / swell_s, 0.0, 1.0)
        tone *= np.clip((seconds - t) / 0.08, 0.0, 1.0) * rng.uniform(0.3, 1.0)
        part = tone[: max(n - round(start_s * SR), 0)].astype(np.float32)
        y[round(start_s * SR) : round(start_s * SR) + len(part)] += part
        start_s += seconds + float(rng.exponential(0.2))
        midi = np.clip(midi + rng.integers(-5, 6), 40.0, 96.0)
    return degrade.levelled(y, peak=0.5)


# --------------------------------------------------------------------------------- rooms, others, microphones


def _in_a_room(y: Samples, shelf: Shelf, rng: np.random.Generator) -> Samples:
    """The sound in a measured room, in one made by rule, or as it is."""
    where = rng.random()
    if where < 0.5 and shelf.rooms:
        response = _response(shelf.rooms[rng.integers(len(shelf.rooms))])
        # The microphone is nearer or farther than the one that measured the room.
        wet = 10.0 ** (rng.uniform(-12.0, 3.0) / 20.0)
        gains = np.where(np.arange(len(response)) < DIRECT_ENDS_S * SR, 1.0, wet).astype(np.float32)
        return measured_room(y, sr=SR, response=response * gains)
    if where < 0.72:
        return in_room(y, sr=SR, room=random_room(rng)[0])
    return y


@lru_cache(maxsize=256)
def _response(path: Path) -> Samples:
    return read_response(path, sr=SR)


@lru_cache(maxsize=64)
def _loaded(path: Path) -> Samples:
    y, rate = sound.load(path)
    return sound.resample(y, sr=rate, target_sr=SR)


def _beside_others(y: Samples, shelf: Shelf, rng: np.random.Generator) -> Samples:
    """The piano while others talk or make noise, softer than it."""
    length_s = len(y) / SR
    if rng.random() < BESIDE_TALK:
        maker = rng.choice(["espeak", "speech", "singing"], p=[0.65, 0.25, 0.1])
        if maker == "espeak":
            other = talk(shelf.languages, length_s, rng)
        else:
            other = (speech if maker == "speech" else singing)(length_s, sr=SR, rng=rng)
        y = degrade.with_noise(y, _in_a_room(other, shelf, rng), snr_db=rng.uniform(5.0, 25.0))
    if rng.random() < 0.12:
        noises = _in_a_room(mixed(length_s, sr=SR, rng=rng), shelf, rng)
        y = degrade.with_noise(y, noises, snr_db=rng.uniform(8.0, 35.0))
    if rng.random() < 0.25:
        y = degrade.with_noise(y, _recorded_noise(shelf, length_s, rng), snr_db=rng.uniform(5.0, 40.0))
    return y


def _through_a_microphone(y: Samples, rng: np.random.Generator) -> Samples:
    """Tone, microphone, noise, compression and level of a recording."""
    if rng.random() < 0.7:
        y = degrade.toned(y, sr=SR, gains_db=rng.uniform(-7.0, 7.0, len(degrade.TONE_POINTS_HZ)))
    if rng.random() < 0.25:
        y = degrade.cheap_microphone(y, sr=SR, rng=rng)
    if rng.random() < 0.5:
        y = degrade.noisy(y, snr_db=rng.uniform(8.0, 50.0), rng=rng, slope=rng.uniform(0.0, 1.6))
    if rng.random() < 0.12:
        y = degrade.compressed(y, sr=SR, quality=rng.uniform(0.0, 0.6))
    # Loud ones are more usual than soft ones.
    level_db = LOUDEST_DB + (SOFTEST_DB - LOUDEST_DB) * rng.random() ** 1.6
    return degrade.levelled(y, peak=10.0 ** (level_db / 20.0))
