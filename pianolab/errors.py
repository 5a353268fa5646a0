"""What went wrong, in one line, with the remedy: the base of all our errors and warnings, and hints at near names.

An error of ours says what was given and what to do about it, so its text is shown as it is. An error of somebody
else's is shown with its type and the place it came from.
"""

import difflib
import os
import traceback
from collections.abc import Iterable
from pathlib import Path

MAX_LENGTH = 500  # Characters of a message of ours that are shown: the name of a file may have 255.
MAX_FOREIGN = 300  # And of an error of somebody else's, which may hold anything.
_END = 100  # So many of them are its end.


class PianolabError(ValueError):
    """Something that cannot be done as asked; the message is one line that names the value and the remedy."""

    def __str__(self) -> str:
        """The message, printable and of bounded length whatever value it names."""
        return one_line(super().__str__())


class PianolabWarning(UserWarning):
    """Something that was done although it is poor; the message is one line."""


def printable(path: str | bytes | os.PathLike) -> str:
    """A path or name as one line of text that any terminal can show.

    Parameters
    ----------
    path : path

    Returns
    -------
    str
        Characters that cannot be printed are '?'.

    Examples
    --------
    >>> printable("two\\nlines.wav")
    'two?lines.wav'
    """
    text = os.fsdecode(path)
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


def one_line(text: str, *, length: int = MAX_LENGTH) -> str:
    """Text from outside as one line that any terminal can show, and that is short.

    Parameters
    ----------
    text : str
    length : int
        Characters at most.

    Returns
    -------
    str
        Blanks for line breaks and tabs, '?' for what cannot be printed. Of a longer text the beginning and the end are
        kept, because a remedy stands at the end.

    Examples
    --------
    >>> one_line("red:\\x1b[31m\\ttwo")
    'red:?[31m two'
    """
    if len(text) > length:
        text = f"{text[: length - _END - 5]} ... {text[-_END:]}"
    return "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in text)


def first_line(error: BaseException) -> str:
    """The first line of an error's message; the name of its type where it has none.

    Parameters
    ----------
    error : BaseException

    Returns
    -------
    str
        As from `one_line`. An OSError has the file first and then what the system says.

    Examples
    --------
    >>> first_line(FileNotFoundError(2, "No such file or directory", "song.wav"))
    'song.wav: No such file or directory'
    """
    if isinstance(error, OSError) and error.strerror:
        named = isinstance(error.filename, str | bytes) and error.filename
        return one_line(f"{printable(error.filename)}: {error.strerror}" if named else error.strerror)
    try:
        text = str(error).strip()
    except Exception:  # An error of a user's detector may be unable to say what it is.
        text = ""
    length = MAX_LENGTH if isinstance(error, PianolabError | PianolabWarning) else MAX_FOREIGN
    return one_line((text or type(error).__name__).splitlines()[0], length=length)


def reason(error: BaseException) -> str:
    """An exception in one line: refusals of ours as they are, others with their type and where they came from.

    Parameters
    ----------
    error : BaseException

    Returns
    -------
    str

    Examples
    --------
    >>> reason(PianolabError("sr 0 is no rate: use a number above 0"))
    'sr 0 is no rate: use a number above 0'
    >>> reason(KeyError("x"))
    "KeyError: 'x'"
    """
    if isinstance(error, PianolabError | PianolabWarning):
        return first_line(error)
    if isinstance(error, ImportError):  # Its message names the library; the line that asked for it helps nobody.
        return f"{type(error).__name__}: {first_line(error)}"
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {first_line(error)}{where}"


def nearest(word: str, known: Iterable[str], *, otherwise: str = "") -> str:
    """A hint at the names that somebody may have meant, to be put behind a message.

    Parameters
    ----------
    word : str
        What was given.
    known : iterable of str
        What there is.
    otherwise : str
        The hint where nothing is near.

    Returns
    -------
    str
        ": did you mean ...?", or ``otherwise``.

    Examples
    --------
    >>> nearest("yni", ["yin", "cqt"])
    ': did you mean yin?'
    >>> nearest("x", ["yin", "cqt"], otherwise=": known are yin, cqt")
    ': known are yin, cqt'
    """
    near = difflib.get_close_matches(word, list(known), n=3, cutoff=0.5)
    return f": did you mean {' or '.join(printable(name) for name in near)}?" if near else otherwise
