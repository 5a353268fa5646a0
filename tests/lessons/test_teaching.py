"""What the notebooks put around the package: small players, labelled pictures, sliders that move them."""

import io
import re

import numpy as np
import pytest
import soundfile as sf

from pianolab.lessons import teaching
from pianolab.lessons.teaching import explore, figure, hear, player, png, tone

SR = 22050


def a4(seconds=0.5, sr=SR):
    return tone(440, seconds, sr, amplitudes=[0.5])


def axes_of(fig):
    return [ax for ax in fig.axes if ax.get_label() != "<colorbar>"]


DRAWINGS = {
    "sound": lambda: teaching.sound_figure(a4(), sr=SR, title="A4"),
    "harmonics": lambda: teaching.harmonics_figure(n_harmonics=4),
    "aliasing": lambda: teaching.aliasing_figure(hz=5000, sr=8000),
    "quantise": lambda: teaching.quantise_figure(a4(), sr=SR, bits=3),
    "product": lambda: teaching.product_figure(a4(), sr=SR, hz=440),
    "leakage": lambda: teaching.leakage_figure(between_bins=0.25, window="hann"),
    "stft": lambda: teaching.stft_figure(a4(), sr=SR, frame_length=1024),
    "filter_bank": lambda: teaching.filter_bank_figure(n_mels=8),
    "mfcc": lambda: teaching.mfcc_figure(np.linspace(0, -60, 40), n_mfcc=5),
    "naming": lambda: teaching.naming_figure(teaching.piano_mfccs([60, 61, 62], n_mels=5)),
}
INTO_AXES = {
    "zoom": lambda ax: teaching.zoom(ax, a4(), sr=SR),
    "level_curve": lambda ax: teaching.level_curve(ax, a4(), sr=SR),
    "draw_spectrum": lambda ax: teaching.draw_spectrum(ax, a4(), sr=SR),
}


def test_every_function_that_draws_is_tested_here():
    drawing = {name for name in dir(teaching) if name.endswith("_figure")}
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
        assert re.search(r"\((Hz|dB.*|dBFS|full scale = 1|peak = 1|0\.\.1)\)|amplitude|weight", ax.get_ylabel())
        assert ax.has_data()


def test_a_picture_is_a_small_png():
    fig, ax = figure(9, 2.6)
    teaching.zoom(ax, a4(), sr=SR)
    data = png(fig)
    assert data.startswith(b"\x89PNG")
    assert 2000 < len(data) < 40_000


def test_a_picture_says_in_words_what_it_shows():
    words = teaching.in_words(teaching.sound_figure(a4(), sr=SR, title="A4"))
    assert words.startswith("A4. amplitude (full scale = 1) over time (s). frequency (Hz) over time (s)")


# ------------------------------------------------------------------------------------------------------- sounds


def played(audio):
    assert audio.mimetype == "audio/flac"
    return sf.read(io.BytesIO(audio.data))


def test_a_player_holds_the_sound_as_loud_as_it_is():
    y, sr = played(player(a4(), sr=SR))
    assert sr == SR
    assert np.max(np.abs(y)) == pytest.approx(0.5, abs=0.001)
    np.testing.assert_allclose(y[:5000], a4()[:5000], atol=1e-4)


def test_a_player_of_44100_hz_plays_a4_at_22050_hz():
    y, sr = played(player(a4(sr=44100), sr=44100))
    assert sr == SR
    assert np.argmax(np.abs(np.fft.rfft(y))) * sr / len(y) == pytest.approx(440, abs=2)


def test_a_player_is_short_and_ends_without_a_click():
    y, sr = played(player(a4(seconds=9), sr=SR))
    assert len(y) == 2 * sr
    assert abs(y[-1]) < 0.01


def test_hearing_shows_a_picture_before_the_player(monkeypatch):
    seen = []
    monkeypatch.setattr("IPython.display.display", lambda thing, **_: seen.append(thing))
    hear(0.01 * a4(), sr=SR, title="A4, soft")
    picture, sound = seen
    assert axes_of(picture)
    assert np.max(np.abs(played(sound)[0])) == pytest.approx(1, abs=0.01)


def test_silence_is_not_turned_up():
    y, _ = played(player(np.zeros(SR), sr=SR))
    assert len(y) == SR
    assert not np.any(y)


# ------------------------------------------------------------------------------------------------------ sliders


def test_a_moved_slider_changes_the_picture_and_moved_back_restores_it():
    explorer = explore(teaching.aliasing_figure, hz=[5000, 1000, 3000])
    first = explorer.image.value
    explorer.controls["hz"].value = 3000
    second = explorer.image.value
    explorer.controls["hz"].value = 5000
    assert first != second
    assert explorer.image.value == first


