"""What tells a struck string from a voice, a knock or a hum: the small network of `pianolab.dsp.struck` is learnt here.

What comes in: folders of single notes of real pianos, measured rooms and recorded noises. What comes out: the file of
weights that ``pianolab.dsp.struck`` reads, and beside it a list of all that was learnt from. Three kinds of scenes are
made by chance: somebody plays, somebody or something else sounds, and both at once. Each goes through a room and a
microphone. The network is told keys that were just struck, and keys that were not: those that a voice or a noise makes
sound, those that still ring while something else begins, and those that only have partials of a struck one.

The weights in the package are made by ``python -m pianolab.training.struck`` with the folders that `main` names; it
takes 40 minutes on one core and 7 GB of memory.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from pianolab import sound
from pianolab.dsp import struck
from pianolab.dsp.struck import LAGS, SR, StruckInput
from pianolab.errors import PianolabError, printable
from pianolab.files import replacing
from pianolab.piano import PIANOS, degrade, espeak, noises, render, voices
from pianolab.piano.sampled import SampledPiano
from pianolab.roll import Notes
from pianolab.training.augment import draw_piano
from pianolab.units import MIDI_HIGH, MIDI_LOW, N_KEYS, midi_to_key

SCENE_S = 6.0
# Shares of the scenes in which somebody plays, in which something else sounds, and in which both do.
SHARES = (0.3, 0.37, 0.33)
# So many of the scenes with a piano have two hands and the pedal.
THICK_SHARE = 0.45
# A stroke is heard this long after its onset, and told until so long after it: so far back the spectra reach.
HEARD_S, TOLD_S = 0.015, 0.3
# What the evidence is needed for is the beginning of a note: later hops count so much.
BEGINNING_S, LATER_WEIGHT = 0.22, 0.4
# So long after its stroke a string only rings, whatever else begins then.
RINGS_S = 0.45
# A key is told as struck where the piano is this much louder at its partials than all else, in units of log10, ...
BURIED = -0.15
# ... and as not struck where all else is this much louder than the piano.
CLEARLY_LOUDER = 0.3
# So many keys that a sound without strings makes strongest are told in each hop, and so many others.
N_STRONGEST, N_OTHERS = 5, 2
# RMS of what sounds, before it is made louder or softer.
LEVEL = 0.06
# Half of what is no string is told where it has just become louder: there a note would begin.
RISE_HOPS = 4
# Other keys that become louder by this much (log10) have partials of what begins. They count so much, ...
RISE, PARTIALS_WEIGHT = 0.15, 0.2
# ... and strings that only ring so much.
RINGS_WEIGHT = 0.25
# So many examples of each kind are taken from a scene: struck, begun by something else, held by it, partials, ringing.
N_EXAMPLES = (800, 800, 400, 400, 250)
# In a scene without a piano the sound is so often a recorded noise.
NOISE_SHARE = 0.18
EMBEDDING, HIDDEN = 64, 256
LEARNING_RATE = 3e-3
BATCH = 1024
# Each example is made louder or softer, and brighter or darker from A0 to the highest bin, by so much at most (log10).
LOUDER, BRIGHTER = 0.5, 0.4
OTHER_SOUNDS: Mapping[str, Callable[..., NDArray[np.float32]]] = {
    "speech by rule": voices.speech,
    "espeak-ng": espeak.spoken,
    "singing": voices.singing,
    "humming": voices.humming,
    "mixed": noises.mixed,
    **noises.NOISES,
}
# People talk more often than dishes fall: so much more often is each of these drawn than any other sound.
TALK = {"speech by rule": 8.0, "espeak-ng": 8.0, "singing": 2.5, "humming": 2.0}
TALK |= {"mixed": 3.5, "clinks": 3.5, "knocks": 1.5, "hum": 1.5, "steps": 1.5}
# Of so many pianos the strings of each key are out of tune with each other, by cents within these, and the second one
# sounds with a gain within these. A band of half an octave beats at one rate and begins anywhere in a turn (radians).
BEATING_SHARE, BEATING_CENTS, BEATING_GAIN = 0.25, (1.0, 9.0), (0.3, 1.0)
WHOLE_TURN = 6.28
BEATING_BANDS_HZ = (20.0, *(40.0 * 2.0 ** (np.arange(16) / 2.0)))
# Hiss is so far below what sounds, dB. In so many scenes with hiss it is as strong as strings.
HISS_DB, LOUD_HISS_DB, LOUD_HISS_SHARE = (5.0, 60.0), (-4.0, 25.0), 0.4

Samples = NDArray[np.float32]


class Material(NamedTuple):
    """What scenes are made of.

    Attributes
    ----------
    pianos : dict of str to SampledPiano
    rooms : list of (n,) float32
        Impulse responses, the direct sound first.
    noises : dict of str to (n,) float32
    """

    pianos: dict[str, SampledPiano]
    rooms: list[Samples]
    noises: dict[str, Samples]


class Scene(NamedTuple):
    """What is learnt from one scene.

    Attributes
    ----------
    frames : (T, 3, 294) float16
        As `pianolab.dsp.struck.StruckInput` gives them.
    hop, key : (n,) int64
        Where the examples lie.
    is_struck : (n,) bool
    weight : (n,) float32
    """

    frames: NDArray[np.float16]
    hop: NDArray[np.int64]
    key: NDArray[np.int64]
    is_struck: NDArray[np.bool_]
    weight: NDArray[np.float32]


def read_material(
    pianos: Sequence[Path],
    *,
    rooms: Path | None = None,
    noise: Path | None = None,
    leave_out: Sequence[str] = (),
) -> Material:
    """Load what scenes are made of.

    Parameters
    ----------
    pianos : sequence of path
        Folders of single notes, one a piano.
    rooms, noise : path, optional
        Folders of impulse responses and of recorded noises.
    leave_out : sequence of str
        Names of noises that are kept for a check.

    Returns
    -------
    Material

    Raises
    ------
    PianolabError
        If there is no noise of such a name.
    """
    responses = [y[np.argmax(np.abs(y)) :] for y in _sounds(rooms).values()]
    recorded = _sounds(noise)
    if unknown := sorted(set(leave_out) - set(recorded)):
        raise PianolabError(f"there is no noise {unknown[0]!r} to leave out: use {', '.join(recorded) or 'a folder'}")
    recorded = {name: y for name, y in recorded.items() if name not in leave_out}
    return Material({path.name: SampledPiano(path, sr=SR) for path in pianos}, responses, recorded)


def _sounds(folder: Path | None) -> dict[str, Samples]:
    """The sounds in a folder at SR, by the names of their files."""
    if folder is None:
        return {}
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".flac", ".ogg", ".wav"))
    return {path.stem: sound.resample(y, sr=sr, target_sr=SR) for path in paths for y, sr in [sound.load(path)]}


def draw_notes(rng: np.random.Generator, *, is_thick: bool = False) -> Notes:
    """A few seconds of playing: one voice, chords, or single notes far from each other.

    Parameters
    ----------
    rng : numpy.random.Generator
    is_thick : bool
        Two hands and the pedal: large chords and runs that sound on into each other.

    Returns
    -------
    Notes
    """
    pace_s, held = rng.uniform(0.12, 1.2), rng.uniform(0.4, 1.3)
    middle, spread = rng.uniform(30, 100), rng.choice([4.0, 12.0, 40.0])
    loud, chords = rng.uniform(15, 110), rng.random() < 0.3
    most = 5
    if is_thick:
        pace_s, held, chords, most = rng.uniform(0.08, 0.5), rng.uniform(1.0, 6.0), rng.random() < 0.7, 8
        middle, spread = rng.uniform(45, 75), rng.uniform(8.0, 18.0)
    rows, onset_s = [], float(rng.uniform(0.05, 0.5))
    while onset_s < SCENE_S:
        seconds = pace_s * rng.uniform(0.5, 1.5)
        n = int(rng.integers(2, most)) if chords else 1
        keys = np.unique(np.rint(np.clip(rng.normal(middle, spread, n), MIDI_LOW, MIDI_HIGH)))
        for midi in keys:
            velocity = np.clip(loud + rng.normal(0, 12), 8, 127)
            rows.append((onset_s + rng.uniform(0, 0.01) * chords, onset_s + held * seconds + 0.03, midi, velocity))
        onset_s += seconds
    onset, offset, midi, velocity = np.array(rows).T
    return Notes(onset, offset, midi, velocity)


def played(material: Material, rng: np.random.Generator) -> tuple[Samples, Notes]:
    """Somebody plays: a sampled piano, or now and then one that is rendered from partials.

    Parameters
    ----------
    material : Material
    rng : numpy.random.Generator

    Returns
    -------
    y : (n,) float32
    notes : Notes
    """
    notes = draw_notes(rng, is_thick=rng.random() < THICK_SHARE)
    names = list(material.pianos)
    if not names or rng.random() < 0.2:
        y = render(notes, sr=SR, piano=draw_piano(rng) if rng.random() < 0.7 else "grand")
    else:
        y = material.pianos[names[rng.integers(len(names))]].render(notes, rng=rng)
        y, ratio = degrade.detuned(y, sr=SR, ratio=2.0 ** (rng.normal(0.0, 0.12) / 12.0))
        notes = Notes(notes.onset / ratio, notes.offset / ratio, notes.midi, notes.velocity)
    y = _fitted(y)
    return (beating(y, rng) if rng.random() < BEATING_SHARE else y), notes


def beating(y: Samples, rng: np.random.Generator) -> Samples:
    """A piano whose strings are out of tune with each other, so that what sounds swells and falls.

    The sound is added to itself, each band of it moved by a few cents. Nothing is moved in time.

    Parameters
    ----------
    y : (n,) float32
        At SR.
    rng : numpy.random.Generator
        Draws the cents, how loud the second string is, and where in its beat each band begins.

    Returns
    -------
    (n,) float32
    """
    cents, gain = rng.uniform(*BEATING_CENTS) * rng.choice([-1, 1]), rng.uniform(*BEATING_GAIN)
    spectrum, hz, time_s = np.fft.fft(y), np.fft.fftfreq(len(y), 1.0 / SR), np.arange(len(y)) / SR
    second = np.zeros(len(y))
    for low_hz, high_hz in pairwise(BEATING_BANDS_HZ):
        band = np.where((hz >= low_hz) & (hz < high_hz), 2.0 * spectrum, 0.0)  # Without negative frequencies.
        if not band.any():
            continue
        beat_hz = np.sqrt(low_hz * high_hz) * (2.0 ** (cents / 1200.0) - 1.0)
        turn = np.exp(2j * np.pi * beat_hz * time_s + 1j * rng.uniform(0.0, WHOLE_TURN))
        second += np.real(np.fft.ifft(band) * turn)
    return (y + gain * second).astype(np.float32)


def other_sound(material: Material, rng: np.random.Generator) -> Samples:
    """Something that is no piano: most often somebody talks.

    Parameters
    ----------
    material : Material
    rng : numpy.random.Generator

    Returns
    -------
    (n,) float32
    """
    if material.noises and rng.random() < NOISE_SHARE:
        y = list(material.noises.values())[rng.integers(len(material.noises))]
        start = int(rng.integers(max(1, len(y) - round(SCENE_S * SR))))
        return _fitted(y[start:])
    names = [name for name in OTHER_SOUNDS if name != "espeak-ng" or espeak.is_installed()]
    share = np.array([TALK.get(name, 1.0) for name in names])
    name = names[rng.choice(len(names), p=share / share.sum())]
    length_s = SCENE_S * rng.uniform(0.3, 1.0)  # What begins in the middle of silence must be known as well.
    y = OTHER_SOUNDS[name](length_s, sr=SR, rng=rng)
    return _fitted(np.pad(y, (round((SCENE_S - length_s) * SR * rng.random()), 0)))


def make_scene(material: Material, rng: np.random.Generator) -> Scene:
    """A scene and what is told of it.

    Parameters
    ----------
    material : Material
    rng : numpy.random.Generator

    Returns
    -------
    Scene
    """
    kind = rng.choice(3, p=SHARES)
    piano, notes = played(material, rng) if kind != 1 else (np.zeros(round(SCENE_S * SR), np.float32), Notes.empty())
    other = other_sound(material, rng) if kind != 0 else np.zeros_like(piano)
    piano, other = (_in_some_room(_level(y), material, rng) for y in (piano, other))
    other = other * np.float32(10.0 ** (-rng.uniform(-3.0, 25.0) / 20.0 if kind == 2 else 0.0))
    if rng.random() < 0.7:
        snr_db = rng.uniform(*(LOUD_HISS_DB if rng.random() < LOUD_HISS_SHARE else HISS_DB))
        hiss = noises.coloured(SCENE_S, sr=SR, rng=rng, slope=rng.uniform(0.0, 1.5))
        other = other + _level(hiss) * np.float32(10.0 ** (-snr_db / 20.0))
    if rng.random() < 0.7:
        gains_db = rng.uniform(-9.0, 9.0, len(degrade.TONE_POINTS_HZ))
        piano, other = (degrade.toned(y, sr=SR, gains_db=gains_db) for y in (piano, other))
    if rng.random() < 0.3:
        highest_hz = np.exp(rng.uniform(np.log(3000.0), np.log(7000.0)))
        piano, other = (_without_treble(y, highest_hz) for y in (piano, other))
    gain = np.float32(10.0 ** (rng.uniform(-35.0, 8.0) / 20.0))
    hear = StruckInput()
    frames = hear.of(np.clip((piano + other) * gain, -1.0, 1.0)).astype(np.float16)
    at_piano, at_other = (_at_partials(hear.of(y * gain)) for y in (piano, other))
    return _told(frames, notes, at_piano, at_other, rng)


def _told(frames, notes, at_piano, at_other, rng) -> Scene:
    """Which keys of which hops are told to the network, and as what."""
    age_s, held = _ages(notes, len(frames))
    is_struck = (age_s >= HEARD_S) & (age_s < TOLD_S) & (at_piano > at_other + BURIED) & (at_piano > 0.5)
    is_other = ~held & (at_other > at_piano + CLEARLY_LOUDER)
    ranked = np.argsort(np.argsort(-np.where(is_other, at_other, -1.0), axis=1), axis=1)
    is_loud = is_other & ((ranked < N_STRONGEST) | (rng.random(is_other.shape) < N_OTHERS / N_KEYS))
    begins = is_loud & (at_other > _before(at_other) + CLEARLY_LOUDER)
    at_all = _at_partials(frames.astype(np.float32))
    has_partials = ~held & ~is_other & (at_all > _before(at_all) + RISE)
    rings = held & (age_s >= RINGS_S) & np.isfinite(age_s)
    weight = np.where(is_struck & (age_s > BEGINNING_S), LATER_WEIGHT, 1.0)
    weight = np.where(has_partials, PARTIALS_WEIGHT, np.where(rings, RINGS_WEIGHT, weight))
    kinds = (is_struck, begins, is_loud & ~begins, has_partials, rings)
    at = np.concatenate(
        [rng.permutation(np.flatnonzero(kind))[:most] for kind, most in zip(kinds, N_EXAMPLES, strict=True)]
    )
    hop, key = np.divmod(at, N_KEYS)
    return Scene(frames, hop, key, is_struck.flat[at], weight.flat[at].astype(np.float32))


def _ages(notes, n):
    """How long ago each key was struck in each hop, infinite where it was let go or never struck; whether it sounds."""
    time_s = np.arange(n) * struck.HOP_S
    age_s, held = np.full((n, N_KEYS), np.inf), np.zeros((n, N_KEYS), bool)
    for onset, offset, midi in zip(notes.onset, notes.offset, notes.midi, strict=True):
        key = midi_to_key(int(midi))
        here = (time_s >= onset) & (time_s < offset + 0.1)
        held[here, key] = True
        age_s[here, key] = time_s[here] - onset
        age_s[here & (time_s > offset), key] = np.inf
    return age_s, held


def _before(levels):
    """The levels a few hops before."""
    return np.pad(levels, ((RISE_HOPS, 0), (0, 0)))[: len(levels)]


def _at_partials(frames):
    """How strong the first partials of each key are, in units of log10: (T, 88)."""
    flat = np.pad(frames.reshape(len(frames), -1), ((0, 0), (0, 1)))
    n_short, n_near = len(struck.PARTIALS) + len(struck.GAPS), len(struck.NEIGHBOURS)
    long = flat[:, struck.places()[:, n_short : n_short + 4 * n_near]].reshape(len(frames), N_KEYS, 4, n_near)
    return np.maximum(long.max(axis=3).mean(axis=2), long.max(axis=3)[:, :, 0])


def _fitted(y):
    n = round(SCENE_S * SR)
    return np.pad(y, (0, max(0, n - len(y))))[:n].astype(np.float32)


def _level(y):
    """The sound with an RMS of LEVEL over the parts in which it sounds; silence stays silence."""
    peak = np.max(np.abs(y))
    if peak < 1e-6:
        return y
    return y * np.float32(LEVEL / np.sqrt(np.mean(y[np.abs(y) > 0.05 * peak] ** 2)))


def _without_treble(y, highest_hz):
    """The sound as a telephone or an old file has it."""
    spectrum = np.fft.rfft(y)
    spectrum[np.fft.rfftfreq(len(y), 1.0 / SR) > highest_hz] = 0.0
    return np.fft.irfft(spectrum, len(y)).astype(np.float32)


def _in_some_room(y, material, rng):
    if not material.rooms or rng.random() < 0.35:
        return y
    room = material.rooms[rng.integers(len(material.rooms))]
    return _level(np.asarray(fftconvolve(y, room)[: len(y)], np.float32))


class StruckNet(torch.nn.Module):
    """The network of `pianolab.dsp.struck.Struck`, as it is learnt."""

    def __init__(self):
        super().__init__()
        n_places = struck.places().shape[1]
        n_bands = len(struck.WINDOWS) * struck.N_BANDS
        self.first = torch.nn.Linear(n_places, EMBEDDING)
        self.around = torch.nn.Linear(n_bands, EMBEDDING, bias=False)
        self.second = torch.nn.Linear(EMBEDDING * len(LAGS), HIDDEN)
        self.register = torch.nn.Linear(struck.registers().shape[1], HIDDEN, bias=False)
        self.third = torch.nn.Linear(HIDDEN, 1)

    def forward(self, at_places: torch.Tensor, bands: torch.Tensor, register: torch.Tensor) -> torch.Tensor:
        """The logit of each example.

        Parameters
        ----------
        at_places : (B, 9, n_places) tensor
        bands : (B, 9, n_bands) tensor
        register : (B, 3) tensor

        Returns
        -------
        (B,) tensor
        """
        seen = torch.relu(self.first(at_places) + self.around(bands)).flatten(1)
        return self.third(torch.relu(self.second(seen) + self.register(register)))[:, 0]

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """The weights as `pianolab.dsp.struck.Struck` multiplies with them.

        Returns
        -------
        dict
            Name to float32 array.
        """
        state = {name: value.detach().numpy() for name, value in self.state_dict().items()}
        found = {name: state[f"{name}.weight"].T for name in ("first", "around", "second", "register", "third")}
        return found | {f"{name}_bias": state[f"{name}.bias"] for name in ("first", "second", "third")}


class Examples:
    """All examples of many scenes, by number.

    Parameters
    ----------
    scenes : iterable of Scene
        They are taken one by one, so that no more than what is kept of them needs memory.
    """

    def __init__(self, scenes: Iterable[Scene]):
        flat, around, at, told, start = [], [], [], [], 0
        for scene in scenes:
            frames = np.pad(scene.frames, ((LAGS[-1], 0), (0, 0), (0, 0)))  # Before a scene there was silence.
            flat.append(np.pad(frames.reshape(len(frames), -1), ((0, 0), (0, 1))))
            around.append(struck.bands(frames.astype(np.float32)))
            at.append(start + LAGS[-1] + scene.hop)
            told.append((scene.key, scene.is_struck, scene.weight))
            start += len(frames)
        self.flat = _joined(flat)
        self.bands = _joined(around)
        self.at = np.concatenate(at)
        self.key, self.is_struck, self.weight = (np.concatenate(of) for of in zip(*told, strict=True))
        self._places, self._registers = struck.places(), struck.registers()
        # From -1/2 at the lowest bin to 1/2 at the highest, for each value of a frame and for each band.
        self._heights = np.append(np.tile(np.linspace(-0.5, 0.5, StruckInput.shape[1]), len(struck.WINDOWS)), 0.0)
        self._band_heights = np.tile(np.linspace(-0.5, 0.5, struck.N_BANDS), len(struck.WINDOWS))

    def __len__(self) -> int:
        return len(self.at)

    def batch(self, numbers: NDArray[np.int64], *, rng: np.random.Generator | None = None) -> tuple[torch.Tensor, ...]:
        """What the network is given for some examples, the right answers and their weights.

        Parameters
        ----------
        numbers : (B,) int64
        rng : numpy.random.Generator, optional
            Varies how loud and how bright each example is.

        Returns
        -------
        tuple of torch.Tensor
        """
        rows = self.at[numbers][:, None] - np.array(LAGS)
        key = self.key[numbers]
        at_places = self.flat[rows[:, :, None], self._places[key][:, None]].astype(np.float32)
        bands = self.bands[rows]
        if rng is not None:
            louder, brighter = (rng.uniform(-most, most, (len(numbers), 1, 1)) for most in (LOUDER, BRIGHTER))
            at_places = _varied(at_places, louder + brighter * self._heights[self._places[key]][:, None])
            bands = _varied(bands, louder + brighter * self._band_heights)
        told = (self.is_struck[numbers].astype(np.float32), self.weight[numbers])
        given = (at_places, bands, self._registers[key], *told)
        return tuple(torch.from_numpy(np.ascontiguousarray(array)) for array in given)


def _joined(parts):
    """Arrays one below the other. Each is let go as it is copied, so that all of them need their memory once."""
    whole = np.empty((sum(map(len, parts)), *parts[0].shape[1:]), parts[0].dtype)
    start = 0
    for number, part in enumerate(parts):
        whole[start : start + len(part)] = part
        start += len(part)
        parts[number] = part[:0].copy()
    return whole


def _varied(levels, more):
    """Levels with so much more, where there is anything; nothing becomes less than silence."""
    return np.maximum(levels + np.where(levels > 0.0, more, 0.0), 0.0).astype(np.float32)


def train(examples: Examples, *, steps: int, seed: int, say: Callable[[str], object] = print) -> StruckNet:
    """Learn the weights.

    Parameters
    ----------
    examples : Examples
    steps, seed : int
    say : callable

    Returns
    -------
    StruckNet
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = StruckNet()
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps, pct_start=0.1)
    struck_numbers, other_numbers = (np.flatnonzero(examples.is_struck == kind) for kind in (True, False))
    recent = []
    for step in range(steps):
        half = BATCH // 2
        numbers = np.concatenate([rng.choice(struck_numbers, half), rng.choice(other_numbers, half)])
        *given, right, weight = examples.batch(numbers, rng=rng)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(network(*given), right, weight=weight)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        recent.append(loss.item())
        if (step + 1) % 250 == 0:
            say(f"step {step + 1}: loss {np.mean(recent[-250:]):.4f}")
    return network


