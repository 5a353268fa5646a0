"""The training loop: batches, loss, steps, checkpoints, and how well held-out recordings are heard.

What comes in: the folder that material.py filled, and Settings. What comes out: ``checkpoint.safetensors`` with all
that is needed to go on, ``log.csv`` with loss and validation scores, and ``best.safetensors``, the averaged weights.
The learning rate rises, stays, and falls over the last part of the steps: so a longer training can go on from any
checkpoint before the fall. All that is drawn depends on the seed and the number of the step alone.
"""

import csv
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch.nn import functional as F
from tqdm.auto import tqdm

from pianolab.files import printable, replacing
from pianolab.labels import read_labels
from pianolab.neural_input import HOP, N_BINS, SR
from pianolab.roll import Notes
from pianolab.scores import Protocol, match
from pianolab.training.network import DELAYS_MS, NoteNet
from pianolab.training.targets import rolls
from pianolab.units import MIDI_LOW

HOP_S = HOP / SR
THRESHOLDS = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)


class TrainingError(ValueError):
    """A training that cannot begin or go on; the message is one line with the remedy."""


@dataclass(frozen=True)
class Settings:
    """How the network is made and trained; written beside the weights as JSON.

    Attributes
    ----------
    seed : fixes everything that is drawn.
    takes, rendered_hours : material (see pianolab.training.material).
    steps, batch, frames : steps in all; segments in each and their frames of 20 ms.
    learning_rate, weight_decay, warm_up, fall : AdamW; steps of the rise, part of the steps that the fall takes.
    average : of the weights, an exponential mean: how much stays at each step.
    ear, width, rivals : channels (see pianolab.training.network.NoteNet).
    delay_weights : of the losses of the five delays.
    every : steps from one validation and checkpoint to the next.
    validation_s : seconds of each held-out recording.
    """

    seed: int = 1
    takes: int = 3
    rendered_hours: float = 6.0
    steps: int = 2000
    batch: int = 8
    frames: int = 256
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    warm_up: int = 150
    fall: float = 0.4
    average: float = 0.995
    ear: int = 48
    width: int = 80
    rivals: int = 32
    delay_weights: tuple = (0.1, 0.15, 0.25, 1.0, 0.5)
    every: int = 200
    validation_s: float = 30.0


def network(settings):
    """A new network of these settings, with weights drawn by the seed."""
    torch.manual_seed(settings.seed)
    net = NoteNet(ear=settings.ear, width=settings.width, rivals=settings.rivals)
    return net.to(memory_format=torch.channels_last)


# ------------------------------------------------------------------------------------------------------ batches


class Pieces:
    """Pieces of material, opened but not read."""

    def __init__(self, folder):
        paths = sorted(Path(folder).glob("*.npy"))
        if not paths:
            raise TrainingError(f"{printable(folder)} holds no material: make it first (pianolab train does)")
        self.inputs = [np.load(path, mmap_mode="r", allow_pickle=False) for path in paths]
        self.notes = [read_labels(path.with_suffix(".tsv")).on_keyboard() for path in paths]
        self._ends = np.cumsum([len(heard) for heard in self.inputs])

    def segment(self, rng, frames):
        """A random stretch: (frames, 3, 294) float32 and its (5, 4, frames, 88) targets."""
        i = int(np.searchsorted(self._ends, rng.integers(self._ends[-1]), side="right"))
        first = int(rng.integers(max(len(self.inputs[i]) - frames, 0) + 1))
        heard = np.zeros((frames, *self.inputs[i].shape[1:]), np.float32)
        part = self.inputs[i][first : first + frames]
        heard[: len(part)] = part
        ends_s = (first + np.arange(frames)) * HOP_S
        return heard, np.stack([rolls(self.notes[i], ends_s, ms / 1000.0) for ms in DELAYS_MS])


def batch(pieces, settings, step):
    """Segments for one step: (B, 3, T, 294) input and (B, 5, 4, T, 88) targets, as tensors."""
    rng = np.random.default_rng([settings.seed, 4, step])
    inputs, targets = [], []
    for _ in range(settings.batch):
        heard, wanted = pieces.segment(rng, settings.frames)
        shift = int(rng.integers(-1, 2))  # semitones
        if shift:
            heard, wanted = _moved(heard, 3 * shift), _moved(wanted, shift)
        bends = np.interp(np.arange(N_BINS), np.linspace(0, N_BINS, 6), rng.uniform(-4.0, 4.0, 6))
        gain = np.float32(10.0) ** ((bends + rng.uniform(-8.0, 8.0)) / 20.0).astype(np.float32)
        inputs.append(louder(heard, gain))
        targets.append(wanted)
    x = torch.from_numpy(np.stack(inputs)).permute(0, 2, 1, 3)
    return x.contiguous(memory_format=torch.channels_last), torch.from_numpy(np.stack(targets))


def louder(heard, gain):
    """The input as it would be if the sound were ``gain`` times as strong (a number for each bin)."""
    return np.log10(1.0 + gain * (np.power(np.float32(10.0), heard) - 1.0), dtype=np.float32)


