"""The notes of a run, kept in its folder: what was played and what each detector wrote.

So a run can be scored again, under another protocol and on another machine, without its sound. The file is a NumPy
archive: one text that says what is in it, and five columns of numbers for each recording.
"""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pianolab.compare.errors import CompareError
from pianolab.compare.hearing import Place
from pianolab.errors import printable
from pianolab.roll import Notes
from pianolab.texts.choices import PedalRule

NAME = "notes.npz"

_FIELDS = ("onset", "offset", "midi", "velocity", "confidence")
_INDEX = "index"
_MOST_BYTES = 2**31  # A file that unpacks to more was made to fill the memory.


@dataclass(frozen=True, eq=False)
class KeptNotes:
    """What a run played and heard.

    Attributes
    ----------
    truths : mapping of pedal rule to mapping of (data set, id) to Notes
    heard : mapping of (data set, id, detector label) to Notes
    """

    truths: Mapping[str, Mapping[Place, Notes]]
    heard: Mapping[tuple[str, str, str], Notes]


def write_notes(
    path: Path, truths: Mapping[PedalRule, Mapping[Place, Notes]], heard: Mapping[tuple[str, str, str], Notes]
) -> None:
    """Write the notes of a run.

    Parameters
    ----------
    path : Path
    truths : mapping of pedal rule to mapping of (data set, id) to Notes
    heard : mapping of (data set, id, detector label) to Notes
    """
    played = [(rule, *place, notes) for rule, of_rule in truths.items() for place, notes in of_rule.items()]
    index = {"played": [list(of) for *of, _ in played], "heard": [list(of) for of in heard]}
    columns = {f"p{i}": _columns(notes) for i, (*_, notes) in enumerate(played)}
    columns |= {f"h{i}": _columns(notes) for i, notes in enumerate(heard.values())}
    text = np.frombuffer(json.dumps(index).encode("utf-8", "backslashreplace"), dtype=np.uint8)
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **{_INDEX: text}, **columns)


def read_notes(path: Path) -> KeptNotes:
    """Read what `write_notes` wrote.

    Parameters
    ----------
    path : Path

    Returns
    -------
    KeptNotes

    Raises
    ------
    CompareError
        If it is cut, or no such file.
    """
    try:
        with zipfile.ZipFile(path) as parts:
            size = sum(part.file_size for part in parts.infolist())
        if size > _MOST_BYTES:
            raise CompareError(f"{printable(path)} unpacks to {size / 1e9:.0f} GB: no comparison wrote it")
        with np.load(path, allow_pickle=False) as file:
            index = json.loads(file[_INDEX].tobytes())
            truths: dict[str, dict[Place, Notes]] = {}
            for i, (rule, dataset, recording) in enumerate(index["played"]):
                truths.setdefault(rule, {})[dataset, recording] = Notes(*file[f"p{i}"])
            heard = {tuple(of): Notes(*file[f"h{i}"]) for i, of in enumerate(index["heard"])}
    except CompareError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise CompareError(f"{printable(path)} is cut, or no comparison wrote it: run its comparison again") from error
    return KeptNotes(truths, heard)


def _columns(notes: Notes) -> np.ndarray:
    return np.stack([getattr(notes, name).astype(np.float64) for name in _FIELDS])
