"""Marks handed-in notebooks: which exercises are right, by the checks of the lessons, on sounds that nobody saw.

What comes in is a notebook as a student leaves it, in English or Korean, under any name. It runs from top to bottom in
a kernel of its own, in an empty folder that is thrown away, with a limit of time for each cell and for the whole. After
each cell that calls a check, the same answer is checked again with another seed, so that an answer that was written for
one sound is not enough. What comes out is a mark for each exercise of the lesson.

The code of others runs with your rights. Limits keep an accident from doing harm, not a person who means it: mark in a
container or under an account of its own if you do not know who handed in.
"""

import ast
import asyncio
import json
import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from pianolab.errors import PianolabError, first_line, printable
from pianolab.places import comes_with

Verdict = Literal["right", "not yet", "open", "missing", "error", "too slow", "not run"]
VERDICTS: tuple[Verdict, ...] = ("right", "not yet", "open", "missing", "error", "too slow", "not run")
MOST_BYTES = 50_000_000  # Of a notebook; pictures and sounds of its outputs count.
MOST_MEMORY = 8 << 30  # Bytes that a kernel may ask for, where the system keeps to it.
_CHECK = "check_"
_BESIDE = "loudest.py"  # What a lesson reads from its own folder.
# Tells what a check says of an answer, with a word that the code before it cannot know. Students may call things `str`.
_ASK = """\
import builtins as _builtins, importlib as _importlib, json as _json, sys as _sys
for _name in [_name for _name in _sys.modules if _name.startswith("pianolab.lessons.checks")]:
    del _sys.modules[_name]  # As they are in the package, whatever was done to them.
try:
    _result = _importlib.import_module("pianolab.lessons.checks").{check}({answer}, seed={seed}, language={language!r})
    _told = [_builtins.bool(_result.passed), _builtins.str(_result.message)]
except _builtins.Exception as _error:
    _told = [None, f"{{_error.__class__.__name__}}: {{_error}}"]
_builtins.print({word!r} + _json.dumps(_told))
"""
_LIMITED = """\
try:
    import resource as _resource
    _resource.setrlimit(_resource.RLIMIT_AS, ({most}, {most}))
except (ImportError, ValueError, OSError):
    pass
"""


class HandedInError(PianolabError):
    """A file that is no notebook of a lesson; the message is one line with the remedy."""


@dataclass(frozen=True)
class Mark:
    """What came of one exercise.

    Attributes
    ----------
    lesson, exercise : str
        Such as '01_sound_and_sampling' and 'level_db'.
    verdict : str
        One of VERDICTS: 'open' has its ``...`` still, 'missing' is not in the notebook, 'error' means that the cell of
        the exercise failed, and 'not run' that the time was over before.
    said : str
        What the check said, or the error.
    """

    lesson: str
    exercise: str
    verdict: Verdict
    said: str


@dataclass(frozen=True)
class _Asked:
    """One call of a check in a cell: the exercise, and the source of the answer that it is given."""

    exercise: str
    answer: str
    is_open: bool


@cache
def lessons() -> dict[str, tuple[str, ...]]:
    """The lessons and their exercises, in order.

    Returns
    -------
    dict of str to tuple of str
        Name of the notebook -> names of its exercises.
    """
    found = {}
    for path in sorted(comes_with("notebooks").glob("[0-9]*.ipynb")):
        asked = [one.exercise for source in _sources(_read(path)) for one in _asked(source)]
        if asked:
            found[path.stem] = tuple(asked)
    return found


def mark(
    path: Path, *, seed: int = 1, cell_s: float = 60.0, total_s: float = 600.0, language: str = "en"
) -> list[Mark]:
    """Mark a handed-in notebook.

    Parameters
    ----------
    path : Path
        The notebook. It is not changed.
    seed : int
        Of the sounds of the checks. The lessons use 0.
    cell_s, total_s : float
        A cell, and the whole notebook, may take so many seconds.
    language : {'en', 'ko'}
        Of what is said.

    Returns
    -------
    list of Mark
        One for each exercise of the lesson, in its order.

    Raises
    ------
    HandedInError
        If it is no notebook, or none of the lessons.
    """
    notebook = _read(path)
    lesson = _lesson_of(notebook, path)
    word = f"<{secrets.token_hex(16)}>"
    asked = _with_questions(notebook, word=word, seed=seed, language=language)
    in_time = asyncio.run(_run(notebook, cell_s=cell_s, total_s=total_s, language=language))
    said = {one.exercise: _answer(one, cell, question, word) for one, cell, question in asked}
    return [Mark(lesson, name, *_verdict(said.get(name), in_time)) for name in lessons()[lesson]]


def _read(path: Path) -> Any:
    import nbformat

    try:
        if path.stat().st_size > MOST_BYTES:
            raise HandedInError(f"{printable(path)} is larger than {MOST_BYTES // 10**6} MB: clear its outputs first")
        return nbformat.read(path, as_version=4)
    except OSError as error:
        raise HandedInError(f"{printable(path)} cannot be read ({error.strerror or error})") from error
    except HandedInError:
        raise
    except Exception as error:  # nbformat raises what its parts raise.
        raise HandedInError(f"{printable(path)} is no notebook: {first_line(error)[:120]}") from error


