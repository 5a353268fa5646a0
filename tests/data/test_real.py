"""The recorded notes of two real pianos: whole, free, exact, and shared by no split."""

import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from pianolab.data import DatasetError, check_real, data_dir, default_data, load_dataset, real_index
from pianolab.data.recording import RECORDED_NOTES
from pianolab.errors import PianolabWarning
from pianolab.labels import read_pedal
from pianolab.session import transcribe
from pianolab.sound import first_onset_s

REAL = Path(__file__).resolve().parents[2] / "data" / "real"
# How far the first 2 ms within 30 dB of the loudest may lie from the label; the upright's soft notes rise from noise.
ONSET_TOLERANCE_S = {"yamaha_ydp": 0.002, "kawai_upright_kw": 0.005}


@pytest.fixture(scope="module")
def recordings():
    return load_dataset("real")


@pytest.mark.parametrize(
    ("split", "piano", "counts"),
    [
        ("test", "yamaha_ydp", {"notes": 30, "phrases": 20, "piece": 8}),
        ("tune", "kawai_upright_kw", {"notes": 37, "phrases": 20, "piece": 8}),
    ],
)
def test_each_split_is_one_piano_with_notes_phrases_and_pieces(split, piano, counts):
    found = load_dataset("real", split=split)
    kinds = [recording.kind for recording in found]
    assert {kind: kinds.count(kind) for kind in kinds} == counts
    assert {recording.piano for recording in found} == {piano}
    assert {recording.source for recording in found} == {RECORDED_NOTES}


def test_no_room_sounds_in_both_splits_nor_its_other_channel(recordings):
    rooms = {
        split: [r.room for r in recordings if r.kind == "piece" and r.split == split] for split in ("test", "tune")
    }
    responses = {split: {re.sub(r"_[lr]$", "", room) for room in names} for split, names in rooms.items()}
    assert all(len(names) == 8 for names in responses.values())
    assert not responses["test"] & responses["tune"]


def test_a_piece_is_in_the_same_split_here_and_in_the_built_in_set(recordings):
    builtin = json.loads((REAL.parent / "builtin" / "index.json").read_text(encoding="utf-8"))["recordings"]
    splits = {entry["piece"]: entry["split"] for entry in builtin}
    pieces = {r.piece: r.split for r in recordings if r.kind == "piece"}
    assert len(pieces) == 16
    shared = pieces.keys() & splits.keys()
    assert len(shared) >= 10
    assert all(pieces[name] == splits[name] for name in shared)


def test_the_composers_died_before_1926(recordings):
    composers = {r.composer for r in recordings if r.kind == "piece"}
    assert len(composers) >= 10
    assert all(int(re.search(r"-(\d{4})\)$", name)[1]) < 1926 for name in composers)


def test_every_note_begins_and_ends_inside_its_sound(recordings):
    for recording in recordings:
        y, sr = recording.load()
        notes = recording.notes()
        assert len(notes) > 0
        assert sr == 44100
        assert notes.onset.min() > 0.2
        assert notes.offset.max() <= len(y) / sr
        assert recording.kind != "notes" or len(notes) == 1


def test_a_single_note_begins_where_its_label_says(recordings):
    late = {piano: [] for piano in ONSET_TOLERANCE_S}
    for recording in recordings:
        if recording.kind == "notes":
            y, sr = recording.load()
            late[recording.piano].append(first_onset_s(y, sr=sr) - recording.notes().onset[0])
    for piano, tolerance_s in ONSET_TOLERANCE_S.items():
        assert len(late[piano]) >= 30
        assert np.max(np.abs(late[piano])) <= tolerance_s
        assert abs(np.median(late[piano])) <= 0.001


def test_pieces_have_a_pedal_velocities_and_both_hands(recordings):
    pieces = [recording for recording in recordings if recording.kind == "piece"]
    for recording in pieces:
        notes = recording.notes()
        assert len(read_pedal(recording.labels)) >= 4
        assert np.all(recording.notes(pedal="extended").offset >= notes.offset)
        assert len(np.unique(notes.velocity)) > 10
        assert np.ptp(notes.midi) >= 20  # One hand reaches less.


