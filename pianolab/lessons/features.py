"""What notebook 09 asks before it trains: which features keep a chord a chord when it moves.

What comes in: samples at 16 kHz, or keys of a chord. What goes out: rows of numbers, one a frame, and how many chords
of a strange piano they name. `log_frequency` is one window of what the package's own network hears.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from pianolab import plots
from pianolab.dsp.network_input import SR, NeuralInput
from pianolab.lessons.showing import Picture, figure
from pianolab.piano import PIANOS, render
from pianolab.roll import Notes
from pianolab.units import N_KEYS, note_name

BINS_PER_KEY = 3
N_BINS = BINS_PER_KEY * N_KEYS
WINDOW, LOOKAHEAD = 1, 1024  # The peak of this window of the package's network lies 1024 samples before its end.
MIDDLE = 1.0  # Features of music are about as often above this as below.
TRIADS = {"major": (0, 4, 7), "minor": (0, 3, 7)}

Floats = npt.NDArray[np.floating]


def log_frequency(y: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Levels in three bins for each of the 88 keys, the middle one on the key; one window of what `neural` hears.

    Parameters
    ----------
    y : (n,) array
        Samples in [-1, 1] at 16 kHz.

    Returns
    -------
    (T, 264) float32
        T = ceil(n / 320). Logarithms of magnitudes less a fixed number: silence is -1, a full-scale sine about 3.3.
    """
    heard = NeuralInput().of(np.asarray(y, np.float32), lookahead=LOOKAHEAD)
    return heard[:, WINDOW, :N_BINS] - np.float32(MIDDLE)


@lru_cache(maxsize=256)
def chord(keys: tuple[int, ...], piano: str = "grand") -> npt.NDArray[np.float32]:
    """Half a second of keys struck together, from shortly after the blow.

    Parameters
    ----------
    keys : tuple of int
        MIDI numbers.
    piano : str
        A name in `pianolab.piano.PIANOS`.

    Returns
    -------
    (8000,) float32
        At 16 kHz.
    """
    n = len(keys)
    y = render(Notes([0.0] * n, [0.7] * n, list(keys), [80] * n), sr=SR, piano=piano, tail_s=0.0)
    return y[SR // 10 :][: SR // 2]


def triads() -> dict[str, tuple[int, ...]]:
    """The 12 major and the 12 minor triads whose roots lie in the octave from C3.

    Returns
    -------
    dict of str to tuple of int
        Name -> MIDI numbers.

    Examples
    --------
    >>> triads()["C3 minor"]
    (48, 51, 55)
    """
    roots = range(48, 60)
    return {f"{note_name(r)} {kind}": tuple(r + k for k in steps) for kind, steps in TRIADS.items() for r in roots}


def share_of_chords_named(feature: Callable[[Floats], Floats]) -> float:
    """Share of 24 triads on other pianos that are named right by the most alike triad of the grand.

    Parameters
    ----------
    feature : callable
        Samples -> (T, n); its mean over half a second stands for the chord.

    Returns
    -------
    float
        0..1; guessing gives 1/24.
    """

    def mean_feature(keys, piano):
        values = feature(chord(keys, piano)).mean(axis=0)
        return values - values.mean()  # How loud a piano is must not count as another chord.

    chords = list(triads().values())
    names = np.array([mean_feature(keys, "grand") for keys in chords])
    right = [
        np.argmin(np.sum((names - mean_feature(keys, piano)) ** 2, axis=1)) == i
        for piano in PIANOS
        if piano != "grand"
        for i, keys in enumerate(chords)
    ]
    return float(np.mean(right))


def features_figure(
    features: dict[str, Callable[[Floats], Floats]], keys: tuple[int, ...], piano: str = "grand"
) -> Picture:
    """What each kind of features keeps of one chord, and of the same chord a semitone higher (dashed).

    Parameters
    ----------
    features : dict of str to callable
        Name -> what makes (T, n) values of samples at 16 kHz.
    keys : tuple of int
        MIDI numbers.
    piano : str
        A name in `pianolab.piano.PIANOS`.
    """
    higher = tuple(key + 1 for key in keys)
    fig, axes = figure(10, 2.8, ncols=len(features))
    for ax, (name, feature) in zip(axes, features.items(), strict=True):
        values, moved = (feature(chord(played, piano)).mean(axis=0) for played in (keys, higher))
        ax.plot(values, linewidth=1.1, color=plots.BLUE, label="chord")
        ax.plot(moved, "--", linewidth=1.1, color=plots.ORANGE, label="a semitone higher")
        ax.set(xlabel="number, low to high", ylabel="value", title=f"{name}: {len(values)} numbers")
        if len(values) == N_BINS:
            ax.set(xlim=(60, 220), title=f"{name}: part of {N_BINS}")
    axes[0].legend(loc="upper right")
    return fig
