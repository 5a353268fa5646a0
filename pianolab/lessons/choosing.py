"""What notebook 06 lets its reader choose: recordings, and the detectors that can run here.

In go a choice of data (a name, perhaps with a folder) and of detectors; out come recordings of every kind, and a ranked
table with a line for each failure. What nobody could hear has no rank.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import pandas as pd

from pianolab import data, registry
from pianolab.compare import Result, compare, write_report
from pianolab.data import Dataset
from pianolab.errors import PianolabError
from pianolab.live.takes import takes_dir
from pianolab.texts.catalogue import say

DATA = ("builtin test", "builtin tune", "real", "takes", "folder")
_COLUMNS = ["rank", "detector", "n", "onset_f1", "low", "high"]
_NAMED = 3  # So many recordings of a failure are named.


class ChoiceError(PianolabError):
    """A choice that makes no sense; the message says what to choose."""


def detectors() -> dict[str, str]:
    """Every detector of the registry, and why it cannot run here.

    Returns
    -------
    dict of str to str
        Name -> the reason, such as the library that it needs; '' if it can run.
    """
    found, broken = registry.load_all()
    return {name: registry.missing(cls) for name, cls in found.items()} | broken


def pick(name: str, *, folder: str | Path = "", n: int = 6) -> Dataset:
    """Some recordings of a data set, of as many kinds as there are.

    Parameters
    ----------
    name : str
        One of `DATA`: the rendered recordings on which results are reported or on which settings are chosen, the real
        ones that come with pianolab, takes of the live page with confirmed labels, or a folder.
    folder : str or Path
        Sound and labels of the same name beside each other, or a published set; used for ``"folder"`` only.
    n : int
        Recordings at most.

    Returns
    -------
    Dataset

    Raises
    ------
    ChoiceError, DatasetError
        If there is no such data, or none in it.
    """
    if name not in DATA:
        raise ChoiceError(say("widgets.no_data", name=repr(name), known=", ".join(DATA)))
    if name == "folder" and not str(folder).strip():
        raise ChoiceError(say("widgets.no_folder"))
    if name == "takes" and not takes_dir().is_dir():
        raise ChoiceError(say("widgets.no_takes"))
    if name.startswith("builtin "):
        found = data.load_dataset("builtin", split="test" if name == "builtin test" else "tune")
    else:
        found = data.load_dataset({"real": "real", "takes": takes_dir(), "folder": Path(folder).expanduser()}[name])
    kinds = dict.fromkeys(recording.kind for recording in found)
    rounds = zip_longest(*([one for one in found if one.kind == kind] for kind in kinds))
    spread = [one for each in rounds for one in each if one is not None]
    return replace(found, recordings=tuple(spread[:n]))


def run(
    chosen: Dataset,
    names: Sequence[str],
    *,
    seconds: float,
    folder: Path,
    name: str | None = None,
    progress: bool = False,
) -> Result:
    """Compare detectors on the beginning of some recordings.

    Parameters
    ----------
    chosen : Dataset
    names : list of str
        Detectors.
    seconds : float
        Of each recording.
    folder : Path
        What was heard is kept in ``cache`` there.
    name : str, optional
        The report is written into a folder of this name there; none if not given.
    progress : bool
        Show a bar.

    Returns
    -------
    Result

    Raises
    ------
    ChoiceError
        If no detector is named.
    """
    if not names:
        raise ChoiceError(say("widgets.no_detector"))
    found = compare(chosen, list(names), seconds=seconds, cache=folder / "cache", progress=progress)
    return found if name is None else write_report(found, folder / name)


def ranks(result: Result) -> tuple[pd.DataFrame, list[str]]:
    """The most important columns of the ranked table, and what failed.

    Parameters
    ----------
    result : Result

    Returns
    -------
    table : DataFrame
        Without those who heard nothing: they have no rank.
    failures : list of str
        A line for each detector and reason.
    """
    table = result.ranking.loc[result.ranking.n > 0, _COLUMNS].round(3)
    lines = []
    failures = result.failures
    for detector, why in dict.fromkeys(zip(failures.detector, failures.error, strict=True)):
        mine = failures.loc[(failures.detector == detector) & (failures.error == why)]
        names = [str(name) for name in mine.recording if name]
        if not names:  # It never came to hearing one.
            lines.append(say("widgets.cannot_run", detector=detector, why=why))
            continue
        more = f" (+ {len(names) - _NAMED})" if len(names) > _NAMED else ""
        lines.append(say("widgets.failed", detector=detector, recordings=", ".join(names[:_NAMED]) + more, why=why))
    return table, lines
