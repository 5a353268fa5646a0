"""Which keys are easily heard with another."""

import numpy as np

from pianolab.dsp.ghosts import strongest_below
from pianolab.units import N_KEYS


def test_a_key_may_be_a_ghost_of_the_octave_the_twelfth_and_the_double_octave_below_it():
    rows = np.zeros((2, N_KEYS), np.float32)
    rows[0, [40, 45]] = 0.5, 0.9
    below = strongest_below(rows)
    assert {key: round(float(below[0, key]), 6) for key in np.flatnonzero(below[0])} == {
        **dict.fromkeys((52, 59, 64), 0.5),
        **dict.fromkeys((57, 64, 69), 0.9),
    }
    assert np.all(below[1] == 0.0)
    assert np.array_equal(strongest_below(rows[0]), below[0])
