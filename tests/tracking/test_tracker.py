"""Notes from evidence written by hand."""

import numpy as np
import pytest

from pianolab.roll import Salience
from pianolab.tracking import Tracker, Tracking, TrackingError
from pianolab.units import N_KEYS

HOP_S = 0.01
C4, C5, E4, C7 = 39, 51, 43, 75


def rows(keys, *, onsets=(), level_db=-20.0, strength=0.9, evidence=0.9):
    """Salience of one key a frame (-1 for none), onset evidence at some frames."""
    keys = np.asarray(keys)
    n = len(keys)
    strengths = np.zeros((n, N_KEYS))
    strengths[np.flatnonzero(keys >= 0), keys[keys >= 0]] = strength
    onset = np.full((n, 1), 0.05)
    onset[list(onsets), 0] = evidence
    times = np.arange(n) * HOP_S
    return Salience(times, strengths, np.full((n, N_KEYS), np.nan), np.broadcast_to(level_db, n), onset=onset)


def replace_rows(salience, **more):
    """The same rows with more evidence."""
    return Salience(salience.times, salience.strength, salience.hz, salience.level_db, onset=salience.onset, **more)


def tracked(salience, **settings):
    tracker = Tracker(Tracking(**settings))
    events = tracker.push(salience)
    events += tracker.flush(end_s=len(salience) * HOP_S)
    return tracker.notes(), events


def test_a_note_begins_at_its_attack_though_its_name_comes_later():
    notes, _ = tracked(rows([-1] * 20 + [-1] * 4 + [C4] * 40, onsets=[20]))
    assert notes.midi.tolist() == [60]
    assert notes.onset[0] == pytest.approx(0.20, abs=0.006)


def test_the_delay_of_the_evidence_is_taken_off():
    salience = rows([-1] * 20 + [C4] * 40, onsets=[20])
    early, late = tracked(salience)[0], tracked(salience, onset_delay_s=0.03)[0]
    assert early.onset[0] - late.onset[0] == pytest.approx(0.03)


def test_two_notes_in_a_row_meet_at_the_second_attack():
    notes, _ = tracked(rows([-1] * 10 + [C4] * 40 + [E4] * 40, onsets=[10, 50]))
    assert notes.midi.tolist() == [60, 64]
    assert notes.offset[0] == pytest.approx(notes.onset[1])
    assert notes.onset[1] == pytest.approx(0.50, abs=0.006)


def test_a_key_struck_again_is_two_notes():
    notes, _ = tracked(rows([-1] * 10 + [C4] * 90, onsets=[10, 55]))
    assert notes.midi.tolist() == [60, 60]
    assert notes.onset[1] == pytest.approx(0.55, abs=0.006)


def test_a_key_struck_again_faintly_is_a_new_note_where_it_grows_louder():
    grows_db = np.where(np.arange(100) < 55, -22.0, -20.0)
    for level_db, n in ((grows_db, 2), (-20.0, 1)):
        salience = rows([-1] * 10 + [C4] * 90, onsets=[10, 55], evidence=[0.9, 0.52], level_db=level_db)
        assert len(tracked(salience)[0]) == n


@pytest.mark.parametrize(
    ("rise_db", "evidence", "n"),
    [
        (0.0, 0.9, 2),  # Clear evidence of a stroke is enough alone.
        (0.0, 0.65, 1),  # A syllable beside a string that rings raises what is new, and not the partials of the string.
        (11.0, 0.65, 2),  # A stroke raises them.
        (11.0, 0.45, 2),  # Then fainter evidence does, ...
        (11.0, 0.36, 1),  # ... but not any.
    ],
)
def test_a_key_struck_again_raises_its_own_partials(rise_db, evidence, n):
    salience = rows([-1] * 10 + [C4] * 90, onsets=[10, 55], evidence=[0.9, evidence])
    partials_db = np.full((len(salience), N_KEYS), -60.0)
    partials_db[10:, C4] = -40.0
    partials_db[56:, C4] += rise_db
    heard = replace_rows(salience, partials_db=partials_db)
    assert len(tracked(heard)[0]) == n


