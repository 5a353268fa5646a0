"""When labels are late: one constant from notes, or a slow drift from the sound.

In go notes as they were played and either what was heard, or the sound itself; out comes by how much later the labels
should be. One constant is found as the densest place among the differences of onsets of the same keys: half of the
heard notes may be wrong. It also forgives a system its own lateness, so it is said beside the score. A drift is found
by dynamic time warping: the strokes of the labels, key by key, are laid over the strokes of the sound, where each may
come up to half a second earlier or later, and the offset may change by little from one stroke to the next. It is the
same for all systems.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pianolab.roll import Notes
from pianolab.scores.protocol import Protocol
from pianolab.sound import resample
from pianolab.units import key_hz

Array = npt.NDArray[np.float64]

MOST_SHIFT_S = 0.25  # No encoder, hand or system that we know is off by more, and notes of a trill come so often.
MOST_DRIFT_S = 0.5

_DENSE_S = 0.05  # The tolerance of onsets: the densest so wide stretch of differences is where notes belong.
_HOP_S = 0.005
_RATE = 11025
_WINDOW = 512  # 46 ms
_PARTIALS = 4
_PER_S = 25.0  # Steps of evidence that a change of the offset by a second costs for each second of music it takes.
_SLOPE = 0.02  # An offset changes by at most so many seconds in a second of music: a clock is never so wrong.
_TOGETHER_S = 0.03  # Strokes of a chord are one.
_SMOOTH_S = 8.0  # The drift is straight over so long, since a single stroke is known to 10 ms only.
_BLOCK = 4096  # Frames whose spectra are held at once.
_KEY_LOW, _N_KEYS = 21, 88


@dataclass(frozen=True, eq=False)
class Drift:
    """How much later the sound is than its labels, piece by piece.

    Attributes
    ----------
    time_s, shift_s : (k,) array
        At these times of the labels the sound is so much later, seconds; between them it changes evenly.
    """

    time_s: Array
    shift_s: Array

    def applied(self, notes: Notes) -> Notes:
        """Notes moved to the sound.

        Parameters
        ----------
        notes : Notes

        Returns
        -------
        Notes

        Examples
        --------
        >>> moved = Drift(np.array([0.0, 10.0]), np.array([0.0, 0.1])).applied(Notes([5.0], [10.0], [60]))
        >>> moved.intervals.round(3).tolist()
        [[5.05, 10.1]]
        """
        if not len(self.time_s):
            return notes
        onset, offset = (times + np.interp(times, self.time_s, self.shift_s) for times in (notes.onset, notes.offset))
        onset = np.maximum(onset, 0.0)
        return Notes(onset, np.maximum(offset, onset), notes.midi, notes.velocity, notes.confidence)

    @property
    def range_s(self) -> tuple[float, float]:
        """The least and the largest shift, seconds; 0 and 0 where there is none."""
        return (float(np.min(self.shift_s)), float(np.max(self.shift_s))) if len(self.shift_s) else (0.0, 0.0)


def constant_shift(reference: Notes, estimate: Notes, *, most_s: float = MOST_SHIFT_S) -> float:
    """By how much later notes were heard than they were played, as one number.

    Parameters
    ----------
    reference, estimate : Notes
        What was played and what was heard.
    most_s : float
        Differences beyond this are of other notes, seconds.

    Returns
    -------
    float
        Seconds, positive = heard late; 0 where no key was both played and heard.

    Examples
    --------
    >>> played = Notes([1.0, 2.0, 3.0], [1.5, 2.5, 3.5], [60, 62, 64])
    >>> round(constant_shift(played, played.shifted(0.037)), 6)
    0.037
    """
    late_s = _differences(reference, estimate, most_s)
    if not len(late_s):
        return 0.0
    within = np.searchsorted(late_s, late_s + _DENSE_S, side="right") - np.arange(len(late_s))
    first = int(np.argmax(within))
    return float(np.median(late_s[first : first + within[first]]))


def _differences(reference: Notes, estimate: Notes, most_s: float) -> Array:
    """Onset heard less onset played of all pairs of one key that are near, sorted, seconds."""
    found = [np.zeros(0)]
    for midi in np.intersect1d(reference.midi, estimate.midi):
        played, heard = (np.sort(notes.onset[notes.midi == midi]) for notes in (reference, estimate))
        low, high = np.searchsorted(played, heard - most_s), np.searchsorted(played, heard + most_s, side="right")
        counts = high - low
        starts = np.repeat(low - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
        found.append(np.repeat(heard, counts) - played[starts + np.arange(counts.sum())])
    return np.sort(np.concatenate(found))


def as_scored(reference: Notes, estimate: Notes, protocol: Protocol) -> tuple[Notes, Notes, float]:
    """Notes as a protocol compares them: shifted by one constant and cut to the excerpt, where it says so.

    Parameters
    ----------
    reference, estimate : Notes
    protocol : Protocol

    Returns
    -------
    reference, estimate : Notes
        The earlier of both is moved later, so that no time falls below 0.
    shift_s : float
        By how much later notes were heard, seconds; 0 where the protocol asks for no shift.
    """
    shift_s = constant_shift(reference, estimate) if protocol.alignment == "shift" else 0.0
    reference = reference.shifted(shift_s) if shift_s > 0 else reference
    estimate = estimate.shifted(-shift_s) if shift_s < 0 else estimate
    if protocol.excerpt_s is not None:
        reference, estimate = (notes.between(0.0, protocol.excerpt_s) for notes in (reference, estimate))
    return reference, estimate, shift_s


def find_drift(notes: Notes, y: npt.NDArray[np.float32], *, sr: int, most_s: float = MOST_DRIFT_S) -> Drift:
    """By how much the sound is later than its labels, as it changes over a recording.

    Parameters
    ----------
    notes : Notes
        The labels.
    y : (n,) float32
        The sound.
    sr : int
        Its rate, Hz.
    most_s : float
        The sound is at most so much earlier or later, seconds.

    Returns
    -------
    Drift
        Empty where there are no notes within the sound.

    References
    ----------
    Sakoe & Chiba, "Dynamic programming algorithm optimization for spoken word recognition", IEEE TASSP 26(1), 1978: a
    path within a band, whose slope is bounded. Ewert, Mueller & Grosche, "High resolution audio synchronization using
    chroma onset features", ICASSP 2009: strokes rather than what sounds make it sharp.
    """
    notes = notes.on_keyboard()
    notes = notes[notes.onset < len(y) / sr]
    if not len(notes):
        return Drift(np.zeros(0), np.zeros(0))
    strokes = _strokes_by_key(y, sr)
    most = round(most_s / _HOP_S)
    first_of = np.flatnonzero(np.diff(notes.onset, prepend=-np.inf) > _TOGETHER_S)
    group = np.searchsorted(first_of, np.arange(len(notes)), side="right") - 1
    time_s = np.bincount(group, notes.onset) / np.bincount(group)
    evidence = np.zeros((len(first_of), 2 * most + 1))
    padded = np.pad(strokes, ((0, 0), (most, most + 1)))
    starts = np.minimum(np.round(notes.onset / _HOP_S).astype(int), strokes.shape[1] - 1)
    for i, (start, key) in enumerate(zip(starts, notes.midi - _KEY_LOW, strict=True)):
        evidence[group[i]] += padded[key, start : start + 2 * most + 1]
    shift_s = np.asarray((_cheapest_path(evidence, time_s) - most) * _HOP_S, dtype=np.float64)
    return Drift(time_s, _smoothed(time_s, shift_s))


def _strokes_by_key(y: npt.NDArray[np.float32], sr: int) -> Array:
    """Evidence that a key was struck, (88, frames): how fast its partials rise, in [0, 1], every 5 ms.

    The magnitude under a window that begins in silence rises fastest where the window's middle meets the stroke.
    """
    y = resample(y, sr=sr, target_sr=_RATE)
    window = np.hanning(_WINDOW).astype(np.float32)
    bins = np.round(key_hz()[:, None] * np.arange(1, _PARTIALS + 1) * _WINDOW / _RATE).astype(int)
    weight = np.where(bins < _WINDOW // 2, 1.0 / np.arange(1, _PARTIALS + 1), 0.0)
    bins = np.minimum(bins, _WINDOW // 2)
    n_frames = int(len(y) / _RATE / _HOP_S) + 1
    padded = np.pad(y, (_WINDOW // 2, _WINDOW))
    centres = np.round(np.arange(n_frames) * _HOP_S * _RATE).astype(int)
    level = np.zeros((_N_KEYS, n_frames))
    for start in range(0, n_frames, _BLOCK):
        here = centres[start : start + _BLOCK]
        spectra = np.abs(np.fft.rfft(padded[here[:, None] + np.arange(_WINDOW)] * window, axis=1))
        level[:, start : start + len(here)] = np.sum(spectra[:, bins] * weight, axis=2).T
    rise = np.zeros_like(level)
    rise[:, 2:-2] = np.sqrt(np.maximum(level[:, 4:] - level[:, :-4], 0.0))  # The root lets soft notes count, too.
    top = np.quantile(rise, 0.999) if n_frames else 1.0
    return np.minimum(rise / max(top, np.finfo(float).tiny), 1.0)


def _cheapest_path(evidence: Array, time_s: Array) -> npt.NDArray[np.int_]:
    """For each stroke the offset, so that the strokes fit and the offset changes slowly: Viterbi's search."""
    n, n_offsets = evidence.shape
    best, came_from = evidence[0], np.zeros((n, n_offsets), dtype=int)
    gaps_s = np.diff(time_s)
    offsets = np.arange(n_offsets)
    for i in range(1, n):
        reach = max(1, int(np.ceil(_SLOPE * gaps_s[i - 1] / _HOP_S)))
        steps = np.arange(-reach, reach + 1)
        price = _PER_S * np.abs(steps) * _HOP_S
        padded = np.pad(best, reach, constant_values=-np.inf)
        tried = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1) - price
        step = np.argmax(tried, axis=1)
        came_from[i] = np.clip(offsets + steps[step], 0, n_offsets - 1)
        best = tried[offsets, step] + evidence[i]
    path = np.empty(n, dtype=int)
    path[-1] = int(np.argmax(best))
    for i in range(n - 1, 0, -1):
        path[i - 1] = came_from[i, path[i]]
    return path


def _smoothed(time_s: Array, shift_s: Array) -> Array:
    """Each value replaced by that of the straight line through its neighbours within some seconds."""
    low = np.searchsorted(time_s, time_s - _SMOOTH_S / 2)
    high = np.searchsorted(time_s, time_s + _SMOOTH_S / 2, side="right")
    smooth = np.empty_like(shift_s)
    for i, (first, last) in enumerate(zip(low, high, strict=True)):
        times, shifts = time_s[first:last], shift_s[first:last]
        away = times - np.mean(times)
        spread = np.sum(away**2)
        slope = np.sum(away * shifts) / spread if spread else 0.0
        smooth[i] = np.mean(shifts) + np.clip(slope, -_SLOPE, _SLOPE) * (time_s[i] - np.mean(times))
    return smooth
