"""What every policy of the tracker shares: it hears one row of evidence and answers with the changes it is sure of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Kind = Literal["on", "off", "revised"]


@dataclass(frozen=True, eq=False)
class Row:
    """One row of Salience.

    Attributes
    ----------
    time_s, level_db : float
        Time in seconds, level in dBFS.
    strength : (88,) float32
        How surely each key sounds, in [0, 1].
    onset : (88,) or (1,) float32, optional
        Evidence that the key, or any key, was struck, in [0, 1].
    offset, velocity : (88,) float32, optional
        Evidence of a release in [0, 1]; velocity 0..127 if struck here.
    struck : callable, optional
        Computes the evidence that what sounds at each key is a struck string: (88,) float32 in [0, 1].
    hz : (88,) float32, optional
        Frequency of each key that sounds, Hz; NaN where it is not known.
    partials_db : (88,) float32, optional
        How loud the first partials of each key are, dBFS.
    """

    time_s: float
    level_db: float
    strength: NDArray[np.float32]
    onset: NDArray[np.float32] | None = None
    offset: NDArray[np.float32] | None = None
    velocity: NDArray[np.float32] | None = None
    struck: Callable[[], NDArray[np.float32]] | None = None
    hz: NDArray[np.float32] | None = None
    partials_db: NDArray[np.float32] | None = None

    @property
    def best_key(self) -> int:
        """Index of the strongest key; -1 where all strengths are 0."""
        key = int(np.argmax(self.strength))
        return key if self.strength[key] > 0 else -1

    def velocity_of(self, key: int) -> float:
        """Velocity 0..127 of a key, NaN where the detector has none.

        Parameters
        ----------
        key : int
            Index, 0..87.

        Returns
        -------
        float
        """
        return np.nan if self.velocity is None else float(self.velocity[key])


@dataclass(frozen=True)
class Change:
    """A note begun, ended or renamed.

    Attributes
    ----------
    kind : {'on', 'off', 'revised'}
    time_s : float
        Onset of the note in seconds; of 'off' its offset.
    key : int
        Index of its key, 0..87.
    velocity, confidence : float
        Of 'on': 0..127 or NaN, and how sure it is, in [0, 1]. Of 'revised': the confidence. NaN where it says nothing.
    support : float
        What else speaks for the note: with one voice the evidence of its stroke, with many the strength
        of its key, in [0, 1]. NaN where it is not known.
    struck : float
        How surely a struck string sounds, in [0, 1]. NaN where nobody has asked; then the evidence of the row counts.
    rise_db : float
        Of 'on': by how much the partials of a key that sounded rose at a new stroke, dB. NaN where it is not known.
    former_key : int
        Of 'revised': the key by which the note was known until now.
    """

    kind: Kind
    time_s: float
    key: int
    velocity: float = np.nan
    confidence: float = np.nan
    support: float = np.nan
    struck: float = np.nan
    rise_db: float = np.nan
    former_key: int = -1


class Policy(Protocol):
    """Decides when notes begin and end. At most one note of a key sounds at a time."""

    def step(self, row: Row) -> Sequence[Change]:
        """Hear the next row.

        Parameters
        ----------
        row : Row

        Returns
        -------
        sequence of Change
            What became certain, in order.
        """
        ...

    def flush(self, end_s: float) -> Sequence[Change]:
        """End the notes that still sound.

        Parameters
        ----------
        end_s : float
            End of the stream, seconds.

        Returns
        -------
        sequence of Change
        """
        ...
