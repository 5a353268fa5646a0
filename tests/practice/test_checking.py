"""Right playing is not blamed; each mistake is named with its note, soon; what is unsure is told as unsure."""

from dataclasses import replace

import numpy as np
import pytest
from made_pieces import piece

from pianolab.piano import render
from pianolab.places import comes_with
from pianolab.practice.checking import Checker, Verdict, check
from pianolab.practice.mistakes import Take, play
from pianolab.practice.part import Part
from pianolab.practice.score import read_score
from pianolab.roll import Notes, Salience
from pianolab.session import Session
from pianolab.tracking import NoteEvent

TEMPO, DELAY_S = 90, 0.13  # `neural` tells a note so long after its stroke.


def events_of(notes: Notes, confidence: float = 0.95) -> list[NoteEvent]:
    """What a detector would tell that hears everything."""
    told = enumerate(zip(notes.onset.tolist(), notes.midi.tolist(), strict=True))
    return [NoteEvent("on", i, t, t + DELAY_S, midi, 64.0, confidence, -20.0) for i, (t, midi) in told]


def evidence_of(notes: Notes, *, faint: tuple[int, ...] = ()) -> Salience:
    """Rows that know each stroke, of some notes (by their number) only faintly, and how long each key sounds."""
    times = np.arange(0, notes.onset.max() + 1, 0.02)
    onset, sounds = np.zeros((2, len(times), 88))
    for i, (begin_s, end_s, midi) in enumerate(zip(notes.onset, notes.offset, notes.midi, strict=True)):
        row = round(begin_s / 0.02)
        onset[row : row + 2, midi - 21] = 0.2 if i in faint else 0.9
        sounds[row : max(round(end_s / 0.02), row + 2), midi - 21] = 0.95
    return Salience(times, sounds, np.full(onset.shape, np.nan), np.full(len(times), -20.0), onset=onset)


def checked(take: Take, **settings: float) -> list[Verdict]:
    return check(take.part, events_of(take.notes), evidence_of(take.notes), late_s=0.1, **settings)


def blames(verdicts: list[Verdict]) -> list[tuple]:
    return [(one.what, one.asked, one.heard) for one in verdicts if one.what != "right"]


@pytest.mark.parametrize("seed", range(4))
def test_who_plays_rightly_is_told_so_of_every_note_and_blamed_for_nothing(seed):
    take = play(piece(seed, n_bars=12), beats_a_minute=TEMPO, seed=seed)
    verdicts = checked(take)
    assert blames(verdicts) == []
    assert sorted(one.note for one in verdicts) == list(range(len(take.part)))


@pytest.mark.parametrize("kind", ["wrong", "octave", "extra", "doubled"])
def test_a_key_that_is_wrong_is_named_within_300_ms(kind):
    named, there = 0, 0
    for seed in range(6):
        take = play(piece(seed, n_bars=10), beats_a_minute=TEMPO, seed=seed, mistakes=[kind])
        verdicts = checked(take)
        there += len(take.mistakes)
        for mistake in take.mistakes:
            told = [one for one in verdicts if one.what == kind and one.heard == mistake.played]
            named += bool(told)
            assert all(one.told_s - mistake.time_s <= 0.3 for one in told)
            assert all(one.note == mistake.asked for one in told)
        assert len(blames(verdicts)) <= len(take.mistakes) + 1
    assert there >= 3
    assert named >= there - 1


def test_a_missing_note_is_named_soon_after_the_next_one():
    for seed in range(4):
        take = play(piece(seed, n_bars=10), beats_a_minute=TEMPO, seed=seed, mistakes=["missing"])
        (mistake,) = take.mistakes
        (told,) = [one for one in checked(take) if one.what != "right"]
        assert (told.what, told.note) == ("missing", mistake.asked)
        following = take.part.step[take.of] > take.part.step[mistake.asked]
        assert told.told_s - take.notes.onset[following].min() <= 0.3


