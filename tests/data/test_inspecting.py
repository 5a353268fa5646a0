"""What is odd about a folder is found, and nothing is said of one that is in order."""

import json
from dataclasses import replace

import numpy as np
import pytest

from pianolab import sound
from pianolab.cli import main
from pianolab.data import load_dataset
from pianolab.data.inspecting import look_through
from pianolab.labels import write_labels
from pianolab.piano import render
from pianolab.roll import Notes

SR = 22050


def melody(seconds, seed=1):
    rng = np.random.default_rng(seed)
    onset = 0.5 + np.cumsum(rng.uniform(0.15, 0.6, int(seconds / 0.375)))
    return Notes(onset, onset + 0.4, rng.integers(50, 80, len(onset)), rng.integers(60, 110, len(onset)))


@pytest.fixture(scope="module")
def tune():
    return melody(80)


@pytest.fixture(scope="module")
def played(tune):
    return render(tune, sr=SR, tail_s=0.5)


@pytest.fixture
def folder(tmp_path, tune, played):
    """A recording of 80 s whose labels are right."""
    sound.write(tmp_path / "song.wav", played, sr=SR)
    write_labels(tmp_path / "song.tsv", tune)
    return tmp_path


def found(folder, **settings):
    return [(one.recording, one.kind, one.text) for one in look_through(load_dataset(folder), **settings)]


def moved(notes, times=1.0, plus=0.0):
    return Notes(notes.onset * times + plus, notes.offset * times + plus, notes.midi)


def test_nothing_is_said_of_a_folder_that_is_in_order(folder):
    assert found(folder) == []


def test_labels_that_drift_are_told_with_their_rate(folder, tune):
    write_labels(folder / "song.tsv", moved(tune, times=0.999))  # 1 ms a second, 80 ms in the end
    ((_, kind, text),) = found(folder)
    assert kind == "drift"
    assert text.startswith("the labels drift: the sound is ")
    assert float(text.split("(")[1].split(" ms")[0]) == pytest.approx(1.0, abs=0.3)


@pytest.mark.parametrize("plus", [-0.06, 0.06])
def test_labels_that_are_off_by_a_constant_are_told_with_how_much(folder, tune, plus):
    write_labels(folder / "song.tsv", moved(tune, plus=plus))
    ((_, kind, text),) = found(folder)
    assert kind == "drift"
    assert ("later" if plus < 0 else "earlier") in text
    assert float(text.split("sound is ")[1].split(" ms")[0]) == pytest.approx(60, abs=12)


def test_labels_of_another_piece_are_told(folder):
    write_labels(folder / "song.tsv", melody(80, seed=7))
    ((name, kind, text),) = found(folder, seconds=60)
    assert (name, kind) == ("song", "labels")
    assert "name the labels of this take" in text


def test_sound_that_is_clipped_or_no_sound_is_told(folder, played):
    sound.write(folder / "song.wav", np.clip(20 * played, -1, 1), sr=SR)
    (folder / "broken.wav").write_bytes(b"RIFF no sound")
    write_labels(folder / "broken.mid", Notes([0], [1], [60]))
    kinds = {(name, kind): text for name, kind, text in found(folder, seconds=20)}
    assert "is clipped in" in kinds["song", "sound"]
    assert "broken.wav" in kinds["broken", "sound"]


@pytest.fixture
def small(tmp_path):
    """Two recordings of one note, of which one has no labels that can be read, at two rates; and one without any."""
    note = Notes([0.1], [0.5], [60])
    for name, sr in (("a", 8000), ("b", 22050)):
        sound.write(tmp_path / f"{name}.wav", render(note, sr=sr, tail_s=0.3), sr=sr)
        write_labels(tmp_path / f"{name}.tsv", note)
    (tmp_path / "b.tsv").write_text("words\n")
    (tmp_path / "c.wav").write_bytes((tmp_path / "a.wav").read_bytes())
    write_labels(tmp_path / "c.tsv", note)
    (tmp_path / "d.wav").write_bytes((tmp_path / "b.wav").read_bytes())
    return tmp_path


def test_rates_duplicates_and_what_is_left_out_are_told(small):
    told = found(small)
    assert [(name, kind) for name, kind, _ in told] == [
        ("", "left out"),
        ("b", "labels"),
        ("", "rate"),
        ("", "rate"),
        ("a", "duplicate"),
    ]
    texts = [text for *_, text in told]
    assert "d.wav: no labels" in texts[0]
    assert texts[2:] == [
        "sampling rates differ: 8000 Hz (2), 22050 Hz (1)",
        "2 sounds have 8000 Hz: what is above 4 kHz is missing",
        "the same sound as c",
    ]


def test_pieces_of_two_splits_and_of_other_sets_are_told(small):
    dataset = load_dataset(small)
    splits = {"a": "test", "b": "train", "c": "validation"}
    recordings = tuple(
        replace(one, piece="Chopin: Étude", kind="piece", split=splits[one.id]) for one in dataset.recordings
    )
    told = look_through(replace(dataset, recordings=recordings), {"other": ["chopin - étude", "x"], "third": ["y"]})
    assert [one.text for one in told if one.kind == "piece"] == [
        "1 piece is both in test and in what is tuned on: Chopin: Étude",
        "1 piece is also in other: Chopin: Étude",
    ]


def test_the_command_says_one_line_a_finding(small, capsys):
    assert main(["data", "add", str(small)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3 recordings; splits: none 3"
    assert lines[-1] == "5 findings"
    assert "a: duplicate: the same sound as c" in lines
    assert main(["data", "add", str(small), "--json"]) == 1
    read = json.loads(capsys.readouterr().out)
    assert (read["recordings"], read["splits"], len(read["findings"])) == (3, {"none": 3}, 5)
    assert read["findings"][-1] == {"recording": "a", "kind": "duplicate", "text": "the same sound as c"}


def test_pieces_of_another_folder_are_told(small, tmp_path_factory, capsys):
    other = tmp_path_factory.mktemp("other")
    for suffix in (".wav", ".tsv"):
        (other / f"a{suffix}").write_bytes((small / f"a{suffix}").read_bytes())
    main(["data", "add", str(small), "--other", str(other)])
    assert f"piece: 1 piece is also in {other}: a" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("words", [["nowhere"], [], ["--seconds", "0", "."]])
def test_a_folder_that_is_none_is_refused(words, capsys):
    assert main(["data", "add", *words]) == 2
    assert capsys.readouterr().err.startswith("pianolab: ")
