"""Recordings heard on a Dask cluster: the table of one machine, also if a worker, the scheduler or we are killed."""

import importlib.util
import json
import os
import subprocess
import sys
import textwrap
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from pianolab import sound
from pianolab.cli import main
from pianolab.compare import CompareError, compare, remote
from pianolab.compare.cache import unpack
from pianolab.compare.degraded_sound import written
from pianolab.compare.fingerprints import portable_key
from pianolab.compare.participants import find_participants
from pianolab.compare.remote import Asked, ask, hear_as_asked, hear_there
from pianolab.compare.worker import Job, describe
from pianolab.labels import write_labels
from pianolab.roll import Notes
from pianolab.texts.degradations import Step

TOYS = Path(__file__).parents[1] / "toy_detectors.py"
SR = 8000
N = 8
PATIENCE_S = 120

needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None,
    reason="distributed is not installed: pip install 'pianolab[cluster]'",
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "notes"
    folder.mkdir()
    t = np.arange(int(0.6 * SR)) / SR
    for number in range(N):
        notes = Notes([0.0], [0.6], [60 + number])
        sound.write(folder / f"{number}.wav", (0.5 * np.sin(2 * np.pi * notes.hz[0] * t)).astype(np.float32), sr=SR)
        write_labels(folder / f"{number}.tsv", notes)
    return folder


def toy(log="", wait_s=0.0):
    return f"{TOYS}:Slow:wait_s={wait_s}" + (f",log={log}" if log else "")


def run(data, detector, cache, **words):
    return compare(data, detector, jobs=1, cache=cache, progress=False, **words)


def assert_same_table(one, other):
    assert len(one.scores) > N
    assert set(one.scores.status) == {"ok"}
    pd.testing.assert_frame_equal(one.scores.drop(columns="seconds_cpu"), other.scores.drop(columns="seconds_cpu"))
    pd.testing.assert_frame_equal(one.counts, other.counts)


def asked(audio, steps=(), **words):
    """What a worker is asked for in these tests, with something else than is true."""
    detector = f"{TOYS}:Loudest"
    found = describe(detector)
    job = Job(str(audio), detector, None, sound.checksum(audio), written(steps))
    given = {"portable": portable_key(found.facts, found.source), "room": "", "limit_s": 60.0}
    about = json.loads(ask(job, **given))
    about = {"job": job, **{name: about[name] for name in ("portable", "worse", "machine", "folder")}, "worker": "w1"}
    return Asked(**{**about, **words})


def test_a_worker_hears_what_it_is_asked_for(data):
    heard = unpack(hear_as_asked(asked(data / "3.wav")))
    assert heard.transcription.notes.midi.tolist() == [63]
    assert heard.remarks == ()


def test_a_worker_refuses_another_file_by_name(data, tmp_path):
    path = tmp_path / "song.wav"
    path.write_bytes((data / "0.wav").read_bytes())
    true = asked(path)
    path.write_bytes((data / "1.wav").read_bytes())
    assert hear_as_asked(true) == f"worker w1 has another file at {path}: share the folder, or copy it anew"
    path.unlink()
    assert hear_as_asked(true).startswith(f"worker w1 has no {path}: share the folder")


def test_a_worker_refuses_to_hear_with_other_code(data):
    said = hear_as_asked(asked(data / "0.wav", portable="of another version"))
    assert said.startswith("worker w1 would hear with other code, libraries or settings than asked for")


def test_a_worker_that_goes_on_hears_with_a_detector_as_it_is_now(data, tmp_path):
    mine = tmp_path / "mine.py"

    def heard_with(code):
        mine.write_text(code, encoding="utf-8")
        ((who,), _) = find_participants([f"{mine}:Loudest"], {})
        job = Job(str(data / "3.wav"), who.spec, None, sound.checksum(data / "3.wav"))
        answer = hear_there(ask(job, portable=who.portable, room=who.room, limit_s=60.0), "w1")
        assert isinstance(answer, bytes), answer
        return unpack(answer).transcription.notes.midi.tolist()

    try:
        code = TOYS.read_text(encoding="utf-8")
        assert heard_with(code) == [63]
        assert heard_with(code.replace("strength[np.arange(len(best)), best]", "strength[:, 0]")) == [21]
    finally:
        remote._MINE.process.close()
        del remote._MINE.process


