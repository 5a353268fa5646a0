"""MAESTRO: 200 hours of a piano competition on Yamaha Disklaviers, with what the pianos recorded of keys and pedals.

Told by maestro-v*.csv (or .json), which names composer, title, split and files of each recording.
"""

import re
from collections.abc import Iterator

from pianolab.data.sets.finding import Entry, Files, Found, below, gathered, one_index, piece_of, read_rows, split_of

_INDEX = r"maestro-v([\d.]+)\.(csv|json)"
_NEEDED = ("canonical_composer", "canonical_title", "split", "midi_filename", "audio_filename")


def find(files: Files) -> Iterator[Found]:
    """MAESTRO in a folder.

    Parameters
    ----------
    files : Files

    Yields
    ------
    Found

    Raises
    ------
    DatasetError
        If its index is damaged.

    References
    ----------
    Hawthorne et al., "Enabling Factorized Piano Music Modeling and Generation with the MAESTRO Dataset", ICLR 2019;
    magenta.tensorflow.org/datasets/maestro (fields and layout of versions 2 and 3).
    """
    for index in one_index(files, _INDEX):
        version = re.findall(_INDEX, index.name, re.IGNORECASE)[0][0]
        rows = read_rows(index, _NEEDED, sure=True) or []
        entries = [
            Entry(
                below(index, row["audio_filename"]),
                below(index, row["midi_filename"]),
                {
                    "piece": piece_of(row["canonical_composer"], row["canonical_title"]),
                    "composer": row["canonical_composer"],
                    "title": row["canonical_title"],
                    "kind": "piece",
                    "piano": f"Yamaha Disklavier ({row['year']})" if row.get("year") else "Yamaha Disklavier",
                    "licence": "CC BY-NC-SA 4.0",
                    "split": split_of(row["split"]),
                    "source": "real",
                },
            )
            for row in rows
        ]
        yield gathered(f"MAESTRO {version}", index, entries, files)
