"""Where recordings come from: the built-in set, a folder of yours, MAPS, single notes named by their key."""

from pianolab.data.builtin import BuiltinError, builtin_index, check_builtin, data_dir, render_builtin
from pianolab.data.datasets import load_dataset
from pianolab.data.recording import Dataset, DatasetError, Recording

__all__ = [
    "BuiltinError",
    "Dataset",
    "DatasetError",
    "Recording",
    "builtin_index",
    "check_builtin",
    "data_dir",
    "load_dataset",
    "render_builtin",
]
