"""Does memory stay flat and time linear when a recording is hours long?

A long WAV is made of rendered passages, block by block. `pianolab detect` hears a quarter of it, half of it and all of
it, each in a process of its own; the operating system says how much memory that process ever held and how long it
took. Run it with

    python benchmarks/long_recording.py                       three hours with yin; needs 1 GB of disk
    python benchmarks/long_recording.py --hours 0.5 --detector yin --detector cqt

It prints a table and the straight line through the times, and fails (exit 1) if a process held more than 500 MB or
a time lies more than 20 % off the line.
"""

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

SR = 44100
PASSAGE_S = 20.0
N_PASSAGES = 12
NOTES_PER_S = 4.0
FRACTIONS = (0.25, 0.5, 1.0)
LIMIT_MB = 500.0
OFF_THE_LINE = 0.2  # other work on the machine moves times by about a tenth


@dataclass(frozen=True)
class Run:
    """One process of `pianolab detect`: length in hours, wall and processor time in s, most memory held in MB."""

    hours: float
    wall_s: float
    cpu_s: float
    peak_mb: float


def make_recording(path, hours, *, seed=0):
    """Write a WAV of rendered passages in random order; 12 passages of 20 s, four notes a second from A0 to C8."""
    import numpy as np
    import soundfile as sf

    from pianolab.piano import render
    from pianolab.roll import Notes

    rng = np.random.default_rng(seed)
    passages = []
    for _ in range(N_PASSAGES):
        n = int(NOTES_PER_S * PASSAGE_S)
        onset = np.sort(rng.uniform(0, PASSAGE_S - 1, n))
        notes = Notes(onset, onset + rng.uniform(0.1, 0.9, n), rng.integers(21, 109, n), rng.integers(30, 110, n))
        y = render(notes, sr=SR, tail_s=0.0)[: int(PASSAGE_S * SR)]
        passages.append(np.pad(y, (0, int(PASSAGE_S * SR) - len(y))))
    n_left = int(hours * 3600 * SR)
    with sf.SoundFile(path, "w", SR, 1, subtype="PCM_16") as file:
        while n_left > 0:
            passage = passages[rng.integers(N_PASSAGES)][:n_left]
            file.write(passage)
            n_left -= len(passage)


def detect(path, hours, detector):
    """Run `pianolab detect` on a file and measure its process.

    Returns
    -------
    Run

    Raises
    ------
    RuntimeError
        If the command fails.
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as out:
        command = [sys.executable, "-m", "pianolab", "detect", str(path), "--detector", detector, "--out", out]
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0 or not any(Path(out).iterdir()):
            raise RuntimeError(f"pianolab detect ended with {process.returncode} on {path.name}")
    unit = 1 if sys.platform == "darwin" else 1024  # bytes on macOS, kB on Linux
    return Run(hours, wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6)


def line(runs):
    """Straight line through processor time over length: seconds at length 0, seconds an hour, largest deviation."""
    n = len(runs)
    x, y = [run.hours for run in runs], [run.cpu_s for run in runs]
    mean_x, mean_y = sum(x) / n, sum(y) / n
    slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / sum((a - mean_x) ** 2 for a in x)
    start = mean_y - slope * mean_x
    return start, slope, max(abs(b - start - slope * a) / b for a, b in zip(x, y, strict=True))


def measure(folder, hours, detectors, *, keep):
    """Runs of each detector at each length; unless kept, only one recording is on the disk at a time."""
    subprocess.run([sys.executable, "-m", "pianolab.cli.warm_up"], check=True)  # compiles kernels, once on a machine
    runs = {detector: [] for detector in detectors}
    for fraction in FRACTIONS:
        path = folder / f"long_{fraction * hours:g}_h.wav"
        if not path.exists():
            _make_elsewhere(path, fraction * hours)
        for detector in detectors:
            runs[detector].append(detect(path, fraction * hours, detector))
            print(f"{detector}: {fraction * hours:g} h done", file=sys.stderr, flush=True)
        if not keep:
            path.unlink()
    return runs


def _make_elsewhere(path, hours):
    """Make a recording in a process of its own: what this one held would be counted as held by those that it starts."""
    maker = multiprocessing.get_context("spawn").Process(target=make_recording, args=(path, hours))
    maker.start()
    maker.join()
    if maker.exitcode != 0:
        path.unlink(missing_ok=True)
        raise RuntimeError(f"{path.name} could not be made: is there {hours * 0.32:.1f} GB of disk left?")


def report(runs):
    """Print the table; True if memory and time are as they should be."""
    good = True
    print("| detector | recording (h) | time (s) | processor (s) | x real time | peak memory (MB) |")
    print("|---|---:|---:|---:|---:|---:|")
    for detector, rows in runs.items():
        for run in rows:
            speed = 3600 * run.hours / run.cpu_s
            times = f"{run.wall_s:.1f} | {run.cpu_s:.1f} | {speed:.0f}"
            print(f"| {detector} | {run.hours:.2f} | {times} | {run.peak_mb:.0f} |")
    for detector, rows in runs.items():
        start, slope, off = line(rows)
        peak_mb = max(run.peak_mb for run in rows)
        growth = (rows[-1].peak_mb - rows[0].peak_mb) / (rows[-1].hours - rows[0].hours)
        print(f"{detector}: {start:.1f} s + {slope:.1f} s an hour, at most {off:.1%} off the line; ", end="")
        print(f"peak {peak_mb:.0f} MB (limit {LIMIT_MB:.0f}), {growth:+.1f} MB an hour")
        good &= off <= OFF_THE_LINE and peak_mb <= LIMIT_MB
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=3.0, help="length of the longest recording (default: 3)")
    parser.add_argument("--detector", action="append", help="may be given several times (default: yin)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the recordings there, and use those that are")
    args = parser.parse_args()
    detectors = args.detector or ["yin"]
    if args.keep is not None:
        args.keep.mkdir(parents=True, exist_ok=True)
        good = report(measure(args.keep, args.hours, detectors, keep=True))
    else:
        with tempfile.TemporaryDirectory() as folder:
            good = report(measure(Path(folder), args.hours, detectors, keep=False))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
