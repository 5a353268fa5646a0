"""What a whole training is told: its settings and its recordings."""

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: make setup-train")

from pianolab import sound  # noqa: E402
from pianolab.data import load_dataset  # noqa: E402
from pianolab.labels import write_labels  # noqa: E402
from pianolab.piano import render  # noqa: E402
from pianolab.roll import Notes  # noqa: E402
from pianolab.training import plan, train  # noqa: E402
from pianolab.training.errors import TrainingError  # noqa: E402
from pianolab.training.plan import make_plan  # noqa: E402
from pianolab.training.settings import Settings, read_settings  # noqa: E402

SR = 16000
TINY = {"versions": 1, "rendered_hours": 0, "batch": 2, "frames": 40, "ear": 8, "width": 8, "rivals": 4, "steps": 1}


@pytest.fixture
def settings():
    return read_settings(**TINY, warm_up=2, validation_s=1.5, every=1)


@pytest.fixture(autouse=True)
def untrained(monkeypatch):
    """Only what comes before the first step: tests/training/test_training.py has the rest."""
    monkeypatch.setattr(train.TrainingLoop, "train", lambda *args, **how: None)
    monkeypatch.setattr(train, "finish", lambda *args, **how: None)


def trained(folder, out, settings, **how):
    """All but the training itself; returns what was said and the plan.json."""
    said = []
    made = make_plan([folder], say=said.append, **how)
    train.train_network(made, out, settings, jobs=1, say=said.append)
    return said, json.loads((out / "plan.json").read_text())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"steps": float("inf")}, "setting steps is inf: give a value like 2000"),
        ({"steps": 2.5}, "setting steps is 2.5"),
        ({"seed": -1}, "setting seed is -1"),
        ({"learning_rate": 10**400}, "setting learning_rate is 1000"),
        ({"learning_rate": 0}, "setting learning_rate is 0.0: use at least"),
        ({"learning_rate": 30}, "setting learning_rate is 30.0: use at most 1.0"),
        ({"delay_weights": ["a", 1, 1, 1, 1]}, "setting delay_weights is"),
        ({"delay_weights": [0, 0, 0, 0, 0]}, "nothing would be learnt"),
        ({"frames": 16}, "setting frames is 16: use at least 17"),
        ({"average": 5}, "setting average is 5.0: use at most"),
        ({"validation_s": 0}, "setting validation_s is 0.0: use at least 1"),
        ({"fall": True}, "setting fall is True"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_at_once(values, message):
    with pytest.raises(TrainingError, match=message) as caught:
        read_settings(**values)
    assert "\n" not in str(caught.value)


def test_whole_numbers_may_be_written_as_json_likes():
    settings = read_settings(batch=2.0, seed=3.0, fall=1, delay_weights=[1, 1, 1, 1, 0])
    assert settings == Settings(batch=2, seed=3, fall=1.0, delay_weights=(1.0, 1.0, 1.0, 1.0, 0.0))
    assert [type(settings.batch), type(settings.seed), type(settings.fall)] == [int, int, float]


def test_labels_without_sound_are_told_and_test_recordings_are_left_alone(folder, tmp_path, settings):
    for suffix in (".wav", ".tsv"):
        (folder / f"piece_0{suffix}").rename(folder / f"MAPS_MUS-etude_ENSTDkAm{suffix}")
    (folder / "piece_1.wav").unlink()
    said, about = trained(folder, tmp_path / "out", settings)
    assert [line for line in said if "left out" in line] == [
        f"{folder / 'piece_1.tsv'} is left out: no sound of that name lies beside it"
    ]
    assert sorted(about["learnt"] + about["held_out"]) == ["piece_2", "piece_3"]


def test_the_plan_of_another_training_can_be_followed(folder, tmp_path, settings):
    like = tmp_path / "like.json"
    like.write_text(json.dumps({"learnt": ["piece_3", "piece_1"], "held_out": ["piece_2"]}))
    said, about = trained(folder, tmp_path / "out", settings, like=like)
    assert said[0].startswith("2 recordings to learn from, 1 held out")
    assert (about["learnt"], about["held_out"]) == (["piece_3", "piece_1"], ["piece_2"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"learnt": ["piece_1", "piece_9"], "held_out": ["piece_8"]}', r"2 recordings of .* not in --data \(piece_9 "),
        ("[]", "is no plan.json of a training"),
        ("{", "is no plan.json of a training"),
        (None, "is no plan.json of a training"),
    ],
)
def test_a_plan_that_cannot_be_followed_is_one_line(text, message, folder, tmp_path, settings):
    like = tmp_path / "like.json"
    if text is not None:
        like.write_text(text)
    with pytest.raises(TrainingError, match=message):
        trained(folder, tmp_path / "out", settings, like=like)
    assert not (tmp_path / "out").exists()


