"""How long a picture takes to follow a slider in the notebooks, on a first visit of a value and when it comes again.

    python benchmarks/slider_moves.py                        every notebook with sliders
    python benchmarks/slider_moves.py --notebook 04_yin_step_by_step

The cells of a notebook are run up to its last slider, in this process and without a page. Then each slider is moved to
each of its values, twice, and what the page would wait for is timed: the picture is drawn, or it was kept. Times are
those of the processor, which are waited for on a free core. Prints a table: moves, the median and the longest of first
visits (in a notebook only the first move of a slider is one; then pictures are drawn ahead), and the longest of second
ones. The aim is 0.2 s.
"""

import argparse
import contextlib
import io
import itertools
import os
import statistics
import time
from pathlib import Path

import nbformat
from IPython.core.interactiveshell import InteractiveShell

from pianolab.lessons import showing

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "notebooks"


def sliders_of(path):
    """What `showing.explore` made in a notebook."""
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    last = max(i for i, source in enumerate(cells) if "showing.explore(" in source)
    made, explore = [], showing.explore
    showing.explore = lambda draw, **choices: made.append(explore(draw, **choices)) or made[-1]
    shell = InteractiveShell()
    try:
        os.chdir(path.parent)
        for source in cells[: last + 1]:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                shell.run_cell(source, store_history=False).raise_error()
    finally:
        showing.explore = explore
    return made


def moves(explorer):
    """Seconds of each move to a value that was not shown before, and of moves to those that were."""
    first, again = [], []
    for control in explorer.controls.values():
        begin = control.value
        values = [value for _, value in control.options if value != begin]
        for seconds, value in itertools.product((first, again), (*values, begin)):
            started = time.process_time()
            control.value = value
            if seconds is again or value != begin:
                seconds.append(time.process_time() - started)
    return first, again


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    paths = [path for path in sorted(FOLDER.glob("[0-9]*.ipynb")) if "showing.explore(" in path.read_text("utf-8")]
    names = [path.stem for path in paths]
    parser.add_argument("--notebook", action="append", choices=names, metavar="NAME", help="without .ipynb; repeatable")
    args = parser.parse_args()
    print(f"{'notebook':26} {'slider':22} moves  median  longest  again (ms)")
    for path in paths:
        if not args.notebook or path.stem in args.notebook:
            for explorer in sliders_of(path):
                first, again = ([1000 * seconds for seconds in times] for times in moves(explorer))
                numbers = f"{len(first):5} {statistics.median(first):7.0f} {max(first):8.0f} {max(again):6.0f}"
                print(f"{path.stem:26} {explorer.call.__name__:22} {numbers}", flush=True)


if __name__ == "__main__":
    main()
