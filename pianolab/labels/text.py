"""Labels in text files: one note a line, with columns that the first line names (.tsv, .csv, .txt of MAPS and others).

A column of keys holds MIDI numbers or names of notes; a column that is called frequency holds Hz. Text is UTF-8, or
UTF-16 that says so, as spreadsheets write it.
"""

import codecs
import csv
import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import replace

from pianolab.labels.columns import MUSICNET_PIANO, Columns, cells_of, find_columns
from pianolab.labels.rows import LabelError, LabelWarning, Row
from pianolab.roll import MIDI_MAX, Notes
from pianolab.units import MIDI_HIGH, MIDI_LOW, dash_means, hz_to_midi, parse_note

_BYTE_ORDER_MARKS = {  # Those of UTF-32 come first, because one of UTF-16 is the beginning of one of them.
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_CELL = 40  # So much of a cell is shown in a message.


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

    Warns
    -----
    LabelWarning
        If notes of other instruments than the piano are dropped.
    """
    lines = decoded(data, name).splitlines()
    columns = find_columns(lines, name)
    table: list[tuple[str, list[str]]] = []
    for number, line in enumerate(lines[columns.n_lines :], start=columns.n_lines + 1):
        if line.strip() and not line.lstrip().startswith(columns.passed_over):
            try:
                table.append((f"line {number}", _cells(line, columns)))
            except (csv.Error, ValueError) as error:
                remedy = ": mend the line" if isinstance(error, csv.Error) else ""
                raise LabelError(f"{name}, line {number}: {error}{remedy}") from error
    if columns.instrument is not None:
        table = _of_piano(table, columns.instrument, name)
    if columns.key_name == "value":
        columns = _with_unit(table, columns, name)
    _refuse_hz(table, columns, name)
    dash_is_flat = _dash_is_flat([cells[columns.place["midi"]] for _, cells in table if "midi" in columns.place])
    rows = []
    for place, cells in table:
        try:
            rows.append(_row(cells, columns, dash_is_flat, place))
        except ValueError as error:
            raise LabelError(f"{name}, {place}: {error}") from error
    return rows


def _of_piano(table: list[tuple[str, list[str]]], instrument: int, name: str) -> list[tuple[str, list[str]]]:
    """The lines that name the piano."""
    kept = [(place, cells) for place, cells in table if cells[instrument : instrument + 1] == [MUSICNET_PIANO]]
    if n_others := len(table) - len(kept):
        text = f"{name}: {n_others} of {len(table)} notes are of other instruments than the piano and are dropped"
        warnings.warn(text, LabelWarning, stacklevel=4)
    return kept


def _with_unit(table: Sequence[tuple[str, list[str]]], columns: Columns, name: str) -> Columns:
    """Whether the values of a layer of notes are MIDI numbers (whole, on the keyboard) or Hz (some above 127)."""
    values = []
    for place, cells in table:
        try:
            values.append(_number(cells[columns.place["midi"]], "value"))
        except ValueError as error:
            raise LabelError(f"{name}, {place}: {error}") from error
    if all(value.is_integer() and MIDI_LOW <= value <= MIDI_HIGH for value in values):
        return columns
    if max(values) > MIDI_MAX:
        at = {"hz" if column == "midi" else column: index for column, index in columns.place.items()}
        return replace(columns, place=at, key_name="hz")
    raise LabelError(f"{name}: the values may be Hz or MIDI numbers: call VALUE midi, or frequency where it is in Hz")


def _refuse_hz(table: Sequence[tuple[str, list[str]]], columns: Columns, name: str) -> None:
    """Refuse Hz in a column that is called pitch: they have a point, and are not whole or leave the keyboard."""
    if columns.key_name != "pitch":
        return
    for place, cells in table:
        cell = cells[columns.place["midi"]]
        if not re.fullmatch(r"\d+\.\d*", cell):
            continue
        if not (float(cell).is_integer() and MIDI_LOW <= float(cell) <= MIDI_HIGH):
            remedy = "call the column frequency if it is in Hz, or midi if it holds whole MIDI numbers"
            raise LabelError(f"{name}, {place}: the pitch {cell[:_CELL]} may be Hz or a MIDI number: {remedy}")


def decoded(data: bytes, name: str) -> str:
    """The text of a file.

    Parameters
    ----------
    data : bytes
        The file.
    name : str
        The file in messages.

    Returns
    -------
    str

    Raises
    ------
    LabelError
        If it is not text, or written in a way that it does not say.
    """
    codec = next((codec for mark, codec in _BYTE_ORDER_MARKS.items() if data.startswith(mark)), "utf-8-sig")
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        said = codec.removesuffix("-sig").upper()
        raise LabelError(f"{name} is not {said} text (byte {error.start}): save it as UTF-8") from error
    if "\0" in text:
        raise LabelError(f"{name} is not text (it holds a zero byte): save it as UTF-8 text")
    return text


def _cells(line: str, columns: Columns) -> list[str]:
    """The cells of a line, of which those that are needed are there; numbers have a decimal point."""
    cells, separator = cells_of(line)
    while len(cells) > columns.n and not cells[-1]:
        cells = cells[:-1]
    required = 1 + max(index for column, index in columns.place.items() if column != "velocity")
    if len(cells) < required or (len(cells) > columns.n and not columns.open_ended):
        raise ValueError(f"{len(cells)} columns where the header names {columns.n}: mend the line or the header")
    ours = [index for index in columns.place.values() if index < len(cells)]
    if separator == ";" and not any("." in cells[index] for index in ours):
        # Spreadsheets separate by semicolons where the comma belongs to the number.
        cells = [re.sub(",", ".", cell) if _DECIMAL_COMMA.fullmatch(cell) else cell for cell in cells]
    return cells


def _row(cells: list[str], columns: Columns, dash_is_flat: bool | None, place: str) -> Row:
    at = columns.place
    onset = _number(cells[at["onset"]], "onset") / columns.per_second
    if "offset" in at:
        offset = _number(cells[at["offset"]], "offset") / columns.per_second
    else:
        duration = _number(cells[at["duration"]], "duration") / columns.per_second
        if duration < 0:
            raise ValueError(f"duration {duration:g} s is negative: an offset cannot lie before its onset")
        offset = onset + duration
    cell = cells[at["velocity"]] if "velocity" in at and at["velocity"] < len(cells) else ""
    velocity = _number(cell, "velocity") if cell else math.nan
    midi = _key(cells[at["midi"]], dash_is_flat) if "midi" in at else _key_at(_number(cells[at["hz"]], "frequency"))
    return Row(onset, offset, midi, velocity, place)


def _number(cell: str, column: str) -> float:
    try:
        if "_" in cell:  # Python would take 1_000 for a thousand.
            raise ValueError
        return float(cell)
    except ValueError:
        remedy = "write seconds, 90.5 for one and a half minutes" if ":" in cell else "write it like 1.25"
        raise ValueError(f"{column} {cell[:_CELL]!r} is not a number: {remedy}") from None


def _key_at(hz: float) -> float:
    """MIDI number of the key whose frequency is the nearest."""
    if not (math.isfinite(hz) and hz > 0):
        raise ValueError(f"frequency {hz:g} Hz has no pitch: write what the note sounds at, 440 for A4")
    return float(round(hz_to_midi(hz)))


def _key(cell: str, dash_is_flat: bool | None) -> float:
    try:
        midi = float(cell)
    except ValueError:
        return _named_key(cell[:_CELL], dash_is_flat)
    if math.isnan(midi):
        raise ValueError("the MIDI number is NaN: write 0..127 or a note name")
    return midi


def _named_key(name: str, dash_is_flat: bool | None) -> float:
    if dash_means(name) == "either":
        step, _, octave = name.rpartition("-")
        if dash_is_flat is None:
            raise ValueError(
                f"{name!r} may be {step}b{octave}, as music21 writes it, or {step} of octave -{octave}: "
                f"write {step}b{octave} or a MIDI number"
            )
        name = f"{step}b{octave}" if dash_is_flat else name
    return float(parse_note(name))


def _dash_is_flat(keys: Sequence[str]) -> bool | None:
    """Whether a minus before a 1 is a flat in a column of keys, as its other names tell; None where they do not."""
    meanings = set()
    for key in set(keys):
        try:
            meanings.add(dash_means(key) if "-" in key else "")
        except ValueError:  # It is a number, or is refused later, by its line.
            continue
    return "flat" in meanings if len(meanings & {"flat", "octave"}) == 1 else None


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
