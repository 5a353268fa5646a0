"""The judge of keys against its network written out."""

import numpy as np
import pytest

from pianolab.dsp import key_judge
from pianolab.dsp.key_judge import ATTACK, LEAST_SOUND, MARGIN, N_INPUTS, N_PLANES, N_WHOLE, SOUND_LATELY, WIDTH
from pianolab.units import N_KEYS


@pytest.fixture(scope="module")
def weights():
    rng = np.random.default_rng(1)
    shapes = ((N_INPUTS, 7), (7,), (7, 3), (3,))
    return key_judge.Weights(*(rng.normal(0.0, 0.2, shape).astype(np.float32) for shape in shapes))


@pytest.fixture(scope="module")
def heard():
    """Twenty rows in which a quarter of all numbers are not 0, and the numbers of all keys together."""
    rng = np.random.default_rng(2)
    planes = rng.uniform(0.0, 4.0, (20, N_PLANES, WIDTH)) * (rng.random((20, N_PLANES, WIDTH)) < 0.25)
    return planes.astype(np.float32), rng.random((20, N_WHOLE), np.float32)


def test_all_keys_of_which_something_is_heard_are_judged_by_the_network_written_out(weights, heard):
    planes, whole = heard
    judged = key_judge.KeyJudge(weights)(planes, whole)
    keys = planes[:, :, MARGIN : MARGIN + N_KEYS]
    is_heard = (keys[:, SOUND_LATELY] > LEAST_SOUND) | (keys[:, ATTACK] > 0)
    inputs = key_judge.inputs_of(planes, whole, *np.nonzero(is_heard))
    hidden = np.maximum(inputs @ weights.hidden + weights.hidden_bias, 0.0)
    assert np.allclose(judged[is_heard], 1.0 / (1.0 + np.exp(-(hidden @ weights.out + weights.out_bias))), atol=1e-5)
    assert 0.2 < is_heard.mean() < 0.8
    assert np.all(judged[~is_heard] == 0.0)


def test_rows_are_judged_alike_in_blocks_of_any_size_and_after_a_reset(weights, heard):
    planes, whole = heard
    judge = key_judge.KeyJudge(weights)
    at_once = judge(planes, whole)
    judge.reset()
    in_blocks = [judge(planes[a:b], whole[a:b]) for a, b in ((0, 1), (1, 1), (1, 9), (9, 20))]
    assert np.array_equal(np.concatenate(in_blocks), at_once)


def test_a_key_is_looked_at_beside_its_octave_and_its_own_past():
    planes = np.zeros((9, N_PLANES, WIDTH), np.float32)
    planes[2, ATTACK, MARGIN + 40] = 1.0
    looked = key_judge.inputs_of(
        planes, np.zeros((9, N_WHOLE), np.float32), np.array([4, 2, 2]), np.array([40, 52, 41])
    )
    for case, look in enumerate(((ATTACK, 2, 0), (ATTACK, 0, -12), (ATTACK, 0, -1))):
        seen = [tuple(map(int, key_judge.LOOKS[i])) for i in np.flatnonzero(looked[case, : len(key_judge.LOOKS)])]
        assert seen == [look]
