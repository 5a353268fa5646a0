"""Bootstrap intervals and paired tests: known answers first, then coverage."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from pianolab.compare.statistics import bootstrap_mean, holm, paired_difference


def test_the_interval_of_many_scores_is_that_of_the_normal_distribution():
    """400 scores of spread 0.1: the mean is known to 0.005, so the 95 % interval is +-0.0098."""
    scores = np.random.default_rng(0).normal(0.7, 0.1, 400)
    interval = bootstrap_mean(scores)
    half = 1.96 * np.std(scores) / np.sqrt(len(scores))
    assert interval.mean == pytest.approx(np.mean(scores))
    assert interval.low == pytest.approx(interval.mean - half, abs=0.001)
    assert interval.high == pytest.approx(interval.mean + half, abs=0.001)
    assert interval.n == 400


def test_the_interval_holds_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    intervals = [bootstrap_mean(rng.beta(4, 2, 30), n_resamples=500) for _ in range(200)]
    inside = np.mean([i.low <= 4 / 6 <= i.high for i in intervals])
    assert 0.88 < inside < 0.99


def test_the_same_scores_give_the_same_interval_in_any_run():
    scores = [0.2, 0.9, 0.4, 0.7, 0.35, 0.85, 0.6, 0.55]
    assert bootstrap_mean(scores) == bootstrap_mean(scores)
    assert bootstrap_mean(scores, seed=1) != bootstrap_mean(scores, seed=2)


def test_one_recording_has_a_mean_and_no_interval():
    one = bootstrap_mean([0.5])
    assert (one.mean, one.n) == (0.5, 1)
    assert np.isnan([one.low, one.high]).all()
    assert np.isnan(bootstrap_mean([]).mean)


def test_equal_scores_have_an_interval_of_no_width():
    interval = bootstrap_mean([1.0, 1.0, 1.0])
    assert (interval.mean, interval.low, interval.high) == (1.0, 1.0, 1.0)


def test_a_failed_recording_is_left_out():
    assert bootstrap_mean([0.5, np.nan, 0.7]).mean == pytest.approx(0.6)
    assert bootstrap_mean([0.5, np.nan, 0.7]).n == 2


def test_better_on_each_of_ten_recordings_is_no_accident():
    """All of 2^10 sign flips: only the given one and its mirror are as extreme, p = 2/1024."""
    b = np.linspace(0.3, 0.9, 10)
    difference = paired_difference(b + np.linspace(0.04, 0.06, 10), b)
    assert difference.mean == pytest.approx(0.05)
    assert difference.p == pytest.approx(2 / 1024)
    assert 0.04 < difference.low < difference.mean < difference.high < 0.06


def test_no_difference_is_found_where_there_is_none():
    rng = np.random.default_rng(2)
    p_values = [paired_difference(*rng.normal(0.5, 0.1, (2, 12)), n_resamples=400).p for _ in range(100)]
    assert np.mean(np.array(p_values) < 0.05) < 0.13
    assert scipy_stats.kstest(p_values, "uniform").pvalue > 0.01


def test_identical_detectors_do_not_differ():
    difference = paired_difference([0.5, 0.6, 0.7], [0.5, 0.6, 0.7])
    assert (difference.mean, difference.p) == (0.0, 1.0)


def test_pairing_keeps_to_shared_recordings():
    difference = paired_difference([0.5, np.nan, 0.9], [0.4, 0.5, np.nan])
    assert difference.n == 1
    assert np.isnan(difference.p)
    with pytest.raises(ValueError, match="2 and 3 scores cannot be paired"):
        paired_difference([1, 2], [1, 2, 3])


def test_holm_multiplies_the_smallest_p_by_the_number_of_questions():
    """p = 0.01, 0.04, 0.03: 3 * 0.01, then 2 * 0.03, then 1 * 0.04 but no smaller than the one before."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]) == pytest.approx([1.0, 1.0])
    assert holm([0.02, np.nan]) == pytest.approx([0.02, np.nan], nan_ok=True)


def test_a_level_beyond_all_is_refused():
    with pytest.raises(ValueError, match=r"level 95 is no share: use a number between 0 and 1, such as 0\.95"):
        bootstrap_mean([0.1, 0.2], level=95)
