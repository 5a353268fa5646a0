"""The page's messages and the kernel's answers, without a browser."""

import gc
import re
import sys
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given, settings
from hypothesis import strategies as st

from pianolab.live import messages
from pianolab.live.choices import Choice, ChoiceError
from pianolab.live.prompts import Prompt
from pianolab.live.responder import _ANSWERS, TAKES_IN_MEMORY, Responder
from pianolab.live.sources import FileSource, file_sources
from pianolab.live.stream import pcm16
from pianolab.live.takes import TakeError
from pianolab.piano import render
from pianolab.roll import Notes

TOY = f"{Path(__file__).parents[1] / 'live_toy.py'}:Toy"
SR = 44100
MELODY = Notes([0.3, 0.7, 1.5], [0.6, 1.0, 1.8], [60, 64, 67])  # in steps of 0.4 s, the third left out


@pytest.fixture(scope="module")
def pcm():
    return pcm16(0.7 * render(MELODY, sr=SR, tail_s=0.4))


def responder(**options):
    return Responder(Choice(TOY), **options)


def types_of(message):
    return get_args(get_type_hints(message)["type"])


DECLARED = {kind: answer for answer in get_args(messages.Answer) for kind in types_of(answer)}


def ask(responder, kind, buffers=(), **content):
    """The answer, which holds the fields that pianolab.live.messages declares and no others."""
    answer = responder.handle({"type": kind, **content}, buffers)[0]
    declared = DECLARED[answer["type"]]
    assert declared.__required_keys__ <= answer.keys() <= declared.__annotations__.keys()
    return answer


