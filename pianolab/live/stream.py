"""A live stream: blocks of sound in, as they arrive, and note events out.

Blocks come from a browser, a sound card or a file, and anything may happen to them on the way: they come twice, late,
in the wrong order, from a stream that was stopped long ago, or not at all. ``Stream.feed`` takes what can be used and
counts the rest. A short hole is filled with silence. At a long one all notes end, and the detectors begin again behind
it. Time goes on either way. An undamaged stream has the same notes as ``pianolab.transcribe`` finds in its samples.
"""

import threading
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from pianolab.dsp.piano_profile import PianoProfile
from pianolab.frames import levels_db
from pianolab.live.choices import Choice, choices_of
from pianolab.live.listener import Listener
from pianolab.live.messages import AwayNow, Event, Gap, PedalNow, Sounding
from pianolab.live.reordering import PATIENCE, OrderedBlock, Reorderer
from pianolab.live.takes import Recorder
from pianolab.roll import Notes, Salience
from pianolab.sound import checked_rate

Samples = bytes | bytearray | memoryview | npt.NDArray[np.int16] | npt.NDArray[np.float32]

MAX_BLOCK = 65536  # A block has no more samples than this; a page sends 1024.
FILL_S = 0.25  # A hole of up to so many seconds is filled with silence.
MAX_AHEAD_S = 60.0  # A block that lies further ahead belongs to some other stream.
RECENT = 8192  # So many samples are kept for pictures: 0.19 s at 44.1 kHz.
SILENCE_DB = -120.0  # Digital silence is shown as this level.
_FULL_SCALE = 32768.0  # The largest 16-bit sample is one less.

# Why a block can be refused.
REFUSALS = ("late", "stale", "oversized", "not_finite", "wrong_rate", "malformed", "ahead")


