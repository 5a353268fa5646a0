"""The data set that comes with pianolab: note lists in the repository, sound made from them on first use.

What comes in: data/builtin/index.json (what each recording is) and data/builtin/notes (which keys are played when).
What comes out: <id>.flac at 44.1 kHz, rendered by `pianolab.piano` and kept, in data/builtin/audio of a clone or in the
user's cache folder, until the notes or the piano change. index.json also holds a fingerprint of the sound, its energy
in eight octaves in every second, so that anyone can check that their machine renders what ours did.
"""

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt
import soundfile as sf
from tqdm.auto import tqdm

from pianolab.data.index import RESTORE, read_index
from pianolab.errors import PianolabError, nearest, printable
from pianolab.files import refuse_unwritable, replacing
from pianolab.labels import read_labels, read_pedal
from pianolab.places import SHIPPED, cache_dir, comes_with, user_dir
from pianolab.roll import Notes

SR = 44100
TAIL_S = 0.6  # The sound lasts this long after the last release.
BAND_EDGES_HZ = (40, 80, 160, 320, 640, 1280, 2560, 5120, 10240)
FINGERPRINT_FLOOR_DB = -90.0
FINGERPRINT_TOLERANCE_DB = 0.5  # Other machines differ by rounding only.
_AUDIO = "builtin/audio"


class BuiltinError(PianolabError):
    """The built-in data set cannot be found or used; the message is one line with the remedy."""


class IndexEntry(TypedDict):
    """What index.json says of one recording.

    Attributes
    ----------
    id, piece, title, composer, kind, split, piano, room, licence : str
        As in `pianolab.data.Recording`; the split is "tune" or "test".
    seed : int
        Of the rendering.
    seconds : float
        Length of the sound.
    fingerprint_db : list of lists of float
        Energy in each octave band of ``BAND_EDGES_HZ`` in each second.
    """

    id: str
    piece: str
    title: str
    composer: str
    kind: str
    split: str
    piano: str
    room: str
    licence: str
    seed: int
    seconds: float
    fingerprint_db: list[list[float]]


# The rest is written when the set has been rendered, which reads the index.
_NEEDED = {name: kind for name, kind in IndexEntry.__annotations__.items() if kind in (str, int)}
# Files of the piano's folder that make the sound: all that `render` imports of it.
_PIANO = Path(__file__).parents[1] / "piano"
_RENDERS = ("instruments.py", "rendering.py", "rooms.py", "strokes.py")


def data_dir() -> Path:
    """Folder of the data sets: the environment variable PIANOLAB_DATA, else what comes with the package.

    Returns
    -------
    Path

    Raises
    ------
    BuiltinError
        If neither holds builtin/index.json.
    """
    given = os.environ.get("PIANOLAB_DATA")
    folder = Path(given) if given else comes_with("data")
    if not (folder / "builtin" / "index.json").is_file():
        if given:
            where, remedy = (
                f"PIANOLAB_DATA is {printable(given)!r}, which",
                "unset it, or name the data folder of a clone",
            )
        else:
            where, remedy = "this installation", "install pianolab again, or set PIANOLAB_DATA to the data of a clone"
        raise BuiltinError(f"{where} has no builtin/index.json: {remedy}")
    return folder


def made_dir(name: str) -> Path:
    """Folder for what is made of the data sets and can be made again; it need not exist yet.

    Parameters
    ----------
    name : str
        Of the folder below the data folder, such as "phrases".

    Returns
    -------
    Path
        In the data folder where that is a clone's or was given, and can be written; else in the user's cache folder.

    Raises
    ------
    BuiltinError
        If there is no data folder.
    PlaceError
        If no folder can be written.
    """
    return _beside_data(name) or cache_dir() / name


def kept_dir(name: str) -> Path:
    """Folder for what a user makes and keeps; it need not exist yet.

    Parameters
    ----------
    name : str
        Of the folder below the data folder, such as "takes".

    Returns
    -------
    Path
        In the data folder where that is a clone's or was given, and can be written; else in the user's own folder.

    Raises
    ------
    BuiltinError
        If there is no data folder.
    """
    return _beside_data(name) or user_dir() / name


def _beside_data(name: str) -> Path | None:
    """A folder in the data folder; None where that came with a wheel or cannot be written."""
    folder = data_dir() / name
    if folder.is_relative_to(SHIPPED):
        return None
    try:
        refuse_unwritable(folder.parent)
    except OSError:
        return None
    return folder


def builtin_index() -> list[IndexEntry]:
    """What the built-in set holds.

    Returns
    -------
    list of IndexEntry
        One a recording, in the order of index.json.

    Raises
    ------
    BuiltinError
        If the folder or a whole index is not there.
    """
    return read_index(data_dir() / "builtin" / "index.json", _NEEDED, refused=BuiltinError)


def write_index(entries: Iterable[Mapping[str, Any]], folder: str | os.PathLike[str]) -> None:
    """Write index.json: what holds for all, then one recording after the other, a fingerprint on one line.

    Parameters
    ----------
    entries : iterable of IndexEntry
        Seconds and fingerprint may be missing.
    folder : str or Path
    """
    head = {
        "about": "The built-in data set of pianolab; written by compose.py, see data/README.md",
        "sr": SR,
        "band_edges_hz": BAND_EDGES_HZ,
        "fingerprint_tolerance_db": FINGERPRINT_TOLERANCE_DB,
    }
    lines = [f'"{key}": {json.dumps(value)},' for key, value in head.items()]
    blocks = []
    for entry in entries:
        fields = [f'  "{key}": {json.dumps(value, ensure_ascii=False)}' for key, value in entry.items()]
        blocks.append("{\n" + ",\n".join(fields) + "\n}")
    with replacing(Path(folder) / "index.json") as temporary:
        text = "{\n" + "\n".join(lines) + '\n"recordings": [\n' + ",\n".join(blocks) + "\n]}\n"
        temporary.write_text(text, encoding="utf-8")


