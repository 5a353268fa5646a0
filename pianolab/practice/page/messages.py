"""What the practice page and its server say to each other, field by field.

It is the stream's protocol with a piece to be played: text messages are JSON objects whose ``type`` says which one it
is, binary messages are sound. Bars are counted in the order of playing, from 0; beats are quarter notes; keys are MIDI
numbers; ``_s`` are seconds of the stream. ``elements`` are the ``data-id`` of notes on the page. ``said`` and ``text``
are sentences in the player's language. What is unknown is None. All that a page says is checked here.
"""

from typing import Any, Literal, TypedDict

from pianolab.practice.checking import CERTAINTY
from pianolab.practice.modes import FASTEST, SLOWEST
from pianolab.practice.streaming.messages import (
    CLOSES,
    Error,
    Missing,
    Ping,
    Pong,
    ProtocolError,
    Told,
    is_whole,
    object_of,
    read_message,
    refuse,
    shown,
    whole,
)
from pianolab.texts.catalogue import LANGUAGES, language_of, said
from pianolab.texts.catalogue import Told as Text
from pianolab.units import MIDI_HIGH, MIDI_LOW, NOTE_STYLES

Mode = Literal["wait", "beat", "free"]
Hands = Literal["both", "right", "left"]
What = Literal["again", "slower", "on"]
MODES: tuple[Mode, ...] = ("wait", "beat", "free")
HANDS: tuple[Hands, ...] = ("both", "right", "left")
COMMANDS: tuple[What, ...] = ("again", "slower", "on")
LEAST_CERTAIN = 0.5
MOST_BARS = 10**6
_LONGEST_NAME = 200
PEDAL: Literal["pedal"] = "pedal"

# Errors that a page can meet beside those of the stream. The connection stays open behind all of them.
REFUSALS = (
    "no_piece",
    "no_passage",
    "no_beat",
    "choose_first",
    "begin_first",
    "key_is_needed",
    "no_detector",
    "no_next",
)


# Errors of the stream that end a player's connection, and are told in the player's language, too.
_ENDINGS = ("full", "silent", "too_fast", "too_long", "detector_failed", "bad_rate", "going_away")


class PageError(ProtocolError):
    """What the page must not ask; a `Told` is said in the player's language."""

    @property
    def closes(self) -> int | None:
        """The code with which the connection is closed, or None if it stays open."""
        return CLOSES.get(self.code)


# ---- what the page says


class PageHello(TypedDict):
    """The first message; ``names`` is how keys are called, and a detector of None is the usual one."""

    type: Literal["hello"]
    versions: list[int]
    sr: int
    language: str
    names: str
    detector: str | None


class Choose(TypedDict):
    """What is to be played, and how; ``last_bar`` None is the last one."""

    type: Literal["choose"]
    item: int
    hands: Hands
    mode: Mode
    first_bar: int
    last_bar: int | None
    loop: bool
    tempo: float
    certainty: float


class Tempo(TypedDict):
    """Another share of the written tempo. With the beat, the passage begins anew."""

    type: Literal["tempo"]
    tempo: float


class Plain(TypedDict):
    """The player starts, goes back to the beginning of the passage, goes on to the next one, or has finished."""

    type: Literal["begin", "again", "on", "finish"]


class Commands(TypedDict):
    """What a key of the piano does, or the pedal; None where nothing does it."""

    type: Literal["commands"]
    again: int | Literal["pedal"] | None
    slower: int | Literal["pedal"] | None
    on: int | Literal["pedal"] | None


class Try(TypedDict):
    """A key is struck on the page, without a piano."""

    type: Literal["try"]
    midi: int


Asked = PageHello | Choose | Tempo | Plain | Commands | Try | Missing | Ping


# ---- what the server says


class PageWelcome(TypedDict):
    """The answer to hello: who listens, and who could."""

    type: Literal["welcome"]
    version: int
    server: str
    detector: str
    polyphonic: bool
    detectors: list[str]
    sr: int
    block_s: float


