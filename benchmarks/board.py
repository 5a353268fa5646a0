"""The standing board: how right is each system, and how long after a stroke does it say so?

    python benchmarks/board.py                                   on the recorded notes that come with pianolab
    python benchmarks/board.py --data "$MAPS" --seconds 30       on recordings of yours
    python benchmarks/board.py --docs docs                       writes docs/board.md and its figure anew
    python benchmarks/board.py --detector fft_peak --detector swift_f0

Each system hears each recording as it would live: in blocks, one after the other. The delay of a note is measured, not
reckoned: from the stroke to the end of the block with which its note (under its last name) was told, and the processor
time that this block took. The lag of the detector, of the tracker and of the resampler are in it; the sound card and
the page are not (benchmarks/live_latency.py has them). Systems that hear a recording as a whole have no delay that a
player could live with; they stand at the end. What is right is what `pianolab compare` calls right, means over
recordings with their 95 % interval over pieces.

Peers take part where their library is installed (docs/peers.md); nothing about them is tuned. What was heard is kept
under --out, so a run that was stopped goes on. Writes board.csv, board.md and board.png.
"""

import argparse
import sys
import time
import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from polyphony import delays_ms
from tqdm.auto import tqdm

from pianolab import sound
from pianolab.cli.command import number_of, seconds
from pianolab.compare.cache import Cache
from pianolab.compare.fingerprints import detector_facts, fingerprint, source_of
from pianolab.compare.shareable import to_type
from pianolab.compare.statistics import bootstrap_mean
from pianolab.data import load_dataset
from pianolab.errors import PianolabError, reason
from pianolab.files import refuse_unwritable, replacing
from pianolab.registry import create, load_all, missing
from pianolab.roll import Notes
from pianolab.scores import Protocol, score_notes
from pianolab.session import Session, transcribe

OURS = ("fft_peak", "cqt", "yin", "nmf", *(f"neural:lookahead_ms={ms}" for ms in (0, 30, 60)), "neural")
OURS += ("neural:lookahead_ms=240", "neural:weights=free")
SLOW_PEERS = ("crepe", "pyin")  # Several times as long as the recording; name them to hear them.
NOTE_FIELDS = ("onset", "offset", "midi", "velocity", "confidence")
BLOCK = 1024
DATA = "real"  # Those that docs/board.md tells of.
KINDS = {"phrases": "one voice", "piece": "several voices"}  # Single notes say little about the delay in music.


def systems():
    """Ours and the peers that can run here, and why the others cannot."""
    peers = {name: missing(cls) for name, cls in load_all()[0].items() if cls.peer and name not in SLOW_PEERS}
    return [*OURS, *(name for name, why in peers.items() if not why)], {name: why for name, why in peers.items() if why}


def chosen(data, *, each):
    """The recordings to hear: the first ones of each kind of music, or all where no kind is known."""
    recordings = load_dataset(data, split="test", progress=False).recordings
    known = [one for one in recordings if one.kind in KINDS]
    found = []
    for kind in dict.fromkeys(one.kind for one in known or recordings):
        found += [one for one in known or recordings if one.kind == kind][:each]
    return found


def hear(detector, y, sr, *, block):
    """What a system writes of a sound, when it told each note, and the processor time; plain values.

    Returns
    -------
    dict
        The fields of Notes; told: (midi, onset, moment) of each note, seconds; cpu_s.
    """
    begun_s = time.process_time()
    told = {}
    if detector.whole_recording:
        notes = transcribe(y, sr=sr, detector=detector)
    else:
        session = Session(detector, sr=sr)

        def note(events, heard_s, before_s):
            moment_s = heard_s + time.process_time() - before_s
            for event in events:
                if event.kind in ("on", "revised"):
                    told[event.note] = (int(event.midi), float(event.time_s), moment_s)

        for start in range(0, len(y), block):
            before_s = time.process_time()
            note(session.push(y[start : start + block]), (start + block) / sr, before_s)
        before_s = time.process_time()
        note(session.flush(), len(y) / sr, before_s)
        notes = session.notes
    answer = {name: getattr(notes, name).tolist() for name in NOTE_FIELDS}
    return answer | {"told": list(told.values()), "cpu_s": time.process_time() - begun_s}


