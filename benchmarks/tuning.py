"""What a piano that is not at 440 Hz costs each detector, and how much of it `a4_hz=auto` gives back.

    python benchmarks/tuning.py                                    pianolab's detectors
    python benchmarks/tuning.py --detector yin --detector pyin --a4 415 --a4 428

The notes of built-in recordings are rendered on the grand piano tuned to each A4, and scored by key and onset (50 ms).
`plain` hears them as a piano at 440 Hz, `auto` measures the tuning in the sound, `told` is given it in Hz. Melodies are
for all detectors, pieces for those that hear several notes at once. The keys of `auto` are also counted a semitone off:
a tuning that lies a semitone away (415 Hz) cannot be told from another key. Prints a table, and writes it to --out.
"""

import argparse
import dataclasses
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from pianolab.data import load_dataset
from pianolab.dsp.concert_pitch import ConcertPitch
from pianolab.piano import PIANOS, render
from pianolab.registry import create
from pianolab.roll import Notes
from pianolab.scores import score_notes
from pianolab.session import transcribe

SR = 22050
TUNINGS_HZ = (440.0, 415.0, 428.0, 430.0, 450.5, 452.0)
DETECTORS = ("yin", "fft_peak", "cqt", "nmf", "neural")


def beginnings(kinds, split, seconds):
    """The first notes of the built-in recordings of some kinds, by id."""
    recordings = load_dataset("builtin", split=split, progress=False).recordings
    return {r.id: r.notes().between(0, seconds) for r in recordings if r.kind in kinds}


def f1(played, heard, shift=0):
    """F1 by key and onset, with the keys that were heard moved by semitones."""
    midi = np.clip(heard.midi + shift, 0, 127)
    return score_notes(played, Notes(heard.onset, heard.offset, midi))["onset_f1"]


def rows(a4_hz, detectors, split, seconds):
    piano = dataclasses.replace(PIANOS["grand"], a4_hz=a4_hz)
    for kinds, is_melody in ((("melody", "scale"), True), (("piece",), False)):
        for id_, notes in beginnings(kinds, split, seconds).items():
            y = render(notes, sr=SR, piano=piano)
            pitch = ConcertPitch(sr=SR)
            pitch.push(y)
            for name in detectors:
                if is_melody or create(name).polyphonic:
                    auto = transcribe(y, sr=SR, detector=create(name, a4_hz="auto"))
                    yield {
                        "a4_hz": a4_hz,
                        "detector": name,
                        "recording": id_,
                        "measured_hz": pitch.a4_hz,
                        "said_far": pitch.is_far,
                        "plain": f1(notes, transcribe(y, sr=SR, detector=create(name))),
                        "auto": f1(notes, auto),
                        "auto, a semitone higher": f1(notes, auto, +1),
                        "auto, a semitone lower": f1(notes, auto, -1),
                        "told": f1(notes, transcribe(y, sr=SR, detector=create(name, a4_hz=a4_hz))),
                    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--detector", action="append", metavar="NAME", help="default: all of pianolab's")
    parser.add_argument("--a4", action="append", type=float, metavar="HZ", help=f"default: {TUNINGS_HZ}")
    parser.add_argument("--split", default="test", choices=("tune", "test", "all"))
    parser.add_argument("--seconds", type=float, default=20.0, metavar="S", help="of each recording")
    parser.add_argument("--out", type=Path, default=Path("results/tuning"))
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    found = [
        row for a4 in args.a4 or TUNINGS_HZ for row in rows(a4, args.detector or DETECTORS, args.split, args.seconds)
    ]
    table = pd.DataFrame(found)
    args.out.mkdir(parents=True, exist_ok=True)
    table.to_csv(args.out / "tuning.csv", index=False)
    means = table.drop(columns="recording").groupby(["a4_hz", "detector"], sort=False).mean()
    print(means.round(3).to_string())
    print(f"{table['recording'].nunique()} recordings, the first {args.seconds:g} s of each")


if __name__ == "__main__":
    main()
