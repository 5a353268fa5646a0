"""Labels in MIDI files: notes with velocities, tempo and the sustain pedal."""

import io
from dataclasses import dataclass
from typing import Any

import mido
import numpy as np
import numpy.typing as npt

from pianolab.labels.pedal import merged, sustain
from pianolab.labels.rows import LabelError, Row, notes_of
from pianolab.roll import Notes
from pianolab.texts.choices import PedalRule

_SUSTAIN = 64  # The pedal is this controller (MIDI 1.0 detailed specification, table 3).
_PEDAL_DOWN = 64  # Values of that controller from here on mean down.
_DRUM_CHANNEL = 9  # Musicians count from 1 and call it channel 10.
_DEFAULT_TEMPO = 500_000  # A beat has so many microseconds until the file says otherwise.
_TICKS_PER_BEAT = 10_000  # At 120 beats a minute one tick is 50 us, so that a written time is off by at most 25 us.
_TICKS_PER_SECOND = 2 * _TICKS_PER_BEAT
_MAX_DELTA = 2**28 - 1  # A MIDI file can express no longer wait, in ticks.
_UNKNOWN_VELOCITY = 64

# A message with its tick and, when read, its track or, when written, its place among those of the same tick.
Events = list[tuple[float, int, Any]]


@dataclass(frozen=True)
class Song:
    """What a MIDI file holds for us.

    Attributes
    ----------
    notes : Notes
        With all keys, also those that no piano has.
    pedal : (n, 2) float64
        Seconds at which the sustain pedal goes down and up.
    remarks : tuple of str
        What is odd about the file, each in one line without the file's name.
    """

    notes: Notes
    pedal: npt.NDArray[np.float64]
    remarks: tuple[str, ...]


def read_midi(data: bytes, name: str, *, pedal: PedalRule = "release") -> Song:
    """Notes and pedal of a MIDI file.

    Parameters
    ----------
    data : bytes
        The file.
    name : str
        The file in messages.
    pedal : {'release', 'extended'}
        Whether a note ends where the finger lets go or where its sound ends under the sustain pedal.

    Returns
    -------
    Song

    Raises
    ------
    LabelError
        If it cannot be read.
    """
    try:
        file = mido.MidiFile(file=io.BytesIO(data))
    except Exception as error:
        # mido raises whatever its parser stumbles over, EOFError and KeyError among them.
        why = str(error).splitlines()[0][:80] if str(error) else type(error).__name__
        raise LabelError(f"{name} is not a readable MIDI file ({why}): export it again") from error
    if file.type == 2:
        raise LabelError(f"{name} is a MIDI file of type 2 (separate patterns): export it as type 0 or 1")
    if file.ticks_per_beat == 0:
        raise LabelError(f"{name} has 0 ticks per beat: export it again")
    events = [
        (tick, track, message)
        for track, messages in enumerate(file.tracks)
        for tick, message in zip(np.cumsum([m.time for m in messages], dtype=float), messages, strict=True)
    ]
    events.sort(key=lambda event: event[:2])  # Sorting is stable: messages of a track at one tick stay in order.
    seconds = _seconds(events, file.ticks_per_beat)
    rows, n_hanging, n_drums = _pair_notes(events, seconds)
    notes, held = notes_of(rows, name), _pedal(events, seconds)
    remarks = []
    if n_hanging:
        remarks.append(f"{n_hanging} notes never end and are ended at the end of the file")
    if n_drums:
        remarks.append(f"{n_drums} drum notes (channel 10) are ignored")
    return Song(sustain(notes, held) if pedal == "extended" else notes, held, tuple(remarks))


def _seconds(events: Events, ticks_per_beat: int) -> npt.NDArray[np.float64]:
    """When each event happens, by the tempo map of all tracks, or by the film frames that the header names instead."""
    if ticks_per_beat < 0:
        # SMPTE time code has minus the frames a second in the high byte and the ticks a frame in the low one.
        frames_per_s = -(ticks_per_beat >> 8)
        frames_per_s = 30 / 1.001 if frames_per_s == 29 else frames_per_s
        return np.array([tick for tick, _, _ in events]) / (frames_per_s * max(1, ticks_per_beat & 0xFF))
    seconds, now, last_tick, tempo = [], 0.0, 0.0, _DEFAULT_TEMPO
    for tick, _, message in events:
        now += (tick - last_tick) * tempo / (1e6 * ticks_per_beat)
        last_tick = tick
        seconds.append(now)
        if message.type == "set_tempo":
            tempo = message.tempo
    return np.array(seconds)


def _pair_notes(events: Events, seconds: npt.NDArray[np.float64]) -> tuple[list[Row], int, int]:
    """Notes from messages: an end belongs to the oldest note that sounds on that key, channel and track."""
    sounding: dict[tuple[int, int, int], list[tuple[float, int]]] = {}
    rows, n_drums = [], 0
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
            rows.append(Row(onset, now, message.note, velocity, f"track {track}"))
    end, n_closed = seconds[-1] if len(seconds) else 0.0, len(rows)
    for (track, _, note), started in sounding.items():
        rows += [Row(onset, end, note, velocity, f"track {track}") for onset, velocity in started]
    return rows, len(rows) - n_closed, n_drums


def _pedal(events: Events, seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Times down and up for each channel; a pedal that never goes up goes up at the end."""
    down, intervals = {}, []
    for (_, _, message), now in zip(events, seconds, strict=True):
        if message.type == "control_change" and message.control == _SUSTAIN:
            if message.value >= _PEDAL_DOWN:
                down.setdefault(message.channel, now)
            elif message.channel in down:
                intervals.append((down.pop(message.channel), now))
    intervals += [(since, seconds[-1]) for since in down.values()]
    return merged(intervals)


def midi_bytes(notes: Notes, pedal: npt.NDArray[np.float64], name: str) -> bytes:
    """Notes and pedal as a MIDI file of type 1.

    Parameters
    ----------
    notes : Notes
    pedal : (n, 2) float64
        Seconds at which the sustain pedal goes down and up.
    name : str
        The file in messages.

    Returns
    -------
    bytes

    Raises
    ------
    LabelError
        If a pause is longer than MIDI can say.
    """
    file = mido.MidiFile(type=1, ticks_per_beat=_TICKS_PER_BEAT)
    conductor: Events = [(0, 0, mido.MetaMessage("set_tempo", tempo=_DEFAULT_TEMPO))]
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


def _note_tracks(notes: Notes) -> list[Events]:
    """Events of as many tracks as notes of one key lie within each other; usually one.

    On one track the first end would end the outer note, so an inner one goes to the next track.
    """
    ticks = np.rint(notes.intervals * _TICKS_PER_SECOND).astype(np.int64)
    velocity = np.where(np.isnan(notes.velocity), _UNKNOWN_VELOCITY, np.clip(np.rint(notes.velocity), 1, 127))
    tracks: list[Events] = [[]]
    ends: list[dict[int, int]] = [{}]
    for i in np.lexsort((ticks[:, 1], ticks[:, 0])):
        (on, off), midi = ticks[i], int(notes.midi[i])
        k = 0
        while ends[k].get(midi, 0) > off:
            k += 1
            if k == len(tracks):
                tracks.append([])
                ends.append({})
        ends[k][midi] = off
        # At one tick, earlier notes end first, then notes start, then notes without length end.
        tracks[k].append((on, 1, mido.Message("note_on", note=midi, velocity=int(velocity[i]))))
        tracks[k].append((off, 2 if off == on else 0, mido.Message("note_off", note=midi)))
    return tracks
