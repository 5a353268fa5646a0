"""Published sets of piano recordings, each told by what lies in a folder: its index, or the names of its files.

In go the files below a folder, out come recordings with what the set says of them: piece, split, piano, licence. A file
here is one set; `SETS` lists them. What a set's index names and the folder lacks is said, too.
"""

from pianolab.data.sets.finding import Files, Found
from pianolab.data.sets.known import SETS, find_sets

__all__ = ["SETS", "Files", "Found", "find_sets"]