class Chosen(TypedDict):
    """The choice as it was taken. ``beats_a_minute`` are quarter notes as written, ``count`` is what is counted."""

    type: Literal["chosen"]
    item: int
    title: str
    hands: Hands
    mode: Mode
    first_bar: int
    last_bar: int
    loop: bool
    tempo: float
    certainty: float
    steps: int
    notes: int
    n_bars: int
    beats_a_minute: float
    count: float


class Begun(TypedDict):
    """The player may play from ``at_s`` on, with the beat after the count-in."""

    type: Literal["begun"]
    mode: Mode
    at_s: float
    tempo: float
    count_in_s: float


class PageHeard(TypedDict):
    """As the stream's: up to where was heard, how loud it is, and what is new."""

    type: Literal["heard"]
    time_s: float
    level_db: float
    dropped_s: float
    events: list[Told]


class WrongTold(TypedDict):
    """A key that was struck in place of a due one, and how many keys further that one lies; above 0 to the right."""

    midi: int
    asked: int
    semitones: int
    said: str


class ShownTold(TypedDict):
    """What is to be shown while the page waits."""

    type: Literal["shown"]
    step: int
    bar: int
    beat: float
    due: list[int]
    due_elements: list[str]
    right: list[int]
    right_elements: list[str]
    wrong: list[WrongTold]
    unsure: list[int]
    beside: list[int]
    beside_elements: list[str]
    rounds: int
    ended: bool
    said: str


class PositionTold(TypedDict):
    """Where the player is, and in which tempo he plays: quarter notes a minute."""

    type: Literal["position"]
    bar: int
    beat: float
    tempo: float
    lost: bool
    elements: list[str]


class VerdictTold(TypedDict):
    """What is said of a note or a passage; ``bar`` as the page numbers it, ``off_ms`` for early and late."""

    type: Literal["verdict"]
    what: str
    perhaps: str | None
    bar: str
    bar_index: int
    beat: float
    elements: list[str]
    asked: int | None
    heard: int | None
    certainty: float
    off_ms: float | None
    said: str


class BarTold(TypedDict):
    """One bar of a report: so many of its notes were right."""

    bar: str
    bar_index: int
    right: int
    of: int
    reached: int
    said: list[str]


class ReportTold(TypedDict):
    """The end of a take: sentences, sums, and bars.

    ``pictures`` is as `pianolab.practice.pictures.pictures_of` gives it, ``progress`` is this passage's row of
    `pianolab.practice.progress.Progress.as_dict`, this take included; each None where there is none.
    """

    type: Literal["report"]
    mode: Mode
    lines: list[str]
    sums: dict[str, Any]
    bars: list[BarTold]
    pictures: dict[str, Any] | None
    progress: dict[str, Any] | None


class CommandTold(TypedDict):
    """A chosen key or the pedal acted."""

    type: Literal["command"]
    what: What


Answer = (
    PageWelcome
    | Chosen
    | Begun
    | PageHeard
    | ShownTold
    | PositionTold
    | VerdictTold
    | ReportTold
    | CommandTold
    | Pong
    | Error
)


def read_asked(text: str) -> Asked:
    """A text message of the page.

    Parameters
    ----------
    text : str
        As it came.

    Returns
    -------
    dict
        One of Asked, with the fields that are known, checked; what may be left out has its default.

    Raises
    ------
    ProtocolError
        If it is none of them; says what is wrong.

    Examples
    --------
    >>> read_asked('{"type": "tempo", "tempo": 0.5}')
    {'type': 'tempo', 'tempo': 0.5}
    """
    asked = object_of(text)
    match asked.get("type"):
        case "hello":
            return _hello(asked, text)
        case "missing" | "ping":
            return read_message(text)  # type: ignore[return-value]
        case "choose":
            return _choose(asked)
        case "tempo":
            return {"type": "tempo", "tempo": _number(asked, "tempo", SLOWEST, FASTEST)}
        case "begin" | "again" | "on" | "finish" as kind:
            return Plain(type=kind)
        case "commands":
            return {
                "type": "commands",
                "again": _key_or_pedal(asked, "again"),
                "slower": _key_or_pedal(asked, "slower"),
                "on": _key_or_pedal(asked, "on"),
            }
        case "try":
            return {"type": "try", "midi": whole(asked, "midi", least=MIDI_LOW, most=MIDI_HIGH)}
        case other:
            refuse(f"type {shown(other)} is unknown: use hello, choose, begin, again, tempo, on, finish or commands")


