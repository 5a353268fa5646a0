"""Where recordings come from: the built-in set, a folder of yours, MAPS, single notes named by their key.

What comes in: "builtin" or a folder. What goes out: a Dataset, a list of Recordings, each a sound file, the notes that
are played in it, and what is known about it (piece, piano, split, real or rendered). Files are found by their names;
sound is read only when someone asks for it. A sound file whose notes are unknown is named and left out.
"""

import difflib
import hashlib
import os
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from pianolab import audio
from pianolab.audio import ONSET_BELOW_PEAK_DB, ONSET_WINDOW_S, first_onset_s
from pianolab.builtin import (
    MONOPHONIC_KINDS,
    BuiltinError,
    audio_path,
    builtin_index,
    check_builtin,
    data_dir,
    notes_path,
    render_builtin,
)
from pianolab.files import printable
from pianolab.labels import LABEL_SUFFIXES, read_labels
from pianolab.roll import Notes
from pianolab.units import MIDI_HIGH, MIDI_LOW, note_name, parse_note

__all__ = [
    "BuiltinError",
    "Dataset",
    "DatasetError",
    "Recording",
    "builtin_index",
    "check_builtin",
    "data_dir",
    "first_onset_s",
    "load_dataset",
    "render_builtin",
]

SPLITS = ("tune", "test", "all")
LABEL_ORDER = (".mid", ".midi", ".tsv", ".csv", ".txt")  # of several: what holds most (MIDI: velocity and pedal) first
AUDIO_SUFFIXES = (
    ".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".aifc", ".au", ".snd", ".caf", ".w64", ".rf64",
)  # fmt: skip
FOREIGN_SUFFIXES = (".m4a", ".mp4", ".aac", ".webm", ".wma")  # sound that libsndfile does not read
OVERLAP_S = 0.05  # legato fingers overlap this much in music that is still one note at a time

_MAPS = re.compile(r"MAPS_(MUS|ISOL|RAND|UCHO)[-_](.+)_([A-Za-z0-9]+)")
_MAPS_KINDS = {"MUS": "piece", "ISOL": "notes", "RAND": "chords", "UCHO": "chords"}
_MAPS_ROOMS = {"ENSTDkAm": "ambient", "ENSTDkCl": "close"}
_LOUDNESS = re.compile(r"p{1,4}|f{1,4}|mp|mf|v\d+|vel\d+|piano", re.IGNORECASE)


class DatasetError(ValueError):
    """A data set that cannot be found or used; the message is one line with the remedy."""


@dataclass(frozen=True)
class Recording:
    """One sound file and what is known about it; an empty string where nothing is known.

    Attributes
    ----------
    id : str
        Unique in its data set: the file's name without suffix, with its folders where that is needed to tell two apart.
    audio : Path
        The sound file.
    labels : Path or None
        The label file; None for a single note that is named by its key.
    dataset, piece, title, composer, piano, room, licence : str
    kind : str
        "notes", "scale", "melody", "phrases", "chords", "piece"; where only the labels tell, "monophonic" or
        "polyphonic"; "unknown" if they cannot be read.
    split : str
        "tune", "test" or "" where the data set declares none.
    source : str
        "real", "rendered" (from samples or a model) or "unknown". Never average real and rendered recordings.
    key : int or None
        MIDI number of a single note that is named by its key.
    """

    id: str
    audio: Path
    labels: Path | None = None
    dataset: str = ""
    piece: str = ""
    title: str = ""
    composer: str = ""
    kind: str = "unknown"
    piano: str = ""
    room: str = ""
    licence: str = ""
    split: str = ""
    source: str = "unknown"
    key: int | None = None

    def notes(self, pedal="release"):
        """The labels.

        A single note that is named by its key lasts from its onset (see `first_onset_s`) to the end of the file.

        Parameters
        ----------
        pedal : {'release', 'extended'}
            Offsets at the release of the key, or where the sustain pedal ends the sound (MIDI labels only).

        Returns
        -------
        Notes

        Raises
        ------
        LabelError
            If the label file cannot be used.
        AudioError
            If a single note named by its key cannot be read.
        """
        if self.labels is not None:
            return read_labels(self.labels, pedal=pedal)
        y, sr = self.load()
        return Notes([first_onset_s(y, sr=sr)], [len(y) / sr], [self.key])

    def load(self, duration_s=None):
        """The sound, or its first ``duration_s`` seconds: (y, sr), float32 mono."""
        return audio.load(self.audio, duration_s=duration_s)

    @property
    def monophonic(self):
        """Whether one note sounds at a time."""
        return self.kind in MONOPHONIC_KINDS

    @cached_property
    def checksum(self):
        """SHA-256 of the sound file."""
        return audio.checksum(self.audio)

    @cached_property
    def labels_checksum(self):
        """SHA-256 of what the labels are made from."""
        if self.labels is not None:
            return audio.checksum(self.labels)
        return hashlib.sha256(f"{self.checksum} {self.key} {ONSET_BELOW_PEAK_DB} {ONSET_WINDOW_S}".encode()).hexdigest()


