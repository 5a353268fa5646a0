"""What other systems heard: the note files that they wrote, found by the names of the recordings."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from pianolab.compare.cache import Heard
from pianolab.compare.errors import CompareError, caught_warnings
from pianolab.data import Recording
from pianolab.errors import printable
from pianolab.labels import LABEL_SUFFIXES, read_labels
from pianolab.session import Transcription

NoteFiles = Mapping[str, Sequence[Path]]  # By stem.


def find_note_files(name: str, path: str | Path) -> dict[str, list[Path]]:
    """The note files of a folder and below it.

    Parameters
    ----------
    name : str
        What the other system is called.
    path : str or Path
        The folder.

    Returns
    -------
    dict of str to list of Path
        By stem.

    Raises
    ------
    CompareError
        If the name or the folder cannot be used, or no note file lies there.
    """
    folder = Path(path)
    if not name or ":" in name:
        raise CompareError(f"{name!r} is no name for estimates: use a word without colons")
    if not folder.is_dir():
        raise CompareError(f"estimates {name}: {printable(folder)} is not a folder: give NAME=DIR with note files")
    files: dict[str, list[Path]] = {}
    for file in sorted(folder.rglob("*")):
        if file.suffix.lower() in LABEL_SUFFIXES and file.is_file():
            files.setdefault(file.stem, []).append(file)
    if not files:
        raise CompareError(f"estimates {name}: {printable(folder)} holds no note files ({', '.join(LABEL_SUFFIXES)})")
    return files


def read_note_file(recording: Recording, files: NoteFiles) -> Heard | str:
    """What another system wrote down of a recording.

    Parameters
    ----------
    recording : Recording
    files : mapping of str to sequence of Path
        Note files by stem.

    Returns
    -------
    Heard or str
        A text says why there is nothing.

    Raises
    ------
    LabelError
        If the file cannot be read.
    """
    stem = recording.audio.stem
    paths = files.get(stem, [])
    if len(paths) > 1:  # Recordings of the same stem differ in their folders, which stand in the id.
        paths = [path for path in paths if path.with_suffix("").as_posix().endswith(f"/{recording.id}")] or paths
    if len(paths) != 1:
        return f"{len(paths)} note files called {stem!r}: there must be one"
    with caught_warnings() as caught:
        notes = read_labels(paths[0])
    return Heard(Transcription(notes, math.nan, math.nan), tuple(caught))
