"""Templates of nmf: learnt from notes that are known, and refused where a note is unfit."""

import json
import subprocess
import sys

import numpy as np
import pytest

from pianolab import sound
from pianolab.detectors.nmf import PRESETS, SR, TEMPLATES
from pianolab.dsp.combs import BINS_PER_KEY, N_BINS
from pianolab.dsp.key_judge import N_INPUTS, WEIGHTS
from pianolab.errors import PianolabError
from pianolab.labels import write_labels
from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.training import judging, templates
from pianolab.training.scenes import Scene
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
    for key in (
        0,
        40,
        87,
    ):  # one piano and velocity instead of all, most of them recorded: alike, and more so than another key's
        likeness = [np.corrcoef(learnt[key, 1], shipped[other, 1])[0, 1] for other in range(88)]
        assert np.argmax(likeness) == key
        assert likeness[key] > 0.75


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


def a_note(path, seconds):
    sound.write(path, render(Notes([0.1], [0.1 + seconds], [69], [90]), sr=16000)[: round(16000 * seconds)], sr=16000)


def a_piano(folder, seconds=2.0):
    """A folder with one recorded note, A4, and its index."""
    folder.mkdir(parents=True)
    a_note(folder / "A4.wav", seconds)
    entry = {"file": "A4.wav", "midi": 69, "onset_s": 0.1, "dynamic": None, "licence": "CC0"}
    (folder / "index.json").write_text(json.dumps([entry]))


@pytest.fixture
def folders(tmp_path):
    """Words of a command with two pianos and twelve pieces, and the file that it should write."""
    a_piano(tmp_path / "pianos" / "learnt")
    a_piano(tmp_path / "pianos" / "kept")
    midi = tmp_path / "midi"
    midi.mkdir()
    for number in range(12):
        write_labels(midi / f"{number:02d}.mid", Notes([0.1, 0.6], [0.5, 1.0], [60, 64 + number], [60, 90]))
    out = tmp_path / "templates.npz"
    words = ["--pianos", str(tmp_path / "pianos"), "--midi", str(midi), "--hold-out", "kept", "--out", str(out)]
    return [*words, "--scenes", "1"], out


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: (folder / "index.json").write_text("{"), "no JSON"),
        (lambda folder: (folder / "A4.wav").unlink(), "A4.wav"),
        (lambda folder: (folder / "A4.wav").write_bytes(b"no sound"), "A4.wav"),
        (lambda folder: a_note(folder / "A4.wav", 0.5), "the note A4, which lasts 0.40 s"),
    ],
    ids=["no_index", "missing", "no_sound", "short"],
)
def test_notes_that_cannot_be_used_leave_the_templates_as_they_were(folders, capsys, make, reason):
    """One line says why, before the half minute of rendering; what was there stays, bit for bit, and nothing else."""
    words, out = folders
    out.write_bytes(b"as before")
    make(out.parent / "pianos" / "learnt")
    beside = sorted(out.parent.iterdir())
    assert templates.main(words) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert told[0].startswith("python -m pianolab.training.templates: ")
    assert reason in told[0]
    assert out.read_bytes() == b"as before"
    assert sorted(out.parent.iterdir()) == beside


def test_what_is_learnt_is_written_whole_with_what_it_was_learnt_from(folders, capsys, three_keys, monkeypatch):
    words, out = folders
    monkeypatch.setattr(templates, "rendered_notes", lambda: three_keys)
    music = Notes([0.5, 1.5], [1.0, 2.5], [60, 67], [90, 70])
    scene = Scene(render(music, sr=SR, tail_s=0.5), music, np.zeros((0, 2)))
    monkeypatch.setattr(judging, "draw_scene", lambda shelf, rng, **how: scene)
    assert templates.main(words) == 0
    assert "from 1 recorded pianos and 1 scenes" in capsys.readouterr().out
    with np.load(out, allow_pickle=False) as learnt:
        made_of = json.loads(str(learnt["made_of"]))
        assert learnt["piano"].shape == (88, 3, 3 * N_BINS)
        assert np.allclose(learnt["textbook"][[0, 40, 87]].sum(axis=2, dtype=float), 1.0, atol=0.01)
        assert [learnt[name].shape for name in WEIGHTS] == [(N_INPUTS, 128), (128,), (128, 3), (3,)]
    assert made_of["pianos"]["learnt"]["licences"] == ["CC0"]
    assert made_of["held_out"]["pianos"] == ["kept"]
    words[words.index("--out") + 1] = str(out.parent / "none" / "templates.npz")
    assert templates.main(words) == 2
    assert "No such file or directory" in capsys.readouterr().err


def test_recorded_notes_are_of_the_key_and_begin_where_the_index_says(tmp_path):
    a_piano(tmp_path / "piano")
    ((key, heard, onset_s),) = templates.recorded_notes(tmp_path / "piano")
    assert key == midi_to_key(69)
    assert onset_s == pytest.approx(0.5 + 0.1)
    assert np.all(heard[: SR // 2] == 0)


def test_the_network_learns_a_rule_that_holds_in_all_cases():
    """A key is struck where its attack is above 1.5, held where its lately loudest sound is, and never let go."""
    inputs = np.zeros((512, N_INPUTS), np.float16)
    inputs[:, [0, 18, 30]] = np.random.default_rng(1).uniform(0.0, 3.0, (len(inputs), 3))
    targets = np.stack([inputs[:, 0] > 1.5, inputs[:, 18] > 1.5, np.zeros(len(inputs))], axis=1).astype(np.float32)
    cases = judging.Cases(inputs, targets, np.ones(len(inputs), np.float32))
    weights = judging.fit([cases], n_hidden=32, epochs=1500)
    hidden = np.maximum(inputs.astype(np.float32) @ weights.hidden + weights.hidden_bias, 0.0)
    right = ((hidden @ weights.out + weights.out_bias) > 0) == (targets > 0.5)
    assert right.mean(axis=0).min() > 0.95


def test_what_is_heard_of_a_scene_from_its_middle_on_has_the_strokes_of_its_notes():
    music = Notes([0.5, 1.5], [1.0, 2.5], [60, 67], [90, 70])
    with np.load(TEMPLATES) as file:
        learnt = file["piano"].astype(np.float32)
    y = render(music, sr=SR, tail_s=0.5)[SR:]
    cases = judging.cases_of(y, music, learnt, np.random.default_rng(1), start_s=1.0)
    attack, at_stroke = cases.inputs[:, 0], cases.targets[:, 0] > 0.8
    assert 0 < at_stroke.sum() <= 2
    assert attack[at_stroke].max() > 2.0


def test_learning_templates_needs_no_pytorch():
    code = "import sys, pianolab.training.templates; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "False"
