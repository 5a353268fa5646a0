"""Takes with mistakes as files, for whoever builds or judges something that names mistakes.

Each take is a sound and three tables of the same name, tab-separated with a line of names:

- ``NAME.tsv``: the notes that were played (onset and offset in seconds, midi, velocity), as other labels, and in
  ``asked`` which row of the part each one plays, from 0, also with another key; empty where none.
- ``NAME.part.tsv``: what was to be played (beat, length in beats, midi, bar, hand: 1 right, 2 left, 0 unknown).
- ``NAME.mistakes.tsv``: kind, time_s, end_s, bar and beat (both from 0), asked (row of the part), played (MIDI number)
  and to_bar, each as `pianolab.practice.mistakes.Mistake` says; empty where there is none.

``corpus.json`` says how all of it was made.
"""

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pianolab import sound
from pianolab.errors import printable
from pianolab.files import replacing
from pianolab.practice.mistakes import KINDS, Mistake, Take, play
from pianolab.practice.part import Part, PartError
from pianolab.roll import Notes

DESCRIPTION = "corpus.json"
_NOTES = ("onset", "offset", "midi", "velocity")
_PART = ("beat", "length", "midi", "bar", "hand")
_WHOLE = ("bar", "asked", "played", "to_bar")
_DIGITS = 6


def write_corpus(
    folder: str | os.PathLike[str],
    parts: dict[str, Part],
    *,
    sound_of: Callable[[Notes, int], NDArray[np.float32]],
    sr: int,
    kinds: Sequence[str] = KINDS,
    takes: int = 1,
    right: bool = True,
    beats_a_minute: float | Mapping[str, float] = 80.0,
    seed: int = 1,
    about: dict[str, Any] | None = None,
    watched: Callable[[list], Iterable] = iter,
) -> Iterator[Path]:
    """Play parts with mistakes, and write sound and labels; takes that are there already are left as they are.

    Parameters
    ----------
    folder : path
        Made if it is missing.
    parts : dict of Part
        By name.
    sound_of : callable
        Makes the sound of notes, at a seed.
    sr : int
        Its rate, Hz.
    kinds : sequence of str
        Kinds of mistakes; each take has one of each, as far as the part has room.
    takes : int
        So many takes of each part.
    right : bool
        Whether each part is also played once without a mistake.
    beats_a_minute : float or mapping of str to float
        Of all parts, or of each by its name.
    seed : int
    about : dict, optional
        What else should stand in the description, such as the piano.
    watched : callable
        Gets the names of all takes and gives them back one after the other, as ``tqdm`` does.

    Yields
    ------
    Path
        The sound of each take.

    Raises
    ------
    PartError
        If another corpus is in the folder, or there is no such kind of mistake.
    OSError
        If the folder cannot be written to.
    """
    folder = Path(folder)
    made_of = {
        "sr": sr,
        "kinds": list(kinds),
        "takes": takes,
        "right": right,
        "beats_a_minute": beats_a_minute,
        "seed": seed,
        **(about or {}),
    }
    _describe(folder, made_of)
    names = list(parts)
    todo = [(name, number) for name in names for number in ([0] if right else []) + list(range(1, takes + 1))]
    for name, number in watched(todo):
        stem = f"{name}_{number}" if number else f"{name}_right"
        path = folder / f"{stem}.flac"
        if not path.is_file():
            draws = [seed, *name.encode(), number]
            tempo = beats_a_minute[name] if isinstance(beats_a_minute, Mapping) else beats_a_minute
            take = play(parts[name], beats_a_minute=tempo, seed=draws, mistakes=kinds if number else ())
            write_take(folder / stem, take)
            sound.write(
                path, sound_of(take.notes, number + seed), sr=sr
            )  # The sound is last: with it the take is whole.
        yield path


def _describe(folder: Path, made_of: dict[str, Any]) -> None:
    """Write how the corpus is made, or refuse to mix two of them."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / DESCRIPTION
    text = json.dumps(made_of, indent=1, ensure_ascii=False) + "\n"
    if path.is_file():
        if path.read_text(encoding="utf-8") != text:
            raise PartError(f"{printable(folder)} holds takes that were made in another way: name a new folder")
        return
    if any(folder.glob("*.part.tsv")):
        raise PartError(f"{printable(folder)} holds takes that nobody described: name a new folder")
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_take(stem: str | os.PathLike[str], take: Take) -> None:
    """Write the tables of a take.

    Parameters
    ----------
    stem : path
        Without a suffix: ``NAME`` becomes ``NAME.tsv``, ``NAME.part.tsv`` and ``NAME.mistakes.tsv``.
    take : Take
    """
    stem = Path(stem)
    notes = [getattr(take.notes, name).tolist() for name in _NOTES]
    asked = [None if note < 0 else note for note in take.of.tolist()]
    _write_table(stem, "", [*_NOTES, "asked"], list(zip(*notes, asked, strict=True)))
    _write_table(stem, ".part", _PART, list(zip(*(getattr(take.part, name).tolist() for name in _PART), strict=True)))
    names = [field.name for field in fields(Mistake)]
    _write_table(stem, ".mistakes", names, [tuple(asdict(one).values()) for one in take.mistakes])


def _write_table(stem: Path, what: str, names: Sequence[str], rows: Sequence[Sequence]) -> None:
    with (
        replacing(stem.with_name(f"{stem.name}{what}.tsv")) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(names)
        writer.writerows([["" if cell is None else _rounded(cell) for cell in row] for row in rows])


def _rounded(cell):
    return round(cell, _DIGITS) if isinstance(cell, float) else cell


def read_take(stem: str | os.PathLike[str]) -> Take:
    """Read the tables of a take.

    Parameters
    ----------
    stem : path
        As for `write_take`.

    Returns
    -------
    Take

    Raises
    ------
    PartError
        If a table is missing or says something else.
    """
    stem = Path(stem)
    try:
        played, part, mistakes = (_read_table(stem, what) for what in ("", ".part", ".mistakes"))
        return Take(
            Part.of(*([float(row[name]) for row in part] for name in _PART)),
            Notes(*([float(row[name]) for row in played] for name in _NOTES)),
            np.array([int(row["asked"] or -1) for row in played], np.int64),
            tuple(_mistake(row) for row in mistakes),
        )
    except (OSError, KeyError, ValueError, csv.Error) as error:
        raise PartError(f"{printable(stem)} is no take of a corpus: {printable(str(error))}") from error


def _read_table(stem: Path, what: str) -> list[dict[str, str]]:
    with stem.with_name(f"{stem.name}{what}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def _mistake(row: dict[str, str]) -> Mistake:
    if row["kind"] not in KINDS:
        raise ValueError(f"mistake {row['kind']!r} is unknown")
    whole: dict[str, Any] = {name: int(row[name]) if row[name] else None for name in _WHOLE}
    return Mistake(
        kind=row["kind"], beat=float(row["beat"]), time_s=float(row["time_s"]), end_s=float(row["end_s"]), **whole
    )
