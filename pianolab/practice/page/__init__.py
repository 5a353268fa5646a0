"""The page on which a piece is practised, and the server behind it.

``messages`` is what both say to each other, ``sitting`` what one player chose and plays, without a socket or a clock,
and ``server`` brings them together with the library, the detector and the sound.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pianolab.practice.page.piece import Passage, Piece
    from pianolab.practice.page.server import PracticeServer
    from pianolab.practice.page.sitting import Sitting

__all__ = ["Passage", "Piece", "PracticeServer", "Sitting"]

_HOME = {"Passage": "piece", "Piece": "piece", "PracticeServer": "server", "Sitting": "sitting"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'pianolab.practice.page' has no attribute {name!r}")
    return getattr(importlib.import_module(f"pianolab.practice.page.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
