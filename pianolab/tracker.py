"""From evidence to notes: rows of Salience in, note events out, one row after the other.

A key becomes a note when it has been the detector's answer for ``n_confirm`` frames in a row. The note began
where its run of frames began, or at the nearest clear onset in the evidence; it ends when another note takes
over (monophonic), when its strength has gone, or when the sound has fallen below the energy gate. A new
onset of the same key while it sounds is a repeated note. A polyphonic detector that gives onset evidence for each
key is followed more closely: there a note begins where that evidence has a peak, and nowhere else. Events say what
is known as soon as it is known: ``on``, ``off``, and ``revised`` when a note turns out to be another key than first
announced.
"""

from dataclasses import dataclass

import numpy as np

from pianolab.monophonic import Monophonic
from pianolab.roll import Notes
from pianolab.units import N_KEYS, key_to_midi

POLICIES = ("mono", "poly")


@dataclass(frozen=True)
class NoteEvent:
    """Something the tracker became sure of.

    Attributes
    ----------
    kind : {'on', 'off', 'revised'}
    note : int
        Number of the note; the same in its ``on``, ``revised`` and ``off``.
    time_s : float
        When it happened in the music: the onset for ``on`` and ``revised``, the offset for ``off``.
    heard_s : float
        Time of the frame that made it certain.
    midi : int
    velocity : float
        0..127, NaN where the detector has no evidence.
    confidence : float
        In [0, 1].
    level_db : float
        dBFS of the frame.
    """

    kind: str
    note: int
    time_s: float
    heard_s: float
    midi: int
    velocity: float
    confidence: float
    level_db: float


@dataclass
class _Note:
    number: int
    key: int
    onset_s: float
    velocity: float
    confidence: float
    peak_db: float
    offset_s: float | None = None
    last_s: float = 0.0  # last frame that agreed
    weak: int = 0  # frames in a row that did not


