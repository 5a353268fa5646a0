"""What was right, while it is being played: note events and evidence go in, verdicts on the notes of a part come out.

It is known which notes are due, so less has to be heard than for a transcription. A note that is due and that no event
tells of is looked for in the detector's evidence: where its key was nearly struck, nobody is blamed. A note that is not
due has to be sure before it is called a mistake, and surer where detectors imagine notes: an octave or a twelfth from a
key that is due. What is neither is told as *not sure*, since whoever cannot hear cannot check a blame.

Who is followed may play a wrong key, and then it is soon told; but a jump can only be told from the notes that come
after it, and a missing note only when the next one is there. Nothing that was told is taken back.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pianolab.practice.evidence import Evidence
from pianolab.practice.follow import BESIDE, FARTHEST, JUMPED, OF_THE_STEP_BEFORE, Follower, Played
from pianolab.practice.part import Part
from pianolab.roll import Salience
from pianolab.tracking import Event, NoteEvent

VerdictKind = Literal[
    "right", "early", "late", "wrong", "octave", "missing", "extra", "doubled", "restart", "skip", "uneven", "not sure"
]
CERTAINTY = 0.9  # A blame that is less certain is told as "not sure"; chosen on kawai_upright_kw and vsco2_upright.
WAIT_S = 0.1  # A note is judged so long after it was heard: so late are the other keys of its step.
JUMP_NOTES, MOST_NOTES, JUMP_S = (
    3,
    6,
    3.0,
)  # A jump is told when so many notes were heard from it on, or so long after it;
PLACE_CLEAR = 0.8  # the most of them if no place is as probable as this, as where a passage comes twice.
PLACE_KNOWN = 0.95  # So do notes that pass over a step, where the place is less certain than this.
JUMP_CERTAINTY = 0.5  # Where the player went is told from this certainty on: it blames nobody.
INSTEAD = 3.0  # Where another key was struck, so many times more evidence is needed that the right one was, too;
AS_GHOST = 8.0  # and so many times more, if the other one makes detectors imagine the right one.
BEFORE_S, AFTER_S = 0.12, 0.2  # Where a note is due, its stroke is looked for so long before and after.
SAME_MOMENT_S = 0.1  # A key that is struck within this of a step stands for one of the step that is missing.
DOUBLED_S = 0.4  # A key that is struck again so soon, and is not due, is doubled.
LATE_S, LATE_SHARE = 0.12, 0.3  # Off its time by more than so many seconds, and by so much of the shorter neighbour.
LATEST_S = 0.5  # Who comes later than this has stopped, and is not late.
EARLY = 0.7  # A key that is in no step does not stand for the next one before so much of the time to it has passed.
STOP = 1.6  # Between steps that lie farther apart than this many times what the tempo says, nobody is early.
UNEVEN, UNEVEN_STEPS = 0.25, 4  # A bar is uneven whose steps spread so much (logarithm), if it has so many.
MEASURED_S, STROKE_S = 0.1, 0.03  # Shorter steps are not measured well enough for that; others are, to within so much.
FAST_S, COVERED = 0.15, 0.75  # Of a note with a neighbour so near, "missing" is only so certain.
FARTHEST_OCTAVE = 24  # So many semitones from a key that is due, another one of its name may stand for it.
EVEN = 0.5  # What is less likely than not is neither told nor doubted, where nothing was due.
STRUCK = 0.05  # Evidence of a stroke that is as probable as not, where the note is due.
# Semitones above a key that is struck at which detectors imagine keys, and how far such an event is believed. Real
# octaves are so rare that they are at most doubted.
GHOSTS, GHOST = (12, 19, 24, 28, 31, 34, 36, -12), 0.52
RINGING_S, RINGING = 2.5, 0.8  # A key that rings and seems to be struck again, while it is not due, is believed so far,
RINGS_ALONG, SAME_STROKE_S = 0.6, 0.06  # and so far if another one is struck at that very moment.
RANG_S, SOUNDS = (-0.2, -0.04), 0.5  # A key rings that sounded, on average, so strongly at these times before.
STRUCK_AGAIN = 0.99  # A key that rings is struck again if that is so sure;
RINGS_ON = 0.75  # if not, and confidence times softness is below this, it only rings on.
FAINT_S, FAINT = (0.06, 0.25), 0.6  # A key that does not sound at these times after it is believed so far.
CLEAR = 0.75  # A key that is believed less does not stand for one that is due.
KEPT_STROKES = 32  # So many strokes may stand beside one.
KEPT_VISITS = 8  # So many steps may still ring.
STEP_S = 0.05  # A take that is there as a whole is checked in steps of so many seconds.


@dataclass(frozen=True)
class Verdict:
    """What is said of one note, or of a passage.

    Attributes
    ----------
    what : str
        'right', 'early', 'late', 'wrong', 'octave', 'missing', 'extra', 'doubled', 'restart', 'skip', 'uneven' or
        'not sure'. A note that is early or late was told to be right before.
    note : int or None
        Number of the note of the part, where one is concerned.
    asked, heard : int or None
        MIDI numbers.
    bar : int
    beat : float
        Where in the part.
    time_s : float
        When it was played, or was due.
    off_s : float or None
        Seconds after its time, for 'early' and 'late'.
    certainty : float
        In [0, 1]: of what it says, or of the blame that is not sure.
    told_s : float
        Up to which time the sound was heard when it was told.
    perhaps : str or None
        What it may be, if it is not sure.
    to_bar : int or None
        Where the player goes on after a jump.
    """

    what: VerdictKind
    note: int | None
    asked: int | None
    heard: int | None
    bar: int
    beat: float
    time_s: float
    off_s: float | None
    certainty: float
    told_s: float
    perhaps: VerdictKind | None = None
    to_bar: int | None = None


@dataclass
class _Visit:
    """One time that a step is played."""

    step: int
    began_s: float
    heard: dict[int, NoteEvent] = field(default_factory=dict)  # By key.
    judged: set[int] = field(default_factory=set)  # Keys of the step of which something was said.
    amiss: dict[int, float] = field(default_factory=dict)  # Keys that are not of the step, and when they were struck.
    instead_of: int | None = None  # The step before a jump to here that nobody is sure of: perhaps it was none.

    @property
    def onset_s(self) -> float:
        """When it began, by its own keys where one was heard."""
        return min((event.time_s for event in self.heard.values()), default=self.began_s)

    @property
    def onset_sure(self) -> float:
        """How sure the stroke is that says when it began."""
        first = min(self.heard.values(), key=lambda event: event.time_s, default=None)
        return 0.0 if first is None else first.confidence


class Checker:
    """Checks one player on one part.

    Parameters
    ----------
    part : Part
    beats_a_minute : float
        The tempo at which he is expected to begin.
    certainty : float
        From which certainty on a mistake is told; below, it is "not sure". In [0.5, 1].

    Attributes
    ----------
    follower : Follower

    Examples
    --------
    >>> part = Part.of([0, 1, 2], [1, 1, 1], [60, 62, 64], [0, 0, 0])
    >>> checker = Checker(part, beats_a_minute=60)
    >>> heard = [NoteEvent("on", i, i, i, midi, 64.0, 0.9, -20.0) for i, midi in enumerate((60, 63, 64))]
    >>> [(one.what, one.asked, one.heard) for one in [*checker.push(heard, now_s=3.0), *checker.flush()]]
    [('right', 60, 60), ('wrong', 62, 63), ('right', 64, 64)]
    """

    def __init__(self, part: Part, *, beats_a_minute: float = 80.0, certainty: float = CERTAINTY):
        self.part = part
        self.certainty = certainty
        self.follower = Follower(part, beats_a_minute=beats_a_minute)
        self._first = part.first_notes
        self._beat = part.beat[self._first]
        self._bar = part.bar[self._first]
        self.reset()

    def reset(self) -> None:
        """Forget what was played."""
        self.follower.reset()
        self._evidence = Evidence()
        self._waiting: deque[NoteEvent] = deque()
        self._visits: list[_Visit] = []
        self._announced: deque[NoteEvent] = deque(maxlen=KEPT_STROKES)  # All strokes,
        self._strokes: deque[NoteEvent] = deque(maxlen=KEPT_STROKES)  # and those that are taken for strokes.
        self._now_s = 0.0

    def hear(self, salience: Salience) -> None:
        """Keep evidence for a while: give this to a Session as ``listen``.

        Parameters
        ----------
        salience : Salience
        """
        self._evidence.add(salience)

    def push(self, events: Iterable[Event], *, now_s: float) -> list[Verdict]:
        """Take what a Session answered.

        Parameters
        ----------
        events : iterable of NoteEvent
            Others are passed over.
        now_s : float
            Up to which time the sound was heard (``Session.heard_s``), seconds.

        Returns
        -------
        list of Verdict
            What is known now.
        """
        strokes = [event for event in events if isinstance(event, NoteEvent) and event.kind in ("on", "revised")]
        self._announced.extend(event for event in strokes if event.kind == "on")
        for event in strokes:
            if not self._only_rings(event):
                self.follower.process(event)
                self._take(event)
        self._now_s = max(self._now_s, now_s)
        return self._judged(self._now_s, to_the_end=False)

    def flush(self) -> list[Verdict]:
        """End the take: what is still owed."""
        verdicts = self._judged(np.inf, to_the_end=True)
        if self._visits:
            verdicts += self._close(self._visits[-1])
            verdicts += self._evenness(last=True)
        return verdicts

    def _only_rings(self, event: NoteEvent) -> bool:
        """Whether a key that sounds already only seems to be struck again: softer than before, and not surely.

        Such a stroke would lead who follows to the next place of that key. If it was one and is due, the evidence of it
        is asked for when its step is over.
        """
        if event.kind != "on" or event.confidence >= STRUCK_AGAIN or not self._evidence.knows_strokes:
            return False
        former = next((one for one in reversed(self._strokes) if one.midi == event.midi), None)
        before = self._sound_of(event, RANG_S)
        if former is None or before is None or float(np.mean(before)) < SOUNDS:
            return False
        if event.time_s - former.time_s <= DOUBLED_S and not self._is_along(event):
            return False  # Nothing but a hammer makes a string begin again so soon.
        softer = event.velocity / max(former.velocity, 1.0)
        return event.confidence * (min(softer, 1.0) if np.isfinite(softer) else 1.0) < RINGS_ON

    def _take(self, event: NoteEvent) -> None:
        if event.kind == "on":
            self._waiting.append(event)
            self._strokes.append(event)
            return
        for i, waiting in enumerate(self._waiting):
            if waiting.note == event.note:
                self._waiting[i] = event

    def _judged(self, now_s: float, *, to_the_end: bool) -> list[Verdict]:
        """Judge the notes whose time has come, in their order."""
        if not self._waiting:
            return []
        way = self.follower.steps()
        ways = {(one.note, one.midi): (i, one) for i, one in enumerate(way)}
        verdicts: list[Verdict] = []
        while self._waiting and self._waiting[0].heard_s + WAIT_S <= now_s:
            event = self._waiting[0]
            place, played = ways.get((event.note, event.midi), (-1, None))
            if played is not None and not to_the_end and self._is_open(played):
                position = self.follower.position
                clear = position is not None and position.certainty >= PLACE_CLEAR
                known = len(way) - place
                if known < (JUMP_NOTES if clear else MOST_NOTES) and now_s < event.heard_s + JUMP_S:
                    break
            self._waiting.popleft()
            if played is not None:
                verdicts += self._judge(event, played)
        return verdicts

    def _is_open(self, played: Played) -> bool:
        """Whether only the next notes will tell that the player is elsewhere, or passed over something."""
        if not self._visits:
            return False
        position = self.follower.position
        passed_over = played.step - self._visits[-1].step > 1
        return played.move == JUMPED or (passed_over and position is not None and position.certainty < PLACE_KNOWN)

    def _judge(self, event: NoteEvent, played: Played) -> list[Verdict]:
        visit, verdicts = self._place(event, played)
        of_step = event.midi in self.part.keys_of(visit.step) and event.midi not in visit.heard
        if of_step and played.move != BESIDE:
            visit.heard[event.midi] = event
            return verdicts + self._right(visit, event)
        return verdicts + self._amiss(visit, event)

    def _place(self, event: NoteEvent, played: Played) -> tuple[_Visit, list[Verdict]]:
        """The visit of a step to which an event belongs, a new one if it begins one, and what that makes known.

        The most probable way may have changed since the last event was judged; what was told stays.
        """
        if not self._visits:
            self._visits.append(_Visit(played.step, event.time_s))
            return self._visits[-1], []
        last = self._visits[-1]
        if played.step == last.step and played.move != JUMPED:
            return last, []
        if played.move == OF_THE_STEP_BEFORE or (played.move == BESIDE and played.step < last.step):
            near = [visit for visit in self._visits[-3:] if visit.step == played.step]
            return (near or [last])[-1], []
        far = played.step - last.step
        if event.midi not in self.part.keys_of(played.step) and self._is_early(event, last, played.step):
            return last, []
        if played.move == JUMPED or far > FARTHEST or far < 0:
            verdicts = self._jumped(event, played)
            doubted = any(one.what == "not sure" for one in verdicts if one.to_bar is not None)
            self._visits.append(_Visit(played.step, event.time_s, instead_of=last.step if doubted else None))
        else:
            verdicts = self._onwards(event, played)
        return self._visits[-1], verdicts

    def _is_early(self, event: NoteEvent, last: _Visit, step: int) -> bool:
        """Whether it is too early for a step after the last one."""
        position = self.follower.position
        if position is None or step <= last.step:
            return False
        due_s = (self._beat[step] - self._beat[last.step]) * position.beat_s
        return event.time_s - last.onset_s < EARLY * due_s

    def _right(self, visit: _Visit, event: NoteEvent) -> list[Verdict]:
        if event.midi in visit.judged:
            return []
        visit.judged.add(event.midi)
        note = self._note(visit.step, event.midi)
        return [self._told("right", note, event.midi, event.time_s, event.confidence)]

    def _amiss(self, visit: _Visit, event: NoteEvent) -> list[Verdict]:
        """A key that is not due: in the place of one that is, or besides."""
        if event.time_s - visit.amiss.get(event.midi, -np.inf) <= DOUBLED_S:
            return []  # It was told already.
        visit.amiss[event.midi] = event.time_s
        last = visit.heard.get(event.midi)
        again = last is not None and event.time_s - last.time_s <= DOUBLED_S
        clear = event.confidence * self._stands_clear(event, again=again)
        if again:
            note = self._note(visit.step, event.midi)
            if clear < EVEN:
                return []
            sure = clear if self._is_along(event) else float(np.sqrt(clear))
            return [self._blame("doubled", note, event.midi, event.time_s, sure, step=visit.step)]
        left = [key for key in self.part.keys_of(visit.step) if key not in visit.heard and key not in visit.judged]
        left = [key for key in left if self._struck_beside(event.midi, key, visit.began_s) < EVEN]
        if left and clear >= min(CLEAR, event.confidence) and abs(event.time_s - visit.began_s) <= SAME_MOMENT_S:
            asked = min(left, key=lambda key: (0 if (key - event.midi) % 12 == 0 else 1, abs(key - event.midi)))
            octave = (asked - event.midi) % 12 == 0
            if abs(asked - event.midi) <= (FARTHEST_OCTAVE if octave else 12):
                visit.judged.add(asked)
                what: VerdictKind = "octave" if octave else "wrong"
                missing = 1 - self._struck_beside(event.midi, asked, visit.began_s)
                certainty = min(float(np.sqrt(clear)), missing)
                if any(abs(event.midi - key) == 12 for key in visit.heard):
                    certainty = min(certainty, GHOST)
                note = self._note(visit.step, asked)
                return [self._blame(what, note, event.midi, event.time_s, certainty, step=visit.step)]
        sure = min(clear, GHOST * event.confidence) if self._is_ghost(visit, event) else clear
        if sure < EVEN:
            return []
        return [self._blame("extra", None, event.midi, event.time_s, sure, step=visit.step)]

    def _is_ghost(self, visit: _Visit, event: NoteEvent) -> bool:
        """Whether a key that is not due lies where detectors imagine keys over those that were struck."""
        struck = set(visit.heard)
        if abs(event.time_s - visit.began_s) <= SAME_MOMENT_S:
            due = set(self.part.keys_of(visit.step)) - struck
            struck |= {key for key in due if self._struck_beside(event.midi, key, visit.began_s) >= EVEN}
        return any(event.midi - key in GHOSTS for key in struck)

    def _stands_clear(self, event: NoteEvent, *, again: bool) -> float:
        """How far a stroke is to be believed: what rings may only seem to be struck again when another key is."""
        along = self._is_along(event)
        if again:
            return RINGS_ALONG if along else 1.0
        before, after = self._sound_of(event, RANG_S), self._sound_of(event, FAINT_S)
        if before is None:
            last_s = max((self._last_stroke(one, event.midi) for one in self._visits[-KEPT_VISITS:]), default=-np.inf)
            rings = DOUBLED_S < event.time_s - last_s <= RINGING_S
        else:
            rings = float(np.mean(before)) >= SOUNDS
        if rings:
            return RINGS_ALONG if along else RINGING
        return FAINT if after is not None and float(np.max(after)) < SOUNDS else 1.0

    def _is_along(self, event: NoteEvent) -> bool:
        """Whether another key was struck at the moment of a stroke."""
        beside = (one for one in self._announced if one.midi != event.midi)
        return any(abs(one.time_s - event.time_s) <= SAME_STROKE_S for one in beside)

    def _sound_of(self, event: NoteEvent, span_s: tuple[float, float]) -> NDArray[np.float32] | None:
        """How strongly its key sounds about a stroke."""
        return self._evidence.sound(event.midi, event.time_s + span_s[0], event.time_s + span_s[1])

    def _last_stroke(self, visit: _Visit, key: int) -> float:
        heard = visit.heard.get(key)
        return visit.amiss.get(key, -np.inf) if heard is None else heard.time_s

    def _onwards(self, event: NoteEvent, played: Played) -> list[Verdict]:
        """The player goes on: what is still missing of the step behind him, and of those that he passed over.

        Who only seemed to have gone back, and goes on from where he was, passed over nothing.
        """
        former = self._visits[-1]
        verdicts = self._close(former)
        beats = self._beat[played.step] - self._beat[former.step]
        for step in range(former.step + 1, played.step):
            share = (self._beat[step] - self._beat[former.step]) / beats
            passed = _Visit(step, former.began_s + share * (event.time_s - former.began_s))
            self._visits.append(passed)
            if former.instead_of is None or step > former.instead_of + 1:
                verdicts += self._close(passed)
        self._visits.append(_Visit(played.step, event.time_s))
        return verdicts + self._timing(event) + self._evenness()

    def _jumped(self, event: NoteEvent, played: Played) -> list[Verdict]:
        former = self._visits[-1]
        verdicts = self._close(former)
        onwards = played.step > former.step
        if played.step == former.step + 1:
            return verdicts
        what: VerdictKind = "skip" if onwards else "restart"
        place = self.follower.position
        sure = 0.0 if place is None or place.lost else place.certainty
        sure = float(sure >= JUMP_CERTAINTY) * max(sure, self.certainty)
        told = self._blame(what, None, None, event.time_s, sure, step=former.step, to_bar=int(self._bar[played.step]))
        return [*verdicts, told]

    def _close(self, visit: _Visit) -> list[Verdict]:
        """Say what is missing of a step."""
        verdicts = []
        for key in self.part.keys_of(visit.step):
            if key in visit.judged:
                continue
            visit.judged.add(key)
            struck = self._struck_at(key, visit.began_s)
            note = self._note(visit.step, key)
            if struck >= EVEN:
                verdicts.append(self._told("right", note, key, visit.began_s, struck))
            else:
                certainty = (1 - struck) * (COVERED if self._is_fast(visit.step) else 1.0)
                verdicts.append(self._blame("missing", note, None, visit.began_s, certainty, step=visit.step))
        return verdicts

    def _is_fast(self, step: int) -> bool:
        """Whether the next step, or the one before, is so near that a stroke may be covered by its neighbours."""
        position = self.follower.position
        near = np.diff(self._beat[max(step - 1, 0) : step + 2])
        return position is not None and len(near) > 0 and float(near.min()) * position.beat_s < FAST_S

    def _timing(self, event: NoteEvent) -> list[Verdict]:
        """Whether the step before the one that an event begins was off its time, between its neighbours.

        That is as sure as the strokes are whose times are compared.
        """
        if len(self._visits) < 3:
            return []
        first, middle, last = self._visits[-3:]
        if not (first.step + 1 == middle.step == last.step - 1 and first.heard and middle.heard):
            return []
        beats = self._beat[[first.step, middle.step, last.step]]
        passed_s = last.began_s - first.onset_s
        share = (beats[1] - beats[0]) / (beats[2] - beats[0])
        off_s = middle.onset_s - first.onset_s - share * passed_s
        shorter_s = min(share, 1 - share) * passed_s
        position = self.follower.position
        stopped = position is not None and passed_s > STOP * (beats[2] - beats[0]) * position.beat_s
        if stopped or not max(LATE_S, LATE_SHARE * shorter_s) < abs(off_s) < LATEST_S:
            return []
        what: VerdictKind = "late" if off_s > 0 else "early"
        key = next(iter(middle.heard))
        note = self._note(middle.step, key)
        sure = min(first.onset_sure, middle.onset_sure, event.confidence)
        return [self._blame(what, note, key, middle.onset_s, sure, step=middle.step, off_s=float(off_s))]

    def _evenness(self, *, last: bool = False) -> list[Verdict]:
        """Whether the bar that has just ended was uneven."""
        if not last and (len(self._visits) < 2 or self._bar[self._visits[-1].step] == self._bar[self._visits[-2].step]):
            return []
        visits = self._visits if last else self._visits[:-1]
        bar, run = self._bar[visits[-1].step], []
        for visit in reversed(visits):
            if self._bar[visit.step] != bar or (run and visit.step != run[-1].step - 1):
                break
            run.append(visit)
        run = ([] if last else [self._visits[-1]]) + run
        run = [visit for visit in run[::-1] if visit.heard]
        passed_s = np.diff([visit.onset_s for visit in run])
        measured = passed_s >= MEASURED_S
        if np.count_nonzero(measured) < UNEVEN_STEPS:
            return []
        logs = np.log((passed_s / np.diff([self._beat[visit.step] for visit in run]))[measured])
        turns = np.abs(np.diff(logs))
        if float(np.median(turns)) <= UNEVEN + STROKE_S / float(np.median(passed_s[measured])):
            return []
        sure = float(np.mean([visit.onset_sure for visit in run]))
        return [self._blame("uneven", None, None, run[0].began_s, sure, step=run[0].step)]

    def _struck_at(self, key: int, time_s: float, *, even: float = STRUCK) -> float:
        """The probability that a key that is due was struck about a time, by the evidence."""
        best = self._evidence.stroke(key, time_s - BEFORE_S, time_s + AFTER_S)
        return float(best**2 / (best**2 + even**2))

    def _struck_beside(self, other: int, key: int, time_s: float) -> float:
        """The probability that a key that is due was struck, where another one was heard."""
        factor = AS_GHOST if key - other in GHOSTS and key > other else INSTEAD
        return self._struck_at(key, time_s, even=factor * STRUCK)

    def _note(self, step: int, key: int) -> int:
        notes = self.part.notes_of(step)
        return int(notes[np.argmax(self.part.midi[notes] == key)])

    def _blame(
        self,
        what: VerdictKind,
        note: int | None,
        heard: int | None,
        time_s: float,
        certainty: float,
        *,
        step: int,
        to_bar: int | None = None,
        off_s: float | None = None,
    ) -> Verdict:
        sure = certainty >= self.certainty
        return self._told(
            what if sure else "not sure",
            note,
            heard,
            time_s,
            certainty,
            step=step,
            to_bar=to_bar,
            off_s=off_s,
            perhaps=None if sure else what,
        )

    def _told(
        self,
        what: VerdictKind,
        note: int | None,
        heard: int | None,
        time_s: float,
        certainty: float,
        *,
        step: int | None = None,
        off_s: float | None = None,
        perhaps: VerdictKind | None = None,
        to_bar: int | None = None,
    ) -> Verdict:
        at = self._first[step] if note is None else note
        asked = None if note is None else int(self.part.midi[note])
        where = int(self.part.bar[at]), float(self.part.beat[at])
        told_s = self._now_s
        return Verdict(
            what, note, asked, heard, *where, float(time_s), off_s, float(certainty), told_s, perhaps, to_bar
        )


def check(
    part: Part, events: Sequence[Event], evidence: Salience | None = None, *, late_s: float = 0.0, **settings: float
) -> list[Verdict]:
    """Check a whole take as if it were played now.

    Parameters
    ----------
    part : Part
    events : sequence of NoteEvent
        In the order in which they were told.
    evidence : Salience, optional
        All rows of the take.
    late_s : float
        So long after its time a row is known.
    **settings
        As for Checker.

    Returns
    -------
    list of Verdict
        In the order in which they are told.
    """
    checker, verdicts, told, known = Checker(part, **settings), [], 0, 0
    rows = Salience.empty() if evidence is None else evidence
    end_s = max([*(event.heard_s for event in events if isinstance(event, NoteEvent)), *rows.times[-1:]], default=0.0)
    for now_s in np.arange(0.0, end_s + STEP_S, STEP_S).tolist():
        until = int(np.searchsorted(rows.times, now_s - late_s, side="right"))
        checker.hear(_rows_between(rows, known, until))
        known, new = until, []
        while told < len(events) and events[told].heard_s <= now_s:
            new.append(events[told])
            told += 1
        verdicts += checker.push(new, now_s=now_s)
    checker.hear(_rows_between(rows, known, len(rows)))
    verdicts += checker.push(events[told:], now_s=end_s)  # The last step may fall short of the end by rounding.
    return verdicts + checker.flush()


def _rows_between(rows: Salience, first: int, last: int) -> Salience:
    inside = slice(first, last)
    onset = None if rows.onset is None else rows.onset[inside]
    return Salience(rows.times[inside], rows.strength[inside], rows.hz[inside], rows.level_db[inside], onset=onset)
