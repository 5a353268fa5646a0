"""The kernel's side of the live view: every message of the page gets its answer.

pianolab.live.messages has all messages. Nothing here knows a browser: the widget only carries the messages, and the
tests talk to the responder directly. No message, however broken, raises: it is refused with one line for the player.
"""

import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from os import PathLike
from typing import Any, TypeVar

import numpy as np

from pianolab.errors import PianolabError, one_line, printable, reason
from pianolab.live import messages
from pianolab.live.choices import Choice, ChoiceError, choices_of, menu, modes
from pianolab.live.chords import describe
from pianolab.live.editing import edited
from pianolab.live.learning import Learning
from pianolab.live.listener import Listener
from pianolab.live.prompts import Prompt
from pianolab.live.sources import BLOCK_LENGTH, Source, SourceError, feed_in_time
from pianolab.live.stream import Stream, pcm16
from pianolab.live.takes import Recorder, Take, TakeError, note_rows, takes_dir
from pianolab.live.verdicts import judge, propose_labels, score_choices
from pianolab.roll import Notes
from pianolab.scores import Protocol
from pianolab.sound import checked_rate
from pianolab.texts.catalogue import LANGUAGES, Told, language_of, said, say, told_by
from pianolab.units import NOTE_STYLES

MAX_LISTENERS = 2  # The page has room for no more beside each other.
TAKES_IN_MEMORY = 5
_WARM_UP_SR = 44100

Kind = TypeVar("Kind")
Buffers = Sequence[bytes | memoryview]
Reply = tuple[messages.Answer, list[bytes]]


@dataclass
class _Running:
    """What runs between Start and Stop."""

    stream: Stream
    recorder: Recorder
    source: Source | None  # None where the page sends the blocks


