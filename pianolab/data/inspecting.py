"""What is odd about a data set, before anybody scores on it: sound, labels, how they fit, pieces of other sets.

What comes in: a Dataset. What goes out: findings, one line each. The drift of labels is measured window by window: by
so much must the notes of a window be moved for most of them to stand on strokes of the sound. It is told from 25 ms on,
half of what a note may be off when it is scored.
"""

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pianolab.data.belonging import Strokes, misfit, read_strokes_and_remarks
from pianolab.data.builtin import builtin_index
from pianolab.data.pairing import same_name
from pianolab.data.real import has_real, real_index
from pianolab.data.recording import Dataset, DatasetError, Recording
from pianolab.dsp.onsets import FLUX_DELAY_S
from pianolab.errors import first_line, printable
from pianolab.labels import LabelError, LabelWarning
from pianolab.roll import Notes
from pianolab.sound import AudioError
from pianolab.units import key_in_name

OFF_S = 0.025  # Labels that are off by more, or drift by more, are told.
WINDOW_S = 30.0
_HOP_S = 512 / 44100  # Of the strokes.
_REACH = 22  # Frames: labels are looked for 0.25 s before and after; what is further off is told by `misfit`.
_FEWEST = 8  # Notes in a window that says something.
_LEAST_FIT = 0.4  # And so much of the strongest strokes must be at them.
_AS_GOOD = 0.85
_HEARD_LATE_S = 0.009  # So late are strokes of MAPS' virtual pianos, whose labels are exact.
_SCATTER_S = 0.010  # Shifts that lie further from a line do not drift; they are uncertain.
_LOW_SR = 16000
_SHOWN = 5


@dataclass(frozen=True)
class Finding:
    """Something odd.

    Attributes
    ----------
    recording : str
        Its id; '' for the whole set.
    kind : str
        "left out", "sound", "labels", "drift", "rate", "duplicate" or "piece".
    text : str
        One line.
    """

    recording: str
    kind: str
    text: str


def look_through(
    dataset: Dataset, others: Mapping[str, Iterable[str]] | None = None, *, seconds: float | None = None
) -> Iterator[Finding]:
    """Look a data set through; each sound is read once.

    Parameters
    ----------
    dataset : Dataset
    others : mapping of str to iterable of str, optional
        The pieces of other sets by their names, as `pieces_that_come_with_pianolab` gives some.
    seconds : float, optional
        How much of the beginning of each sound is looked at; all if not given.

    Yields
    ------
    Finding
    """
    yield from (Finding("", "left out", f"{printable(path)}: {why}") for path, why in dataset.skipped)
    rates: Counter[int] = Counter()
    for recording in dataset:
        try:
            strokes, remarks = read_strokes_and_remarks(recording.audio, duration_s=seconds)
        except (AudioError, OSError) as error:
            yield Finding(recording.id, "sound", first_line(error))
            continue
        rates[strokes.sr] += 1
        yield from (Finding(recording.id, "sound", text) for text in remarks)
        yield from _of_labels(recording, strokes)
    yield from _of_rates(rates)
    for ids in dataset.duplicates:
        yield Finding(ids[0], "duplicate", f"the same sound as {', '.join(map(printable, ids[1:]))}")
    yield from _of_pieces(dataset, others or {})


def _of_labels(recording: Recording, strokes: Strokes) -> Iterator[Finding]:
    if recording.labels is None:
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            notes = recording.notes()
        except (LabelError, DatasetError, OSError) as error:
            yield Finding(recording.id, "labels", first_line(error))
            return
    for warning in caught:
        if issubclass(warning.category, LabelWarning):
            yield Finding(recording.id, "labels", str(warning.message))
    if not len(notes):
        yield Finding(recording.id, "labels", "hold no note")
    elif text := misfit(notes, strokes):
        yield Finding(recording.id, "labels", text)
    elif text := drift_text(*label_shifts(notes, strokes)):
        yield Finding(recording.id, "drift", text)


