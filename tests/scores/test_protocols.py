"""Protocols: a known shift and a known drift are found, presets say what they are, and scores stay mir_eval's."""

import mir_eval
import numpy as np
import pytest

from pianolab.errors import PianolabError
from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.scores import (
    PRESETS,
    Protocol,
    as_scored,
    constant_shift,
    find_drift,
    find_presets,
    match,
    score_notes,
    score_onsets,
)

C4, E4 = 60, 64


def performance(n, seed, *, length_s):
    """Notes of random keys and times."""
    rng = np.random.default_rng(seed)
    onset = np.sort(rng.uniform(0.3, length_s, n))
    return Notes(onset, onset + rng.uniform(0.1, 0.8, n), rng.integers(40, 85, n), rng.integers(40, 100, n))


def heard_badly(played, *, late_s, jitter_s, seed):
    """Two thirds of the notes, late and not quite even, among as many that nobody played."""
    rng = np.random.default_rng(seed)
    kept = played[rng.random(len(played)) < 2 / 3]
    onset = np.maximum(kept.onset + late_s + rng.normal(0, jitter_s, len(kept)), 0)
    ghosts = performance(len(kept), seed + 1, length_s=float(played.onset[-1]))
    return Notes.concatenate([Notes(onset, onset + 0.3, kept.midi, kept.velocity), ghosts])


# Alignment.


@pytest.mark.parametrize("late_ms", [37, -37, 120, 0])
def test_a_known_shift_is_found_to_a_millisecond_among_ghosts(late_ms):
    played = performance(400, 1, length_s=120)
    heard = heard_badly(played, late_s=late_ms / 1000, jitter_s=0.005, seed=3)
    assert 1000 * constant_shift(played, heard) == pytest.approx(late_ms, abs=1.0)


def test_a_shift_is_zero_where_nothing_can_be_compared():
    assert constant_shift(Notes.empty(), Notes([1.0], [2.0], [C4])) == 0.0
    assert constant_shift(Notes([1.0], [2.0], [C4]), Notes([1.1], [2.0], [E4])) == 0.0
    assert constant_shift(Notes([1.0], [2.0], [C4]), Notes([1.3], [2.0], [C4])) == 0.0  # farther than any lateness


@pytest.mark.parametrize("late_ms", [80, -80])
def test_a_shift_forgives_a_constant_lateness_and_says_it(late_ms):
    played = Notes([0.0, 1.0, 2.0], [0.5, 1.5, 2.5], [60, 62, 64])
    heard = played.shifted(0.2).shifted(late_ms / 1000)
    played = played.shifted(0.2)
    assert score_notes(played, heard)["onset_f1"] == 0.0
    scores = score_notes(played, heard, protocol=Protocol(alignment="shift"))
    assert (scores["onset_f1"], scores["note_f1"]) == (1.0, 1.0)
    assert scores["shift_ms"] == pytest.approx(late_ms, abs=0.01)
    assert score_onsets(played, heard, protocol=Protocol(alignment="shift"))["onset_f1"] == 1.0


@pytest.fixture(scope="module")
def piece():
    """Half a minute of a rendered piano: notes, and the sound."""
    notes = performance(110, 5, length_s=30)
    return notes, render(notes, sr=11025)


@pytest.mark.parametrize(
    "late",
    [lambda t: 0 * t, lambda t: 0.06 + 0.004 * t, lambda t: 0.1 - 0.005 * t, lambda t: 0.08 * np.sin(t / 8)],
    ids=["none", "a slow clock", "a fast clock", "there and back"],
)
def test_a_known_drift_is_found_to_ten_milliseconds(piece, late):
    """The labels are moved against the sound; the drift must bring each back."""
    notes, y = piece
    onset = notes.onset - late(notes.onset)
    labels = Notes(onset, onset + 0.2, notes.midi)
    drift = find_drift(labels, y, sr=11025)
    moved = drift.applied(labels)
    off_s = moved.onset - np.sort(notes.onset)
    assert len(off_s) == 110
    assert np.max(np.abs(off_s)) < 0.010
    assert drift.range_s[0] == pytest.approx(np.min(late(notes.onset)), abs=0.010)
    assert drift.range_s[1] == pytest.approx(np.max(late(notes.onset)), abs=0.010)


def test_labels_without_sound_or_notes_do_not_drift():
    silence = np.zeros(22050, dtype=np.float32)
    assert len(find_drift(Notes.empty(), silence, sr=22050).time_s) == 0
    assert find_drift(Notes([5.0], [6.0], [C4]), silence, sr=22050).range_s == (0.0, 0.0)  # after its end
    still = Notes([0.5], [0.8], [C4])
    assert find_drift(Notes.empty(), silence, sr=22050).applied(still) == still


# Excerpt, matching, names.


def test_an_excerpt_counts_what_begins_in_it():
    played = Notes([1.0, 29.9, 31.0], [2.0, 33.0, 32.0], [60, 62, 64])
    scores = score_notes(played, played[:2], protocol=Protocol(excerpt_s=30.0))
    assert (scores["n_reference"], scores["onset_f1"], scores["note_f1"]) == (2.0, 1.0, 1.0)


def test_the_nearest_may_leave_another_without_a_partner():
    """Played at 1.00 and 1.06, heard at 1.04 and 1.10: mir_eval pairs both in order, the nearest are 1.06 and 1.04."""
    played, heard = Notes([1.0, 1.06], [1.5, 1.5], [60, 60]), Notes([1.04, 1.11], [1.5, 1.5], [60, 60])
    assert match(played, heard).tolist() == [[0, 0], [1, 1]]
    assert match(played, heard, protocol=Protocol(matching="nearest")).tolist() == [[1, 0]]


