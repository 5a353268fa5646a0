"""How often is a single piano note named rightly? By detector, register, loudness and noise.

    python benchmarks/single_notes.py                       the built-in test notes
    python benchmarks/single_notes.py --data "$ISOLATED"    a folder of notes named by their key (A0.ogg, C#4.wav)
    python benchmarks/single_notes.py --noise clean 15 --seeds 10 --detector fft_peak --no-peers

A note is right if the median of the voiced estimates 0.1 to 0.6 s after its onset lies within 50 cents of its key,
within 70 in octaves 7 and 8, where pianos are tuned sharp (a typical piano's C8 by 30 cents). White noise is added at
the given ratio in dB to the power of the note's recording. Ours are judged by the same rule, from the frequency in Hz.
Writes notes.csv (one row a note), summary.csv, single_notes.png and, where one of ours fails, failing.png (the spectra
of those notes) to --out; the figures also to --figure and --failing.
"""

import argparse
import shutil
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

from pianolab.data import load_dataset
from pianolab.scores import REGISTERS, register_of
from pianolab.units import cents_between, midi_to_hz, note_name

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from peers import OURS, ours, peers

FIRST_S, LAST_S = 0.1, 0.6
BEFORE_S, AFTER_S = 0.15, 0.9
SHARP_FROM_MIDI = 96  # C7: octaves 7 and 8
MAX_FAILING = 12  # At most this many spectra are drawn.
LOUDNESS = {"pp": 1, "p": 32, "mf": 56, "ff": 88}


def loudness_of(velocity):
    """The last name of `LOUDNESS` whose velocity is not above this one; "unknown" for NaN."""
    return "unknown" if np.isnan(velocity) else [name for name, low in LOUDNESS.items() if velocity >= low][-1]


def single_notes(data, split):
    """Every note by itself: id, midi, velocity (NaN if unknown), sound from 0.15 s before it, sr, onset in it."""
    for recording in load_dataset(data, split=split).recordings:
        if recording.kind != "notes":
            continue
        (y, sr), notes = recording.load(), recording.notes()
        for onset, midi, velocity in zip(notes.onset, notes.midi, notes.velocity, strict=True):
            first = max(int((onset - BEFORE_S) * sr), 0)
            part = y[first : int((onset + AFTER_S) * sr)]
            yield f"{recording.id}@{onset:.2f}", int(midi), float(velocity), part, sr, onset - first / sr


def with_noise(y, ratio_db, seed):
    """The sound with white noise ``ratio_db`` below its power; None leaves it clean."""
    if ratio_db is None:
        return y
    noise = np.random.default_rng(seed).standard_normal(len(y))
    return (y + noise * np.sqrt(np.mean(np.square(y, dtype=float))) * 10 ** (-ratio_db / 20)).astype(np.float32)


def is_right(times, hz, midi, onset_s):
    """Whether the median voiced estimate names the key, and the median itself in Hz (0 if nothing was voiced)."""
    voiced = hz[(times >= onset_s + FIRST_S) & (times < onset_s + LAST_S) & (hz > 0)]
    if not len(voiced):
        return False, 0.0
    tolerance = 70.0 if midi >= SHARP_FROM_MIDI else 50.0
    return abs(cents_between(np.median(voiced), midi_to_hz(midi))) < tolerance, float(np.median(voiced))


def measure(data, split, listeners, noises, n_seeds):
    """One row a note, detector, noise level and seed."""
    rows = []
    for number, (name, midi, velocity, y, sr, onset_s) in enumerate(single_notes(data, split)):
        for ratio_db in noises:
            for seed in range(1 if ratio_db is None else n_seeds):
                noisy = with_noise(y, ratio_db, [seed, number])
                for detector, listen in listeners.items():
                    right, hz = is_right(*listen(noisy, sr)[:2], midi, onset_s)
                    rows.append(
                        {
                            "detector": detector,
                            "note": note_name(midi),
                            "midi": midi,
                            "register": register_of(midi),
                            "loudness": loudness_of(velocity),
                            "noise": "clean" if ratio_db is None else f"{ratio_db:g} dB",
                            "seed": seed,
                            "recording": name,
                            "right": right,
                            "median_hz": round(hz, 3),
                        }
                    )
    if not rows:
        raise SystemExit(f"{data} holds no single notes: name sound files by their key (A0.wav, C#4.wav)")
    return pd.DataFrame(rows)


def summarise(rows):
    """Percent right by detector and noise: all, each register, each loudness, and the worst register."""
    parts = {"all": rows.groupby(["noise", "detector"]).right.mean()}
    for column in ("register", "loudness"):
        for name, group in rows.groupby(column):
            parts[name] = group.groupby(["noise", "detector"]).right.mean()
    table = 100.0 * pd.DataFrame(parts)
    table["worst register"] = table[[name for name in REGISTERS if name in table]].min(axis=1)
    return table.round(1).sort_values(["noise", "all"], ascending=[False, False])


