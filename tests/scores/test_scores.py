"""Scores: three examples worked by hand, and the same numbers as mir_eval on the same arrays."""

import tracemalloc
import warnings

import mir_eval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pianolab.data import load_dataset
from pianolab.errors import PianolabError
from pianolab.roll import Notes
from pianolab.scores import (
    Protocol,
    by_register,
    error_counts,
    errors,
    match,
    matching,
    melody_track,
    register_of,
    score_melody,
    score_notes,
    score_onsets,
)
from pianolab.session import transcribe

C4, E4, G4, C5 = 60, 64, 67, 72


def played(*notes, velocity=None):
    """Notes from (onset, offset, midi) triples."""
    onset, offset, midi = zip(*notes, strict=True) if notes else ((), (), ())
    return Notes(onset, offset, midi, velocity)


# Three examples worked by hand.


def test_two_of_three_heard_and_one_ghost():
    """C4 E4 G4 are played; C4 is heard right, E4 70 ms late, G4 with a wrong end, and C5 is a ghost.

    Right in key and onset: C4, G4. Precision 2/4, recall 2/3, F1 = 2 * (1/2 * 2/3) / (1/2 + 2/3) = 4/7.
    Right in the end too: C4. Precision 1/4, recall 1/3, F1 = 2/7.
    Of the onsets alone, those at 0.00, 1.02 (against 1.0 by C5) and 2.03 fit: 3 of 4 and 3 of 3, F1 = 6/7.
    """
    truth = played((0.0, 1.0, C4), (1.0, 2.0, E4), (2.0, 3.0, G4))
    heard = played((0.0, 1.0, C4), (1.02, 1.2, C5), (1.07, 2.0, E4), (2.03, 2.5, G4))
    scores = score_notes(truth, heard)
    assert scores["onset_precision"] == pytest.approx(2 / 4)
    assert scores["onset_recall"] == pytest.approx(2 / 3)
    assert scores["onset_f1"] == pytest.approx(4 / 7)
    assert scores["note_f1"] == pytest.approx(2 / 7)
    assert scores["onset_only_f1"] == pytest.approx(6 / 7)
    assert scores["onset_bias_ms"] == pytest.approx(15.0)  # median of 0 and 30


def test_frames_of_a_note_that_ends_too_early():
    """One second of C4 is 100 frames of 10 ms; heard are its first 40 and 20 frames of C5.

    Precision 40/60, recall 40/100, F1 = 2 * 40 / (60 + 100) = 0.5.
    """
    scores = score_notes(played((0.0, 1.0, C4)), played((0.0, 0.4, C4), (0.5, 0.7, C5)))
    assert scores["frame_precision"] == pytest.approx(2 / 3)
    assert scores["frame_recall"] == pytest.approx(0.4)
    assert scores["frame_f1"] == pytest.approx(0.5)


def test_melody_an_octave_too_high_for_a_quarter_of_its_length():
    """A4 for one second, then one second of silence; the track says A4, but A5 for 0.25 s and A4 for 0.5 s of silence.

    Voiced frames 100: right pitch 75, right but for the octave 100. Of 201 frames (0..2 s) right: 75 + 51 silent.
    """
    times = np.arange(201) * 0.01
    f0_hz = np.where(times < 0.745, 440.0, np.where(times < 0.995, 880.0, np.where(times < 1.495, 440.0, 0.0)))
    scores = score_melody(played((0.0, 1.0, 69)), times, f0_hz)
    assert scores["melody_rpa"] == pytest.approx(0.75)
    assert scores["melody_rca"] == pytest.approx(1.0)
    assert scores["melody_overall"] == pytest.approx(126 / 201)
    assert scores["melody_voicing_recall"] == pytest.approx(1.0)
    assert scores["melody_voicing_false_alarm"] == pytest.approx(50 / 101)


# The same numbers as mir_eval.


