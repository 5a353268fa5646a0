"""What was practised is kept in the library, found again by passage and bar, and goes with its piece."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta, timezone

import pytest

from pianolab.practice import library as library_module
from pianolab.practice.checking import Verdict
from pianolab.practice.library import Library, LibraryError
from pianolab.practice.part import Part
from pianolab.practice.progress import BarPractised, Progress, bars_of
from pianolab.practice.report import report_of

DAY = datetime(2026, 5, 1, 18, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def quick_facts(monkeypatch):
    """What a file is, is told without looking into it: that is tested elsewhere."""
    said = {"kind": "score", "format": "midi", "suffix": ".mid", "also": "", "composer": "", "grade": None}

    def facts(files):
        for path, name in files:
            yield path, {**said, "title": name, "licence": "", "tags": []}, None

    monkeypatch.setattr(library_module, "facts_of_all", facts)


@pytest.fixture
def library(tmp_path):
    made = Library(tmp_path / "library")
    for name in ("a.mid", "b.mid"):
        (tmp_path / name).write_bytes(name.encode())
        made.add(tmp_path / name)
    return made


def practised(*rights, first=0, of=4):
    return [BarPractised(first + i, right, of) for i, right in enumerate(rights)]


def test_a_passage_shows_how_it_went_first_best_and_last_and_how_fast_it_was_right(library):
    progress = Progress(library)
    for day, (rights, tempo) in enumerate([((2, 2), 0.5), ((4, 4), 0.6), ((4, 4), 0.8), ((3, 4), 1.0)]):
        played = DAY + timedelta(days=day)
        progress.add(1, practised(*rights), passage=(0, 1), mode="wait", tempo=tempo, played=played)
    progress.add(1, practised(4, first=2), passage=(2, 2), hands="left", played=DAY)
    told = progress.as_dict(1)
    assert told == json.loads(json.dumps(told, allow_nan=False))
    both, left = told["passages"][0], told["passages"][1]
    assert (both["hands"], both["first_bar"], both["last_bar"], both["takes"]) == ("both", 0, 1, 4)
    assert (both["first"], both["best"], both["last"], both["fastest"]) == (0.5, 1.0, 0.875, 0.8)
    assert [one["share"] for one in both["history"]] == [0.5, 1.0, 1.0, 0.875]
    assert (left["hands"], left["takes"]) == ("left", 1)
    assert told["takes"][0]["played"] == "2026-05-01T18:30:00+00:00"
    assert progress.as_dict(2)["takes"] == []
    assert [take.hands for take in progress.takes(1, hands="left")] == ["left"]


def test_a_bar_is_told_from_its_newest_takes(library):
    progress = Progress(library)
    for day, right in enumerate([0, 0, 4, 4, 4, 4, 2]):
        progress.add(1, practised(right), passage=(0, 3), played=DAY + timedelta(days=day))
    assert progress.as_dict(1)["bars"] == [{"bar": 0, "takes": 7, "last": 0.5, "newest": 0.9}]


def test_takes_come_in_the_order_of_playing_whatever_the_zone(library):
    progress = Progress(library)
    seoul = timezone(timedelta(hours=9))
    progress.add(1, practised(1), passage=(0, 0), played=DAY)
    progress.add(1, practised(2), passage=(0, 0), played=datetime(2026, 5, 2, 3, 0, tzinfo=seoul))  # 18:00 in UTC.
    assert [take.right for take in progress.takes(1)] == [2, 1]


def test_only_the_bars_that_were_reached_are_kept_of_a_report():
    part = Part.of(range(4), [1] * 4, [60, 62, 64, 65], [0, 0, 1, 2])
    said = [("right", 0, 60), ("missing", 1, None), ("right", 2, 64)]
    verdicts = [Verdict(what, i, 0, heard, i // 2, i, i, None, 1.0, i) for what, i, heard in said]
    assert bars_of(report_of(part, verdicts)) == [BarPractised(0, 1, 2), BarPractised(1, 1, 1)]


def test_a_removed_piece_takes_its_takes_along_and_no_later_piece_gets_them(library, tmp_path):
    progress = Progress(library)
    for item in (1, 2):
        progress.add(item, practised(4), passage=(0, 0))
    library.remove(2)
    with pytest.raises(LibraryError, match="no number 2"):
        progress.takes(2)
    assert library.add(tmp_path / "b.mid").number == 3
    assert progress.takes(3) == []
    with library.reading() as index:
        assert [row["item"] for row in index.execute("SELECT item FROM takes")] == [1]


def test_a_library_of_the_version_before_keeps_all_that_it_holds_and_can_keep_takes(library):
    with library.writing() as index:  # What that version did not have.
        index.executescript("DROP TRIGGER forgotten; DROP TABLE takes; PRAGMA user_version = 1;")
    again = Library(library.folder)
    assert [(item.number, item.title) for item in again.items()] == [(1, "a.mid"), (2, "b.mid")]
    assert [item.number for item in again.search("b")] == [2]
    Progress(again).add(1, practised(4), passage=(0, 0))
    assert len(Progress(Library(library.folder)).takes(1)) == 1


def test_a_library_that_cannot_be_brought_up_to_date_stays_as_it_was(library, monkeypatch):
    path = library.folder / "index.sqlite"
    with library.writing() as index:
        index.executescript("DROP TRIGGER forgotten; DROP TABLE takes; PRAGMA user_version = 1;")
    before = path.read_bytes()
    monkeypatch.setattr(library_module, "_TAKES", f"{library_module._TAKES} CREATE TABLE items (one INTEGER);")
    with pytest.raises(LibraryError, match="already exists"):
        Library(library.folder)
    assert path.read_bytes() == before
    monkeypatch.undo()
    assert len(Library(library.folder).items()) == 2
    with sqlite3.connect(path) as index:
        assert index.execute("PRAGMA user_version").fetchone() == (2,)


@pytest.mark.parametrize(
    ("bars", "settings", "says"),
    [
        (practised(4), {"hands": "feet"}, "'feet'"),
        (practised(4), {"mode": "loud"}, "'loud'"),
        (practised(4), {"tempo": float("nan")}, "tempo nan"),
        (practised(4), {"passage": (3, 1)}, "bars 3 to 1"),
        ([], {}, "no bar was reached"),
        (practised(5), {}, "5 of 4"),
        (practised(4, 4), {}, "bar 1 with"),
        ([*practised(4), *practised(3)], {}, "twice"),
    ],
)
def test_a_take_that_makes_no_sense_is_refused_and_nothing_is_kept(bars, settings, says, library):
    progress = Progress(library)
    with pytest.raises(LibraryError, match=says) as told:
        progress.add(1, bars, **{"passage": (0, 0), **settings})
    assert "\n" not in str(told.value)
    assert progress.takes(1) == []
    with pytest.raises(LibraryError, match="no number 9"):
        progress.add(9, practised(4), passage=(0, 0))
