"""Damaged files, spec texts, messages and cache files: a short run; `make fuzz` is the long one."""

import fuzz
import pytest
from targets import TARGETS, target_of

CASES = {
    "audio": 600,
    "midi": 600,
    "labels": 600,
    "notation": 60,
    "scores": 150,
    "spec": 150,
    "pianos": 300,
    "messages": 20,
    "stream": 300,
    "practice": 100,
    "cache": 200,
}


@pytest.mark.parametrize("name", TARGETS)
def test_every_whole_input_is_used_as_it_should_be_before_it_is_damaged(name):
    outcomes = [TARGETS[name].check(whole) for whole in TARGETS[name].files]
    assert outcomes.count("read") >= 2


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_damaged_is_read_or_refused_in_one_line_within_bounded_time_and_memory(name, tmp_path):
    tally = fuzz.run(name, cases=CASES[name], seed=1, keep=tmp_path)
    assert not tally.found, "\n".join(f"{fault}: {example}" for fault, example in tally.found.items())
    assert tally.outcomes.total() == CASES[name]
    assert tally.outcomes["read"] > 0
    assert 0 < tally.peak_mb < target_of(name).memory_mb


def test_a_case_is_the_same_whenever_it_is_made():
    for name, target in TARGETS.items():
        assert target.case(3, 7) == target.case(3, 7), name
        assert len({target.case(3, number) for number in range(20)}) > 10, name


def test_an_error_of_others_a_crash_a_hang_too_much_memory_and_a_warning_of_others_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz, "PATIENCE_S", 5.0)
    tally = fuzz.run("faults", cases=8, seed=33, keep=tmp_path)  # These eight hold each of the faults.
    found = " | ".join(tally.found)
    for fault in (
        "KeyError",
        "ended with exit code",
        "did not end within 5 s",
        "needed more than 300 MB",
        "FoundError",
    ):
        assert fault in found
    assert tally.outcomes["read"] == 2
    assert tally.done == 8
