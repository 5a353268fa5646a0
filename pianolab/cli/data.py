"""`pianolab data`: the recordings that come with pianolab, and data sets of others, fetched or looked through."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pianolab.cli.command import Command, seconds
from pianolab.cli.messages import DONE, FAILED, UsageError, complain
from pianolab.errors import printable

_EXAMPLES = """\
pianolab data list
pianolab data render
pianolab data check
pianolab data fetch                            what can be fetched
pianolab data fetch maestro-midi               its licence is shown first
pianolab data add recordings                   what is odd about a folder, before it is used"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    for name, answer, about in (
        ("list", _list, "what the recordings that come with pianolab are"),
        ("render", _render, "make the sound of the built-in ones again"),
        ("check", _check, "verify the labels, and the sound against its fingerprints"),
    ):
        action = actions.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
        action.set_defaults(answer=answer)
    _add_fetch(actions)
    about = "look through a folder of recordings, and say what is odd"
    add = actions.add_parser("add", help=about, description=f"{about[0].upper()}{about[1:]}.")
    add.add_argument("folder", metavar="DIR", help="sound and labels, or a published set")
    add.add_argument(
        "--other", action="append", default=[], metavar="DIR", help="another set whose pieces should not be here"
    )
    add.add_argument("--seconds", type=seconds, metavar="S", help="look at the beginning of each recording only")
    add.add_argument("--json", action="store_true", help="write what was found as JSON")
    add.set_defaults(answer=_add)


def _add_fetch(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    about = "fetch a published data set, whose licence is shown first"
    fetch = actions.add_parser("fetch", help=about, description=f"{about[0].upper()}{about[1:]}.")
    fetch.add_argument("name", nargs="?", metavar="NAME", help="which one (without a name: what there is)")
    fetch.add_argument(
        "--to", metavar="DIR", help="where it shall lie (default: a folder of its name beside the takes)"
    )
    fetch.add_argument("--yes", action="store_true", help="the licence is known and accepted: do not ask")
    fetch.add_argument(
        "--registry", metavar="FILE", help="addresses and checksums of sets of your own, as fetchable.json"
    )
    fetch.set_defaults(answer=_fetch)


def _run(args: argparse.Namespace) -> int:
    return args.answer(args)


def _list(_: argparse.Namespace) -> int:
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
    for row, length, title in rows:
        print("  ".join(row[column].ljust(widths[column]) for column in columns), f" {length:>7}  {title}")
    minutes = sum(entry["seconds"] for entry in entries) / 60
    n_test = sum(entry["split"] == "test" for entry in entries)
    print(f"{name}: {len(entries)} recordings ({n_test} test, {len(entries) - n_test} tune), {minutes:.1f} minutes")


def _render(_: argparse.Namespace) -> int:
    from pianolab.data import made_dir, render_builtin
    from pianolab.places import CACHE_VARIABLE, is_temporary

    folder = made_dir("builtin/audio")
    if is_temporary(folder):
        raise UsageError(f"no folder keeps what is rendered: set {CACHE_VARIABLE} to a folder of yours")
    n = len(render_builtin(progress=True, force=True))
    print(f"rendered {n} recording{'s' if n != 1 else ''} in {printable(folder)}")
    return DONE


def _check(_: argparse.Namespace) -> int:
    from pianolab.data import builtin_index, check_builtin, check_real, has_real, real_index

    problems = check_builtin(progress=True) + (check_real() if has_real() else [])
    for problem in problems:
        complain(problem)
    if not problems:
        print(f"all {len(builtin_index()) + (len(real_index()) if has_real() else 0)} recordings are as they should be")
    return FAILED if problems else DONE


def _fetch(args: argparse.Namespace) -> int:
    from pathlib import Path

    from pianolab.data.builtin import kept_dir
    from pianolab.data.fetching import REGISTRY, fetch, fetchable, find_fetchable, is_fetched

    registry = args.registry or REGISTRY
    if args.name is None:
        known = fetchable(registry)
        width = max(map(len, known), default=0)
        for one in known.values():
            print(f"{one.name.ljust(width)}  {one.room_gb:6g} GB  {one.licence}  {one.title}")
        return DONE
    wanted = find_fetchable(args.name, registry)
    folder = Path(args.to) if args.to else kept_dir("sets") / wanted.name
    if is_fetched(wanted, folder):
        print(f"{wanted.name} is there already: {printable(folder)}")
        return DONE
    print(f"{wanted.title}\n{wanted.page}\nplease cite: {wanted.cite}")
    print(f"licence: {wanted.licence}, {wanted.licence_url}")
    print(f"it needs {wanted.room_gb:g} GB in {printable(folder)}")
    if not args.yes and not _agreed():
        print("nothing was fetched")
        return FAILED
    fetch(wanted, folder, progress=sys.stderr.isatty())
    print(f"{wanted.name} is in {printable(folder)}: use it with `pianolab compare --data {printable(folder)}`")
    return DONE


def _add(args: argparse.Namespace) -> int:
    import json
    from dataclasses import asdict

    from pianolab.data import load_dataset
    from pianolab.data.inspecting import look_through, pieces_that_come_with_pianolab

    dataset = load_dataset(args.folder, progress=False)
    others = pieces_that_come_with_pianolab()
    others |= {name: [one.piece for one in load_dataset(name, progress=False)] for name in args.other}
    splits: dict[str, int] = {}
    for recording in dataset:
        splits[recording.split or "none"] = splits.get(recording.split or "none", 0) + 1
    findings = look_through(dataset, others, seconds=args.seconds)
    if args.json:
        about = {"folder": args.folder, "taken_for": dataset.taken_for, "recordings": len(dataset), "splits": splits}
        print(json.dumps(about | {"findings": (found := [asdict(one) for one in findings])}, indent=1))
        return FAILED if found else DONE
    for known in dataset.taken_for:
        print(f"taken for {known}")
    print(f"{len(dataset)} recordings; splits: {', '.join(f'{name} {n}' for name, n in splits.items())}")
    n_findings = 0
    for one in findings:
        n_findings += 1
        print(": ".join(filter(None, (printable(one.recording), one.kind, one.text))), flush=True)
    print(f"{n_findings} findings" if n_findings else "nothing odd was found")
    return FAILED if n_findings else DONE


def _agreed() -> bool:
    """Whether whoever sits there accepts the licence."""
    if not sys.stdin.isatty():
        raise UsageError("nobody is asked here whether the licence is accepted: add --yes if it is")
    return input("Do you accept this licence? [y/N] ").strip().lower() in ("y", "yes")


_ABOUT = "list, render or check the recordings that come with pianolab; fetch or look through others"
COMMAND = Command("data", _ABOUT, _EXAMPLES, _add_arguments, _run)
