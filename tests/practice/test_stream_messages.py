"""Whatever a client says, it is understood or refused in one line."""

import json
import re
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pianolab.practice.streaming import messages
from pianolab.practice.streaming.limits import Allowance
from pianolab.practice.streaming.messages import (
    CLOSES,
    MAX_TEXT,
    ProtocolError,
    chosen_version,
    error_message,
    read_message,
)

DOCS = (Path(__file__).parents[2] / "docs/stream.md").read_text(encoding="utf-8")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FIELDS = st.fixed_dictionaries(
    {"type": st.sampled_from(["hello", "missing", "ping", "stop", "welcome", 3])},
    optional={"versions": JSON, "sr": JSON, "samples": JSON, "id": JSON, "more": JSON},
)


def refused(text):
    with pytest.raises(ProtocolError) as error:
        read_message(text)
    return error.value


@settings(max_examples=100, deadline=None)
@given(st.text() | JSON.map(json.dumps) | FIELDS.map(json.dumps))
def test_any_text_is_understood_or_refused_in_one_printable_line(text):
    try:
        said = read_message(text)
    except ProtocolError as error:
        told = error_message(error)
        assert told["code"] in CLOSES
        assert told["text"].isprintable()
        assert 10 < len(told["text"]) < 600
        return
    assert {key: json.loads(text).get(key, 0) for key in said} == said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not JSON"),
        ("\x00", "is not JSON"),
        ("[" * MAX_TEXT, "is not JSON"),
        ("1" * MAX_TEXT, "is no object"),
        ("x" * (MAX_TEXT + 1), "at most 4096 characters, not 4097"),
        ("[1]", "is no object"),
        ("NaN", "is no object"),
        ("{}", "use hello, missing, ping or stop"),
        ('{"type": ["hello"]}', "is unknown"),
        ('{"type": "hello", "sr": 44100}', "versions 'null' of hello is no list"),
        ('{"type": "hello", "versions": [true], "sr": 44100}', "no list of versions"),
        ('{"type": "hello", "versions": [], "sr": 44100}', "no list of versions"),
        ('{"type": "missing", "samples": 0}', "samples '0' of missing is no whole number from 1 on"),
        ('{"type": "missing", "samples": 1e3}', "samples '1000.0' of missing"),
        ('{"type": "ping", "id": {}}', "id '{}' of ping"),
    ],
)
def test_what_is_wrong_is_said(text, says):
    error = refused(text)
    assert error.code == "bad_message"
    assert says in str(error)


@pytest.mark.parametrize("sr", [0, -1, 999, 1e9, 44100.5, True, "44100", None, float("inf")])
def test_a_rate_that_cannot_be_used_ends_the_connection(sr):
    error = refused(json.dumps({"type": "hello", "versions": [1], "sr": sr}))
    assert (error.code, error.closes) == ("bad_rate", 4002)
    assert "Hz" in str(error)


def test_the_newest_version_of_both_is_spoken_and_without_one_the_servers_is_named():
    assert chosen_version([7, 1]) == 1
    with pytest.raises(ProtocolError, match="speaks version 1 of") as error:
        chosen_version([2, 3])
    assert error.value.closes == 4001


def test_each_error_closes_with_a_code_of_its_own():
    codes = [code for code in CLOSES.values() if code is not None]
    assert len(codes) == len(set(codes))
    assert all(code == 1001 or 4000 <= code < 5000 for code in codes)


def rows(*kinds):
    """What the docs say of messages and events: the row of each, by its name."""
    lines = [line.split("|") for line in DOCS.splitlines() if line.startswith("| `")]
    found = {cells[1].strip(" `"): cells[2] for cells in lines}
    return [(kind, name, found.get(name, "")) for kind in kinds for name in _names(kind)]


def _names(kind):
    hints = get_type_hints(kind)
    return get_args(hints.get("type") or hints["kind"])


def test_the_docs_name_every_field_of_every_message_and_event():
    said, answered = get_args(messages.Said), get_args(messages.Answer)
    for kind, name, row in rows(*said, *answered, messages.PedalTold, messages.GapTold):
        for field in set(get_type_hints(kind)) - {"type", "kind"}:
            assert f"`{field}`" in row, f"{name} has {field}"
    ((_, _, note), *others) = rows(messages.NoteTold)
    assert set(re.findall(r"`(\w+)`", note)) == set(get_type_hints(messages.NoteTold)) - {"kind"}
    assert [row.strip() for _, _, row in others] == ["the same", "the same"]


def test_the_docs_name_every_error_and_the_code_with_which_it_closes():
    told = dict(re.findall(r"^\| `(\w+)` \| (-|\d+) \|", DOCS, re.MULTILINE))
    assert told == {name: "-" if code is None else str(code) for name, code in CLOSES.items()}


def test_an_allowance_fills_up_again_and_holds_no_more_than_a_burst():
    now = [0.0]
    allowance = Allowance(per_s=2.0, burst_s=3.0, clock=lambda: now[0])
    assert [allowance.take(1) for _ in range(7)] == [True] * 6 + [False]
    now[0] = 0.5
    assert [allowance.take(1), allowance.take(1)] == [True, False]
    now[0] = 1000.0
    assert [allowance.take(1) for _ in range(7)] == [True] * 6 + [False]
