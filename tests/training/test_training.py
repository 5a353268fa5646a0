"""Training: targets, batches, the network's arithmetic, stopping and going on, and what is refused."""

# ruff: noqa: E402 (what needs PyTorch is imported only where it is)

import builtins
import csv
import errno
import importlib
import inspect
import io
import json
import math
import re
import shutil
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: make setup-train")

from pianolab import sound
from pianolab.cli import main
from pianolab.data import data_dir
from pianolab.dsp.network_input import HOP, SR, NeuralInput
from pianolab.labels import write_labels
from pianolab.piano import PianoError, render
from pianolab.piano.sampled import SampledPiano
from pianolab.roll import Notes
from pianolab.session import transcribe
from pianolab.training import export, loop, material, network, tuning
from pianolab.training.augment import (
    COMPANIONS,
    TOGETHER_S,
    augment,
    draw_chords,
    draw_drill,
    draw_held,
    vary_excerpt,
    with_octaves,
)
from pianolab.training.batches import Pieces, amplify, draw_batch
from pianolab.training.errors import TrainingError
from pianolab.training.loop import TrainingLoop, learning_rate
from pianolab.training.settings import Settings, read_settings
from pianolab.training.targets import note_targets, pedal_ages
from pianolab.training.validation import answer_piece, pick_strokes
from pianolab.training.weights import load_network, read_tensors

TINY = Settings(
    versions=1, rendered_hours=0.0, steps=4, batch=2, frames=40, ear=8, width=8, rivals=4, every=2, warm_up=2,
    validation_s=2.0,
)  # fmt: skip
NOTES = Notes([0.2, 0.2, 0.9], [0.7, 0.8, 1.4], [60, 64, 67], [40, 80, 100])
DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def pieces(tmp_path):
    here = tmp_path / "material"
    here.mkdir()
    np.save(here / "a.npy", NeuralInput().of(render(NOTES, sr=SR)).astype(np.float16))
    write_labels(here / "a.tsv", NOTES)
    return Pieces(here)


@pytest.fixture
def disk(tmp_path, monkeypatch):
    """A disk on which ``disk.room`` more files can be written before it is full."""
    disk, open_file = SimpleNamespace(room=math.inf), builtins.open

    def limited(file, mode="r", *args, **kwargs):
        if set("wax+") & set(mode) and str(file).startswith(str(tmp_path)):
            if disk.room < 1:
                raise OSError(errno.ENOSPC, "No space left on device", str(file))
            disk.room -= 1
        return open_file(file, mode, *args, **kwargs)

    monkeypatch.setattr(io, "open", limited)  # pathlib's
    monkeypatch.setattr(builtins, "open", limited)
    return disk


@pytest.fixture
def rising(monkeypatch):
    """Validation that is quick, and better after each step."""

    def score(net, held_out, seconds):
        f1 = int(net.first.norm.num_batches_tracked) / 10.0
        return {"f1_90": f1, "threshold_90": 0.3, "f1_240": f1, "threshold_240": 0.3}

    monkeypatch.setattr(loop, "validate", score)


def assert_same(run, other):
    """Two trainings are at the same point, and so are their folders; only the time they took differs."""
    assert (run.step, run.best) == (other.step, other.best)
    for one, two in ((run.net, other.net), (run.mean, other.mean)):
        for mine, theirs in zip(one.state_dict().values(), two.state_dict().values(), strict=True):
            assert torch.equal(mine, theirs)
    assert (run.folder / "best.safetensors").read_bytes() == (other.folder / "best.safetensors").read_bytes()
    logs = [list(csv.DictReader((r.folder / "log.csv").read_text().splitlines())) for r in (run, other)]
    assert logs[0]
    for row in logs[0] + logs[1]:
        del row["minutes"]
    assert logs[0] == logs[1]


def in_new_folder(path):
    path.mkdir()
    return path


