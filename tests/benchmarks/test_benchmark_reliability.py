"""benchmarks/reliability.py says what is true: kinds of notes, sounds without a piano, and its numbers for a toy."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pianolab import sound
from pianolab.data import Recording
from pianolab.labels import read_labels, write_labels
from pianolab.roll import Notes
from pianolab.scores import score_notes
from pianolab.session import transcribe_file

TOY = f"{Path(__file__).parents[1] / 'toy_detectors.py'}:Loudest"


def load(name):
    folder = Path(__file__).parents[2] / "benchmarks"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)  # It imports its neighbours by their bare names.
        spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def bench():
    return load("reliability")


@pytest.fixture(scope="module")
def sounds():
    return load("reliability_sounds")


def test_the_keys_of_a_chord_sound_together_and_a_held_bass_counts_under_them(bench):
    bass_then_chord = Notes([0.0, 1.0, 1.02, 1.04, 3.0], [2.0, 1.5, 1.5, 1.5, 3.5], [36, 60, 64, 67, 72])
    assert bench.strings_at_once(bass_then_chord, bass_then_chord) == ["1", "3-4", "3-4", "3-4", "1"]
    pedalled = Notes(bass_then_chord.onset, [4.0] * 5, bass_then_chord.midi)
    assert bench.strings_at_once(bass_then_chord, pedalled)[-1] == "5 and more"


def test_a_stroke_with_the_pedal_down_is_told_from_one_without(bench, tmp_path):
    notes = Notes([0.5, 1.5], [0.9, 1.9], [60, 62], [64, 64])
    write_labels(tmp_path / "x.mid", notes, pedal=[(1.0, 2.0)])
    write_labels(tmp_path / "x.tsv", notes)
    with_midi = Recording("x", tmp_path / "x.wav", tmp_path / "x.mid")
    without = Recording("x", tmp_path / "x.wav", tmp_path / "x.tsv")
    assert list(bench.pedal_at(notes, with_midi)) == ["up", "down"]
    assert bench.pedal_at(notes, without) == ["unknown", "unknown"]


@pytest.mark.parametrize(
    ("name", "level_db"), [("white noise, -60 dBFS", -60), ("pink noise, -35 dBFS", -35), ("mains hum, -45 dBFS", -45)]
)
def test_sounds_without_a_piano_are_as_loud_as_their_name_says(sounds, name, level_db):
    y = sounds.nothing_played(2.0)[name]
    assert len(y) == 2 * sounds.SR
    assert 10 * np.log10(np.mean(np.square(y, dtype=float))) == pytest.approx(level_db, abs=0.01)


def test_a_sound_that_is_12_db_too_loud_is_cut_at_a_quarter_of_its_height(sounds):
    ramp = np.linspace(-0.1, 0.1, 2001)
    y = sounds.clipped(ramp, 12.0412)
    assert np.abs(y).max() == 1.0
    assert np.mean(np.abs(y) < 1.0) == pytest.approx(0.25, abs=0.002)


@pytest.fixture(scope="module")
def melody(tmp_path_factory):
    """A folder with one recording of four sines, one after the other, the third an octave above its label."""
    here = tmp_path_factory.mktemp("sounds") / "melody"
    here.mkdir()
    notes = Notes([0.04, 0.54, 1.04, 1.54], [0.44, 0.94, 1.44, 1.94], [60, 64, 55, 72])
    y, t = np.zeros(20000), np.arange(3200) / 8000
    for onset, hz in zip(notes.onset, notes.hz * [1, 1, 2, 1], strict=True):
        y[int(8000 * onset) :][:3200] = 0.3 * np.sin(2 * np.pi * hz * t)
    sound.write(here / "melody.wav", y, sr=8000)
    write_labels(here / "melody.tsv", notes)
    return here


@pytest.fixture(scope="module")
def chords(tmp_path_factory, write_pieces):
    """A folder with two rendered recordings of three notes."""
    return write_pieces(tmp_path_factory.mktemp("sounds") / "chords", 2)


@pytest.fixture(scope="module")
def measured(bench, chords, melody, tmp_path_factory):
    """The folder with what a toy was found to be on both."""
    out = tmp_path_factory.mktemp("measured") / "out"
    given = ["--data", str(chords), "--data", str(melody), "--detector", TOY, "--part", "2.5", "--jobs", "1"]
    assert bench.main([*given, "--seconds", "2.5", "--out", str(out), "--figure", str(out / "figure.png")]) == 0
    return out


def test_its_numbers_are_those_of_the_notes_heard(measured, chords, melody):
    sums = pd.read_csv(measured / "calibration.csv").set_index("dataset")
    found = pd.read_csv(measured / "found.csv")
    rights = {}
    for here in (chords, melody):
        said = [transcribe_file(path, detector=TOY).notes for path in sorted(here.glob("*.wav"))]
        played = [read_labels(path) for path in sorted(here.glob("*.tsv"))]
        scores = [score_notes(*pair) for pair in zip(played, said, strict=True)]
        rights[here] = n_right = sum(round(s["onset_precision"] * s["n_estimate"]) for s in scores)
        row = sums.loc[here.name]
        assert row.notes == sum(map(len, said))
        assert row.struck == pytest.approx(n_right / row.notes)
        assert row["mean confidence"] == pytest.approx(np.concatenate([notes.confidence for notes in said]).mean())
        at_once = found[(found.kind == "strings at once") & (found.dataset == here.name)]
        assert at_once.played.sum() == sum(map(len, played))
        assert (at_once.played * at_once.found).sum() == pytest.approx(n_right)
    assert rights[melody] == 3


def test_its_page_says_what_is_heard_where_nobody_plays(measured):
    nobody = pd.read_csv(measured / "nobody.csv").set_index("sound")
    assert nobody.loc["digital silence", "a minute"] == 0
    assert "of notes found / wrong notes a minute" in (measured / "reliability.md").read_text(encoding="utf-8")
    assert (measured / "figure.png").stat().st_size > 5000


def test_three_of_four_notes_and_one_octave_are_counted_as_such(bench, measured):
    octaves = pd.read_csv(measured / "octaves.csv").set_index("dataset").loc["melody"]
    assert (octaves.played, octaves["heard as octave"], octaves["octave ghost"]) == (4, 1, 1)
    registers = pd.read_csv(measured / "registers.csv").set_index(["dataset", "register"])
    scores = ["precision", "recall", "f1"]
    assert registers.loc[("melody", "C4-B5"), scores].tolist() == pytest.approx([3 / 4, 1.0, 6 / 7])
    assert registers.loc[("melody", "C2-B3"), scores].fillna(-1).tolist() == [-1, 0, 0]
    degraded = pd.read_csv(measured / "degraded.csv").set_index(["dataset", "condition"])
    assert set(degraded.loc["melody"].index) == set(bench.CONDITIONS)
    assert degraded.loc[("melody", "as it is"), "found"] == 0.75
    assert degraded.loc[("melody", "as it is"), "wrong a minute"] == pytest.approx(60 / 2.5)


@pytest.mark.parametrize("wrong", ["--data", "--nobody"])
def test_a_folder_without_sound_is_named_in_one_line_before_anything_is_heard(bench, melody, tmp_path, capsys, wrong):
    given = ["--data", str(melody), "--out", str(tmp_path / "out"), wrong, str(tmp_path / "none")]
    assert bench.main(given) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert str(tmp_path / "none") in said
    assert not (tmp_path / "out").exists()


def silent(folder):
    folder.mkdir()
    sound.write(folder / "silence.wav", np.zeros(16000), sr=8000)
    write_labels(folder / "silence.tsv", Notes([0.5], [0.9], [60]))
    return folder


def test_where_nothing_at_all_was_heard_one_line_says_so_and_no_table_is_written(bench, tmp_path, capsys):
    out = tmp_path / "out"
    given = ["--data", str(silent(tmp_path / "silent")), "--detector", TOY, "--jobs", "1"]
    assert bench.main([*given, "--seconds", "2.5", "--out", str(out)]) == 2
    assert "no note was heard, so there is nothing to judge" in capsys.readouterr().err
    assert not list(out.glob("*.csv"))


@pytest.mark.filterwarnings("ignore:.*is silent")  # The first 40 ms of the melody are silent, too.
def test_a_data_set_in_which_nothing_was_heard_stands_beside_one_that_was_heard(bench, melody, tmp_path):
    out = tmp_path / "out"
    given = ["--data", str(silent(tmp_path / "silent")), "--data", str(melody), "--detector", TOY]
    assert bench.main([*given, "--seconds", "2.5", "--part", "0.04", "--jobs", "1", "--out", str(out)]) == 0
    assert pd.read_csv(out / "calibration.csv").dataset.tolist() == ["melody"]
    found = pd.read_csv(out / "found.csv")
    assert found[found.dataset == "silent"].found.tolist() == [0.0] * 5


def test_the_sounds_without_a_piano_are_written_to_listen_to(sounds, tmp_path, monkeypatch):
    monkeypatch.setattr(sounds, "NOBODY_S", 0.1)
    sounds.main([str(tmp_path / "new")])
    assert {path.stem for path in (tmp_path / "new").iterdir()} == set(sounds.nothing_played(0.1))


def test_sounds_of_a_folder_are_joined_up_to_a_length(sounds, tmp_path):
    for i in range(3):
        tone = 0.1 * np.sin(np.arange(8000) * (i + 1) / 10)
        sound.write(tmp_path / f"{i}.wav", tone, sr=16000)
    assert len(sounds.joined(tmp_path, 1.2)) == round(1.2 * sounds.SR)
    assert len(sounds.joined(tmp_path, 60.0)) == pytest.approx(1.5 * sounds.SR, abs=3)
    with pytest.raises(ValueError, match="holds no sound files"):
        sounds.joined(tmp_path / "nowhere", 1.0)


PAGE = """# A page

