"""The training loop: steps, checkpoints and the log.

What comes in: batches of material, and Settings. What comes out: ``checkpoint.safetensors`` with all that is needed to
go on (the one before is kept beside it), ``log.csv`` with loss and validation scores, and ``best.safetensors``, the
averaged weights. The learning rate rises, stays, and falls over the last part of the steps: so a longer training can go
on from any checkpoint before the fall. All that is drawn depends on the seed and the number of the step alone.

The checkpoint is written first and holds what validation found, so a training that was stopped at any moment, or by a
full disk, goes on to the files that it would have come to.
"""

import csv
import json
import os
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from tqdm.auto import tqdm

from pianolab.errors import printable
from pianolab.training.batches import batch
from pianolab.training.loss import note_loss
from pianolab.training.material import writing
from pianolab.training.network import NoteNet
from pianolab.training.settings import TrainingError
from pianolab.training.validation import validate

_UNREADABLE = (OSError, KeyError, TypeError, ValueError, RuntimeError, safetensors.SafetensorError)


def _network(settings):
    """A new network of these settings, with weights drawn by the seed."""
    torch.manual_seed(settings.seed)
    net = NoteNet(ear=settings.ear, width=settings.width, rivals=settings.rivals)
    return net.to(memory_format=torch.channels_last)


def learning_rate(settings, step):
    """Rises over the first steps, stays, falls to nothing over the last part.

    Parameters
    ----------
    settings : Settings
    step : int
        Counted from 0.

    Returns
    -------
    float
        For the optimizer, at that step.
    """
    falling = (settings.steps - step) / max(settings.fall * settings.steps, 1.0)
    return settings.learning_rate * min((step + 1) / settings.warm_up, 1.0, max(falling, 0.0))


