"""A sampled piano: recorded notes at the right time, damped by key and pedal, soft and loud, near keys transposed."""

import json

import numpy as np
import pytest

from pianolab import sound
from pianolab.piano.sampled import SampledPiano
from pianolab.roll import Notes

SR = 16000
ONSET_S = 0.02
ONE_SECOND = Notes([0.5], [1.0], [60], [100])


def tone(hz, level=0.5):
    """Three seconds of a sine that fades by 6 dB a second, from its onset on."""
    t = np.arange(3 * SR) / SR
    return np.concatenate([np.zeros(round(ONSET_S * SR)), level * np.sin(2 * np.pi * hz * t) * 2.0**-t])


@pytest.fixture
def folder(tmp_path):
    """C4 soft and loud (an octave higher, to tell them apart), D4 (one level, four times as quiet) and D#7."""
    files = [
        ("60_0.wav", 60, 0.3, tone(200)),
        ("60_1.wav", 60, 0.8, tone(400)),
        ("62_0.wav", 62, None, tone(230, 0.125)),
        ("99_0.wav", 99, None, tone(2500)),
    ]
    for name, _, _, y in files:
        sound.write(tmp_path / name, y.astype(np.float32), sr=SR, subtype="FLOAT")
    entries = [{"file": name, "midi": midi, "onset_s": ONSET_S, "dynamic": how} for name, midi, how, _ in files]
    (tmp_path / "index.json").write_text(json.dumps(entries), encoding="utf-8")
    return tmp_path


def rendered(folder, notes, *, pedal=None, **how):
    return SampledPiano(folder, sr=SR, second_share=0.0, **how).render(notes, pedal=pedal, rng=np.random.default_rng(1))


def level_db(y, at_s):
    part = y[round(at_s * SR) : round((at_s + 0.1) * SR)]
    return 10 * np.log10(np.mean(part**2) + 1e-12)


def loudest_hz(y):
    return np.argmax(np.abs(np.fft.rfft(y))) * SR / len(y)


def test_a_stroke_begins_on_its_onset_to_the_sample(folder):
    y = rendered(folder, ONE_SECOND)
    assert np.flatnonzero(np.abs(y) > 1e-4)[0] / SR == pytest.approx(0.5, abs=2 / SR)


def test_a_released_key_is_damped_within_a_second_and_one_under_the_pedal_rings_until_it_is_up(folder):
    free = rendered(folder, ONE_SECOND)
    held = rendered(folder, ONE_SECOND, pedal=[(0.8, 2.0)])
    assert level_db(free, 1.8) < level_db(free, 0.8) - 30
    assert level_db(held, 1.8) == pytest.approx(level_db(held, 0.8) - 6, abs=0.5)
    assert len(held) == SR * 3
    assert level_db(held, 2.8) < level_db(held, 1.8) - 30


def test_a_key_that_is_struck_again_under_the_pedal_is_damped_first(folder):
    twice = Notes([0.5, 1.5], [0.7, 1.7], [60, 60], [120, 20])
    once = Notes([0.5], [0.7], [60], [120])
    y, alone = rendered(folder, twice, pedal=[(0.6, 2.5)]), rendered(folder, once, pedal=[(0.6, 2.5)])
    assert level_db(y, 2.3) < level_db(alone, 2.3) - 10


def test_keys_without_dampers_ring_on(folder):
    high = Notes([0.5], [0.6], [100], [100])
    y = rendered(folder, high, pedal=[])
    assert level_db(y, 1.0) > -60


def test_a_soft_stroke_speaks_with_the_soft_recording_and_is_quieter(folder):
    soft, loud = (rendered(folder, Notes([0.0], [1.0], [60], [v])) for v in (40, 100))
    assert loudest_hz(soft) == pytest.approx(200, abs=1)
    assert loudest_hz(loud) == pytest.approx(400, abs=1)
    assert level_db(soft, 0.2) < level_db(loud, 0.2) - 6


def test_the_levels_of_the_keys_are_those_of_the_recording_or_even(folder):
    c, d = Notes([0.0], [1.0], [60], [100]), Notes([0.0], [1.0], [62], [100])
    for levels, difference_db in (("recorded", 8.0), ("smooth", 0.3)):  # Keys so near share a third of their 12 dB.
        y = [rendered(folder, notes, levels=levels) for notes in (c, d)]
        assert level_db(y[0], 0.2) - level_db(y[1], 0.2) == pytest.approx(difference_db, abs=0.5), levels


def test_a_key_between_is_the_nearest_recording_at_another_speed(folder):
    y = rendered(folder, Notes([0.0], [1.0], [63], [100]))
    assert loudest_hz(y) == pytest.approx(230 * 2 ** (1 / 12), rel=0.005)
