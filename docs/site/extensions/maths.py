"""Formulas as MathML, made when the site is built: a browser draws them with its own fonts and no script."""

import re

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

NUMBER = re.compile(r"\\tag\{(.*?)\}")


def as_block(formula: str) -> str:
    """A formula on a line of its own.

    Parameters
    ----------
    formula : str
        LaTeX.

    Returns
    -------
    str
        HTML; the number of an equation stands at a distance behind it.
    """
    spaced = NUMBER.sub(r"\\qquad (\1)", formula)
    return f'<div class="math-block">{convert(spaced, display="block")}</div>\n'


def _inline(writer: HTML5Translator, node: nodes.math) -> None:
    writer.body.append(convert(node.astext()))
    raise nodes.SkipNode


def _block(writer: HTML5Translator, node: nodes.math_block) -> None:
    writer.body.append(as_block(node.astext()))
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of this way to write formulas; conf.py chooses it by its name."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
