"""The one path of the sound: blocks -> resampler -> frames -> detector -> tracker -> notes.

A Session takes blocks of any size and answers with note events. ``transcribe`` is a Session fed one large
block and flushed; ``transcribe_file`` feeds a file block by block, so that its length does not matter;
``analyse`` collects the detector's Salience. A live microphone feeds the same Session. What comes out does
not depend on the size of the blocks.
"""

import itertools
import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pianolab import sound
from pianolab.detector import Detector, DetectorError, RowCheck, tuning_of
from pianolab.dsp.concert_pitch import HEARD_S, ConcertPitch
from pianolab.dsp.piano_profile import PianoProfile, profile_of
from pianolab.errors import PianolabError
from pianolab.frames import Framer, Span
from pianolab.registry import create, tuning
from pianolab.roll import Notes, Salience
from pianolab.texts.catalogue import Told
from pianolab.texts.choices import DEFAULT_DETECTOR
from pianolab.tracking import Event, NoteEvent, Tracker, Tracking, TrackingError
from pianolab.units import A4_HZ, N_KEYS, key_hz, midi_to_key

if TYPE_CHECKING:
    from pianolab.dsp.struck import Struck, StruckRows


class Session:
    """Listens to one stream with one detector.

    Parameters
    ----------
    detector : str or Detector
        Name, spec text such as ``"yin:threshold=0.1"``, or an instance used by this session only.
    sr : float
        Rate of the blocks in Hz.
    tracker : Tracker, optional
        Default: the policy and settings that suit the detector.
    listen : callable, optional
        Called with every piece of Salience as it is made; the session itself keeps none.
    a4_hz : float, optional
        How the piano is tuned, Hz; default: as the detector was told (``"yin:a4_hz=442"``), else 440. The sound is
        taken for one of another rate, at which such a piano sounds at 440 Hz; times and frequencies are put right.
    my_piano : PianoProfile or path, optional
        What was learnt of the piano in its room (``pianolab learn-piano``); default: as the detector was told
        (``"yin:my_piano=FILE"``). A tuning that is given in Hz goes before the learnt one.
    **tracking
        Settings of the default tracker by name (pianolab.tracking.Tracking), for example ``n_confirm=5``.

    Attributes
    ----------
    heard_s : float
        Up to which time of the stream the newest row needed the sound, seconds.

    Raises
    ------
    AudioError
        If `sr` is no sampling rate.
    DetectorError
        If there is no such detector or parameter, if no piano is tuned so, or if the tuning is to be measured: only
        `transcribe`, `transcribe_file` and `analyse`, which have the whole recording, can do so.
    ProfileError
        If ``my_piano`` is a file that holds no profile of a piano.
    TrackingError
        If there is no such setting of the tracker, its value is out of range, or there is a tracker as well.

    Examples
    --------
    >>> session = Session("yin", sr=44100)
    >>> [session.push(block) for block in np.zeros((3, 441))]
    [[], [], []]
    >>> session.flush()
    []
    >>> session.notes
    <Notes: 0 notes>
    """

    def __init__(
        self,
        detector: str | Detector = DEFAULT_DETECTOR,
        *,
        sr: float,
        tracker: Tracker | None = None,
        listen: Callable[[Salience], object] | None = None,
        a4_hz: float | None = None,
        my_piano: PianoProfile | str | os.PathLike[str] | None = None,
        **tracking: float | str,
    ):
        if tracker is not None and tracking:
            raise TrackingError(f"{next(iter(tracking))} is given beside a tracker: give it to the tracker")
        self.sr = sr
        self.detector = create(detector)
        profile = profile_of(my_piano)
        self.tracker = tracker or default_tracker(self.detector, my_piano=profile, **tracking)
        asks = self.tracker.tracking.struck_threshold > 0
        self._ear = _Ear(self.detector, sr=sr, a4_hz=a4_hz, my_piano=profile, asks_if_struck=asks)
        self._listen = listen
        self._ended = False
        self.heard_s = 0.0

    def push(self, y: ArrayLike) -> list[Event]:
        """Hear a block.

        Parameters
        ----------
        y : (n,) or (n, channels) array
            Samples at ``sr``; any length, also 0.

        Returns
        -------
        list of NoteEvent and PedalEvent
            What the block made certain; ``kind`` tells which: 'on', 'off', 'revised', or 'pedal_down', 'pedal_up' from
            a detector that hears the pedal. ``heard_s`` of each is the time up to which the sound was needed.

        Raises
        ------
        AudioError
            If the block is not finite mono audio.
        PianolabError
            After ``flush``.
        """
        self._refuse_ended()
        return self._decide(self._ear.push(y))

    def flush(self) -> list[Event]:
        """End the stream: the events still owed. The session cannot be used afterwards."""
        self._refuse_ended()
        self._ended = True
        events = self._decide(self._ear.flush())
        return events + self._when_heard(self.tracker.flush(end_s=self._ear.n_samples / self.sr))

    @property
    def ahead_s(self) -> float:
        """Seconds of sound that a row needs behind its own time: look-ahead, rows held back, lag of the resampler."""
        return self._ear.late_s

    @property
    def notes(self) -> Notes:
        """The notes decided so far; a note still sounding ends at the last frame heard."""
        return self.tracker.notes()

    @property
    def pedal(self) -> NDArray[np.float64] | None:
        """When the sustain pedal was down so far, (n, 2) seconds down and up; None if the detector does not hear it."""
        return self.tracker.pedal

    def _refuse_ended(self):
        if self._ended:
            raise PianolabError("this session has ended: make a new Session for another recording")

    def _decide(self, parts: Iterable[Salience]) -> list[Event]:
        events: list[Event] = []
        for salience in parts:
            self.heard_s = self._needed_s(float(salience.times[-1]))
            if self._listen is not None:
                self._listen(salience)
            asked = {} if self._ear.struck_rows is None else {"struck": self._ear.struck_rows}
            events += self._when_heard(self.tracker.push(salience, **asked))
        return events

    def _when_heard(self, events: Iterable[Event]) -> list[Event]:
        """The tracker tells of the row that made an event certain; that row came when its sound was there."""
        return [replace(event, heard_s=self._needed_s(event.heard_s)) for event in events]

    def _needed_s(self, row_s: float) -> float:
        needed_s = row_s + self._ear.late_s
        return min(needed_s, self._ear.n_samples / self.sr) if self._ended else needed_s


