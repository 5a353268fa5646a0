"""Recordings heard on the workers of a Dask cluster: submitted as text, answered as they finish.

Dask finds who is free, gives the job of a worker that is lost to another one, and gives up after a few losses. Here a
lost scheduler, or no worker for a while, ends the run with one line; what was heard until then is in the cache, so the
same command goes on where it was.
"""

import importlib
import logging
import queue
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from pianolab.compare import remote
from pianolab.compare.cache import Heard, unpack
from pianolab.compare.commands import CommandJob
from pianolab.compare.errors import CompareError
from pianolab.compare.worker import Job
from pianolab.errors import first_line, printable, reason

LOCAL = "local"
Work = Job | CommandJob  # What is heard: by a detector, or by a command line.
NEEDS_DISTRIBUTED = "a Dask cluster needs distributed: pip install 'pianolab[cluster]'"

_ALONE = "a command runs on this machine only: leave out --dask, or give its notes with --estimates"
_UNTOLD = "what this detector's code is cannot be told, so no other machine may hear with it: leave out --dask"
_CONNECT_S = 20.0
_WORKERS_S = 60.0  # So long a cluster may be without any worker.
_LOOK_S = 1.0
_GO_ON = "what was heard is kept in the cache: start it and give the same command again"


class Cluster:
    """Hears recordings on a Dask cluster.

    Parameters
    ----------
    address : str
        Of a scheduler, such as ``tcp://10.0.0.1:8786``; ``"local"`` starts one here with its workers.
    n_workers : int
        Of a local one.

    Raises
    ------
    CompareError
        If distributed is not installed, nobody answers at the address, or there is no worker.
    """

    def __init__(self, address: str, *, n_workers: int):
        self._shown = printable(address)
        self._cluster: Any = None
        self._client: Any = None
        self._waiting: dict[str, tuple[Future, Any]] = {}
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        distributed = self._distributed = _distributed()
        self._level = logging.getLogger("distributed").level
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # We say in one line what it says in forty.
        try:
            if address == LOCAL:
                settings = {"host": "127.0.0.1", "dashboard_address": None, "silence_logs": logging.CRITICAL}
                self._cluster = distributed.LocalCluster(
                    n_workers=n_workers, threads_per_worker=1, processes=True, memory_limit=0, **settings
                )
            to = self._cluster or address
            self._client = distributed.Client(to, timeout=_CONNECT_S, set_as_default=False)
            self._client.wait_for_workers(1, timeout=_WORKERS_S)
            versions = set(self._client.run(remote.about_here).values())
        except (OSError, ValueError, TimeoutError) as error:
            there = self._client is not None
            self.close()
            missing = f"the cluster at {self._shown} has no worker: start one with `dask worker {self._shown}`"
            nobody = f"no Dask scheduler answers at {self._shown} ({first_line(error)}): start `dask scheduler`"
            raise CompareError(missing if there else nobody) from error
        except Exception as error:
            self.close()
            why = f"a worker of {self._shown} cannot run pianolab ({reason(error)})"
            raise CompareError(f"{why}: install the same version there") from error
        if versions != {remote.about_here()}:
            self.close()
            found = ", ".join(sorted(map(str, versions)))
            raise CompareError(f"workers of {self._shown} have pianolab {found}: install {remote.about_here()} there")

    def submit(self, job: Work, *, portable: str, room: str, limit_s: float) -> "Future[Heard | str]":
        """Have a recording heard.

        Parameters
        ----------
        job : Job or CommandJob
        portable : str
            What hears it, from `pianolab.compare.fingerprints.portable_key`; where that cannot be told, nobody does.
        room : str
            Only detectors of the same room are heard in the same process.
        limit_s : float
            How long it may take, seconds.

        Returns
        -------
        Future
            It comes from `as_completed` when it is done.
        """
        future: Future[Heard | str] = Future()
        key = f"pianolab-{uuid.uuid4().hex}"
        if isinstance(job, Job) and isinstance(job.detector, str) and portable:
            text = remote.ask(job, portable=portable, room=room, limit_s=limit_s)
            asked = self._client.submit(remote.hear_there, text, key=key, pure=False)
            self._waiting[key] = future, asked
            asked.add_done_callback(self._done.put)
        else:
            why = _ALONE
            if isinstance(job, Job):
                why = _UNTOLD if isinstance(job.detector, str) else remote.STANDS_NOWHERE
            future.set_result(why)
            self._waiting[key] = future, None
            self._done.put(key)
        return future

    def as_completed(self, on_start: Callable[[Work], None] | None = None) -> "Iterator[Future[Heard | str]]":
        """Every future that was submitted, as it is done.

        Parameters
        ----------
        on_start : callable, optional
            Not called: who is at work is known to the scheduler only.

        Yields
        ------
        Future

        Raises
        ------
        CompareError
            If the scheduler is lost, or has no worker any more.
        """
        alone_since = time.monotonic()
        while self._waiting:
            try:
                done = self._done.get(timeout=_LOOK_S)
            except queue.Empty:
                alone_since = time.monotonic() if self._has_workers() else alone_since
                if time.monotonic() - alone_since > _WORKERS_S:
                    raise CompareError(f"the cluster at {self._shown} has no worker left: {_GO_ON}") from None
                continue
            alone_since = time.monotonic()
            future, asked = self._waiting.pop(done if isinstance(done, str) else done.key)
            if asked is not None:
                self._settle(future, asked)
            yield future

    def _settle(self, future: "Future[Heard | str]", asked: Any) -> None:
        if asked.status in ("cancelled", "lost"):
            raise self._lost()
        try:
            answer = remote.unchecked(asked.result())
            future.set_result(unpack(answer) if isinstance(answer, bytes) else answer)
        except self._distributed.KilledWorker:
            died = "every worker that was given it died: out of memory, or a crash; look into the logs of the workers"
            future.set_result(died)
        except (self._distributed.client.FutureCancelledError, OSError) as error:
            raise self._lost() from error
        except Exception as error:
            future.set_result(f"a worker gave no answer: {reason(error)}")

    def _has_workers(self) -> bool:
        if self._client.status != "running":
            raise self._lost()
        try:
            return bool(self._client.scheduler_info()["workers"])
        except (OSError, TimeoutError, KeyError, ValueError) as error:
            raise self._lost() from error

    def _lost(self) -> CompareError:
        return CompareError(f"the scheduler at {self._shown} is lost: {_GO_ON}")

    def close(self) -> None:
        """Take back what is not done, and let go of the cluster; a local one ends."""
        with suppress(Exception):  # It may be gone, and then nothing is left to close.
            if self._client is not None and self._client.status == "running":
                self._client.cancel([asked for _, asked in self._waiting.values() if asked is not None], force=True)
        for one in (self._client, self._cluster):
            with suppress(Exception):
                if one is not None:
                    one.close(timeout=5)
        logging.getLogger("distributed").setLevel(self._level)


def _distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError as error:
        raise CompareError(NEEDS_DISTRIBUTED) from error
