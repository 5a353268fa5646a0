"""Tags of players and editors before and behind the sound: they are no sound and nothing is missing without them."""

from typing import Any

_BLOCK = 2**20


def size_of(handle: Any) -> int:
    """Bytes in a file.

    Parameters
    ----------
    handle : binary file object

    Returns
    -------
    int
    """
    return handle.seek(0, 2)


def bytes_at(handle: Any, start: int, n: int) -> bytes:
    """Bytes of a file from a place; fewer at its end.

    Parameters
    ----------
    handle : binary file object
    start, n : int

    Returns
    -------
    bytes
    """
    handle.seek(start)
    return handle.read(n)


def tag_length(head: bytes) -> int:
    """How many bytes the tag has that begins here.

    Parameters
    ----------
    head : bytes
        At least 32 bytes of the file, fewer only at its end.

    Returns
    -------
    int
        0 where no tag begins.

    References
    ----------
    ID3 2.4.0 section 3.1, https://id3.org; ID3v1; APEv2, https://wiki.hydrogenaud.io/index.php?title=APEv2_specification
    """
    if head[:3] == b"ID3" and len(head) >= 10 and head[3] < 0xFF and head[4] < 0xFF and max(head[6:10]) < 0x80:
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        return 10 + size + (10 if head[5] & 0x10 else 0)
    if head[:3] == b"TAG":
        return 227 if head[3:4] == b"+" else 128
    if head[:8] == b"APETAGEX" and len(head) >= 24:
        is_header = head[23] & 0x20
        return int.from_bytes(head[12:16], "little") + 32 if is_header else 32
    return 0


def after_tags(handle: Any, start: int) -> int:
    """Where the first byte lies that belongs to no tag.

    Parameters
    ----------
    handle : binary file object
    start : int

    Returns
    -------
    int
    """
    while n := tag_length(bytes_at(handle, start, 32)):
        start += n
    return start


def first_nonzero(handle: Any, start: int, stop: int) -> int:
    """Where the first byte lies that is not zero.

    Parameters
    ----------
    handle : binary file object
    start, stop : int

    Returns
    -------
    int
        ``stop`` where all are zero.
    """
    handle.seek(start)
    while start < stop and (block := handle.read(min(_BLOCK, stop - start))):
        rest = block.lstrip(b"\0")
        if rest:
            return start + len(block) - len(rest)
        start += len(block)
    return stop


def after_filling(handle: Any, start: int, size: int) -> int:
    """Where the first byte lies that is neither zero nor part of a tag.

    Parameters
    ----------
    handle : binary file object
    start : int
    size : int
        Bytes in the file.

    Returns
    -------
    int
        ``size`` or more where there is none.
    """
    while start < size:
        at = first_nonzero(handle, start, size)
        start = after_tags(handle, at)
        if start == at:
            return at
    return start


def without_tags_at_end(handle: Any, start: int, size: int) -> int:
    """Where a file ends without the ID3v1 and APE tags at its end, which are found from behind.

    Parameters
    ----------
    handle : binary file object
    start : int
        Where it begins; no tag begins before.
    size : int
        Bytes in the file.

    Returns
    -------
    int
    """
    while True:
        last = bytes_at(handle, max(start, size - 355), min(355, max(0, size - start)))
        foot = last[-32:]
        if last[-128:-125] == b"TAG":
            n = 355 if last[:4] == b"TAG+" else 128
        elif foot[:8] == b"APETAGEX":
            n = int.from_bytes(foot[12:16], "little") + (32 if foot[23] & 0x80 else 0)
        else:
            return size
        if n < 32 or size - n < start:
            return size
        size -= n
