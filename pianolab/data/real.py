"""Recorded notes of two real pianos, which come with pianolab: single notes, phrases, and pieces in measured rooms.

What comes in: data/real/index.json (what each recording is) and data/real/recordings (sound and labels), which
data/real/make.py wrote; data/real/README.md says how, and what is real in them. What comes out: a Dataset "real".
"""

import warnings
from typing import NotRequired, TypedDict

from pianolab import sound
from pianolab.data.builtin import data_dir
from pianolab.data.index import RESTORE, read_index
from pianolab.data.recording import RECORDED_NOTES, Dataset, DatasetError, Recording
from pianolab.errors import PianolabWarning, printable
from pianolab.labels import LabelError
from pianolab.sound import AudioError
from pianolab.texts.choices import DEFAULT_DATA

_ONCE = ("piano", "room", "piece")  # None of these may be in two splits.
_AS_RECORDED = "as recorded"


class RealEntry(TypedDict):
    """What index.json says of one recording.

    Attributes
    ----------
    id, piece, title, composer, kind, split, piano, room, licence : str
        As in `pianolab.data.Recording`; the kind is "notes", "phrases" or "piece", the room of the first two "as
        recorded", that of a piece the name of its measured response.
    labels, sha256 : str
        The file of the labels, and the checksum of the sound.
    seconds : float
        Length of the sound.
    room_t20_s, room_drr_db : float
        Of pieces: the room's reverberation time, and its direct against its reverberant sound.
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
    labels: str
    sha256: str
    seconds: float
    room_t20_s: NotRequired[float]
    room_drr_db: NotRequired[float]


_NEEDED = {name: kind for name, kind in RealEntry.__annotations__.items() if kind in (str, float)}


def real_index() -> list[RealEntry]:
    """What the set of recorded notes holds.

    Returns
    -------
    list of RealEntry
        One a recording, in the order of index.json.

    Raises
    ------
    DatasetError
        If the set is not there, or its index is damaged.
    """
    path = data_dir() / "real" / "index.json"
    if not path.is_file():
        raise DatasetError(f"{printable(data_dir())} has no real/index.json: unset PIANOLAB_DATA, or copy real/ there")
    return read_index(path, _NEEDED, refused=DatasetError)


def real_recordings() -> Dataset:
    """All recordings of the set, of both splits.

    Returns
    -------
    Dataset
        Named "real".

    Raises
    ------
    DatasetError
        As `real_index`.

    Examples
    --------
    >>> real_recordings()["ydp_A0"].notes()
    <Notes: 1 note, A0>
    """
    return Dataset("real", tuple(map(_recording, real_index())))


def has_real() -> bool:
    """Whether the data folder holds the set; one that was given (PIANOLAB_DATA) may not."""
    return (data_dir() / "real" / "index.json").is_file()


def default_data() -> list[str]:
    """The data sets that are taken where none is named: those that come with pianolab.

    Returns
    -------
    list of str

    Warns
    -----
    PianolabWarning
        If a data folder was given (PIANOLAB_DATA) that holds only the built-in set.
    """
    if has_real():
        return list(DEFAULT_DATA)
    missing = f"{printable(data_dir())} has no real/: only the rendered recordings take part"
    warnings.warn(f"{missing}; unset PIANOLAB_DATA, or copy real/ there", PianolabWarning, stacklevel=2)
    return ["builtin"]


def check_real() -> list[str]:
    """Verify the set: index, sound files, labels, splits.

    Returns
    -------
    list of str
        One line a problem; empty when all is well.
    """
    entries = real_index()
    named = {name for entry in entries for name in (f"{entry['id']}.ogg", entry["labels"])}
    there = {path.name for path in (data_dir() / "real" / "recordings").glob("*")}
    problems = [f"{name}: not in index.json" for name in sorted(there - named)]
    for word in _ONCE:
        splits: dict[str, set[str]] = {}
        for entry in entries:
            splits.setdefault(entry[word], set()).add(entry["split"])
        problems += [f"{word} {x}: in two splits" for x in sorted(splits) if len(splits[x]) > 1 and x != _AS_RECORDED]
    return problems + [f"{entry['id']}: {why}" for entry in entries if (why := _problem(entry))]


def _problem(entry: RealEntry) -> str | None:
    recording = _recording(entry)
    try:
        if recording.checksum != entry["sha256"]:
            return f"the sound is not that of index.json: {RESTORE}"
        y, sr = recording.load()
        notes = recording.notes()
    except (AudioError, LabelError, OSError) as error:
        return str(error)
    if not len(notes) or notes.offset.max() > len(y) / sr:
        return f"no notes, or one that ends after the {len(y) / sr:.3f} s of sound"
    if sound.first_onset_s(y, sr=sr) > notes.onset[0] + 0.01:
        return f"silent at its first label, {notes.onset[0]:.3f} s"
    return None


def _recording(entry: RealEntry) -> Recording:
    folder = data_dir() / "real" / "recordings"
    return Recording(
        id=entry["id"],
        audio=folder / f"{entry['id']}.ogg",
        labels=folder / entry["labels"],
        dataset="real",
        piece=entry["piece"],
        title=entry["title"],
        composer=entry["composer"],
        kind=entry["kind"],
        piano=entry["piano"],
        room=entry["room"],
        licence=entry["licence"],
        split=entry["split"],
        source=RECORDED_NOTES,
    )
