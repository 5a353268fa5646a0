"""The comparison as a whole: right numbers, and the same table after crashes, kills, damage and changes."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from pianolab import sound
from pianolab.compare import CompareError, compare
from pianolab.compare.rows import COUNT_COLUMNS, SCORE_COLUMNS
from pianolab.data import load_dataset
from pianolab.detector import DetectorError
from pianolab.labels import write_labels
from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.scores import Protocol, score_melody, score_notes
from pianolab.session import transcribe_file

TOYS = Path(__file__).parents[1] / "toy_detectors.py"
SR = 8000
MELODY = (60, 64, 67, 72, 69, 65)


def toy(name, **params):
    text = ",".join(f"{key}={value}" for key, value in params.items())
    return f"{TOYS}:{name}:{text}" if text else f"{TOYS}:{name}"


def sines(notes, *, seconds):
    """Each note a sine that fades: what the toy detector understands."""
    y = np.zeros(int(seconds * SR), dtype=np.float32)
    for onset, offset, hz in zip(notes.onset, notes.offset, notes.hz, strict=True):
        t = np.arange(int((offset - onset) * SR)) / SR
        start = int(onset * SR)
        y[start : start + len(t)] += 0.5 * np.sin(2 * np.pi * hz * t) * np.exp(-2 * t)
    return y


def write_recording(folder, name, midi, *, seconds=None):
    """A recording of one voice, half a second a note."""
    onset = 0.1 + 0.5 * np.arange(len(midi))
    notes = Notes(onset, onset + 0.45, midi, np.full(len(midi), 80))
    sound.write(folder / f"{name}.wav", sines(notes, seconds=seconds or len(midi) * 0.5 + 0.3), sr=SR)
    write_labels(folder / f"{name}.tsv", notes)
    return notes


@pytest.fixture(scope="module")
def melodies(tmp_path_factory):
    """Four recordings of one voice."""
    folder = tmp_path_factory.mktemp("melodies")
    for number in range(4):
        write_recording(folder, f"melody {number}", [midi + number for midi in MELODY])
    return folder


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


def times_heard(log):
    """How many recordings were heard; each worker also warms up once, so the log counts a little more."""
    return log.read_text().count("heard") if log.exists() else 0


def run(data, detectors, tmp_path, **settings):
    """The comparison, with one worker where nothing is asked of several: each takes time to start."""
    settings = {"jobs": 1, "cache": tmp_path / "cache", "progress": False, **settings}
    return compare(data, detectors, **settings)


def comparable(scores):
    """The table without what differs from run to run by nature: the time it took."""
    return scores.drop(columns="seconds_cpu")


def assert_same_table(a, b):
    assert len(a.scores) > 0
    pd.testing.assert_frame_equal(comparable(a.scores), comparable(b.scores))


# Numbers


def test_each_row_is_what_scoring_by_hand_gives(melodies, tmp_path):
    result = run(melodies, toy("Loudest"), tmp_path)
    assert tuple(result.scores.columns) == SCORE_COLUMNS
    assert tuple(result.counts.columns) == COUNT_COLUMNS
    assert set(result.scores.status) == {"ok"}
    row = result.scores[result.scores.recording == "melody 2"]
    recording = load_dataset(melodies)["melody 2"]
    heard = transcribe_file(recording.audio, detector=toy("Loudest"))
    assert len(heard.notes) > 3
    by_hand = score_notes(recording.notes(), heard.notes) | score_melody(recording.notes(), heard.f0_times, heard.f0_hz)
    main = row[row.protocol == str(Protocol())].set_index("metric").value
    for metric, value in by_hand.items():
        assert main[metric] == value, metric
    assert result.heard[melodies.name, "melody 2", "toy_detectors.py:Loudest"] == heard.notes
    assert (row.seconds_audio == 3.3).all()
    assert (row.seconds_cpu > 0).all()


def test_a_wider_onset_tolerance_has_rows_of_its_own(melodies, tmp_path):
    result = run(melodies, toy("Loudest"), tmp_path)
    wide = result.scores[result.scores.protocol == str(Protocol(onset_tolerance_s=0.1))]
    assert sorted(set(wide.metric)) == ["onset_f1", "onset_precision", "onset_recall"]
    assert len(wide) == 4 * 3


def test_rows_do_not_depend_on_the_number_of_workers(melodies, tmp_path):
    detectors = [toy("Loudest"), toy("Loudest", scale=0.9)]
    one = run(melodies, detectors, tmp_path, jobs=1, cache=tmp_path / "one")
    assert_same_table(one, run(melodies, detectors[::-1], tmp_path, jobs=2, cache=tmp_path / "two"))
    assert list(one.scores.drop_duplicates(["detector", "params"]).params) == ["", "scale=0.9"]


def test_only_the_beginning_is_heard_and_scored(melodies, tmp_path):
    result = run(melodies, toy("Loudest"), tmp_path, seconds=1.0)
    rows = result.scores[result.scores.metric == "n_reference"]
    assert list(rows.value) == [2.0] * 4  # of six notes, half a second each from 0.1 s on, two begin within 1 s
    assert (result.scores.seconds_audio == 1.0).all()
    assert max(np.max(notes.offset) for notes in result.truths.values()) == 1.0


def test_melody_scores_are_for_one_voice_and_one_voice_detectors_only(melodies, tmp_path):
    for name in ("one", "two"):
        write_labels(tmp_path / f"{name}.tsv", Notes([0.1, 0.1 + 0.2 * (name == "one")], [0.3, 0.6], [60, 64]))
        sound.write(tmp_path / f"{name}.wav", sines(Notes([0.1], [0.6], [60]), seconds=1), sr=SR)
    result = run(tmp_path, [toy("Loudest"), toy("Chords")], tmp_path)
    melody = result.scores[result.scores.metric == "melody_rpa"]
    assert list(zip(melody.recording, melody.kind, melody.detector, strict=True)) == [
        ("one", "monophonic", "toy_detectors.py:Loudest")
    ]


def test_a_detector_without_velocities_has_no_velocity_score_where_it_hears_nothing(melodies, tmp_path):
    silent = tmp_path / "data"
    silent.mkdir()
    write_recording(silent, "melody", MELODY)
    sound.write(silent / "silence.wav", np.full(SR, 1e-3, dtype=np.float32), sr=SR)
    write_labels(silent / "silence.tsv", Notes([0.1], [0.5], [60], [80]))
    result = run(silent, toy("Loudest"), tmp_path)
    assert not result.scores.metric.str.startswith("velocity").any()
    files = tmp_path / "files"
    files.mkdir()
    for recording in load_dataset(silent):
        write_labels(files / f"{recording.id}.tsv", recording.notes())
    perfect = run(silent, None, tmp_path, estimates={"perfect": files})
    assert list(perfect.scores[perfect.scores.metric == "velocity_f1"].value) == [1.0, 1.0]


def test_real_and_rendered_recordings_never_share_a_mean(melodies, tmp_path):
    dataset = load_dataset(melodies)
    mixed = tuple(
        replace(recording, source=source)
        for recording, source in zip(dataset, ["real", "rendered", "rendered", "real"], strict=True)
    )
    result = run(replace(dataset, recordings=mixed, name="both"), toy("Loudest"), tmp_path)
    f1 = result.summary[(result.summary.metric == "onset_f1") & (result.summary.kind == "all")]
    f1 = f1[f1.protocol == str(Protocol())]
    assert list(zip(f1.dataset, f1.source, f1.n, strict=True)) == [
        ("both (real)", "real", 2),
        ("both (rendered)", "rendered", 2),
    ]


def test_two_folders_of_one_name_stay_two_data_sets(tmp_path):
    for parent in ("a", "b"):
        (tmp_path / parent / "piano").mkdir(parents=True)
        write_recording(tmp_path / parent / "piano", "melody", MELODY[: 3 + (parent == "b")])
    result = run([tmp_path / "a" / "piano", tmp_path / "b" / "piano"], toy("Loudest"), tmp_path)
    n = result.scores[result.scores.metric == "n_reference"]
    assert list(zip(n.dataset, n.value, strict=True)) == [("piano", 3.0), ("piano #2", 4.0)]


# Kept estimates


def test_a_second_run_hears_nothing_again(melodies, tmp_path, log):
    first = run(melodies, toy("Loudest", log=log), tmp_path)
    heard = times_heard(log)
    assert heard >= 4
    second = run(melodies, toy("Loudest", log=log), tmp_path, protocol=Protocol(onset_tolerance_s=0.03))
    third = run(melodies, toy("Loudest", log=log), tmp_path)
    assert times_heard(log) == heard
    assert second.protocol.onset_tolerance_s == 0.03
    pd.testing.assert_frame_equal(first.scores, third.scores)  # seconds_cpu too: it was kept


def test_labels_mended_between_two_comparisons_of_one_data_set_count(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    notes = write_recording(data, "melody", MELODY)
    dataset = load_dataset(data)
    run = {"cache": tmp_path / "cache", "progress": False}
    place = data.name, "melody"
    for played in (notes, notes[1:], notes):
        write_labels(data / "melody.tsv", played)
        truth = compare(dataset, toy("Loudest"), **run).truths[place]
        assert list(truth.midi) == list(played.midi)


def test_new_labels_give_new_scores_of_old_estimates(tmp_path, log):
    data = tmp_path / "data"
    data.mkdir()
    notes = write_recording(data, "melody", MELODY)
    before = run(data, toy("Loudest", log=log), tmp_path)
    heard = times_heard(log)
    write_labels(data / "melody.tsv", notes.shifted(0.3))
    after = run(data, toy("Loudest", log=log), tmp_path)
    assert times_heard(log) == heard
    f1 = [r.scores[r.scores.metric == "onset_f1"].value.iloc[0] for r in (before, after)]
    assert f1[0] > f1[1]


def test_new_sound_is_heard_again(tmp_path, log):
    data = tmp_path / "data"
    data.mkdir()
    write_recording(data, "melody", MELODY)
    run(data, toy("Loudest", log=log), tmp_path)
    heard = times_heard(log)
    write_recording(data, "melody", MELODY[::-1])
    result = run(data, toy("Loudest", log=log), tmp_path)
    assert times_heard(log) > heard
    assert set(result.heard[data.name, "melody", f"toy_detectors.py:Loudest:log={log}"].midi) <= set(MELODY)


def test_damaged_estimates_are_heard_again(melodies, tmp_path):
    first = run(melodies, toy("Loudest"), tmp_path)
    kept = sorted((tmp_path / "cache").glob("*.notes"))
    assert len(kept) == 4
    kept[0].write_bytes(b"")
    kept[1].write_bytes(kept[1].read_bytes()[:-7])
    kept[2].unlink()
    assert_same_table(first, run(melodies, toy("Loudest"), tmp_path))


def test_scores_are_computed_once_for_the_same_notes(melodies, tmp_path, monkeypatch):
    scored = []

    def counting(reference, estimate, *, protocol):
        scored.append(len(reference))
        return score_notes(reference, estimate, protocol=protocol)

    monkeypatch.setattr("pianolab.compare.rows.score_notes", counting)
    first = run(melodies, toy("Loudest"), tmp_path)
    assert len(scored) == 4
    again = run(melodies, toy("Loudest"), tmp_path)
    assert len(scored) == 4
    pd.testing.assert_frame_equal(first.scores, again.scores)
    pd.testing.assert_frame_equal(first.counts, again.counts)
    run(melodies, toy("Loudest"), tmp_path, protocol=Protocol(onset_tolerance_s=0.03))
    assert len(scored) == 8
    for file in (tmp_path / "cache").glob("*.json"):
        file.write_bytes(file.read_bytes()[:-1] + b" ")
    assert_same_table(first, run(melodies, toy("Loudest"), tmp_path))
    assert len(scored) == 12


# Failures are rows


@pytest.fixture
def with_bad_files(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    write_recording(data, "good", MELODY)
    (data / "text.wav").write_text("this is no sound")
    write_labels(data / "text.tsv", Notes([0], [1], [60]))
    write_recording(data, "labels", MELODY)
    (data / "labels.tsv").write_text("onset\toffset\tmidi\n1.0\t0.5\t60\n")
    return data


def test_bad_files_are_rows_and_the_rest_is_scored(with_bad_files, tmp_path):
    result = run(with_bad_files, toy("Loudest"), tmp_path)
    failures = result.failures.set_index("recording").error
    assert sorted(failures.index) == ["labels", "text"]
    assert "text.wav" in failures["text"]
    assert failures["labels"].startswith("labels: ")
    assert "\n" not in failures.str.cat()
    assert set(result.scores[result.scores.status == "ok"].recording) == {"good"}
    ranking = result.ranking.iloc[0]
    assert (ranking.n, ranking.failed) == (1, 2)


def test_a_bad_detector_is_a_row_and_the_others_are_scored(melodies, tmp_path):
    result = run(melodies, [toy("Loudest"), toy("Raises"), toy("CannotStart", size=2)], tmp_path, jobs=2)
    failures = result.failures
    raises = failures[failures.detector == "toy_detectors.py:Raises"]
    assert list(raises.recording) == [f"melody {n}" for n in range(4)]
    assert raises.error.str.startswith("ZeroDivisionError: no frames today (toy_detectors.py, line").all()
    cannot = failures[failures.detector == "toy_detectors.py:CannotStart"]
    assert list(cannot.recording) == [""]
    assert list(cannot.params) == ["size=2"]
    assert cannot.error.iloc[0].startswith("RuntimeError: the model file is gone")
    assert list(result.ranking.detector.iloc[:1]) == ["toy_detectors.py:Loudest"]
    assert list(result.ranking.n) == [4, 0, 0]
    assert "4 failed" in result.console_table()


def test_when_everything_fails_there_is_still_a_table(melodies, tmp_path):
    result = run(melodies, toy("Raises"), tmp_path)
    assert len(result.failures) == 4
    assert list(result.ranking.failed) == [4]
    assert result.summary.empty
    assert result.worst().empty
    assert "4 failed" in result.console_table()


def test_a_recording_that_cannot_be_scored_is_one_row_without_numbers(melodies, tmp_path, monkeypatch):
    def breaks(reference, estimate, *, protocol):
        raise ValueError("no anatomy today")

    monkeypatch.setattr("pianolab.compare.rows.error_columns", breaks)
    result = run(melodies, toy("Loudest"), tmp_path)
    assert list(result.scores.status) == ["error"] * 4
    assert result.scores.error.str.startswith("scoring: ValueError: no anatomy today").all()
    assert result.counts.empty
    assert result.registers.empty


def test_a_worker_that_is_killed_is_replaced(melodies, tmp_path):
    result = run(melodies, [toy("Loudest"), toy("DiesOnce", flag=tmp_path / "flag")], tmp_path, jobs=2)
    assert (tmp_path / "flag").exists()
    assert result.failures.empty
    f1 = result.scores[(result.scores.metric == "onset_f1") & (result.scores.protocol == str(Protocol()))]
    by_detector = [list(group.value) for _, group in f1.groupby("detector")]
    assert by_detector[0] == by_detector[1]
    assert len(by_detector[0]) == 4


def test_a_recording_that_always_kills_its_worker_is_named(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for name, midi in (("bass", [30, 31]), ("high", [72, 74]), ("middle", [60, 62])):
        write_recording(data, name, midi)
    result = run(data, toy("DiesOnLowNotes"), tmp_path, jobs=2)
    assert list(result.failures.recording) == ["bass"]
    assert "worker process died: out of memory, a crash" in result.failures.error.iloc[0]
    assert set(result.scores[result.scores.status == "ok"].recording) == {"high", "middle"}


@pytest.mark.slow
def test_a_script_needs_no_guard_because_workers_do_not_run_it_again(tmp_path):
    (tmp_path / "data").mkdir()
    write_recording(tmp_path / "data", "one", [60])
    script = tmp_path / "script.py"
    script.write_text(
        "from pianolab.compare import compare\n"
        "print('begun')\n"
        "print(len(compare('data', 'yin', jobs=1, cache='kept', progress=False).ranking))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert done.stdout.split() == ["begun", "1"]


def test_workers_have_one_thread(melodies, tmp_path):
    assert run(melodies, toy("OneThread"), tmp_path, jobs=2).failures.empty


def test_remarks_on_poor_recordings_are_kept_with_the_estimate(tmp_path, recwarn):
    data = tmp_path / "data"
    data.mkdir()
    sound.write(data / "silence.wav", np.zeros(SR, dtype=np.float32), sr=SR)
    write_labels(data / "silence.tsv", Notes([0.1], [0.5], [60]))
    for _ in range(2):
        result = run(data, toy("Loudest"), tmp_path)
        (remark,) = result.about["remarks"]
        assert remark[:3] == ["data", "silence", "toy_detectors.py:Loudest"]
        assert "silen" in remark[3]
    assert not [warning for warning in recwarn if "silen" in str(warning.message)]


# Killed and interrupted

SCRIPT = """
import sys
from pianolab.compare import compare
if __name__ == "__main__":
    try:
        compare({data!r}, {detectors!r}, jobs=2, cache={cache!r})
    except KeyboardInterrupt:
        sys.exit(130)
