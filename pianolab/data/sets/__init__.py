"""Published sets of piano recordings, each told by what lies in a folder: its index, or the names of its files.

In go the files below a folder, out come recordings with what the set says of them: piece, split, piano, licence. A file
here is one set; `SETS` lists them. What a set's index names and the folder lacks is said, too.
"""

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


__all__ = ["SETS", "Files", "Found", "find_sets"]
