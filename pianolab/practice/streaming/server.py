"""The stream server: a websocket for each client, and a page that shows how to use it.

It listens on 127.0.0.1 only. A client needs the token, and a web page must come from this server or from an origin that
was named. One event loop talks to all clients, and a few threads hear their sound, each client's in order. A client
that is silent, does not read, sends too much or makes errors loses its own connection, and no other one.
"""

import asyncio
import json
import os
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.resources import files
from typing import Any, Protocol
from urllib.parse import urlsplit

from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import Application, HTTPError, RequestHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler

import pianolab
from pianolab.dsp.piano_profile import PianoProfile
from pianolab.errors import PianolabError, one_line, printable, reason
from pianolab.live.choices import Choice
from pianolab.live.stream import FILL_S, MAX_BLOCK
from pianolab.practice.local import HOST, bound, knows, origins_of
from pianolab.practice.streaming.hearing import Hearing
from pianolab.practice.streaming.limits import Allowance, Limits
from pianolab.practice.streaming.messages import (
    MAX_TEXT,
    Hello,
    ProtocolError,
    Welcome,
    chosen_version,
    error_message,
    read_message,
)

PORT = 8867
MAX_MESSAGE = 2 * MAX_BLOCK  # Bytes.
LEAST_TOKEN = 8  # Characters of a token that is given.
_THREADS = min(2, os.cpu_count() or 1)  # Python runs one at a time; what libraries compute goes on beside it.
_PING_S = 10.0  # The websocket is pinged so often, and closed when the answer does not come.
_LOOK_S = 1.0  # So often it is looked for clients that say nothing.
_WAIT_FOR_HTTP_S = 10.0
_MAX_HEADER = 1 << 14  # Bytes.
_WARM_UP_S = 0.5  # So much silence is heard before the first client comes.
_GOODBYE_S = 1.0  # So long clients may take to read the last message and to answer the goodbye.
_PAGES = {"/": ("page.html", "text/html"), "/page.js": ("page.js", "text/javascript")}
_PAGES |= {"/worklet.js": ("worklet.js", "text/javascript")}
_SAFE = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class StreamServer:
    """Listens to many clients, each with a detector of its own.

    Parameters
    ----------
    choice : Choice
        Which detector listens.
    token : str, optional
        What a client must know; a new one by default.
    origins : sequence of str
        Web pages from there may connect, too: ``http://localhost:3000``.
    limits : Limits, optional
        What a client may ask for.
    my_piano : PianoProfile, optional
        What was learnt of the piano.

    Attributes
    ----------
    token : str
        What a client must know.
    port : int
        Where the server listens; 0 before ``listen``.

    Raises
    ------
    PianolabError
        If the detector, the token or an origin cannot be used.
    """

    def __init__(
        self,
        choice: Choice,
        *,
        token: str | None = None,
        origins: tuple[str, ...] | list[str] = (),
        limits: Limits | None = None,
        my_piano: PianoProfile | None = None,
    ):
        self.choice, self.limits, self.my_piano = choice, limits or Limits(), my_piano
        self.token = secrets.token_urlsafe(24) if token is None else checked_token(token)
        self.port = 0
        self.clients: set[Client] = set()
        self._given = {checked_origin(origin) for origin in origins}
        detector = choice.build()
        if detector.whole_recording:
            raise PianolabError(f"{detector.name} needs the whole recording: use a detector that hears as one plays")
        self.detector, self.polyphonic = detector.name, detector.polyphonic
        self.pool = ThreadPoolExecutor(_THREADS, "hearing")
        self._warm_up()
        self._application = Application(
            self.routes(),
            websocket_max_message_size=MAX_MESSAGE,
            websocket_ping_interval=_PING_S,
            websocket_ping_timeout=_PING_S,
            log_function=lambda handler: None,  # Addresses have the token in them.
        )
        self._http: HTTPServer | None = None
        self._looker: asyncio.Task[None] | None = None

    @property
    def origins(self) -> set[str]:
        """Where web pages may come from."""
        return self._given | origins_of(self.port)

    @property
    def address(self) -> str:
        """The address of the sample page, with the token."""
        return f"http://{HOST}:{self.port}/?token={self.token}"

    def routes(self, *, page: str = "/") -> list[Any]:
        """Routes of the stream and its sample page, for a tornado application that may have others.

        Parameters
        ----------
        page : str
            Where the sample page is.

        Returns
        -------
        list of (pattern, handler, arguments)
        """
        paths = {page if path == "/" else path: file for path, file in _PAGES.items()}
        pages = [(path, _Page, {"name": name, "kind": kind}) for path, (name, kind) in paths.items()]
        return [*pages, ("/stream", Client, {"server": self})]

    def start(self, port: int):
        """Look after clients that come in by a port; for a running event loop.

        Parameters
        ----------
        port : int
            Where this or another server listens.
        """
        self.port = port
        self._looker = asyncio.get_running_loop().create_task(look_after(self))

    def listen(self, port: int = PORT):
        """Begin to take clients; for a running event loop.

        Parameters
        ----------
        port : int
            0 takes a free one.

        Raises
        ------
        PianolabError
            If the port is in use or not allowed.
        """
        sockets = bound(port)
        most = {"max_header_size": _MAX_HEADER, "max_body_size": _MAX_HEADER}
        self._http = server = HTTPServer(self._application, idle_connection_timeout=_WAIT_FOR_HTTP_S, **most)
        server.add_sockets(sockets)
        self.start(sockets[0].getsockname()[1])

    async def close(self):
        """Tell all clients that the server ends, and let go of the port."""
        if self._looker is not None:
            self._looker.cancel()
        if self._http is not None:
            self._http.stop()
        await say_goodbye(self)
        if self._http is not None:
            await self._http.close_all_connections()
        self.pool.shutdown(wait=False, cancel_futures=True)

    def _warm_up(self):
        """Load and compile what the detector needs, and refuse what it cannot do."""
        sr = 44100
        silence, block = bytes(2 * int(self.limits.block_s * sr)), self.limits.block_s
        hearing = Hearing(self.choice, sr=sr, limits=Limits(waiting_s=10.0, block_s=block), my_piano=self.my_piano)
        for _ in range(round(_WARM_UP_S / block)):
            hearing.put(silence)
        try:
            hearing.hear()
            hearing.stop()
        except ProtocolError as error:
            raise PianolabError(str(error)) from None


