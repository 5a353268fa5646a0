"""From a key's onset to the pitch being known: how much sound does each detector need, and how good are the phrases?

    python benchmarks/latency.py --data "$ISOLATED" [--phrases 20]

Phrases are made of the folder's single notes (pianolab.data.phrases; builtin: of the test notes). The latency of a note
is the time from its onset to the end of the sound that the first of three right frames in a row needs; missed notes
have none and are counted apart. For ours it also gives raw pitch accuracy, onset F1 and note F1 of the tracked notes
(mir_eval, 50 ms, 50 cents), for peers the raw pitch accuracy of their frames. Writes latency.csv (one row a note),
summary.csv and latency.png to --out, the figure also to --figure.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from peers import OURS, ours, peers
from single_notes import SHARP_FROM_MIDI, single_notes

from pianolab import sound
from pianolab.data import Dataset, Recording, make_phrases
from pianolab.labels import write_labels
from pianolab.roll import Notes
from pianolab.scores import REGISTERS, Protocol, register_of, score_melody, score_notes
from pianolab.session import transcribe_file
from pianolab.units import cents_between, midi_to_hz, note_name

IN_A_ROW = 3


def latency_s(times, hz, needs_s, onset_s, until_s, midi):
    """Seconds from the onset to the end of the sound of the first of three right frames; NaN where there are none."""
    tolerance = 70.0 if midi >= SHARP_FROM_MIDI else 50.0
    ends = times + needs_s
    voiced = np.where(hz > 0, hz, 1.0)
    right = (hz > 0) & (np.abs(cents_between(voiced, midi_to_hz(midi))) < tolerance)
    right &= (ends > onset_s) & (times < until_s)
    runs = np.flatnonzero(np.convolve(right, np.ones(IN_A_ROW), "valid") == IN_A_ROW)
    return ends[runs[0]] - onset_s if len(runs) else np.nan


def phrases_of(data, n_phrases, seed):
    """Phrases in memory, from a folder of single notes or from the built-in test notes."""
    if data != "builtin":
        yield from make_phrases(data, n_phrases=n_phrases, seed=seed)
        return
    with tempfile.TemporaryDirectory() as folder:
        singles = []
        for number, (name, midi, _, y, sr, onset_s) in enumerate(single_notes("builtin", "test")):
            path = Path(folder) / f"{number:03d}.wav"
            sound.write(path, y, sr=sr)
            write_labels(path.with_suffix(".tsv"), Notes([onset_s], [len(y) / sr], [midi]))
            singles.append(Recording(name, path, path.with_suffix(".tsv"), kind="notes"))
        dataset = Dataset("builtin test notes", tuple(singles))
        yield from make_phrases(dataset, n_phrases=n_phrases, seed=seed, longest_s=0.65)  # they are damped from 0.72 s


def measure(phrases, listeners, specs):
    """Latency rows (one a note and detector) and score rows (one a phrase and detector)."""
    rows, scores, protocol = [], [], Protocol()
    with tempfile.TemporaryDirectory() as folder:
        for phrase in phrases:
            path = Path(folder) / "phrase.wav"
            sound.write(path, phrase.y, sr=phrase.sr)
            notes = phrase.notes
            until = np.append(notes.onset[1:], notes.offset[-1]) + 0.05
            for detector, listen in listeners.items():
                times, hz, needs_s = listen(phrase.y, phrase.sr)
                for onset, midi, stop in zip(notes.onset, notes.midi, until, strict=True):
                    seconds = latency_s(times, hz, needs_s, onset, stop, int(midi))
                    rows.append(
                        {
                            "detector": detector,
                            "phrase": phrase.id,
                            "note": note_name(midi),
                            "register": register_of(midi),
                            "latency_ms": round(1000.0 * seconds, 2),
                        }
                    )
                score = {"detector": detector, "phrase": phrase.id}
                if detector in specs:
                    heard = transcribe_file(path, detector=detector)
                    score |= score_melody(notes, heard.f0_times, heard.f0_hz, protocol=protocol)
                    score |= score_notes(notes, heard.notes, protocol=protocol)
                else:
                    score |= score_melody(notes, times, hz, protocol=protocol)
                scores.append(score)
    return pd.DataFrame(rows), pd.DataFrame(scores)


def summarise(rows, scores):
    """Median latency by register in ms, percent of notes found, and mean scores in percent."""
    table = rows.pivot_table(index="detector", columns="register", values="latency_ms", aggfunc="median")
    table = table[[name for name in REGISTERS if name in table]].round(0)
    table["found %"] = (100.0 * rows.groupby("detector").latency_ms.apply(lambda x: x.notna().mean())).round(1)
    wanted = {"melody_rpa": "RPA", "onset_f1": "onset F1", "note_f1": "note F1"}
    means = 100.0 * scores.groupby("detector")[[name for name in wanted if name in scores]].mean()
    return table.join(means.rename(columns=wanted).round(1)).sort_values("RPA", ascending=False)


LATENCY_SHOWN_MS = 130.0  # Longer ones are drawn at the edge.


def draw(table):
    """Latency by register, a line a detector."""
    registers = [name for name in REGISTERS if name in table]
    figure, ax = plt.subplots(figsize=(10, 5))
    for i, (name, row) in enumerate(table.iterrows()):
        style = "o-" if name in OURS else "s:"
        ax.plot(registers, row[registers].clip(upper=LATENCY_SHOWN_MS), style, color=f"C{i % 10}", label=name)
    ax.set_ylabel("median ms from onset to the first of three right frames")
    ax.set_xlabel("register (keys)")
    ax.set_ylim(0, LATENCY_SHOWN_MS)
    ax.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, title="ours: full lines")
    figure.tight_layout()
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="builtin", help="builtin, or a folder of notes named by their key")
    parser.add_argument("--phrases", type=int, default=20, help="how many are made (default: 20)")
    parser.add_argument("--seed", type=int, default=0, help="other phrases for another number (default: 0)")
    parser.add_argument("--detector", action="append", help="spec text; may be repeated (default: all of ours)")
    parser.add_argument("--no-peers", action="store_true", help="ours only")
    parser.add_argument("--out", type=Path, default=Path("results/latency"), help="default: results/latency")
    parser.add_argument("--figure", type=Path, help="a second copy of the figure, e.g. in docs/figures")
    given = parser.parse_args()
    specs = given.detector or OURS
    listeners = {spec: ours(spec) for spec in specs}
    if not given.no_peers:
        others, missing = peers(slow=False)
        listeners |= others
        for name, reason in missing.items():
            print(f"left out: {name} ({reason})")
    rows, scores = measure(phrases_of(given.data, given.phrases, given.seed), listeners, specs)
    table = summarise(rows, scores)
    given.out.mkdir(parents=True, exist_ok=True)
    rows.to_csv(given.out / "latency.csv", index=False)
    table.to_csv(given.out / "summary.csv")
    draw(table).savefig(given.out / "latency.png", dpi=120)
    if given.figure:
        shutil.copyfile(given.out / "latency.png", given.figure)
    with pd.option_context("display.width", 200, "display.max_columns", 20):
        print(table)


if __name__ == "__main__":
    main()