def send(responder, pcm, session="one"):
    replies = []
    for seq in range(-(-len(pcm) // 1024)):
        data = [pcm[seq * 1024 :][:1024].tobytes()]
        replies.append(ask(responder, "block", data, session=session, seq=seq, frame=seq * 1024, sr=SR))
    return replies


def played(responder, pcm, session="one", **start):
    assert ask(responder, "start", session=session, sr=SR, **start)["type"] == "started"
    heard = send(responder, pcm, session)
    return heard, ask(responder, "stop", session=session)


def test_hello_tells_the_page_all_it_needs():
    ready = ask(responder(prompt=Prompt.of("C4 E4"), keep=True), "hello", view="v1")
    assert (ready["type"], ready["view"], ready["keep"]) == ("ready", "v1", True)
    assert [choice["detector"] for choice in ready["choices"]] == [TOY]
    assert TOY in [entry["name"] for entry in ready["menu"]]
    assert [note["name"] for note in ready["prompt"]["notes"]] == ["C4", "E4"]
    assert ready["names"]["도"][0] == "도"
    assert ready["problem"] == ""


def test_every_block_is_answered_with_what_it_made_certain(pcm):
    heard, stopped = played(responder(), pcm)
    assert [reply["seq"] for reply in heard] == list(range(len(heard)))
    events = [event for reply in heard for event in reply["events"]] + stopped["events"]
    assert [event["name"] for event in events if event["kind"] == "on"] == MELODY.names
    sounding = [reply["now"][0][0]["midi"] for reply in heard if reply["now"][0]]
    assert sorted(set(sounding)) == [60, 64, 67]
    assert stopped["counts"]["samples"] == len(pcm)
    assert stopped["take"]["n_notes"] == 3
    assert stopped["take"]["folder"] == ""


def test_a_take_is_on_disk_only_when_the_player_wants_it(pcm, tmp_path):
    mine = responder(folder=tmp_path / "takes")
    played(mine, pcm)
    assert not (tmp_path / "takes").exists()
    saved = ask(mine, "save", take=mine.takes[0].name)
    assert Path(saved["take"]["folder"], "audio.flac").is_file()
    played(mine, pcm, session="two", keep=True)
    assert len(list((tmp_path / "takes").iterdir())) == 2


def test_a_take_in_memory_can_be_forgotten(pcm):
    mine = responder()
    name = played(mine, pcm)[1]["take"]["name"]
    assert ask(mine, "forget", take=name) == {"type": "forgotten", "take": name}
    assert mine.takes == []
    assert ask(mine, "play", take=name)["type"] == "refused"


def test_the_sound_of_a_take_can_be_played_again(pcm):
    mine = responder()
    _, stopped = played(mine, pcm)
    reply, buffers = mine.handle({"type": "play", "take": stopped["take"]["name"]})
    assert reply["mime"] == "audio/flac"
    import io

    samples, sr = sf.read(io.BytesIO(buffers[0]), dtype="int16")
    assert sr == SR
    np.testing.assert_array_equal(samples, pcm)


def test_blocks_of_an_old_session_are_stale(pcm):
    mine = responder()
    ask(mine, "start", session="one", sr=SR)
    ask(mine, "start", session="two", sr=SR)
    assert {reply["type"] for reply in send(mine, pcm[:4096], "one")} == {"stale"}
    assert {reply["type"] for reply in send(mine, pcm[:4096], "two")} == {"heard"}
    assert ask(mine, "stop", session="one")["type"] == "stale"


def test_choices_change_while_playing_and_a_bad_one_changes_nothing(pcm):
    mine = responder()
    ask(mine, "start", session="one", sr=SR)
    send(mine, pcm[:8192])
    two = [{"detector": TOY, "params": {"window": "blackman"}, "tracking": {"n_confirm": 4}, "a4_hz": 442}] * 2
    chosen = ask(mine, "choose", choices=two)
    assert chosen["type"] == "chosen"
    assert chosen["choices"][1]["params"] == {"window": "blackman"}
    assert len(mine.stream.listeners) == 2
    for wrong in ([], "yin", [{"detector": "/etc/passwd.py:X"}], [{"detector": TOY, "params": {"window": 3}}], two * 2):
        assert ask(mine, "choose", choices=wrong)["type"] == "refused"
    assert [listener.choice.a4_hz for listener in mine.stream.listeners] == [442, 442]


def test_a_trial_tells_right_from_wrong_and_scores_the_detector(pcm):
    mine = responder(prompt=Prompt.of("C4 E4 A4 G4"))
    _, stopped = played(mine, pcm)
    assert [v["what"] for v in stopped["verdicts"]] == ["right", "right", "missing", "right"]
    assert stopped["take"]["labels"] == "proposed"
    score = stopped["scores"][0]
    assert score["detector"] == TOY
    assert score["onset_recall"] == pytest.approx(0.75, abs=1e-3)
    assert "its beginning within 50 ms" in stopped["protocol"]


def test_labels_are_shifted_deleted_and_confirmed(pcm):
    mine = responder(prompt=Prompt.of("C4 E4 A4 G4"))
    name = played(mine, pcm)[1]["take"]["name"]
    before = ask(mine, "label", take=name, edit="show")["notes"]
    shifted = ask(mine, "label", take=name, edit="shift", index=1, seconds=0.1)["notes"]
    assert shifted[1]["onset_s"] == pytest.approx(before[1]["onset_s"] + 0.1)
    index = [note["name"] for note in shifted].index("A4")
    assert "A4" not in [n["name"] for n in ask(mine, "label", take=name, edit="delete", index=index)["notes"]]
    done = ask(mine, "label", take=name, edit="confirm")
    assert done["take"]["labels"] == "confirmed"
    assert mine.takes[0].settings["labels_confirmed"] is True
    for wrong in ({"index": 99}, {"index": "0"}, {"index": 0, "seconds": "far"}, {"index": 0, "seconds": 1e9}):
        assert ask(mine, "label", take=name, **{"edit": "shift", "seconds": 0.1, **wrong})["type"] == "refused"


def test_labels_get_another_key_and_new_notes_are_added_in_time(pcm):
    mine = responder(prompt=Prompt.of("C4 E4 A4 G4"))
    name = played(mine, pcm)[1]["take"]["name"]
    names = [note["name"] for note in ask(mine, "label", take=name, edit="rename", index=0, keys=-12)["notes"]]
    assert names[0] == "C3"
    ask(mine, "label", take=name, edit="confirm")
    added = ask(mine, "label", take=name, edit="add", midi=72, seconds=0.01)
    assert [note["name"] for note in added["notes"]] == ["C5", *names]
    assert added["notes"][0]["onset_s"] == pytest.approx(0.01)
    assert added["take"]["labels"] == "proposed"  # What was changed is to be confirmed again.
    for wrong in (
        {"edit": "rename", "index": 0, "keys": 99},
        {"edit": "rename", "index": 0, "keys": "up"},
        {"edit": "rename", "index": 99, "keys": 1},
        {"edit": "add", "midi": 200, "seconds": 0.1},
        {"edit": "add", "midi": 60, "seconds": 1e9},
        {"edit": "add", "midi": 60},
        {"edit": "sing"},
    ):
        answer = ask(mine, "label", take=name, **wrong)
        assert answer["type"] == "refused"
        assert re.search(r": (use|give|choose|show)", answer["text"])


def test_a_recording_is_played_by_polling(pcm, tmp_path):
    sf.write(tmp_path / "melody.wav", pcm, SR)
    (label,) = file_sources([tmp_path / "melody.wav"])
    mine = responder(sources={label: lambda: FileSource(tmp_path / "melody.wav", speed=None)})  # all at once
    (offered,) = ask(mine, "hello", view="v")["sources"]
    assert offered == {"name": "Recording: melody.wav", "label": "Recording: melody.wav"}
    assert ask(mine, "start", session="one", source=offered["name"])["sr"] == SR
    reply, pictures = mine.handle({"type": "poll", "session": "one", "seq": 0})
    np.testing.assert_array_equal(np.frombuffer(pictures[0], "<i2"), pcm[-8192:])
    assert reply["done"]
    assert [event["name"] for event in reply["events"] if event["kind"] == "on"] == MELODY.names
    assert ask(mine, "start", session="two", source="no such")["type"] == "refused"


def test_only_the_last_takes_stay_in_memory(pcm):
    mine = responder()
    for i in range(TAKES_IN_MEMORY + 2):
        played(mine, pcm[:4096], session=str(i))
    assert len(mine.takes) == TAKES_IN_MEMORY


def test_a_detector_that_breaks_is_named_and_the_other_goes_on(pcm, tmp_path):
    (tmp_path / "bad.py").write_text(
        "from pianolab.detector import Detector\n"
        "class Bad(Detector):\n    name = 'bad'\n"
        "    def process(self, span):\n        raise ZeroDivisionError('by zero')\n"
    )
    mine = Responder([Choice(f"{tmp_path / 'bad.py'}:Bad"), Choice(TOY)])
    assert "by zero" in ask(mine, "hello", view="v")["problem"]  # before anybody has played
    heard, stopped = played(mine, pcm)
    assert "by zero" in heard[-1]["problem"]
    second = [event for reply in heard for event in reply["events"] if event.get("listener") == 1]
    assert [event["name"] for event in second if event["kind"] == "on"] == MELODY.names
    assert stopped["type"] == "stopped"


def test_three_detectors_do_not_fit():
    with pytest.raises(ChoiceError, match="at most 2"):
        Responder([Choice(TOY)] * 3)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("session", "seq", "frame", "sr", "choices", "take", "edit", "index", "seconds", "source", "view", "keep")
USUAL = st.sampled_from(
    ["one", "browser", SR, True, [{"detector": TOY}], [{"detector": TOY, "params": []}], [{}], ["yin"]]
)
KINDS = ("hello", "start", "block", "poll", "choose", "stop", "play", "save", "label", "forget", "nonsense")


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.dictionaries(st.sampled_from(FIELDS), JSON | USUAL),
    st.lists(st.binary(max_size=9), max_size=2),
)
def test_no_message_breaks_the_responder_and_every_refusal_says_what_to_do(kind, content, buffers):
    answer, _ = _FUZZED.handle({**content, "type": kind}, buffers)
    assert answer["type"] in ("ready", "stale", "started", "stopped", "chosen", "heard", "refused")
    if answer["type"] == "refused":
        assert re.search(r"(: .*(reload|choose|use|give|switch|resample)|^choose |only the last ones)", answer["text"])
        assert "Error" not in answer["text"]


_FUZZED = Responder(Choice(TOY), folder=Path(__file__) / "takes")  # No take can be kept below a file.


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"session": "one"}, "message 'start' lacks sr: reload the page"),
        ({"sr": SR}, "message 'start' lacks session: reload the page"),
        ({"session": "one", "sr": "44100"}, "message 'start' has sr '44100': reload the page"),
        ({"session": "one", "sr": 44100.5}, "message 'start' has sr 44100.5: reload the page"),
        ({"session": "one", "sr": 0}, "sampling rate 0 Hz.*: resample it"),
        ({"session": "one", "sr": -3}, "sampling rate -3 Hz.*: resample it"),
        ({"session": "one", "sr": 700_000}, "a take cannot be kept at 700000 Hz: use at most"),
    ],
)
def test_a_start_that_cannot_be_leaves_nothing_behind(content, text, tmp_path):
    mine = responder(folder=tmp_path / "takes")
    answer = ask(mine, "start", keep=True, **content)
    assert answer["type"] == "refused"
    assert re.search(text, answer["text"])
    assert not (tmp_path / "takes").exists()
    assert mine.stream is None


