"""SQL of the vault."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson

from tillvault.core.db import Connection, Row
from tillvault.core.jsontext import dumps
from tillvault.events.queries import write_telling
from tillvault.vault import key_queries
from tillvault.vault.appending import Appended, TileRow
from tillvault.vault.domain import Document, Head
from tillvault.vault.errors import VaultUnavailable
from tillvault.vault.merkle import Edge
from tillvault.vault.tiles import WIDTH

_BEFORE_FIRST = bytes(32)

_ENSURE = """
INSERT INTO vault_logs (organisation_id, origin, size, frontier, last_leaf_hash, streams, last_received_at,
                        evidence_kid)
SELECT $1, $2, 0, ''::bytea, $3, '{}', k.since, k.kid FROM vault_keys k WHERE k.use = 'evidence' AND k.until IS NULL
ON CONFLICT (organisation_id) DO NOTHING
"""

# The head is held by whoever appends; the price is paid once per batch. Which API keys still stand is read with it.
# NO KEY: a checkpoint that is kept meanwhile refers to the row, and neither has to wait for the other.
_LOCK = """
SELECT l.origin, l.size, l.frontier, l.last_leaf_hash, l.streams, l.last_received_at, l.evidence_kid,
       ARRAY(SELECT k.id FROM api_keys k
             WHERE k.organisation_id = $1 AND k.id = ANY($2::uuid[]) AND k.revoked_at IS NULL) AS standing_keys
FROM vault_logs l WHERE l.organisation_id = $1 FOR NO KEY UPDATE OF l
"""

_DOCUMENT = "SELECT id, sha256, ledger_hash, evidence_jws, envelope, received_at FROM vault_tickets"

_APPEND = """
WITH leaves AS (
    INSERT INTO vault_leaves (organisation_id, index, stream, stream_seq, leaf, leaf_hash)
    SELECT $1, l.index, 'POS', l.stream_seq, l.leaf, l.leaf_hash
    FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::bytea[]) AS l(index, stream_seq, leaf, leaf_hash)
), tiles AS (
    INSERT INTO vault_tiles (organisation_id, level, index, hashes, root)
    SELECT $1, t.level, t.index, t.hashes, t.root
    FROM unnest($14::smallint[], $15::bigint[], $16::bytea[], $17::bytea[]) AS t(level, index, hashes, root)
), head AS (
    UPDATE vault_logs
    SET size = $18, frontier = $19, last_leaf_hash = $20, streams = $21::jsonb, last_received_at = $22
    WHERE organisation_id = $1
)
INSERT INTO vault_tickets (organisation_id, id, index, scheme, sha256, source_id, pos_session, envelope, raw,
                           ledger_hash, evidence_jws, received_at)
SELECT $1, t.id, t.index, 'tv1', t.sha256, t.source_id, t.pos_session, t.envelope, t.raw, t.ledger_hash,
       t.evidence_jws, $22
FROM unnest($6::uuid[], $2::bigint[], $7::bytea[], $8::text[], $9::text[], $10::text[], $11::bytea[], $12::text[],
            $13::text[])
     AS t(id, index, sha256, source_id, pos_session, envelope, raw, ledger_hash, evidence_jws)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The head of a log, held for the rest of the transaction."""

    head: Head
    standing_keys: frozenset[UUID]


async def hold_head(db: Connection, *, origin: str, api_key_ids: Collection[UUID]) -> Held:
    """The head of the organisation's log, which is made when there is none. Raises VaultUnavailable without a key."""
    row = await db.fetchrow(_LOCK, db.organisation_id, list(api_key_ids))
    if row is None:
        # A rotation goes through the logs that there are: none begins meanwhile.
        await key_queries.share_register(db)
        await db.execute(_ENSURE, db.organisation_id, origin, _BEFORE_FIRST)
        row = await db.fetchrow(_LOCK, db.organisation_id, list(api_key_ids))
    if row is None:
        raise VaultUnavailable
    return Held(head=_head(row), standing_keys=frozenset(row["standing_keys"]))


async def known(db: Connection, hashes: Sequence[bytes]) -> dict[bytes, Document]:
    """Recorded tickets by identity."""
    rows = await db.fetch(
        _DOCUMENT + " WHERE organisation_id = $1 AND sha256 = ANY($2::bytea[])", db.organisation_id, list(hashes)
    )
    return {row["sha256"]: Document(**row) for row in rows}


