"""The notes of a recording, read from and written to files."""

from pianolab.labels.formats import (
    LABEL_SUFFIXES,
    MAX_SECONDS,
    LabelError,
    LabelWarning,
    read_labels,
    read_pedal,
    sustain,
    write_labels,
)

__all__ = [
    "LABEL_SUFFIXES",
    "LabelError",
    "LabelWarning",
    "MAX_SECONDS",
    "read_labels",
    "read_pedal",
    "sustain",
    "write_labels",
]
