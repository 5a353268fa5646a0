"""benchmarks/world.py says what is true: what a player saw counts, also what was taken back; bars are kept apart."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pianolab.detector import Detector
from pianolab.roll import Notes, Salience
from pianolab.units import N_KEYS

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def load(name):
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(BENCHMARKS))  # where it finds its neighbours
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(BENCHMARKS))
    return module


@pytest.fixture(scope="module")
def world():
    return load("world")


@pytest.fixture(scope="module")
def sounds():
    return load("world_sounds")


class Stumbles(Detector):
    """Announces C5 at its first loud sample, and finds half a second later that it was C4."""

    sr, frame_length, hop_length, lookahead = 8000, 80, 80, 80

    def __init__(self):
        self.tracking = {"n_confirm": 2}

    def reset(self):
        self.began_s = None

    def process(self, span):
        onset, strength = np.zeros((span.n_frames, 1)), np.zeros((span.n_frames, N_KEYS))
        for row, time_s in enumerate(span.times):
            if np.abs(span.samples[row * 80 : row * 80 + 80]).max() > 0.1:
                self.began_s = time_s if self.began_s is None else self.began_s
                onset[row] = float(time_s == self.began_s)
                early = time_s < self.began_s + 0.05
                strength[row, 51 if early else 39] = 0.5 if early else 0.9
        level_db = np.full(span.n_frames, -20.0)
        return Salience(span.times, strength, np.full_like(strength, np.nan), level_db, onset=onset)


@pytest.fixture
def tone(sounds):
    t = np.arange(8000) / 8000
    y = np.where(t >= 0.2, 0.3 * np.sin(2 * np.pi * 261.63 * t), 0.0).astype(np.float32)
    return sounds.Sounding(y, 8000, Notes([0.2], [1.0], [60], [64]))


def test_a_note_that_was_announced_under_a_wrong_name_first_is_found_and_counts_as_one_false_note(world, sounds, tone):
    case = sounds.Case("noise", "x", "tone", lambda: tone)
    row = world.row_of("stumbles", case, tone, world.hear(Stumbles(), case, tone))
    assert (row["played"], row["found"], row["announced"], row["false"]) == (1, 1, 2, 1)


def test_where_nobody_plays_every_announcement_is_false(world, sounds, tone):
    silent = tone._replace(notes=Notes.empty())
    case = sounds.Case("nobody", "x", "tone", lambda: silent)
    row = world.row_of("stumbles", case, silent, world.hear(Stumbles(), case, silent))
    assert world.measures("nobody", pd.DataFrame([row])) == {"false a minute": pytest.approx(2 * 60.0)}


def test_a_number_on_its_bar_holds_it_and_one_on_the_wrong_side_does_not(world):
    rows = [
        ("nobody", "knocks", "fft_peak", "false a minute", 2.0, 1),
        ("nobody", "knocks", "neural", "false a minute", 2.1, 1),
        ("phrases", "clean", "fft_peak", "RPA %", 97.4, 1),
        ("phrases", "clean", "fft_peak:preset=textbook", "RPA %", 98.0, 1),
        ("phrases", "clean", "yin", "RPA %", 50.0, 1),
    ]
    table = world.with_bars(pd.DataFrame(rows, columns=world.COLUMNS))
    assert table.holds.tolist() == ["yes", "no", "no", "yes", ""]
    assert "| knocks | false a minute | **2.0** | 2.1 | - | - | fft_peak, neural: 2 (0) |" in world.page(table)


def test_every_bar_names_a_row_that_is_measured(world):
    assert {row for row, *_ in world.BARS} <= {*world.ROWS, *world.FACTS}


def test_speech_beside_a_melody_is_15_db_below_it(sounds, tone):
    mixed = sounds.mixer(tone, sounds.voices.speech, "tone")()
    melody = sounds.sound.resample(tone.y, sr=8000, target_sr=mixed.sr)
    ratio = np.sum(melody**2) / np.sum((mixed.y - melody) ** 2)
    assert 10 * np.log10(ratio) == pytest.approx(15.0, abs=0.01)


def test_of_two_strokes_of_one_key_within_30_ms_the_first_is_kept(sounds):
    notes = Notes([1.0, 1.02, 1.02, 1.5], [1.4, 1.4, 1.4, 1.9], [60, 60, 64, 60], [64, 64, 64, 64])
    kept = sounds.merged_strokes(notes, 1.0)
    assert kept.midi.tolist() == [60, 64, 60]
    assert kept.onset.tolist() == pytest.approx([0.0, 0.02, 0.5])


def test_the_pedal_of_a_performance_is_scored_where_a_detector_hears_it(world, sounds, tone):
    case = sounds.Case("performances", "dry", "tone", lambda: tone)
    pedalled = tone._replace(pedal=np.array([[0.2, 0.6]]))
    answer = world.hear(Stumbles(), case, pedalled)
    assert np.isnan(world.row_of("stumbles", case, pedalled, answer)["pedal_onset_f1"])
    heard = world.row_of("stumbles", case, pedalled, answer | {"pedal": [[0.25, 0.5]]})
    assert heard["pedal_onset_f1"] == 1.0
    assert heard["pedal_frame_f1"] == pytest.approx(2 * 25 / (25 + 40), abs=0.02)


def test_notes_are_also_compared_as_they_sound_with_the_pedal_of_each(world, sounds):
    """Keys are let go at 0.5 s and ring until the pedal goes up at 1.5 s; who hears that pedal has it right."""
    played, pedal = Notes([0.2], [0.5], [69]), np.array([[0.4, 1.5]])
    sounding = sounds.Sounding(np.zeros(2 * 8000, np.float32), 8000, played, pedal)
    case = sounds.Case("performances", "dry", "tone", lambda: sounding)
    answer = {name: getattr(played, name).tolist() for name in world.NOTE_FIELDS} | {"told": [(0.2, 69)], "cpu_s": 0.1}
    heard = world.row_of("any", case, sounding, answer | {"pedal": pedal.tolist()})
    assert (heard["note_f1"], heard["note_f1_sounding"]) == (1.0, 1.0)
    deaf = world.row_of("any", case, sounding, answer | {"pedal": None})
    assert (deaf["note_f1"], deaf["note_f1_sounding"]) == (1.0, 0.0)


def test_it_runs_on_what_comes_with_pianolab_and_goes_on_where_it_was(world, tmp_path, capsys, monkeypatch):
    given = [
        "--quick",
        "--each",
        "1",
        "--seconds",
        "2",
        "--row",
        "phrases",
        "--detector",
        "yin",
        "--out",
        str(tmp_path),
    ]
    assert world.main(given) == 0
    first = capsys.readouterr().out
    assert "| clean | found % |" in first
    monkeypatch.setattr(world, "hear", lambda *_: pytest.fail("it is heard again"))
    assert world.main(given) == 0
    assert capsys.readouterr().out == first
    assert pd.read_csv(tmp_path / "world.csv").row.unique().tolist() == ["phrases"]


def test_a_folder_without_the_pianos_asked_for_is_refused_in_a_line(world, tmp_path, capsys):
    assert world.main(["--pianos", str(tmp_path), "--row", "phrases", "--out", str(tmp_path / "out")]) == 2
    assert "has none of the pianos yamaha_ydp, petrof_school" in capsys.readouterr().err
