"""How right a transcription is: the notes that were played against the notes that were heard.

In go two Notes, the truth (`reference`) and what a detector wrote (`estimate`); out comes a dictionary of
numbers, most of them between 0 and 1. A heard note is right when its key is right and it begins within
50 ms of a played one; stricter scores also ask for its end and its loudness. Precision is the share of heard
notes that were played, recall the share of played notes that were heard, F1 their harmonic mean. What "right"
means is a Protocol, and every number is stamped with it. The definitions and the matching are mir_eval's.

Where mir_eval leaves a score undefined or calls it 0, one rule holds here: nothing played and nothing heard is
right (1.0); if only one of the two is empty, the score is 0.0.
"""

import warnings
from dataclasses import dataclass

import mir_eval
import numpy as np

from pianolab import PEDAL_RULES
from pianolab.units import note_name

REGISTERS = {"A0-B1": (21, 35), "C2-B3": (36, 59), "C4-B5": (60, 83), "C6-C8": (84, 108)}

_SEMITONE_CENTS = 100
_ROUNDING_S = 10.0**-mir_eval.transcription.N_DECIMALS  # mir_eval rounds time differences to 0.1 ms
_PACK_NOTES = 128  # notes handed to mir_eval at once; any size gives the same matches

# Error anatomy: when an error has a name. Measured against what a player hears as "the same moment".
TIME_OFF_S = 0.2
REPEAT_S = 0.5
SOFT_VELOCITY = 40
_OCTAVES = (12, -12, 24, -24)
_TWELFTHS = (19, -19)
_SEMITONES = (1, -1)
MISSED_REASONS = ("time off", "semitone", "heard as octave", "repeated note", "soft", "in a chord", "other")
EXTRA_REASONS = ("time off", "re-trigger", "octave ghost", "twelfth ghost", "semitone", "other")
_TIMES_AND_VELOCITY = ("onset", "offset", "velocity")


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """What a score means. Its text, ``str(protocol)``, is a stamp that each result row carries.

    Attributes
    ----------
    onset_tolerance_s : float
        A heard note may begin this much before or after the played one, seconds.
    pitch_tolerance_cents : float
        Allowed pitch difference in cents.
    offset_ratio, offset_min_tolerance_s : float
        A note with offset may end within this share of the played length, or within this time in seconds if
        that is more.
    velocity_tolerance : float
        Allowed difference of velocity after mir_eval's linear fit, as a share of the range that was played.
    pedal : {'release', 'extended'}
        Whether a reference note ends when its key is released or when the sustain pedal lets go of it. The labels
        are read by this rule; the scores only carry it.
    frame_hop_s : float
        Grid of the frame and melody scores, seconds.

    Raises
    ------
    ValueError
        If a tolerance is not positive or the pedal rule is unknown.
    """

    onset_tolerance_s: float = 0.05
    pitch_tolerance_cents: float = 50.0
    offset_ratio: float = 0.2
    offset_min_tolerance_s: float = 0.05
    velocity_tolerance: float = 0.1
    pedal: str = "release"
    frame_hop_s: float = 0.01

    def __post_init__(self):
        for name, value in vars(self).items():
            if name != "pedal" and not (np.isfinite(value) and value > 0):
                raise ValueError(f"{name} {value} is not a tolerance: use a number above 0")
        if self.pedal not in PEDAL_RULES:
            raise ValueError(f"pedal {self.pedal!r} is unknown: use one of {', '.join(PEDAL_RULES)}")

    def __str__(self):
        return (
            f"onset {1000 * self.onset_tolerance_s:g} ms; pitch {self.pitch_tolerance_cents:g} c; "
            f"offset {100 * self.offset_ratio:g} % or {1000 * self.offset_min_tolerance_s:g} ms; "
            f"velocity {self.velocity_tolerance:g}; pedal {self.pedal}; grid {1000 * self.frame_hop_s:g} ms"
        )


