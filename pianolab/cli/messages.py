"""What the command line says when something is wrong or odd, and the exit codes that tell it to other programs.

Each message is one line on standard error that begins with "pianolab:"; it names what was given and what to do about
it.
"""

import sys
from contextlib import suppress

from pianolab.errors import PianolabError, first_line, printable, reason

DONE = 0
FAILED = 1  # The work was done, and something in it failed.
REFUSED = 2  # What was asked cannot be done.
INTERRUPTED = 130  # Shells count Ctrl-C so: 128 + SIGINT.
PIPE_CLOSED = 141  # Shells count a reader that went away so: 128 + SIGPIPE.


class UsageError(PianolabError):
    """Words on the command line that make no sense; the message is one line with the remedy."""


def complain(error: Exception | str) -> None:
    """Say on one line of standard error what is wrong.

    Parameters
    ----------
    error : Exception or str
        Refusals of ours are shown as they are, others with their type and where they happened.
    """
    if isinstance(error, Exception):
        told = isinstance(error, OSError) and error.strerror  # The system says it well without a type and a place.
        error = first_line(error) if told else reason(error)
    _say(f"pianolab: {error}")


def warn(text: str) -> None:
    """Say on one line of standard error what is odd.

    Parameters
    ----------
    text : str
    """
    _say(f"pianolab: warning: {text}")


def tell(text: str) -> None:
    """Say on one line of standard error what was understood.

    Parameters
    ----------
    text : str
    """
    _say(f"pianolab: {text}")


def _say(text: str) -> None:
    with suppress(OSError):  # Whoever wrote there says that it cannot be written.
        sys.stdout.flush()
    line = printable(" ".join(text.split()) if not text.isprintable() else text)
    print(line, file=sys.stderr, flush=True)
