"""Fingerprints: text that changes when anything changes that a number depends on.

An estimate depends on the sound, on how much of it was heard, on the source code on the way from sound to notes (a
detector of the user's with all that it imports), on the detector's settings and weights, on the versions of Python and
of the libraries that calculate, and in the last digits on the kind of processor. Labels and tolerances are not part of
that: what was heard stays what it is when the labels are mended.
"""

import functools
import hashlib
import importlib.metadata
import inspect
import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from pianolab.compare.imports import closure, is_users
from pianolab.detector import Detector
from pianolab.sound import checksum

LIBRARIES = ("numpy", "scipy", "soxr", "librosa", "numba", "soundfile", "onnxruntime")
ENVIRONMENT = ("NUMBA_CPU_FEATURES", "NUMBA_CPU_NAME", "NUMBA_DISABLE_JIT", "NUMBA_OPT", "OPENBLAS_CORETYPE")

_KIND_OF_PROCESSOR = ("processor", "simd")
_PACKAGE = Path(__file__).parents[1]
_FORMAT = 5  # Raise it when the meaning of a key changes: what was kept before is then heard again.


def fingerprint(**parts: Any) -> str:
    """One text for several values that JSON can hold, fit for a file name.

    Parameters
    ----------
    **parts
        Everything that a kept value depends on, by name.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> fingerprint(sound="ab", seconds=None) == fingerprint(seconds=None, sound="ab")
    True
    >>> fingerprint(sound="ab", seconds=None) == fingerprint(sound="ab", seconds=1.0)
    False
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def estimate_key(*, audio_checksum: str, seconds: float | None, facts: Mapping[str, Any], source: str) -> str:
    """Fingerprint of all that the heard notes depend on.

    Parameters
    ----------
    audio_checksum : str
        Of the recording's file.
    seconds : float or None
        How much of the beginning is heard; None for all.
    facts : mapping of str to object
        Of the detector, from `detector_facts`.
    source : str
        Of the code, from `source_of`.

    Returns
    -------
    str
        Hexadecimal, fit for a file name.
    """
    heard_s = None if seconds is None else float(seconds)
    return fingerprint(format=_FORMAT, audio=audio_checksum, seconds=heard_s, detector=facts, source=source)


def portable_key(facts: Mapping[str, Any], source: str) -> str:
    """Fingerprint of a detector that is the same on machines whose processors are of another kind.

    Parameters
    ----------
    facts : mapping of str to object
        Of the detector, from `detector_facts`.
    source : str
        Of the code, from `source_of`.

    Returns
    -------
    str
        '' where the code cannot be told.
    """
    where = {name: value for name, value in facts.get("machine", {}).items() if name not in _KIND_OF_PROCESSOR}
    return fingerprint(detector={**facts, "machine": where}, source=source) if source else ""


def detector_facts(detector: Detector) -> dict[str, Any]:
    """What a detector is, besides its code: settings, weights, and the versions of the libraries that it may use.

    Parameters
    ----------
    detector : Detector
        With its settings; each must be a plain value (see `source_of`).

    Returns
    -------
    dict
        Plain values, which JSON can hold, so that a worker can tell them to the process that keeps.

    Raises
    ------
    AudioError
        If the file of its weights cannot be read.
    """
    return {
        "class": type(detector).__qualname__,
        "params": {name: repr(value) for name, value in detector.params.items()},
        "tracking": {name: repr(value) for name, value in detector.tracking.items()},
        "onset_delay_s": repr(detector.onset_delay_s),
        "frames": [int(n) for n in (detector.sr, detector.frame_length, detector.hop_length, detector.lookahead)],
        "weights": None if detector.weights is None else checksum(detector.weights),
        **({"my_piano": repr(detector.my_piano)} if detector.my_piano is not None else {}),
        "libraries": versions(),
        "machine": machine(),
    }


def machine() -> dict[str, str]:
    """What of this computer can change the last digits of a number, and so, now and then, a note.

    Returns
    -------
    dict of str to str
        python (its version), system, processor (its family), simd (the instructions that numpy found), and those of the
        variables `ENVIRONMENT` that are set.
    """
    found = np.show_config("dicts").get("SIMD Extensions", {}).get("found", [])
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": platform.machine(),
        "simd": " ".join(found),
        **{name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
    }


@functools.cache
def versions(libraries: tuple[str, ...] = LIBRARIES) -> dict[str, str]:
    """Version of each library, by name; '' for one that is not installed.

    Parameters
    ----------
    libraries : tuple of str
        Names of distributions; those that take part in detecting if not given.

    Returns
    -------
    dict of str to str
    """
    found = {}
    for name in libraries:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = ""
    return found


def source_of(detector: Detector) -> str:
    """Checksum of the code with which a detector hears.

    Parameters
    ----------
    detector : Detector
        Of the package, of a file, or of a class that was typed into a notebook.

    Returns
    -------
    str
        Hexadecimal, as from `source_checksum`. '' where the code or a setting cannot be told for certain, so that
        nothing that this detector hears may be kept.
    """
    try:
        files, texts = _code(detector)
        return source_checksum(*files, texts=[*texts, *(_whole_text(value) for value in detector.params.values())])
    except (OSError, TypeError):
        return ""


def users_files(detector: Detector) -> dict[str, str]:
    """The files of the user's that a detector depends on: its code, the modules that it imports, its weights.

    Parameters
    ----------
    detector : Detector

    Returns
    -------
    dict of str to str
        Checksums by path. Empty where the code cannot be told for certain: then nothing is kept.
    """
    try:
        files = closure(_code(detector)[0])[0]
    except (OSError, TypeError):
        return {}
    files |= {Path(detector.weights).resolve()} if detector.weights is not None else set()
    return {str(path): checksum(path) for path in files if is_users(path)}


def _code(detector: Detector) -> tuple[set[Path], list[str]]:
    """The files of a detector's classes, and the text of those that stand in no file."""
    files, texts = set[Path](), []
    for cls in (cls for cls in type(detector).__mro__ if cls not in Detector.__mro__):
        file = getattr(sys.modules.get(cls.__module__), "__file__", None)
        if file and "<locals>" not in cls.__qualname__:
            files.add(Path(file))
        else:
            code, needed = _typed(cls)
            texts += code
            files |= needed
    return files, texts


