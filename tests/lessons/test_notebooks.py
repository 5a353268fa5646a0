"""Every notebook was run from top to bottom, stays small, shows what it says, and its exercises are really open.

That its text outputs are still true is nbval's part (`make test` runs both).
"""

import ast
import json
import re
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import nbformat
import pytest

from pianolab.lessons import checks
from pianolab.live import widget

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
TEACHING = sorted(FOLDER.glob("[0-9]*.ipynb"))
SOLUTIONS = sorted((FOLDER / "solutions").glob("*.ipynb"))
THE_PIANO_SETS_THEM = ("07_live_trial", "11_practice")
WITH_EXERCISES = [path for path in TEACHING if path.stem not in THE_PIANO_SETS_THEM]
MOST_LINES = 10
MEDIAN_LINES = 6
MOST_BYTES = 1_500_000
OF_THE_MACHINE = re.compile(r"/(tmp|root|home|work)/|site-packages|file://")
CHECK = re.compile(r"^checks\.check_(\w+)\(", re.MULTILINE)
IMPORT = re.compile(r"^\s*(?:from|import) [\w.]+", re.MULTILINE)
IMPORTS = re.compile(r"^\s*((?:from [\w.]+ )?import [\w., *]+)", re.MULTILINE)

every_notebook = pytest.mark.parametrize("path", [*TEACHING, *SOLUTIONS], ids=lambda p: f"{p.parent.name}/{p.stem}")
every_lesson = pytest.mark.parametrize("path", TEACHING, ids=lambda p: p.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def n_lines(cell):
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in cell.source.splitlines())


def shown(cell):
    """All text that a cell shows."""
    texts = [output.get("text", "") for output in cell.outputs]
    return "\n".join(texts + [output.get("data", {}).get("text/plain", "") for output in cell.outputs])


def check_results(path):
    """Exercise -> what its check said, in the order of the notebook."""
    return {name: shown(cell) for cell in code_cells(path) for name in CHECK.findall(cell.source)}


def test_there_are_fifteen_lessons_and_solutions():
    assert len(TEACHING) == 15
    assert {path.name for path in SOLUTIONS} <= {path.name for path in TEACHING}


@every_notebook
def test_every_code_cell_was_run_in_order(path):
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))
    assert len(counts) > 0


@every_notebook
def test_no_cell_ended_in_an_error_or_a_warning(path):
    for cell in code_cells(path):
        assert not [output for output in cell.outputs if output.output_type == "error"]
        assert not [output.text for output in cell.outputs if output.get("name") == "stderr"]


