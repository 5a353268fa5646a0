"""What the page and the kernel say to each other: every message, field by field.

A message is a dictionary ready for JSON; ``type`` says which one it is. The page asks, and the kernel answers each
message at once. Sound travels beside a message as bytes. Names carry the unit: ``_s`` seconds of the stream or of the
take, ``_db`` dBFS, ``_hz`` Hz; cents are from the key's equal-tempered pitch. What is unknown is None.

A language is a key of pianolab.texts.catalogue.LANGUAGES. All texts that the kernel sends are in the page's language,
and Language changes it at any time: notes, numbers and names stay as they are.

The page may be of another version or broken. So any field of what it asks may be missing or wrong, and the responder
refuses it when it comes to use it.
"""

from typing import Any, Literal, NotRequired, TypedDict

VerdictKind = Literal["right", "late", "early", "wrong", "octave", "missing", "extra", "doubled", "perhaps"]
LabelState = Literal["none", "proposed", "confirmed"]


# ---- what is heard: these are the lines of a take's events.jsonl, too


class NoteHeard(TypedDict):
    """A note began, ended, or turned out to be another key. ``note`` is its number with this listener."""

    kind: Literal["on", "off", "revised"]
    listener: int
    note: int
    midi: int
    name: str
    time_s: float
    heard_s: float
    confidence: float
    velocity: float | None
    level_db: float | None
    cents: float | None


class ChordText(TypedDict):
    """A chord in one style of note names: 'C/E', 'C major, first inversion', and the names of its keys."""

    symbol: str
    spoken: str
    keys: list[str]


class ChordNames(TypedDict):
    """What keys are called. ``named`` are the keys that the name is about, ``others`` other symbols for them.

    ``texts`` has a ChordText for each of pianolab.units.NOTE_STYLES; its ``keys`` are all keys that sound.
    """

    named: list[int]
    others: list[str]
    texts: dict[str, ChordText]


class ChordHeard(ChordNames):
    """The keys ``midi`` sound and have settled. ``struck`` says whether one was struck since the last chord told.

    ``time_s`` is when the youngest of the keys was struck.
    """

    kind: Literal["chord"]
    listener: int
    midi: list[int]
    struck: bool
    time_s: float
    heard_s: float


class PedalHeard(TypedDict):
    """The sustain pedal went down, or up where ``down`` is false, and how sure that is, in [0, 1]."""

    kind: Literal["pedal"]
    listener: int
    down: bool
    time_s: float
    heard_s: float
    confidence: float


class Gap(TypedDict):
    """Samples that never came: where the hole begins and how long it is."""

    kind: Literal["gap"]
    time_s: float
    seconds: float


Event = NoteHeard | ChordHeard | PedalHeard | Gap


class Sounding(TypedDict):
    """A note that sounds now: how strongly, in [0, 1], and how surely and how hard it was struck."""

    midi: int
    strength: float
    cents: float | None
    confidence: float
    velocity: float | None


class PedalNow(TypedDict):
    """Whether the sustain pedal is down now, and how surely the newest frame says that it is, in [0, 1]."""

    down: bool
    sure: float


class AwayNow(TypedDict):
    """How many notes were not told, because what sounded was no piano, and the key that the last of them had."""

    n: int
    midi: int | None


# ---- what can be chosen


class ChoiceFields(TypedDict):
    """How one detector listens; see pianolab.live.choices.Choice."""

    detector: str
    params: dict[str, Any]
    tracking: dict[str, float]
    a4_hz: float


class ParameterEntry(TypedDict):
    """One parameter of a detector: its name, and what it is called on the page.

    ``kind`` is 'bool', 'int', 'float' or, with choices, 'str'. A number lies from ``least`` to ``most``.
    """

    name: str
    label: str
    default: Any
    kind: str
    choices: list[Any]
    least: float | None
    most: float | None


class MenuEntry(TypedDict):
    """One detector of the menu. ``reason`` says why it cannot run here; where it can, it is ''.

    ``threshold``, ``n_confirm`` and ``onset_threshold`` are what suits the detector.
    """

    name: str
    summary: str
    polyphonic: bool
    reason: str
    parameters: list[ParameterEntry]
    threshold: NotRequired[float]
    n_confirm: NotRequired[int]
    onset_threshold: NotRequired[float]


class SourceEntry(TypedDict):
    """A source of the kernel's own: the name by which Start asks for it, and what the page calls it."""

    name: str
    label: str


