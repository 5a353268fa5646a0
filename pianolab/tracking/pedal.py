"""From pedal evidence to when the sustain pedal goes down and up, one row after the other.

What comes in: how surely the pedal is down in each row, a number from 0 to 1. What comes out: a change wherever the
evidence crosses a threshold, timed between the two rows by the straight line through them. Two thresholds, one for
down and a lower one for up, keep evidence that wavers around one of them from being told as many changes. A change
that does not last is none: it is told as soon as it has lasted for ``pedal_min_s``, with the time at which it began.

A pedal that goes down is hardly heard before a key is let go, one that goes up at once. But pianists change it at a new
chord: up with the chord, and down about a sixth of a second later. So where it goes down soon after it went up, most of
the time at which it went down is taken from when it went up (``pedal_change_s``). A detector that has learnt to say for
how long the pedal has been down is asked instead, in the row that makes the change certain.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pianolab.tracking.settings import Tracking

PedalKind = Literal["pedal_down", "pedal_up"]
CHANGED_WITHIN_S = 0.5  # Down so soon after it went up: the pedal was changed.
CHANGE_SHARE = 0.75  # Of when it went down, so much is taken from when it went up.
_ROUNDING_S = 1e-9  # Times of rows are sums of floats.


@dataclass(frozen=True)
class PedalEvent:
    """The tracker became sure that the sustain pedal went down or up.

    Attributes
    ----------
    kind : {'pedal_down', 'pedal_up'}
    time_s : float
        When the pedal moved, seconds.
    heard_s : float
        Time of the row that made it certain.
    confidence : float
        How sure that row is that the pedal is where it went, in [0, 1].
    """

    kind: PedalKind
    time_s: float
    heard_s: float
    confidence: float


class PedalTracker:
    """Follows the sustain pedal, a row at a time. It is up before the first row.

    Parameters
    ----------
    tracking : Tracking

    Examples
    --------
    Three of six rows, 100 ms apart, are sure that the pedal is down:

    >>> pedal = PedalTracker(Tracking(pedal_min_s=0.0))
    >>> rows = zip([0.0, 0.1, 0.2, 0.3, 0.4, 0.5], [0.0, 0.0, 1.0, 1.0, 1.0, 0.0])
    >>> events = [event for time_s, sure in rows for event in pedal.step(time_s, sure)]
    >>> [(event.kind, round(event.time_s, 3)) for event in events]
    [('pedal_down', 0.15), ('pedal_up', 0.46)]
    """

    def __init__(self, tracking: Tracking):
        self.tracking = tracking
        self._down = False
        self._before: tuple[float, float] | None = None  # Time and evidence of the row before.
        self._moved_s: float | None = None  # When a change began that has not lasted long enough yet.
        self._changes_s: list[float] = []  # Down, up, down, and so on.

    def step(self, time_s: float, sure: float, age_s: float | None = None) -> list[PedalEvent]:
        """Hear the next row.

        Parameters
        ----------
        time_s : float
            Its time, seconds.
        sure : float
            How surely the pedal is down, in [0, 1].
        age_s : float, optional
            If it is down, for how long it has been, seconds; where it is known.

        Returns
        -------
        list of PedalEvent
            None or one.
        """
        before, self._before = self._before, (time_s, sure)
        if self._moved_s is None and self._is_across(sure):
            self._moved_s = self._crossing_s(before, time_s, sure)
        elif self._moved_s is not None and self._is_back(sure):
            self._moved_s = None
        if self._moved_s is None or time_s < self._moved_s + self.tracking.pedal_min_s - _ROUNDING_S:
            return []
        delay_s = self.tracking.pedal_up_delay_s if self._down else self.tracking.pedal_delay_s
        moved_s = self._moved_s - delay_s
        if not self._down:
            moved_s = self._as_changed(moved_s) if age_s is None else time_s - age_s - delay_s
        moved_s, self._moved_s = min(moved_s, time_s), None
        return [self._change(moved_s, time_s, 1.0 - sure if self._down else sure)]

    def flush(self, end_s: float) -> list[PedalEvent]:
        """End the stream: a pedal that is down goes up.

        Parameters
        ----------
        end_s : float
            End of the stream, seconds.

        Returns
        -------
        list of PedalEvent
        """
        return [self._change(end_s, end_s, 1.0 - self._before[1])] if self._down and self._before else []

    def times(self, now_s: float) -> NDArray[np.float64]:
        """When the pedal was down.

        Parameters
        ----------
        now_s : float
            Where a pedal that is still down ends, seconds.

        Returns
        -------
        (n, 2) float64
            Seconds down and up, in order; none overlap.
        """
        open_end = [max(now_s, self._changes_s[-1])] if self._down else []
        return np.array([*self._changes_s, *open_end], dtype=float).reshape(-1, 2)

    def _is_across(self, sure: float) -> bool:
        """Whether the evidence says that the pedal is where it was not."""
        return sure < self.tracking.pedal_up_threshold if self._down else sure >= self.tracking.pedal_threshold

    def _is_back(self, sure: float) -> bool:
        """Whether the evidence says again that the pedal is where it was."""
        return sure >= self.tracking.pedal_threshold if self._down else sure < self.tracking.pedal_up_threshold

    def _crossing_s(self, before: tuple[float, float] | None, time_s: float, sure: float) -> float:
        """Where the line from the row before to this one crosses the threshold."""
        if before is None or before[1] == sure:
            return time_s
        threshold = self.tracking.pedal_up_threshold if self._down else self.tracking.pedal_threshold
        share = float(np.clip((threshold - before[1]) / (sure - before[1]), 0.0, 1.0))
        return before[0] + share * (time_s - before[0])

    def _as_changed(self, moved_s: float) -> float:
        """When the pedal went down, if it was changed; else as it is."""
        change_s = self.tracking.pedal_change_s
        if not change_s or not self._changes_s or moved_s > self._changes_s[-1] + CHANGED_WITHIN_S:
            return moved_s
        return CHANGE_SHARE * (self._changes_s[-1] + change_s) + (1.0 - CHANGE_SHARE) * moved_s

    def _change(self, moved_s: float, heard_s: float, sure: float) -> PedalEvent:
        """Write a change into the books: not before the one before it, nor before the beginning."""
        moved_s = max(moved_s, 0.0, *self._changes_s[-1:])
        self._changes_s.append(moved_s)
        self._down = not self._down
        return PedalEvent("pedal_down" if self._down else "pedal_up", moved_s, heard_s, float(np.clip(sure, 0.0, 1.0)))
