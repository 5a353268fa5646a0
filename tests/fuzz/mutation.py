"""Damage: one file in, one that somebody might really have, or an attacker might write, out.

Everything is drawn from one `random.Random`, so that a case can be made again from its number. The ways are those of
AFL's havoc stage (M. Zalewski, technical whitepaper, 2016): bits, bytes and numbers change, parts go, come twice or
come from another file. Most of it happens near the beginning, where a file says what it is.
"""

import json
from collections.abc import Sequence
from copy import deepcopy
from random import Random
from typing import Any

NUMBERS = (
    0,
    1,
    2,
    16,
    63,
    64,
    100,
    127,
    128,
    255,
    256,
    4096,
    32767,
    32768,
    65535,
    65536,
    2**24,
    2**31 - 1,
    2**31,
    2**32 - 1,
)
N_WOUNDS = (1, 1, 1, 1, 2, 3, 8)  # Most files have one: one that was hurt often is refused at its first bytes.
MOST_BYTES = 200_000  # Parts that come twice must not make a file that takes long because it is long.
VALUES = (
    None, True, False, 0, 1, -1, 0.5, -0.0, 1e-320, 1e300, 1e308, float("inf"), float("-inf"), float("nan"), 2**31,
    2**53, 2**63, -(2**63), 10**400, 10_000_000, "", " ", "0", "1e999", "nan", "C4", "yin", "\0",
    "\ud800", "e\u0301", "٣", "x" * 5000, [], {}, [[]], [0, 1], {"type": "hello"}, [None] * 50,
)  # fmt: skip
WORDS = (
    b"", b"0", b"-1", b"-0.0", b"1e308", b"1e-320", b"1e999", b"inf", b"-inf", b"nan", b"NaN", b"0x10", b"1_000",
    b"1,5", b"1.2.3", b"9" * 400, b"10000000", b"9223372036854775808", b"C4", b"C#9", b"Bb3", b"B-3", b"H2",
    b"c##4", b"A-1", b"\xd9\xa3", b"\xe2\x99\xad", b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b'"', b'""', b"'", b"#",
    b"\\", b"=1+1", b"\r", b"\x0b", b"\xe2\x80\xa8", b"x" * 3000, b"None", b"True", b"\xed\xa0\x80",
)  # fmt: skip


def mutate_bytes(data: bytes, rng: Random, *, others: Sequence[bytes], tokens: Sequence[bytes] = ()) -> bytes:
    """A binary file with a few wounds; `tokens` are words of its format."""
    hurt = bytearray(data)
    for _ in range(rng.choice(N_WOUNDS)):
        _WOUNDS[rng.randrange(len(_WOUNDS))](hurt, rng, others, tokens)
        del hurt[MOST_BYTES:]
    return bytes(hurt)


def mutate_text(data: bytes, rng: Random, *, others: Sequence[bytes], tokens: Sequence[bytes] = ()) -> bytes:
    """A text file whose lines, cells and separators changed; now and then also single bytes."""
    if rng.random() < 0.2:
        return mutate_bytes(data, rng, others=others, tokens=(*tokens, *WORDS))
    lines = data.splitlines(keepends=True) or [b""]
    for _ in range(rng.choice(N_WOUNDS)):
        i, way = rng.randrange(len(lines)), rng.random()
        if way < 0.55:
            lines[i] = _other_cell(lines[i], rng, (*WORDS, *tokens))
        elif way < 0.65:
            lines.insert(i, lines[rng.randrange(len(lines))])
        elif way < 0.75 and len(lines) > 1:
            del lines[i]
        elif way < 0.85:
            other = rng.choice(others).splitlines(keepends=True) or [b""]
            lines.insert(i, rng.choice(other))
        else:
            lines[i] = lines[i].replace(rng.choice((b"\t", b",", b";", b" ", b"\n", b".")), rng.choice(WORDS[:40]))
    text = b"".join(lines)[:MOST_BYTES]
    return text.decode("latin-1").encode("utf-16") if rng.random() < 0.01 else text


