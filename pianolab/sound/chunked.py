"""WAV, RF64, W64, AIFF, CAF and AU: the size in the header against the sound that is there.

A recorder that lost power leaves sizes of zero, and beyond 4 GB a size of 32 bits begins again at zero. libsndfile
reads as much as the header says. Here the chunks of the file are followed; where sound stands behind the stated end, or
something that is no sound before it, a header with the true size stands in for that of the file.

References
----------
Multimedia Programming Interface and Data Specifications 1.0 (RIFF), 1991; EBU Tech 3306 (RF64); Audio Interchange File
Format 1.3; Apple Core Audio Format Specification 1.0; Sun's header is that of ``audio.h`` in SunOS 4.
"""

import re
import struct
from dataclasses import dataclass, field
from typing import Any

from pianolab.sound.layout import JOINED, Layout, Piece
from pianolab.sound.tags import after_filling, bytes_at, tag_length, without_tags_at_end

_U32 = 0xFFFFFFFF
_NO_FILE = 2**62  # No file is so long: a size of 64 bits from here on was never filled in.
_LONGEST_DESCRIPTION = 2**20

# What may stand behind the sound, even where its own size is wrong: descriptions, marks, pictures, room for more.
_NO_SOUND = {
    b"LIST", b"list", b"id3 ", b"ID3 ", b"bext", b"iXML", b"_PMX", b"aXML", b"axml", b"chna", b"cue ", b"smpl", b"inst",
    b"JUNK", b"junk", b"PAD ", b"FLLR", b"fact", b"PEAK", b"acid", b"afsp", b"cart", b"DISP", b"plst", b"umid", b"minf",
    b"elm1", b"elmo", b"regn", b"strc", b"DGDA", b"SAUR", b"ovwf", b"resu", b"C2PA", b"LGWV", b"levl", b"link", b"mext",
    b"qlty", b"r64m", b"MARK", b"COMT", b"INST", b"NAME", b"AUTH", b"(c) ", b"ANNO", b"APPL", b"AESD", b"MIDI", b"FVER",
    b"free", b"info", b"strg", b"mark", b"uuid", b"peak", b"ovvw", b"midi", b"edct", b"chan",
}  # fmt: skip
_SOUND_FILES = {
    b"RIFF": "a WAV", b"RIFX": "a WAV", b"RF64": "a WAV", b"BW64": "a WAV", b"FORM": "an AIFF", b"caff": "a CAF",
    b"riff": "a W64", b".snd": "an AU", b"fLaC": "a FLAC", b"OggS": "an Ogg",
}  # fmt: skip
# What begins so is a file of its own.
_OTHER_FILES = (*_SOUND_FILES, b"PK\3\4", b"<?xm", b"<?xp")
_AU_SAMPLE_BYTES = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}
_W64 = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0"
_W64_NAME = b"\xf3\xac\xd3\x11\x8c\xd1\0\xc0\x4f\x8e\xdb\x8a"  # Behind the four letters of a name.


@dataclass(frozen=True)
class _Family:
    """How a container writes its chunks: order and width of sizes, the first place, the chunks that matter."""

    order: str
    size_code: str
    first: int
    data: bytes
    data_lead: int
    wanted: tuple[bytes, ...]
    multiple: int = 2  # Chunks begin at multiples of so many bytes.
    more: int = 0  # So many bytes of a chunk's head count in its size.

    @property
    def head_bytes(self) -> int:
        return 4 + struct.calcsize(self.size_code) + (12 if self.more else 0)

    @property
    def is_wide(self) -> bool:
        return self.size_code != "I"


_FAMILIES = {
    b"RIFF": _Family("<", "I", 12, b"data", 0, (b"fmt ",)),
    b"RIFX": _Family(">", "I", 12, b"data", 0, (b"fmt ",)),
    b"RF64": _Family("<", "I", 12, b"data", 0, (b"fmt ", b"ds64")),
    b"BW64": _Family("<", "I", 12, b"data", 0, (b"fmt ", b"ds64")),
    b"riff": _Family("<", "Q", 40, b"data", 0, (b"fmt ",), multiple=8, more=24),
    b"FORM": _Family(">", "I", 12, b"SSND", 8, (b"COMM",)),
    b"caff": _Family(">", "q", 8, b"data", 4, (b"desc", b"kuki", b"pakt"), multiple=1),
    b".snd": _Family(">", "I", 24, b"", 0, (), multiple=1),
}


