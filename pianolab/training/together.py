"""From what strength of evidence on a stroke is told where both networks listen, chosen on what neither learnt from.

    python -m pianolab.training.together --maps "$WHOLE_MAPS" --piano AkPnCGdD --scenes training/held_out

What comes in: recordings of a virtual piano that the network of MAPS did not learn from, and the held-out scenes of a
training with `pianolab train --pianos`. The recordings are heard as they are and from a microphone in a random room.
What comes out: pianolab/detectors/neural_both.json. Its settings of the tracker are those of the network of MAPS, those
of the pedal are the free network's. Two are chosen anew for each delay: ``onset_threshold`` and ``onset_delay_s``, by
how much strokes are heard late. The higher the threshold, the less is told where nobody plays; it is the highest that
costs none of the three kinds of recordings more than `COST` of onset F1.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pianolab.data import Recording, load_dataset
from pianolab.detectors.neural import DELAYS_MS, SETTINGS, TOGETHER, WEIGHTS, Neural
from pianolab.errors import PianolabError
from pianolab.piano import in_random_room
from pianolab.roll import Notes, Salience
from pianolab.training.errors import TrainingError, writing
from pianolab.training.tuning import FALSE, ROOM_SEED, heard_by, lateness_s, mean_scores

WHAT = "Choose the settings of neural for both its networks together, and write them."
THRESHOLDS = (0.05, 0.075, 0.1, 0.125, 0.15, 0.175, 0.2, 0.225, 0.25, 0.3, 0.35, 0.4)
COST = 0.01  # So much of what is heard is given for what is not imagined: a false note misleads whoever cannot hear it.
SECONDS = 12.0
Heard = tuple[Sequence[Salience], Sequence[Notes]]


def choose_threshold(kinds: Mapping[str, Heard], settings: Mapping[str, Any]) -> dict[str, float]:
    """The highest onset threshold that costs no kind of recordings more than `COST`, and how late strokes then are.

    Parameters
    ----------
    kinds : dict
        Of each kind of recordings what was heard, a Salience a recording, and what was played.
    settings : dict
        All other settings of the tracker.

    Returns
    -------
    dict
        ``onset_threshold`` and ``onset_delay_s``.
    """
    scores = {
        name: np.array([mean_scores(*kind, {**settings, "onset_threshold": t})["onset_f1"] for t in THRESHOLDS])
        for name, kind in kinds.items()
    }
    free = np.all([of_kind >= of_kind.max() - COST for of_kind in scores.values()], axis=0)
    # Where no threshold is free for all kinds, the one that costs the most burdened kind least.
    dearest = np.max([of_kind.max() - of_kind for of_kind in scores.values()], axis=0)
    chosen = THRESHOLDS[int(np.flatnonzero(free)[-1])] if free.any() else THRESHOLDS[int(np.argmin(dearest))]
    heard = [one for of_kind, _ in kinds.values() for one in of_kind]
    references = [notes for _, of_kind in kinds.values() for notes in of_kind]
    told = {**settings, "onset_threshold": chosen}
    return {"onset_threshold": chosen, "onset_delay_s": lateness_s(heard, references, told)}


def _heard(recordings: Sequence[Recording], detector: Neural, length_s: float, *, in_rooms: bool = False) -> Heard:
    heard, references = [], []
    for i, recording in enumerate(recordings):
        y, sr = recording.load(duration_s=length_s)
        if in_rooms:
            y = in_random_room(y, sr=sr, rng=np.random.default_rng([ROOM_SEED, i]))
        heard.append(heard_by(detector, y, sr))
        references.append(recording.notes().on_keyboard().between(0.0, length_s))
    return heard, references


def settings_of(name: str) -> dict[str, dict[str, Any]]:
    """The tracker's settings of a choice of weights.

    Parameters
    ----------
    name : str
        A choice of ``weights`` of `pianolab.detectors.neural.Neural`.

    Returns
    -------
    dict
        Keyword arguments of `pianolab.tracking.Tracking` for each lookahead, whose key is its milliseconds as text.
    """
    return json.loads(SETTINGS[name].read_text(encoding="utf-8"))["tracking"]


def tune_together(recordings: Sequence[Recording], scenes: Sequence[Recording], *, length_s: float = SECONDS) -> None:
    """Choose the settings for both networks together and write them beside those of each.

    Parameters
    ----------
    recordings : sequence of Recording
        Of pianos that neither network learnt from.
    scenes : sequence of Recording
        Held-out scenes with their labels, those without notes among them.
    length_s : float
        How much of each is heard, from its beginning, seconds.

    Raises
    ------
    TrainingError
        If the file cannot be written.
    """
    maps, free = settings_of("maps"), settings_of("free")
    tracking, held_out = {}, {}
    for ms in DELAYS_MS:
        detector = Neural(lookahead_ms=ms, weights="both")
        of_pedal = {name: value for name, value in free[str(ms)].items() if name.startswith("pedal_")}
        kinds = {
            "as they are": _heard(recordings, detector, length_s),
            "in rooms": _heard(recordings, detector, length_s, in_rooms=True),
            "scenes": _heard(scenes, detector, length_s),
        }
        settings = {**maps[str(ms)], **of_pedal}
        settings |= choose_threshold(kinds, settings)
        tracking[str(ms)] = settings
        scores = {name: mean_scores(*kind, settings) for name, kind in kinds.items()}
        names = ("onset_f1", "note_f1", "frame_f1", FALSE)
        held_out[str(ms)] = {
            kind: {name: round(found[name], 4) for name in names if name in found} for kind, found in scores.items()
        }
        print(f"lookahead {ms} ms, onset_threshold {settings['onset_threshold']}: {held_out[str(ms)]}", flush=True)
    known = {"delays_ms": list(DELAYS_MS), "networks": [WEIGHTS[name].name for name in TOGETHER["both"]]}
    with writing(SETTINGS["both"]) as temporary:
        said = {**known, "tracking": tracking, "held_out": held_out}
        temporary.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """The command of this module.

    Parameters
    ----------
    argv : sequence of str, optional
        Words of the command line; default: those that the program was given.

    Returns
    -------
    int
        0, or 2 if something cannot be used or the file cannot be written.
    """
    parser = argparse.ArgumentParser(
        prog="python -m pianolab.training.together", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--maps", type=Path, required=True, metavar="DIR", help="recordings of MAPS's virtual pianos")
    parser.add_argument("--piano", default="AkPnCGdD", help="the one that was held out (default: %(default)s)")
    parser.add_argument("--scenes", type=Path, required=True, metavar="DIR", help="held_out of a training's folder")
    parser.add_argument("--seconds", type=float, default=SECONDS, metavar="S", help="of each (default: %(default)s)")
    given = parser.parse_args(argv)
    try:
        recordings = [one for one in load_dataset(given.maps, progress=False) if one.piano == given.piano]
        scenes = [Recording(path.stem, path, path.with_suffix(".mid")) for path in sorted(given.scenes.glob("*.flac"))]
        if not given.seconds > 0:
            raise TrainingError(f"--seconds {given.seconds}: choose more than 0")
        if not recordings or not scenes:
            missing = f"{given.maps} holds nothing of {given.piano}" if scenes else f"{given.scenes} holds no .flac"
            raise TrainingError(f"{missing}: name a folder that does")
        tune_together(recordings, scenes, length_s=given.seconds)
    except PianolabError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
