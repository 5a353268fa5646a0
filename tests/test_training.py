"""Training: targets, batches, the network's arithmetic, stopping and going on, and what is refused."""

# ruff: noqa: E402 (what needs PyTorch is imported only where it is)

import errno
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install -e '.[train]'")

from pianolab import audio
from pianolab.cli import main
from pianolab.labels import write_labels
from pianolab.neural_input import HOP, SR, NeuralInput
from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.session import transcribe
from pianolab.training import course, export, material, network
from pianolab.training.batches import Pieces, batch, louder
from pianolab.training.settings import Settings, TrainingError
from pianolab.training.targets import rolls
from pianolab.training.train import Run, learning_rate
from pianolab.training.validation import answers, peaks

TINY = Settings(
    takes=1, rendered_hours=0.0, steps=4, batch=2, frames=40, ear=8, width=8, rivals=4, every=2, warm_up=2,
    validation_s=2.0,
)  # fmt: skip
NOTES = Notes([0.2, 0.2, 0.9], [0.7, 0.8, 1.4], [60, 64, 67], [40, 80, 100])


@pytest.fixture
def folder(tmp_path):
    """Three labelled recordings of two seconds."""
    here = tmp_path / "recordings"
    here.mkdir()
    for i in range(3):
        notes = Notes(NOTES.onset, NOTES.offset, NOTES.midi + i, NOTES.velocity)
        audio.write(here / f"piece_{i}.wav", render(notes, sr=SR), sr=SR)
        write_labels(here / f"piece_{i}.tsv", notes)
    return here


@pytest.fixture
def pieces(tmp_path):
    here = tmp_path / "material"
    here.mkdir()
    np.save(here / "a.npy", NeuralInput().of(render(NOTES, sr=SR)).astype(np.float16))
    write_labels(here / "a.tsv", NOTES)
    return Pieces(here)


def test_targets_peak_at_onsets_and_hold_while_the_key_is_down():
    ends_s = np.arange(100) * 0.02
    onset, frame, offset, velocity = rolls(NOTES, ends_s, 0.09)[:, :, 60 - 21]
    assert onset[12:18] == pytest.approx([0, 0.4, 0.8, 0.8, 0.4, 0], abs=1e-5)  # 0.2 s lies between frames 14 and 15
    assert np.flatnonzero(frame).tolist() == list(range(15, 40))
    assert offset[39] == pytest.approx(0.8, abs=1e-5)
    assert velocity[15] == pytest.approx(40 / 127)


def test_peaks_give_targets_back_as_notes():
    onset = rolls(NOTES, np.arange(100) * 0.02, 0.09)[0]
    found = peaks(onset, 0.5, 0.09)
    assert sorted(found.midi) == [60, 64, 67]
    assert np.abs(np.sort(found.onset) - NOTES.onset).max() < 0.006