def notes_path(entry: IndexEntry) -> Path:
    """Where the note list of a recording is.

    Parameters
    ----------
    entry : IndexEntry

    Returns
    -------
    Path
    """
    return data_dir() / "builtin" / "notes" / f"{entry['id']}.mid"


def audio_path(entry: IndexEntry) -> Path:
    """Where the sound of a recording is, or will be.

    Parameters
    ----------
    entry : IndexEntry

    Returns
    -------
    Path
    """
    name = f"{entry['id']}.flac"
    beside_notes = data_dir() / _AUDIO / name
    # Somebody may have rendered the set into a folder that this user can only read.
    is_current = _stored_key(beside_notes) == render_key(entry, piano_source())
    return beside_notes if is_current else made_dir(_AUDIO) / name


def render_notes(
    notes: Notes, *, piano: str, room: str, seed: int, pedal: npt.ArrayLike | None = None
) -> npt.NDArray[np.float32]:
    """Notes as sound, the way the whole set is rendered.

    Parameters
    ----------
    notes : Notes
    piano, room, seed, pedal
        As in `pianolab.piano.render`.

    Returns
    -------
    (n,) float32
        Mono at 44.1 kHz.
    """
    from pianolab.piano import render  # It takes a second to load, and most who ask for data render nothing.

    return render(notes, sr=SR, piano=piano, room=room, pedal=pedal, seed=seed, tail_s=TAIL_S)


def render_builtin(*, progress: bool = True, force: bool = False, ids: Collection[str] | None = None) -> list[str]:
    """Render the recordings that are missing or were made from other notes or by another piano.

    Safe to interrupt and to run twice at once: a file appears when it is whole.

    Parameters
    ----------
    progress : bool
        Show a progress bar.
    force : bool
        Render also what is there and up to date.
    ids : collection of str, optional
        Only these recordings; all by default.

    Returns
    -------
    list of str
        The ids that were rendered.

    Raises
    ------
    BuiltinError
        If the data folder is missing or cannot be written to, or an id is unknown.
    """
    entries = {entry["id"]: entry for entry in builtin_index()}
    for name in entries if ids is None else ids:
        if name not in entries:
            raise BuiltinError(f"the built-in set has no recording {name!r}{nearest(str(name), entries)}")
    wanted = [entry for name, entry in entries.items() if ids is None or name in ids]
    source = piano_source()
    todo = [entry for entry in wanted if force or _stored_key(audio_path(entry)) != render_key(entry, source)]
    if not todo:
        return []
    folder = made_dir(_AUDIO)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for entry in tqdm(todo, desc="rendering the built-in set", unit="recording", disable=not progress):
            _render_one(entry, source, folder)
    except OSError as error:
        raise BuiltinError(
            f"{printable(folder)} cannot be written ({error.strerror or error}): free some space, or set "
            "PIANOLAB_DATA to a copy of data/ that is yours"
        ) from error
    return [entry["id"] for entry in todo]


def _render_one(entry: IndexEntry, source: str, folder: Path) -> None:
    path = notes_path(entry)
    place = {"piano": entry["piano"], "room": entry["room"]}
    y = render_notes(read_labels(path), **place, seed=entry["seed"], pedal=read_pedal(path))
    with (
        replacing(folder / f"{entry['id']}.flac") as temporary,
        sf.SoundFile(temporary, "w", SR, 1, subtype="PCM_16", format="FLAC") as file,
    ):
        # The sound carries the key of what it was made from: there is no second file to lose.
        file.comment = render_key(entry, source)
        file.write(y)


def piano_source() -> str:
    """SHA-256 of the code that renders."""
    return hashlib.sha256(b"".join((_PIANO / name).read_bytes() for name in _RENDERS)).hexdigest()


def render_key(entry: IndexEntry, source: str) -> str:
    """A fingerprint of all that a rendered file depends on: notes, piano, room, seed, tail and the code that renders.

    Parameters
    ----------
    entry : IndexEntry
    source : str
        What `piano_source` gives.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    BuiltinError
        If the note list is missing.
    """
    try:
        notes = hashlib.sha256(notes_path(entry).read_bytes()).hexdigest()
    except FileNotFoundError:
        raise BuiltinError(f"{printable(notes_path(entry))} is missing: {RESTORE}") from None
    parts = (notes, entry["piano"], entry["room"], entry["seed"], TAIL_S, SR, source)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _stored_key(path: Path) -> str | None:
    """The key that a rendered file carries; None if it is missing or damaged."""
    try:
        with sf.SoundFile(path) as file:
            return file.comment
    except (sf.LibsndfileError, OSError):
        return None


def fingerprint(y: npt.NDArray[np.floating], *, sr: int) -> npt.NDArray[np.float64]:
    """Energy in each octave band in each second, dB (0 dB: mean square 1), rounded to 0.1.

    Parameters
    ----------
    y : (n,) array
        Mono signal.
    sr : int
        Hz.

    Returns
    -------
    (ceil(n / sr), 8) float64 array
        Not below -90 dB.
    """
    rows = []
    for start in range(0, len(y), sr):
        power = np.abs(np.fft.rfft(y[start : start + sr], sr)) ** 2 * 2.0 / sr**2
        energy = np.add.reduceat(power[: BAND_EDGES_HZ[-1]], BAND_EDGES_HZ[:-1])
        rows.append(10.0 * np.log10(np.maximum(energy, 10.0 ** (FINGERPRINT_FLOOR_DB / 10.0))))
    return np.round(np.array(rows, dtype=np.float64).reshape(-1, len(BAND_EDGES_HZ) - 1), 1)
