"""Korean words on English pages say that they are Korean, so that a screen reader reads them with a Korean voice."""

import re

from docutils import nodes
from sphinx.application import Sphinx

KOREAN = "language-ko"  # docutils writes this class as the attribute lang.
_HANGUL = "\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3"
_RUN = re.compile(rf"([{_HANGUL}](?:[{_HANGUL} ,]*[{_HANGUL}])?)")


def mark_korean(app: Sphinx, document: nodes.document) -> None:
    """Mark what is Korean: a whole cell of a table that is mostly so, elsewhere the words alone."""
    for entry in document.findall(nodes.entry):
        text = entry.astext()
        if 2 * len(re.findall(f"[{_HANGUL}]", text)) > sum(map(str.isalpha, text)):
            entry["classes"].append(KOREAN)
    for text in list(document.findall(nodes.Text)):
        if _RUN.search(text) and not _is_kept(text):
            parts = (
                nodes.inline("", part, classes=[KOREAN]) if i % 2 else nodes.Text(part)
                for i, part in enumerate(_RUN.split(text))
            )
            text.parent.replace(text, [part for part in parts if part.astext()])


def _is_kept(text: nodes.Text) -> bool:
    """Whether a text is code, or stands in a cell that is marked already."""
    node = text.parent
    while node is not None:
        if isinstance(node, nodes.FixedTextElement | nodes.literal | nodes.raw) or KOREAN in node.get("classes", []):
            return True
        node = node.parent
    return False


def setup(app: Sphinx) -> dict[str, bool]:
    """Look at each page after it is read."""
    app.connect("doctree-read", mark_korean)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
