"""Phrases: single notes put one after the other, so that a melody has labels that are true to the sample.

What comes in: a folder of single notes (see `pianolab.data`). What comes out: phrases of random keys, each held
0.25 to 1 s and then damped within 100 ms while the next one begins, as a legato melody on a piano. Real single notes
thereby give real-sounding melodies whose onsets nobody had to guess.
"""

import hashlib
import inspect
import json
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pianolab import sound
from pianolab.data.builtin import made_dir
from pianolab.data.folders import read_folder
from pianolab.data.recording import Dataset, DatasetError, Recording
from pianolab.errors import printable
from pianolab.labels import write_labels
from pianolab.roll import Notes

START_S = 0.3  # So long it is silent before the first note.
BEFORE_ONSET_S = 0.004  # The foot of an attack: this much before a note's onset is kept and faded in.


@dataclass(frozen=True)
class Settings:
    """How phrases are made.

    Attributes
    ----------
    n_phrases, n_notes : int
        Phrases in all, notes in each.
    seed : int
        Fixes everything that is drawn.
    shortest_s, longest_s : float
        How long a key is held, drawn evenly between.
    release_s : float
        How long the sound takes to fade (to nothing, straight) once the key is let go.
    sr : int
        Hz.
    """

    n_phrases: int = 60
    n_notes: int = 15
    seed: int = 0
    shortest_s: float = 0.25
    longest_s: float = 1.0
    release_s: float = 0.1
    sr: int = 44100


@dataclass(frozen=True)
class Phrase:
    """One phrase in memory.

    Attributes
    ----------
    id : str
        Its number, such as "phrase_001".
    y : (n,) float32
        Mono.
    sr : int
        Hz.
    notes : Notes
        Labels.
    """

    id: str
    y: npt.NDArray[np.float32] = field(repr=False)
    sr: int
    notes: Notes


def make_phrases(source: str | os.PathLike[str] | Dataset, **settings: Any) -> Iterator[Phrase]:
    """Make phrases from single notes.

    Parameters
    ----------
    source : str, Path or Dataset
        A folder of single notes, or a data set of them.
    **settings
        Fields of `Settings`: n_phrases, n_notes, seed, shortest_s, longest_s, release_s, sr.

    Yields
    ------
    Phrase
        The same for the same notes and settings. Each note ends when the next begins, so nothing overlaps in the
        labels; velocity is unknown (NaN).

    Raises
    ------
    DatasetError
        If a setting makes no sense, or no note is long enough.
    """
    checked = _checked(settings)
    return _phrases(_singles(source), checked)


def phrases_of(folder: str | os.PathLike[str]) -> Dataset:
    """The data set of phrases made from a folder of single notes, written once and kept (see `made_dir`).

    Parameters
    ----------
    folder : str or Path

    Returns
    -------
    Dataset
        Named "phrases of <folder>"; recordings of kind "phrases".

    Raises
    ------
    DatasetError
        If the folder holds no single notes, or the phrases cannot be written.
    """
    settings, source = Settings(), read_folder(folder)
    singles = _singles(source)
    parts = [asdict(settings), inspect.getsource(sys.modules[__name__])]
    parts += [(recording.checksum, recording.labels_checksum) for recording in singles]
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
    home = made_dir("phrases") / f"{source.name}-{key}"
    if not home.is_dir():
        _write(_phrases(singles, settings), home)
    name, sources = f"phrases of {source.name}", {recording.source for recording in singles}
    common: dict[str, Any] = {
        "dataset": name,
        "kind": "phrases",
        "source": sources.pop() if len(sources) == 1 else "unknown",
    }
    sounds = sorted(home.glob("*.flac"))
    recordings = [Recording(p.stem, p, p.with_suffix(".tsv"), piece=p.stem, **common) for p in sounds]
    return Dataset(name, tuple(recordings), source.skipped)


