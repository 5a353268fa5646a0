"""How sure is a note? Evidence becomes the probability that its key was struck.

What comes in: the evidence with which a policy begins a note, what supports it, and how surely a struck string sounds,
each in [0, 1], and how long the note waited from its stroke until it was told. What goes out: a probability. It is a
logistic regression on the log odds of the three and on the wait (Platt, "Probabilistic Outputs for Support Vector
Machines", 1999), so it rises with each evidence and falls with the wait: a clear stroke is known at once, and a key
that was long in doubt is often wrong. A detector needs five numbers. They are settings of the tracker and are fitted by
``benchmarks/calibrate.py`` on pianos that nothing is reported on. Because the tracker applies them, live notes, files
and reports say the same.
"""

import math

from pianolab.tracking.settings import Tracking

# The settings of the tracker that are fitted, in the order of what they are multiplied with.
NAMES = ("sure_base", "sure_own", "sure_support", "sure_struck", "sure_prompt")
LONGEST_S = 0.3  # A longer wait says no more than this.
LEAST = 0.001  # Evidence of 0 or 1 counts as this, or as this short of 1: nothing is quite sure.


def log_odds(evidence: float) -> float:
    """The logarithm of how much likelier something is than its contrary; 0 where nothing is known.

    Parameters
    ----------
    evidence : float
        In [0, 1]; NaN where there is none.

    Returns
    -------
    float

    Examples
    --------
    >>> log_odds(0.5), round(log_odds(0.9), 2), log_odds(math.nan)
    (0.0, 2.2, 0.0)
    """
    if math.isnan(evidence):
        return 0.0
    bounded = min(max(evidence, LEAST), 1.0 - LEAST)
    return math.log(bounded / (1.0 - bounded))


def promptness(waited_s: float) -> float:
    """How promptly a note was told: 0 at once, less by 1 for each tenth of a second that it waited.

    Parameters
    ----------
    waited_s : float
        Seconds.

    Returns
    -------
    float
        From -3 to 0.

    Examples
    --------
    >>> round(promptness(0.05), 3), promptness(4.0)
    (-0.5, -3.0)
    """
    return -10.0 * min(max(waited_s, 0.0), LONGEST_S)


def probability(tracking: Tracking, *, own: float, support: float, struck: float, waited_s: float = 0.0) -> float:
    """How likely it is that the key of a note was struck.

    Parameters
    ----------
    tracking : Tracking
        Its five settings that begin with ``sure_``.
    own, support, struck : float
        Evidence in [0, 1], NaN where there is none.
    waited_s : float
        Seconds from the stroke to the row that made the note, or its new name, certain.

    Returns
    -------
    float

    Examples
    --------
    >>> probability(Tracking(), own=0.7, support=0.2, struck=math.nan)
    0.7
    >>> settings = Tracking(sure_base=1.0, sure_own=0.5, sure_support=1.0)
    >>> round(probability(settings, own=0.7, support=0.2, struck=math.nan), 3)
    0.509
    """
    weights = tuple(getattr(tracking, name) for name in NAMES)
    if weights == (0.0, 1.0, 0.0, 0.0, 0.0):
        return own
    terms = (1.0, log_odds(own), log_odds(support), log_odds(struck), promptness(waited_s))
    return 1.0 / (1.0 + math.exp(-sum(weight * term for weight, term in zip(weights, terms, strict=True))))
