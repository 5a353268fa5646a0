"""MP3: the frames are counted, so that the length is true, joined files are heard whole, and tags are no sound.

What comes in: a binary handle. What goes out: the recordings in it, each with a header frame that states its true
number of frames. mpg123, which decodes here, removes its own delay of 529 samples, and that of the encoder where the
header of LAME states it: a click then stays at its time to the sample. Where no header states it, times are late by the
encoder's delay (576 samples of LAME, 13 ms at 44.1 kHz; more of others), and a remark says so.

References
----------
ISO/IEC 11172-3 and 13818-3 (frame headers); G. Bouvigne, Mp3 Info Tag rev 1, 2003 (the header of LAME).
"""

import functools
import itertools
import re
import struct
from dataclasses import dataclass, field
from typing import Any

from pianolab.sound.layout import JOINED, LATE, Layout, Piece
from pianolab.sound.tags import after_filling, bytes_at, tag_length

_WINDOW = 2**20
_LONGEST_FRAME = 2881  # MPEG-2.5 Layer II at 160 kbit/s and 8 kHz, with padding.
NEAR = 2**16  # Sound is looked for in so many bytes from the start.
_FEW = 4  # So many frames in a row are no chance.
_SYNC = re.compile(rb"\xff[\xe2-\xff]")
_VERSIONS = {0: 2, 2: 1, 3: 0}  # of the two bits: MPEG-2.5, 2, 1 as steps by which the rate is halved
_RATES = (44100, 48000, 32000)
_KBITS = {
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_HAS_COUNT, _HAS_BYTES = 1, 2
_LAME_AFTER_FLAGS = {1: 4, 2: 4, 4: 100, 8: 4}  # bytes that each flag of a Xing header adds before LAME's part
_MOST_FILLED_S, _MOST_NAMED = 600, 3
_DECODER_DELAY = 529  # samples
_VBRI_AT = 36
_DELAYS_IN_LAME = 21  # LAME's part has the delays there, two numbers of 12 bits.


@dataclass(frozen=True)
class Frame:
    """What the header of a frame says: bytes, samples, rate in Hz, channels, and where a Xing header would begin."""

    n_bytes: int
    n_samples: int
    sr: int
    channels: int
    layer: int
    tag_at: int


@functools.lru_cache(maxsize=1024)
def frame_of(header: bytes) -> Frame | None:
    """A frame of MPEG audio from its header.

    Parameters
    ----------
    header : bytes
        4 bytes.

    Returns
    -------
    Frame or None
        None where this is no header, or one of the free format, whose length nothing states.

    Examples
    --------
    >>> frame_of(bytes.fromhex("fffb9064"))
    Frame(n_bytes=417, n_samples=1152, sr=44100, channels=2, layer=3, tag_at=36)
    """
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    halvings, layer = _VERSIONS.get(header[1] >> 3 & 3), 4 - (header[1] >> 1 & 3)
    kbit_index, rate_index = header[2] >> 4, header[2] >> 2 & 3
    if halvings is None or layer == 4 or kbit_index in (0, 15) or rate_index == 3:
        return None
    sr = _RATES[rate_index] >> halvings
    bit_s = 1000 * _KBITS[halvings == 0, layer][kbit_index - 1]
    padding = header[2] >> 1 & 1
    n_samples = 384 if layer == 1 else 576 if layer == 3 and halvings else 1152
    n_bytes = (12 * bit_s // sr + padding) * 4 if layer == 1 else n_samples // 8 * bit_s // sr + padding
    channels = 1 if header[3] >> 6 == 3 else 2
    side = {(True, 2): 32, (True, 1): 17, (False, 2): 17, (False, 1): 9}[halvings == 0, channels]
    return Frame(n_bytes, n_samples, sr, channels, layer, 4 + side)


@dataclass
class _Stream:
    """The frames of one recording: how many, where, and the header frame before them, if there is one."""

    first: Frame
    header: bytes
    tag: bytes = b""
    n_frames: int = 0
    runs: list[list[int]] = field(default_factory=list)
    lasts: list[int] = field(default_factory=list)  # where the last frame of each run begins
    gaps: list[tuple[int, int, int]] = field(default_factory=list)  # runs and frames before, bytes that are no frames

    def add(self, start: int, stop: int, n_lost: int) -> None:
        if n_lost and self.runs:
            self.gaps.append((len(self.runs), self.n_frames - 1, n_lost))
        if self.runs and self.runs[-1][1] == start:
            self.runs[-1][1] = stop
        else:
            self.runs.append([start, stop])
            self.lasts.append(start)
        self.lasts[-1] = start

    def filled(self, is_cut: bool) -> list[int]:
        """How many frames of silence go into each gap, so that all are as many as the header frame states."""
        n_missing = (_stated(self.tag) or 0) - self.n_frames
        n_most = _MOST_FILLED_S * self.first.sr // self.first.n_samples
        if is_cut or not self.gaps or not 0 < n_missing <= n_most or self.first.layer != 3:
            return [0] * len(self.gaps)
        n_bytes = sum(n for _, _, n in self.gaps)
        counts = [n_missing * n // n_bytes for _, _, n in self.gaps]
        counts[max(range(len(counts)), key=lambda index: self.gaps[index][2])] += n_missing - sum(counts)
        return counts


def layout_of_frames(handle: Any, start: int, size: int) -> Layout | None:
    """The recordings of an MP3.

    Parameters
    ----------
    handle : binary file object
    start : int
        Where the first frame begins or is looked for, behind tags.
    size : int
        Bytes in the file.

    Returns
    -------
    Layout or None
        None where no frames are found.
    """
    streams, n_lost, is_cut = _streams(handle, start, size)
    if not streams:
        return None
    layout = Layout()
    for stream in streams:
        n_stated = _stated(stream.tag)
        filled = stream.filled(is_cut and stream is streams[-1])
        n_there = stream.n_frames + sum(filled)
        is_short = n_stated is not None and n_there + 1 < n_stated
        if stream.gaps:
            layout.end_remarks.append(_damage(stream, filled))
        if is_short or (is_cut and stream is streams[-1]):
            promise = f" of the {_seconds(stream, n_stated):.3f} s that its header promises" if n_stated else ""
            held_s = _seconds(stream, stream.n_frames, is_cut=True)
            layout.end_remarks.append(f"is cut short: the {held_s:.3f} s it holds{promise} are used")
        elif n_stated is not None and stream.n_frames > n_stated:
            layout.end_remarks.append(
                f"holds {_seconds(stream, stream.n_frames):.3f} s where its header promises "
                f"{_seconds(stream, n_stated):.3f} s: all of it is heard"
            )
        layout.parts.append(_pieces(handle, stream, n_stated, filled))
    if len(streams) > 1:
        layout.end_remarks.append(JOINED.format(len(streams)))
    if not all(_states_delay(stream.tag) for stream in streams):
        layout.remarks.append(LATE)
    n_lost -= sum(n for stream in streams for _, _, n in stream.gaps)
    if n_lost:
        layout.end_remarks.append(f"has {n_lost} bytes before or behind its frames that are no MP3: they are not heard")
    return layout


def _damage(stream: _Stream, filled: list[int]) -> str:
    """What is to be said of the gaps in a recording."""
    frame_s = stream.first.n_samples / stream.first.sr
    before = [0, *itertools.accumulate(filled)]
    times = [f"{(n + more) * frame_s:.3f} s" for (_, n, _), more in zip(stream.gaps, before, strict=False)]
    places = ", ".join(times[:_MOST_NAMED]) + " ..." * (len(times) > _MOST_NAMED)
    if any(filled):
        return (
            f"is damaged at {places}: {sum(filled) * frame_s:.3f} s are missing; silence stands there, so that later "
            "times stay right"
        )
    n_bytes = sum(n for _, _, n in stream.gaps)
    return f"has {n_bytes} bytes at {places} that are no MP3: if sound was lost there, all later times are early"


def frames_behind(handle: Any, start: int, size: int) -> Layout | None:
    """The recordings of an MP3 that begins with something else: the end of a frame that was cut, or other bytes.

    Parameters
    ----------
    handle : binary file object
    start : int
        Where frames are looked for.
    size : int
        Bytes in the file.

    Returns
    -------
    Layout or None
        None unless some frames follow each other near the start.
    """
    streams, _, _ = _streams(handle, start, min(size, start + 2 * NEAR))
    runs = [run for stream in streams[:2] for run in stream.runs[:1]]
    is_near = any(a < start + NEAR and b - a >= _FEW * streams[0].first.n_bytes for a, b in runs)
    return layout_of_frames(handle, start, size) if is_near else None


def _streams(handle: Any, start: int, size: int) -> tuple[list[_Stream], int, bool]:
    """The recordings from a place on, how many bytes were passed over, and whether the last frame is cut."""
    streams: list[_Stream] = []
    window, base, at, n_lost, is_cut, is_in_step = b"", start, start, 0, False, False
    n_before = 0  # bytes lost before the last frame
    while at + 4 <= size:
        if at + 2 * _LONGEST_FRAME > base + len(window) < size or at < base:
            base, window = at, bytes_at(handle, at, _WINDOW)
        place = at - base
        frame = frame_of(window[place : place + 4])
        known = streams[-1].first if streams else None
        if frame and (
            (is_in_step and _is_like(frame, known)) or _is_followed(window, place, frame, base + len(window) >= size)
        ):
            if at + frame.n_bytes > size:
                is_cut = True
                break
            _take(streams, window[place : place + frame.n_bytes], frame, at, n_lost - n_before)
            at, n_before = at + frame.n_bytes, n_lost
            is_in_step = True
            continue
        is_in_step = False
        n_tag = tag_length(window[place : place + 32])
        if n_tag:
            at += n_tag
            continue
        if after_filling(handle, at, size) >= size:
            break
        found = _SYNC.search(window, place + 1)
        next_at = base + found.start() if found else base + len(window)
        n_lost += len(window[place : next_at - base].strip(b"\0"))
        at = next_at
    return streams, n_lost, is_cut


def _is_like(frame: Frame, known: Frame | None) -> bool:
    return known is not None and (frame.sr, frame.layer, frame.channels) == (known.sr, known.layer, known.channels)


def _is_followed(window: bytes, place: int, frame: Frame, is_last_window: bool) -> bool:
    """Whether another frame of the same kind, a tag or the end of the file follows: four bytes alone prove little."""
    follows = window[place + frame.n_bytes : place + frame.n_bytes + 32]
    if len(follows) < 4:
        return is_last_window and len(window) >= place + frame.n_bytes
    after = frame_of(follows[:4])
    return tag_length(follows) > 0 or (after is not None and _is_like(after, frame))


def _take(streams: list[_Stream], data: bytes, frame: Frame, at: int, n_lost: int) -> None:
    """Add a frame to the last recording, or begin another: at a header frame, and where rate or channels change."""
    is_tag = frame.layer == 3 and data[frame.tag_at : frame.tag_at + 4] in (b"Xing", b"Info")
    is_other_tag = frame.layer == 3 and data[_VBRI_AT : _VBRI_AT + 4] == b"VBRI"  # a header frame of Fraunhofer's
    if is_tag or is_other_tag or not streams or not _is_like(frame, streams[-1].first):
        streams.append(_Stream(frame, data[:4], data if is_tag else b""))
    if not is_tag and not is_other_tag:
        streams[-1].n_frames += 1
        streams[-1].add(at, at + frame.n_bytes, n_lost)


def _lame_at(tag: bytes) -> int:
    """Where the part of LAME begins in a header frame; 0 where it has no room."""
    frame = frame_of(tag[:4])
    if frame is None or len(tag) < frame.tag_at + 8:
        return 0
    flags = tag[frame.tag_at + 7]
    at = frame.tag_at + 8 + sum(n for flag, n in _LAME_AFTER_FLAGS.items() if flags & flag)
    return at if at + _DELAYS_IN_LAME + 3 <= len(tag) else 0


def _stated(tag: bytes) -> int | None:
    """Frames that a header frame states."""
    frame = frame_of(tag[:4])
    if frame is None or len(tag) < frame.tag_at + 12 or not tag[frame.tag_at + 7] & _HAS_COUNT:
        return None
    return struct.unpack_from(">I", tag, frame.tag_at + 8)[0]


def _seconds(stream: _Stream, n_frames: int, *, is_cut: bool = False) -> float:
    """Length of so many frames without the silence that the encoder put before and behind them."""
    at, delay, padding = _lame_at(stream.tag), 0, 0
    if at:
        packed = int.from_bytes(stream.tag[at + _DELAYS_IN_LAME : at + _DELAYS_IN_LAME + 3], "big")
        delay, padding = packed >> 12, packed & 0xFFF
    n = n_frames * stream.first.n_samples - delay - max(0 if is_cut else padding, _DECODER_DELAY)
    return max(0, n) / stream.first.sr


def _states_delay(tag: bytes) -> bool:
    at = _lame_at(tag)
    return at > 0 and tag[at] != 0 and _stated(tag) is not None


def _pieces(handle: Any, stream: _Stream, n_stated: int | None, filled: list[int]) -> list[Piece]:
    """The frames of a recording behind a header frame with their true number, with silence in the gaps."""
    if stream.first.layer != 3 or not stream.runs:
        return [(a, b) for a, b in stream.runs]
    tag = bytearray(stream.tag if n_stated is not None else _plain_tag(stream.first, stream.header))
    at, frame = _lame_at(bytes(tag)), frame_of(bytes(tag[:4]))
    n_there = stream.n_frames + sum(filled)
    silence = _plain_tag(stream.first, stream.header, b"")
    n_bytes = len(tag) + len(silence) * sum(filled) + sum(stop - start for start, stop in stream.runs)
    if frame is not None:
        struct.pack_into(">I", tag, frame.tag_at + 8, n_there)
        if tag[frame.tag_at + 7] & _HAS_BYTES and len(tag) >= frame.tag_at + 16:
            struct.pack_into(">I", tag, frame.tag_at + 12, min(n_bytes, 2**32 - 1))
    if n_stated is not None and n_there < n_stated and at:
        tag[at + _DELAYS_IN_LAME + 1] &= 0xF0  # The silence that the encoder put behind the end is not there.
        tag[at + _DELAYS_IN_LAME + 2] = 0
    pieces: list[Piece] = [bytes(tag)]
    in_gaps = {n_runs: n for (n_runs, _, _), n in zip(stream.gaps, filled, strict=True)}
    for number, (a, b) in enumerate(stream.runs):
        muted = _muted(handle, a, b, at_least=5 * stream.first.n_bytes) if number in in_gaps else b""
        last = stream.lasts[number] if number + 1 in in_gaps else b  # A gap mostly begins within that frame.
        begin, last = a + len(muted), max(a + len(muted), last)
        pieces += [silence * in_gaps.get(number, 0), muted, (begin, last), _muted(handle, last, b, at_least=1)]
    return pieces


def _muted(handle: Any, start: int, stop: int, at_least: int = 0) -> bytes:
    """The first frames of a run without their sound, as far as it needs bytes of frames that are missing.

    A frame of Layer III may begin in the bytes of frames before it. What is decoded without them is loud noise.
    """
    muted, n_there = b"", 0
    while start + len(muted) < stop:
        data = bytearray(bytes_at(handle, start + len(muted), _LONGEST_FRAME))
        frame = frame_of(bytes(data[:4]))
        if frame is None:
            break
        n_check = 0 if data[1] & 1 else 2
        side = 4 + n_check
        needed = int.from_bytes(data[side : side + 2], "big") >> (7 if data[1] & 8 else 8)
        if needed <= n_there and len(muted) >= at_least:
            break
        data[side : frame.tag_at + n_check] = bytes(frame.tag_at - 4)
        muted += data[: frame.n_bytes]
        n_there += frame.n_bytes - frame.tag_at - n_check
    return muted


def _plain_tag(first: Frame, header: bytes, mark: bytes = b"Info") -> bytes:
    """A frame of silence with room for a number of frames; a header frame, which states no delay, with the mark."""
    for kbit in range(1, 15):
        head = bytes([0xFF, header[1] | 1, kbit << 4 | header[2] & 0x0C, header[3]])
        frame = frame_of(head)
        if frame is not None and frame.n_bytes >= first.tag_at + 12:
            body = mark + struct.pack(">II", _HAS_COUNT, 0) if mark else b""
            return (head + bytes(first.tag_at - 4) + body).ljust(frame.n_bytes, b"\0")
    return b""
