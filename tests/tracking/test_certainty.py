"""Confidence as a probability: five numbers turn evidence into it, for new and for renamed notes alike."""

import math
from dataclasses import replace

import numpy as np
import pytest

from pianolab.roll import Salience
from pianolab.tracking import Tracker, Tracking
from pianolab.tracking import struck as gate
from pianolab.tracking.certainty import log_odds, probability
from pianolab.units import N_KEYS


@pytest.mark.parametrize("evidence", [0.0, 0.2, 0.5, 0.97, 1.0])
def test_without_fitted_numbers_the_evidence_itself_is_the_confidence(evidence):
    assert probability(Tracking(), own=evidence, support=0.3, struck=0.9) == evidence


def test_the_log_odds_of_the_chance_are_the_weighted_sum_of_those_of_the_evidence():
    settings = Tracking(sure_base=-0.5, sure_own=0.8, sure_support=1.5, sure_struck=2.0)
    chance = probability(settings, own=0.7, support=0.4, struck=0.6)
    expected = -0.5 + 0.8 * math.log(0.7 / 0.3) + 1.5 * math.log(0.4 / 0.6) + 2.0 * math.log(0.6 / 0.4)
    assert log_odds(chance) == pytest.approx(expected, abs=1e-12)


def test_a_note_that_waited_long_is_less_sure_until_the_longest_wait_that_counts():
    settings = Tracking(sure_base=1.0, sure_own=1.0, sure_prompt=2.0)
    odds = [log_odds(probability(settings, own=0.6, support=0.5, struck=0.5, waited_s=s)) for s in (0.0, 0.1, 0.3, 2.0)]
    assert odds == pytest.approx([1.0 + log_odds(0.6) - lost for lost in (0.0, 2.0, 6.0, 6.0)], abs=1e-9)


def test_evidence_that_is_not_there_says_nothing():
    settings = Tracking(sure_base=0.3, sure_own=1.0, sure_support=1.0, sure_struck=1.0)
    assert probability(settings, own=0.5, support=math.nan, struck=math.nan) == pytest.approx(1 / (1 + math.exp(-0.3)))


def test_evidence_of_0_and_of_1_leaves_a_chance_between_them():
    settings = Tracking(sure_base=0.0, sure_own=1.0, sure_support=1.0)
    assert 0.0 < probability(settings, own=0.0, support=0.0, struck=math.nan) < 0.001
    assert 0.999 < probability(settings, own=1.0, support=1.0, struck=math.nan) < 1.0


@pytest.fixture
def stroke():
    """C5 for five rows after a stroke of evidence 0.8, then C4; a struck string sounds at C4 alone."""
    times = np.arange(40) / 100
    strength, struck = np.zeros((2, 40, N_KEYS), np.float32)
    strength[10:15, 51], strength[15:, 39] = 0.6, 0.9
    struck[:, 51], struck[:, 39] = 0.1, 0.9
    onset = np.full((40, 1), 0.1)
    onset[10] = 0.8
    unknown = np.full_like(strength, np.nan)
    return Salience(times, strength, unknown, np.full(40, -20.0), onset=onset, struck=struck)


def kinds(events):
    return [(event.kind, event.note, event.midi) for event in events]


def test_a_note_is_told_from_the_least_confidence_on(stroke):
    told = {}
    for threshold in (0.0, 0.5, 0.6, 0.61):  # C5 is told with 0.6, and the longest wait for C4 with 0.9.
        tracker = Tracker(Tracking(n_confirm=3, sure_threshold=threshold))
        told[threshold] = tracker.push(stroke) + tracker.flush()
    assert kinds(told[0.0]) == kinds(told[0.5]) == [("on", 0, 72), ("revised", 0, 60), ("off", 0, 60)]
    assert kinds(told[0.61]) == [("on", 0, 60), ("off", 0, 60)]
    first, late = told[0.0], told[0.61]
    assert late[0].time_s == first[0].time_s  # It begins at its stroke, ...
    assert late[0].heard_s == first[1].heard_s  # ... and is told when its better name is known.


