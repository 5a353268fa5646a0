"""Where live sound comes from when it does not come from the browser: a file, or a microphone of the kernel's machine.

A source is asked for what has arrived since it was last asked (``read``) and answers with blocks. A page asks many
times a second; ``play`` is the loop that does it without a page.
"""

import queue
import time

import numpy as np

from pianolab import sound
from pianolab.errors import PianolabError, printable
from pianolab.live.stream import Stream

BLOCK_LENGTH = 1024
_QUEUED_BLOCKS = 256  # what a sound card may deliver before anyone reads: 6 s of 1024 samples at 44.1 kHz
_POLL_S = 0.01


class SourceError(PianolabError):
    """A source that cannot be opened; the message is one line with the remedy."""


class FileSource:
    """A recording as if it were played now.

    Parameters
    ----------
    path : path
        Anything that pianolab.sound reads.
    block_length : int
        Samples in a block.
    speed : float or None
        1 is real time, 2 twice as fast; None hands over ten seconds at every read.
    clock : callable
        Seconds that pass; for tests.

    Attributes
    ----------
    sr : int
        Hz.
    name : str
        Shown to the player.
    dropped : int
        Blocks lost at the source: none here.
    """

    dropped = 0

    def __init__(self, path, *, block_length=BLOCK_LENGTH, speed=1.0, clock=time.monotonic):
        if speed is not None and not speed > 0:
            raise SourceError(f"speed {speed} cannot be played: use more than 0, or None for as fast as possible")
        self.path, self.block_length, self.speed, self._clock = path, block_length, speed, clock
        self._blocks = sound.blocks(path, block_length=block_length)
        self.sr = self._blocks.sr
        self.name = printable(path).rpartition("/")[2]
        self.done = False
        self._started_s, self._frame = None, 0
        self._next = next(self._blocks)

    def start(self):
        """Begin to play now."""
        self._started_s = self._clock()

    def read(self):
        """The blocks that have been played since the last read: list of (frame, (n,) float32)."""
        if self._started_s is None:
            self.start()
        heard = self._due()
        blocks = []
        while self._next is not None and self._frame + len(self._next) <= heard:
            blocks.append((self._frame, self._next))
            self._frame += len(self._next)
            self._next = next(self._blocks, None)
        self.done = self._next is None
        return blocks

    def _due(self):
        if self.speed is None:
            return self._frame + 10 * self.sr
        return (self._clock() - self._started_s) * self.speed * self.sr

    def close(self):
        """Let go of the file."""
        self._blocks.close()
        self.done = True


class DeviceSource:
    """A microphone of the machine on which the kernel runs, through PortAudio (the ``sounddevice`` library).

    The callback of the sound card only copies, stamps and queues; when nobody reads, the queue fills and blocks are
    dropped and counted.

    Parameters
    ----------
    device : int or str, optional
        As sounddevice names it; the system's default if left out.
    block_length : int
        Samples in a block.
    open_stream : callable, optional
        Stands in for ``sounddevice.InputStream``; for tests.

    Raises
    ------
    SourceError
        If sounddevice or PortAudio is not there, or there is no microphone.
    """

    def __init__(self, device=None, *, block_length=BLOCK_LENGTH, open_stream=None):
        self.block_length = block_length
        self.dropped = 0
        self.done = False
        self._frame = 0
        self._queue = queue.Queue(maxsize=_QUEUED_BLOCKS)
        try:
            self._stream = (open_stream or _input_stream())(
                device=device, channels=1, blocksize=block_length, dtype="int16", callback=self._captured
            )
        except Exception as error:  # PortAudio raises errors of its own kind; each means the same to a player
            reason = str(error).splitlines()[0]
            raise SourceError(f"the kernel's microphone cannot be opened ({reason}): use the browser's") from error
        self.sr = int(self._stream.samplerate)
        self.name = "microphone of the kernel's machine"

    def start(self):
        """Begin to capture."""
        self._stream.start()

    def read(self):
        """The blocks captured since the last read: list of (frame, (n,) int16)."""
        blocks = []
        while True:
            try:
                blocks.append(self._queue.get_nowait())
            except queue.Empty:
                return blocks

    def close(self):
        """Stop capturing and let go of the device."""
        if not self.done:
            self.done = True
            self._stream.stop()
            self._stream.close()

    def _captured(self, samples, n_samples, _time, _status):
        block = (self._frame, np.array(samples[:, 0], dtype=np.int16))
        self._frame += n_samples
        try:
            self._queue.put_nowait(block)
        except queue.Full:
            self.dropped += 1


def _input_stream():
    try:
        import sounddevice
    except ImportError as error:
        raise SourceError("sounddevice is not installed: pip install 'pianolab[live]'") from error
    except OSError as error:  # the library is there, PortAudio is not
        raise SourceError("PortAudio is missing: install libportaudio2") from error
    return sounddevice.InputStream


def play(source, choices=None, *, seconds=None, heard=None, recorder=None, sleep=time.sleep):
    """Let detectors listen to a source until it ends.

    Parameters
    ----------
    source : FileSource or DeviceSource
    choices : Choice or list of Choice, optional
        One for each detector.
    seconds : float, optional
        Stop after so many seconds of sound; needed for a microphone, which never ends.
    heard : callable, optional
        Called with every list of events.
    recorder : object, optional
        As in Stream.
    sleep : callable
        For tests.

    Returns
    -------
    Stream
        Stopped; ask it for ``notes()`` and ``counts``.
    """
    stream = Stream(choices, sr=source.sr, recorder=recorder)
    heard = heard or (lambda events: None)
    source.start()
    try:
        while not source.done and (seconds is None or stream.seconds < seconds):
            events = feed_from(source, stream)
            if events:
                heard(events)
            elif getattr(source, "speed", 1) is not None:
                sleep(_POLL_S)
    finally:
        source.close()
    heard(feed_from(source, stream) + stream.stop())
    return stream


def feed_from(source, stream):
    """Hand what a source has captured to a stream; a hole in its frames is known at once. Return events."""
    events = []
    for frame, y in source.read():
        events += stream.feed(frame, y, source.sr, seq=stream.counts["blocks"])
    return events
