"""What notebook 09 puts around a network that it builds itself: music with its answers, training, notes, pictures.

What comes in: names of built-in pieces and of rendered pianos, or a network written in PyTorch that takes features of
shape (batch, frames, 264) and returns logits of shape (batch, 2, frames, 88), struck keys first, held keys second. What
goes out: examples (features beside a piano roll), training curves, notes, and figures. The network itself, its layers
and the step that trains it stand in the notebook; what it hears, its targets and the loss of strokes are those of the
package's own network. PyTorch is an extra: it is imported inside the functions that need it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from pianolab import plots
from pianolab.data import builtin_index, notes_path
from pianolab.dsp.network_input import HOP_S, SR
from pianolab.labels import read_labels
from pianolab.lessons.features import BINS_PER_KEY, N_BINS, Floats, log_frequency
from pianolab.lessons.showing import Picture, figure, grid, octave_ticks
from pianolab.piano import render
from pianolab.roll import Notes, Salience
from pianolab.scores import score_notes
from pianolab.texts.catalogue import say
from pianolab.tracking import Tracker, Tracking
from pianolab.training.settings import GRADIENT_LIMIT
from pianolab.training.targets import note_targets
from pianolab.units import MIDI_LOW, N_KEYS

if TYPE_CHECKING:
    import torch

SEGMENT = 96  # Training looks at 96 frames in a row: 1.9 s.
BATCH = 4  # A step looks at so many segments.
THRESHOLD = 0.4  # A key counts as held, or as struck, from this probability on.


class TorchMissing(ImportError):
    """PyTorch is not installed. Jupyter shows its sentence without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def need_torch() -> None:
    """Stop with one clear sentence where PyTorch is missing.

    Raises
    ------
    TorchMissing
        With the command that installs it.
    """
    if find_spec("torch") is None:
        raise TorchMissing(say("widgets.torch_missing"))


# ------------------------------------------------------------------------------------------------------ examples


@dataclass(frozen=True, eq=False)
class Example:
    """A few seconds of one piece on one piano, and what a network should say about them.

    Attributes
    ----------
    piece, piano : str
    y : (n,) float32
        Sound at 16 kHz.
    notes : Notes
        What is played.
    features : (T, 264) float32
        See `log_frequency`.
    targets : (2, T, 88) float32
        Struck keys and held keys, as in `pianolab.training.targets`.
    """

    piece: str
    piano: str
    y: npt.NDArray[np.float32]
    notes: Notes
    features: npt.NDArray[np.float32]
    targets: npt.NDArray[np.float32]

    def __repr__(self) -> str:
        return f"<Example: {self.piece} on {self.piano}, {len(self.features)} frames, {len(self.notes)} notes>"

    @property
    def times(self) -> Floats:
        """When the frames are, (T,) seconds."""
        return np.arange(len(self.features)) * HOP_S


def example(piece: str, piano: str, *, seconds: float = 8.0) -> Example:
    """Render the beginning of a built-in piece on one of the pianos, in a dry room.

    Parameters
    ----------
    piece : str
        Id of a recording of the built-in set, such as "ode_to_joy".
    piano : str
        A name in `pianolab.piano.PIANOS`.
    seconds : float
        Length, at most.

    Returns
    -------
    Example

    Raises
    ------
    ValueError
        If the piece is unknown.
    """
    entries = {entry["id"]: entry for entry in builtin_index()}
    if piece not in entries:
        raise ValueError(f"piece {piece!r} is not built in: choose one such as {', '.join(sorted(entries)[:4])}")
    notes = read_labels(notes_path(entries[piece])).between(0.0, seconds)
    y = render(notes, sr=SR, piano=piano, tail_s=0.5)[: int(seconds * SR)]
    features = log_frequency(y)
    return Example(piece, piano, y, notes, features, note_targets(notes, np.arange(len(features)) * HOP_S)[:2])


