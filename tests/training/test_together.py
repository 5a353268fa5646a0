"""Settings for both networks together, on made-up evidence whose right threshold is known."""

import json

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs PyTorch: make setup-train")

from pianolab import sound
from pianolab.labels import write_labels
from pianolab.piano import render
from pianolab.roll import Notes, Salience
from pianolab.training import together
from pianolab.training.together import choose_threshold, main

TIMES = np.arange(0.0, 8.0, 0.02)
STROKES_S = 0.5 + 0.5 * np.arange(12)
PLAYED = Notes(STROKES_S, STROKES_S + 0.3, [60] * 12)
SETTINGS = {"silence_db": -85.0, "release_db": 100.0, "threshold": 0.5, "n_wait": 0, "onset_rows": 3}
SETTINGS |= {"struck_threshold": 0.0}


def evidence(surest, *, late_s=0.0):
    """A key that sounds while PLAYED holds it; each of its strokes is as sure as said."""
    onset, held = np.zeros((2, len(TIMES), 88), np.float32)
    for stroke_s, sure in zip(STROKES_S + late_s, surest, strict=True):
        row = round(stroke_s / 0.02)
        onset[row - 1 : row + 2, 60 - 21] = sure * np.array(
            [0.99, 1.0, 0.99]
        )  # the tracker takes the mean of three rows
        held[row : row + 15, 60 - 21] = 0.9
    level = np.full(len(TIMES), -20.0, np.float32)
    return Salience(TIMES, held, np.full_like(held, np.nan), level, onset=onset, offset=np.zeros_like(onset))


def test_the_highest_threshold_is_chosen_that_loses_no_stroke():
    sure = [0.9] * 11 + [0.32]
    chosen = choose_threshold({"one": ([evidence(sure)], [PLAYED])}, SETTINGS)
    assert chosen["onset_threshold"] == 0.3


def test_the_kind_that_is_hardest_to_hear_sets_the_limit():
    easy, hard = [0.9] * 12, [0.9] * 10 + [0.18, 0.18]
    kinds = {"easy": ([evidence(easy)], [PLAYED]), "hard": ([evidence(hard)], [PLAYED])}
    assert choose_threshold(kinds, SETTINGS)["onset_threshold"] == 0.175


def test_strokes_that_are_heard_late_are_told_when_they_were_struck():
    twice = ([evidence([0.9] * 12, late_s=0.04)] * 2, [PLAYED] * 2)
    assert choose_threshold({"one": twice}, SETTINGS)["onset_delay_s"] == pytest.approx(0.04, abs=0.005)


def test_the_command_writes_the_settings_of_every_delay_and_which_networks_they_are_for(tmp_path, monkeypatch, capsys):
    before = tmp_path / "neural_both.json"
    before.write_text(json.dumps({"delays_ms": list(together.DELAYS_MS)}))
    monkeypatch.setitem(together.SETTINGS, "both", before)
    monkeypatch.setattr(together, "THRESHOLDS", (0.2, 0.3))
    monkeypatch.setattr(together, "DELAYS_MS", (90,))
    notes = Notes([0.3, 0.9], [0.8, 1.4], [60, 64], [80, 80])
    for folder, stem in (("maps", "MAPS_MUS-tune_AkPnCGdD"), ("scenes", "scene")):
        (tmp_path / folder).mkdir()
        sound.write(tmp_path / folder / f"{stem}.flac", render(notes, sr=16000), sr=16000)
        write_labels(tmp_path / folder / f"{stem}.mid", notes)
    assert main(["--maps", str(tmp_path / "maps"), "--scenes", str(tmp_path / "scenes"), "--seconds", "2"]) == 0
    written = json.loads(before.read_text())
    assert written["networks"] == ["neural_maps.onnx", "neural_free.onnx"]
    assert set(written["tracking"]) == {"90"}
    settings = written["tracking"]["90"]
    assert settings["onset_threshold"] in (0.2, 0.3)
    assert settings["pedal_threshold"] == together.settings_of("free")["90"]["pedal_threshold"]
    assert settings["sure_own"] == together.settings_of("maps")["90"]["sure_own"]
    assert set(written["held_out"]["90"]) == {"as they are", "in rooms", "scenes"}
    assert "lookahead 90 ms, onset_threshold" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ([], "holds nothing of AkPnCGdD: name a folder that does"),
        (["--seconds", "0"], "--seconds 0.0: choose more than 0"),
    ],
)
def test_what_cannot_be_tuned_on_is_refused_in_one_line(tmp_path, capsys, options, reason):
    notes = Notes([0.3], [0.8], [60], [80])
    sound.write(tmp_path / "other.flac", render(notes, sr=16000), sr=16000)
    write_labels(tmp_path / "other.mid", notes)
    assert main(["--maps", str(tmp_path), "--scenes", str(tmp_path), *options]) == 2
    said = capsys.readouterr().err
    assert reason in said
    assert said.count("\n") == 1
