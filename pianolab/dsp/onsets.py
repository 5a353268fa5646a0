"""Evidence of a stroke: how much of the newest sound is new?

What comes in: samples in [-1, 1] of several frames. What comes out: a number in [0, 1] for each frame. ``onset_flux``
looks at two frames alone. ``Strokes`` also keeps in mind how strong the noise is at each frequency. Noise is new in
every frame: in hiss 20 dB below a melody half of the plain evidence was noise, and strokes hardly rose above it.
"""

import numpy as np
from numpy.typing import NDArray

from pianolab.dsp.compiled import njit
from pianolab.dsp.spectra import power_spectra
from pianolab.dsp.windows import amplitude_window, hann, newest

# Samples at 44.1 kHz: 23 ms, two hops.
FLUX_LENGTH = 1024
# Magnitudes below -100 dBFS are no onset.
FLUX_FLOOR = 1e-5
# The peak's frame lies so much before the onset when the lookahead is FLUX_LENGTH; fitted on the tune recordings.
FLUX_DELAY_S = -0.010
# The rise that gives evidence 0.5: of 100 onsets in the tune recordings, 99 rise by more.
FLUX_AT_HALF = 0.14
# The noise at a frequency is the least power there within this time. Notes end or fade earlier. It is kept in so many
# parts, the oldest of which is forgotten at a time.
FLOOR_S, FLOOR_PARTS = 1.5, 8
# A power counts in it as a running mean, in which each frame of 12 ms has this share.
FLOOR_SHARE = 0.3
# Digital silence that lasts so long says that there is no noise. A piano by rule begins in it, and a gap is shorter.
SILENCE_S = 0.1
# The first frames of a stream may hold silence from before it, so they are not averaged.
UNSETTLED_ROWS = 2
# What is so many times above the noise is heard. Single frames of noise rise that far above the least of a mean.
ABOVE_FLOOR = 8.0
# Noise that is heard all the same rises by chance. This much of its spread is taken for chance.
CHANCE = 0.5
# The rise above the noise that gives evidence 0.5.
STROKE_AT_HALF = 0.18
# So much of the loudest sound of the last moments is added to what a rise is compared with, so that the last of a note
# that fades, or its echo, makes no strokes. Each frame of 12 ms keeps so much of the loudest.
LOUDEST_SHARE, LOUDEST_KEPT = 0.05, 0.98
# So much for each frequency is added to the root magnitudes that a rise is compared with: fainter ones are no strokes.
FAINTEST = 0.0023
# Frequencies count by this power of theirs: high ones tell a stroke, but there is most of the noise.
STROKE_SLOPE = 0.1
_FLUX_WINDOW = amplitude_window(hann(FLUX_LENGTH))


def onset_flux(samples: NDArray[np.float32], *, n_frames: int, hop_length: int) -> NDArray[np.float32]:
    """How much of the newest 23 ms is new since one hop ago, high frequencies counting more.

    From the rise of the root magnitudes as a part of them, ``r = sum g (c_k - c_k')_+ / sum g c_k`` with g the root of
    frequency: a spectral flux (Bello et al., IEEE TSAP 13, 2005, section III.A) weighted between energy and
    high-frequency content. It is given as r / (r + FLUX_AT_HALF): 0.5 for as faint an attack as pianos make while
    another note sounds.

    Parameters
    ----------
    samples : (n,) float32
        The last frame ends with the last sample.
    n_frames, hop_length : int

    Returns
    -------
    (n_frames, 1) float32
        In [0, 1].
    """
    rows = newest(samples, n_frames=n_frames + 1, length=FLUX_LENGTH, hop_length=hop_length)
    return _rise(power_spectra(rows, _FLUX_WINDOW))


# Sums over two neighbouring rows only: fastmath gives the same bits for any number of rows.
@njit(fastmath=True)
def _rise(power):
    n_frames, n_bins = power.shape
    out = np.empty((n_frames - 1, 1), np.float32)
    weight = np.sqrt(np.arange(n_bins, dtype=np.float32))
    floor = np.float32(np.sqrt(FLUX_FLOOR))
    roots = np.sqrt(np.sqrt(power))
    for t in range(1, n_frames):
        rise, total = np.float32(0.0), np.float32(0.01) * n_bins
        for k in range(1, n_bins):
            rise += weight[k] * max(roots[t, k] - max(roots[t - 1, k], floor), np.float32(0.0))
            total += weight[k] * max(roots[t, k] - floor, np.float32(0.0))
        out[t - 1, 0] = rise / (rise + np.float32(FLUX_AT_HALF) * total)
    return out


