"""pianolab hears which piano keys were played and compares the ways of hearing them.

The sound takes one way through the package, offline and live::

    blocks of audio -> frames -> key salience -> notes -> scores -> report

``import pianolab`` is light: the names below are loaded when they are first used.
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # Editors need to know the names that are loaded later.
    from pianolab.data import example
    from pianolab.labels import read_labels, write_labels
    from pianolab.piano import render
    from pianolab.roll import Notes, Salience
    from pianolab.session import Session, analyse, transcribe
    from pianolab.sound import load

__version__ = "0.2.0"

# onnxruntime (of `neural`, and of peers) would queue telemetry in the user's cache folder. It reads this variable once,
# when it is imported, so it is set before anything of ours can import it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

_HOME = {
    "Notes": "pianolab.roll",
    "Salience": "pianolab.roll",
    "Session": "pianolab.session",
    "analyse": "pianolab.session",
    "example": "pianolab.data",
    "load": "pianolab.sound",
    "read_labels": "pianolab.labels",
    "render": "pianolab.piano",
    "transcribe": "pianolab.session",
    "write_labels": "pianolab.labels",
}

__all__ = [
    "Notes",
    "Salience",
    "Session",
    "__version__",
    "analyse",
    "example",
    "load",
    "read_labels",
    "render",
    "transcribe",
    "write_labels",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'pianolab' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