def test_the_partials_of_other_keys_say_nothing_of_a_key_that_sounds():
    salience = rows([-1] * 10 + [C4] * 90, onsets=[10, 55], evidence=[0.9, 0.65])
    partials_db = np.full((len(salience), N_KEYS), -60.0)
    partials_db[56:, E4] = -20.0
    assert len(tracked(replace_rows(salience, partials_db=partials_db))[0]) == 1


def test_a_weak_attack_of_another_key_soon_after_a_note_is_a_new_note():
    notes, _ = tracked(rows([-1] * 10 + [C4] * 12 + [E4] * 30, onsets=[10, 22], evidence=[0.9, 0.4]))
    assert notes.midi.tolist() == [60, 64]
    assert notes.onset[1] == pytest.approx(0.22, abs=0.006)


@pytest.mark.parametrize(("wrong_rows", "at"), [(6, 16), (10, 30)])
def test_a_weak_peak_of_an_attack_does_not_divide_a_note_whose_first_name_was_wrong(wrong_rows, at):
    keys = [-1] * 10 + [C5] * wrong_rows + [C4] * 60
    notes, events = tracked(rows(keys, onsets=[10, at], evidence=[0.9, 0.4]))
    assert notes.midi.tolist() == [60]
    assert [event.kind for event in events] == ["on", "revised", "off"]


@pytest.mark.parametrize(("key", "waits", "before", "onset_s"), [
    (C5, 2, 0.60, 0.35),  # C5 shows itself at once, so the earlier peak was none of its strokes, ...
    (C5, 2, 0.80, 0.25),  # ... unless that was much the stronger one, ...
    (0, 6, 0.60, 0.25),  # ... but A0 may well take 0.16 s.
])  # fmt: skip
def test_a_note_begins_at_the_peak_that_fits_the_time_its_key_takes_to_show(key, waits, before, onset_s):
    keys = [-1] * 10 + [C4] * 25 + [C4] * waits + [key] * 40
    notes, _ = tracked(rows(keys, onsets=[10, 25, 35], evidence=[0.9, before, 0.60]))
    assert notes.midi.tolist() == [60, key + 21]
    assert notes.onset[1] == pytest.approx(onset_s, abs=0.006)


@pytest.mark.parametrize(("gap", "midi"), [(17, [60, 64]), (24, [60])])
def test_a_faint_key_that_begins_soon_after_its_attack_is_told_though_it_becomes_sure_later(gap, midi):
    strength = [0.9] * 60 + [0.31] * 40
    notes, _ = tracked(rows([-1] * 10 + [C4] * 60 + [-1] * gap + [E4] * 40, onsets=[10, 70], strength=strength))
    assert notes.midi.tolist() == midi


@pytest.mark.parametrize(("key", "n", "strength", "falls_db", "midi"), [
    (E4, 7, 0.9, 0.0, [60, 64]),
    (E4, 4, 0.9, 0.0, [60]),  # Too short, ...
    (E4, 7, 0.6, 0.0, [60]),  # ... not sure, ...
    (E4, 7, 0.9, 3.0, [60]),  # ... softer than the note before, ...
    (C5, 7, 0.9, 0.0, [60]),  # ... or perhaps the same note.
])  # fmt: skip
def test_a_key_that_surely_takes_over_is_a_note_though_nobody_heard_its_stroke(key, n, strength, falls_db, midi):
    keys = [-1] * 10 + [C4] * 60 + [key] * n + [-1] * 10
    strengths = [0.9] * 60 + [strength] * n
    level_db = np.where(np.arange(len(keys)) < 70, -20.0, -20.0 - falls_db)
    notes, _ = tracked(rows(keys, onsets=[10], strength=strengths, level_db=level_db))
    assert notes.midi.tolist() == midi
    if len(midi) == 2:
        assert notes.onset[1] == pytest.approx(0.685, abs=0.001)


