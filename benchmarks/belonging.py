"""How surely are labels that cannot belong to a sound told from those that do?

    python benchmarks/belonging.py                                      what comes with pianolab
    python benchmarks/belonging.py --data builtin --data "$MAPS"        data sets and folders of your own
    python benchmarks/belonging.py --every 4                            every fourth recording, for a quick look

Each recording is compared with its own labels: none may be suspected (`false`), and the least fit says how near any
came to it (the threshold is 0.3). The same with white noise 20 dB below the sound. Then with labels that are wrong in
known ways: in other units, in other tempos, shifted, and those of other recordings of the set. `found` is the share
that is suspected, `mended` the share whose remedy is right. Recordings with fewer than three strokes are counted apart:
the time of one note says little.
"""

import argparse
import re
import tempfile
from collections import Counter

import numpy as np
import pandas as pd

from pianolab import sound
from pianolab.data import load_dataset
from pianolab.data.belonging import CHECKED_S, FEW, SURE_FIT, SURE_FIT_OF_MANY, Fit, misfit, read_strokes
from pianolab.roll import Notes

OWN, OWN_IN_NOISE = "its own labels", "its own labels, in noise"
NOISE_DB = -20.0
OTHERS = 3  # Each sound is compared with the labels of so many other recordings.
MULTIPLIED = {
    "milliseconds": (1e3, "look like milliseconds"),
    "samples at 44100 Hz": (44100.0, "look like samples at 44100 Hz"),
    "minutes": (1 / 60, "look like minutes"),
    "ticks, 960 a second": (960.0, "multiplied by"),
    "beats at 100 a minute": (100 / 60, "multiplied by"),
    "tempo 0.9": (0.9, "multiplied by"),
    "tempo 1.05": (1.05, "multiplied by"),
}
SHIFTS_S = (-1.9, -0.5, 0.5, 1.9, 5.0)


def changed(notes, *, times=1.0, plus=0.0):
    """The notes at other times; those that would begin before 0 are left out."""
    onset, offset = notes.onset * times + plus, notes.offset * times + plus
    keep = onset >= 0
    return Notes(onset[keep], offset[keep], notes.midi[keep])


def wrong(notes, others):
    """Labels that are wrong: what is wrong, the notes, and words of the right remedy (None: any)."""
    for name, (times, words) in MULTIPLIED.items():
        yield name, changed(notes, times=times), words
    for plus in SHIFTS_S:
        sign = "take" if plus > 0 else "add"
        right = "|".join(f"{abs(plus) + off / 100:.2f}" for off in range(-10, 11))
        yield f"shift {plus:+g} s", changed(notes, plus=plus), rf"{sign} ({right}) s"
    for other in others:
        yield "another recording", other, None


def read_noisy_strokes(audio):
    """Strokes of the sound with white noise NOISE_DB below it."""
    y, sr = sound.load(audio, duration_s=CHECKED_S)
    noise = np.random.default_rng(0).standard_normal(len(y)) * np.sqrt(np.mean(y**2)) * 10 ** (NOISE_DB / 20)
    with tempfile.TemporaryDirectory() as folder:
        sound.write(f"{folder}/noisy.wav", 0.5 * (y + noise).astype(np.float32), sr=sr)
        return read_strokes(f"{folder}/noisy.wav")


def rows(data, every):
    recordings = [r for r in load_dataset(data, split="all").recordings if r.labels is not None][::every]
    found = [(r, r.notes(), read_strokes(r.audio)) for r in recordings]
    for i, (recording, notes, strokes) in enumerate(found):
        fit = Fit(strokes, notes.onset)
        group = "few" if fit.n < FEW else "many"
        about = {"data": data, "recording": recording.id, "group": group, "fit": fit.here}
        yield about | {"what": OWN, "said": misfit(notes, strokes), "mended": np.nan}
        noisy, begun = read_noisy_strokes(recording.audio), notes.between(0, CHECKED_S)
        about_noisy = about | {"fit": Fit(noisy, begun.onset).here}
        yield about_noisy | {"what": OWN_IN_NOISE, "said": misfit(begun, noisy), "mended": np.nan}
        others = [labels for r, labels, _ in found[i + 1 :] + found[:i] if r.piece != recording.piece][:OTHERS]
        for what, labels, words in wrong(notes, others):
            if len(labels):
                said = misfit(labels, strokes)
                mended = np.nan if words is None else float(bool(re.search(words, said)))
                yield about | {"what": what, "said": said, "mended": mended}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", action="append", metavar="NAME|DIR", help="default: builtin and real")
    parser.add_argument("--every", type=int, default=1, metavar="N")
    args = parser.parse_args()
    table = pd.DataFrame([row for data in args.data or ("builtin", "real") for row in rows(data, args.every)])
    table["found"] = table["said"] != ""
    is_own = table["what"].isin([OWN, OWN_IN_NOISE])
    own = table[is_own].groupby(["what", "data", "group"])
    print(own.agg(recordings=("fit", "size"), false=("found", "sum"), least_fit=("fit", "min")).to_string())
    others = table[~is_own]
    shares = others.groupby(["what", "group"], sort=False).agg(
        n=("found", "size"), found=("found", "mean"), mended=("mended", "mean")
    )
    print(shares.round(3).to_string())
    print(f"(a remedy is told where it gives a fit of {SURE_FIT} or more, {SURE_FIT_OF_MANY} where many notes begin)")
    missed = others[~others["found"] & (others["group"] == "many")]
    print("most often missed:", Counter(missed["recording"]).most_common(8))


if __name__ == "__main__":
    main()
