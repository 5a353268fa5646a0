"""`pianolab stream` starts with one word, and refuses in one line what it cannot do."""

import asyncio
import signal
import socket
import subprocess
import sys

import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import websocket_connect

from pianolab.cli import main, stream

COMMAND = [sys.executable, "-m", "pianolab", "stream"]


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


async def visit(page, websocket):
    """What the page and the websocket of a server answer."""
    shown = await AsyncHTTPClient().fetch(page)
    talk = await websocket_connect(websocket)
    await talk.write_message('{"type": "hello", "versions": [1], "sr": 16000}')
    welcome = await talk.read_message()
    talk.close()
    return shown.body.decode(), welcome


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize(
    ("number", "code", "says"), [("SIGINT", 130, ""), ("SIGTERM", 143, "pianolab: stopped by SIGTERM\n")]
)
def test_the_addresses_that_it_prints_work_until_it_is_stopped(number, code, says):
    options = ["--port", str(free_port()), "--detector", "yin:threshold=0.2"]
    with subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        first, page, websocket = (program.stdout.readline() for _ in range(3))
        assert first == "yin listens; at most 20 clients; Ctrl-C ends it\n"
        page, welcome = asyncio.run(visit(page.split()[-1], websocket.split()[-1]))
        program.send_signal(getattr(signal, number))
        _, err = program.communicate(timeout=20)
    assert "What the microphone hears" in page
    assert '"detector":"yin"' in welcome
    assert (program.returncode, err) == (code, says)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--detector", "yni"], "unknown detector 'yni': did you mean yin"),
        (["--detector", "yin:a4_hz=auto"], "give the frequency of A4 in Hz"),
        (["--port", "80"], "'80' is no port: use a number from 1024 to 65535"),
        (["--origin", "localhost:3000"], "'localhost:3000' is no origin: use one such as http://localhost:3000"),
        (["--token", "short"], "the token is none: use 8 to 200 of the characters"),
        (["--clients", "0"], "'0' is no number of clients: use 1 to 1000"),
        (["--seconds", "0.5"], "0.5 s is no length of a stream: use 1 to 86400"),
        (["--my-piano", "nowhere.json"], "nowhere.json"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(capsys, words, says):
    assert main(["stream", *words]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1


def test_a_port_in_use_is_refused(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["stream", "--port", str(port)]) == 2
    err = capsys.readouterr().err
    assert err == f"pianolab: port {port} cannot be used (address already in use): use another one, --port N\n"


def test_without_tornado_the_remedy_is_named(monkeypatch, capsys):
    monkeypatch.setattr(stream, "find_spec", lambda name: None)
    assert main(["stream"]) == 2
    assert capsys.readouterr().err.endswith("comes with Jupyter: pip install tornado\n")
