"""A disk that is full or read-only, a file that changes under the run: the table is right, or a row says why not."""

import errno
import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pianolab import sound
from pianolab.compare import compare, write_report
from pianolab.compare.cache import CacheWarning
from pianolab.data import load_dataset
from pianolab.labels import write_labels
from pianolab.roll import Notes

TOYS = Path(__file__).parents[1] / "toy_detectors.py"
SR = 8000
N = 3  # Recordings.


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "notes"
    folder.mkdir()
    for number in range(N):
        write_recording(folder, f"note {number}", 60 + number)
    return folder


def write_recording(folder, name, midi):
    t = np.arange(int(0.6 * SR)) / SR
    notes = Notes([0.0], [0.6], [midi])
    sound.write(folder / f"{name}.wav", (0.5 * np.sin(2 * np.pi * notes.hz[0] * t)).astype(np.float32), sr=SR)
    write_labels(folder / f"{name}.tsv", notes)


def run(data, tmp_path, *detectors, log="", cache="cache"):
    spec = f"{TOYS}:Loudest" + (f":log={log}" if log else "")
    return compare(data, detectors or spec, jobs=1, cache=tmp_path / cache, progress=False)


def assert_same_table(one, other):
    columns = ["dataset", "recording", "protocol", "metric", "value", "status", "error", "seconds_audio"]
    assert len(one.scores) > 0
    pd.testing.assert_frame_equal(one.scores[columns], other.scores[columns])
    pd.testing.assert_frame_equal(one.counts.drop(columns="params"), other.counts.drop(columns="params"))


def times_heard(log):
    """Lines of the log; a worker that warms up writes one as well."""
    return log.read_text().count("heard") if log.exists() else 0


def with_one_warning(call, text):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call()
    told = [str(warning.message) for warning in caught if issubclass(warning.category, CacheWarning)]
    assert len(told) == 1, told
    assert text in told[0]
    assert "make room there, or name another folder with --cache" in told[0]
    return result


def fails_in(folder, function, error, *, after=0):
    """The function, which raises the error for paths in a folder when it was called there so often."""
    calls = []

    def broken(path, *args, **kwargs):
        if Path(folder) in (Path(path), *Path(path).parents):
            calls.append(path)
            if len(calls) > after:
                raise OSError(error, os.strerror(error), str(path))
        return function(path, *args, **kwargs)

    return broken


@pytest.mark.parametrize(
    ("step", "error"), [("mkdir", errno.ENOSPC), ("write_bytes", errno.ENOSPC), ("replace", errno.EDQUOT)]
)
def test_a_disk_that_is_full_at_any_step_costs_nothing_but_the_keeping(data, tmp_path, monkeypatch, step, error):
    undisturbed = run(data, tmp_path, cache="other")
    cache, owner = tmp_path / "cache", os if step == "replace" else pathlib.Path
    with monkeypatch.context() as patch:
        patch.setattr(owner, step, fails_in(cache, getattr(owner, step), error))
        result = with_one_warning(lambda: run(data, tmp_path), os.strerror(error))
    assert_same_table(result, undisturbed)
    assert not cache.exists() or list(cache.iterdir()) == []
    folder = write_report(result, tmp_path / "out").folder
    assert (folder / "report.html").stat().st_size > 1000


