"""Many keys at once, where each key has onset evidence.

What comes in: rows that say for each key how strongly it sounds, how likely it was struck and, where a detector says
so, how likely it was released and how hard it was struck. What comes out: notes begun and ended.

A note begins at a peak of its key's onset evidence and nowhere else. The peak shows in the row after it, and the
parabola through the three rows around it gives its time. A key that is struck while it sounds ends its old note there.
A note ends at a peak of the release evidence, or where its strength falls through the threshold, whichever is heard
first. Onsets and ends come from different evidence with different delays; still, notes of one key never overlap.
"""

from dataclasses import dataclass

import numpy as np

from pianolab.dsp.ghosts import strongest_below
from pianolab.dsp.peaks import parabola_shift
from pianolab.tracking.policy import Change, Row
from pianolab.tracking.settings import Tracking
from pianolab.units import N_KEYS


@dataclass
class _Sounding:
    """A note that sounds: its end as far as is known, and for how many rows it has been too weak."""

    onset_s: float
    peak_db: float
    end_s: float
    n_weak: int = 0


@dataclass
class _Stroke:
    """A peak of the onset evidence that waits until its key sounds."""

    onset_s: float
    velocity: float
    evidence: float
    n_waited: int = 0


class ManyVoices:
    """Follows all keys, a row at a time.

    Parameters
    ----------
    tracking : Tracking
    """

    def __init__(self, tracking: Tracking):
        self.tracking = tracking
        self._sounding: dict[int, _Sounding] = {}
        self._strokes: dict[int, _Stroke] = {}
        self._last_onset_s, self._last_offset_s = np.full((2, N_KEYS), -np.inf)
        self._two_onsets_before, self._two_offsets_before = np.zeros((2, 2, N_KEYS))
        self._strength_before = np.zeros(N_KEYS)
        self._time_s = 0.0

    def step(self, row: Row) -> list[Change]:
        """Hear the next row, which must hold onset evidence for each key.

        Parameters
        ----------
        row : Row

        Returns
        -------
        list of Change
        """
        hop_s, self._time_s = row.time_s - self._time_s, row.time_s
        audible = row.level_db >= self.tracking.silence_db
        sounds = (row.strength >= self.tracking.threshold) & audible
        self._find_strokes(row, hop_s)  # This comes first, because an end must not lie after a stroke that waits.
        changes = self._end_faded(row, hop_s, sounds)
        if row.offset is not None:
            changes += self._end_released(row, hop_s)
        for key, stroke in list(self._strokes.items()):
            if audible and (sounds[key] or stroke.evidence > self.tracking.sure_onset_threshold):
                del self._strokes[key]
                changes += self._begin(key, stroke, row)
            elif stroke.n_waited >= self.tracking.n_wait:
                del self._strokes[key]
            stroke.n_waited += 1
        self._strength_before = row.strength.astype(float)
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
        keys = list(self._sounding)
        self._sounding.clear()
        return [Change("off", end_s, key) for key in keys]

    def _find_strokes(self, row, hop_s):
        """Keep the peaks of the row before that are strong enough.

        Their velocity is that of this row, in which the detector has heard more of the stroke.
        """
        rising, peak, falling = *self._two_onsets_before, row.onset.astype(float)
        self._two_onsets_before = np.stack([peak, falling])
        evidence = peak if self.tracking.onset_rows == 1 else (rising + peak + falling) / 3.0
        struck = (evidence >= self.tracking.onset_threshold) & (peak >= rising) & (peak > falling)
        if self.tracking.ghost_share:
            struck &= peak >= self.tracking.ghost_share * strongest_below(np.max([rising, peak, falling], axis=0))
        for key in map(int, np.flatnonzero(struck)):
            peak_s = row.time_s + (parabola_shift(rising[key], peak[key], falling[key]) - 1.0) * hop_s
            onset_s = max(peak_s - self.tracking.onset_delay_s, 0.0)
            if onset_s >= self._last_onset_s[key] + self.tracking.min_gap_s:
                onset_s = max(onset_s, self._last_offset_s[key])  # An end that was told stays where it is.
                self._strokes[key] = _Stroke(onset_s, row.velocity_of(key), float(peak[key]))

    def _begin(self, key, stroke, row):
        changes = [self._end(key, stroke.onset_s)] if key in self._sounding else []
        self._last_onset_s[key] = stroke.onset_s
        self._sounding[key] = _Sounding(stroke.onset_s, row.level_db, row.time_s)
        sounds = float(row.strength[key])
        return [*changes, Change("on", stroke.onset_s, key, stroke.velocity, stroke.evidence, sounds)]

    def _end_faded(self, row, hop_s, sounds):
        """End the notes whose strength, or the level of everything, has gone."""
        changes = []
        for key, note in list(self._sounding.items()):
            note.peak_db = max(note.peak_db, row.level_db)
            if sounds[key]:
                note.n_weak, note.end_s = 0, row.time_s
            else:
                note.n_weak += 1
                before, now = self._strength_before[key], row.strength[key]
                if note.n_weak == 1 and before >= self.tracking.threshold > now:
                    # The strength crossed the threshold between the row before and this one.
                    note.end_s = row.time_s - hop_s * float((self.tracking.threshold - now) / (before - now))
            if row.level_db < max(self.tracking.silence_db, note.peak_db - self.tracking.release_db):
                changes.append(self._end(key, row.time_s))
            elif note.n_weak >= self.tracking.n_release:
                changes.append(self._end(key, note.end_s - self.tracking.offset_delay_s))
        return changes

    def _end_released(self, row, hop_s):
        """End the notes whose release evidence had a peak in the row before."""
        rising, peak, falling = *self._two_offsets_before, row.offset.astype(float)
        self._two_offsets_before = np.stack([peak, falling])
        changes = []
        released = (peak >= self.tracking.offset_threshold) & (peak >= rising) & (peak > falling)
        for key in map(int, np.flatnonzero(released)):
            peak_s = row.time_s + (parabola_shift(rising[key], peak[key], falling[key]) - 1.0) * hop_s
            released_s = peak_s - self.tracking.offset_delay_s
            note = self._sounding.get(key)
            # A release so soon after the stroke is that of the note before on the same key.
            if note is not None and released_s > note.onset_s + self.tracking.min_gap_s:
                changes.append(self._end(key, released_s))
        return changes

    def _end(self, key, offset_s):
        """End a note, at the latest where the stroke that waits for its key began."""
        if key in self._strokes:
            offset_s = min(offset_s, self._strokes[key].onset_s)
        self._last_offset_s[key] = offset_s = max(offset_s, self._sounding.pop(key).onset_s)
        return Change("off", offset_s, key)
