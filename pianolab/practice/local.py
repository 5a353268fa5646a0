"""What the servers of practice share: they answer on this machine alone, to pages of their own, with a token."""

import hmac
import socket

from tornado.httputil import HTTPServerRequest
from tornado.netutil import bind_sockets

from pianolab.errors import PianolabError

HOST = "127.0.0.1"


def bound(port: int) -> list[socket.socket]:
    """Sockets on which this machine alone is answered.

    Parameters
    ----------
    port : int
        0 takes a free one.

    Returns
    -------
    list of socket

    Raises
    ------
    PianolabError
        If the port is in use or not allowed.
    """
    try:
        return bind_sockets(port, HOST)
    except OSError as error:
        why = (error.strerror or "no socket").lower()
        raise PianolabError(f"port {port} cannot be used ({why}): use another one, --port N") from None


def origins_of(port: int) -> set[str]:
    """Where the pages of a server on this port come from, as a browser names it.

    Parameters
    ----------
    port : int

    Returns
    -------
    set of str

    Examples
    --------
    >>> sorted(origins_of(8900))
    ['http://127.0.0.1:8900', 'http://localhost:8900']
    """
    return {f"http://{host}:{port}" for host in (HOST, "localhost")}


def knows(request: HTTPServerRequest, query: str, token: str) -> bool:
    """Whether who asks has the token: in the address, or as a bearer, which counts first.

    Parameters
    ----------
    request : HTTPServerRequest
    query : str
        The token of the address; '' without one.
    token : str
        The right one.

    Returns
    -------
    bool
    """
    kind, _, bearer = request.headers.get("Authorization", "").partition(" ")
    given = bearer.strip() if kind.lower() == "bearer" else query
    return hmac.compare_digest(given.encode(), token.encode())
