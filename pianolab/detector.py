"""The contract that every note detector keeps.

A detector takes spans of frames and answers with Salience: how strongly each of the 88 keys sounds in each
frame. It gives evidence only; the tracker decides what is a note. Settings are keyword-only constructor arguments
with defaults, so that the command line, the comparison and the live view can offer them without knowing the
detector. A detector says all it was given: its params, its repr and its spec text hold every setting that differs
from the default, however it was made.
"""

import inspect
import math
import sys
import typing
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NoReturn, Self, TypeVar

import numpy as np

from pianolab.errors import PianolabError, nearest
from pianolab.frames import Span
from pianolab.roll import Salience
from pianolab.texts.catalogue import Told
from pianolab.units import A4_HZ

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Settings = TypeVar("Settings", bound="DataclassInstance")

_KINDS = {bool: "True or False", int: "a whole number (int)", float: "a number (float)"}
_LATE_S = 1e-6  # So much may the time of a row be rounded.
_REGISTRY = "pianolab.detectors."  # Modules there are found by name, all others by their file.


class DetectorError(PianolabError):
    """An unknown detector, parameter or value; the message names what would be right."""


class Detector:
    """Base class: say what you are, then turn spans into Salience.

    Attributes
    ----------
    name, summary : str
        Registered name and one line of description.
    polyphonic : bool
        Whether several keys may be strong in one frame.
    sr : int
        The rate it wants, Hz; the session resamples to it.
    frame_length, hop_length : int
        Longest window and step in samples at ``sr``.
    lookahead : int
        Samples at ``sr`` that a frame needs from its own sample on; half a frame unless stated.
    onset_delay_s : float
        How much later than the true onset this detector's evidence rises; the tracker subtracts it.
        Fitted on `tune` recordings by ``pianolab fit-delay``.
    tracking : mapping of str to float or str
        Settings of the tracker that suit this detector (chosen on `tune` recordings).
    a4_hz : float or str
        How the piano is tuned, Hz, or ``"auto"``: what the session measures. The session sees to it for every detector,
        which hears a piano at 440 Hz: ``create("yin:a4_hz=442")``, ``create("neural", a4_hz="auto")``.
    my_piano : PianoProfile or None
        What was learnt of the piano (pianolab.dsp.piano_profile); the session sees to it for every detector:
        ``create("yin:my_piano=FILE")``.
    weights : Path or None
        File of learnt weights, part of the cache key of estimates.
    peer : bool
        Whether it wraps a system of others: a comparison then has it only when it is asked for by name.
    whole_recording : bool
        Whether it answers only at the end of the stream, so that it is of no use live.
    """

    name: str = ""
    summary: str = ""
    polyphonic: bool = False
    sr: int = 44100
    frame_length: int = 2048
    hop_length: int = 512
    onset_delay_s: float = 0.0
    tracking: Mapping[str, float | str] = {}
    a4_hz: float | str = A4_HZ
    my_piano: Any = None
    weights: Path | None = None
    peer: ClassVar[bool] = False
    whole_recording: ClassVar[bool] = False

    _given: dict[str, Any]

    def __new__(cls, *_args: object, **given: object) -> Self:
        # The settings are kept here because this runs before any constructor, and sees what the caller wrote even
        # where a subclass hands other settings on to its base. Copies are made without settings and then get them.
        _refuse_by_place(cls)
        declared = parameters(cls) if given else {}
        for name in filter(declared.__contains__, given):
            _refuse_other_kind(cls, given[name], declared[name])
        detector = super().__new__(cls)
        detector._given = given
        return detector

    def __init__(self) -> None:
        # object's constructor would take any settings in silence, because __new__ does.
        pass

    @property
    def lookahead(self) -> int:
        """Samples at ``sr`` that a frame needs from its own sample on."""
        return self.frame_length - self.frame_length // 2

    def reset(self) -> None:
        """Forget the stream heard so far."""

    def process(self, span: Span) -> Salience:
        """Salience of the frames in ``span`` (a detector with its own delay may answer later rows later).

        Parameters
        ----------
        span : pianolab.frames.Span

        Returns
        -------
        Salience
        """
        raise NotImplementedError(f"{type(self).__name__} must implement process(span) -> Salience")

    def flush(self) -> Salience:
        """The rows still owed at the end of the stream."""
        return Salience.empty()

    @property
    def params(self) -> dict[str, Any]:
        """The settings that differ from their defaults, as a dict in the order in which the class declares them.

        Examples
        --------
        >>> from pianolab.detectors.yin import Yin
        >>> Yin(threshold=0.2, octave_cost=1).params
        {'threshold': 0.2}
        """
        declared = parameters(type(self))
        given = {name: _as_declared(self._given[name], declared[name]) for name in declared if name in self._given}
        found = {name: value for name, value in given.items() if _differs(value, declared[name].default)}
        if "a4_hz" not in declared and self.a4_hz != A4_HZ:
            found["a4_hz"] = self.a4_hz
        if self.my_piano is not None and "my_piano" not in declared:
            found["my_piano"] = self.my_piano.path or self.my_piano
        return found

    @property
    def spec(self) -> str:
        """Text that ``pianolab.registry.create`` turns into an equal detector, also in another process.

        Raises
        ------
        DetectorError
            If there is no such text: the class stands in no file that can be imported, or a setting is no plain value.

        Examples
        --------
        >>> from pianolab.detectors.yin import Yin
        >>> Yin(threshold=0.2).spec
        'yin:threshold=0.2'
        """
        for key, value in self.params.items():
            text = str(value)
            if not isinstance(value, bool | int | float | str | None) or "," in text or text != text.strip():
                raise DetectorError(f"{key}={value!r} of {self!r} cannot be written as text: hand over the detector")
        return spec_text(_address(type(self)), self.params)

    def __repr__(self) -> str:
        return spec_text(_short_name(type(self)), self.params)


