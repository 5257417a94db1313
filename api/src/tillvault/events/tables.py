"""Tables of the outbox and the audit trail. They hold no foreign keys: what happened stays told."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, DateTime, Index, PrimaryKeyConstraint, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from tillvault.core.schema import metadata

outbox_events = Table(
    "outbox_events",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("branch_id", Uuid),
    Column("type", Text, nullable=False),
    Column("version", SmallInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "id"),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("branch_id", Uuid),
    Column("actor_id", Uuid),
    Column("actor_name", Text, nullable=False),
    Column("actor_role", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("resource_type", Text, nullable=False),
    Column("resource_id", Text, nullable=False),
    Column("before", JSONB),
    Column("after", JSONB),
    Column("outcome", Text, nullable=False),
    Column("address", Text),
    Column("device", Text),
    Column("request_id", Text),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "id"),
    CheckConstraint("outcome IN ('SUCCESS', 'REFUSED')", name="outcome_known"),
    Index("ix_audit_log_occurred", "organisation_id", "occurred_at", "id"),
    Index("ix_audit_log_resource", "organisation_id", "resource_type", "resource_id", "id"),
)
