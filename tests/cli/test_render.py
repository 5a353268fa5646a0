"""`pianolab render`: a file of notes becomes sound, on a piano by rule or on recorded notes, or is refused."""

import numpy as np
import pytest

from pianolab import sound
from pianolab.cli import main
from pianolab.labels import write_labels
from pianolab.piano import render
from pianolab.roll import Notes

SR = 16000
TUNE = Notes([0.10, 0.60], [0.50, 1.00], [60, 64], [80, 50])


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Two notes and the pedal in tune.mid, and C4 and E4 of a piano as recordings."""
    monkeypatch.chdir(tmp_path)
    write_labels(tmp_path / "tune.mid", TUNE, pedal=[(0.4, 2.0)])
    (tmp_path / "piano").mkdir()
    for name, midi in (("C4", 60), ("E4", 64)):
        y = render(Notes([0.05], [4.0], [midi], [90]), sr=SR)
        sound.write(tmp_path / "piano" / f"{name}.wav", y, sr=SR)
    return tmp_path


def level_db(y, at_s):
    return 10 * np.log10(np.mean(y[round(at_s * SR) : round((at_s + 0.2) * SR)] ** 2) + 1e-12)


@pytest.mark.parametrize("piano", ["upright", "piano"])
@pytest.mark.parametrize("out", ["tune.wav", "made.flac"])
def test_notes_sound_when_they_were_struck_and_ring_until_the_pedal_is_up(folder, capsys, piano, out):
    words = ["render", "tune.mid", "--piano", piano, "--sr", str(SR)]
    assert main(words + ([] if out == "tune.wav" else ["--out", out])) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{out}: 2 notes, 3.0 s, on {piano}\n"
    assert printed.err == ""
    y, sr = sound.load(folder / out)
    assert (sr, len(y)) == (SR, 3 * SR)
    assert np.argmax(np.abs(y) > 0.02 * np.abs(y).max()) / SR == pytest.approx(0.1, abs=0.002)
    assert level_db(y, 1.6) > level_db(y, 0.8) - 25  # Both keys were let go at 1 s.
    assert level_db(y, 2.7) < level_db(y, 1.6) - 30


def test_velocity_room_and_cheap_microphone_are_heard(folder):
    click = np.zeros(SR // 2, np.float32)
    click[[0, 4800]] = 0.5
    sound.write(folder / "echo.wav", click, sr=SR)
    heard = {}
    ways = {
        "soft": ["--velocity", "30"],
        "hard": ["--velocity", "120"],
        "echo": ["--room", "echo.wav"],
        "hall": ["--room", "hall"],
        "cheap": ["--cheap-microphone"],
        "other": ["--cheap-microphone", "--seed", "2"],
        "plain": [],
    }
    for name, words in ways.items():
        assert main(["render", "tune.mid", "--piano", "piano", "--sr", str(SR), "--out", f"{name}.wav", *words]) == 0
        heard[name], _ = sound.load(folder / f"{name}.wav")
    assert level_db(heard["hard"], 0.1) > level_db(heard["soft"], 0.1) + 15
    assert len({y.tobytes() for y in heard.values()}) == len(ways)
    assert level_db(heard["echo"], 2.4) > level_db(heard["plain"], 2.4) + 15  # what sounded 0.3 s before
    spectrum = np.abs(np.fft.rfft(heard["cheap"]))
    assert np.mean(spectrum[: 40 * 3] ** 2) < np.mean(spectrum[500 * 3 : 540 * 3] ** 2) / 10


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.mid"], "none.mid is not there"),
        (["tune.mid", "--out", "tune.mp3"], "tune.mp3 cannot be written: use a name that ends in .wav or .flac"),
        (["tune.mid", "--out", "none/tune.wav"], "cannot be written: name a file in a folder that exists"),
        (
            ["tune.mid", "--piano", "uprigt"],
            "piano 'uprigt' is neither rendered nor a folder: did you mean upright or bright?",
        ),
        (["tune.mid", "--piano", "./none"], "is neither rendered nor a folder: use grand, upright, bright, felt, or"),
        (["tune.mid", "--piano", "empty"], "empty holds no single notes: name them by their keys"),
        (["low.mid", "--piano", "piano"], "piano has no recorded note within 3 semitones of A0: leave these keys out"),
        (["off.mid"], "off.mid holds no note of the 88 keys"),
        (["tune.mid", "--room", "hal"], "room 'hal' is neither made by rule nor a file: did you mean hall?"),
        (["tune.mid", "--room", "tune.mid"], "tune.mid"),
        (["tune.mid", "--velocity", "0"], "'0' is no velocity: use 1 to 127"),
        (["tune.mid", "--velocity", "nan"], "'nan' is no velocity"),
        (["tune.mid", "--sr", "100"], "sr 100 cannot be rendered: use a whole number from 8000 to 192000"),
        (["tune.mid", "--sr", "100", "--piano", "piano"], "sr 100 cannot be rendered"),
        (["tune.mid", "--microphone", "near"], "--microphone is for recorded notes: grand is rendered"),
        (["tune.mid", "--piano", "piano", "--microphone", "near"], "has no index.json that names microphones"),
    ],
)
def test_what_cannot_be_rendered_is_refused_in_one_line_and_nothing_is_written(folder, capsys, words, said):
    (folder / "empty").mkdir()
    write_labels(folder / "low.mid", Notes([0.1], [0.5], [21], [80]))
    write_labels(folder / "off.mid", Notes([0.1], [0.5], [12], [80]))
    before = sorted(path.name for path in folder.rglob("*"))
    assert main(["render", *words]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert [line.startswith("pianolab: warning: ") for line in printed.err.splitlines()][-1:] == [False]
    assert printed.err.count("\n") == (2 if words == ["off.mid"] else 1)  # That keys were left out is told before.
    assert sorted(path.name for path in folder.rglob("*")) == before
