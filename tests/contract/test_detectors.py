"""What every registered detector must keep, whatever its method."""

import numpy as np
import pytest

from pianolab.frames import frame_count
from pianolab.piano import render
from pianolab.registry import create, load_all
from pianolab.roll import Notes, Salience
from pianolab.session import Session, analyse, transcribe
from pianolab.units import cents_between, key_hz, midi_to_key

DETECTORS, FAILURES = load_all()
NAMES = [name for name, cls in DETECTORS.items() if not cls.peer]  # peers: test_external.py
MELODY = Notes([0.05, 0.35, 0.70], [0.30, 0.65, 0.95], [45, 64, 93])


def test_every_detector_file_can_be_imported():
    assert NAMES
    assert FAILURES == {}


def heard(y, *, sr, detector, block):
    """Salience and notes of a signal pushed in blocks."""
    parts = []
    session = Session(detector, sr=sr, listen=parts.append)
    for start in range(0, max(len(y), 1), block):
        session.push(y[start : start + block])
    session.flush()
    return Salience.concatenate(parts), session.notes


def same(a, b):
    """The invariance that the design states."""
    (one, notes), (other, other_notes) = a, b
    assert len(one) > 0
    assert np.array_equal(one.times, other.times)
    assert np.allclose(one.strength, other.strength, atol=1e-5, rtol=0)
    assert np.allclose(one.level_db, other.level_db, atol=1e-5, rtol=0)
    assert np.array_equal(np.isnan(one.hz), np.isnan(other.hz))
    known = ~np.isnan(one.hz)
    assert np.all(np.abs(cents_between(one.hz[known], other.hz[known])) < 0.01)
    for name in ("onset", "offset", "velocity"):
        first, second = getattr(one, name), getattr(other, name)
        assert (first is None) == (second is None)
        assert first is None or np.allclose(first, second, atol=1e-5, rtol=0)
    assert np.array_equal(notes.midi, other_notes.midi)
    assert np.allclose(notes.onset, other_notes.onset, atol=1e-9, rtol=0)
    assert np.allclose(notes.offset, other_notes.offset, atol=1e-9, rtol=0)


@pytest.mark.parametrize("sr", [16000, 44100, 48000])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_heard_does_not_depend_on_the_blocks(name, sr):
    y = render(MELODY, sr=sr, tail_s=0.2)
    whole = heard(y, sr=sr, detector=name, block=len(y))
    assert len(whole[1])
    for block in (128, 441, 1024, 4096):
        same(whole, heard(y, sr=sr, detector=name, block=block))


@pytest.mark.parametrize("name", NAMES)
def test_one_sample_at_a_time_is_the_same_sound(name):
    y = render(MELODY, sr=16000, tail_s=0.0)[: 16000 // 4]
    same(heard(y, sr=16000, detector=name, block=len(y)), heard(y, sr=16000, detector=name, block=1))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("signal", ["silence", "dc", "noise", "one sample", "square"])
def test_what_is_no_note_breaks_nothing(name, signal):
    y = {
        "silence": np.zeros(8000),
        "dc": np.full(8000, 0.5),
        "noise": 0.1 * np.random.default_rng(1).standard_normal(8000),
        "one sample": np.ones(1),
        "square": np.sign(np.sin(2 * np.pi * 220 * np.arange(8000) / 16000 + 0.1)),
    }[signal].astype(np.float32)
    evidence = analyse(y, sr=16000, detector=name)
    assert len(evidence) > 0
    assert np.all((evidence.strength >= 0) & (evidence.strength <= 1))
    assert not np.any(np.isnan(evidence.strength))
    assert evidence.onset is None or np.all((evidence.onset >= 0) & (evidence.onset <= 1))
    if signal in ("silence", "one sample"):
        assert len(transcribe(y, sr=16000, detector=name)) == 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sr", [8000, 11025, 22050, 32000, 96000, 192000])
def test_every_rate_is_heard_and_keys_above_its_nyquist_stay_empty(name, sr):
    y = render(Notes([0.1], [0.6], [69]), sr=sr, tail_s=0.1)
    evidence = analyse(y, sr=sr, detector=name)
    sounding = evidence.between(0.2, 0.5).best_key
    assert np.median(sounding) == midi_to_key(69)
    assert np.all(evidence.strength[:, key_hz() > sr / 2] == 0)


@pytest.mark.parametrize("name", NAMES)
def test_reset_forgets_what_was_heard(name):
    y = render(MELODY, sr=44100, tail_s=0.0)[:20000]
    detector = create(name)
    first = heard(y, sr=44100, detector=detector, block=4096)
    again = heard(y, sr=44100, detector=detector, block=4096)
    same(first, again)


@pytest.mark.parametrize("name", NAMES)
def test_frames_are_counted_as_the_framer_counts_them(name):
    y = render(MELODY, sr=44100, tail_s=0.0)[:30000]
    detector = create(name)
    wanted = frame_count(int(np.ceil(len(y) * detector.sr / 44100)), hop_length=detector.hop_length)
    assert len(analyse(y, sr=44100, detector=detector)) == wanted
