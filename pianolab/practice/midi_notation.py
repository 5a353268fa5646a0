"""A MIDI file as notation: MusicXML for a piano, with bars and two staves.

A MIDI file says when keys go down and up, not how that is written. So times are moved to the nearest sixteenth of a
quarter note, each hand gets one voice, and what does not fit into a bar is tied over. That suits files that a notation
program wrote. What a person played freely has no beats that fit, and reads badly.
"""

import io
import xml.etree.ElementTree as ET
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import mido

from pianolab.errors import first_line
from pianolab.practice.contents import ContentError
from pianolab.units import MIDI_HIGH, MIDI_LOW

_PER_QUARTER = 4  # Times are moved to this grid.
_MOST_BARS = 5000
_MOST_EVENTS = 300_000
_SPLIT = 60  # Where one track holds both hands, the right one plays from middle C up.
_DRUM_CHANNEL = 9
# Sixteenths that one note can have, its type and its dots; what is longer or between is tied together.
_WRITTEN = (
    (16, "whole", 0),
    (12, "half", 1),
    (8, "half", 0),
    (6, "quarter", 1),
    (4, "quarter", 0),
    (3, "eighth", 1),
    (2, "eighth", 0),
    (1, "16th", 0),
)
_STEPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


@dataclass
class _Song:
    """What a MIDI file says, with times in sixteenths."""

    hands: tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]  # (start, end, key) of the right and left
    beats: int
    beat_type: int
    tempos: list[tuple[int, float]]  # (sixteenth, quarter notes a minute)
    title: str


