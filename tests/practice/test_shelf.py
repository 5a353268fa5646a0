"""The page's server: who may ask, what is answered, uploads that are taken and refused, and the texts of the page."""

import asyncio
import json
import os
import re
from pathlib import Path

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from pianolab.places import comes_with
from pianolab.practice import facts
from pianolab.practice import library as library_module
from pianolab.practice.library import Library
from pianolab.practice.score import Score, ScoreError
from pianolab.practice.shelf import ShelfServer, server
from pianolab.practice.shelf.server import page
from pianolab.texts.catalogue import LANGUAGES, catalogue
from pianolab.workers import WorkerDied

pytest.importorskip("verovio", reason='scores need verovio: pip install "pianolab[practice]"')

PIECE = comes_with("data") / "pieces" / "doraji.musicxml"
DORAJI = PIECE.read_bytes()


@pytest.fixture(autouse=True)
def same_process(monkeypatch):
    """Files are looked into in this process, which is quicker; test_library.py tries the real way."""

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


def talk(library, *requests, token=None):
    """What the server answers to each request: (status, JSON or bytes)."""

    async def all_of_them():
        shelf = ShelfServer(library)
        shelf.listen(0)
        answers = []
        try:
            for method, path, body, *headers in requests:
                given = {"Authorization": f"Bearer {shelf.token if token is None else token}"}
                for more in headers:
                    given |= {key: value.replace("{port}", str(shelf.port)) for key, value in more.items()}
                url = f"http://127.0.0.1:{shelf.port}{path.replace('{token}', shelf.token)}"
                request = HTTPRequest(url, method, given, body, allow_nonstandard_methods=True, request_timeout=20)
                answer = await AsyncHTTPClient(force_instance=True).fetch(request, raise_error=False)
                is_json = answer.headers.get("Content-Type", "").startswith("application/json")
                answers.append((answer.code, json.loads(answer.body) if is_json else answer.body))
        finally:
            await shelf.close()
        return answers

    return asyncio.run(all_of_them())


def test_a_score_is_uploaded_found_shown_changed_fetched_and_removed(library):
    added, found, score, changed, file, removed, gone = talk(
        library,
        ("POST", "/library?name=../d.xml", DORAJI),
        ("GET", "/library?words=%EB%8F%84%EB%9D%BC%EC%A7%80", None),
        ("GET", "/library/1/score", None),
        ("PATCH", "/library/1", json.dumps({"title": "D", "grade": None, "tags": ["a"]})),
        ("GET", "/library/1/file", None),
        ("DELETE", "/library/1", None),
        ("GET", "/library/1", None),
    )
    assert (added[0], added[1]["title"], added[1]["grade"]) == (201, "Doraji", 4)
    assert "path" not in added[1]
    assert [one["number"] for one in found[1]["items"]] == [1]
    shown = set(re.findall(r'data-id="([^"]+)" data-class="note"', "".join(score[1]["pages"])))
    assert shown == {note["element"] for note in score[1]["notes"]}
    assert len(score[1]["bars"]) == 28
    assert (changed[1]["title"], changed[1]["grade"], changed[1]["tags"]) == ("D", None, ["a"])
    assert file == (200, DORAJI)
    assert removed[0] == 200
    assert (gone[0], gone[1]["error"]["code"]) == (404, "not_found")
    assert library.items() == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/library?name=a.mid", b"#!/bin/sh", 400, "refused"),
        ("POST", "/library?name=a.mid", b"", 400, "refused"),
        ("POST", "/library?name=b.xml", DORAJI, 409, "duplicate"),
        ("POST", "/library", DORAJI, 400, "bad_request"),
        ("PATCH", "/library/1", "no json", 400, "bad_request"),
        ("PATCH", "/library/1", "[]", 400, "bad_request"),
        ("PATCH", "/library/1", '{"number": 7}', 400, "bad_request"),
        ("PATCH", "/library/1", '{"title": 7}', 400, "bad_request"),
        ("PATCH", "/library/1", '{"title": " "}', 400, "not_changed"),
        ("PATCH", "/library/1", '{"grade": true}', 400, "bad_request"),
        ("PATCH", "/library/1", '{"grade": 99}', 400, "not_changed"),
        ("PATCH", "/library/1", '{"grade": %s}' % ("9" * 4000), 400, "not_changed"),
        ("PATCH", "/library/1", '{"grade": %s}' % ("9" * 5000), 400, "bad_request"),
        ("PATCH", "/library/1", "[" * 60_000, 400, "bad_request"),
        ("PATCH", "/library/1", '{"tags": [1]}', 400, "bad_request"),
        ("PATCH", "/library/9", "{}", 404, "not_found"),
        ("DELETE", "/library/999999999999999999", None, 404, "not_found"),
        ("GET", "/library?kind=song", None, 400, "failed"),
        ("GET", "/library?grade=99999999999999999999", None, 400, "bad_request"),
        ("GET", f"/library?grade={'9' * 5000}", None, 400, "bad_request"),
        ("GET", "/library?words=a&grade=abc", None, 400, "bad_request"),
        ("GET", "/library?grade=%C2%B2", None, 400, "bad_request"),
        ("PUT", "/library", b"x", 405, "bad_request"),
    ],
)
def test_what_cannot_be_done_is_told_with_a_code_and_changes_nothing(library, method, path, body, status, code):
    library.add(PIECE)
    before = library.items()
    ((found, said),) = talk(library, (method, path, body))
    assert (found, said["error"]["code"]) == (status, code)
    assert len(said["error"]["text"].splitlines()) == 1
    assert library.items() == before
    assert not list(library.folder.glob(".adding-*"))


