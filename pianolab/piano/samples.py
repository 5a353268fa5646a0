"""Recorded single notes of a piano: which files there are, what key each is and how hard it was struck.

What comes in: a folder. Its files are named by their keys (as `pianolab.units.key_in_name` reads them: A0.ogg, C#4.wav,
Piano.ff.Bb3.flac), or they are listed in an index.json, a list with one object a file:

- file: its name in the folder; midi: its key, 21 to 108; onset_s: when its stroke begins, in seconds;
- dynamic: how hard it was struck, as a velocity from 0 to 1, or null where that is not known;
- mic, where a stroke was recorded by several microphones: the name of this one.

What else stands in the index is passed over. What comes out: what is known of each note; its sound is read when it is
wanted.
"""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pianolab import sound
from pianolab.errors import one_line, printable
from pianolab.piano.instruments import PianoError
from pianolab.units import MIDI_HIGH, MIDI_LOW, key_in_name

INDEX_NAME = "index.json"
LONGEST_S = 12.0  # No more of a single note is read.
_NEEDED = ("file", "midi", "onset_s", "dynamic")


class SingleNote(NamedTuple):
    """A recorded stroke of one key.

    Attributes
    ----------
    path : Path
    midi : int
    onset_s : float or None
        Seconds from the beginning of the file; None where it has to be measured.
    dynamic : float or None
        Velocity from 0 to 1; None where it is not known.
    """

    path: Path
    midi: int
    onset_s: float | None
    dynamic: float | None

    def load(self, *, sr: int, duration_s: float = LONGEST_S) -> tuple[npt.NDArray[np.float32], float]:
        """The beginning of the recording.

        Parameters
        ----------
        sr : int
            Hz.
        duration_s : float
            No more than this is read.

        Returns
        -------
        y : (n,) float32
        onset_s : float
            When the stroke begins.

        Raises
        ------
        AudioError
            If the file is missing or cannot be read.
        PianoError
            If the file ends before its onset.
        """
        y, rate = sound.load(self.path, duration_s=duration_s)
        y = sound.resample(y, sr=rate, target_sr=sr)
        onset_s = sound.first_onset_s(y, sr=sr) if self.onset_s is None else self.onset_s
        if len(y) <= round(onset_s * sr):
            raise PianoError(f"{printable(self.path)} ends before its onset_s {onset_s:g}: correct {INDEX_NAME}")
        return y, onset_s


def list_single_notes(folder: str | Path, *, microphone: str | None = None) -> list[SingleNote]:
    """The single notes of a folder.

    Parameters
    ----------
    folder : str or Path
    microphone : str, optional
        Where there are several; the one that the index names first by default.

    Returns
    -------
    list of SingleNote
        At least one.

    Raises
    ------
    PianoError
        If the folder holds no single notes, or its index is wrong or names a file that is missing.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise PianoError(f"{printable(folder)} is no folder: name one that holds single notes of a piano")
    index = folder / INDEX_NAME
    if index.is_file():
        return _of_one_microphone(_entries(index), index, microphone)
    if microphone is not None:
        raise PianoError(f"{printable(folder)} has no {INDEX_NAME} that names microphones: leave microphone out")
    suffixes = sound.readable_suffixes()
    paths = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in suffixes]
    found = [SingleNote(path, key, None, None) for path in paths if (key := key_in_name(path.stem)) is not None]
    if not found:
        raise PianoError(f"{printable(folder)} holds no single notes: name them by their keys (A0.ogg, C#4.wav)")
    return found


def _entries(index: Path) -> list[dict[str, Any]]:
    shown = printable(index)
    try:
        entries = json.loads(index.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise PianoError(f"{shown} cannot be read as JSON ({one_line(str(error))}): write it anew") from error
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise PianoError(f"{shown} is no list of notes: write one object with {', '.join(_NEEDED)} for each file")
    for number, entry in enumerate(entries, start=1):
        why = _fault(entry, index.parent)
        if why:
            raise PianoError(f"{shown}, note {number}: {why}")
    return entries


def _fault(entry: dict[str, Any], folder: Path) -> str:
    """What is wrong with an entry of the index, and what to do; '' if nothing is."""
    for name in _NEEDED:
        if name not in entry:
            return f"{name} is missing: write {', '.join(_NEEDED)}"
    file, midi, onset_s, dynamic = (entry[name] for name in _NEEDED)
    if not isinstance(file, str) or Path(file).name != file:
        return f"file {one_line(str(file))} is no name of a file in the folder"
    if isinstance(midi, bool) or not isinstance(midi, int) or not MIDI_LOW <= midi <= MIDI_HIGH:
        return f"midi {one_line(str(midi))} is no key: use {MIDI_LOW} (A0) to {MIDI_HIGH} (C8)"
    if not _is_number(onset_s, 0.0, LONGEST_S):
        return f"onset_s {one_line(str(onset_s))} is no time in the file: use 0 to {LONGEST_S:g} s"
    if dynamic is not None and not _is_number(dynamic, 0.0, 1.0):
        return f"dynamic {one_line(str(dynamic))} is no velocity: use 0 to 1, or null"
    if not os.path.isfile(folder / file):  # That is no error for a name that cannot be.
        return f"{printable(file)} is missing in the folder: put it there, or take it out of the index"
    return ""


def _is_number(value: Any, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _of_one_microphone(entries: list[dict[str, Any]], index: Path, microphone: str | None) -> list[SingleNote]:
    names = list(dict.fromkeys(str(entry.get("mic") or "") for entry in entries))
    chosen = names[0] if microphone is None else microphone
    if chosen not in names:
        known = ", ".join(filter(None, names)) or "none by name"
        raise PianoError(f"{printable(index)} has no microphone {printable(chosen)!r}: it has {known}")
    return [
        SingleNote(index.parent / entry["file"], entry["midi"], entry["onset_s"], entry["dynamic"])
        for entry in entries
        if str(entry.get("mic") or "") == chosen
    ]
