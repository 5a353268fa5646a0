"""Makes the confidence of the detectors a probability: of the notes told with 0.8, eight in ten shall have been struck.

    python benchmarks/calibrate.py --material "$MATERIAL"                   all detectors; minutes
    python benchmarks/calibrate.py --material "$MATERIAL" --detector neural --detector neural:lookahead_ms=240
    python benchmarks/calibrate.py --material "$MATERIAL" --dry             only shows what it would write

Each detector hears phrases and performances of two pianos on which nothing is reported, as they are, beside speech, in
noise, in rooms and through cheap microphones. Each note that it announces was struck or not. A logistic regression on
the evidence (pianolab.tracking.certainty) is fitted to that; its weights are not negative, so that more evidence never
makes a note less sure. What is learnt is written to pianolab/dsp/fitted.json, and for `neural` beside its
weights. The table says how true the confidence was before and is after, by leaving each piano out in turn.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from tqdm.auto import tqdm
from world_sounds import ROWS, Case, Material, Sounding

from pianolab.cli.command import number_of, seconds
from pianolab.dsp.fitted import FITTED
from pianolab.errors import PianolabError, reason
from pianolab.files import replacing
from pianolab.registry import create
from pianolab.roll import Notes
from pianolab.scores import expected_calibration_error, separation, struck
from pianolab.session import Session, default_tracker
from pianolab.tracking import Tracker, Tracking
from pianolab.tracking.certainty import log_odds

PIANOS = ("kawai_upright_kw", "vsco2_upright")
DETECTORS = ("fft_peak", "cqt", "yin", "nmf", *(f"neural:lookahead_ms={ms}" for ms in (0, 30, 60, 90, 240)))
NAMES = ("sure_base", "sure_own", "sure_support", "sure_struck")
ROWS_HEARD = ("phrases", "beside speech", "noise", "performances")
SHORT_S = 0.1  # Where a note ends does not matter here.
HELD = 1.0  # Weights are held to the raw evidence (1 for its own, 0 for the rest) as strongly as so many notes would.


class Evident(Tracker):
    """The tracker that suits a detector; it keeps how each note was told last: onset, key and evidence."""

    def __init__(self, detector):
        super().__init__(default_tracker(detector).tracking)
        self.told = {}

    def _keep(self, change):
        event = super()._keep(change)
        if event.kind != "off":
            evidence = change.confidence, change.support, self._struck_evidence(change)
            self.told[event.note] = event.time_s, event.midi, *evidence
        return event


def notes_told(spec: str, sounds: list[tuple[Case, Sounding]]):
    """Of each note its evidence as log odds, (n, 4) with 1 in front, whether it was struck, and the row it is of."""
    detector = create(spec)
    evidence, right, rows = [], [], []
    for case, sounding in tqdm(sounds, desc=spec):
        if case.row == "performances" and not detector.polyphonic:
            continue
        tracker = Evident(detector)
        session = Session(detector, sr=sounding.sr, tracker=tracker)
        session.push(sounding.y)
        session.flush()
        told = np.array(list(tracker.told.values())).reshape(-1, 5)
        told = told[np.lexsort((told[:, 1], told[:, 0]))]  # as Notes are sorted
        right.append(struck(sounding.notes, Notes(told[:, 0], told[:, 0] + SHORT_S, told[:, 1])))
        evidence.append(told[:, 2:])
        rows += [f"{case.name.split()[0]}: {case.row}"] * len(told)
    odds = np.vectorize(log_odds)(np.concatenate(evidence))
    return np.column_stack([np.ones(len(odds)), odds]), np.concatenate(right), np.array(rows)


def fitted(odds: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The four weights under which what happened is likeliest (Platt 1999), those of the evidence not negative."""
    start = np.array([Tracking.__dataclass_fields__[name].default for name in NAMES])

    def surprise(weights):
        logit = odds @ weights
        chance = 1.0 / (1.0 + np.exp(-logit))
        held = HELD * (weights - start)
        value = np.logaddexp(0.0, logit).sum() - logit[right].sum() + 0.5 * held @ (weights - start)
        return value, odds.T @ (chance - right) + held

    return minimize(surprise, start, jac=True, method="L-BFGS-B", bounds=[(None, None)] + [(0.0, None)] * 3).x


def chances(odds: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-odds @ weights))


def left_out(odds: np.ndarray, right: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The chance of each note by weights fitted to the notes of the other pianos."""
    pianos = np.array([row.partition(":")[0] for row in rows])
    chance = np.zeros(len(right))
    for piano in np.unique(pianos):
        here = pianos == piano
        others = here if here.all() else ~here  # One piano alone has nobody to learn from.
        chance[here] = chances(odds[here], fitted(odds[others], right[others]))
    return chance


def line(spec: str, odds: np.ndarray, right: np.ndarray, rows: np.ndarray) -> str:
    """How true the confidence was as raw evidence and is by weights of the other pianos."""
    raw, chance = chances(odds[:, 1:2], np.ones(1)), left_out(odds, right, rows)
    numbers = [f(given, right) for given in (raw, chance) for f in (expected_calibration_error, separation)]
    return f"| {spec} | {len(right)} | {100 * right.mean():.1f} | " + " | ".join(f"{x:.3f}" for x in numbers) + " |"


def keep(spec: str, weights: np.ndarray) -> None:
    """Write the weights where the detector reads them."""
    detector = create(spec)
    settings = {name: round(float(weight), 4) for name, weight in zip(NAMES, weights, strict=True)}
    path = FITTED if detector.weights is None or detector.name != "neural" else detector.weights.with_suffix(".json")
    known = json.loads(path.read_text(encoding="utf-8"))
    if path == FITTED:
        known[detector.name] = settings
    else:
        known["tracking"][str(detector.lookahead_ms)] |= settings
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def arguments(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--material", type=Path, required=True, help="a folder with pianos, and rooms and midi if there are any")
    add("--piano", nargs="+", default=list(PIANOS), help="folders in its pianos/ to fit to")
    add("--detector", action="append", help="may be repeated (default: all of ours, neural at each of its delays)")
    add("--seconds", type=seconds, default=20.0, help="length of a performance (default: 20)")
    add("--each", type=number_of("recordings"), default=6, help="phrases and performances of each piano (default: 6)")
    add("--dry", action="store_true", help="write nothing")
    return parser.parse_args(argv)


def main(argv=None):
    given = arguments(argv)
    inside = {name: given.material / name for name in ("pianos", "rooms", "midi")}
    folders = {name: folder for name, folder in inside.items() if folder.is_dir()}
    material = Material(**folders, report=tuple(given.piano), seconds=given.seconds, each=given.each)
    try:
        sounds = [(case, case.make()) for name in ROWS_HEARD for case in ROWS[name](material)]
        print("| detector | notes | struck % | raw: error | area | fitted: error | area |")
        print("|---" * 7 + "|")
        for spec in given.detector or DETECTORS:
            odds, right, rows = notes_told(spec, sounds)
            print(line(spec, odds, right, rows), flush=True)
            if not given.dry:
                keep(spec, fitted(odds, right))
    except (PianolabError, OSError) as error:
        print(reason(error), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
