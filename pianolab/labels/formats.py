"""Files that say which notes are played: MIDI, MAPS .txt, .tsv and .csv, read into Notes and written from them.

A text file names its columns in the first line and has one note a line: onset and offset in seconds, key as a MIDI
number (or a name such as C#4), perhaps velocity. A MIDI file also holds the sustain pedal. The offset of a note is
then either where the finger lets go ("release", the default) or, with the pedal down, where the sound ends
("extended"). What cannot be true is refused with the file, the line and the remedy; notes that no piano has are
dropped and counted.
"""

import csv
import io
import math
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np

from pianolab import PEDAL_RULES
from pianolab.errors import PianolabError, PianolabWarning, printable
from pianolab.files import replacing
from pianolab.roll import MIDI_MAX, Notes
from pianolab.units import MIDI_HIGH, MIDI_LOW, parse_note

LABEL_SUFFIXES = (".mid", ".midi", ".tsv", ".txt", ".csv")
MAX_SECONDS = 1e6  # eleven days: beyond, times are samples or milliseconds

# names of columns in lower case without spaces and underscores; of several present, the first listed counts
_COLUMNS = {
    "onset": ("onset", "onsets", "onsettime", "onsetsec", "start", "starttime", "startsec", "begin", "on"),
    "offset": ("offset", "offsets", "offsettime", "offsetsec", "end", "endtime", "endsec", "stop", "off"),
    "duration": ("duration", "durationsec", "dur", "length"),
    "midi": ("midi", "midipitch", "midinote", "notenumber", "pitch", "note", "name", "notename"),
    "velocity": ("velocity", "midivelocity", "vel"),
}
_SUSTAIN = 64  # controller number; values from 64 mean down (MIDI 1.0 detailed specification, table 3)
_DRUM_CHANNEL = 9  # channel 10 as musicians count
_TICKS_PER_BEAT = 10_000  # at 120 beats a minute one tick is 50 us, so that a written time is off by at most 25 us
_TICKS_PER_SECOND = 2 * _TICKS_PER_BEAT
_MAX_DELTA = 2**28 - 1  # ticks; the longest wait that a MIDI file can express
_UNKNOWN_VELOCITY = 64


class LabelError(PianolabError):
    """Labels that cannot be true or cannot be read; the message is one line with the remedy."""


class LabelWarning(PianolabWarning):
    """Labels that were used although something about them is odd."""


def read_labels(path, *, pedal="release"):
    """The notes in a label file.

    Parameters
    ----------
    path : str or Path
        Ends in .mid, .midi, .tsv, .txt or .csv.
    pedal : {'release', 'extended'}
        What the offset of a note in a MIDI file is: the release of the key, or the end of its sound under the sustain
        pedal (see `sustain`). Text files hold no pedal; their offsets are taken as they are.

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
        If notes off the keyboard or drums are dropped, or a note never ends.
    """
    if pedal not in PEDAL_RULES:
        raise LabelError(f"pedal rule {pedal!r} is unknown: use one of {', '.join(PEDAL_RULES)}")
    path, name = _known(path)
    if _is_midi(path):
        song = _read_midi(_bytes(path, name), name)
        _warn_of_song(song, name)
        notes = _notes(song.rows, name)
        if pedal == "extended":
            notes = sustain(notes, song.pedal)
    else:
        notes = _notes(_read_table(_bytes(path, name), name), name)
    on_keyboard = notes.on_keyboard()
    if n_off := len(notes) - len(on_keyboard):
        text = f"{name}: {n_off} of {len(notes)} notes lie off the keyboard ({MIDI_LOW}..{MIDI_HIGH}) and are dropped"
        warnings.warn(text, LabelWarning, stacklevel=2)
    return on_keyboard


def read_pedal(path):
    """When the sustain pedal is down, as a MIDI file says.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    (n, 2) float64
        Seconds at which it goes down and up, in order; a piano has one pedal, so all channels count together. Empty
        for text files, which hold no pedal.

    Raises
    ------
    LabelError
        If the file is missing, empty, damaged or of another kind.
    """
    path, name = _known(path)
    data = _bytes(path, name)
    return _read_midi(data, name).pedal if _is_midi(path) else np.zeros((0, 2))


