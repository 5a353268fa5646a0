"""`pianolab data`: the recordings that come with pianolab, listed, made again, or checked."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from pianolab.cli.command import Command
from pianolab.cli.messages import DONE, FAILED, UsageError, complain
from pianolab.errors import printable

_EXAMPLES = """\
pianolab data list
pianolab data render
pianolab data check"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    for name, answer, about in (
        ("list", _list, "what the recordings that come with pianolab are"),
        ("render", _render, "make the sound of the built-in ones again"),
        ("check", _check, "verify the labels, and the sound against its fingerprints"),
    ):
        action = actions.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
        action.set_defaults(answer=answer)


def _run(args: argparse.Namespace) -> int:
    return args.answer()


def _list() -> int:
    from pianolab.data import builtin_index, has_real, real_index

    _print_list("builtin", builtin_index())
    if has_real():
        print()
        _print_list("real", real_index())
    return DONE


def _print_list(name: str, entries: Sequence[Mapping[str, Any]]) -> None:
    columns = ("id", "kind", "split", "piano", "room")
    widths = {column: max(len(column), *(len(entry[column]) for entry in entries)) for column in columns}
    heads = {column: column for column in columns}
    rows = [(heads, "seconds", "title"), *((entry, f"{entry['seconds']:.1f}", entry["title"]) for entry in entries)]
    for row, seconds, title in rows:
        print("  ".join(row[column].ljust(widths[column]) for column in columns), f" {seconds:>7}  {title}")
    minutes = sum(entry["seconds"] for entry in entries) / 60
    n_test = sum(entry["split"] == "test" for entry in entries)
    print(f"{name}: {len(entries)} recordings ({n_test} test, {len(entries) - n_test} tune), {minutes:.1f} minutes")


def _render() -> int:
    from pianolab.data import made_dir, render_builtin
    from pianolab.places import CACHE_VARIABLE, is_temporary

    folder = made_dir("builtin/audio")
    if is_temporary(folder):
        raise UsageError(f"no folder keeps what is rendered: set {CACHE_VARIABLE} to a folder of yours")
    n = len(render_builtin(progress=True, force=True))
    print(f"rendered {n} recording{'s' if n != 1 else ''} in {printable(folder)}")
    return DONE


def _check() -> int:
    from pianolab.data import builtin_index, check_builtin, check_real, has_real, real_index

    problems = check_builtin(progress=True) + (check_real() if has_real() else [])
    for problem in problems:
        complain(problem)
    if not problems:
        print(f"all {len(builtin_index()) + (len(real_index()) if has_real() else 0)} recordings are as they should be")
    return FAILED if problems else DONE


COMMAND = Command(
    "data", "list, render or check the recordings that come with pianolab", _EXAMPLES, _add_arguments, _run
)
