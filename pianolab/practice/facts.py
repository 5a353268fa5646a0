"""What a file says of itself and how a score looks, found out in a process of its own: a crash or a hang of a reader
ends that process only.

Scores, images and sound are read by libraries in C, and files come from anywhere.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from pianolab import workers
from pianolab.errors import PianolabError, PianolabWarning, printable
from pianolab.practice.contents import ContentError, content_of

_LIMIT_S = 120.0  # The longest score takes seconds; an hour of MP3 has to be counted through.
_MOST_MEMORY = 4 * 10**9
_REMEDY = "save it anew, or leave it out"
GRADES = range(1, 11)


def facts_of_all(files: Iterable[tuple[Path, str]]) -> Iterator[tuple[Path, dict[str, Any] | None, Exception | None]]:
    """Look into files, each in a process that may end badly.

    Parameters
    ----------
    files : iterable of (Path, str)
        Each file, and its name in messages.

    Yields
    ------
    path, facts, error
        What `facts_of` says, or why the file is refused.
    """
    return _apart(facts_of, list(files))


def engraved(path: Path, name: str, *, width: int | None = None) -> dict[str, Any]:
    """The notes, bars and pages of a score, found out in a process that may end badly.

    Parameters
    ----------
    path : Path
    name : str
        The file in messages.
    width : int, optional
        Of a page, in tenths of a millimetre, as for `Score.pages`; that of A4 if not given.

    Returns
    -------
    dict
        title, composer, beats, seconds, pedal, count, notes and bars (dicts) and pages (SVG), as `Score` has them.

    Raises
    ------
    PianolabError
        If it cannot be read or engraved.
    """
    ((_, said, error),) = _apart(partial(_engraved, width=width), [(path, name)])
    if error is not None:
        raise error
    assert said is not None
    return said


def _engraved(path: Path, name: str, *, width: int | None) -> dict[str, Any]:
    from pianolab.practice.score import score_of

    score = score_of(path.read_bytes(), printable(name))
    about = {"title": score.title, "composer": score.composer, "beats": score.beats, "seconds": score.seconds}
    rows = {"notes": [asdict(note) for note in score.notes], "bars": [asdict(bar) for bar in score.bars]}
    pages = score.pages() if width is None else score.pages(width=width)
    return {**about, **rows, "pedal": score.pedal, "count": score.count, "pages": pages}


def _apart(
    function: Callable[[Path, str], dict[str, Any]], files: list[tuple[Path, str]]
) -> Iterator[tuple[Path, dict[str, Any] | None, Exception | None]]:
    """What a function says of each file, in a process with limits."""
    work = partial(_in_worker, function)
    for (path, name), said, error in workers.run(work, files, n_workers=1, retries=0, limit_s=lambda _: _LIMIT_S):
        if isinstance(error, workers.WorkerTimeout):
            error = ContentError(f"{printable(name)} takes longer than {_LIMIT_S:.0f} s to read: {_REMEDY}")
        elif isinstance(error, workers.WorkerDied):
            error = ContentError(f"{printable(name)} ended the program that read it: {_REMEDY}")
        elif error is not None and not isinstance(error, Exception):
            raise error
        yield path, said, error


def _in_worker(function: Callable[[Path, str], dict[str, Any]], job: tuple[Path, str]) -> dict[str, Any]:
    import warnings

    with suppress(ImportError, ValueError, OSError):  # Windows has no such limits.
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PianolabWarning)
        try:
            return function(*job)
        except MemoryError as error:
            raise ContentError(f"{printable(job[1])} needs more memory than a file of music should") from error


def facts_of(path: Path, name: str) -> dict[str, Any]:
    """What a file is and says of itself.

    Parameters
    ----------
    path : Path
    name : str
        The file in messages; its stem is the title of what says none.

    Returns
    -------
    dict
        kind, format, suffix, title, also (other titles), composer, grade (int or None), licence, tags (list of str).

    Raises
    ------
    PianolabError
        If it is none of what a library holds, or cannot be read, or is a score that cannot be engraved.
    """
    from pianolab.practice.score import score_of

    content = content_of(path, name=name)
    said: dict[str, Any] = {"title": "", "also": "", "composer": "", "grade": None, "licence": "", "tags": []}
    if content.kind == "score":
        score = score_of(path.read_bytes(), printable(name))
        score.pages()  # What could not be shown later is refused now.
        said |= {"title": score.title, "composer": score.composer, "licence": score.licence}
        said["also"] = " ".join(text for key, text in score.facts.items() if key.startswith("title_"))
        said["tags"] = [tag.strip() for tag in score.facts.get("tags", "").split(",") if tag.strip()]
        with suppress(ValueError, PianolabError):
            said["grade"] = checked_grade(int(score.facts.get("grade", "")))
    said["title"] = said["title"] or Path(name).stem or name
    return {"kind": content.kind, "format": content.format, "suffix": content.suffix, **said}


def checked_grade(grade: int | None) -> int | None:
    """A grade, if it is one.

    Parameters
    ----------
    grade : int or None

    Returns
    -------
    int or None

    Raises
    ------
    ContentError
        If it does not lie between 1 and 10.
    """
    if grade is not None and grade not in GRADES:
        raise ContentError(f"grade {grade} is none: use 1 (first pieces) to {GRADES[-1]}")
    return grade
