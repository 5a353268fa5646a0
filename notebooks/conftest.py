"""For nbval: a notebook whose library is not installed is skipped, and says so; coverage sees what a kernel ran.

The Korean notebooks have the code and the outputs of the English ones, which a quick test holds; so they are slow ones.
"""

import os
from importlib.util import find_spec

import pytest

# What a notebook needs, and where to get it.
NEEDS = {
    "09_train_a_network": ("torch", "make setup-train"),
    "11_practice": ("verovio", "pip install 'pianolab[practice]'"),
    "13_pictures_of_sound": ("cv2", "make setup"),
}
SOLUTIONS_TOO = {"cv2"}  # Those of 09 need no PyTorch.


def pytest_collection_modifyitems(items):
    for item in items:
        if "ko" in item.path.parent.parts:
            item.add_marker(pytest.mark.slow)
        library, remedy = NEEDS.get(item.path.stem, (None, ""))
        needed = library in SOLUTIONS_TOO or item.path.parent.name == "notebooks"
        if library and needed and find_spec(library) is None:
            item.add_marker(pytest.mark.skip(reason=f"{item.path.name} needs {library}: {remedy}"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item, nextitem):
    """nbval kills its kernels, so what one has run is saved before (`make coverage`)."""
    ends = nextitem is None or nextitem.parent is not item.parent
    if ends and "COVERAGE_PROCESS_CONFIG" in os.environ and getattr(item.parent, "kernel", None):
        kernel = item.parent.kernel
        kernel.await_idle(kernel.kc.execute("import coverage; coverage.Coverage.current().save()"), 60)
