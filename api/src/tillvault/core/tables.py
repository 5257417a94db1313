"""The table of idempotency keys (decision 11)."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
)

from tillvault.core.schema import metadata

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("actor_id", Uuid, nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False, comment="SHA-256 of method, path and body"),
    Column("status", SmallInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "actor_id", "key"),
    Index("ix_idempotency_keys_created", "organisation_id", "created_at"),
    CheckConstraint("length(key) BETWEEN 1 AND 255", name="key_length"),
)
