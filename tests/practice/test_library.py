"""A library keeps what it is given, finds it again, and is whole whenever the program ends."""

import json
import os
import signal
import socket
import sqlite3
import stat
import string
import subprocess
import sys
import unicodedata
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import soundfile as sf
from hypothesis import example, given
from hypothesis import strategies as st

from pianolab.cli import main
from pianolab.errors import PianolabError
from pianolab.places import comes_with
from pianolab.practice import facts
from pianolab.practice import library as library_module
from pianolab.practice.library import DuplicateError, Library, LibraryError, safe_name
from pianolab.workers import WorkerDied, WorkerTimeout

pytest.importorskip("verovio", reason='scores need verovio: pip install "pianolab[practice]"')

PIECES = comes_with("data") / "pieces"


@pytest.fixture(autouse=True)
def same_process(request, monkeypatch):
    """Files are looked into in this process, which is quicker, unless a test asks for the real way."""
    if "in_a_worker" not in request.keywords:

        def facts_here(files):
            for path, name in files:
                try:
                    yield path, facts.facts_of(path, name), None
                except ValueError as error:
                    yield path, None, error

        monkeypatch.setattr(library_module, "facts_of_all", facts_here)


@pytest.fixture
def library(tmp_path):
    return Library(tmp_path / "library")


@pytest.fixture
def tone(tmp_path):
    """A recording of a tenth of a second."""
    sf.write(tmp_path / "Für Elise.wav", np.zeros(4410), 44100)
    return tmp_path / "Für Elise.wav"


def titles(items):
    return [item.title for item in items]


def stored(library):
    return sorted(path.name for path in (library.folder / "files").iterdir())


def test_what_the_file_says_of_itself_is_kept(library):
    item = library.add(PIECES / "arirang.musicxml")
    assert (item.kind, item.format, item.composer, item.licence) == (
        "score",
        "musicxml",
        "traditional, Korea",
        "CC0-1.0",
    )
    assert (item.grade, item.also, item.tags) == (3, "아리랑", ("korean", "folk song", "pedal"))
    assert item.path.read_bytes() == (PIECES / "arirang.musicxml").read_bytes()
    assert item.path.parent == library.folder / "files"
    assert item.added.endswith("+00:00")


def test_what_is_said_by_hand_wins_and_can_be_changed(library, tone):
    item = library.add(tone, title="A tone", grade=2, tags=["lesson", "lesson", " "])
    assert (item.title, item.grade, item.tags, item.name) == ("A tone", 2, ("lesson",), "Für Elise.wav")
    changed = library.change(item.number, title="Another tone", grade=None)
    assert (changed.title, changed.grade, changed.tags) == ("Another tone", None, ("lesson",))
    assert titles(library.search("another")) == ["Another tone"]
    assert library.search("A tone") == [changed]  # words that begin so
    with pytest.raises(LibraryError, match="an item has no colour"):
        library.change(item.number, colour="red")
    with pytest.raises(LibraryError, match="there is no number 9"):
        library.change(9, title="x")
    with pytest.raises(ValueError, match="grade 11 is none"):
        library.change(item.number, grade=11)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("arirang", ["Arirang, one of its variants"]),
        ("ARI", ["Arirang, one of its variants"]),
        ("아리랑", ["Arirang, one of its variants"]),
        (unicodedata.normalize("NFD", "아리"), ["Arirang, one of its variants"]),
        ("fur elise", ["Für Elise"]),
        ("korea arirang", ["Arirang, one of its variants"]),
        ("arirang elise", []),
        ('") OR 1 --', []),
        ("* NOT -:^(){}'\"", []),
        ("", []),
    ],
)
def test_words_are_found_whatever_their_accents_and_signs(library, tone, words, found):
    library.add(tone)
    library.add(PIECES / "arirang.musicxml")
    assert titles(library.search(words)) == found


def test_lists_can_be_of_one_kind_or_grade(library, tone):
    library.add(tone)
    library.add(PIECES / "arirang.musicxml")
    assert titles(library.items()) == ["Arirang, one of its variants", "Für Elise"]
    assert titles(library.items(kind="recording")) == ["Für Elise"]
    assert titles(library.items(grade=3)) == ["Arirang, one of its variants"]
    assert library.search("elise", kind="score") == []
    with pytest.raises(LibraryError, match="there is no kind"):
        library.items(kind="song")


