"""The same sound at half, a quarter and an eighth of its rate, and through filters.

What comes in: samples in [-1, 1]. What comes out: fewer samples, whose last one belongs to the same moment. Only what
a filter computes wholly from samples that are there is given, so that the result does not depend on the blocks in
which the sound arrived.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from pianolab.dsp.compiled import njit
from pianolab.dsp.windowed_sinc import windowed_sinc
from pianolab.errors import PianolabError
from pianolab.texts.catalogue import Told

HALVING_TAPS = 31
# The filter is flat up to 0.2 of the rate and has -60 dB where 0.3 of the rate would fold back to 0.2.
HALVING_CUTOFF = 0.245
_HALVING = windowed_sinc(HALVING_TAPS, 0.0, HALVING_CUTOFF).astype(np.float32)


def halve(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same sound at half the rate; both end at the same moment.

    Parameters
    ----------
    samples : (n,) float32

    Returns
    -------
    (m,) float32
        m = (n - 31) // 2 + 1
    """
    start = (len(samples) - HALVING_TAPS) % 2
    return _halve(samples[start:], _HALVING)


@njit
def _halve(samples, taps):
    n = (len(samples) - len(taps)) // 2 + 1
    even, odd = samples[0::2].copy(), samples[1::2].copy()
    out = np.zeros(n, np.float32)
    for i in range(0, len(taps), 2):
        part, tap = even[i // 2 : i // 2 + n], taps[i]
        for m in range(n):
            out[m] += tap * part[m]
    for i in range(1, len(taps), 2):
        part, tap = odd[i // 2 : i // 2 + n], taps[i]
        for m in range(n):
            out[m] += tap * part[m]
    return out


def halved(samples: NDArray[np.float32], divisors: Iterable[int]) -> dict[int, NDArray[np.float32]]:
    """The sound at its own rate and halved until the rate is divided by the largest of the divisors.

    Parameters
    ----------
    samples : (n,) float32
    divisors : iterable of int
        Powers of 2.

    Returns
    -------
    dict of int -> float32 array
        Samples by divisor; 1 is the sound as it came.
    """
    rates, divisor, largest = {1: samples}, 1, max(divisors)
    while divisor < largest:
        rates[2 * divisor] = halve(rates[divisor])
        divisor *= 2
    return rates


def length_at_full_rate(n: int, divisor: int) -> int:
    """How many samples at the full rate give n at a divided one.

    Parameters
    ----------
    n : int
    divisor : int
        A power of 2.

    Returns
    -------
    int

    Examples
    --------
    >>> length_at_full_rate(1024, 2)
    2077
    """
    for _ in range(divisor.bit_length() - 1):
        n = 2 * (n - 1) + HALVING_TAPS
    return n


@njit
def filtered(samples: NDArray[np.float32], taps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Samples through a FIR filter, where it lies wholly inside them.

    Parameters
    ----------
    samples : (n,) float32
    taps : (m,) float32

    Returns
    -------
    (n - m + 1,) float32
    """
    n = len(samples) - len(taps) + 1
    out = np.zeros(n, np.float32)
    for i in range(len(taps)):
        part, tap = samples[i : i + n], taps[i]
        for m in range(n):
            out[m] += tap * part[m]
    return out


def refuse_uneven_hop(hop_length: int, divisors: Iterable[int]) -> None:
    """Refuse a hop that is no whole number of samples at one of the divided rates.

    Parameters
    ----------
    hop_length : int
        Samples at the full rate.
    divisors : iterable of int

    Raises
    ------
    PianolabError
        With the nearest hop that is.
    """
    step = max(divisors)
    if hop_length < 1 or hop_length % step:
        # Of two that are equally near, it is the smaller one.
        nearest = max(1, (hop_length + (step - 1) // 2) // step) * step
        raise PianolabError(Told("detectors.no_multiple", hop=hop_length, step=step, nearest=nearest))
