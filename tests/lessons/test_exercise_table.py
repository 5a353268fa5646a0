"""The page for teachers lists every exercise, as its check describes it."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_for_teachers_has_the_exercises_of_today():
    spec = importlib.util.spec_from_file_location("exercise_table", ROOT / "benchmarks" / "exercise_table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
    assert page == module.with_table(page), "type: python benchmarks/exercise_table.py"
