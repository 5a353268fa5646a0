"""Ogg: recordings that were joined byte by byte are found, and pieces that are damaged or missing.

An Ogg file may be a chain of recordings, each whole in itself (RFC 3533, section 4). libsndfile reads the first. Each
page has a checksum, a number, and the time at which it ends. A page that is damaged or missing would make all later
times early: what lies before and behind it is read apart, and silence stands between (see `FilledReader`).
"""

import zlib
from typing import Any, NamedTuple

from pianolab.sound.layout import JOINED, Layout, Piece, Run
from pianolab.sound.tags import after_filling, bytes_at, tag_length

_WINDOW = 2**20
_BEGINS, _ENDS = 2, 4
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_MOST_FILLED_S, _MOST_FILLED, _MOST_NAMED = 600.0, 1000, 3
_FREE_CHECKS = 2**26  # So many bytes may be checked in vain; "OggS" may stand anywhere in what is no Ogg.
_SKIP_AT = 28 + 10  # Behind the head of the page with one packet, in the header of Opus (RFC 7845, section 5.1).


class _Page(NamedTuple):
    start: int
    stop: int
    flags: int
    granule: int
    serial: int
    number: int
    n_packets: int  # that end in it
    is_good: bool


def layout_of_pages(handle: Any, start: int, size: int) -> Layout | None:
    """The links of an Ogg file.

    Parameters
    ----------
    handle : binary file object
    start : int
        Where the first page begins, behind tags.
    size : int
        Bytes in the file.

    Returns
    -------
    Layout or None
        None where the file as it is should be read.
    """
    links, n_lost, is_cut = _links(handle, start, size)
    layout = Layout([_spans(link) for link in links])
    for index, link in enumerate(links):
        runs, remark = _runs(handle, link)
        if runs:
            layout.runs[index] = runs
        which = f" in recording {index + 1}" if len(links) > 1 else ""
        layout.end_remarks += [remark.format(which=which)] if remark else []
    if n_lost and not layout.end_remarks:
        layout.end_remarks.append(f"has {n_lost} bytes that are no Ogg pages: they are not heard")
    if links and not any(page.is_good and page.flags & _ENDS for page in links[-1]):
        why = "its last page is not whole, and " if is_cut else ""
        layout.end_remarks.append(f"is cut short: {why}no page says that the sound ends")
    if len(links) > 1:
        layout.end_remarks.append(JOINED.format(len(links)))
    return layout if links and (layout.end_remarks or start > 0) else None


def _links(handle: Any, start: int, size: int) -> tuple[list[list[_Page]], int, bool]:
    """The pages of each link, how many bytes are no page, and whether the last page is cut."""
    links: list[list[_Page]] = []
    at, n_lost, n_vain, begins_before = start, 0, 0, False
    while at < size and n_vain <= size + _FREE_CHECKS:
        page = _page_at(handle, at)
        if page and page.stop <= size and (page.is_good or _is_followed(handle, page, size)):
            begins = bool(page.flags & _BEGINS)
            if not links or (begins and not begins_before):
                links.append([])
            begins_before = begins
            links[-1].append(page)
            at = page.stop
            continue
        n_vain += page.stop - at if page else 0
        head = bytes_at(handle, at, 32)
        if n_tag := tag_length(head):
            at += n_tag
            continue
        if after_filling(handle, at, size) >= size:
            return links, n_lost, False
        window = bytes_at(handle, at + 1, _WINDOW)
        found = window.find(b"OggS")
        if found < 0 and head[:4] == b"OggS" and (page is None or page.stop > size) and at + 1 + len(window) >= size:
            return links, n_lost, True
        step = min(1 + (found if found >= 0 else max(1, len(window) - 3)), size - at)
        n_lost += step
        at += step
    return links, n_lost + size - min(at, size), False


def _page_at(handle: Any, at: int) -> _Page | None:
    """The page that begins here (RFC 3533, section 6); None where none does."""
    head = bytes_at(handle, at, 27 + 255)
    if head[:5] != b"OggS\0" or len(head) < 27 or len(head) < 27 + head[26]:
        return None
    lacing = head[27 : 27 + head[26]]
    n_head = 27 + len(lacing)
    body = bytes_at(handle, at + n_head, sum(lacing))
    is_good = len(body) == sum(lacing) and head[22:26] == page_checksum(head[:22] + bytes(4) + head[26:n_head] + body)
    return _Page(
        start=at,
        stop=at + n_head + sum(lacing),
        flags=head[5],
        granule=int.from_bytes(head[6:14], "little", signed=True),
        serial=int.from_bytes(head[14:18], "little"),
        number=int.from_bytes(head[18:22], "little"),
        n_packets=sum(length < 255 for length in lacing),
        is_good=is_good,
    )


