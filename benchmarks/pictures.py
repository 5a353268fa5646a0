"""What finds strokes in a picture of sound, beside pianolab's detectors: the table of notebook 13.

    python benchmarks/pictures.py                  the test half of the built-in set, and recorded notes
    python benchmarks/pictures.py --split tune     the half on which the settings of `stencils` were chosen

`stencils` is `pianolab.lessons.pictures.strokes`, `stencils + network` has its proposals judged by the small network.
Each number is the mean F1 by key and onset (50 ms) over the recordings of a kind; `all` is the mean over recordings.
It needs OpenCV (the extra `vision`). Prints a table.
"""

import argparse
from functools import partial

import pandas as pd
from tqdm import tqdm

from pianolab.data import load_dataset
from pianolab.lessons import pictures
from pianolab.scores import score_notes
from pianolab.session import transcribe
from pianolab.sound import load

DETECTORS = ("fft_peak", "nmf")
KINDS = ("notes", "phrases", "scale", "melody", "chords", "piece")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", action="append", help="a data set (builtin and real if left out); may be repeated")
    parser.add_argument("--split", choices=("tune", "test"), default="test")
    args = parser.parse_args()
    ways = {"stencils": pictures.strokes, "stencils + network": partial(pictures.strokes, network=True)}
    ways |= {name: partial(transcribe, detector=name) for name in DETECTORS}
    for data in args.data or ("builtin", "real"):
        rows = []
        for recording in tqdm(load_dataset(data, split=args.split, progress=False).recordings, unit="recording"):
            y, sr = load(recording.audio)
            scores = {name: score_notes(recording.notes(), way(y, sr=sr))["onset_f1"] for name, way in ways.items()}
            rows.append({"kind": recording.kind, **scores})
        table = pd.DataFrame(rows).groupby("kind").mean()
        table = table.reindex([kind for kind in KINDS if kind in table.index]).T
        table["all"] = pd.DataFrame(rows).drop(columns="kind").mean()
        print(f"{data}, {args.split}: {len(rows)} recordings\n{table.round(3).to_string()}\n", flush=True)


if __name__ == "__main__":
    main()
