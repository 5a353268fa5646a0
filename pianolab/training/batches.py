"""Batches: random stretches of the material, each at another level, tone and pitch.

What comes in: the folder that material.py filled. What comes out: tensors for one step, which depend on the seed and
the number of the step alone.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pianolab.dsp.network_input import HOP_S, N_BINS
from pianolab.errors import printable
from pianolab.labels import read_labels
from pianolab.labels.midi import read_midi
from pianolab.roll import Notes
from pianolab.training.errors import TrainingError
from pianolab.training.network import DELAYS_MS, N_COLUMNS
from pianolab.training.settings import Settings
from pianolab.training.targets import note_targets, pedal_ages, pedal_targets


class Pieces:
    """Pieces of material, opened but not read.

    Parameters
    ----------
    folder : str or Path
        Inputs (``.npy``) and their labels (``.mid``, or ``.tsv`` where the pedal is unknown).

    Attributes
    ----------
    inputs : list of (T, 3, 294) float16 arrays
        On the disk until they are read.
    notes : list of Notes
        In the same order.
    pedals : list of (n, 2) arrays or None
        When the sustain pedal goes down and up; None where it is unknown.

    Raises
    ------
    TrainingError
        If the folder holds no pieces.
    LabelError
        If labels are missing or cannot be read.
    """

    def __init__(self, folder: str | Path):
        paths = sorted(Path(folder).glob("*.npy"))
        if not paths:
            raise TrainingError(f"{printable(folder)} holds no material: make it first (pianolab train does)")
        self.inputs = [np.load(path, mmap_mode="r", allow_pickle=False) for path in paths]
        labels = [_read_piece(path) for path in paths]
        self.notes = [notes for notes, _ in labels]
        self.pedals = [pedal for _, pedal in labels]
        self._ends = np.cumsum([len(heard) for heard in self.inputs])

    def draw_segment(
        self, rng: np.random.Generator, frames: int
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
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
        pedal : (5, frames) float32
            Targets of DELAYS_MS, NaN where nothing is known.
        ages : (5, frames) float32
            For how long it has been down, seconds; NaN where it is up.
        """
        i = int(np.searchsorted(self._ends, rng.integers(self._ends[-1]), side="right"))
        first = int(rng.integers(max(len(self.inputs[i]) - frames, 0) + 1))
        heard = np.zeros((frames, *self.inputs[i].shape[1:]), np.float32)
        part = self.inputs[i][first : first + frames]
        heard[: len(part)] = part
        ends_s = (first + np.arange(frames)) * HOP_S
        moments_s = [ends_s - ms / 1000.0 for ms in DELAYS_MS]
        wanted = np.stack([note_targets(self.notes[i], times_s) for times_s in moments_s])
        pedal, ages = (
            np.stack([ask(self.pedals[i], times_s) for times_s in moments_s]) for ask in (pedal_targets, pedal_ages)
        )
        return heard, wanted, pedal, ages


def _read_piece(path: Path) -> tuple[Notes, npt.NDArray[np.float64] | None]:
    """Notes of a piece, and its pedal if that is known."""
    labels = path.with_suffix(".mid")
    if labels.exists():
        song = read_midi(labels.read_bytes(), printable(labels))
        return song.notes.on_keyboard(), song.pedal
    return read_labels(path.with_suffix(".tsv")).on_keyboard(), None


def draw_batch(pieces: Pieces, settings: Settings, step: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
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
    pedal, ages : (B, 5, T) float32 tensors
    """
    rng = np.random.default_rng([settings.seed, 4, step])
    inputs, targets, pedals, ages = [], [], [], []
    for _ in range(settings.batch):
        heard, wanted, pedal, age = pieces.draw_segment(rng, settings.frames)
        semitones = int(rng.integers(-1, 2))
        if semitones:
            heard, wanted = _moved(heard, N_BINS // N_COLUMNS * semitones), _moved(wanted, semitones)
        # The tone changes by up to 4 dB at six points over the range.
        tone_db = np.interp(np.arange(N_BINS), np.linspace(0, N_BINS, 6), rng.uniform(-4.0, 4.0, 6))
        # A room lets neighbouring partials through unlike, so each semitone has a gain of its own.
        comb_db = rng.uniform(0.0, 3.0) * np.interp(
            np.arange(N_BINS), np.linspace(0, N_BINS, N_COLUMNS), rng.standard_normal(N_COLUMNS)
        )
        gain = np.float32(10.0) ** ((tone_db + comb_db + rng.uniform(-8.0, 8.0)) / 20.0).astype(np.float32)
        inputs.append(amplify(heard, gain))
        targets.append(wanted)
        pedals.append(pedal)
        ages.append(age)
    x = torch.from_numpy(np.stack(inputs)).permute(0, 2, 1, 3)
    x = x.contiguous(memory_format=torch.channels_last)
    target, pedal, age = (torch.from_numpy(np.stack(one)) for one in (targets, pedals, ages))
    return x, target, pedal, age


def amplify(heard: npt.NDArray[np.float32], gain: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The input as it would be if the sound were ``gain`` times as strong.

    Parameters
    ----------
    heard : (..., 294) float32
        See `pianolab.dsp.network_input`.
    gain : (294,) float32
        By how much the amplitude of each bin is multiplied.

    Returns
    -------
    (..., 294) float32

    Examples
    --------
    >>> silent, loud = amplify(np.array([0.0, 2.0], np.float32), np.array([4.0, 4.0], np.float32))
    >>> round(float(silent), 2), round(float(loud), 2)
    (0.0, 2.6)
    """
    return np.log10(1.0 + gain * (np.power(np.float32(10.0), heard) - 1.0), dtype=np.float32)


def _moved(values: npt.NDArray[np.float32], by: int) -> npt.NDArray[np.float32]:
    """Shifted along the last axis by at least one place, zeros moving in."""
    out = np.zeros_like(values)
    if by > 0:
        out[..., by:] = values[..., :-by]
    else:
        out[..., :by] = values[..., -by:]
    return out
