"""What was learnt of one piano in its room: tuning, stretch, level, loudness, and settings that suit it.

What comes in: a small JSON file that ``pianolab learn-piano`` wrote, or the same values by name. What comes out: the
frequency of each of its keys, and rows of evidence that are put right for it. Every part may be missing: what brought
nothing when the piano was learnt is not kept. A profile holds numbers only, and nothing in it is run.
"""

import itertools
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pianolab.dsp.tuning import TYPICAL_HZ
from pianolab.errors import PianolabError, printable
from pianolab.files import replacing
from pianolab.roll import Salience
from pianolab.texts.catalogue import Told
from pianolab.units import A4_HZ, A4_MIDI, A4_RANGE_HZ, MIDI_LOW, N_KEYS, cents_between, key_hz

SCHEMA, VERSION = "pianolab.my_piano", 2
SOUND_PARTS = ("tuning", "stretch", "level")  # What changes how a detector hears; each may do without.
LARGEST_BYTES = 100_000  # A profile has about a thousand; a larger file is another one.
SOFT, MEDIUM, LOUD = 40.0, 70.0, 100.0  # MIDI velocities that "softly", nothing said and "loudly" stand for.

# How far the first partials of a typical piano lie from equal temperament, (88,) cents.
TYPICAL_CENTS: NDArray[np.float64] = np.asarray(cents_between(TYPICAL_HZ, key_hz()))
_IS_BASS = np.arange(N_KEYS) < A4_MIDI - MIDI_LOW
_WHAT_COUNTS = ("asked", "found_before", "found_after", "wrong_before", "wrong_after")
# The least and the most that each number of a file may be.
_RANGES = {
    "a4_hz": A4_RANGE_HZ,
    "stretch": (-8.0, 8.0),
    "gain_db": (-60.0, 60.0),
    "noise_db": (-200.0, 0.0),
    "middle_db": (-200.0, 20.0),
    "octave_db": (-20.0, 20.0),
    "velocity_db": (0.05, 2.0),
}


class ProfileError(PianolabError):
    """A file that is no profile of a piano; the message is one line with the remedy."""


@dataclass(frozen=True)
class Loudness:
    """How loud this piano is, from the softest key to the loudest stroke, where it stands.

    Attributes
    ----------
    middle_db : float
        Level of a C4 of velocity 70, dBFS.
    octave_db : float
        How much louder the same stroke is an octave higher, dB.
    velocity_db : float
        How much louder a stroke of one more velocity is, dB.

    Examples
    --------
    >>> loudness = Loudness(middle_db=-30.0, octave_db=-1.0, velocity_db=0.25)
    >>> loudness.velocity(np.array([-30.0, -25.0]))[:, 39].round().tolist()
    [70.0, 90.0]
    """

    middle_db: float
    octave_db: float
    velocity_db: float

    def velocity(self, level_db: NDArray[np.floating]) -> NDArray[np.float32]:
        """Velocity of a stroke at each key that would be so loud.

        Parameters
        ----------
        level_db : (T,) array
            dBFS.

        Returns
        -------
        (T, 88) float32
            1 to 127.
        """
        octaves = (np.arange(N_KEYS) + MIDI_LOW - 60) / 12.0
        above = np.maximum(level_db, -200.0)[:, None] - self.middle_db - self.octave_db * octaves
        return np.clip(MEDIUM + above / self.velocity_db, 1.0, 127.0).astype(np.float32)


@dataclass(frozen=True)
class Gain:
    """What a profile brings one detector, counted on notes of the scale from which nothing was learnt.

    Attributes
    ----------
    asked : int
        Notes that were played.
    found_before, found_after : int
        How many of them were heard without and with the profile.
    wrong_before, wrong_after : int
        Notes that were heard and not played.
    """

    asked: int
    found_before: int
    found_after: int
    wrong_before: int
    wrong_after: int


