"""A recording and a data set: sound, the notes that are played in it, and what is known about it."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import overload

import numpy as np
import numpy.typing as npt

from pianolab import sound
from pianolab.errors import PianolabError, nearest
from pianolab.labels import read_labels, read_pedal
from pianolab.roll import Notes
from pianolab.sound import ONSET_BELOW_PEAK_DB, ONSET_WINDOW_S, first_onset_s
from pianolab.texts.choices import PedalRule

RECORDED_NOTES = "recorded notes"
# What a reader of results should know of each source, in one sentence.
SOURCES = {
    "real": "A real piano sounds, in a real room.",
    "rendered": "No piano sounds here: these were rendered from notes.",
    RECORDED_NOTES: (
        "Every sound is a recorded note of a real piano, but nobody played the music: single notes are as they were "
        "recorded, phrases are such notes one after the other, and pieces were rendered from them, with the sustain "
        "pedal, in measured rooms."
    ),
}
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
        Recordings of one piece have the same ``piece``; in published sets it is "composer: title".
    kind : str
        "notes", "scale", "melody", "phrases", "chords", "piece"; where only the labels tell, "monophonic" or
        "polyphonic"; "unknown" if they cannot be read.
    split : str
        "tune", "test", or as published sets have it "train", "validation", "test"; "" where the set declares none.
    source : str
        "real" (a piano sounded), "rendered" (from samples or a model), "recorded notes" (single ones, and what was made
        of them; see data/real/README.md) or "unknown". Never average recordings of different sources.
    key : int or None
        MIDI number of a single note that is named by its key.
    proposed : bool
        Whether its labels are those of a take that no player has confirmed.
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
    proposed: bool = False

    def notes(self, pedal: PedalRule = "release") -> Notes:
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
        DatasetError
            If the recording has neither labels nor a key.
        """
        if self.labels is not None:
            return read_labels(self.labels, pedal=pedal)
        if self.key is None:
            raise DatasetError(f"{self.id!r} has neither labels nor a key: name one of them")
        y, sr = self.load()
        return Notes([first_onset_s(y, sr=sr)], [len(y) / sr], [self.key])

    def pedal(self) -> npt.NDArray[np.float64]:
        """When the sustain pedal is down, as far as the labels say.

        Returns
        -------
        (n, 2) float64
            Seconds down and up. Empty where the labels say nothing of it, which may mean that nobody wrote it down.

        Raises
        ------
        LabelError
            If the label file cannot be used.
        """
        return np.zeros((0, 2)) if self.labels is None else read_pedal(self.labels)

    def load(self, duration_s: float | None = None) -> tuple[npt.NDArray[np.float32], int]:
        """The sound, as `pianolab.sound.load` gives it.

        Parameters
        ----------
        duration_s : float, optional
            Seconds from the beginning; all if not given.

        Returns
        -------
        y : (n,) float32
            Mono.
        sr : int
            Hz.
        """
        return sound.load(self.audio, duration_s=duration_s)

    @property
    def monophonic(self) -> bool:
        """Whether one note sounds at a time."""
        return self.kind in MONOPHONIC_KINDS

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of the sound file."""
        return sound.checksum(self.audio)

    @cached_property
    def labels_checksum(self) -> str:
        """SHA-256 of what the labels are made from."""
        if self.labels is not None:
            return sound.checksum(self.labels)
        return hashlib.sha256(f"{self.checksum} {self.key} {ONSET_BELOW_PEAK_DB} {ONSET_WINDOW_S}".encode()).hexdigest()


@dataclass(frozen=True)
class Dataset(Sequence[Recording]):
    """Recordings in the order of their ids; behaves as a sequence of them.

    Attributes
    ----------
    name : str
        "builtin", "real", or the folder's name.
    recordings : tuple of Recording
    skipped : tuple of (Path, str)
        Sound files and folders that were left out, and why.
    split : str
        What was asked for, such as "test" or "all".
    taken_for : tuple of str
        The published sets that the folder was taken for, each with what told it; empty for a folder of one's own.
    """

    name: str
    recordings: tuple[Recording, ...]
    skipped: tuple[tuple[Path, str], ...] = field(default=(), repr=False)
    split: str = "all"
    taken_for: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.recordings)

    def __contains__(self, item: object) -> bool:
        """Whether a recording, or one of this id, is here."""
        return any(item in (recording.id, recording) for recording in self.recordings)

    @overload
    def __getitem__(self, index: int | str) -> Recording: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Recording, ...]: ...
    def __getitem__(self, index: int | str | slice) -> Recording | tuple[Recording, ...]:
        """A recording by its place or by its id; several by a slice."""
        if isinstance(index, str):
            found = [recording for recording in self.recordings if recording.id == index]
            if not found:
                raise KeyError(f"{index!r} is not in {self.name}{nearest(index, [r.id for r in self.recordings])}")
            return found[0]
        return self.recordings[index]

    @cached_property
    def duplicates(self) -> list[list[str]]:
        """Recordings whose sound is the same, bit for bit: a list of lists of ids.

        Only files of equal size are read. One that cannot be read is like no other.
        """
        by_size: dict[int, list[Recording]] = {}
        same: dict[str, list[str]] = {}
        for recording in self.recordings:
            with suppress(OSError):
                by_size.setdefault(recording.audio.stat().st_size, []).append(recording)
        for recording in (recording for equal in by_size.values() if len(equal) > 1 for recording in equal):
            with suppress(OSError, ValueError):
                same.setdefault(recording.checksum, []).append(recording.id)
        return [ids for ids in same.values() if len(ids) > 1]
