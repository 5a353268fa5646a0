"""Scenes to learn from: nothing stands on both shelves, notes begin when they sound, and others are beside them."""

# ruff: noqa: E402 (what needs PyTorch is imported only where it is)

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: make setup-train")

import soundfile as sf

from pianolab import sound
from pianolab.labels import read_labels, read_pedal, write_labels
from pianolab.piano import render
from pianolab.roll import Notes, Salience
from pianolab.training import material, scenes, train, tuning, validation
from pianolab.training.batches import Pieces
from pianolab.training.errors import TrainingError
from pianolab.training.network import NoteNet
from pianolab.training.plan import Plan, keep_plan, plan_both, plan_scenes
from pianolab.training.settings import Settings
from pianolab.training.sources import find_sources, held_out_pieces, held_out_responses

SR = 16000
LENGTH_S = 4.0


def fill(folder, name, y, sr=SR):
    folder.mkdir(exist_ok=True, parents=True)
    sf.write(folder / name, y, sr)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Two pianos of eight notes each, twelve pieces with pedal, rooms whose direct sound comes at 5 ms, and noises."""
    here = tmp_path_factory.mktemp("world")
    for piano in ("grand", "upright"):
        entries = []
        for midi in range(24, 109, 12):
            note = render(Notes([0.02], [0.4], [midi]), sr=SR, piano=piano, tail_s=0.2)
            fill(here / "pianos" / piano, f"{midi}.wav", note)
            entries.append({"file": f"{midi}.wav", "midi": midi, "onset_s": 0.02, "dynamic": 0.7, "licence": "ours"})
        (here / "pianos" / piano / "index.json").write_text(json.dumps(entries))
    (here / "midi").mkdir()
    for i in range(12):
        onset = 0.3 * np.arange(12)
        notes = Notes(onset, onset + 0.2, 55 + (onset * 10).astype(int) % 7, np.full(12, 60 + i))
        write_labels(here / "midi" / f"{i:02d}.mid", notes, pedal=[(0.5, 1.5), (2.0, 3.0)])
    rng = np.random.default_rng(1)
    for name in ("hall_l", "hall_r", "house_1", "house_2", "room", "shop", "stairs"):
        tail = 0.3 * rng.standard_normal(4000) * np.exp(-np.arange(4000) / 800.0)
        tail[:120], tail[120] = 0.0, 1.0
        fill(here / "rooms", f"{name}.wav", 0.5 * tail, 24000)
    for i in range(6):
        fill(here / "noise", f"{i}.wav", 0.1 * rng.standard_normal(SR))
    return here


@pytest.fixture(scope="module")
def sources(world):
    folders = {name: [world / name] for name in ("rooms", "noise")}
    return find_sources([world / "pianos"], [world / "midi"], **folders, hold_out=["upright"])


@pytest.fixture(autouse=True)
def short_and_spoken_by_rule(monkeypatch):
    """Scenes last four seconds, and nothing depends on whether espeak-ng is installed."""
    monkeypatch.setattr(scenes, "PIECE_S", LENGTH_S)
    monkeypatch.setattr(scenes, "espeak", lambda text, *, sr, **how: 0.3 * np.sin(np.arange(sr) / 9).astype(np.float32))


def test_nothing_stands_on_both_shelves(sources):
    for name in ("pianos", "midi", "rooms", "noise", "languages"):
        learnt, held_out = (set(getattr(shelf, name)) for shelf in (sources.learnt, sources.held_out))
        assert learnt
        assert held_out
        assert not learnt & held_out
    # The two channels of one response are one room.
    halls = [sum("hall" in path.name for path in shelf.rooms) for shelf in (sources.learnt, sources.held_out)]
    assert sorted(halls) == [0, 2]
    assert sources.about["pianos"]["grand"]["licences"] == ["ours"]


def test_who_measures_later_can_ask_what_was_held_out(world, sources):
    names = [path.name for path in (world / "midi").iterdir()]
    assert held_out_pieces(names) == [path.name for path in sources.held_out.midi]
    assert held_out_responses(world / "rooms") == list(sources.held_out.rooms)


def test_a_response_that_sings_like_strings_is_no_room(world, tmp_path):
    for path in (world / "rooms").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    kinds = [{"file": "shop.wav", "kind": "soundboard"}, {"file": "room.wav", "kind": "house"}]
    (tmp_path / "index.json").write_text(json.dumps(kinds))
    found = find_sources([world / "pianos"], [world / "midi"], rooms=[tmp_path], hold_out=["upright"])
    names = {path.name for path in (*found.learnt.rooms, *found.held_out.rooms)}
    assert "room.wav" in names
    assert "shop.wav" not in names


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"hold_out": ["uprigt"]}, "no piano is named 'uprigt'.*upright"),
        ({}, "2 pianos to learn from and 0 to hold out"),
        ({"hold_out": ["grand", "upright"]}, "0 pianos to learn from and 2 to hold out"),
        ({"hold_out": ["grand"], "leave_out": ["upright"]}, "0 pianos to learn from"),
    ],
)
def test_a_division_that_cannot_be_is_refused(world, how, message):
    with pytest.raises(TrainingError, match=message):
        find_sources([world / "pianos"], [world / "midi"], **how)


def test_folders_without_their_kind_are_refused(world, tmp_path):
    with pytest.raises(TrainingError, match="holds no piano"):
        find_sources([tmp_path], [world / "midi"])
    with pytest.raises(TrainingError, match="holds no MIDI files"):
        find_sources([world / "pianos"], [tmp_path], hold_out=["upright"])
    with pytest.raises(TrainingError, match="holds no room responses"):
        find_sources([world / "pianos"], [world / "midi"], rooms=[tmp_path], hold_out=["upright"])


def test_without_espeak_the_training_says_what_to_install(world, monkeypatch):
    monkeypatch.setattr("pianolab.piano.espeak.is_installed", lambda: False)
    with pytest.raises(TrainingError, match=r"espeak-ng is not installed.*apt-get install espeak-ng"):
        plan_scenes([world / "pianos"], [world / "midi"], hold_out=["upright"])


def strokes_as_sure_as(surest):
    """A key that is struck every half second; each stroke is as sure as said. The tracker takes three rows' mean."""
    times = np.arange(0.0, 8.0, 0.02)
    onset, held = np.zeros((2, len(times), 88), np.float32)
    for stroke_s, sure in zip(0.5 + 0.5 * np.arange(12), surest, strict=True):
        row = round(stroke_s / 0.02)
        onset[row - 1 : row + 2, 60 - 21] = sure * np.array([0.99, 1.0, 0.99])
        held[row : row + 15, 60 - 21] = 0.9
    level = np.full(len(times), -20.0, np.float32)
    return Salience(times, held, np.full_like(held, np.nan), level, onset=onset, offset=np.zeros_like(onset))


