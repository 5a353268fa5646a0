"""`pianolab fit-delay`: how late a detector hears on labelled recordings, and what to declare for it."""

import argparse
import math

from pianolab.cli.command import RUNS_CODE, SPEC, Command, add_jobs_and_cache, add_split
from pianolab.cli.messages import DONE

_EXAMPLES = """\
pianolab fit-delay yin
pianolab fit-delay mine.py:Mine --data ~/piano"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("detector", metavar=SPEC, help=f"any detector, also a file of yours; {RUNS_CODE}")
    add("--data", metavar="NAME|DIR", default="builtin", help="builtin (the default), real or a labelled folder")
    add_split(parser, default="tune")
    add_jobs_and_cache(parser)


def _run(args: argparse.Namespace) -> int:
    from pianolab.compare import CACHE
    from pianolab.compare.delay import WITHIN_S, fit_delay
    from pianolab.compare.delays import BLOCK

    for fit in fit_delay(args.detector, args.data, split=args.split, jobs=args.jobs, cache=args.cache or CACHE):
        low_s, high_s = fit.quartiles_s
        low, median, high = (f"{1000 * late_s:.1f}" for late_s in (low_s, fit.late_s, high_s))
        print(f"{args.detector} on {fit.dataset} ({fit.source}, {args.split})")
        print(f"  notes           {fit.n_matched} of {fit.n_played} heard within {1000 * WITHIN_S:.0f} ms")
        print(f"  lateness left   median {median} ms, half of the notes {low} to {high} ms")
        print(f"  declared now    onset_delay_s = {fit.declared_s:.3f}")
        told, late, ahead, compute = (
            "-" if math.isnan(part_s) else f"{1000 * part_s:.1f}"
            for part_s in (fit.told_s, fit.told_late_s, fit.lookahead_s, fit.compute_s)
        )
        print(f"  told            median {told} ms after the stroke, 95 % within {late} ms; {ahead} ms are look-ahead")
        print(f"  compute         {compute} ms of processor time here for a block of {BLOCK} samples")
        print(f"  to declare      onset_delay_s = {fit.onset_delay_s:.3f}")
    return DONE


COMMAND = Command("fit-delay", "measure how late a detector hears", _EXAMPLES, _add_arguments, _run)
