"""SQL of replays: what waits for a target is hastened or suspended, what was delivered or died is tried again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tillvault.core.db import Connection, Row
from tillvault.events.relay import queries
from tillvault.events.relay.queries import EVENT


async def organisations_with_dead_letters(db: Connection) -> list[UUID]:
    return [row["organisation_id"] for row in await db.fetch("SELECT organisation_id FROM directory_dead_letters()")]


async def hasten(db: Connection, *, target: str) -> None:
    """Try what waits for a target now, whatever its pause. What is being delivered at this moment is left to whoever
    does that; if it was suspended meanwhile, it goes on as a lease."""
    await db.execute(
        """
        UPDATE event_queues
        SET next_attempt_at = CASE WHEN leased_by IS NULL THEN now() ELSE now() + make_interval(secs => $3) END
        WHERE organisation_id = $1 AND target = $2
          AND (next_attempt_at = 'infinity' OR (leased_by IS NULL AND next_attempt_at > now()))
        """,
        db.organisation_id,
        target,
        queries.LEASE_SECONDS,
    )


async def suspend(db: Connection, *, target: str) -> None:
    """Try nothing more for a target until `hasten`."""
    await db.execute(
        "UPDATE event_queues SET next_attempt_at = 'infinity' WHERE organisation_id = $1 AND target = $2",
        db.organisation_id,
        target,
    )


async def revive(db: Connection, *, target: str, limit: int) -> int:
    """Let dead letters of a target be tried again, oldest first; gives how many."""
    rows = await db.fetch(
        f"""
        SELECT {EVENT} FROM event_deliveries d
        JOIN outbox_events e ON e.organisation_id = $1 AND e.id = d.event_id
        WHERE d.organisation_id = $1 AND d.target = $2 AND d.status = 'DEAD'
        ORDER BY d.occurred_at, d.event_id LIMIT $3
        """,  # noqa: S608  (our own column list)
        db.organisation_id,
        target,
        limit,
    )
    return await _again(db, target, rows)


async def repeat(
    db: Connection,
    *,
    target: str,
    types: Sequence[str] | None,
    since: datetime | None,
    event_id: UUID | None,
    limit: int,
) -> int:
    """Let events be delivered (again) to a target, those since a time or a single one, oldest first; gives how many.

    What waits already, also for a long pause, is tried now. What is being delivered at this moment comes once more: who
    asks has perhaps lost just that. So does what is still in the outbox: the relay that is at it may have read the
    endpoints before this one was made.
    """
    rows = await db.fetch(
        f"""
        SELECT {EVENT} FROM outbox_events e
        WHERE e.organisation_id = $1
          AND ($2::text[] IS NULL OR e.type = ANY($2))
          AND ($3::timestamptz IS NULL OR e.occurred_at >= $3)
          AND ($4::uuid IS NULL OR e.id = $4)
        ORDER BY e.occurred_at, e.id LIMIT $5
        """,  # noqa: S608  (our own column list)
        db.organisation_id,
        types,
        since,
        event_id,
        limit,
    )
    return await _again(db, target, rows)


async def _again(db: Connection, target: str, rows: Sequence[Row]) -> int:
    assert db.organisation_id is not None  # noqa: S101  (events belong to an organisation)
    if rows:
        await queries.enqueue(db, [(target, queries.envelope_of(db.organisation_id, row)) for row in rows], anew=True)
        await hasten(db, target=target)
    return len(rows)
