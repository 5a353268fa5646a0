"""How well do the one-voice detectors hear each of many real pianos: its single notes, and melodies of them in noise?

    python benchmarks/other_pianos.py --pianos "$PIANOS"
    python benchmarks/other_pianos.py --pianos "$PIANOS" --detector yin:octave_cost=0.5 --part notes
    python benchmarks/other_pianos.py --pianos "$PIANOS" --report

A rule that is chosen on one piano may be wrong for the next. So each piano has its row, and a value is kept only if it
serves all of them, whichever is left out. The two pianos that nothing may be chosen by are heard with --report alone.

--pianos is a folder of folders, each with an index.json (file, midi, layer, onset_s). Of each key the loudest layer is
heard. A single note is right as in single_notes.py: the median estimate 0.1 to 0.6 s after its onset lies within 50
cents of its key, 70 from C7 up. Melodies are phrases of 15 such notes (see pianolab.data.phrases); a note is found if
its key is right and its onset within 50 ms. Renamed are notes that were announced under another key first. The last row
of a table is the mean over pianos. Writes notes.csv and melodies.csv to --out.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from peers import ours
from single_notes import is_right
from world_sounds import REPORT_PIANOS, at_level, singles

from pianolab.data.phrases import make_phrases
from pianolab.piano.degrade import noisy
from pianolab.registry import create
from pianolab.scores import register_of, score_notes
from pianolab.session import analyse, default_tracker

BEFORE_S, AFTER_S, SEED = 0.15, 0.8, 5
CONDITIONS = {
    "clean": lambda y, rng: y,
    "pink 20 dB": lambda y, rng: noisy(y, snr_db=20.0, slope=1.0, rng=rng),
    "pink 10 dB": lambda y, rng: noisy(y, snr_db=10.0, slope=1.0, rng=rng),
    "white 10 dB": lambda y, rng: noisy(y, snr_db=10.0, rng=rng),
    "brown 10 dB": lambda y, rng: noisy(y, snr_db=10.0, slope=2.0, rng=rng),
    "quiet": lambda y, rng: noisy(at_level(y, -45.0), snr_db=30.0, rng=rng),
}


def notes_of(folder, detectors):
    """One row a key and detector."""
    for recording in singles(folder).recordings:
        (y, sr), labels = recording.load(), recording.notes()
        onset_s = labels.onset[0]
        y = np.pad(y[: round((onset_s + AFTER_S) * sr)], (round(BEFORE_S * sr), 0))
        for name, listen in detectors.items():
            right, hz = is_right(*listen(y, sr)[:2], recording.key, onset_s + BEFORE_S)
            row = {"piano": folder.name, "detector": name, "midi": recording.key}
            yield row | {"register": register_of(recording.key), "right": 100.0 * right, "median_hz": round(hz, 2)}


def melodies_of(folder, detectors, n_phrases):
    """One row a phrase, condition and detector."""
    for number, phrase in enumerate(make_phrases(singles(folder), n_phrases=n_phrases, seed=SEED)):
        for condition, change in CONDITIONS.items():
            y = change(phrase.y, np.random.default_rng([SEED, number]))
            for name in detectors:
                found, renamed = heard_notes(y, phrase.sr, name)
                scores = score_notes(phrase.notes, found)
                minutes, n_right = len(y) / phrase.sr / 60.0, scores["onset_recall"] * len(phrase.notes)
                yield {
                    "piano": folder.name,
                    "detector": name,
                    "condition": condition,
                    "found": 100.0 * scores["onset_recall"],
                    "false a minute": (len(found) - n_right) / minutes,
                    "onset F1": scores["onset_f1"],
                    "note F1": scores["note_f1"],
                    "renamed a minute": renamed / minutes,
                }


def heard_notes(y, sr, spec):
    """The notes of one sound, and how many of them had another name first."""
    detector = create(spec)
    tracker = default_tracker(detector)
    events = tracker.push(analyse(y, sr=sr, detector=detector)) + tracker.flush(end_s=len(y) / sr)
    return tracker.notes(), sum(event.kind == "revised" for event in events)


def with_mean(table):
    """A table of pianos with a row for their mean; each piano counts alike."""
    table.loc["mean"] = table.mean()
    return table.round(1 if table.max(axis=None) > 1.0 else 3)


def show(notes, melodies):
    """Print a table for each detector and measure: pianos downwards, registers or conditions across."""
    for (name, rows), index, columns, values in (
        *((found, "piano", "register", ["right"]) for found in notes.groupby("detector")),
        *(
            (found, "piano", "condition", ["found", "false a minute", "onset F1", "note F1", "renamed a minute"])
            for found in melodies.groupby("detector")
        ),
    ):
        for value in values:
            table = rows.pivot_table(index=index, columns=columns, values=value, sort=False)
            if columns == "register":
                table["all"] = rows.groupby(index)[value].mean()
            print(f"\n{name}: {value}\n{with_mean(table).to_string()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pianos", type=Path, required=True, help="a folder of folders of single notes")
    parser.add_argument("--report", action="store_true", help="the pianos that nothing is chosen by, and no others")
    parser.add_argument("--detector", action="append", help="spec text; may be repeated (default: fft_peak, cqt, yin)")
    parser.add_argument("--part", choices=("notes", "melodies"), help="default: both")
    parser.add_argument("--phrases", type=int, default=3, help="of each piano (default: 3)")
    parser.add_argument("--out", type=Path, default=Path("results/other_pianos"), help="default: results/other_pianos")
    given = parser.parse_args()
    folders = [one.parent for one in sorted(given.pianos.glob("*/index.json"))]
    folders = [one for one in folders if (one.name in REPORT_PIANOS) == given.report]
    if not folders:
        raise SystemExit(f"{given.pianos} holds no folder with an index.json: see the beginning of this script")
    specs = given.detector or ["fft_peak", "cqt", "yin"]
    listeners = {spec: ours(spec) for spec in specs}
    notes, melodies = [], []
    for folder in folders:
        if given.part != "melodies":
            notes += notes_of(folder, listeners)
        if given.part != "notes":
            melodies += melodies_of(folder, specs, given.phrases)
    given.out.mkdir(parents=True, exist_ok=True)
    tables = {"notes": pd.DataFrame(notes), "melodies": pd.DataFrame(melodies)}
    for name, table in tables.items():
        table.to_csv(given.out / f"{name}.csv", index=False)
    show(*(table if len(table) else pd.DataFrame({"detector": []}) for table in tables.values()))


if __name__ == "__main__":
    main()
