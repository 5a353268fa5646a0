"""How right the sustain pedal was heard: when it went down, when it went up, and whether it was down.

In go two lists of times, each with the seconds at which the pedal goes down and up: the truth, such as
`pianolab.labels.read_pedal` reads it from a MIDI file (down from value 64 of 127 on, so a half pedal counts as down),
and what was heard. A heard change is right when it comes within 100 ms of a played one that no other change has taken;
changes down and changes up are scored apart. The frame score asks every 10 ms whether the pedal is down. The tolerance
is wider than that of notes, because a pedal is heard only by what it does to them.

Nothing played and nothing heard is right (1.0); if only one of the two is empty, the score is 0.0. A pedal that is
down at the first or at the last moment goes down or up there like any other. Two stretches that touch or overlap are
one, for a pedal that comes up and goes down in the same moment has not moved.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pianolab.labels.pedal import merged
from pianolab.roll import Notes
from pianolab.scores.frames import frame_counts
from pianolab.scores.ratios import n_times_right, ratios
from pianolab.texts.catalogue import Told

_SOME_KEY = 60  # The frames of the pedal are counted like those of one key, whichever it is.


@dataclass(frozen=True, kw_only=True)
class PedalProtocol:
    """What a score of the pedal means. Its text, ``str(protocol)``, is a stamp that each result row carries.

    Attributes
    ----------
    tolerance_s : float
        A heard change may come this much before or after the played one, seconds.
    frame_hop_s : float
        Grid of the frame score, seconds.

    Raises
    ------
    ValueError
        If one of them is not positive.

    Examples
    --------
    >>> str(PedalProtocol())
    'sustain pedal down and up 100 ms; grid 10 ms'
    """

    tolerance_s: float = 0.1
    frame_hop_s: float = 0.01

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"{name} {value} cannot be used: use seconds above 0")

    def __str__(self) -> str:
        return str(self.told)

    @property
    def told(self) -> Told:
        """The stamp, which can be said in other languages."""
        return Told("scores.pedal_protocol", tolerance_ms=1000 * self.tolerance_s, grid_ms=1000 * self.frame_hop_s)


def score_pedal(
    reference: npt.ArrayLike, estimate: npt.ArrayLike, *, protocol: PedalProtocol | None = None
) -> dict[str, float]:
    """Score a heard pedal against the one that was played.

    Parameters
    ----------
    reference, estimate : (n, 2) array
        Seconds at which the pedal goes down and up, played and heard.
    protocol : PedalProtocol, optional
        Tolerances; the default one if not given.

    Returns
    -------
    dict of str to float
        ``pedal_onset_*`` (going down), ``pedal_offset_*`` (going up) and ``pedal_frame_*`` (down or not), each with
        ``precision``, ``recall`` and ``f1``; ``n_pedal_reference``, ``n_pedal_estimate``.

    Raises
    ------
    LabelError
        If one of them is no list of times.
    PianolabError
        If a time lies so many frames away that they cannot be counted.

    Examples
    --------
    Two pedals, of which the first was heard 60 ms late and let go half a second too early:

    >>> scores = score_pedal([(0.0, 2.0), (3.0, 4.0)], [(0.06, 1.5), (3.0, 4.0)])
    >>> scores["pedal_onset_f1"], scores["pedal_offset_f1"], round(scores["pedal_frame_recall"], 3)
    (1.0, 0.5, 0.813)
    """
    protocol = protocol or PedalProtocol()
    played, heard = merged(reference), merged(estimate)
    scores: dict[str, float] = {}
    for name, column in (("pedal_onset", 0), ("pedal_offset", 1)):
        n_right = n_times_right(played[:, column], heard[:, column], protocol.tolerance_s)
        scores |= ratios(name, n_right, len(played), len(heard))
    scores |= ratios("pedal_frame", *frame_counts(_as_notes(played), _as_notes(heard), protocol.frame_hop_s))
    return scores | {"n_pedal_reference": float(len(played)), "n_pedal_estimate": float(len(heard))}


def _as_notes(pedal: npt.NDArray[np.float64]) -> Notes:
    return Notes(pedal[:, 0], pedal[:, 1], np.full(len(pedal), _SOME_KEY))
