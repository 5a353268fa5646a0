"""How well is a piano heard where people live: while somebody talks, in noise, on other pianos, in rooms?

    python benchmarks/world.py                                     what comes with pianolab, and sounds by rule
    python benchmarks/world.py --material DIR                      its folders maps/real, speech, pianos, ...
    python benchmarks/world.py --maps "$MAPS" --pianos "$PIANOS" --detector neural --row performances
    python benchmarks/world.py --detector fft_peak --row nobody --quick
    python benchmarks/world.py --tighten tests/world/bounds.json   what the tests ask, where it has become better

Rows: what is announced where nobody plays; melodies beside speech, in noise, quiet and through a cheap microphone;
single notes; phrases; recordings of a real piano; performances rendered from single notes of pianos that nothing was
trained on, with the sustain pedal; how true the confidence is; what a detector costs. Each number stands beside its
bar and its goal.

What is counted is what a player sees: every note that is announced while the sound comes, also one that is taken back.
A note that is announced under a wrong name and then renamed counts as a wrong one and a right one. Found are the notes
that stand at the end. A note is right if its key is right and its onset within 50 ms. Where nobody plays nothing is
right. A name of a detector's peers (docs/peers.md) is as good as one of ours.

What was heard is kept under --out, so a run that was stopped goes on. Writes world.csv and world.md.
"""

import argparse
import hashlib
import io
import json
import multiprocessing
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile as sf
from peers import ours
from polyphony import peak_mb, rule_ms
from single_notes import is_right
from tqdm.auto import tqdm
from world_sounds import REPORT_PIANOS, ROWS, SR, Case, Material, Sounding

from pianolab.cli.command import number_of, seconds
from pianolab.compare.cache import Cache
from pianolab.compare.fingerprints import detector_facts, fingerprint, source_of
from pianolab.errors import PianolabError, reason
from pianolab.files import refuse_unwritable, replacing
from pianolab.labels import sustain
from pianolab.registry import create
from pianolab.roll import Notes
from pianolab.scores import (
    Protocol,
    error_counts,
    expected_calibration_error,
    register_of,
    score_melody,
    score_notes,
    score_onsets,
    score_pedal,
    separation,
    struck,
)
from pianolab.session import default_tracker, transcribe_file
from pianolab.tracking import Tracker, Tracking

DETECTORS = ("fft_peak", "cqt", "yin", "nmf", "neural")
FACTS = ("calibration", "cost")  # Rows that have no sounds of their own.
COST_S = 20.0
NOTE_FIELDS = ("onset", "offset", "midi", "velocity", "confidence")
PLAYED_ROWS = ("phrases", "beside speech", "noise", "performances", "real recordings")