def test_the_same_file_under_another_name_is_named(library, tone, tmp_path):
    first = library.add(tone)
    (tmp_path / "other.wav").write_bytes(tone.read_bytes())
    with pytest.raises(
        DuplicateError, match=f"other.wav is in the library already, as number {first.number}, Für Elise"
    ):
        library.add(tmp_path / "other.wav")
    assert len(library.items()) == 1


def test_what_is_removed_is_gone_and_its_number_is_not_given_again(library, tone):
    first = library.add(tone)
    library.remove(first.number)
    assert (library.items(), library.search("elise"), stored(library)) == ([], [], [])
    assert library.add(tone).number == first.number + 1
    with pytest.raises(LibraryError, match="there is no number 1 "):
        library.remove(first.number)


def test_export_names_files_by_their_titles_and_replaces_none(library, tone, tmp_path):
    item = library.add(tone, title="../../etc/passwd")
    out = tmp_path / "out"
    paths = [*library.export([item.number], out), *library.export([item.number], out)]
    assert [path.relative_to(out).as_posix() for path in paths] == ["etc_passwd.wav", "etc_passwd (2).wav"]
    assert {path.read_bytes() for path in paths} == {tone.read_bytes()}
    item.path.unlink()
    with pytest.raises(LibraryError, match="is gone: remove the item"):
        library.export([item.number], out)


@pytest.mark.parametrize("name", ["../../evil.wav", "/etc/passwd", "a\\..\\b", "x" * 5000, "\n\x1b[31m", "\ud800", ""])
def test_an_upload_is_written_nowhere_else_whatever_its_name(library, tone, name):
    before = {path for path in library.folder.parent.rglob("*") if not path.is_relative_to(library.folder)}
    item = library.add(tone, name=name)
    after = {path for path in library.folder.parent.rglob("*") if not path.is_relative_to(library.folder)}
    assert before == after
    assert stored(library) == [f"{item.checksum}.wav"]
    assert item.name.isprintable()
    assert len(item.title) <= 300
    assert not list(library.folder.glob(".adding-*"))


@pytest.mark.parametrize("data", [b"#!/bin/sh", b"", b"<html/>", b"PK\x03\x04" + b"\0" * 40, b"MThd\0\0\0\x06\0\x01"])
def test_what_is_refused_leaves_nothing_behind(library, tmp_path, data):
    (tmp_path / "song.mid").write_bytes(data)
    with pytest.raises(PianolabError, match=r"song\.mid"):
        library.add(tmp_path / "song.mid")
    assert (library.items(), stored(library)) == ([], [])
    assert not list(library.folder.glob(".adding-*"))


@pytest.mark.parametrize("step", ["put", "remove"])
def test_a_program_that_is_killed_leaves_each_row_its_file(library, tone, step):
    """It dies at the worst moment: a file is in its place and its row is not, or the other way round."""
    number = library.add(PIECES / "twinkle.musicxml").number
    kill = f"""
import os, sys
from pianolab.practice import facts, library as module
module.facts_of_all = lambda files: [(path, facts.facts_of(path, name), None) for path, name in files]
library = module.Library(sys.argv[1])
if {step!r} == "put":
    replace = os.replace
    def replaced(*paths):
        replace(*paths)
        os._exit(9)
    os.replace = replaced
    library.add(sys.argv[2])
else:
    module.Path.unlink = lambda *_, **__: os._exit(9)
    library.remove({number})
"""
    done = subprocess.run([sys.executable, "-c", kill, str(library.folder), str(tone)], capture_output=True, text=True)
    assert done.returncode == 9, done.stderr
    assert len(stored(library)) == (2 if step == "put" else 1)  # One file too many.
    again = Library(library.folder)
    assert titles(again.items()) == (
        [] if step == "remove" else ["Ah, vous dirai-je, maman (Twinkle, twinkle, little star)"]
    )
    assert stored(again) == [item.path.name for item in again.items()]
    again.add(tone)
    assert titles(again.search("elise")) == ["Für Elise"]


