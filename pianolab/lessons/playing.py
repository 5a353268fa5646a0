"""What the lessons play: tones made of harmonics, single notes, chords and whole keyboards on the rendered pianos.

What comes in: frequencies in Hz, keys as MIDI numbers or names. What goes out: samples in [-1, 1].
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.units import MIDI_HIGH, MIDI_LOW, parse_note

KEYBOARD_SR = 44100
NOTE_S, GAP_S = 0.3, 0.05  # A key of a keyboard sounds so long, after so much silence.


def tone(
    hz: float,
    seconds: float,
    *,
    sr: float,
    amplitudes: Sequence[float] | npt.NDArray = (1.0,),
    phases: Sequence[float] | npt.NDArray | None = None,
) -> npt.NDArray[np.float64]:
    """A sum of harmonics: amplitude k times sin(2 pi k f t + phase k), peak as it comes.

    Parameters
    ----------
    hz : float
        Frequency of the first harmonic.
    seconds : float
    sr : float
        Hz.
    amplitudes : sequence
        Of harmonics 1, 2, 3, ...
    phases : sequence, optional
        Radians; 0 if not given.

    Returns
    -------
    (n,) float64

    Examples
    --------
    >>> print(tone(1.0, 1.0, sr=4).round(6))
    [ 0.  1.  0. -1.]
    """
    t = np.arange(round(seconds * sr)) / sr
    phases = np.zeros(len(amplitudes)) if phases is None else phases
    parts = [a * np.sin(2 * np.pi * k * hz * t + p) for k, (a, p) in enumerate(zip(amplitudes, phases, strict=True), 1)]
    return np.sum(parts, axis=0)


def note(
    midi: int, *, sr: int = 22050, n: int = 2048, start_s: float = 0.1, piano: str = "grand"
) -> npt.NDArray[np.float32]:
    """Samples of one rendered note.

    Parameters
    ----------
    midi : int
        MIDI number of the key, 21..108.
    sr : int
        Hz.
    n : int
        Samples.
    start_s : float
        Seconds after the hammer's blow.
    piano : str
        A name in `pianolab.piano.PIANOS`.

    Returns
    -------
    (n,) float32
    """
    start = int(start_s * sr)
    y = render(Notes([0.0], [(start + n) / sr], [midi], [80]), sr=sr, piano=piano, tail_s=0.01)
    return y[start : start + n]


def chords(
    names: Sequence[str], *, beat_s: float = 0.8, held_s: float = 0.7, start_s: float = 0.1, velocity: float = 80
) -> Notes:
    """Notes of some chords, one a beat.

    Parameters
    ----------
    names : sequence of str
        Keys struck together, such as ``"C4 E4 G4"``.
    beat_s, held_s, start_s : float
        Seconds from chord to chord, that each is held, and before the first.
    velocity : float
        How hard the keys are struck, 1..127.

    Returns
    -------
    Notes

    Raises
    ------
    ValueError
        If a name is no key.

    Examples
    --------
    >>> chords(["C4 E4", "A3"]).names
    ['C4', 'E4', 'A3']
    """
    keys = [[parse_note(name) for name in chord.split()] for chord in names]
    midi = [key for chord in keys for key in chord]
    onset = np.array([start_s + beat_s * beat for beat, chord in enumerate(keys) for _ in chord])
    return Notes(onset, onset + held_s, midi, np.full(len(midi), velocity))


def keyboard(piano: str = "grand", *, sr: int = KEYBOARD_SR) -> npt.NDArray[np.float32]:
    """All 88 keys of a rendered piano, one after the other; nothing of one rings into the next.

    Parameters
    ----------
    piano : str
        A name in `pianolab.piano.PIANOS`.
    sr : int
        Hz.

    Returns
    -------
    (n,) float32
        Each key begins GAP_S after the one before has ended and sounds for NOTE_S.
    """
    gap = np.zeros(round(GAP_S * sr), np.float32)
    keys = range(MIDI_LOW, MIDI_HIGH + 1)
    notes = [note(midi, sr=sr, n=round(NOTE_S * sr), start_s=0.0, piano=piano) for midi in keys]
    return np.concatenate([part for sound in notes for part in (gap, sound)])
