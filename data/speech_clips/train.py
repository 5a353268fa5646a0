"""Train the networks of notebook 12 and keep how it went: `python data/speech_clips/train.py`. Needs PyTorch.

What comes in: the clips of this folder. What comes out: trained.json, which the notebook shows where PyTorch is
missing, and what PocketSphinx heard, shown where that is missing. Digits differ a little from one processor to the
next.
"""

import json
import sys
from pathlib import Path

import numpy as np

from pianolab.files import replacing
from pianolab.lessons import speech_network, sphinx

HERE = Path(__file__).resolve().parent
# Kind, width, voices, varied.
TRAINED = [
    ("spectrogram", 1, 14, False),
    ("spectrogram", 8, 2, False),
    ("spectrogram", 8, 14, False),
    ("spectrogram", 1, 14, True),
    ("spectrogram", 8, 14, True),
    ("samples", 8, 14, False),
]


def rounded(values):
    return values if isinstance(values, list) else np.round(values, 4).tolist()


def main() -> int:
    kept = {}
    for kind, width, voices, varied in TRAINED:
        learnt = speech_network.on_clips(kind, width=width, voices=voices, varied=varied, again=True)
        kept[f"{kind} {width} {voices} {varied}"] = {name: rounded(values) for name, values in vars(learnt).items()}
        print(
            f"{kind} {width} {voices} {varied}: {learnt.accuracy[-1]:.2f}, others {learnt.validation_accuracy[-1]:.2f}",
            flush=True,
        )
    kept["sphinx"] = sphinx.on_clips(again=True)
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(values)}" for name, values in kept.items())
    with replacing(HERE / speech_network.KEPT) as path:
        path.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
