"""Two runs beside each other: in what they differ, and what is left when both are counted alike."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from pianolab.cli import main
from pianolab.compare import CompareError
from pianolab.compare.explain import explain, read_run
from pianolab.compare.kept_notes import NAME, read_notes, write_notes
from pianolab.compare.run_folder import MADE_BY, claimed
from pianolab.roll import Notes
from pianolab.scores import Protocol

PLACE = ("set", "song")
PLAYED = Notes([1.0, 2.0, 40.0], [1.2, 2.2, 40.2], [60, 62, 64], [80, 81, 82])
HELD = Notes(PLAYED.onset, PLAYED.onset + 0.9, PLAYED.midi, PLAYED.velocity)  # As the pedal holds them.


def write_run(folder, heard, *, protocol=None, seconds=None, kept=True, **about):
    """A run as `pianolab compare` leaves it, as far as `explain` reads it."""
    settings = {"seconds": seconds, "jobs": 1, "timeout_s": None, "split": "test"}
    said = {
        "made_by": MADE_BY,
        "command": "pianolab compare --data set",
        "settings": {**settings, "protocol": asdict(protocol or Protocol())},
        "detectors": [{"name": "a", "source": "0123456789", "error": ""}],
        "recordings": [{"dataset": "set", "id": "song", "checksum": "s", "labels_checksum": "l"}],
        "pianolab": "1.0",
        "libraries": {"numpy": "2.0"},
        **about,
    }
    with claimed(folder) as claim:
        claim.new.mkdir()
        if kept:
            truths = {"release": {PLACE: PLAYED}, "extended": {PLACE: HELD}}
            write_notes(claim.new / NAME, truths, {(*PLACE, "a"): heard})
        return claim.put(said)


def test_notes_come_back_as_they_were(tmp_path):
    strange = ("<script>", "한글 \n", "a:b=1")
    unknown = Notes([0.5], [0.6], [21], confidence=[0.25])
    write_notes(tmp_path / NAME, {"release": {PLACE: PLAYED, strange[:2]: Notes.empty()}}, {strange: unknown})
    found = read_notes(tmp_path / NAME)
    assert found.truths == {"release": {PLACE: PLAYED, strange[:2]: Notes.empty()}}
    assert found.heard == {strange: unknown}


def test_two_runs_are_scored_by_each_others_protocol(tmp_path):
    """The same notes, as the pedal holds them: right by the second run's rule, too long by that of the first."""
    first = write_run(tmp_path / "a", HELD)
    second = write_run(tmp_path / "b", HELD, protocol=Protocol(pedal="extended"))
    found = explain(first, second)
    assert [(d.about, d.what, d.first, d.second) for d in found.differences] == [
        ("choice", "protocol: pedal", "release", "extended")
    ]
    scores = found.scores.set_index("metric")
    assert list(scores.n) == [1, 1, 1]
    sides = ["first_by_first", "first_by_second", "second_by_first", "second_by_second"]
    assert list(scores.loc["onset_f1", sides]) == [1.0, 1.0, 1.0, 1.0]
    assert list(scores.loc["note_f1", sides]) == [0.0, 1.0, 0.0, 1.0]


def test_a_run_of_the_beginning_is_compared_over_the_beginning(tmp_path):
    first = write_run(tmp_path / "a", PLAYED[:2])
    second = write_run(tmp_path / "b", PLAYED[:2], seconds=30.0)
    scores = explain(first, second).scores.set_index("metric").loc["onset_f1"]
    assert scores.first_by_first == pytest.approx(0.8)  # The note at 40 s is missing.
    assert (scores.first_by_second, scores.second_by_first, scores.second_by_second) == (1.0, 1.0, 1.0)


