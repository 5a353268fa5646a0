"""Sources of a training that renders its own material: pianos, performances, rooms, noises and languages.

What comes in: folders of single notes, MIDI files, room responses and noises. What comes out: two shelves, one to learn
from and one that is held out, with no piano, piece, response or language on both; and what is known about each folder,
for the plan that is kept beside the weights.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pianolab.errors import nearest, printable
from pianolab.training.errors import TrainingError

_Thing = TypeVar("_Thing")
INDEX = "index.json"
MIDI_SUFFIXES = (".mid", ".midi")
SOUND_SUFFIXES = (".flac", ".ogg", ".wav")
# So many of the pieces, rooms and noises are learnt from for each one that is held out.
EVERY_NTH_PIECE, EVERY_NTH_ROOM, EVERY_NTH_NOISE = 12, 6, 6
SINGING_ON = "soundboard"  # Responses of this kind ring like strings: a note would seem to sound on.
# Languages of espeak-ng. The held-out ones are of other families, so that a voice is not known by its sounds.
LANGUAGES = (
    *("am", "ar", "bg", "bn", "ca", "cmn", "cs", "cy", "da", "de", "el", "en-029", "en-gb", "en-gb-scotland"),
    *("en-gb-x-rp", "en-us", "eo", "es", "es-419", "et", "fa", "fr-be", "fr-fr", "ga", "gu", "hi", "hr", "hu", "hy"),
    *("id", "is", "it", "ja", "ka", "kn", "ko", "la", "lt", "lv", "mk", "ml", "mr", "ms", "my", "nb", "ne", "nl"),
    *("pa", "pl", "pt", "ro", "ru", "si", "sk", "sl", "sq", "sr", "sv", "te", "th", "uk", "ur", "vi", "yue"),
)
HELD_OUT_LANGUAGES = ("eu", "fi", "he", "pt-br", "sw", "ta", "tr")


@dataclass(frozen=True)
class Shelf:
    """What scenes are made of.

    Attributes
    ----------
    pianos : tuple of Path
        Folders of single notes, each with an index.json; none of them means rendered pianos only.
    midi, rooms, noise : tuple of Path
        Files.
    languages : tuple of str
        Languages of espeak-ng.
    physical : bool
        Whether pianos made by rule play as well.
    """

    pianos: tuple[Path, ...]
    midi: tuple[Path, ...]
    rooms: tuple[Path, ...] = ()
    noise: tuple[Path, ...] = ()
    languages: tuple[str, ...] = LANGUAGES
    physical: bool = True


@dataclass(frozen=True)
class Sources:
    """A shelf to learn from, one to be judged by, and what is known of the folders.

    Attributes
    ----------
    learnt, held_out : Shelf
    about : dict
        For plan.json: names, checksums and licences.
    """

    learnt: Shelf
    held_out: Shelf
    about: dict[str, Any]


def find_sources(
    pianos: Iterable[str | Path],
    midi: Iterable[str | Path],
    *,
    rooms: Iterable[str | Path] = (),
    noise: Iterable[str | Path] = (),
    hold_out: Sequence[str] = (),
    leave_out: Sequence[str] = (),
) -> Sources:
    """Divide folders into what is learnt from and what is held out.

    Parameters
    ----------
    pianos : iterable of str or Path
        Folders of single notes with an index.json (see `pianolab.piano.sampled`), or folders of such folders. A
        piano is named by its folder.
    midi : iterable of str or Path
        Folders of performances as MIDI files; each twelfth is held out.
    rooms : iterable of str or Path
        Folders of impulse responses, the direct sound as their peak; each sixth is held out. Files that differ in _l
        and _r only are one response.
    noise : iterable of str or Path
        Folders of noises without a piano; each sixth is held out.
    hold_out : sequence of str
        Pianos to validate and to choose thresholds by; at least one.
    leave_out : sequence of str
        Pianos that are neither learnt from nor validated by.

    Returns
    -------
    Sources

    Raises
    ------
    TrainingError
        If a folder holds nothing of its kind, a piano is unknown, or nothing is left to learn from or to hold out.
    """
    found = piano_folders(pianos)
    for name in (*hold_out, *leave_out):
        if name not in found:
            raise TrainingError(f"no piano is named {name!r}{nearest(name, sorted(found))}")
    kept = [name for name in sorted(found) if name not in leave_out]
    learnt = [found[name] for name in kept if name not in hold_out]
    held_out = [found[name] for name in kept if name in hold_out]
    if not learnt or not held_out:
        raise TrainingError(
            f"{len(learnt)} pianos to learn from and {len(held_out)} to hold out: there must be one of each, see "
            "--hold-out"
        )
    pieces = _files(midi, MIDI_SUFFIXES, "MIDI files")
    responses, noises = _responses(rooms), _files(noise, SOUND_SUFFIXES, "noises")
    if len(pieces) < EVERY_NTH_PIECE:
        raise TrainingError(f"{len(pieces)} MIDI files are too few: give --midi a folder with {EVERY_NTH_PIECE}")
    shelves = [
        Shelf(
            tuple(folders),
            tuple(_share(pieces, EVERY_NTH_PIECE, held=held)),
            tuple(path for group in _share(responses, EVERY_NTH_ROOM, held=held) for path in group),
            tuple(_share(noises, EVERY_NTH_NOISE, held=held)),
            HELD_OUT_LANGUAGES if held else LANGUAGES,
            physical=not held,
        )
        for folders, held in ((learnt, False), (held_out, True))
    ]
    about = {
        "pianos": {path.name: _about_folder(path) for path in (*learnt, *held_out)},
        "midi": _about_files(pieces),
        "rooms": _about_files([path for group in responses for path in group]),
        "noise": _about_files(noises),
        "held_out": {
            "pianos": [path.name for path in held_out],
            "midi": [path.name for path in shelves[1].midi],
            "rooms": [path.name for path in shelves[1].rooms],
            "noise": [path.name for path in shelves[1].noise],
            "languages": list(HELD_OUT_LANGUAGES),
        },
    }
    return Sources(shelves[0], shelves[1], about)


def microphones(folder: Path) -> list[str | None]:
    """Names of the microphones by which a piano was recorded.

    Parameters
    ----------
    folder : Path
        With an index.json.

    Returns
    -------
    list of str or None
        None alone where there is one without a name.
    """
    return [*sorted({entry["mic"] for entry in _index(folder) if entry.get("mic")})] or [None]


def piano_folders(folders: Iterable[str | Path]) -> dict[str, Path]:
    """Folders of single notes, by name.

    Parameters
    ----------
    folders : iterable of str or Path
        With an index.json, or folders of such folders.

    Returns
    -------
    dict

    Raises
    ------
    TrainingError
        If one holds no piano, or two have the same name.
    """
    found: dict[str, Path] = {}
    for folder in map(Path, folders):
        here = [folder] if (folder / INDEX).is_file() else sorted(path.parent for path in folder.glob(f"*/{INDEX}"))
        if not here:
            raise TrainingError(f"{printable(folder)} holds no piano: give a folder of single notes with an {INDEX}")
        for path in here:
            if path.name in found and found[path.name] != path:
                raise TrainingError(f"two pianos are named {printable(path.name)}: rename one of the folders")
            found[path.name] = path
    return found


def _files(folders: Iterable[str | Path], suffixes: Sequence[str], what: str) -> list[Path]:
    """Files of these kinds in folders, in an order that does not depend on where the folders lie."""
    found = []
    for folder in map(Path, folders):
        here = [path for path in folder.rglob("*") if path.suffix.lower() in suffixes and path.is_file()]
        if not here:
            raise TrainingError(f"{printable(folder)} holds no {what}: give a folder with {', '.join(suffixes)}")
        found += sorted(here, key=lambda path: path.relative_to(folder).as_posix())
    return found


def _responses(folders: Iterable[str | Path]) -> list[list[Path]]:
    """Responses of rooms, the two channels of one together; those that sing are left out where an index tells."""
    groups: dict[str, list[Path]] = {}
    kinds = {}
    for folder in map(Path, folders):
        kinds |= {entry["file"]: entry.get("kind") for entry in _index(folder)}
    for path in _files(folders, SOUND_SUFFIXES, "room responses"):
        if kinds.get(path.name) != SINGING_ON:
            groups.setdefault(re.sub(r"_[lr]$", "", path.stem), []).append(path)
    return list(groups.values())


def held_out_pieces(names: Iterable[str]) -> list[str]:
    """Which of the performances of a folder a training holds out.

    Parameters
    ----------
    names : iterable of str
        Paths of all MIDI files of the folder, relative to it.

    Returns
    -------
    list of str
        Each twelfth by name.
    """
    return _share(sorted(names), EVERY_NTH_PIECE, held=True)


def held_out_responses(folder: str | Path) -> list[Path]:
    """Which of the room responses of a folder a training holds out.

    Parameters
    ----------
    folder : str or Path
        The only one that was given to the training as ``rooms``.

    Returns
    -------
    list of Path
        Each sixth by name, both channels of it.

    Raises
    ------
    TrainingError
        If the folder holds none.
    """
    return [path for group in _share(_responses([folder]), EVERY_NTH_ROOM, held=True) for path in group]


def _share(things: Sequence[_Thing], every: int, *, held: bool) -> list[_Thing]:
    """Each so manieth thing, or all others."""
    return [thing for i, thing in enumerate(things) if (i % every == every - 1) == held]


def _index(folder: Path) -> list[dict[str, Any]]:
    path = folder / INDEX
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    except ValueError as error:
        raise TrainingError(f"{printable(path)} is no JSON ({error}): write it again") from error


def _about_folder(folder: Path) -> dict[str, Any]:
    """Number, checksum and licences of what stands in the index of a folder."""
    entries = _index(folder)
    licences = sorted({entry["licence"] for entry in entries if "licence" in entry})
    paths = [folder / entry["file"] for entry in entries]
    return {"files": len(paths), "sha256": _checksum(paths), "licences": licences}


def _about_files(paths: Sequence[Path]) -> dict[str, Any]:
    folders = sorted({path.parent for path in paths})
    licences = {entry["licence"] for folder in folders for entry in _index(folder) if "licence" in entry}
    return {"files": len(paths), "sha256": _checksum(paths), "licences": sorted(licences)}


def _checksum(paths: Iterable[Path]) -> str:
    """One checksum of files and their names."""
    sums = hashlib.sha256()
    for path in paths:
        sums.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return sums.hexdigest()
