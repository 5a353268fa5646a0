"""Which heard note is which played one."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from pianolab.errors import PianolabError
from pianolab.roll import Notes
from pianolab.scores.protocol import Protocol

_SEMITONE_CENTS = 100
_DECIMALS = 4  # To so many mir_eval rounds time differences, mir_eval.transcription.N_DECIMALS.
_ROUNDING_S = 1e-4
_PACK_NOTES = 128  # So many notes go to mir_eval at once; any number gives the same matches.
_MOST_PAIRS = 20_000_000  # mir_eval holds several numbers for each pair of a part: with so many, 700 MB.


def match(
    reference: Notes, estimate: Notes, *, protocol: Protocol | None = None, with_offset: bool = False
) -> npt.NDArray[np.int_]:
    """Pair played and heard notes, each at most once and as many as possible: mir_eval's matching, piece by piece.

    Where the protocol asks for ``matching="nearest"``, those that begin nearest to each other are paired first, which
    may leave others without a partner.

    mir_eval compares every note with every other, which takes 13 GB for 20,000 notes. Two notes can only meet, even
    through a chain of others, if their keys agree and no gap wider than the onset tolerance lies between; notes with
    nothing in reach are left out, the others are cut at such gaps, and each part is matched by
    ``mir_eval.transcription.match_notes`` itself. The pairs are those that one call with everything would give.

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

    Raises
    ------
    PianolabError
        If so many notes of both sides follow each other on one key that they cannot be compared.

    Examples
    --------
    >>> played = Notes([0.0, 1.0, 2.0], [0.9, 1.9, 2.9], [60, 64, 67])
    >>> heard = Notes([0.02, 2.04], [0.9, 2.9], [60, 67])
    >>> match(played, heard).tolist()
    [[0, 0], [2, 1]]
    """
    import mir_eval  # It takes a second to load, and who only hears or draws needs none.

    protocol = protocol or Protocol()
    if protocol.matching == "nearest":
        return _nearest(reference, estimate, protocol, with_offset)
    tolerances: dict[str, Any] = {
        "onset_tolerance": protocol.onset_tolerance_s,
        "pitch_tolerance": protocol.pitch_tolerance_cents,
        "offset_ratio": protocol.offset_ratio if with_offset else None,
        "offset_min_tolerance": protocol.offset_min_tolerance_s,
    }
    ref_intervals, est_intervals = _intervals(reference), _intervals(estimate)
    ref_hz, est_hz = reference.hz, estimate.hz  # They are computed each time that they are asked for.
    pairs = []
    for ref, est in _parts(reference, estimate, protocol):
        found = mir_eval.transcription.match_notes(
            ref_intervals[ref], ref_hz[ref], est_intervals[est], est_hz[est], **tolerances
        )
        pairs += [(ref[i], est[j]) for i, j in found]
    return np.array(sorted(pairs), dtype=int).reshape(-1, 2)


def _nearest(reference: Notes, estimate: Notes, protocol: Protocol, with_offset: bool) -> npt.NDArray[np.int_]:
    """Pairs as `match` gives them, the nearest onsets first; what is allowed is what mir_eval allows."""
    found = []
    for ref, est in _parts(reference, estimate, protocol):
        away_s = np.round(np.abs(np.subtract.outer(reference.onset[ref], estimate.onset[est])), _DECIMALS)
        cents = _SEMITONE_CENTS * np.abs(np.subtract.outer(reference.midi[ref], estimate.midi[est]))
        may = (away_s <= protocol.onset_tolerance_s) & (cents <= protocol.pitch_tolerance_cents)
        if with_offset:
            length_s = reference.offset[ref] - reference.onset[ref]
            allowed_s = np.maximum(protocol.offset_ratio * length_s, protocol.offset_min_tolerance_s)
            ends_s = np.round(np.abs(np.subtract.outer(reference.offset[ref], estimate.offset[est])), _DECIMALS)
            may &= ends_s <= allowed_s[:, None]
        rows, columns = np.nonzero(may)
        found += list(zip(away_s[rows, columns], ref[rows], est[columns], strict=True))
    pairs, taken_ref, taken_est = [], set(), set()
    for _, i, j in sorted(found):
        if i not in taken_ref and j not in taken_est:
            pairs.append((i, j))
            taken_ref.add(i)
            taken_est.add(j)
    return np.array(sorted(pairs), dtype=int).reshape(-1, 2)


def _intervals(notes: Notes) -> npt.NDArray[np.float64]:
    """Onset and offset, (n, 2) seconds; mir_eval refuses notes without length, so those get the shortest there is."""
    return np.column_stack([notes.onset, np.maximum(notes.offset, np.nextafter(notes.onset, np.inf))])


def _parts(reference: Notes, estimate: Notes, protocol: Protocol) -> Iterator[tuple[npt.NDArray, npt.NDArray]]:
    """Index arrays (reference, estimate) of groups of notes that cannot match a note of another group."""
    n_ref, reach_s = len(reference), protocol.onset_tolerance_s + _ROUNDING_S
    onset = np.concatenate([reference.onset, estimate.onset])
    midi = np.concatenate([reference.midi, estimate.midi])
    # Keys are whole semitones: below 100 cents of tolerance, only equal keys can meet.
    key = midi if protocol.pitch_tolerance_cents < _SEMITONE_CENTS else np.zeros_like(midi)
    pack = []
    for of_key in (np.flatnonzero(key == k) for k in np.unique(key)):
        ref, est = of_key[of_key < n_ref], of_key[of_key >= n_ref]
        ref, est = ref[_near(onset[ref], onset[est], reach_s)], est[_near(onset[est], onset[ref], reach_s)]
        both = np.concatenate([ref, est])
        both = both[np.argsort(onset[both], kind="stable")]
        for part in np.split(both, np.flatnonzero(np.diff(onset[both]) > reach_s) + 1):
            _refuse_too_dense(part, n_ref, onset)
            pack.append(part)
            if sum(map(len, pack)) >= _PACK_NOTES:
                yield _sides(pack, n_ref)
                pack = []
    if pack:
        yield _sides(pack, n_ref)


def _near(onsets: npt.NDArray[np.float64], others: npt.NDArray[np.float64], reach_s: float) -> npt.NDArray[np.bool_]:
    """Which onsets have one of the others within reach; both are in order of time."""
    return np.searchsorted(others, onsets - reach_s, side="left") < np.searchsorted(others, onsets + reach_s, "right")


def _refuse_too_dense(part: npt.NDArray[np.int_], n_ref: int, onset: npt.NDArray[np.float64]) -> None:
    n_played = int(np.count_nonzero(part < n_ref))
    if n_played * (len(part) - n_played) > _MOST_PAIRS:
        raise PianolabError(
            f"{n_played} played and {len(part) - n_played} heard notes follow each other on one key within the onset "
            f"tolerance, from {onset[part[0]]:g} s on: no piano plays so; thin them out, or ask for a smaller tolerance"
        )


def _sides(pack, n_ref):
    notes = np.sort(np.concatenate(pack))
    return notes[notes < n_ref], notes[notes >= n_ref] - n_ref
