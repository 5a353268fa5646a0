"""The exercises of notebook 06: frames in a row that make a note, hits, precision and recall."""

import numpy as np

from pianolab.lessons.checks.grading import Answer, ask_array, ask_number, ask_pairs, exercise, judge, near
from pianolab.texts.catalogue import Told


@exercise
def check_confirm(answer: Answer, rng: np.random.Generator) -> str:
    """``confirm(keys, n) -> list of (frame, key)``: the n-th frame in a row of each run; -1 is silence."""
    one, two, three = rng.integers(21, 100, 4).tolist()[:3]
    repeated = [one] * 5 + [-1] + [one] * 5 + [two] * 2 + [three] * 4
    cases = [
        ([-1, 60, 60, 60, 60, -1], 3, Told("hints.confirm.clean")),
        ([-1, 60, 60, 72, 60, 60, 60, -1], 3, Told("hints.confirm.blip")),
        (repeated, 4, Told("hints.confirm.repeated")),
        ([-1] * 5 + [one] * 5 + [-1] * 5, 4, Told("hints.confirm.rests")),
    ]
    for keys, n, about in cases:
        got, want = ask_pairs(answer, list(keys), n, about=about), _confirmed(keys, n)
        mistakes = [
            (any(key < 0 for _, key in got), Told("hints.confirm.silence")),
            (len(got) > len(want), Told("hints.confirm.once", n=n)),
            ([key for _, key in got] == [key for _, key in want], Told("hints.confirm.late")),
        ]
        said = Told("hints.confirm.said", about=about, n=n, want=want, got=got)
        judge(got, want, said, mistakes, otherwise=Told("hints.confirm.count"))
    return Told("hints.confirm.known")


def _confirmed(keys, n):
    run, found = 0, []
    for frame, key in enumerate(keys):
        run = run + 1 if frame and key == keys[frame - 1] else 1
        found += [(frame, key)] * (key >= 0 and run == n)
    return found


@exercise
def check_hits(answer: Answer, rng: np.random.Generator) -> str:
    """``hits(played, heard) -> int``: most pairs of (onset_s, key) within 50 ms and the same key, each used once."""
    t = round(float(rng.uniform(0.5, 2.0)), 2)
    key, late = Told("hints.hits.same_key"), Told("hints.hits.tolerance")
    free, early, nearest = Told("hints.hits.cross_off"), Told("hints.hits.early"), Told("hints.hits.nearest")
    cases = [
        ([(t, 60)], [(t + 0.03, 60)], 1, Told("hints.hits.late_30"), early),
        ([(t, 60)], [(t + 0.2, 60)], 0, Told("hints.hits.late_200"), late),
        ([(t, 60)], [(t, 72)], 0, Told("hints.hits.octave"), key),
        ([(t, 60)], [(t, 60), (t + 0.02, 60)], 1, Told("hints.hits.heard_twice"), free),
        ([(t, 60), (t + 0.04, 60)], [(t + 0.02, 60)], 1, Told("hints.hits.heard_once"), free),
        ([(t, 60), (t + 0.06, 60)], [(t - 0.02, 60), (t + 0.04, 60)], 2, Told("hints.hits.fast"), early),
        ([(t, 60), (t + 0.06, 60)], [(t + 0.04, 60), (t + 0.1, 60)], 2, Told("hints.hits.fast_late"), nearest),
    ]
    for played, heard, want, about, why in cases:
        got = ask_number(answer, list(played), list(heard), about=about)
        many = (got > min(len(played), len(heard)), Told("hints.hits.many"))
        judge(got, want, Told("hints.hits.said", about=about, n=want, got=got), [many], otherwise=why)
    return Told("hints.hits.known")


@exercise
def check_precision_recall(answer: Answer, rng: np.random.Generator) -> str:
    """``precision_recall(n_hits, n_played, n_heard) -> (P, R, F)``; 0 where nothing was played or heard."""
    hits = int(rng.integers(3, 9))
    for n, played, heard in ((hits, hits + 2, hits + 5), (hits, hits, hits), (0, 4, 3), (0, 5, 0), (0, 0, 3)):
        about = Told("hints.precision_recall.case", n=n, played=played, heard=heard)
        got = ask_array(answer, n, played, heard, about=about, shape=(3,))
        p, r = n / heard if heard else 0.0, n / played if played else 0.0
        f = 2 * p * r / (p + r) if n else 0.0
        mistakes = [
            (p != r and near(got[:2], [r, p]), Told("hints.precision_recall.swapped")),
            ([p, r, (p + r) / 2], Told("hints.precision_recall.harmonic")),
        ]
        yours = ", ".join(f"{value:.2f}" for value in got)
        judge(got, [p, r, f], about, mistakes, otherwise=Told("hints.precision_recall.truth", p=p, r=r, f=f, got=yours))
    return Told("hints.precision_recall.known")