def targets_figure(example: Example) -> Picture:
    """Features above, held keys in the middle, struck keys below, over time.

    Parameters
    ----------
    example : Example
    """
    bins = MIDI_LOW + (np.arange(N_BINS) - BINS_PER_KEY // 2) / BINS_PER_KEY
    keys = MIDI_LOW + np.arange(N_KEYS)
    struck, held = example.targets
    parts = {
        "features": (bins, example.features, "level (logarithm)"),
        "held": (keys, held, "target (0..1)"),
        "struck": (keys, struck, "target (0..1)"),
    }
    fig, axes = figure(9, 6, rows=3, sharex=True)
    for ax, (name, (rows, values, label)) in zip(axes, parts.items(), strict=True):
        mesh = ax.pcolormesh(example.times, rows, values.T, cmap="magma", shading="nearest", rasterized=True)
        fig.colorbar(mesh, ax=ax, label=label)
        octave_ticks(ax, vertical=True)
        ax.set(ylabel="key", title=name, xlim=(0, example.times[-1]))
    axes[-1].set_xlabel("time (s)")
    return fig


# ------------------------------------------------------------------------------------------------------ training


def segments(
    examples: Sequence[Example], rng: np.random.Generator, n: int = BATCH
) -> tuple[torch.Tensor, torch.Tensor]:
    """Pieces of 96 frames, each from a random place of a random example.

    Parameters
    ----------
    examples : list of Example
        Each of at least 96 frames.
    rng : numpy.random.Generator
    n : int
        Pieces.

    Returns
    -------
    features : (n, 96, 264) tensor
    targets : (n, 2, 96, 88) tensor

    Raises
    ------
    ValueError
        If an example is too short.
    """
    import torch

    features, targets = [], []
    for example in (examples[i] for i in rng.integers(len(examples), size=n)):
        if len(example.features) < SEGMENT:
            raise ValueError(f"{example!r} is shorter than {SEGMENT} frames: ask `example` for more seconds")
        start = rng.integers(len(example.features) - SEGMENT + 1)
        features.append(example.features[start : start + SEGMENT])
        targets.append(example.targets[:, start : start + SEGMENT])
    return torch.tensor(np.stack(features)), torch.tensor(np.stack(targets))


def loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """How wrong the answers are: strokes as in the package's own training, and the cross-entropy of held keys, added.

    Parameters
    ----------
    logits : (batch, 2, frames, 88) tensor
        Struck keys first, held keys second, before the sigmoid.
    targets : (batch, 2, frames, 88) tensor

    Returns
    -------
    tensor with one number
    """
    from torch.nn.functional import binary_cross_entropy_with_logits

    from pianolab.training.loss import onset_errors

    struck = onset_errors(logits[:, 0], targets[:, 0]).mean()
    return struck + binary_cross_entropy_with_logits(logits[:, 1], targets[:, 1])


def loss_of(net: Callable[[torch.Tensor], torch.Tensor], examples: Sequence[Example]) -> float:
    """The mean loss of a network over whole examples; nothing is learnt from them.

    Parameters
    ----------
    net : callable
        A network.
    examples : list of Example

    Returns
    -------
    float
    """
    import torch

    with torch.no_grad():
        pairs = [(torch.tensor(e.features)[None], torch.tensor(e.targets)[None]) for e in examples]
        return float(np.mean([loss(net(features), targets).item() for features, targets in pairs]))


def guessing_loss(train: Sequence[Example], examples: Sequence[Example]) -> float:
    """The loss of an ear that hears nothing: it gives all keys in all frames the same two answers.

    Parameters
    ----------
    train : list of Example
        Of one length; the best two answers for them are given.
    examples : list of Example
        What the guess is tried on.

    Returns
    -------
    float
    """
    import torch

    answers = torch.full((2,), -3.0, requires_grad=True)

    def deaf(features):
        return answers[None, :, None, None].expand(len(features), 2, features.shape[1], N_KEYS)

    def wrong():
        optimiser.zero_grad()
        error = loss(deaf(targets[:, 0]), targets)
        error.backward()
        return error

    targets = torch.tensor(np.stack([e.targets for e in train]))
    optimiser = torch.optim.LBFGS([answers], max_iter=30)
    optimiser.step(wrong)
    return loss_of(deaf, examples)


def fit(
    net: torch.nn.Module,
    train: Sequence[Example],
    validation: Sequence[Example],
    *,
    n_steps: int = 200,
    learning_rate: float = 0.02,
    seed: int = 0,
    every: int = 20,
    batch: int = BATCH,
) -> pd.DataFrame:
    """Train a network with AdamW and a learning rate that rises and falls in one cycle.

    Parameters
    ----------
    net : torch.nn.Module
        Changed in place.
    train, validation : list of Example
        What is learnt from, and what is only looked at.
    n_steps : int
        Steps, each of ``batch`` segments of 96 frames.
    learning_rate : float
        The highest of the cycle.
    seed : int
        Fixes which segments are drawn; the network's own first weights are the caller's.
    every : int
        Steps between two looks at the validation examples.
    batch : int
        Segments a step.

    Returns
    -------
    pandas.DataFrame
        Columns ``step``, ``train`` (mean loss since the last look) and ``validation`` (loss on whole examples).

    References
    ----------
    Loshchilov & Hutter, *Decoupled weight decay regularization*, ICLR 2019; Smith & Topin, *Super-convergence*, 2019.
    """
    import torch

    rng = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(net.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, learning_rate, total_steps=n_steps)
    rows, recent = [], []
    for step in range(1, n_steps + 1):
        features, targets = segments(train, rng, batch)
        optimiser.zero_grad()
        error = loss(net(features), targets)
        error.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), GRADIENT_LIMIT)
        optimiser.step()
        schedule.step()
        recent.append(error.item())
        if step % every == 0 or step == n_steps:
            rows.append({"step": step, "train": float(np.mean(recent)), "validation": loss_of(net, validation)})
            recent = []
    return pd.DataFrame(rows)


