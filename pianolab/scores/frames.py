"""Keys that are down, counted on a grid of times."""

import numpy as np
import numpy.typing as npt

from pianolab.roll import Notes


def frame_counts(reference: Notes, estimate: Notes, hop_s: float) -> tuple[int, int, int]:
    """Keys that are down at k * hop_s, summed over all k.

    On whole semitones mir_eval.multipitch counts a pitch as found when the same key is down, so the counts can be
    taken key by key, without a list of pitches for every frame.

    Parameters
    ----------
    reference, estimate : Notes
        What was played and what was heard.
    hop_s : float
        Seconds.

    Returns
    -------
    n_both, n_reference, n_estimate : int
        Keys down in both, in the reference, in the estimate.
    """
    n_both = n_ref = n_est = 0
    for midi in np.union1d(reference.midi, estimate.midi):
        ref, est = (notes[notes.midi == midi] for notes in (reference, estimate))
        n_frames = int(first_frame(max(np.max(notes.offset, initial=0.0) for notes in (ref, est)), hop_s))
        ref_down, est_down = (_key_down(notes, n_frames, hop_s) for notes in (ref, est))
        n_both += int(np.count_nonzero(ref_down & est_down))
        n_ref += int(np.count_nonzero(ref_down))
        n_est += int(np.count_nonzero(est_down))
    return n_both, n_ref, n_est


def _key_down(notes: Notes, n_frames: int, hop_s: float) -> npt.NDArray[np.bool_]:
    """Whether some note sounds in each frame, onset <= time < offset, (n_frames,) bool."""
    change = np.zeros(n_frames + 1, dtype=np.int32)
    np.add.at(change, first_frame(notes.onset, hop_s), 1)
    np.add.at(change, first_frame(notes.offset, hop_s), -1)
    return np.cumsum(change[:-1]) > 0


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
    """
    time_s = np.asarray(time_s, dtype=float)
    frame = np.ceil(time_s / hop_s).astype(int)
    # The quotient may be off by one unit in the last place: compare with the frame times themselves.
    frame = np.where((frame - 1) * hop_s >= time_s, frame - 1, frame)
    return np.where(frame * hop_s < time_s, frame + 1, frame)
