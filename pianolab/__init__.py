"""pianolab hears which piano keys were played and compares the ways of hearing them.

The sound takes one way through the package, offline and live::

    blocks of audio -> frames -> key salience -> notes -> scores -> report

``import pianolab`` is light: the names below are loaded when they are first used.
"""

import importlib

__version__ = "0.1.0"

_HOME = {
    "Notes": "pianolab.roll",
    "Salience": "pianolab.roll",
    "Session": "pianolab.session",
    "analyse": "pianolab.session",
    "load": "pianolab.sound",
    "read_labels": "pianolab.labels",
    "render": "pianolab.piano",
    "transcribe": "pianolab.session",
    "write_labels": "pianolab.labels",
}

__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module 'pianolab' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__():
    return __all__