def mutate_json(data: bytes, rng: Random, *, others: Sequence[bytes], tokens: Sequence[bytes] = ()) -> bytes:
    """A JSON text in which values are exchanged, lost or doubled; now and then no JSON any more."""
    if rng.random() < 0.1:
        return mutate_text(data, rng, others=others, tokens=tokens)
    tree = [json.loads(data)]  # The list around it lets the whole be exchanged, too.
    for _ in range(rng.randint(1, 4)):
        holder, key = _somewhere(tree, rng)
        way = rng.random()
        if way < 0.6:
            holder[key] = deepcopy(rng.choice(VALUES))  # Later damage would change the value itself.
        elif way < 0.7 and holder is not tree:
            del holder[key]
        elif way < 0.8 and isinstance(holder, dict):
            holder[rng.choice([str(value) for value in VALUES])] = holder[key]
        elif way < 0.9 and isinstance(holder[key], int | float):
            holder[key] = min(holder[key], 2**64) * rng.choice((-1, 10, 1e6, 1e300, 10**30))
        else:
            holder[key] = [holder[key]] * rng.choice((1, 2, 100))
    return json.dumps(tree[0]).encode("utf-8")[:MOST_BYTES]


def _somewhere(tree: Any, rng: Random) -> tuple[Any, Any]:
    """A list or dict of a JSON tree and a key of it, the deeper the rarer."""
    holder, key = tree, 0
    while isinstance(holder[key], list | dict) and holder[key] and rng.random() < 0.8:
        holder = holder[key]
        key = rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))
    return holder, key


def _other_cell(line: bytes, rng: Random, words: Sequence[bytes]) -> bytes:
    separator = max((b"\t", b";", b",", b" "), key=line.count)
    cells = line.split(separator)
    i, way = rng.randrange(len(cells)), rng.random()
    if way < 0.6:
        cells[i] = rng.choice(words)
    elif way < 0.75:
        cells.insert(i, cells[rng.randrange(len(cells))])
    elif way < 0.9:
        del cells[i]
    else:
        cells[i] = cells[i] + rng.choice(words)
    return separator.join(cells)


def _place(hurt: bytearray, rng: Random) -> int:
    n = max(1, len(hurt))
    return rng.randrange(min(n, rng.choice((48, 256, n, n))))


def _flip(hurt, rng, others, tokens):
    if hurt:
        hurt[_place(hurt, rng)] ^= 1 << rng.randrange(8)


def _byte(hurt, rng, others, tokens):
    if hurt:
        hurt[_place(hurt, rng)] = rng.randrange(256)


def _number(hurt, rng, others, tokens):
    size, order = rng.choice((1, 2, 3, 4, 8)), rng.choice(("little", "big"))
    value = rng.choice((*NUMBERS, len(hurt), rng.randrange(2**16))) % 2 ** (8 * size)
    at = _place(hurt, rng)
    hurt[at : at + size] = value.to_bytes(size, order)


def _loss(hurt, rng, others, tokens):
    at = _place(hurt, rng)
    del hurt[at : at + rng.choice((1, 2, 4, 16, 100, 1000))]


def _end(hurt, rng, others, tokens):
    del hurt[rng.randrange(len(hurt) + 1) :]


def _twice(hurt, rng, others, tokens):
    at, length = _place(hurt, rng), rng.choice((1, 4, 16, 200, 2000))
    to = _place(hurt, rng)
    hurt[to:to] = hurt[at : at + length]


def _foreign(hurt, rng, others, tokens):
    other = rng.choice(others)
    at, to = rng.randrange(len(other) + 1), _place(hurt, rng)
    part = other[at : at + rng.choice((4, 64, 1000, len(other)))]
    hurt[to : to + (len(part) if rng.random() < 0.5 else 0)] = part


def _joined(hurt, rng, others, tokens):
    hurt += rng.choice(others)


def _junk(hurt, rng, others, tokens):
    hurt += rng.randbytes(rng.choice((1, 7, 128, 4096)))


def _token(hurt, rng, others, tokens):
    if tokens:
        token, at = rng.choice(tokens), _place(hurt, rng)
        hurt[at : at + (len(token) if rng.random() < 0.5 else 0)] = token


def _storm(hurt, rng, others, tokens):
    """The same few bytes thousands of times: what looks at each of them from each of them takes minutes."""
    if tokens:
        at = rng.choice((_place(hurt, rng), len(hurt)))
        hurt[at:at] = (rng.choice(tokens) + bytes(rng.choice((0, 4, 8)))) * rng.choice((1000, 4000, 16000))


_WOUNDS = (
    _flip,
    _flip,
    _byte,
    _byte,
    _number,
    _number,
    _number,
    _loss,
    _end,
    _twice,
    _foreign,
    _joined,
    _junk,
    _token,
    _token,
    _storm,
)
