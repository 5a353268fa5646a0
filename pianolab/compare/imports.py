"""What a Python file depends on: the files that it imports, at any depth, and the libraries, by name and version.

Sources are read and not run. Files of pianolab and of the user are followed; what is installed (a library) is named
with its version and with what it requires. A name that is not found is named too: once it is there, something has
changed.
"""

import ast
import functools
import importlib.machinery
import importlib.metadata
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_INSTALLED = {"site-packages", "dist-packages"}
_STANDARD = [Path(sysconfig.get_paths()[name]).resolve() for name in ("stdlib", "platstdlib")]
_IMPORTING = {"import_module", "__import__", "needed"}  # Functions that import what their first argument names.
_COMPUTING = {"import_module", "__import__", "spec_from_file_location", "run_path"}  # May load what is computed.
_CALLS = re.compile("|".join(_IMPORTING | _COMPUTING).encode())


class UntoldError(TypeError):
    """What a source imports is computed when it runs, so it cannot be told from the source."""


def closure(files: Iterable[Path]) -> tuple[set[Path], set[str]]:
    """All that some files depend on.

    Parameters
    ----------
    files : iterable of Path
        Python files.

    Returns
    -------
    files : set of Path
        These files, and every file of pianolab and of the user that one of them imports, at any depth.
    libraries : set of str
        'name==version' for what the given files and those of the user import and what that requires; 'name==' for what
        is not there. The libraries of pianolab's other files are not looked for (see
        `pianolab.compare.fingerprints.LIBRARIES`).

    Raises
    ------
    OSError
        If a file cannot be read.
    UntoldError
        If a file of the user computes what it imports.
    """
    given = {Path(file).resolve() for file in files}
    done, todo, libraries = set[Path](), list(given), set[str]()
    while todo:
        path = todo.pop()
        ours = is_ours(path)
        library = None if ours else _library(path)
        if path in done or library is not None:
            libraries |= {library} if library else set()
            continue
        done.add(path)
        names, is_told = _imported_names(path.read_bytes()) if path.suffix == ".py" else (frozenset(), True)
        if not (is_told or ours):
            raise UntoldError(f"{path.name} computes what it imports")
        for name, is_needed, level in names:
            if f"{name}.".startswith("pianolab.") and not level:
                todo += _of_package(_PACKAGE, name, ours)
            elif not ours or path in given:
                found, library = _found(name, level, path.parent)
                todo += found
                libraries |= {library} if library and is_needed else set()
    return done, set(map(_with_version, _with_requirements(libraries)))


def is_ours(path: Path) -> bool:
    """Whether a file belongs to pianolab.

    Parameters
    ----------
    path : Path
        Resolved.

    Returns
    -------
    bool
    """
    return path.is_relative_to(_PACKAGE)


def is_users(path: Path) -> bool:
    """Whether a file belongs to the user, who may change it at any time: neither pianolab's nor a library's.

    Parameters
    ----------
    path : Path
        Resolved.

    Returns
    -------
    bool
    """
    return not is_ours(path) and _library(path) is None


@functools.lru_cache(maxsize=1000)
def _of_package(package: Path, name: str, ours: bool) -> tuple[Path, ...]:
    """The files behind a dotted name of pianolab."""
    parts = name.split(".")[1:]
    behind = tuple(_below(package, parts))
    # Our own files do not use the public face, which knows of everything; who imports no more than it uses it.
    return behind[1:] if ours or parts else behind


def _found(name: str, level: int, folder: Path) -> tuple[list[Path], str]:
    """The files behind a dotted name, those of its packages first; or the library that it belongs to."""
    parts = name.split(".") if name else []
    if level:
        return list(_below(folder.joinpath(*[".."] * (level - 1)), parts)), ""
    loaded = getattr(sys.modules.get(parts[0]), "__file__", None)
    if loaded is None and parts[0] in sys.stdlib_module_names:
        return [], ""
    origin = Path(loaded) if loaded else _sought(parts[0], folder)
    if origin is None:
        return [], parts[0]
    origin = origin.resolve()
    library = _library(origin)
    if library is not None:
        return [], library
    if origin.name == "__init__.py" or origin.is_dir():
        return list(_below(origin if origin.is_dir() else origin.parent, parts[1:])), ""
    return [origin], ""


