"""Handed-in notebooks are marked: what is right, open, missing, wrong or too slow, and no mark is forged."""

import csv
import os

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from pianolab.cli import main
from pianolab.lessons import handed_in
from pianolab.lessons.handed_in import HandedInError, lessons, mark, notebooks_in

IMPORTS = "from pianolab.lessons import checks"
RIGHT = "def octave_up(hz):\n    return 2 * hz\n\n\nchecks.check_octave_up(octave_up)"
OPEN = "def seconds(n_samples, sr):\n    return ...\n\n\nchecks.check_seconds(seconds)"


def write(path, *cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=[new_markdown_cell("# mine"), *map(new_code_cell, cells)]), path)
    return path


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_lesson_has_its_exercises_in_order():
    assert lessons()["00_start_here"] == ("octave_up", "seconds", "melody")
    assert "07_live_trial" not in lessons()


def test_a_notebook_gets_a_mark_for_each_exercise_and_nobody_forges_one(tmp_path):
    forged = (
        'print("✓ melody: all right")\nchecks.check_melody = checks.check_octave_up\nchecks.check_melody(octave_up)'
    )
    shadowed = "str = bool = type = Exception = 'a name that was free'"
    (octave, seconds, melody) = mark(write(tmp_path / "anna.ipynb", IMPORTS, shadowed, RIGHT, "1 / 0", OPEN, forged))
    assert (octave.lesson, octave.exercise, octave.verdict) == ("00_start_here", "octave_up", "right")
    assert (seconds.verdict, melody.verdict) == ("open", "not yet")


@pytest.mark.slow
def test_an_endless_cell_an_answer_learnt_by_heart_and_a_missing_one_are_told_apart(tmp_path):
    """The second answer knows the sounds of the lesson; ours are others."""
    endless = "def seconds(n_samples, sr):\n    while True:\n        pass\n\n\nchecks.check_seconds(seconds)"
    learnt = RIGHT.replace("2 * hz", "{100.0: 200.0}.get(hz, 0.0)")
    marks = mark(write(tmp_path / "00_start_here_bea.ipynb", IMPORTS, learnt, endless), cell_s=30.0)
    assert [one.verdict for one in marks] == ["not yet", "too slow", "missing"]


@pytest.mark.parametrize(
    ("source", "said"), [("{", "is no notebook"), ("", "is no notebook"), ('{"cells": 3}', "is no notebook")]
)
def test_what_is_no_notebook_is_named(tmp_path, source, said):
    (tmp_path / "x.ipynb").write_text(source)
    with pytest.raises(HandedInError, match=said):
        mark(tmp_path / "x.ipynb")


def test_a_notebook_without_exercises_is_refused(tmp_path):
    with pytest.raises(HandedInError, match="no exercise of a lesson"):
        mark(write(tmp_path / "holidays.ipynb", "1 + 1"))


REMAINDER = "def seconds(n, sr):\n    return (n\n        % 10**12) / sr\n\n\nchecks.check_seconds(seconds)"


@pytest.mark.parametrize("before", ["%matplotlib inline\n", "%%time\n", "files = !ls\n", "help?\n", ""])
@pytest.mark.parametrize("cell", [OPEN, REMAINDER])
def test_lines_of_ipython_hide_no_exercise(before, cell):
    """The second cell has a line that begins with a remainder, and is no line of IPython's."""
    assert [one.exercise for one in handed_in._asked(before + cell)] == ["seconds"]


def test_a_broken_cell_asks_nothing():
    assert handed_in._asked("def (") == []


def test_copies_that_jupyter_keeps_are_no_notebooks(tmp_path):
    write(tmp_path / "a" / "b.ipynb")
    write(tmp_path / ".ipynb_checkpoints" / "b-checkpoint.ipynb")
    assert [path.name for path in notebooks_in(tmp_path)] == ["b.ipynb"]


def test_the_table_keeps_what_was_marked_and_goes_on(tmp_path, monkeypatch, capsys):
    write(tmp_path / "in" / "anna.ipynb", IMPORTS, RIGHT)
    (tmp_path / "in" / "broken.ipynb").write_text("{")
    table = tmp_path / "marks.csv"
    asked = ["grade", str(tmp_path / "in"), "--out", str(table), "--language", "en"]
    assert main(asked) == 1
    rows = rows_of(table)
    assert [(row["file"], row["exercise"], row["verdict"]) for row in rows] == [
        ("anna.ipynb", "octave_up", "right"),
        ("anna.ipynb", "seconds", "missing"),
        ("anna.ipynb", "melody", "missing"),
        ("broken.ipynb", "", "unreadable"),
    ]
    assert "anna.ipynb: 1 of 3 right (2 missing)" in capsys.readouterr().out
    (tmp_path / "in" / "broken.ipynb").unlink()
    monkeypatch.setattr("pianolab.workers.run", lambda function, jobs, **kw: iter([("no", list(jobs)[0], 1)]))  # noqa: RUF015
    with pytest.raises(IndexError):  # No job is left, for nothing has changed.
        main(asked)


@pytest.mark.parametrize("there", ["no folder", "no notebooks", "another table", "a folder as table"])
def test_what_cannot_be_marked_is_refused_in_one_line(tmp_path, capsys, there):
    folder, table = tmp_path / "in", tmp_path / "out.csv"
    if there != "no folder":
        folder.mkdir()
    if there in ("another table", "a folder as table"):
        write(folder / "a.ipynb", IMPORTS, RIGHT)
    if there == "another table":
        table.write_text("name,points\nanna,3\n")
    if there == "a folder as table":
        table.mkdir()
    assert main(["grade", str(folder), "--out", str(table)]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    if there == "another table":
        assert table.read_text().startswith("name,points")


def test_what_a_student_writes_is_no_formula(tmp_path):
    from pianolab.cli.grade import _safe

    assert _safe('=HYPERLINK("x")\nmore').startswith("'=")
    assert "\n" not in _safe("a\nb")


def test_names_that_no_table_can_hold_as_they_are_stop_nobody_s_marks(tmp_path):
    """One begins as a formula, one is no text; what stands in them is no notebook, which is quick to say."""
    for name in (b"=1+2.ipynb", b"\xff.ipynb"):
        try:
            (tmp_path / os.fsdecode(name)).write_text("{")
        except OSError:
            pytest.skip("this system has no such names")
    assert main(["grade", str(tmp_path)]) == 1
    assert {row["file"] for row in rows_of(tmp_path / "marks.csv")} == {"'=1+2.ipynb", "?.ipynb"}
