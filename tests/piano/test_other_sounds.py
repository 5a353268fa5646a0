"""Sounds that are no piano: their length, level and spectrum; a voice has the pitch and the formants of its speaker."""

import shutil

import numpy as np
import pytest

from pianolab.piano import PianoError, espeak, noises, voices
from pianolab.session import analyse

MADE = {
    **noises.NOISES,
    "mixed": noises.mixed,
    **{f.__name__: f for f in (voices.speech, voices.singing, voices.humming)},
}
NEEDS_ESPEAK = pytest.mark.skipif(not espeak.is_installed(), reason="espeak-ng is not installed")


@pytest.mark.parametrize("name", MADE)
def test_each_sound_has_its_length_and_its_loudest_sample_and_the_same_seed_makes_the_same_sound(name):
    first, again = (MADE[name](1.5, sr=22050, rng=np.random.default_rng(3)) for _ in range(2))
    assert first.dtype == np.float32
    assert len(first) == round(1.5 * 22050)
    assert np.max(np.abs(first)) == pytest.approx(noises.LOUDEST, abs=1e-6)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, MADE[name](1.5, sr=22050, rng=np.random.default_rng(4)))


@pytest.mark.parametrize("name", MADE)
def test_a_sound_of_no_length_or_of_an_unusable_rate_is_refused(name):
    with pytest.raises(PianoError, match=r"a sound of 0\.0 s cannot be made"):
        MADE[name](0.0, sr=22050, rng=np.random.default_rng(0))
    with pytest.raises(PianoError, match="a sound at 4000 Hz cannot be made"):
        MADE[name](1.0, sr=4000, rng=np.random.default_rng(0))


@pytest.mark.parametrize(("slope", "db_per_octave"), [(0.0, 0.0), (1.0, -3.01), (2.0, -6.02)])
def test_the_power_of_coloured_noise_falls_by_its_slope_within_half_a_db(slope, db_per_octave):
    power = np.abs(np.fft.rfft(noises.coloured(20.0, sr=8000, rng=np.random.default_rng(0), slope=slope))) ** 2
    low, high = power[20 * 200 : 20 * 250].mean(), power[20 * 1600 : 20 * 2000].mean()
    assert 10 * np.log10(high / low) == pytest.approx(3 * db_per_octave, abs=0.5)


def test_hum_stands_on_multiples_of_the_mains_within_two_thousandths():
    y = noises.hum(10.0, sr=8000, rng=np.random.default_rng(1))
    power = np.abs(np.fft.rfft(y * np.hanning(len(y)))) ** 2
    strongest_hz = np.argmax(power) / 10.0
    assert min(abs(strongest_hz / (mains * k) - 1.0) for mains in (50.0, 60.0) for k in range(1, 14)) < 0.003


def heard_pitch(liveliness):
    """What speech of a voice of 180 Hz is heard at, frame by frame, Hz."""
    speaker = voices.Speaker(180.0, 1.0, liveliness, 1.0, 0.003, 0.02, 0.01, 3000.0)
    y = voices.speech(3.0, sr=22050, rng=np.random.default_rng(0), speaker=speaker)
    f0_hz = analyse(y, sr=22050, detector="yin:preset=textbook").f0_hz
    return f0_hz[(f0_hz > 90.0) & (f0_hz < 360.0)]


def test_a_voice_is_heard_at_the_pitch_of_its_speaker_within_half_a_semitone():
    heard = heard_pitch(0.0)
    assert len(heard) > 50
    assert np.median(heard) == pytest.approx(180.0, rel=0.03)


def test_the_pitch_of_lively_speech_moves_by_more_than_a_semitone_and_that_of_a_robot_by_less_than_half_of_one():
    quartiles = [np.percentile(12 * np.log2(heard_pitch(liveliness)), (25, 75)) for liveliness in (1.2, 0.0)]
    assert np.diff(quartiles[0])[0] > 1.0
    assert np.diff(quartiles[1])[0] < 0.5


def test_drawn_speakers_are_low_and_high_and_lively_and_flat():
    speakers = [voices.draw_speaker(np.random.default_rng(seed)) for seed in range(200)]
    pitches = [speaker.f0_hz for speaker in speakers]
    assert min(pitches) < 90
    assert max(pitches) > 340
    assert min(speaker.liveliness for speaker in speakers) < 0.3 < 1.3 < max(speaker.liveliness for speaker in speakers)


@NEEDS_ESPEAK
def test_espeak_speaks_a_sentence_and_a_drawn_voice_fills_the_length():
    said = espeak.espeak("One, two, three.", sr=16000, voice="en-us+f3", pitch=70)
    assert 0.5 < len(said) / 16000 < 4.0
    assert np.abs(said).max() > 0.05
    slow = espeak.espeak("One, two, three.", sr=16000, voice="en-us+f3", pitch=70, words_a_minute=90)
    assert len(slow) > 1.2 * len(said)
    drawn = espeak.spoken(4.0, sr=16000, rng=np.random.default_rng(1))
    assert len(drawn) == 64000
    assert np.abs(drawn).max() == pytest.approx(noises.LOUDEST, abs=1e-6)


@NEEDS_ESPEAK
def test_a_voice_that_espeak_lacks_is_refused_in_a_line():
    with pytest.raises(PianoError, match="did not speak with the voice xx-nobody"):
        espeak.espeak("One.", sr=16000, voice="xx-nobody")


def test_without_espeak_the_error_names_the_package_and_another_way(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda program: None)
    with pytest.raises(PianoError, match="apt-get install espeak-ng, or use pianolab"):
        espeak.espeak("One.", sr=16000)


def test_a_pitch_or_speed_that_espeak_does_not_know_is_refused(monkeypatch):
    monkeypatch.setattr(espeak, "is_installed", lambda: True)
    with pytest.raises(PianoError, match="pitch 120 or speed 175 is out of range"):
        espeak.espeak("One.", sr=16000, pitch=120)
