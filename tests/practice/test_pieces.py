"""The pieces to practise: both hands, a finger for each note, bars that add up, what their makers promised."""

import importlib.util
import sys
import xml.etree.ElementTree as ET
from fractions import Fraction
from itertools import pairwise

import pytest

from pianolab.places import comes_with

FOLDER = comes_with("data") / "pieces"
PATHS = sorted(FOLDER.glob("*.musicxml"))
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@pytest.fixture(scope="module")
def engrave():
    """The program that writes the pieces."""
    spec = importlib.util.spec_from_file_location("engrave", FOLDER / "engrave.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["engrave"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["engrave"]


@pytest.fixture(scope="module", params=PATHS, ids=lambda path: path.stem)
def root(request):
    return ET.parse(request.param).getroot()


def strokes(root):
    """(start, length, MIDI number, staff, finger, bar) of each written note, in quarter notes."""
    (part,) = root.findall("part")
    divisions = Fraction(root.findtext(".//divisions"))
    bar_start = Fraction(0)
    for measure in part.findall("measure"):
        at = furthest = bar_start
        for element in measure:
            if element.tag not in ("note", "backup"):
                continue
            length = Fraction(element.findtext("duration")) / divisions
            if element.tag == "backup":
                at -= length
                continue
            start = at - length if element.find("chord") is not None else at
            if (pitch := element.find("pitch")) is not None:
                key = SEMITONES[pitch.findtext("step")] + int(pitch.findtext("alter", "0"))
                midi = 12 * (int(pitch.findtext("octave")) + 1) + key
                finger = element.findtext("notations/technical/fingering")
                yield start, length, midi, int(element.findtext("staff")), finger, measure.get("number")
            at = start + length
            furthest = max(furthest, at)
        bar_start = furthest


def test_there_are_twelve_three_of_them_korean_and_grades_rise_from_one_to_five():
    roots = [ET.parse(path).getroot() for path in PATHS]
    about = [{f.get("name"): f.text for f in root.iter("miscellaneous-field")} for root in roots]
    assert len(roots) == 12
    assert sum("korean" in one["tags"] for one in about) == 3
    assert sorted(one["grade"] for one in about) == ["1", "1", "1", "2", "2", "3", "3", "3", "4", "4", "4", "5"]
    assert {root.findtext("identification/rights") for root in roots} == {"CC0-1.0"}
    assert sum(root.find(".//pedal") is not None for root in roots) >= 1
    assert sum(root.find(".//repeat") is not None for root in roots) >= 1


def test_the_committed_files_are_what_the_program_writes(engrave, capsys):
    assert engrave.main(["--check"]) == 0
    assert capsys.readouterr().out == "stale: none\n"


def test_a_piece_says_what_it_is(root):
    for place in ("work/work-title", "identification/creator", "identification/source"):
        assert root.findtext(place)
    assert root.find(".//sound[@tempo]") is not None
    assert root.findtext(".//beats")


def test_both_hands_play_and_each_note_has_a_finger(root):
    found = list(strokes(root))
    assert {staff for *_, staff, _, _ in found} == {1, 2}
    assert {finger for *_, finger, _ in found} <= set("12345")
    assert all(36 <= midi <= 84 for _, _, midi, *_ in found)


def test_each_bar_of_each_hand_is_as_long_as_the_metre_says(root):
    beats, beat = int(root.findtext(".//beats")), int(root.findtext(".//beat-type"))
    divisions = int(root.findtext(".//divisions"))
    bar = Fraction(beats * 4, beat) * divisions
    measures = root.findall("part/measure")
    lengths = []
    for measure in measures:
        hands = [0, 0]
        for note in measure.findall("note"):
            if note.find("chord") is None:
                hands[int(note.findtext("staff")) - 1] += int(note.findtext("duration"))
        assert hands[0] == hands[1], f"bar {measure.get('number')}"
        lengths.append(hands[0])
    pickup = lengths[0] if measures[0].get("implicit") else 0
    inner = lengths[bool(pickup) : -1]
    assert inner
    assert set(inner) == {bar}
    assert lengths[-1] == bar - pickup


def test_no_key_is_wanted_by_both_hands_at_once(root):
    found = list(strokes(root))
    right = [one for one in found if one[3] == 1]
    for start, length, midi, *_, bar in (one for one in found if one[3] == 2):
        for other_start, other_length, other_midi, *_ in right:
            apart = start + length <= other_start or other_start + other_length <= start
            assert apart or other_midi != midi, f"bar {bar}: {midi}"


def test_fingers_cross_over_the_thumb_only(root):
    """Between neighbours of a hand that plays one note at a time; it may move on one finger, or after a rest."""
    for staff, outwards in ((1, 1), (2, -1)):
        line = sorted(one for one in strokes(root) if one[3] == staff)
        starts = [one[0] for one in line]
        single = [one for one in line if starts.count(one[0]) == 1]
        for one, two in pairwise(single):
            if one[0] + one[1] != two[0] or one[2] == two[2] or one[4] == two[4]:
                continue
            up = (two[2] - one[2]) * outwards > 0
            wider = int(two[4]) > int(one[4])
            assert up == wider or "1" in (one[4], two[4]), f"bar {two[5]}: {one[2]}/{one[4]} {two[2]}/{two[4]}"


@pytest.mark.parametrize("name", ["au_clair_de_la_lune", "lightly_row", "mary_had_a_little_lamb"])
def test_first_pieces_stay_on_five_keys_a_hand(name):
    root = ET.parse(FOLDER / f"{name}.musicxml").getroot()
    for staff in (1, 2):
        found = {(midi, finger) for _, _, midi, its, finger, _ in strokes(root) if its == staff}
        keys = [midi for midi, _ in found]
        assert len(keys) == len(set(keys)), "a key has two fingers"
        assert 4 <= max(keys) - min(keys) <= 7


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("right: C4/1*4 | D4/2*3", "bar 2, right: 12 sixteenths where 16 belong"),
        ("right: C4/1*4 | D4*4", "needs a finger"),
        ("right: C4/1*4 | D/2*4", "give it an octave"),
        ("right: C4/3+E/1*4 | D4/1*4", "fingers that do not cross"),
        ("right: C4/1*5", "cannot be written as one note"),
        ("right: C3/1*4 | D4/2*4", "both hands want the same key"),
        ("tenor: C4/1*4", "nobody knows 'tenor'"),
    ],
)
def test_a_slip_in_a_piece_is_named_with_its_place(engrave, tmp_path, line, text):
    head = "".join(f"{key}: x\n" for key in ("title", "composer", "source", "grade", "tags"))
    lines = f"{head}key: C\nmeter: 4/4\nunit: 1/4\ntempo: 90\n{line}\nleft: C3/5*4 | C3/5*4\n"
    (tmp_path / "slip.txt").write_text(lines)
    with pytest.raises(engrave.PieceError, match=text):
        engrave.read_piece(tmp_path / "slip.txt")
