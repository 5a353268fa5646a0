"""Which key's partials fit a spectrum best? What detectors share that lay templates of every key over spectra.

What comes in: spectra of a frame through the windows of several registers. What comes out: in each frame the key whose
template fits best, the frequency of its first partial and how well it fits. A template has a tooth at each partial and
gaps between them, where a lower key would have partials: SWIPE's idea (Camacho & Harris, JASA 124, 2008) with a piano's
stiff strings.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianolab.dsp.combs import Comb, best_template
from pianolab.dsp.compiled import njit, parabola_shift
from pianolab.dsp.registers import Registers
from pianolab.dsp.spectra import compressed
from pianolab.dsp.tuning import TYPICAL_B, partial_ratios, tuned_hz

# Templates reach this far either way; between two keys the nearer one wins.
DETUNED_CENTS = 30.0
# From this key up (A7) a short note stands on a knock that sounds an octave or more below and outlasts it. So what lies
# below the first partial does not speak against such a key but for it, by this part of what a gap would take.
KNOCK_KEY, KNOCK = 84, 0.5
# Strings of a small piano are stiffer, the low ones most of all, so that their high partials lie a semitone and more
# above those of a grand. Where a register begins below this key (C2), each template comes in these stiffnesses: times
# the typical inharmonicity.
STIFF_BELOW, STIFFNESSES = 15, (1.0, 2.2)
# A frequency is read from so many partials: inharmonicity is uncertain above.
REFINED_PARTIALS = 6
# A frequency that is read farther than this part from where the template lies is not believed.
REFINED_WITHIN = 0.03


@dataclass(frozen=True)
class Harmonics:
    """What the partials of a key are expected to be, and how a spectrum is compared with that.

    The defaults are the textbook's: the first partial alone, as it is.

    Attributes
    ----------
    n_partials : int
        Teeth of a template.
    negative : float
        Depth of the gaps between the teeth; 0 leaves them out.
    n_detunings : int
        Templates a key, spread over 60 cents.
    inharmonic, stretched : bool
        Partials of a stiff string, or whole multiples; a piano's stretched tuning, or equal temperament.
    emphasis : float
        Times the register's slope by which high partials are raised.
    floor : float
        Times the register's noise floor that is taken off.
    compress : bool
        Compare roots of magnitudes.
    """

    n_partials: int = 1
    negative: float = 0.0
    n_detunings: int = 1
    inharmonic: bool = False
    stretched: bool = False
    emphasis: float = 0.0
    floor: float = 0.0
    compress: bool = False

    @property
    def detunings(self) -> NDArray[np.float64]:
        """Cents of each template of a key, (n_detunings,): from 30 flat to 30 sharp, or in tune alone."""
        n = self.n_detunings
        return np.linspace(-DETUNED_CENTS, DETUNED_CENTS, n) if n > 1 else np.zeros(1)


def stiffnesses(keys: Sequence[int], harmonics: Harmonics) -> NDArray[np.float64]:
    """Times the typical inharmonicity of each template of a key in one detuning.

    Parameters
    ----------
    keys : sequence of int
        Key indices of a register.
    harmonics : Harmonics

    Returns
    -------
    (n_stiffnesses,) float64

    Examples
    --------
    >>> stiff = Harmonics(inharmonic=True)
    >>> stiffnesses(range(15), stiff).tolist(), stiffnesses(range(63, 88), stiff).tolist()
    ([1.0, 2.2], [1.0])
    """
    if not harmonics.inharmonic:
        return np.zeros(1)
    return np.array(STIFFNESSES if min(keys) < STIFF_BELOW else (1.0,))


def _n_templates(keys, harmonics):
    """Templates of one key."""
    return len(stiffnesses(keys, harmonics)) * harmonics.n_detunings


def first_partials_hz(keys: Sequence[int], harmonics: Harmonics) -> NDArray[np.float64]:
    """Frequency of the first partial of each template: of every key in every stiffness and detuning.

    Parameters
    ----------
    keys : sequence of int
        Key indices.
    harmonics : Harmonics

    Returns
    -------
    (len(keys) * n_stiffnesses * n_detunings,) float64
        Hz.
    """
    cents = harmonics.detunings
    n = _n_templates(keys, harmonics)
    hz = tuned_hz(stretched=harmonics.stretched)[np.repeat(keys, n)]
    return hz * 2.0 ** (np.tile(cents, len(hz) // len(cents)) / 1200.0)


def partial_places(keys: Sequence[int], harmonics: Harmonics, *, unit_hz: float) -> NDArray[np.float64]:
    """Where the partials of each template lie, and the middles between them.

    Parameters
    ----------
    keys : sequence of int
        Key indices.
    harmonics : Harmonics
    unit_hz : float
        The frequency that is 1.

    Returns
    -------
    (len(keys) * n_stiffnesses * n_detunings, n_partials, 3) float64
        A partial, the middle below it, the middle above it.
    """
    first = first_partials_hz(keys, harmonics)[:, None] / unit_hz
    times = np.repeat(stiffnesses(keys, harmonics), harmonics.n_detunings)
    b = (TYPICAL_B[list(keys), None] * times).ravel()
    n = np.arange(1, harmonics.n_partials + 1)
    return np.stack([first * partial_ratios(n + side, b[:, None]) for side in (0.0, -0.5, 0.5)], axis=2)


def partial_heights(keys: Sequence[int], harmonics: Harmonics) -> NDArray[np.float64]:
    """Heights at partial_places: 1 / sqrt(n) at partial n, and the gaps beside it half as deep.

    Parameters
    ----------
    keys : sequence of int
        Key indices.
    harmonics : Harmonics

    Returns
    -------
    (len(keys) * n_stiffnesses * n_detunings, n_partials, 3) float64
        Below the first partial of the highest keys there is a small tooth, for the knock.
    """
    teeth = 1.0 / np.sqrt(np.arange(1, harmonics.n_partials + 1))
    gaps = -0.5 * harmonics.negative * teeth
    n = _n_templates(keys, harmonics)
    heights = np.tile(np.stack([teeth, gaps, gaps], axis=1), (len(keys) * n, 1, 1))
    heights[np.repeat(keys, n) >= KNOCK_KEY, 0, 1] *= -KNOCK
    return heights


@dataclass(frozen=True, eq=False)
class Lookout:
    """What the spectra of one register are compared with.

    Attributes
    ----------
    emphasis : (n_bins,) float32
        Factor on magnitudes.
    floor : float
        Times the typical magnitude that is taken off.
    templates : Comb
        Of each of the register's keys, in every stiffness and detuning.
    bins : Comb, optional
        What gathers the power of FFT bins into the bins of the templates; default: they are those of the FFT.
    """

    emphasis: NDArray[np.float32]
    floor: float
    templates: Comb
    bins: Comb | None = None


class BestKey:
    """Finds in each frame the key whose template fits best in any register.

    Parameters
    ----------
    registers : Registers
    lookouts : sequence of Lookout
        One for each register.
    harmonics : Harmonics
    """

    def __init__(self, registers: Registers, lookouts: Sequence[Lookout], harmonics: Harmonics):
        self._registers, self._lookouts = registers, tuple(lookouts)
        self._detunings, self._compress = harmonics.detunings, harmonics.compress
        self._tuned_hz = tuned_hz(stretched=harmonics.stretched)
        self._stiffnesses = [stiffnesses(registers.keys(i), harmonics) for i in range(len(self._lookouts))]

    def __call__(
        self, samples: NDArray[np.float32], n_frames: int
    ) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float32]]:
        """The best key of each frame.

        Parameters
        ----------
        samples : (n,) float32
            The last frame ends with the last sample.
        n_frames : int

        Returns
        -------
        key : (n_frames,) int
            -1 where nothing fits.
        hz : (n_frames,) float64
            Its first partial.
        score : (n_frames,) float32
            How well the template fits, times the part of the sound that stands out.
        """
        key, hz = np.full(n_frames, -1), np.ones(n_frames)
        best, part = np.zeros(n_frames, np.float32), np.zeros(n_frames, np.float32)
        powers = self._registers.powers(samples, n_frames)
        for i, (power, lookout) in enumerate(zip(powers, self._lookouts, strict=True)):
            gathered = power if lookout.bins is None else lookout.bins(power)
            vectors, tonal = compressed(gathered, lookout.emphasis, lookout.floor, self._compress)
            template, cents, score = best_template(lookout.templates(vectors), self._detunings)
            rows = np.flatnonzero(score > best)
            best[rows], part[rows] = score[rows], tonal[rows]
            nth, stiffness = np.divmod(template[rows] // len(self._detunings), len(self._stiffnesses[i]))
            key[rows] = self._registers.keys(i)[0] + nth
            rough_hz = self._tuned_hz[key[rows]] * 2.0 ** (cents[rows] / 1200.0)
            b = TYPICAL_B[key[rows]] * self._stiffnesses[i][stiffness]
            ratios = partial_ratios(np.arange(1, REFINED_PARTIALS + 1), b[:, None])
            hz[rows] = refined_hz(power, rows, rough_hz, ratios, self._registers.bin_step_hz[i])
        return key, hz, best * part


@njit
def refined_hz(
    power: NDArray[np.float32],
    rows: NDArray[np.integer],
    first_hz: NDArray[np.float64],
    ratios: NDArray[np.float64],
    bin_step_hz: float,
) -> NDArray[np.float64]:
    """Frequency of the first partial, read from the peaks near where the first partials should be.

    Each peak is placed by a parabola over the logarithm of the power. Peaks count by their magnitude, and higher
    partials more, because they tell the frequency more finely.

    Parameters
    ----------
    power : (T, n_bins) float32
        Squared magnitudes.
    rows : (m,) int
        Which spectra are read.
    first_hz : (m,) float64
        Where the first partial should be.
    ratios : (m, n) float64
        Frequencies of the partials against the first.
    bin_step_hz : float
        Width of a bin.

    Returns
    -------
    (m,) float64
        Hz; ``first_hz`` where there are no such peaks, or none near enough.
    """
    out = first_hz.copy()
    for i in range(len(rows)):
        row = power[rows[i]]
        total, weights = 0.0, 0.0
        for n in range(ratios.shape[1]):
            expected = first_hz[i] * ratios[i, n] / bin_step_hz
            at = round(expected)
            if at < 2 or at + 2 >= len(row):
                continue
            if row[at + 1] > row[at]:
                at += 1
            elif row[at - 1] > row[at]:
                at -= 1
            left, mid, right = row[at - 1], row[at], row[at + 1]
            if mid <= left or mid <= right or left <= 0.0 or right <= 0.0:
                continue
            a, b, c = np.log(left), np.log(mid), np.log(right)
            # Three values may lie so near that their float32 logarithms are one: no parabola then.
            if a - 2.0 * b + c >= 0.0:
                continue
            peak = at + parabola_shift(a, b, c)
            weight = np.sqrt(mid) * (n + 1)
            total += weight * peak * bin_step_hz / ratios[i, n]
            weights += weight
        if weights > 0.0 and abs(total / weights / first_hz[i] - 1.0) < REFINED_WITHIN:
            out[i] = total / weights
    return out
