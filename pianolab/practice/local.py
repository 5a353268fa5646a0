"""What the servers of practice share: they answer on this machine alone, to pages of their own, with a token."""

import hmac
import socket
from html import escape
from pathlib import Path

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


def leading_to(address: str, path: Path) -> str:
    """The address of a file that leads to a page: all users of a machine see what a browser is started with.

    Parameters
    ----------
    address : str
        Of the page, with its token.
    path : Path
        A file that only its owner can read; it is written.

    Returns
    -------
    str
    """
    path.touch(mode=0o600)
    to = escape(address)
    head = (
        f'<!DOCTYPE html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={to}"><title>pianolab</title>'
    )
    path.write_text(f'{head}<a href="{to}">{to}</a>\n', encoding="utf-8")
    return path.as_uri()
