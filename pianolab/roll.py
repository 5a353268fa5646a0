"""What a detector says (Salience: how strongly each key sounds in each frame) and what is played (Notes).

Salience has one row a frame and one column a key: A0 is column 0, C8 is column 87. Times are seconds from
the first sample. Notes are events with an onset and an offset in seconds and a MIDI number. Both are
immutable: arrays are copied in and made read-only, so that a result can be shared without fear.
"""

from dataclasses import dataclass, fields

import numpy as np

from pianolab.units import MIDI_HIGH, MIDI_LOW, N_KEYS, key_hz, midi_to_hz, note_name

MIDI_MAX = 127


def _frozen(values, dtype, shape, name):
    array = np.asarray(values, dtype=dtype)
    if array.flags.writeable or array.base is not None:  # somebody else could change it
        array = array.copy()
    if array.ndim != len(shape) or any(want not in (None, got) for want, got in zip(shape, array.shape, strict=False)):
        want = tuple("n" if size is None else size for size in shape)
        raise ValueError(f"{name} has shape {array.shape}: pass shape {want}")
    array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False)
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
    """

    times: np.ndarray
    strength: np.ndarray
    hz: np.ndarray
    level_db: np.ndarray
    onset: np.ndarray | None = None
    offset: np.ndarray | None = None
    velocity: np.ndarray | None = None

    def __post_init__(self):
        n = len(self.times)
        shapes = {"times": (n,), "level_db": (n,), "onset": (n, None)}
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                dtype = np.float64 if field.name == "times" else np.float32
                value = _frozen(value, dtype, shapes.get(field.name, (n, N_KEYS)), f"Salience.{field.name}")
                object.__setattr__(self, field.name, value)
        if self.onset is not None and self.onset.shape[1] not in (1, N_KEYS):
            raise ValueError(f"Salience.onset has {self.onset.shape[1]} columns: use 1 or {N_KEYS}")

    def __len__(self):
        return len(self.times)

    @property
    def best_key(self):
        """Key index of the strongest key in each frame, shape (T,); -1 where all strengths are 0."""
        best = np.argmax(self.strength, axis=1) if len(self) else np.zeros(0, int)
        return np.where(np.max(self.strength, axis=1, initial=0.0) > 0, best, -1)

    @property
    def f0_hz(self):
        """Sounding frequency of the strongest key in each frame, shape (T,) Hz; 0 where there is none."""
        best = self.best_key
        hz = np.take_along_axis(self.hz, np.maximum(best, 0)[:, None], axis=1)[:, 0].astype(float)
        hz = np.where(np.isnan(hz), key_hz()[np.maximum(best, 0)], hz)
        return np.where(best >= 0, hz, 0.0)

    def between(self, start_s, stop_s):
        """The frames with start_s <= time < stop_s."""
        keep = (self.times >= start_s) & (self.times < stop_s)
        return Salience(**{f.name: _rows(getattr(self, f.name), keep) for f in fields(self)})

    @classmethod
    def empty(cls):
        """No frames at all."""
        return cls(np.zeros(0), np.zeros((0, N_KEYS)), np.zeros((0, N_KEYS)), np.zeros(0))

    @classmethod
    def concatenate(cls, parts):
        """Join consecutive pieces; optional evidence is kept when every piece has it."""
        parts = [part for part in parts if len(part)]
        if not parts:
            return cls.empty()
        joined = {}
        for field in fields(cls):
            values = [getattr(part, field.name) for part in parts]
            joined[field.name] = None if any(v is None for v in values) else _read_only(np.concatenate(values))
        return cls(**joined)


def _read_only(array):
    array.setflags(write=False)
    return array


def _rows(array, keep):
    return None if array is None else array[keep]


@dataclass(frozen=True, eq=False)
class Notes:
    """Piano notes, sorted by onset and then by pitch.

    Attributes
    ----------
    onset, offset : (n,) float64
        Seconds; offset >= onset >= 0.
    midi : (n,) int64
        MIDI number, 0..127 (a piano has 21..108).
    velocity : (n,) float64
        0..127, NaN where unknown.
    confidence : (n,) float64
        In [0, 1]; 1 for labels.

    Raises
    ------
    ValueError
        If lengths differ, a time is negative or not finite, an offset precedes its onset, or a number is
        out of range.
    """

    onset: np.ndarray
    offset: np.ndarray
    midi: np.ndarray
    velocity: np.ndarray = None
    confidence: np.ndarray = None

    def __post_init__(self):
        n = len(self.onset)
        given_midi = np.asarray(self.midi, dtype=float)
        if np.any(given_midi != np.round(given_midi)):
            raise ValueError("midi holds fractions or NaN: round to whole MIDI numbers first")
        outside = (given_midi < 0) | (given_midi > MIDI_MAX)  # asked before the cast, which infinity would not survive
        if np.any(outside):
            bad = given_midi[outside][0]
            raise ValueError(f"MIDI number {bad:g} is outside 0..{MIDI_MAX}: A0 is {MIDI_LOW}, C8 is {MIDI_HIGH}")
        values = {
            "onset": _frozen(self.onset, np.float64, (n,), "Notes.onset"),
            "offset": _frozen(self.offset, np.float64, (n,), "Notes.offset"),
            "midi": _frozen(given_midi, np.int64, (n,), "Notes.midi"),
            "velocity": _frozen(_filled(self.velocity, n, np.nan), np.float64, (n,), "Notes.velocity"),
            "confidence": _frozen(_filled(self.confidence, n, 1.0), np.float64, (n,), "Notes.confidence"),
        }
        _refuse_bad_notes(**{name: value for name, value in values.items() if name != "midi"})
        order = np.lexsort((values["midi"], values["onset"]))
        for name, value in values.items():
            value = value[order]
            value.setflags(write=False)
            object.__setattr__(self, name, value)

    def __len__(self):
        return len(self.onset)

    def __getitem__(self, index):
        """The notes chosen by a slice, mask or index array."""
        if np.isscalar(index):
            index = [index]
        return Notes(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    def __eq__(self, other):
        if not isinstance(other, Notes):
            return NotImplemented
        return all(np.array_equal(getattr(self, f.name), getattr(other, f.name), equal_nan=True) for f in fields(self))

    __hash__ = None

    def __repr__(self):
        names = " ".join(note_name(m) for m in self.midi[:6]) + (" ..." if len(self) > 6 else "")
        return f"<Notes: {len(self)} notes{', ' + names if len(self) else ''}>"

    @property
    def intervals(self):
        """(n, 2) onset and offset in seconds, as mir_eval wants them."""
        return np.column_stack([self.onset, self.offset]).reshape(-1, 2)

    @property
    def hz(self):
        """(n,) equal-tempered frequency in Hz."""
        return np.asarray(midi_to_hz(self.midi), dtype=float).reshape(-1)

    @property
    def names(self):
        """Note names such as 'C4', a list of n strings."""
        return [note_name(m) for m in self.midi]

    def table(self):
        """The notes as a pandas DataFrame: name, onset, offset, midi, velocity, confidence."""
        import pandas as pd

        columns = {f.name: getattr(self, f.name) for f in fields(self)}
        return pd.DataFrame({"name": self.names, **columns})

    def on_keyboard(self):
        """The notes within A0..C8."""
        return self[(self.midi >= MIDI_LOW) & (self.midi <= MIDI_HIGH)]

    def between(self, start_s, stop_s):
        """The notes that begin in start_s <= onset < stop_s; offsets are cut at stop_s."""
        part = self[(self.onset >= start_s) & (self.onset < stop_s)]
        return Notes(part.onset, np.minimum(part.offset, stop_s), part.midi, part.velocity, part.confidence)

    def shifted(self, seconds):
        """The same notes, later by ``seconds`` (earlier if negative; times stop at 0)."""
        onset, offset = np.maximum(self.onset + seconds, 0), np.maximum(self.offset + seconds, 0)
        return Notes(onset, offset, self.midi, self.velocity, self.confidence)

    @classmethod
    def empty(cls):
        """No notes."""
        return cls([], [], [])

    @classmethod
    def concatenate(cls, parts):
        """All notes of several Notes, sorted together."""
        parts = list(parts)
        if not parts:
            return cls.empty()
        return cls(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)})


def _filled(values, n, default):
    return np.full(n, default) if values is None else values


def _refuse_bad_notes(onset, offset, velocity, confidence):
    if not (np.all(np.isfinite(onset)) and np.all(np.isfinite(offset))):
        raise ValueError("a note time is NaN or infinite: give every note a finite onset and offset in seconds")
    if np.any(onset < 0):
        raise ValueError(f"onset {onset.min():g} s is negative: times start at 0")
    if np.any(offset < onset):
        i = int(np.argmax(offset < onset))
        raise ValueError(f"offset {offset[i]:g} s lies before its onset {onset[i]:g} s: swap or mend them")
    if np.any((velocity < 0) | (velocity > MIDI_MAX)):
        raise ValueError("a velocity is outside 0..127: use NaN where it is unknown")
    if np.any(~((confidence >= 0) & (confidence <= 1))):
        raise ValueError("a confidence is outside 0..1: scale it")
