"""The folder of a run: complete or absent, readable without a network, safe with any name."""

import base64
import hashlib
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pianolab import sound
from pianolab.compare import CompareError, compare, report, run_folder, write_report
from pianolab.compare.csv_files import read_table
from pianolab.compare.run_folder import claimed
from pianolab.data import load_dataset
from pianolab.labels import write_labels
from pianolab.roll import Notes

TOYS = Path(__file__).parents[1] / "toy_detectors.py"
NAMES = ["<script>alert(1)<", "한글 이름", "$x_1$ & co"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Three recordings of a fading A4, in a folder and with names that want to be something else."""
    folder = tmp_path_factory.mktemp("data") / "<b>bold"
    folder.mkdir()
    t = np.arange(12000) / 8000
    for name in NAMES:
        sound.write(folder / f"{name}.wav", (0.5 * np.sin(2 * np.pi * 440 * t)).astype(np.float32), sr=8000)
        write_labels(folder / f"{name}.tsv", Notes([0.0, 1.0], [1.0, 1.4], [69, 72], [80, 80]))
    sound.write(folder / "no labels.wav", np.zeros(100, dtype=np.float32) + 0.1, sr=8000)
    return folder


@pytest.fixture(scope="module")
def result(data, tmp_path_factory):
    detectors = [f"{TOYS}:Loudest", f"{TOYS}:Chords", f"{TOYS}:Raises"]
    return compare(data, detectors, jobs=1, cache=tmp_path_factory.mktemp("cache"), progress=False)


@pytest.fixture(scope="module")
def first_run(result, tmp_path_factory):
    return write_report(result, tmp_path_factory.mktemp("first") / "run").folder


@pytest.fixture
def written(first_run, tmp_path):
    """The folder of a run, for this test alone."""
    return Path(shutil.copytree(first_run, tmp_path / "run"))


class Page(HTMLParser):
    """What a browser would see: tags with attributes, and text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self._skip = [], "", False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._skip = tag in ("style", "script")

    def handle_endtag(self, tag):
        self._skip = False

    def handle_data(self, data):
        self.text += "" if self._skip else data

    def all(self, name):
        return [attrs for tag, attrs in self.tags if tag == name]


def test_the_folder_holds_what_was_promised(written, result):
    there = {path.name for path in written.iterdir()} - set(report.OF_PYARROW)
    assert sorted(there) == sorted(report.FILES)
    for name, table in (("scores.csv", result.scores), ("counts.csv", result.counts)):
        pd.testing.assert_frame_equal(read_table(written / name), table, check_dtype=False)
    summary = read_table(written / "summary.csv")
    assert len(summary) == len(result.summary) > 0
    figures = sorted(path.name for path in (written / "figures").iterdir())
    rolls = ["roll_1_toy_detectors_py_Chords.png", "roll_2_toy_detectors_py_Loudest.png"]
    assert {name.removeprefix("b_bold_") for name in figures} == {"ranked.png", "registers.png", "speed.png", *rolls}


def test_run_json_tells_how_to_get_the_numbers_again(written, data):
    about = json.loads((written / "run.json").read_text())
    assert about["made_by"] == "pianolab compare"
    assert about["command"].startswith("pianolab compare --data ")
    assert {"numpy", "scipy", "librosa", "numba", "mir_eval"} <= set(about["libraries"])
    assert about["settings"]["protocol"]["onset_tolerance_s"] == 0.05
    assert re.fullmatch(r"([0-9a-f]{40}\+?)?", about["commit"])
    by_id = {recording["id"]: recording for recording in about["recordings"]}
    assert sorted(by_id) == sorted(NAMES)
    assert by_id["한글 이름"]["checksum"] == sound.checksum(data / "한글 이름.wav")
    assert by_id["한글 이름"]["labels_checksum"] == sound.checksum(data / "한글 이름.tsv")
    assert [path for _, path, _ in about["skipped"]] == [str(data / "no labels.wav")]


def test_the_page_needs_no_network_and_runs_no_code_but_ours(written):
    html = (written / "report.html").read_text(encoding="utf-8")
    page = Page(html)
    images = page.all("img")
    assert len(images) == 5
    assert all(image["src"].startswith("data:image/png;base64,") for image in images)
    assert all(len(image["alt"]) > 20 for image in images)
    (policy,) = (meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert len(page.all("script")) == 1
    assert script == (Path(report.__file__).parent / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert not page.all("b")
    assert not page.all("link")
    assert "http:" not in html
    assert "https:" not in html
    links = page.all("a")
    assert all(
        attrs["href"].startswith("#" if "download" not in attrs else "data:text/plain;base64,") for attrs in links
    )
    for name in NAMES:
        assert name in page.text


def test_the_first_screen_is_the_ranked_table_and_the_main_figure(written):
    html = (written / "report.html").read_text(encoding="utf-8")
    table, figure, heading = (html.index(text) for text in ("<table", "<img", "What the scores mean"))
    assert table < figure < heading
    first_rows = html[table:figure]
    assert first_rows.index("toy_detectors.py:Loudest") < first_rows.index("toy_detectors.py:Raises")


def test_moments_have_what_was_said_of_each_key_and_a_clip(written, result):
    """One detector hears A4 and misses C5 in each recording, another one breaks: it is asked again, and says so."""
    html = (written / "report.html").read_text(encoding="utf-8")
    (heading,) = re.findall(r"<h3>Errors of (.*?) to see and to hear</h3>", html)
    assert heading == result.ranking.detector[0]
    page = Page(html)
    evidence = page.all("image")
    assert len(evidence) == len(page.all("audio")) >= 1
    for shown in evidence:
        head, _, data = shown["href"].partition(",")
        assert head == "data:image/png;base64"
        assert base64.b64decode(data).startswith(b"\x89PNG")


def test_another_detector_and_more_moments_are_shown_where_they_are_asked_for(result, tmp_path):
    other = result.ranking.detector[1]
    folder = write_report(result, tmp_path / "run", moments=3, errors_of=other).folder
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert f"<h3>Errors of {other} to see and to hear</h3>" in html
    assert "of each reason the 3 worst errors" in html
    for wrong, why in (({"moments": 21}, "use 0 to 20"), ({"errors_of": "nobody"}, "does not take part")):
        with pytest.raises(CompareError, match=why):
            write_report(result, tmp_path / "other", **wrong)
        assert not (tmp_path / "other").exists()


def test_one_data_set_has_room_for_all_the_moments_that_can_be_asked_for(result, tmp_path):
    folder = write_report(result, tmp_path / "run", moments=20).folder
    assert "of each reason the 20 worst errors" in (folder / "report.html").read_text(encoding="utf-8")


def test_the_home_folder_stands_nowhere_in_the_page(result, tmp_path, monkeypatch):
    """Neither in what could not be made nor in the name of an earlier run, whose letters stay as they are."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(report, "draw", lambda *_: (tmp_path / "gone").read_text())
    monkeypatch.setitem(vars(result), "said_of_changes", [f"against {tmp_path}/Runs/MAPS (all)"])
    html = (write_report(result, tmp_path / "run").folder / "report.html").read_text(encoding="utf-8")
    assert "Against ~/Runs/MAPS (all)" in html
    assert "~/gone" in html
    assert str(tmp_path) not in html


def test_the_ranked_table_can_be_taken_into_a_paper(written, result):
    """The same cells in the page, in Markdown and in LaTeX; every digit in CSV."""
    (first, second, third) = result.ranking.to_dict("records")
    csv = read_table(written / "tables" / "ranked.csv")
    assert list(csv.onset_f1[:2].astype(float)) == pytest.approx([first["onset_f1"], second["onset_f1"]])
    links = [
        attrs for attrs in Page((written / "report.html").read_text(encoding="utf-8")).all("a") if "download" in attrs
    ]
    texts = [base64.b64decode(link["href"].partition(",")[2]).decode("utf-8") for link in links]
    assert [Path(link["download"]).suffix for link in links] == [".csv", ".md", ".tex"]
    for name, offered in zip(("ranked.csv", "ranked.md", "ranked.tex"), texts, strict=True):
        text = (written / "tables" / name).read_text(encoding="utf-8")
        assert offered.strip() in text
        assert (str(first["onset_f1"]) if name == "ranked.csv" else f"{first['onset_f1']:.3f}") in text
    assert r"| 1 | toy\_detectors.py:Chords |" in texts[1]
    assert r"3 & toy\_detectors.py:Raises & --" in texts[2]
    assert third["failed"] == 3
    differences = read_table(written / "tables" / "differences.csv")
    assert {"p", "p_floor", "rank_biserial", "needed"} <= set(differences.columns)


def test_the_page_names_failures_and_explains_the_protocol(written, result):
    text = " ".join(Page((written / "report.html").read_text(encoding="utf-8")).text.split())
    assert "3 failed." in text
    assert "ZeroDivisionError: no frames today" in text
    assert "no labels.wav" in text
    assert "begins at most 50 ms from a played one" in text
    assert "a played note ends when its key is released" in text
    assert result.about["command"] in text
    assert str(result.protocol) in text


def test_a_run_in_which_everything_failed_is_written_too(data, tmp_path):
    failed = compare(data, f"{TOYS}:Raises", jobs=1, cache=tmp_path / "cache", progress=False)
    folder = write_report(failed, tmp_path / "run").folder
    assert "3 failed." in (folder / "report.html").read_text(encoding="utf-8")
    assert list((folder / "figures").iterdir()) == []


def test_the_same_result_is_written_the_same_way(result, tmp_path):
    folders = [write_report(result, tmp_path / name).folder for name in ("one", "two")]
    for name in ("scores.csv", "counts.csv", "summary.csv", "report.html", "run.json"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name


# The folder


def test_an_earlier_run_is_replaced_as_a_whole(result, written):
    about = written / "run.json"
    before = about.stat().st_ino
    (written / "figures" / "b_bold_speed.png").unlink()
    assert write_report(result, written).folder == written
    assert about.stat().st_ino != before
    assert (written / "figures" / "b_bold_speed.png").exists()
    assert list(written.parent.iterdir()) == [written]


@pytest.mark.parametrize("name", ["thesis.txt", "run.json"])
def test_a_folder_with_other_files_is_left_alone(tmp_path, name):
    (tmp_path / name).write_text("my own work")
    with (
        pytest.raises(CompareError, match=f"not of an earlier run, .* such as {name}: choose another folder"),
        claimed(tmp_path),
    ):
        pass
    assert (tmp_path / name).read_text() == "my own work"


def test_a_run_with_notes_beside_it_is_left_alone(written):
    (written / "my notes.txt").write_text("keep")
    with pytest.raises(CompareError, match="not of an earlier run"), claimed(written):
        pass


def test_a_file_or_a_place_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(CompareError, match="is a file: choose another folder"), claimed(tmp_path / "file"):
        pass
    for place in (tmp_path / "file" / "run", "/proc/run"):
        with pytest.raises(CompareError, match="cannot be written"), claimed(place):
            pass


def test_an_empty_folder_is_used(result, tmp_path):
    (tmp_path / "run").mkdir()
    assert (write_report(result, tmp_path / "run").folder / "run.json").is_file()


def test_by_default_a_run_is_named_by_date_and_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run_folder.time, "strftime", lambda format: "2031-01-02_03-04-05")
    with claimed() as first:
        assert first.shown == Path("results") / "2031-01-02_03-04-05"
    first.place.mkdir(parents=True)
    with claimed() as second:
        assert second.shown == Path("results") / "2031-01-02_03-04-05-2"


def test_a_run_that_breaks_off_leaves_nothing_and_keeps_the_earlier_one(result, written, monkeypatch):
    before = (written / "report.html").read_bytes()

    def break_off(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(report, "_page", break_off)
    with pytest.raises(KeyboardInterrupt):
        write_report(result, written)
    assert (written / "report.html").read_bytes() == before
    assert list(written.parent.iterdir()) == [written]


def test_two_data_sets_have_figures_of_their_own(data, tmp_path):
    dataset = load_dataset(data)
    halves = [replace(dataset, name=name, recordings=dataset.recordings[:1]) for name in ("a b", "a_b")]
    result = compare(halves, f"{TOYS}:Loudest", jobs=1, cache=tmp_path / "cache", progress=False)
    folder = write_report(result, tmp_path / "run").folder
    names = {path.name for path in (folder / "figures").iterdir()}
    assert {"a_b_ranked.png", "a_b__ranked.png"} <= names


def test_where_pyarrow_is_installed_the_same_rows_stand_in_parquet(result, first_run):
    pytest.importorskip("pyarrow")
    for name, table in (("scores", result.scores), ("counts", result.counts)):
        assert len(table) > 5
        pd.testing.assert_frame_equal(pd.read_parquet(first_run / f"{name}.parquet"), table)