def label_shifts(
    notes: Notes, strokes: Strokes, *, window_s: float = WINDOW_S
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """How much later than its labels the sound of each window is.

    Parameters
    ----------
    notes : Notes
    strokes : Strokes
        Of the sound.
    window_s : float
        Seconds of sound that are looked at together.

    Returns
    -------
    time_s : (n,) float64
        The middle of each window in which enough notes stand near strokes.
    shift_s : (n,) float64
        Positive where the sound is later; within 0.25 s.

    Examples
    --------
    Strokes 40 ms behind the notes of a scale, and 9 ms more because they show so late:

    >>> strength = np.zeros(2600)
    >>> onset = np.arange(1.0, 29.0, 0.7)
    >>> strength[np.round((onset + 0.049 + FLUX_DELAY_S) / _HOP_S).astype(int)] = 1.0
    >>> notes = Notes(onset, onset + 0.3, np.full(len(onset), 60))
    >>> label_shifts(notes, Strokes(strength, length_s=30.0, sr=44100))[1].round(2)
    array([0.04])
    """
    windows = list(_windows(notes, strokes, window_s))
    if not windows:
        return np.zeros(0), np.zeros(0)
    # Even notes fit a beat later nearly as well: of lags that fit about as well, the nearest to the usual one counts.
    peaks = [_peaks(fit) for _, fit, _ in windows]
    usual = float(np.median([one[np.argmin(np.abs(one - _REACH))] for one in peaks if len(one)] or [_REACH]))
    found = []
    for (time, fit, rounded_s), ours in zip(windows, peaks, strict=True):
        if len(ours):
            peak = int(ours[np.argmin(np.abs(ours - usual))])
            near = fit[peak - 1 : peak + 2] - min(fit[peak - 1], fit[peak + 1])
            centre = peak + float((near[2] - near[0]) / np.sum(near))
            found.append((time, (centre - _REACH) * _HOP_S + rounded_s - _HEARD_LATE_S))
    return np.array([time for time, _ in found]), np.array([shift for _, shift in found])


def _peaks(fit: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Lags at which notes fit about as well as at the best."""
    peaks = 1 + np.flatnonzero((fit[1:-1] >= fit[:-2]) & (fit[1:-1] > fit[2:]))
    return peaks[fit[peaks] >= _AS_GOOD * np.max(fit)]


def _windows(notes: Notes, strokes: Strokes, window_s: float) -> Iterator[tuple[float, npt.NDArray[np.float64], float]]:
    """The middle of each window that says something, how well its notes fit at each lag, and what rounding moved."""
    if not len(strokes.strength):
        return
    strength = np.asarray(strokes.strength - np.mean(strokes.strength), dtype=np.float64)
    padded = np.pad(strength, _REACH)
    lags = np.arange(-_REACH, _REACH + 1)
    for start in np.arange(0.0, len(strength) * _HOP_S, window_s):
        onset = np.unique(notes.onset[(notes.onset >= start) & (notes.onset < start + window_s)])
        frames = np.round((onset + FLUX_DELAY_S) / _HOP_S).astype(np.int64)
        is_in = (frames >= 0) & (frames < len(strength))
        onset, frames = onset[is_in], frames[is_in]
        if len(frames) < _FEWEST:
            continue
        fit = np.mean(padded[frames[:, None] + _REACH + lags], axis=0)
        own = strength[int(start / _HOP_S) : int((start + window_s) / _HOP_S)]
        strongest = float(np.mean(np.sort(own)[-len(frames) :]))
        if np.max(fit) >= _LEAST_FIT * strongest > 0:
            yield start + window_s / 2, fit, float(np.mean(frames * _HOP_S - onset)) - FLUX_DELAY_S


def drift_text(time_s: npt.NDArray[np.float64], shift_s: npt.NDArray[np.float64]) -> str:
    """What is odd about the shifts of labels.

    Parameters
    ----------
    time_s, shift_s : (n,) array
        From `label_shifts`.

    Returns
    -------
    str
        One line; '' if nothing is.

    Examples
    --------
    >>> drift_text(np.array([15.0, 45.0, 75.0]), np.array([0.0, 0.03, 0.06]))
    'the labels drift: the sound is 0 ms late at 15 s and 60 ms late at 75 s (1.00 ms a second)'
    >>> drift_text(np.array([15.0, 45.0]), np.array([-0.04, -0.05]))
    'the sound is 45 ms earlier than its labels'
    >>> drift_text(np.array([15.0, 45.0]), np.array([0.01, 0.0]))
    ''
    """
    if not len(shift_s):
        return ""
    if len(shift_s) > 1:
        at, later = np.triu_indices(len(shift_s), k=1)
        rate = float(np.median((shift_s[later] - shift_s[at]) / (time_s[later] - time_s[at])))  # Theil and Sen's.
        start_s = float(np.median(shift_s - rate * time_s))
        scatter_s = float(np.median(np.abs(shift_s - rate * time_s - start_s)))
        if abs(rate) * (time_s[-1] - time_s[0]) > OFF_S and scatter_s <= _SCATTER_S:
            first, last = (f"{_ms(start_s + rate * time)} at {time:.0f} s" for time in (time_s[0], time_s[-1]))
            return f"the labels drift: the sound is {first} and {last} ({1000 * rate:.2f} ms a second)"
    middle = float(np.median(shift_s))
    if abs(middle) > OFF_S:
        return f"the sound is {abs(1000 * middle):.0f} ms {'later' if middle > 0 else 'earlier'} than its labels"
    return ""


def _ms(shift_s: float) -> str:
    return f"{abs(1000 * shift_s):.0f} ms {'late' if shift_s >= 0 else 'early'}"


def _of_rates(rates: Counter[int]) -> Iterator[Finding]:
    if len(rates) > 1:
        told = ", ".join(f"{sr} Hz ({n})" for sr, n in rates.most_common())
        yield Finding("", "rate", f"sampling rates differ: {told}")
    for sr in sorted(sr for sr in rates if sr < _LOW_SR):
        yield Finding("", "rate", f"{rates[sr]} sounds have {sr} Hz: what is above {sr / 2000:g} kHz is missing")


def _of_pieces(dataset: Dataset, others: Mapping[str, Iterable[str]]) -> Iterator[Finding]:
    """Pieces in two splits, and pieces of other sets; single notes and chords are no pieces."""
    splits: dict[str, set[str]] = {}
    names: dict[str, str] = {}
    for recording in dataset:
        is_note = recording.kind in ("notes", "chords") or key_in_name(recording.piece) is not None
        if recording.piece and not is_note:
            name = _plain(recording.piece)
            names.setdefault(name, recording.piece)
            splits.setdefault(name, set()).add("test" if recording.split == "test" else recording.split and "tune")
    both = [names[name] for name, words in splits.items() if {"test", "tune"} <= words]
    if both:
        yield Finding("", "piece", f"{_are(both)} both in test and in what is tuned on: {_some(both)}")
    for other, pieces in others.items():
        shared = [names[name] for name in sorted({_plain(piece) for piece in pieces} & names.keys())]
        if shared:
            yield Finding("", "piece", f"{_are(shared)} also in {printable(other)}: {_some(shared)}")


def _plain(piece: str) -> str:
    return " ".join(re.findall(r"\w+", same_name(piece).replace("_", " ")))


def _are(names: list[str]) -> str:
    return f"{len(names)} pieces are" if len(names) > 1 else "1 piece is"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(printable(name) for name in names[:_SHOWN]) + more


def pieces_that_come_with_pianolab() -> dict[str, list[str]]:
    """The pieces of the built-in set and of the recorded notes.

    Returns
    -------
    dict of str to list of str
        By the name of the set; each piece as it is called there, and as "composer: title".
    """
    sets = {"builtin": builtin_index()} | ({"real": real_index()} if has_real() else {})
    return {
        name: [text for entry in entries for text in (entry["piece"], f"{entry['composer']}: {entry['title']}")]
        for name, entries in sets.items()
    }
