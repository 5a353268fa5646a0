"""Pictures of other machines become their words: a page of the site asks nobody else for anything."""

from docutils import nodes
from sphinx.application import Sphinx


def in_words(app: Sphinx, document: nodes.document) -> None:
    """Put the words of a picture into the place of a picture that would be fetched, such as a badge."""
    for image in list(document.findall(nodes.image)):
        if image["uri"].startswith(("http:", "https:", "//")):
            image.replace_self(nodes.Text(image.get("alt") or image["uri"]))


def setup(app: Sphinx) -> dict[str, bool]:
    """Look at each page before Sphinx collects its pictures."""
    app.connect("doctree-read", in_words, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
