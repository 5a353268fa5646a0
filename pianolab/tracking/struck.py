"""Is it a piano? Notes of what is no struck string are turned away before they are told.

What comes in: what a policy is sure of, and rows that say how surely a struck string sounds at each key. What goes out:
the same changes without the notes that a voice, a knock or a hum made.

The evidence of a note is the mean of its rows since the policy was sure, in log odds, the last ones where there are
many. Much evidence tells it at once. Less lets it wait, because a string's evidence may still rise, and asks less from
row to row. What has too little at the end of the wait is turned away; with one voice it is asked for a while longer,
for a voice beside a stroke hides it at first. What was heard lately counts as well: where somebody plays a note needs
less, where somebody talks it needs more. With one voice a note that glides or swells needs more, too (`steady`). The
policy is not asked: for it the note goes on, and its end is turned away with it.

A told note that gets another name is asked as well, by what was heard when it was told and by what is heard now. Until
the new name has enough evidence the note keeps the old one.
"""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pianolab.tracking.policy import Change, Row
from pianolab.tracking.settings import Tracking
from pianolab.tracking.steady import Steadiness

# Evidence is not believed beyond these odds (log), nor is that of one note in what was heard lately.
MOST_ODDS, MOST_OF_ONE = 9.0, 4.0
# So much more than in the end a note needs to be told at once.
SURE = 3.0
# Each note has this share in what was heard lately, ...
NOTE_SHARE = 0.25
# ... and so much of that is taken off what the next note needs where somebody plays, and added where somebody talks.
# With more a melody would let all voices beside it through, and the first notes after talk would be lost.
TRUST = 0.5
# So many rows make the mean.
MEAN_ROWS = 12
# After its wait a note needs so much more.
LATE = 1.5
# A key from C7 on sounds with hardly more than one partial, as glass does: it needs more unless somebody plays.
TREBLE_KEY, TREBLE_ODDS = 75, 1.0
# With one voice a note whose stroke nobody heard needs so much more.
UNHEARD = 3.0
# A key that is struck again so soon may still sound, and the new stroke changes little: it needs so much less. But only
# where somebody plays, as after one sure note; where somebody talks a repeated name is no reason.
REPEAT_S, REPEAT_ODDS, PLAYED = {"mono": 1.2, "poly": 2.0}, {"mono": 1.0, "poly": 3.0}, 0.8
# With one voice a string that rings while somebody talks would be struck again at each syllable. So the stroke itself
# must have so much evidence, unless it comes as soon after the last one as in a trill. Nothing of that is asked where
# the key's own partials rose by so much.
REPEAT_STROKE, TRILL_S, RISEN_DB = 0.5, 0.25, 6.0


@dataclass(frozen=True)
class TurnedAway:
    """A note that was not told, or not under this name, because what sounded was no struck string.

    Attributes
    ----------
    time_s, heard_s : float
        Its onset, and the row that decided, in seconds.
    key : int
        Index, 0..87.
    struck : float
        Its evidence of a struck string, in [0, 1].
    """

    time_s: float
    heard_s: float
    key: int
    struck: float


@dataclass
class _Waiting:
    """A note that is not told yet, or was turned away: how it would begin, since when it waits, its odds of late.

    A new name for a told note waits in the same way; ``former_odds`` is what its key had when the note was told.
    ``bonus`` is what a key has for a stroke just before.
    """

    change: Change
    since_s: float
    former_odds: float = -math.inf
    bonus: float = 0.0
    odds: deque[float] = field(default_factory=lambda: deque(maxlen=MEAN_ROWS))
    is_late: bool = False
    is_refused: bool = False

    @property
    def best_odds(self) -> float:
        return max(sum(self.odds) / max(len(self.odds), 1) + self.bonus, self.former_odds)


@dataclass
class _Told:
    """A note that was told: under which key, and what was heard at all keys then."""

    key: int
    struck: NDArray[np.float32]


