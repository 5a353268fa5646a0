"""A live stream: blocks of sound in, as they arrive, and note events out.

Blocks come from a browser, a sound card or a file, and anything may happen to them on the way: they come twice, late,
in the wrong order, from a stream that was stopped long ago, or not at all. ``Stream.feed`` takes what can be used and
counts the rest. A short hole is filled with silence, so that time goes on; at a long one all notes end and the
detectors begin again behind it. The notes of an undamaged stream are those that ``pianolab.transcribe`` finds in the
same samples. All results are plain dictionaries, ready for JSON.
"""

import math
import threading

import numpy as np

from pianolab.live.listener import Choice, Listener
from pianolab.live.reordering import PATIENCE, Reorderer

MAX_BLOCK = 65536  # samples; a page sends 1024
FILL_S = 0.25  # holes up to here are filled with silence, longer ones begin a new stretch
MAX_AHEAD_S = 60.0  # a block further ahead than this belongs to no stream of ours
RECENT = 8192  # samples kept for pictures: 0.19 s at 44.1 kHz
SILENCE_DB = -120.0  # shown for digital silence
_FULL_SCALE = 32768.0  # of 16-bit samples

REFUSALS = ("late", "stale", "oversized", "not_finite", "wrong_rate", "malformed", "ahead")


