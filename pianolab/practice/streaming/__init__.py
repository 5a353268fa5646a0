"""Note events for any front end: sound comes in over a websocket, and what was heard goes back as JSON.

``pianolab stream`` serves it. ``messages`` is what both sides say to each other, ``hearing`` listens to the sound of
one client, and ``server`` keeps clients apart, so that none of them harms another. docs/stream.md describes the
protocol.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pianolab.practice.streaming.hearing import Hearing
    from pianolab.practice.streaming.limits import Limits
    from pianolab.practice.streaming.messages import ProtocolError
    from pianolab.practice.streaming.server import StreamServer

__all__ = ["Hearing", "Limits", "ProtocolError", "StreamServer"]

_HOME = {"Hearing": "hearing", "Limits": "limits", "ProtocolError": "messages", "StreamServer": "server"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'pianolab.practice.streaming' has no attribute {name!r}")
    return getattr(importlib.import_module(f"pianolab.practice.streaming.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
