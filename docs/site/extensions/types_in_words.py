"""Types as the source writes them: Sphinx would spell out what NumPy's short names stand for, and leave fields out."""

import re
from typing import Any, get_type_hints, is_typeddict

import numpy.typing as npt
from sphinx.application import Sphinx
from sphinx.util.typing import stringify_annotation

_ARRAY_LIKE = stringify_annotation(npt.ArrayLike, "smart")
_ARRAY = re.compile(r"~numpy\.ndarray\[tuple\[~typing\.Any, \.\.\.\], ~numpy\.dtype\[([^][]*(?:\[[^][]*\])?)\]\]")
_MODULE = re.compile(r"~?(?:\w+\.)+(?=\w)")


def short(text: str) -> str:
    """A signature or a type with NumPy's own short names.

    Parameters
    ----------
    text : str
        As Sphinx writes it.

    Returns
    -------
    str
        With ``ArrayLike`` and ``NDArray``.
    """
    return _ARRAY.sub(r"~numpy.typing.NDArray[\1]", text.replace(_ARRAY_LIKE, "~numpy.typing.ArrayLike"))


def fields(message: type) -> list[str]:
    """The fields of a typed dictionary, a line each; no docstring of their own says what they are.

    Parameters
    ----------
    message : type
        A TypedDict.

    Returns
    -------
    list of str
        reStructuredText.
    """
    types = {name: stringify_annotation(kind, "smart") for name, kind in get_type_hints(message).items()}
    return ["", *(f"- ``{name}``: ``{_MODULE.sub('', short(kind))}``" for name, kind in types.items()), ""]


def _shorten(app: Sphinx, what: str, name: str, value: Any, options: Any, given: str | None, returned: str | None):
    return given and short(given), returned and short(returned)


def _add_fields(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    if is_typeddict(value):
        lines += fields(value)


def setup(app: Sphinx) -> dict[str, bool]:
    """Change signatures before they are written, and docstrings after numpydoc has read them."""
    app.connect("autodoc-process-signature", _shorten, priority=900)
    app.connect("autodoc-process-docstring", _add_fields, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
