"""Files that say which notes are played: MIDI, text, JAMS, layers of Sonic Visualiser and MusicXML, read into Notes.

MIDI, text and JAMS are written too.

A text file names its columns in the first line and has one note a line: onset and offset in seconds, key as a MIDI
number (or a name such as C#4), perhaps velocity. A MIDI file also holds the sustain pedal. The offset of a note is
then either where the finger lets go ("release", the default) or, with the pedal down, where the sound ends
("extended"). What cannot be true is refused with the file, the line and the remedy; notes that no piano has are
dropped and counted.
"""

import os
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pianolab.errors import printable
from pianolab.files import replacing
from pianolab.labels.jams import jams_text, read_jams
from pianolab.labels.midi import midi_bytes, read_midi
from pianolab.labels.musicxml import MUSICXML_SUFFIXES, read_musicxml
from pianolab.labels.pedal import merged
from pianolab.labels.rows import LabelError, LabelWarning, Row, notes_of
from pianolab.labels.svl import read_svl
from pianolab.labels.text import read_table, table_text
from pianolab.roll import Notes
from pianolab.texts.choices import PEDAL_RULES, PedalRule
from pianolab.units import MIDI_HIGH, MIDI_LOW

_MIDI_SUFFIXES = (".mid", ".midi", ".rmi", ".kar", ".smf")  # Of one format; .rmi may wrap it in RIFF.
WRITTEN_SUFFIXES = (".mid", ".midi", ".tsv", ".csv", ".txt", ".jams")
# What is read. Of several files of one recording the first listed counts: MIDI, which holds velocity and pedal.
LABEL_SUFFIXES = (*_MIDI_SUFFIXES, ".tsv", ".csv", ".jams", ".svl", ".txt", ".musicxml", ".mxl", ".xml")
_MIDI_FROM_SCORE = "export MIDI or MusicXML from the notation program"
_FROM_SPREADSHEET = "save it as .csv"
# Files that hold notes and are not read, with what to do.
FOREIGN_LABELS = {
    ".sv": "export the layer of notes in Sonic Visualiser as .svl",
    ".aup": "export the labels in Audacity as .txt",
    ".aup3": "export the labels in Audacity as .txt",
    **dict.fromkeys((".abc", ".krn", ".mei", ".ly", ".mscz", ".mscx", ".gp", ".gp5", ".gpx"), _MIDI_FROM_SCORE),
    **dict.fromkeys((".xlsx", ".xls", ".ods", ".numbers"), _FROM_SPREADSHEET),
    ".lab": "write the notes as .tsv with the columns onset, offset and midi",
    ".textgrid": "write the notes as .tsv with the columns onset, offset and midi",
    ".json": "write the notes as .tsv with the columns onset, offset and midi, or name it .jams if it is JAMS",
}


def read_labels(path: str | os.PathLike[str], *, pedal: PedalRule = "release") -> Notes:
    """The notes in a label file.

    Parameters
    ----------
    path : str or Path
        Ends in one of `LABEL_SUFFIXES`. Text has a header, or is a label track of Audacity; .musicxml, .mxl and .xml
        need partitura.
    pedal : {'release', 'extended'}
        What the offset of a note in a MIDI file is: the release of the key, or the end of its sound under the sustain
        pedal of its channel (see `sustain`). Other files hold no pedal; their offsets are taken as they are.

    Returns
    -------
    Notes
        Within A0..C8. Notes that overlap on one key are all kept.

    Raises
    ------
    LabelError
        If the file is missing, empty, damaged or of another kind, a column is missing, or a value cannot be true.

    Warns
    -----
    LabelWarning
        If notes off the keyboard, of drums or of other instruments are dropped, a note lost its release, a MIDI file
        holds no note, or something about the file is odd.

    Examples
    --------
    >>> from pianolab.data import data_dir
    >>> read_labels(data_dir() / "clips" / "ode_to_joy.mid")
    <Notes: 16 notes, E1 E1 F1 G1 G1 F1 ...>
    """
    if pedal not in PEDAL_RULES:
        raise LabelError(f"pedal rule {pedal!r} is unknown: use one of {', '.join(PEDAL_RULES)}")
    path, name = _known(path)
    if _is_midi(path):
        song = read_midi(_bytes(path, name), name, pedal=pedal)
        for remark in song.remarks:
            warnings.warn(f"{name}: {remark}", LabelWarning, stacklevel=2)
        notes = song.notes
    else:
        notes = notes_of(_read_rows(path, _bytes(path, name), name), name)
    on_keyboard = notes.on_keyboard()
    if n_off := len(notes) - len(on_keyboard):
        text = f"{name}: {n_off} of {len(notes)} notes lie off the keyboard ({MIDI_LOW}..{MIDI_HIGH}) and are dropped"
        warnings.warn(text, LabelWarning, stacklevel=2)
    return on_keyboard


