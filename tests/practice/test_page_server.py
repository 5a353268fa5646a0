"""The practice server over real sockets: a piece from hello to its report, and who may ask."""

import asyncio
import importlib
import json
import re
import socket
import sys

import numpy as np
import pytest
from page_client import SR, TOKEN, player, practising, run
from stream_client import bad_company
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from pianolab.live.stream import pcm16
from pianolab.piano import render
from pianolab.places import comes_with
from pianolab.practice import read_score
from pianolab.practice.library import Library
from pianolab.practice.page.server import page
from pianolab.roll import Notes
from pianolab.texts.catalogue import LANGUAGES, catalogue

PIECE = comes_with("data") / "pieces" / "lightly_row.musicxml"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    library = Library(tmp_path_factory.mktemp("library"))
    library.add(PIECE)
    return library


def melody(n_bars, *, wrong=None):
    """The right hand of the first bars, as a clock plays it; one note may be another key."""
    score = read_score(PIECE)
    bars = {bar.number for bar in score.bars[:n_bars]}
    notes = [note for note in score.notes if note.hand == "right" and note.bar in bars]
    midi = np.array([note.midi for note in notes])
    if wrong is not None:
        midi[wrong[0]] += wrong[1]
    onset = 0.2 + np.array([note.onset_s for note in notes])
    return Notes(onset, onset + 0.9 * np.array([note.offset_s - note.onset_s for note in notes]), midi)


def sound(notes):
    return pcm16(0.8 * render(notes, sr=SR, tail_s=0.6))


async def practise(server, pcm, *, hello=None, **choice):
    """Choose, begin, play, and end; all answers."""
    one = await player(server, hello=hello)
    await one.say({"type": "choose", "item": 1, "hands": "right", "last_bar": 1, **choice})
    await one.answer("chosen")
    await one.say({"type": "begin"})
    await one.answer("begun")
    await one.play(pcm)
    if not one.of("report"):
        await one.say({"type": "finish"})
        await one.answer("report")
    return one


def test_a_passage_from_hello_to_the_report(library):
    notes = melody(2)

    async def what():
        async with practising(library) as server:
            one = await practise(server, sound(notes))
            welcome, report = one.answers[0], one.of("report")[0]
            assert (welcome["detector"], welcome["polyphonic"]) == ("fft_peak", False)
            assert {"fft_peak", "yin"} < set(welcome["detectors"])
            assert not one.of("error")
            assert (report["sums"]["right"], report["sums"]["notes"]) == (len(notes), len(notes))
            steps = [shown["step"] for shown in one.of("shown")]
            assert steps == sorted(steps)
            assert one.of("shown")[-1]["ended"]

    run(what())


def test_each_take_is_kept_in_the_progress_of_its_piece(tmp_path):
    library = Library(tmp_path)
    library.add(PIECE)

    async def what():
        async with practising(library) as server:
            for wrong, share in ((0, 0.667), (None, 1.0)):
                notes = melody(1, wrong=None if wrong is None else (wrong, 2))
                if wrong is not None:  # The right key comes after the wrong one.
                    onset = np.concatenate([notes.onset[:1], notes.onset + 0.6])
                    notes = Notes(onset, onset + 0.4, [notes.midi[0], notes.midi[0] - 2, *notes.midi[1:]])
                progress = (await practise(server, sound(notes), last_bar=0)).of("report")[0]["progress"]
                assert progress["last"] == pytest.approx(share)
            assert (progress["takes"], progress["best"]) == (2, 1.0)
            at = f"http://127.0.0.1:{server.port}/progress"
            told = await AsyncHTTPClient().fetch(f"{at}/1?token={TOKEN}")
            assert [take["right"] for take in json.loads(told.body)["takes"]] == [2, 3]
            for wrong in (f"{at}/1", f"{at}/2?token={TOKEN}"):
                with pytest.raises(HTTPClientError, match=r"HTTP 40[34]"):
                    await AsyncHTTPClient().fetch(wrong)

    run(what())


@pytest.mark.parametrize(
    ("hello", "said"),
    [
        ({}, "You played D#4, the score has E4: 1 key to the right."),
        ({"language": "ko", "names": "도"}, "레#4 음을 쳤습니다. 악보의 음: 미4. 오른쪽으로 1건반(검은건반 포함)."),
    ],
)
def test_a_wrong_note_is_named_while_it_is_played(library, hello, said):
    notes = melody(2, wrong=(1, -1))
    assert notes.midi[1] == 63

    async def what():
        async with practising(library) as server:
            one = await practise(server, sound(notes), hello=hello)
            named = {wrong["said"] for shown in one.of("shown") for wrong in shown["wrong"]}
            assert said in named
            assert one.of("shown")[-1]["step"] == 2  # The next key was the right one, and the one after it no more.

    run(what())


