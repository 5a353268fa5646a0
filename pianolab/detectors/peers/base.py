"""What the peers have in common: note detectors of others, each behind the same contract as ours.

The sound comes in as for every detector. There are two kinds of peer. A pitch tracker answers with one key a frame,
and our tracker makes notes of it (`pitch_salience`). A program that writes notes itself is taken at its word: its
notes are put into a form from which our tracker reads the same notes again (`note_salience`, `AS_WRITTEN`).

pianolab needs none of these libraries. A peer imports its library when it is made (`needed`). Where the library is
missing, the detector is listed with the reason and with what to install; docs/peers.md tells how.
"""

import importlib
import io
from contextlib import redirect_stderr, redirect_stdout
from types import MappingProxyType, ModuleType

import numpy as np
import numpy.typing as npt

from pianolab.detector import Detector
from pianolab.frames import Span, frame_times, levels_db
from pianolab.roll import Notes, Salience
from pianolab.units import MIDI_HIGH, MIDI_LOW, N_KEYS, hz_to_midi, midi_to_key

Track = npt.NDArray[np.floating]  # One number a frame.

QUIETEST_DB = -100.0  # Stands for digital silence, in which a peer may have written a note.

# Settings with which the tracker reads back the notes that note_salience was given.
AS_WRITTEN = MappingProxyType(
    {
        "policy": "poly",
        "threshold": 0.5,
        "n_release": 1,
        "onset_threshold": 0.9,
        "min_gap_s": 0.0,
        "silence_db": -200.0,
        "release_db": 200.0,
    }
)


def needed(module: str, *, install: str) -> ModuleType:
    """Import a library that a peer needs.

    Parameters
    ----------
    module : str
    install : str
        What to give to ``pip install``.

    Returns
    -------
    module

    Raises
    ------
    ImportError
        In one line, with the remedy.
    """
    said = io.StringIO()
    try:
        with redirect_stdout(said), redirect_stderr(said):  # Some greet, or complain of other missing libraries.
            return importlib.import_module(module)
    except (ImportError, OSError) as error:  # A compiled part that cannot be loaded is an OSError.
        raise ImportError(f"{error}: pip install {install} (docs/peers.md)".replace("\n", " ")) from error


def pitch_salience(times: Track, hz: Track, confidence: Track, level_db: Track) -> Salience:
    """One key a frame from a pitch track.

    Parameters
    ----------
    times : (T,) array
        Seconds.
    hz : (T,) array
        Pitch in Hz; 0, NaN, or a pitch off the keyboard is no key.
    confidence : (T,) array
        How sure the pitch is, in [0, 1]: the strength of the key.
    level_db : (T,) array
        dBFS.

    Returns
    -------
    Salience

    Examples
    --------
    >>> times, hz = np.array([0.0, 0.01]), np.array([440.0, 0.0])
    >>> pitch_salience(times, hz, np.ones(2), np.zeros(2)).best_key.tolist()
    [48, -1]
    """
    hz = np.where(np.isfinite(hz) & (hz > 0), hz, 1.0)  # 1 Hz lies off the keyboard
    midi = np.round(hz_to_midi(hz)).astype(int)
    rows = np.flatnonzero((midi >= MIDI_LOW) & (midi <= MIDI_HIGH))
    strength = np.zeros((len(hz), N_KEYS), np.float32)
    frequencies = np.full((len(hz), N_KEYS), np.nan, np.float32)
    strength[rows, midi[rows] - MIDI_LOW] = np.clip(np.nan_to_num(confidence[rows]), 0.0, 1.0)
    frequencies[rows, midi[rows] - MIDI_LOW] = hz[rows]
    return Salience(times, strength, frequencies, level_db)