def _moved(values, by):
    """Shifted along the last axis, zeros moving in."""
    out = np.zeros_like(values)
    if by > 0:
        out[..., by:] = values[..., :-by]
    else:
        out[..., :by] = values[..., -by:]
    return out


# --------------------------------------------------------------------------------------------------------- loss

RIVALS = (12, 19, 24, -12)  # semitones from a stroke to keys that its partials may be taken for
SKIPPED = 16  # frames at the beginning of a segment that do not count: the network has heard too little


def loss(out, target, delay_weights):
    """How wrong the answers are.

    Cross-entropy of onset, frame and offset; frames near onsets count more, and so do keys an octave, a twelfth or
    two octaves from a stroke that are not struck themselves. Of velocity what counts is mostly how strokes of one
    segment compare, because a recording's level says nothing about the player.

    Parameters
    ----------
    out : (B, 5, 4, T, 88) logits
    target : (B, 5, 4, T, 88)
    delay_weights : tuple of float

    Returns
    -------
    torch.Tensor, a number
    """
    out, target = out[:, :, :, SKIPPED:].float(), target[:, :, :, SKIPPED:]
    onset = target[:, :, 0]
    rival = torch.zeros_like(onset)
    for step in RIVALS:
        here, there = (slice(step, None), slice(None, -step)) if step > 0 else (slice(None, step), slice(-step, None))
        rival[..., here] = torch.maximum(rival[..., here], onset[..., there])
    wrong = F.binary_cross_entropy_with_logits(out[:, :, :3], target[:, :, :3], reduction="none")
    per_delay = 6.0 * (wrong[:, :, 0] * (1.0 + 2.0 * onset + 2.0 * rival * (1.0 - onset))).mean((0, 2, 3))
    per_delay = per_delay + wrong[:, :, 1].mean((0, 2, 3)) + 2.0 * wrong[:, :, 2].mean((0, 2, 3))
    weight = onset * (onset > 0.3)
    error = torch.sigmoid(out[:, :, 3]) - target[:, :, 3]
    total = weight.sum((2, 3), keepdim=True) + 1e-3
    mean = (weight * error).sum((2, 3), keepdim=True) / total
    relative = (weight * (error - mean) ** 2).sum((2, 3)) / total[..., 0, 0]
    per_delay = per_delay + (2.0 * relative + 0.3 * mean[..., 0, 0] ** 2).mean(0)
    weights = torch.tensor(delay_weights)
    return (per_delay * weights).sum() / weights.sum()


def learning_rate(settings, step):
    """Rises over the first steps, stays, falls to nothing over the last part."""
    falling = (settings.steps - step) / max(settings.fall * settings.steps, 1.0)
    return settings.learning_rate * min((step + 1) / settings.warm_up, 1.0, max(falling, 0.0))


# --------------------------------------------------------------------------------------------------- validation


@torch.no_grad()
def answers(net, heard, frames=1500):
    """(5, 4, T, 88) probabilities (and velocity 0..1) of a whole piece, in stretches with the state carried."""
    net.eval()
    states, parts = net.empty_states(), []
    for start in range(0, len(heard), frames):
        part = np.asarray(heard[start : start + frames], np.float32)
        x = torch.from_numpy(part).permute(1, 0, 2)[None].contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            out, states = net(x, [state.to(torch.bfloat16) if i else state for i, state in enumerate(states)])
        parts.append(torch.sigmoid(out[0].float()))
    return torch.cat(parts, dim=2).numpy()


def peaks(onset, threshold, delay_s):
    """Notes at the peaks of (T, 88) onset evidence, timed between frames by a parabola."""
    before, at, after = onset[:-2], onset[1:-1], onset[2:]
    frame, key = np.nonzero((at >= threshold) & (at >= before) & (at > after))
    a, b, c = before[frame, key], at[frame, key], after[frame, key]
    shift = 0.5 * (a - c) / np.minimum(a - 2.0 * b + c, -1e-9)
    times = np.maximum((frame + 1 + shift) * HOP_S - delay_s, 0.0)
    return Notes(times, times + 0.1, key + MIDI_LOW)


def validate(net, pieces, seconds):
    """Onset F1 (50 ms) at the best threshold on held-out pieces, mean over pieces, for delays 90 and 240 ms.

    Returns
    -------
    dict
        ``f1_90``, ``threshold_90``, ``f1_240``, ``threshold_240``.
    """
    found, protocol = {}, Protocol()
    heard = [answers(net, x[: round((seconds + 0.3) / HOP_S)]) for x in pieces.inputs]
    for ms in (90, 240):
        row, delay_s, means = DELAYS_MS.index(ms), ms / 1000.0, []
        for threshold in THRESHOLDS:
            scores = []
            for answer, notes in zip(heard, pieces.notes, strict=True):
                reference = notes.between(0.0, seconds)
                estimate = peaks(answer[row, 0], threshold, delay_s).between(0.0, seconds)
                hits = len(match(reference, estimate, protocol=protocol))
                scores.append(2.0 * hits / max(len(reference) + len(estimate), 1))
            means.append(float(np.mean(scores)))
        best = int(np.argmax(means))
        found |= {f"f1_{ms}": means[best], f"threshold_{ms}": THRESHOLDS[best]}
    return found


# --------------------------------------------------------------------------------------------------- the training


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