def test_a_slider_shows_the_first_choice_and_sorts_the_numbers():
    slider = explore(teaching.aliasing_figure, hz=[5000, 1000, 3000]).controls["hz"]
    assert slider.value == 5000
    assert [value for _, value in slider.options] == [1000, 3000, 5000]


def test_a_value_that_cannot_be_drawn_says_why_and_keeps_the_picture():
    explorer = explore(teaching.leakage_figure, window=["hann", "square"])
    before = explorer.image.value
    explorer.controls["window"].value = "square"
    assert "use 'hann' or 'none'" in explorer.message.value
    assert explorer.image.value == before
    explorer.controls["window"].value = "hann"
    assert explorer.message.value == ""


def test_a_slider_leaves_a_sentence_and_a_still_picture(monkeypatch):
    seen = []
    monkeypatch.setattr("IPython.display.display", lambda thing, raw=False: seen.append(thing))
    explore(teaching.harmonics_figure, n_harmonics=[2, 4])._ipython_display_()
    view, still = seen
    assert "application/vnd.jupyter.widget-view+json" in view
    assert view["text/plain"].endswith("Where nothing moves, call harmonics_figure(n_harmonics=...).")
    assert still.data == png(teaching.harmonics_figure(2))


def test_a_slider_needs_something_to_choose_from():
    with pytest.raises(ValueError, match="slider 'hz' has nothing to choose from"):
        explore(teaching.aliasing_figure, hz=[])


# ------------------------------------------------------------------------------------- what the lessons measure


def test_a_tone_is_the_sum_of_its_harmonics():
    y = tone(100, 1.0, 8000, amplitudes=[1.0, 0.5], phases=[0.0, np.pi / 2])
    strength = np.abs(np.fft.rfft(y)) / 4000
    assert strength[100] == pytest.approx(1.0, abs=1e-6)
    assert strength[200] == pytest.approx(0.5, abs=1e-6)
    assert y[0] == pytest.approx(0.5)


def test_each_bit_is_worth_six_db():
    y = np.random.default_rng(0).uniform(-1, 1, 20000)
    errors = [teaching.error_db(y, teaching.quantise(y, bits)) for bits in (6, 7, 8)]
    assert np.diff(errors) == pytest.approx([-6.02, -6.02], abs=0.15)


def test_half_the_amplitude_is_an_error_of_six_db_and_no_change_none():
    assert teaching.error_db(a4(), 0.5 * a4()) == pytest.approx(-6.02, abs=0.01)
    assert teaching.error_db(a4(), a4()) == -np.inf


def test_lossless_formats_lose_nothing_and_lossy_ones_are_smaller():
    y = np.round(a4(2.0, 44100) * 2**15) / 2**15
    table = teaching.format_table(y, sr=44100)
    assert table.error_db["WAV, 16 bits"] == table.error_db["FLAC, 16 bits"] == -np.inf
    assert table.kilobytes["WAV, 16 bits"] == pytest.approx(176, abs=1)
    assert table.kilobytes["MP3"] < table.kilobytes["FLAC, 16 bits"] < table.kilobytes["WAV, 16 bits"]
    assert -60 < table.error_db["MP3"] < -20


def test_a_full_scale_sine_reads_0_db_in_its_bin():
    y = np.sin(2 * np.pi * 64 * np.arange(1024) / 1024)
    for window in ("hann", "none"):
        hz, level = teaching.spectrum_db(y, sr=1024, window=window)
        assert hz[np.argmax(level)] == 64
        assert level.max() == pytest.approx(0, abs=0.01)


def test_an_unknown_window_is_refused():
    with pytest.raises(ValueError, match="window 'square' is unknown: use 'hann' or 'none'"):
        teaching.spectrum_db(a4(), sr=SR, window="square")


def test_the_nearest_note_is_itself_and_all_energy_of_a4_lies_on_a4():
    table = teaching.piano_mfccs([60, 72], n_mels=12)
    assert len(table) >= 4
    assert teaching.nearest(table, table) == list(table.index)
    assert teaching.share_on_keys(a4(), [69], sr=SR, low_hz=200, high_hz=800) > 0.97
    assert teaching.share_on_keys(a4(), [60], sr=SR, low_hz=200, high_hz=800) < 0.03


def test_of_two_different_keys_on_four_pianos_mfccs_name_both():
    table = teaching.piano_mfccs([36, 84], n_mels=12)
    assert teaching.share_named(table, "key") == 1.0
