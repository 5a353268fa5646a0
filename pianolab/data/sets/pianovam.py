"""PianoVAM: amateurs practising on a Disklavier, with video, sound, and what the piano recorded.

Told by metadata.json (metadata_v1.json, metadata_v2.json), whose entries have a record_time: the name of the files in
the folders Audio and MIDI.
"""

from collections.abc import Iterator

from pianolab.data.sets.finding import Entry, Files, Found, below, gathered, one_index, piece_of, read_rows, split_of

_INDEX = r"metadata(_v\d+)?\.json"
_NEEDED = ("record_time", "split")


def find(files: Files) -> Iterator[Found]:
    """PianoVAM in a folder.

    Parameters
    ----------
    files : Files

    Yields
    ------
    Found

    References
    ----------
    Kim et al., "PianoVAM: A Multimodal Piano Performance Dataset", ISMIR 2025; huggingface.co/datasets/PianoVAM.
    """
    for index in one_index(files, _INDEX):
        rows = read_rows(index, _NEEDED, sure=False)
        if rows is None:
            continue
        entries = [
            Entry(
                below(index, f"Audio/{row['record_time']}.wav"),
                below(index, f"MIDI/{row['record_time']}.mid"),
                {
                    "piece": piece_of(row.get("composer", ""), row.get("piece", "")) or row["record_time"],
                    "composer": row.get("composer", ""),
                    "title": row.get("piece", ""),
                    "kind": "piece",
                    "piano": "Disklavier",
                    "licence": "CC BY-NC-SA 4.0",
                    "split": split_of(row["split"]),
                    "source": "real",
                },
            )
            for row in rows
        ]
        yield gathered("PianoVAM", index, entries, files)
