"""SwiftF0 (Nieradzik 2025), a small network that its own library runs under onnxruntime; MIT licence."""

from pathlib import Path
from typing import Any

import numpy as np

from pianolab.detector import Detector
from pianolab.detectors.peers.base import NoteWriter, needed, pitch_salience
from pianolab.frames import Span, frames_of, levels_db
from pianolab.roll import Notes, Salience
from pianolab.units import hz_to_midi

INSTALL = "swift-f0"
HOP = 256
AHEAD_FRAMES = 11  # A frame is final when ten frames behind its own have come: 176 ms.


class SwiftF0(Detector):
    """SwiftF0's pitch while it hears; hears 46.9 to 2094 Hz. Its library's stream gives what a whole file gives."""

    name = "swift_f0"
    summary = "SwiftF0 (peer)"
    peer = True
    install = INSTALL
    sr = 16000
    hop_length = HOP
    frame_length = 2 * AHEAD_FRAMES * HOP

    def __init__(self) -> None:
        library: Any = needed("swift_f0", install=self.install)
        self.weights = Path(library.__file__).with_name("model.onnx")
        self._detector = library.SwiftF0(threads=1, spin=False)
        self.reset()

    def reset(self) -> None:
        self._stream = self._detector.stream()

    def process(self, span: Span) -> Salience:
        frames = frames_of(span)
        # What the first frame holds before the sound began is not its sound.
        new = [frames[0, self.lookahead :]] if span.first_frame == 0 else []
        new += [frame[-self.hop_length :] for frame in frames[len(new) :]]
        found = self._stream.push(np.concatenate(new), self.sr)
        middle = self.lookahead
        level_db = levels_db(frames[:, middle - self.hop_length : middle + self.hop_length])
        return pitch_salience(span.times, found.pitch_hz, found.confidence, level_db)


class SwiftF0Notes(NoteWriter):
    """The notes that SwiftF0's library writes of its pitch, by its own defaults; one at a time."""

    name = "swift_f0_notes"
    summary = "SwiftF0's own notes; hears the whole recording (peer)"
    polyphonic = False
    install = INSTALL
    sr = 16000
    hop_length = HOP

    def __init__(self) -> None:
        self._library: Any = needed("swift_f0", install=self.install)
        self.weights = Path(self._library.__file__).with_name("model.onnx")
        self._detector = self._library.SwiftF0(threads=1, spin=False)
        self.reset()

    def write(self, y) -> Notes:
        found = self._library.segment_notes(self._detector.detect(y, self.sr))
        midi = np.round(hz_to_midi(np.array([note.pitch_hz for note in found], dtype=float))).astype(int)
        return Notes([note.start for note in found], [note.end for note in found], midi)
