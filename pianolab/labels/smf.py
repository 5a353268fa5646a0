"""The events of a MIDI file: bytes go in, and out come note, controller and program events with their times in seconds.

A file is a header and tracks (Standard MIDI Files 1.0, RP-001 of the MIDI Manufacturers Association). Real files
break that standard in many ways. What can still be read without doubt is read, and what was odd is said in a remark.
Where the bytes can no longer be understood the file is refused, with the track and the byte. Events that say nothing
about notes (lyrics, key signatures and the like) are skipped and never looked into.
"""

import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pianolab.labels.rows import LabelError

NOTE_OFF, NOTE_ON, CONTROLLER, PROGRAM = 0x80, 0x90, 0xB0, 0xC0  # The high half of a status byte.
SUSTAIN = 64  # The pedal is this controller (MIDI 1.0 detailed specification, table 3).
ALL_SOUND_OFF, RESET_CONTROLLERS = 120, 121
NOTES_OFF = (ALL_SOUND_OFF, 123, 124, 125, 126, 127)  # From 124 on they change a mode and end all notes by the way.
SILENCE = b"no notes"  # A text event with these words says that a file without notes is whole.

_KEPT = frozenset((SUSTAIN, RESET_CONTROLLERS, *NOTES_OFF))
_META, _SYSEX, _SYSEX_PART = 0xFF, 0xF0, 0xF7
_SYSTEM_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1}  # How many data bytes follow; none follow the others.
_TEXT, _PORT, _END_OF_TRACK, _TEMPO = 0x01, 0x21, 0x2F, 0x51  # Types of meta events.
_SYSTEM_BYTE = "a system byte is passed over"
_DEFAULT_TEMPO = 500_000  # A beat has so many microseconds until the file says otherwise.
_LEAST_TEMPO = 10_000  # A beat of no music is shorter: 6000 beats a minute.
_FRAMES_PER_S = {24: 24.0, 25: 25.0, 29: 30 / 1.001, 30: 30.0}  # Film frames; 29 stands for 29.97.
_CHUNK = re.compile(rb"[ -~]{4}")
_NEXT_TRACK = b"MTrk\0"  # With the first byte of its length, which no real track needs.


@dataclass(frozen=True)
class MidiEvents:
    """Note, pedal, all-notes-off and program events of a file in the order of time.

    Attributes
    ----------
    seconds : (n,) float64
        When each event happens.
    track, byte : (n,) int64
        Where it stands: the track, counted from 1, and the byte of the file, counted from 0.
    channel : (n,) int64
        0 to 15, plus 16 for each port.
    kind, first, second : (n,) int64
        `NOTE_ON`, `NOTE_OFF`, `CONTROLLER` or `PROGRAM`, and the two data bytes (0 where there is one only).
    end_s : float
        When the last event of any kind happens.
    silent : bool
        Whether the file itself says that it has no notes.
    broken : bool
        Whether a track lacks its end or is missing.
    remarks : tuple of str
        What is odd about the file, each in one line.
    """

    seconds: npt.NDArray[np.float64]
    track: npt.NDArray[np.int64]
    byte: npt.NDArray[np.int64]
    channel: npt.NDArray[np.int64]
    kind: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    end_s: float
    silent: bool
    broken: bool
    remarks: tuple[str, ...]


class _Unreadable(Exception):
    """Bytes that no longer make sense: where in the file, and why."""


def read_events(data: bytes, name: str) -> MidiEvents:
    """The events of a MIDI file.

    Parameters
    ----------
    data : bytes
        The file.
    name : str
        The file in messages.

    Returns
    -------
    MidiEvents

    Raises
    ------
    LabelError
        If it cannot be read; the message names the track and the byte.
    """
    try:
        start, kind, n_tracks, division = _header(data)
        if kind == 2:
            raise LabelError(f"{name} is a MIDI file of type 2 (separate patterns): export it as type 0 or 1")
        if division == 0:
            raise LabelError(f"{name} has 0 ticks per beat: export it again")
        remarks = _Remarks()
        tracks = _tracks(data, start, remarks)
        seconds, end_s = _clock(tracks, division)
    except _Unreadable as fault:
        raise LabelError(f"{name} is not a readable MIDI file ({fault}): export it again") from None
    if kind > 2 or (kind == 0 and len(tracks) > 1):
        remarks.add(f"it is of type {kind} and is read as type 1 (tracks that sound together)")
    if n_tracks != len(tracks):
        remarks.add(f"its header counts {n_tracks} tracks and {len(tracks)} are there")
    ticks = _joined([track.tick for track in tracks])
    order = np.argsort(ticks, kind="stable")  # Events of one tick stay in the order of the tracks and in their own.
    words = _joined([track.word for track in tracks])[order]
    numbers = np.repeat(np.arange(1, len(tracks) + 1), [len(track.tick) for track in tracks])
    return MidiEvents(
        seconds=seconds(ticks[order]),
        track=numbers[order],
        byte=_joined([track.byte for track in tracks])[order],
        channel=(words >> 24 << 4) + (words >> 16 & 0x0F),
        kind=words >> 16 & 0xF0,
        first=words >> 8 & 0x7F,
        second=words & 0x7F,
        end_s=end_s,
        silent=any(track.silent for track in tracks),
        broken=n_tracks > len(tracks) or any(track.ending != "event" for track in tracks),
        remarks=remarks.lines(),
    )


