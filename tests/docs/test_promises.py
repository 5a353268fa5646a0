"""Every promise of docs/reliability.md names a test that exists, checks something and is not skipped without a word."""

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
def tree_of(file):
    """A file of tests/, parsed."""
    return ast.parse((TESTS / file).read_text(encoding="utf-8"))


def functions_in(tree):
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


@cache
def names_in(file):
    """The names of the functions that pytest collects from a file of tests/."""
    assert Path(file).name.startswith("test_")
    return {name for name in functions_in(tree_of(file)) if name.startswith("test_")}


def is_check(node):
    """Whether a node can fail a test by itself: an assert of something not fixed, or a call that expects an error."""
    if isinstance(node, ast.Assert):
        return not isinstance(node.test, ast.Constant)
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    name, of = node.func.attr, ast.unparse(node.func.value)
    return (of == "pytest" and name in {"raises", "warns", "fail"}) or name.startswith("assert_")


def checks(tree, name, folder, seen=()):
    """Whether a function, or a helper of tests/ that it names, holds a check."""
    functions = functions_in(tree)
    if name in functions:
        nodes = list(ast.walk(functions[name]))
        names = {node.id for node in nodes if isinstance(node, ast.Name)} | {
            node.arg for node in nodes if isinstance(node, ast.arg)
        }
        return any(map(is_check, nodes)) or any(
            checks(tree, other, folder, (*seen, name)) for other in sorted(names - {name, *seen})
        )
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and name in {alias.asname or alias.name for alias in node.names}:
            path = (node.module or "").removeprefix("tests.").replace(".", "/") + ".py"
            there = [base / path for base in (folder, TESTS) if (base / path).is_file()]
            return bool(there) and checks(ast.parse(there[0].read_text(encoding="utf-8")), name, there[0].parent)
    return False


def unexplained_skips(function):
    """Marks that skip a test, or let it fail, without a reason."""
    calls = [
        node
        for node in function.decorator_list
        if "pytest.mark.sk" in ast.unparse(node) or "xfail" in ast.unparse(node)
    ]
    return [
        ast.unparse(node)
        for node in calls
        if not (
            isinstance(node, ast.Call)
            and any(k.arg == "reason" and ast.unparse(k.value) != "''" for k in node.keywords)
        )
    ]


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


@pytest.mark.parametrize("name", NAMED)
def test_the_test_that_holds_a_promise_checks_something_and_says_why_it_is_skipped(name):
    file, _, function = name.partition("::")
    assert checks(tree_of(file), function, (TESTS / file).parent)
    assert unexplained_skips(functions_in(tree_of(file))[function]) == []


EMPTY = """
@pytest.mark.skip
def test_skipped(): assert 1 == len("a")
@pytest.mark.skipif(True, reason="no chip")
def test_elsewhere(): helper()
def helper(): assert 1 == len("a")
def test_nothing(): other(1)
def other(x): return x
def test_fixed(): assert True
def test_error():
    with pytest.raises(ValueError): int("x")
"""


def test_a_test_that_checks_nothing_or_is_skipped_without_a_word_is_seen():
    tree = ast.parse(EMPTY)
    tests = [name for name in functions_in(tree) if name.startswith("test_")]
    assert [name for name in tests if not checks(tree, name, TESTS)] == ["test_nothing", "test_fixed"]
    assert [name for name in tests if unexplained_skips(functions_in(tree)[name])] == ["test_skipped"]
