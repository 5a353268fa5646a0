"""How far a mean over recordings can be trusted, and whether one detector is really better than another.

A mean over twenty recordings would be another one over twenty others. The bootstrap draws from those at hand, with
replacement, thousands of times, and looks how far the mean moves. Recordings of one piece are easy or hard together:
they are drawn together, so that ten recordings of one prelude do not count as ten pieces of music. To compare two
detectors the difference is taken on each recording first, because what makes a recording hard is hard for both. All
draws start from a seed, so that the same rows give the same interval.
"""

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

LEVEL = 0.95
N_RESAMPLES = 2000
N_FLIPS = 9999  # Of 13 pieces every flip is tried; of more so many are drawn.
POWER = 0.8  # Of so many studies of one size a planned one finds what is there.

_MOST_KEPT = 4_000_000  # Numbers of 8 bytes: 32 MB.
_MOST_SMALL = 40_000_000  # Of 2 bytes: 80 MB, for 20,000 pieces.
_AT_ONCE = 1_000_000
_ROUNDING = 1e-12  # Sums that differ by less, relative to their size, are equal.


@dataclass(frozen=True)
class Interval:
    """A mean with its bootstrap interval.

    Attributes
    ----------
    mean : float
        NaN without values.
    low, high : float
        Limits of the interval; NaN with fewer than two pieces, which say nothing about spread.
    n : int
        Number of values.
    pieces : int
        Number of pieces that they belong to.
    """

    mean: float
    low: float
    high: float
    n: int
    pieces: int


@dataclass(frozen=True)
class Difference(Interval):
    """Mean of paired differences with its interval, and what it is worth.

    Attributes
    ----------
    p : float
        Two-sided, of the hypothesis that there is no difference; NaN with fewer than two pieces.
    p_floor : float
        The least p that so many pieces can give.
    rank_biserial : float
        Effect size from -1 to 1: pieces are ranked by the size of their difference; the share of ranks that speak for
        the first, less the share that speak for the second. 0 where all are equal.
    better, worse : int
        Pieces on which the first is better, and worse.
    spread : float
        Standard deviation of the difference from piece to piece.
    """

    p: float
    p_floor: float
    rank_biserial: float
    better: int
    worse: int
    spread: float


