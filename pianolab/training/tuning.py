"""The tracker's settings for a trained network, chosen on recordings that it did not learn from.

What comes in: an exported network and held-out labelled recordings. Unless they are scenes, which have rooms already,
each is heard twice: as it is, and from a microphone somewhere in a room. What comes out: for each delay the settings
that hear most: first those of strokes (onset F1 at 50 ms, less what false notes cost where nobody plays), then those of
ends (onset, note and frame F1 together), and for a network that hears the pedal those of the pedal
(`pianolab.training.pedal_tuning`). They are written into the network's description, where the detector finds them.

Each note is asked whether a string was struck, as it is where the network is used.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pianolab.data import Recording
from pianolab.detectors.neural import DELAYS_MS, STRUCK_THRESHOLD, Neural
from pianolab.piano import in_random_room
from pianolab.roll import Notes, Salience
from pianolab.scores import Protocol, match, score_notes
from pianolab.session import Session
from pianolab.tracking import Tracker, Tracking
from pianolab.training.errors import writing
from pianolab.training.pedal_tuning import GOALS, Pedal, choose_pedal, pedal_scores
from pianolab.training.validation import FALSE_COST

STROKES, ENDS = ("onset_f1",), ("onset_f1", "note_f1", "frame_f1")
# Settings are chosen one after the other, each with all that were chosen before it: name, values, scores to raise.
# What holds a note and what ends it are chosen together: each makes up for the other.
SEARCH: tuple[tuple[str | tuple[str, ...], Sequence[Any], tuple[str, ...]], ...] = (
    ("onset_threshold", (0.05, 0.1, 0.15, 0.2, 0.225, 0.25, 0.275, 0.3, 0.325, 0.35, 0.4, 0.5), STROKES),
    ("n_wait", (0, 1, 2, 3), STROKES),
    ("sure_onset_threshold", (1.0, 0.7, 0.5, 0.3), STROKES),
    ("ghost_share", (0.0, 0.2, 0.35, 0.5), STROKES),
    ("min_gap_s", (0.05, 0.08), STROKES),
    (("threshold", "offset_threshold"), tuple(product((0.2, 0.3, 0.4, 0.5, 0.6), (0.3, 0.4, 0.5, 0.7))), ENDS),
    ("n_release", (1, 2, 4), ENDS),
)
START = {
    "silence_db": -85.0,
    "release_db": 100.0,
    "threshold": 0.35,
    "n_wait": 3,
    "onset_threshold": 0.2,
    "onset_rows": 3,
}
SCORES = ("onset_f1", "note_f1", "frame_f1", "velocity_onset_f1")
FALSE = "false_per_minute"  # In recordings without a note.
ROOM_SEED = 5
MIDI = (".mid", ".midi")
COST = 0.01  # So much onset F1 is given for what is not imagined: a false note misleads whoever cannot hear it.
LEAST_PAIRS = 20  # The median lateness of fewer right notes says little, so the delay stays 0.


def choose_tracking(
    heard: Sequence[Salience], references: Sequence[Notes], kinds: Sequence[str] | None = None
) -> dict[str, Any]:
    """Settings of the tracker that hear most in these recordings.

    Parameters
    ----------
    heard : list of Salience
        The network's answers, one for each recording.
    references : list of Notes
        What was played in them, in the same order.
    kinds : list of str, optional
        Of what kind each of them is. Where there are several, strokes are told from the highest evidence that costs
        none of the kinds more than `COST`: what suits most recordings must not be paid for by one kind.

    Returns
    -------
    dict
        Keyword arguments of `pianolab.tracking.Tracking`.
    """
    settings: dict[str, Any] = dict(START)
    settings["onset_delay_s"] = lateness_s(heard, references, settings)
    for name, values, goals in SEARCH:
        if name == "onset_threshold" and len(set(kinds or ())) > 1:
            settings["onset_threshold"] = _highest_threshold(heard, references, kinds or (), settings, values)
            continue
        tried: list[dict[str, Any]] = [
            dict(zip(name, value, strict=True)) if isinstance(name, tuple) else {name: value} for value in values
        ]
        found = [mean_scores(heard, references, {**settings, **one}) for one in tried]
        cost = FALSE_COST if goals == STROKES else 0.0
        sums = [sum(scores[goal] for goal in goals) - cost * scores.get(FALSE, 0.0) for scores in found]
        settings |= tried[int(np.argmax(sums))]
    settings["onset_delay_s"] = lateness_s(heard, references, settings)
    return settings


def _highest_threshold(
    heard: Sequence[Salience],
    references: Sequence[Notes],
    kinds: Sequence[str],
    settings: Mapping[str, Any],
    thresholds: Sequence[float],
) -> float:
    """The highest onset threshold that costs no kind more than `COST`; if each does, the one that costs least."""
    lost = []
    for kind in sorted(set(kinds)):
        of_kind = [i for i, one in enumerate(kinds) if one == kind]
        tried = [
            mean_scores(
                [heard[i] for i in of_kind], [references[i] for i in of_kind], {**settings, "onset_threshold": t}
            )
            for t in thresholds
        ]
        # A kind in which nobody plays has nothing to lose.
        onset_f1 = np.array([scores.get("onset_f1", 0.0) for scores in tried])
        lost.append(onset_f1.max() - onset_f1)
    most_lost = np.max(lost, axis=0)
    free = np.flatnonzero(most_lost <= COST)
    return thresholds[int(free[-1]) if len(free) else int(np.argmin(most_lost))]


def _tracked(salience: Salience, settings: dict[str, Any]) -> Notes:
    tracker = Tracker(Tracking(**{"policy": "poly", "struck_threshold": STRUCK_THRESHOLD, **settings}))
    tracker.push(salience)
    tracker.flush()
    return tracker.notes()


def mean_scores(heard: Sequence[Salience], references: Sequence[Notes], settings: dict[str, Any]) -> dict[str, float]:
    """Mean scores of the recordings in which something is played, and false notes a minute in the others.

    Parameters
    ----------
    heard : list of Salience
        A network's answers, one for each recording.
    references : list of Notes
        What was played in them, in the same order.
    settings : dict
        Of the tracker.

    Returns
    -------
    dict
        ``onset_f1``, ``note_f1``, ``frame_f1``, and ``velocity_onset_f1`` where velocities are known;
        ``false_per_minute`` where there are recordings without a note.
    """
    estimates = [_tracked(salience, settings) for salience in heard]
    rows = [score_notes(notes, found) for notes, found in zip(references, estimates, strict=True) if len(notes)]
    # Rows have no velocity where labels have none.
    found = {name: [row[name] for row in rows if name in row] for name in SCORES}
    means = {name: float(np.mean(values)) for name, values in found.items() if values}
    silent = [i for i, notes in enumerate(references) if not len(notes)]
    if silent:
        minutes = sum(np.ptp(heard[i].times) for i in silent) / 60.0
        means[FALSE] = float(sum(len(estimates[i]) for i in silent) / max(minutes, 1e-9))
    return means


def lateness_s(heard: Sequence[Salience], references: Sequence[Notes], settings: dict[str, Any]) -> float:
    """How much later than played the right notes are heard, as a median.

    Parameters
    ----------
    heard : list of Salience
        A network's answers, one for each recording.
    references : list of Notes
        What was played in them, in the same order.
    settings : dict
        Of the tracker; its ``onset_delay_s`` does not matter.

    Returns
    -------
    float
        Seconds; 0 where fewer than `LEAST_PAIRS` notes are right.
    """
    late = []
    for salience, notes in zip(heard, references, strict=True):
        estimate = _tracked(salience, {**settings, "onset_delay_s": 0.0})
        pairs = match(notes, estimate, protocol=Protocol())
        late.extend(estimate.onset[pairs[:, 1]] - notes.onset[pairs[:, 0]])
    return round(float(np.median(late)), 4) if len(late) >= LEAST_PAIRS else 0.0


def heard_by(detector: Neural, y: npt.NDArray[np.float32], sr: int) -> Salience:
    """All evidence of a sound, also of struck strings, which a session asks for and `analyse` does not.

    Parameters
    ----------
    detector : Neural
    y : array, shape (n_samples,)
        Sound.
    sr : int
        Hz.

    Returns
    -------
    Salience
    """
    parts: list[Salience] = []
    session = Session(detector, sr=sr, listen=parts.append)
    session.push(y)
    session.flush()
    return Salience.concatenate(parts)


def _pedal_of(recording: Recording) -> Pedal | None:
    """When the pedal was down; None where the labels cannot say so."""
    is_midi = recording.labels is not None and recording.labels.suffix.lower() in MIDI
    return recording.pedal() if is_midi else None


def tune_tracking(
    weights: str | Path,
    recordings: Sequence[Recording],
    scenes: Sequence[Recording] = (),
    *,
    seconds: float = 30.0,
    say: Callable[[str], object] = print,
) -> None:
    """Choose the settings of every delay and write them into the network's description.

    Parameters
    ----------
    weights : str or Path
        ``....onnx``, its description ``....json`` beside it.
    recordings : sequence of Recording
        Held out from the training. Each is heard as it is and in a room drawn by chance.
    scenes : sequence of Recording
        Held out from the training, too, and heard as they are.
    seconds : float
        How much of each recording and scene is heard, from its beginning.
    say : callable
        Told a line a delay and kind: scores of the recordings and scenes as they are, and of those in rooms.

    Raises
    ------
    TrainingError
        If the description cannot be written.
    """
    path = Path(weights).with_suffix(".json")
    description = json.loads(path.read_text(encoding="utf-8"))
    description["tracking"], description["held_out"], description["held_out_in_rooms"] = {}, {}, {}
    listened = [*recordings, *scenes]
    references = [recording.notes().on_keyboard().between(0.0, seconds) for recording in listened]
    pedals = [
        _pedal_of(recording) if len(notes) else None for recording, notes in zip(listened, references, strict=True)
    ]
    n, m = len(recordings), len(scenes)
    kinds = ["as they are"] * n + ["scenes"] * m + ["in rooms"] * n if n and m else None
    for ms in DELAYS_MS:
        plain, roomy = [], []
        for i, recording in enumerate(listened):
            y, sr = recording.load(duration_s=seconds)
            sounds = [(plain, y)]
            if i < len(recordings):
                sounds.append((roomy, in_random_room(y, sr=sr, rng=np.random.default_rng([ROOM_SEED, i]))))
            for heard, sound in sounds:
                heard.append(heard_by(Neural(lookahead_ms=ms, weights_file=str(weights)), sound, sr))
        settings = choose_tracking(plain + roomy, references + references[: len(roomy)], kinds)
        settings |= choose_pedal(plain + roomy, pedals + pedals[: len(roomy)])
        description["tracking"][str(ms)] = settings
        for name, heard in (("held_out", plain), ("held_out_in_rooms", roomy)):
            if not heard:
                continue
            of_pedal = pedal_scores(heard, pedals[: len(heard)], settings)
            scores = mean_scores(heard, references[: len(heard)], settings)
            scores |= {name: of_pedal[name] for name in GOALS if of_pedal}
            description[name][str(ms)] = {score: round(value, 4) for score, value in scores.items()}
            say(f"lookahead {ms} ms, {name}: " + ", ".join(f"{score} {v:.3f}" for score, v in scores.items()))
    with writing(path) as temporary:
        temporary.write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
