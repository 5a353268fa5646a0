"""Show a notebook as a plain web page on this machine: ``python -m pianolab.live [NOTEBOOK] [Voila's options]``.

The page is served by Voila on localhost only, with a token, and its template fetches nothing from elsewhere. It speaks
the language of ``--language``; without one, that of the environment variable PIANOLAB_LANGUAGE, else English. A
language that the player has chosen on the page goes before all of these, as long as the browser remembers it.
"""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from pianolab.places import comes_with, give_libraries_a_home
from pianolab.texts.catalogue import LANGUAGE_VARIABLE, TextError, language_of

NOTEBOOK = comes_with("notebooks") / "07_live_trial.ipynb"


def arguments(given: Sequence[str]) -> list[str]:
    """The command line for Voila: ours first, so that what was given wins.

    Parameters
    ----------
    given : sequence of str
        What stands behind ``python -m pianolab.live``.

    Returns
    -------
    list of str
    """
    notebook = [] if given and not given[0].startswith("-") else [str(NOTEBOOK)]
    return [*notebook, *given[:1], "--template=pianolab", "--Voila.ip=127.0.0.1", "--token", *given[1:]]


def language_and_rest(given: Sequence[str]) -> tuple[str, list[str]]:
    """The language of the page, and what is meant for Voila.

    Parameters
    ----------
    given : sequence of str
        What stands behind ``python -m pianolab.live``.

    Returns
    -------
    language : str
        A key of pianolab.texts.catalogue.LANGUAGES.
    rest : list of str

    Raises
    ------
    TextError
        If there is no such language.

    Examples
    --------
    >>> language_and_rest(["mine.ipynb", "--language=ko", "--port=8000"])
    ('ko', ['mine.ipynb', '--port=8000'])
    """
    parser = ArgumentParser(prog="python -m pianolab.live", add_help=False, allow_abbrev=False)
    parser.add_argument("--language")
    known, rest = parser.parse_known_args(given)
    return language_of(known.language), rest


def main(given: Sequence[str] | None = None):
    """Start Voila; returns when it is stopped.

    Parameters
    ----------
    given : sequence of str, optional
        The command line if left out.
    """
    try:
        language, given = language_and_rest(sys.argv[1:] if given is None else given)
    except TextError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    os.environ[LANGUAGE_VARIABLE] = language  # The notebook's kernel takes it from there.
    give_libraries_a_home()
    try:
        from pianolab.live.server import LivePage, culling
    except ImportError:
        sys.exit("Voila is not installed: pip install 'pianolab[live]'")
    templates = str(Path(__file__).with_name("static"))
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [templates, os.environ.get("JUPYTER_PATH")]))
    LivePage.launch_instance(argv=[*arguments(given), *culling(given)])


if __name__ == "__main__":
    main()
