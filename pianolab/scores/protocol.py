"""What a score means: how late, how far off in pitch and in length a note may be and still count as right.

Most choices change what a comparison of two notes asks. Three are made before or after it, and a number that does not
say them cannot be compared with another: whether labels are moved to the sound or to what was heard, how much of a
recording counts, and whether a mean is taken over recordings or over all their notes.
"""

from dataclasses import dataclass

import numpy as np

from pianolab.texts.catalogue import Told
from pianolab.texts.choices import ALIGNMENTS, AVERAGES, MATCHINGS, PEDAL_RULES, Alignment, Average, Matching, PedalRule

_CHOICES = {"pedal": PEDAL_RULES, "alignment": ALIGNMENTS, "matching": MATCHINGS, "average": AVERAGES}


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
    alignment : {'none', 'shift', 'drift'}
        Whether the labels are moved first: not at all; by one constant, by which what was heard is later than they
        (`pianolab.scores.alignment.constant_shift`); or piece by piece to the strokes of the sound
        (`pianolab.scores.alignment.find_drift`). The last needs the sound, so the labels are moved by whoever has it;
        the scores only carry it.
    matching : {'most', 'nearest'}
        As many notes as possible are paired, as by mir_eval; or those that lie nearest take each other first.
    excerpt_s : float or None
        Only notes that begin in so many first seconds count; all if None.
    average : {'recordings', 'notes'}
        Whether a mean counts each recording once, or each note. Scores of one recording only carry it.

    Raises
    ------
    ValueError
        If a tolerance is not positive or a choice is unknown.

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
    alignment: Alignment = "none"
    matching: Matching = "most"
    excerpt_s: float | None = None
    average: Average = "recordings"

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name in _CHOICES:
                if value not in _CHOICES[name]:
                    known = ", ".join(_CHOICES[name])
                    raise ValueError(f"{name} {value!r} is unknown: use one of {known}")
            elif name == "excerpt_s":
                if value is not None and not (np.isfinite(value) and value > 0):
                    raise ValueError(f"excerpt_s {value} is no length: use seconds above 0, or None for all")
            elif not (np.isfinite(value) and value > 0):
                raise ValueError(f"{name} {value} is not a tolerance: use a number above 0")

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
            # What is usual is not said: stamps of earlier results stay what they are.
            alignment="" if self.alignment == "none" else Told(f"scores.aligned_{self.alignment}"),
            matching="" if self.matching == "most" else Told(f"scores.matching_{self.matching}"),
            excerpt="" if self.excerpt_s is None else Told("scores.excerpt", seconds=self.excerpt_s),
            average="" if self.average == "recordings" else Told(f"scores.average_{self.average}"),
        )