async def known_sources(db: Connection, source_ids: Sequence[str]) -> set[str]:
    """Those of the source ids that stand in the ledger already."""
    rows = await db.fetch(
        "SELECT DISTINCT source_id FROM vault_tickets WHERE organisation_id = $1 AND source_id = ANY($2::text[])",
        db.organisation_id,
        list(source_ids),
    )
    return {row["source_id"] for row in rows}


async def earlier_hashes(db: Connection, tile: tuple[int, int]) -> list[bytes]:
    """The hashes that an incomplete tile has so far."""
    level, index = tile
    if level == 0:
        rows = await db.fetch(
            "SELECT leaf_hash AS hash FROM vault_leaves WHERE organisation_id = $1 AND index >= $2 AND index < $3"
            " ORDER BY index",
            db.organisation_id,
            index * WIDTH,
            (index + 1) * WIDTH,
        )
    else:
        rows = await db.fetch(
            "SELECT root AS hash FROM vault_tiles WHERE organisation_id = $1 AND level = $2 AND index >= $3"
            " AND index < $4 ORDER BY index",
            db.organisation_id,
            level - 1,
            index * WIDTH,
            (index + 1) * WIDTH,
        )
    return [row["hash"] for row in rows]


async def append(db: Connection, appended: Appended, tiles: Sequence[TileRow]) -> None:
    """Write a batch, and what is told of it, in one statement."""
    rows, head = appended.tickets, appended.head
    await write_telling(
        db,
        _APPEND,
        db.organisation_id,
        [row.index for row in rows],
        [row.stream_seq for row in rows],
        [row.leaf for row in rows],
        [row.leaf_hash for row in rows],
        [row.document.id for row in rows],
        [row.document.sha256 for row in rows],
        [row.submission.source_id for row in rows],
        [row.submission.body.get("pos_session") for row in rows],
        [row.document.envelope for row in rows],
        [row.submission.raw for row in rows],
        [row.document.ledger_hash for row in rows],
        [row.document.evidence_jws for row in rows],
        [tile.level for tile in tiles],
        [tile.index for tile in tiles],
        [tile.hashes for tile in tiles],
        [tile.root for tile in tiles],
        head.edge.size,
        head.edge.pack(),
        head.last_leaf_hash,
        dumps(head.streams).decode(),
        head.last_received_at,
    )


async def document(db: Connection, document_id: UUID) -> Row | None:
    """A ticket with its leaf, for reading and proving."""
    return await db.fetchrow(
        """
        SELECT t.id, t.index, t.sha256, t.source_id, t.pos_session, t.envelope, t.raw, t.ledger_hash, t.evidence_jws,
               t.received_at, l.leaf
        FROM vault_tickets t JOIN vault_leaves l ON l.organisation_id = $1 AND l.index = t.index
        WHERE t.organisation_id = $1 AND t.id = $2
        """,
        db.organisation_id,
        document_id,
    )


async def tile(db: Connection, level: int, index: int, *, size: int) -> bytes:
    """The hashes of a tile as far as it goes in a tree of `size` leaves."""
    width = max(0, min(WIDTH, (size >> 8 * level) - index * WIDTH))
    if width == WIDTH:
        stored = await db.fetchval(
            "SELECT hashes FROM vault_tiles WHERE organisation_id = $1 AND level = $2 AND index = $3",
            db.organisation_id,
            level,
            index,
        )
        return stored or b""
    return b"".join((await earlier_hashes(db, (level, index)))[:width])


async def head(db: Connection) -> Head | None:
    """The head of the organisation's log, only read."""
    row = await db.fetchrow(
        "SELECT origin, size, frontier, last_leaf_hash, streams, last_received_at, evidence_kid FROM vault_logs"
        " WHERE organisation_id = $1",
        db.organisation_id,
    )
    return _head(row) if row else None


def _head(row: Row) -> Head:
    return Head(
        origin=row["origin"],
        edge=Edge.unpack(row["size"], row["frontier"]),
        last_leaf_hash=row["last_leaf_hash"],
        streams=orjson.loads(row["streams"]),
        last_received_at=row["last_received_at"],
        evidence_kid=row["evidence_kid"],
    )


async def tenant(db: Connection) -> str:
    """The organisation's tenant name: its slug."""
    return str(await db.fetchval("SELECT slug FROM organisations WHERE id = $1", db.organisation_id))