class _Ear:
    """The path up to the evidence: blocks of audio in, pieces of Salience out."""

    def __init__(
        self,
        detector: str | Detector,
        *,
        sr: float,
        a4_hz: float | str | None = None,
        my_piano: PianoProfile | None = None,
        asks_if_struck: bool = False,
    ):
        self.sr = sr
        self.detector = create(detector)
        self.detector.reset()
        self.n_samples = 0
        self.my_piano = _learnt(self.detector, my_piano)
        a4_hz = tuning(_told_tuning(self.detector, self.my_piano) if a4_hz is None else a4_hz)
        if isinstance(a4_hz, str):
            raise DetectorError(Told("detectors.auto_needs_a_recording"))
        # At this rate the piano would sound at 440 Hz. One second of it is so many seconds of the sound.
        sr_told = round(sound.checked_rate(sr) * A4_HZ / a4_hz)
        self._stretch = sr_told / sr
        self._resampler = sound.Resampler(sr_in=sr_told, sr_out=self.detector.sr)
        self._framer = Framer(
            frame_length=self.detector.frame_length,
            hop_length=self.detector.hop_length,
            sr=self.detector.sr,
            lookahead=self.detector.lookahead,
        )
        self._check = RowCheck(self.detector)
        self._struck = _struck_beside(self.detector) if asks_if_struck else None
        self.struck_rows: StruckRows | None = None  # Of the piece that came last.
        self._too_high = key_hz() > sr_told / 2  # Keys above the recording's own Nyquist frequency stay empty.

    def push(self, y: ArrayLike) -> Iterator[Salience]:
        mono = sound.check_signal(y, sr=self.sr)
        self.n_samples += len(mono)
        if self.my_piano is not None and self.my_piano.gain_db:
            mono = mono * np.float32(10.0 ** (self.my_piano.gain_db / 20.0))
        return self._evidence(self._framed(self._resampler.push(mono)))

    def flush(self) -> Iterator[Salience]:
        yield from self._evidence(self._framed(self._resampler.flush()))
        yield from self._evidence(self._framer.flush())
        yield from self._put_right(self._check.of(self.detector.flush()))
        self._check.at_the_end()

    def _framed(self, y: NDArray[np.float32]) -> Iterator[Span]:
        if self._struck is not None:
            self._struck.push(y)
        return self._framer.push(y)

    def _evidence(self, spans: Iterable[Span]) -> Iterator[Salience]:
        for span in spans:
            self._check.asked(span)
            yield from self._put_right(self._check.of(self.detector.process(span)))

    @property
    def late_s(self) -> float:
        """Seconds of sound that a row needs behind its own time: lookahead, rows held back, lag of the resampler."""
        held_back = (self._check.n_frames - self._check.n_rows) * self.detector.hop_length
        ahead_s = self._stretch * (held_back + self.detector.lookahead) / self.detector.sr
        return ahead_s + self._stretch * self._resampler.latency_s

    def _put_right(self, salience: Salience) -> Iterator[Salience]:
        """The rows in the time of the sound, without keys that it cannot hold; nothing if there are no rows."""
        if not len(salience):
            return
        if self._struck is not None:
            newest = np.rint(salience.times * self.detector.sr).astype(np.int64) + self.detector.lookahead
            self.struck_rows = self._struck.at(newest)
        if self.my_piano is not None:
            salience = self.my_piano.put_right(salience)
        if self._stretch != 1.0:
            salience = replace(salience, times=salience.times * self._stretch, hz=salience.hz / self._stretch)
        if np.any(self._too_high):
            salience = replace(salience, strength=np.where(self._too_high, 0.0, salience.strength))
            if salience.onset is not None and salience.onset.shape[1] == N_KEYS:
                salience = replace(salience, onset=np.where(self._too_high, 0.0, salience.onset))
        yield salience