def learn(
    material: Material, *, n_scenes: int, steps: int, seed: int, say: Callable[[str], object] = print
) -> StruckNet:
    """Make scenes and learn from them.

    Parameters
    ----------
    material : Material
    n_scenes, steps, seed : int
    say : callable

    Returns
    -------
    StruckNet
    """
    examples = Examples(_scenes(material, n_scenes, seed, say))
    say(f"{n_scenes} scenes, {len(examples)} examples, {np.mean(examples.is_struck):.0%} of them struck")
    return train(examples, steps=steps, seed=seed, say=say)


def _scenes(material: Material, n_scenes: int, seed: int, say: Callable[[str], object]) -> Iterator[Scene]:
    for number in range(n_scenes):
        yield make_scene(material, np.random.default_rng([seed, number]))
        if (number + 1) % 500 == 0:
            say(f"scene {number + 1} of {n_scenes}")


def _words(given):
    """The words that ask for the same again, without where folders lie."""
    for name in ("pianos", "rooms", "noise"):
        folders = getattr(given, name) or []
        folders = folders if isinstance(folders, list) else [folders]
        if folders:
            yield " ".join([f"--{name}", *(path.name for path in folders)])
    if given.leave_out:
        yield " ".join(["--leave-out", *given.leave_out])
    if given.licence:
        yield f"--licence '{given.licence}'"
    yield f"--scenes {given.scenes} --steps {given.steps} --seed {given.seed}"


