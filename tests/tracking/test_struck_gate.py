"""What is no struck string is turned away before it is told, and counted; what is one loses nothing."""

from dataclasses import replace

import numpy as np
import pytest

from pianolab.piano import render
from pianolab.roll import Notes, Salience
from pianolab.session import transcribe
from pianolab.tracking import Tracker, Tracking, TrackingError

HOP_S = 0.01
N_ROWS = 100


def evidence(struck, *, key=39, rows=(20, 60), onset=None):
    """One key that is strong in some rows, and what is said of strings at all keys."""
    strength = np.zeros((N_ROWS, 88))
    strength[slice(*rows), key] = 0.9
    struck = None if struck is None else np.broadcast_to(struck, (N_ROWS, 88))
    unknown, level_db = np.full((N_ROWS, 88), np.nan), np.full(N_ROWS, -20.0)
    return Salience(np.arange(N_ROWS) * HOP_S, strength, unknown, level_db, onset=onset, struck=struck)


def rising_at(row):
    return np.where(np.arange(N_ROWS) >= row, 0.9, 0.1)[:, None]


def heard(salience, **settings):
    tracker = Tracker(Tracking(n_confirm=3, **settings))
    return tracker, tracker.push(salience) + tracker.flush()


def test_a_struck_string_is_told_in_the_same_row_as_without_the_question():
    _, asked = heard(evidence(0.99), struck_threshold=0.5)
    _, not_asked = heard(evidence(0.9))
    assert [(event.kind, event.time_s, event.heard_s) for event in asked] == [("on", 0.2, 0.22), ("off", 0.59, 0.63)]
    assert asked == not_asked


def test_what_is_no_string_is_not_told_but_counted_with_its_onset():
    tracker, events = heard(evidence(0.1), struck_threshold=0.5, struck_wait_s=0.05)
    assert events == []
    assert len(tracker.notes()) == 0
    (away,) = tracker.turned_away
    assert (away.key, away.time_s, away.struck) == (39, 0.2, pytest.approx(0.1))
    assert away.heard_s == pytest.approx(0.27)  # Confirmed at 0.22 s, and 50 ms later.


def test_evidence_that_rises_within_the_wait_tells_the_note_with_the_onset_that_it_had():
    tracker, events = heard(evidence(rising_at(24)), struck_threshold=0.5, struck_wait_s=0.1)
    assert [(event.kind, event.time_s) for event in events] == [("on", 0.2), ("off", 0.59)]
    assert 0.24 < events[0].heard_s <= 0.32
    assert tracker.turned_away == ()


def test_evidence_that_rises_after_the_wait_is_too_late():
    tracker, events = heard(evidence(rising_at(40)), struck_threshold=0.5, struck_wait_s=0.1)
    assert events == []
    assert len(tracker.turned_away) == 1


def test_a_note_that_is_asked_for_longer_needs_more_but_a_voice_at_its_stroke_no_longer_counts():
    settings = {"struck_threshold": 0.5, "struck_wait_s": 0.1, "struck_late_s": 0.15}
    (on, _) = heard(evidence(rising_at(34)), **settings)[1]
    assert (on.kind, on.time_s) == ("on", 0.2)
    assert 0.34 < on.heard_s < 0.47
    hardly = np.where(np.arange(N_ROWS) >= 34, 0.7, 0.1)[:, None]
    tracker, events = heard(evidence(hardly), **settings)
    assert events == []
    assert [round(away.heard_s, 2) for away in tracker.turned_away] == [0.47]


@pytest.mark.parametrize(("stroke", "again_s", "n"), [(0.7, 0.4, 2), (0.45, 0.4, 1), (0.45, 0.2, 2), (0.7, 1.4, 1)])
def test_a_key_sounds_again_only_with_a_clear_stroke_or_as_in_a_trill(stroke, again_s, n):
    n_rows, again = 200, 20 + round(again_s / HOP_S)
    strength, onset, struck = np.zeros((n_rows, 88)), np.full((n_rows, 1), 0.05), np.zeros((n_rows, 88))
    strength[20 : again - 8, 39] = strength[again:190, 39] = 0.9
    onset[20], onset[again] = 0.9, stroke
    struck[: again - 8, 39], struck[again - 8 :, 39] = 0.999, 0.45
    unknown, level_db = np.full((n_rows, 88), np.nan), np.full(n_rows, -20.0)
    level_db[again - 8 : again] = -70.0
    salience = Salience(np.arange(n_rows) * HOP_S, strength, unknown, level_db, onset=onset, struck=struck)
    assert len(heard(salience, struck_threshold=0.7)[0].notes()) == n


