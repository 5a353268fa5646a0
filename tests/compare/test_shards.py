"""A comparison in parts: shards hold everything once, and their caches together give the table of one run."""

import errno
import shutil
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pianolab import sound
from pianolab.cli import main
from pianolab.compare import CompareError, compare
from pianolab.compare.cache import CacheWarning
from pianolab.compare.executors import Processes
from pianolab.compare.shards import parse_shard, take_shard
from pianolab.labels import write_labels
from pianolab.roll import Notes

SR = 8000
N = 5


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "notes"
    folder.mkdir()
    t = np.arange(int(0.6 * SR)) / SR
    for number in range(N):
        notes = Notes([0.0], [0.6], [60 + number])
        sound.write(folder / f"{number}.wav", (0.5 * np.sin(2 * np.pi * notes.hz[0] * t)).astype(np.float32), sr=SR)
        write_labels(folder / f"{number}.tsv", notes)
    return folder


@pytest.fixture
def heard(monkeypatch):
    """The sound files that are heard while a test runs."""
    files = []

    class Watched(Processes):
        def submit(self, job, **words):
            files.append(Path(job.audio).name)
            return super().submit(job, **words)

    monkeypatch.setattr("pianolab.compare.hearing.executor", lambda dask, jobs: Watched(n_workers=jobs))
    return files


def run(data, cache, **words):
    return compare(data, "fft_peak", jobs=1, cache=cache, progress=False, **words)


@pytest.fixture(scope="module")
def serial(data, tmp_path_factory):
    """One run of all, and its cache."""
    cache = tmp_path_factory.mktemp("serial")
    return run(data, cache), cache


def assert_same_table(one, other):
    assert len(one.scores) > N
    pd.testing.assert_frame_equal(one.scores.drop(columns="seconds_cpu"), other.scores.drop(columns="seconds_cpu"))
    pd.testing.assert_frame_equal(one.counts, other.counts)


def test_every_recording_is_in_one_shard_and_in_the_same_one_at_every_call():
    recordings = {("set", f"{number:02}"): number for number in range(23)}
    parts = [take_shard(recordings, f"{number}/4") for number in range(1, 5)]
    assert sorted(value for part in parts for value in part.values()) == list(range(23))
    assert [len(part) for part in parts] == [6, 6, 6, 5]
    backwards = dict(reversed(recordings.items()))
    assert [set(take_shard(backwards, f"{number}/4")) for number in range(1, 5)] == [set(part) for part in parts]
    assert take_shard(recordings, None) == recordings


@pytest.mark.parametrize("text", ["", "1", "0/4", "5/4", "1/0", "-1/4", "1/4/2", "1 / 4", "١/٤", "1/100000", 3])
def test_what_is_no_shard_is_refused_with_the_way_to_write_one(text):
    with pytest.raises(CompareError, match=r"write 1/4 for the first of four"):
        parse_shard(text)


def test_a_shard_without_recordings_is_refused(data, tmp_path):
    with pytest.raises(CompareError, match="shard 6/6 of 5 recordings is empty: use fewer shards"):
        run(data, tmp_path / "cache", shard="6/6")


def test_a_bad_shard_or_merge_costs_one_line(data, tmp_path, capsys):
    for words, said in ((["--shard", "5/4"], "write 1/4"), (["--merge", str(tmp_path / "no")], "is no folder")):
        out = tmp_path / "out"
        assert main(["compare", "--data", str(data), "--detector", "yin", "--out", str(out), *words]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert said in line
        assert not out.exists()


def test_the_caches_of_shards_merge_to_the_table_of_one_run_and_nothing_is_heard_again(data, serial, heard, tmp_path):
    parts = [run(data, tmp_path / f"part {number}", shard=f"{number}/2") for number in (1, 2)]
    assert [len(part.truths) for part in parts] == [3, 2]
    assert parts[0].about["settings"]["shard"] == "1/2"
    assert sorted(heard) == [f"{number}.wav" for number in range(N)]
    with warnings.catch_warnings():
        warnings.simplefilter("error", CacheWarning)
        merged = run(data, tmp_path / "own", merge=[tmp_path / "part 1", tmp_path / "part 2"])
    assert_same_table(serial[0], merged)
    # What was taken over is kept: the shards may go.
    pd.testing.assert_frame_equal(merged.scores, run(data, tmp_path / "own").scores)
    assert len(heard) == N


def test_a_full_disk_hinders_no_merge(data, serial, heard, tmp_path, monkeypatch):
    """What cannot be taken over is read where it lies."""

    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr("pianolab.compare.cache.replacing", full)
    with pytest.warns(CacheWarning, match="No space left on device"):
        merged = run(data, tmp_path / "own", merge=[serial[1]])
    assert_same_table(serial[0], merged)
    assert heard == []


def test_a_cut_file_of_a_shard_is_not_believed_and_a_useless_folder_is_named(data, serial, heard, tmp_path):
    part = Path(shutil.copytree(serial[1], tmp_path / "part"))
    for path in part.glob("*.notes"):
        path.write_bytes(path.read_bytes()[:-9])
    (part / "stranger.notes").write_bytes(b"of another version")
    with pytest.warns(CacheWarning, match="part gave nothing to merge: it is of other recordings, detectors or ver"):
        again = run(data, tmp_path / "own", merge=[part])
    assert_same_table(serial[0], again)
    assert len(heard) == N
