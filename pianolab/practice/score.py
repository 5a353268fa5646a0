"""A score to practise: which key when, with which hand and finger, in which bar, and where that stands on the page.

MusicXML, MEI and MIDI files go in. Notes come out in the order in which they are played, repeats unfolded, with times
in quarter notes and in seconds at the written tempo; and pages of notation as SVG, in which each note has the name that
the notes carry. verovio reads and engraves; it needs no other program and nothing from the net.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

import numpy as np

from pianolab.errors import PianolabError, printable
from pianolab.practice.contents import score_xml
from pianolab.practice.midi_notation import midi_as_musicxml
from pianolab.practice.part import Part
from pianolab.roll import Notes
from pianolab.units import MIDI_HIGH, MIDI_LOW

Hand = Literal["right", "left"]
HANDS: tuple[Hand, ...] = ("right", "left")
_MEI = "{http://www.music-encoding.org/ns/mei}"
_ID = "{http://www.w3.org/XML/1998/namespace}id"
_AGAIN = re.compile(r"-rend\d+$")  # So verovio names what a repeat brings again.
_DIVISORS = ("divisions", "beat-type")
_POSITIVE = re.compile(r"0*[1-9][0-9]{0,5}(\.0*)?")
_PITCHED = ("pname", "oct", "pname.ges", "oct.ges", "pnum", "accid", "accid.ges")
_EIGHTHS = 8  # Notes of a time signature that are counted in threes, if there are more than three.
_USUAL_BPM = 120.0  # Notation programs play quarter notes at this tempo until the score names one.
_DECIMALS = 6  # Quarter notes; verovio's times are floats, and a triplet is no round one.
_NARROW = 1000  # Tenths of a millimetre.
_PAGE_WIDTH, _PAGE_HEIGHT = 2100, 2970  # Of A4, in tenths of a millimetre.


class ScoreError(PianolabError):
    """A score that cannot be read or shown; the message is one line with the remedy."""


@dataclass(frozen=True)
class ScoreNote:
    """One note of a score as it is played.

    Attributes
    ----------
    element : str
        The note on the page, the ``data-id`` of its SVG element. A repeated note stands there once.
    passage : int
        1 where the note is played first, 2 and so on where a repeat brings it again.
    midi : int
        MIDI number.
    onset_beats, offset_beats : float
        In quarter notes from the beginning. Tied notes are one.
    onset_s, offset_s : float
        Seconds at the written tempo.
    hand : str
        "right" or "left".
    finger : int or None
        1 (thumb) to 5, where the score names it.
    bar : str
        Number of the bar, as it is written.
    """

    element: str
    passage: int
    midi: int
    onset_beats: float
    offset_beats: float
    onset_s: float
    offset_s: float
    hand: Hand
    finger: int | None
    bar: str


@dataclass(frozen=True)
class Bar:
    """One bar as it is played: its number, its SVG element, and when it begins (quarter notes and seconds)."""

    number: str
    element: str
    passage: int
    onset_beats: float
    onset_s: float


@dataclass(frozen=True)
class Score:
    """A piece to practise.

    Attributes
    ----------
    title, composer, licence : str
        Empty where the file does not say.
    facts : dict
        What else a MusicXML file says of itself, such as "grade", "tags" and "title_ko".
    notes : tuple of ScoreNote
        In the order of onset, then of pitch.
    bars : tuple of Bar
        As they are played.
    pedal : tuple of (float, float)
        When the sustain pedal goes down and up, in quarter notes.
    beats, seconds : float
        Length in quarter notes, and in seconds at the written tempo.
    xml : str
        What verovio engraves.
    """

    title: str
    composer: str
    licence: str
    facts: dict[str, str]
    notes: tuple[ScoreNote, ...]
    bars: tuple[Bar, ...]
    pedal: tuple[tuple[float, float], ...]
    beats: float
    seconds: float
    xml: str

    @cached_property
    def hands(self) -> tuple[Hand, ...]:
        """The hands that have notes."""
        return tuple(hand for hand in HANDS if any(note.hand == hand for note in self.notes))

    @cached_property
    def count(self) -> float:
        """What is counted by the first time signature, in quarter notes: 1 in 3/4, 1.5 in 6/8."""
        for element in ElementTree.fromstring(self.xml).iter():
            beats, unit = element.findtext("beats"), element.findtext("beat-type")
            beats, unit = beats or element.get("meter.count"), unit or element.get("meter.unit")
            if element.tag == f"{_MEI}meterSig":
                beats, unit = element.get("count"), element.get("unit")
            if beats and unit and beats.strip().isdecimal():
                n, of = int(beats), int(float(unit))
                return 3 * 4 / of if of >= _EIGHTHS and n % 3 == 0 and n > 3 else 4 / of
        return 1.0

    def part(self) -> Part:
        """The notes as what is to be followed and checked, in the same order.

        Returns
        -------
        Part
            Its bars are counted in the order of playing, from 0, so a repeated bar has two numbers.
        """
        beats = np.array([note.onset_beats for note in self.notes])
        lengths = np.array([note.offset_beats for note in self.notes]) - beats
        begun = np.array([bar.onset_beats for bar in self.bars] or [0.0])
        bars = np.maximum(np.searchsorted(begun, beats, side="right") - 1, 0)
        hands = [1 + HANDS.index(note.hand) for note in self.notes]
        return Part.of(beats, lengths, [note.midi for note in self.notes], bars, hands)

    def performance(self, *, tempo: float = 1.0, hand: Hand | None = None) -> Notes:
        """The notes as a clock would play them.

        Parameters
        ----------
        tempo : float
            As a multiple of the written one: 0.5 is half as fast.
        hand : str, optional
            "right" or "left"; both if not given.

        Returns
        -------
        Notes
            Times in seconds; nothing is said of velocity.

        Raises
        ------
        ScoreError
            If the tempo is not above 0.
        """
        if not (np.isfinite(tempo) and tempo > 0):
            raise ScoreError(f"tempo {tempo} is none: use a number above 0, such as 0.5 for half as fast")
        notes = [note for note in self.notes if hand in (None, note.hand)]
        onsets, offsets = (np.array([getattr(note, which) for note in notes]) for which in ("onset_s", "offset_s"))
        return Notes(onsets / tempo, offsets / tempo, np.array([note.midi for note in notes], dtype=int))

    def pages(self, *, width: int = _PAGE_WIDTH, height: int = _PAGE_HEIGHT, scale: int = 50) -> list[str]:
        """The notation as SVG.

        Parameters
        ----------
        width, height : int
            Of a page, in tenths of a millimetre, at a scale of 100. The last page is only as high as it must be; a
            narrow page bears no title, which would be cut off.
        scale : int
            Size of the notation in per cent.

        Returns
        -------
        list of str
            One SVG a page. The ``data-id`` of a note is the ``element`` of its `ScoreNote`.
        """
        header = "none" if width < _NARROW else "auto"
        layout = {"pageWidth": width, "pageHeight": height, "scale": scale, "header": header}
        toolkit = _loaded(self.xml, self.title or "the score", **layout)
        return [toolkit.renderToSVG(page) for page in range(1, toolkit.getPageCount() + 1)]


def read_score(path: str | Path) -> Score:
    """Read a score file.

    Parameters
    ----------
    path : str or Path
        MusicXML (.musicxml, .xml, .mxl), MEI or MIDI; what it is tells its content.

    Returns
    -------
    Score

    Raises
    ------
    ScoreError
        If verovio is missing or cannot read it, or it holds no notes of a piano.
    ContentError
        If it is no score, damaged, too large, or not safe to read.
    OSError
        If it cannot be opened.

    Examples
    --------
    >>> from pianolab.places import comes_with
    >>> minuet = read_score(comes_with("data") / "pieces" / "petzold_minuet.musicxml")
    >>> minuet.title, len(minuet.bars), minuet.bars[-1].number
    ('Minuet in G major, BWV Anh. 114', 64, '32')
    >>> minuet.notes[3].hand, minuet.notes[3].midi, minuet.notes[3].finger
    ('right', 74, 5)
    """
    path = Path(path)
    return score_of(path.read_bytes(), printable(path.name))


def score_of(data: bytes, name: str) -> Score:
    """Read a score from its bytes.

    Parameters
    ----------
    data : bytes
        As `read_score`.
    name : str
        The file in messages.

    Returns
    -------
    Score

    Raises
    ------
    ScoreError, ContentError
        As `read_score`.
    """
    is_midi = data[:4] == b"MThd" or (data[:4] == b"RIFF" and data[8:12] == b"RMID")
    xml = midi_as_musicxml(data[20:] if is_midi and data[:4] == b"RIFF" else data, name) if is_midi else ""
    if not is_midi:
        xml, _ = score_xml(data, name)
    _refuse_impossible(xml, name)
    toolkit = _loaded(xml, name)
    timemap = toolkit.renderToTimemap({"includeMeasures": True, "includeRests": False})
    page = _Page(ElementTree.fromstring(toolkit.getMEI({})), name)
    clock = _Clock(timemap)
    notes = _notes(timemap, page, clock, toolkit)
    if not notes:
        raise ScoreError(f"{name} holds no notes of a piano")
    about = _about(xml)
    bars = _bars(timemap, page, clock)
    beats = max(max(note.offset_beats for note in notes), *(entry["qstamp"] for entry in timemap))
    pedal = _pedal(bars, page, beats)
    return Score(**about, notes=notes, bars=bars, pedal=pedal, beats=beats, seconds=clock(beats), xml=xml)


def _refuse_impossible(xml: str, name: str) -> None:
    """Refuse numbers by which verovio divides without looking."""
    for element in ElementTree.fromstring(xml).iter():
        tag = element.tag.rpartition("}")[2]
        stated = [element.text] if tag in _DIVISORS else []
        stated += [element.get(key) for key in ("meter.unit", "ppq")] + [
            element.get("unit") if tag == "meterSig" else None
        ]
        for text in stated:
            if text is not None and not _POSITIVE.fullmatch(text.strip()):
                what = f"a {tag} of {printable(text.strip())[:20]!r}"
                raise ScoreError(f"{name} has {what}, which no music has: export it again from the notation program")


def _loaded(xml: str, name: str, **options: Any) -> Any:
    """verovio's toolkit with a score, whose ids follow from the score alone."""
    try:
        import verovio
    except ImportError as error:
        raise ScoreError('scores need verovio, which is not here: pip install "pianolab[practice]"') from error
    verovio.enableLog(verovio.LOG_OFF)  # It would write to the terminal.
    verovio.setDefaultResourcePath(str(files("verovio") / "data"))  # Each thread has a default of its own.
    toolkit = verovio.toolkit()
    layout = {"adjustPageHeight": True, "svgHtml5": True, "svgViewBox": True, "footer": "none"}
    toolkit.setOptions({"xmlIdChecksum": True, **layout, **options})
    if not toolkit.loadData(xml) or toolkit.getPageCount() == 0:
        raise ScoreError(f"{name} cannot be engraved by verovio: export it again from the notation program")
    return toolkit