def test_the_gradient_of_a_stack_is_that_of_its_parts():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, 2, 98, dtype=torch.double, generator=generator, requires_grad=True)
    weight = torch.randn(3 * len(network.HARMONICS), 4, dtype=torch.double, generator=generator, requires_grad=True)
    pull = torch.randn(2, 2, 88, 4, dtype=torch.double, generator=generator)
    plain = torch.autograd.grad((network.stack(x) @ weight * pull).sum(), (x, weight))
    ours = torch.autograd.grad((network._Stack.apply(x, weight) * pull).sum(), (x, weight))
    for one, other in zip(plain, ours, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_a_stack_gathers_what_stands_at_the_partials():
    x = torch.arange(98.0)[None, None, None]
    column = network.stack(x)[0, 0, 30]
    assert column.tolist() == [30 + h for h in network.HARMONICS]


def test_the_network_hears_the_same_in_pieces_and_looks_only_back():
    net = network.NoteNet(ear=8, width=8, rivals=4).eval()
    x = torch.rand(1, 3, 60, 294, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        whole, _ = net(x, net.empty_states())
        states, parts = net.empty_states(), []
        for start in (0, 1, 8, 37):
            stop = {0: 1, 1: 8, 8: 37, 37: 60}[start]
            out, states = net(x[:, :, start:stop], states)
            parts.append(out)
        changed = x.clone()
        changed[:, :, 30:] = 0.0
        other, _ = net(changed, net.empty_states())
    assert torch.allclose(whole, torch.cat(parts, dim=3), atol=1e-5)
    assert torch.equal(whole[:, :, :, :30], other[:, :, :, :30])
    assert not torch.equal(whole[:, :, :, 30:], other[:, :, :, 30:])


def test_the_exported_network_answers_as_the_trained_one(tmp_path, pieces):
    onnxruntime = pytest.importorskip("onnxruntime")
    run = Run(tmp_path, TINY)
    for _ in range(3):
        run._one_step(pieces)
    run._keep({})
    export.export(tmp_path / "best.safetensors", tmp_path / "neural.onnx")
    net, _ = export.load_weights(tmp_path / "best.safetensors")
    heard = np.asarray(pieces.inputs[0][:50], np.float32)
    with torch.no_grad():
        out, _ = net(torch.from_numpy(heard).permute(1, 0, 2)[None], net.empty_states())
    session = onnxruntime.InferenceSession(tmp_path / "neural.onnx", providers=["CPUExecutionProvider"])
    given = {i.name: np.zeros(i.shape, np.float32) for i in session.get_inputs()[1:]}
    mine = session.run(["answers"], {"heard": heard, **given})[0]
    assert mine == pytest.approx(torch.sigmoid(out[0]).permute(2, 0, 1, 3).numpy(), abs=1e-5)


def test_louder_input_is_the_input_of_louder_sound():
    y = render(NOTES, sr=SR)
    soft, loud = NeuralInput().of(0.25 * y), NeuralInput().of(y)
    assert louder(soft, np.full(294, 4.0, np.float32)) == pytest.approx(loud, abs=2e-3)


def test_a_batch_depends_on_seed_and_step_alone(pieces):
    one, again = batch(pieces, TINY, 5), batch(pieces, TINY, 5)
    other = batch(pieces, TINY, 6)
    assert torch.equal(one[0], again[0])
    assert torch.equal(one[1], again[1])
    assert not torch.equal(one[0], other[0])


def test_the_learning_rate_rises_stays_and_falls():
    settings = replace(TINY, steps=100, warm_up=10, fall=0.4, learning_rate=1.0)
    rates = [learning_rate(settings, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[10:60] == pytest.approx([1.0] * 50)
    assert rates[80] == pytest.approx(0.5)
    assert rates[99] < 0.03


def test_a_training_that_was_stopped_goes_on_to_the_same_weights(tmp_path, pieces):
    straight = Run(tmp_path / "a", TINY)
    for _ in range(4):
        straight._one_step(pieces)
    (tmp_path / "b").mkdir()
    stopped = Run(tmp_path / "b", TINY)
    for _ in range(2):
        stopped._one_step(pieces)
    stopped.save()
    resumed = Run(tmp_path / "b", TINY)
    assert resumed.step == 2
    for _ in range(2):
        resumed._one_step(pieces)
    for one, other in zip(straight.net.state_dict().values(), resumed.net.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_steps_make_the_loss_smaller(tmp_path, pieces):
    run = Run(tmp_path, replace(TINY, steps=60, warm_up=5, width=16))
    losses = [run._one_step(pieces) for _ in range(40)]
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])


def test_a_full_disk_keeps_the_last_good_checkpoint(tmp_path, pieces, monkeypatch):
    run = Run(tmp_path, TINY)
    run._one_step(pieces)
    run.save()
    good = run.checkpoint.read_bytes()

    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    run._one_step(pieces)
    with pytest.raises(TrainingError, match=r"No space left on device.*last good one is kept"):
        run.save()
    assert run.checkpoint.read_bytes() == good
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".tmp"] == []


def test_a_damaged_checkpoint_is_refused(tmp_path):
    (tmp_path / "checkpoint.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(TrainingError, match="is damaged or of another network"):
        Run(tmp_path, TINY)


def test_a_checkpoint_of_another_width_is_refused(tmp_path, pieces):
    run = Run(tmp_path, TINY)
    run._one_step(pieces)
    run.save()
    with pytest.raises(TrainingError, match="of another network"):
        Run(tmp_path, replace(TINY, width=16))


def test_other_rooms_and_pitches_keep_sound_and_labels_together():
    rng = np.random.default_rng(3)
    notes = Notes([0.5], [1.0], [69], [90])
    y, moved = material.elsewhere(render(notes, sr=SR), notes, rng)
    loud = np.flatnonzero(np.abs(y) > 0.3 * np.abs(y).max())[0] / SR
    assert loud == pytest.approx(moved.onset[0], abs=0.03)
    assert abs(moved.midi[0] - 69) <= 2


@pytest.mark.parametrize("seed", range(4))
def test_drills_and_rearrangements_are_playable(seed):
    rng = np.random.default_rng(seed)
    for notes in (material.drill(rng), material.rearranged(NOTES, rng)):
        assert len(notes)
        assert notes.midi.min() >= 21
        assert notes.midi.max() <= 108
        for key in np.unique(notes.midi):
            one = notes[notes.midi == key]
            assert np.all(one.onset[1:] >= one.onset[:-1])


def test_a_whole_course_ends_in_a_network_that_the_detector_runs(folder, tmp_path, capsys):
    config = tmp_path / "config.json"
    tiny = {"takes": 1, "rendered_hours": 0, "batch": 2, "frames": 40, "ear": 8, "width": 8, "rivals": 4, "every": 2}
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
        (lambda d: audio.write(d / "mute.wav", np.zeros(SR, np.float32), sr=SR), [], "no labels"),
        (None, ["--hold-out", "Bosendorfer"], "no recording is of piano 'Bosendorfer'"),
        (None, ["--steps", "0"], "'0' is no number of steps"),
        (None, ["--notes", "nowhere"], "nowhere"),
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
    ],
)
def test_a_wrong_config_is_refused(text, message, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(TrainingError, match=message.replace("[", r"\[")):
        course.settings_from(path)


def test_answers_do_not_depend_on_the_stretches(pieces):
    net = network.NoteNet(ear=8, width=8, rivals=4)
    whole, parts = answers(net, pieces.inputs[0]), answers(net, pieces.inputs[0], frames=17)
    assert whole.shape[2] == len(pieces.inputs[0]) >= 100 * 320 // HOP
    assert np.abs(whole - parts).max() < 0.02  # half precision
