"""One detector that listens to a live stream, and the choices that a player makes for it.

A Choice is what can be changed while playing: the detector, its parameters, when a note counts as valid, and the
tuning of the piano. A Listener hears blocks with such a choice and answers with events, plain dictionaries that can be
sent to a page or written to a file as they are.
"""

import math
from dataclasses import asdict, dataclass, field

import numpy as np

from pianolab.detector import parameters
from pianolab.errors import PianolabError
from pianolab.live.chord_tracker import ChordTracker
from pianolab.registry import create, load_all, missing
from pianolab.roll import Notes
from pianolab.session import Session, default_tracker
from pianolab.units import A4_HZ, cents_between, key_to_midi, midi_to_hz, midi_to_key, note_name

_UNHEARD = {"strength": 0.0, "cents": None}
A4_RANGE_HZ = (390.0, 470.0)  # French baroque pitch to beyond the sharpest concert pitch
TRACKING = ("threshold", "n_confirm", "onset_threshold")  # what a player may change of the tracker
_MAX_CONFIRM = 50
BEST_SINGLE = ("yin", "fft_peak")  # live: the steadiest first
BEST_CHORDS = ("neural", "nmf")


class ChoiceError(PianolabError):
    """A choice that cannot be; the message is one line for the player."""


@dataclass(frozen=True)
class Choice:
    """How one detector listens.

    Attributes
    ----------
    detector : str
        Registered name or ``FILE.py:Class``.
    params : dict
        Parameters of the detector; those left out have their defaults.
    tracking : dict
        ``threshold`` (0 to 1), ``n_confirm`` (frames in a row that make a valid note) and, for many notes at once,
        ``onset_threshold`` (0 to 1: how sure a stroke must be); left out: what suits the detector.
    a4_hz : float
        Frequency to which A4 is tuned, Hz.

    Raises
    ------
    ChoiceError
        If there is no such detector, parameter or value.
    """

    detector: str = "yin"
    params: dict = field(default_factory=dict)
    tracking: dict = field(default_factory=dict)
    a4_hz: float = A4_HZ

    def __post_init__(self):
        unknown = set(self.tracking) - set(TRACKING)
        if unknown:
            raise ChoiceError(f"tracking has no {sorted(unknown)[0]!r}: use {', '.join(TRACKING)}")
        _refuse_outside("A4", self.a4_hz, *A4_RANGE_HZ, "Hz")
        for name in {"threshold", "onset_threshold"} & set(self.tracking):
            _refuse_outside(name, self.tracking[name], 0.01, 1.0, "")
        if "n_confirm" in self.tracking:
            _refuse_outside("n_confirm", self.tracking["n_confirm"], 1, _MAX_CONFIRM, "frames")
            object.__setattr__(self, "tracking", {**self.tracking, "n_confirm": int(self.tracking["n_confirm"])})
        self.build()

    def build(self):
        """A new detector with these parameters.

        Raises
        ------
        ChoiceError
            If it cannot be made; says why.
        """
        try:
            return create(self.detector, **self.params)
        except Exception as error:  # a detector from anywhere may raise anything
            raise ChoiceError(str(error).splitlines()[0]) from error

    def plain(self):
        """The choice as a dictionary for JSON."""
        return asdict(self)


def _refuse_outside(name, value, low, high, unit):
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and math.isfinite(value) and low <= value <= high):
        raise ChoiceError(f"{name} {value!r} cannot be used: give a number from {low:g} to {high:g} {unit}".rstrip())


def menu(extra=()):
    """What the player can choose from, for JSON.

    Parameters
    ----------
    extra : iterable of str
        Detectors from outside the package, ``FILE.py:Class``.

    Returns
    -------
    list of dict
        For each detector that can answer while one plays: name, summary, polyphonic, reason (why it cannot run here,
        or ''), parameters (name, default, kind, choices), threshold, n_confirm and onset_threshold (what suits it).
        Files that failed to import are listed too.
    """
    found, failures = load_all()
    entries = [_entry(name, cls) for name, cls in found.items() if not cls.whole_recording]
    entries += [_entry(spec, type(create(spec))) for spec in extra]
    entries += [_broken(name, f"cannot be imported: {reason}") for name, reason in failures.items()]
    return entries


