"""The numbers of a take's pictures are those that were played: how loud, how even, how far off, and the pedal."""

import json

import numpy as np
import pytest

from pianolab.practice.checking import Verdict, check
from pianolab.practice.figure import write_figure
from pianolab.practice.part import Part
from pianolab.practice.pictures import pictures_of, steps_of
from pianolab.tracking import NoteEvent, PedalEvent

# Two bars of four; the left hand has the first beat of each.
BEATS = [0, 0, 1, 2, 3, 4, 4, 5, 6, 7]
PART = Part.of(BEATS, [1] * 10, [48, 60, 62, 64, 65, 43, 67, 69, 71, 72], [0] * 5 + [1] * 5, [2, 1, 1, 1, 1] * 2)
FOUR = {"step": 4, "bar": 1, "beat": 4.0}


def heard(times, *, velocity=64.0, level_db=-20.0, part=PART):
    """Events of the part's notes, each at the time of its step."""
    rows = enumerate(zip(part.step.tolist(), part.midi.tolist(), strict=True))
    loud = np.broadcast_to(velocity, len(part)).tolist()
    return [
        NoteEvent("on", i, times[step], times[step] + 0.1, midi, loud[i], 1.0, level_db) for i, (step, midi) in rows
    ]


def shown(events, *, pedal_events=(), **settings):
    verdicts = check(PART, events, beats_a_minute=60)
    assert sum(one.what == "right" for one in verdicts) == len(PART)
    return pictures_of(PART, verdicts, [*events, *pedal_events], **settings)


def test_loudness_is_told_by_hand_and_bar_as_it_was_heard():
    told = shown(heard(np.arange(8.0), velocity=[40, 60, 62, 70, 66, 30, 80, 80, 80, 90]), bar_names=["7", "8"])
    assert [bar["name"] for bar in told["bars"]] == ["7", "8"]
    loudness = told["loudness"]
    assert loudness["unit"] == "velocity"
    assert loudness["right"] == [
        {"bar": 0, "middle": 64.0, "softest": 60.0, "loudest": 70.0, "notes": 4},
        {"bar": 1, "middle": 80.0, "softest": 80.0, "loudest": 90.0, "notes": 4},
    ]
    assert [row["middle"] for row in loudness["left"]] == [40.0, 30.0]
    assert "unknown" not in loudness


def test_who_hears_no_velocity_tells_the_level_and_who_hears_neither_tells_nothing():
    nan = float("nan")
    assert shown(heard(np.arange(8.0), velocity=nan))["loudness"]["right"][0]["middle"] == -20.0
    assert shown(heard(np.arange(8.0), velocity=nan, level_db=nan))["loudness"] == {"unit": "level_db"}


def test_the_tempo_of_each_step_is_told_and_a_stop_is_no_tempo():
    even = shown(heard(0.5 * np.arange(8.0)))["evenness"]
    assert even["beats_a_minute"] == 120.0
    assert [row["beats_a_minute"] for row in even["steps"]] == [120.0] * 7
    assert not any(row["stop"] for row in even["steps"])
    times = np.array([0, 1, 2, 3, 4, 7, 8, 9.0])  # Three seconds from the fifth step to the next.
    steps = shown(heard(times))["evenness"]["steps"]
    assert [row["step"] for row in steps if row["stop"]] == [4]
    assert steps[4] == {**FOUR, "time_s": 4.0, "beats_a_minute": 20.0, "stop": True}


def test_a_late_step_is_as_late_as_it_was_played_and_the_verdict_stands_beside_it():
    times = np.arange(8.0)
    times[4] += 0.4
    rows = shown(heard(times))["rhythm"]["steps"]
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert rows[3] == {**FOUR, "time_s": 4.4, "off_ms": 400, "said": "late"}
    assert rows[0]["off_ms"] == 0
    assert rows[0]["said"] is None


def test_the_pedal_stands_in_beats_beside_that_of_the_score():
    events = [PedalEvent("pedal_down", 1.0, 1.1, 0.9), PedalEvent("pedal_up", 3.0, 3.1, 0.9)]
    events.append(PedalEvent("pedal_down", 6.0, 6.1, 0.9))  # It is not lifted.
    told = shown(heard(2.0 * np.arange(8.0)), pedal_events=events, pedal=[(0.0, 2.0), (6.0, 12.0), (20.0, 22.0)])
    assert told["pedal"]["heard"] is True
    assert told["pedal"]["score"] == [{"down_beat": 0.0, "up_beat": 2.0}, {"down_beat": 6.0, "up_beat": 8.0}]
    assert told["pedal"]["played"] == [
        {"down_beat": 0.5, "up_beat": 1.5, "down_s": 1.0, "up_s": 3.0},
        {"down_beat": 3.0, "up_beat": 7.0, "down_s": 6.0, "up_s": 14.0},
    ]


def test_a_pedal_through_a_restart_is_in_two_pieces():
    steps = [0, 1, 2, 3, 0, 1]
    right = [Verdict("right", i, 0, 60 + s, 0, s, t, None, 1.0, t) for t, s in enumerate(steps) for i in [s]]
    part = Part.of(range(4), [1] * 4, [60, 61, 62, 63], [0] * 4)
    events = [NoteEvent("on", t, t, t, 60 + s, 64.0, 1.0, -20.0) for t, s in enumerate(steps)]
    pieces = pictures_of(part, right, [*events, PedalEvent("pedal_down", 2.0, 2.0, 1.0)])["pedal"]["played"]
    assert [(one["down_beat"], one["up_beat"]) for one in pieces] == [(2.0, 3.0), (0.0, 1.0)]


def test_a_key_that_comes_late_begins_no_step_again():
    times = [(0, 0.0), (2, 1.0), (1, 1.05), (3, 2.0)]  # Note 1 belongs to the step of note 0.
    right = [Verdict("right", i, 0, 0, 0, 0.0, t, None, 1.0, t) for i, t in times]
    part = Part.of([0, 0, 1, 2], [1] * 4, [48, 60, 62, 64], [0] * 4)
    assert [tuple(one) for one in steps_of(part, right)] == [(0, 0.0), (1, 1.0), (2, 2.0)]


def test_the_numbers_are_plain_and_can_be_drawn_also_of_a_take_in_which_nothing_was_heard(tmp_path):
    pedal_events = [PedalEvent("pedal_down", 1.0, 1.1, 0.9)]
    told = shown(heard(np.arange(8.0)), pedal_events=pedal_events, pedal=[(0.0, 2.0)])
    nothing = pictures_of(PART, [], [])
    for i, one in enumerate((told, nothing)):
        assert json.loads(json.dumps(one, allow_nan=False)) == one
        write_figure(tmp_path / f"{i}.png", one, title="A $ take")
        assert (tmp_path / f"{i}.png").read_bytes()[:4] == b"\x89PNG"
    assert nothing["evenness"] == {"beats_a_minute": None, "steps": []}
    assert nothing["pedal"]["heard"] is False
    with pytest.raises(OSError, match="nowhere"):
        write_figure(tmp_path / "nowhere" / "a.png", told)