@dataclass
class _Container:
    """What one container holds: descriptions by name, (start, stop) of its sound, and where it ends."""

    handle: Any
    size: int
    start: int
    head: bytes
    described: dict[bytes, bytes] = field(default_factory=dict)
    sounds: list[tuple[int, int]] = field(default_factory=list)
    stop: int = 0
    n_stated: int = 0
    n_missing: int = 0
    is_odd: bool = False
    ends: dict[int, bool] = field(default_factory=dict)  # Whether the chunks from a place on lead to the end.

    @property
    def magic(self) -> bytes:
        return self.head[:4]

    @property
    def family(self) -> _Family:
        return _FAMILIES[self.magic]

    @property
    def known(self) -> set[bytes]:
        return _NO_SOUND | {self.family.data, *self.family.wanted}

    @property
    def stated_stop(self) -> int:
        """Where the whole container ends by its own word; 0 where it has none."""
        if self.magic in (b"caff", b".snd"):
            return 0
        if self.magic == b"riff":
            return self.start + int.from_bytes(self.head[16:24], "little")
        n = struct.unpack_from(self.family.order + "I", self.head, 4)[0]
        if n == _U32 and len(self.described.get(b"ds64", b"")) >= 16:
            n = int.from_bytes(self.described[b"ds64"][:8], "little")
        return self.start + 8 + n


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
    cut = []
    while at < size:
        one = _container(handle, at, size)
        if one is None or not one.sounds:
            break
        n_there = sum(b - a for a, b in one.sounds)
        if one.n_stated < n_there:
            layout.end_remarks.append(
                f"has {n_there} bytes of sound where its header states {one.n_stated}: all of them are heard"
            )
        if one.n_missing and b"pakt" not in one.described:  # Of packets the decoder says in seconds what is missing.
            cut.append(f"is cut short: its header promises {one.n_missing} bytes more of sound")
        layout.parts.append(_rebuilt(one, n_there))
        is_odd = is_odd or one.is_odd
        at = after_filling(handle, one.stop, size)
    if layout.parts and (remark := _behind(handle, at, size)):
        layout.end_remarks.append(remark)
    if len(layout.parts) > 1:
        layout.end_remarks.append(JOINED.format(len(layout.parts)))
    if not layout.parts or not (is_odd or layout.end_remarks):
        return None
    layout.end_remarks += cut
    return layout


def _behind(handle: Any, at: int, size: int) -> str:
    """What is to be said of bytes behind the last sound; '' for none and for files of other kinds than sound."""
    head = bytes_at(handle, at, 4) if at < size else b""
    if not head or (head in _OTHER_FILES and head not in _SOUND_FILES):
        return ""
    kind = _SOUND_FILES.get(head)
    n = "1 byte" if size - at == 1 else f"{size - at} bytes"
    return f"has {n} behind its end{f' ({kind})' if kind else ''}: not heard"


def is_piped(n: int) -> bool:
    """Whether a size of 32 bits is one that programs write to a pipe, where they cannot come back to fill it in.

    Parameters
    ----------
    n : int

    Returns
    -------
    bool
        True near 2 GB and near 4 GB: some programs write one less, or take the header off.
    """
    return 0x7FFF0000 <= n < 0x80001000 or n >= 0xFFFF0000


def _container(handle: Any, start: int, size: int) -> _Container | None:
    """The container that begins at a place; None where none does, or it lacks its description."""
    head = bytes_at(handle, start, 40)
    family = _FAMILIES.get(head[:4])
    if family is None or len(head) < family.first:
        return None
    found = _Container(handle, size, start, head[: family.first])
    if found.magic == b".snd":
        return _sun_audio(found)
    if family.first == 12 and head[8:12] not in (b"WAVE", b"AIFF", b"AIFC"):
        return None
    if found.magic == b"riff" and (head[:16] != _W64 or head[24:40] != b"wave" + _W64_NAME):
        return None
    at = found.stop = start + family.first
    while at < size:
        chunk = _chunk(found, at)
        if chunk is None:
            break
        name, body, n = chunk
        if name in family.wanted and name not in found.described:
            found.described[name] = bytes_at(handle, body, min(max(n, 0), _LONGEST_DESCRIPTION))
            found.is_odd = found.is_odd or bool(found.sounds and name != b"pakt")
        at = _take_sound(found, body, n) if name == family.data else body + max(n, 0)
        at = found.stop = _next_chunk(found, at)
    found.is_odd |= (
        found.magic == b"riff" and found.stop < size
    )  # Of these libsndfile hears all to the end of the file.
    return found if family.wanted[0] in found.described else None


