"""The one server of practice: the page on which a piece is played, the library with its page, and the stream.

It listens on this machine only, and to whoever knows its token; a web page may ask only if it came from here. Each
player has a connection, and with it a sitting and a detector of his own. What takes long is done in threads. A
connection that is silent, does not read, or sends garbage or too much ends, and no other one does.

    GET  /                 the practice page;  /shelf  that of the library;  /sample  that of the stream
    GET  /static/...       what the practice page consists of
    GET  /progress/3       how a piece went each time, as pianolab.practice.progress has it
    WS   /practice/live    what a player asks, and his sound
    ...  /library...       as pianolab.practice.shelf.server has it
    WS   /stream           as pianolab.practice.streaming has it
"""

import asyncio
import json
import logging
import secrets
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

import pianolab
from pianolab.dsp.piano_profile import PianoProfile
from pianolab.errors import PianolabError, reason
from pianolab.live.choices import BEST_CHORDS, Choice, menu
from pianolab.practice.library import Item, Library
from pianolab.practice.local import HOST, bound, origins_of
from pianolab.practice.page.messages import (
    Choose,
    PageError,
    PageHello,
    PageWelcome,
    ReportTold,
    error_told,
    read_asked,
)
from pianolab.practice.page.piece import Passage, Piece
from pianolab.practice.page.sitting import Sitting
from pianolab.practice.progress import BarPractised, Progress
from pianolab.practice.shelf.server import Guarded, Shelf, page_routes, shelf_routes
from pianolab.practice.streaming.hearing import Hearing
from pianolab.practice.streaming.limits import Limits
from pianolab.practice.streaming.messages import ProtocolError, chosen_version
from pianolab.practice.streaming.server import (
    MAX_MESSAGE,
    Client,
    StreamServer,
    checked_token,
    look_after,
    say_goodbye,
)
from pianolab.texts.catalogue import LANGUAGES, Told, catalogue, language_of