def test_targets_peak_at_onsets_and_hold_while_the_key_is_down():
    ends_s = np.arange(100) * 0.02
    onset, frame, offset, velocity = note_targets(NOTES, ends_s - 0.09)[:, :, 60 - 21]
    assert onset[12:18] == pytest.approx([0, 0.4, 0.8, 0.8, 0.4, 0], abs=1e-5)  # 0.2 s lies between frames 14 and 15
    assert np.flatnonzero(frame).tolist() == list(range(15, 40))
    assert offset[39] == pytest.approx(0.8, abs=1e-5)
    assert velocity[15] == pytest.approx(40 / 127)


def test_keys_that_no_piano_has_and_no_moments_at_all_make_no_targets():
    outside = Notes([0.1, 0.1], [0.5, 0.5], [20, 110])  # a semitone below A0, and two above C8
    assert not note_targets(outside, np.arange(40) * 0.02).any()
    assert note_targets(NOTES, []).shape == (4, 0, 88)


def test_peaks_give_targets_back_as_notes():
    onset = note_targets(NOTES, np.arange(100) * 0.02 - 0.09)[0]
    found = pick_strokes(onset, 0.5, 0.09)
    assert sorted(found.midi) == [60, 64, 67]
    assert np.abs(np.sort(found.onset) - NOTES.onset).max() < 0.006


