"""What every detector owes, whatever its method and however well it hears; tests/quality asks whether ours are right.

Of a detector of your own: python -m pytest tests/contract --detector FILE.py:Class
"""

import inspect
import subprocess
import sys
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest

from pianolab.detector import DetectorError, parameters
from pianolab.frames import frame_count, frame_times
from pianolab.piano import render
from pianolab.registry import create
from pianolab.roll import Notes, Salience
from pianolab.session import Session, analyse, transcribe
from pianolab.units import cents_between, key_hz

MELODY = Notes([0.05, 0.35, 0.70], [0.30, 0.65, 0.95], [45, 64, 93])
ABSURD = (10_000_000, -(10**7), 2**63, 1e308, -1e308)
MOST_MB = 1200  # A detector and its libraries, hearing half a second.
EVIDENCE = ("onset", "offset", "velocity", "struck", "pedal")


@pytest.fixture(scope="module")
def melody():
    """Three notes in 1.15 s at 44.1 kHz."""
    return render(MELODY, sr=44100, tail_s=0.2)


def heard(y, *, sr, detector, block):
    """Salience and notes of a signal pushed in blocks."""
    parts = []
    session = Session(detector, sr=sr, listen=parts.append)
    for start in range(0, len(y), block):
        session.push(y[start : start + block])
    session.flush()
    return Salience.concatenate(parts), session.notes


def same(a, b):
    """Within what the design allows: 1e-5 in strength and level, 0.01 cent in pitch, 1e-9 s in the times of notes."""
    (one, notes), (other, other_notes) = a, b
    assert len(one) > 0
    assert np.array_equal(one.times, other.times)
    assert np.allclose(one.strength, other.strength, atol=1e-5, rtol=0)
    assert np.allclose(one.level_db, other.level_db, atol=1e-5, rtol=0)
    assert np.array_equal(np.isnan(one.hz), np.isnan(other.hz))
    known = ~np.isnan(one.hz)
    assert np.all(np.abs(cents_between(one.hz[known], other.hz[known])) < 0.01)
    for name in EVIDENCE:
        first, second = getattr(one, name), getattr(other, name)
        assert (first is None) == (second is None)
        assert first is None or np.allclose(first, second, atol=1e-5, rtol=0)
    assert np.array_equal(notes.midi, other_notes.midi)
    assert np.allclose(notes.onset, other_notes.onset, atol=1e-9, rtol=0)
    assert np.allclose(notes.offset, other_notes.offset, atol=1e-9, rtol=0)


def refuse_nonsense(salience, detector):
    """Every number of the evidence is one that the tracker can use."""
    assert np.all((salience.strength >= 0) & (salience.strength <= 1))  # NaN is neither
    assert np.all(np.isnan(salience.hz) | ((salience.hz > 0) & np.isfinite(salience.hz)))
    assert np.all(salience.level_db <= 6.0)  # -inf is digital silence
    assert salience.onset is None or np.all((salience.onset >= 0) & (salience.onset <= 1))
    assert salience.offset is None or np.all((salience.offset >= 0) & (salience.offset <= 1))
    assert salience.velocity is None or np.all((salience.velocity >= 0) & (salience.velocity <= 127))
    assert detector.polyphonic or np.all(np.count_nonzero(salience.strength, axis=1) <= 1)


# What it says of itself


def test_it_says_in_one_line_what_it_is(detector):
    assert detector.summary.strip()
    assert "\n" not in detector.summary


def test_its_settings_are_given_by_name_and_have_defaults(detector):
    _, *taken = inspect.signature(type(detector).__init__).parameters.values()  # the first is the detector itself
    assert {one.kind for one in taken} <= {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}
    assert all(one.default is not inspect.Parameter.empty for one in parameters(type(detector)).values())


def test_its_text_makes_it_again(detector):
    again = create(detector.spec)
    assert type(again) is type(detector)
    assert again.params == detector.params
    assert repr(again) == repr(detector)


def test_a_setting_that_it_lacks_is_refused_by_name(spec):
    with pytest.raises(DetectorError, match="no parameter 'no_such_setting'"):
        create(spec, no_such_setting=1)


def numbers(spec):
    """The settings that are numbers."""
    declared = parameters(type(create(spec))).values()
    return [one for one in declared if one.kind in (int, float) and not one.choices]