def test_with_the_beat_verdicts_come_while_one_plays(library):
    notes = melody(2)
    count_in_s = 4 * 60 / 100

    async def what():
        async with practising(library) as server:
            later = Notes(notes.onset + count_in_s - 0.2, notes.offset + count_in_s - 0.2, notes.midi)
            one = await practise(server, sound(later), mode="beat")
            assert one.of("begun")[0]["count_in_s"] == pytest.approx(count_in_s)
            assert [told["what"] for told in one.of("verdict")] == ["right"] * len(notes)
            report = one.of("report")[0]
            assert report["sums"]["right"] == len(notes)
            assert abs(report["sums"]["with_beat"]["middle_ms"]) < 60

    run(what())


def test_every_refusal_says_what_to_do_and_the_connection_stays(library):
    async def what():
        async with practising(library) as server:
            one = await player(server, hello={"language": "ko"})
            for message, code in (
                ({"type": "begin"}, "choose_first"),
                ({"type": "choose", "item": 99}, "no_piece"),
                ({"type": "choose", "item": 1, "first_bar": 4000}, "no_passage"),
                ({"type": "choose", "item": 1, "mode": "dance"}, "bad_message"),
                ({"type": "stop"}, "bad_message"),
                ("[]", "bad_message"),
            ):
                await one.say(message)
                told = await one.answer("error")
                assert (told["code"], told["closing"]) == (code, False), message
                assert code == "bad_message" or re.search("[가-힣]", told["text"])
            await one.say({"type": "ping", "id": "still there"})
            assert (await one.answer())["id"] == "still there"

    run(what())


def test_a_detector_can_be_chosen_of_those_that_are_named_only(library):
    async def what():
        async with practising(library) as server:
            one = await player(server, hello={"detector": "yin"})
            assert one.answers[0]["detector"] == "yin"
            other = await player(server, hello=False)
            hello = {"type": "hello", "versions": [1], "sr": SR}
            await other.say({**hello, "detector": "mine.py:Mine"})
            assert (await other.answer())["code"] == "no_detector"
            await other.say(hello)
            assert (await other.answer())["detector"] == "fft_peak"

    run(what())


def test_strangers_are_refused_and_players_are_few(library):
    async def what():
        async with practising(library, clients=2) as server:
            for stranger in ({"token": ""}, {"token": TOKEN + "x"}, {"origin": "http://evil.example"}):
                with pytest.raises(HTTPClientError) as error:
                    await player(server, **stranger)
                assert error.value.code == 403
            for origin in (f"http://localhost:{server.port}", None):
                await player(server, origin=origin)
            third = await player(server, hello=False)
            assert (await third.answer())["code"] == "full"
            assert await third.closed() == 4003

    run(what())


def test_who_says_nothing_or_garbage_loses_only_his_own_connection(library):
    pcm = sound(melody(2))

    async def what():
        async with practising(library, hello_s=0.5, errors=3) as server:
            silent, garbage = await player(server, hello=False), await player(server)
            for _ in range(5):
                await garbage.say("\x00{")
            assert await garbage.closed() == 4007
            one = await practise(server, pcm)
            assert one.of("report")[0]["sums"]["right"] > 0
            assert await silent.closed() == 4004

    run(what())


def test_who_asks_in_vain_again_and_again_is_told_so_and_goes_on_playing(library):
    async def what():
        async with practising(library, errors=3) as server:
            one = await player(server)
            await one.say({"type": "choose", "item": 1, "hands": "right", "last_bar": 0})
            for _ in range(9):  # A key that is remembered as a command, and that the piece needs.
                await one.say({"type": "commands", "again": 67})
                assert (await one.answer("error"))["code"] == "key_is_needed"
            await one.say({"type": "begin"})
            await one.answer("begun")

    run(what())


def test_a_piece_that_is_removed_while_it_is_played_has_its_report(tmp_path):
    library = Library(tmp_path)
    library.add(PIECE)

    async def what():
        async with practising(library) as server:
            one = await player(server, hello={"language": "ko"})
            await one.say({"type": "choose", "item": 1, "hands": "right", "last_bar": 0})
            await one.say({"type": "begin"})
            await one.answer("begun")
            library.remove(1)
            await one.play(sound(melody(1)))
            report = one.of("report")[0] if one.of("report") else await one.answer("report")
            assert (report["sums"]["right"], report["progress"]) == (3, None)
            assert "남기지 못했습니다" in report["lines"][-1]

    run(what())


