"""Reading the index.json of a data set that comes with pianolab: what it holds, one entry a recording."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pianolab.errors import PianolabError, printable

RESTORE = "restore it with git checkout, or install pianolab again"


def read_index(path: Path, needed: Mapping[str, type], *, refused: type[PianolabError]) -> list[Any]:
    """The entries of an index.json, each with the fields that it must have.

    Parameters
    ----------
    path : Path
        A JSON object with a list ``recordings``.
    needed : mapping of str to type
        Fields that each entry must have, and their types.
    refused : type of PianolabError
        The error to raise.

    Returns
    -------
    list of dict
        In the order of the file.

    Raises
    ------
    PianolabError
        The one of ``refused``, if the index is damaged.
    OSError
        If it cannot be read.
    """
    try:
        entries = list(json.loads(path.read_text(encoding="utf-8"))["recordings"])
        for name, kind in needed.items():
            if not all(isinstance(entry[name], kind) for entry in entries):
                raise TypeError(f"a recording's {name} is no {kind.__name__}")
        return entries
    except (ValueError, KeyError, TypeError) as error:
        raise refused(f"{printable(path)} is damaged ({error}): {RESTORE}") from error
