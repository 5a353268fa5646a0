"""Moments of the errors: the right ones, where they lie, and what is heard of them."""

import base64
import io
import wave
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pianolab.compare import CompareError
from pianolab.compare.anatomy import (
    AFTER_S,
    BEFORE_S,
    CLIP_SR,
    all_errors,
    anatomy,
    found_by_place,
    label_of,
    roll,
    tones,
)
from pianolab.compare.participants import Participant
from pianolab.roll import Notes
from pianolab.scores import Protocol

# A chord of three keys at 2 s, then a loud and a soft F#5; the octave of the bass is heard in place of it.
PLAYED = Notes([2.0, 2.0, 2.0, 4.0, 6.0], [3.0, 3.0, 3.0, 4.5, 6.5], [36, 60, 64, 78, 78], [70, 70, 70, 100, 20])
HEARD = Notes([2.01, 2.0, 2.0], [3.0, 3.0, 3.0], [48, 60, 64])
SR = 8000


class Sound:
    """A recording of seven seconds, as loud as it can be in its last."""

    def load(self, duration_s=None):
        y = np.where(np.arange(7 * SR) < 6 * SR, 0.1, 0.9).astype(np.float32)
        return y[: round(duration_s * SR)], SR


@pytest.fixture
def result():
    ranking = pd.DataFrame({"dataset": ["mine"], "detector": ["toy"], "params": [""], "n": [1]})
    return SimpleNamespace(
        ranking=ranking,
        heard={("mine", "song", "toy"): HEARD},
        truths={("mine", "song"): PLAYED},
        recordings={("mine", "song"): Sound()},
        protocol=Protocol(),
        participants={},
        kept=None,
        about={},
    )


def test_each_reason_has_its_loudest_error(result):
    found = anatomy(result, "mine")
    assert found["detector"] == "toy"
    said = {(one.result, one.reason): (one.name, one.onset, one.count) for one in found["moments"]}
    assert said == {
        ("missed", "heard as octave"): ("C2", 2.0, 1),
        ("missed", "soft"): ("F#5", 6.0, 1),
        ("missed", "other"): ("F#5", 4.0, 1),
        ("extra", "octave ghost"): ("C3", 2.01, 1),
    }


def test_moments_of_a_reason_are_the_loudest_and_never_the_same_one_twice(result):
    """Five equal chords: three far apart, two of them 0.6 s after another one."""
    onsets = np.repeat([1.0, 1.6, 4.0, 4.6, 8.0], 2)
    played = Notes(onsets, onsets + 0.3, [60, 64] * 5, np.repeat([90, 60, 70, 80, 50], 2))
    result.truths = {("mine", "song"): played}
    result.heard = {("mine", "song", "toy"): played[:0]}
    for n, worst in ((1, [1.0]), (3, [1.0, 4.6, 8.0]), (20, [1.0, 4.6, 8.0])):
        found = anatomy(result, "mine", n=n)["moments"]
        assert [one.onset for one in found] == worst
        assert {one.count for one in found} == {10}


def test_a_note_beside_its_time_is_early_or_late_and_is_shown_once(result):
    result.truths = {("mine", "song"): Notes([1.0, 3.0], [1.5, 3.5], [60, 64])}
    result.heard = {("mine", "song", "toy"): Notes([0.9, 3.12], [1.5, 3.5], [60, 64])}
    found = anatomy(result, "mine")["moments"]
    assert [(one.result, one.reason, one.name, round(one.off_ms)) for one in found] == [
        ("missed", "early", "C4", -100),
        ("missed", "late", "E4", 120),
    ]


def test_a_hit_with_a_wrong_end_is_looked_at_where_the_first_of_both_ends_lies(result):
    """Of 1 s the end may be 200 ms off: 190 ms is none, 300 ms too early and 250 ms too late are."""
    result.truths = {("mine", "song"): Notes([1.0, 3.0, 5.0], [2.0, 4.0, 6.0], [60, 64, 67])}
    result.heard = {("mine", "song", "toy"): Notes([1.01, 3.0, 4.98], [2.19, 3.7, 6.25], [60, 64, 67])}
    found = anatomy(result, "mine")["moments"]
    assert [(one.result, one.reason, one.name, round(one.off_ms), round(one.onset, 3)) for one in found] == [
        ("wrong end", "early", "E4", -300, 3.7),
        ("wrong end", "late", "G4", 250, 6.0),
    ]


