"""What a client and the stream server say to each other, field by field.

A text message is one JSON object, and ``type`` says which one it is. A binary message is sound: 16-bit little-endian
samples, mono, at the rate that the client's Hello named. Names carry the unit: ``_s`` seconds of the stream, ``_db``
dBFS; cents are from the key's equal-tempered pitch. What is unknown is None. A client may be of another version or
broken, so all it says is checked here; fields that nobody knows are left alone.
"""

import json
from typing import Any, Literal, NoReturn, TypedDict, TypeGuard

from pianolab.errors import PianolabError, one_line
from pianolab.sound import AudioError, checked_rate

VERSIONS = (1,)  # Versions of the protocol that this server speaks.
MAX_TEXT = 4096  # Characters of a text message.
MAX_NAMED = 64  # Characters of an id, and versions in a list.
_SHOWN = 60  # So many characters of what a client said stand in an answer.

# Errors, each with the code with which the connection is closed; None where it stays open.
CLOSES: dict[str, int | None] = {
    "hello_first": None,
    "bad_message": None,
    "bad_sound": None,
    "no_version": 4001,
    "bad_rate": 4002,
    "full": 4003,
    "silent": 4004,
    "too_fast": 4005,
    "too_long": 4006,
    "too_many_errors": 4007,
    "detector_failed": 4008,
    "going_away": 1001,
}


class ProtocolError(PianolabError):
    """What a client must not do.

    Parameters
    ----------
    code : str
        A key of CLOSES.
    text : str
        One line with the remedy.
    """

    def __init__(self, code: str, text: str):
        super().__init__(text)
        self.code = code

    @property
    def closes(self) -> int | None:
        """The code with which the connection is closed, or None if it stays open."""
        return CLOSES[self.code]


# ---- what a client says


class Hello(TypedDict):
    """The first message: the versions of the protocol that the client speaks, and the rate of its sound in Hz."""

    type: Literal["hello"]
    versions: list[int]
    sr: int


class Missing(TypedDict):
    """So many samples before the next sound are missing: the client could not capture or send them."""

    type: Literal["missing"]
    samples: int


class Ping(TypedDict):
    """Is the server there? It answers Pong with the same id."""

    type: Literal["ping"]
    id: int | str


class Stop(TypedDict):
    """The sound ends here. What waits is heard, sounding notes go off, Stopped follows, and the connection closes."""

    type: Literal["stop"]


Said = Hello | Missing | Ping | Stop


# ---- what the server says


class LimitFields(TypedDict):
    """What a client must keep to; more is answered with an Error."""

    block_s: float
    waiting_s: float
    text_length: int
    silent_s: float
    seconds: float


class Welcome(TypedDict):
    """The answer to Hello: the version to speak, and who listens."""

    type: Literal["welcome"]
    version: int
    server: str
    detector: str
    polyphonic: bool
    sr: int
    limits: LimitFields


class NoteTold(TypedDict):
    """A note began, ended, or turned out to be another key. ``note`` is its number in this stream.

    ``time_s`` is when that was, ``heard_s`` up to where the sound was needed to know it. ``confidence`` in [0, 1] says
    how surely the note was struck.
    """

    kind: Literal["on", "off", "revised"]
    note: int
    midi: int
    name: str
    time_s: float
    heard_s: float
    confidence: float
    velocity: float | None
    level_db: float | None
    cents: float | None


class PedalTold(TypedDict):
    """The sustain pedal went down, or up where ``down`` is false, and how sure that is, in [0, 1]."""

    kind: Literal["pedal"]
    down: bool
    time_s: float
    heard_s: float
    confidence: float


class GapTold(TypedDict):
    """Sound that was not heard: it was missing, or it was dropped because it came too late."""

    kind: Literal["gap"]
    time_s: float
    seconds: float


Told = NoteTold | PedalTold | GapTold


class Heard(TypedDict):
    """Up to where the sound was heard, its level, what was dropped so far because it came too late, and what is new.

    It comes at once where there is an event, and about ten times a second while there is sound.
    """

    type: Literal["heard"]
    time_s: float
    level_db: float
    dropped_s: float
    events: list[Told]


class Pong(TypedDict):
    """The answer to Ping."""

    type: Literal["pong"]
    id: int | str


class Stopped(TypedDict):
    """The answer to Stop, after the last Heard: length of the stream, notes, and what was dropped or missing."""

    type: Literal["stopped"]
    time_s: float
    notes: int
    dropped_s: float
    missing_s: float


class Error(TypedDict):
    """Something was refused. Where ``closing`` is true, the connection is closed behind it."""

    type: Literal["error"]
    code: str
    text: str
    closing: bool


Answer = Welcome | Heard | Pong | Stopped | Error


