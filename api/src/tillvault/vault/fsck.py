"""A second path to all that is stored of a log (vault.md, "Proof"): every leaf anew from the raw bytes, the chain, the
tree, every tile, evidence and checkpoint. It stops at the first index that is wrong and says why.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from tillvault.core.db import Connection, Row
from tillvault.vault import evidence, fsck_queries, fsck_rows, fsck_units, leaves, merkle, notes, queries
from tillvault.vault.appending import TileRow, complete_tiles
from tillvault.vault.domain import Head
from tillvault.vault.entries import Broken, Chain
from tillvault.vault.fsck_units import Units
from tillvault.vault.jwk import PublicKeys
from tillvault.vault.merkle import Edge
from tillvault.vault.notes import Checkpoint
from tillvault.vault.tiles import HEIGHT, WIDTH

Progress = Callable[[int, int], None]
"""Called with the leaves done and all leaves that the head names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came out for one log: without a `reason` it holds."""

    tenant: str
    size: int
    """Leaves that were read."""
    root: str | None = None
    index: int | None = None
    """The first index that is wrong, where one is to be named."""
    reason: str | None = None
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        return self.reason is None


async def check_log(
    db: Connection,
    *,
    tenant: str,
    keys: PublicKeys | None,
    kept: Checkpoint | None,
    progress: Progress | None = None,
    units: Units = fsck_units.here,
) -> Finding:
    """Check the organisation's log in one snapshot, in constant memory.

    `keys` verify the signatures, which are left out without; `kept` is what the file beside the keys says. `units` does
    the bulk of the work, ahead of the rest and in other processes if it will.
    """
    started = time.perf_counter()
    await fsck_queries.snapshot(db)
    reading = _Reading(db, keys=keys, kept=kept, progress=progress)
    try:
        await reading.run(units)
    except Broken as broken:
        return Finding(
            tenant=tenant,
            size=reading.size,
            index=broken.index,
            reason=broken.reason,
            seconds=time.perf_counter() - started,
        )
    root = merkle.root_of(reading.edge).hex()
    return Finding(tenant=tenant, size=reading.size, root=root, seconds=time.perf_counter() - started)


@dataclass(slots=True)
class _Reading:
    """One pass over a log. Raises Broken."""

    db: Connection
    keys: PublicKeys | None
    kept: Checkpoint | None
    progress: Progress | None
    edge: Edge = field(default_factory=Edge)
    tiles: int = 0
    roots: dict[int, list[bytes]] = field(default_factory=dict[int, list[bytes]])
    """By tile level, the hashes of the tile that is not complete yet; level 0 is always done with a page."""
    size: int = 0

    async def run(self, units: Units) -> None:
        head = await self._head()
        chain = Chain(head.origin)
        async with aclosing(units(self.db, head, self.keys)) as found:
            async for unit in found:
                if unit.follows(chain):
                    await self._grow(head, [*merkle.split(unit.hashes)])
                    unit.advance(chain)
                elif not await self._judge(head, chain, until=unit.end):
                    break
                if self.progress:
                    self.progress(self.size, head.edge.size)
        await self._judge(head, chain)
        await self._check_end(head, chain)

    async def _judge(self, head: Head, chain: Chain, *, until: int | None = None) -> bool:
        """Leaf by leaf, whatever a unit could not prove; False where there are no more leaves."""
        page = await fsck_queries.entries(self.db, self.size)
        while page:
            hashes, broken = fsck_rows.check_page(chain, page, self.keys)
            # What is wrong with the tree of the leaves before comes first.
            await self._grow(head, hashes)
            if broken is not None:
                raise broken
            if self.size == until:
                return True
            page = await fsck_queries.entries(self.db, self.size)
        return False

    async def _head(self) -> Head:
        try:
            head = await queries.head(self.db)
        except ValueError as error:
            raise Broken(f"the head cannot be: {error}") from error
        if head is None:
            raise Broken("the log has no head")
        return head

    async def _grow(self, head: Head, hashes: list[bytes]) -> None:
        """The tree over the page, its tiles and the checkpoints of sizes within it."""
        before = self.edge
        self.edge, grown = merkle.append(before, hashes)
        # Pages begin where tiles of leaves do; only tiles above can have hashes from earlier pages.
        kept = {(level, before.size >> HEIGHT * (level + 1)): roots for level, roots in self.roots.items()}
        await self._check_tiles(complete_tiles(before, self.edge, grown, kept))
        for nodes in grown:
            if nodes.level and nodes.level % HEIGHT == 0:
                row = [*self.roots.get(nodes.level // HEIGHT, []), *nodes.hashes]
                self.roots[nodes.level // HEIGHT] = row[len(row) // WIDTH * WIDTH :]
        await self._check_checkpoints(head, before, hashes)
        self.size = self.edge.size

    async def _check_tiles(self, made: Sequence[TileRow]) -> None:
        self.tiles += len(made)
        if not made:
            return
        stored = await fsck_queries.stored_tiles(self.db, [(tile.level, tile.index) for tile in made])
        for tile in made:
            found = stored.get((tile.level, tile.index))
            name = f"tile {tile.index} of level {tile.level}"
            span = WIDTH**tile.level
            if found is None:
                raise Broken(f"{name} is missing", tile.index * WIDTH * span)
            if found["hashes"] != tile.hashes:
                pairs = zip(merkle.split(found["hashes"]), merkle.split(tile.hashes), strict=True)
                wrong = next(at for at, (one, other) in enumerate(pairs) if one != other)
                raise Broken(f"{name} is not made of the leaves below it", (tile.index * WIDTH + wrong) * span)
            if found["root"] != tile.root:
                raise Broken(f"the root of {name} is not that of its hashes", tile.index * WIDTH * span)

    async def _check_checkpoints(self, head: Head, before: Edge, hashes: list[bytes]) -> None:
        edge = before
        for row in await fsck_queries.checkpoints(self.db, above=before.size, up_to=self.edge.size):
            edge, _ = merkle.append(edge, hashes[edge.size - before.size : row["size"] - before.size])
            true = Checkpoint(origin=head.origin, size=edge.size, root=merkle.root_of(edge))
            _check_checkpoint(row, true, self.keys)
        if self.kept is not None and before.size < self.kept.size <= self.edge.size:
            edge, _ = merkle.append(before, hashes[: self.kept.size - before.size])
            if self.kept.root != merkle.root_of(edge):
                raise Broken(
                    f"the first {edge.size} leaves do not lead to the checkpoint in the keys folder: the database has "
                    "another history"
                )

    async def _check_end(self, head: Head, chain: Chain) -> None:
        """What is said of the log beside its leaves."""
        for what, size in (
            ("the head", head.edge.size),
            ("the last leaf", await fsck_queries.end_of_leaves(self.db)),
            ("a checkpoint in the database", await fsck_queries.largest_checkpoint(self.db)),
            ("the checkpoint in the keys folder", self.kept.size if self.kept else 0),
        ):
            if size > self.size:
                raise Broken(
                    f"the leaf is missing: {what} is of {size} leaves, the log goes on to {self.size}", self.size
                )
        if head.edge.size < self.size:
            raise Broken(f"the leaf is beyond the head, which is of {head.edge.size} leaves", head.edge.size)
        orphan = await fsck_queries.ticket_without_leaf(self.db)
        if orphan is not None:
            raise Broken("there is a ticket without a leaf", orphan)
        if await fsck_queries.tile_count(self.db) != self.tiles:
            raise Broken(f"there are other tiles than the {self.tiles} that the leaves make")
        if head.edge != self.edge:
            raise Broken("the leaves do not lead to the head")
        if self.size and head.last_leaf_hash.hex() != chain.prev:
            raise Broken("the head names another last leaf", self.size - 1)
        if head.streams != chain.streams:
            raise Broken("the head names other positions of the streams than the leaves")
        if self.size and (head.last_received_at is None or leaves.moment(head.last_received_at) != chain.received_at):
            raise Broken("the head names another time than the last leaf", self.size - 1)


def _check_checkpoint(row: Row, true: Checkpoint, keys: PublicKeys | None) -> None:
    name = f"the checkpoint of {true.size} leaves"
    if row["root"] != true.root or not row["note"].startswith(true.text() + "\n"):
        raise Broken(f"{name} is not of the leaves before it", true.size - 1)
    if keys is None:
        return
    try:
        issued = int(row["issued_at"].timestamp())
        notes.verify_checkpoint(row["note"], keys.notes_at(issued))
        claims = evidence.verify(row["jws"], keys)
    except (notes.NoteRefused, evidence.EvidenceRefused) as error:
        raise Broken(f"{name} does not hold: {error}", true.size - 1) from error
    shown = {"origin": true.origin, "size": true.size, "root": true.root.hex(), "iat": issued}
    if any(claims.get(key) != value for key, value in shown.items()):
        raise Broken(f"{name} says something else as a token", true.size - 1)
