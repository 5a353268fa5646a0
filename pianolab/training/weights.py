"""Weights in files: tensors as safetensors, and what is known about them as JSON inside. Nothing is unpickled."""

import json
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from pianolab.training.network import NoteNet

UNREADABLE = (OSError, KeyError, TypeError, ValueError, RuntimeError, safetensors.SafetensorError)


def read_tensors(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """A file of weights and what is written about them.

    Parameters
    ----------
    path : str or Path
        A checkpoint or ``best.safetensors``.

    Returns
    -------
    tensors : dict
        Name to tensor.
    about : dict
        The JSON inside.

    Raises
    ------
    One of UNREADABLE
        If it is no such file.
    """
    with safetensors.safe_open(path, "pt") as file:
        about = json.loads(file.metadata()["about"])
        return {name: file.get_tensor(name) for name in file.keys()}, about  # noqa: SIM118 (not a dict)


def write_tensors(path: Path, tensors: dict[str, Tensor], about: dict[str, Any]) -> None:
    """Write weights and what is known about them.

    Parameters
    ----------
    path : Path
    tensors : dict
        Name to tensor.
    about : dict
        What is written beside them, as JSON.
    """
    tensors = {name: value.contiguous() for name, value in tensors.items()}
    path.write_bytes(safetensors.torch.save(tensors, {"about": json.dumps(about)}))


def load_network(path: str | Path) -> tuple[NoteNet, dict[str, Any]]:
    """The network of a ``best.safetensors`` and what is known about it.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    net : NoteNet
        In evaluation mode.
    about : dict
        ``step``, ``scores`` of the validation and ``settings`` of the training.
    """
    tensors, about = read_tensors(path)
    settings = about["settings"]
    sizes = {name: settings[name] for name in ("ear", "width", "rivals")}
    net = NoteNet(**sizes, pedal=settings.get("pedal", 0))  # Files of earlier trainings do not know of `pedal`.
    net.load_state_dict(tensors)
    return net.eval(), about
