"""`pianolab practice`: which pieces there are, and what was right in a recording of one."""

from __future__ import annotations

import argparse
import json
import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pianolab.cli.command import RUNS_CODE, SPEC, Command, add_my_piano, is_number, port, tempo
from pianolab.cli.messages import DONE, UsageError
from pianolab.cli.signals import serving
from pianolab.errors import nearest, one_line, printable
from pianolab.files import refuse_unwritable, replacing
from pianolab.texts.catalogue import LANGUAGES, language_of, say

if TYPE_CHECKING:
    from pianolab.practice.part import Part
    from pianolab.practice.score import Score

_EXAMPLES = """\
pianolab practice open                         the practice page, in a browser
pianolab practice list
pianolab practice report petzold_minuet my_minuet.wav
pianolab practice report song.musicxml take.flac --hand right --bars 5-8 --tempo 60
pianolab practice report arirang arirang.wav --keep
pianolab practice progress arirang
pianolab practice report arirang arirang.wav --language ko --json report.json --figure report.png"""
_DETECTOR = "neural"
_HANDS = ("right", "left")
_SLOWEST, _FASTEST = 10.0, 400.0
_LEAST_SURE = 0.5
_SHOWN_AFTER_S = 2.0
_SUFFIX = ".musicxml"
_HARDEST = 3


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    shown = _action(actions, "list", _list, "the pieces that come with pianolab")
    shown.add_argument("--json", action="store_true", help="write them as JSON")
    report = _action(actions, "report", _report, "what was right in a recording of a piece, bar by bar")
    add = report.add_argument
    add(
        "score", metavar="SCORE", help="a MusicXML, MEI or MIDI file, a name from the list, or a number of your library"
    )
    add(
        "recording",
        metavar="RECORDING",
        help="sound, the folder of a take, or a file of notes, which is taken as it is",
    )
    add("--detector", default=_DETECTOR, metavar=SPEC, help=f"default: {_DETECTOR}; {RUNS_CODE}")
    add("--hand", choices=_HANDS, metavar="|".join(_HANDS), help="only this hand was played (default: both)")
    add("--bars", type=_bars, metavar="A-B", help="only these bars, by their numbers on the page")
    add(
        "--tempo",
        type=tempo(slowest=_SLOWEST, fastest=_FASTEST),
        metavar="BPM",
        help="quarter notes a minute at the beginning (default: as written)",
    )
    add("--certainty", type=_certainty, metavar="C", help="below it a mistake is 'not sure', 0.5 to 1 (default: 0.9)")
    add(
        "--keep", action="store_true", help="keep what was right in the progress of the piece, which your library holds"
    )
    add("--library", metavar="DIR", help="another library than yours")
    add("--json", metavar="FILE", help="write the report there, too, with the numbers of its pictures")
    add("--figure", metavar="FILE", help="draw loudness, tempo, rhythm and pedal there, as PNG")

    progress = _action(
        actions, "progress", _progress, "how a piece of your library went each time that it was practised"
    )
    progress.add_argument(
        "score", metavar="PIECE", help="its number in your library, its file, or a name from the list"
    )
    progress.add_argument("--library", metavar="DIR", help="another library than yours")
    progress.add_argument("--json", action="store_true", help="write it as JSON")
    page = _action(actions, "open", _open, "practise on a page on this machine, until Ctrl-C")
    page.add_argument("--port", type=port, metavar="N", help="1024 to 65535 (default: 8869)")
    page.add_argument("--library", metavar="DIR", help="another library than yours")
    page.add_argument("--detector", metavar=SPEC, help=f"which one listens (default: {_DETECTOR}); {RUNS_CODE}")
    add_my_piano(page)
    page.add_argument("--no-browser", action="store_true", help="only print the address")


def _action(actions, name, answer, about) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
    spoken = "|".join(LANGUAGES)
    printed = "of what is printed (default: PIANOLAB_LANGUAGE or en)"
    action.add_argument("--language", choices=tuple(LANGUAGES), metavar=spoken, help=printed)
    action.set_defaults(answer=answer)
    return action


