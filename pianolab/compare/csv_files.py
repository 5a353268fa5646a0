"""Tables as CSV files that a spreadsheet takes for text and numbers only, and the same tables read back.

A spreadsheet reads a cell that begins with = + - or @ as a formula, whoever wrote it, and a recording may be called so.
Such a text gets an apostrophe in front, as OWASP advises (https://owasp.org/www-community/attacks/CSV_Injection).
Numbers stay numbers. The three tables of a run write a name in the same way, so they can be joined as they are;
`read_table` gives names as they were.
"""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any, TextIO

import pandas as pd

_COUNTS = ("count", "n", "pieces")
_VALUES = ("value", "seconds_audio", "seconds_cpu", "mean", "low", "high", "std", "min", "median", "max")
_DANGEROUS = "'*[=+\\-@\t\r\uff0b\uff0d\uff1d\uff20]"  # With signs of full width, which some take for the same.
# Where cells are parted by semicolons, a cell begins behind one.
_TO_MARK, _MARKED = re.compile(f"(^|;)(?={_DANGEROUS})"), re.compile(f"(^|;)'(?={_DANGEROUS})")


def write_table(table: pd.DataFrame, path: str | Path | TextIO, **settings: Any) -> None:
    """Write a table; what a spreadsheet would calculate is marked as text.

    Parameters
    ----------
    table : DataFrame
    path : str, Path, or a text file that is open
    **settings
        For ``DataFrame.to_csv``.
    """
    table = _replaced(table, _TO_MARK, r"\1'")
    table.to_csv(path, index=False, encoding="utf-8", errors="backslashreplace", **settings)


def read_table(path: str | Path) -> pd.DataFrame:
    """Read scores.csv, counts.csv or summary.csv of a run.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    DataFrame
        Names as they were, also such as "NA" and "007", which pandas alone takes for nothing and for a number.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> table = pd.DataFrame({"recording": ["=1+1", "007", "NA"], "value": [-0.5, 1.0, None]})
    >>> with TemporaryDirectory() as folder:
    ...     write_table(table, f"{folder}/scores.csv")
    ...     print(Path(folder, "scores.csv").read_text().splitlines()[1])
    ...     read_table(f"{folder}/scores.csv").equals(table)
    '=1+1,-0.5
    True
    """
    kinds: Any = defaultdict(lambda: str, {**dict.fromkeys(_COUNTS, int), **dict.fromkeys(_VALUES, float)})
    nothing = {name: [""] for name in _VALUES}
    table = pd.read_csv(path, dtype=kinds, keep_default_na=False, na_values=nothing)
    return _replaced(table, _MARKED, r"\1")


def _replaced(table: pd.DataFrame, pattern: re.Pattern[str], text: str) -> pd.DataFrame:
    """A table in whose texts a pattern is replaced; each different text is looked at once."""
    columns = {}
    for name in table.columns:
        if not pd.api.types.is_numeric_dtype(table[name]):
            texts = [cell for cell in table[name].unique() if isinstance(cell, str)]
            new = {cell: pattern.sub(text, cell) for cell in texts if pattern.search(cell)}
            if new:
                columns[name] = table[name].map(lambda cell, new=new: new.get(cell, cell))
    return table.assign(**columns)