def match(reference, estimate, *, protocol=None, with_offset=False):
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
    """
    protocol = protocol or Protocol()
    ref_intervals, est_intervals = _intervals(reference), _intervals(estimate)
    pairs = []
    for ref, est in _parts(reference, estimate, protocol):
        found = mir_eval.transcription.match_notes(
            ref_intervals[ref],
            reference.hz[ref],
            est_intervals[est],
            estimate.hz[est],
            onset_tolerance=protocol.onset_tolerance_s,
            pitch_tolerance=protocol.pitch_tolerance_cents,
            offset_ratio=protocol.offset_ratio if with_offset else None,
            offset_min_tolerance=protocol.offset_min_tolerance_s,
        )
        pairs += [(ref[i], est[j]) for i, j in found]
    return np.array(sorted(pairs), dtype=int).reshape(-1, 2)


def _intervals(notes):
    """(n, 2) seconds; mir_eval refuses notes without length, so those get the shortest there is."""
    return np.column_stack([notes.onset, np.maximum(notes.offset, np.nextafter(notes.onset, np.inf))])


def _parts(reference, estimate, protocol):
    """Index arrays (reference, estimate) of groups of notes that cannot match a note of another group."""
    n_ref = len(reference)
    onset = np.concatenate([reference.onset, estimate.onset])
    midi = np.concatenate([reference.midi, estimate.midi])
    # Whole semitones: below 100 cents of tolerance, only equal keys can meet.
    lane = midi if protocol.pitch_tolerance_cents < _SEMITONE_CENTS else np.zeros_like(midi)
    order = np.lexsort((onset, lane))
    gap = (np.diff(lane[order]) != 0) | (np.diff(onset[order]) > protocol.onset_tolerance_s + _ROUNDING_S)
    pack = []
    for part in np.split(order, np.flatnonzero(gap) + 1):
        if part.size and part.min() < n_ref <= part.max():  # a part of one side only has no pairs
            pack.append(part)
        if sum(map(len, pack)) >= _PACK_NOTES:
            yield _sides(pack, n_ref)
            pack = []
    if pack:
        yield _sides(pack, n_ref)


def _sides(pack, n_ref):
    notes = np.sort(np.concatenate(pack))
    return notes[notes < n_ref], notes[notes >= n_ref] - n_ref


def score_notes(reference, estimate, *, protocol=None):
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
        and ``onset_deviation_ms`` (median size), absent without such notes.

    References
    ----------
    Raffel et al., "mir_eval: a transparent implementation of common MIR metrics", ISMIR 2014.
    """
    protocol = protocol or Protocol()
    n_ref, n_est = len(reference), len(estimate)
    pairs = match(reference, estimate, protocol=protocol)
    full = match(reference, estimate, protocol=protocol, with_offset=True)
    scores = {
        **_ratios("onset", len(pairs), n_ref, n_est),
        **_ratios("note", len(full), n_ref, n_est),
    }
    if not np.isnan(np.concatenate([reference.velocity, estimate.velocity])).any():
        for name, right in (("velocity", full), ("velocity_onset", pairs)):
            n_loud = _n_velocity_right(reference.velocity, estimate.velocity, right, protocol.velocity_tolerance)
            scores |= _ratios(name, n_loud, n_ref, n_est)
    scores |= _onset_only(reference, estimate, protocol)
    scores |= _ratios("frame", *_frame_counts(reference, estimate, protocol.frame_hop_s))
    scores |= {"n_reference": float(n_ref), "n_estimate": float(n_est)}
    if len(pairs):
        late_ms = 1000 * (estimate.onset[pairs[:, 1]] - reference.onset[pairs[:, 0]])
        scores |= {"onset_bias_ms": float(np.median(late_ms)), "onset_deviation_ms": float(np.median(np.abs(late_ms)))}
    return scores


def score_onsets(reference, estimate, *, protocol):
    """Only the ``onset_*`` scores of `score_notes`: for a second tolerance beside the main protocol."""
    return _ratios("onset", len(match(reference, estimate, protocol=protocol)), len(reference), len(estimate))


def _ratios(name, hits, n_ref, n_est):
    if n_ref == 0 and n_est == 0:
        precision = recall = 1.0
    else:
        precision = float(hits / n_est) if n_est else 0.0
        recall = float(hits / n_ref) if n_ref else 0.0
    f1 = float(mir_eval.util.f_measure(precision, recall))
    return {f"{name}_precision": precision, f"{name}_recall": recall, f"{name}_f1": f1}


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


def _onset_only(reference, estimate, protocol):
    if len(reference) == 0 or len(estimate) == 0:
        return _ratios("onset_only", 0, len(reference), len(estimate))
    f1, precision, recall = mir_eval.onset.f_measure(reference.onset, estimate.onset, window=protocol.onset_tolerance_s)
    return {
        "onset_only_precision": float(precision),
        "onset_only_recall": float(recall),
        "onset_only_f1": float(f1),
    }


def _frame_counts(reference, estimate, hop_s):
    """Keys down in both, in the reference, in the estimate, summed over frames at k * hop_s.

    On whole semitones mir_eval.multipitch counts a pitch as found when the same key is down, so the counts can be
    taken key by key, without a list of pitches for every frame.
    """
    hits = n_ref = n_est = 0
    for midi in np.union1d(reference.midi, estimate.midi):
        ref, est = (notes[notes.midi == midi] for notes in (reference, estimate))
        n_frames = _first_frame(max(np.max(notes.offset, initial=0.0) for notes in (ref, est)), hop_s)
        ref_down, est_down = (_key_down(notes, n_frames, hop_s) for notes in (ref, est))
        hits += np.count_nonzero(ref_down & est_down)
        n_ref += np.count_nonzero(ref_down)
        n_est += np.count_nonzero(est_down)
    return hits, n_ref, n_est


