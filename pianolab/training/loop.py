"""The training loop: steps, checkpoints and the log.

What comes in: batches of material, and Settings. What comes out: ``checkpoint.safetensors`` with all that is needed to
go on (the one before is kept beside it), ``log.csv`` with loss and validation scores, and ``best.safetensors``, the
averaged weights. The learning rate rises, stays, and falls over the last part of the steps: so a longer training can go
on from any checkpoint before the fall. All that is drawn depends on the seed and the number of the step alone.

The checkpoint is written first and holds what validation found, so a training that was stopped at any moment, or by a
full disk, goes on to the files that it would have come to.
"""

import csv
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel
from tqdm.auto import tqdm

from pianolab.errors import first_line, printable
from pianolab.training.batches import Pieces, draw_batch
from pianolab.training.errors import TrainingError, writing
from pianolab.training.loss import PEDAL_WEIGHT, age_loss, note_loss, pedal_loss
from pianolab.training.network import NoteNet
from pianolab.training.settings import GRADIENT_LIMIT, Settings
from pianolab.training.validation import goal_of, validate
from pianolab.training.weights import UNREADABLE, read_tensors, write_tensors

AGE = "pedal_age."  # So begin the names of the tensors of the head that is learnt alone.


def learning_rate(settings: Settings, step: int) -> float:
    """The learning rate of a step: it rises over the first ones, stays, and falls to nothing over the last part.

    Parameters
    ----------
    settings : Settings
    step : int
        Counted from 0.

    Returns
    -------
    float
        For the optimizer, at that step.

    Examples
    --------
    >>> settings = Settings(steps=100, warm_up=10, fall=0.4, learning_rate=0.5)
    >>> [learning_rate(settings, step) for step in (0, 10, 50, 80)]
    [0.05, 0.5, 0.5, 0.25]
    """
    falling = (settings.steps - step) / max(settings.fall * settings.steps, 1.0)
    return settings.learning_rate * min((step + 1) / settings.warm_up, 1.0, max(falling, 0.0))


def new_network(settings: Settings) -> NoteNet:
    """A network with weights drawn by the seed.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    NoteNet
    """
    torch.manual_seed(settings.seed)
    net = NoteNet(ear=settings.ear, width=settings.width, rivals=settings.rivals, pedal=settings.pedal)
    return net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]: torch's stubs leave it out


def begin(net: NoteNet, path: str | Path) -> None:
    """Give a network the weights of another training.

    Parameters
    ----------
    net : NoteNet
    path : str or Path
        ``best.safetensors``.

    Raises
    ------
    TrainingError
        If it holds no weights of a network of this size.
    """
    try:
        tensors = read_tensors(path)[0]
        if net.pedal_age is not None:  # This head is learnt anew, whether the other network had one or not.
            tensors = {name: value for name, value in tensors.items() if not name.startswith(AGE)}
            tensors |= {f"{AGE}{name}": value for name, value in net.pedal_age.state_dict().items()}
        net.load_state_dict(tensors)
    except UNREADABLE as error:
        raise TrainingError(
            f"{printable(path)} holds no weights of a network of this size ({first_line(error)}): name the "
            "best.safetensors of a training with the same ear, width and rivals"
        ) from error


def refuse_beginning(settings: Settings, path: str | Path | None) -> None:
    """Raise an error where a training cannot begin so; nothing is written.

    Parameters
    ----------
    settings : Settings
    path : str or Path or None
        Weights to begin with, if any.

    Raises
    ------
    TrainingError
        If it holds no weights of a network of this size, or if the pedal shall be learnt alone and nothing else is.
    """
    if path is not None:
        begin(new_network(settings), path)
    elif settings.pedal:
        raise TrainingError(
            f"setting pedal is {settings.pedal}: that learns for how long the pedal is down, alone, after all else; "
            "name the weights to begin with (--begin-with), or use 0"
        )


def _exponential_mean(average: float) -> Callable[[Tensor, Tensor, Any], Tensor]:
    """How AveragedModel forms its mean: ``average`` of it stays at each step, less in the first steps."""

    def mix(mean: Tensor, value: Tensor, n_averaged: Any) -> Tensor:
        if not mean.is_floating_point():
            return value
        kept = min(average, (1.0 + int(n_averaged)) / (10.0 + int(n_averaged)))
        return mean.lerp(value, 1.0 - kept)

    return mix