class Strokes:
    """Evidence of strokes in a stream with noise: what rises above the noise that was heard so far.

    As in ``onset_flux`` a rise is compared with all that is heard. Here only that part of a root magnitude counts which
    is above the noise at its frequency. The rise is also compared with what noise rises by chance and with the loudest
    of the last moments. The noise at a frequency is the least smoothed power of the last 1.5 s (minimum statistics:
    Martin, IEEE TSAP 9, 2001). Nothing is heard ahead of time.

    Parameters
    ----------
    hop_length : int
        Samples at 44.1 kHz.

    Examples
    --------
    A tone begins in the middle of a second of hiss. Its frame has the most evidence, twice that of hiss.

    >>> y = np.random.default_rng(0).normal(0.0, 0.01, 44032).astype(np.float32)
    >>> y[22016:] += 0.1 * np.sin(2.0 * np.pi * 440.0 * np.arange(22016) / 44100).astype(np.float32)
    >>> evidence = Strokes(hop_length=512)(y, 84)[:, 0]
    >>> int(np.argmax(evidence)), bool(np.max(evidence) > 2.0 * np.median(evidence))
    (41, True)
    """

    def __init__(self, *, hop_length: int):
        self.hop_length = hop_length
        hops_of_512 = hop_length / 512
        self._share = np.float32(1.0 - (1.0 - FLOOR_SHARE) ** hops_of_512)
        self._kept = np.float32(LOUDEST_KEPT**hops_of_512)
        self._part_rows = max(round(FLOOR_S * 44100 / hop_length / FLOOR_PARTS), 1)
        self._silent_rows = max(round(SILENCE_S * 44100 / hop_length), 1)
        self._settings = tuple(np.float32(value) for value in (ABOVE_FLOOR, CHANCE, STROKE_AT_HALF, LOUDEST_SHARE))
        self._weight = (np.arange(FLUX_LENGTH // 2 + 1) ** STROKE_SLOPE).astype(np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget the noise heard so far."""
        n_bins = len(self._weight)
        self._n_rows, self._n_silent = np.zeros((2, 1), np.int64)
        self._smoothed, self._least, self._floor = np.zeros((3, n_bins), np.float32)
        self._parts = np.full((FLOOR_PARTS, n_bins), np.inf, np.float32)
        self._floor[:] = np.inf
        self._loudest = np.zeros(1, np.float32)

    def __call__(self, samples: NDArray[np.float32], n_frames: int) -> NDArray[np.float32]:
        """Evidence of a stroke in each frame.

        Parameters
        ----------
        samples : (n,) float32
            The last frame ends with the last sample, and the first follows the last one of the call before.
        n_frames : int

        Returns
        -------
        (n_frames, 1) float32
            In [0, 1].
        """
        rows = newest(samples, n_frames=n_frames + 1, length=FLUX_LENGTH, hop_length=self.hop_length)
        power = power_spectra(rows, _FLUX_WINDOW)
        state = (self._n_rows, self._n_silent, self._smoothed, self._least, self._parts, self._floor)
        floor = _noise_floor(power[:-1], state, self._share, self._part_rows, self._silent_rows)
        return _rise_above(power, floor, self._weight, self._loudest, self._kept, self._settings)


@njit
def _noise_floor(power, state, share, part_rows, silent_rows):
    """The noise after each row. The state is changed in place.

    It is how many rows were heard, the smoothed power, its least in this part and in each of the parts before, and the
    least of those. A moment of digital silence is not heard, since it may be a gap: what follows begins anew. Where it
    lasts there is no noise.
    """
    n_rows, n_silent, smoothed, least, parts, floor = state
    out = np.empty_like(power)
    for t in range(len(power)):
        silent = power[t].max() == 0.0
        n_silent[0] = n_silent[0] + 1 if silent else 0
        n_rows[0] = 0 if silent and n_silent[0] < silent_rows else n_rows[0] + 1
        for k in range(power.shape[1]):
            smoothed[k] += share * (power[t, k] - smoothed[k])
        if n_silent[0] >= silent_rows:
            smoothed[:], least[:], floor[:], parts[:] = 0.0, 0.0, 0.0, 0.0
        elif n_rows[0] <= UNSETTLED_ROWS:
            smoothed[:] = power[t]
            least[:] = power[t]
        for k in range(power.shape[1]):
            least[k] = min(least[k], smoothed[k])
            out[t, k] = min(least[k], floor[k])
        if n_rows[0] > 0 and n_rows[0] % part_rows == 0:
            parts[(n_rows[0] // part_rows) % len(parts)] = least
            least[:] = smoothed
            floor[:] = parts[0]
            for part in parts[1:]:
                for k in range(power.shape[1]):
                    floor[k] = min(floor[k], part[k])
    return out


# Sums over two neighbouring rows only: fastmath gives the same bits for any number of rows.
@njit(fastmath=True)
def _rise_above(power, floor, weight, loudest, kept, settings):
    """The evidence of each row but the first. The loudest sum of the last moments is changed in place."""
    n_bins, (above_floor, chance_share, at_half, loudest_share) = power.shape[1], settings
    out = np.empty((len(floor), 1), np.float32)
    roots, softest = np.sqrt(np.sqrt(power)), np.float32(np.sqrt(FLUX_FLOOR))
    noise = np.sqrt(np.sqrt(above_floor * floor))
    for t in range(len(floor)):
        rise, total, spread = np.float32(0.0), np.float32(FAINTEST) * n_bins, np.float32(0.0)
        for k in range(1, n_bins):
            hidden = max(noise[t, k], softest)
            rise += weight[k] * max(roots[t + 1, k] - max(roots[t, k], hidden), np.float32(0.0))
            total += weight[k] * max(roots[t + 1, k] - hidden, np.float32(0.0))
            spread += (weight[k] * hidden) ** 2
        chance = chance_share * np.sqrt(spread) + loudest_share * loudest[0]
        out[t, 0] = rise / (rise + at_half * total + chance)
        loudest[0] = max(kept * loudest[0], total)
    return out
