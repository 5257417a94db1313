"""The Merkle tree against the public vectors, against the definition of RFC 6962, and while growing."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tillvault.vault import merkle
from tillvault.vault.merkle import Edge, ProofRefused

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "merkle"


def vectors(name: str) -> pytest.MarkDecorator:
    found: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text())
    return pytest.mark.parametrize("vector", found, ids=[vector["name"] for vector in found])


def decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def all_decoded(texts: list[str] | None) -> list[bytes]:
    return [decoded(text) for text in texts or []]


def leaves_of(size: int) -> list[bytes]:
    return [merkle.hash_leaf(number.to_bytes(4, "big")) for number in range(size)]


def tree_hash(hashes: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, word by word."""
    if not hashes:
        return merkle.EMPTY_ROOT
    if len(hashes) == 1:
        return hashes[0]
    middle = 1 << (len(hashes) - 1).bit_length() - 1
    return merkle.hash_node(tree_hash(hashes[:middle]), tree_hash(hashes[middle:]))


def path(index: int, hashes: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1, word by word."""
    if len(hashes) == 1:
        return []
    middle = 1 << (len(hashes) - 1).bit_length() - 1
    if index < middle:
        return [*path(index, hashes[:middle]), tree_hash(hashes[middle:])]
    return [*path(index - middle, hashes[middle:]), tree_hash(hashes[:middle])]


def subproof(old: int, hashes: list[bytes], complete: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962, section 2.1.2, word by word."""
    if old == len(hashes):
        return [] if complete else [tree_hash(hashes)]
    middle = 1 << (len(hashes) - 1).bit_length() - 1
    if old <= middle:
        return [*subproof(old, hashes[:middle], complete), tree_hash(hashes[middle:])]
    return [*subproof(old - middle, hashes[middle:], False), tree_hash(hashes[:middle])]


def reader(hashes: list[bytes]) -> Callable[[int, int], bytes]:
    """Complete nodes alone: an incomplete one would be an error of the caller."""

    def hash_at(level: int, index: int) -> bytes:
        span = hashes[index << level : (index + 1) << level]
        assert len(span) == 1 << level
        return tree_hash(span)

    return hash_at


@vectors("inclusion")
def test_every_public_inclusion_vector_is_judged_as_published(vector: dict[str, Any]) -> None:
    def verify() -> None:
        merkle.verify_inclusion(
            index=vector["leafIdx"],
            size=vector["treeSize"],
            leaf_hash=decoded(vector["leafHash"]),
            proof=all_decoded(vector["proof"]),
            root=decoded(vector["root"]),
        )

    if vector["wantErr"]:
        with pytest.raises(ProofRefused):
            verify()
    else:
        verify()


@vectors("consistency")
def test_every_public_consistency_vector_is_judged_as_published(vector: dict[str, Any]) -> None:
    def verify() -> None:
        merkle.verify_consistency(
            old_size=vector["size1"],
            new_size=vector["size2"],
            old_root=decoded(vector["root1"]),
            new_root=decoded(vector["root2"]),
            proof=all_decoded(vector["proof"]),
        )

    if vector["wantErr"]:
        with pytest.raises(ProofRefused):
            verify()
    else:
        verify()


def test_an_empty_tree_has_the_root_of_the_rfc() -> None:
    assert merkle.root_of(Edge()).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_edge_has_the_root_of_the_definition_at_every_size() -> None:
    leaves = leaves_of(140)
    edge = Edge()

    for size in range(141):
        assert merkle.root_of(edge) == tree_hash(leaves[:size])
        assert merkle.edge_at(size, reader(leaves)) == edge
        assert Edge.unpack(size, edge.pack()) == edge
        edge = merkle.append(edge, leaves[size : size + 1])[0]


@given(st.lists(st.integers(0, 40), max_size=12))
@settings(max_examples=150, deadline=None)
def test_batches_grow_the_same_tree_and_name_every_node_that_became_complete(batches: list[int]) -> None:
    leaves = leaves_of(sum(batches))
    edge, seen = Edge(), dict[tuple[int, int], bytes]()

    for batch in batches:
        edge, grown = merkle.append(edge, leaves[edge.size : edge.size + batch])
        for nodes in grown:
            for offset, value in enumerate(nodes.hashes):
                assert (nodes.level, nodes.first + offset) not in seen
                seen[nodes.level, nodes.first + offset] = value

    hash_at = reader(leaves)
    expected = {
        (level, index): hash_at(level, index)
        for level in range(len(leaves).bit_length())
        for index in range(len(leaves) >> level)
    }
    assert seen == expected
    assert merkle.root_of(edge) == tree_hash(leaves) == merkle.root_of_leaves(leaves)


def test_every_inclusion_proof_is_that_of_the_definition_and_holds() -> None:
    leaves = leaves_of(40)
    hash_at = reader(leaves)

    for size in range(1, 41):
        root = tree_hash(leaves[:size])
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, hash_at)
            assert proof == path(index, leaves[:size])
            merkle.verify_inclusion(index=index, size=size, leaf_hash=leaves[index], proof=proof, root=root)


def test_every_consistency_proof_is_that_of_the_definition_and_holds() -> None:
    leaves = leaves_of(40)
    hash_at = reader(leaves)

    for new in range(1, 41):
        for old in range(1, new + 1):
            proof = merkle.consistency_proof(old, new, hash_at)
            assert proof == subproof(old, leaves[:new])
            merkle.verify_consistency(
                old_size=old,
                new_size=new,
                old_root=tree_hash(leaves[:old]),
                new_root=tree_hash(leaves[:new]),
                proof=proof,
            )


@given(st.integers(1, 70), st.data())
@settings(max_examples=300, deadline=None)
def test_a_changed_missing_or_extra_hash_makes_any_proof_fail(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, reader(leaves))
    place = data.draw(st.integers(0, len(proof)))
    match data.draw(st.sampled_from(["extra", "missing", "changed"])):
        case "missing" if place < len(proof):
            wrong = proof[:place] + proof[place + 1 :]
        case "changed" if place < len(proof):
            wrong = [*proof[:place], bytes([proof[place][0] ^ 1]) + proof[place][1:], *proof[place + 1 :]]
        case _:
            wrong = [*proof[:place], leaves[0], *proof[place:]]

    with pytest.raises(ProofRefused):
        merkle.verify_inclusion(index=index, size=size, leaf_hash=leaves[index], proof=wrong, root=tree_hash(leaves))


@pytest.mark.parametrize(("size", "packed"), [(1, b""), (3, b"x" * 32), (2, b"x" * 31), (-1, b""), (0, b"x" * 32)])
def test_an_edge_that_does_not_fit_its_size_is_refused(size: int, packed: bytes) -> None:
    with pytest.raises(ValueError, match="not the edge"):
        Edge.unpack(size, packed)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_there_is_no_inclusion_proof_of_a_leaf_outside_of_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        merkle.inclusion_proof(index, size, reader(leaves_of(5)))


@pytest.mark.parametrize(("old", "new"), [(0, 5), (6, 5), (-1, 5)])
def test_there_is_no_consistency_proof_from_nothing_or_backwards(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="cannot be shown"):
        merkle.consistency_proof(old, new, reader(leaves_of(5)))
