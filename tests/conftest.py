"""Fixtures that several test modules share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def recordings():
    """Folder of labelled real recordings that are not part of the project; skips where there is none."""
    folder = Path(os.environ.get("PIANOLAB_RECORDINGS") or "none")
    if not folder.is_dir():
        pytest.skip("no outside recordings: set PIANOLAB_RECORDINGS to a folder that holds isolated/ and maps/")
    return folder
