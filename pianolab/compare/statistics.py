"""How far a mean over recordings can be trusted, and whether one detector is really better than another.

A mean over twenty recordings would be another one over twenty others. The bootstrap draws recordings from those
at hand, with replacement, thousands of times, and looks how far the mean moves. To compare two detectors the
difference is taken on each recording first, because what makes a recording hard is hard for both. All draws
start from a seed, so that the same rows give the same interval.
"""

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LEVEL = 0.95
N_RESAMPLES = 2000

_MOST_KEPT = 4_000_000  # Numbers: 32 MB.


@dataclass(frozen=True)
class Interval:
    """A mean with its bootstrap interval.

    Attributes
    ----------
    mean : float
        NaN without values.
    low, high : float
        Limits of the interval; NaN with fewer than two values, which say nothing about spread.
    n : int
        Number of values.
    """

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Difference(Interval):
    """Mean of paired differences with its interval and ``p``, two-sided, of the hypothesis that there is none."""

    p: float


def bootstrap_mean(
    values: npt.ArrayLike, *, level: float = LEVEL, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> Interval:
    """Mean of values, one for each recording, and its percentile bootstrap interval.

    Parameters
    ----------
    values : (n,) array
        One score a recording; NaN values are left out.
    level : float
        Share of resampled means inside the interval.
    n_resamples, seed : int
        How many draws, and where they start.

    Returns
    -------
    Interval

    Raises
    ------
    ValueError
        If the level is not between 0 and 1.

    References
    ----------
    Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3.

    Examples
    --------
    >>> interval = bootstrap_mean([0.6, 0.8, 0.7, 0.9])
    >>> round(interval.mean, 3), interval.n, interval.low < interval.mean < interval.high
    (0.75, 4, True)
    """
    if not 0 < level < 1:
        raise ValueError(f"level {level} is no share: use a number between 0 and 1, such as 0.95")
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    if len(values) < 2:
        return Interval(float(values[0]) if len(values) else np.nan, np.nan, np.nan, len(values))
    means = _draws(len(values), n_resamples, seed) @ values / len(values)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(np.mean(values)), float(low), float(high), len(values))


def _draws(n: int, n_resamples: int, seed: int) -> npt.NDArray[np.float64]:
    """How often each of n values is drawn in each resample, (n_resamples, n)."""
    # Every score of a table asks for the same draws. Those of very many recordings would fill the memory.
    draw = _kept_draws if n * n_resamples <= _MOST_KEPT else _kept_draws.__wrapped__
    return draw(n, n_resamples, seed)


@functools.lru_cache(maxsize=4)
def _kept_draws(n: int, n_resamples: int, seed: int) -> npt.NDArray[np.float64]:
    drawn = np.random.default_rng(seed).integers(0, n, (n_resamples, n))
    drawn += n * np.arange(n_resamples)[:, None]  # So one count serves all resamples.
    return np.bincount(drawn.ravel(), minlength=n * n_resamples).reshape(n_resamples, n).astype(np.float64)


def paired_difference(
    a: npt.ArrayLike, b: npt.ArrayLike, *, level: float = LEVEL, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> Difference:
    """Whether ``a`` is better than ``b`` on the same recordings.

    Parameters
    ----------
    a, b : (n,) arrays
        Scores of two detectors, recording by recording; a recording with NaN in either is left out.
    level, n_resamples, seed
        As for bootstrap_mean.

    Returns
    -------
    Difference
        Mean of a - b with its bootstrap interval; p of a sign-flip permutation test, which for few recordings
        tries every flip. NaN where fewer than two recordings are shared.

    Raises
    ------
    ValueError
        If the two have different lengths.

    Examples
    --------
    Three recordings, on each of which the first is better: of the eight ways to flip signs, two are as extreme.

    >>> paired_difference([0.7, 0.8, 0.9], [0.6, 0.6, 0.6]).p
    0.25
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.shape != b.shape:
        raise ValueError(f"{len(a)} and {len(b)} scores cannot be paired: pass one of each for every recording")
    difference = a - b
    difference = difference[~np.isnan(difference)]
    interval = bootstrap_mean(difference, level=level, n_resamples=n_resamples, seed=seed)
    if interval.n < 2:
        return Difference(interval.mean, np.nan, np.nan, interval.n, np.nan)
    from scipy import stats  # It takes half a second to load, and one detector alone asks for none.

    flipped = stats.permutation_test(
        (difference,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=n_resamples,
        rng=np.random.default_rng(seed),
    )
    return Difference(interval.mean, interval.low, interval.high, interval.n, float(flipped.pvalue))


def holm(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """p-values corrected for having asked several questions at once, in the order given.

    Parameters
    ----------
    p_values : (m,) array
        Uncorrected p-values; NaN is no question and stays NaN.

    Returns
    -------
    (m,) float array

    References
    ----------
    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(6).tolist()
    [0.03, 0.06, 0.06]
    """
    p_values = np.asarray(p_values, dtype=float)
    asked = np.flatnonzero(~np.isnan(p_values))
    order = asked[np.argsort(p_values[asked])]
    corrected = np.full(len(p_values), np.nan)
    weights = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(weights * p_values[order]), 1.0)
    return corrected
