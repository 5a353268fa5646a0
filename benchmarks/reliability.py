"""How sure is "sure", and where does each detector break?

    python benchmarks/reliability.py                                  built-in and real recordings, split test
    python benchmarks/reliability.py --data "$MAPS" --seconds 30      the first 30 s of each recording of a folder
    python benchmarks/reliability.py --detector yin --seconds 5       a first look
    python benchmarks/reliability.py --page docs/reliability.md --figure docs/figures/reliability.png

Five questions, each with a table: of the notes said with a confidence, how many were struck (reliability curve,
calibration error, Brier score, separation)? Which played notes are found, by register, loudness, strings that sound
at once, pedal and room? How many notes are heard an octave or a twelfth off? What is heard where nobody plays? What
becomes of it when the sound is quiet, clipped, noisy or compressed?

A note is right if its key is right and its onset within 50 ms. Data sets are never averaged together. Detectors that
hear one note at a time are judged on recordings in which one note is played at a time, except where a table says so.
What was heard is kept under --out, so a run that was stopped goes on, and a second one only counts.

Writes calibration.csv, curve.csv, found.csv, registers.csv, octaves.csv, nobody.csv, degraded.csv, reliability.md and
reliability.png; --figure writes the figure there as well, and --page puts the tables into a page that has them. What is
said beside them there is to be read again.
"""

import argparse
import sys
import warnings
from itertools import groupby, product
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from reliability_sounds import CONDITIONS, NOBODY_S, SR, degraded, joined, nothing_played, some
from scipy import stats
from single_notes import LOUDNESS, loudness_of
from tqdm.auto import tqdm

from pianolab import sound
from pianolab.cli.command import number_of, seconds
from pianolab.compare import compare
from pianolab.compare.participants import find_participants
from pianolab.data import load_dataset
from pianolab.errors import PianolabError, reason
from pianolab.files import refuse_unwritable, replacing
from pianolab.labels import read_pedal
from pianolab.registry import create
from pianolab.scores import (
    REGISTERS,
    brier_score,
    error_counts,
    expected_calibration_error,
    match,
    register_of,
    reliability_curve,
    separation,
    share_interval,
    struck,
)
from pianolab.session import transcribe
from pianolab.texts.choices import SPLITS

DATA = ("builtin", "real")
DETECTORS = ("yin", "cqt", "fft_peak", "nmf", "neural")
ONE, MANY = "one note at a time", "chords and pieces"
N_RESAMPLES = 300
AT_ONCE = {"1": 1, "2": 2, "3-4": 3, "5 and more": 5}  # How many strings sound, from this number on.
AT_ONCE_S = 0.05  # A chord's keys are struck within this time.
MEANT = {
    "Where each detector breaks": "% of played notes found (95 % interval), onset F1, octaves for 1,000 played notes.",
    "Where nobody plays": "Notes a minute.",
    "Quiet, clipped, noisy": "% of notes found / wrong notes a minute.",
}
LEAST_DRAWN = 10  # Fewer notes of a bin make no point in the figure; the tables have them.


# ------------------------------------------------------------------------------------------------- notes as rows


def about(result, heard_by, hears_many):
    """Where and by whom something was heard; ``fits``: the detector is made for what is played there."""
    dataset, recording, detector = heard_by
    material = ONE if result.recordings[dataset, recording].monophonic else MANY
    fits = material == ONE or hears_many[detector]
    return {"dataset": dataset, "material": material, "recording": recording, "detector": detector, "fits": fits}


def heard_rows(result, hears_many):
    """One row a heard note: how sure it was, and whether it was struck."""
    tables = []
    for heard_by, heard in result.heard.items():
        notes = {
            "register": [register_of(midi) for midi in heard.midi],
            "confidence": heard.confidence,
            "struck": struck(result.truths[heard_by[:2]], heard, protocol=result.protocol),
        }
        tables.append(pd.DataFrame(about(result, heard_by, hears_many) | notes))
    return pd.concat(tables, ignore_index=True)