def test_a_worker_is_asked_for_nothing_that_it_could_not_tell(data, tmp_path):
    job = replace(asked(data / "0.wav").job, detector=b"an object")
    with pytest.raises(CompareError, match="stands in no file cannot be sent to a cluster"):
        hear_as_asked(replace(asked(data / "0.wav"), job=job))


@needs_dask
def test_code_that_cannot_be_told_is_heard_at_home_only(data, tmp_path):
    """A file that computes what it imports: two machines could not tell whether they have the same one."""
    from distributed import LocalCluster

    code = TOYS.read_text(encoding="utf-8") + "\n\n__import__('js' + 'on')\n"
    (tmp_path / "mine.py").write_text(code, encoding="utf-8")
    settings = {"host": "127.0.0.1", "dashboard_address": None, "memory_limit": 0}
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", **settings) as cluster:
        at = cluster.scheduler_address
        failed = run(data, f"{tmp_path / 'mine.py'}:Loudest", tmp_path / "far", dask=at).failures
    assert len(failed) == N
    assert failed.error.str.startswith("what this detector's code is cannot be told").all()


def test_a_worker_refuses_to_make_the_sound_worse_with_another_noise(data, tmp_path):
    noise = tmp_path / "noise.wav"
    sound.write(noise, np.random.default_rng(0).normal(0, 0.1, SR).astype(np.float32), sr=SR)
    true = asked(data / "0.wav", steps=[Step("noise", str(noise), 20.0)])
    assert unpack(hear_as_asked(true)).transcription.notes.midi.tolist() == [60]
    false = replace(true, worse="of another noise")
    assert hear_as_asked(false) == ("worker w1 would make the sound worse in another way: share the files of --degrade")


def test_another_kind_of_processor_is_said(data):
    heard = unpack(hear_as_asked(asked(data / "0.wav", machine=json.dumps({"processor": "abacus"}))))
    assert heard.remarks[-1].startswith("heard on another kind of processor")
    facts = describe(f"{TOYS}:Loudest").facts
    moved = {**facts, "machine": {**facts["machine"], "simd": "none", "processor": "abacus"}}
    older = {**facts, "machine": {**facts["machine"], "python": "2.7"}}
    assert portable_key(facts, "ab") == portable_key(moved, "ab") != portable_key(older, "ab")
    assert portable_key(facts, "") == ""


