"""A piano made of physics: play Notes on it and hear when each key was struck, exactly.

What comes in: notes (when each key goes down and up, how hard), the sustain pedal, a piano and a room. What
comes out: audio, float32 mono in [-1, 1]. Because the sound is made from the notes, the labels are true to the
sample: this is what detectors are first tested on. A key is a set of decaying sine waves (the strings' partials,
slightly sharp because steel is stiff, each dying in two stages) and a thump (the hammer's knock on the soundboard).
"""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from pianolab.errors import nearest
from pianolab.labels.pedal import merged
from pianolab.piano.instruments import DEFAULT_VELOCITY, PIANOS, Piano, PianoError
from pianolab.piano.rooms import ROOMS, Room, in_room
from pianolab.piano.strokes import stroke
from pianolab.roll import Notes
from pianolab.units import MIDI_HIGH, MIDI_LOW

SR_LOW, SR_HIGH = 8000, 192000
LONGEST_S = 3600  # All of it is in memory: 0.6 GB at 44.1 kHz.
UNDAMPED_MIDI = 91  # From G6 up grand pianos have no dampers.
PEAK_LIMIT = 0.99
_NUMBERS = (int, float, np.integer, np.floating)


def render(
    notes: Notes,
    *,
    sr: int = 44100,
    piano: str | Piano = "grand",
    room: str | Room = "dry",
    pedal: npt.ArrayLike | None = None,
    seed: int = 0,
    tail_s: float = 1.0,
    watched: Callable[[Iterable], Iterable] = iter,
) -> npt.NDArray[np.float32]:
    """Play notes on a piano in a room.

    A note starts on the sample nearest to its onset: nothing of it sounds before. The result is the sum of the
    notes, each the same whatever else is played, and is turned down as a whole only if it would exceed full scale.

    Parameters
    ----------
    notes : Notes
        Offsets are key releases; a missing velocity counts as 64.
    sr : int
        Sampling rate, 8000..192000 Hz; partials above sr / 2 are left out.
    piano : str or Piano
        A name in ``PIANOS`` or an instrument of your own.
    room : str or Room
        A name in ``ROOMS`` or a room of your own.
    pedal : (n, 2) array, optional
        Seconds when the sustain pedal goes down and up; keys released between ring until it is up.
    seed : int
        Fixes the small differences from one stroke to the next.
    tail_s : float
        Seconds of sound after the last key (or pedal) is released; an hour in all at most.
    watched : callable
        Gets the strokes and gives them back one after the other, as ``tqdm`` does.

    Returns
    -------
    (n,) float32 array
        Mono audio, peak at most 1.

    Raises
    ------
    PianoError
        If a piano or room is unknown, notes are not Notes, a key is off the keyboard, or a number is out of range.
    LabelError
        If the pedal is no list of times.

    Examples
    --------
    >>> third = Notes([0.0, 0.5], [1.0, 1.0], [60, 64])
    >>> y = render(third, sr=16000, piano="upright", room="hall", tail_s=0.5)
    >>> len(y), y.dtype.name
    (24000, 'float32')
    """
    piano, room = _named(piano, PIANOS, Piano, "piano"), _named(room, ROOMS, Room, "room")
    sr = checked_rate(sr)
    refuse_unplayable(notes, tail_s)
    if not (isinstance(seed, (int, np.integer)) and seed >= 0):
        raise PianoError(f"seed {seed!r} cannot start a generator: use a whole number from 0")
    released = _pedalled(notes.offset, merged([] if pedal is None else pedal))
    seconds = released.max(initial=0.0) + tail_s
    if seconds > LONGEST_S:
        raise PianoError(f"{seconds:g} s are too long to be rendered at once: use at most {LONGEST_S} s, tail included")
    y = np.zeros(int(np.ceil(seconds * sr)), np.float32)
    velocities = np.where(np.isnan(notes.velocity), DEFAULT_VELOCITY, notes.velocity)
    struck = list(zip(notes.onset, released, notes.midi.tolist(), velocities, strict=True))
    # The products are small: a second thread would mostly wait.
    with threadpool_limits(1, user_api="blas"):
        for onset_s, release_s, midi, velocity in watched(struck):
            start = round(onset_s * sr)
            held = max(round(release_s * sr) - start, 0) if midi < UNDAMPED_MIDI else None
            rng = np.random.default_rng([seed, midi, start])
            tone = stroke(piano, midi, velocity, held=held, n_left=len(y) - start, sr=sr, rng=rng)
            y[start : start + len(tone)] += tone
    if room.reverb_db is not None and len(y):
        y = in_room(y, sr=sr, room=room)
    peak = np.max(np.abs(y), initial=0.0)
    return y * np.float32(PEAK_LIMIT / peak) if peak > PEAK_LIMIT else y


def _pedalled(offsets: npt.NDArray[np.float64], pedal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """When the dampers fall: at the key's release, or when the pedal that is down then comes up."""
    ends = np.array(offsets, dtype=float)
    for down, up in pedal:
        ends = np.where((ends >= down) & (ends < up), up, ends)
    return ends


def _named(value, known, kind, noun):
    if isinstance(value, kind):
        return value
    if isinstance(value, str) and value in known:
        return known[value]
    raise PianoError(f"{noun} {value!r} is unknown{nearest(str(value), known)} (all: {', '.join(known)})")


def checked_rate(sr: float) -> int:
    """A sampling rate that can be rendered.

    Parameters
    ----------
    sr : float
        Hz.

    Returns
    -------
    int

    Raises
    ------
    PianoError
        If it is no whole number from 8000 to 192000.
    """
    if not (isinstance(sr, _NUMBERS) and SR_LOW <= sr <= SR_HIGH and float(sr).is_integer()):
        raise PianoError(f"sr {sr!r} cannot be rendered: use a whole number from {SR_LOW} to {SR_HIGH} Hz")
    return int(float(sr))


def refuse_unplayable(notes: Notes, tail_s: float) -> None:
    """Make sure that notes can be played.

    Parameters
    ----------
    notes : Notes
    tail_s : float
        Seconds after the last of them.

    Raises
    ------
    PianoError
        If they are no Notes, a key is off the keyboard, or the tail is no length of time.
    """
    if not isinstance(notes, Notes):
        raise PianoError(f"{type(notes).__name__} cannot be played: pass Notes(onset, offset, midi)")
    if not (isinstance(tail_s, _NUMBERS) and np.isfinite(tail_s) and tail_s >= 0):
        raise PianoError(f"tail_s {tail_s!r} is not a length of time: use 0 s or more")
    off = notes.midi[(notes.midi < MIDI_LOW) | (notes.midi > MIDI_HIGH)]
    if len(off):
        raise PianoError(f"MIDI {off[0]} is off the keyboard: render notes.on_keyboard() ({MIDI_LOW}..{MIDI_HIGH})")
