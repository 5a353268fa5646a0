"""Pictures: axes say what and in which unit, and what is drawn is what was given."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from pianolab import plots
from pianolab.roll import Notes, Salience

SR = 8000


def sine(hz=440.0, seconds=1.0):
    return np.sin(2 * np.pi * hz * np.arange(int(seconds * SR)) / SR).astype(np.float32)


def evidence():
    strength = np.zeros((50, 88))
    strength[10:30, 39] = 0.9
    return Salience(np.arange(50) * 0.01, strength, np.full((50, 88), np.nan), np.zeros(50))


def draw_everything(axes):
    truth, heard = Notes([0.0, 1.0], [0.9, 2.0], [60, 64]), Notes([0.01, 1.5], [0.9, 2.0], [60, 76])
    return [
        plots.waveform(axes[0], sine(), sr=SR),
        plots.spectrogram(axes[1], sine(), sr=SR),
        plots.salience(axes[2], evidence()),
        plots.piano_roll(axes[3], truth, heard),
        plots.ranked_bars(axes[4], ["a", "b"], [0.9, 0.5], low=[0.8, np.nan], high=[1.0, np.nan], spread=[[0.9], []]),
        plots.heat_map(axes[5], [[0.5, np.nan]], rows=["a"], columns=["A0-B1", "C2-B3"]),
        plots.speed_accuracy(axes[6], ["a", "b"], [20.0, np.nan], [0.9, 0.5]),
    ]


def test_every_picture_names_its_axes_and_their_units(tmp_path):
    fig, axes = plots.figure(8, 28, rows=7)
    drawn = draw_everything(axes)
    assert list(drawn) == list(axes)
    plots.save(fig, tmp_path / "all.png")
    assert (tmp_path / "all.png").stat().st_size > 20_000
    assert [(ax.get_xlabel(), ax.get_ylabel()) for ax in axes] == [
        ("time (s)", "amplitude (full scale = 1)"),
        ("time (s)", "frequency (Hz)"),
        ("time (s)", "key"),
        ("time (s)", "key"),
        ("onset F1 (0..1)", ""),
        ("register", ""),
        ("speed (seconds of sound per second on one core)", "onset F1 (0..1)"),
    ]


def test_a_loud_second_of_a4_is_brightest_at_440_hz():
    _fig, ax = plots.figure()
    plots.spectrogram(ax, sine(440.0), sr=SR, frame_length=1024, hop_length=256)
    mesh = ax.collections[0]
    hz = mesh.get_coordinates()[:, 0, 1]
    centres = (hz[1:] + hz[:-1]) / 2
    brightest = np.argmax(np.asarray(mesh.get_array()).reshape(len(centres), -1)[:, 10])
    assert centres[brightest] == pytest.approx(440, abs=SR / 1024)


def test_a_key_is_bright_where_it_sounds_and_its_colours_are_explained_where_asked():
    for colorbar in (True, False):
        fig, ax = plots.figure()
        plots.salience(ax, evidence(), colorbar=colorbar)
        (image,) = ax.images
        left, right, low, high = image.get_extent()
        rows, columns = np.nonzero(np.asarray(image.get_array()) > 0.5)
        assert np.unique(np.floor(low + (rows + 0.5) * (high - low) / 88 + 0.5)).tolist() == [60]
        assert left + (columns.min() + 0.5) * (right - left) / 50 == pytest.approx(0.10)
        assert left + (columns.max() + 0.5) * (right - left) / 50 == pytest.approx(0.29)
        assert len(fig.axes) == 1 + colorbar


def test_frames_that_come_unevenly_or_alone_can_be_drawn(tmp_path):
    times = np.array([0.0, 0.1, 0.5])
    for n in (1, 3):
        fig, ax = plots.figure()
        strength = np.full((n, 88), 0.5)
        plots.salience(ax, Salience(times[:n], strength, np.full((n, 88), np.nan), np.zeros(n)))
        plots.save(fig, tmp_path / "few.png")
        assert (tmp_path / "few.png").stat().st_size > 2000


def test_a_long_wave_keeps_its_peaks():
    y = np.zeros(1_000_000, dtype=np.float32)
    y[654_321] = 0.75  # one loud sample among a million
    _fig, ax = plots.figure()
    plots.waveform(ax, y, sr=44100)
    assert ax.collections[0].get_paths()[0].vertices[:, 1].max() == pytest.approx(0.75)


def test_hits_misses_and_extras_differ_by_colour_and_shape():
    truth = Notes([0.0, 1.0, 2.0], [0.9, 1.9, 2.9], [60, 64, 67])
    heard = Notes([0.02, 1.0], [0.8, 1.9], [60, 76])
    _fig, ax = plots.figure()
    plots.piano_roll(ax, truth, heard)
    hit, missed, extra = ax.collections
    assert [len(group.get_paths()) for group in (hit, missed, extra)] == [1, 2, 1]
    assert tuple(hit.get_facecolor()[0]) == to_rgba(plots.BLUE)
    assert len(missed.get_facecolor()) == 0 or missed.get_facecolor()[0][3] == 0  # hollow
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["right (1)", "missed (2)", "extra (1)"]
    crosses = ax.lines[0]
    assert (list(crosses.get_xdata()), list(crosses.get_ydata()), crosses.get_marker()) == ([1.0], [76], "x")


def test_a_part_of_the_roll_counts_only_what_it_shows():
    truth = Notes([0.0, 5.0], [1.0, 6.0], [60, 62])
    _fig, ax = plots.figure()
    plots.piano_roll(ax, truth, truth, start_s=4, stop_s=8)
    assert ax.get_legend().get_texts()[0].get_text() == "right (1)"
    assert ax.get_xlim() == (4, 8)


def test_silence_can_be_drawn(tmp_path):
    fig, axes = plots.figure(8, 12, rows=4)
    plots.piano_roll(axes[0], Notes.empty(), Notes.empty())
    plots.salience(axes[1], Salience.empty())
    plots.waveform(axes[2], np.zeros(0), sr=SR)
    plots.spectrogram(axes[3], np.zeros(0), sr=SR)
    plots.save(fig, tmp_path / "silence.png")
    assert axes[0].get_legend().get_texts()[0].get_text() == "right (0)"


def test_names_are_drawn_as_they_are(tmp_path):
    """A name may hold $ signs, which matplotlib would read as a formula, or letters that the font lacks."""
    names = ["$\\frac{", "도레미"]
    fig, axes = plots.figure(8, 8, rows=3)
    plots.ranked_bars(axes[0], names, [0.5, 0.4])
    plots.heat_map(axes[1], [[0.5], [0.4]], rows=names, columns=["all"])
    plots.speed_accuracy(axes[2], names, [1.0, 2.0], [0.5, 0.4])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plots.save(fig, tmp_path / "names.png")
    assert [label.get_text() for label in axes[0].get_yticklabels()] == names


def test_the_same_picture_twice_is_the_same_file(tmp_path):
    for name in ("one.png", "two.png"):
        fig, ax = plots.figure()
        plots.ranked_bars(ax, ["yin"], [0.5], spread=[[0.4, 0.6]])
        plots.save(fig, tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_drawing_opens_no_windows():
    code = "import sys, pianolab.plots; print('matplotlib.pyplot' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"