def test_a_full_disk_leaves_the_library_as_it_was(library, tone, monkeypatch):
    library.add(PIECES / "twinkle.musicxml")
    before = (library.items(), stored(library))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        library.add(tone)
    assert (library.items(), stored(library)) == before


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (
            lambda path: path.write_bytes(b"no data base, but long enough to be looked at " * 50),
            r"is damaged .*: move the whole folder",
        ),
        (lambda path: sqlite3.connect(path).executescript("PRAGMA user_version = 99"), "a later pianolab"),
    ],
)
def test_an_index_that_cannot_be_used_is_named(library, spoil, text):
    spoil(library.folder / "index.sqlite")
    with pytest.raises(LibraryError, match=text) as refused:
        Library(library.folder)
    assert len(str(refused.value).splitlines()) == 1


def test_what_is_not_the_librarys_own_stays(tmp_path):
    own, foreign = "0" * 64 + ".mid", ["thesis.txt", "0" * 64, "0" * 63 + ".mid", "F" * 64 + ".mid"]
    files = tmp_path / "library" / "files"
    files.mkdir(parents=True)
    for name in foreign:
        (files / name).write_text("not ours")
    Library(tmp_path / "library")  # The index is made.
    (files / own).write_text("left by a program that was killed")
    library = Library(tmp_path / "library")
    assert stored(library) == sorted(foreign)


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"")])
def test_files_whose_index_is_gone_stay_and_can_be_added_from_where_they_were_moved(library, tone, tmp_path, spoil):
    library.add(tone)
    library.add(PIECES / "arirang.musicxml")
    before = stored(library)
    spoil(library.folder / "index.sqlite")
    for again in range(2):
        with pytest.raises(LibraryError, match=r"and no index of them: move the whole folder .* away"):
            Library(library.folder) if again else library.items()
    assert stored(library) == before
    library.folder.rename(tmp_path / "moved")
    new = Library(library.folder)
    found = list(new.add_all((path, path.name) for path in (tmp_path / "moved" / "files").iterdir()))
    assert [error for *_, error in found] == [None, None]
    assert stored(new) == before


@pytest.mark.in_a_worker
def test_files_are_looked_into_in_a_process_that_may_end_badly(library, tone, monkeypatch, tmp_path):
    monkeypatch.setattr(facts, "_LIMIT_S", 60.0)
    (tmp_path / "bad.mid").write_bytes(b"MThd")
    found = list(library.add_all([(tone, "a.wav"), (tmp_path / "bad.mid", "bad.mid"), (tmp_path / "none", "none")]))
    assert [
        (name, item and item.title, bool(error)) for name, item, error in sorted(found, key=lambda one: one[0])
    ] == [
        ("a.wav", "a", False),
        ("bad.mid", None, True),
        ("none", None, True),
    ]


@given(st.text(st.characters(exclude_categories=[]), max_size=300), st.sampled_from(["", ".mid", ".musicxml"]))
@example("../../x", ".mid")
@example("con", "")
@example("nul.txt", "")
@example("가" * 200, ".mid")
def test_any_title_gives_a_name_that_stays_in_its_folder(text, suffix):
    name = safe_name(text, suffix)
    assert Path("/out", name).parent == Path("/out")
    assert name.endswith(suffix)
    assert 0 < len(name.encode()) <= 121
    assert name.isprintable()
    assert not set(name) & set('/\\:*?"<>|\0')
    assert name not in (".", "..")
    assert not name.startswith(".")
    assert name.split(".")[0].lower() not in ("con", "nul", "aux", "prn", *(f"com{i}" for i in string.digits))


