"""One note at a time: which rows of evidence begin a note, name it, repeat it and end it.

What comes in: for each frame the strongest key and its strength, the onset evidence and the level. What comes out:
notes begun, renamed and ended. A player's attack is seen at once in the spectrum, its pitch only after a period or
two, and a treble note fades within a quarter of a second; so a note begins at a peak of the onset evidence, gets its
name from the frames that follow, and keeps it until the next onset, a release or silence, whatever later frames say.
"""

from dataclasses import dataclass

FORGET_S = 0.2  # an onset that no key has claimed by then was a noise
RENAME_S = 0.4  # frames this soon after an onset may still correct the note's name
REPEAT_WAIT_S = 0.12  # so long the old note's key may still win after another was struck; then it was struck again
REPEAT_RISE_DB = -1.0  # a key struck again is at least about as loud as it was in the moment before
REPEAT_ONSET = 0.08  # above the threshold: evidence that a key was struck again
CLEARLY_STRONGER = 0.15  # evidence by which a later peak must exceed an earlier one to count as the onset
ABOVE_USUAL = 0.12  # evidence by which an onset exceeds what noise makes all the time
USUAL_PART = 0.05  # a row's part in the running mean of the evidence
WEAK_ONSET = 0.7  # times the threshold: enough where the key changes as well
SILENT_START_FRAMES = 9  # frames in a row that make a note out of silence without any onset
SILENT_START_DB = 6.0  # by which the level must have grown since the last note ended
MOMENT_S = 0.09  # over which levels are compared: two periods of A0
RELEASE_DB = (6.0, 22.0)  # fall within that moment that only a damper makes, at A0 and at C8
SETTLED_S = 0.1  # after an onset, before which a fall is part of the attack
LEAST_DB = -200.0


@dataclass
class Sounding:
    """The note that sounds: key index, onset, loudest level, and the strength of all frames so far by key."""

    key: int
    onset_s: float
    peak_db: float
    votes: dict


@dataclass
class Onset:
    """A peak of the onset evidence that waits for its note: when, how strong, and the level before it."""

    time_s: float
    evidence: float
    level_db: float


