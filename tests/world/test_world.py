"""What is announced where nobody plays, and what is found beside speech and in noise, may only become better.

The bounds in bounds.json are what was measured last. `python benchmarks/world.py --tighten tests/world/bounds.json`
writes what has become better; no bound is ever made weaker by it. Who must make one weaker writes it by hand, and says
why in the message of the commit. Tolerance: one note more or less than the bound, for
another processor may calculate the last digits otherwise.
"""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from pianolab.piano import espeak

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
BOUNDS = json.loads(Path(__file__).with_name("bounds.json").read_text(encoding="utf-8"))
NEEDS_ESPEAK = ("speech of espeak-ng", "talk by rule and of espeak-ng")


@pytest.fixture(scope="module")
def world():
    spec = importlib.util.spec_from_file_location("world", BENCHMARKS / "world.py")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(BENCHMARKS))  # where it finds its neighbours
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(BENCHMARKS))
    return module


@pytest.fixture(scope="module")
def measured(world, tmp_path_factory):
    """All detectors hear the same sounds, which are made once."""
    return world.small(list(BOUNDS), tmp_path_factory.mktemp("world"))


@pytest.mark.parametrize("detector", BOUNDS)
def test_no_detector_announces_more_where_nobody_plays_or_finds_less_than_it_did(world, measured, detector):
    heard = {world.bound_name(one): one for one in measured[measured.detector == detector].itertuples()}
    bounds = {name: bound for name, bound in BOUNDS[detector].items() if can_be_asked(name)}
    assert bounds.keys() <= heard.keys()
    worse = [name for name, bound in bounds.items() if is_worse(heard[name], bound)]
    assert not worse, [(name, heard[name].value, bounds[name]) for name in worse]


def can_be_asked(name):
    return espeak.is_installed() or name.split(": ")[1] not in NEEDS_ESPEAK


def is_worse(one, bound):
    """Whether a number is worse than its bound by more than one note."""
    if one.measure == "found %":
        return one.value < bound - one.note - 0.1
    return one.value > bound + one.note + 0.1


def test_bounds_only_become_tighter(world):
    rows = [
        ("nobody", "knocks", "yin", "false a minute", 3.0, 1),
        ("nobody", "hum", "yin", "false a minute", 3.0, 1),
        ("phrases", "clean", "yin", "found %", 90.0, 1),
        ("noise", "quiet", "yin", "found %", 90.0, 1),
        ("noise", "new", "yin", "found %", 70.0, 1),
    ]
    table = world.pd.DataFrame(rows, columns=world.COLUMNS)
    before = dict(zip(map(world.bound_name, table.itertuples()), (2.0, 4.0, 95.0, 80.0), strict=False))
    assert list(world.tightened({"yin": before}, table)["yin"].values()) == [2.0, 3.0, 95.0, 90.0, 70.0]
