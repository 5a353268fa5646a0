"""Write the pieces to practise as MusicXML: `python data/pieces/engrave.py`.

Each piece is a text file here (README.md explains the notation). Bars that do not add up, fingers that cross in a
chord, and keys that both hands want at once are refused. The same text gives the same file, bit for bit. `--check`
writes nothing and says whether the committed files are what it would write.
"""

import argparse
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby, pairwise
from pathlib import Path

from pianolab.files import replacing
from pianolab.units import parse_note

HERE = Path(__file__).resolve().parent
FIELDS = ("title", "composer", "source", "grade", "key", "meter", "unit", "tempo", "tags")
OPTIONAL = ("title_ko", "pickup", "pedal", "repeats", "endings")
HANDS = ("right", "left")
LICENCE = "CC0-1.0"
DIVISIONS = 4  # of a quarter note: a sixteenth is the shortest note.
# Sixteenths of a note, and how it is written: its type and its dots.
WRITTEN = {
    1: ("16th", 0),
    2: ("eighth", 0),
    3: ("eighth", 1),
    4: ("quarter", 0),
    6: ("quarter", 1),
    8: ("half", 0),
    12: ("half", 1),
    16: ("whole", 0),
}
FIFTHS = {"C": 0, "Am": 0, "G": 1, "Em": 1, "D": 2, "F": -1, "Dm": -1}
SHARPS, FLATS = "FCGDAEB", "BEADGCF"


class PieceError(ValueError):
    """A piece that does not make sense; the message names the place."""


@dataclass(frozen=True)
class Event:
    """A note, a chord or a rest of one hand: its length in sixteenths, names of keys from low to high, fingers."""

    length: int
    names: tuple = ()
    fingers: tuple = ()


@dataclass
class Piece:
    """What the lines of a file say, and the bars of each hand; bar 0 is the pickup, empty where there is none."""

    name: str
    fields: dict
    bar: int
    pickup: int
    hands: dict = field(default_factory=dict)


