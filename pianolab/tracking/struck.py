"""Is it a piano? Notes of what is no struck string are turned away before they are told.

What comes in: what a policy is sure of, and rows that say how surely a struck string sounds at each key. What goes out:
the same changes without the notes that a voice, a knock or a hum made.

The evidence of a note is the mean of its rows since the policy was sure, in log odds. Much evidence tells it at once.
Less lets it wait, because a string's evidence may still rise, and asks less from row to row. What has too little at the
end of the wait is turned away. What was heard lately counts as well: where somebody plays a note needs less, where
somebody talks it needs more. The policy is not asked: for it the note goes on, and its end is turned away with it.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pianolab.tracking.policy import Change, Row
from pianolab.tracking.settings import Tracking

# Evidence is not believed beyond these odds (log), nor is that of one note in what was heard lately.
MOST_ODDS, MOST_OF_ONE = 9.0, 4.0
# So much more than in the end a note needs to be told at once.
SURE = 3.0
# Each note has this share in what was heard lately, ...
NOTE_SHARE = 0.25
# ... and so much of that is taken off what the next note needs where somebody plays: more where many keys may sound,
# for in thick chords each key's evidence is low. Where somebody talks less of it is added, so that the first notes
# after talk are not lost.
TRUST = {"mono": 0.5, "poly": 2.0}
DOUBT = 0.5


@dataclass(frozen=True)
class TurnedAway:
    """A note that was not told, because what sounded was no struck string.

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
    """A note that is not told yet, or was turned away: how it would begin, since when it waits, the sum of its odds."""

    change: Change
    since_s: float
    odds: float = 0.0
    n_rows: int = 0
    is_refused: bool = False

    @property
    def mean_odds(self) -> float:
        return self.odds / max(self.n_rows, 1)


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
        self._waiting: dict[int, _Waiting] = {}
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
        ended = {change.key for change in changes if change.key in self._waiting}
        for key in ended:
            self._refuse(self._waiting.pop(key), time_s)
        return [change for change in changes if change.key not in ended]

    def _sift(self, row, change):
        """What is told of one change at once."""
        if change.kind == "on":
            self._waiting[change.key] = _Waiting(change, row.time_s)
            return []
        former_key = change.former_key if change.kind == "revised" else change.key
        waiting = self._waiting.pop(former_key, None)
        if waiting is None:
            return [change]
        if change.kind == "revised":  # Under its new name the note is asked anew.
            on = replace(waiting.change, key=change.key, confidence=change.confidence)
            self._waiting[change.key] = _Waiting(on, row.time_s)
        else:
            self._refuse(waiting, row.time_s)
        return []

    def _ask_again(self, key, row):
        """Tell a note whose evidence suffices, and turn away one that has waited too long."""
        waiting = self._waiting[key]
        if waiting.is_refused:
            return []
        waiting.odds += _log_odds(float(row.struck[key]))
        waiting.n_rows += 1
        wait_s = self.tracking.struck_wait_s
        left = 0.0 if wait_s == 0 else max(1.0 - (row.time_s - waiting.since_s) / wait_s, 0.0)
        lately = self._lately * (TRUST[self.tracking.policy] if self._lately > 0 else DOUBT)
        needed = _log_odds(self.tracking.struck_threshold) - lately
        if waiting.mean_odds >= min(needed + SURE * left, MOST_ODDS):
            self._remember(waiting)
            struck = _chance(waiting.mean_odds + self._lately)
            return [replace(self._waiting.pop(key).change, struck=struck)]
        if left <= 0.0:
            self._refuse(waiting, row.time_s)
        return []

    def _refuse(self, waiting, time_s):
        """Count a note as turned away, once."""
        if not waiting.is_refused:
            waiting.is_refused = True
            self._remember(waiting)
            struck = _chance(waiting.mean_odds)
            self.turned_away.append(TurnedAway(waiting.change.time_s, time_s, waiting.change.key, struck))

    def _remember(self, waiting):
        odds = min(max(waiting.mean_odds, -MOST_OF_ONE), MOST_OF_ONE)
        self._lately += NOTE_SHARE * (odds - self._lately)


def _chance(odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-odds))


def _log_odds(probability: float) -> float:
    """Log of p / (1 - p), within the odds that are believed."""
    least = 1.0 / (1.0 + math.exp(MOST_ODDS))
    probability = min(max(probability, least), 1.0 - least)
    return math.log(probability / (1.0 - probability))