def test_strokes_are_told_from_what_no_kind_of_recordings_pays_for(monkeypatch):
    """Most recordings would do with 0.5; the two strokes that are 0.18 sure in one kind are a sixth of its notes."""
    monkeypatch.setattr(tuning, "SEARCH", (("onset_threshold", (0.1, 0.15, 0.3, 0.5), ("onset_f1",)),))
    monkeypatch.setattr(tuning, "STRUCK_THRESHOLD", 0.0)
    easy, hard = strokes_as_sure_as([0.9] * 12), strokes_as_sure_as([0.9] * 10 + [0.18] * 2)
    nobody = strokes_as_sure_as([0.4] * 12)
    onset_s = 0.5 + 0.5 * np.arange(12)
    played, nothing = Notes(onset_s, onset_s + 0.3, [60] * 12), Notes([], [], [])
    heard, references = [*[easy] * 8, hard, nobody], [*[played] * 9, nothing]
    kinds = ["as they are"] * 8 + ["scenes"] * 2
    assert tuning.choose_tracking(heard, references, kinds)["onset_threshold"] == 0.15
    assert tuning.choose_tracking(heard, references)["onset_threshold"] == 0.5
    assert tuning.choose_tracking(heard, references, ["one"] * 10)["onset_threshold"] == 0.5
    without = tuning.choose_tracking([*heard[:8], nobody], [*references[:8], nothing], kinds[:9])
    assert without["onset_threshold"] == 0.5  # Where nobody plays nothing can be lost.


