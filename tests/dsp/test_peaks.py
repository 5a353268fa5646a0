"""Peaks of a row are those that scipy finds; scipy itself would take a second to load."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal

from pianolab.dsp.peaks import correlated, is_local_maximum, widened


@pytest.fixture(params=[1, 2, 3, 17, 1000])
def rows(request):
    """A row of numbers, one of whole numbers with many equal neighbours, and one of zeros and ones."""
    rng = np.random.default_rng(request.param)
    n = request.param
    return [rng.random(n), rng.integers(0, 6, n).astype(float), rng.integers(0, 2, n).astype(np.uint8)]


@pytest.mark.parametrize("apart", [1, 2, 9])
def test_local_maxima_are_those_of_scipy(rows, apart):
    for row in rows:
        expected = scipy.signal.argrelmax(row, order=apart)[0]
        assert np.flatnonzero(is_local_maximum(row, apart=apart)).tolist() == expected.tolist()
        expected = scipy.signal.argrelmax(row, order=apart, mode="wrap")[0]
        assert np.flatnonzero(is_local_maximum(row, apart=apart, in_a_circle=True)).tolist() == expected.tolist()


@pytest.mark.parametrize("width", [1, 3, 17, 51])
def test_the_largest_around_each_value_is_that_of_scipy(rows, width):
    for row in rows:
        assert widened(row, width).tolist() == scipy.ndimage.maximum_filter1d(row, width).tolist()


def test_the_fit_of_a_pattern_is_the_correlation_of_scipy(rows):
    for row in rows:
        pattern = rows[2][::-1]
        assert correlated(row, pattern) == pytest.approx(scipy.signal.correlate(row * 1.0, pattern * 1.0), abs=1e-10)
