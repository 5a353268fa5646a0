"""Whatever a detector of a user does, it is a row of its own, and the others get what they always get."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from pianolab import sound
from pianolab.compare import compare
from pianolab.compare.participants import find_participants
from pianolab.detector import DetectorError
from pianolab.errors import MAX_LENGTH
from pianolab.labels import write_labels
from pianolab.registry import create
from pianolab.roll import Notes
from pianolab.session import Session

BAD = Path(__file__).with_name("bad_detectors.py")
SR = 8000
posix = pytest.mark.skipif(os.name == "nt", reason="this is how it is done on POSIX")


def bad(name, **params):
    settings = ",".join(f"{key}={value}" for key, value in params.items())
    return f"{BAD}:{name}" + (f":{settings}" if settings else "")


def tone(seconds=1.0):
    """A4 that sounds for the first half of the time."""
    t = np.arange(int(seconds * SR)) / SR
    return (0.5 * np.sin(2 * np.pi * 440 * t) * (t < seconds / 2)).astype(np.float32)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two recordings of one note."""
    folder = tmp_path_factory.mktemp("data")
    for name, seconds in (("long", 2.0), ("short", 1.0)):
        sound.write(folder / f"{name}.wav", tone(seconds), sr=SR)
        write_labels(folder / f"{name}.tsv", Notes([0.0], [seconds / 2], [69], [80]))
    return folder


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """One recording of one note."""
    folder = tmp_path_factory.mktemp("one")
    sound.write(folder / "short.wav", tone(), sr=SR)
    write_labels(folder / "short.tsv", Notes([0.0], [0.5], [69], [80]))
    return folder


def run(data, detectors, cache, *, jobs=1, **settings):
    """The comparison, with one worker where nothing is asked of several: each takes time to start."""
    return compare(data, detectors, cache=cache, progress=False, jobs=jobs, **settings)


def rows_of(result, detector):
    rows = result.scores[result.scores.detector == detector].drop(columns="seconds_cpu")
    assert len(rows) > 0
    return rows.reset_index(drop=True)


def errors_of(result):
    """The reasons of those that failed, by the name of the class; each is one line of one row."""
    failures = result.failures
    assert set(failures.recording) == {"short"}
    assert not failures.detector.duplicated().any()
    assert not failures.error.str.contains("\n").any()
    return dict(zip(failures.detector.str.removeprefix("bad_detectors.py:"), failures.error, strict=True))


@pytest.fixture(scope="module")
def alone(data, tmp_path_factory):
    """What the honest ones get when nobody else takes part."""
    return run(data, ["yin", bad("Honest")], tmp_path_factory.mktemp("alone"))


# One detector does not change another's result


@posix
@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_detector_that_changes_numpy_and_the_tracker_changes_nobody_else(data, alone, tmp_path, jobs):
    cache = tmp_path / "cache"
    together = run(data, [bad("Patches"), "yin", bad("Honest")], cache, jobs=jobs)
    again = run(data, ["yin", bad("Honest")], cache)  # what was kept is right, too
    for result in (together, again):
        for detector in ("yin", "bad_detectors.py:Honest"):
            pd.testing.assert_frame_equal(rows_of(result, detector), rows_of(alone, detector))
    assert len(rows_of(together, "bad_detectors.py:Patches")) > 0


def test_a_file_that_changes_numpy_when_it_is_imported_does_not_reach_the_scores(data, alone, tmp_path):
    file = tmp_path / "poison.py"
    spoil = "import numpy as np\nnp.asarray = np.sum = np.argsort = lambda *args, **kwargs: 1 / 0\n"
    file.write_text(BAD.read_text() + spoil)
    asarray = np.asarray
    together = run(data, [f"{file}:Honest", "yin"], tmp_path / "cache")
    assert np.asarray is asarray
    pd.testing.assert_frame_equal(rows_of(together, "yin"), rows_of(alone, "yin"))
    assert list(together.failures.detector.unique()) == ["poison.py:Honest"]


def test_two_detectors_of_files_share_no_process_with_each_other(tmp_path):
    participants, _ = find_participants([bad("Honest"), bad("Patches"), "yin", "cqt"], {})
    rooms = [participant.room for participant in participants]
    assert len(set(rooms)) == 3
    assert rooms[2:] == ["", ""]


# Whatever it does to itself is a row

DEATHS = {"Aborts": "SIGABRT", "Crashes": "SIGSEGV", "EndsItself": "exit code 0", "ForksAndDies": "exit code 3"}


@posix
def test_whoever_ends_its_process_is_a_row_that_says_how(one, tmp_path):
    result = run(one, [bad("Honest"), *map(bad, DEATHS)], tmp_path, jobs=2)
    found = errors_of(result)
    died = "the worker process died: out of memory, a crash in a library, or an exit in the middle"
    assert found == {detector: f"{died} ({how})" for detector, how in DEATHS.items()}
    assert set(rows_of(result, "bad_detectors.py:Honest").status) == {"ok"}


@posix
@pytest.mark.slow
def test_whoever_leaves_a_daemon_behind_is_a_row(one, tmp_path):
    note = tmp_path / "note"
    try:
        found = errors_of(run(one, [bad("LeavesADaemon", note=note)], tmp_path / "cache"))
    finally:
        for left in note.read_text().split():
            os.kill(int(left), signal.SIGKILL)
    assert found["LeavesADaemon"].endswith("an exit in the middle (exit code 3)")


