"""Where nobody can read what is printed: the work is done, and that is said where it can be."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pianolab import sound
from pianolab.cli import main
from pianolab.labels import write_labels
from pianolab.roll import Notes

TOYS = Path(__file__).parents[1] / "toy_detectors.py"
FULL = Path("/dev/full")

full = pytest.mark.skipif(not FULL.exists(), reason="only Linux has a file that is always full")
shell = pytest.mark.skipif(sys.platform == "win32", reason="streams are closed in another way there")


def pianolab(words, **settings):
    """The command in a shell, so that streams can be closed."""
    line = f'exec "{sys.executable}" -m pianolab {words}'
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=120, **settings)


@full
def test_a_full_disk_behind_standard_output_is_said_in_one_line():
    done = pianolab("data list >/dev/full")
    assert done.returncode == 1
    expected = "standard output cannot be written (No space left on device): name another file, or make room"
    assert done.stderr == f"pianolab: {expected}\n"


@shell
@pytest.mark.parametrize("closed", [">&-", "<&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_error(closed):
    done = pianolab(f"data list {closed}")
    assert done.returncode == 0
    assert done.stderr == ""


@shell
def test_a_refusal_that_nobody_can_read_is_still_a_refusal():
    assert pianolab("detect nothing.wav 2>&-").returncode == 2


@full
@pytest.mark.parametrize("streams", ["2>/dev/full", ">/dev/full 2>/dev/full"])
def test_a_comparison_is_written_although_nobody_sees_its_progress(tmp_path, streams):
    t = np.arange(8000) / 8000
    sound.write(tmp_path / "song.wav", (0.5 * np.sin(2 * np.pi * 440 * t)).astype(np.float32), sr=8000)
    write_labels(tmp_path / "song.tsv", Notes([0.0], [0.9], [69]))
    done = pianolab(f"compare --data . --detector '{TOYS}:Loudest' --jobs 1 --out run {streams}", cwd=tmp_path)
    assert done.returncode == (0 if streams.startswith("2") else 1)
    assert (tmp_path / "run" / "report.html").is_file()


def test_a_pipe_that_broke_elsewhere_is_not_taken_for_a_reader_who_left(monkeypatch, capsys):
    def broken():
        raise BrokenPipeError(32, "Broken pipe", "a worker")

    monkeypatch.setattr("pianolab.data.builtin_index", broken)
    assert main(["data", "list"]) == 2
    assert capsys.readouterr().err == "pianolab: a worker: Broken pipe\n"


def test_what_an_error_holds_cannot_steer_the_terminal(capsys):
    assert main(["detect", os.fsdecode(b"\x1b[2J\xff.wav")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    assert "?[2J?.wav is not there" in line