def curves_figure(curves: dict[str, pd.DataFrame], guess: float) -> Picture:
    """Training and validation loss over the steps, one picture for each network.

    Parameters
    ----------
    curves : dict of str to DataFrame
        Title -> what `fit` returned.
    guess : float
        Loss of `guessing_loss`, drawn as a line.
    """
    fig, axes = figure(3.4 * len(curves) + 2.0, 3.0, ncols=len(curves), sharey=True, squeeze=False)
    for ax, (title, curve) in zip(axes[0], curves.items(), strict=True):
        ax.plot(curve["step"], curve["train"], "o-", markersize=3, color=plots.BLUE, label="training")
        ax.plot(curve["step"], curve["validation"], "s--", markersize=3, color=plots.ORANGE, label="validation")
        ax.axhline(guess, color=plots.GREY, linestyle=":", label="guessing")
        ax.set(xlabel="step", title=title)
        grid(ax)
    axes[0, 0].set(ylabel="loss (cross-entropy)", ylim=(0, None))
    axes[0, 0].legend(loc="upper right")
    return fig


# ------------------------------------------------------------------------------------------------ notes and scores


def evidence(net: torch.nn.Module, example: Example) -> Salience:
    """What a network says about an example, as a detector would.

    Parameters
    ----------
    net : torch.nn.Module
    example : Example

    Returns
    -------
    Salience
        With strength and onset in [0, 1], 20 ms a row.
    """
    import torch

    with torch.no_grad():
        struck, held = torch.sigmoid(net(torch.tensor(example.features)[None]))[0].numpy()
    return Salience(example.times, held, np.full(held.shape, np.nan), np.zeros(len(held)), onset=struck)


def heard_notes(salience: Salience, *, threshold: float = THRESHOLD, onset_threshold: float = THRESHOLD) -> Notes:
    """The notes that the package's tracker makes of a network's evidence.

    Parameters
    ----------
    salience : Salience
        From `evidence`.
    threshold, onset_threshold : float
        Probabilities from which a key counts as held and as struck.

    Returns
    -------
    Notes
    """
    tracker = Tracker(Tracking(policy="poly", threshold=threshold, onset_threshold=onset_threshold))
    tracker.push(salience)
    tracker.flush()
    return tracker.notes()


def heard_figure(
    salience: Salience, example: Example, *, threshold: float = THRESHOLD, onset_threshold: float = THRESHOLD
) -> Picture:
    """How sure a network is of each held key above; played against heard notes below.

    Parameters
    ----------
    salience : Salience
        From `evidence`.
    example : Example
        What it is about.
    threshold, onset_threshold : float
        As for `heard_notes`.
    """
    notes = heard_notes(salience, threshold=threshold, onset_threshold=onset_threshold)
    fig, (above, below) = figure(9, 5.4, rows=2, sharex=True)
    plots.salience(above, salience)
    plots.piano_roll(below, example.notes, notes)
    above.set_ylim(below.get_ylim())
    above.set_title(f"{example.piece} on {example.piano}", loc="left")
    above.set_xlabel("")
    f1 = score_notes(example.notes, notes)["onset_f1"]
    below.set_title(f"thresholds {threshold:g}, {onset_threshold:g}: onset F1 {f1:.2f}", loc="left")
    return fig
