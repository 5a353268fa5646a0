"""How a network in training hears the scenes that it is held to: kind by kind, beside the package's own.

    python benchmarks/held_out_scenes.py --training DIR                  its best weights so far, and the package's
    python benchmarks/held_out_scenes.py --training DIR --threshold 0.5  another onset threshold
    python benchmarks/held_out_scenes.py --training DIR --network FILE   another exported network

DIR is the folder of a `pianolab train --pianos ...`. Its best weights are exported into DIR/look.onnx. Networks that
are not finished have no settings of the tracker yet: they get the package's, with the onset threshold of their
validation, so that a look takes a minute and not ten. These scenes choose thresholds and weights: what is measured here
is for whoever trains, and never a result. Onset F1 is at 50 ms; soft, bass and repeats are the found shares of notes
that are softer than velocity 30, lie below C3, or follow a stroke of the same key within 350 ms.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from pianolab.cli.command import seconds
from pianolab.data import Recording
from pianolab.detectors.neural import WEIGHTS
from pianolab.labels import read_pedal
from pianolab.registry import create
from pianolab.scores import Protocol, match, score_notes, score_pedal
from pianolab.session import Session
from pianolab.training.export import export_network
from pianolab.training.material import HELD_OUT_KINDS

SOFT_VELOCITY, BASS_MIDI, REPEAT_S = 30.0, 48, 0.35
LOOKAHEAD_MS = 90


def export_best(training, threshold):
    """The best weights so far as a network that can be run, with settings of the tracker."""
    path = training / "look.onnx"
    export_network(training / "best.safetensors", path)
    description = json.loads(path.with_suffix(".json").read_text())
    settings = json.loads(WEIGHTS["maps"].with_suffix(".json").read_text(encoding="utf-8"))["tracking"]
    chosen = description["scores"]["threshold_90"] if threshold is None else threshold
    description["tracking"] = {ms: {**values, "onset_threshold": chosen} for ms, values in settings.items()}
    path.with_suffix(".json").write_text(json.dumps(description, indent=1))
    return path


def repeats(notes):
    """Which notes follow a stroke of their key within REPEAT_S."""
    last, found = {}, np.zeros(len(notes), bool)
    for i in np.argsort(notes.onset, kind="stable"):
        found[i] = notes.onset[i] - last.get(notes.midi[i], -np.inf) < REPEAT_S
        last[notes.midi[i]] = notes.onset[i]
    return found


def look_at(network, path, kind, length_s):
    """One row: how this network hears one scene."""
    recording = Recording(path.stem, path, path.with_suffix(".mid"))
    y, sr = recording.load(duration_s=length_s)
    session = Session(create("neural", lookahead_ms=LOOKAHEAD_MS, weights_file=str(network)), sr=sr)
    session.push(y)
    session.flush()
    heard, played = session.notes, recording.notes().between(0.0, length_s)
    row = {"network": network.name, "kind": kind, "false_per_minute": np.nan}
    if not len(played):
        return row | {"false_per_minute": 60.0 * len(heard) / length_s}
    scores = score_notes(played, heard)
    row |= {name: scores[name] for name in ("onset_f1", "onset_precision", "onset_recall", "note_f1", "frame_f1")}
    if session.pedal is not None:
        pedal = score_pedal(np.minimum(read_pedal(recording.labels), length_s), np.minimum(session.pedal, length_s))
        row |= {name: pedal[name] for name in ("pedal_onset_f1", "pedal_frame_f1")}
    found = np.zeros(len(played), bool)
    found[match(played, heard, protocol=Protocol())[:, 0]] = True
    kinds = {"soft": played.velocity < SOFT_VELOCITY, "bass": played.midi < BASS_MIDI, "repeats": repeats(played)}
    return row | {name: found[these].mean() for name, these in kinds.items() if these.any()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--training", type=Path, required=True, metavar="DIR", help="folder of the training")
    parser.add_argument("--network", type=Path, action="append", metavar="FILE", help="exported networks to hear with")
    parser.add_argument("--threshold", type=float, metavar="N", help="onset threshold of the best weights so far")
    parser.add_argument("--seconds", type=seconds, default=30.0, metavar="S", help="of each scene (default: 30)")
    args = parser.parse_args()
    networks = args.network or [export_best(args.training, args.threshold), *WEIGHTS.values()]
    scenes = sorted((args.training / "held_out").glob("*.flac"))
    if not scenes:
        parser.error(f"{args.training} holds no held-out scenes: name the --out of a pianolab train --pianos")
    rows = [
        look_at(network, path, HELD_OUT_KINDS[i % len(HELD_OUT_KINDS)], args.seconds)
        for network in networks
        for i, path in enumerate(scenes)
    ]
    table = pd.DataFrame(rows).groupby(["kind", "network"]).mean(numeric_only=True)
    print(table.round(3).to_string(na_rep="-"))


if __name__ == "__main__":
    main()
