"""Pitch in the units that musicians and machines use: Hz, MIDI numbers, cents, keys, note names.

A piano has 88 keys. Key index 0 is A0 (MIDI 21, 27.5 Hz), key index 87 is C8 (MIDI 108, 4186 Hz).
MIDI numbers may be fractional: 69.5 is 50 cents above A4. A function that takes an array answers with an array, and
one that takes a number with a number.
"""

import re
import unicodedata
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

# One value, Python's own or an element of an array.
Number = float | np.integer[Any] | np.floating[Any]
Whole = int | np.integer[Any]

N_KEYS = 88
MIDI_LOW = 21  # A0
MIDI_HIGH = 108  # C8
A4_MIDI = 69
A4_HZ = 440.0
A4_RANGE_HZ = (390.0, 470.0)  # This reaches from French baroque pitch to beyond the sharpest concert pitch.

NOTE_STYLES = {
    "C4": ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"),
    "Do": ("Do", "Do#", "Re", "Re#", "Mi", "Fa", "Fa#", "Sol", "Sol#", "La", "La#", "Si"),
    "도": ("도", "도#", "레", "레#", "미", "파", "파#", "솔", "솔#", "라", "라#", "시"),
}
_SEMITONE_OF_STEP = {
    name.lower(): semitone for names in NOTE_STYLES.values() for semitone, name in enumerate(names) if "#" not in name
}
_SEMITONES_OF_SIGN = {
    **{"": 0, "♮": 0, "#": 1, "s": 1, "♯": 1, "##": 2, "♯♯": 2, "𝄪": 2},
    **{"b": -1, "♭": -1, "-": -1, "bb": -2, "♭♭": -2, "𝄫": -2, "--": -2},
}
# A minus before a 1 is taken for that of octave -1, the only negative octave that MIDI has; before others, for a flat.
_LOUDNESS = re.compile(r"p{1,4}|f{1,4}|mp|mf|v\d+|vel\d+|piano", re.IGNORECASE)
_NOTE_NAME = re.compile(
    r"(do|re|mi|fa|sol|la|si|[a-g]|[도레미파솔라시])(##|bb|♯♯|♭♭|--|[#s♯𝄪b♭𝄫♮]|-(?!0*1$))?(-?\d{1,3})",
    re.IGNORECASE | re.ASCII,
)


