"""Over real sockets: what is heard is what `transcribe` hears, and no client harms another one."""

import asyncio
import json
import os
import random

import numpy as np
import psutil
import pytest
from stream_client import HELLO, TOKEN, bad_company, connect, frame, raw, serving
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from pianolab import transcribe
from pianolab.errors import PianolabError
from pianolab.live.choices import Choice
from pianolab.live.stream import pcm16
from pianolab.piano import render
from pianolab.practice.streaming import StreamServer, server
from pianolab.practice.streaming.server import checked_origin, checked_token
from pianolab.roll import Notes

SR = 44100
MELODY = Notes(0.1 + 0.3 * np.arange(4), 0.38 + 0.3 * np.arange(4), [60, 64, 67, 72])


@pytest.fixture(scope="module")
def pcm():
    return pcm16(0.8 * render(MELODY, sr=SR, tail_s=0.3))


@pytest.fixture(scope="module")
def offline(pcm):
    notes = transcribe(pcm, sr=SR)
    assert notes.names == ["C4", "E4", "G4", "C5"]
    return notes


def assert_same(events, notes):
    """Events are exactly the notes of the offline path."""
    for kind, times in (("on", notes.onset), ("off", notes.offset)):
        of_kind = [event for event in events if event["kind"] == kind]
        assert [event["name"] for event in of_kind] == notes.names
        np.testing.assert_allclose([event["time_s"] for event in of_kind], times, atol=1e-6)
    assert {event["kind"] for event in events} <= {"on", "off", "revised"}


@pytest.mark.parametrize("block", [441, 4096])
def test_events_over_the_stream_are_the_notes_of_transcribe(pcm, offline, block):
    async def run():
        async with serving() as server:
            client = await connect(server)
            events = await client.play(pcm, block=block)
            assert_same(events, offline)
            assert client.answers[-1] == {
                "type": "stopped",
                "time_s": round(len(pcm) / SR, 6),
                "notes": 4,
                "dropped_s": 0.0,
                "missing_s": 0.0,
            }
            on = next(event for event in events if event["kind"] == "on")
            assert 0 < on["confidence"] <= 1
            assert on["level_db"] < 0
            assert on["heard_s"] >= on["time_s"]

    asyncio.run(run())


def test_another_rate_is_heard_at_that_rate():
    y = render(MELODY, sr=48000, tail_s=0.3)

    async def run():
        async with serving() as server:
            client = await connect(server, hello={"sr": 48000})
            assert_same(await client.play(pcm16(y), sr=48000), transcribe(pcm16(y), sr=48000))

    asyncio.run(run())


def test_welcome_says_who_listens_and_what_is_allowed():
    async def run():
        async with serving(clients=3, waiting_s=0.5) as server:
            client = await connect(server, hello={"versions": [9, 1], "unheard_of": True})
            (welcome,) = client.answers
            assert (welcome["version"], welcome["detector"], welcome["polyphonic"]) == (1, "fft_peak", False)
            assert welcome["limits"]["waiting_s"] == 0.5
            await client.say({"type": "ping", "id": "é\ud800"})
            assert (await client.answer())["id"] == "é\ud800"

    asyncio.run(run())


def test_who_does_not_know_the_token_or_comes_from_another_page_is_refused():
    async def run():
        async with serving(origins=["http://localhost:3000"]) as server:
            here = f"http://127.0.0.1:{server.port}"
            for origin in (here, f"http://localhost:{server.port}", "http://localhost:3000"):
                assert await connect(server, origin=origin)
            assert await connect(server, token="", Authorization=f"Bearer {TOKEN}")
            strangers = [{"token": ""}, {"token": TOKEN[:-1]}, {"token": TOKEN + "x"}, {"token": "%E2%82%AC"}]
            strangers += [{"origin": o} for o in ("http://evil.example", "null", "http://localhost:3001", "x")]
            # A name of theirs that leads to this machine makes Host and Origin agree; that is not enough.
            strangers += [{"origin": f"http://evil.example:{server.port}", "Host": f"evil.example:{server.port}"}]
            for stranger in strangers:
                with pytest.raises(HTTPClientError) as error:
                    await connect(server, **stranger)
                assert error.value.code == 403, stranger

    asyncio.run(run())


