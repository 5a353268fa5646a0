"""The registry: it finds detectors by name and makes them from text.

The folder ``pianolab/detectors`` (with ``peers`` inside it) is the registry: a module there declares one or more
subclasses of Detector with a ``name``. A detector outside the package is named ``FILE.py:Class``. Spec text is a name
with settings: ``yin:threshold=0.1``.
"""

import hashlib
import importlib
import importlib.util
import inspect
import math
import os
import pkgutil
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType, NoneType
from typing import Any, TypeGuard

import pianolab.detectors
from pianolab.detector import Detector, DetectorError, Parameter, parameters, refuse_outside
from pianolab.dsp.piano_profile import profile_of
from pianolab.errors import nearest, reason
from pianolab.frames import Framer
from pianolab.texts.catalogue import Told, told_by
from pianolab.units import A4_HZ, A4_RANGE_HZ

PREFIX = "pianolab_user_"  # The name of the module of a user's file begins so.
_SETTINGS = re.compile(r":(?=[^:]*=)|:$")  # The colon before the first key=value; others belong to the name.
_BOOLS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def load_all() -> tuple[dict[str, type[Detector]], dict[str, str]]:
    """Import every module of the registry.

    Returns
    -------
    detectors : dict of str to type
        Detector classes by name, sorted.
    failures : dict of str to str
        Modules that could not be imported, with the reason.
    """
    found, failures = {}, {}
    for module_info in pkgutil.walk_packages(pianolab.detectors.__path__, "pianolab.detectors."):
        try:
            module = importlib.import_module(module_info.name)
        except Exception as error:  # A fault of one file must not hide the others.
            failures[module_info.name.rpartition(".")[2]] = reason(error)
            continue
        found.update({cls.name: cls for cls in _declared(module)})
    return dict(sorted(found.items())), failures


def _declared(module: ModuleType) -> list[type[Detector]]:
    classes = [value for value in vars(module).values() if _is_detector(value)]
    return [cls for cls in classes if vars(cls).get("name") and cls.__module__ == module.__name__]


def _is_detector(value: object) -> TypeGuard[type[Detector]]:
    return inspect.isclass(value) and issubclass(value, Detector)


def names() -> list[str]:
    """Names of all registered detectors, sorted."""
    return list(load_all()[0])


def missing(cls: type[Detector]) -> str:
    """Why a detector cannot run here.

    Parameters
    ----------
    cls : type
        A detector whose settings all have defaults.

    Returns
    -------
    str
        One line, such as the library that it needs; '' if it can run.

    Examples
    --------
    >>> missing(find("yin"))
    ''
    """
    try:
        cls()
    except Exception as error:  # Users see it beside the name.
        return reason(error)
    return ""


def find(name: str) -> type[Detector]:
    """Detector class of a registered name or of ``FILE.py:Class``.

    Parameters
    ----------
    name : str

    Returns
    -------
    type
        The same class whenever it is asked for, while its file stays as it is.

    Raises
    ------
    DetectorError
        If there is none; names the nearest ones.

    Examples
    --------
    >>> find("yin").name
    'yin'
    """
    if is_of_file(name):
        path, _, class_name = name.rpartition(":")
        return _from_file(Path(path), class_name)
    found, failures = load_all()
    if name in found:
        return found[name]
    if name in failures:
        raise DetectorError(f"detector file {name}.py cannot be imported: {failures[name]}")
    raise DetectorError(f"unknown detector {name!r}{_hint(name, found)}")


def is_of_file(spec: str) -> bool:
    """Whether a name or spec text means a class in a file, whose code runs when the detector is made.

    Parameters
    ----------
    spec : str

    Returns
    -------
    bool

    Examples
    --------
    >>> is_of_file("mine.py:Mine:threshold=0.1"), is_of_file("yin:threshold=0.1")
    (True, False)
    """
    return ".py:" in _SETTINGS.split(spec.strip(), maxsplit=1)[0]


def _from_file(path: Path, class_name: str) -> type[Detector]:
    if not os.path.isfile(path):  # Path.is_file raises an error where the name is too long for any file.
        raise DetectorError(f"detector file {str(path)!r} does not exist: give FILE.py:Class")
    try:
        cls = getattr(imported(path.resolve()), class_name, None)
    except Exception as error:
        raise DetectorError(f"detector file {str(path)!r} cannot be imported: {reason(error)}") from error
    if not _is_detector(cls):
        raise DetectorError(f"{str(path)!r} has no detector class {class_name!r}: subclass pianolab.detector.Detector")
    return cls


def imported(path: Path) -> ModuleType:
    """The module of a user's file.

    Parameters
    ----------
    path : Path
        Resolved.

    Returns
    -------
    module
        The same one until the file changes; its name begins with `PREFIX`.

    Raises
    ------
    OSError, ImportError
        If the file cannot be read, or is no Python file; and whatever the file raises itself.
    """
    fingerprint = hashlib.sha256(os.fsencode(path) + b"\0" + path.read_bytes()).hexdigest()
    name = f"{PREFIX}{fingerprint[:16]}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError("this is no Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # It must be there before it runs: dataclasses look their module up.
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


