"""SQL of fsck: everything that is stored of a log, in the order of the log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from asyncpg import Record as Row

PAGE = 512
"""A multiple of the width of a tile, and at most 32 MiB of raw bodies."""


class Reader(Protocol):
    """An open transaction of one organisation, to read in: `core.db.Connection`, or what a helper has, which begins
    without all that the server loads."""

    @property
    def organisation_id(self) -> UUID | None: ...

    async def fetch(self, statement: str, *args: object) -> list[Row]: ...

    async def fetchval(self, statement: str, *args: object) -> Any: ...

    async def execute(self, statement: str, *args: object) -> str: ...


_SNAPSHOT = re.compile(r"[0-9A-F]+(?:-[0-9A-F]+)*", re.ASCII)


async def snapshot(db: Reader, name: str | None = None) -> None:
    """Whoever appends meanwhile is not seen. Must come before any query of the transaction. With a name, it is what the
    transaction sees that exported it."""
    await db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    if name is not None:
        if not _SNAPSHOT.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a snapshot")
        # SET takes no parameters.
        await db.execute(f"SET TRANSACTION SNAPSHOT '{name}'")


async def export_snapshot(db: Reader) -> str:
    """What this transaction sees, for others to see for as long as it lasts."""
    return str(await db.fetchval("SELECT pg_export_snapshot()"))


async def logs(db: Reader) -> list[Row]:
    """Every log of the installation, as organisation and tenant."""
    return await db.fetch("SELECT organisation_id, tenant FROM directory_vaults() ORDER BY tenant")


async def entries(db: Reader, first: int, end: int | None = None, *, evidence: bool = True) -> list[Row]:
    """A page of leaves with their tickets, not beyond `end`; ids as text, as leaves have them, evidence, a third of all
    bytes, only if it is asked for. Bounds on both sides keep the plan to two walks along keys, whatever the statistics
    say."""
    return await db.fetch(
        """
        SELECT l.index, l.stream, l.stream_seq, l.leaf, l.leaf_hash, l.content, t.id::text AS id, t.scheme, t.sha256,
               t.source_id, t.pos_session, t.envelope, t.raw, t.ledger_hash,
               CASE WHEN $4 THEN t.evidence_jws END AS evidence_jws, t.received_at
        FROM vault_leaves l
        LEFT JOIN vault_tickets t
            ON t.organisation_id = $1 AND t.index = l.index AND t.index >= $2 AND t.index < $3
        WHERE l.organisation_id = $1 AND l.index >= $2 AND l.index < $3 ORDER BY l.index
        """,
        db.organisation_id,
        first,
        first + PAGE if end is None else min(first + PAGE, end),
        evidence,
    )


async def ticket_without_leaf(db: Reader) -> int | None:
    """The first position at which a ticket stands but no leaf."""
    return await db.fetchval(
        """
        SELECT min(t.index) FROM vault_tickets t WHERE t.organisation_id = $1
        AND NOT EXISTS (SELECT FROM vault_leaves l WHERE l.organisation_id = $1 AND l.index = t.index)
        """,
        db.organisation_id,
    )


async def stored_tiles(db: Reader, wanted: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Row]:
    """Tiles by level and index."""
    rows = await db.fetch(
        """
        SELECT t.level, t.index, t.hashes, t.root FROM vault_tiles t
        JOIN unnest($2::smallint[], $3::bigint[]) AS w(level, index) ON w.level = t.level AND w.index = t.index
        WHERE t.organisation_id = $1
        """,
        db.organisation_id,
        [level for level, _ in wanted],
        [index for _, index in wanted],
    )
    return {(row["level"], row["index"]): row for row in rows}


async def end_of_leaves(db: Reader) -> int:
    """The position after the last leaf, whatever is missing before it."""
    statement = "SELECT coalesce(max(index) + 1, 0) FROM vault_leaves WHERE organisation_id = $1"
    return int(await db.fetchval(statement, db.organisation_id))


async def tile_count(db: Reader) -> int:
    return int(await db.fetchval("SELECT count(*) FROM vault_tiles WHERE organisation_id = $1", db.organisation_id))


async def checkpoints(db: Reader, *, above: int, up_to: int) -> list[Row]:
    """Checkpoints of sizes beyond `above`, up to `up_to`."""
    return await db.fetch(
        "SELECT size, root, note, jws, issued_at FROM vault_checkpoints"
        " WHERE organisation_id = $1 AND size > $2 AND size <= $3 ORDER BY size, issued_at",
        db.organisation_id,
        above,
        up_to,
    )


async def largest_checkpoint(db: Reader) -> int:
    """Its size; 0 where there is none."""
    statement = "SELECT coalesce(max(size), 0) FROM vault_checkpoints WHERE organisation_id = $1"
    return int(await db.fetchval(statement, db.organisation_id))
