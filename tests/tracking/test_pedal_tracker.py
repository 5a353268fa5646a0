"""When the sustain pedal goes down and up, from evidence of which every crossing is known."""

import numpy as np
import pytest

from pianolab.roll import Salience
from pianolab.tracking import NoteEvent, PedalEvent, Tracker, Tracking, TrackingError

HOP_S = 0.02


def evidence(pedal, *, n_keys=88, **more):
    """Rows 20 ms apart that speak of the pedal, with onset evidence of no key."""
    n = len(pedal)
    strength = np.zeros((n, n_keys), np.float32)
    return Salience(
        np.arange(n) * HOP_S, strength, strength + np.nan, np.full(n, -20.0), onset=strength, pedal=pedal, **more
    )


def held(*rows, n=100):
    """Evidence 1 in the rows from each start up to its stop, 0 elsewhere."""
    sure = np.zeros(n)
    for start, stop in rows:
        sure[start:stop] = 1.0
    return sure


def tracked(pedal, **settings):
    tracker = Tracker(Tracking(policy="poly", **settings))
    events = tracker.push(evidence(pedal))
    return tracker, events + tracker.flush()


def test_a_crossing_is_timed_between_the_rows():
    rising = np.concatenate([np.zeros(10), [0.3, 0.8], np.ones(20), [0.6, 0.1], np.zeros(10)])
    tracker, events = tracked(rising, pedal_threshold=0.5, pedal_up_threshold=0.4)
    # From .3 to .8 the line is at .5 after two fifths of a row; from .6 to .1 it is at .4 after as much.
    assert tracker.pedal == pytest.approx(np.array([[10.4, 32.4]]) * HOP_S, abs=1e-7)
    assert [(event.kind, event.time_s) for event in events] == [
        ("pedal_down", tracker.pedal[0, 0]),
        ("pedal_up", tracker.pedal[0, 1]),
    ]


def test_evidence_that_wavers_between_the_thresholds_is_one_pedal():
    wavering = held((10, 60))
    wavering[20:50:2] = 0.45
    assert len(tracked(wavering, pedal_threshold=0.5, pedal_up_threshold=0.4)[0].pedal) == 1
    assert len(tracked(wavering, pedal_threshold=0.5, pedal_up_threshold=0.5, pedal_min_s=0.0)[0].pedal) == 16


def test_a_change_shorter_than_the_least_time_is_none():
    quick = held((10, 40), (43, 80))  # Up for three rows, 60 ms, of which the crossings take away one tenth of a row.
    assert len(tracked(quick, pedal_min_s=0.04)[0].pedal) == 2
    assert len(tracked(quick, pedal_min_s=0.08)[0].pedal) == 1
    assert len(tracked(held((10, 11)), pedal_min_s=0.04)[0].pedal) == 0


def test_a_change_is_told_when_it_has_lasted_with_the_time_at_which_it_began():
    tracker = Tracker(Tracking(policy="poly", pedal_min_s=0.04))
    salience = evidence(held((10, 100)))
    heard = [tracker.push(salience.between(time_s, time_s + HOP_S / 2)) for time_s in salience.times]
    first = next(row for row, events in enumerate(heard) if events)
    (event,) = heard[first]
    assert event == PedalEvent("pedal_down", pytest.approx(9.5 * HOP_S), pytest.approx(12 * HOP_S), 1.0)
    assert first == 12  # Row 11 is only 30 ms behind the crossing.


def test_delays_are_taken_off_but_no_pedal_ends_before_it_begins_or_begins_before_the_stream():
    late, _ = tracked(held((10, 40)), pedal_delay_s=0.03, pedal_up_delay_s=0.05)
    assert late.pedal == pytest.approx(np.array([[9.5 * HOP_S - 0.03, 39.6 * HOP_S - 0.05]]), abs=1e-7)
    short, _ = tracked(held((10, 13)), pedal_up_delay_s=1.0)
    assert short.pedal.tolist() == [[9.5 * HOP_S, 9.5 * HOP_S]]
    early, _ = tracked(held((1, 40)), pedal_delay_s=1.0)
    assert early.pedal[0, 0] == 0.0


def test_a_pedal_of_known_age_went_down_so_long_before_the_row_that_makes_it_certain():
    """It went down at 0.1 s and is heard at row 10; its age is right from row 12 on, and nonsense before."""
    ages = np.full(100, 3.0)
    ages[12:] = 0.14 + HOP_S * np.arange(88)
    tracker = Tracker(Tracking(policy="poly", pedal_min_s=0.04, pedal_change_s=0.2))
    (down,) = tracker.push(evidence(held((10, 100)), pedal_age=ages))
    assert (down.time_s, down.heard_s) == pytest.approx((0.1, 12 * HOP_S), abs=1e-6)
    late = Tracker(Tracking(policy="poly", pedal_min_s=0.04, pedal_delay_s=-0.03))
    assert late.push(evidence(held((10, 100)), pedal_age=ages))[0].time_s == pytest.approx(0.13, abs=1e-6)


