"""The network as a detector: what it is given, what it answers, what it refuses."""

import json

import numpy as np
import pytest

from pianolab.detector import DetectorError, create
from pianolab.detectors.neural import DELAYS_MS, WEIGHTS
from pianolab.neural_input import FLOOR, N_BINS, SR, NeuralInput
from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.session import Session, analyse, transcribe
from pianolab.units import midi_to_hz

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


def test_a_stroke_is_announced_within_its_lookahead_a_frame_and_a_peak():
    """90 ms of lookahead, a frame of 20 ms, a frame to see the peak: 130 ms."""
    y = render(Notes([0.5], [1.0], [60], [80]), sr=SR)
    session, told_s = Session("neural", sr=SR), None
    for start in range(0, len(y), 16):
        events = session.push(y[start : start + 16])
        if any(event.kind == "on" for event in events):
            told_s = (start + 16) / SR
            break
    assert told_s is not None
    assert told_s <= 0.5 + 0.130 + 0.020  # the network's own peak may come a frame late


def test_frame_by_frame_is_the_same_as_all_at_once():
    y = render(CHORDS, sr=SR)
    whole = analyse(y, sr=SR, detector="neural")
    parts = []
    session = Session("neural", sr=SR, listen=parts.append)
    for start in range(0, len(y), 320):
        session.push(y[start : start + 320])
    session.flush()
    assert max(len(part) for part in parts[:20]) == 1
    for name in ("onset", "strength", "offset", "velocity"):
        stepwise = np.concatenate([getattr(part, name) for part in parts])
        assert np.allclose(stepwise, getattr(whole, name), atol=1e-5 * (127 if name == "velocity" else 1), rtol=0)


def test_the_description_says_what_the_weights_are():
    description = json.loads(WEIGHTS.with_suffix(".json").read_text(encoding="utf-8"))
    assert set(description["tracking"]) == {str(ms) for ms in DELAYS_MS}
    assert description["settings"]["seed"] >= 0
    assert WEIGHTS.stat().st_size < 12e6
    assert "BY-NC-SA" in WEIGHTS.with_name("WEIGHTS_LICENSE").read_text(encoding="utf-8")


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


@pytest.mark.external
def test_real_pieces_are_heard(recordings):
    """The first 30 s of three of MAPS's real recordings: far above what the classical methods reach (.64)."""
    from pianolab.datasets import load_dataset
    from pianolab.scores import score_notes

    found = []
    for recording in list(load_dataset(recordings / "maps" / "real"))[::8]:
        y, sr = recording.load(duration_s=30.0)
        heard = transcribe(y, sr=sr, detector="neural").between(0, 30)
        found.append(score_notes(recording.notes().on_keyboard().between(0, 30), heard)["onset_f1"])
    assert len(found) == 3
    assert np.mean(found) > 0.7
