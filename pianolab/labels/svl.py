"""Layers of notes that Sonic Visualiser exported (.svl): XML with one element a note, times counted in samples.

Values are MIDI numbers or, where the layer says so, Hz; the nearest key counts. The level of a note is its velocity as
a part of 127, as for notes that Sonic Visualiser took from MIDI. Layers of other things (instants, curves, regions)
hold no notes and are refused.
"""

import math
from xml.etree import ElementTree

from pianolab.errors import printable
from pianolab.labels.rows import LabelError, Row
from pianolab.roll import MIDI_MAX
from pianolab.units import hz_to_midi

_MOST_BYTES = 50_000_000  # A hundred bytes a note: half a million notes.


def read_svl(data: bytes, name: str) -> list[Row]:
    """The notes of a layer.

    Parameters
    ----------
    data : bytes
        The file.
    name : str
        The file in messages.

    Returns
    -------
    list of Row
        The velocity is NaN where all levels are the same, because nobody set them then.

    Raises
    ------
    LabelError
        If it is no layer, holds no notes, or a note cannot be read.

    References
    ----------
    Cannam, Landone and Sandler, "Sonic Visualiser: An Open Source Application for Viewing, Analysing, and Annotating
    Music Audio Files", ACM Multimedia 2010; its class NoteModel writes these files.
    """
    if len(data) > _MOST_BYTES:
        raise LabelError(f"{name} holds {len(data) / 1e6:.0f} MB: no layer of notes is so long")
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as error:  # The last: an encoding that nobody knows.
        raise LabelError(f"{name} is no layer of Sonic Visualiser: export it again, or as .csv") from error
    models = [model for model in root.iter("model") if model.get("type") == "sparse"]
    of_notes = [model for model in models if model.get("subtype") == "note"]
    if not of_notes:
        there = ", ".join(sorted({printable(m.get("subtype") or f"{m.get('dimensions')}-d")[:20] for m in models}))
        raise LabelError(f"{name} holds no layer of notes but {there or 'nothing'}: export a layer of notes")
    if len(of_notes) > 1:
        raise LabelError(f"{name} holds {len(of_notes)} layers of notes: export one of them")
    return _rows(root, of_notes[0], name)


def _rows(root: ElementTree.Element, model: ElementTree.Element, name: str) -> list[Row]:
    sr = _number(model.get("sampleRate"))
    if not sr > 0:
        raise LabelError(f"{name} names no sample rate: export the layer again")
    is_hz = (model.get("units") or "").strip().lower() == "hz"
    sets = [found for found in root.iter("dataset") if found.get("id") == model.get("dataset")]
    points = [point for found in sets for point in found.iter("point")]
    levels = [_number(point.get("level")) for point in points]
    is_told = len(set(levels)) > 1
    rows = []
    for number, (point, level) in enumerate(zip(points, levels, strict=True), start=1):
        frame, duration, value = (_number(point.get(word)) for word in ("frame", "duration", "value"))
        if not all(map(math.isfinite, (frame, duration, value))) or (is_hz and value <= 0):
            raise LabelError(f"{name}, note {number}: frame, duration and value must be numbers; mend or drop it")
        midi = float(round(hz_to_midi(value) if is_hz else value))
        velocity = level * MIDI_MAX if is_told else math.nan
        rows.append(Row(frame / sr, (frame + duration) / sr, midi, velocity, f"note {number}"))
    return rows


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan
