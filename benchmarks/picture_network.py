"""Train the small network of notebook 13, which judges from a patch of a picture whether its key was struck.

    python benchmarks/picture_network.py            writes pianolab/lessons/pictures.onnx and pictures.json

It needs PyTorch and onnx (`make setup-train`) and OpenCV. It learns from sounds of our own: random keys, chords and
runs, struck softly and hard, rendered on three pianos, dry and in a room. Sounds of the fourth piano, `upright`, are
held out: neither the network nor the stencils that propose know it. Patches are those that the stencils propose, and
those of all notes played. The graph is written number by number from the weights, so that no file is pickled. Same
seed, same patches; the weights differ in their last digits from one processor to the next.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from tqdm import tqdm

from pianolab.files import replacing
from pianolab.lessons import pictures
from pianolab.piano import render
from pianolab.roll import Notes

PIANOS, HELD_OUT = ("grand", "bright", "felt"), "upright"
NEAR = 4  # Columns (46 ms) within which a proposal is the stroke.
OPSET = 13


def random_music(rng, *, seconds):
    """Keys, chords and runs: one to four keys every 0.12 to 0.7 s, held until then or over what follows.

    In a third of the sounds there are only single keys, anywhere.
    """
    onset, offset, midi, velocity = [], [], [], []
    t, middle, single = 0.3, rng.uniform(30, 100), rng.random() < 1 / 3
    while t < seconds:
        middle = rng.uniform(21, 108) if single else np.clip(middle + rng.normal(0, 4), 25, 104)
        step = rng.uniform(0.12, 0.7)
        n = 1 if single else int(rng.choice([1, 1, 1, 2, 3, 4]))
        for key in np.unique(np.clip(np.round(middle + rng.normal(0, 9, n) * (n > 1)), 21, 108)):
            onset.append(t + rng.uniform(0, 0.008))
            offset.append(t + step * rng.choice([0.9, 1.0, 1.0, 2.5]))
            midi.append(key)
            velocity.append(rng.uniform(25, 115))
        t += step
    return without_doubles(Notes(onset, offset, midi, velocity))


def without_doubles(notes):
    """A key is let go before it is struck again."""
    offset = notes.offset.copy()
    for key in np.unique(notes.midi):
        same = np.flatnonzero(notes.midi == key)
        offset[same[:-1]] = np.minimum(offset[same[:-1]], notes.onset[same[1:]] - 0.02)
    return Notes(notes.onset, np.maximum(offset, notes.onset + 0.02), notes.midi, notes.velocity)


def examples(piano, rng, *, seconds):
    """Patches of one sound, and whether the key was struck there."""
    played = random_music(rng, seconds=seconds)
    y = render(played, sr=pictures.SR, piano=piano, room="room" if rng.random() < 0.5 else "dry")
    image = pictures.picture(y, sr=pictures.SR)
    proposals = pictures.propose(pictures.rising(image), least_share=pictures.PROPOSED_SHARE)
    column, midi = pictures.columns_of(played.onset), played.midi
    hit = (np.abs(proposals.column[:, None] - column) <= NEAR) & (proposals.midi[:, None] == midi)
    struck = np.concatenate([hit.any(axis=1), np.ones(np.sum(~hit.any(axis=0)), bool)])
    missed = ~hit.any(axis=0)
    shaken = column[missed] + rng.integers(-2, 3, missed.sum())
    share = np.zeros(missed.sum())
    both = [np.concatenate(pair) for pair in zip(proposals, (shaken, midi[missed], share), strict=True)]
    proposed = np.arange(len(struck)) < len(proposals.midi)
    return pictures.patches(image, pictures.Proposals(*both)), struck, proposed


def collect(pianos, *, n, seconds, seed):
    parts = [
        examples(piano, np.random.default_rng([seed, i]), seconds=seconds)
        for i, piano in enumerate(tqdm([pianos[i % len(pianos)] for i in range(n)], unit="sound"))
    ]
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def network():
    """Two convolutions and two full layers: 20,000 weights, 81 kB."""
    return nn.Sequential(
        nn.Conv2d(1, 8, (3, 3), padding=(1, 1)),
        nn.ReLU(),
        nn.MaxPool2d((3, 2)),
        nn.Conv2d(8, 12, (5, 3), stride=(2, 1), padding=(2, 1)),
        nn.ReLU(),
        nn.MaxPool2d((1, 2)),
        nn.Flatten(),
        nn.Linear(12 * 24 * 4, 16),
        nn.ReLU(),
        nn.Linear(16, 1),
        nn.Sigmoid(),
    )


def trained(patches, struck, *, epochs, seed):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    net = network()
    x, y = torch.from_numpy(patches), torch.from_numpy(struck.astype(np.float32))[:, None]
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=epochs * (len(x) // 64 + 1))
    for _ in tqdm(range(epochs), unit="epoch"):
        for batch in torch.randperm(len(x)).split(64):
            loss = nn.functional.binary_cross_entropy(net(x[batch]), y[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return net


def graph(net):
    """The network as an ONNX model."""
    nodes, weights, before = [], [], "patch"
    for i, layer in enumerate(net):
        name, inputs, settings = f"out_{i}", [before], {}
        for kind, values in layer.named_parameters():
            weights.append(numpy_helper.from_array(values.detach().numpy(), f"{kind}_{i}"))
            inputs.append(f"{kind}_{i}")
        if isinstance(layer, nn.Conv2d):
            settings = {"strides": layer.stride, "pads": [*layer.padding, *layer.padding]}
        elif isinstance(layer, nn.MaxPool2d):
            settings = {"kernel_shape": layer.kernel_size, "strides": layer.kernel_size}
        elif isinstance(layer, nn.Linear):
            settings = {"transB": 1}
        kind = {"Conv2d": "Conv", "ReLU": "Relu", "MaxPool2d": "MaxPool", "Linear": "Gemm"}.get(type(layer).__name__)
        nodes.append(helper.make_node(kind or type(layer).__name__, inputs, [name], **settings))
        before = name
    shape = ["n", 1, pictures.PATCH_ROWS, pictures.PATCH_COLUMNS]
    given = helper.make_tensor_value_info("patch", TensorProto.FLOAT, shape)
    said = helper.make_tensor_value_info(before, TensorProto.FLOAT, ["n", 1])
    made = helper.make_graph(nodes, "pictures", [given], [said], weights)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def judged(weights, patches, struck, proposed):
    """How often the network is right on what the stencils proposed, and how often always saying the same would be."""
    right = (pictures.probabilities(patches[proposed], weights=weights) > pictures.STRUCK) == struck[proposed]
    share = float(struck[proposed].mean())
    return {"patches": int(proposed.sum()), "right": float(right.mean()), "most_common": max(share, 1 - share)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=str(pictures.NETWORK), help="the ONNX file")
    parser.add_argument("--sounds", type=int, default=96, help="sounds to learn from; a third as many are held out")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    learnt = collect(PIANOS, n=args.sounds, seconds=args.seconds, seed=args.seed)
    held_out = collect((HELD_OUT,), n=args.sounds // 3, seconds=args.seconds, seed=args.seed + 1)
    model = graph(trained(learnt[0], learnt[1], epochs=args.epochs, seed=args.seed))
    with replacing(args.out) as temporary:
        temporary.write_bytes(model.SerializeToString())
    known = {
        "made_of": {"pianos": PIANOS, "held_out": HELD_OUT, **{k: v for k, v in vars(args).items() if k != "out"}},
        "learnt": judged(Path(args.out), *learnt),
        "held_out": judged(Path(args.out), *held_out),
    }
    with replacing(Path(args.out).with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    for part in ("learnt", "held_out"):
        print(f"{part}: {known[part]['right']:.3f} right of {known[part]['patches']} patches", end="")
        print(f" ({known[part]['most_common']:.3f} by always saying the same)")


if __name__ == "__main__":
    main()