def _entry(name, cls):
    reason = missing(cls)
    if reason:
        return _broken(name, reason)
    tracking = default_tracker(cls()).tracking
    shown = [
        _parameter(p)
        for p in parameters(cls).values()
        if p.kind in (bool, int, float, str) and not p.name.endswith("_file")  # paths are no choice of a player
    ]
    return {
        "name": name,
        "summary": cls.summary,
        "polyphonic": cls.polyphonic,
        "reason": "",
        "parameters": shown,
        "threshold": tracking.threshold,
        "n_confirm": tracking.n_confirm,
        "onset_threshold": tracking.onset_threshold,
    }


def _broken(name, reason):
    return {"name": name, "summary": "", "polyphonic": False, "reason": reason, "parameters": []}


def modes(entries):
    """The two ways to listen, each with the detector that it begins with.

    Parameters
    ----------
    entries : list of dict
        As ``menu`` makes them.

    Returns
    -------
    dict of str -> str
        'single' and 'chords' -> name of a detector; a way for which there is none is left out.
    """
    ready = [entry for entry in entries if not entry["reason"]]
    found = {}
    for mode, polyphonic, best_first in (("single", False, BEST_SINGLE), ("chords", True, BEST_CHORDS)):
        names = [entry["name"] for entry in ready if entry["polyphonic"] == polyphonic]
        ranked = [name for name in best_first if name in names] or names
        if ranked:
            found[mode] = ranked[0]
    return found


def _parameter(parameter):
    return {
        "name": parameter.name,
        "default": parameter.default,
        "kind": parameter.kind.__name__,
        "choices": list(parameter.choices),
    }