class Responder:
    """Answers the messages of one widget.

    Parameters
    ----------
    choices : str, Choice or sequence of these, optional
        How to listen at first; at most two. Detectors of theirs from outside the package are offered in the menu.
    prompt : Prompt, optional
        What to play.
    asks : sequence of Prompt
        What the player can choose to play.
    keep : bool
        Whether *Keep takes* is on at first.
    folder : path, optional
        Where takes are kept.
    sources : mapping of str to callable, optional
        Other sources than the browser: label -> function that opens one.
    block_length : int
        Samples in a block that the page sends.
    language : str, optional
        The language to speak until the page wants another; as for pianolab.texts.catalogue.language_of.

    Attributes
    ----------
    language : str
        The one that it speaks now.
    choices : list of Choice
        How it listens now.
    stream : Stream or None
        The one that runs, or ran last.
    takes : list of Take
        The last takes, newest last.
    learning : Learning
        What is known of the player's piano, and how it is learnt.

    Raises
    ------
    ChoiceError
        If there are more than two choices, or there is no such detector.
    TextError
        If there is no such language.

    Examples
    --------
    >>> answer, _ = Responder(Choice("yin")).handle({"type": "whistle"})
    >>> answer["text"]
    "message 'whistle' is unknown: reload the page"
    >>> answer, _ = Responder(Choice("yin"), language="ko").handle({"type": "whistle"})
    >>> answer["text"]
    "'whistle': 알 수 없는 메시지입니다. 페이지를 새로 고쳐 주세요."
    """

    def __init__(
        self,
        choices: str | Choice | Sequence[str | Choice] | None = None,
        *,
        prompt: Prompt | None = None,
        asks: Sequence[Prompt] = (),
        keep: bool = False,
        folder: str | PathLike[str] | None = None,
        sources: Mapping[str, Callable[[], Source]] | None = None,
        block_length: int = BLOCK_LENGTH,
        language: str | None = None,
    ):
        chosen = choices_of(choices)
        if len(chosen) > MAX_LISTENERS:
            raise ChoiceError(Told("live.too_many_detectors", n=len(chosen), most=MAX_LISTENERS))
        self.language = language_of(language)
        self.choices, self.prompt, self.keep = chosen, prompt, keep
        self.asks = {str(one.title): one for one in asks}
        self.sources = dict(sources or {})
        self.block_length = block_length
        self.stream: Stream | None = None
        self.takes: list[Take] = []
        self._outside = list(dict.fromkeys(choice.detector for choice in chosen if ".py:" in choice.detector))
        self._first = tuple(chosen)
        self._folder = folder
        self._running: _Running | None = None
        self.learning = Learning(self.folder)
        self._menu: list[messages.MenuEntry] = []  # what is offered; making it takes a while
        self._problem = ""  # what the detectors said when they were warmed up
        self._last_chords: dict[int, messages.ChordHeard] = {}  # number of a listener -> the last chord that it told

    @property
    def folder(self) -> str | PathLike[str]:
        """Where takes are kept."""
        return takes_dir() if self._folder is None else self._folder

    def handle(self, content: object, buffers: Buffers = ()) -> Reply:
        """Answer a message.

        Parameters
        ----------
        content : dict
            One of those that pianolab.live.messages lists as what the page asks; anything else is refused.
        buffers : sequence of bytes-like
            The samples of a block.

        Returns
        -------
        (dict, list of bytes)
            The answer, and the bytes that go with it.
        """
        asked = content if isinstance(content, dict) else {}
        kind = asked.get("type")
        answer = _ANSWERS.get(kind) if isinstance(kind, str) else None
        if answer is None:
            text = say("live.unknown_message", self.language, name=kind)
            return {"type": "refused", "asked": one_line(str(kind)), "text": one_line(text)}, []
        try:
            reply = answer(self, asked, buffers)
        except Exception as error:  # Even a fault of a detector must reach the player, and the page must get an answer.
            text = one_line(said(_told(error), self.language))
            return {"type": "refused", "asked": one_line(str(kind)), "text": text, "seq": _seq(asked)}, []
        return reply if isinstance(reply, tuple) else (reply, [])

    def close(self):
        """Stop listening; a take that is being written is ended."""
        self._end()

    # ---- listening

    def _hello(self, content: messages.Hello, _buffers: Buffers) -> messages.Ready:
        if content.get("language") is not None:
            self.language = language_of(_field(content, "language", str))
        self._menu, self._problem = menu(self._outside), _warm_up(self.choices)
        if self.prompt is not None:
            judge(self.prompt.notes, self.prompt.notes)  # It is compiled before the player begins.
        return {
            "type": "ready",
            "view": view if isinstance(view := content.get("view"), str) else None,
            "modes": modes(self._menu),
            "choices": [choice.as_message() for choice in self.choices],
            "names": {style: list(names) for style, names in NOTE_STYLES.items()},
            "block": self.block_length,
            "keep": self.keep,
            "folder": printable(self.folder),
            "takes": [take.as_message() for take in self.takes],
            **self._texts(),
        }

    def _speak(self, content: messages.Language, _buffers: Buffers) -> messages.Spoken:
        self.language = language_of(_field(content, "language", str))
        chords = [_said_chord(chord, self.language) for chord in self._last_chords.values()]
        protocol = _counted(Protocol()).said(self.language)
        return {"type": "spoken", "chords": chords, "protocol": protocol, **self._texts()}

    def _texts(self) -> messages.Texts:
        texts: messages.Texts = {
            "language": self.language,
            "languages": dict(LANGUAGES),
            "menu": self._offered(),
            "sources": [{"name": str(name), "label": name} for name in self.sources],
            "asks": [{"name": name, "label": one.title} for name, one in self.asks.items()],
            "prompt": self._prompt(),
            "problem": self._problem,
            "learning": self.learning.as_message(),
        }
        return said(texts, self.language)

    def _prompt(self) -> messages.PromptFields | None:
        if self.prompt is None:
            return None
        notes, chords = note_rows(self.prompt.notes), self.prompt.chords(language=self.language)
        return {"title": self.prompt.title, "notes": notes, "chords": chords}

    def _ask(self, content: messages.Ask, _buffers: Buffers) -> messages.Asked:
        name = _field(content, "name", str)
        if name and name not in self.asks:
            raise PianolabError(Told("live.not_asked_here", name=name))
        if self._running is not None:
            raise PianolabError(Told("live.not_while_listening"))
        self.prompt = self.asks[name] if name else None
        answer: messages.Asked = {"type": "asked", "prompt": self._prompt()}
        return said(answer, self.language)

    def _offered(self) -> list[messages.MenuEntry]:
        self._menu = self._menu or menu(self._outside)
        return self._menu

    def _start(self, content: messages.Start, _buffers: Buffers) -> messages.Started:
        session, name = _field(content, "session", str), _field({"source": "browser", **content}, "source", str)
        keep = _field({"keep": False, **content}, "keep", bool)
        sr = checked_rate(_field(content, "sr", int)) if name == "browser" else 0
        self._end()
        source = None if name == "browser" else self._opened(name)
        try:
            sr = sr if source is None else source.sr
            stream = self._begin(content, source, session=session, name=name, sr=sr, keep=keep)
        except Exception:
            # A Start that comes to nothing holds no sound card, leaves no folder, and is not in the way of the next.
            if source is not None:
                _closed(source)
            raise
        return {"type": "started", "session": stream.session, "sr": stream.sr, "name": name}

    def _begin(
        self, content: messages.Start, source: Source | None, *, session: str, name: str, sr: int, keep: bool
    ) -> Stream:
        hears = {"my_piano": self.learning.profile, "also": functools.partial(self.learning.push, sr=sr)}
        stream = Stream(self.choices, sr=sr, session=session, **hears)
        settings = {
            "choices": [choice.as_message() for choice in self.choices],
            "sr": sr,
            "source": name,
            "capture": content.get("capture"),
            "prompt": self.prompt and {"title": self.prompt.title, "notes": note_rows(self.prompt.notes)},
        }
        recorder = stream.recorder = Recorder(sr=sr, folder=self.folder if keep else None, settings=settings)
        try:
            if source is not None:
                source.start()
        except Exception:
            recorder.close()  # Without a sample, its folder goes, too.
            raise
        self.stream, self._running, self._last_chords = stream, _Running(stream, recorder, source), {}
        return stream

    def _opened(self, label: str) -> Source:
        if label not in self.sources:
            raise SourceError(Told("live.source_not_offered", name=label))
        return self.sources[label]()

    def _block(self, content: messages.Block, buffers: Buffers) -> messages.Heard | messages.Stale:
        running = self._current(content)
        if running is None:
            return _stale(content)
        pcm = bytes(buffers[0]) if len(buffers) else b""
        frame, sr, seq = content.get("frame", -1), content.get("sr", 0), content.get("seq")
        return self._heard(running, _seq(content), running.stream.feed(frame, pcm, sr=sr, seq=seq))

    def _poll(self, content: messages.Poll, _buffers: Buffers) -> Reply | messages.Stale:
        running = self._current(content)
        if running is None or running.source is None:
            return _stale(content)
        reply = self._heard(running, _seq(content), feed_in_time(running.source, running.stream))
        reply["done"], reply["lost"] = running.source.done, running.source.dropped
        return reply, [pcm16(running.stream.recent).tobytes()]  # The page has no samples of its own to draw.

    def _heard(self, running: _Running, seq: int | None, events: list[messages.Event]) -> messages.Heard:
        stream = running.stream
        return {
            "type": "heard",
            "session": stream.session,
            "seq": seq,
            "events": self._said(events),
            "now": stream.now(),
            "pedals": stream.pedals(),
            "away": stream.away(),
            "level_db": round(stream.level_db, 1),
            "peak": round(stream.peak, 4),
            "seconds": round(stream.seconds, 4),
            "missing_s": round(stream.counts["missing"] / stream.sr, 3),
            "refused": stream.refused,
            "problem": said(stream.fault or running.recorder.problem, self.language),
            "learning": said(self.learning.as_message(), self.language),
        }

    def _said(self, events: list[messages.Event]) -> list[messages.Event]:
        """The events with the names of chords in the page's language; a take has the English ones."""
        spoken: list[messages.Event] = []
        for event in events:
            if event["kind"] == "chord":
                self._last_chords[event["listener"]] = event = _said_chord(event, self.language)
            spoken.append(event)
        return spoken

    def _learn(self, content: messages.Learn, _buffers: Buffers) -> messages.Learning:
        what = _field(content, "what", str)
        if what not in _LEARN:
            raise PianolabError(Told("live.field_is_wrong", message="learn", name="what", value=what))
        _LEARN[what](self.learning)
        answer: messages.Learning = {"type": "learning", **self.learning.as_message()}
        return said(answer, self.language)

    def _choose(self, content: messages.Choose, _buffers: Buffers) -> messages.Chosen:
        wanted = _field(content, "choices", list)
        if not 1 <= len(wanted) <= MAX_LISTENERS:
            raise ChoiceError(Told("live.choose_detectors", most=MAX_LISTENERS))
        choices = [self._choice(one) for one in wanted]
        known = {choice.detector for choice in self.choices}
        problem = _warm_up([choice for choice in choices if choice.detector not in known])
        if problem:
            raise ChoiceError(problem)
        self.choices = choices
        events = [] if self.stream is None else self.stream.change(choices)
        return {"type": "chosen", "choices": [choice.as_message() for choice in choices], "events": self._said(events)}

    def _choice(self, wanted: messages.ChoiceFields) -> Choice:
        if not isinstance(wanted, dict):
            raise ChoiceError(Told("live.no_choice", value=wanted))
        entry = next((entry for entry in self._offered() if entry["name"] == wanted.get("detector")), None)
        if entry is None:
            raise ChoiceError(Told("live.detector_not_offered", name=wanted.get("detector")))
        self._refuse_hidden(entry, wanted.get("params"))
        names = [field.name for field in fields(Choice)]
        given: dict[str, Any] = {name: value for name, value in wanted.items() if name in names}
        return Choice(**given)

    def _refuse_hidden(self, entry: messages.MenuEntry, params: object) -> None:
        """Refuse settings that the page does not offer, such as a path, unless the notebook itself gave them."""
        offered = {parameter["name"] for parameter in entry["parameters"]}
        ours = [choice.params for choice in self._first if choice.detector == entry["name"]]
        for name, value in params.items() if isinstance(params, dict) else ():
            if name not in offered and not any(name in given and given[name] == value for given in ours):
                raise ChoiceError(Told("live.setting_not_offered", name=name))

    def _stop(self, content: messages.Stop, _buffers: Buffers) -> messages.Stopped | messages.Stale:
        running = self._current(content)
        if running is None:
            return _stale(content)
        page = {"frames": content.get("frames"), "dropped": content.get("dropped")}
        events, take = self._end(page=page, cut=content.get("cut") is True)
        return {
            "type": "stopped",
            "session": running.stream.session,
            "events": self._said(events),
            "counts": running.stream.counts,
            "take": take and take.as_message(),
            **self._report(take),
        }

    def _current(self, content: messages.Block | messages.Poll | messages.Stop) -> _Running | None:
        """What runs, if the message is of its session."""
        running = self._running
        return running if running is not None and content.get("session") == running.stream.session else None

    def _end(
        self, page: Mapping[str, int | None] | None = None, *, cut: bool = False
    ) -> tuple[list[messages.Event], Take | None]:
        """Stop what runs and put its take with the others; return its last events and the take, if it has sound."""
        running, self._running = self._running, None
        if running is None:
            return [], None
        try:
            events = running.stream.stop()
        finally:  # Whatever fails, the sound card and the folder are free for the next take.
            if running.source is not None:
                _closed(running.source)
            counts = {**running.stream.counts, "page": page}
            problem, seconds = running.recorder.problem, round(running.stream.seconds, 4)
            ended = {"cut": True} if cut else {}
            take = running.recorder.close(counts=counts, problem=problem, seconds=seconds, **ended)
        if not take.n_samples:
            return events, None
        self._add(take)
        return events, take

    # ---- takes

    def _add(self, take: Take):
        heard = [take.notes(number) for number in range(len(self.choices))]
        if self.prompt is not None and any(len(notes) for notes in heard):
            y, sr = take.load()
            take.set_labels(propose_labels(self.prompt.notes, heard, y, sr=sr), confirmed=False)
        self.takes.append(take)
        in_memory = [take for take in self.takes if take.folder is None]
        for old in in_memory[:-TAKES_IN_MEMORY]:
            self.takes.remove(old)

    def _take(self, content: messages.OfTake | messages.Label) -> Take:
        name = _field(content, "take", str)
        for take in self.takes:
            if take.name == name:
                return take
        raise TakeError(Told("live.take_is_gone", name=name))

    def _play(self, content: messages.OfTake, _buffers: Buffers) -> Reply:
        take = self._take(content)
        return {"type": "audio", "take": take.name, "mime": "audio/flac"}, [take.flac_bytes()]

    def _save(self, content: messages.OfTake, _buffers: Buffers) -> messages.Saved:
        take = self._take(content)
        asked = take.name
        take.save(self.folder)
        return {"type": "saved", "asked": asked, "take": take.as_message()}

    def _forget(self, content: messages.OfTake, _buffers: Buffers) -> messages.Forgotten:
        take = self._take(content)
        self.takes.remove(take)
        return {"type": "forgotten", "take": take.name}

    def _label(self, content: messages.Label, _buffers: Buffers) -> messages.Labels:
        take = self._take(content)
        notes = take.notes() if take.labels is None else take.labels
        edit = content.get("edit")
        if edit not in ("show", "confirm"):
            notes = edited(notes, content, length_s=take.seconds)
        if edit != "show":
            take.set_labels(notes, confirmed=edit == "confirm")
        return {"type": "labels", "take": take.as_message(), "notes": note_rows(notes), **self._report(take)}

    def _report(self, take: Take | None) -> messages.Report:
        """What was right and wrong in a take, and how every detector would score on it."""
        if take is None or take.labels is None:
            return {"verdicts": [], "scores": [], "protocol": ""}
        asked = _asked(take)
        verdicts = [] if asked is None else judge(asked, take.notes())
        protocol = Protocol()
        y, sr = take.load()
        return {
            "verdicts": [verdict.as_message() for verdict in verdicts],
            "scores": score_choices(y, sr=sr, labels=take.labels, choices=self.choices, protocol=protocol),
            "protocol": _counted(protocol).said(self.language),
        }