def _short_name(cls: type[Detector]) -> str:
    return vars(cls).get("name") or cls.__name__


def _address(cls: type[Detector]) -> str:
    """The name of a registered class, FILE.py:Class of one at the top of another file."""
    if cls.__module__.startswith(_REGISTRY):
        return cls.name
    module = sys.modules.get(cls.__module__)
    file = getattr(module, "__file__", None)
    # A script is not imported again: it would do all its work once more.
    if file is None or cls.__module__ == "__main__" or getattr(module, cls.__name__, None) is not cls:
        raise DetectorError(f"{cls.__name__} stands in no file that can be imported: write it to a file FILE.py")
    return f"{file}:{cls.__name__}"


class RowCheck:
    """Holds a detector to its word while it hears: one row a frame, in order, with values that can be used.

    Parameters
    ----------
    detector : Detector

    Examples
    --------
    >>> from pianolab.registry import create
    >>> RowCheck(create("yin")).of("three")
    Traceback (most recent call last):
    pianolab.detector.DetectorError: yin gave a str: process and flush must return a Salience
    """

    def __init__(self, detector: Detector):
        self.detector = detector
        self.n_frames = self.n_rows = 0
        self.until_s = self.latest_s = -math.inf

    def asked(self, span: Span) -> None:
        """Note what the detector is given.

        Parameters
        ----------
        span : pianolab.frames.Span
        """
        self.n_frames += span.n_frames
        self.until_s = float(span.times[-1])

    def of(self, answer: object) -> Salience:
        """Look at what the detector gave.

        Parameters
        ----------
        answer : object
            What ``process`` or ``flush`` returned.

        Returns
        -------
        Salience

        Raises
        ------
        DetectorError
            If it breaks the contract; names the value.
        """
        if not isinstance(answer, Salience):
            self._refuse(f"a {type(answer).__name__}: process and flush must return a Salience")
        if nonsense := answer.nonsense:
            self._refuse(nonsense)
        if not len(answer):
            return answer
        self.n_rows += len(answer)
        first_s, last_s = float(answer.times[0]), float(answer.times[-1])
        if first_s <= self.latest_s:
            self._refuse(f"time {first_s:.3f} s after {self.latest_s:.3f} s: give one row a frame, in order")
        if first_s < 0 or last_s > self.until_s + _LATE_S:
            bad_s = first_s if first_s < 0 else last_s
            self._refuse(f"time {bad_s:.3f} s when it had heard until {self.until_s:.3f} s: give the times of the span")
        self.latest_s = last_s
        return answer

    def at_the_end(self) -> None:
        """Look whether there was a row for each frame.

        Raises
        ------
        DetectorError
            If there were more or fewer.
        """
        if self.n_rows != self.n_frames:
            self._refuse(f"{self.n_rows} rows for {self.n_frames} frames: give one row a frame, the last ones in flush")

    def _refuse(self, what: str) -> NoReturn:
        raise DetectorError(f"{self.detector!r} gave {what}")


