"""What a detector says of each key while a player is checked: kept for some seconds, and asked at given moments."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from pianolab.roll import Salience
from pianolab.units import MIDI_LOW, N_KEYS

KEPT_S = 6.0  # Evidence is kept for so long.


class Evidence:
    """The newest evidence of a stream.

    Examples
    --------
    >>> strength = np.zeros((3, 88), np.float32)
    >>> strength[1:, 39] = 0.9  # The key of C4.
    >>> evidence = Evidence()
    >>> evidence.add(Salience([0.0, 0.02, 0.04], strength, np.full_like(strength, np.nan), [-20.0] * 3))
    >>> round(evidence.stroke(60, 0.0, 0.1), 2), evidence.sound(60, 0.5, 0.6)
    (0.9, None)
    """

    def __init__(self) -> None:
        self._rows: deque[Salience] = deque()

    def add(self, salience: Salience) -> None:
        """Keep rows, and forget those that are too old.

        Parameters
        ----------
        salience : Salience
        """
        if len(salience):
            self._rows.append(salience)
            while self._rows[0].times[-1] < salience.times[-1] - KEPT_S:
                self._rows.popleft()

    @property
    def knows_strokes(self) -> bool:
        """Whether the detector gives evidence of strokes."""
        return bool(self._rows) and _has_onsets(self._rows[-1])

    def stroke(self, midi: int, begin_s: float, end_s: float) -> float:
        """The greatest evidence that a key was struck.

        Parameters
        ----------
        midi : int
        begin_s, end_s : float
            Between these times, seconds.

        Returns
        -------
        float
            In [0, 1]. Where a detector has no evidence of strokes, how much the key grows stronger.
        """
        column = midi - MIDI_LOW
        if not 0 <= column < N_KEYS:
            return 0.0
        best = 0.0
        for rows in self._rows:
            inside = (rows.times >= begin_s) & (rows.times <= end_s)
            if np.any(inside):
                best = max(best, _stroke(rows, column, inside))
        return best

    def sound(self, midi: int, begin_s: float, end_s: float) -> NDArray[np.float32] | None:
        """How strongly a key sounds.

        Parameters
        ----------
        midi : int
        begin_s, end_s : float
            Between these times, seconds.

        Returns
        -------
        (n,) float32 array or None
            A value for each row; None where there is none.
        """
        column = midi - MIDI_LOW
        if not 0 <= column < N_KEYS:
            return None
        near = [rows for rows in self._rows if rows.times[-1] >= begin_s and rows.times[0] <= end_s]
        found = [rows.strength[(rows.times >= begin_s) & (rows.times <= end_s), column] for rows in near]
        together = np.concatenate(found) if found else np.zeros(0, np.float32)
        return together if len(together) else None


def _has_onsets(rows: Salience) -> bool:
    return rows.onset is not None and rows.onset.shape[1] == N_KEYS


def _stroke(rows: Salience, column: int, inside: NDArray[np.bool_]) -> float:
    if rows.onset is not None and _has_onsets(rows):
        return float(rows.onset[inside, column].max())
    strength = rows.strength[inside, column]
    return float(max(strength.max() - strength[0], 0.0))
