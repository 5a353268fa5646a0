"""Tables of a comparison, worked by hand from a few rows."""

import numpy as np
import pandas as pd
import pytest

from pianolab.compare import exports, tables
from pianolab.compare.rows import COUNT_COLUMNS, SCORE_COLUMNS, CountRow
from pianolab.scores import Protocol

MAIN = str(Protocol())
SOURCES = {"mine": "real", "other": "rendered"}


def row(recording, detector, value, *, metric="onset_f1", dataset="mine", kind="melody", params="", **more):
    return {
        "dataset": dataset,
        "recording": recording,
        "kind": kind,
        "piano": "",
        "split": "test",
        "detector": detector,
        "params": params,
        "protocol": MAIN,
        "metric": metric,
        "value": value,
        "status": "ok",
        "error": "",
        "seconds_audio": 10.0,
        "seconds_cpu": 0.5,
        **more,
    }


def failed(recording, detector, error="no sound", **more):
    gone = {"metric": "", "status": "error", "error": error, "seconds_audio": np.nan, "seconds_cpu": np.nan}
    return row(recording, detector, np.nan, **gone, **more)


def frame(*rows):
    return pd.DataFrame(rows, columns=SCORE_COLUMNS)


def counted(*rows):
    """(recording, result, reason, notes) of the bass, heard by yin."""
    rows = [CountRow("mine", name, "yin", "", MAIN, "A0-B1", result, why, n) for name, result, why, n in rows]
    return pd.DataFrame(rows, columns=COUNT_COLUMNS)


def ranking(scores):
    return tables.rank(scores, tables.summarise(scores, SOURCES), MAIN, SOURCES)


SCORES = frame(
    row("a", "yin", 0.4),
    row("b", "yin", 0.6),
    row("c", "yin", 0.8, kind="piece"),
    row("a", "cqt", 0.7),
    row("b", "cqt", 0.9),
    failed("c", "cqt", kind="piece"),
    row("a", "yin", 1.0, dataset="other", seconds_cpu=2.0),
)


def test_means_are_taken_within_a_data_set_and_by_kind():
    summary = tables.summarise(SCORES, SOURCES)
    yin = summary[summary.detector == "yin"].set_index(["dataset", "kind"])
    means = {("mine", "all"): 0.6, ("mine", "melody"): 0.5, ("mine", "piece"): 0.8}
    means |= {("other", "all"): 1.0, ("other", "melody"): 1.0}
    assert yin["mean"].to_dict() == pytest.approx(means)
    row = yin.loc[("mine", "all")]
    assert (row.n, row["min"], row["median"], row["max"], row.seconds_audio) == (3, 0.4, 0.6, 0.8, 30.0)
    assert row["std"] == pytest.approx(0.2)
    assert 0.4 - 1e-9 <= row.low < 0.6 < row.high <= 0.8 + 1e-9
    assert list(summary[summary.dataset == "other"].source.unique()) == ["rendered"]


def test_the_best_mean_ranks_first_and_failures_are_counted_beside_it():
    table = ranking(SCORES)
    assert list(zip(table.dataset, table["rank"], table.detector, table.n, table.failed, strict=True)) == [
        ("mine", 1, "cqt", 2, 1),
        ("mine", 2, "yin", 3, 0),
        ("other", 1, "yin", 1, 0),
    ]
    assert list(table.onset_f1) == pytest.approx([0.8, 0.6, 1.0])
    assert list(table.speed) == pytest.approx([20, 20, 5])
    assert list(table.source) == ["real", "real", "rendered"]


def test_a_detector_without_scores_comes_last():
    table = ranking(frame(failed("", "broken"), row("a", "yin", 0.1)))
    assert list(table.detector) == ["yin", "broken"]
    assert np.isnan(table.onset_f1.iloc[1])


def test_a_difference_is_taken_on_shared_recordings():
    table = tables.differences(SCORES, ranking(SCORES), MAIN)
    assert len(table) == 1
    difference = table.iloc[0]
    assert (difference.best, difference.other, difference.n) == ("cqt", "yin", 2)
    assert difference.difference == pytest.approx(0.3)  # 0.7 - 0.4 and 0.9 - 0.6; the recording that failed is left out


def test_p_values_are_corrected_for_the_number_of_detectors():
    rows = [
        row(str(n), name, 0.5 + 0.04 * n + gain)
        for n in range(10)
        for name, gain in (("a", 0.1), ("b", 0), ("c", 0.01))
    ]
    table = tables.differences(frame(*rows), ranking(frame(*rows)), MAIN)
    assert list(table.other) == ["c", "b"]
    assert list(table.p) == pytest.approx([2 * 2 / 1024] * 2)


