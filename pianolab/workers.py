"""Many jobs on several processes, in such a way that one bad job cannot take the others down.

A job may crash its process, or the system may kill it for memory. Then Python's pool is broken and all that was in
work is lost. Here no more jobs are handed out than there are workers, so what was in work is known: it is tried again
in a new pool, and a job that keeps dying is tried alone, where it can only hurt itself. Workers use one thread each
(numpy and numba would otherwise start as many as there are cores, in every worker), and they end when the program
does, however it ends.
"""

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from pianolab.errors import PianolabError

Job = TypeVar("Job")
RETRIES = 2  # A job that was in work when a worker died is tried so often again beside others.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


_DIED = (
    "the worker process died: out of memory, a crash in a library, or a script that starts workers outside of "
    'if __name__ == "__main__":'
)


class WorkerDied(PianolabError):
    """The process that worked on a job ended without an answer."""


def run(
    function: Callable[[Job], Any],
    jobs: Iterable[Job],
    *,
    n_workers: int,
    retries: int = RETRIES,
    on_start: Callable[[Job], None] | None = None,
) -> Iterator[tuple[Job, Any, BaseException | None]]:
    """Call ``function(job)`` for every job in worker processes.

    Parameters
    ----------
    function : callable
        Importable by name; its answers and the jobs are sent between processes.
    jobs : iterable
        Arguments.
    n_workers : int
        Processes at the same time.
    retries : int
        How often a job that was in work when a worker died is tried again before it is tried alone.
    on_start : callable, optional
        Called with a job when it is handed out.

    Yields
    ------
    job, answer, error
        As they finish; ``error`` is the exception that ``function`` raised, WorkerDied, or None.
    """
    waiting, suspects, deaths = deque(enumerate(jobs)), deque(), Counter()
    while waiting or suspects:
        alone = not waiting
        queue = deque([suspects.popleft()]) if alone else waiting
        in_work: dict[Future, tuple[int, Job]] = {}
        with _executor(1 if alone else n_workers) as executor:
            try:
                while queue or in_work:
                    while queue and len(in_work) < n_workers:
                        with _interrupt_later():  # A worker must not see Ctrl-C before it ignores it.
                            future = executor.submit(function, queue[0][1])
                        in_work[future] = queue.popleft()
                        if on_start is not None:
                            on_start(in_work[future][1])
                    wait(in_work, return_when=FIRST_COMPLETED)
                    yield from _finished(in_work)
            except BrokenProcessPool:
                for number, job in in_work.values():
                    deaths[number] += 1
                    if alone:
                        yield job, None, WorkerDied(_DIED)
                    else:
                        (suspects if deaths[number] > retries else waiting).append((number, job))


def _finished(in_work: dict[Future, tuple[int, Job]]) -> Iterator[tuple[Job, Any, BaseException | None]]:
    """Take out and yield what is done; if the pool broke, say so when the rest has been yielded."""
    broken = None
    for future in [future for future in in_work if future.done()]:
        error = future.exception()
        if isinstance(error, BrokenProcessPool):
            broken = error
        else:
            _, job = in_work.pop(future)
            yield job, None if error else future.result(), error
    if broken is not None:
        raise broken


@contextmanager
def _executor(n_workers: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of fresh processes; on the way out by an exception its workers are stopped at once."""
    others = set(multiprocessing.active_children())
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))  # The libraries read it when a worker imports them.
    executor = ProcessPoolExecutor(
        n_workers, mp_context=multiprocessing.get_context("spawn"), initializer=_prepare_worker
    )
    try:
        yield executor
        executor.shutdown()
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _prepare_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that is killed cannot stop its workers, and they would wait for jobs for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


@contextmanager
def _interrupt_later() -> Iterator[None]:
    """Hold Ctrl-C back while processes start; they inherit that."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows has no such masks.
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
