"""Batches: random stretches of the material, each at another level, tone and pitch.

What comes in: the folder that material.py filled. What comes out: tensors for one step, which depend on the seed and
the number of the step alone.
"""

from pathlib import Path

import numpy as np
import torch

from pianolab.dsp.network_input import HOP_S, N_BINS
from pianolab.errors import printable
from pianolab.labels import read_labels
from pianolab.training.network import DELAYS_MS
from pianolab.training.settings import TrainingError
from pianolab.training.targets import note_targets


class Pieces:
    """Pieces of material, opened but not read.

    Parameters
    ----------
    folder : path
        Inputs (``.npy``) and their labels (``.tsv``).

    Attributes
    ----------
    inputs : list of (T, 3, 294) float16 arrays
        On the disk until they are read.
    notes : list of Notes
        In the same order.

    Raises
    ------
    TrainingError
        If the folder holds no pieces.
    LabelError
        If labels are missing or cannot be read.
    """

    def __init__(self, folder):
        paths = sorted(Path(folder).glob("*.npy"))
        if not paths:
            raise TrainingError(f"{printable(folder)} holds no material: make it first (pianolab train does)")
        self.inputs = [np.load(path, mmap_mode="r", allow_pickle=False) for path in paths]
        self.notes = [read_labels(path.with_suffix(".tsv")).on_keyboard() for path in paths]
        self._ends = np.cumsum([len(heard) for heard in self.inputs])

    def segment(self, rng, frames):
        """A random stretch of a piece, each frame of the material as probable as any other.

        Parameters
        ----------
        rng : numpy.random.Generator
        frames : int
            Its length, 20 ms each; zeros follow a piece that is shorter.

        Returns
        -------
        heard : (frames, 3, 294) float32
        wanted : (5, 4, frames, 88) float32
            Targets of DELAYS_MS and KINDS.
        """
        i = int(np.searchsorted(self._ends, rng.integers(self._ends[-1]), side="right"))
        first = int(rng.integers(max(len(self.inputs[i]) - frames, 0) + 1))
        heard = np.zeros((frames, *self.inputs[i].shape[1:]), np.float32)
        part = self.inputs[i][first : first + frames]
        heard[: len(part)] = part
        ends_s = (first + np.arange(frames)) * HOP_S
        return heard, np.stack([note_targets(self.notes[i], ends_s - ms / 1000.0) for ms in DELAYS_MS])


def batch(pieces, settings, step):
    """Segments for one step.

    Parameters
    ----------
    pieces : Pieces
    settings : Settings
        Its ``seed``, ``batch`` (B) and ``frames`` (T) count.
    step : int
        With the seed it fixes everything that is drawn.

    Returns
    -------
    x : (B, 3, T, 294) float32 tensor
    target : (B, 5, 4, T, 88) float32 tensor
    """
    rng = np.random.default_rng([settings.seed, 4, step])
    inputs, targets = [], []
    for _ in range(settings.batch):
        heard, wanted = pieces.segment(rng, settings.frames)
        shift = int(rng.integers(-1, 2))  # semitones
        if shift:
            heard, wanted = _moved(heard, 3 * shift), _moved(wanted, shift)
        tone_db = np.interp(np.arange(N_BINS), np.linspace(0, N_BINS, 6), rng.uniform(-4.0, 4.0, 6))
        comb_db = rng.uniform(0.0, 3.0) * np.interp(  # a room lets neighbouring partials through unlike
            np.arange(N_BINS), np.linspace(0, N_BINS, N_BINS // 3), rng.standard_normal(N_BINS // 3)
        )
        gain = np.float32(10.0) ** ((tone_db + comb_db + rng.uniform(-8.0, 8.0)) / 20.0).astype(np.float32)
        inputs.append(louder(heard, gain))
        targets.append(wanted)
    x = torch.from_numpy(np.stack(inputs)).permute(0, 2, 1, 3)
    return x.contiguous(memory_format=torch.channels_last), torch.from_numpy(np.stack(targets))


def louder(heard, gain):
    """The input as it would be if the sound were ``gain`` times as strong.

    Parameters
    ----------
    heard : (..., 294) float32
        See `pianolab.dsp.network_input`.
    gain : (294,) float32
        Of the amplitude, for each bin.

    Returns
    -------
    (..., 294) float32
    """
    return np.log10(1.0 + gain * (np.power(np.float32(10.0), heard) - 1.0), dtype=np.float32)


def _moved(values, by):
    """Shifted along the last axis, zeros moving in."""
    out = np.zeros_like(values)
    if by > 0:
        out[..., by:] = values[..., :-by]
    else:
        out[..., :by] = values[..., -by:]
    return out
