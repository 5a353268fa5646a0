"""A run beside an earlier one: what changed beyond the interval is marked, and nothing else."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from pianolab import sound
from pianolab.cli import main
from pianolab.compare import CompareError, compare, read_table, write_report
from pianolab.compare.against import changes, keep, marks, read_before, sentences
from pianolab.labels import write_labels
from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.scores import Protocol

STAMP = str(Protocol())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A comparison of three melodies, as it is written, and the part of it that is kept."""
    folder = tmp_path_factory.mktemp("against")
    (folder / "songs").mkdir()
    for number, keys in enumerate(([60, 62, 64], [65, 64, 62], [67, 60, 67])):
        melody = Notes([0.2, 0.7, 1.2], [0.6, 1.1, 1.6], keys)
        sound.write(folder / "songs" / f"{number}.wav", render(melody, sr=44100, seed=number), sr=44100)
        write_labels(folder / "songs" / f"{number}.tsv", melody)
    found = compare(folder / "songs", ["fft_peak", "yin"], cache=folder / "kept", jobs=1, progress=False)
    write_report(found, folder / "run")
    keep(folder / "run", folder / "reference")
    return folder, found


def moved(found, by):
    """The rows of a comparison in which the onset F1 of a detector moved by so much in each recording."""
    scores = found.scores.copy()
    of = (scores.detector == "yin") & (scores.metric == "onset_f1") & (scores.protocol == STAMP)
    assert of.sum() == len(by)
    scores.loc[of, "value"] += by
    return scores


@pytest.mark.parametrize("kind", ["run", "reference"])
def test_the_same_numbers_are_all_equal(run, kind):
    folder, found = run
    before = read_before(folder / kind, protocol=STAMP, seconds=None)
    table = changes(found.scores, found.about["recordings"], before, protocol=STAMP)
    assert len(table) == 8  # two detectors, four scores
    assert (table.n == 3).all()
    assert (table.difference == 0).all()
    assert not table.changed.any()
    assert sentences(table, before, 3)[0].endswith(
        "8 means are in both, 8 of them equal; none changed beyond its 95 % interval"
    )


@pytest.mark.parametrize(
    ("by", "changed", "mark"),
    [([-0.2, -0.1, -0.3], True, "-0.200 *"), ([0.1, 0.2, 0.3], True, "+0.200 *"), ([-0.3, 0.3, 0.06], False, "+0.020")],
)
def test_what_moved_in_one_direction_everywhere_is_marked_and_what_moved_here_and_there_is_not(run, by, changed, mark):
    folder, found = run
    before = read_before(folder / "reference", protocol=STAMP, seconds=None)
    table = changes(moved(found, by), found.about["recordings"], before, protocol=STAMP)
    mine = table[(table.detector == "yin") & (table.metric == "onset_f1")].iloc[0]
    assert bool(mine.changed) is changed
    assert mine.difference == pytest.approx(sum(by) / 3, abs=1e-4)
    assert table.changed.sum() == changed
    assert marks(table, "songs") == {"fft_peak": "+0.000", "yin": mark}
    lines = sentences(table, before, 3)
    assert len(lines) == 1 + changed
    assert not changed or lines[1].startswith("  songs: yin: onset F1 ")


def test_a_recording_with_another_sound_is_left_out(run):
    folder, found = run
    before = read_before(folder / "reference", protocol=STAMP, seconds=None)
    recordings = [dict(one) for one in found.about["recordings"]]
    recordings[0]["checksum"] = "another"
    table = changes(found.scores, recordings, before, protocol=STAMP)
    assert (table.n == 2).all()
    none = changes(found.scores, [{**one, "checksum": "x"} for one in recordings], before, protocol=STAMP)
    assert none.empty
    assert "no recording of these 3" in sentences(none, before, 3)[0]


def test_the_command_marks_it_in_table_report_and_a_file(run, monkeypatch, capsys):
    folder, found = run
    monkeypatch.chdir(folder)
    # As if yin had been worse before: kept numbers are read from the file.
    about = json.loads(Path("run/run.json").read_text(encoding="utf-8"))
    write_report(pretend(found, about, [-0.3, -0.2, -0.25]), "worse")
    words = ["--detector", "fft_peak", "--detector", "yin", "--cache", "kept", "--jobs", "1"]
    assert main(["compare", "--data", "songs", *words, "--against", "worse", "--out", "now"]) == 0
    out = capsys.readouterr().out
    assert "+0.250 *" in out
    assert "against worse (" in out
    page = Path("now/report.html").read_text(encoding="utf-8")
    assert "+0.250 *" in page
    assert "Against worse" in page
    table = read_table("now/against.csv")
    assert table[table.changed.astype(str) == "True"].detector.tolist() == ["yin"]


def pretend(found, about, by):
    """A result with other numbers, as an earlier version might have had."""
    return replace(
        found, scores=moved(found, by), about={name: value for name, value in about.items() if name != "files"}
    )


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--against", "nowhere"], "nowhere is no folder"),
        (["--against", "songs"], "songs holds no run.json"),
        (["--against", "run", "--seconds", "1"], "run heard all of each recording, this is the first 1 s"),
        (["--against", "run", "--pedal", "extended"], "was scored by another protocol"),
    ],
)
def test_a_run_that_cannot_be_held_against_is_refused_before_anything_is_heard(run, monkeypatch, capsys, words, why):
    monkeypatch.chdir(run[0])
    assert main(["compare", "--data", "songs", "--detector", "yin", *words, "--out", "refused"]) == 2
    err = capsys.readouterr().err
    assert why in err
    assert "Traceback" not in err
    assert not Path("refused").exists()


def test_a_kept_run_that_was_cut_is_refused(run, tmp_path):
    keep(run[0] / "run", tmp_path / "kept")
    text = (tmp_path / "kept" / "scores.csv").read_text(encoding="utf-8")
    (tmp_path / "kept" / "scores.csv").write_text(text[: len(text) // 2], encoding="utf-8")
    with pytest.raises(CompareError, match="is cut or was changed"):
        read_before(tmp_path / "kept", protocol=STAMP, seconds=None)


def test_what_is_kept_is_small_and_has_four_decimals(run):
    table = pd.read_csv(run[0] / "reference" / "scores.csv")
    assert len(table) == 6  # three recordings, two detectors
    assert {"onset_f1", "note_f1", "frame_f1", "melody_rpa"} <= set(table)
    assert sorted(path.name for path in (run[0] / "reference").iterdir()) == ["run.json", "scores.csv"]


def test_what_holds_no_scores_cannot_be_kept(run, tmp_path):
    folder, found = run
    failed = found.scores.loc[found.scores.recording == "0"].assign(metric="", status="error")
    write_report(replace(found, scores=failed), tmp_path / "failed")
    for name in (folder / "reference", tmp_path / "failed"):
        with pytest.raises(CompareError, match=f"{name.name} holds no scores to keep: name a folder"):
            keep(name, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_the_command_of_a_run_names_what_it_was_held_against(run):
    folder, found = run
    assert "--against" not in found.about["command"]
    words = {"cache": folder / "kept", "jobs": 1, "progress": False}
    again = compare(folder / "songs", ["fft_peak", "yin"], against=folder / "run", **words)
    assert f"--against {folder / 'run'}" in again.about["command"]
