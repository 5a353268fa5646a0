"""Why a training cannot begin or go on, and files that a full disk does not leave half written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pianolab.errors import PianolabError, printable
from pianolab.files import replacing


class TrainingError(PianolabError):
    """A training that cannot begin or go on; the message is one line with the remedy."""


@contextmanager
def writing(path: str | Path) -> Iterator[Path]:
    """Like `pianolab.files.replacing`, but what cannot be written is said in one line with the remedy.

    Parameters
    ----------
    path : str or Path
        The file to write or to replace.

    Yields
    ------
    Path
        Where to write.

    Raises
    ------
    TrainingError
        If that fails; a file that was at ``path`` is still there.
    """
    try:
        with replacing(path) as temporary:
            yield temporary
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: str | Path, error: BaseException) -> TrainingError:
    """The error of a file that cannot be written.

    Parameters
    ----------
    path : str or Path
    error : BaseException
        What the system said.

    Returns
    -------
    TrainingError
        The caller raises it.
    """
    reason = getattr(error, "strerror", None) or error
    return TrainingError(
        f"{printable(path)} cannot be written ({reason}): what was written before is kept; see that the disk has space "
        "and the folder is yours, then give the same command to go on"
    )
