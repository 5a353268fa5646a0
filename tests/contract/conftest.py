"""Which detectors the contract is asked of: every one of the registry, or those that were named.

python -m pytest tests/contract --detector FILE.py:Class
"""

import pytest

from pianolab.detector import parameters
from pianolab.registry import create, load_all, missing

DETECTORS = load_all()[0]


def pytest_addoption(parser):
    parser.addoption(
        "--detector",
        action="append",
        metavar="NAME[:key=value,...]|FILE.py:Class",
        help="ask the contract tests of this detector instead of those of the registry",
    )


def pytest_generate_tests(metafunc):
    if "spec" in metafunc.fixturenames:
        quick = "each_choice" not in metafunc.fixturenames
        metafunc.parametrize("spec", metafunc.config.getoption("--detector", default=None) or registered(quick=quick))


def registered(*, quick):
    """Ours, each of their choices (quick: only presets and weights), and peers that answer while they hear."""
    ours = {name: cls for name, cls in DETECTORS.items() if not cls.peer}
    choices = [
        f"{name}:{key}={choice}"
        for name, cls in ours.items()
        for key, parameter in parameters(cls).items()
        for choice in parameter.choices
        if choice != parameter.default and (key in ("preset", "weights") or not quick)
    ]
    peers = [name for name, cls in DETECTORS.items() if cls.peer and not cls.whole_recording and not missing(cls)]
    return [*ours, *choices, *peers]


@pytest.fixture
def each_choice():
    """Asks a test also of each method and each look-ahead that a detector offers."""


@pytest.fixture
def detector(spec):
    """A new detector."""
    return create(spec)
