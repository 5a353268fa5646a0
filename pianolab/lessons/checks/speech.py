"""The exercises of notebook 12: a telephone's levels, the cheapest way through a table, blocks that come too late."""

import numpy as np
import numpy.typing as npt

from pianolab.lessons.checks.grading import Answer, Hint, ask_array, ask_number, exercise, judge, near
from pianolab.texts.catalogue import Told

MU = 255


@exercise
def check_mu_law(answer: Answer, rng: np.random.Generator) -> str:
    """``mu_law(y) -> (n,)``: sign(y) ln(1 + 255 abs(y)) / ln 256 of samples in [-1, 1]. Exact to six digits."""
    for y in (np.array([0.0, 0.01, -0.01, 1.0, -1.0]), rng.uniform(-1, 1, 12)):
        about = Told("hints.mu_law.case", n=len(y))
        want = np.sign(y) * np.log1p(MU * np.abs(y)) / np.log1p(MU)
        with np.errstate(all="ignore"):
            got = ask_array(answer, y, about=about, shape=y.shape)
        i = int(np.argmax(np.abs(got - want)))
        mistakes = [
            (np.abs(want), Told("hints.mu_law.sign")),
            (near(got, want * np.log1p(MU)), Told("hints.mu_law.scale")),
            (y, Told("hints.mu_law.nothing")),
        ]
        value = Told("hints.mu_law.value", y=y[i], want=want[i], got=got[i])
        judge(got, want, about, mistakes, otherwise=value)
    return Told("hints.mu_law.known")


def cheapest(cost: npt.NDArray[np.float64], *, diagonal: bool = True) -> float:
    """What the cheapest way from the first cell to the last costs.

    Parameters
    ----------
    cost : (n, m) float64
    diagonal : bool
        Whether a way may go down and to the right at once, and not only one after the other.

    Returns
    -------
    float
        The sum of its cells.
    """
    total = np.full((cost.shape[0] + 1, cost.shape[1] + 1), np.inf)
    total[0, 0] = 0.0
    for i, row in enumerate(cost, 1):
        for j, here in enumerate(row, 1):
            begin = total[i - 1, j - 1] if diagonal or i == j == 1 else np.inf
            total[i, j] = here + min(begin, total[i - 1, j], total[i, j - 1])
    return float(total[-1, -1])


@exercise
def check_warping_cost(answer: Answer, rng: np.random.Generator) -> str:
    """``warping_cost(cost) -> float``: what the cheapest way from the first cell to the last costs.

    ``cost`` is (n, m). A way goes one cell down, one to the right, or both at once, and all its cells are added.
    Exact to six digits.
    """
    small = np.array([[1.0, 9.0, 9.0, 9.0], [2.0, 7.0, 9.0, 9.0], [9.0, 3.0, 1.5, 4.0]])
    for cost in (small, rng.uniform(0, 1, (6, 6)), rng.uniform(0, 1, (9, 5)).round(2)):
        want, about = cheapest(cost), Told("hints.warping_cost.case", n=cost.shape[0], m=cost.shape[1])
        got = ask_number(answer, cost, about=about)
        side = min(cost.shape)
        mistakes = [
            (want - cost[0, 0], Told("hints.warping_cost.first")),
            (want - cost[-1, -1], Told("hints.warping_cost.last")),
            (cheapest(cost, diagonal=False), Told("hints.warping_cost.diagonal")),
            (float(np.trace(cost[:side, :side])), Told("hints.warping_cost.straight")),
            (float(cost.min(axis=1).sum()), Told("hints.warping_cost.rows")),
            (got < want, Told("hints.warping_cost.too_cheap")),
        ]
        said = Told("hints.warping_cost.said", about=about, want=want, got=got)
        judge(got, want, said, mistakes, otherwise=Told("hints.warping_cost.greedy"))
    return Told("hints.warping_cost.known")


@exercise
def check_late(answer: Answer, rng: np.random.Generator) -> str:
    """``late(sent, arrived, buffer_s) -> float``: the share of blocks that came too late, 0 to 1.

    ``sent`` and ``arrived`` (n,) are seconds. Each block is played ``buffer_s`` after it was sent. Exact to six digits.
    """
    for n in (8, 40):
        sent = 0.02 * np.arange(n) + round(float(rng.uniform(1, 5)), 2)
        delay = rng.permutation(np.linspace(0.01, 0.2, n))
        buffer_s = float(np.sort(delay)[n * 5 // 8] + 1e-4)
        want, about = float(np.mean(delay > buffer_s)), Told("hints.late.case", n=n, ms=1000 * buffer_s)
        got = ask_number(answer, sent, sent + delay, buffer_s, about=about)
        mistakes = [
            (want * n, Told("hints.late.count")),
            (1 - want, Told("hints.late.in_time")),
            (float(np.mean(sent + delay > buffer_s)), Told("hints.late.clock")),
            (float(np.mean(delay > 1000 * buffer_s)), Told("hints.late.milliseconds")),
            (100 * want, Told("hints.late.percent")),
        ]
        if not 0 <= got <= n:
            raise Hint(Told("hints.late.range", about=about, got=got))
        said = Told("hints.late.said", about=about, want=want, got=got)
        judge(got, want, said, mistakes, otherwise=Told("hints.late.compare"))
    return Told("hints.late.known")
