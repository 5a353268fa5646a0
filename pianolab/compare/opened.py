"""Which files of the user's a detector opens while it is made and while it hears: what it hears depends on them.

Python tells of every file that it opens, whoever asks for it: ``open``, ``np.load``, ``torch.load``, a module that is
loaded by its path. A library that opens a file in C by itself (onnxruntime) is not told of. What another program or a
server answers can depend on anything, so who asks one cannot be told.
"""

import functools
import importlib.util
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pianolab.compare.imports import is_users
from pianolab.sound import AudioError, checksum

_READING = {"open": 0, "ctypes.dlopen": 0, "sqlite3.connect": 0, "import": 1}  # Which argument of the event is a path.
_ASKING = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "socket.connect"}
_HARMLESS = ("ffmpeg", "ldconfig", "gcc", "cc", "ld", "objdump", "uname")  # Programs that we and Python itself start.
_OF_THE_SYSTEM = ("/proc/", "/sys/", "/dev/")
_Signature = tuple[int, int, int]


class Opened:
    """The files that are opened while it watches.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> opened = Opened()
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "weights.txt")
    ...     _ = path.write_text("0.5")
    ...     with opened.watching():
    ...         _ = path.read_text()
    ...     before = opened.files()
    ...     are_unchanged(before)
    True
    >>> are_unchanged(before)
    False
    """

    _now: "Opened | None" = None  # Who watches in this process; the hook of Python stays for good.

    def __init__(self) -> None:
        self._read: dict[str, _Signature | None] = {}
        self._written: set[str] = set()
        self._passed: set[str] = set()
        self._sums: dict[str, str] = {}
        self._here = os.getcwd()
        self._is_told = True

    @contextmanager
    def watching(self, *, but: str = "") -> Iterator[None]:
        """Watch until the block ends.

        Parameters
        ----------
        but : str
            The sound file, which everybody opens.
        """
        _hook_up()
        self._passed.add(but)
        self._passed.add(os.path.abspath(but))
        before, Opened._now = Opened._now, self
        try:
            yield
        finally:
            Opened._now = before

    def files(self) -> dict[str, str] | None:
        """What was read so far.

        Returns
        -------
        dict of str to str, or None
            Checksums by path, '' for a file that was looked for and is not there. A relative path counts from the
            working folder. None where it cannot be told: a file was changed meanwhile, or another program was asked.
        """
        for path, signature in self._read.items():
            if _signature(path) != signature:
                self._is_told = False
            elif path not in self._sums:
                self._sums[path] = _checksum(path, signature)
        return dict(self._sums) if self._is_told else None

    def _notice(self, event: str, args: tuple[Any, ...]) -> None:  # pragma: no cover - audit hooks are not traced
        if event in _ASKING:
            program = os.path.basename(os.fsdecode(args[0])) if args and isinstance(args[0], str | bytes) else ""
            self._is_told &= program.startswith(_HARMLESS)
            return
        given = args[_READING[event]]
        if not isinstance(given, str | bytes | os.PathLike):  # The number of an open file, or nothing.
            return
        path = self._named(os.fsdecode(given))
        flags = args[2] if event == "open" else os.O_RDONLY
        if flags & os.O_TRUNC or (flags & os.O_CREAT and flags & os.O_EXCL):
            self._written.add(path)  # What it reads there later comes from itself.
        is_read = flags & (os.O_WRONLY | os.O_RDWR) != os.O_WRONLY
        if is_read and path not in self._written and path not in self._passed:
            self._read_in(path)

    def _named(self, given: str) -> str:  # pragma: no cover - audit hooks are not traced
        """A path as it can be found again; of a compiled module its source."""
        if f"{os.sep}__pycache__{os.sep}" in given:
            with suppress(ValueError, NotImplementedError):
                given = importlib.util.source_from_cache(given)
        return given if os.path.isabs(given) or os.getcwd() == self._here else os.path.abspath(given)

    def _read_in(self, path: str) -> None:  # pragma: no cover - audit hooks are not traced
        full = os.path.abspath(path)
        # What lies in __pycache__ is made from something else, as numba's machine code is.
        is_passed = full.startswith(_OF_THE_SYSTEM) or f"{os.sep}__pycache__{os.sep}" in full
        if is_passed or os.path.isdir(full) or not is_users(Path(full).resolve()):
            self._passed.add(path)
            return
        signature = _signature(path)
        if self._read.setdefault(path, signature) != signature:
            self._is_told = False


def are_unchanged(files: Mapping[str, str]) -> bool:
    """Whether files are what they were.

    Parameters
    ----------
    files : mapping of str to str
        From `Opened.files`.

    Returns
    -------
    bool
    """
    return all(_checksum(path, _signature(path)) == before for path, before in files.items())


@functools.cache
def _hook_up() -> None:
    sys.addaudithook(_hear_of)


def _hear_of(event: str, args: tuple[Any, ...]) -> None:
    watcher = Opened._now
    if watcher is not None and (event in _READING or event in _ASKING):
        with suppress(Exception):  # An error here would forbid what somebody else does.
            watcher._notice(event, args)


def _signature(path: str) -> _Signature | None:
    """What changes when a file does; None if there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


@functools.lru_cache(maxsize=10_000)
def _checksum(path: str, signature: _Signature | None) -> str:
    """Of a file with this signature; '' if it is not there."""
    try:
        return checksum(path) if signature is not None else ""
    except AudioError:
        return ""
