"""Labels in MIDI files: notes of the piano with velocities, and the sustain pedal.

Events come from `smf`, and `strokes` pairs starts with releases. A pedal and a program belong to their channel. Drums
(channel 10) are no piano. Where some notes are of a piano (General MIDI programs 1 to 8, or none named), notes of other
instruments are left out; where none are, all are taken, because then the program says little about what was played.
"""

import io
from collections import Counter
from dataclasses import dataclass
from typing import Any

import mido
import numpy as np
import numpy.typing as npt

from pianolab.labels.pedal import merged, pedal_up_s, struck_again_s
from pianolab.labels.rows import MAX_SECONDS, LabelError
from pianolab.labels.smf import (
    ALL_SOUND_OFF,
    CONTROLLER,
    NOTE_OFF,
    NOTE_ON,
    NOTES_OFF,
    PROGRAM,
    RESET_CONTROLLERS,
    SILENCE,
    SUSTAIN,
    MidiEvents,
    read_events,
)
from pianolab.labels.strokes import pair_strokes
from pianolab.roll import Notes
from pianolab.texts.choices import PedalRule

_PEDAL_DOWN = 64  # Values of the pedal's controller from here on mean down.
_DRUM_CHANNEL = 9  # Of each port. Musicians count from 1 and call it channel 10.
_N_PIANOS = 8  # General MIDI programs 1 to 8; musicians count them from 1.
_HANDFUL = 40  # So many keys are not released at one moment, unless all are.
_FAMILIES = (  # General MIDI has eight programs of each (General MIDI level 1 sound set).
    *("piano", "chromatic percussion", "organ", "guitar", "bass", "strings", "ensemble", "brass", "reed", "pipe"),
    *("synth lead", "synth pad", "synth effects", "ethnic", "percussive", "sound effects"),
)
_TEMPO = 500_000  # Microseconds a beat in files that we write.
_TICKS_PER_BEAT = 10_000  # At 120 beats a minute one tick is 50 us, so that a written time is off by at most 25 us.
_TICKS_PER_SECOND = 2 * _TICKS_PER_BEAT
_MAX_DELTA = 2**28 - 1  # A MIDI file can express no longer wait, in ticks.
_UNKNOWN_VELOCITY = 64

# A message with its tick and its place among those of the same tick.
Messages = list[tuple[float, int, Any]]


@dataclass(frozen=True)
class Song:
    """What a MIDI file holds for us.

    Attributes
    ----------
    notes : Notes
        With all keys, also those that no piano has.
    pedal : (n, 2) float64
        Seconds at which the sustain pedal goes down and up, of all channels that hold notes of the piano.
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
        Whether a note ends where the finger lets go or where its sound ends under the sustain pedal of its channel.

    Returns
    -------
    Song

    Raises
    ------
    LabelError
        If it cannot be read.
    """
    events = read_events(data, name)
    remarks = list(events.remarks)
    sounds = np.flatnonzero((events.kind == NOTE_ON) | (events.kind == NOTE_OFF))
    on = (events.kind[sounds] == NOTE_ON) & (events.second[sounds] > 0)
    keys = 128 * events.channel[sounds] + events.first[sounds]
    strokes = pair_strokes(events.seconds[sounds], keys, events.track[sounds], on, _silences(events, sounds[~on]))
    if events.broken and not np.any(np.isfinite(strokes.end_s)):
        raise LabelError(f"{name} is not a readable MIDI file ({events.remarks[0]}; no note is whole): export it again")
    start, end_s, lost = sounds[strokes.start], strokes.end_s, strokes.lost
    taken = _of_the_piano(events, start, remarks)
    start, end_s, lost = start[taken], end_s[taken], lost[taken]
    if n_lost := int(np.sum(lost)):
        notes = "1 note has no release and is" if n_lost == 1 else f"{n_lost} notes have no release and are"
        remarks.append(f"{notes} ended where {'its' if n_lost == 1 else 'their'} key is struck again")
    if n_hanging := int(np.sum(np.isinf(end_s))):
        notes = "1 note never ends and is" if n_hanging == 1 else f"{n_hanging} notes never end and are"
        remarks.append(f"{notes} ended at the end of the file")
        end_s = np.where(np.isinf(end_s), events.end_s, end_s)
    if not len(start) and not events.silent:
        remarks.append("it holds no note of a piano")
    order = np.lexsort((end_s, events.first[start], events.seconds[start]))
    start, end_s = start[order], end_s[order]
    held = {channel: merged(times) for channel, times in _pedals(events).items()}
    played = set(events.channel[start].tolist()) or {channel for channel in held if channel % 16 != _DRUM_CHANNEL}
    if pedal == "extended":
        end_s = _extended(events, start, end_s, held)
        if held and played.isdisjoint(held):
            where = ", ".join(str(channel % 16 + 1) for channel in sorted(held))
            remarks.append(f"its pedal is on channel {where}, which holds no note of a piano: it lengthens no note")
    _refuse_long(events, start, end_s, held, name)
    notes = Notes(events.seconds[start], end_s, events.first[start], events.second[start])
    return Song(notes, merged([times for channel in played & held.keys() for times in held[channel]]), tuple(remarks))