# Bar and goal of each measure, by the detectors that they are asked of.
SHOWN, MANY, ONE = ("fft_peak", "neural"), ("neural",), ("fft_peak",)
BARS = {
    **{
        ("nobody", part, "false a minute", detectors): limits
        for part in ("speech by rule", "speech of espeak-ng", "speech, recorded")
        for detectors, limits in ((SHOWN, (6, 1)), (("yin", "cqt"), (20, 6)), (("nmf",), (40, 10)))
    },
    ("nobody", "knocks", "false a minute", SHOWN): (2, 0),
    ("nobody", "hum", "false a minute", SHOWN): (0.5, 0),
    ("nobody", "mixed noises by rule", "false a minute", SHOWN): (4, 1),
    ("nobody", "mixed noises, recorded", "false a minute", SHOWN): (4, 1),
    ("nobody", "pink, white, silence", "false a minute", SHOWN): (0, 0),
    **{
        ("beside speech", part, measure, SHOWN): limits
        for part in ("talk by rule and of espeak-ng", "recorded talk")
        for measure, limits in (("found %", (95, 99)), ("false a minute", (15, 5)))
    },
    ("noise", "pink noise 20 dB below", "found %", ONE): (97, 99),
    ("noise", "pink noise 10 dB below", "found %", ONE): (90, 97),
    ("noise", "white noise 10 dB below", "found %", ONE): (85, 95),
    ("noise", "quiet: -45 dBFS over noise at -75", "found %", ONE): (98, 100),
    ("isolated", "single notes", "right %", ("fft_peak",)): (99.5, 100),
    ("isolated", "single notes", "right %", ("cqt",)): (99, 100),
    ("isolated", "single notes", "right %", ("yin",)): (97, 100),
    ("isolated", "single notes", "worst register %", ("fft_peak", "cqt", "yin")): (94, 100),
    ("phrases", "clean", "RPA %", ONE): (97.5, 98.5),
    ("phrases", "clean", "onset F1", ONE): (0.990, 0.996),
    ("phrases", "clean", "note F1", ONE): (0.980, 0.990),
    ("phrases", "clean", "false a minute", ("nmf",)): (20, 8),
    ("real recordings", "all", "onset F1", MANY): (0.855, 0.89),
    ("real recordings", "all", "onset F1, 100 ms", MANY): (0.93, 0.955),
    ("real recordings", "all", "note F1", MANY): (0.67, 0.72),
    ("real recordings", "all", "frame F1", MANY): (0.81, 0.84),
    ("real recordings", "all", "velocity F1", MANY): (0.58, 0.66),
    ("real recordings", "all", "octave ghosts a 1,000", MANY): (14, 7),
    ("real recordings", "all", "onset F1", ("nmf",)): (0.68, 0.72),
    ("real recordings", "all", "note F1", ("nmf",)): (0.35, 0.45),
    ("performances", "all", "onset F1", MANY): (0.955, 0.98),
    ("performances", "all", "onset F1, 25 ms", MANY): (0.935, 0.97),
    ("performances", "all", "note F1", MANY): (0.65, 0.78),
    ("performances", "all", "pedal onset F1", MANY): (0.60, 0.80),
    ("performances", "all", "pedal frame F1", MANY): (0.80, 0.90),
    ("calibration", "all", "calibration error", SHOWN): (0.05, 0.02),
    ("calibration", "all", "area under the curve", SHOWN): (0.75, 0.85),
    ("cost", "all", "x real time", MANY): (0.04, 0.02),
    ("cost", "all", "peak memory, MB", MANY): (400, 400),
    ("cost", "all", "weights, MB", MANY): (6, 6),
    ("cost", "all", "delay by rule, ms", MANY): (130, 130),
}
SMALL_S = 3.0  # The tests have little time.
SMALL_ROWS = ("nobody", "beside speech", "noise", "phrases")
LEFT_OUT = ("singing and humming", "steps and clinks", "pink noise 20 dB below")  # ... and leave these out.
COLUMNS = ["row", "part", "detector", "measure", "value", "sounds"]
DIGITS = {"F1": 3, "calibration error": 3, "area under the curve": 3, "x real time": 3}


# -------------------------------------------------------------------------------------------------------- hearing


class Announcing(Tracker):
    """A tracker that remembers every name under which a note was announced."""

    def __init__(self, tracking: Tracking):
        super().__init__(tracking)
        self.told = []

    def push(self, salience, **more):
        events = super().push(salience, **more)
        self.told += [(event.time_s, int(event.midi)) for event in events if event.kind in ("on", "revised")]
        return events

    def flush(self, *, end_s=None):
        events = super().flush(end_s=end_s)
        self.told += [(event.time_s, int(event.midi)) for event in events if event.kind in ("on", "revised")]
        return events


def hear(detector, case: Case, sounding: Sounding, tracking: Tracking | None = None) -> dict:
    """What a detector announces, and what is left of it, as plain values; its own tracking if no other is given."""
    file = io.BytesIO()
    sf.write(file, sounding.y, sounding.sr, format="WAV", subtype="FLOAT")
    file.seek(0)
    tracker = Announcing(tracking or default_tracker(detector).tracking)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # Noise and clipping are meant.
        heard = transcribe_file(file, detector=detector, tracker=tracker)
        answer = {name: getattr(heard.notes, name).tolist() for name in NOTE_FIELDS}
        answer |= {"told": tracker.told, "cpu_s": heard.seconds_cpu}
        answer["pedal"] = None if tracker.pedal is None else tracker.pedal.tolist()
        if case.row == "phrases" and heard.f0_times is not None:
            answer["rpa"] = score_melody(sounding.notes, heard.f0_times, heard.f0_hz)["melody_rpa"]
        if case.row == "isolated" and not detector.polyphonic:
            rows = ours(detector.spec)(sounding.y, sounding.sr)[:2]
            answer["right"] = bool(is_right(*rows, int(sounding.notes.midi[0]), float(sounding.notes.onset[0]))[0])
    return answer


