"""Notes and Salience hold what they were given, in order, unchangeable, and refuse what cannot be."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pianolab.roll import Notes, Salience
from pianolab.units import key_hz

A4, C4, E4 = 69, 60, 64
KEY_A4 = 48


def salience(n, *, key=KEY_A4, hz=441.0, **evidence):
    """A4 sounding in every second of n frames, 10 ms apart."""
    strength, pitch = np.zeros((n, 88)), np.full((n, 88), np.nan)
    strength[::2, key], pitch[::2, key] = 0.8, hz
    return Salience(np.arange(n) / 100, strength, pitch, np.full(n, -20.0), **evidence)


# Notes


def test_notes_stand_in_the_order_in_which_they_are_played():
    notes = Notes([1.0, 0.0, 1.0], [2.0, 0.5, 1.5], [E4, A4, C4], [30, 10, 20], [0.3, 0.1, 0.2])
    assert notes.names == ["A4", "C4", "E4"]
    np.testing.assert_array_equal(notes.intervals, [[0, 0.5], [1, 1.5], [1, 2]])
    np.testing.assert_array_equal(notes.velocity, [10, 20, 30])
    np.testing.assert_array_equal(notes.confidence, [0.1, 0.2, 0.3])
    np.testing.assert_allclose(notes.hz, [440, 261.6256, 329.6276], rtol=1e-6)


def test_velocity_is_unknown_and_confidence_full_unless_given():
    notes = Notes([0], [1], [A4])
    assert np.isnan(notes.velocity[0])
    assert notes.confidence[0] == 1
    assert repr(notes) == "<Notes: 1 note, A4>"


def test_no_notes_are_notes():
    notes = Notes.empty()
    assert len(notes) == 0
    assert notes.intervals.shape == (0, 2)
    assert notes.hz.shape == (0,)
    assert notes.names == []
    assert len(notes.table()) == 0
    assert len(notes.on_keyboard()) == 0
    assert len(notes.between(0, 1)) == 0
    assert Notes.concatenate([]) == Notes.concatenate([notes, notes]) == notes
    assert repr(notes) == "<Notes: 0 notes>"


def test_notes_cannot_be_changed_from_outside_or_inside():
    onset = np.array([0.0, 1.0])
    notes = Notes(onset, [1, 2], [A4, C4])
    onset[:] = 9
    np.testing.assert_array_equal(notes.onset, [0, 1])
    with pytest.raises(ValueError, match="read-only"):
        notes.onset[0] = 5
    with pytest.raises(AttributeError):
        notes.onset = onset


def test_notes_survive_the_way_to_another_process():
    notes = Notes([0, 1], [1, 2], [A4, C4], [np.nan, 3])
    assert pickle.loads(pickle.dumps(notes)) == notes


def test_equal_notes_are_equal_and_others_are_not():
    notes = Notes([0, 1], [1, 2], [A4, C4], [np.nan, 3])
    assert notes == Notes([1, 0], [2, 1], [C4, A4], [3, np.nan])
    assert notes != Notes([0, 1], [1, 2], [A4, C4], [np.nan, 4])
    assert notes != notes[:1]
    assert notes != "notes"


def test_one_note_a_slice_a_mask_and_a_list_of_notes_can_be_taken():
    notes = Notes([0, 1, 2], [1, 2, 3], [C4, E4, A4])
    assert notes[1].names == ["E4"]
    assert notes[-1].names == ["A4"]
    assert notes[np.int64(0)].names == ["C4"]
    assert notes[1:].names == ["E4", "A4"]
    assert notes[notes.midi > C4].names == ["E4", "A4"]
    assert notes[[2, 0]].names == ["C4", "A4"]
    assert len(notes[[]]) == 0


def test_a_table_names_its_columns():
    table = Notes([0.5], [1], [A4], [64]).table()
    assert list(table.columns) == ["name", "onset", "offset", "midi", "velocity", "confidence"]
    assert table.iloc[0].tolist() == ["A4", 0.5, 1.0, 69, 64.0, 1.0]


def test_notes_off_the_keyboard_can_be_left_out():
    notes = Notes([0, 1, 2, 3], [4, 4, 4, 4], [20, 21, 108, 109])
    assert notes.on_keyboard().names == ["A0", "C8"]


def test_between_keeps_the_notes_that_begin_there_and_cuts_their_ends():
    notes = Notes([0, 1, 1.5, 2], [3, 1.2, 9, 3], [C4, E4, A4, C4])
    part = notes.between(1, 2)
    assert part.names == ["E4", "A4"]
    np.testing.assert_array_equal(part.intervals, [[1, 1.2], [1.5, 2]])


def test_shifted_notes_keep_their_lengths_and_stop_at_zero():
    notes = Notes([1, 2], [1.5, 4], [C4, E4], [5, 6])
    np.testing.assert_allclose(notes.shifted(0.25).intervals, [[1.25, 1.75], [2.25, 4.25]])
    np.testing.assert_allclose(notes.shifted(-1.25).intervals, [[0, 0.25], [0.75, 2.75]])
    np.testing.assert_array_equal(notes.shifted(1).velocity, [5, 6])


def test_concatenated_notes_stand_in_order():
    joined = Notes.concatenate([Notes([1], [2], [C4], [7]), Notes([0], [1], [A4])])
    assert joined.names == ["A4", "C4"]
    np.testing.assert_array_equal(joined.velocity, [np.nan, 7])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([0], [1], [60.5]), "midi holds fractions or NaN"),
        (([0], [1], [np.nan]), "midi holds fractions or NaN"),
        (([0], [1], [128]), r"MIDI number 128 is outside 0\.\.127"),
        (([0], [1], [-1]), "MIDI number -1"),
        (([-0.1], [1], [60]), r"onset -0\.1 s is negative"),
        (([2], [1], [60]), "offset 1 s lies before its onset 2 s"),
        (([np.nan], [1], [60]), "NaN or infinite"),
        (([0], [np.inf], [60]), "NaN or infinite"),
        (([0], [1], [60], [128]), r"velocity is outside 0\.\.127"),
        (([0], [1], [60], [-1]), r"velocity is outside 0\.\.127"),
        (([0], [1], [60], None, [1.5]), r"confidence is outside 0\.\.1"),
        (([0], [1], [60], None, [np.nan]), r"confidence is outside 0\.\.1"),
        (([0, 1], [1], [60, 60]), r"Notes.offset has shape \(1,\): pass shape \(2,\)"),
        (([0], [1], [60, 61]), r"Notes.midi has shape \(2,\)"),
        (([[0]], [[1]], [[60]]), r"Notes.onset has shape \(1, 1\)"),
    ],
)
def test_notes_that_cannot_be_are_refused(columns, message):
    with pytest.raises(ValueError, match=message) as caught:
        Notes(*columns)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("midi", [np.inf, -np.inf, 1e300])
@pytest.mark.filterwarnings("error")
def test_an_infinite_key_is_refused_without_a_warning_of_numpy(midi):
    with pytest.raises(ValueError, match="is outside 0"):
        Notes([0], [1], [midi])


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 10), st.integers(0, 127)), max_size=20))
def test_any_notes_come_back_sorted_and_complete(notes):
    got = Notes([n[0] for n in notes], [n[0] + n[1] for n in notes], [n[2] for n in notes])
    assert sorted(zip(got.onset, got.offset, got.midi, strict=True)) == sorted((a, a + b, m) for a, b, m in notes)
    order = list(zip(got.onset, got.midi, strict=True))
    assert order == sorted(order)


# Salience


def test_the_strongest_key_and_its_pitch_are_found_in_each_frame():
    frames = salience(5)
    np.testing.assert_array_equal(frames.best_key, [KEY_A4, -1, KEY_A4, -1, KEY_A4])
    np.testing.assert_allclose(frames.f0_hz, [441, 0, 441, 0, 441])


def test_where_the_pitch_is_unknown_the_key_gives_it():
    np.testing.assert_allclose(salience(3, hz=np.nan).f0_hz, [key_hz()[KEY_A4], 0, key_hz()[KEY_A4]])


def test_no_frames_are_salience():
    empty = Salience.empty()
    assert len(empty) == 0
    assert empty.best_key.shape == empty.f0_hz.shape == (0,)
    assert len(empty.between(0, 1)) == 0
    assert len(Salience.concatenate([])) == len(Salience.concatenate([empty, empty])) == 0


def test_frames_between_two_times_begin_at_the_first_and_stop_before_the_second():
    part = salience(10, onset=np.arange(10)[:, None] / 10).between(0.02, 0.05)
    np.testing.assert_allclose(part.times, [0.02, 0.03, 0.04])
    np.testing.assert_allclose(part.onset[:, 0], [0.2, 0.3, 0.4])
    assert part.velocity is None


def test_joined_pieces_are_the_whole():
    random = np.random.default_rng(0)
    whole = salience(10, onset=random.random((10, 88)), pedal=random.random(10))
    joined = Salience.concatenate([whole.between(0, 0.03), whole.between(0.03, 0.03), whole.between(0.03, 1)])
    assert len(joined) == 10
    for name in ("times", "strength", "hz", "level_db", "onset", "pedal"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))


def test_evidence_that_one_piece_lacks_is_left_out_of_the_whole():
    joined = Salience.concatenate([salience(3, onset=np.zeros((3, 1))), salience(2)])
    assert len(joined) == 5
    assert joined.onset is None


def test_salience_cannot_be_changed_from_outside_or_inside():
    strength = np.zeros((2, 88))
    frames = Salience([0, 0.01], strength, np.full((2, 88), np.nan), [-60, -60])
    strength[:] = 1
    assert frames.strength.max() == 0
    assert frames.strength.dtype == np.float32
    assert frames.times.dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        frames.strength[0, 0] = 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strength": np.zeros((2, 87))}, r"Salience.strength has shape \(2, 87\): pass shape \(2, 88\)"),
        ({"hz": np.zeros((3, 88))}, r"Salience.hz has shape \(3, 88\)"),
        ({"level_db": np.zeros((2, 1))}, r"Salience.level_db has shape"),
        ({"onset": np.zeros((2, 3))}, "Salience.onset has 3 columns: use 1 or 88"),
        ({"onset": np.zeros((1, 88))}, "Salience.onset has shape"),
        ({"velocity": np.zeros((2, 1))}, "Salience.velocity has shape"),
        ({"pedal": np.zeros((2, 1))}, r"Salience.pedal has shape \(2, 1\): pass shape \(2,\)"),
        ({"partials_db": np.zeros(2)}, r"Salience.partials_db has shape \(2,\): pass shape \(2, 88\)"),
    ],
)
def test_salience_of_another_shape_is_refused(changes, message):
    columns = {"times": [0, 1], "strength": np.zeros((2, 88)), "hz": np.zeros((2, 88)), "level_db": [0, 0], **changes}
    with pytest.raises(ValueError, match=message):
        Salience(**columns)


def test_a_pedal_that_is_no_share_is_named_with_its_time():
    assert salience(3, pedal=[0.0, 0.5, 1.0]).nonsense == ""
    assert salience(3, pedal=[0.0, 0.5, 1.5]).nonsense == "pedal 1.5 at 0.020 s: give numbers from 0 to 1"
    assert salience(3, pedal_age=[0.0, 9.0, -1.0]).nonsense == "pedal_age -1 at 0.020 s: give seconds, 0 or more"


def test_complex_evidence_is_refused():
    with pytest.raises(ValueError, match=r"Salience.strength is complex: give real numbers, such as np.abs of them"):
        Salience([0.0], np.zeros((1, 88), complex), np.zeros((1, 88)), [0.0])


def test_evidence_is_shown_in_one_line():
    strength, unknown = np.zeros((3, 88)), np.full((3, 88), np.nan)
    plain = Salience([0.0, 0.5, 1.25], strength, unknown, [-20.0] * 3)
    assert repr(plain) == "<Salience: 3 frames, 0.00 to 1.25 s, 88 keys>"
    more = Salience([0.0, 0.5, 1.25], strength, unknown, [-20.0] * 3, onset=strength, pedal=np.zeros(3))
    assert repr(more) == "<Salience: 3 frames, 0.00 to 1.25 s, 88 keys; also onset, pedal>"
    assert repr(plain.between(5, 6)) == "<Salience: no frames>"