class Stream:
    """Listens to one stream with one or more detectors.

    Parameters
    ----------
    choices : str, Choice or sequence of these, optional
        One for each detector that listens.
    sr : int
        Rate of the stream, Hz.
    session : str
        Name of the stream; blocks of another name are stale.
    recorder : Recorder, optional
        Is given all that is heard.
    patience : int
        Blocks that wait for a missing one.
    my_piano : PianoProfile, optional
        What was learnt of the piano.
    also : callable, optional
        Called with all samples that are heard.
    listen : callable, optional
        Called with each piece of Salience that the first listener makes, its times in the stream.

    Attributes
    ----------
    listeners : list of Listener
        One for each choice.
    counts : dict of str -> int
        ``blocks`` and ``samples`` heard, ``gaps`` and ``missing`` samples, and blocks refused by reason: ``late`` (or
        twice), ``stale``, ``oversized``, ``not_finite``, ``wrong_rate``, ``malformed``, ``ahead``.
    level_db, peak : float
        RMS level (dBFS) and largest sample (0 to 1) of the last block.
    recent : (8192,) float32
        The last samples, for pictures.

    Raises
    ------
    ChoiceError
        If there is no such detector.
    AudioError
        If the rate cannot be used.

    Examples
    --------
    >>> from pianolab import Notes, render
    >>> stream = Stream("yin", sr=44100)
    >>> events = stream.feed(0, render(Notes([0.1], [0.9], [60]), sr=44100)[:44100], sr=44100) + stream.stop()
    >>> [(event["kind"], event["name"]) for event in events]
    [('on', 'C4'), ('off', 'C4')]
    """

    def __init__(
        self,
        choices: str | Choice | Sequence[str | Choice] | None = None,
        *,
        sr: int,
        session: str = "",
        recorder: Recorder | None = None,
        patience: int = PATIENCE,
        my_piano: PianoProfile | None = None,
        also: Callable[[npt.NDArray[np.float32]], object] | None = None,
        listen: Callable[[Salience], object] | None = None,
    ):
        self._my_piano, self._also, self._listen = my_piano, also, listen
        self.sr, self.session, self.recorder = checked_rate(sr), session, recorder
        self.listeners = [self._listener(one, number) for number, one in enumerate(choices_of(choices))]
        self.counts: dict[str, int] = dict.fromkeys(("blocks", "samples", "gaps", "missing", *REFUSALS), 0)
        self.level_db, self.peak = SILENCE_DB, 0.0
        self.recent = np.zeros(RECENT, np.float32)
        self._reorderer = Reorderer(patience=patience)
        self._lock = threading.Lock()  # A kernel may hand messages over from several threads.
        self._stopped = False

    @property
    def seconds(self) -> float:
        """Length of the stream so far, holes included."""
        return self.counts["samples"] / self.sr

    @property
    def fault(self) -> str:
        """What went wrong in a detector, or ''."""
        return next((listener.fault for listener in self.listeners if listener.fault), "")

    @property
    def refused(self) -> int:
        """Number of blocks that could not be used."""
        return sum(self.counts[name] for name in REFUSALS)

    def feed(
        self, frame: int, pcm: Samples, *, sr: int, seq: int | None = None, session: str | None = None
    ) -> list[Event]:
        """Take a block.

        Parameters
        ----------
        frame : int
            Number of its first sample in the stream.
        pcm : bytes or array
            16-bit little-endian samples, or an array of int16 or of floats in [-1, 1]; mono.
        sr : int
            Its rate, Hz.
        seq : int, optional
            Number of the block, from 0, if its sender counts them. Then a hole that the sender made is known at once.
        session : str, optional
            Name of the stream that it belongs to.

        Returns
        -------
        list of NoteHeard, ChordHeard, PedalHeard and Gap
            What the block made certain. A bad block makes none and never raises: it is counted.
        """
        with self._lock:
            samples = self._accepted(frame, pcm, sr, seq, session)
            if samples is None:
                return []
            blocks = self._reorderer.put(int(frame), samples, seq=seq)
            self.counts["late"] = self._reorderer.late
            return [event for block in blocks for event in self._hear(block)]

    def change(self, choices: Sequence[Choice]) -> list[Event]:
        """Listen with other choices from here on. A listener whose choice stays goes on as if nothing had happened.

        Parameters
        ----------
        choices : sequence of Choice

        Returns
        -------
        list of NoteHeard, ChordHeard and PedalHeard
            The sounding notes of the other listeners go off.
        """
        with self._lock:
            events: list[Event] = []
            for number, choice in enumerate(choices):
                if number < len(self.listeners) and self.listeners[number].choice == choice:
                    continue
                events += self._replace(number, choice)
            for listener in self.listeners[len(choices) :]:
                events += listener.pause()
            del self.listeners[len(choices) :]
            return self._recorded(None, events)

    def stop(self) -> list[Event]:
        """End the stream: blocks that waited are heard, and sounding notes go off.

        Returns
        -------
        list of NoteHeard, ChordHeard, PedalHeard and Gap
        """
        with self._lock:
            if self._stopped:
                return []
            self._stopped = True
            events = [event for block in self._reorderer.flush() for event in self._hear(block)]
            ends: list[Event] = [event for listener in self.listeners for event in listener.pause()]
            return events + self._recorded(None, ends)

    def notes(self, number: int = 0) -> Notes:
        """What a listener has heard so far.

        Parameters
        ----------
        number : int
            Which one.

        Returns
        -------
        Notes
        """
        with self._lock:
            return self.listeners[number].notes

    def now(self) -> list[list[Sounding]]:
        """The notes that sound: a list for each listener, the strongest note first."""
        with self._lock:
            return [listener.now() for listener in self.listeners]

    def pedals(self) -> list[PedalNow | None]:
        """How the sustain pedal is, by each listener; None where its detector does not hear the pedal."""
        with self._lock:
            return [listener.pedal for listener in self.listeners]

    def away(self) -> list[AwayNow]:
        """What each listener did not tell, because it was no piano."""
        with self._lock:
            return [listener.away for listener in self.listeners]

    def _listener(self, choice: Choice, number: int) -> Listener:
        listen = None if number else self._listen
        return Listener(choice, sr=self.sr, number=number, my_piano=self._my_piano, listen=listen)

    def _replace(self, number: int, choice: Choice) -> Sequence[Event]:
        new, events = self._listener(choice, number), []
        if number == len(self.listeners):
            self.listeners.append(new)
        else:
            events = self.listeners[number].pause()
            new.follow(self.listeners[number])
            self.listeners[number] = new
        new.resume(self.counts["samples"])
        return events

    def _accepted(
        self, frame: int, pcm: object, sr: object, seq: object, session: str | None
    ) -> npt.NDArray[np.float32] | None:
        """The block as float32, or None: then the reason is counted. A page may send anything."""
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

    def _refuse(self, reason: str):
        self.counts[reason] += 1

    def _hear(self, block: OrderedBlock) -> list[Event]:
        before = self._bridge(block) if block.gap else []
        self.counts["blocks"] += 1
        self.counts["samples"] += len(block.y)
        self.peak = float(np.max(np.abs(block.y)))
        self.level_db = max(SILENCE_DB, float(levels_db(block.y[None])[0]))
        if self._also is not None:
            self._also(block.y)
        self.recent = np.concatenate([self.recent, block.y])[-RECENT:]
        events: list[Event] = [event for listener in self.listeners for event in listener.push(block.y)]
        return before + self._recorded(block.y, events)

    def _bridge(self, block: OrderedBlock) -> list[Event]:
        """Get over the hole before a block: with silence, or with a new start behind it."""
        self.counts["gaps"] += 1
        self.counts["missing"] += block.gap
        self.counts["samples"] += block.gap
        start_s = (block.frame - block.gap) / self.sr
        gap: Gap = {"kind": "gap", "time_s": round(start_s, 6), "seconds": round(block.gap / self.sr, 6)}
        events: list[Event] = [gap]
        silence = np.zeros(min(block.gap, MAX_BLOCK), np.float32)
        for listener in self.listeners:
            if block.gap <= FILL_S * self.sr:
                events += listener.push(silence)
            else:
                events += listener.pause()
                listener.resume(block.frame)
        for start in range(0, block.gap, MAX_BLOCK):
            self._recorded(silence[: block.gap - start], [])
        return self._recorded(None, events)

    def _recorded(self, y: npt.NDArray[np.float32] | None, events: list[Event]) -> list[Event]:
        if self.recorder is not None:
            self.recorder.write(None if y is None else pcm16(y), events)
        return events


