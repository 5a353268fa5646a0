"""Labels in MusicXML files (.musicxml, .mxl, .xml): a score, played as its notation program would play it.

Times are those of the written tempos, with repeats. A performance by a human is elsewhere after a few bars, so such
labels suit renderings. The score is read by partitura, which has to be installed.
"""

import importlib
import io
import math
import warnings
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pianolab.errors import first_line, printable
from pianolab.labels.rows import LabelError, LabelWarning, Row

MUSICXML_SUFFIXES = (".musicxml", ".mxl", ".xml")
_USUAL_BPM = 120.0  # Notation programs play quarter notes at this tempo until the score names one.
_MOST_BYTES = 50_000_000  # The longest scores of an orchestra have 20 MB of XML.


def read_musicxml(data: bytes, name: str, path: Path) -> list[Row]:
    """The notes of a MusicXML file.

    Parameters
    ----------
    data : bytes
        The file.
    name : str
        The file in messages.
    path : Path
        Where it lies.

    Returns
    -------
    list of Row
        Grace notes have no length. Pedal marks are not read.

    Raises
    ------
    LabelError
        If partitura is missing or cannot read the file, or the score would be too large.

    Warns
    -----
    LabelWarning
        If the score names no tempo, or has several parts.

    References
    ----------
    Cancino-Chacón et al., "Partitura: A Python Package for Symbolic Music Processing", Music Encoding Conference 2022.
    """
    _refuse_huge(data, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # What partitura passes over, such as page layout, holds no notes.
        try:
            partitura = importlib.import_module("partitura")
        except ImportError as error:
            remedy = 'pip install "pianolab[musicxml]" in an environment without Jupyter, or export MIDI from the score'
            raise LabelError(f"{name}: MusicXML needs partitura, which is not here: {remedy}") from error
        try:
            parts = [partitura.score.unfold_part_maximal(part) for part in partitura.load_musicxml(str(path)).parts]
            marks = [(part, tempo) for part in parts for tempo in part.iter_all(partitura.score.Tempo)]
            tempos = {float(part.quarter_map(tempo.start.t)): float(tempo.bpm) for part, tempo in marks}
            notes = [_in_quarters(part, note) for part in parts for note in part.notes_tied]
        except Exception as error:  # Whatever partitura and lxml stumble over.
            raise LabelError(f"{name} is not readable MusicXML ({first_line(error)[:120]}): export it again") from error
    for bpm in tempos.values():
        if not (math.isfinite(bpm) and bpm > 0):
            raise LabelError(f"{name} has a tempo of {bpm:g} quarter notes a minute: mend it in the notation program")
    if not tempos:
        text = f"{name} names no tempo: {_USUAL_BPM:g} quarter notes a minute are taken"
        warnings.warn(text, LabelWarning, stacklevel=4)
    if len(parts) > 1:
        names = printable(", ".join(str(part.part_name or part.id) for part in parts))[:120]
        text = f"{name} has {len(parts)} parts ({names}): the notes of all are taken"
        warnings.warn(text, LabelWarning, stacklevel=4)
    onsets, offsets = (_seconds([note[i] for note in notes], tempos) for i in (0, 1))
    numbered = enumerate(zip(onsets, offsets, notes, strict=True), start=1)
    return [Row(float(on), float(off), note[2], math.nan, f"note {n}") for n, (on, off, note) in numbered]


def _refuse_huge(data: bytes, name: str) -> None:
    size = len(data)
    # A small archive may hold a huge score. What is no whole archive is refused by partitura.
    with suppress(zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        size = sum(entry.file_size for entry in zipfile.ZipFile(io.BytesIO(data)).infolist())
    if size > _MOST_BYTES:
        raise LabelError(f"{name} holds {size / 1e6:.0f} MB of XML: no score is so long; export it again")


def _in_quarters(part: Any, note: Any) -> tuple[float, float, float]:
    """Onset, offset and MIDI number of a note with all that is tied to it; times are in quarter notes."""
    start = note.start.t
    return float(part.quarter_map(start)), float(part.quarter_map(start + note.duration_tied)), float(note.midi_pitch)


def _seconds(quarters: Iterable[float], tempos: dict[float, float]) -> npt.NDArray[np.float64]:
    """When moments of a score come, by its tempos: quarter notes a minute from a moment on."""
    changes = sorted({0.0: _USUAL_BPM, **tempos}.items())
    at, bpm = np.array(changes).T
    begun_s = np.append(0.0, np.cumsum(np.diff(at) * 60 / bpm[:-1]))
    moments = np.asarray(list(quarters), dtype=float)
    last = np.maximum(np.searchsorted(at, moments, side="right") - 1, 0)
    return begun_s[last] + (moments - at[last]) * 60 / bpm[last]
