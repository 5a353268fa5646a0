"""The way of a ready-made detector from this process into a worker, where its code can hurt nobody else.

Most detectors go as text (``Detector.spec``). One of a class that was typed into a notebook or a script, or that was
changed by hand after it was made, has no such text: cloudpickle writes it down together with the code of its class.
What is read in the worker is what this program wrote a moment ago and handed to a process that it started itself. It is
never a file, so nobody else can have written it.
"""

import functools
import pickle
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cloudpickle

from pianolab.compare.errors import CompareError
from pianolab.detector import Detector
from pianolab.errors import reason
from pianolab.registry import PREFIX, create, imported


def send(detector: Detector, changes: Mapping[str, Any] | None) -> bytes:
    """Write a detector down for `receive`.

    Parameters
    ----------
    detector : Detector
    changes : mapping of str to object, or None
        The attributes in which it differs from one that is made anew with its settings; None if that cannot be told.

    Returns
    -------
    bytes

    Raises
    ------
    CompareError
        If it holds what no other process can have, such as an open file; says what to do.
    """
    classes = [sys.modules[cls.__module__] for cls in type(detector).__mro__ if cls.__module__.startswith(PREFIX)]
    files = [str(module.__file__) for module in classes]
    try:
        try:
            packed = cloudpickle.dumps(detector)
        except Exception:
            if changes is None:
                raise
            # It holds something like a loaded network: the worker makes its own, and changes it likewise.
            packed = cloudpickle.dumps(functools.partial(_remade, type(detector), detector.params, dict(changes)))
    except Exception as error:
        remedy = "write the class into a file and name it as FILE.py:Class"
        raise CompareError(f"it cannot be sent to a process of its own ({reason(error)}): {remedy}") from error
    return pickle.dumps((files, packed))


def receive(detector: str | bytes) -> Detector:
    """Make the detector that a worker is asked for.

    Parameters
    ----------
    detector : str or bytes
        Spec text, or what `send` wrote.

    Returns
    -------
    Detector
        A new one.
    """
    if isinstance(detector, str):
        return create(detector)
    files, packed = pickle.loads(detector)
    for file in files:  # What was packed may name modules that only `pianolab.registry` can import.
        imported(Path(file))
    received = pickle.loads(packed)
    return received if isinstance(received, Detector) else received()


def _remade(cls: type[Detector], params: Mapping[str, Any], changes: Mapping[str, Any]) -> Detector:
    made = cls(**params)
    vars(made).update(changes)
    return made
