"""Many keys at once: which rows of evidence begin a note, repeat it and end it.

What comes in: for each frame how strongly each key sounds, how likely it was struck there and, where a detector says
so, how likely it was released and how hard it was struck. What comes out: notes begun and ended. A note begins where
the onset evidence of its key has a peak, and nowhere else: a peak is known one row later, and its time is read from
the parabola through the three rows around it. A key struck while it sounds ends the old note where the new one begins.
A note ends at a peak of the release evidence, or where its strength has fallen through the threshold, whichever comes
first. Onsets and ends are read from different evidence with different delays; still, notes of a key never overlap.
Octaves and twelfths above a struck key share its partials and are easily heard with it: they must be clearer.
"""

from dataclasses import dataclass

import numpy as np

from pianolab.units import N_KEYS

DELAY_ROWS = 1  # after the row of an onset: a peak is one only when the next row is lower
GHOST_INTERVALS = (12, 19, 24)  # semitones from a struck key up to those at its partials 2, 3 and 4


@dataclass(frozen=True)
class Change:
    """A note begun or ended.

    Attributes
    ----------
    kind : {'on', 'off'}
    time_s : float
        Seconds.
    key : int
    velocity, confidence : float
        Of 'on': 0..127 or NaN, and the onset evidence; NaN for 'off'.
    """

    kind: str
    time_s: float
    key: int
    velocity: float = np.nan
    confidence: float = np.nan


@dataclass
class _Sounding:
    onset_s: float
    peak_db: float
    end_s: float  # where its strength was last at the threshold
    weak: int = 0  # rows in a row below it


@dataclass
class _Struck:
    """A peak of onset evidence that waits until the strength of its key agrees."""

    onset_s: float
    velocity: float
    evidence: float
    waited: int = 0


