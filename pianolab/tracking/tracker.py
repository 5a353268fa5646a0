"""From evidence to notes: rows of Salience in, note events out, one row after the other.

What decides is a policy, and which one depends on the evidence: ``one_voice`` and ``many_voices`` where there are
onsets, ``runs`` where there are none. The Tracker numbers the notes, keeps them, and tells what is known as soon as it
is known: ``on``, ``off``, and ``revised`` when a note turns out to be another key than first announced. Where the
evidence speaks of the sustain pedal, ``pedal_down`` and ``pedal_up`` come in the same stream.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pianolab.roll import Notes, Salience
from pianolab.tracking.certainty import probability
from pianolab.tracking.many_voices import ManyVoices
from pianolab.tracking.one_voice import OneVoice
from pianolab.tracking.pedal import PedalEvent, PedalTracker
from pianolab.tracking.policy import Change, Kind, Policy, Row
from pianolab.tracking.runs import Runs
from pianolab.tracking.settings import Tracking, TrackingError
from pianolab.tracking.struck import StruckGate, TurnedAway
from pianolab.units import N_KEYS, key_to_midi


@dataclass(frozen=True)
class NoteEvent:
    """Something the tracker became sure of about a note.

    Attributes
    ----------
    kind : {'on', 'off', 'revised'}
    note : int
        Number of the note; the same in its ``on``, ``revised`` and ``off``.
    time_s : float
        When it happened in the music: the onset for ``on`` and ``revised``, the offset for ``off``.
    heard_s : float
        Time of the row that made it certain; from a Session, the time up to which that row needed the sound.
    midi : int
    velocity : float
        0..127, NaN where the detector has no evidence.
    confidence : float
        In [0, 1]: of notes told with 0.8, eight in ten were struck, where the detector's settings were fitted for that.
    level_db : float
        dBFS of that row.
    """

    kind: Kind
    note: int
    time_s: float
    heard_s: float
    midi: int
    velocity: float
    confidence: float
    level_db: float


Event = NoteEvent | PedalEvent


@dataclass
class _Note:
    number: int
    key: int
    onset_s: float
    velocity: float
    confidence: float
    offset_s: float | None = None


class Tracker:
    """Decides notes from Salience.

    Parameters
    ----------
    tracking : Tracking, optional
        Default: one voice with the settings' own defaults.

    Examples
    --------
    C4 is strong from the tenth to the fiftieth of sixty rows, 10 ms apart:

    >>> strength = np.zeros((60, 88))
    >>> strength[10:50, 39] = 0.9
    >>> evidence = Salience(np.arange(60) / 100, strength, np.full((60, 88), np.nan), np.full(60, -20.0))
    >>> tracker = Tracker(Tracking(n_confirm=3))
    >>> [(event.kind, event.midi, event.time_s, event.heard_s) for event in tracker.push(evidence)]
    [('on', 60, 0.1, 0.12), ('off', 60, 0.49, 0.53)]
    >>> tracker.notes().names
    ['C4']
    """

    def __init__(self, tracking: Tracking | None = None):
        self.tracking = tracking or Tracking()
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._policy: Policy | None = None
        self._gate = StruckGate(self.tracking)
        self._pedal: PedalTracker | None = None
        self._open: dict[int, _Note] = {}
        self._done: list[_Note] = []
        self._unsure: dict[int, Change] = {}
        self._n_unsure = self._n_revised = 0
        self._time_s, self._level_db, self._ended = 0.0, -np.inf, False
        self._struck: Callable[[], NDArray[np.float32]] | None = None

    def push(self, salience: Salience, *, struck: Sequence[NDArray[np.float32]] | None = None) -> list[Event]:
        """Take rows of Salience in order.

        Parameters
        ----------
        salience : Salience
            Any number of rows, also 0. All rows of a stream hold the same kinds of evidence.
        struck : sequence of (88,) float32, optional
            How surely a struck string sounds at each key in each row, in [0, 1]; only the rows that are needed are
            asked for. Default: ``salience.struck``.

        Returns
        -------
        list of NoteEvent and PedalEvent
            In the order of the rows that made them certain.

        Raises
        ------
        TrackingError
            If the rows hold other onset evidence than those before, or the stream has ended.
        """
        if self._ended:
            raise TrackingError("this stream was ended by flush: use reset() before another")
        if not len(salience):
            return []
        suited = _suited(self.tracking, salience)
        if self._policy is None:
            self._policy = suited(self.tracking)
        elif not isinstance(self._policy, suited):
            raise TrackingError("onset evidence comes or goes within a stream: give it in all rows or in none")
        if self._pedal is None and salience.pedal is not None:
            self._pedal = PedalTracker(self.tracking)
        asked = salience.struck if struck is None else struck
        events: list[Event] = []
        for i in range(len(salience)):
            row = _row(salience, i, asked)
            self._time_s, self._level_db, self._struck = row.time_s, row.level_db, row.struck
            for change in self._gate.step(row, self._policy.step(row)):
                events += self._keep(change)
            if self._pedal is not None and salience.pedal is not None:
                age_s = None if salience.pedal_age is None else float(salience.pedal_age[i])
                events += self._pedal.step(row.time_s, float(salience.pedal[i]), age_s)
        return events

    def flush(self, *, end_s: float | None = None) -> list[Event]:
        """End the stream: close the notes still open. Only `reset` begins another.

        Parameters
        ----------
        end_s : float, optional
            Where it ends, seconds; default: at the last row.

        Returns
        -------
        list of NoteEvent and PedalEvent
        """
        self._ended = True
        if self._policy is None:
            return []
        end_s = self._time_s if end_s is None else end_s
        events: list[Event] = []
        for change in self._gate.flush(end_s, self._policy.flush(end_s)):
            events += self._keep(change)
        return events + ([] if self._pedal is None else self._pedal.flush(end_s))

    @property
    def pedal(self) -> NDArray[np.float64] | None:
        """When the sustain pedal was down, (n, 2) seconds down and up; None where the evidence does not speak of it.

        A pedal that is still down ends at the last row heard.
        """
        return None if self._pedal is None else self._pedal.times(self._time_s)

    @property
    def turned_away(self) -> tuple[TurnedAway, ...]:
        """The notes that were not told, because what sounded was no struck string; see ``struck_threshold``."""
        return tuple(self._gate.turned_away)

    @property
    def n_unsure(self) -> int:
        """How many notes were not told, because they were less sure than ``sure_threshold``; those to come included."""
        return self._n_unsure

    @property
    def n_revised(self) -> int:
        """How often a note that was told turned out to be another key; whoever watched saw a name taken back."""
        return self._n_revised

    def notes(self) -> Notes:
        """The notes so far; open ones end at the last row heard."""
        kept = [*self._done, *self._open.values()]
        return Notes(
            [note.onset_s for note in kept],
            [max(self._time_s, n.onset_s) if n.offset_s is None else n.offset_s for n in kept],
            key_to_midi(np.array([note.key for note in kept], dtype=int)),
            [note.velocity for note in kept],
            np.clip([note.confidence for note in kept], 0, 1),
        )

    def _keep(self, change: Change) -> list[NoteEvent]:
        """Write a change into the books, and tell it. What is too unsure is told under a better name, or never."""
        known = change.former_key if change.kind == "revised" else change.key
        if change.kind == "on":
            return self._begin(change)
        if known not in self._open:
            return self._change_unsure(self._unsure.pop(known), change)
        note = self._open.pop(known)
        if change.kind == "revised":
            self._n_revised += change.key != known
            note.confidence = self._sure(change, since_s=note.onset_s)
            note.key = change.key
            self._open[note.key] = note
        else:
            note.offset_s = max(change.time_s, note.onset_s)
            self._done.append(note)
        return [self._event(change.kind, note)]

    def _begin(self, change: Change) -> list[NoteEvent]:
        """Tell a note, or keep it to oneself."""
        confidence = self._sure(change, since_s=change.time_s)
        if confidence < self.tracking.sure_threshold:
            self._n_unsure += 1
            self._unsure[change.key] = change
            return []
        number = len(self._done) + len(self._open)
        note = _Note(number, change.key, change.time_s, change.velocity, confidence)
        self._open[note.key] = note
        return [self._event("on", note)]

    def _change_unsure(self, begun: Change, change: Change) -> list[NoteEvent]:
        """A note that nobody was told of ends, or gets another name and is judged anew."""
        if change.kind == "off":
            return []
        self._n_unsure -= 1
        return self._begin(replace(change, kind="on", time_s=begun.time_s, velocity=begun.velocity))

    def _event(self, kind: Kind, note: _Note) -> NoteEvent:
        time_s = note.onset_s if note.offset_s is None else note.offset_s
        midi = key_to_midi(note.key)
        return NoteEvent(kind, note.number, time_s, self._time_s, midi, note.velocity, note.confidence, self._level_db)

    def _sure(self, change: Change, *, since_s: float) -> float:
        """The probability that a note that begins or is renamed was struck, at ``since_s``."""
        return probability(
            self.tracking,
            own=change.confidence,
            support=change.support,
            struck=self._struck_evidence(change),
            waited_s=self._time_s - since_s,
        )

    def _struck_evidence(self, change: Change) -> float:
        if self._struck is None or not np.isnan(change.struck):
            return change.struck
        return float(self._struck()[change.key])


def _suited(tracking, salience):
    """The policy for the evidence that there is."""
    if salience.onset is None or (tracking.policy == "poly" and salience.onset.shape[1] < N_KEYS):
        return Runs
    return OneVoice if tracking.policy == "mono" else ManyVoices


def _row(salience, i, struck):
    optional = (salience.onset, salience.offset, salience.velocity)
    evidence = (None if rows is None else rows[i] for rows in optional)
    ask = None if struck is None else lambda: struck[i]
    return Row(
        float(salience.times[i]),
        float(salience.level_db[i]),
        salience.strength[i],
        *evidence,
        struck=ask,
        hz=salience.hz[i],
        partials_db=None if salience.partials_db is None else salience.partials_db[i],
    )
