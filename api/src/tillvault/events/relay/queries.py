"""SQL of the relay. What is waiting in the outbox is claimed with SKIP LOCKED, and what waits for a target by leases on
its keys, so that several relays share the work and none waits for another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tillvault.core.db import Connection, Row
from tillvault.core.ids import new_id
from tillvault.events.relay.domain import Envelope

LIVENESS_CLASS = 7_246_111
"""First half of the advisory lock that a relay holds as long as it lives."""
_DISPATCH_SEED = 7_246_112
LEASE_SECONDS = 120.0
"""Longer than any slice of work with its last delivery."""

EVENT = "e.id, e.branch_id, e.type, e.version, e.key, e.data, e.occurred_at"


def envelope_of(organisation_id: UUID, row: Row) -> Envelope:
    return Envelope(
        id=row["id"],
        type=row["type"],
        version=row["version"],
        organisation_id=organisation_id,
        branch_id=row["branch_id"],
        key=row["key"],
        occurred_at=row["occurred_at"],
        data=row["data"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An event that waits for one target."""

    envelope: Envelope
    attempts: int
    """Failed ones so far."""
    asked_at: datetime
    """When it was put there, or was last asked for again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one delivery."""

    event_id: UUID
    asked_at: datetime
    """As it was read. What was asked for again meanwhile keeps waiting: its new delivery has not begun."""
    status: str
    attempts: int
    response_code: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to bring data out, for `sync_logs`."""

    target: str
    operation: str
    started_at: datetime
    finished_at: datetime
    error: str | None = None
    attempts: int = 1
    event_id: UUID | None = None
    event_count: int = 1
    response_code: int | None = None


async def organisations_waiting(db: Connection) -> list[UUID]:
    """Whose outbox holds something that was not delivered yet."""
    return [row["organisation_id"] for row in await db.fetch("SELECT organisation_id FROM directory_outbox()")]


async def queues_due(db: Connection) -> list[tuple[UUID, str]]:
    """Organisations and their targets for which something is to be tried now."""
    rows = await db.fetch("SELECT organisation_id, target FROM directory_queues()")
    return [(row["organisation_id"], row["target"]) for row in rows]


async def lag(db: Connection) -> tuple[datetime | None, int]:
    """When the oldest event occurred that is not delivered everywhere, and how many dead letters there are."""
    row = await db.fetchrow("SELECT oldest_at, dead FROM directory_relay_lag()")
    assert row is not None  # noqa: S101  (a function of aggregates gives one row)
    return row["oldest_at"], row["dead"]


async def leases_of_the_dead(db: Connection) -> list[tuple[UUID, int]]:
    """Leases whose relay no longer holds the lock that says that it lives."""
    rows = await db.fetch(
        """
        SELECT l.organisation_id, l.leased_by FROM directory_leases() l
        WHERE NOT EXISTS (
            SELECT FROM pg_locks a
            WHERE a.locktype = 'advisory' AND a.granted AND a.objsubid = 2 AND a.classid = $1 AND a.objid = l.leased_by
              AND a.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
        """,
        LIVENESS_CLASS,
    )
    return [(row["organisation_id"], row["leased_by"]) for row in rows]


async def release_leases(db: Connection, *, relay: int) -> None:
    """Let others take what a relay has leased in this organisation."""
    await db.execute(
        """
        UPDATE event_queues
        SET leased_by = NULL, next_attempt_at = CASE next_attempt_at WHEN 'infinity' THEN 'infinity' ELSE now() END
        WHERE organisation_id = $1 AND leased_by = $2
        """,
        db.organisation_id,
        relay,
    )


async def claim_events(db: Connection, *, limit: int) -> list[Envelope]:
    """Take waiting events, oldest first, until the transaction ends.

    One relay at a time for an organisation: two that took each a part of a key would deliver it in any order. Never
    by "id greater than the last", because what commits late has an earlier id.
    """
    if not await db.fetchval(
        "SELECT pg_try_advisory_xact_lock(hashtextextended($1::text, $2))", str(db.organisation_id), _DISPATCH_SEED
    ):
        return []
    rows = await db.fetch(
        f"""
        SELECT {EVENT} FROM outbox_events e
        WHERE e.organisation_id = $1 AND e.relayed_at IS NULL
        ORDER BY e.occurred_at, e.id LIMIT $2 FOR UPDATE SKIP LOCKED
        """,  # noqa: S608  (our own column list)
        db.organisation_id,
        limit,
    )
    organisation_id = db.organisation_id
    assert organisation_id is not None  # noqa: S101  (events belong to an organisation)
    return [envelope_of(organisation_id, row) for row in rows]


async def mark_relayed(db: Connection, events: Iterable[Envelope]) -> None:
    await db.execute(
        "UPDATE outbox_events SET relayed_at = now() WHERE organisation_id = $1 AND id = ANY($2::uuid[])",
        db.organisation_id,
        [event.id for event in events],
    )


async def queued(db: Connection, *, targets: Sequence[str], keys: Sequence[str]) -> set[tuple[str, str]]:
    """Which of the targets have something waiting under which of the keys."""
    rows = await db.fetch(
        """
        SELECT target, key FROM event_queues
        WHERE organisation_id = $1 AND target = ANY($2::text[]) AND key = ANY($3::text[])
        """,
        db.organisation_id,
        targets,
        keys,
    )
    return {(row["target"], row["key"]) for row in rows}


async def enqueue(
    db: Connection,
    waiting: Sequence[tuple[str, Envelope]],
    *,
    due_at: datetime | None = None,
    anew: bool = False,
) -> None:
    """Let events wait for targets, in order per key. `due_at` None: from now on. `anew`: also what waits already starts
    afresh, and if it is being delivered at this moment, that delivery does not count.

    The row of the key is locked before its deliveries are written: whoever empties the key at the same time holds the
    same lock, and so either sees them or removes the row before.
    """
    heads: dict[tuple[str, str], datetime] = {}
    for target, event in waiting:
        at = heads.get((target, event.key))
        heads[target, event.key] = event.occurred_at if at is None else min(at, event.occurred_at)
    ordered = sorted(heads.items())
    await db.execute(
        """
        INSERT INTO event_queues (organisation_id, target, key, next_attempt_at, head_at)
        SELECT $1, r.target, r.key, coalesce($5::timestamptz, now()), r.head_at
        FROM unnest($2::text[], $3::text[], $4::timestamptz[]) AS r(target, key, head_at)
        ON CONFLICT (organisation_id, target, key) DO UPDATE SET head_at = least(event_queues.head_at, excluded.head_at)
        """,
        db.organisation_id,
        [target for (target, _), _ in ordered],
        [key for (_, key), _ in ordered],
        [at for _, at in ordered],
        due_at,
    )
    await db.execute(
        """
        INSERT INTO event_deliveries (organisation_id, target, event_id, key, occurred_at, status, attempts, asked_at,
                                      updated_at)
        SELECT $1, r.*, 'PENDING', 0, now(), now()
        FROM unnest($2::text[], $3::uuid[], $4::text[], $5::timestamptz[]) AS r(target, event_id, key, occurred_at)
        ON CONFLICT (organisation_id, target, event_id) DO UPDATE
        SET status = 'PENDING', attempts = 0, asked_at = now(), updated_at = now()
        WHERE $6 OR event_deliveries.status <> 'PENDING'
        """,
        db.organisation_id,
        [target for target, _ in waiting],
        [event.id for _, event in waiting],
        [event.key for _, event in waiting],
        [event.occurred_at for _, event in waiting],
        anew,
    )


async def lease(db: Connection, *, target: str, relay: int, seconds: float, limit: int) -> list[str]:
    """Take up to `limit` keys of a target that are due; nobody else gets them before the lease ends."""
    rows = await db.fetch(
        """
        WITH due AS (
            SELECT q.key FROM event_queues q
            WHERE q.organisation_id = $1 AND q.target = $2 AND q.next_attempt_at <= now()
            ORDER BY q.next_attempt_at LIMIT $5 FOR UPDATE SKIP LOCKED
        )
        UPDATE event_queues q SET leased_by = $3, next_attempt_at = now() + make_interval(secs => $4)
        FROM due WHERE q.organisation_id = $1 AND q.target = $2 AND q.key = due.key
        RETURNING q.key
        """,
        db.organisation_id,
        target,
        relay,
        seconds,
        limit,
    )
    return [row["key"] for row in rows]


async def waiting_of(db: Connection, *, target: str, keys: Sequence[str], per_key: int) -> dict[str, list[Waiting]]:
    """The first events that wait under each key, in order."""
    rows = await db.fetch(
        f"""
        SELECT {EVENT}, d.attempts, d.asked_at FROM unnest($3::text[]) AS k(key)
        CROSS JOIN LATERAL (
            SELECT w.event_id, w.attempts, w.asked_at FROM event_deliveries w
            WHERE w.organisation_id = $1 AND w.target = $2 AND w.key = k.key AND w.status = 'PENDING'
            ORDER BY w.occurred_at, w.event_id LIMIT $4
        ) d
        JOIN outbox_events e ON e.organisation_id = $1 AND e.id = d.event_id
        ORDER BY e.occurred_at, e.id
        """,  # noqa: S608  (our own column list)
        db.organisation_id,
        target,
        list(keys),
        per_key,
    )
    assert db.organisation_id is not None  # noqa: S101  (events belong to an organisation)
    found: dict[str, list[Waiting]] = {key: [] for key in keys}
    for row in rows:
        envelope = envelope_of(db.organisation_id, row)
        found[envelope.key].append(Waiting(envelope=envelope, attempts=row["attempts"], asked_at=row["asked_at"]))
    return found


async def note_outcomes(db: Connection, *, target: str, outcomes: Sequence[Outcome]) -> None:
    """Write what became of deliveries. A webhook's stay listed; those of streams and subscribers are told nowhere else
    and go as soon as they are delivered."""
    if not target.startswith("webhook:"):
        delivered = [outcome.event_id for outcome in outcomes if outcome.status == "DELIVERED"]
        outcomes = [outcome for outcome in outcomes if outcome.status != "DELIVERED"]
        await db.execute(
            "DELETE FROM event_deliveries WHERE organisation_id = $1 AND target = $2 AND event_id = ANY($3::uuid[])",
            db.organisation_id,
            target,
            delivered,
        )
    if not outcomes:
        return
    await db.execute(
        """
        UPDATE event_deliveries d
        SET status = r.status, attempts = r.attempts, response_code = r.response_code, error = r.error,
            updated_at = now()
        FROM unnest($3::uuid[], $4::text[], $5::int[], $6::int[], $7::text[], $8::timestamptz[])
            AS r(event_id, status, attempts, response_code, error, asked_at)
        WHERE d.organisation_id = $1 AND d.target = $2 AND d.event_id = r.event_id AND d.asked_at = r.asked_at
        """,
        db.organisation_id,
        target,
        [outcome.event_id for outcome in outcomes],
        [outcome.status for outcome in outcomes],
        [outcome.attempts for outcome in outcomes],
        [outcome.response_code for outcome in outcomes],
        [outcome.error for outcome in outcomes],
        [outcome.asked_at for outcome in outcomes],
    )


async def hold(db: Connection, *, target: str, keys: Sequence[str], relay: int) -> list[str]:
    """Lock the rows of leased keys, in order, before anything is written of what waits under them; gives those that are
    still this relay's. Whoever adds deliveries takes the same locks first."""
    rows = await db.fetch(
        """
        SELECT key FROM event_queues
        WHERE organisation_id = $1 AND target = $2 AND key = ANY($3::text[]) AND leased_by = $4
        ORDER BY key FOR UPDATE
        """,
        db.organisation_id,
        target,
        sorted(keys),
        relay,
    )
    return [row["key"] for row in rows]


async def finish(db: Connection, *, target: str, pauses: Mapping[str, datetime | None]) -> None:
    """End the leases on keys that are held: what still waits under one is due at its time (None: now), an emptied key
    goes. Looks for what waits in a statement of its own, which sees all that was committed before the locks."""
    await db.execute(
        """
        WITH heads AS (
            SELECT k.key, k.due_at, (
                SELECT w.occurred_at FROM event_deliveries w
                WHERE w.organisation_id = $1 AND w.target = $2 AND w.key = k.key AND w.status = 'PENDING'
                ORDER BY w.occurred_at, w.event_id LIMIT 1) AS head_at
            FROM unnest($3::text[], $4::timestamptz[]) AS k(key, due_at)
        ), emptied AS (
            DELETE FROM event_queues q USING heads h
            WHERE q.organisation_id = $1 AND q.target = $2 AND q.key = h.key AND h.head_at IS NULL
        )
        UPDATE event_queues q
        SET leased_by = NULL, head_at = h.head_at,
            -- A target that was paused meanwhile stays so.
            next_attempt_at = CASE q.next_attempt_at WHEN 'infinity' THEN q.next_attempt_at
                                                     ELSE coalesce(h.due_at, now()) END
        FROM heads h
        WHERE q.organisation_id = $1 AND q.target = $2 AND q.key = h.key AND h.head_at IS NOT NULL
        """,
        db.organisation_id,
        target,
        list(pauses),
        list(pauses.values()),
    )


async def log_attempts(db: Connection, attempts: Sequence[Attempt]) -> None:
    """One row per attempt to bring data out (infrastructure.md, `sync_logs`)."""
    if not attempts:
        return
    await db.execute(
        """
        INSERT INTO sync_logs (organisation_id, id, target, operation, status, attempts, event_id, event_count,
                               response_code, error, started_at, finished_at)
        SELECT $1, r.id, r.target, r.operation, CASE WHEN r.error IS NULL THEN 'SUCCEEDED' ELSE 'FAILED' END,
               r.attempts, r.event_id, r.event_count, r.response_code, r.error, r.started_at, r.finished_at
        FROM unnest($2::uuid[], $3::text[], $4::text[], $5::int[], $6::uuid[], $7::int[], $8::int[], $9::text[],
                    $10::timestamptz[], $11::timestamptz[])
            AS r(id, target, operation, attempts, event_id, event_count, response_code, error, started_at, finished_at)
        """,
        db.organisation_id,
        [new_id() for _ in attempts],
        [each.target for each in attempts],
        [each.operation for each in attempts],
        [each.attempts for each in attempts],
        [each.event_id for each in attempts],
        [each.event_count for each in attempts],
        [each.response_code for each in attempts],
        [each.error for each in attempts],
        [each.started_at for each in attempts],
        [each.finished_at for each in attempts],
    )
