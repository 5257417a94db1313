"""Use cases of reading the ledger (vault.md, "Proof" and "Formats").

A log only grows: what belongs to a size that was read once stays readable, whatever is appended meanwhile.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from uuid import UUID

from tillvault.core import paging
from tillvault.core.db import Connection, Database, Row
from tillvault.core.errors import ValidationFailed
from tillvault.identity.domain import Actor
from tillvault.identity.permissions import Permission, require
from tillvault.vault import canonical, formats, merkle, notes, tiles
from tillvault.vault import queries as vault_queries
from tillvault.vault import service as vault
from tillvault.vault.checkpoints import Signed
from tillvault.vault.errors import OtherTenant, TicketNotFound
from tillvault.vault.key_following import follow
from tillvault.vault.keys import Signers
from tillvault.vault.ledger import queries
from tillvault.vault.merkle import HASH_BYTES, HashAt
from tillvault.vault.tiles import WIDTH, Tile

ENTRIES_MAX = 1000
_EXPORT_PAGE = 256
"""Entries read at once for an export: at the largest size of a ticket, 16 MiB."""


async def admit(db: Connection, actor: Actor, *, tenant: str) -> None:
    """Let the actor read their own ledger. Raises RoleForbidden or OtherTenant, for an unknown tenant too: who asks
    must not learn which tenants there are."""
    require(actor, Permission.TICKETS_READ)
    if await vault_queries.tenant(db) != tenant:
        raise OtherTenant


async def checkpoint(db: Connection, signers: Signers, *, actor: Actor, tenant: str) -> Signed:
    """The signed head. Raises RoleForbidden, OtherTenant, TicketNotFound while the log is empty,
    VaultUnavailable for a head that does not extend what was signed before."""
    await admit(db, actor, tenant=tenant)
    return await vault.checkpoint(db, signers)


async def vkey(db: Connection, signers: Signers, *, actor: Actor, tenant: str) -> str:
    """The key that checkpoints are verified with, in C2SP vkey form. Raises RoleForbidden, OtherTenant."""
    await admit(db, actor, tenant=tenant)
    await follow(db, signers)
    return notes.vkey(signers.origin_of(tenant), signers.notes.public)


async def consistency(db: Connection, *, actor: Actor, tenant: str, old_size: int, new_size: int) -> list[bytes]:
    """The proof that the tree of `new_size` begins with that of `old_size`, which are at least 1.

    Raises RoleForbidden, OtherTenant, ValidationFailed for sizes that the log has not had.
    """
    await admit(db, actor, tenant=tenant)
    size = await _size(db)
    if new_size > size:
        raise ValidationFailed.of("to", f"is beyond the log's size, {size}")
    if old_size > new_size:
        raise ValidationFailed.of("from", "is greater than `to`")

    def prove(hash_at: HashAt) -> list[bytes]:
        return merkle.consistency_proof(old_size, new_size, hash_at)

    fetched = {
        (level, index): await vault_queries.tile(db, level, index, size=new_size)
        for level, index in tiles.tiles_needed(prove)
    }
    return prove(tiles.hashes_of(lambda level, index: fetched[level, index]))


async def entries(db: Connection, *, actor: Actor, tenant: str, start: int, limit: int) -> list[Row]:
    """Index and leaf from `start` on. Raises RoleForbidden, OtherTenant."""
    await admit(db, actor, tenant=tenant)
    return await queries.leaves(db, start=start, end=start + limit)


async def tile(db: Connection, *, actor: Actor, tenant: str, path: str) -> bytes:
    """The bytes of a tile or of an entry bundle. Raises RoleForbidden, OtherTenant, TicketNotFound."""
    await admit(db, actor, tenant=tenant)
    try:
        asked = tiles.parse_path(path)
    except ValueError as error:
        raise TicketNotFound from error
    size = await _size(db)
    if tiles.width_at(asked.level or 0, asked.index, size) < asked.width:
        raise TicketNotFound
    if asked.level is None:
        return await _bundle(db, asked)
    stored = await vault_queries.tile(db, asked.level, asked.index, size=size)
    return stored[: asked.width * HASH_BYTES]


async def _bundle(db: Connection, asked: Tile) -> bytes:
    start = asked.index * WIDTH
    rows = await queries.leaves(db, start=start, end=start + asked.width)
    return tiles.bundle_bytes([row["leaf"].encode() for row in rows])


async def _size(db: Connection) -> int:
    head = await vault_queries.head(db)
    return 0 if head is None else head.edge.size


# Lists and exports --------------------------------------------------------------------------------------------------


async def list_tickets(
    db: Connection,
    *,
    actor: Actor,
    filters: Mapping[str, str | datetime | None],
    cursor: str | None,
    limit: int,
) -> tuple[list[Row], str | None]:
    """A page of tickets, newest first. Raises RoleForbidden, ValidationFailed for a cursor that is none."""
    require(actor, Permission.TICKETS_READ)
    rows = await queries.list_tickets(db, filters=filters, after=paging.decode(cursor), limit=limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    return rows, paging.encode(rows[-1]["received_at"], rows[-1]["id"]) if more else None


async def export(database: Database, organisation_id: UUID, signers: Signers, signed: Signed) -> AsyncGenerator[bytes]:
    """The whole log up to a signed head, line by line in pages; the caller has seen to it that it may be read.

    Each page is read in a transaction of its own: one for all of it would hold back the database's clean-up for as
    long as the slowest reader takes.
    """
    yield formats.export_header(signed.checkpoint, signed.note, signers.jwks())
    size = signed.checkpoint.size
    for start in range(0, size, _EXPORT_PAGE):
        async with database.transaction(organisation_id) as db:
            rows = await queries.entries(db, start=start, end=min(start + _EXPORT_PAGE, size))
        yield b"".join(map(_line, rows))


def _line(row: Row) -> bytes:
    content, envelope, raw = row["content"], row["envelope"], row["raw"]
    if raw is not None:
        body = canonical.parse_strict(raw)
        identified, _ = canonical.identity(body.get("pos_session"), body["source_id"], body["ticket"])
    else:
        identified = content.encode()
    return formats.export_line(
        index=row["index"],
        leaf=row["leaf"].encode(),
        content=identified,
        envelope=None if envelope is None else envelope.encode(),
        raw=raw,
        evidence_jws=row["evidence_jws"],
    )