@dataclass(frozen=True)
class Between:
    """The numbers that a setting can be, as its annotation says: ``n: Annotated[int, Between(1, 100)] = 10``.

    A number outside is refused before the constructor runs, so that no length or count can exhaust the memory.

    Attributes
    ----------
    least, most : float
        Both can be given.
    """

    least: float
    most: float


FRAME_LENGTHS = Between(2, 32768)  # Samples: 0.74 s at 44.1 kHz, more than any key of a piano needs.
HOP_LENGTHS = Between(1, 16384)  # Samples: half of the longest frame.


@dataclass(frozen=True)
class Parameter:
    """One setting of a detector.

    Attributes
    ----------
    name : str
    default : object
        `inspect.Parameter.empty` where it must be given.
    kind : type
        bool, int, float or str where the annotation has one of them, else the type of the default.
    choices : tuple
        The allowed values of a Literal; empty for all others.
    between : Between or None
        The allowed numbers, where the annotation says them.
    """

    name: str
    default: Any
    kind: type
    choices: tuple[Any, ...] = ()
    between: Between | None = None


def parameters(cls: type[Detector]) -> dict[str, Parameter]:
    """The settings that a detector class declares, in order.

    Parameters
    ----------
    cls : type
        A class whose constructor hands ``**others`` on to its base has those of its base as well.

    Returns
    -------
    dict of str to Parameter

    Examples
    --------
    >>> from pianolab.detectors.nmf import Nmf
    >>> parameters(Nmf)["preset"].choices
    ('piano', 'rules', 'textbook')
    """
    found: dict[str, Parameter] = {}
    for owner in (owner for owner in cls.__mro__ if "__init__" in vars(owner)):
        signature = _signature(owner.__init__)
        for name, parameter in signature.parameters.items():
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY and name not in found:
                found[name] = _declared(parameter)
        if not any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in signature.parameters.values()):
            break
    return found


def _refuse_by_place(cls: type[Detector]) -> None:
    """Refuse a constructor whose settings would be missing in what the detector says of itself."""
    _, *taken = inspect.signature(cls.__init__).parameters.values()  # The first is the detector itself.
    for one in taken:
        if one.kind not in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD):
            raise DetectorError(f"{cls.__name__} takes {one.name} by place: write a * before it in its constructor")


def _signature(function):
    try:
        return inspect.signature(function, eval_str=True)
    except Exception:  # An annotation may be text that names something that is not imported.
        return inspect.signature(function)


def _declared(parameter: inspect.Parameter) -> Parameter:
    annotation = parameter.annotation
    if typing.get_origin(annotation) is Literal:
        choices = typing.get_args(annotation)
        return Parameter(parameter.name, parameter.default, type(choices[0]), choices)
    kinds, between = _allowed(annotation)
    return Parameter(parameter.name, parameter.default, kinds[0] if kinds else type(parameter.default), (), between)


def _allowed(annotation: Any) -> tuple[list[type], Between | None]:
    """The kinds that an annotation names, such as int of ``Annotated[int, Between(1, 9)] | None``, and its Between."""
    alternatives = [annotation] if typing.get_origin(annotation) is Annotated else typing.get_args(annotation)
    kinds, between = [], None
    for one in (annotation, *alternatives):
        if typing.get_origin(one) is Annotated:
            one, *remarks = typing.get_args(one)
            between = next((remark for remark in remarks if isinstance(remark, Between)), between)
        if one in (bool, int, float, str):
            kinds.append(one)
    return kinds, between


