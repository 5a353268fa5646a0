"""The highest keys fade before the knock of their hammer does, which sounds an octave below."""

import numpy as np
import pytest

from pianolab.session import analyse

SR = 44100
C8 = 87


@pytest.mark.parametrize("detector", ["fft_peak", "cqt", "yin"])
def test_c8_keeps_its_name_while_a_knock_an_octave_below_outlasts_it(detector):
    """A knock 20 dB softer than the note at first is as loud after 0.27 s; until then most rows name C8."""
    rng, times = np.random.default_rng(0), np.arange(round(0.5 * SR)) / SR
    note = 0.1 * np.exp(-times / 0.08) * np.sin(2.0 * np.pi * 4304.0 * times)
    note += 0.03 * np.exp(-times / 0.05) * np.sin(2.0 * np.pi * 8650.0 * times)
    knock = 0.01 * np.exp(-times / 0.25) * np.sin(2.0 * np.pi * 2105.0 * times)
    y = np.concatenate([np.zeros(SR // 5), note + knock])
    best = analyse(y + rng.normal(0.0, 1e-4, len(y)), sr=SR, detector=detector).between(0.25, 0.45).best_key
    assert np.mean(best == C8) > 0.62