@pytest.mark.parametrize("choices", [["yin"], [None], [{"detector": TOY, "params": [1]}], [{"detector": [TOY]}]])
def test_a_choice_of_the_page_that_is_none_is_refused_with_a_remedy(choices):
    assert re.search("(choose a|choose one|give a)", ask(responder(), "choose", choices=choices)["text"])


def test_a_stop_before_any_sound_shows_no_take_of_before(pcm):
    mine = responder(prompt=Prompt.of("C4 E4 G4"))
    played(mine, pcm)
    ask(mine, "start", session="two", sr=SR)
    stopped = ask(mine, "stop", session="two")
    assert (stopped["take"], stopped["verdicts"], len(mine.takes)) == (None, [], 1)


def test_every_message_that_the_page_may_send_has_its_answer():
    asked = [
        messages.Hello,
        messages.Language,
        messages.Start,
        messages.Block,
        messages.Poll,
        messages.Choose,
        messages.Ask,
        messages.Stop,
    ]
    asked += [messages.OfTake, messages.Label, messages.Learn]
    assert sorted(_ANSWERS) == sorted(kind for message in asked for kind in types_of(message))


@pytest.mark.parametrize("content", [None, [], "hello", {}, {"type": []}])
def test_what_is_no_message_is_refused(content):
    assert responder().handle(content)[0]["type"] == "refused"


