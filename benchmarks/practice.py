"""Is a player checked fairly: is each mistake named, and how often is somebody blamed for what was right?

    python benchmarks/practice.py
    python benchmarks/practice.py --pianos "$PIANOS" --rooms "$ROOMS" --takes 2
    python benchmarks/practice.py --detector fft_peak --melody
    python benchmarks/practice.py --recordings "$MAPS" --seconds 30

The pieces that come with pianolab are played with human timing and dynamics: rightly, and with mistakes of ten kinds.
A detector hears them dry and in rooms, and `pianolab.practice` checks each take as if it were played now. A mistake is
named if a verdict says what it was, of the right note, key or bar, within half a second of its place. Every other blame
is a false accusation; "not sure" blames nobody and is counted by itself. Missed and extra notes are also counted as
F1, as for MAESTRO-E (the best in print: .563 and .864; another set, so no comparison): a wrong key is a missed
note and an extra one.

Nothing is tuned on the pianos that are played by default. With --certainty several times there is a row for each: the
curve from which the default was chosen, with --piano kawai_upright_kw --piano vsco2_upright. Without --pianos the
rendered grand is played. Prints a row a piano, certainty and kind of take, and how often and how soon each kind of
mistake is named; writes each verdict that blames, and each mistake that none names, to --out/practice_verdicts.csv.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from world_sounds import REPORT_PIANOS, responses, seeded

from pianolab.data import load_dataset
from pianolab.files import replacing
from pianolab.piano import SampledPiano, measured_room, read_response, render
from pianolab.places import comes_with
from pianolab.practice import read_score
from pianolab.practice.checking import CERTAINTY, Verdict, check
from pianolab.practice.mistakes import KINDS, Mistake, Take, play
from pianolab.practice.modes import one_hand
from pianolab.practice.part import Part
from pianolab.roll import Salience
from pianolab.session import Session

SR, PEAK, NOISE_DB, BLOCK_S = 16000, 0.3, -70.0, 0.05
SLOWER = 0.85  # Who practises plays so much slower than is written.
NEAR_S, JUMP_NEAR_S = 0.5, 1.5
SAME_S = 0.3  # A missed or an extra note is the same within so many seconds.
BLAMES = ("wrong", "octave", "missing", "extra", "doubled", "early", "late", "restart", "skip", "uneven")
NAMED = ("wrong", "octave", "extra", "doubled", "missing", "restart", "skip", "uneven")  # The others are no mistakes.
INSTEAD, BESIDES = ("wrong", "octave"), ("extra", "doubled")


class Counts(NamedTuple):
    """What came of one take."""

    minutes: float
    notes: int
    accused: int
    not_sure: int
    missed: tuple[int, int, int]  # Named, told, there.
    extra: tuple[int, int, int]


def fits(verdict: Verdict, mistake: Mistake) -> bool:
    """Whether a verdict names a mistake."""
    what = verdict.what
    if mistake.kind == "uneven":
        return what in ("uneven", "early", "late") and mistake.time_s - 0.1 <= verdict.time_s <= mistake.end_s + 0.1
    if mistake.kind in ("restart", "skip"):
        near = abs(verdict.time_s - mistake.end_s) <= JUMP_NEAR_S
        return what == mistake.kind and near and verdict.to_bar == mistake.to_bar
    if what != mistake.kind or abs(verdict.time_s - mistake.time_s) > NEAR_S:
        return False
    same_note = mistake.asked is None or verdict.note == mistake.asked
    return same_note and (mistake.kind == "missing" or verdict.heard == mistake.played)


def named(take: Take, verdicts: Sequence[Verdict]) -> Iterator[tuple[Mistake, Verdict | None]]:
    """Each mistake that should be named, and the first verdict that does."""
    for mistake in take.mistakes:
        if mistake.kind in NAMED:
            yield mistake, next((one for one in verdicts if fits(one, mistake)), None)


def accusations(take: Take, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Blames that no mistake deserves. Of a mistake that is told under another name only that name is wrong."""
    return [
        one
        for one in verdicts
        if one.what in BLAMES and not any(fits(one, mistake) for mistake in take.mistakes if mistake.kind in NAMED)
    ]


def same(told: list[tuple[int, float]], there: list[tuple[int, float]]) -> tuple[int, int, int]:
    """How many (key, seconds) are the same, how many were told, how many there are."""
    left, hits = list(there), 0
    for key, time_s in told:
        near = [one for one in left if one[0] == key and abs(one[1] - time_s) <= SAME_S]
        if near:
            left.remove(min(near, key=lambda one: abs(one[1] - time_s)))
            hits += 1
    return hits, len(told), len(there)


