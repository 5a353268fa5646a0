"""`pianolab detect` and `pianolab score` say when labels cannot be those of the sound."""

import json

import numpy as np
import pytest

from pianolab import sound
from pianolab.cli import main
from pianolab.labels import write_labels
from pianolab.piano import render
from pianolab.roll import Notes

SR = 22050
ONSET = np.array([0.2, 0.6, 0.9, 1.5, 2.1])
TUNE = Notes(ONSET, ONSET + 0.3, [60, 64, 67, 65, 62])
IN_MS = Notes(TUNE.onset * 1000, TUNE.offset * 1000, TUNE.midi)


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "song.wav"
    sound.write(path, render(TUNE, sr=SR, tail_s=0.3), sr=SR)
    return path


def run(*words):
    """Exit code of `pianolab` with these words."""
    return main([str(word) for word in words])


def warnings_of(capsys):
    return [line for line in capsys.readouterr().err.splitlines() if "warning" in line]


def test_detect_warns_of_labels_in_milliseconds_beside_the_sound(song, capsys):
    write_labels(song.with_suffix(".tsv"), IN_MS)
    assert run("detect", song, "--detector", "fft_peak") == 0
    (said,) = warnings_of(capsys)
    assert said.startswith(f"pianolab: warning: {song.with_suffix('.tsv')}: no note begins within the ")
    assert said.endswith("the times look like milliseconds, divide them by 1000")


@pytest.mark.parametrize("beside", ["labels", "words", "nothing"])
def test_detect_is_silent_where_nothing_speaks_against_what_lies_beside_the_sound(song, capsys, beside):
    if beside == "labels":
        write_labels(song.with_suffix(".tsv"), TUNE)
    elif beside == "words":
        song.with_suffix(".txt").write_text("Words of the song, and no notes.\n")
    assert run("detect", song, "--detector", "fft_peak") == 0
    assert capsys.readouterr().err == ""


def test_detect_does_not_take_its_own_notes_for_labels(song, capsys):
    write_labels(song.with_suffix(".tsv"), TUNE.shifted(1.0))  # As if another detector had written them.
    again = ("detect", song, "--detector", "fft_peak", "--out", song.parent)
    assert run(*again) == run(*again) == 0
    assert capsys.readouterr().err == ""


def test_score_warns_of_labels_that_are_not_those_of_the_sound_named(song, tmp_path, capsys):
    estimate, labels = tmp_path / "heard.tsv", tmp_path / "played.tsv"
    write_labels(estimate, TUNE)
    write_labels(labels, TUNE.shifted(1.0))
    assert run("score", estimate, labels, "--audio", song) == 0
    (said,) = warnings_of(capsys)
    assert said.endswith(
        "played.tsv: the notes begin 1.00 s after the strokes of the sound: take 1.00 s from their times"
    )


def test_score_finds_the_sound_beside_the_labels(song, tmp_path, capsys):
    write_labels(tmp_path / "heard.tsv", IN_MS)
    write_labels(song.with_suffix(".mid"), IN_MS)
    assert run("score", tmp_path / "heard.tsv", song.with_suffix(".mid"), "--json") == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["onset_f1"] == 1.0
    assert "song.mid: no note begins within" in said.err


def test_score_says_nothing_of_labels_that_fit(song, tmp_path, capsys):
    write_labels(tmp_path / "heard.tsv", TUNE)
    write_labels(song.with_suffix(".tsv"), TUNE)
    assert run("score", tmp_path / "heard.tsv", song.with_suffix(".tsv")) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("first_s", [0.2, 0.0])
def test_score_of_an_estimate_in_another_unit_than_the_labels_says_so(tmp_path, capsys, first_s):
    write_labels(tmp_path / "heard.tsv", IN_MS.shifted(1000 * first_s - IN_MS.onset[0]))
    write_labels(tmp_path / "played.tsv", TUNE.shifted(first_s - TUNE.onset[0]))
    assert run("score", tmp_path / "heard.tsv", tmp_path / "played.tsv") == 0
    (said,) = warnings_of(capsys)
    assert said.endswith("the estimate looks like milliseconds, divide its times by 1000")


def test_score_refuses_a_sound_that_is_not_there(tmp_path, capsys):
    write_labels(tmp_path / "heard.tsv", TUNE)
    assert run("score", tmp_path / "heard.tsv", tmp_path / "heard.tsv", "--audio", tmp_path / "none.wav") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "none.wav" in said.err