class Polyphonic:
    """Follows all keys, a row at a time.

    Parameters
    ----------
    threshold, n_release, silence_db, release_db, onset_threshold, onset_rows, min_gap_s, n_wait,
    sure_onset_threshold, ghost_share, offset_threshold, onset_delay_s, offset_delay_s
        As for pianolab.tracking.Tracker.
    """

    def __init__(
        self,
        *,
        threshold,
        n_release,
        silence_db,
        release_db,
        onset_threshold,
        onset_rows,
        min_gap_s,
        n_wait,
        sure_onset_threshold,
        ghost_share,
        offset_threshold,
        onset_delay_s,
        offset_delay_s,
    ):
        self.threshold, self.n_release = threshold, n_release
        self.silence_db, self.release_db = silence_db, release_db
        self.onset_threshold, self.onset_rows, self.min_gap_s = onset_threshold, onset_rows, min_gap_s
        self.n_wait, self.sure_onset_threshold = n_wait, sure_onset_threshold
        self.ghost_share, self.offset_threshold = ghost_share, offset_threshold
        self.onset_delay_s, self.offset_delay_s = onset_delay_s, offset_delay_s
        self.sounding = {}  # key -> _Sounding
        self._struck = {}  # key -> _Struck
        self._last_onset_s, self._last_offset_s = np.full((2, N_KEYS), -np.inf)
        self._onset, self._offset = np.zeros((2, N_KEYS)), np.zeros((2, N_KEYS))  # evidence of the two rows before
        self._strength = np.zeros(N_KEYS)  # of the row before
        self._time_s = 0.0

    def step(self, time_s, strength, onset, level_db, *, offset=None, velocity=None):
        """Hear one row.

        Parameters
        ----------
        time_s, level_db : float
            Time of the row in seconds, its level in dBFS.
        strength, onset : (88,) arrays
            Evidence in [0, 1].
        offset, velocity : (88,) arrays, optional
            Evidence of a release in [0, 1]; 0..127.

        Returns
        -------
        list of Change
            In order.
        """
        hop_s, self._time_s = time_s - self._time_s, time_s
        audible = level_db >= self.silence_db
        speaks = (strength >= self.threshold) & audible
        velocity = np.full(N_KEYS, np.nan) if velocity is None else velocity
        self._find_struck(time_s, hop_s, onset.astype(float), velocity)  # before the ends, which heed what waits
        changes = self._faded(time_s, hop_s, strength, speaks, level_db)
        if offset is not None:
            changes += self._released(time_s, hop_s, offset.astype(float))
        for key, struck in list(self._struck.items()):
            if audible and (speaks[key] or struck.evidence > self.sure_onset_threshold):
                del self._struck[key]
                changes += self._begin(key, struck, time_s, level_db)
            elif struck.waited >= self.n_wait:
                del self._struck[key]
            struck.waited += 1
        self._strength = strength.astype(float)
        return changes

    def _find_struck(self, time_s, hop_s, onset, velocity):
        """Keep the peaks of the row before that are strong enough; their velocity is this row's, which heard more."""
        rising, peak, falling = *self._onset, onset
        self._onset = np.stack([peak, falling])
        evidence = peak if self.onset_rows == 1 else (rising + peak + falling) / 3.0
        is_peak = (evidence >= self.onset_threshold) & (peak >= rising) & (peak > falling)
        if self.ghost_share:
            is_peak &= peak >= self.ghost_share * _struck_below(np.max([rising, peak, falling], axis=0))
        for key in np.flatnonzero(is_peak):
            onset_s = max(time_s + _peak_shift(rising[key], peak[key], falling[key]) * hop_s - self.onset_delay_s, 0.0)
            if onset_s >= self._last_onset_s[key] + self.min_gap_s:
                onset_s = max(onset_s, self._last_offset_s[key])  # an end that was told stays
                self._struck[int(key)] = _Struck(onset_s, float(velocity[key]), float(peak[key]))

    def _begin(self, key, struck, time_s, level_db):
        changes = [self._end(key, struck.onset_s)] if key in self.sounding else []
        self._last_onset_s[key] = struck.onset_s
        self.sounding[key] = _Sounding(struck.onset_s, level_db, time_s)
        return [*changes, Change("on", struck.onset_s, key, struck.velocity, struck.evidence)]

    def _faded(self, time_s, hop_s, strength, speaks, level_db):
        """End the notes whose strength, or the level of everything, has gone."""
        changes = []
        for key, note in list(self.sounding.items()):
            note.peak_db = max(note.peak_db, level_db)
            if speaks[key]:
                note.weak, note.end_s = 0, time_s
            else:
                note.weak += 1
                before, now = self._strength[key], strength[key]
                if note.weak == 1 and before >= self.threshold > now:  # it crossed the threshold between these rows
                    note.end_s = time_s - hop_s * float((self.threshold - now) / (before - now))
            if level_db < max(self.silence_db, note.peak_db - self.release_db):
                changes.append(self._end(key, time_s))
            elif note.weak >= self.n_release:
                changes.append(self._end(key, note.end_s - self.offset_delay_s))
        return changes

    def _released(self, time_s, hop_s, offset):
        """End the notes whose release evidence had a peak in the row before."""
        rising, peak, falling = *self._offset, offset
        self._offset = np.stack([peak, falling])
        changes = []
        for key in np.flatnonzero((peak >= self.offset_threshold) & (peak >= rising) & (peak > falling)):
            released_s = time_s + _peak_shift(rising[key], peak[key], falling[key]) * hop_s - self.offset_delay_s
            note = self.sounding.get(int(key))
            # A release so soon after the stroke is that of the note before on the same key.
            if note is not None and released_s > note.onset_s + self.min_gap_s:
                changes.append(self._end(int(key), released_s))
        return changes

    def _end(self, key, offset_s):
        """End a note, at the latest where the stroke that waits for its key began."""
        if key in self._struck:
            offset_s = min(offset_s, self._struck[key].onset_s)
        self._last_offset_s[key] = offset_s = max(offset_s, self.sounding.pop(key).onset_s)
        return Change("off", offset_s, key)


def _peak_shift(rising, peak, falling):
    """Rows from the last of three to the top of the parabola through them; the middle one is the highest."""
    bend = rising - 2.0 * peak + falling  # below 0 at a peak
    return 0.5 * (rising - falling) / bend - 1.0


def _struck_below(onset):
    """Strongest onset evidence among the keys that have each key as an octave, twelfth or double octave, (88,)."""
    around = np.pad(onset, (max(GHOST_INTERVALS), 0))
    starts = [max(GHOST_INTERVALS) - interval for interval in GHOST_INTERVALS]
    return np.max([around[start : start + N_KEYS] for start in starts], axis=0)