def _struck_beside(detector: Detector) -> "Struck":
    """What tells whether strings were struck. It is loaded for those who ask: that takes longer than all else here."""
    from pianolab.dsp.struck import Struck

    return Struck(sr=round(detector.sr))


def _learnt(detector: Detector, my_piano: PianoProfile | str | os.PathLike[str] | None) -> PianoProfile | None:
    """What was learnt of the piano for this detector, as it is given or as the detector was told."""
    profile = profile_of(detector.my_piano if my_piano is None else my_piano)
    return None if profile is None else profile.heard_by(detector.name)


def _told_tuning(detector: Detector, my_piano: PianoProfile | None) -> float | str:
    """The tuning that a detector was told, which goes before the one that was learnt."""
    told = tuning_of(detector)
    return my_piano.a4_hz or told if my_piano is not None and told == A4_HZ else told


def default_tracker(detector: Detector, *, my_piano: PianoProfile | None = None, **tracking: float | str) -> Tracker:
    """The tracker that suits a detector.

    Parameters
    ----------
    detector : Detector
        It suggests the policy, the delay of onsets and settings of its own.
    my_piano : PianoProfile, optional
        It may have learnt settings for this detector; default: as the detector was told.
    **tracking
        Settings by name (pianolab.tracking.Tracking); they win over what the detector suggests.

    Returns
    -------
    Tracker

    Raises
    ------
    TrackingError
        If there is no such setting, or its value is out of range.

    Examples
    --------
    >>> default_tracker(create("yin"), n_confirm=5).tracking.n_confirm
    5
    """
    policy = "poly" if detector.polyphonic else "mono"
    suggested = {"policy": policy, "onset_delay_s": detector.onset_delay_s, **detector.tracking}
    my_piano = _learnt(detector, my_piano)
    if my_piano is not None:
        # The detector hears the sound louder than it is, so that what is silent lies lower by as much.
        silence_db = float(suggested.get("silence_db", Tracking.silence_db)) - my_piano.gain_db
        suggested |= {"silence_db": silence_db, **my_piano.tracking.get(detector.name, {})}
    return Tracker(Tracking.of({**suggested, **tracking}))


