"""Bootstrap intervals and paired tests: known answers first, then coverage."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from pianolab.compare import statistics
from pianolab.compare.statistics import (
    N_FLIPS,
    bootstrap_mean,
    detectable,
    holm,
    least_p,
    paired_difference,
    pieces_needed,
)


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


@pytest.mark.parametrize("most_small", [0, 10**9])
def test_very_many_recordings_are_drawn_in_parts_as_few_are_drawn_at_once(monkeypatch, most_small):
    scores = np.random.default_rng(2).normal(0.7, 0.1, 300)
    at_once = bootstrap_mean(scores, seed=5)
    monkeypatch.setattr(statistics, "_MOST_KEPT", 0)
    monkeypatch.setattr(statistics, "_MOST_SMALL", most_small)
    monkeypatch.setattr(statistics, "_AT_ONCE", 7000)
    in_parts = bootstrap_mean(scores, seed=5)
    assert [in_parts.low, in_parts.high] == pytest.approx([at_once.low, at_once.high], abs=1e-12)
    assert len(list(statistics._draws(300, 2000, 5))) > 80


def test_where_each_recording_is_a_piece_names_change_nothing():
    scores = [0.2, 0.9, 0.4, 0.7, 0.35, 0.85]
    assert bootstrap_mean(scores, pieces=["f", "b", "a", "e", "c", "d"]) == bootstrap_mean(scores)


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


def test_recordings_of_one_piece_are_drawn_together():
    """Each piece nine times with the same score: the interval is that of the pieces, and not three times as sure."""
    of_pieces = np.random.default_rng(3).normal(0.7, 0.1, 40)
    nine_times, names = np.repeat(of_pieces, 9), np.repeat(np.arange(40), 9)
    alone, together = bootstrap_mean(of_pieces), bootstrap_mean(nine_times, pieces=names)
    assert (together.n, together.pieces) == (360, 40)
    assert (together.low, together.high) == pytest.approx((alone.low, alone.high))
    naive = bootstrap_mean(nine_times)
    assert (together.high - together.low) / (naive.high - naive.low) == pytest.approx(3, rel=0.1)


def test_the_interval_holds_the_true_mean_where_pieces_are_recorded_many_times():
    """Fifteen pieces of one to six recordings: as sure as it says with pieces, far from it without."""
    rng = np.random.default_rng(4)
    inside = {True: 0, False: 0}
    for _ in range(150):
        names = np.repeat(np.arange(15), rng.integers(1, 7, 15))
        scores = rng.normal(0, 0.1, 15)[names] + rng.normal(0, 0.02, len(names))
        for grouped in inside:
            interval = bootstrap_mean(scores, pieces=names if grouped else None, n_resamples=400)
            inside[grouped] += interval.low <= 0 <= interval.high
    assert 0.85 < inside[True] / 150 < 0.99
    assert inside[False] / 150 < 0.8


def test_p_is_that_of_scipy():
    rng = np.random.default_rng(5)
    for n in (5, 9, 30):
        difference = rng.normal(0.03, 0.1, n)
        theirs = scipy_stats.permutation_test(
            (difference,), np.mean, permutation_type="samples", vectorized=True, n_resamples=9999, rng=rng
        )
        assert paired_difference(difference, np.zeros(n)).p == pytest.approx(theirs.pvalue, abs=0 if n < 13 else 0.02)


@pytest.mark.parametrize("n", [2, 5, 13, 14, 60])
def test_no_p_lies_below_its_floor(n):
    clear = paired_difference(np.linspace(0.8, 0.9, n), np.linspace(0.1, 0.2, n) ** 2)
    assert clear.p_floor == least_p(n) >= 1 / (N_FLIPS + 1)
    # Of 14 pieces flips are drawn, and among 9999 one or two are the one at hand or its mirror.
    assert clear.p == least_p(n) if n != 14 else least_p(n) <= clear.p <= 6 * least_p(n)


def test_a_piece_recorded_ten_times_is_no_ten_pieces():
    difference = paired_difference(np.full(10, 0.9), np.linspace(0.1, 0.8, 10), pieces=["prelude"] * 10)
    assert (difference.n, difference.pieces) == (10, 1)
    assert np.isnan([difference.p, difference.p_floor, difference.low]).all()
    with pytest.raises(ValueError, match="10 scores and 9 pieces: name the piece of each recording"):
        bootstrap_mean(np.zeros(10), pieces=["prelude"] * 9)


def test_the_rank_biserial_correlation_is_that_of_its_formula():
    """Differences 1, -2, 3, 0: ranks 1 and 3 of 6 for the first, 2 against it; a tie of sizes shares its ranks."""
    found = paired_difference([1, 0, 3, 5], [0, 2, 0, 5])
    assert found.rank_biserial == pytest.approx((1 + 3 - 2) / 6)
    assert (found.better, found.worse) == (2, 1)
    assert paired_difference([0.2, 0.0], [0.1, 0.1]).rank_biserial == 0
    assert paired_difference([0.5, 0.5], [0.5, 0.5]).rank_biserial == 0


@pytest.mark.parametrize(("difference", "spread"), [(0.03, 0.05), (0.05, 0.05)])
def test_so_many_pieces_as_are_said_show_a_difference_in_four_of_five_studies(difference, spread):
    n = int(pieces_needed(difference, spread))
    rng = np.random.default_rng(6)
    studies = [paired_difference(rng.normal(difference, spread, n), np.zeros(n), n_resamples=2) for _ in range(120)]
    assert 0.7 < np.mean([study.p < 0.05 for study in studies]) < 0.9
    assert detectable(spread, n) == pytest.approx(difference, rel=0.05)


def test_what_cannot_be_shown_is_said_so():
    assert pieces_needed(0.0, 0.1) == np.inf
    assert np.isnan(pieces_needed(np.nan, 0.1))
    assert detectable(0.05, 5) == np.inf  # 2/32 is above 0.05.
    assert np.isfinite(detectable(0.05, 6))
    assert detectable(0.05, 6, questions=2) == np.inf
    assert pieces_needed(0.5, 0.01, questions=2) == 7


def test_holm_multiplies_the_smallest_p_by_the_number_of_questions():
    """p = 0.01, 0.04, 0.03: 3 * 0.01, then 2 * 0.03, then 1 * 0.04 but no smaller than the one before."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]) == pytest.approx([1.0, 1.0])
    assert holm([0.02, np.nan]) == pytest.approx([0.02, np.nan], nan_ok=True)


def test_a_level_beyond_all_is_refused():
    with pytest.raises(ValueError, match=r"level 95 is no share: use a number between 0 and 1, such as 0\.95"):
        bootstrap_mean([0.1, 0.2], level=95)
