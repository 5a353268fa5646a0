"""The piano that detectors expect: how stiff its strings are, and how far its octaves are stretched.

What comes out: for each of the 88 keys its inharmonicity and the frequency of its first partial. They are constants,
so that a detector needs no synthesizer; a test holds that they are those of ``pianolab.piano.Piano`` without scatter.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pianolab.units import MIDI_HIGH, MIDI_LOW, key_hz

_MIDI = np.arange(MIDI_LOW, MIDI_HIGH + 1)
# Inharmonicity coefficient B of each key, (88,): the sum of a curve for the wrapped bass strings and one for the plain
# treble strings (Rigaud, David & Daudet, JASA 133, 2013).
TYPICAL_B: NDArray[np.float64] = np.exp(-0.110 * _MIDI - 6.03) + np.exp(0.0874 * _MIDI - 13.42)
# First partial of each key, (88,) Hz: octaves stretched as tuners do (same source), A0 about 23 cents flat and C8 about
# 48 cents sharp of equal temperament.
TYPICAL_HZ: NDArray[np.float64] = np.fromstring(
    """
    27.136240633540474 28.7844756863863 30.52890387912032 32.375329139642695 34.32989926525848 36.39912620880072
    38.58990763616854 40.90954982413779 43.36579197244416 45.96683200955405 48.72135397723509 51.638557085026704
    54.72818653201403 58.00056619994253 61.46663332870692 65.13797529262894 69.02686860374024 73.14632027653931
    77.5101116974314 82.132845151328 87.02999316771661 92.21795085895687 97.71409143466387 103.53682508785265
    109.70566146109437 116.24127591433557 123.16557983031579 130.50179520876284 138.27453381681596 146.50988118051671
    155.2354857207993 164.48065335731027 174.27644792470272 184.65579776890078 195.65360891535627 207.30688522766673
    219.65485600326258 232.7391114833852 246.603746787472 261.29551481757846 276.8639887168437 293.3617345075532
    310.84449457937075 329.371382747186 349.0050916511377 369.8121133291958 391.8629738557226 415.23248300825384
    440.0 466.24971639798673 494.07095743714467 523.5585030399727 554.8129299606452 587.9409765928331
    623.0559321133768 660.2780517808162 699.7350003703826 741.5623259073376 785.9039660607439 832.9127897824286
    882.7511770239046 935.5916396406916 991.6174869025668 1051.0235393740497 1114.0168953168213 1180.8177542003414
    1251.660302395067 1326.7936666716641 1406.4829417477565 1491.0102988205658 1580.6761828101364 1675.8006069260014
    1776.7245541743916 1883.8114965593445 1997.4490440179052 2118.0507365878275 2246.057994959707 2381.942246441529
    2526.2072454930726 2679.3916104057207 2842.071600449997 3014.86416093402 3198.4302671625956 3393.4786023173724
    3600.769608859556 3821.1199582630784 4055.407489802549 4304.576675842439
    """,
    sep=" ",
)
TYPICAL_B.setflags(write=False)
TYPICAL_HZ.setflags(write=False)


def tuned_hz(*, stretched: bool) -> NDArray[np.float64]:
    """First partial of each key.

    Parameters
    ----------
    stretched : bool
        As a typical piano is tuned, or in equal temperament.

    Returns
    -------
    (88,) float64
        Hz.

    Examples
    --------
    >>> tuned_hz(stretched=True)[[0, 48, 87]].round(1).tolist()
    [27.1, 440.0, 4304.6]
    """
    return TYPICAL_HZ if stretched else np.asarray(key_hz())


def partial_ratios(n: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Frequency of partial n against partial 1: n sqrt((1 + B n^2) / (1 + B)) (Fletcher, JASA 36, 1964).

    Parameters
    ----------
    n : int, float or array
        1 is the first partial.
    b : float or array
        Inharmonicity coefficient B; 0 for an ideal string.

    Returns
    -------
    float64 array

    Examples
    --------
    >>> partial_ratios([1, 2, 8], 0.0004).round(3).tolist()
    [1.0, 2.001, 8.1]
    """
    n, b = np.asarray(n, dtype=float), np.asarray(b, dtype=float)
    return n * np.sqrt((1.0 + b * n**2) / (1.0 + b))