@every_notebook
def test_cells_are_short_enough_to_read(path):
    lines = sorted(n_lines(cell) for cell in code_cells(path))
    assert lines[-1] <= MOST_LINES
    assert lines[len(lines) // 2] <= MEDIAN_LINES


@every_notebook
def test_all_imports_stand_in_one_cell_at_the_top(path):
    """In 09 the cell before it says what to do where PyTorch is missing."""
    first = 1 if path.stem == "09_train_a_network" and path.parent == FOLDER else 0
    with_imports = [i for i, cell in enumerate(code_cells(path)) if IMPORT.search(cell.source)]
    assert with_imports == list(range(first + 1))


@every_notebook
def test_of_ours_only_modules_are_imported_so_that_each_name_says_where_it_comes_from(path):
    for node in ast.walk(ast.parse("\n".join(IMPORTS.findall("\n".join(cell.source for cell in code_cells(path)))))):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "pianolab":
            for alias in node.names:
                assert alias.asname is None, alias.name
                assert find_spec(f"{node.module}.{alias.name}"), f"{node.module}.{alias.name} is no module"


@every_notebook
def test_nothing_of_one_machine_is_kept(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < MOST_BYTES
    for cell in read(path).cells:
        assert not OF_THE_MACHINE.search(cell.source)
    for cell in code_cells(path):
        assert not OF_THE_MACHINE.search(shown(cell))
    assert read(path).metadata.kernelspec.name == "python3"


@every_lesson
def test_a_lesson_begins_with_a_question_and_ends_with_its_sources(path):
    cells = read(path).cells
    assert re.search(r"\*\*The question:\*\*.*\?", cells[0].source, re.DOTALL)
    assert "**Sources.**" in cells[-1].source


@every_lesson
def test_a_lesson_shows_pictures_and_speaks_after_them(path):
    cells = read(path).cells
    pictures = [
        i
        for i, cell in enumerate(cells)
        if cell.cell_type == "code" and any("image/png" in output.get("data", {}) for output in cell.outputs)
    ]
    assert len(pictures) >= 2
    for i in pictures:
        words = [cell for cell in cells[i + 1 : i + 4] if cell.cell_type == "markdown" and len(cell.source) > 30]
        assert words, f"nothing is said in the three cells after cell {i}"


@every_lesson
def test_a_slider_leaves_a_picture_and_a_sentence_where_nothing_moves(path):
    for cell in code_cells(path):
        kinds = [kind for output in cell.outputs for kind in output.get("data", {})]
        if "application/vnd.jupyter.widget-view+json" in kinds:
            assert "image/png" in kinds or "text/html" in kinds
            assert len(shown(cell)) > 20


def test_the_saved_live_view_holds_the_page_of_the_package():
    """Where it does not, `jupyter execute --inplace notebooks/07_live_trial.ipynb` saves it anew."""
    kept = read(FOLDER / "07_live_trial.ipynb").metadata.widgets["application/vnd.jupyter.widget-state+json"].state
    pages = [model.state["_esm"] for model in kept.values() if "_esm" in model.state]
    assert pages == [str(widget.Microphone._esm)] * 2


@every_lesson
def test_a_lesson_links_to_what_exists(path):
    for cell in read(path).cells:
        for target in re.findall(r"\]\(([^)#:]+)[)#]", cell.source if cell.cell_type == "markdown" else ""):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", WITH_EXERCISES, ids=lambda p: p.stem)
def test_a_lesson_has_three_open_exercises_with_solutions(path):
    said = check_results(path)
    assert len(said) >= 3
    for name, text in said.items():
        assert f"✗ {name}: not answered yet" in text
        assert f"check_{name}" in checks.__all__
    assert list(check_results(FOLDER / "solutions" / path.name)) == list(said)


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda p: p.stem)
def test_every_solution_is_accepted(path):
    said = check_results(path)
    assert said
    for name, text in said.items():
        assert f"✓ {name}: " in text


def test_every_exercise_is_set_in_a_lesson():
    set_ = [name for path in TEACHING for name in check_results(path)]
    assert sorted(set_) == sorted(name.removeprefix("check_") for name in checks.__all__)


@every_notebook
def test_the_table_in_the_docs_counts_the_cells(path):
    """Seconds are measured by benchmarks/notebook_table.py; what can be counted is counted here."""
    lines = sorted(n_lines(cell) for cell in code_cells(path))
    counts = f"{len(read(path).cells)} ({len(lines)} code) | {median(lines):g} | {len(check_results(path))} |"
    name = path.relative_to(FOLDER).with_suffix("").as_posix()
    assert f"| {name} | {counts}" in (ROOT / "docs" / "notebooks.md").read_text(encoding="utf-8")


def test_the_map_leads_to_every_lesson():
    start, *others = TEACHING
    words = "\n".join(cell.source for cell in read(start).cells if cell.cell_type == "markdown")
    rows = re.findall(r"^\| \[(?:.+?)\]\((.+?)\) \| .+\? \| (\d+) \|$", words, re.MULTILINE)
    assert rows == [(path.name, minutes_said(path)) for path in others]


def minutes_said(path):
    """What the first cell says of how long it takes."""
    (said,) = re.findall(r"^\*About (\d+) minutes", read(path).cells[0].source, re.MULTILINE)
    return said


@every_lesson
def test_how_long_it_takes_is_the_same_in_the_lesson_and_in_the_docs(path):
    """Where one is behind: `benchmarks/notebook_table.py --keep-seconds` counts anew."""
    (row,) = re.findall(
        rf"^\| {path.stem} \| (.+) \|$", (ROOT / "docs" / "notebooks.md").read_text("utf-8"), re.MULTILINE
    )
    n_words = sum(len(cell.source.split()) for cell in read(path).cells if cell.cell_type == "markdown")
    words, minutes = row.split(" | ")[3:5]
    assert int(words) == pytest.approx(n_words, rel=0.02)
    assert minutes == minutes_said(path)


def test_notebooks_are_plain_json_with_a_cell_id_each():
    for path in (*TEACHING, *SOLUTIONS):
        ids = [cell.get("id") for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
        assert all(ids), path.name
        assert len(set(ids)) == len(ids), path.name
