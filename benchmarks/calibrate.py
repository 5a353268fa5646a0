"""Makes the confidence of the detectors a probability: of the notes told with 0.8, eight in ten shall have been struck.

    python benchmarks/calibrate.py --material "$MATERIAL"                   all detectors, all weights of neural
    python benchmarks/calibrate.py --material "$MATERIAL" --detector neural --detector neural:lookahead_ms=240
    python benchmarks/calibrate.py --material "$MATERIAL" --dry             only shows what it would write
    python benchmarks/calibrate.py --material "$MATERIAL" --figure docs/figures/calibration.png

Each detector hears phrases and performances of two pianos on which nothing is reported, as they are, beside speech, in
noise, in rooms and through cheap microphones. Each note that it announces was struck or not. A logistic regression on
the evidence (pianolab.tracking.certainty) is fitted to that; its weights are not negative, so that more evidence never
makes a note less sure. Notes that are too unsure are not told at all; from what confidence on, is chosen on the same
pianos. What is learnt is written to pianolab/dsp/fitted.json, and for `neural` beside its weights.

The first table says how true the confidence is on these pianos, by weights that were fitted to the other one, and on
the pianos of --report, by the weights that are written. The second is the reliability curve on the pianos of --report,
which --figure draws; without any of these (--report alone) it is that on the pianos that were fitted to. One-voice
detectors hear no performances.
"""

import argparse
import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from reliability import markdown, share_cell
from scipy.optimize import minimize
from tqdm.auto import tqdm
from world_sounds import REPORT_PIANOS, ROWS, Case, Material, Sounding

from pianolab.cli.command import number_of, seconds
from pianolab.detectors.neural import DELAYS_MS, WEIGHTS
from pianolab.dsp.fitted import FITTED
from pianolab.errors import PianolabError, reason
from pianolab.files import replacing
from pianolab.piano import render
from pianolab.registry import create
from pianolab.roll import Notes
from pianolab.scores import expected_calibration_error, reliability_curve, separation, struck
from pianolab.session import Session, default_tracker
from pianolab.tracking import Tracker, Tracking
from pianolab.tracking.certainty import NAMES, log_odds, promptness

PIANOS = ("kawai_upright_kw", "vsco2_upright")
NETWORKS = tuple(f"neural:weights={name},lookahead_ms={ms}" for name in WEIGHTS for ms in DELAYS_MS)
DETECTORS = ("fft_peak", "cqt", "yin", "nmf", *NETWORKS)
DRAWN_MS = 90  # Of the networks only this lookahead is drawn, which is the default.
LEAST_DRAWN = 10  # Fewer notes of a bin make no point in the figure; the table has them.
ROWS_HEARD = ("phrases", "beside speech", "noise", "performances")
SHORT_S = 0.1  # Where a note ends does not matter here.
THRESHOLDS = (0.0, 0.1, 0.2, 0.3, 0.4)  # From such a confidence on a note may be told.
COST = 0.01  # So much onset F1 may a row lose by not telling the least sure notes.
ALIKE = 0.002  # So far from the best onset F1 counts as the best: a false note misleads more than a missed one.
# Close chords, then a bass key under one, on pianos made by rule, from starts all over a row.
CHORDS = ([60, 64, 67], [57, 60, 64], [55, 59, 62, 65], [64, 67, 72], [41, 60, 65, 69])
CHORD_PIANOS, CHORD_STARTS_S = ("felt", "upright", "bright"), (0.5, 0.506, 0.511, 0.517, 0.523, 0.529, 0.534)
SPARE = 0.1  # Their keys keep so much distance from the threshold.
HELD = 1.0  # Weights are held to the raw evidence (1 for its own, 0 for the rest) as strongly as so many notes would.


class Evident(Tracker):
    """The tracker that suits a detector, but it tells all, and keeps how each note was told last."""

    def __init__(self, detector):
        super().__init__(replace(default_tracker(detector).tracking, sure_threshold=0.0))
        self.told = {}  # onset, key, evidence, wait

    def _keep(self, change):
        events = super()._keep(change)
        for event in events:
            if event.kind != "off":
                evidence = change.confidence, change.support, self._struck_evidence(change)
                self.told[event.note] = event.time_s, event.midi, *evidence, event.heard_s - event.time_s
        return events


def notes_told(spec: str, sounds: list[tuple[Case, Sounding]]):
    """Of each note what its weights multiply, (n, 5), whether it was struck, its piano and row."""
    detector = create(spec)
    evidence, right, rows, played = [], [], [], Counter()
    for case, sounding in tqdm(sounds, desc=spec):
        if case.row == "performances" and not detector.polyphonic:
            continue
        tracker = Evident(detector)
        session = Session(detector, sr=sounding.sr, tracker=tracker)
        session.push(sounding.y)
        session.flush()
        told = np.array(list(tracker.told.values())).reshape(-1, 6)
        told = told[np.lexsort((told[:, 1], told[:, 0]))]  # as Notes are sorted
        right.append(struck(sounding.notes, Notes(told[:, 0], told[:, 0] + SHORT_S, told[:, 1])))
        evidence.append(told[:, 2:])
        row = f"{case.name.split()[0]}: {case.row}"
        rows += [row] * len(told)
        played[row] += len(sounding.notes)
    *odds, waited_s = np.concatenate(evidence).T
    odds = [np.array([log_odds(one) for one in column]) for column in odds]
    prompt = np.array([promptness(one) for one in waited_s])
    odds = np.column_stack([np.ones(len(prompt)), *odds, prompt])
    return odds, np.concatenate(right), np.array(rows, dtype=str), played


