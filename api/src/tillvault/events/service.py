"""Telling what happened, inside the transaction in which it happens."""

from __future__ import annotations

from typing import Any

from tillvault.core.clock import utc_now
from tillvault.core.db import Connection
from tillvault.core.ids import new_id
from tillvault.events.domain import AuditEntry, Event
from tillvault.events.queries import write_journal


def emit(db: Connection, event: Event) -> None:
    """Put an event into the outbox; it exists if and only if the transaction commits."""
    db.journal.events.append(
        {
            "id": new_id(),
            "branch_id": event.branch_id,
            "type": event.type,
            "version": event.version,
            "key": event.key,
            "data": event.data(),
            "occurred_at": utc_now(),
        }
    )


def record_audit(db: Connection, entry: AuditEntry) -> None:
    """Add an entry to the audit trail; if it cannot be written, the act fails with it."""
    db.journal.audit.append(
        {
            "id": entry.id,
            "branch_id": entry.branch_id,
            "actor_id": entry.actor_id,
            "actor_name": entry.actor_name,
            "actor_role": entry.actor_role,
            "action": entry.action,
            "resource_type": entry.resource_type,
            "resource_id": entry.resource_id,
            "before": entry.before,
            "after": entry.after,
            "outcome": entry.outcome,
            "address": entry.address,
            "device": entry.device,
            "request_id": entry.request_id,
            "occurred_at": entry.occurred_at,
        }
    )


flush = write_journal
"""What the database edge runs just before COMMIT."""


def envelopes(db: Connection) -> list[dict[str, Any]]:
    """The events of a transaction as other systems see them (domain.md, "Events")."""
    return [
        {
            "id": event["id"],
            "type": event["type"],
            "version": event["version"],
            "organisationId": db.organisation_id,
            "branchId": event["branch_id"],
            "key": event["key"],
            "occurredAt": event["occurred_at"],
            "data": event["data"],
        }
        for event in db.journal.events
    ]
