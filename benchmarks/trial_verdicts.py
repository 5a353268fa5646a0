"""Are trials judged fairly: is each mistake named, and is nobody blamed for what was right?

    python benchmarks/trial_verdicts.py
    python benchmarks/trial_verdicts.py --pianos "$PIANOS" --trials 8 --detector fft_peak

Melodies of 12 notes are asked for and played on a sampled piano: as asked, or with one mistake somewhere, or at a free
tempo. A detector hears the sound in a quiet room, and the take is judged as on the live page. A mistake is named if one
verdict says what it was, of the right key, within 0.3 s. Every other verdict that is not "right" is a false blame: of
the judge, or of a detector that missed a note or heard one too many. Mere doubts ("perhaps") blame nobody. Nothing is
tuned on the pianos that are played: without --pianos it is the one whose notes come with pianolab for tests; with it
those that nothing was chosen by.

Prints a row a kind of take and detector, summed over the pianos, and writes each false or missing verdict to
--out/trial_verdicts.csv.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from world_sounds import REPORT_PIANOS, seeded

from pianolab.data import load_dataset
from pianolab.live.verdicts import judge
from pianolab.piano.sampled import SampledPiano
from pianolab.roll import Notes
from pianolab.session import transcribe

SR, NOISE_DB, PEAK = 44100, -80.0, 0.3
N_NOTES, BEAT_S, HELD = 12, 0.5, 0.9
LOWEST, HIGHEST = 48, 84
LATE_S, PAUSE_S, SLOWER = 0.25, 2.0, 2.0
NEAR_S = 0.3
KINDS = ("right", "wrong", "missing", "extra", "doubled", "octave", "late", "slow-down", "pause")


class Take(NamedTuple):
    """What is asked, what is played, and the mistake in it: verdict, key and time; None where there is none."""

    asked: Notes
    played: Notes
    mistake: tuple[str, int, float] | None


def make_take(kind: str, rng: np.random.Generator) -> Take:
    """A melody, played with one mistake of this kind at any place but the first and the last note."""
    midi = np.clip(rng.integers(55, 72) + np.cumsum(rng.integers(-4, 5, N_NOTES)), LOWEST + 12, HIGHEST - 12)
    beats = rng.choice([1.0, 1.0, 2.0], N_NOTES) * BEAT_S
    onset = np.append(0.0, np.cumsum(beats)[:-1])
    asked, k = Notes(onset, onset + HELD * beats, midi), int(rng.integers(1, N_NOTES - 1))
    if kind == "slow-down":
        beats = beats * np.linspace(1.0, SLOWER, N_NOTES)
    elif kind == "pause":
        beats = beats + PAUSE_S * (np.arange(N_NOTES) == k)
    times, keys = 0.5 + np.append(0.0, np.cumsum(beats)[:-1]) + rng.normal(scale=0.01, size=N_NOTES), midi.copy()
    mistake = None
    if kind == "wrong":
        keys[k] += rng.choice([-2, -1, 1, 2])
    elif kind == "octave":
        keys[k] += rng.choice([-12, 12])
    elif kind == "late":
        times[k] += LATE_S
    if kind in ("wrong", "octave", "late", "missing"):
        mistake = kind, int(midi[k]), float(times[k])
    if kind == "missing":
        times, keys = np.delete(times, k), np.delete(keys, k)
    elif kind in ("extra", "doubled"):
        key = int(keys[k]) if kind == "doubled" else int(keys[k] + rng.choice([-7, -5, 5, 7]))
        times, keys = np.insert(times, k + 1, times[k] + 0.5 * beats[k]), np.insert(keys, k + 1, key)
        mistake = kind, key, float(times[k + 1])
    ends = times + HELD * np.diff(times, append=times[-1] + 1.0).clip(max=1.5)
    return Take(asked, Notes(times, ends, keys, rng.uniform(50, 100, len(keys))), mistake)


def heard(piano: SampledPiano, take: Take, detector: str, rng: np.random.Generator) -> Notes:
    """What a detector hears of a take in a quiet room."""
    y = piano.render(take.played, rng=rng)
    y = PEAK * y / np.max(np.abs(y)) + rng.normal(scale=10 ** (NOISE_DB / 20), size=len(y))
    return transcribe(y.astype(np.float32), sr=SR, detector=detector)


def said(take: Take, notes: Notes) -> Iterator[dict]:
    """Each verdict that blames, and whether it names the mistake; and the mistake if nothing does."""
    named = False
    for verdict in judge(take.asked, notes):
        if verdict.what in ("right", "perhaps"):
            continue
        key = verdict.heard if verdict.asked is None else verdict.asked
        fits = (
            take.mistake and (verdict.what, key) == take.mistake[:2] and abs(verdict.time_s - take.mistake[2]) <= NEAR_S
        )
        yield {"what": verdict.what, "key": key, "time_s": round(verdict.time_s, 2), "named": bool(fits) and not named}
        named = named or bool(fits)
    if take.mistake and not named:
        yield {"what": "not named", "key": take.mistake[1], "time_s": round(take.mistake[2], 2), "named": False}


def shipped_notes(folder: Path) -> Path:
    """The single notes of the test piano that comes with pianolab, as a folder that can be played."""
    entries = []
    for recording in load_dataset("real", split="test").recordings:
        if recording.kind == "notes":
            shutil.copy(recording.audio, folder)
            (key,), (onset_s,) = recording.notes().midi.tolist(), recording.notes().onset.tolist()
            entries.append({"file": recording.audio.name, "midi": key, "onset_s": onset_s, "dynamic": None})
    (folder / "index.json").write_text(json.dumps(entries), encoding="utf-8")
    return folder


def table_of(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a kind and detector."""
    table = rows.groupby(["kind", "detector"], sort=False)[
        ["trials", "notes", "named", "not named", "false blames"]
    ].sum()
    table["blames in 100 notes"] = (100 * table["false blames"] / table["notes"]).round(2)
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pianos", type=Path, help="a folder of folders of single notes")
    names = f"one of the folders; may be repeated (default: {', '.join(REPORT_PIANOS)})"
    parser.add_argument("--piano", action="append", metavar="NAME", help=names)
    parser.add_argument("--trials", type=int, default=6, help="of each kind on each piano (default: 6)")
    parser.add_argument("--detector", action="append", help="spec text; may be repeated (default: fft_peak, neural)")
    parser.add_argument("--out", type=Path, default=Path("results"), help="default: results")
    given = parser.parse_args()
    rows, details = [], []
    with tempfile.TemporaryDirectory() as temporary:
        if given.pianos is None:
            folders = {"yamaha_ydp": shipped_notes(Path(temporary))}
        else:
            names = [name for name in given.piano or REPORT_PIANOS if (given.pianos / name).is_dir()]
            folders = {name: given.pianos / name for name in names}
        for name, folder in folders.items():
            piano = SampledPiano(folder, sr=SR)
            for kind in KINDS:
                for number in range(given.trials):
                    take = make_take(kind, seeded("trial", kind, number))
                    for detector in given.detector or ["fft_peak", "neural"]:
                        notes = heard(piano, take, detector, seeded("room", kind, number))
                        about = {"piano": name, "kind": kind, "detector": detector}
                        found = list(said(take, notes))
                        details += [{**about, "trial": number, **one} for one in found]
                        counts = {"trials": 1, "notes": len(take.asked), "named": sum(one["named"] for one in found)}
                        counts["not named"] = sum(one["what"] == "not named" for one in found)
                        counts["false blames"] = len(found) - counts["named"] - counts["not named"]
                        rows.append({**about, **counts})
    given.out.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(details).to_csv(given.out / "trial_verdicts.csv", index=False)
    print(table_of(pd.DataFrame(rows)).to_string())


if __name__ == "__main__":
    main()
