"""Files that appear whole or not at all.

A result that is half written (the disk is full, the program is killed) is worse than none, because the next run takes
it for whole. So every file is written under a temporary name beside its place and renamed when it is complete.
"""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pianolab.errors import printable


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