def _asked(take: Take) -> Notes | None:
    """What a take was asked to be; the player may have chosen something else since."""
    prompt = take.settings.get("prompt")
    if prompt is None:
        return None
    return Notes(*np.transpose([(row["onset_s"], row["offset_s"], row["midi"]) for row in prompt["notes"]]))


def _counted(protocol: Protocol) -> Told:
    """What the scores of a take mean, in a player's words."""
    return Told("live.counted", onset_ms=1000 * protocol.onset_tolerance_s, offset_percent=100 * protocol.offset_ratio)


# What a player can do while the piano is learnt.
_LEARN: dict[str, Callable[[Learning], object]] = {
    "begin": Learning.begin,
    "skip": Learning.skip,
    "repeat": Learning.repeat,
    "give_up": Learning.give_up,
    "forget": Learning.forget,
    "show": Learning.as_message,
}

# What a page has sent is Any: its fields are unknown until the answer looks at them.
_ANSWERS: dict[str, Callable[[Responder, Any, Buffers], messages.Answer | Reply]] = {
    "hello": Responder._hello,
    "language": Responder._speak,
    "start": Responder._start,
    "block": Responder._block,
    "poll": Responder._poll,
    "choose": Responder._choose,
    "ask": Responder._ask,
    "learn": Responder._learn,
    "stop": Responder._stop,
    "play": Responder._play,
    "save": Responder._save,
    "forget": Responder._forget,
    "label": Responder._label,
}


