"""The practice page as a program: it opens the page in a browser and serves it until it is stopped."""

import asyncio
import os
import sys
import tempfile
import webbrowser
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from pianolab.dsp.piano_profile import profile_of
from pianolab.errors import PianolabError, first_line
from pianolab.live.choices import Choice
from pianolab.places import comes_with
from pianolab.practice.library import Library, library_dir
from pianolab.texts.catalogue import LANGUAGES

_INDEX = "index.sqlite"
_PORTS = range(1024, 65536)


def open_page(
    *,
    port: int | None = None,
    library: str | os.PathLike[str] | None = None,
    detector: str | None = None,
    language: str | None = None,
    my_piano: str | None = None,
    browser: bool = True,
    say: Callable[[str], object] = print,
) -> None:
    """Serve the practice page until the program is stopped.

    Parameters
    ----------
    port : int, optional
        8869 if not given.
    library : path, optional
        The player's own if not given. A new one gets the pieces that come with pianolab.
    detector : str, optional
        Which one listens, until another one is chosen on the page.
    language : str, optional
        What the page speaks, until another one is chosen on it; a key of `pianolab.texts.catalogue.LANGUAGES`.
    my_piano : str, optional
        A file of what was learnt of the piano.
    browser : bool
        Whether the page is opened.
    say : callable
        Gets lines for the terminal.

    Raises
    ------
    PianolabError
        If tornado or verovio is missing, or the port, the library or the detector cannot be used.
    """
    if find_spec("tornado") is None:
        raise PianolabError("the page needs tornado, which comes with Jupyter: pip install tornado")
    if find_spec("verovio") is None:
        raise PianolabError('the page needs verovio, which draws scores: pip install "pianolab[practice]"')
    from pianolab.practice.local import bound, leading_to
    from pianolab.practice.page.server import PORT, PracticeServer

    port = PORT if port is None else port
    for socket in bound(port):  # To make a library and a detector takes a while: a port that is taken is told before.
        socket.close()
    choice = None if detector is None else Choice(detector)
    server = PracticeServer(opened(library, say=say), choice=choice, my_piano=profile_of(my_piano))
    with tempfile.TemporaryDirectory(prefix="pianolab-", ignore_cleanup_errors=True) as folder:

        def started() -> None:
            address = server.address + (f"&language={language}" if language else "")
            say(f"{server.choice.detector} listens\npage: {address}\nCtrl-C ends it")
            if browser:
                webbrowser.open(leading_to(address, Path(folder) / "practice.html"))

        asyncio.run(server.serve(port=port, started=started))


def opened(folder: str | os.PathLike[str] | None, *, say: Callable[[str], object]) -> Library:
    """A library; one that is made now gets the pieces that come with pianolab.

    Parameters
    ----------
    folder : path, optional
        The player's own if not given.
    say : callable
        Gets lines for the terminal.

    Returns
    -------
    Library
    """
    where = library_dir() if folder is None else Path(folder)
    is_new = not (where / _INDEX).exists()
    library = Library(where)
    if is_new:
        pieces = sorted((comes_with("data") / "pieces").glob("*.musicxml"))
        say(f"your library is new: {len(pieces)} pieces are put into it")
        for name, _, error in library.add_all((path, path.name) for path in pieces):
            if error is not None:
                say(f"{name} was not added: {first_line(error)}")
    return library


def main(given: Sequence[str]) -> int:
    """The program of ``python -m pianolab.practice``.

    Parameters
    ----------
    given : sequence of str
        Its options.

    Returns
    -------
    int
        Exit code: 0, or 2 for what cannot be used.
    """
    parser = ArgumentParser("python -m pianolab.practice", description="Open the practice page on this machine.")
    parser.add_argument("--port", type=int, choices=_PORTS, metavar="N", help="1024 to 65535 (default: 8869)")
    parser.add_argument("--library", metavar="DIR", help="another library than yours")
    parser.add_argument("--detector", metavar="NAME", help="which one listens (default: neural)")
    parser.add_argument("--language", choices=tuple(LANGUAGES), help="what the page speaks")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    args = parser.parse_args(given)
    try:
        open_page(
            port=args.port,
            library=args.library,
            detector=args.detector,
            language=args.language,
            browser=not args.no_browser,
            say=lambda line: print(line, flush=True),
        )
    except (PianolabError, OSError) as error:
        print(f"pianolab: {first_line(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0