def counted(take: Take, verdicts: Sequence[Verdict]) -> Counts:
    missed = [(one.asked, one.time_s) for one in verdicts if one.what in ("missing", *INSTEAD) and one.asked]
    extra = [(one.heard, one.time_s) for one in verdicts if one.what in (*BESIDES, *INSTEAD) and one.heard]
    left_out = [one for one in take.mistakes if one.kind in ("missing", *INSTEAD)]
    besides = [one for one in take.mistakes if one.kind in (*BESIDES, *INSTEAD)]
    return Counts(
        float(take.notes.offset.max()) / 60,
        len(take.of[take.of >= 0]),
        len(accusations(take, verdicts)),
        sum(one.what == "not sure" for one in verdicts),
        same(missed, [(int(take.part.midi[one.asked]), one.time_s) for one in left_out if one.asked is not None]),
        same(extra, [(one.played, one.time_s) for one in besides if one.played is not None]),
    )


def f1(counts: Sequence[tuple[int, int, int]]) -> float:
    hits, told, there = np.sum(np.array(counts).reshape(-1, 3), axis=0)
    return float(2 * hits / (told + there)) if told + there else float("nan")


def heard(y: np.ndarray, detector: str, *, sr: int = SR) -> tuple[list, Salience, float]:
    """Events and evidence of a stream, and how long after its time a row was known, seconds."""
    parts: list[Salience] = []
    session = Session(detector, sr=sr, listen=parts.append)
    step, late_s = round(BLOCK_S * sr), 0.0
    events = []
    for at in range(0, len(y), step):
        events += session.push(y[at : at + step])
        if parts:
            late_s = max(late_s, session.heard_s - float(parts[-1].times[-1]))
    return events + session.flush(), Salience.concatenate(parts), late_s


class Heard(NamedTuple):
    """A take and what a detector made of it."""

    name: str
    take: Take
    events: list
    evidence: Salience
    late_s: float


def takes(given: argparse.Namespace, detector: str) -> Iterator[Heard]:
    """Each piece on each piano: once rightly and --takes times with mistakes, by turns dry and in a room."""
    rooms = responses(given.rooms, "house", "room") if given.rooms else []
    paths = sorted((comes_with("data") / "pieces").glob("*.musicxml"))
    for piano_name in given.piano or REPORT_PIANOS if given.pianos else ["grand"]:
        piano = SampledPiano(given.pianos / piano_name, sr=SR) if given.pianos else None
        for i, path in enumerate(paths[:: given.every]):
            score = read_score(path)
            part = one_hand(score.part(), "right")[0] if given.melody else score.part()
            if given.melody and len(part) > part.n_steps:
                continue  # The right hand strikes two keys at once.
            tempo = SLOWER * 60 * score.beats / score.seconds
            for number in range(given.takes + 1):
                draws = seeded("practice", piano_name, path.stem, number)
                take = play(part, beats_a_minute=tempo, seed=int(draws.integers(2**31)), mistakes=asked(number, i))
                y = render(take.notes, sr=SR, seed=number) if piano is None else piano.render(take.notes, rng=draws)
                if rooms and (i + number) % 2:
                    y = measured_room(y, sr=SR, response=read_response(draws.choice(rooms), sr=SR))
                y = PEAK * y / np.max(np.abs(y)) + draws.normal(scale=10 ** (NOISE_DB / 20), size=len(y))
                yield Heard(f"{piano_name}/{path.stem}/{number}", take, *heard(y.astype(np.float32), detector))


def recordings(given: argparse.Namespace) -> Iterator[Heard]:
    """The beginnings of labelled recordings. Their labels serve as the score, so that every blame is false."""
    for recording in load_dataset(str(given.recordings), split="all").recordings[:: given.every]:
        y, sr = recording.load(duration_s=given.seconds)
        notes = recording.notes().between(0.0, len(y) / sr).on_keyboard()
        part = Part.of_notes(notes)
        take = Take(part, notes, np.arange(len(part)), ())
        yield Heard(f"recorded/{recording.id}/0", take, *heard(y, given.detector, sr=sr))


def asked(number: int, i: int) -> list[str]:
    """Kinds of mistakes of a take: none at first; then all, those first that the take before had no room for."""
    return [] if number == 0 else np.roll(KINDS, 5 * number + i).tolist()