class Run:
    """A training in a folder: begin it or go on where it stopped.

    Parameters
    ----------
    folder : path
        Holds or will hold the checkpoint, the log and the weights. A checkpoint alone is enough to go on.
    settings : Settings

    Attributes
    ----------
    step : int
        Steps done.
    minutes : float
        Of training up to the last checkpoint.
    best : float
        Validation score (onset F1) of ``best.safetensors``, -1 where there is none.
    found : dict or None
        What validation found after this very step: ``scores`` and the ``row`` of the log.

    Raises
    ------
    TrainingError
        If the checkpoint is damaged or of another network, or gone although weights or a log are there.
    """

    def __init__(self, folder, settings):
        self.folder, self.settings = Path(folder), settings
        self.net, self.mean = _network(settings), _network(settings)
        groups = [
            {"params": [p for p in self.net.parameters() if p.ndim > 1], "weight_decay": settings.weight_decay},
            {"params": [p for p in self.net.parameters() if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98))
        self.step, self.minutes, self.found = 0, 0.0, None
        here = [path for path in (self.checkpoint, self.previous) if path.exists()]
        if here:
            self._load(here[0])
        else:
            self._refuse_remains()
        self.best = self._best_kept()

    @property
    def checkpoint(self):
        """Path of the last checkpoint."""
        return self.folder / "checkpoint.safetensors"

    @property
    def previous(self):
        """Path of the checkpoint before the last, from which a training goes on when the last is gone."""
        return self.folder / "checkpoint.previous.safetensors"

    def _refuse_remains(self):
        """Without a checkpoint a training begins anew, and must not do so over what another one found."""
        for name in ("best.safetensors", "log.csv"):
            if (self.folder / name).exists():
                raise TrainingError(
                    f"{printable(self.folder)} holds {name} but no checkpoint to go on from: put the checkpoint back, "
                    "move best.safetensors and log.csv elsewhere, or name another --out"
                )

    def _best_kept(self):
        path = self.folder / "best.safetensors"
        if not path.exists():
            return -1.0
        try:
            with safetensors.safe_open(path, "pt") as file:
                return float(json.loads(file.metadata()["about"])["scores"]["f1_90"])
        except _UNREADABLE as error:
            raise TrainingError(
                f"{printable(path)} is damaged ({_reason(error)}): remove it and give the same command to go on"
            ) from error

    def _tensors(self):
        tensors = {f"net.{name}": value for name, value in self.net.state_dict().items()}
        tensors |= {f"mean.{name}": value for name, value in self.mean.state_dict().items()}
        for i, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{i}.{name}": torch.as_tensor(value) for name, value in state.items()}
        return {name: value.contiguous() for name, value in tensors.items()}

    def save(self):
        """Write the checkpoint; the one before is kept as `previous`.

        Raises
        ------
        TrainingError
            If it cannot be written; the last good one is still there.
        """
        about = {"step": self.step, "minutes": self.minutes, "found": self.found, **asdict(self.settings)}
        with writing(self.checkpoint) as temporary:
            temporary.write_bytes(safetensors.torch.save(self._tensors(), {"about": json.dumps(about)}))
            if self.checkpoint.exists():  # if all ends between the two renamings, `previous` is gone on from
                os.replace(self.checkpoint, self.previous)

    def _load(self, path):
        try:
            with safetensors.safe_open(path, "pt") as file:
                about = json.loads(file.metadata()["about"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            self.net.load_state_dict(_part(tensors, "net."))
            self.mean.load_state_dict(_part(tensors, "mean."))
            state = self.optimizer.state_dict()
            for name, value in _part(tensors, "optimizer.").items():
                i, _, key = name.partition(".")
                state["state"].setdefault(int(i), {})[key] = value
            self.optimizer.load_state_dict(state)
            self.step, self.minutes, self.found = about["step"], about["minutes"], about.get("found")
        except _UNREADABLE as error:
            remedy = "put a whole one in its place"
            if path != self.previous and self.previous.exists():
                remedy = f"remove it to go on from {self.previous.name}"
            raise TrainingError(
                f"checkpoint {printable(path)} is damaged or of another network ({_reason(error)}): {remedy}, or name "
                "another --out"
            ) from error

    def train(self, pieces, held_out, *, progress=True):
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
        s, started, losses = self.settings, time.monotonic(), []
        earlier = self.minutes
        self._record()  # what could not be written after the checkpoint
        bar = tqdm(total=s.steps, initial=self.step, unit="step", disable=not progress)
        while self.step < s.steps:
            losses.append(self._one_step(pieces))
            bar.update()
            bar.set_postfix(loss=f"{np.mean(losses[-50:]):.4f}", best=f"{max(self.best, 0.0):.3f}", refresh=False)
            if self.step % s.every == 0 or self.step == s.steps:
                scores = validate(self.mean, held_out, s.validation_s)
                self.minutes = earlier + (time.monotonic() - started) / 60.0
                self.found = {"scores": scores, "row": self._row(float(np.mean(losses)), scores)}
                losses = []
                self.save()
                self._record()
        bar.close()

    def _one_step(self, pieces):
        s = self.settings
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(s, self.step)
        x, target = batch(pieces, s, self.step)
        self.net.train()
        with torch.autocast("cpu", torch.bfloat16):
            out, _ = self.net(x, self.net.empty_states(s.batch))
        value = note_loss(out, target, delay_weights=s.delay_weights)
        if not torch.isfinite(value):
            raise TrainingError(f"the loss is {value.item()} at step {self.step}: use a lower learning_rate")
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        self.step, self.found = self.step + 1, None
        self._average()
        return value.item()

    @torch.no_grad()
    def _average(self):
        keep = min(self.settings.average, (1.0 + self.step) / (10.0 + self.step))
        for mean, value in zip(self.mean.state_dict().values(), self.net.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, 1.0 - keep)
            else:
                mean.copy_(value)

    def _row(self, value, scores):
        frames = self.step * self.settings.batch * self.settings.frames
        row = {"minutes": self.minutes, "step": self.step, "frames": frames, "loss": value}
        row |= {"validation_onset_f1": scores["f1_90"], "validation_onset_f1_offline": scores["f1_240"]}
        row |= {"threshold": scores["threshold_90"], "learning_rate": learning_rate(self.settings, self.step - 1)}
        return {name: round(number, 6) for name, number in row.items()}

    def _record(self):
        """Keep the weights if they are the best, and log what was found; done twice it changes nothing."""
        if self.found is None:
            return
        if self.found["scores"]["f1_90"] > self.best:
            self._keep(self.found["scores"])
        self._log(self.found["row"])

    def _keep(self, scores):
        about = {"step": self.step, "scores": scores, "settings": asdict(self.settings)}
        tensors = {name: value.contiguous() for name, value in self.mean.state_dict().items()}
        with writing(self.folder / "best.safetensors") as temporary:
            temporary.write_bytes(safetensors.torch.save(tensors, {"about": json.dumps(about)}))
        self.best = scores["f1_90"]

    def _log(self, row):
        """The rows of earlier steps and this one; later rows are of a training that went on from here before."""
        path = self.folder / "log.csv"
        rows = [*_logged_before(path, row["step"]), row]
        with writing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, row, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)


def _logged_before(path, step):
    """Rows of the log, as text, of earlier steps than this."""
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [row for row in csv.DictReader(file) if int(row["step"]) < step]
    except (*_UNREADABLE, csv.Error) as error:
        raise TrainingError(
            f"{printable(path)} is damaged ({_reason(error)}): move it elsewhere and give the same command to go on"
        ) from error


def _reason(error):
    """The first line of an error's message."""
    return (str(error).splitlines() or [type(error).__name__])[0][:120]


def _part(tensors, prefix):
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