class TrainingLoop:
    """A training in a folder: begin it or go on where it stopped.

    Parameters
    ----------
    folder : str or Path
        Holds or will hold the checkpoint, the log and the weights. A checkpoint alone is enough to go on.
    settings : Settings
    begin_with : str or Path, optional
        Weights (``best.safetensors`` of a training) that a new training begins with, in place of weights drawn by the
        seed.

    Attributes
    ----------
    net : NoteNet
        The network that learns.
    step : int
        Steps done.
    minutes : float
        How long it has trained up to the last checkpoint.
    best : float
        Validation score (``goal``) of ``best.safetensors``, -1 where there is none.
    found : dict or None
        What validation found after this very step: ``scores`` and the ``row`` of the log.

    Raises
    ------
    TrainingError
        If the checkpoint is damaged or of another network, or gone although weights or a log are there; or if the
        weights to begin with are.
    """

    def __init__(self, folder: str | Path, settings: Settings, *, begin_with: str | Path | None = None):
        self.folder, self.settings = Path(folder), settings
        self.net = new_network(settings)
        here = [path for path in (self.checkpoint, self.previous) if path.exists()]
        if begin_with is not None:
            begin(self.net, begin_with)
        elif not here:
            refuse_beginning(settings, None)
        if self.net.pedal_age is not None:
            self.net.requires_grad_(False)
            self.net.pedal_age.requires_grad_(True)
        self._averaged = AveragedModel(self.net, avg_fn=_exponential_mean(settings.average), use_buffers=True)
        learns = [p for p in self.net.parameters() if p.requires_grad]
        groups = [
            {"params": [p for p in learns if p.ndim > 1], "weight_decay": settings.weight_decay},
            {"params": [p for p in learns if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self._optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98))
        self.step, self.minutes = 0, 0.0
        self.found: dict[str, Any] | None = None
        if here:
            self._load(here[0])
        else:
            self._refuse_remains()
        self._averaged.n_averaged.fill_(self.step + 1)  # The weights that a training begins with count as well.
        self.best = self._best_kept()

    @property
    def mean(self) -> NoteNet:
        """The network with the averaged weights."""
        return cast(NoteNet, self._averaged.module)  # It is a deep copy of ``net``.

    @property
    def checkpoint(self) -> Path:
        """Path of the last checkpoint."""
        return self.folder / "checkpoint.safetensors"

    @property
    def previous(self) -> Path:
        """Path of the checkpoint before the last, from which a training goes on when the last is gone."""
        return self.folder / "checkpoint.previous.safetensors"

    def _refuse_remains(self) -> None:
        """Without a checkpoint a training begins anew, and must not do so over what another one found."""
        for name in ("best.safetensors", "log.csv"):
            if (self.folder / name).exists():
                raise TrainingError(
                    f"{printable(self.folder)} holds {name} but no checkpoint to go on from: put the checkpoint back, "
                    "move best.safetensors and log.csv elsewhere, or name another --out"
                )

    def _best_kept(self) -> float:
        path = self.folder / "best.safetensors"
        if not path.exists():
            return -1.0
        try:
            return goal_of(read_tensors(path)[1]["scores"])
        except UNREADABLE as error:
            raise TrainingError(
                f"{printable(path)} is damaged ({first_line(error)}): remove it and give the same command to go on"
            ) from error

    def _tensors(self) -> dict[str, Tensor]:
        tensors = {f"net.{name}": value for name, value in self.net.state_dict().items()}
        tensors |= {f"mean.{name}": value for name, value in self.mean.state_dict().items()}
        for i, state in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{i}.{name}": torch.as_tensor(value) for name, value in state.items()}
        return tensors

    def save(self) -> None:
        """Write the checkpoint; the one before is kept as `previous`.

        Raises
        ------
        TrainingError
            If it cannot be written; the last good one is still there.
        """
        about = {"step": self.step, "minutes": self.minutes, "found": self.found, **asdict(self.settings)}
        with writing(self.checkpoint) as temporary:
            write_tensors(temporary, self._tensors(), about)
            # If all ends between this renaming and the next, `previous` is gone on from.
            if self.checkpoint.exists():
                os.replace(self.checkpoint, self.previous)

    def _load(self, path: Path) -> None:
        try:
            tensors, about = read_tensors(path)
            self.net.load_state_dict(_part(tensors, "net."))
            self.mean.load_state_dict(_part(tensors, "mean."))
            state = self._optimizer.state_dict()
            for name, value in _part(tensors, "optimizer.").items():
                i, _, key = name.partition(".")
                state["state"].setdefault(int(i), {})[key] = value
            self._optimizer.load_state_dict(state)
            self.step, self.minutes, self.found = about["step"], about["minutes"], about.get("found")
        except UNREADABLE as error:
            remedy = "put a whole one in its place"
            if path != self.previous and self.previous.exists():
                remedy = f"remove it to go on from {self.previous.name}"
            raise TrainingError(
                f"checkpoint {printable(path)} is damaged or of another network ({first_line(error)}): {remedy}, or "
                "name another --out"
            ) from error

    def train(self, pieces: Pieces, held_out: Pieces, *, progress: bool = True) -> None:
        """Go on to the last step; validates, saves and logs every so many steps.

        Parameters
        ----------
        pieces, held_out : Pieces
            To learn from and to validate on.
        progress : bool
            Show a bar with loss and validation score.

        Raises
        ------
        TrainingError
            If the loss is no longer finite, or a file cannot be written: then give the same command to go on.
        """
        settings, started, losses = self.settings, time.monotonic(), []
        earlier = self.minutes
        self._record()  # What could not be written after the checkpoint is written now.
        bar = tqdm(total=settings.steps, initial=self.step, unit="step", disable=not progress)
        while self.step < settings.steps:
            losses.append(self.take_step(pieces))
            bar.update()
            bar.set_postfix(loss=f"{np.mean(losses[-50:]):.4f}", best=f"{max(self.best, 0.0):.3f}", refresh=False)
            if self.step % settings.every == 0 or self.step == settings.steps:
                scores = validate(self.mean, held_out, settings.validation_s)
                self.minutes = earlier + (time.monotonic() - started) / 60.0
                self.found = {"scores": scores, "row": self._row(float(np.mean(losses)), scores)}
                losses = []
                self.save()
                self._record()
        bar.close()

    def take_step(self, pieces: Pieces) -> float:
        """Learn from one batch.

        Parameters
        ----------
        pieces : Pieces

        Returns
        -------
        float
            The loss before the step.

        Raises
        ------
        TrainingError
            If it is no longer finite.
        """
        settings = self.settings
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate(settings, self.step)
        x, target, pedal, ages = draw_batch(pieces, settings, self.step)
        self.net.train(self.net.pedal_age is None)
        if self.net.pedal_age is not None:
            self.net.pedal_age.train()
        with torch.autocast("cpu", torch.bfloat16):
            logits, pedal_logits, aged, _ = self.net.hear(x, self.net.empty_states(settings.batch))
        weights = settings.delay_weights
        if aged is None:
            loss = note_loss(logits, target, delay_weights=weights)
            loss = loss + pedal_loss(pedal_logits, pedal, delay_weights=weights)
        else:
            loss = pedal_loss(aged[:, :, 0], pedal, delay_weights=weights) / PEDAL_WEIGHT
            loss = loss + age_loss(aged[:, :, 1:], ages, delay_weights=weights)
        if not torch.isfinite(loss):
            raise TrainingError(f"the loss is {loss.item()} at step {self.step}: use a lower learning_rate")
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), GRADIENT_LIMIT)
        self._optimizer.step()
        self._averaged.update_parameters(self.net)
        self.step, self.found = self.step + 1, None
        return loss.item()

    def _row(self, loss: float, scores: dict[str, float]) -> dict[str, float]:
        frames = self.step * self.settings.batch * self.settings.frames
        row = {"minutes": self.minutes, "step": self.step, "frames": frames, "loss": loss}
        row |= {"validation_onset_f1": scores["f1_90"], "validation_onset_f1_offline": scores["f1_240"]}
        row |= {"threshold": scores["threshold_90"], "learning_rate": learning_rate(self.settings, self.step - 1)}
        row |= {f"validation_{name}": scores[name] for name in ("false_per_minute", "pedal_f1") if name in scores}
        return {name: round(number, 6) for name, number in row.items()}

    def _record(self) -> None:
        """Keep the weights if they are the best, and log what was found; done twice it changes nothing."""
        if self.found is None:
            return
        # Where the pedal is learnt alone, the strokes by which the best is known stay as they are: so the last is kept.
        if self.settings.pedal or goal_of(self.found["scores"]) > self.best:
            self.keep_as_best(self.found["scores"])
        self._log(self.found["row"])

    def keep_as_best(self, scores: dict[str, float]) -> None:
        """Write the averaged weights into ``best.safetensors``.

        Parameters
        ----------
        scores : dict
            What validation found for them (see `pianolab.training.validation.validate`).
        """
        about = {"step": self.step, "scores": scores, "settings": asdict(self.settings)}
        with writing(self.folder / "best.safetensors") as temporary:
            write_tensors(temporary, self.mean.state_dict(), about)
        self.best = goal_of(scores)

    def _log(self, row: dict[str, float]) -> None:
        """The rows of earlier steps and this one; later rows are of a training that went on from here before."""
        path = self.folder / "log.csv"
        rows = [*_logged_before(path, row["step"]), row]
        with writing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(row), extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)


def _logged_before(path: Path, step: float) -> list[dict[str, str]]:
    """Rows of the log, as text, of earlier steps than this."""
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [row for row in csv.DictReader(file) if int(row["step"]) < step]
    except (*UNREADABLE, csv.Error) as error:
        raise TrainingError(
            f"{printable(path)} is damaged ({first_line(error)}): move it elsewhere and give the same command to go on"
        ) from error


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
