"""People who talk, sing and hum, made by rule: what a detector of piano notes must not take for a piano.

What comes in: a length and a random number generator, which draws the speaker and what is said. What goes out: speech
that nobody understands and that sounds like speech: a man, a woman or a child, lively or flat, breathy or clear. A
voice is made as it arises (Fant, Acoustic Theory of Speech Production, 1960): the vocal folds give pulses whose pitch
never stands still, and the mouth filters them by resonances (formants) that glide from vowel to vowel. Hisses, clicks
and pauses stand between them. Jitter, shimmer and vibrato are those of human voices (Titze, Principles of Voice
Production, 1994).
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pianolab import sound
from pianolab.piano.degrade import levelled
from pianolab.piano.noises import LOUDEST, n_samples

SR = 24000  # Voices are made at this rate.
OCTAVE = 12  # Semitones.
HOP = 120  # What the mouth does is told so often: each 5 ms.
WINDOW = 480  # Sound passes through the mouth in pieces of 20 ms, ...
PADDED = 1536  # ... each of which rings for 44 ms at least.
AT_ONCE = 512  # So many pieces are filtered at once, which bounds the memory.

# First three formants of a man, Hz: vowels after Peterson and Barney, JASA 24, 1952, table II, and sounds like m, l, w.
VOWELS = (
    (270.0, 2290.0, 3010.0),
    (390.0, 1990.0, 2550.0),
    (530.0, 1840.0, 2480.0),
    (660.0, 1720.0, 2410.0),
    (730.0, 1090.0, 2440.0),
    (570.0, 840.0, 2410.0),
    (440.0, 1020.0, 2240.0),
    (300.0, 870.0, 2240.0),
    (640.0, 1190.0, 2390.0),
    (490.0, 1350.0, 1690.0),
)
SONORANTS = (
    (250.0, 1000.0, 2200.0),
    (250.0, 1700.0, 2600.0),
    (360.0, 1300.0, 2700.0),
    (310.0, 1060.0, 1380.0),
    (290.0, 610.0, 2150.0),
    (260.0, 2070.0, 3020.0),
)
HISSES_HZ = (6500.0, 5500.0, 3500.0, 2000.0, 1200.0)  # Where the noise of s, f, sh, ch and h is strongest.
BURSTS_HZ = (800.0, 4500.0, 2000.0)  # The same of p, t and k.
HIGHER_HZ = (3500.0, 4500.0)  # Fourth and fifth formant.
BANDWIDTHS_HZ = (70.0, 90.0, 130.0, 200.0, 250.0)
SCALE_STEPS = (0, 2, 4, 5, 7, 9, 11)  # What is sung keeps to a major scale.

Samples = npt.NDArray[np.float32]
Track = npt.NDArray[np.floating]  # One value each `HOP` samples.


class Speaker(NamedTuple):
    """One voice.

    Attributes
    ----------
    f0_hz : float
        Its usual pitch.
    throat : float
        Formants lie so much higher than a man's.
    liveliness : float
        How far the pitch goes up and down in speech; 0 is a robot, 1 usual.
    pace : float
        Syllables come so much faster than usual.
    jitter, shimmer : float
        Spread of the length and of the loudness of neighbouring pulses, as a share.
    breath : float
        Noise of the breath beside the pulses.
    tilt_hz : float
        Above this frequency the pulses are softer by 6 dB an octave more: low for a soft voice, high for a loud one.
    """

    f0_hz: float
    throat: float
    liveliness: float
    pace: float
    jitter: float
    shimmer: float
    breath: float
    tilt_hz: float


class Sound(NamedTuple):
    """One sound of speech: how long, how loud pulses, breath and hiss are, where the hiss lies, and the formants."""

    seconds: float
    voice: float
    breath: float
    hiss: float
    hiss_hz: float
    formants: tuple[float, ...]


def draw_speaker(rng: np.random.Generator) -> Speaker:
    """A man, a woman or a child.

    Parameters
    ----------
    rng : numpy.random.Generator

    Returns
    -------
    Speaker

    Examples
    --------
    >>> 70.0 <= draw_speaker(np.random.default_rng(1)).f0_hz <= 400.0
    True
    """
    low_hz, high_hz, throat = ((75, 150, 1.0), (150, 260, 1.16), (220, 380, 1.38))[rng.integers(3)]
    return Speaker(
        f0_hz=float(np.exp(rng.uniform(np.log(low_hz), np.log(high_hz)))),
        throat=throat * float(rng.uniform(0.92, 1.08)),
        liveliness=float(rng.uniform(0.15, 1.6)),
        pace=float(rng.uniform(0.7, 1.5)),
        jitter=float(rng.uniform(0.002, 0.015)),
        shimmer=float(rng.uniform(0.02, 0.12)),
        breath=float(10.0 ** rng.uniform(-2.3, -0.7)),
        tilt_hz=float(np.exp(rng.uniform(np.log(600.0), np.log(5000.0)))),
    )


def speech(length_s: float, *, sr: int, rng: np.random.Generator, speaker: Speaker | None = None) -> Samples:
    """Somebody talks: phrases of a few syllables with pauses between.

    Parameters
    ----------
    length_s : float
        Seconds.
    sr : int
        Hz.
    rng : numpy.random.Generator
    speaker : Speaker, optional
        Drawn if not given.

    Returns
    -------
    (n,) float32
    """
    n_samples(length_s, sr)
    speaker = draw_speaker(rng) if speaker is None else speaker
    sounds, f0_hz, told_s = [_pause(rng.uniform(0.02, 0.4))], [], 0.0
    f0_hz.append(np.full(_n_frames(sounds[0].seconds), speaker.f0_hz))
    while told_s < length_s:
        phrase = _phrase(speaker, rng)
        n = sum(_n_frames(one.seconds) for one in phrase)
        f0_hz.append(_intonation(n, speaker, rng))
        sounds += phrase
        told_s += n * HOP / SR
    return _uttered(sounds, np.concatenate(f0_hz), speaker, length_s, sr, rng)


def singing(length_s: float, *, sr: int, rng: np.random.Generator, speaker: Speaker | None = None) -> Samples:
    """Somebody sings: notes of a scale, with vibrato, gliding into each other.

    Parameters
    ----------
    length_s : float
        Seconds.
    sr : int
        Hz.
    rng : numpy.random.Generator
    speaker : Speaker, optional
        Drawn if not given.

    Returns
    -------
    (n,) float32
    """
    return _sung(length_s, sr, rng, draw_speaker(rng) if speaker is None else speaker, hums=False)


def humming(length_s: float, *, sr: int, rng: np.random.Generator, speaker: Speaker | None = None) -> Samples:
    """Somebody hums a tune with the mouth closed.

    Parameters
    ----------
    length_s : float
        Seconds.
    sr : int
        Hz.
    rng : numpy.random.Generator
    speaker : Speaker, optional
        Drawn if not given.

    Returns
    -------
    (n,) float32
    """
    return _sung(length_s, sr, rng, draw_speaker(rng) if speaker is None else speaker, hums=True)


def _sung(length_s: float, sr: int, rng: np.random.Generator, speaker: Speaker, *, hums: bool) -> Samples:
    n_samples(length_s, sr)
    sounds, semitones, told_s, step = [], [], 0.0, 0
    while told_s < length_s:
        seconds = float(np.exp(rng.uniform(np.log(0.2), np.log(1.4))))
        step = int(np.clip(step + rng.integers(-3, 4), -5, 8))
        octave, degree = divmod(step, len(SCALE_STEPS))
        before = [] if hums or rng.random() < 0.3 else _consonant(speaker, rng)
        held = SONORANTS[rng.integers(2)] if hums else VOWELS[rng.integers(len(VOWELS))]
        note = [*before, Sound(seconds, 1.0, speaker.breath, 0.0, 1000.0, held)]
        if rng.random() < 0.2:
            note.append(_pause(rng.uniform(0.1, 0.6)))
        n = sum(_n_frames(one.seconds) for one in note)
        semitones.append(np.full(n, OCTAVE * octave + SCALE_STEPS[degree], float))
        sounds += note
        told_s += n * HOP / SR
    glide = _smooth(np.concatenate(semitones), rng.uniform(0.04, 0.2))
    t = np.arange(len(glide)) * HOP / SR
    vibrato = (
        rng.choice([0.0, 1.0], p=[0.25, 0.75]) * rng.uniform(0.15, 0.9) * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * t)
    )
    drift = rng.uniform(0.03, 0.25) * _wander(len(t), 0.15, rng)
    f0_hz = speaker.f0_hz * 2.0 ** ((glide + vibrato + drift) / OCTAVE)
    return _uttered(sounds, f0_hz, speaker, length_s, sr, rng)


# ------------------------------------------------------------------------------------------------- what is said


def _phrase(speaker: Speaker, rng: np.random.Generator) -> list[Sound]:
    """Two to fourteen syllables and the pause after them."""
    sounds = []
    count = int(rng.integers(2, 15))
    for syllable in range(count):
        long = (1.6 if syllable == count - 1 else 1.0) / speaker.pace
        if rng.random() < 0.85:
            sounds += _consonant(speaker, rng)
        loud = float(rng.uniform(0.5, 1.0))
        for _ in range(2 if rng.random() < 0.25 else 1):
            vowel = VOWELS[rng.integers(len(VOWELS))]
            sounds.append(Sound(long * rng.uniform(0.05, 0.19), loud, speaker.breath, 0.0, 1000.0, vowel))
        if rng.random() < 0.35:
            sounds += _consonant(speaker, rng)
    return [*sounds, _pause(rng.uniform(0.1, 0.9))]


def _consonant(speaker: Speaker, rng: np.random.Generator) -> list[Sound]:
    """A sonorant, a hiss or a stop with its burst."""
    kind = rng.choice(["sonorant", "hiss", "stop"], p=[0.35, 0.3, 0.35])
    near = VOWELS[rng.integers(len(VOWELS))]
    voiced = float(rng.random() < 0.4)
    if kind == "sonorant":
        formants = SONORANTS[rng.integers(len(SONORANTS))]
        return [Sound(rng.uniform(0.04, 0.1) / speaker.pace, 0.5, speaker.breath, 0.0, 1000.0, formants)]
    if kind == "hiss":
        hiss_hz = HISSES_HZ[rng.integers(len(HISSES_HZ))] * rng.uniform(0.85, 1.15)
        seconds = rng.uniform(0.05, 0.16) / speaker.pace
        return [Sound(seconds, 0.3 * voiced, 0.1, rng.uniform(0.02, 0.25), hiss_hz, near)]
    burst_hz = BURSTS_HZ[rng.integers(len(BURSTS_HZ))] * rng.uniform(0.8, 1.2)
    closed = Sound(rng.uniform(0.03, 0.09) / speaker.pace, 0.15 * voiced, 0.0, 0.0, burst_hz, near)
    burst = Sound(rng.uniform(0.005, 0.015), 0.0, 0.2, rng.uniform(0.1, 0.5), burst_hz, near)
    breath = Sound(rng.uniform(0.0, 0.06) * (1.0 - voiced) + 0.005, 0.1, 0.5, 0.02, burst_hz, near)
    return [closed, burst, breath]


def _pause(seconds: float) -> Sound:
    return Sound(float(seconds), 0.0, 0.0, 0.0, 1000.0, VOWELS[-1])


def _intonation(n: int, speaker: Speaker, rng: np.random.Generator) -> Track:
    """The pitch of a phrase, Hz: it sinks on the whole, rises at accents, and falls or asks at the end."""
    place = np.linspace(0.0, 1.0, n)
    sinking = rng.uniform(1.0, 4.0) * (0.5 - place)
    knots = np.linspace(0.0, 1.0, max(3, n // 40))  # an accent each 200 ms or so
    accents = np.interp(place, knots, rng.normal(0.0, 2.5, len(knots)))
    ending = rng.choice([-5.0, 6.0], p=[0.75, 0.25]) * np.clip((place - 0.8) / 0.2, 0.0, 1.0) ** 2
    semitones = _smooth(sinking + accents + ending, 0.08) + 0.3 * _wander(n, 0.1, rng)
    return speaker.f0_hz * 2.0 ** (speaker.liveliness * semitones / OCTAVE)


def _wander(n: int, seconds: float, rng: np.random.Generator) -> Track:
    """A random track with the spread 1 that changes within about this time."""
    every = max(1, round(seconds * SR / HOP))
    knots = np.arange(0, n + 2 * every, every)
    return np.interp(np.arange(n), knots, rng.standard_normal(len(knots)))


def _smooth(track: Track, seconds: float) -> Track:
    """The track with all that is quicker than this smoothed away."""
    window = np.hanning(2 * round(seconds * SR / HOP / 2) + 3)
    half = len(window) // 2
    return np.convolve(np.pad(track, half, mode="edge"), window / window.sum(), mode="valid")


def _n_frames(seconds: float) -> int:
    return max(1, round(seconds * SR / HOP))


# ------------------------------------------------------------------------------------------------ how it sounds


def _uttered(
    sounds: list[Sound], f0_hz: Track, speaker: Speaker, length_s: float, sr: int, rng: np.random.Generator
) -> Samples:
    """The sounds as one speaker says them, cut to the length."""
    counts = [_n_frames(one.seconds) for one in sounds]
    n = min(sum(counts), _n_frames(length_s) + 1)
    said = np.repeat(np.array([one[1:5] for one in sounds]), counts, axis=0)[:n].T
    formants = np.repeat(np.array([one.formants for one in sounds]), counts, axis=0)[:n]
    voice, breath, hiss = (_smooth(track, 0.012) for track in said[:3])
    glottal = _pulses(f0_hz[:n], voice, speaker, rng)
    glottal += _long(breath, len(glottal)) * rng.standard_normal(len(glottal)) * 0.3
    gliding = np.stack([_smooth(track, 0.05) for track in formants.T], axis=1) * speaker.throat
    y = _through_mouth(glottal, gliding, speaker.throat) + _hissed(hiss, said[3], len(glottal), rng)
    wanted = n_samples(length_s, sr)
    y = sound.resample(y.astype(np.float32), sr=SR, target_sr=sr)
    return levelled(np.pad(y, (0, max(0, wanted - len(y))))[:wanted], peak=LOUDEST)


def _pulses(f0_hz: Track, voice: Track, speaker: Speaker, rng: np.random.Generator) -> Track:
    """The pulses of the vocal folds (Rosenberg, JASA 49, 1971), as they leave the lips: their slope."""
    n = len(f0_hz) * HOP
    turns = np.cumsum(_long(f0_hz, n)) / SR
    drawn = rng.standard_normal((2, int(turns[-1]) + 2)).clip(-3.0, 3.0)
    cycle = turns.astype(int)
    turns = np.cumsum(_long(f0_hz, n) * (1.0 + speaker.jitter * drawn[0, cycle])) / SR
    phase = turns % 1.0
    flow = np.where(phase < 0.4, 0.5 - 0.5 * np.cos(np.pi * phase / 0.4), np.cos(np.pi / 2 * (phase - 0.4) / 0.16))
    flow = np.where(phase < 0.56, flow, 0.0) * (1.0 + speaker.shimmer * drawn[1, cycle])
    slope = np.diff(flow, prepend=0.0) * SR / 1000.0
    hz = np.fft.rfftfreq(n, 1.0 / SR)
    softened = np.fft.irfft(np.fft.rfft(slope) / (1.0 + 1j * hz / speaker.tilt_hz), n)
    return softened * _long(voice, n)


def _through_mouth(y: Track, formants: Track, throat: float) -> Track:
    """The sound through resonances that move: each piece is filtered with the formants of its middle."""
    hz = np.fft.rfftfreq(PADDED, 1.0 / SR)
    above = np.arange(HIGHER_HZ[-1] + 1000.0, SR / 2 / throat, 1000.0)  # Without these a voice would be too dark.
    fixed_hz = np.array([*HIGHER_HZ, *above]) * throat
    fixed = np.prod(_resonance(hz, fixed_hz, np.full(len(fixed_hz), BANDWIDTHS_HZ[-1]) * throat), axis=0)
    window = np.hanning(WINDOW + 1)[:-1] / 2.0  # Four windows of a quarter's hop add up to 1.
    padded = np.pad(y, (WINDOW // 2, WINDOW))
    out = np.zeros(len(padded) + PADDED)
    for start in range(0, len(formants), AT_ONCE):
        moving = formants[start : start + AT_ONCE]
        at = (start + np.arange(len(moving))) * HOP
        pieces = padded[at[:, None] + np.arange(WINDOW)] * window
        response = fixed * np.prod(_resonance(hz, moving[..., None], np.array(BANDWIDTHS_HZ[:3])[:, None]), axis=1)
        filtered = np.fft.irfft(np.fft.rfft(pieces, PADDED) * response, PADDED)
        for place, piece in zip(at, filtered, strict=True):
            out[place : place + PADDED] += piece
    return out[WINDOW // 2 : WINDOW // 2 + len(y)]


def _resonance(hz: Track, formant_hz: Track, bandwidth_hz: Track) -> npt.NDArray[np.complex128]:
    """Response of resonances that leave 0 Hz as it is, at each frequency."""
    formant_hz, bandwidth_hz = np.broadcast_arrays(formant_hz, bandwidth_hz)
    if formant_hz.ndim == 1:
        formant_hz, bandwidth_hz = formant_hz[:, None], bandwidth_hz[:, None]
    return 1.0 / (1.0 - (hz / formant_hz) ** 2 + 1j * hz * bandwidth_hz / formant_hz**2)


def _hissed(hiss: Track, hiss_hz: Track, n: int, rng: np.random.Generator) -> Track:
    """Noise of teeth and lips: bands around few frequencies, each as loud as the track says where it lies there."""
    noise = np.fft.rfft(rng.standard_normal(n))
    hz = np.fft.rfftfreq(n, 1.0 / SR)
    y = np.zeros(n)
    edges = np.array([0.0, 1000.0, 1600.0, 2700.0, 4000.0, 5500.0, SR / 2])
    for low, high in pairwise(edges):
        here = (hiss_hz >= low) & (hiss_hz < high) & (hiss > 0)
        if np.any(here):
            centre = float(np.mean(hiss_hz[here]))
            band = 1.0 / (1.0 + ((hz - centre) / (0.35 * centre)) ** 4)
            y += np.fft.irfft(noise * band, n) * _long(_smooth(np.where(here, hiss, 0.0), 0.01), n)
    return y


def _long(track: Track, n: int) -> Track:
    """A track with a value for each sample."""
    return np.interp(np.arange(n) / HOP, np.arange(len(track)), track)
