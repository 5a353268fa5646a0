"""What people really type and really have on their disks: refused in one line that says what to do, or heard anyway.

Refused means: exit code 2, one line on standard error that begins with "pianolab:" and names the file and the remedy,
and a folder for results in which there is nothing. File descriptors are watched, so that a library written in C cannot
say something of its own.
"""

import functools
import os
import struct
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile as sf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pianolab import sound
from pianolab.cli import main
from pianolab.labels import read_labels, write_labels
from pianolab.piano import render
from pianolab.roll import Notes

SR = 44100
C4 = Notes([0.1], [0.7], [60], [80])


def run(*words):
    return main([str(word) for word in words])


def wav(n_bytes, *, data=b"", sr=SR, channels=1):
    """A 16-bit WAV whose header claims ``n_bytes`` of samples."""
    format_chunk = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, sr, 2 * channels * sr, 2 * channels, 16)
    head = struct.pack("<4sI4s", b"RIFF", 36 + n_bytes, b"WAVE") + format_chunk + struct.pack("<4sI", b"data", n_bytes)
    return head + data


def float_wav(path, y, sr=SR):
    sf.write(path, np.asarray(y, dtype=np.float32), sr, subtype="FLOAT")


@functools.cache
def whole_wav():
    """Bytes of a good recording of C4."""
    y = np.round(32767 * render(C4, sr=SR, tail_s=0.2)).astype("<i2")
    return wav(2 * len(y), data=y.tobytes())


@pytest.fixture
def refused(capfd):
    """Run a command that must be refused; the one line that it said."""

    def check(*words):
        assert run(*words) == 2
        said = capfd.readouterr()
        (line,) = said.err.splitlines()
        assert line.startswith("pianolab: ")
        assert said.out == ""
        return line

    return check


# Recordings that are refused


def nan_in_the_middle(path):
    y = np.zeros(3 * SR)
    y[SR] = np.nan
    float_wav(path, y)


MP4 = b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00" + bytes(200)
WEBM = b"\x1a\x45\xdf\xa3" + bytes(200)

RECORDINGS = {
    "missing": (lambda path: None, "is not there: check the name"),
    "a folder": (lambda path: path.mkdir(), "is a folder: name a file in it"),
    "empty": (lambda path: path.write_bytes(b""), "is empty (0 bytes): get the file again"),
    "text": (lambda path: path.write_text("Dear diary, today I played.\n" * 50), "is not readable audio"),
    "header cut short": (lambda path: path.write_bytes(wav(1000)[:30]), "is not readable audio"),
    "riff and no more": (lambda path: path.write_bytes(b"RIFF"), "is not readable audio"),
    "zero samples": (lambda path: path.write_bytes(wav(0)), "holds no samples"),
    "claims 100 MB": (lambda path: path.write_bytes(wav(100 * 2**20)), "holds no samples"),
    "nan": (nan_in_the_middle, "holds NaN or infinite samples (first at 1.000 s): export it again"),
    "inf": (lambda path: float_wav(path, [0.0, np.inf, 0.0]), "holds NaN or infinite samples (first at 0.000 s)"),
    "minus inf": (lambda path: float_wav(path, [0.0, -np.inf]), "holds NaN or infinite samples"),
    "huge": (lambda path: float_wav(path, [0.0, 1e30]), "holds a sample of 1e+30: full scale is 1"),
    "m4a": (lambda path: path.write_bytes(MP4), "with `ffmpeg -i 'take 1.wav' 'take 1-converted.wav'`"),
    "webm": (lambda path: path.write_bytes(WEBM), "with `ffmpeg -i 'take 1.wav' 'take 1-converted.wav'`"),
    "zero rate": (lambda path: path.write_bytes(wav(200, data=bytes(200), sr=0)), ""),
    "telephone rate": (lambda path: float_wav(path, np.zeros(100), sr=2000), "has a rate of 2000 Hz"),
    "no channels": (lambda path: path.write_bytes(wav(200, data=bytes(200), channels=0)), ""),
    "noise": (lambda path: path.write_bytes(np.random.default_rng(0).bytes(5000)), "is not readable audio"),
}


