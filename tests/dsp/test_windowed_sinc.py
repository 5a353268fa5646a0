"""The taps are those of scipy, and pass what they are made to pass."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.signal import firwin

from pianolab.dsp.windowed_sinc import windowed_sinc


@pytest.mark.parametrize("n_taps", [1, 31, 255])
@pytest.mark.parametrize(("low", "high", "edges"), [(0.0, 0.1, 0.1), (0.02, 0.3, [0.02, 0.3]), (0.1, 0.5, 0.1)])
def test_taps_are_those_of_scipy(n_taps, low, high, edges):
    expected = firwin(n_taps, edges, fs=1.0, pass_zero=low == 0.0)
    np.testing.assert_allclose(windowed_sinc(n_taps, low, high), expected, rtol=0, atol=1e-12)


def test_a_tone_inside_passes_whole_and_one_outside_is_gone():
    taps, n = windowed_sinc(255, 0.05, 0.15), np.arange(4096)
    inside, outside = (np.convolve(np.sin(2 * np.pi * f * n), taps, "valid") for f in (0.1033, 0.2033))
    assert np.max(np.abs(inside)) == pytest.approx(1.0, abs=0.01)
    assert np.max(np.abs(outside)) < 0.003


def test_a_session_begins_without_the_slowest_package():
    code = "import sys, pianolab.session as s; s.Session('yin', sr=16000); print('scipy.stats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
