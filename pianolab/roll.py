"""What a detector says (Salience: how strongly each key sounds in each frame) and what is played (Notes).

Salience has one row a frame and one column a key: A0 is column 0, C8 is column 87. Times are seconds from
the first sample. Notes are events with an onset and an offset in seconds and a MIDI number. Both are
immutable: arrays are copied in and made read-only, so that a result can be shared without fear.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pianolab.units import MIDI_HIGH, MIDI_LOW, N_KEYS, key_hz, midi_to_hz, note_name

if TYPE_CHECKING:
    import pandas

MIDI_MAX = 127
_TINY = float(np.finfo(np.float32).tiny)
_LARGE = float(np.finfo(np.float32).max)
_ROUNDED = 1e-6  # What is 1 may come out of float32 a little above.
_UNIT = (0.0, 1.0 + _ROUNDED, False, "give numbers from 0 to 1")
# The lowest and the highest value of the evidence, whether NaN says that it is not known, and the remedy.
_RANGES = {
    "strength": _UNIT,
    "onset": _UNIT,
    "offset": _UNIT,
    "velocity": (0.0, float(MIDI_MAX), True, "give numbers from 0 to 127, NaN where it is not known"),
    "struck": _UNIT,
    "pedal": _UNIT,
    "pedal_age": (0.0, _LARGE, False, "give seconds, 0 or more"),
    "hz": (_TINY, _LARGE, True, "give Hz above 0, NaN where it is not known"),
    "level_db": (-math.inf, _LARGE, False, "give dBFS, -inf for digital silence"),
    "partials_db": (-math.inf, _LARGE, False, "give dBFS, -inf for digital silence"),
}


def _frozen(values: ArrayLike, dtype: type, shape: tuple[int | None, ...], name: str) -> NDArray[Any]:
    """The values as a read-only array of a shape, in which None stands for any size."""
    if np.iscomplexobj(values):  # NumPy would drop the imaginary part, and only warn.
        raise ValueError(f"{name} is complex: give real numbers, such as np.abs of them")
    array = np.asarray(values, dtype=dtype)
    if array.flags.writeable or array.base is not None:  # Somebody else could change it.
        array = array.copy()
    if array.ndim != len(shape) or any(want not in (None, got) for want, got in zip(shape, array.shape, strict=False)):
        want = tuple("n" if size is None else size for size in shape)
        raise ValueError(f"{name} has shape {array.shape}: pass shape {want}")
    array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Salience:
    """Evidence of a detector for every key in every frame.

    Attributes
    ----------
    times : (T,) float64
        Centre of each frame, seconds.
    strength : (T, 88) float32
        How surely the key sounds, in [0, 1]. A monophonic detector fills at most one key a row.
    hz : (T, 88) float32
        Measured sounding frequency of the key, Hz; NaN where unknown.
    level_db : (T,) float32
        Level of the frame, dBFS (0 dB = RMS 1.0, a full-scale square wave); -inf for digital silence.
    onset : (T, 88) or (T, 1) float32, optional
        Evidence that the key (or any key) was struck here, in [0, 1]; None where a detector has none.
    offset, velocity : (T, 88) float32, optional
        Evidence of a release in [0, 1]; MIDI velocity 0..127 if struck here.
    struck : (T, 88) float32, optional
        Evidence in [0, 1] that what sounds at the key is a struck string, and no voice, knock or hum.
    pedal : (T,) float32, optional
        How surely the sustain pedal is down, in [0, 1].
    pedal_age : (T,) float32, optional
        If it is down, for how long it has been, seconds.
    partials_db : (T, 88) float32, optional
        How loud the first partials of the key are, dBFS, whether it sounds or not.

    Raises
    ------
    ValueError
        If an array has another shape.

    Examples
    --------
    Two frames, in which A4 (key 48) sounds:

    >>> strength = np.zeros((2, 88))
    >>> strength[:, 48] = 0.75
    >>> evidence = Salience([0.0, 0.01], strength, np.full((2, 88), np.nan), [-20.0, -21.0])
    >>> len(evidence), evidence.best_key.tolist(), evidence.f0_hz.tolist()
    (2, [48, 48], [440.0, 440.0])
    """

    times: NDArray[np.float64]
    strength: NDArray[np.float32]
    hz: NDArray[np.float32]
    level_db: NDArray[np.float32]
    onset: NDArray[np.float32] | None
    offset: NDArray[np.float32] | None
    velocity: NDArray[np.float32] | None
    struck: NDArray[np.float32] | None
    pedal: NDArray[np.float32] | None
    pedal_age: NDArray[np.float32] | None
    partials_db: NDArray[np.float32] | None

    def __init__(
        self,
        times: ArrayLike,
        strength: ArrayLike,
        hz: ArrayLike,
        level_db: ArrayLike,
        onset: ArrayLike | None = None,
        offset: ArrayLike | None = None,
        velocity: ArrayLike | None = None,
        struck: ArrayLike | None = None,
        pedal: ArrayLike | None = None,
        pedal_age: ArrayLike | None = None,
        partials_db: ArrayLike | None = None,
    ):
        n = np.size(times)
        for name, value, shape in (
            ("times", times, (n,)),
            ("strength", strength, (n, N_KEYS)),
            ("hz", hz, (n, N_KEYS)),
            ("level_db", level_db, (n,)),
            ("onset", onset, (n, None)),
            ("offset", offset, (n, N_KEYS)),
            ("velocity", velocity, (n, N_KEYS)),
            ("struck", struck, (n, N_KEYS)),
            ("pedal", pedal, (n,)),
            ("pedal_age", pedal_age, (n,)),
            ("partials_db", partials_db, (n, N_KEYS)),
        ):
            if value is not None:
                value = _frozen(value, np.float64 if name == "times" else np.float32, shape, f"Salience.{name}")
            object.__setattr__(self, name, value)
        if self.onset is not None and self.onset.shape[1] not in (1, N_KEYS):
            raise ValueError(f"Salience.onset has {self.onset.shape[1]} columns: use 1 or {N_KEYS}")

    def __repr__(self) -> str:
        if not len(self):
            return "<Salience: no frames>"
        optional = ("onset", "offset", "velocity", "struck", "pedal", "pedal_age", "partials_db")
        has = [name for name in optional if getattr(self, name) is not None]
        told = f"; also {', '.join(has)}" if has else ""
        return f"<Salience: {len(self)} frames, {self.times[0]:.2f} to {self.times[-1]:.2f} s, 88 keys{told}>"

    def __len__(self) -> int:
        return len(self.times)

    @property
    def best_key(self) -> NDArray[np.int64]:
        """Key index of the strongest key in each frame, shape (T,); -1 where all strengths are 0."""
        best = np.argmax(self.strength, axis=1) if len(self) else np.zeros(0, np.int64)
        return np.where(np.max(self.strength, axis=1, initial=0.0) > 0, best, -1)

    @property
    def f0_hz(self) -> NDArray[np.float64]:
        """Sounding frequency of the strongest key in each frame, shape (T,) Hz; 0 where there is none."""
        best = self.best_key
        hz = np.take_along_axis(self.hz, np.maximum(best, 0)[:, None], axis=1)[:, 0].astype(float)
        hz = np.where(np.isnan(hz), key_hz()[np.maximum(best, 0)], hz)
        return np.where(best >= 0, hz, 0.0)

    @property
    def nonsense(self) -> str:
        """What no tracker can use: times that are not finite or go back, and values that are none.

        Returns
        -------
        str
            One line that names the first value and its time; '' if all can be used.

        Examples
        --------
        >>> strength = np.zeros((2, 88))
        >>> strength[1, 48] = np.nan
        >>> Salience([0.0, 0.01], strength, np.full((2, 88), np.nan), [-20.0, -21.0]).nonsense
        'strength nan at 0.010 s: give numbers from 0 to 1'
        """
        if not len(self):
            return ""
        if not np.all(np.isfinite(self.times)):
            return f"time {self.times[~np.isfinite(self.times)][0]}: give finite seconds"
        if np.any(back := np.diff(self.times) <= 0):
            row = int(np.argmax(back))
            return f"time {self.times[row + 1]:.3f} s after {self.times[row]:.3f} s: give one row a frame, in order"
        for name, (least, most, may_be_unknown, remedy) in _RANGES.items():
            values = getattr(self, name)
            if values is None:
                continue
            bad = ~((values >= least) & (values <= most))  # NaN is neither.
            if may_be_unknown:
                bad &= ~np.isnan(values)
            if np.any(bad):
                row = int(np.argmax(bad if bad.ndim == 1 else bad.any(axis=1)))
                value = values[row][bad[row]].flat[0]
                return f"{name} {value:g} at {self.times[row]:.3f} s: {remedy}"
        return ""

    def between(self, start_s: float, stop_s: float) -> "Salience":
        """The frames of a stretch of time.

        Parameters
        ----------
        start_s, stop_s : float
            Frames with start_s <= time < stop_s are kept, seconds.

        Returns
        -------
        Salience
        """
        keep = (self.times >= start_s) & (self.times < stop_s)
        return Salience(**{field.name: _rows(getattr(self, field.name), keep) for field in fields(self)})

    @classmethod
    def empty(cls) -> "Salience":
        """No frames at all."""
        return cls(np.zeros(0), np.zeros((0, N_KEYS)), np.zeros((0, N_KEYS)), np.zeros(0))

    @classmethod
    def concatenate(cls, parts: "Iterable[Salience]") -> "Salience":
        """Join consecutive pieces.

        Parameters
        ----------
        parts : iterable of Salience
            In order. Optional evidence is kept where every piece that has frames has it.

        Returns
        -------
        Salience

        Examples
        --------
        >>> len(Salience.concatenate([Salience.empty(), Salience.empty()]))
        0
        """
        parts = [part for part in parts if len(part)]
        if not parts:
            return cls.empty()
        joined: dict[str, Any] = {}
        for field in fields(cls):
            values = [getattr(part, field.name) for part in parts]
            joined[field.name] = None if any(v is None for v in values) else _read_only(np.concatenate(values))
        return cls(**joined)


def _read_only(array):
    array.setflags(write=False)
    return array


def _rows(array: Any, keep: NDArray[np.bool_]) -> Any:
    return None if array is None else array[keep]


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Notes:
    """Piano notes, sorted by onset and then by pitch.

    Attributes
    ----------
    onset, offset : (n,) float64
        Seconds; offset >= onset >= 0.
    midi : (n,) int64
        MIDI number, 0..127 (a piano has 21..108).
    velocity : (n,) float64
        0..127, NaN where unknown; not given: NaN.
    confidence : (n,) float64
        In [0, 1]; not given: 1, as for labels.

    Raises
    ------
    ValueError
        If lengths differ, a time is negative or not finite, an offset precedes its onset, or a number is
        out of range.

    Examples
    --------
    >>> notes = Notes(onset=[0.5, 0.0], offset=[1.0, 0.5], midi=[64, 60])
    >>> notes
    <Notes: 2 notes, C4 E4>
    >>> notes[notes.midi > 60].onset.tolist()
    [0.5]
    """

    onset: NDArray[np.float64]
    offset: NDArray[np.float64]
    midi: NDArray[np.int64]
    velocity: NDArray[np.float64]
    confidence: NDArray[np.float64]

    def __init__(
        self,
        onset: ArrayLike,
        offset: ArrayLike,
        midi: ArrayLike,
        velocity: ArrayLike | None = None,
        confidence: ArrayLike | None = None,
    ):
        n = np.size(onset)
        given_midi = np.asarray(midi, dtype=float)
        if (given_midi != np.round(given_midi)).any():
            raise ValueError("midi holds fractions or NaN: round to whole MIDI numbers first")
        outside = (given_midi < 0) | (given_midi > MIDI_MAX)  # Infinity would not survive the cast that follows.
        if outside.any():
            bad = given_midi[outside][0]
            raise ValueError(f"MIDI number {bad:g} is outside 0..{MIDI_MAX}: A0 is {MIDI_LOW}, C8 is {MIDI_HIGH}")
        values = {
            "onset": _frozen(onset, np.float64, (n,), "Notes.onset"),
            "offset": _frozen(offset, np.float64, (n,), "Notes.offset"),
            "midi": _frozen(given_midi, np.int64, (n,), "Notes.midi"),
            "velocity": _frozen(_filled(velocity, n, np.nan), np.float64, (n,), "Notes.velocity"),
            "confidence": _frozen(_filled(confidence, n, 1.0), np.float64, (n,), "Notes.confidence"),
        }
        _refuse_bad_notes(**{name: value for name, value in values.items() if name != "midi"})
        _set_sorted(self, values)

    def __len__(self) -> int:
        return len(self.onset)

    def __getitem__(self, index: ArrayLike | slice) -> "Notes":
        """Some of the notes.

        Parameters
        ----------
        index : int, slice, mask or array of int

        Returns
        -------
        Notes
        """
        chosen: Any = [index] if np.isscalar(index) else index
        values = {field.name: getattr(self, field.name)[chosen] for field in fields(self)}
        if values["onset"].ndim != 1:
            raise ValueError(f"an index of shape {values['onset'].shape} chooses no notes: pass shape (n,)")
        return _sorted(values)  # Each of them was looked at before.

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Notes):
            return NotImplemented
        return all(np.array_equal(getattr(self, f.name), getattr(other, f.name), equal_nan=True) for f in fields(self))

    def __repr__(self) -> str:
        names = " ".join(note_name(m) for m in self.midi[:6]) + (" ..." if len(self) > 6 else "")
        return f"<Notes: {len(self)} note{'' if len(self) == 1 else 's'}{', ' + names if len(self) else ''}>"

    @property
    def intervals(self) -> NDArray[np.float64]:
        """Onset and offset of each note in seconds, (n, 2), as mir_eval wants them."""
        return np.column_stack([self.onset, self.offset]).reshape(-1, 2)

    @property
    def hz(self) -> NDArray[np.float64]:
        """Equal-tempered frequency of each note in Hz, (n,)."""
        return midi_to_hz(self.midi)

    @property
    def names(self) -> list[str]:
        """Note names such as 'C4', a list of n strings."""
        return [note_name(m) for m in self.midi]

    def table(self) -> "pandas.DataFrame":
        """The notes as a pandas DataFrame: name, onset, offset, midi, velocity, confidence."""
        import pandas

        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        return pandas.DataFrame({"name": self.names, **columns})

    def on_keyboard(self) -> "Notes":
        """The notes within A0..C8."""
        inside = (self.midi >= MIDI_LOW) & (self.midi <= MIDI_HIGH)
        return self if inside.all() else self[inside]

    def between(self, start_s: float, stop_s: float) -> "Notes":
        """The notes that begin in a stretch of time.

        Parameters
        ----------
        start_s, stop_s : float
            Notes with start_s <= onset < stop_s are kept, seconds; their offsets are cut at stop_s.

        Returns
        -------
        Notes

        Examples
        --------
        >>> Notes([0.0, 1.0], [3.0, 2.0], [60, 64]).between(0.0, 0.5).offset.tolist()
        [0.5]
        """
        part = self[(self.onset >= start_s) & (self.onset < stop_s)]
        return Notes(part.onset, np.minimum(part.offset, stop_s), part.midi, part.velocity, part.confidence)

    def shifted(self, seconds: float) -> "Notes":
        """The same notes at another time.

        Parameters
        ----------
        seconds : float
            How much later; earlier if negative. Times stop at 0.

        Returns
        -------
        Notes

        Examples
        --------
        >>> Notes([1.0], [2.0], [60]).shifted(-1.5).intervals.tolist()
        [[0.0, 0.5]]
        """
        onset, offset = np.maximum(self.onset + seconds, 0), np.maximum(self.offset + seconds, 0)
        return Notes(onset, offset, self.midi, self.velocity, self.confidence)

    @classmethod
    def empty(cls) -> "Notes":
        """No notes."""
        return cls([], [], [])

    @classmethod
    def concatenate(cls, parts: "Iterable[Notes]") -> "Notes":
        """All notes of several Notes, sorted together.

        Parameters
        ----------
        parts : iterable of Notes

        Returns
        -------
        Notes

        Examples
        --------
        >>> Notes.concatenate([Notes([1.0], [2.0], [64]), Notes([0.0], [1.0], [60])]).names
        ['C4', 'E4']
        """
        parts = list(parts)
        if not parts:
            return cls.empty()
        return cls(
            **{field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)}
        )


def _sorted(values: dict[str, NDArray[Any]]) -> Notes:
    """Notes of columns that are known to be right."""
    notes = object.__new__(Notes)
    _set_sorted(notes, values)
    return notes


def _set_sorted(notes: Notes, values: dict[str, NDArray[Any]]) -> None:
    order = np.lexsort((values["midi"], values["onset"]))
    for name, value in values.items():
        object.__setattr__(notes, name, _read_only(value[order]))


def _filled(values, n, default):
    return np.full(n, default) if values is None else values


def _refuse_bad_notes(onset, offset, velocity, confidence):
    if not (np.isfinite(onset).all() and np.isfinite(offset).all()):
        raise ValueError("a note time is NaN or infinite: give every note a finite onset and offset in seconds")
    if (onset < 0).any():
        raise ValueError(f"onset {onset.min():g} s is negative: times start at 0")
    if (offset < onset).any():
        i = int(np.argmax(offset < onset))
        raise ValueError(f"offset {offset[i]:g} s lies before its onset {onset[i]:g} s: swap or mend them")
    if ((velocity < 0) | (velocity > MIDI_MAX)).any():
        raise ValueError("a velocity is outside 0..127: use NaN where it is unknown")
    if not ((confidence >= 0) & (confidence <= 1)).all():
        raise ValueError("a confidence is outside 0..1: scale it")