def page_checksum(page: bytes) -> bytes:
    """The checksum of a page: that of zlib with the bits of every byte the other way round, which starts at 0.

    Parameters
    ----------
    page : bytes
        With zeros in the place of the checksum.

    Returns
    -------
    bytes
        4 bytes (RFC 3533, section 6).

    Examples
    --------
    >>> page_checksum(b"OggS").hex()
    '4fa9b05f'
    """
    reflected = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return reflected.to_bytes(4, "little").translate(_REVERSED)[::-1]


def _is_followed(handle: Any, page: _Page, size: int) -> bool:
    """Whether a page with a wrong checksum has the right length: another page, a tag or the end follows."""
    follows = bytes_at(handle, page.stop, 32)
    return page.stop == size or follows[:4] == b"OggS" or tag_length(follows) > 0


def _spans(pages: list[_Page]) -> list[Piece]:
    """The bytes of pages, those that touch as one."""
    spans: list[tuple[int, int]] = []
    for page in pages:
        if spans and spans[-1][1] == page.start:
            spans[-1] = (spans[-1][0], page.stop)
        else:
            spans.append((page.start, page.stop))
    return list(spans)


class _Codec(NamedTuple):
    """What the first page of a link says: packets before the sound, granules in a second, granules that are skipped."""

    n_headers: int
    rate: int
    skip: int


def _codec(handle: Any, first: _Page) -> _Codec | None:
    """What the link is, from its first page; None where that is neither Vorbis nor Opus, or damaged."""
    body = bytes_at(handle, first.start + 28, 16)
    if first.is_good and body.startswith(b"\x01vorbis"):
        return _Codec(3, max(1, int.from_bytes(body[12:16], "little")), 0)
    if first.is_good and body.startswith(b"OpusHead"):
        return _Codec(2, 48000, int.from_bytes(body[10:12], "little"))
    return None


def _without_skip(handle: Any, page: _Page) -> bytes:
    """The header page of an Opus that skips nothing at its beginning, for what is read from its middle on."""
    data = bytearray(bytes_at(handle, page.start, page.stop - page.start))
    data[_SKIP_AT : _SKIP_AT + 2], data[22:26] = bytes(2), bytes(4)
    data[22:26] = page_checksum(bytes(data))
    return bytes(data)


def _runs(handle: Any, link: list[_Page]) -> tuple[list[Run], str]:
    """What lies between damaged or missing pages, and a remark; no runs where they cannot be put at their times."""
    damaged = "" if all(page.is_good for page in link) else "is damaged{which}: later times may be early"
    codec = _codec(handle, link[0])
    pages = [page for page in link if page.is_good and page.serial == link[0].serial]
    if codec is None:
        return [], damaged
    n_head = n_packets = 0
    while n_head < len(pages) and n_packets < codec.n_headers:
        n_packets += pages[n_head].n_packets
        n_head += 1
    head, sound = pages[:n_head], pages[n_head:]
    if not sound or head[-1].number - head[0].number != n_head - 1:
        return [], damaged
    starts = [index for index in range(1, len(sound)) if sound[index].number > sound[index - 1].number + 1]
    if sound[0].number > head[-1].number + 1:
        if sound[0].start == head[-1].stop:  # Nothing says that it ever was there: a stream that was joined later.
            return [], damaged or "lacks its first piece of sound{which}: times count from what is there"
        starts = [0, *starts]
    if not starts:
        return [], ""
    missing = [_missing(codec, sound, index) for index in starts]
    places = ", ".join(f"{at_s:.3f} s" for at_s, _ in missing[:_MOST_NAMED]) + " ..." * (len(missing) > _MOST_NAMED)
    if len(missing) > _MOST_FILLED:
        return [], f"is damaged{{which}} at {places}: what is missing there makes all later times early"
    is_filled = all(0 <= most_s <= _MOST_FILLED_S for _, most_s in missing)
    runs = []
    for start, stop in zip([0, *starts], [*starts, len(sound)], strict=True):
        ends = [page.granule for page in sound[start:stop] if page.granule >= 0]
        is_middle = codec.skip > 0 and (start > 0 or (starts[0] == 0 and stop > 0))
        begin = [_without_skip(handle, head[0]), *_spans(head[1:])] if is_middle else _spans(head)
        end_s = (max(0, ends[-1] - codec.skip) / codec.rate if is_filled else 0.0) if ends else None
        runs.append(Run([*begin, *_spans(sound[start:stop])], end_s))
    if not is_filled:
        return runs, f"is damaged{{which}} at {places}: what is missing there makes all later times early"
    return runs, (
        f"is damaged{{which}} at {places}: at most {sum(most_s for _, most_s in missing):.3f} s are missing; silence "
        "stands there, so that later times stay right"
    )


def _missing(codec: _Codec, sound: list[_Page], index: int) -> tuple[float, float]:
    """Where the piece before a page is missing, and its length at most, in seconds."""
    before = next((page.granule for page in reversed(sound[:index]) if page.granule >= 0), 0)
    behind = next((page.granule for page in sound[index:] if page.granule >= 0), before)
    return max(0, before - codec.skip) / codec.rate, (behind - before) / codec.rate
