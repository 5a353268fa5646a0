"""Give thousands of damaged inputs to what reads them, and tell what must not have happened.

    python tests/fuzz/fuzz.py                        20,000 cases of each kind; goes on where it was stopped
    python tests/fuzz/fuzz.py audio midi --cases 500
    python tests/fuzz/fuzz.py audio --repeat FILE    one saved input again, with the whole traceback

A worker process reads; this one watches it, because a hang, a crash in a C library and too much memory end or stop
the process that they happen in. What was found lies in the folder `--keep` with the command that repeats it.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

HANG_S = 5.0  # A case that works longer than this has hung; waiting for a busy machine does not count.
PATIENCE_S = 60.0  # A case that does not end at all is ended after this.
ADDRESS_MB = 4096  # More address space than this is refused by the system, before the machine suffers.
MANY = 5000  # Cases between two starts of the worker, whose peak of memory then counts anew.


@dataclass
class Tally:
    """How far one target has come, and what was found: each fault once, with an example and where its input is."""

    done: int = 0
    outcomes: Counter = field(default_factory=Counter)
    peak_mb: float = 0.0
    slowest_s: float = 0.0
    found: dict[str, str] = field(default_factory=dict)


def peak_mb() -> float:
    """The most memory that this process has held so far, in megabytes."""
    if sys.platform == "linux":  # Its getrusage counts what the parent held, too.
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) / 2**10
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset / 2**20
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _limit_memory() -> None:
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_MB * 2**20, ADDRESS_MB * 2**20))


def _be_quiet() -> None:
    """The C libraries behind soundfile write remarks on what is damaged straight to the terminal."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)


def _work(name: str, seed: int, first: int, end: int, answers: Connection) -> None:
    """In the worker: cases one after another, and an answer for each."""
    from targets import target_of

    _be_quiet()
    _limit_memory()
    target = target_of(name)
    for whole in target.files:  # Whatever is made on first use is made now; a test asks that these are read.
        with contextlib.suppress(Exception):
            target.check(whole)
    for number in range(first, end):
        data, began = target.case(seed, number), time.process_time()
        try:
            outcome, fault, example = target.check(data), "", ""
        except Exception as error:
            outcome, fault, example = "found", _signature(error), ascii(str(error))[:200]
        took, now_mb = time.process_time() - began, peak_mb()
        if took > HANG_S:
            outcome, fault = "found", f"took more than {HANG_S:g} s of work"
        if now_mb > target.memory_mb:
            outcome, fault = "found", f"needed more than {target.memory_mb} MB"
        answers.send((outcome, fault, example, now_mb, took))
        if now_mb > target.memory_mb:
            return  # The peak never falls, so a fresh worker goes on.


def _signature(error: Exception) -> str:
    """An error by its type and the two places nearest to it; its text may differ from case to case."""
    frames = traceback.extract_tb(error.__traceback__)[-2:]
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} at {places}"


def run(
    name: str, *, cases: int, seed: int, first: int = 0, keep: Path, progress: Callable[[Tally], None] = lambda _: None
) -> Tally:
    """Cases ``first`` to ``cases`` of one target, in workers that may hang, crash and eat memory."""
    context, tally = multiprocessing.get_context("spawn"), Tally(first)
    while tally.done < cases:
        answers, theirs = context.Pipe(duplex=False)
        end = min(cases, tally.done + MANY)
        worker = context.Process(target=_work, args=(name, seed, tally.done, end, theirs), daemon=True)
        worker.start()
        theirs.close()
        fault = _take_answers(answers, tally, name, seed, keep, progress)
        if fault:
            worker.kill()
        worker.join()
        if not fault and worker.exitcode != 0:
            fault = f"the process ended with exit code {worker.exitcode}"
        if fault:
            tally.outcomes["found"] += 1
            _keep(tally, fault, "", name, seed, keep)
            tally.done += 1
    return tally


def _take_answers(answers: Connection, tally: Tally, name: str, seed: int, keep: Path, progress) -> str:
    """Count the answers of a worker until it ends; what is wrong if it has to be ended."""
    while answers.poll(PATIENCE_S):
        try:
            outcome, fault, example, mb, took = answers.recv()
        except EOFError:
            return ""
        tally.outcomes[outcome] += 1
        tally.peak_mb, tally.slowest_s = max(tally.peak_mb, mb), max(tally.slowest_s, took)
        if fault:
            _keep(tally, fault, example, name, seed, keep)
        tally.done += 1
        progress(tally)
    return f"did not end within {PATIENCE_S:g} s"


def _keep(tally: Tally, fault: str, example: str, name: str, seed: int, keep: Path) -> None:
    """Save the input of the case that was in work, once for each fault."""
    from targets import target_of

    if fault not in tally.found:
        path = keep / f"{name}-{seed}-{tally.done}"
        keep.mkdir(parents=True, exist_ok=True)
        path.write_bytes(target_of(name).case(seed, tally.done))
        tally.found[fault] = f"{example}\n    again: python tests/fuzz/fuzz.py {name} --repeat {path}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", help="which kinds of input (default: all)")
    parser.add_argument(
        "--cases", type=int, default=20_000, help="of each kind, fewer where one is much work (default: 20000)"
    )
    parser.add_argument("--seed", type=int, default=0, help="another seed makes other cases")
    parser.add_argument("--again", action="store_true", help="begin at case 0, not where the last run stopped")
    parser.add_argument("--keep", type=Path, default=Path(".fuzz"), help="folder for what is found (default: .fuzz)")
    parser.add_argument("--repeat", type=Path, help="use this saved input, and no others")
    args = parser.parse_args()
    from targets import TARGETS

    names = args.targets or list(TARGETS)
    if unknown := [name for name in names if name not in TARGETS]:
        parser.error(f"unknown kind {unknown[0]!r}: use {', '.join(TARGETS)}")
    if args.repeat:
        for name in names:
            print(f"{name}: {TARGETS[name].check(args.repeat.read_bytes())}")
        return 0
    return max(_long_run(name, args) for name in names)


def _long_run(name: str, args: argparse.Namespace) -> int:
    from targets import TARGETS

    state = args.keep / f"{name}-{args.seed}.json"
    before = json.loads(state.read_text()) if state.exists() and not args.again else {"done": 0, "found": {}}
    cases = args.cases // TARGETS[name].work
    began, told = time.monotonic(), [-10.0]

    def progress(tally: Tally) -> None:
        if time.monotonic() - told[0] > 10 or tally.done == cases:
            told[0] = time.monotonic()
            args.keep.mkdir(parents=True, exist_ok=True)
            state.write_text(json.dumps({"done": tally.done, "found": before["found"] | tally.found}))
            n, found = tally.done, tally.outcomes["found"]
            print(f"{name}: {n} of {cases}, {found} found, {told[0] - began:.0f} s", flush=True)

    tally = run(name, cases=cases, seed=args.seed, first=before["done"], keep=args.keep, progress=progress)
    counts = ", ".join(f"{n} {outcome}" for outcome, n in sorted(tally.outcomes.items())) or "nothing left to do"
    print(f"{name}: {counts}; peak {tally.peak_mb:.0f} MB, slowest {tally.slowest_s:.2f} s")
    found = before["found"] | tally.found
    for fault, example in found.items():
        print(f"  {fault}: {example}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
