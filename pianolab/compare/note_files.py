"""What other systems heard: the note files that they wrote, found by the names of the recordings.

Many systems add a word to the name of the sound, so `song_basic_pitch.mid` and `song.wav.midi` both stand for
`song.wav`. A file of the very name of the recording comes first, then one that differs in accents and capitals as
`pianolab.data.pairing` says, then one with such a word.
"""

import heapq
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from pianolab.compare.cache import Heard
from pianolab.compare.errors import CompareError, caught_warnings
from pianolab.data import Recording
from pianolab.data.pairing import composed, same_name
from pianolab.errors import printable
from pianolab.labels import FOREIGN_LABELS, LABEL_SUFFIXES, read_labels, read_pedal
from pianolab.session import Transcription
from pianolab.sound import AUDIO_SUFFIXES, FOREIGN_SUFFIXES

# What follows the name of the sound, and who writes it.
_ADDED_WORDS = (
    "basic_pitch",  # Basic Pitch: build_output_path in basic_pitch/inference.py
    "nntranscription",  # NeuralNote: NNFileUtils
    "pred",  # Onsets and Frames of J. Kim: song.flac.pred.mid, in transcribe.py
    "transkun",  # Transkun lets the user name the file; its own examples and scripts of users add this.
    "onsets_and_frames",
    "mt3",
    "bytedance",  # High-Resolution Piano Transcription
    "hft",  # hFT-Transformer
    # By hand, by scripts or by web services.
    *("transcribed", "transcription", "amt", "piano", "midi", "notes", "est", "estimate", "estimated"),
    *("output", "out", "result"),
)
_WORDS = "|".join(_ADDED_WORDS)
_SOUND_SUFFIXES = "|".join(suffix[1:] for suffix in (*AUDIO_SUFFIXES, *FOREIGN_SUFFIXES))
# Magenta's Onsets and Frames appends .midi to the whole name of the sound (onsets_frames_transcription_transcribe.py).
_ADDED = re.compile(rf"([ ._-]({_WORDS}|\(({_WORDS})\))|\.({_SOUND_SUFFIXES}))$")
_N_SHOWN = 3


@dataclass(frozen=True)
class NoteFiles:
    """The note files of another system.

    Attributes
    ----------
    folder : Path
    paths : tuple of Path
        All files in it and below it that may hold notes.
    """

    folder: Path
    paths: tuple[Path, ...]

    def of(self, recording: Recording, *, others: frozenset[str] = frozenset()) -> list[Path]:
        """Files that may stand for a recording, by the nearest way of writing its name.

        Parameters
        ----------
        recording : Recording
        others : frozenset of str
            Names of all recordings, as `same_name` makes them: a file of such a name is not taken for another's with a
            word added.

        Returns
        -------
        list of Path
            Of several of one name and folder all are given, in the order of LABEL_SUFFIXES.
        """
        stem = recording.audio.stem
        found = (
            self._by_stem.get(stem)
            or self._by_same_name.get(same_name(stem))
            or [path for path in self._by_name_alone.get(same_name(stem), []) if same_name(path.stem) not in others]
        )
        folders = _folders(recording)
        in_place = [path for path in found if _ends_with(path.parent, folders)]
        return sorted(in_place, key=lambda path: LABEL_SUFFIXES.index(path.suffix.lower()))

    @cached_property
    def _by_stem(self) -> dict[str, list[Path]]:
        return _grouped((path.stem, path) for path in self.paths)

    @cached_property
    def _by_same_name(self) -> dict[str, list[Path]]:
        return _grouped((same_name(path.stem), path) for path in self.paths)

    @cached_property
    def _by_name_alone(self) -> dict[str, list[Path]]:
        return _grouped((_without_added(path.stem), path) for path in self.paths)

    def named_like(self, stem: str) -> str:
        """The files that are there, those first that begin as a name does, in words.

        Parameters
        ----------
        stem : str
            The name that was looked for.

        Returns
        -------
        str
        """
        wanted, n = same_name(stem), len(self.paths)
        alike = {name: _n_alike(name, wanted) for name in self._by_same_name}
        near = heapq.nlargest(_N_SHOWN, self.paths, key=lambda path: alike[same_name(path.stem)])
        shown = ", ".join(printable(path.relative_to(self.folder).as_posix()) for path in near)
        return f"there {'is' if n == 1 else f'are {n}:'} {shown}{', ...' * (n > _N_SHOWN)}"


