"""A report counts bar by bar, says each mistake in plain words, and measures tempo and evenness."""

import json

import numpy as np
import pytest

from pianolab.practice.checking import Verdict, VerdictKind, check
from pianolab.practice.part import Part
from pianolab.practice.report import COUNTED, lines_of, report_of, sentence
from pianolab.roll import Notes
from pianolab.tracking import NoteEvent

SCALE = Part.of(range(8), [1] * 8, [60, 62, 64, 65, 67, 69, 71, 72], [0] * 4 + [1] * 4)


def played(notes: Notes) -> list[Verdict]:
    """The verdicts on notes of the scale that are heard without a doubt."""
    rows = enumerate(zip(notes.onset.tolist(), notes.midi.tolist(), strict=True))
    return check(SCALE, [NoteEvent("on", i, t, t + 0.1, m, 64.0, 1.0, -20.0) for i, (t, m) in rows])


def told(what: VerdictKind, **values) -> Verdict:
    known = {"note": 0, "asked": 65, "heard": 64, "bar": 0, "beat": 0.0, "time_s": 1.0, "off_s": None}
    return Verdict(what=what, **(known | {"certainty": 0.9, "told_s": 2.0} | values))


def test_a_right_playing_has_nothing_to_say():
    report = report_of(SCALE, played(SCALE.at_tempo(75)))
    assert (report.notes, report.right, report.reached) == (8, 8, 8)
    assert [(bar.name, bar.notes, bar.right, bar.said) for bar in report.bars] == [("1", 4, 4, ()), ("2", 4, 4, ())]
    assert set(report.totals) == set(COUNTED)
    assert not any(report.totals.values())
    assert report.beats_a_minute == pytest.approx(75)
    assert report.unevenness == pytest.approx(0, abs=1e-9)
    lines = lines_of(report, written=80, language="en")
    assert lines[:4] == [
        "bar 1: 4 of 4 right",
        "bar 2: 4 of 4 right",
        "in all 8 of 8 notes were right",
        "no mistake was heard",
    ]
    assert lines[4] == "tempo: 75 quarter notes a minute; asked for were 80"


def test_a_wrong_key_stands_in_its_bar_with_both_names():
    notes = SCALE.at_tempo(75)
    keys = notes.midi.copy()
    keys[5] = 70
    report = report_of(SCALE, played(Notes(notes.onset, notes.offset, keys)), bar_names=["7", "8"])
    assert [bar.right for bar in report.bars] == [4, 3]
    assert report.totals["wrong"] == 1
    lines = lines_of(report, language="en")
    assert lines[1:3] == ["bar 8: 3 of 4 right", "  4.0 s: ✗ You played A#4, the score has A4."]
    assert "wrong 1" in lines


def test_what_was_not_reached_is_counted_and_its_bars_are_not_shown():
    report = report_of(SCALE, played(SCALE.at_tempo(75)[:4]))
    lines = lines_of(report, language="en")
    assert "4 notes were not reached" in lines
    assert not any(line.startswith("bar 2") for line in lines)
    assert lines_of(report_of(SCALE, []), language="en") == [
        "no note of this piece was heard: is it the right recording?"
    ]


def test_steps_of_which_none_is_near_the_tempo_have_none():
    report = report_of(SCALE, [told("right", note=i, time_s=t) for i, t in enumerate([0.0, 0.2, 2.2])])
    assert (report.beats_a_minute, report.unevenness) == (None, None)
    assert "tempo" not in " ".join(lines_of(report, language="en"))


def test_unevenness_is_the_middle_distance_from_the_tempo():
    onset = np.concatenate([[0], np.cumsum([0.8, 1.25] * 3 + [1.0])])
    report = report_of(SCALE, played(Notes(onset, onset + 0.5, SCALE.midi)))
    assert report.beats_a_minute == pytest.approx(60)
    assert report.unevenness == pytest.approx(0.25)


@pytest.mark.parametrize("what", COUNTED)
def test_each_verdict_is_a_line_in_both_languages_with_the_numbers_of_the_page(what):
    verdict = told(what, perhaps="restart" if what == "not sure" else None, to_bar=3)
    said = [sentence(verdict, {3: "12"}, language) for language in ("en", "ko")]
    assert said[0] != said[1]
    assert ("12" in said[0]) == (what in ("restart", "skip", "not sure"))


def test_korean_names_notes_in_korean_and_a_late_note_says_by_how_much():
    assert sentence(told("wrong"), {}, "ko") == "✗ 미4 음을 쳤습니다. 악보의 음: 파4."
    lines = lines_of(report_of(SCALE, [told("late", off_s=0.25)]), language="en")
    assert lines[1] == "  1.0 s: ▸ F4 came late (250 ms)"


def test_the_report_goes_through_json_with_its_sentences():
    verdicts = [told("wrong"), told("not sure", perhaps="extra", note=None, asked=None)]
    read = json.loads(json.dumps(report_of(SCALE, verdicts).as_dict("en"), allow_nan=False))
    assert read["bars"][0]["said"][0]["text"] == "✗ You played E4, the score has F4."
    assert (read["totals"]["wrong"], read["totals"]["not sure"], read["beats_a_minute"]) == (1, 1, None)
