"""What piano, room and microphone do to a sound, frequency by frequency, learnt while listening.

What comes in: row after row the spectrum that is heard and the spectrum that the known sounds of piano keys explain.
What goes out: how much of each frequency is left of what was expected, on the average of what was played so far. It is
smooth along the frequencies: one bright key changes little, a microphone without bass shows. Whoever takes it off the
sound brings back what is missing, and hears a piano that is more like those he knows.

Nothing that is louder than expected is made softer: on a dark piano that would take the fundamentals of keys whose
partials a bass key has as well, and they would be lost.
"""

import numpy as np
from numpy.typing import NDArray

from pianolab.dsp.combs import BINS_PER_KEY, N_BINS

# What was heard is forgotten at half in this time.
FORGET_S = 20.0
# Standard deviation of the smoothing, in keys.
SMOOTH_KEYS = 3.0
# Nothing is taken for softer than by this factor.
MOST = 4.0
# Templates of duller sounds explain a part of what is missing, so that the rest, which shows, is taken to this power.
POWER = 1.5
# The colour counts as none by so much: seconds of the loudest moment, ...
FIRST_S = 0.16
# ... and later this share of all that was heard, spread over all frequencies.
NONE_SHARE = 0.2


class Colour:
    """Follows the colour of a sound.

    Parameters
    ----------
    hop_s : float
        Seconds from row to row.

    Attributes
    ----------
    gain : (N_BINS,) float32
        How much of each frequency is left of what was expected, from 1 / MOST to 1; 1 at first.

    Examples
    --------
    A microphone that takes the treble away:

    >>> colour, expected = Colour(hop_s=0.02), np.ones(N_BINS)
    >>> for _ in range(500):
    ...     colour.hear(np.where(np.arange(N_BINS) < 150, 1.0, 0.5), expected)
    >>> colour.gain[[50, 250]].astype(float).round(1).tolist()
    [1.0, 0.4]
    """

    def __init__(self, *, hop_s: float):
        distance = np.subtract.outer(np.arange(N_BINS), np.arange(N_BINS)) / (BINS_PER_KEY * SMOOTH_KEYS)
        weights = np.exp(-0.5 * distance**2)
        self._smooth = weights / weights.sum(axis=1, keepdims=True)
        self._keep = 0.5 ** (hop_s / FORGET_S)
        self._first = FIRST_S / hop_s
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._heard, self._expected = np.zeros(N_BINS), np.zeros(N_BINS)
        self.gain = np.ones(N_BINS, np.float32)

    def hear(self, heard: NDArray[np.floating], expected: NDArray[np.floating]) -> None:
        """Learn from the next row.

        Parameters
        ----------
        heard, expected : (N_BINS,) array
            Not below 0, as shares of the loudest moment.
        """
        self._heard = self._keep * self._heard + heard
        self._expected = self._keep * self._expected + expected
        none = (self._first + NONE_SHARE * self._expected.sum()) / N_BINS
        left = (self._smooth @ self._heard + none) / (self._smooth @ self._expected + none)
        self.gain = np.clip(left**POWER, 1.0 / MOST, 1.0).astype(np.float32)