def _sources(notebook: Any) -> list[str]:
    return [str(cell.source) for cell in notebook.cells if cell.cell_type == "code"]


def _asked(source: str) -> list[_Asked]:
    """The calls of checks in a cell."""
    tree = _parsed(source)
    unanswered = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and _is_open(node)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name.startswith(_CHECK):
                answer = ast.unparse(node.args[0])
                found.append(_Asked(name.removeprefix(_CHECK), answer, answer in unanswered))
    return found


def _parsed(source: str) -> ast.Module:
    """A cell as Python: what is IPython's own becomes calls, or goes with a first line such as ``%%time``."""
    from IPython.core.inputtransformer2 import TransformerManager

    if source.lstrip().startswith("%%"):
        source = source.lstrip().partition("\n")[2]
    try:
        return ast.parse(TransformerManager().transform_cell(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _is_open(function: ast.FunctionDef) -> bool:
    """Whether a function still ends in ``return ...`` and nothing else is returned."""
    returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    return bool(returned) and all(isinstance(it, ast.Constant) and it.value is Ellipsis for it in returned)


def _lesson_of(notebook: Any, path: Path) -> str:
    """The lesson with most of the exercises that a notebook has; of equal ones, the one of its name."""
    there = {one.exercise for source in _sources(notebook) for one in _asked(source)}
    shared = {lesson: len(there.intersection(names)) for lesson, names in lessons().items()}
    best = max(shared, key=lambda lesson: (shared[lesson], path.stem.startswith(lesson)))
    if not shared[best]:
        named = [lesson for lesson in lessons() if path.stem.startswith(lesson)]
        if not named:
            raise HandedInError(f"{printable(path)} has no exercise of a lesson: hand in the notebook with its checks")
        best = named[0]
    return best


def _with_questions(notebook: Any, *, word: str, seed: int, language: str) -> list[tuple[_Asked, Any, Any]]:
    """Put a question of ours behind each cell that calls a check, and a limit of memory before all."""
    from nbformat.v4 import new_code_cell

    cells, asked = [new_code_cell(_LIMITED.format(most=MOST_MEMORY))], []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs = []
        cells.append(cell)
        for one in _asked(cell.source):
            check = _CHECK + one.exercise
            question = new_code_cell(
                _ASK.format(check=check, answer=one.answer, seed=seed, language=language, word=word)
            )
            cells.append(question)
            asked.append((one, cell, question))
    notebook.cells = cells
    return asked


async def _run(notebook: Any, *, cell_s: float, total_s: float, language: str) -> bool:
    """Run a notebook to its end, over errors and cells that take too long; whether there was time for all of it."""
    from nbclient import NotebookClient

    stopped = {"ename": "TimeoutError", "evalue": "", "traceback": []}
    with tempfile.TemporaryDirectory(prefix="pianolab-mark-", ignore_cleanup_errors=True) as folder:
        beside = comes_with("notebooks") / _BESIDE
        (Path(folder) / _BESIDE).write_bytes(beside.read_bytes())
        client = NotebookClient(
            notebook,
            timeout=cell_s,
            interrupt_on_timeout=True,
            error_on_timeout=stopped,
            allow_errors=True,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
            store_widget_state=False,
        )
        environment = {**os.environ, "PIANOLAB_LANGUAGE": language, "MPLBACKEND": "agg"}
        try:
            quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            await asyncio.wait_for(client.async_execute(env=environment, **quiet), total_s)
            return True
        except TimeoutError:
            return False
        except Exception:  # The kernel died: what it answered before counts.
            return True
        finally:
            with suppress(Exception):
                await cast("Any", client.km).shutdown_kernel(now=True)


def _answer(one: _Asked, cell: Any, question: Any, word: str) -> tuple[Verdict, str]:
    """What our question behind a cell was answered."""
    errors = [output for output in (*cell.outputs, *question.outputs) if output.output_type == "error"]
    if any(error.ename in ("KeyboardInterrupt", "TimeoutError") for error in errors):
        return "too slow", ""
    told = "".join(output.get("text", "") for output in question.outputs if output.get("name") == "stdout")
    found = [line.partition(word)[2] for line in told.splitlines() if word in line]
    if not found:
        if errors:
            return "error", f"{errors[0].ename}: {errors[0].evalue}"
        return "not run", ""
    passed, said = json.loads(found[-1])
    if passed is None:
        return "error", said
    return "right" if passed else "open" if one.is_open else "not yet", said


def _verdict(said: tuple[Verdict, str] | None, in_time: bool) -> tuple[Verdict, str]:
    if said is None:
        return "missing", ""
    if said[0] == "not run":
        return ("not run", "") if not in_time else ("error", "the notebook's process ended before")
    return said


def notebooks_in(folder: Path) -> Iterator[Path]:
    """Notebooks in a folder and below it, but no copies that Jupyter keeps.

    Parameters
    ----------
    folder : Path

    Yields
    ------
    Path
        By name.
    """
    for path in sorted(folder.rglob("*.ipynb")):
        if not any(part.startswith(".") for part in path.relative_to(folder).parts) and path.is_file():
            yield path