def run(capsys, *words):
    code = main(["library", *words])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command_adds_lists_searches_changes_exports_and_removes(tmp_path, tone, capsys):
    at = ("--library", str(tmp_path / "shelf"))
    code, out, err = run(capsys, "add", str(tone), str(PIECES / "doraji.musicxml"), *at)
    assert (code, err, out) == (0, "", "added 1: Für Elise (recording)\nadded 2: Doraji (score)\n")
    code, out, err = run(capsys, "add", str(tone), *at)
    assert (code, out) == (0, "")
    assert err == "pianolab: warning: Für Elise.wav is in the library already, as number 1, Für Elise\n"
    code, out, _ = run(capsys, "search", "도라지", *at)
    assert out.splitlines()[1].split()[:4] == ["2", "4", "score", "Doraji"]
    code, out, _ = run(capsys, "change", "1", "--grade", "5", "--tag", "loud", *at)
    assert (code, out) == (0, "changed 1: Für Elise\n")
    _, out, _ = run(capsys, "list", "--json", *at)
    assert [(one["number"], one["grade"], one["tags"]) for one in json.loads(out)] == [
        (2, 4, ["korean", "folk song", "repeats"]),
        (1, 5, ["loud"]),
    ]
    code, out, _ = run(capsys, "export", "2", "--out", str(tmp_path / "out"), *at)
    assert (tmp_path / "out" / "Doraji.musicxml").is_file()
    code, out, _ = run(capsys, "remove", "1", "2", *at)
    assert out == "removed 1: Für Elise\nremoved 2: Doraji\n"
    assert run(capsys, "list", *at)[1] == "nothing is there\n"


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["add"], 2, "there is nothing to add"),
        (["add", "a", "b", "--title", "x"], 2, "one title for 2 files"),
        (["add", "no_such_file.mid"], 1, "no_such_file.mid: No such file"),
        (["change", "1"], 2, "there is nothing to change"),
        (["remove", "7"], 2, "there is no number 7"),
        (["remove", "0"], 2, "no number of items"),
        (["export", "1"], 2, "--out"),
        (["list", "--kind", "song"], 2, "unknown value 'song'"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(tmp_path, capsys, words, code, text):
    found, out, err = run(capsys, *words, "--library", str(tmp_path / "shelf"))
    assert (found, out) == (code, "")
    assert text in err
    assert len(err.splitlines()) == 1


def test_the_command_serves_the_page_until_it_is_stopped(tmp_path):
    command = [
        sys.executable,
        "-m",
        "pianolab",
        "library",
        "page",
        "--no-browser",
        "--library",
        str(tmp_path / "shelf"),
    ]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        done = subprocess.run([*command, "--port", port], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"pianolab: port {port} cannot be used")
    assert len(done.stderr.splitlines()) == 1
    with subprocess.Popen(
        [*command, "--port", port], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        address = server.stdout.readline().split()[1]
        assert address.startswith(f"http://127.0.0.1:{port}/?token=")
        with urllib.request.urlopen(address, timeout=20) as answer:
            assert b"shelf.js" in answer.read()
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=20) == 130
        assert server.stderr.read() == ""


def test_a_browser_is_started_without_the_token_and_led_to_the_page(tmp_path, monkeypatch, capsys):
    from pianolab.practice.shelf import server

    async def serve(shelf, *, started, port):
        started(shelf)

    opened = []

    def browser(address):
        path = Path(urllib.request.url2pathname(urlsplit(address).path))
        opened.append((address, path, path.read_text(encoding="utf-8"), stat.S_IMODE(path.stat().st_mode)))

    monkeypatch.setattr(server, "serve", serve)
    monkeypatch.setattr("webbrowser.open", browser)
    code, out, _ = run(capsys, "page", "--library", str(tmp_path / "shelf"))
    page = out.splitlines()[0].removeprefix("page: ")
    ((address, path, html, mode),) = opened
    assert code == 0
    assert address.startswith("file://")
    assert page.partition("token=")[2] not in address
    assert f'content="0; url={page}"' in html
    assert os.name != "posix" or mode == 0o600
    assert not path.parent.exists()


@pytest.mark.in_a_worker
@pytest.mark.parametrize(
    ("error", "text"),
    [(WorkerTimeout("x"), "takes longer than 120 s to read"), (WorkerDied("x"), "ended the program that read it")],
)
def test_a_file_that_ends_its_reader_or_stops_it_is_left_out(library, tone, monkeypatch, error, text):
    monkeypatch.setattr(facts.workers, "run", lambda _, jobs, **__: ((job, None, error) for job in jobs))
    with pytest.raises(PianolabError, match=text):
        library.add(tone)
    assert (library.items(), stored(library)) == ([], [])
