"""A public function that takes something says what: its docstring has a section Parameters."""

import ast
import re
from pathlib import Path

import pytest

import pianolab

PACKAGE = Path(pianolab.__file__).parent
SECTION = re.compile(r"^Parameters\n-{10}$", re.MULTILINE)

MODULES = {path.relative_to(PACKAGE).with_suffix("").as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}


def undescribed(source):
    """Names of the public functions of a module that take arguments and have no section Parameters."""
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    public = [
        function
        for function in functions
        if not function.name.startswith("_") and takes_something(function) and not described_elsewhere(function)
    ]
    return [function.name for function in public if not SECTION.search(ast.get_docstring(function) or "")]


def takes_something(function):
    given = function.args
    return bool(given.posonlyargs or given.args or given.kwonlyargs or given.vararg or given.kwarg)


def described_elsewhere(function):
    """An overload by what it stands for; a check by its decorator `exercise` (tests/lessons/test_checks.py)."""
    names = {decorator.id for decorator in function.decorator_list if isinstance(decorator, ast.Name)}
    return bool(names & {"overload", "exercise"})


@pytest.mark.parametrize("name", MODULES)
def test_what_a_public_function_takes_is_described(name):
    missing = undescribed(MODULES[name].read_text(encoding="utf-8"))
    assert not missing, f"pianolab/{name}.py: describe the parameters of {', '.join(missing)}"


def test_the_search_finds_what_is_not_described():
    section = "Parameters\n    ----------\n    x : int\n"
    source = f'''
def good(x):
    """One line.

    {section}    """
def nothing():
    """Takes nothing."""
def _own(x): pass
def bare(x): pass
@overload
def bare(x): ...
def short(*, x):
    """Parameters are x."""
'''
    assert undescribed(source) == ["bare", "short"]
