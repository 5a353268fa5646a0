"""Which column of a text file holds what: from its header, or from the one format without a header that is certain.

Numbers without a header are refused, because three of them may be onset, offset and key, but also onset, offset and Hz
(MIREX), or onset, pitch and duration (Sonic Visualiser, Tony). Only labels of Audacity tell what they are: two times
and the name of a note.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pianolab.labels.rows import LabelError
from pianolab.units import dash_means

# Names of columns as `_plain` makes them; of several present, the first listed counts.
_COLUMNS = {
    "onset": ("onset", "onsets", "onsettime", "onsetsec", "start", "starttime", "startsec", "begin", "on", "time"),
    "offset": ("offset", "offsets", "offsettime", "offsetsec", "end", "endtime", "endsec", "stop", "off"),
    "duration": ("duration", "durationsec", "dur", "length"),
    "midi": ("midi", "midipitch", "pitchmidi", "midinote", "notenumber", "pitch", "note", "name", "notename"),
    "hz": ("frequency", "frequencyhz", "freq", "freqhz", "hz", "pitchhz", "f0", "f0hz"),
    "velocity": ("velocity", "midivelocity", "vel"),
}
_SECONDS = {"s", "sec", "secs", "second", "seconds"}
_OTHER_UNITS = {"ms", "msec", "milliseconds", "sample", "samples", "frame", "frames", "tick", "ticks", "beat", "beats"}
_PITCH_BENDS = "pitchbend"  # The last column of Basic Pitch: as many cells as the note has frames, or none.
_MUSICNET = {"instrument", "startbeat", "endbeat", "notevalue"}
MUSICNET_SR = 44100.0  # MusicNet counts times in samples of this rate.
MUSICNET_PIANO = "1"  # And instruments by the program of General MIDI, from 1.
_SONIC_VISUALISER = ["time", "value", "duration"]
_HEADERS_TO_WRITE = {  # By the number of columns.
    3: "'onset,offset,midi' above MIDI numbers, 'onset,offset,frequency' above Hz as MIREX has them",
    4: "'onset,midi,duration,level' above a note layer of Sonic Visualiser, frequency for midi where it is in Hz",
    5: "'onset,midi,duration,level,label' above a note layer of Sonic Visualiser, frequency for midi where it is in Hz",
}


@dataclass(frozen=True)
class Columns:
    """Where what is in a line.

    Attributes
    ----------
    place : mapping of str to int
        Column of onset, offset, duration, midi, hz and velocity, as far as they are there.
    n : int
        How many columns there are.
    n_lines : int
        How many lines come before the first note.
    open_ended : bool
        Whether more cells than columns may follow.
    passed_over : tuple of str
        Lines that begin so hold no note.
    key_name : str
        What the header calls the column of keys.
    per_second : float
        So many units of time are a second.
    instrument : int or None
        The column that names the instrument, where there is one.
    """

    place: Mapping[str, int]
    n: int
    n_lines: int
    open_ended: bool = False
    passed_over: tuple[str, ...] = ("#",)
    key_name: str = "midi"
    per_second: float = 1.0
    instrument: int | None = None


# A label with a band of frequencies is followed by a line of its own for it.
_AUDACITY = Columns({"onset": 0, "offset": 1, "midi": 2}, n=3, n_lines=0, passed_over=("#", "\\"))


def find_columns(lines: Sequence[str], name: str) -> Columns:
    """Find out what the columns of a text file are; comments may come first.

    Parameters
    ----------
    lines : sequence of str
    name : str
        The file in messages.

    Returns
    -------
    Columns

    Raises
    ------
    LabelError
        If that is not certain.

    References
    ----------
    Audacity manual, "Importing and Exporting Labels"; basic_pitch.note_creation.save_note_events; Thickstun, Harchaoui
    and Kakade, "Learning Features of Music from Scratch", ICLR 2017 (MusicNet); Sonic Visualiser's export of a layer.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip() or re.fullmatch("sep=.", line.strip()):  # Excel writes the latter for itself.
            continue
        try:
            names = [_plain(cell) for cell in cells_of(line.lstrip().lstrip("#"))[0]]
        except csv.Error:
            names = []
        place = {
            column: names.index(next(alias for alias in aliases if alias in names))
            for column, aliases in _COLUMNS.items()
            if set(aliases) & set(names)
        }
        if "onset" in place and {"midi", "hz"} & place.keys() and {"offset", "duration"} & place.keys():
            if set(names) >= _MUSICNET:
                return Columns(place, len(names), number, per_second=MUSICNET_SR, instrument=names.index("instrument"))
            key_name = names[place["midi"]] if "midi" in place else "hz"
            return Columns(place, len(names), number, open_ended=names[-1] == _PITCH_BENDS, key_name=key_name)
        if names[:3] == _SONIC_VISUALISER:
            place = {"onset": 0, "midi": 1, "duration": 2}
            return Columns(place, len(names), number, key_name="value")
        if _is_audacity(line):
            return _AUDACITY
        if not line.lstrip().startswith("#"):
            raise LabelError(f"{name}, line {number}: {_no_header(line)}")
    raise LabelError(f"{name}, line {max(1, len(lines))}: {_no_header('')}")


def cells_of(line: str) -> tuple[list[str], str]:
    """Cells of a line, and what separates them.

    Parameters
    ----------
    line : str

    Returns
    -------
    cells : list of str
    separator : str
        A tab, else a semicolon, else a comma, else '' for blanks.

    Raises
    ------
    csv.Error
        If a cell is too long.
    """
    for separator in "\t;,":
        if separator in line:
            cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True))
            return [cell.strip() for cell in cells], separator
    return line.split(), ""


def _plain(cell: str) -> str:
    """The name of a column in lower case, without blanks, signs and the unit of seconds."""
    words = re.findall(r"[^\W_]+", cell.lower())
    return "".join(words[:-1] if len(words) > 1 and words[-1] in _SECONDS else words)


def _is_audacity(line: str) -> bool:
    """Whether a line is two times and the name of a note between tabs."""
    cells = [cell.strip() for cell in line.split("\t")]
    try:
        start, end, label = cells
        dash_means(label)
        return 0 <= float(start) <= float(end)
    except ValueError:
        return False


def _is_span(line: str) -> bool:
    """Whether a line is two times between tabs and perhaps words, as Audacity writes a label."""
    span = re.fullmatch(r"\s*([\d.]+)\t([\d.]+)(?:\t(?!\s*[\d.]+\s*$)[^\t]*)?", line)
    try:
        return span is not None and float(span[1]) <= float(span[2])
    except ValueError:
        return False


def _no_header(line: str) -> str:
    """What to write above a line that is neither a header nor certain without one."""
    cells = line.replace("\t", ",").replace(";", ",").split(",")
    cells = cells if len(cells) > 1 else line.split() or [""]
    text = (
        "no header that names the columns onset, offset (or duration) and midi: write one, such as "
        "'onset,offset,midi,velocity'"
    )
    if any(re.split(r"[\W_]+", cell.strip(" \t)]").lower())[-1] in _OTHER_UNITS for cell in cells):
        return f"{text}; times must be seconds, so divide those that are not"
    if _is_span(line):
        return f"{text}; in a label track of Audacity each label must be the name of a note, such as C4"
    is_note = re.fullmatch(r"\s*[\d.]+\s*", cells[0])
    return f"{text}; {_HEADERS_TO_WRITE[len(cells)]}" if is_note and len(cells) in _HEADERS_TO_WRITE else text