@pytest.mark.parametrize(("rise_db", "struck_again", "n"), [(20.0, 0.45, 2), (20.0, 0.01, 1), (0.0, 0.45, 1)])
def test_a_key_whose_own_partials_rise_sounds_again_though_its_stroke_is_faint(rise_db, struck_again, n):
    n_rows, again = 200, 60
    strength, onset, struck = np.zeros((n_rows, 88)), np.full((n_rows, 1), 0.05), np.zeros((n_rows, 88))
    partials_db, unknown = np.full((n_rows, 88), -60.0), np.full((n_rows, 88), np.nan)
    strength[20:190, 39], partials_db[20:, 39] = 0.9, -40.0
    partials_db[again + 1 :, 39] += rise_db
    onset[20], onset[again] = 0.9, 0.45
    struck[:again, 39], struck[again:, 39] = 0.999, struck_again
    evidence = {"onset": onset, "struck": struck, "partials_db": partials_db}
    salience = Salience(np.arange(n_rows) * HOP_S, strength, unknown, np.full(n_rows, -20.0), **evidence)
    assert len(heard(salience, struck_threshold=0.7)[0].notes()) == n


def test_a_note_whose_stroke_nobody_heard_needs_more_of_a_string():
    onset = np.full((N_ROWS, 1), 0.05)
    for at, struck, n in ((None, 0.9, 0), (None, 0.99, 1), (20, 0.9, 1)):
        onset[20] = 0.05 if at is None else 0.9
        tracker, _ = heard(evidence(struck, onset=onset.copy()), struck_threshold=0.5)
        assert len(tracker.notes()) == n


@pytest.mark.parametrize(("key", "n"), [(74, 1), (75, 0)])
def test_the_highest_keys_need_more_of_a_string_where_nobody_plays(key, n):
    assert len(heard(evidence(0.6, key=key), struck_threshold=0.5)[0].notes()) == n
    assert len(heard(evidence(0.95, key=key), struck_threshold=0.5)[0].notes()) == 1


def test_a_note_that_ends_or_a_stream_that_ends_while_it_waits_is_turned_away_once():
    for rows in ((20, 24), (96, 100)):
        tracker, events = heard(evidence(0.1, rows=rows), struck_threshold=0.5, struck_wait_s=1.0)
        assert events == []
        assert len(tracker.turned_away) == 1


@pytest.mark.parametrize("salience", [evidence(None), evidence(0.1)], ids=["no evidence", "threshold 0"])
def test_without_evidence_or_with_threshold_0_nothing_is_turned_away(salience):
    threshold = 0.5 if salience.struck is None else 0.0
    tracker, events = heard(salience, struck_threshold=threshold)
    assert [event.kind for event in events] == ["on", "off"]
    assert tracker.turned_away == ()


def test_a_note_that_gets_another_name_is_asked_under_the_new_one():
    strength = np.zeros((N_ROWS, 88))
    strength[20:26, 51] = 0.6  # An octave too high at first, ...
    strength[26:80, 39] = 0.9  # ... where no string sounds.
    onset = np.full((N_ROWS, 1), 0.05)
    onset[20] = 0.9
    struck = np.zeros((N_ROWS, 88))
    struck[:, 39] = 0.9
    unknown, level_db = np.full((N_ROWS, 88), np.nan), np.full(N_ROWS, -20.0)
    salience = Salience(np.arange(N_ROWS) * HOP_S, strength, unknown, level_db, onset=onset, struck=struck)
    _, plain = heard(salience)
    assert [(event.kind, event.midi) for event in plain] == [("on", 72), ("revised", 60), ("off", 60)]
    tracker, asked = heard(salience, struck_threshold=0.5)
    assert [(event.kind, event.midi) for event in asked] == [("on", 60), ("off", 60)]
    assert asked[0].time_s == plain[0].time_s
    assert tracker.turned_away == ()


