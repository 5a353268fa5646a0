"""Every promise of docs/reliability.md names a test that exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "reliability.md").read_text(encoding="utf-8")
PROMISES = re.findall(r"^\| (.+?) \| ((?:`[\w/]+\.py::\w+`(?:, )?)+) \|$", PAGE, re.MULTILINE)
NAMED = sorted({name for _, tests in PROMISES for name in re.findall(r"[\w/]+\.py::\w+", tests)})


@cache
def names_in(file):
    """The names of the functions that pytest collects from a file of tests/."""
    assert Path(file).name.startswith("test_")
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_each_theme_has_promises_and_each_promise_is_made_once():
    part = PAGE.partition("## What is promised for files")[2]
    themes = part.split("\n### ")[1:]
    assert len(themes) >= 9
    rows = [line for line in part.splitlines() if re.match(r"\| .*::test_", line)]
    assert len(rows) == len(PROMISES) > 80  # No row is written in another form, which the tests below would not see.
    assert all("::" in theme for theme in themes)
    assert len({promise for promise, _ in PROMISES}) == len(PROMISES)


@pytest.mark.parametrize("name", NAMED)
def test_the_test_that_holds_a_promise_exists(name):
    file, _, function = name.partition("::")
    assert function in names_in(file)