class Monophonic:
    """Follows one voice, a row at a time.

    Parameters
    ----------
    threshold, n_confirm, silence_db, release_db, onset_threshold, min_gap_s
        As for pianolab.tracking.Tracker.
    """

    def __init__(self, *, threshold, n_confirm, silence_db, release_db, onset_threshold, min_gap_s):
        self.threshold, self.n_confirm, self.silence_db = threshold, n_confirm, silence_db
        self.release_db, self.onset_threshold, self.min_gap_s = release_db, onset_threshold, min_gap_s
        self.note = None  # Sounding
        self._pending = None  # Onset
        self._evidence = (0.0, 0.0)  # of the two rows before
        self._usual = 0.0
        self._levels = []  # (time, level) of the last moment
        self._key, self._run, self._run_s = -1, 0, 0.0  # frames in a row for a key, since the pending onset
        self._ended_db = LEAST_DB

    def step(self, time_s, key, strength, evidence, level_db):
        """Hear one row.

        Returns
        -------
        list of (kind, time_s, key)
            kind 'on', 'revised' or 'off', in order; the key of 'off' is -1.
        """
        level_db = max(level_db, LEAST_DB)
        self._mark_onset(time_s, evidence)
        self._levels = [entry for entry in self._levels if entry[0] > time_s - MOMENT_S] + [(time_s, level_db)]
        if key < 0 or strength < self.threshold or level_db < self.silence_db:
            key = -1
        self._run = self._run + 1 if key == self._key else 1
        if self._run == 1:
            self._key, self._run_s = key, time_s
        if self.note is not None and key >= 0:
            self.note.votes[key] = self.note.votes.get(key, 0.0) + strength
        changes = self._name(time_s, level_db) if key >= 0 and self._run >= self.n_confirm else []
        if self._pending is not None and time_s > self._pending.time_s + FORGET_S:
            self._pending = None
        if self.note is not None:
            self.note.peak_db = max(self.note.peak_db, level_db)
            ended_s = self._released(time_s, level_db)
            if ended_s is not None:
                changes.append(self._end(ended_s, level_db))
                self._run = 0  # what still rings does not begin another note
                if self._pending is not None and self._pending.evidence < self.onset_threshold:
                    self._pending = None
        return changes

    def _mark_onset(self, time_s, evidence):
        """Keep a peak of the evidence one row later, timed between the rows by a parabola."""
        before, peak = self._evidence
        self._evidence = (peak, evidence)
        least = max(WEAK_ONSET * self.onset_threshold, self._usual + ABOVE_USUAL)
        self._usual += USUAL_PART * (evidence - self._usual)
        if not (peak >= least and peak >= before and peak > evidence and self._levels):
            return
        hop_s = time_s - self._levels[-1][0]
        onset_s = time_s + (0.5 * (before - evidence) / (before - 2.0 * peak + evidence) - 1.0) * hop_s
        if self.note is not None and onset_s < self.note.onset_s + self.min_gap_s:
            return
        if self._pending is None or peak > self._pending.evidence + CLEARLY_STRONGER:
            earlier = [db for _, db in self._levels[:-2]]
            self._pending = Onset(onset_s, peak, max(earlier, default=LEAST_DB))
            self._run = 0 if self._key < 0 else min(self._run, 1)  # frames from the peak on speak for the new note

    def _name(self, time_s, level_db):
        """A key has spoken long enough: is it a new note, a new name for the one that sounds, or nothing new?"""
        key, note, onset = self._key, self.note, self._pending
        if note is None:
            return self._begin_from_silence(level_db)
        if key == note.key:
            if onset is None or time_s < onset.time_s + REPEAT_WAIT_S:
                return []
            self._pending = None
            louder = max(db for _, db in self._levels) >= onset.level_db + REPEAT_RISE_DB
            again = louder and onset.evidence >= self.onset_threshold + REPEAT_ONSET
            return self._replace(onset.time_s, level_db) if again else []
        young = time_s < note.onset_s + RENAME_S
        if onset is not None and (onset.evidence >= self.onset_threshold or not young):
            return self._replace(onset.time_s, level_db)
        if young and note.votes[key] > note.votes.get(note.key, 0.0):
            note.key = key
            return [("revised", note.onset_s, key)]
        return []

    def _begin_from_silence(self, level_db):
        if self._pending is not None:
            return self._replace(self._pending.time_s, level_db)
        if self._run >= SILENT_START_FRAMES and level_db >= self._ended_db + SILENT_START_DB:
            return self._replace(self._run_s, level_db)
        return []

    def _replace(self, onset_s, level_db):
        again = self.note is not None and self.note.key == self._key  # its frames so far may be the old note's
        changes = [self._end(max(onset_s, self.note.onset_s), level_db)] if self.note is not None else []
        votes = {} if again else {self._key: float(self._run)}
        self._pending, self.note = None, Sounding(self._key, onset_s, level_db, votes)
        return [*changes, ("on", onset_s, self._key)]

    def _released(self, time_s, level_db):
        """When the note ended, or None: at the energy gate, or where its level began to fall as no string falls."""
        if level_db < max(self.silence_db, self.note.peak_db - self.release_db):
            return time_s
        at_a0, at_c8 = RELEASE_DB
        loudest = max(db for _, db in self._levels)
        if (
            self._levels[0][0] > self.note.onset_s + SETTLED_S
            and loudest - level_db > at_a0 + (at_c8 - at_a0) * self.note.key / 87
        ):
            return max(t for t, db in self._levels if db > loudest - 2.0)
        return None

    def _end(self, time_s, level_db):
        self.note, self._ended_db = None, level_db
        return ("off", time_s, -1)