def test_data_detectors_and_versions_that_differ_are_named(tmp_path):
    first = write_run(tmp_path / "a", PLAYED)
    others = [
        {"dataset": "set", "id": "song", "checksum": "s", "labels_checksum": "mended"},
        {"dataset": "set", "id": "<b>new", "checksum": "n", "labels_checksum": "n"},
    ]
    detectors = [{"name": "a", "source": "9876543210", "error": ""}, {"name": "c", "source": "", "error": ""}]
    second = write_run(tmp_path / "b", PLAYED, recordings=others, detectors=detectors, libraries={"numpy": "2.1"})
    found = {(d.about, d.what): (d.first, d.second) for d in explain(first, second).differences}
    assert found["detector", "a"] == ("there, code 01234567", "there, code 98765432")
    assert found["detector", "c"] == ("-", "there")
    assert found["data", "recordings only in the second"] == ("-", "1: set/<b>new")
    assert found["data", "other labels under the same name"][0] == "1: set/song"
    assert found["version", "numpy"] == ("2.0", "2.1")
    assert len(found) == 5


def test_a_run_and_itself_differ_in_nothing(tmp_path, capsys):
    folder = str(write_run(tmp_path / "a", PLAYED))
    assert main(["explain", folder, folder]) == 0
    out = capsys.readouterr().out
    assert out.count("  the same") == 4
    assert "A by B" in out
    assert main(["explain", folder, folder, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["differences"] == []
    assert found["scores"][0]["first_by_second"] == 1.0


def cut(path):
    path.write_bytes(path.read_bytes()[:-20])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: cut(folder / NAME), "notes.npz is cut or was changed: run its comparison again"),
        (lambda folder: cut(folder / "run.json"), "run.json is cut, or not of pianolab compare: run its"),
        (lambda folder: (folder / NAME).unlink(), "notes.npz is cut or was changed"),
        (lambda folder: (folder / "run.json").unlink(), "holds no run.json: name a folder that pianolab compare"),
        (lambda folder: (folder / "run.json").write_text("[1]"), "run.json is cut, or not of pianolab compare"),
        (
            lambda folder: (folder / "run.json").write_text('{"made_by": "<b>you", "files": {}}'),
            "run.json is of <b>you, not of pianolab compare",
        ),
        (
            lambda folder: (folder / "run.json").write_text((folder / "run.json").read_text().replace("1.0", "1.1")),
            "run.json is cut or was changed",
        ),
    ],
)
def test_a_folder_that_is_cut_or_foreign_is_refused_in_one_line(tmp_path, spoil, message, capsys):
    good, bad = (write_run(tmp_path / name, PLAYED) for name in "ab")
    spoil(bad)
    with pytest.raises(CompareError, match=message):
        explain(good, bad)
    assert main(["explain", str(good), str(bad)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_run_without_notes_says_how_to_get_them(tmp_path):
    old = write_run(tmp_path / "old", PLAYED, kept=False)
    with pytest.raises(CompareError, match=r"pianolab 1\.0, which kept no notes in it: run it again: pianolab compare"):
        read_run(old)
    with pytest.raises(CompareError, match="is no folder: name one that pianolab compare wrote"):
        read_run(tmp_path / "none")


def test_a_file_of_notes_that_is_none_is_refused(tmp_path):
    (tmp_path / NAME).write_bytes(b"PK\3\4 no archive")
    with pytest.raises(CompareError, match="is cut, or no comparison wrote it"):
        read_notes(tmp_path / NAME)
    with (tmp_path / NAME).open("wb") as file:
        np.savez(file, index=np.zeros(3))
    with pytest.raises(CompareError, match="is cut, or no comparison wrote it"):
        read_notes(tmp_path / NAME)


def test_runs_without_anything_in_common_are_refused(tmp_path):
    first, second = write_run(tmp_path / "a", PLAYED), write_run(tmp_path / "b", PLAYED)
    run = read_run(second)
    alone = type(run)(run.folder, run.about, type(run.notes)(run.notes.truths, {}), run.protocol, run.seconds)
    with pytest.raises(CompareError, match="have no recording and detector in common: the second has nobody"):
        explain(read_run(first), alone)