class _Clock:
    """Seconds of a moment in quarter notes, by the written tempos."""

    def __init__(self, timemap: list[dict[str, Any]]) -> None:
        tempos = {0.0: _USUAL_BPM}
        tempos |= {entry["qstamp"]: float(entry["tempo"]) for entry in timemap if entry.get("tempo", 0) > 0}
        self._at, self._bpm = np.array(sorted(tempos.items())).T
        self._begun_s = np.append(0.0, np.cumsum(np.diff(self._at) * 60 / self._bpm[:-1]))

    def __call__(self, beats: float) -> float:
        last = max(int(np.searchsorted(self._at, beats, side="right")) - 1, 0)
        return float(self._begun_s[last] + (beats - self._at[last]) * 60 / self._bpm[last])


class _Page:
    """What stands on the page: the staff, finger and ties of each written note, and the number of each bar."""

    def __init__(self, mei: ElementTree.Element, name: str) -> None:
        self.hand: dict[str, Hand] = {}
        self.bar: dict[str, str] = {}
        self.finger: dict[str, int] = {}
        self.pitch: dict[str, tuple[str | None, ...]] = {}  # All that says which key a note is.
        self.tied_from: dict[str, str | None] = {}  # None: the note before on the same key.
        self.pedal: dict[str, list[tuple[float, str]]] = {}  # Of a bar: quarter notes from its beginning, down or up.
        hands = self._hand_of_staff(mei, name)
        unit = 4
        for measure in mei.iter():
            unit = int(measure.get("meter.unit") or (measure.tag == f"{_MEI}meterSig" and measure.get("unit")) or unit)
            if measure.tag != f"{_MEI}measure":
                continue
            self.pedal[measure.get(_ID, "")] = sorted(
                ((float(pedal.get("tstamp", 1)) - 1) * 4 / unit, pedal.get("dir", ""))
                for pedal in measure.iter(f"{_MEI}pedal")
            )
            self.bar[measure.get(_ID, "")] = measure.get("n", "")
            for staff in measure.iter(f"{_MEI}staff"):
                for note in staff.iter(f"{_MEI}note"):
                    number = note.get("staff", staff.get("n", ""))
                    if number in hands:
                        self.hand[note.get(_ID, "")] = hands[number]
                        self.pitch[note.get(_ID, "")] = (number, *_pitch(note))
                    if note.get("tie", "")[:1] in ("m", "t"):
                        self.tied_from[note.get(_ID, "")] = None
            for tie in measure.iter(f"{_MEI}tie"):
                self.tied_from[tie.get("endid", "")[1:]] = tie.get("startid", "")[1:]
            for finger in measure.iter(f"{_MEI}fing"):
                if found := re.search(r"[1-5]", "".join(finger.itertext())):
                    self.finger[finger.get("startid", "")[1:]] = int(found[0])

    @staticmethod
    def _hand_of_staff(mei: ElementTree.Element, name: str) -> dict[str, Hand]:
        """The two staves of the piano: a pair that belongs together, or all there are."""
        every = [staff.get("n", "") for staff in mei.iter(f"{_MEI}staffDef")]
        every = list(dict.fromkeys(every))
        for group in mei.iter(f"{_MEI}staffGrp"):
            pair = [staff.get("n", "") for staff in group.findall(f"{_MEI}staffDef")]
            if len(pair) == 2:
                return dict(zip(pair, HANDS, strict=True))
        if len(every) > 2:
            raise ScoreError(f"{name} has {len(every)} staves and no pair for a piano: export the piano's part alone")
        return dict(zip(every, HANDS, strict=False))


