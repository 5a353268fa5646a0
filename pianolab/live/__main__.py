"""The live view as a plain web page on this machine: ``python -m pianolab.live [NOTEBOOK] [Voila's options]``.

Without a notebook it is the player's page: the widget alone (static/player.ipynb has one cell). Voila serves it on
localhost only, with a token, and its templates fetch nothing from elsewhere. It speaks the language of ``--language``;
without one, that of the environment variable PIANOLAB_LANGUAGE, else English. A language that the player has chosen on
the page goes before all of these, as long as the browser remembers it.
"""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from pianolab.places import give_libraries_a_home
from pianolab.texts.catalogue import LANGUAGE_VARIABLE, LANGUAGES, TextError, language_of, say

_STATIC = Path(__file__).with_name("static")
PLAYER = _STATIC / "player.ipynb"
_STORED = "pianolab-language"  # under which the browser keeps the player's language, as js/texts.js says
_LOADING = ("title", "page", "program", "browser", "failed")  # what the page waits for while it loads


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
    ours = ["--Voila.ip=127.0.0.1", "--token"]
    if given and not given[0].startswith("-"):
        return [given[0], "--template=pianolab", *ours, *given[1:]]
    texts = {name: {step: say(f"live.loading.{step}", name) for step in _LOADING} for name in LANGUAGES}
    resources = {"pianolab": {"language": language_of(), "stored": _STORED, "texts": texts}}
    return [str(PLAYER), "--template=player", f"--VoilaConfiguration.resources={resources!r}", *ours, *given]


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
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(_STATIC), os.environ.get("JUPYTER_PATH")]))
    LivePage.launch_instance(argv=[*arguments(given), *culling(given)])


if __name__ == "__main__":
    main()
