"""`pianolab grade`: handed-in notebooks are run and their exercises checked; a table says what is right."""

from __future__ import annotations

import argparse
import csv
import hashlib
from collections import Counter
from pathlib import Path

from pianolab.cli.command import Command, number_of, seconds
from pianolab.cli.messages import DONE, FAILED, UsageError
from pianolab.errors import PianolabError, one_line, printable
from pianolab.files import refuse_unwritable, replacing
from pianolab.texts.catalogue import LANGUAGES, language_of

_EXAMPLES = """\
pianolab grade handed_in
pianolab grade handed_in --out marks.csv --seed 7 --jobs 2
pianolab grade handed_in --language ko"""
_COLUMNS: tuple[str, ...] = ("file", "lesson", "exercise", "verdict", "said", "seed", "sha256")
_UNREADABLE = "unreadable"
_TABLE = "marks.csv"
_CELL_S, _TOTAL_S = 60.0, 600.0
_LONGEST_SAID, _LONGEST_NAME = 300, 4096  # Characters.
_SPARE_S = 120.0  # For the start of a process and of a kernel.
Row = dict[str, str]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("folder", metavar="DIR", help="with the notebooks, also in folders of their own; they are run and not changed")
    add("--out", metavar="FILE", help=f"the table, a line an exercise (default: {_TABLE} in DIR)")
    add("--seed", type=number_of("seed"), metavar="N", default=1, help="of the sounds of the checks; the lessons use 0")
    add("--jobs", type=number_of("notebooks at once", most=64), metavar="N", default=1, help="at once (default: 1)")
    add("--cell-seconds", type=seconds, metavar="S", default=_CELL_S, help=f"for a cell (default: {_CELL_S:g})")
    add("--seconds", type=seconds, metavar="S", default=_TOTAL_S, help=f"for a notebook (default: {_TOTAL_S:g})")
    add("--language", choices=list(LANGUAGES), help="of what is said (default: that of the system)")


def _run(args: argparse.Namespace) -> int:
    from pianolab.lessons.handed_in import notebooks_in

    folder = Path(args.folder)
    if not folder.is_dir():
        raise UsageError(f"{printable(folder)} is no folder: name one with handed-in notebooks")
    paths = list(notebooks_in(folder))
    if not paths:
        raise UsageError(f"{printable(folder)} holds no notebook (.ipynb): name the folder in which they lie")
    table = Path(args.out) if args.out else folder / _TABLE
    if table.is_dir():
        raise UsageError(f"{printable(table)} is a folder: name a file, such as {_TABLE}")
    try:
        refuse_unwritable(table.parent)
    except OSError as error:
        raise UsageError(f"{printable(table)} cannot be written ({error.strerror}): name another place") from error
    rows = _marked(args, folder, paths, table)
    print(_summary(rows))
    print(f"{printable(table)}: {len(rows)} lines, of {len(paths)} notebook{'' if len(paths) == 1 else 's'}")
    return FAILED if any(row["verdict"] == _UNREADABLE for row in rows) else DONE


def _marked(args: argparse.Namespace, folder: Path, paths: list[Path], table: Path) -> list[Row]:
    """Rows of all notebooks. The table is written anew after each, and what it has already is not marked again."""
    from tqdm import tqdm

    from pianolab.workers import run

    language = language_of(args.language)
    names = {path: _safe(path.relative_to(folder).as_posix(), length=_LONGEST_NAME) for path in paths}
    sums = {path: _sha256(path) for path in paths}
    known: dict[tuple[str, str, str], list[Row]] = {}
    for row in _read(table):
        known.setdefault((row["file"], row["sha256"], row["seed"]), []).append(row)
    done = {path: known.get((names[path], sums[path], str(args.seed)), []) for path in paths}
    missing = [path for path in paths if not done[path]]

    jobs = [(str(path), args.seed, args.cell_seconds, args.seconds, language) for path in missing]
    heard = run(_rows, jobs, n_workers=args.jobs, retries=0, limit_s=lambda job: job[3] + _SPARE_S)
    for job, rows, error in tqdm(heard, "notebooks", len(jobs), delay=2.0, leave=False):
        path = Path(job[0])
        same = {"file": names[path], "seed": str(args.seed), "sha256": sums[path]}
        done[path] = [same | found for found in rows or [_unreadable(error)]]
        _write(table, [row for path in paths for row in done[path]])
    rows = [row for path in paths for row in done[path]]
    _write(table, rows)
    return rows


def _rows(job: tuple[str, int, float, float, str]) -> list[Row]:
    """Rows of one notebook; for a process of its own."""
    from pianolab.lessons.handed_in import mark

    path, seed, cell_s, total_s, language = job
    try:
        marks = mark(Path(path), seed=seed, cell_s=cell_s, total_s=total_s, language=language)
    except PianolabError as error:
        return [_unreadable(error)]
    return [
        {"lesson": one.lesson, "exercise": one.exercise, "verdict": one.verdict, "said": _safe(one.said)}
        for one in marks
    ]


def _unreadable(error: BaseException | None) -> Row:
    return {"lesson": "", "exercise": "", "verdict": _UNREADABLE, "said": _safe(str(error))}


def _safe(text: str, *, length: int = _LONGEST_SAID) -> str:
    """One line that no spreadsheet takes for a formula: it comes from others."""
    line = one_line(text, length=length)
    return f"'{line}" if line[:1] in ("=", "+", "-", "@") else line


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"{printable(path)} cannot be read ({error.strerror}): mend its rights") from error


def _read(table: Path) -> list[Row]:
    """Rows of a table that was written before; none where it is of another kind."""
    if not table.exists():
        return []
    try:
        with table.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = [{name: row.get(name) or "" for name in _COLUMNS} for row in reader]
    except (OSError, UnicodeError, csv.Error):
        rows, reader = [], None
    if reader is None or tuple(reader.fieldnames or ()) != _COLUMNS:
        raise UsageError(f"{printable(table)} is no table of marks, and is left as it is: name another file with --out")
    return rows


def _write(table: Path, rows: list[Row]) -> None:
    with replacing(table) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def _summary(rows: list[Row]) -> str:
    """One line a notebook: what of it is right, and what is not."""
    lines = []
    for name in dict.fromkeys(row["file"] for row in rows):
        own = [row for row in rows if row["file"] == name]
        if own[0]["verdict"] == _UNREADABLE:
            lines.append(f"{printable(name)}: {own[0]['said']}")
            continue
        counts = Counter(row["verdict"] for row in own)
        rest = ", ".join(f"{n} {verdict}" for verdict, n in sorted(counts.items()) if verdict != "right")
        line = f"{printable(name)}: {counts['right']} of {len(own)} right"
        lines.append(f"{line} ({rest})" if rest else line)
    return "\n".join(lines)


COMMAND = Command("grade", "check the exercises of handed-in notebooks", _EXAMPLES, _add_arguments, _run)
