"""Steps that make a recording worse: each as strong as it was asked to be, in one order, the same for one seed."""

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from pianolab import sound
from pianolab.piano import read_response, reverberation_time_s
from pianolab.piano.steps import _ACTIONS, _NOISES, _SPEECH, degraded
from pianolab.texts.degradations import KINDS, Step, detune_ratio

SR = 16000


def tone(hz=440.0, seconds=1.0, level=0.1):
    return (level * np.sin(2 * np.pi * hz * np.arange(int(SR * seconds)) / SR)).astype(np.float32)


def after(y, *steps, seed="seed"):
    return degraded(y, sr=SR, steps=steps, seed=seed)


def db(power):
    return 10 * np.log10(power)


def noise_file(folder, name="fan.wav", seconds=0.3):
    sound.write(folder / name, 0.2 * np.random.default_rng(3).standard_normal(int(seconds * SR)), sr=SR)
    return str(folder / name)


def test_every_kind_acts():
    assert _ACTIONS.keys() == KINDS.keys()
    assert (tuple(_NOISES), tuple(_SPEECH)) == (KINDS["noise"].sources, KINDS["speech"].sources)


@pytest.mark.parametrize("source", ["pink", "white", "hum", "knocks", "mixed"])
@pytest.mark.parametrize("snr_db", [0.0, 20.0])
def test_noise_lies_under_the_sound_by_what_was_asked(source, snr_db):
    y = tone(level=0.005)
    under = after(y, Step("noise", source, snr_db)) - y
    assert db(np.mean(y**2) / np.mean(under**2)) == pytest.approx(snr_db, abs=0.1)


def test_speech_and_recorded_noise_lie_under_it_too(tmp_path):
    y = tone(level=0.01, seconds=2.0)
    for step in (Step("speech", "rule", 10.0), Step("noise", noise_file(tmp_path), 10.0)):
        under = after(y, step) - y
        assert db(np.mean(y**2) / np.mean(under**2)) == pytest.approx(10.0, abs=0.1), step


def test_noise_that_goes_beyond_full_scale_turns_all_down_and_keeps_the_ratio():
    y = tone(level=0.9)
    heard = after(y, Step("noise", "white", 0.0))
    assert np.abs(heard).max() == pytest.approx(1.0)
    share = np.dot(heard, y) / np.dot(y, y)
    assert db(share**2 * np.mean(y**2) / np.mean((heard - share * y) ** 2)) == pytest.approx(0.0, abs=0.2)


def test_a_level_scales_every_sample():
    y = tone()
    np.testing.assert_allclose(after(y, Step("level", "", -26.0)), y * 10 ** (-26 / 20), rtol=1e-6)


def test_clipping_keeps_what_is_far_below_it():
    heard = after(tone(level=0.5), Step("clip", "", 12.0))
    assert np.abs(heard).max() == pytest.approx(0.5 * 10 ** (-12 / 20) * np.tanh(10 ** (12 / 20)), rel=1e-3)


@pytest.mark.parametrize("codec", ["vorbis", "mp3"])
@pytest.mark.parametrize("quality", [0.0, 1.0])
def test_codecs_keep_length_and_time(codec, quality):
    y = np.zeros(SR, np.float32)
    y[SR // 2 : SR // 2 + SR // 10] = tone(seconds=0.1, level=0.5)
    heard = after(y, Step("codec", codec, quality))
    assert len(heard) == len(y)
    lags = [np.dot(y[100:-100], np.roll(heard, lag)[100:-100]) for lag in range(-30, 31)]
    assert np.argmax(lags) == 30
    assert not np.array_equal(heard, y)


@pytest.mark.parametrize("t60_s", [0.3, 2.0])
def test_a_room_rings_as_long_as_was_asked_and_delays_nothing(t60_s):
    click = np.zeros(4 * SR, np.float32)
    click[0] = 0.1
    heard = after(click, Step("room", "rule", t60_s))
    assert heard[0] == pytest.approx(0.1, rel=1e-3)
    low = sosfilt(butter(4, 500.0, fs=SR, output="sos"), heard[1:])  # Higher up it rings for less long.
    assert reverberation_time_s(low, sr=SR) == pytest.approx(t60_s, rel=0.1)


def test_a_measured_room_with_silence_before_it_delays_nothing(tmp_path):
    response = np.zeros(SR, np.float32)
    response[2000:] = 0.5 * 10 ** (-3 * np.arange(SR - 2000) / SR / 0.4)
    sound.write(tmp_path / "room.wav", response, sr=SR)
    assert reverberation_time_s(read_response(tmp_path / "room.wav", sr=SR), sr=SR) == pytest.approx(0.4, rel=0.05)
    click = np.zeros(SR, np.float32)
    click[4000] = 0.5
    heard = after(click, Step("room", str(tmp_path / "room.wav"), 0.4))
    assert np.flatnonzero(np.abs(heard) > 1e-4)[0] == pytest.approx(4000, abs=2)


def test_detuning_moves_the_pitch_by_cents_and_time_by_its_ratio():
    heard = after(tone(440.0, seconds=2.0), Step("detune", "", 50.0))
    peak_hz = np.argmax(np.abs(np.fft.rfft(heard, 16 * SR))) / 16
    assert 1200 * np.log2(peak_hz / 440.0) == pytest.approx(50.0, abs=0.5)
    assert len(heard) == pytest.approx(2 * SR / detune_ratio(50.0, sr=SR), abs=2)


def test_the_order_in_which_steps_are_named_changes_nothing():
    steps = Step("noise", "pink", 10.0), Step("room", "rule", 0.5), Step("level", "", -10.0)
    np.testing.assert_array_equal(after(tone(), *steps), after(tone(), *steps[::-1]))


def test_one_seed_gives_one_noise_at_every_level_and_another_seed_another():
    y = tone(level=0.01)
    loud, soft = (after(y, Step("noise", "pink", snr_db)) - y for snr_db in (10.0, 20.0))
    np.testing.assert_allclose(soft * 10 ** (10 / 20), loud, atol=1e-6)
    other = after(y, Step("noise", "pink", 10.0), seed="other") - y
    assert abs(np.corrcoef(loud, other)[0, 1]) < 0.1


def test_no_sound_stays_none():
    steps = [Step(kind, of.sources[0] if of.sources else "", max(of.low, 0.5)) for kind, of in KINDS.items()]
    assert len(after(np.zeros(0, np.float32), *[step._replace(strength=0.5) for step in steps])) == 0
