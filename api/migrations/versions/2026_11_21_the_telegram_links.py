"""the Telegram links"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.support import protect

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_STANDS = sa.text("linked_at IS NOT NULL AND unlinked_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "telegram_links",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), comment="SHA-256 of the code; null once it was used or taken back"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False, comment="of the code"),
        sa.Column("telegram_id", sa.BigInteger()),
        sa.Column("chat_id", sa.BigInteger()),
        sa.Column("name", sa.Text(), comment="as Telegram gives it"),
        sa.Column("language", sa.Text()),
        sa.Column("linked_at", sa.DateTime(timezone=True)),
        sa.Column("unlinked_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "(linked_at IS NULL) = (telegram_id IS NULL) AND (linked_at IS NULL) = (chat_id IS NULL)",
            name=op.f("ck_telegram_links_linked_whole"),
        ),
        sa.CheckConstraint("linked_at IS NULL OR code_hash IS NULL", name=op.f("ck_telegram_links_code_used_once")),
        sa.CheckConstraint("language IN ('en', 'fr', 'es')", name=op.f("ck_telegram_links_language_known")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "user_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_telegram_links_organisation_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_telegram_links")),
    )
    op.create_index("uq_telegram_links_code", "telegram_links", ["organisation_id", "code_hash"], unique=True)
    op.create_index(
        "uq_telegram_links_one_person_per_account",
        "telegram_links",
        ["organisation_id", "telegram_id"],
        unique=True,
        postgresql_where=_STANDS,
    )
    op.create_index(
        "uq_telegram_links_one_account_per_person",
        "telegram_links",
        ["organisation_id", "user_id"],
        unique=True,
        postgresql_where=_STANDS,
    )
    protect("telegram_links", "SELECT, INSERT, UPDATE")


def downgrade() -> None:
    raise RuntimeError("Restore a backup: who spoke for whom is not forgotten by a command.")
