"""A client of the stream for tests and benchmarks, and a server to talk to."""

import asyncio
import contextlib
import json
import random
import socket
import struct

from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from pianolab.live.choices import Choice
from pianolab.practice.streaming import Limits, StreamServer

TOKEN = "a-token-of-tests"
HELLO = {"type": "hello", "versions": [1], "sr": 44100}


class Client:
    """Talks to a stream; keeps all that was answered."""

    def __init__(self, socket):
        self.socket, self.answers = socket, []

    async def say(self, message):
        """Send an object, a text or sound as they are."""
        text = json.dumps(message) if isinstance(message, dict) else message
        await self.socket.write_message(text, binary=isinstance(message, bytes))

    async def answer(self, kind=None, *, timeout_s=20):
        """The next answer, or the next one of a kind; None when the connection is closed."""
        while True:
            text = await asyncio.wait_for(self.socket.read_message(), timeout_s)
            if text is None:
                return None
            self.answers.append(json.loads(text))
            if kind in (None, self.answers[-1]["type"]):
                return self.answers[-1]

    async def closed(self):
        """The code with which the connection was closed; what came before is kept."""
        while await self.answer() is not None:
            pass
        return self.socket.close_code

    async def play(self, pcm, *, sr=44100, block=1024, waiting_s=0.3):
        """Send sound as fast as the server hears it, then stop; all events."""
        sent = heard = 0.0
        for start in range(0, len(pcm), block):
            while sent - heard > waiting_s:
                heard = (await self.answer("heard"))["time_s"]
            piece = pcm[start : start + block]
            await self.say(piece.tobytes())
            sent += len(piece) / sr
        await self.say({"type": "stop"})
        assert await self.closed() == 1000
        return self.events

    @property
    def events(self):
        """All events so far."""
        return [event for answer in self.answers if answer["type"] == "heard" for event in answer["events"]]


async def connect(server, *, token=TOKEN, origin=None, hello=True, **headers):
    """A client, by default one that was welcomed."""
    headers |= {"Origin": origin} if origin else {}
    address = f"ws://127.0.0.1:{server.port}/stream" + (f"?token={token}" if token else "")
    client = Client(await websocket_connect(HTTPRequest(address, headers=headers)))
    if hello:
        await client.say({**HELLO, **(hello if isinstance(hello, dict) else {})})
        assert (await client.answer())["type"] == "welcome"
    return client


@contextlib.asynccontextmanager
async def serving(detector="fft_peak", *, origins=(), **limits):
    """A server on a free port. Sound may wait there for 10 s, so that a busy machine changes no test."""
    limits = {"waiting_s": 10.0, **limits}
    server = StreamServer(Choice(detector), token=TOKEN, origins=origins, limits=Limits(**limits))
    server.listen(0)
    try:
        yield server
    finally:
        await server.close()


async def raw(port, token, *, path="/stream"):
    """A websocket without a library, whose owner need not behave."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, ("127.0.0.1", port))
    head = f"GET {path}?token={token} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    await loop.sock_sendall(
        sock, f"{head}Sec-WebSocket-Key: {'A' * 22}==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert b"101" in await loop.sock_recv(sock, 200)
    return sock


def frame(payload, *, opcode=1, length=None):
    """A masked frame; it may lie about its length."""
    length = len(payload) if length is None else length
    size = struct.pack("!B", 0x80 | length) if length < 126 else struct.pack("!BQ", 0xFF, length)
    return bytes([0x80 | opcode]) + size + bytes(4) + payload


N_BAD = 7


async def bad_company(port, *, token=TOKEN, path="/stream"):
    """Clients of every bad kind; each leaves what it opened."""
    loop, sockets = asyncio.get_running_loop(), [await raw(port, token, path=path) for _ in range(N_BAD)]
    hello = frame(json.dumps(HELLO).encode())
    unread, oversized, vanished, garbage, cut, flood, holes = sockets
    for sock in (unread, vanished, flood, holes):
        await loop.sock_sendall(sock, hello)
    for _ in range(400):  # It never reads, and its pongs are as long as can be.
        await loop.sock_sendall(unread, frame(json.dumps({"type": "ping", "id": "x" * 60}).encode()) * 10)
    await loop.sock_sendall(oversized, frame(b"x", opcode=2, length=2**40))
    await loop.sock_sendall(vanished, frame(bytes(2000), opcode=2))
    vanished.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    vanished.close()  # A reset, as when a machine loses its power.
    await loop.sock_sendall(garbage, random.Random(5).randbytes(3000))
    await loop.sock_sendall(cut, hello[: len(hello) // 2])
    for _ in range(100):
        await loop.sock_sendall(flood, frame(bytes(20000), opcode=2))
    hole = frame(json.dumps({"type": "missing", "samples": HELLO["sr"] // 4}).encode())
    await loop.sock_sendall(holes, (hole + frame(bytes(2), opcode=2)) * 200)  # 50 s of silence in a few bytes.
    return sockets