def test_the_server_listens_on_this_machine_only():
    async def run():
        async with serving() as server:
            (listening,) = [one for one in psutil.Process().net_connections("tcp") if one.laddr.port == server.port]
            assert listening.laddr.ip == "127.0.0.1"

    asyncio.run(run())


def test_the_sample_page_asks_no_other_machine_and_carries_no_token():
    async def run():
        async with serving() as server:
            assert server.address == f"http://127.0.0.1:{server.port}/?token={TOKEN}"
            lines = 0
            for path in ("/", "/page.js", "/worklet.js"):
                answer = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{server.port}{path}")
                text = answer.body.decode()
                assert TOKEN not in text
                assert "//" not in text.replace("// ", "").replace("${scheme}://${location.host}", "")
                assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
                lines += text.count("\n")
            assert lines <= 150

    asyncio.run(run())


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("no JSON", "bad_message"),
        ('{"type": "wlecome"}', "bad_message"),
        (json.dumps(HELLO), "bad_message"),
        (b"odd", "bad_sound"),
        (b"", "bad_sound"),
        (bytes(30000), "bad_sound"),
    ],
)
def test_a_mistake_is_told_and_the_stream_goes_on(pcm, offline, message, code):
    async def run():
        async with serving() as server:
            client = await connect(server)
            await client.say(message)
            told = await client.answer("error")
            assert (told["code"], told["closing"]) == (code, False)
            assert_same(await client.play(pcm), offline)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("messages", "code", "closes"),
    [
        ([b"xx", {"type": "stop"}], "hello_first", None),
        ([{**HELLO, "versions": [2]}], "no_version", 4001),
        ([{**HELLO, "sr": 100}], "bad_rate", 4002),
        (["x"] * 11, "too_many_errors", 4007),
        ([{"type": "ping"}] * 101, "too_fast", 4005),
        ([HELLO, *[bytes(2 * 11025)] * 9], "too_fast", 4005),
        ([HELLO, *[{"type": "missing", "samples": 11025}, bytes(2)] * 9], "too_fast", 4005),
        ([HELLO, *[{"type": "missing", "samples": 88200}, bytes(20)] * 2], "too_long", 4006),
    ],
)
def test_what_cannot_go_on_is_told_and_closed(messages, code, closes):
    async def run():
        async with serving(seconds=3, speed=0.1, messages_per_s=5) as server:
            client = await connect(server, hello=False)
            for message in messages:
                await client.say(message)
            if closes is not None:
                assert await client.closed() == closes
            else:
                await client.answer("error")
                await client.answer("error")
            told = [answer for answer in client.answers if answer["type"] == "error"]
            assert told[-1]["code"] == code
            assert told[-1]["closing"] == (closes is not None)

    asyncio.run(run())


def test_one_client_too_many_is_told_and_the_place_of_one_that_leaves_is_free():
    async def run():
        async with serving(clients=1) as server:
            first = await connect(server)
            second = await connect(server, hello=False)
            assert await second.closed() == 4003
            assert second.answers[0]["code"] == "full"
            first.socket.close()
            await first.closed()
            await asyncio.sleep(0.05)
            assert await connect(server)

    asyncio.run(run())


@pytest.mark.parametrize(("hello", "limits"), [(True, {"silent_s": 0.5}), (False, {"hello_s": 0.5})])
def test_a_silent_client_is_closed(hello, limits):
    async def run():
        async with serving(**limits) as server:
            client = await connect(server, hello=hello)
            assert await client.closed() == 4004
            assert client.answers[-1]["code"] == "silent"
            assert not server.clients

    asyncio.run(run())


def test_clients_are_told_when_the_server_ends():
    async def run():
        async with serving() as server:
            client = await connect(server)
        assert await client.closed() == 1001
        assert client.answers[-1]["code"] == "going_away"

    asyncio.run(run())