def _chunk(one: _Container, at: int, head: bytes | None = None) -> tuple[bytes, int, int] | None:
    """Name, place and length of the chunk at a place; None where no chunk can be."""
    family = one.family
    head = bytes_at(one.handle, at, family.head_bytes) if head is None else head
    if not family.wanted or len(head) < family.head_bytes or head[:4] in _OTHER_FILES:
        return None
    if family.more:
        is_known = head[:4] in one.known and head[4:16] == _W64_NAME
    elif all(0x20 <= c < 0x7F for c in head[:4]):
        is_known = head[:4] in one.known
    else:
        return None
    (n,) = struct.unpack(family.order + family.size_code, head[-struct.calcsize(family.size_code) :])
    n, body = max(0, n - family.more) if family.more else n, at + len(head)
    # Of a file that is cut off in a chunk without a known name, the whole container says how long it was.
    if not is_known and not (0 <= n <= one.size - body + 1 or 0 <= one.stated_stop - body - n <= 1 < n):
        return None
    return head[:4] if is_known or not family.more else b"", body, n


def _next_chunk(one: _Container, at: int) -> int:
    """Chunks begin at even places, or multiples of 8; some programs forget that."""
    n_over = (at - one.start) % one.family.multiple
    if n_over and at != one.stated_stop:
        if bytes_at(one.handle, at, 4) in one.known:
            return at
        at += one.family.multiple - n_over
    return min(at, one.size)


def _take_sound(one: _Container, body: int, n: int) -> int:
    """Note the sound of a chunk of data; return where it ends."""
    family, size = one.family, one.size
    begin, is_wide = min(body + family.data_lead, size), family.is_wide
    if n == _U32 and len(one.described.get(b"ds64", b"")) >= 16:
        n, is_wide = struct.unpack_from("<Q", one.described[b"ds64"], 8)[0], True
    return _note_sound(one, begin, body + n, is_open=n < 0 or n >= _NO_FILE or (not is_wide and is_piped(n)))


def _note_sound(one: _Container, begin: int, promised: int, *, is_open: bool) -> int:
    """Note sound from a place to where it ends by the word of the header; return where it ends in truth."""
    is_open = is_open and not begin <= promised <= one.size
    stated = max(begin, min(promised, one.size))
    if is_open:
        stated = stop = max(begin, _end_of_sound(one, begin))
    else:
        one.n_missing += max(0, promised - one.size)
        stop = stated if _is_explained(one, stated) or not _goes_on(one, begin, stated) else _end_of_sound(one, stated)
    is_wide = one.family.is_wide or one.magic in (b"RF64", b"BW64", b".snd")
    one.is_odd |= stop != min(max(begin, promised), one.size) or (promised > one.size and is_wide)
    whole = max(stated, stop - (stop - begin) % _block_bytes(one))  # Only whole samples of what nobody counted.
    if whole > begin or not one.sounds:
        one.is_odd |= any(b > a for a, b in one.sounds)
        one.sounds.append((begin, whole))
        one.n_stated += stated - begin
    return stop


def _goes_on(one: _Container, begin: int, stated: int) -> bool:
    """Whether bytes behind the stated end that nothing explains are sound.

    They are where no size was ever filled in, and where 32 bits were too few. Else it cannot be known, for a size that
    wrapped is wrong in the sound and in its container alike: more than a quarter of the stated length is taken for
    sound, less for junk.
    """
    if stated == begin or (one.size - one.start >= 2**32 and not one.family.is_wide):
        return True
    if one.stated_stop and one.stated_stop < stated:
        return True
    return 4 * (one.size - stated) > stated - begin