class _Page(RequestHandler):
    """One file of the sample page."""

    def initialize(self, name: str, kind: str) -> None:
        self._file, self._kind = name, kind

    def get(self) -> None:
        for header, value in _SAFE.items():
            self.set_header(header, value)
        self.set_header("Content-Type", f"{self._kind}; charset=utf-8")
        self.finish(files("pianolab.practice.streaming").joinpath("static", self._file).read_bytes())


class Host(Protocol):
    """What a client's connection needs of its server."""

    limits: Limits
    token: str
    pool: ThreadPoolExecutor
    clients: "set[Client]"

    @property
    def origins(self) -> set[str]:
        """Where web pages may come from."""
        ...


async def look_after(host: Host) -> None:
    """End the connections of clients that say nothing, until cancelled.

    Parameters
    ----------
    host : Host
    """
    while True:
        await asyncio.sleep(_LOOK_S)
        for client in list(host.clients):
            client.look()


async def say_goodbye(host: Host) -> None:
    """Tell all clients that the server ends, and give them a moment to answer.

    Parameters
    ----------
    host : Host
    """
    leaving = list(host.clients)
    for client in leaving:
        client.fail(ProtocolError("going_away", "the server ends: connect again later"))
    end = time.monotonic() + _GOODBYE_S
    while not all(client.gone for client in leaving) and time.monotonic() < end:
        await asyncio.sleep(0.01)


