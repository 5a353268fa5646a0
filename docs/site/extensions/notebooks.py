"""Notebooks as pages: living widgets give way to their still pictures, and pictures keep their words."""

import json
from typing import Any

from sphinx.application import Sphinx

WIDGET = "application/vnd.jupyter.widget-view+json"


def as_page(notebook: dict[str, Any]) -> dict[str, Any]:
    """A notebook as a page can show it, where no kernel answers.

    Parameters
    ----------
    notebook : dict
        As it is stored; it is changed.

    Returns
    -------
    dict
        Without widgets and their state. Cells hand the words for their picture to myst-nb, which does not look for
        them beside the output.
    """
    notebook["metadata"].pop("widgets", None)
    for cell in notebook["cells"]:
        words = []
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)
            words.append(output.get("metadata", {}).get("image/png", {}).get("alt"))
        if any(words):
            cell["metadata"]["mystnb"] = {"image": {"alt": " ".join(filter(None, words))}}
    return notebook


def _prepare(app: Sphinx, page: str, source: list[str]) -> None:
    if page.startswith("notebooks/"):
        source[0] = json.dumps(as_page(json.loads(source[0])), ensure_ascii=False)


def setup(app: Sphinx) -> dict[str, bool]:
    """Change notebooks before they are read as pages."""
    app.connect("source-read", _prepare)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
