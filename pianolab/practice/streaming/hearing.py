"""The sound of one client: it waits for its turn, is heard in order, and what comes too late is dropped and told.

The event loop puts sound in as it arrives; a worker thread hears all that waits. A busy machine hears longer pieces
less often, which costs less, and the notes are the same whatever the pieces. What has waited for more than
``waiting_s`` is dropped instead: a light that comes so late misleads. Behind a short hole the detector goes on, behind
a long one it begins anew, as pianolab.live.stream has it.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import cast

from pianolab.dsp.piano_profile import PianoProfile
from pianolab.live.choices import Choice
from pianolab.live.messages import Event
from pianolab.live.stream import MAX_AHEAD_S, MAX_BLOCK, Stream
from pianolab.practice.streaming.limits import Limits
from pianolab.practice.streaming.messages import Heard, ProtocolError, Stopped, Told
from pianolab.roll import Salience

TOLD_EVERY_S = 0.1  # So much sound goes by until its level is told again.
_BYTES = 2  # A sample has 16 bits.


class Hearing:
    """Hears the sound of one client.

    Parameters
    ----------
    choice : Choice
        Which detector listens.
    sr : int
        Rate of the sound, Hz.
    limits : Limits, optional
        How long sound may wait, how long a block and the stream may be.
    my_piano : PianoProfile, optional
        What was learnt of the piano.
    listen : callable, optional
        Called with each piece of Salience, its times in the stream, by the thread that hears.
    clock : callable
        Seconds that pass; for tests.

    Attributes
    ----------
    dropped_s : float
        Seconds of sound that were dropped because they came too late.

    Raises
    ------
    ChoiceError, AudioError, DetectorError
        If the detector or the rate cannot be used.

    Examples
    --------
    >>> from pianolab import Notes, render
    >>> from pianolab.live.stream import pcm16
    >>> hearing, pcm = Hearing(Choice("yin"), sr=44100), pcm16(render(Notes([0.0], [0.4], [60]), sr=44100))
    >>> for start in range(0, 22050, 4410):
    ...     hearing.put(pcm[start : start + 4410].tobytes())
    >>> [(event["kind"], event["name"]) for event in hearing.hear()["events"]]
    [('on', 'C4'), ('off', 'C4')]
    """

    def __init__(
        self,
        choice: Choice,
        *,
        sr: int,
        limits: Limits | None = None,
        my_piano: PianoProfile | None = None,
        listen: Callable[[Salience], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.limits = limits or Limits()
        self.dropped_s = 0.0
        self._stream = Stream(choice, sr=sr, my_piano=my_piano, listen=listen)
        self._clock = clock
        self._lock = threading.Lock()  # The event loop puts in what a worker takes out.
        self._waiting: deque[tuple[int, bytes, float]] = deque()  # first sample, sound, when it came
        self._n_waiting = 0  # samples
        self._next_frame = 0  # of what comes next
        self._missing = 0  # samples that the client lost
        self._n_fed = 0  # pieces
        self._n_notes = 0
        self._told_s = 0.0  # up to where the level was told

    @property
    def sr(self) -> int:
        """Rate of the sound, Hz."""
        return self._stream.sr

    @property
    def come_s(self) -> float:
        """Seconds of the stream that have come, whether they were heard yet or not."""
        return self._next_frame / self.sr

    @property
    def waits(self) -> bool:
        """Whether there is sound to be heard."""
        return bool(self._waiting)

    def put(self, pcm: bytes):
        """Take sound that has come.

        Parameters
        ----------
        pcm : bytes
            16-bit little-endian samples, mono, that follow the last ones.

        Raises
        ------
        ProtocolError
            If it is no sound or too much of it, if the stream is too long, or if the detector does not keep up at all.
        """
        n_samples, rest = divmod(len(pcm), _BYTES)
        if rest or not n_samples:
            raise ProtocolError("bad_sound", f"{len(pcm)} bytes are no sound: send whole samples of 2 bytes")
        longest = min(int(self.limits.block_s * self.sr), MAX_BLOCK)
        if n_samples > longest:
            text = f"{n_samples} samples are too many at once: send at most {longest} ({longest / self.sr:.2f} s)"
            raise ProtocolError("bad_sound", text)
        self._move_on(n_samples)
        with self._lock:
            while self._waiting and self._n_waiting + n_samples > self.limits.waiting_s * self.sr:
                self._drop_oldest()
            self._waiting.append((self._next_frame - n_samples, pcm, self._clock()))
            self._n_waiting += n_samples

    def skip(self, n_samples: int):
        """Leave out samples that the client lost.

        Parameters
        ----------
        n_samples : int

        Raises
        ------
        ProtocolError
            If the hole or the stream is too long.
        """
        ahead = self._next_frame + n_samples - self._stream.counts["samples"]
        if ahead > MAX_AHEAD_S * self.sr:
            text = f"{n_samples} samples are too many to be missing: after {MAX_AHEAD_S:g} s begin a new stream"
            raise ProtocolError("bad_message", text)
        self._move_on(n_samples)
        self._missing += n_samples

    def hear(self) -> Heard | None:
        """Hear all that waits. For a worker thread: it takes as long as the detector does.

        Returns
        -------
        Heard or None
            None if there is no event and the level was told shortly before.

        Raises
        ------
        ProtocolError
            If the detector fails.
        """
        events: list[Event] = []
        for frame, pcm in self._taken():
            events += self._stream.feed(frame, pcm, sr=self.sr, seq=self._n_fed)
            self._n_fed += 1
        if self._stream.fault:
            raise ProtocolError("detector_failed", self._stream.fault)
        told = self._told(events)
        if not told and self._stream.seconds < self._told_s + TOLD_EVERY_S:
            return None
        return self._heard(told)

    def stop(self) -> tuple[Heard, Stopped]:
        """End the stream. For a worker thread, when nothing waits.

        Returns
        -------
        Heard, Stopped
            The last events, and the summary.
        """
        told = self._told(self._stream.stop())
        stopped: Stopped = {
            "type": "stopped",
            "time_s": round(self._stream.seconds, 6),
            "notes": self._n_notes,
            "dropped_s": round(self.dropped_s, 6),
            "missing_s": round(self._missing / self.sr, 6),
        }
        return self._heard(told), stopped

    def _move_on(self, n_samples: int):
        if self._next_frame + n_samples > self.limits.seconds * self.sr:
            text = f"a stream has at most {self.limits.seconds:g} s: begin a new one"
            raise ProtocolError("too_long", text)
        if self._next_frame - self._stream.counts["samples"] > MAX_AHEAD_S * self.sr:
            raise ProtocolError(
                "detector_failed", f"the detector heard nothing for {MAX_AHEAD_S:g} s: use a faster one"
            )
        self._next_frame += n_samples

    def _drop_oldest(self):
        """Leave out the oldest block. The lock is held. A short hole costs less than the detector's new beginning."""
        _, pcm, _ = self._waiting.popleft()
        n_samples = len(pcm) // _BYTES
        self._n_waiting -= n_samples
        self.dropped_s += n_samples / self.sr

    def _taken(self) -> list[tuple[int, bytes]]:
        """All that waits and is not too late, in pieces as long as can be: first sample and sound of each."""
        with self._lock:
            too_old_s = self._clock() - self.limits.waiting_s
            while self._waiting and self._waiting[0][2] < too_old_s:
                self._drop_oldest()
            blocks = list(self._waiting)
            self._waiting.clear()
            self._n_waiting = 0
        pieces: list[tuple[int, bytearray]] = []  # first sample, sound
        for frame, pcm, _ in blocks:
            first, sound = pieces[-1] if pieces else (0, bytearray())
            follows = sound and first + len(sound) // _BYTES == frame
            if follows and len(sound) + len(pcm) <= _BYTES * MAX_BLOCK:
                sound += pcm
            else:
                pieces.append((frame, bytearray(pcm)))
        return [(first, bytes(sound)) for first, sound in pieces]

    def _told(self, events: list[Event]) -> list[Told]:
        """Events for a client: without chords, which a front end can make from notes, and without the listener."""
        told = [{key: value for key, value in event.items() if key != "listener"} for event in events]
        self._n_notes += sum(event["kind"] == "on" for event in told)
        return cast("list[Told]", [event for event in told if event["kind"] != "chord"])

    def _heard(self, events: list[Told]) -> Heard:
        self._told_s = self._stream.seconds
        return {
            "type": "heard",
            "time_s": round(self._stream.seconds, 6),
            "level_db": round(self._stream.level_db, 1),
            "dropped_s": round(self.dropped_s, 6),
            "events": events,
        }