"""


def hears_ctrl_c():
    """A shell lets what it starts in the background ignore Ctrl-C, and all that is started from there inherits that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(data, detectors, cache, tmp_path):
    """The comparison in a process group of its own."""
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT.format(data=str(data), detectors=detectors, cache=str(cache))))
    return subprocess.Popen(
        [sys.executable, script],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=hears_ctrl_c if os.name == "posix" else None,
    )


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


def kept(cache):
    return list(cache.glob("[!.]*.notes")) if cache.exists() else []


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    for number in range(8):
        write_recording(folder, f"melody {number:02}", [midi + number for midi in MELODY[:3]])
    return folder


def test_killed_in_the_middle_and_run_again_gives_the_undisturbed_table(many, tmp_path, log):
    detector = toy("Slow", log=log, wait_s=0.2)
    undisturbed = run(many, detector, tmp_path, cache=tmp_path / "undisturbed")
    log.unlink()
    cache = tmp_path / "cache"
    process = start(many, [detector], cache, tmp_path)
    wait_for(lambda: len(kept(cache)) >= 2)
    workers = psutil.Process(process.pid).children(recursive=True)
    assert len(workers) >= 2
    process.kill()
    process.communicate(timeout=30)
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive, "workers outlived the program"
    survivors = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in kept(cache)}
    assert 2 <= len(survivors) < 8
    again = run(many, detector, tmp_path, cache=cache)
    assert_same_table(undisturbed, again)
    after = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in kept(cache)}
    assert len(after) == 8
    assert {name: after[name] for name in survivors} == survivors  # Not heard and kept again.


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to groups of processes")
def test_ctrl_c_stops_quickly_and_quietly_and_keeps_what_was_heard(many, tmp_path):
    cache = tmp_path / "cache"
    process = start(many, [toy("Slow", wait_s=1.0)], cache, tmp_path)
    wait_for(lambda: len(kept(cache)) >= 2)
    workers = psutil.Process(process.pid).children(recursive=True)
    started = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the whole group
    _, stderr = process.communicate(timeout=30)
    assert time.monotonic() - started < 10
    assert process.returncode == 130
    assert "Traceback" not in stderr
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive
    assert len(kept(cache)) >= 2
    assert "melody" in stderr  # the progress bar says what is running
    assert "left" in stderr