class StruckGate:
    """Stands between a policy and what is told.

    Parameters
    ----------
    tracking : Tracking
        ``struck_threshold`` 0 lets everything through, and so do rows without evidence.

    Attributes
    ----------
    turned_away : list of TurnedAway
        In the order in which they were decided.
    """

    def __init__(self, tracking: Tracking):
        self.tracking = tracking
        self.turned_away: list[TurnedAway] = []
        # Both by the key for which the policy takes the note.
        self._waiting: dict[int, _Waiting] = {}
        self._told: dict[int, _Told] = {}
        self._strokes: dict[int, float] = {}  # Onset of the last told stroke of each key, seconds.
        self._steadiness = Steadiness() if tracking.policy == "mono" else None
        self._asks = False
        self._lately = 0.0  # The odds of the last notes, the newest first of all.

    def step(self, row: Row, changes: Iterable[Change]) -> list[Change]:
        """Let through what a row made certain, as far as it is a piano.

        Parameters
        ----------
        row : Row
        changes : iterable of Change
            Of the policy.

        Returns
        -------
        list of Change
            Of notes that were told before, or are told now.
        """
        if row.struck is None or not self.tracking.struck_threshold:
            return list(changes)
        self._asks = True
        if self._steadiness is not None:
            self._steadiness.hear(row)
        told = []
        for change in changes:
            told += self._sift(row, change)
        for key in list(self._waiting):
            told += self._ask_again(key, row)
        return told

    def flush(self, time_s: float, changes: Iterable[Change]) -> list[Change]:
        """Let through what the end of the stream made certain; what still waits is turned away.

        Parameters
        ----------
        time_s : float
            Seconds.
        changes : iterable of Change
            Of the policy.

        Returns
        -------
        list of Change
        """
        if not self._asks:
            return list(changes)
        told = []
        for change in changes:
            told += self._end(change, time_s)
        return told

    def _sift(self, row, change):
        """What is told of one change at once."""
        if change.kind == "off":
            return self._end(change, row.time_s)
        if change.kind == "on":
            self._waiting[change.key] = _Waiting(change, row.time_s, bonus=self._bonus(change))
            return []
        waiting, note = self._waiting.pop(change.former_key, None), self._told.pop(change.former_key, None)
        if note is not None:  # Known by a name already.
            self._told[change.key] = note
            if note.key != change.key:
                asked = replace(change, former_key=note.key)
                self._waiting[change.key] = _Waiting(asked, row.time_s, _log_odds(float(note.struck[change.key])))
        elif waiting is not None:  # Under its new name the note is asked anew.
            on = replace(waiting.change, key=change.key, confidence=change.confidence, rise_db=math.nan)
            self._waiting[change.key] = _Waiting(on, row.time_s, bonus=self._bonus(on))
        return []

    def _bonus(self, change):
        """What a key has for a stroke just before."""
        since_s, policy = change.time_s - self._strokes.get(change.key, -math.inf), self.tracking.policy
        is_struck = policy == "poly" or since_s <= TRILL_S or change.support >= REPEAT_STROKE
        is_repeat = (self._lately > PLAYED and is_struck) or change.rise_db >= RISEN_DB
        return REPEAT_ODDS[policy] if since_s <= REPEAT_S[policy] and is_repeat else 0.0

    def _end(self, change, time_s):
        """What is told of the end of a note: it ends under the name by which it is known."""
        waiting, note = self._waiting.pop(change.key, None), self._told.pop(change.key, None)
        if waiting is not None:
            self._refuse(waiting, time_s)
        return [] if note is None else [replace(change, key=note.key)]

    def _ask_again(self, key, row):
        """Tell a note whose evidence suffices, and turn away one that has waited too long."""
        waiting = self._waiting[key]
        if waiting.is_refused:
            return []
        struck = row.struck()
        waiting.odds.append(_log_odds(float(struck[key])))
        waited_s = row.time_s - waiting.since_s
        if waiting.best_odds >= min(self._needed(waiting, waited_s), MOST_ODDS):
            return self._tell(key, row.time_s, struck)
        waiting.is_late = waited_s >= self.tracking.struck_wait_s
        if waited_s >= self.tracking.struck_wait_s + self.tracking.struck_late_s:
            self._refuse(waiting, row.time_s)
        return []

    def _needed(self, waiting, waited_s):
        """How much evidence tells a note that has waited so long, in log odds."""
        needed, wait_s = _log_odds(self.tracking.struck_threshold) - TRUST * self._lately, self.tracking.struck_wait_s
        left = 0.0 if wait_s == 0 else max(1.0 - waited_s / wait_s, 0.0)
        is_unheard = self.tracking.policy == "mono" and waiting.change.support == 0.0
        needed += SURE * left + LATE * waiting.is_late + UNHEARD * is_unheard
        if waiting.change.key >= TREBLE_KEY and self._lately < PLAYED:
            needed += TREBLE_ODDS
        if self._steadiness is None:
            return needed
        return needed + self._steadiness.doubt(waiting.change.key, waiting.change.time_s)

    def _tell(self, key, time_s, struck):
        """Tell a note or its new name. A note that is still known by that name has ended."""
        waiting = self._waiting.pop(key)
        self._remember(waiting)
        ended = [other for other, note in self._told.items() if note.key == waiting.change.key and other != key]
        for other in ended:
            self._waiting.pop(other, None)
        told = [Change("off", time_s, self._told.pop(other).key) for other in ended]
        self._told[key] = _Told(waiting.change.key, struck)
        self._strokes[waiting.change.key] = waiting.change.time_s
        return [*told, replace(waiting.change, struck=_chance(waiting.best_odds + self._lately))]

    def _refuse(self, waiting, time_s):
        """Count a note as turned away, once."""
        if not waiting.is_refused:
            waiting.is_refused = True
            self._remember(waiting)
            away = TurnedAway(waiting.change.time_s, time_s, waiting.change.key, _chance(waiting.best_odds))
            self.turned_away.append(away)

    def _remember(self, waiting):
        odds = min(max(waiting.best_odds, -MOST_OF_ONE), MOST_OF_ONE)
        self._lately += NOTE_SHARE * (odds - self._lately)


def _chance(odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-odds))


def _log_odds(probability: float) -> float:
    """Log of p / (1 - p), within the odds that are believed."""
    least = 1.0 / (1.0 + math.exp(MOST_ODDS))
    probability = min(max(probability, least), 1.0 - least)
    return math.log(probability / (1.0 - probability))
