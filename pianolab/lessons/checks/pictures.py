"""The exercises of notebook 13: grey values, opening a row, counting blobs, and how much two boxes overlap."""

from typing import Any

import numpy as np
from scipy import ndimage

from pianolab.lessons.checks.grading import Answer, ask_array, ask_number, exercise, judge, near
from pianolab.texts.catalogue import Told

WHITE = 255


@exercise
def check_grey(answer: Answer, rng: np.random.Generator) -> str:
    """``grey(magnitude, floor_db) -> array``: the largest is 255, ``floor_db`` decibels below it or more 0.

    Between them grey values are even steps of decibels. Whole numbers, rounded or cut off: within 1 is near enough.
    """
    for floor_db in (60.0, float(rng.integers(40, 80))):
        largest = float(rng.uniform(2, 30))
        magnitude = largest * 10 ** (-rng.uniform(0, floor_db + 25, 24) / 20)
        magnitude[[3, 11, 17]] = largest, largest * 10 ** (-(floor_db + 20) / 20), largest * 10 ** (-floor_db / 40)
        below_db = 20 * np.log10(magnitude / largest)
        about, want = Told("hints.grey.case", floor_db=floor_db), WHITE * np.clip(below_db / floor_db + 1, 0, 1)
        got = ask_array(answer, magnitude, floor_db, about=about, shape=magnitude.shape)
        unclipped = WHITE * (below_db / floor_db + 1)
        absolute = WHITE * np.clip(20 * np.log10(magnitude) / floor_db + 1, 0, 1)
        power = WHITE * np.clip(below_db / 2 / floor_db + 1, 0, 1)
        mistakes = [
            (near(got, want / WHITE, 0.01), Told("hints.grey.to_one")),
            (near(got, WHITE - want, 1), Told("hints.grey.negative")),
            (near(got, unclipped, 1) or near(got % 256, np.floor(unclipped) % 256, 1), Told("hints.grey.wraps")),
            (near(got, power, 1), Told("hints.grey.power")),
            (near(got, absolute, 1), Told("hints.grey.absolute")),
            (near(got, WHITE * magnitude / largest, 1), Told("hints.grey.no_decibels")),
        ]
        i = int(np.argmax(np.abs(got - want)))
        value = Told("hints.grey.value", below=-below_db[i], want=want[i], got=got[i])
        judge(got, want, about, mistakes, otherwise=value, within=1.0)
    return Told("hints.grey.known")


@exercise
def check_opened(answer: Answer, rng: np.random.Generator) -> str:
    """``opened(row, n) -> (len(row),)`` of True and False: only runs of at least n True are kept, as they are."""
    for n in (3, int(rng.choice([5, 7]))):  # Odd: OpenCV moves what it opens with an even line by a pixel.
        lengths = rng.permutation([1, n - 1, n, n + 1, 2 * n])
        runs = [np.r_[np.zeros(rng.integers(1, 4), bool), np.ones(length, bool)] for length in lengths]
        row = np.concatenate([*runs, np.zeros(n, bool)])
        want, line = ndimage.binary_opening(row, np.ones(n)), np.ones(n)
        about = Told("hints.opened.case", n=n, row="".join("X" if on else "." for on in row))
        got = ask_array(answer, row, n, about=about, shape=row.shape)
        eroded = [ndimage.binary_erosion(row, line, origin=shift) for shift in range(-(n // 2), (n - 1) // 2 + 1)]
        mistakes = [
            (any(near(got, each) for each in eroded), Told("hints.opened.eroded")),
            (ndimage.binary_dilation(row, line), Told("hints.opened.dilated")),
            (ndimage.binary_closing(row, line), Told("hints.opened.closed")),
            (ndimage.binary_opening(row, np.ones(n + 1)), Told("hints.opened.longer")),
            (row, Told("hints.opened.all")),
        ]
        i = int(np.argmax(np.abs(got - want)))
        shown = "X" if want[i] else "."
        judge(got, want, about, mistakes, otherwise=Told("hints.opened.value", i=i, want=shown))
    return Told("hints.opened.known")


@exercise
def check_count_blobs(answer: Answer, rng: np.random.Generator) -> str:
    """``count_blobs(mask) -> int``: how many blobs of True there are; what touches, also at a corner, is one."""
    drawn = np.zeros((4, 6), bool)
    drawn[[0, 1, 2, 0, 0], [0, 1, 2, 4, 5]] = True
    for mask in (drawn, rng.random((12, 20)) < 0.25):
        want, by_sides = _n_blobs(mask, np.ones((3, 3))), _n_blobs(mask)
        about = Told("hints.count_blobs.case", rows=mask.shape[0], columns=mask.shape[1], n=int(mask.sum()))
        got = ask_number(answer, mask, about=about)
        said = Told("hints.count_blobs.said", about=about, want=want, got=got)
        mistakes = [
            (got == by_sides, Told("hints.count_blobs.corners")),
            (got == want + 1, Told("hints.count_blobs.background")),
            (got == mask.sum(), Told("hints.count_blobs.pixels")),
        ]
        judge(got, float(want), said, mistakes, otherwise=Told("hints.count_blobs.rule"))
    return Told("hints.count_blobs.known")


@exercise
def check_overlap(answer: Answer, rng: np.random.Generator) -> str:
    """``overlap(a, b) -> float``: the area that two boxes share, over the area that they cover together; 0 if apart.

    A box is (x, y, width, height), as OpenCV gives it. Exact to six digits.
    """
    boxes = [((0, 0, 4, 2), (2, 1, 5, 3)), ((0, 0, 3, 3), (5, 6, 2, 2)), ((1, 1, 6, 4), (2, 2, 2, 1))]
    x, y, width, height = (int(value) for value in rng.integers(3, 9, 4))
    boxes.append(((x, y, width, height), (x + width - 2, y + 1, width, height)))
    for a, b in boxes:
        wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
        tall = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
        shared, areas = max(wide, 0) * max(tall, 0), (a[2] * a[3], b[2] * b[3])
        together, about = sum(areas) - shared, Told("hints.overlap.case", a=a, b=b)
        want, got = shared / together, ask_number(answer, a, b, about=about)
        mistakes = [
            (shared == 0 and not near(got, 0.0), Told("hints.overlap.apart", got=got)),
            (float(shared), Told("hints.overlap.area")),
            (shared / sum(areas), Told("hints.overlap.twice")),
            (2 * shared / sum(areas), Told("hints.overlap.dice")),
            (shared / min(areas), Told("hints.overlap.smaller")),
        ]
        judge(got, want, about, mistakes, otherwise=Told("hints.overlap.value", want=want, got=got))
    return Told("hints.overlap.known")


def _n_blobs(mask: np.ndarray, neighbours: np.ndarray | None = None) -> int:
    labelled: Any = ndimage.label(mask, neighbours)
    return labelled[1]