class Client(WebSocketHandler):
    """The connection of one client."""

    _server: Any

    def initialize(self, server: Any) -> None:
        self._server, self._limits = server, server.limits
        self.gone = False
        self._hearing: Hearing | None = None
        self._greeting = self._ending = self._working = False
        self._n_errors = self._n_unread = 0
        self._came_s = self._spoke_s = time.monotonic()
        burst_s = self._limits.burst_s
        self._messages = Allowance(per_s=self._limits.messages_per_s, burst_s=burst_s)
        self._sound = Allowance(per_s=self._limits.speed, burst_s=burst_s)

    def prepare(self) -> None:
        """Refuse who does not know the token, and web pages from elsewhere.

        Tornado lets a page pass whose name is the one that was asked for, and a stranger's name can lead to this
        machine. So origins are looked up here.
        """
        origin = self.request.headers.get("Origin")
        if origin is not None and origin.lower() not in self._server.origins:
            raise HTTPError(403, reason="Unknown origin")
        if not knows(self.request, self.get_query_argument("token", ""), self._server.token):
            raise HTTPError(403, reason="Wrong token")

    def check_origin(self, origin: str) -> bool:
        """Whether a page may connect: `prepare` has refused those that may not."""
        return True

    def open(self, *args: str, **kwargs: str) -> None:
        self.set_nodelay(True)
        if len(self._server.clients) >= self._limits.clients:
            self.fail(ProtocolError("full", f"{self._limits.clients} clients are heard already: try again later"))
        else:
            self._server.clients.add(self)

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        """Take a message. The next one is read when what this returns is done."""
        self._spoke_s = time.monotonic()
        if self._ending:
            return None
        try:
            if not self._messages.take(1):
                raise ProtocolError("too_fast", "too many messages: send longer blocks")
            if isinstance(message, bytes):
                self._take_sound(message)
                return None
            return self._take_text(message)
        except ProtocolError as error:
            self.fail(error)
        return None

    def on_close(self) -> None:
        self.gone = self._ending = True
        self._hearing = None
        self._server.clients.discard(self)

    def look(self) -> None:
        """End the connection if nothing was said for too long."""
        now = time.monotonic()
        if self._greeting:  # The client waits for us.
            return
        if self._hearing is None and now > self._came_s + self._limits.hello_s:
            self.fail(ProtocolError("silent", f"no hello in {self._limits.hello_s:g} s: say hello first"))
        elif now > self._spoke_s + self._limits.silent_s:
            text = f"nothing was said for {self._limits.silent_s:g} s: send sound, or a ping"
            self.fail(ProtocolError("silent", text))

    def fail(self, error: ProtocolError) -> None:
        """Tell of an error, and close the connection if it asks for that or if there were too many."""
        self._n_errors += 1
        if error.closes is None and self._n_errors > self._limits.errors:
            error = ProtocolError("too_many_errors", f"more than {self._limits.errors} errors; the last: {error}")
        self._tell(self._error(error))
        if error.closes is not None:
            self._end(error.closes, error.code)

    def _error(self, error: ProtocolError) -> Any:
        return error_message(error)

    def _take_text(self, text: str) -> Awaitable[None] | None:
        said = read_message(text)
        if said["type"] == "hello":
            return self._greet(said, chosen_version(said["versions"]))
        if said["type"] == "ping":
            self._tell({"type": "pong", "id": said["id"]})
        elif self._hearing is None:
            raise ProtocolError("hello_first", f"{said['type']} came before hello: say hello first")
        elif said["type"] == "missing":
            # A short hole is heard as silence, and behind a long one the detector begins anew.
            self._allow(min(said["samples"] / self._hearing.sr, FILL_S))
            self._hearing.skip(said["samples"])
        else:
            self._ending = True
            self._work(self._hearing)
        return None

    async def _greet(self, said: Hello, version: int) -> None:
        """Make a detector for the client; that takes a while, so a thread does it."""
        if self._hearing is not None:
            self.fail(ProtocolError("bad_message", "hello was said already: connect again for another rate"))
            return
        server, limits = self._server, self._limits
        if not await self._made(
            partial(Hearing, server.choice, sr=said["sr"], limits=limits, my_piano=server.my_piano)
        ):
            return
        welcome: Welcome = {
            "type": "welcome",
            "version": version,
            "server": f"pianolab {pianolab.__version__}",
            "detector": server.detector,
            "polyphonic": server.polyphonic,
            "sr": said["sr"],
            "limits": {
                "block_s": limits.block_s,
                "waiting_s": limits.waiting_s,
                "text_length": MAX_TEXT,
                "silent_s": limits.silent_s,
                "seconds": limits.seconds,
            },
        }
        self._tell(welcome)

    async def _made(self, make: Callable[[], Hearing]) -> bool:
        """Let a thread make what hears; whether it is there."""
        self._greeting = True
        try:
            hearing = await asyncio.get_running_loop().run_in_executor(self._server.pool, make)
        except Exception as error:  # A detector from anywhere may raise anything.
            self.fail(ProtocolError("detector_failed", reason(error)))
            return False
        if self._ending:
            return False
        self._hearing, self._greeting, self._spoke_s = hearing, False, time.monotonic()
        return True

    def _take_sound(self, pcm: bytes) -> None:
        if self._hearing is None:
            raise ProtocolError("hello_first", "sound came before hello: say hello first")
        self._allow(len(pcm) / 2 / self._hearing.sr)
        self._hearing.put(pcm)
        self._work(self._hearing)

    def _allow(self, sound_s: float) -> None:
        if not self._sound.take(sound_s):
            raise ProtocolError("too_fast", "sound comes faster than it can be played: send it as it is captured")

    def _work(self, hearing: Hearing) -> None:
        if not self._working:
            self._working = True
            IOLoop.current().spawn_callback(self._hear, hearing)

    async def _hear(self, hearing: Hearing) -> None:
        """Let a thread hear what waits, piece by piece; at the end of the stream say so."""
        loop = asyncio.get_running_loop()
        try:
            while self._hearing is hearing and hearing.waits:
                for answer in await loop.run_in_executor(self._server.pool, self._heard, hearing):
                    self._tell(answer)
            if self._ending and self._hearing is hearing:
                for answer in await loop.run_in_executor(self._server.pool, hearing.stop):
                    self._tell(answer)
                self._end(1000, "stopped")
        except ProtocolError as error:
            self.fail(error)
        except Exception as error:  # A fault of ours ends this connection and no other one.
            self.fail(ProtocolError("detector_failed", reason(error)))
        finally:
            self._working = False

    def _heard(self, hearing: Hearing) -> list[Any]:
        """Hear what waits; for a worker thread."""
        heard = hearing.hear()
        return [] if heard is None else [heard]

    def _tell(self, answer: Any) -> None:
        """Send a message. A client that does not read loses its connection: its messages must not fill the memory."""
        if self.ws_connection is None:
            return
        if self._n_unread >= self._limits.unread:
            self._cut()
            return
        try:
            sent = self.write_message(json.dumps(answer, allow_nan=False, separators=(",", ":")))
        except WebSocketClosedError:
            return
        self._n_unread += 1
        sent.add_done_callback(self._was_read)

    def _was_read(self, sent: "asyncio.Future[Any]") -> None:
        self._n_unread -= 1
        if not sent.cancelled():
            sent.exception()  # It is gone: on_close says so, too.

    def _end(self, code: int, why: str) -> None:
        self._ending, self._hearing = True, None
        self._server.clients.discard(self)
        self.close(code, why)

    def _cut(self) -> None:
        """Let go without a goodbye, which would wait behind all that is unread."""
        self._ending, self._hearing = True, None
        self._server.clients.discard(self)
        if self.ws_connection is not None:
            self.ws_connection.stream.close()  # type: ignore[attr-defined]