def peak_mb(spec, settings):
    """The most memory, in megabytes, of a process that hears half a second with each of some settings."""
    if sys.platform != "linux":
        pytest.skip("the memory of one process is limited and measured as Linux does it")
    script = Path(__file__).with_name("absurd_numbers.py")
    words = [sys.executable, str(script), spec, *(f"{name}={value!r}" for name, value in settings)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return float(done.stdout.split()[-1])


def test_an_absurd_number_is_refused_or_takes_little_memory(spec):
    unbounded = []
    for one in numbers(spec):
        for value in (one.kind(value) for value in ABSURD if abs(value) < 1e300 or one.kind is float):
            if one.between is None:
                unbounded.append((one.name, value))
                continue
            with pytest.raises(DetectorError, match=rf"^{one.name} \S+ cannot be used: give a number from \S+ to \S+$"):
                create(spec, **{one.name: value})
    names = ", ".join({name for name, _ in unbounded})
    assert not unbounded or peak_mb(spec, unbounded) < MOST_MB, f"say Annotated[int, Between(1, 100)] or so of {names}"


@pytest.mark.slow
def test_the_highest_and_the_lowest_number_take_little_memory(spec):
    ends = [(one.name, one.kind(end)) for one in numbers(spec) if one.between for end in astuple(one.between)]
    assert not ends or peak_mb(spec, ends) < MOST_MB


def test_its_frames_delay_and_tracking_are_such_that_a_session_can_use_them(detector):
    assert 1 <= detector.hop_length <= detector.frame_length
    assert 0 < detector.lookahead <= detector.frame_length
    assert abs(detector.onset_delay_s) < 1.0
    assert Session(detector, sr=44100).notes == Notes.empty()


# Blocks and streams


@pytest.mark.parametrize("sr", [16000, 44100, 48000])
def test_what_is_heard_does_not_depend_on_the_blocks(spec, sr):
    y = render(MELODY, sr=sr, tail_s=0.2)
    whole = heard(y, sr=sr, detector=spec, block=len(y))
    for block in (128, 441, 1024, 4096):
        same(whole, heard(y, sr=sr, detector=spec, block=block))


def test_one_sample_at_a_time_is_the_same_sound(spec):
    y = render(MELODY, sr=16000, tail_s=0.0)[: 16000 // 4]
    same(heard(y, sr=16000, detector=spec, block=len(y)), heard(y, sr=16000, detector=spec, block=1))


def test_reset_forgets_what_was_heard(spec, detector, melody):
    fresh = heard(melody, sr=44100, detector=spec, block=4096)
    heard(melody[::-1], sr=44100, detector=detector, block=4096)
    same(fresh, heard(melody, sr=44100, detector=detector, block=4096))


def test_two_streams_do_not_hear_each_other(spec, melody):
    backwards = melody[::-1].copy()
    parts = ([], [])
    sessions = [Session(spec, sr=44100, listen=part.append) for part in parts]
    for start in range(0, len(melody), 4096):
        for session, y in zip(sessions, (melody, backwards), strict=True):
            session.push(y[start : start + 4096])
    for session, part, y in zip(sessions, parts, (melody, backwards), strict=True):
        session.flush()
        same((Salience.concatenate(part), session.notes), heard(y, sr=44100, detector=spec, block=4096))


@pytest.mark.parametrize("n_samples", [1, 441, 30000])
def test_frames_are_counted_and_timed_as_the_framer_does_it(detector, melody, n_samples):
    n_frames = frame_count(int(np.ceil(n_samples * detector.sr / 44100)), hop_length=detector.hop_length)
    times = frame_times(0, n_frames, hop_length=detector.hop_length, sr=detector.sr)
    assert np.allclose(analyse(melody[:n_samples], sr=44100, detector=detector).times, times, atol=1e-9, rtol=0)


def test_a_stream_without_a_sample_gives_nothing(detector):
    session = Session(detector, sr=44100)
    assert session.flush() == []
    assert session.notes == Notes.empty()


# The evidence


@pytest.mark.parametrize("signal", ["melody", "silence", "dc", "noise", "one sample", "square"])
def test_whatever_sounds_the_evidence_is_in_its_ranges(detector, signal):
    y = {
        "melody": render(MELODY, sr=16000),
        "silence": np.zeros(8000),
        "dc": np.full(8000, 0.5),
        "noise": 0.1 * np.random.default_rng(1).standard_normal(8000),
        "one sample": np.ones(1),
        "square": np.sign(np.sin(2 * np.pi * 220 * np.arange(8000) / 16000 + 0.1)),
    }[signal].astype(np.float32)
    evidence = analyse(y, sr=16000, detector=detector)
    assert len(evidence) > 0
    refuse_nonsense(evidence, detector)


def test_silence_has_no_notes(detector):
    assert len(transcribe(np.zeros(16000, np.float32), sr=16000, detector=detector)) == 0


@pytest.mark.parametrize("sr", [8000, 22050, 192000])
def test_every_rate_is_heard_and_keys_above_its_nyquist_stay_empty(detector, sr):
    evidence = analyse(render(Notes([0.1], [0.6], [69]), sr=sr, tail_s=0.1), sr=sr, detector=detector)
    assert len(evidence) > 0
    refuse_nonsense(evidence, detector)
    assert np.all(evidence.strength[:, key_hz() > sr / 2] == 0)


@pytest.mark.parametrize("amplitude", [0.5, 0.05])
def test_the_level_of_a_sine_is_told_within_a_decibel(detector, amplitude):
    y = amplitude * np.sin(2 * np.pi * 440 * np.arange(2 * detector.sr) / detector.sr).astype(np.float32)
    level_db = analyse(y, sr=detector.sr, detector=detector).between(0.8, 1.2).level_db
    assert len(level_db) > 0
    assert np.allclose(level_db, 20 * np.log10(amplitude / np.sqrt(2)), atol=1.0, rtol=0)
