"""Use cases of the organisation's own settings, for admins.

Time zone, currencies and receipt language belong to branches: an organisation may have shops in several countries.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tillvault.core.clock import utc_now
from tillvault.core.db import Connection, Row
from tillvault.identity.administration import differences
from tillvault.identity.audit import service as audit
from tillvault.identity.domain import Actor
from tillvault.identity.organisation import queries
from tillvault.identity.permissions import Permission, require


async def read(db: Connection, *, actor: Actor) -> Row:
    """Raises RoleForbidden."""
    require(actor, Permission.ADMIN_WRITE)
    return await queries.record(db)


async def change(db: Connection, *, actor: Actor, changes: Mapping[str, Any]) -> Row:
    """Receipts and reports that are shown from now on carry it; tickets and proofs do not name it. Raises
    RoleForbidden."""
    require(actor, Permission.ADMIN_WRITE)
    before = await queries.lock_record(db)
    wanted = {name: changes.get(name, before[name]) for name in ("name", "legal_identity")}
    if all(wanted[name] == before[name] for name in wanted):
        return before
    after = await queries.update(db, **wanted, now=utc_now())
    told_before, told_after = differences(_described(before), _described(after))
    audit.record(
        db,
        actor,
        "ORGANISATION_CHANGED",
        resource_type="organisation",
        resource_id=after["id"],
        branch_id=None,
        before=told_before,
        after=told_after,
    )
    return after


def _described(row: Row) -> dict[str, Any]:
    return {"name": row["name"], "legalIdentity": row["legal_identity"]}
