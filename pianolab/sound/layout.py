"""Where the sound lies in a file: what libsndfile would pass over, or take for the whole, is put right before it reads.

What comes in: a binary handle. What goes out: the recordings that lie in the file one behind the other, each as the
bytes that a decoder should see, and remarks for a person. Several recordings come from files that were joined byte by
byte; other bytes than those of the file are a header with the size that is true.
"""

from dataclasses import dataclass, field
from typing import Any

# Bytes of the file from a start to a stop, or bytes that stand in their place.
Piece = bytes | tuple[int, int]

LATE = "does not state the delay of its encoder: all times may be late, by 10 to 60 ms"
JOINED = "is {} recordings joined in one file: all are heard, one after the other"


@dataclass(frozen=True)
class Run:
    """What lies between two damaged places of a recording.

    Attributes
    ----------
    pieces : list
        The bytes that a decoder should see, headers included.
    end_s : float or None
        Where it ends in the recording, seconds; None if it holds no sound.
    """

    pieces: list[Piece]
    end_s: float | None


@dataclass
class Layout:
    """The recordings in a file.

    Attributes
    ----------
    parts : list of list
        The pieces of each recording, in order.
    remarks, end_remarks : list of str
        What is odd about the file, to be put behind its name: for all readers, and for those who reach the end.
    runs : dict
        For the number of a part that is damaged: what lies between the damaged places. Silence stands in them.
    """

    parts: list[list[Piece]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    end_remarks: list[str] = field(default_factory=list)
    runs: dict[int, list[Run]] = field(default_factory=dict)


class Section:
    """The pieces of one recording as a file that can be read and sought in, and nothing else.

    Parameters
    ----------
    handle : binary file object
        The whole file; it is sought before each read, so that several sections can share it.
    pieces : list
        Bytes, or (start, stop) in the file.
    """

    def __init__(self, handle: Any, pieces: list[Piece]):
        self._handle, self._at = handle, 0
        self._pieces: list[tuple[int, int, Piece]] = []
        self._size = 0
        for piece in pieces:
            n = len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]
            if n > 0:
                self._pieces.append((self._size, self._size + n, piece))
                self._size += n
        self._index = 0

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        at = offset + (0, self._at, self._size)[whence]
        if at < 0:
            raise ValueError("a place before the beginning")
        self._at, self._index = at, 0
        return at

    def read(self, n: int = -1) -> bytes:
        n = self._size - self._at if n < 0 else n
        parts = []
        while n > 0 and (part := self._read_piece(n)):
            parts.append(part)
            n -= len(part)
        return b"".join(parts)

    def _read_piece(self, n: int) -> bytes:
        """At most n bytes from the piece that holds the place; none at the end."""
        while self._index < len(self._pieces) and self._pieces[self._index][1] <= self._at:
            self._index += 1
        if self._index == len(self._pieces):
            return b""
        start, stop, piece = self._pieces[self._index]
        n, skip = min(n, stop - self._at), self._at - start
        if isinstance(piece, bytes):
            part = piece[skip : skip + n]
        else:
            self._handle.seek(piece[0] + skip)
            part = self._handle.read(n)
        self._at += len(part)
        return part
