"""Note files of other systems stand for the recordings whose names they carry, with what those systems add to them."""

from pathlib import Path

import pytest

from pianolab.compare import CompareError
from pianolab.compare.note_files import find_note_files, read_note_file
from pianolab.data import Recording
from pianolab.data.pairing import same_name
from pianolab.labels import write_labels
from pianolab.roll import Notes


def note_files(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("onset,offset,midi\n0,1,60\n")
    return find_note_files("other", folder)


def of_song(files, *, song="song.wav", id="song", others=()):
    found = read_note_file(Recording(id, Path(song)), files, others=frozenset(map(same_name, ("song", *others))))
    return found if isinstance(found, str) else len(found.transcription.notes)


@pytest.mark.parametrize(
    "name",
    [
        *("song.mid", "song_basic_pitch.csv", "song.wav.midi", "song.flac.pred.mid", "song_NNTranscription.mid"),
        *("song_onsets_and_frames.mid", "song (transcribed).mid", "song_MT3.mid", "song_bytedance.mid", "song_hFT.mid"),
        *("song_estimated.csv", "song_output.mid", "song_out.tsv", "song-result.txt", "song_MT3_output.mid"),
        *("song.transkun.mid", "song-piano.tsv", "Song_transcribed.txt", "song_basic_pitch.pred.csv", "SONG.csv"),
    ],
)
def test_a_word_that_another_system_adds_is_not_part_of_the_name(name, tmp_path):
    path = note_files(tmp_path, name, "other_song.csv", "songs.csv").of(Recording("song", Path("song.wav")))
    assert [p.name for p in path] == [name]


def test_accents_may_be_written_in_two_ways(tmp_path):
    for there, sought in (("E\u0301tude.csv", "\u00c9tude.wav"), ("\u00c9tude_basic_pitch.csv", "E\u0301tude.wav")):
        folder = tmp_path / there
        assert of_song(note_files(folder, there), song=sought) == 1


def test_the_very_name_comes_before_one_with_a_word_added(tmp_path):
    files = note_files(tmp_path, "song.csv", "Song.csv", "song_piano.csv")
    assert files.of(Recording("song", Path("song.wav"))) == [tmp_path / "song.csv"]
    assert files.of(Recording("Song", Path("Song.wav"))) == [tmp_path / "Song.csv"]
    assert of_song(files, song="SONG.wav").startswith(
        "2 note files may stand for 'SONG' (Song.csv, song.csv): keep one"
    )


def test_a_file_named_as_another_recording_is_not_taken(tmp_path):
    files = note_files(tmp_path, "song_piano.csv")
    assert of_song(files) == 1
    assert of_song(files, others=["song_piano"]) == (
        "no note file is called 'song'; there is song_piano.csv; call it song.mid, say"
    )


def test_of_one_name_in_two_formats_midi_is_read_and_the_other_said(tmp_path):
    note_files(tmp_path, "song_basic_pitch.csv")
    write_labels(tmp_path / "song_basic_pitch.mid", Notes.empty())
    files = find_note_files("other", tmp_path)
    heard = read_note_file(Recording("song", Path("song.wav")), files)
    assert len(heard.transcription.notes) == 0
    assert heard.remarks == ("song_basic_pitch.mid is read, the same name with .csv is not",)


def test_recordings_of_one_name_have_the_note_files_of_their_folders(tmp_path):
    files = note_files(tmp_path, "left/song_basic_pitch.csv", "left/song.csv", "right/song.csv")
    assert of_song(files, id="left/song") == of_song(files, id="right/song") == 1
    assert "no note file is called 'middle/song'; there are 3: " in of_song(files, id="middle/song")


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ([], r"holds no note files \(\.mid, .*\)$"),
        (["song_basic_pitch.npz"], r"holds no note files \(.*\), but song_basic_pitch\.npz$"),
        (["song.sv"], r", but song\.sv: export the layer of notes in Sonic Visualiser as \.svl"),
        (["._song.mid"], r"holds no note files \(.*\)$"),  # a Mac's, beside the true one
    ],
)
def test_a_folder_without_note_files_is_refused_with_what_is_there(there, said, tmp_path):
    for name in there:
        (tmp_path / name).write_bytes(b"no notes")
    with pytest.raises(CompareError, match=said):
        find_note_files("other", tmp_path)