def transcribe(
    y: ArrayLike,
    *,
    sr: float,
    detector: str | Detector = DEFAULT_DETECTOR,
    my_piano: PianoProfile | str | os.PathLike[str] | None = None,
    **tracking: float | str,
) -> Notes:
    """The notes in a recording.

    Parameters
    ----------
    y : (n,) or (n, channels) array
        Samples in [-1, 1].
    sr : float
        Rate in Hz.
    detector : str or Detector
        As for Session.
    my_piano : PianoProfile or path, optional
        As for Session.
    **tracking
        Settings of the tracker by name, as for Session.

    Returns
    -------
    Notes

    Raises
    ------
    AudioError
        If ``y`` is not audio.
    DetectorError
        If there is no such detector or parameter.
    TrackingError
        If there is no such setting of the tracker, or its value is out of range.

    Examples
    --------
    >>> import pianolab
    >>> y = pianolab.render(Notes([0.2], [1.0], [60]), sr=44100)
    >>> transcribe(y, sr=44100).names
    ['C4']
    """
    detector = create(detector)
    learnt = _learnt(detector, my_piano)
    a4_hz = _a4_hz(detector, y, sr=sr, my_piano=learnt)
    tracker = default_tracker(detector, my_piano=learnt, **tracking)
    session = Session(detector, sr=sr, tracker=tracker, a4_hz=a4_hz, my_piano=learnt)
    session.push(y)
    session.flush()
    return session.notes


def analyse(
    y: ArrayLike,
    *,
    sr: float,
    detector: str | Detector = DEFAULT_DETECTOR,
    my_piano: PianoProfile | str | os.PathLike[str] | None = None,
    asks_if_struck: bool = False,
) -> Salience:
    """The detector's evidence for every key in every frame of a recording.

    Parameters
    ----------
    y : (n,) or (n, channels) array
        Samples in [-1, 1].
    sr : float
        Rate in Hz.
    detector : str or Detector
        As for Session.
    my_piano : PianoProfile or path, optional
        As for Session.
    asks_if_struck : bool
        Whether the rows also say of each key whether a string was struck.

    Returns
    -------
    Salience

    Raises
    ------
    AudioError
        If ``y`` is not audio.
    DetectorError
        If there is no such detector or parameter.

    Examples
    --------
    >>> y = np.sin(2 * np.pi * 440.0 * np.arange(22050) / 44100)
    >>> analyse(y, sr=44100, detector="yin").f0_hz[20:23].round(1).tolist()
    [440.0, 440.0, 440.0]
    """
    detector = create(detector)
    learnt = _learnt(detector, my_piano)
    a4_hz = _a4_hz(detector, y, sr=sr, my_piano=learnt)
    ear = _Ear(detector, sr=sr, a4_hz=a4_hz, my_piano=learnt, asks_if_struck=asks_if_struck)
    parts = []
    for salience in itertools.chain(ear.push(y), ear.flush()):
        rows = ear.struck_rows
        parts.append(salience if rows is None else replace(salience, struck=np.array(rows)))
    return Salience.concatenate(parts)


def _a4_hz(detector: Detector, y: ArrayLike, *, sr: float, my_piano: PianoProfile | None) -> float:
    """How the piano is tuned: as the detector was told, or as it is measured."""
    told = _told_tuning(detector, my_piano)
    if not isinstance(told, str):
        return told
    mono = sound.check_signal(y, sr=sr)
    pitch = ConcertPitch(sr=sr)
    pitch.push(mono)
    return pitch.a4_hz if pitch.is_sure else A4_HZ