def chords() -> list[tuple[Case, Sounding]]:
    """Chords whose keys hide one another. Nothing is fitted to them, but no threshold may take them away."""
    cases = []
    for piano in CHORD_PIANOS:
        for start_s in CHORD_STARTS_S:
            struck = [(start_s + 1.2 * i, midi) for i, keys in enumerate(CHORDS) for midi in keys]
            onset_s, midi = np.array(struck).T
            notes = Notes(onset_s, onset_s + 0.9, midi)
            sounding = Sounding(0.2 * render(notes, sr=44100, piano=piano, tail_s=0.5), 44100, notes)
            cases.append((Case("chords", "", f"{piano} {start_s}", lambda sounding=sounding: sounding), sounding))
    return cases


def least_told(chance: np.ndarray, right: np.ndarray, rows: np.ndarray, played: Counter) -> float:
    """The confidence from which a note is told: the highest that costs no row more than `COST`.

    Nor may all rows together fall more than `ALIKE` below the best.

    Where the confidence is true, F1 is highest if notes are told from half of that F1 on (Lipton, Elkan &
    Naryanaswamy, "Optimal thresholding of classifiers to maximize F1 measure", ECML 2014): from .3 to .48 here.
    """

    def f1(threshold, of):
        told = np.isin(rows, of) & (chance >= threshold)
        return 2.0 * (told & right).sum() / max(told.sum() + sum(played[row] for row in of), 1)

    cheap = [t for t in THRESHOLDS if all(f1(t, [row]) >= f1(0.0, [row]) - COST for row in played)]
    best = max(f1(t, [*played]) for t in cheap)
    return max(t for t in cheap if f1(t, [*played]) >= best - ALIKE)


def fitted(odds: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The five weights under which what happened is likeliest (Platt 1999), those of the evidence not negative."""
    start = np.array([Tracking.__dataclass_fields__[name].default for name in NAMES])

    def surprise(weights):
        logit = odds @ weights
        chance = 1.0 / (1.0 + np.exp(-logit))
        held = HELD * (weights - start)
        value = np.logaddexp(0.0, logit).sum() - logit[right].sum() + 0.5 * held @ (weights - start)
        return value, odds.T @ (chance - right) + held

    return minimize(surprise, start, jac=True, method="L-BFGS-B", bounds=[(None, None)] + [(0.0, None)] * 4).x


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


def sums(spec: str, pianos: str, odds: np.ndarray, right: np.ndarray, chance: np.ndarray) -> dict:
    """How true the confidence is as the raw evidence, and as a chance."""
    found = {"detector": spec, "pianos": pianos, "notes": len(right), "struck %": 100.0 * right.mean()}
    for name, given in (("raw", chances(odds[:, 1:2], np.ones(1))), ("fitted", chance)):
        found[f"{name}: error"] = expected_calibration_error(given, right)
        found[f"{name}: area"] = separation(given, right)
    return found


def curve(spec: str, right: np.ndarray, chance: np.ndarray) -> pd.DataFrame:
    """The reliability curve of one detector."""
    found = pd.DataFrame(vars(reliability_curve(chance, right)))
    found = found[found.n > 0].assign(detector=spec)
    return found.assign(**{"said with": [f"{low:.1f}-{low + 0.1:.1f}" for low in found.low]})


def short(spec: str) -> str:
    """A name that fits the head of a column."""
    return spec.replace("weights=", "").replace("lookahead_ms=", "").replace(",", " ").replace(":", " ")


def draw(curves: pd.DataFrame, path: Path) -> None:
    """Share of struck notes against confidence, one panel for detectors of one voice, one for those of many."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 4.4), sharex=True, sharey=True, layout="constrained")
    for axis, many, title in zip(axes, (False, True), ("one note at a time", "several notes at once"), strict=True):
        axis.plot([0, 1], [0, 1], color="0.6", lw=1, ls="--", label="calibrated")
        of = [spec for spec in dict.fromkeys(curves.detector) if create(spec).polyphonic == many and is_drawn(spec)]
        for number, spec in enumerate(of):
            rows = curves[(curves.detector == spec) & (curves.n >= LEAST_DRAWN)].sort_values("low")
            ends = np.abs(np.array([rows.share_low, rows.share_high]) - rows.share.to_numpy())
            style = {"marker": "osD^v"[number % 5], "ms": 5, "lw": 1.2, "capsize": 2}
            axis.errorbar(rows.confidence, rows.share, yerr=ends, label=short(spec), **style)
        axis.set(title=title, xlabel="confidence with which notes were said", xlim=(0, 1), ylim=(0, 1.02))
        axis.grid(alpha=0.3)
        axis.legend(frameon=False, fontsize="small", loc="upper left")
    axes[0].set_ylabel("share of them that was struck")
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=100, format="png")
    plt.close(figure)


