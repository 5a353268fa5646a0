"""Many jobs on several processes, in such a way that one bad job hurts nobody but itself.

A job may crash its process, hang in it, fill its memory, change what the process has loaded, or leave programs behind
that it started. So each worker process has a pipe of its own, by which we know what it was doing when it ended; a job
may have a limit of time, after which its worker is killed together with all that it started; and jobs that must not
touch each other are put into different rooms: a worker belongs to one room and never enters another. A job whose worker
died is tried again, at last alone, when it has all the memory. Workers use one thread each (numpy and numba would
otherwise start as many as there are cores, in every worker), what they print goes nowhere, and they end when the
program does, however it ends.
"""

import errno
import io
import math
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pianolab.errors import PianolabError, reason

Job = TypeVar("Job")
Answered = tuple[Any, Any, BaseException | None]
RETRIES = 2  # A job whose worker died is tried so often again beside others.
_UNANSWERED = 12  # After so many deaths in a room that gave no answer yet, its jobs are tried alone.
_GIVEN_UP = 3  # After so many failed jobs in a room that gave no answer yet, its other jobs are not tried.
_START_S = 300.0  # A worker that has not begun with its job by then hangs.
_GRACE_S = 5.0  # An idle worker that was told to end and is still there by then is killed.
_AWAY_S = 10.0  # If we have not looked for so long, nobody's time is up because of that.
_LOOK_S = 0.5  # How often we look whether a worker died without closing its pipe: a child of it may hold it open.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_BEGUN = b""  # Says that a worker has loaded what its job needs.


class WorkerDied(PianolabError):
    """The process that worked on a job ended without an answer."""


class WorkerTimeout(PianolabError):
    """A job took longer than it may, and its process was stopped."""