@pytest.mark.parametrize(("evidence", "falls_db", "midi"), [
    (0.40, 3.0, [60, 64]),
    (0.30, 3.0, [60]),  # The peak is too low, ...
    (0.40, 9.0, [60]),  # ... or the sound much softer.
])  # fmt: skip
def test_a_key_that_surely_takes_over_may_be_softer_where_the_evidence_has_a_peak(evidence, falls_db, midi):
    """The evidence of a low string that beats is .33 all the time, so a peak of .40 is no onset."""
    keys = [-1] * 10 + [C4] * 60 + [E4] * 7 + [-1] * 10
    level_db = np.where(np.arange(len(keys)) < 70, -20.0, -20.0 - falls_db)
    salience = rows(keys, level_db=level_db)
    onset = np.full((len(keys), 1), 0.30)
    onset[10], onset[68] = 0.9, evidence
    notes, _ = tracked(Salience(salience.times, salience.strength, salience.hz, salience.level_db, onset=onset))
    assert notes.midi.tolist() == midi
    if len(midi) == 2:
        assert notes.onset[1] == pytest.approx(0.68, abs=0.006)


@pytest.mark.parametrize(("key", "evidence", "midi"), [
    (C7, 0.9, [60, 96]),
    (C7, 0.4, [60]),  # Its stroke was hardly heard, ...
    (C4 + 2, 0.9, [60]),  # ... or such a key does not fade so soon.
])  # fmt: skip
def test_a_high_key_that_noise_breaks_up_is_a_note_of_its_stroke(key, evidence, midi):
    keys = [-1] * 10 + [C4] * 30 + [key, key, -1, key, -1, key, key, -1, -1, key, -1, key, -1, key] + [-1] * 10
    strength = [0.9] * 30 + [0.5] * 8
    notes, _ = tracked(rows(keys, onsets=[10, 40], evidence=[0.9, evidence], strength=strength))
    assert notes.midi.tolist() == midi
    if len(midi) == 2:
        assert notes.onset[1] == pytest.approx(0.40, abs=0.006)


def test_high_keys_that_take_turns_are_no_note():
    keys = [-1] * 10 + [C4] * 30 + [C7, C7 + 1, C7 + 2] * 10 + [-1] * 10
    notes, _ = tracked(rows(keys, onsets=[10, 40]))
    assert notes.midi.tolist() == [60]


def test_a_faint_flicker_in_a_long_note_is_no_new_note():
    salience = rows([-1] * 10 + [C4] * 90, onsets=[10, 55])
    onset = salience.onset.copy()
    onset[55] = 0.45
    notes, _ = tracked(Salience(salience.times, salience.strength, salience.hz, salience.level_db, onset=onset))
    assert notes.midi.tolist() == [60]


def test_an_octave_error_in_the_first_frames_is_revised():
    notes, events = tracked(rows([-1] * 10 + [C5] * 5 + [C4] * 60, onsets=[10]))
    assert notes.midi.tolist() == [60]
    assert [event.kind for event in events] == ["on", "revised", "off"]
    assert [event.midi for event in events] == [72, 60, 60]
    assert events[1].time_s == events[0].time_s
    assert events[1].heard_s < 0.30


def test_the_name_is_held_when_later_frames_disagree():
    notes, _ = tracked(rows([-1] * 10 + [C4] * 50 + [C5] * 20 + [-1] * 20, onsets=[10]))
    assert notes.midi.tolist() == [60]
    assert notes.offset[0] == pytest.approx(1.0, abs=0.011)


def test_a_damper_ends_a_note_where_its_level_begins_to_fall():
    level_db = np.concatenate([np.full(60, -20.0), -20.0 - 2.5 * np.arange(1, 31)])
    notes, _ = tracked(rows([-1] * 10 + [C4] * 80, onsets=[10], level_db=level_db))
    assert len(notes) == 1
    assert notes.offset[0] == pytest.approx(0.60, abs=0.03)


def test_a_string_that_dies_away_by_itself_is_still_one_note():
    level_db = -20.0 - 0.3 * np.arange(120)  # 30 dB a second
    notes, _ = tracked(rows([-1] * 10 + [C4] * 110, onsets=[10], level_db=level_db))
    assert len(notes) == 1
    assert notes.offset[0] == pytest.approx(1.2, abs=0.011)


