"""What can be typed after `pianolab`, and what then is on the screen and in the folder."""

import csv
import importlib.util
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import mir_eval
import numpy as np
import pytest
import soundfile as sf

import pianolab
from pianolab import registry, sound
from pianolab.cli import main, parser
from pianolab.labels import read_labels, read_pedal, write_labels
from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.session import transcribe_file
from pianolab.texts.choices import NOTE_FORMATS

SR = 44100
TUNE = Notes([0.10, 0.60, 1.10], [0.50, 1.00, 1.50], [60, 64, 67], [80, 80, 80])

CHORDS = '''
"""A detector that hears two keys at once, wherever there is sound."""

from dataclasses import replace

import numpy as np

from pianolab.detector import Detector
from pianolab.frames import frames_of
from pianolab.roll import Salience


class Chords(Detector):
    name = "chords"
    summary = "C4 and E4, always"
    polyphonic = True
    sr = 8000
    frame_length = 256
    hop_length = 128

    def process(self, span):
        level_db = 20 * np.log10(np.maximum(np.abs(frames_of(span)).max(axis=1), 1e-9))
        strength = np.zeros((span.n_frames, 88))
        strength[:, [39, 43]] = (level_db > -40)[:, None]
        return Salience(span.times, strength, np.where(strength > 0, 1.0, np.nan) * 261.6, level_db)


class Pedalled(Chords):
    """The sustain pedal is down wherever there is sound."""

    name = "pedalled"

    def process(self, span):
        salience = super().process(span)
        return replace(salience, pedal=salience.strength.max(axis=1))


class Broken(Chords):
    name = "broken"

    def process(self, span):
        raise ZeroDivisionError("no such luck")


class Unready(Chords):
    name = "unready"

    def __init__(self):
        raise ModuleNotFoundError("No module named 'wishful'")
'''


@pytest.fixture
def song(tmp_path):
    """A WAV of C4, E4, G4."""
    path = tmp_path / "song.wav"
    sound.write(path, render(TUNE, sr=SR, tail_s=0.3), sr=SR)
    return path