def test_the_bar_reaches_its_end_over_two_and_a_half_seconds_of_sound(tmp_path, capsys):
    sound.write(tmp_path / "C4.wav", render(Notes([0.1], [2.6], [60]), sr=16000)[:40000], sr=16000)
    result = run(tmp_path, toy("Loudest"), tmp_path, jobs=1, progress=True)
    assert result.failures.empty
    assert "of 3 s of sound" in capsys.readouterr().err


# Estimates of other systems


@pytest.fixture
def files(melodies, tmp_path):
    folder = tmp_path / "files" / "deep"
    folder.mkdir(parents=True)
    for recording in load_dataset(melodies):
        write_labels(folder / f"{recording.id}.mid", recording.notes())
    return folder.parent


def test_note_files_of_another_system_are_scored_by_stem(melodies, files, tmp_path):
    result = run(melodies, toy("Loudest"), tmp_path, estimates={"other": files})
    rows = result.scores[(result.scores.detector == "other") & (result.scores.metric == "onset_f1")]
    assert list(rows.value) == [1.0] * 8  # two protocols
    assert rows.seconds_cpu.isna().all()
    assert list(result.ranking.detector) == ["other", "toy_detectors.py:Loudest"]


def test_alone_they_take_no_detector_with_them(melodies, files, tmp_path):
    assert list(run(melodies, None, tmp_path, estimates={"other": files}).ranking.detector) == ["other"]


