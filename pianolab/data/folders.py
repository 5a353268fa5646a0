"""A folder of sound files and labels as a data set: a published one, single notes named by their key, or a user's own.

Files are found by their names; sound is read only when someone asks for it. What a published set says of its files
(`pianolab.data.sets`) comes first; others are recordings by the labels beside them or by their name. A sound file whose
notes are unknown is named and left out.
"""

import functools
import json
import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from pianolab.data.pairing import composed, labels_by_sound
from pianolab.data.recording import Dataset, DatasetError, Recording
from pianolab.data.sets import Files, find_sets
from pianolab.errors import nearest, printable
from pianolab.labels import FOREIGN_LABELS, LABEL_SUFFIXES, read_labels
from pianolab.sound import FOREIGN_SUFFIXES, readable_suffixes
from pianolab.texts.choices import DEFAULT_DATA
from pianolab.units import key_in_name, note_name

OVERLAP_S = 0.05  # Legato fingers overlap this much in music that is still one note at a time.

TAKE_SETTINGS, CONFIRMED = "settings.json", "labels_confirmed"  # The file of a take, and what it says there.
PROPOSED = "the labels are a proposal: confirm them on the page, or compare with --unconfirmed"


def read_folder(name_or_dir: str | os.PathLike[str], *, unconfirmed: bool = False) -> Dataset:
    """The recordings in a folder and below it, found as `pianolab.data.load_dataset` says.

    Parameters
    ----------
    name_or_dir : str or Path
    unconfirmed : bool
        Whether takes are recordings whose labels nobody has confirmed.

    Returns
    -------
    Dataset
        Named as the folder; sound files without labels and folders that cannot be read are in ``skipped``.

    Raises
    ------
    DatasetError
        If there is no such folder, or no recording in it.
    """
    folder = Path(name_or_dir)
    shown = printable(folder)
    if folder.is_file():
        raise DatasetError(f"{shown} is a file: name the folder that holds it, with its labels beside it")
    if not folder.is_dir():
        near = nearest(str(name_or_dir), [*DEFAULT_DATA, *_neighbours(folder)])
        raise DatasetError(
            f"data set {shown!r} is neither 'builtin' nor 'real' nor a folder{near or ': check the name'}"
        )
    name = folder.resolve().name or str(folder)
    files, unreadable = _files(folder)
    sets = find_sets(Files(files, readable_suffixes()))
    claimed = {path for found in sets for path in found.claimed}
    recordings = [replace(recording, dataset=name) for found in sets for recording in found.recordings]
    lacking = [left_out for found in sets for left_out in found.left_out]
    others, skipped = _others([path for path in files if path not in claimed], name, unconfirmed=unconfirmed)
    recordings = sorted([*recordings, *others], key=lambda recording: recording.audio)
    if not recordings:
        said = "".join(f"; {why}" for why in _whys(lacking, skipped, unreadable))
        remedy = "put sound and labels (.mid, .tsv, .csv, .txt) of the same name there"
        raise DatasetError(f"{shown} holds no labelled recording{said}: {remedy}")
    taken_for = tuple(f"{found.name} (by {found.told_by})" for found in sets)
    left_out = (*unreadable, *lacking, *skipped)
    return Dataset(name, tuple(_with_ids(recordings, folder)), left_out, taken_for=taken_for)


def _others(files: list[Path], dataset: str, *, unconfirmed: bool) -> tuple[list[Recording], list[tuple[Path, str]]]:
    """The recordings among files of no published set, and the sound files that are left out."""
    recordings, skipped = [], []
    suffixes = readable_suffixes()
    sounds = [path for path in files if path.suffix.lower() in suffixes]
    labels = labels_by_sound(sounds, [path for path in files if path.suffix.lower() in LABEL_SUFFIXES])
    foreign = labels_by_sound(sounds, [path for path in files if path.suffix.lower() in FOREIGN_LABELS])
    proposed = functools.cache(_is_proposed)  # Thousands of recordings may lie in one folder.
    for path in files:
        if path.suffix.lower() in suffixes:
            recording = _recording(path, labels[path], dataset, proposed)
            if recording is not None and recording.proposed and not unconfirmed:
                skipped.append((path, PROPOSED))
            elif recording is not None:
                recordings.append(recording)
            elif foreign[path]:
                other = foreign[path][0]
                skipped.append((path, f"{printable(other.name)} is not read: {FOREIGN_LABELS[other.suffix.lower()]}"))
            else:
                why = f"no labels: put {path.stem}.mid, .tsv, .csv or .txt beside it, or name it by its key (C#4)"
                skipped.append((path, why))
        elif path.suffix.lower() in FOREIGN_SUFFIXES:
            why = f"{path.suffix} is read where ffmpeg is installed: install it, or convert it to .wav or .flac"
            skipped.append((path, why))
    return recordings, skipped


