"""A damaged recording as one reader: what lies between the damaged places stands at its time, with silence between."""

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile as sf

from pianolab.sound.checks import AudioError

_COUNTED = 4096  # Samples are counted so many at a time.


class FilledReader:
    """Runs of a damaged recording, each at its time; it has the methods of a SoundFile that are used here.

    Parameters
    ----------
    runs : list of (callable, float or None)
        Each opens a run of the recording anew, and says where it ends, in seconds; None for one without sound. The
        first stands at the beginning of the recording, unless it has no sound. What a run holds is counted by decoding.

    Raises
    ------
    AudioError
        If none of them can be read.
    """

    extra_info = ""

    def __init__(self, runs: list[tuple[Callable[[], Any], float | None]]):
        counted = [(opener, end_s, *_counted(opener)) for opener, end_s in runs if end_s is not None]
        readable = [known for _, _, _, known in counted if known]
        self.samplerate, self.channels, self.format, self.subtype = readable[0] if readable else _known(runs[0][0])
        self._runs: list[tuple[int, int, Callable[[], Any]]] = []
        stop, base = 0, 0 if runs[0][1] is None else None
        for opener, end_s, n, _ in counted:
            end = round(end_s * self.samplerate)
            base = end - n if base is None else base
            start = max(stop, end - base - n)
            if n:
                self._runs.append((start, start + n, opener))
            stop = max(start + n, end - base)
        self.frames = stop
        self._at, self._reader = 0, None

    def read(self, *, out: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Fill ``out``, (n, channels), and return the part of it that was filled."""
        n_filled = 0
        while n_filled < len(out) and self._at < self.frames:
            n = self._next(out[n_filled : n_filled + self.frames - self._at])
            n_filled += n
            self._at += n
        return out[:n_filled]

    def _next(self, out: npt.NDArray[np.float32]) -> int:
        """Silence up to the next run, or samples of the run."""
        start, stop, opener = self._runs[0] if self._runs else (self.frames, self.frames, None)
        if self._at < start or opener is None:
            n = min(len(out), start - self._at)
            out[:n] = 0
            return n
        if self._reader is None:
            self._reader = opener()
        n, n_read = min(len(out), stop - self._at), 0
        with contextlib.suppress(sf.SoundFileError):
            n_read = len(self._reader.read(out=out[:n]))
        out[n_read:n] = 0
        if self._at + n == stop:
            self.close()
            self._runs.pop(0)
        return n

    def close(self) -> None:
        """Close the run that is being read."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def __enter__(self) -> "FilledReader":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _known(opener: Callable[[], Any]) -> tuple[int, int, str, str]:
    """Rate, channels, format and subtype of a run."""
    with opener() as reader:
        return reader.samplerate, reader.channels, reader.format, reader.subtype


def _counted(opener: Callable[[], Any]) -> tuple[int, tuple[int, int, str, str] | None]:
    """Samples that can be decoded of a run, and what it is; 0 and None where too little of it is there to be read."""
    try:
        known = _known(opener)
    except AudioError:
        return 0, None
    n = 0
    with opener() as reader, contextlib.suppress(sf.SoundFileError):
        block = np.empty((_COUNTED, reader.channels), np.float32)
        while n_new := len(reader.read(out=block)):
            n += n_new
    return n, known
