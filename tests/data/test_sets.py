"""Published sets are told by what lies in a folder; each folder here is made as its set documents its layout."""

import csv
import json

import numpy as np
import pytest
import soundfile as sf

from pianolab.compare import compare
from pianolab.data import DatasetError, load_dataset
from pianolab.data.sets import SETS
from pianolab.data.sets.finding import below, piece_of
from pianolab.labels import write_labels
from pianolab.roll import Notes

SR = 8000
NOTES = Notes([0.1, 0.5], [0.4, 0.9], [60, 64], [70, 80])


def sound(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    sf.write(path, np.zeros(SR), SR, format="WAV" if path.suffix == ".mp3" else None)
    return path


def labels(path, notes=NOTES):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_labels(path, notes)


def table(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def of(dataset, *fields):
    return [tuple(getattr(recording, field) for field in fields) for recording in dataset]


# MAESTRO


def maestro_rows():
    """Three performances of two pieces; the fields are those of maestro-v3.0.0.csv."""
    asked = [
        ("Alban Berg", "Sonata Op. 1", "train", 2018),
        ("Alban Berg", "Sonata  Op. 1", "train", 2008),
        ("Franz Liszt", "Étude, S. 139", "validation", 2009),
        ("Franz Schubert", "D. 960", "test", 2009),
    ]
    return [
        {
            "canonical_composer": composer,
            "canonical_title": title,
            "split": split,
            "year": year,
            "midi_filename": f"{year}/take_{number}.midi",
            "audio_filename": f"{year}/take_{number}.wav",
            "duration": 60.5,
        }
        for number, (composer, title, split, year) in enumerate(asked)
    ]


def maestro(folder, index, *, suffixes=(".wav", ".midi"), rows=None):
    rows = rows or maestro_rows()
    for row in rows:
        sound((folder / row["audio_filename"]).with_suffix(suffixes[0]))
        labels((folder / row["midi_filename"]).with_suffix(".mid"))
        (folder / row["midi_filename"]).with_suffix(".mid").rename(
            (folder / row["midi_filename"]).with_suffix(suffixes[1])
        )
    if index == "csv":
        table(folder / "maestro-v3.0.0.csv", rows)
    elif index == "columns":  # as version 3 writes JSON
        columns = {name: {str(number): row[name] for number, row in enumerate(rows)} for name in rows[0]}
        (folder / "maestro-v3.0.0.json").write_text(json.dumps(columns))
    else:  # as version 2 does
        (folder / "maestro-v2.0.0.json").write_text(json.dumps(rows))


@pytest.mark.parametrize(
    ("index", "suffixes", "name"),
    [
        ("csv", (".wav", ".midi"), "MAESTRO 3.0.0 (by maestro-v3.0.0.csv)"),
        ("columns", (".wav", ".midi"), "MAESTRO 3.0.0 (by maestro-v3.0.0.json)"),
        ("rows", (".wav", ".midi"), "MAESTRO 2.0.0 (by maestro-v2.0.0.json)"),
        ("csv", (".flac", ".mid"), "MAESTRO 3.0.0 (by maestro-v3.0.0.csv)"),  # converted by a user
    ],
)
def test_maestro_by_its_index(tmp_path, index, suffixes, name):
    maestro(tmp_path / "maestro", index, suffixes=suffixes)
    found = load_dataset(tmp_path)
    assert found.taken_for == (name,)
    assert of(found, "id", "piece", "split", "source", "licence") == [
        ("take_1", "Alban Berg: Sonata Op. 1", "train", "real", "CC BY-NC-SA 4.0"),
        ("take_2", "Franz Liszt: Étude, S. 139", "validation", "real", "CC BY-NC-SA 4.0"),
        ("take_3", "Franz Schubert: D. 960", "test", "real", "CC BY-NC-SA 4.0"),
        ("take_0", "Alban Berg: Sonata Op. 1", "train", "real", "CC BY-NC-SA 4.0"),
    ]
    assert found.skipped == ()
    assert found["take_0"].notes().midi.tolist() == [60, 64]


@pytest.mark.parametrize(("split", "n"), [("test", 1), ("validation", 1), ("train", 2), ("tune", 3), ("all", 4)])
def test_the_splits_of_a_published_set_can_be_asked_for(tmp_path, split, n):
    maestro(tmp_path, "csv")
    assert len(load_dataset(tmp_path, split=split)) == n


def test_what_the_index_names_and_the_folder_lacks_is_counted(tmp_path):
    maestro(tmp_path, "csv")
    (tmp_path / "2009" / "take_2.wav").unlink()
    (tmp_path / "2009" / "take_3.midi").unlink()
    found = load_dataset(tmp_path)
    assert len(found) == 2
    assert [why for _, why in found.skipped] == [
        f"of 4 recordings 1 have no sound here, such as {'take_2.wav'}",
        f"of 4 recordings 1 have no labels here, such as {'take_3.midi'}",
    ]


def test_maestro_without_its_sound_is_refused_with_the_reason(tmp_path):
    maestro(tmp_path, "csv")
    for path in tmp_path.rglob("*.wav"):
        path.unlink()
    with pytest.raises(
        DatasetError, match=r"maestro-v3\.0\.0\.csv: of 4 recordings 4 have no sound here, such as take"
    ):
        load_dataset(tmp_path)


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "canonical_composer,canonical_title\n", "\xff\xfe"])
def test_a_damaged_index_of_maestro_is_refused(tmp_path, content):
    maestro(tmp_path, "csv")
    (tmp_path / "maestro-v3.0.0.csv").write_bytes(content.encode("latin-1"))
    with pytest.raises(DatasetError, match=r"maestro-v3\.0\.0\.csv cannot be used \(.*\): download it again"):
        load_dataset(tmp_path)


