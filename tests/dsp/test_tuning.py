"""A typical piano, and the keys that frequencies belong to."""

import numpy as np
import pytest

from pianolab.dsp.one_key import certainty, nearest_key
from pianolab.dsp.tuning import TYPICAL_B, TYPICAL_HZ, partial_ratios
from pianolab.piano import Piano
from pianolab.units import key_hz


def test_without_stiffness_partials_are_whole_multiples():
    assert partial_ratios([1, 2, 3], 0.0).tolist() == [1, 2, 3]
    assert partial_ratios(4, 1e-3) > 4


def test_a_typical_piano_is_flat_at_the_bottom_and_sharp_at_the_top():
    cents = 1200 * np.log2(TYPICAL_HZ / key_hz())
    assert cents[0] == pytest.approx(-23.0, abs=0.1)
    assert abs(cents[48]) < 0.5
    assert cents[87] == pytest.approx(48.4, abs=0.1)
    assert np.all(np.diff(cents) > -0.5)


def test_the_typical_piano_is_the_synthesizers_without_scatter():
    """Another processor may round the last digit of exp and tanh otherwise."""
    piano = Piano("typical", "no instrument in particular", tuning_scatter_cents=0.0)
    midi = np.arange(21, 109)
    b = piano.inharmonicity(midi)
    assert len(TYPICAL_B) == len(TYPICAL_HZ) == 88
    assert np.allclose(TYPICAL_B, b, rtol=1e-13, atol=0.0)
    assert np.allclose(TYPICAL_HZ, piano.f0_hz(midi) * np.sqrt(1.0 + b), rtol=1e-13, atol=0.0)


def test_every_key_is_nearest_to_itself():
    assert np.array_equal(nearest_key(TYPICAL_HZ), np.arange(88))
    assert np.array_equal(nearest_key(key_hz(), stretched=False), np.arange(88))


def test_what_is_off_the_keyboard_has_no_key():
    assert np.all(nearest_key(np.array([0.0, 20.0, 5000.0, np.nan, np.inf])) == -1)


def test_certainty_is_a_half_where_it_is_told_to_be():
    assert certainty([0.2, 0.3, 0.9], half_at=0.3, width=0.05) == pytest.approx([0.119, 0.5, 1.0], abs=1e-3)
