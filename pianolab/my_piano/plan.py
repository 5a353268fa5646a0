"""What the player is asked for: a moment of silence, then single notes over the keyboard, a few softly and loudly.

The keys are those that a player finds without counting: every C, and G where most music is. The middle comes
first: it tells best how the piano is tuned, and then the ends are expected where they are.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pianolab.dsp.piano_profile import LOUD, MEDIUM, SOFT
from pianolab.roll import Notes
from pianolab.units import note_name

Dynamic = Literal["plain", "soft", "loud"]
VELOCITY: dict[Dynamic, float] = {"soft": SOFT, "plain": MEDIUM, "loud": LOUD}
QUIET_S = 3.0  # The room alone is heard for so long.


@dataclass(frozen=True)
class Asked:
    """One note that is asked for.

    Attributes
    ----------
    midi : int
        The key.
    dynamic : {'plain', 'soft', 'loud'}
        How it is to be struck.

    Examples
    --------
    >>> Asked(60, "soft").name
    'C4'
    """

    midi: int
    dynamic: Dynamic = "plain"

    @property
    def name(self) -> str:
        """Name of the key."""
        return note_name(self.midi)

    @property
    def velocity(self) -> float:
        """The MIDI velocity that it stands for."""
        return VELOCITY[self.dynamic]


PLAN = (
    *(Asked(midi) for midi in (60, 67, 72, 79, 84, 96, 108, 55, 48, 43, 36, 31, 24)),
    *(Asked(midi, dynamic) for midi in (48, 72) for dynamic in ("soft", "loud")),
)


def plan_for(keys: Iterable[int], *, plan: tuple[Asked, ...] = PLAN) -> tuple[Asked, ...]:
    """The plan for an instrument that lacks some of its keys: the nearest ones are asked for instead, each once.

    Parameters
    ----------
    keys : iterable of int
        The keys that are there, MIDI; at least one.
    plan : tuple of Asked

    Returns
    -------
    tuple of Asked

    Examples
    --------
    >>> [asked.name for asked in plan_for(range(48, 85))]
    ['C4', 'G4', 'C5', 'G5', 'C6', 'G3', 'C3', 'C3', 'C3', 'C5', 'C5']
    """
    there = sorted(keys)
    nearest = (Asked(min(there, key=lambda key: abs(key - asked.midi)), asked.dynamic) for asked in plan)
    return tuple(dict.fromkeys(nearest))


def as_notes(plan: tuple[Asked, ...] = PLAN, *, every_s: float = 1.6, held_s: float = 1.2) -> Notes:
    """The scale as a player would play it: a moment of silence, then a note at a time.

    Parameters
    ----------
    plan : tuple of Asked
    every_s, held_s : float
        Seconds from stroke to stroke, and for which a key stays down.

    Returns
    -------
    Notes

    Examples
    --------
    >>> as_notes()[:2].names
    ['C4', 'G4']
    """
    onset = QUIET_S + every_s * np.arange(len(plan))
    midi, velocity = [asked.midi for asked in plan], [asked.velocity for asked in plan]
    return Notes(onset, onset + held_s, np.array(midi), np.array(velocity))
