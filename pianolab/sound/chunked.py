"""WAV, RF64, AIFF, CAF and AU: the size in the header against the sound that is there.

A recorder that lost power leaves sizes of zero, and beyond 4 GB a size of 32 bits begins again at zero. libsndfile
reads as much as the header says. Here the chunks of the file are followed; where sound stands behind the stated end, a
header with the true size stands in for that of the file.

References
----------
Multimedia Programming Interface and Data Specifications 1.0 (RIFF), 1991; EBU Tech 3306 (RF64); Audio Interchange File
Format 1.3; Apple Core Audio Format Specification 1.0; Sun's header is that of ``audio.h`` in SunOS 4.
"""

import struct
from dataclasses import dataclass, field
from typing import Any

from pianolab.sound.layout import JOINED, Layout, Piece
from pianolab.sound.tags import after_filling, bytes_at, without_tag_at_end

_OPEN = (
    0x7FFF0000  # Programs that write to a pipe claim this many bytes or more: the sound goes to the end of the file.
)
_U32 = 0xFFFFFFFF
_LONGEST_DESCRIPTION = 2**20

# What may stand behind the sound, even where its own size is wrong: descriptions, marks, pictures, room for more.
_NO_SOUND = {
    b"LIST", b"list", b"id3 ", b"ID3 ", b"bext", b"iXML", b"_PMX", b"aXML", b"axml", b"chna", b"cue ", b"smpl", b"inst",
    b"JUNK", b"junk", b"PAD ", b"FLLR", b"fact", b"PEAK", b"acid", b"afsp", b"cart", b"DISP", b"plst", b"umid", b"minf",
    b"elm1", b"elmo", b"regn", b"strc", b"DGDA", b"SAUR", b"ovwf", b"resu", b"C2PA", b"LGWV", b"levl", b"link", b"mext",
    b"qlty", b"r64m", b"MARK", b"COMT", b"INST", b"NAME", b"AUTH", b"(c) ", b"ANNO", b"APPL", b"AESD", b"MIDI", b"FVER",
    b"free", b"info", b"strg", b"mark", b"uuid", b"peak", b"ovvw", b"midi", b"edct", b"chan",
}  # fmt: skip
# What begins so is a file of its own.
_OTHER_FILES = (b"RIFF", b"RIFX", b"RF64", b"FORM", b"caff", b".snd", b"fLaC", b"OggS", b"PK\3\4", b"<?xm", b"<?xp")
_AU_SAMPLE_BYTES = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}


@dataclass(frozen=True)
class _Family:
    """How a container writes its chunks: order and width of sizes, the first place, the chunks that matter."""

    order: str
    size_code: str
    first: int
    data: bytes
    data_lead: int
    wanted: tuple[bytes, ...]


_FAMILIES = {
    b"RIFF": _Family("<", "I", 12, b"data", 0, (b"fmt ",)),
    b"RIFX": _Family(">", "I", 12, b"data", 0, (b"fmt ",)),
    b"RF64": _Family("<", "I", 12, b"data", 0, (b"fmt ", b"ds64")),
    b"BW64": _Family("<", "I", 12, b"data", 0, (b"fmt ", b"ds64")),
    b"FORM": _Family(">", "I", 12, b"SSND", 8, (b"COMM",)),
    b"caff": _Family(">", "q", 8, b"data", 4, (b"desc", b"kuki", b"pakt")),
}


@dataclass
class _Container:
    """What one container holds: descriptions by name, (start, stop) of its sound, and where it ends."""

    magic: bytes
    head: bytes
    described: dict[bytes, bytes] = field(default_factory=dict)
    sounds: list[tuple[int, int]] = field(default_factory=list)
    stop: int = 0
    n_stated: int = 0
    n_missing: int = 0
    is_odd: bool = False


