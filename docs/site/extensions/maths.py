"""Formulas as MathML, made when the site is built: a browser draws them with its own fonts and no script."""

import re

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator


NUMBER = re.compile(r"\\tag\{(.*?)\}")


def inline(writer: HTML5Translator, node: nodes.math) -> None:
    """Write a formula that stands in a line of text."""
    writer.body.append(convert(node.astext()))
    raise nodes.SkipNode


def block(writer: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula that has a line of its own."""
    formula = NUMBER.sub(r"\\qquad (\1)", node.astext())  # The number of an equation keeps its distance.
    writer.body.append(f'<div class="math-block">{convert(formula, display="block")}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of this way to write formulas; conf.py chooses it by its name."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
