"""What notebook 10 says of comparisons is so with other random numbers as well."""

import numpy as np
import pytest

from pianolab import scores
from pianolab.compare import statistics
from pianolab.lessons import honesty

SEEDS = (11, 12, 13)


@pytest.fixture(params=SEEDS)
def rng(request):
    return np.random.default_rng(request.param)


def test_recordings_of_one_piece_are_alike_and_the_gain_is_what_was_asked_for(rng):
    first, second, pieces = honesty.made_up(rng, 400, gain=-0.1, takes=2)
    assert list(pieces[:4]) == ["piece 00", "piece 00", "piece 01", "piece 01"]
    assert np.mean(first - second) == pytest.approx(-0.1, abs=0.01)
    assert np.std(second[::2] - second[1::2]) < 0.2 * np.std(second)
    assert 0 <= second.min() <= second.max() <= 1


def test_pairs_take_away_how_hard_a_piece_is(rng):
    first, second, _ = honesty.made_up(rng, 60, gain=0.03)
    assert np.std(first - second) < 0.4 * np.std(first)
    assert statistics.paired_difference(first, second).low > 0
    apart = [statistics.bootstrap_mean(one) for one in (first, second)]
    assert apart[0].low < apart[1].high


def test_an_interval_over_recordings_of_few_pieces_is_too_narrow_and_one_over_pieces_less_so(rng):
    held = {True: 0, False: 0}
    for _ in range(60):
        first, second, pieces = honesty.made_up(rng, 10, takes=6)
        for by_piece in held:
            interval = statistics.bootstrap_mean(first - second, pieces=pieces if by_piece else None, n_resamples=200)
            held[by_piece] += interval.low <= 0 <= interval.high
    assert held[False] < 0.8 * 60 < held[True]


def test_the_smallest_of_nine_p_is_often_small_and_after_holm_seldom(rng):
    def p():
        return statistics.paired_difference(*honesty.made_up(rng, 10)[:2], n_resamples=10).p

    many = np.array([[p() for _ in range(9)] for _ in range(60)])
    assert np.mean(many.min(axis=1) <= 0.05) > 0.2
    assert np.mean([statistics.holm(ps).min() <= 0.05 for ps in many]) < 0.15


def test_the_best_of_fifty_equal_settings_leads_only_where_it_was_chosen(rng):
    lead, kept = [], []
    for _ in range(100):
        tried, fresh = (honesty.settings_of_one(rng, 50, 10).mean(axis=1) for _ in range(2))
        lead.append(tried.max() - tried.mean())
        kept.append(fresh[tried.argmax()] - fresh.mean())
    assert 0.015 < np.mean(lead) < 0.03
    assert abs(np.mean(kept)) < 0.005


def test_the_steady_one_is_late_and_wins_where_a_shift_is_forgiven(rng):
    played, steady, ragged = honesty.played_and_heard(rng)

    def f1(heard, **settings):
        return scores.score_notes(played, heard, protocol=scores.Protocol(**settings))["onset_f1"]

    assert f1(steady) < 0.2 < 0.7 < f1(ragged)
    assert f1(steady, alignment="shift") == 1.0 > f1(ragged, alignment="shift")
    assert f1(steady, onset_tolerance_s=0.1) == 1.0


def test_pictures_show_every_score_and_the_line(rng):
    first, second, _ = honesty.made_up(rng, 5)
    left, right = honesty.pairs_figure(first, second, names=("one", "other")).axes
    assert [tick.get_text() for tick in left.get_xticklabels()] == ["one", "other"]
    assert sorted(y for line in right.lines for y in line.get_ydata()) == pytest.approx(sorted([*first, *second]))
    fig = honesty.histogram_figure({"few": [0.0, 0.1], "many": np.linspace(0, 1, 50)}, line=1.5, xlabel="p")
    assert [ax.get_title(loc="left") for ax in fig.axes] == ["few", "many"]
    for ax, count in zip(fig.axes, (2, 50), strict=True):
        assert sum(bar.get_height() for bar in ax.patches) == count
        assert ax.lines[0].get_xdata()[0] == 1.5