def bootstrap_mean(
    values: npt.ArrayLike,
    *,
    pieces: npt.ArrayLike | None = None,
    level: float = LEVEL,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Mean of values, one for each recording, and its percentile bootstrap interval.

    Parameters
    ----------
    values : (n,) array
        One score a recording; NaN values are left out.
    pieces : (n,) array, optional
        Which piece each recording is of. Those of one piece are drawn together. Each is its own if not given.
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
        If the level is not between 0 and 1, or there is not one piece for each value.

    References
    ----------
    Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3. Field & Welsh, "Bootstrapping clustered
    data", Journal of the Royal Statistical Society B 69, 2007: whole clusters are drawn.

    Examples
    --------
    >>> interval = bootstrap_mean([0.6, 0.8, 0.7, 0.9])
    >>> round(interval.mean, 3), interval.n, interval.low < interval.mean < interval.high
    (0.75, 4, True)

    Six recordings of two pieces say no more than two:

    >>> of_two = bootstrap_mean([0.6, 0.6, 0.6, 0.8, 0.8, 0.8], pieces=["minuet"] * 3 + ["waltz"] * 3)
    >>> of_two.pieces, round(of_two.low, 3), round(of_two.high, 3)
    (2, 0.6, 0.8)
    """
    if not 0 < level < 1:
        raise ValueError(f"level {level} is no share: use a number between 0 and 1, such as 0.95")
    sums, counts = _by_piece(values, pieces)
    n = int(counts.sum())
    mean = float(sums.sum() / n) if n else np.nan
    if len(sums) < 2:
        return Interval(mean, np.nan, np.nan, n, len(sums))
    resampled = [(drawn @ sums) / (drawn @ counts) for drawn in _draws(len(sums), n_resamples, seed)]
    low, high = np.quantile(np.concatenate(resampled), [(1 - level) / 2, (1 + level) / 2])
    return Interval(mean, float(low), float(high), n, len(sums))


def _by_piece(
    values: npt.ArrayLike, pieces: npt.ArrayLike | None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Sum and number of the values of each piece, without NaN."""
    values = np.asarray(values, dtype=float)
    known = ~np.isnan(values)
    if pieces is None:
        return values[known], np.ones(int(known.sum()))
    pieces = np.asarray(pieces)
    if pieces.shape != values.shape:
        raise ValueError(f"{len(values)} scores and {len(pieces)} pieces: name the piece of each recording")
    names, first, of = np.unique(pieces[known], return_index=True, return_inverse=True)
    place = np.argsort(np.argsort(first))[of]  # In the order of the recordings, so names do not matter to the draws.
    sums = np.bincount(place, weights=values[known], minlength=len(names)).astype(np.float64)
    return sums, np.bincount(place, minlength=len(names)).astype(np.float64)


def _draws(n: int, n_resamples: int, seed: int) -> Iterator[npt.NDArray[np.float64]]:
    """How often each of n values is drawn in each resample: parts of a table (n_resamples, n), row by row."""
    # Every score of a table asks for the same draws. Those of very many recordings would fill the memory.
    n_numbers = n * n_resamples
    if n_numbers <= _MOST_KEPT:
        yield _kept_draws(n, n_resamples, seed)
    elif n_numbers <= _MOST_SMALL:
        drawn = _small_draws(n, n_resamples, seed)
        rows = max(1, _AT_ONCE // n)
        yield from (drawn[row : row + rows].astype(np.float64) for row in range(0, n_resamples, rows))
    else:
        yield from _new_draws(n, n_resamples, seed)


@functools.lru_cache(maxsize=4)
def _kept_draws(n: int, n_resamples: int, seed: int) -> npt.NDArray[np.float64]:
    return np.concatenate(list(_new_draws(n, n_resamples, seed)))


@functools.lru_cache(maxsize=2)
def _small_draws(n: int, n_resamples: int, seed: int) -> npt.NDArray[np.uint16]:
    drawn = np.empty((n_resamples, n), dtype=np.uint16)
    row = 0
    for part in _new_draws(n, n_resamples, seed):
        drawn[row : row + len(part)] = part  # Each value is drawn once on average, and never 65,536 times.
        row += len(part)
    return drawn


def _new_draws(n: int, n_resamples: int, seed: int) -> Iterator[npt.NDArray[np.float64]]:
    rng, left = np.random.default_rng(seed), n_resamples
    while left:
        rows = min(left, max(1, _AT_ONCE // n))
        drawn = rng.integers(0, n, (rows, n))
        drawn += n * np.arange(rows)[:, None]  # So one count serves all resamples.
        yield np.bincount(drawn.ravel(), minlength=n * rows).reshape(rows, n).astype(np.float64)
        left -= rows


def paired_difference(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    pieces: npt.ArrayLike | None = None,
    level: float = LEVEL,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> Difference:
    """Whether ``a`` is better than ``b`` on the same recordings.

    Parameters
    ----------
    a, b : (n,) arrays
        Scores of two detectors, recording by recording; a recording with NaN in either is left out.
    pieces, level, n_resamples, seed
        As for bootstrap_mean.

    Returns
    -------
    Difference
        Mean of a - b with its bootstrap interval; p of a sign-flip permutation test, which flips all recordings of a
        piece together and for few pieces tries every flip.

    Raises
    ------
    ValueError
        If the two have different lengths, or there is not one piece for each recording.

    References
    ----------
    Phipson & Smyth, "Permutation p-values should never be zero", 2010, equation 2, for flips that are drawn. Kerby,
    "The simple difference formula", Comprehensive Psychology 3, 2014, for the rank biserial correlation of pairs.

    Examples
    --------
    Three recordings, on each of which the first is better: of the eight ways to flip signs, two are as extreme.

    >>> found = paired_difference([0.7, 0.8, 0.9], [0.6, 0.6, 0.6])
    >>> found.p, found.p_floor, found.rank_biserial
    (0.25, 0.25, 1.0)
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.shape != b.shape:
        raise ValueError(f"{len(a)} and {len(b)} scores cannot be paired: pass one of each for every recording")
    interval = bootstrap_mean(a - b, pieces=pieces, level=level, n_resamples=n_resamples, seed=seed)
    sums, counts = _by_piece(a - b, pieces)
    # Two scores that differ by rounding alone are equal.
    sums = np.where(np.abs(sums) > _ROUNDING * counts, sums, 0.0)
    p = _flipped_p(sums, seed) if len(sums) > 1 else np.nan
    worth = {
        "p": p,
        "p_floor": least_p(len(sums)),
        "rank_biserial": _rank_biserial(sums / counts),
        "better": int((sums > 0).sum()),
        "worse": int((sums < 0).sum()),
        "spread": _spread(sums, counts),
    }
    return Difference(**vars(interval), **worth)


def least_p(n_pieces: int) -> float:
    """The least p that `paired_difference` can give for so many pieces, however clear the difference is.

    Parameters
    ----------
    n_pieces : int

    Returns
    -------
    float
        Two of all flips are as extreme as the one at hand: itself and its mirror. NaN below two pieces.

    Examples
    --------
    >>> least_p(4), least_p(6)
    (0.125, 0.03125)
    """
    if n_pieces < 2:
        return np.nan
    return 2.0 ** (1 - n_pieces) if _tries_all(n_pieces) else 1 / (N_FLIPS + 1)


def _tries_all(n_pieces: int) -> bool:
    return 2**n_pieces <= N_FLIPS


def _flipped_p(sums: npt.NDArray[np.float64], seed: int) -> float:
    """Share of sign flips whose sum is at least as far from 0 as the one at hand."""
    n = len(sums)
    as_extreme = abs(sums.sum()) * (1 - _ROUNDING)
    if _tries_all(n):
        kept = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        return float(np.mean(np.abs((2 * kept - 1) @ sums) >= as_extreme))
    rng = np.random.default_rng(seed)
    found, left = 0, N_FLIPS
    while left:
        rows = min(left, max(1, _AT_ONCE // n))
        kept = rng.integers(0, 2, (rows, n), dtype=np.int8)
        found += int(np.sum(np.abs((2.0 * kept - 1.0) @ sums) >= as_extreme))
        left -= rows
    return (found + 1) / (N_FLIPS + 1)


def _rank_biserial(differences: npt.NDArray[np.float64]) -> float:
    """Kerby's simple difference: the share of ranks above 0 less the share below; ties have their mean rank."""
    unequal = differences[differences != 0]
    if not len(unequal):
        return 0.0 if len(differences) else np.nan
    size = np.round(np.abs(unequal) / np.abs(unequal).max(), 12)
    smaller = np.searchsorted(np.sort(size), size, side="left")
    not_larger = np.searchsorted(np.sort(size), size, side="right")
    ranks = (smaller + not_larger + 1) / 2
    return float(np.sum(ranks * np.sign(unequal)) / np.sum(ranks))


def _spread(sums: npt.NDArray[np.float64], counts: npt.NDArray[np.float64]) -> float:
    """Standard deviation from piece to piece; a piece of many recordings moves the mean as far as its share."""
    if len(sums) < 2:
        return np.nan
    return float(np.std((sums - counts * (sums.sum() / counts.sum())) / counts.mean(), ddof=1))


def pieces_needed(
    difference: float, spread: float, *, alpha: float = 1 - LEVEL, questions: int = 1, power: float = POWER
) -> float:
    """How many pieces a study needs to show a difference.

    Parameters
    ----------
    difference : float
        Mean of the paired differences that shall be shown.
    spread : float
        Their standard deviation from piece to piece, as in `Difference`.
    alpha : float
        p below which a difference counts as shown.
    questions : int
        How many detectors are compared with one: Holm's first step asks for alpha / questions.
    power : float
        Share of such studies that show it.

    Returns
    -------
    float
        A whole number, at least so many that `least_p` lies below alpha / questions; inf where there is no difference,
        NaN where the spread is not known.

    References
    ----------
    Guenther, "Sample size formulas for normal theory t tests", The American Statistician 35, 1981: the formula of the
    normal distribution and half of the square of its quantile.

    Examples
    --------
    A difference of 0.02 that varies by 0.05 from piece to piece, and one so clear that only the floor of p counts:

    >>> pieces_needed(0.02, 0.05), pieces_needed(0.5, 0.01)
    (51.0, 6.0)
    """
    if np.isnan([difference, spread]).any():
        return np.nan
    if difference == 0:
        return np.inf
    asked = alpha / questions
    fewest = math.floor(1 - math.log2(asked)) + 1
    sure, found = NormalDist().inv_cdf(1 - asked / 2), NormalDist().inv_cdf(power)
    return float(max(fewest, math.ceil(((sure + found) * spread / difference) ** 2 + sure**2 / 2)))


def detectable(
    spread: float, n_pieces: int, *, alpha: float = 1 - LEVEL, questions: int = 1, power: float = POWER
) -> float:
    """The smallest difference that so many pieces can be expected to show: `pieces_needed` turned round.

    Parameters
    ----------
    spread : float
        Standard deviation of the differences from piece to piece.
    n_pieces : int
    alpha, questions, power
        As for `pieces_needed`.

    Returns
    -------
    float
        inf where the floor of p lies above alpha / questions, or so few pieces say nothing; NaN where the spread is not
        known.

    Examples
    --------
    >>> round(detectable(0.05, 51), 3), detectable(0.05, 4)
    (0.02, inf)
    """
    if np.isnan(spread):
        return np.nan
    asked = alpha / questions
    sure, found = NormalDist().inv_cdf(1 - asked / 2), NormalDist().inv_cdf(power)
    left = n_pieces - sure**2 / 2
    if left <= 0 or not least_p(n_pieces) < asked:
        return np.inf
    return (sure + found) * spread / math.sqrt(left)


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