### `melody`, one note at a time

| detector | notes |
|---|---|
| toy | 1 |

Said beside it.

| other | notes |
|---|---|
| stays | 1 |

## Where nobody plays

| detector | notes |
|---|---|
| of another heading | 1 |
"""


def test_tables_of_a_page_are_replaced_by_heading_and_first_cell_and_all_else_stays(bench):
    new = "| detector | notes |\n|---|---|\n| toy | 2 |\n| more | 3 |\n"
    assert bench.put_into(PAGE, [("`melody`, one note at a time", new)]) == PAGE.replace(
        "| toy | 1 |", "| toy | 2 |\n| more | 3 |"
    )
    with pytest.raises(bench.PianolabError, match="no place for Elsewhere: detector"):
        bench.put_into(PAGE, [("Elsewhere", new)])


def test_the_page_of_the_docs_has_a_place_for_each_table_of_both_data_sets(bench, measured):
    """The tables of a toy on two folders, named as the page names its data sets and their kinds."""
    tables = {path.stem: pd.read_csv(path) for path in measured.glob("*.csv")}
    for table in tables.values():
        if "dataset" in table:
            table["dataset"] = table.dataset.replace({"chords": "builtin", "melody": "real"})
    page = (Path(__file__).parents[2] / "docs/reliability.md").read_text(encoding="utf-8")
    found = bench.parts(tables, ["toy"])
    assert len(found) > 12
    replaced = bench.put_into(page, found)
    assert all(table.strip() in replaced for _, table in found)
    assert replaced.count("\n") > 400  # The rest of the page is still there.
