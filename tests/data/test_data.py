"""Recordings are found by their names, and everything that is left out is named."""

import os

import numpy as np
import pytest
import soundfile as sf

from pianolab.data import DatasetError, Recording, load_dataset, make_phrases
from pianolab.labels import write_labels
from pianolab.roll import Notes
from pianolab.sound import first_onset_s

SR = 8000
TWO_NOTES = Notes([0.0, 0.5], [0.4, 0.9], [60, 64])
CHORD = Notes([0.0, 0.1], [0.9, 0.9], [60, 64])


def sound(path, *, seconds=1.0, hz=440.0, silence_s=0.0):
    """A decaying tone after some silence."""
    path.parent.mkdir(parents=True, exist_ok=True)
    t = np.arange(int(seconds * SR)) / SR
    tone = 0.5 * np.sin(2 * np.pi * hz * t) * np.exp(-2 * t)
    sf.write(path, np.concatenate([np.zeros(int(silence_s * SR)), tone]), SR)
    return path


def labelled(path, notes=TWO_NOTES, *, suffix=".mid", **kwargs):
    sound(path, **kwargs)
    write_labels(path.with_suffix(suffix), notes)
    return path


def test_builtin_gives_rendered_recordings_of_the_split_asked_for():
    test, tune, whole = (load_dataset("builtin", split=split) for split in ("test", "tune", "all"))
    assert len(test) >= 20
    assert len(test) + len(tune) == len(whole)
    assert {recording.split for recording in test} == {"test"}
    assert {recording.source for recording in whole} == {"rendered"}
    recording = test["ode_to_joy"]
    assert (recording.monophonic, recording.composer) == (True, "Ludwig van Beethoven (1770-1827)")
    y, sr = recording.load(duration_s=2.0)
    assert len(y) == 2 * sr == 88200


def test_a_data_set_holds_its_recordings_and_their_ids(tmp_path):
    labelled(tmp_path / "a.wav")
    found = load_dataset(tmp_path)
    assert "a" in found
    assert found["a"] in found
    assert "b" not in found
    assert 0 not in found


def test_extended_offsets_come_from_the_pedal_of_the_built_in_pieces():
    recording = load_dataset("builtin", split="test")["beethoven_moonlight"]
    held = recording.notes("extended").offset - recording.notes("release").offset
    assert np.all(held >= 0)
    assert np.median(held) > 0.2


def test_a_folder_is_searched_to_the_bottom(tmp_path):
    labelled(tmp_path / "a.wav")
    labelled(tmp_path / "deep" / "deeper" / "b.flac", CHORD, suffix=".tsv")
    found = load_dataset(tmp_path)
    assert [(r.id, r.kind, r.piece, r.source, r.split) for r in found] == [
        ("a", "monophonic", "a", "unknown", ""),
        ("b", "polyphonic", "b", "unknown", ""),
    ]
    assert found["b"].notes().midi.tolist() == [60, 64]


@pytest.mark.parametrize("split", ["tune", "test", "all"])
def test_a_recording_without_a_declared_split_belongs_to_every_one(tmp_path, split):
    labelled(tmp_path / "a.wav")
    assert [r.id for r in load_dataset(tmp_path, split=split)] == ["a"]


def test_of_several_label_files_midi_counts(tmp_path):
    path = labelled(tmp_path / "a.wav", suffix=".txt")
    for suffix in (".csv", ".tsv", ".mid"):
        write_labels(path.with_suffix(suffix), TWO_NOTES)
        assert load_dataset(tmp_path)["a"].labels.suffix == suffix


def test_sound_and_labels_pair_however_accents_and_capitals_are_written(tmp_path):
    """A Mac writes E and an accent as two characters; some cameras and Windows write suffixes and names in capitals."""
    for name, label in (("E\u0301tude", "\u00c9tude"), ("\u00d6de", "O\u0308de"), ("PRELUDE", "Prelude")):
        labelled(tmp_path / f"{name}.wav").with_suffix(".mid").rename(tmp_path / f"{label}.mid")
    found = load_dataset(tmp_path)
    assert [r.id for r in found] == ["\u00c9tude", "PRELUDE", "\u00d6de"]
    assert [r.piece for r in found] == [r.id for r in found]
    assert all(len(r.notes()) == 2 for r in found)


