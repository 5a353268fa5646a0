"""The tracker's settings for the sustain pedal, chosen on recordings that the network did not learn from.

What comes in: how surely a network hears the pedal down, row by row, and when it was down. What comes out: the
thresholds at which it goes down and up, how long a change must last, and how late each of them is heard. The best
settings are those with the highest sum of two scores: changes down within 100 ms, and whether the pedal is down. Both
are counted over all recordings together, so that a pedal that is heard where nobody uses it counts as false. At last it
is chosen how long after it went up a pedal that is changed goes down.
"""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from pianolab.roll import Salience
from pianolab.scores import PedalProtocol, score_pedal
from pianolab.scores.ratios import n_times_right
from pianolab.tracking import Tracking
from pianolab.tracking.pedal import PedalTracker

Pedal = npt.NDArray[np.float64]

DOWN = (0.3, 0.4, 0.5, 0.6, 0.7)
LOWER = (0.0, 0.1, 0.2, 0.3)  # So much lower lies the threshold at which it goes up.
LEAST_S = (0.0, 0.04, 0.08, 0.12)
DELAYS_S = tuple(round(0.02 * i, 2) for i in range(-3, 11))
CHANGES_S = (0.0, *(round(0.02 * i, 2) for i in range(5, 17)))
TOLERANCE_S = PedalProtocol().tolerance_s
APART_S = 10.0  # So far apart are recordings laid, one after the other, to be counted together.
GOALS = ("pedal_onset_f1", "pedal_frame_f1")


def choose_pedal(heard: Sequence[Salience], pedals: Sequence[Pedal | None]) -> dict[str, float]:
    """Settings of the pedal that hear most in these recordings.

    Parameters
    ----------
    heard : list of Salience
        The network's answers, one for each recording.
    pedals : list of (n, 2) arrays or None
        Seconds at which the pedal went down and up, in the same order; None where it is unknown.

    Returns
    -------
    dict
        Keyword arguments of `pianolab.tracking.Tracking`; empty where no pedal is known or heard.
    """
    known = [(rows, pedal) for rows, pedal in zip(heard, pedals, strict=True) if pedal is not None]
    if not sum(len(pedal) for _, pedal in known) or any(rows.pedal is None for rows, _ in known):
        return {}
    best: dict[str, float] = {}
    most = -np.inf
    for down, lower, least_s in product(DOWN, LOWER, LEAST_S):
        settings = {"pedal_threshold": down, "pedal_up_threshold": round(down - lower, 2), "pedal_min_s": least_s}
        settings |= _delays(known, settings)
        scores = pedal_scores([rows for rows, _ in known], [pedal for _, pedal in known], settings)
        if sum(scores[goal] for goal in GOALS) > most:
            best, most = settings, sum(scores[goal] for goal in GOALS)
    return best | {"pedal_change_s": change_s(known, best)}


def change_s(known: Sequence[tuple[Salience, Pedal]], settings: dict[str, float]) -> float:
    """How long after it went up a pedal that is changed goes down: what makes most changes down right.

    Parameters
    ----------
    known : list of (Salience, (n, 2) array)
        The network's answers, and when the pedal went down and up.
    settings : dict
        The other settings of the pedal.

    Returns
    -------
    float
        Seconds; 0 if that is best left alone.
    """

    def right(after_s: float) -> float:
        heard = [followed(rows, settings | {"pedal_change_s": after_s}) for rows, _ in known]
        return score_pedal(*_one_after_the_other(known, heard))["pedal_onset_f1"]

    return max(CHANGES_S, key=right)


def choose_age_delay(
    heard: Sequence[Salience], pedals: Sequence[Pedal | None], settings: dict[str, Any]
) -> dict[str, float]:
    """How late the age of a pedal is known, with all other settings as they are: what makes most changes down right.

    Parameters
    ----------
    heard : list of Salience
        The answers of a network that says for how long the pedal has been down.
    pedals : list of (n, 2) arrays or None
        As in `choose_pedal`.
    settings : dict
        Keyword arguments of `pianolab.tracking.Tracking`.

    Returns
    -------
    dict
        ``pedal_delay_s``, and ``pedal_change_s`` 0, which is not used where an age is known.
    """
    tried = [{"pedal_delay_s": delay_s, "pedal_change_s": 0.0} for delay_s in DELAYS_S]
    return max(tried, key=lambda one: pedal_scores(heard, pedals, settings | one)["pedal_onset_f1"])


def pedal_scores(
    heard: Sequence[Salience], pedals: Sequence[Pedal | None], settings: dict[str, Any]
) -> dict[str, float]:
    """How well settings hear the pedal, counted over all recordings together.

    Parameters
    ----------
    heard : list of Salience
        As in `choose_pedal`.
    pedals : list of (n, 2) arrays or None
        As in `choose_pedal`.
    settings : dict
        Keyword arguments of `pianolab.tracking.Tracking`.

    Returns
    -------
    dict of str to float
        As `pianolab.scores.score_pedal`; empty where no pedal is known or heard.
    """
    known = [(rows, pedal) for rows, pedal in zip(heard, pedals, strict=True) if pedal is not None]
    if not known or any(rows.pedal is None for rows, _ in known):
        return {}
    return score_pedal(*_one_after_the_other(known, [followed(rows, settings) for rows, _ in known]))


def followed(rows: Salience, settings: dict[str, Any]) -> Pedal:
    """When the tracker hears the pedal down.

    Parameters
    ----------
    rows : Salience
        With pedal evidence.
    settings : dict
        Keyword arguments of `pianolab.tracking.Tracking`.

    Returns
    -------
    (n, 2) float64
        Seconds down and up.
    """
    tracker = PedalTracker(Tracking(**settings))
    ages_s = [None] * len(rows) if rows.pedal_age is None else rows.pedal_age.tolist()
    for time_s, sure, age_s in zip(rows.times.tolist(), np.asarray(rows.pedal).tolist(), ages_s, strict=True):
        tracker.step(time_s, sure, age_s)
    return tracker.times(float(rows.times[-1]))


def _delays(known: Sequence[tuple[Salience, Pedal]], settings: dict[str, float]) -> dict[str, float]:
    """How late changes down, and changes up, are heard by these settings: the shifts that make most of them right."""
    played, plain = _one_after_the_other(known, [followed(rows, settings) for rows, _ in known])
    found = {}
    for name, column in (("pedal_delay_s", 0), ("pedal_up_delay_s", 1)):
        right = [n_times_right(played[:, column], plain[:, column] - delay_s, TOLERANCE_S) for delay_s in DELAYS_S]
        found[name] = DELAYS_S[int(np.argmax(right))]
    return found


def _one_after_the_other(known: Sequence[tuple[Salience, Pedal]], estimates: Sequence[Pedal]) -> tuple[Pedal, Pedal]:
    """Played and heard pedals of all recordings on one axis of time."""
    played, heard, start_s = [], [], APART_S
    for (rows, pedal), estimate in zip(known, estimates, strict=True):
        end_s = float(rows.times[-1])
        played.append(np.clip(pedal[pedal[:, 0] < end_s], 0.0, end_s) + start_s)
        heard.append(np.clip(estimate, 0.0, end_s) + start_s)
        start_s += end_s + APART_S
    return np.concatenate(played), np.concatenate(heard)