def test_who_is_meant_may_be_typed_as_in_the_table_or_as_it_was_given():
    who = [
        Participant("mine.py:Mine", spec="/far/mine.py:Mine"),
        Participant("yin", params="threshold=0.2", spec="yin"),
    ]
    assert label_of("/far/mine.py:Mine", who) == label_of("mine.py:Mine", who) == "mine.py:Mine"
    assert label_of("yin:threshold=0.2", who) == "yin:threshold=0.2"
    with pytest.raises(CompareError, match=r"^the errors of 'yon' cannot be shown, .* did you mean yin"):
        label_of("yon", who)
    with pytest.raises(CompareError, match=r"does not take part: use mine.py:Mine, yin:threshold=0.2$"):
        label_of("?", who)


def test_the_roll_shows_played_heard_and_the_error_in_seconds_from_its_beginning(result):
    table = all_errors(result, "mine", "toy")
    row = table.loc[(table.midi == 36)].iloc[0]
    shown = roll(PLAYED, HEARD, row, start_s=1.0)
    assert shown["error"] == (1.0, 64 + 1 - 36, 1.0)
    assert sorted(shown["played"]) == [(1.0, 1, 1.0), (1.0, 5, 1.0), (1.0, 29, 1.0)]
    assert sorted(shown["heard"]) == [(1.0, 1, 1.0), (1.0, 5, 1.0), (1.01, 17, 0.99)]
    assert shown["keys"] == 64 - 36 + 3


def test_the_clip_has_the_sound_left_and_what_was_heard_right(result):
    (octave,) = (one for one in anatomy(result, "mine")["moments"] if one.reason == "octave ghost")
    with wave.open(io.BytesIO(base64.b64decode(octave.clip.partition(",")[2]))) as clip:
        assert (clip.getnchannels(), clip.getframerate()) == (2, CLIP_SR)
        samples = np.frombuffer(clip.readframes(clip.getnframes()), "<i2").reshape(-1, 2)
    assert len(samples) == pytest.approx((BEFORE_S + AFTER_S) * CLIP_SR, abs=2)
    assert np.abs(samples[1000:-1000, 0]).min() > 20_000  # A steady sound is as loud as can be.
    start = round((2.0 - (2.01 - BEFORE_S)) * CLIP_SR)
    assert not samples[: start - 100, 1].any()
    assert np.abs(samples[start : start + 2000, 1]).max() > 5000


def test_a_tone_has_the_pitch_of_its_key():
    y = tones(Notes([0.0], [1.0], [69]), start_s=0.0, n_samples=CLIP_SR)
    assert np.argmax(np.abs(np.fft.rfft(y))) == 440


def test_clips_are_left_out_where_they_would_be_too_much(result):
    found = anatomy(result, "mine", most_bytes=200_000)["moments"]
    assert [bool(one.clip) for one in found] == [True, False, False, False]
    loud = [one for one in anatomy(result, "mine", n=2, most_bytes=600_000)["moments"] if one.clip]
    assert [(one.result, one.reason) for one in loud] == [(one.result, one.reason) for one in found]
    result.recordings = {}
    assert {one.clip for one in anatomy(result, "mine")["moments"]} == {""}


def test_shares_are_told_from_five_notes_on():
    """Of ten loud chords of two keys in the bass nine keys are found, of four soft ones none is told."""
    rows = [("hit", 100, 2)] * 9 + [("missed", 100, 2)] + [("hit", 20, 1)] * 4 + [("extra", 100, 2)] * 30
    table = pd.DataFrame(rows, columns=["result", "velocity", "polyphony"]).assign(register="A0-B1")
    found = found_by_place(table)
    assert found["columns"] == ["one key", "2 or 3 keys", "4 or more"]
    ((name, shares),) = found["rows"]
    assert name == "A0-B1, loud"
    assert shares == pytest.approx([np.nan, 0.9, np.nan], nan_ok=True)
    assert found_by_place(table.assign(velocity=np.nan)) is None


def test_keys_that_are_down_are_counted_at_the_onset(result):
    table = all_errors(result, "mine", "toy")
    assert table.loc[table.midi.isin([36, 60]), "polyphony"].tolist() == [3, 3]
    assert table.loc[table.midi == 78, "polyphony"].tolist() == [1, 1]
