"""Moments of the errors: the right ones, where they lie, and what is heard of them."""

import base64
import io
import wave
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pianolab.compare.anatomy import AFTER_S, BEFORE_S, CLIP_SR, all_errors, anatomy, found_by_place, roll, tones
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
