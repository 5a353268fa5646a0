"""How well do our detectors and the systems of others hear several notes at once, how fast, with how much memory?

    python benchmarks/polyphony.py --data "$MAPS"               the first 30 s of each recording of a folder
    python benchmarks/polyphony.py --builtin --split tune       the built-in recordings
    python benchmarks/polyphony.py --data "$MAPS" --system nmf --system basic_pitch --seconds 10

Each system hears all recordings in a process of its own, on one core; processor time counts all its threads, loading
and a first half second aside. What was heard is kept under --out (results/polyphony), so a run that was stopped goes
on, and a second run only scores. The scores are those of `pianolab compare`, means over recordings. Systems that lack
a library are listed with the reason; docs/peers.md says how to install them, best in an environment of their own.
Pitch trackers of one voice (aubio, crepe, pyin, swift_f0) say nothing about several notes at once: they are left out
unless --system names them. aubio_notes follows one voice, too, but writes notes as it hears, and stays.

The delay is measured: from a played onset to the moment in which enough sound was there to announce its note, over all
notes found (median and 95th percentile). Beside it stands the rule that leaves the detector's own lag aside
(look-ahead, a frame, the tracker's rows), and how many of the notes found were announced within it. Not in it: the time
to calculate, the blocks of a sound card, and what a resampler holds back, which has a column of its own.

Writes polyphony.csv, errors.csv, polyphony.md and two figures: polyphony.png (the scores) and polyphony_delay.png
(onset F1 of the streaming detectors against the 95th percentile of their delay). --figures DIR writes the figures there
as well.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from pianolab.cli.command import add_pedal, add_split
from pianolab.compare import compare
from pianolab.compare.cache import Cache, Heard
from pianolab.compare.participants import find_participants
from pianolab.compare.tables import label
from pianolab.data import DatasetError, load_dataset
from pianolab.detector import DetectorError, parameters
from pianolab.errors import reason
from pianolab.files import replacing
from pianolab.registry import create, load_all, missing
from pianolab.roll import Notes
from pianolab.scores import EXTRA_REASONS, Protocol, errors, match
from pianolab.session import default_tracker, transcribe, transcribe_file
from pianolab.sound import Resampler, info
from pianolab.tracking import Tracker

OURS = ("neural", "neural:lookahead_ms=240", "nmf")
ONE_VOICE_TOO = ("aubio_notes",)  # It is heard all the same: no other peer writes notes as it hears.
ONE_VOICE = "a pitch tracker of one voice; name it with --system to hear it"
CURVE = "neural"  # The parameter lookahead_ms of this detector is varied.
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
WARM_UP_S = 0.5
WIDE_STAMP = "onset 100 ms"  # The second protocol of a comparison begins so.
COLUMNS = {
    "onset_f1": "onset F1",
    "onset_precision": "precision",
    "onset_recall": "recall",
    "onset_f1_100": "onset F1 (100 ms)",
    "note_f1": "note F1",
    "frame_f1": "frame F1",
    "velocity_onset_f1": "velocity F1",
    "velocity_f1": "velocity F1 with offsets",
}
LAST_COLUMNS = {
    "delay_p50_ms": "delay, p50 (ms)",
    "delay_p95_ms": "p95 (ms)",
    "rule_ms": "by rule (ms)",
    "within_rule": "announced within it (%)",
    "resampling_ms": "resampling, at most (ms)",
    "rtf": "x real time on one core",
    "peak_mb": "peak memory (MB)",
}
DIGITS = {"rtf": 3, "within_rule": 1}  # All others have 0.
ABOUT_DELAY = (
    "Delay: from a played onset to the moment in which enough sound was there to announce its note, over the notes "
    "found; errors of the labels are in it. By rule: look-ahead, a frame, and the tracker's rows (one for many keys). "
    "What resampling holds back comes on top, as do the time to calculate and the blocks of a sound card."
)
# Which notes are missed: as in the literature on transcription errors.
SOFT_QUARTER = 0.25
REPEATED_S = 0.35
BASS_BELOW_MIDI = 48  # C3
CHORD_S, CHORD_SIZE = 0.05, 4


# -------------------------------------------------------------------------------------------------------- hearing


def hear_all(spec, data, split, seconds, out):
    """Hear what is not kept yet, in this process; yields (number done, number of recordings).

    Estimates go to the cache of `pianolab compare`; processor time, peak memory and the moments in which the notes
    were announced to a JSON file of the system.
    """
    keep_to_one_core()
    recordings = load_dataset(data, split=split, progress=False).recordings
    (participant,), _ = find_participants([spec], {})
    detector = create(spec)
    cache, path = Cache(out / "cache"), measured_path(out, spec, data, seconds)
    measured, before = {}, read_measured(path)
    tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(int(WARM_UP_S * 44100)) / 44100).astype(np.float32)
    warm = False
    for number, recording in enumerate(recordings, start=1):
        key = participant.key(recording.checksum, seconds)
        if cache.get(key) is not None and key in before:
            measured[key] = before[key]
        else:
            if not warm:
                transcribe(tone, sr=44100, detector=detector)
                warm = True
            tracker = KeepsAnnouncements(detector)
            started = time.process_time()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    said = transcribe_file(recording.audio, detector=detector, duration_s=seconds, tracker=tracker)
                except Exception as error:  # The comparison tries again and shows it as a row.
                    print(f"{spec}: {recording.id}: {reason(error)}", file=sys.stderr)
                    continue
            cpu_s = time.process_time() - started
            cache.put(key, Heard(replace(said, seconds_cpu=cpu_s)))
            measured[key] = {
                "recording": recording.id,
                "seconds_audio": said.seconds_audio,
                "seconds_cpu": cpu_s,
                "peak_mb": peak_mb(),
                "resampling_ms": resampling_ms(recording.audio, detector),
                "announced": tracker.announced,
            }
            with replacing(path) as temporary:  # What was measured before of later recordings stays known.
                temporary.write_text(json.dumps(before | measured), encoding="utf-8")
        yield number, len(recordings)
    with replacing(path) as temporary:  # What older code took is left out now.
        temporary.write_text(json.dumps(measured), encoding="utf-8")


class KeepsAnnouncements(Tracker):
    """The tracker that suits a detector; it remembers when enough sound was there to announce each note.

    The row of a frame can be computed when the sound from the frame's own moment on and as far as the detector looks
    ahead has come (pianolab.frames). A note that was renamed counts from its last name.
    """

    def __init__(self, detector):
        super().__init__(default_tracker(detector).tracking)
        self._lookahead_s = detector.lookahead / detector.sr
        self._named = {}  # By number of the note: midi, onset and announcement in seconds.

    def push(self, salience, **more):
        events = super().push(salience, **more)
        for event in events:
            if event.kind in ("on", "revised"):
                self._named[event.note] = int(event.midi), float(event.time_s), event.heard_s + self._lookahead_s
        return events

    @property
    def announced(self):
        """(midi, onset, announcement) of each note, in seconds."""
        return list(self._named.values())


def resampling_ms(path, detector):
    """How far the resampler from a file's rate to the detector's may lag behind, ms; NaN where it does not matter."""
    if detector.whole_recording:
        return np.nan
    return 1000.0 * Resampler(sr_in=info(path).sr, sr_out=detector.sr).latency_s


def keep_to_one_core():
    """Libraries that start a thread for each core would run beside themselves."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def peak_mb():
    """Most memory that this process ever held, MB.

    Linux counts in ru_maxrss what the parent held when it started this process; VmHWM begins anew with the program.
    """
    import resource  # Windows has none.

    status = Path("/proc/self/status")
    if status.exists():
        return 1.024e-3 * float(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, all others kB.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def measured_path(out, spec, data, seconds):
    name = re.sub(r"[^A-Za-z0-9_.=-]", "_", f"{spec}_{Path(data).resolve().name}_{seconds:g}_s")
    return out / f"heard_{name}.json"


def read_measured(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # There is none yet, or it is damaged: all is heard again.
        return {}


def hear_in_fresh_process(spec, given):
    """Run ``hear_all`` for one system in a process of its own and show how far it is; True if it came to its end."""
    command = [sys.executable, __file__, "--one", spec, "--data", given.data, "--split", given.split]
    command += ["--seconds", str(given.seconds), "--out", str(given.out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **ONE_THREAD}) as process:
        for line in process.stdout:
            print(f"\r{spec}: {line.strip()} recordings", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return process.returncode == 0


# --------------------------------------------------------------------------------------------------------- tables


def can_run(wanted):
    """Systems that can be made here, by their full names and once each, and why the others cannot."""
    found, broken = load_all()
    able, left_out = {}, {}
    for spec in wanted:
        name = spec.partition(":")[0]
        if ".py:" not in spec and name not in found:
            left_out[spec] = broken.get(name, "there is no such detector")
            continue
        why = missing(found[name]) if name in found else ""
        if why:
            left_out[spec] = why
            continue
        able.setdefault(spec if ".py:" in spec else repr(create(spec)), spec)
    return list(able), left_out


def curve_systems():
    """The detector of the curve at each of its look-aheads; none where it is not there."""
    cls = load_all()[0].get(CURVE)
    choice = parameters(cls).get("lookahead_ms") if cls else None
    return [] if choice is None else [f"{CURVE}:lookahead_ms={value}" for value in choice.choices]


def peers():
    """Peers that are heard unless systems are named, and why the others are not."""
    found = {name: cls for name, cls in load_all()[0].items() if cls.peer}
    heard = [name for name, cls in found.items() if cls.polyphonic or name in ONE_VOICE_TOO]
    return heard, {name: ONE_VOICE for name in found if name not in heard}


def rule_ms(detector):
    """Delay by rule, ms: look-ahead, a frame until a row is due, and the tracker's rows after it.

    Left aside is how much later than the stroke the detector's evidence rises, and that a note may wait for its key.
    """
    rows = 1 + default_tracker(detector).tracking.delay_rows
    return 1000.0 * (detector.lookahead + rows * detector.hop_length) / detector.sr


def delays_ms(truth, heard, announced, protocol):
    """Time from each played onset to the announcement of its note, ms, over the notes found.

    Parameters
    ----------
    truth, heard : Notes
        What was played and what was heard.
    announced : list of (midi, onset, announcement)
        As `KeepsAnnouncements` has them, seconds.
    protocol : Protocol
        When a note is found.

    Returns
    -------
    list of float
        To a microsecond.
    """
    moment = {(midi, onset_s): announced_s for midi, onset_s, announced_s in announced}
    found = [(truth.onset[i], (heard.midi[j], heard.onset[j])) for i, j in match(truth, heard, protocol=protocol)]
    return [round(1000.0 * float(moment[note] - played_s), 3) for played_s, note in found if note in moment]


def delay_of(detector, delays):
    """The columns about delay of one system; infinite where it hears the whole recording first."""
    if detector.whole_recording:
        return {"delay_p50_ms": np.inf, "delay_p95_ms": np.inf, "rule_ms": np.nan, "within_rule": np.nan}
    rule = rule_ms(detector)
    p50, p95 = np.percentile(delays, [50, 95]) if delays else (np.nan, np.nan)
    within = 100.0 * np.mean(np.array(delays) <= rule) if delays else np.nan
    return {"delay_p50_ms": p50, "delay_p95_ms": p95, "rule_ms": rule, "within_rule": within}


def score_table(result, systems, given):
    """One row a system and data set: means over recordings, speed, memory, delay."""
    participants = {who.label: who for who in find_participants(systems, {})[0]}
    summary = result.summary[result.summary.kind == "all"]
    names = [label(*pair) for pair in zip(summary.detector, summary.params, strict=True)]
    rows = []
    for (dataset, name), part in summary.assign(name=names).groupby(["dataset", "name"], sort=False):
        main = part[part.protocol == str(result.protocol)].set_index("metric")["mean"]
        wide = part[part.protocol.str.startswith(WIDE_STAMP)].set_index("metric")["mean"]
        values = main.to_dict() | {"onset_f1_100": wide.get("onset_f1", np.nan)}
        participant = participants[name]
        records = read_measured(measured_path(given.out, participant.spec, given.data, given.seconds)).values()
        measured = pd.DataFrame(records)
        delays = []
        for recording, announced in {record["recording"]: record["announced"] for record in records}.items():
            truth, heard = result.truths.get((dataset, recording)), result.heard.get((dataset, recording, name))
            if heard is not None:
                delays += delays_ms(truth, heard, announced, result.protocol)
        rows.append(
            {
                "dataset": dataset,
                "system": name,
                "recordings": int(part.n.max()),
                **{metric: values.get(metric, np.nan) for metric in COLUMNS},
                **delay_of(create(participant.spec), delays),
                "resampling_ms": measured.resampling_ms.max() if len(measured) else np.nan,
                "rtf": measured.seconds_cpu.sum() / measured.seconds_audio.sum() if len(measured) else np.nan,
                "peak_mb": measured.peak_mb.max() if len(measured) else np.nan,
            }
        )
    order = {name: i for i, name in enumerate(participants)}
    return pd.DataFrame(rows).sort_values(["dataset", "system"], key=lambda c: c.map(order).fillna(0), kind="stable")


def error_table(result):
    """One row a system and data set: what its errors are, shares in percent.

    ``missed: ...`` are shares of the played notes of that kind; ``extra: ...`` of the heard notes that are wrong.
    """
    rows = []
    by_system = {}
    for (dataset, recording, name), heard in result.heard.items():
        truth = result.truths[dataset, recording]
        by_system.setdefault((dataset, name), []).append(anatomy(truth, heard, result.protocol))
    for (dataset, name), tables in by_system.items():
        notes = pd.concat(tables, ignore_index=True)
        played, extra = notes[notes.result != "extra"], notes[notes.result == "extra"]
        missed = 100.0 * (played.result == "missed")
        shares = {"missed: all": missed.mean()}
        for kind in ("softest quarter", "repeated", "below C3", "in chords"):
            shares[f"missed: {kind}"] = missed[played[kind].astype(bool)].mean()
        for register, part in played.groupby("register"):
            shares[f"missed: {register}"] = 100.0 * (part.result == "missed").mean()
        shares |= {f"extra: {why}": 100.0 * (extra.reason == why).mean() for why in EXTRA_REASONS}
        rows.append({"dataset": dataset, "system": name, **shares})
    return pd.DataFrame(rows)


def anatomy(truth, heard, protocol):
    """`pianolab.scores.errors` with four kinds of played notes marked."""
    table = errors(truth, heard, protocol=protocol)
    played = (table.result != "extra").to_numpy()
    onset, midi, velocity = (table[name].to_numpy(dtype=float) for name in ("onset", "midi", "velocity"))
    soft = np.nanquantile(velocity[played], SOFT_QUARTER) if np.isfinite(velocity[played]).any() else -1.0
    struck = onset[played]  # They rise, because the table does.
    size = np.searchsorted(struck, onset + CHORD_S, "right") - np.searchsorted(struck, onset - CHORD_S, "left")
    return table.assign(
        **{
            "softest quarter": played & (velocity <= soft),
            "repeated": played & repeated(truth, onset, midi),
            "below C3": played & (midi < BASS_BELOW_MIDI),
            "in chords": played & (size >= CHORD_SIZE),
        }
    )


def repeated(truth, onset, midi):
    """Whether the same key was struck at most REPEATED_S before."""
    before = onset[:, None] - truth.onset
    return np.any((midi[:, None] == truth.midi) & (before > 0) & (before <= REPEATED_S), axis=1)


def markdown(scores, anatomy_table, left_out, title):
    """The tables as text for docs/."""
    lines = [title, ""]
    head = [*COLUMNS.values(), *LAST_COLUMNS.values()]
    for dataset, part in scores.groupby("dataset", sort=False):
        lines += [f"{dataset}, {part.recordings.max()} recordings", "", "| system | " + " | ".join(head) + " |"]
        lines += ["|---" * (len(head) + 1) + "|"]
        for row in part.to_dict("records"):
            cells = [number(row[metric], 3) for metric in COLUMNS]
            cells += [number(row[name], DIGITS.get(name, 0)) for name in LAST_COLUMNS]
            lines.append(f"| {row['system']} | " + " | ".join(cells) + " |")
        lines += ["", ABOUT_DELAY]
        kinds = [name for name in anatomy_table if name not in ("dataset", "system")]
        lines += ["", "Errors, %", "", "| system | " + " | ".join(kinds) + " |", "|---" * (len(kinds) + 1) + "|"]
        for row in anatomy_table[anatomy_table.dataset == dataset].to_dict("records"):
            lines.append(f"| {row['system']} | " + " | ".join(number(row[kind], 0) for kind in kinds) + " |")
        lines.append("")
    lines += [f"left out: {spec} ({why})" for spec, why in left_out.items()]
    return "\n".join(lines) + "\n"


def number(value, digits):
    if np.isinf(value):
        return "whole recording"
    return f"{value:.{digits}f}" if np.isfinite(value) else "-"


# -------------------------------------------------------------------------------------------------------- figures


def draw_scores(table, title):
    """Bars of five scores for each system."""
    import matplotlib.pyplot as plt

    shown = ["onset_f1", "onset_f1_100", "note_f1", "frame_f1", "velocity_onset_f1"]
    figure, ax = plt.subplots(figsize=(8, 1.5 + 0.75 * len(table)), layout="constrained")
    y = np.arange(len(table))[::-1]
    for i, metric in enumerate(shown):
        ax.barh(y + 0.16 * (2 - i), table[metric].fillna(0.0), 0.15, label=COLUMNS[metric])
    ax.set(xlim=(0, 1), xlabel="mean over recordings", title=title)
    ax.set_yticks(y, table.system)
    ax.grid(axis="x", alpha=0.3)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def draw_delay(table, curve, title):
    """Onset F1 of the streaming systems against the 95th percentile of their delay; the others are lines."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
    streaming = table[np.isfinite(table.delay_p95_ms)]
    line = streaming[streaming.system.isin(curve)].sort_values("delay_p95_ms")
    for metric, style in (("onset_f1", "o-"), ("onset_f1_100", "s--")) if len(line) else ():
        ax.plot(line.delay_p95_ms, line[metric], style, color="tab:blue", label=f"{CURVE}, {COLUMNS[metric]}")
    for row in streaming[~streaming.system.isin(curve)].itertuples():
        ax.plot(row.delay_p95_ms, row.onset_f1, "D", label=f"{row.system}, {COLUMNS['onset_f1']}")
    for i, row in enumerate(table[np.isinf(table.delay_p95_ms)].itertuples()):
        ax.axhline(row.onset_f1, ls=":", color=f"C{i + 4}", label=f"{row.system} (whole recording)")
    ax.set(ylim=(0, 1), xlabel="delay from onset to announcement, 95th percentile (ms)", ylabel="onset F1", title=title)
    ax.set_xlim(left=0)
    ax.grid(alpha=0.3)
    ax.legend(fontsize=8, loc="lower right")
    return figure


def write(result, systems, curve, left_out, given):
    """All tables and figures; prints the tables."""
    import matplotlib

    matplotlib.use("Agg")
    scores, kinds = score_table(result, systems, given), error_table(result)
    title = f"{Path(given.data).name}, first {given.seconds:g} s of each recording; {result.protocol}"
    text = markdown(scores, kinds, left_out, title)
    for name, content in (
        ("polyphony.csv", scores.to_csv(index=False)),
        ("errors.csv", kinds.to_csv(index=False)),
        ("polyphony.md", text),
    ):
        with replacing(given.out / name) as temporary:
            temporary.write_text(content, encoding="utf-8")
    first = scores[scores.dataset == scores.dataset.iloc[0]]  # Real and rendered recordings never share a figure.
    short = f"{first.dataset.iloc[0]}, {first.recordings.max()} recordings"
    figures = {"polyphony": draw_scores(first, short), "polyphony_delay": draw_delay(first, curve, short)}
    for name, figure in figures.items():
        figure.savefig(given.out / f"{name}.png", dpi=120)
        if given.figures:
            given.figures.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(given.out / f"{name}.png", given.figures / f"{name}.png")
    print(text)


# ----------------------------------------------------------------------------------------------------------- main


def arguments(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = parser.add_mutually_exclusive_group()
    data.add_argument("--data", default="builtin", help="a folder of labelled recordings")
    data.add_argument("--builtin", dest="data", action="store_const", const="builtin", help="our own (default)")
    add_split(parser, default="test")
    parser.add_argument("--seconds", type=float, default=30.0, help="hear so much of each recording (default: 30)")
    parser.add_argument(
        "--system",
        action="append",
        help="may be repeated (default: ours, the curve, the peers that hear several notes, and aubio_notes; "
        "pitch trackers of one voice are heard only when they are named)",
    )
    add_pedal(parser)
    parser.add_argument("--out", type=Path, default=Path("results/polyphony"))
    parser.add_argument("--figures", type=Path, help="a second place for the figures, e.g. docs/figures")
    parser.add_argument("--one", help=argparse.SUPPRESS)  # Only the process of one system is given it.
    return parser.parse_args(argv)


def main(argv=None):
    given = arguments(argv)
    if given.one:
        for done, n in hear_all(given.one, given.data, given.split, given.seconds, given.out):
            print(f"{done} of {n}", flush=True)
        return 0
    try:
        curve, _ = can_run([] if given.system else curve_systems())
        others, one_voice = ([], {}) if given.system else peers()
        systems, left_out = can_run(given.system or [*OURS, *curve_systems(), *others])
        left_out |= one_voice
        load_dataset(given.data, split=given.split)  # It refuses a wrong folder and renders the built-in set.
    except (DatasetError, DetectorError) as error:
        print(error, file=sys.stderr)
        return 2
    for spec, why in left_out.items():
        print(f"left out: {spec} ({why})", file=sys.stderr)
    if not systems:
        print("none of these systems can run here: see `pianolab detectors`", file=sys.stderr)
        return 2
    given.out.mkdir(parents=True, exist_ok=True)
    for spec in systems:
        if not hear_in_fresh_process(spec, given):
            print(f"{spec}: its process ended early; what it heard is kept", file=sys.stderr)
    result = compare(
        given.data,
        systems,
        protocol=Protocol(pedal=given.pedal),
        seconds=given.seconds,
        split=given.split,
        jobs=1,
        cache=given.out / "cache",
        progress=False,
    )
    if not any(isinstance(notes, Notes) for notes in result.heard.values()):
        print(result.failures.error.iloc[0] if len(result.failures) else "nothing was heard", file=sys.stderr)
        return 1
    write(result, systems, curve, left_out, given)
    for row in result.failures.itertuples():
        print(f"failed: {row.detector} {row.params} {row.recording}: {row.error}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
