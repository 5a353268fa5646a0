"""Whatever a page says, it is understood or refused in one line; and the docs name all that is said."""

import json
import re
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_stream_messages import JSON

from pianolab.practice.page import messages
from pianolab.practice.page.messages import REFUSALS, PageError, error_told, read_asked
from pianolab.practice.streaming.messages import CLOSES, ProtocolError
from pianolab.texts.catalogue import Told

DOCS = (Path(__file__).parents[2] / "docs/practice_protocol.md").read_text(encoding="utf-8")
KINDS = ["hello", "choose", "begin", "again", "tempo", "on", "finish", "commands", "try", "missing", "ping", "stop", 3]
NAMES = ["versions", "sr", "language", "names", "detector", "item", "hands", "mode", "first_bar", "last_bar", "loop"]
NAMES += ["tempo", "certainty", "again", "slower", "on", "midi", "samples", "id"]
NEAR = st.sampled_from(["ko", "도", "pedal", "left", "beat", True, 0, 1, 0.3, 21, 60, 109, 44100, [1], None])
FIELDS = st.fixed_dictionaries({"type": st.sampled_from(KINDS)}, optional=dict.fromkeys(NAMES, NEAR | JSON))


@settings(max_examples=200, deadline=None)
@given(JSON.map(json.dumps) | FIELDS.map(json.dumps))
def test_any_text_is_understood_or_refused_in_one_printable_line(text):
    try:
        asked = read_asked(text)
    except ProtocolError as error:
        told = error_told(error, "ko")
        assert told["code"] in CLOSES
        assert told["text"].isprintable()
        assert 10 < len(told["text"]) < 600
        return
    given = json.loads(text)
    kind = next(kind for kind in get_args(messages.Asked) if given["type"] in get_args(get_type_hints(kind)["type"]))
    assert set(asked) == set(get_type_hints(kind))
    for name, value in asked.items():
        assert given.get(name) in (value, None, "") or name == "id", name


def test_what_may_be_left_out_has_its_usual_value():
    assert read_asked('{"type": "choose", "item": 3}') == {
        "type": "choose",
        "item": 3,
        "hands": "both",
        "mode": "wait",
        "first_bar": 0,
        "last_bar": None,
        "loop": False,
        "tempo": 1.0,
        "certainty": 0.9,
    }


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ({"type": "choose"}, "item 'null' of choose is no whole number from 1 on"),
        ({"type": "choose", "item": 1, "tempo": 0.2}, "tempo '0.2' of choose is no number from 0.3 to 2"),
        ({"type": "choose", "item": 1, "tempo": float("nan")}, "tempo 'NaN'"),
        ({"type": "choose", "item": 1, "certainty": True}, "certainty 'true'"),
        ({"type": "choose", "item": 1, "hands": ["left"]}, "use both, right, left"),
        ({"type": "choose", "item": 1, "loop": 1}, "loop '1' of choose is neither true nor false"),
        ({"type": "try", "midi": 109}, "midi '109' of try is no whole number from 21 to 108"),
        ({"type": "commands", "again": "key"}, "again 'key' of commands is no key from 21 to 108, nor the pedal"),
        ({"type": "hello", "versions": [1], "sr": 8000, "language": "kr"}, "use en or ko"),
        ({"type": "hello", "versions": [1], "sr": 8000, "names": "H"}, "use C4, Do, 도"),
        ({"type": "stop"}, "use hello, choose, begin"),
    ],
)
def test_what_is_wrong_is_said(message, says):
    with pytest.raises(ProtocolError) as error:
        read_asked(json.dumps(message))
    assert error.value.code == "bad_message"
    assert says in str(error.value)


def test_an_error_of_the_player_is_told_in_his_language():
    error = PageError("no_next", Told("sitting.no_next"))
    assert error_told(error, "ko")["text"] == "곡의 끝입니다. 다른 마디를 고르세요"
    assert error_told(error, "en") == {
        "type": "error",
        "code": "no_next",
        "text": "this is the end of the piece: choose other bars",
        "closing": False,
    }


@pytest.mark.parametrize(
    "code", ["full", "silent", "too_fast", "too_long", "detector_failed", "bad_rate", "going_away"]
)
def test_what_ends_a_connection_is_told_in_the_players_language(code):
    told = {language: error_told(ProtocolError(code, "why it is"), language) for language in ("en", "ko")}
    assert told["en"]["closing"]
    assert "start" in told["en"]["text"] or "choose" in told["en"]["text"]
    assert re.search("[가-힣]", told["ko"]["text"])


def rows():
    """What the docs say of each message: its row, by name."""
    found = {}
    for cells in (line.split("|") for line in DOCS.splitlines() if line.startswith("| `")):
        for name in re.findall(r"`(\w+)`", cells[1]):
            found[name] = found.get(name, "") + "|".join(cells[2:])
    return found


@pytest.mark.parametrize(
    "kind", [*get_args(messages.Asked), *get_args(messages.Answer)], ids=lambda kind: kind.__name__
)
def test_the_docs_name_every_field_of_every_message(kind):
    told, hints = rows(), get_type_hints(kind)
    for name in get_args(hints["type"]):
        assert name in told
        if name not in ("missing", "ping"):
            for field in set(hints) - {"type"}:
                assert f"`{field}`" in told[name], f"{name} has {field}"


def test_the_docs_name_every_refusal_of_the_page():
    code = Path(messages.__file__).parent
    said = {
        name for path in code.glob("*.py") for name in re.findall(r'PageError\(\s*"(\w+)"', path.read_text("utf-8"))
    }
    assert said - set(CLOSES) == set(REFUSALS)
    assert set(re.findall(r"^\| `(\w+)` \| - \|", DOCS, re.MULTILINE)) == set(REFUSALS)