def pcm16(y: npt.ArrayLike) -> npt.NDArray[np.int16]:
    """Floats as 16-bit samples; what came as 16-bit samples comes back unchanged.

    Parameters
    ----------
    y : array
        Samples in [-1, 1]; those beyond are cut off.

    Returns
    -------
    int16 array of the same shape

    Examples
    --------
    >>> pcm16([0.0, 0.5, -1.0, 1.0]).tolist()
    [0, 16384, -32768, 32767]
    """
    y = np.asarray(y)
    return np.clip(np.round(y * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)


def _whole(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 2**53


def _length(pcm: object) -> int:
    """Samples in a block; 0 for what is none and will be refused as malformed."""
    if isinstance(pcm, bytes | bytearray | memoryview):
        return memoryview(pcm).nbytes // 2
    return len(pcm) if isinstance(pcm, np.ndarray) else 0


def _samples(pcm: object) -> npt.NDArray[np.float32] | None:
    """A block as (n,) float32, or None if it is none."""
    if isinstance(pcm, bytes | bytearray | memoryview):
        data = bytes(pcm)
        pcm = np.frombuffer(data, dtype="<i2") if len(data) % 2 == 0 else None
    if not isinstance(pcm, np.ndarray) or pcm.ndim != 1:
        return None
    if pcm.dtype == np.int16:
        return (pcm / _FULL_SCALE).astype(np.float32)
    return pcm.astype(np.float32) if pcm.dtype.kind == "f" else None
