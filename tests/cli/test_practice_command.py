"""`pianolab practice` says what was right in a take of a piece, and refuses in one line what it cannot do."""

import json

import numpy as np
import pytest

from pianolab import sound
from pianolab.cli import main
from pianolab.labels import write_labels
from pianolab.piano import render
from pianolab.places import comes_with
from pianolab.roll import Notes

pytest.importorskip("verovio", reason="scores are read with verovio")

PIECE = "mary_had_a_little_lamb"


@pytest.fixture(scope="module")
def score():
    from pianolab.practice import read_score

    return read_score(comes_with("data") / "pieces" / f"{PIECE}.musicxml")


def with_wrong_key(notes, which, by):
    keys = notes.midi.copy()
    keys[which] += by
    return Notes(notes.onset, notes.offset, keys)


def run(capsys, *words):
    code = main(["practice", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_list_names_each_piece_with_grade_and_length(capsys):
    code, out, _ = run(capsys, "list")
    lines = out.splitlines()
    assert (code, len(lines)) == (0, 13)
    assert lines[0].split() == ["grade", "name", "key", "signature", "bars", "length", "title"]
    grades = [int(line[0]) for line in lines[1:]]
    assert grades == sorted(grades)
    assert any(line.split()[:6] == ["5", "petzold_minuet", "1", "sharp", "64", "96"] for line in lines)
    code, out, _ = run(capsys, "list", "--json")
    assert {row["name"] for row in json.loads(out)} == {line.split()[1] for line in lines[1:]}


def test_a_right_playing_is_not_blamed_and_a_wrong_key_is_named(score, tmp_path, capsys):
    notes = score.performance()
    write_labels(tmp_path / "right.mid", notes)
    code, out, _ = run(capsys, "report", PIECE, tmp_path / "right.mid")
    assert code == 0
    assert f"in all {len(notes)} of {len(notes)} notes were right\nno mistake was heard" in out
    write_labels(tmp_path / "wrong.mid", with_wrong_key(notes, 11, 1))
    code, out, _ = run(
        capsys,
        "report",
        PIECE,
        tmp_path / "wrong.mid",
        "--json",
        tmp_path / "said.json",
        "--figure",
        tmp_path / "new" / "said.png",
    )
    assert code == 0
    assert "bar 3: 3 of 4 right" in out
    assert "You played D#4, the score has D4." in out
    said = json.loads((tmp_path / "said.json").read_text(encoding="utf-8"))
    assert (said["totals"]["wrong"], said["right"], said["notes"]) == (1, len(notes) - 1, len(notes))
    assert len(said["pictures"]["rhythm"]["steps"]) > 20
    assert (tmp_path / "new" / "said.png").read_bytes()[:4] == b"\x89PNG"


def test_a_passage_of_one_hand_is_heard_in_sound_and_told_in_korean(score, tmp_path, capsys):
    names = [score.bars[0].number, score.bars[1].number]
    inside = np.array([note.hand == "right" and note.bar in names for note in score.notes])
    notes = score.performance()[inside]
    y = render(Notes(notes.onset + 0.3, notes.offset + 0.25, notes.midi), sr=16000)
    sound.write(tmp_path / "take.wav", y, sr=16000)
    words = ("report", PIECE, tmp_path / "take.wav", "--hand", "right", "--bars", "1-2", "--language", "ko")
    code, out, _ = run(capsys, *words, "--detector", "fft_peak")
    assert code == 0
    assert f"모두 {len(notes)}음 가운데 {len(notes)}음을 맞게 쳤습니다\n틀린 곳이 들리지 않았습니다" in out
    assert "3마디" not in out


def test_what_was_kept_of_reports_is_shown_as_progress_by_passage(score, tmp_path, capsys):
    library = ("--library", tmp_path / "library")
    piece = comes_with("data") / "pieces" / f"{PIECE}.musicxml"
    notes = score.performance()
    write_labels(tmp_path / "wrong.mid", with_wrong_key(notes, 11, 1))
    write_labels(tmp_path / "right.mid", notes)
    code, _, err = run(capsys, "report", PIECE, tmp_path / "right.mid", "--keep", *library)
    assert (code, "is not in your library" in err) == (2, True)
    assert main(["library", "add", str(piece), *map(str, library)]) == 0
    assert run(capsys, "progress", PIECE, *library)[1].splitlines()[-1] == "nothing was practised yet"
    for take in ("wrong", "right"):
        assert run(capsys, "report", PIECE, tmp_path / f"{take}.mid", "--keep", *library)[0] == 0
    assert run(capsys, "report", "1", tmp_path / "right.mid", "--bars", "3-4", "--keep", *library)[0] == 0
    code, out, _ = run(capsys, "progress", "1", *library)
    lines = out.splitlines()
    assert code == 0
    assert lines[1].split() == ["hands", "bars", "takes", "first", "best", "last", "all", "right", "at"]
    assert lines[2].split()[:3] == ["both", "3-4", "1"]
    assert lines[3].split() == ["both", "1-8", "2", "97", "%", "100", "%", "100", "%", "100", "%"]
    assert lines[4] == "bar 3: 92 % right lately"
    code, out, _ = run(capsys, "progress", piece, "--json", *library)
    assert [take["last_bar"] for take in json.loads(out)["takes"]] == [7, 7, 3]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["report", "mary_had_a_litle_lamb", "x.mid"], "there is no score 'mary_had_a_litle_lamb': did you mean mary"),
        (["report", PIECE, "nowhere.wav"], "nowhere.wav"),
        (["report", PIECE, "nowhere.mid"], "nowhere.mid"),
        (["report", PIECE, "x.mid", "--bars", "7-99"], "there are no bars 7 to 99: the score has 1 to 8"),
        (["report", PIECE, "x.mid", "--bars", "8-7"], "'8-7' is no passage: use two numbers of bars, such as 5-8"),
        (["report", PIECE, "x.mid", "--tempo", "nan"], "'nan' is no tempo: use 10 to 400"),
        (["report", PIECE, "x.mid", "--certainty", "0.2"], "'0.2' is no certainty: use 0.5 to 1"),
        (["report", PIECE, "x.mid", "--detector", "yni"], "unknown detector 'yni': did you mean yin"),
        (["report", PIECE, "x.mid", "--json", "."], "is a folder: name a file"),
        (["report", PIECE, "x.mid", "--figure", "."], "--figure . is a folder: name a file"),
        (["report", "99999999", "x.mid"], "99999999"),
        (["rport"], "unknown command 'rport': did you mean report"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(words, says, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())
