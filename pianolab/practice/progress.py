"""How a piece gets better: each take that was practised is kept in the library's index, bar by bar.

A take is a line of the index: its item, when it was played, which hands, how, from which bar to which, how fast, and
how many notes of each bar were right. From these lines comes what a player wants to know: how a passage went the first
time, at best and last, and which bars still go worst. Who removes an item removes its takes.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pianolab.practice.library import Library, LibraryError
from pianolab.practice.report import PracticeReport

HANDS = ("both", "right", "left")
MODES = ("wait", "beat", "free")
NEWEST = 5  # How a bar goes is told from so many of its newest takes,
MOST_TAKES = 1000  # and all else from so many of the piece.
_TEMPOS = 0.05, 10.0  # As multiples of the written one.
_MOST_BARS, _MOST_NOTES = 10_000, 10_000
_DIGITS = 3


class ProgressError(LibraryError):
    """A take that cannot be kept; the message is one line."""


@dataclass(frozen=True)
class BarPractised:
    """One bar of a take: its place in the order of playing, from 0, and how many of its notes were right."""

    bar: int
    right: int
    of: int


@dataclass(frozen=True)
class Practised:
    """One take that was kept.

    Attributes
    ----------
    number, item : int
        Its own number, and that of the piece in the library.
    played : str
        When it ended, in UTC, as ISO 8601 writes it.
    hands : str
        "both", "right" or "left".
    mode : str
        "wait", "beat" or "free".
    first_bar, last_bar : int
        The passage that was asked for, in the order of playing, from 0.
    tempo : float
        As a multiple of the written one.
    bars : tuple of BarPractised
        Those that were reached.
    """

    number: int
    item: int
    played: str
    hands: str
    mode: str
    first_bar: int
    last_bar: int
    tempo: float
    bars: tuple[BarPractised, ...]

    @property
    def right(self) -> int:
        """How many notes were right."""
        return sum(bar.right for bar in self.bars)

    @property
    def of(self) -> int:
        """How many notes the bars hold that were reached."""
        return sum(bar.of for bar in self.bars)

    @property
    def share(self) -> float:
        """The share that was right."""
        return self.right / self.of if self.of else 0.0


def bars_of(report: PracticeReport) -> list[BarPractised]:
    """The bars of a take that were reached, as they are kept.

    Parameters
    ----------
    report : PracticeReport

    Returns
    -------
    list of BarPractised
    """
    return [BarPractised(bar.bar, bar.right, bar.notes) for bar in report.bars if bar.reached]


class Progress:
    """The takes that were practised, in a library.

    Parameters
    ----------
    library : Library
    """

    def __init__(self, library: Library) -> None:
        self.library = library

    def add(
        self,
        item: int,
        bars: Iterable[BarPractised],
        *,
        passage: tuple[int, int],
        hands: str = "both",
        mode: str = "free",
        tempo: float = 1.0,
        played: datetime | None = None,
    ) -> Practised:
        """Keep a take.

        Parameters
        ----------
        item : int
            The piece in the library.
        bars : iterable of BarPractised
            Those that were reached, at least one.
        passage : (int, int)
            First and last bar that were asked for, in the order of playing, from 0.
        hands, mode : str
            One of HANDS and of MODES.
        tempo : float
            As a multiple of the written one.
        played : datetime, optional
            When it ended, with its time zone; default: now.

        Returns
        -------
        Practised

        Raises
        ------
        LibraryError
            If there is no such item, or the take makes no sense.
        """
        rows = sorted(bars, key=lambda bar: bar.bar)
        _refuse(rows, passage, hands, mode, tempo)
        self.library.item(item)
        told = (played or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
        kept = json.dumps([[bar.bar, bar.right, bar.of] for bar in rows])
        values = (item, told, hands, mode, *passage, float(tempo), kept)
        with self.library.writing() as index:
            number = index.execute(
                "INSERT INTO takes (item, played, hands, mode, first_bar, last_bar, tempo, bars)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            ).lastrowid
        assert number is not None
        return Practised(number, item, told, hands, mode, *passage, float(tempo), tuple(rows))

    def takes(self, item: int, *, hands: str | None = None) -> list[Practised]:
        """The newest takes of a piece, oldest first.

        Parameters
        ----------
        item : int
        hands : str, optional
            Only those of these hands.

        Returns
        -------
        list of Practised
            At most MOST_TAKES.

        Raises
        ------
        LibraryError
            If there is no such item.
        """
        self.library.item(item)
        with self.library.reading() as index:
            rows = index.execute(
                "SELECT * FROM takes WHERE item = ? AND (? IS NULL OR hands = ?)"
                " ORDER BY played DESC, number DESC LIMIT ?",
                (item, hands, hands, MOST_TAKES),
            ).fetchall()
        return [_practised(row) for row in reversed(rows)]

    def as_dict(self, item: int) -> dict[str, Any]:
        """All that a page shows of a piece.

        Parameters
        ----------
        item : int

        Returns
        -------
        dict
            Plain values that JSON takes:

            - ``item`` and ``title``.
            - ``takes``: as `Practised`, with ``right`` and ``of``, oldest first.
            - ``passages``: for each passage and hands, the one that was played last first: ``hands``, ``first_bar``,
              ``last_bar``, ``takes`` (how many), ``first``, ``best`` and ``last`` (shares that were right),
              ``fastest`` (the greatest tempo at which all was right, or None) and ``history``, for each take
              ``played``, ``share`` and ``tempo``.
            - ``bars``: for each bar ``bar``, ``takes`` (how many reached it), ``last`` (share of the newest one) and
              ``newest`` (share of the newest five together).

        Raises
        ------
        LibraryError
            If there is no such item.
        """
        takes = self.takes(item)
        return {
            "item": item,
            "title": self.library.item(item).title,
            "takes": [_shown(take) for take in takes],
            "passages": _passages(takes),
            "bars": _bars(takes),
        }


def _refuse(bars: Sequence[BarPractised], passage: tuple[int, int], hands: str, mode: str, tempo: float) -> None:
    first, last = passage
    if hands not in HANDS or mode not in MODES:
        raise ProgressError(f"hands {hands!r:.40} and mode {mode!r:.40}: use {', '.join(HANDS)}; {', '.join(MODES)}")
    if not (math.isfinite(tempo) and _TEMPOS[0] <= tempo <= _TEMPOS[1]):
        raise ProgressError(f"tempo {tempo} is none: use {_TEMPOS[0]:g} to {_TEMPOS[1]:g} times the written one")
    if not 0 <= first <= last < _MOST_BARS:
        raise ProgressError(f"bars {first} to {last} are no passage: count from 0, the first one first")
    if not bars:
        raise ProgressError("no bar was reached: there is nothing to keep")
    for bar in bars:
        if not (first <= bar.bar <= last and 0 <= bar.right <= bar.of <= _MOST_NOTES):
            raise ProgressError(f"bar {bar.bar} with {bar.right} of {bar.of} right is none of {first} to {last}")
    if len({bar.bar for bar in bars}) < len(bars):
        raise ProgressError("a bar is there twice: give the sums of each bar once")


def _practised(row: Any) -> Practised:
    bars = tuple(BarPractised(*bar) for bar in json.loads(row["bars"]))
    about = {name: row[name] for name in row.keys() if name != "bars"}  # noqa: SIM118
    return Practised(**about, bars=bars)


def _shown(take: Practised) -> dict[str, Any]:
    about = {name: getattr(take, name) for name in ("number", "played", "hands", "mode", "first_bar", "last_bar")}
    bars = [{"bar": bar.bar, "right": bar.right, "of": bar.of} for bar in take.bars]
    return {**about, "tempo": round(take.tempo, _DIGITS), "right": take.right, "of": take.of, "bars": bars}


def _passages(takes: Sequence[Practised]) -> list[dict[str, Any]]:
    found: dict[tuple[str, int, int], list[Practised]] = {}
    for take in takes:
        key = (take.hands, take.first_bar, take.last_bar)
        found[key] = [*found.pop(key, []), take]  # What was played last comes last.
    return [
        {
            **dict(zip(("hands", "first_bar", "last_bar"), key, strict=True)),
            "takes": len(these),
            "first": round(these[0].share, _DIGITS),
            "best": round(max(take.share for take in these), _DIGITS),
            "last": round(these[-1].share, _DIGITS),
            "fastest": max((round(take.tempo, _DIGITS) for take in these if take.right == take.of), default=None),
            "history": [
                {"played": take.played, "share": round(take.share, _DIGITS), "tempo": round(take.tempo, _DIGITS)}
                for take in these
            ],
        }
        for key, these in reversed(found.items())
    ]


def _bars(takes: Sequence[Practised]) -> list[dict[str, Any]]:
    found: dict[int, list[BarPractised]] = {}
    for take in takes:
        for bar in take.bars:
            found.setdefault(bar.bar, []).append(bar)
    rows = []
    for bar, these in sorted(found.items()):
        newest = these[-NEWEST:]
        share = sum(one.right for one in newest) / max(1, sum(one.of for one in newest))
        last = these[-1].right / max(1, these[-1].of)
        rows.append({"bar": bar, "takes": len(these), "last": round(last, _DIGITS), "newest": round(share, _DIGITS)})
    return rows
