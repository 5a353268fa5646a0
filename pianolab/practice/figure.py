"""A picture of a take, to print or to keep: loudness by hand, tempo, rhythm and pedal above each other, bar by bar."""

import os
from pathlib import Path
from typing import Any

from pianolab.files import replacing
from pianolab.plots import BLUE, GREEN, GREY, ORANGE, PURPLE, figure, save

_INCHES = 9.0, 8.5
_MARKS = {
    "right": ("^", BLUE),
    "left": ("v", ORANGE),
    "unknown": ("o", GREY),
}  # Up is the right hand, which plays higher.
_SAID = {"early": ("<", PURPLE), "late": (">", ORANGE), None: (".", GREY)}
_MOST_TICKS = 24
_BESIDE: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "fontsize": "small"}
_UNITS = {"velocity": "loudness\n(velocity)", "level_db": "loudness\n(dBFS)"}
_FARTHEST_BPM = 0.25, 2.5  # Of the middle tempo: what is slower or faster is drawn at the edge.


def write_figure(path: str | os.PathLike[str], pictures: dict[str, Any], *, title: str = "") -> None:
    """Draw the numbers of `pianolab.practice.pictures.pictures_of` as PNG, in English.

    Parameters
    ----------
    path : path
    pictures : dict
    title : str

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    fig, axes = figure(*_INCHES, rows=4, sharex=True, height_ratios=[3, 3, 3, 1.4])
    for draw, ax in zip((_loudness, _tempo, _rhythm, _pedal), axes, strict=True):
        draw(ax, pictures)
    _name_bars(axes, pictures["bars"])
    axes[0].set_title(title, parse_math=False)
    with replacing(Path(path)) as temporary, open(temporary, "wb") as file:
        save(fig, file)


def _name_bars(axes: Any, bars: list[dict[str, Any]]) -> None:
    shown = bars[:: max(1, -(-len(bars) // _MOST_TICKS))]
    axes[-1].set_xticks([bar["beat"] for bar in shown], [bar["name"] for bar in shown])
    axes[-1].set(xlabel="bar", xlim=(bars[0]["beat"] - 0.5, bars[-1]["end_beat"] + 0.5))
    for ax in axes:
        ax.grid(axis="x", color=GREY, alpha=0.25)


def _loudness(ax: Any, pictures: dict[str, Any]) -> None:
    told = pictures["loudness"]
    middles = {bar["bar"]: (bar["beat"] + bar["end_beat"]) / 2 for bar in pictures["bars"]}
    for hand, (marker, colour) in _MARKS.items():
        rows = told.get(hand, [])
        if rows:
            x, y = [middles[row["bar"]] for row in rows], [row["middle"] for row in rows]
            ax.vlines(x, [row["softest"] for row in rows], [row["loudest"] for row in rows], color=colour, alpha=0.4)
            ax.plot(x, y, marker=marker, color=colour, label=f"{hand} hand")
    ax.set_ylabel(_UNITS[told["unit"]])
    if ax.get_legend_handles_labels()[0]:
        ax.legend(**_BESIDE)


def _tempo(ax: Any, pictures: dict[str, Any]) -> None:
    told = pictures["evenness"]
    ax.set_ylabel("tempo\n(quarter notes a minute)")
    middle = told["beats_a_minute"]
    if middle is None:
        return
    slowest, fastest = (middle * share for share in _FARTHEST_BPM)
    for stop, marker, fill, label in ((False, "o", BLUE, "step"), (True, "s", "none", "stop")):
        rows = [row for row in told["steps"] if row["stop"] == stop]
        y = [min(max(row["beats_a_minute"], slowest), fastest) for row in rows]
        x = [row["beat"] for row in rows]
        ax.plot(x, y, marker, color=BLUE, markerfacecolor=fill, markersize=4, label=label)
    ax.axhline(middle, color=GREY, linestyle="--", label=f"middle: {middle:.0f}")
    ax.legend(**_BESIDE)


def _rhythm(ax: Any, pictures: dict[str, Any]) -> None:
    for said, (marker, colour) in _SAID.items():
        rows = [row for row in pictures["rhythm"]["steps"] if row["said"] == said]
        label = said or "in its place"
        x, y = [row["beat"] for row in rows], [row["off_ms"] for row in rows]
        ax.plot(x, y, marker, color=colour, markersize=6 if said else 5, label=label)
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.set_ylabel("rhythm\n(ms after its place)")
    ax.legend(**_BESIDE)


def _pedal(ax: Any, pictures: dict[str, Any]) -> None:
    told = pictures["pedal"]
    for height, pieces, colour in ((1, told["score"], GREY), (0, told["played"], GREEN)):
        spans = [(one["down_beat"], one["up_beat"] - one["down_beat"]) for one in pieces]
        ax.broken_barh(spans, (height - 0.3, 0.6), color=colour)
    ax.set_yticks([0, 1], ["played" if told["heard"] else "not heard", "score"])
    ax.set(ylabel="pedal\ndown", ylim=(-0.6, 1.6))