def test_strings_that_swell_again_are_no_new_note_unless_they_are_struck():
    level_db = np.concatenate(
        [np.full(30, -20.0), np.linspace(-20, -50, 10), np.linspace(-50, -22, 10), np.full(50, -22.0)]
    )
    keys = [-1] * 10 + [C4] * 90
    assert len(tracked(rows(keys, onsets=[10], level_db=level_db))[0]) == 1
    assert len(tracked(rows(keys, onsets=[10, 46], level_db=level_db))[0]) == 2
    assert len(tracked(rows([-1] * 10 + [C4] * 30 + [E4] * 60, onsets=[10], level_db=level_db))[0]) == 2


def test_below_the_energy_gate_nothing_sounds():
    level_db = np.where(np.arange(100) < 50, -20.0, -80.0)
    notes, _ = tracked(rows([-1] * 10 + [C4] * 90, onsets=[10], level_db=level_db))
    assert notes.offset[0] == pytest.approx(0.50, abs=0.02)
    assert len(tracked(rows([C4] * 50, onsets=[3], level_db=-90.0))[0]) == 0


def test_fewer_frames_than_confirm_a_note_are_none():
    salience = rows([-1] * 10 + [C4] * 3 + [-1] * 60, onsets=[10])
    assert len(tracked(salience, n_confirm=3)[0]) == 1
    assert len(tracked(salience, n_confirm=4)[0]) == 0


def test_a_key_that_is_hardly_sure_takes_more_frames_to_be_a_note():
    sure, unsure = (rows([-1] * 10 + [C4] * 40, onsets=[10], strength=strength) for strength in (0.9, 0.32))
    heard_s = [tracked(salience)[1][0].heard_s for salience in (sure, unsure)]
    assert heard_s == pytest.approx([0.12, 0.14])
    assert len(tracked(rows([-1] * 10 + [C4] * 40, onsets=[10], strength=0.25))[0]) == 0


def test_a_knock_without_a_key_is_no_note_and_does_not_date_a_later_one():
    notes, _ = tracked(rows([-1] * 60 + [C4] * 40, onsets=[10, 60]))
    assert notes.onset.tolist() == pytest.approx([0.6], abs=0.006)


def test_rows_one_by_one_make_the_same_notes():
    salience = rows([-1] * 10 + [C4] * 40 + [E4] * 40 + [C5] * 30, onsets=[10, 50, 90])
    whole = tracked(salience)[0]
    tracker = Tracker()
    for t in salience.times:
        tracker.push(salience.between(t, t + HOP_S / 2))
    tracker.flush(end_s=len(salience) * HOP_S)
    assert len(whole) == 3
    assert tracker.notes() == whole


def test_a_forgotten_stream_leaves_no_trace():
    tracker = Tracker()
    tracker.push(rows([-1] * 10 + [C4] * 40, onsets=[10]))
    tracker.reset()
    assert len(tracker.notes()) == 0
    tracker.push(rows([-1] * 10 + [E4] * 40, onsets=[10]))
    assert tracker.notes().midi.tolist() == [64]


def test_an_ended_stream_takes_no_more_rows_and_its_last_note_has_the_level_of_its_last_row():
    tracker, salience = Tracker(), rows([-1] * 10 + [C4] * 40, onsets=[10])
    tracker.push(salience)
    assert [(event.kind, event.level_db) for event in tracker.flush()] == [("off", -20.0)]
    with pytest.raises(TrackingError, match=r"ended by flush: use reset\(\) before another"):
        tracker.push(salience)
    tracker.reset()
    assert tracker.push(salience)


def test_onset_evidence_that_comes_and_goes_is_refused():
    salience = rows([-1] * 10 + [C4] * 40, onsets=[10])
    tracker = Tracker()
    assert tracker.push(Salience.empty()) == []  # No rows say nothing about the evidence.
    tracker.push(salience)
    with pytest.raises(TrackingError, match="give it in all rows or in none"):
        tracker.push(Salience(salience.times, salience.strength, salience.hz, salience.level_db))
