"""What a player can choose while playing: the detector, its parameters, when a note counts as valid, and the tuning.

A Choice holds these for one detector and refuses what cannot be. ``menu`` lists the detectors with what each declares,
so that the page can offer settings that it knows nothing about.
"""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from pianolab.detector import Detector, Parameter, parameters
from pianolab.errors import PianolabError
from pianolab.live.messages import ChoiceFields, MenuEntry, ParameterEntry
from pianolab.registry import create, load_all, missing
from pianolab.session import default_tracker
from pianolab.texts.catalogue import DEFAULT_LANGUAGE, Told, catalogue, told_by
from pianolab.texts.choices import DEFAULT_DETECTOR
from pianolab.units import A4_HZ, A4_RANGE_HZ

TRACKING = ("threshold", "n_confirm", "onset_threshold")  # A player may change these settings of the tracker.
_PEERS = "pianolab.detectors.peers."
MAX_CONFIRM = 50  # A note waits for no more frames than this; the page offers up to 20.
BEST_SINGLE = (DEFAULT_DETECTOR, "yin")  # These hear one note at a time; the best comes first.
BEST_CHORDS = ("neural", "nmf")  # These hear many notes at once; the best comes first.


class ChoiceError(PianolabError):
    """A choice that cannot be; the message is one line for the player."""


@dataclass(frozen=True)
class Choice:
    """How one detector listens.

    Attributes
    ----------
    detector : str
        Registered name or ``FILE.py:Class``.
    params : dict
        Parameters of the detector; those left out have their defaults.
    tracking : dict of str to float
        ``threshold`` (0 to 1); ``n_confirm`` (frames in a row that make a valid note); and, for many notes at once,
        ``onset_threshold`` (0 to 1: how sure a stroke must be). What is left out suits the detector.
    a4_hz : float
        Frequency to which A4 is tuned, Hz.

    Raises
    ------
    ChoiceError
        If there is no such detector, parameter or value.

    Examples
    --------
    >>> Choice("yin", tracking={"n_confirm": 5}, a4_hz=442)
    Choice(detector='yin', params={}, tracking={'n_confirm': 5}, a4_hz=442)
    """

    detector: str = DEFAULT_DETECTOR
    params: dict[str, Any] = field(default_factory=dict)
    tracking: dict[str, float] = field(default_factory=dict)
    a4_hz: float = A4_HZ

    def __post_init__(self):
        for name, given in (("params", self.params), ("tracking", self.tracking)):
            if not isinstance(given, dict) or not all(isinstance(key, str) for key in given):
                raise ChoiceError(Told("live.no_dictionary", name=name, value=given))
        unknown = [name for name in self.tracking if name not in TRACKING]
        if unknown:
            raise ChoiceError(Told("live.no_such_tracking", name=unknown[0], known=", ".join(TRACKING)))
        low_hz, high_hz = A4_RANGE_HZ
        _refuse_outside(Told("live.set_a4"), self.a4_hz, low_hz, high_hz, Told("live.hz", n=f"{high_hz:g}"))
        for name in {"threshold", "onset_threshold"} & set(self.tracking):
            _refuse_outside(Told(f"live.set_{name}"), self.tracking[name], 0.01, 1.0)
        if "n_confirm" in self.tracking:
            n_confirm = self.tracking["n_confirm"]
            _refuse_outside(Told("live.set_n_confirm"), n_confirm, 1, MAX_CONFIRM, Told("live.frames", n=MAX_CONFIRM))
            if n_confirm != int(n_confirm):
                raise ChoiceError(Told("live.no_whole_number", name=Told("live.set_n_confirm"), value=n_confirm))
            object.__setattr__(self, "tracking", {**self.tracking, "n_confirm": int(n_confirm)})
        self.build()

    def build(self) -> Detector:
        """A new detector with these parameters.

        Returns
        -------
        Detector

        Raises
        ------
        ChoiceError
            If it cannot be made; says why.
        """
        try:
            return create(self.detector, **self.params)
        except Exception as error:  # A detector from anywhere may raise anything.
            told = told_by(error)
            raise ChoiceError(told if isinstance(told, Told) else Told("live.cannot_listen", reason=told)) from error

    def as_message(self) -> ChoiceFields:
        """The choice as a dictionary for JSON."""
        return ChoiceFields(**asdict(self))


