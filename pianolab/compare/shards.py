"""A comparison in parts: each shard has its share of the recordings, the same at every call and on every machine."""

import re
from collections.abc import Mapping
from typing import TypeVar

from pianolab.compare.errors import CompareError

MOST = 10_000
_WRITTEN = re.compile(r"(\d{1,5})/(\d{1,5})", re.ASCII)
Item = TypeVar("Item")


def parse_shard(text: str) -> tuple[int, int]:
    """Which part of how many.

    Parameters
    ----------
    text : str
        Such as "1/4".

    Returns
    -------
    number, n_shards : int
        From 1 to n_shards.

    Raises
    ------
    CompareError
        If it is no such text.

    Examples
    --------
    >>> parse_shard("2/4")
    (2, 4)
    """
    found = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
    number, n_shards = map(int, found.groups()) if found else (0, 0)
    if not 1 <= number <= n_shards <= MOST:
        raise CompareError(f"shard {text!r} is none: write 1/4 for the first of four, up to {MOST}")
    return number, n_shards


def take_shard(recordings: Mapping[tuple[str, str], Item], shard: str | None) -> dict[tuple[str, str], Item]:
    """The recordings of a shard: of those sorted by id every so-manieth, set by set.

    Parameters
    ----------
    recordings : mapping of (data set, id)
    shard : str or None
        As for `parse_shard`; None for all.

    Returns
    -------
    dict
        In the order given.

    Raises
    ------
    CompareError
        If there are none in it.

    Examples
    --------
    >>> take_shard({("a", "2"): "two", ("a", "1"): "one", ("a", "3"): "three"}, "1/2")
    {('a', '1'): 'one', ('a', '3'): 'three'}
    """
    if shard is None:
        return dict(recordings)
    number, n_shards = parse_shard(shard)
    chosen = set(sorted(recordings)[number - 1 :: n_shards])
    if not chosen:
        raise CompareError(f"shard {shard} of {len(recordings)} recordings is empty: use fewer shards")
    return {place: recording for place, recording in recordings.items() if place in chosen}
