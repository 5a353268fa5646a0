"""Bring a published data set here: each file is fetched, checked by its checksum, and unpacked whole or not at all.

What comes in: a name in fetchable.json, which holds addresses and checksums as the publishers state them. What goes
out: a folder that `load_dataset` reads. A download that is cut goes on where it was; a file whose checksum is another
is thrown away, and one without a checksum is refused. Nothing here asks about the licence: whoever calls does.
"""

import json
import logging
import os
import re
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from tqdm.auto import tqdm

from pianolab.errors import PianolabError, nearest, printable
from pianolab.files import replacing

REGISTRY = Path(__file__).with_name("fetchable.json")
_FETCHED = "fetched.json"  # In the folder of a set: what was fetched, so that it need not be fetched again.
_HASH = re.compile(r"(sha256:[0-9a-f]{64}|md5:[0-9a-f]{32})")
_LOCAL = ("localhost", "127.0.0.1", "::1")
_TRIES = 3  # Connections for one file, as long as each brings something.
_WAIT_S = (10.0, 60.0)  # For a connection, and for the next bytes.
_BLOCK = 1 << 16  # Bytes; of a connection that is cut less than one block is lost.
_GB = 1e9


class FetchError(PianolabError):
    """A data set that cannot be fetched; the message is one line with the remedy."""


@dataclass(frozen=True)
class RemoteFile:
    """A file of a set.

    Attributes
    ----------
    url : str
        https, or http on this machine.
    hash : str
        Its checksum, "sha256:..." or "md5:...".
    unpack : bool
        Whether it is an archive (.zip, .tar.gz) to be unpacked and then removed.
    """

    url: str
    hash: str
    unpack: bool = False

    @property
    def name(self) -> str:
        """What it is called here."""
        return PurePosixPath(unquote(urlsplit(self.url).path)).name


@dataclass(frozen=True)
class Fetchable:
    """A set that can be fetched.

    Attributes
    ----------
    name, title, licence, licence_url, cite, page : str
    room_gb : float
        Gigabytes that it needs on the disk while it is unpacked.
    files : tuple of RemoteFile
    """

    name: str
    title: str
    licence: str
    licence_url: str
    cite: str
    page: str
    room_gb: float
    files: tuple[RemoteFile, ...]


def fetchable(registry: str | os.PathLike[str] = REGISTRY) -> dict[str, Fetchable]:
    """The sets that can be fetched.

    Parameters
    ----------
    registry : str or Path
        A file such as fetchable.json.

    Returns
    -------
    dict of str to Fetchable

    Raises
    ------
    FetchError
        If the registry cannot be used, an address is neither https nor local, or a file has no checksum.

    Examples
    --------
    >>> fetchable()["maestro-midi"].licence
    'CC BY-NC-SA 4.0'
    """
    shown = printable(registry)
    try:
        sets = json.loads(Path(registry).read_text(encoding="utf-8"))["sets"]
        return {name: _fetchable(name, about) for name, about in sets.items()}
    except FetchError:
        raise
    except OSError as error:
        raise FetchError(f"{shown} cannot be read ({error.strerror}): name a registry that is there") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FetchError(
            f"{shown} is no registry of data sets ({error!r}): see pianolab/data/fetchable.json"
        ) from error


def _fetchable(name: str, about: Mapping[str, Any]) -> Fetchable:
    files = tuple(RemoteFile(str(f["url"]), str(f.get("hash", "")), bool(f.get("unpack"))) for f in about["files"])
    for file in files:
        url = urlsplit(file.url)
        if url.scheme != "https" and not (url.scheme == "http" and url.hostname in _LOCAL):
            raise FetchError(f"{name}: {file.url} is not https: use an address that nobody on the way can change")
        if not _HASH.fullmatch(file.hash):
            raise FetchError(f"{name}: {file.url} has no checksum (sha256:... or md5:...): take it from the publisher")
        if not file.name or file.name.startswith("."):
            raise FetchError(f"{name}: {file.url} names no file: write the whole address")
    if not files:
        raise FetchError(f"{name} names no files: write at least one")
    texts = {word: str(about[word]) for word in ("title", "licence", "licence_url", "cite", "page")}
    return Fetchable(name, **texts, room_gb=float(about.get("room_gb", 0.0)), files=files)


def find_fetchable(name: str, registry: str | os.PathLike[str] = REGISTRY) -> Fetchable:
    """A set by its name.

    Parameters
    ----------
    name : str
    registry : str or Path
        As in `fetchable`.

    Returns
    -------
    Fetchable

    Raises
    ------
    FetchError
        If there is none of that name, or as `fetchable`.
    """
    known = fetchable(registry)
    if name not in known:
        raise FetchError(f"no set {printable(name)!r} can be fetched{_near(name, known)}")
    return known[name]


def _near(name: str, known: Mapping[str, Fetchable]) -> str:
    return nearest(name, known, otherwise=f": there are {', '.join(known)}; docs/datasets.md says how to get others")


def is_fetched(wanted: Fetchable, folder: Path) -> bool:
    """Whether a folder holds the whole set, as it was unpacked there.

    Parameters
    ----------
    wanted : Fetchable
    folder : Path

    Returns
    -------
    bool
    """
    try:
        kept = json.loads((folder / _FETCHED).read_text(encoding="utf-8"))
        return kept["files"] == {file.url: file.hash for file in wanted.files}
    except (OSError, ValueError, KeyError, TypeError):
        return False


