"""A client of the practice page for tests, and a server to talk to."""

import asyncio
import contextlib

from stream_client import Client
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from pianolab.live.choices import Choice
from pianolab.practice.page import PracticeServer
from pianolab.practice.streaming import Limits

TOKEN = "a-token-of-tests"
SR = 44100
HELLO = {"type": "hello", "versions": [1], "sr": SR, "language": "en", "names": "C4"}


class Player(Client):
    """Plays on the practice page."""

    async def play(self, pcm, *, block=2048, ahead_s=1.0):
        """Send sound as fast as it is heard."""
        heard, sent = 0.0, 0
        first_s = max([one["time_s"] for one in self.answers if one["type"] == "heard"], default=0.0)
        for start in range(0, len(pcm), block):
            await self.say(pcm[start : start + block].tobytes())
            sent += len(pcm[start : start + block])
            while first_s + sent / SR - heard > first_s + ahead_s:
                heard = (await self.answer("heard"))["time_s"] - first_s

    def of(self, kind):
        """All answers of a kind."""
        return [one for one in self.answers if one["type"] == kind]


@contextlib.asynccontextmanager
async def practising(library, detector="fft_peak", **limits):
    """A practice server on a free port."""
    server = PracticeServer(
        library, choice=Choice(detector), token=TOKEN, limits=Limits(**{"clients": 4, "waiting_s": 10.0, **limits})
    )
    server.listen(0)
    try:
        yield server
    finally:
        await server.close()


async def player(server, *, token=TOKEN, origin=None, hello=None):
    """A player who was welcomed."""
    headers = {"Origin": origin} if origin else {}
    address = f"ws://127.0.0.1:{server.port}/practice/live?token={token}"
    one = Player(await websocket_connect(HTTPRequest(address, headers=headers)))
    if hello is not False:
        await one.say({**HELLO, **(hello or {})})
        assert (await one.answer())["type"] == "welcome"
    return one


def run(what):
    """Run a coroutine that must not hang."""

    async def bounded():
        return await asyncio.wait_for(what, 60)

    return asyncio.run(bounded())