def run(
    function: Callable[[Job], Any],
    jobs: Iterable[Job],
    *,
    n_workers: int,
    retries: int = RETRIES,
    on_start: Callable[[Job], None] | None = None,
    room: Callable[[Job], Hashable] = lambda job: None,
    limit_s: Callable[[Job], float] = lambda job: math.inf,
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
        How often a job is tried again when its worker died, before it is tried alone.
    on_start : callable, optional
        Called with a job when it is handed out.
    room : callable, optional
        Tells the room of a job: jobs of different rooms never share a process. All have one room if not given. The
        rooms come one after the other, in the order of their first jobs.
    limit_s : callable, optional
        Tells how long a job may take, in seconds; without limit if not given.

    Yields
    ------
    job, answer, error
        As they finish; ``error`` is the exception that ``function`` raised, WorkerDied, WorkerTimeout, or None.
    """
    pool = _Pool(function, n_workers, retries, on_start)
    for job in jobs:
        pool.add(_Task(job, limit_s(job)), room(job))
    try:
        while not pool.is_done():
            yield from pool.step()
    except BaseException:
        pool.abandon()
        raise
    pool.close()


class Standing:
    """One worker process that stays between calls, for a thread that has now one job and later another.

    Parameters
    ----------
    function : callable
        Importable by name.
    """

    def __init__(self, function: Callable[[Any], Any]):
        self._pool = _Pool(function, 1, RETRIES, None)

    def call(self, job: Any, *, room: Hashable = None, limit_s: float = math.inf) -> tuple[Any, BaseException | None]:
        """Call ``function(job)`` there.

        Parameters
        ----------
        job : object
        room : hashable
            The process is another one for each room, one after the other.
        limit_s : float
            How long it may take, seconds.

        Returns
        -------
        answer, error
            As `run` yields them.
        """
        self._pool.looked_at = time.monotonic()  # Nobody looked since the last call, and nobody waited.
        self._pool.add(_Task(job, limit_s), room)
        answered: list[Answered] = []
        try:
            while not self._pool.is_done():
                answered += self._pool.step()
        except BaseException:
            self._pool.abandon()
            raise
        _, answer, error = answered[-1]
        return answer, error

    def close(self) -> None:
        """Let the process end."""
        self._pool.close()


@dataclass(eq=False)
class _Task:
    """A job, and what became of it so far."""

    job: Any
    limit_s: float
    deaths: int = 0
    is_alone: bool = False


@dataclass(eq=False)
class _Room:
    """Jobs that may share processes."""

    waiting: deque[_Task] = field(default_factory=deque)
    alone: deque[_Task] = field(default_factory=deque)  # These are tried when nothing else is in work.
    has_answered: bool = False
    deaths: int = 0
    failed: int = 0


class _Pool:
    """Who works on what."""

    def __init__(
        self,
        function: Callable[[Any], Any],
        n_workers: int,
        retries: int,
        on_start: Callable[[Any], None] | None,
    ):
        self.function, self.n_workers, self.retries, self.on_start = function, n_workers, retries, on_start
        self.rooms: dict[Hashable, _Room] = {}
        self.workers: list[_Worker] = []
        self.looked_at = time.monotonic()
        self.messages: queue.SimpleQueue[tuple[_Worker, bytes | None]] = queue.SimpleQueue()

    def add(self, task: _Task, room: Hashable) -> None:
        self.rooms.setdefault(room, _Room()).waiting.append(task)

    def is_done(self) -> bool:
        return not (self._busy() or any(room.waiting or room.alone for room in self.rooms.values()))

    def abandon(self) -> None:
        """Stop all workers, whatever they do, and forget what waits."""
        for worker in self.workers:
            worker.kill()
        self.workers.clear()
        self.rooms.clear()

    def close(self) -> None:
        """Let idle workers end by themselves."""
        for worker in self.workers:
            worker.dismiss()
        for worker in self.workers:
            worker.end()

    def step(self) -> Iterator[Answered]:
        """Hand out what can be, wait until something happens, and yield what is answered."""
        yield from self._hand_out()
        with suppress(queue.Empty):
            worker, message = self.messages.get(timeout=_LOOK_S)
            if worker in self.workers:  # Else it was stopped before we came to read this.
                yield from self._understood(worker, message)
        if self.messages.empty() and (away_s := time.monotonic() - self.looked_at) > _LOOK_S:
            self.looked_at += away_s
            yield from self._look_after(away_s)

    def _understood(self, worker: "_Worker", message: bytes | None) -> Iterator[Answered]:
        if message is None:
            yield from self._bury(worker)
        elif message == _BEGUN:
            worker.begin()
        elif (task := worker.finish()) is not None:
            worker.room.has_answered = True
            yield task.job, *_unpacked(message)

    def _busy(self) -> list["_Worker"]:
        return [worker for worker in self.workers if worker.task is not None]

    def _hand_out(self) -> Iterator[Answered]:
        while len(self._busy()) < self.n_workers and (room := self._next_room()) is not None:
            task = room.waiting.popleft()
            if self.on_start is not None:
                self.on_start(task.job)
            try:
                self._worker_of(room).take(task, self.function)
            except OSError as error:  # The system has no room for a process, or the process died at once.
                yield from self._failed_start(room, task, error)

    def _next_room(self) -> _Room | None:
        """The room of which a job comes next; None if there is none for now."""
        for worker in self.workers:
            if worker.task is None and worker.room.waiting:
                return worker.room
        for room in self.rooms.values():
            if room.waiting:
                return room
        if not self._busy():
            for room in self.rooms.values():
                if room.alone:
                    room.waiting.append(room.alone.popleft())
                    room.waiting[0].is_alone = True
                    self._dismiss_idle(keep=0)
                    return room
        return None

    def _worker_of(self, room: _Room) -> "_Worker":
        """An idle worker of a room, or a new one in the place of an idle one of another room."""
        for worker in self.workers:
            if worker.task is None and worker.room is room:
                return worker
        self._dismiss_idle(keep=self.n_workers - 1)
        self.workers.append(_Worker(room, self.messages))
        return self.workers[-1]

    def _dismiss_idle(self, *, keep: int) -> None:
        for worker in [worker for worker in self.workers if worker.task is None]:
            if len(self.workers) > keep:
                worker.dismiss()
                worker.end()
                self.workers.remove(worker)

    def _look_after(self, away_s: float) -> Iterator[Answered]:
        """Stop workers that take too long, and find those that died while a child of theirs holds their pipe open."""
        for worker in list(self.workers):
            if away_s > _AWAY_S:  # The program or the machine slept, and perhaps the workers did.
                worker.deadline += away_s
            if worker.process.poll() is not None:
                worker.kill()  # Its children let go of the pipe, and what it still said is read before its end.
                if worker.is_dead:  # One that left its group did not let go: the end of the pipe never comes.
                    yield from self._bury(worker)
                worker.is_dead = True
            elif time.monotonic() > worker.deadline and (task := worker.task) is not None:
                worker.kill()
                self.workers.remove(worker)
                late = f"it was stopped after {worker.limit_s:g} s without an answer: give it more time if it is slow"
                yield from self._fail(worker.room, task, WorkerTimeout(late))

    def _bury(self, worker: "_Worker") -> Iterator[Answered]:
        worker.kill()
        self.workers.remove(worker)
        if worker.task is not None:
            yield from self._retry(worker.room, worker.task, WorkerDied(_how_it_died(worker.process.returncode)))

    def _failed_start(self, room: _Room, task: _Task, error: OSError) -> Iterator[Answered]:
        for worker in [worker for worker in self.workers if worker.room is room and worker.task is None]:
            worker.kill()  # One that does not take its job is dead.
            self.workers.remove(worker)
        why = error.strerror or type(error).__name__
        yield from self._retry(room, task, WorkerDied(f"no worker process could be started ({why}): free some memory"))

    def _retry(self, room: _Room, task: _Task, error: WorkerDied) -> Iterator[Answered]:
        """Try a job again, unless it was alone when its worker died."""
        task.deaths += 1
        room.deaths += 1
        hopeless = not room.has_answered and room.deaths >= _UNANSWERED
        if task.is_alone:
            yield from self._fail(room, task, error)
        elif hopeless or task.deaths > self.retries:
            room.alone.append(task)
        else:
            room.waiting.append(task)
        if hopeless:
            room.alone.extend(room.waiting)
            room.waiting.clear()

    def _fail(self, room: _Room, task: _Task, error: PianolabError) -> Iterator[Answered]:
        """A job has failed for good; where nothing else was answered either, the others of its room are given up."""
        yield task.job, None, error
        room.failed += 1
        if not room.has_answered and room.failed >= _GIVEN_UP:
            given_up = type(error)(f"not tried, because {room.failed} before it failed, the last one so: {error}")
            for other in (*room.waiting, *room.alone):
                yield other.job, None, given_up
            room.waiting.clear()
            room.alone.clear()


class _Worker:
    """One process. Jobs go to its standard input, answers come from its standard output."""

    def __init__(self, room: _Room, messages: "queue.SimpleQueue[tuple[_Worker, bytes | None]]"):
        self.room = room
        self.task: _Task | None = None
        self.is_dead = False  # We have looked, and its process was gone.
        self.deadline = self.limit_s = math.inf
        code = f"import sys; sys.path[:] = {sys.path!a}; from pianolab.workers import serve; serve({os.getpid()})"
        # A process group of its own can be killed with all that the worker started, and Ctrl-C does not reach it.
        group: Any = {"process_group": 0} if os.name == "posix" else {"creationflags": _NEW_GROUP_ON_WINDOWS}
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | dict.fromkeys(_THREADS, "1"),
            **group,
        )
        self.jobs: Any = self.process.stdin
        try:
            threading.Thread(target=self._listen, args=(self.process.stdout, messages), daemon=True).start()
        except RuntimeError as error:  # This is how Python says that there is no room for a thread.
            self.kill()
            raise OSError(errno.EAGAIN, str(error)) from error

    def _listen(self, answers: Any, messages: "queue.SimpleQueue[tuple[_Worker, bytes | None]]") -> None:
        """Hand on what the process says, and None when it has ended or something else than we wrote to its pipe."""
        with suppress(Exception), answers:
            while isinstance(message := _Known(answers).load(), bytes):
                messages.put((self, message))
        messages.put((self, None))

    def take(self, task: _Task, function: Callable[[Any], Any]) -> None:
        """Begin a job; OSError if the process is dead."""
        self.limit_s, self.deadline = _START_S, time.monotonic() + _START_S
        pickle.dump(pickle.dumps((function, task.job)), self.jobs)
        self.jobs.flush()
        self.task = task

    def begin(self) -> None:
        """The process has loaded what it needs: its time starts."""
        if self.task is not None:
            self.limit_s, self.deadline = self.task.limit_s, time.monotonic() + self.task.limit_s

    def finish(self) -> _Task | None:
        """The job is done."""
        task, self.task, self.deadline = self.task, None, math.inf
        return task

    def dismiss(self) -> None:
        """Tell an idle process to end."""
        self.deadline = time.monotonic() + _GRACE_S
        with suppress(OSError):  # It is gone already.
            self.jobs.close()

    def end(self) -> None:
        """Wait until a dismissed process has ended, and stop what it left behind."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, self.deadline - time.monotonic()))
        self.kill()

    def kill(self) -> None:
        """Stop the process and all that it started, whatever they do."""
        if os.name == "posix":
            with suppress(ProcessLookupError, PermissionError):  # Nobody is left.
                os.killpg(self.process.pid, signal.SIGKILL)
        with suppress(OSError):
            self.process.kill()
        self.process.wait()
        self.dismiss()


_NEW_GROUP_ON_WINDOWS = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)