def test_names_that_differ_in_capitals_alone_have_their_own_labels(tmp_path):
    labelled(tmp_path / "a.wav", Notes([0], [1], [60]))
    labelled(tmp_path / "A.wav", Notes([0], [1], [64]))
    sound(tmp_path / "b.wav")
    sound(tmp_path / "B.wav")
    write_labels(tmp_path / "B.tsv", Notes([0], [1], [67]))
    found = load_dataset(tmp_path)
    assert {r.id: r.notes().midi.tolist() for r in found} == {"a": [60], "A": [64], "B": [67]}
    assert [path.name for path, _ in found.skipped] == ["b.wav"]


def test_ids_of_names_in_two_forms_of_unicode_differ(tmp_path):
    for name in ("\u00c9.wav", "E\u0301.wav"):
        labelled(tmp_path / name)
    assert len({r.id for r in load_dataset(tmp_path)}) == 2


def test_labels_of_a_kind_that_is_not_read_are_named_with_what_to_do(tmp_path):
    labelled(tmp_path / "a.wav")
    for suffix, remedy in (
        (".sv", "export the layer of notes in Sonic"),
        (".abc", "export MIDI"),
        (".xlsx", "save it as .csv"),
    ):
        sound(tmp_path / f"song{suffix[1:]}.wav")
        (tmp_path / f"song{suffix[1:]}{suffix}").write_text("notes")
        reasons = {path.name: why for path, why in load_dataset(tmp_path).skipped}
        assert reasons[f"song{suffix[1:]}.wav"].startswith(f"song{suffix[1:]}{suffix} is not read: {remedy}")


def test_slightly_overlapping_legato_is_still_one_note_at_a_time(tmp_path):
    labelled(tmp_path / "legato.wav", Notes([0, 0.5], [0.54, 1.0], [60, 62]))
    labelled(tmp_path / "two_voices.wav", Notes([0, 0.1, 0.5], [0.9, 0.2, 0.8], [60, 62, 64]))
    found = load_dataset(tmp_path)
    assert (found["legato"].monophonic, found["two_voices"].monophonic) == (True, False)


