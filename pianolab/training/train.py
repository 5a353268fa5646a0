"""The training loop: steps, checkpoints and the log.

What comes in: batches of material, and Settings. What comes out: ``checkpoint.safetensors`` with all that is needed to
go on, ``log.csv`` with loss and validation scores, and ``best.safetensors``, the averaged weights. The learning rate
rises, stays, and falls over the last part of the steps: so a longer training can go on from any checkpoint before the
fall. All that is drawn depends on the seed and the number of the step alone.
"""

import csv
import json
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from tqdm.auto import tqdm

from pianolab.files import printable, replacing
from pianolab.training.batches import batch
from pianolab.training.loss import loss
from pianolab.training.network import NoteNet
from pianolab.training.settings import TrainingError
from pianolab.training.validation import validate


def network(settings):
    """A new network of these settings, with weights drawn by the seed."""
    torch.manual_seed(settings.seed)
    net = NoteNet(ear=settings.ear, width=settings.width, rivals=settings.rivals)
    return net.to(memory_format=torch.channels_last)


def learning_rate(settings, step):
    """Rises over the first steps, stays, falls to nothing over the last part."""
    falling = (settings.steps - step) / max(settings.fall * settings.steps, 1.0)
    return settings.learning_rate * min((step + 1) / settings.warm_up, 1.0, max(falling, 0.0))


class Run:
    """A training in a folder: begin it or go on where it stopped.

    Parameters
    ----------
    folder : path
        Holds or will hold the checkpoint, the log and the weights.
    settings : Settings

    Raises
    ------
    TrainingError
        If the checkpoint is damaged or of another network.
    """

    def __init__(self, folder, settings):
        self.folder, self.settings = Path(folder), settings
        self.net, self.mean = network(settings), network(settings)
        groups = [
            {"params": [p for p in self.net.parameters() if p.ndim > 1], "weight_decay": settings.weight_decay},
            {"params": [p for p in self.net.parameters() if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98))
        self.step, self.minutes, self.best = 0, 0.0, -1.0
        if self.checkpoint.exists():
            self._load()

    @property
    def checkpoint(self):
        return self.folder / "checkpoint.safetensors"

    def _tensors(self):
        tensors = {f"net.{name}": value for name, value in self.net.state_dict().items()}
        tensors |= {f"mean.{name}": value for name, value in self.mean.state_dict().items()}
        for i, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{i}.{name}": torch.as_tensor(value) for name, value in state.items()}
        return {name: value.contiguous() for name, value in tensors.items()}

    def save(self):
        """Write the checkpoint; the one before stays until the new one is whole."""
        about = {"step": self.step, "minutes": self.minutes, "best": self.best, **asdict(self.settings)}
        _write(self.checkpoint, self._tensors(), about)

    def _load(self):
        try:
            with safetensors.safe_open(self.checkpoint, "pt") as file:
                about = json.loads(file.metadata()["about"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            self.net.load_state_dict(_part(tensors, "net."))
            self.mean.load_state_dict(_part(tensors, "mean."))
            state = self.optimizer.state_dict()
            for name, value in _part(tensors, "optimizer.").items():
                i, _, key = name.partition(".")
                state["state"].setdefault(int(i), {})[key] = value
            self.optimizer.load_state_dict(state)
            self.step, self.minutes, self.best = about["step"], about["minutes"], about["best"]
        except (OSError, KeyError, TypeError, ValueError, RuntimeError, safetensors.SafetensorError) as error:
            reason = str(error).splitlines()[0][:120]
            raise TrainingError(
                f"checkpoint {printable(self.checkpoint)} is damaged or of another network ({reason}): remove it, or "
                "name another --out"
            ) from error

    def train(self, pieces, held_out, *, progress=True):
        """Go on to the last step; validates, logs and saves every so many steps.

        Parameters
        ----------
        pieces, held_out : Pieces
        progress : bool
            Show a bar with loss and validation score.
        """
        s, started, losses = self.settings, time.monotonic(), []
        earlier = self.minutes
        bar = tqdm(total=s.steps, initial=self.step, unit="step", disable=not progress)
        while self.step < s.steps:
            losses.append(self._one_step(pieces))
            bar.update()
            bar.set_postfix(loss=f"{np.mean(losses[-50:]):.4f}", best=f"{max(self.best, 0.0):.3f}", refresh=False)
            if self.step % s.every == 0 or self.step == s.steps:
                scores = validate(self.mean, held_out, s.validation_s)
                self.minutes = earlier + (time.monotonic() - started) / 60.0
                self._log(float(np.mean(losses)), scores)
                losses = []
                if scores["f1_90"] > self.best:
                    self.best = scores["f1_90"]
                    self._keep(scores)
                self.save()
        bar.close()

    def _one_step(self, pieces):
        s = self.settings
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(s, self.step)
        x, target = batch(pieces, s, self.step)
        self.net.train()
        with torch.autocast("cpu", torch.bfloat16):
            out, _ = self.net(x, self.net.empty_states(s.batch))
        value = loss(out, target, s.delay_weights)
        if not torch.isfinite(value):
            raise TrainingError(f"the loss is {value.item()} at step {self.step}: use a lower learning_rate")
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
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

    def _keep(self, scores):
        about = {"step": self.step, "scores": scores, "settings": asdict(self.settings)}
        tensors = {name: value.contiguous() for name, value in self.mean.state_dict().items()}
        _write(self.folder / "best.safetensors", tensors, about)

    def _log(self, value, scores):
        path = self.folder / "log.csv"
        frames = self.step * self.settings.batch * self.settings.frames
        row = {"minutes": self.minutes, "step": self.step, "frames": frames, "loss": value}
        row |= {"validation_onset_f1": scores["f1_90"], "validation_onset_f1_offline": scores["f1_240"]}
        row |= {"threshold": scores["threshold_90"], "learning_rate": learning_rate(self.settings, self.step - 1)}
        new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, row)
            if new:
                writer.writeheader()
            writer.writerow({name: round(number, 6) for name, number in row.items()})


def _write(path, tensors, about):
    """Write tensors, or say why not; what was at ``path`` stays until the new file is whole."""
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(safetensors.torch.save(tensors, {"about": json.dumps(about)}))
    except OSError as error:
        raise TrainingError(
            f"{printable(path)} cannot be written ({error.strerror or error}): the last good one is kept; free some "
            "space and give the same command to go on"
        ) from error


def _part(tensors, prefix):
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
