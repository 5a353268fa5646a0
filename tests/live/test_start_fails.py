"""A Start that fails holds no sound card, leaves no folder and bars no later one; takes say what is lost."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pianolab.live.choices import Choice
from pianolab.live.responder import Responder
from pianolab.live.sources import DeviceSource, SourceError
from pianolab.live.takes import Recorder, Take, TakeError

TOY = f"{Path(__file__).parents[1] / 'live_toy.py'}:Toy"
SR = 44100
SILENCE = np.zeros(1024, "<i2").tobytes()


class Card:
    """A sound card that one program can have at a time; its first streams fail where they are told to."""

    def __init__(self, **fails):
        self.fails, self.held = fails, 0

    def open(self, **_given):
        if self.held:
            raise OSError("Device unavailable")
        self.held += 1
        return SimpleNamespace(samplerate=SR, start=self.do("start"), stop=self.do("stop"), close=self.close)

    def do(self, what):
        def done():
            if self.fails.get(what, 0) > 0:
                self.fails[what] -= 1
                raise OSError(f"PortAudio cannot {what}")

        return done

    def close(self):
        self.held -= 1

    def source(self):
        return DeviceSource(open_stream=self.open)


def start(mine, session, **content):
    return mine.handle({"type": "start", "session": session, "source": "card", "keep": True, **content})[0]


@pytest.mark.parametrize("fails", [{"start": 1}, {"start": 1, "stop": 1}, {"start": 2, "stop": 9}])
def test_a_sound_card_that_fails_at_first_is_let_go_and_works_later(tmp_path, fails):
    card = Card(**fails)
    mine = Responder(Choice(TOY), folder=tmp_path / "takes", sources={"card": card.source})
    for number in range(fails["start"]):
        refused = start(mine, f"failed {number}")
        assert (refused["type"], refused["asked"]) == ("refused", "start")
        assert "PortAudio cannot start" in refused["text"]
        assert card.held == 0
        assert not list((tmp_path / "takes").glob("*"))
    assert start(mine, "good")["type"] == "started"
    assert mine.handle({"type": "stop", "session": "good"})[0]["type"] == "stopped"
    assert card.held == 0
    assert not list((tmp_path / "takes").glob("*"))  # Nothing was captured.


def test_a_folder_of_takes_that_cannot_be_made_lets_the_sound_card_go(tmp_path):
    (tmp_path / "takes").touch()
    card = Card()
    mine = Responder(Choice(TOY), folder=tmp_path / "takes", sources={"card": card.source})
    assert "cannot be kept" in start(mine, "kept")["text"]
    assert card.held == 0
    assert start(mine, "in memory", keep=False)["type"] == "started"


def test_a_take_whose_sound_cannot_be_written_leaves_no_folder(tmp_path, monkeypatch):
    def full(*_given):
        raise OSError("No space left on device")

    monkeypatch.setattr("pianolab.live.takes._flac", full)
    with pytest.raises(TakeError, match="No space left"):
        Recorder(sr=SR, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_microphone_that_cannot_be_stopped_is_closed():
    card = Card(stop=1)
    source = card.source()
    with pytest.raises(OSError, match="cannot stop"):
        source.close()
    assert card.held == 0
    with pytest.raises(SourceError, match="cannot be opened"):
        Card(start=1).source().start()


def block(mine, frame, seq):
    content = {"type": "block", "session": "one", "sr": SR, "frame": frame, "seq": seq}
    return mine.handle(content, [SILENCE])[0]


def stopped(mine, **counted):
    return mine.handle({"type": "stop", "session": "one", **counted})[0]["take"]


def test_a_take_says_how_much_of_its_sound_is_missing_and_whether_it_was_cut_off(tmp_path):
    mine = Responder(Choice(TOY), folder=tmp_path)
    mine.handle({"type": "start", "session": "one", "sr": SR, "keep": True})
    block(mine, 0, 0)
    block(mine, 1024 + 22050, 1)  # half a second is missing before it
    take = stopped(mine, frames=2048 + 22050 + 4410, dropped=0, cut=True)  # and a tenth behind it
    assert (take["missing_s"], take["cut"]) == (0.6, True)
    again = Take.open(take["folder"]).as_message()
    assert (again["missing_s"], again["cut"]) == (0.6, True)


def test_a_whole_take_lacks_nothing():
    mine = Responder(Choice(TOY))
    mine.handle({"type": "start", "session": "one", "sr": SR})
    block(mine, 0, 0)
    take = stopped(mine, frames=1024, dropped=0)
    assert (take["missing_s"], take["cut"]) == (0.0, False)