def row_of(spec, case: Case, sounding: Sounding, answer: dict) -> dict:
    """All that is counted of one sound and detector."""
    notes, played = Notes(*(answer[name] for name in NOTE_FIELDS)), sounding.notes
    told = Notes(*np.array([(s, s + 0.1, midi) for s, midi in answer["told"]]).reshape(-1, 3).T)
    right = struck(played, notes)
    row = {
        "row": case.row,
        "part": case.part,
        "name": case.name,
        "detector": spec,
        "minutes": len(sounding.y) / sounding.sr / 60.0,
        "played": len(played),
        "found": int(right.sum()),
        "announced": len(told),
        "false": int(np.sum(~struck(played, told))),
        "confidence": notes.confidence.tolist(),
        "struck": right.tolist(),
        "cpu_s": answer["cpu_s"],
        "right": answer.get("right", np.nan),
        "rpa": 100.0 * answer.get("rpa", np.nan),
        "register": register_of(played.midi[0]) if len(played) else "",
    }
    if case.row in ("phrases", "real recordings", "performances"):
        scores = score_notes(played, notes)
        row |= {name: scores.get(name, np.nan) for name in ("onset_f1", "note_f1", "frame_f1", "velocity_onset_f1")}
        for ms in (25, 100):
            row[f"onset_f1_{ms}"] = score_onsets(played, notes, protocol=Protocol(onset_tolerance_s=ms / 1000))[
                "onset_f1"
            ]
        names = ("pedal_onset_f1", "pedal_frame_f1", "note_f1_sounding", "frame_f1_sounding")
        row |= dict.fromkeys(names, np.nan)
        if sounding.pedal is not None:
            pedal = np.reshape(answer["pedal"] or [], (-1, 2))
            if answer["pedal"] is not None:
                row |= score_pedal(sounding.pedal, pedal)
            sounded = score_notes(sustain(played, sounding.pedal), sustain(notes, pedal))
            row |= {f"{name}_sounding": sounded[name] for name in ("note_f1", "frame_f1")}
        row["ghosts"] = error_counts(played, notes)["extra", "octave ghost"]
    return row


def measure(specs, material: Material, rows, cache: Cache, wanted=lambda case: True) -> pd.DataFrame:
    """One row a sound and detector. Each sound is made once; what a detector heard in it is kept."""
    detectors = {spec: create(spec) for spec in specs}
    codes = {spec: (detector_facts(one), source_of(one)) for spec, one in detectors.items()}
    found = []
    cases = [case for name in rows if name in ROWS for case in ROWS[name](material) if wanted(case)]
    for case in tqdm(cases, desc="hearing"):
        sounding = case.make()
        digest = hashlib.sha256(np.ascontiguousarray(sounding.y, dtype=np.float32)).hexdigest()
        for spec, detector in detectors.items():
            if case.row == "isolated" and detector.polyphonic:
                continue
            key = fingerprint(world=2, sound=digest, sr=sounding.sr, row=case.row, detector=codes[spec])
            answer = cache.kept(key, lambda d=detector, c=case, s=sounding: hear(d, c, s))
            found.append(row_of(spec, case, sounding, answer))
    return pd.DataFrame(found)


# --------------------------------------------------------------------------------------------------------- tables


def sums(rows: pd.DataFrame) -> pd.DataFrame:
    """Each measure of each row, part and detector, with the number of sounds."""
    found = []
    for (row, part, detector), group in rows.groupby(["row", "part", "detector"], sort=False):
        found += [(row, part, detector, name, value, len(group)) for name, value in measures(row, group).items()]
    parts = rows[rows.row == "performances"].groupby(["row", "detector"], sort=False)
    for (row, detector), group in parts:
        found += [(row, "all", detector, name, value, len(group)) for name, value in measures(row, group).items()]
    return pd.DataFrame(found, columns=COLUMNS)


def measures(row: str, group: pd.DataFrame) -> dict[str, float]:
    """The measures of one row of the table, by name."""
    minutes, played = group.minutes.sum(), group.played.sum()
    false = {"false a minute": group.false.sum() / minutes}
    found = {"found %": 100.0 * group.found.sum() / played if played else np.nan}
    if row == "nobody":
        return false
    if row in ("beside speech", "noise"):
        return found | false
    if row == "isolated":
        right = group.right.astype(float)
        return {"right %": 100 * right.mean(), "worst register %": 100 * right.groupby(group.register).mean().min()}
    scores = {"onset F1": group.onset_f1.mean(), "note F1": group.note_f1.mean()}
    if row == "phrases":
        return {"RPA %": group.rpa.mean(), **scores, **found, **false}
    wide = {"onset F1, 25 ms": group.onset_f1_25.mean(), "onset F1, 100 ms": group.onset_f1_100.mean()}
    ghosts = {"octave ghosts a 1,000": 1000.0 * group.ghosts.sum() / played}
    more = {"frame F1": group.frame_f1.mean(), "velocity F1": group.velocity_onset_f1.mean()}
    pedal = {"pedal onset F1": group.pedal_onset_f1.mean(), "pedal frame F1": group.pedal_frame_f1.mean()}
    # Notes as they sound: what was played is lengthened by its pedal, what was heard by the pedal that was heard.
    ends = {"note F1, as they sound": group.note_f1_sounding.mean()}
    ends["frame F1, as they sound"] = group.frame_f1_sounding.mean()
    return scores | wide | more | ghosts | pedal | ends