def test_a_missing_or_doubtful_note_file_is_a_row(melodies, files, tmp_path):
    (files / "deep" / "melody 0.mid").rename(files / "deep" / "melody zero.mid")
    write_labels(files / "melody 1.tsv", Notes.empty())
    (files / "deep" / "melody 2.mid").write_bytes(b"no midi")
    result = run(melodies, None, tmp_path, estimates={"other": files})
    failures = result.failures.set_index("recording").error
    assert failures["melody 0"] == (
        "no note file is called 'melody 0'; there are 5: deep/melody 1.mid, deep/melody 2.mid, deep/melody 3.mid, ...; "
        "call it melody 0.mid, say"
    )
    assert failures["melody 1"] == "2 note files may stand for 'melody 1' (deep/melody 1.mid, melody 1.tsv): keep one"
    assert "melody 2.mid" in failures["melody 2"]
    assert result.ranking.n.iloc[0] == 1


# Refusals


@pytest.mark.parametrize("jobs", [0, -3, True, 1.5])
def test_no_workers_are_refused(melodies, tmp_path, jobs):
    with pytest.raises(CompareError, match=f"jobs {jobs} is no number of processes: use 1 to 1000"):
        run(melodies, toy("Loudest"), tmp_path, jobs=jobs)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_no_length_is_refused(melodies, tmp_path, seconds):
    with pytest.raises(CompareError, match=r"use a number from 0\.001 to 1000000"):
        run(melodies, toy("Loudest"), tmp_path, seconds=seconds)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seconds": "2"}, "seconds '2' is no length: use a number from 0.001 to 1000000, or None"),
        ({"jobs": "2"}, "jobs '2' is no number of processes: use 1 to 1000"),
        ({"protocol": "x"}, r"protocol 'x' is none: pass pianolab\.scores\.Protocol"),
        ({"cache": None}, "cache None is no folder: name one, or leave it out"),
        ({"detectors": []}, "no detector is named: name one, or pass None for all"),
    ],
)
def test_a_setting_of_another_kind_is_refused(melodies, wrong, message):
    with pytest.raises(CompareError, match=message):
        compare(melodies, **wrong, progress=False)