@dataclass(frozen=True)
class Dataset(Sequence):
    """Recordings in the order of their ids; behaves as a sequence of them.

    Attributes
    ----------
    name : str
        "builtin", or the folder's name.
    recordings : tuple of Recording
    skipped : tuple of (Path, str)
        Sound files that were left out, and why.
    split : str
        What was asked for: "tune", "test" or "all".
    """

    name: str
    recordings: tuple
    skipped: tuple = field(default=(), repr=False)
    split: str = "all"

    def __len__(self):
        return len(self.recordings)

    def __getitem__(self, index):
        """A recording by its place or by its id."""
        if isinstance(index, str):
            found = [recording for recording in self.recordings if recording.id == index]
            if not found:
                raise KeyError(f"{index!r} is not in {self.name}{_nearest(index, [r.id for r in self.recordings])}")
            return found[0]
        return self.recordings[index]

    @cached_property
    def duplicates(self):
        """Recordings whose sound is the same, bit for bit: a list of lists of ids.

        Only files of equal size are read.
        """
        sizes = Counter(recording.audio.stat().st_size for recording in self.recordings)
        same = {}
        for recording in self.recordings:
            if sizes[recording.audio.stat().st_size] > 1:
                same.setdefault(recording.checksum, []).append(recording.id)
        return [ids for ids in same.values() if len(ids) > 1]


def load_dataset(name_or_dir, *, split="all", progress=True):
    """Find the recordings of a data set.

    A folder is searched with everything below it (hidden files aside). A sound file is a recording if

    - a label file of the same stem lies beside it (of several: .mid, .midi, .tsv, .csv, .txt in this order, because
      MIDI holds velocity and pedal; this includes MAPS, whose .txt was made from the .mid), or
    - its name is a key: A0.ogg, Ds1.ogg, C#4.wav, Bb3.flac, perhaps with a loudness: Piano.ff.Bb3.aiff, A0v8.wav.

    MAPS names (MAPS_MUS-<piece>_<piano>) say piece, piano, kind and split: the Disklavier recordings (ENSTDk...) are
    real and test, the sampled pianos rendered and tune (Hawthorne et al., ISMIR 2018).

    Parameters
    ----------
    name_or_dir : str or Path
        "builtin", a folder, or "phrases:" and a folder of single notes (see `pianolab.phrases`).
    split : {'all', 'tune', 'test'}
        Recordings without a declared split belong to every one.
    progress : bool
        Show a progress bar where sound has to be made first.

    Returns
    -------
    Dataset

    Raises
    ------
    DatasetError
        If the name or folder is unknown, holds no recording, or none of that split.
    """
    if split not in SPLITS:
        raise DatasetError(f"split {split!r} is unknown: use one of {', '.join(SPLITS)}")
    name = str(name_or_dir)
    if name == "builtin":
        found = _builtin(split, progress)
    elif name.startswith("phrases:"):
        from pianolab.phrases import phrases_of

        found = phrases_of(name.removeprefix("phrases:"))
    else:
        found = _folder(name_or_dir)
    chosen = tuple(r for r in found.recordings if split == "all" or r.split in ("", split))
    if not chosen:
        there = ", ".join(sorted({r.split for r in found.recordings}))
        raise DatasetError(f"{found.name} has no {split} recordings (only {there}): use split all")
    return replace(found, recordings=chosen, split=split)


def _builtin(split, progress):
    entries = [entry for entry in builtin_index() if split in ("all", entry["split"])]
    render_builtin(progress=progress, ids={entry["id"] for entry in entries})
    known = ("id", "piece", "title", "composer", "kind", "piano", "room", "licence", "split")
    recordings = (
        Recording(
            audio=audio_path(entry),
            labels=notes_path(entry),
            dataset="builtin",
            source="rendered",
            **{name: entry[name] for name in known},
        )
        for entry in entries
    )
    return Dataset("builtin", tuple(recordings))


