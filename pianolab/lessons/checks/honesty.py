"""The exercises of notebook 10: differences of pieces, the chance of a difference, many comparisons, tuning."""

import itertools

import numpy as np

from pianolab.lessons.checks.grading import Answer, ask_array, ask_number, exercise, judge
from pianolab.texts.catalogue import Told

_ONE_WORSE = np.array([1, 1, -1, 1, 1])
_GRID = 64  # Made-up differences are multiples of 1/64, so that sums are exact in whatever order they are made.


@exercise
def check_gains(answer: Answer, rng: np.random.Generator) -> str:
    """``gains(a, b, pieces) -> array``: for each piece the mean of a - b, in the order of the pieces' names."""
    once = ["waltz", "etude", "minuet"], Told("hints.gains.once")
    takes = ["minuet", "etude", "etude", "waltz", "etude", "minuet"], Told("hints.gains.takes")
    for names, about in (once, takes):
        pieces, order = np.array(names), list(dict.fromkeys(names))
        a, b = rng.uniform(0.2, 0.9, (2, len(names)))
        got = ask_array(answer, a, b, pieces, about=about)
        by_piece = {name: (a - b)[pieces == name] for name in order}
        want = [by_piece[name].mean() for name in sorted(order)]
        mistakes = [
            ([by_piece[name].mean() for name in order], Told("hints.gains.order")),
            (a - b, Told("hints.gains.recordings")),
            ([by_piece[name].sum() for name in sorted(order)], Told("hints.gains.sum")),
            (-np.array(want), Told("hints.gains.sign")),
        ]
        said = Told("hints.gains.said", about=about, want=_short(want), got=_short(got))
        judge(got, want, said, mistakes, otherwise=Told("hints.gains.each"))
    return Told("hints.gains.known")


@exercise
def check_flip_p(answer: Answer, rng: np.random.Generator) -> str:
    """``flip_p(differences) -> float``: share of all sign flips whose mean is at least as far from 0."""
    some = rng.choice(np.arange(2, 20), 5, replace=False) / _GRID
    while len(set(_ways(some * _ONE_WORSE).values())) < 4:  # Each mistake shall be known by its number.
        some = rng.choice(np.arange(2, 20), 5, replace=False) / _GRID
    cases = [
        (some * _ONE_WORSE, Told("hints.flip_p.mixed")),
        (some, Told("hints.flip_p.all_better")),
        (-some, Told("hints.flip_p.all_worse")),
        (np.append(some[:3], 0.0), Told("hints.flip_p.tie")),
    ]
    for differences, about in cases:
        got = ask_number(answer, differences, about=about)
        ways = _ways(differences)
        mistakes = [
            (ways["itself"], Told("hints.flip_p.itself")),
            (ways["one_side"], Told("hints.flip_p.one_side")),
            (np.mean(_sums(differences) >= abs(differences.sum())), Told("hints.flip_p.one_side")),
            (ways["share"], Told("hints.flip_p.share")),
        ]
        said = Told("hints.flip_p.said", about=about, want=ways["right"], got=got)
        judge(got, ways["right"], said, mistakes, otherwise=Told("hints.flip_p.count", n=2 ** len(differences)))
    return Told("hints.flip_p.known")


def _sums(differences):
    return np.array(list(itertools.product([-1, 1], repeat=len(differences)))) @ differences


def _ways(differences):
    """What is right, and what mistakes would have given."""
    sums, there = _sums(differences), differences.sum()
    return {
        "right": np.mean(np.abs(sums) >= abs(there)),
        "itself": np.mean(np.abs(sums) > abs(there)),
        "one_side": np.mean(sums >= there),
        "share": np.mean(differences <= 0),
    }


@exercise
def check_holm(answer: Answer, rng: np.random.Generator) -> str:
    """``holm(ps) -> array``: p values corrected by Holm, in the order in which they were given."""
    one = float(rng.uniform(0.002, 0.006))
    for ps in ([4 * one, one, 3.5 * one], [0.6, 0.3, 0.9], [one, 0.04, 0.03, 0.5]):
        p, n = np.array(ps), len(ps)
        about = Told("hints.holm.case", ps=_short(p))
        got = ask_array(answer, p, about=about)
        order = np.argsort(p)
        times = p[order] * (n - np.arange(n))
        raised = np.maximum.accumulate(times)
        want, falling, uncapped = np.empty(n), np.empty(n), np.empty(n)
        want[order], falling[order], uncapped[order] = np.minimum(raised, 1), np.minimum(times, 1), raised
        mistakes = [
            (p, Told("hints.holm.nothing")),
            (np.minimum(n * p, 1), Told("hints.holm.bonferroni")),
            (np.minimum(raised, 1), Told("hints.holm.order")),
            (uncapped, Told("hints.holm.cap")),
            (falling, Told("hints.holm.falling")),
        ]
        said = Told("hints.holm.said", about=about, want=_short(want), got=_short(got))
        judge(got, want, said, mistakes, otherwise=Told("hints.holm.rule"))
    return Told("hints.holm.known")


@exercise
def check_chosen(answer: Answer, rng: np.random.Generator) -> str:
    """``chosen(tune, test) -> float``: mean on test of the setting that is best on tune; one row a setting."""
    for n_settings, n_pieces in ((5, 8), (12, 4)):
        tune, test = rng.uniform(0.3, 0.9, (2, n_settings, n_pieces))
        best = int(np.argmax(tune.mean(axis=1)))
        test[best] -= 0.2  # Nobody is lucky twice.
        about = Told("hints.chosen.case", n=n_settings, pieces=n_pieces)
        got, want = ask_number(answer, tune, test, about=about), test[best].mean()
        mistakes = [
            (test.mean(axis=1).max(), Told("hints.chosen.on_test")),
            (tune.mean(axis=1).max(), Told("hints.chosen.reports_tune")),
            (test.max(axis=0).mean(), Told("hints.chosen.each_piece")),
            (test.mean(), Told("hints.chosen.all")),
        ]
        said = Told("hints.chosen.said", about=about, want=want, got=got)
        judge(got, want, said, mistakes, otherwise=Told("hints.chosen.rule"))
    return Told("hints.chosen.known")


def _short(values):
    return ", ".join(f"{value:.3f}" for value in values)
