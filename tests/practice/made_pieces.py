"""Pieces made by rule: a melody of few rhythms over a bass, in C major, of any length."""

import numpy as np

from pianolab.practice.part import Part

SCALE = np.array([0, 2, 4, 5, 7, 9, 11])


def key(degree: int, low: int) -> int:
    return int(low + 12 * (degree // 7) + SCALE[degree % 7])


def piece(seed: int, *, n_bars: int = 24) -> Part:
    """Bars of four beats for two hands."""
    rng = np.random.default_rng(seed)
    rhythms = [rng.choice([0.5, 1.0, 1.0, 2.0], 8) for _ in range(3)]
    rows, degree = [], int(rng.integers(0, 7))
    for bar in range(n_bars):
        rhythm, at = rhythms[rng.integers(3)], 0.0
        for wanted in rhythm:
            if at < 4:
                length = min(float(wanted), 4 - at)
                degree = int(np.clip(degree + rng.integers(-2, 3), -3, 10))
                rows.append((4 * bar + at, length, key(degree, 60), bar, 1))
                at += length
        root = int(rng.choice([0, 3, 4, 5]))
        rows += [(4 * bar, 2, key(root, 36), bar, 2)]
        rows += [(4 * bar + 2, 2, key(root + by, 36), bar, 2) for by in (2, 4)]
    return Part.of(*zip(*sorted(rows), strict=True))
