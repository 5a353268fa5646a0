"""One take: from the beginning of a passage to the report. The page waits for the player, or he plays and is checked.

A take knows no page and no clock. Note events go in with the time up to which the sound was heard, and messages come
out; the same events always give the same messages.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from pianolab.practice.checking import Checker, Verdict
from pianolab.practice.modes import Metronome, Shown, Waiting, WrongKey
from pianolab.practice.page.messages import (
    Answer,
    BarTold,
    Mode,
    PositionTold,
    ReportTold,
    ShownTold,
    VerdictTold,
    WrongTold,
)
from pianolab.practice.page.piece import Passage
from pianolab.practice.page.speech import Speech
from pianolab.practice.pictures import pictures_of
from pianolab.practice.report import BarReport, lines_of, report_of
from pianolab.practice.words import words_of
from pianolab.roll import Salience
from pianolab.texts.catalogue import Told, say
from pianolab.tracking import Event, NoteEvent

AFTER_S = 1.0  # So long after the end of a round what was played in it is still waited for.
SILENT_S = 4.0  # Who plays freely and rests so long after the last note has finished.
_KEPT_S = 3.0  # So much evidence a new round takes over from the last.
_OCTAVE = 12


class Take(Protocol):
    """What both kinds of take can do."""

    over: bool

    def hear(self, salience: Salience) -> None:
        """Take evidence of the detector."""

    def push(self, events: Sequence[Event], *, now_s: float) -> list[Answer]:
        """Take events, and say what follows from them."""
        ...

    def report(self) -> ReportTold:
        """End the take."""
        ...


class WaitTake:
    """The page waits at each step until its keys were heard.

    Parameters
    ----------
    passage : Passage
    loop : bool
    certainty : float
        A key that is not due and less certain blames nobody.
    speech : Speech
    began_s : float
        Keys that were struck before this do not count.

    Attributes
    ----------
    over : bool
        Whether the end was reached.
    """

    def __init__(self, passage: Passage, *, loop: bool, certainty: float, speech: Speech, began_s: float = 0.0) -> None:
        self.passage, self.speech = passage, speech
        self.over, self._began_s = False, began_s
        self._waiting = Waiting(passage.part, loop=loop, certainty=certainty, other=passage.other)
        self._last = self._waiting.shown
        # Of each round: the wrong keys of each step that is over.
        self._rounds: list[dict[int, tuple[WrongKey, ...]]] = [{}]

    def hear(self, salience: Salience) -> None:
        """Evidence is not needed: nobody is blamed for what was not heard."""

    def push(self, events: Sequence[Event], *, now_s: float) -> list[Answer]:
        """Take events, and show what has changed.

        Parameters
        ----------
        events : sequence of NoteEvent and PedalEvent
        now_s : float
            Up to which time the sound was heard.

        Returns
        -------
        list of ShownTold
            One for each change.
        """
        answers: list[Answer] = []
        for event in events:
            if not isinstance(event, NoteEvent) or event.time_s < self._began_s:
                continue
            before, now = self._last, self._waiting.process(event)
            if now == before:
                continue
            if now.step != before.step or now.rounds != before.rounds:
                self._rounds[-1][before.step] = before.wrong
            if now.rounds != before.rounds and not now.ended:
                self._rounds.append({})
            self._last = now
            answers.append(self.shown)
            self.over = now.ended
        return answers

    @property
    def shown(self) -> ShownTold:
        """What is to be shown now."""
        now = self._last
        return {
            "type": "shown",
            "step": now.step,
            "bar": now.bar,
            "beat": now.beat,
            "due": list(now.due),
            "due_elements": self.passage.elements_of(now.step, now.due),
            "right": list(now.right),
            "right_elements": self.passage.elements_of(now.step, now.right),
            "wrong": [self._wrong(one) for one in now.wrong],
            "unsure": list(now.unsure),
            "beside": list(now.beside),
            "beside_elements": self.passage.beside(now.step),
            "rounds": now.rounds,
            "ended": now.ended,
            "said": self._said(now),
        }

    def report(self) -> ReportTold:
        """End the take: a step is right where no wrong key was struck before its own.

        Returns
        -------
        ReportTold
            Of the last round that was played to its end, or else of what was played.
        """
        self.over = True
        whole = [one for one in self._rounds if len(one) == self.passage.part.n_steps]
        steps = (whole or self._rounds)[-1]
        part, names = self.passage.part, self.passage.piece.bar_names
        bars: list[BarTold] = []
        for bar in np.unique(part.bar).tolist():
            notes = np.flatnonzero(part.bar == bar).tolist()
            of_step = [int(part.step[note]) for note in notes]
            wrong = [one for step in dict.fromkeys(of_step) for one in steps.get(step, ())]
            bars.append(
                {
                    "bar": names[bar],
                    "bar_index": bar,
                    "right": sum(step in steps and not steps[step] for step in of_step),
                    "of": len(notes),
                    "reached": sum(step in steps for step in of_step),
                    "said": [self._wrong(one)["said"] for one in wrong],
                }
            )
        right, n = sum(bar["right"] for bar in bars), len(part)
        return {
            "type": "report",
            "mode": "wait",
            "lines": self._lines(bars),
            "sums": {"notes": n, "right": right, "reached": sum(bar["reached"] for bar in bars), "rounds": len(whole)},
            "bars": bars,
            "pictures": None,
            "progress": None,
        }

    def _lines(self, bars: list[BarTold]) -> list[str]:
        language, lines = self.speech.language, []
        for bar in bars:
            if bar["reached"]:
                lines.append(say("practice.report_bar", language, bar=bar["bar"], right=bar["right"], n=bar["of"]))
                lines += [f"  {text}" for text in bar["said"]]
        reached, n = sum(bar["reached"] for bar in bars), sum(bar["of"] for bar in bars)
        if not reached:
            return [say("sitting.nothing_heard", language)]
        lines.append(say("practice.all", language, right=sum(bar["right"] for bar in bars), n=n))
        if reached < n:
            lines.append(say("practice.not_reached", language, n=n - reached))
        return lines

    def _wrong(self, one: WrongKey) -> WrongTold:
        heard, asked = self.speech.key(one.midi), self.speech.key(one.asked)
        n = abs(one.semitones)
        if n % _OCTAVE == 0:
            way = Told("sitting.octaves_up" if one.semitones > 0 else "sitting.octaves_down", n=n // _OCTAVE)
        else:
            way = Told("sitting.keys_right" if one.semitones > 0 else "sitting.keys_left", n=n)
        said = self.speech.say(Told("sitting.wrong_key", heard=heard, asked=asked, way=way))
        return {"midi": one.midi, "asked": one.asked, "semitones": one.semitones, "said": said}

    def _said(self, now: Shown) -> str:
        if now.ended:
            return self.speech.say(Told("sitting.ended"))
        if now.wrong:
            return self._wrong(now.wrong[-1])["said"]
        if now.unsure:
            return self.speech.say(Told("sitting.unsure", heard=self.speech.key(now.unsure[-1])))
        return self.speech.say(Told("sitting.play", keys=self.speech.keys(now.due)))


class PlayedTake:
    """The player plays, with the beat or in his own time, and is followed and checked.

    Parameters
    ----------
    passage : Passage
    mode : {'beat', 'free'}
    loop : bool
    tempo : float
        Share of the written tempo.
    certainty : float
        A mistake that is less certain is told as not sure.
    began_s : float
        When the player began: then the count-in begins, too.
    speech : Speech

    Attributes
    ----------
    over : bool
        Whether the end was reached.
    metronome : Metronome or None
        With the beat.
    """

    def __init__(
        self,
        passage: Passage,
        *,
        mode: Mode,
        loop: bool,
        tempo: float,
        certainty: float,
        began_s: float,
        speech: Speech,
    ) -> None:
        self.passage, self.loop, self.speech = passage, loop, speech
        self.mode: Mode = mode
        self.over = False
        self.metronome: Metronome | None = None
        self._began_s, self._certainty = began_s, certainty
        self._bpm = passage.piece.beats_a_minute * tempo
        if mode == "beat":
            self.metronome = _metronome(passage, tempo=tempo, loop=loop)
        self._rows: deque[Salience] = deque()
        self._rounds: list[list[Verdict]] = []
        self._events: list[list[Event]] = []  # Of each round.
        self._whole: list[bool] = []
        self._told_position: tuple[int, bool] | None = None
        self._event_s = began_s
        self._begin_round()

    def _begin_round(self) -> None:
        self._checker = Checker(self.passage.part, beats_a_minute=self._bpm, certainty=self._certainty)
        for rows in self._rows:
            self._checker.hear(rows)
        self._rounds.append([])
        self._events.append([])
        self._whole.append(False)
        self._last_judged = False

    def hear(self, salience: Salience) -> None:
        """Take evidence of the detector.

        Parameters
        ----------
        salience : Salience
        """
        if not len(salience):
            return
        self._rows.append(salience)
        while self._rows[0].times[-1] < salience.times[-1] - _KEPT_S:
            self._rows.popleft()
        self._checker.hear(salience)

    def push(self, events: Sequence[Event], *, now_s: float) -> list[Answer]:
        """Take events, and say what was right and where the player is.

        Parameters
        ----------
        events : sequence of NoteEvent and PedalEvent
        now_s : float
            Up to which time the sound was heard.

        Returns
        -------
        list of VerdictTold and PositionTold
        """
        answers: list[Answer] = []
        if self.over:
            return answers
        for event in events:
            if event.time_s < self._from_s:
                continue
            self._events[-1].append(event)
            if not isinstance(event, NoteEvent) or event.kind not in ("on", "revised"):
                continue
            self._event_s = max(self._event_s, event.time_s)
            answers += self._told(self._checker.push([], now_s=event.heard_s))
            if self._is_new_round(event):
                answers += self._end_round(whole=True)
                if self.over:
                    return answers
                self._events[-1].append(self._events[-2].pop())
            answers += self._told(self._checker.push([event], now_s=event.heard_s))
        answers += self._told(self._checker.push([], now_s=now_s))
        if self._is_at_the_end(now_s):
            answers += self._end_round(whole=True)
        return answers + self._position()

    def report(self) -> ReportTold:
        """End the take.

        Returns
        -------
        ReportTold
            Of the last round that was played to its end, or else of what was played.
        """
        if not self.over:
            self._rounds[-1] += self._checker.flush()
            self.over = True
        whole = [i for i, is_whole in enumerate(self._whole) if is_whole and self._rounds[i]]
        number = whole[-1] if whole else len(self._rounds) - 1
        verdicts, events = self._rounds[number], self._events[number]
        part, names = self.passage.part, self.passage.piece.bar_names
        # Its seconds are those of the take; the events of the pictures have those of the stream.
        since = [replace(one, time_s=one.time_s - self._began_s) for one in verdicts]
        report = report_of(part, since, bar_names=names)
        rounds = [len({one.note for one in self._rounds[i] if one.what == "right"}) for i in whole]
        pictures = pictures_of(part, verdicts, events, pedal=self.passage.piece.pedal, bar_names=names)
        sums: dict[str, Any] = {
            "notes": report.notes,
            "right": report.right,
            "reached": report.reached,
            "totals": report.totals,
            "beats_a_minute": report.beats_a_minute,
            "unevenness": report.unevenness,
            "rounds": len(whole),
            "right_by_round": rounds,
            "with_beat": None,
        }
        language = self.speech.language
        lines = lines_of(report, written=self._bpm, language=language, style=self.speech.names)
        if not report.reached:
            lines = [say("sitting.nothing_heard", language)]
        if (off := self._with_beat(verdicts, number)) is not None:
            sums["with_beat"] = off
            key = "sitting.behind_beat" if off["middle_ms"] >= 0 else "sitting.before_beat"
            lines.append(say(key, self.speech.language, ms=abs(off["middle_ms"])))
        bars = [self._bar(one) for one in report.bars]
        return ReportTold(
            type="report", mode=self.mode, lines=lines, sums=sums, bars=bars, pictures=pictures, progress=None
        )

    def _bar(self, bar: BarReport) -> BarTold:
        return {
            "bar": bar.name,
            "bar_index": bar.bar,
            "right": bar.right,
            "of": bar.notes,
            "reached": bar.reached,
            "said": [self._sentence(one) for one in bar.said],
        }

    def _with_beat(self, verdicts: list[Verdict], number: int) -> dict[str, int] | None:
        """How far from the beat the right notes came: the middle of all, and how far half of them lay from it."""
        metronome = self.metronome
        right = [one for one in verdicts if one.what == "right"]
        if metronome is None or not right:
            return None
        begun_s = self._began_s + number * metronome.round_s
        off = np.array([one.time_s - begun_s - metronome.time_of(one.beat) for one in right])
        middle = float(np.median(off))
        return {"middle_ms": round(1000 * middle), "spread_ms": round(1000 * float(np.median(np.abs(off - middle))))}

    @property
    def _from_s(self) -> float:
        """From when on what is played counts: half a beat before the first note is due, or the beginning."""
        if self.metronome is None:
            return self._began_s
        first_s = self.metronome.time_of(float(self.passage.part.beat[0]))
        return self._began_s + first_s - 30.0 / self._bpm

    @property
    def _round_ends_s(self) -> float:
        """With the beat: the end of the passage, or half way from its last note to the first one of the next round."""
        metronome = self.metronome
        assert metronome is not None
        if not self.loop:
            return self._began_s + metronome.count_in_s + metronome.round_s
        beat, number = self.passage.part.beat, len(self._rounds) - 1
        last_s = metronome.time_of(float(beat[-1]))
        next_s = metronome.time_of(float(beat[0])) + metronome.round_s
        return self._began_s + number * metronome.round_s + (last_s + next_s) / 2

    def _is_new_round(self, event: NoteEvent) -> bool:
        """Whether an event belongs to the next round."""
        if not self.loop:
            return False
        if self.metronome is not None:
            return event.time_s >= self._round_ends_s
        return self._last_judged and event.kind == "on" and event.midi in self.passage.part.keys_of(0)

    def _is_at_the_end(self, now_s: float) -> bool:
        if self.over:
            return False
        if self.metronome is not None:
            return now_s >= self._round_ends_s + AFTER_S
        return not self.loop and self._last_judged and now_s >= self._event_s + SILENT_S

    def _end_round(self, *, whole: bool) -> list[Answer]:
        answers = self._told(self._checker.flush())
        self._whole[-1] = whole
        if self.loop:
            self._begin_round()
        else:
            self.over = True
        return answers

    def _told(self, verdicts: list[Verdict]) -> list[Answer]:
        self._rounds[-1] += verdicts
        last = self.passage.part.n_steps - 1
        for one in verdicts:
            if one.note is not None and int(self.passage.part.step[one.note]) == last:
                self._last_judged = True
        return [self._verdict(one) for one in verdicts]

    def _verdict(self, one: Verdict) -> VerdictTold:
        return {
            "type": "verdict",
            "what": one.what,
            "perhaps": one.perhaps,
            "bar": self.passage.piece.bar_names[one.bar],
            "bar_index": one.bar,
            "beat": one.beat,
            "elements": [] if one.note is None else [self.passage.elements[one.note]],
            "asked": one.asked,
            "heard": one.heard,
            "certainty": round(one.certainty, 3),
            "off_ms": None if one.off_s is None else round(1000 * one.off_s, 1),
            "said": self._sentence(one),
        }

    def _sentence(self, one: Verdict) -> str:
        names = self.passage.piece.bar_names
        to_bar = None if one.to_bar is None else names[one.to_bar]
        told = words_of(one, bar=names[one.bar], to_bar=to_bar, style=self.speech.names)
        return self.speech.say(told.values["said"])

    def _position(self) -> list[Answer]:
        at = self._checker.follower.position
        if at is None or (at.step, at.lost) == self._told_position:
            return []
        self._told_position = (at.step, at.lost)
        told: PositionTold = {
            "type": "position",
            "bar": at.bar,
            "beat": at.beat,
            "tempo": round(60.0 / at.beat_s, 1),
            "lost": at.lost,
            "elements": self.passage.elements_of(at.step),
        }
        return [told]


def _metronome(passage: Passage, *, tempo: float, loop: bool) -> Metronome:
    piece = passage.piece
    return Metronome(
        piece.bars,
        piece.beats,
        beats_a_minute=piece.beats_a_minute,
        tempo=tempo,
        beat=piece.count,
        first_bar=passage.first_bar,
        last_bar=passage.last_bar,
        loop=loop,
    )
