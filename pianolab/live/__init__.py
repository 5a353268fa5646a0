"""Play a note, see it lit: the live part of pianolab.

``Microphone`` shows a keyboard in JupyterLab or on a web page, listens to the browser's microphone and lights the keys
that it hears. ``Trial`` also shows what to play, keeps what was played and scores it. Both are drawn with anywidget;
everything beneath them (``Stream``, ``Take``, the sources) works without a browser.
"""

import importlib

_HOME = {
    "Choice": "pianolab.live.listener",
    "DeviceSource": "pianolab.live.sources",
    "FileSource": "pianolab.live.sources",
    "Microphone": "pianolab.live.widget",
    "Prompt": "pianolab.live.prompts",
    "Stream": "pianolab.live.stream",
    "Take": "pianolab.live.takes",
    "Trial": "pianolab.live.widget",
    "judge": "pianolab.live.verdicts",
    "play": "pianolab.live.sources",
}

__all__ = sorted(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module 'pianolab.live' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__():
    return __all__
