"""The Merkle tree of RFC 6962, section 2.1, over SHA-256: hashes, roots, proofs, and growth at the right edge.

A node is named by its level (0: leaves) and its index within the level; it exists, and never changes, once all of its
2^level leaves do. Whatever stores the tree hands in a `HashAt` that reads such complete nodes; everything else is
derived from O(log n) of them. Two domains are kept apart by a prefix byte: a leaf can never be taken for a node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves."""

HashAt: TypeAlias = Callable[[int, int], bytes]
"""`(level, index)` to the hash of a complete node."""


class ProofRefused(ValueError):
    """A proof that does not prove what it is shown for."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """Nodes that became complete: neighbours on one level, from `first` on."""

    level: int
    first: int
    hashes: list[bytes]


@dataclass(frozen=True, slots=True)
class Edge:
    """All that is needed to grow a tree and to know its root: its size and its largest complete nodes, left to right,
    one for each bit that is set in the size (a compact range from 0)."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def pack(self) -> bytes:
        """The hashes one after the other, as a database keeps them beside the size."""
        return b"".join(self.hashes)

    @classmethod
    def unpack(cls, size: int, packed: bytes) -> Edge:
        """The counterpart of `pack`. Raises ValueError where there are not as many hashes as the size asks for."""
        if size < 0 or len(packed) != size.bit_count() * HASH_BYTES:
            raise ValueError(f"{len(packed)} bytes are not the edge of a tree of {size} leaves")
        return cls(size, split(packed))


def split(packed: bytes) -> tuple[bytes, ...]:
    """Hashes that stand one after the other."""
    return tuple(packed[start : start + HASH_BYTES] for start in range(0, len(packed), HASH_BYTES))


def hash_leaf(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


# Growing ------------------------------------------------------------------------------------------------------------


def append(edge: Edge, leaf_hashes: Sequence[bytes]) -> tuple[Edge, list[Nodes]]:
    """The edge after many leaves at once, and every node that became complete (the leaves among them, at level 0).

    Level by level, so that a batch costs one hash per leaf and no work per leaf and level.
    """
    size = edge.size
    ends = list(edge.hashes)
    """Of the old edge, smallest node last: the level that is looked at takes it from there."""
    kept: list[bytes] = []
    grown: list[Nodes] = []
    new = list(leaf_hashes)
    level = 0
    while new:
        grown.append(Nodes(level, size >> level, new))
        row = [ends.pop(), *new] if size >> level & 1 else new
        if len(row) & 1:
            kept.append(row[-1])
        new = [sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)]
        level += 1
    return Edge(size + len(leaf_hashes), (*ends, *reversed(kept))), grown


def root_of(edge: Edge) -> bytes:
    """The root of the tree that ends at this edge."""
    return fold(edge.hashes)


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over neighbouring subtrees, largest first."""
    if not hashes:
        return EMPTY_ROOT
    *rest, root = hashes
    for left in reversed(rest):
        root = hash_node(left, root)
    return root


def root_of_leaves(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root over all leaves, in one go."""
    return root_of(append(Edge(), list(leaf_hashes))[0])


# Proofs from stored nodes -------------------------------------------------------------------------------------------


def edge_at(size: int, hash_at: HashAt) -> Edge:
    """The edge of the tree as it was at `size`, from its complete nodes."""
    return Edge(size, tuple(_range(0, size, hash_at)))


def inclusion_proof(index: int, size: int, hash_at: HashAt) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962, section 2.1.1. Raises ValueError for a leaf outside of the tree."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    return _path(index, 0, size, hash_at)


def consistency_proof(old_size: int, new_size: int, hash_at: HashAt) -> list[bytes]:
    """PROOF(old_size, D[new_size]) of RFC 6962, section 2.1.2. Raises ValueError for sizes that cannot be compared."""
    if not 0 < old_size <= new_size:
        raise ValueError(f"a tree of {new_size} cannot be shown to extend one of {old_size}")
    if old_size == new_size:
        return []
    # The largest complete node that ends where the old tree does takes the place of the leaf in an inclusion proof.
    level = (old_size & -old_size).bit_length() - 1
    seed = [] if old_size == 1 << level else [hash_at(level, (old_size >> level) - 1)]
    return seed + _path(old_size - 1, level, new_size, hash_at)


