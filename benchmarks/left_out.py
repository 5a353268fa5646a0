"""Do the constants of the one-voice rules serve a piano that did not choose them?

    python benchmarks/left_out.py --pianos "$PIANOS"

Each piano is left out in turn. Of a few values of a constant, the one with which the other pianos are heard best is
chosen, the one that pianolab has where some are as good, and the piano that was left out is heard with it. Beside that
stands how well it is heard with the value that pianolab has. Where both are alike and one value is chosen nearly
always, the constant is not tuned to a piano. One constant is changed at a time.

--pianos is a folder of folders, each with an index.json, as for other_pianos.py. Heard are phrases of single notes,
clean, in pink and white noise 10 dB below, and quiet; what counts is the mean onset F1. The two pianos that nothing is
chosen by are not heard. Writes left_out.csv to --out.
"""

import argparse
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import numpy as np
import pandas as pd
from other_pianos import CONDITIONS, SEED, heard_notes
from world_sounds import REPORT_PIANOS, singles

from pianolab.data.phrases import make_phrases
from pianolab.detectors import yin
from pianolab.dsp import onsets
from pianolab.scores import score_notes
from pianolab.tracking import one_voice, steady

HEARD = ("clean", "pink 10 dB", "white 10 dB", "quiet")


@dataclass(frozen=True)
class Constant:
    """A constant, the detector that it is judged by, and other values of it."""

    module: ModuleType
    name: str
    others: tuple[float, ...]
    detector: str = "fft_peak"

    @property
    def shipped(self) -> float:
        """The value that pianolab has."""
        return getattr(self.module, self.name)


CONSTANTS = (
    Constant(yin, "SURE", (0.5, 0.65, 0.9), "yin"),
    Constant(one_voice, "FAINT", (0.4, 0.8, 1.0)),
    Constant(one_voice, "SWELL_S", (0.0, 0.5, 2.0)),
    Constant(one_voice, "REPEAT_LOUDER_DB", (0.5, 2.0, 99.0)),
    Constant(one_voice, "NAMED_S", (0.05, 0.15, 99.0)),
    Constant(one_voice, "FAINT_STROKE", (0.3, 0.45, 99.0)),
    Constant(one_voice, "BROKEN_SURE", (1.2, 99.0)),
    Constant(steady, "STEADY_CENTS", (4.0, 16.0)),
    Constant(steady, "STEADY_DB", (0.0, 3.0)),
    Constant(onsets, "FLOOR_S", (0.75, 3.0)),
    Constant(onsets, "FLOOR_SHARE", (0.15, 0.6)),
    Constant(onsets, "ABOVE_FLOOR", (4.0, 16.0)),
    Constant(onsets, "CHANCE", (0.25, 1.0)),
    Constant(onsets, "STROKE_AT_HALF", (0.14, 0.24)),
    Constant(onsets, "STROKE_SLOPE", (0.0, 0.3)),
)


def sounds_of(folders, n_phrases):
    """The sounds of each piano, with what is played in them."""
    return {
        folder.name: [
            (CONDITIONS[condition](phrase.y, np.random.default_rng([SEED, number])), phrase.sr, phrase.notes)
            for number, phrase in enumerate(make_phrases(singles(folder), n_phrases=n_phrases, seed=SEED))
            for condition in HEARD
        ]
        for folder in folders
    }


def scores_with(constant, value, sounds):
    """Mean onset F1 of each piano where the constant has a value."""
    with patch.object(constant.module, constant.name, value):
        return pd.Series(
            {
                piano: np.mean(
                    [score_notes(notes, heard_notes(y, sr, constant.detector)[0])["onset_f1"] for y, sr, notes in heard]
                )
                for piano, heard in sounds.items()
            }
        )


def left_out(scores, shipped):
    """Of each piano, the value that all others choose, and the scores with it and with the shipped value.

    Parameters
    ----------
    scores : DataFrame
        Pianos downwards, values across.
    shipped : float
        The value that is chosen where others are no better.

    Returns
    -------
    DataFrame
        A row a piano: chosen, with_chosen, with_shipped.
    """
    rows = []
    for piano in scores.index:
        means = scores.drop(index=piano).mean().round(6)
        chosen = shipped if means[shipped] == means.max() else means.idxmax()
        rows.append((piano, chosen, scores.loc[piano, chosen], scores.loc[piano, shipped]))
    return pd.DataFrame(rows, columns=["piano", "chosen", "with_chosen", "with_shipped"])


def summary_of(constant, scores, rows):
    """One line of the table: a constant, what was chosen how often, the mean scores of the pianos left out."""
    times = ", ".join(f"{value:g} ({n})" for value, n in Counter(rows.chosen).most_common())
    return {
        "constant": constant.name,
        "detector": constant.detector,
        "pianolab has": constant.shipped,
        "F1 of all with each": ", ".join(f"{value:g}: {mean:.3f}" for value, mean in scores.mean().items()),
        "chosen (by how many)": times,
        "F1 left out, as chosen": round(rows.with_chosen.mean(), 3),
        "F1, as pianolab has it": round(rows.with_shipped.mean(), 3),
        "worst loss of a piano": round((rows.with_shipped - rows.with_chosen).max(), 3),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pianos", type=Path, required=True, help="a folder of folders of single notes")
    parser.add_argument("--phrases", type=int, default=2, help="of each piano (default: 2)")
    parser.add_argument("--constant", action="append", help="name of one; may be repeated (default: all)")
    parser.add_argument("--out", type=Path, default=Path("results/left_out"), help="default: results/left_out")
    given = parser.parse_args()
    folders = [one.parent for one in sorted(given.pianos.glob("*/index.json"))]
    folders = [one for one in folders if one.name not in REPORT_PIANOS]
    if len(folders) < 2:
        raise SystemExit(f"{given.pianos} holds fewer than two pianos to choose by: see the beginning of this script")
    sounds = sounds_of(folders, given.phrases)
    every, table = [], []
    for constant in CONSTANTS:
        if given.constant and constant.name not in given.constant:
            continue
        values = sorted((constant.shipped, *constant.others))
        scores = pd.DataFrame({value: scores_with(constant, value, sounds) for value in values})
        rows = left_out(scores, constant.shipped)
        every.append(rows.assign(constant=constant.name))
        table.append(summary_of(constant, scores, rows))
        print(pd.Series(table[-1]).to_string(), "\n", flush=True)
    given.out.mkdir(parents=True, exist_ok=True)
    pd.concat(every).to_csv(given.out / "left_out.csv", index=False)
    print(pd.DataFrame(table).to_string(index=False))


if __name__ == "__main__":
    main()
