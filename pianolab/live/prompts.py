"""What the player is asked to play: a key, a scale, a chord, a melody, or any MIDI file.

A prompt is a list of notes with a title. It can be written the way a teacher says it: ``"C4"``, ``"C4 E4 G4"`` (one
after the other), ``"C4+E4+G4"`` (together), ``"C4 major scale"``, ``"G3 dominant seventh chord"`` (any kind of chord
that pianolab.live.chords knows, in any language of the catalogue of texts). It can also be the name of a recording of
the built-in set, or the path of a MIDI file.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from pianolab.errors import PianolabError
from pianolab.labels import LABEL_SUFFIXES, read_labels
from pianolab.live.chords import CHORD_S, KINDS, describe
from pianolab.live.messages import PromptChord
from pianolab.roll import Notes
from pianolab.texts.catalogue import LANGUAGES, Told, told_by
from pianolab.units import MIDI_HIGH, MIDI_LOW, parse_note

_SLOWEST_BPM, _FASTEST_BPM = 1, 1000  # Notes in a minute.
SCALES = {
    Told("prompts.major_scale"): (0, 2, 4, 5, 7, 9, 11, 12),
    Told("prompts.minor_scale"): (0, 2, 3, 5, 7, 8, 10, 12),
    Told("prompts.chromatic_scale"): tuple(range(13)),
}
CHORDS = {Told("prompts.chord", kind=kind.spoken): kind.intervals for kind in KINDS}
_IN_ANY_LANGUAGE = {name.said(language): name for name in (*SCALES, *CHORDS) for language in LANGUAGES}
_HELD = 0.9  # A key stays down for this share of its beat.


class PromptError(PianolabError):
    """A prompt that cannot be read; the message is one line with the remedy."""


@dataclass(frozen=True)
class Prompt:
    """Notes to play.

    Attributes
    ----------
    title : str
        What the player reads; Told where it can be said in other languages.
    notes : Notes
        When and which; the tempo is a suggestion.

    Examples
    --------
    >>> Prompt.of("C4+E4+G4 C5").notes.names
    ['C4', 'E4', 'G4', 'C5']
    """

    title: str
    notes: Notes

    @classmethod
    def of(cls, what: "str | PathLike[str] | Notes | Prompt", *, bpm: float = 80.0) -> "Prompt":
        """Make a prompt from a text, a path, Notes or a Prompt.

        Parameters
        ----------
        what : str, path, Notes or Prompt
            A text is read as the beginning of this module says.
        bpm : float
            Notes (or chords) in a minute, for texts.

        Returns
        -------
        Prompt

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
            return cls._checked(Told("prompts.notes", n=len(what)), what)
        text = str(what).strip()
        if Path(text).suffix.lower() in LABEL_SUFFIXES:
            return cls._checked(Path(text).stem.replace("_", " "), read_labels(text))
        built_in = _built_in(text)
        if built_in is not None:
            return cls._checked(*built_in)
        title, groups = _spoken(text)
        return cls._checked(title, _in_time(groups, bpm))

    def chords(self, *, language: str | None = None) -> list[PromptChord]:
        """The notes that are struck together, group by group, each with its name.

        Parameters
        ----------
        language : str, optional
            As for pianolab.texts.catalogue.language_of.

        Returns
        -------
        list of PromptChord
            In time; a single note is a group too.
        """
        onset, first = self.notes.onset, 0
        found: list[PromptChord] = []
        while first < len(onset):
            n = int(np.searchsorted(onset, onset[first] + CHORD_S)) - first
            names = describe(self.notes.midi[first : first + n], language=language)
            found.append({"first": first, "n": n, **names})
            first += n
        return found

    @classmethod
    def _checked(cls, title: str, notes: Notes) -> "Prompt":
        if not len(notes):
            raise PromptError(Told("prompts.no_notes", title=title))
        if len(notes.on_keyboard()) < len(notes):
            outside = notes[(notes.midi < MIDI_LOW) | (notes.midi > MIDI_HIGH)].names[0]
            raise PromptError(Told("prompts.off_the_piano", title=title, note=outside))
        return cls(title, notes)


def _built_in(name: str) -> tuple[str, Notes] | None:
    """Title and notes of a recording of the built-in set, or None."""
    from pianolab.data import BuiltinError, builtin_index, notes_path

    try:
        entries = {entry["id"]: entry for entry in builtin_index()}
    except BuiltinError:
        return None
    if name not in entries:
        return None
    return Told(f"recordings.{name}"), read_labels(notes_path(entries[name]))


def _spoken(text: str) -> tuple[str, list[list[int]]]:
    """The title, and groups of MIDI numbers that are struck together."""
    first, _, rest = text.partition(" ")
    kind = _IN_ANY_LANGUAGE.get(rest)
    try:
        if kind is None:
            return text, [[parse_note(name) for name in group.split("+")] for group in text.split()]
        lowest, title = parse_note(first), Told("prompts.of_note", note=first, kind=kind)
        if kind in SCALES:
            return title, [[lowest + step] for step in SCALES[kind]]
        return title, [[lowest + step for step in CHORDS[kind]]]
    except ValueError as error:
        kinds = functools.reduce(lambda some, next: Told("prompts.list", some=some, next=next), [*SCALES, *CHORDS])
        raise PromptError(Told("prompts.not_read", text=text, reason=told_by(error), kinds=kinds)) from error


def _in_time(groups: Sequence[Sequence[int]], bpm: float) -> Notes:
    """Notes of which one group is struck on each beat."""
    if not _SLOWEST_BPM <= bpm <= _FASTEST_BPM:
        raise PromptError(Told("prompts.no_tempo", bpm=bpm, least=_SLOWEST_BPM, most=_FASTEST_BPM))
    beat_s = 60.0 / bpm
    onset = np.array([beat_s * beat for beat, group in enumerate(groups) for _ in group])
    return Notes(onset, onset + _HELD * beat_s, np.array([midi for group in groups for midi in group]))