def test_without_distributed_one_line_says_what_to_install(data, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    words = ["--data", str(data), "--detector", "fft_peak", "--cache", str(tmp_path / "cache"), "--dask", "local"]
    assert main(["compare", *words, "--out", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("a Dask cluster needs distributed: pip install 'pianolab[cluster]'")
    assert not (tmp_path / "out").exists()


@needs_dask
def test_a_cluster_gives_the_table_of_one_machine(data, tmp_path):
    """With the scheduler and a worker in this process, and what hears in processes of its own."""
    from distributed import LocalCluster

    serial = run(data, toy(), tmp_path / "serial")
    settings = {"host": "127.0.0.1", "dashboard_address": None, "memory_limit": 0}
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", **settings) as cluster:
        address = cluster.scheduler_address
        assert_same_table(serial, run(data, toy(), tmp_path / "far", dask=address))
        flag = tmp_path / "flag"
        died = run(data, f"{TOYS}:DiesOnce:flag={flag}", tmp_path / "far", dask=address)
        failed = run(data, f"{TOYS}:Raises", tmp_path / "far", dask=address).failures
    assert flag.exists()
    assert died.scores.value.equals(serial.scores.value)
    assert failed.error.str.startswith("ZeroDivisionError: no frames today").tolist() == [True] * N


@needs_dask
def test_nobody_at_an_address_is_said(data, tmp_path, monkeypatch):
    monkeypatch.setattr("pianolab.compare.cluster._CONNECT_S", 0.5)
    with pytest.raises(CompareError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        run(data, toy(), tmp_path, dask="tcp://127.0.0.1:9")
    with pytest.raises(CompareError, match=r"no Dask scheduler answers at nonsense://x"):
        run(data, toy(), tmp_path, dask="nonsense://x")


@contextmanager
def real_cluster(tmp_path, n_workers=2):
    """A scheduler and workers as processes of their own; gives its address and the processes."""
    file = tmp_path / "scheduler.json"
    no_page = ["--no-dashboard", "--scheduler-file", str(file)]
    dask = [sys.executable, "-m"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    here = ["--host", "127.0.0.1"]
    words = [["distributed.cli.dask_scheduler", *here, "--port", "0", *no_page]]
    words += [["distributed.cli.dask_worker", *here, "--no-nanny", "--nthreads", "1", *no_page]] * n_workers
    started = [subprocess.Popen([*dask, *each], cwd=tmp_path, **quiet) for each in words]
    try:
        wait_for(file.is_file)
        yield json.loads(file.read_text())["address"], started
    finally:
        for process in started:
            process.kill()
            process.wait()


def wait_for(is_so):
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)


def in_background(tmp_path, data, detector, cache, address):
    """A comparison in a process of its own; its result is read from the cache later."""
    code = f"""
    from pianolab.compare import compare
    if __name__ == "__main__":
        compare({str(data)!r}, {detector!r}, jobs=2, cache={str(cache)!r}, dask={address!r}, progress=False)
        print("done", flush=True)
    """
    script = tmp_path / "comparison.py"
    script.write_text(textwrap.dedent(code))
    words = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, script], env=os.environ | {"PYTHONUNBUFFERED": "1"}, **words)


def kept(cache):
    return len(list(Path(cache).glob("*.notes")))


@needs_dask
@pytest.mark.slow
def test_a_worker_that_is_killed_in_the_middle_costs_nothing(data, tmp_path):
    detector = toy(wait_s=0.4)
    serial = run(data, detector, tmp_path / "serial")
    with real_cluster(tmp_path) as (address, processes):
        going = in_background(tmp_path, data, detector, tmp_path / "far", address)
        wait_for(lambda: kept(tmp_path / "far") >= 2)
        processes[-1].kill()
        said, complained = going.communicate(timeout=PATIENCE_S)
        assert said.split() == ["done"], complained
    assert kept(tmp_path / "far") == N
    assert_same_table(serial, run(data, detector, tmp_path / "far"))


@needs_dask
@pytest.mark.slow
def test_after_a_lost_scheduler_the_same_command_goes_on(data, tmp_path):
    log = tmp_path / "log"
    detector = toy(log, wait_s=0.4)
    with real_cluster(tmp_path) as (address, processes):
        going = in_background(tmp_path, data, detector, tmp_path / "far", address)
        wait_for(lambda: kept(tmp_path / "far") >= 2)
        processes[0].kill()
        said, complained = going.communicate(timeout=PATIENCE_S)
    assert going.returncode
    assert not said
    assert "is lost: what was heard is kept in the cache" in complained.splitlines()[-1]
    there, before = kept(tmp_path / "far"), log.read_text().count("heard")
    assert 2 <= there < N
    again = run(data, detector, tmp_path / "far")
    assert (
        log.read_text().count("heard") - before <= 2 * (N - there) + 2
    )  # With warming up: what was there is not heard.
    assert_same_table(run(data, detector, tmp_path / "serial"), again)


@needs_dask
@pytest.mark.slow
def test_after_we_were_killed_nothing_is_left_and_the_same_command_goes_on(data, tmp_path):
    detector = toy(wait_s=0.4)
    going = in_background(tmp_path, data, detector, tmp_path / "far", "local")
    wait_for(lambda: kept(tmp_path / "far") >= 2)
    children = psutil.Process(going.pid).children(recursive=True)
    assert len(children) >= 4  # Two workers, and what hears for each.
    going.kill()
    going.communicate()
    wait_for(lambda: not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children))
    there = kept(tmp_path / "far")
    assert 2 <= there < N
    going = in_background(tmp_path, data, detector, tmp_path / "far", "local")
    said, complained = going.communicate(timeout=PATIENCE_S)
    assert said.split() == ["done"], complained
    assert kept(tmp_path / "far") == N
    assert_same_table(run(data, detector, tmp_path / "serial"), run(data, detector, tmp_path / "far"))