def test_the_set_is_small_and_says_whose_it_is():
    assert sum(path.stat().st_size for path in REAL.rglob("*") if "__pycache__" not in path.parts) < 8e6
    licences = (REAL / "LICENCES.md").read_text(encoding="utf-8")
    for words in (
        "Mikhail Krishtal and Zenph Studios",
        "CC BY 3.0",
        "FreePats",
        "CC0 1.0",
        "Copyright (c) 2022 Conner",
    ):
        assert words in licences
    assert {entry["licence"] for entry in real_index()} == {"CC-BY-3.0", "CC0-1.0"}


def test_fft_peak_names_at_least_28_of_the_30_test_notes():
    named = 0
    for recording in load_dataset("real", split="test"):
        if recording.kind == "notes":
            y, sr = recording.load()
            truth, heard = recording.notes(), transcribe(y, sr=sr)
            near = np.abs(heard.onset - truth.onset[0]) < 0.05
            named += bool(np.any(heard.midi[near] == truth.midi[0]))
    assert named >= 28


def test_the_committed_set_is_as_it_should_be():
    assert check_real() == []


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A data folder of one's own with three recordings of the set."""
    shutil.copytree(data_dir() / "builtin" / "notes", tmp_path / "builtin" / "notes")
    shutil.copy(data_dir() / "builtin" / "index.json", tmp_path / "builtin")
    entries = [entry for entry in real_index() if entry["id"] in ("ydp_A4", "ydp_C5", "kawai_A4")]
    (tmp_path / "real" / "recordings").mkdir(parents=True)
    for entry in entries:
        for name in (f"{entry['id']}.ogg", entry["labels"]):
            shutil.copy(REAL / "recordings" / name, tmp_path / "real" / "recordings")
    (tmp_path / "real" / "index.json").write_text(json.dumps({"recordings": entries}), encoding="utf-8")
    monkeypatch.setenv("PIANOLAB_DATA", str(tmp_path))
    return tmp_path / "real"


def test_the_check_finds_another_sound_a_lost_label_and_a_shared_piano(copied):
    assert check_real() == []
    folder = copied / "recordings"
    shutil.copy(folder / "ydp_C5.ogg", folder / "ydp_A4.ogg")
    (folder / "kawai_A4.tsv").unlink()
    text = (copied / "index.json").read_text(encoding="utf-8").replace("kawai_upright_kw", "yamaha_ydp")
    (copied / "index.json").write_text(text, encoding="utf-8")
    piano, *others = check_real()
    assert piano == "piano yamaha_ydp: in two splits"
    assert {line.split(":")[0] for line in others} == {"ydp_A4", "kawai_A4"}


def test_a_damaged_index_is_named_with_the_remedy(copied):
    (copied / "index.json").write_text('{"recordings": [{"id": 3}]}', encoding="utf-8")
    with pytest.raises(DatasetError, match=r"index\.json is damaged .*restore it with git checkout"):
        real_index()


def test_a_data_folder_without_the_set_is_said_once_and_the_built_in_one_taken(copied):
    assert default_data() == ["builtin", "real"]
    shutil.rmtree(copied)
    with pytest.warns(PianolabWarning, match="only the rendered recordings take part"):
        assert default_data() == ["builtin"]
    with pytest.raises(DatasetError, match=r"has no real/index\.json: unset PIANOLAB_DATA, or copy real/ there"):
        load_dataset("real")


def test_the_scores_of_the_pieces_are_those_of_their_labels(recordings, monkeypatch):
    monkeypatch.syspath_prepend(str(REAL.parent / "builtin"))
    monkeypatch.syspath_prepend(str(REAL))
    sys.modules.pop("make", None)
    import make

    paths = sorted((REAL / "scores").glob("*.txt"))
    assert len(paths) == 16
    for path in paths:
        score = make.read_score(path)
        notes, pedal = make.play(score, make._rng("real", score.name))
        (recording,) = [r for r in recordings if r.piece == score.name]
        assert recording.split == score.fields["split"]
        labels = recording.notes()
        np.testing.assert_allclose(labels.onset, notes.onset, atol=5e-5)
        np.testing.assert_allclose(labels.offset, notes.offset, atol=5e-5)
        np.testing.assert_array_equal(labels.midi, notes.midi)
        np.testing.assert_allclose(read_pedal(recording.labels), pedal, atol=5e-5)
