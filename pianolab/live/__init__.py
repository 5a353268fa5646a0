"""Play a note, see it lit: the live part of pianolab.

``Microphone`` shows a keyboard in JupyterLab or on a web page, listens to the browser's microphone and lights the keys
that it hears. ``Trial`` also shows what to play, keeps what was played and scores it. Both are drawn with anywidget;
everything beneath them (``Stream``, ``Take``, the sources) works without a browser.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pianolab.live.choices import Choice
    from pianolab.live.prompts import Prompt
    from pianolab.live.sources import DeviceSource, FileSource, play
    from pianolab.live.stream import Stream
    from pianolab.live.takes import Take
    from pianolab.live.verdicts import judge
    from pianolab.live.widget import Microphone, Trial

__all__ = [
    "Choice",
    "DeviceSource",
    "FileSource",
    "Microphone",
    "Prompt",
    "Stream",
    "Take",
    "Trial",
    "judge",
    "play",
]

_HOME = {
    "Choice": "choices",
    "DeviceSource": "sources",
    "FileSource": "sources",
    "Microphone": "widget",
    "Prompt": "prompts",
    "Stream": "stream",
    "Take": "takes",
    "Trial": "widget",
    "judge": "verdicts",
    "play": "sources",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'pianolab.live' has no attribute {name!r}")
    return getattr(importlib.import_module(f"pianolab.live.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
