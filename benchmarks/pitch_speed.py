"""How fast are the pitch detectors, against aubio and librosa in the same run?

    python benchmarks/pitch_speed.py [--data "$ISOLATED"] [--seconds 30] [--repeats 5]

Processor time of one core per second of audio, median of the repeats, taken in turns so that a busy machine slows all
of them alike. Ours go through ``pianolab.analyse`` (checks, framing and Salience included; the tracker is not). The
floor is the time of the FFTs alone that fft_peak needs for the same frames. Writes pitch_speed.csv and pitch_speed.png
to --out, the figure also to --figure.
"""

import argparse
import os
import shutil
import time
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import matplotlib  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import scipy.fft  # noqa: E402

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from peers import HOP, OURS, ours, peers  # noqa: E402
from single_notes import single_notes  # noqa: E402

from pianolab import sound  # noqa: E402
from pianolab.dsp.registers import PIANO_REGISTERS  # noqa: E402

SR = 44100
# Ours against aubio at the same window and hop.
SAME_WINDOW = {
    "yin:preset=aubio,method=yin": "aubio yin 2048",
    "yin:preset=aubio,method=yinfast": "aubio yinfast 2048",
    "yin:preset=aubio,method=yinfft": "aubio yinfft 2048",
}
SLOW = ("librosa.pyin 4096", "aubio yin 2048", "aubio yin 4096")  # Once is enough, on a part of the sound.
SLOW_SECONDS = 10.0


def notes_in_a_row(data, split, seconds):
    """Single notes one after the other, float32 at 44.1 kHz."""
    parts, n = [], 0
    for _, _, _, y, sr, _ in single_notes(data, split):
        parts.append(sound.resample(y, sr=sr, target_sr=SR))
        n += len(parts[-1])
        if n >= seconds * SR:
            break
    return np.concatenate(parts)[: int(seconds * SR)]


def fft_floor(y, sr):
    """The transforms alone of the windows that fft_peak looks through."""
    n_frames = -(-len(y) // HOP)
    for register in PIANO_REGISTERS:
        rows = np.zeros((256, register.length), np.float32)
        for _ in range(-(-n_frames // 256)):
            scipy.fft.rfft(rows, axis=1)


def measure(y, listeners, repeats):
    """Processor ms per second of audio: one row a detector and repeat."""
    rows = []
    for listen in listeners.values():
        listen(y[:SR], SR)  # What has to be compiled is compiled here.
    for repeat in range(repeats):
        for name, listen in listeners.items():
            if repeat and name in SLOW:
                continue
            part = y[: int(SLOW_SECONDS * SR)] if name in SLOW else y
            started = time.process_time()
            listen(part, SR)
            spent = time.process_time() - started
            rows.append({"detector": name, "repeat": repeat, "ms_per_s": 1000.0 * spent / (len(part) / SR)})
    return pd.DataFrame(rows)


def summarise(rows):
    """Median and spread, and ratios to aubio yinfft 2048 and to the same method of aubio."""
    table = rows.groupby("detector").ms_per_s.agg(["median", "min", "max"]).rename(columns=lambda c: f"{c}_ms_per_s")
    median = table["median_ms_per_s"]
    if "aubio yinfft 2048" in median:
        table["times_aubio_yinfft"] = median["aubio yinfft 2048"] / median
    if "librosa.yin 4096" in median:
        table["times_librosa_yin"] = median["librosa.yin 4096"] / median
    same = {
        name: median[other] / median[name] for name, other in SAME_WINDOW.items() if other in median and name in median
    }
    table["times_aubio_same"] = pd.Series(same, dtype=float)
    return table.sort_values("median_ms_per_s").round(3)


def draw(table):
    """Horizontal bars of milliseconds per second, on a logarithmic axis."""
    figure, ax = plt.subplots(figsize=(8, 0.32 * len(table) + 1.2))
    colours = ["C0" if name in OURS else "C7" for name in table.index]
    ax.barh(table.index, table["median_ms_per_s"], color=colours)
    ax.set_xscale("log")
    ax.invert_yaxis()
    ax.set_xlabel("processor ms per second of audio, one core (blue: ours)")
    figure.tight_layout()
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="builtin", help="builtin, or a folder of notes named by their key")
    parser.add_argument("--split", default="all", help="test, tune or all (default: all)")
    parser.add_argument("--seconds", type=float, default=30.0, help="of sound (default: 30)")
    parser.add_argument("--repeats", type=int, default=5, help="the median counts (default: 5)")
    parser.add_argument("--detector", action="append", help="spec text; may be repeated (default: all of ours)")
    parser.add_argument("--slow", action="store_true", help="pyin as well")
    parser.add_argument("--out", type=Path, default=Path("results/pitch_speed"), help="default: results/pitch_speed")
    parser.add_argument("--figure", type=Path, help="a second copy of the figure, e.g. in docs/figures")
    given = parser.parse_args()
    y = notes_in_a_row(given.data, given.split, given.seconds)
    others, missing = peers(slow=given.slow)
    for name, reason in missing.items():
        print(f"left out: {name} ({reason})")
    listeners = {spec: ours(spec) for spec in given.detector or OURS} | others | {"floor: FFTs of fft_peak": fft_floor}
    rows = measure(y, listeners, given.repeats)
    table = summarise(rows)
    given.out.mkdir(parents=True, exist_ok=True)
    rows.to_csv(given.out / "runs.csv", index=False)
    table.to_csv(given.out / "pitch_speed.csv")
    draw(table).savefig(given.out / "pitch_speed.png", dpi=120)
    if given.figure:
        shutil.copyfile(given.out / "pitch_speed.png", given.figure)
    with pd.option_context("display.width", 200, "display.max_columns", 20):
        print(table)


if __name__ == "__main__":
    main()