@st.composite
def performances(draw, n_max=40):
    """Dense music, so that chains of notes within the tolerance occur; some times lie exactly on it."""
    n = draw(st.integers(1, n_max))
    onset = np.array(draw(st.lists(st.integers(0, 200), min_size=n, max_size=n))) * 0.0125
    length = np.array(draw(st.lists(st.integers(1, 60), min_size=n, max_size=n))) * 0.01
    midi = draw(st.lists(st.sampled_from([21, 59, 60, 61, 72, 108]), min_size=n, max_size=n))
    velocity = draw(st.lists(st.integers(1, 127), min_size=n, max_size=n))
    return Notes(onset, onset + length, midi, velocity)


def by_mir_eval(truth, heard):
    arrays = truth.intervals, truth.hz, heard.intervals, heard.hz
    loud = truth.intervals, truth.hz, truth.velocity, heard.intervals, heard.hz, heard.velocity
    f1, precision, recall = mir_eval.onset.f_measure(truth.onset, heard.onset)
    return {
        "onset": mir_eval.transcription.precision_recall_f1_overlap(*arrays, offset_ratio=None)[:3],
        "note": mir_eval.transcription.precision_recall_f1_overlap(*arrays)[:3],
        "velocity": mir_eval.transcription_velocity.precision_recall_f1_overlap(*loud)[:3],
        "velocity_onset": mir_eval.transcription_velocity.precision_recall_f1_overlap(*loud, offset_ratio=None)[:3],
        "onset_only": (precision, recall, f1),
    }


def assert_same_as_mir_eval(truth, heard):
    scores = score_notes(truth, heard)
    for name, expected in by_mir_eval(truth, heard).items():
        found = [scores[f"{name}_{part}"] for part in ("precision", "recall", "f1")]
        assert found == pytest.approx(expected, abs=1e-12), name


@given(performances(), performances())
@settings(max_examples=150, deadline=None)
def test_note_scores_are_those_of_mir_eval(truth, heard):
    assert_same_as_mir_eval(truth, heard)


def random_performance(rng):
    """Up to 30 notes within three seconds on few keys; a third of the onsets on a grid, some just a tolerance apart."""
    n = int(rng.integers(0, 31))
    onset = np.where(rng.random(n) < 1 / 3, rng.integers(0, 120, n) * 0.025, rng.uniform(0, 3, n))
    length, keys = rng.exponential(0.3, n) + 0.02, rng.choice([21, 59, 60, 61, 72, 108], n)
    return Notes(onset, onset + length, keys, rng.integers(1, 128, n))


def retouched(notes, rng):
    """The same notes as a detector may hear them, and as many of its own."""
    late = np.maximum(notes.onset + rng.choice([0.0, 0.05, 0.02, -0.05, 0.0501], len(notes)), 0)
    kept = rng.random(len(notes)) < 0.8
    heard = Notes(late, late + (notes.offset - notes.onset), notes.midi, notes.velocity)[kept]
    return Notes.concatenate([heard, random_performance(rng)[:5]])


def with_velocity(notes):
    """Some velocity for each note, since fft_peak has none and mir_eval asks for it."""
    velocity = np.random.default_rng(len(notes)).integers(1, 128, len(notes))
    return Notes(notes.onset, notes.offset, notes.midi, velocity)


@pytest.mark.slow
def test_a_thousand_random_cases_score_as_by_mir_eval():
    n_right = 0
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        truth = random_performance(rng)
        heard = retouched(truth, rng)
        if len(truth) and len(heard):
            assert_same_as_mir_eval(truth, heard)
        n_right += len(match(truth, heard))
    assert n_right > 5000


@pytest.mark.slow
@pytest.mark.parametrize("name", ["real", "builtin"])
def test_the_recordings_that_come_with_it_score_as_by_mir_eval(name):
    n_right = 0
    for recording in load_dataset(name, split="test"):
        y, sr = recording.load()
        heard, truth = (with_velocity(n) for n in (transcribe(y, sr=sr, detector="fft_peak"), recording.notes()))
        assert_same_as_mir_eval(truth, heard)
        n_right += len(match(truth, heard))
    assert n_right > 50


def test_times_are_rounded_as_mir_eval_rounds_them():
    """The number stands in our code, so that mir_eval is loaded only where something is scored."""
    assert matching._ROUNDING_S == 10.0**-mir_eval.transcription.N_DECIMALS


