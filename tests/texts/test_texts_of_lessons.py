"""The texts of the lessons: each key is used, each use has its key, and each slider of the notebooks has a label."""

import ast
import json
import re
from pathlib import Path

import pianolab
from pianolab.texts.catalogue import catalogue

LESSONS = Path(pianolab.__file__).parent / "lessons"
NOTEBOOKS = Path(pianolab.__file__).parents[1] / "notebooks"


def keys(room):
    return {key.removeprefix(f"{room}.") for key in catalogue("en") if key.startswith(f"{room}.")}


def strings(*paths):
    """All string constants of some files."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    return {
        n.value for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }


def test_each_hint_is_used_and_each_hint_that_is_used_exists():
    used = {text for text in strings(*(LESSONS / "checks").glob("*.py")) if re.fullmatch(r"hints\.[a-z_0-9.]+", text)}
    assert len(used) > 200
    assert used == {f"hints.{key}" for key in keys("hints")}


def test_each_text_of_a_widget_is_used():
    used = {text.removeprefix("widgets.") for text in strings(*LESSONS.glob("*.py"))}
    said = {key.removesuffix("_without") for key in keys("widgets") if not key.startswith("label_")}
    assert "run" in said
    assert said <= used


def test_each_slider_and_list_of_the_notebooks_has_a_label_and_no_label_is_left_over():
    asked = set()
    for path in NOTEBOOKS.rglob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] == "code" and re.search(r"\b(explore|choose)\(", source):
                calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
                names = [call for call in calls if getattr(call.func, "attr", "") in ("explore", "choose")]
                asked |= {keyword.arg for call in names for keyword in call.keywords}
    assert len(asked) > 20
    assert {f"label_{name}" for name in asked} == {key for key in keys("widgets") if key.startswith("label_")}


def test_an_english_label_is_the_name_of_the_argument():
    labels = [key for key in keys("widgets") if key.startswith("label_")]
    assert labels
    for key in labels:
        assert catalogue("en")[f"widgets.{key}"] == key.removeprefix("label_").replace("_", " ")
