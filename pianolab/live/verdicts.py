"""A trial: what was asked, what was played, what was heard.

Players choose their own tempo and begin when they like. So the prompt is first matched with the heard notes as a
sequence of keys, then a straight line is laid through the matched onsets: that is the tempo that was played. A note far
from it was late or early. The labels of the take are the prompt's notes at the times at which they were played;
the onset of each is put on the nearest rise of energy in the sound, whoever heard it, so that no detector is judged by
its own clock. They are a proposal: the player corrects and confirms them.
"""

from dataclasses import dataclass

import numpy as np

from pianolab.live.chord_tracker import CHORD_S
from pianolab.live.listener import Listener
from pianolab.roll import Notes
from pianolab.scores import Protocol, score_notes
from pianolab.units import note_name

LATE_S = 0.12  # further than this from the played tempo is late or early; a listener notices about half of it
SNAP_S = 0.08  # an onset may be moved this far to a rise of energy
_GAP_COST, _WRONG_COST = 7, 10  # a wrong key is one error, not a missing and an extra note; whole, so that sums are
_TEMPO_RANGE = (0.25, 4.0)
_RISE_HOP_S = 0.005
VERDICTS = ("right", "late", "early", "wrong", "missing", "extra")


@dataclass(frozen=True)
class Verdict:
    """What became of one note.

    Attributes
    ----------
    what : {'right', 'late', 'early', 'wrong', 'missing', 'extra'}
    asked, heard : int or None
        MIDI numbers.
    time_s : float
        When it was heard or should have been, seconds in the take.
    off_s : float or None
        After (positive) or before the played tempo.
    """

    what: str
    asked: int | None
    heard: int | None
    time_s: float
    off_s: float | None

    def plain(self):
        """For JSON, with names."""
        names = [None if midi is None else note_name(midi) for midi in (self.asked, self.heard)]
        off_s = None if self.off_s is None else round(self.off_s, 3)
        return {
            "what": self.what,
            "asked": names[0],
            "heard": names[1],
            "time_s": round(self.time_s, 3),
            "off_s": off_s,
        }


def judge(prompt, heard, *, late_s=LATE_S):
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
    """
    pairs = align(prompt, heard)
    time_of = tempo(prompt, heard, pairs)
    verdicts = []
    for asked, played in pairs:
        if played is None:
            verdicts.append(Verdict("missing", int(prompt.midi[asked]), None, time_of(prompt.onset[asked]), None))
        elif asked is None:
            verdicts.append(Verdict("extra", None, int(heard.midi[played]), float(heard.onset[played]), None))
        else:
            verdicts.append(_matched(prompt, heard, asked, played, time_of, late_s))
    return sorted(verdicts, key=lambda verdict: verdict.time_s)


def _matched(prompt, heard, asked, played, time_of, late_s):
    off_s = float(heard.onset[played]) - time_of(prompt.onset[asked])
    midi = int(prompt.midi[asked]), int(heard.midi[played])
    what = "right"
    if midi[0] != midi[1]:
        what = "wrong"
    elif abs(off_s) > late_s:
        what = "late" if off_s > 0 else "early"
    return Verdict(what, *midi, float(heard.onset[played]), off_s)


def align(prompt, heard):
    """Match two sequences of keys with the fewest errors (Wagner and Fischer, Journal of the ACM 21, 1974).

    Notes struck together are compared in order of pitch.

    Returns
    -------
    list of (int or None, int or None)
        Index in the prompt, index in what was heard; None where there is no partner.
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


def _path_back(cost, differs, left, right):
    pairs, i, j = [], len(left), len(right)
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


def _reading_order(notes):
    """Indices by onset, and by pitch among notes struck together."""
    if not len(notes):
        return np.zeros(0, int)
    group = np.concatenate([[0], np.cumsum(np.diff(notes.onset) > CHORD_S)])
    return np.lexsort((notes.midi, group))


def tempo(prompt, heard, pairs):
    """The time in the take of a time in the prompt: a line through the matched onsets.

    The slope is the median of the slopes between matched notes (Sen, JASA 63, 1968), so that single late notes do not
    bend it.

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


def propose_labels(prompt, heard, y, *, sr):
    """The prompt's notes at the times at which they were played: a proposal for the player to correct.

    Parameters
    ----------
    prompt : Notes
    heard : list of Notes
        What each detector heard; the one with the fewest errors gives the rough times.
    y : (n,) float32
        The take.
    sr : int
        Hz.

    Returns
    -------
    Notes
        As long as the prompt, less the notes that would lie behind the end of the take.
    """
    best = min(heard, key=lambda notes: sum(v.what in ("wrong", "missing", "extra") for v in judge(prompt, notes)))
    pairs = align(prompt, best)
    time_of = tempo(prompt, best, pairs)
    partner = {i: j for i, j in pairs if i is not None and j is not None}
    rises = _rises(y, sr=sr)
    onset, offset = [], []
    for i in range(len(prompt)):
        known = i in partner and best.midi[partner[i]] == prompt.midi[i]
        rough_s = float(best.onset[partner[i]]) if known else time_of(prompt.onset[i])
        onset.append(_snapped(rough_s, rises))
        length_s = time_of(prompt.offset[i]) - time_of(prompt.onset[i])
        if known:
            length_s = float(best.offset[partner[i]] - best.onset[partner[i]])
        offset.append(onset[-1] + max(length_s, 0.05))
    inside = np.array(onset) < len(y) / sr
    labels = Notes(np.minimum(onset, len(y) / sr), np.minimum(np.maximum(offset, onset), len(y) / sr), prompt.midi)
    return labels[inside[np.lexsort((prompt.midi, onset))]]


def _rises(y, *, sr):
    """Times at which the energy rises most, seconds: peaks of the log-energy difference over 10 ms."""
    hop = max(1, round(_RISE_HOP_S * sr))
    n = len(y) // hop
    level = 10 * np.log10(np.mean(y[: n * hop].reshape(n, hop) ** 2, axis=1) + 1e-9)
    rise = np.maximum(np.append(np.zeros(2), level[2:] - level[:-2]), 0) if n > 4 else np.zeros(n)
    peak = (rise > 3.0) & (rise >= np.roll(rise, 1)) & (rise > np.roll(rise, -1))
    return (np.flatnonzero(peak) - 1) * hop / sr


def _snapped(time_s, rises):
    if not len(rises):
        return time_s
    nearest = float(rises[np.argmin(np.abs(rises - time_s))])
    return max(0.0, nearest) if abs(nearest - time_s) <= SNAP_S else time_s


def score_choices(y, *, sr, labels, choices, protocol=None):
    """Score detectors on the same samples with the same protocol as the comparison.

    Parameters
    ----------
    y : (n,) float32
    sr : int
        Hz.
    labels : Notes
    choices : list of Choice
    protocol : Protocol, optional

    Returns
    -------
    list of dict
        For each choice: detector, n_notes, and the scores of pianolab.scores.score_notes.
    """
    protocol = protocol or Protocol()
    rows = []
    for choice in choices:
        listener = Listener(choice, sr=sr)
        listener.push(y)
        listener.pause()
        notes = listener.notes
        scores = score_notes(labels, notes, protocol=protocol)
        rows.append({"detector": choice.detector, "n_notes": len(notes), **scores, "protocol": str(protocol)})
    return rows