class Stream:
    """Listens to one stream with one or more detectors.

    Parameters
    ----------
    choices : Choice or list of Choice
        One for each detector that listens.
    sr : int
        Rate of the stream, Hz.
    session : str
        Name of the stream; blocks of another name are stale.
    recorder : object, optional
        Gets ``write(samples, events)`` with every stretch of int16 samples that was heard.
    patience : int
        Blocks that wait for a missing one.

    Attributes
    ----------
    counts : dict of str -> int
        blocks and samples heard; gaps and missing samples; blocks refused by reason: late (or twice), stale,
        oversized, not_finite, wrong_rate, malformed, ahead.
    level_db, peak : float
        RMS level (dBFS) and largest sample (0 to 1) of the last block.
    recent : (8192,) float32
        The last samples, for pictures.
    """

    def __init__(self, choices=None, *, sr, session="", recorder=None, patience=PATIENCE):
        choices = [choices or Choice()] if not isinstance(choices, list | tuple) else choices
        self.sr, self.session, self.recorder = sr, session, recorder
        self.listeners = [Listener(choice, sr=sr, number=number) for number, choice in enumerate(choices)]
        self.counts = dict.fromkeys(("blocks", "samples", "gaps", "missing", *REFUSALS), 0)
        self.level_db, self.peak = SILENCE_DB, 0.0
        self.recent = np.zeros(RECENT, np.float32)
        self._reorderer = Reorderer(patience=patience)
        self._lock = threading.Lock()  # a kernel may hand messages over from several threads
        self._stopped = False

    @property
    def seconds(self):
        """Length of the stream so far, holes included."""
        return self.counts["samples"] / self.sr

    @property
    def fault(self):
        """What went wrong in a detector, or ''."""
        return next((listener.fault for listener in self.listeners if listener.fault), "")

    @property
    def refused(self):
        """Number of blocks that could not be used."""
        return sum(self.counts[name] for name in REFUSALS)

    def feed(self, frame, pcm, sr, *, seq=None, session=None):
        """Take a block.

        Parameters
        ----------
        frame : int
            Its first sample in the stream.
        pcm : bytes or array
            16-bit little-endian samples, or an array of int16 or of floats in [-1, 1]; mono.
        sr : int
            Its rate, Hz.
        seq : int, optional
            Number of the block if its sender counts them, from 0; then a hole that the sender made is known at once.
        session : str, optional
            Name of the stream that it belongs to.

        Returns
        -------
        list of dict
            Events: kind ('on', 'off', 'revised', 'gap'), listener, note, midi, name, time_s, heard_s, confidence in
            [0, 1], velocity, level_db, cents; values that are unknown are None. Polyphonic detectors add kind 'chord',
            see pianolab.live.chord_tracker. Never raises for a bad block: it is counted.
        """
        with self._lock:
            samples = self._accepted(frame, pcm, sr, seq, session)
            if samples is None:
                return []
            pieces = self._reorderer.put(int(frame), samples, seq=seq)
            self.counts["late"] = self._reorderer.late
            return [event for piece in pieces for event in self._hear(piece)]

    def change(self, choices):
        """Listen with other choices from here on; sounding notes of changed listeners go off. Return events."""
        with self._lock:
            events = []
            for number, choice in enumerate(choices):
                if number < len(self.listeners) and self.listeners[number].choice == choice:
                    continue
                events += self._replace(number, choice)
            for listener in self.listeners[len(choices) :]:
                events += listener.pause()
            del self.listeners[len(choices) :]
            return self._recorded(None, events)

    def stop(self):
        """End the stream: blocks that waited are heard, sounding notes go off. Return events."""
        with self._lock:
            if self._stopped:
                return []
            self._stopped = True
            events = [event for piece in self._reorderer.flush() for event in self._hear(piece)]
            ends = [event for listener in self.listeners for event in listener.pause()]
            return events + self._recorded(None, ends)

    def notes(self, number=0):
        """What a listener has heard so far, as Notes."""
        with self._lock:
            return self.listeners[number].notes

    def now(self):
        """The notes that sound, one list for each listener, strongest first."""
        with self._lock:
            return [listener.now() for listener in self.listeners]

    def _replace(self, number, choice):
        new = Listener(choice, sr=self.sr, number=number)
        if number == len(self.listeners):
            self.listeners.append(new)
            events = []
        else:
            events = self.listeners[number].pause()
            new.follow(self.listeners[number])
            self.listeners[number] = new
        new.resume(self.counts["samples"])
        return events

    def _accepted(self, frame, pcm, sr, seq, session):
        """The block as float32, or None: then the reason is counted."""
        if self._stopped or (session is not None and session != self.session):
            return self._refuse("stale")
        if not _whole(frame) or (seq is not None and not _whole(seq)):
            return self._refuse("malformed")
        if sr != self.sr:
            return self._refuse("wrong_rate")
        if _length(pcm) > MAX_BLOCK:
            return self._refuse("oversized")
        samples = _samples(pcm)
        if samples is None or not len(samples):
            return self._refuse("malformed")
        if not np.all(np.isfinite(samples)):
            return self._refuse("not_finite")
        if frame > self._reorderer.next_frame + MAX_AHEAD_S * self.sr:
            return self._refuse("ahead")
        return samples

    def _refuse(self, reason):
        self.counts[reason] += 1

    def _hear(self, piece):
        before = self._bridge(piece) if piece.gap else []
        self.counts["blocks"] += 1
        self.counts["samples"] += len(piece.y)
        self.peak = float(np.max(np.abs(piece.y)))
        self.level_db = _level_db(piece.y)
        self.recent = np.concatenate([self.recent, piece.y])[-RECENT:]
        events = [event for listener in self.listeners for event in listener.push(piece.y)]
        return before + self._recorded(piece.y, events)

    def _bridge(self, piece):
        """Get over a hole: silence, or a new start behind it."""
        self.counts["gaps"] += 1
        self.counts["missing"] += piece.gap
        self.counts["samples"] += piece.gap
        start_s = (piece.frame - piece.gap) / self.sr
        events = [{"kind": "gap", "time_s": round(start_s, 6), "seconds": round(piece.gap / self.sr, 6)}]
        silence = np.zeros(min(piece.gap, MAX_BLOCK), np.float32)
        for listener in self.listeners:
            if piece.gap <= FILL_S * self.sr:
                events += listener.push(silence)
            else:
                events += listener.pause()
                listener.resume(piece.frame)
        for start in range(0, piece.gap, MAX_BLOCK):
            self._recorded(silence[: piece.gap - start], [])
        return self._recorded(None, events)

    def _recorded(self, samples, events):
        if self.recorder is not None:
            self.recorder.write(None if samples is None else pcm16(samples), events)
        return events


def pcm16(y):
    """Floats in [-1, 1] as 16-bit samples; what came as 16-bit samples comes back unchanged."""
    return np.clip(np.round(y * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)


def _whole(number):
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 2**53


def _length(pcm):
    if isinstance(pcm, bytes | bytearray | memoryview):
        return memoryview(pcm).nbytes // 2
    return len(pcm) if isinstance(pcm, np.ndarray) else 0  # anything else is refused as malformed


def _samples(pcm):
    """A block as (n,) float32, or None if it is not one."""
    if isinstance(pcm, bytes | bytearray | memoryview):
        data = bytes(pcm)
        pcm = np.frombuffer(data, dtype="<i2") if len(data) % 2 == 0 else None
    if not isinstance(pcm, np.ndarray) or pcm.ndim != 1:
        return None
    if pcm.dtype == np.int16:
        return (pcm / _FULL_SCALE).astype(np.float32)
    return pcm.astype(np.float32) if pcm.dtype.kind == "f" else None


def _level_db(y):
    rms = math.sqrt(float(np.mean(np.square(y, dtype=np.float64))))
    return max(SILENCE_DB, 20.0 * math.log10(rms)) if rms > 0 else SILENCE_DB