def _bars(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", text)
    if not found or int(found[2] or found[1]) < int(found[1]):
        raise argparse.ArgumentTypeError(f"{text[:30]!r} is no passage: use two numbers of bars, such as 5-8")
    return int(found[1]), int(found[2] or found[1])


def _certainty(text: str) -> float:
    if not (is_number(text) and _LEAST_SURE <= float(text) <= 1):
        raise argparse.ArgumentTypeError(f"{text[:30]!r} is no certainty: use {_LEAST_SURE:g} to 1")
    return float(text)


def _run(args: argparse.Namespace) -> int:
    return args.answer(args)


def _pieces() -> dict[str, Path]:
    from pianolab.places import comes_with

    return {path.stem: path for path in sorted((comes_with("data") / "pieces").glob(f"*{_SUFFIX}"))}


def _list(args: argparse.Namespace) -> int:
    from pianolab.practice.score import read_score

    language = language_of(args.language)
    scores = {name: read_score(path) for name, path in _pieces().items()}
    scores = dict(sorted(scores.items(), key=lambda one: (one[1].facts.get("grade", ""), one[1].title)))
    if args.json:
        told = [
            {
                "name": name,
                "title": score.title,
                "grade": score.facts.get("grade"),
                "fifths": _fifths(score),
                "bars": len(score.bars),
                "seconds": round(score.seconds, 1),
            }
            for name, score in scores.items()
        ]
        print(json.dumps(told, ensure_ascii=False, indent=1))
        return DONE
    heads = ("grade", "name", "key", "bars", "length", "title")
    rows = [tuple(say(f"practice.list.{head}", language) for head in heads)]
    for name, score in scores.items():
        length = say("practice.list.seconds", language, seconds=round(score.seconds))
        grade, bars = score.facts.get("grade", ""), str(len(score.bars))
        rows.append((grade, name, _signature(score, language), bars, length, _title(score, language)))
    _print_table(rows)
    return DONE


def _print_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def _width(text: str) -> int:
    """Columns in a terminal, where a Korean letter takes two."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)


def _title(score: Score, language: str) -> str:
    return one_line(score.facts.get(f"title_{language}") or score.title)


def _fifths(score: Score) -> int:
    """Sharps of the first key signature; flats below 0."""
    from xml.etree import ElementTree

    return int(ElementTree.fromstring(score.xml).findtext(".//key/fifths") or 0)


def _signature(score: Score, language: str) -> str:
    fifths = _fifths(score)
    kind = "sharps" if fifths > 0 else "flats" if fifths else "plain"
    return say(f"practice.list.{kind}", language, n=abs(fifths))


def _open(args: argparse.Namespace) -> int:
    from pianolab.practice.page.program import open_page

    with serving():
        open_page(
            port=args.port,
            library=args.library,
            detector=args.detector,
            language=args.language,
            my_piano=args.my_piano,
            browser=not args.no_browser,
            say=lambda line: print(line, flush=True),
        )
    return DONE


def _report(args: argparse.Namespace) -> int:
    from pianolab.practice.checking import CERTAINTY
    from pianolab.practice.hearing import hear_take, passage
    from pianolab.practice.library import Library
    from pianolab.practice.modes import one_hand
    from pianolab.practice.pictures import pictures_of
    from pianolab.practice.progress import Progress, bars_of
    from pianolab.practice.report import lines_of, report_of
    from pianolab.practice.score import read_score
    from pianolab.registry import create

    language = language_of(args.language)
    _refuse_unwritable("--json", args.json)
    _refuse_unwritable("--figure", args.figure)
    path = _score_path(args.score, args.library)
    item = _item(args.score, path, args.library) if args.keep else None
    score = read_score(path)
    part: Part = passage(score, bars=args.bars)
    if args.hand:
        part, _ = one_hand(part, args.hand)
    written = args.tempo or min(max(60.0 * score.beats / score.seconds, _SLOWEST), _FASTEST)
    detector = create(args.detector)
    certainty = CERTAINTY if args.certainty is None else args.certainty
    verdicts, events = hear_take(
        part,
        args.recording,
        detector=detector,
        beats_a_minute=written,
        certainty=certainty,
        watched=_watched,
    )
    names = [bar.number for bar in score.bars]
    report = report_of(part, verdicts, bar_names=names)
    pictures = pictures_of(part, verdicts, events, pedal=score.pedal, bar_names=names)
    about = {
        "title": _title(score, language) or printable(Path(args.score).stem),
        "recording": printable(args.recording),
        "detector": str(detector),
    }
    if args.json:
        asked = {"certainty": certainty, "tempo": round(written, 3), "hand": args.hand, "bars_asked": args.bars}
        _write(Path(args.json), {**about, **asked, **report.as_dict(language), "pictures": pictures})
    if args.figure:
        _draw(Path(args.figure), pictures, f"{about['title']}: {about['recording']}")
    if item is not None and report.reached:
        first, last = int(part.bar.min()), int(part.bar.max())
        tempo_kept = (report.beats_a_minute or written) * score.seconds / (60.0 * score.beats)
        progress, hands = Progress(Library(args.library)), args.hand or "both"
        progress.add(item, bars_of(report), passage=(first, last), hands=hands, tempo=tempo_kept)
    print(say("practice.head", language, **about))
    print("\n".join(lines_of(report, written=written, language=language)))
    return DONE


def _progress(args: argparse.Namespace) -> int:
    from pianolab.practice.library import Library
    from pianolab.practice.progress import Progress
    from pianolab.practice.score import read_score

    language = language_of(args.language)
    path = _score_path(args.score, args.library)
    told = Progress(Library(args.library)).as_dict(_item(args.score, path, args.library))
    if args.json:
        print(json.dumps(told, ensure_ascii=False, indent=1))
        return DONE
    names = [bar.number for bar in read_score(path).bars]
    print(one_line(told["title"]))
    if not told["takes"]:
        print(say("practice.progress.none", language))
        return DONE
    heads = ("hands", "bars", "takes", "first", "best", "last", "fastest")
    rows = [tuple(say(f"practice.progress.{head}", language) for head in heads)]
    for one in told["passages"]:
        shares = (f"{100 * one[which]:.0f} %" for which in ("first", "best", "last"))
        fastest = "-" if one["fastest"] is None else f"{100 * one['fastest']:.0f} %"
        hands = say(f"practice.progress.{one['hands']}", language)
        passage = f"{_named(names, one['first_bar'])}-{_named(names, one['last_bar'])}"
        rows.append((hands, passage, str(one["takes"]), *shares, fastest))
    _print_table(rows)
    hard = sorted((bar for bar in told["bars"] if bar["newest"] < 1), key=lambda bar: bar["newest"])[:_HARDEST]
    for bar in hard:
        values = {"bar": _named(names, bar["bar"]), "percent": round(100 * bar["newest"])}
        print(say("practice.progress.bar", language, **values))
    return DONE


def _named(names: list[str], bar: int) -> str:
    """What stands on the page for a bar."""
    return names[bar] if bar < len(names) else str(bar + 1)


def _item(name: str, path: Path, library: str | None) -> int:
    """The number of a piece in the library."""
    from pianolab.practice.library import Library

    item = Library(library).find(path)
    if item is None:
        shown = printable(name)[:100]
        raise UsageError(f"{shown} is not in your library, which keeps the progress: `pianolab library add` it")
    return item.number


def _score_path(name: str, library: str | None) -> Path:
    if os.path.exists(name):
        return Path(name)
    pieces = _pieces()
    if name in pieces:
        return pieces[name]
    if name.isascii() and name.isdigit() and len(name) < 10:
        from pianolab.practice.library import Library

        return Library(library).item(int(name)).path
    hint = nearest(name, pieces) or ": name a file, or a piece that `pianolab practice list` shows"
    raise UsageError(f"there is no score {printable(name)[:100]!r}{hint}")


def _refuse_unwritable(option: str, path: str | None) -> None:
    if path is None:
        return
    if Path(path).is_dir():
        raise UsageError(f"{option} {printable(path)} is a folder: name a file")
    try:
        refuse_unwritable(Path(path).parent)
    except OSError as error:
        raise UsageError(
            f"{option} {printable(path)} cannot be written ({error.strerror}): name another file"
        ) from error


def _write(path: Path, told: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _draw(path: Path, pictures: dict, title: str) -> None:
    from pianolab.practice.figure import write_figure

    path.parent.mkdir(parents=True, exist_ok=True)
    write_figure(path, pictures, title=title)


def _watched(blocks: Iterable, n_samples: int) -> Iterable:
    from tqdm import tqdm

    with tqdm(total=n_samples, desc="hearing", unit="", unit_scale=True, disable=None, delay=_SHOWN_AFTER_S) as shown:
        for block in blocks:
            yield block
            shown.update(len(block))


COMMAND = Command("practice", "say what was right in a recording of a piece", _EXAMPLES, _add_arguments, _run)
