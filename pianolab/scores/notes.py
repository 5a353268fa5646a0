"""How right a transcription is: the notes that were played against the notes that were heard.

In go two Notes, the truth (`reference`) and what a detector wrote (`estimate`); out comes a dictionary of
numbers, most of them between 0 and 1. A heard note is right when its key is right and it begins within
50 ms of a played one; stricter scores also ask for its end and its loudness. Precision is the share of heard
notes that were played, recall the share of played notes that were heard, F1 their harmonic mean. What "right"
means is a Protocol, and every number is stamped with it. The definitions and the matching are mir_eval's.

Where mir_eval leaves a score undefined or calls it 0, one rule holds here: nothing played and nothing heard is
right (1.0); if only one of the two is empty, the score is 0.0. A note without length, whose offset is its onset, is a
note: its key, onset and offset are scored as those of any other (within the tolerance of offsets, 50 ms), and
it is down in no frame of the frame score. mir_eval refuses such notes.
"""

import numpy as np

from pianolab.roll import Notes
from pianolab.scores.alignment import as_scored
from pianolab.scores.frames import frame_counts
from pianolab.scores.matching import match
from pianolab.scores.protocol import Protocol
from pianolab.scores.ratios import n_times_right, ratios

_PERCENTILES = (5, 25, 75, 95)


def score_notes(reference: Notes, estimate: Notes, *, protocol: Protocol | None = None) -> dict[str, float]:
    """Score heard notes against played ones.

    Parameters
    ----------
    reference, estimate : Notes
        What was played and what was heard.
    protocol : Protocol, optional
        Tolerances; the default Protocol if not given.

    Returns
    -------
    dict of str to float
        ``onset_*`` (key and onset), ``note_*`` (key, onset, offset), ``velocity_*`` (the same and loudness) and
        ``velocity_onset_*`` (key, onset, loudness: mir_eval's ``offset_ratio=None``), both absent where a velocity is
        unknown, ``onset_only_*`` (any key, `mir_eval.onset`), ``frame_*`` (keys down on the
        frame grid, `mir_eval.multipitch`), each with ``precision``, ``recall``, ``f1``; ``n_reference``,
        ``n_estimate``; and, over the notes right in key and onset, ``onset_bias_ms`` (median, positive = heard late)
        and ``onset_deviation_ms`` (median size), ``onset_p5_ms`` to ``onset_p95_ms`` (percentiles of lateness: how it
        is spread), absent without such notes; ``velocity_rank_correlation`` (Spearman's, over the same notes: is
        what was played louder heard louder?), absent where all are alike; ``shift_ms`` where the protocol shifts.

    References
    ----------
    Raffel et al., "mir_eval: a transparent implementation of common MIR metrics", ISMIR 2014.

    Examples
    --------
    >>> played = Notes([0.0, 1.0, 2.0], [0.9, 1.9, 2.9], [60, 64, 67])
    >>> heard = Notes([0.02, 2.04], [0.9, 2.9], [60, 67])
    >>> scores = score_notes(played, heard)
    >>> scores["onset_precision"], round(scores["onset_recall"], 3), round(scores["onset_f1"], 3)
    (1.0, 0.667, 0.8)
    """
    protocol = protocol or Protocol()
    reference, estimate, shift_s = as_scored(reference, estimate, protocol)
    n_ref, n_est = len(reference), len(estimate)
    pairs = match(reference, estimate, protocol=protocol)
    full = match(reference, estimate, protocol=protocol, with_offset=True)
    scores = {
        **ratios("onset", len(pairs), n_ref, n_est),
        **ratios("note", len(full), n_ref, n_est),
    }
    if not np.isnan(np.concatenate([reference.velocity, estimate.velocity])).any():
        for name, right in (("velocity", full), ("velocity_onset", pairs)):
            n_loud = _n_velocity_right(reference.velocity, estimate.velocity, right, protocol.velocity_tolerance)
            scores |= ratios(name, n_loud, n_ref, n_est)
        scores |= _velocity_rank(reference.velocity[pairs[:, 0]], estimate.velocity[pairs[:, 1]])
    scores |= ratios(
        "onset_only", n_times_right(reference.onset, estimate.onset, protocol.onset_tolerance_s), n_ref, n_est
    )
    scores |= ratios("frame", *frame_counts(reference, estimate, protocol.frame_hop_s))
    scores |= {"n_reference": float(n_ref), "n_estimate": float(n_est)}
    if len(pairs):
        late_ms = 1000 * (estimate.onset[pairs[:, 1]] - reference.onset[pairs[:, 0]])
        scores |= {"onset_bias_ms": float(np.median(late_ms)), "onset_deviation_ms": float(np.median(np.abs(late_ms)))}
        scores |= {f"onset_p{p}_ms": float(np.percentile(late_ms, p)) for p in _PERCENTILES}
    if protocol.alignment == "shift":
        scores["shift_ms"] = 1000 * shift_s
    return scores


def score_onsets(reference: Notes, estimate: Notes, *, protocol: Protocol) -> dict[str, float]:
    """Only the ``onset_*`` scores of `score_notes`: for a second tolerance beside the main protocol.

    Parameters
    ----------
    reference, estimate : Notes
        What was played and what was heard.
    protocol : Protocol
        Tolerances.

    Returns
    -------
    dict of str to float
        ``onset_precision``, ``onset_recall``, ``onset_f1``.
    """
    reference, estimate, _ = as_scored(reference, estimate, protocol)
    return ratios("onset", len(match(reference, estimate, protocol=protocol)), len(reference), len(estimate))


def _n_velocity_right(ref_velocity, est_velocity, pairs, tolerance):
    """How many pairs agree in loudness: the rule of mir_eval.transcription_velocity on pairs already found.

    Played velocities are scaled to [0, 1] over their range, heard ones fitted to them by one straight line.
    """
    if not len(pairs):
        return 0
    span = max(1, ref_velocity.max() - ref_velocity.min())
    truth = (ref_velocity[pairs[:, 0]] - ref_velocity.min()) / span
    heard = np.column_stack([est_velocity[pairs[:, 1]], np.ones(len(pairs))])
    line = np.linalg.lstsq(heard, truth, rcond=None)[0]
    return int(np.count_nonzero(np.abs(heard @ line - truth) < tolerance))


def _velocity_rank(played: np.ndarray, heard: np.ndarray) -> dict[str, float]:
    """Spearman's correlation of loudness: that of the ranks, where equal ones share theirs."""
    ranks = np.stack([_ranks(played), _ranks(heard)])
    if not len(played) or np.any(np.ptp(ranks, axis=1) == 0):
        return {}
    return {"velocity_rank_correlation": float(np.corrcoef(ranks)[0, 1])}


def _ranks(values: np.ndarray) -> np.ndarray:
    """Place of each value in their order; equal ones have the mean of theirs."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[which]