class _Remarks:
    """What is odd about a file or a track: one line a kind, with how often and where first."""

    def __init__(self):
        self._seen: dict[str, tuple[int, int | None]] = {}

    def __len__(self) -> int:
        return sum(n for n, _ in self._seen.values())

    def add(self, what: str, byte: int | None = None, *, times: int = 1) -> None:
        n, first = self._seen.get(what, (0, byte))
        self._seen[what] = (n + times, first)

    def take_over(self, other: "_Remarks") -> None:
        for what, (n, byte) in other._seen.items():
            self.add(what, byte, times=n)

    def lines(self) -> tuple[str, ...]:
        where = {what: f" (at byte {byte})" for what, (_, byte) in self._seen.items() if byte is not None}
        often = {what: f" ({n} times, first at byte {byte})" for what, (n, byte) in self._seen.items() if n > 1}
        return tuple(what + often.get(what, where.get(what, "")) for what in self._seen)


def _joined(parts: Iterable[array]) -> npt.NDArray[np.int64]:
    return np.concatenate([np.zeros(0, np.int64), *(np.asarray(part, dtype=np.int64) for part in parts)])


def _header(data: bytes) -> tuple[int, int, int, int]:
    """Where the header begins, the type of the file, how many tracks it counts, and what a tick is."""
    start = data.find(b"MThd")
    if start < 0:
        raise _Unreadable("it has no header MThd")
    if len(data) < start + 14:
        raise _Unreadable(f"its header breaks off at byte {len(data)}")
    kind, n_tracks, division = (int.from_bytes(data[start + k : start + k + 2], "big") for k in (8, 10, 12))
    return start, kind, n_tracks, division


def _body(data: bytes, start: int, remarks: _Remarks) -> tuple[int, int]:
    """Where the chunks behind the header begin and end."""
    stop = len(data)
    if data[:4] == b"RIFF" and data[start - 8 : start - 4] == b"data":
        # Its sizes are little-endian, and other chunks may stand behind the MIDI.
        wrapped_stop = start + int.from_bytes(data[start - 4 : start], "little")
        if start + 14 <= wrapped_stop < stop and data.find(b"MTrk", wrapped_stop) < 0:
            stop = wrapped_stop
    elif start and data[:4] != b"RIFF":
        remarks.add("what stands before its header is passed over", 0)
    length = int.from_bytes(data[start + 4 : start + 8], "big")
    begin = start + 8 + length
    if length < 6 or data[start + 14 : start + 18] == b"MTrk" or begin > stop:
        begin = start + 14
    if length != begin - start - 8:
        remarks.add(f"its header has a wrong length ({length})")
    return begin, stop


def _tracks(data: bytes, start: int, remarks: _Remarks) -> "list[_Track]":
    """All tracks of a file; other chunks are skipped, as the standard demands."""
    tracks: list[_Track] = []
    place, stop = _body(data, start, remarks)
    data = data[:stop]
    faults: list[str] = []
    while place < stop:
        if data.startswith(b"MTrk", place):
            track, place = _track(data, place, len(tracks) + 1, remarks)
            tracks.append(track)
            faults += [track.fault] if track.fault else []
            continue
        behind = _behind_chunk(data, place)
        if behind is None or data.find(_NEXT_TRACK, place, behind) >= 0:
            behind = data.find(b"MTrk", place)
            behind = stop if behind < 0 else behind
            where = "between its chunks" if behind < stop else "behind its last chunk"
            remarks.add(f"what stands {where} is passed over", place)
        place = behind
    if not tracks:
        raise _Unreadable("it holds no track MTrk")
    if len(faults) == len(tracks):
        raise _Unreadable(faults[0])
    return tracks


def _behind_chunk(data: bytes, place: int) -> int | None:
    """Where the chunk ends that begins here; None if none does."""
    behind = place + 8 + int.from_bytes(data[place + 4 : place + 8], "big")
    return behind if place + 8 <= behind <= len(data) and _CHUNK.match(data, place) else None


