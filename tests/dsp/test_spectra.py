"""Spectra, combs and what is read from them, against their definitions."""

import numpy as np
import pytest

from pianolab.dsp.combs import N_BINS, Comb, add_triangle, log_bins
from pianolab.dsp.harmonics import refined_hz
from pianolab.dsp.spectra import compressed, power_spectra
from pianolab.dsp.windows import amplitude_window, hann, periodic_hann

SR = 44100


def tone(hz, seconds=0.5, *, sr=SR, amplitude=1.0):
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * sr)) / sr)).astype(np.float32)


def noise(n, seed=0):
    return np.random.default_rng(seed).standard_normal(n).astype(np.float32)


def test_a_full_scale_sine_has_magnitude_1():
    y = tone(SR * 100 / 2048, seconds=1)[None, :2048]
    power = power_spectra(y, amplitude_window(periodic_hann(2048)), n_bins=300)
    assert np.sqrt(power[0, 100]) == pytest.approx(1.0, abs=1e-3)
    assert np.argmax(power[0]) == 100


def test_a_compressed_spectrum_has_length_1_and_no_floor():
    power = np.full((1, 400), 1e-6, np.float32)
    power[0, 50] = 1.0
    vector, tonal = compressed(power, np.ones(400, np.float32), 2.0, True)
    assert tonal[0] == pytest.approx(1.0, abs=1e-3)
    assert np.sum(vector**2) == pytest.approx(1.0, abs=1e-5)
    assert vector[0, 50] == pytest.approx(1.0, abs=1e-5)


def test_a_comb_is_a_matrix_product():
    templates = noise(700).reshape(10, 70) * (noise(700, 1).reshape(10, 70) > 0.5)
    spectra = np.abs(noise(70 * 45, 2)).reshape(45, 70)
    assert np.allclose(Comb(templates)(spectra), spectra @ templates.T, atol=1e-4)


def test_of_hiss_little_stands_out():
    frames = noise(20 * 1024).reshape(20, 1024)
    power = power_spectra(frames, amplitude_window(hann(1024)))
    _, tonal = compressed(power, np.ones(513, np.float32), 1.6, True)
    assert tonal.max() < 0.35


@pytest.mark.parametrize("n", [1, 2, 31, 32, 33])
def test_rows_have_the_same_bits_alone_and_among_others(n):
    comb, spectra = Comb(noise(700).reshape(10, 70)), np.abs(noise(70 * 90, 2)).reshape(90, 70)
    ones = np.ones(70, np.float32)
    for kernel in (comb, lambda rows: compressed(rows, ones, 1.0, True)[0]):
        together = kernel(spectra)
        for first in (0, 5, 40):
            assert np.array_equal(kernel(spectra[first : first + n]), together[first : first + n])


def test_a_triangle_has_its_height_in_the_middle_and_nothing_outside():
    row = np.zeros(10)
    add_triangle(row, 4.0, 2.0, 3.0)
    assert row.tolist() == [0, 0, 0, 1.5, 3.0, 1.5, 0, 0, 0, 0]


@pytest.mark.parametrize("hz", [440.0, 447.0, 1234.5])
def test_a_frequency_is_read_from_the_spectrum_within_a_cent(hz):
    y = tone(hz)[None, :4096] + 0.5 * tone(2 * hz)[None, :4096]
    power = power_spectra(y, amplitude_window(periodic_hann(4096)), n_bins=1500)
    ratios = np.array([[1.0, 2.0]])
    read = refined_hz(power, np.array([0]), np.array([hz * 1.005]), ratios, SR / 4096)
    assert 1200 * np.log2(read[0] / hz) == pytest.approx(0.0, abs=1.0)


def test_a_peak_too_flat_for_its_logarithms_leaves_the_frequency_as_it_was():
    """Neighbours that differ in the last bit: their logarithms are equal, and the parabola has no bend."""
    power = np.full((1, 20), 1000, np.float32)
    power[0, 8] = np.nextafter(np.float32(1000), np.float32(2000))
    read = refined_hz(power, np.array([0]), np.array([8.0]), np.array([[1.0]]), 1.0)
    assert read.tolist() == [8.0]


def test_a_triangle_is_a_third_of_a_semitone_or_one_fft_bin_wide_each_way():
    hz, bins = np.arange(4097) * 16000 / 8192, log_bins(((8192, 0.0),), sr=16000)
    for row in (1, 100, 250):
        centre = 27.5 * 2.0 ** ((row - 1) / 36)
        half = max(centre * (2.0 ** (1 / 36) - 1.0), 16000 / 8192)
        assert np.allclose(bins[row], np.maximum(1.0 - np.abs(hz - centre) / half, 0.0), atol=1e-6)


def test_of_several_windows_each_bin_has_that_of_its_frequency():
    windows = ((4096, 0.0), (2048, 500.0), (1024, 2000.0))
    parts = np.split(log_bins(windows, sr=16000), [2049, 2049 + 1025], axis=1)
    centre = 27.5 * 2.0 ** ((np.arange(N_BINS) - 1) / 36)
    used = [centre < 500.0, (centre >= 500.0) & (centre < 2000.0), centre >= 2000.0]
    for part, (n, _), here in zip(parts, windows, used, strict=True):
        alone = log_bins(((n, 0.0),), sr=16000)
        assert np.any(part)
        assert np.array_equal(part, np.where(here[:, None], alone, 0.0))
