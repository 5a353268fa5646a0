"""Every wrong note with the likely reason: what to listen for when a score is low."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pianolab.roll import Notes
from pianolab.scores.alignment import as_scored
from pianolab.scores.matching import match
from pianolab.scores.protocol import Protocol
from pianolab.scores.registers import register_of
from pianolab.units import note_name

if TYPE_CHECKING:
    import pandas as pd

# Between these limits an error has a name. They are what a player hears as "the same moment", "again" and "softly".
TIME_OFF_S = 0.2
REPEAT_S = 0.5
SOFT_VELOCITY = 40
MISSED_REASONS = ("time off", "semitone", "heard as octave", "repeated note", "soft", "in a chord", "other")
EXTRA_REASONS = ("time off", "re-trigger", "octave ghost", "twelfth ghost", "semitone", "other")

_OCTAVES = (12, -12, 24, -24)
_TWELFTHS = (19, -19)
_SEMITONES = (1, -1)
_Ends = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
_TIMES_AND_VELOCITY = ("onset", "offset", "velocity")


def errors(reference: Notes, estimate: Notes, *, protocol: Protocol | None = None) -> "pd.DataFrame":
    """Every note, right or wrong, with the likely reason of each error. The first that fits is given.

    Missed (played, not heard):

    - ``time off``: the key was heard, but up to 200 ms away;
    - ``semitone``: a neighbour was heard instead;
    - ``heard as octave``: a key one or two octaves away was heard instead;
    - ``repeated note``: the key was struck less than 0.5 s before;
    - ``soft``: its velocity is below 40;
    - ``in a chord``: another key sounds.

    Extra (heard, not played):

    - ``time off``: the key was played, but up to 200 ms away;
    - ``re-trigger``: the key was sounding already;
    - ``octave ghost``, ``twelfth ghost``, ``semitone``: a note sounds that far away.

    What fits none of them is ``other``.

    Parameters
    ----------
    reference, estimate : Notes
        What was played and what was heard.
    protocol : Protocol, optional
        Tolerances; the default Protocol if not given.

    Returns
    -------
    pandas.DataFrame
        One row a note, sorted by onset: ``result`` (hit, missed, extra), ``reason`` ('' for a hit), ``name``,
        ``midi``, ``register``, ``onset``, ``offset`` (s), ``velocity``, ``late_ms`` (hits only). A hit has the
        times of the played note.

    Examples
    --------
    >>> played, heard = Notes([0.0, 1.0], [0.9, 1.9], [60, 64]), Notes([0.01, 1.0], [0.9, 1.9], [60, 76])
    >>> print(errors(played, heard)[["result", "reason", "name"]])
       result           reason name
    0     hit                    C4
    1  missed  heard as octave   E4
    2   extra     octave ghost   E5
    """
    import pandas as pd

    return pd.DataFrame(error_columns(reference, estimate, protocol=protocol))


def error_columns(reference: Notes, estimate: Notes, *, protocol: Protocol | None = None) -> dict[str, Any]:
    """The table of `errors` as a mapping of columns: many small ones are joined sooner so.

    Parameters
    ----------
    reference, estimate : Notes
        What was played and what was heard.
    protocol : Protocol, optional
        Tolerances; the default Protocol if not given.

    Returns
    -------
    dict of str to list or array
        One value a note, in the order of `errors`.
    """
    protocol = protocol or Protocol()
    reference, estimate, _ = as_scored(reference, estimate, protocol)
    pairs = match(reference, estimate, protocol=protocol)
    missed = np.setdiff1d(np.arange(len(reference)), pairs[:, 0])
    extra = np.setdiff1d(np.arange(len(estimate)), pairs[:, 1])
    groups = [
        ("hit", reference[pairs[:, 0]], [""] * len(pairs)),
        ("missed", reference[missed], _why_missed(reference, missed, estimate[extra], protocol)),
        ("extra", estimate[extra], _why_extra(estimate[extra], reference, reference[missed], protocol)),
    ]
    late_ms = np.full(len(pairs) + len(missed) + len(extra), np.nan)
    late_ms[: len(pairs)] = 1000 * (estimate.onset[pairs[:, 1]] - reference.onset[pairs[:, 0]])
    midi = np.concatenate([notes.midi for _, notes, _ in groups])
    results = [result for result, notes, _ in groups for _ in range(len(notes))]
    reasons = [reason for _, _, of_group in groups for reason in of_group]
    times = {name: np.concatenate([getattr(notes, name) for _, notes, _ in groups]) for name in _TIMES_AND_VELOCITY}
    order = np.lexsort((np.array(results, dtype="<U6"), midi, times["onset"]))
    midi = midi[order]
    return {
        "result": [results[i] for i in order],
        "reason": [reasons[i] for i in order],
        "name": [note_name(m) for m in midi],
        "midi": midi,
        "register": [register_of(m) for m in midi],
        **{name: values[order] for name, values in times.items()},
        "late_ms": late_ms[order],
    }


def error_counts(reference: Notes, estimate: Notes, *, protocol: Protocol | None = None) -> dict[tuple[str, str], int]:
    """How many errors have each reason.

    Parameters
    ----------
    reference, estimate : Notes
        What was played and what was heard.
    protocol : Protocol, optional
        Tolerances; the default Protocol if not given.

    Returns
    -------
    dict of (str, str) to int
        By result and reason, as in `errors`, zeros included: {("missed", "time off"): 3, ...}.
    """
    table = error_columns(reference, estimate, protocol=protocol)
    found = Counter(zip(table["result"], table["reason"], strict=True))
    kinds = [("missed", reason) for reason in MISSED_REASONS] + [("extra", reason) for reason in EXTRA_REASONS]
    return {kind: found[kind] for kind in kinds}


def _why_missed(reference: Notes, missed: npt.NDArray[np.int_], extra: Notes, protocol: Protocol) -> list[str]:
    """The reason of each missed note; ``missed`` are their places in the reference."""
    near, heard, struck, sounding = protocol.onset_tolerance_s, _Onsets(extra), _Onsets(reference), _Sounding(reference)
    reasons = []
    for i in missed:
        midi, onset = int(reference.midi[i]), float(reference.onset[i])
        if heard.within(midi, onset - TIME_OFF_S, onset + TIME_OFF_S):
            reasons.append("time off")
        elif any(heard.within(midi + step, onset - near, onset + near) for step in _SEMITONES):
            reasons.append("semitone")
        elif any(heard.within(midi + step, onset - near, onset + near) for step in _OCTAVES):
            reasons.append("heard as octave")
        elif struck.within(midi, onset - REPEAT_S, float(np.nextafter(onset, -np.inf))):
            reasons.append("repeated note")
        elif reference.velocity[i] < SOFT_VELOCITY:
            reasons.append("soft")
        else:
            reasons.append("in a chord" if sounding.beside(midi, onset, near) else "other")
    return reasons


def _why_extra(extra: Notes, reference: Notes, missed: Notes, protocol: Protocol) -> list[str]:
    """The reason of each extra note."""
    near, struck, sounding = protocol.onset_tolerance_s, _Onsets(missed), _Sounding(reference)
    reasons = []
    for midi, onset in zip(extra.midi, extra.onset, strict=True):
        if struck.within(midi, onset - TIME_OFF_S, onset + TIME_OFF_S):
            reasons.append("time off")
        elif sounding.at(midi, onset, near):
            reasons.append("re-trigger")
        elif any(sounding.at(midi + step, onset, near) for step in _OCTAVES):
            reasons.append("octave ghost")
        elif any(sounding.at(midi + step, onset, near) for step in _TWELFTHS):
            reasons.append("twelfth ghost")
        elif any(sounding.at(midi + step, onset, near) for step in _SEMITONES):
            reasons.append("semitone")
        else:
            reasons.append("other")
    return reasons


class _Onsets:
    """Answers: was this key struck between two times?"""

    def __init__(self, notes: Notes):
        self._of_key = {midi: notes.onset[notes.midi == midi] for midi in np.unique(notes.midi)}

    def within(self, midi: int, start_s: float, stop_s: float) -> bool:
        onsets = self._of_key.get(midi)
        return onsets is not None and bool(
            np.searchsorted(onsets, start_s, side="left") < np.searchsorted(onsets, stop_s, side="right")
        )


class _Sounding:
    """Answers: does this key sound at a time, give or take a tolerance? Does another one?"""

    def __init__(self, notes: Notes):
        self._of_key = {midi: _ends(notes[notes.midi == midi]) for midi in np.unique(notes.midi)}
        self._of_all = _ends(notes)

    def at(self, midi: int, time_s: float, tolerance_s: float) -> bool:
        return midi in self._of_key and _n_sounding(self._of_key[midi], time_s, tolerance_s) > 0

    def beside(self, midi: int, time_s: float, tolerance_s: float) -> bool:
        of_key = _n_sounding(self._of_key[midi], time_s, tolerance_s) if midi in self._of_key else 0
        return _n_sounding(self._of_all, time_s, tolerance_s) > of_key


def _ends(notes: Notes) -> _Ends:
    """Onsets and offsets, each in order of time."""
    return notes.onset, np.sort(notes.offset)


def _n_sounding(
    ends: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]], time_s: float, tolerance_s: float
) -> int:
    """How many notes have begun and not ended; a note that has ended has begun, so the two can be counted apart."""
    onsets, offsets = ends
    begun = np.searchsorted(onsets, time_s + tolerance_s, side="right")
    return int(begun - np.searchsorted(offsets, time_s - tolerance_s, side="left"))
