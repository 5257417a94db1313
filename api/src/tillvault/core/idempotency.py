"""Idempotency keys (decision 11): key, effect and stored answer in one transaction.

The same key with another request is 422, a key still in flight is 409, and a refusal, which changed nothing, is not
stored. Keys belong to the actor who sent them and are kept for 24 hours.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from tillvault.core.clock import utc_now
from tillvault.core.db import Connection
from tillvault.core.errors import IdempotencyInFlight, IdempotencyKeyReused

KEY_LENGTH_MAX = 255
KEPT = timedelta(hours=24)
_SWEEP_ROWS = 20


class AnsweredBefore(Exception):
    """The request was carried out before; this is its answer."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A key held by the running transaction."""

    actor_id: UUID
    key: str
    fingerprint: bytes


def fingerprint(method: str, path: str, body: bytes) -> bytes:
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).digest()


async def claim(db: Connection, *, actor_id: UUID, key: str, request: bytes) -> Claim:
    """Hold the key for this transaction.

    Raises AnsweredBefore, IdempotencyKeyReused or IdempotencyInFlight.
    """
    name = hashlib.sha256(f"{db.organisation_id}|{actor_id}|{key}".encode()).digest()
    # The lock comes in a statement of its own: the next one then sees what its last holder committed.
    if not await db.fetchval("SELECT pg_try_advisory_xact_lock($1)", int.from_bytes(name[:8], signed=True)):
        raise IdempotencyInFlight
    oldest = utc_now() - KEPT
    row = await db.fetchrow(
        "SELECT fingerprint, status, body FROM idempotency_keys"
        " WHERE organisation_id = $1 AND actor_id = $2 AND key = $3 AND created_at > $4",
        db.organisation_id,
        actor_id,
        key,
        oldest,
    )
    if row is not None:
        if row["fingerprint"] != request:
            raise IdempotencyKeyReused
        raise AnsweredBefore(row["status"], row["body"])
    return Claim(actor_id=actor_id, key=key, fingerprint=request)


async def store(db: Connection, held: Claim, *, status: int, body: bytes) -> None:
    """Keep the answer beside its effect, and sweep a few keys of the organisation that are past their time."""
    now = utc_now()
    await db.execute(
        """
        WITH swept AS (
            DELETE FROM idempotency_keys WHERE organisation_id = $1 AND (actor_id, key) IN (
                SELECT actor_id, key FROM idempotency_keys
                WHERE organisation_id = $1 AND created_at <= $7 AND (actor_id, key) <> ($2, $3)
                ORDER BY created_at LIMIT $8 FOR UPDATE SKIP LOCKED)
        )
        INSERT INTO idempotency_keys (organisation_id, actor_id, key, fingerprint, status, body, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $9)
        ON CONFLICT (organisation_id, actor_id, key) DO UPDATE
        SET fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body,
            created_at = excluded.created_at
        """,
        db.organisation_id,
        held.actor_id,
        held.key,
        held.fingerprint,
        status,
        body,
        now - KEPT,
        _SWEEP_ROWS,
        now,
    )