def test_what_does_not_exist_is_refused_before_anything_is_heard(melodies, tmp_path, log):
    for detector, message in (
        ("yinn", "did you mean yin"),
        (toy("Loudest", sclae=1), "did you mean scale"),
        (toy("Nobody"), "no detector class 'Nobody'"),
        ("gone.py:Mine", "does not exist"),
    ):
        with pytest.raises(DetectorError, match=message):
            run(melodies, [toy("Loudest", log=log), detector], tmp_path)
    with pytest.raises(CompareError, match="is not a folder"):
        run(melodies, None, tmp_path, estimates={"other": tmp_path / "gone"})
    with pytest.raises(CompareError, match="no data"):
        run([], toy("Loudest"), tmp_path)
    assert times_heard(log) == 0


@pytest.mark.parametrize("name", ["file", "file/cache"])
def test_a_file_in_the_place_of_the_cache_is_refused_before_anything_is_heard(melodies, tmp_path, log, name):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CompareError, match=r"cannot be written .*: a file is in its place: name another folder"):
        run(melodies, toy("Loudest", log=log), tmp_path, cache=tmp_path / name)
    assert times_heard(log) == 0


def test_two_of_one_name_are_refused(melodies, files, tmp_path):
    copy = tmp_path / "toy_detectors.py"
    copy.write_text(TOYS.read_text() + "\n# not the same\n")
    with pytest.raises(CompareError, match=r"two who take part are called 'toy_detectors\.py:Loudest': rename one"):
        run(melodies, [toy("Loudest"), f"{copy}:Loudest"], tmp_path)


