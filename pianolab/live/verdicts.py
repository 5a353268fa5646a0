"""What is said of a take: which notes were right, late, early, wrong, missing or extra.

Players choose their own tempo and begin when they like. So the prompt is first matched with the heard notes as a
sequence of keys. Then a straight line is laid through the matched onsets: that is the tempo that was played. A note far
from the line was late or early.

The labels of a take are the prompt's notes at the times at which they were played. Each onset is put on the nearest
rise of energy in the sound, whichever detector heard the note, so that no detector is judged by its own clock. The
labels are a proposal, which the player corrects and confirms.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pianolab.live.choices import Choice
from pianolab.live.chords import CHORD_S
from pianolab.live.listener import Listener
from pianolab.live.messages import ScoreRow, VerdictKind, VerdictRow
from pianolab.roll import Notes
from pianolab.scores import Protocol, score_notes

LATE_S = 0.12  # A note so many seconds off the played tempo is late or early; a listener notices about half.
SNAP_S = 0.08  # An onset may be moved this far, in seconds, to a rise of energy.
SHOWN_SCORES = ("onset_precision", "onset_recall", "onset_f1", "note_f1", "onset_bias_ms")
MIN_LABEL_S = 0.05  # No shorter label is proposed.
# A wrong key counts as one error, because it costs less than a missing note and an extra one (twice the gap). The costs
# are whole numbers, so that their sums are exact.
_GAP_COST, _WRONG_COST = 7, 10
_TEMPO_RANGE = (0.25, 4.0)  # A take lasts between a quarter of its prompt and four times as long.
_RISE_HOP_S = 0.005  # The energy is looked at in steps of so many seconds.
_RISE_DB = 3.0  # A note may begin where the energy rises by this much over two steps.

Pairs = Sequence[tuple[int | None, int | None]]


@dataclass(frozen=True)
class Verdict:
    """What became of one note.

    Attributes
    ----------
    what : {'right', 'late', 'early', 'wrong', 'missing', 'extra'}
        ``late`` and ``early`` are the right key at another time.
    asked, heard : int or None
        MIDI numbers.
    time_s : float
        When it was heard or should have been, seconds in the take.
    off_s : float or None
        Seconds after the played tempo; before it if negative.
    """

    what: VerdictKind
    asked: int | None
    heard: int | None
    time_s: float
    off_s: float | None

    def as_message(self) -> VerdictRow:
        """The verdict as a dictionary for JSON."""
        return {
            "what": self.what,
            "asked": self.asked,
            "heard": self.heard,
            "time_s": round(self.time_s, 3),
            "off_s": None if self.off_s is None else round(self.off_s, 3),
        }


def judge(prompt: Notes, heard: Notes, *, late_s: float = LATE_S) -> list[Verdict]:
    """Compare what was heard with what was asked.

    Parameters
    ----------
    prompt : Notes
        What was asked; only its tempo may differ.
    heard : Notes
        What a detector heard.
    late_s : float
        Seconds from the played tempo at which a note counts as late or early.

    Returns
    -------
    list of Verdict
        One for each note asked and for each extra note, in time.

    Examples
    --------
    >>> asked = Notes([0, 1, 2], [1, 2, 3], [60, 62, 64])
    >>> [verdict.what for verdict in judge(asked, Notes([5, 7, 9], [6, 8, 10], [60, 63, 64]))]
    ['right', 'wrong', 'right']
    """
    pairs = align(prompt, heard)
    time_of = played_tempo(prompt, heard, pairs)
    verdicts = []
    for i, j in pairs:
        asked, asked_s = (None, 0.0) if i is None else (int(prompt.midi[i]), time_of(prompt.onset[i]))
        key, time_s = (None, asked_s) if j is None else (int(heard.midi[j]), float(heard.onset[j]))
        off_s = None if asked is None or key is None else time_s - asked_s
        verdicts.append(Verdict(_what(asked, key, off_s, late_s), asked, key, time_s, off_s))
    return sorted(verdicts, key=lambda verdict: verdict.time_s)


def _what(asked: int | None, heard: int | None, off_s: float | None, late_s: float) -> VerdictKind:
    if heard is None:
        return "missing"
    if asked is None or off_s is None:
        return "extra"
    if asked != heard:
        return "wrong"
    return "right" if abs(off_s) <= late_s else "late" if off_s > 0 else "early"


def align(prompt: Notes, heard: Notes) -> Pairs:
    """Match two sequences of keys with the fewest errors (Wagner and Fischer, Journal of the ACM 21, 1974).

    Notes struck together are compared in order of pitch.

    Parameters
    ----------
    prompt, heard : Notes
        What was asked, and what was heard.

    Returns
    -------
    list of (int or None, int or None)
        Index in the prompt, index in what was heard; None where there is no partner.

    Examples
    --------
    >>> align(Notes([0, 1, 2], [1, 2, 3], [60, 62, 64]), Notes([0, 1], [1, 2], [60, 64]))
    [(0, 0), (1, None), (2, 1)]
    """
    left, right = _reading_order(prompt), _reading_order(heard)
    cost = np.zeros((len(left) + 1, len(right) + 1), int)
    cost[:, 0], cost[0, :] = _GAP_COST * np.arange(len(left) + 1), _GAP_COST * np.arange(len(right) + 1)
    differs = _WRONG_COST * (prompt.midi[left][:, None] != heard.midi[right])
    for i in range(len(left)):
        for j in range(len(right)):
            gaps = min(cost[i, j + 1], cost[i + 1, j]) + _GAP_COST
            cost[i + 1, j + 1] = min(cost[i, j] + differs[i, j], gaps)
    return _path_back(cost, differs, left, right)


def _path_back(cost: np.ndarray, differs: np.ndarray, left: np.ndarray, right: np.ndarray) -> Pairs:
    """The cheapest way through the table of costs, from its beginning."""
    pairs: list[tuple[int | None, int | None]] = []
    i, j = len(left), len(right)
    while i or j:
        if i and j and cost[i, j] == cost[i - 1, j - 1] + differs[i - 1, j - 1]:
            i, j = i - 1, j - 1
            pairs.append((int(left[i]), int(right[j])))
        elif i and cost[i, j] == cost[i - 1, j] + _GAP_COST:
            i -= 1
            pairs.append((int(left[i]), None))
        else:
            j -= 1
            pairs.append((None, int(right[j])))
    return pairs[::-1]


def _reading_order(notes: Notes) -> npt.NDArray[np.intp]:
    """Indices by onset, and by pitch among notes struck together."""
    if not len(notes):
        return np.zeros(0, np.intp)
    group = np.concatenate([[0], np.cumsum(np.diff(notes.onset) > CHORD_S)])
    return np.lexsort((notes.midi, group))


def played_tempo(prompt: Notes, heard: Notes, pairs: Pairs) -> Callable[[float], float]:
    """The tempo that was played: a straight line through the matched onsets.

    Its slope is the median of the slopes between matched notes (Sen, JASA 63, 1968), so that a few late notes do not
    bend it.

    Parameters
    ----------
    prompt, heard : Notes
        What was asked, and what was heard.
    pairs : list of (int or None, int or None)
        As ``align`` makes them.

    Returns
    -------
    callable
        Seconds in the prompt -> seconds in the take.
    """
    same = [(i, j) for i, j in pairs if i is not None and j is not None and prompt.midi[i] == heard.midi[j]]
    if not same:
        start_s = float(heard.onset[0]) if len(heard) else 0.0
        return lambda time_s: start_s + float(time_s) - float(prompt.onset[0])
    asked, played = prompt.onset[[i for i, _ in same]], heard.onset[[j for _, j in same]]
    first, second = np.triu_indices(len(asked), 1)
    apart = np.abs(asked[second] - asked[first]) > CHORD_S
    first, second = first[apart], second[apart]
    slope = 1.0
    if len(first):
        slope = float(np.median((played[second] - played[first]) / (asked[second] - asked[first])))
        slope = float(np.clip(slope, *_TEMPO_RANGE))
    shift = float(np.median(played - slope * asked))
    return lambda time_s: max(0.0, slope * float(time_s) + shift)


def propose_labels(prompt: Notes, heard: Sequence[Notes], y: npt.NDArray[np.float32], *, sr: int) -> Notes:
    """The prompt's notes at the times at which they were played: a proposal for the player to correct.

    Parameters
    ----------
    prompt : Notes
        What was asked.
    heard : sequence of Notes
        What each detector heard. The one with the fewest errors gives the rough times.
    y : (n,) float32
        The sound of the take.
    sr : int
        Its rate, Hz.

    Returns
    -------
    Notes
        As long as the prompt, less the notes that would lie behind the end of the take.
    """
    best = min(heard, key=lambda notes: sum(v.what in ("wrong", "missing", "extra") for v in judge(prompt, notes)))
    pairs = align(prompt, best)
    time_of = played_tempo(prompt, best, pairs)
    partner = {i: j for i, j in pairs if i is not None and j is not None and best.midi[j] == prompt.midi[i]}
    rises = _rises(y, sr=sr)
    onset, offset = np.zeros(len(prompt)), np.zeros(len(prompt))
    for i in range(len(prompt)):
        start_s, stop_s = time_of(prompt.onset[i]), time_of(prompt.offset[i])
        if i in partner:
            start_s, stop_s = float(best.onset[partner[i]]), float(best.offset[partner[i]])
        onset[i] = _snapped(start_s, rises)
        offset[i] = onset[i] + max(stop_s - start_s, MIN_LABEL_S)
    end_s = len(y) / sr
    inside = onset < end_s
    return Notes(onset[inside], np.minimum(offset[inside], end_s), prompt.midi[inside])


def _rises(y: npt.NDArray[np.float32], *, sr: int) -> npt.NDArray[np.float64]:
    """Times at which the energy rises most, seconds: peaks of the difference of its level over 10 ms."""
    hop = max(1, round(_RISE_HOP_S * sr))
    n = len(y) // hop
    if n <= 4:
        return np.zeros(0)
    # The 1e-9 keeps the noise below -90 dBFS from making rises of its own.
    level = 10 * np.log10(np.mean(y[: n * hop].reshape(n, hop) ** 2, axis=1) + 1e-9)
    rise = np.maximum(np.append(np.zeros(2), level[2:] - level[:-2]), 0)
    peak = (rise > _RISE_DB) & (rise >= np.roll(rise, 1)) & (rise > np.roll(rise, -1))
    return (np.flatnonzero(peak) - 1) * hop / sr


def _snapped(time_s: float, rises: npt.NDArray[np.float64]) -> float:
    if not len(rises):
        return time_s
    nearest = float(rises[np.argmin(np.abs(rises - time_s))])
    return max(0.0, nearest) if abs(nearest - time_s) <= SNAP_S else time_s


def score_choices(
    y: npt.NDArray[np.float32],
    *,
    sr: int,
    labels: Notes,
    choices: Sequence[Choice],
    protocol: Protocol | None = None,
) -> list[ScoreRow]:
    """Score detectors on the same samples, as the comparison scores them.

    Parameters
    ----------
    y : (n,) float32
        The sound of a take.
    sr : int
        Its rate, Hz.
    labels : Notes
        What was played.
    choices : sequence of Choice
        One for each detector.
    protocol : Protocol, optional
        What the scores mean.

    Returns
    -------
    list of ScoreRow
        One for each choice: some of the scores of pianolab.scores.score_notes, to three digits.
    """
    rows: list[ScoreRow] = []
    for choice in choices:
        listener = Listener(choice, sr=sr)
        listener.push(y)
        listener.pause()
        scores = score_notes(labels, listener.notes, protocol=protocol)
        shown = {name: round(scores[name], 3) if name in scores else None for name in SHOWN_SCORES}
        rows.append(ScoreRow(detector=choice.detector, n_notes=len(listener.notes), **shown))
    return rows
