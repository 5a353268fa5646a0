"""The kernels against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pianolab.detector import DetectorError
from pianolab.dsp import spectrum
from pianolab.units import key_hz

SR = 44100


def tone(hz, seconds=0.5, *, sr=SR, amplitude=1.0):
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * sr)) / sr)).astype(np.float32)


def noise(n, seed=0):
    return np.random.default_rng(seed).standard_normal(n).astype(np.float32)


# Windows and rates


def test_a_hann_window_is_highest_where_it_is_told_to_be():
    for peak_at in (0.3, 0.5, 0.8):
        window = spectrum.hann(1000, peak_at=peak_at)
        assert np.argmax(window) == pytest.approx(1000 * peak_at, abs=1)
        assert window.max() == pytest.approx(1.0, abs=1e-4)


def test_the_last_of_the_newest_frames_ends_with_the_last_sample():
    rows = spectrum.newest(np.arange(100), n_frames=3, length=10, hop_length=20)
    assert rows[:, -1].tolist() == [59, 79, 99]
    assert rows[:, 0].tolist() == [50, 70, 90]


def test_frames_that_are_not_there_are_refused():
    with pytest.raises(ValueError, match="do not hold 3 frames"):
        spectrum.newest(np.arange(40), n_frames=3, length=10, hop_length=20)


def test_half_the_rate_keeps_a_low_tone_and_drops_a_high_one():
    low, high = spectrum.halve(tone(1000)), spectrum.halve(tone(15000))
    assert 20 * np.log10(np.std(low) * np.sqrt(2)) == pytest.approx(0.0, abs=0.1)
    assert 20 * np.log10(np.std(high) * np.sqrt(2)) < -45


def test_half_the_rate_ends_at_the_same_moment():
    y = noise(501)
    assert np.array_equal(
        spectrum.halve(y), spectrum.halve(np.concatenate([noise(100, 1), y]))[-len(spectrum.halve(y)) :]
    )


@given(st.integers(1, 300), st.sampled_from([1, 2, 4, 8]))
def test_the_length_at_the_full_rate_is_just_enough(n, divisor):
    y = np.zeros(spectrum.length_at_full_rate(n, divisor), np.float32)
    while divisor > 1:
        y, divisor = spectrum.halve(y), divisor // 2
    assert len(y) == n


def test_filtering_is_convolution():
    y, taps = noise(200), noise(9, 1)
    assert np.allclose(spectrum.filtered(y, taps), np.convolve(y, taps[::-1], "valid"), atol=1e-5)


def test_a_full_scale_square_is_0_dB_and_silence_is_minus_infinity():
    square = np.ones(4096, np.float32)
    square[1::2] = -1
    assert spectrum.level_db(square, 2, 512, 1024) == pytest.approx([0.0, 0.0], abs=1e-4)
    assert spectrum.level_db(np.zeros(4096, np.float32), 1, 512, 1024)[0] == -np.inf
    constant = np.full(4096, 0.3, np.float32)
    assert spectrum.level_db(constant, 1, 512, 1024)[0] == -np.inf
    assert spectrum.level_db(constant, 1, 512, 1024, True)[0] == pytest.approx(20 * np.log10(0.3), abs=1e-4)


# Spectra


def test_a_full_scale_sine_has_magnitude_1():
    y = tone(SR * 100 / 2048, seconds=1)[None, :2048]
    power = spectrum.power_spectra(y, spectrum.amplitude_window(spectrum.periodic_hann(2048)), n_bins=300)
    assert np.sqrt(power[0, 100]) == pytest.approx(1.0, abs=1e-3)
    assert np.argmax(power[0]) == 100


def test_a_compressed_spectrum_has_length_1_and_no_floor():
    power = np.full((1, 400), 1e-6, np.float32)
    power[0, 50] = 1.0
    vector, tonal = spectrum.compressed(power, np.ones(400, np.float32), 2.0, True)
    assert tonal[0] == pytest.approx(1.0, abs=1e-3)
    assert np.sum(vector**2) == pytest.approx(1.0, abs=1e-5)
    assert vector[0, 50] == pytest.approx(1.0, abs=1e-5)


def test_a_comb_is_a_matrix_product():
    templates = noise(700).reshape(10, 70) * (noise(700, 1).reshape(10, 70) > 0.5)
    spectra = np.abs(noise(70 * 45, 2)).reshape(45, 70)
    assert np.allclose(spectrum.Comb(templates)(spectra), spectra @ templates.T, atol=1e-4)


def test_of_hiss_little_stands_out():
    frames = noise(20 * 1024).reshape(20, 1024)
    power = spectrum.power_spectra(frames, spectrum.amplitude_window(spectrum.hann(1024)))
    _, tonal = spectrum.compressed(power, np.ones(513, np.float32), 1.6, True)
    assert tonal.max() < 0.35


@pytest.mark.parametrize("n", [1, 2, 31, 32, 33])
def test_rows_have_the_same_bits_alone_and_among_others(n):
    comb, spectra = spectrum.Comb(noise(700).reshape(10, 70)), np.abs(noise(70 * 90, 2)).reshape(90, 70)
    ones = np.ones(70, np.float32)
    for kernel in (comb, lambda rows: spectrum.compressed(rows, ones, 1.0, True)[0]):
        together = kernel(spectra)
        for first in (0, 5, 40):
            assert np.array_equal(kernel(spectra[first : first + n]), together[first : first + n])


def test_a_triangle_has_its_height_in_the_middle_and_nothing_outside():
    row = np.zeros(10)
    spectrum.add_triangle(row, 4.0, 2.0, 3.0)
    assert row.tolist() == [0, 0, 0, 1.5, 3.0, 1.5, 0, 0, 0, 0]


@pytest.mark.parametrize("hz", [440.0, 447.0, 1234.5])
def test_a_frequency_is_read_from_the_spectrum_within_a_cent(hz):
    y = tone(hz)[None, :4096] + 0.5 * tone(2 * hz)[None, :4096]
    power = spectrum.power_spectra(y, spectrum.amplitude_window(spectrum.periodic_hann(4096)), n_bins=1500)
    ratios = np.array([[1.0, 2.0]])
    read = spectrum.refine(power, np.array([0]), np.array([hz * 1.005]), ratios, SR / 4096)
    assert 1200 * np.log2(read[0] / hz) == pytest.approx(0.0, abs=1.0)


def test_a_peak_too_flat_for_its_logarithms_leaves_the_frequency_as_it_was():
    """Neighbours that differ in the last bit: their logarithms are equal, and the parabola has no bend."""
    power = np.full((1, 20), 1000, np.float32)
    power[0, 8] = np.nextafter(np.float32(1000), np.float32(2000))
    read = spectrum.refine(power, np.array([0]), np.array([8.0]), np.array([[1.0]]), 1.0)
    assert read.tolist() == [8.0]


# Bins of a third of a semitone


def test_a_triangle_is_a_third_of_a_semitone_or_one_fft_bin_wide_each_way():
    hz, bins = np.arange(4097) * 16000 / 8192, spectrum.log_bins(((8192, 0.0),), sr=16000)
    for row in (1, 100, 250):
        centre = 27.5 * 2.0 ** ((row - 1) / 36)
        half = max(centre * (2.0 ** (1 / 36) - 1.0), 16000 / 8192)
        assert np.allclose(bins[row], np.maximum(1.0 - np.abs(hz - centre) / half, 0.0), atol=1e-6)


def test_of_several_windows_each_bin_has_that_of_its_frequency():
    windows = ((4096, 0.0), (2048, 500.0), (1024, 2000.0))
    parts = np.split(spectrum.log_bins(windows, sr=16000), [2049, 2049 + 1025], axis=1)
    centre = 27.5 * 2.0 ** ((np.arange(spectrum.N_BINS) - 1) / 36)
    used = [centre < 500.0, (centre >= 500.0) & (centre < 2000.0), centre >= 2000.0]
    for part, (n, _), here in zip(parts, windows, used, strict=True):
        alone = spectrum.log_bins(((n, 0.0),), sr=16000)
        assert np.any(part)
        assert np.array_equal(part, np.where(here[:, None], alone, 0.0))


# Pianos


def test_without_stiffness_partials_are_whole_multiples():
    assert spectrum.partial_ratios([1, 2, 3], 0.0).tolist() == [1, 2, 3]
    assert spectrum.partial_ratios(4, 1e-3) > 4


def test_a_typical_piano_is_flat_at_the_bottom_and_sharp_at_the_top():
    cents = 1200 * np.log2(spectrum.typical_piano()[1] / key_hz())
    assert cents[0] < -3
    assert abs(cents[48]) < 0.5
    assert 10 < cents[87] < 60
    assert np.all(np.diff(cents) > -0.5)


def test_every_key_is_nearest_to_itself():
    assert np.array_equal(spectrum.nearest_key(spectrum.typical_piano()[1]), np.arange(88))
    assert np.array_equal(spectrum.nearest_key(key_hz(), stretched=False), np.arange(88))


def test_what_is_off_the_keyboard_has_no_key():
    assert np.all(spectrum.nearest_key(np.array([0.0, 20.0, 5000.0, np.nan, np.inf])) == -1)


def test_windows_and_hops_that_do_not_fit_are_refused_with_the_remedy():
    with pytest.raises(
        DetectorError, match=r"frame_length 1024 cannot hold two periods of 27\.5 Hz at 44100 Hz: use at least 3208"
    ):
        spectrum.refuse_short_frame(1024, 27.5, sr=44100)
    with pytest.raises(DetectorError, match="hop_length 500 is no multiple of 8: use 496"):
        spectrum.refuse_odd_hop(500, spectrum.PIANO_REGISTERS)


# Onsets


def test_an_attack_is_an_onset_and_a_steady_tone_is_none():
    y = np.concatenate([np.zeros(SR // 2, np.float32), tone(440, 1.0, amplitude=0.3)])
    evidence = spectrum.onset_flux(y, n_frames=100, hop_length=512)[:, 0]
    ends_s = (len(y) - 512 * np.arange(99, -1, -1)) / SR
    assert evidence[np.argmin(np.abs(ends_s - 0.51))] > 0.5
    assert evidence[ends_s > 0.56].max() < 0.1
    assert np.all(evidence[ends_s < 0.5] == 0)


# YIN


@pytest.mark.parametrize("length", [1024, 1022])
def test_the_difference_function_is_its_definition(length):
    w, y = length // 2, noise(3000)
    d = spectrum.difference(y, n_frames=3, length=length, hop_length=512)
    frames = spectrum.newest(y, n_frames=3, length=length, hop_length=512).astype(float)
    wanted = [[np.sum((f[:w] - f[tau : tau + w]) ** 2) for tau in range(w)] for f in frames]
    assert np.allclose(d, wanted, atol=1e-5 * np.max(wanted))


def test_the_tapered_difference_is_the_cosine_sum_of_the_power_spectrum():
    y, n = noise(600), 512
    d = spectrum.tapered_difference(y, n_frames=1, length=n, hop_length=512)[0]
    power = np.abs(np.fft.fft(y[-n:] * spectrum.periodic_hann(n))) ** 2
    wanted = [np.sum(power * (1 - np.cos(2 * np.pi * np.arange(n) * tau / n))) for tau in range(n // 2 + 1)]
    assert np.allclose(d, wanted, rtol=1e-4, atol=1e-4 * max(wanted))


def test_the_normalised_difference_is_its_definition_and_1_in_silence():
    d = np.abs(noise(50)).reshape(1, 50)
    normal = spectrum.cumulative_mean_normalised(d)[0]
    assert normal[0] == 1
    assert normal[7] == pytest.approx(d[0, 7] / np.mean(d[0, 1:8]), rel=1e-5)
    assert np.all(spectrum.cumulative_mean_normalised(np.zeros((1, 9), np.float32)) == 1)


def test_a_parabola_finds_its_own_extremum():
    x = np.arange(9.0)
    position, value = spectrum.parabola((x - 4.3) ** 2 + 1, 4)
    assert position == pytest.approx(4.3)
    assert value == pytest.approx(1.0)


def test_certainty_is_a_half_where_it_is_told_to_be():
    assert spectrum.certainty([0.2, 0.3, 0.9], half_at=0.3, width=0.05) == pytest.approx([0.119, 0.5, 1.0], abs=1e-3)
