"""What notebook 10 compares: scores that are made up, so that the truth is known and a method can be caught lying.

What comes in: a random generator, and how much better one detector really is than the other. What goes out: onset F1 of
both on the same recordings, and pictures of them. Nobody hears anything.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from pianolab import plots
from pianolab.lessons.showing import Picture, figure
from pianolab.roll import Notes

Floats = npt.NDArray[np.float64]

MEAN_F1, PIECE_SPREAD = 0.75, 0.12  # Pieces are easy or hard, for both detectors alike.
TASTE_SPREAD = 0.03  # And a piece suits one of them a little more than the other.
TAKE_SPREAD = 0.01  # Recordings of one piece are nearly the same.


def made_up(
    rng: np.random.Generator, n_pieces: int, *, gain: float = 0.0, takes: int = 1
) -> tuple[Floats, Floats, npt.NDArray[np.str_]]:
    """Scores of two detectors on the same recordings.

    Parameters
    ----------
    rng : Generator
    n_pieces : int
    gain : float
        How much better the first really is, in onset F1.
    takes : int
        Recordings of each piece.

    Returns
    -------
    first, second : (n_pieces * takes,) arrays
        Onset F1, 0 to 1.
    pieces : (n_pieces * takes,) array of str
        Which piece each recording is of.
    """
    pieces = np.repeat([f"piece {number:02}" for number in range(n_pieces)], takes)
    of = np.repeat(np.arange(n_pieces), takes)
    ease = rng.normal(MEAN_F1, PIECE_SPREAD, n_pieces)[of]
    taste = rng.normal(gain, TASTE_SPREAD, n_pieces)[of]
    noise = rng.normal(0.0, TAKE_SPREAD, (2, len(of)))
    first, second = np.clip([ease + taste + noise[0], ease + noise[1]], 0.0, 1.0)
    return first, second, pieces


def settings_of_one(rng: np.random.Generator, n_settings: int, n_pieces: int) -> Floats:
    """Scores of one detector with many settings that are all equally good.

    Parameters
    ----------
    rng : Generator
    n_settings, n_pieces : int

    Returns
    -------
    (n_settings, n_pieces) array
        Onset F1, 0 to 1.
    """
    ease = rng.normal(MEAN_F1, PIECE_SPREAD, n_pieces)
    return np.clip(ease + rng.normal(0.0, TASTE_SPREAD, (n_settings, n_pieces)), 0.0, 1.0)


def played_and_heard(rng: np.random.Generator, n: int = 60) -> tuple[Notes, Notes, Notes]:
    """Notes, and what two made-up detectors hear: the first steadily 60 ms late, the second 30 ms early or late.

    Parameters
    ----------
    rng : Generator
    n : int
        Notes.

    Returns
    -------
    played, steady, ragged : Notes
    """
    onset, midi = 0.3 * np.arange(1, n + 1), rng.integers(48, 85, n)
    steady, ragged = onset + 0.06 + rng.normal(0, 0.005, n), onset + rng.normal(0, 0.03, n)
    return Notes(onset, onset + 0.25, midi), Notes(steady, steady + 0.25, midi), Notes(ragged, ragged + 0.25, midi)


def pairs_figure(first: npt.ArrayLike, second: npt.ArrayLike, *, names: tuple[str, str] = ("A", "B")) -> Picture:
    """The same scores twice: as two heaps of dots with their means, and joined piece by piece.

    Parameters
    ----------
    first, second : (n,) arrays
    names : (str, str)

    Returns
    -------
    Picture
    """
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    fig, (left, right) = figure(9, 3.2, ncols=2)
    for x, values in enumerate((first, second)):
        left.plot(np.full(len(values), x), values, "o", color=plots.BLUE, alpha=0.5)
        left.plot([x - 0.2, x + 0.2], [values.mean()] * 2, color=plots.ORANGE, linewidth=2)
    for one, other in zip(first, second, strict=True):
        right.plot([0, 1], [one, other], "o-", color=plots.BLUE if one >= other else plots.ORANGE, alpha=0.7)
    for ax, title in ((left, "two heaps and their means"), (right, "joined piece by piece")):
        ax.set(xlim=(-0.5, 1.5), ylabel="onset F1 (0..1)", xlabel="detector", title=title)
        ax.set_xticks([0, 1], names)
    return fig


def histogram_figure(values: Mapping[str, npt.ArrayLike], *, line: float, xlabel: str, bins: int = 40) -> Picture:
    """Heaps of numbers, one row each over the same axis, and a line where something stands.

    Parameters
    ----------
    values : mapping of str to array
        By what they are.
    line : float
        Where the line stands.
    xlabel : str
        What they are, with a unit.
    bins : int

    Returns
    -------
    Picture
    """
    fig, axes = figure(9, 1.0 + 1.3 * len(values), rows=len(values), sharex=True, squeeze=False)
    everything = np.concatenate([np.asarray(heap, dtype=float) for heap in values.values()])
    edges = np.linspace(min(everything.min(), line), max(everything.max(), line), bins + 1)
    for ax, (name, heap) in zip(axes[:, 0], values.items(), strict=True):
        ax.hist(np.asarray(heap, dtype=float), bins=edges, color=plots.BLUE, alpha=0.7)
        ax.axvline(line, color=plots.ORANGE, linewidth=2)
        ax.set_title(name, loc="left", fontsize="medium")
        ax.set_ylabel("count")
    axes[-1, 0].set_xlabel(xlabel)
    return fig
