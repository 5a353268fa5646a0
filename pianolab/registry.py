"""The registry: it finds detectors by name and makes them from text.

The folder ``pianolab/detectors`` is the registry: a module there declares one or more subclasses of Detector with a
``name``. A detector outside the package is named ``FILE.py:Class``. Spec text is a name with settings:
``yin:threshold=0.1``.
"""

import hashlib
import importlib
import importlib.util
import inspect
import pkgutil
from pathlib import Path

import pianolab.detectors
from pianolab.detector import Detector, DetectorError, parameters
from pianolab.errors import nearest
from pianolab.frames import Framer


def load_all():
    """Import every module of the registry.

    Returns
    -------
    detectors : dict of str -> type
        Detector classes by name, sorted.
    failures : dict of str -> str
        Modules that could not be imported, with the reason.
    """
    found, failures = {}, {}
    for module_info in pkgutil.iter_modules(pianolab.detectors.__path__):
        try:
            module = importlib.import_module(f"pianolab.detectors.{module_info.name}")
        except Exception as error:  # any fault of one file must not hide the others
            failures[module_info.name] = f"{type(error).__name__}: {error}"
            continue
        found.update({cls.name: cls for cls in _declared(module)})
    return dict(sorted(found.items())), failures


def _declared(module):
    classes = [value for value in vars(module).values() if inspect.isclass(value) and issubclass(value, Detector)]
    return [cls for cls in classes if cls.name and cls.__module__ == module.__name__]


def names():
    """Names of all registered detectors, sorted."""
    return list(load_all()[0])


def missing(cls):
    """Why a detector cannot run here (a library it needs), or '' if it can."""
    try:
        cls()
    except Exception as error:  # shown to the user beside the name
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return ""


def find(name):
    """Detector class of a registered name or of ``FILE.py:Class``.

    Raises
    ------
    DetectorError
        If there is none; names the nearest ones.
    """
    if ".py:" in name:
        return _from_file(*name.rsplit(":", 1))
    found, failures = load_all()
    if name in found:
        return found[name]
    if name in failures:
        raise DetectorError(f"detector file {name}.py cannot be imported: {failures[name]}")
    raise DetectorError(f"unknown detector {name!r}{_hint(name, found)}")


def _from_file(path, class_name):
    path = Path(path)
    if not path.is_file():
        raise DetectorError(f"detector file {str(path)!r} does not exist: give FILE.py:Class")
    unique = "pianolab_user_" + hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    spec = importlib.util.spec_from_file_location(unique, path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise DetectorError(
            f"detector file {str(path)!r} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    cls = getattr(module, class_name, None)
    if not (inspect.isclass(cls) and issubclass(cls, Detector)):
        raise DetectorError(f"{str(path)!r} has no detector class {class_name!r}: subclass pianolab.detector.Detector")
    return cls


def parse_spec(text):
    """Split ``NAME:key=value,...`` (or ``FILE.py:Class:key=value,...``) into name and parameter texts.

    Returns
    -------
    name : str
    given : dict of str -> str
    """
    name, settings = text.strip(), ""
    head, _, tail = name.rpartition(":")
    if head and ("=" in tail or not tail):
        name, settings = head, tail
    given = {}
    for item in filter(None, settings.split(",")):
        key, equals, value = item.partition("=")
        if not equals:
            raise DetectorError(f"{item!r} in {text!r} is not key=value: write NAME:key=value,key=value")
        given[key.strip()] = value.strip()
    return name, given


def create(spec, **given):
    """Make a detector from a name or spec text and parameters.

    Parameters
    ----------
    spec : str or Detector
        ``"yin"``, ``"yin:threshold=0.1"``, ``"mine.py:Mine"``; a Detector comes back as it is.
    **given
        Parameters by name; values may be text.

    Returns
    -------
    Detector

    Raises
    ------
    DetectorError
        For an unknown name, parameter or value.
    """
    if isinstance(spec, Detector):
        return spec
    if not isinstance(spec, str):
        raise DetectorError(f"{spec!r} names no detector: pass a name such as 'yin', or a Detector")
    name, texts = parse_spec(spec)
    cls = find(name)
    declared = parameters(cls)
    values = {}
    for key, value in {**texts, **given}.items():
        if key not in declared:
            raise DetectorError(f"detector {name!r} has no parameter {key!r}{_hint(key, declared)}")
        values[key] = _coerce(value, declared[key], name)
    try:
        detector = cls(**values)
        _refuse_shape(detector)
    except DetectorError:
        raise
    except ValueError as error:
        raise DetectorError(f"detector {spec!r}: {error}") from error
    detector._given = values
    return detector


def _refuse_shape(detector):
    """Refuse frames that no Framer can cut, now and not when the first sound comes."""
    shape = {name: getattr(detector, name) for name in ("frame_length", "hop_length", "lookahead", "sr")}
    Framer(**shape)


def _hint(word, known):
    return nearest(word, known, otherwise=": known are " + ", ".join(known) if known else ": there are none")


_BOOLS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def _coerce(value, parameter, detector_name):
    where = f"{detector_name}:{parameter.name}={value}"
    if parameter.choices:
        for choice in parameter.choices:
            if str(choice) == str(value):
                return choice
        raise DetectorError(f"{where} is not a choice{_hint(str(value), [str(c) for c in parameter.choices])}")
    if value is None or value == "None":
        if parameter.default is None:
            return None
        raise DetectorError(f"{where}: give a value of type {parameter.kind.__name__}")
    try:
        if parameter.kind is bool:
            return _BOOLS[str(value).lower()]
        if parameter.kind in (int, float):
            return parameter.kind(value)
        if parameter.default is None and not isinstance(value, str):
            return value
        return _number(value) if parameter.default is None else parameter.kind(value)
    except (KeyError, TypeError, ValueError):
        raise DetectorError(f"{where}: give a value of type {parameter.kind.__name__}") from None


def _number(text):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