@posix
def test_whoever_raises_what_is_no_fault_of_the_sound_is_a_row_with_the_reason(one, tmp_path):
    found = errors_of(run(one, [*map(bad, ("Exits", "Interrupts", "TakesAllMemory", "RaisesSomethingOdd"))], tmp_path))
    assert found["Exits"].startswith("SystemExit: enough")
    assert found["Interrupts"].startswith("KeyboardInterrupt")
    assert found["TakesAllMemory"].startswith("MemoryError")
    assert found["RaisesSomethingOdd"].startswith("Odd: thisthis")
    assert len(found["RaisesSomethingOdd"]) < 500
    assert found["RaisesSomethingOdd"].isprintable()


@posix
def test_whoever_hangs_is_stopped_after_the_time_that_was_given(data, tmp_path):
    started = time.monotonic()
    result = run(data, [bad("Hangs"), bad("CannotBeMade")], tmp_path, jobs=2, timeout_s=3)
    assert time.monotonic() - started < 60
    failures = result.failures
    assert list(failures.error.unique()) == [
        "it was stopped after 3 s without an answer: give it more time if it is slow (--timeout, in Python timeout_s)"
    ]
    assert sorted(zip(failures.detector.str.partition(":")[2], failures.recording, strict=True)) == [
        ("CannotBeMade", ""),
        ("Hangs", "long"),
        ("Hangs", "short"),
    ]
    assert not [p for p in psutil.Process().children(recursive=True) if "pianolab.workers" in " ".join(p.cmdline())]


@posix
@pytest.mark.slow
def test_output_threads_and_forks_are_no_fault_and_disturb_nothing(data, alone, tmp_path, capfd):
    noisy = ("Prints", "LeavesAThread", "Forks")
    result = run(data, [*map(bad, noisy)], tmp_path, jobs=2)
    assert result.failures.empty
    honest = rows_of(alone, "bad_detectors.py:Honest").drop(columns="detector")
    for name in noisy:
        rows = rows_of(result, f"bad_detectors.py:{name}").drop(columns="detector")
        pd.testing.assert_frame_equal(rows, honest)
    assert capfd.readouterr() == ("", "")


@posix
def test_whoever_closes_all_files_is_a_row(one, tmp_path):
    assert set(errors_of(run(one, [bad("ClosesEverything")], tmp_path))) == {"ClosesEverything"}


@posix
def test_programs_that_a_detector_started_end_with_the_run(one, tmp_path):
    note = tmp_path / "note"
    result = run(one, [bad("LeavesAProgram", note=note)], tmp_path / "cache")
    assert result.failures.empty
    program = int(note.read_text())
    assert not psutil.pid_exists(program) or psutil.Process(program).status() == psutil.STATUS_ZOMBIE


# Nonsense in its Salience is an error that says what is wrong

WRONG = {
    "list": "gave a list: process and flush must return a Salience",
    "nothing": "gave a NoneType: process and flush must return a Salience",
    "nan": r"gave strength nan at \d\.\d+ s: give numbers from 0 to 1",
    "infinite": r"gave strength inf at \d\.\d+ s: give numbers from 0 to 1",
    "percent": r"gave strength 100 at 0\.\d+ s: give numbers from 0 to 1",
    "hz": r"gave hz -1 at 0\.000 s: give Hz above 0, NaN where it is not known",
    "level": r"gave level_db nan at 0\.000 s: give dBFS, -inf for digital silence",
    "time nan": "gave time nan: give finite seconds",
    "backward": r"gave time \d\.\d+ s after \d\.\d+ s: give one row a frame, in order",
    "again": r"gave time 0\.000 s after \d\.\d+ s: give one row a frame, in order",
    "future": r"gave time 360\d\.\d+ s when it had heard until \d\.\d+ s: give the times of the span",
    "past": r"gave time -3600\.000 s when it had heard until \d\.\d+ s: give the times of the span",
    "fewer": r"gave \d+ rows for \d+ frames: give one row a frame, the last ones in flush",
    "more": r"gave time 0\.000 s after \d\.\d+ s: give one row a frame, in order",
    "onset": r"gave onset -0\.5 at 0\.000 s: give numbers from 0 to 1",
    "velocity": r"gave velocity 1000 at 0\.000 s: give numbers from 0 to 127, NaN where it is not known",
    "flush": "gave a str: process and flush must return a Salience",
}


def heard_in_blocks(detector):
    session = Session(detector, sr=SR)
    for block in np.split(tone(), 4):
        session.push(block)
    session.flush()
    return session.notes


@pytest.mark.parametrize("what", WRONG)
def test_nonsense_is_refused_and_named(what):
    with pytest.raises(DetectorError, match=f"^Nonsense:what={what} {WRONG[what]}"):
        heard_in_blocks(create(bad("Nonsense"), what=what))


def test_sense_is_not_refused():
    assert heard_in_blocks(create(bad("Nonsense"))).names == ["A4"]


def test_nonsense_is_a_row(one, tmp_path):
    failures = run(one, [bad("Nonsense", what=what) for what in ("shape", "text", "nan")], tmp_path).failures
    assert len(failures) == 3
    by_what = dict(zip(failures.params, failures.error, strict=True))
    assert "Salience.strength has shape" in by_what["what=shape"]
    assert by_what["what=text"].startswith("ValueError: could not convert string to float: ")
    assert "gave strength nan at 0." in by_what["what=nan"]


def test_the_many_long_warnings_of_a_detector_are_cut_and_counted(one, tmp_path):
    """Ten of fifty are kept of a recording, each no longer than any message."""
    remarks = [texts[-1] for texts in run(one, [bad("Warns")], tmp_path).about["remarks"]]
    assert remarks[:10] == [remark for remark in remarks if remark.startswith("number ")]
    assert remarks[10:] == ["and 40 more warnings"]
    assert max(map(len, remarks)) <= MAX_LENGTH