@given(performances(n_max=80), performances(n_max=80), st.booleans(), st.sampled_from([50.0, 150.0]))
@settings(max_examples=100, deadline=None)
def test_matching_in_parts_pairs_the_same_notes(truth, heard, with_offset, pitch_tolerance):
    whole = mir_eval.transcription.match_notes(
        truth.intervals,
        truth.hz,
        heard.intervals,
        heard.hz,
        pitch_tolerance=pitch_tolerance,
        offset_ratio=0.2 if with_offset else None,
    )
    protocol = Protocol(pitch_tolerance_cents=pitch_tolerance)
    parts = match(truth, heard, protocol=protocol, with_offset=with_offset)
    assert [tuple(pair) for pair in parts] == whole


def long_performance(n, seed):
    rng = np.random.default_rng(seed)
    onset = np.sort(rng.uniform(0, n / 6, n))
    return Notes(onset, onset + rng.exponential(0.4, n) + 0.02, rng.integers(21, 109, n), rng.integers(1, 128, n))


def imperfect(notes, seed):
    """Heard with 30 ms of jitter, a sixth missed, a tenth as octaves."""
    rng = np.random.default_rng(seed)
    onset = np.maximum(notes.onset + rng.normal(0, 0.03, len(notes)), 0)
    midi = np.where(rng.random(len(notes)) < 0.1, (notes.midi + 12 - 21) % 88 + 21, notes.midi)
    heard = Notes(onset, onset + (notes.offset - notes.onset), midi, notes.velocity)
    return heard[rng.random(len(notes)) < 5 / 6]


def test_a_thousand_notes_score_as_by_mir_eval():
    truth = long_performance(1000, seed=1)
    heard = imperfect(truth, seed=2)
    assert len(match(truth, heard)) > 500
    assert_same_as_mir_eval(truth, heard)


def test_twenty_thousand_notes_are_scored():
    """One call of mir_eval for all of them would take half a minute and 13 GB."""
    truth = long_performance(20_000, seed=3)
    heard = imperfect(truth, seed=4)
    scores = score_notes(truth, heard)
    assert 0.7 < scores["onset_f1"] < 0.9


@given(performances(), performances())
@settings(max_examples=60, deadline=None)
def test_frame_scores_are_those_of_mir_eval_multipitch(truth, heard):
    grid = np.arange(0, 400) * 0.01
    listed = [[_sounding_hz(notes, t) for t in grid] for notes in (truth, heard)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mir_eval says when nothing sounds in any frame
        precision, recall, *_ = mir_eval.multipitch.metrics(grid, listed[0], grid, listed[1])
    scores = score_notes(truth, heard)
    assert scores["frame_precision"] == pytest.approx(precision, abs=1e-12)
    assert scores["frame_recall"] == pytest.approx(recall, abs=1e-12)


def _sounding_hz(notes, time_s):
    sounds = (notes.onset <= time_s) & (time_s < notes.offset)
    return np.unique(notes.hz[sounds])


# Recordings of a week.

WEEK_S = 604_800.0


def test_a_key_held_for_a_week_is_counted_without_a_grid():
    """60,480,000 frames of 10 ms were played; heard is the first day, 8,640,000 frames: precision 1, recall 1/7."""
    truth, heard = played((0.0, WEEK_S, C4), velocity=[90]), played((0.0, 86_400.0, C4), velocity=[90])
    score_notes(truth, heard)  # What is loaded on first use does not count.
    tracemalloc.start()
    scores = score_notes(truth, heard)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 1e6  # a grid of whole numbers would be 240 MB
    assert (scores["frame_precision"], scores["frame_recall"]) == (1.0, pytest.approx(1 / 7))
    assert (scores["onset_f1"], scores["note_f1"], scores["onset_only_f1"]) == (1.0, 0.0, 1.0)


TICK_S = 1 / 128  # Sums of such times are exact, so a shift changes no distance.
TAPS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12), st.sampled_from([60, 61])), min_size=1, max_size=20)