def _key_down(notes, n_frames, hop_s):
    """(n_frames,) bool: some note sounds, onset <= time < offset."""
    change = np.zeros(n_frames + 1, dtype=np.int32)
    np.add.at(change, _first_frame(notes.onset, hop_s), 1)
    np.add.at(change, _first_frame(notes.offset, hop_s), -1)
    return np.cumsum(change[:-1]) > 0


def _first_frame(time_s, hop_s):
    """Index of the first frame at or after a time."""
    frame = np.ceil(np.asarray(time_s) / hop_s).astype(int)
    # The quotient may be off by one unit in the last place: compare with the frame times themselves.
    frame = np.where((frame - 1) * hop_s >= time_s, frame - 1, frame)
    return np.where(frame * hop_s < time_s, frame + 1, frame)


def melody_track(notes, times):
    """Pitch of the one note sounding at each time: the latest begun, as on a one-voice instrument.

    Parameters
    ----------
    notes : Notes
        One voice; where notes overlap, the later one counts.
    times : (T,) array
        Seconds, rising.

    Returns
    -------
    (T,) float array
        Equal-tempered pitch in Hz, 0 where no note sounds.
    """
    times = np.asarray(times, dtype=float)
    f0_hz = np.zeros(len(times))
    start, stop = (np.searchsorted(times, edge, side="left") for edge in (notes.onset, notes.offset))
    for first, last, hz in zip(start, stop, notes.hz, strict=True):
        f0_hz[first:last] = hz
    return f0_hz


def score_melody(reference, times, f0_hz, *, protocol=None):
    """Score a pitch track against the one-voice melody that was played, frame by frame (`mir_eval.melody`).

    Parameters
    ----------
    reference : Notes
        What was played, one voice.
    times : (T,) array
        Frame times of the track, seconds, rising.
    f0_hz : (T,) array
        Heard pitch in Hz, 0 where none.
    protocol : Protocol, optional
        Gives the pitch tolerance and the frame grid.

    Returns
    -------
    dict of str to float
        ``melody_rpa`` raw pitch accuracy, ``melody_rca`` the same with octave errors forgiven, ``melody_overall``
        overall accuracy with silence, ``melody_voicing_recall``, ``melody_voicing_false_alarm``.

    Raises
    ------
    ValueError
        If times and pitches do not belong together.
    """
    protocol = protocol or Protocol()
    times, f0_hz = np.asarray(times, dtype=float), np.asarray(f0_hz, dtype=float)
    if times.shape != f0_hz.shape or times.ndim != 1:
        raise ValueError(f"times {times.shape} and f0_hz {f0_hz.shape} differ: pass one pitch for each frame time")
    if not (np.all(np.isfinite(f0_hz)) and np.all(f0_hz >= 0)):
        raise ValueError("f0_hz holds NaN or negative values: write 0 where no note sounds")
    if len(times) < 2:  # mir_eval's resampling needs two frames: silence follows
        times = np.append(times, [0.0, protocol.frame_hop_s] if not len(times) else times[-1] + protocol.frame_hop_s)
        f0_hz = np.append(f0_hz, np.zeros(len(times) - len(f0_hz)))
    end_s = max(np.max(reference.offset, initial=0.0), times[-1])
    grid = np.arange(int(_first_frame(end_s, protocol.frame_hop_s)) + 1) * protocol.frame_hop_s
    truth_hz = melody_track(reference, grid)
    tolerance = {"cent_tolerance": protocol.pitch_tolerance_cents}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*no voiced frames", category=UserWarning)
        tracks = mir_eval.melody.to_cent_voicing(grid, truth_hz, times, f0_hz)
        recall, false_alarm = mir_eval.melody.voicing_measures(tracks[0], tracks[2])
        scores = {
            "melody_rpa": mir_eval.melody.raw_pitch_accuracy(*tracks, **tolerance),
            "melody_rca": mir_eval.melody.raw_chroma_accuracy(*tracks, **tolerance),
            "melody_overall": mir_eval.melody.overall_accuracy(*tracks, **tolerance),
            "melody_voicing_recall": recall,
            "melody_voicing_false_alarm": false_alarm,
        }
    if not truth_hz.any():  # mir_eval has no rule of its own here
        found = not f0_hz.any()
        scores |= dict.fromkeys(("melody_rpa", "melody_rca", "melody_voicing_recall"), found)
    return {name: float(value) for name, value in scores.items()}


def register_of(midi):
    """Name of the register of a MIDI number, one of `REGISTERS`; beyond the keyboard, the nearest one."""
    for name, (_, high) in REGISTERS.items():
        if midi <= high:
            return name
    return name


