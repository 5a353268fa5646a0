"""What the loaders of published sets have in common: the files of a folder, an index read, recordings gathered from it.

An index (.csv or .json) names the sound and the labels of each recording, from the folder in which it lies. A file that
was converted to another format (.wav to .flac, .midi to .mid) is found all the same.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pianolab.data.pairing import composed
from pianolab.data.recording import DatasetError, Recording
from pianolab.errors import printable
from pianolab.labels import LABEL_SUFFIXES

# The words of the sets for their splits, as they are called here.
_SPLITS = {"train": "train", "training": "train", "valid": "validation", "validation": "validation", "test": "test"}


class Files:
    """The files below a folder, and which of them are sound or labels.

    Parameters
    ----------
    paths : iterable of Path
    sound_suffixes : iterable of str
        Of sound that can be read here.

    Attributes
    ----------
    paths : list of Path
    """

    def __init__(self, paths: Iterable[Path], sound_suffixes: Iterable[str]):
        self.paths = sorted(paths)
        suffixes = tuple(sound_suffixes)
        self.sounds = [path for path in self.paths if path.suffix.lower() in suffixes]
        self._sound = _by_stem(self.sounds, suffixes)
        self._labels = _by_stem(self.paths, LABEL_SUFFIXES)

    def named(self, pattern: str) -> Iterator[Path]:
        """Files whose name is of a form.

        Parameters
        ----------
        pattern : str
            A regular expression, for the whole name; capitals do not matter.

        Yields
        ------
        Path
        """
        yield from (path for path in self.paths if re.fullmatch(pattern, path.name, re.IGNORECASE))

    def sound(self, path: Path) -> Path | None:
        """The sound file of a name, whatever its suffix; None if there is none."""
        return self._sound.get(path.with_suffix(""))

    def labels(self, path: Path) -> Path | None:
        """The label file of a name, whatever its suffix; None if there is none."""
        return self._labels.get(path.with_suffix(""))


def _by_stem(paths: Iterable[Path], suffixes: Sequence[str]) -> dict[Path, Path]:
    """Paths by what comes before their suffix; of several the one whose suffix is listed first."""
    ours = [path for path in paths if path.suffix.lower() in suffixes]
    ours.sort(key=lambda path: suffixes.index(path.suffix.lower()), reverse=True)
    return {path.with_suffix(""): path for path in ours}


@dataclass(frozen=True)
class Found:
    """A set in a folder.

    Attributes
    ----------
    name : str
        Such as "MAESTRO 3.0.0".
    told_by : str
        The file or the names that told it.
    recordings : tuple of Recording
        Without ids.
    left_out : tuple of (Path, str)
        What is missing or not of use, and why.
    claimed : frozenset of Path
        Sound files that the set knows, also those that are of no use.
    """

    name: str
    told_by: str
    recordings: tuple[Recording, ...]
    left_out: tuple[tuple[Path, str], ...] = ()
    claimed: frozenset[Path] = field(default=frozenset(), repr=False)

    def without(self, taken: Iterable[Path]) -> "Found":
        """The same without sound files that belong to another set."""
        taken = set(taken)
        recordings = tuple(recording for recording in self.recordings if recording.audio not in taken)
        return replace(self, recordings=recordings, claimed=self.claimed - taken)


@dataclass(frozen=True)
class Entry:
    """What an index says of one recording: where its sound and its labels should lie, and fields of a Recording."""

    sound: Path
    labels: Path
    about: Mapping[str, Any]


def gathered(name: str, index: Path, entries: Iterable[Entry], files: Files) -> Found:
    """The recordings of an index that are there, with what is missing named.

    Parameters
    ----------
    name : str
        Of the set.
    index : Path
    entries : iterable of Entry
    files : Files

    Returns
    -------
    Found
    """
    entries = list(entries)
    recordings, claimed, no_sound, no_labels = [], set(), [], []
    for entry in entries:
        sound, labels = files.sound(entry.sound), files.labels(entry.labels)
        if sound is None:
            no_sound.append(entry.sound)
            continue
        claimed.add(sound)
        if labels is None:
            no_labels.append(entry.labels)
        else:
            recordings.append(Recording("", sound, labels, **entry.about))
    whys = [
        _lacking(paths, len(entries), what) for paths, what in ((no_sound, "sound"), (no_labels, "labels")) if paths
    ]
    return Found(name, index.name, tuple(recordings), tuple((index, why) for why in whys), frozenset(claimed))


def _lacking(paths: Sequence[Path], n: int, what: str) -> str:
    return f"of {n} recordings {len(paths)} have no {what} here, such as {printable(paths[0].name)}"


def read_rows(path: Path, needed: Iterable[str], *, sure: bool) -> list[dict[str, str]] | None:
    """The rows of an index.

    Parameters
    ----------
    path : Path
        Ends in .csv, or in .json: a list of objects, an object of such objects, or one of columns.
    needed : iterable of str
        Fields that a row must have.
    sure : bool
        Whether the name alone tells the set, so that a file without these fields is damaged.

    Returns
    -------
    list of dict
        Empty strings where a value is missing; None if this is no index of the set.

    Raises
    ------
    DatasetError
        If it is damaged.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = _of_json(json.loads(text)) if path.suffix.lower() == ".json" else list(csv.DictReader(io.StringIO(text)))
        if not rows or not all(isinstance(row.get(name), str | int | float) for row in rows for name in needed):
            raise ValueError(f"it lacks {', '.join(needed)}")
        return [{str(name): _cell(value) for name, value in row.items()} for row in rows]
    except (OSError, ValueError, AttributeError, TypeError, csv.Error, RecursionError) as error:
        if not sure:
            return None
        why = getattr(error, "strerror", None) or error
        raise DatasetError(f"{printable(path)} cannot be used ({why}): download it again") from error