@given(TAPS, TAPS, st.sampled_from([40_000, 900_000]))
@settings(max_examples=60, deadline=None)
def test_late_notes_score_as_early_ones(truth, heard, start_s):
    """Frames of 1/128 s fall on the same places in both; notes without length are among them."""
    truth, heard = (played(*((a * TICK_S, (a + n) * TICK_S, m) for a, n, m in notes)) for notes in (truth, heard))
    protocol = Protocol(frame_hop_s=TICK_S)
    early = score_notes(truth, heard, protocol=protocol)
    assert score_notes(truth.shifted(start_s), heard.shifted(start_s), protocol=protocol) == early
    later = errors(truth.shifted(start_s), heard.shifted(start_s))
    assert list(later.reason) == list(errors(truth, heard).reason)


def test_a_track_that_ends_before_the_melody_hears_nothing_more():
    """A4 is played from 0 to 4 s and from 5 to 10 s; the track says A4 from 0 to 1.99 s and ends.

    Of 900 voiced and 101 silent frames (0..10 s) the 200 of the track are right but its last, and all silent ones.
    """
    track = np.arange(200) * 0.01, np.where(np.arange(200) < 199, 440.0, 0.0)
    scores = score_melody(played((0.0, 4.0, 69), (5.0, 10.0, 69)), *track)
    assert scores["melody_rpa"] == scores["melody_rca"] == pytest.approx(199 / 900)
    assert scores["melody_voicing_recall"] == pytest.approx(199 / 900)
    assert scores["melody_voicing_false_alarm"] == 0.0
    assert scores["melody_overall"] == pytest.approx((199 + 101) / 1001)


def test_a_melody_of_a_week_is_scored_against_a_track_of_a_second():
    track = np.arange(101) * 0.01, np.full(101, 440.0)
    scores = score_melody(played((0.0, WEEK_S, 69)), *track)
    assert scores["melody_rpa"] == pytest.approx(100 / (100 * WEEK_S), rel=0.02)  # the last frame may count or not


def test_notes_that_no_piano_plays_are_refused_instead_of_filling_the_memory():
    onset = np.arange(5000) * 0.01
    drone = Notes(onset, onset + 0.01, np.full(5000, C4))
    with pytest.raises(PianolabError, match=r"5000 played and 5000 heard notes .* from 0 s on: no piano .*; thin them"):
        match(drone, drone)
    # What was heard too often beside what was played is scored: only heard notes near a played one are compared.
    again = played(*((second, second + 1, C4) for second in range(0, 50, 5)))
    assert score_notes(again, drone)["onset_recall"] == 1.0


def test_a_time_too_late_for_the_frames_is_refused():
    with pytest.raises(
        PianolabError, match=r"time 1e\+300 s is too late for frames of 0\.01 s: write times in seconds"
    ):
        score_notes(played((0, 1, C4)), played((0, 1e300, C4)))


def test_a_melody_scores_as_by_mir_eval_melody():
    truth = played((0.1, 0.5, C4), (0.5, 0.9, E4), (1.1, 1.6, G4), (1.5, 2.0, C5))
    times = np.arange(0, 190) * 0.0116
    f0_hz = melody_track(truth.shifted(0.04), times) * np.where(times > 1.7, 2.0, 1.004)
    scores = score_melody(truth, times, f0_hz)
    grid = np.arange(int(np.ceil(times[-1] / 0.01)) + 1) * 0.01
    expected = mir_eval.melody.evaluate(grid, melody_track(truth, grid), times, f0_hz)
    assert scores["melody_rpa"] == pytest.approx(expected["Raw Pitch Accuracy"])
    assert scores["melody_rca"] == pytest.approx(expected["Raw Chroma Accuracy"])
    assert scores["melody_overall"] == pytest.approx(expected["Overall Accuracy"])
    assert 0.5 < scores["melody_rpa"] < scores["melody_rca"] < 1


# Nothing played, nothing heard.

RATIOS = ("onset", "note", "velocity", "velocity_onset", "onset_only", "frame")


@pytest.mark.parametrize(
    ("truth", "heard", "value"),
    [
        (Notes.empty(), Notes.empty(), 1.0),
        (played((0, 1, C4), velocity=[64]), Notes.empty(), 0.0),
        (Notes.empty(), played((0, 1, C4), velocity=[64]), 0.0),
    ],
)
def test_silence_has_defined_scores(truth, heard, value):
    scores = score_notes(truth, heard)
    for name in RATIOS:
        assert [scores[f"{name}_{part}"] for part in ("precision", "recall", "f1")] == [value] * 3, name
    assert "onset_bias_ms" not in scores