def test_the_nearest_are_as_strict_as_mir_eval_about_ends_and_keys():
    rng = np.random.default_rng(0)
    onset = np.arange(200) * 1.0  # So far apart that only one partner is in reach.
    played = Notes(onset, onset + 0.5, rng.integers(60, 64, 200))
    heard = Notes(onset + rng.uniform(0, 0.08, 200), onset + 0.5 + rng.uniform(0, 0.2, 200), rng.integers(60, 64, 200))
    for cents, with_offset in [(50, False), (50, True), (150, True)]:
        given = Protocol(pitch_tolerance_cents=cents)
        nearest = Protocol(pitch_tolerance_cents=cents, matching="nearest")
        expected = match(played, heard, protocol=given, with_offset=with_offset)
        assert len(expected) > 2
        assert match(played, heard, protocol=nearest, with_offset=with_offset).tolist() == expected.tolist()


def test_presets_are_different_protocols_with_a_source():
    stamps = {str(preset.protocol) for preset in PRESETS.values()}
    assert len(stamps) == len(PRESETS)
    assert all(preset.about and preset.source for preset in PRESETS.values())
    assert find_presets("all") == {name: preset.protocol for name, preset in PRESETS.items()}
    with pytest.raises(
        PianolabError, match=r"protocol 'mireval' is unknown: use all or some of mir_eval, .*mean mir_eval"
    ):
        find_presets(["mireval"])
    with pytest.raises(PianolabError, match="no protocol is named: use all or some of mir_eval, "):
        find_presets(" , ")


def test_what_a_protocol_does_not_ask_for_is_left_alone():
    played = performance(20, 7, length_s=10)
    reference, estimate, shift_s = as_scored(played, played.shifted(0.1), Protocol())
    assert (reference, estimate, shift_s) == (played, played.shifted(0.1), 0.0)


# Velocity, and lateness as a distribution.


def test_loudness_in_the_same_order_is_a_correlation_of_one():
    onset = np.arange(5.0)
    played = Notes(onset, onset + 0.5, np.full(5, C4), [20, 40, 60, 80, 100])
    louder = Notes(onset, onset + 0.5, np.full(5, C4), [1, 2, 3, 100, 101])  # No straight line, but the same order.
    assert score_notes(played, louder)["velocity_rank_correlation"] == pytest.approx(1.0)
    softer = Notes(onset, onset + 0.5, np.full(5, C4), [100, 80, 60, 40, 20])
    assert score_notes(played, softer)["velocity_rank_correlation"] == pytest.approx(-1.0)
    flat = Notes(onset, onset + 0.5, np.full(5, C4), [64] * 5)
    assert "velocity_rank_correlation" not in score_notes(played, flat)
    # Ranks 1, 2.5, 2.5, 4, 5 against 1 to 5: 1 - 6 * 0.5 / (5 * 24) and a little for the tie, as scipy says.
    tied = Notes(onset, onset + 0.5, np.full(5, C4), [20, 50, 50, 80, 100])
    assert score_notes(played, tied)["velocity_rank_correlation"] == pytest.approx(0.9746794344808963)


def test_lateness_is_told_as_a_distribution():
    onset = np.arange(21.0)
    played = Notes(onset, onset + 0.5, np.full(21, C4))
    scores = score_notes(played, Notes(onset + np.arange(21) / 1000, onset + 0.5, played.midi))
    assert [scores[f"onset_p{p}_ms"] for p in (5, 25, 75, 95)] == pytest.approx([1.0, 5.0, 15.0, 19.0])


# The numbers are mir_eval's.


def test_a_thousand_random_cases_score_as_by_mir_eval():
    """Other tolerances than the usual ones, crowded notes, and times on the edge of a tolerance."""
    rng = np.random.default_rng(2)
    n_right = 0
    for _ in range(1000):
        tolerance_s, ratio, least_s = rng.choice([0.01, 0.05, 0.1]), rng.choice([0.1, 0.2]), rng.choice([0.03, 0.05])
        notes = []
        for n in rng.integers(1, 9, 2):
            onset = rng.integers(0, 40, n) / 100
            notes.append(Notes(onset, onset + rng.integers(1, 30, n) / 100, rng.integers(60, 62, n)))
        played, heard = notes
        protocol = Protocol(onset_tolerance_s=tolerance_s, offset_ratio=ratio, offset_min_tolerance_s=least_s)
        arrays = played.intervals, played.hz, heard.intervals, heard.hz
        pairs = match(played, heard, protocol=protocol, with_offset=True)
        expected = mir_eval.transcription.match_notes(
            *arrays, onset_tolerance=tolerance_s, offset_ratio=ratio, offset_min_tolerance=least_s
        )
        assert len(pairs) == len(expected)
        n_right += len(pairs)
        onsets = mir_eval.transcription.precision_recall_f1_overlap(
            *arrays, onset_tolerance=tolerance_s, offset_ratio=None
        )
        found = score_onsets(played, heard, protocol=protocol)
        assert tuple(found.values()) == pytest.approx(onsets[:3], abs=1e-12)
    assert n_right > 500


def test_twenty_thousand_notes_are_shifted_and_scored():
    played = performance(20_000, 11, length_s=4000)
    heard = heard_badly(played, late_s=0.03, jitter_s=0.01, seed=12)
    protocol = Protocol(alignment="shift")
    f1 = score_onsets(played, heard, protocol=protocol)["onset_f1"]
    assert f1 > 0.55  # two thirds of the notes, among as many ghosts: 4/7
