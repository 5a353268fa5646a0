"""From one frequency a frame to one key a frame, how surely it sounds, and the Salience of a single-note detector."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pianolab.dsp.levels import LEVEL_LENGTH, sound_level_db
from pianolab.dsp.onsets import Strokes
from pianolab.dsp.own_partials import own_partials_db
from pianolab.dsp.tuning import tuned_hz
from pianolab.frames import Span
from pianolab.roll import Salience
from pianolab.units import N_KEYS

# Evidence of a struck string from which a note of one voice is told: no note of the two tuning pianos is lost at it,
# and of talk a few notes a minute are left (docs/results.md). A voice beside a stroke hides it at first, so a note is
# asked on for longer.
STRUCK = {"struck_threshold": 0.7, "struck_late_s": 0.15}


def nearest_key(hz: ArrayLike, *, stretched: bool = True) -> NDArray[np.intp]:
    """Key index nearest to each frequency.

    Parameters
    ----------
    hz : (T,) array
    stretched : bool
        Against a typical piano's stretched tuning, or against equal temperament.

    Returns
    -------
    (T,) int
        -1 off the keyboard, for NaN and for 0.

    Examples
    --------
    >>> nearest_key([27.5, 440.0, 450.0, 0.0]).tolist()
    [0, 48, 48, -1]
    """
    centres = np.log2(tuned_hz(stretched=stretched))
    edges = np.concatenate([[centres[0] - 1 / 24], (centres[1:] + centres[:-1]) / 2, [centres[-1] + 1 / 12]])
    with np.errstate(divide="ignore", invalid="ignore"):
        key = np.searchsorted(edges, np.log2(np.asarray(hz, dtype=float)), side="right") - 1
    return np.where(np.isfinite(hz) & (key < N_KEYS), key, -1)


def certainty(score: ArrayLike, *, half_at: float, width: float) -> NDArray[np.float32]:
    """How probably an answer with this score is right: a logistic curve.

    Parameters
    ----------
    score : (T,) array
    half_at : float
        Score of an answer that is as often right as wrong.
    width : float
        How much more is needed for e : 1.

    Returns
    -------
    (T,) float32

    Examples
    --------
    >>> certainty([-9.0, 0.3, 9.0], half_at=0.3, width=0.05).tolist()
    [0.0, 0.5, 1.0]
    """
    return (1.0 / (1.0 + np.exp((half_at - np.asarray(score, dtype=float)) / width))).astype(np.float32)


def one_key_a_row(
    key: NDArray[np.integer], strength: NDArray[np.floating], hz: NDArray[np.floating]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Strength and frequency of all keys, where at most one key sounds in each row.

    Parameters
    ----------
    key : (T,) int
        Key index; -1 means none.
    strength, hz : (T,) array
        Of that key.

    Returns
    -------
    strength : (T, 88) float32
        0 for the other keys.
    hz : (T, 88) float32
        NaN for the other keys.
    """
    strengths = np.zeros((len(key), N_KEYS), np.float32)
    frequencies = np.full((len(key), N_KEYS), np.nan, np.float32)
    rows = np.flatnonzero(key >= 0)
    strengths[rows, key[rows]] = strength[rows]
    frequencies[rows, key[rows]] = hz[rows]
    return strengths, frequencies


def one_key_salience(
    span: Span,
    key: NDArray[np.integer],
    strength: NDArray[np.floating],
    hz: NDArray[np.floating],
    *,
    lookahead: int,
    strokes: Strokes,
) -> Salience:
    """Salience of a detector that hears one key a frame, with the level and the onset evidence of the newest sound.

    These, and how loud the partials of each key are, are taken as if the detector looked ahead 23 ms only, however far
    its windows reach: so an attack is timed alike in all detectors.

    Parameters
    ----------
    span : Span
    key : (T,) int
        Key index; -1 means none. Where the newest sound is silent there is none either.
    strength, hz : (T,) array
        Of that key.
    lookahead : int
        Samples of a frame from its own sample on.
    strokes : Strokes
        Of this stream.

    Returns
    -------
    Salience
    """
    near = span.samples[: len(span.samples) - lookahead + LEVEL_LENGTH]
    level_db = sound_level_db(near, span.n_frames, span.hop_length, LEVEL_LENGTH)
    onset = strokes(near, span.n_frames)
    own_db = own_partials_db(near, n_frames=span.n_frames, hop_length=span.hop_length, sr=span.sr)
    strengths, frequencies = one_key_a_row(np.where(np.isfinite(level_db), key, -1), strength, hz)
    return Salience(span.times, strengths, frequencies, level_db, onset=onset, partials_db=own_db)