def _silences(events: MidiEvents, releases: npt.NDArray[np.int64]) -> dict[int, list[float]]:
    """When all notes of a channel end, seconds in order, by channel.

    Controllers say so, and so do sequencers that release every key when they stop.
    """
    silences_s = _moments(events, NOTES_OFF)
    stamps, n_releases = np.unique(_stamps(events, events.channel)[releases], return_counts=True)
    for stamp in stamps[n_releases > _HANDFUL].tolist():
        channel, event = divmod(stamp, len(events.seconds))
        silences_s.setdefault(channel, []).append(float(events.seconds[event]))
    return {channel: sorted(at_s) for channel, at_s in silences_s.items()}


def _moments(events: MidiEvents, controllers: tuple[int, ...]) -> dict[int, list[float]]:
    """When a channel gets one of these controllers, seconds in order, by channel."""
    at_s: dict[int, list[float]] = {}
    for i in np.flatnonzero((events.kind == CONTROLLER) & np.isin(events.first, controllers)):
        at_s.setdefault(int(events.channel[i]), []).append(float(events.seconds[i]))
    return at_s


def _of_the_piano(events: MidiEvents, start: npt.NDArray[np.int64], remarks: list[str]) -> npt.NDArray[np.bool_]:
    """Which of these note-ons are of a piano; what is left out is said."""
    is_drum = events.channel[start] % 16 == _DRUM_CHANNEL
    if np.any(is_drum):
        remarks.append(f"{np.sum(is_drum)} drum notes (channel 10) are ignored")
    program = _programs(events, start)
    is_other = ~is_drum & (program >= _N_PIANOS)
    if not np.any(is_other):
        return ~is_drum
    counts = Counter(program[is_other].tolist()).most_common()
    names = ", ".join(f"{number + 1} ({_FAMILIES[number // 8]})" for number, _ in counts[:4])
    names += f" and {len(counts) - 4} more" if len(counts) > 4 else ""
    what = f"{np.sum(is_other)} notes of other instruments (General MIDI programs {names})"
    if np.all(is_other | is_drum):
        remarks.append(f"no channel is a piano: {what} are taken")
        return ~is_drum
    remarks.append(f"{what} are left out: to have them too, export them as a piano (program 1)")
    return ~is_drum & ~is_other


