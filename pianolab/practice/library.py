"""The library: scores, recordings and images in a folder, with an index that can be searched.

A file lies in the folder under its checksum, so nothing that a name says decides where something is written. The index
is one SQLite file. A file is written before its row and removed after it: whenever the program is killed, each row has
its file, and a file without a row is removed when the library is opened next. What lies there under any other name than
the library gives is never touched, and where there are files and no index, nothing is removed at all.
"""

import hashlib
import json
import os
import re
import shutil
import sqlite3
import tempfile
import time
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock, Timeout

from pianolab.errors import PianolabError, first_line, one_line, printable
from pianolab.files import replacing
from pianolab.places import user_dir
from pianolab.practice.contents import KINDS, MOST_BYTES, Kind
from pianolab.practice.facts import checked_grade, facts_of_all

_VERSION = 2  # Of the index; a program refuses an index of a later one, and brings an earlier one up to this.
_SCHEMA = """
CREATE TABLE items (
  number INTEGER PRIMARY KEY AUTOINCREMENT, checksum TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, format TEXT NOT NULL,
  suffix TEXT NOT NULL, title TEXT NOT NULL, also TEXT NOT NULL, composer TEXT NOT NULL, grade INTEGER,
  licence TEXT NOT NULL, tags TEXT NOT NULL, name TEXT NOT NULL, bytes INTEGER NOT NULL, added TEXT NOT NULL);
CREATE VIRTUAL TABLE words USING fts5(title, also, composer, tags, name, content='items', content_rowid='number',
  tokenize="unicode61 remove_diacritics 2");
CREATE TRIGGER put AFTER INSERT ON items BEGIN INSERT INTO words(rowid, title, also, composer, tags, name)
  VALUES (new.number, new.title, new.also, new.composer, new.tags, new.name); END;
CREATE TRIGGER taken AFTER DELETE ON items BEGIN INSERT INTO words(words, rowid, title, also, composer, tags, name)
  VALUES ('delete', old.number, old.title, old.also, old.composer, old.tags, old.name); END;
CREATE TRIGGER changed AFTER UPDATE ON items BEGIN INSERT INTO words(words, rowid, title, also, composer, tags, name)
  VALUES ('delete', old.number, old.title, old.also, old.composer, old.tags, old.name);
  INSERT INTO words(rowid, title, also, composer, tags, name)
  VALUES (new.number, new.title, new.also, new.composer, new.tags, new.name); END;
"""
_TAKES = """
CREATE TABLE takes (
  number INTEGER PRIMARY KEY AUTOINCREMENT, item INTEGER NOT NULL, played TEXT NOT NULL, hands TEXT NOT NULL,
  mode TEXT NOT NULL, first_bar INTEGER NOT NULL, last_bar INTEGER NOT NULL, tempo REAL NOT NULL, bars TEXT NOT NULL);
CREATE INDEX takes_of ON takes(item, played);
CREATE TRIGGER forgotten AFTER DELETE ON items BEGIN DELETE FROM takes WHERE item = old.number; END;
"""  # What was practised: see pianolab.practice.progress.
_TEXTS = ("title", "composer", "licence")
_MOST_TEXT = 300  # Characters of a title or another text.
_MOST_TAGS = 50
_MOST_WORDS = 20  # Of a search.
_CHUNK = 1 << 20
_STALE_S = 3600.0  # No file takes so long to be added.
_BUSY_S = 30.0  # So long another program may write.
_MOST_NAME_BYTES = 120
_OWN = re.compile(r"[0-9a-f]{64}\.\w+")  # How a file of the library is named.
_OWN_STAGING = ".adding-"
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?$", re.IGNORECASE)  # Windows has devices of these names.


class LibraryError(PianolabError):
    """Something that a library cannot do; the message is one line with the remedy."""


class DuplicateError(LibraryError):
    """A file that is in the library already, under whatever name."""


