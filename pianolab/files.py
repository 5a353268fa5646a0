"""Files that appear whole or not at all.

A result that is half written (the disk is full, the program is killed) is worse than none, because the next run takes
it for whole. So every file is written under a temporary name beside its place and renamed when it is complete.
"""

import os
import re
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pianolab.errors import printable

_TEMPORARY = re.compile(r"\.\d+-[0-9a-f]{8}\.tmp")
_STALE_S = 3600.0  # No file of ours takes so long to write.


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path in the folder of ``path``; rename it to ``path`` when the block ends well.

    Parameters
    ----------
    path : str or Path
        The file to write or to replace.

    Yields
    ------
    Path
        Where to write. After an exception it is removed, and a file that was at ``path`` stays as it was.

    Raises
    ------
    OSError
        If the folder is missing or cannot be written to.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(f"{folder}/song.txt") as temporary:
    ...         _ = temporary.write_text("C4")
    ...     Path(folder, "song.txt").read_text()
    'C4'
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{printable(path)} is a folder")
    temporary = path.with_name(f".{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_stale(folder: str | os.PathLike[str]) -> None:
    """Remove what a program that was killed left of a file that it was about to write with `replacing`.

    Parameters
    ----------
    folder : str or Path
        Temporary files in it that nobody wrote to for an hour are removed, as far as they can be.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _TEMPORARY.fullmatch(entry.name) and entry.stat().st_mtime < time.time() - _STALE_S:
                with suppress(OSError):
                    os.unlink(entry.path)


def refuse_unwritable(folder: str | os.PathLike[str]) -> None:
    """Make sure, before any work, that files can be written into a folder, which need not exist yet.

    Parameters
    ----------
    folder : str or Path
        Nothing is made or left there.

    Raises
    ------
    OSError
        If it, or the nearest folder above it that exists, is a file or cannot be written to.
    """
    here = Path(folder).absolute()
    while not _is_there(here):
        here = here.parent
    with tempfile.TemporaryFile(dir=here):
        pass


def _is_there(path: Path) -> bool:
    """Whether a path exists, be it a link to nowhere; other than in os.path, a name that cannot be is an OSError."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    return True
