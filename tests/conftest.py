"""Fixtures that several test modules share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def recordings():
    """Folder of labelled real recordings that are not part of the project; skips where there is none."""
    folder = os.environ.get("PIANOLAB_RECORDINGS")
    folder = Path(folder) if folder else Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no outside recordings: set PIANOLAB_RECORDINGS to a folder that holds isolated/ and maps/")
    return folder