def renamed(*, before=0.0, after=0.0):
    """A note of C5 that its policy calls C4 0.2 s later; how surely a string sounds at C4 before and after that."""
    strength = np.zeros((N_ROWS, 88))
    strength[20:40, 51], strength[40:90, 39] = 0.6, 0.9
    onset = np.full((N_ROWS, 1), 0.05)
    onset[20] = 0.9
    struck = np.zeros((N_ROWS, 88))
    struck[:, 51] = 0.9
    struck[:40, 39], struck[40:, 39] = before, after
    unknown, level_db = np.full((N_ROWS, 88), np.nan), np.full(N_ROWS, -20.0)
    return Salience(np.arange(N_ROWS) * HOP_S, strength, unknown, level_db, onset=onset, struck=struck)


def told(events):
    return [(event.kind, event.midi) for event in events]


def test_a_told_note_keeps_its_name_where_no_string_sounds_at_the_new_one():
    _, plain = heard(renamed())
    assert told(plain) == [("on", 72), ("revised", 60), ("off", 60)]
    tracker, asked = heard(renamed(), struck_threshold=0.5)
    assert told(asked) == [("on", 72), ("off", 72)]
    assert (asked[0].time_s, asked[-1].time_s) == (plain[0].time_s, plain[-1].time_s)
    assert [away.key for away in tracker.turned_away] == [39]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_new_name_is_told_where_a_string_sounded_there_when_the_note_was_told_or_sounds_there_now(when):
    tracker, asked = heard(renamed(**{when: 0.99}), struck_threshold=0.5)
    assert told(asked) == [("on", 72), ("revised", 60), ("off", 60)]
    assert tracker.turned_away == ()


def test_a_key_that_is_struck_again_under_the_name_of_a_note_ends_that_note_first():
    salience = renamed()
    strength, onset, struck = (np.array(rows) for rows in (salience.strength, salience.onset, salience.struck))
    strength[60:] = 0.0
    strength[60:90, 51] = 0.9
    onset[60] = 0.9
    _, asked = heard(replace(salience, strength=strength, onset=onset, struck=struck), struck_threshold=0.5)
    assert told(asked) == [("on", 72), ("off", 72), ("on", 72), ("off", 72)]
    assert asked[1].time_s <= asked[2].heard_s


def test_only_rows_in_which_a_note_waits_are_asked_for():
    class Counted(list):
        asked = 0

        def __getitem__(self, row):
            self.asked += 1
            return super().__getitem__(row)

    rows = Counted(np.full((N_ROWS, 88), 0.99, np.float32))
    tracker = Tracker(Tracking(n_confirm=3, struck_threshold=0.5))
    events = tracker.push(evidence(None), struck=rows)
    assert told(events) == [("on", 60), ("off", 60)]
    assert rows.asked == 1


def test_a_refused_voice_does_not_keep_a_string_at_another_key_from_being_told():
    strength = np.zeros((N_ROWS, 88))
    strength[10:90, 30], strength[40:80, 60] = 0.9, 0.8
    struck = np.zeros((N_ROWS, 88))
    struck[:, 60] = 0.9
    unknown, level_db = np.full((N_ROWS, 88), np.nan), np.full(N_ROWS, -20.0)
    salience = Salience(np.arange(N_ROWS) * HOP_S, strength, unknown, level_db, struck=struck)
    tracker, events = heard(salience, policy="poly", struck_threshold=0.5)
    assert [(event.kind, event.midi) for event in events] == [("on", 81), ("off", 81)]
    assert [away.key for away in tracker.turned_away] == [30]


@pytest.mark.parametrize("detector", ["fft_peak", "cqt", "yin"])
def test_a_key_that_is_struck_again_while_it_sounds_is_told_each_time(detector):
    keys = [64, 64, 65, 67, 67, 65, 64, 62, 60, 60, 62, 64]
    onset = 0.1 + 0.6 * np.arange(len(keys))
    heard = transcribe(render(Notes(onset, onset + 0.58, keys), sr=22050), sr=22050, detector=detector)
    assert heard.midi.tolist() == keys


def test_a_threshold_above_1_and_a_negative_wait_are_refused():
    with pytest.raises(TrackingError, match=r"struck_threshold 1\.5 cannot be used"):
        Tracking(struck_threshold=1.5)
    with pytest.raises(TrackingError, match="struck_wait_s -1 cannot be used"):
        Tracking(struck_wait_s=-1)
