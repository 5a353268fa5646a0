"""How sure is "sure": the confidence of heard notes against whether they were struck.

A detector says each note with a confidence between 0 and 1. It is calibrated if the confidence is the share of right
notes: of the notes said with 0.8, eight in ten were struck. In go the confidences and whether each note was right; out
come the reliability curve (that share, confidence by confidence) and numbers that sum it up.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pianolab.roll import Notes
from pianolab.scores.matching import match
from pianolab.scores.protocol import Protocol

N_BINS = 10
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class ReliabilityCurve:
    """Notes by their confidence, in bins of equal width, lowest first. A bin without notes has NaN for its means.

    Attributes
    ----------
    low, high : (n_bins,) float64
        A bin holds the confidences with low < confidence <= high; the first one also holds 0.
    n, n_correct : (n_bins,) int64
        Notes, and how many of them were right.
    confidence : (n_bins,) float64
        Mean confidence.
    share : (n_bins,) float64
        Share of right notes.
    share_low, share_high : (n_bins,) float64
        Wilson interval of the share.
    """

    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    n: npt.NDArray[np.int64]
    n_correct: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]
    share: npt.NDArray[np.float64]
    share_low: npt.NDArray[np.float64]
    share_high: npt.NDArray[np.float64]


def struck(reference: Notes, estimate: Notes, *, protocol: Protocol | None = None) -> npt.NDArray[np.bool_]:
    """Whether each heard note was struck: right in key and onset, and not a second answer to the same stroke.

    Parameters
    ----------
    reference, estimate : Notes
        What was played and what was heard.
    protocol : Protocol, optional
        Tolerances; the default Protocol if not given.

    Returns
    -------
    (n,) bool array
        For each note of the estimate.

    Examples
    --------
    >>> played = Notes([0.0, 1.0], [0.9, 1.9], [60, 64])
    >>> heard = Notes([0.0, 0.02, 1.0], [0.9, 0.9, 1.9], [60, 72, 64], confidence=[0.9, 0.3, 0.8])
    >>> struck(played, heard).tolist()
    [True, False, True]
    """
    right = np.zeros(len(estimate), dtype=bool)
    right[match(reference, estimate, protocol=protocol)[:, 1]] = True
    return right


def reliability_curve(
    confidence: npt.ArrayLike, correct: npt.ArrayLike, *, n_bins: int = N_BINS, level: float = LEVEL
) -> ReliabilityCurve:
    """Share of right notes in each bin of confidence.

    Parameters
    ----------
    confidence : (n,) array
        In [0, 1].
    correct : (n,) array of bool
        Whether each note was right.
    n_bins : int
        Bins of equal width.
    level : float
        Of the Wilson intervals, in (0, 1). They take the notes for independent. Notes of one recording are alike, so
        the true intervals are somewhat wider.

    Returns
    -------
    ReliabilityCurve

    Raises
    ------
    ValueError
        If a confidence lies outside [0, 1], the two differ in length, ``n_bins`` is no whole number of 1 or more, or
        ``level`` lies outside (0, 1).

    References
    ----------
    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 2; Wilson, "Probable Inference, the Law
    of Succession, and Statistical Inference", JASA 22, 1927.

    Examples
    --------
    Four notes were said with 0.9 and three of them were struck:

    >>> curve = reliability_curve([0.9, 0.9, 0.9, 0.9], [True, True, True, False])
    >>> int(curve.n[8]), float(curve.share[8]), float(curve.share_low[8].round(2)), float(curve.share_high[8].round(2))
    (4, 0.75, 0.3, 0.95)
    """
    confidence, correct = _checked(confidence, correct)
    n, n_correct, sums = _binned(confidence, correct, n_bins)
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    intervals = [share_interval(k, of, level=level) for k, of in zip(n_correct, n, strict=True)]
    share_low, share_high = np.array(intervals, dtype=float).T
    return ReliabilityCurve(
        low=edges[:-1],
        high=edges[1:],
        n=n,
        n_correct=n_correct,
        confidence=_ratio(sums, n),
        share=_ratio(n_correct, n),
        share_low=share_low,
        share_high=share_high,
    )


def expected_calibration_error(confidence: npt.ArrayLike, correct: npt.ArrayLike, *, n_bins: int = N_BINS) -> float:
    """How far confidence and share of right notes lie apart, bin by bin, weighted by the notes of each bin.

    Parameters
    ----------
    confidence : (n,) array
        In [0, 1].
    correct : (n,) array of bool
        Whether each note was right.
    n_bins : int
        Bins of equal width.

    Returns
    -------
    float
        In [0, 1]; 0 is calibrated. NaN without notes. Few notes make it larger by chance alone.

    Raises
    ------
    ValueError
        As `reliability_curve`.

    References
    ----------
    Naeini, Cooper & Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015; Guo et
    al., ICML 2017, equation 3.

    Examples
    --------
    Ten notes said with 0.8, of which eight were struck, are calibrated; with six, they are 0.2 off:

    >>> round(expected_calibration_error([0.8] * 10, [True] * 8 + [False] * 2), 3)
    0.0
    >>> round(expected_calibration_error([0.8] * 10, [True] * 6 + [False] * 4), 3)
    0.2
    """
    confidence, correct = _checked(confidence, correct)
    _, n_correct, sums = _binned(confidence, correct, n_bins)
    return float(np.abs(n_correct - sums).sum() / len(confidence)) if len(confidence) else np.nan


def brier_score(confidence: npt.ArrayLike, correct: npt.ArrayLike) -> float:
    """Mean squared distance of the confidence from the truth, which is 1 for a right note and 0 for a wrong one.

    Parameters
    ----------
    confidence : (n,) array
        In [0, 1].
    correct : (n,) array of bool
        Whether each note was right.

    Returns
    -------
    float
        In [0, 1]; 0 is best, and saying 0.5 of every note gives 0.25. NaN without notes.

    Raises
    ------
    ValueError
        As `reliability_curve`.

    References
    ----------
    Brier, "Verification of Forecasts Expressed in Terms of Probability", Monthly Weather Review 78, 1950.

    Examples
    --------
    >>> brier_score([1.0, 0.5], [True, False])
    0.125
    """
    confidence, correct = _checked(confidence, correct)
    return float(np.mean(np.square(confidence - correct))) if len(confidence) else np.nan


def separation(confidence: npt.ArrayLike, correct: npt.ArrayLike) -> float:
    """How often a right note has more confidence than a wrong one: the area under the ROC curve.

    Parameters
    ----------
    confidence : (n,) array
        In [0, 1].
    correct : (n,) array of bool
        Whether each note was right.

    Returns
    -------
    float
        Over all pairs of a right and a wrong note, ties counted half: 1 tells all apart, 0.5 tells nothing. NaN if
        all are right or all are wrong.

    Raises
    ------
    ValueError
        As `reliability_curve`.

    References
    ----------
    Hanley & McNeil, "The Meaning and Use of the Area under a Receiver Operating Characteristic (ROC) Curve",
    Radiology 143, 1982.

    Examples
    --------
    >>> separation([0.9, 0.8, 0.3], [True, False, False])
    1.0
    """
    from scipy.stats import mannwhitneyu

    confidence, correct = _checked(confidence, correct)
    right, wrong = confidence[correct], confidence[~correct]
    if not len(right) or not len(wrong):
        return np.nan
    return float(mannwhitneyu(right, wrong).statistic / (len(right) * len(wrong)))


def share_interval(n_correct: int, n: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Wilson interval of a share.

    Parameters
    ----------
    n_correct, n : int
        How many of how many.
    level : float
        In (0, 1).

    Returns
    -------
    low, high : float
        NaN where n is 0.

    Raises
    ------
    ValueError
        If they are no whole numbers with 0 <= n_correct <= n, or ``level`` lies outside (0, 1).

    References
    ----------
    Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22, 1927.

    Examples
    --------
    Ten right notes of ten do not prove that all are:

    >>> [round(limit, 2) for limit in share_interval(10, 10)]
    [0.72, 1.0]
    """
    from scipy.stats import binomtest

    if not (_is_whole(n_correct) and _is_whole(n) and 0 <= n_correct <= n):
        raise ValueError(f"{n_correct} right notes of {n} cannot be: use whole numbers, at most all of them right")
    if not 0 < level < 1:
        raise ValueError(f"level {level} is outside 0..1: use 0.95, say")
    if n == 0:
        return np.nan, np.nan
    interval = binomtest(int(n_correct), int(n)).proportion_ci(confidence_level=level, method="wilson")
    return float(interval.low), float(interval.high)


def _checked(
    confidence: npt.ArrayLike, correct: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    confidence, correct = np.asarray(confidence, dtype=float), np.asarray(correct, dtype=bool)
    if confidence.ndim != 1 or confidence.shape != correct.shape:
        raise ValueError(f"{confidence.shape} confidences do not fit {correct.shape} answers: pass one for each note")
    outside = ~((confidence >= 0) & (confidence <= 1))  # This is so for NaN, too.
    if np.any(outside):
        raise ValueError(f"confidence {confidence[outside][0]} is outside 0..1: scale it")
    return confidence, correct


def _binned(confidence, correct, n_bins):
    """Notes, right notes and sum of confidences of each bin."""
    if not _is_whole(n_bins) or n_bins < 1:
        raise ValueError(f"{n_bins} bins cannot be: use a whole number of 1 or more")
    bins = np.maximum(np.ceil(confidence * n_bins).astype(int) - 1, 0)
    return (
        np.bincount(bins, minlength=n_bins),
        np.bincount(bins[correct], minlength=n_bins),
        np.bincount(bins, weights=confidence, minlength=n_bins),
    )


def _is_whole(number):
    return isinstance(number, int | np.integer)


def _ratio(part, whole):
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)
