"""The ranked table as it goes into a page, a paper or a spreadsheet: the same cells as HTML, CSV, Markdown and LaTeX.

A column in which nothing is known is left out of all but CSV, which has every number with all its digits.
"""

import io
import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from pianolab.compare.csv_files import write_table
from pianolab.compare.tables import RANKED_BY, SHOWN, labels

_NOTHING = "–"
_LATEX = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    _NOTHING: "--",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}


class Table(NamedTuple):
    """The ranked table of one data set as text.

    Attributes
    ----------
    columns : list of str
        Titles; the second is the detector, the only one that is no number.
    rows : list of list of str
        Cells, the best detector first.
    """

    columns: list[str]
    rows: list[list[str]]


def table(ranking: pd.DataFrame, moved: Mapping[str, str] | None = None) -> Table:
    """The cells of a ranked table.

    Parameters
    ----------
    ranking : DataFrame
        The rows of one data set, from `pianolab.compare.tables.rank`.
    moved : mapping of str to str, optional
        How far each detector moved, by its label, from `pianolab.compare.against.marks`.

    Returns
    -------
    Table
    """
    shown = {metric: title for metric, title in SHOWN.items() if not bool(ranking[metric].isna().all())}
    rows = [
        [
            str(row["rank"]),
            name,
            _number(row[RANKED_BY]),
            f"{row['low']:.3f} to {row['high']:.3f}" if np.isfinite(row["low"]) else _NOTHING,
            *([moved.get(name, _NOTHING)] if moved is not None else []),
            *(_number(row[metric], 1 if metric.endswith("_ms") else 3) for metric in shown),
            _number(row["speed"], 0),
            f"{row['n']}" + (f", {row['failed']} failed" if row["failed"] else ""),
        ]
        for name, row in zip(labels(ranking), ranking.to_dict("records"), strict=True)
    ]
    titles = ["rank", "detector", "onset F1", "95 % interval", *(["change"] if moved is not None else [])]
    return Table([*titles, *shown.values(), "speed (×)", "recordings"], rows)


def _number(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else _NOTHING


def as_csv(frame: pd.DataFrame) -> str:
    """A table as CSV, every digit of it; what a spreadsheet would calculate is marked as text.

    Parameters
    ----------
    frame : DataFrame

    Returns
    -------
    str
    """
    text = io.StringIO()
    write_table(frame, text)
    return text.getvalue()


def as_markdown(found: Table) -> str:
    """A table as Markdown.

    Parameters
    ----------
    found : Table

    Returns
    -------
    str

    Examples
    --------
    >>> print(as_markdown(Table(["rank", "detector"], [["1", "a|b"]])))
    | rank | detector |
    |---:|:---|
    | 1 | a\\|b |
    """
    lines = [found.columns, *found.rows]
    marked = ["| " + " | ".join(map(in_markdown, line)) + " |" for line in lines]
    marked.insert(1, "|" + "|".join(":---" if title == "detector" else "---:" for title in found.columns) + "|")
    return "\n".join(marked)


def in_markdown(text: str) -> str:
    """A text of which Markdown makes nothing else.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> print(in_markdown("my_song <b>"))
    my\\_song \\<b\\>
    """
    return re.sub(r"([\\|<>`*_\[\]])", r"\\\1", text)


def as_latex(found: Table) -> str:
    """A table as LaTeX, with the rules of the package booktabs.

    Parameters
    ----------
    found : Table

    Returns
    -------
    str

    Examples
    --------
    >>> print(as_latex(Table(["rank", "detector"], [["1", "mine_{2}"]])))
    \\begin{tabular}{rl}
    \\toprule
    rank & detector \\\\
    \\midrule
    1 & mine\\_\\{2\\} \\\\
    \\bottomrule
    \\end{tabular}
    """
    lines = [" & ".join(map(_latex, line)) + r" \\" for line in (found.columns, *found.rows)]
    sides = "".join("l" if title == "detector" else "r" for title in found.columns)
    parts = [f"\\begin{{tabular}}{{{sides}}}", r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule"]
    return "\n".join([*parts, r"\end{tabular}"])


def _latex(text: str) -> str:
    return "".join(_LATEX.get(sign, r"$\times$" if sign == "×" else sign) for sign in text)