def test_what_was_kept_before_the_disk_was_full_is_not_heard_again(data, tmp_path, monkeypatch):
    log, write = tmp_path / "log", pathlib.Path.write_bytes
    with monkeypatch.context() as patch:
        # The labels and their check are two values a recording; then two recordings are heard and kept.
        patch.setattr(pathlib.Path, "write_bytes", fails_in(tmp_path / "cache", write, errno.ENOSPC, after=2 * N + 2))
        first = with_one_warning(lambda: run(data, tmp_path, log=log), "No space left on device")
    assert len(list((tmp_path / "cache").glob("*.notes"))) == 2
    before = times_heard(log)
    assert_same_table(first, run(data, tmp_path, log=log))
    assert times_heard(log) - before <= 2  # One recording, and the warming up.
    assert_same_table(first, run(data, tmp_path, log=log))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_limit_on_the_size_of_files_is_a_full_disk_too(data, tmp_path):
    """The system itself refuses here to write; the same table comes out."""
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import resource, sys
            from pianolab.compare import compare
            if __name__ == "__main__":
                resource.setrlimit(resource.RLIMIT_FSIZE, (64, resource.RLIM_INFINITY))
                result = compare({str(data)!r}, {f"{TOYS}:Loudest"!r}, jobs=1, cache="kept", progress=False)
                print(len(result.heard), len(result.failures), result.ranking.onset_f1[0])
            """
        )
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert done.stdout.split() == [str(N), "0", "1.0"], done.stderr
    assert done.stderr.count("CacheWarning") == 1
    assert "kept cannot be written (File too large)" in done.stderr
    assert not list((tmp_path / "kept").glob("*.notes"))
    assert not list((tmp_path / "kept").glob(".*"))


def test_a_read_only_cache_is_read_and_said_once(data, tmp_path, monkeypatch):
    log = tmp_path / "log"
    first = run(data, tmp_path, log=log)
    before, n_files = times_heard(log), len(list((tmp_path / "cache").iterdir()))
    cache = tmp_path / "cache"

    def refuses(*args, dir=None, **kwargs):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(dir))

    monkeypatch.setattr(pathlib.Path, "write_bytes", fails_in(cache, pathlib.Path.write_bytes, errno.EROFS))
    monkeypatch.setattr(tempfile, "TemporaryFile", refuses)
    with warnings.catch_warnings():
        warnings.simplefilter("error", CacheWarning)  # Nothing has to be heard: nothing to say.
        assert_same_table(first, run(data, tmp_path, log=log))
    spec = f"{TOYS}:Loudest:log={log}"
    both = with_one_warning(lambda: run(data, tmp_path, spec, f"{TOYS}:Loudest:scale=0.9"), "Permission denied")
    assert times_heard(log) == before
    assert both.failures.empty
    assert len(list(cache.iterdir())) == n_files


def test_two_runs_at_once_share_a_cache(data, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import sys
            from pianolab.compare import compare
            if __name__ == "__main__":
                result = compare({str(data)!r}, {f"{TOYS}:Loudest"!r}, jobs=1, cache="kept", progress=False)
                print(result.scores.drop(columns="seconds_cpu").to_csv())
            """
        )
    )
    command = [sys.executable, str(script)]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) for _ in range(2)]
    one, two = (process.communicate(timeout=120)[0] for process in runs)
    assert [process.returncode for process in runs] == [0, 0]
    assert one == two
    assert one.count("onset_f1") == 2 * N  # at two tolerances
    assert len(list((tmp_path / "kept").glob("*.notes"))) == N
    assert not list((tmp_path / "kept").glob(".*"))


def test_what_failed_is_never_kept(data, tmp_path):
    result = run(data, tmp_path, f"{TOYS}:Raises")
    assert len(result.failures) == N
    assert not list((tmp_path / "cache").glob("*.notes"))


def test_labels_that_vanish_or_cannot_be_read_are_rows(tmp_path):
    folder = tmp_path / "notes"
    folder.mkdir()
    for number, name in enumerate(("good", "gone", "folder", "latin")):
        write_recording(folder, name, 60 + number)
    dataset = load_dataset(folder)
    (folder / "gone.tsv").unlink()
    (folder / "folder.tsv").unlink()
    (folder / "folder.tsv").mkdir()
    (folder / "latin.tsv").write_bytes(b"onset\toffset\tmidi\n0\t1\t\xe9\n")
    result = run(dataset, tmp_path)
    assert sorted(result.failures.recording) == ["folder", "gone", "latin"]
    assert result.failures.error.str.startswith("labels: ").all()
    assert set(result.scores[result.scores.status == "ok"].recording) == {"good"}
    checksums = {row["id"]: row["labels_checksum"] for row in result.about["recordings"]}
    assert checksums["gone"].startswith("none: ")
    assert checksums["good"] == sound.checksum(folder / "good.tsv")


def test_labels_that_change_during_the_run_are_scored_as_they_were_read(tmp_path):
    folder = tmp_path / "notes"
    folder.mkdir()
    write_recording(folder, "note", 60)
    labels = folder / "note.tsv"
    before = sound.checksum(labels)
    result = run(folder, tmp_path, log=labels)  # The detector writes a word into the labels.
    assert sound.checksum(labels) != before
    assert result.about["recordings"][0]["labels_checksum"] == before
    assert result.failures.empty


CHANGES_ITSELF = """
import numpy as np
from pianolab.detector import Detector
from pianolab.roll import Salience

class Changing(Detector):
    sr = 8000

    def process(self, span):
        with open(PATH, "a", encoding="utf-8") as file:
            file.write("# edited\\n")
        nothing = np.zeros((span.n_frames, 88), dtype=np.float32)
        return Salience(span.times, nothing, np.full_like(nothing, np.nan), np.full(span.n_frames, -90.0))
"""


@pytest.mark.parametrize("what", ["mine.py", "helper_that_changes.py"])
def test_a_detector_that_is_edited_while_it_is_compared_is_a_row_and_not_kept(data, tmp_path, monkeypatch, what):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "helper_that_changes.py").write_text("")
    file = tmp_path / "mine.py"
    file.write_text(f"import helper_that_changes\nPATH = {str(tmp_path / what)!r}\n{CHANGES_ITSELF}")
    result = run(data, tmp_path, f"{file}:Changing")
    assert len(result.failures) == N
    assert result.failures.error.str.contains(f"{what} was changed while it was compared: let it be, and run").all()
    assert not list((tmp_path / "cache").glob("*.notes"))