@pytest.mark.parametrize("what", RECORDINGS)
def test_a_recording_that_is_none_is_refused(what, refused, tmp_path):
    make, remedy = RECORDINGS[what]
    path = tmp_path / "take 1.wav"
    make(path)
    line = refused("detect", path, "--out", tmp_path / "out", "--track")
    assert str(path) in line
    assert remedy in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("what", RECORDINGS)
def test_it_is_refused_in_the_same_words_without_a_folder(what, refused, tmp_path):
    make, remedy = RECORDINGS[what]
    path = tmp_path / "take 1.wav"
    make(path)
    assert remedy in refused("detect", path)


@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".mp3", ".aiff"])
def test_text_is_refused_whatever_its_suffix(suffix, refused, tmp_path):
    path = tmp_path / f"song{suffix}"
    path.write_text("no sound at all, only words " * 40)
    line = refused("detect", path, "--out", tmp_path / "out")
    assert str(path) in line
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no module resource")
def test_a_claim_of_100_mb_takes_no_memory(tmp_path):
    path = tmp_path / "claim.wav"
    path.write_bytes(wav(2**31 - 100))
    code = f"""if True:
        import resource
        from pianolab.cli import main
        main(["detect", {str(path.with_name("missing.wav"))!r}])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert main(["detect", {str(path)!r}]) == 2
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) * 1024 < 20e6


def test_standard_input_without_a_recording_is_refused(tmp_path):
    command = [sys.executable, "-m", "pianolab", "detect", "-", "--out", str(tmp_path / "out")]
    for sent, remedy in ((b"", "is empty (0 bytes)"), (b"hello world, no sound", "is not readable audio")):
        done = subprocess.run(command, input=sent, capture_output=True, timeout=120)
        assert done.returncode == 2
        (line,) = done.stderr.decode().splitlines()
        assert line.startswith("pianolab: <stdin>")
        assert remedy in line
    assert not (tmp_path / "out").exists()


def test_a_refusal_in_a_process_of_its_own_has_no_traceback(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "pianolab", "detect", "missing.wav"], capture_output=True, cwd=tmp_path, timeout=120
    )
    assert done.returncode == 2
    assert done.stderr.decode() == "pianolab: missing.wav is not there: check the name and the folder\n"


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 43), st.integers(0, 255)), max_size=4), st.integers(0, 4000))
def test_a_damaged_header_is_refused_or_heard_but_never_a_traceback(capfd, damage, length):
    data = bytearray(whole_wav())
    for place, value in damage:
        data[place] = value
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "song.wav")
        path.write_bytes(data[:length])
        code = run("detect", path, "--out", Path(folder, "out"))
        left = os.listdir(Path(folder, "out")) if Path(folder, "out").exists() else []
    lines = capfd.readouterr().err.splitlines()
    assert (code, left) in ((0, ["song.tsv"]), (2, []))
    assert all(line.startswith(f"pianolab: {'warning: ' if code == 0 else ''}{path} ") for line in lines)
    assert code == 0 or len(lines) == 1


# Labels that are refused

HEAD = "onset\toffset\tmidi\tvelocity\n"
TABLES = {
    "negative onset": (HEAD + "-0.5\t1\t60\t80\n", "line 2: time -0.5 s is negative: times start at 0"),
    "negative offset": (HEAD + "-2\t-1\t60\t80\n", "line 2: time -2 s is negative"),
    "offset first": (HEAD + "0\t1\t60\t80\n2\t1.5\t60\t80\n", "line 3: offset 1.5 s lies before its onset 2 s"),
    "midi 128": (HEAD + "0\t1\t128\t80\n", "line 2: MIDI number 128 is outside 0..127"),
    "midi -1": (HEAD + "0\t1\t-1\t80\n", "line 2: MIDI number -1 is outside 0..127"),
    "midi 60.5": (HEAD + "0\t1\t60.5\t80\n", "MIDI number 60.5 is not whole"),
    "hz for midi": (HEAD + "0\t1\t440\t80\n", "MIDI number 440 is outside 0..127"),
    "nan onset": (HEAD + "nan\t1\t60\t80\n", "a time is NaN or infinite"),
    "inf offset": (HEAD + "0\tinf\t60\t80\n", "a time is NaN or infinite"),
    "nan midi": (HEAD + "0\t1\tnan\t80\n", "the MIDI number is NaN"),
    "velocity 200": (HEAD + "0\t1\t60\t200\n", "velocity 200 is outside 0..127"),
    "words for times": (HEAD + "soon\tlater\t60\t80\n", "onset 'soon' is not a number"),
    "no header": ("0\t1\t60\t80\n", "no header that names the columns onset, offset (or duration) and midi"),
    "other columns": ("name\tcolour\nA\tblue\n", "no header that names the columns"),
    "too few columns": (HEAD + "0\t1\n", "2 columns where the header names 4"),
    "too many columns": (HEAD + "0\t1\t60\t80\t90\t100\n", "6 columns where the header names 4"),
    "empty": ("", "is empty (0 bytes)"),
}


@pytest.fixture
def truth(tmp_path):
    path = tmp_path / "truth.mid"
    write_labels(path, C4)
    return path


@pytest.mark.parametrize("what", TABLES)
@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".txt"])
def test_labels_that_cannot_be_true_are_refused_as_labels_and_as_estimate(what, suffix, truth, refused, tmp_path):
    text, remedy = TABLES[what]
    path = tmp_path / f"labels{suffix}"
    path.write_text(text.replace("\t", ",") if suffix == ".csv" else text)
    for words in ((truth, path), (path, truth)):
        line = refused("score", *words)
        assert str(path) in line
        assert remedy in line


MIDI = {
    "text": b"this is no MIDI file at all",
    "header cut short": b"MThd\x00\x00",
    "no tracks": b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0",
    "track cut short": b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0MTrk\x00\x00\x10\x00\x00\x90\x3c\x50",
    "empty": b"",
}


@pytest.mark.parametrize("what", MIDI)
def test_broken_midi_is_refused(what, truth, refused, tmp_path):
    path = tmp_path / "song.mid"
    path.write_bytes(MIDI[what])
    line = refused("score", truth, path)
    assert str(path) in line
    assert "export it again" in line or "a file without notes holds at least a header" in line


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("missing.mid", "is not there"), ("folder.tsv", "is a folder"), ("song.wav", "is no label file: use a name that")],
)
def test_what_is_no_label_file_is_refused(name, remedy, truth, refused, tmp_path):
    (tmp_path / "folder.tsv").mkdir()
    assert remedy in refused("score", truth, tmp_path / name)


# Places that cannot be written


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "song.wav"
    path.write_bytes(whole_wav())
    return path


@pytest.mark.parametrize("out", ["song.wav", "song.wav/below", "dangling", f"{os.devnull}/x", "n" * 300])
@pytest.mark.parametrize("command", ["detect", "compare"])
def test_a_place_that_cannot_be_written_is_refused_before_work(command, out, song, refused, tmp_path, monkeypatch):
    def work(*args, **kwargs):
        raise AssertionError("work began")

    monkeypatch.setattr("pianolab.compare.worker.transcribe_file", work)  # first: importing it binds the real one
    monkeypatch.setattr("pianolab.session.transcribe_file", work)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere" / "at all")
    before = sorted(os.listdir(tmp_path))
    words = [song] if command == "detect" else ["--data", tmp_path, "--detector", "yin"]
    line = refused(command, *words, "--out", tmp_path / out)
    assert str(tmp_path / out) in line
    assert "choose a" in line
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_someone_else_is_refused(song, refused, tmp_path):
    (tmp_path / "theirs").mkdir(mode=0o500)
    assert "cannot be written to (Permission denied)" in refused("detect", song, "--out", tmp_path / "theirs")


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (("--moments", "0"), "'0' is no number of moments: use 1 to 20"),
        (("--moments", "many"), "'many' is no number of moments: use 1 to 20"),
        (("--errors-of", "yinn"), "the errors of 'yinn' cannot be shown, for it does not take part: did you mean yin?"),
    ],
)
def test_errors_that_cannot_be_shown_are_refused_before_anything_is_heard(
    words, remedy, refused, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert remedy in refused("compare", "--data", tmp_path, "--detector", "yin", "--out", "out", *words)
    assert not list(tmp_path.iterdir())


def test_compare_does_not_replace_files_that_are_not_its_own(song, refused, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("years of work")
    line = refused("compare", "--data", tmp_path, "--detector", "yin", "--out", tmp_path / "precious")
    assert "holds files that are not of an earlier run" in line
    assert (tmp_path / "precious" / "thesis.txt").read_text() == "years of work"


# Names that nobody knows


@pytest.mark.parametrize(
    ("spec", "remedy"),
    [
        ("yni", "unknown detector 'yni': did you mean yin"),
        ("YIN", "unknown detector 'YIN': "),
        ("", "unknown detector '': known are "),
        ("yin:hop_lenght=512", "has no parameter 'hop_lenght': did you mean hop_length"),
        ("yin:method=yinfff", "yin:method=yinfff is not a choice: did you mean yinfft"),
        ("yin:hop_length=many", "yin:hop_length=many: give a value of type int"),
        ("yin:hop_length", "unknown detector 'yin:hop_length'"),
        ("yin:hop_length=512,,nonsense", "'nonsense' in 'yin:hop_length=512,,nonsense' is not key=value"),
        ("yin:frame_length=1024", "frame_length 1024 cannot hold two periods of 27.5 Hz at 44100 Hz: use at least"),
        ("yin:hop_length=0", "hop_length 0 "),
        ("yin:hop_length=-512", "hop_length -512 "),
        ("nowhere.py:Mine", "detector file 'nowhere.py' does not exist: give FILE.py:Class"),
    ],
)
@pytest.mark.parametrize("command", ["detect", "compare"])
def test_an_unknown_detector_or_setting_is_refused_with_the_near_ones(command, spec, remedy, song, refused, tmp_path):
    words = [song] if command == "detect" else ["--data", tmp_path]
    if command == "compare":
        write_labels(tmp_path / "song.mid", C4)
    line = refused(command, *words, "--detector", spec, "--out", tmp_path / "out")
    assert remedy in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("import wishful", "cannot be imported: ModuleNotFoundError: No module named 'wishful'"),
        ("def broken(:", "cannot be imported: SyntaxError"),
        ("class Mine: pass", "has no detector class 'Mine': subclass pianolab.detector.Detector"),
        ("", "has no detector class 'Mine'"),
    ],
)
def test_a_detector_file_that_is_none_is_refused(text, remedy, song, refused, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(text)
    line = refused("detect", song, "--detector", f"{path}:Mine", "--out", tmp_path / "out")
    assert remedy in line
    assert not (tmp_path / "out").exists()


def test_frames_that_cannot_be_cut_are_refused_when_the_detector_is_made(song, refused, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from pianolab.detector import Detector\n"
        "class Mine(Detector):\n"
        "    def __init__(self, *, hop_length: int = 512):\n"
        "        self.hop_length = hop_length\n"
    )
    line = refused("detect", song, "--detector", f"{path}:Mine:hop_length=4096", "--out", tmp_path / "out")
    assert line.endswith("hop_length 4096 must lie in 1..frame_length (2048)")


@pytest.mark.parametrize(
    ("data", "remedy"),
    [
        ("bulitin", "data set 'bulitin' is neither 'builtin' nor 'real' nor a folder: did you mean builtin?"),
        ("song.wav", "is a file: name the folder that holds it"),
        ("hollow", "holds no labelled recording"),
    ],
)
def test_data_that_is_none_is_refused(data, remedy, song, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hollow").mkdir()
    assert remedy in refused("compare", "--data", data, "--detector", "yin", "--out", "out")
    assert not (tmp_path / "out").exists()


# What is heard anyway


def heard(path, out, capfd, *words):
    """Notes that `pianolab detect` writes, and what it warned of."""
    assert run("detect", path, "--out", out, *words) == 0
    lines = capfd.readouterr().err.splitlines()
    assert all(line.startswith(f"pianolab: warning: {path} ") for line in lines)
    return read_labels(out / f"{path.stem}.tsv"), [line.removeprefix(f"pianolab: warning: {path} ") for line in lines]


def test_a_recording_cut_short_is_heard_as_far_as_it_goes(tmp_path, capfd):
    path = tmp_path / "song.wav"
    path.write_bytes(whole_wav()[: 44 + SR])
    notes, (warning,) = heard(path, tmp_path, capfd)
    assert notes.names == ["C4"]
    assert warning == "is cut short: the 0.500 s it holds are used"


@pytest.mark.parametrize("n", [1, 2, 100])
def test_next_to_nothing_is_a_recording_without_notes(n, tmp_path, capfd):
    path = tmp_path / "click.wav"
    float_wav(path, np.full(n, 0.5))
    notes, warned = heard(path, tmp_path, capfd, "--track")
    assert len(notes) == 0
    assert warned == []
    assert len((tmp_path / "click.f0.csv").read_text().splitlines()) == 2


def test_eight_channels_are_heard_as_their_mean(tmp_path, capfd):
    y = render(C4, sr=SR, tail_s=0.2)
    float_wav(tmp_path / "eight.wav", np.outer(y, np.ones(8)))
    float_wav(tmp_path / "one.wav", y)
    eight, _ = heard(tmp_path / "eight.wav", tmp_path, capfd)
    one, _ = heard(tmp_path / "one.wav", tmp_path, capfd)
    assert len(one) > 0
    assert eight == one


@pytest.mark.parametrize("sr", [8000, 11025, 16000, 22050, 32000, 48000, 88200, 96000, 176400, 192000])
def test_every_rate_from_8_to_192_khz_is_heard(sr, tmp_path, capfd):
    path = tmp_path / "a4.wav"
    float_wav(path, render(Notes([0.1], [0.8], [69]), sr=sr, tail_s=0.1), sr=sr)
    notes, warned = heard(path, tmp_path, capfd)
    assert "A4" in notes.names
    assert warned == []


def test_keys_above_the_nyquist_frequency_stay_empty(tmp_path, capfd):
    path = tmp_path / "hiss.wav"
    rng = np.random.default_rng(0)
    float_wav(path, 0.2 * rng.standard_normal(16000), sr=8000)
    notes, _ = heard(path, tmp_path, capfd)
    assert np.all(notes.midi < 108)  # C8 is 4186 Hz


@pytest.mark.parametrize(
    ("y", "warning"),
    [
        (np.zeros(SR), "is silent (all samples are 0): no note can be found"),
        (np.full(SR, 1e-6), "is silent (peak -120 dBFS): no note can be found"),
        (np.full(SR, 0.3), "is off centre by 0.3 of full scale (DC): a high-pass filter helps"),
    ],
)
def test_a_recording_of_nothing_has_no_notes_and_a_warning(y, warning, tmp_path, capfd):
    path = tmp_path / "nothing.wav"
    float_wav(path, y)
    notes, warned = heard(path, tmp_path, capfd)
    assert len(notes) == 0
    assert warned == [warning]


def test_a_clipped_note_is_heard_with_a_warning(tmp_path, capfd):
    path = tmp_path / "loud.wav"
    float_wav(path, np.clip(20 * render(C4, sr=SR, tail_s=0.1), -1, 1))
    notes, (warning,) = heard(path, tmp_path, capfd)
    assert "C4" in notes.names
    assert warning.startswith("is clipped in ")


def test_a_note_beside_the_centre_is_heard_with_a_warning(tmp_path, capfd):
    path = tmp_path / "dc.wav"
    float_wav(path, 0.3 + 0.6 * render(C4, sr=SR, tail_s=0.1))
    notes, (warning,) = heard(path, tmp_path, capfd)
    assert "C4" in notes.names
    assert warning.startswith("is off centre by 0.3")


@pytest.mark.parametrize("name", ["소나타 1번.wav", "two words.wav", "<script>alert(1)<script>.wav", "a'b\"c&d.wav"])
def test_a_name_is_only_a_name(name, tmp_path, capfd):
    path = tmp_path / name
    path.write_bytes(whole_wav())
    notes, warned = heard(path, tmp_path / "결과 folder", capfd)
    assert "C4" in notes.names
    assert warned == []


def test_a_name_that_is_markup_is_text_on_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "데이터 <b>"
    folder.mkdir()
    (folder / "<script>alert(1)<script>.wav").write_bytes(whole_wav())
    write_labels(folder / "<script>alert(1)<script>.tsv", C4)
    assert run("compare", "--data", folder, "--detector", "yin", "--jobs", 1, "--out", "run") == 0
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_labels_off_the_keyboard_are_dropped_and_counted(truth, tmp_path, capfd):
    path = tmp_path / "wide.tsv"
    path.write_text(HEAD + "0.1\t0.7\t60\t80\n1\t2\t20\t80\n1\t2\t109\t80\n1\t2\t0\t80\n")
    assert run("score", truth, path) == 0
    said = capfd.readouterr()
    assert said.err == f"pianolab: warning: {path}: 3 of 4 notes lie off the keyboard (21..108) and are dropped\n"
    assert "notes: 1 heard, 1 played" in said.out


def test_notes_that_overlap_on_one_key_are_all_kept(tmp_path, capfd):
    path = tmp_path / "overlap.tsv"
    path.write_text(HEAD + "0\t2\t60\t80\n1\t3\t60\t80\n1\t1.5\t60\t80\n")
    assert run("score", path, path) == 0
    said = capfd.readouterr()
    assert said.err == ""
    assert "notes: 3 heard, 3 played" in said.out


def test_a_midi_note_that_never_ends_is_ended_with_a_warning(truth, tmp_path, capfd):
    file = mido.MidiFile()
    file.tracks.append(mido.MidiTrack([mido.Message("note_on", note=60), mido.Message("note_on", note=64, time=480)]))
    path = tmp_path / "hanging.mid"
    file.save(path)
    assert run("score", truth, path) == 0
    assert "2 notes never end and are ended at the end of the file" in capfd.readouterr().err


# Many at once: the bad ones do not take the good ones with them


def test_in_a_comparison_a_bad_recording_is_a_row_and_the_others_are_scored(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data"
    folder.mkdir()
    makers = {
        "good": lambda path: path.write_bytes(whole_wav()),
        "nan": RECORDINGS["nan"][0],
        "text": RECORDINGS["text"][0],
        "labels": lambda path: path.write_bytes(whole_wav()),
    }
    for name, make in makers.items():
        make(folder / f"{name}.wav")
        write_labels(folder / f"{name}.tsv", C4)
    (folder / "labels.tsv").write_text(TABLES["negative onset"][0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run("compare", "--data", folder, "--detector", "yin", "--jobs", 1, "--out", "run") == 1
    said = capfd.readouterr()
    failed = [line for line in said.err.splitlines() if line.startswith("pianolab: data ")]
    assert [line.split()[2] for line in failed] == ["labels:", "nan:", "text:"]
    assert "time -0.5 s is negative" in failed[0]
    assert "NaN or infinite" in failed[1]
    assert "not readable audio" in failed[2]
    assert "1 (3 failed)" in said.out
    assert (tmp_path / "run" / "report.html").is_file()


def test_the_recording_that_these_tests_call_whole_is_whole(tmp_path, capfd):
    path = tmp_path / "song.wav"
    path.write_bytes(whole_wav())
    assert sound.info(path).seconds == pytest.approx(0.9, abs=0.01)
    notes, warned = heard(path, tmp_path, capfd)
    assert notes.names == ["C4"]
    assert warned == []