def _whys(
    lacking: list[tuple[Path, str]], skipped: list[tuple[Path, str]], unreadable: list[tuple[Path, str]]
) -> list[str]:
    """Why a folder holds no recording."""
    proposed = sum(why == PROPOSED for _, why in skipped)
    unlabelled = [path for path, why in skipped if why != PROPOSED]
    whys = [f"of {proposed} takes {PROPOSED}"] if proposed else []
    whys += [f"{printable(path.name)}: {why}" for path, why in lacking[:1]]
    if unlabelled:
        whys.append(f"{len(unlabelled)} sound files have no labels, such as {printable(unlabelled[0].name)}")
    return whys + [f"{printable(path)} {why}" for path, why in unreadable[:1]]


def _files(folder: Path) -> tuple[list[Path], list[tuple[Path, str]]]:
    """All files below a folder, sorted, and the folders that cannot be read, with the reason.

    Links are followed, but no folder is entered twice; hidden names are left out.
    """
    files, seen, unreadable = [], set(), dict[Path, str]()

    def leave_out(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise DatasetError(f"{printable(folder)} cannot be read ({error.strerror}): check your rights to it")
        unreadable[Path(error.filename)] = f"cannot be read ({error.strerror}): check your rights to it"

    for root, folders, names in os.walk(folder, followlinks=True, onerror=leave_out):
        try:
            here = os.stat(root)
            found = [
                path for path in (Path(root, name) for name in names if not name.startswith(".")) if path.is_file()
            ]
        except OSError as error:  # It is gone meanwhile, or its names can be listed and not be looked up.
            leave_out(OSError(error.errno, error.strerror, root))
            folders.clear()
            continue
        if (here.st_dev, here.st_ino) in seen:
            folders.clear()
            continue
        seen.add((here.st_dev, here.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files += found
    return sorted(files), sorted(unreadable.items())


def _recording(path: Path, labels: list[Path], dataset: str, proposed: Callable[[Path], bool]) -> Recording | None:
    """The recording of a sound file; None if nothing says what is played in it. Its id comes later."""
    if labels:
        best = min(labels, key=lambda label: LABEL_SUFFIXES.index(label.suffix.lower()))
        is_proposed = proposed(path.parent)
        return Recording("", path, best, dataset, piece=composed(path.stem), kind=_kind(best), proposed=is_proposed)
    key = key_in_name(path.stem)
    if key is None:
        return None
    return Recording("", path, None, dataset, piece=note_name(key), kind="notes", key=key)


def _is_proposed(folder: Path) -> bool:
    """Whether a folder is that of a take (see pianolab.live.takes) whose labels no player has confirmed."""
    try:
        settings = json.loads((folder / TAKE_SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(settings, dict) and settings.get(CONFIRMED) is False


def _kind(labels: Path) -> str:
    """What the labels say: one note at a time or several; labels that cannot be read fail when they are scored."""
    try:
        with warnings.catch_warnings():
            # Whoever reads the labels to use them is warned then.
            warnings.simplefilter("ignore")
            notes = read_labels(labels)
    except ValueError:
        return "unknown"
    latest = np.maximum.accumulate(notes.offset)[:-1]
    return "polyphonic" if np.any(notes.onset[1:] < latest - OVERLAP_S) else "monophonic"


def _with_ids(recordings: list[Recording], folder: Path) -> Iterator[Recording]:
    """Give ids: the stem, else the path below the folder, else with the suffix, whatever tells all apart."""
    paths = [recording.audio.relative_to(folder) for recording in recordings]
    choices = [
        (composed(path.stem), composed(path.with_suffix("").as_posix()), composed(path.as_posix()), path.as_posix())
        for path in paths
    ]
    counts = [Counter(names) for names in zip(*choices, strict=True)]
    for recording, names in zip(recordings, choices, strict=True):
        yield replace(recording, id=next(name for name, count in zip(names, counts, strict=True) if count[name] == 1))


def _neighbours(folder: Path) -> list[str]:
    try:
        return [str(path) for path in folder.parent.iterdir() if path.is_dir()]
    except OSError:
        return []
