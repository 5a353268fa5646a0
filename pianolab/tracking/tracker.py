"""From evidence to notes: rows of Salience in, note events out, one row after the other.

A key becomes a note when it has been the detector's answer for ``n_confirm`` frames in a row. The note began
where its run of frames began, or at the nearest clear onset in the evidence; it ends when another note takes
over (monophonic), when its strength has gone, or when the sound has fallen below the energy gate. A new
onset of the same key while it sounds is a repeated note. Where there is onset evidence, `one_voice` decides for one
voice and `many_voices` for many keys, and this module keeps the books. Events say what is known as soon as it is
known: ``on``, ``off``, and ``revised`` when a note turns out to be another key than first announced.
"""

from dataclasses import dataclass

import numpy as np

from pianolab.roll import Notes
from pianolab.tracking.many_voices import DELAY_ROWS, Polyphonic
from pianolab.tracking.one_voice import Monophonic
from pianolab.units import N_KEYS, key_to_midi

POLICIES = ("mono", "poly")
_POLY_ONLY = ("onset_rows", "n_wait", "sure_onset_threshold", "ghost_share", "offset_threshold", "offset_delay_s")
_NAMES = ("policy", "threshold", "n_confirm", "n_release", "silence_db", "release_db", "onset_threshold", "min_gap_s")


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
        Frames in a row that confirm a note, where a key has no onset evidence of its own.
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
    onset_rows : {1, 3}
        This and what follows: for policy 'poly' and evidence of each key. What must reach ``onset_threshold``: the
        peak, or the mean of it and of the rows before and after, because the evidence of a stroke whose moment is
        unsure is lower and wider.
    n_wait : int
        The frame after an onset speaks for its key, or one of so many more.
    sure_onset_threshold : float
        Onset evidence above this needs no frame that speaks for the key; 1 turns it off.
    ghost_share : float
        An onset must reach this share of the evidence of a key struck at the same time an octave, a twelfth or two
        octaves below; 0 turns it off.
    offset_threshold : float
        A peak of the release evidence from here on ends a note.
    offset_delay_s : float
        Subtracted from offsets (a property of the detector).

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
        onset_rows=1,
        n_wait=0,
        sure_onset_threshold=1.0,
        ghost_share=0.0,
        offset_threshold=0.5,
        offset_delay_s=0.0,
    ):
        if policy not in POLICIES:
            raise ValueError(f"tracker policy {policy!r} is unknown: use one of {', '.join(POLICIES)}")
        if not 0 < threshold <= 1:
            raise ValueError(f"threshold {threshold} is outside (0, 1]")
        if n_confirm < 1 or n_release < 1:
            raise ValueError(f"n_confirm {n_confirm} and n_release {n_release} must be at least 1 frame")
        if onset_rows not in (1, 3):
            raise ValueError(f"onset_rows {onset_rows} is not 1 (the peak) or 3 (the rows around it too)")
        if n_wait < 0 or ghost_share < 0:
            raise ValueError(f"n_wait {n_wait} and ghost_share {ghost_share} must not be below 0: 0 turns them off")
        self.policy = policy
        self.threshold = threshold
        self.n_confirm = n_confirm
        self.n_release = n_release
        self.silence_db = silence_db
        self.release_db = release_db
        self.onset_threshold = onset_threshold
        self.min_gap_s = min_gap_s
        self.onset_delay_s = onset_delay_s
        self.onset_rows = onset_rows
        self.n_wait = n_wait
        self.sure_onset_threshold = sure_onset_threshold
        self.ghost_share = ghost_share
        self.offset_threshold = offset_threshold
        self.offset_delay_s = offset_delay_s
        self.reset()

    @property
    def settings(self):
        """All parameters by name; they are part of the cache key of estimates."""
        return {name: getattr(self, name) for name in (*_NAMES, "onset_delay_s", *_POLY_ONLY)}

    @property
    def delay_rows(self):
        """Rows after the one of an onset that must be heard before its note can be announced.

        One where each key has onset evidence, for a peak shows in the row after it; else as many as confirm a note.
        """
        return DELAY_ROWS if self.policy == "poly" else max(self.n_confirm - 1, 1)

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
            **{name: self.settings[name] for name in _NAMES if name not in ("policy", "n_release")}
        )
        self._keys = Polyphonic(
            **{name: value for name, value in self.settings.items() if name not in ("policy", "n_confirm")}
        )
        self._time_s = 0.0

    def push(self, salience):
        """Take rows of Salience in order.

        Returns
        -------
        list of NoteEvent
        """
        if self.policy == "mono" and salience.onset is not None:
            return self._follow_voice(salience)
        if self.policy == "poly" and salience.onset is not None and salience.onset.shape[1] == N_KEYS:
            return self._follow_keys(salience)
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
        self._keys.sounding.clear()
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
        """One voice with onset evidence: pianolab.tracking.one_voice decides, this keeps the books."""
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

    def _follow_keys(self, salience):
        """Many keys with onset evidence each: pianolab.tracking.many_voices decides, this keeps the books."""
        events = []
        for row in range(len(salience)):
            self._time_s = time_s = float(salience.times[row])
            level_db = float(salience.level_db[row])
            optional = {
                name: getattr(salience, name)[row]
                for name in ("offset", "velocity")
                if getattr(salience, name) is not None
            }
            changes = self._keys.step(time_s, salience.strength[row], salience.onset[row], level_db, **optional)
            for change in changes:
                if change.kind == "off":
                    events.append(self._close(self._open[change.key], change.time_s, level_db))
                else:
                    note = _Note(
                        self._count,
                        change.key,
                        change.time_s,
                        change.velocity,
                        change.confidence,
                        level_db,
                        last_s=time_s,
                    )
                    events.append(self._open_note(note, time_s, level_db))
        return events

    def _step(self, salience, row, speaks):
        time_s, level_db = float(salience.times[row]), float(salience.level_db[row])
        self._time_s = time_s
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
        return self._open_note(note, time_s, level_db)

    def _open_note(self, note, time_s, level_db):
        self._count += 1
        self._open[note.key] = note
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