@overload
def hz_to_midi(hz: Number, *, a4_hz: float = A4_HZ) -> float: ...
@overload
def hz_to_midi(hz: ArrayLike, *, a4_hz: float = A4_HZ) -> NDArray[np.float64]: ...
def hz_to_midi(hz: ArrayLike, *, a4_hz: float = A4_HZ) -> float | NDArray[np.float64]:
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
        If a frequency is not above 0.

    Examples
    --------
    >>> hz_to_midi(880.0)
    81.0
    >>> hz_to_midi([220.0, 440.0]).tolist()
    [57.0, 69.0]
    """
    return _number_or_array(A4_MIDI + 12.0 * np.log2(_pitched(hz) / _pitched(a4_hz)))


@overload
def midi_to_hz(midi: Number, *, a4_hz: float = A4_HZ) -> float: ...
@overload
def midi_to_hz(midi: ArrayLike, *, a4_hz: float = A4_HZ) -> NDArray[np.float64]: ...
def midi_to_hz(midi: ArrayLike, *, a4_hz: float = A4_HZ) -> float | NDArray[np.float64]:
    """Frequency of a MIDI number in equal temperament: A4 * 2^((m - 69) / 12).

    Parameters
    ----------
    midi : float or array
        MIDI number, 60 = C4; fractions lie between keys.
    a4_hz : float
        Frequency of A4 in Hz.

    Returns
    -------
    float or array
        Hz.

    Raises
    ------
    ValueError
        If A4 is not above 0 Hz.

    Examples
    --------
    >>> midi_to_hz(57)
    220.0
    >>> midi_to_hz(57, a4_hz=442.0)
    221.0
    """
    return _number_or_array(_pitched(a4_hz) * 2.0 ** ((np.asarray(midi, dtype=float) - A4_MIDI) / 12.0))


@overload
def cents_between(hz: Number, reference_hz: Number) -> float: ...
@overload
def cents_between(hz: ArrayLike, reference_hz: ArrayLike) -> NDArray[np.float64]: ...
def cents_between(hz: ArrayLike, reference_hz: ArrayLike) -> float | NDArray[np.float64]:
    """Interval from one frequency up to another; an octave has 1200 cents.

    Parameters
    ----------
    hz, reference_hz : float or array
        Frequencies in Hz, positive (NaN stays NaN).

    Returns
    -------
    float or array
        Cents, negative where ``hz`` is the lower one.

    Raises
    ------
    ValueError
        If a frequency is not above 0.

    Examples
    --------
    >>> cents_between(880.0, 440.0)
    1200.0
    """
    return _number_or_array(1200.0 * np.log2(_pitched(hz) / _pitched(reference_hz)))


@overload
def key_to_midi(key: Whole) -> int: ...
@overload
def key_to_midi(key: ArrayLike) -> NDArray[Any]: ...
def key_to_midi(key: ArrayLike) -> int | NDArray[Any]:
    """MIDI number of a key.

    Parameters
    ----------
    key : int or array
        Index, 0..87.

    Returns
    -------
    int or array
        21..108.

    Raises
    ------
    ValueError
        If there is no such key, such as -1 where none is heard.

    Examples
    --------
    >>> key_to_midi(39)
    60
    """
    return _number_or_array(_whole(key, "key", 0, N_KEYS - 1) + MIDI_LOW)


@overload
def midi_to_key(midi: Whole) -> int: ...
@overload
def midi_to_key(midi: ArrayLike) -> NDArray[Any]: ...
def midi_to_key(midi: ArrayLike) -> int | NDArray[Any]:
    """Key index of a MIDI number.

    Parameters
    ----------
    midi : int or array
        21..108.

    Returns
    -------
    int or array
        0..87.

    Raises
    ------
    ValueError
        If a number lies outside the 88 keys or between two.

    Examples
    --------
    >>> midi_to_key(60)
    39
    """
    return _number_or_array(_whole(midi, "MIDI", MIDI_LOW, MIDI_HIGH) - MIDI_LOW)


def key_hz(*, a4_hz: float = A4_HZ) -> NDArray[np.float64]:
    """Equal-tempered fundamental of each key.

    Parameters
    ----------
    a4_hz : float
        Frequency of A4 in Hz.

    Returns
    -------
    (88,) array
        Hz.

    Examples
    --------
    >>> key_hz().round(2).tolist()[::29]
    [27.5, 146.83, 783.99, 4186.01]
    """
    return midi_to_hz(np.arange(MIDI_LOW, MIDI_HIGH + 1), a4_hz=a4_hz)


def note_name(midi: Number, *, style: str = "C4") -> str:
    """Name of the nearest key, sharps only, with scientific octave numbers.

    Parameters
    ----------
    midi : int or float
        MIDI number; rounded to the nearest semitone.
    style : {'C4', 'Do', '도'}
        Letters, solfège or Korean solfège.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the style is not one of the three, or the number is not finite.

    Examples
    --------
    >>> [note_name(61, style=style) for style in NOTE_STYLES]
    ['C#4', 'Do#4', '도#4']
    """
    if style not in NOTE_STYLES:
        raise ValueError(f"note style {style!r} is unknown: use one of {', '.join(NOTE_STYLES)}")
    if not np.isfinite(midi):
        raise ValueError(f"MIDI {midi} has no name: use a finite number, 60 is C4")
    octave, semitone = divmod(int(np.floor(midi + 0.5)), 12)
    return f"{NOTE_STYLES[style][semitone]}{octave - 1}"


def parse_note(name: str) -> int:
    """MIDI number of a note name.

    A minus means a flat, as music21 writes it (B-3 is B flat 3, E--4 is E double flat 4), except in names that end in
    -1: there it belongs to the octave, because C-1 is MIDI 0. `dash_means` tells which names could mean both.

    Parameters
    ----------
    name : str
        Such as 'A0', 'Ds1', 'C#4', 'Bb3', 'B♭3', 'B-3', 'Do4', '도4'; case is ignored.

    Returns
    -------
    int
        0 or more, 60 = C4.

    Raises
    ------
    ValueError
        If the text is not a note name, or the note lies below C-1.

    References
    ----------
    Cuthbert & Ariza, "music21: A Toolkit for Computer-Aided Musicology", ISMIR 2010; user's guide, chapter 2 (notes).

    Examples
    --------
    >>> [parse_note(name) for name in ("C4", "Bb3", "B-3", "sol4", "C-1")]
    [60, 58, 58, 67, 0]
    """
    step, sign, octave = _parts(name)
    midi = 12 * (int(octave) + 1) + _SEMITONE_OF_STEP[step] + _SEMITONES_OF_SIGN[sign]
    if midi < 0:
        raise ValueError(f"{name!r} lies below C-1, the lowest note of MIDI: write its octave as in C4")
    return midi


def key_in_name(stem: str) -> int | None:
    """MIDI number of the key that a file is named by, perhaps with a loudness beside it.

    Parameters
    ----------
    stem : str
        The file's name without its suffix, such as 'A0', 'C#4', 'Piano.ff.Bb3', 'A0v8'.

    Returns
    -------
    int or None
        21..108; None if it names no key of the piano, or holds other words.

    Examples
    --------
    >>> [key_in_name(stem) for stem in ("Piano.ff.Bb3", "A0v8", "take 2", "C-1")]
    [58, 21, None, None]
    """
    parts = [part for part in re.split(r"[\s._-]+", stem) if part and not _LOUDNESS.fullmatch(part)]
    if len(parts) != 1:
        return None
    try:
        midi = parse_note(re.sub(r"v\d+$", "", parts[0]))
    except ValueError:
        return None
    return midi if MIDI_LOW <= midi <= MIDI_HIGH else None


def dash_means(name: str) -> Literal["", "flat", "octave", "either"]:
    """What the minus in a note name means.

    Parameters
    ----------
    name : str
        A note name.

    Returns
    -------
    {'', 'flat', 'octave', 'either'}
        '' without one; 'either' for names such as B-1, which music21 writes for B flat 1 and others for octave -1.

    Raises
    ------
    ValueError
        If the text is not a note name.

    Examples
    --------
    >>> [dash_means(name) for name in ("B3", "B-3", "E--1", "C#-1", "B-1")]
    ['', 'flat', 'flat', 'octave', 'either']
    """
    _, sign, octave = _parts(name)
    if sign.startswith("-"):
        return "flat"
    if not octave.startswith("-"):
        return ""
    return "octave" if sign else "either"


def _parts(name: str) -> tuple[str, str, str]:
    """Step, sign and octave of a note name, in lower case."""
    # A Mac may have written 도 as two characters.
    match = _NOTE_NAME.fullmatch(unicodedata.normalize("NFC", str(name).strip()))
    if not match:
        raise ValueError(f"{name!r} is not a note name: write it like A0, C#4, Ds1, Bb3, Do4 or 도4")
    step, sign, octave = match.groups(default="")
    return step.lower(), sign.lower(), octave


def _pitched(hz: ArrayLike) -> NDArray[np.float64]:
    """Frequencies as an array; NaN, where nothing is known, passes."""
    hz = np.asarray(hz, dtype=float)
    if np.any(hz <= 0):
        raise ValueError(f"frequency {np.nanmin(hz):g} Hz has no pitch: use values above 0, or NaN for unknown")
    return hz


def _whole(numbers: ArrayLike, noun: str, low: int, high: int) -> NDArray[Any]:
    numbers = np.asarray(numbers)
    off = ~((numbers >= low) & (numbers <= high))  # This is True for NaN.
    if np.any(off):
        raise ValueError(f"{noun} {numbers[off].ravel()[0]} is off the keyboard: use {low} (A0) to {high} (C8)")
    between = numbers != np.round(numbers)
    if np.any(between):
        raise ValueError(f"{noun} {numbers[between].ravel()[0]} lies between two keys: use whole numbers")
    return numbers


def _number_or_array(values):
    """A Python number where there is only one value without a shape."""
    return values.item() if np.ndim(values) == 0 else values