def find_note_files(name: str, path: str | Path) -> NoteFiles:
    """The note files of a folder and below it.

    Parameters
    ----------
    name : str
        What the other system is called.
    path : str or Path
        The folder.

    Returns
    -------
    NoteFiles

    Raises
    ------
    CompareError
        If the name or the folder cannot be used, or no note file lies there.
    """
    folder = Path(path)
    if not name or ":" in name:
        raise CompareError(f"{name!r} is no name for estimates: use a word without colons")
    if not folder.is_dir():
        raise CompareError(f"estimates {name}: {printable(folder)} is not a folder: give NAME=DIR with note files")
    there = [path for path in sorted(folder.rglob("[!.]*")) if path.is_file()]
    paths = tuple(path for path in there if path.suffix.lower() in LABEL_SUFFIXES)
    if not paths:
        others = f", but {', '.join(printable(path.name) for path in there[:_N_SHOWN])}" if there else ""
        remedies = {FOREIGN_LABELS[path.suffix.lower()] for path in there if path.suffix.lower() in FOREIGN_LABELS}
        remedy = f": {min(remedies)}" if remedies else ""
        suffixes = ", ".join(LABEL_SUFFIXES)
        raise CompareError(f"estimates {name}: {printable(folder)} holds no note files ({suffixes}){others}{remedy}")
    return NoteFiles(folder, paths)


def read_note_file(recording: Recording, files: NoteFiles, *, others: frozenset[str] = frozenset()) -> Heard | str:
    """What another system wrote down of a recording.

    Parameters
    ----------
    recording : Recording
    files : NoteFiles
    others : frozenset of str
        Names of all recordings, as `same_name` makes them.

    Returns
    -------
    Heard or str
        A text says why there is nothing.

    Raises
    ------
    LabelError
        If the file cannot be read.
    """
    stem = printable("/".join([*_folders(recording), composed(recording.audio.stem)]))
    paths = files.of(recording, others=others)
    if not paths:
        return f"no note file is called {stem!r}; {files.named_like(stem)}; call it {stem}.mid, say"
    if len({path.with_suffix("") for path in paths}) > 1:
        names = ", ".join(printable(path.relative_to(files.folder).as_posix()) for path in paths[:_N_SHOWN])
        return f"{len(paths)} note files may stand for {stem!r} ({names}): keep one"
    with caught_warnings() as caught:
        notes, pedal = read_labels(paths[0]), read_pedal(paths[0])
        if len(paths) > 1:
            rest = ", ".join(path.suffix for path in paths[1:])
            caught.append(f"{printable(paths[0].name)} is read, the same name with {rest} is not")
    # A file without any pedal may be of a system that does not hear it.
    return Heard(Transcription(notes, math.nan, math.nan, pedal=pedal if len(pedal) else None), tuple(caught))


def _folders(recording: Recording) -> tuple[str, ...]:
    """The folders that tell a recording from others of the same stem; they stand in its id."""
    return PurePosixPath(recording.id).parent.parts


def _grouped(named: Iterator[tuple[str, Path]]) -> dict[str, list[Path]]:
    groups: dict[str, list[Path]] = {}
    for name, path in named:
        groups.setdefault(name, []).append(path)
    return groups


def _without_added(stem: str) -> str:
    """The name of the sound in the name of a note file."""
    name, shorter = "", same_name(stem)
    while shorter != name:
        name, shorter = shorter, _ADDED.sub("", shorter)
    return name


def _n_alike(one: str, other: str) -> int:
    """How many characters at their beginning are the same."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _ends_with(folder: Path, parts: Sequence[str]) -> bool:
    return not parts or [composed(part) for part in folder.parts[-len(parts) :]] == list(parts)
