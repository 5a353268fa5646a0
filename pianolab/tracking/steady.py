"""Does it sound as a string does: at one pitch, and no louder than when it was struck?

What comes in: rows of one voice. What comes out: how much a note is to be doubted, in log odds. A string keeps its
pitch and fades from its stroke on. A voice glides and swells: of the voices that looked like struck strings half glide
by more than ten cents within the time that a note waits, or grow by a decibel; of strings one in twenty does.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from pianolab.tracking.policy import Row

# So much is remembered, seconds: as long as a note may wait, and the time before it that shows its key.
REMEMBERED_S = 0.7
# The attack shows no pitch, and the level may rise for a while.
ATTACK_S, RISING_S = 0.01, 0.06
# The mean pitch of the first and of the second half may differ by so much; strings out of tune beat, but do not go on
# in one direction. It takes so many rows. Each cent more gives so much doubt.
STEADY_CENTS, LEAST_ROWS, DOUBT_A_CENT = 8.0, 3, 0.2
# The level may grow by so much. Each decibel more gives so much doubt.
STEADY_DB, DOUBT_A_DB = 1.0, 0.7
# Glide and swell are doubted by so much at most, each.
MOST_DOUBT = 3.0
# This stands for the level of digital silence, which has no number.
LEAST_DB = -200.0


@dataclass(frozen=True)
class _Heard:
    time_s: float
    key: int
    cents: float
    level_db: float


class Steadiness:
    """Remembers the last moments of one voice."""

    def __init__(self):
        self._heard: deque[_Heard] = deque()

    def hear(self, row: Row) -> None:
        """Remember a row.

        Parameters
        ----------
        row : Row
            Without frequencies no glide is heard.
        """
        key = row.best_key
        hz = np.nan if row.hz is None or key < 0 else float(row.hz[key])
        cents = 1200.0 * float(np.log2(hz)) if hz > 0 else np.nan
        self._heard.append(_Heard(row.time_s, key, cents, max(row.level_db, LEAST_DB)))
        while self._heard[0].time_s < row.time_s - REMEMBERED_S:
            self._heard.popleft()

    def doubt(self, key: int, onset_s: float) -> float:
        """How much a note is to be doubted by now.

        Parameters
        ----------
        key : int
            Index, 0..87.
        onset_s : float
            Seconds.

        Returns
        -------
        float
            Log odds, from 0 to twice `MOST_DOUBT`.
        """
        rows = [one for one in self._heard if one.time_s >= onset_s + ATTACK_S]
        cents = np.array([one.cents for one in rows if one.key == key and np.isfinite(one.cents)])
        early = [one.level_db for one in rows if one.time_s < onset_s + RISING_S]
        late = [one.level_db for one in rows if one.time_s >= onset_s + RISING_S]
        swell_db = max(late) - max(early) if early and late else 0.0
        doubts = (DOUBT_A_CENT * (glide(cents) - STEADY_CENTS), DOUBT_A_DB * (swell_db - STEADY_DB))
        return sum(min(max(doubt, 0.0), MOST_DOUBT) for doubt in doubts)


def glide(cents: np.ndarray) -> float:
    """How far the pitch goes on in one direction.

    Parameters
    ----------
    cents : (n,) float64
        The pitch of rows, in order.

    Returns
    -------
    float
        Cents between the means of the first and the second half; 0 for fewer than three rows.

    Examples
    --------
    >>> glide(np.array([0.0, 10.0, 20.0, 30.0])), glide(np.array([0.0, 20.0, 0.0, 20.0]))
    (20.0, 0.0)
    """
    if len(cents) < LEAST_ROWS:
        return 0.0
    half = len(cents) // 2
    return abs(float(np.mean(cents[:half]) - np.mean(cents[-half:])))
