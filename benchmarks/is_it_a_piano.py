"""What the question "is it a piano?" turns away, and what it costs: on pianos and sounds that nothing is reported on.

    python benchmarks/is_it_a_piano.py --material "$MATERIAL"
    python benchmarks/is_it_a_piano.py --material "$MATERIAL" --detector yin --threshold 0.5 --threshold 0.8
    python benchmarks/is_it_a_piano.py --material "$MATERIAL" --weights mine.npz        of pianolab.training.struck

A detector hears ten seconds each of voices, dishes, steps and knocks made by rule, other ones than those of world.py,
and the recorded noises that the network never heard; whatever it announces there is false. Then it hears melodies of
all pianos of --piano, as they are, beside talk, in noise, quiet and through a cheap microphone. Threshold 0 turns the
question off. The first table counts false notes a minute where nobody plays, the second found and false notes.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
from reliability_sounds import at_level
from tqdm.auto import tqdm
from world import hear, row_of
from world_sounds import KNOCKS_PEAK_DB, NOISE_DB, ROWS, SPEECH_DB, SR, Case, Material, Sounding, joined_once, seeded

from pianolab.cli.command import number_of
from pianolab.dsp import struck
from pianolab.errors import PianolabError, reason
from pianolab.piano import espeak, noises, voices
from pianolab.registry import create
from pianolab.roll import Notes
from pianolab.session import default_tracker

PIANOS = (
    "yamaha_c3_headroom",
    "yamaha_c5_salamander",
    "steinway_b_iowa",
    "francis_bacon_fb",
    "steinhoff_upright",
    "hupfeld_upright",
    "kawai_upright_kw",
    "vsco2_upright",
)
NEVER_HEARD = ("doing_the_dishes", "exercise_bike", "running_tap", "forest_2", "wind")
LENGTH_S, RECORDED_S = 10.0, 20.0
# How many of each sound, and its RMS (voices, noises) or peak in dBFS.
MADE = {
    "speech by rule": (voices.speech, 18, SPEECH_DB),
    "espeak-ng": (espeak.spoken, 12, SPEECH_DB),
    "singing": (voices.singing, 9, SPEECH_DB),
    "humming": (voices.humming, 9, SPEECH_DB),
    "mixed": (noises.mixed, 18, NOISE_DB),
    "clinks": (noises.clinks, 9, None),
    "steps": (noises.steps, 6, None),
    "knocks": (noises.knocks, 6, None),
}


def nobody(noise: Path | None) -> Iterator[Case]:
    """Sounds without a piano."""

    def made(name: str, number: int) -> Sounding:
        what, _, level_db = MADE[name]
        y = what(LENGTH_S, sr=SR, rng=seeded("is it a piano", name, number))
        loud = at_level(y, level_db) if level_db is not None else y / abs(y).max() * 10.0 ** (KNOCKS_PEAK_DB / 20.0)
        return Sounding(loud.astype("float32"), SR, Notes.empty())

    for name, (_, n, _) in MADE.items():
        for number in range(n if name != "espeak-ng" or espeak.is_installed() else 0):
            yield Case("nobody", name, f"{number}", lambda name=name, number=number: made(name, number))
    for name in NEVER_HEARD if noise else ():
        path = noise / f"{name}.ogg"
        yield Case(
            "nobody", "recorded", name, lambda path=path: Sounding(joined_once(path, RECORDED_S), SR, Notes.empty())
        )


def measure(spec: str, thresholds, cases) -> pd.DataFrame:
    """A row for each sound and threshold; None for a threshold is the detector's own."""
    detector, found = create(spec), []
    for case in tqdm(cases, desc=spec):
        sounding = case.make()
        for threshold in thresholds:
            tracking = default_tracker(detector).tracking
            if threshold is not None:
                tracking = replace(tracking, struck_threshold=threshold)
            answer = hear(detector, case, sounding, tracking)
            row = row_of(spec, case, sounding, answer)
            found.append({**row, "threshold": tracking.struck_threshold})
    return pd.DataFrame(found)


def tables(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """False notes a minute where nobody plays; found and false notes of melodies."""
    silent, played = rows[rows.row == "nobody"], rows[rows.row != "nobody"]
    sums = silent.groupby(["threshold", "part"], sort=False)[["false", "minutes"]].sum()
    nobody_plays = (sums["false"] / sums["minutes"]).unstack(sort=False)
    nobody_plays["notes in all"] = silent.groupby("threshold").false.sum()
    melodies = played.groupby(["threshold", "part"], sort=False)[["found", "played", "false"]].sum()
    melodies = pd.concat(
        [
            melodies,
            played.groupby("threshold")[["found", "played", "false"]]
            .sum()
            .assign(part="all")
            .set_index("part", append=True),
        ]
    )
    return nobody_plays, melodies


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--material", type=Path, required=True, help="a folder with pianos, and with rooms and noise if there are any")
    add(
        "--piano",
        nargs="+",
        default=list(PIANOS),
        help="folders in its pianos/ (default: those nothing is reported on)",
    )
    add("--detector", action="append", help="may be repeated (default: fft_peak)")
    add("--threshold", action="append", type=float, help="struck_threshold; may be repeated (default: the detector's)")
    add("--each", type=number_of("phrases"), default=3, help="phrases of each piano (default: 3)")
    add("--weights", type=Path, help="a file of pianolab.training.struck (default: the package's own)")
    given = parser.parse_args(argv)
    try:
        if given.weights:
            struck.Struck.__init__.__kwdefaults__["weights"] = given.weights
        folders = {name: given.material / name for name in ("pianos", "rooms", "noise")}
        there = {name: path for name, path in folders.items() if path.is_dir()}
        material = Material(**there, report=tuple(given.piano), each=given.each)
        cases = list(nobody(there.get("noise"))) + [
            c for row in ("phrases", "beside speech", "noise") for c in ROWS[row](material)
        ]
        for spec in given.detector or ("fft_peak",):
            for table in tables(measure(spec, given.threshold or (None,), cases)):
                print(spec, table.round(1).to_string(), sep="\n", end="\n\n")
    except (PianolabError, OSError) as error:
        print(reason(error), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