def test_the_widget_carries_messages_and_has_a_plain_name():
    from pianolab.live import Microphone, Trial

    widget, sent = Microphone(Choice(TOY)), []
    widget.send = lambda content, buffers=None: sent.append(content)
    widget._handle_custom_msg({"type": "hello", "view": "v"}, [])
    assert [content["type"] for content in sent] == ["ready"]
    assert repr(widget) == f"<Microphone: listens with {TOY}>"
    assert "pianolab live" in widget._repr_mimebundle_()[0]["text/html"]
    assert repr(Trial("C4 E4", Choice(TOY))).startswith("<Trial: C4 E4, ")
    assert len(widget.notes) == 0
    widget.close()


def test_a_widget_that_is_refused_leaves_no_second_error(monkeypatch):
    from pianolab.live import Microphone, Trial

    unraisable = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    for refused in (lambda: Microphone("yinn"), lambda: Trial("H9")):
        with pytest.raises(ValueError, match=r"(did you mean yin|write it like A0)"):
            refused()
    gc.collect()
    assert unraisable == []


def test_the_player_chooses_what_to_play_and_an_old_take_keeps_what_was_asked_then(pcm):
    mine = responder(asks=[Prompt.of("C4 E4 A4 G4"), Prompt.of("C4 major scale")])
    ready = ask(mine, "hello", view="v")
    assert [entry["label"] for entry in ready["asks"]] == ["C4 E4 A4 G4", "C4 major scale"]
    assert ready["prompt"] is None
    assert ask(mine, "ask", name="C4 E4 A4 G4")["prompt"]["title"] == "C4 E4 A4 G4"
    _, stopped = played(mine, pcm)
    judged = [v["what"] for v in stopped["verdicts"]]
    assert judged == ["right", "right", "missing", "right"]
    assert len(ask(mine, "ask", name="C4 major scale")["prompt"]["notes"]) == 8
    shown = ask(mine, "label", take=stopped["take"]["name"], edit="show")
    assert [v["what"] for v in shown["verdicts"]] == judged
    assert ask(mine, "ask", name="")["prompt"] is None
    assert played(mine, pcm)[1]["verdicts"] == []


def test_what_is_not_offered_or_comes_while_it_listens_cannot_be_asked_for():
    mine = responder(asks=[Prompt.of("C4")])
    assert "is not offered: choose from the list" in ask(mine, "ask", name="/etc/song.mid")["text"]
    ask(mine, "start", session="s", sr=SR)
    assert "press Stop first" in ask(mine, "ask", name="C4")["text"]


