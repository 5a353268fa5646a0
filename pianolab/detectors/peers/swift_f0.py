"""SwiftF0 (Nieradzik 2025), a small network that its own library runs under onnxruntime."""

from pathlib import Path
from typing import Any

import numpy as np

from pianolab.detectors.peers.base import WholeRecording, needed, on_grid, pitch_salience
from pianolab.roll import Salience


class SwiftF0(WholeRecording):
    """SwiftF0; hears 46.9 to 2094 Hz."""

    name = "swift_f0"
    summary = "SwiftF0; hears the whole recording (peer)"
    install = "swift-f0"
    sr = 16000
    hop_length = 256

    def __init__(self) -> None:
        library: Any = needed("swift_f0", install=self.install)
        self.weights = Path(library.__file__).with_name("model.onnx")
        self._detector = library.SwiftF0(threads=1, spin=False)
        self.reset()

    def hear(self, y, times, level_db) -> Salience:
        found = self._detector.detect(y, self.sr)
        hz = on_grid(found.pitch_hz, len(times), fill=np.nan)
        confidence = on_grid(found.confidence, len(times), fill=0.0)
        return pitch_salience(times, hz, confidence, level_db)
