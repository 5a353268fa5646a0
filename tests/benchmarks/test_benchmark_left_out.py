"""What benchmarks/left_out.py chooses by the other pianos."""

import importlib.util
import sys
from pathlib import Path

import pandas as pd
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def script():
    sys.path.insert(0, str(BENCHMARKS))
    spec = importlib.util.spec_from_file_location("left_out", BENCHMARKS / "left_out.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(str(BENCHMARKS))
    return module


def test_a_piano_has_no_say_in_the_value_that_it_is_heard_with(script):
    # The first two pianos want 2; the third alone is heard much better with 1.
    scores = pd.DataFrame({1.0: [0.8, 0.8, 0.9], 2.0: [0.9, 0.9, 0.2]}, index=["grand", "upright", "odd"])
    rows = script.left_out(scores, 1.0).set_index("piano")
    assert rows.chosen.to_dict() == {"grand": 1.0, "upright": 1.0, "odd": 2.0}
    assert rows.with_chosen.to_dict() == {"grand": 0.8, "upright": 0.8, "odd": 0.2}
    assert rows.with_shipped["odd"] == 0.9


def test_the_value_that_is_there_stays_where_others_are_as_good(script):
    scores = pd.DataFrame({1.0: [0.8, 0.8], 2.0: [0.8, 0.8]}, index=["grand", "upright"])
    assert script.left_out(scores, 2.0).chosen.tolist() == [2.0, 2.0]
    assert script.left_out(scores, 1.0).chosen.tolist() == [1.0, 1.0]


def test_every_constant_is_there_and_another_value_changes_what_is_made_with_it(script):
    for constant in script.CONSTANTS:
        assert constant.shipped not in constant.others
    strokes = script.onsets.Strokes(hop_length=512)
    with script.patch.object(script.onsets, "CHANCE", 2.0 * script.onsets.CHANCE):
        changed = script.onsets.Strokes(hop_length=512)
    y = script.np.random.default_rng(0).normal(0.0, 0.01, 44032).astype("float32")
    assert changed(y, 84).max() < strokes(y, 84).max()
