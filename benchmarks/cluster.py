"""What more workers of a Dask cluster bring: the same grid, heard by one worker and by two.

    python benchmarks/cluster.py                      the built-in recordings, nmf and neural, one and two workers
    python benchmarks/cluster.py --workers 1 --workers 2 --workers 4 --detector nmf --seconds 10
    python benchmarks/cluster.py --data $MAPS --split all

Each time a scheduler and so many workers are started on this machine, nothing is in the cache, and the time of
`pianolab.compare.compare` is taken from its call to its result: finding the recordings, connecting, hearing, scoring.
Starting scheduler and workers is not in it. All runs must give the same table. On a machine with fewer free cores than
workers the ratio says nothing about Dask; the table names the cores.
"""

import argparse
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import distributed

from pianolab.compare import compare


def measure(n_workers, args):
    """Seconds of a grid on so many workers, and its scores."""
    settings = {"host": "127.0.0.1", "dashboard_address": None, "memory_limit": 0}
    with (
        TemporaryDirectory() as folder,
        distributed.LocalCluster(n_workers=n_workers, threads_per_worker=1, **settings) as cluster,
    ):
        words = {"split": args.split, "seconds": args.seconds, "cache": Path(folder, "cache"), "progress": False}
        before = time.perf_counter()
        found = compare(args.data, args.detector, **words, dask=cluster.scheduler_address)
        passed = time.perf_counter() - before
    if len(found.failures):
        raise SystemExit(f"it failed: {found.failures.error.iloc[0]}")
    return passed, found.scores.drop(columns="seconds_cpu")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="builtin")
    parser.add_argument("--split", default="all")
    parser.add_argument("--detector", action="append", help="default: nmf and neural")
    parser.add_argument("--seconds", type=float, help="only the beginning of each recording")
    parser.add_argument("--workers", type=int, action="append", help="default: 1 and 2")
    args = parser.parse_args()
    args.detector = args.detector or ["nmf", "neural"]
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    first = None
    for n_workers in args.workers or [1, 2]:
        seconds, scores = measure(n_workers, args)
        first = first or (seconds, scores)
        same = "the same table" if scores.equals(first[1]) else "ANOTHER TABLE"
        print(f"{n_workers} workers: {seconds:6.1f} s, {first[0] / seconds:.2f} times the first, {same}", flush=True)


if __name__ == "__main__":
    main()
