"""How the evidence of our detectors becomes a probability: numbers that were fitted, read from fitted.json.

``benchmarks/calibrate.py`` fits and writes them. Those of a network stand in its own description, because they are as
old as the network.
"""

import json
from functools import cache
from pathlib import Path

FITTED = Path(__file__).with_name("fitted.json")


@cache
def certainty_of(name: str) -> dict[str, float]:
    """The settings of the tracker that turn the evidence of a detector into a probability.

    Parameters
    ----------
    name : str
        Of the detector.

    Returns
    -------
    dict of str to float
        Settings of `pianolab.tracking.Tracking` that begin with ``sure_``; empty where none were fitted.

    Examples
    --------
    >>> certainty_of("nobody")
    {}
    """
    return json.loads(FITTED.read_text(encoding="utf-8")).get(name, {})
