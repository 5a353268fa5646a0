"""Bass, tenor, middle and treble: how each part of the keyboard is heard."""

from typing import TypedDict

import numpy as np

from pianolab.roll import Notes
from pianolab.scores.alignment import as_scored
from pianolab.scores.matching import match
from pianolab.scores.protocol import Protocol

REGISTERS = {"A0-B1": (21, 35), "C2-B3": (36, 59), "C4-B5": (60, 83), "C6-C8": (84, 108)}


class RegisterScore(TypedDict):
    """Notes of one register.

    Attributes
    ----------
    hits, missed, extra : int
        Notes that were found, played but not heard, heard but not played.
    f1 : float
        NaN where nothing was played or heard.
    """

    hits: int
    missed: int
    extra: int
    f1: float


def register_of(midi: float) -> str:
    """Name of the register of a key.

    Parameters
    ----------
    midi : int
        MIDI number.

    Returns
    -------
    str
        One of `REGISTERS`; beyond the keyboard, the nearest one.

    Examples
    --------
    >>> register_of(60)
    'C4-B5'
    """
    return next((name for name, (_, high) in REGISTERS.items() if midi <= high), list(REGISTERS)[-1])


def by_register(reference: Notes, estimate: Notes, *, protocol: Protocol | None = None) -> dict[str, RegisterScore]:
    """How many notes of each register were played, heard and found (key and onset).

    Parameters
    ----------
    reference, estimate : Notes
        What was played and what was heard.
    protocol : Protocol, optional
        Tolerances; the default Protocol if not given.

    Returns
    -------
    dict of str to RegisterScore
        For each of `REGISTERS`.

    Examples
    --------
    >>> played, heard = Notes([0.0, 1.0], [0.9, 1.9], [60, 61]), Notes([0.0], [0.9], [60])
    >>> by_register(played, heard)["C4-B5"]
    {'hits': 1, 'missed': 1, 'extra': 0, 'f1': 0.6666666666666666}
    """
    reference, estimate, _ = as_scored(reference, estimate, protocol or Protocol())
    pairs = match(reference, estimate, protocol=protocol)
    edges = [low for low, _ in REGISTERS.values()][1:]
    counts = [
        np.bincount(np.digitize(midi, edges), minlength=len(REGISTERS))
        for midi in (reference.midi[pairs[:, 0]], reference.midi, estimate.midi)
    ]
    return {
        name: {
            "hits": int(hits),
            "missed": int(played - hits),
            "extra": int(heard - hits),
            "f1": float(2 * hits / (played + heard)) if played + heard else np.nan,
        }
        for name, hits, played, heard in zip(REGISTERS, *counts, strict=True)
    }