def played_rows(result, hears_many):
    """One row a played note and detector: what kind of note it is, and whether it was found."""
    tables = []
    for heard_by, heard in result.heard.items():
        recording, truth = result.recordings[heard_by[:2]], result.truths[heard_by[:2]]
        found = np.zeros(len(truth), dtype=bool)
        found[match(truth, heard, protocol=result.protocol)[:, 0]] = True
        kinds = {
            "register": [register_of(midi) for midi in truth.midi],
            "loudness": [loudness_of(velocity) for velocity in truth.velocity],
            "strings at once": strings_at_once(truth, recording.notes(pedal="extended")),
            "pedal": pedal_at(truth, recording),
            "room": recording.room or "unknown",
        }
        tables.append(pd.DataFrame(about(result, heard_by, hears_many) | kinds | {"found": found}))
    return pd.concat(tables, ignore_index=True)


def strings_at_once(struck_notes, sounding):
    """For each stroke a name of `AT_ONCE`: how many strings sound just after it, under the pedal too."""
    after = struck_notes.onset + AT_ONCE_S
    begun = np.searchsorted(sounding.onset, after, side="right")
    ended = np.searchsorted(np.sort(sounding.offset), after, side="right")
    return [[name for name, least in AT_ONCE.items() if n >= least][-1] for n in np.maximum(begun - ended, 1)]


def pedal_at(notes, recording):
    """Whether the sustain pedal is down at each stroke; unknown where the labels are no MIDI file."""
    if recording.labels is None or recording.labels.suffix.lower() not in (".mid", ".midi"):
        return ["unknown"] * len(notes)
    pedal = read_pedal(recording.labels)
    down = [np.any((pedal[:, 0] <= onset) & (onset < pedal[:, 1])) for onset in notes.onset]
    return np.where(down, "down", "up") if len(down) else []


# -------------------------------------------------------------------------------------------------- the questions


def calibration(heard):
    """Calibration error with its interval, Brier score and separation, and the curve, by data set and material."""
    sums, curves = [], []
    by = ["dataset", "material", "detector", "fits"]
    for group, part in heard.groupby(by, sort=False):
        of = dict(zip(by, group, strict=True))
        given = (part.confidence.to_numpy(), part.struck.to_numpy())
        low, high = error_interval(part)
        sums.append(
            {
                **of,
                "notes": len(part),
                "mean confidence": given[0].mean(),
                "struck": given[1].mean(),
                "calibration error": expected_calibration_error(*given),
                "low": low,
                "high": high,
                "Brier score": brier_score(*given),
                "separation": separation(*given),
            }
        )
        curves.append(pd.DataFrame(of | vars(reliability_curve(*given))))
    return pd.DataFrame(sums), pd.concat(curves, ignore_index=True)


def error_interval(notes):
    """95 % interval of the calibration error, whole recordings drawn with replacement: their notes are alike."""
    recordings = [
        (part.confidence.to_numpy(), part.struck.to_numpy()) for _, part in notes.groupby("recording", sort=True)
    ]
    if len(recordings) < 2:
        return np.nan, np.nan

    def error(drawn):
        confidence, right = zip(*(recordings[i] for i in drawn), strict=True)
        return expected_calibration_error(np.concatenate(confidence), np.concatenate(right))

    drawn = stats.bootstrap(
        (np.arange(len(recordings)),),
        error,
        vectorized=False,
        method="percentile",
        n_resamples=N_RESAMPLES,
        rng=np.random.default_rng(0),
    )
    return drawn.confidence_interval.low, drawn.confidence_interval.high


def found_by_kind(played):
    """Share of played notes found, with its Wilson interval, by each kind of note."""
    rows = []
    for kind in ("register", "loudness", "strings at once", "pedal", "room"):
        given = played if kind == "strings at once" else played[played.fits]
        for (dataset, value, detector), found in given.groupby(["dataset", kind, "detector"]).found:
            low, high = share_interval(found.sum(), len(found))
            of = {"dataset": dataset, "kind": kind, "value": value, "detector": detector}
            rows.append({**of, "played": len(found), "found": found.mean(), "low": low, "high": high})
    names = [*REGISTERS, *LOUDNESS, *AT_ONCE]
    order = {name: i for i, name in enumerate(names)}
    return pd.DataFrame(rows).sort_values("value", key=lambda c: c.map(order).fillna(len(names)), kind="stable")


def registers(heard, played):
    """Precision, recall and F1 of each register."""
    by = ["dataset", "detector", "register"]
    shown, found = heard[heard.fits].groupby(by).struck, played[played.fits].groupby(by).found
    table = pd.DataFrame({"shown": shown.count(), "played": found.count(), "right": found.sum()}).fillna(0.0)
    table["precision"], table["recall"] = table.right / table.shown, table.right / table.played
    table["f1"] = 2 * table.right / (table.shown + table.played)
    return table.reset_index()


