"""The stream server as a program: it serves until it is stopped."""

import asyncio
import logging
import sys
from collections.abc import Callable

from pianolab.practice.streaming.server import PORT, StreamServer

# A thread that hears lets the event loop go on after so long. By Python's 5 ms, 20 clients waited 40 ms longer (p95).
_SWITCH_S = 0.001


def serve(server: StreamServer, *, port: int = PORT, started: Callable[[StreamServer], object] = lambda server: None):
    """Serve until the program is stopped.

    Parameters
    ----------
    server : StreamServer
    port : int
        0 takes a free one.
    started : callable
        Called when clients can connect.

    Raises
    ------
    PianolabError
        If the port cannot be used.
    """
    sys.setswitchinterval(_SWITCH_S)
    logging.getLogger("tornado.general").setLevel(logging.ERROR)  # What strangers send is no news.
    asyncio.run(_serve(server, port, started))


async def _serve(server: StreamServer, port: int, started: Callable[[StreamServer], object]) -> None:
    try:
        server.listen(port)
        started(server)
        await asyncio.Event().wait()
    finally:
        await server.close()
