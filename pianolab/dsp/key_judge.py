"""What the amounts of sound that were found for 88 keys mean: was a key struck, is it held, was it let go?

What comes in: rows of numbers for each key (its amounts of attack and of sound, how loud its partials are) and for all
keys together. What comes out: for each key three numbers in (0, 1). An amount alone says little, because the partials
of one key look like other keys. So a key is judged beside what it was some moments ago and beside the keys that it may
be mistaken for, an octave, a twelfth, a semitone away. A small network does so, with one set of weights for all keys:
it has learnt from music of which each key is known, and it looks at no sound itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pianolab.dsp.compiled import njit
from pianolab.units import N_KEYS

# The planes of numbers, one for each kind: amounts of attack, decay, late and all sound; the most of all sound and of
# attack lately, for three lengths of "lately" each; the spectrum by semitones at three moments; and how deep the
# deepest hole among a key's odd partials is, with and without the first.
ATTACK, DECAY, LATE, SOUND, SOUND_LATELY, ATTACK_LATELY, SPECTRUM, HOLE = 0, 1, 2, 3, 4, 7, 10, 13
N_PLANES = 15
# Columns of a plane: 36 below A0 that are always 0, the 88 keys, and 36 above for their partials.
MARGIN = 36
WIDTH = N_KEYS + 2 * MARGIN
# Semitones to the keys that a key may be mistaken for.
RIVALS = (-1, 1, -2, 2, -12, 12, -19, 19, -24, 24, -28, -31, -7, 7, -5, 5, -16, 16)
# Semitones to a key's first eight partials.
PARTIALS = (0, 12, 19, 24, 28, 31, 34, 36)
# Semitones to where only a key below would sound: the first and the odd partials of the keys an octave, a twelfth and
# two octaves below.
PARTIALS_BELOW = (-12, 7, 16, 22, -19, -24, -5)

# What is looked at of each key: plane, rows back, semitones away.
LOOKS = np.array(
    [(ATTACK, back, 0) for back in range(6)]
    + [(SOUND, back, 0) for back in (0, 1, 2, 3, 4, 6, 8, 12)]
    + [(plane, back, 0) for back in (0, 4) for plane in (DECAY, LATE)]
    + [(plane, 0, 0) for plane in (*range(SOUND_LATELY, SPECTRUM), HOLE, HOLE + 1)]
    + [
        (plane, back, away)
        for away in RIVALS
        for plane, back in ((ATTACK, 0), (ATTACK, 1), (ATTACK, 2), (SOUND, 0), (SOUND, 6))
    ]
    + [(SPECTRUM + moment, 0, away) for moment in range(3) for away in PARTIALS]
    + [(SPECTRUM + moment, 0, away) for away in PARTIALS_BELOW for moment in (1, 2)]
)
# Numbers of all keys together: attack summed and at most, sound summed and at most, the noise of three flat templates,
# what no template explains, and the level. Looked at are number and rows back.
N_WHOLE = 9
WHOLE_LOOKS = np.array(
    [(0, 0), (1, 0), (2, 0), (3, 0), (1, 1), (1, 2), (2, 4), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (8, 4)]
)
# The most rows back of all looks.
MEMORY = 12
# A stroke must be this share as sure as one an octave above it, and as one an octave below it, in its row and in so
# many rows before: a key and its ghosts rarely rise in the same row.
SHARE_OF_ABOVE, SHARE_OF_BELOW, ROWS_BEFORE = 0.6, 0.75, 2
# A key at a partial of a lower key was not struck if it is not so many times as sure, and its attack lies so far below.
# Semitones to the second to twelfth partial; the eleventh lies between two keys.
TIMES_AS_SURE, LESS_THAN_BELOW = 1.5, 1.05
FROM_LOWER = (*PARTIALS[1:], 38, 40, 41, 42, 43)
# A key from F2 to B3 whose first partial lies so far below its second, and whose attack lies so far below that of the
# octave above, was not struck, nor is it in as many rows that follow. Lower keys hardly sound at their first partial,
# and higher ones may lose it in a room.
HOLLOW, LESS_THAN_ABOVE, HOLLOW_FROM, HOLLOW_TO = 1.3, 0.8, 20, 39
# Names of the weights in a file, in the order of Weights.
WEIGHTS = ("judge_hidden", "judge_hidden_bias", "judge_out", "judge_out_bias")
# A key with less than this of all sound lately, and no attack, is not judged: it gets 0.
LEAST_SOUND = 0.8
N_INPUTS = len(LOOKS) + len(WHOLE_LOOKS) + 3


@dataclass(frozen=True)
class Weights:
    """Of the network that judges.

    Attributes
    ----------
    hidden : (N_INPUTS, n) float32
    hidden_bias : (n,) float32
    out : (n, 3) float32
    out_bias : (3,) float32
    """

    hidden: NDArray[np.float32]
    hidden_bias: NDArray[np.float32]
    out: NDArray[np.float32]
    out_bias: NDArray[np.float32]


def place_of_keys() -> NDArray[np.float32]:
    """Where the keys lie on the keyboard, for weights that differ between bass and treble: (88, 3), from -1 to 1."""
    place = np.linspace(-1.0, 1.0, N_KEYS, dtype=np.float32)
    return np.stack([place, place**2, place**3], axis=1)


def inputs_of(
    planes: NDArray[np.float32], whole: NDArray[np.float32], rows: NDArray[np.int64], keys: NDArray[np.int64]
) -> NDArray[np.float32]:
    """What the network is given for some keys in some rows.

    Parameters
    ----------
    planes : (T, N_PLANES, WIDTH) float32
    whole : (T, N_WHOLE) float32
    rows, keys : (n,) int
        Before the first row all was 0.

    Returns
    -------
    (n, N_INPUTS) float32
    """
    planes = np.concatenate([np.zeros((MEMORY, *planes.shape[1:]), np.float32), planes])
    whole = np.concatenate([np.zeros((MEMORY, whole.shape[1]), np.float32), whole])
    looked = [planes[MEMORY + rows - back, plane, MARGIN + keys + away] for plane, back, away in LOOKS]
    looked += [whole[MEMORY + rows - back, number] for number, back in WHOLE_LOOKS]
    return np.concatenate([np.stack(looked, axis=1), place_of_keys()[keys]], axis=1)


def holes_of(spectrum: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far the weakest odd partial of each key lies below the even ones beside it.

    The octave below a chord that is struck has all its even partials from the chord, and some of the odd ones. It is
    told by those that are missing: nothing sounds at its first partial, or at its fifth or seventh.

    Parameters
    ----------
    spectrum : (T, WIDTH) float32
        By semitones, on a logarithmic scale.

    Returns
    -------
    (T, 2, 88) float32, not below 0
        With the first partial, which a small piano or microphone may lack, and without it.
    """
    one, two, three, four, five, six, seven, eight = (spectrum[:, MARGIN + away :][:, :N_KEYS] for away in PARTIALS)
    depth = np.maximum(np.maximum((two + four) / 2 - three, (four + six) / 2 - five), (six + eight) / 2 - seven)
    return np.maximum(np.stack([np.maximum(depth, two - one), depth], axis=1), 0.0)