def test_asked_for_twice_is_heard_once(melodies, tmp_path):
    result = run(melodies, [toy("Loudest"), toy("Loudest", scale=1.0)], tmp_path)
    assert len(result.ranking) == 1


def test_whoever_hears_the_pedal_is_scored_where_labels_know_of_one(melodies, tmp_path):
    """The toy takes the pedal for down while a note sounds; two of three recordings have labels with a pedal."""
    folder = tmp_path / "pedalled"
    folder.mkdir()
    for name, pedal in (("right", [(0.1, 0.4), (0.7, 1.1)]), ("half", [(0.1, 1.4)]), ("none", None)):
        notes = Notes([0.1, 0.7], [0.4, 1.1], [60, 64], [80, 80])
        sound.write(folder / f"{name}.wav", sines(notes, seconds=1.5), sr=SR)
        write_labels(folder / f"{name}.mid", notes, pedal=pedal)
    result = run(folder, [toy("Pedalled"), toy("Loudest")], tmp_path)
    of_pedal = result.scores[result.scores.metric.str.startswith("pedal")]
    assert set(of_pedal.recording) == {"right", "half"}
    assert set(of_pedal.detector) == {"toy_detectors.py:Pedalled"}
    assert set(of_pedal.protocol) == {"sustain pedal down and up 100 ms; grid 10 ms"}
    down = of_pedal[of_pedal.metric == "pedal_onset_f1"].set_index("recording").value
    assert (down["right"], down["half"]) == (1.0, pytest.approx(2 / 3))
    table = result.pedals
    assert table[["detector", "n"]].values.tolist() == [["toy_detectors.py:Pedalled", 2]]
    assert table.pedal_onset_f1[0] == pytest.approx(5 / 6)
    assert "the sustain pedal, where labels know of one" in result.console_table()
    again = run(folder, [toy("Pedalled"), toy("Loudest")], tmp_path)
    assert_same_table(result, again)
    beginning = run(folder, toy("Pedalled"), tmp_path, seconds=0.3)
    n_played = beginning.scores[beginning.scores.metric == "n_pedal_reference"]
    assert n_played.value.tolist() == [1.0, 1.0]
    assert run(melodies, toy("Pedalled"), tmp_path).pedals.empty


