"""Who is left out is left out: nothing that a speaker said is learnt from when that speaker is asked."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from pianolab import sound


@pytest.fixture(scope="module")
def script():
    path = Path(__file__).parents[2] / "benchmarks" / "spoken_words.py"
    spec = importlib.util.spec_from_file_location("spoken_words", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def written(folder, speakers):
    """Two digits, twice a speaker: each is a chirp of its own, a little higher with every speaker."""
    t = np.arange(3200) / 8000
    for s, speaker in enumerate(speakers):
        for digit in (0, 1):
            for n in range(2):
                hz = 500 + 60 * s + (900 * t if digit else 900 * (0.4 - t)) + 5 * n
                y = 0.5 * np.sin(2 * np.pi * np.cumsum(hz) / 8000)
                sound.write(folder / f"{digit}_{speaker}_{n}.wav", y, sr=8000)
    (folder / "README.wav.txt").write_text("not a recording")


def test_a_recording_is_named_by_its_digit_and_speaker(script, tmp_path):
    written(tmp_path, ["anna", "ben"])
    words = script.recorded(tmp_path, None)
    assert sorted(zip(words.speaker.tolist(), words.digit.tolist(), strict=True)) == [
        (speaker, digit) for speaker in ("anna", "ben") for digit in (0, 0, 1, 1)
    ]
    assert words.real.all()
    assert len(script.recorded(tmp_path, 3).y) == 6


def test_no_template_is_of_the_speaker_who_is_asked(script, tmp_path):
    written(tmp_path, ["anna", "ben", "eva"])
    words = script.recorded(tmp_path, None)
    learnt = np.flatnonzero(words.speaker != "ben")
    chosen = script.templates_of(words, learnt)
    assert sorted(chosen) == sorted(learnt.tolist())


def test_what_is_plainly_different_is_told_apart_and_the_table_says_so(script, tmp_path, monkeypatch, capsys):
    written(tmp_path, ["anna", "ben"])
    monkeypatch.setattr(sys, "argv", ["spoken_words.py", str(tmp_path), "--only-people", "--method", "plain"])
    assert script.main() == 0
    assert "| plain | 100.0 % | 100.0 % | 100.0 % |" in capsys.readouterr().out


def test_one_speaker_is_too_few(script, tmp_path, monkeypatch, capsys):
    written(tmp_path, ["anna"])
    monkeypatch.setattr(sys, "argv", ["spoken_words.py", str(tmp_path)])
    assert script.main() == 2
    assert "needs words of two speakers, as 7_name_0.wav; found 1" in capsys.readouterr().err
