"""Notes where keys have no onset evidence of their own, from strengths written by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pianolab.roll import Salience
from pianolab.tracking import Tracker, Tracking
from pianolab.units import N_KEYS

HOP_S = 0.01
C4, E4, G4 = 39, 43, 46


def evidence(sounding, *, n_rows=100, any_onset=None, level_db=-20.0):
    """Salience from (key, first row, last row, strength)."""
    strength = np.zeros((n_rows, N_KEYS))
    for key, first, last, value in sounding:
        strength[first : last + 1, key] = value
    times, unknown = np.arange(n_rows) * HOP_S, np.full((n_rows, N_KEYS), np.nan)
    onset = None
    if any_onset is not None:
        onset = np.zeros((n_rows, 1))
        onset[any_onset] = 0.9
    return Salience(times, strength, unknown, np.broadcast_to(level_db, n_rows), onset)


def tracked(salience, **tracking):
    tracker = Tracker(Tracking(**tracking))
    events = tracker.push(salience)
    events += tracker.flush(end_s=len(salience) * HOP_S)
    return tracker.notes(), events


def test_a_run_of_rows_is_a_note_from_its_first_to_its_last():
    notes, events = tracked(evidence([(C4, 10, 49, 0.9)]), n_confirm=3, n_release=4)
    assert notes.midi.tolist() == [60]
    assert notes.onset == pytest.approx([0.10], abs=1e-9)
    assert notes.offset == pytest.approx([0.49], abs=1e-9)
    assert [event.heard_s for event in events] == pytest.approx([0.12, 0.53], abs=1e-9)


def test_a_run_shorter_than_n_confirm_is_none():
    short = evidence([(C4, 10, 12, 0.9)])
    assert len(tracked(short, n_confirm=3)[0]) == 1
    assert len(tracked(short, n_confirm=4)[0]) == 0


def test_with_one_voice_the_next_note_ends_the_one_before():
    notes, _ = tracked(evidence([(C4, 10, 49, 0.9), (E4, 40, 80, 0.95)]), n_release=9)
    assert notes.midi.tolist() == [60, 64]
    assert notes.offset[0] == notes.onset[1] == pytest.approx(0.40, abs=1e-9)


def test_with_many_voices_a_chord_is_its_notes():
    notes, _ = tracked(evidence([(key, 10, 40, 0.9) for key in (C4, E4, G4)]), policy="poly")
    assert notes.midi.tolist() == [60, 64, 67]
    assert notes.onset == pytest.approx([0.1] * 3, abs=1e-9)


def test_an_onset_of_any_key_repeats_a_key_that_sounds():
    notes, _ = tracked(evidence([(C4, 10, 80, 0.9)], any_onset=[10, 50]), policy="poly")
    assert notes.midi.tolist() == [60, 60]
    assert notes.offset[0] == notes.onset[1] == pytest.approx(0.50, abs=1e-9)


def test_silence_ends_every_note_at_once():
    level_db = np.where(np.arange(100) < 50, -20.0, -90.0)
    notes, _ = tracked(evidence([(C4, 10, 80, 0.9), (E4, 10, 80, 0.9)], level_db=level_db), policy="poly")
    assert notes.offset == pytest.approx([0.5, 0.5], abs=1e-9)


def test_the_confidence_is_the_greatest_strength_until_the_note_was_known():
    rising = evidence([(C4, 10, 10, 0.6), (C4, 11, 11, 0.75), (C4, 12, 60, 0.7)])
    assert tracked(rising, n_confirm=3)[0].confidence == pytest.approx([0.75], abs=1e-6)


@given(
    st.integers(0, 2**32 - 1),
    st.fixed_dictionaries(
        {
            "policy": st.sampled_from(["mono", "poly"]),
            "n_confirm": st.integers(1, 4),
            "n_release": st.integers(1, 4),
            "min_gap_s": st.sampled_from([0.02, 0.05]),
            "onset_delay_s": st.floats(-0.05, 0.1),
            "threshold": st.sampled_from([0.3, 0.7]),
        }
    ),
    st.booleans(),
)
@settings(deadline=None, max_examples=50)
def test_no_note_ends_before_it_begins_and_rows_one_by_one_make_the_same(seed, tracking, onsets):
    rng = np.random.default_rng(seed)
    n_rows = 80
    strength = np.repeat(rng.random((n_rows // 8, N_KEYS)), 8, axis=0)
    onset = (rng.random((n_rows, 1)) < 0.1).astype(float) if onsets and tracking["policy"] == "poly" else None
    level_db = np.where(rng.random(n_rows) < 0.05, -90.0, -20.0)
    salience = Salience(np.arange(n_rows) * HOP_S, strength, np.full((n_rows, N_KEYS), np.nan), level_db, onset)
    whole, _ = tracked(salience, **tracking)
    assert len(whole) > 0
    assert np.all(whole.offset >= whole.onset)
    tracker = Tracker(Tracking(**tracking))
    for time_s in salience.times:
        tracker.push(salience.between(time_s, time_s + HOP_S / 2))
    tracker.flush(end_s=n_rows * HOP_S)
    assert tracker.notes() == whole