def test_the_pedal_in_note_files_of_another_system_is_scored(tmp_path):
    folder, said = tmp_path / "played", tmp_path / "said"
    for place, pedal in ((folder, [(0.1, 1.0)]), (said, [(0.15, 0.5)])):
        place.mkdir()
        write_labels(place / "one.mid", Notes([0.1], [0.5], [60], [80]), pedal=pedal)
    sound.write(folder / "one.wav", sines(Notes([0.1], [0.5], [60]), seconds=1.5), sr=SR)
    (row,) = run(folder, None, tmp_path, estimates={"theirs": said}).pedals.to_dict("records")
    assert (row["pedal_onset_f1"], row["pedal_offset_f1"]) == (1.0, 0.0)
    assert row["pedal_frame_f1"] == pytest.approx(2 * 35 / (35 + 90), abs=0.02)  # MIDI rounds by 25 microseconds.


def test_a_pedalled_recording_is_scored_by_both_pedal_rules(tmp_path):
    """Keys are let go at 0.5 s while the pedal holds the chord until 1.5 s; a peer says that it ends at 1.5 s."""
    folder, said = tmp_path / "pedalled", tmp_path / "said"
    folder.mkdir()
    said.mkdir()
    keys, sounding = (Notes([0.2] * 3, [end] * 3, [60, 64, 67], [80] * 3) for end in (0.5, 1.5))
    pedal = np.array([[0.3, 1.5]])
    sound.write(folder / "chord.wav", render(keys, sr=16000, pedal=pedal), sr=16000)
    write_labels(folder / "chord.mid", keys, pedal=pedal)
    write_labels(said / "chord.tsv", sounding)
    found = {}
    for rule in ("release", "extended"):
        result = compare(
            folder,
            ["nmf"],
            estimates={"peer": said},
            protocol=Protocol(pedal=rule),
            cache=tmp_path / "c",
            jobs=1,
            progress=False,
        )
        assert result.scores.protocol.str.contains(f"pedal {rule}").all()
        main = result.scores[result.scores.protocol == str(result.protocol)].set_index(["detector", "metric"]).value
        found[rule] = main
    assert found["release"]["peer", "note_f1"] == 0.0
    assert found["extended"]["peer", "note_f1"] == 1.0
    for detector in ("nmf", "peer"):
        assert found["release"][detector, "onset_f1"] == found["extended"][detector, "onset_f1"] > 0.5
        assert found["release"][detector, "frame_f1"] < found["extended"][detector, "frame_f1"]