class _Known(pickle.Unpickler):
    """Reads what a worker wrote, and imports nothing for it: a module of the user's would do here what it likes."""

    def find_class(self, module: str, name: str, /) -> Any:
        if module not in sys.modules and not module.startswith("pianolab."):
            raise pickle.UnpicklingError(f"{module}.{name} is known there only")
        return super().find_class(module, name)


def _unpacked(message: bytes) -> tuple[Any, BaseException | None]:
    try:
        return _Known(io.BytesIO(message)).load()
    except Exception as error:  # It holds something that only the worker has.
        return None, PianolabError(f"the answer of the worker process cannot be read: {reason(error)}")


def _how_it_died(code: int) -> str:
    try:
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    except ValueError:
        how = f"signal {-code}"
    return f"the worker process died: out of memory, a crash in a library, or an exit in the middle ({how})"


def serve(parent: int) -> None:
    """The life of a worker process: jobs from standard input, answers to what was standard output.

    Parameters
    ----------
    parent : int
        Process that started this one; if it is gone, so are we.
    """
    me = os.getpid()
    jobs, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # What a job prints must not come between the answers.
        os.dup2(nowhere, stream)
    _end_with(parent)
    texts: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    at_work = threading.Event()
    threading.Thread(target=_receive, args=(jobs, texts, at_work), daemon=True).start()

    def say(message: bytes) -> None:
        if os.getpid() != me:  # A job that forked and came back twice has one answer.
            os._exit(1)
        pickle.dump(message, answers)
        answers.flush()

    while (text := texts.get()) is not None:
        answer = _answer(text, lambda: say(_BEGUN))
        at_work.clear()
        say(answer)