def layout_of_chunks(handle: Any, start: int, size: int, *, always: bool = False) -> Layout | None:
    """The recordings of a file of chunks, if its header does not say where its sound ends.

    Parameters
    ----------
    handle : binary file object
    start : int
        Where the first container begins, behind tags.
    size : int
        Bytes in the file.
    always : bool
        Whether a header of our own is wanted although that of the file is right.

    Returns
    -------
    Layout or None
        None where the file as it is should be read.
    """
    layout, at, is_odd = Layout(), start, start > 0 or always
    while at < size:
        one = _container(handle, at, size)
        if one is None or not one.sounds:
            break
        n_there = sum(b - a for a, b in one.sounds)
        if one.n_stated < n_there:
            layout.end_remarks.append(
                f"has {n_there} bytes of sound where its header states {one.n_stated}: all of them are heard"
            )
        if one.n_missing and always:
            layout.end_remarks.append(f"is cut short: its header promises {one.n_missing} bytes more of sound")
        layout.parts.append(_rebuilt(one, n_there))
        is_odd = is_odd or one.is_odd
        at = after_filling(handle, one.stop, size)
    if len(layout.parts) > 1:
        layout.end_remarks.append(JOINED.format(len(layout.parts)))
    return layout if layout.parts and (is_odd or len(layout.parts) > 1) else None


def _container(handle: Any, start: int, size: int) -> _Container | None:
    """The container that begins at a place; None where none does, or it lacks its description."""
    head = bytes_at(handle, start, 24)
    magic = head[:4]
    if magic == b".snd" and len(head) == 24:
        return _sun_audio(handle, head, start, size)
    family = _FAMILIES.get(magic)
    if family is None or (family.first == 12 and head[8:12] not in (b"WAVE", b"AIFF", b"AIFC")):
        return None
    found = _Container(magic, head[: family.first])
    at = found.stop = start + family.first
    while at < size:
        chunk = _chunk(handle, family, at, size)
        if chunk is None:
            break
        name, body, n = chunk
        if name in family.wanted and name not in found.described:
            found.described[name] = bytes_at(handle, body, min(max(n, 0), _LONGEST_DESCRIPTION))
            found.is_odd = found.is_odd or bool(found.sounds and name != b"pakt")
        at = _take_sound(handle, family, found, body, n, size) if name == family.data else body + max(n, 0)
        at = found.stop = _next_chunk(handle, family, at, size)
    return found if family.wanted[0] in found.described else None


def _chunk(handle: Any, family: _Family, at: int, size: int) -> tuple[bytes, int, int] | None:
    """Name, place and length of the chunk at a place; None where no chunk can be."""
    n_size = struct.calcsize(family.size_code)
    head = bytes_at(handle, at, 4 + n_size)
    if len(head) < 4 + n_size or head[:4] in _OTHER_FILES or not all(0x20 <= c < 0x7F for c in head[:4]):
        return None
    (n,) = struct.unpack(family.order + family.size_code, head[4:])
    body = at + len(head)
    is_known = head[:4] in (_NO_SOUND | {family.data, *family.wanted})
    if not is_known and not 0 <= n <= size - body + 1:
        return None
    return head[:4], body, n


def _next_chunk(handle: Any, family: _Family, at: int, size: int) -> int:
    """Chunks begin at even places; some programs forget that."""
    if at % 2 and family.first == 12:
        if bytes_at(handle, at, 4) in (_NO_SOUND | {family.data, *family.wanted}):
            return at
        at += 1
    return min(at, size)


def _take_sound(handle: Any, family: _Family, found: _Container, body: int, n: int, size: int) -> int:
    """Note the sound of a chunk of data; return where it ends."""
    begin = min(body + family.data_lead, size)
    if n == _U32 and len(found.described.get(b"ds64", b"")) >= 16:
        n = struct.unpack_from("<Q", found.described[b"ds64"], 8)[0]
    is_open = n < 0 or (family.size_code == "I" and n >= _OPEN and body + n > size)
    stated = size if is_open else max(begin, min(body + n, size))
    found.n_missing += 0 if is_open else max(0, body + n - size)
    stop = (
        stated
        if is_open or _is_explained(handle, family, stated, size)
        else _end_of_sound(handle, family, stated, size)
    )
    block = _block_bytes(found) if stop > stated else 1
    stop -= (stop - begin) % block
    if stop <= stated:
        stop = stated
    if stop > begin or not found.sounds:
        found.is_odd = found.is_odd or stop > stated or n < 0 or any(b > a for a, b in found.sounds)
        found.sounds.append((begin, stop))
        found.n_stated += stated - begin
    return max(stop, stated)


