"""Any data set by its name or folder, as a Dataset: what each kind is made of is said where it is read."""

import os
from dataclasses import replace
from typing import Any

from pianolab.data.builtin import audio_path, builtin_index, notes_path, render_builtin
from pianolab.data.folders import read_folder
from pianolab.data.from_mirdata import mirdata_set
from pianolab.data.phrases import phrases_of
from pianolab.data.real import real_recordings
from pianolab.data.recording import Dataset, DatasetError, Recording
from pianolab.texts.choices import SPLITS, Split

_PARTS = {"tune": ("", "tune", "train", "validation")}
_IN_INDEX = ("id", "piece", "title", "composer", "kind", "piano", "room", "licence", "split")


def load_dataset(
    name_or_dir: str | os.PathLike[str], *, split: Split = "all", progress: bool = True, unconfirmed: bool = False
) -> Dataset:
    """Find the recordings of a data set.

    A folder is searched with everything below it (hidden files aside). A sound file is a recording if

    - a label file of the same stem lies beside it (of several the first in `pianolab.labels.LABEL_SUFFIXES` counts, so
      MIDI, which holds velocity and pedal; this includes MAPS, whose .txt was made from the .mid). Capitals and the
      Unicode form of accents need not agree where no file has the very name. Or
    - its name is a key: A0.ogg, Ds1.ogg, C#4.wav, Bb3.flac, perhaps with a loudness: Piano.ff.Bb3.aiff, A0v8.wav.

    Published sets are told by their index or by the names of their files (MAESTRO, MusicNet, PianoVAM, ASAP, SMD, MAPS;
    see `pianolab.data.sets`): piece, split and piano are then those of the set, and what its index names and the folder
    lacks is in ``skipped``. ``taken_for`` says which set it was.

    Parameters
    ----------
    name_or_dir : str or Path
        "builtin", "real", a folder, "phrases:" and a folder of single notes (see `pianolab.data.phrases`), or
        "mirdata:" and the name of a loader of mirdata, perhaps with "@" and the folder of the set.
    split : {'all', 'tune', 'train', 'validation', 'test'}
        "tune" is all that settings may be chosen on: also what a set calls train or validation. Recordings without a
        declared split belong to every one.
    progress : bool
        Show a progress bar where sound has to be made first.
    unconfirmed : bool
        Whether takes of the live page are recordings whose labels nobody has confirmed: these are only what was asked.

    Returns
    -------
    Dataset

    Raises
    ------
    DatasetError
        If the name or folder is unknown, holds no recording, or none of that split.

    Examples
    --------
    >>> from pianolab.data import data_dir
    >>> clips = load_dataset(data_dir() / "clips")
    >>> [recording.id for recording in clips]
    ['C4', 'c_major_arpeggio', 'chords', 'fur_elise', 'ode_to_joy']
    >>> clips["chords"].notes()[:3]
    <Notes: 3 notes, G#2 B2 E3>
    """
    if split not in SPLITS:
        raise DatasetError(f"split {split!r} is unknown: use one of {', '.join(SPLITS)}")
    name = str(name_or_dir)
    if name == "builtin":
        found = _builtin(split, progress)
    elif name == "real":
        found = real_recordings()
    elif name.startswith("phrases:"):
        found = phrases_of(name.removeprefix("phrases:"))
    elif name.startswith("mirdata:"):
        found = mirdata_set(name.removeprefix("mirdata:"))
    else:
        found = read_folder(name_or_dir, unconfirmed=unconfirmed)
    wanted = _PARTS.get(split, ("", split))
    chosen = tuple(r for r in found.recordings if split == "all" or r.split in wanted)
    if not chosen:
        there = ", ".join(sorted({r.split for r in found.recordings}))
        raise DatasetError(f"{found.name} has no {split} recordings (only {there}): use split all")
    return replace(found, recordings=chosen, split=split)


def _builtin(split: Split, progress: bool) -> Dataset:
    entries = builtin_index()
    wanted = [entry for entry in entries if split in ("all", entry["split"])]
    render_builtin(progress=progress, ids={entry["id"] for entry in wanted})
    recordings = []
    for entry in wanted or entries:
        known: dict[str, Any] = {name: entry[name] for name in _IN_INDEX}
        known |= {"audio": audio_path(entry), "labels": notes_path(entry)}
        recordings.append(Recording(**known, dataset="builtin", source="rendered"))
    return Dataset("builtin", tuple(recordings))
