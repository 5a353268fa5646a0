"""FLAC: recordings that were joined byte by byte are found, and sound behind the stated end.

A FLAC states its number of samples in its header, and libsndfile reads no more of them.
"""

import re
from typing import Any

from pianolab.sound.layout import JOINED, Layout, Piece
from pianolab.sound.tags import after_filling, bytes_at

_WINDOW = 2**20
_STREAM_INFO = (b"fLaC\0\0\0\x22", b"fLaC\x80\0\0\x22")
_TAIL = 2**18
_INFO = 34  # bytes of the first block
_HEAD = 17  # bytes of the head of a frame, at most
_FRAME = re.compile(rb"\xff[\xf8\xf9]")
_MOST_TRIES = 50_000  # What is no FLAC may hold the mark of a frame everywhere.
_CRC16 = [0] * 256
for _byte in range(256):
    _crc = _byte << 8
    for _ in range(8):
        _crc = (_crc << 1 ^ 0x8005) & 0xFFFF if _crc & 0x8000 else _crc << 1
    _CRC16[_byte] = _crc
_BLOCK_SIZE = {1: 192, **{code: 576 << (code - 2) for code in range(2, 6)}, **{c: 256 << (c - 8) for c in range(8, 16)}}
_BITS_CODE = {8: 1, 12: 2, 16: 4, 20: 5, 24: 6, 32: 7}


def layout_of_flac(handle: Any, start: int, size: int) -> Layout | None:
    """The recordings of a FLAC, and more samples than its header states.

    Parameters
    ----------
    handle : binary file object
    start : int
        Where the first one begins, behind tags.
    size : int
        Bytes in the file.

    Returns
    -------
    Layout or None
        None where the file as it is should be read.
    """
    starts = _flac_starts(handle, start, size)
    layout, is_odd = Layout(), start > 0
    for begin, stop in zip(starts, [*starts[1:], size], strict=True):
        info = bytes_at(handle, begin + 8, _INFO)
        stated = int.from_bytes(info[13:18], "big") & (2**36 - 1)
        there, end = _flac_end(handle, begin, stop, info) if len(info) == _INFO else (0, stop)
        if end < stop and there < stated and stop - end <= _longest_frame(info):
            end = stop  # The rest is a frame that was cut.
        pieces: list[Piece] = [(begin, end)]
        if 0 < stated < there:
            sr = int.from_bytes(info[10:13], "big") >> 4
            layout.end_remarks.append(
                f"holds {there / sr:.3f} s where its header promises {stated / sr:.3f} s: all of it is heard"
            )
            counted = bytes([info[13] & 0xF0]) + bytes(4)
            pieces = [(begin, begin + 8 + 13), counted, (begin + 8 + 18, end)]
        if after_filling(handle, end, stop) < stop:
            layout.end_remarks.append(
                f"has {stop - end} bytes behind its last frame that are no FLAC: they are not heard"
            )
        is_odd = is_odd or end < stop
        layout.parts.append(pieces)
    if len(starts) > 1:
        layout.end_remarks.append(JOINED.format(len(starts)))
    return layout if layout.end_remarks or is_odd else None


def _flac_starts(handle: Any, start: int, size: int) -> list[int]:
    """Where a FLAC begins, each with its first block, which every FLAC has there."""
    starts, at = [], start
    while at < size:
        window = bytes_at(handle, at, _WINDOW + 7)
        for mark in _STREAM_INFO:
            found = window.find(mark)
            while 0 <= found < _WINDOW:
                starts.append(at + found)
                found = window.find(mark, found + 1)
        at += _WINDOW
    return sorted(starts) if start in starts else [start]


def _flac_end(handle: Any, start: int, stop: int, info: bytes) -> tuple[int, int]:
    """The number of the sample after the last frame, and where that frame ends; 0 and ``stop`` where none is found."""
    longest, n_tries, high = _longest_frame(info), 0, stop
    while high > start and n_tries < _MOST_TRIES:
        begin = max(start, high - _TAIL)
        tail = bytes_at(handle, begin, high - begin + _HEAD)
        for found in reversed(list(_FRAME.finditer(tail, 0, high - begin + 1))):
            n_tries += 1
            n = _frame_end(tail[found.start() : found.start() + _HEAD], info)
            at = begin + found.start()
            if n and (n_bytes := _frame_bytes(bytes_at(handle, at, min(longest, stop - at)))):
                return n, at + n_bytes
        high = begin
    return 0, stop


def _longest_frame(info: bytes) -> int:
    """Bytes that a frame has at most: as the header states, or those of samples that are not packed."""
    channels, bits = (info[12] >> 1 & 7) + 1, (info[12] << 4 & 0x10 | info[13] >> 4) + 1
    return int.from_bytes(info[7:10], "big") or int.from_bytes(info[2:4], "big") * channels * (bits + 1) // 8 + 256


def _frame_bytes(data: bytes) -> int:
    """How long the frame is that begins here: with the checksum at its end the sum of all is 0; 0 without one."""
    crc, end = 0, 0
    for place, byte in enumerate(data):
        crc = (crc << 8 & 0xFFFF) ^ _CRC16[crc >> 8 ^ byte]
        if crc == 0 and place > 8:
            end = place + 1
            if data[end:].startswith((b"\0", b"TAG", b"APETAGEX", b"ID3")):
                break
    return end


def _frame_end(head: bytes, info: bytes) -> int:
    """The number of the sample after a frame, from its header; 0 where it is none (RFC 9639, section 9.1)."""
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xFE != 0xF8 or head[3] & 1:
        return 0
    size_code, rate_code = head[2] >> 4, head[2] & 15
    channels, bits = (info[12] >> 1 & 7) + 1, (info[12] << 4 & 0x10 | info[13] >> 4) + 1
    channel_code, bits_code = head[3] >> 4, head[3] >> 1 & 7
    if size_code == 0 or rate_code == 15 or (channel_code != channels - 1 if channel_code < 8 else channels != 2):
        return 0
    if bits_code and bits_code != _BITS_CODE.get(bits):
        return 0
    n_more = 0
    while n_more < 7 and head[4] << n_more & 0x80:
        n_more += 1
    n_number = max(1, n_more)
    number = head[4] & (0xFF >> (n_more + 1))
    for byte in head[5 : 4 + n_number]:
        number = number << 6 | byte & 0x3F
    at = 4 + n_number
    if size_code in _BLOCK_SIZE:
        n_block = _BLOCK_SIZE[size_code]
    else:
        n_block = int.from_bytes(head[at : at + size_code - 5], "big") + 1
        at += size_code - 5
    at += {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if len(head) <= at or _crc8(head[:at]) != head[at]:
        return 0
    if head[1] & 1:
        return number + n_block
    return number * int.from_bytes(info[2:4], "big") + n_block


def _crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc
