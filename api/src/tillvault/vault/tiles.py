"""Tiles: the tree as files of 256 hashes (C2SP tlog-tiles), their paths, their bytes, and proofs out of them.

A tile of level L holds nodes of the tree's level 8·L; the levels between are hashed anew from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tillvault.vault import merkle
from tillvault.vault.merkle import HASH_BYTES, HashAt

WIDTH = 256
HEIGHT = 8
LEVEL_MAX = 63
INDEX_MAX = 2**63 - 1
ENTRY_BYTES_MAX = 2**16 - 1
"""An entry of a bundle is preceded by its length as uint16."""

TileAt: TypeAlias = Callable[[int, int], bytes]
"""`(tile level, tile index)` to the bytes of the tile as far as it goes, complete or partial."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile of hashes, or with `level` None the entry bundle beside a tile of level 0."""

    level: int | None
    index: int
    width: int = WIDTH
    """Below 256 the tile is partial."""


_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


def path_of(tile: Tile) -> str:
    """`tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]` (C2SP tlog-tiles, "Merkle Tree" and "Log entries")."""
    if not 0 <= tile.index <= INDEX_MAX or not 1 <= tile.width <= WIDTH or not 0 <= (tile.level or 0) <= LEVEL_MAX:
        raise ValueError(f"there is no such tile: {tile}")
    groups = [f"{tile.index % 1000:03d}"]
    rest = tile.index // 1000
    while rest:
        groups.append(f"x{rest % 1000:03d}")
        rest //= 1000
    level = "entries" if tile.level is None else tile.level
    partial = f".p/{tile.width}" if tile.width < WIDTH else ""
    return f"tile/{level}/{'/'.join(reversed(groups))}{partial}"


def parse_path(path: str) -> Tile:
    """The counterpart of `path_of`. Raises ValueError for any other spelling."""
    found = _PATH.fullmatch(path)
    if found is not None:
        level = None if found["level"] == "entries" else int(found["level"])
        index = int(found["index"].replace("x", "").replace("/", ""))
        tile = Tile(level, index, int(found["width"] or WIDTH))
        # A leading group of zeros and a partial tile of 256 are other spellings of a tile that has one already.
        if tile.index <= INDEX_MAX and tile.width <= WIDTH and (level or 0) <= LEVEL_MAX and path_of(tile) == path:
            return tile
    raise ValueError(f"not the path of a tile: {path[:100]!r}")


def width_at(level: int, index: int, size: int) -> int:
    """How many hashes a tile has in a tree of `size` leaves: 0 where it does not exist yet."""
    return max(0, min(WIDTH, (size >> HEIGHT * level) - index * WIDTH))


# Bytes --------------------------------------------------------------------------------------------------------------


def bundle_bytes(entries: Sequence[bytes]) -> bytes:
    """An entry bundle: each entry behind its length as big-endian uint16."""
    if any(len(entry) > ENTRY_BYTES_MAX for entry in entries):
        raise ValueError(f"an entry of a bundle has at most {ENTRY_BYTES_MAX} bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def parse_bundle(data: bytes) -> list[bytes]:
    """The counterpart of `bundle_bytes`. Raises ValueError where it ends within an entry."""
    entries: list[bytes] = []
    start = 0
    while start < len(data):
        end = start + 2 + int.from_bytes(data[start : start + 2], "big")
        if start + 2 > len(data) or end > len(data):
            raise ValueError("the bundle ends within an entry")
        entries.append(data[start + 2 : end])
        start = end
    return entries


def tile_bytes(hashes: Sequence[bytes]) -> bytes:
    """A tile: its hashes one after the other."""
    if not 1 <= len(hashes) <= WIDTH or any(len(value) != HASH_BYTES for value in hashes):
        raise ValueError(f"a tile has 1 to {WIDTH} hashes of {HASH_BYTES} bytes")
    return b"".join(hashes)


# Proofs out of tiles ------------------------------------------------------------------------------------------------


def hashes_of(tile_at: TileAt) -> HashAt:
    """The tree's complete nodes, read out of tiles; at most 128 hashes are made for one node."""

    def hash_at(level: int, index: int) -> bytes:
        tile_level, tile_index, start, count = _span(level, index)
        data = tile_at(tile_level, tile_index)[start * HASH_BYTES : (start + count) * HASH_BYTES]
        if len(data) != count * HASH_BYTES:
            raise ValueError(f"tile {tile_index} of level {tile_level} ends before hash {start + count - 1}")
        return merkle.root_of_leaves(merkle.split(data))

    return hash_at


def tiles_needed(prove: Callable[[HashAt], Any]) -> list[tuple[int, int]]:
    """The tiles, as `(level, index)`, that a proof reads: so that they can be fetched together before it is made.

    `prove` is called once with a reader that only takes notes: `lambda hash_at: inclusion_proof(index, size, hash_at)`.
    """
    needed: set[tuple[int, int]] = set()

    def note(level: int, index: int) -> bytes:
        needed.add(_span(level, index)[:2])
        return merkle.EMPTY_ROOT

    prove(note)
    return sorted(needed)


def _span(level: int, index: int) -> tuple[int, int, int, int]:
    """Where a node is found: tile level, tile index, first hash and number of hashes that it covers."""
    tile_level, height = divmod(level, HEIGHT)
    first = index << height
    return tile_level, first // WIDTH, first % WIDTH, 1 << height