def draw(table, title):
    """Bars of each register, a group a detector, one panel a noise level."""
    noises = list(dict.fromkeys(table.index.get_level_values("noise")))
    # All panels have the rows in the order of the first.
    order = table.loc[noises[0]].index
    figure, axes = plt.subplots(1, len(noises), figsize=(4 + 4 * len(noises), 5.8), sharey=True, squeeze=False)
    for ax, noise in zip(axes[0], noises, strict=True):
        part = table.loc[noise].loc[order[::-1]]
        registers = [name for name in REGISTERS if name in part]
        for i, register in enumerate(registers):
            ax.barh(np.arange(len(part)) + 0.2 * (1.5 - i), part[register], 0.18, label=register)
        ax.set_yticks(np.arange(len(part)), part.index)
        ax.set_xlim(0, 100)
        ax.set_xlabel("notes named rightly (%)")
        ax.set_title(noise)
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.suptitle(title)
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    figure.legend(handles, labels, ncols=4, loc="lower center", frameon=False)
    return figure


def draw_failing(wrong, notes):
    """Spectrum of each note that one of ours named wrongly, its key's harmonics and the wrong answers marked."""
    cases = list(wrong.groupby(["recording", "noise"]))[:MAX_FAILING]
    n_rows = -(-len(cases) // 3)
    figure, axes = plt.subplots(n_rows, 3, figsize=(12, 2.8 * n_rows), squeeze=False)
    for ax in axes.flat[len(cases) :]:
        ax.set_visible(False)
    for ax, ((name, noise), group) in zip(axes.flat, cases, strict=False):
        midi, y, sr, onset_s = notes[name]
        part = y[int((onset_s + FIRST_S) * sr) : int((onset_s + LAST_S) * sr)]
        level_db = 20 * np.log10(np.abs(np.fft.rfft(part * np.hanning(len(part)))) + 1e-9)
        ax.plot(np.fft.rfftfreq(len(part), 1 / sr), level_db - level_db.max(), lw=0.7, color="0.25")
        f0_hz = midi_to_hz(midi)
        for n in range(1, 9):
            ax.axvline(n * f0_hz, color="tab:blue", ls=":", lw=1, label="harmonics of the key" if n == 1 else None)
        for detector, hz in zip(group.detector, group.median_hz, strict=True):
            ax.axvline(max(hz, 1.0), color="tab:red", lw=1.2, label=f"{detector}: {hz:.0f} Hz")
        ax.set(xscale="log", xlim=(20, sr / 2), ylim=(-90, 5), xlabel="frequency (Hz)", ylabel="level (dB)")
        ax.set_title(f"{group.note.iloc[0]} ({f0_hz:.0f} Hz), {group.loudness.iloc[0]}, {noise}", fontsize=9)
        ax.legend(fontsize=6, loc="upper right")
    figure.tight_layout()
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="builtin", help="builtin, or a folder of notes named by their key")
    parser.add_argument("--split", default=None, help="test, tune or all (default: test of builtin, all of a folder)")
    parser.add_argument("--detector", action="append", help="spec text; may be repeated (default: all of ours)")
    parser.add_argument("--no-peers", action="store_true", help="ours only")
    parser.add_argument("--slow", action="store_true", help="pyin as well (half real time)")
    parser.add_argument("--noise", nargs="+", default=["clean", "15"], help="clean, or ratios in dB")
    parser.add_argument("--seeds", type=int, default=1, help="noise seeds")
    parser.add_argument("--out", type=Path, default=Path("results/single_notes"), help="default: results/single_notes")
    parser.add_argument("--figure", type=Path, help="a second copy of the figure, e.g. in docs/figures")
    parser.add_argument("--failing", type=Path, help="a second copy of the spectra of the notes that ours fail on")
    given = parser.parse_args()
    listeners = {spec: ours(spec) for spec in given.detector or OURS}
    if not given.no_peers:
        others, missing = peers(slow=given.slow)
        listeners |= others
        for name, reason in missing.items():
            print(f"left out: {name} ({reason})")
    noises = [None if text == "clean" else float(text) for text in given.noise]
    split = given.split or ("test" if given.data == "builtin" else "all")
    rows = measure(given.data, split, listeners, noises, given.seeds)
    table = summarise(rows)
    given.out.mkdir(parents=True, exist_ok=True)
    rows.to_csv(given.out / "notes.csv", index=False)
    table.to_csv(given.out / "summary.csv")
    title = f"{Path(given.data).name}: {rows.recording.nunique()} notes"
    draw(table, title).savefig(given.out / "single_notes.png", dpi=120)
    if given.figure:
        shutil.copyfile(given.out / "single_notes.png", given.figure)
    with pd.option_context("display.width", 200, "display.max_columns", 20, "display.max_rows", 200):
        print(table)
    wrong = rows[~rows.right & rows.detector.isin(given.detector or OURS[:3])]
    if len(wrong):
        print(wrong[["detector", "noise", "note", "loudness", "median_hz", "recording"]].drop_duplicates().to_string())
        clean = {name: (midi, y, sr, at) for name, midi, _, y, sr, at in single_notes(given.data, split)}
        draw_failing(wrong.drop_duplicates(["detector", "noise", "recording"]), clean).savefig(
            given.out / "failing.png", dpi=110
        )
        if given.failing:
            shutil.copyfile(given.out / "failing.png", given.failing)


if __name__ == "__main__":
    main()
