"""Chords from evidence written by hand, one column a key."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pianolab.roll import Salience
from pianolab.tracking import Tracker, Tracking
from pianolab.units import N_KEYS

HOP_S = 0.02
C4, E4, C5, G5, C6 = 39, 43, 51, 58, 63


class Evidence:
    """Rows of silence into which notes are written."""

    def __init__(self, n_rows=100):
        self.strength, self.onset, self.offset = np.zeros((3, n_rows, N_KEYS))
        self.velocity = np.full((n_rows, N_KEYS), 1.0)
        self.level_db = np.full(n_rows, -20.0)

    def strike(self, key, row, *, peak=0.9, shift=0.0, velocity=None):
        """Onset evidence whose parabola has its top ``shift`` rows from ``row``; neighbours at half the peak."""
        self.onset[row - 1 : row + 2, key] = peak * np.array([0.5 - shift, 1.0, 0.5 + shift])
        if velocity is not None:
            self.velocity[row + 1, key] = velocity  # the row in which the peak is known
        return self

    def sound(self, key, first, last, strength=0.9):
        """The key sounds from row ``first`` to row ``last``."""
        self.strength[first : last + 1, key] = strength
        return self

    def release(self, key, row, *, peak=0.9, shift=0.0):
        self.offset[row - 1 : row + 2, key] = peak * np.array([0.5 - shift, 1.0, 0.5 + shift])
        return self

    def salience(self):
        times = np.arange(len(self.onset)) * HOP_S
        unknown = np.full(self.onset.shape, np.nan)
        return Salience(times, self.strength, unknown, self.level_db, self.onset, self.offset, self.velocity)


def tracked(evidence, **tracking):
    tracker = Tracker(Tracking(policy="poly", **tracking))
    tracker.push(evidence.salience())
    tracker.flush(end_s=len(evidence.onset) * HOP_S)
    return tracker.notes()


def test_a_chord_is_its_notes_each_timed_between_the_rows():
    chord = Evidence()
    for key, shift in ((C4, -0.3), (E4, 0.0), (G5, 0.4)):
        chord.strike(key, 20, shift=shift).sound(key, 20, 50)
    notes = tracked(chord)
    assert notes.midi.tolist() == [60, 64, 79]
    assert notes.onset == pytest.approx([0.394, 0.4, 0.408], abs=1e-6)


def test_a_note_without_an_onset_is_none_however_long_it_sounds():
    assert len(tracked(Evidence().sound(C4, 20, 90))) == 0


def test_a_note_is_announced_in_the_row_after_its_onset():
    tracker = Tracker(Tracking(policy="poly"))
    salience = Evidence().strike(C4, 20).sound(C4, 20, 50).salience()
    heard = [tracker.push(salience.between(time_s, time_s + HOP_S / 2)) for time_s in salience.times]
    first = next(row for row, events in enumerate(heard) if events)
    assert first == 20 + tracker.tracking.delay_rows == 21
    (event,) = heard[first]
    assert (event.kind, event.midi, event.heard_s) == ("on", 60, pytest.approx(0.42))


def test_the_velocity_is_that_of_the_row_in_which_the_stroke_is_known():
    notes = tracked(Evidence().strike(C4, 20, velocity=77).sound(C4, 20, 50))
    assert notes.velocity.tolist() == [77]


def test_a_key_struck_again_ends_the_old_note_at_the_new_onset():
    notes = tracked(Evidence().strike(C4, 20).strike(C4, 40, shift=0.25).sound(C4, 20, 60))
    assert notes.onset == pytest.approx([0.4, 0.805], abs=1e-6)
    assert notes.offset[0] == notes.onset[1]


def test_two_strokes_nearer_than_the_gap_are_one_even_if_a_release_lies_between():
    twice = Evidence().strike(C4, 20).strike(C4, 24).sound(C4, 20, 60)
    assert len(tracked(twice, min_gap_s=0.05)) == 2
    assert len(tracked(twice, min_gap_s=0.1)) == 1
    assert len(tracked(twice.release(C4, 23), min_gap_s=0.1)) == 1


def test_a_fading_note_ends_where_its_strength_crosses_the_threshold():
    fading = Evidence().strike(C4, 20).sound(C4, 20, 50)
    fading.strength[51:54, C4] = 0.7, 0.3, 0.1  # crosses 0.6 a quarter of a row after row 51
    notes = tracked(fading, threshold=0.6)
    assert notes.offset == pytest.approx([51.25 * HOP_S])


def test_a_gap_shorter_than_the_release_does_not_end_a_note():
    flicker = Evidence().strike(C4, 20).sound(C4, 20, 70)
    flicker.strength[40:43, C4] = 0.0
    assert tracked(flicker, n_release=4).offset == pytest.approx([70 * HOP_S + HOP_S * 0.4 / 0.9])
    assert tracked(flicker, n_release=3).offset == pytest.approx([39 * HOP_S + HOP_S * 0.4 / 0.9])


def test_a_release_peak_ends_a_note_before_its_strength_fades():
    held = Evidence().strike(C4, 20).sound(C4, 20, 70).release(C4, 45, shift=-0.25)
    assert tracked(held).offset == pytest.approx([44.75 * HOP_S], abs=1e-6)
    assert tracked(held, offset_delay_s=0.03).offset == pytest.approx([44.75 * HOP_S - 0.03], abs=1e-6)
    weak = Evidence().strike(C4, 20).sound(C4, 20, 70).release(C4, 45, peak=0.4)
    assert tracked(weak).offset[0] > 70 * HOP_S
    assert tracked(weak, offset_threshold=0.35).offset == pytest.approx([45 * HOP_S], abs=1e-6)


def test_the_release_of_the_note_before_does_not_end_the_one_just_struck():
    again = Evidence().strike(C4, 20).strike(C4, 40).sound(C4, 20, 70).release(C4, 41)
    notes = tracked(again)
    assert len(notes) == 2
    assert notes.offset[1] > 70 * HOP_S


def test_a_release_at_the_stroke_that_follows_it_ends_the_note_there():
    """In the same row: the release reads .808, the stroke .792; no note may last beyond the next one's beginning."""
    again = Evidence().strike(C4, 20).strike(C4, 40, shift=-0.4).sound(C4, 20, 70).release(C4, 40, shift=0.4)
    notes = tracked(again)
    assert notes.onset == pytest.approx([0.4, 0.792], abs=1e-6)
    assert notes.offset[0] == notes.onset[1]


