"""Tables of the outbox, its deliveries and the audit trail. They hold no foreign keys: what happened stays told."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
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
    Column("relayed_at", DateTime(timezone=True), comment="when it was delivered or handed to the deliveries"),
    PrimaryKeyConstraint("organisation_id", "id"),
    Index(
        "ix_outbox_events_waiting",
        "organisation_id",
        "occurred_at",
        "id",
        postgresql_where=text("relayed_at IS NULL"),
    ),
    # For replays since a time, and for the sweep.
    Index("ix_outbox_events_occurred", "organisation_id", "occurred_at", "id"),
)

event_queues = Table(
    "event_queues",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("target", Text, nullable=False, comment="redis, nats, subscriber:name or webhook:id"),
    Column("key", Text, nullable=False),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False, comment="infinity while the target is paused"),
    Column("leased_by", Integer, comment="the relay at work on it"),
    Column("head_at", DateTime(timezone=True), nullable=False, comment="when its first waiting event occurred"),
    PrimaryKeyConstraint("organisation_id", "target", "key"),
    Index("ix_event_queues_due", "organisation_id", "target", "next_attempt_at"),
    Index("ix_event_queues_leased", "leased_by", postgresql_where=text("leased_by IS NOT NULL")),
)
"""What waits for a target, a row per key: the unit that is leased, paused and retried."""

event_deliveries = Table(
    "event_deliveries",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("target", Text, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("key", Text, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", SmallInteger, nullable=False),
    Column("response_code", SmallInteger),
    Column("error", Text),
    Column("asked_at", DateTime(timezone=True), nullable=False, comment="when it was put here, last"),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "target", "event_id"),
    CheckConstraint("status IN ('PENDING', 'DELIVERED', 'DEAD')", name="status_known"),
    Index(
        "ix_event_deliveries_waiting",
        "organisation_id",
        "target",
        "key",
        "occurred_at",
        "event_id",
        postgresql_where=text("status = 'PENDING'"),
    ),
    Index("ix_event_deliveries_dead", "organisation_id", "target", postgresql_where=text("status = 'DEAD'")),
    Index("ix_event_deliveries_listed", "organisation_id", "target", "occurred_at", "event_id"),
)
"""Each event of each webhook; for subscribers and streams only what could not be delivered at once."""

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("url", Text, nullable=False),
    Column("types", ARRAY(Text), comment="null: every type"),
    Column("description", Text),
    Column("is_active", Boolean, nullable=False),
    Column("generation", Integer, nullable=False, comment="of the secret, which is derived and never stored"),
    Column("rotated_at", DateTime(timezone=True)),
    Column("created_by", Uuid),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "id"),
    CheckConstraint("generation >= 1", name="generation_positive"),
)

sync_logs = Table(
    "sync_logs",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("target", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", SmallInteger, nullable=False, comment="which try this was"),
    Column("event_id", Uuid, comment="of a webhook"),
    Column("event_count", Integer, nullable=False),
    Column("response_code", SmallInteger),
    Column("error", Text),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "id"),
    CheckConstraint("status IN ('SUCCEEDED', 'FAILED')", name="status_known"),
    Index("ix_sync_logs_started", "organisation_id", "started_at", "id"),
)
"""One row per attempt to bring data out (infrastructure.md). Never changed; swept after the time of retention."""

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
