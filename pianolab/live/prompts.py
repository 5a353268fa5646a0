"""What a trial asks the player to play: a key, a scale, a chord, a melody, or any MIDI file.

A prompt is a list of notes with a title. It may be written the way a teacher says it: ``"C4"``, ``"C4 E4 G4"`` (one
after the other), ``"C4+E4+G4"`` (together), ``"C4 major scale"``, ``"A3 minor chord"``, the name of a recording of the
built-in set, or the path of a MIDI file. Chords of all kinds that pianolab.live.chords knows can be asked for:
``"G3 dominant seventh chord"``.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pianolab.errors import PianolabError
from pianolab.labels import LABEL_SUFFIXES, read_labels
from pianolab.live.chord_tracker import CHORD_S, describe
from pianolab.live.chords import KINDS
from pianolab.roll import Notes
from pianolab.units import MIDI_HIGH, MIDI_LOW, parse_note

SCALES = {
    "major scale": (0, 2, 4, 5, 7, 9, 11, 12),
    "minor scale": (0, 2, 3, 5, 7, 8, 10, 12),
    "chromatic scale": tuple(range(13)),
}
CHORDS = {f"{kind.spoken} chord": kind.intervals for kind in KINDS}
_HELD = 0.9  # share of a beat that a key stays down


class PromptError(PianolabError):
    """A prompt that cannot be read; the message is one line with the remedy."""


@dataclass(frozen=True)
class Prompt:
    """Notes to play.

    Attributes
    ----------
    title : str
        What the player reads.
    notes : Notes
        When and which; the tempo is a suggestion.
    """

    title: str
    notes: Notes

    @classmethod
    def of(cls, what, *, bpm=80.0):
        """Make a prompt from a text, a path, Notes or a Prompt.

        Parameters
        ----------
        what : str, Path, Notes or Prompt
        bpm : float
            Notes (or chords) in a minute, for texts.

        Raises
        ------
        PromptError
            If the text is no prompt, or a note is off the keyboard.
        LabelError
            If the file is no label file.
        """
        if isinstance(what, cls):
            return what
        if isinstance(what, Notes):
            return cls._checked(f"{len(what)} notes", what)
        text = str(what).strip()
        if Path(text).suffix.lower() in LABEL_SUFFIXES:
            return cls._checked(Path(text).stem.replace("_", " "), read_labels(text))
        built_in = _built_in(text)
        if built_in is not None:
            return cls._checked(*built_in)
        return cls._checked(text, _in_time(_spoken(text), bpm))

    def chords(self):
        """What is asked for at once, in time.

        Returns
        -------
        list of dict
            first and n: which of the notes; and what pianolab.live.chord_tracker.describe says of them.
        """
        onset, found, first = self.notes.onset, [], 0
        while first < len(onset):
            n = int(np.searchsorted(onset, onset[first] + CHORD_S)) - first
            found.append({"first": first, "n": n, **describe(self.notes.midi[first : first + n])})
            first += n
        return found

    @classmethod
    def _checked(cls, title, notes):
        if not len(notes):
            raise PromptError(f"prompt {title!r} holds no notes: write it like 'C4 E4 G4'")
        if len(notes.on_keyboard()) < len(notes):
            outside = next(name for name, midi in zip(notes.names, notes.midi, strict=True) if not _is_key(midi))
            raise PromptError(f"prompt {title!r} asks for {outside}, which no piano has: use A0 to C8")
        return cls(title, notes)


def _is_key(midi):
    return MIDI_LOW <= midi <= MIDI_HIGH


def _built_in(name):
    """Title and notes of a recording of the built-in set, or None."""
    from pianolab.data.builtin import BuiltinError, builtin_index, notes_path

    try:
        entries = {entry["id"]: entry for entry in builtin_index()}
    except BuiltinError:
        return None
    if name not in entries:
        return None
    return entries[name]["title"], read_labels(notes_path(entries[name]))


def _spoken(text):
    """Groups of MIDI numbers that are struck together."""
    first, _, kind = text.partition(" ")
    try:
        if kind in SCALES:
            return [[parse_note(first) + step] for step in SCALES[kind]]
        if kind in CHORDS:
            return [[parse_note(first) + step for step in CHORDS[kind]]]
        return [[parse_note(name) for name in group.split("+")] for group in text.split()]
    except ValueError as error:
        kinds = ", ".join([*SCALES, *CHORDS])
        raise PromptError(f"prompt {text!r}: {error}; or NOTE and one of: {kinds}") from error


def _in_time(groups, bpm):
    if not bpm > 0:
        raise PromptError(f"bpm {bpm} is no tempo: use more than 0")
    beat_s = 60.0 / bpm
    struck = [(beat_s * i, midi) for i, group in enumerate(groups) for midi in group]
    onset = [time_s for time_s, _ in struck]
    return Notes(onset, [time_s + _HELD * beat_s for time_s in onset], [midi for _, midi in struck])