def test_an_index_names_nothing_outside_of_its_folder(tmp_path):
    rows = [row | {"audio_filename": f"../../{row['audio_filename']}"} for row in maestro_rows()]
    maestro(tmp_path / "in" / "here", "csv", rows=rows)
    with pytest.raises(DatasetError, match="of 4 recordings 4 have no sound here"):
        load_dataset(tmp_path / "in" / "here")
    assert below(tmp_path / "index.csv", "/etc/../passwd") == tmp_path / "etc" / "passwd"


def test_recordings_of_ones_own_beside_a_published_set_are_found_too(tmp_path):
    maestro(tmp_path / "maestro", "csv")
    sound(tmp_path / "mine.wav")
    labels(tmp_path / "mine.mid")
    found = load_dataset(tmp_path)
    assert (len(found), found["mine"].piece) == (5, "mine")


# MusicNet

MUSICNET = "start_time,end_time,instrument,note,start_beat,end_beat,note_value\n"


def musicnet(folder, *, metadata=True):
    """A piano sonata in train, another in test, and a trio."""
    for split, number, instruments in (("train", 1727, (1,)), ("test", 1759, (1,)), ("train", 1788, (1, 41))):
        sound(folder / "musicnet" / f"{split}_data" / f"{number}.wav")
        lines = [f"4410,8820,{instrument},69,0,1,Quarter\n" for instrument in instruments]
        path = folder / "musicnet" / f"{split}_labels" / f"{number}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(MUSICNET + "".join(lines))
    about = [("1727", "Piano Sonata", "1. Allegro", "Solo Piano"), ("1759", "Piano Sonata", "", "Solo Piano")]
    about.append(("1788", "Trio", "2. Largo", "Piano Trio"))
    names = ("id", "composition", "movement", "ensemble")
    rows = [dict(zip(names, row, strict=True)) | {"composer": "Schubert", "seconds": "447"} for row in about]
    if metadata:
        table(folder / "musicnet_metadata.csv", rows)


def test_musicnet_by_its_folders(tmp_path):
    musicnet(tmp_path)
    found = load_dataset(tmp_path)
    assert found.taken_for == ("MusicNet (by train_data, train_labels, test_data, test_labels)",)
    assert of(found, "id", "piece", "split") == [
        ("1759", "Schubert: Piano Sonata", "test"),
        ("1727", "Schubert: Piano Sonata - 1. Allegro", "train"),
    ]
    ((_, why),) = found.skipped
    assert why == "of 3 recordings 1 are not of a piano alone, such as 1788.wav (Piano Trio)"
    notes = found["1727"].notes()
    assert (notes.onset.tolist(), notes.offset.tolist(), notes.midi.tolist()) == ([0.1], [0.2], [69])


