"""Rooms, and how a microphone in them hears a piano: reverberation, and a later sound from farther away.

What comes in: sound as it leaves the strings. What goes out: the same notes in a room, made by rule or measured. The
direct sound is sample 0 of every room, so that a room moves no note; distance does, by 3 ms a metre.
"""

import os
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import oaconvolve

from pianolab import sound
from pianolab.errors import printable
from pianolab.piano.instruments import PianoError

DIRECT_BELOW_PEAK_DB = 10.0  # A reflection may be so much louder than the direct sound; none was in 224 rooms.
LONGEST_RESPONSE_S = 12.0  # No more of a response is read.
SPEED_OF_SOUND = 343.0  # Sound travels so fast (m/s) in air of 20 degrees Celsius.


@dataclass(frozen=True)
class Room:
    """A room around the piano: direct sound, early reflections, a decaying tail.

    Attributes
    ----------
    name, summary : str
        What it is called and what it is.
    t60_s : tuple of 2
        Reverberation time at 125 Hz and at 8 kHz, s; straight in the logarithm of frequency between.
    reverb_db : float or None
        Energy of everything after the direct sound, against the direct sound; None for no room.
    reflections_s : tuple of 2
        Times of the first and of the last early reflection.
    seed : int
        Fixes the reflections.

    Raises
    ------
    PianoError
        If no room can be so.
    """

    name: str
    summary: str
    t60_s: tuple[float, float] = (0.0, 0.0)
    reverb_db: float | None = None
    reflections_s: tuple[float, float] = (0.004, 0.03)
    seed: int = 1

    def __post_init__(self) -> None:
        if self.reverb_db is None:
            return
        first_s, last_s = self.reflections_s
        if not np.isfinite(self.reverb_db):
            raise PianoError(f"room {self.name!r} has a reverb_db of {self.reverb_db}: use dB, or None for no room")
        # The millisecond holds the last reflection inside the tail at any rate.
        if not (0 < first_s < last_s and last_s + 0.001 < max(self.t60_s) < np.inf and min(self.t60_s) > 0):
            raise PianoError(
                f"room {self.name!r} rings for {self.t60_s} s with reflections within {self.reflections_s} s: use "
                "times above 0, the first reflection before the last, and that before the reverberation ends"
            )


ROOMS = {
    room.name: room
    for room in (
        Room("dry", "no room at all"),
        Room("room", "a living room, microphone at two metres", (0.5, 0.3), -6.0, (0.003, 0.025), 11),
        Room("hall", "a concert hall, microphone above the stage", (2.2, 0.9), -7.0, (0.012, 0.08), 12),
    )
}


def impulse_response(room: Room, *, sr: int) -> npt.NDArray[np.float64]:
    """What a room makes of a click.

    The tail is noise in octave bands, each decaying with its own T60 (Moorer, Computer Music Journal 3(2), 1979).

    Parameters
    ----------
    room : Room
    sr : int
        Hz.

    Returns
    -------
    (n,) float64
        1 at sample 0 (the direct sound), then reflections and tail.

    Examples
    --------
    >>> impulse_response(ROOMS["dry"], sr=44100)
    array([1.])
    """
    if room.reverb_db is None:
        return np.ones(1)
    rng = np.random.default_rng(room.seed)
    n = int(max(room.t60_s) * sr)
    spectrum = np.fft.rfft(rng.standard_normal(n))
    octave = np.log2(np.maximum(np.fft.rfftfreq(n, 1.0 / sr), 1.0) / 125.0)
    t = np.arange(n) / sr
    tail = np.zeros(n)
    for band in range(7):
        # The bands are 125 Hz to 8 kHz; the outer ones take all below and above.
        weight = np.clip(1.0 - np.abs(np.clip(octave, 0, 6) - band), 0.0, 1.0)
        t60 = np.interp(band, (0, 6), room.t60_s)
        tail += np.fft.irfft(spectrum * weight, n) * 10.0 ** (-3.0 * t / t60)
    first, last = room.reflections_s
    tail *= np.clip((t - first) / (last - first), 0.0, 1.0)
    tail /= np.sqrt(np.sum(tail**2))
    arrivals = np.sort(rng.uniform(first, last, 8))
    early = np.zeros(n)
    early[np.round(arrivals * sr).astype(int)] = rng.choice([-1.0, 1.0], 8) * first / arrivals
    early /= np.sqrt(np.sum(early**2))
    response = 10.0 ** (room.reverb_db / 20.0) * np.sqrt(0.5) * (early + tail)
    response[0] = 1.0
    return response


def in_room(y: npt.NDArray[np.float32], *, sr: int, room: Room) -> npt.NDArray[np.float32]:
    """The sound in a room: direct sound, early reflections, tail; cut to the length it had.

    Parameters
    ----------
    y : (n,) float32
    sr : int
        Hz.
    room : Room

    Returns
    -------
    (n,) float32
    """
    return oaconvolve(y, impulse_response(room, sr=sr))[: len(y)].astype(np.float32)


