"""`pianolab tune`: settings of a detector that raise a score, searched on the recordings that are there for it."""

import argparse
from typing import cast

from pianolab.cli.command import RUNS_CODE, SPEC, Command, add_jobs_and_cache, number_of, seconds
from pianolab.cli.messages import DONE, UsageError, warn
from pianolab.errors import printable
from pianolab.texts.choices import SPLITS

_EXAMPLES = """\
pianolab tune yin --trials 30
pianolab tune fft_peak --data ~/piano --method anneal --over gate=0.05..0.4 --over emphasis
pianolab tune mine.py:Mine --data ~/piano --test ~/concert --metric note_f1 --out results/mine"""
_MOST = 10_000


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("detector", metavar=SPEC, help=f"settings that are given stay as they are; {RUNS_CODE}")
    add("--data", metavar="NAME|DIR", default="builtin", help="its tune recordings are heard (default: builtin)")
    add("--test", metavar="NAME|DIR", help="where the result will be judged: what it shares with --data is said")
    only = "nothing else: settings that are chosen on test look too good there"
    add("--split", choices=SPLITS, default="tune", metavar="tune", help=only)
    add("--metric", default="onset_f1", help="the score that is raised (default: onset_f1)")
    add("--method", default="tpe", metavar="grid|random|tpe|anneal|genetic", help="how to search (default: tpe)")
    add("--trials", type=number_of("trials", most=_MOST), default=40, metavar="N", help="settings tried (default: 40)")
    add("--seed", type=int, default=0, metavar="S", help="where chance begins (default: 0)")
    ranges = "a setting: NAME, NAME=LOW..HIGH or NAME=A,B (default: every number with a declared range)"
    add("--over", action="append", metavar="SETTING", default=[], help=ranges)
    add("--steps", type=number_of("steps", most=100), default=5, metavar="N", help="values of a number in a grid")
    add("--seconds", type=seconds, metavar="S", help="hear only the beginning of each recording")
    add("--timeout", type=seconds, metavar="S", help="settings that take longer for a recording have failed")
    add_jobs_and_cache(parser)
    add("--out", metavar="DIR", help="where trials and report go, and where a search is taken up again")


def _run(args: argparse.Namespace) -> int:
    if args.split != "tune":
        raise UsageError(f"--split {args.split}: settings that are chosen on test look too good there; tune takes tune")
    from pianolab.compare import CACHE
    from pianolab.compare.search import Method
    from pianolab.compare.tuned import REPORT
    from pianolab.compare.tuning import tune

    found = tune(
        args.detector,
        args.data,
        metric=args.metric,
        method=cast(Method, args.method),
        trials=args.trials,
        seed=args.seed,
        over=args.over,
        steps=args.steps,
        seconds=args.seconds,
        test=args.test,
        jobs=args.jobs,
        timeout_s=args.timeout,
        cache=args.cache or CACHE,
        out=args.out,
    )
    for line in found.shared:
        warn(line)
    metric, n = found.question.metric, len(found.question.recordings)
    print(f"{metric} on {n} tune recordings of {found.question.data}, {len(found.trials) - 1} trials")
    print(f"  as given  {found.default.value:.4f}  {found.question.detector}")
    if found.best is found.default:
        print("  nothing that was tried is better")
    else:
        print(f"  best      {found.best.value:.4f}  {found.spec}")
    print(f"report:   {printable(found.folder / REPORT)}")
    return DONE


COMMAND = Command("tune", "search settings of a detector that raise a score", _EXAMPLES, _add_arguments, _run)
