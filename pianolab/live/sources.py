"""Where live sound comes from when it does not come from the browser: a file, or a microphone of the kernel's machine.

A source is asked for what has arrived since it was last asked (``read``) and answers with blocks. A page asks many
times a second; ``play`` is the loop that does it without a page.
"""

import functools
import queue
import time
from collections.abc import Callable, Iterable, Sequence
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt

from pianolab import sound
from pianolab.errors import PianolabError, printable
from pianolab.live.choices import Choice
from pianolab.live.messages import Event
from pianolab.live.stream import Stream
from pianolab.live.takes import Recorder
from pianolab.texts.catalogue import Told, told_by

BLOCK_LENGTH = 1024  # Shorter blocks, in samples, make more messages than a notebook can carry.
_QUEUED_BLOCKS = 256  # So many blocks wait until somebody reads: 6 s of 1024 samples at 44.1 kHz.
_POLL_S = 0.01  # ``play`` asks a source again after so many seconds.
LAG_S = 0.5  # On a page a block is heard so soon after it was played: half of it it may wait, half of it be heard.


class SourceError(PianolabError):
    """A source that cannot be opened; the message is one line with the remedy."""


class FileSource:
    """A recording as if it were played now.

    Parameters
    ----------
    path : path
        A recording in any format that pianolab.sound reads.
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
    done : bool
        Whether all of it has been played.
    dropped : int
        Blocks lost at the source: none here.

    Raises
    ------
    SourceError
        If the speed is not above 0.
    AudioError
        If the file is no audio.
    """

    dropped = 0

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        block_length: int = BLOCK_LENGTH,
        speed: float | None = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ):
        if speed is not None and not speed > 0:
            raise SourceError(Told("live.no_speed", speed=speed))
        self.path, self.block_length, self.speed, self._clock = path, block_length, speed, clock
        self._blocks = sound.blocks(path, block_length=block_length)
        self.sr = self._blocks.sr
        self.name = printable(path).rpartition("/")[2]
        self.done = False
        self._started_s: float | None = None
        self._frame = 0
        self._next: npt.NDArray[np.float32] | None = next(self._blocks)

    def start(self):
        """Begin to play now."""
        self._started_s = self._clock()

    def read(self) -> list[tuple[int, npt.NDArray[np.float32]]]:
        """The blocks that have been played since the last read.

        Returns
        -------
        list of (int, (n,) float32)
            Number of the first sample, and the samples.
        """
        if self._started_s is None:
            self._started_s = self._clock()
        played = self._frame + 10.0 * self.sr
        if self.speed is not None:
            played = (self._clock() - self._started_s) * self.speed * self.sr
        blocks = []
        while block := self._take(played):
            blocks.append(block)
        return blocks

    def read_next(self) -> tuple[int, npt.NDArray[np.float32]] | None:
        """The next block, if it has been played. A recording waits for who listens: it is never far ahead of them.

        Returns
        -------
        (int, (n,) float32) or None
            Number of the first sample, and the samples.
        """
        now, speed = self._clock(), self.speed or 1.0
        since_s = now - self._frame / (speed * self.sr)  # had it begun then, it would be just here
        self._started_s = max(since_s - LAG_S / 2, since_s if self._started_s is None else self._started_s)
        return self._take((now - self._started_s) * speed * self.sr)

    def _take(self, played: float) -> tuple[int, npt.NDArray[np.float32]] | None:
        block = None
        if self._next is not None and self._frame + len(self._next) <= played:
            block = (self._frame, self._next)
            self._frame += len(self._next)
            self._next = next(self._blocks, None)
        self.done = self._next is None
        return block

    def close(self):
        """Let go of the file."""
        self._blocks.close()
        self.done = True


class DeviceSource:
    """A microphone of the machine on which the kernel runs, through PortAudio (the ``sounddevice`` library).

    The sound card calls back for each block, which is copied, numbered and queued. When nobody reads, the queue fills;
    then blocks are dropped and counted.

    Parameters
    ----------
    device : int or str, optional
        As sounddevice names it; the system's default if left out.
    block_length : int
        Samples in a block.
    open_stream : callable, optional
        Stands in for ``sounddevice.InputStream``; for tests.

    Attributes
    ----------
    sr : int
        Hz.
    name : str
        Shown to the player.
    done : bool
        Whether it has been closed.
    dropped : int
        Blocks lost because nobody read them, or not in time.

    Raises
    ------
    SourceError
        If sounddevice or PortAudio is not there, or there is no microphone.
    """

    speed = 1.0  # A microphone is always heard in real time.

    def __init__(
        self,
        device: int | str | None = None,
        *,
        block_length: int = BLOCK_LENGTH,
        open_stream: Callable[..., Any] | None = None,
    ):
        self.block_length = block_length
        self.dropped = 0
        self.done = False
        self._frame = 0
        self._queue: queue.Queue[tuple[int, npt.NDArray[np.int16]]] = queue.Queue(maxsize=_QUEUED_BLOCKS)
        try:
            self._stream = (open_stream or _input_stream())(
                device=device, channels=1, blocksize=block_length, dtype="int16", callback=self._captured
            )
        except Exception as error:  # PortAudio raises errors of its own kind; each means the same to a player.
            raise SourceError(Told("live.microphone_cannot_be_opened", reason=told_by(error))) from error
        self.sr = int(self._stream.samplerate)
        self.name = Told("live.kernel_microphone")

    def start(self):
        """Begin to capture.

        Raises
        ------
        SourceError
            If the microphone does not start.
        """
        try:
            self._stream.start()
        except Exception as error:  # As when it is opened.
            raise SourceError(Told("live.microphone_cannot_be_opened", reason=told_by(error))) from error

    def read(self) -> list[tuple[int, npt.NDArray[np.int16]]]:
        """The blocks captured since the last read.

        Returns
        -------
        list of (int, (n,) int16)
            Number of the first sample, and the samples.
        """
        blocks = []
        while True:
            try:
                blocks.append(self._queue.get_nowait())
            except queue.Empty:
                return blocks

    def read_next(self) -> tuple[int, npt.NDArray[np.int16]] | None:
        """The next block that was captured; where blocks have waited for too long, all of them are dropped.

        Returns
        -------
        (int, (n,) int16) or None
            Number of the first sample, and the samples.
        """
        if self._queue.qsize() * self.block_length > LAG_S / 2 * self.sr:
            self.dropped += len(self.read())
        try:
            return self._queue.get_nowait()
        except queue.Empty:
            return None

    def close(self):
        """Stop capturing and let go of the device."""
        if not self.done:
            self.done = True
            try:
                self._stream.stop()
            finally:  # One that cannot be stopped must not keep the sound card either.
                self._stream.close()

    def _captured(self, samples: npt.NDArray[np.int16], n_samples: int, _time: object, _status: object):
        block = (self._frame, np.array(samples[:, 0], dtype=np.int16))
        self._frame += n_samples
        try:
            self._queue.put_nowait(block)
        except queue.Full:
            self.dropped += 1


