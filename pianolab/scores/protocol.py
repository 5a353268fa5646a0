"""What a score means: how late, how far off in pitch and in length a note may be and still count as right."""

from dataclasses import dataclass

import numpy as np

from pianolab.texts.catalogue import Told
from pianolab.texts.choices import PEDAL_RULES, PedalRule


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """What a score means. Its text, ``str(protocol)``, is a stamp that each result row carries.

    Attributes
    ----------
    onset_tolerance_s : float
        A heard note may begin this much before or after the played one, seconds.
    pitch_tolerance_cents : float
        Allowed pitch difference in cents.
    offset_ratio, offset_min_tolerance_s : float
        A note with offset may end within this share of the played length, or within this time in seconds if
        that is more.
    velocity_tolerance : float
        Allowed difference of velocity after mir_eval's linear fit, as a share of the range that was played.
    pedal : {'release', 'extended'}
        Whether a reference note ends when its key is released or when the sustain pedal lets go of it. The labels
        are read by this rule; the scores only carry it.
    frame_hop_s : float
        Grid of the frame and melody scores, seconds.

    Raises
    ------
    ValueError
        If a tolerance is not positive or the pedal rule is unknown.

    Examples
    --------
    >>> str(Protocol(onset_tolerance_s=0.1))
    'onset 100 ms; pitch 50 c; offset 20 % or 50 ms; velocity 0.1; pedal release; grid 10 ms'
    """

    onset_tolerance_s: float = 0.05
    pitch_tolerance_cents: float = 50.0
    offset_ratio: float = 0.2
    offset_min_tolerance_s: float = 0.05
    velocity_tolerance: float = 0.1
    pedal: PedalRule = "release"
    frame_hop_s: float = 0.01

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name != "pedal" and not (np.isfinite(value) and value > 0):
                raise ValueError(f"{name} {value} is not a tolerance: use a number above 0")
        if self.pedal not in PEDAL_RULES:
            raise ValueError(f"pedal {self.pedal!r} is unknown: use one of {', '.join(PEDAL_RULES)}")

    def __str__(self) -> str:
        return str(self.told)

    @property
    def told(self) -> Told:
        """The stamp, which can be said in other languages."""
        return Told(
            "scores.protocol",
            onset_ms=1000 * self.onset_tolerance_s,
            pitch_cents=self.pitch_tolerance_cents,
            offset_percent=100 * self.offset_ratio,
            offset_ms=1000 * self.offset_min_tolerance_s,
            velocity=self.velocity_tolerance,
            pedal=Told(f"scores.pedal_{self.pedal}"),
            grid_ms=1000 * self.frame_hop_s,
        )
