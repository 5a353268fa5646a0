"""The short recordings that come with pianolab are found by name, with the notes that are played in them."""

import pytest

import pianolab
from pianolab.data import DatasetError, example


def test_the_face_of_the_package_gives_a_sound_with_its_notes_beside_it():
    path = pianolab.example()
    y, sr = pianolab.load(path)
    notes = pianolab.read_labels(path.with_suffix(".mid"))
    assert path.stem == "ode_to_joy"
    assert len(notes) == 16
    assert notes.offset.max() <= len(y) / sr


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("fur elise", "no example is called 'fur elise': did you mean fur_elise"),
        ("x", "'x': known are C4, c_major_arpeggio, chords, fur_elise, ode_to_joy"),
    ],
)
def test_a_name_that_none_has_is_refused_with_those_that_there_are(name, said):
    with pytest.raises(DatasetError, match=said):
        example(name)