def error_told(error: ProtocolError, language: str) -> Error:
    """What a page is told of an error.

    Parameters
    ----------
    error : ProtocolError
    language : str
        A key of `pianolab.texts.catalogue.LANGUAGES`.

    Returns
    -------
    Error
    """
    what = error.args[0]
    if isinstance(what, str) and error.code in _ENDINGS:
        what = Text(f"sitting.{error.code}", why=what)
    return {"type": "error", "code": error.code, "text": said(what, language), "closing": error.closes is not None}


def _hello(asked: dict[str, Any], text: str) -> PageHello:
    hello = read_message(text)
    assert hello["type"] == "hello"
    language, names = asked.get("language"), asked.get("names") or "C4"
    detector = asked.get("detector") or None
    if language is not None and (not isinstance(language, str) or language not in LANGUAGES):
        refuse(f"language {shown(language)} of hello is unknown: use {' or '.join(LANGUAGES)}")
    if not isinstance(names, str) or names not in NOTE_STYLES:
        refuse(f"names {shown(names)} of hello are unknown: use {', '.join(NOTE_STYLES)}")
    if detector is not None and not (isinstance(detector, str) and len(detector) <= _LONGEST_NAME):
        refuse(f"detector {shown(detector)} of hello is no name")
    return {**hello, "language": language or language_of(), "names": names, "detector": detector}


def _choose(asked: dict[str, Any]) -> Choose:
    last = asked.get("last_bar")
    return {
        "type": "choose",
        "item": whole(asked, "item", least=1),
        "hands": _one_of(asked, "hands", HANDS),
        "mode": _one_of(asked, "mode", MODES),
        "first_bar": whole({"first_bar": 0, **asked}, "first_bar", least=0, most=MOST_BARS),
        "last_bar": None if last is None else whole(asked, "last_bar", least=0, most=MOST_BARS),
        "loop": _flag(asked, "loop"),
        "tempo": _number(asked, "tempo", SLOWEST, FASTEST, default=1.0),
        "certainty": _number(asked, "certainty", LEAST_CERTAIN, 1.0, default=CERTAINTY),
    }


def _one_of(asked: dict[str, Any], name: str, known: tuple[Any, ...]) -> Any:
    given = asked.get(name, known[0])
    if not isinstance(given, str) or given not in known:
        refuse(f"{name} {shown(given)} of {asked['type']} is unknown: use {', '.join(known)}")
    return given


def _flag(asked: dict[str, Any], name: str) -> bool:
    given = asked.get(name, False)
    if not isinstance(given, bool):
        refuse(f"{name} {shown(given)} of {asked['type']} is neither true nor false")
    return given


def _number(asked: dict[str, Any], name: str, least: float, most: float, *, default: float | None = None) -> float:
    given = asked.get(name, default)
    if not (is_whole(given) or isinstance(given, float)) or not least <= given <= most:
        refuse(f"{name} {shown(given)} of {asked['type']} is no number from {least:g} to {most:g}")
    return float(given)


def _key_or_pedal(asked: dict[str, Any], name: str) -> int | Literal["pedal"] | None:
    given = asked.get(name)
    if given is None or given == PEDAL:
        return given
    if not is_whole(given) or not MIDI_LOW <= given <= MIDI_HIGH:
        refuse(f"{name} {shown(given)} of commands is no key from {MIDI_LOW} to {MIDI_HIGH}, nor the pedal")
    return given
