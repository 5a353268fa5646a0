"""Templates of nmf: learnt from notes that are known, and refused where a note is unfit."""

import subprocess
import sys

import numpy as np
import pytest

from pianolab import sound
from pianolab.detectors.nmf import PRESETS, SR, TEMPLATES
from pianolab.dsp.combs import BINS_PER_KEY, N_BINS
from pianolab.errors import PianolabError
from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.training import templates
from pianolab.units import key_hz, midi_to_key


def test_a_late_template_is_made_from_the_late_sound_only():
    ear = PRESETS["textbook"].ear()
    seconds = np.arange(int(2.1 * SR)) / SR
    early, late = (np.sin(2 * np.pi * key_hz()[key] * seconds) for key in (40, 52))
    y = np.where(seconds < 0.7, early, late).astype(np.float32) * (seconds >= 0.2)
    notes = [(key, y.astype(np.float32), 0.2) for key in range(88)]
    _, decay, last = templates.learn_templates(notes, ear, PRESETS["textbook"].stages_s)[0]
    peaks = [np.argmax(row) for row in (decay, last)]
    assert np.abs(np.subtract(peaks, [1 + 3 * 40, 1 + 3 * 52])).max() <= 1


@pytest.fixture(scope="module")
def three_keys():
    """Rendered notes of A0, C#4 and C8."""
    return [note for note in templates.rendered_notes(pianos=("grand",), velocities=(64,)) if note[0] in (0, 40, 87)]


def test_the_shipped_templates_are_of_unit_sum_and_those_of_the_keys(three_keys):
    learnt = templates.learn_templates(three_keys, PRESETS["piano"].ear(), PRESETS["piano"].stages_s)
    with np.load(TEMPLATES, allow_pickle=False) as file:
        shipped = file["piano"].astype(float)
    assert shipped.shape == (88, 3, 3 * N_BINS)
    assert np.allclose(shipped.sum(axis=2), 1.0, atol=0.01)
    for key in (0, 40, 87):  # one piano and velocity instead of all: alike, and more so than another key's
        likeness = [np.corrcoef(learnt[key, 1], shipped[other, 1])[0, 1] for other in range(88)]
        assert np.argmax(likeness) == key
        assert likeness[key] > 0.8


def test_a_key_without_notes_borrows_its_neighbours_templates_a_semitone_higher(three_keys):
    learnt = templates.learn_templates(three_keys, PRESETS["textbook"].ear(), PRESETS["textbook"].stages_s)
    assert np.all(learnt[41] == 0)
    spread = templates.spread(learnt, {0, 40, 87})
    assert np.allclose(spread[40], learnt[40])
    moved = learnt[40, 1, :-BINS_PER_KEY]
    assert np.allclose(spread[41, 1, BINS_PER_KEY:], moved / moved.sum())


def test_a_note_that_ends_before_the_late_stage_is_refused_by_key_and_length():
    y = render(Notes([0.2], [0.5], [60], [90]), sr=SR)[: round(0.7 * SR)]
    with pytest.raises(PianolabError, match=r"note C4, which lasts 0\.50 s .* 0\.6 to 1\.5 s .*: record it for 1\.5 s"):
        templates.learn_templates([(39, y, 0.2)], PRESETS["piano"].ear(), PRESETS["piano"].stages_s)


@pytest.mark.parametrize("preset", ["piano", "textbook"])
def test_a_silent_note_is_refused_by_key(preset):
    with pytest.raises(PianolabError, match=r"the note A0, which lasts 2\.50 s .* has no sound"):
        templates.learn_templates(
            [(0, np.zeros(3 * SR, np.float32), 0.5)], PRESETS[preset].ear(), PRESETS[preset].stages_s
        )


def test_a_folder_without_notes_is_refused(tmp_path):
    with pytest.raises(PianolabError, match="holds no notes"):
        list(templates.recorded_notes(tmp_path))


@pytest.mark.parametrize("name", ["cover", "C9", "C0"])
def test_a_file_that_is_not_named_by_a_key_is_refused_by_name(tmp_path, name):
    sound.write(tmp_path / f"{name}.wav", 0.1 * np.ones(8000, np.float32), sr=16000)
    with pytest.raises(PianolabError, match=rf"{name}\.wav is not named by a key"):
        list(templates.recorded_notes(tmp_path))


def a_note(path, seconds):
    sound.write(path, render(Notes([0.1], [0.1 + seconds], [69], [90]), sr=16000)[: round(16000 * seconds)], sr=16000)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: folder.rmdir(), "No such file or directory"),
        (lambda folder: None, "holds no notes"),
        (lambda folder: (folder / "cover.wav").write_bytes(b""), "not named by a key"),
        (lambda folder: (folder / "A4.wav").write_bytes(b"no sound"), "A4.wav"),
        (lambda folder: a_note(folder / "A4.wav", 0.5), "the note A4, which lasts 0.40 s"),
    ],
    ids=["missing", "empty", "stray", "no_sound", "short"],
)
def test_notes_that_cannot_be_used_leave_the_templates_as_they_were(tmp_path, capsys, make, reason):
    """One line says why, before the half minute of rendering; what was there stays, bit for bit, and nothing else."""
    folder, out = tmp_path / "notes", tmp_path / "out" / "templates.npz"
    folder.mkdir()
    out.parent.mkdir()
    out.write_bytes(b"as before")
    make(folder)
    assert templates.main(["--notes", str(folder), "--out", str(out)]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert told[0].startswith("python -m pianolab.training.templates: ")
    assert reason in told[0]
    assert out.read_bytes() == b"as before"
    assert list(out.parent.iterdir()) == [out]


def test_what_is_learnt_is_written_whole_and_what_cannot_be_written_is_said(tmp_path, capsys, three_keys, monkeypatch):
    monkeypatch.setattr(templates, "rendered_notes", lambda: three_keys)
    a_note(tmp_path / "A4.wav", 2.0)
    out = tmp_path / "templates.npz"
    assert templates.main(["--notes", str(tmp_path), "--out", str(out)]) == 0
    assert "from 3 rendered and 1 recorded notes" in capsys.readouterr().out
    with np.load(out, allow_pickle=False) as learnt:
        assert learnt["piano"].shape == (88, 3, 3 * N_BINS)
        assert np.allclose(learnt["textbook"][[0, 40, 87]].sum(axis=2, dtype=float), 1.0, atol=0.01)
    assert templates.main(["--out", str(tmp_path / "none" / "templates.npz")]) == 2
    assert "No such file or directory" in capsys.readouterr().err


def test_recorded_notes_are_named_by_their_key_and_begin_where_they_sound(tmp_path):
    y = render(Notes([0.25], [1.0], [63], [90]), sr=44100)
    sound.write(tmp_path / "Ds4.flac", y, sr=44100)
    ((key, heard, onset_s),) = templates.recorded_notes(tmp_path)
    assert key == midi_to_key(63)
    assert onset_s == pytest.approx(0.5 + 0.25, abs=0.01)
    assert np.all(heard[: SR // 2] == 0)


def test_learning_templates_needs_no_pytorch():
    code = "import sys, pianolab.training.templates; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "False"