@pytest.mark.parametrize(
    ("truth", "f0_hz", "rpa", "overall"),
    [
        (Notes.empty(), [0.0, 0.0], 1.0, 1.0),
        (Notes.empty(), [440.0, 440.0], 0.0, 0.0),
        (played((0, 1, 69)), [0.0, 0.0], 0.0, 1 / 101),
    ],
)
def test_a_melody_of_silence_has_defined_scores(truth, f0_hz, rpa, overall):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = score_melody(truth, [0.0, 0.01], f0_hz)
    assert scores["melody_rpa"] == scores["melody_rca"] == rpa
    assert scores["melody_overall"] == pytest.approx(overall)


def test_a_track_without_frames_hears_nothing():
    assert score_melody(played((0, 1, 69)), [], [])["melody_rpa"] == 0.0
    assert score_melody(Notes.empty(), [], [])["melody_rpa"] == 1.0


def test_a_note_without_length_is_a_note_that_is_down_in_no_frame():
    tap = played((0.5, 0.5, C4))
    scores = score_notes(tap, played((0.51, 0.54, C4)))
    assert (scores["onset_f1"], scores["note_f1"]) == (1.0, 1.0)  # its end is 40 ms away, the tolerance 50 ms
    assert score_notes(tap, played((0.51, 0.6, C4)))["note_f1"] == 0.0
    assert (scores["frame_precision"], scores["frame_recall"]) == (0.0, 0.0)
    assert score_notes(tap, tap)["frame_f1"] == 1.0  # nothing down in either


def test_unknown_velocities_give_no_velocity_score():
    truth = played((0, 1, C4), velocity=[64])
    assert "velocity_f1" not in score_notes(truth, played((0, 1, C4)))
    assert score_notes(truth, truth)["velocity_f1"] == 1.0


# Protocol.


def test_an_onset_70_ms_late_is_right_within_100_ms_only():
    truth, heard = played((1.0, 2.0, C4)), played((1.07, 2.0, C4))
    assert score_onsets(truth, heard, protocol=Protocol())["onset_f1"] == 0.0
    assert score_onsets(truth, heard, protocol=Protocol(onset_tolerance_s=0.1))["onset_f1"] == 1.0


def test_the_stamp_names_every_setting():
    main = str(Protocol())
    assert main == "onset 50 ms; pitch 50 c; offset 20 % or 50 ms; velocity 0.1; pedal release; grid 10 ms"
    changed = {
        "onset_tolerance_s": 0.1,
        "pitch_tolerance_cents": 30,
        "offset_ratio": 0.3,
        "offset_min_tolerance_s": 0.08,
        "velocity_tolerance": 0.2,
        "pedal": "extended",
        "frame_hop_s": 0.02,
    }
    stamps = {str(Protocol(**{name: value})) for name, value in changed.items()}
    assert len(stamps | {main}) == len(changed) + 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"onset_tolerance_s": 0}, "onset_tolerance_s 0 is not a tolerance: use a number above 0"),
        ({"frame_hop_s": float("nan")}, "frame_hop_s nan"),
        ({"pedal": "soft"}, "pedal 'soft' is unknown: use one of release, extended"),
    ],
)
def test_a_protocol_without_sense_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Protocol(**settings)


def test_a_track_must_have_a_pitch_for_each_frame():
    with pytest.raises(ValueError, match="pass one pitch for each frame time"):
        score_melody(played((0, 1, C4)), [0.0, 0.1], [440.0])
    with pytest.raises(ValueError, match="write 0 where no note sounds"):
        score_melody(played((0, 1, C4)), [0.0, 0.1], [440.0, np.nan])


@pytest.mark.parametrize("times", [[0.0, np.nan], [0.1, 0.0], [0.0, 0.0], [0.0, np.inf]])
def test_the_times_of_a_track_must_rise(times):
    with pytest.raises(ValueError, match=r"times .*: pass seconds, each later than the one before"):
        score_melody(played((0, 1, C4)), times, [440.0, 440.0])


# Error anatomy.


