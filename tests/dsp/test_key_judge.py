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


def chord(*keys, n_partials=8):
    """One row in which keys sound: their spectrum falls from partial to partial, and their attack is 3."""
    planes = np.zeros((1, N_PLANES, WIDTH), np.float32)
    for key in keys:
        planes[0, ATTACK, MARGIN + key] = 3.0
        for number, away in enumerate(key_judge.PARTIALS[:n_partials]):
            column = planes[0, key_judge.SPECTRUM : key_judge.HOLE, MARGIN + key + away]
            np.maximum(column, 3.5 - 0.3 * number, out=column)
    return planes


def test_the_octave_below_a_triad_has_a_hole_where_it_was_not_struck():
    triad, with_octave = (
        key_judge.holes_of(chord(*keys)[:, key_judge.SPECTRUM + 1])[0] for keys in ((39, 43, 46), (27, 39, 43, 46))
    )
    assert np.all(triad[:, 27] > 2.0)  # nothing sounds at its first partial, nor at its seventh
    assert np.all(with_octave[:, 27] < 1.5)  # the chord makes the even ones loud
    assert np.all(triad[:, [39, 43, 46]] < 0.5)


def kept(onset, planes):
    """The keys whose strokes stay in one row."""
    return np.flatnonzero(key_judge.WithoutGhosts()(onset, planes)[0]).tolist()


def test_octaves_that_nobody_struck_are_taken_off_and_those_that_were_struck_stay():
    onset = np.zeros((1, 88), np.float32)
    onset[0, [27, 39, 51]] = 0.8, 0.9, 0.5
    planes = chord(39, 43, 46)
    planes[0, ATTACK, MARGIN + 27] = 1.0
    assert kept(onset, planes) == [39]  # the octave above is half as sure, the one below has no first partial
    assert kept(onset, chord(27, 39, 43, 46)) == [27, 39]
    planes[0, ATTACK, MARGIN + 27] = 2.4
    assert kept(onset, planes) == [27, 39]  # a small microphone takes the first partial, and leaves the attack
    onset[0, 27], onset[0, 51] = 0.5, 0.8
    assert kept(onset, chord(27, 39, 51)) == [39, 51]  # much less sure than the octave above


@pytest.mark.parametrize("away", [12, 19, 24, 28, 34, 43])
def test_a_key_at_a_partial_of_another_stays_where_its_own_attack_is_strong(away):
    onset = np.zeros((1, 88), np.float32)
    onset[0, [20, 20 + away]] = 0.8, 0.7
    planes = chord(20, 20 + away)
    assert kept(onset, planes) == [20, 20 + away]
    planes[0, ATTACK, MARGIN + 20 + away] = 1.5
    assert kept(onset, planes) == [20]
    onset[0, 20] = 0.4
    assert 20 + away in kept(onset, planes)  # much surer than the lower key
    onset[0, 20] = 0.0
    assert kept(onset, planes) == [20 + away]  # the lower key was not struck


def test_a_ghost_that_rises_later_than_its_key_is_known_in_blocks_of_any_size():
    onset, planes = np.zeros((6, 88), np.float32), np.concatenate([chord(39)] * 6)
    onset[1, 39] = 0.9
    onset[[2, 3, 4, 5], 51] = 0.6
    at_once = key_judge.WithoutGhosts()(onset, planes)
    assert np.flatnonzero(at_once[:, 51]).tolist() == [4, 5]  # too late to be its ghost
    without = key_judge.WithoutGhosts()
    in_blocks = [without(onset[a:b], planes[a:b]) for a, b in ((0, 1), (1, 1), (1, 2), (2, 6))]
    assert np.array_equal(np.concatenate(in_blocks), at_once)
    without.reset()
    assert np.array_equal(without(onset, planes), at_once)
