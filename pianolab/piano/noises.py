"""Noises of rooms in which nobody plays: hiss, mains hum, knocks, steps, dishes, and several of them at once.

What comes in: a length and a random number generator. What goes out: sound without a single piano note in it. Detectors
are tested on these noises and the network learns from them that not all that sounds is a piano. The same generator
gives the same noise. What is struck here, wood or glass, rings as a sum of decaying sine waves whose frequencies follow
no harmonic series (Fletcher and Rossing, The Physics of Musical Instruments, 1998, chapters 2 and 3).
"""

import numpy as np
import numpy.typing as npt

from pianolab.piano.degrade import levelled
from pianolab.piano.instruments import PianoError
from pianolab.piano.rendering import LONGEST_S, SR_HIGH, SR_LOW

LOUDEST = 0.5  # The loudest sample of each sound here: 6 dB below full scale. Its listener turns it up or down.
MAINS_HZ = (50.0, 60.0)
LONGEST_STROKE_S = 2.0
SETTLED = 6.9  # A decay is cut off after so many of its time constants, 60 dB below its beginning.

# What is struck: number of modes, their lowest and highest frequency in Hz, the share of its energy that a mode loses
# in a radian of its vibration (wood that lies on something 0.03 to 0.15, glass 0.001 to 0.005), and how loud the click
# of the stroke is beside the modes.
_STRUCK = {
    "table": ((5, 12), (90.0, 1800.0), (0.05, 0.15), 0.6),
    "door": ((4, 9), (55.0, 700.0), (0.04, 0.12), 0.4),
    "box": ((3, 7), (180.0, 1200.0), (0.03, 0.1), 0.5),
    "key": ((3, 8), (700.0, 5500.0), (0.03, 0.1), 1.0),  # of a keyboard to type on
}
_CLINKING = ((3, 8), (1200.0, 9000.0), (0.001, 0.006), 0.3)
_STEP = ((3, 7), (45.0, 260.0), (0.06, 0.2), 0.8)

Samples = npt.NDArray[np.float32]


def n_samples(length_s: float, sr: int) -> int:
    """Number of samples of a sound to be made.

    Parameters
    ----------
    length_s : float
        Seconds.
    sr : int
        Hz.

    Returns
    -------
    int

    Raises
    ------
    PianoError
        If no such sound can be made.

    Examples
    --------
    >>> n_samples(0.5, 44100)
    22050
    """
    if not 0.0 < length_s <= LONGEST_S:
        raise PianoError(f"a sound of {length_s} s cannot be made: use more than 0 and at most {LONGEST_S} s")
    if not SR_LOW <= sr <= SR_HIGH:
        raise PianoError(f"a sound at {sr} Hz cannot be made: use {SR_LOW} to {SR_HIGH} Hz")
    return max(1, round(length_s * sr))


def coloured(length_s: float, *, sr: int, rng: np.random.Generator, slope: float | None = None) -> Samples:
    """Steady noise: white, pink, brown or between.

    Parameters
    ----------
    length_s : float
        Seconds.
    sr : int
        Hz.
    rng : numpy.random.Generator
    slope : float, optional
        Power falls as 1 / f ** slope: 0 is white, 1 pink, 2 brown. Drawn between 0 and 2 if not given.

    Returns
    -------
    (n,) float32

    Examples
    --------
    >>> y = coloured(1.0, sr=8000, rng=np.random.default_rng(0), slope=1.0)
    >>> power = np.abs(np.fft.rfft(y)) ** 2
    >>> round(float(power[100:200].sum() / power[1000:2000].sum()))
    1
    """
    n = n_samples(length_s, sr)
    slope = float(rng.uniform(0.0, 2.0)) if slope is None else slope
    spectrum = np.fft.rfft(rng.standard_normal(n))
    hz = np.fft.rfftfreq(n, 1.0 / sr)
    spectrum *= np.maximum(hz, 20.0) ** (-slope / 2.0)  # Below hearing noise does not grow any more.
    spectrum[0] = 0.0
    return levelled(np.fft.irfft(spectrum, n).astype(np.float32), peak=LOUDEST)


