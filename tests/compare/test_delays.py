"""How late notes are told: the parts of the delay of a toy whose delay is known, and F1 against the delay allowed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pianolab import sound
from pianolab.compare import compare, read_table, write_report
from pianolab.compare.delays import ALLOWED_S, BLOCK, BlockJob, Told, block_times, delay_sentences, f1_within, told_when
from pianolab.labels import write_labels
from pianolab.roll import Notes
from pianolab.scores import Protocol, score_onsets
from pianolab.session import Session, transcribe_file

LATE = f"{Path(__file__).parents[1] / 'toy_detectors.py'}:Late"
SR = 8000


@pytest.fixture(scope="module")
def tones(tmp_path_factory):
    """Two recordings of four sines, of which the labels know five."""
    folder = tmp_path_factory.mktemp("tones")
    onsets_s = np.array([0.2, 0.9, 1.5, 2.3])  # On the toy's frames of 10 ms.
    t = np.arange(3 * SR) / SR
    sounds = np.any((t[:, None] >= onsets_s) & (t[:, None] < onsets_s + 0.4), axis=1)
    for name in ("one", "two"):
        sound.write(folder / f"{name}.wav", (0.5 * sounds * np.cos(2 * np.pi * 261.6 * t)).astype(np.float32), sr=SR)
        write_labels(folder / f"{name}.tsv", Notes([*onsets_s, 2.7], [*(onsets_s + 0.4), 2.8], [60] * 5))
    return folder


@pytest.fixture(scope="module")
def found(tones, tmp_path_factory):
    late = [f"{LATE}:n_rows={n_rows}" for n_rows in (2, 5)]
    return compare(tones, late, delays=True, jobs=1, cache=tmp_path_factory.mktemp("kept"), progress=False)


def test_three_rows_later_are_thirty_milliseconds_more_of_waiting(found):
    parts = found.delay_parts.set_index("params")
    assert list(parts.n) == [8, 8]
    soon, late = parts.loc["n_rows=2"], parts.loc["n_rows=5"]
    assert late.waiting_ms - soon.waiting_ms == pytest.approx(30.0, abs=1e-6)
    assert late.lookahead_ms == pytest.approx(soon.lookahead_ms)
    assert soon.told_ms == pytest.approx(soon.lookahead_ms + soon.waiting_ms)
    assert (parts.compute_ms > 0).all()
    assert (parts.all_ms > parts.told_ms + parts.device_ms).all()


def test_without_a_limit_the_curve_ends_at_the_onset_f1_of_the_comparison(found):
    scores = found.scores.loc[(found.scores.metric == "onset_f1") & (found.scores.protocol == str(found.protocol))]
    expected = scores.set_index(["recording", "params"]).value
    curve = found.delay_curve.loc[np.isinf(found.delay_curve.allowed_ms)].set_index(["recording", "params"]).onset_f1
    assert len(curve) == 4
    pd.testing.assert_series_equal(curve.sort_index(), expected.sort_index(), check_names=False)
    assert 0.5 < curve.min() < 1.0  # One note of five does not sound.


def test_nothing_is_known_before_it_is_told_and_all_of_it_after(found):
    table = found.by_delay.loc[found.by_delay.params == "n_rows=5"].set_index("allowed_ms")["mean"]
    told_ms = found.delay_parts.set_index("params").told_ms["n_rows=5"]
    assert table[table.index < told_ms - 1e-6].eq(0.0).all()
    assert table[table.index > told_ms + 1e-6].eq(table[np.inf]).all()
    assert (table.index < told_ms).any()


def test_when_a_note_is_told_does_not_depend_on_the_blocks(tones):
    path = tones / "one.wav"
    whole = transcribe_file(path, detector=f"{LATE}:n_rows=5")
    assert whole.told_s is not None
    assert len(whole.told_s) == 4
    y, sr = sound.load(path)
    session = Session(f"{LATE}:n_rows=5", sr=sr)
    events = [event for start in range(0, len(y), 100) for event in session.push(y[start : start + 100])]
    told_s = [event.heard_s for event in [*events, *session.flush()] if event.kind == "on"]
    np.testing.assert_allclose(whole.told_s, told_s, atol=1e-9)


def test_what_is_kept_says_the_same(found, tones):
    again = compare(
        tones, [f"{LATE}:n_rows=2", f"{LATE}:n_rows=5"], delays=True, jobs=1, cache=found.kept.folder, progress=False
    )
    pd.testing.assert_frame_equal(again.delay_curve, found.delay_curve)
    measured = ["compute_ms", "compute_p95_ms", "all_ms"]
    pd.testing.assert_frame_equal(again.delay_parts.drop(columns=measured), found.delay_parts.drop(columns=measured))


def test_a_late_right_note_is_missed_and_a_late_wrong_one_disturbs_nobody_yet():
    played = Notes([1.0, 2.0, 3.0], [1.5, 2.5, 3.5], [60, 62, 64])
    heard = Notes([1.0, 2.01, 2.5], [1.5, 2.5, 2.7], [60, 62, 70])
    told = told_when(played, heard, np.array([1.08, 2.2, 2.65]), protocol=Protocol())
    assert sorted(told.right_s) == pytest.approx([0.08, 0.2])
    assert list(told.wrong_s) == pytest.approx([0.15])
    assert f1_within(told, [0.05, 0.1, 0.16, 0.2]) == pytest.approx([0.0, 2 / 4, 2 / 5, 4 / 6])
    assert f1_within(told, [np.inf]) == [score_onsets(played, heard, protocol=Protocol())["onset_f1"]]


def test_where_nothing_is_played_and_nothing_is_told_all_is_right():
    assert f1_within(Told(np.zeros(0), np.zeros(0), 0), [0.0, np.inf]) == [1.0, 1.0]


def test_a_block_lasts_as_long_at_any_rate_of_the_recording(tones):
    times = block_times(BlockJob(str(tones / "one.wav"), LATE))
    assert len(times) == pytest.approx(3 * 44100 / BLOCK - 8, abs=1)  # Three seconds without the first blocks.


def test_whoever_needs_the_whole_recording_has_no_time_a_block(tones, tmp_path):
    code = "import numpy as np\nfrom pianolab.detector import Detector\nfrom pianolab.roll import Notes\n"
    code += "from pianolab.detectors.peers.base import NoteWriter\n\n\nclass Whole(NoteWriter):\n"
    code += "    sr, hop_length = 8000, 80\n\n    def __init__(self):\n        self.reset()\n\n"
    code += "    def write(self, y):\n        return Notes([0.2], [0.5], [60])\n"
    (tmp_path / "whole.py").write_text(code, encoding="utf-8")
    assert block_times(BlockJob(str(tones / "one.wav"), f"{tmp_path / 'whole.py'}:Whole")) == []


def test_the_report_tells_the_parts_apart(found, tmp_path):
    folder = write_report(found, tmp_path / "run").folder
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<h3>How late</h3>" in page
    assert list((folder / "figures").glob("*_delays.png"))
    assert len(read_table(folder / "delay_curve.csv")) == 4 * (len(ALLOWED_S) + 1)
    assert len(read_table(folder / "delay_parts.csv")) == 2
    (soon, _) = delay_sentences(found.by_delay, found.delay_parts, found.delay_parts.dataset.iloc[0])
    assert "reaches 95 % of its onset F1" in soon
    assert "how late" in found.console_table()
