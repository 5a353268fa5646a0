"""Lessons 01 to 03 say what is true: tones, rounding, formats, spectra and MFCCs whose answer is known."""

import re

import numpy as np
import pytest

from pianolab.lessons import showing, spectra, waves
from pianolab.lessons.playing import tone
from pianolab.lessons.showing import figure

SR = 22050


def a4(seconds=0.5, sr=SR):
    return tone(440, seconds, sr=sr, amplitudes=[0.5])


def axes_of(fig):
    return [ax for ax in fig.axes if ax.get_label() != "<colorbar>"]


DRAWINGS = {
    "sound": lambda: showing.sound_figure(a4(), sr=SR, title="A4"),
    "harmonics": lambda: waves.harmonics_figure(n_harmonics=4),
    "aliasing": lambda: waves.aliasing_figure(hz=5000, sr=8000),
    "product": lambda: spectra.product_figure(a4(), sr=SR, hz=440),
    "leakage": lambda: spectra.leakage_figure(between_bins=0.25, window="hann"),
    "stft": lambda: spectra.stft_figure(a4(), sr=SR, frame_length=1024),
}
INTO_AXES = {
    "zoom": lambda ax: waves.zoom(ax, a4(), sr=SR),
    "draw_spectrum": lambda ax: spectra.draw_spectrum(ax, a4(), sr=SR),
}


def test_every_function_that_draws_is_tested_here():
    drawing = {name for module in (showing, spectra, waves) for name in dir(module) if name.endswith("_figure")}
    assert drawing == {f"{name}_figure" for name in DRAWINGS}


@pytest.mark.parametrize("name", [*DRAWINGS, *INTO_AXES])
def test_axes_are_labelled_with_units(name):
    if name in DRAWINGS:
        fig = DRAWINGS[name]()
    else:
        fig, ax = figure()
        assert INTO_AXES[name](ax) is ax
    axes = axes_of(fig)
    assert axes
    shares_x = len(axes) > 1 and axes[0].get_shared_x_axes().joined(axes[0], axes[1])
    for ax in [axes[-1]] if shares_x else axes:
        assert re.search(r"\((Hz|s|ms|number.*)\)|amplitude", ax.get_xlabel())
    for ax in axes:
        upwards = ax.get_ylabel() or fig.get_supylabel()
        assert re.search(r"\((Hz|dB.*|dBFS|full scale = 1|peak = 1|0\.\.1)\)|amplitude|weight", upwards)
        assert ax.has_data()


def test_a_tone_is_the_sum_of_its_harmonics():
    y = tone(100, 1.0, sr=8000, amplitudes=[1.0, 0.5], phases=[0.0, np.pi / 2])
    strength = np.abs(np.fft.rfft(y)) / 4000
    assert strength[100] == pytest.approx(1.0, abs=1e-6)
    assert strength[200] == pytest.approx(0.5, abs=1e-6)
    assert y[0] == pytest.approx(0.5)


def test_each_bit_is_worth_six_db():
    y = np.random.default_rng(0).uniform(-1, 1, 20000)
    errors = [waves.error_db(y, waves.quantise(y, bits)) for bits in (6, 7, 8)]
    assert np.diff(errors) == pytest.approx([-6.02, -6.02], abs=0.15)


def test_half_the_amplitude_is_an_error_of_six_db_and_no_change_none():
    assert waves.error_db(a4(), 0.5 * a4()) == pytest.approx(-6.02, abs=0.01)
    assert waves.error_db(a4(), a4()) == -np.inf


def test_lossless_formats_lose_nothing_and_lossy_ones_are_smaller():
    y = np.round(a4(2.0, 44100) * 2**15) / 2**15
    table = waves.format_table(y, sr=44100)
    assert table.error_db["WAV, 16 bits"] == table.error_db["FLAC, 16 bits"] == -np.inf
    assert table.kilobytes["WAV, 16 bits"] == pytest.approx(176, abs=1)
    assert table.kilobytes["MP3"] < table.kilobytes["FLAC, 16 bits"] < table.kilobytes["WAV, 16 bits"]
    assert -60 < table.error_db["MP3"] < -20


def test_a_full_scale_sine_reads_0_db_in_its_bin():
    y = np.sin(2 * np.pi * 64 * np.arange(1024) / 1024)
    for window in ("hann", "none"):
        hz, level = spectra.spectrum_db(y, sr=1024, window=window)
        assert hz[np.argmax(level)] == 64
        assert level.max() == pytest.approx(0, abs=0.01)


def test_an_unknown_window_is_refused():
    with pytest.raises(ValueError, match="window 'square' is unknown: use 'hann' or 'none'"):
        spectra.spectrum_db(a4(), sr=SR, window="square")


def test_of_two_different_keys_on_four_pianos_mfccs_name_both():
    table = spectra.piano_mfccs([36, 84], n_mels=12)
    assert spectra.share_named(table, "key") == 1.0
