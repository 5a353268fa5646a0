"""What is compared where no data are named: rendered and recorded notes, each in a table of its own."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pianolab.cli import main
from pianolab.compare import compare
from pianolab.data import builtin_index, data_dir, notes_path, real_index
from pianolab.data.builtin import write_index

REAL = ("ydp_A4", "ydp_C6", "ydp_phrase_01")


@pytest.fixture
def few(tmp_path, monkeypatch):
    """The shortest built-in test recording and three of the recorded notes."""
    entry = min((e for e in builtin_index() if e["split"] == "test"), key=lambda e: e["seconds"])
    (tmp_path / "data" / "builtin" / "notes").mkdir(parents=True)
    shutil.copy(notes_path(entry), tmp_path / "data" / "builtin" / "notes")
    write_index([entry], tmp_path / "data" / "builtin")
    entries = [e for e in real_index() if e["id"] in REAL]
    (tmp_path / "data" / "real" / "recordings").mkdir(parents=True)
    for name in [name for e in entries for name in (f"{e['id']}.ogg", e["labels"])]:
        shutil.copy(data_dir() / "real" / "recordings" / name, tmp_path / "data" / "real" / "recordings")
    (tmp_path / "data" / "real" / "index.json").write_text(json.dumps({"recordings": entries}), encoding="utf-8")
    monkeypatch.setenv("PIANOLAB_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return entry["id"]


def test_rendered_and_recorded_notes_are_two_tables_and_no_mean_has_both(few, tmp_path):
    result = compare(None, ["fft_peak", "yin"], jobs=1, cache=tmp_path / "cache", progress=False)
    assert result.sources == {"builtin": "rendered", "real": "recorded notes"}
    assert list(result.ranking.dataset) == ["builtin"] * 2 + ["real"] * 2
    assert list(result.ranking.n) == [1, 1, 3, 3]
    own = result.scores.loc[(result.scores.metric == "onset_f1") & (result.scores.protocol == str(result.protocol))]
    for row in result.ranking.itertuples():
        mine = own.loc[(own.dataset == row.dataset) & (own.detector == row.detector), "value"]
        assert row.onset_f1 == pytest.approx(np.mean(mine), abs=1e-12)
    assert set(result.summary.dataset) == {"builtin", "real"}


@pytest.mark.slow
def test_the_command_prints_both_tables_and_the_report_says_what_the_sounds_are(few, capsys):
    words = ["compare", "--detector", "fft_peak", "--seconds", "3", "--jobs", "1", "--cache", "kept", "--out", "run"]
    assert main(words) == 0
    blocks = capsys.readouterr().out.split("\n\n")
    assert [block.splitlines()[0] for block in blocks[:2]] == ["builtin (rendered)", "real (recorded notes)"]
    command = json.loads(Path("run/run.json").read_text(encoding="utf-8"))["command"]
    assert command.startswith("pianolab compare --data builtin --data real --detector fft_peak --seconds 3")
    page = re.sub(r"\s+", " ", Path("run/report.html").read_text(encoding="utf-8"))
    assert re.search(r"<h2>builtin \( ?rendered recordings\)</h2>", page)
    assert "<h2>real (recorded notes)</h2>" in page
    assert "Every sound is a recorded note of a real piano, but nobody played the music" in page
    assert page.count("The worst recordings") == 2
    assert page.count("Bar chart of mean onset F1 on") == 2


def test_one_data_set_can_still_be_asked_for(few, capsys):
    words = ["compare", "--detector", "fft_peak", "--seconds", "2", "--jobs", "1", "--cache", "kept", "--out", "run"]
    assert main([*words, "--data", "builtin"]) == 0
    assert set(pd.read_csv("run/scores.csv").dataset) == {"builtin"}
    assert "real (recorded notes)" not in capsys.readouterr().out


def test_an_old_data_folder_is_named_and_its_rendered_recordings_are_heard(few, tmp_path, capsys):
    shutil.rmtree(tmp_path / "data" / "real")
    words = ["compare", "--detector", "fft_peak", "--seconds", "2", "--jobs", "1", "--cache", "kept", "--out", "run"]
    assert main(words) == 0
    said = capsys.readouterr()
    assert "has no real/: only the rendered recordings take part; unset PIANOLAB_DATA, or copy real/ there" in said.err
    assert said.out.startswith("builtin (rendered)")
