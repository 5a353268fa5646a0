"""The folder of a run: claimed before hours are spent, replaced as a whole, and nothing lost that we did not write.

A run is written into a hidden folder beside its place and put there when it is complete, so that it is either there or
not. An earlier run gives way only if every file of it is as it was written: run.json holds the checksums. While a run
goes on, a lock beside its place keeps other runs away. The system takes the lock back from a program that dies, and
whoever comes next clears up what that one left.
"""

import hashlib
import itertools
import json
import os
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import BaseFileLock, FileLock, Timeout

from pianolab.compare.cache import CACHE
from pianolab.compare.errors import CompareError
from pianolab.errors import printable
from pianolab.files import refuse_unwritable

RESULTS = Path("results")
ABOUT = "run.json"
MADE_BY = "pianolab compare"
_REMEDY = "choose another folder with --out"
_STALE_S = 60  # A lock that is younger may just be taken by somebody.


class RunFolder:
    """The place of a run that is being made; `claimed` gives one.

    Parameters
    ----------
    shown : Path
        As it was named.
    """

    def __init__(self, shown: Path):
        self.shown = shown
        self.place = Path(os.path.realpath(shown))
        # Names of their own have room for a hash only: a folder's name may be as long as the system allows.
        hidden = ".pianolab-" + hashlib.sha256(os.fsencode(os.path.normcase(self.place.name))).hexdigest()[:16]
        self.new = self.place.with_name(f"{hidden}.new")
        self.lock = self.place.with_name(f"{hidden}.lock")
        self._old = self.place.with_name(f"{hidden}.old")

    def clear(self) -> None:
        """Remove what a run that did not end left here, and bring an earlier run back that it had moved away."""
        shutil.rmtree(self.new, ignore_errors=True)
        if self._old.is_dir() and not self.place.exists():
            self._old.rename(self.place)
        elif self._old.is_dir() and not _strangers(self._old):
            shutil.rmtree(self._old, ignore_errors=True)

    def refuse(self) -> None:
        """Refuse a place that holds what no run wrote.

        Raises
        ------
        CompareError
        """
        if self.place.exists() and not self.place.is_dir():
            raise CompareError(f"{printable(self.shown)} is a file: {_REMEDY}")
        strangers = _strangers(self.place)
        if strangers:
            raise CompareError(
                f"{printable(self.shown)} holds files that are not of an earlier run, or were changed since, such as "
                f"{printable(strangers[0])}: {_REMEDY}"
            )

    def put(self, about: Mapping[str, Any]) -> Path:
        """Write run.json into the new folder, and put the folder in its place.

        Parameters
        ----------
        about : mapping
            What run.json says; the checksums of all files come with it.

        Returns
        -------
        Path
            Where the run is. If somebody wrote into the claimed place meanwhile, that is beside it.
        """
        checksums = {name: _checksum(self.new / name) for name in _files(self.new)}
        (self.new / ABOUT).write_text(_about_text(about, checksums), encoding="utf-8", errors="backslashreplace")
        try:
            self.refuse()
        except CompareError:
            beside = next(_free(self.place.parent))
            self.new.rename(beside)
            return beside
        if self.place.exists():
            self.place.rename(self._old)
        self.new.rename(self.place)
        self.clear()
        return self.shown


@contextmanager
def claimed(out: str | Path | None = None, *, cache: str | Path = CACHE) -> Iterator[RunFolder]:
    """Choose the folder of a run, keep other runs away from it, and make sure before any work that it can be written.

    Parameters
    ----------
    out : str or Path, optional
        A new or empty folder, or that of an earlier run, which will be replaced. By default results/ and the date and
        time.
    cache : str or Path
        Where is kept what is heard; it must not lie in the folder.

    Yields
    ------
    RunFolder

    Raises
    ------
    CompareError
        If it holds anything else, cannot be written to, or another run is being written there.
    """
    made: list[Path] = []
    lock = None
    try:
        for folder in map(RunFolder, _free(RESULTS) if out is None else [Path(out)]):
            try:
                _refuse_place(folder, cache)
            except CompareError:
                if out is None and folder.place.exists():  # Another run was quicker since its name was free.
                    continue
                raise
            made += _make_parents(folder.place)
            lock = _take(folder.lock)
            if lock is not None and out is None and folder.place.exists():  # Another run was quicker, and is done.
                _give_back(lock)
                lock = None
            elif lock is not None:
                break
        if lock is None:
            why = f"another run is being written to it: wait until it is done, or {_REMEDY}"
            raise CompareError(f"{printable(folder.shown)}: {why}")
        _clear_up_after_others(folder)
        folder.clear()
        folder.refuse()
        yield folder
    finally:
        if lock is not None:
            shutil.rmtree(folder.new, ignore_errors=True)
            _give_back(lock)
        for parent in reversed(made):
            with suppress(OSError):  # Something lies in it.
                parent.rmdir()


