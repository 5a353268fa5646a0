"""A player's piano is learnt in the live view, note by note, and remembered."""

import dataclasses

import numpy as np
import pytest

from pianolab.dsp.piano_profile import PianoProfile, read_profile
from pianolab.live.choices import Choice
from pianolab.live.learning import FILE_VARIABLE
from pianolab.live.responder import Responder
from pianolab.live.stream import Stream, pcm16
from pianolab.my_piano import as_notes
from pianolab.piano import PIANOS, render
from pianolab.roll import Notes

SR = 22050
FLAT = dataclasses.replace(PIANOS["grand"], a4_hz=428.0)


def responder(folder, **options):
    return Responder(Choice("yin"), folder=folder, **options)


def learn(mine, what):
    answer, _ = mine.handle({"type": "learn", "what": what})
    assert answer["type"] == "learning"
    return answer


def play(mine, y, session="one"):
    mine.handle({"type": "start", "session": session, "sr": SR})
    heard = []
    for seq, start in enumerate(range(0, len(y), 8192)):
        block = {"type": "block", "session": session, "seq": seq, "frame": start, "sr": SR}
        answer, _ = mine.handle(block, [pcm16(y[start : start + 8192]).tobytes()])
        heard.append(answer["learning"])
    return heard


def test_a_flat_piano_is_asked_for_learnt_kept_and_heard_at_the_next_start(tmp_path, monkeypatch):
    monkeypatch.setattr("pianolab.live.learning.DETECTORS", ("nmf",))
    mine = responder(tmp_path)
    assert learn(mine, "begin")["state"] == "quiet"
    heard = play(mine, render(as_notes(), sr=SR, piano=FLAT))
    prompts = list(dict.fromkeys(one["prompt"] for one in heard))
    assert prompts[:3] == [
        "Be silent for a moment: the room is heard.",
        "Play C4 and let it sound for a second.",
        "Play G4 and let it sound for a second.",
    ]
    assert "Play C3 softly and let it sound for a second." in prompts
    assert "✓ C4 was heard." in [one["heard"] for one in heard]
    mine.learning.wait(120)
    now = learn(mine, "show")
    assert (now["state"], now["in_use"], now["problem"]) == ("idle", True, "")
    assert "17 of 17 notes were heard" in now["report"]
    assert "tuning: kept" in now["report"]
    assert read_profile(tmp_path / "my_piano.json").a4_hz == pytest.approx(428.0, abs=0.6)
    again = responder(tmp_path)  # The next time the page is opened.
    assert again.learning.profile is not None
    assert learn(again, "forget")["in_use"] is False
    assert not (tmp_path / "my_piano.json").exists()


def test_notes_can_be_skipped_repeated_and_all_given_up_in_korean_too(tmp_path):
    mine = responder(tmp_path, language="ko")
    assert learn(mine, "skip")["state"] == "idle"
    learn(mine, "begin")
    play(mine, np.zeros(4 * SR, np.float32))
    assert learn(mine, "show")["prompt"] == "C4을(를) 치고 1초 동안 울려 주세요."
    assert learn(mine, "skip")["number"] == 1
    assert learn(mine, "repeat")["number"] == 0
    assert learn(mine, "give_up")["state"] == "idle"
    for what in ("whistle", 3):
        assert mine.handle({"type": "learn", "what": what})[0]["type"] == "refused"


def test_too_few_notes_are_said_and_nothing_is_kept(tmp_path):
    mine = responder(tmp_path)
    learn(mine, "begin")
    play(mine, np.zeros(4 * SR, np.float32))
    for _ in range(17):
        learn(mine, "skip")
    mine.learning.wait(60)
    assert "only 0 of 0 asked notes are heard" in learn(mine, "show")["problem"]
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_profile_is_said_and_not_used(tmp_path, monkeypatch):
    (tmp_path / "my_piano.json").write_text("{}")
    assert "is no profile of a piano" in responder(tmp_path).learning.problem
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "other.json"))
    assert "cannot be read" in responder(tmp_path).learning.problem


def test_a_stream_with_a_profile_names_keys_times_and_cents_by_the_piano():
    y = render(Notes([0.3], [0.9], [64]), sr=44100, piano=dataclasses.replace(PIANOS["grand"], a4_hz=426.0))
    stream = Stream("yin", sr=44100, my_piano=PianoProfile(a4_hz=426.0))
    on, *_ = stream.feed(0, y[:44100], sr=44100) + stream.stop()
    assert on["name"] == "E4"
    assert on["time_s"] == pytest.approx(0.3, abs=0.02)
    assert on["cents"] == pytest.approx(0.0, abs=10.0)