@dataclass(frozen=True)
class Item:
    """One thing in a library.

    Attributes
    ----------
    number : int
        It never changes, and no later item gets it.
    kind, format : str
        "score", "recording" or "image"; and the format, such as "musicxml" or "FLAC".
    title, also, composer, licence : str
        ``also`` are other titles, such as the Korean one.
    grade : int or None
        1 (first pieces) to 10.
    tags : tuple of str
    name : str
        The file's name when it was added.
    added : str
        When, in UTC, as ISO 8601 writes it.
    n_bytes : int
        Size of the file.
    checksum : str
        SHA-256 of the file.
    path : Path
        Where it lies. It is only to be read.
    """

    number: int
    kind: Kind
    format: str
    title: str
    also: str
    composer: str
    grade: int | None
    licence: str
    tags: tuple[str, ...]
    name: str
    added: str
    n_bytes: int
    checksum: str
    path: Path


def library_dir() -> Path:
    """Where the library lies: library/ in the data folder of a clone, or in the user's own folder.

    Returns
    -------
    Path
        It need not exist yet.
    """
    from pianolab.data import BuiltinError, kept_dir

    try:
        return kept_dir("library")
    except BuiltinError:
        return user_dir() / "library"


def safe_name(text: str, suffix: str = "") -> str:
    """A name that any system takes as a file of the folder it is written to.

    Parameters
    ----------
    text : str
        Such as a title.
    suffix : str
        What the name ends in, such as ".mid".

    Returns
    -------
    str
        Without separators, control characters, and names that mean something else to a system.

    Examples
    --------
    >>> safe_name("../Für Elise: op. 59?", ".mid")
    'Für Elise_ op. 59.mid'
    >>> safe_name("con"), safe_name("..")
    ('_con', 'untitled')
    """
    plain = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
    kept = "".join(c if c.isalnum() or c in " -_.,()'&+" or unicodedata.combining(c) else "_" for c in plain)
    kept = re.sub(r"_+", "_", " ".join(kept.split())).strip(" ._")  # Windows drops dots and blanks at the end.
    room = _MOST_NAME_BYTES - len(suffix.encode())
    kept = kept.encode()[:room].decode("utf-8", "ignore").rstrip(" .") or "untitled"
    return f"_{kept}{suffix}" if _RESERVED.match(kept) else f"{kept}{suffix}"


