"""SQL of the key register, and of what a rotation writes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import orjson

from tillvault.core.db import Connection, Row
from tillvault.core.jsontext import dumps
from tillvault.vault.appending import TileRow
from tillvault.vault.bodies import BodyRow
from tillvault.vault.canonical import jcs
from tillvault.vault.domain import Head
from tillvault.vault.key_register import Key, Register

_LOCK = 0x7469_6C6C_6B65_7973
"""The advisory lock of the register: shared by whoever begins a log or signs a checkpoint, held by whoever changes a
key. Whoever appends to a log that there is needs it not: the head, which the change holds too, names its key."""


async def share_register(db: Connection) -> None:
    """No key changes until the transaction ends. A statement of its own: what is read in it would be older."""
    await db.execute("SELECT pg_advisory_xact_lock_shared($1)", _LOCK)


async def hold_register(db: Connection) -> None:
    """Nobody else changes a key, begins a log or signs a checkpoint until the transaction ends."""
    await db.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)


async def register(db: Connection) -> Register:
    """Every key that the database knows. Answers without an organisation too."""
    rows = await db.fetch("SELECT kid, use, jwk, since, until FROM vault_keys")
    return Register.of(
        Key(
            use=row["use"],
            jwk=orjson.loads(row["jwk"]),
            since=int(row["since"].timestamp()),
            until=None if row["until"] is None else int(row["until"].timestamp()),
        )
        for row in rows
    )


async def begin_key(db: Connection, key: Key) -> None:
    await db.execute(
        "INSERT INTO vault_keys (kid, use, jwk, since, until) VALUES ($1, $2, $3, $4, $5)",
        key.kid,
        key.use,
        jcs(key.jwk).decode(),
        _moment(key.since),
        None if key.until is None else _moment(key.until),
    )


async def end_key(db: Connection, kid: str, *, until: int) -> None:
    await db.execute("UPDATE vault_keys SET until = $2 WHERE kid = $1", kid, _moment(until))


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


# Logs ---------------------------------------------------------------------------------------------------------------


async def logs(db: Connection) -> list[Row]:
    """Organisation and tenant of every log, in the order in which their heads are locked."""
    return await db.fetch("SELECT organisation_id, tenant FROM directory_vaults() ORDER BY organisation_id")


async def enter(db: Connection, organisation_id: UUID) -> None:
    """Go on in the same transaction as another organisation: a key changes in all logs or in none."""
    await db.execute("SELECT set_config('app.organisation_id', $1, true)", str(organisation_id))
    db.organisation_id = organisation_id


async def last_issued_at(db: Connection) -> datetime | None:
    """When the organisation's last checkpoint was issued; each is issued no earlier than the one before."""
    return await db.fetchval(
        "SELECT issued_at FROM vault_checkpoints WHERE organisation_id = $1 ORDER BY size DESC, issued_at DESC LIMIT 1",
        db.organisation_id,
    )


_APPEND = """
WITH tiles AS (
    INSERT INTO vault_tiles (organisation_id, level, index, hashes, root)
    SELECT $1, t.level, t.index, t.hashes, t.root
    FROM unnest($8::smallint[], $9::bigint[], $10::bytea[], $11::bytea[]) AS t(level, index, hashes, root)
), head AS (
    UPDATE vault_logs
    SET size = $12, frontier = $13, last_leaf_hash = $14, streams = $15::jsonb, last_received_at = $16,
        evidence_kid = $17
    WHERE organisation_id = $1
)
INSERT INTO vault_leaves (organisation_id, index, stream, stream_seq, leaf, leaf_hash, content)
SELECT $1, l.index, $2, l.stream_seq, l.leaf, l.leaf_hash, l.content
FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::bytea[], $7::text[])
     AS l(index, stream_seq, leaf, leaf_hash, content)
"""


async def append(db: Connection, head: Head, stream: str, rows: Sequence[BodyRow], tiles: Sequence[TileRow]) -> None:
    """Write bodies of one stream with their leaves and tiles, and move the head."""
    await db.execute(
        _APPEND,
        db.organisation_id,
        stream,
        [row.index for row in rows],
        [row.stream_seq for row in rows],
        [row.leaf for row in rows],
        [row.leaf_hash for row in rows],
        [row.content for row in rows],
        [tile.level for tile in tiles],
        [tile.index for tile in tiles],
        [tile.hashes for tile in tiles],
        [tile.root for tile in tiles],
        head.edge.size,
        head.edge.pack(),
        head.last_leaf_hash,
        dumps(head.streams).decode(),
        head.last_received_at,
        head.evidence_kid,
    )
