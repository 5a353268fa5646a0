"""Labels in JAMS files (.jams): JSON with annotations, of which those of notes are read; one is written.

Notes have a time, a duration and a value, in the namespace note_midi a MIDI number and in note_hz Hz; both may lie
between two keys, and the nearest key counts. JAMS knows no velocity.
"""

import itertools
import json
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pianolab.errors import printable
from pianolab.labels.rows import LabelError, LabelWarning, Row
from pianolab.labels.text import decoded
from pianolab.roll import Notes
from pianolab.units import hz_to_midi

_OBSERVATION = ("time", "duration", "value")
_NAMESPACES = ("note_midi", "note_hz")  # Of several that hold notes, the first listed counts.
_VERSION = "0.3.4"  # Of the schema.


def read_jams(data: bytes, name: str) -> list[Row]:
    """The notes of a JAMS file.

    Parameters
    ----------
    data : bytes
        The file.
    name : str
        The file in messages.

    Returns
    -------
    list of Row

    Raises
    ------
    LabelError
        If it is no JAMS file, holds no notes or those of several annotators, or a note cannot be read.

    Warns
    -----
    LabelWarning
        If an annotation is empty and the notes of another are read.

    References
    ----------
    Humphrey et al., "JAMS: A JSON Annotated Music Specification for Reproducible MIR Research", ISMIR 2014.
    """
    try:
        annotations = json.loads(decoded(data, name))["annotations"]
        namespaces = [annotation["namespace"] for annotation in annotations]
    except LabelError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise LabelError(f"{name} is no JAMS file: export it again, or write the notes as .tsv") from error
    namespace, annotation = _of_notes(annotations, namespaces, name)
    rows = []
    for number, note in enumerate(_observations(annotation), start=1):
        try:
            rows.append(_row(note, namespace, f"note {number}"))
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            needed = "time, duration (seconds) and value must be numbers that can be true"
            raise LabelError(f"{name}, note {number} of {namespace}: {needed}; mend or drop it") from error
    return rows


def _of_notes(
    annotations: Sequence[Mapping[str, Any]], namespaces: Sequence[Any], name: str
) -> tuple[str, Mapping[str, Any]]:
    """The annotation whose notes count, and its namespace; an empty one counts only where all of notes are empty."""
    of_notes = [(known, at) for known in _NAMESPACES for at, other in enumerate(namespaces) if other == known]
    if not of_notes:
        there = ", ".join(sorted({printable(str(other))[:40] for other in namespaces})) or "nothing"
        raise LabelError(f"{name} holds no notes but {there[:120]}: it needs an annotation note_midi or note_hz")
    filled = [(known, at) for known, at in of_notes if not _is_empty(annotations[at])]
    namespace, chosen = (filled or of_notes)[0]
    n_equal = sum(known == namespace for known, _ in filled or of_notes)
    if n_equal > 1:
        raise LabelError(f"{name} holds {n_equal} annotations {namespace}: keep one in the file")
    if filled and of_notes[0] != filled[0]:
        text = f"{name}: an annotation {of_notes[0][0]} is empty, and the notes of {namespace} are read"
        warnings.warn(text, LabelWarning, stacklevel=4)
    return namespace, annotations[chosen]


def _is_empty(annotation: Mapping[str, Any]) -> bool:
    data = annotation.get("data")
    return data == [] or (isinstance(data, Mapping) and all(data.get(key) == [] for key in _OBSERVATION))


def _row(note: Any, namespace: str, place: str) -> Row:
    onset, duration, pitch = (float(note[key]) for key in _OBSERVATION)
    midi = hz_to_midi(pitch) if namespace == "note_hz" else pitch
    return Row(onset, onset + duration, float(round(midi)), math.nan, place)


def _observations(annotation: Mapping[str, Any]) -> Iterator[Any]:
    """The notes one by one; a file may also hold them as columns."""
    data = annotation.get("data")
    if isinstance(data, Mapping) and all(isinstance(data.get(key), list) for key in _OBSERVATION):
        for values in itertools.zip_longest(*(data[key] for key in _OBSERVATION)):
            yield dict(zip(_OBSERVATION, values, strict=True))
    else:
        yield from data if isinstance(data, list) else [None]


def jams_text(notes: Notes) -> str:
    """Notes as a JAMS file with one annotation note_midi; times are rounded to a microsecond.

    Parameters
    ----------
    notes : Notes

    Returns
    -------
    str
        Velocity is left out, because JAMS has no place for it.
    """
    duration = round(float(notes.offset.max()), 6) if len(notes) else 0.0
    data = [
        {
            "time": round(float(onset), 6),
            "duration": round(round(float(offset), 6) - round(float(onset), 6), 6),
            "value": float(midi),
            "confidence": None,
        }
        for onset, offset, midi in zip(notes.onset, notes.offset, notes.midi, strict=True)
    ]
    annotation = {
        "namespace": _NAMESPACES[0],
        "time": 0.0,
        "duration": duration,
        "data": data,
        "annotation_metadata": {"annotation_tools": "pianolab"},
        "sandbox": {},
    }
    about = {
        "title": "",
        "artist": "",
        "release": "",
        "duration": duration,
        "identifiers": {},
        "jams_version": _VERSION,
    }
    return json.dumps({"file_metadata": about, "annotations": [annotation], "sandbox": {}}, indent=1) + "\n"