def by_register(reference, estimate, *, protocol=None):
    """How many notes of each register were played, heard and found (key and onset).

    Parameters
    ----------
    reference, estimate : Notes
        What was played and what was heard.
    protocol : Protocol, optional
        Tolerances; the default Protocol if not given.

    Returns
    -------
    dict of str to dict
        For each of `REGISTERS`: ``hits``, ``missed``, ``extra``, ``f1`` (NaN where nothing was played or heard).
    """
    pairs = match(reference, estimate, protocol=protocol)
    edges = [low for low, _ in REGISTERS.values()][1:]
    counts = [
        np.bincount(np.digitize(midi, edges), minlength=len(REGISTERS))
        for midi in (reference.midi[pairs[:, 0]], reference.midi, estimate.midi)
    ]
    return {
        name: {
            "hits": int(hits),
            "missed": int(played - hits),
            "extra": int(heard - hits),
            "f1": 2 * hits / (played + heard) if played + heard else np.nan,
        }
        for name, hits, played, heard in zip(REGISTERS, *counts, strict=True)
    }


def errors(reference, estimate, *, protocol=None):
    """Every note, right or wrong, with the likely reason of each error. The first that fits is given.

    Missed (played, not heard): ``time off`` - the key was heard, but up to 200 ms away; ``semitone`` - a neighbour
    was heard instead; ``heard as octave`` - one or two octaves away instead; ``repeated note`` - the key was
    struck less than 0.5 s before; ``soft`` - velocity below 40; ``in a chord`` - another key sounds. Extra (heard,
    not played): ``time off``; ``re-trigger`` - the key was sounding already; ``octave ghost``, ``twelfth ghost``,
    ``semitone`` - that far from a sounding note. Otherwise ``other``.

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
    """
    import pandas as pd

    protocol = protocol or Protocol()
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
    table = {
        "result": [result for result, notes, _ in groups for _ in range(len(notes))],
        "reason": [reason for _, _, reasons in groups for reason in reasons],
        "name": [note_name(m) for m in midi],
        "midi": midi,
        "register": [register_of(m) for m in midi],
        **{name: np.concatenate([getattr(notes, name) for _, notes, _ in groups]) for name in _TIMES_AND_VELOCITY},
        "late_ms": late_ms,
    }
    return pd.DataFrame(table).sort_values(["onset", "midi", "result"], ignore_index=True)


def error_counts(reference, estimate, *, protocol=None):
    """Number of errors by result and reason: {("missed", "time off"): 3, ...}; zeros included."""
    found = errors(reference, estimate, protocol=protocol).groupby(["result", "reason"]).size()
    kinds = [("missed", reason) for reason in MISSED_REASONS] + [("extra", reason) for reason in EXTRA_REASONS]
    return {kind: int(found.get(kind, 0)) for kind in kinds}


def _why_missed(reference, missed, extra, protocol):
    near, heard, struck = protocol.onset_tolerance_s, _Onsets(extra), _Onsets(reference)
    reasons = []
    for i in missed:
        midi, onset = reference.midi[i], reference.onset[i]
        if heard.within(midi, onset - TIME_OFF_S, onset + TIME_OFF_S):
            reasons.append("time off")
        elif any(heard.within(midi + step, onset - near, onset + near) for step in _SEMITONES):
            reasons.append("semitone")
        elif any(heard.within(midi + step, onset - near, onset + near) for step in _OCTAVES):
            reasons.append("heard as octave")
        elif struck.within(midi, onset - REPEAT_S, np.nextafter(onset, -np.inf)):
            reasons.append("repeated note")
        elif reference.velocity[i] < SOFT_VELOCITY:
            reasons.append("soft")
        else:
            sounds = (reference.onset <= onset + near) & (reference.offset >= onset - near)
            reasons.append("in a chord" if np.any(sounds & (reference.midi != midi)) else "other")
    return reasons


def _why_extra(extra, reference, missed, protocol):
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

    def __init__(self, notes):
        self._of_key = {midi: notes.onset[notes.midi == midi] for midi in np.unique(notes.midi)}

    def within(self, midi, start_s, stop_s):
        onsets = self._of_key.get(midi)
        return onsets is not None and bool(
            np.searchsorted(onsets, start_s, side="left") < np.searchsorted(onsets, stop_s, side="right")
        )


class _Sounding:
    """Answers: does this key sound at a time, give or take a tolerance?"""

    def __init__(self, notes):
        self._of_key = {}
        for midi in np.unique(notes.midi):
            of_key = notes[notes.midi == midi]
            self._of_key[midi] = of_key.onset, np.maximum.accumulate(of_key.offset)

    def at(self, midi, time_s, tolerance_s):
        if midi not in self._of_key:
            return False
        onsets, last_offset = self._of_key[midi]
        begun = np.searchsorted(onsets, time_s + tolerance_s, side="right")
        return bool(begun and last_offset[begun - 1] >= time_s - tolerance_s)
