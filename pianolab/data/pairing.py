"""Which label file belongs to which sound: the one of the same name, however the name is written.

A letter with an accent is one character or two (Unicode's forms NFC and NFD; files that were on a Mac may have the
latter), and some disks tell capital letters from small ones. Names that are equal to the byte come first.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path


def composed(name: str) -> str:
    """A name with each letter and its accents as one character (Unicode's form NFC).

    Parameters
    ----------
    name : str

    Returns
    -------
    str

    Examples
    --------
    >>> len("E\\u0301tude"), len(composed("E\\u0301tude"))
    (6, 5)
    """
    return unicodedata.normalize("NFC", name)


def same_name(name: str) -> str:
    """What is equal for names that differ only in Unicode form and capital letters.

    Parameters
    ----------
    name : str

    Returns
    -------
    str

    Examples
    --------
    >>> same_name("E\\u0301TUDE") == same_name("\\u00c9tude")
    True
    """
    return composed(composed(name).casefold())


def labels_by_sound(sounds: Iterable[Path], labels: Iterable[Path]) -> Mapping[Path, list[Path]]:
    """The label files of each sound file: of the same name and folder.

    Parameters
    ----------
    sounds, labels : iterable of Path

    Returns
    -------
    mapping of Path to list of Path
        For each of the sounds.
    """
    sounds = list(sounds)
    exact: dict[Path, list[Path]] = {}
    alike: dict[tuple[Path, str], list[Path]] = {}
    stems = {sound.with_suffix("") for sound in sounds}
    for label in labels:
        stem = label.with_suffix("")
        exact.setdefault(stem, []).append(label)
        if stem not in stems:  # It is no other sound's.
            alike.setdefault(_key(stem), []).append(label)
    n_alike = Counter(_key(stem) for stem in stems - exact.keys())  # Two names that differ in this alone get nothing.
    found = {}
    for sound in sounds:
        stem = sound.with_suffix("")
        found[sound] = exact.get(stem, alike.get(_key(stem), []) if n_alike[_key(stem)] == 1 else [])
    return found


def _key(stem: Path) -> tuple[Path, str]:
    return stem.parent, same_name(stem.name)