def test_sound_without_labels_is_named_and_left_out(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    labelled(tmp_path / "a.wav")
    sound(tmp_path / "song.wav")
    (tmp_path / "phone.m4a").write_bytes(b"not read")
    (path_m4a, why_m4a), (path_wav, why_wav) = load_dataset(tmp_path).skipped
    assert (path_m4a.name, path_wav.name) == ("phone.m4a", "song.wav")
    assert "where ffmpeg is installed: install it, or convert it" in why_m4a
    assert "no labels: put song.mid" in why_wav


def test_the_recordings_of_a_telephone_belong_to_a_folder_where_ffmpeg_is_installed(tmp_path, monkeypatch):
    (tmp_path / "ffmpeg").write_bytes(b"")
    (tmp_path / "ffmpeg").chmod(0o755)
    labelled(tmp_path / "phone.wav")
    (tmp_path / "phone.wav").rename(tmp_path / "phone.m4a")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [recording.audio.name for recording in load_dataset(tmp_path)] == ["phone.m4a"]


def test_labels_that_cannot_be_read_keep_their_recording_so_that_scoring_reports_them(tmp_path):
    sound(tmp_path / "a.wav")
    (tmp_path / "a.tsv").write_text("nonsense\n1\n")
    (recording,) = load_dataset(tmp_path)
    assert recording.kind == "unknown"
    with pytest.raises(ValueError, match="header"):
        recording.notes()


@pytest.mark.parametrize(
    ("name", "key"),
    [("A0.ogg", 21), ("Ds1.ogg", 27), ("C#4.wav", 61), ("Cs4.flac", 61), ("Bb3.wav", 58), ("c8.wav", 108),
     ("Piano.ff.Bb3.aiff", 58), ("C4_pp.wav", 60), ("A0v8.wav", 21), ("F#5-mf.wav", 78)],
)  # fmt: skip
def test_a_file_named_by_its_key_is_that_note(tmp_path, name, key):
    sound(tmp_path / name, silence_s=0.25)
    (recording,) = load_dataset(tmp_path)
    assert (recording.key, recording.kind, recording.labels) == (key, "notes", None)
    notes = recording.notes()
    assert notes.midi.tolist() == [key]
    assert notes.onset[0] == pytest.approx(0.25, abs=0.003)
    assert notes.offset[0] == pytest.approx(1.25, abs=1e-6)


@pytest.mark.parametrize("name", ["take_C4.wav", "C4_E4.wav", "C9.wav", "hello.wav", "mf.wav"])
def test_a_name_with_other_words_in_it_is_no_key(tmp_path, name):
    labelled(tmp_path / "a.wav")
    sound(tmp_path / name)
    assert [path.name for path, _ in load_dataset(tmp_path).skipped] == [name]


def test_labels_beside_a_file_named_by_its_key_win(tmp_path):
    labelled(tmp_path / "C4.wav", CHORD)
    (recording,) = load_dataset(tmp_path)
    assert (recording.key, recording.kind) == (None, "polyphonic")


def test_maps_in_its_original_layout(tmp_path):
    real = sound(tmp_path / "ENSTDkCl" / "MUS" / "MAPS_MUS-chpn_op25_e3_ENSTDkCl.wav")
    write_labels(real.with_suffix(".txt"), TWO_NOTES)
    write_labels(real.with_suffix(".mid"), TWO_NOTES, pedal=np.array([[0.8, 1.5]]))
    sampled = sound(tmp_path / "AkPnBcht" / "ISOL" / "NO" / "MAPS_ISOL_NO_F_S0_M23_AkPnBcht.wav")
    write_labels(sampled.with_suffix(".txt"), Notes([0.1], [0.5], [23]))
    chord = sound(tmp_path / "AkPnBcht" / "UCHO" / "MAPS_UCHO_C0-4-7_I32-96_S0_n1_AkPnBcht.wav")
    write_labels(chord.with_suffix(".txt"), CHORD)
    note, chord, piece = load_dataset(tmp_path)
    assert (piece.piece, piece.piano, piece.kind) == ("chpn_op25_e3", "ENSTDkCl", "piece")
    assert (piece.source, piece.split, piece.room) == ("real", "test", "close")
    assert piece.notes().offset[-1] == pytest.approx(0.9, abs=1e-4)
    assert piece.notes("extended").offset[-1] == pytest.approx(1.5, abs=1e-4)
    assert (note.piece, note.kind, note.source, note.split) == ("NO_F_S0_M23", "notes", "rendered", "tune")
    assert (chord.kind, chord.monophonic) == ("chords", False)
    assert [r.source for r in load_dataset(tmp_path, split="test")] == ["real"]


def test_a_set_without_the_split_asked_for_is_refused(tmp_path):
    labelled(tmp_path / "MAPS_MUS-a_AkPnBcht.wav")
    with pytest.raises(DatasetError, match=r"has no test recordings \(only tune\): use split all"):
        load_dataset(tmp_path, split="test")


def test_one_stem_in_two_folders_gives_two_ids(tmp_path):
    for name in ("one/take.wav", "two/take.wav", "two/take.flac", "two/other.wav"):
        labelled(tmp_path / name)
    assert [r.id for r in load_dataset(tmp_path)] == ["one/take", "other", "two/take.flac", "two/take.wav"]


def test_the_same_sound_twice_is_reported(tmp_path):
    for name, hz in (("a.wav", 440.0), ("b.wav", 440.0), ("c.wav", 441.0)):
        labelled(tmp_path / name, hz=hz)
    assert load_dataset(tmp_path).duplicates == [["a", "b"]]


def test_odd_names_are_found_as_they_are(tmp_path):
    names = ["두 손.wav", "a b.wav", "<script>alert(1)<_script>.wav", "take.1.wav"]
    for name in names:
        labelled(tmp_path / name)
    assert sorted(r.audio.name for r in load_dataset(tmp_path)) == sorted(names)


def test_hidden_files_are_left_out_and_links_in_a_circle_end(tmp_path):
    labelled(tmp_path / "sub" / "a.wav")
    labelled(tmp_path / ".hidden" / "b.wav")
    labelled(tmp_path / "._a.wav")
    os.symlink(tmp_path, tmp_path / "sub" / "circle")
    assert [r.id for r in load_dataset(tmp_path)] == ["a"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bultin", "did you mean builtin"),
        ("no/such/place", "neither 'builtin' nor 'real' nor a folder: check the name"),
    ],
)
def test_an_unknown_name_is_refused(name, message):
    with pytest.raises(DatasetError, match=message):
        load_dataset(name)


