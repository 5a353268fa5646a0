"""A piece as a sitting needs it, and the passage of it that is practised: notes, and their names on the page."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pianolab.practice.modes import LEFT, RIGHT
from pianolab.practice.page.messages import Hands
from pianolab.practice.part import TOGETHER, Part, PartError

_SLOWEST_BPM, _FASTEST_BPM = 10.0, 400.0  # As a metronome has them.
_SAME = 1e-9


@dataclass(frozen=True, eq=False)
class Piece:
    """A score of the library.

    Attributes
    ----------
    item : int
        Its number in the library.
    title : str
    part : Part
    elements : tuple of str
        What each note of the part is called on the page.
    bar_names : tuple of str
        What stands on the page for each bar, in the order of playing.
    bars : tuple of float
        Where each begins, in quarter notes.
    beats : float
        Length, in quarter notes.
    beats_a_minute : float
        Quarter notes a minute, as written.
    count : float
        What is counted, in quarter notes.
    pedal : tuple of (float, float)
        When the pedal goes down and up, in quarter notes.
    """

    item: int
    title: str
    part: Part
    elements: tuple[str, ...]
    bar_names: tuple[str, ...]
    bars: tuple[float, ...]
    beats: float
    beats_a_minute: float
    count: float
    pedal: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, item: int, said: dict[str, Any]) -> "Piece":
        """The piece of what the engraver says of a score.

        Parameters
        ----------
        item : int
            Its number in the library.
        said : dict
            As `pianolab.practice.facts.engraved` gives it.

        Returns
        -------
        Piece
        """
        rows = said["notes"]
        beat = np.array([note["onset_beats"] for note in rows])
        midi = np.array([note["midi"] for note in rows])
        order = np.lexsort((midi, np.round(beat / TOGETHER)))  # As a Part has them.
        rows = [rows[i] for i in order]
        bars = tuple(float(bar["onset_beats"]) for bar in said["bars"]) or (0.0,)
        beat = beat[order]
        part = Part.of(
            beat,
            [note["offset_beats"] - note["onset_beats"] for note in rows],
            midi[order],
            np.maximum(np.searchsorted(bars, beat, side="right") - 1, 0),
            [RIGHT if note["hand"] == "right" else LEFT for note in rows],
        )
        return cls(
            item,
            said["title"],
            part,
            tuple(note["element"] for note in rows),
            tuple(bar["number"] for bar in said["bars"]) or ("1",),
            bars,
            float(said["beats"]),
            min(max(60.0 * said["beats"] / said["seconds"], _SLOWEST_BPM), _FASTEST_BPM),
            float(said.get("count", 1.0)),
            tuple((float(down), float(up)) for down, up in said["pedal"]),
        )


@dataclass(frozen=True, eq=False)
class Passage:
    """Some bars of a piece, for both hands or one.

    Attributes
    ----------
    piece : Piece
    hands : str
        "both", "right" or "left".
    first_bar, last_bar : int
        In the order of playing, from 0.
    part : Part
        What is to be played. Beats and bars are those of the piece; steps are counted from the passage's beginning.
    elements : tuple of str
        What each of its notes is called on the page.
    other : Part or None
        What the other hand would play,
    other_elements : tuple of str
        and its names on the page.
    """

    piece: Piece
    hands: Hands
    first_bar: int
    last_bar: int
    part: Part
    elements: tuple[str, ...]
    other: Part | None
    other_elements: tuple[str, ...]

    @classmethod
    def of(cls, piece: Piece, *, hands: Hands = "both", first_bar: int = 0, last_bar: int | None = None) -> "Passage":
        """Take a passage out of a piece.

        Parameters
        ----------
        piece : Piece
        hands : {'both', 'right', 'left'}
        first_bar : int
        last_bar : int, optional
            The last one of the piece if not given.

        Returns
        -------
        Passage

        Raises
        ------
        PartError
            If there are no such bars, or nothing is to be played in them.
        """
        end = len(piece.bars) - 1
        last = end if last_bar is None else last_bar
        if not 0 <= first_bar <= last <= end:
            raise PartError(f"there is no passage from bar {first_bar} to {last}: choose from 0 to {end}")
        whole = piece.part
        inside = (whole.bar >= first_bar) & (whole.bar <= last)
        of_hand = np.ones(len(whole), bool) if hands == "both" else whole.hand == (RIGHT if hands == "right" else LEFT)
        played, beside = inside & of_hand, inside & ~of_hand
        if not np.any(played):
            raise PartError("nothing is to be played there: choose other bars, or the other hand")
        other = _taken(whole, beside) if np.any(beside) else None
        part = _taken(whole, played)
        return cls(piece, hands, first_bar, last, part, _names(piece, played), other, _names(piece, beside))

    @property
    def keys(self) -> frozenset[int]:
        """All keys that are needed, as MIDI numbers."""
        return frozenset(self.part.midi.tolist())

    def elements_of(self, step: int, keys: tuple[int, ...] | None = None) -> list[str]:
        """What the notes of a step are called on the page.

        Parameters
        ----------
        step : int
        keys : tuple of int, optional
            Only notes on these keys.

        Returns
        -------
        list of str
        """
        notes = self.part.notes_of(step).tolist()
        return [self.elements[note] for note in notes if keys is None or int(self.part.midi[note]) in keys]

    def beside(self, step: int) -> list[str]:
        """What the other hand has with a step or before the next one, as it is called on the page.

        Parameters
        ----------
        step : int

        Returns
        -------
        list of str
        """
        if self.other is None:
            return []
        first = self.part.first_notes
        begins = -np.inf if step == 0 else self.part.beat[first[step]]
        ends = self.part.beat[first[step + 1]] if step + 1 < len(first) else np.inf
        inside = np.flatnonzero((self.other.beat >= begins - _SAME) & (self.other.beat < ends - _SAME))
        return [self.other_elements[note] for note in inside.tolist()]


def _taken(part: Part, chosen: NDArray[np.bool_]) -> Part:
    return Part.of(part.beat[chosen], part.length[chosen], part.midi[chosen], part.bar[chosen], part.hand[chosen])


def _names(piece: Piece, chosen: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(piece.elements[note] for note in np.flatnonzero(chosen).tolist())