def measure(specs, recordings, *, seconds_of_each, block, cache):
    """One row a system and recording."""
    rows, protocol = [], Protocol()
    detectors = {spec: create(spec) for spec in specs}
    codes = {spec: (detector_facts(one), source_of(one)) for spec, one in detectors.items()}
    for recording in tqdm(recordings, desc="hearing"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of quiet or clipped recordings; `pianolab compare` says them.
            y, sr = sound.load(recording.audio, duration_s=seconds_of_each)
            played = recording.notes()
        played = played if seconds_of_each is None else played.between(0, seconds_of_each)
        of = {"audio": recording.checksum, "seconds": seconds_of_each, "block": block}
        for spec, detector in detectors.items():
            key = fingerprint(board=1, **of, detector=codes[spec])
            answer = cache.kept(key, lambda d=detector, y=y, sr=sr: warm_hear(d, y, sr, block=block))
            heard = Notes(*(answer[name] for name in NOTE_FIELDS))
            scores = score_notes(played, heard, protocol=protocol)
            rows.append(
                {
                    "kind": recording.kind,
                    "recording": recording.id,
                    "piece": recording.piece or recording.id,
                    "system": spec,
                    "whole": detector.whole_recording,
                    "onset_f1": scores["onset_f1"],
                    "note_f1": scores["note_f1"],
                    "seconds": len(y) / sr,
                    "cpu_s": answer["cpu_s"],
                    "delays_ms": delays_ms(played, heard, answer["told"], protocol),
                }
            )
    return pd.DataFrame(rows)


def warm_hear(detector, y, sr, *, block):
    """`hear`, after the system has loaded and compiled what it needs."""
    if not detector.whole_recording:
        hear(detector, y[:sr], sr, block=block)
    return hear(detector, y, sr, block=block)


def board(rows):
    """One row a kind of music and system, the quickest first; those that hear the whole recording come last."""
    found = []
    for (kind, system), part in rows.groupby(["kind", "system"], sort=False):
        delays = np.concatenate(part.delays_ms.tolist()) if len(part) else np.array([])
        told = len(delays) > 0 and not part.whole.any()
        p50, p95 = np.percentile(delays, [50, 95]) if told else (np.nan, np.nan)
        right = bootstrap_mean(part.onset_f1.to_numpy(), pieces=part.piece.to_numpy(dtype=str))
        found.append(
            {
                "kind": kind,
                "system": system,
                "delay_p50_ms": np.inf if part.whole.any() else p50,
                "delay_p95_ms": np.inf if part.whole.any() else p95,
                "onset_f1": right.mean,
                "low": right.low,
                "high": right.high,
                "note_f1": part.note_f1.mean(),
                "real_time": part.cpu_s.sum() / part.seconds.sum(),
                "recordings": len(part),
            }
        )
    table = pd.DataFrame(found)
    places = {kind: i for i, kind in enumerate(dict.fromkeys(rows.kind))}
    order = table.assign(place=table.kind.map(places)).sort_values(["place", "delay_p95_ms", "system"])
    return order.drop(columns="place").reset_index(drop=True)


def front(table):
    """The systems that no other one beats in both: nobody is as quick and more often right."""
    best, kept = -np.inf, []
    for row in table[np.isfinite(table.delay_p95_ms)].sort_values("delay_p95_ms").itertuples():
        if row.onset_f1 > best:
            kept.append(row.system)
            best = row.onset_f1
    return kept


def sentence(table, kind):
    """What the picture of one kind of music shows, in words that are made of the same numbers."""
    part = table[table.kind == kind].set_index("system")
    on_front = front(part.reset_index())
    if not on_front:
        return "No system told a note in time."
    steps = [f"`{name}` {part.onset_f1[name]:.3f} within {part.delay_p95_ms[name]:.0f} ms" for name in on_front]
    text = f"From the quickest on, more waiting brings more only with these: {', '.join(steps)}."
    late = part[np.isinf(part.delay_p95_ms)]
    if len(late):
        best = late.onset_f1.idxmax()
        more = "more" if late.onset_f1[best] > part.onset_f1[on_front].max() else "not more"
        text += f" Hearing the whole recording first brings {more} than that: `{best}` {late.onset_f1[best]:.3f}."
    return text


def draw(table, path):
    """Onset F1 against the measured delay, one panel a kind; a dotted line is a system that hears the whole first."""
    kinds, looks = list(dict.fromkeys(table.kind)), {}
    for number, system in enumerate(sorted(set(table.system))):
        looks[system] = {"color": f"C{number % 10}", "marker": "os^D"[number // 10 % 4]}
    figure, axes = plt.subplots(1, len(kinds), figsize=(5.2 * len(kinds) + 2.4, 5), squeeze=False, sharey=True)
    for ax, kind in zip(axes[0], kinds, strict=True):
        part = table[table.kind == kind]
        for row in part.itertuples():
            look = looks[row.system]
            if np.isinf(row.delay_p95_ms):
                label = f"{row.system} (whole recording)"
                dashes = (0, (1, 2) if look["marker"] == "o" else (4, 2))
                ax.axhline(row.onset_f1, linestyle=dashes, color=look["color"], label=label)
            elif np.isfinite(row.delay_p95_ms):
                spread = np.nan_to_num([[row.onset_f1 - row.low], [row.high - row.onset_f1]])
                filled = look["color"] if row.system in front(part) else "white"
                ax.errorbar(
                    row.delay_p95_ms, row.onset_f1, spread, capsize=2, mfc=filled, ls="none", label=row.system, **look
                )
        ax.set(xlabel="measured delay, 95th percentile (ms)", ylim=(0, 1.02))
        ax.set_xlim(left=0)
        ax.set_title(f"{KINDS.get(kind, kind)} ({part.recordings.max()} recordings)")
        ax.grid(alpha=0.3)
    axes[0, 0].set_ylabel("onset F1 (50 ms)")
    named = {}
    for ax in axes[0]:
        named |= {label: handle for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    labels = sorted(named)
    figure.tight_layout(rect=(0, 0, 1 - 2.6 / figure.get_figwidth(), 1))
    figure.legend([named[label] for label in labels], labels, loc="center right", fontsize=8, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png")
    plt.close(figure)


def page(table, left_out, how):
    """The board as Markdown."""
    lines = ["# The standing board", "", *ABOUT, "", f"    {how}", ""]
    for kind, part in table.groupby("kind", sort=False):
        lines += [f"## {KINDS.get(kind, kind).capitalize()} ({part.recordings.max()} recordings)", ""]
        lines += ["| system | delay, p50 / p95 (ms) | onset F1 | 95 % interval | note F1 | x real time |"]
        lines += ["|---|---|---|---|---|---|"]
        for row in part.itertuples():
            delay = (
                "whole recording" if np.isinf(row.delay_p95_ms) else f"{row.delay_p50_ms:.0f} / {row.delay_p95_ms:.0f}"
            )
            delay = "told no right note" if np.isnan(row.delay_p95_ms) else delay
            scores = f"{row.onset_f1:.3f} | {row.low:.3f} to {row.high:.3f} | {row.note_f1:.3f}"
            lines.append(f"| {row.system} | {delay} | {scores} | {row.real_time:.3f} |")
        lines += ["", sentence(table, kind), ""]
    shown = " and ".join(KINDS.get(kind, kind) for kind in dict.fromkeys(table.kind))
    alt = f"Onset F1 against measured delay, {shown}; filled: nobody is as quick and more often right"
    lines += [f"![{alt}](figures/board.png)"]
    lines += ["", *(f"Left out: `{name}` ({why})." for name, why in left_out.items())]
    return "\n".join(lines).rstrip() + "\n"


ABOUT = (
    "How right is each system, and how long after a stroke does it say so? Written by one command, which makes every "
    "number and sentence below.",
    "",
    "The delay is measured: each recording comes in blocks as from a microphone, and the delay of a note goes from its "
    "stroke to the end of the block with which it was told under its last name, with the processor time of that block. "
    "On a busy machine that time is longer, and so are the delays. "
    "Sound card and page come on top ([live.md](live.md#how-soon-a-key-is-lit)). Onset F1 at 50 ms, means over "
    "recordings, 95 % interval over pieces, as in `pianolab compare`. What the peers are, and under which licence, "
    "stands in [peers.md](peers.md); nothing about them is tuned. The music was made of single notes of real pianos "
    "([how](../data/real/README.md)); on a Disklavier in a room all are worse "
    "([results.md](results.md#several-notes-at-once)). Few recordings stand behind a row: look at the intervals.",
)


def arguments(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--data", default=DATA, help="a data set with labels (default: real, which comes with pianolab)")
    add("--detector", action="append", help="may be repeated (default: ours, and the peers that can run here)")
    add("--each", type=number_of("recordings"), default=8, help="recordings of each kind of music (default: 8)")
    add("--seconds", type=seconds, default=15.0, help="how much of each (default: 15)")
    add("--block", type=number_of("samples", most=65536), default=BLOCK, help=f"default: {BLOCK}")
    add("--docs", type=Path, help="write board.md and figures/board.png into this folder, too")
    add("--out", type=Path, default=Path("results/board"), help="default: results/board")
    return parser.parse_args(argv)


def main(argv=None):
    given = arguments(argv)
    if given.docs and given.data != DATA:
        print("--docs is for the recordings that come with pianolab: leave out --data, or --docs", file=sys.stderr)
        return 2
    specs, left_out = (given.detector, {}) if given.detector else systems()
    try:
        refuse_unwritable(given.out)
        recordings = chosen(given.data, each=given.each)
        cache = Cache(given.out / "cache")
        rows = measure(specs, recordings, seconds_of_each=given.seconds, block=given.block, cache=cache)
    except (PianolabError, OSError) as error:
        print(reason(error), file=sys.stderr)
        return 2
    table = board(rows)
    words = [
        *([to_type("--data", given.data)] if given.data != DATA else []),
        f"--each {given.each} --seconds {given.seconds:g}",
        *([f"--block {given.block}"] if given.block != BLOCK else []),
        *(to_type("--detector", spec) for spec in given.detector or ()),
        *(["--docs docs"] if given.data == DATA else []),
    ]
    how = f"python benchmarks/board.py {' '.join(words)}"
    text = page(table, left_out, how)
    given.out.mkdir(parents=True, exist_ok=True)
    draw(table, given.out / "board.png")
    for name, content in (("board.csv", table.to_csv(index=False)), ("board.md", text)):
        with replacing(given.out / name) as temporary:
            temporary.write_text(content, encoding="utf-8")
    if given.docs:
        draw(table, given.docs / "figures" / "board.png")
        with replacing(given.docs / "board.md") as temporary:
            temporary.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
