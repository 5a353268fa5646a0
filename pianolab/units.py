"""Pitch in the units that musicians and machines use: Hz, MIDI numbers, cents, keys, note names.

A piano has 88 keys. Key index 0 is A0 (MIDI 21, 27.5 Hz), key index 87 is C8 (MIDI 108, 4186 Hz).
MIDI numbers may be fractional: 69.5 is 50 cents above A4. All functions take scalars or arrays.
"""

import re

import numpy as np

N_KEYS = 88
MIDI_LOW = 21  # A0
MIDI_HIGH = 108  # C8
A4_MIDI = 69
A4_HZ = 440.0

NOTE_STYLES = {
    "C4": ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"),
    "Do": ("Do", "Do#", "Re", "Re#", "Mi", "Fa", "Fa#", "Sol", "Sol#", "La", "La#", "Si"),
    "도": ("도", "도#", "레", "레#", "미", "파", "파#", "솔", "솔#", "라", "라#", "시"),
}
_STEP = {
    name.lower(): semitone for names in NOTE_STYLES.values() for semitone, name in enumerate(names) if "#" not in name
}
_ACCIDENTAL = {"": 0, "#": 1, "s": 1, "♯": 1, "b": -1, "♭": -1, "##": 2, "bb": -2}
_NAME = re.compile(
    r"(do|re|mi|fa|sol|la|si|[a-g]|[도레미파솔라시])(##|bb|[#s♯b♭])?(-?\d{1,3})", re.IGNORECASE | re.ASCII
)


def hz_to_midi(hz, *, a4_hz=A4_HZ):
    """Fractional MIDI number of a frequency: 69 + 12 log2(f / A4).

    Parameters
    ----------
    hz : float or array
        Frequency in Hz, positive (NaN stays NaN).
    a4_hz : float
        Frequency of A4 in Hz.

    Returns
    -------
    float or array
        MIDI number, 60 = C4.

    Raises
    ------
    ValueError
        If a frequency is zero or negative.
    """
    hz = np.asarray(hz, dtype=float)
    if np.any(hz <= 0):
        raise ValueError(f"frequency {np.nanmin(hz):g} Hz has no pitch: use values above 0, or NaN for unknown")
    return _plain(A4_MIDI + 12.0 * np.log2(hz / a4_hz))


def midi_to_hz(midi, *, a4_hz=A4_HZ):
    """Frequency in Hz of a MIDI number in equal temperament: A4 * 2^((m - 69) / 12)."""
    return _plain(a4_hz * 2.0 ** ((np.asarray(midi, dtype=float) - A4_MIDI) / 12.0))


def cents_between(hz, reference_hz):
    """Interval from ``reference_hz`` up to ``hz`` in cents (1200 to the octave)."""
    return _plain(1200.0 * np.log2(np.asarray(hz, dtype=float) / np.asarray(reference_hz, dtype=float)))


def key_to_midi(key):
    """MIDI number of a key index (0..87 -> 21..108)."""
    return key + MIDI_LOW


def midi_to_key(midi):
    """Key index of a MIDI number (21..108 -> 0..87).

    Raises
    ------
    ValueError
        If a number lies outside the 88 keys.
    """
    midi = np.asarray(midi)
    inside = (midi >= MIDI_LOW) & (midi <= MIDI_HIGH)  # False for NaN
    if not np.all(inside):
        raise ValueError(
            f"MIDI {midi[~inside].ravel()[0]} is off the keyboard: use {MIDI_LOW} (A0) to {MIDI_HIGH} (C8)"
        )
    return _plain(midi - MIDI_LOW)


def key_hz(*, a4_hz=A4_HZ):
    """Equal-tempered fundamental of each key, shape (88,), Hz."""
    return midi_to_hz(np.arange(MIDI_LOW, MIDI_HIGH + 1), a4_hz=a4_hz)


def note_name(midi, *, style="C4"):
    """Name of the nearest key, sharps only: 60 -> 'C4', 'Do4' or '도4' (scientific octave numbers).

    Parameters
    ----------
    midi : int or float
        MIDI number; rounded to the nearest semitone.
    style : {'C4', 'Do', '도'}
        Letters, solfège or Korean solfège.

    Raises
    ------
    ValueError
        If the style is not one of the three, or the number is not finite.
    """
    if style not in NOTE_STYLES:
        raise ValueError(f"note style {style!r} is unknown: use one of {', '.join(NOTE_STYLES)}")
    if not np.isfinite(midi):
        raise ValueError(f"MIDI {midi} has no name: use a finite number, 60 is C4")
    octave, semitone = divmod(int(np.floor(midi + 0.5)), 12)
    return f"{NOTE_STYLES[style][semitone]}{octave - 1}"


def parse_note(name):
    """MIDI number of a note name: 'A0', 'Ds1', 'C#4', 'Bb3', 'Do4', '도4'; case is ignored.

    Raises
    ------
    ValueError
        If the text is not a note name.
    """
    match = _NAME.fullmatch(str(name).strip())
    if not match:
        raise ValueError(f"{name!r} is not a note name: write it like A0, C#4, Ds1, Bb3, Do4 or 도4")
    step, accidental, octave = match.groups()
    return 12 * (int(octave) + 1) + _STEP[step.lower()] + _ACCIDENTAL[(accidental or "").lower()]


def _plain(value):
    return value.item() if np.ndim(value) == 0 else value
