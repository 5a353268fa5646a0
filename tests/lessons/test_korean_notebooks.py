"""The Korean notebooks say what today's English ones say, and run the same code; each cell that does not is named."""

import re
from collections import Counter
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import nbformat
import pytest

from pianolab.texts.catalogue import catalogue

FOLDER = Path(__file__).parents[2] / "notebooks" / "ko"
REMEDY = "translate, then: python notebooks/ko/translate.py --done NAME"


def load_tool():
    spec = spec_from_file_location("translate", FOLDER / "translate.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


translate = load_tool()
NOTEBOOKS = translate.korean_notebooks()
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.relative_to(FOLDER).as_posix())

FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$]+\$", re.DOTALL)
WORD = re.compile(r"(?<=\\text){[^{}]*}")  # A word in a formula is translated too.
CODE = re.compile(r"`[^`]+`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
NUMBER = re.compile(r"\d+(?:[ ,]\d{3})*(?:\.\d+)?")
NOT_CARRIED_OVER = {"%env PIANOLAB_LANGUAGE=ko"}  # The Korean notebook says how to see English.


def words(notebook):
    return {cell.id: cell.source for cell in notebook.cells if cell.cell_type == "markdown"}


def code(notebook):
    return [(cell.id, cell.source) for cell in notebook.cells if cell.cell_type == "code"]


def both(path):
    """(id, English, Korean) of each cell of words."""
    english, korean = words(translate.english_of(path)), words(translate.read(path))
    assert list(english) == list(korean)
    return [(id_, english[id_], korean[id_]) for id_ in english]


def test_each_translated_lesson_has_its_solutions():
    names = [path.relative_to(FOLDER).as_posix() for path in NOTEBOOKS]
    lessons = [name for name in names if "/" not in name]
    assert lessons
    assert [name for name in names if "/" in name] == [f"solutions/{name}" for name in lessons]


@every_notebook
def test_no_cell_is_out_of_date(path):
    behind = translate.behind(path)
    assert not behind, "; ".join([*behind, REMEDY])


@every_notebook
def test_the_code_is_the_same_in_both_languages(path):
    korean = code(translate.read(path))
    assert korean.pop(0) == (translate.LANGUAGE_ID, translate.LANGUAGE)
    assert korean == code(translate.english_of(path))


@every_notebook
def test_all_but_the_words_is_copied_from_the_english_notebook(path):
    built = translate.build(translate.english_of(path), translate.read(path))
    assert nbformat.writes(built) == path.read_text(encoding="utf-8").rstrip("\n"), (
        f"{path.name} is not today's: python notebooks/ko/translate.py"
    )


@every_notebook
def test_cells_run_in_order_and_their_answers_are_korean(path):
    cells = [cell for cell in translate.read(path).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    said = [output.get("data", {}).get("text/plain", "") for cell in cells for output in cell.outputs]
    answers = [text for text in said if text.startswith(("✗ ", "✓ "))]
    assert len(answers) >= 3
    assert all(re.search("[가-힣]", text) for text in answers)


@every_notebook
def test_formulas_and_code_in_the_words_are_the_same(path):
    for id_, english, korean in both(path):
        formulas = [Counter(FORMULA.findall(WORD.sub("", text))) for text in (english, korean)]
        assert formulas[0] == formulas[1], id_
        missing = set(CODE.findall(english)) - set(CODE.findall(korean))
        assert {text.strip("`") for text in missing} <= NOT_CARRIED_OVER, id_


@every_notebook
def test_every_number_of_the_english_words_stands_in_the_korean_ones(path):
    for id_, english, korean in both(path):
        plain = [CODE.sub(" ", FORMULA.sub(" ", LINK.sub(" ", text))) for text in (english, korean)]
        missing = Counter(NUMBER.findall(plain[0])) - Counter(NUMBER.findall(plain[1]))
        assert not missing, f"{path.name}, {id_}: {sorted(missing)}"


@every_notebook
def test_links_lead_to_korean_lessons_where_there_are_some(path):
    for id_, _, korean in both(path):
        for target in LINK.findall(korean):
            assert (path.parent / target).exists(), f"{id_}: {target}"
            name = Path(target).name
            assert (FOLDER / name).exists() == (Path(target).parent == Path(".")) or name == path.name, target


def test_a_change_in_english_is_noticed(tmp_path, monkeypatch):
    path = tmp_path / "ko" / "00_start_here.ipynb"
    path.parent.mkdir()
    path.write_bytes((FOLDER / path.name).read_bytes())
    english = translate.read(FOLDER.parent / path.name)
    english.cells[0].source += " More."
    nbformat.write(english, tmp_path / path.name)
    monkeypatch.setattr(translate, "KOREAN", path.parent)
    monkeypatch.setattr(translate, "ENGLISH", tmp_path)
    first = english.cells[0].id
    assert translate.behind(path) == [f"ko/00_start_here.ipynb: cell {first} is not today's English"]
    korean = translate.read(path)
    kept = translate.build(english, korean)
    assert words(kept)[first] == words(korean)[first]
    nbformat.write(translate.build(english, korean, done=True), path)
    assert translate.behind(path) == []


def test_what_a_check_and_a_slider_said_is_said_in_korean():
    known = catalogue("en")["hints.seconds.known"]
    assert translate._answer(known) == catalogue("ko")["hints.seconds.known"]
    with pytest.raises(ValueError, match="run the English notebook anew"):
        translate._answer("no such answer")


@pytest.mark.parametrize("path", [path for path in NOTEBOOKS if path.parent == FOLDER], ids=lambda p: p.stem)
def test_saved_sliders_have_korean_labels(path):
    models = translate.read(path).metadata.widgets[translate.WIDGETS].state.values()
    labels = [model.state.get("description") for model in models if "Slider" in model.model_name]
    labels = [label for label in labels if label]
    assert labels
    assert set(labels) <= {text for key, text in catalogue("ko").items() if key.startswith("widgets.label_")}


def test_a_name_that_is_no_notebook_is_refused_in_one_line(monkeypatch, capsys):
    for given in (["--done", "07_nothing"], ["--begin", "07_nothing"]):
        monkeypatch.setattr("sys.argv", ["translate.py", *given])
        with pytest.raises(SystemExit):
            translate.main()
        assert "there is no 07_nothing" in capsys.readouterr().err
