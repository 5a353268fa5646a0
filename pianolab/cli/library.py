"""`pianolab library`: scores, recordings and images to practise with, kept in one place."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pianolab.cli.command import Command, number_of, port
from pianolab.cli.messages import DONE, FAILED, UsageError, complain, warn
from pianolab.cli.signals import serving
from pianolab.errors import printable

if TYPE_CHECKING:
    from pianolab.practice.library import Item

_EXAMPLES = """\
pianolab library add --pieces                  the twelve pieces that come with pianolab
pianolab library add song.mxl photo.jpg --composer Schumann --grade 6
pianolab library list --kind score --grade 1
pianolab library search 아리랑
pianolab library change 3 --title Minuet --tag lesson
pianolab library export 3 5 --out for_tomorrow
pianolab library remove 3
pianolab library page                          all of it in a browser"""
_KINDS = ("score", "recording", "image")
_HIGHEST = 10
_MOST = 10**9


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    add = _action(actions, "add", _add, "put copies of files into the library")
    add.add_argument("files", nargs="*", metavar="FILE", help="MusicXML, MEI, MIDI, sound, PNG, JPEG or WebP")
    add.add_argument("--pieces", action="store_true", help="the pieces that come with pianolab, too")
    _about(add)
    _chosen(_action(actions, "list", _list, "what is in the library"))
    search = _action(actions, "search", _search, "what has these words in its titles, composer, tags or name")
    search.add_argument("words", nargs="+", metavar="WORD", help="whole, or its beginning")
    _chosen(search)
    change = _action(actions, "change", _change, "change what is said of an item")
    change.add_argument("number", type=number_of("items", most=_MOST), metavar="N", help="its number in the list")
    _about(change)
    for name, answer, about in (
        ("remove", _remove, "take items and their files out of the library"),
        ("export", _export, "copy files out of the library"),
    ):
        action = _action(actions, name, answer, about)
        action.add_argument(
            "numbers", nargs="+", type=number_of("items", most=_MOST), metavar="N", help="numbers in the list"
        )
        if name == "export":
            action.add_argument("--out", required=True, metavar="DIR", help="where they are written")

    page = _action(actions, "page", _page, "show the library as a page on this machine, until Ctrl-C")
    page.add_argument("--port", type=port, metavar="N", help="1024 to 65535 (default: 8868)")
    page.add_argument("--no-browser", action="store_true", help="only print the address")


def _action(actions, name, answer, about) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
    action.add_argument("--library", metavar="DIR", help="another library than yours")
    action.set_defaults(answer=answer)
    return action


def _about(action: argparse.ArgumentParser) -> None:
    action.add_argument("--title", metavar="TEXT", help="in place of what the file says")
    action.add_argument("--composer", metavar="TEXT")
    action.add_argument("--licence", metavar="TEXT")
    action.add_argument("--grade", type=number_of("grade", most=_HIGHEST), metavar="1-10", help="1 is easiest")
    action.add_argument("--tag", action="append", dest="tags", metavar="TEXT", help="can be given several times")


def _chosen(action: argparse.ArgumentParser) -> None:
    action.add_argument("--kind", choices=_KINDS, metavar="|".join(_KINDS), help="only these")
    action.add_argument("--grade", type=number_of("grade", most=_HIGHEST), metavar="1-10", help="only of this grade")
    action.add_argument("--json", action="store_true", help="write what was found as JSON")


def _run(args: argparse.Namespace) -> int:
    return args.answer(args)


def _add(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from pianolab.places import comes_with
    from pianolab.practice.library import DuplicateError, Library

    paths = [Path(name) for name in args.files]
    if args.pieces:
        paths += sorted((comes_with("data") / "pieces").glob("*.musicxml"))
    if not paths:
        raise UsageError("there is nothing to add: name files, or --pieces")
    if args.title and len(paths) > 1:
        raise UsageError(f"one title for {len(paths)} files: add them one by one, or leave --title out")
    library = Library(args.library)
    failed = 0
    files = [(path, path.name) for path in paths]
    for name, item, error in tqdm(
        library.add_all(files, **_said(args)), total=len(files), unit="file", disable=not sys.stderr.isatty()
    ):
        if item is not None:
            print(f"added {item.number}: {item.title} ({item.kind})")
        elif isinstance(error, DuplicateError):
            warn(str(error))
        else:
            failed += 1
            complain(error if error is not None else f"{printable(name)} was not added")
    return FAILED if failed else DONE


def _said(args: argparse.Namespace) -> dict[str, object]:
    names = ("title", "composer", "licence", "grade", "tags")
    return {name: value for name in names if (value := getattr(args, name)) is not None}


def _list(args: argparse.Namespace) -> int:
    from pianolab.practice.library import Library

    return _show(Library(args.library).items(kind=args.kind, grade=args.grade), args.json)


def _search(args: argparse.Namespace) -> int:
    from pianolab.practice.library import Library

    found = Library(args.library).search(" ".join(args.words), kind=args.kind, grade=args.grade)
    return _show(found, args.json)


def _show(items: "Iterable[Item]", as_json: bool) -> int:
    import json
    from dataclasses import asdict

    if as_json:
        print(json.dumps([asdict(item) | {"path": str(item.path)} for item in items], ensure_ascii=False, indent=1))
        return DONE
    rows = [("no.", "grade", "kind", "title", "composer", "licence")]
    for item in items:
        title = f"{item.title} ({item.also})" if item.also else item.title
        grade = "" if item.grade is None else str(item.grade)
        rows.append((str(item.number), grade, item.kind, title, item.composer, item.licence))
    if len(rows) == 1:
        print("nothing is there")
        return DONE
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    return DONE


def _change(args: argparse.Namespace) -> int:
    from pianolab.practice.library import Library

    said = _said(args)
    if not said:
        raise UsageError("there is nothing to change: give --title, --composer, --licence, --grade or --tag")
    item = Library(args.library).change(args.number, **said)
    print(f"changed {item.number}: {item.title}")
    return DONE


def _remove(args: argparse.Namespace) -> int:
    from pianolab.practice.library import Library

    library = Library(args.library)
    for number in args.numbers:  # All or none of what does not make sense.
        library.item(number)
    for number in dict.fromkeys(args.numbers):
        item = library.remove(number)
        print(f"removed {item.number}: {item.title}")
    return DONE


def _export(args: argparse.Namespace) -> int:
    from pianolab.practice.library import Library

    for path in Library(args.library).export(args.numbers, args.out):
        print(f"wrote {printable(path)}")
    return DONE


def _page(args: argparse.Namespace) -> int:
    from importlib.util import find_spec

    if find_spec("tornado") is None:
        raise UsageError("the page needs tornado, which comes with Jupyter: pip install tornado")
    import asyncio
    import tempfile
    import webbrowser

    from pianolab.practice.library import Library
    from pianolab.practice.local import leading_to
    from pianolab.practice.shelf.server import PORT, ShelfServer, serve

    with serving(), tempfile.TemporaryDirectory(prefix="pianolab-", ignore_cleanup_errors=True) as folder:

        def started(server: ShelfServer) -> None:
            print(f"page: {server.address}\nCtrl-C ends it", flush=True)
            if not args.no_browser:
                webbrowser.open(leading_to(server.address, Path(folder) / "library.html"))

        asyncio.run(serve(ShelfServer(Library(args.library)), port=args.port or PORT, started=started))
    return DONE


COMMAND = Command("library", "keep scores, recordings and images to practise with", _EXAMPLES, _add_arguments, _run)