def test_the_gradient_of_a_stack_is_that_of_its_parts():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, 2, 98, dtype=torch.double, generator=generator, requires_grad=True)
    weight = torch.randn(3 * len(network.HARMONICS), 4, dtype=torch.double, generator=generator, requires_grad=True)
    pull = torch.randn(2, 2, 88, 4, dtype=torch.double, generator=generator)
    plain = torch.autograd.grad((network.stack_harmonics(x) @ weight * pull).sum(), (x, weight))
    ours = torch.autograd.grad((network._StackAndMix.apply(x, weight) * pull).sum(), (x, weight))
    for one, other in zip(plain, ours, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_a_stack_gathers_what_stands_at_the_partials():
    x = torch.arange(98.0)[None, None, None]
    column = network.stack_harmonics(x)[0, 0, 30]
    assert column.tolist() == [30 + h for h in network.HARMONICS]


def test_the_network_hears_the_same_in_pieces_and_looks_only_back():
    net = network.NoteNet(ear=8, width=8, rivals=4).eval()
    x = torch.rand(1, 3, 60, 294, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        whole, pedal, _ = net(x, net.empty_states())
        states, parts, pedals = net.empty_states(), [], []
        for start in (0, 1, 8, 37):
            stop = {0: 1, 1: 8, 8: 37, 37: 60}[start]
            out, held, states = net(x[:, :, start:stop], states)
            parts.append(out)
            pedals.append(held)
        changed = x.clone()
        changed[:, :, 30:] = 0.0
        other, other_pedal, _ = net(changed, net.empty_states())
    assert torch.allclose(whole, torch.cat(parts, dim=3), atol=1e-5)
    assert torch.equal(whole[:, :, :, :30], other[:, :, :, :30])
    assert not torch.equal(whole[:, :, :, 30:], other[:, :, :, 30:])
    assert torch.allclose(pedal, torch.cat(pedals, dim=2), atol=1e-5)
    assert torch.equal(pedal[:, :, :30], other_pedal[:, :, :30])
    assert not torch.equal(pedal[:, :, 30:], other_pedal[:, :, 30:])


def test_the_exported_network_answers_as_the_trained_one(tmp_path, pieces):
    onnxruntime = pytest.importorskip("onnxruntime")
    run = TrainingLoop(tmp_path, TINY)
    for _ in range(3):
        run.take_step(pieces)
    run.keep_as_best({"f1_90": 0.5})
    export.export_network(tmp_path / "best.safetensors", tmp_path / "neural.onnx")
    description = json.loads((tmp_path / "neural.json").read_text())
    assert list(description) == ["delays_ms", "kinds", "n_keys", "step", "scores", "settings"]
    net, _ = load_network(tmp_path / "best.safetensors")
    heard = np.asarray(pieces.inputs[0][:50], np.float32)
    with torch.no_grad():
        out, pedal, _ = net(torch.from_numpy(heard).permute(1, 0, 2)[None], net.empty_states())
    session = onnxruntime.InferenceSession(tmp_path / "neural.onnx", providers=["CPUExecutionProvider"])
    given = {i.name: np.zeros(i.shape, np.float32) for i in session.get_inputs()[1:]}
    mine, held = session.run(["answers", "pedal"], {"heard": heard, **given})
    assert mine == pytest.approx(torch.sigmoid(out[0]).permute(2, 0, 1, 3).numpy(), abs=1e-5)
    assert held == pytest.approx(torch.sigmoid(pedal[0]).permute(1, 0).numpy(), abs=1e-5)


def test_louder_input_is_the_input_of_louder_sound():
    y = render(NOTES, sr=SR)
    soft, loud = NeuralInput().of(0.25 * y), NeuralInput().of(y)
    assert amplify(soft, np.full(294, 4.0, np.float32)) == pytest.approx(loud, abs=2e-3)


def test_a_batch_depends_on_seed_and_step_alone(pieces):
    one, again = draw_batch(pieces, TINY, 5), draw_batch(pieces, TINY, 5)
    other = draw_batch(pieces, TINY, 6)
    assert torch.equal(one[0], again[0])
    assert torch.equal(one[1], again[1])
    assert one[2].isnan().all()  # text labels hold no pedal
    assert not torch.equal(one[0], other[0])


def test_the_learning_rate_rises_stays_and_falls():
    settings = replace(TINY, steps=100, warm_up=10, fall=0.4, learning_rate=1.0)
    rates = [learning_rate(settings, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[10:60] == pytest.approx([1.0] * 50)
    assert rates[80] == pytest.approx(0.5)
    assert rates[99] < 0.03


def test_the_weights_that_are_kept_are_an_exponential_mean_of_those_of_all_steps(tmp_path, pieces):
    run = TrainingLoop(tmp_path, replace(TINY, average=0.2))
    names = ("key", "first.norm.running_var")  # a weight, and what a norm has heard
    expected = {name: run.net.state_dict()[name].clone() for name in names}
    for kept in (2 / 11, 0.2, 0.2):  # Less of the mean stays in the first step.
        run.take_step(pieces)
        for name in names:
            expected[name] = kept * expected[name] + (1.0 - kept) * run.net.state_dict()[name]
    for name in names:
        assert torch.allclose(run.mean.state_dict()[name], expected[name], rtol=1e-5)
        assert not torch.allclose(run.net.state_dict()[name], expected[name], rtol=1e-3)


def test_a_training_that_was_stopped_goes_on_to_the_same_weights(tmp_path, pieces, rising, monkeypatch):
    straight = TrainingLoop(in_new_folder(tmp_path / "a"), TINY)
    straight.train(pieces, pieces, progress=False)
    one_step = TrainingLoop.take_step

    def stop(self, pieces):
        if self.step == 3:
            raise KeyboardInterrupt
        return one_step(self, pieces)

    stopped = TrainingLoop(in_new_folder(tmp_path / "b"), TINY)
    monkeypatch.setattr(TrainingLoop, "take_step", stop)
    with pytest.raises(KeyboardInterrupt):
        stopped.train(pieces, pieces, progress=False)
    monkeypatch.setattr(TrainingLoop, "take_step", one_step)
    resumed = TrainingLoop(tmp_path / "b", TINY)
    assert (resumed.step, resumed.best) == (2, 0.2)
    resumed.train(pieces, pieces, progress=False)
    assert resumed.step == 4
    assert_same(straight, resumed)


def test_steps_make_the_loss_smaller(tmp_path, pieces):
    run = TrainingLoop(tmp_path, replace(TINY, steps=60, warm_up=5, width=16))
    losses = [run.take_step(pieces) for _ in range(40)]
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])


def test_a_full_disk_keeps_the_last_good_checkpoint(tmp_path, pieces, disk):
    run = TrainingLoop(tmp_path, TINY)
    run.take_step(pieces)
    run.save()
    good = run.checkpoint.read_bytes()
    disk.room = 0
    run.take_step(pieces)
    with pytest.raises(TrainingError, match=r"checkpoint.safetensors cannot be written \(No space left on device\)"):
        run.save()
    assert run.checkpoint.read_bytes() == good
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".tmp"] == []


def test_a_training_on_a_full_disk_goes_on_as_if_there_had_been_room(tmp_path, pieces, rising, disk):
    settings = replace(TINY, steps=2, every=1)
    straight = TrainingLoop(in_new_folder(tmp_path / "straight"), settings)
    straight.train(pieces, pieces, progress=False)
    for room in range(6):  # files of two validations: checkpoint, best weights, log
        here = in_new_folder(tmp_path / f"room_for_{room}")
        disk.room = room
        with pytest.raises(TrainingError, match=r"^\S+(safetensors|csv) cannot be written \(No space.*to go on$"):
            TrainingLoop(here, settings).train(pieces, pieces, progress=False)
        disk.room = math.inf
        resumed = TrainingLoop(here, settings)
        assert resumed.step == (room + 2) // 3  # nothing is lost once the checkpoint is written
        resumed.train(pieces, pieces, progress=False)
        assert_same(straight, resumed)


def test_a_log_that_is_ahead_of_the_checkpoint_gets_no_step_twice(tmp_path, pieces, rising):
    settings = replace(TINY, steps=3, every=1)
    run = TrainingLoop(tmp_path, settings)
    run.train(pieces, pieces, progress=False)
    run.checkpoint.unlink()  # back to step 2
    with (tmp_path / "log.csv").open("a") as file:
        file.write("9.0,40,3200,0.1,0.5,0.5,0.3,0.001\n")
    resumed = TrainingLoop(tmp_path, settings)
    assert (resumed.step, resumed.best) == (2, 0.3)
    resumed.train(pieces, pieces, progress=False)
    assert [row["step"] for row in csv.DictReader((tmp_path / "log.csv").read_text().splitlines())] == ["1", "2", "3"]


def test_material_on_a_full_disk_says_which_piece_and_what_to_do(folder, tmp_path, disk):
    recipe = material.Recipe(
        tmp_path / "made.npy", (1,), folder / "piece_0.wav", folder / "piece_0.tsv", augmented=False
    )
    for room, name in enumerate((r"made\.tsv", r"made\.npy")):
        disk.room = room
        with pytest.raises(TrainingError, match=rf"{name} cannot be written \(No space.*the disk has space"):
            material.make_piece(recipe)
    assert not recipe.path.exists()
    disk.room = math.inf
    material.make_piece(recipe)
    assert recipe.path.exists()


def test_material_where_no_folder_can_be_made_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match=r"material cannot be written \(Not a directory\)"):
        material.make_pieces([material.Recipe(tmp_path / "file" / "material" / "a.npy", (1,))], jobs=1)