def test_a_folder_with_nothing_in_it_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="holds no labelled recording: put sound and labels"):
        load_dataset(tmp_path)
    sound(tmp_path / "song.wav")
    with pytest.raises(DatasetError, match=r"1 sound files have no labels, such as song\.wav"):
        load_dataset(tmp_path)


def test_a_file_and_an_unknown_split_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="is a file: name the folder"):
        load_dataset(sound(tmp_path / "a.wav"))
    with pytest.raises(DatasetError, match="split 'tst' is unknown: use one of test, tune, train, validation, all"):
        load_dataset(tmp_path, split="tst")


@pytest.mark.parametrize("level", [1.0, 0.01])
def test_the_first_onset_is_found_within_2_ms_in_noise_40_db_down(level):
    y = level * 1e-2 * np.random.default_rng(1).standard_normal(44100) * 0.3
    y[20000:] += level * np.sin(2 * np.pi * 440 * np.arange(24100) / 44100)
    assert first_onset_s(y, sr=44100) == pytest.approx(20000 / 44100, abs=0.0021)


def test_silence_begins_at_zero():
    assert first_onset_s(np.zeros(1000), sr=8000) == first_onset_s(np.zeros(0), sr=8000) == 0.0


# Phrases


@pytest.fixture
def singles(tmp_path):
    """Three single notes, two seconds each."""
    folder = tmp_path / "singles"
    for name, hz in (("A3", 220.0), ("A4", 440.0), ("A5", 880.0)):
        sound(folder / f"{name}.wav", hz=hz, seconds=2.0, silence_s=0.1)
    return folder


def test_phrases_sound_the_labelled_key_between_onset_and_offset(singles):
    (phrase,) = make_phrases(singles, n_phrases=1, n_notes=8, seed=3, sr=SR)
    assert len(phrase.notes) == 8
    assert set(phrase.notes.midi) <= {57, 69, 81}
    for note in range(8):
        start, stop = np.round(phrase.notes.intervals[note] * SR).astype(int)
        part = phrase.y[start + SR // 10 : stop]  # after the release of the note before
        peak_hz = np.argmax(np.abs(np.fft.rfft(part * np.hanning(len(part)), 8 * SR))) / 8
        assert 1200 * np.log2(peak_hz / phrase.notes.hz[note]) == pytest.approx(0.0, abs=20)


def test_phrases_are_legato_and_0_25_to_1_s_long_and_fade_within_100_ms(singles):
    for phrase in make_phrases(singles, n_phrases=3, sr=SR):
        held = phrase.notes.offset - phrase.notes.onset
        assert held.min() >= 0.25 - 1 / SR
        assert held.max() <= 1.0 + 1 / SR
        assert np.allclose(phrase.notes.onset[1:], phrase.notes.offset[:-1])
        assert np.all(phrase.y[: int((phrase.notes.onset[0] - 0.005) * SR)] == 0)
        assert len(phrase.y) / SR == pytest.approx(phrase.notes.offset[-1] + 0.1, abs=0.001)


def test_a_seed_gives_the_same_phrases_and_another_gives_others(singles):
    first, again, other = (next(make_phrases(singles, seed=seed, sr=SR)) for seed in (1, 1, 2))
    assert np.array_equal(first.y, again.y)
    assert first.notes == again.notes
    assert first.notes != other.notes


def test_phrases_of_a_folder_are_a_data_set_made_once(singles, tmp_path, monkeypatch):
    index = tmp_path / "data" / "builtin" / "index.json"
    index.parent.mkdir(parents=True)
    index.write_text("{}")
    monkeypatch.setenv("PIANOLAB_DATA", str(tmp_path / "data"))
    made = load_dataset(f"phrases:{singles}")
    assert (made.name, len(made)) == ("phrases of singles", 60)
    assert all(recording.kind == "phrases" and recording.monophonic for recording in made)
    (phrase,) = make_phrases(singles, n_phrases=1)
    assert np.allclose(made[0].notes().onset, phrase.notes.onset, atol=1e-6)
    before = made[0].audio.stat().st_mtime_ns
    assert load_dataset(f"phrases:{singles}", split="test")[0].audio.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"n_phrases": 0}, "at least one"), ({"shortest_s": 2.0}, "the shortest first"),
     ({"speed": 2}, "'speed' is unknown"), ({"shortest_s": 3.0, "longest_s": 4.0}, "no note sounds for 3.0 s")],
)  # fmt: skip
def test_phrase_settings_that_make_no_sense_are_refused(singles, settings, message):
    with pytest.raises(DatasetError, match=message):
        list(make_phrases(singles, **settings))


