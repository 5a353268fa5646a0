"""What is said of a take: which notes were right, late, early, wrong, an octave off, missing, extra or doubled.

pianolab.live.alignment says which note played which, and when it was due at the tempo that was played: whoever slows
down or pauses is not late. An octave too high or too low, and a key that was struck twice, have names of their own. An
octave of a right key that was heard at the same moment, but not surely, is told as a doubt and blames nobody: detectors
hear such ghosts, and players strike them seldom.

The labels of a take are the prompt's notes at the times at which they were played. Each onset is put on the nearest
rise of energy in the sound, whichever detector heard the note, so that no detector is judged by its own clock. The
labels are a proposal, which the player corrects and confirms.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pianolab.live.alignment import LATE_S, align
from pianolab.live.choices import Choice
from pianolab.live.chords import CHORD_S
from pianolab.live.listener import Listener
from pianolab.live.messages import ScoreRow, VerdictKind, VerdictRow
from pianolab.roll import Notes
from pianolab.scores import Protocol, score_notes

GHOST_S = 0.06  # An octave that begins within so many seconds of a right key may be a ghost of it,
SURE = 0.95  # unless it is as sure as this.
DOUBLED_S = 1.0  # A key that is struck again within so many seconds, and was asked for once, is doubled.
SNAP_S = 0.08  # An onset may be moved this far, in seconds, to a rise of energy.
SHOWN_SCORES = ("onset_precision", "onset_recall", "onset_f1", "note_f1", "onset_bias_ms")
IN_KEY = ("right", "late", "early")  # The asked key was struck.
MIN_LABEL_S = 0.05  # No shorter label is proposed.
_RISE_HOP_S = 0.005  # The energy is looked at in steps of so many seconds.
_RISE_DB = 3.0  # A note may begin where the energy rises by this much over two steps.


@dataclass(frozen=True)
class Verdict:
    """What became of one note.

    Attributes
    ----------
    what : {'right', 'late', 'early', 'wrong', 'octave', 'missing', 'extra', 'doubled', 'perhaps'}
        ``late`` and ``early`` are the right key at another time, ``octave`` is the right key some octaves away, and
        ``doubled`` is an extra stroke of a key that was right. ``perhaps`` is no mistake: an octave of a right key was
        heard with it, and may be a ghost.
    asked, heard : int or None
        MIDI numbers.
    time_s : float
        When it was heard or should have been, seconds in the take.
    off_s : float or None
        Seconds after it was due at the played tempo; before it if negative.
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
        Seconds from the played tempo at which a note counts as late or early; in a slow tempo more.

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
    found = align(prompt, heard, late_s=late_s)
    played = [j for i, j in found.pairs if i is not None and j is not None]
    right = [j for i, j in found.pairs if i is not None and j is not None and prompt.midi[i] == heard.midi[j]]
    verdicts = []
    for i, j in found.pairs:
        asked = None if i is None else int(prompt.midi[i])
        due_s = 0.0 if i is None else float(found.due_s[i])
        if j is None:
            verdicts.append(Verdict("missing", asked, None, max(0.0, due_s), None))
            continue
        key, time_s = int(heard.midi[j]), float(heard.onset[j])
        if asked is None:
            what = _of_an_extra(heard, j, right=heard[right], played=heard[played])
            verdicts.append(Verdict(what, None, key, time_s, None))
            continue
        off_s = time_s - due_s
        off = found.off[i] and abs(off_s) > late_s
        verdicts.append(Verdict(_of_a_pair(asked, key, off_s if off else 0.0), asked, key, time_s, off_s))
    return sorted(verdicts, key=lambda verdict: verdict.time_s)


def _of_an_extra(heard: Notes, j: int, *, right: Notes, played: Notes) -> VerdictKind:
    key, time_s = int(heard.midi[j]), float(heard.onset[j])
    if float(heard.confidence[j]) < SURE and _has_its_octave(key, time_s, right):
        return "perhaps"
    return "doubled" if _is_again(key, time_s, played) else "extra"


def _has_its_octave(key: int, time_s: float, right: Notes) -> bool:
    """Whether a right note that is some octaves away begins at the same moment."""
    together = np.abs(right.onset - time_s) <= GHOST_S
    return bool(np.any(together & (right.midi != key) & ((right.midi - key) % 12 == 0)))


def _is_again(key: int, time_s: float, played: Notes) -> bool:
    """Whether an extra note has the key of the last ones that were asked for, or of the next ones at once behind it."""
    before, after = played[played.onset <= time_s], played[played.onset > time_s]
    last = before[before.onset >= max(before.onset, default=0.0) - CHORD_S]
    following = after[after.onset <= min(after.onset, default=0.0) + CHORD_S]
    return bool(
        np.any((last.midi == key) & (time_s - last.onset <= DOUBLED_S))
        or np.any((following.midi == key) & (following.onset - time_s <= DOUBLED_S / 2))
    )


def _of_a_pair(asked: int, heard: int, off_s: float) -> VerdictKind:
    if asked != heard:
        return "octave" if (asked - heard) % 12 == 0 else "wrong"
    return "late" if off_s > 0 else "early" if off_s < 0 else "right"


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
    best = min(heard, key=lambda notes: sum(v.what not in IN_KEY for v in judge(prompt, notes)))
    found = align(prompt, best)
    partner = {i: j for i, j in found.pairs if i is not None and j is not None and best.midi[j] == prompt.midi[i]}
    rises = _rises(y, sr=sr)
    onset, offset = np.zeros(len(prompt)), np.zeros(len(prompt))
    for i in range(len(prompt)):
        start_s = max(0.0, float(found.due_s[i]))
        stop_s = start_s + float(found.pace[i]) * (prompt.offset[i] - prompt.onset[i])
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
