"""What goes wrong in a comparison: what is refused, and what is odd and said later."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from pianolab.errors import PianolabError


class CompareError(PianolabError):
    """A comparison that makes no sense; the message is one line with the remedy."""


@contextmanager
def caught_warnings() -> Iterator[list[str]]:
    """Collect the texts of warnings instead of showing them in the middle of a progress bar.

    Yields
    ------
    list of str
        Filled when the block ends; each text once.
    """
    texts: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield texts
        texts += dict.fromkeys(str(warning.message) for warning in caught)
