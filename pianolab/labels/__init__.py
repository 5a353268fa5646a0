"""The notes of a recording, read from and written to files."""

from pianolab.labels.files import LABEL_SUFFIXES, read_labels, read_pedal, write_labels
from pianolab.labels.pedal import sustain
from pianolab.labels.rows import MAX_SECONDS, LabelError, LabelWarning

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