def _is_explained(handle: Any, family: _Family, stated: int, size: int) -> bool:
    """Whether chunks, tags, zeros or another file stand behind the stated end, and no sound."""
    for at in dict.fromkeys((stated, _next_chunk(handle, family, stated, size))):
        if bytes_at(handle, at, 4) in _NO_SOUND or _is_end(handle, at, size):
            return True
        place = at
        while place < size and (chunk := _chunk(handle, family, place, size)):
            place = _next_chunk(handle, family, chunk[1] + max(chunk[2], 0), size)
        if place > at and _is_end(handle, place, size):
            return True
    return False


def _is_end(handle: Any, at: int, size: int) -> bool:
    """Whether nothing but tags and zeros follows, or another file after them."""
    at = after_filling(handle, at, size)
    return at >= size or bytes_at(handle, at, 4) in _OTHER_FILES


def _end_of_sound(handle: Any, family: _Family, stated: int, size: int) -> int:
    """Where sound ends whose size nobody stated: before the descriptions at the end of the file, if there are any."""
    start = max(stated, size - _LONGEST_DESCRIPTION)
    tail, best = bytes_at(handle, start, size - start), size
    for name in _NO_SOUND:
        at = tail.find(name)
        while at >= 0:
            place = start + at
            while place < size and (chunk := _chunk(handle, family, place, size)):
                place = chunk[1] + max(chunk[2], 0)
                place += place % 2
            if place >= size:
                best = min(best, start + at)
                break
            at = tail.find(name, at + 1)
    return min(best, without_tag_at_end(handle, size))


def _block_bytes(found: _Container) -> int:
    """Bytes of one sample of all channels; 1 where samples are packed in another way."""
    text, n = next(iter(found.described.values()), b""), 1
    if found.magic == b"FORM" and len(text) >= 8:
        channels, _, bits = struct.unpack_from(">hIh", text)
        n = channels * (-(-bits // 8))
    elif found.magic == b"caff" and len(text) >= 20:
        (n,) = struct.unpack_from(">I", text, 16)
    elif found.magic not in (b"FORM", b"caff") and len(found.described.get(b"fmt ", b"")) >= 14:
        (n,) = struct.unpack_from("<H" if found.magic != b"RIFX" else ">H", found.described[b"fmt "], 12)
    return max(1, n)


def _rebuilt(found: _Container, n: int) -> list[Piece]:
    """The sound behind a header that holds its true size and nothing that could mislead a decoder."""
    if found.magic == b".snd":
        sizes = struct.pack(">II", 24, min(n, _U32))
        return [found.head[:4] + sizes + found.head[12:], *found.sounds]
    family = _FAMILIES[found.magic]

    def chunk(name: bytes, n_body: int, body: bytes) -> bytes:
        n_body = min(n_body, _U32) if family.size_code == "I" else n_body
        padding = bytes(len(body) % 2 if family.first == 12 else 0)
        return name + struct.pack(family.order + family.size_code, n_body) + body + padding

    described = b"".join(chunk(name, len(body), body) for name, body in found.described.items() if name != b"ds64")
    chunks = described + chunk(family.data, n + family.data_lead, bytes(family.data_lead))
    if family.first == 8:
        return [found.head + chunks, *found.sounds]
    if family.data == b"SSND" or n <= _U32 - 2**16:
        magic = b"RIFF" if found.magic in (b"RF64", b"BW64") else found.magic
        return [
            magic + struct.pack(family.order + "I", min(4 + len(chunks) + n, _U32)) + found.head[8:] + chunks,
            *found.sounds,
        ]
    sizes = struct.pack("<IQQQI", 28, n + len(chunks) + 40, n, 0, 0)
    return [b"RF64" + struct.pack("<I", _U32) + found.head[8:] + b"ds64" + sizes + chunks, *found.sounds]


def _sun_audio(handle: Any, head: bytes, start: int, size: int) -> _Container | None:
    """A file of Sun or NeXT: one header, and all that follows is sound."""
    lead, n, encoding, _, channels = struct.unpack_from(">IIIII", head, 4)
    if lead < 24 or start + lead > size:
        return None
    begin = start + lead
    stated = size if n == _U32 else min(begin + n, size)
    stop = stated if _is_end(handle, stated, size) else without_tag_at_end(handle, size)
    block = max(1, _AU_SAMPLE_BYTES.get(encoding, 1) * channels)
    stop = max(stated, stop - (stop - begin) % block)
    found = _Container(b".snd", head, sounds=[(begin, stop)], stop=stop)
    found.n_stated, found.is_odd = stated - begin, stop > stated
    return found
