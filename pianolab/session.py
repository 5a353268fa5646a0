"""The one path of the sound: blocks -> resampler -> frames -> detector -> tracker -> notes.

A Session takes blocks of any size and answers with note events. ``transcribe`` is a Session fed one large
block and flushed; ``transcribe_file`` feeds a file block by block, so that its length does not matter;
``analyse`` collects the detector's Salience. A live microphone feeds the same Session. What comes out does
not depend on the size of the blocks.
"""

import time
from dataclasses import dataclass, replace

import numpy as np

from pianolab import DEFAULT_DETECTOR, sound
from pianolab.frames import Framer
from pianolab.registry import create
from pianolab.roll import Notes, Salience
from pianolab.tracking import Tracker
from pianolab.units import N_KEYS, key_hz, midi_to_key


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
    **tracking
        Settings of the default tracker, for example ``n_confirm=5``.
    """

    def __init__(self, detector=DEFAULT_DETECTOR, *, sr, tracker=None, listen=None, **tracking):
        self.sr = sr
        self.detector = create(detector)
        self.detector.reset()
        self.tracker = tracker or default_tracker(self.detector, **tracking)
        self._listen = listen
        self._resampler = sound.Resampler(sr, self.detector.sr)
        self._framer = Framer(
            frame_length=self.detector.frame_length,
            hop_length=self.detector.hop_length,
            sr=self.detector.sr,
            lookahead=self.detector.lookahead,
        )
        self._too_high = key_hz() > sr / 2  # keys above the recording's own Nyquist frequency stay empty
        self._n_samples = 0
        self._ended = False

    def push(self, y):
        """Hear a block.

        Parameters
        ----------
        y : (n,) or (n, channels) array
            Samples at ``sr``; any length, also 0.

        Returns
        -------
        list of NoteEvent
            What the block made certain.

        Raises
        ------
        AudioError
            If the block is not finite mono audio.
        ValueError
            After ``flush``.
        """
        self._refuse_ended()
        y = sound.check_signal(y, sr=self.sr)
        self._n_samples += len(y)
        return self._hear(self._framer.push(self._resampler.push(y)))

    def flush(self):
        """End the stream: the events still owed. The session cannot be used afterwards."""
        self._refuse_ended()
        self._ended = True
        events = self._hear(self._framer.push(self._resampler.flush()))
        events += self._hear(self._framer.flush())
        events += self._decide(self.detector.flush())
        return events + self.tracker.flush(end_s=self._n_samples / self.sr)

    @property
    def notes(self):
        """The notes decided so far; a note still sounding ends at the last frame heard."""
        return self.tracker.notes()

    def _refuse_ended(self):
        if self._ended:
            raise ValueError("this session has ended: make a new Session for another recording")

    def _hear(self, spans):
        events = []
        for span in spans:
            events += self._decide(self.detector.process(span))
        return events

    def _decide(self, salience):
        if not len(salience):
            return []
        if np.any(self._too_high):
            salience = replace(salience, strength=np.where(self._too_high, 0.0, salience.strength))
            if salience.onset is not None and salience.onset.shape[1] == N_KEYS:
                salience = replace(salience, onset=np.where(self._too_high, 0.0, salience.onset))
        if self._listen is not None:
            self._listen(salience)
        return self.tracker.push(salience)


def default_tracker(detector, **tracking):
    """The tracker that suits a detector: its policy, its delay, its own settings, then yours."""
    policy = "poly" if detector.polyphonic else "mono"
    settings = {"policy": policy, "onset_delay_s": detector.onset_delay_s, **detector.tracking, **tracking}
    return Tracker(**settings)


def transcribe(y, *, sr, detector=DEFAULT_DETECTOR, **tracking):
    """The notes in a recording.

    Parameters
    ----------
    y : (n,) or (n, channels) array
        Samples in [-1, 1].
    sr : float
        Rate in Hz.
    detector : str or Detector
        As for Session.
    **tracking
        Settings of the tracker.

    Returns
    -------
    Notes

    Raises
    ------
    AudioError
        If ``y`` is not audio.
    DetectorError
        If there is no such detector or parameter.

    Examples
    --------
    >>> import pianolab
    >>> from pianolab.roll import Notes
    >>> y = pianolab.render(Notes([0.2], [1.0], [60]), sr=44100)
    >>> pianolab.transcribe(y, sr=44100).names
    ['C4']
    """
    session = Session(detector, sr=sr, **tracking)
    session.push(y)
    session.flush()
    return session.notes


def analyse(y, *, sr, detector=DEFAULT_DETECTOR):
    """The detector's evidence for every key in every frame of a recording.

    Parameters
    ----------
    y, sr, detector
        As for transcribe.

    Returns
    -------
    Salience
    """
    parts = []
    session = Session(detector, sr=sr, tracker=_NoTracker(), listen=parts.append)
    session.push(y)
    session.flush()
    return Salience.concatenate(parts)


class _NoTracker:
    """Stands in where only Salience is wanted."""

    def push(self, salience):
        return []

    def flush(self, *, end_s):
        return []

    def notes(self):
        return Notes.empty()


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
    """

    notes: Notes
    seconds_audio: float
    seconds_cpu: float
    f0_times: np.ndarray | None = None
    f0_hz: np.ndarray | None = None
    f0_confidence: np.ndarray | None = None


