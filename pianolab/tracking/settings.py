"""The settings of a tracker, named once.

A detector suggests some of them, because a threshold means something only for the evidence that it was chosen on. The
caller may say otherwise. Whatever nobody names has the default below.
"""

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from pianolab.errors import PianolabError, nearest, printable

POLICIES = ("mono", "poly")

# Lowest and highest value of each number. A delay may be negative: evidence may rise before the stroke.
_RANGES = {
    **dict.fromkeys(
        ("threshold", "onset_threshold", "sure_onset_threshold", "offset_threshold", "ghost_share"), (0, 1)
    ),
    **dict.fromkeys(("pedal_threshold", "pedal_up_threshold", "struck_threshold", "sure_threshold"), (0, 1)),
    **dict.fromkeys(("n_confirm", "n_release"), (1, math.inf)),
    **dict.fromkeys(("n_wait", "release_db", "min_gap_s", "pedal_min_s", "pedal_change_s"), (0, math.inf)),
    **dict.fromkeys(("struck_wait_s", "struck_late_s"), (0, math.inf)),
    **dict.fromkeys(("sure_base", "sure_own", "sure_support", "sure_struck", "sure_prompt"), (-math.inf, math.inf)),
    **dict.fromkeys(
        ("silence_db", "onset_delay_s", "offset_delay_s", "pedal_delay_s", "pedal_up_delay_s"), (-math.inf, math.inf)
    ),
}