def sustain(notes, pedal):
    """Lengthen notes to where they end under the sustain pedal.

    A note that is released while the pedal is down sounds until the pedal goes up or the same key is struck again,
    whichever comes first (the rule of Hawthorne et al., Onsets and Frames, ISMIR 2018, section on data sets).

    Parameters
    ----------
    notes : Notes
        Offsets are key releases.
    pedal : (n, 2) array
        Seconds at which the pedal goes down and up.

    Returns
    -------
    Notes
    """
    pedal = _merged(pedal)
    if not len(notes) or not len(pedal):
        return notes
    interval = np.searchsorted(pedal[:, 0], notes.offset, side="right") - 1
    up = np.where(interval >= 0, pedal[np.maximum(interval, 0), 1], -np.inf)
    struck_again = np.full(len(notes), np.inf)
    for midi in np.unique(notes.midi):
        rows = np.flatnonzero(notes.midi == midi)
        onsets = notes.onset[rows]
        after = np.searchsorted(onsets, onsets, side="right")
        struck_again[rows] = np.append(onsets, np.inf)[after]
    offset = np.maximum(notes.offset, np.minimum(up, struck_again))
    return Notes(notes.onset, offset, notes.midi, notes.velocity, notes.confidence)


def write_labels(path, notes, *, pedal=None):
    """Write notes to a label file; it appears when it is complete.

    Times in text files are rounded to a microsecond, in MIDI files to 50 microseconds (so they are off by at most
    0.5 and 25 microseconds). A MIDI file needs a whole velocity from 1 to 127: an unknown one becomes 64. MAPS .txt
    holds no velocity. Confidence is not written.

    Parameters
    ----------
    path : str or Path
        Ends in .mid, .midi, .tsv, .txt (the format of MAPS) or .csv.
    notes : Notes
    pedal : (n, 2) array, optional
        Seconds at which the sustain pedal goes down and up; only MIDI files hold it.

    Raises
    ------
    LabelError
        If the suffix is unknown, the pedal is no list of times, or the file cannot be written.
    """
    path = Path(path)
    name = printable(path)
    _refuse_suffix(path, name)
    pedal = _merged([] if pedal is None else pedal)
    if len(pedal) and not _is_midi(path):
        warnings.warn(f"{name} cannot hold the pedal: write a .mid file to keep it", LabelWarning, stacklevel=2)
    content = _midi_bytes(notes, pedal, name) if _is_midi(path) else _table_text(notes, path.suffix.lower()).encode()
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise LabelError(f"{name} cannot be written ({reason}): choose a folder that exists and is yours") from error


def _known(path):
    path = Path(path)
    name = printable(path)
    _refuse_suffix(path, name)
    return path, name


def _refuse_suffix(path, name):
    if path.suffix.lower() not in LABEL_SUFFIXES:
        raise LabelError(f"{name} is no label file: use a name that ends in {', '.join(LABEL_SUFFIXES)}")


def _is_midi(path):
    return path.suffix.lower() in (".mid", ".midi")


def _bytes(path, name):
    if path.is_dir():
        raise LabelError(f"{name} is a folder: name a file in it")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise LabelError(f"{name} is not there: check the name and the folder") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise LabelError(f"{name} cannot be read ({reason}): check the name and your rights to it") from error
    if not data:
        raise LabelError(f"{name} is empty (0 bytes): a file without notes holds at least a header")
    return data


@dataclass(frozen=True)
class _Row:
    """One note as a file has it, and where in the file it is ("line 3", "track 0")."""

    onset: float
    offset: float
    midi: float
    velocity: float
    place: str


def _notes(rows, name):
    """Rows of a file as Notes; what cannot be true is refused by its place."""
    for row in rows:
        fault = _fault(row)
        if fault:
            raise LabelError(f"{name}, {row.place}: {fault}")
    columns = ("onset", "offset", "midi", "velocity")
    return Notes(**{column: [getattr(row, column) for row in rows] for column in columns})


def _fault(row):
    if not (math.isfinite(row.onset) and math.isfinite(row.offset)):
        return f"a time is NaN or infinite (onset {row.onset}, offset {row.offset}): write seconds"
    if row.onset < 0 or row.offset < 0:
        return f"time {min(row.onset, row.offset):g} s is negative: times start at 0"
    if row.offset < row.onset:
        return f"offset {row.offset:g} s lies before its onset {row.onset:g} s: swap or mend them"
    if row.offset > MAX_SECONDS:
        return f"offset {row.offset:g} s is longer than any recording: write times in seconds"
    if not 0 <= row.midi <= MIDI_MAX:
        return f"MIDI number {row.midi:g} is outside 0..{MIDI_MAX}: A0 is {MIDI_LOW}, C8 is {MIDI_HIGH}; give no Hz"
    if row.midi != round(row.midi):
        return f"MIDI number {row.midi:g} is not whole: give the number of the key, not its tuning"
    if row.velocity < 0 or row.velocity > MIDI_MAX:
        return f"velocity {row.velocity:g} is outside 0..{MIDI_MAX}: leave it empty if it is unknown"
    return ""