def transcribe_file(path, *, detector=DEFAULT_DETECTOR, duration_s=None, **tracking):
    """The notes in a file, read block by block so that its length does not matter.

    Parameters
    ----------
    path : path or binary file
        Anything that pianolab.sound reads.
    detector : str or Detector
        As for Session.
    duration_s : float, optional
        Hear only the beginning.
    **tracking
        Settings of the tracker.

    Returns
    -------
    Transcription
    """
    stream = sound.blocks(path, duration_s=duration_s)
    track = _Track()
    session = Session(detector, sr=stream.sr, listen=track.listen, **tracking)
    keep_track = not session.detector.polyphonic
    if not keep_track:
        session._listen = None
    seconds_cpu, n_samples = 0.0, 0
    for y in stream:
        started = time.thread_time()
        session.push(y)
        seconds_cpu += time.thread_time() - started
        n_samples += len(y)
    started = time.thread_time()
    session.flush()
    seconds_cpu += time.thread_time() - started
    f0 = track.of(session.notes) if keep_track else (None, None, None)
    return Transcription(session.notes, n_samples / stream.sr, seconds_cpu, *f0)


class _Track:
    """The strongest key of each frame, its pitch and strength: 16 bytes a frame, whatever the length."""

    def __init__(self):
        self.parts = []

    def listen(self, salience):
        key = salience.best_key
        rows = np.arange(len(key))
        hz, strength = salience.hz[rows, key], salience.strength[rows, key]
        self.parts.append((salience.times, key.astype(np.int8), hz, strength))

    def of(self, notes):
        """Pitch of the sounding note at each frame: measured where the frame agrees with the note, else held."""
        if not self.parts:
            return np.zeros(0), np.zeros(0), np.zeros(0)
        times, key, hz, strength = (np.concatenate(column) for column in zip(*self.parts, strict=True))
        f0_hz, confidence = np.zeros(len(times)), np.zeros(len(times))
        for onset, offset, midi, sure in zip(notes.onset, notes.offset, notes.midi, notes.confidence, strict=True):
            first, last = np.searchsorted(times, [onset, offset])
            agrees = (key[first:last] == midi_to_key(midi)) & np.isfinite(hz[first:last])
            f0_hz[first:last] = _held(hz[first:last], agrees, key_hz()[midi_to_key(midi)])
            confidence[first:last] = np.where(agrees, strength[first:last], sure)
        return times, f0_hz, confidence


def _held(hz, agrees, default_hz):
    """The measured values, carried forward over frames that disagree (and back to the first one)."""
    if not np.any(agrees):
        return np.full(len(hz), default_hz)
    last = np.maximum.accumulate(np.where(agrees, np.arange(len(hz)), -1))
    return hz[np.where(last >= 0, last, np.argmax(agrees))]