def read_piece(path):
    """A text file as a Piece; raises PieceError with the place of what is wrong."""
    fields, hands = {}, {hand: [] for hand in HANDS}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        key, _, value = line.partition(":")
        if key in HANDS:
            hands[key] += [(f"{path.name}, line {number}", bar) for bar in value.split("|")]
        elif key in FIELDS + OPTIONAL:
            fields[key] = value.strip()
        else:
            raise PieceError(f"{path.name}, line {number}: nobody knows '{key}'")
    if missing := [key for key in FIELDS if key not in fields]:
        raise PieceError(f"{path.name}: no line for {', '.join(missing)}")
    unit = Fraction(fields["unit"]) * 16
    beats, beat = fields["meter"].split("/")
    pickup = int(Fraction(fields.get("pickup", 0)) * unit)
    piece = Piece(path.stem, fields, int(beats) * 16 // int(beat), pickup)
    for hand, bars in hands.items():
        read = [] if pickup else [[]]
        for place, bar in bars:
            read.append(read[-1] if bar.strip() == "%" else _read_bar(bar, unit, hand, place))
        piece.hands[hand] = read
    _refuse(piece)
    return piece


def _read_bar(text, unit, hand, place):
    events, octave = [], None
    for token in text.split():
        notes, _, length = token.partition("*")
        sixteenths = Fraction(length or 1) * unit
        if sixteenths not in WRITTEN:
            raise PieceError(f"{place}: '{token}' cannot be written as one note")
        if notes == ".":
            events.append(Event(int(sixteenths)))
            continue
        names, fingers = [], []
        for note in notes.split("+"):
            name, _, finger = note.partition("/")
            octave = name[-1] if name[-1].isdigit() else octave
            if octave is None:
                raise PieceError(f"{place}: '{name}' is the first note of a bar: give it an octave (C4)")
            names.append(name.rstrip("0123456789") + octave)
            if finger not in ("1", "2", "3", "4", "5"):
                raise PieceError(f"{place}: '{note}' needs a finger from 1 to 5 ({name}/1)")
            fingers.append(int(finger))
        keys = [parse_note(name) for name in names]
        outwards = fingers if hand == "right" else fingers[::-1]
        if any(a >= b for a, b in pairwise(keys)) or any(a >= b for a, b in pairwise(outwards)):
            raise PieceError(f"{place}: '{token}': write chords from low to high, with fingers that do not cross")
        events.append(Event(int(sixteenths), tuple(names), tuple(fingers)))
    return events


def _refuse(piece):
    """Refuse bars that do not add up, and a key that one hand strikes while the other holds it."""
    right, left = (piece.hands[hand] for hand in HANDS)
    if len(right) != len(left):
        raise PieceError(f"{piece.name}: {len(right) - 1} bars for the right hand, {len(left) - 1} for the left")
    lengths = {0: piece.pickup, len(right) - 1: piece.bar - piece.pickup}
    for number, bars in enumerate(zip(right, left, strict=True)):
        want = lengths.get(number, piece.bar)
        for hand, bar in zip(HANDS, bars, strict=True):
            if (has := sum(event.length for event in bar)) != want:
                raise PieceError(f"{piece.name}, bar {number}, {hand}: {has} sixteenths where {want} belong")
        held = [set(_held(bar)) for bar in bars]
        if both := held[0] & held[1]:
            raise PieceError(f"{piece.name}, bar {number}: both hands want the same key: {sorted(both)}")


def _held(bar):
    """(sixteenth, key) of all that a hand holds down in a bar."""
    at = 0
    for event in bar:
        yield from ((at + i, parse_note(name)) for i in range(event.length) for name in event.names)
        at += event.length


def as_musicxml(piece):
    """The text of the MusicXML file of a piece."""
    root = ET.Element("score-partwise", version="4.0")
    _add(_add(root, "work"), "work-title", piece.fields["title"])
    about = _add(root, "identification")
    _add(about, "creator", piece.fields["composer"], type="composer")
    _add(about, "rights", LICENCE)
    _add(_add(about, "encoding"), "software", "pianolab, data/pieces/engrave.py")
    _add(about, "source", piece.fields["source"])
    more = _add(about, "miscellaneous")
    for name in ("grade", "tags", "title_ko"):
        if name in piece.fields:
            _add(more, "miscellaneous-field", piece.fields[name], name=name)
    part = _add(_add(root, "part-list"), "score-part", id="P1")
    _add(part, "part-name", "Piano")
    part = _add(root, "part", id="P1")
    for number in range(0 if piece.pickup else 1, len(piece.hands["right"])):
        _add_measure(part, piece, number)
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _add(parent, tag, text=None, /, **attributes):
    element = ET.SubElement(parent, tag, attributes)
    element.text = None if text is None else str(text)
    return element


def _add_measure(part, piece, number):
    n_bars = len(piece.hands["right"]) - 1
    measure = _add(part, "measure", number=str(number), **({"implicit": "yes"} if number == 0 else {}))
    _add_barline(measure, piece, number, "left")
    if number == (0 if piece.pickup else 1):
        _add_attributes(measure, piece)
    pedal = piece.fields.get("pedal") == "bars" and number > 0
    if pedal:
        _add_pedal(measure, "start")
    for staff, hand in enumerate(HANDS, start=1):
        bar = piece.hands[hand][number]
        if staff == 2:
            _add(_add(measure, "backup"), "duration", sum(event.length for event in bar))
        _add_notes(measure, piece, bar, staff, f"{hand[0]}{number}")
    if pedal:
        _add_pedal(measure, "stop")
    _add_barline(measure, piece, number, "right", last=number == n_bars)


def _add_attributes(measure, piece):
    attributes = _add(measure, "attributes")
    _add(attributes, "divisions", DIVISIONS)
    _add(_add(attributes, "key"), "fifths", FIFTHS[piece.fields["key"]])
    time = _add(attributes, "time")
    for tag, value in zip(("beats", "beat-type"), piece.fields["meter"].split("/"), strict=True):
        _add(time, tag, value)
    _add(attributes, "staves", 2)
    for number, (sign, line) in enumerate((("G", 2), ("F", 4)), start=1):
        clef = _add(attributes, "clef", number=str(number))
        _add(clef, "sign", sign)
        _add(clef, "line", line)
    direction = _add(measure, "direction", placement="above")
    metronome = _add(_add(direction, "direction-type"), "metronome")
    tempo = Fraction(piece.fields["tempo"])
    dotted = piece.fields["meter"] == "6/8"
    _add(metronome, "beat-unit", "quarter")
    if dotted:
        _add(metronome, "beat-unit-dot")
    _add(metronome, "per-minute", round(tempo / Fraction(3, 2)) if dotted else tempo)
    _add(direction, "staff", 1)
    _add(direction, "sound", tempo=str(tempo))


def _add_pedal(measure, kind):
    direction = _add(measure, "direction", placement="below")
    _add(_add(direction, "direction-type"), "pedal", type=kind, line="yes")
    _add(direction, "staff", 2)


def _add_barline(measure, piece, number, side, last=False):
    """Repeats and endings: `repeats: 1-16 17-32` and `endings: 3-4 5-6` name the bars from and to."""
    spans = {key: [_span(text) for text in piece.fields.get(key, "").split()] for key in ("repeats", "endings")}
    at = 0 if side == "left" else 1
    begins_or_ends = any(span[at] == number for span in spans["repeats"])
    ending = [i for i, span in enumerate(spans["endings"], start=1) if span[at] == number]
    if not (begins_or_ends or ending or last):
        return
    barline = _add(measure, "barline", location=side)
    if side == "right" and (last or begins_or_ends):
        _add(barline, "bar-style", "light-heavy")
    if side == "left" and begins_or_ends:
        _add(barline, "bar-style", "heavy-light")
    for i in ending:
        open_end = side == "right" and i == len(spans["endings"])
        kind = "start" if side == "left" else "discontinue" if open_end else "stop"
        _add(barline, "ending", f"{i}." if side == "left" else None, number=str(i), type=kind)
    if begins_or_ends:
        _add(barline, "repeat", direction="forward" if side == "left" else "backward")


def _span(text):
    first, last = text.split("-")
    return int(first), int(last)


def _add_notes(measure, piece, bar, staff, prefix):
    shown, at, n = {}, 0, 0
    beams = _beams(piece, bar)
    for i, event in enumerate(bar):
        for j, name in enumerate(event.names or (None,)):
            n += 1
            note = _add(measure, "note", **({"id": f"{prefix}n{n}"} if name else {}))
            if j:
                _add(note, "chord")
            if name:
                step, octave = name[0], int(name[-1])
                alter = {"": 0, "#": 1, "b": -1}[name[1:-1]]
                pitch = _add(note, "pitch")
                _add(pitch, "step", step)
                if alter:
                    _add(pitch, "alter", alter)
                _add(pitch, "octave", octave)
            else:
                whole = {"measure": "yes"} if event.length == piece.bar else {}
                _add(note, "rest", **whole)
            _add(note, "duration", event.length)
            _add(note, "voice", 1 if staff == 1 else 5)
            kind, dots = WRITTEN[event.length]
            _add(note, "type", kind)
            for _ in range(dots):
                _add(note, "dot")
            if name and shown.get((step, octave), _in_key(piece, step)) != alter:
                _add(note, "accidental", {0: "natural", 1: "sharp", -1: "flat"}[alter])
                shown[step, octave] = alter
            _add(note, "staff", staff)
            for level, value in beams.get(i, ()) if j == 0 else ():
                _add(note, "beam", value, number=str(level))
            if name:
                _add(_add(_add(note, "notations"), "technical"), "fingering", event.fingers[j])
        at += event.length


def _in_key(piece, step):
    fifths = FIFTHS[piece.fields["key"]]
    return 1 if step in SHARPS[: max(fifths, 0)] else -1 if step in FLATS[: max(-fifths, 0)] else 0


def _beams(piece, bar):
    """{index of the event: [(level, begin, continue, end or hook)]}: what lies in one beat is bound together."""
    beat = 6 if piece.fields["meter"] == "6/8" else 4
    starts, at = [], 0
    for event in bar:
        starts.append(at)
        at += event.length
    short = [i for i, event in enumerate(bar) if event.names and event.length < 4]
    beams = {}
    for _, group in groupby(short, key=lambda i: starts[i] // beat):
        for run in _runs(list(group), starts, bar):
            for i in run:
                place = "begin" if i == run[0] else "end" if i == run[-1] else "continue"
                beams[i] = [(1, place)]
                if bar[i].length == 1:
                    beams[i].append((2, _second(i, run, bar)))
    return beams


def _runs(group, starts, bar):
    """Neighbours that touch, two or more."""
    run = group[:1]
    for i in group[1:]:
        if starts[run[-1]] + bar[run[-1]].length == starts[i]:
            run.append(i)
        else:
            yield from [run] if len(run) > 1 else []
            run = [i]
    yield from [run] if len(run) > 1 else []


def _second(i, run, bar):
    before, after = (j in run and bar[j].length == 1 for j in (i - 1, i + 1))
    if before and after:
        return "continue"
    if before or after:
        return "end" if before else "begin"
    return "backward hook" if i > run[0] else "forward hook"


def main(argv=None):
    """Write or check all pieces; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say whether the committed files are right")
    args = parser.parse_args(argv)
    stale = []
    for path in sorted(HERE.glob("*.txt")):
        try:
            text, there = as_musicxml(read_piece(path)), path.with_suffix(".musicxml")
        except ValueError as error:
            print(f"engrave.py: {error}", file=sys.stderr)
            return 2
        if there.is_file() and there.read_text(encoding="utf-8") == text:
            continue
        stale.append(there.name)
        if not args.check:
            with replacing(there) as temporary:
                temporary.write_text(text, encoding="utf-8", newline="\n")
    print(f"{'stale' if args.check else 'written'}: {', '.join(stale) or 'none'}")
    return 1 if args.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