def choices_of(given: str | Choice | Iterable[str | Choice] | None) -> list[Choice]:
    """One detector or several, by name or as a Choice, as a list.

    Parameters
    ----------
    given : str, Choice, iterable of these, or None
        None, or none at all, stands for the best detector of one note at a time.

    Returns
    -------
    list of Choice

    Raises
    ------
    ChoiceError
        If there is no such detector.

    Examples
    --------
    >>> [choice.detector for choice in choices_of(["yin", Choice("cqt")])]
    ['yin', 'cqt']
    """
    if given is None:
        return [Choice()]
    listed = given if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    return [one if isinstance(one, Choice) else Choice(one) for one in listed] or [Choice()]


def _refuse_outside(name: Told, value: object, low: float, high: float, limit: str = ""):
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not low <= number <= high:
        raise ChoiceError(Told("live.outside", name=name, value=value, low=f"{low:g}", high=limit or f"{high:g}"))


def menu(extra: Iterable[str] = ()) -> list[MenuEntry]:
    """What the player can choose from.

    Parameters
    ----------
    extra : iterable of str
        Detectors from outside the package, ``FILE.py:Class``.

    Returns
    -------
    list of MenuEntry
        One for each detector that can answer while one plays, and one for each file that cannot be imported. A system
        of others that is not installed is left out: it concerns no player. Texts are Told where they can be said in
        other languages; a detector from outside has its own summary.
    """
    found, failures = load_all()
    entries = [_entry(name, cls) for name, cls in found.items() if not cls.whole_recording]
    entries = [entry for entry in entries if not (entry["reason"] and _is_peer(found[entry["name"]]))]
    entries += [_entry(spec, type(create(spec))) for spec in extra]
    return entries + [_broken(name, Told("live.cannot_be_imported", reason=why)) for name, why in failures.items()]


def _entry(name: str, cls: type[Detector]) -> MenuEntry:
    reason = missing(cls)
    if reason:
        return _broken(name, Told("live.cannot_run", reason=reason))
    tracking = default_tracker(cls()).tracking
    ours = f"detectors.summary_{name}" in catalogue(DEFAULT_LANGUAGE)
    shown = [parameter for parameter in parameters(cls).values() if _is_shown(parameter)]
    labels = {one.name: Told(f"detectors.set_{one.name}") for one in shown if ours}
    return {
        "name": name,
        "summary": Told(f"detectors.summary_{name}") if ours else cls.summary,
        "polyphonic": cls.polyphonic,
        "reason": "",
        "parameters": [_parameter(one, labels.get(one.name, one.name)) for one in shown],
        "threshold": tracking.threshold,
        "n_confirm": tracking.n_confirm,
        "onset_threshold": tracking.onset_threshold,
    }


def _is_peer(cls: type[Detector]) -> bool:
    return cls.__module__.startswith(_PEERS)


def _broken(name: str, reason: str) -> MenuEntry:
    return {"name": name, "summary": "", "polyphonic": False, "reason": reason, "parameters": []}


def _is_shown(parameter: Parameter) -> bool:
    """Whether a page can offer it. Free text it cannot: that may be a path on the kernel's machine."""
    return parameter.kind in (bool, int, float) or bool(parameter.choices)


def _parameter(parameter: Parameter, label: str) -> ParameterEntry:
    return {
        "name": parameter.name,
        "label": label,
        "default": parameter.default,
        "kind": parameter.kind.__name__,
        "choices": list(parameter.choices),
        "least": parameter.between and parameter.between.least,
        "most": parameter.between and parameter.between.most,
    }


def modes(entries: Iterable[MenuEntry]) -> dict[str, str]:
    """The two ways to listen, each with the detector that it begins with.

    Parameters
    ----------
    entries : iterable of MenuEntry
        As ``menu`` makes them.

    Returns
    -------
    dict of str to str
        The name of a detector for 'single' and for 'chords'. A way that no detector can take is left out.
    """
    ready = [entry for entry in entries if not entry["reason"]]
    found = {}
    for mode, polyphonic, best_first in (("single", False, BEST_SINGLE), ("chords", True, BEST_CHORDS)):
        names = [entry["name"] for entry in ready if entry["polyphonic"] == polyphonic]
        ranked = [name for name in best_first if name in names] or names
        if ranked:
            found[mode] = ranked[0]
    return found
