"""What the detectors of this version reach is kept in results/reference; a change that moves it is seen here.

A change that is meant is kept anew (results/reference/README.md) and said in the message of its commit.
"""

from pathlib import Path

import pytest

from pianolab.compare import compare
from pianolab.compare.against import METRICS, changes, read_before, sentences
from pianolab.data import Dataset, load_dataset
from pianolab.registry import load_all
from pianolab.scores import Protocol

REFERENCE = Path(__file__).parents[2] / "results" / "reference" / "builtin"
STAMP = str(Protocol())
OWN = [name for name, cls in load_all()[0].items() if not cls.peer]
QUICK = ("ydp_phrase_01", "ydp_C4", "ydp_A5", "ydp_C6")


def held(data, detectors, cache):
    """What changed of these recordings beyond the interval, in lines."""
    before = read_before(REFERENCE, protocol=STAMP, seconds=None)
    found = compare(data, detectors, cache=cache, jobs=1, progress=False)
    assert found.failures.empty
    table = changes(found.scores, found.about["recordings"], before, protocol=STAMP)
    heard = found.scores[(found.scores.protocol == STAMP) & found.scores.metric.isin(METRICS)]
    assert set(table.n) == set(heard.groupby(["dataset", "detector", "params", "metric"]).size())  # none was left out
    return sentences(table, before, len(found.recordings))[1:]


def test_a_few_recordings_are_heard_as_they_were(tmp_path):
    real = load_dataset("real", split="test")
    few = tuple(one for one in real.recordings if one.id in QUICK)
    assert len(few) == len(QUICK)
    assert held(Dataset("real", few), OWN, tmp_path) == []


@pytest.mark.slow
def test_all_of_the_comparison_is_heard_as_it_was(tmp_path):
    assert held(None, None, tmp_path) == []
