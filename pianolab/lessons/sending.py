"""Sound that travels in blocks over a websocket of this machine, as notebook 12 sends it.

What comes in: samples. What goes out: when each block was spoken and when it arrived, and the samples that arrived. The
network is made worse on purpose: each block waits for a time that is drawn. Nothing leaves the machine.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Sent:
    """What happened to the blocks.

    Attributes
    ----------
    sent, arrived : (n_blocks,) array
        Seconds since the first block was spoken.
    blocks : (n_blocks, block) float32
        Samples, as they arrived.
    network : (n_blocks,) array
        Seconds that the network alone kept each block.
    """

    sent: npt.NDArray[np.floating]
    arrived: npt.NDArray[np.floating]
    blocks: npt.NDArray[np.float32]
    network: npt.NDArray[np.floating]

    def __repr__(self) -> str:
        return f"<Sent: {len(self.blocks)} blocks of {self.blocks.shape[1]} samples>"

    @property
    def delay(self) -> npt.NDArray[np.floating]:
        """Seconds from a block's being spoken to its arrival."""
        return self.arrived - self.sent

    def played(self, buffer_s: float) -> npt.NDArray[np.float32]:
        """What is heard where each block is played so long after it was spoken; what comes later is silence.

        Parameters
        ----------
        buffer_s : float
            Seconds.

        Returns
        -------
        (n,) float32
        """
        in_time = self.delay <= buffer_s
        return np.where(in_time[:, None], self.blocks, np.float32(0)).ravel()


async def over_websocket(
    y: npt.ArrayLike, *, sr: int, block_s: float = 0.02, worst_s: float = 0.06, seed: int = 0
) -> Sent:
    """Send a sound in real time from one end of a websocket to the other.

    Parameters
    ----------
    y : (n,) array
        What is left after the last whole block is not sent.
    sr : int
        Hz.
    block_s : float
        Seconds of a block.
    worst_s : float
        The longest that the network keeps a block. No block overtakes another.
    seed : int
        Of the network's times.

    Returns
    -------
    Sent

    Raises
    ------
    ValueError
        If the sound is shorter than a block.
    """
    from tornado.httpserver import HTTPServer
    from tornado.netutil import bind_sockets
    from tornado.web import Application
    from tornado.websocket import WebSocketHandler, websocket_connect

    length = round(block_s * sr)
    blocks = np.asarray(y, np.float32)[: len(np.asarray(y)) // length * length].reshape(-1, length)
    if len(blocks) == 0:
        raise ValueError(f"there is nothing to send: the sound is shorter than a block of {length} samples")
    spoken = np.arange(len(blocks)) * block_s
    network = np.random.default_rng(seed).uniform(0, worst_s, len(blocks))
    due = np.maximum.accumulate(spoken + network)
    arrived: list[tuple[float, Any]] = []
    all_here = asyncio.Event()

    class Ear(WebSocketHandler):
        def on_message(self, message):
            arrived.append((time.perf_counter(), message))
            if len(arrived) == len(blocks):
                all_here.set()

    server = HTTPServer(Application([("/", Ear)]))
    sockets = bind_sockets(0, HOST)
    server.add_sockets(sockets)
    try:
        mouth = await websocket_connect(f"ws://{HOST}:{sockets[0].getsockname()[1]}/")
        start = time.perf_counter()
        for block, when in zip(blocks, due, strict=True):
            await asyncio.sleep(max(0.0, start + when - time.perf_counter()))
            await mouth.write_message(block.astype("<f4").tobytes(), binary=True)
        await all_here.wait()
        mouth.close()
    finally:
        server.stop()
    heard = np.array([np.frombuffer(message, "<f4") for _, message in arrived], np.float32)
    return Sent(spoken, np.array([at for at, _ in arrived]) - start, heard, due - spoken)
