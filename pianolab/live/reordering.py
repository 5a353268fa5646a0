"""Put the blocks of a live stream in order and find the holes between them.

A block says at which sample of the stream it begins (``frame``) and, if its sender counts them, which block it is
(``seq``). Blocks may overtake each other on their way, come twice or never. Out come blocks in order, each with the
number of samples that are missing before it. A hole in the frames where ``seq`` goes on was made by the sender, which
had to drop something: it is known at once. A hole in ``seq`` may still be filled: the blocks after it wait a little.
"""

from dataclasses import dataclass

import numpy as np

PATIENCE = 8  # blocks that wait for a missing one: 0.2 s of 1024 samples at 44.1 kHz


@dataclass(frozen=True, eq=False)
class Piece:
    """A block in its place.

    Attributes
    ----------
    frame : int
        Its first sample in the stream.
    y : (n,) float32
    gap : int
        Samples that are missing before it.
    """

    frame: int
    y: np.ndarray
    gap: int


class Reorderer:
    """Blocks in any order in, blocks in order out.

    Parameters
    ----------
    patience : int
        At most so many blocks wait for a missing one; then it counts as lost.

    Attributes
    ----------
    next_frame : int
        The sample that the next block should begin with.
    late : int
        Blocks that came twice, or after their place had been given up.
    """

    def __init__(self, *, patience=PATIENCE):
        self.patience = patience
        self.next_frame = 0
        self.late = 0
        self._next_seq = 0
        self._held = {}  # frame -> (seq, y)

    def put(self, frame, y, *, seq=None):
        """Take a block; return the pieces that are now in order, a list of Piece."""
        if frame + len(y) <= self.next_frame or frame in self._held:
            self.late += 1
            return []
        self._held[frame] = (seq, y)
        return self._release(self.patience)

    def flush(self):
        """Give up waiting: everything that is held, in order."""
        return self._release(0)

    def _release(self, patience):
        pieces = []
        while self._held:
            frame = min(self._held)
            seq, y = self._held[frame]
            in_order = frame <= self.next_frame or (seq is not None and seq == self._next_seq)
            if not in_order and len(self._held) <= patience:
                break
            del self._held[frame]
            pieces += self._take(frame, y, seq)
        return pieces

    def _take(self, frame, y, seq):
        if seq is not None:
            self._next_seq = max(self._next_seq, seq + 1)
        overlap = max(0, self.next_frame - frame)
        if overlap >= len(y):
            self.late += 1
            return []
        piece = Piece(frame + overlap, y[overlap:], max(0, frame - self.next_frame))
        self.next_frame = frame + len(y)
        return [piece]
