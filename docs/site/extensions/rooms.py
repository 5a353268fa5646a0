"""The pages of the API, written from the package itself: one for each module, one for each room and what it offers.
One more shows what each command says of itself.

A room is a folder of the package, or a file at its root. A module that is added has its page without further ado.
"""

import contextlib
import importlib
import inspect
import io
import pkgutil
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from sphinx.application import Sphinx
from sphinx.ext.autodoc.mock import mock

import pianolab
from pianolab.cli import parser

# In the order in which a reader is likely to need them; rooms that are not named here stand under "Everything else".
SHELVES = {
    "Hear": ["session", "sound", "labels", "roll", "units"],
    "Compare": ["compare", "scores", "data", "registry"],
    "Play live": ["live", "practice", "my_piano", "texts"],
    "Learn": ["lessons", "plots", "piano"],
    "Build a detector": ["detector", "detectors", "tracking", "frames", "dsp", "training"],
}
REST = "Everything else"


def modules() -> list[str]:
    """Names of all modules of the package, in order, but the scripts."""
    found = pkgutil.walk_packages(pianolab.__path__, "pianolab.")
    return sorted(module.name for module in found if not module.name.rpartition(".")[2].startswith("_"))


def shelved(rooms: Iterable[str]) -> dict[str, list[str]]:
    """Rooms by shelf."""
    rooms = list(rooms)
    named = {room for shelf in SHELVES.values() for room in shelf}
    shelves = {shelf: [room for room in order if room in rooms] for shelf, order in SHELVES.items()}
    return {**shelves, REST: [room for room in rooms if room not in named]}


def first_line(value: Any) -> str:
    """What a module, class or function says of itself; the value of a constant."""
    if inspect.ismodule(value) or inspect.isclass(value) or inspect.isroutine(value):
        return (inspect.getdoc(value) or "").partition("\n\n")[0].replace("\n", " ")
    return f"``{value!r}``" if len(repr(value)) < 80 else f"a constant ({type(value).__name__})"


def home(name: str, value: Any) -> str:
    """Where a name of a face is documented, as a role; a constant has no place of its own."""
    module = getattr(value, "__module__", None)
    if (inspect.isclass(value) or inspect.isroutine(value)) and str(module).startswith("pianolab"):
        kind = "class" if inspect.isclass(value) else "func"
        return f":py:{kind}:`{name} <{module}.{value.__qualname__}>`"
    return f"``{name}``"


def table(rows: Iterable[tuple[str, str]]) -> list[str]:
    """A table of two columns."""
    lines = [".. list-table::", "   :widths: 30 70", ""]
    for left, right in rows:
        lines += [f"   * - {left}", f"     - {right}"]
    return [*lines, ""]


def face(module: ModuleType) -> list[str]:
    """What a module offers by ``__all__``, as a table; nothing where it has none."""
    names = [name for name in getattr(module, "__all__", []) if not name.startswith("_")]
    if not names:
        return []
    values = ((name, getattr(module, name)) for name in names)
    rows = table((home(name, value), first_line(value)) for name, value in values)
    return [f"Import these from ``{module.__name__}``:", "", *rows]


def page(name: str, below: list[str]) -> str:
    """The page of a module; for a folder also what its face offers and the modules in it.

    Parameters
    ----------
    name : str
        Of the module.
    below : list of str
        Modules in it.

    Returns
    -------
    str
        reStructuredText.
    """
    module = importlib.import_module(name)
    lines = [name, "=" * len(name), "", f".. automodule:: {name}"]
    if not below:
        return "\n".join([*lines, "   :members:", ""])
    lines.append("")
    lines += face(module)
    lines += [".. rubric:: Modules", ""]
    lines += table((f":doc:`{each}`", first_line(importlib.import_module(each))) for each in below)
    return "\n".join([*lines, ".. toctree::", "   :hidden:", "", *(f"   {each}" for each in below), ""])


def contents(rooms: list[str]) -> str:
    """The first page of the API: the face of the package, and the rooms by shelf."""
    lines = ["API", "===", "", "What the package offers, from its own docstrings. Their examples run as tests.", ""]
    lines += face(pianolab)
    for shelf, those in shelved(rooms).items():
        lines += [shelf, "-" * len(shelf), ""]
        names = [f"pianolab.{room}" for room in those]
        lines += table((f":doc:`{each}`", first_line(importlib.import_module(each))) for each in names)
        lines += [".. toctree::", "   :hidden:", "", *(f"   {each}" for each in names), ""]
    return "\n".join(lines)


def commands() -> str:
    """The page of the command line: what each command answers to --help."""
    lines = ["The command line", "================", ""]
    for name in ["", *(command.name for command in parser.COMMANDS)]:
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
            parser.make_parser().parse_args([*name.split(), "--help"])
        title = f"pianolab {name}".strip()
        lines += [title, "-" * len(title), "", ".. code-block:: text", ""]
        lines += [f"   {line}".rstrip() for line in said.getvalue().splitlines()] + [""]
    return "\n".join(lines)


def write(folder: Path) -> None:
    """Write all pages of the API.

    Parameters
    ----------
    folder : Path
        What it holds and is not written now is removed; pages that stay the same keep their date.
    """
    names = modules()
    rooms = [name.partition(".")[2] for name in names if name.count(".") == 1]
    pages = {"index": contents(rooms), "commands": commands()}
    for name in names:
        pages[name] = page(name, [each for each in names if each.rpartition(".")[0] == name])
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.rst"):
        if old.stem not in pages:
            old.unlink()
    for name, text in pages.items():
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _skip(app: Sphinx, what: str, name: str, value: Any, skip: bool, options: Any) -> bool | None:
    """Leave out what a library wrote into a class of ours."""
    return True if str(getattr(value, "__module__", "")).startswith("matplotlib") else None


def _write(app: Sphinx, config: Any) -> None:
    with mock(config.autodoc_mock_imports):
        write(Path(app.confdir) / "api")


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before Sphinx looks for them."""
    app.connect("config-inited", _write)
    app.connect("autodoc-skip-member", _skip)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
