"""The scores of the sustain pedal, by hand and against mir_eval."""

import mido
import mir_eval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pianolab.labels import LabelError, read_pedal
from pianolab.scores import PedalProtocol, score_pedal

NONE = np.zeros((0, 2))
PARTS = [
    f"{what}_{part}"
    for what in ("pedal_onset", "pedal_offset", "pedal_frame")
    for part in ("precision", "recall", "f1")
]


def f1s(scores):
    return [scores[f"pedal_{what}_f1"] for what in ("onset", "offset", "frame")]


def test_what_is_heard_as_it_was_played_is_right():
    played = [(0.0, 1.0), (1.2, 3.0)]  # Down at the beginning, and at the end.
    scores = score_pedal(played, played)
    assert [scores[name] for name in PARTS] == [1.0] * 9
    assert (scores["n_pedal_reference"], scores["n_pedal_estimate"]) == (2.0, 2.0)


def test_no_pedal_at_all_is_right_if_none_is_heard_and_wrong_if_one_is():
    assert f1s(score_pedal(NONE, NONE)) == [1.0, 1.0, 1.0]
    assert f1s(score_pedal(NONE, [(1.0, 2.0)])) == [0.0, 0.0, 0.0]
    assert f1s(score_pedal([(1.0, 2.0)], NONE)) == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(("late_s", "right"), [(0.099, 1.0), (-0.099, 1.0), (0.101, 0.0), (-0.101, 0.0)])
def test_a_change_may_come_a_tenth_of_a_second_before_or_after(late_s, right):
    scores = score_pedal([(1.0, 3.0)], [(1.0 + late_s, 3.0)])
    assert scores["pedal_onset_f1"] == right
    assert scores["pedal_offset_f1"] == 1.0


def test_the_frame_score_counts_hundredths_of_seconds():
    scores = score_pedal([(0.0, 2.0)], [(1.0, 4.0)])  # 100 frames are down in both, 200 in one, 300 in the other.
    assert scores["pedal_frame_precision"] == pytest.approx(1 / 3)
    assert scores["pedal_frame_recall"] == pytest.approx(1 / 2)


def test_very_fast_changes_each_need_a_heard_one_of_their_own():
    played = [(0.05 * i, 0.05 * i + 0.02) for i in range(10)]
    scores = score_pedal(played, [(0.0, 0.48)])
    assert scores["pedal_onset_precision"] == scores["pedal_offset_precision"] == 1.0
    assert scores["pedal_onset_recall"] == scores["pedal_offset_recall"] == pytest.approx(1 / 10)


def test_stretches_that_touch_or_overlap_are_one_pedal():
    assert score_pedal([(0.0, 1.0), (1.0, 2.0)], [(1.5, 2.0), (0.0, 1.6)])["n_pedal_reference"] == 1.0
    assert f1s(score_pedal([(0.0, 1.0), (1.0, 2.0)], [(1.5, 2.0), (0.0, 1.6)])) == [1.0, 1.0, 1.0]


pedals = st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 300)), max_size=12).map(
    lambda rows: np.array([(a / 1000, (a + n) / 1000) for a, n in rows]).reshape(-1, 2)
)


@settings(max_examples=60, deadline=None)
@given(pedals, pedals)
def test_changes_are_counted_as_mir_eval_counts_events(played, heard):
    from pianolab.labels.pedal import merged

    scores = score_pedal(played, heard)
    played, heard = merged(played), merged(heard)
    if not len(played) or not len(heard):
        return
    for name, column in (("pedal_onset", 0), ("pedal_offset", 1)):
        f1, precision, recall = mir_eval.onset.f_measure(played[:, column], heard[:, column], window=0.1)
        got = [scores[f"{name}_{part}"] for part in ("f1", "precision", "recall")]
        assert got == pytest.approx([f1, precision, recall])


def test_half_a_pedal_is_down_from_64_on(tmp_path):
    """At the 480 ticks a beat and 120 beats a minute of a MIDI file that says nothing else."""
    values = {0.1: 63, 0.2: 64, 0.4: 127, 0.6: 63, 0.8: 100}
    events = [(time_s, mido.Message("control_change", control=64, value=value)) for time_s, value in values.items()]
    events += [(0.0, mido.Message("note_on", note=60, velocity=64)), (1.0, mido.Message("note_off", note=60))]
    track, before_s = mido.MidiTrack(), 0.0
    for time_s, message in sorted(events, key=lambda event: event[0]):
        track.append(message.copy(time=round(960 * (time_s - before_s))))
        before_s = time_s
    mido.MidiFile(tracks=[track]).save(tmp_path / "half.mid")
    np.testing.assert_allclose(read_pedal(tmp_path / "half.mid"), [[0.2, 0.6], [0.8, 1.0]], atol=1e-9)


def test_a_tolerance_that_is_none_and_times_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="tolerance_s 0 cannot be used: use seconds above 0"):
        PedalProtocol(tolerance_s=0)
    with pytest.raises(LabelError, match="pedal from 2 to 1 s cannot be"):
        score_pedal([(2.0, 1.0)], NONE)


def test_the_stamp_of_the_protocol_says_its_tolerances_in_both_languages():
    protocol = PedalProtocol(tolerance_s=0.05)
    assert str(protocol) == "sustain pedal down and up 50 ms; grid 10 ms"
    assert protocol.told.said("ko") == "서스테인 페달 밟기와 놓기 50 ms; 격자 10 ms"
