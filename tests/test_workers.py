"""Workers that fail, die and are interrupted: every job gets its answer, and nothing is left running."""

import importlib
import os
import signal
import sys
import time
from collections import Counter

import psutil
import pytest

from pianolab.workers import Standing, WorkerDied, WorkerTimeout, run


def work(job):
    """What a worker does: ``job`` is (action, argument)."""
    action, argument = job
    if action == "double":
        return 2 * argument
    if action == "raise":
        raise KeyError(argument)
    if action == "die":
        os._exit(3)
    if action == "die once" and not os.path.exists(argument):
        open(argument, "x").close()
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))  # Windows has no SIGKILL
    if action == "sleep":
        time.sleep(argument)
    if action == "who":
        return os.getpid()
    if action == "long":
        return b"x" * argument
    if action == "raise of":
        raise importlib.import_module(argument).Odd("odd")
    if action == "give of":
        return importlib.import_module(argument).Odd("odd")
    if action == "only here":
        return lambda: argument
    return "done"


def answers(jobs, **settings):
    return {job: (answer, error) for job, answer, error in run(work, jobs, **settings)}


def test_every_job_is_answered():
    jobs = [("double", n) for n in range(7)]
    started = []
    found = answers(jobs, n_workers=2, on_start=started.append)
    assert found == {job: (2 * job[1], None) for job in jobs}
    assert started == jobs


def test_an_error_is_the_answer_of_its_job_only():
    found = answers([("raise", "C4"), ("double", 1)], n_workers=1)
    assert found["double", 1] == (2, None)
    assert isinstance(found["raise", "C4"][1], KeyError)


def test_a_killed_worker_is_replaced_and_its_job_done(tmp_path):
    jobs = [("double", 1), ("die once", str(tmp_path / "flag")), ("double", 2), ("double", 3)]
    found = answers(jobs, n_workers=2)
    assert found[jobs[1]] == ("done", None)
    assert [found["double", n] for n in (1, 2, 3)] == [(2, None), (4, None), (6, None)]


def test_a_job_that_always_dies_is_named_and_takes_no_other_with_it():
    jobs = [("double", 1), ("die", 0), ("double", 2), ("double", 3)]
    starts = Counter()
    found = answers(jobs, n_workers=2, retries=1, on_start=lambda job: starts.update([job]))
    assert [found["double", n] for n in (1, 2, 3)] == [(2, None), (4, None), (6, None)]
    assert isinstance(found["die", 0][1], WorkerDied)
    assert "worker process died" in str(found["die", 0][1])
    assert starts["die", 0] == 3  # once, once again, then alone


def test_threads_are_limited_in_workers_and_not_here(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    names = ["OMP_NUM_THREADS", "NUMBA_NUM_THREADS"]
    in_worker = {name: value for name, value, _ in run(os.getenv, names, n_workers=1)}
    assert in_worker == dict.fromkeys(names, "1")
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "NUMBA_NUM_THREADS" not in os.environ


def test_giving_up_stops_the_workers_at_once():
    with_us = set(psutil.Process().children())
    jobs = run(work, [("double", 1), ("sleep", 60), ("sleep", 60)], n_workers=2)
    assert next(jobs)[:2] == (("double", 1), 2)
    children = set(psutil.Process().children()) - with_us
    workers = [process for process in children if "pianolab.workers" in " ".join(process.cmdline())]
    assert len(workers) == 2
    with pytest.raises(KeyboardInterrupt):
        jobs.throw(KeyboardInterrupt)
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive


def test_jobs_of_different_rooms_share_no_process():
    jobs = [("who", n) for n in range(8)]
    found = answers(jobs, n_workers=2, room=lambda job: job[1] % 3)
    by_room = [{found[job][0] for job in jobs if job[1] % 3 == room} for room in range(3)]
    assert all(by_room)
    assert len(set.union(*by_room)) == sum(map(len, by_room))


def test_a_job_that_takes_too_long_is_stopped_and_the_others_go_on():
    jobs = [("sleep", 600), ("double", 1), ("sleep", 0.1)]
    started = time.monotonic()
    found = answers(jobs, n_workers=1, limit_s=lambda job: 1.0)
    assert time.monotonic() - started < 60
    assert found["double", 1] == (2, None)
    assert found["sleep", 0.1] == ("done", None)
    assert isinstance(found["sleep", 600][1], WorkerTimeout)
    assert str(found["sleep", 600][1]) == "it was stopped after 1 s without an answer: give it more time if it is slow"


def test_where_nothing_was_ever_answered_the_rest_is_given_up():
    jobs = [("die", n) for n in range(40)]
    starts = Counter()
    found = answers(jobs, n_workers=2, on_start=lambda job: starts.update([job]))
    assert len(found) == 40
    assert all(isinstance(error, WorkerDied) for _, error in found.values())
    assert sum(starts.values()) < 20
    assert sum("not tried, because 3 before it failed" in str(error) for _, error in found.values()) == 37


def test_a_long_answer_comes_whole():
    assert answers([("long", 10_000_000)], n_workers=1) == {("long", 10_000_000): (b"x" * 10_000_000, None)}


def test_an_answer_that_only_the_worker_has_is_an_error():
    _, error = answers([("only here", 1)], n_workers=1)["only here", 1]
    assert "pickle" in str(error)


def test_an_answer_brings_no_module_of_a_worker_here(tmp_path, monkeypatch):
    (tmp_path / "known_there.py").write_text("class Odd(Exception): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = answers([("raise of", "known_there"), ("give of", "known_there")], n_workers=1)
    assert str(found["raise of", "known_there"][1]).startswith("Odd: odd (test_workers.py, line")
    assert "known_there.Odd is known there only" in str(found["give of", "known_there"][1])
    assert "known_there" not in sys.modules


def test_a_program_that_slept_takes_nobody_s_time(monkeypatch):
    """The clock jumps by an hour while a job is in work, as when the program was stopped with Ctrl-Z."""
    jump_s = 0.0
    monotonic = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + jump_s)
    jobs = run(work, [("double", 1), ("sleep", 3)], n_workers=2, limit_s=lambda job: 600.0)
    assert next(jobs)[1] == 2
    jump_s = 3600.0
    assert next(jobs)[1:] == ("done", None)
    assert list(jobs) == []


def test_no_process_can_be_started(monkeypatch):
    def refuse(*args, **kwargs):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("pianolab.workers.subprocess.Popen", refuse)
    found = answers([("double", n) for n in range(9)], n_workers=2)
    assert len(found) == 9
    assert all("could be started (Resource temporarily unavailable)" in str(error) for _, error in found.values())


def test_a_standing_worker_keeps_its_process_from_call_to_call_and_survives_a_death():
    standing = Standing(work)
    try:
        first, error = standing.call(("who", None), room="a")
        assert error is None
        assert standing.call(("who", None), room="a") == (first, None)
        assert standing.call(("who", None), room="b")[0] != first
        assert isinstance(standing.call(("die", None), room="b")[1], WorkerDied)
        assert isinstance(standing.call(("sleep", 60), room="b", limit_s=0.3)[1], WorkerTimeout)
        assert standing.call(("double", 4), room="b") == (8, None)
        pid, _ = standing.call(("who", None), room="b")
    finally:
        standing.close()
    assert not psutil.pid_exists(pid)
