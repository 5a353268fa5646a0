"""The tracker's settings for a trained network, chosen on recordings that it did not learn from.

What comes in: an exported network and held-out labelled recordings. What comes out: for each delay the settings that
hear most: first those of strokes (onset F1 at 50 ms), then those of releases (note and frame F1 together). They are
written into the network's description, where the detector finds them.
"""

import json
from pathlib import Path

import numpy as np

from pianolab.detectors.neural import DELAYS_MS, Neural
from pianolab.files import replacing
from pianolab.scores import Protocol, match, score_notes
from pianolab.session import analyse
from pianolab.tracker import Tracker

# One setting after the other, each with all that were chosen before it: name, values, what it should raise.
SEARCH = (
    ("onset_threshold", (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5), ("onset_f1",)),
    ("sure_onset_threshold", (1.0, 0.7, 0.5, 0.3), ("onset_f1",)),
    ("ghost_share", (0.0, 0.2, 0.35, 0.5), ("onset_f1",)),
    ("min_gap_s", (0.05, 0.08), ("onset_f1",)),
    ("threshold", (0.2, 0.3, 0.4, 0.5, 0.6), ("note_f1", "frame_f1")),
    ("offset_threshold", (0.2, 0.3, 0.4, 0.5, 0.7, 1.0), ("note_f1", "frame_f1")),
    ("n_release", (1, 2, 4), ("note_f1", "frame_f1")),
)
START = {"silence_db": -85.0, "release_db": 100.0, "threshold": 0.35, "n_wait": 3, "onset_threshold": 0.3}
LEAST_PAIRS = 20  # right notes from which the median of their lateness means something


def choose(heard, references):
    """Settings of the tracker that hear most in these recordings.

    Parameters
    ----------
    heard : list of Salience
    references : list of Notes

    Returns
    -------
    settings : dict
    scores : dict of str to float
        ``onset_f1``, ``note_f1``, ``frame_f1``: means over recordings.
    """
    settings = dict(START)
    settings["onset_delay_s"] = _lateness_s(heard, references, settings)
    best = {}
    for name, values, goals in SEARCH:
        found = [(sum((score := _scores(heard, references, {**settings, name: v}))[g] for g in goals), v, score)
                 for v in values]  # fmt: skip
        _, settings[name], best = max(found, key=lambda row: row[0])
    settings["onset_delay_s"] = _lateness_s(heard, references, settings)
    return settings, best


def _tracked(salience, settings):
    tracker = Tracker(policy="poly", **settings)
    tracker.push(salience)
    tracker.flush()
    return tracker.notes()


def _scores(heard, references, settings):
    rows = [score_notes(notes, _tracked(salience, settings)) for salience, notes in zip(heard, references, strict=True)]
    return {name: float(np.mean([row[name] for row in rows])) for name in ("onset_f1", "note_f1", "frame_f1")}


def _lateness_s(heard, references, settings):
    late = []
    for salience, notes in zip(heard, references, strict=True):
        estimate = _tracked(salience, {**settings, "onset_delay_s": 0.0})
        pairs = match(notes, estimate, protocol=Protocol())
        late.extend(estimate.onset[pairs[:, 1]] - notes.onset[pairs[:, 0]])
    return round(float(np.median(late)), 4) if len(late) >= LEAST_PAIRS else 0.0


def tune(weights, recordings, *, seconds=30.0, progress=print):
    """Choose the settings of every delay and write them into the network's description.

    Parameters
    ----------
    weights : path
        ``....onnx``, its description ``....json`` beside it.
    recordings : sequence of Recording
        Held out from the training.
    seconds : float
        Of each recording.
    progress : callable
        Told one line a delay.
    """
    path = Path(weights).with_suffix(".json")
    description = json.loads(path.read_text(encoding="utf-8"))
    description["tracking"], description["held_out"] = {}, {}
    references = [recording.notes().on_keyboard().between(0.0, seconds) for recording in recordings]
    for ms in DELAYS_MS:
        heard = []
        for recording in recordings:
            y, sr = recording.load(duration_s=seconds)
            heard.append(analyse(y, sr=sr, detector=Neural(lookahead_ms=ms, weights_file=str(weights))))
        settings, scores = choose(heard, references)
        description["tracking"][str(ms)] = settings
        description["held_out"][str(ms)] = {name: round(value, 4) for name, value in scores.items()}
        progress(f"lookahead {ms} ms: " + ", ".join(f"{name} {value:.3f}" for name, value in scores.items()))
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