def test_a_trial_before_any_take_has_no_verdicts():
    from pianolab.live import Trial

    with pytest.raises(TakeError, match="no take yet: press Start"):
        Trial("C4", TOY).verdicts()


def test_the_page_asks_nobody_but_its_server():
    static = Path(__file__).parents[2] / "pianolab" / "live" / "static"
    for path in [static / "microphone.js", static / "microphone.css", *static.rglob("*.j2")]:
        text = path.read_text(encoding="utf-8")
        named = set(re.findall(r"https?://[\w./-]*", text))
        assert named <= {"http://www.w3.org/2000/svg", "http://localhost"}  # a namespace, and what a player is told
        assert "//cdn" not in text


def test_the_page_comes_up_on_this_machine_only_and_with_a_token():
    from pianolab.live.__main__ import PLAYER, arguments

    assert arguments([])[:1] == [str(PLAYER)]
    assert "--Voila.ip=127.0.0.1" in arguments([])
    assert "--token" in arguments(["mine.ipynb", "--no-browser"])
    assert arguments(["mine.ipynb", "--port=1"])[0] == "mine.ipynb"
    assert arguments(["--port=1"])[0] == str(PLAYER)


# What a page may choose


def choose(page, detector, **params):
    return ask(page, "choose", choices=[{"detector": detector, "params": params, "tracking": {}, "a4_hz": 440.0}])


def test_a_page_reaches_no_file_of_the_machine_by_a_setting_a_name_or_an_address(tmp_path):
    weights = tmp_path / "weights.onnx"
    weights.write_bytes(b"no network")
    page = responder()
    entries = {entry["name"]: entry for entry in ask(page, "hello", view="v", language="en")["menu"]}
    assert "weights_file" not in {one["name"] for one in entries["neural"]["parameters"]}
    answer = choose(page, "neural", weights_file=str(weights))
    assert answer["text"].startswith("setting 'weights_file' is not offered here: choose from the list")
    assert str(tmp_path) not in answer["text"]
    for name in (f"neural:weights_file={weights}", f"{TOY[:-3]}Other", "pianolab.detectors.neural", f"{weights}"):
        assert choose(page, name)["text"] == f"detector {name!r} is not offered: choose one from the list"
    assert page.choices == [Choice(TOY)]


def test_a_page_offers_no_setting_of_free_text_of_a_detector_from_outside():
    loudest = f"{Path(__file__).parents[1] / 'toy_detectors.py'}:Loudest"
    page = Responder(Choice(loudest))
    entries = {entry["name"]: entry for entry in ask(page, "hello", view="v", language="en")["menu"]}
    assert [one["name"] for one in entries[loudest]["parameters"]] == ["scale"]
    assert "setting 'log' is not offered here" in choose(page, loudest, log="/tmp/anything")["text"]


def test_a_setting_that_the_notebook_gave_may_come_back_from_its_page():
    loudest = f"{Path(__file__).parents[1] / 'toy_detectors.py'}:Loudest"
    page = Responder(Choice(loudest, {"log": ""}))
    assert choose(page, loudest, log="", scale=0.9)["type"] == "chosen"
    assert choose(page, loudest, log="elsewhere")["type"] == "refused"


def test_the_page_is_told_between_which_numbers_a_setting_lies_and_others_are_refused():
    page = responder()
    (yin,) = (entry for entry in ask(page, "hello", view="v", language="en")["menu"] if entry["name"] == "yin")
    limits = {one["name"]: (one["least"], one["most"]) for one in yin["parameters"]}
    assert limits["threshold"] == (0, 1)
    assert limits["frame_length"] == (2, 32768)
    assert limits["stretched"] == (None, None)
    for value in (10_000_000, 2**63, -1):
        text = choose(page, "yin", frame_length=value)["text"]
        assert text.endswith(f"frame_length {value} cannot be used: give a number from 2 to 32768")


def test_an_answer_quotes_no_endless_or_unprintable_text_of_a_page():
    page = responder()
    for kind in ("x" * 100_000, "two\nlines", "\x1b[2J"):
        answer = ask(page, kind)
        assert len(answer["text"]) < 600
        assert (answer["text"] + answer["asked"]).isprintable()
    assert ask(page, "play", take="t" * 100_000, seq=float("inf"))["seq"] is None
