"""How a take was played, as numbers for pictures: loudness by hand and bar, tempo and rhythm step by step, the pedal.

The verdicts of a `Checker` and the note and pedal events that it was given go in, a plain dictionary of numbers comes
out: whoever draws it (a page, a figure) needs nothing else. A repeated or restarted passage is there each time that it
was played, so its beats come again. What was not heard has no number.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from pianolab.practice.checking import Verdict
from pianolab.practice.follow import STEADY
from pianolab.practice.part import Part
from pianolab.tracking import Event, NoteEvent, PedalEvent

HANDS = {1: "right", 2: "left", 0: "unknown"}
_LATE_KEY_S = 0.15  # A key of the step before that comes so soon after a step began does not begin another one.
_DIGITS = 3


class Step(NamedTuple):
    """A step as it was played: its number in the part, and when its first key came, seconds."""

    step: int
    time_s: float


def steps_of(part: Part, verdicts: Sequence[Verdict]) -> list[Step]:
    """When each step began, in the order of playing, by the notes that were right.

    Parameters
    ----------
    part : Part
    verdicts : sequence of Verdict

    Returns
    -------
    list of Step

    Examples
    --------
    >>> part = Part.of([0, 1], [1, 1], [60, 62], [0, 0])
    >>> steps_of(part, [Verdict("right", i, m, m, 0, i, i / 2, None, 0.9, 9.0) for i, m in enumerate((60, 62))])
    [Step(step=0, time_s=0.0), Step(step=1, time_s=0.5)]
    """
    began: list[Step] = []
    right = [one for one in verdicts if one.what == "right" and one.note is not None]
    for one in sorted(right, key=lambda one: one.time_s):
        now = Step(int(part.step[one.note]), one.time_s)
        late = len(began) > 1 and began[-2].step == now.step and now.time_s - began[-1].time_s < _LATE_KEY_S
        if not late and (not began or began[-1].step != now.step):
            began.append(now)
    return began


def pictures_of(
    part: Part,
    verdicts: Sequence[Verdict],
    events: Iterable[Event],
    *,
    pedal: Iterable[tuple[float, float]] = (),
    bar_names: Sequence[str] | None = None,
) -> dict[str, Any]:
    """The numbers of four pictures of a take.

    Parameters
    ----------
    part : Part
        What was to be played.
    verdicts : sequence of Verdict
        All that its Checker told.
    events : iterable of NoteEvent and PedalEvent
        All that the Checker was given.
    pedal : iterable of (float, float)
        When the score has the sustain pedal go down and up, in quarter notes (``Score.pedal``).
    bar_names : sequence of str, optional
        What stands on the page for each bar, in the order of playing; default: 1, 2, ...

    Returns
    -------
    dict
        Plain values that JSON takes, rounded to thousandths:

        - ``bars``: for each bar with notes ``bar`` (in the order of playing, from 0), ``name``, ``beat`` at which its
          first note is due and ``end_beat`` at which the last one ends.
        - ``loudness``: ``unit`` ("velocity", 0 to 127 as heard, or "level_db", dBFS of all that sounds, where a
          detector hears no velocity), and for each of "right", "left" and "unknown" that has notes rows of ``bar``,
          ``middle``, ``softest``, ``loudest`` and ``notes`` (how many were heard).
        - ``evenness``: ``beats_a_minute`` (the middle, or None) and ``steps``: for each step that is followed by the
          next one ``step``, ``bar``, ``beat``, ``time_s``, ``beats_a_minute`` up to the next one, and ``stop``, true
          where that is no tempo but a stop.
        - ``rhythm``: ``steps``: for each step between two others, not beside a stop, ``step``, ``bar``, ``beat``,
          ``time_s``, ``off_ms`` (after its place between its neighbours; negative: before) and ``said`` ("early",
          "late" or None).
        - ``pedal``: ``score``, pieces of ``down_beat`` and ``up_beat`` within the bars, ``played``, such pieces with
          ``down_s`` and ``up_s``, and ``heard``, whether the detector tells of the pedal at all.

    Examples
    --------
    >>> part = Part.of([0, 1, 2], [1, 1, 1], [60, 62, 64], [0, 0, 0], [1, 1, 1])
    >>> played = list(enumerate(zip((60, 62, 64), (0.0, 0.6, 1.0))))
    >>> right = [Verdict("right", i, m, m, 0, i, t, None, 0.9, 9.0) for i, (m, t) in played]
    >>> events = [NoteEvent("on", i, t, t, m, 60.0, 0.9, -20.0) for i, (m, t) in played]
    >>> shown = pictures_of(part, right, events)
    >>> shown["loudness"]["right"], [one["off_ms"] for one in shown["rhythm"]["steps"]]
    ([{'bar': 0, 'middle': 60.0, 'softest': 60.0, 'loudest': 60.0, 'notes': 3}], [100])
    """
    events = list(events)
    struck = {
        (one.midi, one.time_s): one for one in events if isinstance(one, NoteEvent) and one.kind in ("on", "revised")
    }
    heard = [one for one in verdicts if (one.heard, one.time_s) in struck]  # What was only concluded has no moment.
    began = steps_of(part, heard)
    bars = np.unique(part.bar).tolist()
    names = {bar: str(bar + 1) if bar_names is None else str(bar_names[bar]) for bar in bars}
    return {
        "bars": [_bar(part, bar, names[bar]) for bar in bars],
        "loudness": _loudness(part, heard, struck),
        "evenness": _evenness(part, began),
        "rhythm": {"steps": _rhythm(part, began, verdicts)},
        "pedal": _pedal(part, began, [one for one in events if isinstance(one, PedalEvent)], pedal),
    }


def _bar(part: Part, bar: int, name: str) -> dict[str, Any]:
    inside = part.bar == bar
    ends = (part.beat + part.length)[inside]
    return {"bar": bar, "name": name, "beat": _rounded(min(part.beat[inside])), "end_beat": _rounded(max(ends))}


def _loudness(part: Part, verdicts: Sequence[Verdict], struck: dict) -> dict[str, Any]:
    right = [(one, struck[one.heard, one.time_s]) for one in verdicts if one.what == "right" and one.note is not None]
    has_velocity = any(np.isfinite(event.velocity) for _, event in right)
    found: dict[tuple[int, int], list[float]] = {}
    for verdict, event in right:
        value = event.velocity if has_velocity else event.level_db
        if np.isfinite(value):
            found.setdefault((int(part.hand[verdict.note]), verdict.bar), []).append(value)
    told: dict[str, Any] = {"unit": "velocity" if has_velocity else "level_db"}
    for hand, name in HANDS.items():
        rows = []
        for bar in sorted(bar for of_hand, bar in found if of_hand == hand):
            values = found[hand, bar]
            row = {"middle": float(np.median(values)), "softest": min(values), "loudest": max(values)}
            rows.append({"bar": bar, **{key: _rounded(one) for key, one in row.items()}, "notes": len(values)})
        if rows:
            told[name] = rows
    return told


def _place(part: Part, one: Step) -> dict[str, Any]:
    first = part.first_notes[one.step]
    at = {"step": one.step, "bar": int(part.bar[first]), "beat": _rounded(part.beat[int(first)])}
    return {**at, "time_s": _rounded(one.time_s)}


def _evenness(part: Part, began: Sequence[Step]) -> dict[str, Any]:
    beat = part.beat[part.first_notes]
    pairs = [(one, after) for one, after in pairwise(began) if after.step == one.step + 1 and after.time_s > one.time_s]
    paces = [60 * (beat[after.step] - beat[one.step]) / (after.time_s - one.time_s) for one, after in pairs]
    if not paces:
        return {"beats_a_minute": None, "steps": []}
    middle = float(np.median(paces))
    rows = [
        {**_place(part, one), "beats_a_minute": _rounded(pace), "stop": bool(pace < middle * np.exp(-STEADY))}
        for (one, _), pace in zip(pairs, paces, strict=True)
    ]
    return {"beats_a_minute": _rounded(middle), "steps": rows}


def _rhythm(part: Part, began: Sequence[Step], verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    beat = part.beat[part.first_notes]
    said = {
        (int(part.step[one.note]), one.time_s): one.what
        for one in verdicts
        if one.what in ("early", "late") and one.note is not None
    }
    middle = _evenness(part, began)["beats_a_minute"]
    beat_s = None if middle is None else 60 / middle
    rows = []
    for before, one, after in zip(began, began[1:], began[2:], strict=False):
        if not before.step + 1 == one.step == after.step - 1:
            continue
        share = (beat[one.step] - beat[before.step]) / (beat[after.step] - beat[before.step])
        passed_s = after.time_s - before.time_s
        if beat_s is not None and passed_s > np.exp(STEADY) * beat_s * (beat[after.step] - beat[before.step]):
            continue  # Beside a stop nobody is early or late.
        off_s = one.time_s - before.time_s - share * passed_s
        told = said.get((one.step, one.time_s))
        rows.append({**_place(part, one), "off_ms": round(1000 * float(off_s)), "said": told})
    return rows


def _pedal(
    part: Part, began: Sequence[Step], events: Sequence[PedalEvent], written: Iterable[tuple[float, float]]
) -> dict[str, Any]:
    first, last = float(part.beat.min()), float((part.beat + part.length).max())
    inside = [(max(down, first), min(up, last)) for down, up in written if down < last and up > first]
    score = [{"down_beat": _rounded(down), "up_beat": _rounded(up)} for down, up in inside]
    beat, played = part.beat[part.first_notes], []
    spans = _down(events, began[-1].time_s if began else 0.0)
    for run in _runs(began):
        times = [one.time_s for one in run]
        for down_s, up_s in spans:
            begin_s, end_s = max(down_s, times[0]), min(up_s, times[-1])
            if begin_s < end_s:
                at = np.interp([begin_s, end_s], times, [beat[one.step] for one in run])
                piece = {"down_beat": at[0], "up_beat": at[1], "down_s": begin_s, "up_s": end_s}
                played.append({key: _rounded(value) for key, value in piece.items()})
    return {"heard": bool(events), "score": score, "played": played}


def _runs(began: Sequence[Step]) -> list[list[Step]]:
    """The steps, parted where the player went back."""
    runs: list[list[Step]] = []
    for one in began:
        if runs and one.step > runs[-1][-1].step:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def _down(events: Sequence[PedalEvent], end_s: float) -> list[tuple[float, float]]:
    """When the pedal was down, seconds; one that is not lifted is down to the end."""
    spans, down_s = [], None
    for one in sorted(events, key=lambda one: one.time_s):
        if one.kind == "pedal_down":
            down_s = one.time_s if down_s is None else down_s
        elif down_s is not None:
            spans.append((down_s, one.time_s))
            down_s = None
    return spans if down_s is None else [*spans, (down_s, max(end_s, down_s))]


def _rounded(value: float) -> float:
    return round(float(value), _DIGITS)