def read_response(path: str | os.PathLike[str], *, sr: int) -> npt.NDArray[np.float32]:
    """A measured impulse response, from its direct sound on.

    The direct sound is where the response first comes within 10 dB of its peak, which may be a later reflection.

    Parameters
    ----------
    path : str or Path
        A sound file, such as a recorded clap or balloon.
    sr : int
        Hz.

    Returns
    -------
    (n,) float32
        The direct sound is sample 0; its energy in all is 1.

    Raises
    ------
    AudioError
        If the file cannot be read.
    PianoError
        If it is silent.
    """
    recorded, rate = sound.load(path, duration_s=LONGEST_RESPONSE_S)
    peak = np.max(np.abs(recorded), initial=0.0)
    if peak == 0.0:
        raise PianoError(f"{printable(path)} is silent: name the recorded response of a room")
    direct = np.argmax(np.abs(recorded) >= peak * 10.0 ** (-DIRECT_BELOW_PEAK_DB / 20.0))
    response = sound.resample(recorded, sr=rate, target_sr=sr)[round(direct / rate * sr) :]
    return response / np.sqrt(np.sum(np.square(response)))


def measured_room(
    y: npt.NDArray[np.float32], *, sr: int, response: npt.NDArray[np.float32] | str | os.PathLike[str]
) -> npt.NDArray[np.float32]:
    """The sound in a room whose response was measured; cut to the length it had, about as loud as it was.

    Parameters
    ----------
    y : (n,) float32
    sr : int
        Hz.
    response : (m,) float32 or path
        From `read_response`, or the file.

    Returns
    -------
    (n,) float32

    Raises
    ------
    AudioError, PianoError
        If the file cannot be read, or is silent.

    Examples
    --------
    >>> click = np.array([0.0, 1.0, 0.0, 0.0], np.float32)
    >>> measured_room(click, sr=1000, response=np.array([0.8, 0.0, 0.6], np.float32)).round(1)
    array([0. , 0.8, 0. , 0.6], dtype=float32)
    """
    measured = response if isinstance(response, np.ndarray) else read_response(response, sr=sr)
    return oaconvolve(y, measured)[: len(y)].astype(np.float32) if len(y) else y


def reverberation_time_s(response: npt.NDArray[np.floating], *, sr: int) -> float:
    """How long a room rings, by its impulse response: the time in which sound falls by 60 dB.

    Parameters
    ----------
    response : (n,) array
        From `read_response`.
    sr : int
        Hz.

    Returns
    -------
    float
        Seconds, from the fall from -5 to -25 dB of the energy that is still to come (ISO 3382, T20).

    Examples
    --------
    >>> t = np.arange(8000) / 8000
    >>> round(reverberation_time_s(10.0 ** (-3.0 * t / 0.4), sr=8000), 2)
    0.4
    """
    to_come = np.cumsum(np.square(response, dtype=float)[::-1])[::-1]
    level_db = 10.0 * np.log10(np.maximum(to_come / max(to_come[0], 1e-300), 1e-12))
    first, last = np.searchsorted(-level_db, [5.0, 25.0])
    return 3.0 * max(int(last - first), 1) / sr


def farther(y: npt.NDArray[np.float32], *, sr: int, metres: float) -> npt.NDArray[np.float32]:
    """The sound as it arrives at a microphone this far away: later, and cut to the length it had.

    Parameters
    ----------
    y : (n,) float32
    sr : int
        Hz.
    metres : float

    Returns
    -------
    (n,) float32

    Examples
    --------
    >>> click = np.array([1.0, 0.0, 0.0, 0.0, 0.0], np.float32)
    >>> farther(click, sr=1000, metres=0.686)
    array([0., 0., 1., 0., 0.], dtype=float32)
    """
    late = round(metres / SPEED_OF_SOUND * sr)
    return np.pad(y, (late, 0))[: len(y)]


def random_room(rng: np.random.Generator) -> tuple[Room, float]:
    """A room that might be anywhere, from a curtained study to a church, and the microphone near or far.

    Parameters
    ----------
    rng : numpy.random.Generator

    Returns
    -------
    room : Room
    metres : float
        How far the microphone is. Reverberation is as loud as the direct sound at the critical distance, about
        0.057 sqrt(V / T60): 0.6 m in a room of 40 m3 and 0.35 s, 2.5 m in one of 2000 m3 and 1 s.
    """
    low_s = float(np.exp(rng.uniform(np.log(0.2), np.log(2.0))))
    first_s = float(rng.uniform(0.001, 0.015))
    reverb_db = float(rng.uniform(-12.0, 8.0))
    room = Room(
        "random",
        "drawn at random",
        t60_s=(low_s, low_s * float(rng.uniform(0.3, 0.9))),
        reverb_db=reverb_db,
        reflections_s=(first_s, first_s + float(rng.uniform(0.01, 0.06))),
        seed=int(rng.integers(2**31)),
    )
    return room, float(np.exp(rng.uniform(np.log(0.6), np.log(2.5)))) * 10.0 ** (reverb_db / 20.0)


def in_random_room(y: npt.NDArray[np.float32], *, sr: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """The sound as a microphone somewhere in a `random_room` hears it: with the room, and later.

    Parameters
    ----------
    y : (n,) float32
    sr : int
        Hz.
    rng : numpy.random.Generator

    Returns
    -------
    (n,) float32
    """
    room, metres = random_room(rng)
    return farther(in_room(y, sr=sr, room=room), sr=sr, metres=metres)
