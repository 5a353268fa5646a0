"""One key or many, where keys have no onset evidence of their own.

What comes in: rows that say how strongly each key sounds, perhaps with evidence that some key was struck. What comes
out: notes begun and ended.

A key that sounds in ``n_confirm`` rows in a row is a note. It began in the first of them, or at an onset among them. It
ends when its strength has gone for ``n_release`` rows, when everything is silent, or, with one voice, when another note
begins. Onset evidence for any key repeats the notes that sound.
"""

from dataclasses import dataclass

import numpy as np

from pianolab.tracking.policy import Change, Row
from pianolab.tracking.settings import Tracking
from pianolab.units import N_KEYS


@dataclass
class _Sounding:
    """A note that sounds: the last row in which it did, and for how many rows it has not."""

    onset_s: float
    peak_db: float
    last_s: float
    n_weak: int = 0


class Runs:
    """Follows runs of rows in which a key sounds, a row at a time.

    Parameters
    ----------
    tracking : Tracking
    """

    def __init__(self, tracking: Tracking):
        self.tracking = tracking
        self._sounding: dict[int, _Sounding] = {}
        self._run_length = np.zeros(N_KEYS, dtype=np.int64)
        self._run_start_s = np.zeros(N_KEYS)
        self._run_peak = np.zeros(N_KEYS)
        self._onset_s = np.full(N_KEYS, -np.inf)

    def step(self, row: Row) -> list[Change]:
        """Hear the next row.

        Parameters
        ----------
        row : Row

        Returns
        -------
        list of Change
        """
        sounds = (row.strength >= self.tracking.threshold) & (row.level_db >= self.tracking.silence_db)
        if self.tracking.policy == "mono":
            sounds &= np.arange(N_KEYS) == row.best_key
        if row.onset is not None and row.onset[0] >= self.tracking.onset_threshold:
            self._onset_s[:] = row.time_s
        self._run_start_s[sounds & (self._run_length == 0)] = row.time_s
        self._run_length = np.where(sounds, self._run_length + 1, 0)
        self._run_peak = np.where(sounds, np.maximum(self._run_peak, row.strength), 0.0)
        changes = self._end_faded(row, sounds)
        for key in map(int, np.flatnonzero(self._run_length >= self.tracking.n_confirm)):
            changes += self._confirm(key, row)
        return changes

    def flush(self, end_s: float) -> list[Change]:
        """End the notes that still sound.

        Parameters
        ----------
        end_s : float
            End of the stream, seconds.

        Returns
        -------
        list of Change
        """
        return [self._end(key, end_s) for key in list(self._sounding)]

    def _end_faded(self, row, sounds):
        """End the notes whose strength, or the level of everything, has gone."""
        changes = []
        for key, note in list(self._sounding.items()):
            note.peak_db = max(note.peak_db, row.level_db)
            if sounds[key]:
                note.n_weak, note.last_s = 0, row.time_s
            else:
                note.n_weak += 1
            if row.level_db < max(self.tracking.silence_db, note.peak_db - self.tracking.release_db):
                changes.append(self._end(key, row.time_s))
            elif note.n_weak >= self.tracking.n_release:
                changes.append(self._end(key, note.last_s))
        return changes

    def _confirm(self, key, row):
        """A key has sounded long enough: begin its note, unless it is the one that sounds already."""
        onset_s = float(max(self._run_start_s[key], self._onset_s[key])) - self.tracking.onset_delay_s
        ending = []
        if key in self._sounding:
            if row.onset is None or onset_s < self._sounding[key].onset_s + self.tracking.min_gap_s:
                return []
            ending = [key]
        elif self.tracking.policy == "mono":
            ending = list(self._sounding)
        changes = [self._end(other, onset_s) for other in ending]
        onset_s = max(onset_s, 0.0)
        self._sounding[key] = _Sounding(onset_s, row.level_db, row.time_s)
        confidence = float(min(self._run_peak[key], 1.0))
        return [*changes, Change("on", onset_s, key, row.velocity_of(key), confidence)]

    def _end(self, key, offset_s):
        return Change("off", max(offset_s, self._sounding.pop(key).onset_s), key)