def test_recordings_and_scenes_are_learnt_from_together(world, folder, tmp_path, monkeypatch):
    """What is held out of both is validated on; only recordings are put into rooms to choose the settings."""
    monkeypatch.setattr("pianolab.piano.espeak.is_installed", lambda: True)
    monkeypatch.setattr(train, "make_pieces", lambda recipes, jobs: made.extend(recipes))
    monkeypatch.setattr(train, "Pieces", Path)
    monkeypatch.setattr(train.TrainingLoop, "train", lambda *how: None)
    monkeypatch.setattr(train, "finish", lambda out, *held_out, **how: finished.append([len(h) for h in held_out]))
    made, finished = [], []
    said = []
    both = plan_both(
        [folder], [world / "pianos"], [world / "midi"], rooms=[world / "rooms"], noise=[world / "noise"],
        hold_out=["upright"], say=said.append,
    )  # fmt: skip
    settings = Settings(versions=2, rendered_hours=0.1, ear=8, width=8, rivals=4)
    train.train_network(both, tmp_path / "out", settings, say=said.append)
    names = [recipe.path.parent.name + "/" + recipe.path.name[:8] for recipe in made]
    n_held_out = len(both.held_out) + 32
    assert {name: names.count(name) for name in names} == {
        "held_out/held_out": 32,
        "validation/recorded": n_held_out,
        "material/recorded": 2 * len(both.learnt),
        "material/scene_00": 6,
    }
    assert len({recipe.path for recipe in made}) == len(made)
    assert finished == [[len(both.held_out), 32]]
    about = json.loads((tmp_path / "out" / "plan.json").read_text())
    assert about["learnt"]
    assert about["sources"]["held_out"]["pianos"] == ["upright"]
    with pytest.raises(TrainingError, match="no recording is of piano 'nobody'"):
        plan_both([folder], [world / "pianos"], [world / "midi"], hold_out=["upright", "nobody"])


def test_a_training_does_not_go_on_from_other_first_weights(world, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "weights").write_bytes(b"one")
    begun = Plan(begin_with=tmp_path / "weights")
    keep_plan(begun, Settings(), tmp_path / "out")
    keep_plan(begun, Settings(), tmp_path / "out")
    with pytest.raises(TrainingError, match="one that began with other weights"):
        keep_plan(Plan(), Settings(), tmp_path / "out")


def test_no_room_moves_a_stroke(sources):
    click = np.zeros(SR, np.float32)
    click[4000] = 1.0
    for seed in range(30):
        heard = scenes._in_a_room(click, sources.learnt, np.random.default_rng(seed))
        loudest = np.abs(heard).max()
        assert np.abs(heard[4000:4016]).max() > 0.1 * loudest  # The direct sound; a reflection may be louder.
        assert np.abs(heard[: 4000 - 16]).max() < 0.01 * loudest  # Nothing sounds a millisecond before it.


@pytest.mark.parametrize("kind", ["performance", "octaves", "melody", "drill", "chords", "held"])
def test_a_scene_sounds_while_its_notes_do(sources, kind):
    for seed in range(3):
        y, notes, pedal = scenes.draw_scene(sources.learnt, np.random.default_rng(seed), kind=kind)
        assert len(y) == LENGTH_S * SR
        assert np.isfinite(y).all()
        assert 0.001 < np.abs(y).max() <= 1.0
        assert len(notes)
        assert notes.onset.max() < LENGTH_S
        assert np.all(np.diff(pedal.ravel()) >= 0)


def test_the_same_seed_is_the_same_scene_and_another_is_another(sources):
    one, again, other = (scenes.draw_scene(sources.learnt, np.random.default_rng(s), kind="drill") for s in (5, 5, 6))
    assert np.array_equal(one.y, again.y)
    assert one.notes.onset.tolist() == again.notes.onset.tolist()
    assert one.notes.onset.tolist() != other.notes.onset.tolist()


def test_where_nobody_plays_there_is_sound_and_no_note(sources):
    loud = []
    for seed in range(12):
        scene = scenes.draw_scene(sources.learnt, np.random.default_rng(seed), kind="nobody")
        assert not len(scene.notes)
        assert len(scene.y) == LENGTH_S * SR
        assert np.isfinite(scene.y).all()
        loud.append(np.abs(scene.y).max())
    assert np.median(loud) > 0.01


def test_people_talk_for_as_long_as_they_are_asked_to():
    y = scenes.talk(("en-us",), 3.0, np.random.default_rng(1))
    assert len(y) == 3 * SR
    assert np.abs(y).max() == pytest.approx(0.5)