def test_musicnet_without_its_metadata_is_told_by_its_labels(tmp_path):
    musicnet(tmp_path, metadata=False)
    found = load_dataset(tmp_path)
    assert of(found, "id", "piece") == [("1759", "1759"), ("1727", "1727")]
    whys = [why for _, why in found.skipped]
    assert whys[0] == "of 3 recordings 1 are not of a piano alone, such as 1788.wav (other instruments)"
    assert whys[1].startswith("musicnet_metadata.csv is not here")


# PianoVAM


def test_pianovam_by_its_metadata(tmp_path):
    takes = [("2024-02-14_19-10-09", "train"), ("2024-02-15_20-07-54", "valid"), ("2024-09-04_21-44-42", "test")]
    rows = {}
    for number, (record_time, split) in enumerate(takes):
        sound(tmp_path / "Audio" / f"{record_time}.wav")
        labels(tmp_path / "MIDI" / f"{record_time}.mid")
        rows[str(number)] = {
            "record_time": record_time,
            "split": split,
            "composer": "Chopin",
            "piece": "Nocturne",
            "P1_name": "somebody",
            "P2_name": None,
            "Point_LT": "1, 2",
        }
    (tmp_path / "metadata.json").write_text(json.dumps(rows))
    found = load_dataset(tmp_path)
    assert found.taken_for == ("PianoVAM (by metadata.json)",)
    assert of(found, "piece", "split") == [("Chopin: Nocturne", split) for split in ("train", "validation", "test")]


@pytest.mark.parametrize("content", ["{}", "[]", "[1, 2]", '{"a": 1}', "no JSON", "[" * 50_000])
def test_another_metadata_is_no_pianovam(tmp_path, content):
    sound(tmp_path / "a.wav")
    labels(tmp_path / "a.mid")
    (tmp_path / "metadata.json").write_text(content)
    (tmp_path / "metadata.csv").write_text("title,year\nsong,2001\n")
    assert load_dataset(tmp_path).taken_for == ()


# ASAP


def asap(folder):
    """Two performances of a fugue, of which MAESTRO has the sound of one."""
    rows = [
        {
            "composer": "Bach",
            "title": "Fugue_bwv_846",
            "folder": "Bach/Fugue/bwv_846",
            "xml_score": "Bach/Fugue/bwv_846/xml_score.musicxml",
            "midi_score": "Bach/Fugue/bwv_846/midi_score.mid",
            "midi_performance": f"Bach/Fugue/bwv_846/{who}.mid",
            "performance_annotations": "",
            "midi_score_annotations": "",
            "maestro_midi_performance": audio and "{maestro}/2018/a.midi",
            "maestro_audio_performance": audio and "{maestro}/2018/a.wav",
            "start": "",
            "end": "",
            "audio_performance": audio,
        }
        for who, audio in (("Shi05M", "Bach/Fugue/bwv_846/Shi05M.wav"), ("Lee01", ""))
    ]
    table(folder / "metadata.csv", rows)
    for name in ("Shi05M", "Lee01", "midi_score"):
        labels(folder / "Bach" / "Fugue" / "bwv_846" / f"{name}.mid")


def test_asap_by_its_metadata(tmp_path):
    asap(tmp_path)
    sound(tmp_path / "Bach" / "Fugue" / "bwv_846" / "Shi05M.wav")
    found = load_dataset(tmp_path)
    assert found.taken_for == ("ASAP (by metadata.csv)",)
    assert of(found, "id", "piece", "source") == [("Shi05M", "Bach: Fugue_bwv_846", "real")]
    ((_, why),) = found.skipped
    assert why.startswith("of 2 recordings 1 have no sound here, such as Lee01.mid: cut it from MAESTRO 2 with init")


