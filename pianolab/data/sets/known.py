"""All published sets that are known, and which of them lie in a folder."""

from pianolab.data.sets import asap, maestro, maps, musicnet, pianovam, smd
from pianolab.data.sets.finding import Files, Found

SETS = (maestro.find, musicnet.find, pianovam.find, asap.find, smd.find, maps.find)


def find_sets(files: Files) -> list[Found]:
    """The sets that lie in a folder.

    Parameters
    ----------
    files : Files
        All files below it.

    Returns
    -------
    list of Found
        A sound file belongs to one of them at most, the first in the order of `SETS`.

    Raises
    ------
    DatasetError
        If the index of a set is damaged.
    """
    found: list[Found] = []
    for find in SETS:
        for one in find(files):
            taken = {path for other in found for path in other.claimed}
            if not one.claimed or not one.claimed <= taken:
                found.append(one.without(taken))
    return found