class Library:
    """Scores, recordings and images in a folder.

    Parameters
    ----------
    folder : str or Path, optional
        It is made if there is none; `library_dir` if not given.

    Raises
    ------
    LibraryError
        If the index is damaged, of a later version, or gone while its files are there.
    OSError
        If the folder cannot be made or written.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self.folder = Path(folder) if folder is not None else library_dir()
        self._files = self.folder / "files"
        self._files.mkdir(parents=True, exist_ok=True)
        with self.writing() as index:
            self._tidy(index)

    def add(self, path: str | os.PathLike[str], *, name: str | None = None, **about: Any) -> Item:
        """Put a copy of a file into the library.

        Parameters
        ----------
        path : str or Path
        name : str, optional
            Its name, if not that of the path. It is only shown.
        **about
            title, composer, licence (str), grade (int) and tags (list of str), in place of what the file says.

        Returns
        -------
        Item

        Raises
        ------
        DuplicateError
            If the same file is there already.
        PianolabError
            If it is none of what a library holds, damaged, too large or not safe.
        OSError
            If it cannot be read, or the disk is full. The library is then as it was.
        """
        ((_, item, error),) = self.add_all([(Path(path), name or Path(path).name)], **about)
        if error is not None:
            raise error
        assert item is not None
        return item

    def staging(self) -> tempfile.TemporaryDirectory[str]:
        """A folder for what is coming and is not yet part of the library.

        Returns
        -------
        TemporaryDirectory
            To be cleaned up by whoever asked; if that program is killed, a later one does it.
        """
        return tempfile.TemporaryDirectory(prefix=_OWN_STAGING, dir=self.folder)

    def add_all(
        self, files: Iterable[tuple[Path, str]], **about: Any
    ) -> Iterator[tuple[str, Item | None, Exception | None]]:
        """Put copies of several files into the library, each or none of it.

        Parameters
        ----------
        files : iterable of (Path, str)
            Where each lies, and its name.
        **about
            As `add`, for all of them.

        Yields
        ------
        name, item, error
            The item, or why there is none.
        """
        given = _checked(about)
        with self.staging() as staging:
            staged: dict[Path, tuple[str, str, int]] = {}
            for number, (path, name) in enumerate(files):
                there = Path(staging) / str(number)
                try:
                    with path.open("rb") as source:
                        checksum, size = _copy(source, there, printable(name))
                    self._refuse_duplicate(checksum, name)
                except (PianolabError, OSError) as error:
                    yield name, None, error
                else:
                    staged[there] = (name, checksum, size)
            for there, facts, error in facts_of_all([(there, told[0]) for there, told in staged.items()]):
                name, checksum, size = staged[there]
                if facts is None:
                    yield name, None, error
                    continue
                try:
                    item = self._put(there, {**facts, **given}, name, checksum, size)
                except (PianolabError, OSError) as problem:
                    yield name, None, problem
                else:
                    yield name, item, None

    def items(self, *, kind: Kind | None = None, grade: int | None = None) -> list[Item]:
        """What is in the library, in the order of grade and title.

        Parameters
        ----------
        kind : str, optional
            "score", "recording" or "image".
        grade : int, optional

        Returns
        -------
        list of Item
        """
        where, values = _where(kind, grade)
        return self._select(f"SELECT * FROM items {where} ORDER BY grade IS NULL, grade, title, number", values)

    def search(self, words: str, *, kind: Kind | None = None, grade: int | None = None) -> list[Item]:
        """What holds all words, or words that begin so, in its titles, composer, tags or name.

        Parameters
        ----------
        words : str
            Capitals and accents do not count.
        kind, grade : optional
            As `items`.

        Returns
        -------
        list of Item
            Best first.
        """
        found = re.findall(r"\w+", unicodedata.normalize("NFC", words))[:_MOST_WORDS]
        if not found:
            return []
        where, values = _where(kind, grade)
        asked = " ".join(f'"{word}"*' for word in found)
        query = f"SELECT items.* FROM words JOIN items ON items.number = words.rowid {where or 'WHERE 1'}"
        return self._select(f"{query} AND words MATCH ? ORDER BY words.rank, items.number", (*values, asked))

    def item(self, number: int) -> Item:
        """One item by its number.

        Parameters
        ----------
        number : int

        Returns
        -------
        Item

        Raises
        ------
        LibraryError
            If there is none.
        """
        if not 0 < number < 2**63:
            raise LibraryError(f"there is no number {one_line(str(number))[:30]} in the library")
        found = self._select("SELECT * FROM items WHERE number = ?", (number,))
        if not found:
            raise LibraryError(
                f"there is no number {number} in the library: `pianolab library list` shows what there is"
            )
        return found[0]

    def find(self, path: str | os.PathLike[str]) -> Item | None:
        """The item whose file is the same as this one.

        Parameters
        ----------
        path : str or Path

        Returns
        -------
        Item or None
            None if the library does not hold it.

        Raises
        ------
        OSError
            If the file cannot be read.
        """
        with open(path, "rb") as file:
            checksum = hashlib.file_digest(file, "sha256").hexdigest()
        return next(iter(self._select("SELECT * FROM items WHERE checksum = ?", (checksum,))), None)

    def change(self, number: int, **about: Any) -> Item:
        """Change what is said of an item.

        Parameters
        ----------
        number : int
        **about
            title, composer, licence (str), grade (int or None), tags (list of str).

        Returns
        -------
        Item

        Raises
        ------
        LibraryError
            If there is no such item.
        """
        given = _checked(about)
        self.item(number)
        if given:
            columns = ", ".join(f"{name} = ?" for name in given)
            values = [_stored(name, value) for name, value in given.items()]
            with self.writing() as index:
                index.execute(f"UPDATE items SET {columns} WHERE number = ?", (*values, number))
        return self.item(number)

    def remove(self, number: int) -> Item:
        """Take an item and its file out of the library.

        Parameters
        ----------
        number : int

        Returns
        -------
        Item
            What it was.

        Raises
        ------
        LibraryError
            If there is none.
        """
        item = self.item(number)
        with self._locked():
            with self.reading() as index:
                index.execute("DELETE FROM items WHERE number = ?", (number,))
            item.path.unlink(missing_ok=True)
        return item

    def export(self, numbers: Sequence[int], folder: str | os.PathLike[str]) -> list[Path]:
        """Copy files out of the library, under names made of their titles.

        Parameters
        ----------
        numbers : list of int
        folder : str or Path
            It is made if there is none. What is there stays: a name that is taken gets a number.

        Returns
        -------
        list of Path

        Raises
        ------
        LibraryError
            If there is no such item, or its file is gone.
        OSError
            If a file cannot be written.
        """
        chosen = [self.item(number) for number in numbers]
        for item in chosen:
            if not item.path.is_file():
                raise LibraryError(
                    f"the file of {item.number} ({item.title}) is gone: remove the item, and add it again"
                )
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for item in chosen:
            path, n = folder / safe_name(item.title, item.path.suffix), 1
            while path.exists():
                n += 1
                path = folder / safe_name(item.title, f" ({n}){item.path.suffix}")
            with replacing(path) as temporary:
                shutil.copyfile(item.path, temporary)
            written.append(path)
        return written

    def _put(self, there: Path, facts: dict[str, Any], name: str, checksum: str, size: int) -> Item:
        values = {
            key: _stored(key, facts[key]) for key in (*_TEXTS, "also", "grade", "tags", "kind", "format", "suffix")
        }
        values |= {"checksum": checksum, "name": _text(name), "bytes": size}
        values["added"] = datetime.now(UTC).isoformat(timespec="seconds")
        with self._locked():
            self._refuse_duplicate(checksum, name)
            os.replace(there, self._files / f"{checksum}{facts['suffix']}")
            with self.reading() as index:
                marks = ", ".join("?" * len(values))
                rows = index.execute(
                    f"INSERT INTO items ({', '.join(values)}) VALUES ({marks})", tuple(values.values())
                )
                number = rows.lastrowid
        assert number is not None
        return self.item(number)

    def _refuse_duplicate(self, checksum: str, name: str) -> None:
        for there in self._select("SELECT * FROM items WHERE checksum = ?", (checksum,)):
            told = f"as number {there.number}, {there.title}"
            raise DuplicateError(f"{printable(name)} is in the library already, {told}")

    def _select(self, query: str, values: Sequence[Any]) -> list[Item]:
        with self.reading() as index:
            return [self._item(row) for row in index.execute(query, tuple(values))]

    def _item(self, row: sqlite3.Row) -> Item:
        told = {key: row[key] for key in row.keys() if key not in ("bytes", "suffix", "tags")}  # noqa: SIM118
        path = self._files / f"{row['checksum']}{row['suffix']}"
        return Item(**told, tags=tuple(json.loads(row["tags"])), n_bytes=row["bytes"], path=path)

    def _tidy(self, index: sqlite3.Connection) -> None:
        """Remove what a program that was killed left: files without a row, and copies that were never whole."""
        known = {f"{checksum}{suffix}" for checksum, suffix in index.execute("SELECT checksum, suffix FROM items")}
        for path in self._files.iterdir():
            if _OWN.fullmatch(path.name) and path.name not in known:
                with suppress(OSError):
                    path.unlink()
        for path in self.folder.glob(f"{_OWN_STAGING}*"):
            with suppress(OSError):
                if path.stat().st_mtime < time.time() - _STALE_S:
                    shutil.rmtree(path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One program at a time writes files and rows."""
        lock = FileLock(self.folder / ".lock", timeout=2 * _BUSY_S)
        try:
            lock.acquire()
        except Timeout as error:
            raise LibraryError(f"another program is writing to {printable(self.folder)}: end it, or wait") from error
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The index, for what is kept beside the items: one program at a time, in one transaction.

        Yields
        ------
        sqlite3.Connection
        """
        with self._locked(), self.reading() as index:
            yield index

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The index, in one transaction.

        Yields
        ------
        sqlite3.Connection

        Raises
        ------
        LibraryError
            If it is damaged, or cannot be read or written.
        """
        path = self.folder / "index.sqlite"
        try:
            with closing(sqlite3.connect(path, timeout=_BUSY_S)) as index:
                index.row_factory = sqlite3.Row
                version = index.execute("PRAGMA user_version").fetchone()[0]
                if version > _VERSION:
                    raise LibraryError(f"{printable(path)} was written by a later pianolab: use that one")
                if version < _VERSION:
                    if version == 0:
                        self._refuse_orphans()
                    new = _TAKES if version else _SCHEMA + _TAKES
                    index.executescript(f"BEGIN IMMEDIATE; {new} PRAGMA user_version = {_VERSION}; COMMIT;")
                with index:
                    yield index
        except sqlite3.OperationalError as error:
            raise LibraryError(
                f"{printable(path)} cannot be used ({first_line(error)}): is the disk full, or the folder not yours?"
            ) from error
        except sqlite3.DatabaseError as error:
            raise LibraryError(f"{printable(path)} is damaged ({first_line(error)}): {self._remedy}") from error

    @property
    def _remedy(self) -> str:
        return f"move the whole folder {printable(self.folder)} away, and add the files from there"

    def _refuse_orphans(self) -> None:
        """Make no index where files are: they had one, and would be taken for what a killed program left."""
        if any(_OWN.fullmatch(path.name) for path in self._files.iterdir()):
            raise LibraryError(f"{printable(self.folder)} has files of a library and no index of them: {self._remedy}")