def test_phrases_need_single_notes(tmp_path):
    labelled(tmp_path / "song.wav")
    with pytest.raises(DatasetError, match="holds no single notes"):
        make_phrases(tmp_path)


# Recordings that are not in the repository


@pytest.mark.external
def test_the_outside_recordings_load_as_what_they_are(recordings):
    maps = load_dataset(recordings / "maps")
    assert {(r.source, r.split) for r in maps} == {("real", "test"), ("rendered", "tune")}
    assert all(r.kind == "piece" and len(r.notes()) > 50 for r in maps if "_MUS-" in r.id)
    isolated = load_dataset(recordings / "isolated")
    assert len(isolated) == 30
    for recording in (isolated["A0"], isolated["Fs4"]):
        onset = recording.notes().onset[0]
        assert 0.0 <= onset < 0.05


def test_a_recording_of_which_nothing_is_known_is_refused(tmp_path):
    recording = Recording("mystery", sound(tmp_path / "mystery.wav"))
    with pytest.raises(DatasetError, match="'mystery' has neither labels nor a key"):
        recording.notes()


# What cannot be read


@pytest.fixture
def locked(monkeypatch):
    """Make a folder one that this user may not list, whoever runs the tests."""
    listed = os.scandir

    def lock(folder):
        def scandir(path):
            if os.fspath(path) == os.fspath(folder):
                raise PermissionError(13, "Permission denied", os.fspath(path))
            return listed(path)

        monkeypatch.setattr(os, "scandir", scandir)

    return lock


def test_a_folder_that_cannot_be_listed_is_said_and_the_rest_is_read(tmp_path, locked):
    labelled(tmp_path / "open.wav")
    labelled(tmp_path / "private" / "closed.wav")
    locked(tmp_path / "private")
    dataset = load_dataset(tmp_path)
    assert [recording.id for recording in dataset] == ["open"]
    why = "cannot be read (Permission denied): check your rights to it"
    assert dataset.skipped == ((tmp_path / "private", why),)


def test_a_folder_whose_files_cannot_be_looked_up_is_said(tmp_path, monkeypatch):
    labelled(tmp_path / "open.wav")
    labelled(tmp_path / "private" / "closed.wav")
    stat = os.stat

    def refuse(path, **how):
        if os.fspath(path).endswith("closed.wav"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return stat(path, **how)

    monkeypatch.setattr(os, "stat", refuse)
    dataset = load_dataset(tmp_path)
    assert [recording.id for recording in dataset] == ["open"]
    assert [path for path, _ in dataset.skipped] == [tmp_path / "private"]


def test_a_data_set_that_cannot_be_listed_is_refused(tmp_path, locked):
    labelled(tmp_path / "closed.wav")
    locked(tmp_path)
    with pytest.raises(DatasetError, match=r"cannot be read \(Permission denied\): check your rights to it"):
        load_dataset(tmp_path)


def test_a_data_set_with_nothing_but_a_closed_folder_names_it(tmp_path, locked):
    labelled(tmp_path / "private" / "closed.wav")
    locked(tmp_path / "private")
    with pytest.raises(DatasetError, match=r"holds no labelled recording; .*private cannot be read"):
        load_dataset(tmp_path)


def test_a_recording_that_is_gone_is_like_no_other(tmp_path):
    for name in ("a", "b", "c"):
        labelled(tmp_path / f"{name}.wav")
    dataset = load_dataset(tmp_path)
    (tmp_path / "b.wav").unlink()
    assert dataset.duplicates == [["a", "c"]]