def test_scenes_of_given_kinds_come_one_after_the_other(sources, tmp_path):
    drawn = material.list_scenes(sources.learnt, tmp_path, hours=0.05, seed=3)
    given = material.list_scenes(sources.learnt, tmp_path, hours=0.05, seed=3, kinds=("performance", "nobody"))
    assert [recipe.kind for recipe in drawn] == [None, None, None]
    assert [recipe.kind for recipe in given] == ["performance", "nobody", "performance"]
    assert [recipe.path for recipe in given] == [recipe.path for recipe in drawn]


def test_a_piece_keeps_the_pedal_and_the_network_is_asked_for_it(sources, tmp_path):
    for recipe in material.list_scenes(sources.learnt, tmp_path, hours=0.05, seed=3):
        material.make_piece(replace(recipe, kind="performance"))
    pieces = Pieces(tmp_path)
    assert len(pieces.inputs) == 3
    assert any(pedal is not None and len(pedal) for pedal in pieces.pedals)
    _, _, pedal, ages = pieces.draw_segment(np.random.default_rng(1), 100)
    assert set(np.unique(pedal)) <= {0.0, 1.0}
    np.testing.assert_array_equal(np.isfinite(ages), pedal == 1.0)


def test_held_out_scenes_are_recordings_of_kinds_that_are_drawn(sources, tmp_path):
    recipes = material.list_held_out(sources.held_out, tmp_path, seed=1)
    assert {recipe.kind for recipe in recipes} == {"performance", "melody", "drill", "nobody"} <= set(scenes.SHARES)
    material.make_piece(recipes[0])
    y, sr = sound.load(recipes[0].path)
    labels = recipes[0].path.with_suffix(".mid")
    assert (len(y), sr) == (LENGTH_S * SR, SR)
    assert len(read_labels(labels))
    assert read_pedal(labels).shape[1] == 2


def test_a_threshold_that_lets_speech_through_is_not_the_best(monkeypatch, sources, tmp_path):
    """What is heard in the piece without notes is worth .3, and so is one stroke of four in the other piece."""
    strokes = Notes([0.5, 1.0, 1.5, 2.0], [0.7, 1.2, 1.7, 2.2], [60, 62, 64, 65])
    onset = np.zeros((2, 200, 88), np.float32)
    for at_s, midi, sure in zip(strokes.onset, strokes.midi, (0.9, 0.9, 0.9, 0.3), strict=True):
        onset[0, round((at_s + 0.09) / 0.02), midi - 21] = sure
    onset[1, 20::4, 40] = 0.3
    answers = np.broadcast_to(onset[:, None, None], (2, 5, 4, 200, 88))
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", np.zeros((200, 3, 294), np.float16))
        write_labels(tmp_path / f"{name}.tsv", strokes if name == "a" else Notes([], [], []))
    told = iter(answers)
    monkeypatch.setattr(validation, "answer_piece", lambda net, x: (next(told), np.zeros((5, 200), np.float32)))
    scores = validation.validate(NoteNet(ear=8, width=8, rivals=4), Pieces(tmp_path), 3.0)
    assert scores["threshold_90"] == 0.35
    assert scores["false_per_minute"] == 0.0
    assert scores["f1_90"] == pytest.approx(6 / 7)


def test_the_tracker_is_told_to_let_speech_be(monkeypatch):
    monkeypatch.setattr(tuning, "SEARCH", (("onset_threshold", (0.2, 0.5), ("onset_f1",)),))
    times = np.arange(400) * 0.02
    onset = np.zeros((2, 400, 88), np.float32)
    # A stroke is felt in three rows: one that is sure and one that is not, and many of those where nobody plays.
    for piece, row, key, sure in [
        (0, 50, 39, 0.9),
        (0, 150, 41, 0.3),
        *((1, row, 40, 0.3) for row in range(20, 380, 8)),
    ]:
        onset[piece, row - 1 : row + 2, key] = sure - 0.05, sure, sure - 0.05
    frame = 0.9 * (np.maximum.accumulate(onset, axis=1) > 0).astype(np.float32)
    heard = [
        Salience(times, f, np.full(f.shape, np.nan, np.float32), np.full(400, -20.0, np.float32), onset=o, offset=0 * o)
        for f, o in zip(frame, onset, strict=True)
    ]
    played = Notes([1.0, 3.0], [2.0, 4.0], [60, 62])
    assert tuning.choose_tracking(heard, [played, Notes([], [], [])])["onset_threshold"] == 0.5
    assert tuning.choose_tracking(heard[:1], [played])["onset_threshold"] == 0.2
