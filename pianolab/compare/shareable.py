"""Text that may be published with a report: one line, printable, and without the folders of whoever made it.

A report is passed on. In its texts the home folder is ~, the folder in which the run was started is left out, and the
name of the user in another path is $USER. A command is written so that a shell puts them back.
"""

import functools
import getpass
import os
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pianolab.errors import printable

_END = r"(?!\w|-|\.\w)"  # The name of a folder ends here.
_USER = ("USER", "LOGNAME", "LNAME", "USERNAME")  # Variables that hold the name of the user.


def shareable(text: str) -> str:
    """A text as it may stand in a report.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> shareable(f"{os.getcwd()}/mine/song.wav: No such file or directory")
    'mine/song.wav: No such file or directory'
    """

    return _shareable(text, _private())


def _shareable(text: str, private: re.Pattern[str]) -> str:
    def short(found: re.Match) -> str:
        if found.lastgroup == "here":
            return "" if found[0].endswith(("/", "\\")) else "."
        return "~" if found.lastgroup == "home" else "$USER"

    return printable(private.sub(short, text))


def all_shareable(value: Any) -> Any:
    """Every text in lists and mappings as it may stand in a report.

    Parameters
    ----------
    value : object
        Fit for json.

    Returns
    -------
    object
        Lists for tuples; numbers and None as they are.
    """
    private = _private()  # It is the same for all, and thousands of texts ask for it.

    def shared(value: Any) -> Any:
        if isinstance(value, str):
            return _shareable(value, private)
        if isinstance(value, Mapping):
            return {shared(key): shared(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [shared(item) for item in value]
        return value

    return shared(value)


def to_type(option: str, value: str) -> str:
    """An option and its value as they are typed into a shell such as bash or zsh.

    Parameters
    ----------
    option : str
        As "--data".
    value : str
        A path or a text that may hold one; any characters, also those that cannot be printed.

    Returns
    -------
    str
        In which the shell puts the home folder and the user's name back.

    Examples
    --------
    >>> to_type("--data", "my songs")
    "--data 'my songs'"
    >>> to_type("--data", os.path.expanduser("~/my songs"))
    "--data ~/'my songs'"
    """
    words, at = "", 0
    for found in _private().finditer(value):
        words += _quoted(value[at : found.start()])
        at = found.end()
        if found.lastgroup == "here":
            words += "./"
        elif found.lastgroup == "user" or words or value.startswith("-"):
            words += _typed_user(found[0]) if found.lastgroup == "user" else '"$HOME"'
        else:
            words += "~"
            if value[at : at + 1] == "/":  # A quoted slash would end no name, and ~ would stay ~.
                words, at = "~/", at + 1
    words += _quoted(value[at:])
    return f"{option}={words}" if value.startswith("-") else f"{option} {words or shlex.quote(value)}"


def distinct(names: Iterable[str]) -> list[str]:
    """Names that can be printed, no two alike.

    Parameters
    ----------
    names : iterable of str
        Any characters.

    Returns
    -------
    list of str
        In the same order. A name that can be printed stays as it is; of others that look alike the second is numbered.

    Examples
    --------
    >>> distinct(["song", "so\\tng", "so\\nng"])
    ['song', 'so?ng', 'so?ng #2']
    """
    names = list(names)
    taken: set[str] = set()
    shown = [""] * len(names)
    for number in sorted(range(len(names)), key=lambda number: not names[number].isprintable()):
        name, count = printable(names[number]), 1
        while name in taken:
            count += 1
            name = f"{printable(names[number])} #{count}"
        taken.add(name)
        shown[number] = name
    return shown


def _quoted(text: str) -> str:
    """A text for a shell; '' where there is none."""
    if text.isprintable():
        return shlex.quote(text) if text else ""
    plain = (c if c.isprintable() and c not in "\\'" else "".join(f"\\x{b:02x}" for b in os.fsencode(c)) for c in text)
    return "$'" + "".join(plain) + "'"


def _users() -> tuple[str, ...]:
    """The names of the user: of the variables that a login sets, else of the system."""
    found = tuple(dict.fromkeys(name for variable in _USER if (name := os.environ.get(variable))))
    return found or _system_user()


@functools.cache
def _system_user() -> tuple[str, ...]:
    try:
        return (getpass.getuser(),)
    except (OSError, KeyError, ImportError):  # A container may run as somebody who has no name.
        return ()


def _typed_user(name: str) -> str:
    """What a shell replaces by a name of the user."""
    return next((f'"${variable}"' for variable in _USER if os.environ.get(variable) == name), '"$(id -un)"')


def _private() -> re.Pattern[str]:
    """What is not to be published, as a pattern with the groups here, home and user."""
    try:
        here = os.getcwd()
    except OSError:  # It was deleted.
        here = ""
    return _pattern(here, os.path.expanduser("~"), _users())


@functools.cache
def _pattern(here: str, home: str, users: tuple[str, ...]) -> re.Pattern[str]:
    places = {"here": (here, rf"(?:[/\\]+|{_END})"), "home": (home, _END)}
    parts = {}
    # One may lie in the other, and then the longer one is meant.
    for group, (place, end) in sorted(places.items(), key=lambda item: -len(item[1][0])):
        names = "|".join(_path(name) + end for name in _names_of(place))
        parts |= {group: names} if names else {}
    parts |= {"user": rf"(?<=[/\\])(?:{'|'.join(map(re.escape, users))}){_END}"} if users else {}
    return re.compile("|".join(f"(?P<{group}>{part})" for group, part in parts.items()) or "(?!)")


def _names_of(folder: str) -> Sequence[str]:
    """A folder as it is called, and where links lead; nothing for the root, which is nobody's."""
    found = dict.fromkeys((folder, os.path.realpath(folder))) if os.path.isabs(folder) else ()
    return [name.rstrip("/\\") for name in found if name.rstrip("/\\") and os.path.splitdrive(name)[1] not in "/\\"]


def _path(folder: str) -> str:
    return r"(?<![\w.~$-])" + r"[/\\]+".join(re.escape(part) for part in re.split(r"[/\\]+", folder))