class TrackingError(PianolabError):
    """A setting that the tracker lacks or a value that it cannot use; the message names what would be right."""


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """When evidence is a note, and when it ends.

    Attributes
    ----------
    policy : {'mono', 'poly'}
        One note at a time, or any number.
    threshold : float
        A key sounds in a row where its strength reaches this, above 0 and up to 1.
    n_confirm : int
        Rows in a row that make a note of a key, where keys have no onset evidence of their own.
    n_release : int
        Rows in a row without the key that end its note.
    silence_db : float
        Nothing sounds in a row below this level, dBFS.
    release_db : float
        A note ends when the level has fallen this far below its loudest row.
    onset_threshold : float
        Onset evidence from which a key was struck, in [0, 1]. It also separates repeated notes.
    min_gap_s : float
        Two onsets of one key are at least this far apart, seconds.
    onset_delay_s : float
        Taken off the time of every onset, seconds: so late does the detector's evidence rise.
    onset_rows : {1, 3}
        What must reach ``onset_threshold``: the peak, or the mean of the peak and its two neighbours. Where the moment
        of a stroke is unsure, its evidence is lower and wider. This and all that follows is for policy 'poly' with
        onset evidence for each key.
    n_wait : int
        A struck key must sound in the row after its onset, or at most so many rows later.
    sure_onset_threshold : float
        An onset whose evidence lies above this needs no strength; 1 turns it off.
    ghost_share : float
        The partials of a struck key may look like strokes an octave, a twelfth or two octaves above it. Such an onset
        must reach this share of the lower key's evidence; 0 turns it off.
    offset_threshold : float
        Release evidence whose peak reaches this ends a note, in [0, 1].
    offset_delay_s : float
        Taken off the time of every offset, seconds.
    pedal_threshold, pedal_up_threshold : float
        The sustain pedal goes down where its evidence reaches the first, and up where it falls below the second, in
        [0, 1]. This and all that follows is for detectors with pedal evidence.
    pedal_min_s : float
        A change of the pedal is told when it has lasted so long, seconds; one that does not is none.
    pedal_delay_s, pedal_up_delay_s : float
        Taken off the time at which the pedal goes down, and up, seconds.
    pedal_change_s : float
        Who changes the pedal puts it down so long after it went up, seconds; 0 if nothing is known of that.
    sure_base, sure_own, sure_support, sure_struck, sure_prompt : float
        How the evidence of a note becomes its confidence; see `pianolab.tracking.certainty`. As they are by default the
        evidence that the policy names is the confidence. This is for every policy.
    sure_threshold : float
        Confidence from which a note is told, in [0, 1]. One that has less waits for a better name; where none comes it
        is not told. 0 turns this off. This is for every policy.
    struck_threshold : float
        Evidence of a struck string from which a note is told, in [0, 1]. What has less is a voice, a knock or a hum,
        and is turned away. 0 turns this off. This and the next two are for every policy.
    struck_wait_s : float
        So long a note waits for such evidence, seconds.
    struck_late_s : float
        So long after that it is still asked for more evidence before it is turned away, seconds.

    Raises
    ------
    TrackingError
        For a value out of range.

    Examples
    --------
    >>> Tracking(policy="poly").delay_rows
    1
    >>> Tracking(n_confirm=5).delay_rows
    4
    """

    policy: Literal["mono", "poly"] = "mono"
    threshold: float = 0.5
    n_confirm: int = 3
    n_release: int = 4
    silence_db: float = -60.0
    release_db: float = 40.0
    onset_threshold: float = 0.5
    min_gap_s: float = 0.05
    onset_delay_s: float = 0.0
    onset_rows: int = 1
    n_wait: int = 0
    sure_onset_threshold: float = 1.0
    ghost_share: float = 0.0
    offset_threshold: float = 0.5
    offset_delay_s: float = 0.0
    pedal_threshold: float = 0.5
    pedal_up_threshold: float = 0.4
    pedal_min_s: float = 0.04
    pedal_delay_s: float = 0.0
    pedal_up_delay_s: float = 0.0
    pedal_change_s: float = 0.0
    sure_base: float = 0.0
    sure_own: float = 1.0
    sure_support: float = 0.0
    sure_struck: float = 0.0
    sure_prompt: float = 0.0
    sure_threshold: float = 0.0
    struck_threshold: float = 0.0
    struck_wait_s: float = 0.12
    struck_late_s: float = 0.0

    def __post_init__(self) -> None:
        if self.policy not in POLICIES:
            raise TrackingError(f"tracker policy {self.policy!r} is unknown: use one of {', '.join(POLICIES)}")
        for name, (least, most) in _RANGES.items():
            _refuse_outside(name, getattr(self, name), least, most)
        if self.threshold == 0:
            raise TrackingError("threshold 0 lets every key sound always: use a number above 0, up to 1")
        if self.pedal_up_threshold > self.pedal_threshold:
            raise TrackingError(
                f"pedal_up_threshold {self.pedal_up_threshold} lies above pedal_threshold {self.pedal_threshold}: "
                "the pedal would be down and up at once; use a lower one"
            )
        if self.onset_rows not in (1, 3):
            raise TrackingError(f"onset_rows {self.onset_rows!r} is not 1 (the peak) or 3 (the rows around it too)")
        for name in ("n_confirm", "n_release", "n_wait", "onset_rows"):
            object.__setattr__(self, name, int(getattr(self, name)))  # It may have come as 3.0, or as NumPy's 3.

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Tracking":
        """Settings from names that come from elsewhere: a detector, a file, a caller.

        Parameters
        ----------
        settings : mapping of str -> value
            Some of the attributes.

        Returns
        -------
        Tracking

        Raises
        ------
        TrackingError
            For a name that is none of the attributes, or a value out of range.

        Examples
        --------
        >>> Tracking.of({"n_confirm": 5}).n_confirm
        5
        >>> Tracking.of({"n_confrim": 5})
        Traceback (most recent call last):
        pianolab.tracking.settings.TrackingError: the tracker has no setting 'n_confrim': did you mean n_confirm?
        """
        known = [field.name for field in fields(cls)]
        for name in settings:
            if name not in known:
                hint = nearest(str(name), known, otherwise=f": use {', '.join(known)}")
                raise TrackingError(f"the tracker has no setting '{printable(str(name))}'{hint}")
        return cls(**settings)

    @property
    def delay_rows(self) -> int:
        """Rows that must be heard after the one of an onset before its note can be announced.

        With policy 'poly' it is one, because a peak shows in the row after it. With 'mono' it is as many as confirm
        a note.
        """
        return 1 if self.policy == "poly" else max(self.n_confirm - 1, 1)


def _refuse_outside(name: str, value: Any, least: float, most: float) -> None:
    counts = name.startswith("n_")
    usable = isinstance(value, numbers.Real) and least <= float(value) <= most
    if not usable or (counts and not float(value).is_integer()):
        limits = [f"at least {least}"] * math.isfinite(least) + [f"at most {most}"] * math.isfinite(most)
        kind = "a whole number" if counts else "a number"
        raise TrackingError(f"{name} {value!r} cannot be used: give {kind} {' and '.join(limits)}".rstrip())