def _closed(source: Source) -> None:
    """Let go of a source; one that cannot even be closed is left to the system."""
    with contextlib.suppress(Exception):  # PortAudio raises errors of its own kind.
        source.close()


def _stale(content: messages.Block | messages.Poll | messages.Stop) -> messages.Stale:
    session = content.get("session")
    return {"type": "stale", "session": session if isinstance(session, str) else None, "seq": _seq(content)}


def _seq(content: Mapping[str, Any]) -> int | None:
    """The number of a message, which its answer bears; None where it has none, or something else in its place."""
    seq = content.get("seq")
    return seq if isinstance(seq, int) and 0 <= seq < 2**53 else None


def _warm_up(choices: Sequence[Choice]) -> str:
    """Let every detector hear half a second: what is made on first use is made before the player begins.

    Returns the fault of a detector, or ''.
    """
    hiss = np.random.default_rng(0).normal(scale=0.01, size=_WARM_UP_SR // 2).astype(np.float32)
    for choice in choices:
        try:
            listener = Listener(choice, sr=_WARM_UP_SR)
            listener.push(hiss)
        except Exception as error:  # A detector may raise anything, and the player may choose another.
            return Told("live.detector_failed", name=choice.detector, reason=reason(error))
        if listener.fault:
            return listener.fault
    return ""


def _field(content: Mapping[str, Any], name: str, kind: type[Kind]) -> Kind:
    """A field of a message that must be there and be of its kind; a truth value is no whole number."""
    value = content.get(name)
    if name not in content:
        raise PianolabError(Told("live.field_is_missing", message=content.get("type"), name=name))
    if type(value) is not kind:
        raise PianolabError(Told("live.field_is_wrong", message=content.get("type"), name=name, value=value))
    return value


def _told(error: Exception) -> str:
    """What an error says to the player; one that knows no other language is named as it is."""
    told = told_by(error)
    return told if isinstance(told, Told) else Told("live.other_reason", reason=reason(error))


def _said_chord(chord: messages.ChordHeard, language: str) -> messages.ChordHeard:
    names = describe(chord["midi"], groups=[chord["named"]], language=language)
    return {**chord, **names}
