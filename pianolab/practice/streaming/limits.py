"""What one client may ask of the stream server, so that the others get their share."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from pianolab.errors import PianolabError
from pianolab.live.sources import LAG_S

MAX_CLIENTS = 1000
MAX_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Limits:
    """What a client may ask for.

    Attributes
    ----------
    clients : int
        So many at once; the next one is told that there is no room.
    seconds : float
        Length of a stream.
    block_s : float
        Length of the sound in one message.
    waiting_s : float
        Sound that waits for longer to be heard is dropped, as on the live page.
    hello_s, silent_s : float
        A client must say hello within the first, and then something within the second.
    errors : int
        The connection of a client that makes more of them is closed.
    unread : int
        Messages that a client may leave unread.
    speed : float
        Seconds of sound in a second that may come for long.
    messages_per_s : float
        Messages in a second that may come for long: 128 samples at 48 kHz make 375.
    burst_s : float
        What was held up on its way for so long may come at once.

    Raises
    ------
    PianolabError
        If there is room for no client or for more than a machine serves, or if the seconds make no sense.
    """

    clients: int = 20
    seconds: float = 4 * 3600.0
    block_s: float = LAG_S / 2
    waiting_s: float = LAG_S
    hello_s: float = 10.0
    silent_s: float = 30.0
    errors: int = 10
    unread: int = 256
    speed: float = 1.5
    messages_per_s: float = 500.0
    burst_s: float = 20.0

    def __post_init__(self):
        if not 1 <= self.clients <= MAX_CLIENTS:
            raise PianolabError(f"{self.clients} clients cannot be served: use 1 to {MAX_CLIENTS}")
        if not 1 <= self.seconds <= MAX_SECONDS:
            raise PianolabError(f"{self.seconds} s is no length of a stream: use 1 to {MAX_SECONDS:.0f}")


class Allowance:
    """So much a second for long, and more of it at once after a pause (a token bucket).

    Parameters
    ----------
    per_s : float
        What is allowed in a second.
    burst_s : float
        As much as this many seconds allow may come at once.
    clock : callable
        Seconds that pass; for tests.

    Examples
    --------
    >>> allowance = Allowance(per_s=10, burst_s=1, clock=lambda: 0.0)
    >>> [allowance.take(6), allowance.take(6)]
    [True, False]
    """

    def __init__(self, *, per_s: float, burst_s: float, clock: Callable[[], float] = time.monotonic):
        self.per_s, self.most, self._clock = per_s, per_s * burst_s, clock
        self._left, self._at = self.most, clock()

    def take(self, amount: float) -> bool:
        """Take some of it.

        Parameters
        ----------
        amount : float

        Returns
        -------
        bool
            Whether there was enough left. If not, nothing is taken.
        """
        now = self._clock()
        self._left = min(self.most, self._left + self.per_s * (now - self._at))
        self._at = now
        if amount > self._left:
            return False
        self._left -= amount
        return True