def _receive(jobs: Any, texts: "queue.SimpleQueue[bytes | None]", at_work: threading.Event) -> None:
    """Hand on what the parent sends, and None when there is no more; a parent that goes while we work was killed."""
    with suppress(EOFError, OSError, pickle.UnpicklingError):
        while True:
            text = pickle.load(jobs)
            at_work.set()
            texts.put(text)
    if at_work.is_set():
        if os.name == "posix":
            os.killpg(0, signal.SIGKILL)
        os._exit(1)
    texts.put(None)


def _answer(text: bytes, begun: Callable[[], None]) -> bytes:
    """What comes of one job, whatever it raises."""
    try:
        function, job = pickle.loads(text)
        begun()
        answer, error = function(job), None
    except BaseException as problem:
        is_known = type(problem).__module__.partition(".")[0] in ("builtins", "pianolab")
        answer, error = None, problem if is_known else PianolabError(reason(problem))
    try:
        packed = pickle.dumps((answer, error))
        if error is not None:
            pickle.loads(packed)  # Some exceptions can be written and not read.
    except Exception as problem:
        packed = pickle.dumps((None, PianolabError(reason(error or problem))))
    return packed


def _end_with(parent: int) -> None:
    """End with the parent, also in the middle of compiled code, and be the first whom a system out of memory kills."""
    if sys.platform != "linux":  # Elsewhere the end of the pipe tells.
        return
    _die_with_parent(parent, signal.SIGKILL)
    with suppress(OSError):  # No room for a process: the programs that a job started may then outlive us.
        _leave_a_guard()
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("500")


def _leave_a_guard() -> None:
    """Start a process that outlives this one by a moment, however it ends, and stops all that it started."""
    worker = os.getpid()
    if os.fork():
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    _die_with_parent(worker, signal.SIGTERM)
    os.closerange(0, 256)  # Nobody shall wait for the end of a pipe because of it.
    signal.sigwait({signal.SIGTERM})
    os.killpg(0, signal.SIGKILL)


def _die_with_parent(parent: int, by: int) -> None:
    """Have the system send this process a signal when its parent ends."""
    import ctypes

    death_signal = 1  # PR_SET_PDEATHSIG of linux/prctl.h
    ctypes.CDLL(None).prctl(death_signal, by)
    if os.getppid() != parent:
        os.killpg(0, signal.SIGKILL)
