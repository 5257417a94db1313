"""the deposits"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.support import APP_ROLE, append_only, protect, readable_by_directory

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _deposits()
    _decisions()
    _exports()
    for table in ("deposits", "deposit_decisions"):
        protect(table, "SELECT, INSERT")
        append_only(table)
    protect("deposit_exports", "SELECT, INSERT, UPDATE, DELETE")
    readable_by_directory("deposit_exports")
    op.execute(f"CREATE FUNCTION {_DUE}")
    op.execute("REVOKE ALL ON FUNCTION directory_deposit_exports(timestamptz) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION directory_deposit_exports(timestamptz) TO {APP_ROLE}")


# Whose exports are due, and nothing of the exports themselves.
_DUE = """
    directory_deposit_exports(at timestamptz) RETURNS TABLE (organisation_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
        SELECT DISTINCT e.organisation_id FROM deposit_exports e WHERE e.is_active AND e.next_attempt_at <= at
    $$
"""


def _person(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id", column],
        ["users.organisation_id", "users.id"],
        name=op.f(f"fk_{table}_organisation_id_{column}"),
    )


def _deposits() -> None:
    op.create_table(
        "deposits",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("api_key_id", sa.Uuid(), nullable=True, comment="the machine that told it on that person's behalf"),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("weight_grams", sa.BigInteger(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("is_category_chosen", sa.Boolean(), nullable=False, comment="by a person; else the first suggestion"),
        sa.Column(
            "suggestions",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="of the classifier: category and confidence, best first",
        ),
        sa.Column("provider", sa.Text(), nullable=True, comment="who suggested"),
        sa.Column("supersedes", sa.Uuid(), nullable=True, comment="the deposit that this one corrects"),
        sa.Column("business_date", sa.Date(), nullable=False, comment="of the first telling: a correction keeps it"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("channel IN ('web', 'bot')", name=op.f("ck_deposits_channel_known")),
        sa.CheckConstraint("category ~ '^EEE-[1-8]$'", name=op.f("ck_deposits_category_known")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_deposits_quantity_positive")),
        sa.CheckConstraint("weight_grams > 0", name=op.f("ck_deposits_weight_positive")),
        sa.CheckConstraint("length(description) BETWEEN 1 AND 500", name=op.f("ck_deposits_description_length")),
        sa.CheckConstraint("supersedes <> id", name=op.f("ck_deposits_not_its_own_correction")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_deposits_organisation_id_branch_id"),
        ),
        _person("deposits", "recorded_by"),
        sa.ForeignKeyConstraint(
            ["organisation_id", "supersedes"],
            ["deposits.organisation_id", "deposits.id"],
            name=op.f("fk_deposits_organisation_id_supersedes"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_deposits")),
        sa.UniqueConstraint("organisation_id", "supersedes", name=op.f("uq_deposits_organisation_id_supersedes")),
    )
    op.create_index("ix_deposits_created", "deposits", ["organisation_id", "created_at", "id"], unique=False)
    op.create_index("ix_deposits_day", "deposits", ["organisation_id", "business_date"], unique=False)


def _decisions() -> None:
    op.create_table(
        "deposit_decisions",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("deposit_id", sa.Uuid(), nullable=False),
        sa.Column("is_validated", sa.Boolean(), nullable=False, comment="else rejected"),
        sa.Column("category", sa.Text(), nullable=False, comment="what it is in the end"),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("category ~ '^EEE-[1-8]$'", name=op.f("ck_deposit_decisions_category_known")),
        sa.CheckConstraint(
            "is_validated OR reason IS NOT NULL", name=op.f("ck_deposit_decisions_rejection_has_reason")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "deposit_id"],
            ["deposits.organisation_id", "deposits.id"],
            name=op.f("fk_deposit_decisions_organisation_id_deposit_id"),
        ),
        _person("deposit_decisions", "decided_by"),
        sa.PrimaryKeyConstraint("organisation_id", "deposit_id", name=op.f("pk_deposit_decisions")),
    )


def _exports() -> None:
    op.create_table(
        "deposit_exports",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column(
            "destination",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="where to, by target; no secrets",
        ),
        sa.Column(
            "sealed_secret",
            sa.LargeBinary(),
            nullable=True,
            comment="of S3, encrypted under a key outside the database",
        ),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column(
            "period_start", sa.Date(), nullable=False, comment="the first day of the period that is exported next"
        ),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True, comment="somebody is at it until then"),
        sa.Column("attempts", sa.SmallInteger(), nullable=False, comment="failed ones for this period"),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("target IN ('folder', 's3', 'webhook')", name=op.f("ck_deposit_exports_target_known")),
        sa.CheckConstraint("format IN ('csv', 'xlsx')", name=op.f("ck_deposit_exports_format_known")),
        sa.CheckConstraint("period IN ('day', 'week', 'month')", name=op.f("ck_deposit_exports_period_known")),
        sa.CheckConstraint("lang IN ('en', 'fr', 'es')", name=op.f("ck_deposit_exports_lang_known")),
        sa.CheckConstraint(
            "(target = 's3') = (sealed_secret IS NOT NULL)", name=op.f("ck_deposit_exports_s3_has_secret")
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_deposit_exports_attempts_not_negative")),
        _person("deposit_exports", "created_by"),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_deposit_exports")),
    )
    op.create_index(
        "ix_deposit_exports_due",
        "deposit_exports",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("is_active"),
    )


def downgrade() -> None:
    raise RuntimeError("Restore a backup: what people brought in is not forgotten by a command.")
