"""A string keeps its pitch and fades; what glides or swells is doubted."""

import numpy as np
import pytest

from pianolab.roll import Salience
from pianolab.tracking import Tracker, Tracking
from pianolab.tracking.policy import Row
from pianolab.tracking.steady import MOST_DOUBT, Steadiness
from pianolab.units import N_KEYS, key_hz

HOP_S = 0.01
C4, E4 = 39, 43


def doubt_of(cents, level_db, *, key=C4):
    """The doubt of a C4 that is struck at 0 s and has these pitches and levels, each 10 ms."""
    steadiness = Steadiness()
    for i, (one, db) in enumerate(zip(*np.broadcast_arrays(cents, level_db, ROWS)[:2], strict=True)):
        strength, hz = np.zeros(N_KEYS, np.float32), np.full(N_KEYS, np.nan, np.float32)
        strength[C4], hz[C4] = 0.9, key_hz()[C4] * 2.0 ** (one / 1200.0)
        steadiness.hear(Row(i * HOP_S, float(db), strength, hz=hz))
    return steadiness.doubt(key, 0.0)


ROWS = np.arange(21)


@pytest.mark.parametrize(("cents", "level_db", "doubt"), [
    (0.0, -20.0, 0.0),
    (25.0 * (ROWS % 2), -20.0, 0.0),  # Unisons that beat, ...
    (0.0, -20.0 - ROWS, 0.0),  # ... and a note that fades.
    (np.where(ROWS < 11, 0.0, 13.0), -20.0, 0.2 * (13.0 - 8.0)),  # Five cents more than a string may glide.
    (0.0, np.where(ROWS < 8, -20.0, -17.0), 0.7 * (3.0 - 1.0)),  # Two decibels more than it may grow.
    (40.0 * (ROWS // 8), -20.0 + ROWS, 2.0 * MOST_DOUBT),
    (0.0, np.where(ROWS < 8, -np.inf, -20.0), MOST_DOUBT),  # Out of digital silence.
])  # fmt: skip
def test_a_glide_and_a_swell_are_doubted_by_how_far_they_go(cents, level_db, doubt):
    assert doubt_of(cents, level_db) == pytest.approx(doubt, abs=1e-3)


def test_the_pitch_of_another_key_says_nothing():
    assert doubt_of(40.0 * (ROWS // 8), -20.0, key=E4) == 0.0


def test_without_frequencies_no_glide_is_heard():
    steadiness = Steadiness()
    strength = np.eye(1, N_KEYS, C4, dtype=np.float32)[0]
    for i in range(20):
        steadiness.hear(Row(i * HOP_S, -20.0, strength))
    assert steadiness.doubt(C4, 0.0) == 0.0


@pytest.mark.parametrize(("policy", "n"), [("mono", 0), ("poly", 1)])
def test_one_voice_that_glides_is_turned_away_where_a_steady_one_is_told(policy, n):
    for glides, told in ((False, 1), (True, n)):
        n_rows, onset_keys = 80, 1 if policy == "mono" else N_KEYS
        strength, onset = np.zeros((n_rows, N_KEYS)), np.zeros((n_rows, onset_keys))
        strength[20:70, C4] = 0.9
        onset[20, C4 if policy == "poly" else 0] = 0.9
        hz = np.full((n_rows, N_KEYS), np.nan)
        hz[:, C4] = key_hz()[C4] * 2.0 ** (3.0 * glides * np.arange(n_rows) / 1200.0)
        times, level_db = HOP_S * np.arange(n_rows), np.full(n_rows, -20.0)
        struck = np.full((n_rows, N_KEYS), 0.8)
        tracker = Tracker(Tracking(policy=policy, struck_threshold=0.7))
        tracker.push(Salience(times, strength, hz, level_db, onset=onset, struck=struck))
        tracker.flush()
        assert (len(tracker.notes()), len(tracker.turned_away)) == (told, 1 - told)
