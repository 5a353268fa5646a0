"""MAPS: notes, chords and pieces on seven virtual pianos and on one Disklavier at two places in its room.

Told by its names, such as MAPS_MUS-chpn_op25_e3_ENSTDkCl: group, piece and piano. The Disklavier (ENSTDk...) is real
and test, the virtual pianos are rendered and tune, as Hawthorne et al. split them. The .mid beside a sound counts, of
which its .txt was made.
"""

import re
from collections.abc import Iterator
from typing import Any

from pianolab.data.recording import Recording
from pianolab.data.sets.finding import Files, Found

_NAME = re.compile(r"MAPS_(MUS|ISOL|RAND|UCHO)[-_](.+)_([A-Za-z0-9]+)")
_KINDS = {"MUS": "piece", "ISOL": "notes", "RAND": "chords", "UCHO": "chords"}
_ROOMS = {"ENSTDkAm": "ambient", "ENSTDkCl": "close"}


def find(files: Files) -> Iterator[Found]:
    """MAPS in a folder.

    Parameters
    ----------
    files : Files

    Yields
    ------
    Found
        Sound without labels is left to whoever looks at the folder: it is named there.

    References
    ----------
    Emiya, Badeau and David, "Multipitch Estimation of Piano Sounds Using a New Probabilistic Spectral Smoothness
    Principle", IEEE Transactions on Audio, Speech, and Language Processing 18 (2010); Hawthorne et al., "Onsets and
    Frames: Dual-Objective Piano Transcription", ISMIR 2018 (the split).
    """
    known = {path: about for path in files.sounds if (about := _about(path.stem))}
    labels = {path: files.labels(path) for path in known}
    recordings = [Recording("", path, labels[path], **about) for path, about in known.items() if labels[path]]
    if recordings:
        claimed = frozenset(recording.audio for recording in recordings)
        yield Found("MAPS", "the names of its files", tuple(recordings), (), claimed)


def _about(stem: str) -> dict[str, Any] | None:
    """What a name says, as fields of a Recording; None for another name."""
    match = _NAME.fullmatch(stem)
    if not match:
        return None
    group, piece, piano = match.groups()
    is_real = piano.startswith("ENSTDk")
    return {
        "piece": piece,
        "kind": _KINDS[group],
        "piano": piano,
        "room": _ROOMS.get(piano, ""),
        "licence": "CC-BY-NC-SA",
        "split": "test" if is_real else "tune",
        "source": "real" if is_real else "rendered",
    }
