"""A pitch tracker that lives in an environment of its own, as a program that writes notes: PESTO or FCPE.

    python benchmarks/pitch_peer.py pesto SOUND.wav NOTES.tsv
    pianolab compare --command "pesto=ENV/bin/python benchmarks/pitch_peer.py pesto {audio} {out}.tsv"

The pitch is the peer's, by its own defaults; notes are made of it by pianolab's tracker, as for crepe and pyin. The
environment ENV holds the peer's package, PyTorch and pianolab (docs/peers.md). Both packages import torchaudio to read
files, which we do ourselves: where it cannot be loaded, an empty one takes its place.
"""

import argparse
import importlib
import sys
import types
import warnings

import numpy as np

from pianolab.detectors.peers.base import WholeRecording, needed, on_grid, pitch_salience
from pianolab.errors import reason
from pianolab.labels import write_labels
from pianolab.session import transcribe_file


class PitchTracker(WholeRecording):
    """What the two have in common: 16 kHz, a pitch every 10 ms."""

    module, install = "", ""
    sr, hop_length = 16000, 160

    def __init__(self):
        self.torch = needed("torch", install=self.install)
        self.library = needed(self.module, install=self.install)
        self.reset()

    def pitch(self, y):
        """Pitch in Hz (0 for none) and how sure it is, of a tensor at 16 kHz."""
        raise NotImplementedError

    def hear(self, y, times, level_db):
        with self.torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of PyTorch, about what only training uses.
            hz, confidence = self.pitch(self.torch.from_numpy(y.copy()))
        hz, confidence = on_grid(hz, len(times), fill=np.nan), on_grid(confidence, len(times), fill=0.0)
        return pitch_salience(times, hz, confidence, level_db)


class Pesto(PitchTracker):
    """PESTO (Riou et al., ISMIR 2023), LGPL-3.0: a self-supervised network; model mir-1k_g7."""

    module, install = "pesto", "omegaconf && pip install --no-deps pesto-pitch"

    def pitch(self, y):
        _, hz, confidence, _ = self.library.predict(y, self.sr, step_size=1000.0 * self.hop_length / self.sr)
        return hz.numpy().ravel(), confidence.numpy().ravel()


class Fcpe(PitchTracker):
    """FCPE (the package torchfcpe), MIT: a conformer; it says which frames have a pitch, not how sure it is."""

    module, install = "torchfcpe", "einops local-attention && pip install --no-deps torchfcpe"

    def __init__(self):
        super().__init__()
        self.model = self.library.spawn_bundled_infer_model(device="cpu")

    def pitch(self, y):
        hz = self.model.infer(y[None, :, None], sr=self.sr).numpy().ravel()
        return hz, (hz > 0).astype(float)


PEERS = {"pesto": Pesto, "fcpe": Fcpe}


def with_torchaudio():
    """Make sure that torchaudio can be imported, if only as an empty module."""
    try:
        importlib.import_module("torchaudio")
    except (ImportError, OSError):
        for name in ("torchaudio", "torchaudio.transforms", "torchaudio.functional"):
            sys.modules[name] = types.ModuleType(name)
        vars(sys.modules["torchaudio.transforms"])["Resample"] = (
            None  # Nobody calls it: the sound comes at the peer's rate.
        )


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("sound", help="the recording")
    parser.add_argument("notes", help="the file to write: .tsv, .mid, ...")
    given = parser.parse_args(argv)
    with_torchaudio()
    try:
        heard = transcribe_file(given.sound, detector=PEERS[given.peer]())
        write_labels(given.notes, heard.notes)
    except (ImportError, ValueError, OSError) as error:
        print(reason(error), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