def calibration(rows: pd.DataFrame) -> pd.DataFrame:
    """How true the confidence is, over all notes heard where somebody plays what the detector is made for."""
    found = []
    for detector, group in rows[rows.row.isin(PLAYED_ROWS)].groupby("detector", sort=False):
        polyphonic = create(detector).polyphonic
        group = group[polyphonic | group.row.isin(("phrases", "beside speech", "noise"))]
        confidence, right = (np.concatenate(group[name].tolist()) for name in ("confidence", "struck"))
        values = {
            "calibration error": expected_calibration_error(confidence, right.astype(bool)),
            "area under the curve": separation(confidence, right.astype(bool)),
        }
        found += [("calibration", "all", detector, name, value, len(group)) for name, value in values.items()]
    return pd.DataFrame(found, columns=COLUMNS)


def cost_of(spec: str) -> dict[str, float]:
    """What a detector takes, in this process: share of real time, memory, size of its weights, delay."""
    detector = create(spec)
    y = np.random.default_rng(0).normal(0.0, 0.05, round(COST_S * SR)).astype(np.float32)
    answers = [hear(detector, Case("cost", "", "", list), Sounding(y[:n], SR, Notes.empty())) for n in (SR, len(y))]
    return {
        "x real time": answers[-1]["cpu_s"] / COST_S,
        "peak memory, MB": peak_mb(),
        "weights, MB": np.nan if detector.weights is None else Path(detector.weights).stat().st_size / 1e6,
        "delay by rule, ms": np.nan if detector.whole_recording else rule_ms(detector),
    }


def cost(specs) -> pd.DataFrame:
    """The cost of each detector, each in a process of its own, which has held nothing else."""
    found = []
    for spec in specs:
        with multiprocessing.get_context("spawn").Pool(1) as fresh:
            values = fresh.apply(cost_of, (spec,))
        found += [("cost", "all", spec, name, value, 1) for name, value in values.items()]
    return pd.DataFrame(found, columns=COLUMNS).dropna()


def small(specs, out: Path) -> pd.DataFrame:
    """The measures on a small part of the sounds that come with pianolab, which the tests hold to their bounds.

    ``note`` is how much one note more or less changes a measure.
    """
    material = Material(seconds=SMALL_S, each=1, out=out)
    rows = measure(specs, material, SMALL_ROWS, Cache(out / "cache"), lambda case: case.part not in LEFT_OUT)
    table = sums(rows)
    table = table[table.measure.isin(("false a minute", "found %"))]
    whole = rows.groupby(["row", "part", "detector"])[["minutes", "played"]].sum()
    table = table.merge(whole, on=["row", "part", "detector"], how="left")
    return table.assign(note=np.where(table.measure == "found %", 100.0 / table.played.clip(1), 1.0 / table.minutes))


def tightened(bounds: dict[str, dict[str, float]], table: pd.DataFrame) -> dict[str, dict[str, float]]:
    """The bounds, with what was measured where that is better, and where there was none."""
    bounds = {detector: dict(of) for detector, of in bounds.items()}
    for one, less in zip(table.itertuples(), is_less_better(table), strict=True):
        of, name, value = bounds.setdefault(one.detector, {}), bound_name(one), round(float(one.value), 1)
        of[name] = min(of.get(name, value), value) if less else max(of.get(name, value), value)
    return bounds


def bound_name(one) -> str:
    return f"{one.row}: {one.part}: {one.measure}"