def hum(length_s: float, *, sr: int, rng: np.random.Generator) -> Samples:
    """Mains hum: 50 or 60 Hz and its multiples, steady, with a little hiss.

    Parameters
    ----------
    length_s : float
        Seconds.
    sr : int
        Hz.
    rng : numpy.random.Generator
        Draws the mains, how far it is off (0.2 % at most), the multiples and the hiss.

    Returns
    -------
    (n,) float32
    """
    n = n_samples(length_s, sr)
    t = np.arange(n) / sr
    mains_hz = rng.choice(MAINS_HZ) * (1.0 + rng.uniform(-0.002, 0.002))
    y = np.zeros(n)
    evenness = rng.uniform(0.1, 1.0)  # Rectifiers hum on even multiples, transformers on odd ones as well.
    for multiple in range(1, int(rng.integers(3, 14))):
        loud = multiple ** -rng.uniform(0.5, 1.5) * (evenness if multiple % 2 else 1.0)
        y += loud * np.sin(2 * np.pi * (mains_hz * multiple * t + rng.random()))
    hiss = coloured(length_s, sr=sr, rng=rng) / LOUDEST
    return levelled((y + 10.0 ** rng.uniform(-3.0, -1.0) * hiss).astype(np.float32), peak=LOUDEST)


def knocks(length_s: float, *, sr: int, rng: np.random.Generator) -> Samples:
    """Knocks on a table, a door or a box, or typing: now and then, alone or several in a row.

    Parameters
    ----------
    length_s : float
        Seconds.
    sr : int
        Hz.
    rng : numpy.random.Generator
        Draws what is struck, when and how hard.

    Returns
    -------
    (n,) float32
    """
    y = np.zeros(n_samples(length_s, sr), np.float32)
    start_s = float(rng.uniform(0.05, 0.5))
    while start_s < length_s:
        thing = _STRUCK[str(rng.choice(list(_STRUCK)))]
        modes = _modes(thing, rng)
        for _ in range(int(rng.integers(1, 6))):
            _add(y, _struck(modes, thing[3], sr, rng) * np.float32(rng.uniform(0.2, 1.0)), start_s, sr)
            start_s += float(rng.uniform(0.1, 0.35))
        start_s += float(rng.exponential(0.8))
    return levelled(y, peak=LOUDEST)


def steps(length_s: float, *, sr: int, rng: np.random.Generator) -> Samples:
    """Somebody who walks: dull thuds of heel and sole, about two steps a second.

    Parameters
    ----------
    length_s : float
        Seconds.
    sr : int
        Hz.
    rng : numpy.random.Generator
        Draws the floor, the walker and each step.

    Returns
    -------
    (n,) float32
    """
    y = np.zeros(n_samples(length_s, sr), np.float32)
    every_s, sole_s = float(rng.uniform(0.4, 0.75)), float(rng.uniform(0.04, 0.12))
    floor = _modes(_STEP, rng)
    start_s = float(rng.uniform(0.0, every_s))
    while start_s < length_s:
        loud = float(rng.uniform(0.5, 1.0))
        _add(y, _struck(floor, _STEP[3], sr, rng) * np.float32(loud), start_s, sr)
        _add(y, _struck(floor, 2.0, sr, rng) * np.float32(0.4 * loud), start_s + sole_s, sr)
        start_s += every_s * float(rng.uniform(0.93, 1.07))
    return levelled(y, peak=LOUDEST)


def clinks(length_s: float, *, sr: int, rng: np.random.Generator) -> Samples:
    """Dishes, glasses and keys on a ring: short bright sounds that ring, several close together.

    Parameters
    ----------
    length_s : float
        Seconds.
    sr : int
        Hz.
    rng : numpy.random.Generator
        Draws the things, and when they are struck and how hard.

    Returns
    -------
    (n,) float32
    """
    y = np.zeros(n_samples(length_s, sr), np.float32)
    things = [_modes(_CLINKING, rng) for _ in range(int(rng.integers(2, 7)))]
    start_s = float(rng.uniform(0.05, 0.4))
    while start_s < length_s:
        modes = things[rng.integers(len(things))]
        _add(y, _struck(modes, _CLINKING[3], sr, rng) * np.float32(10.0 ** rng.uniform(-1.3, 0.0)), start_s, sr)
        start_s += float(rng.exponential(0.12 if rng.random() < 0.7 else 0.9))
    return levelled(y, peak=LOUDEST)


