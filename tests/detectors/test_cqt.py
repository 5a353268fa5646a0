"""Constant-Q: kernels and patterns of known shape, sounds of known pitch."""

from dataclasses import replace

import numpy as np
import pytest

from pianolab.detector import DetectorError
from pianolab.detectors import cqt
from pianolab.piano import render
from pianolab.registry import create
from pianolab.roll import Notes
from pianolab.session import analyse
from pianolab.units import key_hz, midi_to_key

SR = 44100


def note(midi, **settings):
    return render(Notes([0.1], [0.7], [midi]), sr=SR, tail_s=0.1, **settings)


def heard(y, detector="cqt"):
    best = analyse(y, sr=SR, detector=detector).between(0.25, 0.6).best_key
    assert np.any(best >= 0)
    return np.median(best[best >= 0])


def test_bins_are_geometric():
    hz = cqt.bin_frequencies(55.0, 441.0, bins_per_octave=12)
    assert len(hz) == 37
    assert hz[12] == pytest.approx(110.0)


def test_a_band_kernel_gathers_around_its_bins():
    hz = cqt.bin_frequencies(200.0, 2000.0, bins_per_octave=36)
    kernel = cqt.band_kernel(hz, bin_step_hz=10.0, n_bins=250, bins_per_octave=36)
    assert np.allclose(kernel.sum(axis=1), 1.0, atol=1e-5)
    assert np.allclose(kernel @ (10.0 * np.arange(250)), hz, atol=2.0)


def test_the_textbook_transform_has_a_full_scale_sine_at_1_in_its_own_bin():
    hz = key_hz()[30:60]
    n = 8192
    kernel = cqt.spectral_kernel(hz, q=17.0, sr=SR, frame_length=n)
    y = np.sin(2 * np.pi * hz[12] * np.arange(n) / SR)
    transform = np.abs(kernel @ np.fft.rfft(y))
    assert np.argmax(transform) == 12
    assert transform[12] == pytest.approx(1.0, abs=0.02)


def test_patterns_of_harmonic_strings_are_one_pattern_moved_along():
    hz = cqt.bin_frequencies(key_hz()[30], 8000.0, bins_per_octave=cqt.BINS_PER_OCTAVE)
    harmonics = replace(cqt.PRESETS["textbook"], n_partials=5, negative=0.5)
    low, high = cqt.harmonic_patterns([36, 40], harmonics, first_hz=hz[0], n_bins=len(hz))
    shift = 4 * cqt.BINS_PER_OCTAVE // 12
    assert np.allclose(low[:-shift], high[shift:], atol=1e-4)
    assert low.min() < 0 < low.max()


@pytest.mark.parametrize("midi", [*range(21, 108, 6), 108])
def test_rendered_notes_over_the_whole_keyboard_are_heard_as_their_keys(midi):
    assert heard(note(midi)) == midi_to_key(midi)


def test_the_textbook_hears_the_middle_of_the_keyboard():
    assert heard(note(69), "cqt:preset=textbook") == midi_to_key(69)


@pytest.mark.parametrize(
    "setting",
    [
        "n_harmonics=6",
        "negative=0",
        "n_detunings=1",
        "inharmonic=false",
        "stretched=false",
        "emphasis=0",
        "floor=0",
        "compress=false",
    ],
)
def test_every_mend_can_be_switched_off(setting):
    y = note(33)
    plain, without = (analyse(y, sr=SR, detector=name) for name in ("cqt", f"cqt:{setting}"))
    assert not np.array_equal(plain.strength, without.strength)


def test_a_hop_that_the_lower_rates_cannot_follow_is_refused():
    with pytest.raises(DetectorError, match="is no multiple of 8"):
        create("cqt:hop_length=100")
