"""How long a finished comparison takes when it is asked for again: nothing is heard, nothing is scored.

    python benchmarks/again.py                         1,000 recordings of 1.5 s, heard by fft_peak
    python benchmarks/again.py --detector yin --detector nmf
    python benchmarks/again.py --builtin               both sets that come with pianolab, all of pianolab's detectors

The command `pianolab compare` is timed as a user starts it, with its report. The peer is start-up: the same command
for one recording, which is finished as well. What is left is what many recordings cost, also as a multiple of start-up.
The quickest of three is taken of each. A finished comparison is one process with one thread, so on a quiet machine its
processor time is the time that passes; on a busy one look at the processor time.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pianolab import sound
from pianolab.labels import write_labels
from pianolab.roll import Notes

SR = 44100
SECONDS, NOTE_S = 1.5, 0.25
REPEATS = 3


def make(folder, n):
    """Recordings of one voice, each note a sine that fades, with labels: MIDI for every other one, else tables."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    onset = np.arange(0.1, SECONDS - NOTE_S, NOTE_S)
    t = np.arange(int(NOTE_S * SR)) / SR
    for number in range(n):
        notes = Notes(onset, onset + NOTE_S - 0.01, rng.integers(40, 80, len(onset)), np.full(len(onset), 80))
        y = np.zeros(int(SECONDS * SR), dtype=np.float32)
        for start_s, hz in zip(notes.onset, notes.hz, strict=True):
            start = int(start_s * SR)
            y[start : start + len(t)] = 0.5 * np.sin(2 * np.pi * hz * t) * np.exp(-3 * t)
        sound.write(folder / f"{number:05}.wav", y, sr=SR)
        write_labels(folder / f"{number:05}.{'mid' if number % 2 else 'tsv'}", notes)


def seconds_of(words):
    """Seconds that pass while `pianolab compare` runs, and its processor time with that of its workers."""
    begin, before = time.perf_counter(), os.times()
    done = subprocess.run([sys.executable, "-m", "pianolab", "compare", *words], capture_output=True, text=True)
    if done.returncode == 2:
        raise SystemExit(done.stderr)
    after = os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return np.array([time.perf_counter() - begin, cpu_s])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, default=1000)
    parser.add_argument("--detector", action="append", help="default: fft_peak; with --builtin all of pianolab's")
    parser.add_argument("--builtin", action="store_true", help="the two sets that come with pianolab instead")
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        one, many = Path(folder, "one"), Path(folder, "many")
        detectors = args.detector or ([] if args.builtin else ["fft_peak"])
        shared = [word for name in detectors for word in ("--detector", name)]
        shared += ["--cache", f"{folder}/cache", "--out", f"{folder}/out"]
        make(one, 1)
        if not args.builtin:
            make(many, args.recordings)
        words = {"one recording": ["--data", str(one), *shared]}
        words |= {"all": [*([] if args.builtin else ["--data", str(many)]), *shared]}
        print(f"{'':14}  first s  again s  processor s of it")
        again = {}
        for name, these in words.items():
            first = seconds_of(these)
            again[name] = np.min([seconds_of(these) for _ in range(REPEATS)], axis=0)
            print(f"{name:14}  {first[0]:7.1f}  {again[name][0]:7.2f}  {again[name][1]:7.2f}", flush=True)
    start_up, whole = again["one recording"], again["all"]
    over, times = whole - start_up, whole / start_up - 1
    print(f"over start-up: {over[0]:.2f} s, {times[0]:.1f} times start-up; ", end="")
    print(f"processor {over[1]:.2f} s, {times[1]:.1f} times start-up")


if __name__ == "__main__":
    main()
