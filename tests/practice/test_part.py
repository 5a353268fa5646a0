"""Notes become steps in reading order; what makes no sense is refused."""

import pytest

from pianolab.practice.part import Part, PartError
from pianolab.roll import Notes


def test_both_hands_on_one_beat_are_one_step_and_a_grace_is_its_own():
    part = Part.of([1, 0, 1, 0.9], [1, 1, 1, 0.1], [64, 60, 48, 62], [0] * 4, [1, 1, 2, 1])
    assert part.midi.tolist() == [60, 62, 48, 64]
    assert part.step.tolist() == [0, 1, 2, 2]
    assert part.keys_of(2) == (48, 64)
    assert part.hand.tolist() == [1, 1, 2, 1]


def test_labels_of_a_recording_serve_as_a_score():
    part = Part.of_notes(Notes([0.0, 1.0, 1.995, 2.005], [1, 2, 3, 3], [60, 62, 64, 67]), beat_s=0.5, bar_beats=4)
    assert part.beat.tolist() == [0.0, 2.0, pytest.approx(3.99), pytest.approx(3.99)]
    assert part.bar.tolist() == [0, 0, 0, 0], "a chord that is rolled over a bar line stays in its bar"
    assert part.at_tempo(120).onset[1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        (([], [], [], []), "no note to be played"),
        (([0, 1], [1], [60, 62], [0, 0]), "differ in number"),
        (([0, float("nan")], [1, 1], [60, 62], [0, 0]), "due at no beat"),
        (([0, 1], [1, 1], [60, 62], [1, 0]), "bar comes before"),
    ],
)
def test_what_is_no_part_is_refused(arrays, why):
    with pytest.raises(PartError, match=why):
        Part.of(*arrays)
