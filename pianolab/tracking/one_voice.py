"""One note at a time, where there is onset evidence.

What comes in: rows with the strongest key, its strength, the onset evidence and the level. What comes out: notes begun,
renamed and ended.

The spectrum shows an attack at once, but the pitch only after a period or two. So a note begins at a peak of the onset
evidence and gets its name from the rows that follow. A treble note fades within a quarter of a second, and what is then
heard may be another key. So a note keeps its name until the next onset, a release or silence.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pianolab.dsp.peaks import parabola_shift
from pianolab.tracking.certainty import log_odds
from pianolab.tracking.policy import Change, Row
from pianolab.tracking.settings import Tracking
from pianolab.units import N_KEYS, key_hz

# An onset waits this long for a key to begin, and so long at most for a key that has begun to be confirmed. If none
# comes it was a noise.
FORGET_S, CONFIRM_S = 0.2, 0.3
# A struck key is the strongest after so long and so many of its periods. A peak before that was something else (a
# voice, a damper) where a later peak fits the key, ...
SHOWS_S, SHOWS_PERIODS = 0.05, 3.0
# ... which is at most so much weaker and comes at most so long after the key began.
NEARLY_AS_STRONG, EARLY_S = 0.05, 0.03
# A note may be renamed this long after its onset.
RENAME_S = 0.4
# The key of the note before may still be the strongest this long after another was struck. If it is the strongest even
# later, it was itself struck again.
REPEAT_WAIT_S = 0.12
# A key that is struck again raises its own partials: by 11 dB at the median from the two rows before the stroke to the
# three after it, which lie so far from it. A voice beside a string that rings hardly does (-1 dB). The rise, this share
# of what the level rises by, and so much for each unit of the evidence's log odds above the threshold's must make so
# much together. Fitted on seven pianos, as they are, beside talk and in noise (docs/decisions.md, 104).
PARTIALS_BEFORE_S, PARTIALS_AFTER_S, REPEAT_DB = 0.012, 0.018, 7.5
LOUDER_SHARE, LEAST_LOUDER_DB, MOST_LOUDER_DB, ODDS_DB = 0.75, -6.0, 12.0, 7.0
# Where nobody tells how loud the partials are, a key struck again is about as loud as just before the stroke, or
# louder.
REPEAT_RISE_DB = -1.0
# It shows no other pitch, so its onset evidence must exceed the threshold by this much, ...
REPEAT_ONSET = 0.08
# ... or reach it where the level rises by this much. No string that rings does both.
REPEAT_LOUDER_DB = 1.0
# A later peak of the evidence takes the place of the one that waits if it is higher by this much.
CLEARLY_STRONGER = 0.15
# Noise makes some onset evidence all the time. An onset exceeds the running mean of the evidence by this much.
ABOVE_USUAL = 0.12
# A key that is less sure than the threshold speaks as well, from this share of it on. It must go on for longer.
FAINT = 0.6
# Each row has this share in the running mean.
USUAL_SHARE = 0.05
# Where the key changes as well, this share of the threshold is enough, ...
WEAK_ONSET = 0.7
# ... from so long after an onset on, for an attack may have several peaks. Later than a note may be renamed it always
# is; before, only if no other key has more votes, for then the name was wrong.
NAMED_S = 0.09
# In a fast run or in noise nobody may hear the stroke. A key that takes over for so many rows, so sure of itself and no
# softer than by this much, is a note all the same. An octave or twelfth up or down may be the old note that fades.
TAKEN_ROWS, TAKEN_SURE, TAKEN_DB = 6, 0.8, -1.0
RELATED = (12, 19, 24, 28, 31)
# Where the evidence has a peak of so much before that, which lies too little above the usual for an onset, the key may
# also be softer by so much: a low string that beats makes evidence all the time. Peaks are remembered for so long.
FAINT_STROKE, FAINT_DB, PEAKS_S = 0.35, -6.0, 0.4
# Without any peak it was struck so long before the rows that show it.
SHOWS_AFTER_S = 0.015
# From this key on (C6) notes fade within a few rows, and noise breaks these up. Such a key has spoken if it was the
# strongest in so many rows, not in a row, within some time after an onset, and other keys have said no more together.
# All its rows together must be so sure, times what is asked of rows in a row. So long it waits for rows in a row.
BROKEN_KEY, BROKEN_ROWS, BROKEN_SURE, BROKEN_S = 63, 4, 0.8, 0.1
# A note may begin out of silence without any onset. It takes so many rows with one key.
SILENT_START_ROWS = 9
# It also takes a level that has grown by this much since the last note ended.
SILENT_START_DB = 6.0
# Two strings that beat may almost be silent and swell again. That is no new note of their key within this time.
SWELL_S = 1.0
# Levels are compared over this time, which holds two periods of A0.
MOMENT_S = 0.09
# Only a damper makes the level fall by this much within that time, at A0 and at C8. Keys between lie between.
RELEASE_DB = (6.0, 22.0)
# The fall of a damped note begins at the last row that is this near to the loudest.
NEAR_LOUDEST_DB = 2.0
# A fall of the level this soon after an onset belongs to the attack.
SETTLED_S = 0.1
# This stands for the level of digital silence, which has no number.
LEAST_DB = -200.0
KEY_HZ = key_hz()


@dataclass
class _Sounding:
    """The note that sounds. Its votes are the strengths of all rows since its onset, summed for each key."""

    key: int
    onset_s: float
    peak_db: float
    evidence: float  # of its stroke; 0 where it began without one
    votes: dict[int, float] = field(default_factory=dict)


@dataclass
class _Onset:
    """A peak of the onset evidence that waits for its key; the level is the highest in the moment before."""

    time_s: float
    evidence: float
    level_db: float


class OneVoice:
    """Follows one voice, a row at a time.

    Parameters
    ----------
    tracking : Tracking
    """

    def __init__(self, tracking: Tracking):
        self.tracking = tracking
        self._note: _Sounding | None = None
        self._pending: _Onset | None = None
        self._later: list[_Onset] = []  # Peaks after the one that waits, which did not take its place.
        self._peaks: list[_Onset] = []  # All of the last moments, also those that are too low for an onset.
        # In how many rows each key was the strongest since the peak that waits, and how sure it was in all of them.
        self._since_peak: dict[int, tuple[int, float]] = {}
        self._two_onsets_before = (0.0, 0.0)
        self._usual = 0.0
        self._levels: list[tuple[float, float]] = []  # These are (time, level) of the last moment's rows.
        # How loud the partials of all keys were in the rows of the last moments.
        self._partials: list[tuple[float, NDArray[np.float32]]] = []
        # The strongest key, for how many rows it has been that, and since when. The key is -1 where nothing sounds.
        self._key, self._run, self._run_s = -1, 0, 0.0
        self._said, self._last = 0.0, 0.0  # How sure it was in all those rows together, and in the last.
        self._ended_db, self._ended_key, self._ended_s = LEAST_DB, -1, 0.0

    def step(self, row: Row) -> list[Change]:
        """Hear the next row, which must hold onset evidence.

        Parameters
        ----------
        row : Row

        Returns
        -------
        list of Change
        """
        level_db = max(row.level_db, LEAST_DB)
        self._find_onset(row)
        self._levels = [(t, db) for t, db in self._levels if t > row.time_s - MOMENT_S] + [(row.time_s, level_db)]
        if row.partials_db is not None:
            first_s = row.time_s - CONFIRM_S - MOMENT_S
            self._partials = [one for one in self._partials if one[0] > first_s] + [(row.time_s, row.partials_db)]
        self._count_run(row, level_db)
        changes = self._name(row, level_db) if self._has_said_enough() else self._name_broken(row, level_db)
        self._forget(row.time_s)
        if self._note is not None:
            changes += self._end_released(self._note, row.time_s, level_db)
        return changes

    def flush(self, end_s: float) -> list[Change]:
        """End the note that still sounds.

        Parameters
        ----------
        end_s : float
            End of the stream, seconds.

        Returns
        -------
        list of Change
        """
        note, self._note = self._note, None
        return [] if note is None else [Change("off", end_s, note.key)]

    def _find_onset(self, row):
        """Keep a peak of the evidence. It shows one row later, and a parabola gives its time between the rows."""
        before, peak = self._two_onsets_before
        evidence = float(np.max(row.onset))
        self._two_onsets_before = (peak, evidence)
        least = max(WEAK_ONSET * self.tracking.onset_threshold, self._usual + ABOVE_USUAL)
        self._usual += USUAL_SHARE * (evidence - self._usual)
        if not (peak >= before and peak > evidence and self._levels):
            return
        hop_s = row.time_s - self._levels[-1][0]
        onset_s = row.time_s + (parabola_shift(before, peak, evidence) - 1.0) * hop_s
        onset = _Onset(onset_s, peak, max((db for _, db in self._levels[:-2]), default=LEAST_DB))
        self._peaks = [one for one in self._peaks if one.time_s > row.time_s - PEAKS_S] + [onset]
        if peak < least or (self._note is not None and onset_s < self._note.onset_s + self.tracking.min_gap_s):
            return
        if self._pending is not None and peak <= self._pending.evidence + CLEARLY_STRONGER:
            self._later.append(onset)
        else:
            self._pending, self._later, self._since_peak = onset, [], {}
            self._run = 0 if self._key < 0 else min(self._run, 1)  # Rows from the peak on speak for the new note.
            self._said = self._last

    def _forget(self, time_s):
        """Let go the peak that has waited too long for a key. The next one waits in its place."""
        begun_s = self._run_s if self._key >= 0 and self._run >= self.tracking.n_confirm else time_s
        waits = [] if self._pending is None else [self._pending, *self._later]
        waits = [one for one in waits if begun_s <= one.time_s + FORGET_S and time_s <= one.time_s + CONFIRM_S]
        self._pending, self._later = (waits[0], waits[1:]) if waits else (None, [])

    def _stroke(self):
        """The peak at which the strongest key was struck: the one that waits, or a later one that fits it better."""
        onset, shows_s = self._pending, SHOWS_S + SHOWS_PERIODS / KEY_HZ[self._key]
        if onset is None or self._run_s <= onset.time_s + shows_s:
            return onset
        fit = [one for one in self._later if self._run_s - shows_s <= one.time_s < self._run_s + EARLY_S]
        best = max(fit, key=lambda one: one.evidence, default=onset)
        return best if best.evidence >= onset.evidence - NEARLY_AS_STRONG else onset

    def _count_run(self, row, level_db):
        """For how many rows has the strongest key been the same?"""
        key = row.best_key
        strength = float(row.strength[key])
        if key >= 0 and level_db >= self.tracking.silence_db:
            n, said = self._since_peak.get(key, (0, 0.0))
            self._since_peak[key] = (n + 1, said + strength)
        if key < 0 or strength < FAINT * self.tracking.threshold or level_db < self.tracking.silence_db:
            key = -1
        self._run, self._said = (self._run + 1, self._said + strength) if key == self._key else (1, strength)
        self._last = strength
        if self._run == 1:
            self._key, self._run_s, self._said = key, row.time_s, strength
        if self._note is not None and key >= 0:
            self._note.votes[key] = self._note.votes.get(key, 0.0) + strength

    def _has_said_enough(self):
        """Has the strongest key gone on for long enough, and all in all been as sure as that many rows must be?"""
        n = self.tracking.n_confirm
        return self._key >= 0 and self._run >= n and self._said >= n * self.tracking.threshold

    def _name(self, row, level_db):
        """A key has spoken long enough: is it a new note, a new name for the one that sounds, or nothing new?"""
        key, note, onset = self._key, self._note, self._stroke()
        if note is None:
            return self._begin_from_silence(row, onset, level_db)
        if key == note.key:
            if onset is None or row.time_s < onset.time_s + REPEAT_WAIT_S:
                return []
            if self._is_struck_again(onset):
                return self._begin(row, onset, level_db, rise_db=self._rise_db(onset.time_s))
            self._pending, self._later = None, []
            return []
        young = row.time_s < note.onset_s + RENAME_S
        if onset is not None:
            sure = onset.evidence >= self.tracking.onset_threshold
            if sure or not young or self._gives_way(note, onset):
                return self._begin(row, onset, level_db)
        if onset is None and (stroke := self._taking_over(note, level_db)) is not None:
            return self._begin(row, stroke, level_db)
        if young and note.votes[key] > note.votes.get(note.key, 0.0):
            former_key, note.key = note.key, key
            strength = float(row.strength[key])
            told_s = self._told_s(note.onset_s)
            return [Change("revised", told_s, key, confidence=strength, support=note.evidence, former_key=former_key)]
        return []

    def _name_broken(self, row, level_db):
        """A high key that was the strongest again and again since a clear onset, though never for long, is a note."""
        key, note, onset = row.best_key, self._note, self._pending
        if key < BROKEN_KEY or onset is None or row.time_s < onset.time_s + BROKEN_S:
            return []
        if note is not None and (key == note.key or onset.evidence < self.tracking.onset_threshold):
            return []
        n, said = self._since_peak.get(key, (0, 0.0))
        before = -1 if note is None else note.key
        others = sum(so_sure for other, (_, so_sure) in self._since_peak.items() if other not in (key, before))
        if n < BROKEN_ROWS or said < max(BROKEN_SURE * self.tracking.n_confirm * self.tracking.threshold, others):
            return []
        self._key, self._run = key, n
        return self._begin(row, onset, level_db)

    def _gives_way(self, note, onset):
        """Does a note that has just begun give way to a weak stroke of another key, which does not make it softer?"""
        is_named = note.votes.get(note.key, 0.0) >= max(note.votes.values())
        louder_db = max(db for _, db in self._levels) - onset.level_db
        return is_named and onset.time_s >= note.onset_s + NAMED_S and louder_db >= 0.0

    def _taking_over(self, note, level_db):
        """The stroke of another key that goes on so surely that it is a note, though no onset was heard; or None."""
        is_named = note.votes.get(note.key, 0.0) >= max(note.votes.values())
        is_late = self._run_s >= note.onset_s + NAMED_S and self._run >= TAKEN_ROWS
        is_sure = self._said >= TAKEN_SURE * self._run and abs(self._key - note.key) not in RELATED
        if not (is_named and is_late and is_sure):
            return None
        first_s = max(self._run_s - SHOWS_S - SHOWS_PERIODS / KEY_HZ[self._key], note.onset_s + NAMED_S)
        peaks = [one for one in self._peaks if first_s <= one.time_s < self._run_s + EARLY_S]
        unheard = _Onset(self._run_s - SHOWS_AFTER_S, 0.0, level_db)
        peak = max(peaks, key=lambda one: one.evidence, default=unheard)
        is_faint = peak.evidence >= FAINT_STROKE
        before_db = max((db for t, db in self._levels if t < self._run_s), default=self._levels[0][1])
        if level_db < before_db + (FAINT_DB if is_faint else TAKEN_DB):
            return None
        return peak if is_faint else _Onset(peak.time_s, 0.0, level_db)

    def _is_struck_again(self, onset):
        """Is this onset a stroke of the key that sounds?"""
        louder_db = max(db for _, db in self._levels) - onset.level_db
        if (rise_db := self._rise_db(onset.time_s)) is not None:
            above = log_odds(onset.evidence) - log_odds(self.tracking.onset_threshold)
            louder_db = min(max(louder_db, LEAST_LOUDER_DB), MOST_LOUDER_DB)
            return rise_db + LOUDER_SHARE * louder_db + ODDS_DB * above >= REPEAT_DB
        needed = self.tracking.onset_threshold + (0.0 if louder_db >= REPEAT_LOUDER_DB else REPEAT_ONSET)
        return louder_db >= REPEAT_RISE_DB and onset.evidence >= needed

    def _rise_db(self, onset_s):
        """By how much the partials of the strongest key rose at a stroke; None where nobody tells."""
        before = [db[self._key] for t, db in self._partials if t <= onset_s - PARTIALS_BEFORE_S][-2:]
        after = [db[self._key] for t, db in self._partials if t >= onset_s + PARTIALS_AFTER_S][:3]
        return float(np.mean(after) - np.mean(before)) if before and after else None

    def _begin_from_silence(self, row, onset, level_db):
        if onset is not None:
            return self._begin(row, onset, level_db)
        swells = self._key == self._ended_key and row.time_s < self._ended_s + SWELL_S
        if self._run >= SILENT_START_ROWS and level_db >= self._ended_db + SILENT_START_DB and not swells:
            return self._begin(row, _Onset(self._run_s, 0.0, level_db), level_db)
        return []

    def _begin(self, row, onset, level_db, *, rise_db=None):
        """Begin a note of the strongest key and end the one before."""
        key, before = self._key, self._note
        changes = [] if before is None else [self._end(before, max(onset.time_s, before.onset_s), level_db)]
        # The rows so far speak for the new note, unless they may belong to the old note of the same key.
        votes = {} if before is not None and before.key == key else {key: float(self._run)}
        self._pending, self._later = None, []
        self._note = _Sounding(key, onset.time_s, level_db, onset.evidence, votes)
        told_s, strength = self._told_s(onset.time_s), float(row.strength[key])
        begun = Change("on", told_s, key, row.velocity_of(key), strength, onset.evidence)
        return [*changes, begun if rise_db is None else replace(begun, rise_db=rise_db)]

    def _end_released(self, note, time_s, level_db):
        """End the note where everything is silent, or where its level began to fall as no string falls by itself."""
        note.peak_db = max(note.peak_db, level_db)
        at_a0, at_c8 = RELEASE_DB
        loudest_db = max(db for _, db in self._levels)
        settled = self._levels[0][0] > note.onset_s + SETTLED_S
        if level_db < max(self.tracking.silence_db, note.peak_db - self.tracking.release_db):
            offset_s = time_s
        elif settled and loudest_db - level_db > at_a0 + (at_c8 - at_a0) * note.key / (N_KEYS - 1):
            offset_s = max(t for t, db in self._levels if db > loudest_db - NEAR_LOUDEST_DB)
        else:
            return []
        self._run = 0  # What still rings does not begin another note.
        if self._pending is not None and self._pending.evidence < self.tracking.onset_threshold:
            self._pending, self._later = None, []
        return [self._end(note, offset_s, level_db)]

    def _end(self, note, offset_s, level_db):
        self._note, self._ended_db = None, level_db
        self._ended_key, self._ended_s = note.key, self._levels[-1][0]
        return Change("off", self._told_s(offset_s), note.key)

    def _told_s(self, time_s):
        """A time without the delay of the detector's evidence."""
        return max(time_s - self.tracking.onset_delay_s, 0.0)
