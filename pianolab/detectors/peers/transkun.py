"""Transkun V2 (Yan & Duan, ISMIR 2024): a transformer of 13.6 million parameters with a semi-Markov decoder."""

import warnings
from pathlib import Path
from typing import Any

from pianolab.detectors.peers.base import NoteWriter, needed
from pianolab.detectors.peers.mel_filters import torchaudio_or_mel_filters
from pianolab.roll import Notes


class Transkun(NoteWriter):
    """Transkun V2 with its published weights."""

    name = "transkun"
    summary = "Transkun V2 by PyTorch; hears the whole recording (peer)"
    install = "torch torch-optimizer pytorch_ranger ncls pretty_midi moduleconf soxr && pip install --no-deps transkun"
    sr = 44100
    hop_length = 441

    def __init__(self) -> None:
        self._torch: Any = needed("torch", install=self.install)
        package: Any = needed("transkun", install=self.install)
        folder = Path(package.__file__).parent / "pretrained"
        library = needed("moduleconf", install=self.install).parseFromFile(str(folder / "2.0.conf"))["Model"]
        self.weights = folder / "2.0.pt"
        checkpoint = self._torch.load(self.weights, map_location="cpu", weights_only=True)
        with torchaudio_or_mel_filters():
            self._model = library.module.TransKun(conf=library.config)
        self._model.load_state_dict(checkpoint.get("best_state_dict") or checkpoint["state_dict"], strict=False)
        self._model.eval()
        self.reset()

    def write(self, y) -> Notes:
        with self._torch.no_grad(), warnings.catch_warnings():
            # torch warns about checkpoints, which only training uses.
            warnings.simplefilter("ignore", UserWarning)
            found = self._model.transcribe(self._torch.from_numpy(y[:, None]), discardSecondHalf=False)
        found = [note for note in found if note.pitch > 0]  # It writes the pedal as notes of negative pitch.
        return Notes(
            [max(note.start, 0.0) for note in found],
            [max(note.end, note.start, 0.0) for note in found],
            [note.pitch for note in found],
            [float(note.velocity) for note in found],
        )
