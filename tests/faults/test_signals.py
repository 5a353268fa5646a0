"""Ended by the system, a comparison leaves nothing behind and loses nothing: the same command goes on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from pianolab import sound
from pianolab.cli import main
from pianolab.cli.signals import Stopped, stoppable
from pianolab.files import remove_stale, replacing
from pianolab.labels import write_labels
from pianolab.roll import Notes

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
TOYS = Path(__file__).parents[1] / "toy_detectors.py"
SR = 8000


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Six recordings of one note."""
    folder = tmp_path_factory.mktemp("six")
    t = np.arange(SR) / SR
    for key in range(60, 66):
        y = 0.5 * np.sin(2 * np.pi * 440 * 2 ** ((key - 69) / 12) * t) * (t < 0.6)
        sound.write(folder / f"key {key}.wav", y.astype(np.float32), sr=SR)
        write_labels(folder / f"key {key}.tsv", Notes([0.0], [0.6], [key], [80]))
    return folder


def words(data, tmp_path):
    detector = f"{TOYS}:Slow:wait_s=0.4"
    places = ["--cache", tmp_path / "cache", "--out", tmp_path / "out"]
    return [*map(str, ["compare", "--data", data, "--detector", detector, "--jobs", "2", *places])]


def start(data, tmp_path):
    return subprocess.Popen(
        [sys.executable, "-m", "pianolab", *words(data, tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def kept(tmp_path):
    return list((tmp_path / "cache").glob("*.notes"))


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


def workers_of(process):
    children = psutil.Process(process.pid).children()
    alive = [child for child in children if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in alive if "pianolab.workers" in " ".join(child.cmdline())]


def scores(folder):
    return pd.read_csv(folder / "scores.csv").drop(columns="seconds_cpu")


@pytest.fixture(scope="module")
def undisturbed(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    assert main(words(data, folder)) == 0
    return scores(folder / "out")


def assert_it_goes_on(data, tmp_path, undisturbed):
    """The same command again hears the rest, and gives the table of a run that nobody disturbed."""
    before = {path.name: path.stat().st_mtime_ns for path in kept(tmp_path)}
    assert 2 <= len(before) < 6
    assert main(words(data, tmp_path)) == 0
    pd.testing.assert_frame_equal(scores(tmp_path / "out"), undisturbed)
    assert {path.name: path.stat().st_mtime_ns for path in kept(tmp_path) if path.name in before} == before


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), pytest.param("SIGHUP", 129, marks=pytest.mark.slow)])
def test_a_run_that_is_asked_to_end_says_so_on_one_line_and_goes_on_later(name, code, data, tmp_path, undisturbed):
    process = start(data, tmp_path)
    wait_for(lambda: len(kept(tmp_path)) >= 2)
    workers = workers_of(process)
    assert len(workers) == 2
    process.send_signal(getattr(signal, name))
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == code
    assert stdout == ""
    told = [line for line in stderr.replace("\r", "\n").splitlines() if line and not line.startswith("hearing:")]
    assert told == [f"pianolab: stopped by {name}: the same command again goes on, for what was heard by then is kept"]
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive
    assert not list(tmp_path.rglob("*.tmp"))
    assert_it_goes_on(data, tmp_path, undisturbed)


@pytest.mark.slow
def test_a_run_that_is_killed_takes_its_workers_with_it_and_goes_on_later(data, tmp_path, undisturbed):
    process = start(data, tmp_path)
    wait_for(lambda: len(kept(tmp_path)) >= 2)
    workers = workers_of(process)
    assert len(workers) == 2
    process.kill()
    process.communicate(timeout=30)
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive
    assert_it_goes_on(data, tmp_path, undisturbed)


def ignores_sigterm(worker):
    """The detector Hangs does it before it begins to wait."""
    ignored = Path(f"/proc/{worker.pid}/status").read_text().partition("SigIgn:")[2].split()[0]
    return int(ignored, 16) >> (signal.SIGTERM - 1) & 1 == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process that runs compiled code with its parent")
def test_a_worker_in_compiled_code_ends_with_a_program_that_was_killed(data, tmp_path):
    hangs = f"{Path(__file__).with_name('bad_detectors.py')}:Hangs"
    words = [
        "compare",
        "--data",
        data,
        "--detector",
        hangs,
        "--jobs",
        "1",
        "--cache",
        tmp_path,
        "--out",
        tmp_path / "o",
    ]
    process = subprocess.Popen([sys.executable, "-m", "pianolab", *map(str, words)], stderr=subprocess.PIPE)
    wait_for(lambda: [worker for worker in workers_of(process) if ignores_sigterm(worker)], 60)
    workers = workers_of(process)
    process.kill()
    process.communicate(timeout=30)
    assert workers
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a program may outlive a worker in compiled code")
def test_a_program_that_a_detector_started_ends_with_a_program_that_was_killed(data, tmp_path):
    note = tmp_path / "note"
    waits = f"{Path(__file__).with_name('bad_detectors.py')}:WaitsForAProgram:note={note}"
    words = [
        "compare",
        "--data",
        data,
        "--detector",
        waits,
        "--jobs",
        "1",
        "--cache",
        tmp_path,
        "--out",
        tmp_path / "o",
    ]
    process = subprocess.Popen([sys.executable, "-m", "pianolab", *map(str, words)], stderr=subprocess.PIPE)
    wait_for(lambda: note.exists() and note.read_text(), 60)
    program = psutil.Process(int(note.read_text()))
    process.kill()
    process.communicate(timeout=30)
    assert not psutil.wait_procs([program], timeout=10)[1]


@pytest.mark.slow
def test_a_worker_that_is_killed_changes_nothing(data, tmp_path, undisturbed):
    process = start(data, tmp_path)
    wait_for(lambda: len(kept(tmp_path)) >= 1)
    workers_of(process)[0].kill()
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    pd.testing.assert_frame_equal(scores(tmp_path / "out"), undisturbed)


def test_signals_do_what_they_did_before_after_a_command():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Stopped), stoppable():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_signal_that_is_ignored_stays_ignored(monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with stoppable():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_a_killed_program_was_writing_is_removed_when_it_is_old(tmp_path):
    old, new, others = (tmp_path / name for name in (".12-0123abcd.tmp", ".13-0123abcd.tmp", ".12-mine.tmp"))
    for path in (old, new, others):
        path.touch()
    for path in (old, others):
        os.utime(path, (time.time() - 7200,) * 2)
    with replacing(tmp_path / "song.txt") as temporary:
        temporary.touch()
        remove_stale(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {new.name, others.name, "song.txt"}


# Little memory


def limited(data, tmp_path, n_bytes, of="v"):
    import resource

    kind = {"v": resource.RLIMIT_AS, "d": resource.RLIMIT_DATA}[of]
    words = ["compare", "--data", data, "--detector", "fft_peak", "--cache", tmp_path, "--out", tmp_path / "o"]
    return subprocess.run(
        [sys.executable, "-m", "pianolab", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=300,
        preexec_fn=lambda: resource.setrlimit(kind, (n_bytes, n_bytes)),
    )


@pytest.mark.parametrize(("megabytes", "of"), [(200, "v"), (300, "v"), (700, "v"), (200, "d"), (700, "d")])
def test_too_little_memory_is_said_on_one_line(megabytes, of, data, tmp_path):
    done = limited(data, tmp_path, megabytes * 10**6, of)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"pianolab: memory is limited to {megabytes} MB here, and at least 1000 MB are needed: raise it "
        f"(ulimit -{of} 1000000)\n"
    )
    assert not (tmp_path / "o").exists()


@pytest.mark.slow
@pytest.mark.parametrize("of", ["v", "d"])
def test_in_the_least_memory_that_is_asked_for_it_runs(of, data, tmp_path):
    done = limited(data, tmp_path, 10**9, of)
    assert done.returncode == 0, done.stderr
    assert len(scores(tmp_path / "o")) > 0
