"""Where things lie: what comes with the package, what it makes again when it must, and what a user keeps.

A clone has its data sets and notebooks at its root. A wheel brings them in the package's folder ``shipped``, which is
only read, because it may belong to somebody else. What can be made again (rendered sound, compiled kernels) then goes
into the user's cache folder; where there is none, into a temporary one, and that is said once. Libraries that keep
something in the home folder are shown a place in the cache folder where they cannot.
"""

import atexit
import os
import shutil
import tempfile
import warnings
from pathlib import Path

import platformdirs

from pianolab.errors import PianolabError, PianolabWarning, printable
from pianolab.files import refuse_unwritable

SHIPPED = Path(__file__).with_name("shipped")
CACHE_VARIABLE = "PIANOLAB_CACHE"
# Libraries that keep something in the home folder, and the variables that name another place.
_OTHERS = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR")

_temporary: set[Path] = set()  # The cache folders that go when this program ends.


class PlaceError(PianolabError):
    """A folder that cannot be used; the message is one line with the remedy."""


def comes_with(name: str) -> Path:
    """A folder that comes with the package.

    Parameters
    ----------
    name : str
        "data" or "notebooks".

    Returns
    -------
    Path
        In the package if it was installed from a wheel, else in the clone.

    Examples
    --------
    >>> (comes_with("notebooks") / "00_start_here.ipynb").is_file()
    True
    """
    root = SHIPPED if SHIPPED.is_dir() else SHIPPED.parents[1]
    return root / name


def user_dir() -> Path:
    """The folder for what a user of an installed package makes and keeps; it need not exist yet.

    Returns
    -------
    Path
        ~/.local/share/pianolab on Linux; the system's own place elsewhere.

    Raises
    ------
    PlaceError
        If the system knows no home folder of this user.
    """
    try:
        return platformdirs.user_data_path("pianolab", appauthor=False)
    except RuntimeError as error:
        raise PlaceError("the system knows no home folder of this user: set HOME to a folder of yours") from error


def cache_dir() -> Path:
    """The folder for what can be made again.

    Returns
    -------
    Path
        The environment variable PIANOLAB_CACHE, else the user's cache folder (~/.cache/pianolab on Linux). If that
        cannot be written, a temporary folder that goes when the program ends; this is said once, and the variable is
        set so that processes which this one starts use the same.

    Raises
    ------
    PlaceError
        If PIANOLAB_CACHE, or any temporary folder, cannot be written.

    Warns
    -----
    PianolabWarning
        If a temporary folder must do.
    """
    given = os.environ.get(CACHE_VARIABLE)
    try:
        folder = Path(given) if given else platformdirs.user_cache_path("pianolab", appauthor=False)
    except RuntimeError:
        return _temporary_cache("the system knows no home folder of this user")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        refuse_unwritable(folder)
        return folder
    except OSError as error:
        why = f"{printable(folder)} cannot be written ({error.strerror or error})"
        if given:
            raise PlaceError(f"{why}: set {CACHE_VARIABLE} to a folder of yours") from error
    return _temporary_cache(why)


def _temporary_cache(why: str) -> Path:
    remedy = f"set {CACHE_VARIABLE} to a folder of yours"
    try:
        folder = Path(tempfile.mkdtemp(prefix="pianolab-"))
    except OSError as error:
        raise PlaceError(f"{why}, and no temporary folder can: {remedy}") from error
    _temporary.add(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[CACHE_VARIABLE] = str(folder)
    warnings.warn(
        f"{why}: what is rendered and compiled is kept until the program ends; {remedy} to keep it longer",
        PianolabWarning,
        stacklevel=3,
    )
    return folder


def is_temporary(folder: Path) -> bool:
    """Whether a folder goes when this program ends, because no cache folder can be written.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    bool
    """
    return any(folder.is_relative_to(place) for place in _temporary)


def give_libraries_a_home() -> None:
    """Where the home folder cannot be written, show Jupyter and matplotlib a place in the cache folder.

    They would fail there, or make temporary folders and speak of them. They read where to go when they are loaded, so
    this comes before.

    Raises
    ------
    PlaceError
        As `cache_dir`.

    Warns
    -----
    PianolabWarning
        As `cache_dir`.
    """
    try:
        refuse_unwritable(Path.home())
    except (OSError, RuntimeError):  # The second: the system knows no home folder.
        folder = cache_dir()
        for name in _OTHERS:
            os.environ.setdefault(name, str(folder / name.lower()))
