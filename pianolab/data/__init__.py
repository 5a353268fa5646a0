"""Where recordings come from: what comes with pianolab, a folder of yours, MAPS, single notes named by their key."""

from pianolab.data.builtin import (
    BuiltinError,
    IndexEntry,
    builtin_index,
    data_dir,
    kept_dir,
    made_dir,
    notes_path,
    render_builtin,
)
from pianolab.data.builtin_checks import check_builtin
from pianolab.data.examples import example
from pianolab.data.loading import load_dataset
from pianolab.data.phrases import Phrase, make_phrases
from pianolab.data.real import RealEntry, check_real, default_data, has_real, real_index
from pianolab.data.recording import Dataset, DatasetError, Recording

__all__ = [
    "BuiltinError",
    "Dataset",
    "DatasetError",
    "IndexEntry",
    "Phrase",
    "RealEntry",
    "Recording",
    "builtin_index",
    "check_builtin",
    "check_real",
    "data_dir",
    "default_data",
    "example",
    "has_real",
    "kept_dir",
    "load_dataset",
    "made_dir",
    "make_phrases",
    "notes_path",
    "real_index",
    "render_builtin",
]
