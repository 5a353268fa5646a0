"""A recording and a data set: sound, the notes that are played in it, and what is known about it."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pianolab import sound
from pianolab.errors import PianolabError, nearest
from pianolab.labels import read_labels
from pianolab.roll import Notes
from pianolab.sound import ONSET_BELOW_PEAK_DB, ONSET_WINDOW_S, first_onset_s

MONOPHONIC_KINDS = ("notes", "scale", "melody", "phrases", "monophonic")


class DatasetError(PianolabError):
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
        return sound.load(self.audio, duration_s=duration_s)

    @property
    def monophonic(self):
        """Whether one note sounds at a time."""
        return self.kind in MONOPHONIC_KINDS

    @cached_property
    def checksum(self):
        """SHA-256 of the sound file."""
        return sound.checksum(self.audio)

    @cached_property
    def labels_checksum(self):
        """SHA-256 of what the labels are made from."""
        if self.labels is not None:
            return sound.checksum(self.labels)
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
                raise KeyError(f"{index!r} is not in {self.name}{nearest(index, [r.id for r in self.recordings])}")
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
