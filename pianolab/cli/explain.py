"""`pianolab explain`: two runs in, in what they differ out, and their scores when both are counted alike."""

import argparse
import json

from pianolab.cli.command import Command
from pianolab.cli.messages import DONE

_EXAMPLES = """\
pianolab explain results/mine results/theirs
pianolab explain results/mine results/theirs --json"""
_TITLES = {"choice": "choices", "detector": "detectors", "data": "data", "version": "versions"}


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", metavar="RUN_A", help="the folder of a run of pianolab compare")
    parser.add_argument("second", metavar="RUN_B", help="that of another")
    parser.add_argument("--json", action="store_true", help="write one JSON object")


def _run(args: argparse.Namespace) -> int:
    from pianolab.compare.explain import explain

    found = explain(args.first, args.second)
    if args.json:
        rows = json.loads(found.scores.to_json(orient="records") or "[]")
        print(json.dumps({"differences": [vars(d) for d in found.differences], "scores": rows}, indent=2))
        return DONE
    for about, title in _TITLES.items():
        print(f"{title}:")
        here = [each for each in found.differences if each.about == about]
        for each in here:
            print(f"  {each.what}: {each.first} | {each.second}")
        if not here:
            print("  the same")
    print("\nscores: what A and B heard, under the protocol of A and under that of B")
    names = {f"{side}_by_{by}": f"{who} by {rule}" for side, who in _SIDES for by, rule in _SIDES}
    table = found.scores.rename(columns=names)
    print(table.to_string(index=False, float_format="{:.3f}".format, na_rep="-"))
    return DONE


_SIDES = (("first", "A"), ("second", "B"))

COMMAND = Command("explain", "say in what two runs differ, and score both alike", _EXAMPLES, _add_arguments, _run)