def _is_border(data: bytes, place: int) -> bool:
    """Whether a chunk can end here: with the file, before a track, or before a chunk that another one follows."""
    if place == len(data) or data.startswith(b"MTrk", place):
        return True
    behind = _behind_chunk(data, place)
    return behind is not None and (behind == len(data) or _CHUNK.match(data, behind) is not None)


def _track(data: bytes, place: int, number: int, remarks: _Remarks) -> "tuple[_Track, int]":
    """The track whose chunk begins here, and where the next chunk begins.

    The length that the chunk states counts where a chunk can end there; else the track goes on to its own end.
    """
    begin = place + 8
    stated = begin + int.from_bytes(data[place + 4 : place + 8], "big")
    trusted = begin <= stated <= len(data) and _is_border(data, stated)
    stop = stated if trusted else len(data)
    track = _understood(data, begin, stop, number, may_break_off=stated > len(data), trusted=trusted)
    remarks.take_over(track.odd)
    if track.fault:
        remarks.add(
            f"track {number} holds an event longer than the track, and what came behind in it is lost", track.end
        )
        return track, stated
    if track.ending == "cut" or (track.ending == "bytes" and track.end == len(data) < stated):
        remarks.add(f"track {number} breaks off, and what came behind is lost", track.end)
        return track, len(data)
    if track.ending == "bytes":
        remarks.add("a track has no end-of-track event", track.end)
    if track.end == stated:
        return track, stated
    if not trusted or data.startswith(b"MTrk", track.end):
        remarks.add("a track has a wrong length", place + 4)
        return track, track.end
    remarks.add("what stands behind the end of a track is passed over", track.end)
    return track, stated


def _understood(data: bytes, begin: int, stop: int, number: int, *, may_break_off: bool, trusted: bool) -> "_Track":
    """The track in these bytes.

    A data byte over 127 is a wrong value or a realtime byte that slipped in. Only one of the two leads on through the
    track without more trouble, so both are tried.
    """
    view = memoryview(data)[:stop]
    readings: list[_Track] = []
    faults: list[str] = []
    cut: list[_Track] = []
    for skips_realtime in (False, True):
        track = _Track(view, begin, skips_realtime=skips_realtime)
        try:
            track.read()
        except _Unreadable as fault:
            faults.append(str(fault))
        else:
            if track.ending != "cut" or (may_break_off and data.find(_NEXT_TRACK, track.end) < 0):
                readings.append(track)
            else:
                faults.append(f"byte {track.end}: an event reaches beyond the end of the track")
                cut.append(track)
        if track.over_127 is None:
            break
        faults[:1] = [f"byte {track.over_127}: a data byte over 127"]
    if trusted and not readings and len(cut) == len(faults):
        cut[0].fault = f"track {number}, {faults[0]}"
        return cut[0]
    if not readings:
        raise _Unreadable(f"track {number}, {faults[0]}")
    return min(readings, key=lambda track: len(track.odd))