class WithoutGhosts:
    """Takes off the strokes of keys that nobody struck and that were heard with others, row after row."""

    def __init__(self):
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        self._onset, self._attack, self._hollow = np.zeros((3, ROWS_BEFORE, N_KEYS), np.float32)

    def __call__(self, onset: NDArray[np.float32], planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """The evidence of strokes in the rows that follow, 0 for ghosts.

        Parameters
        ----------
        onset : (T, 88) float32
            How surely each key was struck.
        planes : (T, N_PLANES, WIDTH) float32
            What was judged.

        Returns
        -------
        (T, 88) float32
        """
        if not len(onset):
            return onset
        spectrum, attack = planes[:, SPECTRUM + 1 : HOLE].mean(axis=1), planes[:, ATTACK, MARGIN:][:, :N_KEYS]
        self._onset, lately = _with_rows_before(self._onset, onset)
        self._attack, hardest = _with_rows_before(self._attack, attack)
        ghost = np.zeros(onset.shape, bool)
        ghost[:, :-12] = onset[:, :-12] < SHARE_OF_ABOVE * lately[:, 12:]
        ghost[:, 12:] |= onset[:, 12:] < SHARE_OF_BELOW * lately[:, :-12]
        for away in FROM_LOWER:
            hardly_surer = onset[:, away:] < TIMES_AS_SURE * lately[:, :-away]
            ghost[:, away:] |= hardly_surer & (hardest[:, away:] < hardest[:, :-away] - LESS_THAN_BELOW)
        keys = slice(HOLLOW_FROM, HOLLOW_TO)
        first, second = (spectrum[:, MARGIN + away :][:, keys] for away in PARTIALS[:2])
        hollow = np.zeros_like(onset)
        hollow[:, keys] = (second - first > HOLLOW) & (attack[:, keys] < attack[:, 12:][:, keys] - LESS_THAN_ABOVE)
        self._hollow, hollow = _with_rows_before(self._hollow, hollow)
        ghost |= hollow > 0
        return np.where(ghost, np.float32(0.0), onset)


def _with_rows_before(before, rows):
    """The last rows, to remember, and for each row the most of it and those before."""
    rows = np.concatenate([before, rows])
    return rows[len(rows) - ROWS_BEFORE :], sliding_window_view(rows, ROWS_BEFORE + 1, axis=0).max(axis=-1)


class KeyJudge:
    """Judges all keys, row after row.

    Parameters
    ----------
    weights : Weights
    """

    def __init__(self, weights: Weights):
        n_looks, n_whole = len(LOOKS), len(WHOLE_LOOKS)
        self._of_looks = np.ascontiguousarray(weights.hidden[:n_looks])
        self._of_whole = np.ascontiguousarray(weights.hidden[n_looks : n_looks + n_whole])
        self._of_place = place_of_keys() @ weights.hidden[n_looks + n_whole :] + weights.hidden_bias
        self._out, self._out_bias = weights.out, weights.out_bias
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        self._planes = np.zeros((MEMORY, N_PLANES, WIDTH), np.float32)
        self._whole = np.zeros((MEMORY, N_WHOLE), np.float32)

    def __call__(self, planes: NDArray[np.float32], whole: NDArray[np.float32]) -> NDArray[np.float32]:
        """Judge the rows that follow.

        Parameters
        ----------
        planes : (T, N_PLANES, WIDTH) float32
            The outer columns beside the keys are those of the spectrum, 0 in the other planes.
        whole : (T, N_WHOLE) float32

        Returns
        -------
        (T, 88, 3) float32
            How surely each key was struck, is held, and was let go, in [0, 1]; 0 for keys of which nothing is heard.
        """
        planes = np.concatenate([self._planes, planes])
        whole = np.concatenate([self._whole, whole])
        self._planes, self._whole = planes[len(planes) - MEMORY :], whole[len(whole) - MEMORY :]
        return _judged(
            planes, whole, self._of_looks, self._of_whole, self._of_place, self._out, self._out_bias, LOOKS, WHOLE_LOOKS
        )


# Each row is computed alone: fastmath gives the same bits for any number of rows.
@njit(fastmath=True)
def _judged(planes, whole, of_looks, of_whole, of_place, out, out_bias, looks, whole_looks):
    n_rows, n_hidden, n_out = len(planes) - MEMORY, of_looks.shape[1], out.shape[1]
    judged = np.zeros((n_rows, N_KEYS, n_out), np.float32)
    base, hidden = np.empty(n_hidden, np.float32), np.empty(n_hidden, np.float32)
    for row in range(n_rows):
        now = row + MEMORY
        base[:] = 0.0
        for i in range(len(whole_looks)):
            value = whole[now - whole_looks[i, 1], whole_looks[i, 0]]
            for j in range(n_hidden):
                base[j] += value * of_whole[i, j]
        for key in range(N_KEYS):
            column = MARGIN + key
            if planes[now, SOUND_LATELY, column] <= LEAST_SOUND and planes[now, ATTACK, column] == 0.0:
                continue
            for j in range(n_hidden):
                hidden[j] = base[j] + of_place[key, j]
            for i in range(len(looks)):
                value = planes[now - looks[i, 1], looks[i, 0], column + looks[i, 2]]
                # Most amounts are 0.
                if value != 0.0:
                    for j in range(n_hidden):
                        hidden[j] += value * of_looks[i, j]
            for o in range(n_out):
                total = out_bias[o]
                for j in range(n_hidden):
                    total += max(hidden[j], np.float32(0.0)) * out[j, o]
                judged[row, key, o] = 1.0 / (1.0 + np.exp(-total))
    return judged