# ---- what is asked of the player, and what became of it


class AskEntry(TypedDict):
    """What the player can choose to play: the name by which Ask asks for it, and what the page calls it."""

    name: str
    label: str


class NoteRow(TypedDict):
    """A note to play, or a label."""

    midi: int
    name: str
    onset_s: float
    offset_s: float


class PromptChord(ChordNames):
    """Notes of a prompt that are struck together: ``n`` of them from number ``first`` on."""

    first: int
    n: int


class PromptFields(TypedDict):
    """What to play."""

    title: str
    notes: list[NoteRow]
    chords: list[PromptChord]


class TakeFields(TypedDict):
    """A take in the list. ``folder`` is '' while it is only in memory.

    ``missing_s`` seconds of its sound never came; ``cut`` says that it ended because the page got no answer any more.
    """

    name: str
    seconds: float
    n_notes: int
    folder: str
    labels: LabelState
    missing_s: float
    cut: bool


class VerdictRow(TypedDict):
    """What became of one note, keys as MIDI numbers; see pianolab.live.verdicts.Verdict."""

    what: VerdictKind
    asked: int | None
    heard: int | None
    time_s: float
    off_s: float | None


class ScoreRow(TypedDict):
    """How a detector does on a take; a score is None where it has no meaning."""

    detector: str
    n_notes: int
    onset_precision: float | None
    onset_recall: float | None
    onset_f1: float | None
    note_f1: float | None
    onset_bias_ms: float | None


class Report(TypedDict):
    """What was right in a take, and how the detectors do on it; empty where a take has no labels."""

    verdicts: list[VerdictRow]
    scores: list[ScoreRow]
    protocol: str


class LearningFields(TypedDict):
    """How far the piano is learnt; see pianolab.live.learning.Learning.

    ``state`` is 'idle', 'quiet' (the room is heard), 'asking', 'done' or 'learning' (from what was played). ``number``
    of ``of`` notes is asked for in words by ``prompt``; ``heard`` names the last key that was heard. ``report`` says
    what was learnt, and ``in_use`` whether the piano is heard with it.
    """

    state: str
    number: int
    of: int
    prompt: str
    heard: str
    report: list[str]
    in_use: bool
    problem: str


# ---- what the page asks: type 'hello', 'language', 'start', 'block', 'poll', 'choose', 'stop', 'play', 'save', ...


class Hello(TypedDict):
    """The page has come up; the answer is Ready. ``language`` is the one to speak; None leaves it to the kernel."""

    type: Literal["hello"]
    view: str
    language: NotRequired[str | None]


class Language(TypedDict):
    """Speak another language from here on; the answer is Spoken."""

    type: Literal["language"]
    language: str


class Start(TypedDict):
    """Begin to listen to 'browser' or to one of the kernel's own sources; the answer is Started.

    ``sr`` is the browser's rate; a source has its own. ``capture``, what the browser says of its microphone, goes into
    the settings of the take.
    """

    type: Literal["start"]
    session: str
    source: NotRequired[str]
    sr: int
    capture: NotRequired[dict[str, Any] | None]
    keep: NotRequired[bool]


class Block(TypedDict):
    """16-bit samples, in the message's buffer. ``frame`` is the number of the first, ``seq`` that of the message."""

    type: Literal["block"]
    session: str
    seq: int
    frame: int
    sr: int


class Poll(TypedDict):
    """What has the kernel's own source captured meanwhile? Answered like Block, with samples for the pictures."""

    type: Literal["poll"]
    session: str
    seq: int


class Choose(TypedDict):
    """Listen with other detectors from here on; the answer is Chosen."""

    type: Literal["choose"]
    choices: list[ChoiceFields]


class Ask(TypedDict):
    """Play this from the next Start on, by its name; '' asks for nothing. The answer is Asked."""

    type: Literal["ask"]
    name: str


class Stop(TypedDict):
    """End the take; the answer is Stopped. ``frames`` and ``dropped`` are what the page counted.

    ``cut`` says that the page gave up because no answer came.
    """

    type: Literal["stop"]
    session: str
    seq: NotRequired[int]
    frames: NotRequired[int]
    dropped: NotRequired[int]
    cut: NotRequired[bool]


class Learn(TypedDict):
    """Learn this piano: begin, skip a note, repeat the one before, give up, forget it, or show how things stand."""

    type: Literal["learn"]
    what: Literal["begin", "skip", "repeat", "give_up", "forget", "show"]


