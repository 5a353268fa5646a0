"""The short recordings that come with pianolab, by name: something to try a detector on at once.

What comes in: a name. What comes out: the path of a sound file of a few seconds; a MIDI file of the same name beside it
holds the notes that are played.
"""

from pathlib import Path

from pianolab.data.builtin import data_dir
from pianolab.data.recording import DatasetError
from pianolab.errors import nearest, printable


def example(name: str = "ode_to_joy") -> Path:
    """Where a short recording is that comes with pianolab.

    Parameters
    ----------
    name : str
        "C4" (one note), "c_major_arpeggio", "ode_to_joy" (a melody), "chords" or "fur_elise" (both hands).

    Returns
    -------
    Path
        A FLAC file; the same path with the suffix .mid is the MIDI file of its notes.

    Raises
    ------
    DatasetError
        If there is no such recording.

    Examples
    --------
    >>> example("chords").name
    'chords.flac'
    """
    clips = {path.stem: path for path in sorted((data_dir() / "clips").glob("*.flac"))}
    if name not in clips:
        known = f": known are {', '.join(clips)}" if clips else ""
        raise DatasetError(f"no example is called {printable(name)!r}{nearest(str(name), clips, otherwise=known)}")
    return clips[name]