Source = FileSource | DeviceSource


def _input_stream() -> Callable[..., Any]:
    try:
        import sounddevice  # pyright: ignore[reportMissingImports]  (the extra [live] has it)
    except ImportError as error:
        raise SourceError(Told("live.no_sounddevice")) from error
    except OSError as error:  # The library is there, but PortAudio is not.
        raise SourceError(Told("live.no_portaudio")) from error
    return sounddevice.InputStream


def play(
    source: Source,
    choices: str | Choice | Sequence[str | Choice] | None = None,
    *,
    seconds: float | None = None,
    heard: Callable[[list[Event]], object] | None = None,
    recorder: Recorder | None = None,
    sleep: Callable[[float], object] = time.sleep,
) -> Stream:
    """Let detectors listen to a source until it ends.

    Parameters
    ----------
    source : FileSource or DeviceSource
        Where the sound comes from.
    choices : str, Choice or sequence of these, optional
        One for each detector.
    seconds : float, optional
        Stop after so many seconds of sound; needed for a microphone, which never ends.
    heard : callable, optional
        Called with every list of events.
    recorder : Recorder, optional
        Is given all that is heard.
    sleep : callable
        For tests.

    Returns
    -------
    Stream
        Stopped; ask it for ``notes()`` and ``counts``.

    Examples
    --------
    >>> from pianolab.data import data_dir
    >>> play(FileSource(data_dir() / "clips" / "C4.flac", speed=None), "yin").notes().names
    ['C4']
    """
    stream = Stream(choices, sr=source.sr, recorder=recorder)
    heard = heard or (lambda events: None)
    source.start()
    try:
        while not source.done and (seconds is None or stream.seconds < seconds):
            events = feed_from(source, stream)
            if events:
                heard(events)
            elif source.speed is not None:
                sleep(_POLL_S)
    finally:
        source.close()
    heard(feed_from(source, stream) + stream.stop())
    return stream


def feed_from(source: Source, stream: Stream) -> list[Event]:
    """Hand what a source has captured to a stream.

    Parameters
    ----------
    source : FileSource or DeviceSource
    stream : Stream
        The blocks are numbered as they come, so that it knows of a hole at once.

    Returns
    -------
    list of NoteHeard, ChordHeard and Gap
        What the stream heard.
    """
    events: list[Event] = []
    for frame, y in source.read():
        events += stream.feed(frame, y, sr=source.sr, seq=stream.counts["blocks"])
    return events


def feed_in_time(source: Source, stream: Stream, *, clock: Callable[[], float] = time.monotonic) -> list[Event]:
    """As ``feed_from``, for a page: what is heard is never older than ``LAG_S``, however slow the detectors are.

    Parameters
    ----------
    source : FileSource or DeviceSource
        A recording waits for its listeners; of a microphone too old sound is left out. One that is played all at once
        has no time to keep.
    stream : Stream
    clock : callable
        Seconds that pass; for tests.

    Returns
    -------
    list of NoteHeard, ChordHeard and Gap
        What the stream heard.
    """
    if source.speed is None:
        return feed_from(source, stream)
    events: list[Event] = []
    end = clock() + LAG_S / 2
    while clock() < end and (block := source.read_next()):
        frame, y = block
        events += stream.feed(frame, y, sr=source.sr, seq=stream.counts["blocks"])
    return events


def file_sources(paths: Iterable[str | PathLike[str]]) -> dict[str, Callable[[], Source]]:
    """Recordings that can be chosen instead of the microphone; each is played in real time.

    Parameters
    ----------
    paths : iterable of path

    Returns
    -------
    dict of str to callable
        Label -> function that opens the source. The label is English, and can be said in the page's language.
    """
    return {
        Told("live.recording", name=printable(path).rpartition("/")[2]): functools.partial(FileSource, path)
        for path in paths
    }


def device_source() -> dict[str, Callable[[], Source]]:
    """The microphone of the kernel's machine, as ``file_sources`` offers recordings."""
    return {Told("live.kernel_microphone"): DeviceSource}
