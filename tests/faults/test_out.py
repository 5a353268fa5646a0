"""The folder of a run: what somebody else put there is never lost, and what was heard is never lost for its sake."""

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pianolab import sound
from pianolab.cli import main
from pianolab.compare import CompareError, compare, pictures, report, run_folder, write_report
from pianolab.compare.csv_files import read_table
from pianolab.compare.run_folder import claimed
from pianolab.labels import write_labels
from pianolab.roll import Notes

TOYS = Path(__file__).parents[1] / "toy_detectors.py"
FORMULAS = ["=1+1", "+1", "-1", "@sum", "'=x", "a;=1", "\uff1d1", "plain", "NA", "007"]


def write_recording(folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    t = np.arange(8000) / 8000
    sound.write(folder / f"{name}.wav", (0.5 * np.sin(2 * np.pi * 440 * t)).astype(np.float32), sr=8000)
    write_labels(folder / f"{name}.tsv", Notes([0.0], [0.9], [69]))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("songs")
    write_recording(folder, "one")
    return folder


@pytest.fixture(scope="module")
def result(data, tmp_path_factory):
    return compare(data, f"{TOYS}:Loudest", jobs=1, cache=tmp_path_factory.mktemp("cache"), progress=False)


@pytest.fixture(scope="module")
def first_run(result, tmp_path_factory):
    return write_report(result, tmp_path_factory.mktemp("first") / "run").folder


@pytest.fixture
def written(first_run, tmp_path):
    """The folder of an earlier run, for this test alone."""
    return Path(shutil.copytree(first_run, tmp_path / "run"))


@pytest.fixture(scope="module")
def words(data, tmp_path_factory):
    """A command whose notes are kept after the first time."""
    kept = str(tmp_path_factory.mktemp("kept"))
    return ["compare", "--data", str(data), "--detector", "yin", "--jobs", "1", "--cache", kept, "--out", "run"]


def contents(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# What somebody else wrote


@pytest.mark.parametrize(
    "change",
    [
        lambda run: (run / "scores.csv").write_text("my own numbers"),
        lambda run: (run / "run.json").write_text((run / "run.json").read_text() + "\n"),
        lambda run: (run / "figures" / "mine.png").write_bytes(b"mine"),
        lambda run: (run / "notes" / "deep").mkdir(parents=True),
        lambda run: (run / ".hidden").write_text("mine"),
        lambda run: (run / "link").symlink_to(run.parent),
    ],
)
def test_an_earlier_run_that_somebody_changed_is_left_as_it_is(result, written, change):
    change(written)
    before = contents(written)
    with pytest.raises(CompareError, match=r"not of an earlier run, or were changed since, such as .*: choose another"):
        write_report(result, written)
    assert contents(written) == before
    assert list(written.parent.iterdir()) == [written]


def test_what_is_put_there_while_the_run_goes_on_is_left_and_the_report_lies_beside_it(result, tmp_path):
    with claimed(tmp_path / "run") as folder:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "thesis.txt").write_text("mine")
        where = write_report(result, folder).folder
    assert (tmp_path / "run" / "thesis.txt").read_text() == "mine"
    assert where.parent == tmp_path
    assert where.name != "run"
    assert (where / "scores.csv").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["run", where.name])