def room_tone(length_s: float, *, sr: int, rng: np.random.Generator) -> Samples:
    """A room in which nothing happens: air that moves, louder and softer, and a machine that hums far away.

    Parameters
    ----------
    length_s : float
        Seconds.
    sr : int
        Hz.
    rng : numpy.random.Generator

    Returns
    -------
    (n,) float32
    """
    n = n_samples(length_s, sr)
    air = coloured(length_s, sr=sr, rng=rng, slope=float(rng.uniform(1.0, 2.0)))
    times_s = np.arange(0.0, length_s + 2.0, 0.7)
    swelling_db = np.interp(np.arange(n) / sr, times_s, rng.normal(0.0, 2.0, len(times_s)))
    far = hum(length_s, sr=sr, rng=rng) * np.float32(10.0 ** rng.uniform(-2.5, -0.7))
    return levelled((air * 10.0 ** (swelling_db / 20.0) + far).astype(np.float32), peak=LOUDEST)


NOISES = {
    "coloured": coloured,
    "hum": hum,
    "knocks": knocks,
    "steps": steps,
    "clinks": clinks,
    "room tone": room_tone,
}


def mixed(length_s: float, *, sr: int, rng: np.random.Generator) -> Samples:
    """Two to four of the noises at once, each louder or softer.

    Parameters
    ----------
    length_s : float
        Seconds.
    sr : int
        Hz.
    rng : numpy.random.Generator
        Draws which ones, and how loud.

    Returns
    -------
    (n,) float32
    """
    y = np.zeros(n_samples(length_s, sr), np.float32)
    for name in rng.choice(list(NOISES), int(rng.integers(2, 5)), replace=False):
        y += NOISES[name](length_s, sr=sr, rng=rng) * np.float32(10.0 ** rng.uniform(-1.2, 0.0))
    return levelled(y, peak=LOUDEST)


def _modes(thing, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Frequency in Hz, time constant in s and loudness of each mode of a thing that is struck: (3, n)."""
    (fewest, most), hz, loss, _ = thing
    n = int(rng.integers(fewest, most + 1))
    frequencies = np.exp(rng.uniform(np.log(hz[0]), np.log(hz[1]), n))
    decays_s = 1.0 / (np.pi * frequencies * np.exp(rng.uniform(np.log(loss[0]), np.log(loss[1]), n)))
    return np.stack([frequencies, decays_s, rng.uniform(0.1, 1.0, n)])


def _struck(modes: npt.NDArray[np.float64], click: float, sr: int, rng: np.random.Generator) -> Samples:
    """One stroke: each mode a little louder or softer than the last time, and the click of what strikes."""
    hz, decay_s, loud = modes[:, modes[0] < 0.45 * sr]
    longest_s = min(SETTLED * max(decay_s.max(initial=0.0), 0.004), LONGEST_STROKE_S)
    t = np.arange(max(1, round(longest_s * sr))) / sr
    loud = loud * rng.uniform(0.5, 1.0, len(loud))
    waves = np.sin(2 * np.pi * hz[:, None] * t) * np.exp(-t / decay_s[:, None])
    y = loud @ waves + click * rng.standard_normal(len(t)) * np.exp(-t / 0.0015)
    return (y / max(np.abs(y).max(), 1e-9)).astype(np.float32)


def _add(y: Samples, part: Samples, start_s: float, sr: int) -> None:
    """Put a part of a sound into the whole, as far as it lies within it."""
    start = round(start_s * sr)
    part = part[: max(len(y) - start, 0)]
    y[start : start + len(part)] += part
