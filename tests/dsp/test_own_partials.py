"""How loud the partials of each key are: tones whose answer is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pianolab.dsp.own_partials import LENGTH, own_partials_db
from pianolab.dsp.tuning import TYPICAL_B, partial_ratios, tuned_hz
from pianolab.units import N_KEYS

SR = 44100


def levels(y, n_frames=1):
    return own_partials_db(np.asarray(y, np.float32), n_frames=n_frames, hop_length=512, sr=SR)


def partials_of(key, amplitude, n=5):
    """A stiff string's first partials, all as loud."""
    t = np.arange(LENGTH) / SR
    hz = tuned_hz(stretched=True)[key] * partial_ratios(np.arange(1, n + 1), TYPICAL_B[key])
    return amplitude * np.sin(2 * np.pi * hz[:, None] * t).sum(axis=0)


@pytest.mark.parametrize("key", [27, 39, 51, 63])
def test_partials_are_as_loud_as_they_were_made(key):
    # A frequency between two bins is lost by at most 1.42 dB in a Hann window.
    assert -21.5 < levels(partials_of(key, 0.1))[0, key] < -19.9


def test_above_8_khz_no_partial_counts():
    # C8 has one partial below 8 kHz: that alone is its level.
    assert -21.5 < levels(partials_of(N_KEYS - 1, 0.1, n=1))[0, -1] < -19.9


def test_a_key_that_does_not_sound_lies_far_below():
    level_db = levels(partials_of(51, 0.1))[0]
    assert level_db[51] - level_db[57] > 20.0


def test_silence_is_100_db_below_full_scale():
    assert np.array_equal(levels(np.zeros(LENGTH)), np.full((1, N_KEYS), -100.0, np.float32))


@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_a_row_has_the_same_bits_alone_and_among_others(n_frames, seed):
    y = np.random.default_rng(seed).normal(0.0, 0.1, LENGTH + 512 * (n_frames - 1))
    whole = levels(y, n_frames)
    for i in range(n_frames):
        assert np.array_equal(levels(y[512 * i :][:LENGTH]), whole[i : i + 1])