class OfTake(TypedDict):
    """Play, save or forget a take; the answer is Audio, Saved or Forgotten."""

    type: Literal["play", "save", "forget"]
    take: str


class Label(TypedDict):
    """Show, correct or confirm what was played; the answer is Labels.

    Label ``index`` moves by ``seconds`` or by so many ``keys``, or is deleted; key ``midi`` is added at ``seconds``.
    """

    type: Literal["label"]
    take: str
    edit: Literal["show", "shift", "rename", "add", "delete", "confirm"]
    index: NotRequired[int]
    seconds: NotRequired[float]
    keys: NotRequired[int]
    midi: NotRequired[int]


# ---- what the kernel answers


class Texts(TypedDict):
    """What the kernel says in words, in ``language``; ``languages`` has the name of each that can be chosen.

    ``problem`` is what the detectors said when they were warmed up, or ''; ``learning`` is what is known of the piano.
    """

    language: str
    languages: dict[str, str]
    menu: list[MenuEntry]
    sources: list[SourceEntry]
    asks: list[AskEntry]
    prompt: PromptFields | None
    problem: str
    learning: LearningFields


class Ready(Texts):
    """All that the page needs to be drawn."""

    type: Literal["ready"]
    view: str | None
    modes: dict[str, str]
    choices: list[ChoiceFields]
    names: dict[str, list[str]]
    block: int
    keep: bool
    folder: str
    takes: list[TakeFields]


class Spoken(Texts):
    """All texts anew. ``chords`` has the last chord of each listener that told one, ``protocol`` that of Report."""

    type: Literal["spoken"]
    chords: list[ChordHeard]
    protocol: str


class Asked(TypedDict):
    """What is to be played from here on."""

    type: Literal["asked"]
    prompt: PromptFields | None


class Started(TypedDict):
    """The stream has begun, at this rate in Hz."""

    type: Literal["started"]
    session: str
    sr: int
    name: str


class Heard(TypedDict):
    """What a block made certain, and how things stand. ``now`` has a list for each listener, the strongest first.

    ``pedals`` has for each listener how its pedal is, None for one that does not hear the pedal.

    ``away`` has for each listener what it did not tell, because it was no piano.

    ``done`` (a recording has ended) and ``lost`` (blocks that the sound card dropped) answer only Poll.
    """

    type: Literal["heard"]
    session: str
    seq: int | None
    events: list[Event]
    now: list[list[Sounding]]
    pedals: list[PedalNow | None]
    away: list[AwayNow]
    level_db: float
    peak: float
    seconds: float
    missing_s: float
    refused: int
    problem: str
    learning: NotRequired[LearningFields]
    done: NotRequired[bool]
    lost: NotRequired[int]


class Chosen(TypedDict):
    """The choices that hold from here on; notes of listeners that changed have ended."""

    type: Literal["chosen"]
    choices: list[ChoiceFields]
    events: list[Event]


class Stopped(Report):
    """The last events, what was counted, and the take."""

    type: Literal["stopped"]
    session: str
    events: list[Event]
    counts: dict[str, int]
    take: TakeFields | None


class Learning(LearningFields):
    """How far the piano is learnt."""

    type: Literal["learning"]


class Audio(TypedDict):
    """The sound of a take, in the message's buffer."""

    type: Literal["audio"]
    take: str
    mime: str


class Saved(TypedDict):
    """A take is on disk. ``asked`` is the name that it had before."""

    type: Literal["saved"]
    asked: str
    take: TakeFields


class Forgotten(TypedDict):
    """A take is gone."""

    type: Literal["forgotten"]
    take: str


class Labels(Report):
    """What was played, as it stands now."""

    type: Literal["labels"]
    take: TakeFields
    notes: list[NoteRow]


class Refused(TypedDict):
    """A message that could not be done: its type, and why, in one line with the remedy."""

    type: Literal["refused"]
    asked: str
    text: str
    seq: NotRequired[int | None]


class Stale(TypedDict):
    """A message of a stream that no longer runs."""

    type: Literal["stale"]
    session: str | None
    seq: int | None


_AboutStreams = Started | Heard | Chosen | Learning | Stopped
_AboutTakes = Audio | Saved | Forgotten | Labels
Answer = Ready | Spoken | Asked | _AboutStreams | _AboutTakes | Refused | Stale
