"""The server behind the page of the library: it listens on this machine only, and to whoever knows its token.

Requests and answers are JSON; an upload is the file itself. A web page may ask only if it came from this server. What
takes long is done in threads, so that other requests are answered meanwhile; files are looked into and scores engraved
in processes of their own, which may crash or hang.

    GET    /library?words=&kind=&grade=   what is there, or what has these words
    POST   /library?name=song.mxl         the body is a file to add
    PATCH  /library/3                     {"title": ..., "composer": ..., "licence": ..., "grade": ..., "tags": [...]}
    DELETE /library/3
    GET    /library/3/file                the file
    GET    /library/3/score?width=2100    its notes, bars and pages, as wide as that (tenths of a millimetre)
"""

import asyncio
import json
import secrets
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from importlib.resources import files
from io import BufferedWriter
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from tornado.httpserver import HTTPServer
from tornado.web import Application, HTTPError, MissingArgumentError, RequestHandler, stream_request_body

from pianolab.errors import PianolabError, first_line
from pianolab.practice.contents import MOST_BYTES
from pianolab.practice.facts import GRADES, engraved
from pianolab.practice.library import DuplicateError, Item, Library, safe_name
from pianolab.practice.local import HOST, bound, knows, origins_of
from pianolab.texts.catalogue import LANGUAGES, catalogue, language_of

PORT = 8868
Answer = TypeVar("Answer")
_MOST_JSON = 1 << 16  # Bytes of a request that is no upload.
_MOST_HEADER = 1 << 14
_MOST_UPLOADS = 4  # At once.
_THREADS = _MOST_UPLOADS + 2  # Someone can look while files are looked into.
_IDLE_S = 60.0
_REMEMBERED = 8  # Scores.
_WIDTHS = range(500, 5001)  # Of pages of notation, in tenths of a millimetre.
_COLUMNS = {"title", "composer", "licence", "grade", "tags"}
_PAGES = {"/shelf.js": ("shelf.js", "text/javascript"), "/shelf.css": ("shelf.css", "text/css")}
_SAFE = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self'; img-src blob:; media-src blob:; font-src data:; "  # Notation brings its font with it.
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Shelf:
    """What the handlers share: the library, who may ask, and the threads that work.

    Parameters
    ----------
    library : Library
    token : str
        What who asks must know.
    origins : callable
        Gives the origins from which web pages may ask.
    """

    def __init__(self, library: Library, token: str, origins: Callable[[], set[str]]) -> None:
        self.library, self.token, self.origins = library, token, origins
        self.uploads = 0
        self.pool = ThreadPoolExecutor(_THREADS, "shelf")
        self._engraved: OrderedDict[tuple[str, int | None], asyncio.Future[dict[str, Any]]] = OrderedDict()

    async def work(self, function: Callable[..., Answer], *given: Any, **named: Any) -> Answer:
        """Call a function in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self.pool, lambda: function(*given, **named))

    async def score(self, item: Item, *, width: int | None = None) -> dict[str, Any]:
        """What `engraved` says of a score, its title as in the library; those that were asked for last are remembered.

        Parameters
        ----------
        item : Item
        width : int, optional
            Of its pages, in tenths of a millimetre, as for `Score.pages`; any that is known if not given.

        Returns
        -------
        dict

        Raises
        ------
        PianolabError
            If it cannot be read or engraved.
        """
        any_width = (key for key in self._engraved if key[0] == item.checksum)
        key = (item.checksum, width) if width is not None else next(any_width, (item.checksum, None))
        known = self._engraved.get(key)
        if known is None:
            made = self.work(engraved, item.path, item.title, width=width)
            known = self._engraved[key] = asyncio.ensure_future(made)
            while len(self._engraved) > _REMEMBERED:
                self._engraved.popitem(last=False)
        self._engraved.move_to_end(key)
        try:
            return {**await asyncio.shield(known), "title": item.title}
        except Exception:
            self._engraved.pop(key, None)
            raise


def shelf_routes(shelf: Shelf) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """Routes of the library, for a tornado application that may have others.

    Parameters
    ----------
    shelf : Shelf

    Returns
    -------
    list of (pattern, handler, arguments)
    """
    own = {"shelf": shelf}
    return [
        ("/library", _Items, own),
        (r"/library/(\d{1,18})", _Item, own),
        (r"/library/(\d{1,18})/file", _File, own),
        (r"/library/(\d{1,18})/score", _Score, own),
    ]


def page_routes(shelf: Shelf, *, page: str = "/") -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """Routes of the library's page.

    Parameters
    ----------
    shelf : Shelf
    page : str
        Where it is.

    Returns
    -------
    list of (pattern, handler, arguments)
    """
    files: list[Any] = [(path, _Static, {"name": name, "kind": kind}) for path, (name, kind) in _PAGES.items()]
    return [(page, _Page, {"shelf": shelf}), *files]


class ShelfServer:
    """The page of the library and what it asks for.

    Parameters
    ----------
    library : Library
    token : str, optional
        A new one by default.

    Attributes
    ----------
    token : str
        What who asks must know.
    port : int
        Where it listens; 0 before ``listen``.
    """

    def __init__(self, library: Library, *, token: str | None = None) -> None:
        self.token, self.port = token or secrets.token_urlsafe(24), 0
        self.shelf = Shelf(library, self.token, lambda: self.origins)
        self._application = Application(
            [*page_routes(self.shelf), *shelf_routes(self.shelf)],
            log_function=lambda handler: None,  # Addresses have the token in them.
        )
        self._http: HTTPServer | None = None

    @property
    def origins(self) -> set[str]:
        """Where web pages may come from."""
        return origins_of(self.port)

    @property
    def address(self) -> str:
        """The address of the page, with the token."""
        return f"http://{HOST}:{self.port}/?token={self.token}"

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
        limits = {"max_header_size": _MOST_HEADER, "max_body_size": _MOST_JSON, "max_buffer_size": 1 << 22}
        self._http = server = HTTPServer(self._application, idle_connection_timeout=_IDLE_S, **limits)
        server.add_sockets(sockets)

    async def close(self) -> None:
        """Let go of the port."""
        if self._http is not None:
            self._http.stop()
            await self._http.close_all_connections()
        self.shelf.pool.shutdown(wait=False, cancel_futures=True)


class _Refused(HTTPError):
    """An error with a code that a page can say in its language."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(status)
        self.code, self.text = code, text