@pytest.mark.parametrize(
    ("truth", "heard", "missed", "extra"),
    [
        (played((1, 2, C4)), played((1.12, 2, C4)), "time off", "time off"),
        (played((1, 2, C4)), played((1, 2, C4 + 1)), "semitone", "semitone"),
        (played((1, 2, C4)), played((1.01, 2, C5)), "heard as octave", "octave ghost"),
        (played((1, 1.2, C4), (1.3, 1.5, C4)), played((1, 1.2, C4)), "repeated note", None),
        (played((1, 2, C4), velocity=[20]), Notes.empty(), "soft", None),
        (played((1, 2, C4), velocity=[90]), Notes.empty(), "other", None),
        (played((1, 2, C4), (1.3, 2, G4)), played((1, 2, C4)), "in a chord", None),
        (played((1, 2, C4)), played((1, 2, C4), (1.6, 2, C4)), None, "re-trigger"),
        (played((1, 2, C4)), played((1, 2, C4), (1.5, 2, C4 + 19)), None, "twelfth ghost"),
        (played((1, 2, C4)), played((1, 2, C4), (1.5, 2, C4 - 24)), None, "octave ghost"),
        (played((1, 2, C4)), played((1, 2, C4), (2.5, 3, C5)), None, "other"),
    ],
)
def test_an_error_is_given_its_name(truth, heard, missed, extra):
    table = errors(truth, heard)
    for result, reason in (("missed", missed), ("extra", extra)):
        assert list(table.reason[table.result == result]) == ([reason] if reason else [])
    counts = error_counts(truth, heard)
    assert sum(counts.values()) == (missed is not None) + (extra is not None)
    assert all(counts[kind] == 1 for kind in (("missed", missed), ("extra", extra)) if kind[1])


def test_the_table_of_errors_tells_each_note_once():
    truth = played((0, 1, C4), (1, 2, E4), (2, 3, 30))
    table = errors(truth, played((0.02, 1, C4), (2.5, 3, 100)))
    assert list(table.result) == ["hit", "missed", "missed", "extra"]
    assert list(table.name) == ["C4", "E4", "F#1", "E7"]
    assert list(table.register) == ["C4-B5", "C4-B5", "A0-B1", "C6-C8"]
    assert table.late_ms[0] == pytest.approx(20.0)
    assert table.late_ms[1:].isna().all()


@given(performances(), performances())
@settings(max_examples=50, deadline=None)
def test_hits_misses_and_extras_add_up_to_all_notes(truth, heard):
    table = errors(truth, heard).result.value_counts()
    assert table.get("hit", 0) + table.get("missed", 0) == len(truth)
    assert table.get("hit", 0) + table.get("extra", 0) == len(heard)
    registers = by_register(truth, heard).values()
    assert sum(r["hits"] for r in registers) == table.get("hit", 0)
    assert sum(r["missed"] for r in registers) == table.get("missed", 0)
    assert sum(r["extra"] for r in registers) == table.get("extra", 0)


def test_registers_meet_where_they_should():
    assert [register_of(midi) for midi in (21, 35, 36, 59, 60, 83, 84, 108)] == [
        "A0-B1",
        "A0-B1",
        "C2-B3",
        "C2-B3",
        "C4-B5",
        "C4-B5",
        "C6-C8",
        "C6-C8",
    ]


def test_f1_of_a_register():
    """Bass: one of two found and one ghost, F1 = 2/4; treble: all found; elsewhere nothing to say."""
    truth = played((0, 1, 24), (1, 2, 26), (2, 3, C4))
    registers = by_register(truth, played((0, 1, 24), (1, 2, 28), (2, 3, C4)))
    assert registers["A0-B1"] == {"hits": 1, "missed": 1, "extra": 1, "f1": 0.5}
    assert registers["C4-B5"]["f1"] == 1.0
    assert np.isnan(registers["C6-C8"]["f1"])


def test_a_lone_overlap_is_heard_as_the_later_note():
    track = melody_track(played((0, 1, 69), (0.5, 1.5, 81)), [0.0, 0.49, 0.5, 1.2, 1.5])
    assert list(track) == pytest.approx([440, 440, 880, 880, 0])