@pytest.mark.parametrize("out", [".", "", "..", "../..", "{data}", "{data}/..", "~home~"])
def test_a_folder_that_holds_the_data_or_oneself_is_no_place_for_a_run(data, tmp_path, monkeypatch, out, capsys):
    (tmp_path / "empty" / "here").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "empty" / "here")
    place = str(Path.home()) if out == "~home~" else out.format(data=data)
    before = contents(data)
    assert main(["compare", "--data", str(data), "--detector", f"{TOYS}:Loudest", "--out", place]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--out" in line
    assert contents(data) == before
    assert list((tmp_path / "empty").rglob("*")) == [tmp_path / "empty" / "here"]


def test_a_run_is_not_put_over_its_own_cache(tmp_path):
    place = claimed(tmp_path / "run", cache=tmp_path / "run" / "kept")
    with pytest.raises(CompareError, match=r"holds the cache .*kept: choose another"), place:
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_to_a_run_stays_a_link(result, written):
    link = written.with_name("latest")
    link.symlink_to(written)
    before = (written / "run.json").stat().st_ino
    assert write_report(result, link).folder == link
    assert link.is_symlink()
    assert (written / "run.json").stat().st_ino != before


def test_a_name_as_long_as_the_system_allows_is_a_name(result, tmp_path):
    assert (write_report(result, tmp_path / ("n" * 255)).folder / "run.json").is_file()


# Two runs at once


def test_of_two_runs_that_want_one_folder_one_gets_it(result, tmp_path):
    with claimed(tmp_path / "run") as folder:
        with pytest.raises(CompareError, match="another run is being written to it: wait until it is done, or choose"):
            write_report(result, tmp_path / "run")
        write_report(result, folder)
    assert write_report(result, tmp_path / "run").folder == tmp_path / "run"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_many_runs_in_one_second_have_folders_of_their_own(result, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run_folder.time, "strftime", lambda form: "2031-01-02_03-04-05")
    folders = []
    threads = [threading.Thread(target=lambda: folders.append(claim_and_put(result))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(folders)) == 5
    assert sorted(path.name for path in Path("results").iterdir()) == sorted(folder.name for folder in folders)


def claim_and_put(result):
    with claimed() as folder:
        folder.new.mkdir()
        return folder.put(result.about)


def test_a_run_that_was_killed_leaves_its_place_free(result, tmp_path):
    """It dies with the lock in its hands, a half-written report, and the earlier run just moved away."""
    write_report(result, tmp_path / "run")
    script = (
        "import os, sys\n"
        "from pianolab.compare.run_folder import claimed\n"
        "with claimed(sys.argv[1]) as folder:\n"
        "    folder.new.mkdir()\n"
        "    (folder.new / 'scores.csv').write_text('half')\n"
        "    folder.place.rename(folder._old)\n"
        "    os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, tmp_path / "run"]).returncode == 9
    assert not (tmp_path / "run").exists()
    with claimed(tmp_path / "run"):
        assert (tmp_path / "run" / "report.html").is_file()
        assert not list(tmp_path.glob(".*.new"))
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_what_a_killed_run_left_beside_others_is_cleared_up(tmp_path):
    (tmp_path / ".pianolab-0123.new").mkdir()
    for name, age_s in ((".pianolab-0123.lock", 3600), (".pianolab-4567.lock", 0)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (run_folder.time.time() - age_s,) * 2)
    with claimed(tmp_path / "run"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [".pianolab-4567.lock"]


def test_a_run_that_is_refused_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["compare", "--data", "nowhere", "--out", "a/b/c"]) == 2
    assert main(["compare", "--data", "nowhere"]) == 2
    assert list(tmp_path.iterdir()) == []


# A disk that fills or cannot be written


@pytest.mark.parametrize(
    "name", ["scores.csv", "counts.csv", "summary.csv", "tables/", "figures/", "report.html", "run.json"]
)
def test_a_disk_that_fills_is_one_line_and_loses_nothing(words, tmp_path, monkeypatch, capsys, name):
    """Every file of a report in turn is the one for which there is no room."""
    monkeypatch.chdir(tmp_path)
    assert main(words) == 0
    before = contents(tmp_path / "run")

    def full(write, number):
        """A function that writes to its argument of this number, with no room left for one file."""

        def written(*args, **kwargs):
            if f"/{name}" in Path(args[number]).as_posix():
                Path(args[number]).write_bytes(b"half")
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write(*args, **kwargs)

        return written

    monkeypatch.setattr(report, "write_table", full(report.write_table, 1))
    monkeypatch.setattr(pictures.plots, "save", full(pictures.plots.save, 1))
    monkeypatch.setattr(Path, "write_text", full(Path.write_text, 0))
    capsys.readouterr()
    assert main(words) == 2
    said = capsys.readouterr()
    (line,) = (line for line in said.err.splitlines() if line.startswith("pianolab:"))
    assert f"run/{name}" in line
    assert "cannot be written (No space left on device): make room or choose another folder with --out" in line
    assert "what was heard is kept in the cache" in line
    assert "yin" in said.out
    assert contents(tmp_path / "run") == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="rights do not hold whoever is root")
def test_results_that_are_read_only_are_refused_before_anything_is_heard(data, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("results").mkdir(mode=0o500)
    assert main(["compare", "--data", str(data), "--detector", f"{TOYS}:Loudest"]) == 2
    assert "cannot be written (Permission denied): choose another folder with --out" in capsys.readouterr().err


def test_a_place_that_the_system_keeps_read_only_is_refused_before_anything_is_heard(data, monkeypatch, capsys):
    def read_only(folder):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(run_folder, "refuse_unwritable", read_only)
    monkeypatch.setattr("pianolab.compare.compare", lambda *args, **kwargs: pytest.fail("it was heard"))
    assert main(["compare", "--data", str(data), "--out", "somewhere"]) == 2
    expected = "pianolab: somewhere cannot be written (Read-only file system): choose another folder with --out\n"
    assert capsys.readouterr().err == expected


@pytest.mark.parametrize(
    ("broken", "missing"),
    [
        ("pianolab.compare.pictures._draw_speed", "figures/{stem}_speed.png"),
        ("pianolab.compare.pictures._typical_recording", "figures"),
        ("pianolab.compare.tables.summarise", "summary.csv"),
        ("pianolab.compare.report._page", "report.html"),
    ],
)
def test_a_part_that_cannot_be_made_is_said_and_the_rest_is_written(
    data, words, tmp_path, monkeypatch, capsys, broken, missing
):
    def fails(*args, **kwargs):
        raise RuntimeError("no luck today")

    missing = missing.format(stem=data.name.replace(".", "_"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(broken, fails)
    try:
        code = main(words)
    except RuntimeError:  # The table on the terminal is made of the means.
        assert missing == "summary.csv"
    else:
        assert code == 1
        assert f"pianolab: {missing} could not be made: RuntimeError: no luck today" in capsys.readouterr().err
    assert len(read_table("run/scores.csv")) > 5
    assert missing in [name for name, _ in json.loads(Path("run/run.json").read_text(encoding="utf-8"))["unwritten"]]
    if missing.startswith("figures"):
        assert "no luck today" in Path("run/report.html").read_text(encoding="utf-8")


# Spreadsheets


@pytest.mark.skipif(sys.platform == "win32", reason="not all of these can be names of files there")
def test_no_cell_of_a_table_is_a_formula_and_names_are_read_back(tmp_path):
    for name in FORMULAS:
        write_recording(tmp_path / "=songs", name)
    result = compare(
        tmp_path / "=songs", [f"{TOYS}:Loudest", f"{TOYS}:Raises"], jobs=1, cache=tmp_path / "c", progress=False
    )
    written = write_report(result, tmp_path / "run").folder
    for name, table in (("scores.csv", result.scores), ("counts.csv", result.counts), ("summary.csv", result.summary)):
        read = read_table(written / name)
        pd.testing.assert_frame_equal(read, table.reset_index(drop=True), check_dtype=False, rtol=1e-5)
        cells = pd.read_csv(written / name, dtype=str, keep_default_na=False)
        numbers = {"value", "low", "high", "mean", "min", "median", "max"}
        texts = {cell for column in set(cells.columns) - numbers for cell in cells[column]}
        assert "'=songs" in texts
        assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))]
        assert not [text for text in texts if ";=" in text]
    scores, counts = (
        pd.read_csv(written / name, dtype=str, keep_default_na=False) for name in ("scores.csv", "counts.csv")
    )
    assert scores.merge(counts, on=["dataset", "recording"]).recording.nunique() == len(FORMULAS)


def test_a_number_below_nought_stays_a_number(result, tmp_path):
    shifted = result.scores.assign(value=-result.scores.value)
    report.write_table(shifted, tmp_path / "scores.csv")
    assert pd.read_csv(tmp_path / "scores.csv").value.dtype == float
    assert (read_table(tmp_path / "scores.csv").value.dropna() <= 0).all()
