"""From trained weights to the file that the detector runs: an ONNX graph with its states as inputs and outputs.

What comes in: ``best.safetensors`` of a training. What comes out: ``neural.onnx`` and ``neural.json`` (what its numbers
mean, how it was trained, with which score). The batch norms are folded into the weights, and the outputs are
probabilities.
"""

import json
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from pianolab.dsp.network_input import NeuralInput
from pianolab.training.errors import writing
from pianolab.training.network import DELAYS_MS, N_KEYS, CausalConv, HarmonicStack, NoteNet, likely_age_s
from pianolab.training.targets import KINDS
from pianolab.training.weights import load_network


def export_network(weights: str | Path, out: str | Path) -> None:
    """Write the ONNX file and its description.

    Parameters
    ----------
    weights : str or Path
        ``best.safetensors``.
    out : str or Path
        ``....onnx``; the description gets the same name with ``.json``.

    Raises
    ------
    TrainingError
        If one of the two cannot be written.
    """
    net, known = load_network(weights)
    stream, states = _Stream(_folded(net)), net.empty_states()
    names = [f"state_{i}" for i in range(len(states))]
    heard = torch.zeros(4, *NeuralInput.shape)
    said = ["answers", "pedal", *(["pedal_age"] if net.pedal_age is not None else [])]
    with warnings.catch_warnings(), writing(out) as temporary:
        warnings.simplefilter("ignore")  # The exporter warns of itself.
        torch.onnx.export(
            stream,
            (heard, *states),
            temporary,
            input_names=["heard", *names],
            output_names=[*said, *(f"new_{name}" for name in names)],
            dynamic_axes={name: {0: "frames"} for name in ("heard", *said)},
            opset_version=17,
            dynamo=False,
        )
    description = {"delays_ms": DELAYS_MS, "kinds": KINDS, "n_keys": N_KEYS, **known}
    with writing(Path(out).with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")


class _Stream(nn.Module):
    """The network for one stream: (T, 3, 294) -> (T, 5, 4, 88) and the pedal's (T, 5), in [0, 1], and the states.

    Before the states comes for how long the pedal has been down, (T, 5) seconds, where the network says so.
    """

    def __init__(self, net: NoteNet):
        super().__init__()
        self.net = net

    def forward(self, heard: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        logits, pedal, aged, new = self.net.hear(heard.permute(1, 0, 2)[None], states)
        said = (torch.sigmoid(logits[0]).permute(2, 0, 1, 3), torch.sigmoid(pedal[0]).permute(1, 0))
        return (*said, *([] if aged is None else [likely_age_s(aged[0, :, 1:]).permute(1, 0)]), *new)


@torch.no_grad()
def _folded(net: NoteNet) -> NoteNet:
    """The same network with each batch norm folded into the weights before it (in place)."""
    for module in net.modules():
        if not isinstance(module, CausalConv | HarmonicStack):
            continue
        norm = module.norm
        scale = norm.weight / torch.sqrt(norm.get_buffer("running_var") + norm.eps)
        shift = norm.bias - norm.get_buffer("running_mean") * scale
        if isinstance(module, CausalConv):
            module.conv.weight.mul_(scale[:, None, None, None])
            module.conv.bias = nn.Parameter(shift)
            module.register_module("norm", nn.Identity())
        else:
            module.weight.mul_(scale)
            module.register_module("norm", _Shift(shift))
    return net


class _Shift(nn.Module):
    """Adds one number a channel: what is left of a batch norm whose scale went into the weights."""

    def __init__(self, shift: Tensor):
        super().__init__()
        self.register_buffer("shift", shift[:, None, None].clone())

    def forward(self, x: Tensor) -> Tensor:
        return x + self.get_buffer("shift")
