"""Fixtures that several test modules share."""

import os
from pathlib import Path

import numpy as np
import pytest

from pianolab import sound
from pianolab.labels import write_labels
from pianolab.piano import render
from pianolab.roll import Notes

os.environ.pop("PIANOLAB_LANGUAGE", None)  # Tests expect English, whatever the tester reads.


@pytest.fixture(scope="session")
def recordings():
    """Folder of labelled real recordings that are not part of the project; skips where there is none."""
    folder = Path(os.environ.get("PIANOLAB_RECORDINGS") or "none")
    if not folder.is_dir():
        pytest.skip("no outside recordings: set PIANOLAB_RECORDINGS to a folder that holds isolated/ and maps/")
    return folder


@pytest.fixture(scope="session")
def write_pieces():
    """A function that fills a new folder with labelled recordings of two seconds, each a semitone higher."""

    def write(here, n_pieces):
        here.mkdir()
        for i in range(n_pieces):
            notes = Notes([0.2, 0.2, 0.9], [0.7, 0.8, 1.4], np.array([60, 64, 67]) + i, [40, 80, 100])
            sound.write(here / f"piece_{i}.wav", render(notes, sr=16000), sr=16000)
            write_labels(here / f"piece_{i}.tsv", notes)
        return here

    return write


@pytest.fixture
def folder(tmp_path, write_pieces):
    """Four labelled recordings of two seconds, piece_0 to piece_3, each a semitone higher."""
    return write_pieces(tmp_path / "recordings", 4)
