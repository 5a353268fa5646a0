"""What can make a recording worse, for users to choose from: kinds, how strong each can be, and what can be named.

It stands low and imports nothing of ours, so that text can be read and refused before anything slow is loaded. What the
kinds do to a sound stands in `pianolab.piano.steps`.
"""

from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of step.

    Attributes
    ----------
    setting, unit : str
        What its strength is called, and its unit; the unit is empty for a pure number.
    low, high : float
        Least and greatest strength.
    neutral : float or None
        The strength that changes nothing; None where the greatest strength still changes something.
    sources : tuple of str
        What can be named instead of a file; the first is taken where nothing is named.
    takes_files : bool
        Whether a sound file, or a folder of them, can be named.
    """

    setting: str
    unit: str
    low: float
    high: float
    neutral: float | None
    sources: tuple[str, ...] = ()
    takes_files: bool = False


_NOISES = ("pink", "white", "brown", "hum", "knocks", "steps", "clinks", "room_tone", "mixed")

# In the order in which they act.
KINDS = {
    "detune": Kind("cents", "cents", -200.0, 200.0, 0.0),
    "room": Kind("t60", "s", 0.05, 10.0, 0.0, ("rule",), takes_files=True),
    "speech": Kind("snr", "dB", -100.0, 200.0, None, ("rule", "espeak"), takes_files=True),
    "noise": Kind("snr", "dB", -100.0, 200.0, None, _NOISES, takes_files=True),
    "level": Kind("db", "dB", -120.0, 0.0, 0.0),
    "clip": Kind("db", "dB", 0.0, 40.0, 0.0),
    "codec": Kind("quality", "", 0.0, 1.0, None, ("vorbis", "mp3")),
}


class Step(NamedTuple):
    """One change of a sound.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    source : str
        One of the kind's sources, or a sound file; '' where the kind has none.
    strength : float
        In the unit of the kind. Of a measured room it is how long that rings, and changes nothing.
    """

    kind: str
    source: str
    strength: float

    @property
    def is_file(self) -> bool:
        """Whether its source is a sound file."""
        return self.source not in ("", *KINDS[self.kind].sources)


def detune_ratio(cents: float, *, sr: int) -> float:
    """By how much a detuned recording is faster: what was at time t is at t / ratio.

    Parameters
    ----------
    cents : float
    sr : int
        Hz.

    Returns
    -------
    float
        Nearly ``2 ** (cents / 1200)``.

    Examples
    --------
    >>> round(detune_ratio(50.0, sr=44100), 4)
    1.0293
    """
    return sr / round(sr / 2.0 ** (cents / 1200.0))
