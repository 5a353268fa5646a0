"""A corpus can be read by others as it was made, goes on where it was stopped, and is never mixed."""

import json

import numpy as np
import pytest
from made_pieces import piece

from pianolab import sound
from pianolab.cli import main
from pianolab.labels import read_labels, write_labels
from pianolab.places import comes_with
from pianolab.practice.corpus import read_take, write_corpus, write_take
from pianolab.practice.mistakes import KINDS, play
from pianolab.practice.part import PartError


def silent(notes, seed):
    return np.zeros(800, np.float32)


def test_a_take_comes_back_as_it_was(tmp_path):
    take = play(piece(1, n_bars=40), beats_a_minute=90, seed=1, mistakes=KINDS)
    assert len(take.mistakes) > 6
    write_take(tmp_path / "one", take)
    back = read_take(tmp_path / "one")
    assert back.of.tolist() == take.of.tolist()
    assert back.notes.onset == pytest.approx(take.notes.onset, abs=1e-5)
    assert back.part.midi.tolist() == take.part.midi.tolist()
    assert [(one.kind, one.asked, one.played, one.to_bar) for one in back.mistakes] == [
        (one.kind, one.asked, one.played, one.to_bar) for one in take.mistakes
    ]
    assert read_labels(tmp_path / "one.tsv").midi.tolist() == take.notes.midi.tolist(), "others read them as labels"


def test_a_corpus_that_was_stopped_goes_on(tmp_path):
    made = []

    def counted(notes, seed):
        made.append(seed)
        return silent(notes, seed)

    def once():
        return write_corpus(tmp_path, {"a": piece(1), "b": piece(2)}, sound_of=counted, sr=8000, seed=5)

    next(once())
    assert len(made) == 1
    paths = list(once())
    assert len(made) == len(paths) == 4
    assert read_take(tmp_path / "a_right").mistakes == ()
    assert len(read_take(tmp_path / "b_1").mistakes) > 3


def test_two_corpora_are_not_mixed(tmp_path):
    list(write_corpus(tmp_path, {"a": piece(1)}, sound_of=silent, sr=8000, seed=5))
    with pytest.raises(PartError, match="in another way"):
        list(write_corpus(tmp_path, {"a": piece(1)}, sound_of=silent, sr=8000, seed=6))
    (tmp_path / "corpus.json").unlink()
    with pytest.raises(PartError, match="nobody described"):
        list(write_corpus(tmp_path, {"a": piece(1)}, sound_of=silent, sr=8000, seed=5))


@pytest.mark.parametrize("spoilt", ["", "kind\ttime_s\n", "kind\tbar\nwrong\tx\n"])
def test_a_spoilt_take_is_refused(tmp_path, spoilt):
    write_take(tmp_path / "one", play(piece(1), beats_a_minute=90, seed=1, mistakes=["wrong"]))
    (tmp_path / "one.part.tsv").write_text(spoilt, encoding="utf-8")
    with pytest.raises(PartError, match=r"one is no take of a corpus|no note to be played"):
        read_take(tmp_path / "one")


def test_the_command_writes_sound_whose_strokes_are_those_of_the_labels(tmp_path, capsys):
    part = piece(1, n_bars=5)
    write_labels(tmp_path / "song.mid", part.at_tempo(120))
    out = tmp_path / "corpus"
    words = ["mistakes", str(tmp_path / "song.mid"), "--out", str(out), "--kind", "wrong", "--sr", "8000"]
    assert main([*words, "--tempo", "200"]) == 0
    assert "2 takes, on grand" in capsys.readouterr().out
    take = read_take(out / "song_1")
    assert [one.kind for one in take.mistakes] == ["wrong"]
    y, sr = sound.load(out / "song_1.flac", sr=None)
    begins = round(take.notes.onset[0] * sr)
    assert np.max(np.abs(y[: begins - 10])) < 1e-3 < np.max(np.abs(y[begins : begins + 800]))


def test_a_score_is_played_with_its_bars_hands_and_tempo(tmp_path, capsys):
    pytest.importorskip("verovio", reason="scores need verovio")
    score = comes_with("data") / "pieces" / "mary_had_a_little_lamb.musicxml"
    out = tmp_path / "corpus"
    assert main(["mistakes", str(score), "--out", str(out), "--kind", "missing", "--sr", "8000"]) == 0
    assert json.loads((out / "corpus.json").read_text())["beats_a_minute"] == {score.stem: pytest.approx(96)}
    right, wrong = (read_take(out / f"{score.stem}_{name}") for name in ("right", 1))
    assert set(right.part.hand) == {1, 2}
    assert right.part.bar.max() == 7
    assert len(right.notes) == 34
    assert len(wrong.notes) == 33


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--kind", "wrnog"], "mistake 'wrnog' is unknown"),
        (["--piano", "gand"], "piano 'gand' is neither rendered nor a folder"),
        (["--tempo", "0"], "is no tempo"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(tmp_path, capsys, words, why):
    write_labels(tmp_path / "song.mid", piece(1, n_bars=2).at_tempo(120))
    assert main(["mistakes", str(tmp_path / "song.mid"), "--out", str(tmp_path / "out"), *words]) == 2
    err = capsys.readouterr().err
    assert why in err
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()
