"""librosa's probabilistic YIN (Mauch & Dixon, ICASSP 2014), with its Viterbi path through the whole recording."""

from typing import Annotated, Any

import numpy as np

from pianolab.detector import Between
from pianolab.detectors.peers.base import WholeRecording, needed, on_grid, pitch_salience
from pianolab.roll import Salience

LOWEST_HZ, HIGHEST_HZ = 26.7, 4310.0  # Half a semitone below A0, half a semitone above C8.


class Pyin(WholeRecording):
    """pYIN over the 88 keys.

    Parameters
    ----------
    window_length : int
        Samples at 22.05 kHz.
    """

    name = "pyin"
    summary = "pYIN of librosa; hears the whole recording (peer)"
    install = "librosa"
    sr = 22050
    hop_length = 512

    def __init__(self, *, window_length: Annotated[int, Between(1024, 16384)] = 2048):
        self._librosa: Any = needed("librosa", install=self.install)
        self.window_length = window_length
        self.reset()

    def hear(self, y, times, level_db) -> Salience:
        hz, voiced, probability = self._librosa.pyin(
            y,
            fmin=LOWEST_HZ,
            fmax=HIGHEST_HZ,
            sr=self.sr,
            frame_length=self.window_length,
            hop_length=self.hop_length,
            fill_na=np.nan,
        )
        # pYIN decides itself which frames are voiced. At 0.5 or more our tracker agrees with it.
        confidence = np.where(voiced, np.maximum(probability, 0.5), 0.0)
        hz, confidence = on_grid(hz, len(times), fill=np.nan), on_grid(confidence, len(times), fill=0.0)
        return pitch_salience(times, hz, confidence, level_db)
