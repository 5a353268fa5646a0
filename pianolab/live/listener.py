"""One detector that listens to a live stream as the player has chosen.

A Listener hears blocks of samples and answers with events: notes that begin, end or turn out to be another key; from a
detector that hears many keys, chords; from one that hears the sustain pedal, that it went down or up. Events are
dictionaries that can be sent to a page or written to a file as they are.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pianolab.detector import Detector
from pianolab.dsp.piano_profile import PianoProfile
from pianolab.errors import reason
from pianolab.live.choices import Choice
from pianolab.live.chord_tracker import ChordTracker
from pianolab.live.messages import AwayNow, ChordHeard, NoteHeard, PedalHeard, PedalNow, Sounding
from pianolab.roll import Notes, Salience
from pianolab.session import Session, default_tracker
from pianolab.texts.catalogue import Told
from pianolab.tracking import Event, NoteEvent, PedalEvent
from pianolab.units import A4_HZ, cents_between, key_to_midi, midi_to_hz, midi_to_key, note_name

ListenerEvent = NoteHeard | ChordHeard | PedalHeard


class Listener:
    """One detector on one gapless stretch of a stream after the other.

    A piano whose A4 is 442 Hz sounds like one of 440 Hz that is played a little fast. So the session is told a rate
    that is lower in this proportion, and every detector finds the keys where it expects them. Times are turned back
    here.

    Parameters
    ----------
    choice : Choice
        Which detector, and how it listens.
    sr : int
        Rate of the stream, Hz.
    number : int
        Number of the listener in its stream, which its events carry.
    my_piano : PianoProfile, optional
        What was learnt of the piano. A tuning other than 440 Hz in the choice goes before the learnt one.
    listen : callable, optional
        Called with each piece of Salience, its times in the stream.

    Attributes
    ----------
    fault : str
        What went wrong in the detector, or ''.
    """

    def __init__(
        self,
        choice: Choice,
        *,
        sr: int,
        number: int = 0,
        my_piano: PianoProfile | None = None,
        listen: Callable[[Salience], object] | None = None,
    ):
        self.choice, self.sr, self.number = choice, sr, number
        self.fault = ""
        self._detector: Detector | None = None  # made once; one that failed is made anew
        self._learnt, self._listen = my_piano, listen
        self._earlier: list[Notes] = []  # what was heard on earlier stretches
        self._n_away = 0  # what was turned away on earlier stretches
        self._first_note = 0  # number of the first note of this stretch
        self.resume(0)

    def resume(self, frame: int):
        """Begin a new stretch.

        Parameters
        ----------
        frame : int
            Its first sample in the stream.
        """
        # A session lets it forget the earlier stretch. Making it anew would cost the time that a hole has to save.
        detector = self._detector = self._detector or self.choice.build()
        mine = None if self._learnt is None else self._learnt.heard_by(detector.name)
        learnt_hz = None if mine is None else mine.a4_hz
        a4_hz = learnt_hz or A4_HZ if self.choice.a4_hz == A4_HZ else self.choice.a4_hz
        # The stream is told another rate here already, so that cents are against the piano's own tuning.
        mine = None if mine is None else replace(mine, a4_hz=None)
        sr_told = round(self.sr * A4_HZ / a4_hz)
        self._stretch = sr_told / self.sr  # seconds of the stream in one of the session's
        self._frame, self._n_samples = frame, 0
        self._next_note = self._first_note
        self._row_s = frame / self.sr  # up to where the sound was needed for the last frame heard
        self._row_hz: npt.NDArray[np.float32] | None = None  # what it measured for each key
        self._last: dict[int, tuple[float, float | None]] = {}  # MIDI number -> strength and cents when it last spoke
        self._open: dict[int, NoteHeard] = {}  # number of a sounding note -> the event that tells of it
        self._pedal_down = False
        self._pedal_sure: float | None = None  # how surely the newest frame says that it is down
        self._chords = ChordTracker(number=self.number) if detector.polyphonic else None
        tracker = default_tracker(detector, my_piano=mine, **self.choice.tracking)
        how = {"sr": sr_told, "tracker": tracker, "listen": self._remember, "my_piano": mine}
        self._session: Session | None = Session(detector, **how)

    def push(self, y: npt.NDArray[np.float32]) -> list[ListenerEvent]:
        """Hear samples that follow the last ones.

        Parameters
        ----------
        y : (n,) float32
            Samples in [-1, 1].

        Returns
        -------
        list of NoteHeard, ChordHeard and PedalHeard
            What they made certain. A detector that fails is given up: its notes end, and ``fault`` says why.
        """
        if self._session is None:
            return []
        self._n_samples += len(y)
        try:
            return self._told(self._session.push(y))
        except Exception as error:  # A detector may be anybody's, and its fault must not stop the stream.
            return self._give_up(self._session, error)

    def pause(self) -> list[ListenerEvent]:
        """End the stretch: sounding notes go off.

        Returns
        -------
        list of NoteHeard, ChordHeard and PedalHeard
        """
        if self._session is None:
            return []
        try:
            events = self._told(self._session.flush())
        except Exception as error:  # Its end must not stop the stream either.
            return self._give_up(self._session, error)
        return events + self._end_stretch(self._session)

    def follow(self, other: "Listener"):
        """Take over what another listener has heard: its notes, and the numbers that follow theirs.

        Parameters
        ----------
        other : Listener
            Paused.
        """
        self._earlier, self._first_note, self._n_away = other._earlier, other._first_note, other._n_away

    @property
    def notes(self) -> Notes:
        """All notes so far; a note still sounding ends at the last frame heard."""
        current = [] if self._session is None else [self._in_stream(self._session.notes)]
        return Notes.concatenate([*self._earlier, *current])

    def now(self) -> list[Sounding]:
        """The notes that sound, the strongest first.

        Returns
        -------
        list of Sounding
            Strength and cents are those of the last frame that spoke for the key.
        """
        sounding: list[Sounding] = []
        for midi, stroke in {event["midi"]: event for event in self._open.values()}.items():
            strength, cents = self._last.get(midi, (0.0, None))
            confidence, velocity = stroke["confidence"], stroke["velocity"]
            sounding.append(
                Sounding(midi=midi, strength=strength, cents=cents, confidence=confidence, velocity=velocity)
            )
        return sorted(sounding, key=lambda note: -note["strength"])

    @property
    def pedal(self) -> PedalNow | None:
        """Whether the sustain pedal is down now; None where the detector does not hear it."""
        return None if self._pedal_sure is None else {"down": self._pedal_down, "sure": round(self._pedal_sure, 3)}

    @property
    def away(self) -> AwayNow:
        """How many notes it did not tell, because what sounded was no piano, and the key of the last one."""
        away = () if self._session is None else self._session.tracker.turned_away
        return {"n": self._n_away + len(away), "midi": key_to_midi(away[-1].key) if away else None}

    def _remember(self, salience: Salience):
        """Keep what the newest frame says. A key that it does not speak for keeps its last values."""
        strength, self._row_hz = salience.strength[-1], salience.hz[-1]
        if self._session is not None:
            self._row_s = self._frame / self.sr + self._stretch * self._session.heard_s
        if salience.pedal is not None:
            self._pedal_sure = float(salience.pedal[-1])
        if self._listen is not None:
            self._listen(replace(salience, times=self._frame / self.sr + self._stretch * salience.times))
        for key in np.flatnonzero(strength):
            midi = key_to_midi(int(key))
            self._last[midi] = round(float(strength[key]), 3), _cents(float(salience.hz[-1, key]), midi)

    def _told(self, events: Iterable[Event]) -> list[ListenerEvent]:
        """Events of the session in the time of the stream, then the chords that follow from them."""
        told: list[ListenerEvent] = []
        heard: list[NoteHeard] = []
        for event in events:
            if isinstance(event, PedalEvent):
                told.append(self._pedal_heard(event))
            else:
                heard.append(self._heard(event))
                told.append(heard[-1])
        return [*told, *([] if self._chords is None else self._chords.push(heard, self._row_s))]

    def _pedal_heard(self, event: PedalEvent) -> PedalHeard:
        self._pedal_down = event.kind == "pedal_down"
        time_s, heard_s = (self._frame / self.sr + self._stretch * s for s in (event.time_s, event.heard_s))
        return _pedal(self.number, self._pedal_down, time_s, heard_s, event.confidence)

    def _heard(self, event: NoteEvent) -> NoteHeard:
        """An event of the session, in the time and the numbers of the stream."""
        number = self._first_note + event.note
        self._next_note = max(self._next_note, number + 1)
        start_s = self._frame / self.sr
        hz = math.nan if self._row_hz is None or event.kind == "off" else self._row_hz[midi_to_key(event.midi)]
        heard: NoteHeard = {
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
            "cents": _cents(float(hz), event.midi),
        }
        if event.kind == "off":
            self._open.pop(number, None)
        else:
            self._open[number] = heard
        return heard

    def _give_up(self, session: Session, error: Exception) -> list[ListenerEvent]:
        """After a fault: every sounding note goes off, and nothing more is heard until the next stretch."""
        self._detector = None
        self.fault = Told("live.detector_failed", name=self.choice.detector, reason=reason(error))
        now_s = round((self._frame + self._n_samples) / self.sr, 6)
        ends: list[ListenerEvent] = [_ended(event, now_s) for event in self._open.values()]
        if self._pedal_down:
            ends.append(_pedal(self.number, False, now_s, now_s, 0.0))
        return [*ends, *self._end_stretch(session)]

    def _end_stretch(self, session: Session) -> list[ChordHeard]:
        """Keep the notes and forget the rest; the last word on chords."""
        self._earlier = [*self._earlier, self._in_stream(session.notes)]
        self._n_away += len(session.tracker.turned_away)
        self._first_note = self._next_note
        self._session, self._open, self._last = None, {}, {}
        self._pedal_down, self._pedal_sure = False, None
        return [] if self._chords is None else self._chords.end(self._row_s)

    def _in_stream(self, notes: Notes) -> Notes:
        """Notes of the session, in the time of the stream."""
        onset, offset = (self._frame / self.sr + self._stretch * times for times in (notes.onset, notes.offset))
        return Notes(onset, offset, notes.midi, notes.velocity, notes.confidence)


def _cents(hz: float, midi: int) -> float | None:
    """Cents from the key as the session hears it: A4 is 440 Hz there, however the piano is tuned."""
    if not (math.isfinite(hz) and hz > 0):
        return None
    return round(float(cents_between(hz, midi_to_hz(midi))), 1)


def _pedal(number: int, down: bool, time_s: float, heard_s: float, confidence: float) -> PedalHeard:
    return {
        "kind": "pedal",
        "listener": number,
        "down": down,
        "time_s": round(time_s, 6),
        "heard_s": round(heard_s, 6),
        "confidence": round(confidence, 3),
    }


def _ended(event: NoteHeard, time_s: float) -> NoteHeard:
    """The end of a note of which only the beginning was heard."""
    end: NoteHeard = {**event, "kind": "off", "time_s": time_s, "heard_s": time_s, "confidence": 0.0}
    end["velocity"] = end["level_db"] = end["cents"] = None
    return end


def _finite(value: float, digits: int) -> float | None:
    return round(float(value), digits) if math.isfinite(value) else None
