"""The contract tests find whoever breaks a promise, and only those: hearing badly is allowed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FILE = HERE / "promise_breakers.py"
HONEST = (f"{FILE}:AlwaysMiddleC", f"{HERE.parents[1]}/notebooks/loudest.py:Loudest")
BROKEN = {
    "LooksAtItsBlock": "test_what_is_heard_does_not_depend_on_the_blocks",
    "LooksAhead": "test_another_future_changes_the_rows_that_may_know_it_and_no_row_before",
    "Remembers": "test_reset_forgets_what_was_heard",
    "SharesItsMemory": "test_two_streams_do_not_hear_each_other",
    "Overshoots": "test_whatever_sounds_the_evidence_is_in_its_ranges",
    "CountsWrong": "test_frames_are_counted_and_timed_as_the_framer_does_it",
    "TakesSettingsByPlace": "test_its_settings_are_given_by_name_and_have_defaults",
    "TellsPowerForLevel": "test_the_level_of_a_sine_is_told_within_a_decibel",
}


@pytest.fixture(scope="module")
def told():
    """Names of the tests by what came of them and by detector, from one run as a user would start it."""
    specs = [*HONEST, *(f"{FILE}:{name}" for name in BROKEN)]
    words = [word for spec in specs for word in ("--detector", spec)]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no", "-rA", *words]
    files = [HERE / "test_contract.py", HERE / "test_causality.py"]
    done = subprocess.run([*command, *files], capture_output=True, text=True, timeout=300, cwd=HERE.parents[1])
    assert "passed" in done.stdout, done.stdout + done.stderr
    found = {}
    for result, test, name in re.findall(r"^(PASSED|FAILED|ERROR) .*::(\w+)\[.*\.py:(\w+)", done.stdout, re.MULTILINE):
        found.setdefault((name, result == "PASSED"), set()).add(test)
    return found


@pytest.mark.parametrize("name", ["AlwaysMiddleC", "Loudest"])
def test_a_detector_that_hears_badly_keeps_the_contract(told, name):
    assert (name, False) not in told
    assert {*BROKEN.values()} <= told[name, True]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_promise_is_found(told, name):
    assert BROKEN[name] in told[name, False]
