"""How sure is "sure": the reliability curve and its sums agree with closed forms and with scikit-learn."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, roc_auc_score

from pianolab.roll import Notes
from pianolab.scores import (
    brier_score,
    expected_calibration_error,
    reliability_curve,
    separation,
    share_interval,
    struck,
)


@pytest.fixture
def notes():
    """2000 notes whose confidence is too high: one said with c is right with a chance of c squared."""
    rng = np.random.default_rng(0)
    confidence = rng.uniform(size=2000)
    return confidence, rng.uniform(size=2000) < confidence**2


def test_the_second_answer_to_one_stroke_was_not_struck():
    played = Notes([1.0, 2.0], [1.5, 2.5], [60, 64])
    heard = Notes([1.0, 1.03, 2.2], [1.01, 1.5, 2.5], [60, 60, 64])
    assert struck(played, heard).tolist() == [True, False, False]
    assert struck(played, Notes.empty()).tolist() == []


def test_notes_on_the_edge_between_two_bins_belong_to_the_lower_one():
    curve = reliability_curve([0.0, 0.5, 0.5, 1.0], [False, True, False, True], n_bins=2)
    assert curve.n.tolist() == [3, 1]
    assert curve.n_correct.tolist() == [1, 1]
    assert curve.confidence.tolist() == pytest.approx([1 / 3, 1.0])
    assert curve.share.tolist() == pytest.approx([1 / 3, 1.0])


def test_a_bin_without_notes_says_nothing():
    curve = reliability_curve([0.95], [True])
    assert curve.n.tolist() == [0] * 9 + [1]
    for values in (curve.share, curve.share_low, curve.share_high, curve.confidence):
        assert np.isnan(values[:9]).all()
        assert np.isfinite(values[9])


def test_the_wilson_interval_is_that_of_the_formula():
    k, n, z = 7, 12, 1.959963984540054
    centre = (k / n + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(k / n * (1 - k / n) / n + z**2 / (4 * n**2))
    assert share_interval(k, n) == pytest.approx((centre - half, centre + half), abs=1e-12)
    assert np.isnan(share_interval(0, 0)).all()


def test_the_curve_is_that_of_scikit_learn(notes):
    confidence, correct = notes
    share, mean = calibration_curve(correct, confidence, n_bins=10)
    curve = reliability_curve(confidence, correct)
    assert curve.share == pytest.approx(share, abs=1e-12)
    assert curve.confidence == pytest.approx(mean, abs=1e-12)
    assert curve.n.sum() == 2000


def test_an_error_that_is_known_is_found(notes):
    confidence, correct = notes
    # The mean of c - c^2 over [0, 1] is 1/6; 2000 notes tell it within about 0.02.
    assert expected_calibration_error(confidence, correct) == pytest.approx(1 / 6, abs=0.02)
    assert expected_calibration_error([0.3, 0.3, 0.9], [True, True, True]) == pytest.approx((1.4 + 0.1) / 3)


def test_brier_score_and_separation_are_those_of_scikit_learn(notes):
    confidence, correct = notes
    confidence = confidence.round(1)  # so that there are ties
    assert brier_score(confidence, correct) == pytest.approx(brier_score_loss(correct, confidence), abs=1e-12)
    assert separation(confidence, correct) == pytest.approx(roc_auc_score(correct, confidence), abs=1e-12)


def test_without_notes_there_is_no_number():
    assert np.isnan(expected_calibration_error([], []))
    assert np.isnan(brier_score([], []))
    assert np.isnan(separation([], []))
    assert np.isnan(separation([0.5, 0.6], [True, True]))


@pytest.mark.parametrize("measure", [reliability_curve, expected_calibration_error, brier_score, separation])
def test_what_is_no_confidence_is_refused(measure):
    with pytest.raises(ValueError, match=r"confidence 1\.5 is outside 0\.\.1: scale it"):
        measure([0.5, 1.5], [True, False])
    with pytest.raises(ValueError, match="confidence nan is outside"):
        measure([np.nan], [True])
    with pytest.raises(ValueError, match="pass one for each note"):
        measure([0.5, 0.6], [True])


@pytest.mark.parametrize("n_bins", [0, -1, 2.5, "3"])
@pytest.mark.parametrize("measure", [reliability_curve, expected_calibration_error])
def test_what_is_no_number_of_bins_is_refused(measure, n_bins):
    with pytest.raises(ValueError, match=f"{n_bins} bins cannot be: use a whole number of 1 or more"):
        measure([0.5], [True], n_bins=n_bins)


@pytest.mark.parametrize("level", [0, 1, 95, -0.5, np.nan])
def test_what_is_no_level_is_refused(level):
    for measure in (lambda: share_interval(1, 2, level=level), lambda: reliability_curve([], [], level=level)):
        with pytest.raises(ValueError, match=rf"level {level} is outside 0\.\.1: use 0\.95, say"):
            measure()


@pytest.mark.parametrize(("n_correct", "n"), [(3, 2), (-1, 2), (0, -1), (1.5, 2), (1, 2.5)])
def test_more_right_notes_than_notes_or_parts_of_one_are_refused(n_correct, n):
    with pytest.raises(ValueError, match=f"{n_correct} right notes of {n} cannot be: use whole numbers"):
        share_interval(n_correct, n)