@dataclass(frozen=True, eq=False)
class PianoProfile:
    """One piano in its room.

    Attributes
    ----------
    a4_hz : float or None
        Frequency of its A4, Hz; None: 440 Hz is taken.
    stretch : (float, float) or None
        By how many times a typical piano's stretch its octaves are narrower (1), as wide (0) or wider (-1), below and
        above A4; None: as on a typical piano.
    gain_db : float
        How much the sound is made louder before it is heard, dB.
    loudness : Loudness or None
        For velocities of detectors that have none.
    noise_db : float
        Level of the room, dBFS.
    tracking : mapping of str to (mapping of str to float)
        Settings of the tracker (pianolab.tracking.Tracking) by the name of a detector.
    left_out : mapping of str to (sequence of str)
        The parts (of 'tuning', 'stretch', 'level') without which a detector hears this piano better, by its name.
    gains : mapping of str to Gain
        What the profile brought when it was learnt, by the name of a detector.
    path : str
        The file that it was read from; '' if there is none.

    Raises
    ------
    ProfileError
        If a number is out of range.

    Examples
    --------
    >>> flat = PianoProfile(a4_hz=431.2)
    >>> flat.key_hz[48].round(1).item()
    431.2
    """

    a4_hz: float | None = None
    stretch: tuple[float, float] | None = None
    gain_db: float = 0.0
    loudness: Loudness | None = None
    noise_db: float = -200.0
    tracking: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    left_out: Mapping[str, Sequence[str]] = field(default_factory=dict)
    gains: Mapping[str, Gain] = field(default_factory=dict)
    path: str = ""

    def __post_init__(self) -> None:
        numbers = {"gain_db": self.gain_db, "noise_db": self.noise_db}
        if self.a4_hz is not None:
            numbers["a4_hz"] = self.a4_hz
        if self.loudness is not None:
            numbers |= asdict(self.loudness)
        for name, value in numbers.items():
            _refuse_outside(name, value)
        for value in self.stretch or ():
            _refuse_outside("stretch", value)
        for part in itertools.chain.from_iterable(self.left_out.values()):
            if part not in SOUND_PARTS:
                raise ProfileError(Told("my_piano.unknown_part", name=part))

    def heard_by(self, detector: str) -> "PianoProfile":
        """The profile without the parts that this detector does better without.

        Parameters
        ----------
        detector : str
            Its name.

        Returns
        -------
        PianoProfile

        Examples
        --------
        >>> flat = PianoProfile(a4_hz=431.2, left_out={"yin": ("tuning",)})
        >>> flat.heard_by("nmf").a4_hz, flat.heard_by("yin").a4_hz
        (431.2, None)
        """
        without: dict[str, Any] = {"tuning": {"a4_hz": None}, "stretch": {"stretch": None}, "level": {"gain_db": 0.0}}
        mine = self
        for part in self.left_out.get(detector, ()):
            mine = replace(mine, **without[part])
        return mine

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that are kept: of tuning, stretch, level, loudness and thresholds those that bring something."""
        kept = {
            "tuning": self.a4_hz is not None,
            "stretch": self.stretch is not None,
            "level": self.gain_db != 0.0,
            "loudness": self.loudness is not None,
            "thresholds": any(self.tracking.values()),
        }
        return tuple(name for name, is_kept in kept.items() if is_kept)

    @property
    def cents(self) -> float:
        """How far its A4 lies above 440 Hz, cents."""
        return float(cents_between(self.a4_hz or A4_HZ, A4_HZ))

    @property
    def key_hz(self) -> NDArray[np.float64]:
        """First partial of each key, (88,) Hz."""
        cents = stretched_cents(*(self.stretch or (0.0, 0.0)))
        return key_hz(a4_hz=self.a4_hz or A4_HZ) * 2.0 ** (cents / 1200.0)

    def put_right(self, salience: Salience) -> Salience:
        """Evidence as it would be if the sound had not been made louder, with the keys and velocities of this piano.

        Parameters
        ----------
        salience : Salience
            Of a detector for which the sound is taken for one of another rate, so that A4 is at 440 Hz.

        Returns
        -------
        Salience
        """
        if self.stretch is not None:
            salience = named_anew(salience, key_hz() * 2.0 ** (stretched_cents(*self.stretch) / 1200.0))
        if self.gain_db:
            salience = replace(salience, level_db=salience.level_db - np.float32(self.gain_db))
        if self.loudness is not None and salience.velocity is None:
            salience = replace(salience, velocity=self.loudness.velocity(salience.level_db))
        return salience

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the profile, replacing what is there.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        content = {name: value for name, value in asdict(self).items() if name != "path"}
        text = json.dumps({"schema": SCHEMA, "version": VERSION, **content}, indent=1)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")


def stretched_cents(bass: float, treble: float) -> NDArray[np.float64]:
    """How far the keys of a piano lie from equal temperament.

    The curve is that of a typical piano (Rigaud, David & Daudet, JASA 133, 2013), scaled on either side of A4.

    Parameters
    ----------
    bass, treble : float
        How much less stretched the piano is than a typical one, as a share: 1 is equal temperament, -1 twice the
        stretch.

    Returns
    -------
    (88,) float64
        Cents; 0 at A4.

    Examples
    --------
    >>> stretched_cents(0.0, 1.0)[[0, 48, 87]].round().tolist()
    [-23.0, 0.0, 0.0]
    """
    return TYPICAL_CENTS * np.where(_IS_BASS, 1.0 - bass, 1.0 - treble)


def named_anew(salience: Salience, centres_hz: NDArray[np.float64]) -> Salience:
    """Rename each row's strongest key where its measured frequency is that of its neighbour on this piano.

    Parameters
    ----------
    salience : Salience
        Rows without a measured frequency stay as they are.
    centres_hz : (88,) float64
        First partial of each key, Hz, in the scale of the rows.

    Returns
    -------
    Salience
    """
    rows, key = np.arange(len(salience)), salience.best_key
    hz = salience.hz[rows, key].astype(float)
    known = (key >= 0) & np.isfinite(hz)
    centres = np.log2(centres_hz)
    nearest = np.searchsorted((centres[1:] + centres[:-1]) / 2.0, np.log2(np.where(known, hz, 1.0)))
    # A frequency that lies further away is that of another partial.
    moved = known & (np.abs(nearest - key) == 1)
    if not np.any(moved):
        return salience
    there, from_key, to_key = rows[moved], key[moved], nearest[moved]
    strength, measured = salience.strength.copy(), salience.hz.copy()
    strength[there, to_key], strength[there, from_key] = strength[there, from_key], 0.0
    measured[there, to_key], measured[there, from_key] = hz[moved], np.nan
    return replace(salience, strength=strength, hz=measured)


def profile_of(given: "PianoProfile | str | os.PathLike[str] | None") -> PianoProfile | None:
    """A profile, or the one of a file.

    Parameters
    ----------
    given : PianoProfile, path or None

    Returns
    -------
    PianoProfile or None

    Raises
    ------
    ProfileError
        If the file cannot be read, or holds no profile.
    """
    return given if given is None or isinstance(given, PianoProfile) else read_profile(given)


def read_profile(path: str | os.PathLike[str]) -> PianoProfile:
    """Read what ``pianolab learn-piano`` wrote.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    PianoProfile

    Raises
    ------
    ProfileError
        If the file cannot be read, or holds no profile.
    """
    shown = printable(path)
    try:
        with open(path, "rb") as file:
            raw = file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ProfileError(Told("my_piano.unreadable", path=shown, reason=why)) from error
    try:
        if len(raw) > LARGEST_BYTES:
            raise ValueError
        content = json.loads(raw.decode("utf-8"))
        if content["schema"] != SCHEMA:
            raise ValueError
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ProfileError(Told("my_piano.no_profile", path=shown)) from error
    if content.get("version") != VERSION:
        known = {"path": shown, "version": content.get("version"), "known": VERSION}
        raise ProfileError(Told("my_piano.other_version", **known))
    try:
        return _from_content(content, path=os.fspath(path))
    except ProfileError as error:
        raise ProfileError(Told("my_piano.damaged", path=shown, reason=str(error))) from error
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise ProfileError(Told("my_piano.damaged", path=shown, reason=type(error).__name__)) from error


def _from_content(content: Mapping[str, Any], *, path: str | bytes) -> PianoProfile:
    names = {one.name for one in fields(PianoProfile)} - {"path"}
    given = {name: content[name] for name in names}
    unknown = set(content) - names - {"schema", "version"}
    if unknown:
        raise ProfileError(Told("my_piano.unknown_field", name=min(unknown)))
    if given["stretch"] is not None:
        bass, treble = given["stretch"]
        given["stretch"] = (bass, treble)
    if given["loudness"] is not None:
        given["loudness"] = Loudness(**given["loudness"])
    given["left_out"] = {str(name): tuple(parts) for name, parts in given["left_out"].items()}
    given["gains"] = {str(name): Gain(**_counts(gain)) for name, gain in given["gains"].items()}
    given["tracking"] = {
        str(name): {str(key): _number(key, value) for key, value in settings.items()}
        for name, settings in given["tracking"].items()
    }
    return PianoProfile(**given, path=os.fsdecode(path))


def _counts(gain: Mapping[str, Any]) -> dict[str, int]:
    counts = {name: gain[name] for name in _WHAT_COUNTS}
    for name, value in counts.items():
        if type(value) is not int or not 0 <= value < 1_000_000:
            raise ProfileError(Told("my_piano.no_number", name=name, value=value))
    return counts


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ProfileError(Told("my_piano.no_number", name=name, value=value))
    return value


def _refuse_outside(name: str, value: Any) -> None:
    least, most = _RANGES[name]
    if not least <= _number(name, value) <= most:
        raise ProfileError(Told("my_piano.outside", name=name, value=value, least=f"{least:g}", most=f"{most:g}"))
