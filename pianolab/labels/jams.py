"""Labels in JAMS files (.jams): JSON with annotations, of which those of notes are read.

Notes have a time, a duration and a value, in the namespace note_midi a MIDI number and in note_hz Hz; both may lie
between two keys, and the nearest key counts. JAMS knows no velocity.
"""

import itertools
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from pianolab.errors import printable
from pianolab.labels.rows import LabelError, Row
from pianolab.labels.text import decoded
from pianolab.units import hz_to_midi

_OBSERVATION = ("time", "duration", "value")
_NAMESPACES = ("note_midi", "note_hz")  # Of several present, the first listed counts.


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
    namespace = next((known for known in _NAMESPACES if known in namespaces), None)
    if namespace is None:
        there = ", ".join(sorted({printable(str(other))[:40] for other in namespaces})) or "nothing"
        raise LabelError(f"{name} holds no notes but {there[:120]}: it needs an annotation note_midi or note_hz")
    if namespaces.count(namespace) > 1:
        raise LabelError(f"{name} holds {namespaces.count(namespace)} annotations {namespace}: keep one in the file")
    rows = []
    for number, note in enumerate(_observations(annotations[namespaces.index(namespace)]), start=1):
        try:
            rows.append(_row(note, namespace, f"note {number}"))
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            needed = "time, duration (seconds) and value must be numbers that can be true"
            raise LabelError(f"{name}, note {number} of {namespace}: {needed}; mend or drop it") from error
    return rows


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