def _of_json(content: Any) -> list[dict[str, Any]]:
    """MAESTRO 2 has a list of rows, MAESTRO 3 columns of numbered cells, PianoVAM numbered rows."""
    if isinstance(content, list):
        return content
    rows = list(content.values())
    if "midi_filename" in content:
        return [{name: column.get(number) for name, column in content.items()} for number in content["midi_filename"]]
    return rows


def _cell(value: Any) -> str:
    return "" if value is None else str(value).strip()


def piece_of(composer: str, title: str) -> str:
    """The name of a piece: recordings of one piece have the same.

    Parameters
    ----------
    composer, title : str

    Returns
    -------
    str

    Examples
    --------
    >>> piece_of("Franz Liszt ", "Ballade  No. 2 ")
    'Franz Liszt: Ballade No. 2'
    """
    return ": ".join(composed(" ".join(words.split())) for words in (composer, title) if words.strip())


def split_of(word: str) -> str:
    """What a set calls a split, as it is called here.

    Parameters
    ----------
    word : str

    Returns
    -------
    str
        "train", "validation", "test", or '' for another word.

    Examples
    --------
    >>> split_of("valid"), split_of("special")
    ('validation', '')
    """
    return _SPLITS.get(word.strip().lower(), "")


def below(index: Path, name: str) -> Path:
    """A path that an index names; it stays below the folder of the index whatever the index says.

    Parameters
    ----------
    index : Path
    name : str
        The path in the index.

    Returns
    -------
    Path
    """
    parts = [part for part in re.split(r"[/\\]", name) if part not in ("", ".", "..")]
    return index.parent.joinpath(*parts)


def one_index(files: Files, pattern: str) -> list[Path]:
    """The indexes of a set; of several in one folder the first (.csv before .json).

    Parameters
    ----------
    files : Files
    pattern : str
        As in `Files.named`.

    Returns
    -------
    list of Path
    """
    by_folder: dict[Path, Path] = {}
    for path in files.named(pattern):
        by_folder.setdefault(path.parent, path)
    return list(by_folder.values())