def fetch(wanted: Fetchable, folder: str | os.PathLike[str], *, progress: bool = True) -> Path:
    """Fetch a set into a folder. What is there already is not fetched again.

    Parameters
    ----------
    wanted : Fetchable
    folder : str or Path
        It is made where it is missing. A file that is cut off stays there as .NAME.part, so that the next call goes on.
    progress : bool
        Show a bar.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FetchError
        If a file cannot be fetched, is not what its checksum says, or cannot be unpacked, or the disk is too small.
    """
    folder = Path(folder)
    if is_fetched(wanted, folder):
        return folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free_gb = shutil.disk_usage(folder).free / _GB
        if free_gb < wanted.room_gb:
            needs = f"{wanted.name} needs {wanted.room_gb:g} GB and {printable(folder)} has {free_gb:.1f} GB left"
            raise FetchError(f"{needs}: make room, or name another folder (--to DIR)")
        for file in wanted.files:
            _bring(file, folder, progress=progress)
        kept = {"name": wanted.name, "licence": wanted.licence, "page": wanted.page}
        with replacing(folder / _FETCHED) as temporary:
            text = json.dumps(kept | {"files": {file.url: file.hash for file in wanted.files}}, indent=1)
            temporary.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        why = f"{printable(folder)} cannot be written ({error.strerror or error})"
        raise FetchError(f"{why}: make room, or name another folder (--to DIR)") from error
    return folder


def _bring(file: RemoteFile, folder: Path, *, progress: bool) -> None:
    """Fetch a file, check it, and unpack it if it is an archive."""
    import pooch  # It loads requests, which takes a while.

    pooch.get_logger().setLevel(logging.WARNING)
    path = folder / file.name
    downloader = _resuming(path.with_name(f".{file.name}.part"), progress=progress)
    try:
        pooch.retrieve(file.url, known_hash=file.hash, fname=file.name, path=folder, downloader=downloader)
    except FetchError:
        raise
    except ValueError as error:  # So pooch says that the sum is another; it keeps nothing of the file.
        why = f"{file.url} is not the file that its checksum {file.hash[:20]}... names, and was thrown away"
        raise FetchError(f"{why}: try again, and tell us if it stays so") from error
    if file.unpack:
        _unpack(path, folder)
        path.unlink()


def _resuming(part: Path, *, progress: bool) -> Callable[..., None]:
    """A downloader for pooch that goes on with what a cut download left in ``part``."""

    def download(url: str, output_file: Any, _pooch: Any) -> None:
        import requests

        for tries_left in reversed(range(_TRIES)):
            before = _size(part)
            try:
                _receive(url, part, progress=progress)
                break
            except requests.RequestException as error:
                if tries_left and _size(part) > before:
                    continue
                raise FetchError(_cut(url, part, error)) from error
        os.replace(part, output_file)

    return download


def _cut(url: str, part: Path, error: Exception) -> str:
    """What is said of a download that ended early."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"{url} answered {response.status_code} {response.reason}: try later, and tell us if it stays so"
    kept = f"; {_size(part) / 1e6:.1f} MB are kept" if _size(part) else ""
    return f"{url} was cut off ({type(error).__name__}){kept}: look at the network; the same command goes on from there"


def _receive(url: str, part: Path, *, progress: bool) -> None:
    """Add to ``part`` what is missing; from the beginning where the server cannot go on."""
    import requests

    there = _size(part)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={there}-"} if there else {})
    with requests.get(url, headers=headers, stream=True, timeout=_WAIT_S) as response:
        if there and response.status_code == requests.codes.requested_range_not_satisfiable:
            if response.headers.get("Content-Range", "").endswith(f"/{there}"):
                return  # It is whole; its checksum is looked at next.
            part.unlink()
            return _receive(url, part, progress=progress)
        response.raise_for_status()
        goes_on = response.status_code == requests.codes.partial_content
        if goes_on and not response.headers.get("Content-Range", "").startswith(f"bytes {there}-"):
            raise FetchError(f"{url} sends another part than was asked for: remove {printable(part)} and try again")
        there = there if goes_on else 0
        total = there + int(response.headers.get("Content-Length", 0))
        bar = tqdm(
            desc=part.name[1:-5], total=total or None, initial=there, unit="B", unit_scale=True, disable=not progress
        )
        with bar, open(part, "ab" if goes_on else "wb") as file:
            for block in response.iter_content(_BLOCK):
                file.write(block)
                bar.update(len(block))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack beside the place, then move what came out there, so that no half set is left."""
    beside = folder / f".{archive.name}.unpacking"
    shutil.rmtree(beside, ignore_errors=True)
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as content:  # It drops what would lead out of the folder by itself.
                content.extractall(beside)
        else:
            with tarfile.open(archive) as content:
                content.extractall(beside, filter="data")
        for path in sorted(beside.iterdir()):
            there = folder / path.name
            if there.is_dir() and not there.is_symlink():
                shutil.rmtree(there)
            os.replace(path, there)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, NotImplementedError, RuntimeError) as error:
        raise FetchError(f"{printable(archive)} cannot be unpacked ({error}): unpack it by hand") from error
    finally:
        with suppress(OSError):
            shutil.rmtree(beside)