def _pitch(note: ElementTree.Element) -> Iterator[str | None]:
    """What MEI says of a note's pitch, by its attributes and its accidentals."""
    for name in _PITCHED:
        yield note.get(name)
    for accidental in note.iter(f"{_MEI}accid"):
        yield from (accidental.get("accid"), accidental.get("accid.ges"))


def _notes(timemap: list[dict[str, Any]], page: _Page, clock: _Clock, toolkit: Any) -> tuple[ScoreNote, ...]:
    sounding: dict[str, tuple[float, str]] = {}
    keys: dict[tuple[str | None, ...], int] = {}
    played: list[dict[str, Any]] = []
    ended: dict[tuple[float, int], list[dict[str, Any]]] = {}
    bar = ""
    for entry in timemap:
        at = round(entry["qstamp"], _DECIMALS)
        for id_ in entry.get("off", ()):
            if id_ not in sounding:
                continue
            begun, begun_in = sounding.pop(id_)
            element = _written(id_)
            pitch = page.pitch[element]
            if pitch not in keys:  # verovio looks through the whole score for an element.
                keys[pitch] = int(toolkit.getMIDIValuesForElement(element).get("pitch", -1))
            note = {"element": element, "midi": keys[pitch], "begun": begun, "ended": at, "bar": begun_in}
            note["passage"] = _passage(id_)
            whole = _tied_to(note, page, ended)
            if whole is None:
                played.append(note)
            else:
                whole["ended"] = at
            ended.setdefault((at, note["midi"]), []).append(whole or note)
        bar = page.bar.get(_written(entry["measureOn"]), bar) if "measureOn" in entry else bar
        sounding |= {id_: (at, bar) for id_ in entry.get("on", ()) if _written(id_) in page.hand}
    there = [note for note in played if MIDI_LOW <= note["midi"] <= MIDI_HIGH and note["ended"] > note["begun"]]
    made = [_made(note, page, clock) for note in there]
    return tuple(sorted(made, key=lambda note: (note.onset_beats, note.midi)))


