"""The notes of a run, kept in its folder: what was played and what each detector wrote.

So a run can be scored again, under another protocol and on another machine, without its sound. The file is a NumPy
archive: one text that says what is in it, how many notes each recording has, and all notes in five rows of numbers.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np

from pianolab.compare.errors import CompareError
from pianolab.compare.hearing import Place
from pianolab.errors import printable
from pianolab.roll import Notes
from pianolab.texts.choices import PedalRule

NAME = "notes.npz"

_FIELDS = ("onset", "offset", "midi", "velocity", "confidence")
_INDEX, _COUNTS, _NOTES = "index", "counts", "notes"
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
    every = [*(notes for *_, notes in played), *heard.values()]
    counts = np.array([len(notes) for notes in every], dtype=np.int64)
    rows = np.zeros((len(_FIELDS), int(counts.sum())))
    for row, name in zip(rows, _FIELDS, strict=True):
        np.concatenate([getattr(notes, name) for notes in every] or [row], out=row, casting="safe")
    text = np.frombuffer(json.dumps(index).encode("utf-8", "backslashreplace"), dtype=np.uint8)
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **{_INDEX: text, _COUNTS: counts, _NOTES: rows})


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
        with ZipFile(path) as parts:
            size = sum(part.file_size for part in parts.infolist())
        if size > _MOST_BYTES:
            raise CompareError(f"{printable(path)} unpacks to {size / 1e9:.0f} GB: no comparison wrote it")
        with np.load(path, allow_pickle=False) as file:
            index = json.loads(file[_INDEX].tobytes())
            parts = iter(np.split(file[_NOTES], np.cumsum(file[_COUNTS])[:-1], axis=1))
            truths: dict[str, dict[Place, Notes]] = {}
            for rule, dataset, recording in index["played"]:
                truths.setdefault(rule, {})[dataset, recording] = Notes(*next(parts))
            heard = {tuple(of): Notes(*next(parts)) for of in index["heard"]}
    except CompareError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, StopIteration, BadZipFile) as error:
        raise CompareError(f"{printable(path)} is cut, or no comparison wrote it: run its comparison again") from error
    return KeptNotes(truths, heard)
