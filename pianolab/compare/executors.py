"""Who hears: processes of this machine or the workers of a cluster, behind one interface like concurrent.futures.

``submit`` takes a job and gives a Future, ``as_completed`` gives each Future when it is done, ``close`` ends it all. A
Future holds what was heard, or text that says why nothing was; it raises what hindered the worker.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Protocol

from pianolab import workers
from pianolab.compare.cache import Heard
from pianolab.compare.cluster import Cluster, Work
from pianolab.compare.worker import hear


class Executor(Protocol):
    """What hears jobs."""

    def submit(self, job: Work, *, portable: str, room: str, limit_s: float) -> "Future[Heard | str]":
        """Have a recording heard: `Cluster.submit`."""
        ...

    def as_completed(self, on_start: Callable[[Work], None] | None = None) -> "Iterator[Future[Heard | str]]":
        """Every future that was submitted, as it is done: `Cluster.as_completed`."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


class Processes:
    """Hears recordings in processes of this machine.

    Parameters
    ----------
    n_workers : int
        Processes at once.
    """

    def __init__(self, *, n_workers: int):
        self._n_workers = n_workers
        self._submitted: dict[Work, tuple[Future[Heard | str], str, float]] = {}

    def submit(self, job: Work, *, portable: str, room: str, limit_s: float) -> "Future[Heard | str]":
        """Have a recording heard, when `as_completed` is asked for it.

        Parameters
        ----------
        job : Job or CommandJob
        portable : str
            Not asked for: here all is as it is.
        room : str
            Only detectors of the same room are heard in the same process.
        limit_s : float
            How long it may take, seconds.

        Returns
        -------
        Future
        """
        future: Future[Heard | str] = Future()
        self._submitted[job] = future, room, limit_s
        return future

    def as_completed(self, on_start: Callable[[Work], None] | None = None) -> "Iterator[Future[Heard | str]]":
        """Every future that was submitted, as it is done.

        Parameters
        ----------
        on_start : callable, optional
            Called with a job when a process begins with it.

        Yields
        ------
        Future
        """
        asked, self._submitted = self._submitted, {}
        for job, answer, error in workers.run(
            hear,
            asked,
            n_workers=self._n_workers,
            on_start=on_start,
            room=lambda job: asked[job][1],
            limit_s=lambda job: asked[job][2],
        ):
            future = asked[job][0]
            if error is None:
                future.set_result(answer)
            else:
                future.set_exception(error)
            yield future

    def close(self) -> None:
        """Nothing is left: the processes end with `as_completed`."""


def executor(dask: str | None, *, jobs: int) -> Executor:
    """Who hears.

    Parameters
    ----------
    dask : str or None
        Address of a Dask scheduler, or ``"local"``; None for processes of this machine.
    jobs : int
        Processes of this machine; of ``"local"`` the workers.

    Returns
    -------
    Executor
    """
    return Processes(n_workers=jobs) if dask is None else Cluster(dask, n_workers=jobs)
