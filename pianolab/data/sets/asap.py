"""ASAP: performances of classical scores as MIDI, 548 of them with the sound of MAESTRO 2 beside them.

Told by metadata.csv with the columns midi_performance and audio_performance. The sound is not in the repository: its
own script initialize_dataset.py cuts it from MAESTRO, so that a performance and its sound begin together.
"""

from collections.abc import Iterator

from pianolab.data.sets.finding import Entry, Files, Found, below, gathered, one_index, piece_of, read_rows

_INDEX = r"metadata\.csv"
_NEEDED = ("composer", "title", "midi_performance", "audio_performance")
_REMEDY = "cut it from MAESTRO 2 with initialize_dataset.py of ASAP"


def find(files: Files) -> Iterator[Found]:
    """ASAP in a folder.

    Parameters
    ----------
    files : Files

    Yields
    ------
    Found

    References
    ----------
    Foscarin et al., "ASAP: a dataset of aligned scores and performances for piano transcription", ISMIR 2020;
    github.com/fosfrancesco/asap-dataset (columns of metadata.csv).
    """
    for index in one_index(files, _INDEX):
        rows = read_rows(index, _NEEDED, sure=False)
        if rows is None:
            continue
        entries = [
            Entry(
                below(index, row["audio_performance"] or row["midi_performance"]),
                below(index, row["midi_performance"]),
                {
                    "piece": piece_of(row["composer"], row["title"]),
                    "composer": row["composer"],
                    "title": row["title"],
                    "kind": "piece",
                    "piano": "Yamaha Disklavier" if row.get("maestro_audio_performance") else "",
                    "licence": "CC BY-NC-SA 4.0",
                    "source": "real",
                },
            )
            for row in rows
        ]
        found = gathered("ASAP", index, entries, files)
        left_out = tuple((path, f"{why}: {_REMEDY}" if "no sound" in why else why) for path, why in found.left_out)
        yield Found(found.name, found.told_by, found.recordings, left_out, found.claimed)
