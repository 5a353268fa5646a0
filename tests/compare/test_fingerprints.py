"""The key of an estimate changes with whatever can change the estimate: code at any depth, libraries, the machine."""

import importlib.metadata

import numpy as np
import pytest

from pianolab.compare import fingerprints, imports
from pianolab.compare.fingerprints import code_checksum, detector_facts, estimate_key, source_of
from pianolab.compare.imports import UntoldError, closure
from pianolab.registry import create

DETECTOR = """
import numpy as np

import far_away
import helper_of_mine
from package_of_mine.deep import constant
from pianolab.detector import Detector
from pianolab.roll import Salience


class Mine(Detector):
    def __init__(self):
        import late_of_mine

    def process(self, span):
        return Salience.empty()
"""
FILES = {
    "mine.py": DETECTOR,
    "helper_of_mine.py": "import helper_of_helper\n",
    "helper_of_helper.py": "KEY = 1\n",
    "late_of_mine.py": "KEY = 2\n",
    "package_of_mine/__init__.py": "",
    "package_of_mine/sibling.py": "KEY = 3\n",
    "package_of_mine/deep/__init__.py": "",
    "package_of_mine/deep/constant.py": "from .. import sibling\nfrom ..cousin import KEY\n",
    "package_of_mine/cousin.py": "KEY = 4\n",
    "unused_of_mine.py": "KEY = 5\n",
}


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A detector's file with helpers beside it and one elsewhere on Python's path."""
    for name, text in FILES.items():
        path = tmp_path / "work" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "far_away.py").write_text("KEY = 6\n")
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    return tmp_path / "work" / "mine.py"


def test_every_module_that_a_detector_imports_is_part_of_its_code(mine, tmp_path):
    before = code_checksum(mine)
    assert code_checksum(mine) == before
    for path in sorted(tmp_path.rglob("*.py")):
        content = path.read_bytes()
        path.write_bytes(content + b"# changed\n")
        assert (code_checksum(mine) != before) == (path.name != "unused_of_mine.py"), path.name
        path.write_bytes(content)
    assert code_checksum(mine) == before


def test_a_library_counts_with_its_version_and_with_what_it_requires(mine, monkeypatch):
    mine.write_text("import librosa\n")
    _, libraries = closure([mine])
    assert {f"{name}=={importlib.metadata.version(name)}" for name in ("librosa", "numba", "llvmlite")} <= libraries
    before = code_checksum(mine)
    newer = {"llvmlite": "99"}
    monkeypatch.setattr(imports, "_version", lambda name: newer.get(name) or importlib.metadata.version(name))
    assert code_checksum(mine) != before


def test_a_library_whose_import_has_another_name_is_found(mine):
    mine.write_text("import sklearn.cluster\nimport os, json\n")
    assert f"scikit-learn=={importlib.metadata.version('scikit-learn')}" in closure([mine])[1]


def test_a_library_that_is_installed_later_changes_the_code(mine, tmp_path):
    mine.write_text("try:\n    import better_of_mine\nexcept ImportError:\n    better_of_mine = None\n")
    assert closure([mine])[1] == {"better-of-mine=="}
    before = code_checksum(mine)
    (tmp_path / "elsewhere" / "better_of_mine.py").write_text("")
    assert code_checksum(mine) != before


@pytest.mark.parametrize(
    "line",
    [
        "import importlib; importlib.import_module('helper_of_helper')",
        "__import__('helper_of_helper')",
        "from importlib import import_module as im, import_module; import_module('helper_of_helper')",
    ],
)
def test_a_name_that_is_handed_to_import_is_followed(mine, line):
    mine.write_text(line)
    assert mine.with_name("helper_of_helper.py") in closure([mine])[0]


@pytest.mark.parametrize(
    "line",
    [
        "async def f():\n    for _ in []: pass\n    else: {}",
        "class A:\n    try: pass\n    except ValueError: {}",
        "try: pass\nfinally:\n    while 0: {}",
        "match 1:\n    case 2:\n        with open('x'): {}",
        "if 0: pass\nelif 1: {}",
    ],
)
def test_an_import_is_followed_in_whatever_statement_it_stands(mine, line):
    mine.write_text(line.format("import helper_of_helper"))
    assert mine.with_name("helper_of_helper.py") in closure([mine])[0]


@pytest.mark.parametrize(
    "line",
    [
        "import importlib; importlib.import_module('helper_' + 'of_mine')",
        "__import__(input())",
        "import importlib.util; importlib.util.spec_from_file_location('x', 'helper_of_mine.py')",
        "import runpy; runpy.run_path('helper_of_mine.py')",
    ],
)
def test_what_is_computed_cannot_be_told_so_nothing_is_kept(mine, line):
    mine.write_text(
        f"from pianolab.detector import Detector\nclass Mine(Detector):\n    def late(self):\n        {line}\n"
    )
    with pytest.raises(UntoldError, match=r"mine\.py computes what it imports"):
        closure([mine])
    assert source_of(create(f"{mine}:Mine")) == ""


def test_files_that_import_each_other_or_cannot_be_parsed_are_read_once(mine):
    mine.write_text("import helper_of_mine\n")
    mine.with_name("helper_of_mine.py").write_text("import helper_of_helper, mine\n")
    mine.with_name("helper_of_helper.py").write_text("this is no Python\n")
    assert {path.name for path in closure([mine])[0]} == {"mine.py", "helper_of_mine.py", "helper_of_helper.py"}


def test_the_whole_of_pianolab_counts_for_who_imports_no_more_than_its_name(mine):
    mine.write_text("import pianolab\n")
    assert {"__init__.py", "session.py"} <= {path.name for path in closure([mine])[0]}


@pytest.mark.parametrize(
    ("where", "what", "value"),
    [
        ("platform.python_version", "python", "9.9"),
        ("platform.machine", "processor", "abacus"),
        ("platform.system", "system", "Plan 9"),
    ],
)
def test_python_and_the_kind_of_machine_are_part_of_the_key(monkeypatch, where, what, value):
    def key():
        return estimate_key(audio_checksum="ab", seconds=None, facts=detector_facts(create("yin")), source="cd")

    before = key()
    monkeypatch.setattr(where, lambda: value)
    assert fingerprints.machine()[what] == value
    assert key() != before


@pytest.mark.parametrize("name", fingerprints.ENVIRONMENT)
def test_a_variable_that_changes_how_numbers_are_computed_is_part_of_the_key(monkeypatch, name):
    monkeypatch.delenv(name, raising=False)
    before = detector_facts(create("yin"))
    monkeypatch.setenv(name, "other")
    assert detector_facts(create("yin")) != before


def test_a_frame_length_of_numpy_makes_the_same_key():
    plain, of_numpy = create("yin"), create("yin")
    of_numpy.frame_length = np.int64(plain.frame_length)
    keys = [
        estimate_key(audio_checksum="ab", seconds=None, facts=detector_facts(d), source="s") for d in (plain, of_numpy)
    ]
    assert keys[0] == keys[1]