def note_salience(notes: Notes, times: Track, level_db: Track) -> Salience:
    """Notes as evidence, from which the tracker with the settings `AS_WRITTEN` reads the same notes again.

    The tracker finds the moment of an onset as the top of the parabola through the strongest onset evidence and its
    two neighbours. So the row nearest to the onset gets 1, and its neighbours get what puts the top on the onset. The
    tracker finds an offset where the strength, drawn as a line from row to row, falls below 0.5. So the last two
    strengths are chosen such that their line crosses 0.5 at the offset.

    Parameters
    ----------
    notes : Notes
        On the keyboard. An offset less than a frame and a half behind its onset is moved to there. Of two notes of
        one key that begin less than three frames apart the second is lost.
    times : (T,) array
        Seconds, evenly spaced from 0.
    level_db : (T,) array
        dBFS.

    Returns
    -------
    Salience
    """
    n_rows = len(times)
    strength, onset = np.zeros((2, n_rows, N_KEYS), np.float32)
    velocity = np.full((n_rows, N_KEYS), np.nan, np.float32)
    hop_s = times[1] - times[0] if n_rows > 1 else 1.0
    for note in range(len(notes) if n_rows > 2 else 0):
        begin = notes.onset[note] / hop_s
        row = int(np.clip(round(begin), 1, n_rows - 2))
        key, shift = midi_to_key(notes.midi[note]), np.clip(begin - row, -0.5, 0.5)
        end = max(row + 1.5, notes.offset[note] / hop_s)
        last, part = int(end), end % 1.0
        strength[row:last, key] = 1.0
        fall = (1.0, 1.0 - 0.5 / part) if part >= 0.5 else (0.5 / (1.0 - part), 0.0)
        strength[last : last + 2, key] = fall[: max(n_rows - last, 0)]
        onset[row - 1 : row + 2, key] = 0.5 - shift, 1.0, 0.5 + shift
        velocity[row - 1 : row + 2, key] = notes.velocity[note]
    unknown = np.full((n_rows, N_KEYS), np.nan, np.float32)
    velocity = None if np.any(np.isnan(notes.velocity)) else np.nan_to_num(velocity)
    return Salience(times, strength, unknown, level_db, onset=onset, velocity=velocity)


def on_grid(values: npt.ArrayLike, n_rows: int, *, fill: float) -> Track:
    """A track cut or filled up to the number of frames.

    Parameters
    ----------
    values : (n,) array
    n_rows : int
    fill : float
        What stands in the frames that the track lacks at its end.

    Returns
    -------
    (n_rows,) array

    Examples
    --------
    >>> on_grid([1.0, 2.0], 3, fill=0.0).tolist()
    [1.0, 2.0, 0.0]
    """
    values = np.asarray(values, dtype=float)[:n_rows]
    return np.concatenate([values, np.full(n_rows - len(values), fill)])


class WholeRecording(Detector):
    """Base of the peers that hear a recording as a whole: they keep it, and answer when it has ended."""

    peer = True
    whole_recording = True
    _heard: list[npt.NDArray[np.float32]]

    @property
    def lookahead(self) -> int:
        """One hop, for the frames are the sound itself. The answer looks ahead to the end of the recording."""
        return self.hop_length

    @property
    def frame_length(self) -> int:
        """One hop."""
        return self.hop_length

    def reset(self) -> None:
        self._heard = []

    def process(self, span: Span) -> Salience:
        self._heard.append(span.samples)
        return Salience.empty()

    def flush(self) -> Salience:
        if not self._heard:
            return Salience.empty()
        y = np.concatenate(self._heard)
        self.reset()
        hops = y.reshape(-1, self.hop_length)
        return self.hear(y, frame_times(0, len(hops), hop_length=self.hop_length, sr=self.sr), levels_db(hops))

    def hear(self, y: npt.NDArray[np.float32], times: Track, level_db: Track) -> Salience:
        """Salience of the whole recording.

        Parameters
        ----------
        y : (T * hop_length,) float32
            Samples at ``self.sr``.
        times, level_db : (T,) arrays
            Seconds, dBFS.

        Returns
        -------
        Salience
        """
        raise NotImplementedError(f"{type(self).__name__} must implement hear(y, times, level_db) -> Salience")


class NoteWriter(WholeRecording):
    """Base of the peers that write notes themselves."""

    polyphonic = True
    tracking = AS_WRITTEN

    def hear(self, y, times, level_db) -> Salience:
        return note_salience(self.write(y).on_keyboard(), times, np.maximum(level_db, QUIETEST_DB))

    def write(self, y: npt.NDArray[np.float32]) -> Notes:
        """Notes of the whole recording.

        Parameters
        ----------
        y : (n,) float32
            Samples at ``self.sr``.

        Returns
        -------
        Notes
        """
        raise NotImplementedError(f"{type(self).__name__} must implement write(y) -> Notes")