def delay_s(mistake: Mistake, verdict: Verdict, take: Take) -> float:
    """How long after the mistake it was told; of a missing note, after the next note that was due, as it was played."""
    since_s = mistake.end_s if mistake.kind in ("restart", "skip", "uneven") else mistake.time_s
    if mistake.kind == "missing" and mistake.asked is not None:
        next_step = take.part.step[mistake.asked] + 1
        after = take.notes.onset[(take.of >= 0) & (take.part.step[take.of] == next_step)]
        since_s = float(after.min()) if len(after) else since_s
    return verdict.told_s - since_s


def judged(one: Heard, certainty: float) -> tuple[Counts, list[dict]]:
    """The counts of a take, and a row for each blame and each mistake that no verdict names."""
    verdicts = check(one.take.part, one.events, one.evidence, late_s=one.late_s, certainty=certainty)
    rows = []
    for mistake, verdict in named(one.take, verdicts):
        told_s = None if verdict is None else delay_s(mistake, verdict, one.take)
        about = {"mistake": mistake.kind, "asked": mistake.asked, "played": mistake.played, "time_s": mistake.time_s}
        rows.append(
            {"take": one.name, "certainty": certainty, **about, "named": verdict is not None, "delay_s": told_s}
        )
    for verdict in accusations(one.take, verdicts):
        about = {"accused": verdict.what, "asked": verdict.asked, "played": verdict.heard, "time_s": verdict.time_s}
        rows.append({"take": one.name, "certainty": certainty, **about})
    return counted(one.take, verdicts), rows


def table_of(counts: Sequence[tuple[str, float, str, Counts]]) -> pd.DataFrame:
    """A row a piano, certainty and kind of take."""
    rows = []
    for key in dict.fromkeys(one[:3] for one in counts):
        these = [one[3] for one in counts if one[:3] == key]
        minutes, notes = sum(one.minutes for one in these), sum(one.notes for one in these)
        row = dict(zip(("piano", "certainty", "played"), key, strict=True))
        row |= {"takes": len(these), "minutes": round(minutes, 1), "notes": notes}
        row["false a minute"] = round(sum(one.accused for one in these) / minutes, 2)
        row["not sure %"] = round(100 * sum(one.not_sure for one in these) / notes, 1)
        row["missed F1"] = round(f1([one.missed for one in these]), 3)
        row["extra F1"] = round(f1([one.extra for one in these]), 3)
        rows.append(row)
    return pd.DataFrame(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pianos", type=Path, help="a folder of folders of single notes")
    parser.add_argument("--piano", action="append", help="which of them; may be repeated (default: the report pianos)")
    parser.add_argument("--rooms", type=Path, help="measured rooms, in which every other take is heard")
    parser.add_argument("--recordings", type=Path, help="labelled recordings instead, such as MAPS")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each of them (default: 30)")
    parser.add_argument("--takes", type=int, default=1, help="with mistakes, of each piece on each piano (default: 1)")
    parser.add_argument("--every", type=int, default=1, help="only every so many pieces (default: 1)")
    parser.add_argument("--melody", action="store_true", help="only right hands that strike one key at a time")
    parser.add_argument("--detector", default="neural", help="spec text (default: neural)")
    parser.add_argument("--certainty", action="append", type=float, help=f"may be repeated (default: {CERTAINTY})")
    parser.add_argument("--out", type=Path, default=Path("results"), help="default: results")
    given = parser.parse_args()
    counts, rows = [], []
    for one in takes(given, given.detector) if given.recordings is None else recordings(given):
        for certainty in given.certainty or [CERTAINTY]:
            count, found = judged(one, certainty)
            played = "with mistakes" if one.take.mistakes else "rightly"
            counts.append((one.name.split("/")[0], certainty, played, count))
            rows += found
    table, details = table_of(counts), pd.DataFrame(rows)
    given.out.mkdir(parents=True, exist_ok=True)
    with replacing(given.out / "practice_verdicts.csv") as temporary:
        details.to_csv(temporary, index=False)
    print(table.to_string(index=False))
    if "mistake" in details:
        mistakes = details.dropna(subset=["mistake"]).astype({"named": int})
        told = mistakes.groupby(["certainty", "mistake"])
        shares = told.agg(there=("named", "size"), named=("named", "sum"), delay_s=("delay_s", "median"))
        shares["delay_95_s"] = told["delay_s"].quantile(0.95)
        print(shares.round(2).to_string())
        of_all, of_kinds = mistakes.groupby("certainty")["named"], told["named"].mean().groupby("certainty")
        pooled, mean = of_all.mean().round(3).to_dict(), of_kinds.mean().round(3).to_dict()
        print(f"named of all: {pooled} (mean of the kinds: {mean})")


if __name__ == "__main__":
    main()