def test_the_server_waits_for_a_slow_client_to_read_the_goodbye(monkeypatch):
    monkeypatch.setattr(server, "_GOODBYE_S", 20.0)

    async def run():
        async with serving() as stream:
            slow = await raw(stream.port, TOKEN)
            closing = asyncio.create_task(stream.close())
            await asyncio.sleep(0.2)
            assert not closing.done()
            said = await asyncio.get_running_loop().sock_recv(slow, 1000)
            assert b'"going_away"' in said
            await asyncio.get_running_loop().sock_sendall(slow, frame((1001).to_bytes(2, "big"), opcode=8))
            await asyncio.wait_for(closing, 10)
            slow.close()

    asyncio.run(run())


def test_bad_clients_harm_no_good_one(pcm, offline):
    async def run():
        async with serving(hello_s=1.0, unread=50) as server:
            good = await connect(server)
            playing = asyncio.create_task(good.play(pcm, waiting_s=0.1))
            sockets = await bad_company(server.port)
            assert_same(await playing, offline)
            assert good.answers[-1]["dropped_s"] == 0
            late = await connect(server)
            assert_same(await late.play(pcm), offline)
            for _ in range(200):  # What is cut short is closed after hello_s.
                if len(server.clients) <= 1:
                    break
                await asyncio.sleep(0.05)
            assert len(server.clients) <= 1  # Only who floods with sound may still be there: it is dropped.
            for sock in sockets:
                sock.close()

    asyncio.run(run())


async def garbage(server, n, rng):
    """So many malformed messages over as many connections as it takes."""
    kinds = [
        lambda: rng.randbytes(rng.randrange(1, 400) | 1),
        lambda: "".join(chr(rng.randrange(1, 0xD000)) for _ in range(rng.randrange(100))),
        lambda: json.dumps({"type": rng.choice(["hello", "missing", "ping", 4]), "id": [], "sr": rng.random()}),
        lambda: "[" * rng.randrange(5000),
    ]
    sent = 0
    while sent < n:
        client = await connect(server, hello=False)
        for _ in range(11):
            await client.say(rng.choice(kinds)())
            sent += 1
        assert await client.closed() in (4002, 4007)


@pytest.mark.parametrize("n", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_malformed_messages_crash_nothing_and_nothing_grows(pcm, offline, n):
    async def run():
        async with serving() as server:
            await garbage(server, min(n, 1000) // 3, random.Random(1))
            process = psutil.Process(os.getpid())
            before = process.memory_info().rss, len(process.open_files()), process.num_fds()
            await garbage(server, n, random.Random(2))
            await asyncio.sleep(0.1)
            assert not server.clients
            assert process.memory_info().rss - before[0] < 8e6
            assert process.num_fds() <= before[2] + 2
            assert_same(await (await connect(server)).play(pcm), offline)

    asyncio.run(run())


def test_a_port_in_use_is_refused():
    async def run():
        async with serving() as server:
            other = StreamServer(Choice("fft_peak"))
            with pytest.raises(PianolabError, match=rf"port {server.port} cannot be used .*--port N"):
                other.listen(server.port)
            await other.close()

    asyncio.run(run())


def test_each_server_has_a_token_of_its_own():
    tokens = {StreamServer(Choice("fft_peak")).token for _ in range(2)}
    assert len(tokens) == 2
    assert all(len(checked_token(token)) >= 32 for token in tokens)


@pytest.mark.parametrize("token", ["", "short", "with space", "ü" * 10, "a/b?c=d&e", "x" * 201])
def test_a_token_that_cannot_stand_in_an_address_is_refused(token):
    with pytest.raises(PianolabError, match="use 8 to 200 of the characters"):
        checked_token(token)


@pytest.mark.parametrize(
    "origin", ["", "*", "localhost", "http://", "http://x/path", "ftp://x", "http://*.x", "http://a@b"]
)
def test_what_is_no_origin_is_refused(origin):
    with pytest.raises(PianolabError, match="is no origin"):
        checked_origin(origin)