def _is_explained(one: _Container, stated: int) -> bool:
    """Whether chunks, tags, zeros or another file stand behind the stated end, and no sound."""
    return any(
        bytes_at(one.handle, at, 4) in _NO_SOUND or _leads_to_end(one, at)
        for at in dict.fromkeys((stated, _next_chunk(one, stated)))
    )


def _leads_to_end(one: _Container, at: int) -> bool:
    """Whether chunks follow each other from a place to the end, or nothing but tags, zeros or another file follows."""
    passed = []
    while at not in one.ends and at < one.size and (chunk := _chunk(one, at)):
        passed.append(at)
        at = _next_chunk(one, chunk[1] + max(chunk[2], 0))
    if at not in one.ends:
        rest = after_filling(one.handle, at, one.size)
        one.ends[at] = rest >= one.size or bytes_at(one.handle, rest, 4) in _OTHER_FILES
    one.ends.update(dict.fromkeys(passed, one.ends[at]))
    return one.ends[at]


_DESCRIPTION = re.compile(b"(?=" + b"|".join(map(re.escape, sorted(_NO_SOUND | {b"ID3", b"APETAGEX"}))) + b")")


def _end_of_sound(one: _Container, begin: int) -> int:
    """Where sound ends whose size nobody stated: before the descriptions and tags at the end of the file."""
    end = without_tags_at_end(one.handle, begin, one.size)
    start = max(begin, end - _LONGEST_DESCRIPTION)
    tail = bytes_at(one.handle, start, end - start)
    solid = start + len(tail.rstrip(b"\0"))
    ends: dict[int, bool] = {}
    for match in _DESCRIPTION.finditer(tail):
        at, passed = start + match.start(), []
        while at not in ends and at < solid:
            passed.append(at)
            within = at - start
            chunk = _chunk(one, at, tail[within : within + one.family.head_bytes])
            n_tag = tag_length(tail[within : within + 32])
            if not n_tag and not chunk:
                break
            at = at + n_tag if n_tag or not chunk else chunk[1] + max(chunk[2], 0)
            at += 0 if n_tag else -(at - one.start) % one.family.multiple
        is_end = ends.get(at, solid <= at < end + one.family.multiple)
        ends.update(dict.fromkeys(passed, is_end))
        if is_end:
            return start + match.start()
    return end


def _block_bytes(found: _Container) -> int:
    """Bytes of one sample of all channels; 1 where samples are packed in another way."""
    text, n = next(iter(found.described.values()), b""), 1
    if found.magic == b".snd":
        encoding, _, channels = struct.unpack_from(">III", found.head, 12)
        n = _AU_SAMPLE_BYTES.get(encoding, 1) * channels
    elif found.magic == b"FORM" and len(text) >= 8:
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
    is_wave = found.magic in (b"RF64", b"BW64", b"riff")
    magic, family = (b"RIFF", _FAMILIES[b"RIFF"]) if is_wave else (found.magic, found.family)

    def chunk(name: bytes, n_body: int, body: bytes) -> bytes:
        n_body = min(n_body, _U32) if family.size_code == "I" else n_body
        padding = bytes(len(body) % 2 if family.first == 12 else 0)
        return name + struct.pack(family.order + family.size_code, n_body) + body + padding

    described = b"".join(chunk(name, len(body), body) for name, body in found.described.items() if name != b"ds64")
    chunks = described + chunk(family.data, n + family.data_lead, bytes(family.data_lead))
    if family.first == 8:
        return [found.head + chunks, *found.sounds]
    kind = b"WAVE" if is_wave else found.head[8:]
    if family.data == b"SSND" or n <= _U32 - 2**16:
        size = struct.pack(family.order + "I", min(4 + len(chunks) + n, _U32))
        return [magic + size + kind + chunks, *found.sounds]
    sizes = struct.pack("<IQQQI", 28, n + len(chunks) + 40, n, 0, 0)
    return [b"RF64" + struct.pack("<I", _U32) + kind + b"ds64" + sizes + chunks, *found.sounds]


def _sun_audio(found: _Container) -> _Container | None:
    """A file of Sun or NeXT: one header, and all that follows is sound."""
    lead, n = struct.unpack_from(">II", found.head, 4)
    if lead < 24 or found.start + lead > found.size:
        return None
    begin = found.start + lead
    found.stop = _note_sound(found, begin, begin + n, is_open=is_piped(n))
    return found