def read_pedal(path: str | os.PathLike[str]) -> npt.NDArray[np.float64]:
    """When the sustain pedal is down, as a MIDI file says.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    (n, 2) float64
        Seconds at which it goes down and up, in order, of all channels that hold notes of the piano together. Empty
        for other files, which hold no pedal.

    Raises
    ------
    LabelError
        If the file is missing, empty, damaged or of another kind.
    """
    path, name = _known(path)
    data = _bytes(path, name)
    return read_midi(data, name).pedal if _is_midi(path) else np.zeros((0, 2))


def write_labels(path: str | os.PathLike[str], notes: Notes, *, pedal: npt.ArrayLike | None = None) -> None:
    """Write notes to a label file; it appears when it is complete.

    Times in text files are rounded to a microsecond, in MIDI files to 50 microseconds (so they are off by at most
    0.5 and 25 microseconds). A MIDI file needs a whole velocity from 1 to 127: an unknown one becomes 64. MAPS .txt
    and JAMS hold no velocity. Confidence is not written.

    Parameters
    ----------
    path : str or Path
        Ends in .mid, .midi, .tsv, .txt (the format of MAPS), .csv or .jams.
    notes : Notes
    pedal : (n, 2) array, optional
        Seconds at which the sustain pedal goes down and up; only MIDI files hold it.

    Raises
    ------
    LabelError
        If the suffix is unknown, the pedal is no list of times, or the file cannot be written.

    Warns
    -----
    LabelWarning
        If a pedal is given and the file cannot hold it.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_labels(f"{folder}/third.mid", Notes([0.0, 0.0], [1.0, 1.0], [60, 64]))
    ...     read_labels(f"{folder}/third.mid")
    <Notes: 2 notes, C4 E4>
    """
    path, name = _known(path, WRITTEN_SUFFIXES)
    pedal = merged([] if pedal is None else pedal)
    if len(pedal) and not _is_midi(path):
        warnings.warn(f"{name} cannot hold the pedal: write a .mid file to keep it", LabelWarning, stacklevel=2)
    if _is_midi(path):
        content = midi_bytes(notes, pedal, name)
    else:
        suffix = path.suffix.lower()
        content = (jams_text(notes) if suffix == ".jams" else table_text(notes, suffix)).encode()
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise LabelError(f"{name} cannot be written ({why}): choose a folder that exists and is yours") from error


def _known(path: str | os.PathLike[str], suffixes: tuple[str, ...] = LABEL_SUFFIXES) -> tuple[Path, str]:
    """The path of a label file and its name in messages; any other kind of file is refused."""
    path = Path(path)
    name, suffix = printable(path), path.suffix.lower()
    if suffix not in suffixes:
        if suffix in FOREIGN_LABELS and suffixes == LABEL_SUFFIXES:
            raise LabelError(f"{name} is not read: {FOREIGN_LABELS[suffix]}")
        raise LabelError(f"{name} is no label file: use a name that ends in {', '.join(suffixes)}")
    return path, name


def _read_rows(path: Path, data: bytes, name: str) -> list[Row]:
    suffix = path.suffix.lower()
    if suffix == ".jams":
        return read_jams(data, name)
    if suffix == ".svl":
        return read_svl(data, name)
    return read_musicxml(data, name, path) if suffix in MUSICXML_SUFFIXES else read_table(data, name)


def _is_midi(path: Path) -> bool:
    return path.suffix.lower() in _MIDI_SUFFIXES


def _bytes(path: Path, name: str) -> bytes:
    if path.is_dir():
        raise LabelError(f"{name} is a folder: name a file in it")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise LabelError(f"{name} is not there: check the name and the folder") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise LabelError(f"{name} cannot be read ({why}): check the name and your rights to it") from error
    if not data:
        raise LabelError(f"{name} is empty (0 bytes): a file without notes holds at least a header")
    return data
