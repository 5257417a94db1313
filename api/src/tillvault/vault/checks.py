"""What fsck found, kept, so that managers hear of a log that does not hold wherever it was checked."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from tillvault.core.clock import utc_now
from tillvault.core.db import Connection, Database, Row
from tillvault.core.errors import AppError
from tillvault.core.ids import new_id
from tillvault.core.logging import log
from tillvault.vault import check_queries
from tillvault.vault.fsck import Finding


async def keep(database: Database, organisation_id: UUID, finding: Finding, *, with_signatures: bool) -> None:
    """In a transaction of its own: a database that cannot be written, a copy of one for example, is checked all the
    same."""
    try:
        async with database.transaction(organisation_id) as db:
            await check_queries.insert_check(
                db,
                check_id=new_id(),
                size=finding.size,
                with_signatures=with_signatures,
                fault_index=finding.index,
                fault=finding.reason,
                now=utc_now(),
            )
    except (AppError, asyncpg.PostgresError, OSError) as error:
        log().warning("vault.check_not_kept", tenant=finding.tenant, error=str(error))


async def standing_fault(db: Connection) -> Row | None:
    """Why the organisation's log does not hold, as it was first found; None while nobody has found anything wrong."""
    return await check_queries.standing_fault(db)
