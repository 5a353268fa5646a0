"""Run every notebook and write the table of docs/notebooks.md: cells, lines, words, minutes, seconds, what is compared.

    .venv/bin/python benchmarks/notebook_table.py
    .venv/bin/python benchmarks/notebook_table.py --keep-seconds     count anew, run nothing: seconds stay

Each notebook is run as `make test` runs it, in a kernel of its own and one after the other, and nothing is saved. A
cell has compared text when it shows something that nbval compares: printed text, a value, a table. Pictures and
players are not compared. Words are those of the text cells. Minutes are for a student: 120 words and ten lines of code
a minute, five minutes an exercise, to the nearest five; solutions have none.
"""

import argparse
import os
import re
import time
from pathlib import Path
from statistics import median

import nbformat
from nbclient import NotebookClient

from pianolab.files import replacing

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "notebooks.md"
BEGIN, END = "<!-- table: benchmarks/notebook_table.py -->", "<!-- end of table -->"
OBJECT = re.compile(r"^<[\w.]+ object>$")  # what a picture or a player says of itself


def code_lines(cell):
    """Lines that are neither empty nor a comment."""
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in cell.source.splitlines())


def is_compared(cell):
    """Whether a cell shows text that nbval compares."""
    for output in cell.outputs:
        text = output.get("text", "") or output.get("data", {}).get("text/plain", "")
        if text and not OBJECT.match(text):
            return True
    return False


def words_of(notebook):
    """Words in the text cells."""
    return sum(len(cell.source.split()) for cell in notebook.cells if cell.cell_type == "markdown")


def minutes_of(notebook):
    """How long a student works on it, to the nearest five minutes."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    minutes = words_of(notebook) / 120 + sum(map(code_lines, cells)) / 10 + 5 * n_exercises(cells)
    return max(5, 5 * round(minutes / 5))


def n_exercises(cells):
    """Cells that ask for a check."""
    return sum(bool(re.search(r"^checks\.check_\w+\(", cell.source, re.MULTILINE)) for cell in cells)


def row(path, kept_s=None):
    """One line of the table, and its seconds: runs the notebook where none are given."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    minutes = "-" if path.parent.name == "solutions" else minutes_of(notebook)
    started = time.perf_counter()
    if kept_s is None:
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    seconds = time.perf_counter() - started if kept_s is None else kept_s
    shares = (sum(cell.execution_count is not None for cell in cells), sum(map(is_compared, cells)))
    executed, compared = (f"{share / len(cells):.0%}" for share in shares)
    name = path.relative_to(ROOT / "notebooks").with_suffix("").as_posix()
    counts = f"{len(notebook.cells)} ({len(cells)} code) | {median(map(code_lines, cells)):g} | {n_exercises(cells)}"
    counts += f" | {words_of(notebook)} | {minutes}"
    return f"| {name} | {counts} | {seconds:.0f} | {executed} | {compared} |", seconds


def kept_seconds(text):
    """Notebook -> its seconds in the table that stands there."""
    lines = [line.split(" | ") for line in text.split(BEGIN)[1].split(END)[0].splitlines() if line.startswith("| ")]
    return {line[0].strip("| "): int(line[-3]) for line in lines if line[-3].isdigit()}


def main():
    """Write the table between its two marks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep-seconds", action="store_true", help="count anew and run nothing")
    args = parser.parse_args()
    folder, text = ROOT / "notebooks", PAGE.read_text(encoding="utf-8")
    paths = sorted(folder.glob("*.ipynb")) + sorted((folder / "solutions").glob("*.ipynb"))
    kept = kept_seconds(text) if args.keep_seconds else {}
    names = [path.relative_to(folder).with_suffix("").as_posix() for path in paths]
    rows, seconds = zip(*(row(path, kept.get(name)) for path, name in zip(paths, names, strict=True)), strict=True)
    head = "| notebook | cells | median code lines | exercises | words | minutes | seconds | executed |"
    head += " with compared text |"
    total = f"All together {sum(seconds):.0f} s, one after the other on a machine of {os.cpu_count()} cores."
    table = "\n".join([BEGIN, head, "|---|---|---|---|---|---|---|---|---|", *rows, "", total, END])
    before, rest = text.split(BEGIN)
    with replacing(PAGE) as temporary:
        Path(temporary).write_text(before + table + rest.split(END)[1], encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main()