def test_recordings_of_one_piece_count_as_one_piece():
    """Twelve recordings of four pieces: p cannot fall below 2/16, so nothing can be shown, however clear it is."""
    rows = [
        row(f"{piece}{n}", name, 0.5 + gain, piece=piece)
        for piece in ("minuet", "waltz", "prelude", "fugue")
        for n in range(3)
        for name, gain in (("a", 0.1), ("b", 0.01 * n))
    ]
    table = tables.differences(frame(*rows), ranking(frame(*rows)), MAIN).iloc[0]
    assert (table.n, table.pieces, table.better, table.worse) == (12, 4, 4, 0)
    assert (table.p, table.p_floor, table.detectable) == (0.125, 0.125, np.inf)
    assert table.needed == 6  # The first number of pieces whose 2/2^n lies below 0.05.
    summary = tables.summarise(frame(*rows), SOURCES)
    assert set(summary.pieces) == {4}


def test_a_recording_without_a_piece_is_its_own():
    known = pd.DataFrame({"recording": ["1", "2", "3"], "piece": ["waltz", "", None]})
    assert list(tables.pieces(known)) == ["waltz", "2", "3"]
    assert list(tables.pieces(known[["recording"]])) == ["1", "2", "3"]


def test_registers_add_up_notes_over_recordings():
    """Bass: 1 of 2 found, 1 ghost; then 1 of 1: F1 = 2 * 2 / (3 + 3) = 2/3."""
    counts = counted(
        ("a", "hit", "", 1), ("a", "missed", "semitone", 1), ("a", "extra", "semitone", 1), ("b", "hit", "", 1)
    )
    table = tables.registers(counts).set_index("register")
    assert (table.hits["A0-B1"], table.missed["A0-B1"], table.extra["A0-B1"]) == (2, 1, 1)
    assert table.f1["A0-B1"] == pytest.approx(2 / 3)
    assert table.f1[["C2-B3", "C4-B5", "C6-C8"]].isna().all()
    reasons = tables.reasons(counts).set_index(["result", "reason"])["count"]
    assert reasons["missed", "semitone"] == reasons["extra", "semitone"] == 1
    assert reasons.sum() == 2
    assert reasons["missed", "soft"] == 0


def test_the_numbers_of_notes_are_no_scores_to_average():
    assert tables.summarise(frame(row("a", "yin", 7.0, metric="n_reference")), SOURCES).empty


def test_the_worst_recordings_come_first():
    table = tables.worst(SCORES, MAIN, n=2, dataset="mine")
    assert list(zip(table.recording, table.detector, table.onset_f1, strict=True)) == [
        ("a", "yin", 0.4),
        ("b", "yin", 0.6),
    ]
    assert list(tables.worst(SCORES, MAIN, detector="cqt").onset_f1) == [0.7, 0.9]


def test_the_table_for_a_terminal():
    cqt = {"detector": "cqt", "params": "bins=24"}
    scores = frame(row("a", "yin", 0.5), row("b", "yin", 0.5), row("a", value=0.25, **cqt), failed("b", **cqt))
    assert tables.console_table(ranking(scores)) == "\n".join(
        [
            "mine (real)",
            "   detector     onset F1  95 % interval  speed    recordings",
            "1  yin             0.500    0.500-0.500    20x             2",
            "2  cqt:bins=24     0.250              -    20x  1 (1 failed)",
        ]
    )


def test_a_column_in_which_nothing_is_known_goes_into_no_paper():
    found = exports.table(ranking(SCORES).query("dataset == 'mine'"))
    assert found.columns == ["rank", "detector", "onset F1", "95 % interval", "speed (×)", "recordings"]
    assert found.rows[0] == ["1", "cqt", "0.800", "0.700 to 0.900", "20", "2, 1 failed"]
    assert r"2, 1 failed \\" in exports.as_latex(found)


def test_the_pedal_has_a_table_of_its_own_below_the_ranked_one():
    stamp = {"protocol": "pedal", "metric": "pedal_onset_f1"}
    metrics = ("pedal_onset_f1", "pedal_offset_f1", "pedal_frame_f1")
    pedal = [
        row("a", "yin", value, **{**stamp, "metric": metric})
        for metric, value in zip(metrics, (0.5, 0.25, 0.75), strict=True)
    ]
    scores = frame(row("a", "yin", 0.5), *pedal, row("a", "yin", 4.0, **{**stamp, "metric": "n_pedal_reference"}))
    summary = tables.summarise(scores, SOURCES)
    assert "n_pedal_reference" not in set(summary.metric)
    text = tables.console_table(ranking(scores), tables.pedals(summary))
    assert text.split("\n\n")[1] == "\n".join(
        [
            "mine: the sustain pedal, where labels know of one",
            "  detector  down F1  up F1  frame F1  recordings",
            "  yin         0.500  0.250     0.750           1",
        ]
    )


def test_nothing_at_all_has_tables_too():
    nothing = frame(failed("", "yin"))
    assert tables.registers(counted()).empty
    assert tables.pedals(tables.summarise(nothing, SOURCES)).empty
    assert tables.reasons(counted()).empty
    assert tables.worst(nothing, MAIN).empty
    assert tables.differences(nothing, ranking(nothing), MAIN).empty