def object_of(text: str) -> dict[str, Any]:
    """The object that a text message is.

    Parameters
    ----------
    text : str
        As it came.

    Returns
    -------
    dict

    Raises
    ------
    ProtocolError
        If it is too long, or no JSON object.
    """
    if len(text) > MAX_TEXT:
        refuse(f"a text message has at most {MAX_TEXT} characters, not {len(text)}")
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):  # Thousands of brackets, or a number of thousands of digits, are no message.
        refuse(f'{shown(text)} is not JSON: send an object such as {{"type": "stop"}}')
    if not isinstance(said, dict):
        refuse(f'{shown(said)} is no object: send one with a type, such as {{"type": "stop"}}')
    return said


def read_message(text: str) -> Said:
    """A text message of a client.

    Parameters
    ----------
    text : str
        As it came.

    Returns
    -------
    Hello, Missing, Ping or Stop
        With the fields that are known, checked.

    Raises
    ------
    ProtocolError
        If it is none of them; says what is wrong.

    Examples
    --------
    >>> read_message('{"type": "hello", "versions": [1, 7], "sr": 48000}')
    {'type': 'hello', 'versions': [1, 7], 'sr': 48000}
    """
    said = object_of(text)
    match said.get("type"):
        case "hello":
            return {"type": "hello", "versions": _versions(said), "sr": _rate(said)}
        case "missing":
            return {"type": "missing", "samples": whole(said, "samples", least=1)}
        case "ping":
            return {"type": "ping", "id": _id(said)}
        case "stop":
            return {"type": "stop"}
        case other:
            refuse(f"type {shown(other)} is unknown: use hello, missing, ping or stop")


def chosen_version(versions: list[int]) -> int:
    """The newest version that both sides speak.

    Parameters
    ----------
    versions : list of int
        Those that the client speaks.

    Returns
    -------
    int

    Raises
    ------
    ProtocolError
        If there is none.

    Examples
    --------
    >>> chosen_version([1, 2])
    1
    """
    shared = set(versions) & set(VERSIONS)
    if not shared:
        spoken = ", ".join(map(str, VERSIONS))
        raise ProtocolError("no_version", f"this server speaks version {spoken} of the protocol: use a client of it")
    return max(shared)


def error_message(error: ProtocolError) -> Error:
    """What a client is told of an error.

    Parameters
    ----------
    error : ProtocolError

    Returns
    -------
    Error
    """
    return {"type": "error", "code": error.code, "text": str(error), "closing": error.closes is not None}


def _versions(said: dict[str, Any]) -> list[int]:
    given = said.get("versions")
    if not isinstance(given, list) or not 0 < len(given) <= MAX_NAMED or not all(map(is_whole, given)):
        refuse(f"versions {shown(given)} of hello is no list of versions: send those that you speak, such as [1]")
    return given


def _rate(said: dict[str, Any]) -> int:
    given = said.get("sr")
    if not is_whole(given):
        raise ProtocolError("bad_rate", f"sr {shown(given)} of hello is no rate: send whole Hz, such as 44100")
    try:
        return checked_rate(given)
    except AudioError as error:
        raise ProtocolError("bad_rate", str(error)) from None


def whole(said: dict[str, Any], name: str, *, least: int, most: int = 2**53 - 1) -> int:
    """A whole number of a message, in a range.

    Parameters
    ----------
    said : dict
        The message, with its type.
    name : str
        Of the field.
    least, most : int

    Returns
    -------
    int

    Raises
    ------
    ProtocolError
        If it is missing, no whole number, or outside.
    """
    given = said.get(name)
    if not is_whole(given) or not least <= given <= most:
        until = "on" if most == 2**53 - 1 else f"to {most}"
        refuse(f"{name} {shown(given)} of {said['type']} is no whole number from {least} {until}")
    return given


def _id(said: dict[str, Any]) -> int | str:
    given = said.get("id", 0)
    if not (is_whole(given) and abs(given) < 2**53) and not (isinstance(given, str) and len(given) <= MAX_NAMED):
        refuse(f"id {shown(given)} of ping is neither a whole number nor a text of at most {MAX_NAMED} characters")
    return given


def is_whole(value: object) -> TypeGuard[int]:
    """Whether something is a whole number; true and false are none.

    Parameters
    ----------
    value : object

    Returns
    -------
    bool
    """
    return isinstance(value, int) and not isinstance(value, bool)


def shown(value: object) -> str:
    """What a client said, on one short line.

    Parameters
    ----------
    value : object

    Returns
    -------
    str
        In quotes.
    """
    try:
        text = value if isinstance(value, str) else json.dumps(value)
    except (ValueError, RecursionError):
        text = type(value).__name__
    return repr(one_line(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."))


def refuse(text: str) -> NoReturn:
    """Say that a message is none.

    Parameters
    ----------
    text : str
        One line with the remedy.

    Raises
    ------
    ProtocolError
        Always.
    """
    raise ProtocolError("bad_message", text)