def parse_spec(text: str) -> tuple[str, dict[str, str]]:
    """Split ``NAME:key=value,...`` (or ``FILE.py:Class:key=value,...``) into name and parameter texts.

    Parameters
    ----------
    text : str

    Returns
    -------
    name : str
    given : dict of str to str

    Raises
    ------
    DetectorError
        If a setting is not key=value.

    Examples
    --------
    >>> parse_spec("mine.py:Mine:threshold=0.1,preset=piano")
    ('mine.py:Mine', {'threshold': '0.1', 'preset': 'piano'})
    """
    name, *settings = _SETTINGS.split(text.strip(), maxsplit=1)
    given = {}
    for item in filter(None, "".join(settings).split(",")):
        key, equals, value = item.partition("=")
        if not equals:
            raise DetectorError(f"{item!r} in {text!r} is not key=value: write NAME:key=value,key=value")
        given[key.strip()] = value.strip()
    return name, given


def create(spec: str | Detector, **given: Any) -> Detector:
    """Make a detector from a name or spec text and parameters.

    Parameters
    ----------
    spec : str or Detector
        ``"yin"``, ``"yin:threshold=0.1"``, ``"mine.py:Mine"``; a Detector comes back as it is.
    **given
        Parameters by name; values may be text. Every detector takes ``a4_hz``: how the piano is tuned (from 390 to
        470 Hz), or ``"auto"``, and ``my_piano``: a file that `pianolab learn-piano` wrote.

    Returns
    -------
    Detector

    Raises
    ------
    DetectorError
        For an unknown name, parameter or value.
    ProfileError
        If the file holds no profile of a piano.

    Examples
    --------
    >>> create("yin:threshold=0.2", hop_length=256)
    yin:hop_length=256,threshold=0.2
    """
    if isinstance(spec, Detector):
        if given:
            raise DetectorError(f"{spec!r} is made already: give its settings to its constructor")
        return spec
    if not isinstance(spec, str):
        raise DetectorError(f"{spec!r} names no detector: pass a name such as 'yin', or a Detector")
    name, texts = parse_spec(spec)
    cls = find(name)
    declared = parameters(cls)
    values, a4_hz, my_piano = {}, A4_HZ, None
    for key, value in {**texts, **given}.items():
        if key == "a4_hz" and key not in declared:
            a4_hz = tuning(value)
            continue
        if key == "my_piano" and key not in declared:
            my_piano = profile_of(value)
            continue
        if key not in declared:
            raise DetectorError(
                f"detector {name!r} has no parameter {key!r}{_hint(key, [*declared, 'a4_hz', 'my_piano'])}"
            )
        values[key] = _coerce(value, declared[key], name)
    try:
        detector = cls(**values)
        _refuse_shape(detector)
    except DetectorError:
        raise
    except ValueError as error:
        raise DetectorError(Told("detectors.of_detector", name=spec, reason=told_by(error))) from error
    if a4_hz != A4_HZ:
        detector.a4_hz = a4_hz
    if my_piano is not None:
        detector.my_piano = my_piano
    return detector


def tuning(value: Any) -> float | str:
    """How a piano is tuned, from a number or text.

    Parameters
    ----------
    value : object
        From 390 to 470 Hz, or ``"auto"``.

    Returns
    -------
    float or str
        Hz of A4, or ``"auto"``.

    Raises
    ------
    DetectorError
        If no piano is tuned so.

    Examples
    --------
    >>> tuning("442"), tuning("auto")
    (442.0, 'auto')
    """
    if value == "auto":
        return value
    try:
        a4_hz = float(value)
    except (TypeError, ValueError):
        raise DetectorError(f"a4_hz={value} is no tuning: give the Hz of A4, or auto") from None
    refuse_outside(*A4_RANGE_HZ, a4_hz=a4_hz)
    return a4_hz


def _refuse_shape(detector: Detector) -> None:
    """Refuse frames that no Framer can cut, now and not when the first sound comes."""
    shape = {name: getattr(detector, name) for name in ("frame_length", "hop_length", "lookahead", "sr")}
    Framer(**shape)


def _hint(word: str, known: Iterable[str]) -> str:
    return nearest(word, known, otherwise=": known are " + ", ".join(known) if known else ": there are none")


def _coerce(value: Any, parameter: Parameter, detector_name: str) -> Any:
    """A value, perhaps text, in the type that the parameter declares."""
    where = f"{detector_name}:{parameter.name}={value}"
    if parameter.choices:
        for choice in parameter.choices:
            if str(choice) == str(value):
                return choice
        return value  # The detector refuses it.
    if value is None or value == "None":
        if parameter.default is None:
            return None
        raise DetectorError(f"{where}: give a value of type {parameter.kind.__name__}")
    try:
        if parameter.kind is bool:
            return _BOOLS[str(value).lower()]
        if parameter.kind in (NoneType, type):  # Neither annotation nor default says what it is.
            return _number(value) if isinstance(value, str) else value
        converted = parameter.kind(value)
    except (KeyError, TypeError, ValueError):
        raise DetectorError(f"{where}: give a value of type {parameter.kind.__name__}") from None
    if isinstance(converted, float) and not math.isfinite(converted) and _is_finite(parameter.default):
        raise DetectorError(f"{where}: give a finite number")
    return converted


def _is_finite(default: Any) -> bool:
    return not isinstance(default, float) or math.isfinite(default)


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
