"""What is to be played, as plain arrays: when each note is due in beats, its key, its bar and its hand.

A page of music says beats, not seconds, and bars, from which players begin again. Notes that are due together are one
step: a chord, or the notes of both hands on one beat. Following and checking go from step to step.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pianolab.errors import PianolabError
from pianolab.roll import Notes

TOGETHER = 1 / 24  # Notes that are due within so many beats of each other are one step.
_NO_HAND = 0


class PartError(PianolabError):
    """Notes that cannot be followed."""


@dataclass(frozen=True, eq=False)
class Part:
    """Notes to be played, in reading order.

    Attributes
    ----------
    beat : (n,) float64
        When each note is due, in beats from the beginning.
    length : (n,) float64
        How long it is held, in beats.
    midi : (n,) int64
        MIDI number.
    bar : (n,) int64
        Number of the bar in the order of playing, from 0.
    hand : (n,) int64
        1 is the right hand, 2 the left one, 0 where nobody knows.
    step : (n,) int64
        Number of the step; notes of one step are due together.

    Examples
    --------
    >>> part = Part.of([0, 0, 1], [1, 1, 1], [60, 64, 62], [0, 0, 1])
    >>> part.step.tolist(), part.keys_of(0)
    ([0, 0, 1], (60, 64))
    """

    beat: NDArray[np.float64]
    length: NDArray[np.float64]
    midi: NDArray[np.int64]
    bar: NDArray[np.int64]
    hand: NDArray[np.int64]
    step: NDArray[np.int64]

    @classmethod
    def of(
        cls, beat: ArrayLike, length: ArrayLike, midi: ArrayLike, bar: ArrayLike, hand: ArrayLike | None = None
    ) -> "Part":
        """Put notes into reading order.

        Parameters
        ----------
        beat, length : (n,) array
            When they are due and how long they are held, beats.
        midi : (n,) array of int
            MIDI numbers.
        bar : (n,) array of int
            Their bars, which never go back.
        hand : (n,) array of int, optional
            1 right, 2 left, 0 unknown (the default).

        Returns
        -------
        Part

        Raises
        ------
        PartError
            If there is no note, or the arrays make no sense together.
        """
        beat, length = np.atleast_1d(np.asarray(beat, float)), np.atleast_1d(np.asarray(length, float))
        midi, bar = np.atleast_1d(np.asarray(midi, np.int64)), np.atleast_1d(np.asarray(bar, np.int64))
        hands = np.full(len(beat), _NO_HAND) if hand is None else np.atleast_1d(np.asarray(hand, np.int64))
        if not len(beat):
            raise PartError("there is no note to be played: give a score with notes")
        if len({len(beat), len(length), len(midi), len(bar), len(hands)}) > 1:
            raise PartError("beats, lengths, keys, bars and hands differ in number: give one of each for every note")
        if not np.all(np.isfinite(beat) & np.isfinite(length) & (beat >= 0) & (length >= 0)):
            raise PartError("a note is due at no beat from 0, or has no length: mend the score")
        order = np.lexsort((midi, np.round(beat / TOGETHER)))
        beat, length = beat[order], length[order]
        midi, bar, hands = midi[order], bar[order], hands[order]
        if np.any(np.diff(bar) < 0):
            raise PartError("a bar comes before one that is played earlier: number bars in the order of playing")
        new = np.diff(beat) > TOGETHER
        return cls(beat, length, midi, bar, hands, np.concatenate([[0], np.cumsum(new)]).astype(np.int64))

    @classmethod
    def of_notes(cls, notes: Notes, *, beat_s: float = 0.5, bar_beats: float = 4.0) -> "Part":
        """Take notes in seconds, such as the labels of a recording, as what is to be played.

        Parameters
        ----------
        notes : Notes
        beat_s : float
            Seconds that are taken for a beat.
        bar_beats : float
            Beats that are taken for a bar.

        Returns
        -------
        Part

        Examples
        --------
        >>> Part.of_notes(Notes([0, 2], [1, 3], [60, 64])).bar.tolist()
        [0, 1]
        """
        beat = notes.onset / beat_s
        together = np.concatenate([[0], np.cumsum(np.diff(beat) > TOGETHER)]) if len(beat) else np.zeros(0, int)
        first = beat[np.searchsorted(together, together)]  # A chord that is rolled over a bar line stays in one bar.
        return cls.of(first, (notes.offset - notes.onset) / beat_s, notes.midi, (first // bar_beats).astype(int))

    def __len__(self) -> int:
        return len(self.beat)

    @property
    def n_steps(self) -> int:
        """How many steps there are."""
        return int(self.step[-1]) + 1

    @property
    def first_notes(self) -> NDArray[np.int64]:
        """Index of the first note of each step, (n_steps,)."""
        return np.searchsorted(self.step, np.arange(self.n_steps))

    def notes_of(self, step: int) -> NDArray[np.int64]:
        """Indices of the notes of a step.

        Parameters
        ----------
        step : int

        Returns
        -------
        (m,) int64 array
        """
        return np.flatnonzero(self.step == step)

    def keys_of(self, step: int) -> tuple[int, ...]:
        """The keys of a step, as MIDI numbers from low to high.

        Parameters
        ----------
        step : int

        Returns
        -------
        tuple of int
        """
        return tuple(sorted({int(key) for key in self.midi[self.step == step]}))

    def at_tempo(self, beats_a_minute: float) -> Notes:
        """The notes as a metronome would play them.

        Parameters
        ----------
        beats_a_minute : float

        Returns
        -------
        Notes
        """
        beat_s = 60.0 / beats_a_minute
        return Notes(self.beat * beat_s, (self.beat + self.length) * beat_s, self.midi)
