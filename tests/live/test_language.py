"""The live view speaks the player's language; what it hears and what it keeps do not depend on it."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pianolab.data import builtin_index
from pianolab.live.__main__ import main
from pianolab.live.choices import Choice, menu
from pianolab.live.chords import KINDS, describe, name_chord, name_interval
from pianolab.live.prompts import Prompt, PromptError
from pianolab.live.responder import Responder
from pianolab.live.sources import device_source, file_sources
from pianolab.live.stream import pcm16
from pianolab.live.takes import EVENTS, Recorder
from pianolab.piano import render
from pianolab.registry import load_all
from pianolab.roll import Notes
from pianolab.texts.catalogue import LANGUAGES, TextError, Told, catalogue, said, say
from pianolab.units import parse_note

TESTS = Path(__file__).parents[1]
TOY = f"{TESTS / 'live_toy.py'}:Toy"
SR = 44100
HANGUL = re.compile("[가-힣]")


def responder(detector=TOY, **options):
    return Responder(Choice(detector), **options)


def ask(responder, kind, buffers=(), **content):
    return responder.handle({"type": kind, **content}, buffers)[0]


# ---- what is said


@pytest.mark.parametrize(
    ("played", "spoken"),
    [
        ("C4 E4 G4", "C 장3화음"),
        ("E4 G4 C5", "C 장3화음, 첫째 자리바꿈"),
        ("G3 C4 E4", "C 장3화음, 둘째 자리바꿈"),
        ("A3 C4 E4", "A 단3화음"),
        ("B3 D4 F4", "B 감3화음"),
        ("C4 E4 G#4", "C 증3화음"),
        ("G3 B3 D4 F4", "G 딸림7화음"),
        ("F3 G3 B3 D4", "G 딸림7화음, 셋째 자리바꿈"),
        ("C4 E4 G4 B4", "C 장7화음"),
        ("A3 C4 E4 G4", "A 단7화음"),
        ("B3 D4 F4 A4", "B 반감7화음"),
        ("G#3 B3 D4 F4", "G 샤프 감7화음"),
        ("D#4 G4 A#4", "E 플랫 장3화음"),
        ("C4 F4 G4", "C 4도 계류화음"),
        ("C4 E4 A#4", "C 딸림7화음, 5음 생략"),
    ],
)
def test_a_chord_is_said_as_korean_musicians_say_it(played, spoken):
    assert name_chord(map(parse_note, played.split())).spoken(language="ko") == spoken


@pytest.mark.parametrize(
    ("semitones", "name"),
    [
        (1, "단2도"),
        (3, "단3도"),
        (4, "장3도"),
        (5, "완전4도"),
        (7, "완전5도"),
        (12, "옥타브"),
        (16, "장10도"),
        (31, "2옥타브와 완전5도"),
        (36, "3옥타브"),
    ],
)
def test_an_interval_is_said_as_korean_musicians_say_it(semitones, name):
    assert name_interval([36, 36 + semitones], language="ko") == name


@given(st.lists(st.integers(21, 108), max_size=8))
def test_any_keys_are_named_in_every_language_and_the_names_differ_only_in_words(midi):
    english, korean = (describe(midi, language=language) for language in ("en", "ko"))
    assert korean["named"] == english["named"]
    for style, names in korean["texts"].items():
        assert bool(HANGUL.search(names["spoken"])) == bool(english["texts"][style]["spoken"])
        assert names["keys"] == english["texts"][style]["keys"]
    assert {english["texts"][style]["spoken"] == "" for style in english["texts"]} == {not english["named"]}


def test_a_prompt_may_be_written_in_korean_and_is_titled_in_the_player_s_language():
    scale, chord = Prompt.of("C4 장음계"), Prompt.of("A3 minor chord")
    assert scale.notes.names == Prompt.of("C4 major scale").notes.names
    assert (str(scale.title), chord.title.said("ko")) == ("C4 major scale", "A3 단3화음")
    assert Prompt.of(Notes([0.0], [1.0], [60])).title.said("ko") == "음 1개"
    with pytest.raises(PromptError, match="NOTE and one of: major scale") as caught:
        Prompt.of("H9")
    assert "장음계, 단음계" in caught.value.args[0].said("ko")


def test_the_english_of_the_catalogue_is_that_of_the_detectors_and_the_built_in_set():
    detectors = {name: cls for name, cls in load_all()[0].items() if not cls.whole_recording}
    summaries = {key.rpartition("summary_")[2]: text for key, text in texts_of("detectors.summary_").items()}
    assert summaries == {name: cls.summary for name, cls in detectors.items()}
    shown = {one["name"] for entry in menu() for one in entry["parameters"]}
    assert {key.rpartition("set_")[2] for key in texts_of("detectors.set_")} == shown
    titles = {key.removeprefix("recordings."): text for key, text in texts_of("recordings.").items()}
    assert titles == {entry["id"]: entry["title"] for entry in builtin_index()}


def texts_of(beginning):
    return {key: text for key, text in catalogue("en").items() if key.startswith(beginning)}


def test_a_detector_from_outside_says_its_own_summary_in_every_language():
    offered = {entry["name"]: entry for entry in menu([TOY])}
    english, korean = said(offered, "en"), said(offered, "ko")
    assert korean[TOY] == english[TOY]
    assert english[TOY]["parameters"][0]["label"] == english[TOY]["parameters"][0]["name"]
    assert HANGUL.search(korean["yin"]["summary"])
    assert all(HANGUL.search(one["label"]) for one in korean["yin"]["parameters"])


# ---- what is refused

REFUSED = [
    {"type": "whistle"},
    {"type": "language", "language": 5},
    {"type": "language"},
    {"type": "start", "session": "s", "sr": SR, "source": "elsewhere"},
    {"type": "start", "session": "s", "sr": 0},
    {"type": "start", "session": "s", "sr": 700_000},
    {"type": "start", "session": "s", "sr": "fast"},
    {"type": "choose", "choices": []},
    {"type": "choose", "choices": [5]},
    {"type": "choose", "choices": [{"detector": "elsewhere"}]},
    {"type": "choose", "choices": [{"detector": TOY, "a4_hz": 4400}]},
    {"type": "choose", "choices": [{"detector": TOY, "tracking": {"threshold": 7}}]},
    {"type": "choose", "choices": [{"detector": TOY, "tracking": {"n_confirm": 99}}]},
    {"type": "choose", "choices": [{"detector": TOY, "tracking": {"n_confirm": 2.5}}]},
    {"type": "choose", "choices": [{"detector": TOY, "tracking": {"speed": 1}}]},
    {"type": "choose", "choices": [{"detector": TOY, "params": [1]}]},
    {"type": "choose", "choices": [{"detector": TOY, "params": {"window": 3}}]},
    {"type": "choose", "choices": [{"detector": "yin", "params": {"threshold": 7.0}}]},
    {"type": "choose", "choices": [{"detector": "yin", "params": {"octave_cost": -1.0}}]},
    {"type": "choose", "choices": [{"detector": "yin", "params": {"hop_length": 7}}]},
    {"type": "choose", "choices": [{"detector": "yin", "params": {"frame_length": 100}}]},
    {"type": "choose", "choices": [{"detector": "yin", "params": {"preset": "aubio", "octave_cost": 2.0}}]},
    {"type": "choose", "choices": [{"detector": "nmf", "params": {"n_iterations": 0}}]},
    {"type": "play", "take": "none"},
    {"type": "label", "take": "kept", "edit": "sing"},
    {"type": "label", "take": "kept", "edit": "delete", "index": 99},
    {"type": "label", "take": "kept", "edit": "shift", "index": 0, "seconds": 99.0},
]


@pytest.fixture(scope="module")
def trial():
    """A responder with one take, named 'kept'."""
    mine = responder()
    ask(mine, "start", session="s", sr=SR)
    y = pcm16(render(Notes([0.1], [0.4], [60]), sr=SR))
    ask(mine, "block", [y.tobytes()], session="s", seq=0, frame=0, sr=SR)
    ask(mine, "stop", session="s")
    mine.takes[0].name = "kept"
    return mine


@pytest.mark.parametrize("message", REFUSED, ids=str)
def test_a_refusal_is_said_in_the_player_s_language(trial, message):
    answers = {}
    for language in LANGUAGES:
        assert ask(trial, "language", language=language)["type"] == "spoken"
        answers[language] = trial.handle(message)[0]
        assert answers[language]["type"] == "refused"
    assert not HANGUL.search(answers["en"]["text"])
    assert HANGUL.search(answers["ko"]["text"])
    assert "\n" not in answers["ko"]["text"]


def test_a_language_that_is_not_spoken_is_refused_and_the_old_one_stays():
    mine = responder(language="ko")
    for kind in ("language", "hello"):
        assert "'fr' is unknown" in ask(mine, kind, language="fr", view="v")["text"]
    assert mine.language == "ko"
    with pytest.raises(TextError, match="'fr' is unknown: use en or ko"):
        responder(language="fr")


def test_a_disk_that_cannot_be_written_is_told_in_korean(tmp_path):
    (tmp_path / "takes").write_text("not a folder")
    mine = responder(language="ko", folder=tmp_path / "takes")
    assert "'테이크를 디스크에 저장'을 꺼 주세요" in ask(mine, "start", session="s", sr=SR, keep=True)["text"]


# ---- the switch


def test_the_environment_or_the_page_chooses_the_language(monkeypatch):
    monkeypatch.setenv("PIANOLAB_LANGUAGE", "ko")
    assert ask(responder(), "hello", view="v")["language"] == "ko"
    assert ask(responder(language="en"), "hello", view="v", language=None)["language"] == "en"
    ready = ask(responder(), "hello", view="v", language="en")
    assert (ready["language"], ready["languages"]) == ("en", {"en": "English", "ko": "한국어"})


def test_all_that_the_page_was_told_is_said_anew():
    sources = {**file_sources(["song.wav"]), **device_source()}
    mine = responder(prompt=Prompt.of("C4 major scale"), sources=sources)
    ready = ask(mine, "hello", view="v")
    spoken = ask(mine, "language", language="ko")
    assert [entry["name"] for entry in spoken["sources"]] == [entry["name"] for entry in ready["sources"]]
    assert [entry["label"] for entry in spoken["sources"]] == ["녹음: song.wav", "듣는 컴퓨터의 마이크"]
    assert (ready["prompt"]["title"], spoken["prompt"]["title"]) == ("C4 major scale", "C4 장음계")
    assert "시작은 50 ms 안" in spoken["protocol"]
    same = ("language", "menu", "sources", "prompt")
    back = ask(mine, "language", language="en")
    assert {name: back[name] for name in same} == {name: ready[name] for name in same}


def test_a_detector_that_failed_is_told_of_in_the_language_of_the_moment(tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text(
        "from pianolab.detector import Detector\nclass Broken(Detector):\n    name = 'broken'\n"
        "    def process(self, span):\n        raise RuntimeError('lost')\n"
    )
    mine = responder(f"{broken}:Broken")
    assert "failed: RuntimeError" in ask(mine, "hello", view="v")["problem"]
    assert "검출기가 멈췄습니다" in ask(mine, "language", language="ko")["problem"]
    ask(mine, "start", session="s", sr=SR)
    heard = ask(mine, "block", [bytes(2 * SR)], session="s", seq=0, frame=0, sr=SR)
    assert "검출기가 멈췄습니다" in heard["problem"]
    ask(mine, "language", language="en")
    assert "failed: RuntimeError" in ask(mine, "block", [bytes(2)], session="s", seq=1, frame=SR, sr=SR)["problem"]


@pytest.fixture(scope="module")
def triads():
    onset = np.repeat([0.3, 1.0, 1.7], 3)
    return pcm16(0.5 * render(Notes(onset, onset + 0.5, [60, 64, 67, 65, 69, 72, 55, 59, 62]), sr=SR, tail_s=0.4))


def listen(mine, pcm, languages, folder):
    """Every event of a stream whose language changes between blocks, and the take's own lines."""
    mine._folder = folder
    ask(mine, "start", session="s", sr=SR, keep=True)
    events = []
    for seq, start in enumerate(range(0, len(pcm), 4096)):
        ask(mine, "language", language=languages[seq % len(languages)])
        data = [pcm[start:][:4096].tobytes()]
        events += ask(mine, "block", data, session="s", seq=seq, frame=start, sr=SR)["events"]
    events += ask(mine, "stop", session="s")["events"]
    lines = (mine.takes[-1].folder / EVENTS).read_text(encoding="utf-8").splitlines()
    return events, [json.loads(line) for line in lines]


