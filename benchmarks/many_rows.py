"""How long the tables and the report of a very large comparison take, and how much memory: nothing is heard.

    python benchmarks/many_rows.py                      10,000 recordings, three detectors
    python benchmarks/many_rows.py --recordings 1000

The rows are simulated: each recording has the scores of one made-up case, moved by chance, so the sum of work is that
of a real one: every number of `pianolab.scores` for each recording and detector, 2,000 pieces of music, counts of notes
by register and reason, and eight notes of each. What is timed is all that follows the scoring: means with intervals,
tests, figures, tables, the page, the kept notes. The bounds are 60 s and 1 GB for 10,000 recordings.
"""

import argparse
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from pianolab.compare import write_report
from pianolab.compare.provenance import provenance
from pianolab.compare.result import Result
from pianolab.compare.rows import COUNT_COLUMNS, SCORE_COLUMNS
from pianolab.compare.run_folder import MADE_BY
from pianolab.data import Recording
from pianolab.roll import Notes
from pianolab.scores import EXTRA_REASONS, MISSED_REASONS, REGISTERS, Protocol, score_notes

DETECTORS = ("one", "two", "three")
NOTES, PIECES = 8, 2000  # Notes of a recording; pieces of music that the recordings are of.
MB = 1e6


def simulated(n, seed=0):
    """A Result of n recordings that nobody heard."""
    rng = np.random.default_rng(seed)
    protocol, onset = Protocol(), 0.5 * np.arange(NOTES)
    truths = [Notes(onset, onset + 0.4, keys, [64] * NOTES) for keys in rng.integers(40, 90, (50, NOTES))]
    metrics = score_notes(truths[0], truths[0][1:], protocol=protocol)
    ids = [f"{number:05}" for number in range(n)]
    recordings = {("made", name): Recording(name, Path(f"{name}.wav"), dataset="made") for name in ids}
    played = {place: truths[number % len(truths)] for number, place in enumerate(recordings)}
    # Each column is made as a whole: the rows of a recording follow each other, as a comparison gives them.
    per, rows = len(DETECTORS) * len(metrics), n * len(DETECTORS) * len(metrics)
    hard = np.repeat(rng.normal(0, 0.05, n), per)
    skill = np.tile(np.repeat([0.0, 0.02, 0.05], len(metrics)), n)
    value = np.clip(np.tile(list(metrics.values()), n * len(DETECTORS)) * 0.8 + hard - skill, 0, 1)
    texts = {
        "dataset": np.full(rows, "made", dtype=object),
        "recording": np.repeat(np.array(ids, dtype=object), per),
        "piece": np.repeat(np.array([f"piece {number % PIECES}" for number in range(n)], dtype=object), per),
        "kind": np.repeat(np.array(["piece", "melody"], dtype=object)[np.arange(n) % 2], per),
        "detector": np.tile(np.repeat(np.array(DETECTORS, dtype=object), len(metrics)), n),
        "metric": np.tile(np.array(list(metrics), dtype=object), n * len(DETECTORS)),
    }
    empty = dict.fromkeys(("piano", "split", "params", "error"), "")
    times = {"value": value, "seconds_audio": 4.0, "seconds_cpu": 0.1}
    scores = pd.DataFrame({**texts, **empty, **times, "protocol": str(protocol), "status": "ok"})
    return Result(
        scores=scores[list(SCORE_COLUMNS)],
        counts=_counts(rng, ids, str(protocol)),
        protocol=protocol,
        recordings=recordings,
        truths=played,
        heard={(*place, name): notes[1:] for place, notes in played.items() for name in DETECTORS},
        sources={"made": "unknown"},
        about={
            **{"made_by": MADE_BY, "command": "none: simulated", "date": "none", "left_out": {}, "protocols": {}},
            **{key: [] for key in ("detectors", "taken_for", "skipped", "duplicates", "remarks")},
            **{
                "settings": {"seconds": None, "split": "all", "shard": None},
                "recordings": [list(place) for place in recordings],
            },
            **provenance(),
        },
        labels={"release": played, "extended": played},
    )


def _counts(rng, ids, protocol):
    """Three fates of notes for each recording and detector."""
    n = 3 * len(ids) * len(DETECTORS)
    result = np.tile(np.array(["hit", "missed", "extra"], dtype=object), len(ids) * len(DETECTORS))
    why = {"hit": [""], "missed": MISSED_REASONS, "extra": EXTRA_REASONS}
    counts = pd.DataFrame(
        {
            "dataset": "made",
            "recording": np.repeat(np.array(ids, dtype=object), 3 * len(DETECTORS)),
            "detector": np.tile(np.repeat(np.array(DETECTORS, dtype=object), 3), len(ids)),
            "params": "",
            "protocol": protocol,
            "register": np.array(list(REGISTERS), dtype=object)[rng.integers(0, len(REGISTERS), n)],
            "result": result,
            "reason": [why[fate][number % len(why[fate])] for number, fate in enumerate(result)],
            "count": rng.integers(1, 4, n),
        }
    )
    return counts[list(COUNT_COLUMNS)]


def measure(n):
    """Seconds that pass, processor seconds, and the peak memory in MB of the whole process, of a report on n."""
    result = simulated(n)
    passed, before = time.perf_counter(), time.process_time()
    with TemporaryDirectory() as folder:
        written = write_report(result, Path(folder, "out"))
        for name, why in written.about["unwritten"]:
            raise SystemExit(f"{name} could not be made: {why}")
        size = (written.folder / "report.html").stat().st_size
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MB
    print(f"{n} recordings, {len(DETECTORS)} detectors, {len(result.scores)} rows: ", end="")
    seconds, cpu_s = time.perf_counter() - passed, time.process_time() - before
    print(f"{seconds:.1f} s, {cpu_s:.1f} s of processor time, {peak:.0f} MB, page of {size / MB:.1f} MB", flush=True)
    return seconds, cpu_s, peak


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, default=10_000)
    measure(parser.parse_args().recordings)


if __name__ == "__main__":
    main()
