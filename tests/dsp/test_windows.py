"""Windows, rates, levels and onsets against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pianolab.dsp.levels import sound_level_db
from pianolab.dsp.onsets import onset_flux
from pianolab.dsp.rates import filtered, halve, length_at_full_rate, refuse_uneven_hop
from pianolab.dsp.windows import hann, newest, periodic_hann, refuse_short_frame
from pianolab.errors import PianolabError

SR = 44100


def tone(hz, seconds=0.5, *, sr=SR, amplitude=1.0):
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * sr)) / sr)).astype(np.float32)


def noise(n, seed=0):
    return np.random.default_rng(seed).standard_normal(n).astype(np.float32)


def test_a_hann_window_is_highest_where_it_is_told_to_be():
    for peak_at in (0.3, 0.5, 0.8):
        window = hann(1000, peak_at=peak_at)
        assert np.argmax(window) == pytest.approx(1000 * peak_at, abs=1)
        assert window.max() == pytest.approx(1.0, abs=1e-4)


def test_the_last_of_the_newest_frames_ends_with_the_last_sample():
    rows = newest(np.arange(100), n_frames=3, length=10, hop_length=20)
    assert rows[:, -1].tolist() == [59, 79, 99]
    assert rows[:, 0].tolist() == [50, 70, 90]


def test_frames_that_are_not_there_are_refused():
    with pytest.raises(ValueError, match="do not hold 3 frames"):
        newest(np.arange(40), n_frames=3, length=10, hop_length=20)


def test_half_the_rate_keeps_a_low_tone_and_drops_a_high_one():
    low, high = halve(tone(1000)), halve(tone(15000))
    assert 20 * np.log10(np.std(low) * np.sqrt(2)) == pytest.approx(0.0, abs=0.1)
    assert 20 * np.log10(np.std(high) * np.sqrt(2)) < -45


def test_half_the_rate_ends_at_the_same_moment():
    y = noise(501)
    assert np.array_equal(halve(y), halve(np.concatenate([noise(100, 1), y]))[-len(halve(y)) :])


@given(st.integers(1, 300), st.sampled_from([1, 2, 4, 8]))
def test_the_length_at_the_full_rate_is_just_enough(n, divisor):
    y = np.zeros(length_at_full_rate(n, divisor), np.float32)
    while divisor > 1:
        y, divisor = halve(y), divisor // 2
    assert len(y) == n


def test_filtering_is_convolution():
    y, taps = noise(200), noise(9, 1)
    assert np.allclose(filtered(y, taps), np.convolve(y, taps[::-1], "valid"), atol=1e-5)


def test_windows_and_hops_that_do_not_fit_are_refused_with_the_remedy():
    with pytest.raises(
        PianolabError, match=r"frame_length 1024 cannot hold two periods of 27\.5 Hz at 44100 Hz: use at least 3208"
    ):
        refuse_short_frame(1024, 27.5, sr=44100)
    with pytest.raises(PianolabError, match="hop_length 500 is no multiple of 8: use 496"):
        refuse_uneven_hop(500, (8, 4, 2))
    with pytest.raises(PianolabError, match="hop_length 511 is no multiple of 8: use 512"):
        refuse_uneven_hop(511, (8, 4, 2))


def test_a_window_that_is_kept_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        periodic_hann(8)[0] = 1.0


def test_a_full_scale_square_is_0_dB_and_silence_and_a_constant_are_minus_infinity():
    square = np.ones(4096, np.float32)
    square[1::2] = -1
    assert sound_level_db(square, 2, 512, 1024) == pytest.approx([0.0, 0.0], abs=1e-4)
    assert sound_level_db(np.zeros(4096, np.float32), 1, 512, 1024)[0] == -np.inf
    constant = np.full(4096, 0.3, np.float32)
    assert sound_level_db(constant, 1, 512, 1024)[0] == -np.inf


def test_an_attack_is_an_onset_and_a_steady_tone_is_none():
    y = np.concatenate([np.zeros(SR // 2, np.float32), tone(440, 1.0, amplitude=0.3)])
    evidence = onset_flux(y, n_frames=100, hop_length=512)[:, 0]
    ends_s = (len(y) - 512 * np.arange(99, -1, -1)) / SR
    assert evidence[np.argmin(np.abs(ends_s - 0.51))] > 0.5
    assert evidence[ends_s > 0.56].max() < 0.1
    assert np.all(evidence[ends_s < 0.5] == 0)