def _path(index: int, level: int, size: int, hash_at: HashAt) -> list[bytes]:
    """The siblings on the way from the node above leaf `index` to the root, from below."""
    path: list[bytes] = []
    while 1 << level < size:
        sibling = index >> level ^ 1
        start = sibling << level
        if start + (1 << level) <= size:
            path.append(hash_at(level, sibling))
        elif start < size:
            path.append(fold(_range(start, size, hash_at)))
        level += 1
    return path


def _range(start: int, end: int, hash_at: HashAt) -> list[bytes]:
    """The largest complete nodes from leaf `start`, a multiple of a power of two that is not below `end - start`."""
    nodes: list[bytes] = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append(hash_at(level, start >> level))
        start += 1 << level
    return nodes


# Verifying ----------------------------------------------------------------------------------------------------------


def verify_inclusion(*, index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Raise ProofRefused unless the leaf stands at `index` of the tree of `size` (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        raise ProofRefused(f"leaf {index} is not in a tree of {size}")
    _refuse_malformed([leaf_hash, *proof])
    inner, border = _decompose(index, size)
    if len(proof) != inner + border:
        raise ProofRefused(f"the inclusion proof has {len(proof)} hashes instead of {inner + border}")
    computed = _chain_inner(leaf_hash, proof[:inner], index)
    for left in proof[inner:]:
        computed = hash_node(left, computed)
    if computed != root:
        raise ProofRefused("the inclusion proof does not lead to the root")


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise ProofRefused unless the tree of `new_size` begins with that of `old_size` (RFC 9162, section 2.1.4.2)."""
    if not 0 < old_size <= new_size:
        raise ProofRefused(f"a tree of {new_size} cannot be shown to extend one of {old_size}")
    _refuse_malformed(proof)
    if old_size == new_size:
        if proof:
            raise ProofRefused("trees of equal size need no consistency proof")
        if old_root != new_root:
            raise ProofRefused("two trees of the same size have different roots")
        return
    level = (old_size & -old_size).bit_length() - 1
    inner, border = _decompose(old_size - 1, new_size)
    inner -= level
    # A complete old tree is its own seed.
    seed, rest = (old_root, proof) if old_size == 1 << level else (proof[0] if proof else b"", proof[1:])
    if len(rest) != inner + border or not seed:
        raise ProofRefused(f"the consistency proof has {len(proof)} hashes, which does not fit the sizes")
    position = (old_size - 1) >> level
    computed_old = seed
    for step, sibling in enumerate(rest[:inner]):
        if position >> step & 1:
            computed_old = hash_node(sibling, computed_old)
    computed_new = _chain_inner(seed, rest[:inner], position)
    for left in rest[inner:]:
        computed_old = hash_node(left, computed_old)
        computed_new = hash_node(left, computed_new)
    if computed_old != old_root:
        raise ProofRefused("the consistency proof does not lead to the old root")
    if computed_new != new_root:
        raise ProofRefused("the consistency proof does not lead to the new root")


def _decompose(index: int, size: int) -> tuple[int, int]:
    """Of the path above a leaf: the steps below the point where the path to the last leaf joins, and those above it,
    which only ever have a left sibling."""
    inner = (index ^ (size - 1)).bit_length()
    return inner, (index >> inner).bit_count()


def _chain_inner(seed: bytes, siblings: Iterable[bytes], index: int) -> bytes:
    for step, sibling in enumerate(siblings):
        seed = hash_node(sibling, seed) if index >> step & 1 else hash_node(seed, sibling)
    return seed


def _refuse_malformed(hashes: Iterable[bytes]) -> None:
    if any(len(value) != HASH_BYTES for value in hashes):
        raise ProofRefused(f"a hash of the proof does not have {HASH_BYTES} bytes")
