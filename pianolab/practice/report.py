"""What is said of a whole take: bar by bar what was right and what was not, in plain words, with tempo and evenness.

The verdicts of a `Checker` go in. Words come from the catalogue of texts, in the reader's language.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from pianolab.practice.checking import Verdict
from pianolab.practice.follow import STEADY
from pianolab.practice.part import Part
from pianolab.practice.pictures import steps_of
from pianolab.practice.words import words_of
from pianolab.texts.catalogue import language_of, say

COUNTED = ("early", "late", "wrong", "octave", "missing", "extra", "doubled", "restart", "skip", "uneven", "not sure")
_NOTE_STYLE = {"ko": "도"}  # Others read letters.
_DIGITS = 3


@dataclass(frozen=True)
class BarReport:
    """One bar as it was played.

    Attributes
    ----------
    bar : int
        In the order of playing, from 0.
    name : str
        Its number on the page.
    notes, right : int
        How many notes it has, and how many of them were right at least once.
    reached : int
        Of how many something was said.
    said : tuple of Verdict
        All that was not simply right, in time.
    """

    bar: int
    name: str
    notes: int
    right: int
    reached: int
    said: tuple[Verdict, ...]


@dataclass(frozen=True)
class PracticeReport:
    """What is said of a take.

    Attributes
    ----------
    bars : tuple of BarReport
        Those that hold notes.
    notes, right, reached : int
        Sums over the bars.
    totals : dict of int
        How often each of COUNTED was told.
    beats_a_minute : float or None
        Quarter notes a minute: the middle of all steps. None if no two steps follow each other, or none came near it.
    unevenness : float or None
        Half of the steps, stops left out, came within this share of that tempo; 0 is a clock.
    """

    bars: tuple[BarReport, ...]
    notes: int
    right: int
    reached: int
    totals: dict[str, int]
    beats_a_minute: float | None
    unevenness: float | None

    def as_dict(self, language: str | None = None) -> dict[str, Any]:
        """The report for JSON, with a sentence for each verdict.

        Parameters
        ----------
        language : str, optional
            As for `pianolab.texts.catalogue.say`.

        Returns
        -------
        dict
        """
        names = {bar.bar: bar.name for bar in self.bars}
        told = asdict(self)
        for bar, shown in zip(self.bars, told["bars"], strict=True):
            rows = [_rounded(asdict(one)) for one in bar.said]
            shown["said"] = [
                row | {"text": sentence(one, names, language)} for row, one in zip(rows, bar.said, strict=True)
            ]
        return _rounded(told)


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, _DIGITS) if isinstance(value, float) else value for name, value in values.items()}


def report_of(part: Part, verdicts: Sequence[Verdict], *, bar_names: Sequence[str] | None = None) -> PracticeReport:
    """Put the verdicts on a take together.

    Parameters
    ----------
    part : Part
        What was to be played.
    verdicts : sequence of Verdict
        All that its Checker told.
    bar_names : sequence of str, optional
        What stands on the page for each bar, in the order of playing; default: 1, 2, ...

    Returns
    -------
    PracticeReport

    Examples
    --------
    >>> part = Part.of([0, 1], [1, 1], [60, 62], [0, 0])
    >>> right = [Verdict("right", i, m, m, 0, i, i / 2, None, 0.9, 9.0) for i, m in enumerate((60, 62))]
    >>> report = report_of(part, right)
    >>> report.right, report.beats_a_minute
    (2, 120.0)
    """
    right = {one.note for one in verdicts if one.what == "right"}
    reached = {one.note for one in verdicts if one.note is not None}
    bars = []
    for bar in np.unique(part.bar).tolist():
        inside = set(np.flatnonzero(part.bar == bar).tolist())
        said = [one for one in verdicts if one.bar == bar and one.what != "right"]
        name = str(bar + 1) if bar_names is None else str(bar_names[bar])
        ordered = tuple(sorted(said, key=lambda one: one.time_s))
        bars.append(BarReport(bar, name, len(inside), len(inside & right), len(inside & reached), ordered))
    counts = Counter(one.what for one in verdicts)
    return PracticeReport(
        tuple(bars),
        len(part),
        sum(bar.right for bar in bars),
        sum(bar.reached for bar in bars),
        {what: counts[what] for what in COUNTED},
        *_tempo(part, verdicts),
    )


def _tempo(part: Part, verdicts: Sequence[Verdict]) -> tuple[float | None, float | None]:
    """Quarter notes a minute, and how far from it half of the steps came at most, stops left out."""
    beat = part.beat[part.first_notes]
    logs = np.array(
        [
            np.log((beat[step] - beat[last]) / (now_s - last_s))
            for (last, last_s), (step, now_s) in pairwise(steps_of(part, verdicts))
            if step == last + 1 and now_s > last_s
        ]
    )
    if not len(logs):
        return None, None
    middle = float(np.median(logs))
    off = np.abs(logs - middle)
    steady = off[off < STEADY]
    if not len(steady):
        return None, None
    return 60.0 * float(np.exp(middle)), float(np.expm1(np.median(steady)))


def sentence(
    verdict: Verdict, bar_names: dict[int, str], language: str | None = None, *, style: str | None = None
) -> str:
    """What a verdict says, in plain words.

    Parameters
    ----------
    verdict : Verdict
    bar_names : dict of str
        What stands on the page for a bar; others have their number.
    language : str, optional
        As for `pianolab.texts.catalogue.say`.
    style : str, optional
        How keys are named, a key of `pianolab.units.NOTE_STYLES`; default: as is usual in the language.

    Returns
    -------
    str

    Examples
    --------
    >>> sentence(Verdict("wrong", 0, 65, 64, 0, 0.0, 1.0, None, 0.9, 1.2), {}, "en")
    '✗ You played E4, the score has F4.'
    """
    language = language_of(language)
    to_bar = None if verdict.to_bar is None else bar_names.get(verdict.to_bar)
    told = words_of(verdict, to_bar=to_bar, style=style or _NOTE_STYLE.get(language, "C4"))
    return told.values["said"].said(language)


def _line(verdict: Verdict, bar_names: dict[int, str], language: str | None, style: str | None) -> str:
    """When, what, and by how much it was off its time."""
    values = {"seconds": f"{verdict.time_s:.1f}", "said": sentence(verdict, bar_names, language, style=style)}
    if verdict.off_s is None:
        return say("practice.at", language, **values)
    return say("practice.at_off", language, ms=round(1000 * abs(verdict.off_s)), **values)


def lines_of(
    report: PracticeReport, *, written: float | None = None, language: str | None = None, style: str | None = None
) -> list[str]:
    """The report as lines of text.

    Parameters
    ----------
    report : PracticeReport
    written : float, optional
        The tempo that was asked for, quarter notes a minute.
    language : str, optional
        As for `pianolab.texts.catalogue.say`.
    style : str, optional
        As for `sentence`.

    Returns
    -------
    list of str
    """
    lines, names = [], {bar.bar: bar.name for bar in report.bars}
    for bar in report.bars:
        if not bar.reached and not bar.said:
            continue
        lines.append(say("practice.report_bar", language, bar=bar.name, right=bar.right, n=bar.notes))
        for one in bar.said:
            lines.append(f"  {_line(one, names, language, style)}")
    if not report.reached:
        return [*lines, say("practice.nothing", language)]
    lines.append(say("practice.all", language, right=report.right, n=report.notes))
    counts = [say(f"practice.count.{what.replace(' ', '_')}", language, n=n) for what, n in report.totals.items() if n]
    lines.append(", ".join(counts) if counts else say("practice.no_mistake", language))
    if report.reached < report.notes:
        lines.append(say("practice.not_reached", language, n=report.notes - report.reached))
    if report.beats_a_minute is not None and report.unevenness is not None:
        lines.append(say("practice.tempo", language, bpm=round(report.beats_a_minute)))
        if written is not None:
            lines[-1] = say("practice.tempo_of", language, bpm=round(report.beats_a_minute), written=round(written))
        lines.append(say("practice.even", language, percent=round(100 * report.unevenness)))
    return lines
