"""The page of a search: what was asked, the way of the score from trial to trial, and the best settings to paste."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from pianolab.compare.search import Range, Trial
from pianolab.compare.tuned import REPORT, Tuned, with_settings
from pianolab.files import replacing

_SHOWN = 12  # Trials in the table of the best.
_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 760, 260, 56, 36  # Of the figure, in its own units.


def write_page(tuned: Tuned, over: Sequence[Range]) -> Path:
    """Write report.html into the folder of a search.

    Parameters
    ----------
    tuned : Tuned
    over : sequence of Range
        What was searched.

    Returns
    -------
    Path
    """
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    ranked = sorted((t for t in tuned.trials if t.value is not None), key=lambda t: -(t.value or 0.0))
    data: dict[str, Any] = {
        "tuned": tuned,
        "question": tuned.question,
        "over": [str(one) for one in over],
        "figure": history(tuned.trials),
        "gain": tuned.gain,
        "best": [(with_settings(tuned.question.detector, t.params), t) for t in ranked[:_SHOWN]],
        "failed": [(with_settings(tuned.question.detector, t.params), t.why) for t in tuned.trials if t.why],
        "given": tuned.best is tuned.default,
    }
    path = tuned.folder / REPORT
    with replacing(path) as new:
        page = environment.get_template("tuning.html").render(data)
        new.write_text(page, encoding="utf-8", errors="backslashreplace")
    return path


def history(trials: Sequence[Trial]) -> dict[str, Any]:
    """Where the points and the line of the figure lie.

    Parameters
    ----------
    trials : sequence of Trial
        The first one is the detector as it was given.

    Returns
    -------
    dict
        ``width``, ``height``, ``left``, ``bottom`` of the figure; ``points`` (x, y, number, value) of each trial with a
        score; ``line``, the best so far, and ``given``, the height of the first; ``ticks`` (y, text); ``last`` (x,
        number).
    """
    values = np.array([np.nan if trial.value is None else trial.value for trial in trials])
    low, high = np.nanmin(values), np.nanmax(values)
    low, high = (low - 0.05, high + 0.05) if high - low < 1e-9 else (low, high)
    step = (_WIDTH - _LEFT - 10) / max(1, len(values) - 1)

    def y(value: float) -> float:
        return round(10 + (high - value) / (high - low) * (_HEIGHT - _BOTTOM - 10), 1)

    def x(number: int) -> float:
        return round(_LEFT + 5 + number * step, 1)

    best = np.fmax.accumulate(values)
    corners: list[str] = []
    for number, value in enumerate(best):
        corners += [f"{x(number)},{y(best[number - 1])}"] if number else []
        corners.append(f"{x(number)},{y(value)}")
    known = [(x(n), y(value), n, value) for n, value in enumerate(values) if not np.isnan(value)]
    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "left": _LEFT,
        "bottom": _HEIGHT - _BOTTOM,
        "points": known,
        "line": " ".join(corners),
        "given": y(values[0]),
        "ticks": [(y(value), f"{value:.3f}") for value in (low, (low + high) / 2, high)],
        "last": (x(len(values) - 1), len(values) - 1),
    }
