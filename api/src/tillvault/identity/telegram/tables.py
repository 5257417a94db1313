"""Tables of Telegram accounts."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

from tillvault.core.schema import metadata

_STANDS = text("linked_at IS NOT NULL AND unlinked_at IS NULL")

telegram_links = Table(
    # A row is a code first, and the link that came of it from then on.
    "telegram_links",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("code_hash", LargeBinary, comment="SHA-256 of the code; null once it was used or taken back"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False, comment="of the code"),
    Column("telegram_id", BigInteger),
    Column("chat_id", BigInteger),
    Column("name", Text, comment="as Telegram gives it"),
    Column("language", Text),
    Column("linked_at", DateTime(timezone=True)),
    Column("unlinked_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("organisation_id", "id"),
    ForeignKeyConstraint(["organisation_id", "user_id"], ["users.organisation_id", "users.id"]),
    CheckConstraint(
        "(linked_at IS NULL) = (telegram_id IS NULL) AND (linked_at IS NULL) = (chat_id IS NULL)", name="linked_whole"
    ),
    CheckConstraint("linked_at IS NULL OR code_hash IS NULL", name="code_used_once"),
    CheckConstraint("language IN ('en', 'fr', 'es')", name="language_known"),
    Index("uq_telegram_links_code", "organisation_id", "code_hash", unique=True),
    Index(
        "uq_telegram_links_one_person_per_account",
        "organisation_id",
        "telegram_id",
        unique=True,
        postgresql_where=_STANDS,
    ),
    Index(
        "uq_telegram_links_one_account_per_person",
        "organisation_id",
        "user_id",
        unique=True,
        postgresql_where=_STANDS,
    ),
)