@dataclass(frozen=True, eq=False)
class Transcription:
    """What was heard in one recording.

    Attributes
    ----------
    notes : Notes
    seconds_audio, seconds_cpu : float
        Length of the recording; processor time of this thread for resampling, detecting and tracking.
    f0_times, f0_hz, f0_confidence : (T,) arrays or None
        On the detector's frame grid: the pitch of the note sounding after the tracker's revisions in Hz, 0 where
        there is none. None for polyphonic detectors.
    a4_hz : float
        For which tuning it was heard, Hz: as the detector was told, or as was measured or learnt.
    pedal : (n, 2) float64 or None
        Seconds at which the sustain pedal went down and up; None if the detector does not hear it.
    n_turned_away : int
        Notes that were not told, because what sounded was no struck string (``struck_threshold`` of the tracker).
    n_unsure : int
        Notes that were not told, because they were less sure than its ``sure_threshold``.
    n_revised : int or None
        How often a told note got another name; None where nobody knows, as of a file of notes.
    told_s : (n,) float64 or None
        Of each note, up to which second of the sound it needed it to be told under its name; None where nobody knows.
    ahead_s : float
        So much of that a row of evidence needs behind its own time, seconds; NaN where nobody knows.
    """

    notes: Notes
    seconds_audio: float
    seconds_cpu: float
    f0_times: NDArray[np.float64] | None = None
    f0_hz: NDArray[np.float64] | None = None
    f0_confidence: NDArray[np.float64] | None = None
    a4_hz: float = A4_HZ
    pedal: NDArray[np.float64] | None = None
    n_turned_away: int = 0
    n_unsure: int = 0
    n_revised: int | None = None
    told_s: NDArray[np.float64] | None = None
    ahead_s: float = np.nan


def transcribe_file(
    path: str | os.PathLike | BinaryIO,
    *,
    detector: str | Detector = DEFAULT_DETECTOR,
    duration_s: float | None = None,
    tracker: Tracker | None = None,
    my_piano: PianoProfile | str | os.PathLike[str] | None = None,
    **tracking: float | str,
) -> Transcription:
    """The notes in a file, read block by block so that its length does not matter.

    Parameters
    ----------
    path : path or binary file
        Anything that pianolab.sound reads.
    detector : str or Detector
        As for Session.
    duration_s : float, optional
        Hear only the beginning.
    tracker : Tracker, optional
        As for Session.
    my_piano : PianoProfile or path, optional
        As for Session.
    **tracking
        Settings of the tracker by name, as for Session.

    Returns
    -------
    Transcription

    Raises
    ------
    AudioError
        If the file cannot be read.
    DetectorError
        If there is no such detector or parameter.
    TrackingError
        If there is no such setting of the tracker, its value is out of range, or there is a tracker as well.

    Warns
    -----
    AudioWarning
        If the sound is poor, or the piano is tuned more than 40 cents away from 440 Hz.
    """
    stream = sound.blocks(path, duration_s=duration_s)
    detector = create(detector)
    learnt = _learnt(detector, my_piano)
    a4_hz, blocks = _tuned(detector, stream, learnt)
    track = None if detector.polyphonic else _PitchTrack(a4_hz=a4_hz)
    listen = None if track is None else track.listen
    session = Session(detector, sr=stream.sr, tracker=tracker, listen=listen, a4_hz=a4_hz, my_piano=learnt, **tracking)
    seconds_cpu, n_samples = 0.0, 0
    told = _ToldTimes()
    for y in blocks:
        started = time.thread_time()
        told.hear(session.push(y))
        seconds_cpu += time.thread_time() - started
        n_samples += len(y)
    ahead_s = session.ahead_s
    started = time.thread_time()
    told.hear(session.flush())
    seconds_cpu += time.thread_time() - started
    f0 = (None, None, None) if track is None else track.of(session.notes)
    return Transcription(
        session.notes,
        n_samples / stream.sr,
        seconds_cpu,
        *f0,
        a4_hz=a4_hz,
        pedal=session.pedal,
        n_turned_away=len(session.tracker.turned_away),
        n_unsure=session.tracker.n_unsure,
        n_revised=session.tracker.n_revised,
        told_s=told.of(session.notes),
        ahead_s=ahead_s,
    )


def tuning_taken(detector: Detector, heard: Transcription) -> str:
    """Which tuning a detector that measures it has found.

    Parameters
    ----------
    detector : Detector
    heard : Transcription
        What it heard.

    Returns
    -------
    str
        '' where it was told the tuning, or could not measure it (a warning says so).

    Examples
    --------
    >>> tuning_taken(create("yin:a4_hz=auto"), Transcription(Notes.empty(), 1.0, 0.1, a4_hz=442.13))
    'A4 = 442.1 Hz is taken'
    """
    measured = tuning_of(detector) == "auto" and heard.a4_hz != A4_HZ
    return f"A4 = {heard.a4_hz:.1f} Hz is taken" if measured else ""


