"""Every example in a docstring of the package runs and gives what it says."""

import doctest
import importlib
import pkgutil

import pytest

import pianolab

MODULES = [
    name for _, name, _ in pkgutil.walk_packages(pianolab.__path__, "pianolab.") if not name.endswith(".__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_give_what_they_say(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    try:
        module = importlib.import_module(name)
    except ImportError as error:  # torch, or the library of a peer; a module of ours that is missing is an error
        if (error.name or "").split(".")[0] in ("", "pianolab"):
            raise
        pytest.skip(f"{name} needs {error.name}")
    failed, _ = doctest.testmod(module)
    assert not failed, f"{name}: the output above shows what its examples give"
    assert not list(tmp_path.iterdir()), f"{name}: its examples leave files behind"


def test_the_search_for_examples_finds_those_that_are_there():
    found = doctest.DocTestFinder().find(importlib.import_module("pianolab.errors"))
    assert sum(len(test.examples) for test in found) > 3
