"""Keys that are down, counted on a grid of times.

The grid is never laid out: a note covers a stretch of frames, and stretches are counted by their ends. So a key held
for a week costs no more than one held for a second.
"""

import numpy as np
import numpy.typing as npt

from pianolab.errors import PianolabError
from pianolab.roll import Notes

_LAST_FRAME = 2**53  # From here on two neighbouring frames are one float64.


def frame_counts(reference: Notes, estimate: Notes, hop_s: float) -> tuple[int, int, int]:
    """Keys that are down at k * hop_s, summed over all k.

    On whole semitones mir_eval.multipitch counts a pitch as found when the same key is down, so the counts can be
    taken key by key, without a list of pitches for every frame.

    Parameters
    ----------
    reference, estimate : Notes
        What was played and what was heard. A note is down from its onset to just before its offset, so a note without
        length is down in no frame.
    hop_s : float
        Seconds.

    Returns
    -------
    n_both, n_reference, n_estimate : int
        Keys down in both, in the reference, in the estimate.

    Raises
    ------
    PianolabError
        If a time lies so many frames away that they cannot be counted.

    Examples
    --------
    One key for a week, of which the first day was heard:

    >>> frame_counts(Notes([0], [604_800], [60]), Notes([0], [86_400], [60]), 0.01)
    (8640000, 60480000, 8640000)
    """
    n_both = n_ref = n_est = 0
    for midi in np.union1d(reference.midi, estimate.midi):
        ref, est = (notes[notes.midi == midi] for notes in (reference, estimate))
        in_ref, in_est, in_either = (n_frames_down(notes, hop_s) for notes in (ref, est, Notes.concatenate([ref, est])))
        n_both += in_ref + in_est - in_either
        n_ref += in_ref
        n_est += in_est
    return n_both, n_ref, n_est


def n_frames_down(notes: Notes, hop_s: float) -> int:
    """How many frames some key is down.

    Parameters
    ----------
    notes : Notes
    hop_s : float
        Seconds from one frame to the next.

    Returns
    -------
    int

    Raises
    ------
    PianolabError
        If a time lies so many frames away that they cannot be counted.
    """
    start, stop = first_frame(notes.onset, hop_s), first_frame(notes.offset, hop_s)
    # Notes are sorted by onset, so every frame before the latest end so far is counted or has passed.
    latest_stop = np.maximum.accumulate(stop)
    new_from = np.maximum(start, np.append(0, latest_stop[:-1])[: len(stop)])
    return int(np.maximum(stop - new_from, 0).sum())


def first_frame(time_s: npt.ArrayLike, hop_s: float) -> npt.NDArray[np.int_]:
    """Index of the first frame at or after a time.

    Parameters
    ----------
    time_s : float or array
    hop_s : float
        Seconds from one frame to the next.

    Returns
    -------
    int array
        Of the shape of ``time_s``.

    Raises
    ------
    PianolabError
        If a time lies so many frames away that they cannot be counted.
    """
    time_s = np.asarray(time_s, dtype=float)
    if np.any(time_s > _LAST_FRAME * hop_s):
        raise PianolabError(f"time {time_s.max():g} s is too late for frames of {hop_s:g} s: write times in seconds")
    frame = np.ceil(time_s / hop_s).astype(int)
    # The quotient may be off by one unit in the last place: compare with the frame times themselves.
    frame = np.where((frame - 1) * hop_s >= time_s, frame - 1, frame)
    return np.where(frame * hop_s < time_s, frame + 1, frame)