def _folder(name_or_dir):
    folder = Path(name_or_dir)
    shown = printable(folder)
    if folder.is_file():
        raise DatasetError(f"{shown} is a file: name the folder that holds it, with its labels beside it")
    if not folder.is_dir():
        near = _nearest(str(name_or_dir), ["builtin", *_neighbours(folder)])
        raise DatasetError(f"data set {shown!r} is neither 'builtin' nor a folder{near or ': check the name'}")
    name = folder.resolve().name or str(folder)
    files = sorted(_files(folder))
    recordings, skipped = [], []
    labels = {path.with_suffix(""): [] for path in files}
    for path in files:
        if path.suffix.lower() in LABEL_SUFFIXES:
            labels[path.with_suffix("")].append(path)
    for path in files:
        if path.suffix.lower() in FOREIGN_SUFFIXES:
            skipped.append((path, f"{path.suffix} is not read here: convert it to .wav or .flac"))
        elif path.suffix.lower() in AUDIO_SUFFIXES:
            recording = _recording(path, labels[path.with_suffix("")], name)
            if recording:
                recordings.append(recording)
            else:
                reason = f"no labels: put {path.stem}.mid, .tsv, .csv or .txt beside it, or name it by its key (C#4)"
                skipped.append((path, reason))
    if not recordings:
        why = f"; {len(skipped)} sound files have no labels, such as {printable(skipped[0][0].name)}" if skipped else ""
        raise DatasetError(
            f"{shown} holds no labelled recording{why}: put sound and labels (.mid, .tsv, .csv, .txt) of the same name "
            "there"
        )
    return Dataset(name, tuple(_with_ids(recordings, folder)), tuple(skipped))


def _files(folder):
    """All files below a folder; links are followed, but no folder is entered twice; hidden names are left out."""
    seen = set()
    for root, folders, names in os.walk(folder, followlinks=True):
        here = os.stat(root)
        if (here.st_dev, here.st_ino) in seen:
            folders.clear()
            continue
        seen.add((here.st_dev, here.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(root, name) for name in names if not name.startswith(".") and Path(root, name).is_file())


def _recording(path, labels, dataset):
    """The recording of a sound file; None if nothing says what is played in it. Its id comes later."""
    if labels:
        best = min(labels, key=lambda label: LABEL_ORDER.index(label.suffix.lower()))
        return Recording("", path, best, dataset, **(_maps(path.stem) or {"piece": path.stem, "kind": _kind(best)}))
    key = _key_in(path.stem)
    if key is None:
        return None
    return Recording("", path, None, dataset, piece=note_name(key), kind="notes", key=key)


def _maps(stem):
    match = _MAPS.fullmatch(stem)
    if not match:
        return None
    group, piece, piano = match.groups()
    real = piano.startswith("ENSTDk")
    return {
        "piece": piece,
        "kind": _MAPS_KINDS[group],
        "piano": piano,
        "room": _MAPS_ROOMS.get(piano, ""),
        "licence": "CC-BY-NC-SA",
        "split": "test" if real else "tune",
        "source": "real" if real else "rendered",
    }


def _kind(labels):
    """What the labels say: one note at a time or several; labels that cannot be read fail when they are scored."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # whoever reads the labels to use them is warned
            notes = read_labels(labels)
    except ValueError:
        return "unknown"
    latest = np.maximum.accumulate(notes.offset)[:-1]
    return "polyphonic" if np.any(notes.onset[1:] < latest - OVERLAP_S) else "monophonic"


def _key_in(stem):
    """MIDI number of the key that a stem names; None if it names none, or holds other words."""
    parts = [part for part in re.split(r"[\s._-]+", stem) if part and not _LOUDNESS.fullmatch(part)]
    if len(parts) != 1:
        return None
    try:
        midi = parse_note(re.sub(r"v\d+$", "", parts[0]))
    except ValueError:
        return None
    return midi if MIDI_LOW <= midi <= MIDI_HIGH else None


def _with_ids(recordings, folder):
    """Give ids: the stem, else the path below the folder, else with the suffix, whatever tells all apart."""
    paths = [recording.audio.relative_to(folder) for recording in recordings]
    stems = Counter(path.stem for path in paths)
    longer = Counter(path.with_suffix("") for path in paths)
    for recording, path in zip(recordings, paths, strict=True):
        whole = path.with_suffix("") if longer[path.with_suffix("")] == 1 else path
        yield replace(recording, id=path.stem if stems[path.stem] == 1 else whole.as_posix())


def _neighbours(folder):
    try:
        return [str(path) for path in folder.parent.iterdir() if path.is_dir()]
    except OSError:
        return []


def _nearest(name, known):
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    return f": did you mean {' or '.join(printable(n) for n in near)}?" if near else ""