def octaves(result, hears_many):
    """Notes heard an octave or a twelfth off, by data set and detector."""
    rows = []
    for heard_by, heard in result.heard.items():
        truth = result.truths[heard_by[:2]]
        counts = error_counts(truth, heard, protocol=result.protocol)
        errors = {
            "played": len(truth),
            "heard as octave": counts["missed", "heard as octave"],
            "octave ghost": counts["extra", "octave ghost"],
            "twelfth ghost": counts["extra", "twelfth ghost"],
        }
        rows.append(about(result, heard_by, hears_many) | errors)
    table = pd.DataFrame(rows)
    sums = table[table.fits].drop(columns="fits").groupby(["dataset", "detector"], sort=False)
    return sums.sum(numeric_only=True).reset_index()


# ---------------------------------------------------------------------------------------- nobody plays, bad input


def nobody(sounds, detectors):
    """Notes a minute that are announced where nobody plays; detectors by the names that the tables shall have."""
    rows = []
    for (name, y), (detector, instance) in tqdm([*product(sounds.items(), detectors.items())], desc="nobody plays"):
        n = len(transcribe(y, sr=SR, detector=instance))
        rows.append({"sound": name, "detector": detector, "seconds": len(y) / SR, "a minute": 60 * n * SR / len(y)})
    return pd.DataFrame(rows)


def bad_input(datasets, given, hears_many):
    """Share of notes found and wrong notes a minute under each condition."""
    with TemporaryDirectory() as folder:
        chosen = [some(dataset, given.each) for dataset in datasets]
        changed = [part for dataset in chosen for part in degraded(dataset, Path(folder), given.part)]
        result = hear(changed, given, given.part)
        length_s = {place: sound.info(recording.audio).seconds for place, recording in result.recordings.items()}
    heard, played = heard_rows(result, hears_many), played_rows(result, hears_many)
    heard, played = heard[heard.fits], played[played.fits]
    by = ["dataset", "detector"]
    table = pd.DataFrame(
        {
            "played": played.groupby(by).found.count(),
            "found": played.groupby(by).found.mean(),
            "wrong": heard.groupby(by).struck.agg(lambda right: (~right).sum()),
        }
    )
    places = played.drop_duplicates([*by, "recording"])
    seconds_heard = places.assign(seconds=[length_s[row.dataset, row.recording] for row in places.itertuples()])
    table["wrong a minute"] = 60 * table.wrong.fillna(0) / seconds_heard.groupby(by).seconds.sum()
    table = table.reset_index()
    table["condition"] = [name.split(": ", 1)[1] for name in table.dataset]
    table["dataset"] = [name.split(": ", 1)[0] for name in table.dataset]
    return table


# ------------------------------------------------------------------------------------------------ tables, figure


