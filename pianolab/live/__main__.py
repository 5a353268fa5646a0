"""Show a notebook as a plain web page on this machine: ``python -m pianolab.live [NOTEBOOK] [Voila's options]``.

The page is served by Voila on localhost only, with a token, and its template fetches nothing from elsewhere.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pianolab.places import comes_with

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


def main(given: Sequence[str] | None = None):
    """Start Voila; returns when it is stopped.

    Parameters
    ----------
    given : sequence of str, optional
        The command line if left out.
    """
    given = sys.argv[1:] if given is None else given
    try:
        from voila.app import Voila
    except ImportError:
        sys.exit("Voila is not installed: pip install 'pianolab[live]'")
    templates = str(Path(__file__).with_name("static"))
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [templates, os.environ.get("JUPYTER_PATH")]))
    Voila.launch_instance(argv=arguments(given))


if __name__ == "__main__":
    main()
