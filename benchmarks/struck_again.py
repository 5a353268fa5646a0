"""Is a key that sounds struck again? Repeats of single keys, as they are, beside talk and in noise.

    python benchmarks/struck_again.py --pianos "$PIANOS"                    fft_peak, cqt and yin
    python benchmarks/struck_again.py --pianos "$PIANOS" --detector fft_peak --fit

On each piano of --piano tunes are drawn in which half of the keys are struck two to four times, .13 to .9 s apart. A
repeat is found if a note of its key stands within 50 ms of it. A note that nobody struck counts as a false repeat if
its key sounds. Where the one voice of a tracker asks whether its key was struck again, --fit asks as well, and fits a
logistic regression to what is known of that moment: by how much the key's partials and the level rose, and the log odds
of the evidence (pianolab.tracking.one_voice). It says how many moments the fit gets right, for each piano by weights of
the others.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from tqdm.auto import tqdm
from world_sounds import SR, Sounding, piano, seeded

from pianolab.cli.command import number_of
from pianolab.errors import PianolabError, reason
from pianolab.piano import espeak, voices
from pianolab.piano.degrade import noisy
from pianolab.registry import create
from pianolab.roll import Notes
from pianolab.scores import struck
from pianolab.session import Session, default_tracker
from pianolab.tracking.certainty import log_odds
from pianolab.tracking.one_voice import LEAST_LOUDER_DB, MOST_LOUDER_DB, OneVoice

PIANOS = (
    "kawai_upright_kw",
    "vsco2_upright",
    "steinhoff_upright",
    "francis_bacon_fb",
    "yamaha_c3_headroom",
    "steinway_b_iowa",
    "yamaha_c5_salamander",
)
TUNE_S, NEAR_S = 14.0, 0.05
PARTS = ("as it is", "beside talk by rule", "beside espeak-ng", "in noise")


def tune(folder: Path, number: int) -> Notes:
    """Single keys, half of them struck several times."""
    rng, onset_s, rows = seeded("again", folder.name, number), 0.5, []
    while onset_s < TUNE_S:
        midi = rng.integers(22, 107) if rng.random() < 0.5 else rng.integers(45, 90)
        n = 1 if rng.random() < 0.5 else rng.integers(2, 5)
        gap_s = rng.uniform(0.3, 1.4) if n == 1 else np.exp(rng.uniform(np.log(0.13), np.log(0.9)))
        velocity = rng.uniform(35, 115)
        for _ in range(n):
            held_s = gap_s * rng.uniform(0.6, 0.97)
            rows.append((onset_s, onset_s + held_s, midi, np.clip(velocity * rng.uniform(0.75, 1.3), 20, 120)))
            onset_s += gap_s
    notes = Notes(*np.array(rows).T)
    return notes[np.isin(notes.midi, piano(folder).keys)]


def sounds(pianos: Path, names, each: int):
    """Piano, part and sound."""
    for name in names:
        for number in range(each):
            notes, rng = tune(pianos / name, number), seeded("again", name, number, "sound")
            y = piano(pianos / name).render(notes, rng=rng)
            for part in PARTS:
                if part == "in noise":
                    heard = noisy(y, snr_db=rng.uniform(10.0, 25.0), rng=rng, slope=rng.uniform(0.0, 1.2))
                elif part == "as it is":
                    heard = y
                else:
                    talk = voices.speech if "rule" in part else espeak.spoken
                    other = np.resize(talk(len(y) / SR, sr=SR, rng=rng), len(y))
                    ratio = np.sqrt(np.mean(y**2) / max(np.mean(other**2), 1e-12))
                    heard = y + other * ratio * 10.0 ** (-rng.uniform(8.0, 20.0) / 20.0)
                peak = np.float32(max(1.0, np.abs(heard).max()))
                yield name, part, Sounding((heard / peak).astype(np.float32), SR, notes)


def told(spec: str, sounding: Sounding) -> tuple[Notes, list[tuple]]:
    """What a detector hears, and the moments in which it asked whether a key was struck again."""
    asked, ask = [], OneVoice._is_struck_again

    def asks(self, onset):
        louder_db = max(db for _, db in self._levels) - onset.level_db
        answer = ask(self, onset)
        asked.append((onset.time_s, self._key, self._rise_db(onset.time_s), louder_db, onset.evidence, answer))
        return answer

    detector = create(spec)
    tracker = default_tracker(detector)
    session = Session(detector, sr=sounding.sr, tracker=tracker)
    OneVoice._is_struck_again = asks
    try:
        session.push(sounding.y)
        session.flush()
    finally:
        OneVoice._is_struck_again = ask
    return tracker.notes(), [(time_s - detector.onset_delay_s, *more) for time_s, *more in asked]


def moments(name, notes: Notes, asked) -> list[dict]:
    """What was known when a detector asked, and whether the key was struck."""
    rows = []
    for time_s, key, rise_db, louder_db, evidence, answer in asked:
        near = np.abs(notes.onset[notes.midi == key + 21] - time_s) <= NEAR_S
        louder_db = np.clip(louder_db, LEAST_LOUDER_DB, MOST_LOUDER_DB)
        known = {"rise": rise_db, "louder": louder_db, "odds": log_odds(evidence), "one": 1.0}
        rows.append({"piano": name, "struck": bool(near.any()), "said": answer, **known})
    return rows


def counted(notes: Notes, heard: Notes) -> dict:
    """How many repeats there are, how many were found, and how many were heard that nobody played."""
    again = np.diff(notes.midi, prepend=-1) == 0
    false = heard[~struck(notes, heard)]
    rings = (notes.onset < false.onset[:, None] - NEAR_S) & (notes.offset > false.onset[:, None] - NEAR_S)
    rings &= notes.midi == false.midi[:, None]
    found = [
        np.any((heard.midi == midi) & (np.abs(heard.onset - s) <= NEAR_S))
        for s, midi in zip(notes.onset[again], notes.midi[again], strict=True)
    ]
    return {"repeats": int(again.sum()), "found": int(np.sum(found)), "false": int(rings.any(axis=1).sum())}


def fitted(rows: pd.DataFrame) -> np.ndarray:
    """Weights of rise, level, log odds and 1 under which what happened is likeliest."""
    seen, right = rows[["rise", "louder", "odds", "one"]].to_numpy(float), rows.struck.to_numpy()
    spread = np.array([10.0, 3.0, 1.0, 1.0])

    def surprise(weights):
        logit = seen / spread @ weights
        value = np.logaddexp(0.0, logit).sum() - logit[right].sum() + 0.5 * weights @ weights
        return value, (seen / spread).T @ (1.0 / (1.0 + np.exp(-logit)) - right) + weights

    return minimize(surprise, np.zeros(4), jac=True).x / spread


def fit(rows: pd.DataFrame) -> str:
    """The weights, and what they get right on each piano if they were fitted to the others."""
    rows = rows[rows.rise.notna()]
    logit = pd.Series(0.0, index=rows.index)
    for name in rows.piano.unique():
        here = rows.piano == name
        others = rows if here.all() else rows[~here]  # One piano alone has nobody to learn from.
        logit[here] = rows.loc[here, ["rise", "louder", "odds", "one"]].to_numpy(float) @ fitted(others)
    rise, louder, odds, one = fitted(rows)
    says = rows.said.astype(bool)
    lines = [
        f"a decibel of rise counts {rise:.3f}; in such decibels: a decibel of level {louder / rise:.2f}, "
        f"a unit of log odds {odds / rise:.1f}, needed for a chance of one half {-one / rise:.1f}",
        f"rule: {(says & rows.struck).sum()} of {rows.struck.sum()} struck, {(says & ~rows.struck).sum()} false",
    ]
    for chance in (0.4, 0.5, 0.6, 0.7):
        least = np.log(chance / (1.0 - chance))
        right, false = ((logit >= least) & rows.struck).sum(), ((logit >= least) & ~rows.struck).sum()
        lines.append(f"from {chance} on ({(least - one) / rise:.1f} dB): {right} struck, {false} false")
    return "\n".join(lines)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--pianos", type=Path, required=True, help="a folder with folders of single notes (index.json)")
    add("--piano", nargs="+", default=list(PIANOS), help="folders in it (default: those that nothing is reported on)")
    add("--detector", action="append", help="may be repeated (default: fft_peak, cqt and yin)")
    add("--each", type=number_of("tunes"), default=3, help="tunes of each piano (default: 3)")
    add("--fit", action="store_true", help="fit the weights of the rule")
    given = parser.parse_args(argv)
    try:
        made = list(tqdm(sounds(given.pianos, given.piano, given.each), desc="tunes"))
        counts, asked = [], []
        for spec in given.detector or ("fft_peak", "cqt", "yin"):
            for name, part, sounding in tqdm(made, desc=spec):
                heard, moments_asked = told(spec, sounding)
                counts.append({"detector": spec, "part": part, "minutes": len(sounding.y) / SR / 60.0})
                counts[-1] |= counted(sounding.notes, heard)
                asked += moments(name, sounding.notes, moments_asked)
    except (PianolabError, OSError) as error:
        print(reason(error), file=sys.stderr)
        return 2
    table = pd.DataFrame(counts).groupby(["detector", "part"], sort=False).sum()
    table["found %"] = 100.0 * table.found / table.repeats
    table["false a minute"] = table.false / table.minutes
    print(table[["repeats", "found %", "false a minute"]].round(1).to_string())
    if given.fit:
        print(fit(pd.DataFrame(asked)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
