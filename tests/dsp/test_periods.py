"""Difference functions and the parabola against their definitions."""

import numpy as np
import pytest
from numba import njit

from pianolab.dsp import compiled
from pianolab.dsp.peaks import parabola_top
from pianolab.dsp.periods import cumulative_mean_normalised, difference, tapered_difference
from pianolab.dsp.windows import newest, periodic_hann


def noise(n, seed=0):
    return np.random.default_rng(seed).standard_normal(n).astype(np.float32)


@pytest.mark.parametrize("length", [1024, 1022])
def test_the_difference_function_is_its_definition(length):
    w, y = length // 2, noise(3000)
    d = difference(y, n_frames=3, length=length, hop_length=512)
    frames = newest(y, n_frames=3, length=length, hop_length=512).astype(float)
    wanted = [[np.sum((f[:w] - f[tau : tau + w]) ** 2) for tau in range(w)] for f in frames]
    assert np.allclose(d, wanted, atol=1e-5 * np.max(wanted))


def test_the_tapered_difference_is_the_cosine_sum_of_the_power_spectrum():
    y, n = noise(600), 512
    d = tapered_difference(y, n_frames=1, length=n, hop_length=512)[0]
    power = np.abs(np.fft.fft(y[-n:] * periodic_hann(n))) ** 2
    wanted = [np.sum(power * (1 - np.cos(2 * np.pi * np.arange(n) * tau / n))) for tau in range(n // 2 + 1)]
    assert np.allclose(d, wanted, rtol=1e-4, atol=1e-4 * max(wanted))


def test_the_normalised_difference_is_its_definition_and_1_in_silence():
    d = np.abs(noise(50)).reshape(1, 50)
    normal = cumulative_mean_normalised(d)[0]
    assert normal[0] == 1
    assert normal[7] == pytest.approx(d[0, 7] / np.mean(d[0, 1:8]), rel=1e-5)
    assert np.all(cumulative_mean_normalised(np.zeros((1, 9), np.float32)) == 1)


def test_a_parabola_finds_its_own_extremum():
    x = np.arange(9.0)
    position, value = parabola_top((x - 4.3) ** 2 + 1, 4)
    assert position == pytest.approx(4.3)
    assert value == pytest.approx(1.0)


@pytest.mark.parametrize(("row", "at"), [([1.0, 2.0, 3.0], 1), ([3.0, 1.0, 2.0], 0), ([1.0, 2.0, 3.0], 2)])
def test_where_there_is_no_parabola_the_sample_itself_is_the_top(row, at):
    assert parabola_top(row, at) == (at, row[at])


def test_compiled_code_lays_the_same_parabola():
    top = njit(compiled.parabola_top)
    rows = noise(600).reshape(200, 3).astype(float)
    assert [top(row, 1) for row in rows] == [parabola_top(row, 1) for row in rows]