class Listener:
    """One detector on one gapless stretch of a stream after the other.

    Tuning: a piano whose A4 is 442 Hz sounds like one of 440 Hz played a little fast. The session is told a rate that
    is lower in this proportion, so that every detector finds the keys where it expects them; times and frequencies
    are turned back here.

    Parameters
    ----------
    choice : Choice
    sr : int
        Rate of the stream, Hz.
    number : int
        Number of the listener, carried by its events.

    Attributes
    ----------
    fault : str
        What went wrong in the detector, or ''.
    """

    def __init__(self, choice, *, sr, number=0):
        self.choice, self.sr, self.number = choice, sr, number
        self._sr_heard = round(sr * A4_HZ / choice.a4_hz)
        self._stretch = self._sr_heard / sr  # seconds of the stream in one of the session's
        self._done = []  # Notes of earlier stretches
        self._count = 0  # note numbers given in them
        self.fault = ""
        self._start(0)

    def _start(self, frame):
        self._frame, self._heard_frames = frame, 0
        self._next_count = self._count
        self._row_hz = None
        self._last = {}  # MIDI number -> its strength and cents when it last spoke
        self._open = {}  # note number -> the event that began it
        detector = self.choice.build()
        self._session = Session(detector, sr=self._sr_heard, listen=self._remember, **self.choice.tracking)
        self._chords = ChordTracker(number=self.number) if detector.polyphonic else None
        self._row_s = frame / self.sr  # time of the last frame heard

    def _remember(self, salience):
        strength, self._row_hz = salience.strength[-1], salience.hz[-1]
        self._row_s = self._frame / self.sr + self._stretch * float(salience.times[-1])
        for key in np.flatnonzero(strength):  # a sounding note that this frame does not speak for keeps its last values
            midi = int(key_to_midi(key))
            self._last[midi] = {"strength": round(float(strength[key]), 3), "cents": _cents(self._row_hz[key], midi)}

    def push(self, y):
        """Hear samples that follow the last ones; return events, a list of dict."""
        if self._session is None:
            return []
        try:
            self._heard_frames += len(y)
            return self._with_chords(self._told(self._session.push(y)))
        except Exception as error:  # a detector may be anybody's: its fault must not stop the stream
            return self._give_up(error)

    def pause(self):
        """End the stretch: sounding notes go off. Return events."""
        if self._session is None:
            return []
        try:
            events = self._with_chords(self._told(self._session.flush()))
        except Exception as error:  # as in push
            return self._give_up(error)
        return events + self._end_stretch()

    def _give_up(self, error):
        """After a fault: every sounding note goes off, and nothing more is heard until the next stretch."""
        self.fault = f"detector {self.choice.detector} failed: {type(error).__name__}: {error}".splitlines()[0]
        now_s = round((self._frame + self._heard_frames) / self.sr, 6)
        ends = [self._off(number, event["midi"], now_s) for number, event in self._open.items()]
        return ends + self._end_stretch()

    def _off(self, number, midi, time_s):
        times = {"time_s": time_s, "heard_s": time_s}
        unknown = {"velocity": None, "level_db": None, "cents": None}
        event = {"kind": "off", "listener": self.number, "note": number, "midi": midi, "name": note_name(midi)}
        return {**event, **times, "confidence": 0.0, **unknown}

    def _end_stretch(self):
        """Keep the notes and forget the rest; return the last word on chords."""
        self._done.append(self._shifted(self._session.notes))
        self._count = self._next_count
        self._session, self._open, self._last = None, {}, {}
        return [] if self._chords is None else self._chords.end(self._row_s)

    def _with_chords(self, events):
        """The events and, from a polyphonic detector, what chords they make."""
        return events if self._chords is None else events + self._chords.push(events, self._row_s)

    def resume(self, frame):
        """Begin a new stretch at a sample of the stream."""
        self._start(frame)

    def follow(self, other):
        """Take over what another listener has heard: its notes, and the numbers that follow theirs."""
        self._done, self._count = other._done, other._count

    @property
    def notes(self):
        """All notes so far; a note still sounding ends at the last frame heard."""
        current = [] if self._session is None else [self._shifted(self._session.notes)]
        return Notes.concatenate([*self._done, *current])

    def now(self):
        """The notes sounding, strongest first.

        Returns
        -------
        list of dict
            midi, strength in [0, 1] and cents off (or None) in the last frame that spoke for the key; confidence and
            velocity (or None) of its stroke.
        """
        struck = {event["midi"]: event for event in self._open.values()}
        sounding = [
            {**self._last.get(midi, _UNHEARD), **{name: event[name] for name in ("midi", "confidence", "velocity")}}
            for midi, event in struck.items()
        ]
        return sorted(sounding, key=lambda state: -state["strength"])

    def _shifted(self, notes):
        start_s = self._frame / self.sr
        times = [start_s + self._stretch * t for t in (notes.onset, notes.offset)]
        return Notes(*times, notes.midi, notes.velocity, notes.confidence)

    def _told(self, events):
        return [self._plain(event) for event in events]

    def _plain(self, event):
        number = self._count + event.note
        self._next_count = max(self._next_count, number + 1)
        start_s = self._frame / self.sr
        hz = None if self._row_hz is None or event.kind == "off" else self._row_hz[midi_to_key(event.midi)]
        plain = {
            "kind": event.kind,
            "listener": self.number,
            "note": number,
            "midi": int(event.midi),
            "name": note_name(event.midi),
            "time_s": round(start_s + self._stretch * event.time_s, 6),
            "heard_s": round(start_s + self._stretch * event.heard_s, 6),
            "confidence": round(float(event.confidence), 3),
            "velocity": _finite(event.velocity, 1),
            "level_db": _finite(event.level_db, 1),
            "cents": None if hz is None else _cents(hz, event.midi),
        }
        if event.kind == "off":
            self._open.pop(number, None)
        else:
            self._open[number] = plain
        return plain


def _cents(hz, midi):
    """Cents off the key, as the session hears it: A4 is 440 Hz there whatever the piano's tuning."""
    if not (np.isfinite(hz) and hz > 0):
        return None
    return round(cents_between(float(hz), midi_to_hz(midi)), 1)


def _finite(value, digits):
    return round(float(value), digits) if math.isfinite(value) else None