def _library(path: Path) -> str | None:
    """The importable name of the library that a file belongs to; '' for one of Python's own, None for a user's."""
    for place, part in enumerate(path.parts[:-1]):
        if part in _INSTALLED:
            return path.parts[place + 1].partition(".")[0]
    return "" if any(map(path.is_relative_to, _STANDARD)) else None


def _sought(name: str, folder: Path) -> Path | None:
    """Where Python would find a module or package that was not imported yet; beside the file first."""
    spec = importlib.machinery.PathFinder.find_spec(name, [str(folder), *sys.path])
    if spec is None:
        return None
    if spec.origin and spec.has_location:
        return Path(spec.origin)
    return next((Path(place) for place in spec.submodule_search_locations or ()), None)


def _below(package: Path, parts: list[str]) -> Iterator[Path]:
    """The files that are run when a module below a package folder is imported."""
    for depth in range(len(parts) + 1):
        here = package.joinpath(*parts[:depth])
        suffixes = [".py", *importlib.machinery.EXTENSION_SUFFIXES] if depth else []
        candidates = [here / "__init__.py", *(here.with_name(f"{here.name}{suffix}") for suffix in suffixes)]
        yield from (path.resolve() for path in candidates if path.is_file())


@functools.lru_cache(maxsize=1000)
def _imported_names(content: bytes) -> tuple[frozenset[tuple[str, bool, int]], bool]:
    """(dotted name, must it be there, leading dots) of all that a source imports, also inside its functions.

    The second value says whether that is all: a name may be computed when the source runs.
    """
    names, is_told = set[tuple[str, bool, int]](), True
    try:
        tree = ast.parse(content)
    except SyntaxError:  # Nobody can import it. If that changes, its content has changed.
        return frozenset(), True
    for node in _statements(tree) if content.isascii() and not _CALLS.search(content) else ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {(alias.name, True, 0) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "", True, node.level))
            # What is imported from a package may be a module of it.
            before = f"{node.module}." if node.module else ""
            names |= {(f"{before}{alias.name}", False, node.level) for alias in node.names}
        elif isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in _IMPORTING and node.args and isinstance(node.args[0], ast.Constant):
                names.add((str(node.args[0].value), True, 0))
            elif called in _COMPUTING:
                is_told = False
    return frozenset(names), is_told


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """What can import without a call: statements, at any depth. They are a tenth of all that there is in a source."""
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        below = getattr(tree, field, ())
        for statement in below if isinstance(below, list) else ():
            yield statement
            yield from _statements(statement)


def _with_requirements(libraries: Iterable[str]) -> set[str]:
    """Distributions of importable names, and what they require, at any depth, as far as it is installed."""
    done, todo = set[str](), [name for library in libraries for name in _distributions(library)]
    while todo:
        name = todo.pop()
        if name not in done:
            done.add(name)
            todo += _required(name)
    return done


def _distributions(library: str) -> list[str]:
    """The distributions that an importable name comes from; mostly one of the same name."""
    try:
        return [importlib.metadata.metadata(library)["Name"]]
    except importlib.metadata.PackageNotFoundError:
        return _all_distributions().get(library, [library])


@functools.cache
def _all_distributions() -> dict[str, list[str]]:
    return {name: list(found) for name, found in importlib.metadata.packages_distributions().items()}


@functools.cache
def _required(name: str) -> list[str]:
    try:
        lines = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    found = [re.match(r"[\w.-]+", line) for line in lines if "extra ==" not in line]
    return [match.group().lower() for match in found if match and _version(match.group())]


def _with_version(name: str) -> str:
    return f"{name.lower().replace('_', '-')}=={_version(name)}"


@functools.cache
def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
