"""Put the blocks of a live stream in order and find the holes between them.

A block says at which sample of the stream it begins (``frame``) and, if its sender counts them, which block it is
(``seq``). On their way blocks may overtake each other, come twice or never come. Blocks come out in order, each with
the number of samples that are missing before it.

There are two kinds of hole. Where the samples have one but the numbers of the blocks go on, the sender had to drop
something, and the hole is known at once. Where a number is missing too, its block may still come: the blocks after it
wait a little.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

PATIENCE = 8  # So many blocks wait for a missing one: 0.2 s in blocks of 1024 samples at 44.1 kHz.


@dataclass(frozen=True, eq=False)
class OrderedBlock:
    """A block in its place.

    Attributes
    ----------
    frame : int
        Number of its first sample in the stream.
    y : (n,) float32
        Samples in [-1, 1].
    gap : int
        Samples that are missing before it.
    """

    frame: int
    y: npt.NDArray[np.float32]
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

    Examples
    --------
    >>> blocks, samples = Reorderer(), np.zeros(4, np.float32)
    >>> blocks.put(4, samples, seq=1)
    []
    >>> [block.frame for block in blocks.put(0, samples, seq=0)]
    [0, 4]
    """

    def __init__(self, *, patience: int = PATIENCE):
        self.patience = patience
        self.next_frame = 0
        self.late = 0
        self._next_seq = 0
        self._waiting: dict[int, tuple[int | None, npt.NDArray[np.float32]]] = {}  # frame -> (seq, y)

    def put(self, frame: int, y: npt.NDArray[np.float32], *, seq: int | None = None) -> list[OrderedBlock]:
        """Take a block.

        Parameters
        ----------
        frame : int
            Number of its first sample in the stream.
        y : (n,) float32
            Samples in [-1, 1].
        seq : int, optional
            Number of the block, from 0.

        Returns
        -------
        list of OrderedBlock
            The blocks whose turn it is now.
        """
        if frame + len(y) <= self.next_frame or frame in self._waiting:
            self.late += 1
            return []
        self._waiting[frame] = (seq, y)
        return self._release(self.patience)

    def flush(self) -> list[OrderedBlock]:
        """Give up waiting: all blocks that are still here, in order."""
        return self._release(0)

    def _release(self, patience: int) -> list[OrderedBlock]:
        blocks = []
        while self._waiting:
            frame = min(self._waiting)
            seq, y = self._waiting[frame]
            in_order = frame <= self.next_frame or (seq is not None and seq == self._next_seq)
            if not in_order and len(self._waiting) <= patience:
                break
            del self._waiting[frame]
            blocks += self._placed(frame, y, seq)
        return blocks

    def _placed(self, frame: int, y: npt.NDArray[np.float32], seq: int | None) -> list[OrderedBlock]:
        if seq is not None:
            self._next_seq = max(self._next_seq, seq + 1)
        overlap = max(0, self.next_frame - frame)
        if overlap >= len(y):
            self.late += 1
            return []
        block = OrderedBlock(frame + overlap, y[overlap:], max(0, frame - self.next_frame))
        self.next_frame = frame + len(y)
        return [block]