def _typed(cls: type) -> tuple[list[str], set[Path]]:
    """The code of a class that stands in no file, and the files that it uses; an error where one cannot be told."""
    texts, files = [], set[Path]()
    for name, value in vars(cls).items():
        # A property and a classmethod hold the function that was written.
        value = getattr(value, "fget", getattr(value, "__func__", value))
        if isinstance(value, FunctionType):
            texts += [inspect.getsource(value), _whole_text([value.__defaults__, value.__kwdefaults__])]
            files |= _needed(value, cls)
        elif not name.startswith("__"):
            texts.append(f"{name} = {_whole_text(value)}")
    return texts, files


def _needed(function: FunctionType, cls: type) -> set[Path]:
    """Files of what a function in a notebook uses; TypeError if it uses what another cell made, which may change."""
    for cell in function.__closure__ or ():
        if cell.cell_contents is not cls:  # A method that calls super() holds its class.
            raise TypeError(f"{function.__name__} depends on variables around it")
    files = set[Path]()
    for value in (function.__globals__[name] for name in _names(function.__code__) if name in function.__globals__):
        module = value if isinstance(value, ModuleType) else sys.modules.get(getattr(value, "__module__", None) or "")
        if module is None or module.__name__ == cls.__module__:
            raise TypeError(f"{value!r} stands in no file")
        files |= {Path(file) for file in [getattr(module, "__file__", None)] if file and file.endswith(".py")}
    return files


def _names(code: CodeType) -> set[str]:
    inner = [_names(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*inner)


def _whole_text(value: object) -> str:
    """A value as text that is the whole value; TypeError if there is none."""
    parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, tuple | list) else ()
    for part in parts:
        _whole_text(part)
    if not isinstance(value, str | int | float | Path | tuple | list | dict | None):
        raise TypeError(f"{value!r} is no plain value")
    return repr(value)


def source_checksum(*detector_files: str | Path, texts: Iterable[str] = ()) -> str:
    """Checksum of the code that turns sound into notes.

    Parameters
    ----------
    *detector_files : str or Path
        Where the detector is written.
    texts : iterable of str
        Code that stands in no file.

    Returns
    -------
    str
        Hexadecimal, as from `code_checksum`; session.py is one of the files.

    Raises
    ------
    OSError
        If a file cannot be read.
    UntoldError
        If a file of the user computes what it imports.
    """
    return code_checksum(_PACKAGE / "session.py", *detector_files, texts=texts)


def code_checksum(*files: str | Path, texts: Iterable[str] = ()) -> str:
    """Checksum of code: of files and of all that they import, at any depth.

    Files of pianolab and of the user count with their content, libraries with their versions: see
    `pianolab.compare.imports.closure`.

    Parameters
    ----------
    *files : str or Path
        Python files.
    texts : iterable of str
        Code that stands in no file, or whose imports do not count.

    Returns
    -------
    str
        Hexadecimal.

    Raises
    ------
    OSError
        If a file cannot be read.
    UntoldError
        If a file of the user computes what it imports.
    """
    found, libraries = closure(map(Path, files))
    contents = [path.read_bytes() for path in found] + [text.encode() for text in (*libraries, *texts)]
    digests = sorted(hashlib.sha256(content).digest() for content in contents)
    return hashlib.sha256(b"".join(digests)).hexdigest()