def _programs(events: MidiEvents, start: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The General MIDI program of each note-on, from 0; 0 (a piano) where the file names none.

    A program counts for its channel. Where a track sets its own for the channel, only those count for its notes,
    because some files put many instruments on one channel.
    """
    changes = np.flatnonzero(events.kind == PROGRAM)
    if not len(changes):
        return np.zeros(len(start), np.int64)
    by_track = events.channel * (1 + events.track.max()) + events.track
    own, of_channel = (_latest(events, changes, start, group) for group in (by_track, events.channel))
    latest = np.where(np.isin(by_track[start], by_track[changes]), own, of_channel)
    return np.where(latest < 0, 0, events.first[latest])


def _latest(
    events: MidiEvents, changes: npt.NDArray[np.int64], start: npt.NDArray[np.int64], group: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Which change of its group came last before each note-on or with it; -1 where none did."""
    stamp = _stamps(events, group)
    changes = changes[np.argsort(stamp[changes], kind="stable")]
    place = np.searchsorted(stamp[changes], stamp[start], side="right") - 1
    latest = changes[np.maximum(place, 0)]
    return np.where((place >= 0) & (group[latest] == group[start]), latest, -1)


def _stamps(events: MidiEvents, group: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """One number for the group and the moment of each event, in the order of group and time."""
    first_of_moment = np.searchsorted(events.seconds, events.seconds)
    return group * len(events.seconds) + first_of_moment


def _pedals(events: MidiEvents) -> dict[int, list[tuple[float, float]]]:
    """Times down and up of each channel's pedal; one that never goes up goes up at the end."""
    down: dict[int, float] = {}
    held: dict[int, list[tuple[float, float]]] = {}
    for i in np.flatnonzero((events.kind == CONTROLLER) & np.isin(events.first, (SUSTAIN, RESET_CONTROLLERS))):
        channel, now = int(events.channel[i]), float(events.seconds[i])
        if events.first[i] == SUSTAIN and events.second[i] >= _PEDAL_DOWN:
            down.setdefault(channel, now)
        elif channel in down:
            held.setdefault(channel, []).append((down.pop(channel), now))
    for channel, since in down.items():
        held.setdefault(channel, []).append((since, events.end_s))
    return held


def _extended(
    events: MidiEvents,
    start: npt.NDArray[np.int64],
    end_s: npt.NDArray[np.float64],
    held: dict[int, npt.NDArray[np.float64]],
) -> npt.NDArray[np.float64]:
    """Where the sound of each note ends under its channel's pedal.

    The file is taken as one piano: a key that is struck again ends its old sound, whichever channel strikes it.
    """
    until_s = struck_again_s(events.seconds[start], events.first[start])
    up_s = np.full(len(start), -np.inf)
    stops = _moments(events, (ALL_SOUND_OFF,))
    for channel in np.unique(events.channel[start]).tolist():
        of_channel = events.channel[start] == channel
        up_s[of_channel] = pedal_up_s(end_s[of_channel], held.get(channel, np.zeros((0, 2))))
        stop_s = np.array([*stops.get(channel, []), np.inf])
        following = stop_s[np.searchsorted(stop_s, events.seconds[start[of_channel]], side="right")]
        until_s[of_channel] = np.minimum(until_s[of_channel], following)
    return np.maximum(end_s, np.minimum(up_s, until_s))


def _refuse_long(
    events: MidiEvents,
    start: npt.NDArray[np.int64],
    end_s: npt.NDArray[np.float64],
    held: dict[int, npt.NDArray[np.float64]],
    name: str,
) -> None:
    too_long = np.flatnonzero(end_s > MAX_SECONDS)
    if len(too_long):
        i, end = start[too_long[0]], end_s[too_long[0]]
        place = f"track {events.track[i]}, byte {events.byte[i]}"
        raise LabelError(f"{name}, {place}: a note ends at {end:g} s, later than any recording: export it again")
    latest = max((float(times[-1, 1]) for times in held.values()), default=0.0)
    if latest > MAX_SECONDS:
        raise LabelError(f"{name}: the pedal goes up at {latest:g} s, later than any recording: export it again")


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
    conductor: Messages = [(0, 0, mido.MetaMessage("set_tempo", tempo=_TEMPO))]
    if not len(notes):
        conductor.append((0, 0, mido.MetaMessage("text", text=SILENCE.decode())))
    for down, up in np.rint(pedal * _TICKS_PER_SECOND).astype(np.int64):
        conductor.append((down, 2, mido.Message("control_change", control=SUSTAIN, value=127)))
        conductor.append((up, 1, mido.Message("control_change", control=SUSTAIN, value=0)))
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


def _note_tracks(notes: Notes) -> list[Messages]:
    """Events of as many tracks as notes of one key sound together; usually one.

    On one track nothing tells which end belongs to which of them, so one that overlaps goes to the next track.
    """
    ticks = np.rint(notes.intervals * _TICKS_PER_SECOND).astype(np.int64)
    velocity = np.where(np.isnan(notes.velocity), _UNKNOWN_VELOCITY, np.clip(np.rint(notes.velocity), 1, 127))
    tracks: list[Messages] = [[]]
    ends: list[dict[int, tuple[int, int]]] = [{}]
    for i in np.lexsort((ticks[:, 1], ticks[:, 0])):
        (on, off), midi = ticks[i], int(notes.midi[i])
        k = 0
        while not _follows(ends[k].get(midi), on):
            k += 1
            if k == len(tracks):
                tracks.append([])
                ends.append({})
        ends[k][midi] = on, off
        # At one tick, earlier notes end first, then notes start, then notes without length end.
        tracks[k].append((on, 1, mido.Message("note_on", note=midi, velocity=int(velocity[i]))))
        tracks[k].append((off, 2 if off == on else 0, mido.Message("note_off", note=midi)))
    return tracks


def _follows(before: tuple[int, int] | None, on: int) -> bool:
    """Whether a note that begins at a tick comes after the one before it, which is (on, off), and not with it."""
    return before is None or (before[0] < on and before[1] <= on)