def main(argv: Sequence[str] | None = None) -> int:
    """Learn and write the weights.

    Parameters
    ----------
    argv : sequence of str, optional
        Words of the command line; default: those that the program was given.

    Returns
    -------
    int
        0, or 2 if something cannot be read or written.
    """
    parser = argparse.ArgumentParser(
        prog="python -m pianolab.training.struck", description="Learn what tells a struck string from other sounds."
    )
    parser.add_argument("--pianos", type=Path, nargs="*", default=[], help="folders of single notes, one a piano")
    parser.add_argument("--rooms", type=Path, help="folder of impulse responses")
    parser.add_argument("--noise", type=Path, help="folder of recorded noises")
    parser.add_argument("--leave-out", nargs="*", default=[], help="names of noises that are kept for a check")
    parser.add_argument("--licence", help="of the weights, as the material allows it; it is written beside them")
    parser.add_argument("--out", type=Path, default=struck.WEIGHTS, help="file to write (default: the package's own)")
    parser.add_argument("--scenes", type=int, default=9500)
    parser.add_argument("--steps", type=int, default=28000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(argv)
    torch.set_num_threads(1)
    try:
        started_s = time.process_time()
        material = read_material(given.pianos, rooms=given.rooms, noise=given.noise, leave_out=given.leave_out)
        network = learn(material, n_scenes=given.scenes, steps=given.steps, seed=given.seed)
        with replacing(given.out) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **network.arrays())
        learnt_from = {
            "pianos": [*material.pianos, *(f"rendered: {name}" for name in PIANOS)],
            "rooms": len(material.rooms),
            "noises": list(material.noises),
            "noises left out": given.leave_out,
            "sounds made by rule or program": list(OTHER_SOUNDS),
            "scenes": given.scenes,
            "steps": given.steps,
            "seed": given.seed,
            "licence": given.licence,
            "minutes of one core": round((time.process_time() - started_s) / 60.0, 1),
            "command": " ".join(["python -m pianolab.training.struck", *_words(given)]),
        }
        with replacing(given.out.with_suffix(".json")) as temporary:
            temporary.write_text(json.dumps(learnt_from, indent=1) + "\n", encoding="utf-8")
    except (PianolabError, OSError) as error:
        print(f"{parser.prog}: {printable(str(error))}", file=sys.stderr)
        return 2
    print(f"{given.out.name}: {given.out.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
