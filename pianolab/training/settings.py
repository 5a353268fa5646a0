"""What a training can be told, and the error that says why one cannot go on."""

from dataclasses import dataclass

from pianolab.errors import PianolabError


class TrainingError(PianolabError):
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
    takes: int = 4
    rendered_hours: float = 9.0
    steps: int = 2000
    batch: int = 8
    frames: int = 256
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    warm_up: int = 150
    fall: float = 0.4
    average: float = 0.998
    ear: int = 48
    width: int = 96
    rivals: int = 32
    delay_weights: tuple = (0.1, 0.15, 0.25, 1.0, 0.5)
    every: int = 200
    validation_s: float = 30.0