def _made(note: dict[str, Any], page: _Page, clock: _Clock) -> ScoreNote:
    return ScoreNote(
        element=note["element"],
        passage=note["passage"],
        midi=note["midi"],
        onset_beats=note["begun"],
        offset_beats=note["ended"],
        onset_s=clock(note["begun"]),
        offset_s=clock(note["ended"]),
        hand=page.hand[note["element"]],
        finger=page.finger.get(note["element"]),
        bar=note["bar"],
    )


def _tied_to(note: dict[str, Any], page: _Page, ended: dict[tuple[float, int], list[dict[str, Any]]]) -> Any:
    """The note that this one goes on with, if it is tied."""
    if note["element"] not in page.tied_from:
        return None
    before = ended.get((note["begun"], note["midi"]), [])
    hand = page.hand[note["element"]]
    same = [one for one in before if page.hand[one["element"]] == hand]
    return same[-1] if same else None


def _bars(timemap: list[dict[str, Any]], page: _Page, clock: _Clock) -> tuple[Bar, ...]:
    bars = []
    for entry in timemap:
        if id_ := entry.get("measureOn"):
            at, element = round(entry["qstamp"], _DECIMALS), _written(id_)
            bars.append(Bar(page.bar.get(element, ""), element, _passage(id_), at, clock(at)))
    return tuple(bars)


