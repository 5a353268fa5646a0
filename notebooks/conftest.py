"""For nbval: a notebook whose library is not installed is skipped, and says so."""

from importlib.util import find_spec

import pytest

NEEDS = {"09_train_a_network": "torch"}  # its solutions need none


def pytest_collection_modifyitems(items):
    for item in items:
        library = NEEDS.get(item.path.stem) if item.path.parent.name == "notebooks" else None
        if library and find_spec(library) is None:
            item.add_marker(pytest.mark.skip(reason=f"{item.path.name} needs {library}: make setup-train"))
