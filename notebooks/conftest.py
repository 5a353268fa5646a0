"""For nbval: a notebook whose library is not installed is skipped, and says so; coverage sees what a kernel ran.

The Korean notebooks have the code and the outputs of the English ones, which a quick test holds; so they are slow ones.
"""

import os
from importlib.util import find_spec

import pytest

# What a notebook needs, and where to get it; the solutions of 09 need nothing.
NEEDS = {
    "09_train_a_network": ("torch", "make setup-train"),
    "11_practice": ("verovio", "pip install 'pianolab[practice]'"),
}


def pytest_collection_modifyitems(items):
    for item in items:
        if "ko" in item.path.parent.parts:
            item.add_marker(pytest.mark.slow)
        needs = NEEDS.get(item.path.stem) if item.path.parent.name == "notebooks" else None
        if needs and find_spec(needs[0]) is None:
            item.add_marker(pytest.mark.skip(reason=f"{item.path.name} needs {needs[0]}: {needs[1]}"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item, nextitem):
    """nbval kills its kernels, so what one has run is saved before (`make coverage`)."""
    ends = nextitem is None or nextitem.parent is not item.parent
    if ends and "COVERAGE_PROCESS_CONFIG" in os.environ and getattr(item.parent, "kernel", None):
        kernel = item.parent.kernel
        kernel.await_idle(kernel.kc.execute("import coverage; coverage.Coverage.current().save()"), 60)
