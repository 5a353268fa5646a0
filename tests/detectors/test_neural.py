"""The network as a detector: what it is given, what it answers, what it refuses."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pianolab.detector import DetectorError
from pianolab.detectors.neural import DEFAULT, DELAYS_MS, LICENCES
from pianolab.detectors.neural import WEIGHTS as NETWORKS
from pianolab.dsp.network_input import FLOOR, N_BINS, SR, NeuralInput
from pianolab.piano import render
from pianolab.registry import create
from pianolab.roll import Notes
from pianolab.scores import score_pedal
from pianolab.session import Session, analyse, transcribe
from pianolab.units import midi_to_hz

WEIGHTS = NETWORKS["maps"]
CHORDS = Notes([0.3, 0.3, 0.3, 1.0, 1.0, 1.0], [0.9, 0.9, 0.9, 1.6, 1.6, 1.6], [48, 64, 67, 53, 65, 69], [70] * 6)


@pytest.mark.parametrize("midi", [45, 69, 93])
def test_a_sine_is_loudest_in_its_own_bin(midi):
    t = np.arange(SR) / SR
    y = np.sin(2 * np.pi * midi_to_hz(midi) * t).astype(np.float32)
    heard = NeuralInput().of(y)[30]
    assert np.abs(np.argmax(heard[1:], axis=1) - (3 * (midi - 21) + 1)).max() <= 1  # a third of a semitone
    assert heard[1].max() == pytest.approx(
        np.log10(1 + 1 / FLOOR), abs=0.4
    )  # a triangle holds one to two bins' worth of the lobe


def test_silence_reads_nothing():
    heard = NeuralInput().of(np.zeros(SR, np.float32))
    assert heard.shape == (50, 3, N_BINS)
    assert not np.any(heard)


@pytest.mark.parametrize("piano", ["grand", "bright"])
@pytest.mark.parametrize("lookahead_ms", [90, 240])
def test_two_chords_are_heard_whole_and_in_time(piano, lookahead_ms):
    """Every key within 20 ms. Octaves above may be imagined (the model card says how often), nothing else."""
    notes = transcribe(render(CHORDS, sr=44100, piano=piano), sr=44100, detector=f"neural:lookahead_ms={lookahead_ms}")
    for onset_s in (0.3, 1.0):
        played = set(CHORDS.midi[CHORDS.onset == onset_s].tolist())
        heard = set(notes.midi[np.abs(notes.onset - onset_s) < 0.02].tolist())
        assert played <= heard
        assert heard - played <= {midi + 12 for midi in played}
    assert np.all(np.abs(notes.onset[:, None] - [0.3, 1.0]).min(axis=1) < 0.02)


@pytest.mark.parametrize("lookahead_ms", [30, 60, 90, 240])
@pytest.mark.parametrize("midi", [48, 60, 84])
def test_a_recording_may_begin_with_its_first_stroke(midi, lookahead_ms):
    """What sounds within the first lookahead is heard as it comes, although no frame that is asked for ends there."""
    y = render(Notes([0.5], [1.5], [midi], [80]), sr=SR)[SR // 2 :]
    notes = transcribe(y, sr=SR, detector=f"neural:lookahead_ms={lookahead_ms}")
    assert notes.onset[notes.midi == midi][0] < 0.03


def test_a_louder_stroke_has_the_greater_velocity():
    strokes = Notes([0.3, 1.3], [1.0, 2.0], [60, 60], [30, 110])
    notes = transcribe(render(strokes, sr=SR), sr=SR, detector="neural")
    assert len(notes) == 2
    assert notes.velocity[1] > notes.velocity[0] + 20


@pytest.mark.parametrize("after_frame_ms", [0, 5, 10, 15])
def test_a_stroke_is_announced_within_its_lookahead_a_frame_and_a_peak(after_frame_ms):
    """90 ms of lookahead, at most a frame (20 ms) to the one that shows it, a frame to see the peak: 130 ms."""
    struck_s = 0.5 + after_frame_ms / 1000
    y = render(Notes([struck_s], [1.0], [60], [80]), sr=SR)
    session, told_s = Session("neural", sr=SR), None
    for start in range(0, len(y), 16):
        events = session.push(y[start : start + 16])
        if any(event.kind == "on" for event in events):
            told_s = (start + 16) / SR
            break
    assert told_s is not None
    assert 0.090 < told_s - struck_s <= 0.131  # blocks of 1 ms


@pytest.mark.parametrize("weights", NETWORKS)
@pytest.mark.parametrize("lookahead_ms", DELAYS_MS)
def test_frame_by_frame_is_the_same_as_all_at_once(lookahead_ms, weights):
    """Also at the very beginning, which each lookahead hears in its own way: this begins with a stroke."""
    y, spec = render(CHORDS, sr=SR)[round(0.29 * SR) :], f"neural:lookahead_ms={lookahead_ms},weights={weights}"
    whole = analyse(y, sr=SR, detector=spec)
    parts = []
    session = Session(spec, sr=SR, listen=parts.append)
    for start in range(0, len(y), 320):
        session.push(y[start : start + 320])
    session.flush()
    assert max(len(part) for part in parts[:20]) == 1
    optional = [name for name in ("pedal", "pedal_age") if getattr(whole, name) is not None]
    for name in ("onset", "strength", "offset", "velocity", *optional):
        stepwise = np.concatenate([getattr(part, name) for part in parts])
        assert len(stepwise) == len(whole) > 80
        assert np.allclose(stepwise, getattr(whole, name), atol=1e-5 * (127 if name == "velocity" else 1), rtol=0)


@pytest.mark.parametrize(("step_s", "held_s"), [(1.0, 0.4), (0.8, 0.3), (1.5, 0.5), (1.0, 0.95)])
def test_a_pedal_that_holds_chords_is_heard(step_s, held_s):
    """It is changed at each chord, 0.15 s after it; and the keys are let go before it goes up."""
    chords = [(48, 60, 64, 67), (45, 57, 60, 64), (41, 57, 60, 65), (43, 55, 59, 62)] * 2
    starts = 0.5 + step_s * np.arange(len(chords))
    notes = Notes(np.repeat(starts, 4), np.repeat(starts, 4) + held_s, np.concatenate(chords), np.full(32, 80.0))
    pedal = np.stack([starts + 0.15, np.append(starts[1:], starts[-1] + step_s)], axis=1)
    session = Session("neural", sr=SR)
    session.push(render(notes, sr=SR, pedal=pedal))
    session.flush()
    assert session.pedal is not None
    assert score_pedal(pedal, session.pedal)["pedal_frame_f1"] > 0.8


@pytest.mark.parametrize("weights", NETWORKS)
def test_the_description_says_what_the_weights_are(weights):
    description = json.loads(NETWORKS[weights].with_suffix(".json").read_text(encoding="utf-8"))
    assert set(description["tracking"]) == {str(ms) for ms in DELAYS_MS}
    assert NETWORKS[weights].stat().st_size < 6e6
    assert description["settings"]["seed"] >= 0


def test_each_set_of_weights_has_its_licence_beside_it():
    texts = {name: path.read_text(encoding="utf-8") for name, path in LICENCES.items()}
    assert "CC BY-NC-SA 4.0" in texts["maps"]
    assert "CC BY 4.0" in texts["free"]
    assert "NC" not in texts["free"]
    for name, text in texts.items():
        assert text.startswith(NETWORKS[name].name)


def test_the_licence_of_the_free_weights_names_all_whose_work_was_learnt_from():
    """The page of attribution has a row for each; the licence is what stands in the wheel."""
    page = (Path(__file__).parents[2] / "data/neural/ATTRIBUTION.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")][1:]
    licence = " ".join(LICENCES["free"].read_text(encoding="utf-8").split())
    assert len(rows) >= 11
    for what, author, terms in rows:
        for word in (*what.split(), *author.split(), *terms.split()):
            assert word.strip(",;()") in licence, f"{what}: {word}"


@pytest.mark.parametrize("weights", [name for name in NETWORKS if name != DEFAULT])
def test_a_network_of_ones_own_takes_the_place_of_the_packages(weights):
    with pytest.raises(DetectorError, match="weights changes nothing beside weights_file: leave weights out"):
        create("neural", weights=weights, weights_file=str(WEIGHTS))


def test_each_choice_of_weights_can_be_made_and_says_so():
    made = {name: create(f"neural:weights={name}") for name in NETWORKS}
    assert {name: detector.weights for name, detector in made.items()} == NETWORKS
    specs = {name: "neural" if name == DEFAULT else f"neural:weights={name}" for name in NETWORKS}
    assert {name: detector.spec for name, detector in made.items()} == specs


def test_a_lookahead_that_was_not_learnt_is_refused():
    with pytest.raises(DetectorError, match="lookahead_ms=50 is not a choice"):
        create("neural:lookahead_ms=50")


def test_a_file_that_is_no_network_is_refused_in_one_line(tmp_path):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a network")
    broken.with_suffix(".json").write_text("{}")
    for path in (broken, tmp_path / "none.onnx"):
        with pytest.raises(DetectorError, match="is no network of `pianolab train`") as caught:
            create("neural", weights_file=str(path))
        assert "\n" not in str(caught.value)


def test_a_network_that_was_not_tuned_yet_asks_if_a_string_was_struck_and_has_the_trackers_own_settings(tmp_path):
    network = shutil.copy(WEIGHTS, tmp_path / "mine.onnx")
    network.with_suffix(".json").write_text(json.dumps({"delays_ms": DELAYS_MS}))
    assert create("neural", weights_file=str(network)).tracking == {"struck_threshold": 0.5}


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        ([], "delays_ms"),
        ({}, "delays_ms"),
        ({"delays_ms": [0, 90]}, "delays_ms"),
        ({"delays_ms": DELAYS_MS, "tracking": []}, "settings by lookahead"),
        ({"delays_ms": DELAYS_MS, "tracking": {"90": 0.5}}, "settings by lookahead"),
        ({"delays_ms": DELAYS_MS, "tracking": {"90": {"foo": 1}}}, "the tracker has no setting 'foo'"),
        ({"delays_ms": DELAYS_MS, "tracking": {"90": {"policy": "mono"}}}, "tells the tracker a policy"),
        ({"delays_ms": DELAYS_MS, "tracking": {"90": {"threshold": "high"}}}, "threshold 'high' cannot be used"),
        ({"delays_ms": DELAYS_MS, "tracking": {"90": {"threshold": 1.5}}}, "threshold 1.5 cannot be used"),
    ],
)
def test_a_description_of_something_else_is_refused_in_one_line(tmp_path, description, reason):
    network = shutil.copy(WEIGHTS, tmp_path / "mine.onnx")
    network.with_suffix(".json").write_text(json.dumps(description))
    with pytest.raises(DetectorError, match=f"is no network of `pianolab train` .*{reason}") as caught:
        create("neural", weights_file=str(network))
    assert "\n" not in str(caught.value)


def message(*fields):
    """A short protobuf message of (number, value): whole numbers below 128, texts and inner messages."""
    parts = []
    for number, value in fields:
        value = value.encode() if isinstance(value, str) else value
        small = isinstance(value, int)
        parts.append(bytes([8 * number, value]) if small else bytes([8 * number + 2, len(value)]) + value)
    return b"".join(parts)


def passing_on(name):
    """The ONNX file of a network that gives back its one input, written out field by field (onnx.proto)."""
    floats = message((1, message((1, 1))))
    node = message((1, name), (2, "answers"), (4, "Identity"))
    graph = message(
        (1, node), (2, "g"), (11, message((1, name), (2, floats))), (12, message((1, "answers"), (2, floats)))
    )
    return message((1, 8), (7, graph), (8, message((1, ""), (2, 17))))


@pytest.mark.parametrize(("name", "reason"), [("x", "it has inputs x"), ("heard", "it answers one frame in shape")])
def test_another_network_that_onnxruntime_can_run_is_refused_in_one_line(tmp_path, name, reason):
    other = tmp_path / "other.onnx"
    other.write_bytes(passing_on(name))
    shutil.copy(WEIGHTS.with_suffix(".json"), other.with_suffix(".json"))
    with pytest.raises(DetectorError, match=f"is no network of `pianolab train` .*{reason}") as caught:
        create("neural", weights_file=str(other))
    assert "\n" not in str(caught.value)


def test_onnxruntime_keeps_no_telemetry_of_who_hears(tmp_path):
    """In a home of its own, because onnxruntime reads its setting once in a process."""
    env = os.environ | {"HOME": str(tmp_path)}
    for name in ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"):
        env.pop(name, None)
    code = "import numpy, pianolab; pianolab.transcribe(numpy.zeros(16000), sr=16000, detector='neural')"
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert [path for path in tmp_path.rglob("*") if "onnxruntime" in path.name] == []


@pytest.mark.external
def test_real_pieces_are_heard(recordings):
    """The first 30 s of three real recordings: far above what the classical methods reach (.64)."""
    from pianolab.data import load_dataset
    from pianolab.scores import score_notes

    found = []
    real = [r for r in load_dataset(recordings / "maps") if r.source == "real" and r.kind == "piece"]
    for recording in real[:: len(real) // 3][:3]:
        y, sr = recording.load(duration_s=30.0)
        heard = transcribe(y, sr=sr, detector="neural").between(0, 30)
        found.append(score_notes(recording.notes().on_keyboard().between(0, 30), heard)["onset_f1"])
    assert len(found) == 3
    assert np.mean(found) > 0.7
