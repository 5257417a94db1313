"""Use cases of API keys. An admin, a person, gives and revokes them; nothing ever shows one again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tillvault.core import paging
from tillvault.core.clock import utc_now
from tillvault.core.db import Connection, Row
from tillvault.core.ids import new_id
from tillvault.identity import hashing
from tillvault.identity.administration import page
from tillvault.identity.api_keys import queries
from tillvault.identity.audit import service as audit
from tillvault.identity.domain import Actor
from tillvault.identity.errors import ApiKeyNotFound
from tillvault.identity.permissions import Permission, require

HINT_LENGTH = 8


async def listed(db: Connection, *, actor: Actor, cursor: str | None, limit: int) -> tuple[list[Row], str | None]:
    """A page, oldest first. Raises RoleForbidden."""
    require(actor, Permission.ADMIN_READ)
    return page(await queries.records(db, after=paging.decode(cursor), limit=limit + 1), limit)


async def create(db: Connection, *, actor: Actor, name: str, scopes: Sequence[str]) -> tuple[Row, str]:
    """A key and its secret. Raises RoleForbidden, for machines too: no scope of theirs allows it."""
    require(actor, Permission.ADMIN_WRITE)
    key, key_id = hashing.new_api_key(), new_id()
    await queries.insert_api_key(
        db,
        key_id=key_id,
        name=name,
        key_hash=hashing.api_key_hash(key),
        hint=key[:HINT_LENGTH],
        scopes=sorted(scopes),
        created_by=actor.id,
        now=utc_now(),
    )
    row = await queries.record(db, key_id)
    assert row is not None  # noqa: S101  (just written)
    audit.record(
        db,
        actor,
        "API_KEY_CREATED",
        resource_type="api_key",
        resource_id=key_id,
        branch_id=None,
        after=_described(row) | {"hint": row["hint"], "scopes": row["scopes"]},
    )
    return row, key


async def revoke(db: Connection, *, actor: Actor, key_id: UUID) -> Row:
    """Revoking again changes nothing. Raises RoleForbidden or ApiKeyNotFound."""
    require(actor, Permission.ADMIN_WRITE)
    revoked = await queries.revoke(db, key_id=key_id, now=utc_now())
    if revoked is None:
        row = await queries.record(db, key_id)
        if row is None:
            raise ApiKeyNotFound
        return row
    audit.record(
        db,
        actor,
        "API_KEY_REVOKED",
        resource_type="api_key",
        resource_id=key_id,
        branch_id=None,
        before=_described(revoked) | {"revokedAt": None},
        after=_described(revoked) | {"revokedAt": revoked["revoked_at"]},
    )
    return revoked


def _described(row: Row) -> dict[str, Any]:
    return {"name": row["name"]}