def test_a_pedal_that_changes_goes_down_after_it_went_up_whatever_age_is_said():
    ages = np.full(100, 2.0)
    tracker = Tracker(Tracking(policy="poly"))
    tracker.push(evidence(held((10, 40), (45, 90)), pedal_age=ages))
    tracker.flush()
    (_, up), (again, _) = tracker.pedal
    assert up <= again <= 45 * HOP_S


def test_a_pedal_that_is_down_in_the_first_row_goes_down_there():
    tracker, events = tracked(held((0, 50)))
    assert tracker.pedal[0, 0] == 0.0
    assert events[0].kind == "pedal_down"


def test_a_pedal_still_down_goes_up_where_the_stream_ends():
    tracker = Tracker(Tracking(policy="poly"))
    tracker.push(evidence(held((10, 100))))
    assert tracker.pedal[0, 1] == pytest.approx(99 * HOP_S)  # As far as is known.
    (event,) = tracker.flush(end_s=2.5)
    assert (event.kind, event.time_s) == ("pedal_up", 2.5)
    assert tracker.pedal[0, 1] == 2.5


def test_a_pedal_never_down_is_none_of_them_and_no_pedal_evidence_is_nothing_known():
    tracker, events = tracked(np.full(100, 0.2))
    assert events == []
    assert tracker.pedal.shape == (0, 2)
    deaf = Tracker(Tracking(policy="poly"))
    rows = evidence(np.zeros(10))
    deaf.push(Salience(rows.times, rows.strength, rows.hz, rows.level_db, onset=rows.onset))
    assert deaf.pedal is None


def test_the_confidence_is_that_of_the_row_that_made_it_certain():
    sure = np.concatenate([np.zeros(5), np.full(20, 0.7), np.full(20, 0.1)])
    _, events = tracked(sure)
    assert [event.confidence for event in events] == pytest.approx([0.7, 0.9], abs=1e-6)


def test_events_do_not_depend_on_the_blocks_and_stand_between_those_of_notes():
    sure = np.clip(np.cumsum(np.random.default_rng(3).normal(scale=0.2, size=300)) % 2.0, 0, 1)
    salience = evidence(sure)
    onset, strength = np.zeros((300, 88)), np.zeros((300, 88))
    onset[20::40, 39], strength[20:290, 39] = 0.9, 0.9
    salience = Salience(salience.times, strength, salience.hz, salience.level_db, onset=onset, pedal=sure)
    whole = Tracker(Tracking(policy="poly"))
    events = whole.push(salience) + whole.flush()
    assert sum(isinstance(event, PedalEvent) for event in events) > 10
    assert sum(isinstance(event, NoteEvent) for event in events) > 10
    assert np.all(np.diff([event.heard_s for event in events]) >= 0)
    for n in (1, 7, 64):
        parts = Tracker(Tracking(policy="poly"))
        told = [
            event
            for i in range(0, 300, n)
            for event in parts.push(salience.between(i * HOP_S - 1e-6, (i + n) * HOP_S - 1e-6))
        ]
        assert [str(event) for event in told + parts.flush()] == [str(event) for event in events]
        assert np.array_equal(parts.pedal, whole.pedal)


def test_reset_forgets_the_pedal():
    tracker, _ = tracked(held((10, 40)))
    tracker.reset()
    assert tracker.pedal is None
    assert tracker.push(evidence(held((0, 20))))[0].time_s == 0.0


def test_a_threshold_for_up_above_that_for_down_is_refused():
    with pytest.raises(
        TrackingError, match=r"pedal_up_threshold 0.6 lies above pedal_threshold 0.5: the pedal would be"
    ):
        Tracking(pedal_up_threshold=0.6)
    with pytest.raises(
        TrackingError, match=r"pedal_threshold 1\.5 cannot be used: give a number at least 0 and at most 1"
    ):
        Tracking(pedal_threshold=1.5)


def test_a_pedal_that_is_changed_goes_down_so_long_after_it_went_up():
    changed = held((10, 40), (56, 90))  # Up at 0.8 s, down 0.32 s later.
    plain, timed = (tracked(changed, pedal_min_s=0.0, pedal_change_s=change_s)[0].pedal for change_s in (0.0, 0.2))
    assert timed[0] == pytest.approx(plain[0])
    up_s, down_s = plain[0, 1], plain[1, 0]
    assert timed[1] == pytest.approx([0.75 * (up_s + 0.2) + 0.25 * down_s, plain[1, 1]])


def test_a_pedal_that_stays_up_for_long_is_not_changed_but_pressed():
    pressed = held((10, 40), (80, 100))
    plain, timed = (tracked(pressed, pedal_change_s=change_s)[0].pedal for change_s in (0.0, 0.2))
    assert np.array_equal(plain, timed)


def test_no_change_is_told_before_it_is_heard():
    events = tracked(held((10, 40), (42, 90)), pedal_min_s=0.0, pedal_change_s=0.4)[1]
    assert [event.kind for event in events] == ["pedal_down", "pedal_up", "pedal_down", "pedal_up"]
    assert all(event.time_s <= event.heard_s for event in events)
