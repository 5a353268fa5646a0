"""Data sets through the loaders of mirdata, where it is installed: its tracks as recordings.

What comes in: the name of a loader, and the folder in which its set lies. What goes out: a Dataset. Labels are the MIDI
file of a track; where a track has notes and no MIDI, they are written once as a text file into the cache.
"""

import hashlib
import importlib
from pathlib import Path
from typing import Any

import numpy as np

from pianolab.data.builtin import made_dir
from pianolab.data.recording import Dataset, DatasetError, Recording
from pianolab.data.sets.finding import piece_of, split_of
from pianolab.errors import first_line, nearest, printable
from pianolab.labels import write_labels
from pianolab.roll import Notes
from pianolab.units import hz_to_midi, parse_note

_NO_NOTES = "holds neither MIDI nor notes"


def mirdata_set(text: str) -> Dataset:
    """The tracks of a loader of mirdata that have sound here, and MIDI or notes.

    Parameters
    ----------
    text : str
        The name of the loader, perhaps with ``@`` and the folder of the set: ``maestro@/data/maestro``.

    Returns
    -------
    Dataset
        Tracks of other kinds, and those whose sound is missing, are in ``skipped``.

    Raises
    ------
    DatasetError
        If mirdata is not installed or has no such loader, or the set or its index is missing.

    References
    ----------
    Bittner et al., "mirdata: Software for Reproducible Usage of Datasets", ISMIR 2019; mirdata.core.Dataset and Track.
    """
    name, _, home = text.partition("@")
    loader = _loader(name, home)
    recordings, skipped = [], []
    try:
        tracks = [(track_id, loader.track(track_id)) for track_id in loader.track_ids]
    except Exception as error:  # Each loader has its own ways to fail.
        get = f"mirdata.initialize({name!r}).download(['index'])"
        raise DatasetError(f"mirdata cannot read {name} ({first_line(error)}): fetch its index with {get}") from error
    for track_id, track in tracks:
        sound = getattr(track, "audio_path", None)
        if not sound or not Path(sound).is_file():
            skipped.append((Path(sound or track_id), "its sound is not here"))
            continue
        try:
            labels = _labels(track, name, str(track_id))
        except Exception as error:
            skipped.append((Path(sound), f"its notes cannot be used: {first_line(error)}"))
            continue
        if labels is None:
            skipped.append((Path(sound), _NO_NOTES))
        else:
            recordings.append(_recording(track, str(track_id), Path(sound), labels, name))
    if not recordings:
        why = f", such as {printable(skipped[0][0].name)}: {skipped[0][1]}" if skipped else ""
        raise DatasetError(f"mirdata's {name} gives no recording{why}: name the folder, as in mirdata:{name}@DIR")
    return Dataset(f"mirdata {name}", tuple(recordings), tuple(skipped), taken_for=(f"{name} (by mirdata)",))


def _loader(name: str, home: str) -> Any:
    try:
        mirdata = importlib.import_module("mirdata")
    except ImportError as error:
        raise DatasetError("mirdata is not installed: pip install mirdata") from error
    known = list(mirdata.list_datasets())
    if name not in known:
        raise DatasetError(
            f"mirdata has no loader {printable(name)!r}{nearest(name, known, otherwise=': see its docs')}"
        )
    return mirdata.initialize(name, data_home=home or None)


def _labels(track: Any, name: str, track_id: str) -> Path | None:
    """The label file of a track; it is written where the track has notes alone."""
    midi = getattr(track, "midi_path", None)
    if midi and Path(midi).is_file():
        return Path(midi)
    data = getattr(track, "notes", None)
    if data is None:
        return None
    if data.interval_unit not in ("s", "ms"):
        raise DatasetError(f"their times are {data.interval_unit}")
    seconds = np.asarray(data.intervals, dtype=np.float64) / (1000.0 if data.interval_unit == "ms" else 1.0)
    midi_numbers = [_key(pitch, data.pitch_unit) for pitch in data.pitches]
    notes = Notes(seconds[:, 0], seconds[:, 1], np.array(midi_numbers, dtype=np.int64))
    folder = made_dir("mirdata") / name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{hashlib.sha256(track_id.encode()).hexdigest()[:16]}.tsv"
    write_labels(path, notes)
    return path


def _key(pitch: Any, unit: str) -> int:
    if unit == "note_name":
        return parse_note(str(pitch))
    return round(hz_to_midi(float(pitch)) if unit == "hz" else float(pitch))


def _recording(track: Any, track_id: str, sound: Path, labels: Path, name: str) -> Recording:
    composer, title = (_word(track, f"canonical_{word}") or _word(track, word) for word in ("composer", "title"))
    return Recording(
        track_id,
        sound,
        labels,
        f"mirdata {name}",
        piece=piece_of(composer, title) or track_id,
        composer=composer,
        title=title,
        kind="piece",
        split=split_of(_word(track, "split")),
    )


def _word(track: Any, attribute: str) -> str:
    value = getattr(track, attribute, None)
    return value if isinstance(value, str) else ""
