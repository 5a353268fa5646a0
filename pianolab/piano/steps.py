"""Steps by which a recording becomes worse, one after the other: each is of a kind, and as strong as it is asked to be.

What comes in: a clean recording, steps such as "pink noise at 10 dB" and a seed. What comes out: the same notes under
worse conditions. Steps act in the order in which sound travels: the piano is out of tune, the room rings, people talk,
there is noise, the level is set, the input is overloaded, the file is compressed. No step but ``detune`` moves a note,
and `pianolab.texts.degradations.detune_ratio` says by how much that does. The same sound, steps and seed give the same
result on any machine that calculates alike.
"""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pianolab import sound
from pianolab.piano import degrade, noises, rooms, voices
from pianolab.piano.espeak import spoken
from pianolab.texts.degradations import KINDS, Step

Samples = npt.NDArray[np.float32]
_Making = Callable[..., Samples]

FULL_SCALE = 1.0  # What noise or a room makes louder than this is turned down: who records sets the level.
ROOM_T60_S, ROOM_REVERB_DB = 0.5, -6.0  # The room by rule; where it rings longer, it is louder by as much.
_TREBLE_T60 = 0.6  # What is left of the reverberation time at 8 kHz.
_LONGEST_NOISE_S = 600.0


_NOISES: dict[str, _Making] = {
    "pink": lambda *of, **at: noises.coloured(*of, slope=1.0, **at),
    "white": lambda *of, **at: noises.coloured(*of, slope=0.0, **at),
    "brown": lambda *of, **at: noises.coloured(*of, slope=2.0, **at),
    "hum": noises.hum,
    "knocks": noises.knocks,
    "steps": noises.steps,
    "clinks": noises.clinks,
    "room_tone": noises.room_tone,
    "mixed": noises.mixed,
}
_SPEECH: dict[str, _Making] = {"rule": voices.speech, "espeak": spoken}


def degraded(y: Samples, *, sr: int, steps: Iterable[Step], seed: str) -> Samples:
    """A sound after all steps, in the order of `KINDS` whatever theirs is.

    Parameters
    ----------
    y : (n,) float32
    sr : int
        Hz.
    steps : iterable of Step
        At most one of a kind.
    seed : str
        Draws noises and speakers. With one seed they are the same at every strength.

    Returns
    -------
    (m,) float32
        As long as the sound was, unless it was detuned.

    Raises
    ------
    AudioError, PianoError
        If a file cannot be read, or a step cannot be made.

    Examples
    --------
    >>> y = np.full(8000, 0.5, np.float32)
    >>> degraded(y, sr=8000, steps=[Step("level", "", -20.0)], seed="a")[:2]
    array([0.05, 0.05], dtype=float32)
    """
    by_kind = {step.kind: step for step in steps}
    for kind in KINDS:
        if kind == "level":
            peak = np.max(np.abs(y), initial=0.0)
            y = y if peak <= FULL_SCALE else (y * np.float32(FULL_SCALE / peak)).astype(np.float32)
        if kind in by_kind and len(y):
            step = by_kind[kind]
            y = _ACTIONS[kind](y, sr, step, _rng(seed, step))
    return y


def _rng(seed: str, step: Step) -> np.random.Generator:
    source = Path(step.source).name if step.is_file else step.source
    digest = hashlib.sha256(f"{seed} {step.kind} {source}".encode("utf-8", "surrogateescape")).digest()
    return np.random.default_rng(list(digest))


def _detune(y: Samples, sr: int, step: Step, rng: np.random.Generator) -> Samples:
    return degrade.detuned(y, sr=sr, ratio=2.0 ** (step.strength / 1200.0))[0]


def _room(y: Samples, sr: int, step: Step, rng: np.random.Generator) -> Samples:
    if step.is_file:
        return rooms.measured_room(y, sr=sr, response=step.source)
    t60_s = step.strength
    room = rooms.Room(
        "rule",
        "rings so long",
        t60_s=(t60_s, _TREBLE_T60 * t60_s),
        reverb_db=ROOM_REVERB_DB + 10.0 * np.log10(t60_s / ROOM_T60_S),
        reflections_s=(0.003, 0.025),
        seed=int(rng.integers(2**31)),
    )
    return rooms.in_room(y, sr=sr, room=room)


def _under(y: Samples, sr: int, step: Step, rng: np.random.Generator, by_rule: dict[str, _Making]) -> Samples:
    if step.is_file:
        noise, rate = sound.load(step.source, duration_s=_LONGEST_NOISE_S)
        noise = np.roll(sound.resample(noise, sr=rate, target_sr=sr), int(rng.integers(max(len(noise), 1))))
    else:
        noise = by_rule[step.source](min(max(len(y) / sr, 1.0), _LONGEST_NOISE_S), sr=sr, rng=rng)[: len(y)]
    return degrade.with_noise(y, noise, snr_db=step.strength)


def _speech(y: Samples, sr: int, step: Step, rng: np.random.Generator) -> Samples:
    return _under(y, sr, step, rng, _SPEECH)


def _noise(y: Samples, sr: int, step: Step, rng: np.random.Generator) -> Samples:
    return _under(y, sr, step, rng, _NOISES)


def _level(y: Samples, sr: int, step: Step, rng: np.random.Generator) -> Samples:
    return (y * np.float32(10.0 ** (step.strength / 20.0))).astype(np.float32)


def _clip(y: Samples, sr: int, step: Step, rng: np.random.Generator) -> Samples:
    return degrade.overloaded(y, clipped_db=step.strength)


def _codec(y: Samples, sr: int, step: Step, rng: np.random.Generator) -> Samples:
    return degrade.compressed(y, sr=sr, quality=step.strength, codec=step.source)


_ACTIONS: dict[str, Callable[[Samples, int, Step, np.random.Generator], Samples]] = {
    "detune": _detune,
    "room": _room,
    "speech": _speech,
    "noise": _noise,
    "level": _level,
    "clip": _clip,
    "codec": _codec,
}
