"""A peer as a command line: its notes are scored as they stand, and whatever it does wrong is a row that says so."""

import sys
import time
from pathlib import Path

import numpy as np
import pytest

from pianolab import sound
from pianolab.cli import main
from pianolab.compare import CompareError, compare, read_table
from pianolab.compare.commands import CommandJob, find_command, hear_by_command
from pianolab.labels import write_labels
from pianolab.roll import Notes
from pianolab.sound import checksum

SR = 8000
# Says of a sound that C4 lasts from its middle to its end; with a word behind the paths it does something wrong.
PEER = """\
import sys, time, wave
audio, out, *wrong = sys.argv[1:]
if wrong == ["fails"]:
    print("first", file=sys.stderr); sys.exit("there is no such model")
if wrong == ["dies"]:
    import os, signal; os.kill(os.getpid(), signal.SIGKILL)
if wrong == ["hangs"]:
    time.sleep(600)
with wave.open(audio) as file:
    length = file.getnframes() / file.getframerate()
if wrong == ["counts"]:
    open(sys.argv[0] + ".log", "a").write(f"{length}\\n")
if wrong == ["writes nonsense"]:
    open(out + ".tsv", "w").write("onset\\toffset\\tmidi\\n1\\tx\\t60\\n")
elif wrong != ["writes nothing"]:
    open(out, "w").write(f"onset\\toffset\\tmidi\\n{length / 2}\\t{length}\\t60\\n")
if wrong == ["writes twice"]:
    for name in ("a", "b"):
        open(f"{out}{name}.tsv", "w").write("onset\\toffset\\tmidi\\n")
    import os; os.remove(out)
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a program and two recordings of which the notes are as the program says."""
    monkeypatch.chdir(tmp_path)
    Path("peer.py").write_text(PEER, encoding="utf-8")
    for name, length_s in (("one", 1.0), ("two", 0.5)):
        Path("songs").mkdir(exist_ok=True)
        sound.write(f"songs/{name}.wav", np.full(int(SR * length_s), 0.25, np.float32), sr=SR)
        write_labels(f"songs/{name}.tsv", Notes([length_s / 2], [length_s], [60]))
    return tmp_path


def line(wrong="", out="{out}"):
    return f"{sys.executable} peer.py {{audio}} {out} {wrong and repr(wrong)}".strip()


def heard(wrong="", out="{out}", **job):
    """What comes of one recording, without a worker."""
    words = find_command("mine", line(wrong, out)).words
    given = {"audio": "songs/one.wav", "seconds": None, "checksum": checksum("songs/one.wav"), "folder": "."}
    return hear_by_command(CommandJob(words=words, **(given | job)))


def test_its_notes_are_taken_as_they_stand_and_nothing_is_left_behind(place):
    found = heard().transcription
    assert found.notes == Notes([0.5], [1.0], [60])
    assert found.seconds_audio == 1.0
    assert sorted(path.name for path in place.iterdir()) == ["peer.py", "songs"]


def test_it_hears_the_beginning_only_where_no_more_is_wanted(place):
    assert heard(seconds=0.4).transcription.notes == Notes([0.2], [0.4], [60])


@pytest.mark.parametrize("out", ["{out}.tsv", "{folder}/of_its_own.txt"])
def test_it_may_choose_the_suffix_and_the_name(place, out):
    assert heard(out=out).transcription.notes == Notes([0.5], [1.0], [60])


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("fails", "the command ended with exit code 1: there is no such model"),
        ("writes nothing", "the command wrote no notes: let it write {out}.mid or {out}.tsv"),
        ("writes nonsense", "what the command wrote cannot be read: out/notes.tsv, line 2"),
        ("writes twice", "the command wrote 2 files of notes: notesa.tsv, notesb.tsv"),
    ],
)
def test_what_it_does_wrong_is_said_in_a_line(place, wrong, why):
    found = heard(wrong)
    assert isinstance(found, str)
    assert found.startswith(why)
    assert "\n" not in found


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals there")
def test_a_program_that_is_killed_is_said_to_be(place):
    assert heard("dies") == "the command ended by signal 9, and it said nothing"


def test_a_sound_that_was_changed_meanwhile_is_not_scored(place):
    assert "was changed while it was compared" in heard(checksum="another")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("mine", "no-such-program {audio} {out}", "there is no program 'no-such-program' here: give its path"),
        ("mine", f"{sys.executable} {{audio}}", "has no {out}: write PROGRAM {audio} {out}"),
        ("mine", f"{sys.executable} {{out}}", "has no {audio}: write PROGRAM {audio} {out}"),
        ("mine", "'half {audio} {out}", "close what is quoted"),
        ("mine", "", "has no {audio}"),
        ("a:b", "x {audio} {out}", "no name for a command"),
    ],
)
def test_a_line_that_cannot_be_run_is_refused_before_anything_is_heard(place, name, text, why):
    with pytest.raises(CompareError, match=r"^[^\n]+$") as refused:
        find_command(name, text)
    assert why in str(refused.value)


def test_it_takes_part_in_a_comparison_and_is_not_asked_twice(place):
    def compared():
        return compare("songs", commands={"mine": line("counts")}, cache="kept", jobs=1, progress=False)

    found = compared()
    assert found.ranking.detector.tolist() == ["mine"]
    assert found.ranking.onset_f1.tolist() == [1.0]
    assert found.scores.seconds_cpu.gt(0).all()
    again = compared()
    assert sorted(Path("peer.py.log").read_text().split()) == ["0.5", "1.0"]
    assert again.scores.equals(found.scores)
    with Path("peer.py").open("a") as file:
        file.write("# another version\n")
    compared()
    assert len(Path("peer.py.log").read_text().split()) == 4


def test_one_that_takes_too_long_is_stopped_and_the_others_are_scored(place, capsys):
    Path("songs/two.wav").unlink()
    begun = time.monotonic()
    lines = ["--command", f"late={line('hangs')}", "--command", f"mine={line()}"]
    assert main(["compare", "--data", "songs", *lines, "--timeout", "1", "--jobs", "2", "--out", "run"]) == 1
    assert time.monotonic() - begun < 60
    scores = read_table("run/scores.csv")
    assert scores[scores.detector == "late"].error.str.contains(r"--timeout").all()
    assert scores[scores.detector == "mine"].status.eq("ok").all()
    assert "late failed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--command", "mine"], "is not NAME=PROGRAM {audio} {out}"),
        (["--command", "mine=x {audio} {out}", "--command", "mine=y {audio} {out}"], "is given twice"),
        (["--command", "mine=no-such-program {audio} {out}"], "there is no program 'no-such-program'"),
    ],
)
def test_the_command_line_refuses_in_a_line(place, words, why, capsys):
    assert main(["compare", "--data", "songs", *words, "--out", "run"]) == 2
    err = capsys.readouterr().err
    assert why in err
    assert "Traceback" not in err
    assert not Path("run").exists()
