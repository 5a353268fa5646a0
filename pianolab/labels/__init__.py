"""The notes of a recording, read from and written to files."""

from pianolab.labels.files import (
    FOREIGN_LABELS,
    LABEL_SUFFIXES,
    WRITTEN_SUFFIXES,
    read_labels,
    read_pedal,
    write_labels,
)
from pianolab.labels.pedal import sustain
from pianolab.labels.rows import MAX_SECONDS, LabelError, LabelWarning

__all__ = [
    "FOREIGN_LABELS",
    "LABEL_SUFFIXES",
    "LabelError",
    "LabelWarning",
    "MAX_SECONDS",
    "WRITTEN_SUFFIXES",
    "read_labels",
    "read_pedal",
    "sustain",
    "write_labels",
]