def _named(error: Exception, *, code: str = "failed") -> _Refused:
    """What a program said as what a page is told, with the code of what was refused."""
    if isinstance(error, DuplicateError):
        return _Refused(409, "duplicate", first_line(error))
    if isinstance(error, PianolabError):
        return _Refused(400, code, first_line(error))
    return _Refused(500, "failed", first_line(error))


class Guarded(RequestHandler):
    """Answers only who knows the token, and no web page from elsewhere."""

    def initialize(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def set_default_headers(self) -> None:
        for header, value in _SAFE.items():
            self.set_header(header, value)

    def prepare(self) -> None:
        origin = self.request.headers.get("Origin")
        if origin is not None and origin.lower() not in self.shelf.origins():
            raise _Refused(403, "forbidden", "pages from elsewhere may not ask")
        if not knows(self.request, self.get_query_argument("token", ""), self.shelf.token):
            raise _Refused(403, "forbidden", "the token is wrong: open the address that the program printed")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = (kwargs.get("exc_info") or (None, None))[1]
        if isinstance(error, _Refused):
            code, text = error.code, error.text
        else:
            code, text = ("bad_request" if status_code < 500 else "failed"), self._reason
        self.answer({"error": {"code": code, "text": text}})

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Say nothing on the terminal: who asked is told."""

    def answer(self, said: Any) -> None:
        """Finish with JSON."""
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps(said, ensure_ascii=False))

    async def item(self, number: str) -> Item:
        """The item of a number in an address."""
        try:
            return await self.shelf.work(self.shelf.library.item, int(number))
        except PianolabError as error:
            raise _Refused(404, "not_found", first_line(error)) from error


def _told(item: Item) -> dict[str, Any]:
    return {key: value for key, value in asdict(item).items() if key not in ("path", "checksum")}


@stream_request_body
class _Items(Guarded):
    """The list, and uploads, which go to the disk as they come."""

    _is_coming = False
    _staging: tempfile.TemporaryDirectory[str] | None = None
    _file: BufferedWriter | None = None
    _failed: OSError | None = None  # What comes after it is dropped, for a page hears an answer only when all is sent.

    def prepare(self) -> None:
        super().prepare()
        if self.request.method != "POST":
            return
        if self.shelf.uploads >= _MOST_UPLOADS:
            raise _Refused(503, "busy", f"{_MOST_UPLOADS} files are coming already: try again in a moment")
        self.request.connection.set_max_body_size(max(MOST_BYTES.values()))  # pyright: ignore
        self.shelf.uploads += 1
        self._is_coming = True
        try:
            self._staging = self.shelf.library.staging()
            self._file = (Path(self._staging.name) / "upload").open("wb")
        except OSError as error:
            self._failed = error

    def data_received(self, chunk: bytes) -> None:
        if self._file is None or self._failed is not None:
            return
        try:
            self._file.write(chunk)
        except OSError as error:
            self._failed = error
            with suppress(OSError):
                self._file.close()

    async def get(self) -> None:
        words, kind, grade = (self.get_query_argument(name, "") for name in ("words", "kind", "grade"))
        if grade and grade not in map(str, GRADES):
            raise _Refused(400, "bad_request", f"a grade is a whole number from {GRADES[0]} to {GRADES[-1]}")
        chosen: dict[str, Any] = {"kind": kind or None, "grade": int(grade) if grade else None}
        library = self.shelf.library
        try:
            if words:
                found = await self.shelf.work(library.search, words[:1000], **chosen)
            else:
                found = await self.shelf.work(library.items, **chosen)
        except (PianolabError, OSError) as error:
            raise _named(error) from error
        self.answer({"items": [_told(item) for item in found]})

    async def post(self) -> None:
        try:
            name = self.get_query_argument("name")
        except MissingArgumentError as error:
            raise _Refused(400, "bad_request", "a file needs its name: /library?name=song.mxl") from error
        try:
            if self._failed is not None:
                raise self._failed
            assert self._file is not None
            self._file.close()
            item = await self.shelf.work(self.shelf.library.add, Path(self._file.name), name=name)
        except (PianolabError, OSError) as error:
            raise _named(error, code="refused") from error
        self.set_status(201)
        self.answer(_told(item))

    def on_finish(self) -> None:
        self._tidy()

    def on_connection_close(self) -> None:
        self._tidy()

    def _tidy(self) -> None:
        """Remove what came, be it whole or not."""
        if not self._is_coming:
            return
        self._is_coming = False
        self.shelf.uploads -= 1
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        if self._staging is not None:
            with suppress(OSError):
                self._staging.cleanup()


class _Item(Guarded):
    """One item: what is said of it, and its end."""

    async def get(self, number: str) -> None:
        self.answer(_told(await self.item(number)))

    async def patch(self, number: str) -> None:
        try:
            asked = json.loads(self.request.body)
        except (ValueError, RecursionError) as error:
            raise _Refused(400, "bad_request", "that is no JSON") from error
        if not _makes_sense(asked):
            raise _Refused(400, "bad_request", "send texts, a whole number as grade, and a list of texts as tags")
        item = await self.item(number)
        try:
            changed = await self.shelf.work(self.shelf.library.change, item.number, **asked)
        except (PianolabError, OSError) as error:
            raise _named(error, code="not_changed") from error
        self.answer(_told(changed))

    async def delete(self, number: str) -> None:
        item = await self.item(number)
        try:
            removed = await self.shelf.work(self.shelf.library.remove, item.number)
        except (PianolabError, OSError) as error:
            raise _named(error) from error
        self.answer(_told(removed))


def _makes_sense(asked: Any) -> bool:
    """Whether what a page wants to change has the right types."""
    if not isinstance(asked, dict) or not set(asked) <= _COLUMNS:
        return False
    texts = [asked[name] for name in ("title", "composer", "licence") if name in asked]
    tags, grade = asked.get("tags", []), asked.get("grade")
    whole = grade is None or (isinstance(grade, int) and not isinstance(grade, bool))
    listed = isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)
    return whole and listed and all(isinstance(text, str) for text in texts)


class _File(Guarded):
    """The file of an item, to be kept and not shown by itself."""

    async def get(self, number: str) -> None:
        item = await self.item(number)
        name = quote(safe_name(item.title, item.path.suffix))
        try:
            file = item.path.open("rb")
        except OSError as error:
            raise _Refused(404, "not_found", first_line(error)) from error
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{name}")
        self.set_header("Content-Length", str(item.n_bytes))
        with file:
            while chunk := await self.shelf.work(file.read, 1 << 18):
                self.write(chunk)
                await self.flush()
        await self.finish()


class _Score(Guarded):
    """The notes, bars and pages of a score."""

    async def get(self, number: str) -> None:
        asked = self.get_query_argument("width", "")
        if asked and not (asked.isascii() and asked.isdecimal() and len(asked) < 6 and int(asked) in _WIDTHS):
            text = f"a page is {_WIDTHS[0]} to {_WIDTHS[-1]} tenths of a millimetre wide"
            raise _Refused(400, "bad_request", text)
        item = await self.item(number)
        if item.kind != "score":
            raise _Refused(400, "no_score", f"{item.title} is no score")
        try:
            self.answer(await self.shelf.score(item, width=int(asked) if asked else None))
        except (PianolabError, OSError) as error:
            raise _named(error, code="not_shown") from error


class _Static(RequestHandler):
    """A file of the page; it holds no secret."""

    def initialize(self, name: str, kind: str) -> None:
        self._file, self._kind = name, kind

    def get(self) -> None:
        for header, value in _SAFE.items():
            self.set_header(header, value)
        self.set_header("Content-Type", f"{self._kind}; charset=utf-8")
        self.finish(_static(self._file))


def _static(name: str) -> bytes:
    return files("pianolab.practice.shelf").joinpath("static", name).read_bytes()


class _Page(Guarded):
    """The page, with its texts in the language that is asked for."""

    def get(self) -> None:
        asked = self.get_query_argument("language", "")
        language = asked if asked in LANGUAGES else language_of()
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(page(language))


def page(language: str) -> str:
    """The page of the library in a language.

    Parameters
    ----------
    language : str
        A key of `pianolab.texts.catalogue.LANGUAGES`.

    Returns
    -------
    str
        HTML. Its texts stand in it as JSON, and its program puts them in their places.
    """
    texts = {key.partition(".")[2]: text for key, text in catalogue(language).items() if key.startswith("library.")}
    said = json.dumps({"language": language, "texts": texts}, ensure_ascii=False).replace("<", "\\u003c")
    html = _static("shelf.html").decode("utf-8")
    return html.replace("{{language}}", language).replace("{{texts}}", said)


async def serve(server: ShelfServer, *, port: int, started: Callable[[ShelfServer], object]) -> None:
    """Answer until the program is stopped.

    Parameters
    ----------
    server : ShelfServer
    port : int
    started : callable
        Called once, when it listens.

    Raises
    ------
    PianolabError
        If the port cannot be used.
    """
    server.listen(port)
    try:
        started(server)
        await asyncio.Event().wait()
    finally:
        await server.close()