# Text files


def _read_table(data, name):
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


def _text(data, name):
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabelError(f"{name} is not UTF-8 text (byte {error.start}): save it as UTF-8") from error
    if "\0" in text:
        raise LabelError(f"{name} is not text (it holds a zero byte): save it as UTF-8 text")
    return text


def _header(lines, name):
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


def _fields(line):
    """Cells of a line; the separator is a tab, else a semicolon, else a comma, else blanks."""
    for separator in "\t;,":
        if separator in line:
            return [field.strip() for field in next(csv.reader([line], delimiter=separator, skipinitialspace=True))]
    return line.split()


def _row(fields, columns, n_columns, place):
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
    return _Row(onset, offset, _key(fields[columns["midi"]]), velocity, place)


def _number(cell, column):
    try:
        return float(cell)
    except ValueError:
        raise ValueError(f"{column} {cell[:40]!r} is not a number: write it like 1.25") from None


def _key(cell):
    try:
        midi = float(cell)
    except ValueError:
        return float(parse_note(cell[:40]))
    if math.isnan(midi):
        raise ValueError("the MIDI number is NaN: write 0..127 or a note name")
    return midi


def _table_text(notes, suffix):
    separator = "," if suffix == ".csv" else "\t"
    names = ("OnsetTime", "OffsetTime", "MidiPitch") if suffix == ".txt" else ("onset", "offset", "midi", "velocity")
    lines = [separator.join(names)]
    for row in zip(notes.onset, notes.offset, notes.midi, notes.velocity, strict=True):
        cells = (f"{row[0]:.6f}", f"{row[1]:.6f}", f"{row[2]}", f"{row[3]:.10g}")
        lines.append(separator.join(cells[: len(names)]))
    return "\n".join(lines) + "\n"


# MIDI files


@dataclass(frozen=True)
class _Song:
    """What a MIDI file holds for us, in seconds."""

    rows: list
    pedal: np.ndarray
    n_hanging: int
    n_drums: int


def _read_midi(data, name):
    try:
        file = mido.MidiFile(file=io.BytesIO(data))
    except Exception as error:  # mido raises whatever its parser stumbles over, EOFError and KeyError among them
        reason = str(error).splitlines()[0][:80] if str(error) else type(error).__name__
        raise LabelError(f"{name} is not a readable MIDI file ({reason}): export it again") from error
    if file.type == 2:
        raise LabelError(f"{name} is a MIDI file of type 2 (separate patterns): export it as type 0 or 1")
    if file.ticks_per_beat == 0:
        raise LabelError(f"{name} has 0 ticks per beat: export it again")
    events = [
        (tick, track, message)
        for track, messages in enumerate(file.tracks)
        for tick, message in zip(np.cumsum([m.time for m in messages], dtype=float), messages, strict=True)
    ]
    events.sort(key=lambda event: event[:2])  # stable: within a track, messages at one tick stay in order
    seconds = _seconds(events, file.ticks_per_beat)
    rows, n_hanging, n_drums = _pair_notes(events, seconds)
    return _Song(rows, _pedal(events, seconds), n_hanging, n_drums)


def _seconds(events, ticks_per_beat):
    """When each event happens, by the tempo map of all tracks, or by the film frames that the header names instead."""
    if ticks_per_beat < 0:  # SMPTE time code: minus frames per second in the high byte, ticks per frame in the low one
        frames_per_s = -(ticks_per_beat >> 8)
        frames_per_s = 30 / 1.001 if frames_per_s == 29 else frames_per_s
        return np.array([tick for tick, _, _ in events]) / (frames_per_s * max(1, ticks_per_beat & 0xFF))
    seconds, now, last_tick, tempo = [], 0.0, 0.0, 500_000  # microseconds a beat until the file says otherwise
    for tick, _, message in events:
        now += (tick - last_tick) * tempo / (1e6 * ticks_per_beat)
        last_tick = tick
        seconds.append(now)
        if message.type == "set_tempo":
            tempo = message.tempo
    return np.array(seconds)


