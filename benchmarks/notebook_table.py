"""Run every notebook and write the table of docs/notebooks.md: cells, lines, exercises, seconds, what is compared.

    .venv/bin/python benchmarks/notebook_table.py

Each notebook is run as `make test` runs it, in a kernel of its own and one after the other, and nothing is saved. A
cell has compared text when it shows something that nbval compares: printed text, a value, a table. Pictures and
players are not compared.
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


def row(path):
    """One line of the table: runs the notebook."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    exercises = sum(bool(re.search(r"^checks\.check_\w+\(", cell.source, re.MULTILINE)) for cell in cells)
    started = time.perf_counter()
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    seconds = time.perf_counter() - started
    shares = (sum(cell.execution_count is not None for cell in cells), sum(map(is_compared, cells)))
    executed, compared = (f"{share / len(cells):.0%}" for share in shares)
    name = path.relative_to(ROOT / "notebooks").with_suffix("").as_posix()
    counts = f"{len(notebook.cells)} ({len(cells)} code) | {median(map(code_lines, cells)):g} | {exercises}"
    return f"| {name} | {counts} | {seconds:.0f} | {executed} | {compared} |", seconds


def main():
    """Write the table between its two marks."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    paths = sorted((ROOT / "notebooks").glob("*.ipynb")) + sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
    rows, seconds = zip(*(row(path) for path in paths), strict=True)
    head = "| notebook | cells | median code lines | exercises | seconds | executed | with compared text |"
    total = f"All together {sum(seconds):.0f} s, one after the other on a machine of {os.cpu_count()} cores."
    table = "\n".join([BEGIN, head, "|---|---|---|---|---|---|---|", *rows, "", total, END])
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    with replacing(PAGE) as temporary:
        Path(temporary).write_text(before + table + rest.split(END)[1], encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main()
