"""JupyterLab in which a live page is as quick as by itself: ``python -m pianolab.live.lab [FOLDER] [Lab's options]``.

A live page talks to its kernel 43 times a second. For each message JupyterLab shows that the kernel is busy, then that
it is idle, and lays out the notebook's toolbar anew both times. On two cores that took half of one, and a key was lit
30 to 70 ms later. The file in lab_config/ keeps messages of widgets out of what is shown of the kernel, as Jupyter
itself does with those of its debugger. It goes before the player's own settings of Jupyter, which all stay.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

CONFIG = Path(__file__).with_name("lab_config")


def main(given: Sequence[str] | None = None):
    """Start JupyterLab; returns when it is stopped.

    Parameters
    ----------
    given : sequence of str, optional
        What stands behind ``python -m pianolab.live.lab``; the command line if left out.
    """
    theirs = os.environ.get("JUPYTER_CONFIG_PATH")
    os.environ["JUPYTER_CONFIG_PATH"] = f"{CONFIG}{os.pathsep}{theirs}" if theirs else str(CONFIG)
    from jupyterlab.labapp import LabApp

    LabApp.launch_instance(argv=list(sys.argv[1:] if given is None else given))


if __name__ == "__main__":
    main()