def is_drawn(spec: str) -> bool:
    """Whether it is no network, or one of the lookahead that is drawn."""
    return getattr(create(spec), "lookahead_ms", DRAWN_MS) == DRAWN_MS


def keep(spec: str, weights: np.ndarray, threshold: float) -> None:
    """Write the weights, and from what confidence on a note is told, where the detector reads them."""
    detector = create(spec)
    settings = {name: round(float(weight), 4) for name, weight in zip(NAMES, weights, strict=True)}
    settings["sure_threshold"] = threshold
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
    add("--report", nargs="*", default=list(REPORT_PIANOS), help="folders in its pianos/ to judge on")
    add("--detector", action="append", help="may be repeated (default: all of ours, neural at each of its delays)")
    add("--seconds", type=seconds, default=20.0, help="length of a performance (default: 20)")
    add("--each", type=number_of("recordings"), default=6, help="phrases and performances of each piano (default: 6)")
    add("--dry", action="store_true", help="write no weights")
    add("--figure", type=Path, metavar="FILE", help="draw the reliability curve on the pianos of --report")
    return parser.parse_args(argv)


def sounds_of(given, pianos) -> list[tuple[Case, Sounding]]:
    """The sounds of some pianos, each made once for all detectors."""
    inside = {name: given.material / name for name in ("pianos", "rooms", "midi")}
    folders = {name: folder for name, folder in inside.items() if folder.is_dir()}
    if not pianos:
        return []
    material = Material(**folders, report=tuple(pianos), seconds=given.seconds, each=given.each)
    return [(case, case.make()) for name in ROWS_HEARD for case in ROWS[name](material)]


def calibrated(spec: str, sounds, reported, given) -> tuple[list[dict], pd.DataFrame]:
    """Fit one detector and write its weights; its rows of the first table, and its curve."""
    odds, right, rows, played = notes_told(spec, sounds)
    weights, chance = fitted(odds, right), left_out(odds, right, rows)
    threshold = 0.0  # The gate turns away what one voice is unsure of.
    if create(spec).polyphonic:
        threshold = least_told(chance, right, rows, played)
        of_chords, struck_too, *_ = notes_told(spec, chords())
        least_sure = chances(of_chords, weights)[struck_too].min() - SPARE
        threshold = max(t for t in THRESHOLDS if t <= max(least_sure, 0.0) and t <= threshold)
    if not given.dry:
        keep(spec, weights, threshold)

    def told(pianos, odds, right, chance):
        shown = chance >= threshold
        found = sums(spec, pianos, odds[shown], right[shown], chance[shown])
        return {**found, "from": threshold, "not told": (~shown).sum()}, right[shown], chance[shown]

    row, *_ = told("fitted to the other", odds, right, chance)
    if not reported:
        return [row], curve(spec, right, chances(odds, weights))
    odds, right, *_ = notes_told(spec, reported)
    of_report, right, chance = told("report", odds, right, chances(odds, weights))
    return [row, of_report], curve(spec, right, chance)


def page(table: pd.DataFrame, curves: pd.DataFrame) -> str:
    """Both tables as Markdown."""
    lines = ["| " + " | ".join(table.columns) + " |", "|---" * len(table.columns) + "|"]
    for row in table.itertuples(index=False):
        cells = (f"{x:.1f}" if x > 1 else f"{x:.3f}" for x in row[3:])
        lines.append(f"| {row[0]} | {row[1]} | {row[2]} | " + " | ".join(cells) + " |")
    drawn = [spec for spec in dict.fromkeys(curves.detector) if is_drawn(spec)]
    shown = curves[curves.detector.isin(drawn)].sort_values("low", kind="stable")
    shown = shown.assign(detector=[short(spec) for spec in shown.detector])
    return "\n".join([*lines, "", markdown(shown, "said with", share_cell, [short(spec) for spec in drawn])])


def main(argv=None):
    given = arguments(argv)
    try:
        sounds, reported = sounds_of(given, given.piano), sounds_of(given, given.report)
        tables, curves = [], []
        for spec in given.detector or DETECTORS:
            rows, points = calibrated(spec, sounds, reported, given)
            tables += rows
            curves.append(points)
            print("  ".join(f"{name} {value}" for name, value in rows[-1].items()), file=sys.stderr, flush=True)
        curves = pd.concat(curves, ignore_index=True)
        if given.figure:
            draw(curves, given.figure)
    except (PianolabError, OSError) as error:
        print(reason(error), file=sys.stderr)
        return 2
    print(page(pd.DataFrame(tables), curves))
    return 0


if __name__ == "__main__":
    sys.exit(main())
