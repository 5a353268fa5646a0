"""Every benchmark can be started: what it imports from the package and from its neighbours is there."""

import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
BENCHMARKS = sorted(path.stem for path in FOLDER.glob("*.py"))


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_finds_all_that_it_imports(name, monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)  # They import each other by their bare names.
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ImportError as error:  # playwright, psutil; a module of ours that is missing is an error
        if (error.name or "").split(".")[0] in ("", "pianolab", *BENCHMARKS):
            raise
        pytest.skip(f"{name} needs {error.name}")
    assert module.__doc__
    assert hasattr(module, "main")


def test_the_table_of_benchmarks_names_each_of_them_once():
    table = (FOLDER / "README.md").read_text(encoding="utf-8")
    named = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]
    assert named == [f"{name}.py" for name in BENCHMARKS]