def _pedal(bars: tuple[Bar, ...], page: _Page, end: float) -> tuple[tuple[float, float], ...]:
    """Down and up of the pedal, in quarter notes; what is never lifted is lifted at the end."""
    spans: list[tuple[float, float]] = []
    down = None
    for bar in bars:
        for at, way in page.pedal.get(bar.element, ()):
            moment = round(bar.onset_beats + at, _DECIMALS)
            if down is not None and moment > down:  # Up, or up and down again.
                spans.append((down, moment))
            down = None if way == "up" else moment
    if down is not None and end > down:
        spans.append((down, end))
    return tuple(spans)


def _written(id_: str) -> str:
    """The element on the page of what is played: 'n7' of 'n7-rend2'."""
    return _AGAIN.sub("", id_)


def _passage(id_: str) -> int:
    found = _AGAIN.search(id_)
    return int(found[0].removeprefix("-rend")) if found else 1


def _about(xml: str) -> dict[str, Any]:
    """Title, composer, licence and further facts, from MusicXML or MEI."""
    root = ElementTree.fromstring(xml)

    def first(*paths: str) -> str:
        texts = ("".join(found.itertext()) for path in paths if (found := root.find(path)) is not None)
        return next((" ".join(text.split()) for text in texts if text.strip()), "")

    statement = f"{_MEI}meiHead/{_MEI}fileDesc/{_MEI}titleStmt"
    available = f"{_MEI}meiHead/{_MEI}fileDesc/{_MEI}pubStmt/{_MEI}availability"
    return {
        "title": first("work/work-title", "movement-title", f"{statement}/{_MEI}title"),
        "composer": first(
            "identification/creator[@type='composer']",
            f"{statement}/{_MEI}composer",
            f"{statement}/{_MEI}respStmt/{_MEI}persName[@role='composer']",
        ),
        "licence": first("identification/rights", available),
        "facts": {one.get("name", ""): (one.text or "").strip() for one in root.iter("miscellaneous-field")},
    }