def test_a_note_that_no_event_tells_of_is_right_where_the_evidence_knows_it():
    part = Part.of(range(6), [1] * 6, [60, 62, 64, 65, 67, 69], [0] * 6)
    notes = part.at_tempo(60)
    events = [event for event in events_of(notes) if event.note != 3]
    heard = check(part, events, evidence_of(notes, faint=(3,)))
    assert blames(heard) == []
    assert [one.certainty < 0.97 for one in heard if one.note == 3] == [True]
    silent = check(part, events, evidence_of(notes[notes.midi != 65]))
    assert blames(silent) == [("missing", 65, None)]


def test_the_last_step_is_looked_for_in_the_evidence_of_the_end():
    part = Part.of(range(4), [1] * 4, [60, 62, 64, 65], [0] * 4)
    notes = part.at_tempo(60)
    assert blames(check(part, events_of(notes)[:3], evidence_of(notes), late_s=0.1)) == [], "who stops is not blamed"
    both = Part.of([0, 1, 2, 2], [1] * 4, [60, 62, 64, 67], [0] * 4)
    notes = both.at_tempo(60)
    assert blames(check(both, events_of(notes)[:3], evidence_of(notes), late_s=0.5)) == []


def test_a_note_of_a_fast_run_that_nobody_heard_is_not_sure():
    part = Part.of(np.arange(8) / 4, [0.25] * 8, [60, 62, 64, 65, 67, 69, 71, 72], [0] * 8)
    notes = part.at_tempo(120)
    unheard = [event for event in events_of(notes) if event.midi != 67]
    told = check(part, unheard, evidence_of(notes[notes.midi != 67]), beats_a_minute=120)
    assert [(one.what, one.perhaps, one.asked) for one in told if one.what != "right"] == [("not sure", "missing", 67)]


@pytest.mark.parametrize("n", range(2, 7))
def test_the_last_note_of_a_take_is_judged_whenever_it_ends(n):
    part = Part.of(range(n), [1] * n, range(60, 60 + n), [0] * n)
    for tempo in (60, 70, 75, 90):
        rows = enumerate(part.at_tempo(tempo).onset.tolist())
        events = [NoteEvent("on", i, t, t + 0.1, 60 + i, 64.0, 1.0, -20.0) for i, t in rows]
        assert [one.what for one in check(part, events)] == ["right"] * n


FOUR = Part.of(range(4), [1] * 4, [60, 62, 64, 65], [0] * 4)


def beside(part: Part, *others: NoteEvent) -> list[NoteEvent]:
    """The part at a beat a second, and what else a detector tells."""
    return sorted([*events_of(part.at_tempo(60)), *others], key=lambda event: event.heard_s)


def told_at(time_s: float, midi: int, *, confidence: float, velocity: float = 64.0) -> NoteEvent:
    return NoteEvent("on", 99, time_s, time_s + DELAY_S, midi, velocity, confidence, -20.0)


def sounding(part: Part, *others: tuple[float, float, int]) -> Salience:
    """Evidence of the part at a beat a second, and of other keys (from, to, key)."""
    notes = part.at_tempo(60)
    rows = [*zip(notes.onset, notes.offset, notes.midi, strict=True), *others]
    return evidence_of(Notes(*(np.array(column) for column in zip(*sorted(rows), strict=True))))


def test_what_is_neither_sure_nor_unlikely_is_not_sure():
    events = beside(FOUR, told_at(1.5, 55, confidence=0.7))
    evidence = sounding(FOUR, (1.5, 2.0, 55))
    (told,) = [one for one in check(FOUR, events, evidence) if one.what != "right"]
    assert (told.what, told.perhaps, told.heard) == ("not sure", "extra", 55)
    (told,) = [one for one in check(FOUR, events, evidence, certainty=0.6) if one.what != "right"]
    assert (told.what, told.perhaps) == ("extra", None)


def test_a_key_that_does_not_sound_after_it_was_told_blames_nobody():
    events = beside(FOUR, told_at(1.5, 55, confidence=0.88))
    assert blames(check(FOUR, events, sounding(FOUR, (1.5, 2.0, 55)), certainty=0.8)) == [("extra", None, 55)]
    assert "extra" not in [what for what, *_ in blames(check(FOUR, events, sounding(FOUR), certainty=0.8))]


