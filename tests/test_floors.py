"""The house stands on its floors: a module imports only what lies below it, and `import pianolab` is light."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pianolab
from pianolab.cli.parser import COMMANDS

PACKAGE = Path(pianolab.__file__).parent

# From the ground up: a folder, or a file at the root of the package, imports only from lower floors. What stands on one
# floor does not know its neighbours. "" is pianolab/__init__.py. A new room gets its place here.
FLOORS = (
    ("units", "errors"),
    ("texts", "files", "workers", "frames", "roll"),
    ("places",),
    ("sound", "labels", "detector", "dsp"),
    ("piano", "scores", "tracking"),
    ("detectors", "data"),
    ("registry", "plots"),
    ("session",),
    ("", "my_piano"),
    ("compare", "live", "training"),
    ("lessons", "practice"),
    ("cli",),
    ("__main__",),
)
FLOOR = {name: number for number, floor in enumerate(FLOORS) for name in floor}

HEAVY = ("torch", "onnxruntime", "matplotlib", "anywidget", "librosa", "numba", "pandas")
ONLY_IN = {
    "torch": ("training/*.py", "lessons/network.py", "lessons/speech_network.py"),  # notebooks 09, 12: inside functions
    "pocketsphinx": ("lessons/sphinx.py",),
    "onnxruntime": ("detectors/neural.py",),
    "matplotlib": ("plots.py", "lessons/*.py"),
    "anywidget": ("live/*.py",),
    "mir_eval": ("scores/*.py",),
    "verovio": ("practice/score.py",),
    "cv2": ("lessons/pictures.py",),
}

FILES = sorted(PACKAGE.rglob("*.py"))


def room(name):
    """Where a module stands: pianolab.detectors.yin stands in detectors."""
    return [*name.split("."), ""][1]


def dotted(path):
    parts = ("pianolab", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {dotted(path): path for path in FILES}


def imports(path):
    """(name, inside a function) of everything that a file imports, as dotted as can be."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    lazy = {id(inner) for function in functions for inner in ast.walk(function)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in lazy) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}, line {node.lineno}: write the whole name, from pianolab..."
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield (whole if whole in MODULES else node.module), id(node) in lazy


def of_ours(path):
    return [(name, lazy) for name, lazy in imports(path) if name.split(".")[0] == "pianolab"]


def python(code):
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def test_every_room_has_a_floor_and_every_floor_its_rooms():
    assert {room(name) for name in MODULES} == set(FLOOR)


def test_the_house_in_the_guide_for_contributors_is_this_one():
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \d+ \| (.*) \|$", text, re.MULTILINE)
    told = [set(re.findall(r"[a-z_]+", re.sub(r"\([^)]*\)", "", row))) for row in rows]
    assert told == [{name or "__init__" for name in floor} for floor in FLOORS]


@pytest.mark.parametrize("name", MODULES)
def test_a_room_imports_only_from_lower_floors(name):
    here = room(name)
    for imported, _ in of_ours(MODULES[name]):
        there = room(imported)
        assert there == here or FLOOR[there] < FLOOR[here], f"{name} imports {imported}, which does not lie below it"


@pytest.mark.parametrize("here", sorted({room(name) for name in MODULES}))
def test_files_of_a_room_do_not_go_round_in_circles(here):
    inside = {
        name: {to for to, _ in of_ours(path) if room(to) == here}
        for name, path in MODULES.items()
        if room(name) == here
    }
    while inside:
        free = [name for name, needs in inside.items() if not needs & inside.keys() - {name}]
        assert free, f"these import each other: {', '.join(sorted(inside))}"
        inside = {name: needs for name, needs in inside.items() if name not in free}


def test_detectors_know_nothing_of_each_other_nor_of_what_judges_them():
    shared = ("pianolab.detectors.peers.base", "pianolab.detectors.peers.mel_filters")
    files = [path for path in FILES if path.is_relative_to(PACKAGE / "detectors")]
    assert len(files) > 3
    for path in files:
        known = {imported for imported, _ in of_ours(path)} - {*shared, "pianolab.tracking.settings"}
        assert not {room(name) for name in known} & {"detectors", "tracking", "session", "scores", "data"}, path.name


def test_scores_know_nothing_of_detectors():
    seen, todo = set(), ["pianolab.scores"]
    while todo:
        name = todo.pop()
        seen.add(name)
        todo += [imported for imported, _ in of_ours(MODULES[name]) if imported not in seen]
    assert "pianolab.units" in seen
    assert not {room(name) for name in seen} & {"detector", "detectors", "tracking", "session"}


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_stays_where_it_belongs(library):
    users = [path for path in FILES for name, _ in imports(path) if name.split(".")[0] == library]
    shown = {path.relative_to(PACKAGE) for path in users}
    for path in shown:
        assert any(path.match(pattern) for pattern in ONLY_IN[library]), f"{path} imports {library}"
    for pattern in ONLY_IN[library]:
        assert any(path.match(pattern) for path in shown), f"nothing in {pattern} imports {library}: take it out"


def test_import_pianolab_is_light():
    loaded = python("import sys, pianolab; print(*sys.modules)").split()
    assert "pianolab" in loaded
    assert not set(loaded) & {*HEAVY, "numpy", "scipy", "soundfile"}


@pytest.mark.parametrize("name", [name for name in pianolab.__all__ if name != "__version__"])
def test_every_name_of_the_package_can_be_had(name):
    value = getattr(pianolab, name)
    assert getattr(importlib.import_module(value.__module__), name) is value
    assert name in dir(pianolab)


def test_a_name_that_the_package_lacks_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'transcrieb'"):
        pianolab.transcrieb  # noqa: B018


@pytest.mark.parametrize("words", [[], *([command.name] for command in COMMANDS), ["data", "check"]])
def test_help_needs_no_library(words):
    code = f"import sys; from pianolab.cli import main; main({[*words, '--help']!r}); print(*sys.modules)"
    loaded = python(code).split()
    assert "argparse" in loaded
    assert not set(loaded) & {*HEAVY, "numpy", "scipy", "soundfile", "mir_eval", "jinja2", "tqdm"}


@pytest.mark.parametrize(
    ("module", "others"),
    [
        ("pianolab.compare.worker", {"pandas", "mir_eval"}),  # One starts for each detector of a user's file.
        ("pianolab.data", {"pandas", "mir_eval"}),
        ("pianolab.compare.report", {"mir_eval"}),
    ],
)
def test_what_takes_long_to_load_is_loaded_where_it_is_needed(module, others):
    loaded = python(f"import sys, {module}; print(*sys.modules)").split()
    assert module in loaded
    assert not set(loaded) & {"numba", "scipy", "librosa", *others}


def test_hearing_needs_neither_tables_nor_figures():
    code = "import sys, pianolab, numpy; pianolab.transcribe(numpy.zeros(44100), sr=44100); print(*sys.modules)"
    loaded = python(code).split()
    assert "pianolab.session" in loaded
    assert not set(loaded) & {"torch", "matplotlib", "anywidget", "pandas", "mir_eval"}