class _Track:
    """The events of one track and what was odd about them.

    Attributes
    ----------
    tick, word, byte : array
        When each kept event happens; port, status and data bytes in one number; and where it stands in the file.
    moments : array
        The tick of every event, also of those that are not kept.
    tempos : list of (int, int)
        Ticks at which the tempo changes, and to how many microseconds a beat.
    end : int
        The byte behind the track, or the one at which it breaks off.
    ending : {'event', 'bytes', 'cut'}
        What ended it: its last event, the end of its bytes, or an event that is not whole.
    fault : str
        Why it is of use only beside other tracks; '' if it is of use alone.
    """

    def __init__(self, data: memoryview, begin: int, *, skips_realtime: bool):
        self.tick, self.moments = array("q"), array("q")
        self.word, self.byte = array("I"), array("I")
        self.tempos: list[tuple[int, int]] = []
        self.odd = _Remarks()
        self.over_127: int | None = None
        self.silent = False
        self.fault = ""
        self.end, self.ending = begin, "bytes"
        self._data, self._skips_realtime, self._port = data, skips_realtime, 0

    def read(self) -> None:
        """Read events until the track ends."""
        data, stop, place, tick, running = self._data, len(self._data), self.end, 0, 0
        try:
            while place < stop and self.ending == "bytes":
                self.end, delta = place, data[place]
                if delta == _NEXT_TRACK[0] and data[place : place + 5] == _NEXT_TRACK:
                    return
                delta, place = (delta, place + 1) if delta < 0x80 else self._number(place)
                status = data[place]
                if delta:
                    tick += delta
                    self.moments.append(tick)
                if status >= _SYSEX:
                    place = self._other(place, tick)
                    continue
                if status >= 0x80:
                    running = status
                    place += 1
                elif not running:
                    raise _Unreadable(f"byte {place}: data before any status")
                place = self._channel_event(place, tick, running)
            self.end = place
        except IndexError:
            self.ending = "cut"

    def _channel_event(self, place: int, tick: int, status: int) -> int:
        """Keep an event of a channel if it is about notes; the byte behind it."""
        kind = status & 0xF0
        first, second = self._data[place], 0 if 0xC0 <= kind <= 0xD0 else self._data[place + 1]
        behind = place + (1 if 0xC0 <= kind <= 0xD0 else 2)
        if first > 127 or second > 127:
            first, second, behind = self._odd_data(place, behind - place)
        if kind <= NOTE_ON or kind == PROGRAM or (kind == CONTROLLER and first in _KEPT):
            self.tick.append(tick)
            self.word.append(self._port << 24 | status << 16 | first << 8 | second)
            self.byte.append(place)
        return behind

    def _odd_data(self, place: int, n: int) -> tuple[int, int, int]:
        """Two data bytes of which one is over 127, and the byte behind them."""
        values: list[int] = []
        while len(values) < n:
            value = self._data[place]
            if value > 127:
                self.over_127 = place if self.over_127 is None else self.over_127
            if value >= 0xF8 and self._skips_realtime:
                self.odd.add(_SYSTEM_BYTE, place)
            else:
                if value > 127:
                    self.odd.add("a data byte over 127 is taken as 127", place)
                values.append(min(value, 127))
            place += 1
        return values[0], values[-1] if n == 2 else 0, place

    def _other(self, place: int, tick: int) -> int:
        """Pass a meta or system event over, except for what tells time, port and end; the byte behind it."""
        status = self._data[place]
        if status not in (_META, _SYSEX, _SYSEX_PART):
            self.odd.add(_SYSTEM_BYTE, place)
            return place + 1 + _SYSTEM_DATA.get(status, 0)
        kind = self._data[place + 1] if status == _META else None
        length, begin = self._number(place + (1 if kind is None else 2))
        behind = begin + length
        if behind > len(self._data):
            raise IndexError
        if status == _SYSEX and length and max(self._data[begin : behind - 1], default=0) >= 0x80:
            self.odd.add("a system exclusive message has a wrong length, and notes may be lost behind it", place)
        if kind == _TEMPO:
            tempo = int.from_bytes(self._data[begin:behind], "big") if length == 3 else 0
            if tempo >= _LEAST_TEMPO:
                self.tempos.append((tick, tempo))
            else:
                self.odd.add("a tempo that cannot be is passed over, so times may be wrong", place)
        elif kind == _PORT and length:
            self._port = self._data[begin] & 0x7F
        elif kind == _TEXT and self._data[begin:behind] == SILENCE:
            self.silent = True
        elif kind == _END_OF_TRACK:
            self.ending = "event"
        return behind

    def _number(self, place: int) -> tuple[int, int]:
        """A number that begins here, seven bits a byte, and the byte behind it."""
        value = 0
        for behind in range(place + 1, place + 5):
            byte = self._data[behind - 1]
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value, behind
        raise _Unreadable(f"byte {place}: a number of more than 4 bytes")


def _clock(tracks: list[_Track], division: int):
    """A function from ticks to seconds, by the tempos of all tracks or by film frames, and when the last event is."""
    moments = np.unique(np.concatenate([[0], *(np.asarray(track.moments, np.int64) for track in tracks)])).astype(float)
    if division >= 0x8000:  # The high byte is minus the frames a second, the low one the ticks a frame.
        frames_per_s = _FRAMES_PER_S.get(256 - (division >> 8))
        ticks_per_frame = division & 0xFF
        if frames_per_s is None or ticks_per_frame == 0:
            raise _Unreadable(f"its header has no such division of time: 0x{division:04x}")
        ticks_per_s = frames_per_s * ticks_per_frame
        return lambda ticks: ticks / ticks_per_s, moments[-1] / ticks_per_s
    tempos = sorted((tempo for track in tracks for tempo in track.tempos), key=lambda tempo: tempo[0])
    changes, us = np.array([(0, _DEFAULT_TEMPO), *tempos], dtype=float).T
    in_force = us[np.searchsorted(changes, moments[:-1], side="right") - 1]
    at_s = np.concatenate([[0.0], np.cumsum(np.diff(moments) * in_force / (1e6 * division))])
    return lambda ticks: at_s[np.searchsorted(moments, ticks)], float(at_s[-1])