def markdown(rows, by, cell, columns):
    """A table: one line for each value of ``by``, one column a detector."""
    lines = [f"| {by} | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for value, part in rows.groupby(by, sort=False):
        cells = {row["detector"]: cell(row) for row in part.to_dict("records")}
        lines.append(f"| {value} | " + " | ".join(cells.get(name, "-") for name in columns) + " |")
    return "\n".join([*lines, ""])


def percent(row, name="found"):
    return "-" if np.isnan(row[name]) else f"{100 * row[name]:.0f}"


def parts(tables, detectors):
    """All tables as text, in the order of docs/reliability.md: each with the heading under which it stands there."""
    found = []
    for (dataset, kind), part in tables["calibration"].groupby(["dataset", "material"], sort=False):
        curve = tables["curve"]
        curve = curve[(curve.dataset == dataset) & (curve.material == kind)]
        curve = curve[curve.n > 0].sort_values("low", kind="stable")
        curve["said with"] = [f"{low:.1f}-{high:.1f}" for low, high in zip(curve.low, curve.high, strict=True)]
        heading = f"`{dataset}`, {kind}"
        found += [(heading, sums_table(part)), (heading, markdown(curve, "said with", share_cell, detectors))]
    heading = "Where each detector breaks"
    for (dataset, kind), part in tables["found"].groupby(["dataset", "kind"], sort=False):
        most = part.groupby("value").played.transform("max")
        name = f"`{dataset}`: {kind} (notes)"
        part = part.assign(**{name: part.value + " (" + most.astype(str) + ")"})
        found.append((heading, markdown(part, name, range_cell, detectors)))
    for dataset, part in tables["registers"].groupby("dataset", sort=False):
        part = part.rename(columns={"register": f"`{dataset}`: onset F1"})
        found.append((heading, markdown(part, f"`{dataset}`: onset F1", lambda r: f"{r['f1']:.2f}", detectors)))
    for dataset, part in tables["octaves"].groupby("dataset", sort=False):
        kinds = ("heard as octave", "octave ghost", "twelfth ghost")
        long = part.melt(["detector", "played"], kinds, f"`{dataset}`", "n")
        text = markdown(long, f"`{dataset}`", lambda r: f"{1000 * r['n'] / r['played']:.0f}", detectors)
        found.append((heading, text))
    text = markdown(tables["nobody"], "sound", lambda r: f"{r['a minute']:.0f}", detectors)
    found.append(("Where nobody plays", text))
    for dataset, part in tables["degraded"].groupby("dataset", sort=False):
        order = {name: i for i, name in enumerate(CONDITIONS)}
        part = part.sort_values("condition", key=lambda c: c.map(order)).rename(columns={"condition": f"`{dataset}`"})
        text = markdown(part, f"`{dataset}`", lambda r: f"{percent(r)} / {r['wrong a minute']:.0f}", detectors)
        found.append(("Quiet, clipped, noisy", text))
    return found


def page(found):
    """A page of tables, each under its heading."""
    texts, last = [], None
    for heading, table in found:
        if heading != last:
            texts += [f"## {heading}", "", *([MEANT[heading], ""] if heading in MEANT else [])]
        texts.append(table)
        last = heading
    return "\n".join(texts)


def put_into(text, found):
    """A page with its tables replaced by new ones of the same heading and the same first cell."""
    left = {(heading, first_cell(table)): table.strip().splitlines() for heading, table in found}
    kept, heading, lines = [], "", text.splitlines()
    for is_table, block in groupby(lines, lambda line: line.startswith("|")):
        block = list(block)
        if is_table:
            block = left.pop((heading, first_cell(block[0])), block)
        heading = next((line.lstrip("# ") for line in reversed(block) if line.startswith("#")), heading)
        kept += block
    if left:
        places = "; ".join(f"{heading}: {cell}" for heading, cell in left)
        raise PianolabError(f"the page has no place for {places}: give the data sets and detectors that it shows")
    return "\n".join(kept) + "\n"


def first_cell(table):
    """What stands first in the head of a table."""
    return table.split("|")[1].strip()


def sums_table(part):
    columns = ("notes", "mean confidence", "struck", "calibration error", "95 % interval", "Brier score", "separation")
    lines = ["| detector | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for row in part.to_dict("records"):
        row["95 % interval"] = f"{row['low']:.3f}-{row['high']:.3f}"
        texts = [f"{row[name]:.3f}" if isinstance(row[name], float) else str(row[name]) for name in columns]
        lines.append(f"| {row['detector']} | " + " | ".join(texts) + " |")
    return "\n".join([*lines, ""])


def share_cell(row):
    return f"{percent(row, 'share')} ({percent(row, 'share_low')}-{percent(row, 'share_high')}) of {row['n']}"


def range_cell(row):
    return f"{percent(row)} ({percent(row, 'low')}-{percent(row, 'high')})"


def draw(curve, detectors):
    """The reliability curves, one panel for each data set and material; only what a detector is made for."""
    datasets = list(dict.fromkeys(curve.dataset))
    curve = curve[curve.fits & (curve.n >= LEAST_DRAWN)]
    figure, axes = plt.subplots(
        len(datasets),
        2,
        figsize=(9, 0.8 + 3.6 * len(datasets)),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for (i, dataset), (j, kind) in product(enumerate(datasets), enumerate((ONE, MANY))):
        ax = axes[i, j]
        ax.plot([0, 1], [0, 1], color="0.6", lw=1, ls="--", label="calibrated")
        for number, detector in enumerate(detectors):
            rows = curve[(curve.dataset == dataset) & (curve.material == kind) & (curve.detector == detector)]
            ends = np.abs(np.array([rows.share_low, rows.share_high]) - rows.share.to_numpy())
            style = {"marker": "osD^v"[number % 5], "ms": 5, "lw": 1.2, "capsize": 2, "color": f"C{number}"}
            if len(rows):
                ax.errorbar(rows.confidence, rows.share, yerr=ends, label=detector, **style)
        ax.set_title(f"{dataset}: {kind}")
        ax.grid(alpha=0.3)
        ax.set(xlim=(0, 1), ylim=(0, 1.02))
    for ax in axes[-1]:
        ax.set_xlabel("confidence with which notes were said")
    for ax in axes[:, 0]:
        ax.set_ylabel("share of them that was struck")
    handles = {}
    for ax in axes.flat:
        handles |= dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=6, frameon=False)
    return figure


# --------------------------------------------------------------------------------------------------------- main


def hear(datasets, given, length_s):
    """The comparison. What is remarked about clipped and quiet sound is left out, for it is made so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        result = compare(
            datasets, given.detector, seconds=length_s, split=given.split, jobs=given.jobs, cache=given.out / "cache"
        )
    for row in result.failures.itertuples():
        print(f"{row.dataset}: {row.recording}: {row.detector}: {row.error}", file=sys.stderr)
    return result


def measure(given, detectors):
    """All tables by name."""
    hears_many = {name: detector.polyphonic for name, detector in detectors.items()}
    datasets = [load_dataset(name, split=given.split) for name in given.data]
    length_s = min(NOBODY_S, given.seconds or NOBODY_S)
    sounds = nothing_played(length_s) | {str(folder): joined(folder, length_s) for folder in given.nobody}
    result = hear(datasets, given, given.seconds)
    if not any(map(len, result.heard.values())):
        raise PianolabError("no note was heard, so there is nothing to judge: name recordings of a piano with --data")
    heard, played = heard_rows(result, hears_many), played_rows(result, hears_many)
    sums, curve = calibration(heard)
    return {
        "calibration": sums,
        "curve": curve,
        "found": found_by_kind(played),
        "registers": registers(heard, played),
        "octaves": octaves(result, hears_many),
        "nobody": nobody(sounds, detectors),
        "degraded": bad_input(datasets, given, hears_many),
    }


def arguments(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--data", action="append", help="built-in, real, or a folder; may be repeated (default: builtin and real)")
    add("--split", default="test", choices=SPLITS, help="which recordings (default: test)")
    add("--detector", action="append", help=f"may be repeated (default: {', '.join(DETECTORS)})")
    add("--seconds", type=seconds, help="only the beginning of each recording (default: all)")
    add("--each", type=number_of("recordings"), default=3, help="so many of each kind are made quiet, noisy, ... (3)")
    add("--part", type=seconds, default=8.0, help="and so much of each of these, seconds (default: 8)")
    add("--nobody", type=Path, action="append", default=[], help="a folder of sounds without a piano; may be repeated")
    add("--jobs", type=number_of("processes"), help="processes at once (default: one a core, at most 8)")
    add("--out", type=Path, default=Path("results/reliability"), help="default: results/reliability")
    add("--page", type=Path, help="put the tables into this page, in place of its own, e.g. docs/reliability.md")
    add("--figure", type=Path, help="a second place for the figure, e.g. docs/figures/reliability.png")
    given = parser.parse_args(argv)
    given.data, given.detector = given.data or list(DATA), given.detector or list(DETECTORS)
    return given


def main(argv=None):
    given = arguments(argv)
    try:
        detectors = {who.label: create(who.spec) for who in find_participants(given.detector, {})[0]}
        refuse_unwritable(given.out)
        tables = measure(given, detectors)
    except (PianolabError, OSError) as error:
        print(reason(error), file=sys.stderr)
        return 2
    try:
        write(tables, list(detectors), given)
    except (PianolabError, OSError) as error:
        print(reason(error), file=sys.stderr)
        return 2
    return 0


def write(tables, detectors, given):
    """All tables and the figure; prints the tables."""
    found = parts(tables, detectors)
    text = page(found)
    given.out.mkdir(parents=True, exist_ok=True)
    contents = {f"{name}.csv": table.to_csv(index=False) for name, table in tables.items()} | {"reliability.md": text}
    for name, content in contents.items():
        with replacing(given.out / name) as temporary:
            temporary.write_text(content, encoding="utf-8")
    if given.page:
        with replacing(given.page) as temporary:
            temporary.write_text(put_into(given.page.read_text(encoding="utf-8"), found), encoding="utf-8")
    figure = draw(tables["curve"], detectors)
    for path in filter(None, (given.out / "reliability.png", given.figure)):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            figure.savefig(temporary, dpi=100, format="png")
    print(text)


if __name__ == "__main__":
    sys.exit(main())