def test_a_key_that_rings_and_is_told_again_when_another_is_struck_blames_nobody():
    held = Part.of([0, 0.37, 1, 2], [3, 0.6, 1, 1], [60, 62, 64, 65], [0] * 4)
    for confidence in (0.7, 0.88, 0.97):
        events = beside(held, told_at(0.38, 60, confidence=confidence))
        said = check(held, events, sounding(held))
        assert [one.what for one in said if one.what not in ("right", "not sure")] == []
        assert [one.note for one in said if one.what == "right"] == [0, 1, 2, 3]


def test_a_key_that_rings_does_not_lead_to_the_next_place_where_it_is_due():
    again = Part.of(range(5), [2, 1, 2, 1, 1], [62, 60, 64, 64, 65], [0] * 5)
    said = check(again, beside(again, told_at(2.6, 64, confidence=0.72, velocity=40.0)), sounding(again))
    assert [(one.what, one.note) for one in said] == [("right", note) for note in range(5)]
    assert [one.time_s for one in said] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_who_only_seemed_to_have_gone_back_left_nothing_out():
    """A G4 that rings over D3 and G3 makes the chord of two beats before; the next notes tell that it was none."""
    part = read_score(comes_with("data") / "pieces" / "doraji.musicxml").part()
    take = play(part, beats_a_minute=100, seed=1)
    at_s = take.notes.onset[part.step[take.of] == 74].min()
    events = sorted([*events_of(take.notes), told_at(at_s + 0.002, 67, confidence=0.81)], key=lambda one: one.time_s)
    said = [one for one in check(part, events, evidence_of(take.notes)) if one.what != "right"]
    assert [(one.what, one.perhaps) for one in said] == [("not sure", "restart")]


def test_a_key_that_is_struck_again_at_once_is_doubled_also_where_the_detector_is_not_very_sure():
    twice = told_at(1.16, 62, confidence=0.72, velocity=56.0)
    assert blames(check(FOUR, beside(FOUR, twice), sounding(FOUR), certainty=0.8)) == [("doubled", 62, 62)]
    rings_along = told_at(1.16, 62, confidence=0.72, velocity=56.0), told_at(1.15, 69, confidence=0.9)
    said = check(FOUR, beside(FOUR, *rings_along), sounding(FOUR, (1.15, 1.6, 69)), certainty=0.8)
    assert "doubled" not in [one.what for one in said]


def test_an_octave_that_is_heard_with_a_due_key_blames_nobody():
    part = Part.of(range(4), [1] * 4, [60, 62, 64, 65], [0] * 4)
    notes = part.at_tempo(60)
    ghost = NoteEvent("on", 9, 1.0, 1.12, 74, 64.0, 0.9, -20.0)
    events = sorted([*events_of(notes), ghost], key=lambda event: event.heard_s)
    assert events[1] is ghost, "it is told before the key that it belongs to"
    assert blames(check(part, events, evidence_of(notes))) == []


@pytest.mark.parametrize("kind", ["restart", "skip"])
def test_who_goes_elsewhere_is_told_where_within_three_notes(kind):
    named = 0
    for seed in range(6):
        take = play(piece(seed, n_bars=14), beats_a_minute=TEMPO, seed=seed, mistakes=[kind])
        (mistake,) = take.mistakes
        told = [one for one in checked(take) if one.what == kind and one.to_bar == mistake.to_bar]
        after = take.notes.onset[take.notes.onset >= mistake.end_s - 0.05]
        named += bool(told) and told[0].told_s <= after[4] + DELAY_S + 0.2
    assert named >= 5


def test_an_uneven_bar_is_told_and_a_pause_or_slow_down_is_not():
    uneven = 0
    for seed in range(5):
        take = play(piece(seed, n_bars=8), beats_a_minute=TEMPO, seed=seed, mistakes=["uneven"])
        bars = {one.bar for one in checked(take) if one.what in ("uneven", "early", "late")}
        uneven += {mistake.bar for mistake in take.mistakes} <= bars
        paused = play(piece(seed, n_bars=6), beats_a_minute=TEMPO, seed=seed, mistakes=["pause"])
        assert len(blames(checked(paused))) <= 1
    assert uneven >= 4