def _copy(source: BinaryIO, there: Path, name: str) -> tuple[str, int]:
    """Copy a file as far as one may be long; gives its checksum and size."""
    digest, size, most = hashlib.sha256(), 0, max(MOST_BYTES.values())
    with there.open("wb") as target:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > most:
                raise LibraryError(f"{name} has more than {most // 10**6} MB: cut it into parts")
            digest.update(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    return digest.hexdigest(), size


def _checked(about: dict[str, Any]) -> dict[str, Any]:
    """What a user says of an item, as far as it is said."""
    unknown = set(about) - {*_TEXTS, "grade", "tags"}
    if unknown:
        raise LibraryError(
            f"an item has no {', '.join(sorted(unknown))}: it has {', '.join((*_TEXTS, 'grade', 'tags'))}"
        )
    given = {name: value for name, value in about.items() if value is not None or name == "grade"}
    if "grade" in given:
        checked_grade(given["grade"])
    if (n_tags := len(given.get("tags") or ())) > _MOST_TAGS:
        raise LibraryError(f"{n_tags} tags are too many: {_MOST_TAGS} are the most")
    if "title" in given and not _text(str(given["title"])):
        raise LibraryError("a title needs letters")
    return given


def _text(text: str) -> str:
    plain = unicodedata.normalize("NFC", one_line(text, length=10 * _MOST_TEXT))
    return plain.encode("utf-8", "replace").decode().strip()[:_MOST_TEXT]


def _stored(name: str, value: Any) -> Any:
    if name == "tags":
        return json.dumps(list(dict.fromkeys(_text(tag) for tag in value if _text(tag))), ensure_ascii=False)
    return value if name == "grade" else _text(value)


def _where(kind: Kind | None, grade: int | None) -> tuple[str, list[Any]]:
    if kind is not None and kind not in KINDS:
        raise LibraryError(f"there is no kind {kind!r}: use {', '.join(KINDS)}")
    asked = {name: value for name, value in (("kind", kind), ("grade", checked_grade(grade))) if value is not None}
    where = " AND ".join(f"{name} = ?" for name in asked)
    return f"WHERE {where}" if where else "", list(asked.values())