def midi_as_musicxml(data: bytes, name: str) -> str:
    """Write a MIDI file as MusicXML.

    Parameters
    ----------
    data : bytes
        The MIDI file.
    name : str
        The file in messages.

    Returns
    -------
    str
        MusicXML with two staves. Where two tracks hold notes, the higher one is the right hand; otherwise the right
        hand plays from middle C up.

    Raises
    ------
    ContentError
        If it cannot be read, holds no notes of a piano, or is too long.
    """
    song = _read(data, name)
    bar = song.beats * 4 * _PER_QUARTER // song.beat_type
    end = max(stop for hand in song.hands for _, stop, _ in hand)
    n_bars = -(-end // bar)
    if n_bars > _MOST_BARS:
        raise ContentError(f"{name} has {n_bars} bars: {_MOST_BARS} are the most")
    root = ET.Element("score-partwise", version="4.0")
    ET.SubElement(ET.SubElement(root, "work"), "work-title").text = song.title
    listed = ET.SubElement(ET.SubElement(root, "part-list"), "score-part", id="P1")
    ET.SubElement(listed, "part-name").text = "Piano"
    part = ET.SubElement(root, "part", id="P1")
    hands = [_voice(hand, n_bars * bar) for hand in song.hands]
    for number in range(n_bars):
        measure = ET.SubElement(part, "measure", number=str(number + 1))
        if number == 0:
            _add_attributes(measure, song)
        _add_tempos(measure, song, number * bar, (number + 1) * bar)
        for staff, voice in enumerate(hands, start=1):
            if staff == 2:
                ET.SubElement(ET.SubElement(measure, "backup"), "duration").text = str(bar)
            _add_bar(measure, voice, number * bar, (number + 1) * bar, staff)
    return ET.tostring(root, encoding="unicode")


def _read(data: bytes, name: str) -> _Song:
    try:
        file = mido.MidiFile(file=io.BytesIO(data), clip=True)
    except Exception as error:  # mido lets what its parsers stumble over through.
        raise ContentError(f"{name} is no whole MIDI file ({first_line(error)[:80]}): export it again") from error
    if file.ticks_per_beat <= 0 or file.type == 2:
        raise ContentError(f"{name} has no beats (its time is counted in seconds or songs): export it again")
    if sum(map(len, file.tracks)) > _MOST_EVENTS:
        raise ContentError(f"{name} holds more than {_MOST_EVENTS} events: it is no score to practise")
    grid = _PER_QUARTER / file.ticks_per_beat
    tracks, tempos, metre, title = [], {}, (4, 4), ""
    for track in file.tracks:
        notes, sounding, tick = [], defaultdict(list), 0
        for message in track:
            tick += message.time
            at = round(tick * grid)
            if message.type == "set_tempo" and message.tempo:
                tempos[at] = mido.tempo2bpm(message.tempo)
            elif message.type == "time_signature" and not notes:
                metre = (message.numerator, message.denominator)
            elif message.type == "track_name" and not title:
                title = message.name.strip()
            elif message.type in ("note_on", "note_off") and message.channel != _DRUM_CHANNEL:
                key = (message.channel, message.note)
                if sounding[key]:  # Struck again or let go.
                    start = sounding[key].pop()
                    notes.append((start, max(at, start + 1), message.note))
                if message.type == "note_on" and message.velocity:
                    sounding[key].append(at)
        tracks.append([one for one in notes if MIDI_LOW <= one[2] <= MIDI_HIGH])
    tracks = [track for track in tracks if track]
    if not tracks:
        raise ContentError(f"{name} holds no notes of a piano")
    beats, beat_type = metre if metre[1] in (2, 4, 8, 16) and 1 <= metre[0] <= 32 else (4, 4)
    return _Song(_hands(tracks), beats, beat_type, sorted({0: 120.0, **tempos}.items()), title)


def _hands(tracks):
    if len(tracks) == 2:
        mean = [sum(key for *_, key in track) / len(track) for track in tracks]
        right = mean.index(max(mean))
        return tracks[right], tracks[1 - right]
    notes = [note for track in tracks for note in track]
    return [note for note in notes if note[2] >= _SPLIT], [note for note in notes if note[2] < _SPLIT]


def _voice(notes, end):
    """(start, stop, keys) without gaps: a chord lasts as its longest note, but no longer than to the next; () rests."""
    chords = defaultdict(dict)
    for start, stop, key in notes:
        chords[start][key] = max(stop, chords[start].get(key, 0))
    starts = sorted(chords)
    voice, at = [], 0
    for start, following in pairwise([*starts, end]):
        if start > at:
            voice.append((at, start, ()))
        at = min(max(chords[start].values()), following)
        voice.append((start, at, tuple(sorted(chords[start]))))
    if at < end:
        voice.append((at, end, ()))
    return voice


def _add_attributes(measure, song):
    attributes = ET.SubElement(measure, "attributes")
    ET.SubElement(attributes, "divisions").text = str(_PER_QUARTER)
    time = ET.SubElement(attributes, "time")
    ET.SubElement(time, "beats").text = str(song.beats)
    ET.SubElement(time, "beat-type").text = str(song.beat_type)
    ET.SubElement(attributes, "staves").text = "2"
    for number, (sign, line) in enumerate((("G", "2"), ("F", "4")), start=1):
        clef = ET.SubElement(attributes, "clef", number=str(number))
        ET.SubElement(clef, "sign").text = sign
        ET.SubElement(clef, "line").text = line


def _add_tempos(measure, song, start, stop):
    """Tempos of a bar, at its beginning: the last one that is named there."""
    for at, bpm in song.tempos[::-1]:
        if start <= at < stop:
            direction = ET.SubElement(measure, "direction", placement="above")
            metronome = ET.SubElement(ET.SubElement(direction, "direction-type"), "metronome")
            ET.SubElement(metronome, "beat-unit").text = "quarter"
            ET.SubElement(metronome, "per-minute").text = f"{bpm:.4g}"
            ET.SubElement(direction, "sound", tempo=f"{bpm:.6g}")
            return


def _add_bar(measure, voice, start, stop, staff):
    first = bisect_left(voice, start, key=lambda event: event[1] - 1)
    for begun, ended, keys in voice[first:]:
        if begun >= stop:
            return
        at, until = max(begun, start), min(ended, stop)
        while at < until:
            length, kind, dots = next(one for one in _WRITTEN if one[0] <= until - at)
            ties = [way for way, is_tied in (("stop", at > begun), ("start", at + length < ended)) if is_tied]
            for i, key in enumerate(keys or (None,)):
                _add_note(measure, key, length, kind, dots, staff, ties, is_chord=i > 0)
            at += length


def _add_note(measure, key, length, kind, dots, staff, ties, *, is_chord):
    note = ET.SubElement(measure, "note")
    if is_chord:
        ET.SubElement(note, "chord")
    if key is None:
        ET.SubElement(note, "rest")
    else:
        step, sharp = _STEPS[key % 12][0], _STEPS[key % 12][1:]
        pitch = ET.SubElement(note, "pitch")
        ET.SubElement(pitch, "step").text = step
        if sharp:
            ET.SubElement(pitch, "alter").text = "1"
        ET.SubElement(pitch, "octave").text = str(key // 12 - 1)
    ET.SubElement(note, "duration").text = str(length)
    for way in ties if key is not None else ():
        ET.SubElement(note, "tie", type=way)
    ET.SubElement(note, "voice").text = "1" if staff == 1 else "5"
    ET.SubElement(note, "type").text = kind
    for _ in range(dots):
        ET.SubElement(note, "dot")
    if key is not None and _STEPS[key % 12][1:]:
        ET.SubElement(note, "accidental").text = "sharp"
    ET.SubElement(note, "staff").text = str(staff)
    if ties and key is not None:
        notations = ET.SubElement(note, "notations")
        for way in ties:
            ET.SubElement(notations, "tied", type=way)