def test_a_folder_without_single_notes_is_no_piano_to_render_with(folder):
    with pytest.raises(TrainingError, match=r"recordings holds no single notes: name them by their keys"):
        make_plan([folder], notes_dir=folder)


def test_something_is_left_to_learn_from(folder, monkeypatch):
    found = load_dataset(folder)
    of_one_piano = replace(found, recordings=tuple(replace(r, piano="grand") for r in found))
    monkeypatch.setattr(plan, "load_dataset", lambda name, split: of_one_piano)
    with pytest.raises(TrainingError, match="every recording is held out: name fewer pianos with --hold-out"):
        make_plan([folder], hold_out=("grand",))


@pytest.mark.parametrize("text", ["{", "[]", '{"learnt": []}'])
def test_a_training_whose_plan_is_damaged_does_not_go_on(text, folder, tmp_path, settings):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "plan.json").write_text(text)
    with pytest.raises(TrainingError, match=r"plan\.json is damaged: name another --out"):
        trained(folder, tmp_path / "out", settings)
    assert (tmp_path / "out" / "plan.json").read_text() == text


def test_a_training_from_before_the_pedal_could_be_learnt_alone_goes_on(folder, tmp_path, settings):
    out = tmp_path / "out"
    _, about = trained(folder, out, settings)
    del about["settings"]["pedal"]
    (out / "plan.json").write_text(json.dumps(about))
    trained(folder, out, settings)


def test_a_pedal_that_has_nothing_to_stand_on_is_refused_before_anything_is_written(folder, tmp_path, settings):
    with pytest.raises(TrainingError, match=r"setting pedal is 6: .*--begin-with"):
        trained(folder, tmp_path / "out", replace(settings, pedal=6))
    assert not (tmp_path / "out").exists()


def test_what_is_held_out_is_told_once(folder, tmp_path, settings):
    with pytest.raises(TrainingError, match="leave --hold-out out"):
        trained(folder, tmp_path / "out", settings, like="plan.json", hold_out=("grand",))


def test_a_training_does_not_go_on_with_other_sounds_or_labels(folder, tmp_path, settings):
    out = tmp_path / "out"
    trained(folder, out, settings)
    trained(folder, out, settings)  # the same may go on
    write_labels(folder / "piece_1.tsv", Notes([0.2], [0.6], [61], [80]))
    with pytest.raises(TrainingError, match="other recordings, labels or single notes"):
        trained(folder, out, settings)


def test_a_training_does_not_go_on_with_other_single_notes(folder, tmp_path, settings):
    notes = tmp_path / "notes"
    notes.mkdir()
    sound.write(notes / "C4.wav", render(Notes([0.1], [1.5], [60], [80]), sr=SR), sr=SR)
    trained(folder, tmp_path / "out", settings, notes_dir=notes)
    sound.write(notes / "C4.wav", render(Notes([0.1], [1.5], [60], [100]), sr=SR).astype(np.float32), sr=SR)
    with pytest.raises(TrainingError, match="other recordings, labels or single notes"):
        trained(folder, tmp_path / "out", settings, notes_dir=notes)


def test_a_folder_of_before_the_renaming_goes_on_and_is_still_compared(folder, tmp_path, settings):
    out = tmp_path / "out"
    _, about = trained(folder, out, settings)
    about["settings"]["takes"] = about["settings"].pop("versions")
    (out / "course.json").write_text(json.dumps(about))
    (out / "plan.json").unlink()
    assert trained(folder, out, settings)[1]["settings"]["versions"] == 1
    (out / "plan.json").unlink()
    with pytest.raises(TrainingError, match="another seed"):
        trained(folder, out, replace(settings, seed=9))


def test_a_setting_may_have_its_former_name(tmp_path):
    config = tmp_path / "config.json"
    config.write_text('{"takes": 7}')
    assert read_settings(config).versions == 7


def test_a_setting_with_a_slip_of_the_pen_is_told_its_neighbour():
    with pytest.raises(TrainingError, match="setting 'stepps' is unknown: did you mean steps"):
        read_settings(stepps=3)
