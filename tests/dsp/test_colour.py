"""The colour of a sound: found, smooth, forgotten, and taken off what nmf takes apart."""

import numpy as np
import pytest

from pianolab.detectors.nmf import Nmf
from pianolab.dsp.colour import FORGET_S, MOST, Colour
from pianolab.dsp.combs import BINS_PER_KEY, N_BINS
from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.session import Session

HOP_S = 0.02
BINS = np.arange(N_BINS)


def heard(colour, gain, *, seconds, expected=None):
    expected = np.full(N_BINS, 1.0 / N_BINS) if expected is None else expected
    for _ in range(round(seconds / HOP_S)):
        colour.hear(gain * expected, expected)
    return colour.gain


def test_what_is_heard_as_expected_has_no_colour():
    assert heard(Colour(hop_s=HOP_S), 1.0, seconds=5.0) == pytest.approx(np.ones(N_BINS), abs=1e-6)


def test_a_microphone_with_little_bass_is_found_but_for_the_share_that_counts_as_none():
    """Far from the edge (0.5 + 0.2) / (1 + 0.2) of what lies above is left, to the power of 1.5; 1 there."""
    gain = heard(Colour(hop_s=HOP_S), np.where(BINS < 120, 0.5, 1.0), seconds=60.0)
    assert gain[60] == pytest.approx((0.7 / 1.2) ** 1.5, abs=0.01)
    assert gain[200] == pytest.approx(1.0, abs=0.01)


def test_one_missing_bin_changes_little():
    gain = heard(Colour(hop_s=HOP_S), np.where(BINS == 150, 0.0, 1.0), seconds=60.0)
    assert 0.8 < gain.min() < 1.0
    assert np.abs(gain[np.abs(BINS - 150) > 5 * 3 * BINS_PER_KEY] - 1.0).max() < 0.001


def test_an_earlier_colour_is_forgotten_by_half_in_the_stated_time():
    colour = Colour(hop_s=HOP_S)
    heard(colour, 0.5, seconds=20 * FORGET_S)
    gain = heard(colour, 1.0, seconds=FORGET_S)
    assert gain[100] == pytest.approx((0.95 / 1.2) ** 1.5, abs=0.01)


def test_nothing_is_taken_for_softer_than_by_the_stated_factor():
    assert heard(Colour(hop_s=HOP_S), 0.01, seconds=60.0).min() == pytest.approx(1 / MOST)


def test_what_is_louder_than_expected_is_not_made_softer():
    assert heard(Colour(hop_s=HOP_S), np.where(BINS < 120, 3.0, 1.0), seconds=60.0).tolist() == [1.0] * N_BINS


def test_silence_teaches_nothing():
    colour = Colour(hop_s=HOP_S)
    colour.hear(np.zeros(N_BINS), np.zeros(N_BINS))
    assert colour.gain.tolist() == [1.0] * N_BINS


MIDI = [48, 52, 55, 60, 64, 67, 72, 76]


@pytest.fixture(scope="module")
def scale():
    onset_s = 0.3 + 0.3 * np.arange(len(MIDI))
    return render(Notes(onset_s, onset_s + 0.25, MIDI), sr=16000)


@pytest.fixture(scope="module")
def dull(scale):
    """The scale with every frequency above 1 kHz a quarter as loud."""
    spectrum = np.fft.rfft(scale)
    spectrum[np.fft.rfftfreq(len(scale), 1 / 16000) > 1000.0] *= 0.25
    return np.fft.irfft(spectrum, len(scale)).astype(np.float32)


def hear(y, *, block, detector="nmf:colour=follow"):
    session = Session(detector, sr=16000)
    for first in range(0, len(y), block):
        session.push(y[first : first + block])
    session.flush()
    return session.notes


def test_nmf_hears_a_dull_recording_as_one_and_the_same_in_blocks_of_any_size(dull):
    whole, parts = hear(dull, block=len(dull)), hear(dull, block=441)
    assert whole.midi.tolist() == parts.midi.tolist() == MIDI
    assert whole.onset == pytest.approx(parts.onset, abs=1e-9)


def test_nmf_finds_how_dull_a_recording_is_and_a_reset_forgets_it(scale, dull):
    detector, gains = Nmf(colour="follow"), {}
    for name, y in (("clear", scale), ("dull", dull)):
        Session(detector, sr=16000).push(y)  # A new session resets its detector.
        gains[name] = detector._colour.gain
    low, high = slice(0, BINS_PER_KEY * 56), slice(BINS_PER_KEY * 68, BINS_PER_KEY * 80)  # below 700 Hz, 1.3 to 2.6 kHz
    found = gains["dull"] / gains["clear"]
    assert found[high].mean() < 0.8 * found[low].mean()
    detector.reset()
    assert detector._colour.gain.tolist() == [1.0] * N_BINS