PORT = 8869
PLAYERS = 4  # Connections at once: the page in two windows, on a phone, and one that is closing.
_THREADS = 2
_MOST_HEADER, _MOST_BODY, _MOST_BUFFER = 1 << 14, 1 << 16, 1 << 22  # Bytes.
_IDLE_S, _PING_S = 60.0, 10.0
_WAITING_S = 2.0  # Sound may wait so long: what comes late is still a right note.
_KINDS = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "json": "application/json",
}
_SAFE = {
    # Vibration and notation need no more than this; styles of notation stand in its SVG, its font is a data: address.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self'; img-src 'self' blob:; media-src blob:; font-src data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class PracticeServer:
    """The practice page and all it asks for.

    Parameters
    ----------
    library : Library
    choice : Choice, optional
        Which detector listens where the page asks for none; the best one for chords by default.
    token : str, optional
        What who asks must know; a new one by default.
    limits : Limits, optional
        What a player's connection may ask for.
    my_piano : PianoProfile, optional
        What was learnt of the piano.

    Attributes
    ----------
    token : str
    port : int
        Where it listens; 0 before ``listen``.

    Raises
    ------
    PianolabError
        If the detector or the token cannot be used.
    """

    def __init__(
        self,
        library: Library,
        *,
        choice: Choice | None = None,
        token: str | None = None,
        limits: Limits | None = None,
        my_piano: PianoProfile | None = None,
    ) -> None:
        self.library, self.my_piano = library, my_piano
        self.choice = choice or _best()
        self.limits = limits or Limits(clients=PLAYERS, waiting_s=_WAITING_S)
        self.token, self.port = secrets.token_urlsafe(24) if token is None else checked_token(token), 0
        self.clients: set[Client] = set()
        self.detectors = _ready(self.choice.detector)
        self.pool = ThreadPoolExecutor(_THREADS, "practice")
        self.shelf = Shelf(library, self.token, lambda: self.origins)
        self.stream = StreamServer(self.choice, token=self.token, my_piano=my_piano)
        live = [("/practice/live", Player, {"server": self})]
        pages: list[Any] = [("/", _Page, {"shelf": self.shelf, "name": "practice.html"})]
        pages += [(f"/{name.removesuffix('.html')}", _Page, {"shelf": self.shelf, "name": name}) for name in _html()]
        static = [("/static/(.*)", _Static), (r"/progress/(\d{1,18})", _Progress, {"shelf": self.shelf})]
        library_routes = [*page_routes(self.shelf, page="/shelf"), *shelf_routes(self.shelf)]
        self._application = Application(
            [*pages, *static, *live, *library_routes, *self.stream.routes(page="/sample")],
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
        return origins_of(self.port)

    @property
    def address(self) -> str:
        """The address of the page, with the token."""
        return f"http://{HOST}:{self.port}/?token={self.token}"

    def keep(self, passage: Passage, asked: Choose, report: ReportTold) -> dict[str, Any] | None:
        """Keep a take in the progress of its piece.

        Parameters
        ----------
        passage : Passage
        asked : Choose
        report : ReportTold

        Returns
        -------
        dict or None
            How the passage went by now; None where no bar was reached, and so nothing is kept.

        Raises
        ------
        PianolabError, OSError
            If it cannot be kept: the piece is gone, or the disk is full.
        """
        bars = [BarPractised(bar["bar_index"], bar["right"], bar["of"]) for bar in report["bars"] if bar["reached"]]
        if not bars:
            return None
        item, between = passage.piece.item, (passage.first_bar, passage.last_bar)
        how = {"passage": between, "hands": passage.hands, "mode": asked["mode"], "tempo": asked["tempo"]}
        progress = Progress(self.library)
        progress.add(item, bars, **how)
        rows = progress.as_dict(item)["passages"]
        mine = (passage.hands, *between)
        return next((row for row in rows if (row["hands"], row["first_bar"], row["last_bar"]) == mine), None)

    def listen(self, port: int = PORT) -> None:
        """Begin to answer; for a running event loop.

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
        self.port = sockets[0].getsockname()[1]
        most = {"max_header_size": _MOST_HEADER, "max_body_size": _MOST_BODY, "max_buffer_size": _MOST_BUFFER}
        self._http = server = HTTPServer(self._application, idle_connection_timeout=_IDLE_S, **most)
        server.add_sockets(sockets)
        self.stream.start(self.port)
        self._looker = asyncio.get_running_loop().create_task(look_after(self))

    async def serve(self, *, port: int, started: Callable[[], object]) -> None:
        """Answer until the program is stopped.

        Parameters
        ----------
        port : int
        started : callable
            Called once, when it listens.

        Raises
        ------
        PianolabError
            If the port cannot be used.
        """
        logging.getLogger("tornado.general").setLevel(logging.ERROR)  # What strangers send is no news.
        try:
            self.listen(port)
            started()
            await asyncio.Event().wait()
        finally:
            await self.close()

    async def close(self) -> None:
        """Tell all players that the server ends, and let go of the port."""
        if self._looker is not None:
            self._looker.cancel()
        if self._http is not None:
            self._http.stop()
        await say_goodbye(self)
        await self.stream.close()
        if self._http is not None:
            await self._http.close_all_connections()
        for pool in (self.pool, self.shelf.pool):
            pool.shutdown(wait=False, cancel_futures=True)


def _best() -> Choice:
    """The best detector of many keys at once that can run here."""
    ready = _ready("")
    return Choice(next((name for name in BEST_CHORDS if name in ready), Choice().detector))


def _ready(chosen: str) -> list[str]:
    """Detectors that can listen while one plays: the chosen one first."""
    names = [entry["name"] for entry in menu() if not entry["reason"]]
    return list(dict.fromkeys([*([chosen] if chosen else []), *names]))


class Player(Client):
    """The connection of one player."""

    def initialize(self, server: PracticeServer) -> None:
        super().initialize(server)
        self._sitting: Sitting | None = None
        self._turn = threading.Lock()  # A sitting is used by one thread at a time.
        self._language = language_of()

    def _error(self, error: ProtocolError) -> Any:
        return error_told(error, self._language)

    def fail(self, error: ProtocolError) -> None:
        """Tell of an error. A player may ask for what is not possible as often as he likes."""
        if isinstance(error, PageError):
            self._tell(self._error(error))
        else:
            super().fail(error)

    def _take_text(self, text: str) -> Any:
        asked = read_asked(text)
        match asked["type"]:
            case "hello":
                return self._greet_player(asked, chosen_version(asked["versions"]))  # type: ignore[arg-type]
            case "ping" | "missing":
                return super()._take_text(text)
        if self._sitting is None or self._hearing is None:
            raise ProtocolError("hello_first", f"{asked['type']} came before hello: say hello first")
        if asked["type"] == "choose":
            return self._choose(asked)  # type: ignore[arg-type]
        return self._answer(partial(self._sitting.say, asked))  # type: ignore[arg-type]

    async def _greet_player(self, said: PageHello, version: int) -> None:
        """Make a detector for the player; that takes a while, so a thread does it."""
        if self._hearing is not None or self._greeting:
            self.fail(ProtocolError("bad_message", "hello was said already: connect again for another detector"))
            return
        server, self._language = self._server, said["language"]
        name = said["detector"] or server.choice.detector
        if name not in server.detectors:
            self.fail(PageError("no_detector", Told("sitting.no_detector")))
            return
        choice = server.choice if name == server.choice.detector else Choice(name)
        sitting = Sitting(language=said["language"], names=said["names"], keep=server.keep)
        make = partial(
            Hearing, choice, sr=said["sr"], limits=self._limits, my_piano=server.my_piano, listen=sitting.hear
        )
        if not await self._made(make):
            return
        self._sitting = sitting
        welcome: PageWelcome = {
            "type": "welcome",
            "version": version,
            "server": f"pianolab {pianolab.__version__}",
            "detector": name,
            "polyphonic": choice.build().polyphonic,
            "detectors": server.detectors,
            "sr": said["sr"],
            "block_s": self._limits.block_s,
        }
        self._tell(welcome)

    async def _choose(self, asked: Choose) -> None:
        """Open a piece: its notes and bars, as the page shows them."""
        shelf = self._server.shelf
        try:
            item: Item = await shelf.work(shelf.library.item, asked["item"])
            if item.kind != "score":
                raise PianolabError("no score")
            piece = Piece.of(item.number, await shelf.score(item))
        except (PianolabError, OSError):
            self.fail(PageError("no_piece", Told("sitting.no_piece")))
            return
        if self._sitting is not None:
            await self._answer(partial(self._sitting.choose, piece, asked))

    async def _answer(self, ask: Callable[..., list[Any]]) -> None:
        """Let a thread ask the sitting something, and tell what it says."""
        hearing = self._hearing
        if hearing is None:
            return

        def asked() -> list[Any]:
            with self._turn:
                return ask(now_s=hearing.come_s)

        try:
            answers = await asyncio.get_running_loop().run_in_executor(self._server.pool, asked)
        except ProtocolError as error:
            self.fail(error)
            return
        except Exception as error:  # A fault of ours ends this connection and no other one.
            self.fail(ProtocolError("detector_failed", reason(error)))
            return
        for answer in answers:
            self._tell(answer)

    def _heard(self, hearing: Hearing) -> list[Any]:
        with self._turn:
            heard = hearing.hear()
            if heard is None or self._sitting is None:
                return []
            return [heard, *self._sitting.push(heard["events"], now_s=heard["time_s"], come_s=hearing.come_s)]


class _Static(RequestHandler):
    """A file of the page; it holds no secret. Only what the package has is given."""

    def get(self, name: str) -> None:
        file = _files().get(name)
        for header, value in _SAFE.items():
            self.set_header(header, value)
        if file is None:
            self.set_status(404)
            self.finish()
            return
        kind = _KINDS.get(name.rpartition(".")[2], "application/octet-stream")
        self.set_header("Content-Type", f"{kind}; charset=utf-8")
        self.finish(file.read_bytes())


class _Progress(Guarded):
    """How a piece went each time that it was practised."""

    async def get(self, number: str) -> None:
        item = await self.item(number)
        self.answer(await self.shelf.work(Progress(self.shelf.library).as_dict, item.number))


class _Page(Guarded):
    """A page, with its texts in the language that is asked for."""

    def initialize(self, shelf: Shelf, name: str) -> None:  # type: ignore[override]
        super().initialize(shelf)
        self._file = name

    def set_default_headers(self) -> None:
        for header, value in _SAFE.items():
            self.set_header(header, value)

    def get(self) -> None:
        asked = self.get_query_argument("language", "")
        language = asked if asked in LANGUAGES else language_of()
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(page(language, self._file))


def page(language: str, name: str = "practice.html") -> str:
    """A page in a language.

    Parameters
    ----------
    language : str
        A key of `pianolab.texts.catalogue.LANGUAGES`.
    name : str
        Its file.

    Returns
    -------
    str
        HTML. Its texts stand in it as JSON, and its program puts them in their places.
    """
    texts = {
        key.partition(".")[2]: text for key, text in catalogue(language).items() if key.startswith("practice_page.")
    }
    said = json.dumps({"language": language, "languages": dict(LANGUAGES), "texts": texts}, ensure_ascii=False)
    html = _files()[name].read_text(encoding="utf-8")
    return html.replace("{{language}}", language).replace("{{texts}}", said.replace("<", "\\u003c"))


def _html() -> list[str]:
    return [name for name in _files() if name.endswith(".html") and "/" not in name]


def _files() -> dict[str, Traversable]:
    """What the pages consist of, by its path in static/; tests of it are not part of it."""

    def inside(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
        for one in folder.iterdir():
            if one.is_dir() and one.name != "tests":
                yield from inside(one, f"{path}{one.name}/")
            elif one.is_file():
                yield f"{path}{one.name}", one

    return dict(inside(files("pianolab.practice.page") / "static", ""))