def _pair_notes(events, seconds):
    """Notes from messages: an end belongs to the oldest note that sounds on that key, channel and track."""
    sounding, rows, n_drums = {}, [], 0
    for (_, track, message), now in zip(events, seconds, strict=True):
        if message.type not in ("note_on", "note_off"):
            continue
        starts = message.type == "note_on" and message.velocity > 0
        if message.channel == _DRUM_CHANNEL:
            n_drums += starts
            continue
        started = sounding.setdefault((track, message.channel, message.note), [])
        if starts:
            started.append((now, message.velocity))
        elif started:
            onset, velocity = started.pop(0)
            rows.append(_Row(onset, now, message.note, velocity, f"track {track}"))
    end, n_closed = seconds[-1] if len(seconds) else 0.0, len(rows)
    for (track, _, note), started in sounding.items():
        rows += [_Row(onset, end, note, velocity, f"track {track}") for onset, velocity in started]
    return rows, len(rows) - n_closed, n_drums


def _pedal(events, seconds):
    """Times down and up for each channel; a pedal that never goes up goes up at the end."""
    down, intervals = {}, []
    for (_, _, message), now in zip(events, seconds, strict=True):
        if message.type == "control_change" and message.control == _SUSTAIN:
            if message.value >= 64:
                down.setdefault(message.channel, now)
            elif message.channel in down:
                intervals.append((down.pop(message.channel), now))
    intervals += [(since, seconds[-1]) for since in down.values()]
    return _merged(intervals)


def _warn_of_song(song, name):
    if song.n_hanging:
        text = f"{name}: {song.n_hanging} notes never end and are ended at the end of the file"
        warnings.warn(text, LabelWarning, stacklevel=3)
    if song.n_drums:
        text = f"{name}: {song.n_drums} drum notes (channel 10) are ignored"
        warnings.warn(text, LabelWarning, stacklevel=3)


def _merged(pedal):
    """Pedal times in order, with those that overlap made one."""
    try:
        pedal = np.array(pedal, dtype=float)
    except (TypeError, ValueError) as error:
        raise LabelError(f"the pedal is no list of times ({error}): pass shape (n, 2), seconds down and up") from error
    if not pedal.size:
        return np.zeros((0, 2))
    if pedal.ndim != 2 or pedal.shape[1] != 2:
        raise LabelError(f"the pedal has shape {pedal.shape}: pass shape (n, 2), seconds down and up")
    if not np.all(np.isfinite(pedal)) or np.any(pedal < 0) or np.any(pedal[:, 1] < pedal[:, 0]):
        raise LabelError("a pedal time is NaN, negative or goes up before it goes down: mend it")
    merged = []
    for down, up in pedal[np.argsort(pedal[:, 0], kind="stable")]:
        if merged and down <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], up)
        else:
            merged.append([down, up])
    return np.array(merged)


def _midi_bytes(notes, pedal, name):
    file = mido.MidiFile(type=1, ticks_per_beat=_TICKS_PER_BEAT)
    conductor = [(0, 0, mido.MetaMessage("set_tempo", tempo=500_000))]
    for down, up in np.rint(pedal * _TICKS_PER_SECOND).astype(np.int64):
        conductor.append((down, 2, mido.Message("control_change", control=_SUSTAIN, value=127)))
        conductor.append((up, 1, mido.Message("control_change", control=_SUSTAIN, value=0)))
    for events in [conductor, *_note_tracks(notes)]:
        events.sort(key=lambda event: event[:2])
        ticks = np.array([tick for tick, _, _ in events])
        deltas = np.diff(ticks, prepend=0)
        if np.any(deltas > _MAX_DELTA):
            raise LabelError(f"{name} cannot be written: MIDI holds no pause over 3.7 h; write .tsv")
        file.tracks.append(mido.MidiTrack(m.copy(time=int(d)) for d, (_, _, m) in zip(deltas, events, strict=True)))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _note_tracks(notes):
    """Events of as many tracks as notes of one key lie within each other; usually one.

    On one track the first end would end the outer note, so an inner one goes to the next track.
    """
    ticks = np.rint(notes.intervals * _TICKS_PER_SECOND).astype(np.int64)
    velocity = np.where(np.isnan(notes.velocity), _UNKNOWN_VELOCITY, np.clip(np.rint(notes.velocity), 1, 127))
    tracks, ends = [[]], [{}]
    for i in np.lexsort((ticks[:, 1], ticks[:, 0])):
        (on, off), midi = ticks[i], int(notes.midi[i])
        k = 0
        while ends[k].get(midi, 0) > off:
            k += 1
            if k == len(tracks):
                tracks.append([])
                ends.append({})
        ends[k][midi] = off
        # at one tick, earlier notes end first, then notes start, then notes without length end
        tracks[k].append((on, 1, mido.Message("note_on", note=midi, velocity=int(velocity[i]))))
        tracks[k].append((off, 2 if off == on else 0, mido.Message("note_off", note=midi)))
    return tracks
