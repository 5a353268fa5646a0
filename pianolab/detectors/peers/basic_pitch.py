"""Basic Pitch (Bittner et al., ICASSP 2022): its network under onnxruntime, its own decoding, its own defaults."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np

from pianolab.detector import Between
from pianolab.detectors.peers.base import NoteWriter, needed
from pianolab.roll import Notes

OVERLAP = 30  # Two windows share so many frames in basic_pitch.inference.run_inference.
LEAST_NOTE_LENGTH = 11  # In frames, 127.7 ms: basic_pitch's default.


class BasicPitch(NoteWriter):
    """Basic Pitch.

    Parameters
    ----------
    onset_threshold, frame_threshold : float
        In [0, 1], as in basic_pitch.
    """

    name = "basic_pitch"
    summary = "Basic Pitch by onnxruntime; hears the whole recording (peer)"
    install = "onnxruntime pretty_midi && pip install --no-deps basic-pitch"
    sr = 22050
    hop_length = 256

    def __init__(
        self,
        *,
        onset_threshold: Annotated[float, Between(0, 1)] = 0.5,
        frame_threshold: Annotated[float, Between(0, 1)] = 0.3,
    ):
        needed("onnxruntime", install=self.install)
        self._inference: Any = needed("basic_pitch.inference", install=self.install)
        self._decoding: Any = needed("basic_pitch.note_creation", install=self.install)
        self.onset_threshold, self.frame_threshold = onset_threshold, frame_threshold
        self.weights = Path(self._inference.__file__).parent / "saved_models" / "icassp_2022" / "nmp.onnx"
        self._model = self._inference.Model(self.weights)
        self.reset()

    def write(self, y) -> Notes:
        note, onset = self._posteriors(y)
        found = self._decoding.output_to_notes_polyphonic(
            note,
            onset,
            onset_thresh=self.onset_threshold,
            frame_thresh=self.frame_threshold,
            min_note_len=LEAST_NOTE_LENGTH,
            infer_onsets=True,
            max_freq=None,
            min_freq=None,
        )
        if not found:
            return Notes.empty()
        start, stop, midi, amplitude = (np.array(column) for column in zip(*found, strict=True))
        times = np.maximum(self._decoding.model_frames_to_time(len(note)), 0.0)
        return Notes(times[start], times[stop], midi, np.clip(np.round(127 * amplitude), 1, 127))

    def _posteriors(self, y):
        """The network's answers for notes and for onsets, (n_frames, 88) each, joined from overlapping windows."""
        length, frame_hop = self._inference.AUDIO_N_SAMPLES, self._inference.FFT_HOP
        padded = np.concatenate([np.zeros(OVERLAP * frame_hop // 2, np.float32), y])
        windows = self._inference.window_audio_file(padded, length - OVERLAP * frame_hop)
        heard = [self._model.predict(window[None]) for window, _ in windows]
        joined = {name: np.concatenate([answer[name] for answer in heard]) for name in ("note", "onset")}
        return [self._inference.unwrap_output(joined[name], len(y), OVERLAP) for name in ("note", "onset")]