def test_a_release_heard_while_a_stroke_waits_for_its_strength_ends_the_note_at_the_stroke():
    late = Evidence().strike(C4, 20).sound(C4, 20, 38).strike(C4, 40).release(C4, 41).sound(C4, 43, 70)
    notes = tracked(late, n_wait=3, n_release=5)
    assert notes.onset == pytest.approx([0.4, 0.8], abs=1e-6)
    assert notes.offset[0] == notes.onset[1]


def test_a_stroke_read_before_an_end_that_was_told_begins_there():
    """The release is told in row 39; the stroke of row 40, 60 ms earlier by its delay, would begin within the note."""
    again = Evidence().strike(C4, 20).sound(C4, 20, 70).release(C4, 38).strike(C4, 40)
    notes = tracked(again, onset_delay_s=0.06)
    assert notes.onset == pytest.approx([0.34, 0.76], abs=1e-6)
    assert notes.offset[0] == notes.onset[1]


def test_a_stroke_too_soon_to_be_one_does_not_end_the_note():
    waiting = Evidence().strike(C4, 20).strike(C4, 23).sound(C4, 20, 22).release(C4, 24)
    notes = tracked(waiting, min_gap_s=0.07, n_wait=3, n_release=9)
    assert notes.onset == pytest.approx([0.4])
    assert notes.offset == pytest.approx([0.48], abs=1e-6)


def test_another_keys_release_changes_nothing():
    notes = tracked(Evidence().strike(C4, 20).sound(C4, 20, 70).release(E4, 45))
    assert notes.offset[0] > 70 * HOP_S


def test_a_wide_low_peak_counts_as_much_as_a_narrow_high_one_where_three_rows_do():
    wide = Evidence().sound(C4, 20, 50)
    wide.onset[19:22, C4] = 0.35, 0.4, 0.3
    narrow = Evidence().sound(C4, 20, 50)
    narrow.onset[19:22, C4] = 0.05, 0.5, 0.05
    assert [len(tracked(evidence, onset_threshold=0.45)) for evidence in (wide, narrow)] == [0, 1]
    assert [len(tracked(evidence, onset_threshold=0.3, onset_rows=3)) for evidence in (wide, narrow)] == [1, 0]
    mean, peak = (tracked(wide, onset_threshold=0.3, onset_rows=rows).onset.tolist() for rows in (3, 1))
    assert mean == peak  # only whether there is a note depends on the rows, not when


