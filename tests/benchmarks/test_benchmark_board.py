"""benchmarks/board.py measures delays that are known, and says in words what its numbers and its picture show."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pianolab.detector import Detector
from pianolab.detectors.peers.base import NoteWriter
from pianolab.roll import Notes, Salience
from pianolab.units import N_KEYS

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SR = 8000
PLAYED = Notes([0.2], [0.5], [60])


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("board", BENCHMARKS / "board.py")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(BENCHMARKS))  # where it finds its neighbours
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(BENCHMARKS))
    return module


class Ahead(Detector):
    """Hears C4 in each loud frame of 10 ms; a frame is due when 50 ms behind its beginning have come."""

    sr, frame_length, hop_length, lookahead = SR, 400, 80, 400

    def __init__(self):
        self.tracking = {"n_confirm": 1}

    def process(self, span):
        loud = np.array([np.abs(span.samples[row * 80 : row * 80 + 80]).max() > 0.1 for row in range(span.n_frames)])
        strength = np.zeros((span.n_frames, N_KEYS))
        strength[:, 39] = loud
        onset = np.zeros((span.n_frames, 1))
        onset[:, 0] = loud
        return Salience(
            span.times, strength, np.full_like(strength, np.nan), np.full(span.n_frames, -20.0), onset=onset
        )


class Late(NoteWriter):
    """Writes the played notes when all has been heard."""

    sr, hop_length = SR, 80

    def __init__(self):
        self.reset()

    def write(self, y):
        return PLAYED


@pytest.fixture
def sound():
    t = np.arange(SR) / SR
    playing = (t >= PLAYED.onset[0]) & (t < PLAYED.offset[0])
    return (0.3 * np.sin(2 * np.pi * 261.63 * t) * playing).astype(np.float32)


def told_s(bench, sound, block):
    """When the only note of a sound was told, seconds, and how long after its stroke, ms."""
    answer = bench.hear(Ahead(), sound, SR, block=block)
    heard = Notes(*(answer[name] for name in bench.NOTE_FIELDS))
    (delay_ms,) = bench.delays_ms(PLAYED, heard, answer["told"], bench.Protocol())
    assert delay_ms == pytest.approx(1000 * (answer["told"][0][2] - 0.2), abs=0.01)
    return answer["told"][0][2]


@pytest.mark.parametrize("block", [400, 1000, 1600])
def test_a_note_is_told_at_the_end_of_the_block_that_holds_enough_sound(bench, sound, block, monkeypatch):
    monkeypatch.setattr(bench.time, "process_time", lambda: 0.0)
    finest_s = told_s(bench, sound, 8)  # to a millisecond
    assert finest_s > 0.2 + 0.05  # the detector looks so far ahead
    assert told_s(bench, sound, block) == pytest.approx(np.ceil(finest_s * SR / block - 1e-9) * block / SR, abs=1e-9)


def test_the_time_that_a_block_takes_is_part_of_the_delay(bench, sound, monkeypatch):
    ticks = iter(range(10**6))
    monkeypatch.setattr(bench.time, "process_time", lambda: 0.003 * next(ticks))
    slow_s = told_s(bench, sound, 400)
    monkeypatch.setattr(bench.time, "process_time", lambda: 0.0)
    assert slow_s - told_s(bench, sound, 400) == pytest.approx(0.003, abs=1e-9)


def test_who_hears_the_whole_recording_has_no_delay_and_comes_last(bench, sound):
    answer = bench.hear(Late(), sound, SR, block=400)
    assert answer["told"] == []
    assert answer["onset"] == pytest.approx([0.2], abs=1e-6)


def rows():
    """Two pieces and four systems: quick, slow and better, slow and no better, late and best."""
    of = {"quick": ([50.0, 60.0], False, 0.6), "better": ([100.0, 120.0], False, 0.8)}
    of |= {"idle": ([200.0, 210.0], False, 0.7), "late": ([], True, 0.9)}
    return pd.DataFrame(
        [
            {
                "kind": "piece",
                "recording": name,
                "piece": name,
                "system": system,
                "whole": whole,
                "onset_f1": f1 + up,
                "note_f1": f1 / 2,
                "seconds": 10.0,
                "cpu_s": 1.0,
                "delays_ms": delays,
            }
            for name, up in (("a", -0.05), ("b", 0.05))
            for system, (delays, whole, f1) in of.items()
        ]
    )


def test_the_sentence_and_the_table_say_the_same(bench, tmp_path):
    table = bench.board(rows())
    assert table.system.tolist() == ["quick", "better", "idle", "late"]
    assert table.delay_p95_ms.tolist() == pytest.approx([60.0, 120.0, 210.0, np.inf], abs=1.0)
    assert bench.front(table) == ["quick", "better"]
    said = bench.sentence(table, "piece")
    assert "`quick` 0.600 within 60 ms, `better` 0.800 within 120 ms" in said
    assert said.endswith("Hearing the whole recording first brings more than that: `late` 0.900.")
    page = bench.page(table, {"crepe": "no torch"}, "python benchmarks/board.py")
    assert "| better | 110 / 120 | 0.800 | 0.750 to 0.850 | 0.400 | 0.100 |" in page
    assert "| late | whole recording | 0.900 |" in page
    assert "Left out: `crepe` (no torch)." in page
    bench.draw(table, tmp_path / "figures" / "board.png")
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["board.png"]


def test_no_whole_recording_that_is_worse_is_said_to_bring_more(bench):
    found = rows()
    found.loc[found.system == "late", "onset_f1"] = 0.5
    assert "brings not more than that: `late` 0.500" in bench.sentence(bench.board(found), "piece")


def test_it_runs_on_what_comes_with_pianolab_goes_on_where_it_was_and_writes_the_page(bench, tmp_path, monkeypatch):
    words = ["--each", "1", "--seconds", "2", "--detector", "fft_peak", "--out", str(tmp_path / "out")]
    assert bench.main([*words, "--docs", str(tmp_path / "docs")]) == 0
    first = (tmp_path / "docs" / "board.md").read_text(encoding="utf-8")
    assert "--each 1 --seconds 2 --detector fft_peak --docs docs" in first
    assert first.count("| fft_peak |") == 2  # one voice, several voices
    monkeypatch.setattr(bench, "hear", lambda *_, **__: pytest.fail("it is heard again"))
    assert bench.main(words) == 0
    assert (tmp_path / "out" / "board.md").read_text(encoding="utf-8") == first


def test_data_that_is_not_there_is_refused_in_a_line(bench, tmp_path, capsys):
    assert bench.main(["--data", str(tmp_path / "nowhere"), "--detector", "yin", "--out", str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err.strip()
    assert "nowhere" in err
    assert "\n" not in err


def test_the_command_that_it_prints_makes_the_same_board_again(bench, tmp_path, capsys):
    words = ["--data", "builtin", "--block", "512", "--each", "1", "--seconds", "2", "--detector", "fft_peak"]
    assert bench.main([*words, "--out", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "board.md").read_text(encoding="utf-8")
    assert "board.py --data builtin --each 1 --seconds 2 --block 512 --detector fft_peak\n" in page
    capsys.readouterr()
    assert bench.main([*words, "--out", str(tmp_path / "out"), "--docs", str(tmp_path / "docs")]) == 2
    assert "leave out --data, or --docs" in capsys.readouterr().err
    assert not (tmp_path / "docs").exists()
