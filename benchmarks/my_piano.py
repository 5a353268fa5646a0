"""What `pianolab learn-piano` brings: pianos as they are recorded, and the same pianos out of tune.

    python benchmarks/my_piano.py $PIANOS/one $PIANOS/another
    python benchmarks/my_piano.py $PIANOS/one --cents 0 --cents -35 --detector yin

Each folder of recorded notes plays the scale of the guided plan; the piano is learnt from it. Then it plays melodies of
40 notes over the keyboard, which are heard without and with the profile. Each is heard twice, the second time 6 ms
later: where the frames lie decides over two or three of 40 notes, most of all over a bass key struck again and again,
and chance must not be taken for a loss. A note is found if its key is heard within 100 ms of its stroke. Pianos are put
out of tune by playing all of them faster or slower. A folder without some of the keys plays the nearest ones in the
scale, and the same note some octaves higher in a melody. Prints a row a piano and detector.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from pianolab import sound
from pianolab.my_piano import DETECTORS, as_notes, learn, plan_for
from pianolab.piano.sampled import SampledPiano
from pianolab.roll import Notes
from pianolab.session import transcribe

SR = 44100
PEAK, NOISE_DB = 0.3, -80.0
NEAR_S = 0.1
MELODIES = (0, 1, 2)  # Seeds.
LATER_S = (0.0, 0.006)


def melody(seed, keys, n=40):
    """A random walk over the keyboard, soft to loud."""
    rng = np.random.default_rng(seed)
    beat = rng.choice([0.3, 0.45, 0.6], n)
    onset = 0.5 + np.concatenate([[0.0], np.cumsum(beat)[:-1]])
    midi = np.clip(60 + np.cumsum(rng.integers(-9, 10, n)), 33, 100)
    there = [next(key for key in range(one, 128, 12) if key in keys) for one in midi]
    return Notes(onset, onset + 0.9 * beat, there, rng.uniform(45, 100, n))


def played(piano, notes, cents, seed):
    """A take in a quiet room, and its notes: both slower for a flat piano."""
    y = piano.render(notes, rng=np.random.default_rng(seed))
    y = PEAK * y / np.max(np.abs(y)) + np.random.default_rng(seed).normal(scale=10 ** (NOISE_DB / 20), size=len(y))
    rate = round(SR * 2.0 ** (-cents / 1200.0))
    y = sound.resample(y.astype(np.float32), sr=SR, target_sr=rate) if cents else y.astype(np.float32)
    return y, Notes(notes.onset * rate / SR, notes.offset * rate / SR, notes.midi, notes.velocity)


def later(y, truth, by_s):
    """The same take, which begins a little later."""
    n = round(by_s * SR)
    room = np.random.default_rng(0).normal(scale=10 ** (NOISE_DB / 20), size=n).astype(np.float32)
    return np.concatenate([room, y]), Notes(truth.onset + n / SR, truth.offset + n / SR, truth.midi, truth.velocity)


def counts(truth, heard):
    """How many notes were found, and how many were heard that nobody played."""
    used = np.zeros(len(heard), bool)
    for onset, midi in zip(truth.onset, truth.midi, strict=True):
        hits = np.flatnonzero((heard.midi == midi) & (np.abs(heard.onset - onset) < NEAR_S) & ~used)
        used[hits[:1]] = True
    return int(np.sum(used)), int(np.sum(~used))


def rows(folder, cents, detectors):
    piano = SampledPiano(folder, sr=SR)
    keys = set(piano.keys.tolist())
    plan = plan_for(keys)
    learnt = learn(played(piano, as_notes(plan), cents, 1)[0], sr=SR, plan=plan, detectors=detectors)
    profile = learnt.profile
    takes = [later(*played(piano, melody(seed, keys), cents, 2 + seed), by) for seed in MELODIES for by in LATER_S]
    for name in detectors:
        before = np.sum([counts(truth, transcribe(y, sr=SR, detector=name)) for y, truth in takes], axis=0)
        after = before
        if set(profile.heard_by(name).parts) - {"loudness"}:
            heard = [counts(truth, transcribe(y, sr=SR, detector=name, my_piano=profile)) for y, truth in takes]
            after = np.sum(heard, axis=0)
        notes = sum(len(truth) for _, truth in takes)
        yield {
            "piano": Path(folder).name,
            "cents": cents,
            "measured": round(learnt.cents, 1),
            "kept": "+".join(profile.heard_by(name).parts) or "-",
            "detector": name,
            "notes": notes,
            "found": before[0],
            "found with": after[0],
            "wrong": before[1],
            "wrong with": after[1],
            "points": round(100.0 * (after[0] - before[0]) / notes, 1),
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pianos", nargs="+", metavar="DIR", help="folders of recorded single notes")
    parser.add_argument("--cents", action="append", type=float, help="how far out of tune (default: 0 and -35)")
    parser.add_argument("--detector", action="append", metavar="NAME", help="default: all of pianolab's")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    found = []
    for folder in args.pianos:
        for cents in args.cents or (0.0, -35.0):
            new = list(rows(folder, cents, args.detector or DETECTORS))
            print(pd.DataFrame(new).to_string(index=False, header=not found), flush=True)
            found += new
    table = pd.DataFrame(found)
    sums = table.groupby(["cents", "detector"], sort=False)[["notes", "found", "found with", "wrong", "wrong with"]]
    print(sums.sum().to_string())


if __name__ == "__main__":
    main()
