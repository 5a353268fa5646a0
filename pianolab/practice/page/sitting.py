"""One player at one piano: what the page asks and what was heard go in, and what the page is to show comes out.

A sitting knows no socket and no clock; times are seconds of the stream. It is used by one thread at a time.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pianolab.errors import PianolabError
from pianolab.practice.checking import GHOST, GHOSTS
from pianolab.practice.modes import AGAIN_S, SLOWEST
from pianolab.practice.page.messages import (
    COMMANDS,
    PEDAL,
    Answer,
    Begun,
    Choose,
    Chosen,
    Commands,
    PageError,
    Plain,
    ReportTold,
    Tempo,
    Try,
    What,
    error_told,
)
from pianolab.practice.page.piece import Passage, Piece
from pianolab.practice.page.speech import Speech
from pianolab.practice.page.takes import PlayedTake, Take, WaitTake
from pianolab.practice.part import PartError
from pianolab.practice.streaming.messages import PedalTold
from pianolab.practice.streaming.messages import Told as EventTold
from pianolab.roll import Salience
from pianolab.texts.catalogue import Told
from pianolab.tracking import Event, NoteEvent, PedalEvent

SLOWER = 0.1  # Share of the written tempo by which a key makes it slower.
COMMAND_S = 0.5  # A command is not given twice within this.
_RINGS_S = 2.0  # So long a struck key can make a detector imagine another one.
_FIRST_TRIED = 10**9  # Number of the first key that is struck on the page; the detector's lie below.
_TRIED_LOUD = 64.0
_TRIED_APART_S = 2 * AGAIN_S

Keep = Callable[[Passage, Choose, ReportTold], dict[str, Any] | None]


@dataclass
class _Choice:
    asked: Choose
    passage: Passage


class Sitting:
    """What one player chose, and the take that he plays.

    Parameters
    ----------
    language : str
        A key of `pianolab.texts.catalogue.LANGUAGES`.
    names : str
        How keys are called: a key of `pianolab.units.NOTE_STYLES`.
    keep : callable, optional
        Gets each take that is over, and gives how its passage went by now; if it raises, the report says so.

    Examples
    --------
    >>> sitting = Sitting()
    >>> sitting.say({"type": "begin"}, now_s=0.0)
    Traceback (most recent call last):
    ...
    pianolab.practice.page.messages.PageError: choose a piece first
    """

    def __init__(self, *, language: str = "en", names: str = "C4", keep: Keep | None = None) -> None:
        self.speech = Speech(language, names)
        self._keep = keep
        self._choice: _Choice | None = None
        self._take: Take | None = None
        self._reported = False
        self._commands: dict[What, int | str] = {}
        self._commanded_s = -math.inf
        self._struck: dict[int, float] = {}
        self._n_tried, self._tried_s = 0, -math.inf
        self._tried = False  # Whether keys of the page were struck in this take: it is no practice, and is not kept.

    @property
    def is_playing(self) -> bool:
        """Whether a take was begun and is not over."""
        return self._take is not None and not self._reported

    def choose(self, piece: Piece, asked: Choose, *, now_s: float) -> list[Answer]:
        """Take a choice; a take that goes on is given up.

        Parameters
        ----------
        piece : Piece
        asked : Choose
        now_s : float
            Seconds of sound that have come.

        Returns
        -------
        list of Chosen, and of Shown where the page will wait

        Raises
        ------
        PageError
            If nothing is to be played there.
        """
        try:
            passage = Passage.of(piece, hands=asked["hands"], first_bar=asked["first_bar"], last_bar=asked["last_bar"])
        except PartError as error:
            raise PageError("no_passage", Told("sitting.no_passage")) from error
        self._choice = _Choice(asked, passage)
        self._take, self._reported = None, False
        self._commands = {what: by for what, by in self._commands.items() if not self._is_needed(by)}
        return self._chosen(now_s)

    def say(self, asked: Plain | Tempo | Commands | Try, *, now_s: float) -> list[Answer]:
        """Do what the page says.

        Parameters
        ----------
        asked : Plain, Tempo, Commands or Try
        now_s : float
            Seconds of sound that have come.

        Returns
        -------
        list of messages

        Raises
        ------
        PageError
            If it makes no sense now.
        """
        if self._choice is None:
            raise PageError("choose_first", Told("sitting.choose_first"))
        match asked["type"]:
            case "begin" | "again":
                return self._begin(now_s)
            case "tempo":
                return self._to_tempo(cast("Tempo", asked)["tempo"], now_s)
            case "on":
                return self._on(now_s)
            case "finish":
                return self._finish()
            case "commands":
                self._take_commands(cast("Commands", asked))
                return []
            case "try":
                return self._try(cast("Try", asked)["midi"], now_s)

    def hear(self, salience: Salience) -> None:
        """Take evidence of the detector.

        Parameters
        ----------
        salience : Salience
            Its times in the stream.
        """
        if self._take is not None:
            self._take.hear(salience)

    def push(self, events: Iterable[EventTold], *, now_s: float, come_s: float | None = None) -> list[Answer]:
        """Take what was heard.

        Parameters
        ----------
        events : iterable of events
            As a stream tells them.
        now_s : float
            Up to which time the sound was heard.
        come_s : float, optional
            Up to which time it has come; what a key or the pedal begins, begins there.

        Returns
        -------
        list of messages
        """
        come_s = now_s if come_s is None else come_s
        answers: list[Answer] = []
        played: list[Event] = []
        for event in events:
            if event["kind"] == "gap":
                continue
            if event["kind"] == "pedal":
                if PEDAL not in self._commands.values():
                    played.append(_pedal_event(event))
                elif event["down"]:
                    answers += self._commanded(PEDAL, event["time_s"], 1.0, come_s)
                continue
            note = _note_event(event)
            if note.midi in self._commands.values():
                if note.kind == "on":
                    answers += self._commanded(note.midi, note.time_s, self._sure(note), come_s)
                continue
            if note.kind == "on":
                self._struck[note.midi] = note.time_s
            played.append(note)
        return answers + self._play(played, now_s)

    def _play(self, events: Sequence[Event], now_s: float) -> list[Answer]:
        if self._take is None or self._reported:
            return []
        answers = self._take.push(events, now_s=now_s)
        return answers + (self._finish() if self._take.over else [])

    def _begin(self, now_s: float) -> list[Answer]:
        choice = self._chosen_one
        asked, passage, speech = choice.asked, choice.passage, self.speech
        loop, certainty = asked["loop"], asked["certainty"]
        begun: Begun = {
            "type": "begun",
            "mode": asked["mode"],
            "at_s": round(now_s, 6),
            "tempo": asked["tempo"],
            "count_in_s": 0.0,
        }
        self._reported = self._tried = False
        if asked["mode"] == "wait":
            self._take = take = WaitTake(passage, loop=loop, certainty=certainty, speech=speech, began_s=now_s)
            return [begun, take.shown]
        how = {"mode": asked["mode"], "loop": loop, "tempo": asked["tempo"], "certainty": certainty}
        try:
            self._take = take = PlayedTake(passage, **how, began_s=now_s, speech=speech)
        except PartError as error:
            raise PageError("no_beat", Told("sitting.no_beat")) from error
        if take.metronome is not None:
            begun["count_in_s"] = round(take.metronome.count_in_s, 6)
        return [begun]

    def _to_tempo(self, tempo: float, now_s: float) -> list[Answer]:
        choice = self._chosen_one
        choice.asked = {**choice.asked, "tempo": tempo}
        answers = [self._chosen_message]
        return answers + (self._begin(now_s) if self.is_playing and choice.asked["mode"] == "beat" else [])

    def _on(self, now_s: float) -> list[Answer]:
        """Go on to the next passage: as many bars, or those that are left; passages without notes are left out."""
        choice, was_begun = self._chosen_one, self._take is not None
        piece, asked, first = choice.passage.piece, choice.asked, choice.passage.last_bar + 1
        n_bars = choice.passage.last_bar - choice.passage.first_bar + 1
        while first < len(piece.bars):
            last = min(first + n_bars, len(piece.bars)) - 1
            try:
                answers = self.choose(piece, {**asked, "first_bar": first, "last_bar": last}, now_s=now_s)
            except PageError:
                first = last + 1
            else:
                return answers + (self._begin(now_s) if was_begun else [])
        raise PageError("no_next", Told("sitting.no_next"))

    def _finish(self) -> list[Answer]:
        if self._take is None or self._reported:
            raise PageError("begin_first", Told("sitting.begin_first"))
        self._reported = True
        report, choice = self._take.report(), self._chosen_one
        if self._keep is not None and not self._tried:
            try:
                report["progress"] = self._keep(choice.passage, choice.asked, report)
            except (PianolabError, OSError):
                report["lines"].append(self.speech.say(Told("sitting.not_kept")))
        if (progress := report["progress"]) is not None and progress["takes"] > 1:
            shares = {name: round(100 * progress[name]) for name in ("first", "best", "last")}
            report["lines"].append(self.speech.say(Told("sitting.progress", n=progress["takes"], **shares)))
        return [report]

    def _take_commands(self, asked: Commands) -> None:
        commands: dict[What, int | str] = {what: by for what in COMMANDS if (by := asked[what]) is not None}
        if len(set(commands.values())) < len(commands):
            raise PageError("bad_message", Told("sitting.one_key_two_commands"))
        for by in commands.values():
            if self._is_needed(by):
                raise PageError("key_is_needed", self._needed(by))
        self._commands = commands

    def _is_needed(self, by: int | str) -> bool:
        """Whether the passage needs a key, or the piece the pedal."""
        passage = self._chosen_one.passage
        return bool(passage.piece.pedal) if isinstance(by, str) else by in passage.keys

    def _needed(self, by: int | str) -> Told:
        if isinstance(by, str):
            return Told("sitting.pedal_is_needed")
        return Told("sitting.key_is_needed", key=self.speech.key(by))

    def _commanded(self, by: int | str, time_s: float, sure: float, now_s: float) -> list[Answer]:
        """Do what a key or the pedal stands for, if it is sure enough that it was struck."""
        whats: list[What] = [what for what, key in self._commands.items() if key == by]
        if not whats or self._choice is None or time_s < self._commanded_s + COMMAND_S:
            return []
        if sure < self._choice.asked["certainty"]:
            return []
        self._commanded_s = time_s
        what = whats[0]
        told: list[Answer] = [{"type": "command", "what": what}]
        try:
            if what == "again":
                return told + self._begin(now_s)
            if what == "on":
                return told + self._on(now_s)
            tempo = max(SLOWEST, round(self._choice.asked["tempo"] - SLOWER, 3))
            return told + self._to_tempo(tempo, now_s)
        except PageError as error:
            return [*told, error_told(error, self.speech.language)]

    def _sure(self, event: NoteEvent) -> float:
        """How surely a key was struck that another one may have made ring."""
        recent = [key for key, time_s in self._struck.items() if event.time_s - time_s <= _RINGS_S]
        return event.confidence * (GHOST if any(event.midi - key in GHOSTS for key in recent) else 1.0)

    def _try(self, midi: int, now_s: float) -> list[Answer]:
        number = _FIRST_TRIED + self._n_tried
        self._n_tried += 1
        self._tried = True
        self._tried_s = at = max(now_s, self._tried_s + _TRIED_APART_S)  # Without sound, no time passes.
        event = NoteEvent("on", number, at, at, midi, _TRIED_LOUD, 1.0, 0.0)
        if midi in self._commands.values():
            return self._commanded(midi, at, 1.0, now_s)
        return self._play([event], at)

    @property
    def _chosen_one(self) -> _Choice:
        assert self._choice is not None
        return self._choice

    @property
    def _chosen_message(self) -> Answer:
        choice = self._chosen_one
        asked, passage, piece = choice.asked, choice.passage, choice.passage.piece
        told: Chosen = {
            "type": "chosen",
            "item": piece.item,
            "title": piece.title,
            "hands": passage.hands,
            "mode": asked["mode"],
            "first_bar": passage.first_bar,
            "last_bar": passage.last_bar,
            "loop": asked["loop"],
            "tempo": asked["tempo"],
            "certainty": asked["certainty"],
            "steps": passage.part.n_steps,
            "notes": len(passage.part),
            "n_bars": len(piece.bars),
            "beats_a_minute": round(piece.beats_a_minute, 3),
            "count": piece.count,
        }
        return told

    def _chosen(self, now_s: float) -> list[Answer]:
        choice = self._chosen_one
        if choice.asked["mode"] != "wait":
            return [self._chosen_message]
        loop, certainty = choice.asked["loop"], choice.asked["certainty"]
        take = WaitTake(choice.passage, loop=loop, certainty=certainty, speech=self.speech, began_s=now_s)
        return [self._chosen_message, take.shown]


def _pedal_event(event: PedalTold) -> PedalEvent:
    kind = "pedal_down" if event["down"] else "pedal_up"
    return PedalEvent(kind, event["time_s"], event["heard_s"], event["confidence"])


def _note_event(event: EventTold) -> NoteEvent:
    """An event of a stream as a session told it."""
    told = cast("dict[str, Any]", event)
    velocity, level_db = (math.nan if told[name] is None else told[name] for name in ("velocity", "level_db"))
    return NoteEvent(
        told["kind"],
        told["note"],
        told["time_s"],
        told["heard_s"],
        told["midi"],
        velocity,
        told["confidence"],
        level_db,
    )
