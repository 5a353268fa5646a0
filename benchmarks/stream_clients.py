"""How soon many clients of `pianolab stream` are told of a note, all of them playing at once in real time.

The server is a program of its own, as a user starts it. The clients send a rendered melody block by block, each as a
sound card would: a block leaves when its last sample has been captured. They begin at random moments. Two delays are
told. "From the stroke" is from the moment at which a key was struck in the sound to the arrival of its event, so what
the detector must hear first is in it. "Of the server" begins when the sound that the event needed had been captured;
the wait for the end of a block is in both.

    .venv/bin/python benchmarks/stream_clients.py
    .venv/bin/python benchmarks/stream_clients.py --clients 5 --seconds 10 --detector yin
    .venv/bin/python benchmarks/stream_clients.py --bad

``--bad`` adds clients that do not read, send garbage, lie about lengths, break off, vanish, flood and leave
holes, again and again. A busy machine makes it slower: the load is printed, also that of the clients themselves, which
run on the same machine.
"""

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
from tornado.websocket import websocket_connect

from pianolab.live.stream import pcm16
from pianolab.piano import render
from pianolab.roll import Notes

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "practice"))
from stream_client import N_BAD, bad_company

SR = 44100
STEP_S = 0.4
KEYS = (40, 76)  # The melody stays within these keys.
NEAR_S = 0.1  # An event belongs to a stroke that it puts so near to it.
BAR_MS = 150
SEED = 7


def melody(seconds):
    """Notes of random keys and their sound, 16 bit."""
    onset = np.arange(0.3, seconds - 2 * STEP_S, STEP_S)
    notes = Notes(onset, onset + 0.8 * STEP_S, np.random.default_rng(SEED).integers(*KEYS, len(onset)))
    return notes, pcm16(0.7 * render(notes, sr=SR))[: round(seconds * SR)]


class Player:
    """One client: plays in real time and notes when each event came."""

    def __init__(self, address, pcm, block):
        self.address, self.pcm, self.block = address, pcm, block
        self.came = []  # (event, seconds since sample 0 was captured)
        self.last = {}

    async def play(self, wait_s):
        """Begin after a while, and play to the end."""
        await asyncio.sleep(wait_s)
        socket = await websocket_connect(self.address)
        await socket.write_message(json.dumps({"type": "hello", "versions": [1], "sr": SR}))
        self.last = json.loads(await socket.read_message())
        if self.last["type"] != "welcome":
            raise SystemExit(self.last["text"])
        start_s = time.monotonic()
        reading = asyncio.create_task(self._read(socket, start_s))
        for frame in range(0, len(self.pcm), self.block):
            piece = self.pcm[frame : frame + self.block]
            await asyncio.sleep(start_s + (frame + len(piece)) / SR - time.monotonic())
            await socket.write_message(piece.tobytes(), binary=True)
        await socket.write_message('{"type": "stop"}')
        await reading

    async def _read(self, socket, start_s):
        while (text := await socket.read_message()) is not None:
            now_s = time.monotonic() - start_s
            self.last = json.loads(text)
            self.came += [(event, now_s) for event in self.last.get("events", ())]


def delays(players, notes):
    """Milliseconds from the stroke of every note that was told, and of the server for every event; notes told."""
    strokes, own = [], []
    for player in players:
        own += [now_s - event["heard_s"] for event, now_s in player.came if event["kind"] != "gap"]
        on = [
            (event["midi"], event["time_s"], now_s)
            for event, now_s in player.came
            if event["kind"] in ("on", "revised")
        ]
        for midi, onset_s in zip(notes.midi, notes.onset, strict=True):
            near = [now_s - onset_s for key, at_s, now_s in on if key == midi and abs(at_s - onset_s) < NEAR_S]
            strokes += [min(near)] if near else []
    return 1000 * np.array(strokes), 1000 * np.array(own)


@contextlib.asynccontextmanager
async def beside_bad_clients(port, token):
    """Six bad clients come, and when they are gone the next six."""
    n_came = 0

    async def keep_coming():
        nonlocal n_came
        while True:
            with contextlib.suppress(OSError):  # The server lets go of them, as it should.
                for sock in await bad_company(port, token=token):
                    sock.close()
            n_came += N_BAD
            await asyncio.sleep(0.2)

    coming = asyncio.create_task(keep_coming())
    try:
        yield
    finally:
        coming.cancel()
        print(f"beside {n_came} bad clients, one after the other:")


async def measure(address, server, *, n_clients, seconds, block, company):
    """Let so many clients play in some company; print what they saw."""
    notes, pcm = melody(seconds)
    players = [Player(address, pcm, block) for _ in range(n_clients)]
    waits = np.random.default_rng(SEED).uniform(0, 1, n_clients)
    before, began = server.cpu_times(), time.monotonic()
    async with company:
        await asyncio.gather(*(player.play(wait_s) for player, wait_s in zip(players, waits, strict=True)))
    after, lasted = server.cpu_times(), time.monotonic() - began
    stroke, own = delays(players, notes)
    told, asked = len(stroke), n_clients * len(notes)
    dropped_s = sum(player.last["dropped_s"] for player in players)
    used = (after.user + after.system - before.user - before.system) / lasted
    print(f"{n_clients} clients, {seconds} s each, blocks of {block} samples: {told} of {asked} notes told,")
    print(f"{dropped_s:.2f} s of {n_clients * seconds} s of sound dropped")
    for name, values in (("from the stroke", stroke), ("of the server", own)):
        p50, p95, longest = np.percentile(values, [50, 95, 100]) if len(values) else [np.nan] * 3
        print(f"  {name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms (bar: {BAR_MS} ms), longest {longest:.0f} ms")
    load = os.getloadavg()[0]
    print(f"  the server used {used:.2f} of a core, the machine's load was {load:.1f} on {os.cpu_count()} cores")


def main():
    """Start a server, measure, end it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=20, help="(default: 20)")
    parser.add_argument("--seconds", type=int, default=20, help="that each plays (default: 20)")
    parser.add_argument("--block", type=int, default=1024, help="samples (default: 1024)")
    parser.add_argument("--detector", default="fft_peak", help="spec text (default: fft_peak)")
    parser.add_argument("--port", type=int, default=8899, help="(default: 8899)")
    parser.add_argument("--bad", action="store_true", help="bad clients come and go meanwhile")
    given = parser.parse_args()
    token = secrets.token_urlsafe(24)
    options = ["--port", str(given.port), "--token", f"t{token}", "--detector", given.detector]
    options += ["--clients", str(given.clients + N_BAD * given.bad)]
    command = [sys.executable, "-m", "pianolab", "stream", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        try:
            address = next((line for line in program.stdout if line.startswith("websocket:")), "").split()
            if address:
                bad = beside_bad_clients(given.port, f"t{token}") if given.bad else contextlib.nullcontext()
                how = {"n_clients": given.clients, "seconds": given.seconds, "block": given.block, "company": bad}
                asyncio.run(measure(address[1], psutil.Process(program.pid), **how))
        finally:
            program.terminate()


if __name__ == "__main__":
    main()
