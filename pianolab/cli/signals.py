"""The end of a program that the system asks for: it tidies up and says so, as it does after Ctrl-C.

A machine that shuts down, a job that is over its time and `kill` send SIGTERM; a terminal that is closed sends SIGHUP.
Without an answer both end a program on the spot: its temporary files stay.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from pianolab.cli.messages import INTERRUPTED, complain

_NAMES = ("SIGTERM", "SIGHUP")  # Windows has no SIGHUP.
_SIGNALED = 128  # Shells count a program that a signal ended as 128 and the number of the signal.


class Stopped(KeyboardInterrupt):
    """The system asks the program to end: like Ctrl-C, and with the signal's number as its argument."""

    goes_on = True  # Whether the same command again goes on where this one was.


@contextmanager
def stoppable() -> Iterator[None]:
    """Let the signals that end a program raise Stopped in the block.

    Yields
    ------
    None
        Signals that are ignored, as under ``nohup``, stay ignored.
    """
    if threading.current_thread() is not threading.main_thread():  # Only that one may be told.
        yield
        return
    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    ours = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]

    def stop(number: int, frame: object) -> NoReturn:
        for ours_too in ours:  # A second one must not disturb the tidying up.
            signal.signal(ours_too, signal.SIG_IGN)
        raise Stopped(number)

    for number in ours:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def serving() -> Iterator[None]:
    """Let a program that is stopped in the block say no more than that: there is nothing to go on with."""
    try:
        yield
    except Stopped as stopped:
        stopped.goes_on = False
        raise


def told_stop(stopped: KeyboardInterrupt) -> int:
    """Say on one line who ended the program; after Ctrl-C, of which the user knows, nothing.

    Parameters
    ----------
    stopped : KeyboardInterrupt

    Returns
    -------
    int
        The exit code that a shell expects.
    """
    if not isinstance(stopped, Stopped):
        return INTERRUPTED
    number = stopped.args[0]
    with suppress(OSError):  # The terminal may be the one that was closed.
        name = signal.Signals(number).name
        again = ": the same command again goes on, for what was heard by then is kept" if stopped.goes_on else ""
        complain(f"stopped by {name}{again}")
    return _SIGNALED + number
