"""CREPE (Kim et al., ICASSP 2018) as the library torchcrepe runs it."""

from pathlib import Path
from typing import Any, Literal

import numpy as np

from pianolab.detectors.peers.base import WholeRecording, needed, on_grid, pitch_salience
from pianolab.detectors.peers.mel_filters import torchaudio_or_mel_filters
from pianolab.roll import Salience

LOWEST_HZ, HIGHEST_HZ = 32.7, 1975.5  # The network knows no other pitches.
BATCH_SIZE = 256  # The network hears so many frames at once. It bounds the memory.


class TorchCrepe(WholeRecording):
    """CREPE; hears 32.7 to 1975 Hz.

    Parameters
    ----------
    model : {'full', 'tiny'}
        Size of the network.
    """

    name = "crepe"
    summary = "CREPE by torchcrepe; hears the whole recording (peer)"
    install = "torch resampy tqdm && pip install --no-deps torchcrepe"
    sr = 16000
    hop_length = 160

    def __init__(self, *, model: Literal["full", "tiny"] = "full"):
        self._torch: Any = needed("torch", install=self.install)
        needed("resampy", install=self.install)
        with torchaudio_or_mel_filters():
            self._crepe: Any = needed("torchcrepe", install=self.install)
        self.model = model
        self.weights = Path(self._crepe.__file__).parent / "assets" / f"{model}.pth"
        self.reset()

    def hear(self, y, times, level_db) -> Salience:
        with self._torch.no_grad():
            hz, confidence = self._crepe.predict(
                self._torch.from_numpy(y[None, :]),
                self.sr,
                hop_length=self.hop_length,
                fmin=LOWEST_HZ,
                fmax=HIGHEST_HZ,
                model=self.model,
                batch_size=BATCH_SIZE,
                device="cpu",
                return_periodicity=True,
            )
        hz, confidence = on_grid(hz[0], len(times), fill=np.nan), on_grid(confidence[0], len(times), fill=0.0)
        return pitch_salience(times, hz, confidence, level_db)
