"""benchmarks/polyphony.py says what is true: delays as they were, errors by kind, and who was left out."""

import importlib.util
from argparse import Namespace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pianolab import sound
from pianolab.compare import compare
from pianolab.detector import Detector
from pianolab.frames import frames_of
from pianolab.labels import write_labels
from pianolab.piano import render
from pianolab.registry import create, load_all
from pianolab.roll import Notes, Salience
from pianolab.scores import Protocol
from pianolab.session import Session
from pianolab.units import N_KEYS

TOYS = Path(__file__).parents[1] / "toy_detectors.py"
CHORD = Notes([0.5, 0.5, 0.5, 1.2], [1.0, 1.0, 1.0, 1.6], [60, 64, 67, 72], [80, 80, 80, 80])


@pytest.fixture(scope="module")
def bench():
    path = Path(__file__).parents[2] / "benchmarks" / "polyphony.py"
    spec = importlib.util.spec_from_file_location("polyphony", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# -------------------------------------------------------------------------------------------------------- delay


class Late(Detector):
    """Hears a click as C4, 60 ms after its frame: a frame is 80 ms long, and its oldest 10 ms are looked at."""

    polyphonic = True
    sr, frame_length, hop_length, lookahead = 8000, 640, 80, 80
    onset_delay_s = 0.06

    def process(self, span):
        onset = np.zeros((span.n_frames, N_KEYS))
        onset[:, 39] = np.abs(frames_of(span, length=80, end=80)).max(axis=1)
        strength = np.zeros_like(onset)
        strength[:, 39] = 1.0
        return Salience(span.times, strength, np.full_like(onset, np.nan), np.zeros(span.n_frames), onset=onset)


def announced_in_blocks(bench, detector, y, n):
    """What the benchmark says of each announcement, and how much sound a session had been given when it made it."""
    tracker = bench.KeepsAnnouncements(detector)
    session = Session(detector, sr=detector.sr, tracker=tracker)
    given = {}
    for start in range(0, len(y), n):
        events = session.push(y[start : start + n])
        given |= {(event.midi, event.time_s): (start + n) / detector.sr for event in events if event.kind == "on"}
    return tracker.announced, given


def test_a_detector_that_is_60_ms_late_is_60_ms_over_the_rule(bench):
    y = np.zeros(16000)
    y[[4000, 9600]] = 1.0
    detector = Late()
    announced, _ = announced_in_blocks(bench, detector, y, len(y))
    heard = Notes([onset for _, onset, _ in announced], [onset + 0.1 for _, onset, _ in announced], [60, 60])
    delays = bench.delays_ms(Notes([0.5, 1.2], [0.6, 1.3], [60, 60]), heard, announced, Protocol())
    assert bench.rule_ms(detector) == 30.0  # the look-ahead, a frame and a row of 10 ms
    assert delays == [90.0, 90.0]  # exactly: the clicks fall on frames
    assert bench.delay_of(detector, delays) == {
        "delay_p50_ms": 90.0,
        "delay_p95_ms": 90.0,
        "rule_ms": 30.0,
        "within_rule": 0.0,
    }


def test_a_note_is_announced_when_a_session_fed_in_small_blocks_announces_it(bench):
    detector = create("neural")
    said, given = announced_in_blocks(bench, detector, render(CHORD, sr=detector.sr), 80)
    assert len(said) >= 4
    for midi, onset_s, announced_s in said:
        assert given[midi, onset_s] == pytest.approx(announced_s, abs=80 / detector.sr)  # a block


def test_the_delay_runs_from_the_played_onset_and_counts_only_notes_that_were_found(bench):
    truth = Notes([1.0, 2.0, 3.0], [1.5, 2.5, 3.5], [60, 62, 64])
    heard = Notes([1.01, 2.2, 3.0], [1.5, 2.5, 3.5], [60, 62, 65])  # right, too late, another key
    announced = [(60, 1.01, 1.13), (62, 2.2, 2.33), (65, 3.0, 3.13)]
    assert bench.delays_ms(truth, heard, announced, Protocol()) == [130.0]
    assert bench.delays_ms(truth, heard, [], Protocol()) == []


def test_median_95th_percentile_and_share_within_the_rule(bench):
    found = bench.delay_of(create("neural"), [*range(31, 131), 200.0])
    assert found["rule_ms"] == pytest.approx(130.0)
    assert found["delay_p50_ms"] == 81.0
    assert found["delay_p95_ms"] == 126.0
    assert found["within_rule"] == pytest.approx(100 * 100 / 101)
    assert np.isnan(bench.delay_of(create("neural"), [])["delay_p95_ms"])


def test_who_hears_the_whole_recording_first_has_no_delay_in_ms(bench):
    class Whole(Late):
        whole_recording = True

    assert np.isinf(bench.delay_of(Whole(), [10.0])["delay_p95_ms"])
    assert bench.number(np.inf, 0) == "whole recording"
    assert np.isnan(bench.resampling_ms("no file is read", Whole()))


def test_the_delay_curve_stands_on_the_95th_percentile(bench):
    rows = [("neural", 0.9, 0.95, 120.0), ("other", 0.8, 0.85, 280.0), ("peer", 0.7, 0.75, np.inf)]
    table = pd.DataFrame(rows, columns=["system", "onset_f1", "onset_f1_100", "delay_p95_ms"])
    (ax,) = bench.draw_delay(table, ["neural"], "").axes
    assert "95th percentile" in ax.get_xlabel()
    lines = {line.get_label(): line.get_xdata()[0] for line in ax.lines}
    assert lines["neural, onset F1"] == 120.0
    assert lines["other, onset F1"] == 280.0
    assert "peer (whole recording)" in lines


# ---------------------------------------------------------------------------------------- hearing, kept and scored


def test_what_was_heard_is_kept_with_its_delays_and_not_heard_again(bench, tmp_path, monkeypatch):
    folder, out = tmp_path / "music", tmp_path / "out"
    folder.mkdir()
    sound.write(folder / "chord.wav", render(CHORD, sr=44100), sr=44100)
    write_labels(folder / "chord.tsv", CHORD)
    monkeypatch.setattr(bench, "keep_to_one_core", lambda: None)  # this process has more to do
    assert list(bench.hear_all("neural", folder, "all", 2.0, out)) == [(1, 1)]

    monkeypatch.setattr(bench, "transcribe_file", lambda *_, **__: pytest.fail("it was heard twice"))
    assert list(bench.hear_all("neural", folder, "all", 2.0, out)) == [(1, 1)]

    result = compare(folder, ["neural"], seconds=2.0, split="all", jobs=1, cache=out / "cache", progress=False)
    given = Namespace(out=out, data=folder, seconds=2.0)
    (row,) = bench.score_table(result, ["neural"], given).to_dict("records")
    assert row["system"] == "neural"
    assert row["onset_recall"] == 1.0
    assert 90 < row["delay_p50_ms"] <= row["delay_p95_ms"] <= 170
    assert row["rule_ms"] == pytest.approx(130.0)
    assert 0 <= row["within_rule"] <= 100
    assert 5 < row["resampling_ms"] < 60  # from 44.1 to 16 kHz
    assert row["rtf"] > 0

    kinds = bench.error_table(result)
    assert kinds["missed: all"].item() == 0.0
    scores = pd.DataFrame([row])
    text = bench.markdown(scores, kinds, {"pyin": bench.ONE_VOICE}, "title")
    assert "| delay, p50 (ms) | p95 (ms) | by rule (ms) | announced within it (%) |" in text
    assert bench.ABOUT_DELAY in text
    assert f"left out: pyin ({bench.ONE_VOICE})" in text


# --------------------------------------------------------------------------------------------------- who is heard


def test_every_peer_is_heard_or_listed_with_the_reason_why_not(bench):
    heard, left_out = bench.peers()
    assert {"aubio_notes", "basic_pitch", "transkun"} <= set(heard)
    assert {"aubio", "crepe", "pyin", "swift_f0"} <= set(left_out)
    assert sorted([*heard, *left_out]) == [name for name, cls in load_all()[0].items() if cls.peer]
    assert all("one voice" in why and "--system" in why for why in left_out.values())


def test_the_help_says_who_is_heard_only_when_named(bench, capsys):
    with pytest.raises(SystemExit):
        bench.arguments(["--help"])
    words = " ".join(capsys.readouterr().out.split())
    assert "all peers" not in words
    assert "one voice are heard only when they are named" in words


def test_a_detector_in_a_file_keeps_its_whole_name(bench):
    assert bench.can_run([f"{TOYS}:Chords", "nobody"])[0] == [f"{TOYS}:Chords"]


# ---------------------------------------------------------------------------------------------- anatomy of errors


def test_a_key_struck_again_within_350_ms_is_repeated(bench):
    truth = Notes([0.0, 0.3, 0.7, 0.8], [0.2, 0.6, 0.75, 0.9], [60, 60, 60, 62])
    assert bench.repeated(truth, truth.onset, truth.midi).tolist() == [False, True, False, False]


def test_anatomy_marks_the_four_kinds_of_played_notes(bench):
    onset = np.array([0.0, 1.0, 1.01, 1.02, 1.04, 2.0, 2.2])
    midi = np.array([40, 60, 64, 67, 72, 80, 80])
    truth = Notes(onset, onset + 0.1, midi, [10, 20, 90, 90, 90, 90, 90])
    heard_onset = np.append(onset[:6], 3.0)
    heard = Notes(heard_onset, heard_onset + 0.1, np.append(midi[:6], 30))
    table = bench.anatomy(truth, heard, Protocol()).set_index("onset")
    marked = {kind: table.index[table[kind].astype(bool)].tolist() for kind in table.columns[-4:]}
    assert table.result.tolist() == ["hit"] * 6 + ["missed", "extra"]
    assert marked == {
        "softest quarter": [0.0, 1.0],
        "repeated": [2.2],
        "below C3": [0.0],  # not the one that nobody played
        "in chords": [1.0, 1.01, 1.02, 1.04],
    }