def test_asap_without_sound_is_refused_with_how_to_make_it(tmp_path):
    asap(tmp_path)
    with pytest.raises(DatasetError, match=r"of 2 recordings 2 have no sound here.*initialize_dataset\.py of ASAP"):
        load_dataset(tmp_path)


# SMD

SMD = ("Bach_BWV849-01_001_20090916-SMD", "Beethoven_Op027No1-02_003_20090916-SMD")


def test_smd_as_it_was_first_published(tmp_path):
    for stem in SMD:
        sound(tmp_path / f"{stem}.mp3")
        labels(tmp_path / f"{stem}.mid")
    found = load_dataset(tmp_path)
    assert found.taken_for == ("SMD (by the names of its files)",)
    assert of(found, "id", "piece", "source") == [
        (SMD[0], "Bach: BWV849-01", "real"),
        (SMD[1], "Beethoven: Op027No1-02", "real"),
    ]


def test_of_the_second_version_of_smd_the_stereo_sound_counts_once(tmp_path):
    for stem in SMD:
        labels(tmp_path / "midi" / f"{stem}.mid")
        for folder in ("wav_22050_mono", "wav_44100_stereo", "midi_wav_22050_mono"):
            sound(tmp_path / folder / f"{stem}.wav")
    found = load_dataset(tmp_path)
    assert [(r.id, r.audio.parent.name, r.labels.parent.name) for r in found] == [
        (stem, "wav_44100_stereo", "midi") for stem in SMD
    ]
    assert found.skipped == ()


def test_sound_of_smd_without_its_labels_is_named(tmp_path):
    for stem in SMD:
        sound(tmp_path / "wav_44100_stereo" / f"{stem}.wav")
    labels(tmp_path / "midi" / f"{SMD[0]}.mid")
    found = load_dataset(tmp_path)
    assert [r.id for r in found] == [SMD[0]]
    assert [(path.name, why) for path, why in found.skipped] == [
        (f"{SMD[1]}.wav", f"no labels: put {SMD[1]}.mid in the folder midi")
    ]


# MAPS; tests/data/test_data.py has its original layout


def test_maps_is_named_and_its_pieces_meet_on_all_pianos(tmp_path):
    for piano in ("ENSTDkCl", "AkPnBcht"):
        sound(tmp_path / piano / "MUS" / f"MAPS_MUS-alb_se3_{piano}.wav")
        labels(tmp_path / piano / "MUS" / f"MAPS_MUS-alb_se3_{piano}.mid")
    found = load_dataset(tmp_path)
    assert found.taken_for == ("MAPS (by the names of its files)",)
    assert of(found, "piece", "split", "source") == [("alb_se3", "tune", "rendered"), ("alb_se3", "test", "real")]


# All


def test_a_folder_of_ones_own_is_no_published_set(tmp_path):
    sound(tmp_path / "a.wav")
    labels(tmp_path / "a.mid")
    assert load_dataset(tmp_path).taken_for == ()


def test_several_sets_in_one_folder_are_told_apart(tmp_path):
    maestro(tmp_path / "maestro", "csv")
    musicnet(tmp_path / "net")
    found = load_dataset(tmp_path)
    assert [known.split(" ")[0] for known in found.taken_for] == ["MAESTRO", "MusicNet"]
    assert len(found) == 6


def test_a_comparison_says_which_set_a_folder_was_taken_for(tmp_path):
    maestro(tmp_path / "maestro", "csv")
    labels(tmp_path / "theirs" / "take_0.mid")
    found = compare(
        tmp_path / "maestro", estimates={"them": tmp_path / "theirs"}, cache=tmp_path / "kept", progress=False
    )
    assert found.about["taken_for"] == [["maestro", "MAESTRO 3.0.0 (by maestro-v3.0.0.csv)"]]


@pytest.mark.parametrize("find", SETS)
def test_every_loader_cites_its_source(find):
    said = find.__doc__.partition("References")[2]
    assert " 20" in said  # a year


def test_a_piece_has_one_name_however_it_is_written():
    assert piece_of("Frédéric  Chopin", " Étude") == piece_of("Fre\u0301de\u0301ric Chopin", "E\u0301tude")
    assert piece_of("", "Étude") == "Étude"