def _checked(given: dict[str, Any]) -> Settings:
    known = Settings.__dataclass_fields__
    if unknown := given.keys() - known.keys():
        raise DatasetError(f"phrase setting {sorted(unknown)[0]!r} is unknown: use one of {', '.join(known)}")
    settings = Settings(**given)
    if not (settings.n_phrases > 0 and settings.n_notes > 0):
        raise DatasetError(f"{settings.n_phrases} phrases of {settings.n_notes} notes: ask for at least one of each")
    if not 0.05 <= settings.shortest_s <= settings.longest_s < np.inf or not 0 <= settings.release_s < np.inf:
        raise DatasetError(
            f"notes of {settings.shortest_s} to {settings.longest_s} s with a release of {settings.release_s} s: "
            "use lengths from 0.05 s, the shortest first, and a release of 0 or more"
        )
    return settings


def _singles(source: str | os.PathLike[str] | Dataset) -> list[Recording]:
    dataset = source if isinstance(source, Dataset) else read_folder(source)
    singles = [r for r in dataset.recordings if r.key is not None or (r.kind == "notes" and len(r.notes()) == 1)]
    if not singles:
        raise DatasetError(f"{dataset.name} holds no single notes: name sound files by their key (A0.wav, C#4.wav)")
    return singles


def _phrases(singles: list[Recording], settings: Settings) -> Iterator[Phrase]:
    rng = np.random.default_rng(settings.seed)
    notes = [note for note in (_single(recording, settings) for recording in singles) if note is not None]
    if not notes:
        raise DatasetError(f"no note sounds for {settings.shortest_s} s: ask for a shorter shortest_s")
    for number in range(1, settings.n_phrases + 1):
        yield _phrase(f"phrase_{number:03d}", notes, settings, rng)


def _single(recording: Recording, settings: Settings) -> tuple[int, npt.NDArray[np.float32], int] | None:
    """(MIDI number, sound from just before its onset, samples before the onset); None if it is too short."""
    labels = recording.notes()
    y, sr = recording.load()
    onset = max(round(labels.onset[0] * sr), 0)
    before = min(onset, round(BEFORE_ONSET_S * sr))
    end = min(round(labels.offset[0] * sr), len(y))
    y = sound.resample(y[onset - before : end], sr=sr, target_sr=settings.sr)
    before = round(before * settings.sr / sr)
    return (int(labels.midi[0]), y, before) if len(y) - before >= settings.shortest_s * settings.sr else None


def _phrase(name: str, notes: list, settings: Settings, rng: np.random.Generator) -> Phrase:
    sr, release = settings.sr, round(settings.release_s * settings.sr)
    at, rows, parts = round(START_S * sr), [], []
    for _ in range(settings.n_notes):
        midi, y, before = notes[rng.integers(len(notes))]
        held = min(round(rng.uniform(settings.shortest_s, settings.longest_s) * sr), len(y) - before)
        part = y[: before + held + release].copy()
        part[:before] *= np.arange(1, before + 1) / (before + 1)
        fade = part[before + held :]
        fade *= 1.0 - np.arange(1, len(fade) + 1) / (release + 1)
        parts.append((at - before, part))
        rows.append((at / sr, (at + held) / sr, midi))
        at += held
    y = np.zeros(at + release + 1, np.float32)
    for start, part in parts:
        y[start : start + len(part)] += part
    return Phrase(name, y / max(1.0, np.max(np.abs(y)) / 0.99), sr, Notes(*np.array(rows).T))


def _write(phrases: Iterator[Phrase], home: Path) -> None:
    """Write a whole folder of phrases under a temporary name and rename it: it is there complete or not at all."""
    temporary = home.with_name(f".{home.name}-{secrets.token_hex(4)}")
    try:
        temporary.mkdir(parents=True)
        for phrase in phrases:
            sound.write(temporary / f"{phrase.id}.flac", phrase.y, sr=phrase.sr)
            write_labels(temporary / f"{phrase.id}.tsv", phrase.notes)
        os.rename(temporary, home)
    except OSError as error:
        # Where the folder is there, another process was faster, with the same content.
        if not home.is_dir():
            raise DatasetError(
                f"{printable(home)} cannot be written ({error.strerror}): free some space, or set PIANOLAB_DATA to a "
                "copy of data/ that is yours"
            ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