def test_a_note_that_stays_unsure_is_counted_and_neither_it_nor_its_end_is_told(stroke):
    tracker = Tracker(Tracking(n_confirm=3, sure_threshold=0.95))
    assert tracker.push(stroke) + tracker.flush() == []
    assert tracker.n_unsure == 1
    assert len(tracker.notes()) == 0
    tracker.reset()
    assert tracker.n_unsure == 0


def test_a_told_note_keeps_being_told_when_its_new_name_is_less_sure(stroke):
    falls = replace(stroke, strength=np.where(stroke.strength == np.float32(0.9), 0.55, stroke.strength * 1.6))
    tracker = Tracker(Tracking(n_confirm=3, sure_threshold=0.6))
    events = tracker.push(falls) + tracker.flush()
    assert [event.kind for event in events] == ["on", "revised", "off"]
    assert [round(event.confidence, 2) for event in events[:2]] == [0.96, 0.55]


def test_a_note_and_its_new_name_are_told_with_the_chances_of_their_own_evidence(stroke):
    settings = Tracking(n_confirm=3, sure_base=0.2, sure_own=0.5, sure_support=1.0, sure_struck=0.7)
    tracker = Tracker(settings)
    on, revised = (event for event in tracker.push(stroke) if event.kind != "off")
    assert (on.midi, revised.midi) == (72, 60)
    assert tracker.n_revised == 1
    assert on.confidence == pytest.approx(probability(settings, own=0.6, support=0.8, struck=0.1), abs=1e-6)
    assert revised.confidence == pytest.approx(probability(settings, own=0.9, support=0.8, struck=0.9), abs=1e-6)
    assert tracker.notes().confidence.tolist() == [revised.confidence]


def test_a_note_and_its_new_name_wait_from_their_stroke_to_their_rows(stroke):
    settings = Tracking(n_confirm=3, sure_base=0.2, sure_own=0.5, sure_prompt=1.0)
    on, revised = (event for event in Tracker(settings).push(stroke) if event.kind != "off")
    for event, own in ((on, 0.6), (revised, 0.9)):
        waited_s = event.heard_s - event.time_s
        assert waited_s > 0.01
        expected = probability(settings, own=own, support=0.8, struck=math.nan, waited_s=waited_s)
        assert event.confidence == pytest.approx(expected, abs=1e-6)
    assert revised.heard_s - revised.time_s > on.heard_s - on.time_s


def test_with_many_voices_the_strength_of_the_key_supports_the_evidence_of_its_stroke(stroke):
    onset = np.zeros((40, N_KEYS))
    onset[14:17, 39] = 0.3, 0.7, 0.2
    settings = Tracking(policy="poly", sure_base=0.1, sure_own=1.0, sure_support=0.5)
    (on,) = Tracker(settings).push(replace(stroke, onset=onset, struck=None))
    assert on.confidence == pytest.approx(probability(settings, own=0.7, support=0.9, struck=math.nan), abs=1e-6)


def test_the_evidence_of_a_struck_string_by_which_a_note_was_let_through_counts_with_that_of_the_notes_before(stroke):
    weights = {"sure_base": 0.0, "sure_own": 0.0, "sure_support": 0.0, "sure_struck": 1.0}
    settings = Tracking(n_confirm=3, struck_threshold=0.05, struck_wait_s=0.0, **weights)
    struck = np.full_like(stroke.strength, 0.8)
    (on,) = (event for event in Tracker(settings).push(replace(stroke, struck=struck)) if event.kind == "on")
    one = log_odds(0.8)
    lately = gate.NOTE_SHARE * min(one, gate.MOST_OF_ONE)
    assert log_odds(on.confidence) == pytest.approx(one + lately, abs=1e-5)