def test_bad_company_takes_nothing_from_who_practises(library):
    notes = melody(2)

    async def what():
        async with practising(library, clients=10, hello_s=1.0, unread=50) as server:
            playing = asyncio.create_task(practise(server, sound(notes)))
            sockets = await bad_company(server.port, path="/practice/live")
            one = await playing
            assert one.of("report")[0]["sums"]["right"] == len(notes)
            assert one.of("heard")[-1]["dropped_s"] == 0
            for sock in sockets:
                sock.close()

    run(what())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_its_texts_in_its_language(library, language):
    async def what():
        async with practising(library) as server:
            at = f"http://127.0.0.1:{server.port}"
            got = await AsyncHTTPClient().fetch(f"{at}/?token={TOKEN}&language={language}")
            return got.body.decode(), got.headers["Content-Security-Policy"]

    html, policy = run(what())
    assert html == page(language)
    said = json.loads(re.search(r'id="said">(.*?)</script>', html, re.DOTALL)[1])
    assert (said["language"], said["texts"]["title"]) == (language, catalogue(language)["practice_page.title"])
    assert "script-src 'self';" in policy


def test_one_server_has_the_page_the_library_and_the_stream(library):
    async def what():
        async with practising(library) as server:
            at, ask = f"http://127.0.0.1:{server.port}", AsyncHTTPClient().fetch
            with pytest.raises(HTTPClientError, match="403"):
                await ask(f"{at}/")
            for path in ("/shelf", "/library/1/score"):
                assert (await ask(f"{at}{path}?token={TOKEN}")).code == 200
            assert b"microphone" in (await ask(f"{at}/sample")).body
            for path in ("/static/../server.py", "/static/%2e%2e/server.py", "/static/none.js", "/static/"):
                with pytest.raises(HTTPClientError, match="404"):
                    await ask(f"{at}{path}")

    run(what())


def test_the_program_fills_a_new_library_once_and_says_where_the_page_is(tmp_path, monkeypatch):
    from pianolab.practice.page import program

    lines, opened = [], []
    monkeypatch.setattr(program.webbrowser, "open", opened.append)
    pieces = tmp_path / "few" / "pieces"
    pieces.mkdir(parents=True)
    (pieces / PIECE.name).write_bytes(PIECE.read_bytes())
    monkeypatch.setattr(program, "comes_with", lambda _: tmp_path / "few")

    def ends(*_, started, **__):
        started()
        raise KeyboardInterrupt

    monkeypatch.setattr("pianolab.practice.page.server.PracticeServer.serve", ends)
    monkeypatch.setattr(asyncio, "run", lambda what: what)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            program.open_page(port=0, library=tmp_path / "mine", detector="yin", say=lines.append)
    assert [line for line in lines if "new" in line] == ["your library is new: 1 pieces are put into it"]
    assert [item.title for item in Library(tmp_path / "mine").items()] == ["Lightly Row (Hänschen klein)"]
    assert re.search(r"page: http://127.0.0.1:0/\?token=\S{20}", lines[-1])
    assert opened[0].startswith("file://")
    assert "token" not in opened[0]


def test_the_command_gives_the_page_what_it_was_given(monkeypatch, capsys):
    from pianolab.cli import main
    from pianolab.practice.page import program

    given = []
    monkeypatch.setattr(program, "open_page", lambda **how: given.append(how))
    options = ["--port", "9001", "--library", "mine", "--detector", "yin", "--language", "ko", "--no-browser"]
    assert main(["practice", "open", *options]) == 0
    assert program.main(options) == 0
    for how in given:
        assert how.pop("say")
        assert how.pop("my_piano", None) is None
        assert how == {"port": 9001, "library": "mine", "detector": "yin", "language": "ko", "browser": False}
    assert len(given) == 2


@pytest.mark.parametrize("missing", ["tornado", "verovio"])
def test_what_the_page_needs_is_named_before_a_library_is_made(tmp_path, monkeypatch, capsys, missing):
    monkeypatch.setattr("pianolab.practice.page.program", None, raising=False)
    for module in ("pianolab.practice.page.program", "pianolab.practice.local", missing):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "pianolab.practice.page.program")
    program = importlib.import_module("pianolab.practice.page.program")
    assert program.main(["--library", str(tmp_path / "mine"), "--no-browser"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert re.match(f"pianolab: the page needs {missing}, .*: pip install", told)
    assert not (tmp_path / "mine").exists()


def test_a_port_that_is_taken_is_told_before_anything_is_made(tmp_path, capsys):
    from pianolab.practice.page import program

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert program.main(["--port", port, "--library", str(tmp_path / "mine"), "--no-browser"]) == 2
    told = capsys.readouterr().err
    assert re.fullmatch(rf"pianolab: port {port} cannot be used \(.*\): use another one, --port N\n", told)
    assert not (tmp_path / "mine").exists()


def test_what_cannot_be_opened_is_said_in_one_line(tmp_path, monkeypatch, capsys):
    from pianolab.cli import main
    from pianolab.practice.page import program

    monkeypatch.setattr(program, "comes_with", lambda _: tmp_path / "none")
    options = ["--library", str(tmp_path), "--no-browser", "--detector", "yinn"]
    for start in (lambda: main(["practice", "open", *options]), lambda: program.main(options)):
        assert start() == 2
        assert capsys.readouterr().err == "pianolab: unknown detector 'yinn': did you mean yin or pyin?\n"