def test_a_language_that_changes_between_two_blocks_touches_no_note_and_no_take(triads, tmp_path):
    plain, kept = listen(responder("nmf"), triads, ["en"], tmp_path / "plain")
    mixed, kept_mixed = listen(responder("nmf"), triads, ["en", "ko"], tmp_path / "mixed")
    korean, kept_korean = listen(responder("nmf"), triads, ["ko"], tmp_path / "korean")
    assert kept == kept_mixed == kept_korean == plain
    assert {event["kind"] for event in plain} >= {"on", "off", "chord"}
    names = [{"texts": None, **event} | {"texts": None} for event in plain]
    for other in (mixed, korean):
        assert [{"texts": None, **event} | {"texts": None} for event in other] == names
    spoken = [event["texts"]["C4"]["spoken"] for event in korean if event["kind"] == "chord" and event["named"]]
    assert "C 장3화음" in spoken
    assert all(HANGUL.search(name) for name in spoken)
    assert not HANGUL.search(json.dumps([event["texts"]["C4"] for event in kept if event["kind"] == "chord"]))


def test_the_chord_on_the_page_is_said_anew(triads, tmp_path):
    mine = responder("nmf")
    ask(mine, "start", session="s", sr=SR)
    ask(mine, "block", [triads[: int(0.8 * SR)].tobytes()], session="s", seq=0, frame=0, sr=SR)
    (chord,) = ask(mine, "language", language="ko")["chords"]
    assert (chord["texts"]["C4"]["symbol"], chord["texts"]["C4"]["spoken"]) == ("C", "C 장3화음")
    ask(mine, "start", session="t", sr=SR)
    assert ask(mine, "language", language="en")["chords"] == []