def checked_about(folder: str | Path) -> dict[str, Any]:
    """What run.json of a run says, if all files of the run are as they were written.

    Parameters
    ----------
    folder : str or Path

    Returns
    -------
    dict

    Raises
    ------
    CompareError
        If it is no folder of a run, or one that was cut or changed.
    """
    folder = Path(folder)
    shown = printable(folder)
    if not folder.is_dir():
        raise CompareError(f"{shown} is no folder: name one that {MADE_BY} wrote")
    if not (folder / ABOUT).is_file():
        raise CompareError(f"{shown} holds no {ABOUT}: name a folder that {MADE_BY} wrote")
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        files, made_by = about["files"], about["made_by"]
        missing = [name for name in files if not (folder / name).exists()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CompareError(f"{shown}: {ABOUT} is cut, or not of {MADE_BY}: run its comparison again") from error
    if made_by != MADE_BY:
        raise CompareError(f"{shown}: {ABOUT} is of {printable(str(made_by))}, not of {MADE_BY}")
    strangers = _strangers(folder)
    changed = [ABOUT] if ABOUT in strangers else [name for name in strangers if name in files] or missing
    if changed:
        raise CompareError(f"{shown}: {printable(changed[0])} is cut or was changed: run its comparison again")
    return about


def _refuse_place(folder: RunFolder, cache: str | Path) -> None:
    shown, inside = printable(folder.shown), "name a folder inside it with --out"
    try:
        folder.refuse()
        if Path(os.path.realpath(os.curdir)).is_relative_to(folder.place):
            raise CompareError(f"{shown} is the folder you are in, or holds it: {inside}")
        if os.path.ismount(folder.place):
            raise CompareError(f"{shown} is a disk, which cannot be replaced as a whole: {inside}")
        if Path(os.path.realpath(cache)).is_relative_to(folder.place):
            raise CompareError(f"{shown} holds the cache {printable(cache)}: {_REMEDY}")
        refuse_unwritable(folder.shown)  # A link to nowhere is refused, too.
        refuse_unwritable(folder.place.parent)
    except OSError as error:
        raise CompareError(f"{shown} cannot be written ({error.strerror}): {_REMEDY}") from error


def _make_parents(place: Path) -> list[Path]:
    """Make the folders above a place; gives those that were not there."""
    missing = list(itertools.takewhile(lambda parent: not parent.exists(), place.parents))
    place.parent.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _take(path: Path) -> BaseFileLock | None:
    """A lock that is ours now; None if another program has it. Where a file system has no locks it holds nothing."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    except (NotImplementedError, OSError):
        pass
    return lock


def _give_back(lock: BaseFileLock) -> None:
    with suppress(OSError):
        Path(lock.lock_file).unlink()
    lock.release()


def _clear_up_after_others(folder: RunFolder) -> None:
    """Remove what runs left beside this one that were killed while they wrote their report."""
    for path in folder.lock.parent.glob(".pianolab-*.lock"):
        with suppress(OSError):
            old = time.time() - path.stat().st_mtime > _STALE_S and not path.with_suffix(".old").exists()
            lock = _take(path) if path != folder.lock and old else None
            if lock is not None:
                shutil.rmtree(path.with_suffix(".new"), ignore_errors=True)
                _give_back(lock)


def _free(parent: Path) -> Iterator[Path]:
    """Names that are not taken: the date and the time, then the same with numbers."""
    name = time.strftime("%Y-%m-%d_%H-%M-%S")
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    return (parent / name for name in names if not (parent / name).exists())


def _strangers(folder: Path) -> list[str]:
    """What lies in a folder and is not as a run wrote it; nothing if the folder is not there."""
    there = list(_files(folder))
    try:
        text = (folder / ABOUT).read_text(encoding="utf-8")
        about = json.loads(text)
        checksums = about.pop("files")
        del checksums[ABOUT]
        if about["made_by"] != MADE_BY or _about_text(about, checksums) != text:
            return there
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return there
    return [name for name in there if name != ABOUT and checksums.get(name) != _checksum(folder / name)]


def _about_text(about: Mapping[str, Any], checksums: Mapping[str, str]) -> str:
    """The text of run.json, which ends with the checksums of all files; its own is over what stands above."""
    own = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    return json.dumps({**about, "files": {**checksums, ABOUT: own}}, indent=1, ensure_ascii=False) + "\n"


def _files(folder: Path) -> Iterator[str]:
    """Everything below a folder that is no folder, and folders with nothing in them or that cannot be read."""
    unread: list[OSError] = []
    for root, folders, names in os.walk(folder, onerror=unread.append):
        here = Path(root).relative_to(folder)
        links = [name for name in folders if (Path(root) / name).is_symlink()]
        yield from sorted((here / name).as_posix() for name in [*names, *links])
        if not (folders or names) and Path(root) != folder:
            yield here.as_posix()
    yield from (Path(os.fsdecode(error.filename)).name for error in unread if folder.exists())


def _checksum(path: Path) -> str:
    """SHA-256 of a plain file that can be read; '' of anything else."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(path.lstat().st_mode) else ""
    except OSError:
        return ""
