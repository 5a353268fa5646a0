"""Weights in files: tensors as safetensors, and what is known about them as JSON inside. Nothing is unpickled."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from pianolab.errors import first_line, printable
from pianolab.training.errors import TrainingError, writing
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
    net = NoteNet(ear=settings["ear"], width=settings["width"], rivals=settings["rivals"])
    net.load_state_dict(tensors)
    return net.eval(), about


def mean_weights(paths: Sequence[str | Path], out: str | Path) -> None:
    """Write the mean of the weights of trainings that went on from one another.

    Where two trainings lie near each other, the mean of their weights often hears as well as the better one, and keeps
    of each what the other has forgotten (Wortsman et al., "Model soups", ICML 2022).

    Parameters
    ----------
    paths : sequence of str or Path
        ``best.safetensors`` of networks of one size.
    out : str or Path
        A file like them; what it says of itself is what the last of them does.

    Raises
    ------
    TrainingError
        If one is damaged or of another size, or ``out`` cannot be written.
    """
    sums: dict[str, Tensor] = {}
    about: dict[str, Any] = {}
    for path in paths:
        try:
            tensors, about = read_tensors(path)
            if sums and {name: value.shape for name, value in tensors.items()} != {k: v.shape for k, v in sums.items()}:
                raise ValueError("other sizes than those before")
        except UNREADABLE as error:
            raise TrainingError(
                f"{printable(path)} holds no weights for a mean ({first_line(error)}): name best.safetensors of "
                "trainings with the same ear, width and rivals"
            ) from error
        sums = {name: value + sums[name] if name in sums else value for name, value in tensors.items()}
    if not sums:
        raise TrainingError("a mean of no weights: name at least one file")
    mean = {name: value / len(paths) if value.is_floating_point() else tensors[name] for name, value in sums.items()}
    with writing(out) as temporary:
        write_tensors(temporary, mean, about)
