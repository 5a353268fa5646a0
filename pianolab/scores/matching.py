"""Which heard note is which played one."""

from collections.abc import Iterator
from typing import Any

import mir_eval
import numpy as np
import numpy.typing as npt

from pianolab.roll import Notes
from pianolab.scores.protocol import Protocol

_SEMITONE_CENTS = 100
_ROUNDING_S = 10.0**-mir_eval.transcription.N_DECIMALS  # mir_eval rounds time differences to 0.1 ms.
_PACK_NOTES = 128  # So many notes go to mir_eval at once; any number gives the same matches.


def match(
    reference: Notes, estimate: Notes, *, protocol: Protocol | None = None, with_offset: bool = False
) -> npt.NDArray[np.int_]:
    """Pair played and heard notes, each at most once and as many as possible: mir_eval's matching, piece by piece.

    mir_eval compares every note with every other, which takes 13 GB for 20,000 notes. Two notes can only meet, even
    through a chain of others, if their keys agree and no gap wider than the onset tolerance lies between; the
    notes are cut at such gaps and each part is matched by ``mir_eval.transcription.match_notes`` itself. The pairs
    are those that one call with everything would give.

    Parameters
    ----------
    reference, estimate : Notes
        What was played and what was heard.
    protocol : Protocol, optional
        Tolerances; the default Protocol if not given.
    with_offset : bool
        Also ask that the ends agree.

    Returns
    -------
    (k, 2) int array
        Rows (index in reference, index in estimate), sorted.

    Examples
    --------
    >>> played = Notes([0.0, 1.0, 2.0], [0.9, 1.9, 2.9], [60, 64, 67])
    >>> heard = Notes([0.02, 2.04], [0.9, 2.9], [60, 67])
    >>> match(played, heard).tolist()
    [[0, 0], [2, 1]]
    """
    protocol = protocol or Protocol()
    tolerances: dict[str, Any] = {
        "onset_tolerance": protocol.onset_tolerance_s,
        "pitch_tolerance": protocol.pitch_tolerance_cents,
        "offset_ratio": protocol.offset_ratio if with_offset else None,
        "offset_min_tolerance": protocol.offset_min_tolerance_s,
    }
    ref_intervals, est_intervals = _intervals(reference), _intervals(estimate)
    pairs = []
    for ref, est in _parts(reference, estimate, protocol):
        found = mir_eval.transcription.match_notes(
            ref_intervals[ref], reference.hz[ref], est_intervals[est], estimate.hz[est], **tolerances
        )
        pairs += [(ref[i], est[j]) for i, j in found]
    return np.array(sorted(pairs), dtype=int).reshape(-1, 2)


def _intervals(notes: Notes) -> npt.NDArray[np.float64]:
    """Onset and offset, (n, 2) seconds; mir_eval refuses notes without length, so those get the shortest there is."""
    return np.column_stack([notes.onset, np.maximum(notes.offset, np.nextafter(notes.onset, np.inf))])


def _parts(reference: Notes, estimate: Notes, protocol: Protocol) -> Iterator[tuple[npt.NDArray, npt.NDArray]]:
    """Index arrays (reference, estimate) of groups of notes that cannot match a note of another group."""
    n_ref = len(reference)
    onset = np.concatenate([reference.onset, estimate.onset])
    midi = np.concatenate([reference.midi, estimate.midi])
    # Keys are whole semitones: below 100 cents of tolerance, only equal keys can meet.
    key = midi if protocol.pitch_tolerance_cents < _SEMITONE_CENTS else np.zeros_like(midi)
    order = np.lexsort((onset, key))
    gap = (np.diff(key[order]) != 0) | (np.diff(onset[order]) > protocol.onset_tolerance_s + _ROUNDING_S)
    pack = []
    for part in np.split(order, np.flatnonzero(gap) + 1):
        has_both_sides = part.size and part.min() < n_ref <= part.max()
        if has_both_sides:
            pack.append(part)
        if sum(map(len, pack)) >= _PACK_NOTES:
            yield _sides(pack, n_ref)
            pack = []
    if pack:
        yield _sides(pack, n_ref)


def _sides(pack, n_ref):
    notes = np.sort(np.concatenate(pack))
    return notes[notes < n_ref], notes[notes >= n_ref] - n_ref