def test_steps_that_are_too_short_to_be_measured_make_no_bar_uneven():
    beat = np.concatenate([[b, b + 0.1] for b in np.arange(0, 8, 0.5)])  # Each chord is broken within 50 ms.
    part = Part.of(beat, [0.4] * 32, np.resize([48, 64, 50, 65, 52, 67, 53, 69], 32), beat // 4)
    notes = part.at_tempo(120)
    rounded = np.round(notes.onset / 0.02 + 0.5 * (np.arange(32) % 3 - 1)) * 0.02  # As frames know them.
    heard = events_of(Notes(rounded, rounded + 0.2, notes.midi))
    assert "uneven" not in [one.what for one in check(part, heard, beats_a_minute=120)]


def test_a_note_that_comes_late_by_itself_is_late():
    part = Part.of(range(8), [1] * 8, [60, 62, 64, 65, 67, 69, 71, 72], [0] * 4 + [1] * 4)
    notes = part.at_tempo(75)
    onset = notes.onset.copy()
    onset[4] += 0.28
    late = [one for one in check(part, events_of(Notes(onset, onset + 0.5, notes.midi))) if one.what == "late"]
    assert [one.asked for one in late] == [67]
    assert late[0].off_s == pytest.approx(0.28, abs=0.02)


def test_a_note_whose_time_is_unsure_is_not_said_to_be_late():
    part = Part.of(range(8), [1] * 8, [60, 62, 64, 65, 67, 69, 71, 72], [0] * 4 + [1] * 4)
    notes = part.at_tempo(75)
    onset = notes.onset.copy()
    onset[4] += 0.28
    heard = events_of(Notes(onset, onset + 0.5, notes.midi))
    for which in (3, 4, 5):  # The note itself, or a neighbour by which it is told to be late.
        unsure = [replace(event, confidence=0.6) if event.note == which else event for event in heard]
        (told,) = [one for one in check(part, unsure) if one.what != "right"]
        assert (told.what, told.perhaps, told.asked) == ("not sure", "late", 67)
        assert told.off_s == pytest.approx(0.28, abs=0.02)


def test_a_name_that_is_put_right_in_time_blames_nobody():
    part = Part.of(range(4), [1] * 4, [60, 62, 64, 65], [0] * 4)
    checker = Checker(part, beats_a_minute=60)
    events = events_of(part.at_tempo(60))
    first = NoteEvent("on", 1, 1.0, 1.1, 74, 64.0, 0.9, -20.0)
    right = NoteEvent("revised", 1, 1.0, 1.15, 62, 64.0, 0.9, -20.0)
    said = checker.push([events[0], first], now_s=1.1) + checker.push([right], now_s=1.15)
    said += checker.push(events[2:], now_s=4.0) + checker.flush()
    assert [(one.what, one.asked) for one in said] == [("right", 60), ("right", 62), ("right", 64), ("right", 65)]


def test_a_checker_that_was_reset_knows_nothing():
    take = play(piece(1, n_bars=6), beats_a_minute=TEMPO, seed=1)
    checker = Checker(take.part)
    first = checker.push(events_of(take.notes), now_s=99.0) + checker.flush()
    checker.reset()
    assert checker.push(events_of(take.notes), now_s=99.0) + checker.flush() == first


def test_a_wrong_key_is_named_from_sound():
    part = Part.of(range(8), [1] * 8, [60, 62, 64, 65, 67, 65, 64, 62], [0] * 4 + [1] * 4)
    notes = part.at_tempo(100)
    keys = notes.midi.copy()
    keys[5] = 66
    y = render(Notes(notes.onset + 0.3, notes.offset + 0.25, keys), sr=16000)
    checker = Checker(part, beats_a_minute=100)
    session = Session("neural", sr=16000, listen=checker.hear)
    verdicts = []
    for at in range(0, len(y), 800):
        verdicts += checker.push(session.push(y[at : at + 800]), now_s=session.heard_s)
    verdicts += checker.push(session.flush(), now_s=session.heard_s) + checker.flush()
    assert blames(verdicts) == [("wrong", 65, 66)]
    assert sum(one.what == "right" for one in verdicts) == 7