@pytest.mark.parametrize("path", ["/", "/library", "/library/1", "/library/1/file", "/library/1/score"])
@pytest.mark.parametrize("token", ["", "x" * 32, "é"])
def test_nothing_is_told_to_who_does_not_know_the_token(library, path, token):
    library.add(PIECE)
    ((status, said),) = talk(library, ("GET", path, None), token=token)
    assert (status, said["error"]["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("origin", "status"), [("http://127.0.0.1:{port}", 200), ("http://evil.example", 403), ("null", 403)]
)
def test_pages_from_elsewhere_may_not_ask(library, origin, status):
    ((found, _),) = talk(library, ("GET", "/library", None, {"Origin": origin}))
    assert found == status


def test_an_upload_that_is_too_large_or_breaks_off_leaves_nothing(library, monkeypatch):
    monkeypatch.setattr(server, "MOST_BYTES", {"score": 1000})

    async def breaks_off():
        shelf = ShelfServer(library)
        shelf.listen(0)
        head = f"POST /library?name=a&token={shelf.token} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900\r\n\r\n"
        _, writer = await asyncio.open_connection("127.0.0.1", shelf.port)
        writer.write(head.encode() + b"x" * 100)
        await writer.drain()
        while not shelf.shelf.uploads:
            await asyncio.sleep(0.01)
        writer.close()
        for _ in range(200):
            if not shelf.shelf.uploads:
                break
            await asyncio.sleep(0.01)
        left = shelf.shelf.uploads
        await shelf.close()
        return left

    assert asyncio.run(breaks_off()) == 0
    ((status, _),) = talk(library, ("POST", "/library?name=a.xml", DORAJI))
    assert status in (400, 413, 599)  # The client may find the connection closed.
    assert library.items() == []
    assert not list(library.folder.glob(".adding-*"))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a file that is always full")
@pytest.mark.parametrize("size", [10, 1_000_000])
def test_a_full_disk_is_told_to_who_uploads(library, monkeypatch, capfd, size):
    staging = library.staging

    def on_a_full_disk():
        folder = staging()
        (Path(folder.name) / "upload").symlink_to("/dev/full")
        return folder

    def no_folder():
        raise OSError(28, "No space left on device")

    for made in (on_a_full_disk, no_folder, staging):
        monkeypatch.setattr(library, "staging", made)
        body = DORAJI if made is staging else b"x" * size
        *refused, (status, _) = talk(library, *[("POST", "/library?name=a.xml", body)] * 6, ("GET", "/library", None))
        assert status == 200
        if made is not staging:
            assert [(code, said["error"]["code"]) for code, said in refused] == [(500, "failed")] * 6
            assert "No space left" in refused[0][1]["error"]["text"]
    assert len(library.items()) == 1
    assert not list(library.folder.glob(".adding-*"))
    assert capfd.readouterr() == ("", "")


def test_pages_are_as_wide_as_is_asked_for_and_notes_keep_their_names(library):
    library.add(PIECE)
    wide, narrow, *refused = talk(
        library,
        ("GET", "/library/1/score", None),
        ("GET", "/library/1/score?width=800", None),
        ("GET", "/library/1/score?width=wide", None),
        ("GET", "/library/1/score?width=99999", None),
    )
    assert 'viewBox="0 0 1050 ' in wide[1]["pages"][0]
    assert 'viewBox="0 0 400 ' in narrow[1]["pages"][0]
    assert ["Doraji" in score[1]["pages"][0] for score in (wide, narrow)] == [True, False]  # It would be cut off.
    assert wide[1]["notes"] == narrow[1]["notes"]
    assert wide[1]["bars"] == narrow[1]["bars"]
    assert [(code, said["error"]["code"]) for code, said in refused] == [(400, "bad_request")] * 2


def test_a_score_is_called_what_the_library_calls_it(library):
    """A MIDI file has no title, and a player may have given another one."""
    answers = talk(
        library,
        ("POST", "/library?name=a.mid", DORAJI),
        ("PATCH", "/library/1", json.dumps({"title": "For Mina"})),
        ("GET", "/library/1/score", None),
        ("PATCH", "/library/1", json.dumps({"title": "For Jun"})),
        ("GET", "/library/1/score", None),
    )
    assert [said["title"] for _, said in answers[1:]] == ["For Mina", "For Mina", "For Jun", "For Jun"]


def test_a_score_that_ends_its_engraver_is_refused_and_the_server_goes_on(library, monkeypatch):
    library.add(PIECE)
    monkeypatch.setattr(facts.workers, "run", lambda _, jobs, **__: ((job, None, WorkerDied("x")) for job in jobs))
    score, found = talk(library, ("GET", "/library/1/score", None), ("GET", "/library", None))
    assert (score[0], score[1]["error"]["code"]) == (400, "not_shown")
    assert "Doraji ended the program that read it" in score[1]["error"]["text"]
    assert len(found[1]["items"]) == 1


def test_what_cannot_be_engraved_is_not_taken(library, monkeypatch):
    def fails(_):
        raise ScoreError("it cannot be engraved")

    monkeypatch.setattr(Score, "pages", fails)
    ((status, said),) = talk(library, ("POST", "/library?name=a.xml", DORAJI))
    assert (status, said["error"]["code"], library.items()) == (400, "refused", [])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_all_its_texts_in_its_language(library, language):
    ((status, html),) = talk(library, ("GET", f"/?token={{token}}&language={language}", None))
    assert (status, html.decode()) == (200, page(language))
    said = json.loads(re.search(r'id="said">(.*?)</script>', html.decode())[1])
    assert said["language"] == language
    program = (Path(server.__file__).parent / "static" / "shelf.js").read_text(encoding="utf-8")
    named = set(re.findall(r'data-text="(\w+)"', html.decode())) | set(re.findall(r'say\("([\w.]+)"', program))
    named |= {"kind_score", "kind_recording", "kind_image", "change", "open", "download", "remove"}
    named |= {"empty", "nothing_found"}
    named |= {key for key in said["texts"] if key.startswith("error.")}
    assert set(said["texts"]) == named
    assert said["texts"]["heading"] == catalogue(language)["library.heading"]


def test_every_code_of_an_error_can_be_said():
    codes = set(re.findall(r'(?:_Refused\(\d+, |code=)"(\w+)"', Path(server.__file__).read_text(encoding="utf-8")))
    assert codes > {"duplicate", "refused", "not_changed", "not_shown"}
    assert {f"library.error.{code}" for code in codes} <= set(catalogue("en"))