@pytest.fixture
def chords(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(CHORDS)
    return path


def run(*words):
    """Exit code of `pianolab` with these words."""
    return main([str(word) for word in words])


def complaints(capsys):
    return capsys.readouterr().err.splitlines()


# detect


def test_detect_prints_the_notes_with_their_names(song, capsys):
    assert run("detect", song) == 0
    said = capsys.readouterr()
    notes = transcribe_file(song).notes
    assert len(notes) > 0
    lines = said.out.splitlines()
    assert lines[0].startswith(f"{song}: {len(notes)} note")
    shown = [line.split() for line in lines[2:]]
    assert [row[2] for row in shown] == notes.names
    assert [float(row[0]) for row in shown] == pytest.approx(notes.onset, abs=0.0006)
    assert [float(row[1]) for row in shown] == pytest.approx(notes.offset, abs=0.0006)
    assert said.err == ""


@pytest.mark.parametrize("suffix", ["tsv", "csv", "mid"])
def test_detect_writes_the_notes_that_transcribe_hears(song, tmp_path, suffix):
    assert run("detect", song, "--out", tmp_path / "out", "--format", suffix) == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == [f"song.{suffix}"]
    written, heard = read_labels(tmp_path / "out" / f"song.{suffix}"), transcribe_file(song).notes
    assert len(heard) > 0
    assert np.array_equal(written.midi, heard.midi)
    assert np.allclose(written.onset, heard.onset, atol=3e-5)
    assert np.allclose(written.offset, heard.offset, atol=3e-5)


def test_the_default_format_is_tsv_with_four_named_columns(song, tmp_path):
    assert run("detect", song, "--out", tmp_path / "out") == 0
    header, *rows = (tmp_path / "out" / "song.tsv").read_text().splitlines()
    assert header.split("\t") == ["onset", "offset", "midi", "velocity"]
    assert len(rows) > 0
    assert {len(row.split("\t")) for row in rows} == {4}


def test_a_velocity_that_nobody_measured_is_not_made_up(song, tmp_path):
    run("detect", song, "--out", tmp_path)
    heard = transcribe_file(song).notes.velocity
    assert len(heard) > 0
    assert np.allclose(read_labels(tmp_path / "song.tsv").velocity, heard, atol=1e-6, equal_nan=True)


def test_the_track_is_a_csv_on_the_frame_grid_that_mir_eval_reads(song, tmp_path):
    assert run("detect", song, "--out", tmp_path, "--track") == 0
    path, heard = tmp_path / "song.f0.csv", transcribe_file(song)
    assert path.read_text().splitlines()[0] == "time,frequency,confidence"
    columns = np.loadtxt(path, delimiter=",", skiprows=1)
    assert np.any(columns[:, 1] > 0)
    assert np.allclose(columns[:, 0], heard.f0_times, atol=1e-6)
    assert np.allclose(columns[:, 1], heard.f0_hz, atol=1e-4)
    assert np.allclose(columns[:, 2], heard.f0_confidence, atol=1e-4)
    truth = mir_eval.melody.to_cent_voicing(heard.f0_times, heard.f0_hz, columns[:, 0], columns[:, 1])
    assert mir_eval.melody.raw_pitch_accuracy(*truth) == 1.0


def test_the_pedal_stands_in_the_midi_file_or_beside_the_text_file(song, chords, tmp_path, capsys):
    heard = transcribe_file(song, detector=f"{chords}:Pedalled").pedal
    assert len(heard) > 0
    for suffix, separator in (("tsv", "\t"), ("csv", ","), ("mid", None)):
        out = tmp_path / suffix
        assert run("detect", song, "--detector", f"{chords}:Pedalled", "--out", out, "--format", suffix) == 0
        if suffix == "mid":
            assert [path.name for path in out.iterdir()] == ["song.mid"]
            np.testing.assert_allclose(read_pedal(out / "song.mid"), heard, atol=3e-5)
            continue
        assert {path.name for path in out.iterdir()} == {f"song.pedal.{suffix}", f"song.{suffix}"}
        header, *lines = (out / f"song.pedal.{suffix}").read_text().splitlines()
        assert header.split(separator) == ["down", "up"]
        np.testing.assert_allclose([list(map(float, line.split(separator))) for line in lines], heard, atol=1e-6)
        assert len(read_labels(out / f"song.{suffix}")) > 0
    capsys.readouterr()
    assert run("detect", song, "--detector", f"{chords}:Pedalled") == 0
    said = capsys.readouterr().out
    assert f"sustain pedal {len(heard)} time" in said
    assert f"{heard[0, 0]:10.3f}{heard[0, 1]:10.3f}" in said


def test_many_files_in_one_process_give_what_each_gives_alone(song, tmp_path):
    other = tmp_path / "other.flac"
    sound.write(other, render(Notes([0.2], [1.0], [45]), sr=SR), sr=SR)
    assert run("detect", song, other, "--out", tmp_path / "both") == 0
    for path in (song, other):
        assert run("detect", path, "--out", tmp_path / "alone") == 0
        name = f"{path.stem}.tsv"
        assert (tmp_path / "both" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()
    assert (tmp_path / "both" / "song.tsv").read_bytes() != (tmp_path / "both" / "other.tsv").read_bytes()


def test_a_dash_reads_a_wav_on_standard_input(song, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(song.read_bytes())))
    assert run("detect", "-", "--out", tmp_path / "out") == 0
    assert run("detect", song, "--out", tmp_path / "out") == 0
    assert (tmp_path / "out" / "stdin.tsv").read_bytes() == (tmp_path / "out" / "song.tsv").read_bytes()
    assert "standard input: " in capsys.readouterr().out


def test_a_detector_in_a_file_of_ones_own(song, chords, tmp_path):
    assert run("detect", song, "--detector", f"{chords}:Chords", "--out", tmp_path / "out") == 0
    assert set(read_labels(tmp_path / "out" / "song.tsv").midi) == {60, 64}


def test_parameters_reach_the_detector(song, tmp_path):
    assert run("detect", song, "--detector", "yin:hop_length=1024", "--out", tmp_path, "--track") == 0
    times = np.loadtxt(tmp_path / "song.f0.csv", delimiter=",", skiprows=1)[:, 0]
    assert times[1] == pytest.approx(1024 / SR, abs=1e-6)


def test_results_of_an_earlier_run_are_replaced(song, tmp_path):
    (tmp_path / "song.tsv").write_text("old")
    assert run("detect", song, "--out", tmp_path) == 0
    assert len(read_labels(tmp_path / "song.tsv")) > 0


def test_a_recording_without_notes_gives_a_file_without_notes(tmp_path, capsys):
    path = tmp_path / "silence.wav"
    sound.write(path, np.zeros(SR), sr=SR)
    assert run("detect", path, "--out", tmp_path) == 0
    assert len(read_labels(tmp_path / "silence.tsv")) == 0
    said = capsys.readouterr()
    assert "no notes in 1.0 s" in said.out
    assert said.err.splitlines() == [f"pianolab: warning: {path} is silent (all samples are 0): no note can be found"]


def test_a_format_without_a_folder_is_pointed_out(song, capsys):
    assert run("detect", song, "--format", "csv") == 0
    said = capsys.readouterr()
    assert "C4" in said.out
    assert said.err.startswith("pianolab: warning: --format csv is for files")


# detect, refused


def test_a_track_of_a_detector_that_hears_chords_is_refused(song, chords, tmp_path, capsys):
    assert run("detect", song, "--detector", f"{chords}:Chords", "--out", tmp_path / "out", "--track") == 2
    (line,) = complaints(capsys)
    assert line.startswith("pianolab: --track needs one note at a time")
    assert not (tmp_path / "out").exists()


def test_a_track_without_a_folder_is_refused(song, capsys):
    assert run("detect", song, "--track") == 2
    assert complaints(capsys) == ["pianolab: --track writes a file: say where with --out DIR"]


@pytest.mark.parametrize("out", [[], ["--out", "out"]])
def test_two_recordings_of_one_name_are_refused_before_any_work(song, tmp_path, monkeypatch, capsys, out):
    monkeypatch.chdir(tmp_path)
    assert run("detect", "song.wav", "elsewhere/song.flac", *out) == 2
    (line,) = complaints(capsys)
    assert line == (
        "pianolab: song.wav and elsewhere/song.flac would both give song.tsv: "
        "rename one, or run them apart with two --out"
    )
    assert not Path("out").exists()


def test_a_track_and_notes_of_one_name_are_refused(capsys):
    assert run("detect", "song.wav", "song.f0.wav", "--out", "out", "--track", "--format", "csv") == 2
    assert complaints(capsys)[0].startswith("pianolab: song.wav and song.f0.wav would both give song.f0.csv")


def test_standard_input_twice_is_refused(capsys):
    assert run("detect", "-", "-") == 2
    assert "would both give stdin.tsv" in complaints(capsys)[0]


def test_the_good_ones_of_several_files_are_written(song, tmp_path, capsys):
    bad = tmp_path / "bad.wav"
    bad.write_text("no sound")
    assert run("detect", bad, song, tmp_path / "missing.wav", "--out", tmp_path / "out") == 2
    said = capsys.readouterr()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["song.tsv"]
    assert [line.split(" is ")[0] for line in said.err.splitlines()] == [
        f"pianolab: {bad}",
        f"pianolab: {tmp_path / 'missing.wav'}",
    ]
    assert "song.wav: " in said.out


def test_a_fault_in_a_detector_names_its_file_and_line(song, chords, tmp_path, capsys):
    assert run("detect", song, "--detector", f"{chords}:Broken", "--out", tmp_path / "out") == 2
    (line,) = complaints(capsys)
    assert re.fullmatch(
        r"pianolab: .*song\.wav: detector .* ZeroDivisionError: no such luck \(mine\.py, line \d+\)", line
    )
    assert not (tmp_path / "out").exists()


def test_a_detector_that_lacks_a_library_says_which(song, chords, capsys):
    assert run("detect", song, "--detector", f"{chords}:Unready") == 2
    (line,) = complaints(capsys)
    assert "cannot run here: ModuleNotFoundError: No module named 'wishful'" in line


def test_a_result_that_cannot_replace_a_folder_is_refused_and_leaves_nothing(song, tmp_path, capsys):
    (tmp_path / "out" / "song.tsv").mkdir(parents=True)
    assert run("detect", song, "--out", tmp_path / "out") == 2
    assert "song.tsv cannot be written" in complaints(capsys)[0]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["song.tsv"]


# score


def test_score_prints_what_mir_eval_says(tmp_path, capsys):
    heard = Notes([0.12, 0.60, 1.30], [0.50, 0.70, 1.50], [60, 64, 67])
    write_labels(tmp_path / "heard.tsv", heard)
    write_labels(tmp_path / "played.csv", TUNE)
    assert run("score", tmp_path / "heard.tsv", tmp_path / "played.csv", "--json") == 0
    scores = json.loads(capsys.readouterr().out)
    for name, offset_ratio in (("onset", None), ("note", 0.2)):
        by_hand = mir_eval.transcription.precision_recall_f1_overlap(
            TUNE.intervals, TUNE.hz, heard.intervals, heard.hz, offset_ratio=offset_ratio
        )
        assert [scores[f"{name}_{part}"] for part in ("precision", "recall", "f1")] == pytest.approx(by_hand[:3])
    assert scores["onset_f1"] == pytest.approx(2 / 3)
    assert scores["note_f1"] == pytest.approx(1 / 3)
    assert scores["protocol"].startswith("onset 50 ms; pitch 50 c; offset 20 % or 50 ms")
    assert {type(value) for name, value in scores.items() if name != "protocol"} == {float}


def test_score_is_a_table_for_people(tmp_path, capsys):
    write_labels(tmp_path / "heard.tsv", TUNE[[0, 1]])
    write_labels(tmp_path / "played.mid", TUNE)
    assert run("score", tmp_path / "heard.tsv", tmp_path / "played.mid") == 0
    out = capsys.readouterr().out
    assert "notes: 2 heard, 3 played" in out
    assert re.search(r"key and onset +1\.0000 +0\.6667 +0\.8000", out)
    assert "protocol: onset 50 ms" in out


def test_score_says_how_right_the_pedal_is_where_the_labels_hold_one(tmp_path, capsys):
    write_labels(tmp_path / "heard.mid", TUNE, pedal=[(0.15, 0.5), (2.0, 3.0)])
    write_labels(tmp_path / "played.mid", TUNE, pedal=[(0.1, 1.0)])
    assert run("score", tmp_path / "heard.mid", tmp_path / "played.mid") == 0
    out = capsys.readouterr().out
    assert "sustain pedal: 2 heard, 1 played" in out
    assert re.search(r"sustain pedal going down +0\.5000 +1\.0000 +0\.6667", out)
    assert re.search(r"sustain pedal going up +0\.0000 +0\.0000 +0\.0000", out)
    assert "protocol: sustain pedal down and up 100 ms; grid 10 ms" in out
    assert run("score", tmp_path / "heard.mid", tmp_path / "played.mid", "--json") == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["pedal_frame_recall"] == pytest.approx(35 / 90, abs=0.02)  # MIDI rounds a time by 25 microseconds.
    assert scores["pedal_protocol"].startswith("sustain pedal")
    write_labels(tmp_path / "played.mid", TUNE)  # Nobody wrote a pedal down.
    assert run("score", tmp_path / "heard.mid", tmp_path / "played.mid") == 0
    assert "pedal" not in capsys.readouterr().out.replace("pedal release", "")


def test_score_and_compare_end_notes_with_the_pedal_where_that_is_asked(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "theirs").mkdir()
    write_labels(tmp_path / "theirs" / "chord.tsv", Notes([0.1, 0.1], [2.0, 2.0], [60, 64]))
    write_labels(tmp_path / "chord.mid", Notes([0.1, 0.1], [0.5, 0.5], [60, 64]), pedal=[(0.3, 2.0)])
    sound.write(tmp_path / "chord.wav", np.zeros(3 * SR), sr=SR)
    for words, note_f1 in (([], 0.0), (["--pedal", "extended"], 1.0)):
        assert run("score", "theirs/chord.tsv", "chord.mid", "--json", *words) == 0
        assert json.loads(capsys.readouterr().out)["note_f1"] == note_f1
        given = ["--data", tmp_path, "--detector", "yin", "--estimates", "other=theirs", "--out", "run", "--jobs", 1]
        assert run("compare", *given, *words) == 0
        said = capsys.readouterr().out
        assert f"pedal {words[-1] if words else 'release'}; " in said
        rows = csv.DictReader(Path("run/scores.csv").read_text(encoding="utf-8").splitlines())
        assert [float(r["value"]) for r in rows if (r["detector"], r["metric"]) == ("other", "note_f1")] == [note_f1]


def test_nothing_heard_and_nothing_played_is_right(tmp_path, capsys):
    write_labels(tmp_path / "empty.tsv", Notes.empty())
    assert run("score", tmp_path / "empty.tsv", tmp_path / "empty.tsv", "--json") == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["onset_f1"] == scores["frame_f1"] == 1.0


TAP = Notes([1.0], [1.0], [60])


@pytest.mark.parametrize(
    ("heard", "played", "said"),
    [
        (Notes.empty(), Notes.empty(), "no note was heard and none played: all scores are 1"),
        (Notes.empty(), TUNE, "no note was heard, so none is right: scores of notes are 0"),
        (TUNE, Notes.empty(), "no note was played, so none is right: scores of notes are 0"),
        (TAP, TUNE, "notes without length: 1 heard, 0 played; scored as others, but down in no frame"),
        (TUNE, TUNE, None),
    ],
)
def test_score_says_how_silence_and_notes_without_length_are_scored(heard, played, said, tmp_path, capsys):
    write_labels(tmp_path / "heard.tsv", heard)
    write_labels(tmp_path / "played.tsv", played)
    assert run("score", tmp_path / "heard.tsv", tmp_path / "played.tsv") == 0
    lines = capsys.readouterr().out.splitlines()[1:]  # The first counts the notes.
    assert [line for line in lines if line.startswith("no")] == ([said] if said else [])


def test_notes_too_dense_to_be_scored_are_refused_with_both_files(tmp_path, capsys):
    onset = np.arange(5000) * 0.01
    write_labels(tmp_path / "drone.tsv", Notes(onset, onset + 0.01, np.full(5000, 60)))
    assert run("score", tmp_path / "drone.tsv", tmp_path / "drone.tsv") == 2
    assert f"{tmp_path / 'drone.tsv'} against {tmp_path / 'drone.tsv'}: 5000 played" in complaints(capsys)[0]


def test_what_detect_writes_score_reads(song, tmp_path, capsys):
    write_labels(tmp_path / "truth.mid", TUNE)
    for suffix in NOTE_FORMATS:
        assert run("detect", song, "--out", tmp_path / "out", "--format", suffix) == 0
        capsys.readouterr()
        assert run("score", tmp_path / "out" / f"song.{suffix}", tmp_path / "truth.mid", "--json") == 0
        assert json.loads(capsys.readouterr().out)["onset_recall"] == 1.0


# detectors, data, compare


def test_detectors_are_listed_with_one_line_each(capsys):
    assert run("detectors") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(registry.names())
    for line in lines:
        assert registry.find(line.split()[0]).summary in line


def test_a_detector_that_cannot_be_imported_or_run_is_listed_with_its_reason(chords, monkeypatch, capsys):
    unready = registry.find(f"{chords}:Unready")
    monkeypatch.setattr(registry, "load_all", lambda: ({"unready": unready}, {"zz_bad": "SyntaxError: bad\ninput"}))
    assert run("detectors") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("unready ")
    assert "[several notes at once]; cannot run here: ModuleNotFoundError: No module named 'wishful'" in first
    assert re.fullmatch(r"zz_bad +cannot be imported: SyntaxError: bad input", second)


def test_data_list_names_every_built_in_recording(capsys):
    from pianolab.data import builtin_index

    assert run("data", "list") == 0
    out = capsys.readouterr().out
    entries = builtin_index()
    assert len(entries) >= 40
    assert all(re.search(rf"^{re.escape(entry['id'])} ", out, re.MULTILINE) for entry in entries)
    assert f"{len(entries)} recordings" in out


@pytest.fixture
def small_set(tmp_path, monkeypatch):
    """A data folder with the shortest recording of the built-in set, not rendered yet."""
    from pianolab.data.builtin import builtin_index, notes_path, write_index

    entry = min(builtin_index(), key=lambda entry: entry["seconds"])
    (tmp_path / "data" / "builtin" / "notes").mkdir(parents=True)
    shutil.copy(notes_path(entry), tmp_path / "data" / "builtin" / "notes")
    write_index([entry], tmp_path / "data" / "builtin")
    monkeypatch.setenv("PIANOLAB_DATA", str(tmp_path / "data"))
    return tmp_path / "data" / "builtin" / "audio" / f"{entry['id']}.flac"


def test_data_render_makes_the_sound_again(small_set, capsys):
    assert run("data", "render") == 0
    first = small_set.read_bytes()
    small_set.write_bytes(b"spoilt")
    assert run("data", "render") == 0
    assert small_set.read_bytes() == first
    assert "rendered 1 recording in " in capsys.readouterr().out


def test_data_check_compares_the_sound_with_its_fingerprint(small_set, capsys):
    run("data", "check")
    assert f"{small_set.stem}: sounds" not in capsys.readouterr().err
    y, sr = sound.load(small_set)
    with sf.SoundFile(small_set) as file:
        made_from = file.comment
    with sf.SoundFile(small_set, "w", sr, 1, format="FLAC") as file:
        file.comment = made_from
        file.write(0.5 * y)
    assert run("data", "check") == 1
    assert re.search(
        rf"^pianolab: {small_set.stem}: sounds up to 6\.[01] dB unlike", capsys.readouterr().err, re.MULTILINE
    )


def test_a_data_folder_without_the_recorded_notes_is_listed_without_a_remark(small_set, capsys):
    assert run("data", "list") == 0
    said = capsys.readouterr()
    assert "builtin: 1 recordings" in said.out
    assert (said.err, "real:" in said.out) == ("", False)


def test_data_check_says_what_is_wrong_and_fails(monkeypatch, capsys):
    from pianolab import data

    monkeypatch.setattr(data, "check_builtin", lambda progress: ["scale: no notes", "piece x: both tune and test"])
    assert run("data", "check") == 1
    assert complaints(capsys) == ["pianolab: scale: no notes", "pianolab: piece x: both tune and test"]


def test_data_that_is_not_there_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PIANOLAB_DATA", str(tmp_path))
    assert run("data", "list") == 2
    (line,) = complaints(capsys)
    assert "PIANOLAB_DATA" in line
    assert "has no builtin/index.json" in line


@pytest.fixture
def folder(tmp_path, song):
    """A folder of one labelled recording and one without labels."""
    folder = tmp_path / "data"
    folder.mkdir()
    song.rename(folder / "song.wav")
    write_labels(folder / "song.mid", TUNE)
    sound.write(folder / "unlabelled.wav", np.zeros(100), sr=SR)
    return folder


def test_compare_writes_a_report_and_prints_the_ranked_table(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run("compare", "--data", folder, "--detector", "yin", "--detector", "cqt", "--jobs", 1, "--out", "run") == 0
    said = capsys.readouterr()
    tables = {"scores.csv", "counts.csv", "summary.csv"}
    there = set(os.listdir("run")) - {"scores.parquet", "counts.parquet"}  # Where pyarrow is installed.
    assert {*tables, "notes.npz", "run.json", "report.html", "figures", "tables"} == there
    table = said.out.splitlines()
    assert table[0] == "data (unknown)"
    assert [line.split()[0] for line in table[2:4]] == ["1", "2"]
    assert {line.split()[1] for line in table[2:4]} == {"yin", "cqt"}
    assert table[-1] == f"report:   {Path('run/report.html')}"
    warned = [line for line in said.err.splitlines() if "unlabelled.wav" in line]
    assert len(warned) == 1
    assert warned[0].endswith("or name it by its key (C#4)")


def test_compare_keeps_what_was_heard_where_it_is_told_to(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["--data", folder, "--detector", "yin", "--jobs", 1, "--out", "run", "--pedal", "extended"]
    assert run("compare", *words, "--cache", "kept here") == 0
    assert len(list(Path("kept here").glob("*.notes"))) == 1
    assert not Path("results").exists()
    command = json.loads(Path("run/run.json").read_text(encoding="utf-8"))["command"]
    assert command == (
        "pianolab compare --data ./data --detector yin --split test --pedal extended --cache 'kept here'"
    )


def test_compare_fails_with_1_when_a_row_failed(folder, chords, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["--data", folder, "--detector", "yin", "--detector", f"{chords}:Broken", "--jobs", 1, "--out", "run"]
    assert run("compare", *words) == 1
    said = capsys.readouterr()
    assert "yin" in said.out
    assert re.search(r"^pianolab: data song: mine\.py:Broken failed: ZeroDivisionError", said.err, re.MULTILINE)
    assert (tmp_path / "run" / "report.html").is_file()


def test_compare_scores_the_notes_of_another_system(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "theirs").mkdir()
    write_labels(tmp_path / "theirs" / "song.csv", TUNE)
    assert run("compare", "--data", folder, "--estimates", "other=theirs", "--out", "run") == 0
    assert re.search(r"^1 +other +1\.000 ", capsys.readouterr().out, re.MULTILINE)


# Words


def test_version(capsys):
    assert run("--version") == 0
    assert capsys.readouterr().out == f"pianolab {pianolab.__version__}\n"


@pytest.mark.parametrize("command", [command.name for command in parser.COMMANDS])
def test_every_command_explains_itself_with_examples(command, capsys):
    assert run(command, "--help") == 0
    out = capsys.readouterr().out
    assert f"usage: pianolab {command}" in out
    examples = out.partition("examples:\n")[2].splitlines()
    assert examples
    assert all(f"pianolab {command}" in line for line in examples)


def test_every_example_can_be_typed():
    texts = [parser.EXAMPLES, *(command.examples for command in parser.COMMANDS)]
    for line in "\n".join(texts).splitlines():
        words = shlex.split(line.partition("  ")[0].partition("pianolab ")[2])
        if "COMMAND" not in words:
            assert callable(parser.make_parser().parse_args(words).run)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "COMMAND"),
        (["detct", "x.wav"], "unknown command 'detct': did you mean detect"),
        (
            ["frobnicate"],
            "unknown command 'frobnicate': use one of compare, detect, score, render, detectors, fit-delay",
        ),
        (["--verison"], "unknown option '--verison': did you mean --version?"),
        (["detect"], "AUDIO"),
        (["detect", "--trakc", "x.wav"], "unknown option '--trakc': did you mean --track"),
        (["detect", "--outt=x", "x.wav"], "unknown option '--outt': did you mean --out"),
        (["detect", "x.wav", "--format", "midi"], "argument --format: unknown value 'midi': did you mean mid?"),
        (["detect", "x.wav", "--out"], "argument --out: expected one argument"),
        (["detect", "-x"], "unknown option '-x'"),
        (["score", "x.mid"], "LABELS"),
        (["score", "a.mid", "b.mid", "c.mid"], "c.mid"),
        (["data"], "ACTION"),
        (["data", "lsit"], "unknown command 'lsit': did you mean list?"),
        (["compare", "--jobs", "-3"], "'-3' is no number of processes: use 1 to 1000"),
        (["compare", "--jobs", "10000000"], "'10000000' is no number of processes: use 1 to 1000"),
        (["compare", "--jobs", "9" * 5000], "is no number of processes: use 1 to 1000"),
        (["compare", "--seconds", "1e308"], "'1e308' is no length in seconds: use a number from 0.001 to 1000000"),
        (["compare", "--seconds", "1e-320"], "'1e-320' is no length in seconds"),
        (["compare", "--jobs", "0"], "'0' is no number of processes"),
        (["compare", "--jobs", "two"], "'two' is no number of processes"),
        (["compare", "--jobs", "1.5"], "'1.5' is no number of processes"),
        (["compare", "--seconds", "0"], "'0' is no length in seconds: use a number from 0.001 to 1000000"),
        (["compare", "--seconds", "-1"], "'-1' is no length in seconds"),
        (["compare", "--seconds", "nan"], "'nan' is no length in seconds"),
        (["compare", "--seconds", "inf"], "'inf' is no length in seconds"),
        (["compare", "--seconds", "long"], "'long' is no length in seconds"),
        (
            ["compare", "--split", "foo"],
            "argument --split: unknown value 'foo': use one of test, tune, train, validation, all",
        ),
        (["compare", "--split", "tset"], "unknown value 'tset': did you mean test"),
        (["compare", "--estimates", "foo"], "--estimates 'foo' is not NAME=DIR"),
        (["compare", "--estimates", "=foo"], "--estimates '=foo' is not NAME=DIR"),
        (["compare", "--estimates", "a=x", "--estimates", "a=y"], "--estimates a is given twice"),
        (["compare", "x.wav"], "x.wav"),
    ],
)
def test_words_that_make_no_sense_are_refused_in_one_line(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(*words) == 2
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert line.startswith("pianolab: ")
    assert said in line
    assert out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_looks_like_an_option_is_named_by_its_folder(song, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    song.rename("-song.wav")
    assert run("detect", "-song.wav") == 2
    assert "for the file of that name write ./-song.wav" in complaints(capsys)[0]
    assert run("detect", "./-song.wav") == 0
    assert run("detect", "--", "-song.wav") == 0


# The world outside


def command(*words, **settings):
    """`pianolab` in a process of its own."""
    settings = {"capture_output": True, "timeout": 120, **settings}
    return subprocess.run([sys.executable, "-m", "pianolab", *map(str, words)], **settings)


def test_names_in_every_script_are_shown_and_written(song, tmp_path, capsys):
    names = ["소나타 1번.wav", "two words.wav", "<script>alert(1)<script>.wav", "ünï'\"&.wav"]
    for name in names:
        (tmp_path / name).write_bytes(song.read_bytes())
    assert run("detect", *(tmp_path / name for name in names), "--out", tmp_path / "결과") == 0
    assert {path.name for path in (tmp_path / "결과").iterdir()} == {f"{Path(name).stem}.tsv" for name in names}
    out = capsys.readouterr().out
    assert all(name in out for name in names)


def test_a_terminal_that_knows_ascii_only_shows_korean_as_numbers(song, tmp_path):
    song.rename(tmp_path / "한글.wav")
    done = command("detect", tmp_path / "한글.wav", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert b"\\ud55c\\uae00.wav: " in done.stdout
    assert done.stderr == b""


def test_a_name_with_a_line_break_stays_on_one_line(tmp_path, capsys):
    assert run("detect", tmp_path / "two\nlines.wav") == 2
    (line,) = complaints(capsys)
    assert "two?lines.wav is not there" in line


def test_a_reader_who_has_seen_enough_is_no_error(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    done = command("data", "list", capture_output=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert done.returncode == 141
    assert done.stderr == b""


@pytest.mark.slow
def test_a_longer_recording_takes_no_more_memory(tmp_path):
    """Ten minutes against one; three hours are benchmarks/long_recording.py."""
    place = Path(__file__).parents[2] / "benchmarks" / "long_recording.py"
    spec = importlib.util.spec_from_file_location("long_recording", place)
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    runs = []
    for minutes in (1, 10):
        path = tmp_path / f"{minutes}.wav"
        benchmark.make_recording(path, minutes / 60)
        assert sound.info(path).seconds == pytest.approx(60 * minutes, abs=1e-3)
        runs.append(benchmark.detect(path, minutes / 60, "yin"))
    short, long = (run.peak_mb for run in runs)
    assert 50 < short < long + 20
    assert long < short + 60  # the whole recording would be 106 MB as float32


def test_ctrl_c_is_quiet(song, monkeypatch, capsys):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("pianolab.session.transcribe_file", interrupted)
    assert run("detect", song) == 130
    assert capsys.readouterr().err == ""


def test_a_full_disk_is_one_line_and_leaves_nothing(song, tmp_path, monkeypatch, capsys):
    def full(path, notes, pedal=None):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("pianolab.labels.write_labels", full)
    assert run("detect", song, "--out", tmp_path / "out") == 2
    assert complaints(capsys) == [f"pianolab: {tmp_path / 'out' / 'song.tsv'}: No space left on device"]
    assert list((tmp_path / "out").iterdir()) == []


def test_remarks_of_libraries_are_not_shown_and_ours_are_one_line(song, monkeypatch, capsys):
    import warnings

    heard = transcribe_file(song)

    def talkative(*args, **kwargs):
        warnings.warn("numpy is in a mood", UserWarning, stacklevel=1)
        warnings.warn("the sound\nis thin", sound.AudioWarning, stacklevel=1)
        return heard

    monkeypatch.setattr("pianolab.session.transcribe_file", talkative)
    assert run("detect", song) == 0
    assert complaints(capsys) == ["pianolab: warning: the sound is thin"]


def test_pianolab_is_installed_as_a_command():
    from importlib.metadata import entry_points

    (entry,) = entry_points(group="console_scripts", name="pianolab")
    assert entry.load() is main