# ---- round about


def test_a_take_without_a_sample_leaves_no_folder(tmp_path):
    mine = responder(folder=tmp_path / "takes")
    ask(mine, "start", session="s", sr=SR, keep=True)
    assert ask(mine, "stop", session="s")["take"] is None
    assert list((tmp_path / "takes").iterdir()) == []
    take = Recorder(sr=SR, folder=tmp_path / "takes").close()
    assert (take.folder, take.n_samples) == (None, 0)


def test_the_widget_speaks_the_language_that_it_was_given():
    from pianolab.live import Microphone

    widget = Microphone(Choice(TOY), language="ko")
    assert "JupyterLab에서 이 셀을 실행" in widget._repr_mimebundle_()[0]["text/html"]
    assert widget.responder.language == "ko"
    widget.close()


def test_the_page_is_started_in_a_language(monkeypatch, capsys):
    voila = pytest.importorskip("voila.app").Voila
    started = []
    monkeypatch.setattr(voila, "launch_instance", lambda argv: started.append((os.environ["PIANOLAB_LANGUAGE"], argv)))
    monkeypatch.setenv("PIANOLAB_LANGUAGE", "en")
    monkeypatch.setenv("JUPYTER_PATH", "")
    main(["mine.ipynb", "--language", "ko", "--no-browser"])
    assert started[0][0] == "ko"
    assert started[0][1][0] == "mine.ipynb"
    assert "--language" not in started[0][1]
    with pytest.raises(SystemExit, match="2"):
        main(["--language=kr"])
    assert capsys.readouterr().err == "language 'kr' is unknown: use en or ko: did you mean ko?\n"


def test_every_kind_of_chord_and_every_text_has_its_own_words():
    for language in LANGUAGES:
        names = [kind.spoken.said(language) for kind in KINDS]
        assert len(set(names)) == len(names)
    assert Told("live.recording", name="x").said("ko") == say("live.recording", "ko", name="x") == "녹음: x"


def test_a_system_of_others_that_is_not_installed_is_left_out_of_the_menu(monkeypatch):
    offered = {entry["name"] for entry in menu()}
    monkeypatch.setattr("pianolab.live.choices.missing", lambda cls: f"{cls.name} is not installed")
    left = {entry["name"]: entry["reason"] for entry in menu()}
    assert left == {name: f"{name} is not installed" for name in ("cqt", "fft_peak", "neural", "nmf", "yin")}
    assert set(left) <= offered
