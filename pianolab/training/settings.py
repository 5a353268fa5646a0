"""What a training can be told: sizes of the network, length of the training, seed.

What comes in: a JSON file, the words of a command, or defaults. What comes out: Settings, in which every value is of
its kind and can work.
"""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pianolab.errors import first_line, nearest, printable
from pianolab.training.errors import TrainingError

SKIPPED_FRAMES = 16  # The first frames of a segment do not count, because the network has heard too little.
AT_LEAST_ONE = ("steps", "batch", "every", "versions", "ear", "width", "rivals", "warm_up")
LEAST: dict[str, float] = {"frames": SKIPPED_FRAMES + 1, "validation_s": 1.0, "learning_rate": 1e-9}
LEAST |= dict.fromkeys(AT_LEAST_ONE, 1)
GRADIENT_LIMIT = 1.0  # Longer gradients are shortened to this, so that one odd batch cannot throw the weights far.
MOST = {"average": 0.99999, "fall": 1.0, "learning_rate": 1.0}
FORMER_NAMES = {"takes": "versions"}  # Files of earlier trainings have the old names.


@dataclass(frozen=True)
class Settings:
    """How the network is made and trained; written beside the weights as JSON.

    Attributes
    ----------
    seed : int
        Fixes everything that is drawn.
    versions : int
        How often each recording is learnt from: once as it is, then augmented.
    rendered_hours : float
        Music rendered for the purpose.
    steps : int
        Steps in all.
    batch : int
        Segments in each step.
    frames : int
        Frames of 20 ms in each segment.
    learning_rate, weight_decay : float
        How far AdamW goes in a step, and how much it shrinks the weights.
    warm_up : int
        Steps in which the learning rate rises.
    fall : float
        Part of the steps in which it falls, 0 to 1.
    average : float
        The weights that are kept are an exponential mean: this much of it stays at each step.
    ear, width, rivals : int
        Channels of `pianolab.training.network.NoteNet`.
    pedal : int
        Channels of the head that says for how long the pedal has been down. It is learnt alone, from performances,
        while all else stays as it is in the weights that the training begins with; 0 learns everything else.
    delay_weights : tuple of 5 floats
        How much each delay counts in the loss.
    every : int
        Steps from one validation and checkpoint to the next.
    validation_s : float
        Seconds of each held-out recording.

    Raises
    ------
    TrainingError
        For a value of another kind or one that cannot work.

    Examples
    --------
    >>> Settings(steps=100, fall=0.5).steps
    100
    >>> Settings(batch=0)
    Traceback (most recent call last):
        ...
    pianolab.training.errors.TrainingError: setting batch is 0: use at least 1
    """

    seed: int = 1
    versions: int = 4
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
    pedal: int = 0
    delay_weights: tuple[float, ...] = (0.1, 0.15, 0.25, 1.0, 0.5)
    every: int = 200
    validation_s: float = 30.0

    def __post_init__(self) -> None:
        for field in fields(self):
            given = getattr(self, field.name)
            value = _like(field.default, given)
            if value is None:
                raise TrainingError(f"setting {field.name} is {given!r}: give a value like {field.default!r}")
            if value < LEAST.get(field.name, value):
                raise TrainingError(f"setting {field.name} is {value}: use at least {LEAST[field.name]}")
            if value > MOST.get(field.name, value):
                raise TrainingError(f"setting {field.name} is {value}: use at most {MOST[field.name]}")
            object.__setattr__(self, field.name, value)
        if not sum(self.delay_weights):
            raise TrainingError("setting delay_weights is 0 for every delay: nothing would be learnt")


def read_settings(config: str | Path | None = None, **given: Any) -> Settings:
    """Settings of a JSON file, then of keyword arguments that are not None.

    Parameters
    ----------
    config : str or Path, optional
        A file with a JSON object of settings.
    **given : number or tuple
        Settings by name, which win.

    Returns
    -------
    Settings

    Raises
    ------
    TrainingError
        For a file that cannot be read or is no JSON object, an unknown name or an unusable value.

    Examples
    --------
    >>> read_settings(steps=100, seed=None).steps
    100
    """
    values: dict[str, Any] = {}
    if config is not None:
        try:
            values = dict(json.loads(Path(config).read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise TrainingError(f"config {printable(config)} is no JSON object of settings: {error}") from error
        except OSError as error:
            raise TrainingError(f"config {first_line(error)}: give a JSON file of settings") from error
    present = by_present_names({name: value for name, value in given.items() if value is not None})
    values = by_present_names(values) | present
    known = [field.name for field in fields(Settings)]
    for name in values:
        if name not in known:
            hint = nearest(name, known, otherwise=f": use {', '.join(known)}")
            raise TrainingError(f"setting {name!r} is unknown{hint}")
    return Settings(**values)


def by_present_names(values: dict[str, Any]) -> dict[str, Any]:
    """Settings of an earlier training under the names that they have now.

    Parameters
    ----------
    values : dict
        Name to value.

    Returns
    -------
    dict

    Raises
    ------
    TrainingError
        If one stands there under both names.

    Examples
    --------
    >>> by_present_names({"takes": 4, "steps": 100})
    {'versions': 4, 'steps': 100}
    """
    for former, name in FORMER_NAMES.items():
        if former in values and name in values:
            raise TrainingError(f"setting {name} is given twice, also by its former name {former}: leave {former} out")
    return {FORMER_NAMES.get(name, name): value for name, value in values.items()}


def _like(default: Any, value: Any) -> Any:
    """A value of the kind of a default (whole number, number, or so many of them), not below 0; None if it is not."""
    if isinstance(default, tuple):
        if not isinstance(value, (list, tuple)) or len(value) != len(default):
            return None
        numbers = tuple(_like(one, number) for one, number in zip(default, value, strict=True))
        return None if None in numbers else numbers
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e15:
        return None
    if isinstance(default, int):
        return int(value) if value == int(value) else None
    return float(value)
