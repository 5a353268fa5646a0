"""The comparison: every detector hears every recording, and every answer is scored in the same way.

``compare`` gives a Result with its tables, ``write_report`` writes it into a folder, ``read_table`` reads a table of it
again. What the tables and the figures need is loaded when one of the names is first used, so that the processes that
only hear stay small.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pianolab.compare.cache import CACHE
    from pianolab.compare.csv_files import read_table
    from pianolab.compare.errors import CompareError
    from pianolab.compare.report import write_report
    from pianolab.compare.result import Result
    from pianolab.compare.run import compare

_HOME = {
    "CACHE": "pianolab.compare.cache",
    "CompareError": "pianolab.compare.errors",
    "Result": "pianolab.compare.result",
    "compare": "pianolab.compare.run",
    "read_table": "pianolab.compare.csv_files",
    "write_report": "pianolab.compare.report",
}

__all__ = ["CACHE", "CompareError", "Result", "compare", "read_table", "write_report"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'pianolab.compare' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