def _tuned(
    detector: Detector, stream: sound.Blocks, my_piano: PianoProfile | None
) -> tuple[float, Iterator[NDArray[np.float32]]]:
    """Hz of A4, measured in the first minute, and all blocks of the stream; a tuning far from 440 Hz is said."""
    pitch, head, n = ConcertPitch(sr=stream.sr), [], 0
    for y in stream:
        pitch.push(y)
        head.append(y)
        n += len(y)
        if n >= HEARD_S * stream.sr:
            break
    told, cents = _told_tuning(detector, my_piano), pitch.cents
    a4_hz = told if not isinstance(told, str) else pitch.a4_hz if pitch.is_sure else A4_HZ
    text = ""
    where = f"the piano sounds {abs(cents):.0f} cents {'above' if cents > 0 else 'below'} A4 = 440 Hz"
    if told == "auto" and not pitch.is_sure:
        text = "too few keys tell how the piano is tuned: A4 = 440 Hz is taken; give it in Hz, such as a4_hz=442"
    elif told == "auto" and pitch.is_far:
        text = f"{where}, nearly between two keys: all keys may be one too high or too low; a4_hz=HZ decides"
    elif told == A4_HZ and pitch.is_far:
        text = f"{where}, nearly between two keys: a4_hz=auto follows it (as in yin:a4_hz=auto)"
    if text:
        warnings.warn(f"{stream.name}: {text}", sound.AudioWarning, stacklevel=3)
    return a4_hz, itertools.chain(head, stream)


class _ToldTimes:
    """When each note was told under the name that it kept."""

    def __init__(self):
        self._names: dict[int, int] = {}
        self._told_s: dict[tuple[float, int], float] = {}

    def hear(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, NoteEvent) and event.kind != "off" and self._names.get(event.note) != event.midi:
                self._names[event.note] = event.midi
                self._told_s[event.time_s, event.midi] = event.heard_s

    def of(self, notes: Notes) -> NDArray[np.float64]:
        keys = zip(notes.onset.tolist(), notes.midi.tolist(), strict=True)
        return np.array([self._told_s.get(key, np.nan) for key in keys], dtype=np.float64)


class _PitchTrack:
    """The strongest key of each frame, its pitch and strength: 16 bytes a frame, whatever the length."""

    def __init__(self, *, a4_hz: float):
        self.key_hz = key_hz(a4_hz=a4_hz)
        self.parts = []

    def listen(self, salience: Salience) -> None:
        key = salience.best_key
        rows = np.arange(len(key))
        hz, strength = salience.hz[rows, key], salience.strength[rows, key]
        self.parts.append((salience.times, key.astype(np.int8), hz, strength))

    def of(self, notes: Notes):
        """Pitch of the sounding note at each frame: measured where the frame agrees with the note, else held."""
        if not self.parts:
            return np.zeros(0), np.zeros(0), np.zeros(0)
        times, key, hz, strength = (np.concatenate(column) for column in zip(*self.parts, strict=True))
        f0_hz, confidence = np.zeros(len(times)), np.zeros(len(times))
        for onset, offset, midi, sure in zip(notes.onset, notes.offset, notes.midi, notes.confidence, strict=True):
            first, last = np.searchsorted(times, [onset, offset])
            agrees = (key[first:last] == midi_to_key(midi)) & np.isfinite(hz[first:last])
            f0_hz[first:last] = _held(hz[first:last], agrees, self.key_hz[midi_to_key(midi)])
            confidence[first:last] = np.where(agrees, strength[first:last], sure)
        return times, f0_hz, confidence


def _held(hz, agrees, default_hz):
    """The measured values, carried forward over frames that disagree (and back to the first one)."""
    if not np.any(agrees):
        return np.full(len(hz), default_hz)
    last = np.maximum.accumulate(np.where(agrees, np.arange(len(hz)), -1))
    return hz[np.where(last >= 0, last, np.argmax(agrees))]
