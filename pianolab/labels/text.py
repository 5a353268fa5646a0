"""Labels in text files: one note a line, columns named in the first line (MAPS .txt, .tsv, .csv)."""

import csv
import math
import re

from pianolab.labels.rows import LabelError, Row
from pianolab.roll import Notes
from pianolab.units import parse_note

# Names of columns in lower case without spaces and underscores; of several present, the first listed counts.
_COLUMNS = {
    "onset": ("onset", "onsets", "onsettime", "onsetsec", "start", "starttime", "startsec", "begin", "on"),
    "offset": ("offset", "offsets", "offsettime", "offsetsec", "end", "endtime", "endsec", "stop", "off"),
    "duration": ("duration", "durationsec", "dur", "length"),
    "midi": ("midi", "midipitch", "midinote", "notenumber", "pitch", "note", "name", "notename"),
    "velocity": ("velocity", "midivelocity", "vel"),
}


def read_table(data: bytes, name: str) -> list[Row]:
    """The rows of a text file.

    Parameters
    ----------
    data : bytes
        The file.
    name : str
        The file in messages.

    Returns
    -------
    list of Row

    Raises
    ------
    LabelError
        If it is not text, a column is missing, or a line cannot be read.
    """
    lines = _text(data, name).splitlines()
    columns, n_columns, n_header = _header(lines, name)
    rows = []
    for number, line in enumerate(lines[n_header:], start=n_header + 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                rows.append(_row(_fields(line), columns, n_columns, f"line {number}"))
            except csv.Error as error:
                raise LabelError(f"{name}, line {number}: {error}: mend the line") from error
            except ValueError as error:
                raise LabelError(f"{name}, line {number}: {error}") from error
    return rows


def _text(data: bytes, name: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabelError(f"{name} is not UTF-8 text (byte {error.start}): save it as UTF-8") from error
    if "\0" in text:
        raise LabelError(f"{name} is not text (it holds a zero byte): save it as UTF-8 text")
    return text


def _header(lines: list[str], name: str) -> tuple[dict[str, int], int, int]:
    """Where each column is, how many there are, and how many lines that took; comments may come first."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            names = [re.sub(r"[\s_]+", "", field.lower()) for field in _fields(line.lstrip().lstrip("#"))]
        except csv.Error:
            names = []
        columns = {}
        for column, aliases in _COLUMNS.items():
            present = [alias for alias in aliases if alias in names]
            if present:
                columns[column] = names.index(present[0])
        if {"onset", "midi"} <= columns.keys() and ("offset" in columns or "duration" in columns):
            return columns, len(names), number
        if not line.lstrip().startswith("#"):
            break
    raise LabelError(
        f"{name}, line {number if lines else 1}: no header that names the columns onset, offset (or duration) "
        "and midi: write one, such as 'onset,offset,midi,velocity'"
    )


def _fields(line: str) -> list[str]:
    """Cells of a line; the separator is a tab, else a semicolon, else a comma, else blanks."""
    for separator in "\t;,":
        if separator in line:
            return [field.strip() for field in next(csv.reader([line], delimiter=separator, skipinitialspace=True))]
    return line.split()


def _row(fields: list[str], columns: dict[str, int], n_columns: int, place: str) -> Row:
    while len(fields) > n_columns and not fields[-1]:
        fields = fields[:-1]
    required = 1 + max(index for column, index in columns.items() if column != "velocity")
    if not required <= len(fields) <= n_columns:
        raise ValueError(f"{len(fields)} columns where the header names {n_columns}: mend the line or the header")
    onset = _number(fields[columns["onset"]], "onset")
    if "offset" in columns:
        offset = _number(fields[columns["offset"]], "offset")
    else:
        duration = _number(fields[columns["duration"]], "duration")
        if duration < 0:
            raise ValueError(f"duration {duration:g} s is negative: an offset cannot lie before its onset")
        offset = onset + duration
    cell = fields[columns["velocity"]] if columns.get("velocity", n_columns) < len(fields) else ""
    velocity = _number(cell, "velocity") if cell else math.nan
    return Row(onset, offset, _key(fields[columns["midi"]]), velocity, place)


def _number(cell: str, column: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise ValueError(f"{column} {cell[:40]!r} is not a number: write it like 1.25") from None


def _key(cell: str) -> float:
    try:
        midi = float(cell)
    except ValueError:
        return float(parse_note(cell[:40]))
    if math.isnan(midi):
        raise ValueError("the MIDI number is NaN: write 0..127 or a note name")
    return midi


def table_text(notes: Notes, suffix: str) -> str:
    """Notes as a text file; times are rounded to a microsecond.

    Parameters
    ----------
    notes : Notes
    suffix : {'.tsv', '.csv', '.txt'}
        '.txt' is the format of MAPS, which holds no velocity.

    Returns
    -------
    str
    """
    separator = "," if suffix == ".csv" else "\t"
    names = ("OnsetTime", "OffsetTime", "MidiPitch") if suffix == ".txt" else ("onset", "offset", "midi", "velocity")
    lines = [separator.join(names)]
    for row in zip(notes.onset, notes.offset, notes.midi, notes.velocity, strict=True):
        cells = (f"{row[0]:.6f}", f"{row[1]:.6f}", f"{row[2]}", f"{row[3]:.10g}")
        lines.append(separator.join(cells[: len(names)]))
    return "\n".join(lines) + "\n"