def checked_token(token: str) -> str:
    """A token that can stand in an address and is not guessed at once.

    Parameters
    ----------
    token : str

    Returns
    -------
    str

    Raises
    ------
    PianolabError
        If it is too short or has other characters.

    Examples
    --------
    >>> checked_token("four-green-keys")
    'four-green-keys'
    """
    if not re.fullmatch(rf"[A-Za-z0-9_.~-]{{{LEAST_TOKEN},200}}", token):
        raise PianolabError(f"the token is none: use {LEAST_TOKEN} to 200 of the characters A-Z a-z 0-9 - _ . ~")
    return token


def checked_origin(origin: str) -> str:
    """Where a web page may come from, as browsers say it.

    Parameters
    ----------
    origin : str
        Scheme, host and port, or ``null`` for files that are opened in a browser.

    Returns
    -------
    str

    Raises
    ------
    PianolabError
        If it is no origin.

    Examples
    --------
    >>> checked_origin("http://localhost:3000")
    'http://localhost:3000'
    """
    try:
        parts = urlsplit(origin.lower())
        whole = f"{parts.scheme}://{parts.netloc}"
        right = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and "@" not in whole
    except ValueError:
        right, whole = False, ""
    if origin == "null":
        return origin
    if not right or whole != origin.lower() or "*" in whole:
        shown = one_line(printable(origin), length=200)
        raise PianolabError(f"{shown!r} is no origin: use one such as http://localhost:3000, without a path")
    return whole
