"""A4 is 440 Hz, MIDI 69, key 48 and La4, and every unit leads back to where it came from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pianolab import units


@pytest.mark.parametrize(
    ("midi", "hz", "names"),
    [
        (21, 27.5, ("A0", "La0", "라0")),
        (60, 261.6255653, ("C4", "Do4", "도4")),
        (61, 277.1826310, ("C#4", "Do#4", "도#4")),
        (69, 440.0, ("A4", "La4", "라4")),
        (71, 493.8833013, ("B4", "Si4", "시4")),
        (108, 4186.0090448, ("C8", "Do8", "도8")),
    ],
)
def test_keys_that_every_tuner_knows(midi, hz, names):
    assert units.midi_to_hz(midi) == pytest.approx(hz, rel=1e-9)
    assert units.hz_to_midi(hz) == pytest.approx(midi, abs=1e-6)
    for style, name in zip(units.NOTE_STYLES, names, strict=True):
        assert units.note_name(midi, style=style) == name
        assert units.parse_note(name) == midi


def test_the_88_keys_rise_by_a_semitone_each():
    hz = units.key_hz()
    assert hz.shape == (88,)
    np.testing.assert_allclose(units.cents_between(hz[1:], hz[:-1]), 100, atol=1e-9)
    assert hz[units.midi_to_key(69)] == pytest.approx(440)


def test_a_piano_tuned_to_442_is_8_cents_sharp_of_one_at_440():
    assert units.cents_between(442, 440) == pytest.approx(7.8514, abs=1e-4)
    assert units.midi_to_hz(69, a4_hz=442) == 442
    assert units.hz_to_midi(442, a4_hz=442) == 69
    np.testing.assert_allclose(units.key_hz(a4_hz=442) / units.key_hz(), 442 / 440)


def test_a_falling_fifth_is_minus_702_cents():
    assert units.cents_between(440, 660) == pytest.approx(-701.955, abs=1e-3)


@given(st.floats(-100, 200))
def test_midi_to_hz_and_back_is_the_same_pitch(midi):
    assert units.hz_to_midi(units.midi_to_hz(midi)) == pytest.approx(midi, abs=1e-9)


@given(st.integers(0, 1000), st.sampled_from(sorted(units.NOTE_STYLES)))
def test_a_name_leads_back_to_its_key(midi, style):
    assert units.parse_note(units.note_name(midi, style=style)) == midi


@given(st.floats(0.001, 0.499), st.integers(0, 127))
def test_a_mistuned_note_has_the_name_of_the_nearest_key(detune, midi):
    assert units.note_name(midi + detune) == units.note_name(midi - detune) == units.note_name(midi)


@pytest.mark.parametrize(
    ("name", "midi"),
    [
        *[("Ds1", 27), ("c#4", 61), ("DB4", 61), ("B♭3", 58), ("Bb3", 58), ("bb3", 58), ("F♯2", 42), ("Fs2", 42)],
        *[("C##4", 62), ("Dbb4", 60), ("Cb4", 59), ("B#3", 60), ("C-1", 0), ("G9", 127), (" sol4 ", 67)],
        *[("fa#4", 66), ("Mib4", 63), ("도#4", 61), ("솔♭4", 66), ("시3", 59)],
        *[("B♭♭3", 57), ("B𝄫3", 57), ("C♯♯4", 62), ("C𝄪4", 62), ("C♮4", 60), ("Bb-1", 10), ("C#-1", 1)],
        # Flats of music21; C-1 is MIDI 0, see the next test.
        *[("B-3", 58), ("e-4", 63), ("E--4", 62), ("A-0", 20), ("B-0", 22), ("C--1", 22), ("B-10", 142), ("시-3", 58)],
        ("\u1103\u1169#4", 61),  # 도 in Unicode's form NFD
    ],
)
def test_every_way_to_write_a_note(name, midi):
    assert units.parse_note(name) == midi


def test_a_minus_is_a_flat_but_for_the_octave_minus_one():
    """music21 writes B flat 1 as B-1, which everybody else reads as B of the octave below C0."""
    assert [units.parse_note(name) for name in ("C-1", "B-1", "Bb1", "B-2")] == [0, 11, 34, 46]
    assert [units.dash_means(name) for name in ("C-1", "B-1", "Bb1", "B-2")] == ["either", "either", "", "flat"]
    assert [units.dash_means(name) for name in ("C--1", "C#-1", "Cb-1", "C♮-1")] == ["flat", *["octave"] * 3]


@pytest.mark.parametrize("name", ["Cb-1", "C♭♭-1", "C#-2", "E---3"])
def test_a_note_below_midi_0_is_refused(name):
    with pytest.raises(ValueError, match=f"'{name}' lies below C-1, the lowest note of MIDI: write its octave as in"):
        units.parse_note(name)


@pytest.mark.parametrize("name", ["", "H4", "C", "4", "C 4", "C4 D4", "C#b4", "ſi4", "mİ4", "C４", "C9999", None, 60])
def test_what_is_no_note_name_is_refused(name):
    with pytest.raises(ValueError, match="is not a note name: write it like A0"):
        units.parse_note(name)


@given(st.text(alphabet=st.sampled_from("abcdefgABsſiıİmrolKk도레미파#♯𝄪b♭𝄫♮-0123456789٣４ \n"), max_size=6))
def test_any_text_is_a_key_or_is_refused(text):
    try:
        midi = units.parse_note(text)
    except ValueError:
        return
    assert units.parse_note(units.note_name(midi)) == midi


def test_arrays_stay_arrays_and_numbers_stay_numbers():
    assert type(units.midi_to_hz(69)) is float
    assert type(units.midi_to_key(69)) is int
    assert units.hz_to_midi(np.zeros(0)).shape == (0,)
    np.testing.assert_allclose(units.hz_to_midi([[440, 880]]), [[69, 81]])
    np.testing.assert_array_equal(units.midi_to_key([21, 108]), [0, 87])
    np.testing.assert_array_equal(units.key_to_midi(np.array([0, 87])), [21, 108])


def test_an_unknown_frequency_has_an_unknown_pitch():
    np.testing.assert_array_equal(np.isnan(units.hz_to_midi([np.nan, 440.0])), [True, False])


@pytest.mark.parametrize(("hz", "bad"), [(0, "0"), (-5, "-5"), ([440, 0], "0"), ([np.nan, -1], "-1")])
def test_a_frequency_that_is_not_positive_is_refused(hz, bad):
    with pytest.raises(ValueError, match=f"frequency {bad} Hz has no pitch: use values above 0"):
        units.hz_to_midi(hz)


@pytest.mark.parametrize(
    ("midi", "bad"), [(20, "20"), (109, "109"), ([60, 128], "128"), (np.nan, "nan"), ([60, np.nan], "nan")]
)
def test_a_key_that_no_piano_has_is_refused(midi, bad):
    with pytest.raises(ValueError, match=rf"MIDI {bad}(\.0)? is off the keyboard: use 21 \(A0\) to 108 \(C8\)"):
        units.midi_to_key(midi)


@pytest.mark.parametrize(("key", "bad"), [(-1, "-1"), (88, "88"), ([0, -1], "-1"), (np.nan, "nan")])
def test_a_key_that_was_not_heard_is_no_note(key, bad):
    with pytest.raises(ValueError, match=rf"key {bad} is off the keyboard: use 0 \(A0\) to 87 \(C8\)"):
        units.key_to_midi(key)


def test_between_two_keys_there_is_no_key():
    with pytest.raises(ValueError, match=r"MIDI 60\.5 lies between two keys: use whole numbers"):
        units.midi_to_key(60.5)
    with pytest.raises(ValueError, match=r"key 39\.5 lies between two keys"):
        units.key_to_midi([39.0, 39.5])


@pytest.mark.parametrize(
    "asked",
    [
        lambda: units.cents_between(0, 440),
        lambda: units.cents_between([440, 0], 440),
        lambda: units.cents_between(440, 0),
        lambda: units.hz_to_midi(440, a4_hz=0),
        lambda: units.midi_to_hz(60, a4_hz=0),
        lambda: units.key_hz(a4_hz=0),
    ],
)
def test_a_frequency_of_0_has_no_interval_and_tunes_no_piano(asked):
    with pytest.raises(ValueError, match="frequency 0 Hz has no pitch: use values above 0"):
        asked()


def test_a_name_needs_a_known_style_and_a_finite_number():
    with pytest.raises(ValueError, match="note style 'Ut' is unknown: use one of C4, Do, 도"):
        units.note_name(60, style="Ut")
    for midi in (np.nan, np.inf):
        with pytest.raises(ValueError, match=f"MIDI {midi} has no name"):
            units.note_name(midi)


@pytest.mark.parametrize("function", [units.hz_to_midi, units.midi_to_hz, units.key_to_midi, units.midi_to_key])
def test_a_number_gives_a_number_and_an_array_an_array(function):
    one, two = function(np.int64(60)), function(np.array([60, 61]))
    assert type(one) in (int, float)
    assert isinstance(two, np.ndarray)
    assert two[0] == one
