"""Tiles: paths there and back, bytes there and back, and proofs out of tiles alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillvault.vault import merkle, tiles
from tillvault.vault.merkle import Edge, HashAt
from tillvault.vault.tiles import Tile


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 5), "tile/0/005"),
        (Tile(1, 999), "tile/1/999"),
        (Tile(0, 1000), "tile/0/x001/000"),
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(63, 3, 1), "tile/63/003.p/1"),
        (Tile(0, 273, 112), "tile/0/273.p/112"),
        (Tile(None, 0), "tile/entries/000"),
        (Tile(None, 1234, 255), "tile/entries/x001/234.p/255"),
    ],
)
def test_a_tile_has_the_path_of_the_specification(tile: Tile, path: str) -> None:
    assert tiles.path_of(tile) == path
    assert tiles.parse_path(path) == tile


@given(st.one_of(st.none(), st.integers(0, 63)), st.integers(0, tiles.INDEX_MAX), st.integers(1, 256))
def test_every_tile_is_found_again_under_its_path(level: int | None, index: int, width: int) -> None:
    tile = Tile(level, index, width)

    assert tiles.parse_path(tiles.path_of(tile)) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0",
        "tile/0/0",
        "tile/0/00",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/001/000",
        "tile/0/x000/001",
        "tile/0/x001",
        "tile/0/x01/000",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/0/000.p/",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "tile/entries/",
        "tile/x999/x999/x999/x999/x999/x999/999",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
    ],
)
def test_no_other_spelling_is_a_path(path: str) -> None:
    with pytest.raises(ValueError, match="not the path of a tile"):
        tiles.parse_path(path)


def test_the_widths_are_those_of_the_specifications_example() -> None:
    size = 70_000

    assert [tiles.width_at(0, index, size) for index in (0, 272, 273, 274)] == [256, 256, 112, 0]
    assert [tiles.width_at(1, index, size) for index in (0, 1, 2)] == [256, 17, 0]
    assert [tiles.width_at(2, index, size) for index in (0, 1)] == [1, 0]
    assert [tiles.width_at(level, 0, 256) for level in (0, 1)] == [256, 1]


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_gives_back_its_entries(entries: list[bytes]) -> None:
    assert tiles.parse_bundle(tiles.bundle_bytes(entries)) == entries


def test_a_bundle_has_its_lengths_in_big_endian() -> None:
    assert tiles.bundle_bytes([b"ab", b"", b"x" * 256]) == b"\x00\x02ab\x00\x00\x01\x00" + b"x" * 256


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x01", b"\x00\x02a", b"\x00\x01ab"])
def test_a_bundle_that_is_cut_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="ends within an entry"):
        tiles.parse_bundle(data)


def test_an_entry_too_long_for_its_length_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 65535"):
        tiles.bundle_bytes([b"x" * 65_536])


@pytest.mark.parametrize("hashes", [[], [b"x" * 31], [b"x" * 32] * 257])
def test_what_is_no_tile_has_no_bytes(hashes: list[bytes]) -> None:
    with pytest.raises(ValueError, match="a tile has"):
        tiles.tile_bytes(hashes)


def read_from(stored: dict[tuple[int, int], bytes]) -> HashAt:
    def tile_at(level: int, index: int) -> bytes:
        return stored[level, index]

    return tiles.hashes_of(tile_at)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 700, 66_000])
def test_proofs_out_of_tiles_hold_and_read_only_the_tiles_that_were_announced(size: int) -> None:
    leaves = [merkle.hash_leaf(str(number).encode()) for number in range(size)]
    edge, grown = merkle.append(Edge(), leaves)
    stored = {
        (nodes.level // 8, start // 256): tiles.tile_bytes(nodes.hashes[start : start + 256])
        for nodes in grown
        if nodes.level % 8 == 0
        for start in range(0, len(nodes.hashes), 256)
    }
    assert all(len(data) == 32 * tiles.width_at(*place, size) for place, data in stored.items())

    root = merkle.root_of(edge)
    for index in {0, size // 3, size - 1}:

        def prove(hash_at: HashAt, index: int = index) -> list[bytes]:
            return merkle.inclusion_proof(index, size, hash_at)

        proof = prove(read_from({place: stored[place] for place in tiles.tiles_needed(prove)}))
        merkle.verify_inclusion(index=index, size=size, leaf_hash=leaves[index], proof=proof, root=root)
    for old in {1, size // 2 or 1, size}:
        proof = merkle.consistency_proof(old, size, read_from(stored))
        old_root = merkle.root_of_leaves(leaves[:old])
        merkle.verify_consistency(old_size=old, new_size=size, old_root=old_root, new_root=root, proof=proof)


def test_a_tile_that_is_cut_is_named() -> None:
    hash_at = read_from({(0, 0): b"x" * 64})

    with pytest.raises(ValueError, match="tile 0 of level 0 ends before hash 3"):
        hash_at(1, 1)