def _refuse_other_kind(cls: type[Detector], value: Any, parameter: Parameter) -> None:
    """Refuse what the registry would refuse of text: no choice, no number, no whole number."""
    where = f"{_short_name(cls)}:{parameter.name}={value}"
    if parameter.choices and value not in parameter.choices:
        choices = [str(choice) for choice in parameter.choices]
        hint = nearest(str(value), choices, otherwise=": use " + " or ".join(choices))
        raise DetectorError(f"{where} is not a choice{hint}")
    is_text = isinstance(value, str) and parameter.kind in (bool, int, float)
    broken = isinstance(value, float | np.floating) and (parameter.kind is int or math.isnan(value))
    missing = value is None and parameter.default is not None and parameter.kind in (bool, int, float)
    has_no_size = parameter.between is not None and not isinstance(value, int | float | np.number | None)
    if is_text or broken or missing or has_no_size:
        raise DetectorError(f"{where}: give {_KINDS.get(parameter.kind, 'another value')}")
    if parameter.between is not None:
        refuse_outside(parameter.between.least, parameter.between.most, **{parameter.name: value})


def refuse_outside(least: float, most: float, **given: Any) -> None:
    """Refuse numbers that a detector cannot use.

    Parameters
    ----------
    least, most : float
        The lowest and the highest that it can.
    **given
        Settings by name, each a number; None is none.

    Raises
    ------
    DetectorError
        Names the first that lies outside, and what can be given.

    Examples
    --------
    >>> refuse_outside(0.0, 1.0, threshold=-1.0)
    Traceback (most recent call last):
    pianolab.detector.DetectorError: threshold -1.0 cannot be used: give a number from 0 to 1
    """
    for name, value in given.items():
        if value is not None and not least <= value <= most:
            shown = value if isinstance(value, float) or abs(value) < 2**64 else "of so many digits"
            raise DetectorError(Told("detectors.outside", name=name, value=shown, least=least, most=most))


def tuning_of(detector: Detector) -> float | str:
    """How the piano is tuned that a detector is told to hear.

    Parameters
    ----------
    detector : Detector

    Returns
    -------
    float or str
        Hz of A4, or ``"auto"``; 440 for a detector with a setting ``a4_hz`` of its own, which sees to it itself.
    """
    return A4_HZ if "a4_hz" in parameters(type(detector)) else detector.a4_hz


def refuse_unheard(detector: Detector, settings: Collection[str], *, beside: str) -> None:
    """Refuse settings that were given and make no difference beside another.

    Parameters
    ----------
    detector : Detector
    settings : collection of str
        Names of the settings that make none.
    beside : str
        The other setting, such as ``preset=textbook``.

    Raises
    ------
    DetectorError
        Names the first that was given.
    """
    for name in detector.params:
        if name in settings:
            raise DetectorError(Told("detectors.unheard", name=name, beside=beside))


def _as_declared(value: Any, parameter: Parameter) -> Any:
    """A setting in the type that the class declares, so that 1, 1.0 and numpy's 1.0 are one value."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Path):
        return str(value)
    if not isinstance(value, int | float) or parameter.kind not in (bool, int, float):
        return value
    try:
        converted = parameter.kind(value)
    except (OverflowError, ValueError):  # Infinity and NaN are no int.
        return value
    return converted if converted == value else value


def _differs(value: Any, default: Any) -> bool:
    try:
        return bool(value != default)
    except ValueError:  # Arrays have no single answer.
        return True


def spec_text(name: str, given: Mapping[str, object]) -> str:
    """A name with settings as text: what `pianolab.registry.parse_spec` takes apart again.

    Parameters
    ----------
    name : str
    given : mapping of str to object
        Settings, written in this order.

    Returns
    -------
    str

    Examples
    --------
    >>> spec_text("yin", {"threshold": 0.2, "hop_length": 256})
    'yin:threshold=0.2,hop_length=256'
    >>> spec_text("yin", {})
    'yin'
    """
    settings = ",".join(f"{key}={value}" for key, value in given.items())
    return f"{name}:{settings}" if settings else name


def chosen(presets: Mapping[str, Settings], preset: str, **given: Any) -> Settings:
    """The settings of a preset, with what was given in place of its own.

    Parameters
    ----------
    presets : mapping of str to dataclass
        Settings by the preset's name.
    preset : str
    **given
        Settings by name; None leaves the preset's.

    Returns
    -------
    dataclass

    Raises
    ------
    DetectorError
        If there is no such preset.
    """
    if preset not in presets:
        raise DetectorError(f"preset {preset!r} is not a choice: use {' or '.join(presets)}")
    return replace(presets[preset], **{name: value for name, value in given.items() if value is not None})