def test_an_export_on_a_full_disk_says_which_file(tmp_path, disk):
    TrainingLoop(tmp_path, TINY).keep_as_best({"f1_90": 0.5})
    for room, name in enumerate((r"neural\.onnx", r"neural\.json")):
        disk.room = room
        with pytest.raises(TrainingError, match=rf"{name} cannot be written \(No space"):
            export.export_network(tmp_path / "best.safetensors", tmp_path / "neural.onnx")


def test_settings_of_the_tracker_on_a_full_disk_leave_the_description_as_it_was(tmp_path, disk, monkeypatch):
    description = tmp_path / "neural.json"
    description.write_text("{}")
    monkeypatch.setattr(tuning, "DELAYS_MS", ())
    disk.room = 0
    with pytest.raises(TrainingError, match=r"neural\.json cannot be written \(No space"):
        tuning.tune_tracking(tmp_path / "neural.onnx", [])
    assert description.read_text() == "{}"


def test_a_damaged_checkpoint_is_refused(tmp_path):
    (tmp_path / "checkpoint.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(TrainingError, match=r"is damaged or of another network.*put a whole one in its place"):
        TrainingLoop(tmp_path, TINY)


def test_a_training_goes_on_from_the_checkpoint_before_a_damaged_one(tmp_path, pieces, rising):
    settings = replace(TINY, steps=2, every=1)
    straight = TrainingLoop(in_new_folder(tmp_path / "a"), settings)
    straight.train(pieces, pieces, progress=False)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    damaged = tmp_path / "b" / "checkpoint.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    with pytest.raises(TrainingError, match=r"remove it to go on from checkpoint\.previous\.safetensors"):
        TrainingLoop(tmp_path / "b", settings)
    damaged.unlink()
    resumed = TrainingLoop(tmp_path / "b", settings)
    assert resumed.step == 1
    resumed.train(pieces, pieces, progress=False)
    assert_same(straight, resumed)


@pytest.mark.parametrize("name", ["best.safetensors", "log.csv"])
def test_what_a_training_found_is_not_written_over_by_another(name, tmp_path):
    (tmp_path / name).write_bytes(b"of days")
    with pytest.raises(TrainingError, match=f"holds {name} but no checkpoint.*name another --out"):
        TrainingLoop(tmp_path, TINY)
    assert (tmp_path / name).read_bytes() == b"of days"


def test_damaged_best_weights_and_logs_are_named(tmp_path, pieces, rising):
    run = TrainingLoop(tmp_path, replace(TINY, steps=1))
    run.train(pieces, pieces, progress=False)
    (tmp_path / "log.csv").write_text("no log\n1\n")
    with pytest.raises(TrainingError, match=r"log.csv is damaged .*move it elsewhere"):
        TrainingLoop(tmp_path, replace(TINY, steps=1)).train(pieces, pieces, progress=False)
    (tmp_path / "best.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(TrainingError, match=r"best.safetensors is damaged .*remove it"):
        TrainingLoop(tmp_path, TINY)


def test_the_checkpoint_in_data_alone_is_enough_to_go_on(tmp_path, pieces, monkeypatch):
    checkpoint = DATA / "neural" / "checkpoint.safetensors"
    about = read_tensors(checkpoint)[1]
    known = {field.name: about[field.name] for field in fields(Settings) if field.name in about}
    shutil.copy(checkpoint, tmp_path)
    run = TrainingLoop(tmp_path, replace(Settings(**known), steps=about["step"] + 1, batch=1, frames=40))
    assert (run.step, run.best) == (about["step"], -1.0)  # its best weights are not there
    better = {"f1_90": 1.0, "threshold_90": 0.3, "f1_240": 1.0, "threshold_240": 0.3}
    monkeypatch.setattr(loop, "validate", lambda *_: better)
    run.train(pieces, pieces, progress=False)
    assert load_network(tmp_path / "best.safetensors")[1]["step"] == about["step"] + 1


def test_a_checkpoint_of_another_width_is_refused(tmp_path, pieces):
    run = TrainingLoop(tmp_path, TINY)
    run.take_step(pieces)
    run.save()
    with pytest.raises(TrainingError, match="of another network"):
        TrainingLoop(tmp_path, replace(TINY, width=16))


def test_a_training_begins_with_the_weights_of_another(tmp_path, pieces):
    first = TrainingLoop(tmp_path / "first", TINY)
    (tmp_path / "first").mkdir()
    for _ in range(3):
        first.take_step(pieces)
    first.keep_as_best({"f1_90": 0.5})
    best = tmp_path / "first" / "best.safetensors"
    second = TrainingLoop(tmp_path / "second", replace(TINY, seed=2), begin_with=best)
    known = load_network(best)[0].state_dict()
    assert second.step == 0
    for net in (second.net, second.mean):
        assert all(torch.equal(value, known[name]) for name, value in net.state_dict().items())
    with pytest.raises(TrainingError, match=r"holds no weights of a network of this size .*ear, width and rivals"):
        TrainingLoop(tmp_path / "third", replace(TINY, width=16), begin_with=best)


@pytest.fixture
def pedalled(tmp_path):
    """Material whose pedal is known: down from 0.3 to 1.2 s."""
    here = tmp_path / "pedalled"
    here.mkdir()
    pedal = [(0.3, 1.2)]
    np.save(here / "a.npy", NeuralInput().of(render(NOTES, sr=SR, pedal=pedal)).astype(np.float16))
    write_labels(here / "a.mid", NOTES, pedal=pedal)
    return Pieces(here)


@pytest.fixture
def trained(tmp_path, pieces):
    """Weights of a training that learnt everything."""
    run = TrainingLoop(in_new_folder(tmp_path / "first"), TINY)
    run.take_step(pieces)
    run.keep_as_best({"f1_90": 0.5})
    return tmp_path / "first" / "best.safetensors"


def test_a_pedal_that_is_learnt_alone_leaves_all_else_as_it_was(tmp_path, trained, pedalled):
    onnxruntime = pytest.importorskip("onnxruntime")
    run = TrainingLoop(in_new_folder(tmp_path / "second"), replace(TINY, pedal=6), begin_with=trained)
    drawn = {name: value.clone() for name, value in run.net.pedal_age.state_dict().items()}
    run.train(pedalled, pedalled, progress=False)
    known = load_network(trained)[0].state_dict()
    for net in (run.net, run.mean):
        for name, value in net.state_dict().items():
            if not name.startswith("pedal_age."):
                assert torch.equal(value, known[name]), name
    assert all(not torch.equal(value, drawn[name]) for name, value in run.net.pedal_age.state_dict().items())
    answers = {}
    for name in ("first", "second"):
        export.export_network(tmp_path / name / "best.safetensors", tmp_path / f"{name}.onnx")
        session = onnxruntime.InferenceSession(tmp_path / f"{name}.onnx", providers=["CPUExecutionProvider"])
        given = {i.name: np.zeros(i.shape, np.float32) for i in session.get_inputs()[1:]}
        said = session.run(None, {"heard": np.asarray(pedalled.inputs[0][:50], np.float32), **given})
        answers[name] = dict(zip([o.name for o in session.get_outputs()], said, strict=True))
    for name in ("answers", "pedal"):
        np.testing.assert_array_equal(answers["first"][name], answers["second"][name])
    assert "pedal_age" not in answers["first"]
    ages = answers["second"]["pedal_age"]
    assert ages.shape == answers["second"]["pedal"].shape == (50, 5)
    steps = ages / network.AGE_S - 0.5
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-4)
    assert 0 <= steps.min() <= steps.max() < network.N_AGES


def test_a_pedal_that_is_learnt_alone_goes_on_where_it_stopped(tmp_path, trained, pedalled):
    settings = replace(TINY, pedal=6)
    whole = TrainingLoop(in_new_folder(tmp_path / "whole"), settings, begin_with=trained)
    whole.train(pedalled, pedalled, progress=False)
    parts = TrainingLoop(in_new_folder(tmp_path / "parts"), replace(settings, steps=2), begin_with=trained)
    parts.settings = settings  # It is stopped after two of its four steps.
    for _ in range(2):
        parts.take_step(pedalled)
    parts.save()
    TrainingLoop(tmp_path / "parts", settings).train(pedalled, pedalled, progress=False)
    one, other = (read_tensors(tmp_path / name / "checkpoint.safetensors")[0] for name in ("whole", "parts"))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_pedal_cannot_be_learnt_alone_without_the_rest(tmp_path):
    with pytest.raises(TrainingError, match=r"setting pedal is 6: .* alone, .*--begin-with.*use 0"):
        TrainingLoop(tmp_path, replace(TINY, pedal=6))


def test_a_head_for_the_pedal_learns_for_how_long_it_has_been_down(tmp_path, trained, pedalled):
    settings = replace(TINY, pedal=16, steps=200, learning_rate=0.02, warm_up=5, average=0.5, frames=60)
    run = TrainingLoop(in_new_folder(tmp_path / "second"), settings, begin_with=trained)
    for _ in range(settings.steps):
        run.take_step(pedalled)
    x = torch.from_numpy(np.asarray(pedalled.inputs[0], np.float32)).permute(1, 0, 2)[None]
    run.mean.eval()
    with torch.no_grad():
        _, _, aged, _ = run.mean.hear(x, run.mean.empty_states())
    said = network.likely_age_s(aged[0, :, 1:])[network.DELAYS_MS.index(240)].numpy()
    known = pedal_ages([(0.3, 1.2)], np.arange(len(said)) * HOP / SR - 0.24)
    assert np.mean(np.abs(said - known)[np.isfinite(known)] < 0.1) > 0.7


def test_other_rooms_and_pitches_keep_sound_and_labels_together():
    rng = np.random.default_rng(3)
    notes = Notes([0.5], [1.0], [69], [90])
    y, moved = augment(render(notes, sr=SR), notes, rng)
    loud = np.flatnonzero(np.abs(y) > 0.3 * np.abs(y).max())[0] / SR
    assert loud == pytest.approx(moved.onset[0], abs=0.03)
    assert abs(moved.midi[0] - 69) <= 2


@pytest.mark.parametrize("seed", range(4))
def test_drills_and_rearrangements_are_playable(seed):
    rng = np.random.default_rng(seed)
    repeated = Notes([0.2, 0.7, 0.7, 1.2], [0.7, 1.2, 1.0, 1.5], [60, 60, 64, 60], [40, 80, 90, 100])
    drawn = (
        draw_drill(rng),
        draw_chords(rng),
        draw_held(rng),
        vary_excerpt(repeated, rng),
        with_octaves(repeated, rng),
    )
    for notes in drawn:
        assert len(notes)
        assert notes.midi.min() >= 21
        assert notes.midi.max() <= 108
        for key in np.unique(notes.midi):
            one = notes[notes.midi == key]
            assert np.all(one.offset[:-1] <= one.onset[1:])


def _doubles(notes):
    """How many strokes lie at an octave or the like above another at the same time."""
    together = np.abs(notes.onset[:, None] - notes.onset[None, :]) < TOGETHER_S
    return int((together & np.isin(notes.midi[:, None] - notes.midi[None, :], COMPANIONS)).any(axis=1).sum())


def test_octaves_are_struck_where_none_were_and_left_out_where_they_were():
    onset = np.arange(100.0)
    alone = Notes(onset, onset + 0.5, np.full(100, 60), np.full(100, 80.0))
    doubled = Notes.concatenate([alone, Notes(onset, onset + 0.5, np.full(100, 72), np.full(100, 60.0))])
    low = Notes(onset, onset + 0.5, np.full(100, 24), np.full(100, 80.0))
    for seed in range(4):
        assert with_octaves(low, np.random.default_rng(seed)).midi.min() >= 21
        more, fewer = (with_octaves(notes, np.random.default_rng(seed)) for notes in (alone, doubled))
        assert _doubles(more) > 8
        assert set(np.unique(more.midi - 60)) <= {0, *COMPANIONS, *(-step for step in COMPANIONS)}
        assert np.sum(np.isin(np.arange(100), np.round(fewer.onset[fewer.midi == 72]))) < 80


def test_held_keys_are_held_for_seconds_and_some_of_them_below_a_tune():
    moving = 0
    for seed in range(6):
        notes = draw_held(np.random.default_rng(seed))
        long = notes[notes.offset - notes.onset > 3.0]
        assert len(long) > 3
        moving += sum(
            np.any((notes.onset > held + 0.1) & (notes.onset < until - 0.1))
            for held, until in zip(long.onset, long.offset, strict=True)
        )
    assert moving > 5


def test_a_sampled_piano_without_single_notes_is_refused(folder):
    with pytest.raises(PianoError, match="holds no single notes: name them by their keys"):
        SampledPiano(folder, sr=SR)


def test_a_whole_training_ends_in_a_network_that_the_detector_runs(folder, tmp_path, capsys):
    config = tmp_path / "config.json"
    tiny = {"versions": 1, "rendered_hours": 0, "batch": 2, "frames": 40, "ear": 8, "width": 8, "rivals": 4, "every": 2}
    config.write_text(json.dumps({**tiny, "warm_up": 2, "validation_s": 1.5}))
    out = tmp_path / "out"
    words = ["train", "--data", str(folder), "--out", str(out), "--config", str(config), "--jobs", "1"]
    assert main([*words, "--steps", "2"]) == 0
    assert "1 held out" in capsys.readouterr().out
    assert main([*words, "--steps", "4"]) == 0  # goes on
    assert "goes on at step 2" in capsys.readouterr().out
    assert len((out / "log.csv").read_text().splitlines()) == 3
    description = json.loads((out / "neural.json").read_text())
    assert set(description["tracking"]) == {"0", "30", "60", "90", "240"}
    transcribe(render(NOTES, sr=SR), sr=SR, detector=f"neural:weights_file={out / 'neural.onnx'}")
    assert main([*words, "--seed", "7"]) == 2
    assert "another seed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("make", "words", "message"),
    [
        (lambda d: None, [], "holds no labelled recording"),
        (lambda d: write_labels(d / "alone.tsv", NOTES), [], "holds no labelled recording"),
        (lambda d: sound.write(d / "mute.wav", np.zeros(SR, np.float32), sr=SR), [], "no labels"),
        (None, ["--hold-out", "Bosendorfer"], "no recording is of piano 'Bosendorfer'"),
        (None, ["--steps", "0"], "'0' is no number of steps"),
        (None, ["--begin-with", "nowhere"], "nowhere holds no weights of a network of this size"),
        (None, ["--notes", "nowhere", "--pianos", "somewhere"], "with --pianos leave it out"),
        (None, ["--pianos", "nowhere"], "nowhere holds no piano"),
        (None, ["--notes", "nowhere"], "nowhere"),
        (None, ["--notes", "real"], "real holds recordings of data/real, which judge and never teach"),
        (None, ["--data", "real"], "real holds recordings of data/real, which judge and never teach"),
        (None, ["--data", str(data_dir() / "real" / "recordings")], "holds recordings of data/real"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(make, words, message, folder, tmp_path, capsys):
    data = folder
    if make is not None:
        data = tmp_path / "given"
        data.mkdir()
        make(data)
    out = tmp_path / "out"
    assert main(["train", "--data", str(data), "--out", str(out), *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2", "is no JSON object"),
        ('{"stepps": 3}', "setting 'stepps' is unknown"),
        ('{"steps": "many"}', "setting steps is 'many'"),
        ('{"batch": 0}', "setting batch is 0"),
        ('{"delay_weights": [1]}', "setting delay_weights"),
        ('{"takes": 4, "versions": 3}', "setting versions is given twice.*leave takes out"),
    ],
)
def test_a_wrong_config_is_refused(text, message, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(TrainingError, match=message.replace("[", r"\[")):
        read_settings(path)


def test_a_config_that_is_not_there_is_named_with_a_remedy(tmp_path):
    with pytest.raises(TrainingError, match=r"none\.json: No such file.*: give a JSON file of settings"):
        read_settings(tmp_path / "none.json")


def test_answers_do_not_depend_on_the_stretches(pieces):
    net = network.NoteNet(ear=8, width=8, rivals=4)
    whole, parts = answer_piece(net, pieces.inputs[0]), answer_piece(net, pieces.inputs[0], frames=17)
    assert whole[0].shape[2] == whole[1].shape[1] == len(pieces.inputs[0]) >= 100 * 320 // HOP
    for one, other in zip(whole, parts, strict=True):
        assert np.abs(one - other).max() < 0.02  # half precision


TRAINING = sorted(path.stem for path in Path(loop.__file__).parent.glob("[!_]*.py"))


@pytest.mark.parametrize("name", ["piano.degrade", *(f"training.{name}" for name in TRAINING)])
def test_what_is_public_says_what_goes_in_and_comes_out(name):
    module = importlib.import_module(f"pianolab.{name}")
    public = [thing for key, thing in vars(module).items() if key[0] != "_" and inspect.getmodule(thing) is module]
    public = [thing for thing in public if not (inspect.isclass(thing) and issubclass(thing, Exception))]
    for kind in [thing for thing in public if inspect.isclass(thing)]:
        public += [method for key, method in vars(kind).items() if key[0] != "_" and inspect.isroutine(method)]
    assert public
    for thing in public:
        for argument in set(inspect.signature(thing).parameters) - {"self"}:
            described = rf"^ +(\w+, )*\*{{0,2}}{argument}(, \w+)* :"
            assert re.search(described, thing.__doc__, re.M), (thing.__qualname__, argument)
        if inspect.isroutine(thing) and re.search(r"^ +return .", inspect.getsource(thing), re.M):
            assert "Returns" in thing.__doc__, thing.__qualname__