class Tracker:
    """Decides notes from Salience.

    Parameters
    ----------
    policy : {'mono', 'poly'}
        One note at a time, or any number.
    threshold : float
        Strength in [0, 1] from which a frame speaks for a key.
    n_confirm : int
        Frames in a row that confirm a note.
    n_release : int
        Frames in a row without the key that end it.
    silence_db : float
        Frames below this level (dBFS) speak for nothing.
    release_db : float
        A note ends when the level has fallen this far below its loudest frame.
    onset_threshold : float
        Onset evidence in [0, 1] from which a frame is an onset; also separates repeated notes.
    min_gap_s : float
        Two onsets of one key are at least this far apart.
    onset_delay_s : float
        Subtracted from onsets (a property of the detector).

    Raises
    ------
    ValueError
        For a setting out of range.
    """

    def __init__(
        self,
        *,
        policy="mono",
        threshold=0.5,
        n_confirm=3,
        n_release=4,
        silence_db=-60.0,
        release_db=40.0,
        onset_threshold=0.5,
        min_gap_s=0.05,
        onset_delay_s=0.0,
    ):
        if policy not in POLICIES:
            raise ValueError(f"tracker policy {policy!r} is unknown: use one of {', '.join(POLICIES)}")
        if not 0 < threshold <= 1:
            raise ValueError(f"threshold {threshold} is outside (0, 1]")
        if n_confirm < 1 or n_release < 1:
            raise ValueError(f"n_confirm {n_confirm} and n_release {n_release} must be at least 1 frame")
        self.policy = policy
        self.threshold = threshold
        self.n_confirm = n_confirm
        self.n_release = n_release
        self.silence_db = silence_db
        self.release_db = release_db
        self.onset_threshold = onset_threshold
        self.min_gap_s = min_gap_s
        self.onset_delay_s = onset_delay_s
        self.reset()

    @property
    def settings(self):
        """All parameters by name; they are part of the cache key of estimates."""
        names = ("policy", "threshold", "n_confirm", "n_release", "silence_db", "release_db")
        return {name: getattr(self, name) for name in (*names, "onset_threshold", "min_gap_s", "onset_delay_s")}

    def reset(self):
        """Forget everything."""
        self._done = []
        self._open = {}  # key -> _Note
        self._count = 0
        self._run = np.zeros(N_KEYS, dtype=np.int64)  # frames in a row that spoke for each key
        self._run_start_s = np.zeros(N_KEYS)
        self._run_best = np.zeros(N_KEYS)
        self._onset_s = np.full(N_KEYS, -np.inf)  # last onset evidence of each key
        self._voice = Monophonic(
            **{
                name: self.settings[name]
                for name in self.settings
                if name not in ("policy", "n_release", "onset_delay_s")
            }
        )
        self._before = np.zeros((2, N_KEYS))  # onset evidence of the two rows before
        self._hop_s = 0.0
        self._time_s = 0.0

    def push(self, salience):
        """Take rows of Salience in order.

        Returns
        -------
        list of NoteEvent
        """
        if self.policy == "mono" and salience.onset is not None:
            return self._follow_voice(salience)
        events = []
        speaks = salience.strength >= self.threshold
        speaks &= (salience.level_db >= self.silence_db)[:, None]
        if self.policy == "mono":
            best = salience.best_key
            speaks &= best[:, None] == np.arange(N_KEYS)
        for row in range(len(salience)):
            events += self._step(salience, row, speaks[row])
        return events

    def flush(self, *, end_s=None):
        """End the stream: close the notes still open.

        Returns
        -------
        list of NoteEvent
        """
        end_s = self._time_s if end_s is None else end_s
        self._voice.note = None
        return [self._close(note, end_s, -np.inf) for note in list(self._open.values())]

    def notes(self):
        """The notes so far; open ones end at the last row heard."""
        rows = [(n.onset_s, n.offset_s, n.key, n.velocity, n.confidence) for n in self._done]
        rows += [
            (n.onset_s, max(self._time_s, n.onset_s), n.key, n.velocity, n.confidence) for n in self._open.values()
        ]
        if not rows:
            return Notes.empty()
        onset, offset, key, velocity, confidence = zip(*rows, strict=True)
        return Notes(onset, offset, key_to_midi(np.array(key)), velocity, np.clip(confidence, 0, 1))

    def _follow_voice(self, salience):
        """One voice with onset evidence: pianolab.monophonic decides, this keeps the books."""
        events, keys = [], salience.best_key
        strengths, onsets = np.max(salience.strength, axis=1), np.max(salience.onset, axis=1)
        for row, key in enumerate(keys):
            self._time_s = time_s = float(salience.times[row])
            level_db, strength = float(salience.level_db[row]), float(strengths[row])
            for kind, when_s, new_key in self._voice.step(time_s, int(key), strength, float(onsets[row]), level_db):
                when_s = max(when_s - self.onset_delay_s, 0.0)
                if kind == "on":
                    events.append(self._begin(new_key, when_s, strength, salience, row, time_s, level_db))
                    continue
                (note,) = self._open.values()
                if kind == "off":
                    events.append(self._close(note, when_s, level_db))
                else:
                    del self._open[note.key]
                    note.key, note.confidence = new_key, strength
                    self._open[new_key] = note
                    events.append(self._event("revised", note, note.onset_s, time_s, level_db))
        return events

    def _step(self, salience, row, speaks):
        time_s, level_db = float(salience.times[row]), float(salience.level_db[row])
        self._hop_s, self._time_s = time_s - self._time_s, time_s
        if self.policy == "poly" and salience.onset is not None and salience.onset.shape[1] == N_KEYS:
            return self._step_struck(salience, row, speaks, time_s, level_db)
        self._mark_onsets(salience, row, time_s)
        started = speaks & (self._run == 0)
        self._run_start_s[started] = time_s
        self._run_best[started] = 0.0
        self._run = np.where(speaks, self._run + 1, 0)
        self._run_best = np.where(speaks, np.maximum(self._run_best, salience.strength[row]), 0.0)

        events = self._end_faded(speaks, time_s, level_db)
        for key in np.flatnonzero(self._run >= self.n_confirm):
            events += self._confirm(int(key), salience, row, time_s, level_db)
        return events

    def _step_struck(self, salience, row, speaks, time_s, level_db):
        """Notes begin at peaks of each key's own onset evidence: seen one row later, timed between the rows."""
        events = self._end_faded(speaks, time_s, level_db)
        rising, peak, falling = *self._before, salience.onset[row].astype(float)
        self._before = np.stack([peak, falling])
        struck = (peak >= self.onset_threshold) & (peak >= rising) & (peak > falling) & speaks
        for key in np.flatnonzero(struck):
            bend = rising[key] - 2.0 * peak[key] + falling[key]  # below 0 at a peak
            shift = 0.5 * (rising[key] - falling[key]) / bend
            onset_s = max(time_s + (shift - 1.0) * self._hop_s - self.onset_delay_s, 0.0)
            events += self._strike(int(key), onset_s, float(peak[key]), salience, row, time_s, level_db)
        return events

    def _strike(self, key, onset_s, confidence, salience, row, time_s, level_db):
        events = []
        if key in self._open:
            if onset_s < self._open[key].onset_s + self.min_gap_s:
                return []
            events.append(self._close(self._open[key], onset_s, level_db))
        return [*events, self._begin(key, onset_s, confidence, salience, row, time_s, level_db)]

    def _mark_onsets(self, salience, row, time_s):
        if salience.onset is not None:
            struck = salience.onset[row] >= self.onset_threshold
            self._onset_s[np.broadcast_to(struck, (N_KEYS,))] = time_s

    def _end_faded(self, speaks, time_s, level_db):
        events = []
        for note in list(self._open.values()):
            note.peak_db = max(note.peak_db, level_db)
            if speaks[note.key]:
                note.weak, note.last_s = 0, time_s
            else:
                note.weak += 1
            faded = level_db < max(self.silence_db, note.peak_db - self.release_db)
            if faded or note.weak >= self.n_release:
                events.append(self._close(note, time_s if faded else note.last_s, level_db))
        return events

    def _confirm(self, key, salience, row, time_s, level_db):
        onset_s = max(self._run_start_s[key], self._onset_s[key]) - self.onset_delay_s
        events = []
        if key in self._open:
            if salience.onset is None or onset_s < self._open[key].onset_s + self.min_gap_s:
                return []
            events.append(self._close(self._open[key], onset_s, level_db))
        elif self.policy == "mono":
            events += [self._close(note, max(onset_s, note.onset_s), level_db) for note in list(self._open.values())]
        confidence = float(min(self._run_best[key], 1.0))
        return [*events, self._begin(key, onset_s, confidence, salience, row, time_s, level_db)]

    def _begin(self, key, onset_s, confidence, salience, row, time_s, level_db):
        velocity = np.nan if salience.velocity is None else float(salience.velocity[row, key])
        note = _Note(self._count, key, max(onset_s, 0.0), velocity, confidence, level_db, last_s=time_s)
        self._count += 1
        self._open[key] = note
        return self._event("on", note, note.onset_s, time_s, level_db)

    def _close(self, note, offset_s, level_db):
        note.offset_s = max(offset_s, note.onset_s)
        del self._open[note.key]
        self._done.append(note)
        return self._event("off", note, note.offset_s, self._time_s, level_db)

    @staticmethod
    def _event(kind, note, time_s, heard_s, level_db):
        midi = key_to_midi(note.key)
        return NoteEvent(kind, note.number, time_s, heard_s, midi, note.velocity, note.confidence, level_db)