@pytest.mark.parametrize("ghost", [C5, G5, C6])
def test_a_weak_onset_at_a_partial_of_a_struck_key_is_a_ghost(ghost):
    both = Evidence().strike(C4, 20, peak=1.0).sound(C4, 20, 50).strike(ghost, 21, peak=0.6).sound(ghost, 20, 50)
    assert len(tracked(both)) == 2
    assert tracked(both, ghost_share=0.7).midi.tolist() == [60]


def test_a_clear_octave_a_weak_third_and_an_octave_struck_later_are_played():
    clear = Evidence().strike(C4, 20).sound(C4, 20, 50).strike(C5, 20, peak=0.8).sound(C5, 20, 50)
    third = Evidence().strike(C4, 20).sound(C4, 20, 50).strike(E4, 20, peak=0.55).sound(E4, 20, 50)
    later = Evidence().strike(C4, 20).sound(C4, 20, 50).strike(C5, 30, peak=0.55).sound(C5, 30, 50)
    low = Evidence().strike(C5, 20).sound(C5, 20, 50).strike(C4, 20, peak=0.55).sound(C4, 20, 50)
    for evidence in (clear, third, later, low):
        assert len(tracked(evidence, ghost_share=0.7)) == 2


def test_a_note_whose_strength_comes_late_keeps_its_onset():
    late = Evidence().strike(C4, 20).sound(C4, 24, 50)
    assert len(tracked(late)) == 0
    assert len(tracked(late, n_wait=2)) == 0
    assert tracked(late, n_wait=3).onset == pytest.approx([0.4])


def test_a_sure_onset_needs_no_strength():
    bare = Evidence().strike(C4, 20, peak=0.95)
    assert len(tracked(bare)) == 0
    notes = tracked(bare, sure_onset_threshold=0.9)
    assert notes.onset == pytest.approx([0.4])
    assert notes.offset[0] >= notes.onset[0]
    silent = Evidence().strike(C4, 20, peak=0.95)
    silent.level_db[:] = -90.0
    assert len(tracked(silent, sure_onset_threshold=0.9)) == 0


@given(
    st.integers(0, 2**32 - 1),
    st.fixed_dictionaries(
        {
            "n_wait": st.integers(0, 4),
            "n_release": st.integers(1, 4),
            "min_gap_s": st.sampled_from([0.0, 0.05, 0.08]),
            "onset_delay_s": st.floats(-0.05, 0.1),
            "offset_delay_s": st.floats(-0.05, 0.1),
            "onset_rows": st.sampled_from([1, 3]),
            "threshold": st.sampled_from([0.3, 0.7]),
            "sure_onset_threshold": st.sampled_from([0.95, 1.0]),
            "ghost_share": st.sampled_from([0.0, 0.8]),
        }
    ),
)
@settings(deadline=None, max_examples=50)
def test_notes_of_a_key_never_overlap_and_rows_one_by_one_make_the_same(seed, tracking):
    rng = np.random.default_rng(seed)
    evidence = Evidence(n_rows=60)
    for name in ("strength", "onset", "offset"):
        getattr(evidence, name)[:] = rng.random((60, N_KEYS))
    evidence.velocity = rng.uniform(1, 127, (60, N_KEYS))
    evidence.level_db[rng.random(60) < 0.05] = -90.0  # silence, which ends every note
    whole, tracker = tracked(evidence, **tracking), Tracker(Tracking(policy="poly", **tracking))
    assert len(whole) > 50
    assert np.all(whole.offset >= whole.onset)
    for midi in np.unique(whole.midi):
        of_key = whole[whole.midi == midi]
        assert np.all(of_key.onset[1:] >= of_key.offset[:-1])
    salience = evidence.salience()
    for time_s in salience.times:
        tracker.push(salience.between(time_s, time_s + HOP_S / 2))
    tracker.flush(end_s=60 * HOP_S)
    assert tracker.notes() == whole


def test_a_tracker_that_has_ended_a_stream_can_hear_another():
    tracker = Tracker(Tracking(policy="poly"))
    salience = Evidence().strike(C4, 20).sound(C4, 20, 99).salience()
    tracker.push(salience)
    tracker.flush()
    tracker.reset()
    tracker.push(salience)
    assert tracker.notes().midi.tolist() == [60]