def with_bars(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the bar and the goal of each number, and whether it holds the bar."""
    limits = {
        (row, part, measure, detector): values
        for (row, part, measure, detectors), values in BARS.items()
        for detector in detectors
    }
    pairs = [
        limits.get((one.row, one.part, one.measure, one.detector.partition(":")[0]), (np.nan, np.nan))
        for one in table.itertuples()
    ]
    table = table.assign(bar=[float(bar) for bar, _ in pairs], goal=[float(goal) for _, goal in pairs])
    less = is_less_better(table)
    held = np.where(less, table.value <= table.bar, table.value >= table.bar)
    return table.assign(holds=np.where(np.isnan(table.bar), "", np.where(held, "yes", "no")))


def is_less_better(table: pd.DataFrame):
    """Of which numbers a player wants little."""
    less = ("false a minute", "octave ghosts a 1,000", "calibration error", "x real time", "peak memory, MB")
    return table.measure.isin((*less, "weights, MB", "delay by rule, ms"))


def page(table: pd.DataFrame) -> str:
    """All numbers as Markdown, a table for each row, a column for each detector."""
    texts = [
        "Bold: the number holds its bar. Bars stand with the detectors that they are asked of, goals in brackets.",
        "",
    ]
    detectors = list(dict.fromkeys(table.detector))
    for row, rows in table.groupby("row", sort=False):
        texts += [f"## {row}", "", f"| what | measure | {' | '.join(detectors)} | bar (goal) |"]
        texts.append("|---" * (len(detectors) + 3) + "|")
        for (part, measure), group in rows.groupby(["part", "measure"], sort=False):
            cells = {one.detector: cell(one) for one in group.itertuples()}
            limits = {}
            for one in group[group.bar.notna()].itertuples():
                limits.setdefault(f"{one.bar:g} ({one.goal:g})", []).append(one.detector)
            asked = "; ".join(f"{', '.join(names)}: {limit}" for limit, names in limits.items())
            shown = (cells.get(name, "-") for name in detectors)
            texts.append("| " + " | ".join((part, measure, *shown, asked)) + " |")
        texts.append("")
    return "\n".join(texts)


def cell(one) -> str:
    digits = next((n for name, n in DIGITS.items() if name in one.measure), 1)
    text = "-" if np.isnan(one.value) else f"{one.value:.{digits}f}"
    return f"**{text}**" if one.holds == "yes" else text


# ----------------------------------------------------------------------------------------------------------- main


def arguments(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--material", type=Path, help="a folder with maps/real, speech, pianos, rooms, noise and midi, as far as there")
    for name in ("maps", "speech", "pianos", "rooms", "noise", "midi"):
        add(f"--{name}", type=Path, help=f"the folder of {name} alone")
    add("--report", nargs="+", default=list(REPORT_PIANOS), help="folders of --pianos to judge on")
    add("--detector", action="append", help=f"may be repeated (default: {', '.join(DETECTORS)})")
    add("--row", action="append", choices=(*ROWS, *FACTS), help="may be repeated (default: all)")
    add("--seconds", type=seconds, default=30.0, help="length of noises and excerpts (default: 30)")
    add("--each", type=number_of("recordings"), default=6, help="phrases and performances of each piano (default: 6)")
    add("--quick", action="store_true", help="10 s and 2 of each: a first look")
    add("--tighten", type=Path, metavar="FILE", help="hold the tests to what is measured now, where it is better")
    add("--out", type=Path, default=Path("results/world"), help="default: results/world")
    given = parser.parse_args(argv)
    if given.quick:
        given.seconds, given.each = 10.0, 2
    given.detector, given.row = given.detector or list(DETECTORS), given.row or [*ROWS, *FACTS]
    for name in ("maps", "speech", "pianos", "rooms", "noise", "midi"):
        inside = given.material and given.material / ("maps/real" if name == "maps" else name)
        if getattr(given, name) is None and inside and inside.is_dir():
            setattr(given, name, inside)
    return given


def main(argv=None):
    given = arguments(argv)
    folders = {name: getattr(given, name) for name in ("maps", "speech", "pianos", "rooms", "noise", "midi")}
    material = Material(**folders, report=tuple(given.report), seconds=given.seconds, each=given.each, out=given.out)
    try:
        refuse_unwritable(given.out)
        if given.tighten:
            return tighten(given.tighten, given.detector, given.out)
        rows = measure(given.detector, material, given.row, Cache(given.out / "cache"))
        tables = [sums(rows)] if len(rows) else []
        if "calibration" in given.row and len(rows):
            tables.append(calibration(rows))
        if "cost" in given.row:
            tables.append(cost(given.detector))
        table = with_bars(pd.concat(tables, ignore_index=True))
    except (PianolabError, OSError) as error:
        print(reason(error), file=sys.stderr)
        return 2
    text = page(table)
    given.out.mkdir(parents=True, exist_ok=True)
    for name, content in (("world.csv", table.to_csv(index=False)), ("world.md", text)):
        with replacing(given.out / name) as temporary:
            temporary.write_text(content, encoding="utf-8")
    print(text)
    return 0


def tighten(path: Path, specs, out: Path) -> int:
    """Write the bounds of the tests anew; none of them becomes weaker."""
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    bounds = tightened(before, small(specs, out))
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(bounds, indent=1) + "\n", encoding="utf-8")
    changed = sum(bounds[d][name] != before.get(d, {}).get(name) for d in bounds for name in bounds[d])
    print(f"{changed} bounds are tighter now")
    return 0


if __name__ == "__main__":
    sys.exit(main())
